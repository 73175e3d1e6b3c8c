"""Scenarios: read a YAML file and what it extends into a frozen record, refusing what is not understood."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from simulator.core.declare import Label, Lever
from simulator.core.problems import InputError, Place, Problems
from simulator.core.reading import Node, label, mapping, node_of, parse_yaml, read_bytes, read_yaml
from simulator.scenario_entries import (
    Entry,
    find_entry,
    merge,
    raw_entries,
    read_entry,
    read_number,
    read_setting,
)
from simulator.world.counterfactual import Counterfactual
from simulator.world.region import Region, load_region
from simulator.world.region_schema import SECTORS

__all__ = ["Entry", "Replicates", "Scenario", "load"]

KEYS = (
    "schema",
    "title",
    "region",
    "extends",
    "years",
    "calibration",
    "levers",
    "assumptions",
    "switches",
    "drivers",
    "counterfactual",
    "replicates",
    "notes",
    "baseline",
)
CALIBRATIONS = ("evidence", "history", "plan")
_MERGED = ("assumptions", "switches", "drivers", "counterfactual", "replicates")
_COUNTERFACTUAL = ("rules_after", "outside_after", "demand_from", "demand")
_REGION = re.compile(r"[a-z][a-z0-9_]*\Z")
_UNTIL = re.compile(r"[A-Za-z][A-Za-z0-9_.]*@([0-9]{4})\Z")
_MOST_REPLICATES = 1_000_000
MOST_FILES = 3  # a mix on a plan on a baseline


@dataclass(frozen=True)
class Replicates:
    """How many runs: at least ``min``, at most ``max``, fewer once every ``until`` is reached.

    ``until`` maps ``indicator@year`` to the half-width of its interval that is narrow enough.
    """

    min: int = 100
    max: int = 100
    until: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Scenario:
    """A scenario as it is run: region, years, entries in force and what was assumed."""

    path: Path
    title: Label
    region: Region
    years: tuple[int, int]
    entries: tuple[Entry, ...]
    assumptions: dict[str, float]
    switches: dict[str, str]
    drivers: dict[str, str]
    calibration: str = "evidence"
    replicates: Replicates = field(default_factory=Replicates)
    baseline: str | None = None
    notes: str = ""
    counterfactual: Counterfactual = field(default_factory=Counterfactual)

    @property
    def name(self) -> str:
        """Return the file's name without its ending."""
        return self.path.stem

    def in_force(self, year: int) -> list[Entry]:
        """Return the entries that are in force for a part of the year or all of it."""
        return [e for e in self.entries if e.start < year + 1.0 and e.stop > year and e.start < e.stop]

    def parts_from(self, other: Scenario) -> int:
        """Return the first year in which what happens here can differ from what happens in another scenario.

        It is a year after the last of both where nothing does, and the region's first year where what they assume does.
        """
        first, end = self.region.start_year, max(self.years[1], other.years[1]) + 1
        if self.region is not other.region and self.region.digest != other.region.digest:
            return first
        if (self.assumptions, self.switches) != (other.assumptions, other.switches):
            return first
        same = (self.drivers, self.counterfactual) == (other.drivers, other.counterfactual)
        worlds = () if same else tuple(zip(self.outside_and_rules(), other.outside_and_rules(), strict=True))
        for year in range(first, end):
            here, there = ({e.id: e.acts_in(year) for e in s.in_force(year)} for s in (self, other))
            if here != there:
                return year
            if any(_until(ours, year) != _until(theirs, year) for ours, theirs in worlds):
                return year
        return end

    def outside_and_rules(self) -> tuple[Mapping[str, Mapping[int, float]], Mapping[str, Mapping[int, float]]]:
        """Return the outside and the national rules as this scenario has them, by name and year."""
        return self.counterfactual.outside(self.region, self.drivers), self.counterfactual.rules(self.region)

    def resolved(self) -> dict[str, Any]:
        """Return the whole scenario as plain values: a file that can be loaded again and needs no other.

        The baseline and the notes are left out, as they do not change what is simulated.
        """
        out: dict[str, Any] = {
            "schema": 1,
            "title": {"en": self.title.en, "zh": self.title.zh},
            "region": self.region.id,
            "years": list(self.years),
            "calibration": self.calibration,
            "levers": [entry.resolved() for entry in self.entries],
            "assumptions": dict(self.assumptions),
            "switches": dict(self.switches),
            "drivers": dict(self.drivers),
            "replicates": {"min": self.replicates.min, "max": self.replicates.max},
        }
        if self.replicates.until:
            out["replicates"]["until"] = dict(self.replicates.until)
        if other := self.counterfactual.resolved():
            out["counterfactual"] = other
        return out

    def fingerprint(self) -> str:
        """Return the SHA-256 of what the scenario says and of its region's files, in hexadecimal.

        The order of entries and keys does not matter.
        """
        content = self.resolved()
        content["levers"] = sorted(content["levers"], key=lambda e: e["id"])
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(f"{text}\n{self.region.digest}".encode()).hexdigest()

    def with_settings(self, changes: Mapping[str, Any]) -> Scenario:
        """Return a copy with settings changed.

        Keys are ``<id>.<setting>``, or ``<lever>.<setting>`` where one entry only uses the lever; values
        are what a file may hold. Raises InputError for unknown names and values that are not allowed.
        """
        problems, entries = Problems(), {e.id: e for e in self.entries}
        for path, value in changes.items():
            place, (name, _, setting) = Place(str(self.path)), path.partition(".")
            entry = find_entry(tuple(entries.values()), name)
            if entry is None:
                several = sum(e.lever.name == name for e in self.entries) > 1
                message = f"several entries use {name}" if several else "no such entry"
                among = tuple(e.id for e in self.entries if not several or e.lever.name == name)
                problems.add(place, f"{path}: {message}", read=name, among=among)
                continue
            known = {f.name: f for f in fields(entry.lever.Settings)}
            if setting not in known:
                problems.add(place, f"{path}: no such setting", read=setting, among=tuple(known))
                continue
            before = len(problems)
            (new,) = read_setting(known[setting], node_of(value, place), problems, path)
            if len(problems) == before:
                try:
                    settings = replace(entry.settings, **{setting: new})
                except ValueError as error:
                    problems.add(place, f"{path}: {error}", read=value)
                    continue
                entries[entry.id] = replace(entry, settings=settings)
        problems.raise_any()
        return replace(self, entries=tuple(entries.values()))

    def without(self, ids: Iterable[str]) -> Scenario:
        """Return a copy without the entries of these ids; raises InputError for an unknown id."""
        problems, gone, known = Problems(), list(ids), tuple(e.id for e in self.entries)
        for name in gone:
            if name not in known:
                problems.add(Place(str(self.path)), "no such entry", read=name, among=known)
        problems.raise_any()
        return replace(self, entries=tuple(e for e in self.entries if e.id not in gone))


