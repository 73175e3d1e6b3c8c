"""The main loop: the same bytes twice, nothing from nothing, and no lever before its time or in another's luck."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from model_runs import PLAN, SHIPPED, entry, parameters, run_of, shipped, with_entries, years_of

from simulator.core.declare import Lever
from simulator.model import INDICATORS, LEVERS
from simulator.scenario import Scenario
from simulator.simulate import simulate

LAST = 2014
START = 2014.0  # of levers that are added late
each_lever = pytest.mark.parametrize("lever", LEVERS.values(), ids=lambda lever: lever.name)
each_shipped = pytest.mark.parametrize("path", SHIPPED, ids=lambda p: f"{p.parent.name}/{p.stem}")
State = dict[str, dict[str, np.ndarray]]
POPULATIONS = ("firms", "universities", "incubators", "funds", "products", "projects", "alliances", "pools", "sectors")


def state_of(world: object) -> State:
    populations = {name: getattr(world, name) for name in POPULATIONS}
    return {name: {c: getattr(p, c).copy() for c in p.columns} for name, p in populations.items()}


@cache
def states(lever: str | None) -> list[State]:
    """Return the whole state at the end of each year of the plan, with one lever added at its dose from START on."""
    scenario = shipped(PLAN, LAST)
    if lever:
        scenario = with_entries(scenario, entry(LEVERS[lever], LEVERS[lever].dose, START))
    return [state_of(world) for _, world, _ in years_of(scenario, parameters())]


def first_difference(a: State, b: State) -> str:
    for name in POPULATIONS:
        for column in a[name]:
            if not np.array_equal(a[name][column], b[name][column]):
                return f"{name}.{column}"
    return ""


@each_shipped
def test_the_same_bytes_twice(path: object) -> None:
    scenario = shipped(path)  # type: ignore[arg-type]
    a, b = (simulate(scenario, {}, 3) for _ in range(2))
    assert a.values.tobytes() == b.values.tobytes()
    assert a.bills == b.bills
    assert np.isfinite(a.values).all()
    assert a.values.shape == (len(a.years), len(INDICATORS))
    assert a.years.tolist() == list(range(scenario.years[0], scenario.years[1] + 1))


def test_series_are_named() -> None:
    run = run_of()
    for k, name in enumerate(INDICATORS):
        np.testing.assert_array_equal(run.series(name), run.values[:, k])


def test_another_seed_is_another_city_and_the_reference_generator_another_luck() -> None:
    scenario = shipped(PLAN, LAST)
    whole = run_of(PLAN, LAST).values
    assert not np.array_equal(simulate(scenario, {}, 2).values, whole)
    philox = simulate(scenario, {}, 1, generator="philox").values
    assert not np.array_equal(philox, whole)
    spread = np.stack([simulate(scenario, {}, seed).values for seed in range(1, 7)])
    k = list(INDICATORS).index("rd_expenditure")
    low, high = spread[:, -1, k].min(), spread[:, -1, k].max()
    assert low - 3 * (high - low) < philox[-1, k] < high + 3 * (high - low)


@each_lever
def test_neutral_settings_change_nothing_at_all(lever: Lever) -> None:
    added = with_entries(shipped(PLAN, LAST), entry(lever, {}, 2011.0))
    run, alone = simulate(added, {}, 1), run_of(PLAN, LAST)
    assert run.values.tobytes() == alone.values.tobytes()
    assert run.bills == alone.bills


@each_lever
def test_a_lever_does_nothing_before_its_time(lever: Lever) -> None:
    changed, alone = states(lever.name), states(None)
    for year, (a, b) in enumerate(zip(changed[:-1], alone[:-1], strict=True), 2011):
        assert first_difference(a, b) == "", year


@each_lever
def test_a_lever_moves_nobody_elses_luck(lever: Lever) -> None:
    """In the first year of a lever, what is drawn at birth or moved by luck alone is the same for everybody."""
    changed, alone = states(lever.name)[-1], states(None)[-1]
    shared, i, j = np.intersect1d(changed["firms"]["key"], alone["firms"]["key"], return_indices=True)
    assert shared.size > 0.97 * alone["firms"]["key"].size
    moves = ("district",) if lever.name == "demonstration_zone" else ()  # firms may move into a zone
    for column in {"quality", "sector", "district", "founded", "tech", "ownership", "origin"}.difference(moves):
        np.testing.assert_array_equal(changed["firms"][column][i], alone["firms"][column][j], err_msg=column)


def test_dates_count_by_the_part_of_the_year() -> None:
    lever = LEVERS["innovation_voucher"]
    base = shipped(PLAN, LAST)

    def cost(first: float, last: float) -> float:
        run = simulate(with_entries(base, entry(lever, lever.dose, first, last)), {}, 1)
        return sum(b.amount for b in run.bills if b.entry == "added_innovation_voucher" and b.kind == "running")

    whole = cost(2014.0, 2015.0)
    assert cost(2014.0, 2014.5) == pytest.approx(0.5 * whole)
    assert cost(2014.75, 2015.0) == pytest.approx(0.25 * whole)
    assert cost(2013.0, 2014.0) == pytest.approx(whole)
    assert cost(2015.0, 2016.0) == 0.0


def test_the_order_of_entries_in_a_file_does_not_matter() -> None:
    scenario = shipped(PLAN, 2016)
    backwards = replace(scenario, entries=scenario.entries[::-1])
    a, b = simulate(scenario, {}, 1), simulate(backwards, {}, 1)
    assert a.values.tobytes() == b.values.tobytes()
    assert a.bills == b.bills


def test_assumptions_go_before_drawn_values() -> None:
    scenario: Scenario = shipped(PLAN, 2012)
    fixed = replace(scenario, assumptions={"science.result_rate": 0.1})
    a = simulate(fixed, {"science.result_rate": 0.02}, 1)
    b = simulate(scenario, {"science.result_rate": 0.1}, 1)
    assert a.values.tobytes() == b.values.tobytes()
    assert a.values.tobytes() != simulate(scenario, {}, 1).values.tobytes()


def test_a_later_first_year_shows_less_and_changes_nothing() -> None:
    scenario = shipped(PLAN, LAST)
    late = simulate(replace(scenario, years=(2013, LAST)), {}, 1)
    np.testing.assert_array_equal(late.values, run_of(PLAN, LAST).values[2:])
    assert late.years.tolist() == [2013, 2014]
