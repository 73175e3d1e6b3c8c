"""More estimators of the virtual trials: matching, bunching, counts and shapes; ``ESTIMATORS`` names all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.spatial import cKDTree

from simulator.study.trial_estimators import (
    Fit,
    Table,
    aggregate_loss,
    cities,
    differences,
    discontinuity,
    lottery,
    lottery_gap,
    ratio,
    stack,
)

# ---- matching ---------------------------------------------------------------------------------------


def nearest(treated: np.ndarray, covariates: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the treated that find a match and of their matches, nearest on scaled covariates (n, k).

    A match is untreated and in the same cell (n,); it may serve more than once.
    """
    scaled = (covariates - covariates.mean(axis=0)) / np.maximum(covariates.std(axis=0), 1e-9)
    mine, theirs = [], []
    for cell in np.unique(cells[treated]):
        here = cells == cell
        rows, others = np.flatnonzero(here & treated), np.flatnonzero(here & ~treated)
        if others.size:
            mine.append(rows)
            theirs.append(others[cKDTree(scaled[others]).query(scaled[rows])[1]])
    if not mine:
        return np.empty(0, int), np.empty(0, int)
    return np.concatenate(mine), np.concatenate(theirs)


def matching(
    tables: Sequence[Table],
    outcome: str,
    *,
    covariates: Sequence[str],
    cell: str = "cell",
    treated: str = "treated",
    shape: str = "difference",
    only: str = "",
) -> Fit:
    """Compare the treated with their nearest untreated rows: the mean ``difference``, or the ``ratio`` or ``share``.

    Pairs in which either lacks the outcome (NaN) are left out.
    """

    def sums(t: Table) -> np.ndarray:
        keep = t[only].astype(bool) if only else np.ones(t[treated].size, bool)
        mark = t[treated].astype(bool)[keep]
        if not mark.any():
            return np.zeros(3)
        x = np.column_stack([np.asarray(t[name], float)[keep] for name in covariates])
        mine, theirs = nearest(mark, x, t[cell][keep])
        y = np.asarray(t[outcome], float)[keep]
        both = np.isfinite(y[mine]) & np.isfinite(y[theirs])
        return np.array([both.sum(), y[mine][both].sum(), y[theirs][both].sum()])

    def value(s: np.ndarray) -> float:
        if shape == "ratio":
            return ratio(s[1], s[2])
        return ratio(s[1] - s[2], s[2] if shape == "share" else s[0])

    return Fit(stack([sums(t) for t in tables]), value)


# ---- counts and shapes ------------------------------------------------------------------------------


def odds(tables: Sequence[Table], outcome: str, *, treated: str = "treated") -> Fit:
    """Return the odds of an outcome (0 or 1) among the treated over those among the others."""

    def sums(t: Table) -> np.ndarray:
        y, d = t[outcome].astype(bool), t[treated].astype(bool)
        return np.array([(y & d).sum(), (~y & d).sum(), (y & ~d).sum(), (~y & ~d).sum()])

    return Fit(stack([sums(t) for t in tables]), lambda s: ratio(s[0] * s[3], s[1] * s[2]))


def part(tables: Sequence[Table], top: str, bottom: str, *, less: float = 0.0) -> Fit:
    """Return the sum of one column over that of another, less a number."""
    return Fit(stack([np.array([t[top].sum(), t[bottom].sum()]) for t in tables]), lambda s: ratio(s[0], s[1]) - less)


def before_after(tables: Sequence[Table], count: str) -> Fit:
    """Return the relative change of counts in a group against another's: (a1 / a0) / (b1 / b0) - 1.

    Columns ``treated`` and ``after`` (0 or 1) say which sum a row belongs to.
    """

    def sums(t: Table) -> np.ndarray:
        which = (2 * t["treated"] + t["after"]).astype(int)
        return np.asarray(np.bincount(which, t[count], 4))

    return Fit(stack([sums(t) for t in tables]), lambda s: ratio(ratio(s[3], s[2]), ratio(s[1], s[0])) - 1.0)


def slope_over_mean(tables: Sequence[Table], outcome: str, *, size: str = "size") -> Fit:
    """Return the slope of gains on the log of a size over the mean gain: the elasticity of the gain to the size."""

    def sums(t: Table) -> np.ndarray:
        x, y = np.asarray(t[size], float), np.asarray(t[outcome], float)
        return np.array([x.size, x.sum(), (x * x).sum(), y.sum(), (x * y).sum()])

    def value(s: np.ndarray) -> float:
        n, x, xx, y, xy = s
        return ratio(ratio(xy - x * y / n, xx - x * x / n), y / n)

    return Fit(stack([sums(t) for t in tables]), value)


def mean_lag(tables: Sequence[Table], outcomes: Sequence[str]) -> Fit:
    """Return the mean wait until gains arrive, in steps: gains by step (columns in order), each rise weighted once."""

    def value(s: np.ndarray) -> float:
        gains = s[:-1] / s[-1]
        rises = np.maximum(np.diff(np.concatenate([[0.0], gains])), 0.0)
        return ratio(float((rises * np.arange(1, rises.size + 1)).sum()), float(rises.sum()))

    return Fit(stack([np.array([*(t[o].sum() for o in outcomes), t[outcomes[0]].size]) for t in tables]), value)


def best_share(tables: Sequence[Table], outcome: str, *, share: str = "share") -> Fit:
    """Return the share at which a parabola through an outcome is highest; NaN where it has no top."""

    def sums(t: Table) -> np.ndarray:
        x = np.asarray(t[share], float)
        design = np.column_stack([np.ones(x.size), x, x * x])
        return np.concatenate([(design.T @ design).ravel(), design.T @ np.asarray(t[outcome], float)])

    def value(s: np.ndarray) -> float:
        _, linear, bend = np.linalg.pinv(s[:9].reshape(3, 3)) @ s[9:]
        return float(-linear / (2.0 * bend)) if bend < 0.0 else math.nan

    return Fit(stack([sums(t) for t in tables]), value)


def bunching(
    tables: Sequence[Table],
    column: str,
    *,
    low: float,
    high: float,
    bins: int = 28,
    left_out: tuple[float, float] = (-0.01, 0.0075),
    within: float = 0.005,
    degree: int = 3,
) -> Fit:
    """Return the excess of firms just above a notch over the smooth counterfactual there, as a share of it.

    Counts in equal bins from ``low`` to ``high`` are fitted by a polynomial without the bins ``left_out``; the excess
    is read on the bins from zero to ``within``.
    """
    edges = np.linspace(low, high, bins + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    usual = (middle < left_out[0]) | (middle > left_out[1])
    here = (middle > 0.0) & (middle < within)

    def value(s: np.ndarray) -> float:
        smooth = np.polynomial.Polynomial.fit(middle[usual], s[usual], degree)
        expected = float(smooth(middle[here]).sum())
        return ratio(float(s[here].sum()) - expected, expected)

    return Fit(stack([np.histogram(t[column], edges)[0] for t in tables]), value)


ESTIMATORS: dict[str, Callable[..., Fit]] = {
    function.__name__: function
    for function in (
        lottery, lottery_gap, discontinuity, aggregate_loss, bunching, differences, cities, matching, odds, part,
        before_after, slope_over_mean, mean_lag, best_share,
    )
}  # fmt: skip
