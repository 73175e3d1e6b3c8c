"""What ``ris list`` shows: tables over the model's declarations and the files at hand."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from simulator.core.parameters import table as parameter_table
from simulator.core.problems import InputError, Place, Problems
from simulator.core.reading import Node, read_yaml
from simulator.report.catalogue import definition, parameter_doc, region_name, region_state, setting_doc
from simulator.report.words import (
    bracketed,
    colon,
    comma,
    full_figure,
    lead_text,
    listed,
    section_text,
    semicolon,
    setting_value,
    unit_text,
    word,
)
from simulator.study import plans
from simulator.study.targets import NOT_SIMULATED, Target, load_targets

PROJECT = Path(__file__).resolve().parents[2]
INDENT = 7
MOST_MOVERS = 8
NO_LEAD = "not named in the plan"
_CODES_ZH = {
    "kind": {"stock": "存量", "flow": "流量", "share": "比例", "rate": "比率"},
    "observer": {"official": "统计口径", "true": "真实口径"},
    "source": {"assumed": "假定"},
}
_SHAPES_ZH = {"linear": "线性", "log": "对数", "logit": "logit"}


def rows_of(things: str, language: str, region: str | None = None) -> list[dict[str, Any]]:
    """Return one row a thing, as plain values; ``region`` keeps the targets and measures of one city.

    Raises InputError for a region of which nothing is known.
    """
    if region is not None and region not in (known := known_regions()):
        problems = Problems()
        problems.add(Place("--region"), "unknown region", read=region, among=known)
        problems.raise_any()
    if things == "levers":
        return levers(language, region)
    if things == "targets":
        return targets(language, region)
    return {
        "indicators": indicators,
        "parameters": parameters,
        "regions": regions,
        "scenarios": scenarios,
    }[things](language)


def known_regions() -> list[str]:
    """Return the ids of all regions that have a folder at hand, a target or a measure."""
    found = {path.parent.parent.name for path in scenario_folder().glob("*/region/region.yaml")}
    return sorted(found | {t.region for t in all_targets()} | {m.region for m in plans.load_measures()})


def city_folders() -> list[Path]:
    """Return the folders of scenarios at hand, one a city."""
    return sorted({path.parent for path in scenario_folder().glob("*/*.yaml")})


def all_targets() -> list[Target]:
    """Return the targets of all regions: those that ship, then those in the folders at hand."""
    found = {(t.region, t.id): t for t in load_targets()}
    for folder in city_folders():
        found |= {(t.region, t.id): t for t in load_targets(folder=folder)}
    return list(found.values())


def all_measures() -> list[plans.Measure]:
    """Return the measures of all regions: those that ship, then those in the folders at hand."""
    found = {(m.region, m.id): m for m in plans.load_measures()}
    for folder in city_folders():
        found |= {(m.region, m.id): m for m in plans.load_measures(folder=folder)}
    return list(found.values())


def all_leads() -> list[plans.Lead]:
    """Return who leads which section, for all regions."""
    return list(dict.fromkeys(lead for folder in (None, *city_folders()) for lead in plans.load_leads(folder)))


def levers(language: str, region: str | None = None) -> list[dict[str, Any]]:
    """Return the levers: settings, what they move, how good the evidence is, the plans' measures they carry.

    A lever that a measure names and the model lacks is listed too, with ``status`` not simulated yet. Of a region
    only the levers that its plan uses are returned.
    """
    from simulator.model import LEVERS

    leads, evidence = all_leads(), plans.lever_evidence()
    measures = [m for m in all_measures() if region is None or m.region == region]
    carried = _entries_by_measure({m.region for m in measures})
    status = _status_by_region(language)
    names = dict.fromkeys([*(LEVERS if region is None else ()), *(m.lever for m in measures)])
    out = []
    for name in names:
        lever, counts = LEVERS.get(name), evidence.get(name, {})
        mine = [m for m in measures if m.lever == name]
        out.append(
            {
                "name": name,
                "label": lever.label[language] if lever is not None else "",
                "status": "simulated" if lever is not None else NOT_SIMULATED,
                "settings": [] if lever is None else _settings(lever, language),
                "moves": [] if lever is None else [f"{i} {_sign(sign)}" for i, sign in lever.moves.items()],
                "evidence": plans.grade_of(counts),
                "evidence_rows": {grade: counts.get(grade, 0) for grade in plans.GRADES},
                "measures": [
                    {
                        "id": m.id,
                        "region": m.region,
                        "section": m.section,
                        **_lead(leads, m.region, m.section),
                        "name": m.name[language],
                        "quote": m.quote,
                        "dose": m.dose,
                        "entries": carried.get((m.region, m.id), []),
                        "region_status": status.get(m.region, ""),
                    }
                    for m in mine
                ],
            }
        )
    return out


def _settings(lever: Any, language: str) -> list[str]:
    def named(setting: str) -> str:  # in English most settings say what they are by their ids
        return f"{setting} {setting_doc(lever.name, setting, language)}" if language == "zh" else setting

    return [
        f"{named(f.name)}{_of_unit(str(f.metadata.get('unit') or ''), language)} = {setting_value(f.default)}"
        for f in fields(lever.Settings)
        if f.metadata.get("role") == "setting"
    ]


def _of_unit(unit: str, language: str) -> str:
    """Return a unit in brackets; nothing for a pure number."""
    text = unit_text(unit, language) if unit != "-" else ""
    return f" [{text}]" if text else ""


def _sign(value: float) -> str:
    return "+" if value > 0 else "-" if value < 0 else "0"


def _lead(leads: list[plans.Lead], region: str, section: str) -> dict[str, Any]:
    found = plans.lead_of(leads, region, section)
    return {
        "lead": found.lead if found is not None else NO_LEAD,
        "responsible": list(found.responsible) if found is not None else [],
    }


def _entries_by_measure(regions: set[str]) -> dict[tuple[str, str], list[str]]:
    """Return the ids of the entries that carry out each measure in its city's plan, by region and measure."""
    out: dict[tuple[str, str], list[str]] = {}
    folders = {f.name: f for f in (*sorted((PROJECT / "scenarios").glob("*")), *city_folders()) if f.name in regions}
    for folder in folders.values():
        plan = plans.opened_plan(folder)
        if plan is not None:
            held = plans.entries_of(plan, plans.load_measures(folder=folder))
            out |= {(plan.region.id, measure): entries for measure, entries in held.items()}
    return out


