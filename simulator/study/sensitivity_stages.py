"""The stages of a sensitivity study, on any function: how many points, which factors, and their indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.study.sensitivity_indices import DUMMIES, Indices, Layout, indices, layout, spread_of

EFFORT = 9000  # runs at the most by default: a quarter of an hour on two cores at 0.2 s a run
SCREENED = 150  # single factors from which Morris screens groups first
SCREENING = 4  # trajectories over groups
TRAJECTORIES, SAMPLES = (3, 20), (16, 512)  # least and most by default
MEAN, SPREAD = "mean", "spread"
Evaluate = Callable[[Layout, tuple[int, ...], str], np.ndarray]


@dataclass(frozen=True)
class Plan:
    """What is asked, on any function: the factors' names, their groups, and how much effort.

    ``owners`` are the groups that are screened first where there are many single factors. ``repeats`` trajectories or
    base points, None for the default; ``runs`` seeds a point.
    """

    method: str
    names: tuple[str, ...]
    groups: tuple[str, ...]
    owners: tuple[str, ...]
    repeats: int | None
    runs: int
    seed: int = 0

    @property
    def staged(self) -> bool:
        """Return whether groups are screened first."""
        return self.method == "morris" and self.groups == self.names and len(self.names) > SCREENED

    def repeats_for(self, groups: int, spent: int = 0) -> int:
        """Return the trajectories or base points for so many groups."""
        if self.repeats is not None:
            return self.repeats
        least, most = TRAJECTORIES if self.method == "morris" else SAMPLES
        fits = min(max((EFFORT - spent) // self._each(groups), least), most)
        return fits if self.method == "morris" else 2 ** int(np.log2(fits))

    def most_runs(self) -> int:
        """Return how many runs this takes at the most."""
        first, groups = self.screening_runs if self.staged else 0, len(set(self.groups))
        return first + self._each(groups) * self.repeats_for(groups, first)

    @property
    def screening_runs(self) -> int:
        """Return the runs of the first of two stages."""
        return self._each(len(set(self.owners))) * SCREENING

    def _each(self, groups: int) -> int:
        """Return the runs of one trajectory or base point over so many groups."""
        return (groups + (1 if self.method == "morris" else 2) + DUMMIES[self.method]) * self.runs


@dataclass(frozen=True)
class Stage:
    """A layout over some factors (their numbers), its figures (n, m, M) and the indices by outcome and statistic."""

    layout: Layout
    chosen: tuple[int, ...]
    figures: np.ndarray
    found: dict[tuple[int, str], Indices]

    @property
    def came(self) -> np.ndarray:
        """Return which points came through with every seed, (n,)."""
        return np.asarray(np.isfinite(self.figures).all(axis=(1, 2)))


def investigate(plan: Plan, evaluate: Evaluate) -> tuple[Stage, ...]:
    """Return the stages of a study of any function.

    ``evaluate(layout, chosen, stage)`` returns figures (n, m, M) of the layout's points, whose columns are the chosen
    factors, with the same ``m`` seeds for every point; NaN where a run failed.
    """
    every, spent, out = tuple(range(len(plan.names))), 0, []
    if plan.staged:
        first = _stage(plan, every, plan.owners, SCREENING, evaluate, "groups")
        kept = {name for mine in first.found.values()
                for name, size in zip(first.layout.names, mine.size, strict=True)
                if not size <= mine.floor}  # fmt: skip  # NaN: failed runs left nothing that would settle it
        every = tuple(k for k in every if plan.owners[k] in kept)
        spent, out = plan.screening_runs, [first]
    if every:
        groups = tuple(plan.groups[k] for k in every)
        repeats = plan.repeats_for(len(set(groups)), spent)
        out.append(_stage(plan, every, groups, repeats, evaluate, "factors"))
    return tuple(out)


def _stage(
    plan: Plan, chosen: tuple[int, ...], groups: Sequence[str], repeats: int, evaluate: Evaluate, name: str
) -> Stage:
    points = layout(plan.method, [plan.names[k] for k in chosen], groups, repeats, plan.seed)
    figures, found = evaluate(points, chosen, name), dict[tuple[int, str], Indices]()
    for k in range(figures.shape[2]):
        mine = figures[:, :, k]
        found[k, MEAN] = indices(points, mine.mean(axis=1), plan.seed)
        spread = spread_of(mine)
        if spread is not None:
            found[k, SPREAD] = indices(points, spread, plan.seed)
    return Stage(points, chosen, figures, found)
