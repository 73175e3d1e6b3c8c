"""Points and indices of a sensitivity study, for any function: sampling and analysis are SALib's.

Every point is evaluated with the same luck (block 0), so that the difference between two points owes nothing to
chance. A dummy is an input that changes some of the luck and nothing else: the same point with a dummy's number as its
block. What dummies bring is the floor: a smaller index is not told apart from what chance brings at as many runs.

A point whose run failed is NaN. Elementary effects lose the moves to and from it, Sobol indices its whole block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

LEVELS = 4
DELTA = LEVELS / (2.0 * (LEVELS - 1))  # SALib's step, on a cube whose levels are 0, 1/3, 2/3 and 1
INSIDE = 0.125  # the levels are quantiles of 12.5, 37.5, 62.5 and 87.5 %: a move passes over half of what is possible
RESAMPLES = 200
UNSEEDED = 19  # in place of seed 0, which SALib takes for none in the intervals of Sobol indices
DUMMIES = {"morris": 20, "sobol": 10}
QUANTILE = 0.95  # of resamples of a dummy's total index
FLOOR, DRAWN = 0.99, 4000  # of the sizes that dummies' moves give, and how many of these are drawn
LEAST = 2  # moves of a factor, or blocks, that an index is a mean over
NORMAL_90 = 1.6448536269514722  # half the width of an interval that holds 90 % of a standard normal
MONOTONE = 0.9  # the mean effect's share of the mean size from which a factor has one sign
COLUMNS = ("mu_star", "mu_star_low", "mu_star_high", "mu", "sigma", "s1", "s1_low", "s1_high", "st", "st_low",
           "st_high")  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """Points (n, d) in the unit cube and which dummy is moved in each (n,), 0 for none.

    ``names`` are the groups in order. ``sample`` holds SALib's own points, ``size`` how many of them a trajectory or a
    base point has; the dummies' rows follow after each.
    """

    method: str
    problem: dict[str, Any]
    names: tuple[str, ...]
    sample: np.ndarray
    points: np.ndarray
    blocks: np.ndarray
    size: int
    dummies: int

    @property
    def in_groups(self) -> bool:
        """Return whether any group has more than one factor."""
        return len(self.names) < self.sample.shape[1]

    @property
    def repeats(self) -> int:
        """Return the number of trajectories or of base points."""
        return len(self.points) // (self.size + self.dummies)

    def of(self, repeats: np.ndarray) -> Layout:
        """Return some of the trajectories or base points, named by a mask (R,)."""
        if repeats.all():
            return self
        points = np.repeat(repeats, self.size + self.dummies)
        sample = self.sample[np.repeat(repeats, self.size)]
        return replace(self, sample=sample, points=self.points[points], blocks=self.blocks[points])

    def whole(self, came: np.ndarray) -> np.ndarray:
        """Return what an index is a mean over and is whole, given which points came through (n,).

        These are the moves of trajectories (R, G) or the blocks of base points (R,).
        """
        rows = came.reshape(self.repeats, -1)
        if self.method == "sobol":
            return np.asarray(rows.all(axis=1))
        return np.isfinite(_moves(self, np.where(rows[:, : self.size], 0.0, np.nan)))


def layout(
    method: str, factors: Sequence[str], groups: Sequence[str], repeats: int, seed: int = 0, dummies: int | None = None
) -> Layout:
    """Return the points of a study: trajectories (``morris``) or base points (``sobol``, a power of two).

    Morris 1991 with groups after Campolongo and others 2007; Saltelli 2002 without second order for Sobol.
    """
    more = DUMMIES[method] if dummies is None else dummies
    names = tuple(dict.fromkeys(groups))
    problem: dict[str, Any] = {"num_vars": len(factors), "names": list(factors), "bounds": [[0.0, 1.0]] * len(factors)}
    if len(names) < len(factors):
        problem["groups"] = list(groups)
    if method == "morris":
        from SALib.sample import morris

        sample = np.asarray(morris.sample(problem, repeats, num_levels=LEVELS, seed=seed))
        size, inside, at = len(names) + 1, INSIDE + (1.0 - 2.0 * INSIDE) * sample, len(names)
    else:
        from SALib.sample import sobol

        sample = np.asarray(sobol.sample(problem, repeats, calc_second_order=False, seed=seed))
        size, inside, at = len(names) + 2, sample, 0
    blocks = np.zeros((repeats, size + more), int)
    blocks[:, size:] = np.arange(1, more + 1)
    points = inside.reshape(repeats, size, -1)
    points = np.concatenate([points, np.repeat(points[:, [at]], more, axis=1)], axis=1)
    return Layout(method, problem, names, sample, points.reshape(-1, len(factors)), blocks.ravel(), size, more)


@dataclass(frozen=True)
class Indices:
    """The indices of one outcome: ``table`` (G, 11) by group and ``COLUMNS``, the floor, and the sign of each (G,).

    ``mu`` and its like are in the outcome's unit, for a move over half of what is possible; ``s1`` and ``st`` are
    shares of the variance; intervals hold 90 % of resamples of trajectories or base points.
    """

    table: np.ndarray
    floor: float
    signs: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """Return what factors are ranked by, (G,): ``mu_star`` or the total index."""
        first = self.table[:, COLUMNS.index("mu_star")]
        return first if np.isfinite(first).any() else self.table[:, COLUMNS.index("st")]


def indices(plan: Layout, figures: np.ndarray, seed: int = 0) -> Indices:
    """Return the indices of one outcome (n,) over a layout's points, NaN where a run failed.

    Raises ValueError where a figure is infinite, or too few of them are left for any index.
    """
    if np.isinf(figures).any() or plan.whole(np.isfinite(figures)).sum() < LEAST:
        raise ValueError("an outcome that is not finite has no indices")
    rows = np.asarray(figures, float).reshape(plan.repeats, plan.size + plan.dummies)
    if plan.method == "morris":
        return _morris(plan, rows, seed)
    good = np.isfinite(rows).all(axis=1)
    return _sobol(plan.of(good), rows[good], seed)


def _empty(plan: Layout) -> np.ndarray:
    return np.full((len(plan.names), len(COLUMNS)), np.nan)


def _dummy_moves(plan: Layout, rows: np.ndarray, at: int) -> np.ndarray:
    """Return what each dummy changes in each repeat (R, D), against the point ``at`` which it shares all else with."""
    return rows[:, plan.size :] - rows[:, [at]]


def _morris(plan: Layout, rows: np.ndarray, seed: int) -> Indices:
    real = rows[:, : plan.size]
    star, away, mu, sigma = (_effects if np.isfinite(real).all() else _effects_left)(plan, real, seed)
    if plan.in_groups:
        mu, sigma = np.full_like(star, np.nan), np.full_like(star, np.nan)  # members move up and down at once
    table = _empty(plan)
    table[:, :5] = np.stack([star, np.maximum(star - away, 0.0), star + away, mu, sigma], axis=1)
    signs = np.where(np.abs(mu) >= MONOTONE * star, np.sign(mu), 0.0)
    floor = _morris_floor(_dummy_moves(plan, rows, plan.size - 1), seed) if plan.dummies else 0.0
    return Indices(table, floor, np.nan_to_num(signs))


def _effects(plan: Layout, real: np.ndarray, seed: int) -> tuple[np.ndarray, ...]:
    """Return mean size, half its interval, mean and standard deviation of each group's moves, (G,) each."""
    from SALib.analyze import morris

    found = morris.analyze(plan.problem, plan.sample, real.ravel(), num_levels=LEVELS, num_resamples=RESAMPLES,
                           conf_level=0.9, seed=seed)  # fmt: skip
    order = [list(found["names"]).index(name) for name in plan.names]
    star, away = (DELTA * np.asarray(found[key], float)[order] for key in ("mu_star", "mu_star_conf"))
    mu, sigma = (DELTA * np.ma.filled(np.ma.asarray(found[key], float), np.nan)[order] for key in ("mu", "sigma"))
    return star, away, mu, sigma


