"""Figures of a discovery: the box in pairs of its factors, and what each step of the peeling held."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.report.catalogue import parameter_doc
from simulator.report.discover_words import factor_words, headline, level_words, percent
from simulator.report.parameter_names import first_clause
from simulator.report.style import (
    BLUE,
    GREY,
    INK,
    VERMILION,
    clean,
    finish,
    footer,
    in_lines,
    new_figure,
    styled,
    usable_language,
)
from simulator.report.words import bracketed, unit_text
from simulator.study.discover_prim import Found

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulator.study.discover import DiscoverResult

MOST_PAIRED = 4  # factors of a box that are drawn in pairs: those that narrow it most
PANEL = 3.1  # inches
LABEL_CELLS = 44  # half-width characters of a line beside an axis
BINS = 10


def draw_discover(result: DiscoverResult, folder: Path, language: str) -> list[Path]:
    """Draw each box in pairs of its factors, and the peelings; nothing where no box was found."""
    from simulator.report.discover import meta_of

    shown, files = usable_language(language), list[Path]()
    if not result.boxes:
        return files
    meta = meta_of(result)
    with styled(shown):
        for number in range(1, len(result.boxes) + 1):
            files += _draw_box(result, number, folder, shown, meta)
        files += _draw_peeling(result, folder, shown, meta)
    return files


def _title(result: DiscoverResult, found: Found, number: int, language: str) -> str:
    density, coverage = percent(found.density, language), percent(found.coverage, language)
    several = (f"（第 {number} 组条件）" if language == "zh" else f", box {number}") if len(result.boxes) > 1 else ""
    if language == "zh":
        return f"框内{several} {density} 的未来未完成，占全部未完成情形的 {coverage}"
    return f"Inside the box{several}: {density} of futures miss, {coverage} of all misses"


def _draw_box(result: DiscoverResult, number: int, folder: Path, language: str, meta: dict[str, Any]) -> list[Path]:
    import pandas

    found, points = result.boxes[number - 1], result.points
    share = {name: float(r.holds(points.columns[name]).mean()) for name, r in found.box.items()}
    names = sorted(found.box, key=lambda n: (share[n], n))[:MOST_PAIRED]
    pairs: list[tuple[str, ...]] = list(combinations(names, 2)) or [(names[0],)]
    across = min(len(pairs), 3)
    down = -(-len(pairs) // across)
    page = new_figure(max(across * (PANEL + 0.75), 6.4), down * (PANEL + 0.5) + 1.5)
    for k, pair in enumerate(pairs, 1):
        axes = page.add_subplot(down, across, k)
        if len(pair) == 2:
            _pair(axes, result, found, pair[0], pair[1], language)
        else:
            _alone(axes, result, found, pair[0], language)
    cells = 13 * int(float(page.get_size_inches()[0]))
    said = [headline(result, language), _title(result, found, number, language)]
    head = "\n".join(line for text in said for line in in_lines(text, cells))
    page.suptitle(head, x=0.01, ha="left", fontsize=10)
    legend = (
        "橙红点：未完成；蓝圈：完成；线框：条件的范围。同一图中其他条件不限"
        if language == "zh"
        else "Orange-red dots: missed; blue rings: met; frame: the box. Other factors vary freely in each panel."
    )
    if len(pairs[0]) == 1:
        legend = (
            "阴影：条件的范围；虚线：全部未来的未完成比例"
            if language == "zh"
            else "Shaded: the box; dotted: all futures."
        )
    columns = {name: points.columns[name] for name in names}
    frame = pandas.DataFrame({**columns, "missed": points.missed, "in_box": points.inside(found.box)})
    for name in names:
        if levels := result.factor(name).levels:
            frame[name] = [levels[int(v)] for v in frame[name]]
    return finish(page, frame, folder / f"box-{number}.png", f"{legend}\n{footer(meta, language)}", language)


def _axis_label(result: DiscoverResult, name: str, language: str) -> str:
    factor = result.factor(name)
    unit = unit_text(factor.unit, language)
    said = first_clause(parameter_doc(name.removeprefix("parameters."), language)) if factor.kind == "parameter" else ""
    label = factor_words(factor, language) + (bracketed(unit, language) if unit else "")
    return "\n".join([*in_lines(said, LABEL_CELLS), *in_lines(label, LABEL_CELLS)])


def _placed(result: DiscoverResult, name: str) -> np.ndarray:
    """Return where points stand along an axis: numbers as they are, categories spread a little around theirs."""
    column = result.points.columns[name]
    if not result.factor(name).levels:
        return column
    return column + 0.6 * (np.random.default_rng(len(name)).random(len(column)) - 0.5)


def _pair(axes: Axes, result: DiscoverResult, found: Found, one: str, other: str, language: str) -> None:
    from matplotlib.patches import Rectangle

    missed = result.missed
    x, y = _placed(result, one), _placed(result, other)
    axes.plot(x[~missed], y[~missed], "o", markersize=3, markerfacecolor="none", markeredgecolor=BLUE,
              markeredgewidth=0.6, alpha=0.7, linestyle="none")  # fmt: skip
    axes.plot(x[missed], y[missed], "o", markersize=3, color=VERMILION, markeredgewidth=0, alpha=0.75, linestyle="none")
    _scaled(axes, result, one, "x", language)
    _scaled(axes, result, other, "y", language)
    for left, right in _spans(result, found, one, axes.get_xlim()):
        for low, high in _spans(result, found, other, axes.get_ylim()):
            axes.add_patch(Rectangle((left, low), right - left, high - low, fill=False, edgecolor=INK, linewidth=1.4))
    axes.tick_params(length=2, labelsize=7.5)


def _scaled(axes: Axes, result: DiscoverResult, name: str, way: str, language: str) -> None:
    """Scale and label an axis: choices by name, numbers of one sign over several decades by logarithm."""
    column, levels = result.points.columns[name], result.factor(name).levels
    label = _axis_label(result, name, language)
    ends = float(column.min()), float(column.max())
    if levels:
        ticks, limits = range(len(levels)), (-0.5, len(levels) - 0.5)
        names = ["\n".join(in_lines(level_words(result.factor(name), level, language), 12)) for level in levels]
        turned = {} if way == "x" else {"rotation": 90, "va": "center"}
        getattr(axes, f"set_{way}ticks")(ticks, names, **turned)
        getattr(axes, f"set_{way}lim")(*limits)
    elif ends[0] > 0.0 and ends[1] > 30.0 * ends[0]:
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

        getattr(axes, f"set_{way}scale")("log")
        axis = axes.xaxis if way == "x" else axes.yaxis
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
        getattr(axes, f"set_{way}lim")(ends[0] / 1.1, ends[1] * 1.1)
    else:
        room = 0.04 * (ends[1] - ends[0])
        getattr(axes, f"set_{way}lim")(ends[0] - room, ends[1] + room)
    getattr(axes, f"set_{way}label")(label, fontsize=8)


def _spans(result: DiscoverResult, found: Found, name: str, limits: tuple[float, float]) -> list[tuple[float, float]]:
    """Return what a box holds along an axis: one span, or one for each category."""
    restriction = found.box[name]
    if restriction.kept is not None:
        return [(k - 0.42, k + 0.42) for k in restriction.kept]
    column = result.points.columns[name]
    low = restriction.low if math.isfinite(restriction.low) else min(float(column.min()), limits[1])
    high = restriction.high if math.isfinite(restriction.high) else float(column.max())
    return [(low, high)]


def _alone(axes: Axes, result: DiscoverResult, found: Found, name: str, language: str) -> None:
    """Draw the share of misses along the only factor of a box: by category, or by tenths of the futures."""
    column, missed, levels = result.points.columns[name], result.missed, result.factor(name).levels
    for low, high in _spans(result, found, name, (float(column.min()), float(column.max()))):
        axes.axvspan(low, high, color="#FBE3D6", zorder=0)
    if levels:
        share = [float(missed[column == k].mean()) for k in range(len(levels))]
        axes.bar(range(len(levels)), share, width=0.6, color=VERMILION)
    else:
        parts = np.array_split(np.argsort(column, kind="stable"), BINS)
        axes.plot(
            [float(column[p].mean()) for p in parts], [float(missed[p].mean()) for p in parts], "o-", color=VERMILION
        )
    _scaled(axes, result, name, "x", language)
    axes.axhline(float(missed.mean()), color=GREY, linewidth=0.8, linestyle=":")
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("未完成的未来占比" if language == "zh" else "share of futures that miss", fontsize=8)
    clean(axes)


def _draw_peeling(result: DiscoverResult, folder: Path, language: str, meta: dict[str, Any]) -> list[Path]:
    """Draw coverage against density along each peeling, and the box that was chosen."""
    zh, many = language == "zh", len(result.boxes)
    page = new_figure(4.6 * many + 0.6 if many > 1 else 6.4, 4.6)
    for number, found in enumerate(result.boxes, 1):
        axes = page.add_subplot(1, many, number)
        steps = found.trajectory
        share = found.coverage / found.sought_coverage  # later boxes peel what those before left
        coverage, density = np.array([s.coverage * share for s in steps]), np.array([s.density for s in steps])
        axes.plot(coverage, density, "-", color=GREY, linewidth=0.8)
        axes.plot(coverage, density, "o", color=BLUE, markersize=3.5)
        axes.plot([found.coverage], [found.density], "D", color=VERMILION, markersize=8)
        axes.annotate("所选条件" if zh else "the box", (found.coverage, found.density), (8, 6),
                      textcoords="offset points", fontsize=8, color=VERMILION)  # fmt: skip
        axes.annotate("全部未来" if zh else "all futures", (coverage[0], density[0]), (-4, -11),
                      textcoords="offset points", fontsize=8, ha="right")  # fmt: skip
        axes.set_xlim(0, 1.05)
        axes.set_ylim(0, 1.05)
        axes.set_xlabel("覆盖率：占全部未完成情形的比例" if zh else "coverage: share of all misses", fontsize=8)
        axes.set_ylabel("密度：其中未完成的比例" if zh else "density: share of its futures that miss", fontsize=8)
        title = ("逐步收窄条件" if zh else "Peeling, step by step") + (f" {number}" if many > 1 else "")
        axes.set_title(title, fontsize=10)
        clean(axes)
    note = (
        "点：逐步剥离的各步（从右到左）；菱形：调整边界后的条件"
        if zh
        else "Dots: steps of the peeling, from right to left; diamond: the box once its bounds were set right."
    )
    return finish(page, result.trajectory(), folder / "peeling.png", f"{note}\n{footer(meta, language)}", language)
