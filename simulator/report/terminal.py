"""The first screen in a terminal: where the plan lands, what it costs and how sure that is."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

import simulator.report.wrapping  # noqa: F401 - lines of Chinese break between characters
from simulator.core.ledger import PAYERS
from simulator.report.board import Board, board_of, chance, has_true, records
from simulator.report.catalogue import region_state
from simulator.report.terminal_attribution import budget_lines, budget_text, extra_parts
from simulator.report.terminal_chance import BAR_CELLS, error_line, probability_cell
from simulator.report.terminal_failures import failure_lines
from simulator.report.words import (
    apart,
    bracketed,
    colon,
    distance,
    figure,
    is_money,
    is_percent,
    lead_text,
    money,
    money_unit,
    near,
    number,
    runs_text,
    section_text,
    semicolon,
    unit_text,
    word,
)
from simulator.study.budget import ADDED
from simulator.study.tables import NATIONAL_LAW, Tables
from simulator.study.targets import HEADLINE_KINDS, NOT_SIMULATED

if TYPE_CHECKING:
    import pandas

STYLES = {"likely": "green", "in doubt": "yellow", "unlikely": "red"}
MONEY_KINDS = ("outlay", "running", "tax_forgone", "recovered", "net", "contingent")
SUMMARY_WIDTH = 100
SMALL_MONEY = 2e9  # CNY; sums below it are written in millions
OFFICIAL, TRUE = ("p50", "p05", "p95"), ("true_p50", "true_p05", "true_p95")  # a median with its 90 % range
TARGET_HEADS = ("id", "target", "median", "probability", "distance")
# label, unit, what the city drew in a year, what neighbours lost in a year
NEIGHBOURS = (
    (("talent", "人才"), "persons", "talent_drawn", "neighbours_loss"),
    (("firms", "企业"), "firms", "firms_drawn", "neighbours_firms_lost"),
)


def board_order(row: dict[str, Any]) -> bool:
    """Return the sorting key that puts outcome and growth targets before the others."""
    return row["kind"] not in HEADLINE_KINDS


def console(width: int | None = None) -> Console:
    """Return a console on standard output; colours only where it is a terminal."""
    return Console(highlight=False, width=width)


def plain_text(tables: Tables, language: str) -> str:
    """Return the first screen as plain text, for a file."""
    return as_text(screen(tables, language))


def as_text(part: RenderableType, width: int = SUMMARY_WIDTH) -> str:
    """Return a part of a screen as plain text, for a file."""
    text = io.StringIO()
    Console(file=text, width=width, highlight=False, no_color=True, legacy_windows=False).print(part)
    return text.getvalue()


def screen(tables: Tables, language: str) -> RenderableType:
    """Return the first screen of a run or of a comparison."""
    if tables.compare is not None:
        from simulator.report.terminal_compare import compare_screen

        return compare_screen(tables, language)
    board = board_of(tables.targets)
    parts: list[RenderableType] = [*heading(tables.meta, language), Rule(style="dim")]
    parts += [headline(board, language), *other_line(board, language), *doubts(board, language)]
    parts += [money_line(tables, language), certainty(board, tables.meta, language), Rule(style="dim")]
    parts += target_groups(tables, language)
    parts += [*unsimulated(board, language), Text(""), *neighbour_lines(tables, language)]
    parts += [*money_tables(tables, language), *extra_parts(tables, language)]
    return Group(*parts)


def section_order(section: str) -> tuple[tuple[int, str], ...]:
    """Return the sorting key of a section's number: 4.4 before 4.10."""
    parts = re.findall(r"\d+|\D+", section)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def target_groups(tables: Tables, language: str) -> list[RenderableType]:
    """Return all targets with a figure: outcome and growth, then capacity and input, by section of the plan."""
    board, zh = board_of(tables.targets), language == "zh"
    english = ("outcome and growth targets", "capacity and input targets")
    titles = ("结果与增长类目标", "能力与投入类目标") if zh else english
    shown: list[RenderableType] = []
    leads = tables.meta.get("leads", {})
    cells = {row["id"]: cells_of(row, language) for row in (*board.headline, *board.others)}
    widths = [max((cell_len(c[i]) for c in cells.values()), default=1) for i in range(len(TARGET_HEADS))]
    widths = [max(w, cell_len(word(h, language))) for w, h in zip(widths, TARGET_HEADS, strict=True)]
    for rows, title in ((board.headline, titles[0]), (board.others, titles[1])):
        if not rows:
            continue
        shown += [Text("")] if shown else []
        shown += [Text(title, style="bold"), _head_row(widths, language)]
        for section in sorted({row["section"] for row in rows}, key=section_order):
            mine = [row for row in rows if row["section"] == section]
            if len(leads) > 1 or leads.get(section):
                lead = lead_text(leads.get(section, ""), language)
                shown.append(Text(f"{section_text(section, language)} · {lead}", style="cyan"))
            shown.append(target_table(mine, language, widths))
    if any(row["year_assumed"] in (True, "True") for row in (*board.headline, *board.others)):
        note = "* 规划未写明年份，年份为假定" if zh else "* the plan names no year: it is assumed"
        shown.append(Text(note, style="dim"))
    return shown + error_line([*board.headline, *board.others], language)


