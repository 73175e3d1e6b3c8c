"""The plans beside their targets: measures, who leads, which entries carry a measure out, how good the evidence is."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.core.declare import Label
from simulator.core.problems import InputError, Place, Problem, Problems
from simulator.core.reading import Node, label, mapping, read_yaml
from simulator.study.targets import CALIBRATION, read_rows

if TYPE_CHECKING:
    from simulator.scenario import Scenario

MEASURES_FILE = CALIBRATION / "measures.yaml"
LEADS_FILE = CALIBRATION / "leads.yaml"
EVIDENCE_FILE = CALIBRATION / "evidence.yaml"
TRIALS_FILE = CALIBRATION / "lever_effects.yaml"
INFLUENCE_FILE = CALIBRATION / "influence.csv"
GRADES = ("verified", "judgement", "assumed")
NO_EVIDENCE = "none"
_MEASURE = ("id", "region", "section", "lever", "dose", "name", "quote")
_LEAD = ("region", "section", "lead", "responsible")


@dataclass(frozen=True)
class Measure:
    """One measure of a plan; ``dose`` holds the figures that the plan itself fixes."""

    id: str
    region: str
    section: str
    lever: str
    dose: dict[str, Any]
    name: Label
    quote: str


@dataclass(frozen=True)
class Lead:
    """Who leads a section of a plan, and who answers for it too."""

    region: str
    section: str
    lead: str
    responsible: tuple[str, ...] = ()


@dataclass(frozen=True)
class Influence:
    """How a lever's dose moved an indicator in a city, where that is more than luck alone does there.

    ``effect`` is in the indicator's unit, ``relative`` over its level; of several years the last one that is clear.
    """

    lever: str
    indicator: str
    region: str
    effect: float
    relative: float


def load_measures(region: str | None = None, folder: Path | None = None) -> tuple[Measure, ...]:
    """Return the measures of a region (or all), in the files' order.

    ``folder`` is a city's folder of scenarios, whose own ``measures.yaml`` is read too. Raises InputError.
    """
    found = [m for path in _files(MEASURES_FILE, folder) for m in _measures(path, _stamp(path))]
    return tuple(m for m in found if region is None or m.region == region)


def load_leads(folder: Path | None = None) -> tuple[Lead, ...]:
    """Return who leads which section, a city's own ``leads.yaml`` included; raises InputError."""
    return tuple(lead for path in _files(LEADS_FILE, folder) for lead in _leads(path, _stamp(path)))


def lead_of(leads: Iterable[Lead], region: str, section: str) -> Lead | None:
    """Return who leads a section: its own row, else the nearest row above it; None where the plan names nobody."""
    rows = {lead.section: lead for lead in leads if lead.region == region}
    at = section
    while at:
        if at in rows:
            return rows[at]
        at = at.rpartition(".")[0]
    return None


def measure_of(entry: str, measures: Iterable[str]) -> str | None:
    """Return the measure that an entry's id carries out: the same id, or ``<measure>_<part>``."""
    known = set(measures)
    if entry in known:
        return entry
    before = entry.partition("_")[0]
    return before if before in known else None


def entries_of(scenario: Scenario, measures: Iterable[Measure]) -> dict[str, list[str]]:
    """Return the ids of a scenario's entries by measure; a measure without any has an empty list."""
    ids = [m.id for m in measures if m.region == scenario.region.id]
    out: dict[str, list[str]] = {i: [] for i in ids}
    for entry in scenario.entries:
        found = measure_of(entry.id, ids)
        if found is not None:
            out[found].append(entry.id)
    return out


def check_plan(scenario: Scenario) -> list[Problem]:
    """Return where a plan and its measures differ: a measure without an entry, an entry without a measure.

    An entry that began before the plan is older policy and needs no measure. An entry with a measure's own id
    must use that measure's lever; of a measure's parts at least one must.
    """
    region = scenario.region
    measures = load_measures(region.id, region.folder.parent)
    by_id, held = {m.id: m for m in measures}, entries_of(scenario, measures)
    levers = {e.id: e.lever.name for e in scenario.entries}
    problems, places = Problems(), _places(scenario.path)
    top = Place(str(scenario.path))
    if not measures:
        problems.add(top, f"no measures of {region.id} are listed", allowed="rows in measures.yaml")
    for m in measures:
        if not held[m.id]:
            problems.add(top, f"measure {m.id} ({m.lever}, section {m.section}) has no entry")
        elif m.lever not in {levers[i] for i in held[m.id]}:
            first = held[m.id][0]
            message = f"measure {m.id} is carried by another lever"
            problems.add(places.get(first, top), message, read=levers[first], allowed=m.lever)
    for e in scenario.entries:
        found = measure_of(e.id, by_id)
        place = places.get(e.id, top)
        if found is None and e.start >= region.plan_start:
            problems.add(place, "entry of no measure", read=e.id, allowed="the id of a measure, or <measure>_<part>")
        elif found == e.id and by_id[found].lever != e.lever.name and len(held[found]) > 1:
            message = f"{e.id} has another lever than its measure"
            problems.add(place, message, read=e.lever.name, allowed=by_id[found].lever)
    return list(problems.found)


