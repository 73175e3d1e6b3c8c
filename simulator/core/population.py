"""Populations: columns of equal length, one row an agent.

Columns whose items are of one size lie in blocks of memory, so that one pass moves many of them.

Lengths are constant within a year. Newcomers queue by ``arrive`` and join by ``admit`` between
years; dead rows are masked by ``alive`` and compacted when they are many.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np
from numba import njit


@dataclass(frozen=True)
class Column:
    """The declaration of one column: dtype, unit, meaning, width of a row and value at birth."""

    dtype: str
    unit: str
    doc: str
    width: int = 1
    default: float = 0.0


def column(dtype: str, *, unit: str, doc: str, width: int = 1, default: float = 0.0) -> Any:
    """Declare a column; rows are born with ``default`` unless ``arrive`` says otherwise."""
    return Column(dtype, unit, doc, width, default)


class Population:
    """A struct of arrays. Subclasses declare columns; every population has ``key`` and ``alive``.

    A column is reached as an attribute and is a view of shape (n,), or (n, width) for a vector;
    the view is replaced when rows join, so it must not be kept from one year to the next.
    """

    key: np.ndarray = column("uint64", unit="hash", doc="stable name of the row, made from its origin")
    alive: np.ndarray = column("bool", unit="0/1", doc="whether the agent still exists", default=1)

    columns: ClassVar[dict[str, Column]] = {}

    def __init_subclass__(cls) -> None:
        own: dict[str, Column] = {}
        for base in reversed(cls.__mro__):
            own |= {k: v for k, v in vars(base).items() if isinstance(v, Column)}
        cls.columns = own

    def __init__(self, n: int = 0, room: int = 0) -> None:
        """Make ``n`` rows with the values of birth, and room for as many rows in all as ``room`` says."""
        self.n = 0
        self._capacity = 0
        self._blocks: list[np.ndarray] = []  # (columns, capacity and more) each, as _layout has them
        self._vectors: dict[str, np.ndarray] = {}
        self._data: dict[str, np.ndarray] = {}
        self._queue: list[dict[str, np.ndarray]] = []
        self._reserve(max(n, room, 1))
        self._grow_to(n)

    def _reserve(self, capacity: int) -> None:
        for name in self._data:  # while a view is left its block is, and old and new rows should not both be held
            vars(self).pop(name, None)
        self._data.clear()
        for k, (names, birth) in enumerate(_layout(type(self))):
            # zeros come from the system untouched; only other values of birth are written
            block = np.zeros((len(names), _pitch(capacity, birth.itemsize)), birth.dtype)
            for row in np.flatnonzero(birth):
                block[row, self.n :] = birth[row]
            if k < len(self._blocks):
                block[:, : self.n] = self._blocks[k][:, : self.n]
                self._blocks[k] = block
            else:
                self._blocks.append(block)
        for name, c in self.columns.items():
            if c.width > 1:
                vector = np.zeros((capacity, c.width), c.dtype)
                if c.default != 0.0:
                    vector[self.n :] = c.default
                if name in self._vectors:
                    vector[: self.n] = self._vectors[name][: self.n]
                self._vectors[name] = vector
        self._capacity = capacity
        self._find_columns()

    def _find_columns(self) -> None:
        """Point ``_data`` at the columns in the blocks."""
        self._data = dict(self._vectors)
        for block, (names, _) in zip(self._blocks, _layout(type(self)), strict=True):
            for row, name in zip(block, names, strict=True):
                dtype = _dtype(self.columns[name].dtype)
                self._data[name] = row if row.dtype == dtype else row.view(dtype)

    def _grow_to(self, n: int) -> None:
        # rows beyond n hold the values of birth: fresh from _reserve, or put back by compact
        if n > self._capacity:
            self._reserve(n + max(n // 4, _LEAST_ROOM))
        self.n = n
        self._publish()

    def _publish(self) -> None:
        used = slice(self.n)
        vars(self).update({name: data[used] for name, data in self._data.items()})

    def arrive(self, count: int, **values: Any) -> None:
        """Queue ``count`` newcomers; each value is a scalar or has one entry a newcomer.

        Raises KeyError for a name that is not a column, ValueError for a wrong length.
        """
        if count == 0:
            return
        if not values.keys() <= self.columns.keys():
            raise KeyError(f"{type(self).__name__} has no column {sorted(values.keys() - self.columns.keys())}")
        rows: dict[str, np.ndarray] = {}
        for name, value in values.items():
            array = np.asarray(value)
            if array.ndim and array.shape[0] != count:
                raise ValueError(f"{name}: {array.shape[0]} values for {count} newcomers")
            rows[name] = array
        rows["__count__"] = np.int64(count)  # type: ignore[assignment]
        self._queue.append(rows)

    def waiting(self) -> int:
        """Return how many newcomers are queued."""
        return int(sum(int(rows["__count__"]) for rows in self._queue))

    def queued(self, name: str) -> np.ndarray:
        """Return one column of the queued newcomers, as they will join, to be read and not written."""
        parts = []
        for rows in self._queue:
            value = np.asarray(rows.get(name, self.columns[name].default))
            parts.append(value if value.ndim else np.broadcast_to(value, (int(rows["__count__"]),)))
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.empty(0)

    def admit(self) -> int:
        """Append the queued newcomers and return how many joined."""
        joined = self.waiting()
        if joined == 0:
            return 0
        start = self.n
        self._grow_to(start + joined)
        data = self._data
        for rows in self._queue:
            count = int(rows.pop("__count__"))
            here = slice(start, start + count)
            for name, value in rows.items():
                data[name][here] = value
            start += count
        self._queue.clear()
        return joined

    def compact(self) -> np.ndarray:
        """Drop dead rows; return the (old n,) new position of each row, -1 for those dropped."""
        where, rows = _kept(self._data["alive"][: self.n])
        for block, (_, birth) in zip(self._blocks, _layout(type(self)), strict=True):
            # bits are moved, whatever they stand for: one kernel a size of item serves all dtypes
            _close_up(block, rows, self.n, birth)
        for name, data in self._vectors.items():
            _close_up_rows(data, rows)
            data[rows.size : self.n] = self.columns[name].default
        self.n = rows.size
        self._publish()
        return where

    def nbytes(self) -> int:
        """Return the bytes that the rows in use take."""
        return int(sum(data[: self.n].nbytes for data in self._data.values()))

    def copy(self) -> Self:
        """Return a population of the same rows, and the same newcomers in the queue, that shares no data with it."""
        other = object.__new__(type(self))
        state = self.__getstate__()
        state["_blocks"] = [block.copy() for block in self._blocks]
        state["_vectors"] = {name: vector.copy() for name, vector in self._vectors.items()}
        state["_queue"] = [dict(rows) for rows in self._queue]
        other.__setstate__(state)
        return other

    def __getstate__(self) -> dict[str, Any]:
        # views would be copied apart from the data that they show
        return {name: value for name, value in vars(self).items() if name not in self.columns and name != "_data"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._find_columns()
        self._publish()

    def __len__(self) -> int:
        return self.n


_dtype = lru_cache(np.dtype)  # a type by its name, often asked for
_LAYOUTS: dict[type, list[tuple[list[str], np.ndarray]]] = {}
_BLOCK = 16  # columns of one block at most: a population that grows holds a block's rows twice
_LEAST_ROOM = 512  # rows more that a population has room for when it grows: the small ones then do so seldom


def _layout(kind: type[Population]) -> list[tuple[list[str], np.ndarray]]:
    """Return for each block which columns lie in it (k,), and the bits of their values of birth (k,)."""
    if kind not in _LAYOUTS:
        sizes: dict[int, list[str]] = {}
        for name, c in kind.columns.items():
            if c.width == 1:
                sizes.setdefault(np.dtype(c.dtype).itemsize, []).append(name)
        _LAYOUTS[kind] = [
            (names[at : at + _BLOCK], np.concatenate([_born(kind.columns[k], size) for k in names[at : at + _BLOCK]]))
            for size, names in sizes.items()
            for at in range(0, len(names), _BLOCK)
        ]
    return _LAYOUTS[kind]


def _born(c: Column, size: int) -> np.ndarray:
    return np.array([c.default], c.dtype).view(f"u{size}")


def _pitch(capacity: int, size: int) -> int:
    """Return how many items apart the columns of a block start.

    Columns a multiple of 4096 bytes apart would share the few lines of the processor's cache that serve an address.
    """
    if capacity * size < 4096:
        return capacity
    return (-(-capacity * size // 4096) * 4096 + 192) // size


@njit(cache=True, nogil=True)
def _kept(alive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the new position (n,) of each row, -1 for the dead, and the rows (m,) that stay."""
    where = np.empty(alive.shape[0], np.int64)
    kept = 0
    for i in range(alive.shape[0]):
        where[i] = kept if alive[i] else -1
        kept += alive[i]
    rows = np.empty(kept, np.uint32)  # half the memory to read, and no test for a place below zero
    for i in range(alive.shape[0]):
        if where[i] >= 0:
            rows[where[i]] = i
    return where, rows


