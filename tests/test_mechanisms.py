"""Over the whole schedule: parameters declared right, read by something, and none without an effect."""

from __future__ import annotations

import copy
import csv
import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_runs import ROOT, entry, parameters, shipped, with_entries, years_of
from ruamel.yaml import YAML

from simulator.core.declare import Lever, Mechanism
from simulator.core.ledger import Bill
from simulator.core.luck import Luck
from simulator.core.parameters import ParameterRow, rows, table
from simulator.mechanisms.delivery import governance
from simulator.mechanisms.finance_funds import crowding
from simulator.mechanisms.patenting import marginal_wish
from simulator.mechanisms.science_kernels import turn
from simulator.model import INDICATORS, LEVERS, SCHEDULE, SWITCHES
from simulator.scenario import Scenario
from simulator.simulate import measure, run_year, start
from simulator.world.births import ranks_within
from simulator.world.rules import hnte_threshold
from simulator.world.space import closeness, nearest, position
from simulator.world.world import World

CALIBRATION = ROOT / "calibration"
ALL = table(SCHEDULE, LEVERS.values())
each_mechanism = pytest.mark.parametrize("mechanism", SCHEDULE, ids=lambda m: m.name)
each_thing = pytest.mark.parametrize("thing", [*SCHEDULE, *LEVERS.values()], ids=lambda t: t.name)


@cache
def sources() -> frozenset[str]:
    """Return every key that a parameter may cite."""
    yaml = YAML(typ="safe")
    known = {"assumed", *yaml.load((CALIBRATION / "evidence.yaml").read_text("utf-8"))}
    for name in ("targets", "measures"):
        known |= {f"plan:{row['id']}" for row in yaml.load((CALIBRATION / f"{name}.yaml").read_text("utf-8"))}
    with (CALIBRATION / "observed.csv").open(encoding="utf-8", newline="") as file:
        known |= {f"obs:{r['region']}/{r['indicator']}/{r['year']}" for r in csv.DictReader(file)}
    return frozenset(known)


@cache
def scenario_of(name: str) -> Scenario:
    """Return a plan: as it is, under a boom (of Benxi's), with every lever at its dose, or with scarce doses only.

    In the last one budgets ration, and open questions have their last answer; in ``questions`` they have their second.
    Benxi is the smaller and faster city.
    """
    city, what = name.split()
    plan = shipped(ROOT / "scenarios" / city / "plan.yaml")
    if what == "plan":
        return plan
    if what == "boom":
        more = replace(plan.counterfactual, demand={"steel": 0.1}, demand_from=2016)
        return replace(plan, drivers={"all": "boom"}, counterfactual=more)
    if what == "everything":
        return with_entries(plan, *(entry(lever, lever.dose) for lever in LEVERS.values()))
    if what == "questions":
        others = {switch: choices[1] for switch, choices in SWITCHES.items()}
        return with_entries(replace(plan, switches=others), *(entry(lever, lever.dose) for lever in LEVERS.values()))
    others = {switch: choices[-1] for switch, choices in SWITCHES.items()}
    added = tuple(entry(lever, {**lever.dose, **scarce(lever)}) for lever in LEVERS.values())
    return replace(plan, switches=others, entries=added)


def scarce(lever: Lever) -> dict[str, float]:
    """Return a small part of the yearly budget of a lever's dose."""
    return {name: 0.05 * value for name, value in lever.dose.items() if name == "budget"}


@each_mechanism
def test_mechanisms_say_who_they_are(mechanism: Mechanism) -> None:
    assert mechanism.label.en
    assert mechanism.label.zh != mechanism.label.en
    assert mechanism.Parameters.__doc__
    assert mechanism.step.__doc__


