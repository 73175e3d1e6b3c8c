"""Statistics over replicates: quantiles, intervals of a share, luck against ignorance, paired differences.

Paired differences have bootstrap intervals that are corrected for bias and skew (BCa, Efron 1987) and a test that is
adjusted for the number of things tested (Holm 1979). Both take the draw of the parameters as the unit, since the runs
of one draw share its parameters and are not independent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simulator.core.luck import Luck, normal_quantile

BOOTSTRAP_SAMPLES = 2000
BOOTSTRAP_SEED = 20150701
_Z95 = 1.959963984540054
Z90 = 1.6448536269514722


@dataclass(frozen=True)
class Spread:
    """Mean and quantiles of one figure over replicates, in the figure's unit."""

    mean: float
    p05: float
    p25: float
    p50: float
    p75: float
    p95: float


def spread(figures: np.ndarray) -> Spread:
    """Return mean and quantiles of figures (n,); NaN for none."""
    if figures.size == 0:
        return Spread(*([math.nan] * 6))
    return Spread(float(figures.mean()), *(float(q) for q in np.quantile(figures, (0.05, 0.25, 0.5, 0.75, 0.95))))


def wilson(successes: float, count: int, effective: float | None = None, quantile: float = _Z95) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share (Wilson 1927): what the number of replicates leaves open.

    ``effective`` is how many independent replicates the ``count`` are worth, by default all of them; ``quantile`` the
    normal quantile of another level (``Z90`` for 90 %).
    """
    if count == 0:
        return 0.0, 1.0
    share, z2 = successes / count, quantile**2
    n = count if effective is None else effective
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = quantile * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True)
class Shares:
    """The share of variance that is luck (the seed) and ignorance (the draw of parameters), adding to 1."""

    luck: float
    ignorance: float
    pairs: int


def luck_and_ignorance(figures: np.ndarray, draws: np.ndarray) -> Shares:
    """Split the variance of figures (n,) by a nested analysis of variance: draws (n,), two seeds in each.

    Draws with a single seed are left out; a negative estimate of the variance between draws counts as
    zero. NaN where fewer than two pairs are left or nothing varies.
    """
    pairs = np.array([figures[draws == d][:2] for d in np.unique(draws) if (draws == d).sum() >= 2])
    if len(pairs) < 2:
        return Shares(math.nan, math.nan, len(pairs))
    within = float(((pairs[:, 0] - pairs[:, 1]) ** 2).mean() / 2)
    between = float(max(0.0, pairs.mean(axis=1).var(ddof=1) - within / 2))
    total = within + between
    if total <= 0.0:
        return Shares(math.nan, math.nan, len(pairs))
    return Shares(within / total, between / total, len(pairs))


def independent(met: np.ndarray, draws: np.ndarray, ignorance: float) -> float:
    """Return how many independent replicates (n,) yes-or-no results are worth whose draws (n,) repeat.

    The design effect of clusters (Kish 1965), n / (1 + (m - 1) rho), with m replicates a draw and rho the share
    of the variance between draws: that of the results, or ``ignorance``, that of the figures behind them, where
    all results are the same.
    """
    rho = luck_and_ignorance(met.astype(float), draws).ignorance
    rho = ignorance if math.isnan(rho) else rho
    n, clusters = len(met), len(np.unique(draws))
    if clusters == 0 or math.isnan(rho):
        return float(n)
    return n / (1.0 + (n / clusters - 1.0) * rho)


def half_width(figures: np.ndarray, draws: np.ndarray) -> float:
    """Return half the 90 % interval of the mean of figures (n,), its error computed over whole draws (n,)."""
    means = np.array([figures[draws == d].mean() for d in np.unique(draws)])
    if len(means) < 2:
        return math.inf
    return Z90 * float(means.std(ddof=1)) / math.sqrt(len(means))


@dataclass(frozen=True)
class Difference:
    """Mean paired difference of each column (k,), its 90 % interval, share of pairs above zero, and two-sided p."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_better: np.ndarray
    p_value: np.ndarray


