"""Where agents stand in technology and in the city, and how near that makes them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit

from simulator.core.luck import name_hash, normal_quantile, uniform_at
from simulator.world.agents import TECH_DIMENSIONS
from simulator.world.region import Region


def sector_centres(region: Region) -> np.ndarray:
    """Return the (S, 8) positions of a region's sectors; see ``_centres``."""
    return _centres(region.sectors)


@lru_cache(maxsize=16)
def _centres(sectors: tuple[str, ...]) -> np.ndarray:
    """Return the (S, 8) unit vectors of the sectors in technology space, the same in every run.

    Related sectors share components by a common factor; positions are positive, so that nearness
    (the cosine) lies in [0, 1].
    """
    count = len(sectors)
    out = np.empty((count, TECH_DIMENSIONS))
    for s, name in enumerate(sectors):
        u = np.array([uniform_at(name_hash(f"sector {name}"), name_hash(str(d))) for d in range(TECH_DIMENSIONS)])
        out[s] = np.exp(1.1 * normal_quantile(u))
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def position(centres: np.ndarray, noise: np.ndarray, width: float) -> np.ndarray:
    """Return (n, 8) unit vectors scattered around (n, 8) centres by (n, 8) standard normals."""
    raw = centres * np.exp(width * noise)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def closeness(region: Region, there: np.ndarray, decay: float) -> np.ndarray:
    """Return (D, m) how near each district is to those in the districts ``there`` (m,): exp(-km / decay)."""
    x, y = region.district("x_km"), region.district("y_km")
    return np.asarray(np.exp(-np.hypot(x[:, None] - x[there], y[:, None] - y[there]) / decay))


@njit(cache=True, nogil=True)
def nearest(
    tech: np.ndarray, district: np.ndarray, u_tech: np.ndarray, close: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each of n firms the university (row) of greatest nearness, and that nearness in [0, 1].

    Nearness is the cosine in technology space times the ``close`` (D, U) of the firm's district.
    """
    n, m, d = tech.shape[0], u_tech.shape[0], tech.shape[1]
    # the near ones first: once the next is too far, so are all after it
    order = np.empty(close.shape, np.int64)
    for a in range(close.shape[0]):
        for j in range(m):
            at = j
            while at > 0 and close[a, order[a, at - 1]] < close[a, j]:
                order[a, at] = order[a, at - 1]
                at -= 1
            order[a, at] = j
    best = np.full(n, -1, np.int32)
    score = np.zeros(n)
    for i in range(n):
        here, most, who = district[i], 0.0, -1
        for r in range(m):
            j = order[here, r]
            if 1.001 * close[here, j] <= most:  # the cosine is at most one, but for rounding
                break
            dot = 0.0
            for k in range(d):
                dot += tech[i, k] * u_tech[j, k]
            s = dot * close[here, j]
            if s > most or (s == most and j < who):  # of equals the first row
                most, who = s, j
        best[i], score[i] = who, most
    return best, score
