"""The compiled passes over applicants of ``patenting``."""

from __future__ import annotations

import numpy as np
from numba import njit

from simulator.core.elementary import exp_of
from simulator.core.luck import binomial_at, count_above, normal_at, normals_of, poisson_at, sub_key, uniform_at
from simulator.world.agents import LAGS, PRIVATE

BLOCK = 256  # firms whose luck and exponentials are taken together


@njit(cache=True, nogil=True)
def _applications(
    key: np.uint64,
    base: float,
    marginal: float,
    spread: float,
    a_true: np.uint64,
    a_marginal: np.uint64,
    a_size: np.uint64,
) -> tuple[float, float]:
    """Return true applications at mean ``base``, and marginal ones at ``marginal`` times a spread of it."""
    true = poisson_at(a_true, key, base)
    mean = marginal * base * np.exp(spread * normal_at(a_size, key) - 0.5 * spread * spread)
    return true, poisson_at(a_marginal, key, mean)


@njit(cache=True, nogil=True)
def file(
    key: np.ndarray,
    alive: np.ndarray,
    base: np.ndarray,
    marginal: float,
    spread: float,
    filed_true: np.ndarray,
    filed: np.ndarray,
    waiting_true: np.ndarray,
    waiting_marginal: np.ndarray,
    a_true: np.uint64,
    a_marginal: np.uint64,
    a_size: np.uint64,
) -> None:
    """File what results bring, mean ``base`` (n,), and marginal applications beside it."""
    for i in range(key.shape[0]):
        true = beside = 0.0
        if alive[i] and base[i] > 0.0:
            true, beside = _applications(key[i], base[i], marginal, spread, a_true, a_marginal, a_size)
        filed_true[i] = waiting_true[i, 0] = true
        waiting_marginal[i, 0] = beside
        filed[i] = true + beside


@njit(cache=True, nogil=True, error_model="numpy")
def file_firms(
    key: np.ndarray,
    alive: np.ndarray,
    innovations: np.ndarray,
    sector: np.ndarray,
    ownership: np.ndarray,
    hnte_informed: np.ndarray,
    hnte_until: np.ndarray,
    does_rd: np.ndarray,
    field: np.ndarray,
    propensity: float,
    enforced: float,
    burst: float,
    year: int,
    marginal: float,
    spread: float,
    cost: float,
    cash: np.ndarray,
    filed_true: np.ndarray,
    filed: np.ndarray,
    waiting_true: np.ndarray,
    waiting_marginal: np.ndarray,
    a_true: np.uint64,
    a_marginal: np.uint64,
    a_size: np.uint64,
) -> np.ndarray:
    """File what innovations bring and marginal applications beside it, and pay ``cost`` (CNY) for each.

    ``field`` (S,) is the propensity to patent of sectors over the mean; a firm about to seek or renew HNTE status
    files more by ``burst``, a private one by ``enforced``. Nothing of this year waits yet, as ``decide`` leaves it.
    Returns the rows (m,) of those that file.
    """
    rows, able, m = np.empty(key.shape[0], np.int64), 0, 0
    for i in range(key.shape[0]):
        if filed[i] != 0:  # few: most rows are only read
            filed_true[i] = filed[i] = 0
        rows[able] = i
        able += (innovations[i] > 0) & alive[i]
    names, mean, size = np.empty(BLOCK, np.uint64), np.empty((2, BLOCK)), np.empty((BLOCK, 1))
    luck, none, came = np.empty((2, BLOCK)), np.empty((2, BLOCK)), np.empty((2, BLOCK))
    for start in range(0, able, BLOCK):
        count = min(BLOCK, able - start)
        for j in range(count):
            i = rows[start + j]
            names[j] = key[i]
            base = propensity * field[sector[i]] * innovations[i]
            base *= 1.0 + (enforced if ownership[i] == PRIVATE else 0.0)
            base *= 1.0 + (burst if hnte_informed[i] & (hnte_until[i] <= year + 1) & does_rd[i] else 0.0)
            mean[0, j] = base
        normals_of(a_size, names[:count], size[:count])
        for j in range(count):
            mean[1, j] = marginal * mean[0, j] * exp_of(spread * size[j, 0] - 0.5 * spread * spread)
        for kind in range(2):
            address = a_marginal if kind else a_true
            for j in range(count):
                luck[kind, j] = uniform_at(address, names[j])
                none[kind, j] = exp_of(-mean[kind, j])
            for j in range(count):
                came[kind, j] = count_above(mean[kind, j], luck[kind, j], none[kind, j])
        for j in range(count):
            i = rows[start + j]
            filed_true[i] = waiting_true[i, 0] = came[0, j]
            waiting_marginal[i, 0] = came[1, j]
            filed[i] = came[0, j] + came[1, j]
            cash[i] -= cost * filed[i]
            rows[m] = i  # of the rows looked at already, those that file
            m += filed[i] > 0
    return rows[:m].copy()


