"""The first screen of a run: the sentence on the targets, and four answers beside it."""

from __future__ import annotations

import csv
from typing import Any

from markupsafe import Markup

from simulator.core.ledger import PAYERS
from simulator.report.board import Board, chance, reading, share_apart
from simulator.report.change_first import behind, by_target, change_text, changes
from simulator.report.html.gates import Gates
from simulator.report.html.labels import label
from simulator.report.html.rich_html import all_html, text_html
from simulator.report.terminal import (
    against_budget,
    certainty,
    doubt_text,
    headline,
    money_scope,
    neighbour_lines,
    other_line,
    sum_of,
)
from simulator.report.terminal_chance import error_line
from simulator.report.words import apart, bracketed, capital, colon, figure, semicolon, word
from simulator.study.tables import Tables
from simulator.study.targets import CALIBRATION

LEVELS = {"likely": "likely", "in doubt": "doubt", "unlikely": "unlikely"}  # a reading and its class
FOUR = ("outlay", "tax_forgone", "contingent", "net")
UNCERTAINTY = CALIBRATION / "uncertainty.csv"
OUT_OF_REACH = 6  # targets named in the line on those


def first_screen(board: Board, tables: Tables, gates: Gates, language: str) -> dict[str, Any]:
    """Return what the first screen shows, in parts that the template places."""
    return {
        "headline": text_html(headline(board, language)),
        "others": all_html(other_line(board, language)),
        "shares": shares(board, language),
        "doubts": [doubt(row, language) for row in board.most_in_doubt()],
        "lacking": lacking(board, language),
        "money": four(tables, language),
        "budget": capital(against_budget(tables, language)),
        "scope": scope_text(tables, language),
        "changes": change_lines(board, tables, language),
        "sure": sure_lines(board, tables, gates, language),
        "neighbours": all_html(neighbour_lines(tables, language), sortable=False),
    }


def shares(board: Board, language: str) -> list[dict[str, Any]]:
    """Return how many headline targets read what, for a bar; those without a figure last."""
    out = [
        {"count": board.count(kind), "name": word(kind, language), "class": LEVELS[kind]}
        for kind in LEVELS
        if board.count(kind)
    ]
    rest = board.headline_planned - len(board.headline)
    return [*out, {"count": rest, "name": word("not simulated yet", language), "class": "none"}] if rest else out


def doubt(row: dict[str, Any], language: str) -> dict[str, Any]:
    """Return a target in doubt: its name, its probability, how far off it is and the pace it needs."""
    text = doubt_text(row, language, named=False)
    name = f"{row['id']} {row['name_zh' if language == 'zh' else 'name']}"
    return {"name": name, "id": row["id"], "chance": probability(row, language), "text": capital(text)}


def lacking(board: Board, language: str) -> str:
    """Return the targets out of reach with what each lacks, in a line."""
    rows = [r for r in behind(board) if reading(chance(r)) == "unlikely"]
    if not rows:
        return ""
    zh = language == "zh"
    parts = [f"{r['name_zh' if zh else 'name']} {apart(abs(r['gap']), r['unit'], language)}" for r in rows]
    more = len(parts) - OUT_OF_REACH
    tail = "" if more <= 0 else f" 等 {len(parts)} 项" if zh else f"{semicolon(language)}{more} more"
    lead = word("unlikely", language) + bracketed("中位数短缺" if zh else "the median is short by", language)
    return capital(lead) + colon(language) + semicolon(language).join(parts[:OUT_OF_REACH]) + tail


def scope_text(tables: Tables, language: str) -> str:
    """Return the years that the sums of money are of, and what they are less of."""
    scope, first, last = money_scope(tables)
    added = scope == "added"
    if language == "zh":
        return f"{first}–{last} 年" + ("，已减去基准情景" if added else "")
    return f"{first}–{last}" + (", less the baseline's" if added else "")


def four(tables: Tables, language: str) -> list[dict[str, Any]]:
    """Return the four kinds of money with who pays each: outlay with administration, tax, guarantees, net."""
    scope, _, _ = money_scope(tables)
    out = []
    for kind in FOUR:
        kinds = ("outlay", "running") if kind == "outlay" else (kind,)
        by_payer = {p: sum(sum_of(tables, scope, p, k) for k in kinds) for p in PAYERS if p != "private"}
        total = sum(sum_of(tables, scope, "all", k) for k in kinds)
        said = label("outlay whole", language) if kind == "outlay" else word(kind, language)
        sums = {"name": said, "total": figure(total, "CNY", language), "parts": _payers(by_payer, total, language)}
        out.append(sums | {"main": kind == "net"})
    return out


def _payers(by_payer: dict[str, float], total: float, language: str) -> str:
    """Return who pays which part of a sum: shares, or sums where some get money back while others pay."""
    shown = {p: x for p, x in by_payer.items() if abs(x) > 0.005 * abs(total)}
    whole = sum(shown.values())
    if whole and all(x * whole > 0.0 for x in shown.values()):
        return " · ".join(f"{word(p, language)} {x / whole:.0%}" for p, x in shown.items())
    return " · ".join(f"{word(p, language)} {figure(x, 'CNY', language)}" for p, x in shown.items())


def change_lines(board: Board, tables: Tables, language: str) -> list[dict[str, Any]]:
    """Return for each target that lags behind what would bring it nearer; one line of text where there is none."""
    late = behind(board)
    if not late:
        return [{"target": "", "lines": [label("first none", language)]}] if board.headline else []
    found = by_target(changes(board, tables.meta["region"]))
    if not found:
        return [{"target": "", "lines": [label("first unknown", language)]}]
    out = []
    for name, group in found.items():
        lines = [change_text(c, language, named=False) for c in group]
        out.append({"target": f"{name} {group[0].name[language]}", "lines": lines})
    return out


def sure_lines(board: Board, tables: Tables, gates: Gates, language: str) -> list[Markup]:
    """Return how sure the figures are: luck and ignorance, the largest parameter, the model's error, the gates."""
    rows = [*board.headline, *board.others]
    parts = [all_html([certainty(board, tables.meta, language)])]
    if said := largest(board, tables, language):
        parts.append(Markup("<p>{}</p>").format(said))
    parts.append(gates.line())
    return [*parts, all_html(error_line(rows, language))]


def largest(board: Board, tables: Tables, language: str) -> str:
    """Return the parameter that most of the ignorance about the most doubtful target hangs on, where it is stored."""
    from simulator.report.parameter_names import parameter_words

    if not UNCERTAINTY.is_file():
        return ""
    with UNCERTAINTY.open(encoding="utf-8-sig", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["region"] == tables.meta["region"] and r["share"]]
    for target in board.most_in_doubt():
        mine = [r for r in rows if r["what"] == target["id"] and "." in r["part"]]  # luck and the rest have no dot
        if mine:
            top = max(mine, key=lambda r: float(r["share"]))
            name, share = parameter_words(top["part"], language), f"{float(top['share']):.0%}"
            return capital(label("largest", language, id=target["id"], name=name, share=share))
    return ""


def probability(row: dict[str, Any], language: str) -> dict[str, Any]:
    """Return a target's probability for a bar: figure, class, and the share of runs where it differs."""
    p = chance(row)
    out = {"p": f"{p:.2f}", "width": f"{100 * p:.0f}", "class": LEVELS[reading(p)], "word": word(reading(p), language)}
    runs = f"{word('runs', language)} {row['probability']:.2f}" if share_apart(row) else ""
    return out | {"runs": runs}
