"""The search: NSGA-II (Deb et al. 2002) by ask and tell over the levels of doses, on a panel of runs that grows.

A cheap panel first; what it does not rule out goes on to a larger one. The search knows neither scenarios nor runs:
``evaluate`` judges mixes, so that a planted problem takes the same path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

FAILED = 1e30  # the figure of a mix none of whose runs came through
Levels = tuple[int, ...]


@dataclass(frozen=True)
class Effort:
    """How hard to search: mixes a generation, generations and runs of the panel, twice; then points and their runs.

    ``scored`` is even, so that no draw is in both the panel and the runs that score the front again.
    """

    population: int = 32
    panel: int = 8
    generations: int = 12
    second_population: int = 24
    second_panel: int = 24
    second_generations: int = 5
    points: int = 12
    scored: int = 100

    def __post_init__(self) -> None:
        """Refuse what cannot be searched with."""
        for f in fields(self):
            least = 2 if f.name in ("panel", "second_panel", "scored", "population", "second_population") else 1
            value = getattr(self, f.name)
            if type(value) is not int or value < least:
                raise ValueError(f"{f.name} must be a whole number of at least {least}")
        if self.scored % 2 or self.second_panel < self.panel:
            raise ValueError("scored must be even, and the second panel at least as large as the first")

    @property
    def runs(self) -> int:
        """Return how many runs it takes at most; mixes that come up again are not run again."""
        first = self.population * self.generations * self.panel
        second = self.second_population * self.second_generations * self.second_panel
        beside = 2 * self.second_panel  # the plan as written, and without what is dosed
        return first + second + beside + (self.points + 2) * self.scored


EFFORTS: Mapping[str, Effort] = {
    "quick": Effort(16, 4, 6, 12, 8, 3, 8, 40),
    "default": Effort(),
    "thorough": Effort(48, 12, 16, 32, 40, 8, 16, 200),
}


@dataclass(frozen=True)
class Scores:
    """What the search is told: aims to make small ``f`` (n, A) and by how much limits are broken ``g`` (n,)."""

    f: np.ndarray
    g: np.ndarray


Evaluate = Callable[[Sequence[Levels], int], Scores]  # mixes, runs of the panel


@dataclass(frozen=True)
class Found:
    """Mixes that were judged on the same panel, with their scores."""

    mixes: tuple[Levels, ...]
    scores: Scores

    def front(self) -> list[int]:
        """Return the numbers of the mixes within the limits that none of these betters, by their first aim."""
        allowed = np.flatnonzero(self.scores.g <= 0.0)
        mine = [int(k) for k in allowed[ranks(self.scores.f[allowed]) == 0]] if allowed.size else []
        return sorted(mine, key=lambda k: (*self.scores.f[k].tolist(), self.mixes[k]))

    def order(self) -> list[int]:
        """Return all numbers, the most promising first: within the limits, by rank and spread; then the nearest."""
        allowed, broken = np.flatnonzero(self.scores.g <= 0.0), np.flatnonzero(self.scores.g > 0.0)
        out: list[int] = []
        if allowed.size:
            rank = ranks(self.scores.f[allowed])
            for r in range(int(rank.max()) + 1):
                mine = allowed[rank == r]
                out += [int(mine[k]) for k in spread_out(self.scores.f[mine], len(mine))]
        return out + [int(k) for k in broken[np.argsort(self.scores.g[broken], kind="stable")]]


def ranks(f: np.ndarray) -> np.ndarray:
    """Return for each row (n, A) how many fronts lie before it: 0 where no other row betters it."""
    left, out, rank = np.arange(len(f)), np.zeros(len(f), dtype=int), 0
    while left.size:
        here = f[left]
        no_worse = (here[:, None, :] <= here[None, :, :]).all(axis=2)
        better = no_worse & (here[:, None, :] < here[None, :, :]).any(axis=2)
        first = ~better.any(axis=0)
        out[left[first]] = rank
        left, rank = left[~first], rank + 1
    return out


def spread_out(f: np.ndarray, count: int) -> list[int]:
    """Return up to ``count`` rows of (n, A): the best of each aim, then always the one farthest from those chosen."""
    if not len(f):
        return []
    width = np.ptp(f, axis=0)
    scaled = (f - f.min(axis=0)) / np.where(width > 0.0, width, 1.0)
    chosen = list(dict.fromkeys(int(k) for k in np.argmin(scaled, axis=0)))[:count]
    while len(chosen) < min(count, len(f)):
        gap = np.abs(scaled[:, None, :] - scaled[None, chosen, :]).sum(axis=2).min(axis=1)
        gap[chosen] = -1.0
        chosen.append(int(np.argmax(gap)))
    return chosen


def first_mixes(upper: Sequence[int], written: Levels, count: int, seed: int) -> list[Levels]:
    """Return mixes to begin with: nothing, the plan's doses, everything, each alone, then a Latin hypercube.

    Those of the hypercube are shrunk by different factors, so that small budgets find some of theirs among them.
    """
    from scipy.stats import qmc

    top = np.asarray(upper)
    alone = [tuple(int(u) if k == j else 0 for k, u in enumerate(upper)) for j in range(len(upper))]
    fixed = [written, (0,) * len(upper), tuple(int(u) for u in upper), *alone]
    fixed = list(dict.fromkeys(fixed))[: max(count // 2, 3)]
    cube = qmc.LatinHypercube(len(upper) + 1, rng=np.random.default_rng(seed)).random(8 * count)
    drawn = [tuple(int(x) for x in np.rint(row[:-1] * row[-1] ** 0.5 * top)) for row in cube]
    return list(dict.fromkeys([*fixed, *drawn]))[:count]


def search(evaluate: Evaluate, upper: Sequence[int], written: Levels, effort: Effort, seed: int) -> Found:
    """Return the mixes that the larger panel judged: their levels run from 0 to ``upper`` (d,).

    ``written`` are the levels nearest to the plan's doses. The same seed and figures give the same mixes.
    """
    begin = first_mixes(upper, written, effort.population, seed)
    first = _stage(evaluate, upper, begin, effort.generations, effort.panel, seed)
    kept = [first.mixes[k] for k in first.order()[: effort.second_population]]
    if written not in kept:
        kept = [*kept[: effort.second_population - 1], written]
    return _stage(evaluate, upper, kept, effort.second_generations, effort.second_panel, seed + 1)


def _stage(
    evaluate: Evaluate, upper: Sequence[int], begin: Sequence[Levels], generations: int, runs: int, seed: int
) -> Found:
    from pymoo.core.evaluator import Evaluator
    from pymoo.problems.static import StaticProblem

    seen: dict[Levels, tuple[np.ndarray, float]] = {}
    problem, algorithm = None, None
    for _ in range(generations):
        asked = None
        mixes: list[Levels] = list(begin)
        if algorithm is not None:
            asked = algorithm.ask()
            if asked is None or not len(asked):
                break
            mixes = [tuple(int(x) for x in np.rint(row)) for row in np.atleast_2d(asked.get("X"))]
        scores = evaluate(mixes, runs)
        f, g = np.where(np.isfinite(scores.f), scores.f, FAILED), np.where(np.isfinite(scores.g), scores.g, FAILED)
        g = np.where((f >= FAILED).any(axis=1), FAILED, g)
        seen |= {m: (f[k], float(g[k])) for k, m in enumerate(mixes)}
        if algorithm is None:
            problem, algorithm = _algorithm(upper, f.shape[1], begin, seed)
            asked = algorithm.ask()
        Evaluator().eval(StaticProblem(problem, F=f, G=g[:, None]), asked)
        algorithm.tell(infills=asked)
    return Found(tuple(seen), Scores(np.array([f for f, _ in seen.values()]), np.array([g for _, g in seen.values()])))


def _algorithm(upper: Sequence[int], aims: int, begin: Sequence[Levels], seed: int) -> tuple[Any, Any]:
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.config import Config
    from pymoo.core.problem import Problem
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair

    Config.warnings["not_compiled"] = False
    problem = Problem(n_var=len(upper), n_obj=aims, n_ieq_constr=1, xl=np.zeros(len(upper)), xu=np.array(upper, float))
    whole = RoundingRepair()
    algorithm = NSGA2(
        pop_size=len(begin),
        sampling=np.array(begin),
        crossover=SBX(prob=0.9, eta=10.0, vtype=float, repair=whole),
        mutation=PM(prob=0.9, eta=10.0, vtype=float, repair=whole),
        eliminate_duplicates=True,
    )
    algorithm.setup(problem, termination=("n_gen", 10**6), seed=seed, verbose=False)
    return problem, algorithm
