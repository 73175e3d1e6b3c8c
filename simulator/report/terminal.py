"""The first screen in a terminal: where the plan lands, what it costs and how sure that is."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from simulator.core.ledger import PAYERS
from simulator.report.board import Board, board_of, reading, records
from simulator.report.words import (
    apart,
    bar,
    distance,
    figure,
    is_money,
    is_percent,
    money,
    money_unit,
    number,
    word,
)
from simulator.study.tables import NATIONAL_LAW, Tables
from simulator.study.targets import HEADLINE_KINDS, NOT_SIMULATED

if TYPE_CHECKING:
    import pandas

STYLES = {"likely": "green", "in doubt": "yellow", "unlikely": "red"}
MONEY_KINDS = ("outlay", "running", "tax_forgone", "recovered", "net", "contingent")
SUMMARY_WIDTH = 100
BAR_CELLS = 6


def board_order(row: dict[str, Any]) -> bool:
    """Return the sorting key that puts outcome and growth targets before the others."""
    return row["kind"] not in HEADLINE_KINDS


def console(width: int | None = None) -> Console:
    """Return a console on standard output; colours only where it is a terminal."""
    return Console(highlight=False, width=width)


def plain_text(tables: Tables, language: str) -> str:
    """Return the first screen as plain text, for a file."""
    out = Console(file=io.StringIO(), width=SUMMARY_WIDTH, highlight=False, no_color=True, legacy_windows=False)
    out.print(screen(tables, language))
    return str(out.file.getvalue())  # type: ignore[attr-defined]


def screen(tables: Tables, language: str) -> RenderableType:
    """Return the first screen of a run or of a comparison."""
    if tables.compare is not None:
        from simulator.report.terminal_compare import compare_screen

        return compare_screen(tables, language)
    board = board_of(tables.targets)
    parts: list[RenderableType] = [*heading(tables.meta, language), Rule(style="dim")]
    parts += [headline(board, language), *doubts(board, language), money_line(tables, language)]
    parts += [certainty(board, tables.meta, language), Rule(style="dim")]
    parts.append(target_table(board.headline, language))
    if board.others:
        title = "能力与投入类目标" if language == "zh" else "capacity and input targets"
        parts += [Text(""), Text(title, style="bold"), target_table(board.others, language)]
    parts += [*unsimulated(board, language), Text(""), *money_tables(tables, language)]
    return Group(*parts)


def heading(meta: dict[str, Any], language: str) -> list[RenderableType]:
    """Return the title, what was run, the region's status and the failures."""
    calibration = f"{word('calibration', language)}: {word(meta['calibration'], language)}"
    futures = f"{meta['completed']} {word('futures', language)}"
    if language == "zh":
        futures = f"{meta['completed']} {word('futures', language)}（{meta['draws']} 组参数）"
        title = f"{meta['region_name']['zh']} · {meta['title']['zh']}"
    else:
        futures += f" ({meta['draws']} {word('draws', language)})"
        title = f"{meta['region_name']['en']} · {meta['title']['en']}"
    span = f"{meta['years'][0]}–{meta['years'][1]}"
    facts = [span, calibration, futures, str(meta.get("created", ""))[:10], str(meta.get("hash", ""))[:8]]
    out: list[RenderableType] = [
        Text(title, style="bold"),
        Text(" · ".join(f for f in facts if f), style="dim"),
    ]
    if meta.get("status"):
        out.append(Text(meta["status"][language], style="yellow"))
    if meta["failures"]:
        n, all_runs = len(meta["failures"]), meta["replicates"]
        zh = f"{all_runs} 次运行中有 {n} 次失败，未计入"
        out.append(Text(zh if language == "zh" else f"{n} of {all_runs} runs failed and are left out", style="red"))
    return out


def headline(board: Board, language: str) -> Text:
    """Return the sentence on the outcome and growth targets."""
    shown = Text(style="bold")
    n, planned = len(board.headline), board.headline_planned
    if n == 0:
        return shown.append("尚无可模拟的结果类目标" if language == "zh" else "No outcome target is simulated yet")
    if language == "zh":
        shown.append(f"{planned} 项结果与增长目标中已模拟 {n} 项：")
    else:
        shown.append(f"Of {planned} outcome and growth targets {n} are simulated: ")
    for i, kind in enumerate(("likely", "in doubt", "unlikely")):
        shown.append("" if i == 0 else "，" if language == "zh" else ", ")
        count, name = board.count(kind), word(kind, language)
        shown.append(f"{count} 项{name}" if language == "zh" else f"{count} {name}", style=STYLES[kind])
    return shown


