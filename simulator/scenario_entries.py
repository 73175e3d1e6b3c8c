"""Entries of a scenario: one use of one lever, with its settings, dates and payer, read and checked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields
from typing import Any

from simulator.core.declare import Label, Lever
from simulator.core.ledger import PAYERS
from simulator.core.problems import Problems, listed
from simulator.core.reading import Node, label, mapping
from simulator.core.units import UnitError, forms, quantity

Payer = str | dict[str, float]
KEYS = ("id", "lever", "from", "to", "payer", "programme", "settings", "title", "source", "note", "off")
DEFAULT_PAYER = "city"

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{1,2})\Z")
_YEARS = (1900, 2200)
_RESERVED = ("national_law",)
_KINDS = ("bool", "int", "float", "str", "tuple")


@dataclass(frozen=True)
class Entry:
    """One use of a lever: in force from ``start`` up to ``stop`` (years, 2015.5 is the end of June 2015)."""

    id: str
    lever: Lever
    settings: Any
    payer: Payer
    start: float
    stop: float
    title: Label | None = None
    source: str = ""
    note: str = ""
    programme: str | None = None  # entries of one programme share the cap on what a row gets
    where: tuple[str, int] = ("", 0)

    def share_of_year(self, year: int) -> float:
        """Return the part of a year in which the entry is in force, 0 to 1."""
        start, stop = self.start, self.stop
        part = (stop if stop < year + 1.0 else year + 1.0) - (start if start > year else float(year))
        return part if part > 0.0 else 0.0

    def acts_in(self, year: int) -> tuple[Any, ...]:
        """Return all by which the entry can make a difference in a year."""
        return self.id, self.lever.name, self.settings, self.payer, self.programme, self.start, self.share_of_year(year)

    def _remarks(self) -> tuple[tuple[str, str | None], ...]:
        return ("programme", self.programme), ("source", self.source), ("note", self.note)

    def resolved(self) -> dict[str, Any]:
        """Return the entry as plain values that a scenario file can hold."""
        settings = {f.name: getattr(self.settings, f.name) for f in fields(self.settings)}
        out: dict[str, Any] = {
            "id": self.id,
            "lever": self.lever.name,
            "from": _written(self.start),
            "to": _written(self.stop, end=True),
            "payer": dict(self.payer) if isinstance(self.payer, dict) else self.payer,
            "settings": {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items() if v is not None},
        }
        if self.title is not None:
            out["title"] = {"en": self.title.en, "zh": self.title.zh}
        return out | {k: v for k, v in self._remarks() if v}


def _written(date: float, *, end: bool = False) -> int | str:
    """Return a date as a scenario file writes it; an end is written as the last month that counts."""
    year, month = divmod(round(date * 12) - end, 12)
    return year if month == (11 if end else 0) else f"{year}-{month + 1:02d}"


def read_date(node: Node, problems: Problems, *, end: bool = False) -> float | None:
    """Return a year or month as a number of years; an ``end`` counts to the end of what it names."""
    value = node.value
    if type(value) is int and _YEARS[0] <= value <= _YEARS[1]:
        return float(value + end)
    match = _MONTH.match(value) if isinstance(value, str) else None
    if match and _YEARS[0] <= int(match[1]) <= _YEARS[1] and 1 <= int(match[2]) <= 12:
        return int(match[1]) + (int(match[2]) - 1 + end) / 12
    problems.add(node.place, "not a date", read=node.plain(), allowed="a year (2015) or a year and month (2015-10)")
    return None


def read_number(node: Node, unit: str, problems: Problems, what: str) -> float | None:
    """Return a finite number in ``unit``, written plainly or with a unit that fits."""
    value, allowed = node.value, " or ".join(forms(unit))
    if isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value):
            return float(value)
        problems.add(node.place, f"{what} is not finite", read=value, allowed=allowed)
    elif isinstance(value, str):
        try:
            return quantity(value, unit)
        except UnitError as error:
            problems.add(node.place, f"{what}: {error}", read=value, allowed=allowed)
    else:
        problems.add(node.place, f"{what} is {node.what()}", read=node.plain(), allowed=allowed)
    return None


def read_setting(field: Field[Any], node: Node, problems: Problems, what: str) -> tuple[Any]:
    """Return a setting's value in a tuple of one; the default if a problem was noted."""
    meta, kind, value = field.metadata, _kind(field), node.value
    choices: tuple[str, ...] | None = meta.get("choices")
    if value is None and "None" in str(field.type):
        return (None,)
    if kind == "bool":
        if isinstance(value, bool):
            return (value,)
        problems.add(node.place, what, read=node.plain(), allowed="true or false")
    elif kind == "str":
        if isinstance(value, str) and (choices is None or value in choices):
            return (value,)
        if choices is not None:
            problems.add(node.place, what, read=node.plain(), among=choices)
        else:
            problems.add(node.place, what, read=node.plain(), allowed="text")
    elif kind == "tuple":
        return (_read_list(node, choices, problems, what, field.default),)
    else:
        number = read_number(node, meta.get("unit", ""), problems, what)
        if number is not None and _bounded(field, number, node, problems, what):
            if kind == "float":
                return (number,)
            if number == int(number):
                return (int(number),)
            problems.add(node.place, what, read=node.plain(), allowed="a whole number")
    return (field.default,)