@njit(cache=True, nogil=True)
def _close_up(block: np.ndarray, rows: np.ndarray, n: int, birth: np.ndarray) -> None:
    """Move the ascending ``rows`` (m,) of each column of a block (k, ...) up; the rest of n gets ``birth`` (k,)."""
    first = 0
    while first < rows.shape[0] and rows[first] == first:  # nothing moves before the first gap
        first += 1
    for k in range(block.shape[0]):
        column = block[k]
        for i in range(first, rows.shape[0]):
            column[i] = column[rows[i]]
        for i in range(rows.shape[0], n):
            column[i] = birth[k]


@njit(cache=True, nogil=True)
def _close_up_rows(data: np.ndarray, rows: np.ndarray) -> None:
    """Move the ascending ``rows`` (m,) of (n, width) data to its first m rows, in place."""
    for i in range(rows.shape[0]):
        if rows[i] != i:
            for k in range(data.shape[1]):
                data[i, k] = data[rows[i], k]


@njit(cache=True, nogil=True)
def find(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the row of each of the ``wanted`` (m,) among (n,) keys, -1 where there is none.

    A table of the wanted keys by their last bits (keys are hashes) passes over most of the others at once.
    """
    size = 4
    while size < 4 * wanted.shape[0]:
        size *= 2
    mask = np.uint64(size - 1)
    slot = np.full(size, -1, np.int64)  # a row of wanted
    row = np.full(wanted.shape[0], -1, np.int64)
    same = np.empty(wanted.shape[0], np.int64)  # the first of the wanted rows with this key
    for j in range(wanted.shape[0]):
        at = wanted[j] & mask
        while slot[at] >= 0 and wanted[slot[at]] != wanted[j]:
            at = (at + np.uint64(1)) & mask
        if slot[at] < 0:
            slot[at] = j
        same[j] = slot[at]
    for i in range(keys.shape[0]):
        at = keys[i] & mask
        while slot[at] >= 0:
            if wanted[slot[at]] == keys[i]:
                row[slot[at]] = i
                break
            at = (at + np.uint64(1)) & mask
    return row[same]


def rows_of(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the (m,) rows at which the wanted keys stand among (n,) keys, -1 where they do not."""
    return np.asarray(find(keys, wanted.astype(np.uint64)))
