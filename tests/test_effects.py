"""For every lever: the dose moves what the evidence says it moves, within the budget, and none moves nothing."""

from __future__ import annotations

import csv
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from simulator.core.declare import Lever
from simulator.model import LEVERS
from simulator.scenario import Scenario
from simulator.scenario_entries import Entry
from simulator.simulate import Run, simulate
from simulator.study.effects import (
    DECLARED,
    MARKS,
    PURSES,
    TABLE,
    Effect,
    Row,
    as_expected,
    fill_readme,
    load_trials,
    markdown,
    ratio,
    run,
    write_csv,
)
from simulator.study.replicates import values_of
from tests.model_runs import ROOT, shipped
from tests.test_levers import known_sources

PAIRS = 5
FIRST, LAST, UNTIL = 2013, 2016, 2016
SLACK = 0.10  # of the effect of half a dose: what chance may take from that of a whole one
# Where less of a number is more of the measure, it stays as it is when a dose is halved.
INVERSE = {"use_or_list_years"}
# Estimands outside their range, with the reason; none of them may be hidden by another.
MISSES: dict[str, str] = {}

each_lever = pytest.mark.parametrize("lever", LEVERS.values(), ids=lambda lever: lever.name)


@cache
def without(name: str) -> Scenario:
    """Return Qingdao's baseline without its own entries of a lever."""
    scenario = shipped(ROOT / "scenarios" / "qingdao" / "baseline.yaml", UNTIL)
    return scenario.without([e.id for e in scenario.entries if e.lever.name == name])


@cache
def run_of(left: tuple[str, ...], number: int) -> Run:
    """Return the run of the baseline's entries of these ids; levers that it does not use share one."""
    scenario = without("")
    gone = [e.id for e in scenario.entries if e.id not in left]
    return simulate(scenario.without(gone), values_of(number, 0), number)


def control_run(name: str, number: int) -> Run:
    return run_of(tuple(e.id for e in without(name).entries), number)


def halved(lever: Lever) -> dict[str, Any]:
    """Return half the dose: half of what is done in a year, or of every number where nothing is by the year."""
    settings = {f.name: f for f in fields(lever.Settings)}
    numbers = [k for k, v in lever.dose.items() if isinstance(v, float) and k not in INVERSE]
    yearly = [k for k in numbers if "/ year" in settings[k].metadata["unit"]] or numbers
    return {**lever.dose, **{k: 0.5 * lever.dose[k] for k in yearly}}


@cache
def treated(name: str, kind: str, number: int) -> Run:
    lever = LEVERS[name]
    doses = {"dose": lever.dose, "half": halved(lever), "none": {}}
    entry = Entry("trial", lever, lever.Settings(**doses[kind]), "city", float(FIRST), LAST + 1.0)
    scenario = without(name)
    return simulate(replace(scenario, entries=(*scenario.entries, entry)), values_of(number, 0), number)


def effect(name: str, indicator: str, kind: str) -> float:
    """Return the mean paired difference of an indicator while the measure is in force."""
    pairs = [(treated(name, kind, k), control_run(name, k)) for k in range(PAIRS)]
    in_force = pairs[0][0].years >= FIRST
    return float(np.mean([(a.series(indicator) - b.series(indicator))[in_force].mean() for a, b in pairs]))


@each_lever
def test_dose_moves_what_the_evidence_says(lever: Lever) -> None:
    for indicator, sign in lever.moves.items():
        assert sign * effect(lever.name, indicator, "dose") > 0.0, indicator


@each_lever
def test_half_a_dose_does_not_do_more(lever: Lever) -> None:
    for indicator, sign in lever.moves.items():
        half, whole = (sign * effect(lever.name, indicator, kind) for kind in ("half", "dose"))
        assert whole >= half - SLACK * abs(half), indicator


