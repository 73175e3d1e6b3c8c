"""Statistics over replicates: quantiles, intervals of a share, luck against ignorance, paired differences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

BOOTSTRAP_SAMPLES = 2000
BOOTSTRAP_SEED = 20150701
_Z95 = 1.959963984540054


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


def wilson(successes: int, count: int, effective: float | None = None) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share (Wilson 1927): what the number of replicates leaves open.

    ``effective`` is how many independent replicates the ``count`` are worth, by default all of them.
    """
    if count == 0:
        return 0.0, 1.0
    share, z2 = successes / count, _Z95**2
    n = count if effective is None else effective
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
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
    return 1.6448536269514722 * float(means.std(ddof=1)) / math.sqrt(len(means))


@dataclass(frozen=True)
class Difference:
    """Mean paired difference of each column, its 90 % bootstrap interval, the share of pairs above zero."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_better: np.ndarray


@lru_cache(maxsize=4)
def _resamples(clusters: int) -> np.ndarray:
    """Return how often each cluster is drawn in each sample of a bootstrap, (samples, clusters)."""
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    drawn = rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=BOOTSTRAP_SAMPLES)
    return drawn.astype(float)  # as products with figures would make them each time


def paired_difference(differences: np.ndarray, draws: np.ndarray) -> Difference:
    """Return what pairs of runs (n, k) with common draws (n,) and seeds say about the mean difference.

    Whole draws are resampled, since the two seeds of a draw share their parameters (percentile
    bootstrap, fixed seed). With a single draw the interval is NaN unless all differences are equal.
    Half of the ties counts as better, so a comparison with itself gives 0, 0, 0 and 0.5.
    """
    _, group = np.unique(draws, return_inverse=True)
    count = np.bincount(group)
    sums = np.zeros((len(count), differences.shape[1]))
    np.add.at(sums, group, differences)
    mean = differences.mean(axis=0)
    if len(count) > 1:
        weights = _resamples(len(count))
        means = (weights @ sums) / (weights @ count)[:, None]
        low, high = np.quantile(means, (0.05, 0.95), axis=0)
    else:
        low = high = np.full(differences.shape[1], np.nan)
    constant = (differences == differences[0]).all(axis=0)
    p_better = (differences > 0).mean(axis=0) + 0.5 * (differences == 0).mean(axis=0)
    return Difference(
        np.where(constant, differences[0], mean),
        np.where(constant, differences[0], low),
        np.where(constant, differences[0], high),
        p_better,
    )