def heading(meta: dict[str, Any], language: str) -> list[RenderableType]:
    """Return the title, what was run, the region's status and the failures."""
    calibration = f"{word('calibration', language)}{colon(language)}{word(meta['calibration'], language)}"
    futures = runs_text(meta["completed"], meta["draws"], language)
    title = f"{meta['region_name'][language]} · {meta['title'][language]}"
    span = f"{meta['years'][0]}–{meta['years'][1]}"
    facts = [span, calibration, futures, str(meta.get("created", ""))[:10], str(meta.get("hash", ""))[:8]]
    out: list[RenderableType] = [
        Text(title, style="bold"),
        Text(" · ".join(f for f in facts if f), style="dim"),
    ]
    if meta["calibration"] == "plan":
        zh = "参数按规划目标校准：先假定规划实现再反推参数，不是预测"
        en = "parameters fitted to the plan's targets: they take for granted that it comes true; no forecast"
        out.append(Text(zh if language == "zh" else en, style="yellow"))
    if status := region_state(meta.get("status"), language):
        out.append(Text(status, style="yellow"))
    return [*out, *failure_lines(meta, language)]


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


def other_line(board: Board, language: str) -> list[RenderableType]:
    """Return the sentence on the capacity and input targets, where the plan has any."""
    n, planned = len(board.others), board.planned(headline=False)
    if not planned:
        return []
    zh = language == "zh"
    english = f"Of {planned} capacity and input targets {n} are simulated"
    shown = Text(f"{planned} 项能力与投入目标中已模拟 {n} 项" if zh else english)
    for i, kind in enumerate(("likely", "in doubt", "unlikely") if n else ()):
        shown.append(("：" if zh else ": ") if i == 0 else ("，" if zh else ", "))
        count, name = board.count_others(kind), word(kind, language)
        shown.append(f"{count} 项{name}" if zh else f"{count} {name}", style=STYLES[kind])
    return [shown]


def doubts(board: Board, language: str) -> list[RenderableType]:
    """Return the targets most in doubt: the distance in their own unit, and the pace needed."""
    rows, zh = board.most_in_doubt(), language == "zh"
    if not rows:
        return []
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for i, row in enumerate(rows):
        lead = ("最存疑：" if zh else "Most in doubt:") if i == 0 else ""
        table.add_row(lead, doubt_text(row, language))
    return [table]


def doubt_text(row: dict[str, Any], language: str, *, named: bool = True) -> str:
    """Return how far a target's median lies from it, and the pace needed, in its own unit."""
    zh = language == "zh"
    lead = (row["name_zh"] if zh else row["name"]) + colon(language) if named else ""
    gap = apart(abs(row["gap"]), row["unit"], language)
    where = ("短缺" if zh else "short") if row["gap"] < 0 else ("超出" if zh else "above")
    text = f"{lead}中位数{where} {gap}" if zh else f"{lead}median {gap} {where}"
    pace = pace_text(row, language)
    return f"{text}{semicolon(language)}{pace}" if pace else text


def paces(row: dict[str, Any], language: str) -> list[str]:
    """Return the pace in a year that a target needs and what is simulated; nothing where it has none."""
    if not math.isfinite(row["pace_needed"]):
        return []
    return [distance(row[k], row["unit"], language) for k in ("pace_needed", "pace_simulated")]


