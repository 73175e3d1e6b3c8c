"""What the outside would have to be like for a revenue target to be met: named paths, and demand that grows faster.

Targets of revenue are never capped or forced. Where one is out of reach, a few more runs say what it would take: its
median under each path of ``paths.csv``, and how many percentage points a year the demand for its sector would have
to grow faster than on the path chosen, from the plan's start on, for the median to meet it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulator.study.pool import Pool
from simulator.study.replicates import (
    SEED_STRIDE,
    Failure,
    Outcome,
    Replicate,
    in_python,
    load_scenario,
    parameters_of,
    refuse_too_many,
    with_command,
)
from simulator.study.tables import series_of
from simulator.study.targets import HEADLINE_KINDS, Target
from simulator.world.region_schema import SECTORS

if TYPE_CHECKING:
    import pandas

    from simulator.core.declare import Indicator
    from simulator.scenario import Scenario
    from simulator.simulate import Run

RUNS = 12
OUT_OF_REACH = 0.10  # probability below which a target is looked at
MOST_POINTS = 64  # percentage points a year, the most that is tried
NEEDED, BEYOND = "needed", "beyond"
PATH, DEMAND = "path", "demand"  # how another outside is named: path:slow, demand:steel+8
# Products of a sector whose indicators do not begin with its name.
PRODUCTS = {"plate": "steel", "casting": "steel", "castings": "steel", "deep": "steel"}
COLUMNS = [
    *("id", "region", "name", "name_zh", "indicator", "year", "unit", "op", "target", "sector", "path"),
    *("extra_growth", "from_year", "median", "met", "runs"),
]


def sector_of(indicator: str) -> str | None:
    """Return the sector whose demand drives an indicator of revenue, by the indicator's name, or None."""
    named = [s for s in SECTORS if indicator == s or indicator.startswith(f"{s}_")]
    return max(named, key=len) if named else PRODUCTS.get(indicator.partition("_")[0])


def out_of_reach(targets: Sequence[Target], probability: Mapping[str, float]) -> list[Target]:
    """Return the outcome and growth targets of a sector's money that fewer than one run in ten meets."""
    return [
        t
        for t in targets
        if t.kind in HEADLINE_KINDS
        and t.indicator is not None
        and sector_of(t.indicator) is not None
        and (t.unit.startswith("CNY") or (t.kind == "growth" and "revenue" in t.indicator))
        and probability.get(t.id, math.nan) < OUT_OF_REACH
    ]


class Lost(NamedTuple):
    """The runs of one other outside that failed, and of how many."""

    name: str
    runs: int
    failures: tuple[Failure, ...]


class Trials:
    """Runs of a scenario in another outside, kept so that targets of one sector share them.

    ``how`` goes to ``Pool``: a cluster, and what keeps finished runs. Of each outside at least one run must come
    through, and of all of them together at least 95 %: else StudyError.
    """

    def __init__(
        self, scenario: Scenario, seed: int = 0, jobs: int | None = None, runs: int = RUNS, **how: Any
    ) -> None:
        self.scenario, self.seed, self.jobs, self.how = scenario, seed, jobs, how
        self.replicates = [_replicate(i, seed) for i in range(runs)]
        self.failures: dict[str, tuple[Failure, ...]] = {}
        self.on_path: Callable[[str], list[Outcome]] = cache(self._on_path)
        self.with_demand: Callable[[str, int], list[Outcome]] = cache(self._with_demand)

    def _on_path(self, path: str) -> list[Outcome]:
        return self._run(f"{PATH}:{path}", path=path)

    def _with_demand(self, sector: str, points: int) -> list[Outcome]:
        return self._run(f"{DEMAND}:{sector}+{points}", sector=sector, points=points)

    def _run(self, name: str, **outside: Any) -> list[Outcome]:
        scenario = in_outside(self.scenario, **outside)
        found = Pool([scenario], self.seed, self.jobs, **self.how).run({0: self.replicates})[0]
        found = with_command(found, lambda r: self._command(r, outside))
        self.failures[name] = tuple(r for r in found if isinstance(r, Failure))
        if len(self.failures[name]) == len(found):
            refuse_too_many(self._called(name), self.failures[name], len(found))
        return [r for r in found if isinstance(r, Outcome)]

    def _command(self, replicate: Replicate, outside: Mapping[str, Any]) -> str:
        changed = "".join(f", {key}={value!r}" for key, value in outside.items())
        call = f"replay({str(self.scenario.path)!r}, {replicate.index}, {self.seed}{changed})"
        return in_python(f"from simulator.study.outside_paths import replay; {call}")

    def _called(self, name: str) -> str:
        return f"{self.scenario.path} in another outside ({name})"

    def lost(self) -> list[Lost]:
        """Return the runs that failed, by outside; raises StudyError where more than one in twenty of all did."""
        lost = [Lost(name, len(self.replicates), mine) for name, mine in self.failures.items() if mine]
        if lost:
            names, runs = ", ".join(one.name for one in lost), len(self.replicates) * len(self.failures)
            refuse_too_many(self._called(names), [f for one in lost for f in one.failures], runs)
        return lost


