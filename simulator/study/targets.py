"""The plans' targets: read with file and line, and measured against simulated series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from simulator.core.declare import Indicator, Label
from simulator.core.problems import InputError, Place, Problem, Problems
from simulator.core.reading import LARGEST_YAML, Node, label, mapping, parse_yaml, read_bytes
from simulator.study.formats import KEY, ROWS

if TYPE_CHECKING:
    from simulator.scenario import Scenario

CALIBRATION = Path(__file__).resolve().parents[2] / "calibration"
TARGETS_FILE = CALIBRATION / "targets.yaml"
KINDS = ("outcome", "growth", "capacity", "input")
HEADLINE_KINDS = ("outcome", "growth")
OPERATORS = ("ge", "gt")
NOT_SIMULATED = "not simulated yet"
OUTSIDE_YEARS = "outside the simulated years"
SIMULATED = "simulated"

_ROUNDING = 1e-12  # a figure reached exactly must not be missed by the rounding of its scale
_REQUIRED = ("id", "region", "section", "kind", "year", "op", "value", "unit", "name", "quote")
_OPTIONAL = ("year_source", "period", "stretch", "indicator", "scale", "identity", "stock_at_start", "note")
_WRAPPER = "targets"
_Placed = TypeVar("_Placed", Place, Problem)


@dataclass(frozen=True)
class Target:
    """One quantified commitment of a plan; ``value`` in ``unit`` = ``scale`` x the simulator's figure."""

    id: str
    region: str
    section: str
    kind: str
    year: int
    op: Literal["ge", "gt"]
    value: float
    unit: str
    name: Label
    quote: str
    indicator: str | None = None
    scale: float = 1.0
    period: tuple[int, int] | None = None
    stretch: float | None = None
    year_assumed: bool = False
    note: str = ""

    def met(self, figures: np.ndarray) -> np.ndarray:
        """Return which figures (n,), in the target's unit, meet the target (bool)."""
        slack = _ROUNDING * abs(self.value)
        if self.op == "ge":
            return figures >= self.value - slack
        return figures > self.value + slack

    def status(self, indicators: Mapping[str, Indicator], years: np.ndarray) -> str:
        """Return whether the simulated years (T,) and indicators can say anything about it, and why not."""
        if self.indicator is None or self.indicator not in indicators:
            return NOT_SIMULATED
        return SIMULATED if set(self.years_needed(indicators)) <= set(years.tolist()) else OUTSIDE_YEARS

    def years_needed(self, indicators: Mapping[str, Indicator]) -> tuple[int, ...]:
        """Return the years whose figures decide it."""
        if self.kind != "growth" or self.period is None or self.indicator is None:
            return (self.year,)
        first, last = self.period
        if indicators[self.indicator].kind == "rate":
            return tuple(range(first + 1, last + 1))
        return (first, last)

    def figures(self, series: np.ndarray, years: np.ndarray, indicators: Mapping[str, Indicator]) -> np.ndarray:
        """Return what each run reached, (n,) in the target's unit, from the indicator's series (n, T).

        A growth target with a period takes the compound mean a year over it: of the yearly rates where
        the indicator is a rate, between first and last year where it is a level.
        """
        at = [int(np.flatnonzero(years == year)[0]) for year in self.years_needed(indicators)]
        if self.kind != "growth" or self.period is None or self.indicator is None:
            return series[:, at[-1]] * self.scale
        length = self.period[1] - self.period[0]
        if indicators[self.indicator].kind == "rate":
            ratio = np.prod(1.0 + series[:, at], axis=1)
        else:
            ratio = series[:, at[1]] / np.where(series[:, at[0]] > 0, series[:, at[0]], np.nan)
        return (np.maximum(ratio, 0.0) ** (1.0 / length) - 1.0) * self.scale


def load_targets(
    region: str | None = None, path: Path = TARGETS_FILE, folder: Path | None = None
) -> tuple[Target, ...]:
    """Return the targets of a region (or all), in the file's order.

    ``folder`` is a city's folder of scenarios: the targets in its own ``targets.yaml`` follow. Raises InputError
    with file, line and column of everything that is wrong in a file.
    """
    paths = [path, *own_files(folder)]
    found = [t for p in paths for t in _read(p, p.stat().st_mtime_ns if p.is_file() else 0)]
    twice = [t.id for i, t in enumerate(found) if t.id in {other.id for other in found[:i]}]
    if twice:
        raise InputError([Problem(str(paths[-1]), 1, 1, "targets that another file holds", ", ".join(twice))])
    return tuple(t for t in found if region is None or t.region == region)


def targets_of(scenario: Scenario) -> tuple[Target, ...]:
    """Return the targets of a scenario's region, its city's own among them; raises InputError as ``load_targets``."""
    return load_targets(scenario.region.id, folder=scenario.region.folder.parent)


def simulated_targets(*scenarios: Scenario) -> tuple[Target, ...]:
    """Return the targets of a region that every one of its scenarios can say something about; raises InputError."""
    from simulator.model import INDICATORS

    years = [np.arange(s.years[0], s.years[1] + 1) for s in scenarios]
    return tuple(t for t in targets_of(scenarios[0]) if all(t.status(INDICATORS, mine) == SIMULATED for mine in years))


def own_files(folder: Path | None, names: tuple[str, ...] = ("targets.yaml",)) -> list[Path]:
    """Return the files of these names that a city's folder of scenarios holds."""
    return [folder / name for name in names if (folder / name).is_file()] if folder is not None else []


