"""Figures of a sensitivity study: a tornado for each outcome, and factors by outcomes as a heat map."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.report.board import records
from simulator.report.memo_words import said
from simulator.report.parameter_names import first_clause
from simulator.report.sensitivity_words import KEYS, foot, outcome_title, size_meaning, size_text
from simulator.report.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    SKY,
    VERMILION,
    clean,
    finish,
    footer_height,
    framed_cells,
    in_lines,
    new_figure,
    scale_axis,
    styled,
    text_inches,
    usable_language,
)
from simulator.report.words import bracketed, comma, cut

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

    from simulator.study.sensitivity import SensitivityResult

TOP, MAP_ROWS, WIDTH = 15, 30, 8.6
HEAD = {"en": 36, "zh": 18}
WORDS = {"en": 46, "zh": 23}
TITLE_CELLS = 84


def draw(result: SensitivityResult, folder: Path, language: str) -> list[Path]:
    """Draw every figure into a folder; returns the files, each .png with a .csv of its numbers."""
    shown, out = usable_language(language), list[Path]()
    with styled(shown):
        for about in result.meta["outcomes"]:
            out += draw_tornado(result, about, folder, shown)
        out += draw_map(result, folder, shown)
    return out


def draw_tornado(result: SensitivityResult, about: dict[str, Any], folder: Path, language: str) -> list[Path]:
    """Draw the largest factors of an outcome's mean; what is under the floor is hatched."""
    frame, meta = result.frame, result.meta
    method = meta["method"]
    frame = frame[(frame["outcome"] == about["id"]) & (frame["of"] == "mean")]
    frame = frame[frame[KEYS[method]] > 0.0].head(TOP)
    if frame.empty:
        return []
    rows = records(frame)
    line = (
        "细线：90 % 的重抽样；阴影线：低于噪声底线"
        if language == "zh"
        else "thin line: 90 % of resamples; hatched: under the floor"
    )
    text = foot(meta, language, line=line)
    page = new_figure(WIDTH, 0.32 * len(rows) + 1.25 + footer_height(text, WIDTH, language))
    axes = page.add_subplot()
    (_bars if method == "morris" else _shares)(axes, rows, about, language)
    axes.set_yticks(range(len(rows)), [_label(row, language, "\n") for row in rows], fontsize=7.5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    head = f"{meta['region_name'][language]} · {outcome_title(about, language)}"
    axes.set_title("\n".join(in_lines(head, TITLE_CELLS)), fontsize=10)
    clean(axes)
    axes.grid(False, axis="y")
    name = about["id"].replace("@", "-")
    return finish(page, frame, folder / f"tornado-{name}.png", text, language)


def _label(row: dict[str, Any], language: str, between: str = "  ") -> str:
    """Return what a factor is, cut short, and its name."""
    name, factor = row["name_zh"] if language == "zh" else row["name"], str(row["factor"])
    if row["kind"] == "group":
        return f"{name or factor}{bracketed(str(row['factors']), language)}"
    whole = str(name) if row["kind"] == "setting" else first_clause(str(name))  # which names the entry in brackets
    words = cut(whole, WORDS[language]) if isinstance(name, str) else ""
    return f"{words}{between}{factor}" if words and words != factor else factor


def _style(row: dict[str, Any], colour: str) -> dict[str, Any]:
    if row["above_floor"]:
        return {"color": colour, "edgecolor": colour, "linewidth": 0.6}
    return {"facecolor": "white", "edgecolor": GREY, "hatch": "/////", "linewidth": 0.6}


def _bars(axes: Axes, rows: list[dict[str, Any]], about: dict[str, Any], language: str) -> None:
    """Draw signed bars of mean sizes: to the right what raises, to the left what lowers, both where it is not one way.

    Figures stand at the outer end, so that bars and figures never meet.
    """
    ends = {side: max((r["mu_star_high"] for r in rows if r["sign"] in (0, side)), default=0.0) for side in (-1, 1)}
    floor, reach = rows[0]["floor"], max(ends.values())
    axes.axvspan(-floor, floor, color="#EEEEEE", zorder=0)
    for y, row in enumerate(rows):
        size, sign = row["mu_star"], row["sign"]
        sides = (sign,) if sign else (-1, 1)
        colour = {1: BLUE, -1: VERMILION, 0: ORANGE}[sign]
        for side in sides:
            axes.barh(y, side * size, height=0.62, **_style(row, colour))
            axes.plot([side * row["mu_star_low"], side * row["mu_star_high"]], [y, y], color=INK, linewidth=0.9)
        side = sides[-1]
        at = side * (max(row["mu_star_high"], size) + 0.015 * reach)
        label = size_text(size, about["unit"], "morris", language, sign)
        axes.text(at, y, label, va="center", ha="left" if side > 0 else "right", fontsize=7.5)
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    labels = {side: any(r["sign"] == side or (side > 0 and r["sign"] == 0) for r in rows) for side in (-1, 1)}
    room = {side: max(ends[side], 1.05 * floor) + 0.28 * sum(ends.values()) * labels[side] for side in (-1, 1)}
    axes.set_xlim(-room[-1], room[1])
    unit = scale_axis(axes.xaxis, reach, about["unit"], language)
    zh = language == "zh"
    mean = "移动半个取值范围的平均变化" if zh else "mean change when the factor moves over half its range"
    axes.set_xlabel(mean + (bracketed(unit, language) if unit else ""), fontsize=8)


def _shares(axes: Axes, rows: list[dict[str, Any]], about: dict[str, Any], language: str) -> None:
    """Draw total indices with the first ones inside, in percent of the variance."""
    floor = rows[0]["floor"]
    axes.axvspan(0.0, 100.0 * floor, color="#EEEEEE", zorder=0)
    reach = 100.0 * max(row["st_high"] for row in rows)
    for y, row in enumerate(rows):
        axes.barh(y, 100.0 * row["st"], height=0.62, **_style(row, SKY))
        if row["above_floor"]:
            axes.barh(y, 100.0 * max(row["s1"], 0.0), height=0.3, color=BLUE)
        axes.plot([100.0 * max(row["st_low"], 0.0), 100.0 * row["st_high"]], [y, y], color=INK, linewidth=0.9)
        sign = {1: " ↑", -1: " ↓", 0: ""}[row["sign"]]
        axes.text(100.0 * row["st_high"] + 0.015 * reach, y, size_text(row["st"], "", "sobol", language) + sign,
                  va="center", fontsize=7.5)  # fmt: skip
    axes.set_xlim(0.0, 1.15 * reach)
    zh = language == "zh"
    axes.set_xlabel(
        "占方差的比例，%（浅：总效应；深：主效应；↑ 升，↓ 降）"
        if zh
        else "share of the variance, % (light: total; dark: first order; ↑ raises, ↓ lowers)",
        fontsize=8,
    )


def draw_map(result: SensitivityResult, folder: Path, language: str) -> list[Path]:
    """Draw factors by outcomes: the size as a share of the largest in that outcome; blank under the floor."""
    table, above = _map_table(result)
    if table.empty or table.shape[1] < 2:
        return []
    meta, zh = result.meta, language == "zh"
    line = size_meaning(meta, language) + comma(language)
    line += (
        "颜色：与该结果最大值之比；空白：低于噪声底线"
        if zh
        else "colour: over the largest in that column; blank: under the floor"
    )
    text = foot(meta, language, line=line)
    rows = result.frame.drop_duplicates("factor").set_index("factor", drop=False)
    labels = [_label(rows.loc[name].to_dict(), language) for name in table.index]
    width = max(WIDTH, text_inches(labels, 7.5) + 1.0 + 0.26 * table.shape[1])
    page = new_figure(width, 0.2 * len(table) + 3.2 + footer_height(text, width, language))
    axes = page.add_subplot()
    values = np.where(above.to_numpy(), table.to_numpy(), np.nan)
    image = axes.imshow(values, aspect="auto", cmap="Blues", vmin=-0.15, vmax=1.0)
    by_id = {about["id"]: about for about in meta["outcomes"]}
    heads = [_head(by_id[str(c)], language) for c in table.columns]
    axes.set_xticks(range(len(heads)), heads, rotation=90, fontsize=7.5)
    axes.set_yticks(range(len(table)), labels, fontsize=7.5)
    framed_cells(axes, len(table), len(heads))
    bar = page.colorbar(image, ax=axes, fraction=0.025, pad=0.015)
    bar.outline.set_visible(False)
    bar.ax.set_ylim(0.0, 1.0)
    bar.ax.tick_params(labelsize=7, length=0)
    axes.set_title(f"{meta['region_name'][language]} · {said('heat-map', language)}")
    return finish(page, table.reset_index(), folder / "heat-map.png", text, language)


def _head(about: dict[str, Any], language: str) -> str:
    """Return a column's head, cut where it would take more room than the map."""
    return cut(outcome_title({k: v for k, v in about.items() if k != "year"}, language), HEAD[language])


def _map_table(result: SensitivityResult) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """Return sizes over the largest of each outcome (F, M), and which are above the floor; the strongest rows first."""
    key = KEYS[result.meta["method"]]
    frame = result.frame[result.frame["of"] == "mean"]
    sizes = frame.pivot_table(index="factor", columns="outcome", values=key, sort=False)
    above = frame.pivot_table(index="factor", columns="outcome", values="above_floor", sort=False) > 0.0
    order = [about["id"] for about in result.meta["outcomes"] if about["id"] in sizes]
    sizes, above = sizes[order].fillna(0.0), above[order].fillna(False)
    largest = sizes.max().replace(0.0, math.nan)
    shares = (sizes / largest).fillna(0.0)
    strength = shares.where(above, 0.0)
    keep = strength.max(axis=1) > 0.0
    strongest = (strength[keep] ** 2).sum(axis=1).sort_values(ascending=False, kind="stable").index[:MAP_ROWS]
    return shares.loc[strongest], above.loc[strongest]