def _status_by_region(language: str) -> dict[str, str]:
    """Return what each region at hand says of itself (a projection, made up), where it says anything."""
    return {row["id"]: row["status"] for row in regions(language) if row["status"]}


def targets(language: str, region: str | None = None) -> list[dict[str, Any]]:
    """Return the targets of all regions: who leads, which indicator measures them, what moves it, how well known."""
    from simulator.model import INDICATORS

    leads, evidence, found = all_leads(), plans.lever_evidence(), plans.load_influence()
    status, out = _status_by_region(language), []
    for t in all_targets():
        if region is not None and t.region != region:
            continue
        known = t.indicator if t.indicator in INDICATORS else None
        movers = _movers(known, t.region, found) if known is not None else []
        grades = [plans.grade_of(evidence.get(m["lever"], {})) for m in movers]
        counts = {grade: grades.count(grade) for grade in plans.GRADES}
        out.append(
            {
                "id": t.id,
                "region": t.region,
                "section": t.section,
                **_lead(leads, t.region, t.section),
                "kind": t.kind,
                "year": t.year,
                "year_assumed": t.year_assumed,
                "name": t.name[language],
                "quote": t.quote,
                "op": t.op,
                "value": t.value,
                "unit": t.unit,
                "target": full_figure(t.value, t.unit, language, ">" if t.op == "gt" else "≥"),
                "indicator": known or NOT_SIMULATED,
                "definition": definition(known, language) if known is not None else "",
                "moved_by": movers,
                "evidence": plans.grade_of(counts),
                "evidence_levers": counts,
                "note": t.note,
                "region_status": status.get(t.region, ""),
            }
        )
    return out


