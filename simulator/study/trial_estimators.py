"""What an econometrician does with micro data: the estimators of the virtual trials.

A table holds the rows (firms, firm-years, city-years) of one simulated world as columns of equal length (n,). An
estimator reads the tables of W worlds and returns a ``Fit``: sums that add over worlds (W, M) and the function that
turns their total into the estimate. Worlds are the clusters: intervals come from drawing whole worlds again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Table = Mapping[str, np.ndarray]
LEVEL = 0.90  # of intervals, as everywhere in this project
RESAMPLES = 400  # worlds drawn again for an interval: its ends are then good to about a tenth of its width
SHUFFLES = 499  # of a lottery's outcome, for a p-value that can reach 0.002
SEED = 20150701
RULE_OF_THUMB = 1.84  # times sd n**(-1/5): the plug-in width for a triangular kernel under a normal density
SWEEPS = 50  # rounds of taking out firm and year means; unbalanced panels settle well before


@dataclass(frozen=True)
class Fit:
    """Sums over rows by world (W, M), and what their total says."""

    sums: np.ndarray
    value: Callable[[np.ndarray], float]

    def estimate(self) -> float:
        """Return the estimate on all worlds together; NaN where they do not tell."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(self.value(self.sums.sum(axis=0)))

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Return the ends of the bootstrap interval over worlds."""
        worlds = len(self.sums)
        weights = np.random.default_rng(SEED).multinomial(worlds, np.full(worlds, 1.0 / worlds), size=RESAMPLES)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.array([self.value(total) for total in weights @ self.sums])
        if not np.isfinite(values).any():
            return math.nan, math.nan
        low, high = np.nanquantile(values, (0.5 - level / 2, 0.5 + level / 2))
        return float(low), float(high)

    def then(self, change: Callable[[float], float]) -> Fit:
        """Return the fit of a function of the estimate."""
        return Fit(self.sums, lambda total: change(self.value(total)))


def stack(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return one line of sums a world, (W, M)."""
    return np.array([np.asarray(row, float).ravel() for row in rows])


def ratio(top: float, bottom: float) -> float:
    """Return top over bottom; NaN where there is nothing below."""
    return float(top / bottom) if bottom else math.nan


# ---- lotteries --------------------------------------------------------------------------------------


def lottery(
    tables: Sequence[Table], outcome: str, *, per: str = "", relative: bool = False, offer: str = "offer"
) -> Fit:
    """Compare those whom a lottery gave the offer with those who lost.

    ``per`` divides by the same difference of another column (Wald: the effect per voucher used, or the part of a first
    gain that is left); ``relative`` divides by the losers' mean.
    """

    def sums(t: Table) -> np.ndarray:
        won = t[offer].astype(bool)
        other = t[per] if per else np.zeros(won.size)
        return np.array(
            [won.sum(), t[outcome][won].sum(), (~won).sum(), t[outcome][~won].sum(), other[won].sum(),
             other[~won].sum()]
        )  # fmt: skip

    def value(s: np.ndarray) -> float:
        n1, y1, n0, y0, x1, x0 = s
        gain = ratio(y1, n1) - ratio(y0, n0)
        if per:
            return ratio(gain, ratio(x1, n1) - ratio(x0, n0))
        return float(ratio(gain, ratio(y0, n0)) if relative else gain)

    return Fit(stack([sums(t) for t in tables]), value)


def shuffled_p(tables: Sequence[Table], outcome: str, *, offer: str = "offer", seed: int = SEED) -> float:
    """Return the two-sided p-value of a lottery by drawing it anew within each world (randomisation inference).

    Each applicant is drawn by itself, as in the lotteries of the trials; what is compared is the sum over winners of
    the outcome less its mean in the world.
    """
    rng = np.random.default_rng(seed)
    real, shuffled = 0.0, np.zeros(SHUFFLES)
    for t in tables:
        y, won = np.asarray(t[outcome], float), t[offer].astype(bool)
        if y.size == 0:
            continue
        centred = y - y.mean()
        real += float(centred[won].sum() - won.mean() * centred.sum())
        shuffled += (rng.random((SHUFFLES, y.size), np.float32) < won.mean()) @ centred
    return float((1 + (np.abs(shuffled) >= abs(real) - 1e-12).sum()) / (SHUFFLES + 1))


def lottery_gap(tables: Sequence[Table], outcome: str, *, per: str, arms: Sequence[str]) -> Fit:
    """Return by how much a lottery's gain per take-up is larger in the first of two arms than in the second.

    Columns of an arm end in its name; each arm has a lottery of its own (``offer`` and the arm).
    """
    first, second = (lottery(tables, outcome + a, per=per + a, offer=f"offer{a}") for a in arms)
    k = first.sums.shape[1]
    sums = np.hstack([first.sums, second.sums])
    return Fit(sums, lambda s: first.value(s[:k]) - second.value(s[k:]))


# ---- thresholds -------------------------------------------------------------------------------------


def bandwidth(running: np.ndarray) -> float:
    """Return the rule-of-thumb width of a window around the cut-off for a running variable (n,)."""
    return float(RULE_OF_THUMB * running.std() * running.size ** (-0.2))