def pace_text(row: dict[str, Any], language: str) -> str:
    """Return the pace that a target needs and what is simulated, or nothing where it has none."""
    both = paces(row, language)
    if not both:
        return ""
    needed, got = both
    since, month = int(row["start_year"]), _a_month(row, language)
    if language == "zh":
        return f"{since} 年末起每年需 {needed}{bracketed(f'每月 {month}', language) if month else ''}，模拟 {got}"
    more = bracketed(f"{month} a month", language) if month else ""
    return f"needs {needed} a year{more} from the end of {since} on, gets {got}"


def _a_month(row: dict[str, Any], language: str) -> str:
    """Return the pace needed in a month, where that is a figure one can picture: whole things, or money."""
    each = row["pace_needed"] / 12.0
    countable = is_money(row["unit"]) or not (is_percent(row["unit"]) or row["unit"].startswith("share of"))
    return distance(each, row["unit"], language).lstrip("+") if countable and each >= 1.0 else ""


def sum_of(tables: Tables, scope: str, payer: str, kind: str, column: str = "mean") -> float:
    """Return a sum of money in CNY, zero where there is none."""
    m = tables.money
    found = m[(m["scope"] == scope) & (m["payer"] == payer) & (m["kind"] == kind)][column]
    return float(found.iloc[0]) if len(found) else 0.0


def plan_scope(meta: dict[str, Any]) -> tuple[str, int, int]:
    """Return the scope of the plan's years, with the first and the last of them."""
    first = math.floor(meta["plan_start"])
    if meta["years"][0] <= first <= meta["years"][1]:
        return "plan", max(first, meta["years"][0]), meta["years"][1]
    return "horizon", meta["years"][0], meta["years"][1]


def money_scope(tables: Tables) -> tuple[str, int, int]:
    """Return which sums are the plan's, and their years: what it adds to its baseline where that was run."""
    scope, first, last = plan_scope(tables.meta)
    return (ADDED if (tables.money["scope"] == ADDED).any() else scope), first, last


def money_line(tables: Tables, language: str) -> Text:
    """Return the net public cost, and what city and districts pay of it against their budget."""
    scope, first, last = money_scope(tables)
    net, city = sum_of(tables, scope, "all", "net"), sum_of(tables, scope, "city", "net")
    risk = sum_of(tables, scope, "all", "contingent")
    sums, zh = [figure(x, "CNY", language) for x in (net, city, risk)], language == "zh"
    if zh:
        text = f"资金 {first}–{last} 年：净额 {sums[0]}，"
        text += f"其中市级 {sums[1]}"
        text += f"；另有担保等或有支出 {sums[2]}" if risk else ""
    else:
        text = f"Money {first}–{last}: net {sums[0]}, "
        text += f"of which the city {sums[1]}"
        text += f"; guarantees and the like {sums[2]} on top" if risk else ""
    if scope == ADDED:
        text += "（已减去基准情景）" if zh else ", less its baseline"
    share = against_budget(tables, language)
    return Text(text + (("；" if zh else "; ") + share if share else ""))


def against_budget(tables: Tables, language: str) -> str:
    """Return what the city pays in a mean year against its budget and its science funds, as far as these are known."""
    scope, first, last = money_scope(tables)
    if scope == ADDED:
        return budget_text(tables, language)
    mean, parts, zh = sum_of(tables, scope, "city", "net") / (last - first + 1), [], language == "zh"
    if general := tables.meta.get("general_budget"):
        share, line = mean / general, figure(general, "CNY", language)
        parts.append(
            f"市级年均相当于一般公共预算收入（{line}）的 {share:.1%}"
            if zh
            else f"the city's mean year is {share:.1%} of general budget revenue ({line})"
        )
    if budget := tables.meta.get("science_budget"):
        times, line = mean / budget, figure(budget, "CNY", language)
        lead = "" if parts else "市级年均为" if zh else "the city's mean year is "
        parts.append(
            f"{lead}科技专项资金（{line}）的 {times:.1f} 倍"
            if zh
            else f"{lead}{times:.1f} times its science funds ({line})"
        )
    return ("、" if zh else ", ").join(parts)


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