def doubts(board: Board, language: str) -> list[RenderableType]:
    """Return the targets most in doubt: the distance in their own unit, and the pace needed."""
    rows, zh = board.most_in_doubt(), language == "zh"
    if not rows:
        return []
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for i, row in enumerate(rows):
        lead = ("最存疑" if zh else "Most in doubt:") if i == 0 else ""
        name, gap = row["name_zh"] if zh else row["name"], apart(abs(row["gap"]), row["unit"], language)
        where = ("短缺" if zh else "short") if row["gap"] < 0 else ("超出" if zh else "above")
        text = f"{name}：中位数{where} {gap}" if zh else f"{name}: median {gap} {where}"
        if math.isfinite(row["pace_needed"]):
            needed, got = (distance(row[k], row["unit"], language) for k in ("pace_needed", "pace_simulated"))
            since = int(row["start_year"])
            pace = f"；{since} 年末起每年需 {needed}，模拟 {got}"
            text += pace if zh else f"; needs {needed} a year from the end of {since} on, gets {got}"
        table.add_row(lead, text)
    return [table]


def _sum(tables: Tables, scope: str, payer: str, kind: str, column: str = "mean") -> float:
    m = tables.money
    found = m[(m["scope"] == scope) & (m["payer"] == payer) & (m["kind"] == kind)][column]
    return float(found.iloc[0]) if len(found) else 0.0


def _plan_scope(meta: dict[str, Any]) -> tuple[str, int, int]:
    first = math.floor(meta["plan_start"])
    if meta["years"][0] <= first <= meta["years"][1]:
        return "plan", max(first, meta["years"][0]), meta["years"][1]
    return "horizon", meta["years"][0], meta["years"][1]


def money_line(tables: Tables, language: str) -> Text:
    """Return the net public cost, and the city's share of it against the science budget."""
    scope, first, last = _plan_scope(tables.meta)
    net, city = _sum(tables, scope, "all", "net"), _sum(tables, scope, "city", "net")
    risk, budget = _sum(tables, scope, "all", "contingent"), tables.meta.get("science_budget")
    sums, zh = [figure(x, "CNY", language) for x in (net, city, risk)], language == "zh"
    if zh:
        text = f"资金 {first}–{last} 年：净额 {sums[0]}，"
        text += f"其中市级 {sums[1]}"
        text += f"；另有担保等或有支出 {sums[2]}" if risk else ""
    else:
        text = f"Money {first}–{last}: net {sums[0]}, "
        text += f"of which the city {sums[1]}"
        text += f"; guarantees and the like {sums[2]} on top" if risk else ""
    mean, general = city / (last - first + 1), tables.meta.get("general_budget")
    if general:
        share, line = mean / general, figure(general, "CNY", language)
        text += (
            f"；市级年均相当于一般公共预算收入（{line}）的 {share:.1%}"
            if zh
            else f"; the city's mean year is {share:.1%} of general budget revenue ({line})"
        )
    if budget:
        times, line = mean / budget, figure(budget, "CNY", language)
        text += (
            f"、科技专项资金（{line}）的 {times:.1f} 倍" if zh else f", {times:.1f} times its science funds ({line})"
        )
    return Text(text)


def certainty(board: Board, meta: dict[str, Any], language: str) -> Text:
    """Return how far luck and how far ignorance make the spread."""
    luck, ignorance, n = board.luck_and_ignorance()
    if n == 0:
        text = "运行次数太少，无法区分运气与无知" if language == "zh" else "too few runs to tell luck from ignorance"
    elif language == "zh":
        text = f"差异来源：运气 {luck:.0%} · 无知 {ignorance:.0%}（{n} 项目标平均，每组参数 2 个种子）"
    else:
        text = f"How sure: the spread is luck {luck:.0%}, ignorance {ignorance:.0%} (mean of {n} targets)"
    return Text(text)


