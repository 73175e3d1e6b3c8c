"""The posterior of "the plan comes true": by target, by section and of all targets together.

Regression-adjusted ABC as for a history, with the shortfalls of the targets as data and no shortfall as what was
observed. That lies at the edge of the runs or beyond, where a line through chance would be drawn out far; so only those
parameters have a line that go with a shortfall four times as closely as dummies do, which no run has read. A target
that no run of the bank meets is aimed at as near as the best hundredth of the runs gets; what lies beyond is tried with
runs (``plan_push``), not extrapolated. A target that runs miss by more than nineteen twentieths tells runs apart no
longer: it is left out of the fit and named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.core.parameters import ParameterRow
from simulator.study.abc_fit import LEAST_KEPT, Fit, Material
from simulator.study.history import LEAST_SHARE
from simulator.study.plan_points import TOLERANCE, PlanMaterial, shortfall
from simulator.study.posterior import DRAWS
from simulator.study.priors import to_natural

DUMMIES = 200
SURE = 4.0  # times the covariance of the dummies, which hardly any of some 800 unrelated parameters reaches
PENALTY = 0.1  # ridge, in variances of the shortfalls
KEPT_ONE, KEPT_MANY = 0.1, 0.5  # least share of the bank kept for one target (misses are drawn to its edge) and more
LEAST_RUNS = 100
NEAREST = 0.99  # quantile of the attainment that is aimed at where no run meets a target
FARTHEST = 4.0  # prior standard deviations at which a draw of the sample is cut
NOISE_SEED, DUMMY_SEED, PLAN_DRAWS_SEED = 20150101, 20150201, 20160101
PLAN_DRAWS = DRAWS // 2
ALWAYS, SOMETIMES, NEVER = "always", "sometimes", "never"
Evidence = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Shift:
    """How far one parameter lies from the evidence where the plan comes true.

    ``shift`` in prior standard deviations, ``value`` there and ``evidence`` (the declared value) in its unit;
    ``beyond`` whether that lies outside the range of the evidence, ``low`` to ``high``.
    """

    parameter: str
    shift: float
    value: float
    evidence: float
    low: float
    high: float
    beyond: bool


@dataclass(frozen=True)
class Answer:
    """What has to be true for a target, a section (``targets`` its ids) or all targets.

    ``probability`` over draws from the evidence of all being met, ``nearest`` the most that a run attains of the
    hardest (1 where it is met), ``effective`` how many equal draws the fit is worth, ``distance`` the length of the
    sure ``shifts`` together, in prior standard deviations; ``left_out`` the targets that are out of reach of the fit.
    """

    name: str
    targets: tuple[str, ...]
    status: str
    probability: float
    nearest: float
    effective: float
    distance: float
    shifts: tuple[Shift, ...]
    left_out: tuple[str, ...] = ()


def evidence_range(row: ParameterRow, evidence: Evidence | None = None) -> tuple[float, float]:
    """Return the range of a parameter in the evidence: that of its source where it holds the value, else the prior's.

    A source whose range does not hold the value states it in another unit.
    """
    entry = (evidence or {}).get(row.source.removeprefix("effect:")) or {}
    low, high = entry.get("low"), entry.get("high")
    if isinstance(low, int | float) and isinstance(high, int | float) and low <= row.value <= high and low < high:
        return float(low), float(high)
    return row.prior.low, row.prior.high


def shifts_of(rows: Sequence[ParameterRow], z: np.ndarray, evidence: Evidence | None = None) -> tuple[Shift, ...]:
    """Return the parameters that are not at their declared value in ``z`` (P,), the farthest first."""
    natural = to_natural(rows, z[None])[0]
    found = []
    for k in np.argsort(-np.abs(z), kind="stable").tolist():
        if z[k] == 0.0:
            break
        low, high = evidence_range(rows[k], evidence)
        value = float(natural[k])
        found.append(Shift(rows[k].name, float(z[k]), value, rows[k].value, low, high, not low <= value <= high))
    return tuple(found)


def out_of_reach(attained: np.ndarray) -> np.ndarray:
    """Return which targets are out of reach of a fit, (M,), from what runs attain of them, (n, M).

    No run meets them, and even the point that would be aimed at lies where all runs count alike.
    """
    unmet = attained.max(axis=0) < 1.0
    return np.asarray(unmet & (np.quantile(attained, NEAREST, axis=0) <= LEAST_SHARE))


def fit_columns(data: PlanMaterial, columns: Sequence[int], *, tolerance: float = TOLERANCE) -> Fit | None:
    """Return the posterior given that some targets are met, None where all runs meet them or none differs.

    A target that no run meets is aimed at where the best hundredth of the runs gets; one that is out of reach of the
    fit is left out. Parameters without a sure line keep their prior.
    """
    attained = data.attained[:, list(columns)]
    attained = attained[:, ~out_of_reach(attained) & (shortfall(attained).std(axis=0) > 0.0)]
    clean = shortfall(attained)
    if clean.shape[1] == 0:
        return None
    noisy = clean + tolerance * np.random.default_rng(NOISE_SEED).standard_normal(clean.shape)
    observed = np.zeros(clean.shape[1])
    unmet = clean.max(axis=0) < 0.0
    if unmet.any():
        observed[unmet] = np.quantile(clean[:, unmet], NEAREST, axis=0)
    least = KEPT_ONE if clean.shape[1] == 1 else KEPT_MANY
    share = float(np.clip((clean == 0.0).all(axis=1).mean() + KEPT_ONE / 2.0, least, 1.0))
    weights = _near(Material((), data.z, clean, noisy), observed, share)
    lines = _lines(data.z, noisy, weights, _go_with(data.z, np.log(np.maximum(attained, LEAST_SHARE))))
    moved = data.z + (observed - noisy) @ lines
    still = ~lines.any(axis=0)
    moved[:, still] -= weights @ data.z[:, still]
    keep = np.flatnonzero(weights)
    return Fit(moved[keep], weights[keep], keep)


def _near(data: Material, observed: np.ndarray, share: float) -> np.ndarray:
    """Return Epanechnikov weights (n,) of the share of the runs that is nearest to the data; they add to 1."""
    distance = data.distances(observed)
    count = min(len(distance), max(round(share * len(distance)), int(LEAST_KEPT * data.noisy.shape[1]), LEAST_RUNS))
    width = np.partition(distance, count - 1)[count - 1] * (1.0 + 1e-9) or 1.0
    weights = np.maximum(1.0 - (distance / width) ** 2, 0.0)
    return np.asarray(weights / weights.sum())


def _go_with(z: np.ndarray, attained: np.ndarray) -> np.ndarray:
    """Return which targets (n, M, in logs) go with which parameters (n, P) beyond what chance does, (M, P)."""
    dummies = np.random.default_rng(DUMMY_SEED).standard_normal((len(z), DUMMIES))
    x = attained - attained.mean(axis=0)
    chance = np.sqrt(((x.T @ (dummies - dummies.mean(axis=0))) ** 2).mean(axis=1, keepdims=True))
    return np.asarray(np.abs(x.T @ (z - z.mean(axis=0))) > SURE * chance)


def _lines(z: np.ndarray, noisy: np.ndarray, weights: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Return the weighted ridge lines (M, P) of parameters (n, P) on shortfalls (n, M), where they are sure (M, P)."""
    x = noisy - weights @ noisy
    weighted = x.T * weights
    together = weighted @ x
    gram = together + PENALTY * np.diag(np.diag(together))
    return np.asarray(np.linalg.solve(gram, np.where(sure, weighted @ (z - weights @ z), 0.0)))


