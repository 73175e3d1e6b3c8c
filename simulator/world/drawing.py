"""How the starting population is drawn: labels, whole numbers and sizes that add up exactly to what is given."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from simulator.core.elementary import exp_of, log_of
from simulator.core.luck import name_hash, sub_keys
from simulator.world.drawing_kernels import highest_rows, labels_of, whole_parts


def keys_of(name: str, count: int) -> np.ndarray:
    """Return (count,) keys that belong to a name, the same in every run."""
    return sub_keys(np.full(count, name_hash(name), np.uint64), np.arange(count))


def exact_labels(score: np.ndarray, counts: list[int]) -> np.ndarray:
    """Return (n,) labels 0..k-1 with exactly the given counts, the lowest scores getting label 0.

    Raises ValueError when the counts do not add to n.
    """
    if sum(counts) != score.size:
        raise ValueError(f"counts add to {sum(counts)}, not to {score.size}")
    return np.asarray(labels_of(score, np.array(counts, np.int64)))


@njit(cache=True, nogil=True)
def lowest_within(score: np.ndarray, amount: np.ndarray, total: float) -> np.ndarray:
    """Return the rows (m,) of the lowest scores (n,) whose positive amounts (n,) add to less than ``total``.

    Halves of the scores are taken or left as a whole, so that few need to be sorted.
    """
    chosen, m, whole = np.empty(score.shape[0], np.int64), 0, 0.0
    left = np.arange(score.shape[0])
    while left.shape[0] > 32:
        here = score[left]
        middle = here.mean()
        below = here <= middle
        part = left[below]
        if part.shape[0] == 0 or part.shape[0] == left.shape[0]:  # all equal, but for rounding
            break
        sums = whole + amount[part].sum()
        if sums < total:
            chosen[m : m + part.shape[0]] = part
            m += part.shape[0]
            whole = sums
            left = left[~below]
        else:
            left = part
    for i in left[np.argsort(score[left], kind="mergesort")]:
        whole += amount[i]
        if not whole < total:
            break
        chosen[m] = i
        m += 1
    return chosen[:m].copy()


def share_out(total: float, weight: np.ndarray) -> np.ndarray:
    """Return whole numbers in proportion to ``weight`` that add exactly to the rounded total (largest remainder)."""
    whole = round(total)
    if whole <= 0 or weight.sum() <= 0:
        return np.zeros(weight.size)
    return np.asarray(whole_parts(float(whole), np.asarray(weight, float), float(weight.sum())))


def highest(score: np.ndarray, count: int) -> np.ndarray:
    """Return the rows of the ``count`` highest scores (n,) in the order of rows; of equals the first rows."""
    if not 0 < count < score.size:
        return np.arange(score.size if count > 0 else 0)
    return np.asarray(highest_rows(score, count))


@njit(cache=True, nogil=True, error_model="numpy")
def bend(unit: np.ndarray, width: np.ndarray, target: float, low: float, high: float) -> float:
    """Return the power g in [low, high] at which the sum of width x unit^g is the target; an end where none is.

    ``unit`` (n,) lies between 0 and 1, so that the sum falls with g; steps of Newton on log g, kept in the bracket.
    """
    logs, parts = np.empty(unit.shape[0]), np.empty(unit.shape[0])
    for i in range(unit.shape[0]):
        logs[i] = log_of(unit[i])
    a, b = math.log(low), math.log(high)
    at = 0.5 * (a + b)
    for _ in range(100):
        g = math.exp(at)
        whole = slope = 0.0
        for i in range(unit.shape[0]):
            parts[i] = width[i] * exp_of(g * logs[i])
        for i in range(unit.shape[0]):
            whole += parts[i]
            slope += parts[i] * logs[i] * g
        if whole > target:
            a = at
        else:
            b = at
        to = at - (whole - target) / slope if slope < 0.0 else a
        if not a < to < b:
            to = 0.5 * (a + b)
        if abs(to - at) <= 1e-14 * max(1.0, abs(at)):
            break
        at = to
    return math.exp(at)


def pareto_between(u: np.ndarray, low: np.ndarray, high: np.ndarray, tail: float) -> np.ndarray:
    """Return Pareto variates of the given tail cut to [low, high), from uniforms."""
    a, b = low**-tail, high**-tail
    return (a - u * (a - b)) ** (-1.0 / tail)
