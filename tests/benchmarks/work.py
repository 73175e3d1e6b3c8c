"""The pieces of work that are timed: runs of the scaled plan, with their parts noted."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from simulator import simulate as loop
from simulator.core.luck import Luck
from simulator.core.parameters import override
from simulator.model import LEVERS, SCHEDULE
from simulator.scenario import Scenario
from simulator.study.replicates import load_scenario
from simulator.world.world import World
from tests.benchmarks.scaled import scaled
from tests.benchmarks.timing import Clock

ROOT = Path(__file__).resolve().parents[2]
PLAN = ROOT / "scenarios" / "qingdao" / "plan.yaml"
YEARS = 10
SEED = 1


@dataclass(frozen=True)
class Options:
    """What was asked for: a short form, the long form of the largest region, and the number of rounds."""

    quick: bool = False
    full: bool = False
    rounds: int = 9


@cache
def plan(firms: int = 0, years: int = YEARS) -> Scenario:
    """Return the Qingdao plan, for a region of so many firms (0: as it is) and so many years."""
    scenario = load_scenario(PLAN)
    first = scenario.region.start_year
    scenario = replace(scenario, years=(first, min(first + years - 1, scenario.years[1])))
    return scaled(scenario, firms) if firms else scenario


def parameters(scenario: Scenario) -> dict[str, Any]:
    """Return the parameters of a run at their central values."""
    return override((*SCHEDULE, *LEVERS.values()), scenario.assumptions)


@dataclass(frozen=True)
class Lived:
    """How a run went: firms alive at the end of each year, and what firms are like on average at the end."""

    alive: tuple[int, ...]
    rd_share: float  # R&D over sales
    certified: float  # part of the firms with HNTE status
    births: float  # newcomers of a year over firms alive, mean of the years
    staff: float  # persons a firm

    def __str__(self) -> str:
        return (
            f"R&D {self.rd_share:.2%} of sales, {self.certified:.1%} of firms certified, births {self.births:.1%} a "
            f"year, {self.staff:.0f} staff a firm, {self.alive[-1] / self.alive[0]:.2f} times as many firms at the end"
        )


@cache
def lived(firms: int, years: int = YEARS, seed: int = SEED) -> Lived:
    """Run a plan once and return how it went; 0 firms stand for the plan as it is."""
    world, scenario, p, luck = drawn_world(firms, years, seed)
    alive, births = [], []
    for year in range(scenario.region.start_year, scenario.years[1] + 1):
        loop.run_year(world, scenario, p, luck, year)
        alive.append(int(np.count_nonzero(world.firms.alive)))
        births.append(world.state.births / alive[-1])
    f, here = world.firms, world.firms.alive
    return Lived(
        tuple(alive),
        float(f.rd_real[here].sum() / f.revenue[here].sum()),
        float(np.mean(f.hnte_until[here] >= scenario.years[1])),
        float(np.mean(births)),
        float(f.staff[here].mean()),
    )


def firm_years(firms: int, years: int, seed: int = SEED) -> int:
    """Return how many firm-years a run has, of firms alive at the end of each year."""
    return sum(lived(firms, years, seed).alive)


def run(firms: int, years: int, seed: int = SEED, times: int = 1) -> dict[str, float]:
    """Run a plan some times, indicators included; note the processor time of building and of the years."""
    scenario, p = plan(firms, years), parameters(plan(firms, years))
    build = went = 0.0
    for k in range(times):
        begun = time.process_time()
        luck = Luck(seed + k)
        world = loop.start(scenario, luck)
        built = time.process_time()
        for year in range(scenario.region.start_year, scenario.years[1] + 1):
            loop.run_year(world, scenario, p, luck, year)
            loop.measure(world)
        build += built - begun
        went += time.process_time() - built
    return {"build": build, "years": went}


def drawn_world(firms: int, years: int, seed: int = SEED) -> tuple[World, Scenario, dict[str, Any], Luck]:
    """Return a world before its first year and what it takes to run it."""
    scenario, luck = plan(firms, years), Luck(seed)
    return loop.start(scenario, luck), scenario, parameters(scenario), luck


def years_of(given: tuple[World, Scenario, dict[str, Any], Luck]) -> None:
    """Run a world that was drawn before."""
    world, scenario, p, luck = given
    for year in range(scenario.region.start_year, scenario.years[1] + 1):
        loop.run_year(world, scenario, p, luck, year)
        loop.measure(world)


def warm_run(seed: int) -> float:
    """Run the plan once, in a worker; return the processor time of the thread that ran it."""
    begun = time.thread_time()
    loop.simulate(plan(), {}, seed)
    return time.thread_time() - begun


@contextmanager
def clocked(clock: Clock, scenario: Scenario) -> Iterator[Scenario]:
    """Let a clock note each part of the years that are run meanwhile; yield the scenario to be run.

    The main loop stays as it is: what it calls is replaced by the same that notes its time.
    """
    schedule = tuple(replace(m, step=clock.timed(m.name, m.step)) for m in SCHEDULE)
    entries = tuple(
        replace(e, lever=replace(e.lever, offer=clock.timed("offers", e.lever.offer))) for e in scenario.entries
    )
    with ExitStack() as stack:
        stack.enter_context(patch.object(loop, "order_of", lambda _: schedule))
        stack.enter_context(patch.object(loop, "start", clock.timed("build", loop.start)))
        stack.enter_context(patch.object(loop, "measure", clock.timed("measure", loop.measure)))
        for name, part in (("begin", "begin"), ("close_books", "books"), ("admit", "admit")):
            stack.enter_context(patch.object(World, name, clock.timed(part, getattr(World, name))))
        yield replace(scenario, entries=entries)


def child(module: str, *arguments: str, **environment: str) -> str:
    """Run a module of this project in a fresh interpreter and return its last line; raise RuntimeError if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed: {done.stderr.strip()[-500:]}")
    return done.stdout.strip().splitlines()[-1]
