"""Compiled parts of ``drawing``: the highest by their bits, labels by counting, remainders that add up."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_DIGIT = 11  # bits of a number that are counted at a time
_LOW_DIGIT = np.uint64(2**_DIGIT - 1)
_SHIFTS = (53, 42, 31, 20, 9, 0)  # of the digits, the highest first; the last one overlaps
_SIGN = np.uint64(1 << 63)
_ALL = np.uint64(2**64 - 1)
_BINS = 2048  # into which scores are counted for labels


@njit(cache=True, nogil=True)
def kth_highest(score: np.ndarray, count: int) -> float:
    """Return the score that ``count`` of the (n,) scores reach, 1 to n; ties count one by one.

    The digits of the numbers are counted, from the highest on, and only those that share the wanted one are looked
    at again: a few passes, however the scores lie and however many are equal.
    """
    left = np.empty(score.shape[0], np.uint64)
    for i in range(score.shape[0]):  # bits in the order of the numbers: the larger of two below zero has the lower ones
        bits = np.float64(score[i]).view(np.uint64)
        left[i] = bits ^ (_SIGN if bits < _SIGN else _ALL)
    wanted = count  # how many of those left are to be reached
    for digit in _SHIFTS:
        if left.shape[0] == 1:
            break
        shift = np.uint64(digit)
        found = np.zeros(_BINS, np.int32)
        for bits in left:
            found[(bits >> shift) & _LOW_DIGIT] += 1
        at = _BINS - 1
        while found[at] < wanted:
            wanted -= found[at]
            at -= 1
        if found[at] < left.shape[0]:
            same, m = np.empty(found[at], np.uint64), 0
            for bits in left:
                if (bits >> shift) & _LOW_DIGIT == at:
                    same[m] = bits
                    m += 1
            left = same
    bits = left[0]
    return np.uint64(bits ^ (_SIGN if bits >= _SIGN else _ALL)).view(np.float64)


@njit(cache=True, nogil=True)
def highest_rows(score: np.ndarray, count: int) -> np.ndarray:
    """Return the rows (count,) of the highest of (n,) scores, 1 to n, in the order of rows; of equals the first."""
    least = kth_highest(score, count)
    equal = count
    for i in range(score.shape[0]):
        equal -= score[i] > least
    rows, m = np.empty(count, np.int64), 0
    for i in range(score.shape[0]):
        if score[i] > least or (score[i] == least and equal > 0):
            equal -= score[i] == least
            rows[m] = i
            m += 1
    return rows[:m]  # none where the least of them is no number


@njit(cache=True, nogil=True)
def labels_of(score: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return (n,) labels 0..k-1 with exactly the given counts (k,), the lowest scores getting label 0; ties by row.

    Scores are counted by where they lie between the least and the most; only where a label ends inside one of these
    bins are its few scores sorted.
    """
    n = score.shape[0]
    labels = np.zeros(n, np.int64)
    if n == 0:
        return labels
    low, high = score.min(), score.max()
    scale = (_BINS - 1) / (high - low) if high > low else 0.0
    scale = scale if math.isfinite(scale) else 0.0  # scores next to each other
    place, found = np.empty(n, np.int64), np.zeros(_BINS, np.int64)
    for i in range(n):
        bin_ = (score[i] - low) * scale
        place[i] = int(bin_) if 0.0 <= bin_ < _BINS else 0  # what is no number lies with the least
        found[place[i]] += 1
    ends, begins = np.cumsum(counts), np.cumsum(found) - found  # of labels and of bins, in the order of scores
    label_of = np.empty(_BINS, np.int64)  # -1 for bins whose scores have several
    label = 0
    for b in range(_BINS):
        while begins[b] >= ends[label] and label < counts.shape[0] - 1:
            label += 1
        label_of[b] = label if begins[b] + found[b] <= ends[label] else -1
    m = 0
    for i in range(n):
        labels[i] = label_of[place[i]]
        m += labels[i] < 0
    mixed, of_mixed, m = np.empty(m, np.int64), np.empty(m), 0
    for i in range(n):
        if labels[i] < 0:
            mixed[m], of_mixed[m] = i, score[i]
            m += 1
    last, rank, label = -1, 0, 0
    for at in np.argsort(of_mixed, kind="mergesort"):
        i = mixed[at]
        rank = rank + 1 if place[i] == last else begins[place[i]]
        last = place[i]
        while rank >= ends[label]:
            label += 1
        labels[i] = label
    return labels


@njit(cache=True, nogil=True, error_model="numpy")
def whole_parts(whole: float, weight: np.ndarray, sum_of: float) -> np.ndarray:
    """Return whole numbers (n,) in proportion to ``weight`` (n,), which adds to ``sum_of``, that add to ``whole``."""
    out, rest = np.empty(weight.shape[0]), np.empty(weight.shape[0])
    left = whole
    for i in range(weight.shape[0]):
        exact = whole * weight[i] / sum_of
        out[i] = math.floor(exact)
        rest[i] = exact - out[i]
        left -= out[i]
    if left >= weight.shape[0]:
        out += 1.0
    elif left > 0.0:
        for i in highest_rows(rest, int(left)):
            out[i] += 1.0
    return out