def target_table(rows: Sequence[dict[str, Any]], language: str, widths: Sequence[int]) -> Table:
    """Return the targets of a section: name, unit and year; value, median and 90 % range, probability, distance.

    The true state stands underneath where the official figure can be inflated. ``widths`` of the columns but the
    name's keep the tables of all sections in line.
    """
    table = _frame(widths)
    for row in rows:
        due = named(row, language)
        identity, value, middle, _, gap = cells_of(row, language)
        table.add_row(identity, due, value, middle, probability_cell(row, STYLES, language), gap)
        if has_true(row):
            true = row["true_name_zh"] if language == "zh" else row["true_name"]
            spread = range_text(row, TRUE, language)
            under = Table.grid(padding=(0, 1, 0, 0))
            under.add_column(no_wrap=True)
            under.add_column(overflow="fold")
            under.add_row(Text("└", style="dim"), Text(true, style="dim", overflow="fold"))
            table.add_row("", under, "", Text(spread, style="dim"), "", "")
    return table


def named(row: dict[str, Any], language: str) -> Text:
    """Return a target's name with its unit, where the name does not say it, and the year (* assumed)."""
    name, unit = row["name_zh"] if language == "zh" else row["name"], unit_text(row["unit"], language)
    assumed = "*" if row.get("year_assumed") in (True, "True") else ""
    more = "" if not unit or unit.lower() in name.lower() else f"{'，' if language == 'zh' else ', '}{unit}"
    return Text.assemble(name, (more, "dim"), f" {int(row['year'])}{assumed}", overflow="fold")


def _frame(widths: Sequence[int]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, show_header=False)
    identity, value, middle, chance, gap = widths
    table.add_column(no_wrap=True, width=identity)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(justify="right", no_wrap=True, width=value)
    table.add_column(justify="right", no_wrap=True, width=middle)
    table.add_column(no_wrap=True, width=chance)
    table.add_column(justify="right", no_wrap=True, width=gap)
    return table


def _head_row(widths: Sequence[int], language: str) -> Table:
    table = _frame(widths)
    heads = [word(h, language) for h in TARGET_HEADS]
    table.add_row(heads[0], word("name", language), *heads[1:], style="dim")
    return table


def cells_of(row: dict[str, Any], language: str) -> tuple[str, str, str, str, str]:
    """Return what stands in the columns of a target besides its name."""
    unit, bound = row["unit"], ">" if row["op"] == "gt" else "≥"
    value = figure(row["value"], unit, language) if is_money(unit) else number(row["value"], unit, language)
    value = f"{bound} {value}{'%' if is_percent(unit) else ''}"
    probability = f"{'x' * BAR_CELLS} {chance(row):.2f}"
    gap = distance(row["gap"], unit, language, beside=row["value"])
    return row["id"], value, range_text(row, OFFICIAL, language), probability, gap


def neighbour_lines(tables: Tables, language: str) -> list[RenderableType]:
    """Return what the city drew from elsewhere and what its neighbours lost, over the plan's years."""
    _, first, last = plan_scope(tables.meta)
    rows = drawn(tables.series, tables.meta["scenario"], first, last)
    if not rows:
        return []
    zh = language == "zh"
    title = f"从邻近城市吸引（{first}–{last} 年合计）" if zh else f"drawn from neighbours, {first}–{last} in all"
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("")
    english = ("the city's gain [90 %]", "neighbours lose [90 %]")
    for head in ("本市获得 [90 %]", "邻近城市损失 [90 %]") if zh else english:
        table.add_column(head, justify="right", no_wrap=True)
    for label, unit, gain, loss in rows:
        table.add_row(label[zh], *(_three(part, unit, language) for part in (gain, loss)))
    return [Text(title, style="bold"), table, Text("")]


def _three(part: pandas.Series | None, unit: str, language: str) -> str:
    if part is None:
        return "·"
    low, middle, high = (float(x) for x in np.quantile(part.to_numpy(), (0.05, 0.5, 0.95)))
    like = abs(middle)
    texts = [number(x, unit, language, like=like) for x in (middle, low, high)]
    return f"{figure(middle, unit, language)} [{texts[1]}–{texts[2]}]"


