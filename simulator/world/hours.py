"""Hours of universities, handed out to those who ask until they are used up; what support of projects leaves."""

from __future__ import annotations

import numpy as np
from numba import njit

from simulator.core.luck import uniform_at


@njit(cache=True, nogil=True)
def with_university(alive: np.ndarray, university: np.ndarray, ready: np.ndarray) -> np.ndarray:
    """Return the rows (m,) of living firms with a university that are ``ready`` (n,)."""
    rows = np.empty(alive.shape[0], np.int64)
    m = 0
    for i in range(alive.shape[0]):  # no branch, which would be guessed wrong too often
        rows[m] = i
        m += ready[i] & alive[i] & (university[i] >= 0)
    return rows[:m].copy()


@njit(cache=True, nogil=True)
def askers(
    key: np.ndarray,
    firms: np.ndarray,
    nearness: np.ndarray,
    eligible: np.ndarray,
    interest: float,
    far: float,
    address: np.uint64,
) -> np.ndarray:
    """Return those of some ``firms`` with a university (f,) that are eligible (n,) and ask for its work this year.

    The chance is ``interest`` next to the university and ``far`` times that at no nearness.
    """
    rows = np.empty(firms.shape[0], np.int64)
    m, most = 0, interest * max(far, 1.0) * 1.0001  # nearness is 1 at most
    draws = np.empty(key.shape[0])
    for i in range(key.shape[0]):  # all at once is faster than one by one
        draws[i] = uniform_at(address, key[i])
    for i in firms:
        u = draws[i]
        if u < most and eligible[i] and u < interest * (far + (1.0 - far) * nearness[i]):
            rows[m] = i
            m += 1
    return rows[:m].copy()


@njit(cache=True, nogil=True)
def serve(order: np.ndarray, own: np.ndarray, cost: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return who gives each applicant its hours (m,), -1 for nobody; ``left`` (CNY by university) is used up.

    ``order`` (m,) ranks the applicants, ``own`` (m,) is the university that each asks first, ``cost`` (m,) CNY.
    """
    provider = np.full(order.shape[0], -1)
    first, most = _tournament(left)
    for k in order:
        j = own[k]
        if left[j] < cost[k]:
            j = most[1]
        if left[j] >= cost[k]:
            left[j] -= cost[k]
            provider[k] = j
            at = (first + j) // 2
            while at > 0:  # who has most left is asked for often, and only the rounds of this one can change
                most[at] = _winner(left, most[2 * at], most[2 * at + 1])
                at //= 2
    return provider


@njit(cache=True, nogil=True, inline="always")
def _winner(left: np.ndarray, a: int, b: int) -> int:
    """Return which of two rows, the first not after the second, has more left; -1 stands for none."""
    return b if a < 0 or (b >= 0 and left[b] > left[a]) else a


@njit(cache=True, nogil=True)
def _tournament(left: np.ndarray) -> tuple[int, np.ndarray]:
    """Return where the rows of ``left`` (m,) begin in a tree of pairwise winners, and the tree; 1 is its top."""
    first = 1
    while first < left.shape[0]:
        first *= 2
    most = np.full(2 * first, -1)
    for j in range(left.shape[0]):
        most[first + j] = j
    for at in range(first - 1, 0, -1):
        most[at] = _winner(left, most[2 * at], most[2 * at + 1])
    return first, most


def additional_part(worth: np.ndarray, part: np.ndarray, usual: float) -> np.ndarray:
    """Return the part (n,) of what is supported that is new, 0 without money and ``worth`` (n,) at the usual part.

    ``part`` (n,) is what the public pays over the whole: each further step wins the same part of what is left.
    """
    return np.asarray(1.0 - (1.0 - np.minimum(worth, 1.0 - 1e-9)) ** (part / usual))


def tie_worth(rd: np.ndarray, value: np.ndarray, outsourcing: float) -> np.ndarray:
    """Return the strength (n,) of the tie that a project of some value leaves: it does not bind all of a large firm.

    A full tie brings a university the part ``outsourcing`` of the firm's R&D (n,) each year, here no more than
    the project (n,) CNY was worth.
    """
    return np.asarray(np.minimum(1.0, value / np.maximum(outsourcing * rd, 1.0)))
