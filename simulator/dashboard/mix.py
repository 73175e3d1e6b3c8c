"""The scenario that a planner is editing: a file as it was opened, and what was moved since."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from simulator.core.problems import InputError, Place, Problem, Problems

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.scenario_entries import Entry

MONTHS = 12
TIMES = 4.0  # a dose can be moved up to so many times what the file says
MONEY = 1e6  # a sum from here on is moved in millions (万元 in Chinese)


@dataclass(frozen=True)
class Dose:
    """A setting that can be moved: its value in the file, bounds and unit."""

    entry: str
    name: str
    value: float
    low: float
    high: float
    unit: str
    whole: bool

    @property
    def key(self) -> str:
        """Return the name under which a scenario takes it: ``QL09d.budget``."""
        return f"{self.entry}.{self.name}"

    def scale(self, language: str) -> tuple[float, str]:
        """Return the factor in which it is moved and the unit to write: 1e6 and ``CNY mn / year``."""
        if self.unit.startswith("CNY") and self.high >= MONEY:
            rest = self.unit.removeprefix("CNY").strip()
            return (1e4, f"万元 {rest}".strip()) if language == "zh" else (1e6, f"CNY mn {rest}".strip())
        return 1.0, "" if self.unit == "1" else self.unit


@dataclass(frozen=True)
class Mix:
    """What was moved in a scenario: doses by ``<entry>.<setting>``, dates by entry (years), entries taken out."""

    base: Scenario
    doses: Mapping[str, float] = field(default_factory=dict)
    dates: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    out: frozenset[str] = frozenset()

    def with_dose(self, key: str, value: float) -> Mix:
        """Return a mix with a dose; one that says what the file says is no change."""
        dose = next((d for d in doses_of(self.entry(key.partition(".")[0])) if d.key == key), None)
        rest = {k: v for k, v in self.doses.items() if k != key}
        same = dose is not None and math.isclose(value, dose.value, rel_tol=1e-9, abs_tol=1e-12)
        doses = rest if same else {**rest, key: value}
        return self if doses == self.doses else replace(self, doses=doses)

    def with_dates(self, entry: str, start: float, stop: float) -> Mix:
        """Return a mix in which an entry is in force from ``start`` to ``stop``, in years; raises InputError."""
        first, last = self.base.years
        if not first <= start < stop <= last + 1:
            read = f"{start:.2f} to {stop:.2f}"
            raise InputError([Problem(str(self.base.path), 1, 1, f"dates of {entry}", read, f"{first} to {last + 1}")])
        found = self.entry(entry)
        rest = {k: v for k, v in self.dates.items() if k != entry}
        same = month(start) == month(max(found.start, first)) and month(stop) == month(min(found.stop, last + 1))
        dates = rest if same else {**rest, entry: (start, stop)}
        return self if dates == self.dates else replace(self, dates=dates)

    def with_entry(self, entry: str, kept: bool) -> Mix:
        """Return a mix with an entry, or without it."""
        self.entry(entry)
        out = self.out - {entry} if kept else self.out | {entry}
        return self if out == self.out else replace(self, out=out)

    def entry(self, name: str) -> Entry:
        """Return an entry as the file has it; raises InputError for an unknown one."""
        for entry in self.base.entries:
            if entry.id == name:
                return entry
        problems = Problems()
        problems.add(Place(str(self.base.path)), "no such entry", read=name, among=[e.id for e in self.base.entries])
        raise InputError(problems.found)

    def value(self, dose: Dose) -> float:
        """Return a dose as it stands."""
        return self.doses.get(dose.key, dose.value)

    def span(self, entry: Entry) -> tuple[float, float]:
        """Return the dates of an entry as they stand, within the scenario's years."""
        first, last = self.base.years
        return self.dates.get(entry.id, (max(entry.start, float(first)), min(entry.stop, last + 1.0)))

    @property
    def moved(self) -> tuple[str, ...]:
        """Return the ids of entries that differ from the file's, in its order."""
        touched = {key.partition(".")[0] for key in self.doses} | set(self.dates) | set(self.out)
        return tuple(e.id for e in self.base.entries if e.id in touched)

    def scenario(self) -> Scenario:
        """Return the scenario as it stands; raises InputError for a value that is not allowed."""
        return self._scenario

    @cached_property
    def fingerprint(self) -> str:
        """Return the fingerprint of the scenario as it stands; raises InputError."""
        return self._scenario.fingerprint()

    @cached_property
    def _scenario(self) -> Scenario:
        if not self.moved:
            return self.base
        found = self.base.with_settings(dict(self.doses)) if self.doses else self.base
        entries = [
            replace(e, start=self.dates[e.id][0], stop=self.dates[e.id][1]) if e.id in self.dates else e
            for e in found.entries
            if e.id not in self.out
        ]
        return replace(found, entries=tuple(entries))


def doses_of(entry: Entry) -> Iterator[Dose]:
    """Yield the settings of an entry that have a number other than nothing: money first."""
    found = []
    for f in fields(entry.settings):
        value = getattr(entry.settings, f.name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value or value == f.default:
            continue
        low, most = f.metadata.get("low"), f.metadata.get("high")
        high = value * TIMES if most is None else min(most, max(value * TIMES, most if most <= 1.0 else 0.0))
        low = 0.0 if low is None else max(float(low), 0.0)
        unit, whole = str(f.metadata.get("unit") or "1"), isinstance(value, int)
        found.append(Dose(entry.id, f.name, float(value), low, float(max(high, value)), unit, whole))
    yield from sorted(found, key=lambda d: not _is_money(d))


def _is_money(dose: Dose) -> bool:
    return dose.name in ("budget", "pool", "capital_per_year", "interest_budget")


def month(date: float) -> int:
    """Return a date in years as a number of months."""
    return round(date * MONTHS)


def written(date: float, *, end: bool = False) -> str:
    """Return a date in years as a planner writes it (``2015-07``); an end is the last month that counts."""
    year, rest = divmod(month(date) - end, MONTHS)
    return f"{year}-{rest + 1:02d}"


def starts(years: tuple[int, int], step: int = 3) -> list[float]:
    """Return the dates between which an entry can be moved: every quarter of the scenario's years."""
    count = (years[1] + 1 - years[0]) * MONTHS
    return [years[0] + m / MONTHS for m in range(0, count + 1, step)]


def raised(mix: Mix, other: Scenario) -> Mix:
    """Return a mix with the doses of another scenario of the same entries."""
    values: dict[str, Any] = {}
    theirs = {e.id: e for e in other.entries}
    for entry in mix.base.entries:
        if entry.id not in theirs:
            continue
        for dose in doses_of(entry):
            value = float(getattr(theirs[entry.id].settings, dose.name))
            if value != dose.value:
                values[dose.key] = value
    return replace(mix, doses={**mix.doses, **values})
