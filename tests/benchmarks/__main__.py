"""Measure one run of the Qingdao plan against a yardstick, its parts, and two workers against one.

Times of one machine say little on another, so everything is a ratio. The yardstick is a loop of plain Python
that takes about as long on any machine as a fixed number of its own steps; it is interleaved with the runs.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from simulator import load
from simulator.core.luck import Luck
from simulator.core.parameters import override
from simulator.core.terms import Terms
from simulator.model import LEVERS, SCHEDULE
from simulator.simulate import measure, simulate, start
from simulator.world.terms import TERMS

PLAN = Path(__file__).resolve().parents[2] / "scenarios" / "qingdao" / "plan.yaml"
ROUNDS = 9
STEPS = 2_000_000


def yardstick() -> None:
    """Add the numbers below STEPS, one by one."""
    total = 0
    for i in range(STEPS):
        total += i


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def parts(seed: int) -> dict[str, float]:
    """Return the seconds that each part of one run takes."""
    scenario = load(PLAN)
    p = override((*SCHEDULE, *LEVERS.values()), scenario.assumptions)
    luck, spent = Luck(seed), defaultdict(float)
    begun = time.perf_counter()

    def note(name: str) -> None:
        nonlocal begun
        now = time.perf_counter()
        spent[name] += now - begun
        begun = now

    world = start(scenario, luck)
    note("build")
    for year in range(world.region.start_year, scenario.years[1] + 1):
        world.begin(year)
        terms = Terms(TERMS, world, year, world.ledger, luck.at(year, "terms"), world.rules)
        for entry in scenario.in_force(year):
            entry.lever.offer(world, terms, entry, p[entry.lever.name])
        note("offers")
        for mechanism in SCHEDULE:
            mechanism.step(world, terms, p[mechanism.name], luck.at(year, mechanism.name))
            note(mechanism.name)
        world.close_books()
        world.admit()
        measure(world)
        note("books, births and indicators")
    return dict(spent)


def one(seed: int) -> int:
    """Run the plan once in a worker."""
    simulate(load(PLAN), {}, seed)
    return seed


def workers() -> float:
    """Return how many times faster two warm workers get through eight runs than one does."""
    took = {}
    for jobs in (1, 2):
        with ProcessPoolExecutor(jobs) as pool:
            list(pool.map(one, range(jobs)))  # warm
            took[jobs] = seconds(lambda pool=pool: list(pool.map(one, range(8))))  # type: ignore[misc]
    return took[1] / took[2]


def main() -> None:
    """Print the ratios; ``--json`` for machines."""
    scenario = load(PLAN)
    simulate(scenario, {}, 0)  # compiled and warm
    ratios = []
    for seed in range(ROUNDS):
        before = seconds(yardstick)
        run = seconds(lambda seed=seed: simulate(scenario, {}, seed))  # type: ignore[misc]
        ratios.append(run / (0.5 * (before + seconds(yardstick))))
    shares = parts(1)
    whole = sum(shares.values())
    result = {
        "plan run over yardstick, median": statistics.median(ratios),
        "plan run over yardstick, least and most": [min(ratios), max(ratios)],
        "two workers over one": workers(),
        "share of a run": {k: v / whole for k, v in sorted(shares.items(), key=lambda x: -x[1])},
    }
    if "--json" in sys.argv:
        print(json.dumps(result, indent=1))
        return
    print(f"one plan run takes {result['plan run over yardstick, median']:.2f} times the yardstick", end=" ")
    print(f"({min(ratios):.2f} to {max(ratios):.2f} in {ROUNDS} rounds; {STEPS:,} steps of plain Python)")
    print(f"two workers are {result['two workers over one']:.2f} times as fast as one")
    for name, share in result["share of a run"].items():  # type: ignore[attr-defined]
        print(f"  {share:6.1%}  {name}")


if __name__ == "__main__":
    main()
