"""What fitted points say of the model's own error: a series that is counted too low in one year is so in the next.

A part of the discrepancy is common to all years of a series (``History``). Given a run, the points that were fitted
tell how large that part is for this run, and a forecast of the same series carries it on. Without this a forecast would
forget, the year after, how far the model stands from the last figure.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.study.history import COMMON_DISCREPANCY, History

# A discrepancy was judged for years that people could look at. Beyond the last fitted year the model's error also
# walks away: each year adds a step of half its discrepancy (a judgement, the same for all series).
DRIFT = 0.5


def common_errors(points: History, simulated: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return draws of the common part of one series' discrepancy given its points, for each run: (n,).

    ``points`` are those of one series and ``simulated`` (n, M) what each run gives for them, in their units. The part
    is a standard normal, to be scaled by the discrepancy's common standard deviation; without points it is the prior.
    """
    if points.size == 0:
        return np.asarray(rng.standard_normal(len(simulated)))
    stretch = points.stretch
    load = math.sqrt(COMMON_DISCREPANCY) * points.sd_model * stretch
    own = (points.sd_source**2 + (1.0 - COMMON_DISCREPANCY) * points.sd_model**2) * stretch**2
    residual = points.transform(points.values[None, :]) - points.transform(simulated)
    precision = 1.0 + float((load**2 / own).sum())
    return np.asarray(residual @ (load / own) / precision + rng.standard_normal(len(simulated)) / math.sqrt(precision))


def observed_like(
    points: History, simulated: np.ndarray, common: np.ndarray, rng: np.random.Generator, known: int | None = None
) -> np.ndarray:
    """Return what would be observed at points (M,) of one series given each run's figures (n, M), in their units.

    ``common`` (n,) is from ``common_errors``; the rest of the discrepancy and the error of the source are drawn, and
    for years after ``known`` the drift of the model's error.
    """
    stretch = points.stretch
    load = math.sqrt(COMMON_DISCREPANCY) * points.sd_model * stretch
    own = np.sqrt(points.sd_source**2 + (1.0 - COMMON_DISCREPANCY) * points.sd_model**2) * stretch
    noise = common[:, None] * load + own * rng.standard_normal(simulated.shape)
    if known is not None:
        ahead = np.maximum(points.years - known, 0)
        steps = rng.standard_normal((len(simulated), int(ahead.max(initial=0)) + 1))
        steps[:, 0] = 0.0
        noise += DRIFT * points.sd_model * stretch * np.cumsum(steps, axis=1)[:, ahead]
    return points.back(points.transform(simulated) + noise)


def predicted(fitted: History, simulated_fitted: np.ndarray, new: History, simulated_new: np.ndarray,
              seed: int) -> np.ndarray:  # fmt: skip
    """Return what would be observed at ``new`` points (M,), given the ``fitted`` ones of the same series: (n, M).

    ``simulated_fitted`` (n, F) and ``simulated_new`` (n, M) are what each run gives for them, in their units.
    """
    rng, known = np.random.default_rng(seed), int(fitted.years.max())
    out = np.empty_like(simulated_new, dtype=float)
    for name in dict.fromkeys(new.names):
        old, now = (np.array([n == name for n in h.names], bool) for h in (fitted, new))
        common = common_errors(fitted.where(old), simulated_fitted[:, old], rng)
        out[:, now] = observed_like(new.where(now), simulated_new[:, now], common, rng, known)
    return out
