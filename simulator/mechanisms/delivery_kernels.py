"""The compiled pass of delivery over projects."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from simulator.core.luck import child_key, normal_at, uniform_at


@njit(cache=True, nogil=True)
def finished(
    key: np.ndarray,
    alive: np.ndarray,
    kind: np.ndarray,
    ordered: np.ndarray,
    left: np.ndarray,
    lost: np.ndarray,
    year: int,
    rate_space: float,
    rate_small: float,
    is_space: np.ndarray,
    address: np.uint64,
) -> np.ndarray:
    """Return the rows of the projects that are ready, at rates a year by kind; those never to be built are given up."""
    rows = np.empty(key.shape[0], np.int64)
    m = 0
    for i in range(key.shape[0]):
        if not alive[i]:
            continue
        rate = rate_space if is_space[kind[i]] else rate_small
        chance = 1.0 - math.exp(-rate)
        if ordered[i] == year:  # evenly over the time in force: between nothing and twice the mean time left
            first = max(2.0 * rate * left[i], 1e-9)
            chance = 1.0 - (1.0 - math.exp(-first)) / first
        if uniform_at(address, key[i]) >= chance:
            continue
        if lost[i]:
            alive[i] = False
        else:
            rows[m] = i
            m += 1
    return rows[:m].copy()


@njit(cache=True, nogil=True)
def projects_of(
    names: np.ndarray, sizes: np.ndarray, year: int, spread: float, a_fraction: np.uint64, a_size: np.uint64
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of the projects that orders make the order's place, the key and the quantity, (m,) each.

    ``sizes`` (k, 2) are what each order asks for and the mean size of its projects: where that is 1, whole units,
    the fraction of one by luck; else sizes vary by ``spread`` (log points) and add to what was ordered.
    """
    counts = np.empty(names.shape[0], np.int64)
    for k in range(names.shape[0]):
        total, mean = sizes[k, 0], sizes[k, 1]
        if mean == 1.0:
            counts[k] = math.floor(total)
            counts[k] += uniform_at(a_fraction, names[k]) < total - counts[k]
        else:
            counts[k] = max(1, round(total / mean)) if total > 0.0 else 0
    m = counts.sum()
    made, keys, quantity = np.empty(m, np.int64), np.empty(m, np.uint64), np.ones(m)
    i = 0
    for k in range(names.shape[0]):
        first, whole = i, 0.0
        for rank in range(counts[k]):
            made[i], keys[i] = k, child_key(names[k], rank, year)
            if sizes[k, 1] != 1.0:
                quantity[i] = math.exp(spread * normal_at(a_size, keys[i]))
                whole += quantity[i]
            i += 1
        if sizes[k, 1] != 1.0:
            quantity[first:i] *= sizes[k, 0] / max(whole, 1e-300)
    return made, keys, quantity