def _effects_left(plan: Layout, real: np.ndarray, seed: int) -> tuple[np.ndarray, ...]:
    """Return the same over the moves that are left; NaN for a group of which fewer than two are."""
    rng, out = np.random.default_rng(seed), np.full((4, len(plan.names)), np.nan)
    for g, column in enumerate(_moves(plan, real).T):
        mine = column[np.isfinite(column)]
        if len(mine) >= LEAST:
            means = np.abs(rng.choice(mine, (RESAMPLES, len(mine)))).mean(axis=1)
            out[:, g] = np.abs(mine).mean(), NORMAL_90 * means.std(ddof=1), mine.mean(), mine.std(ddof=1)
    return tuple(out)


def _moves(plan: Layout, real: np.ndarray) -> np.ndarray:
    """Return what each group's move changes in each trajectory, upwards (R, G), from points (R, G + 1)."""
    steps = np.diff(plan.sample.reshape(plan.repeats, plan.size, -1), axis=1)
    column = (steps != 0.0).argmax(axis=2)  # the first of the group's members
    owners = plan.problem.get("groups") or plan.problem["names"]
    group = np.array([plan.names.index(name) for name in owners])[column]
    up = np.sign(np.take_along_axis(steps, column[:, :, None], axis=2)[:, :, 0])
    out = np.full((plan.repeats, len(plan.names)), np.nan)
    np.put_along_axis(out, group, up * np.diff(real, axis=1), axis=1)
    return out


