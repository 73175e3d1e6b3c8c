"""Compiled passes of founding over the columns of firms."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from simulator.core.luck import poisson_quantile, sub_key, uniform_at

ROUNDING = 1e-12  # more than the error of the few steps of such a bound


@njit(cache=True, nogil=True)
def standing(alive: np.ndarray, above_scale: np.ndarray, sector: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Count the living above-scale firms of each sector (S,), and the other living firms."""
    scale, small = np.zeros(count, np.int64), 0
    for i in range(alive.shape[0]):
        if alive[i]:
            if above_scale[i]:
                scale[sector[i]] += 1
            else:
                small += 1
    return scale, small


@njit(cache=True, nogil=True, error_model="numpy")
def staff_founders(
    key: np.ndarray,
    alive: np.ndarray,
    above_scale: np.ndarray,
    rd_staff: np.ndarray,
    sector: np.ndarray,
    quality: np.ndarray,
    rate: float,
    power: float,
    per: float,
    by_quality: float,
    lift: np.ndarray,
    unaided: np.ndarray,
    same_sector: float,
    services: int,
    address: np.uint64,
    a_stay: np.uint64,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for the (m,) firms that staff found: row of the parent, sector, and whether help made them possible.

    ``by_quality`` is the slope of the log of the rate in the parent's quality, 0 for none.
    """
    rows = np.empty(key.shape[0], np.int64)
    m = 0
    bounded = power <= 1.0 and by_quality <= 0.0
    for i in range(key.shape[0]):  # no branch, which would be guessed wrong too often
        over = rd_staff[i] / per
        # (1 + x)^power is at most 1 + power x, and exp(-mean) at least 1 - mean: most firms have no founder
        near = uniform_at(address, key[i]) > 1.0 - lift[sector[i]] * rate * (1.0 + power * over) - ROUNDING
        rows[m] = i
        m += alive[i] & ((not above_scale[i]) | (rd_staff[i] > 0.0)) & (near | (not bounded))
    may, m = rows[:m], 0
    parents, into = np.empty(may.shape[0], np.int64), np.empty(may.shape[0], np.int64)
    helped = np.empty(may.shape[0], np.bool_)
    for i in may:
        own = rate
        if by_quality > 0.0:  # the mean over standard normal qualities is one
            own *= math.exp(by_quality * (quality[i] - 0.5 * by_quality))
        u, size = uniform_at(address, key[i]), own * (1.0 + rd_staff[i] / per) ** power
        born = int(poisson_quantile(lift[sector[i]] * size, u))
        if born == 0:
            continue
        anyway = int(poisson_quantile(unaided[sector[i]] * size, u))
        while m + born > parents.shape[0]:
            parents, into = np.append(parents, parents), np.append(into, into)
            helped = np.append(helped, helped)
        for rank in range(born):
            stays = uniform_at(a_stay, sub_key(key[i], rank)) < same_sector
            parents[m], into[m], helped[m] = i, sector[i] if stays else services, rank >= anyway
            m += 1
    return parents[:m], into[:m], helped[:m]


@njit(cache=True, nogil=True)
def researchers_sectors(
    rows: np.ndarray,
    keys: np.ndarray,
    fields: np.ndarray,
    home: float,
    to_services: float,
    services: int,
    digital: int,
    address: np.uint64,
) -> np.ndarray:
    """Return the sectors (m,) in which researchers of some universities (``rows``, (m,)) found firms of given keys.

    A part ``home`` stays in the main field of its institution, by ``fields`` (of the first ones, S), a part goes into
    technology services, the others into digital firms. Those that came since have no main field but services.
    """
    out = np.empty(rows.shape[0], np.int64)
    for i in range(rows.shape[0]):
        u = uniform_at(address, keys[i])
        if u < home:
            out[i] = fields[rows[i]].argmax() if rows[i] < fields.shape[0] else services
        else:
            out[i] = services if u < home + to_services else digital
    return out
