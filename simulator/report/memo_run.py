"""What the memo of a run says, section by section; every sentence is the terminal's or the report's own."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from simulator.report.board import LIKELY, UNLIKELY, Board, board_of, chance, has_true, share_apart
from simulator.report.html.first import change_lines, four, lacking, largest, scope_text
from simulator.report.html.gates import gates_of
from simulator.report.html.labels import label
from simulator.report.html.run_page import assumed, instruments, measure_rows
from simulator.report.memo_parts import Annex, Block, Heading, Line, from_rich, grid, lines
from simulator.report.memo_words import said
from simulator.report.terminal import (
    OFFICIAL,
    TRUE,
    against_budget,
    cells_of,
    certainty,
    doubt_text,
    heading,
    headline,
    money_tables,
    named,
    neighbour_lines,
    other_line,
    paces,
    range_text,
    section_order,
    unsimulated,
)
from simulator.report.terminal_chance import error_line
from simulator.report.words import (
    bracketed,
    colon,
    lead_text,
    listed,
    runs_text,
    section_text,
    semicolon,
    word,
)
from simulator.study.tables import Tables

MEASURES = 12  # of the table of measures, the dearest first
WIDTHS = (8.5, 29, 14.5, 21, 10, 13, 19)


def run_blocks(tables: Tables, language: str) -> list[Block]:
    """Return what the memo of a run says, but for the figures and how to run it again."""
    board = board_of(tables.targets)
    parts = (asked, overall, money, changes, sure, assumptions)
    return [block for part in parts for block in part(board, tables, language)]


def run_annexes(tables: Tables, language: str) -> list[Annex]:
    """Return what stands behind the memo of a run: all targets, the money in detail, the evidence."""
    board = board_of(tables.targets)
    found = (
        ("targets", targets(board, tables, language)),
        ("money annex", money_details(tables, language)),
        ("instruments", evidence(tables, language)),
    )
    return [Annex(said(key, language), blocks) for key, blocks in found if blocks]


def asked(board: Board, tables: Tables, language: str) -> list[Block]:
    """Return what was asked: which scenario, which years, how many runs, of what status."""
    meta = tables.meta
    text = said(
        "asked", language, region=meta["region_name"][language], title=meta["title"][language], first=meta["years"][0],
        last=meta["years"][1], runs=_times(meta, language), calibration=word(meta["calibration"], language),
    )  # fmt: skip
    # the heading's title and line of facts are said already; what it warns of is not
    return [Line(text), *from_rich(heading(meta, language)[2:])]


def _times(meta: dict[str, Any], language: str) -> str:
    runs = runs_text(meta["completed"], meta["draws"], language)
    return runs if language == "zh" else f"in {runs}"


def overall(board: Board, tables: Tables, language: str) -> list[Block]:
    """Return which targets are met and which are in doubt, and how far those are off."""
    out: list[Block] = [Heading(said("overall", language)), *from_rich([headline(board, language)])]
    if not board.headline:
        return out
    out.append(Line(said("levels", language, likely=LIKELY, unlikely=UNLIKELY)))
    out += from_rich(other_line(board, language))
    out += lines([doubt_text(row, language) for row in board.most_in_doubt()], "item")
    return [*out, *lines([lacking(board, language), said("see", language)])]


def targets(board: Board, tables: Tables, language: str) -> list[Block]:
    """Return all targets: those with a figure by section of the plan, their true state, those without."""
    out: list[Block] = []
    if not board.headline and not board.others:
        out.append(Line(said("none", language)))
    heads = [said(f"head {k}", language) for k in ("id", "name", "value", "median", "chance", "gap", "pace")]
    for key, rows in (("outcomes", board.headline), ("others", board.others)):
        if rows:
            out += [
                Heading(said(key, language), 2),
                grid(heads, _rows(rows, tables, language), WIDTHS, (2, 3, 4, 5, 6)),
            ]
    if board.headline or board.others:
        notes = from_rich(error_line([*board.headline, *board.others], language))
        out += lines([block.text for block in notes if isinstance(block, Line)], "note")
    out += true_state(board, language)
    without = unsimulated(board, language)
    return [*out, Heading(said("without", language), 2), *from_rich(without, "note")] if without else out


def _rows(rows: list[dict[str, Any]], tables: Tables, language: str) -> list[tuple[str, ...]]:
    out: list[tuple[str, ...]] = []
    leads = tables.meta.get("leads", {})
    for section in sorted({row["section"] for row in rows}, key=section_order):
        if leads:
            out.append((f"{section_text(section, language)} · {lead_text(leads.get(section, ''), language)}",))
        out += [target_row(row, language) for row in rows if row["section"] == section]
    return out


def target_row(row: dict[str, Any], language: str) -> tuple[str, ...]:
    """Return a target's cells: id, name with unit and year, value, median, probability, distance, pace."""
    identity, value, middle, _, gap = cells_of(row, language)
    runs = bracketed(f"{word('runs', language)} {row['probability']:.2f}", language) if share_apart(row) else ""
    pace = " / ".join(paces(row, language))
    return identity, named(row, language).plain, value, middle, f"{chance(row):.2f}{runs}", gap, pace