def _places(path: Path) -> dict[str, Place]:
    root = read_yaml(path, Problems())
    rows = root.value.get("levers") if root is not None else None
    nodes = rows.value if rows is not None and isinstance(rows.value, list) else []
    return {
        str(node.value["id"].value): node.place for node in nodes if isinstance(node.value, dict) and "id" in node.value
    }


# ---- evidence ---------------------------------------------------------------------------------------


def grade_of(counts: Mapping[str, int]) -> str:
    """Return the grade of rows counted by quality: the best that at least half of them reach.

    ``verified``: the figure was read at its source; ``judgement``: set by hand from published work, or from a source
    that was not checked; ``assumed``: no causal estimate is known. ``none`` where there is no row.
    """
    total, reached = sum(counts.get(g, 0) for g in GRADES), 0
    for grade in GRADES:
        reached += counts.get(grade, 0)
        if total and 2 * reached >= total:
            return grade
    return NO_EVIDENCE


def lever_evidence() -> dict[str, dict[str, int]]:
    """Return for each lever how many rows of the effect table rest on what: counts by grade.

    Rows that only do arithmetic (``derived``: a budget held, a zero by construction) are left out.
    """
    return _lever_evidence(_stamp(TRIALS_FILE), _stamp(EVIDENCE_FILE))


@lru_cache(maxsize=2)
def _lever_evidence(_trials: int, _evidence: int) -> dict[str, dict[str, int]]:
    from ruamel.yaml import YAML

    quality = {
        key: "judgement" if row["quality"] == "unverified" else row["quality"]
        for key, row in YAML(typ="safe").load(EVIDENCE_FILE.read_text("utf-8")).items()
    }
    out: dict[str, Counter[str]] = {}
    for trial in YAML(typ="safe").load(TRIALS_FILE.read_text("utf-8"))["trials"]:
        counts = out.setdefault(trial["lever"], Counter())
        for row in trial["rows"]:
            source = str(row["source"]).removeprefix("effect:")
            if source != "derived":
                counts[quality.get(source, "assumed" if source == "assumed" else "judgement")] += 1
    return {lever: {g: counts[g] for g in GRADES} for lever, counts in out.items()}


def load_influence() -> tuple[Influence, ...]:
    """Return what stands clear of luck in the influence table, or nothing where it has not been made.

    A row is clear where it is above its noise and its interval leaves out zero.
    """
    return _influence(INFLUENCE_FILE, _stamp(INFLUENCE_FILE))


@lru_cache(maxsize=2)
def _influence(path: Path, _when: int) -> tuple[Influence, ...]:
    if not path.is_file():
        return ()
    best: dict[tuple[str, str, str], tuple[int, Influence]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            low, high = float(row["low"]), float(row["high"])
            if row["above_noise"] != "yes" or low <= 0.0 <= high:
                continue
            order = int(row["offset"]) if row["offset"].isdigit() else 0
            key = row["city"], row["lever"], row["indicator"]
            effect, relative = float(row["effect"]), float(row["relative"] or math.nan)
            if key not in best or order >= best[key][0]:
                best[key] = order, Influence(key[1], key[2], key[0], effect, relative)
    return tuple(found for _, found in best.values())


# ---- reading ----------------------------------------------------------------------------------------


def _files(shipped: Path, folder: Path | None) -> list[Path]:
    own = folder / shipped.name if folder is not None else None
    return [shipped, own] if own is not None and own.is_file() else [shipped]


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0


def _words(parts: Mapping[str, Node], keys: Iterable[str], problems: Problems) -> dict[str, str]:
    out = {}
    for key in keys:
        node = parts.get(key)
        if node is not None and not (isinstance(node.value, str) and node.value.strip()):
            problems.add(node.place, f"{key} is not text", read=node.plain(), allowed="text")
        out[key] = str(node.value) if node is not None else ""
    return out


@lru_cache(maxsize=8)
def _measures(path: Path, _when: int) -> tuple[Measure, ...]:
    problems, out = Problems(), []
    for node in read_rows(path, problems, "measures"):
        parts = mapping(node, _MEASURE, problems, what="a measure", required=_MEASURE)
        words = _words(parts, ("id", "region", "section", "lever", "quote"), problems)
        name = label(parts["name"], problems, what="name") if "name" in parts else None
        dose = parts["dose"].plain() if "dose" in parts else {}
        if name is not None and isinstance(dose, dict):
            out.append(Measure(name=name, dose=dose, **words))
    problems.raise_any()
    return tuple(out)


@lru_cache(maxsize=8)
def _leads(path: Path, _when: int) -> tuple[Lead, ...]:
    problems, out = Problems(), []
    for node in read_rows(path, problems, "leads"):
        parts = mapping(node, _LEAD, problems, what="a lead", required=_LEAD[:3])
        words = _words(parts, _LEAD[:3], problems)
        others = parts["responsible"].plain() if "responsible" in parts else []
        out.append(Lead(**words, responsible=tuple(str(x) for x in others or ())))
    problems.raise_any()
    return tuple(out)


def opened_plan(folder: Path) -> Scenario | None:
    """Return the plan of a city's folder of scenarios, or None where there is none that can be read."""
    from simulator.study.replicates import load_scenario

    path = folder / "plan.yaml"
    try:
        return load_scenario(path) if path.is_file() else None
    except InputError:
        return None
