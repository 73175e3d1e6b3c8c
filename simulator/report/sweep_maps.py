"""A sweep over two factors as heat maps, over more as a matrix of small scatter plots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.report.style import (
    BLUE,
    GREY,
    INK,
    SKY,
    VERMILION,
    clean,
    finish,
    new_figure,
    scale_axis,
)
from simulator.report.sweep_shared import (
    axis_name,
    column,
    foot_of,
    heading,
    numeric,
    of_outcome,
    ordered,
    outcomes_shown,
    titled,
    wrapped,
)
from simulator.report.sweep_words import (
    factor_label,
    factor_unit,
    outcome_label,
    outcome_unit,
    value_text,
)
from simulator.report.words import bracketed, cut, scale_of, scaled_unit

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

    from simulator.study.sweep import SweepResult

COLUMNS = 2
MOST_FACTORS = 5
MOST_MAPS = 6


def draw_maps(result: SweepResult, folder: Path, language: str) -> list[Path]:
    """Draw each outcome as a heat map of its median over two factors; of a target the probability stands below."""
    import pandas

    across, down = result.plan.names
    shown = outcomes_shown(result, MOST_MAPS)
    xs, ys = ordered(column(result, across)), ordered(column(result, down))
    columns = min(COLUMNS if len(xs) <= 6 else 1, len(shown))
    lines = math.ceil(len(shown) / columns)
    width = max(4.4, 0.62 * len(xs) + 1.6)
    page = new_figure(width * columns, (0.42 * len(ys) + 1.25) * lines + 0.9)
    frames = []
    for i, outcome in enumerate(shown):
        axes = page.add_subplot(lines, columns, i + 1)
        frame = of_outcome(result, outcome)
        frames.append(frame)
        _map_panel(axes, result, outcome, frame, (xs, ys), language)
        if i >= len(shown) - columns:
            axes.set_xlabel(factor_label(across, result, language), fontsize=8)
        if i % columns == 0:
            label = wrapped(factor_label(down, result, language), 14 if language == "zh" else 28)
            axes.set_ylabel(label, fontsize=8)
    page.suptitle(cut(heading(result, language), 100), x=0.01, ha="left", fontsize=11)
    said = (
        "格内：中位数，下行 P 为目标完成概率；颜色越亮数值越高"
        if language == "zh"
        else "in each cell: the median, and below it P, the probability of meeting the target; brighter is more"
    )
    foot = f"{said}\n{foot_of(result, shown, language, band=False)}"
    return finish(page, pandas.concat(frames), folder / "sweep.png", foot, language)


def _map_panel(
    axes: Axes, result: SweepResult, outcome: str, frame: pandas.DataFrame, sides: tuple[list[Any], list[Any]],
    language: str,
) -> None:  # fmt: skip
    (across, down), (xs, ys) = result.plan.names, sides
    cells, chances = np.full((len(ys), len(xs)), np.nan), np.full((len(ys), len(xs)), np.nan)
    for i in range(len(result.plan.points)):
        at = ys.index(result.value(i, down)), xs.index(result.value(i, across))
        cells[at], chances[at] = frame["p50"].iloc[i], frame["probability"].iloc[i]
    axes.imshow(cells, origin="lower", aspect="auto", cmap="cividis")
    low, high, unit = np.nanmin(cells), np.nanmax(cells), outcome_unit(outcome, result)
    size = max(abs(low), abs(high))
    factor, scale = scale_of(size, unit, language)
    for (row, at_x), value in np.ndenumerate(cells):
        dark = high > low and (value - low) / (high - low) < 0.55
        text = _digits(value / factor, size / factor, (high - low) / factor)
        if np.isfinite(chances[row, at_x]):
            text += f"\nP {chances[row, at_x]:.2f}"
        axes.text(at_x, row, text, ha="center", va="center", fontsize=7, color="white" if dark else INK)
    for side, values, name in (("x", xs, across), ("y", ys, down)):
        texts = [cut(value_text(v, factor_unit(name, result), language), 16) for v in values]
        getattr(axes, f"set_{side}ticks")(range(len(values)), texts, fontsize=7.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    unit_ = scaled_unit(scale, unit, language)
    title = titled(result, outcome, language)
    axes.set_title(title + (f"\n{unit_}" if unit_ else ""), fontsize=8)


def _digits(value: float, size: float, range_: float) -> str:
    """Return a figure with as many decimals as tell the cells of a map apart, at most four digits."""
    if not math.isfinite(value):
        return "–"
    wanted = 2 - math.floor(math.log10(range_)) - 1 if range_ > 0 else 0
    room = 3 - math.floor(math.log10(size)) if size > 0 else 0
    return f"{value:,.{max(0, min(wanted, room, 4))}f}"


def draw_scatter(result: SweepResult, folder: Path, language: str) -> list[Path]:
    """Draw a matrix of small scatter plots: an outcome each line, a factor each column, a dot the mean of a point.

    The line is the mean over the points of one value, or of one sixth of a range.
    """
    shown = outcomes_shown(result, MOST_MAPS)
    names = _movers(result, shown)
    page = new_figure(2.3 * len(names) + 1.6, 1.75 * len(shown) + 1.0)
    for i, outcome in enumerate(shown):
        frame, first = of_outcome(result, outcome), None
        for k, name in enumerate(names):
            axes = page.add_subplot(len(shown), len(names), i * len(names) + k + 1, sharey=first)
            _dots(axes, result, name, frame, language)
            label_below = axis_name(axes, result, name, language)
            if first is None:
                first = axes
                unit = scale_axis(axes.yaxis, float(np.nanmax(np.abs(frame["mean"]))), outcome_unit(outcome, result),
                                  language)  # fmt: skip
                label = outcome_label(outcome, result, language) + (bracketed(unit, language) if unit else "")
                axes.set_ylabel(wrapped(label, 13 if language == "zh" else 24), fontsize=7)
            else:
                axes.tick_params(labelleft=False)
            if i == len(shown) - 1:
                axes.set_xlabel(wrapped(label_below, 15 if language == "zh" else 28), fontsize=7.5)
            else:
                axes.tick_params(labelbottom=False)
            axes.tick_params(labelsize=7)
    page.suptitle(cut(heading(result, language), 100), x=0.01, ha="left", fontsize=11)
    left = len(result.plan.names) - len(names)
    said = (
        "点：每个取值点的平均值；线：同一取值（或取值范围六分之一）内各点的平均；虚线：目标"
        if language == "zh"
        else "dot: mean of a point; line: mean over the points of one value or one sixth of a range; dashed: target"
    )
    if left:
        said += f"；另有 {left} 个因素未画" if language == "zh" else f"; {left} more factors are not drawn"
    foot = f"{said}\n{foot_of(result, shown, language, band=False)}"
    numbers = result.summary()
    return finish(page, numbers[numbers["outcome"].isin(shown)], folder / "sweep.png", foot, language)


def _movers(result: SweepResult, shown: Sequence[str]) -> list[str]:
    """Return the factors to draw, in their order: the few over whose values the outcomes differ most."""
    if len(result.plan.names) <= MOST_FACTORS:
        return list(result.plan.names)

    def explained(name: str) -> float:
        groups, total = _groups(column(result, name)), 0.0
        for outcome in shown:
            means = np.nanmean(result.values(outcome), axis=0)
            if (whole := float(np.nanvar(means))) > 0:
                total += float(np.var([means[g].mean() for g in groups for _ in g])) / whole
        return total

    best = sorted(result.plan.names, key=lambda name: -explained(name))[:MOST_FACTORS]
    return [name for name in result.plan.names if name in best]


def _groups(values: Sequence[Any]) -> list[np.ndarray]:
    """Return the points (their numbers) that share a value, or lie in the same sixth of many different numbers."""
    different = ordered(values)
    if numeric(values) and len(different) > 8:
        order = np.argsort(np.array(values, float), kind="stable")
        return [np.sort(part) for part in np.array_split(order, 6)]
    return [np.array([i for i, v in enumerate(values) if v == value]) for value in different]


def _dots(axes: Axes, result: SweepResult, name: str, frame: pandas.DataFrame, language: str) -> None:
    values, means = column(result, name), frame["mean"].to_numpy()
    if numeric(values):
        x = np.array(values, float)
    else:
        different = ordered(values)
        x = np.array([different.index(v) for v in values], float)
        texts = [cut(value_text(v, "", language), 12) for v in different]
        axes.set_xticks(range(len(different)), texts)
        axes.set_xlim(-0.5, len(different) - 0.5)
    axes.plot(x, means, "o", color=SKY, markersize=3.2, markeredgewidth=0)
    groups = _groups(values)
    axes.plot([x[g].mean() for g in groups], [np.nanmean(means[g]) for g in groups], color=BLUE, linewidth=1.5)
    target, (low, high) = frame["target"].iloc[0], axes.get_ylim()
    if np.isfinite(target) and low - (high - low) <= target <= high + (high - low):
        axes.axhline(target, color=VERMILION, linewidth=0.9, linestyle="--")
    clean(axes)
    axes.spines["left"].set_color(GREY)
