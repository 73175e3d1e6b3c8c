"""The sections of a run's report, as plain values for the template."""

from __future__ import annotations

import shlex
from typing import Any

from simulator.core.ledger import PAYERS
from simulator.report.board import Board, board_of, chance, has_true, records
from simulator.report.catalogue import chosen, region_state
from simulator.report.change_first import influence_in
from simulator.report.fans import as_level, fan_frame, fans_of, history
from simulator.report.html import bureaus, districts
from simulator.report.html.charts import SERIES_COLOURS, Layer, areas, shortened, steps, strip
from simulator.report.html.fan_chart import fan_svg
from simulator.report.html.first import first_screen, probability
from simulator.report.html.gates import gates_of, posterior_text
from simulator.report.html.labels import label
from simulator.report.html.rich_html import all_html, text_html
from simulator.report.html.study_page import again
from simulator.report.style import PAYER_COLOURS
from simulator.report.terminal import (
    OFFICIAL,
    SMALL_MONEY,
    TRUE,
    cells_of,
    heading,
    money_tables,
    named,
    paces,
    range_text,
    section_order,
    unsimulated,
)
from simulator.report.terminal_attribution import BLOCKS, READING, name_of, parts_text, paths_lines
from simulator.report.words import (
    apart,
    capital,
    distance,
    figure,
    lead_text,
    listed,
    money_factor,
    money_unit,
    section_text,
    word,
)
from simulator.study.tables import NATIONAL_LAW, NET_SIGN, Tables
from simulator.study.targets import HEADLINE_KINDS

MEASURE_KINDS = ("outlay", "running", "tax_forgone", "contingent", "recovered")  # columns, before the net
REASONS = {  # why an official figure is above its true counterpart
    "hnte_by_real_rd": "relabelling",
    "rd_real": "relabelling",
    "rd_share_real": "relabelling",
    "true_applications": "filing",
    "quality_patents": "filing",
    "quality_per_10k": "filing",
    "technology_sales": "registering",
    "marine_share_same_coverage": "coverage",
}
MOST_MEASURES = 8  # layers of the areas by measure; the rest are one


