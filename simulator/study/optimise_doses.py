"""The doses that a search may choose: entries scaled as a whole, or single settings between two bounds.

Every dose moves in steps, so that mixes can be told apart, written in a scenario file and said aloud.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from simulator.core.problems import InputError, Place, Problems
from simulator.core.units import UnitError, quantity
from simulator.scenario_entries import Entry, find_entry
from simulator.study.plan_doses import MONEY, of_the_plan, raised

if TYPE_CHECKING:
    from simulator.scenario import Scenario

STEP = 0.1  # of the plan's dose, for an entry that is scaled
STEPS = 20  # between the bounds of a single setting
MOST = 3.0  # times the plan's dose, unless it is said
DEFAULT_ENTRIES = 10
DIGITS = 6  # significant digits of a setting that is set
Changes = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Dose:
    """One thing to choose: ``name`` is ``QL09d`` (times the plan's dose) or ``QL09d.budget`` (in its unit).

    ``low`` and ``high`` bound it; it takes ``steps`` + 1 values from one to the other.
    """

    name: str
    low: float
    high: float
    steps: int
    unit: str = ""

    @property
    def entry(self) -> str:
        """Return the id of the entry."""
        return self.name.partition(".")[0]

    @property
    def scales(self) -> bool:
        """Return whether the dose is a factor on everything that makes up the entry's dose."""
        return "." not in self.name

    def value(self, level: int) -> float:
        """Return the dose at a level from 0 to ``steps``."""
        return _short(self.low + (self.high - self.low) * level / self.steps)

    def nearest(self, value: float) -> int:
        """Return the level whose dose lies nearest to a value."""
        share = (value - self.low) / (self.high - self.low)
        return min(max(round(share * self.steps), 0), self.steps)


@dataclass(frozen=True)
class Doses:
    """The doses of a search over the entries of a scenario."""

    scenario: Scenario
    all: tuple[Dose, ...]

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """Return the ids of the entries that are dosed, each once."""
        return tuple(dict.fromkeys(d.entry for d in self.all))

    @cached_property
    def _by_id(self) -> dict[str, Entry]:
        return {e.id: e for e in self.scenario.entries}

    def changes(self, levels: Sequence[int]) -> Changes:
        """Return the settings that differ from the scenario's at these levels, by name."""
        out: dict[str, Any] = {}
        for dose, level in zip(self.all, levels, strict=True):
            entry, value = self._by_id[dose.entry], dose.value(int(level))
            new = scaled(entry, value) if dose.scales else {dose.name: _like(entry, dose.name, value)}
            out |= {k: v for k, v in new.items() if v != getattr(entry.settings, k.partition(".")[2])}
        return tuple(sorted(out.items()))

    def as_written(self) -> tuple[float, ...]:
        """Return the doses of the scenario as it is."""
        return tuple(
            1.0 if d.scales else float(getattr(self._by_id[d.entry].settings, d.name.partition(".")[2]))
            for d in self.all
        )

    def plain(self) -> list[dict[str, Any]]:
        """Return the doses as plain values, from which ``doses_from`` makes them again."""
        return [{"name": d.name, "low": d.low, "high": d.high, "steps": d.steps, "unit": d.unit} for d in self.all]


def doses_from(scenario: Scenario, plain: Sequence[Mapping[str, Any]]) -> Doses:
    """Return the doses that ``Doses.plain`` described."""
    return Doses(scenario, tuple(Dose(**dict(d)) for d in plain))


def scaled(entry: Entry, factor: float) -> dict[str, Any]:
    """Return the settings of an entry at ``factor`` times its dose, by ``<id>.<setting>``, those that change alone."""
    new, out = raised(entry, factor), {}
    for f in fields(entry.settings):
        before, after = getattr(entry.settings, f.name), getattr(new.settings, f.name)
        if after != before:
            low = f.metadata.get("low")
            kept = after if low is None else max(after, type(after)(low))
            out[f"{entry.id}.{f.name}"] = _short(kept) if isinstance(kept, float) else kept
    return out


def _short(value: float) -> float:
    """Return a value without the noise of its last digits, which no plan would print."""
    return float(f"{value:.{DIGITS}g}")


def _like(entry: Entry, name: str, value: float) -> float | int:
    now = getattr(entry.settings, name.partition(".")[2])
    return round(value) if isinstance(now, int) and not isinstance(now, bool) else value


# ---- reading ------------------------------------------------------------------------------------------


def read_doses(
    scenario: Scenario,
    doses: Mapping[str, tuple[float, float]] | str | None = None,
    entries: Sequence[str] | str | None = None,
    most: float = MOST,
) -> Doses:
    """Return the doses that are asked for: ``QL09d=0:3,QL08a.budget=0:200 MCNY`` and entries from 0 to ``most``.

    With neither, the ten entries of the plan with the most money a year. Raises InputError for what is no dose.
    """
    problems, found = Problems(), list[Dose]()
    pairs = _split(doses, problems) if isinstance(doses, str) else dict(doses or {})
    names = [n.strip() for n in entries.split(",") if n.strip()] if isinstance(entries, str) else list(entries or ())
    if not math.isfinite(most) or most <= 0.0:
        problems.add(Place("--most"), "times the plan's dose", read=most, allowed="a number above 0")
    problems.raise_any()
    if not pairs and not names:
        names = list(costliest(scenario))
    for name, bounds in (*pairs.items(), *((n, (0.0, most)) for n in names)):
        dose = _dose(scenario, name, bounds, problems)
        if dose is not None:
            found.append(dose)
    for k, dose in enumerate(found):
        if any(d.name == dose.name or (d.entry == dose.entry and (d.scales or dose.scales)) for d in found[:k]):
            problems.add(Place("--doses"), "a dose that is asked for twice", read=dose.name, allowed="each once")
    if not found and not len(problems):
        problems.add(Place(str(scenario.path)), "no entry whose dose can be scaled")
    problems.raise_any()
    return Doses(scenario, tuple(found))


def costliest(scenario: Scenario, count: int = DEFAULT_ENTRIES) -> tuple[str, ...]:
    """Return the entries of the plan with the most money a year that can be scaled, the largest first."""
    mine = [e for e in scenario.entries if of_the_plan(e, scenario) and scaled(e, 2.0)] or [
        e for e in scenario.entries if scaled(e, 2.0)
    ]
    return tuple(e.id for e in sorted(mine, key=lambda e: (-_money(e), e.id))[:count])


def _money(entry: Entry) -> float:
    found = {f.name: getattr(entry.settings, f.name) for f in fields(entry.settings) if f.name in MONEY}
    return float(sum(v for v in found.values() if isinstance(v, int | float)))


def _split(text: str, problems: Problems) -> dict[str, tuple[str, str]]:
    out: dict[str, tuple[str, str]] = {}
    for part in (p.strip() for p in text.split(",") if p.strip()):
        name, equals, bounds = part.partition("=")
        low, colon, high = bounds.partition(":")
        if not equals or not colon or not low.strip() or not high.strip():
            problems.add(Place("--doses"), "not a dose", read=part, allowed="QL09d=0:3 or QL09d.budget=0:200 MCNY")
        elif name.strip() in out:
            problems.add(Place("--doses"), "a dose that is asked for twice", read=name.strip(), allowed="each once")
        else:
            out[name.strip()] = (low.strip(), high.strip())
    return out


def _dose(scenario: Scenario, name: str, bounds: tuple[Any, Any], problems: Problems) -> Dose | None:
    head, dot, setting = name.partition(".")
    entry, place = find_entry(scenario.entries, head), Place(str(scenario.path))
    if entry is None:
        ids = tuple(e.id for e in scenario.entries)
        problems.add(place, f"{name}: no such entry, or several use this lever", read=head, among=ids)
        return None
    unit = ""
    if dot:
        known = {f.name: f for f in fields(entry.settings) if _is_number(getattr(entry.settings, f.name))}
        if setting not in known:
            problems.add(place, f"{name}: no setting that is a number", read=setting, among=tuple(known))
            return None
        unit = str(known[setting].metadata.get("unit", ""))
    elif not scaled(entry, 2.0):
        ids = tuple(e.id for e in scenario.entries if scaled(e, 2.0))
        problems.add(place, f"{entry.id} has no money, numbers or coverage to scale", read=name, among=ids)
        return None
    ends = [_bound(b, unit, name, problems) for b in bounds]
    if None in ends:
        return None
    low, high = (float(e) for e in ends if e is not None)
    if not 0.0 <= low < high:
        problems.add(Place("--doses"), name, read=f"{low:g}:{high:g}", allowed="two bounds, the first the lower")
        return None
    steps = max(round((high - low) / STEP), 1) if not dot else STEPS
    dose = Dose(f"{entry.id}.{setting}" if dot else entry.id, low, high, min(steps, 10 * STEPS), unit)
    return dose if not dot or _allowed(scenario, dose, problems) else None


def _allowed(scenario: Scenario, dose: Dose, problems: Problems) -> bool:
    """Return whether a scenario takes both bounds of a setting."""
    for value in (dose.low, dose.high):
        entry = next(e for e in scenario.entries if e.id == dose.entry)
        try:
            scenario.with_settings({dose.name: _like(entry, dose.name, value)})
        except InputError as error:
            problems.found.extend(error.problems)
            return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bound(value: Any, unit: str, name: str, problems: Problems) -> float | None:
    if _is_number(value) and math.isfinite(value):
        return float(value)
    try:
        return quantity(str(value), unit)
    except UnitError as error:
        allowed = f"a number in {unit}" if unit else "a number"
        problems.add(Place("--doses"), f"{name}: {error}", read=value, allowed=allowed)
        return None
