"""Mixes at equal budget: the doses of each are scaled by one factor until it adds the same net cost to the baseline.

What is scaled are the doses that a mix adds to the baseline's: money, numbers a year and coverage of the entries that
it adds, and how far those that it changes lie from the baseline's. What both share, the years before a plan too, stays
as it is. The factor is found on a few paired runs, with the draws and luck of the first runs of the comparison, and set
right on all of them up to a hundred; the comparison says what the mixes then cost in its runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Place, Problems

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.scenario_entries import Entry

RUNS, MORE_RUNS = 16, 100  # paired runs of the search, and at most of the corrections after it
CORRECTIONS = 3
TOLERANCE = 0.01  # of the amount
LARGEST = 64.0  # factor tried
STEPS = 24
_OPTION = "--equal-budget"


@dataclass(frozen=True)
class Scaling:
    """How a mix was brought to a budget: its factor, and the net cost that it then adds (CNY, mean of ``runs``).

    ``scaled`` are the entries whose doses were moved, ``capped`` those of them with a setting at its upper bound,
    ``fixed`` those that the mix adds or changes but that have no dose to scale.
    """

    scenario: str
    factor: float
    amount: float
    added: float
    added_as_given: float
    runs: int
    scaled: tuple[str, ...]
    capped: tuple[str, ...]
    fixed: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def own_entries(baseline: Scenario, scenario: Scenario) -> tuple[Entry, ...]:
    """Return the entries of a scenario that its baseline lacks or sets differently."""
    before = {e.id: e.resolved() for e in baseline.entries}
    return tuple(e for e in scenario.entries if before.get(e.id) != e.resolved())


def own_doses(baseline: Scenario, entry: Entry) -> list[tuple[str, float, float, float]]:
    """Return the doses of an entry that are not the baseline's: setting, baseline's value, own, the most allowed.

    The baseline's is 0 where it has no such entry.
    """
    from simulator.study.plan_doses import doses

    mine = (e for e in baseline.entries if e.id == entry.id and e.lever.name == entry.lever.name)
    before = next((e.settings for e in mine), None)
    found = [(name, getattr(before, name, 0.0) or 0.0, value, high) for name, value, high in doses(entry)]
    return [dose for dose in found if dose[1] != dose[2]]


def scaled(baseline: Scenario, scenario: Scenario, ids: Sequence[str], factor: float) -> Scenario:
    """Return a scenario in which some entries' doses lie ``factor`` times as far from the baseline's as they did.

    Each stays between 0 and the most that its setting allows.
    """

    def moved(entry: Entry) -> Entry:
        changes = {
            name: type(value)(min(max(before + (value - before) * factor, 0.0), high))
            for name, before, value, high in own_doses(baseline, entry)
        }
        return replace(entry, settings=replace(entry.settings, **changes))

    return replace(scenario, entries=tuple(moved(e) if e.id in ids else e for e in scenario.entries))


def capped_at(baseline: Scenario, entry: Entry, factor: float) -> bool:
    """Return whether a factor would take a dose of an entry beyond what its setting allows."""
    return any(before + (value - before) * factor > high for _, before, value, high in own_doses(baseline, entry))


def factor_for(cost: Callable[[float], float], amount: float, tolerance: float) -> tuple[float, float]:
    """Return the factor at which a cost that rises with it comes within ``tolerance`` of an amount, and that cost.

    Doubles or halves to bracket the amount, then halves the bracket, or cuts it by the secant where that is narrower.
    Returns the end of the range, with its cost, where the amount lies beyond it.
    """
    low, high = (0.0, cost(0.0)), (1.0, cost(1.0))
    if low[1] >= amount:
        return low
    while high[1] < amount - tolerance:
        if high[0] >= LARGEST:
            return high
        low, high = high, (2.0 * high[0], cost(2.0 * high[0]))
    best = min(low, high, key=lambda point: abs(point[1] - amount))
    for step in range(STEPS):
        if abs(best[1] - amount) <= tolerance:
            break
        share = (amount - low[1]) / (high[1] - low[1]) if step % 3 < 2 and high[1] > low[1] else 0.5
        middle = low[0] + min(max(share, 0.01), 0.99) * (high[0] - low[0])
        found = (middle, cost(middle))
        low, high = (found, high) if found[1] < amount else (low, found)
        best = min(best, found, key=lambda point: abs(point[1] - amount))
    return best


def at_equal_budget(
    baseline: Scenario,
    scenarios: Sequence[Scenario],
    names: Sequence[str],
    amount: float,
    *,
    seed: int = 0,
    jobs: int | None = None,
    runs: int = MORE_RUNS,
    cluster: str | None = None,
    folder: Path | None = None,
) -> list[tuple[Scenario, Scaling]]:
    """Return each scenario with its doses scaled so that it adds ``amount`` (CNY) to the baseline, and how.

    The amount is net public cost over the scenario's years, mean over the first ``runs`` paired runs (at most
    ``MORE_RUNS``): where the comparison has no more, it is the amount in all of them. They take place on a
    ``cluster`` where one is given, and are kept in a ``folder`` where one is, as those of a study. Raises InputError
    with every scenario that cannot be brought to it: nothing to scale, or the amount out of reach of its doses.
    """
    problems, out = Problems(), []
    last = min(runs, MORE_RUNS)
    added_by = _Added(baseline, seed, {"jobs": jobs, "cluster": cluster, "folder": folder})
    for scenario, name in zip(scenarios, names, strict=True):
        own = own_entries(baseline, scenario)
        movable = tuple(e.id for e in own if own_doses(baseline, e))
        fixed = tuple(e.id for e in own if e.id not in movable)
        place = Place(str(scenario.path))
        if not movable:
            allowed = "a mix that adds or changes an entry with money, numbers a year or coverage"
            problems.add(place, f"{_OPTION}: no dose of {name} differs from the baseline's", allowed=allowed)
            continue

        def cost(factor: float, runs: int = last, mix: Scenario = scenario, ids: tuple[str, ...] = movable) -> float:
            return added_by(scaled(baseline, mix, ids, factor), runs, (mix, factor))

        try:
            factor, added = _corrected(cost, amount, last)
        except _OutOfReach as error:
            problems.add(
                place, f"{_OPTION}: the doses of {name} cannot be scaled to it", read=amount, allowed=str(error)
            )
            continue
        capped = tuple(e.id for e in own if e.id in movable and capped_at(baseline, e, factor))
        record = Scaling(name, factor, amount, added, cost(1.0, min(RUNS, last)), last, movable, capped, fixed)
        out.append((scaled(baseline, scenario, movable, factor), record))
    problems.raise_any()
    return out


class _OutOfReach(Exception):
    """No factor brings a mix to the amount; the message says what its doses can cost."""


def _corrected(cost: Callable[[float, int], float], amount: float, runs: int) -> tuple[float, float]:
    """Return the factor at which a mix adds an amount in so many runs, and what it adds there.

    The search takes fewer runs; its last steps are repeated on more, along the secant of the cost.
    """
    seen: dict[float, float] = {}

    def few(factor: float) -> float:
        seen[factor] = cost(factor, min(RUNS, runs))
        return seen[factor]

    factor, added = factor_for(few, amount, TOLERANCE * amount)
    if abs(added - amount) > TOLERANCE * amount:
        most = max(seen)
        if factor in (0.0, most):
            raise _OutOfReach(
                f"{seen[0.0] / 1e6:.4g} to {seen[most] / 1e6:.4g} MCNY, what factors of 0 to {most:g} add"
            )
        raise _OutOfReach(f"near {added / 1e6:.4g} MCNY, since counts are whole numbers")
    far = factor or max(seen)  # a mix can cost the amount with none of its own doses
    slope = (seen[far] - seen[0.0]) / far
    found = [(factor, cost(factor, runs))]
    while slope > 0.0 and abs(found[-1][1] - amount) > TOLERANCE * amount and len(found) <= CORRECTIONS:
        (last, got) = found[-1]
        factor = max(last + (amount - got) / slope, 0.0)
        found.append((factor, cost(factor, runs)))
        if found[-1][0] != last and (found[-1][1] - got) / (found[-1][0] - last) > 0.0:
            slope = (found[-1][1] - got) / (found[-1][0] - last)
    return min(found, key=lambda point: abs(point[1] - amount))


class _Added:
    """The mean net public cost that scenarios add to a baseline over the years, in CNY; each is run once."""

    def __init__(self, baseline: Scenario, seed: int, how: Mapping[str, Any]) -> None:
        self.baseline, self.seed, self.how = baseline, seed, how
        self.held: dict[Any, np.ndarray] = {}

    def __call__(self, scenario: Scenario, runs: int, key: Any) -> float:
        difference = self._costs(scenario, runs, key)[:runs] - self._costs(self.baseline, runs, None)[:runs]
        return float(np.nanmean(difference))

    def _costs(self, scenario: Scenario, runs: int, key: Any) -> np.ndarray:
        """Return the costs of the first runs, at least ``runs``, in CNY; NaN where one failed."""
        from simulator.study.design import Design, Outcomes, crossed
        from simulator.study.runner import run_design

        before = self.held.get(key, np.empty(0))
        if len(before) < runs:
            rows = tuple(crossed(0, [{}], runs - len(before), start=len(before)))
            design = Design((scenario,), rows, Outcomes(("cost.net",), {}), self.seed)
            self.held[key] = np.concatenate([before, run_design(design, **self.how).outcome("cost.net")])
        return self.held[key]


def read_amount(text: str | None) -> float | None:
    """Return the amount in a text such as ``500MCNY`` in CNY; raises InputError for one that is no sum above zero."""
    from simulator.core.reading import node_of
    from simulator.scenario_entries import read_number

    if text is None:
        return None
    problems, place = Problems(), Place(_OPTION)
    try:
        amount = read_number(node_of(float(text), place), "CNY", problems, "amount")
    except ValueError:
        amount = read_number(node_of(text, place), "CNY", problems, "amount")
    if amount is not None and amount <= 0.0:
        problems.add(place, "amount", read=text, allowed="a sum above zero, such as 500MCNY")
    if problems.found or amount is None:
        raise InputError(problems.found)
    return amount