@each_thing
def test_parameters_are_declared_right(thing: Mechanism | Lever) -> None:
    for row in rows(thing.name, thing.Parameters):
        assert row.unit, row.name
        assert len(row.doc) > 10, row.name
        assert row.source in sources(), f"{row.name}: unknown source {row.source}"
        assert row.prior.low <= row.value <= row.prior.high, row.name
        for u in (0.001, 0.05, 0.95, 0.999):
            assert math.isfinite(row.prior.quantile(row.value, u)), row.name
        if row.prior.low >= 0.0:
            assert row.prior.quantile(row.value, 1e-6) >= 0.0, row.name


def test_names_are_used_once() -> None:
    names = [m.name for m in SCHEDULE] + list(LEVERS)
    assert len(names) == len(set(names))
    assert len({row.name for row in ALL}) == len(ALL)


class Recording:
    """Hands out parameters and notes which were asked for."""

    def __init__(self, owner: str, inner: Any, read: set[str]) -> None:
        self.__dict__.update(owner=owner, inner=inner, read=read)

    def __getattr__(self, name: str) -> Any:
        self.read.add(f"{self.owner}.{name}")
        return getattr(self.inner, name)


def test_every_parameter_is_read_by_something() -> None:
    read: set[str] = set()
    p = {owner: Recording(owner, inner, read) for owner, inner in parameters().items()}
    # only Benxi has plants, visitors and farms
    for name in ("qingdao everything", "qingdao scarce", "benxi plan", "benxi questions"):
        for _ in years_of(scenario_of(name), p):
            pass
    assert {row.name for row in ALL} - read == set()


@cache
def first_world(name: str) -> tuple[Scenario, World]:
    scenario = scenario_of(name)
    return scenario, start(scenario, Luck(1))


def traces(name: str, values: dict[str, float]) -> Iterator[tuple[list[float], list[Bill]]]:
    """Yield the indicators of each year, and what has been billed for measures by then."""
    scenario, first = first_world(name)
    world = copy.deepcopy(first, {id(first.region): first.region})
    for year in range(scenario.region.start_year, scenario.years[1] + 1):
        run_year(world, scenario, parameters(values), Luck(1), year)
        yield measure(world), list(world.ledger.bills())


@cache
def untouched(name: str) -> list[tuple[list[float], list[Bill]]]:
    return list(traces(name, {}))


def moves(name: str, row: ParameterRow, u: float) -> bool:
    """Return whether an indicator or a bill moves when one parameter is moved to a quantile of its prior."""
    changed = traces(name, {row.name: row.prior.quantile(row.value, u)})
    return any(a != b for a, b in zip(changed, untouched(name), strict=True))


@each_thing
def test_no_parameter_is_without_effect(thing: Mechanism | Lever) -> None:
    """At either end of its prior a parameter moves something in one of the plans.

    What the plans have no use for does so where every lever is at its dose, or where money is scarce.
    """
    tries = [f"{city} {what}" for city in ("benxi", "qingdao") for what in ("plan", "everything")]
    tries += ["qingdao scarce", "benxi questions"]
    if thing.name == "steel":  # only Benxi has plants
        tries = ["benxi plan", "benxi boom", "benxi everything"]
    declared = rows(thing.name, thing.Parameters)
    assert [r.name for r in declared if not any(moves(n, r, u) for u in (0.95, 0.05) for n in tries)] == []


def test_a_parameter_left_alone_moves_nothing() -> None:
    assert not moves("benxi plan", next(r for r in ALL if r.prior.shape == "linear"), 0.5)


def test_switches_matter() -> None:
    scenario = shipped()
    for switch, choices in SWITCHES.items():
        series = []
        for choice in choices:
            changed = replace(scenario, switches={**scenario.switches, switch: choice}, years=(2011, 2014))
            series.append([values for _, _, values in years_of(changed, parameters())])
        assert all(series[0] != other for other in series[1:]), switch