def run_page(tables: Tables, language: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return all that the template of a run shows."""
    board, gates = board_of(tables.targets), gates_of(tables, language)
    leading, answering = bureaus.bureau_rows(board, tables, language)
    return {
        "kind": "run",
        "title": f"{tables.meta['region_name'][language]} · {tables.meta['title'][language]}",
        "heading": all_html(heading(tables.meta, language)[1:]),
        "first": first_screen(board, tables, gates, language),
        "groups": target_groups(board, tables, language),
        "fans": fans(board, tables, language),
        "origin": origin(tables, language, manifest),
        "true": true_rows(board, language),
        "money": money(tables, language),
        "bureaus": by_bureau(leading, answering, language),
        "districts": by_district(board, tables, answering, language),
        "without": all_html(unsimulated(board, language)),
        "assumed": {"rows": assumed(board, tables, language), "instruments": instruments(tables, language)},
        "gates": gates,
        "again": again(manifest, tables.meta),
    }


# ---- targets ----------------------------------------------------------------------------------------


def target_groups(board: Board, tables: Tables, language: str) -> list[dict[str, Any]]:
    """Return the targets with a figure in two groups, each by section of the plan."""
    leads, out = tables.meta.get("leads", {}), []
    strips = _strips(tables, language)
    for key, rows in (("headline group", board.headline), ("other group", board.others)):
        sections = []
        for section in sorted({r["section"] for r in rows}, key=section_order):
            mine = [target_row(r, language, strips) for r in rows if r["section"] == section]
            lead = lead_text(leads.get(section, ""), language) if leads else ""
            sections.append({"name": section_text(section, language), "lead": lead, "rows": mine})
        if rows:
            out.append({"title": label(key, language), "count": len(rows), "sections": sections})
    return out


def _strips(tables: Tables, language: str) -> dict[str, Any]:
    frame = tables.attribution
    return {} if frame is None else {r["id"]: strip(r, language) for r in records(frame)}


def target_row(row: dict[str, Any], language: str, strips: dict[str, Any]) -> dict[str, Any]:
    """Return a target as the table shows it."""
    identity, value, middle, _, gap = cells_of(row, language)
    true = ""
    if has_true(row):
        name = row["true_name_zh"] if language == "zh" else row["true_name"]
        true = f"{name} {range_text(row, TRUE, language)}"
    return {
        "id": identity,
        "name": text_html(named(row, language)),
        "value": value,
        "median": middle,
        "true": true,
        "gap": gap,
        "short": row["gap"] < 0,
        "pace": " / ".join(paces(row, language)),
        "chance": probability(row, language),
        "sort": chance(row),
        "gap_sort": row["gap"] / abs(row["value"] or 1.0),
        "strip": strips.get(identity, ""),
    }


# ---- fans -------------------------------------------------------------------------------------------


def fans(board: Board, tables: Tables, language: str) -> dict[str, Any]:
    """Return the fan of every simulated target, headline targets apart, and what moves each."""
    rows = [*board.headline, *board.others]
    if not rows:
        return {"groups": [], "true": False}
    names = {r["indicator"] for r in rows} | {r["true_indicator"] for r in rows if r["true_indicator"]}
    found, observed = fans_of(tables.series, names), history(tables.meta["region"])
    moved = _moved_by(tables.meta["region"], language)
    groups, true = [], False
    for key, mine in (("headline group", board.headline), ("other group", board.others)):
        cards = []
        for row in mine:
            level = as_level(row, found, tables.meta.get("periods", {}))
            frame = fan_frame(level, found, observed)
            true = true or "true_p50" in frame
            name = row["name_zh"] if language == "zh" else row["name"]
            picture = fan_svg(level, frame, tables.meta["plan_start"], language)
            card = {"id": row["id"], "name": name, "svg": picture, "chance": probability(row, language)}
            cards.append(card | {"moved": moved.get(row["indicator"], [])})
        if cards:
            groups.append({"title": label(key, language), "cards": cards})
    return {"groups": groups, "true": true}


def _moved_by(region: str, language: str) -> dict[str, list[str]]:
    """Return by indicator the three instruments that move it most, with the grade of their evidence."""
    from simulator.model import INDICATORS, LEVERS
    from simulator.study.grades import lever_evidence

    _, rows = influence_in(region)
    out: dict[str, list[str]] = {}
    for i in sorted((i for i in rows if i.indicator in INDICATORS), key=lambda i: -abs(i.effect)):
        mine = out.setdefault(i.indicator, [])
        if len(mine) < 3:
            gained = apart(i.effect, INDICATORS[i.indicator].unit, language, sign=True)
            grade = word(lever_evidence(i.lever)["evidence"], language)
            mine.append(f"{LEVERS[i.lever].label[language]} {gained} · {label('evidence', language)}: {grade}")
    return out


# ---- where from, official and true ------------------------------------------------------------------


def origin(tables: Tables, language: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the attribution of each target, or how to get one."""
    frame, zh = tables.attribution, language == "zh"
    if frame is None or not len(frame):
        file = next((str(run.get("file")) for run in manifest.get("runs") or ()), "SCENARIO.yaml")
        return {"groups": [], "command": f"ris run {shlex.quote(file)} --attribute"}
    groups: dict[str, list[dict[str, Any]]] = {"headline group": [], "other group": []}
    for row in records(frame):
        name = f"{row['name_zh' if zh else 'name']} {int(row['year'])}"
        shown = {"id": row["id"], "name": name, "svg": steps(row, language), "text": parts_text(row, language)}
        groups["headline group" if row["kind"] in HEADLINE_KINDS else "other group"].append(shown)
    rows = [{"title": label(key, language), "rows": mine} for key, mine in groups.items() if mine]
    needed = tables.paths_needed
    paths = "" if needed is None or not len(needed) else all_html([paths_lines(needed, language)])
    parts = [{"name": name_of(name, language), "class": name} for name in BLOCKS]
    return {"groups": rows, "reading": capital(READING[zh]), "paths": paths, "parts": parts}


def true_rows(board: Board, language: str) -> list[dict[str, Any]]:
    """Return the targets whose official figure can be inflated, with the true state beside it."""
    out = []
    for row in (*board.headline, *board.others):
        if not has_true(row):
            continue
        zh, extra = language == "zh", row["p50"] - row["true_p50"]
        share = f"{extra / row['p50']:.0%}" if row["p50"] else "–"
        out.append(
            {
                "id": row["id"],
                "name": text_html(named(row, language)),
                "official": range_text(row, OFFICIAL, language),
                "true": range_text(row, TRUE, language),
                "true_name": row["true_name_zh"] if zh else row["true_name"],
                "apart": distance(extra, row["unit"], language, beside=row["p50"]),
                "share": share,
                "said": said_apart(row, extra, language),
            }
        )
    return out


def said_apart(row: dict[str, Any], extra: float, language: str) -> str:
    """Return in words how much of an official figure is not the true state: ``of 1,080 firms, 190 by relabelling``."""
    whole, part = (apart(x, row["unit"], language) for x in (row["p50"], abs(extra)))
    if extra < 0:
        return label("true missing", language, part=part)
    return label(f"true by {REASONS.get(row['true_indicator'], 'counting')}", language, whole=whole, part=part)


# ---- money ------------------------------------------------------------------------------------------


def money(tables: Tables, language: str) -> dict[str, Any]:
    """Return stacked areas by payer and by measure, the tables of the terminal, and one row a measure."""
    costs = tables.costs[tables.costs["entry"] != NATIONAL_LAW]
    paid = costs[costs["kind"].map(NET_SIGN).astype(float) > 0]
    first, last = tables.meta["years"]
    years = list(range(first, last + 1))
    out: dict[str, Any] = {"tables": all_html(money_tables(tables, language), sortable=False), "rows": []}
    if paid.empty:
        return out | {"payers": "", "measures": ""}
    small = paid["mean"].sum() < SMALL_MONEY
    factor, unit = money_factor(language, small=small), money_unit(language, small=small)
    payers = paid.pivot_table(index="payer", columns="year", values="mean", aggfunc="sum", fill_value=0.0)
    layers = [
        Layer(word(p, language), PAYER_COLOURS[p], _by_year(payers.loc[p], years)) for p in PAYERS if p in payers.index
    ]
    start = tables.meta["plan_start"]
    return out | {
        "payers": areas(layers, years, factor, unit, start),
        "measures": areas(_measures(tables, paid, years, language), years, factor, unit, start),
        "rows": measure_rows(tables, language),
    }


def _by_year(row: Any, years: list[int]) -> list[float]:
    return [float(row.get(year, 0.0)) for year in years]


def _measures(tables: Tables, paid: Any, years: list[int], language: str) -> list[Layer]:
    table = paid.pivot_table(index="entry", columns="year", values="mean", aggfunc="sum", fill_value=0.0)
    order = table.sum(axis=1).sort_values(ascending=False, kind="stable").index
    titles = {e["id"]: e[language] for e in tables.meta["entries"]}
    layers = []
    for entry, colour in zip(order[:MOST_MEASURES], SERIES_COLOURS, strict=False):
        title = f"{entry} {titles.get(entry, '')}".strip()
        layers.append(Layer(shortened(titles.get(entry) or entry), colour, _by_year(table.loc[entry], years), title))
    rest = table.loc[order[MOST_MEASURES:]].sum()
    if len(order) > MOST_MEASURES:
        layers.append(Layer(label("other measures", language), SERIES_COLOURS[-1], _by_year(rest, years)))
    return layers


def measure_rows(tables: Tables, language: str) -> list[dict[str, Any]]:
    """Return one row an entry: what it costs over all years by kind, the dearest first."""
    costs = tables.costs[tables.costs["entry"] != NATIONAL_LAW]
    table = costs.pivot_table(index="entry", columns="kind", values="mean", aggfunc="sum", fill_value=0.0)
    net, out = {str(e): float(v) for e, v in bureaus.net_by_entry(costs).items()}, []
    titles, sections = {e["id"]: e[language] for e in tables.meta["entries"]}, bureaus.measures_of(tables)
    for entry in sorted(table.index, key=lambda e: -net.get(e, 0.0)):
        sums = [float(table.loc[entry].get(k, 0.0)) for k in MEASURE_KINDS]
        cells = [(figure(v, "CNY", language) if abs(v) >= 0.5 else "·", v) for v in sums]
        cells.append((figure(net.get(entry, 0.0), "CNY", language), net.get(entry, 0.0)))
        out.append({"id": entry, "title": titles.get(entry, ""), "section": sections.get(entry, ""), "cells": cells})
    return out


# ---- bureaus, what is assumed ----------------------------------------------------------------


def by_bureau(leading: list[dict[str, Any]], answering: list[dict[str, Any]], language: str) -> dict[str, Any]:
    """Return the board by leading and by responsible bureau."""
    lead = [r | {"bureau": r["bureau"] or bureaus.title_of(language)} for r in leading]
    return {"heads": bureaus.heads(language), "lead": lead, "shared": answering}


def by_district(board: Board, tables: Tables, answering: list[dict[str, Any]], language: str) -> dict[str, Any]:
    """Return a scheme of the districts, targets that count places, what districts answer and pay for."""
    found = districts.districts_of(tables.meta["region"], language)
    mine = bureaus.place_rows([*board.headline, *board.others])
    return {
        "scheme": districts.scheme(found, language),
        "rows": districts.rows(found, language),
        "counted": districts.counted(mine, found, language),
        "targets": [target_row(r, language, {}) for r in mine],
        "answers": districts.answering(answering),
        "pays": bureaus.district_rows(tables, language),
    }


def assumed(board: Board, tables: Tables, language: str) -> list[tuple[str, str, str]]:
    """Return what the run takes for granted, each with a note: status, calibration, switches, paths, assumed years."""
    meta = tables.meta
    source = posterior_text(meta["region"], meta["calibration"], language)
    rows = [(label("calibration", language), word(meta["calibration"], language), source)]
    if status := region_state(meta.get("status"), language):
        rows.append((label("status", language), status, ""))
    for key, name in (("switches", "switch"), ("drivers", "driver"), ("assumptions", "override")):
        rows += [(label(name, language), chosen(key, k, v, language), "") for k, v in (meta.get(key) or {}).items()]
    late = [r for r in (*board.headline, *board.others) if r["year_assumed"] in (True, "True")]
    if late:
        names = [f"{r['id']} {int(r['year'])}" for r in late]
        rows.append((label("years assumed", language), listed(names, language), ""))
    return rows


def instruments(tables: Tables, language: str) -> list[dict[str, Any]]:
    """Return how good the evidence of the run's instruments is, the best first, and which entries use each."""
    from simulator.model import LEVERS
    from simulator.study.grades import lever_evidence

    by_lever: dict[str, list[str]] = {}
    for entry in tables.meta["entries"]:
        by_lever.setdefault(entry["lever"], []).append(entry["id"])
    order = ("verified", "judgement", "assumed", "none")
    rows = []
    for lever, entries in by_lever.items():
        grade = lever_evidence(lever)["evidence"]
        name = LEVERS[lever].label[language] if lever in LEVERS else lever
        rows.append({"name": name, "grade": word(grade, language), "order": order.index(grade), "entries": entries})
    return sorted(rows, key=lambda r: (r["order"], r["name"]))
