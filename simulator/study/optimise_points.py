"""The points of a front: which mixes are scored again, and what two sets of runs say of them.

How much better they look on the panel of the search than on runs that it never saw is its optimism.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.study.optimise_aims import (
    RISING,
    Goal,
    Judged,
    best_known,
    errors_of,
    over_budget,
    runs_of,
    standard_error,
    values_of,
)
from simulator.study.optimise_doses import Changes
from simulator.study.optimise_search import Found, spread_out

ALWAYS = ("shortfall", "probability", "cost")  # said of every point, aimed at or not
NEAR = 0.02  # how far below its demand the worst target may lie for a mix to be scored again as a candidate


@dataclass(frozen=True)
class Point:
    """A mix: its doses, and by aim what the panel said and what unseen runs say, each with a standard error.

    ``against`` is the paired difference from the plan as written on the unseen runs; ``met`` the probability of each
    target. ``number`` counts along the front from 1; 0 is the plan as written.
    """

    number: int
    doses: tuple[float, ...]
    changes: Changes
    panel: Mapping[str, tuple[float, float]]
    scored: Mapping[str, tuple[float, float]]
    against: Mapping[str, tuple[float, float]]
    met: Mapping[str, float]


@dataclass(frozen=True)
class Dropped:
    """A mix that the search found and unseen runs did not bear out: ``why`` is ``budget`` or ``bettered``."""

    doses: tuple[float, ...]
    why: str
    scored: Mapping[str, tuple[float, float]]


def smaller_is_better(aims: Sequence[str], points: Sequence[Point | Dropped]) -> np.ndarray:
    """Return the aims of points on unseen runs, (n, A), turned so that less is better."""
    signs = np.array([-1.0 if aim in RISING else 1.0 for aim in aims])
    return np.array([[p.scored[aim][0] for aim in aims] for p in points]).reshape(-1, len(aims)) * signs


def candidates(found: Found, goal: Goal, count: int) -> list[int]:
    """Return the mixes that are scored again: along the front; where a demand is made, half of them next to it."""
    front = found.front()
    if goal.least is None or len(front) <= count:
        return [front[k] for k in spread_out(found.scores.f[front], count)] if front else []
    near = sorted((k for k in front if found.scores.f[k, 1] <= NEAR), key=lambda k: float(found.scores.f[k, 0]))
    chosen = near[: count // 2]
    rest = [k for k in front if k not in chosen]
    return chosen + [rest[k] for k in spread_out(found.scores.f[rest], count - len(chosen))]


def points_of(
    goal: Goal, doses: Sequence[tuple[float, ...]], changes: Sequence[Changes], seen: Judged, unseen: Judged
) -> list[Point]:
    """Return the plan as written (number 0) and the candidates, judged on both sets of runs."""
    panel, scored = _with_errors(goal, seen), _with_errors(goal, unseen)
    met = np.nanmean(unseen.met, axis=1)
    out = []
    for k, (dose, change) in enumerate(zip(doses, changes, strict=True)):
        by_target = {t.id: float(met[k, j]) for j, t in enumerate(goal.targets)}
        against = {} if k == 0 else _against(goal, unseen, k, scored)
        out.append(Point(k, dose, change, panel[k], scored[k], against, by_target))
    return out


def _shown_aims(goal: Goal) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*goal.aims, *ALWAYS)))


def _with_errors(goal: Goal, found: Judged) -> list[dict[str, tuple[float, float]]]:
    names = _shown_aims(goal)
    best = best_known(found, over_budget(found, goal) <= 0.0)
    values = values_of(names, found, goal, best)
    errors = np.stack([errors_of(name, found, goal, best) for name in names], axis=1)
    rows = zip(values.tolist(), errors.tolist(), strict=True)
    return [{n: (v, e) for n, v, e in zip(names, vs, es, strict=True)} for vs, es in rows]


def _against(
    goal: Goal, found: Judged, k: int, scored: Sequence[Mapping[str, tuple[float, float]]]
) -> dict[str, tuple[float, float]]:
    out = {}
    for aim in _shown_aims(goal):
        runs = runs_of(aim, found, goal)
        error = standard_error((runs[k] - runs[0])[None], found.draws)[0] if aim != "regret" else scored[k][aim][1]
        out[aim] = (scored[k][aim][0] - scored[0][aim][0], float(error))
    return out


def optimism(goal: Goal, seen: Judged, unseen: Judged) -> dict[str, tuple[float, float]]:
    """Return by aim how much better the points look on the panel than on unseen runs, in the mean, with its error."""
    if not len(seen.cost):
        return {}
    out = {}
    for aim in goal.aims:
        ends = []
        for found in (seen, unseen):
            best = best_known(found, over_budget(found, goal) <= 0.0)
            value = float(values_of([aim], found, goal, best).mean())
            if aim == "regret":
                ends.append((value, float(errors_of(aim, found, goal, best).mean())))
            else:
                mean = runs_of(aim, found, goal).mean(axis=0)[None]
                ends.append((value, float(np.nan_to_num(standard_error(mean, found.draws))[0])))
        sign = 1.0 if aim in RISING else -1.0
        out[aim] = (sign * (ends[0][0] - ends[1][0]), float(np.hypot(ends[0][1], ends[1][1])))
    return out


def answer(goal: Goal, points: Sequence[Point]) -> Point | None:
    """Return the cheapest point that does on unseen runs what was demanded, None where none does."""
    if goal.least is None:
        return None
    enough = [p for p in points if p.scored["probability"][0] >= goal.least - 1e-12]
    return min(enough, key=lambda p: p.scored["cost"][0]) if enough else None
