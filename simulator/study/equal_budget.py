"""Mixes at equal budget: the doses of each are scaled by one factor until it adds the same net cost to the baseline.

What is scaled are the entries that a mix adds to the baseline or sets differently: their money, numbers a year and
coverage, as ``plan_doses.raised`` does. The factor is found on a few paired runs, with the draws and luck of the first
runs of the comparison, and set right on more of them; the comparison says what the mixes then cost in all its runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Place, Problems

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.scenario_entries import Entry

RUNS, MORE_RUNS = 16, 48  # paired runs of the search, and of the corrections after it
CORRECTIONS = 3
TOLERANCE = 0.01  # of the amount
LARGEST = 64.0  # factor tried
STEPS = 24
_OPTION = "--equal-budget"


@dataclass(frozen=True)
class Scaling:
    """How a mix was brought to a budget: its factor, and the net cost that it then adds (CNY, mean of ``runs``).

    ``scaled`` are the entries whose doses were multiplied, ``capped`` those of them with a setting at its upper bound,
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


def scaled(scenario: Scenario, ids: Sequence[str], factor: float) -> Scenario:
    """Return a scenario with the doses of some entries times a factor, each at most what its setting allows."""
    from simulator.study.plan_doses import raised

    return replace(scenario, entries=tuple(raised(e, factor) if e.id in ids else e for e in scenario.entries))


def capped_at(entry: Entry, factor: float) -> bool:
    """Return whether a factor would take a dose of an entry beyond what its setting allows."""
    from simulator.study.plan_doses import doses

    return any(value * factor > high for _, value, high in doses(entry))


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
) -> list[tuple[Scenario, Scaling]]:
    """Return each scenario with its doses scaled so that it adds ``amount`` (CNY) to the baseline, and how.

    The amount is net public cost over the scenario's years, mean over ``MORE_RUNS`` paired runs. Raises InputError
    with every scenario that cannot be brought to it: nothing to scale, or the amount out of reach of its doses.
    """
    from simulator.study.plan_doses import doses

    problems, out = Problems(), []
    added_by = _Added(baseline, seed, jobs)
    for scenario, name in zip(scenarios, names, strict=True):
        own = own_entries(baseline, scenario)
        movable = tuple(e.id for e in own if any(doses(e)))
        fixed = tuple(e.id for e in own if e.id not in movable)
        place = Place(str(scenario.path))
        if not movable:
            allowed = "a mix that adds or changes an entry with money, numbers a year or coverage"
            problems.add(place, f"{_OPTION}: no dose of {name} differs from the baseline's", allowed=allowed)
            continue

        def cost(factor: float, runs: int = RUNS, mix: Scenario = scenario, ids: tuple[str, ...] = movable) -> float:
            return added_by(scaled(mix, ids, factor), runs, (mix, factor))

        try:
            factor, added = _corrected(cost, amount)
        except _OutOfReach as error:
            problems.add(
                place, f"{_OPTION}: the doses of {name} cannot be scaled to it", read=amount, allowed=str(error)
            )
            continue
        capped = tuple(e.id for e in own if e.id in movable and capped_at(e, factor))
        record = Scaling(name, factor, amount, added, cost(1.0), MORE_RUNS, movable, capped, fixed)
        out.append((scaled(scenario, movable, factor), record))
    problems.raise_any()
    return out


class _OutOfReach(Exception):
    """No factor brings a mix to the amount; the message says what its doses can cost."""


def _corrected(cost: Callable[[float, int], float], amount: float) -> tuple[float, float]:
    """Return the factor at which a mix adds an amount in ``MORE_RUNS`` runs, and what it adds there.

    The search takes fewer runs; its last steps are repeated on more, along the secant of the cost.
    """
    seen: dict[float, float] = {}

    def few(factor: float) -> float:
        seen[factor] = cost(factor, RUNS)
        return seen[factor]

    factor, added = factor_for(few, amount, TOLERANCE * amount)
    if abs(added - amount) > TOLERANCE * amount:
        most = max(seen)
        if factor in (0.0, most):
            raise _OutOfReach(
                f"{seen[0.0] / 1e6:.4g} to {seen[most] / 1e6:.4g} MCNY, what factors of 0 to {most:g} add"
            )
        raise _OutOfReach(f"near {added / 1e6:.4g} MCNY, since counts are whole numbers")
    slope = (seen[factor] - seen[0.0]) / factor
    found = [(factor, cost(factor, MORE_RUNS))]
    while abs(found[-1][1] - amount) > TOLERANCE * amount and len(found) <= CORRECTIONS:
        (last, got) = found[-1]
        factor = max(last + (amount - got) / slope, 0.0)
        found.append((factor, cost(factor, MORE_RUNS)))
        if found[-1][0] != last and (found[-1][1] - got) / (found[-1][0] - last) > 0.0:
            slope = (found[-1][1] - got) / (found[-1][0] - last)
    return min(found, key=lambda point: abs(point[1] - amount))


class _Added:
    """The mean net public cost that scenarios add to a baseline over the years, in CNY; each is run once."""

    def __init__(self, baseline: Scenario, seed: int, jobs: int | None) -> None:
        self.baseline, self.seed, self.jobs = baseline, seed, jobs
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
            self.held[key] = np.concatenate([before, run_design(design, jobs=self.jobs).outcome("cost.net")])
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