def _until(series: Mapping[str, Mapping[int, float]], year: int) -> dict[str, dict[int, float]]:
    return {name: {y: v for y, v in years.items() if y <= year} for name, years in series.items()}


def load(
    path: Path | str,
    levers: Mapping[str, Lever],
    parameters: Iterable[str],
    switches: Mapping[str, tuple[str, ...]],
) -> Scenario:
    """Return the scenario in a file; raises InputError with everything that is wrong with it.

    ``levers`` by name, ``parameters`` the dotted names that may be assumed, ``switches`` the choices of each.
    """
    problems = Problems()
    scenario = _Reader(Path(path), levers, tuple(parameters), switches, problems).read()
    problems.raise_any()
    assert scenario is not None
    return scenario


class _Reader:
    """Reads one scenario file, noting problems and going on where it can."""

    def __init__(
        self,
        path: Path,
        levers: Mapping[str, Lever],
        parameters: Sequence[str],
        switches: Mapping[str, tuple[str, ...]],
        problems: Problems,
    ) -> None:
        self.path, self.levers, self.parameters = path, levers, parameters
        self.switches, self.problems = switches, problems

    def read(self) -> Scenario | None:
        """Return the scenario, or None if it cannot be put together."""
        root = read_yaml(self.path, self.problems)
        if root is None:
            return None
        files, complete = self._chain(self._top(root))
        parts: dict[str, Node] = {}
        entries: dict[str, Node] = {}
        for level in reversed(files):  # the file at the bottom first
            parts = _laid_over(parts, level)
            entries = merge(entries, raw_entries(level.get("levers"), self.problems), self.problems)
        for key in ("title", "region"):
            if key not in parts and complete:
                self.problems.add(root.place, f"the scenario lacks {key!r}")
        region = self._region(parts.get("region"))
        years = self._years(parts.get("years"), region)
        read = [read_entry(name, node, self.levers, years, self.problems) for name, node in entries.items()]
        title = label(parts["title"], self.problems, what="title") if "title" in parts else None
        scenario = partial(
            Scenario,
            path=self.path,
            entries=tuple(e for e in read if e is not None),
            assumptions=self._assumptions(parts.get("assumptions")),
            switches=self._switches(parts.get("switches")),
            drivers=self._drivers(parts.get("drivers"), region),
            calibration=self._calibration(parts.get("calibration")),
            replicates=self._replicates(parts.get("replicates"), years),
            notes=self._notes(parts.get("notes")),
            baseline=self._baseline(parts.get("baseline")),
            counterfactual=self._counterfactual(parts.get("counterfactual"), years),
        )
        if title is None or region is None or years is None:
            return None
        return scenario(title=title, region=region, years=years)

    # ---- files ------------------------------------------------------------------------------------

    def _top(self, root: Node) -> dict[str, Node]:
        parts = mapping(root, KEYS, self.problems, what="the scenario", required=("schema",))
        schema = parts.get("schema")
        if schema is not None and not (type(schema.value) is int and schema.value == 1):
            self.problems.add(schema.place, "schema", read=schema.plain(), allowed="1")
        return parts

    def _beside(self, node: Node, what: str) -> Path | None:
        """Return another file named in this one, if it stays inside the scenarios folder."""
        if not isinstance(node.value, str) or not node.value.strip() or "\0" in node.value:
            self.problems.add(node.place, what, read=node.plain(), allowed="a file name such as plan.yaml")
            return None
        name = Path(node.value)
        try:
            home = Path(node.place.file).resolve().parent
            target = (home / name).resolve()
            root = next((p for p in (home, *home.parents) if p.name == "scenarios"), home)
            if name.is_absolute() or not target.is_relative_to(root):
                self.problems.add(node.place, what, read=node.value, allowed="a file inside the scenarios folder")
                return None
            if not target.is_file():
                near = sorted(p.name for p in home.glob("*.yaml") if p.name != Path(node.place.file).name)
                self.problems.add(node.place, f"{what}: no such file", read=node.value, among=near)
                return None
        except (OSError, ValueError, RuntimeError) as error:
            self.problems.add(node.place, f"{what} cannot be read: {error}", read=node.value)
            return None
        return Path(node.place.file).parent / name

    def _chain(self, own: dict[str, Node]) -> tuple[list[dict[str, Node]], bool]:
        """Return the parts of this file and of those below it, nearest first, and whether all were read."""
        files, seen, before = [own], [self.path.resolve()], len(self.problems)
        while "extends" in files[-1]:
            node = files[-1]["extends"]
            path = self._beside(node, "extends")
            if path is None:
                break
            if path.resolve() in seen:
                itself = path.resolve() == seen[-1]
                message = "a scenario that extends itself" if itself else "extends goes round in a circle"
                self.problems.add(node.place, message, read=node.value)
                break
            if len(files) == MOST_FILES:
                self.problems.add(
                    node.place, "extends: the chain is too long", read=node.value, allowed=f"{MOST_FILES} files"
                )
                break
            root = read_yaml(path, self.problems)
            if root is None:
                break
            files.append(self._top(root))
            seen.append(path.resolve())
        return files, len(self.problems) == before

    def _roots(self) -> list[Path]:
        """Return folders that may hold regions, the nearest first."""
        home = self.path.resolve().parent
        around = [p / "scenarios" for p in (home, *home.parents)]
        project = Path(__file__).resolve().parents[1]
        return list(dict.fromkeys([home.parent, *around, Path.cwd() / "scenarios", project / "scenarios"]))

    def _region(self, node: Node | None) -> Region | None:
        if node is None:
            return None
        name, roots = node.value, self._roots()
        if not isinstance(name, str) or not _REGION.match(name):
            self.problems.add(node.place, "region", read=node.plain(), allowed="a name such as qingdao")
            return None
        beside = self.path.resolve().parent / "region"
        folders = [root / name / "region" for root in roots]
        if _identifier(beside) == name:
            folders.insert(1, beside)
        folder = next((_short(f) for f in folders if f.is_dir()), None)
        if folder is None:
            known = sorted({p.parent.parent.name for r in roots for p in r.glob("*/region/region.yaml")})
            self.problems.add(node.place, "unknown region", read=name, among=known)
            return None
        try:
            region = load_region(folder)
        except InputError as error:
            self.problems.found.extend(error.problems)
            return None
        if region.id != name:
            self.problems.add(node.place, f"the folder of this region says it is {region.id!r}", read=name)
        return region

    # ---- parts ------------------------------------------------------------------------------------

    def _years(self, node: Node | None, region: Region | None) -> tuple[int, int] | None:
        if node is None:
            return (region.start_year, region.last_year) if region is not None else None
        given = [n.value for n in node.value] if isinstance(node.value, list) else []
        if len(given) != 2 or any(type(y) is not int for y in given) or given[0] > given[1]:
            self.problems.add(node.place, "years", read=node.plain(), allowed="[first, last]")
            return None
        first, last = given
        if region is not None and not region.start_year <= first <= last <= region.last_year:
            self.problems.add(
                node.place,
                f"years outside the horizon of {region.id}",
                read=node.plain(),
                allowed=f"{region.start_year} to {region.last_year}",
            )
            return None
        return first, last

    def _dictionary(self, node: Node | None, what: str, known: Sequence[str]) -> dict[str, Node]:
        if node is None or node.value is None:
            return {}
        return mapping(node, known, self.problems, what=what)

    def _assumptions(self, node: Node | None) -> dict[str, float]:
        out = {}
        for name, item in self._dictionary(node, "assumptions", self.parameters).items():
            value = read_number(item, "", self.problems, name)
            out[name] = value if value is not None else 0.0
        return out

    def _switches(self, node: Node | None) -> dict[str, str]:
        return self._chosen(self._dictionary(node, "switches", tuple(self.switches)), self.switches)

    def _drivers(self, node: Node | None, region: Region | None) -> dict[str, str]:
        if region is None:
            return {}
        choices = region.driver_choices()
        return self._chosen(self._dictionary(node, "drivers", tuple(choices)), choices)

    def _counterfactual(self, node: Node | None, span: tuple[int, int] | None) -> Counterfactual:
        parts = self._dictionary(node, "counterfactual", _COUNTERFACTUAL)
        years: dict[str, int | None] = dict.fromkeys(_COUNTERFACTUAL[:3])
        for key in years:
            if key not in parts:
                continue
            year = parts[key].value
            if type(year) is int and (span is None or span[0] <= year <= span[1]):
                years[key] = year
            else:
                allowed = f"a year from {span[0]} to {span[1]}" if span else "a year"
                self.problems.add(parts[key].place, f"counterfactual.{key}", read=parts[key].plain(), allowed=allowed)
        demand = {}
        for sector, item in self._dictionary(parts.get("demand"), "counterfactual.demand", SECTORS).items():
            demand[sector] = read_number(item, "1 / year", self.problems, f"counterfactual.demand.{sector}") or 0.0
        return Counterfactual(years["rules_after"], years["outside_after"], demand, years["demand_from"])

    def _chosen(self, given: dict[str, Node], choices: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        for name, item in given.items():
            if not isinstance(item.value, str) or item.value not in choices[name]:
                self.problems.add(item.place, f"{name}", read=item.plain(), among=choices[name])
        return {name: str(item.value) for name, item in given.items()}

    def _calibration(self, node: Node | None) -> str:
        if node is None:
            return CALIBRATIONS[0]
        if not isinstance(node.value, str) or node.value not in CALIBRATIONS:
            self.problems.add(node.place, "calibration", read=node.plain(), among=CALIBRATIONS)
        return str(node.value)

    def _replicates(self, node: Node | None, years: tuple[int, int] | None) -> Replicates:
        parts = self._dictionary(node, "replicates", ("min", "max", "until"))
        counts = {}
        for key in ("min", "max"):
            item = parts.get(key)
            if item is None:
                continue
            if type(item.value) is int and 1 <= item.value <= _MOST_REPLICATES:
                counts[key] = item.value
            else:
                allowed = f"a whole number from 1 to {_MOST_REPLICATES}"
                self.problems.add(item.place, f"replicates.{key}", read=item.plain(), allowed=allowed)
        least = counts.get("min", min(Replicates.min, counts.get("max", Replicates.min)))
        most = counts.get("max", max(Replicates.max, least))
        if node is not None and least > most:
            self.problems.add(node.place, "replicates: min above max", read=node.plain())
        until = {}
        item = parts.get("until")
        if item is not None and not isinstance(item.value, dict):
            self.problems.add(item.place, "replicates.until", read=item.plain(), allowed="{indicator@year: width}")
        elif item is not None:
            for key, wanted in item.value.items():
                match = _UNTIL.match(key)
                if not match or (years is not None and not years[0] <= int(match[1]) <= years[1]):
                    span = f", years {years[0]} to {years[1]}" if years else ""
                    self.problems.add(item.keys[key], "replicates.until", read=key, allowed=f"indicator@year{span}")
                width = read_number(wanted, "", self.problems, f"replicates.until.{key}")
                if width is not None and width <= 0.0:
                    self.problems.add(wanted.place, key, read=wanted.plain(), allowed="above 0")
                until[key] = width or 0.0
        return Replicates(least, most, until)

    def _notes(self, node: Node | None) -> str:
        if node is None or node.value is None:
            return ""
        if not isinstance(node.value, str):
            self.problems.add(node.place, f"notes is {node.what()}", read=node.plain(), allowed="text")
        return str(node.value)

    def _baseline(self, node: Node | None) -> str | None:
        path = self._beside(node, "baseline") if node is not None else None
        return None if path is None else Path(os.path.relpath(path, self.path.parent)).as_posix()


def _laid_over(below: dict[str, Node], own: dict[str, Node]) -> dict[str, Node]:
    """Return the top-level parts of a file laid over those below it; named values are merged key by key."""
    parts = below | own
    for key in _MERGED:
        if key in below and key in own and all(isinstance(p[key].value, dict) for p in (below, own)):
            old, new = below[key], own[key]
            parts[key] = Node(old.value | new.value, new.place, old.keys | new.keys)
    return parts


def _identifier(folder: Path) -> str:
    """Return the id that a region folder gives itself, or nothing."""
    ignored = Problems()
    path = folder / "region.yaml"
    data = read_bytes(path, ignored, 1_000_000) if path.is_file() else None
    root = parse_yaml(data, str(_short(path)), ignored) if data is not None else None  # as it is named when read again
    return str(root.value["id"].value) if root is not None and "id" in root.value else ""


def _short(path: Path) -> Path:
    """Return a path as seen from the working directory if it lies inside it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
