"""Shipped scenarios, and ways to run them, that several tests share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from simulator.core.declare import Lever
from simulator.core.luck import Luck
from simulator.core.parameters import override
from simulator.model import LEVERS, SCHEDULE
from simulator.scenario import Scenario
from simulator.scenario_entries import Entry
from simulator.simulate import Run, measure, run_year, simulate, start
from simulator.study.replicates import load_scenario
from simulator.world.world import World

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = sorted(p for p in (ROOT / "scenarios").glob("*/*.yaml"))
PLAN = ROOT / "scenarios" / "qingdao" / "plan.yaml"


@cache
def shipped(path: Path = PLAN, last: int | None = None) -> Scenario:
    """Return a shipped scenario, cut off after the year ``last``."""
    scenario = load_scenario(path)
    return scenario if last is None else replace(scenario, years=(scenario.years[0], last))


@cache
def run_of(path: Path = PLAN, last: int | None = None, seed: int = 1) -> Run:
    """Return a run of a shipped scenario at the central parameters."""
    return simulate(shipped(path, last), {}, seed)


def parameters(values: Mapping[str, float] | None = None) -> dict[str, Any]:
    return override((*SCHEDULE, *LEVERS.values()), values or {})


def entry(lever: Lever, settings: Mapping[str, Any], first: float = 2012.0, last: float = 2021.0) -> Entry:
    """Return an entry of a lever that no scenario has."""
    return Entry(f"added_{lever.name}", lever, lever.Settings(**settings), "city", first, last)


def with_entries(scenario: Scenario, *added: Entry) -> Scenario:
    return replace(scenario, entries=(*scenario.entries, *added))


def years_of(scenario: Scenario, p: Mapping[str, Any], seed: int = 1) -> Iterator[tuple[int, World, list[float]]]:
    """Yield each year with the world at its end and its indicators."""
    luck = Luck(seed)
    world = start(scenario, luck)
    for year in range(scenario.region.start_year, scenario.years[1] + 1):
        run_year(world, scenario, p, luck, year)
        yield year, world, measure(world)
