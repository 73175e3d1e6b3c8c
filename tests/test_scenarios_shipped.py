"""What every scenario that ships must keep to: it loads, it says what the plans say, and its books balance."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from simulator.core.ledger import KINDS, Bill, payer_shares
from simulator.core.luck import Luck
from simulator.core.parameters import draw, override, table
from simulator.model import INDICATORS, LEVERS, SCHEDULE, SWITCHES
from simulator.scenario import Scenario, load
from simulator.scenario_entries import Entry
from simulator.simulate import measure, run_year, simulate, start
from simulator.study.plans import check_plan

ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = table(SCHEDULE, LEVERS.values())
PATHS = sorted((ROOT / "scenarios").glob("*/*.yaml"))
NAMES = [f"{p.parent.name}/{p.stem}" for p in PATHS]
CITIES = sorted({p.parent.name for p in PATHS})
MEASURE_ID = re.compile(r"(QL|BL)\d+[a-z]?\Z")
DRAWS = (-1, 0, 1)  # the central values and two draws from the priors
HISTORY_DRAWS = 12
FACTOR = 2.0

# What an entry may lay out in a full year, from its own settings. A pool carries losses of earlier years' loans too,
# so it is held to what it has been given so far.
PURSES = ("budget", "pool", "capital_per_year", "interest_budget")
CEILINGS: dict[str, Callable[[Any], float]] = defaultdict(lambda: lambda s: sum(getattr(s, p, 0.0) for p in PURSES))
CUMULATIVE = ("credit_risk_compensation",)

# May fall below zero: rates of change, and log productivity.
SIGNED = ("growth", "productivity", "neighbours_loss")


@dataclass(frozen=True)
class Played:
    """One run with its books: (T, K) values, bills, and the years that the ledger closed."""

    years: tuple[int, ...]
    values: np.ndarray
    bills: tuple[Bill, ...]
    closed: tuple[int, ...]


@cache
def scenario(name: str) -> Scenario:
    path = ROOT / "scenarios" / f"{name}.yaml"
    return load(path, LEVERS, [row.name for row in PARAMETERS], SWITCHES)


@cache
def play(name: str, number: int) -> Played:
    """Run a shipped scenario year by year under one draw of the parameters."""
    s, luck = scenario(name), Luck(number + 10)
    values = draw(PARAMETERS, number) | s.assumptions
    p = override((*SCHEDULE, *LEVERS.values()), values)
    world = start(s, luck)
    years = tuple(range(s.region.start_year, s.years[1] + 1))
    rows = []
    for year in years:
        run_year(world, s, p, luck, year)
        rows.append(measure(world))
    return Played(years, np.array(rows), tuple(world.ledger.bills()), tuple(world.ledger.closed))


@cache
def measures() -> dict[str, dict[str, Any]]:
    rows = YAML(typ="safe", pure=True).load(ROOT / "calibration" / "measures.yaml")
    return {row["id"]: row for row in rows}


def outlays(played: Played) -> dict[tuple[str, int], float]:
    """Return outlay and running cost by entry and year, CNY; tax, promises and recoveries are left out."""
    out: dict[tuple[str, int], float] = defaultdict(float)
    for bill in played.bills:
        if bill.kind in ("outlay", "running"):
            out[bill.entry, bill.year] += bill.amount
    return out


def budgets(entries: tuple[Entry, ...], year: int) -> dict[str, float]:
    """Return what grants and funds may lay out in a year together, CNY by payer."""
    out: dict[str, float] = defaultdict(float)
    for e in entries:
        if e.lever.name in ("rd_subsidy", "guidance_fund"):
            for payer, share in payer_shares(e.payer).items():
                out[payer] += share * CEILINGS[e.lever.name](e.settings) * e.share_of_year(year)
    return {payer: amount for payer, amount in out.items() if amount > 0.0}


# ---- files ------------------------------------------------------------------------------------------


def test_every_city_ships_its_history_baseline_plan_and_three_mixes() -> None:
    for city in CITIES:
        stems = {p.stem for p in PATHS if p.parent.name == city}
        assert {"history", "baseline", "plan"} < stems, city
        mixes = stems - {"history", "baseline", "plan"}
        assert len(mixes) >= 3, city
        for mix in mixes:
            s = scenario(f"{city}/{mix}")
            assert s.baseline == "plan.yaml", mix
            assert "?" in s.notes, f"{mix} says what it asks"


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_loads_titled_in_both_languages_and_sourced(name: str) -> None:
    s = scenario(name)
    assert s.region.id == name.split("/")[0]
    assert s.title.en != s.title.zh
    observed = {(r["region"], r["indicator"], r["year"]) for r in _csv("calibration/observed.csv")}
    targets = {row["id"] for row in YAML(typ="safe", pure=True).load(ROOT / "calibration" / "targets.yaml")}
    for e in s.entries:
        assert e.title is not None, e.id
        assert e.title.en != e.title.zh, e.id
        assert e.source, e.id
        for key in re.findall(r"obs:[\w]+/[\w]+/[\w.-]*\w", f"{e.source} {e.note}"):
            assert tuple(key.removeprefix("obs:").split("/")) in observed, f"{e.id}: {key}"
        for key in re.findall(r"plan:(\w+)", f"{e.source} {e.note}"):
            assert key in targets or key in measures(), f"{e.id}: plan:{key}"
        assert e.source == "assumed" or e.source.startswith(("obs:", "plan:", "derived")), e.id


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_named_after_a_measure_carries_that_measure(name: str) -> None:
    for e in scenario(name).entries:
        if MEASURE_ID.match(e.id):
            assert e.id in measures(), e.id
            assert measures()[e.id]["region"] == scenario(name).region.id
            assert measures()[e.id]["lever"] == e.lever.name, e.id


@pytest.mark.parametrize("city", CITIES)
def test_a_plan_carries_out_every_measure(city: str) -> None:
    assert {m["lever"] for m in measures().values()} <= set(LEVERS)
    assert any(m["region"] == city for m in measures().values())
    assert [str(p) for p in check_plan(scenario(f"{city}/plan"))] == []


@pytest.mark.parametrize("name", [n for n in NAMES if n.split("/")[1] not in ("history", "baseline")])
def test_a_plan_or_mix_shares_its_past_with_what_it_is_compared_with(name: str) -> None:
    """Before the plan begins nothing may differ from the frozen baseline."""
    city = name.split("/")[0]
    begins = min(e.start for e in scenario(f"{city}/plan").entries if MEASURE_ID.match(e.id))
    years = range(scenario(name).region.start_year, int(begins))
    base = play(f"{city}/baseline", -1)
    assert years, "the plan begins after the start year"
    assert np.array_equal(play(name, -1).values[: len(years)], base.values[: len(years)])


# ---- runs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_books_balance_every_year_and_each_payer_pays_its_share(name: str) -> None:
    payers = {e.id: payer_shares(e.payer) for e in scenario(name).entries}
    for number in DRAWS:
        played = play(name, number)
        assert played.closed == played.years
        parts: dict[tuple[str, int, str], dict[str, float]] = defaultdict(dict)
        for bill in played.bills:
            assert bill.kind in KINDS
            parts[bill.entry, bill.year, bill.kind][bill.payer] = bill.amount
        for (entry, year, kind), paid in parts.items():
            if entry in payers and kind != "tax_forgone":  # who forgoes a tax is set by tax law
                whole = sum(paid.values())
                assert paid == pytest.approx({p: share * whole for p, share in payers[entry].items()}), (
                    entry,
                    year,
                    kind,
                )


@pytest.mark.parametrize("name", NAMES)
def test_indicators_are_finite_and_counts_are_not_negative(name: str) -> None:
    for number in DRAWS:
        values = play(name, number).values
        for k, indicator in enumerate(INDICATORS):
            assert np.isfinite(values[:, k]).all(), (indicator, values[:, k])
            if not any(word in indicator for word in SIGNED):
                assert (values[:, k] >= 0.0).all(), (indicator, values[:, k])


@pytest.mark.parametrize("name", NAMES)
def test_no_entry_lays_out_more_than_its_budget(name: str) -> None:
    entries = {e.id: e for e in scenario(name).entries}
    for number in DRAWS:
        played = play(name, number)
        spent = {entry: np.zeros(len(played.years)) for entry in entries}
        for bill in played.bills:
            if bill.kind == "outlay" and bill.entry in entries:
                spent[bill.entry][bill.year - played.years[0]] += bill.amount
        for name_, paid in spent.items():
            e = entries[name_]
            full = CEILINGS[e.lever.name](e.settings)
            allowed = np.array([full * e.share_of_year(y) for y in played.years])
            if e.lever.name in CUMULATIVE:
                paid, allowed = paid.cumsum(), allowed.cumsum()
            assert (paid <= allowed * (1.0 + 1e-9) + 1e-6).all(), (name_, paid, allowed)


def test_a_run_of_the_main_loop_gives_the_same_series() -> None:
    name = f"{CITIES[0]}/plan"
    run = simulate(scenario(name), draw(PARAMETERS, 0), 10)
    shown = np.array(play(name, 0).years) >= scenario(name).years[0]
    assert np.array_equal(run.values, play(name, 0).values[shown])


# ---- mixes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("city", CITIES)
def test_funds_instead_of_grants_moves_money_and_adds_none(city: str) -> None:
    plan, mix = scenario(f"{city}/plan"), scenario(f"{city}/funds_instead_of_grants")
    for year in range(plan.region.start_year, plan.years[1] + 1):
        assert budgets(mix.entries, year) == pytest.approx(budgets(plan.entries, year)), year

    def grants(s: Scenario) -> float:
        return sum(e.settings.budget for e in s.in_force(2018) if e.lever.name == "rd_subsidy")

    assert grants(mix) < grants(plan)
    # what funds cannot place stays with the payers, so a little less is spent, and never more
    for number in DRAWS:
        after = [sum(v for (_, y), v in outlays(play(f"{city}/{m}", number)).items() if y > 2015)
                 for m in ("plan", "funds_instead_of_grants")]  # fmt: skip
        assert 0.8 < after[1] / after[0] < 1.05, number


@pytest.mark.parametrize("city", CITIES)
def test_equity_first_halves_every_grant_and_raises_the_stakes(city: str) -> None:
    plan, mix = scenario(f"{city}/plan"), scenario(f"{city}/equity_first")

    def total(s: Scenario) -> float:
        return sum(e.settings.budget for e in s.in_force(2018) if e.lever.name == "rd_subsidy")

    def stake(s: Scenario) -> float:
        return max(e.settings.team_share for e in s.in_force(2018) if e.lever.name == "equity_incentive")

    assert total(mix) == pytest.approx(0.5 * total(plan))
    assert stake(mix) > stake(plan)


def test_doubled_vouchers_keep_their_face_value() -> None:
    (one,), (two,) = (
        [e for e in scenario(f"qingdao/{m}").entries if e.lever.name == "innovation_voucher"]
        for m in ("plan", "vouchers_doubled")
    )
    assert two.settings.budget == pytest.approx(2.0 * one.settings.budget)
    assert two.settings.face_value == one.settings.face_value


# ---- history ----------------------------------------------------------------------------------------


def _csv(path: str) -> list[dict[str, str]]:
    with (ROOT / path).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_qingdao_comes_within_a_factor_of_two_of_what_was_observed() -> None:
    """The median of runs with parameters drawn from their priors; nothing is fitted."""
    s = scenario("qingdao/history")
    runs = [simulate(s, draw(PARAMETERS, n), n + 1) for n in range(HISTORY_DRAWS)]
    median = np.median([run.values for run in runs], axis=0)
    years, names = list(runs[0].years), runs[0].names
    ratios = {}
    for row in _csv("calibration/history/qingdao.csv"):
        year = int(row["year"])
        if row["indicator"] in names and 2011 <= year <= 2016:
            simulated = median[years.index(year), names.index(row["indicator"])]
            ratios[row["indicator"], year] = simulated / float(row["value"])
    assert len(ratios) > 30, "the observed points that were found"
    off = {k: r for k, r in ratios.items() if not 1.0 / FACTOR <= r <= FACTOR}
    listed = "\n".join(f"  {name} {year}: {r:.2f}{' <--' if (name, year) in off else ''}"
                       for (name, year), r in ratios.items())  # fmt: skip
    assert not off, f"simulated over observed:\n{listed}"