def _kind(field: Field[Any]) -> str:
    """Return which kind of value a field holds, by its annotation, else by its default."""
    text = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", "")
    kind = next((k for k in _KINDS if re.match(rf"{k}\b", text)), "")
    return kind or type(field.default).__name__


def _bounded(field: Field[Any], number: float, node: Node, problems: Problems, what: str) -> bool:
    low, high = field.metadata.get("low"), field.metadata.get("high")
    if low is None and "budget" in field.name:
        low = 0.0
    if (low is None or number >= low) and (high is None or number <= high):
        return True
    unit = field.metadata.get("unit", "")
    tail = f" {unit}" if unit not in ("", "1") else ""
    bounds = [f"at least {low:g}" if low is not None else "", f"at most {high:g}" if high is not None else ""]
    negative = " is negative" if number < 0 else " is out of bounds"
    problems.add(node.place, what + negative, read=node.plain(), allowed=" and ".join(b for b in bounds if b) + tail)
    return False


def _read_list(
    node: Node, choices: tuple[str, ...] | None, problems: Problems, what: str, default: Any
) -> tuple[Any, ...]:
    if not isinstance(node.value, list):
        allowed = f"a list of {listed(choices)}" if choices else "a list"
        problems.add(node.place, f"{what} is {node.what()}", read=node.plain(), allowed=allowed)
        return tuple(default)
    out: list[Any] = []
    for item in node.value:
        if choices is not None and item.value not in choices:
            problems.add(item.place, what, read=item.plain(), among=choices)
        elif not isinstance(item.value, str | int | float):
            problems.add(item.place, f"{what} holds {item.what()}", read=item.plain(), allowed="names")
        elif isinstance(item.value, float) and not math.isfinite(item.value):
            problems.add(item.place, f"{what} is not finite", read=item.plain())
        elif item.value in out:
            problems.add(item.place, f"{what} twice", read=item.plain(), allowed="each once")
        else:
            out.append(item.value)
    return tuple(out)


def read_settings(lever: Lever, node: Node | None, problems: Problems, what: str) -> Any:
    """Return the lever's Settings with the given ones changed; the neutral ones where a problem was noted."""
    known = {f.name: f for f in fields(lever.Settings)}
    if node is None or node.value is None:
        return lever.Settings()
    given = mapping(node, tuple(known), problems, what=f"settings of {lever.name}")
    values = {name: read_setting(known[name], item, problems, f"{what}.{name}")[0] for name, item in given.items()}
    try:
        return lever.Settings(**values)
    except ValueError as error:
        problems.add(node.place, f"settings of {lever.name}: {error}")
        return lever.Settings()


def read_payer(node: Node | None, problems: Problems, what: str) -> Payer:
    """Return who pays: one payer, or shares that add to one."""
    if node is None:
        return DEFAULT_PAYER
    if isinstance(node.value, str):
        if node.value not in PAYERS:
            problems.add(node.place, f"unknown payer of {what}", read=node.value, among=PAYERS)
        return node.value
    if not isinstance(node.value, dict):
        problems.add(node.place, f"payer of {what} is {node.what()}", read=node.plain(), allowed=listed(PAYERS))
        return DEFAULT_PAYER
    before, shares = len(problems), {}
    for name, item in mapping(node, PAYERS, problems, what=f"payers of {what}").items():
        share = read_number(item, "1", problems, f"share of {name}")
        if share is not None and not 0.0 <= share <= 1.0:
            problems.add(item.place, f"share of {name}", read=item.plain(), allowed="between 0 and 1")
        shares[name] = share or 0.0
    total = sum(shares.values())
    if len(problems) == before and abs(total - 1.0) > 1e-6:
        problems.add(node.place, f"shares of payers of {what} add to {total:.6g}", allowed="1")
    return {name: share for name, share in shares.items() if share > 0.0}


def raw_entries(node: Node | None, problems: Problems) -> dict[str, Node]:
    """Return the entries of one file by id, unread; entries without a usable id are noted and left out."""
    out: dict[str, Node] = {}
    if node is None or node.value is None:
        return out
    if not isinstance(node.value, list):
        problems.add(node.place, f"levers is {node.what()}", read=node.plain(), allowed="a list of entries")
        return out
    for item in node.value:
        given = mapping(item, KEYS, problems, what="entry")
        if not isinstance(item.value, dict):
            continue
        identifier = given["id"].value if "id" in given else None
        place = given["id"].place if "id" in given else item.place
        if identifier is None:
            problems.add(place, "an entry without id", allowed="an id such as QL09d")
        elif not isinstance(identifier, str) or not _IDENTIFIER.match(identifier) or identifier in _RESERVED:
            problems.add(place, "id of an entry", read=identifier, allowed="a letter, then letters, digits, _ or -")
        elif identifier in out:
            first = out[identifier].place.line
            problems.add(place, f"duplicate entry id, first on line {first}", read=identifier)
        else:
            out[identifier] = Node(given, item.place, item.keys)
    return out