def _movers(indicator: str, region: str, influence: tuple[plans.Influence, ...]) -> list[dict[str, Any]]:
    """Return the levers that move an indicator: as declared, and as measured, the strongest first.

    Where the influence table says nothing of the city it is read for the others, which ``city`` names.
    """
    from simulator.model import LEVERS

    found: dict[str, dict[str, Any]] = {
        name: {"lever": name, "sign": _sign(lever.moves[indicator]), "declared": True}
        for name, lever in LEVERS.items()
        if indicator in lever.moves
    }
    for mover in found.values():
        mover |= {"effect": None, "relative": None, "city": None}
    rows = [row for row in influence if row.indicator == indicator and row.lever in LEVERS]
    for row in [r for r in rows if r.region == region] or rows:
        measured = {"effect": row.effect, "relative": row.relative if math.isfinite(row.relative) else None}
        known = row.lever in found
        found[row.lever] = {"lever": row.lever, "sign": _sign(row.effect), "declared": known, **measured}
        found[row.lever]["city"] = row.region
    return sorted(found.values(), key=lambda m: -abs(m["relative"] or 0.0))


def indicators(language: str) -> list[dict[str, Any]]:
    """Return the indicators and their definitions."""
    from simulator.model import INDICATORS

    return [
        {
            "name": i.name,
            "label": i.label[language],
            "unit": i.unit,
            "kind": i.kind,
            "observer": i.observer,
            "true": i.true or "",
            "definition": definition(i.name, language),
        }
        for i in INDICATORS.values()
    ]


def parameters(language: str) -> list[dict[str, Any]]:
    """Return the parameters with value, unit, prior and source."""
    from simulator.model import LEVERS, SCHEDULE

    out, zh = [], language == "zh"
    for row in parameter_table(SCHEDULE, LEVERS.values()):
        span, shape = f"{row.prior.low:g}{'—' if zh else ' to '}{row.prior.high:g}", row.prior.shape
        prior = f"{span}{bracketed(_SHAPES_ZH[shape] if zh else shape, language)}"
        bounds = [f"{x:g}" for x in (row.prior.floor, row.prior.ceiling) if math.isfinite(x)]
        if bounds:
            prior += f"，截断于 {'、'.join(bounds)}" if zh else f", cut at {' and '.join(bounds)}"
        out.append(
            {
                "name": row.name,
                "value": row.value,
                "unit": row.unit,
                "prior": prior,
                "source": row.source,
                "doc": parameter_doc(row.name, language),
            }
        )
    return out


def scenario_folder() -> Path:
    """Return the folder of scenarios: that of the working directory, else the project's."""
    here = Path("scenarios")
    return here if here.is_dir() else PROJECT / "scenarios"


def regions(language: str) -> list[dict[str, Any]]:
    """Return the regions whose folders are at hand."""
    from simulator.world.region import load_region

    out = []
    for path in sorted(scenario_folder().glob("*/region/region.yaml")):
        row: dict[str, Any] = {"id": path.parent.parent.name, "folder": path.parent.as_posix()}
        try:
            region = load_region(path.parent)
            row |= {"name": region.name[language], "years": f"{region.start_year}-{region.last_year}"}
            row["status"] = region_state(region.status, language)
        except InputError as error:
            row |= {
                "name": "",
                "years": "",
                "status": f"{len(error.problems)} {'个问题' if language == 'zh' else 'problems'}",
            }
        out.append(row)
    return out


def scenarios(language: str) -> list[dict[str, Any]]:
    """Return the scenario files at hand with their titles; ``ris check`` says whether they can be run."""
    out = []
    for path in sorted(scenario_folder().glob("*/*.yaml")):
        root = read_yaml(path, Problems())
        values: dict[str, Node] = root.value if root is not None else {}
        title = values["title"].plain() if "title" in values else ""
        title = title.get(language, "") if isinstance(title, dict) else str(title)
        region = str(values["region"].plain()) if "region" in values else path.parent.name
        out.append({"file": path.as_posix(), "region": region, "title": title})
    return out


