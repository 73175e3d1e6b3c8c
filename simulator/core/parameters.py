"""Parameters with unit, prior and source; settings with unit and bounds.

A parameter is declared once, beside its use, as a field of a frozen dataclass::

    take_up: float = parameter(0.90, unit="1", prior=Range(0.75, 0.97, "logit"), source="cornet2006")

The tables made here are views over those declarations; there is no global registry.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
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
        centre, low, high = self._forward(value), self._forward(self.low), self._forward(self.high)
        z = float(normal_quantile(u)) / _Z95
        return self._back(centre + (z * (high - centre) if z > 0 else z * (centre - low)))

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


def rows(owner: str, declaration: type) -> list[ParameterRow]:
    """Return the parameters declared in one dataclass, named ``owner.field``."""
    out = []
    for f in fields(declaration):
        if f.metadata.get("role") != "parameter" or f.default is MISSING:
            raise TypeError(f"{owner}.{f.name} is not declared with parameter(...)")
        m = f.metadata
        out.append(ParameterRow(f"{owner}.{f.name}", f.default, m["unit"], m["prior"], m["source"], m["doc"]))
    return out


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
    out = {}
    for row in table_rows:
        address = name_hash(f"parameter draw {seed} {number}")
        out[row.name] = row.prior.quantile(row.value, float(uniform_at(address, name_hash(row.name))))
    return out


def override(things: Iterable[Any], values: Mapping[str, float]) -> dict[str, Any]:
    """Return ``{owner: Parameters}`` for the given mechanisms and levers with dotted values replaced.

    Raises UnknownParameterError for a name that none declares.
    """
    things = list(things)
    known = {f"{t.name}.{f.name}" for t in things for f in fields(t.Parameters)}
    for name in values:
        if name not in known:
            raise UnknownParameterError(name, known)
    out = {}
    for thing in things:
        mine = {
            f.name: float(np.float64(values[f"{thing.name}.{f.name}"]))
            for f in fields(thing.Parameters)
            if f"{thing.name}.{f.name}" in values
        }
        instance = thing.Parameters()
        out[thing.name] = replace(instance, **mine) if mine else instance
    return out
