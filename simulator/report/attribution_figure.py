"""The figure of an attribution: for each target the steps from where it stood to where the plan ends."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.report.board import records
from simulator.report.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    clean,
    finish,
    footer,
    new_figure,
)
from simulator.report.terminal_attribution import name_of
from simulator.report.words import part

if TYPE_CHECKING:
    import pandas

    from simulator.study.tables import Tables

COLOURS = {"under_way": SKY, "national": PURPLE, "outside": ORANGE, "plan": BLUE}
STEP = 0.19  # height of one step within a target's row
WIDTH = 8.6  # inches
MOST_ROWS = 32  # on one picture: more could not be read on a page of paper
LEAST, MOST = -50.0, 200.0  # % of the target that the axis shows
NAME_WIDTH = {"en": 40, "zh": 22}


def draw_attribution(tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw the steps of every target as shares of its value: what was under way, national rules, outside, plan.

    Nothing where the run was not attributed or no target is simulated; many targets take several pictures.
    """
    frame = tables.attribution
    if frame is None or not len(frame):
        return []
    rows, files = records(frame), list[Path]()
    each = math.ceil(len(rows) / math.ceil(len(rows) / MOST_ROWS))
    for k, first in enumerate(range(0, len(rows), each), 1):
        name = "attribution" if k == 1 else f"attribution-{k}"
        some = slice(first, first + each)
        files += _draw(rows[some], frame.iloc[some], tables, folder / f"{name}.png", language)
    return files


def _draw(rows: list[dict[str, Any]], frame: pandas.DataFrame, tables: Tables, path: Path, language: str) -> list[Path]:
    page = new_figure(WIDTH, 0.34 * len(rows) + 1.8)
    axes = page.add_subplot()
    for y, row in enumerate(rows):
        _steps(axes, y, row, language)
    zh = language == "zh"
    axes.axvline(100, color=INK, linewidth=1, linestyle=":")
    axes.set_yticks(range(len(rows)), [_named(row, language) for row in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    low, high = axes.get_xlim()
    axes.set_xlim(max(low, LEAST), min(max(high, 105.0), MOST))
    axes.set_xlabel(
        "占目标值 %（虚线为目标；各步自上而下，从方案前一年末起；圆点为达到水平，右侧为方案的贡献）"
        if zh
        else "% of the target (dotted); steps from the end of the year before the plan; dot: reached; number: the plan",
        fontsize=8,
    )
    for name, colour in COLOURS.items():
        axes.barh([np.nan], [0.0], color=colour, label=name_of(name, language))
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower left", bbox_to_anchor=(0.0, 1.0))
    title = "各项目标的变化从何而来" if zh else "Where the change of each target comes from"
    axes.set_title(f"{tables.meta['region_name'][language]} · {title}", pad=22)
    clean(axes, "x")
    return finish(page, frame, path, footer(tables.meta, language), language)


def _steps(axes: Any, y: int, row: dict[str, Any], language: str) -> None:
    unit = 100.0 / row["target"]
    at = row["before"] * unit
    for k, (name, colour) in enumerate(COLOURS.items()):
        length, height = row[name] * unit, y + (k - 1.5) * STEP
        axes.barh(height, length, left=at, height=STEP, color=colour)
        at += length
    inside = LEAST <= at <= MOST
    marker = "o" if inside else ">" if at > MOST else "<"
    axes.plot([min(max(at, LEAST), MOST)], [y + 1.5 * STEP], marker, color=INK, markersize=3.5, clip_on=inside)
    text = part(row["plan"], row["unit"], language, row["target"])
    axes.annotate(text, (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=7.5, color=BLUE)
    axes.axhline(y + 0.5, color=GREY, linewidth=0.3)


def _named(row: dict[str, Any], language: str) -> str:
    text = f"{row['id']} {row['name_zh' if language == 'zh' else 'name']}"
    if language == "en":
        return textwrap.shorten(text, NAME_WIDTH["en"], placeholder="…")
    return text if len(text) <= NAME_WIDTH["zh"] else text[: NAME_WIDTH["zh"] - 1] + "…"
