"""Rows picked by partial sorting are those that a full sort picks, ties and empty input included."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.world.drawing import highest, lowest_within
from simulator.world.drawing_kernels import highest_rows, labels_of
from simulator.world.hours import _in_turn


def by_sorting(score: np.ndarray, amount: np.ndarray, total: float) -> set[int]:
    order = np.argsort(score, kind="stable")
    return set(order[np.cumsum(amount[order]) < total].tolist())


@pytest.mark.parametrize("n", [0, 1, 31, 33, 500])
@pytest.mark.parametrize("kinds", [1, 3, 10_000])  # all equal, many ties, hardly any
@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99, 2.0])
def test_the_lowest_within_a_total_are_those_of_a_full_sort(n: int, kinds: int, part: float) -> None:
    rng = np.random.default_rng(n + kinds)
    score, amount = rng.integers(0, kinds, n) / 7.0, rng.integers(1, 9, n) * 1.0
    total = part * amount.sum()
    assert set(lowest_within(score, amount, total).tolist()) == by_sorting(score, amount, total)


@pytest.mark.parametrize("kinds", [1, 3, 10_000])
@pytest.mark.parametrize("count", [0, 1, 40, 99, 100])
def test_the_highest_are_those_of_a_full_sort(kinds: int, count: int) -> None:
    score = np.random.default_rng(count).integers(0, kinds, 100) / 7.0
    assert highest(score, count).tolist() == sorted(np.argsort(-score, kind="stable")[:count].tolist())


def test_scores_that_are_no_numbers_name_no_rows_beyond() -> None:
    nothing = np.full(300, np.nan)
    assert highest_rows(nothing, 7).size == 0
    mixed = np.array([1.0, np.nan, 2.0, np.nan, 3.0])
    assert set(highest_rows(mixed, 1).tolist()) <= set(range(5))
    assert np.bincount(labels_of(mixed, np.array([2, 3])), minlength=2).sum() == 5


@pytest.mark.parametrize("n", [0, 1, 2, 300])
@pytest.mark.parametrize("kinds", [1, 5, 10_000])
def test_applicants_stand_in_the_order_of_a_full_sort(n: int, kinds: int) -> None:
    rng = np.random.default_rng(n + kinds)
    score, keys = rng.integers(0, kinds, n) / 7.0, rng.integers(0, 2**63, n).astype(np.uint64)
    assert _in_turn(score, keys).tolist() == np.lexsort((keys, score)).tolist()