@pytest.mark.parametrize("u", [0.02, 0.98])
def test_the_ends_of_all_priors_run(u: float) -> None:
    """All parameters far out at once: every number stays finite and the books balance every year."""
    p = parameters({row.name: row.prior.quantile(row.value, u) for row in ALL})
    for year, world, values in years_of(scenario_of("qingdao everything"), p):
        bad = [name for name, v in zip(INDICATORS, values, strict=True) if not math.isfinite(v) or v < -1e-9]
        assert not [name for name in bad if name not in ("productivity",)], year
        assert world.ledger.closed[-1] == year


@pytest.mark.parametrize("seed", [1, 2])
def test_states_stay_possible(seed: int) -> None:
    for year, w, _ in years_of(scenario_of("qingdao everything"), parameters(), seed):
        f, u, inc = w.firms, w.universities, w.incubators
        a = f.alive
        for name in ("staff", "revenue", "rd_real", "rd_reported", "knowledge", "patents", "quality_patents", "filed"):
            assert (getattr(f, name)[a] >= 0.0).all(), (year, name)
        assert (f.quality_patents[a] <= f.patents[a]).all()
        assert (f.filed_true[a] <= f.filed[a]).all()
        assert (f.rd_reported[a] >= f.rd_real[a] * (1 - 1e-9)).all(), year
        for name in ("hightech_share", "novelty", "loan_cover", "nearness", "link"):
            assert ((getattr(f, name)[a] >= -1e-12) & (getattr(f, name)[a] <= 1.0 + 1e-6)).all(), (year, name)
        held = np.bincount(f.incubator[a & (f.incubator >= 0)], minlength=len(inc))
        assert (held <= np.maximum(inc.seats, 1.0)).all(), year
        assert (u.researchers >= 0.0).all()
        assert np.unique(f.key).size == len(f)
        for name in ("patents", "waiting_true", "waiting_marginal"):
            assert (getattr(u, name) >= 0.0).all(), (year, name)


# ---- pure functions ------------------------------------------------------------------------------------

positive = st.floats(1e-3, 1e3)


@given(st.floats(0.0, 5.0), st.floats(0.0, 5.0), st.floats(0.01, 2.0))
def test_more_leadership_adds_less(a: float, more: float, half: float) -> None:
    assert governance(0.0, half) == 0.0
    assert 0.0 <= governance(a, half) <= governance(a + more, half) <= 1.0
    assert governance(1.0, half) == pytest.approx(1.0)
    assert governance(0.5, half) >= 0.5  # concave


@given(st.floats(0.0, 3e4), st.floats(0.0, 1e4), st.floats(100.0, 1e4), st.floats(0.0, 1.0), st.floats(0.0, 10.0))
def test_a_larger_subsidy_draws_no_fewer_filings(s: float, more: float, cost: float, low: float, high: float) -> None:
    assert marginal_wish(0.0, cost, low, high) == 0.0
    assert marginal_wish(s, cost, low, high) <= marginal_wish(s + more, cost, low, high) + 1e-12
    assert marginal_wish(cost, cost, low, high) == pytest.approx(low)


@given(st.floats(0.0, 0.2), st.floats(0.0, 0.2), st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(1e-4, 0.1))
def test_crowding_goes_from_thin_to_deep(depth: float, more: float, thin: float, deep: float, half: float) -> None:
    assert crowding(0.0, thin, deep, half) == pytest.approx(thin)
    assert min(thin, deep) - 1e-12 <= crowding(depth, thin, deep, half) <= max(thin, deep) + 1e-12
    step = crowding(depth + more, thin, deep, half) - crowding(depth, thin, deep, half)
    assert step * (deep - thin) >= -1e-12


@given(st.lists(st.floats(1.0, 1e12), min_size=2))
def test_larger_firms_need_a_smaller_share(revenue: list[float]) -> None:
    rules = {
        "hnte_sales_small": 5e7,
        "hnte_sales_large": 2e8,
        "hnte_threshold_small": 0.06,
        "hnte_threshold_mid": 0.04,
        "hnte_threshold_large": 0.03,
    }
    shares = hnte_threshold(rules, np.sort(revenue))
    assert (np.diff(shares) <= 0.0).all()
    assert set(shares) <= {0.06, 0.04, 0.03}
    assert hnte_threshold(rules, np.array([5e7 - 1, 5e7, 2e8])).tolist() == [0.06, 0.04, 0.03]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_children_are_numbered_within_their_parent(counts: list[int]) -> None:
    assert ranks_within(np.array(counts)).tolist() == [k for c in counts for k in range(c)]


