"""Which doses of the plan's own measures would meet a target at the evidence's parameters.

The measures whose levers raise a target's indicator in the influence table get twice, four and eight times their money,
numbers a year and coverage, up to what a setting allows; programmes that began before the year of the plan keep theirs.
The runs have the draws and the luck of those of the plan.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import numpy as np

from simulator.scenario import Scenario
from simulator.scenario_entries import Entry
from simulator.study.plan_points import Point, PointRunner, Reached, plain_figure
from simulator.study.replicates import values_of
from simulator.study.targets import CALIBRATION, Target

TABLE = CALIBRATION / "influence.csv"
FACTORS = (2, 4, 8)
RUNS = 8
ENOUGH = 0.5  # share of runs that must meet the target
ALONE = 3  # levers tried alone for each target
MONEY = ("budget", "pool", "capital_per_year", "interest_budget")
NUMBERS = ("platforms", "alliances")  # counted once and not by the year
COVERAGE = (
    *("access", "adoption", "cover_rate", "facilitation", "founder_help", "help", "loan_interest", "loss_share"),
    *("outreach", "purchase_share", "rd_support", "strength", "simpler", "supervision"),
)


@dataclass(frozen=True)
class Step:
    """What some levers at ``factor`` times the plan's doses do: share of runs that meet the target, median share of
    it attained, net public cost above the plan's in CNY a year of the plan."""

    factor: int
    met: float
    attained: float
    cost: float


@dataclass(frozen=True)
class Dose:
    """The doses tried for a target: its ``levers`` in the plan together, step by step, and some alone at one factor.

    ``needed`` is the least factor at which half of the runs meet it, None where none does; ``plan`` what the plan's own
    doses give; ``limited`` the levers of which some setting reaches the most that it allows before the last factor.
    """

    target: str
    levers: tuple[str, ...]
    plan: Step
    steps: tuple[Step, ...]
    needed: int | None
    alone: tuple[tuple[str, Step], ...]
    limited: tuple[str, ...] = ()


@dataclass(frozen=True)
class Everything:
    """All measures of the plan at some factor: targets met by at least half of the runs, and the cost a year, NaN
    where no run came through."""

    factor: int
    met: int
    cost: float


@cache
def _influence() -> tuple[dict[str, str], ...]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def levers_for(target: Target, scenario: Scenario) -> tuple[str, ...]:
    """Return the levers in a scenario that raise a target's indicator, the strongest at its usual dose first.

    From the city's part of the influence table, else Qingdao's; a lever that it does not hold counts by what it says
    that it moves.
    """
    rows = [row for row in _influence() if row["indicator"] == target.indicator]
    own = [row for row in rows if row["city"] == scenario.region.id]
    found: dict[str, float] = {}
    for row in own or [row for row in rows if row["city"] == "qingdao"]:
        if row["above_noise"] == "yes" and float(row["effect"]) > 0.0:
            found[row["lever"]] = max(found.get(row["lever"], 0.0), float(row["effect"]))
    known = {row["lever"] for row in _influence()}
    used = {entry.lever.name: entry.lever for entry in scenario.entries if of_the_plan(entry, scenario)}
    own_word = [n for n, lever in used.items() if n not in known and lever.moves.get(str(target.indicator), 0) > 0]
    return tuple(sorted((n for n in found if n in used), key=lambda n: (-found[n], n))) + tuple(own_word)


def raised(entry: Entry, factor: float) -> Entry:
    """Return an entry with its money, numbers and coverage times a factor, each at most what the setting allows."""
    changes = {name: type(value)(min(value * factor, high)) for name, value, high in doses(entry)}
    return replace(entry, settings=replace(entry.settings, **changes)) if changes else entry


def doses(entry: Entry) -> Iterator[tuple[str, float, float]]:
    """Yield the settings of an entry that a larger dose raises: name, value, and the most that is allowed."""
    for f in fields(entry.settings):
        value, high = getattr(entry.settings, f.name), f.metadata.get("high")
        if isinstance(value, bool) or not isinstance(value, int | float) or not value:
            continue
        if f.name in (*MONEY, *NUMBERS, *COVERAGE) or f.name.endswith("_per_year"):
            yield f.name, value, math.inf if high is None else high


def limited(scenario: Scenario, levers: Sequence[str], factor: float = FACTORS[-1]) -> tuple[str, ...]:
    """Return the levers of which some setting cannot have ``factor`` times its value in the plan."""
    mine = [e for e in scenario.entries if e.lever.name in levers and of_the_plan(e, scenario)]
    found = {e.lever.name for e in mine if any(value * factor > high for _, value, high in doses(e))}
    return tuple(name for name in levers if name in found)


def of_the_plan(entry: Entry, scenario: Scenario) -> bool:
    """Return whether an entry begins with the plan or later; what is older belongs to the city's earlier programmes."""
    return entry.start >= math.floor(scenario.region.plan_start)