def listing_table(things: str, rows: list[dict[str, Any]], language: str = "en") -> RenderableType:
    """Return rows for a terminal of any width: a line or two each, names unbroken, the rest indented."""
    title = f"{len(rows)} {word(things, language)}"
    if things == "targets":
        return Group(Text(title, style="bold"), *_target_cards(rows, language))
    if things == "levers":
        count = sum(len(row["measures"]) for row in rows)
        title += f"{comma(language)}{count} {word('measures', language)}"
        return Group(Text(title, style="bold"), *_legend(language), *_lever_cards(rows, language))
    return Group(Text(title, style="bold"), *(part for row in rows for part in _card(things, row, language)))


def _card(things: str, row: dict[str, Any], language: str) -> list[RenderableType]:
    """Return a row of a plain list: what names it on a line of its own, then the rest."""
    lead = {
        "indicators": ("name", "unit", "kind", "observer", "true"),
        "parameters": ("name", "value", "unit"),
        "regions": ("id", "name", "years"),
        "scenarios": ("file",),
    }[things]
    first = Text(overflow="fold")
    row = {k: v for k, v in row.items() if k != "unit" or _of_unit(str(v), language)}
    for i, key in enumerate(k for k in lead if row.get(k) not in ("", None)):
        told = _code(key, row[key], language)
        shown = {"unit": f"[{told}]", "true": f"→ {told}"}.get(key, told)
        first.append(("  " if i else "") + shown, style="bold" if i == 0 else "")
    rest = [_code(k, v, language) for k, v in row.items() if k not in lead and v not in ("", None)]
    return [first, _indented(" · ".join(rest))] if rest else [first]


def _code(key: str, value: Any, language: str) -> str:
    """Return a cell of a plain list; units and the words for kinds and sources in Chinese where it has them."""
    if language == "zh" and key == "unit":
        return unit_text(str(value), language)
    if language == "zh" and key in _CODES_ZH:
        return _CODES_ZH[key].get(str(value), str(value))
    return _cell(value)


def _indented(text: str | Text, indent: int = INDENT, style: str = "dim") -> Padding:
    shown = text if isinstance(text, Text) else Text(text, style=style)
    shown.overflow = "fold"
    return Padding(shown, (0, 0, 0, indent))