def sure_shift(found: Fit) -> np.ndarray:
    """Return the posterior means (P,) on the standard normal scale, those of rounding as zero."""
    mean = found.mean()
    return np.where(np.abs(mean) > 1e-9, mean, 0.0)


def answer(
    data: PlanMaterial,
    rows: Sequence[ParameterRow],
    name: str,
    columns: Sequence[int],
    evidence: Evidence | None = None,
) -> Answer:
    """Return what has to be true for some of the targets, by their columns."""
    met = data.met[:, list(columns)]
    probability = float(met.all(axis=1).mean())
    nearest = np.where(met.any(axis=0), 1.0, data.attained[:, list(columns)].max(axis=0))
    status = ALWAYS if met.all() else SOMETIMES if met.any(axis=0).all() else NEVER
    found = None if status == ALWAYS else fit_columns(data, columns)
    z = np.zeros(len(rows)) if found is None else sure_shift(found)
    far = out_of_reach(data.attained[:, list(columns)])
    return Answer(
        name,
        tuple(data.plan.ids[k] for k in columns),
        status,
        probability,
        float(nearest.min()),
        float(len(data.z)) if found is None else found.effective,
        float(np.sqrt((z**2).sum())),
        shifts_of(rows, z, evidence),
        tuple(data.plan.ids[k] for k, left in zip(columns, far, strict=True) if left),
    )


def direction_of(found: Answer, rows: Sequence[ParameterRow]) -> np.ndarray:
    """Return the sure shifts of an answer as a vector (P,) of length 1, or zeros."""
    at = {row.name: k for k, row in enumerate(rows)}
    z = np.zeros(len(rows))
    for s in found.shifts:
        z[at[s.parameter]] = s.shift
    return z / max(found.distance, 1e-12)


def sample_of(data: PlanMaterial, rows: Sequence[ParameterRow], count: int = PLAN_DRAWS) -> tuple[np.ndarray, float]:
    """Return draws (count, P) in their units given that the whole plan comes true, as nearly as the bank goes.

    Also the share of figures cut at four prior standard deviations. Where all runs meet all targets, or no figure
    differs, the draws are the bank's own.
    """
    found = fit_columns(data, range(len(data.plan.targets)))
    if found is None:
        z = data.z[np.random.default_rng(PLAN_DRAWS_SEED).choice(len(data.z), count)]
    else:
        z = found.draws(count, PLAN_DRAWS_SEED)
    cut = float((np.abs(z) > FARTHEST).mean())
    return to_natural(rows, np.clip(z, -FARTHEST, FARTHEST)), cut


def together(data: PlanMaterial) -> tuple[float, int]:
    """Return how many targets a run from the evidence meets at once: the mean, and the most of any."""
    counts = data.met.sum(axis=1)
    return float(counts.mean()), int(counts.max())
