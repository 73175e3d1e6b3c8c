"""The compiled pass of delivery over projects."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from simulator.core.luck import uniform_at


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
