"""One set of checks over every lever: declared right, silent when neutral, within its budget, all read."""

from __future__ import annotations

import csv
import importlib
import math
import pkgutil
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

import simulator.levers
from simulator.core.declare import Lever
from simulator.core.ledger import Ledger
from simulator.core.luck import Luck
from simulator.core.parameters import rows
from simulator.core.terms import Terms
from simulator.levers.common import FIRM_CLASSES, in_order, in_proportion, of_classes, small
from simulator.world.agents import (
    MAKER_SPACE,
    POOLS,
    STATE,
    Firms,
    Funds,
    Incubators,
    Platforms,
    Pools,
    Projects,
    Universities,
)
from simulator.world.terms import TERMS

CALIBRATION = Path(__file__).parents[1] / "calibration"
YEAR = 2014
RULES = {
    "transfer_law_inventor_share": 0.2,
    "transfer_approval_required": 1.0,
    "equity_instalment_years": 0.0,
    "rd_super_deduction": 0.5,
}
PURSES = ("budget", "pool", "capital_per_year", "interest_budget")

LEVERS: list[Lever] = [
    module.LEVER
    for info in pkgutil.iter_modules(simulator.levers.__path__)
    if hasattr(module := importlib.import_module(f"simulator.levers.{info.name}"), "LEVER")
]
each_lever = pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.name)


@dataclass(frozen=True)
class FakeEntry:
    lever: Lever
    settings: Any
    part: float = 1.0
    id: str = "E1"
    payer: str = "city"
    programme: str | None = None

    def share_of_year(self, year: int) -> float:
        return self.part


class Reading:
    """Hands out parameters and remembers which were asked for."""

    def __init__(self, inner: Any) -> None:
        self.__dict__["inner"] = inner
        self.__dict__["read"] = set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self.inner, name)


def make_world(rules: dict[str, float] = RULES) -> SimpleNamespace:
    firms, universities, incubators, funds = Firms(12), Universities(4), Incubators(3), Funds(2)
    for population in (firms, universities, incubators, funds):
        population.key[:] = np.arange(1, len(population) + 1)
    firms.staff[:] = np.linspace(20, 900, 12)
    firms.founded[:] = np.linspace(1990, YEAR, 12).astype(int)
    for column in ("technology_sme", "does_rd", "claims"):
        getattr(firms, column)[:8] = True
    firms.ownership[:3] = STATE
    firms.supported[:4] = YEAR - 1
    firms.filed[:] = 3.0
    firms.granted[:] = 1.0
    firms.alive[-1] = False
    universities.filed[:] = 10.0
    universities.kind[:] = [0, 0, 1, 2]
    incubators.kind[1:] = MAKER_SPACE
    pools = Pools(len(POOLS))
    pools.stock[:] = 1000.0
    return SimpleNamespace(
        firms=firms,
        universities=universities,
        incubators=incubators,
        funds=funds,
        pools=pools,
        platforms=Platforms(),
        projects=Projects(),
        year=YEAR,
        rules=dict(rules),
        outside={},
        state=SimpleNamespace(district_funds=np.zeros(2), deflator=1.1),
        region=SimpleNamespace(
            districts=("a", "b"),
            sectors=("digital", "marine"),
            sector=lambda quantity: np.array([0.6, 0.1]),
            district=lambda quantity: np.array([0.4, 0.6]),
        ),
        pool=POOLS.index,
        entry_index=lambda entry_id: 0,
    )


def offered(
    lever: Lever, settings: dict[str, Any], part: float = 1.0, rules: dict[str, float] = RULES
) -> tuple[Terms, set[str]]:
    world, p = make_world(rules), Reading(lever.Parameters())
    terms = Terms(TERMS, world, YEAR, Ledger(), Luck(1), national=rules)
    lever.offer(world, terms, FakeEntry(lever, lever.Settings(**settings), part), p)
    return terms, p.read


def running_cost(terms: Terms) -> float:
    bills = list(terms.ledger.bills())
    assert all(bill.kind == "running" for bill in bills)
    return sum(bill.amount for bill in bills)


def money_offers(terms: Terms) -> list[Any]:
    return [o for name, offers in terms._offers.items() for o in offers if math.isfinite(o.budget)]


def silent(terms: Terms) -> bool:
    return not terms._offers and running_cost(terms) == 0.0


@cache
def known_sources() -> set[str]:
    evidence = YAML(typ="safe").load((CALIBRATION / "evidence.yaml").read_text("utf-8"))
    with (CALIBRATION / "observed.csv").open(encoding="utf-8", newline="") as file:
        seen = {f"obs:{row['region']}/{row['indicator']}/{row['year']}" for row in csv.DictReader(file)}
    return {"assumed"} | set(evidence) | seen


