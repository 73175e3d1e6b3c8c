"""Where agents stand in technology and in the city, and how near that makes them."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numba import njit

from simulator.core.elementary import exp_of
from simulator.core.luck import name_hash, normal_quantile, normals_of, uniform_at
from simulator.world.agents import TECH_DIMENSIONS
from simulator.world.region import Region

_BLOCK = 512  # agents whose positions are drawn together


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


@njit(cache=True, nogil=True, error_model="numpy")
def position(centres: np.ndarray, noise: np.ndarray, width: float) -> np.ndarray:
    """Return (n, 8) unit vectors scattered around (n, 8) centres by (n, 8) standard normals."""
    n, d = noise.shape
    out = np.empty((n, d))
    flat, draws = out.reshape(-1), noise.reshape(-1)
    for j in range(draws.shape[0]):
        flat[j] = exp_of(width * draws[j])
    for i in range(n):
        square = 0.0
        for k in range(d):
            out[i, k] *= centres[i, k]
            square += out[i, k] * out[i, k]
        length = math.sqrt(square)
        for k in range(d):
            out[i, k] /= length
    return out


@njit(cache=True, nogil=True)
def scatter(
    address: np.uint64, key: np.ndarray, centres: np.ndarray, sector: np.ndarray, width: float, out: np.ndarray
) -> None:
    """Fill ``out`` (n, 8) with positions around the centres (S, 8) of agents' sectors, in blocks that stay near."""
    noise, around = np.empty((_BLOCK, TECH_DIMENSIONS)), np.empty((_BLOCK, TECH_DIMENSIONS))
    for start in range(0, key.shape[0], _BLOCK):
        here = key[start : start + _BLOCK]
        count = here.shape[0]
        normals_of(address, here, noise[:count])
        for i in range(count):
            around[i] = centres[sector[start + i]]
        out[start : start + count] = position(around[:count], noise[:count], width)


def closeness(region: Region, there: np.ndarray, decay: float) -> np.ndarray:
    """Return (D, m) how near each district is to those in the districts ``there`` (m,): exp(-km / decay)."""
    x, y = region.district("x_km"), region.district("y_km")
    return np.asarray(np.exp(-np.hypot(x[:, None] - x[there], y[:, None] - y[there]) / decay))


@njit(cache=True, nogil=True)
def _distinct(u_tech: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Return the rows (K,) of universities (U, 8), in order, that no earlier one equals in place and technology.

    Of equals the first is the nearest, so a search need not look at the others. ``close`` is (D, U).
    """
    order = np.argsort(u_tech[:, 0], kind="mergesort")  # equals stand together, in their order
    kept, again = np.empty(order.shape[0], np.int64), np.zeros(order.shape[0], np.bool_)
    begin = m = 0  # where those kept of this first component begin, and end
    for at in range(order.shape[0]):
        j = order[at]
        if at > 0 and u_tech[j, 0] != u_tech[order[at - 1], 0]:
            begin = m
        for i in kept[begin:m]:
            same = True
            for k in range(1, TECH_DIMENSIONS):
                same &= u_tech[i, k] == u_tech[j, k]
            for a in range(close.shape[0]):
                same = same and close[a, i] == close[a, j]
            if same:
                again[j] = True
                break
        if not again[j]:
            kept[m] = j
            m += 1
    return np.flatnonzero(~again)


@njit(cache=True, nogil=True)
def near_first(u_tech: np.ndarray, close: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort universities (U, 8) for each district by its nearness to them, ``close`` (D, U), the near ones first.

    Returns the rows (D, K) of those that differ, ties by row, their closeness (D, K) and technology (D, K, 8).
    """
    one_each = _distinct(u_tech, close)
    rows = np.empty((close.shape[0], one_each.shape[0]), np.int64)
    near = np.empty(rows.shape)
    tech = np.empty((*rows.shape, TECH_DIMENSIONS))
    for a in range(close.shape[0]):
        here = close[a][one_each]
        rows[a] = one_each[np.argsort(-here, kind="mergesort")]  # which leaves equals in their order
        for r in range(rows.shape[1]):
            near[a, r] = close[a, rows[a, r]]
            for k in range(TECH_DIMENSIONS):
                tech[a, r, k] = u_tech[rows[a, r], k]
    return rows, near, tech


@njit(cache=True, nogil=True, inline="always")
def _product(a: np.ndarray, b: np.ndarray) -> float:
    """Return the inner product of two vectors (8,), in parts of four that need not wait for each other."""
    odd, even = 0.0, 0.0
    for k in range(0, TECH_DIMENSIONS, 4):
        odd += a[k] * b[k] + a[k + 1] * b[k + 1]
        even += a[k + 2] * b[k + 2] + a[k + 3] * b[k + 3]
    return odd + even


@njit(cache=True, nogil=True)
def nearest_of(
    position: np.ndarray, here: int, rows: np.ndarray, near: np.ndarray, tech: np.ndarray
) -> tuple[int, float]:
    """Return the university (row) of greatest nearness to one firm, -1 for none, and that nearness in [0, 1].

    ``position`` (8,) is the firm's technology and ``here`` its district; the rest comes from ``near_first``.
    """
    most, who = 0.0, -1
    for r in range(rows.shape[1]):
        if 1.001 * near[here, r] <= most:  # the cosine is at most one, but for rounding; all after it are farther
            break
        s = _product(position, tech[here, r]) * near[here, r]
        if s > most or (s == most and rows[here, r] < who):  # of equals the first row
            most, who = s, rows[here, r]
    return who, most


@njit(cache=True, nogil=True)
def nearest(
    tech: np.ndarray, district: np.ndarray, u_tech: np.ndarray, close: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each of n firms the university (row) of greatest nearness, and that nearness in [0, 1].

    Nearness is the cosine in technology space times the ``close`` (D, U) of the firm's district.
    """
    rows, near, u_sorted = near_first(u_tech, close)
    best, score = np.empty(tech.shape[0], np.int32), np.empty(tech.shape[0])
    for i in range(tech.shape[0]):
        best[i], score[i] = nearest_of(tech[i], district[i], rows, near, u_sorted)
    return best, score