def dosed(scenario: Scenario, levers: Sequence[str], factor: float) -> Scenario:
    """Return a scenario whose measures of the plan with some levers have a larger dose."""
    wanted = [e.lever.name in levers and of_the_plan(e, scenario) for e in scenario.entries]
    entries = tuple(raised(e, factor) if mine else e for e, mine in zip(scenario.entries, wanted, strict=True))
    return replace(scenario, entries=entries)


class _Search:
    """Runs scenarios with the draws and the luck of the plan's runs, each scenario once."""

    def __init__(self, scenario: Scenario, runner: PointRunner) -> None:
        self.scenario, self.runner = scenario, runner
        self.draws = [values_of(k, runner.seed) for k in range(RUNS)]
        self.years = max(scenario.years[1] + 1.0 - scenario.region.plan_start, 1.0)
        self.seen: dict[tuple[tuple[str, ...], int], Reached] = {}

    def run(self, wanted: Sequence[tuple[tuple[str, ...], int]]) -> None:
        """Run what is wanted, levers with a factor, and not there yet."""
        new = [key for key in dict.fromkeys(wanted) if key not in self.seen]
        scenarios = [dosed(self.scenario, *key) for key in new]
        points = [Point(s, values, (k,)) for s in scenarios for k, values in enumerate(self.draws)]
        found = self.runner.run(points)
        for i, key in enumerate(new):
            mine = found[i * RUNS : (i + 1) * RUNS]
            self.seen[key] = Reached(np.vstack([m.figures for m in mine]), np.concatenate([m.costs for m in mine]))

    def cost(self, key: tuple[tuple[str, ...], int]) -> float:
        """Return the mean net public cost above the plan's in CNY a year of the plan, NaN where no run came through."""
        more = self.seen[key].costs - self.seen[(), 1].costs
        known = more[np.isfinite(more)]
        return float(known.mean()) / self.years if known.size else math.nan

    def step(self, key: tuple[tuple[str, ...], int], column: int) -> Step:
        """Return what levers at a factor do for a target."""
        reached, plan = self.seen[key], self.runner.plan
        met = float(plan.met(reached.figures)[:, column].mean())
        attained = float(np.median(plan.attained(reached.figures)[:, column]))
        return Step(key[1], met, attained, self.cost(key))


def search(
    wanted: Sequence[tuple[Target, int]], scenario: Scenario, runner: PointRunner
) -> tuple[list[Dose], list[Everything]]:
    """Return which doses meet each of some targets (with its column), and what all measures together do."""
    found = _Search(scenario, runner)
    levers = {target.id: levers_for(target, scenario) for target, _ in wanted}
    everything = tuple(sorted({entry.lever.name for entry in scenario.entries if of_the_plan(entry, scenario)}))
    keys = [(names, factor) for names in levers.values() for factor in FACTORS if names]
    found.run([((), 1), *((everything, f) for f in FACTORS), *keys])
    together = {t.id: _together(found, levers[t.id], column) for t, column in wanted}
    alone = {t.id: _alone(levers[t.id], together[t.id][1]) for t, _ in wanted}
    found.run([key for keys_ in alone.values() for key in keys_])
    doses = []
    for target, column in wanted:
        steps, needed = together[target.id]
        single = tuple((key[0][0], found.step(key, column)) for key in alone[target.id])
        mine = levers[target.id]
        plan = found.step(((), 1), column)
        doses.append(Dose(target.id, mine, plan, steps, needed, single, limited(scenario, mine)))
    return doses, [_everything(found, (everything, f)) for f in FACTORS]


def _together(found: _Search, levers: tuple[str, ...], column: int) -> tuple[tuple[Step, ...], int | None]:
    steps = tuple(found.step((levers, f), column) for f in FACTORS) if levers else ()
    return steps, next((s.factor for s in steps if s.met >= ENOUGH), None)


def _alone(levers: tuple[str, ...], needed: int | None) -> list[tuple[tuple[str, ...], int]]:
    return [((name,), needed or FACTORS[-1]) for name in levers[:ALONE]] if len(levers) > 1 else []


def _everything(found: _Search, key: tuple[tuple[str, ...], int]) -> Everything:
    share = found.runner.plan.met(found.seen[key].figures).mean(axis=0)
    return Everything(key[1], int((share >= ENOUGH).sum()), found.cost(key))


def as_plain(dose: Dose) -> Mapping[str, Any]:
    """Return a target's doses as plain values."""

    def plain(step: Step) -> dict[str, float | None]:
        figures = {"attained": plain_figure(step.attained), "cost": plain_figure(step.cost, 0)}
        return {"factor": step.factor, "met": step.met, **figures}

    return {
        "levers": list(dose.levers),
        "plan": plain(dose.plan),
        "steps": [plain(s) for s in dose.steps],
        "needed": dose.needed,
        "alone": [{"lever": name, **plain(step)} for name, step in dose.alone],
        "limited": list(dose.limited),
    }
