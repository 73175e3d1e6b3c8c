"""Hours of universities, handed out to those who ask until they are used up; what support of projects leaves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, vectorize

from simulator.core.elementary import exp_of
from simulator.core.luck import normals_of, uniform_at
from simulator.core.selection import marked


class Partners(NamedTuple):
    """The columns of firms that paid work at a university reads and changes, by name."""

    key: np.ndarray
    cash: np.ndarray
    link: np.ndarray
    boost: np.ndarray
    boost_life: np.ndarray
    does_rd: np.ndarray
    rd_real: np.ndarray
    rd_intensity: np.ndarray
    revenue: np.ndarray
    voucher_year: np.ndarray


class Awards(NamedTuple):
    """What a draw paid the firms ``who`` (rows), and the applicants (m,) that it chose from, both in order of rows.

    ``cost`` (m,) is what each asked for, ``provider`` (m,) who would do the work.
    """

    who: np.ndarray
    amount: np.ndarray
    real: np.ndarray
    half_life: np.ndarray
    rows: np.ndarray
    cost: np.ndarray
    provider: np.ndarray


@njit(cache=True, nogil=True)
def with_university(alive: np.ndarray, university: np.ndarray, ready: np.ndarray) -> np.ndarray:
    """Return the rows (m,) of living firms with a university that are ``ready`` (n,)."""
    return marked(ready & alive & (university >= 0))


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
    m = 0
    for i in firms:  # no branch, which would be guessed wrong too often
        rows[m] = i
        m += eligible[i] & (uniform_at(address, key[i]) < interest * (far + (1.0 - far) * nearness[i]))
    return rows[:m].copy()


@njit(cache=True, nogil=True, error_model="numpy")
def costs(keys: np.ndarray, median: float, spread: float, address: np.uint64) -> np.ndarray:
    """Return the costs (m,) of what firms of given keys (m,) ask for: ``median`` CNY, ``spread`` in log points."""
    out = np.empty((keys.shape[0], 1))
    normals_of(address, keys, out)
    flat = out[:, 0]
    for j in range(flat.shape[0]):
        flat[j] = median * exp_of(spread * flat[j])
    return flat


@njit(cache=True, nogil=True)
def ranks(keys: np.ndarray, rows: np.ndarray, quality: np.ndarray, noise: float, address: np.uint64) -> np.ndarray:
    """Return how a programme ranks its applicants (m,), in some ``rows`` (m,): by ``quality`` (n,) seen with noise."""
    out = np.empty((keys.shape[0], 1))
    normals_of(address, keys, out)
    flat = out[:, 0]
    for j in range(flat.shape[0]):
        flat[j] = quality[rows[j]] + noise * flat[j]
    return flat


@njit(cache=True, nogil=True, error_model="numpy")
def _in_turn(score: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return the order (m,) of the scores (m,), the lowest first and ties by key.

    Scores are drawn and so spread over their range: as many shelves as scores leave few on each, and little to sort.
    """
    m = score.shape[0]
    if m == 0:
        return np.empty(0, np.int64)
    low, high = score[0], score[0]
    for k in range(1, m):
        low, high = min(low, score[k]), max(high, score[k])
    per = (m - 1) / (high - low) if high > low else 0.0
    shelf, first = np.empty(m, np.int64), np.zeros(m + 1, np.int64)
    for k in range(m):
        place = (score[k] - low) * per
        shelf[k] = int(place) if 0.0 <= place < m else 0  # what is no number stands first
        first[shelf[k] + 1] += 1
    for s in range(m):
        first[s + 1] += first[s]
    order = np.empty(m, np.int64)
    for k in range(m):
        order[first[shelf[k]]] = k
        first[shelf[k]] += 1
    for at in range(1, m):
        k, to = order[at], at
        while to > 0:
            other = order[to - 1]
            if score[other] < score[k] or (score[other] == score[k] and keys[other] < keys[k]):
                break
            order[to] = other
            to -= 1
        order[to] = k
    return order


@njit(cache=True, nogil=True)
def serve(
    score: np.ndarray,
    rows: np.ndarray,
    keys: np.ndarray,
    university: np.ndarray,
    cost: np.ndarray,
    left: np.ndarray,
) -> np.ndarray:
    """Return who gives each applicant its hours (m,), -1 for nobody; ``left`` (CNY by university) is used up.

    Applicants are firms in some ``rows`` (m,) of given ``keys`` (m,), served by ``score`` (m,), the lowest first. Each
    asks its own ``university`` (n,) before others; ``cost`` (m,) is CNY.
    """
    provider = np.full(rows.shape[0], -1)
    first, most = _tournament(left)
    for k in _in_turn(score, keys):
        j = university[rows[k]]
        if left[j] < cost[k]:
            j = most[1]
        if left[j] >= cost[k]:
            left[j] -= cost[k]
            provider[k] = j
            at = (first + j) // 2
            # who has most left is asked for often; only the rounds that this one won can change
            while at > 0 and most[at] == j:
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


@vectorize(["float64(float64, float64, float64)"], cache=True, nopython=True)
def additional_part(worth: float, part: float, usual: float) -> float:
    """Return the part of what is supported that is new, elementwise: 0 without money, ``worth`` at the usual part.

    ``part`` is what the public pays over the whole: each further step wins the same part of what is left.
    """
    return 1.0 - (1.0 - min(worth, 1.0 - 1e-9)) ** (part / usual)


@vectorize(["float64(float64, float64, float64)"], cache=True, nopython=True)
def tie_worth(rd: float, value: float, outsourcing: float) -> float:
    """Return the strength of the tie that a project of some value (CNY) leaves, elementwise.

    It does not bind all of a large firm: a full tie brings a university the part ``outsourcing`` of the firm's R&D
    (CNY) each year, here no more than the project was worth.
    """
    return min(1.0, value / max(outsourcing * rd, 1.0))