def merge(base: dict[str, Node], own: dict[str, Node], problems: Problems) -> dict[str, Node]:
    """Return the entries of a file laid over those of the file it extends: by id, settings key by key."""
    out = dict(base)
    for identifier, node in own.items():
        below = base.get(identifier)
        if below is None:
            if "off" in node.value and "lever" not in node.value:
                place = node.value["id"].place
                problems.add(place, "no entry to switch off", read=identifier, among=tuple(base))
            out[identifier] = node
            continue
        parts = below.value | node.value
        here, there = node.value.get("lever"), below.value.get("lever")
        if here is not None and there is not None and here.value != there.value:
            problems.add(
                here.place,
                f"entry {identifier} is of lever {there.plain()} in the file extended",
                read=here.plain(),
                allowed="the same lever, or another id and `off: true` for this one",
            )
            continue
        settings = [n.value.get("settings") for n in (below, node)]
        if all(s is not None and isinstance(s.value, dict) for s in settings):
            old, new = settings
            parts["settings"] = Node(old.value | new.value, new.place, old.keys | new.keys)
        out[identifier] = Node(parts, node.place, below.keys | node.keys)
    return out


def read_entry(
    identifier: str,
    node: Node,
    levers: Mapping[str, Lever],
    years: tuple[int, int] | None,
    problems: Problems,
) -> Entry | None:
    """Return one entry, or None if it is switched off or its lever is unknown (which is noted)."""
    parts: dict[str, Node] = node.value
    off = parts.get("off")
    if off is not None and not isinstance(off.value, bool):
        problems.add(off.place, f"off of {identifier}", read=off.plain(), allowed="true or false")
    if "lever" not in parts:
        if off is None or off.value is not True:
            problems.add(node.place, f"entry {identifier} lacks 'lever'", allowed=listed(levers))
        return None
    name = parts["lever"].value
    lever = levers.get(name) if isinstance(name, str) else None
    if lever is None:
        problems.add(parts["lever"].place, "unknown lever", read=parts["lever"].plain(), among=tuple(levers))
    elif identifier in levers and identifier != name:
        problems.add(node.place, "an entry with the name of another lever", read=identifier)
    settings = read_settings(lever, parts.get("settings"), problems, identifier) if lever else None
    payer = read_payer(parts.get("payer"), problems, identifier)
    start, stop = _dates(identifier, node, years, problems)
    title = label(parts["title"], problems, what=f"title of {identifier}") if "title" in parts else None
    text = {key: _text(parts.get(key), problems, f"{key} of {identifier}") for key in ("source", "note", "programme")}
    if lever is None or (off is not None and off.value is True):
        return None
    where = (node.place.file, node.place.line)
    programme = text["programme"] or None
    return Entry(identifier, lever, settings, payer, start, stop, title, text["source"], text["note"], programme, where)


def _text(node: Node | None, problems: Problems, what: str) -> str:
    if node is None:
        return ""
    if not isinstance(node.value, str):
        problems.add(node.place, f"{what} is {node.what()}", read=node.plain(), allowed="text")
    return str(node.value)


def _dates(identifier: str, node: Node, years: tuple[int, int] | None, problems: Problems) -> tuple[float, float]:
    parts = node.value
    first, last = years or _YEARS
    start = read_date(parts["from"], problems) if "from" in parts else float(first)
    stop = read_date(parts["to"], problems, end=True) if "to" in parts else float(last + 1)
    if start is None or stop is None:
        return float(first), float(last + 1)
    place = parts.get("from", parts.get("to", node)).place
    if years is not None and (start >= last + 1 or stop <= first):
        read = f"{_written(start)} to {_written(stop, end=True)}"
        problems.add(place, f"{identifier} lies outside the scenario's years", read=read, allowed=f"{first} to {last}")
    elif start >= stop:
        read = f"{_written(start)} to {_written(stop, end=True)}"
        problems.add(place, f"{identifier} ends before it begins", read=read)
    return start, stop


def find_entry(entries: Sequence[Entry], name: str) -> Entry | None:
    """Return the entry with this id, or the only entry of the lever with this name."""
    by_id = [e for e in entries if e.id == name]
    by_lever = [e for e in entries if e.lever.name == name]
    if by_id:
        return by_id[0]
    return by_lever[0] if len(by_lever) == 1 else None