def target_table(rows: Sequence[dict[str, Any]], language: str) -> Table:
    """Return the targets: value, median and 90 % range, probability, distance; the true state underneath."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, header_style="dim")
    table.add_column(word("id", language), no_wrap=True)
    table.add_column(word("name", language), ratio=1, overflow="fold")
    table.add_column(word("target", language), justify="right", no_wrap=True)
    table.add_column(word("median", language), justify="right", no_wrap=True)
    table.add_column(word("probability", language), no_wrap=True)
    table.add_column(word("distance", language), justify="right", no_wrap=True)
    for row in rows:
        unit, level = row["unit"], reading(row["probability"])
        name = row["name_zh"] if language == "zh" else row["name"]
        due = f"{name} {int(row['year'])}"
        bound = ">" if row["op"] == "gt" else "≥"
        chance = Text.assemble((f"{bar(row['probability'], BAR_CELLS):<{BAR_CELLS}}", STYLES[level]))
        chance.append(f" {row['probability']:.2f}", style="bold " + STYLES[level])
        value = figure(row["value"], unit, language) if is_money(unit) else number(row["value"], unit, language)
        value = f"{bound} {value}{'%' if is_percent(unit) else ''}"
        middle = _range(row, ("p50", "p05", "p95"), language)
        table.add_row(row["id"], due, value, middle, chance, distance(row["gap"], unit, language))
        if isinstance(row["true_name"], str) and row["true_name"] and math.isfinite(row["true_p50"]):
            true = row["true_name_zh"] if language == "zh" else row["true_name"]
            spread = _range(row, ("true_p50", "true_p05", "true_p95"), language)
            table.add_row("", Text(f"└ {true}", style="dim"), "", Text(spread, style="dim"), "", "")
    return table


def _range(row: dict[str, Any], keys: tuple[str, str, str], language: str) -> str:
    like = abs(row[keys[0]])
    middle, low, high = (number(row[k], row["unit"], language, like=like) for k in keys)
    scale = (
        middle.split(" ")[-1] if language == "en" and " " in middle else middle[-1:] if middle[-1:] in "亿万" else ""
    )
    bare = [text.removesuffix(scale).rstrip() for text in (low, high)] if scale else [low, high]
    return f"{middle} [{bare[0]}–{bare[1]}]"


def unsimulated(board: Board, language: str) -> list[RenderableType]:
    """Return the targets that get no number, by the reason."""
    out: list[RenderableType] = []
    for reason in dict.fromkeys(row["status"] for row in board.without):
        rows = [row for row in board.without if row["status"] == reason]
        if reason == NOT_SIMULATED:
            names = [f"{row['id']} {row['name_zh'] if language == 'zh' else row['name']}" for row in rows]
        else:
            names = [f"{row['id']} {row['year']}" for row in rows]
        lead = f"{word(reason, language)} ({len(rows)}): "
        out += [Text(""), Text.assemble((lead, "bold"), ("; ".join(names), "dim"))]
    return out


def money_tables(tables: Tables, language: str) -> list[RenderableType]:
    """Return who pays what from the plan's start on, and in all simulated years where these are more."""
    scope, first, last = _plan_scope(tables.meta)
    start, zh, unit = tables.meta["years"][0], language == "zh", money_unit(language)
    title = (
        f"资金（{unit}，{first}–{last} 年，各次运行平均）" if zh else f"money in {unit}, {first}–{last}, mean over runs"
    )
    out: list[RenderableType] = [Text(title, style="bold"), money_table(tables.money, scope, language)]
    low, high = (money(_sum(tables, scope, "all", "net", q), language) for q in ("p05", "p95"))
    text = f"公共净额的 90 % 区间 {low}–{high}" if zh else f"90 % of the runs have a net of {low}–{high}"
    out.append(Text(text, style="dim"))
    if scope == "plan" and first > start:
        net = money(_sum(tables, "horizon", "all", "net"), language)
        text = f"{start}–{last} 年全部净额 {net} {unit}" if zh else f"all years {start}–{last}: net {unit} {net}"
        out.append(Text(text, style="dim"))
    law = _sum(tables, NATIONAL_LAW, "all", "tax_forgone")
    if law:
        sums = money(law, language)
        text = (
            f"国家法规本身的减税 {sums} {unit}（{start}–{last} 年），不计入方案"
            if zh
            else f"national law alone forgoes {unit} {sums} of tax in {start}–{last}: not a cost of the plan"
        )
        out.append(Text(text, style="dim"))
    return out


def money_table(frame: pandas.DataFrame, scope: str, language: str) -> Table:
    """Return payers by kinds of money: means over the runs."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(word("payer", language), no_wrap=True)
    mine = frame[frame["scope"] == scope]
    kinds = [kind for kind in MONEY_KINDS if kind in ("outlay", "net") or (mine["kind"] == kind).any()]
    for kind in kinds:
        table.add_column(word(kind, language), justify="right", no_wrap=True)
    cells = {(r["payer"], r["kind"]): r["mean"] for r in records(mine)}
    for payer in (*PAYERS, "all"):
        if any((payer, kind) in cells for kind in kinds):
            shown = [money(cells[payer, k], language) if (payer, k) in cells else "·" for k in kinds]
            table.add_row(word(payer, language), *shown, style="bold" if payer == "all" else "")
    return table
