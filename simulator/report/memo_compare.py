"""What the memo of a comparison says, section by section; every sentence is the terminal's or the report's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.report.html.compare_page import summary
from simulator.report.html.labels import label
from simulator.report.html.settings_rows import settings_rows
from simulator.report.memo_parts import Annex, Block, Heading, Line, from_rich, grid, lines
from simulator.report.memo_words import said
from simulator.report.terminal import heading, named
from simulator.report.terminal_chance import error_line
from simulator.report.terminal_compare import (
    better_text,
    beyond_targets,
    chances,
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
from simulator.report.terminal_wins import budget_scaling, precision_lines, win_tables
from simulator.report.words import listed, runs_text, word
from simulator.study.tables import Tables
from simulator.study.targets import HEADLINE_KINDS

WIDTHS = (8.5, 30, 15, 25, 8, 13)
SETTINGS_WIDTHS = (8, 37, 55)


def compare_title(tables: Tables, language: str) -> str:
    """Return the memo's title: which scenarios are compared with which."""
    baseline, *others = tables.meta["runs"]
    title = listed([run["title"][language] for run in others], language)
    return said("title compare", language, title=title, baseline=baseline["title"][language])


def compare_blocks(tables: Tables, language: str) -> list[Block]:
    """Return what the memo of a comparison says, but for the figures and how to run it again."""
    baseline, *others = tables.meta["runs"]
    facts = {"region": baseline["region_name"][language], "baseline": baseline["title"][language]}
    facts |= {"title": listed([run["title"][language] for run in others], language)}
    if language == "zh" and facts["title"].startswith(facts["region"]):
        facts["region"] = ""  # not 青岛青岛创新驱动方案
    runs = runs_text(baseline["completed"], baseline["draws"], language)
    facts |= {
        "runs": runs if language == "zh" else f"in {runs}",
        "calibration": word(baseline["calibration"], language),
    }
    first, last = baseline["years"]
    out: list[Block] = [Line(said("asked compare", language, first=first, last=last, **facts))]
    out += from_rich([*heading(baseline, language)[2:], *precision_lines(tables, language)])
    for run in others:
        out += _scenario(tables, baseline, run, language)
    note = [compare_note(language), *(text.plain for text in error_line(each_target(tables), language, beside=False))]
    return [*out, Heading(said("sure", language)), *lines(note, "note")]


def compare_annexes(tables: Tables, language: str) -> list[Annex]:
    """Return what stands behind the memo of a comparison: all differences of each scenario, who reaches more."""
    baseline, *others = tables.meta["runs"]
    out = []
    for run in others:
        name = run["scenario"]
        blocks = _differences(compared(tables, name), language)
        beyond = beyond_targets(tables, name, language)
        blocks += from_rich([] if beyond is None else [beyond])
        blocks += from_rich(neighbour_differences(tables, baseline["scenario"], name, language))
        out.append(Annex(said("differences annex", language, title=run["title"][language]), blocks))
    wins = list(from_rich(win_tables(tables, language), "note"))
    return [*out, Annex(said("wins", language), wins)] if wins else out


def _scenario(tables: Tables, baseline: dict[str, Any], run: dict[str, Any], language: str) -> list[Block]:
    name = run["scenario"]
    out: list[Block] = [Heading(run["title"][language])]
    for group in summary(compared(tables, name), language):
        title = f"{group['title']}（{group['count']}）" if language == "zh" else f"{group['title']} ({group['count']})"
        out.append(Line(said("clear", language, title=title, names=group["names"])))
    out += from_rich([cost_line(tables, baseline["scenario"], name, language)])
    out += from_rich([*budget_scaling(tables, name, language), *net_line(tables, run, language)])
    return [*out, Heading(said("settings", language), 2), *_settings(tables, name, language)]


def _settings(tables: Tables, name: str, language: str) -> Iterable[Block]:
    """Return what a scenario sets differently, with names and units in words as on the page."""
    rows = [(row["change"], row["entry"], row["what"]) for row in settings_rows(tables, name, language)]
    return [grid([], rows, SETTINGS_WIDTHS)] if rows else lines([label("same settings", language)])


def _differences(rows: list[dict[str, Any]], language: str) -> list[Block]:
    heads = [said(f"head {key}", language) for key in ("id", "name", "chance", "difference", "better", "unit cost")]
    shown: list[tuple[str, ...]] = []
    for key, headline in (("outcomes", True), ("others", False)):
        mine = [row for row in rows if (row["kind"] in HEADLINE_KINDS) == headline]
        shown += [(said(key, language),), *(_row(row, language) for row in mine)] if mine else []
    return [grid(heads, shown, WIDTHS, (2, 3, 4, 5))] if shown else []


def _row(row: dict[str, Any], language: str) -> tuple[str, ...]:
    mark = "*" if survives(row) else ""
    cells = chances(row), difference_text(row, language).plain + mark, better_text(row, language)
    return row["id"], named(row, language).plain, *cells, unit_cost(row, language, row["target"])
