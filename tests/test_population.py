"""Populations: columns keep one length, newcomers wait for the end of the year, the dead are dropped."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simulator.world.agents as agents
from simulator.core.population import Population, column

POPULATIONS = sorted(
    (c for c in vars(agents).values() if isinstance(c, type) and issubclass(c, Population) and c is not Population),
    key=lambda c: c.__name__,
)


class Shops(Population):
    size: np.ndarray = column("float64", unit="m2", doc="floor", default=3.0)
    where: np.ndarray = column("float32", unit="km", doc="place", width=2)
    owner: np.ndarray = column("int32", unit="row", doc="owner", default=-1)


def lengths(shops: Shops) -> set[int]:
    return {getattr(shops, name).shape[0] for name in shops.columns}


batches = st.lists(st.integers(0, 40), max_size=12)


@given(st.integers(0, 20), batches)
def test_newcomers_wait_and_then_join_in_order(n: int, counts: list[int]) -> None:
    shops = Shops(n)
    for k, count in enumerate(counts):
        shops.arrive(count, size=np.arange(count) + 100.0 * k, key=k)
    assert len(shops) == n
    assert lengths(shops) == {n}
    assert shops.waiting() == sum(counts)
    queued = shops.queued("size")
    np.testing.assert_array_equal(shops.queued("owner"), np.full(sum(counts), -1) if any(counts) else np.empty(0))
    assert shops.admit() == sum(counts)
    assert lengths(shops) == {n + sum(counts)} == {len(shops)}
    np.testing.assert_array_equal(shops.size[n:], queued)
    assert shops.alive.all()
    assert (shops.owner == -1).all()
    assert (shops.size[:n] == 3.0).all()
    assert not shops.where.any()
    assert shops.waiting() == shops.admit() == 0


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 30))
def test_compaction_keeps_the_living_as_they_were(alive: list[bool], later: int) -> None:
    shops = Shops(len(alive))
    shops.key[:] = np.arange(len(alive)) + 7
    shops.size[:] = np.arange(len(alive)) * 1.5
    shops.where[:] = np.arange(2 * len(alive)).reshape(-1, 2)
    shops.alive[:] = alive
    before = {name: getattr(shops, name)[np.array(alive, bool)].copy() for name in shops.columns}
    moved = shops.compact()
    for name, values in before.items():
        np.testing.assert_array_equal(getattr(shops, name), values)
    assert moved.shape == (len(alive),)
    np.testing.assert_array_equal(moved >= 0, np.array(alive, bool))
    np.testing.assert_array_equal(moved[moved >= 0], np.arange(sum(alive)))
    # what dead rows held must not shine through in rows that join later
    shops.arrive(later)
    shops.admit()
    assert (shops.size[sum(alive) :] == 3.0).all()
    assert lengths(shops) == {sum(alive) + later}


def test_newcomers_may_be_given_as_numbers_or_columns() -> None:
    shops = Shops()
    shops.arrive(2, size=5.0, where=np.array([[1, 2], [3, 4]]), owner=np.array([8, 9]))
    shops.admit()
    assert shops.size.tolist() == [5.0, 5.0]
    assert shops.where.tolist() == [[1, 2], [3, 4]]
    assert shops.owner.tolist() == [8, 9]
    assert shops.nbytes() == 2 * (8 + 1 + 8 + 2 * 4 + 4)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda shops: pickle.loads(pickle.dumps(shops))])
def test_a_copy_is_whole_and_apart(copied: Callable[[Shops], Shops]) -> None:
    shops = Shops(3)
    shops.arrive(1, size=9.0)
    other = copied(shops)
    other.size[:] = 7.0
    other.admit()
    assert other.size.tolist() == [7.0, 7.0, 7.0, 9.0]
    assert shops.size.tolist() == [3.0, 3.0, 3.0]
    assert shops.waiting() == 1


def test_wrong_newcomers_are_refused() -> None:
    shops = Shops()
    with pytest.raises(KeyError, match="sise"):
        shops.arrive(1, sise=1.0)
    with pytest.raises(ValueError, match="3 values for 2"):
        shops.arrive(2, size=np.zeros(3))
    assert shops.waiting() == 0


@pytest.mark.parametrize("population", POPULATIONS, ids=lambda c: c.__name__)
def test_every_column_says_what_it_is(population: type[Population]) -> None:
    assert set(Population.__annotations__) - {"columns"} <= set(population.columns)
    for name, declared in population.columns.items():
        dtype = np.dtype(declared.dtype)
        assert dtype.kind in "fiub", name
        assert declared.unit, name
        assert len(declared.doc) > 5, name
        assert declared.width >= 1, name
        assert np.array(declared.default).astype(dtype) == declared.default, name
        if "CNY" in declared.unit or "persons" in declared.unit:
            assert dtype == np.float64, f"{name}: sums of money and people need 64 bits"
    empty = population(3)
    for name, declared in population.columns.items():
        values = getattr(empty, name)
        assert values.dtype == np.dtype(declared.dtype), name
        assert values.shape == ((3,) if declared.width == 1 else (3, declared.width)), name
