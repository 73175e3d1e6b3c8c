"""The main loop; the only file that runs a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.core.ledger import Bill
from simulator.core.luck import Generator, Luck
from simulator.core.memory import collector_at_rest, keep_freed_memory
from simulator.core.parameters import override
from simulator.core.terms import Terms
from simulator.model import INDICATORS, LEVERS, SCHEDULE, order_of
from simulator.scenario import Scenario
from simulator.world.build import build
from simulator.world.terms import TERMS
from simulator.world.world import World

keep_freed_memory()


@dataclass(frozen=True)
class Run:
    """The series of one run: ``values`` (T, K) by year and indicator, and every sum that was billed."""

    years: np.ndarray
    names: tuple[str, ...]
    values: np.ndarray
    bills: list[Bill]

    def series(self, name: str) -> np.ndarray:
        """Return one indicator, (T,)."""
        return self.values[:, self.names.index(name)]


def start(scenario: Scenario, luck: Luck) -> World:
    """Return the world of a scenario before its first year."""
    return build(
        scenario.region,
        luck,
        drivers=scenario.drivers,
        entries=scenario.entries,
        switches=scenario.switches,
        counterfactual=scenario.counterfactual,
    )


def run_year(world: World, scenario: Scenario, p: Mapping[str, Any], luck: Luck, year: int) -> None:
    """Let one year pass in the world."""
    world.begin(year)
    when = world.luck_year
    terms = Terms(TERMS, world, year, world.ledger, luck.at(when, "terms"), world.rules)
    for entry in scenario.in_force(year):  # 1 policy puts its offers on the counter
        entry.lever.offer(world, terms, entry, p[entry.lever.name])
    for mechanism in order_of(world.switches):  # 2 agents act under those terms
        mechanism.step(world, terms, p[mechanism.name], luck.at(when, mechanism.name))
    world.close_books()  # 3 the books must balance
    world.admit()  # 4 newcomers join between years


def measure(world: World) -> list[float]:
    """Look at the world, without touching it."""
    with world.looking():
        return [float(i.measure(world)) for i in INDICATORS.values()]


@collector_at_rest()
def simulate(scenario: Scenario, values: Mapping[str, float], seed: int, *, generator: Generator = "hash") -> Run:
    """Return the series of one run: one row a year, one column an indicator.

    ``values`` are drawn parameters by dotted name; what the scenario assumes goes before them.
    """
    p, luck = _parameters(scenario, values), Luck(seed, generator)
    return _carry_on(start(scenario, luck), scenario, p, luck, [])


@collector_at_rest()
def simulate_together(
    scenarios: Sequence[Scenario], values: Mapping[str, float], seed: int, *, generator: Generator = "hash"
) -> list[Run]:
    """Return what ``simulate`` gives for each scenario with the same parameters and luck.

    The years in which a scenario cannot differ from the first one yet are run once.
    """
    trunk, *others = scenarios
    p, luck = _parameters(trunk, values), Luck(seed, generator)
    world, rows, end = start(trunk, luck), [], trunk.years[1] + 1
    parted = {k: min(trunk.parts_from(other), end, other.years[1] + 1) for k, other in enumerate(others)}
    runs: dict[int, Run] = {}
    for year in range(world.region.start_year, end):
        run_year(world, trunk, p, luck, year)
        rows.append(measure(world))
        for k in (k for k, first in parted.items() if first == year + 1):
            branch = world.branch(others[k].entries, *others[k].outside_and_rules())
            runs[k] = _carry_on(branch, others[k], p, luck, list(rows))
    alone = [runs.get(k) or simulate(other, values, seed, generator=generator) for k, other in enumerate(others)]
    return [_carry_on(world, trunk, p, luck, rows), *alone]


def _parameters(scenario: Scenario, values: Mapping[str, float]) -> dict[str, Any]:
    return override((*SCHEDULE, *LEVERS.values()), {**values, **scenario.assumptions})


def _carry_on(world: World, scenario: Scenario, p: Mapping[str, Any], luck: Luck, rows: list[list[float]]) -> Run:
    """Run the years that are left after those of ``rows`` (one list of indicators a year) and return all of them."""
    years = np.arange(world.region.start_year, scenario.years[1] + 1)
    for year in years[len(rows) :].tolist():
        run_year(world, scenario, p, luck, year)
        rows.append(measure(world))
    shown = years >= scenario.years[0]
    return Run(years[shown], tuple(INDICATORS), np.array(rows)[shown], list(world.ledger.bills()))
