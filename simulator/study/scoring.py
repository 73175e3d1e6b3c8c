"""Scores of forecasts by what came: CRPS, coverage with exact intervals, PIT, and the baselines to be beaten.

A forecast is a sample of what might be observed, error of observation included. Everything here is free of luck:
baselines return quantiles of their predictive distribution, evenly spaced in probability, in place of random draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, betaincinv, stdtrit

LEVEL = 0.90  # of the bands that every page of this program shows
SIZE = 501  # values that stand for a baseline's distribution: CRPS is then good to 0.2 %
# Student's t with one or two degrees of freedom has no finite variance, and with one its CRPS is infinite. Three is
# the fewest with which a baseline can be scored; that flatters a baseline of two or three points, which is the safe
# side to err on.
LEAST_FREEDOM = 3
FEW_POINTS = 3  # up to so many points a spread is a guess, and pages say so
_TIE = 1e-7  # probabilities this close are the same outcome seen from both sides


def crps(samples: np.ndarray, observed: float) -> float:
    """Return the fair continuous ranked probability score of a sample (n,), in its unit; smaller is better.

    Mean distance to the observation less half the mean distance between two different members of the sample: free of
    bias in n (Ferro 2014), so that samples of unlike size compare. For one member it is the absolute error. Raises
    ValueError for an empty sample and for figures that are not finite.
    """
    x = np.sort(np.asarray(samples, float).ravel())
    if x.size == 0 or not np.isfinite(x).all() or not math.isfinite(observed):
        raise ValueError("CRPS needs a sample of finite figures and a finite observation")
    distance = float(np.abs(x - observed).mean())
    n = x.size
    if n == 1:
        return distance
    apart = float((x * (2.0 * np.arange(1, n + 1) - n - 1.0)).sum())  # the sum of x_j - x_i over pairs i < j
    return distance - apart / (n * (n - 1.0))


def crps_normal(mean: float, sd: float, observed: float) -> float:
    """Return the CRPS of a normal distribution in closed form (Gneiting and Raftery 2007)."""
    if sd <= 0.0:
        return abs(observed - mean)
    z = (observed - mean) / sd
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    below = 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))
    return sd * (z * (2.0 * below - 1.0) + 2.0 * density - 1.0 / math.sqrt(math.pi))


def pit(samples: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return where each observation (m,) stands in its sample (n, m), 0 to 1; uniform where forecasts are right.

    Half of the ties count as below.
    """
    x, y = np.asarray(samples, float), np.asarray(observed, float)
    return np.asarray((x < y).mean(axis=0) + 0.5 * (x == y).mean(axis=0))


