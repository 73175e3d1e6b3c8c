"""How far from the evidence a target comes true: parameters are pushed, run by run, until it is met.

All others stay at the evidence's values. A push goes along one parameter, or along all that move the target together,
in steps of prior standard deviations; the first step at which at least half of the runs meet the target is found by
halving, which takes for granted that a longer push does not undo what a shorter one did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.core.parameters import ParameterRow
from simulator.scenario import Scenario
from simulator.study.plan_fit import Answer, Evidence, Shift, direction_of, shifts_of
from simulator.study.plan_points import Point, PointRunner, Reached
from simulator.study.priors import to_natural

STEPS = (0.5, 1.0, 1.64, 2.0, 3.0, 4.0, 6.0)  # prior standard deviations; 1.64 is just inside a 90 % range
LUCKS = (0, 1, 2, 3)
ENOUGH = 0.5  # share of runs that must meet the target
ALONE = 3  # parameters tried alone for each target
SHOWN = 8  # parameters kept of a push along many


@dataclass(frozen=True)
class Push:
    """One push for a target: ``parameter`` or, if None, all that move it together.

    ``distance`` in prior standard deviations at which it is met, None where the longest push does not do; ``attained``
    the median share of the target there; ``shifts`` the values there, the farthest from the evidence first.
    """

    target: str
    parameter: str | None
    distance: float | None
    attained: float
    met: float
    shifts: tuple[Shift, ...]


@dataclass
class _Case:
    """A search under way: it is met at step ``high`` and not at ``low`` (-1: at the evidence)."""

    target: str
    column: int
    parameter: str | None
    direction: np.ndarray
    low: int = -1
    high: int = len(STEPS)
    best: tuple[float, float] = (0.0, 0.0)

    @property
    def next(self) -> int | None:
        """Return the step to try, None where the search has ended."""
        last = len(STEPS) - 1
        if self.high > last:
            return None if self.low == last else last
        return None if self.high - self.low == 1 else (self.low + self.high) // 2

    def saw(self, step: int, met: float, attained: float) -> None:
        """Take in what a step gave."""
        if met >= ENOUGH:
            self.high, self.best = step, (met, attained)
        else:
            self.low = step
            if self.high == len(STEPS):
                self.best = (met, attained)


def read_target(runner: PointRunner, reached: Reached, column: int) -> tuple[float, float]:
    """Return the share of a point's runs that meet a target, and the median share of it that they attain."""
    met = runner.plan.met(reached.figures)[:, column].mean()
    return float(met), float(np.median(runner.plan.attained(reached.figures)[:, column]))


def point_at(scenario: Scenario, rows: Sequence[ParameterRow], z: np.ndarray) -> Point:
    """Return the scenario with the parameters ``z`` (P,), to be run with the luck of all pushes."""
    values = to_natural(rows, z[None])[0].tolist()
    return Point(scenario, dict(zip((row.name for row in rows), values, strict=True)), LUCKS)


def at_the_evidence(runner: PointRunner, scenario: Scenario, rows: Sequence[ParameterRow]) -> Reached:
    """Return what the plan reaches with every parameter at its declared value."""
    return runner.run([point_at(scenario, rows, np.zeros(len(rows)))])[0]


def cases_of(answer: Answer, column: int, rows: Sequence[ParameterRow]) -> list[_Case]:
    """Return the pushes to be tried for one target: the parameters that move it most, alone, and all together."""
    at = {row.name: k for k, row in enumerate(rows)}
    out = []
    for s in answer.shifts[:ALONE]:
        direction = np.zeros(len(rows))
        direction[at[s.parameter]] = np.sign(s.shift)
        out.append(_Case(answer.name, column, s.parameter, direction))
    if len(answer.shifts) > 1:
        out.append(_Case(answer.name, column, None, direction_of(answer, rows)))
    return out


def push(
    answers: Sequence[tuple[Answer, int]],
    scenario: Scenario,
    rows: Sequence[ParameterRow],
    runner: PointRunner,
    evidence: Evidence | None = None,
) -> list[Push]:
    """Return how far parameters have to be pushed for each target (with its column) to be met."""
    cases = [case for answer, column in answers for case in cases_of(answer, column, rows)]
    while active := [(case, step) for case in cases if (step := case.next) is not None]:
        points = [point_at(scenario, rows, STEPS[step] * case.direction) for case, step in active]
        for (case, step), reached in zip(active, runner.run(points), strict=True):
            case.saw(step, *read_target(runner, reached, case.column))
    return [_finished(case, rows, evidence) for case in cases]


def _finished(case: _Case, rows: Sequence[ParameterRow], evidence: Evidence | None) -> Push:
    found = case.high < len(STEPS)
    step = STEPS[case.high] if found else STEPS[-1]
    met, attained = case.best
    shifts = shifts_of(rows, step * case.direction, evidence)[:SHOWN]
    return Push(case.target, case.parameter, step if found else None, attained, met, shifts)
