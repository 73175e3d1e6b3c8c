"""Parameters with unit, prior and source; settings with unit and bounds.

A parameter is declared once, beside its use, as a field of a frozen dataclass::

    take_up: float = parameter(0.90, unit="1", prior=Range(0.75, 0.97, "logit"), source="cornet2006")

The tables made here are views over those declarations; there is no global registry.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from simulator.core.luck import name_hash, normal_quantile, uniform_at

Shape = Literal["linear", "log", "logit"]
_Z95 = 1.6448536269514722


@dataclass(frozen=True)
class Range:
    """A central 90 % interval around a declared value, two-sided normal on a ``shape`` scale.

    The declared value is the median, ``low`` the 5 % and ``high`` the 95 % quantile, so the two halves
    may differ in width. ``log`` keeps a value positive and ``logit`` inside (0, 1); ``linear`` draws
    are cut at ``floor`` and ``ceiling``, and at zero if ``low`` is not below it and no floor is given.
    """

    low: float
    high: float
    shape: Shape = "linear"
    floor: float = -math.inf
    ceiling: float = math.inf

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"Range needs low < high, not {self.low} and {self.high}")
        if self.shape == "log" and self.low <= 0:
            raise ValueError("a log Range needs low > 0")
        if self.shape == "logit" and not (self.low > 0 and self.high < 1):
            raise ValueError("a logit Range lies inside (0, 1)")
        if self.low >= 0.0 and self.floor == -math.inf:
            object.__setattr__(self, "floor", 0.0)  # a rate, share or cost has no sign to change in the tail

    def _forward(self, x: float) -> float:
        if self.shape == "log":
            return math.log(x)
        if self.shape == "logit":
            return math.log(x / (1.0 - x))
        return x

    def _back(self, y: float) -> float:
        if self.shape == "log":
            return math.exp(y)
        if self.shape == "logit":
            return 1.0 / (1.0 + math.exp(-y))
        return min(max(y, self.floor), self.ceiling)

    def quantile(self, value: float, u: float) -> float:
        """Return the ``u`` quantile (0 < u < 1) of the prior whose median is ``value``."""
        return self.at(value, float(normal_quantile(u)))

    def at(self, value: float, normal: float) -> float:
        """Return where a standard normal draw lies in the prior whose median is ``value``."""
        centre, z = self._forward(value), normal / _Z95
        end = self._forward(self.high if z > 0 else self.low)
        return self._back(centre + (z * (end - centre) if z > 0 else z * (centre - end)))

    def spread(self, value: float) -> float:
        """Return half the 90 % interval over 1.645 in the prior's own scale: its standard deviation."""
        return (self._forward(self.high) - self._forward(self.low)) / (2 * _Z95)


def parameter(value: float, *, unit: str, prior: Range, source: str, doc: str = "") -> Any:
    """Declare a number that nobody chooses: value, unit, prior and the key of its source (or ``assumed``)."""
    if not prior.low <= value <= prior.high:
        raise ValueError(f"value {value} lies outside its prior {prior.low}-{prior.high}")
    return field(
        default=value, metadata={"role": "parameter", "unit": unit, "prior": prior, "source": source, "doc": doc}
    )


def setting(
    value: Any,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: Iterable[str] | None = None,
    doc: str = "",
) -> Any:
    """Declare something that a planner chooses; ``value`` is neutral and does nothing."""
    metadata = {
        "role": "setting",
        "unit": unit,
        "low": low,
        "high": high,
        "choices": tuple(choices) if choices is not None else None,
        "doc": doc,
    }
    return field(default=value, metadata=metadata)


@dataclass(frozen=True)
class ParameterRow:
    """One declared parameter, as the tables show it."""

    name: str
    value: float
    unit: str
    prior: Range
    source: str
    doc: str


@lru_cache(maxsize=256)
def rows(owner: str, declaration: type) -> tuple[ParameterRow, ...]:
    """Return the parameters declared in one dataclass, named ``owner.field``."""
    out = []
    for f in fields(declaration):
        if f.metadata.get("role") != "parameter" or f.default is MISSING:
            raise TypeError(f"{owner}.{f.name} is not declared with parameter(...)")
        m = f.metadata
        out.append(ParameterRow(f"{owner}.{f.name}", f.default, m["unit"], m["prior"], m["source"], m["doc"]))
    return tuple(out)


def table(*groups: Iterable[Any]) -> list[ParameterRow]:
    """Return every parameter of the given mechanisms and levers, in their order."""
    return [row for group in groups for thing in group for row in rows(thing.name, thing.Parameters)]


class UnknownParameterError(KeyError):
    """A dotted name that no mechanism or lever declares."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        close = difflib.get_close_matches(name, list(known), n=1)
        super().__init__(f"unknown parameter {name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))


def draw(table_rows: Iterable[ParameterRow], number: int, *, seed: int = 0) -> dict[str, float]:
    """Draw one value for each parameter from its prior.

    A draw is addressed by (seed, number, parameter name), so a new parameter moves nobody else's.
    ``number`` below zero gives the declared central values.
    """
    if number < 0:
        return {row.name: row.value for row in table_rows}
    listed, address = list(table_rows), name_hash(f"parameter draw {seed} {number}")
    normals = normal_quantile(np.array([uniform_at(address, name_hash(row.name)) for row in listed])).tolist()
    return {row.name: row.prior.at(row.value, z) for row, z in zip(listed, normals, strict=True)}


def override(things: Iterable[Any], values: Mapping[str, float]) -> dict[str, Any]:
    """Return ``{owner: Parameters}`` for the given mechanisms and levers with dotted values replaced.

    Raises UnknownParameterError for a name that none declares.
    """
    things = list(things)
    own = {thing.name: _names(thing.Parameters) for thing in things}
    mine: dict[str, dict[str, float]] = {name: {} for name in own}
    for name, value in values.items():
        owner, _, short = name.partition(".")
        if short not in own.get(owner, ()):
            raise UnknownParameterError(name, [f"{thing}.{field}" for thing in own for field in own[thing]])
        mine[owner][short] = float(np.float64(value))
    return {thing.name: thing.Parameters(**mine[thing.name]) for thing in things}


@lru_cache(maxsize=256)
def _names(declaration: type) -> frozenset[str]:
    return frozenset(f.name for f in fields(declaration))