def drawn(
    series: pandas.DataFrame, scenario: str, first: int, last: int, *, empty: bool = False
) -> list[tuple[tuple[str, str], str, pandas.Series | None, pandas.Series | None]]:
    """Return for talent and for firms what the city drew and what neighbours lost, summed over years by run.

    Each row: label (en, zh), unit, gain and loss as series (n,) by draw and seed, None where no indicator counts
    it. A row of zeros is left out unless ``empty``, one that nothing counts always.
    """
    asked = {name for *_, gain, loss in NEIGHBOURS for name in (gain, loss)}
    mine, out = series[series["indicator"].isin(asked)], []  # few of many rows first
    mine = mine[(mine["scenario"] == scenario) & mine["year"].between(first, last)]
    for label, unit, gain, loss in NEIGHBOURS:
        parts: list[pandas.Series | None] = []
        for name in (gain, loss):
            rows = mine[mine["indicator"] == name]
            parts.append(rows.groupby(["draw", "seed"], sort=True)["value"].sum() if len(rows) else None)
        if any(part is not None and (empty or bool(part.any())) for part in parts):
            out.append((label, unit, parts[0], parts[1]))
    return out


def range_text(row: dict[str, Any], keys: tuple[str, str, str], language: str) -> str:
    """Return a median with its 90 % range at one scale: ``1,244 [1,058–1,654]``."""
    like = near(row[keys[0]], row["value"])
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
        lead = word(reason, language) + bracketed(str(len(rows)), language) + colon(language)
        out += [Text(""), Text.assemble((lead, "bold"), (semicolon(language).join(names), "dim"))]
    return out


def money_tables(tables: Tables, language: str) -> list[RenderableType]:
    """Return who pays what from the plan's start on, and in all simulated years where these are more."""
    scope, first, last = money_scope(tables)
    small = abs(sum_of(tables, "horizon", "all", "net")) < SMALL_MONEY
    start, zh, unit = tables.meta["years"][0], language == "zh", money_unit(language, small=small)
    title = (
        f"资金（{unit}，{first}–{last} 年，各次运行平均）" if zh else f"money in {unit}, {first}–{last}, mean over runs"
    )
    if scope == ADDED:
        title += "，已减去基准情景" if zh else ", less the baseline's"
    out: list[RenderableType] = [Text(title, style="bold"), money_table(tables.money, scope, language, small=small)]
    low, high = (money(sum_of(tables, scope, "all", "net", q), language, small=small) for q in ("p05", "p95"))
    text = f"公共净额的 90 % 区间 {low}–{high}" if zh else f"90 % of the runs have a net of {low}–{high}"
    out.append(Text(text, style="dim"))
    if scope == ADDED:
        net = money(sum_of(tables, "plan", "all", "net"), language, small=small)
        text = (
            f"连同原已施行的政策，{first}–{last} 年净额 {net} {unit}"
            if zh
            else f"with the measures already under way: net {unit} {net} in {first}–{last}"
        )
        out.append(Text(text, style="dim"))
    if scope == "plan" and first > start:
        net = money(sum_of(tables, "horizon", "all", "net"), language, small=small)
        text = f"{start}–{last} 年全部净额 {net} {unit}" if zh else f"all years {start}–{last}: net {unit} {net}"
        out.append(Text(text, style="dim"))
    law = sum_of(tables, NATIONAL_LAW, "all", "tax_forgone")
    if law:
        sums, unit = money(law, language), money_unit(language)
        text = (
            f"国家法规本身的减税 {sums} {unit}（{start}–{last} 年），不计入方案"
            if zh
            else f"national law alone forgoes {unit} {sums} of tax in {start}–{last}: not a cost of the plan"
        )
        out.append(Text(text, style="dim"))
    return out + budget_lines(tables, language)


def money_table(frame: pandas.DataFrame, scope: str, language: str, *, small: bool = False) -> Table:
    """Return payers by kinds of money: means over the runs, in CNY bn or (``small``) CNY mn."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(word("payer", language), no_wrap=True)
    mine = frame[frame["scope"] == scope]
    kinds = [kind for kind in MONEY_KINDS if kind in ("outlay", "net") or (mine["kind"] == kind).any()]
    for kind in kinds:
        table.add_column(word(kind, language), justify="right", no_wrap=True)
    cells = {(r["payer"], r["kind"]): r["mean"] for r in records(mine)}
    for payer in (*PAYERS, "all"):
        if any((payer, kind) in cells for kind in kinds):
            shown = [money(cells[payer, k], language, small=small) if (payer, k) in cells else "·" for k in kinds]
            table.add_row(word(payer, language), *shown, style="bold" if payer == "all" else "")
    return table
