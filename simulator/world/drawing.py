"""How the starting population is drawn: labels, whole numbers and sizes that add up exactly to what is given."""

from __future__ import annotations

import numpy as np

from simulator.core.luck import name_hash, sub_keys


def keys_of(name: str, count: int) -> np.ndarray:
    """Return (count,) keys that belong to a name, the same in every run."""
    return sub_keys(np.full(count, name_hash(name), np.uint64), np.arange(count))


def exact_labels(score: np.ndarray, counts: list[int]) -> np.ndarray:
    """Return (n,) labels 0..k-1 with exactly the given counts, the lowest scores getting label 0.

    Raises ValueError when the counts do not add to n.
    """
    if sum(counts) != score.size:
        raise ValueError(f"counts add to {sum(counts)}, not to {score.size}")
    labels = np.empty(score.size, np.int64)
    labels[np.argsort(score)] = np.repeat(np.arange(len(counts)), counts)
    return labels


def share_out(total: float, weight: np.ndarray) -> np.ndarray:
    """Return whole numbers in proportion to ``weight`` that add exactly to the rounded total (largest remainder)."""
    whole = round(total)
    if whole <= 0 or weight.sum() <= 0:
        return np.zeros(weight.size)
    exact = whole * weight / weight.sum()
    out = np.floor(exact)
    rest = whole - int(out.sum())
    if rest > 0:
        out[np.argsort(-(exact - out), kind="stable")[:rest]] += 1
    return out


def pareto_between(u: np.ndarray, low: np.ndarray, high: np.ndarray, tail: float) -> np.ndarray:
    """Return Pareto variates of the given tail cut to [low, high), from uniforms."""
    a, b = low**-tail, high**-tail
    return (a - u * (a - b)) ** (-1.0 / tail)