@lru_cache(maxsize=8)
def _read(path: Path, _stamp: int) -> tuple[Target, ...]:
    problems = Problems()
    root = read_rows(path, problems, "targets")
    targets: list[Target] = []
    seen: dict[str, int] = {}
    for node in root:
        target = _target(node, problems)
        if target is None:
            continue
        if target.id in seen:
            allowed = f"once (line {seen[target.id]})"
            problems.add(node.place, "duplicate target", read=target.id, allowed=allowed)
        seen.setdefault(target.id, node.place.line)
        targets.append(target)
    problems.raise_any()
    return tuple(targets)


def read_rows(path: Path, problems: Problems, what: str) -> list[Node]:
    """Return the rows of a YAML list, read as the value of a key so that the common reader takes it.

    ``what`` names the rows. Raises InputError for a file that is no such list.
    """
    data = read_bytes(path, problems, LARGEST_YAML)
    problems.raise_any()
    inner = Problems()
    root = parse_yaml(f"{_WRAPPER}:\n".encode() + (data or b""), str(path), inner)
    if inner.found:
        raise InputError(_line_above(p) for p in inner.found)
    rows = root.value[_WRAPPER] if root is not None and isinstance(root.value, dict) else None
    if rows is None or not isinstance(rows.value, list) or not rows.value:
        problems.add(Place(str(path)), f"no {what}", allowed=f"a list of {what}")
        problems.raise_any()
        return []
    found = [_shifted(node) for node in rows.value]
    return found[1:] if _is_stamp(found[0]) else found


def _is_stamp(node: Node) -> bool:
    """Return whether a first row says the file's version and no more; raises InputError for one that is not read."""
    if not isinstance(node.value, dict) or set(node.value) != {KEY}:
        return False
    stamp = node.value[KEY]
    if problem := ROWS.problem(stamp.plain(), stamp.place):
        raise InputError([problem])
    return True


def _line_above(thing: _Placed) -> _Placed:
    return replace(thing, line=max(thing.line - 1, 1))


def _shifted(node: Node) -> Node:
    value = node.value
    if isinstance(value, dict):
        value = {key: _shifted(child) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_shifted(child) for child in value]
    return Node(value, _line_above(node.place), {key: _line_above(place) for key, place in node.keys.items()})


def _target(node: Node, problems: Problems) -> Target | None:
    before = len(problems)
    parts = mapping(node, (*_REQUIRED, *_OPTIONAL), problems, what="a target", required=_REQUIRED)
    value, scale = _number(parts, "value", problems), _number(parts, "scale", problems)
    stretch, year = _number(parts, "stretch", problems), _number(parts, "year", problems)
    words = {key: _text(parts, key, problems) for key in ("id", "region", "section", "unit", "quote")}
    kind, op = _choice(parts, "kind", KINDS, problems), _choice(parts, "op", OPERATORS, problems)
    name = label(parts["name"], problems, what="name") if "name" in parts else None
    period, indicator = _period(parts, problems), _indicator(parts, problems)
    if year is not None and year != int(year):
        problems.add(parts["year"].place, "not a year", read=year, allowed="a whole number")
    if len(problems) > before or value is None or year is None or name is None:
        return None
    return Target(
        id=words["id"],
        region=words["region"],
        section=words["section"],
        kind=kind,
        year=int(year),
        op="gt" if op == "gt" else "ge",
        value=value,
        unit=words["unit"],
        name=name,
        quote=words["quote"],
        indicator=indicator,
        scale=1.0 if scale is None else scale,
        period=period,
        stretch=stretch,
        year_assumed=_text(parts, "year_source", problems) == "assumed",
        note=_text(parts, "note", problems),
    )


def _indicator(parts: Mapping[str, Node], problems: Problems) -> str | None:
    """Return the indicator that judges a target, None where it names none; one that the model lacks is a mistake."""
    from simulator.model import INDICATORS

    name = _text(parts, "indicator", problems)
    if name and name not in INDICATORS:
        problems.add(parts["indicator"].place, "unknown indicator", read=name, among=tuple(INDICATORS))
    return name or None


def _number(parts: Mapping[str, Node], key: str, problems: Problems) -> float | None:
    node = parts.get(key)
    if node is None:
        return None
    if isinstance(node.value, bool) or not isinstance(node.value, int | float) or not np.isfinite(node.value):
        problems.add(node.place, f"{key} is not a number", read=node.plain(), allowed="a finite number")
        return None
    return float(node.value)


def _text(parts: Mapping[str, Node], key: str, problems: Problems) -> str:
    node = parts.get(key)
    if node is None:
        return ""
    if not isinstance(node.value, str) or not node.value.strip():
        problems.add(node.place, f"{key} is not text", read=node.plain(), allowed="text")
        return ""
    return node.value


def _choice(parts: Mapping[str, Node], key: str, allowed: tuple[str, ...], problems: Problems) -> str:
    node = parts.get(key)
    if node is None:
        return ""
    if node.value not in allowed:
        problems.add(node.place, f"unknown {key}", read=node.plain(), among=allowed)
        return ""
    return str(node.value)


def _period(parts: Mapping[str, Node], problems: Problems) -> tuple[int, int] | None:
    node = parts.get("period")
    if node is None:
        return None
    years = node.plain()
    if (
        not isinstance(years, list)
        or len(years) != 2
        or not all(isinstance(y, int) and not isinstance(y, bool) for y in years)
        or not years[0] < years[1]
    ):
        problems.add(node.place, "not a period", read=years, allowed="[base year, last year]")
        return None
    return years[0], years[1]
