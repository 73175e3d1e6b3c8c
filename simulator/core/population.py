"""Populations: columns of equal length, one row an agent.

Lengths are constant within a year. Newcomers queue by ``arrive`` and join by ``admit`` between
years; dead rows are masked by ``alive`` and compacted when they are many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

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
        self._data: dict[str, np.ndarray] = {}
        self._queue: list[dict[str, np.ndarray]] = []
        self._reserve(max(n, room, 1))
        self._grow_to(n)

    def _reserve(self, capacity: int) -> None:
        for name, c in self.columns.items():
            shape = (capacity,) if c.width == 1 else (capacity, c.width)
            # zeros come from the system untouched; only other values of birth are written
            fresh = np.zeros(shape, c.dtype) if c.default == 0.0 else np.full(shape, c.default, dtype=c.dtype)
            if name in self._data:
                fresh[: self.n] = self._data[name][: self.n]
            self._data[name] = fresh
        self._capacity = capacity

    def _grow_to(self, n: int) -> None:
        # rows beyond n hold the values of birth: fresh from _reserve, or put back by compact
        if n > self._capacity:
            self._reserve(n + n // 4 + 16)
        self.n = n
        self._publish()

    def _publish(self) -> None:
        for name, data in self._data.items():
            setattr(self, name, data[: self.n])

    def arrive(self, count: int, **values: Any) -> None:
        """Queue ``count`` newcomers; each value is a scalar or has one entry a newcomer.

        Raises KeyError for a name that is not a column, ValueError for a wrong length.
        """
        if count == 0:
            return
        if unknown := set(values) - set(self.columns):
            raise KeyError(f"{type(self).__name__} has no column {sorted(unknown)}")
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
        """Return one column of the queued newcomers, in the order in which they will join."""
        parts = [
            np.broadcast_to(rows.get(name, self.columns[name].default), (int(rows["__count__"]),))
            for rows in self._queue
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    def admit(self) -> int:
        """Append the queued newcomers and return how many joined."""
        joined = self.waiting()
        if joined == 0:
            return 0
        start = self.n
        self._grow_to(start + joined)
        for rows in self._queue:
            count = int(rows.pop("__count__"))
            for name, value in rows.items():
                self._data[name][start : start + count] = value
            start += count
        self._queue.clear()
        return joined

    def compact(self) -> np.ndarray:
        """Drop dead rows; return the (old n,) new position of each row, -1 for those dropped."""
        keep = self._data["alive"][: self.n].copy()
        where = np.where(keep, np.cumsum(keep) - 1, -1)
        rows = np.flatnonzero(keep)
        kept = rows.size
        for name, data in self._data.items():
            # bits are moved, whatever they stand for: one kernel a size of item serves all dtypes
            _close_up(data.view(f"u{data.itemsize}").reshape(data.shape[0], -1), rows)
            data[kept : self.n] = self.columns[name].default
        self.n = kept
        self._publish()
        return where

    def nbytes(self) -> int:
        """Return the bytes that the rows in use take."""
        return int(sum(data[: self.n].nbytes for data in self._data.values()))

    def __getstate__(self) -> dict[str, Any]:
        # the published views would be copied apart from the data that they show
        return {name: value for name, value in vars(self).items() if name not in self.columns}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._publish()

    def __len__(self) -> int:
        return self.n


@njit(cache=True, nogil=True)
def _close_up(data: np.ndarray, rows: np.ndarray) -> None:
    """Move the ascending ``rows`` (m,) of (n, width) data to its first m rows, in place."""
    first = 0
    while first < rows.shape[0] and rows[first] == first:  # nothing moves before the first gap
        first += 1
    if data.shape[1] == 1:
        flat = data.reshape(-1)
        for i in range(first, rows.shape[0]):
            flat[i] = flat[rows[i]]
        return
    for i in range(first, rows.shape[0]):
        for k in range(data.shape[1]):
            data[i, k] = data[rows[i], k]


@njit(cache=True, nogil=True)
def _find(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
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
    return np.asarray(_find(keys, wanted.astype(np.uint64)))
