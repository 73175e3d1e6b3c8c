"""The sections of a comparison's report, as plain values for the template."""

from __future__ import annotations

import math
from typing import Any

from markupsafe import Markup
from rich.text import Text

from simulator.report.board import chance, is_clear, reading, records
from simulator.report.html.charts import forest_cell, forest_scale
from simulator.report.html.first import LEVELS
from simulator.report.html.gates import gates_of
from simulator.report.html.labels import label
from simulator.report.html.rich_html import all_html, text_html, to_html
from simulator.report.html.settings_rows import settings_rows
from simulator.report.html.study_page import again
from simulator.report.html.svg import Scale
from simulator.report.terminal import heading, named
from simulator.report.terminal_chance import error_line
from simulator.report.terminal_compare import (
    better_text,
    beyond_targets,
    compare_note,
    compared,
    cost_line,
    difference_text,
    each_target,
    neighbour_differences,
    net_line,
    survives,
    unit_cost,
)
from simulator.report.terminal_failures import failure_lines
from simulator.report.terminal_wins import budget_scaling, precision_lines, win_tables
from simulator.report.words import apart, listed
from simulator.study.tables import Tables
from simulator.study.targets import HEADLINE_KINDS


def compare_page(tables: Tables, language: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return all that the template of a comparison shows."""
    stamp = {key: tables.meta[key] for key in ("hash", "created") if key in tables.meta}
    baseline, *others = [run | stamp for run in tables.meta["runs"]]
    assert tables.compare_targets is not None
    x = forest_scale(records(tables.compare_targets))
    return {
        "kind": "compare",
        "title": f"{baseline['region_name'][language]} · {listed([o['title'][language] for o in others], language)}",
        "baseline": baseline["title"][language],
        "heading": all_html([*heading(baseline, language)[1:], *precision_lines(tables, language)]),
        "scenarios": [_scenario(tables, other, x, language) for other in others],
        "forest_key": label("forest key", language, low=f"{x.low:.2g}", high=f"{x.high:.2g}"),
        "note": compare_note(language),
        "error": all_html(error_line(each_target(tables), language, beside=False)),
        "wins": all_html(win_tables(tables, language), sortable=False),
        "gates": gates_of(tables, language),
        "again": again(manifest, baseline),
    }


def _scenario(tables: Tables, run: dict[str, Any], x: Scale, language: str) -> dict[str, Any]:
    name, baseline = run["scenario"], tables.meta["runs"][0]["scenario"]
    rows = compared(tables, name)
    beyond = beyond_targets(tables, name, language)
    budget = [*budget_scaling(tables, name, language), *failure_lines(run, language)]
    return {
        "name": name,
        "title": run["title"][language],
        "summary": summary(rows, language),
        "cost": to_html(cost_line(tables, baseline, name, language)),
        "notes": all_html([*budget, *net_line(tables, run, language)]),
        "settings": settings_rows(tables, name, language),
        "groups": _groups(rows, x, language),
        "beyond": "" if beyond is None else to_html(beyond),
        "neighbours": all_html(neighbour_differences(tables, baseline, name, language), sortable=False),
    }


def _groups(rows: list[dict[str, Any]], x: Scale, language: str) -> list[dict[str, Any]]:
    """Return the rows of headline targets and of the others, each under its title."""
    out = []
    for key, headline in (("headline group", True), ("other group", False)):
        mine = [_row(r, x, language) for r in rows if (r["kind"] in HEADLINE_KINDS) == headline]
        if mine:
            out.append({"title": label(key, language), "rows": mine})
    return out


def summary(rows: list[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    """Return the headline targets by whether their difference is clear: more, less, none."""
    groups: dict[str, list[str]] = {"better": [], "worse": [], "unclear": []}
    for row in (r for r in rows if r["kind"] in HEADLINE_KINDS):
        clear = is_clear(row)
        kind = ("better" if row["difference"] > 0 else "worse") if clear else "unclear"
        name = row["name_zh" if language == "zh" else "name"]
        said = f"{name} {apart(row['difference'], row['unit'], language, sign=True)}" if clear else name
        groups[kind].append(said)
    return [
        {"class": kind, "title": label(kind, language), "count": len(names), "names": listed(names, language)}
        for kind, names in groups.items()
        if names
    ]


def _row(row: dict[str, Any], x: Scale, language: str) -> dict[str, Any]:
    """Return a target as the table of differences shows it."""
    said: Text = difference_text(row, language)
    before, after = chance(row, "_baseline"), chance(row, "_scenario")
    mark = "*" if survives(row) else ""
    return {
        "id": row["id"],
        "name": text_html(named(row, language)),
        "before": {"p": f"{before:.2f}", "class": LEVELS[reading(before)]},
        "after": {"p": f"{after:.2f}", "class": LEVELS[reading(after)]},
        "change": after - before,
        "difference": text_html(said) + Markup("{}").format(mark),
        "sort": row["difference"] / abs(row["target"] or 1.0),
        "svg": forest_cell(row, x, f"{row['id']}: {said.plain}"),
        "better": better_text(row, language),
        "cost": unit_cost(row, language, row["target"]),
        "cost_sort": row["cost_per_unit"] if math.isfinite(row["cost_per_unit"]) else "",
    }
