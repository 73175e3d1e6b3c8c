"""A sweep in a terminal and in its folder: tables, figures, summary and manifest."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.report.board import records
from simulator.report.html.study_sweep import sweep_words
from simulator.report.sweep import draw_sweep
from simulator.report.sweep_lines import MOST_PANELS
from simulator.report.sweep_shared import heading, meta_of, outcomes_shown
from simulator.report.sweep_words import (
    design_name,
    factor_label,
    factor_unit,
    outcome_label,
    outcome_unit,
    point_text,
    target_text,
    value_text,
)
from simulator.report.terminal import as_text
from simulator.report.words import colon, comma, distance, left_out, listed, number, runs_text, short_unit, word
from simulator.study import output
from simulator.study.design import COST
from simulator.study.study_files import origin, plain_failures, plain_rows, write_csv, write_parquet, write_words

if TYPE_CHECKING:
    from simulator.study.sweep import SweepResult

MOST_COLUMNS = 5  # points that stand beside each other in a terminal


# ---- terminal -----------------------------------------------------------------------------------------


def sweep_screen(result: SweepResult, language: str) -> RenderableType:
    """Return what a sweep says: each outcome at each point, or at the first and the best of many."""
    zh, plan = language == "zh", result.plan
    names = [factor_label(name, result, language) for name in plan.names]
    count = f"{len(plan.points)} 个取值点" if zh else f"{len(plan.points)} points"
    meta = meta_of(result)
    runs = runs_text(meta["completed"], meta["draws"], language)
    calibrated = f"{word('calibration', language)}{colon(language)}{word(result.scenario.calibration, language)}"
    parts: list[RenderableType] = [
        Text(heading(result, language), style="bold"),
        Text(("扫描因素：" if zh else "swept: ") + listed(names, language)),
        Text(comma(language).join((count, design_name(plan.kind, language))), style="dim"),
        Text(comma(language).join((runs, calibrated)), style="dim"),
    ]
    lost = left_out(len(result.failures), len(result.results.design.rows), language)
    parts += [*(Text(line, style="red") for line in lost), Text("")]
    shown = outcomes_shown(result, MOST_PANELS)
    parts.append(outcome_table(result, shown, language))
    parts += [Text(""), *(Text(line, style="dim") for line in notes(result, shown, language))]
    return Group(*parts)


def outcome_table(result: SweepResult, shown: list[str], language: str) -> Table:
    """Return outcomes at each point where these are few, else at the first point and at the best of each."""
    few = len(result.plan.names) == 1 and len(result.plan.points) <= MOST_COLUMNS
    return _by_point(result, shown, language) if few else _best(result, shown, language)


def _table(heads: list[str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", show_edge=False)
    for i, head in enumerate(heads):
        table.add_column(head, justify="left" if i == 0 else "right", overflow="fold", ratio=3 if i == 0 else None)
    return table


def _by_point(result: SweepResult, shown: list[str], language: str) -> Table:
    """Return a table with a column each point: the median, and the probability of the target."""
    (name,) = result.plan.names
    unit = factor_unit(name, result)
    heads = [value_text(result.value(i, name), unit, language) for i in range(len(result.plan.points))]
    table, frame = _table(["", *heads]), result.summary()
    for outcome in shown:
        rows, of = records(frame[frame["outcome"] == outcome]), outcome_unit(outcome, result)
        label = _labelled(outcome, result, language)
        cells = []
        for row in rows:
            text = number(row["p50"], of, language)
            cells.append(text if math.isnan(row["probability"]) else f"{text}\nP {row['probability']:.2f}")
        table.add_row(label, *cells)
    return table


def _labelled(outcome: str, result: SweepResult, language: str) -> Text:
    text, unit = Text(outcome_label(outcome, result, language)), short_unit(outcome_unit(outcome, result), language)
    goal = target_text(outcome, result, language)
    if goal:
        text.append(f"\n≥ {goal}", style="dim")
    elif unit:
        text.append(f"{comma(language)}{unit}", style="dim")
    return text


def _best(result: SweepResult, shown: list[str], language: str) -> Table:
    """Return a table of the first point, of the best one for each outcome, and of their paired difference."""
    zh, frame = language == "zh", result.summary()
    heads = ["", "首个点", "最优点", "差值 [90 %]", "最优取值"] if zh else [
        "", "first point", "best", "difference [90 %]", "at"]  # fmt: skip
    table = _table(heads)
    table.columns[-1].ratio, table.columns[-1].justify = 2, "left"
    for outcome in shown:
        rows, unit = records(frame[frame["outcome"] == outcome]), outcome_unit(outcome, result)
        sign = -1.0 if outcome.startswith(COST) else 1.0  # of money the least is best
        best = max(rows, key=lambda row: sign * row["mean"] if math.isfinite(row["mean"]) else -math.inf)
        cells = [_with_chance(row, unit, language) for row in (rows[0], best)]
        same = best["point"] == 1
        gap = "" if same else _difference(best, unit, language)
        where = ("首个点" if zh else "first point") if same else point_text(result, best["point"] - 1, language)
        table.add_row(_labelled(outcome, result, language), *cells, gap, where)
    return table


def _with_chance(row: dict[str, Any], unit: str, language: str) -> str:
    text = number(row["mean"], unit, language)
    return text if math.isnan(row["probability"]) else f"{text}\nP {row['probability']:.2f}"


def _difference(row: dict[str, Any], unit: str, language: str) -> str:
    middle, low, high = (distance(row[k], unit, language) for k in ("difference", "ci_low", "ci_high"))
    if math.isnan(row["ci_low"]):  # a single draw says nothing about the others
        return middle
    return f"{middle}\n[{low}{'，' if language == 'zh' else ', '}{high}]"


def notes(result: SweepResult, shown: list[str], language: str) -> list[str]:
    """Return how the figures of the table are to be read, and which outcomes it leaves out."""
    zh, plan = language == "zh", result.plan
    lines = []
    if len(plan.points) > MOST_COLUMNS or len(plan.names) > 1:
        lines.append(
            f"在 {len(plan.points)} 个点中挑出的最优点，看起来会好于实际：请换一个种子（--seed）再核对"
            if zh
            else f"the best of {len(plan.points)} points looks better than it is: check it with another --seed"
        )
        lines.append(
            "数字为各次运行平均；差值为同一参数与运气下与首个点成对相减"
            if zh
            else "means over runs; differences from the first point are paired, with the same draws and luck"
        )
    else:
        lines.append(
            "数字为中位数；P 为目标完成概率（达到目标的模拟未来所占比例）；各点参数与运气相同"
            if zh
            else "medians; P is the share of simulated futures that meet the target; every point has the same draws"
            " and luck"
        )
    if left := len(plan.outcomes) - len(shown):
        if plan.chosen:
            lines.append(f"另有 {left} 项结果见 summary.csv" if zh else f"{left} more outcomes are in summary.csv")
        else:
            lines.append(
                f"所示为变化最明显的 {len(shown)} 项，其余 {left} 项见 summary.csv"
                if zh
                else f"shown: the {len(shown)} outcomes that move most; {left} more are in summary.csv"
            )
    return lines


def plain_text(result: SweepResult, language: str) -> str:
    """Return the screen as plain text, for a file."""
    return "\n".join(line.rstrip() for line in as_text(sweep_screen(result, language)).splitlines()) + "\n"


def as_plain(result: SweepResult, folder: Path) -> dict[str, Any]:
    """Return a sweep as plain values for JSON; what is not a number is null."""
    return {
        "folder": str(folder),
        "scenario": result.scenario.name,
        **result.plan.plain(),
        "summary": plain_rows(result.summary()),
        "failures": plain_failures(result.results.failures),
    }


# ---- files --------------------------------------------------------------------------------------------


def write_sweep(result: SweepResult, folder: Path, language: str, command: str = "") -> Path:
    """Write tables, figures, summary and manifest into a folder, each whole or not at all; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").unlink(missing_ok=True)  # until everything lies there again
    table = result.table()
    write_csv(table, folder / "runs.csv")
    write_csv(result.summary(), folder / "summary.csv")
    write_parquet(table, folder / "runs.parquet")
    draw_sweep(result, folder / "figures", language)
    page = partial(sweep_words, result)
    write_words(plain_text(result, language), _manifest(result, language, command), folder, page=("sweep", page))
    return folder


def is_written(folder: Path, language: str) -> bool:
    """Return whether a study's folder holds its results in this language, by code as it is now.

    The manifest is written last.
    """
    with suppress(OSError, ValueError):
        found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return bool((found["language"], found["code"]) == (language, output.code_hash()))
    return False


def _manifest(result: SweepResult, language: str, command: str) -> dict[str, Any]:
    """Return where the results come from: versions, inputs, seeds, counts and failures."""
    meta, plan = meta_of(result), result.plan.plain()
    design = plan.pop("kind")  # the study's own is another
    return {
        **origin("sweep", result.scenario, language, command, meta["hash"], meta["status"]),
        "draws": sorted(set(result.draws.tolist())),
        "completed": meta["completed"],
        "failures": plain_failures(result.results.failures),
        "design": design,
        **plan,
    }