def draws(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@given(st.integers(0, 10_000), st.floats(0.01, 2.0))
def test_positions_are_unit_vectors(seed: int, width: float) -> None:
    centre = np.exp(draws((1, 8), seed))
    where = position(np.repeat(centre / np.linalg.norm(centre), 5, axis=0), draws((5, 8), seed + 1), width)
    np.testing.assert_allclose(np.linalg.norm(where, axis=1), 1.0)
    assert (where >= 0.0).all()
    same = position(centre / np.linalg.norm(centre), np.zeros((1, 8)), width)
    np.testing.assert_allclose(same, centre / np.linalg.norm(centre))


@given(st.integers(0, 10_000), st.floats(1.0, 200.0))
def test_the_nearest_university_is_the_nearest(seed: int, decay: float) -> None:
    tech, other = np.abs(draws((6, 8), seed)), np.abs(draws((4, 8), seed + 1))
    tech, other = (t / np.linalg.norm(t, axis=1, keepdims=True) for t in (tech, other))
    district, there = np.arange(6) % 3, np.array([0, 1, 2, 2])
    km = {"x_km": 50.0 * draws((3,), seed + 2), "y_km": 50.0 * draws((3,), seed + 3)}
    close = closeness(SimpleNamespace(district=km.__getitem__), there, decay)
    best, score = nearest(tech, district, other, close)
    x, y = km["x_km"], km["y_km"]
    distance = np.hypot(x[district][:, None] - x[there], y[district][:, None] - y[there])
    near = (tech @ other.T) * np.exp(-distance / decay)
    np.testing.assert_array_equal(best, near.argmax(axis=1))
    np.testing.assert_allclose(score, near.max(axis=1))
    assert (score <= 1.0 + 1e-12).all()
    twice = nearest(tech, district, np.concatenate([other, other]), np.concatenate([close, close], axis=1))
    np.testing.assert_array_equal(twice[0], best)  # of equals the first
    np.testing.assert_array_equal(twice[1], score)


@pytest.mark.parametrize("newcomers", [1, 15, 16, 40])
def test_firms_turn_to_the_newcomer_that_is_nearest_if_it_promises_more(newcomers: int) -> None:
    tech, other = (np.abs(draws((n, 8), n)) + 0.2 for n in (300, newcomers + 5))
    tech, other = (t / np.linalg.norm(t, axis=1, keepdims=True) for t in (tech, other))
    district, near = np.arange(300) % 3, np.exp(-np.abs(draws((3, newcomers + 5), 1)))
    joined, bonus = np.arange(5, newcomers + 5), np.where(np.arange(newcomers + 5) % 2, 1.2, 1.0)
    university, nearness = nearest(tech, district, other[:5], near[:, :5].copy())
    link = np.where(np.arange(300) % 5, 0.0, 0.9)

    def promise(x: np.ndarray) -> np.ndarray:
        return np.asarray(x * np.clip((1.0 - x) / 0.2, 0.0, 1.0))

    reach = (tech @ other[joined].T) * near[district][:, joined]
    best = joined[reach.argmax(axis=1)]
    better = promise(reach.max(axis=1)) * bonus[best] > promise(nearness) * bonus[university]
    moves = better & (link < 0.5)
    expected = np.where(moves, best, university), np.where(moves, reach.max(axis=1), nearness)
    turn(tech, district, link, university, nearness, other[joined], joined, near[:, joined].copy(), bonus, 0.8, 0.5)
    np.testing.assert_array_equal(university, expected[0])
    np.testing.assert_allclose(nearness, expected[1])
    assert 0 < moves.sum() < 240
