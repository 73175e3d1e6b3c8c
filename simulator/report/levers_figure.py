"""The figure of the plan's instruments by its targets: what one dose of each brings of a target, as a heat map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.report.catalogue import region_name
from simulator.report.change_first import influence_in
from simulator.report.memo_words import said
from simulator.report.style import INK, Margins, finish, footer, footer_height, framed_cells, new_figure, text_inches
from simulator.report.words import bracketed, cut
from simulator.study.targets import HEADLINE_KINDS, SIMULATED

if TYPE_CHECKING:
    import pandas

    from simulator.study.tables import Tables

WIDTH, ROW = 8.6, 0.25  # inches
FULL = 5.0  # % of a target from which on a cell is as dark as it gets
LEAST = 0.05  # % of a target below which a cell stays blank
NAME = {"en": 40, "zh": 22}
HEAD = {"en": 34, "zh": 17}
NOTE = (
    "Number and colour: change in % of the target (blue raises, red lowers) by one instrument alone at a realistic dose"
    " in {city}, all else as in the baseline, in the last year in which it is clear of luck; blank: it is not, or below"
    " {least} %. From calibration/influence.csv, not from this run.",
    "数字与颜色：变化占目标值的百分比（蓝升红降），为在{city}单独施用一项工具的常规剂量、其余与基准情景相同时，"
    "最后一个可与随机波动区分的年份的变化；空白：无法区分，或不足 {least} %。"
    "取自 calibration/influence.csv，并非本次运行结果。",
)


def draw_levers(tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw the plan's instruments by its outcome targets; nothing where the stored effects have none of them."""
    frame, city = effects(tables)
    if frame.empty:
        return []
    from simulator.model import LEVERS

    zh = language == "zh"
    table = frame.pivot_table(index="lever", columns="target", values="percent", sort=False)
    order = [t for t in tables.targets["id"] if t in table]
    table = table[order]
    table = table.loc[table.abs().clip(upper=FULL).sum(axis=1).sort_values(ascending=False, kind="stable").index]
    note = NOTE[zh].format(city=region_name(city, language), least=LEAST)
    foot = f"{note}\n{footer(tables.meta, language)}"
    names = {r["id"]: r["name_zh" if zh else "name"] for r in tables.targets.to_dict("records")}
    heads = [cut(f"{t} {names[t]}", HEAD[language]) for t in table.columns]
    lines = [cut(LEVERS[str(lever)].label[language], NAME[language]) for lever in table.index]
    margins = Margins(text_inches(lines, 8) + 0.15, 0.15, 0.4, text_inches(heads, 7.5) + 0.15)
    high = ROW * len(table) + margins.top + margins.bottom + 0.12
    page = new_figure(WIDTH, high + footer_height(foot, WIDTH, language))
    axes, values = page.add_subplot(), table.to_numpy()
    axes.imshow(np.sign(values) * np.sqrt(np.abs(values) / FULL), aspect="auto", cmap="RdBu", vmin=-1.25, vmax=1.25)
    for i, j in np.argwhere(np.isfinite(values)):
        ink = "white" if abs(values[i, j]) > 0.6 * FULL else INK
        axes.text(j, i, shown(values[i, j]), ha="center", va="center", fontsize=6.5, color=ink)
    axes.set_xticks(range(len(heads)), heads, rotation=90, fontsize=7.5)
    axes.set_yticks(range(len(lines)), lines, fontsize=8)
    framed_cells(axes, len(lines), len(heads))
    for side in axes.spines.values():
        side.set_visible(False)
    unit = bracketed("占目标值 %" if zh else "% of it", language)
    axes.set_title(f"{tables.meta['region_name'][language]} · {said('levers', language)}{unit}")
    return finish(page, frame, folder / "levers.png", foot, language, margins)


def effects(tables: Tables) -> tuple[pandas.DataFrame, str]:
    """Return what one dose of each instrument of the plan brings each outcome target in percent, and in which city.

    Growth targets and those whose effect the table does not have are left out.
    """
    import pandas

    city, found = influence_in(str(tables.meta["region"]))
    used = set(tables.costs["lever"]) | {e.get("lever", "") for e in tables.meta["entries"]}
    by = {(i.lever, i.indicator): i.effect for i in found}
    rows = [
        {"lever": lever, "target": r["id"], "percent": 100.0 * effect * r["scale"] / abs(r["value"])}
        for r in tables.targets.to_dict("records")
        if r["status"] == SIMULATED and r["kind"] in HEADLINE_KINDS and r["kind"] != "growth" and r["value"]
        for (lever, indicator), effect in by.items()
        if indicator == r["indicator"] and lever in used
    ]
    frame = pandas.DataFrame(rows, columns=["lever", "target", "percent"])
    return frame[frame["percent"].abs() >= LEAST].reset_index(drop=True), city


def shown(percent: float) -> str:
    """Return a percentage of a cell: two significant digits below ten."""
    return f"{percent:.0f}" if abs(percent) >= 9.95 else f"{percent:.2g}"
