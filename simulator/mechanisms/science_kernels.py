"""Compiled passes of science over firms and universities: results, ties, and turning to newcomers."""

from __future__ import annotations

import numpy as np
from numba import njit

from simulator.core.luck import poisson_at, uniform_at
from simulator.world.agents import TECH_DIMENSIONS
from simulator.world.space import near_first

BLOCK = 256  # firms looked at together
CANDIDATES = 32  # and universities, at most
ROUNDED = 1.0 + 1e-9  # more than rounding can make of a factor of one


@njit(cache=True, nogil=True, inline="always")
def _promise(near: float, too_near: float) -> float:
    """Return how likely a meeting is at some nearness, over one that is as near as can be of use.

    There must be enough overlap to understand each other, enough novelty to learn: an inverted U.
    """
    return near * (1.0 if near < too_near else max(0.0, (1.0 - near) / (1.0 - too_near)))


@njit(cache=True, nogil=True)
def draw_results(key: np.ndarray, alive: np.ndarray, mean: np.ndarray, address: np.uint64, results: np.ndarray) -> None:
    """Draw the results (U,) of a year around their means (U,)."""
    for i in range(key.shape[0]):
        results[i] = poisson_at(address, key[i], mean[i]) if alive[i] else 0.0


@njit(cache=True, nogil=True)
def form_ties(
    key: np.ndarray,
    alive: np.ndarray,
    does_rd: np.ndarray,
    university: np.ndarray,
    nearness: np.ndarray,
    link: np.ndarray,
    ease: np.ndarray,
    meet: float,
    keep: float,
    too_near: float,
    loose: float,
    address: np.uint64,
) -> None:
    """Let ties (n,) fade to ``keep`` of them, and firms that do R&D without a working one tie up anew."""
    for i in range(key.shape[0]):
        if not alive[i]:
            continue
        link[i] *= keep
        if does_rd[i] and university[i] >= 0 and link[i] < loose:
            chance = meet * _promise(nearness[i], too_near)
            if uniform_at(address, key[i]) < chance * ease[university[i]]:
                link[i] = 1.0


@njit(cache=True, nogil=True, inline="always")
def _best_of(tech: np.ndarray, i: int, to: np.ndarray, score: np.ndarray, width: int) -> tuple[int, float]:
    """Return which of the places ``to`` (8, width) is nearest to the technology of firm i, and its nearness."""
    t0, t1, t2, t3 = float(tech[i, 0]), float(tech[i, 1]), float(tech[i, 2]), float(tech[i, 3])
    t4, t5, t6, t7 = float(tech[i, 4]), float(tech[i, 5]), float(tech[i, 6]), float(tech[i, 7])
    for j in range(width):
        low = (t0 * to[0, j] + t1 * to[1, j]) + (t2 * to[2, j] + t3 * to[3, j])
        score[j] = low + ((t4 * to[4, j] + t5 * to[5, j]) + (t6 * to[6, j] + t7 * to[7, j]))
    best, near = 0, score[0]
    for j in range(1, width):
        best = j if score[j] > near else best
        near = max(near, score[j])
    return best, near


@njit(cache=True, nogil=True)
def turn(
    tech: np.ndarray,
    district: np.ndarray,
    link: np.ndarray,
    university: np.ndarray,
    nearness: np.ndarray,
    u_tech: np.ndarray,
    joined: np.ndarray,
    close: np.ndarray,
    bonus: np.ndarray,
    too_near: float,
    loose: float,
) -> None:
    """Let firms without a working tie turn to the nearest of the universities that ``joined`` (rows, (m,)).

    They do where a meeting is more likely than with the one they know; ``close`` is (D, m), ``bonus`` by university.
    """
    rows, near_u, tech_u = near_first(u_tech, close)
    count = rows.shape[1]
    width = min(count, CANDIDATES)
    blocks = (count + width - 1) // width
    # technology as seen from each district; what fills the last block is farther than any, positions being positive
    there = np.full((rows.shape[0] * blocks, TECH_DIMENSIONS, width), -1.0)
    most = np.zeros(rows.shape[0])  # by district, the most that a meeting with a newcomer can promise
    for d in range(rows.shape[0]):
        for r in range(count):
            # nearness is at most how close the districts are, but for rounding
            most[d] = max(most[d], 1.001 * near_u[d, r] * bonus[joined[rows[d, r]]])
            for k in range(TECH_DIMENSIONS):
                there[d * blocks + r // width, k, r % width] = near_u[d, r] * tech_u[d, r, k]
    score, generous = np.empty(width), bonus[joined].max()
    per_rest, falls = 1.0 / (1.0 - too_near), max(too_near, 0.5)
    known, open_ = np.empty(BLOCK), np.empty(BLOCK, np.int64)
    for start in range(0, tech.shape[0], BLOCK):
        m = 0
        for i in range(start, min(start + BLOCK, tech.shape[0])):  # without branches, which would be guessed wrong
            near = nearness[i]
            promise = near * min(1.0, max(0.0, (1.0 - near) * per_rest)) * bonus[max(university[i], 0)]
            known[m], open_[m] = promise, i
            m += (link[i] < loose) & (most[district[i]] > promise)
        for c in range(m):
            i = open_[c]
            d = district[i]
            best, near = _best_of(tech, i, there[d * blocks], score, width)
            who = rows[d, best]
            for b in range(1, blocks):
                first = b * width
                # all that follow are farther; and the nearer the less to learn: none that is nearer still promises more
                if 1.001 * near_u[d, first] <= near or (
                    near >= falls and _promise(near, too_near) * generous * ROUNDED <= known[c]
                ):
                    break
                best, nearer = _best_of(tech, i, there[d * blocks + b], score, width)
                row = rows[d, min(first + best, count - 1)]
                if nearer > near or (nearer == near and row < who):  # of equals the first row
                    near, who = nearer, row
            if _promise(near, too_near) * bonus[joined[who]] > known[c]:
                university[i] = joined[who]
                nearness[i] = near
