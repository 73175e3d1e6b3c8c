"""The figure of the pipeline of pharmaceutical products: from development to the big sellers, as a funnel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.report.board import records
from simulator.report.fans import fans_of
from simulator.report.style import BLUE, INK, SKY, VERMILION, Margins, finish, footer, new_figure
from simulator.report.words import colon, plain_number

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

    from simulator.study.tables import Tables

# From the widest to the narrowest: each holds what has come further than the one before.
STAGES = ("products_in_pipeline", "products_marketed", "products_over_100m", "products_over_1bn")
INSIDE = "drugs_in_trials"  # part of the first
WIDTH = 8.6  # inches
MARGINS = Margins(left=2.3, right=2.7, top=0.4, bottom=0.1)
HIGH = 0.56  # of a row: its bar
BESIDE = (1.02, 1.45)  # of the width of the axes: where the figures and the targets stand
TITLE = ("Pipeline of pharmaceutical products in {year} (products)", "医药品种梯队，{year} 年（个）")
NOTE = (
    "Bar: median, in brackets 90 % of simulated futures; dark part of the first: new drugs in trials or review"
    " ({inside}); black frame: end of {before}, before the plan; red marks: targets.",
    "色条：中位数，方括号为 90 % 的模拟未来；首行深色部分：临床及审评阶段新药（{inside}）；"
    "黑框：方案实施前（{before} 年末）；红线：目标。",
)


def draw_pipeline(tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw how many products stand at each stage when the targets fall due; nothing where no target counts them."""
    goals = {r["indicator"]: r for r in records(tables.targets) if r["indicator"] in STAGES}
    year = max((int(r["year"]) for r in goals.values()), default=0)
    frame = stages(tables, year) if goals else None
    if frame is None or frame.empty:
        return []
    zh, rows = language == "zh", records(frame[frame["indicator"] != INSIDE])
    page = new_figure(WIDTH, 0.5 * len(rows) + 1.2)
    axes = page.add_subplot()
    _funnel(axes, [float(row["p50"]) for row in rows])
    inside = frame[frame["indicator"] == INSIDE]["p50"]
    for y, row in enumerate(rows):
        _stage(axes, y, row, goals.get(row["indicator"]), language)
    if len(inside):
        axes.barh(0, inside.iloc[0], left=-inside.iloc[0] / 2, height=HIGH, color=BLUE)
    axes.set_yticks(range(len(rows)), [_named(str(row["indicator"]), language) for row in rows], fontsize=8.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    half = 0.52 * max(*(float(r["value"]) for r in goals.values()), *(float(r["p50"]) for r in rows), 1.0)
    axes.set_xlim(-half, half)
    axes.set_xticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    axes.set_title(f"{tables.meta['region_name'][language]} · {TITLE[zh].format(year=year)}", x=-0.4)
    said = plain_number(float(inside.iloc[0])) if len(inside) else "–"
    foot = f"{NOTE[zh].format(before=int(frame['year_before'].iloc[0]), inside=said)}\n{footer(tables.meta, language)}"
    return finish(page, frame, folder / "pipeline.png", foot, language, MARGINS)


def _funnel(axes: Axes, widths: Sequence[float]) -> None:
    """Join each bar with the next."""
    for y, (above, below) in enumerate(pairwise(widths)):
        ends, half = [y + HIGH / 2, y + 1 - HIGH / 2], np.array([above, below]) / 2
        axes.fill_betweenx(ends, -half, half, color=SKY, alpha=0.25, linewidth=0)


def _stage(axes: Axes, y: int, row: dict[str, Any], goal: dict[str, Any] | None, language: str) -> None:
    axes.barh(y, row["p50"], left=-row["p50"] / 2, height=HIGH, color=SKY)
    if math.isfinite(row["before"]):
        left = -row["before"] / 2
        axes.barh(y, row["before"], left=left, height=HIGH, fill=False, edgecolor=INK, linewidth=0.9, zorder=3)
    text = f"{plain_number(row['p50'])} [{plain_number(row['p05'])}–{plain_number(row['p95'])}]"
    axes.annotate(text, (BESIDE[0], y), xycoords=("axes fraction", "data"), va="center", fontsize=8.5, color=BLUE)
    if goal is not None:
        value = float(goal["value"])
        for side in (-0.5, 0.5):
            axes.plot([side * value] * 2, [y - 0.36, y + 0.36], color=VERMILION, linewidth=2, zorder=4)
        text = f"{goal['id']} {int(goal['year'])}{colon(language)}≥ {plain_number(value)}"
        at = BESIDE[1], y
        axes.annotate(text, at, xycoords=("axes fraction", "data"), va="center", fontsize=8.5, color=VERMILION)


def stages(tables: Tables, year: int) -> pandas.DataFrame:
    """Return the products of each stage in a year: median and 90 %, and the median of the year before the plan."""
    import pandas

    fans = fans_of(tables.series, {*STAGES, INSIDE})
    before, rows = math.floor(tables.meta["plan_start"]) - 1, list[dict[str, Any]]()
    for name in (*STAGES, INSIDE):
        if name in fans and year in fans[name].index:
            now, earlier = fans[name].loc[year], float(fans[name]["p50"].get(before, np.nan))
            rows.append({"indicator": name, "year": year, "p05": now["p05"], "p50": now["p50"], "p95": now["p95"],
                         "year_before": before, "before": earlier})  # fmt: skip
    return pandas.DataFrame(rows)


def _named(indicator: str, language: str) -> str:
    from simulator.model import INDICATORS

    return INDICATORS[indicator].label[language] if indicator in INDICATORS else indicator