def true_state(board: Board, language: str) -> list[Block]:
    """Return the targets whose official figure can be inflated beside the true one."""
    rows: list[tuple[str, ...]] = []
    for row in (*board.headline, *board.others):
        if not has_true(row):
            continue
        texts = [range_text(row, keys, language) for keys in (OFFICIAL, TRUE)]
        share = f"{(row['p50'] - row['true_p50']) / row['p50']:.0%}" if row["p50"] else "–"
        rows.append((row["id"], named(row, language).plain, *texts, share))
    if not rows:
        return []
    heads = [said(f"head {k}", language) for k in ("id", "name", "official", "true", "share")]
    table = grid(heads, rows, (8.5, 34, 22, 22, 12), (2, 3, 4))
    return [Heading(said("true", language), 2), table, Line(said("true note", language), "note")]


def money(board: Board, tables: Tables, language: str) -> list[Block]:
    """Return what the plan costs, who pays, against which budget, and the dearest measures."""
    parts = []
    for kind in four(tables, language):
        whose = bracketed(kind["parts"], language) if kind["parts"] else ""
        parts.append(f"{kind['name']} {kind['total']}{whose}")
    sums = said("sums", language, scope=scope_text(tables, language), parts=semicolon(language).join(parts))
    budget = against_budget(tables, language)
    return [Heading(said("money", language)), *lines([sums, budget])]


def money_details(tables: Tables, language: str) -> list[Block]:
    """Return who pays what, the dearest measures, and what the city draws from its neighbours."""
    out: list[Block] = [Heading(said("who pays", language), 2), *from_rich(money_tables(tables, language), "note")]
    out += measures(tables, language)
    return [*out, *from_rich(neighbour_lines(tables, language), "note")]


def measures(tables: Tables, language: str) -> list[Block]:
    """Return the dearest measures with what each costs by kind."""
    rows = measure_rows(tables, language)
    if not rows:
        return []
    keys = ("measure", "outlay", "running", "tax", "contingent", "recovered", "net")
    shown = [(f"{row['id']} {row['title']}", *(text for text, _ in row["cells"])) for row in rows[:MEASURES]]
    table = grid(
        [said(f"head {key}", language) for key in keys], shown, (34, 12, 11, 11, 11, 11, 12), tuple(range(1, 7))
    )
    note = said("measures note", language, shown=len(shown), all=len(rows))
    return [Heading(said("measures", language), 2), table, Line(note, "note")]


def changes(board: Board, tables: Tables, language: str) -> list[Block]:
    """Return what to change first: for each target that lags behind what would bring it nearer."""
    found = change_lines(board, tables, language)
    if not found:
        return []
    out: list[Block] = [Heading(said("change", language))]
    for one in found:
        text = semicolon(language).join(one["lines"])
        out.append(Line(f"{one['target']}{colon(language)}{text}" if one["target"] else text, "item"))
    return [*out, Line(label("first note", language), "note")] if found[0]["target"] else out


def sure(board: Board, tables: Tables, language: str) -> list[Block]:
    """Return how sure the figures are: luck and ignorance, the largest parameter, the gates, the model's own error."""
    gates = gates_of(tables, language)
    texts = [certainty(board, tables.meta, language).plain, largest(board, tables, language)]
    texts.append(Markup(gates.line()).striptags() if gates.asked else said("no gates", language))
    texts += [text.plain for text in error_line([*board.headline, *board.others], language)]
    return [Heading(said("sure", language)), *lines(texts), *lines(gates.notes, "note")]


def assumptions(board: Board, tables: Tables, language: str) -> list[Block]:
    """Return what the run takes for granted."""
    rows = [
        (str(name), semicolon(language).join(text for text in (str(value), note) if text))
        for name, value, note in assumed(board, tables, language)
    ]
    heads = [said("head assumption", language), said("head set", language)]
    return [Heading(said("assumed", language)), grid(heads, rows, (25, 75))]


def evidence(tables: Tables, language: str) -> list[Block]:
    """Return how good the evidence of the instruments is, and which entries use each."""
    found = instruments(tables, language)
    rows = [(row["name"], row["grade"], listed(row["entries"], language)) for row in found]
    heads = [said(f"head {key}", language) for key in ("instrument", "evidence", "entries")]
    return [grid(heads, rows, (35, 15, 50))] if rows else []