def _hanging(name: str, text: str, before: int = 0) -> RenderableType:
    """Return a text beside its identifier, so that the lines it runs on to stay clear of the identifiers."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True, min_width=INDENT - 1)
    grid.add_column(overflow="fold")
    grid.add_row(Text(name, style="bold"), Text(text, overflow="fold"))
    return Padding(grid, (0, 0, 0, before)) if before else grid


def _heading(region: str, section: str, lead: str, language: str) -> Text:
    told = _led(lead, language)
    return Text(f"{region_name(region, language)} · {section_text(section, language)} · {told}", style="cyan")


def _led(lead: str, language: str) -> str:
    return lead_text("" if lead == NO_LEAD else lead, language)


def _legend(language: str) -> list[RenderableType]:
    text = (
        "证据等级：至少一半效应行可达的最好来源；已核对：核对过原文，判断：依据文献设定，假定：尚无因果估计"
        if language == "zh"
        else "evidence: the best source that at least half of a lever's effect rows reach: verified (read at its"
        " source), judgement (set by hand from published work), assumed (no causal estimate known)"
    )
    return [Text(text, style="dim")]


def _counts(counts: dict[str, int], language: str) -> str:
    if language == "zh":
        return "、".join(f"{word(grade, language)} {n}" for grade, n in counts.items() if n)
    return ", ".join(f"{n} {word(grade, language)}" for grade, n in counts.items() if n)


def _target_cards(rows: list[dict[str, Any]], language: str) -> list[RenderableType]:
    out: list[RenderableType] = list(_legend(language))
    region = ""
    for (city, section), mine in _grouped(rows):
        if city != region:
            region = city
            out.append(Text(""))
            if mine[0]["region_status"]:
                out.append(Text(mine[0]["region_status"], style="yellow"))
        out.append(_heading(city, section, mine[0]["lead"], language))
        for row in mine:
            due = f"{row['year']}{'*' if row['year_assumed'] else ''}"
            facts = comma(language).join((row["target"], word(row["kind"], language), due))
            out.append(_hanging(row["id"], f"{row['name']}{colon(language)}{facts}"))
            out.append(_indented(_target_detail(row, language)))
    if any(row["year_assumed"] for row in rows):
        out.append(Text("* 年份为假定" if language == "zh" else "* year assumed: the plan names none", style="dim"))
    return out


def _target_detail(row: dict[str, Any], language: str) -> Text:
    zh = language == "zh"
    if row["indicator"] == NOT_SIMULATED:
        return Text(word(NOT_SIMULATED, language), style="yellow")
    movers = row["moved_by"]
    shown = [f"{_lever_name(m['lever'], language)} {m['sign']}" for m in movers[:MOST_MOVERS]]
    names, more = ("、" if zh else ", ").join(shown), len(movers) - MOST_MOVERS
    if more > 0:
        names += f"，另有 {more} 类" if zh else f" and {more} more"
    nothing = (
        "单个工具按常规剂量与设置均不足以使其明显变动"
        if zh
        else "no lever alone clearly moves it at its usual dose and settings"
    )
    text = f"{row['indicator']} ← {names or nothing}"
    if movers:
        grade = word(row["evidence"], language)
        counts = _counts(row["evidence_levers"], language)
        text += f"{semicolon(language)}{word('evidence of levers', language)}{colon(language)}"
        text += grade + bracketed(counts, language)
    return Text(text, style="dim")


def _lever_name(name: str, language: str) -> str:
    """Return a lever as a page names it: its id, which scenarios use too, or its label in Chinese."""
    from simulator.model import LEVERS

    return LEVERS[name].label.zh if language == "zh" and name in LEVERS else name


def _grouped(rows: list[dict[str, Any]]) -> list[tuple[tuple[str, str], list[dict[str, Any]]]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda r: _first(rows, r["region"])):
        groups.setdefault((row["region"], row["section"]), []).append(row)
    return list(groups.items())


def _first(rows: list[dict[str, Any]], region: str) -> int:
    return next(i for i, row in enumerate(rows) if row["region"] == region)


def _lever_cards(rows: list[dict[str, Any]], language: str) -> list[RenderableType]:
    out: list[RenderableType] = []
    notes = dict.fromkeys(m["region_status"] for row in rows for m in row["measures"] if m["region_status"])
    out += [Text(note, style="yellow") for note in notes]
    mark, then = colon(language), semicolon(language)
    for row in rows:
        head = Text.assemble((row["name"], "bold"), f"  {row['label']}", overflow="fold")
        if row["status"] == NOT_SIMULATED:
            head.append(f"  {word(NOT_SIMULATED, language)}", style="yellow")
        out += [Text(""), head]
        counts = row["evidence_rows"]
        grade = f"{word('evidence', language)}{mark}{word(row['evidence'], language)}"
        grade += bracketed(_counts(counts, language), language) if any(counts.values()) else ""
        out.append(_indented(grade, 2))
        if row["moves"]:
            moves = listed([_moved(text, language) for text in row["moves"]], language)
            out.append(_indented(f"{word('moves', language)}{mark}{moves}", 2))
        if row["settings"]:
            out.append(_indented(f"{word('settings', language)}{mark}{then.join(row['settings'])}", 2))
        for m in row["measures"]:
            lead = _led(m["lead"], language)
            dose = comma(language).join(f"{k} {_cell(v)}" for k, v in m["dose"].items())
            city = region_name(m["region"], language)
            where = comma(language).join((city, section_text(m["section"], language), lead))
            text = m["name"] + bracketed(where, language)
            text += f"{then}{word('dose in the plan', language)}{mark}{dose}" if dose else ""
            if m["entries"] != [m["id"]]:
                none = "规划情景中无此项" if language == "zh" else "no entry in plan.yaml"
                entries = f"{word('entries', language)}{mark}{listed(m['entries'], language)}"
                text += then + (entries if m["entries"] else none)
            out.append(_hanging(m["id"], text, 2))
    return out


def _moved(text: str, language: str) -> str:
    """Return an indicator's name with the sign of what moves it."""
    from simulator.model import INDICATORS

    name, _, sign = text.partition(" ")
    return f"{INDICATORS[name].label[language]} {sign}" if name in INDICATORS else text


def _cell(value: Any) -> str:
    return f"{value:,.10g}" if isinstance(value, float) else str(value)