def _morris_floor(moves: np.ndarray, seed: int) -> float:
    """Return the size that 99 in 100 inputs stay under whose moves are those of the dummies (R, D).

    Sizes are means over trajectories of a dummy's move taken at random in each: smoother than a quantile of the few
    dummies' own sizes, of which one inert input in fifteen would pass the 95th percentile.
    """
    rng, sizes = np.random.default_rng(seed), np.abs(moves)
    if not np.isfinite(sizes).all():  # moves that were lost: those left of a trajectory stand for them
        sizes = np.stack([np.resize(mine[np.isfinite(mine)], len(mine)) for mine in sizes if np.isfinite(mine).any()])
    picked = rng.integers(0, sizes.shape[1], (DRAWN, len(sizes)))
    return float(np.quantile(sizes[np.arange(len(sizes)), picked].mean(axis=1), FLOOR))


def _sobol(plan: Layout, rows: np.ndarray, seed: int) -> Indices:
    from SALib.analyze import sobol

    real, table = rows[:, : plan.size], _empty(plan)
    variance = float(np.var(np.concatenate([real[:, 0], real[:, -1]])))
    signs = np.zeros(len(plan.names))
    if variance <= 1e-24 * float(np.mean(real**2)):
        table[:, 5:] = 0.0
        return Indices(table, 0.0, signs)
    found = sobol.analyze(plan.problem, real.ravel(), calc_second_order=False, num_resamples=RESAMPLES, conf_level=0.9,
                          seed=seed or UNSEEDED)  # fmt: skip
    for k, key in ((5, "S1"), (8, "ST")):
        value, away = np.asarray(found[key], float), np.asarray(found[f"{key}_conf"], float)
        table[:, k : k + 3] = np.stack([value, value - away, value + away], axis=1)
    if not plan.in_groups:
        signs = _signs(plan, real)
    return Indices(table, _sobol_floor(plan, rows, variance, seed), signs)


def _sobol_floor(plan: Layout, rows: np.ndarray, variance: float, seed: int) -> float:
    """Return the upper end of the largest total index among the dummies, by Jansen's estimator as for the others."""
    if not plan.dummies:
        return 0.0
    total = _dummy_moves(plan, rows, 0) ** 2 / (2.0 * variance)
    picked = np.random.default_rng(seed).integers(0, len(total), (RESAMPLES, len(total)))
    means = total[picked].mean(axis=1)  # (B, D)
    return float(np.quantile(means, QUANTILE, axis=0).max())


def _signs(plan: Layout, real: np.ndarray) -> np.ndarray:
    """Return for each factor the sign of its effect where nearly all of what it moves goes one way, else 0."""
    cube = plan.sample.reshape(plan.repeats, plan.size, -1)
    moved = real[:, 1:-1] - real[:, [0]]
    steps = np.stack([cube[:, 1 + k, k] - cube[:, 0, k] for k in range(len(plan.names))], axis=1)
    along = moved * np.sign(steps)
    mean, size = along.mean(axis=0), np.abs(along).mean(axis=0)
    return np.where(np.abs(mean) >= MONOTONE * size, np.sign(mean), 0.0) * (size > 0.0)


def spread_of(figures: np.ndarray) -> np.ndarray | None:
    """Return the log standard deviation over seeds (n,) of figures (n, m); None where most points have none.

    NaN where a run of the point failed.
    """
    if figures.shape[1] < 2:
        return None
    came = np.isfinite(figures).all(axis=1)
    away = figures.std(axis=1, ddof=1)
    positive = away > 1e-12 * np.abs(figures).mean(axis=1)  # never of NaN
    if positive.sum() < 0.5 * came.sum():
        return None
    away = np.where(positive, away, away[positive].min())
    return np.where(came, np.log(away), np.nan)