FEW = 64  # counts below which the chance that none of them comes stands in a table


@njit(cache=True, nogil=True)
def _none(chance: float) -> np.ndarray:
    """Return for the counts 0 to FEW - 1 the chance that none comes, each at a chance, or at one less it if smaller."""
    out, log = np.empty(FEW), np.log1p(-min(chance, 1.0 - chance)) if 0.0 < chance < 1.0 else 0.0
    for n in range(FEW):
        out[n] = np.exp(n * log)
    return out


@njit(cache=True, nogil=True)
def _some(address: np.uint64, key: np.uint64, n: float, chance: float, none: np.ndarray) -> float:
    """Return what ``binomial_at`` does; ``none`` (FEW,) belongs to the chance."""
    if n >= FEW:
        return binomial_at(address, key, n, chance)
    u, p = uniform_at(address, key), none[int(n)]
    flipped = chance > 0.5
    k = 0.0
    if u > p:  # most often none comes
        odds, cumulative = (1.0 - chance) / chance if flipped else chance / (1.0 - chance), p
        while u > cumulative and k < n:
            k += 1.0
            p *= (n - k + 1.0) / k * odds
            cumulative += p
    return n - k if flipped else k


@njit(cache=True, nogil=True)
def decide(
    key: np.ndarray,
    waiting_true: np.ndarray,
    waiting_marginal: np.ndarray,
    patents: np.ndarray,
    good: np.ndarray,
    granted: np.ndarray,
    shares: np.ndarray,
    true_rate: float,
    marginal_rate: float,
    lapse: float,
    marginal_lapse: float,
    address: np.uint64,
) -> np.ndarray:
    """Decide what has waited, add grants, drop what lapses, and move the queue on by a year.

    Returns the rows (m,) that are granted some.
    """
    last = LAGS - 1  # known to the compiler, which unrolls the loops over years
    share_none = np.empty((LAGS, FEW))
    for lag in range(LAGS):
        share_none[lag] = _none(shares[lag])
    true_none, marginal_none = _none(true_rate), _none(marginal_rate)
    rest_lapse = min(1.0, marginal_lapse * lapse)
    lapse_none, rest_none = _none(lapse), _none(rest_lapse)
    concerned, some = np.empty(key.shape[0], np.int64), 0
    for i in range(key.shape[0]):  # no branch: most firms have no patent and none under way, but not all in a row
        count = patents[i] + granted[i]
        for lag in range(LAGS):
            count += waiting_true[i, lag] + waiting_marginal[i, lag]
        concerned[some] = i
        some += count > 0
    rows, m = np.empty(some, np.int64), 0
    for i in concerned[:some]:
        new_true = new_marginal = lost_good = lost_rest = 0.0
        for lag in range(last, -1, -1):  # what is left of a year's filings joins those that waited a year longer
            true, marginal = float(waiting_true[i, lag]), float(waiting_marginal[i, lag])
            if true > 0.0:
                decided = _some(address, sub_key(key[i], lag), true, shares[lag], share_none[lag])
                true -= decided
                if decided > 0.0:
                    new_true += _some(address, sub_key(key[i], 10 + lag), decided, true_rate, true_none)
            if marginal > 0.0:
                decided = _some(address, sub_key(key[i], 20 + lag), marginal, shares[lag], share_none[lag])
                marginal -= decided
                if decided > 0.0:
                    new_marginal += _some(address, sub_key(key[i], 30 + lag), decided, marginal_rate, marginal_none)
            if lag == last:
                waiting_true[i, last], waiting_marginal[i, last] = true, marginal
            elif lag == last - 1:
                waiting_true[i, last] += true
                waiting_marginal[i, last] += marginal
            else:
                waiting_true[i, lag + 1], waiting_marginal[i, lag + 1] = true, marginal
        if patents[i] > 0:
            held = float(good[i])
            lost_good = _some(address, sub_key(key[i], 40), held, lapse, lapse_none)
            rest = float(patents[i]) - held
            if rest > 0.0:
                lost_rest = _some(address, sub_key(key[i], 41), rest, rest_lapse, rest_none)
        granted[i] = new_true + new_marginal
        patents[i] += granted[i] - (lost_good + lost_rest)
        good[i] += new_true - lost_good
        waiting_true[i, 0] = waiting_marginal[i, 0] = 0
        if granted[i] > 0:
            rows[m] = i
            m += 1
    return rows[:m].copy()