def test_first_fifteen_are_there() -> None:
    names = {lever.name for lever in LEVERS}
    assert names >= {
        "rd_subsidy",
        "rd_tax_deduction",
        "hnte_relief",
        "innovation_voucher",
        "sme_growth_programme",
        "equity_incentive",
        "transfer_revenue_share",
        "disposal_rights",
        "incubator_expansion",
        "maker_space",
        "guidance_fund",
        "credit_risk_compensation",
        "talent_attraction",
        "ip_protection",
        "delivery_governance",
    }
    assert len(names) == len(LEVERS)


@each_lever
def test_declarations(lever: Lever) -> None:
    assert importlib.import_module(f"simulator.levers.{lever.name}").LEVER is lever
    assert lever.label.en
    assert lever.label.zh
    assert lever.label.en != lever.label.zh
    assert lever.moves
    assert set(lever.moves.values()) <= {-1, 1}
    for f in fields(lever.Settings):
        m = f.metadata
        assert m["role"] == "setting"
        assert f.default is not MISSING
        if isinstance(f.default, float):
            assert m["unit"], f.name
            assert m["low"] is not None, f.name
            high = math.inf if m["high"] is None else m["high"]
            assert m["low"] <= f.default <= high
            assert m["low"] <= lever.dose.get(f.name, f.default) <= high
        else:
            chosen = (f.default,) if isinstance(f.default, str) else f.default
            assert set(chosen) <= set(m["choices"])
    for row in rows(lever.name, lever.Parameters):
        assert row.unit, row.name
        assert row.doc, row.name


@each_lever
def test_sources_exist(lever: Lever) -> None:
    sources = known_sources()
    for row in rows(lever.name, lever.Parameters):
        assert row.source in sources, row.name


@each_lever
def test_neutral_settings_do_nothing(lever: Lever) -> None:
    assert silent(offered(lever, {})[0])


@each_lever
def test_choices_alone_do_nothing(lever: Lever) -> None:
    # who is eligible, at which share and in which way: no dose in any of these
    chosen = {f.name: f.metadata["choices"] for f in fields(lever.Settings) if isinstance(f.default, tuple)}
    assert silent(offered(lever, chosen)[0])


@each_lever
def test_out_of_force_does_nothing(lever: Lever) -> None:
    assert silent(offered(lever, lever.dose, part=0.0)[0])


@each_lever
def test_dose_offers_and_costs(lever: Lever) -> None:
    terms, read = offered(lever, lever.dose)
    assert terms._offers
    assert running_cost(terms) > 0.0
    assert read == {f.name for f in fields(lever.Parameters)}
    assert set(terms._offers) <= set(TERMS)


@each_lever
def test_half_a_year_costs_half(lever: Lever) -> None:
    whole, half = offered(lever, lever.dose)[0], offered(lever, lever.dose, part=0.5)[0]
    assert running_cost(half) == pytest.approx(0.5 * running_cost(whole))
    assert set(half._offers) == set(whole._offers)


@each_lever
def test_offers_stay_within_the_budget(lever: Lever) -> None:
    terms, _ = offered(lever, lever.dose)
    purse = sum(lever.dose.get(name, 0.0) for name in PURSES)
    assert sum(o.budget for o in money_offers(terms)) <= purse * (1.0 + 1e-12)
    for name, offers in terms._offers.items():
        if TERMS[name].money:
            assert all(math.isfinite(o.budget) for o in offers), name


@each_lever
def test_empty_purse_offers_no_money(lever: Lever) -> None:
    empty = {**lever.dose, **{f.name: 0.0 for f in fields(lever.Settings) if f.name in PURSES}}
    terms, _ = offered(lever, empty)
    assert not money_offers(terms)
    assert not any(TERMS[name].money for name in terms._offers)
    if all(TERMS[name].money for name in offered(lever, lever.dose)[0]._offers):
        assert silent(terms)


@each_lever
def test_each_number_in_the_dose_matters(lever: Lever) -> None:
    for name, value in lever.dose.items():
        if isinstance(value, float):
            neutral = next(f.default for f in fields(lever.Settings) if f.name == name)
            without = offered(lever, {**lever.dose, name: neutral})[0]
            whole = offered(lever, lever.dose)[0]
            assert value == neutral or _trace(without) != _trace(whole), name


def _trace(terms: Terms) -> list[Any]:
    offers = [
        (name, np.asarray(o.value).tolist(), o.budget, o.rate, np.asarray(o.worth).tolist(), o.unit_cost)
        for name, group in sorted(terms._offers.items())
        for o in group
    ]
    return [offers, running_cost(terms)]