@each_lever
def test_spending_stays_within_the_budget(lever: Lever) -> None:
    purse = sum(float(lever.dose.get(name, 0.0)) for name in PURSES)
    for number in range(PAIRS):
        bills = [b for b in treated(lever.name, "dose", number).bills if b.entry == "trial"]
        assert sum(b.amount for b in bills if b.kind == "running") > 0.0
        for year in range(FIRST, LAST + 1):
            paid = sum(b.amount for b in bills if b.kind == "outlay" and b.year <= year)
            assert paid <= purse * (year - FIRST + 1) * (1.0 + 1e-9), year


@each_lever
def test_no_dose_changes_nothing(lever: Lever) -> None:
    np.testing.assert_array_equal(treated(lever.name, "none", 0).values, control_run(lever.name, 0).values)
    assert not [b for b in treated(lever.name, "none", 0).bills if b.entry == "trial"]


def test_declaration_covers_every_lever_and_cites_what_exists() -> None:
    scenario, pairs, trials = load_trials()
    assert (ROOT / scenario).is_file()
    assert 30 <= pairs <= 60
    assert {t.lever.name for t in trials} == set(LEVERS)
    rows = [row for t in trials for row in t.rows]
    assert len({row.estimand for row in rows}) == len(rows)
    sources = known_sources() | {"derived"}
    for row in rows:
        assert row.source in sources, row.estimand
        assert row.low < row.high, row.estimand
        assert row.source != "derived" or row.note, row.estimand
        assert row.label.en, row.estimand
        assert row.label.zh, row.estimand
    for name in LEVERS:
        signs = {row.sign for t in trials if t.lever.name == name for row in t.rows}
        assert signs & {"+", "-"}, f"{name} has no effect to show"
    zero = {t.lever.name for t in trials for row in t.rows if row.sign == "0"}
    assert zero == set(LEVERS), "every lever has something that must not move"


def test_table_is_that_of_the_declaration() -> None:
    _, _, trials = load_trials()
    with TABLE.open(encoding="utf-8", newline="") as file:
        written = [row["estimand"] for row in csv.DictReader(file)]
    expected = [
        name for t in trials for name in (*(r.estimand for r in t.rows), *([f"spending_{t.id}"] * t.with_lever))
    ]
    assert written == expected


def test_unknown_estimators_are_refused(tmp_path: Any) -> None:
    path = tmp_path / "effects.yaml"
    path.write_text(
        DECLARED.read_text("utf-8").replace("voucher_fade\n        arguments", "nothing\n        arguments")
    )
    with pytest.raises(ValueError, match="no estimator"):
        load_trials(path)


def test_ratio_weighs_pairs_by_their_cases() -> None:
    fractions = np.array([[1.0, 1.0], [0.0, 9.0], [2.0, 10.0]])
    mean, low, high = ratio(fractions)
    assert mean == pytest.approx(3.0 / 20.0)
    assert low <= mean <= high
    assert ratio(np.array([[2.0, 4.0]] * 5)) == (0.5, 0.5, 0.5)


def test_expected_means_sign_and_range(tmp_path: Any) -> None:
    _, _, trials = load_trials()
    row: Row = replace(trials[0].rows[0], sign="-", low=-1.0, high=1.0)
    assert as_expected(row, -0.5)
    assert not as_expected(row, 0.5)
    assert not as_expected(row, -1.5)
    assert not as_expected(row, float("nan"))
    line = Effect("x", "y", "z", 0.5, 0.4, 0.6, 0.0, float("inf"), "1", "assumed", "assumed", True, row.label)
    page = tmp_path / "page.md"
    page.write_text(f"before\n{MARKS[0]}\nold\n{MARKS[1]}\nafter\n")
    assert fill_readme(markdown([line]), page)
    text = page.read_text()
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| 0.5 | 0.4 to 0.6 | 0 to … |" in text
    page.write_text("no marks")
    assert not fill_readme("x", page)
    write_csv([line], tmp_path / "table.csv")
    (cells,) = csv.DictReader((tmp_path / "table.csv").open(encoding="utf-8"))
    assert cells["expected_high"] == ""
    assert cells["ok"] == "yes"


@pytest.mark.slow
def test_effects_lie_in_the_range_of_the_evidence() -> None:
    missed = {e.estimand for e in run(pairs=24) if not e.ok}
    assert missed == set(MISSES)