def discontinuity(
    tables: Sequence[Table],
    outcome: str,
    *,
    per: str = "",
    shape: str = "jump",
    width: float = 0.0,
    running: str = "score",
    only: str = "",
) -> Fit:
    """Fit a line on each side of zero, triangular weights, and read the jump; rows at zero or above are treated.

    ``per`` divides by the jump of another column (fuzzy); ``shape`` says what is read: the ``jump``, its ``share`` of
    the level below, the ``ratio`` of the levels, or the ratio of ``odds``. ``width`` 0 takes the rule of thumb.
    ``only`` names a column that rows must have.
    """
    if only:
        tables = [{k: v[t[only].astype(bool)] for k, v in t.items() if v.size == t[only].size} for t in tables]
    known = np.concatenate([t[running] for t in tables]).astype(float)
    h = width or bandwidth(known[np.isfinite(known)])

    def sums(t: Table) -> np.ndarray:
        x = np.asarray(t[running], float)
        near = np.abs(x) < h
        x = x[near]
        w = 1.0 - np.abs(x) / h
        above = (x >= 0.0).astype(float)
        design = np.column_stack([np.ones(x.size), above, x, x * above])
        y = np.asarray(t[outcome], float)[near]
        d = np.asarray(t[per], float)[near] if per else above
        weighted = design * w[:, None]
        return np.concatenate([(weighted.T @ design).ravel(), weighted.T @ y, weighted.T @ d])

    def value(s: np.ndarray) -> float:
        try:
            inverse = np.linalg.inv(s[:16].reshape(4, 4))
        except np.linalg.LinAlgError:
            return math.nan
        below, jump = (inverse @ s[16:20])[:2]
        first = float((inverse @ s[20:])[1])
        jump = jump / first
        if shape == "share":
            return float(jump / below) if below > 0.0 else math.nan
        if shape == "ratio":
            return float((below + jump) / below) if below > 0.0 else math.nan
        if shape == "odds":
            up = below + jump
            inside = 0.0 < below < 1.0 and 0.0 < up < 1.0
            return float(up / (1.0 - up) / (below / (1.0 - below))) if inside else math.nan
        return float(jump)

    return Fit(stack([sums(t) for t in tables]), value)


def aggregate_loss(tables: Sequence[Table], outcome: str, *, part_of: str, whole: str, width: float = 0.0) -> Fit:
    """Return what all would lose without the treatment, as a share: the jump extrapolated to all that is treated.

    ``part_of`` is what the treated do, ``whole`` what everybody does.
    """
    jump = discontinuity(tables, outcome, shape="share", width=width)
    sums = np.hstack([jump.sums, stack([np.array([t[part_of].sum(), t[whole].sum()]) for t in tables])])

    def value(s: np.ndarray) -> float:
        share = jump.value(s[:-2])
        return float(-share / (1.0 + share) * ratio(s[-2], s[-1]))

    return Fit(sums, value)


# ---- panels -----------------------------------------------------------------------------------------


def within(values: np.ndarray, *groups: np.ndarray) -> np.ndarray:
    """Return the values (n,) less the means of each grouping (n,), taken out in turn until nothing is left."""
    out = np.asarray(values, float).copy()
    codes = [np.unique(g, return_inverse=True)[1] for g in groups]
    counts = [np.bincount(c) for c in codes]
    for _ in range(SWEEPS):
        moved = 0.0
        for c, n in zip(codes, counts, strict=True):
            mean = np.bincount(c, out) / n
            out -= mean[c]
            moved = max(moved, float(np.abs(mean).max()))
        if moved < 1e-10:
            break
    return out


def differences(
    tables: Sequence[Table], outcome: str, *, on: str = "on", per: str = "", unit: str = "firm", time: str = "year"
) -> Fit:
    """Difference in differences with effects of firms and of years (of each world).

    ``on`` is the treatment of a row, a number; ``per`` a column that it is an instrument for (what was taken up).
    """

    def sums(t: Table) -> np.ndarray:
        if t[outcome].size == 0:
            return np.zeros(2)
        d = within(t[on], t[unit], t[time])
        x = within(t[per], t[unit], t[time]) if per else d
        return np.array([d @ within(t[outcome], t[unit], t[time]), d @ x])

    return Fit(stack([sums(t) for t in tables]), lambda s: ratio(s[0], s[1]))


def cities(tables: Sequence[Table], outcome: str, *, on: str = "on", per: str = "", time: str = "year") -> Fit:
    """Difference in differences over cities: each world is one, with the same years; effects of cities and of years.

    ``on`` and ``per`` as in ``differences``. Cities that never adopt have ``on`` zero throughout.
    """
    years = np.unique(np.concatenate([t[time] for t in tables]))
    k = years.size

    def sums(t: Table) -> np.ndarray:
        d = np.asarray(t[on], float)
        x, y = np.asarray(t[per], float) if per else d, np.asarray(t[outcome], float)
        dummies = (t[time][:, None] == years[None, 1:]).astype(float)
        z = np.column_stack([d, dummies])
        z -= z.mean(axis=0)
        return np.concatenate([(z.T @ z).ravel(), z.T @ (x - x.mean()), z.T @ (y - y.mean())])

    def value(s: np.ndarray) -> float:
        cross, x, y = s[: k * k].reshape(k, k), s[k * k : k * k + k], s[k * k + k :]
        inverse = np.linalg.pinv(cross)
        return ratio(float((inverse @ y)[0]), float((inverse @ x)[0]))

    return Fit(stack([sums(t) for t in tables]), value)
