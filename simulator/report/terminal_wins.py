"""What a comparison says besides its differences: who wins on targets, equal budgets, the precision reached."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from simulator.report.board import records
from simulator.report.words import bracketed, colon, figure, listed, plain_number
from simulator.study.comparison_win import ALL
from simulator.study.tables import Tables

MOST_NAMED = 6  # entries that a line names


def win_tables(tables: Tables, language: str) -> list[RenderableType]:
    """Return for each pair of scenarios the share of futures in which the row's reaches more than the column's.

    Over all chosen targets, and for each of those that were named; none for one scenario and its baseline alone.
    """
    frame, names = tables.win, wins_shown(tables)
    if frame is None or not names:
        return []
    runs = [run["scenario"] for run in tables.meta["runs"]]
    titles = {run["scenario"]: run["title"][language] for run in tables.meta["runs"]}
    parts: list[RenderableType] = []
    for name in names:
        mine = frame[frame["id"] == name]
        shares = {(row["scenario"], row["against"]): row for row in records(mine)}
        parts += [Text(_win_title(mine.iloc[0], name, language), style="bold"), _matrix(runs, titles, shares, language)]
    note = (
        "行情景高于列情景的模拟未来占比（参数与运气相同，持平各计一半）；90 % 区间见 win.csv"
        if language == "zh"
        else "Share of simulated futures in which the row is above the column: same draws, same luck, ties count half."
        " 90 % intervals: win.csv."
    )
    return [*parts, Text(note, style="dim"), Text("")]


def wins_shown(tables: Tables) -> list[str]:
    """Return what wins are shown of: all chosen targets together, then each that was named; of a single one only it.

    Nothing for one scenario and its baseline alone unless targets were named.
    """
    asked = list(tables.meta.get("asked", {}).get("on", []))
    if tables.win is None or tables.win.empty or (len(tables.meta["runs"]) < 3 and not asked):
        return []
    return asked if len(asked) == 1 else [ALL, *asked]


def is_clear_win(row: dict[str, Any]) -> bool:
    """Return whether the 90 % interval of a share of wins leaves out a half."""
    return bool(row["p_win_low"] > 0.5 or row["p_win_high"] < 0.5)


def _win_title(row: Any, name: str, language: str) -> str:
    text = row["name_zh"] if language == "zh" else row["name"]
    lead = "优胜占比" if language == "zh" else "who reaches more"
    return f"{lead}{colon(language)}{text if name == ALL else f'{name} {text}'}"


def _matrix(
    runs: list[str], titles: dict[str, str], shares: dict[tuple[str, str], dict[str, Any]], language: str
) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("情景" if language == "zh" else "scenario", overflow="fold")
    for number in range(1, len(runs) + 1):
        table.add_column(f"({number})", justify="right", no_wrap=True)
    for number, run in enumerate(runs, 1):
        cells = [_cell(shares.get((run, other))) for other in runs]
        table.add_row(f"({number}) {titles[run]}", *cells)
    return table


def _cell(row: dict[str, Any] | None) -> Text:
    if row is None:
        return Text("·", style="dim")
    return Text(f"{row['p_win']:.2f}", style="bold" if is_clear_win(row) else "")


def budget_scaling(tables: Tables, scenario: str, language: str) -> list[RenderableType]:
    """Return by which factor a mix's doses were scaled to the budget, what it adds in all runs, what stayed fixed."""
    found = [r for r in tables.meta.get("equal_budget", []) if r["scenario"] == scenario]
    if not found:
        return []
    row, zh = found[0], language == "zh"
    money = tables.money[(tables.money["scope"] == "horizon") & (tables.money["kind"] == "net")]
    net = money[money["payer"] == "all"].set_index("scenario")["mean"]
    now = float(net.get(scenario, 0.0)) - float(net.get(tables.meta["runs"][0]["scenario"], 0.0))
    amount, given, added = (figure(x, "CNY", language) for x in (row["amount"], row["added_as_given"], now))
    factor = plain_number(row["factor"])
    text = (
        f"等额预算 {amount}：与基准的剂量之差乘以 {factor}（{_some(row['scaled'], language)}）；"
        f"原方案比基准多 {given}，调整后在全部运行中多 {added}"
        if zh
        else f"Equal budget {amount}: doses beyond the baseline's times {factor} ({_some(row['scaled'], language)});"
        " as given the mix adds"
        f" {given} to the baseline, now {added} in all runs."
    )
    lines: list[RenderableType] = [Text(text, style="yellow")]
    if row["fixed"]:
        lead = "没有可缩放的剂量，保持不变：" if zh else "Without a dose to scale, kept as they are: "
        lines.append(Text(lead + _some(row["fixed"], language), style="yellow"))
    if row["capped"]:
        lead = "部分设置已达上限：" if zh else "With a setting at the most that it allows: "
        lines.append(Text(lead + _some(row["capped"], language), style="yellow"))
    return lines


def _some(names: list[str], language: str) -> str:
    more = len(names) - MOST_NAMED
    tail = "" if more <= 0 else f" 等 {len(names)} 项" if language == "zh" else f" and {more} more"
    return listed(names[:MOST_NAMED], language) + tail


def precision_lines(tables: Tables, language: str) -> list[RenderableType]:
    """Return how well the paired differences are known that a precision was asked for."""
    rows, zh = tables.meta.get("precision", []), language == "zh"
    if not rows:
        return []
    parts = []
    for row in rows:
        got, wanted = plain_number(row["reached"]), plain_number(row["wanted"])
        asked = bracketed(f"要求 ±{wanted}" if zh else f"asked ±{wanted}", language)
        whose = f"{row['scenario']} " if len({r["scenario"] for r in rows}) > 1 else ""
        parts.append(f"{whose}{row['what']} ±{got}{asked}")
    met = all(row["reached"] <= row["wanted"] for row in rows)
    runs = rows[0]["pairs"]
    if zh:
        lead = f"运行 {runs} 对后达到所要求的精度：" if met else f"运行 {runs} 对仍未达到所要求的精度："
    else:
        lead = f"Precision reached after {runs} pairs: " if met else f"Precision not reached with {runs} pairs: "
    return [Text(lead + listed(parts, language), style="" if met else "yellow")]