@each_lever
def test_agents_are_left_alone(lever: Lever) -> None:
    world, untouched = make_world(), make_world()
    terms = Terms(TERMS, world, YEAR, Ledger(), Luck(1), national=RULES)
    lever.offer(world, terms, FakeEntry(lever, lever.Settings(**lever.dose)), lever.Parameters())
    for name in ("firms", "universities", "incubators", "funds", "pools"):
        population, before = getattr(world, name), getattr(untouched, name)
        for column in population.columns:
            np.testing.assert_array_equal(getattr(population, column), getattr(before, column))


@each_lever
def test_drawn_values_are_accepted(lever: Lever) -> None:
    # the ends of every prior must make valid offers too
    for u in (0.001, 0.999):
        declared = rows(lever.name, lever.Parameters)
        extreme = {r.name.split(".")[1]: r.prior.quantile(r.value, u) for r in declared}
        world = make_world()
        terms = Terms(TERMS, world, YEAR, Ledger(), Luck(1), national=RULES)
        entry = FakeEntry(lever, lever.Settings(**lever.dose))
        lever.offer(world, terms, entry, replace(lever.Parameters(), **extreme))
        for o in (o for offers in terms._offers.values() for o in offers):
            assert 0.0 <= o.unused <= 1.0
            assert 0.0 <= o.misuse <= 1.0
            assert np.all(np.asarray(o.worth) >= 0.0)
        for name in ("claim_cost", "hnte_cost", "approval"):
            assert np.all(np.asarray(terms.total(name)) >= 0.0)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("transfer_revenue_share", {"inventor_share": 0.5}),
        ("equity_incentive", {"team_share": 0.5, "tax_years": 5.0}),
        ("disposal_rights", {"no_approval": 1.0}),
        ("rd_tax_deduction", {"deduction_rate": 0.5}),
    ],
)
def test_nothing_is_added_to_a_national_rule_that_is_as_good(name: str, settings: dict[str, Any]) -> None:
    after = {
        "transfer_law_inventor_share": 0.5,
        "transfer_approval_required": 0.0,
        "equity_instalment_years": 5.0,
        "rd_super_deduction": 0.5,
    }
    lever = next(lever for lever in LEVERS if lever.name == name)
    assert silent(offered(lever, settings, rules=after)[0])


def test_modes_of_subsidy_speak_to_different_terms() -> None:
    lever = next(lever for lever in LEVERS if lever.name == "rd_subsidy")
    before, after = (offered(lever, {**lever.dose, "mode": mode})[0] for mode in ("ex_ante", "ex_post"))
    assert set(before._offers) == {"rd_grant"}
    assert set(after._offers) == {"rd_reward"}
    assert after._offers["rd_reward"][0].misuse < before._offers["rd_grant"][0].misuse


def test_a_second_voucher_is_not_offered() -> None:
    lever = next(lever for lever in LEVERS if lever.name == "innovation_voucher")
    world = make_world()
    world.firms.voucher_year[:3] = YEAR - 1
    terms = Terms(TERMS, world, YEAR, Ledger(), Luck(1))
    lever.offer(world, terms, FakeEntry(lever, lever.Settings(**lever.dose)), lever.Parameters())
    eligible = terms._offers["university_hours"][0].eligible
    assert eligible is not None
    assert eligible.tolist() == [False] * 3 + [True] * 5 + [False] * 4


def test_classes_of_firms() -> None:
    firms = make_world().firms
    for name in FIRM_CLASSES:
        assert not of_classes(firms, (name,), YEAR)[-1], "the dead belong to no class"
    assert of_classes(firms, ("all",), YEAR).sum() == 11
    assert not of_classes(firms, (), YEAR).any()
    joined = of_classes(firms, ("tech_sme", "startup"), YEAR)
    np.testing.assert_array_equal(
        joined, of_classes(firms, ("tech_sme",), YEAR) | of_classes(firms, ("startup",), YEAR)
    )
    assert small(firms).sum() == (firms.staff < 300).sum()
    with pytest.raises(KeyError):
        of_classes(firms, ("giants",), YEAR)


def test_budgets_are_divided_whole() -> None:
    assert in_order(10.0, (4.0, 8.0, 3.0)) == [4.0, 6.0, 0.0]
    assert in_order(0.0, (1.0, 2.0)) == [0.0, 0.0]
    assert in_proportion(12.0, (1.0, 3.0)) == [3.0, 9.0]
    assert in_proportion(12.0, (0.0, 0.0)) == [6.0, 6.0]