def band(samples: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper ends (m,) of the central interval of samples (n, m)."""
    low, high = np.quantile(np.asarray(samples, float), (0.5 - level / 2.0, 0.5 + level / 2.0), axis=0)
    return low, high


@dataclass(frozen=True)
class Coverage:
    """How many observations lie in their bands, and what that says of the nominal ``level``.

    ``low`` and ``high`` are Clopper and Pearson's exact 95 % interval of the share; ``p_value`` is the exact
    two-sided binomial probability of a result as unlikely as this one, were the bands right.
    """

    hits: int
    count: int
    level: float
    low: float
    high: float
    p_value: float

    @property
    def share(self) -> float:
        """Return the share of observations inside; NaN for none."""
        return self.hits / self.count if self.count else math.nan


def coverage(samples: np.ndarray, observed: np.ndarray, level: float = LEVEL) -> Coverage:
    """Return how many of the observations (m,) lie inside the central band of their samples (n, m)."""
    low, high = band(samples, level)
    y = np.asarray(observed, float)
    return coverage_from(int(((low <= y) & (y <= high)).sum()), y.size, level)


def coverage_from(hits: int, count: int, level: float = LEVEL) -> Coverage:
    """Return the record of so many hits; raises ValueError where there are more of them than observations."""
    if not 0 <= hits <= count:
        raise ValueError(f"{hits} hits of {count} observations")
    low, high = exact_interval(hits, count)
    return Coverage(hits, count, level, low, high, binomial_p(hits, count, level))


def exact_interval(hits: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """Return Clopper and Pearson's interval of a share (1934); (0, 1) for no observation."""
    tail = 0.5 - level / 2.0
    low = float(betaincinv(hits, count - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, count - hits, 1.0 - tail)) if hits < count else 1.0
    return low, high


def binomial_p(hits: int, count: int, share: float) -> float:
    """Return the exact two-sided p-value: the probability of all outcomes no likelier than this one."""
    if count == 0:
        return 1.0
    upto = bdtr(np.arange(-1.0, count + 1.0), count, share)
    upto[0] = 0.0
    chances = np.diff(upto)
    return float(min(1.0, chances[chances <= chances[hits] * (1.0 + _TIE)].sum()))


def at_most_p(hits: int, count: int, share: float) -> float:
    """Return the exact probability of so few hits or fewer."""
    return float(bdtr(float(hits), count, share)) if hits < count else 1.0


# ---- baselines --------------------------------------------------------------------------------------


def trend_baselines(
    years: Sequence[float] | np.ndarray,
    values: Sequence[float] | np.ndarray,
    target_years: Sequence[float] | np.ndarray,
    *,
    sd: Sequence[float] | np.ndarray | None = None,
    size: int = SIZE,
) -> dict[str, np.ndarray]:
    """Return what three models that know nothing but the series itself say of later years: name to (size, m).

    ``persistence`` is a random walk from the last value, its step's spread estimated from the changes a year;
    ``linear`` and ``exponential`` (only for positive values) are least squares on the values and on their logarithms,
    with the predictive Student's t of a regression. ``sd`` (k,) is the error of observation: no spread is below it.
    With two points a line fits exactly and leaves no residual; half the change between them then stands for it.
    With one point there is persistence alone, and only where ``sd`` is given. Raises ValueError for years that do
    not rise and for none.
    """
    x, y, t = (np.asarray(a, float) for a in (years, values, target_years))
    if x.size == 0 or x.size != y.size or (np.diff(x) <= 0.0).any():
        raise ValueError("a baseline needs years that rise and as many values")
    noise = np.zeros(x.size) if sd is None else np.asarray(sd, float)
    if x.size == 1:
        return {"persistence": _walk(x, y, t, noise, size)} if noise[0] > 0.0 else {}
    out = {"persistence": _walk(x, y, t, noise, size), "linear": _line(x, y, t, noise, size)}
    if (y > 0.0).all():
        out["exponential"] = np.exp(_line(x, np.log(y), t, noise / y, size))
    return out


def few_points(count: int) -> bool:
    """Return whether so many points are too few for the spread of a baseline to be more than a guess."""
    return count <= FEW_POINTS


def _walk(x: np.ndarray, y: np.ndarray, t: np.ndarray, noise: np.ndarray, size: int) -> np.ndarray:
    step = math.sqrt(float(((np.diff(y) ** 2) / np.diff(x)).mean())) if x.size > 1 else 0.0
    ahead = np.maximum(t - x[-1], 0.0)
    return _quantiles(np.full(t.size, y[-1]), np.sqrt(step**2 * ahead + noise[-1] ** 2), x.size - 1, size)


def _line(x: np.ndarray, y: np.ndarray, t: np.ndarray, noise: np.ndarray, size: int) -> np.ndarray:
    middle, freedom = x.mean(), x.size - 2
    across = float(((x - middle) ** 2).sum())
    slope = float(((x - middle) * y).sum()) / across
    residual = y - y.mean() - slope * (x - middle)
    variance = float((residual**2).sum()) / freedom if freedom else (0.5 * float(y[1] - y[0])) ** 2
    variance = max(variance, float((noise**2).mean()))
    scale = np.sqrt(variance * (1.0 + 1.0 / x.size + (t - middle) ** 2 / across))
    return _quantiles(y.mean() + slope * (t - middle), scale, freedom, size)


def _quantiles(centre: np.ndarray, scale: np.ndarray, freedom: int, size: int) -> np.ndarray:
    """Return quantiles (size, m) of Student's t around ``centre`` (m,), evenly spaced in probability."""
    at = stdtrit(float(max(freedom, LEAST_FREEDOM)), (np.arange(size) + 0.5) / size)
    return np.asarray(centre + np.outer(at, scale))