def _replicate(index: int, seed: int) -> Replicate:
    return Replicate(index, index, seed * SEED_STRIDE + index)  # each with its own draw


def in_outside(scenario: Scenario, path: str | None = None, sector: str = "", points: int = 0) -> Scenario:
    """Return a scenario on a named path, or with demand for a sector that grows by more percentage points a year."""
    if path is not None:
        return replace(scenario, drivers={"all": path})
    own = scenario.counterfactual
    extra = {**own.demand, sector: own.demand.get(sector, 0.0) + points / 100.0}
    first = math.floor(scenario.region.plan_start)
    return replace(scenario, counterfactual=replace(own, demand=extra, demand_from=first))


def replay(file: str | Path, index: int, seed: int = 0, **outside: Any) -> Run:
    """Run one replicate in another outside again in this process; whatever it raises comes through."""
    from simulator.simulate import simulate

    scenario, replicate = in_outside(load_scenario(file), **outside), _replicate(index, seed)
    return simulate(scenario, parameters_of(scenario, replicate.draw, seed), replicate.seed)


def median_of(target: Target, outcomes: Sequence[Outcome], indicators: Mapping[str, Indicator]) -> float:
    """Return the median of a target's figure over runs, in its unit."""
    return float(np.median(target.figures(series_of(outcomes, str(target.indicator)), outcomes[0].years, indicators)))


def least_points(reaches: Callable[[int], bool], most: int = MOST_POINTS) -> int | None:
    """Return the least whole number up to ``most`` at which ``reaches`` is true, by doubling and bisection, or None."""
    low, high = -1, 0
    while not reaches(high):
        if high >= most:
            return None
        low, high = high, min(max(2 * high, 4), most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def paths_needed(trials: Trials, targets: Sequence[Target], indicators: Mapping[str, Indicator]) -> pandas.DataFrame:
    """Return for each target its median under each named path, then the extra growth of demand at which it is met.

    The last row of a target has the path ``needed`` with ``extra_growth`` in 1 / year, or ``beyond`` where even
    the most that is tried does not meet it.
    """
    import pandas

    region, rows = trials.scenario.region, []
    first_year = math.floor(region.plan_start)
    for target in targets:
        sector = str(sector_of(str(target.indicator)))

        def row(
            path: str,
            points: float,
            outcomes: Sequence[Outcome],
            first: int | None,
            t: Target = target,
            s: str = sector,
        ) -> dict[str, Any]:
            median = median_of(t, outcomes, indicators)
            out: dict[str, Any] = {"id": t.id, "region": t.region, "name": t.name.en, "name_zh": t.name.zh}
            out |= {"indicator": t.indicator, "year": t.year, "unit": t.unit, "op": t.op, "target": t.value}
            out |= {"sector": s, "path": path, "extra_growth": points / 100.0, "from_year": first}
            return out | {"median": median, "met": bool(t.met(np.array([median]))[0]), "runs": len(outcomes)}

        def reaches(points: int, t: Target = target, s: str = sector) -> bool:
            return bool(t.met(np.array([median_of(t, trials.with_demand(s, points), indicators)]))[0])

        rows += [row(path, 0.0, trials.on_path(path), None) for path in region.paths]
        points = least_points(reaches)
        found = MOST_POINTS if points is None else points
        name = BEYOND if points is None else NEEDED
        rows.append(row(name, float(found), trials.with_demand(sector, found), first_year))
    return pandas.DataFrame(rows, columns=COLUMNS)