@lru_cache(maxsize=4)
def _resamples(clusters: int) -> np.ndarray:
    """Return how often each cluster is drawn in each sample of a bootstrap, (samples, clusters).

    The numbers are addressed, so that they are the same wherever and in whatever order intervals are computed.
    """
    keys = np.arange(BOOTSTRAP_SAMPLES * clusters, dtype=np.uint64)
    drawn = (Luck(BOOTSTRAP_SEED).uniform(keys, "bootstrap over draws") * clusters).astype(np.int64)
    drawn += np.repeat(np.arange(BOOTSTRAP_SAMPLES) * clusters, clusters)
    counts = np.bincount(drawn, minlength=BOOTSTRAP_SAMPLES * clusters)
    return counts.reshape(BOOTSTRAP_SAMPLES, clusters).astype(float)  # as products would make them each time


def paired_difference(differences: np.ndarray, draws: np.ndarray) -> Difference:
    """Return what pairs of runs (n, k) with common draws (n,) and seeds say about the mean difference.

    Whole draws are resampled for the interval (BCa); ``p_value`` is Student's t over the means of draws, since a
    bootstrap of 2,000 samples cannot show a p small enough for Holm over many targets. With a single draw both are
    NaN unless all differences are equal. Half of the ties counts as better, so a comparison with itself gives
    0, 0, 0, 0.5 and 1.
    """
    _, group = np.unique(draws, return_inverse=True)
    count = np.bincount(group)
    first, width = differences[0], differences.shape[1]
    constant = np.asarray((differences == first).all(axis=0))
    low, high, p = (np.full(width, np.nan) for _ in range(3))
    varied = np.flatnonzero(~constant)
    if len(count) > 1 and varied.size:
        sums = np.zeros((len(count), varied.size))
        np.add.at(sums, group, differences[:, varied])
        low[varied], high[varied] = _bca(sums, count)
        p[varied] = _student(sums / count[:, None])
    p_better = (differences > 0).mean(axis=0) + 0.5 * (differences == 0).mean(axis=0)
    return Difference(
        np.where(constant, first, differences.mean(axis=0)),
        np.where(constant, first, low),
        np.where(constant, first, high),
        p_better,
        np.where(constant, (first == 0).astype(float), p),
    )


def _bca(sums: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 90 % BCa intervals of means from the sums (c, k) and counts (c,) of clusters."""
    total, n = sums.sum(axis=0), count.sum()
    weights = _resamples(len(count))
    means = (weights @ sums) / (weights @ count)[:, None]
    below = (means < total / n).mean(axis=0) + 0.5 * (means == total / n).mean(axis=0)
    bias = normal_quantile(np.clip(below, 0.5 / BOOTSTRAP_SAMPLES, 1.0 - 0.5 / BOOTSTRAP_SAMPLES))
    without = (total - sums) / (n - count)[:, None]  # the jackknife
    away = without.mean(axis=0) - without
    squares = (away**2).sum(axis=0)
    skew = (away**3).sum(axis=0) / (6.0 * np.where(squares > 0.0, squares, 1.0) ** 1.5)
    means.sort(axis=0)
    ends = []
    for z in (-Z90, Z90):
        shifted = bias + z
        level = normal_share(bias + shifted / np.maximum(1.0 - skew * shifted, 0.1))
        ends.append(_at(means, level))
    return ends[0], ends[1]


def _at(ordered: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return a quantile of its own of each column of ordered figures (s, k), between neighbours by their distance."""
    place = np.clip(level, 0.0, 1.0) * (len(ordered) - 1)
    lower = np.minimum(place.astype(np.int64), len(ordered) - 2)
    columns = np.arange(ordered.shape[1])
    here, above = ordered[lower, columns], ordered[lower + 1, columns]
    return np.asarray(here + (above - here) * (place - lower))


def normal_share(z: np.ndarray) -> np.ndarray:
    """Return the share of a standard normal below each z (k,)."""
    return np.array([0.5 * math.erfc(-float(x) / math.sqrt(2.0)) for x in z])


def _student(means: np.ndarray) -> np.ndarray:
    """Return the two-sided p-values of Student's t-test that the means of clusters (c, k) have mean zero."""
    from scipy.special import stdtr

    deviation = means.std(axis=0, ddof=1) / math.sqrt(len(means))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(means.mean(axis=0)) / deviation
    return np.asarray(np.where(np.isnan(t), 1.0, 2.0 * stdtr(len(means) - 1.0, -t)))


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return p-values (k,) adjusted for being k together (Holm 1979); NaN stays NaN and does not count."""
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    steps = p_values[order] * (len(order) - np.arange(len(order)))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return adjusted
