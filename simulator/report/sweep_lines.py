"""A sweep over one factor: bands of each outcome, and its paired differences from the first point."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
    outcomes_shown,
    titled,
)
from simulator.report.sweep_words import (
    factor_unit,
    outcome_unit,
    point_text,
    value_text,
)
from simulator.report.words import cut, is_percent

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.study.sweep import SweepResult

COLUMNS = 2
MOST_PANELS = 8
Panel = Callable[["Axes", "SweepResult", "pandas.DataFrame", str], None]


def draw_lines(result: SweepResult, folder: Path, language: str) -> list[Path]:
    """Draw each outcome over the one factor: median, 50 % and 90 % bands, the target as a line."""
    shown = outcomes_shown(result, MOST_PANELS)
    page, frame = _panels(result, shown, language, _line_panel, 2.55, apart=False)
    page.suptitle(cut(heading(result, language), 100), x=0.01, ha="left", fontsize=11)
    foot = foot_of(result, shown, language, band=True)
    files = finish(page, frame, folder / "sweep.png", foot, language)
    return files + draw_differences(result, folder, language, shown)


def _panels(
    result: SweepResult, shown: Sequence[str], language: str, draw: Panel, height: float, *, apart: bool
) -> tuple[Figure, pandas.DataFrame]:
    """Return a figure with a panel of this height in inches for each outcome, and the numbers drawn."""
    import pandas

    lines, columns = math.ceil(len(shown) / COLUMNS), min(COLUMNS, len(shown))
    page = new_figure(4.4 * columns + 0.2, height * lines + 0.75)
    frames = []
    for i, outcome in enumerate(shown):
        axes = page.add_subplot(lines, columns, i + 1)
        frame = of_outcome(result, outcome)
        frames.append(frame)
        draw(axes, result, frame, language)
        _dressed(axes, result, outcome, language, named=i >= len(shown) - columns, apart=apart)
    return page, pandas.concat(frames)


def draw_differences(result: SweepResult, folder: Path, language: str, shown: Sequence[str]) -> list[Path]:
    """Draw the paired differences of each outcome from the first point, with 90 % intervals of the mean."""
    page, frame = _panels(result, shown, language, _difference_panel, 2.3, apart=True)
    first = point_text(result, 0, language)
    title = f"{heading(result, language)}：与首个点（{first}）的差值" if language == "zh" else (
        f"{heading(result, language)}: difference from the first point ({first})")  # fmt: skip
    page.suptitle(cut(title, 100), x=0.01, ha="left", fontsize=11)
    said = (
        "同一参数与运气下成对相减；点：平均差值；线：平均差值的 90 % 区间（按参数组自助抽样）"
        if language == "zh"
        else "pairs with the same draws and luck; dot: mean difference; line: its 90 % interval (bootstrap over draws)"
    )
    foot = f"{said}\n{foot_of(result, shown, language, band=False)}"
    return finish(page, frame, folder / "sweep-differences.png", foot, language)


def _places(axes: Axes, result: SweepResult, name: str, language: str) -> tuple[np.ndarray, np.ndarray]:
    """Return where the points stand on the axis of a factor, from left to right, and their order."""
    values = column(result, name)
    if numeric(values):
        order = np.argsort(values, kind="stable")
        return np.array(values, float)[order], order
    x = np.arange(len(values))
    texts = [value_text(v, factor_unit(name, result), language) for v in values]
    axes.set_xticks(x, [cut(t, 18) for t in texts], fontsize=8)
    axes.set_xlim(-0.6, len(x) - 0.4)
    return x.astype(float), x


def _difference_panel(axes: Axes, result: SweepResult, frame: pandas.DataFrame, language: str) -> None:
    (name,) = result.plan.names
    x, order = _places(axes, result, name, language)
    mean, low, high = (frame[k].to_numpy()[order] for k in ("difference", "ci_low", "ci_high"))
    axes.axhline(0.0, color=GREY, linewidth=1)
    axes.vlines(x, low, high, color=BLUE, linewidth=2)
    axes.plot(x, mean, "o-" if numeric(column(result, name)) else "o", color=BLUE, markersize=4.5, linewidth=1)


def _line_panel(axes: Axes, result: SweepResult, frame: pandas.DataFrame, language: str) -> None:
    (name,) = result.plan.names
    x, order = _places(axes, result, name, language)
    frame = frame.iloc[order]
    if numeric(column(result, name)):
        axes.fill_between(x, frame["p05"], frame["p95"], color=SKY, alpha=0.35, linewidth=0)
        axes.fill_between(x, frame["p25"], frame["p75"], color=SKY, alpha=0.6, linewidth=0)
        axes.plot(x, frame["p50"], color=BLUE, linewidth=1.6, marker="o", markersize=3.5)
        axes.margins(x=0.07)
    else:
        axes.vlines(x, frame["p05"], frame["p95"], color=SKY, linewidth=2)
        axes.vlines(x, frame["p25"], frame["p75"], color=BLUE, linewidth=5)
        axes.plot(x, frame["p50"], "o", color="white", markeredgecolor=INK, markersize=5)
    _target_line(axes, frame, language)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.14 * (high - low))  # room for the probabilities
    _chances(axes, x, frame)


def _dressed(axes: Axes, result: SweepResult, outcome: str, language: str, *, named: bool, apart: bool) -> None:
    """Write units, title and, in the last line of panels, the factor's name; shares lie percentage points apart."""
    low, high = axes.get_ylim()
    unit = outcome_unit(outcome, result)
    text = scale_axis(axes.yaxis, max(abs(low), abs(high)), unit, language)
    if apart and is_percent(unit):
        text = "百分点" if language == "zh" else "percentage points"
    axes.set_ylabel(cut(text, 34), fontsize=7.5)
    axes.set_title(titled(result, outcome, language), fontsize=8.5)
    axes.tick_params(labelsize=8)
    text = axis_name(axes, result, result.plan.names[0], language)
    if named:
        axes.set_xlabel(text, fontsize=8)
    clean(axes)


def _target_line(axes: Axes, frame: pandas.DataFrame, language: str) -> None:
    target = frame["target"].iloc[0]
    if not np.isfinite(target):
        return
    low, high = axes.get_ylim()
    far = target < low - 2 * (high - low) or target > high + 2 * (high - low)
    word = "目标" if language == "zh" else "target"
    if far:  # a line so far off would press the band flat
        at, side = (0.03, "bottom") if target < low else (0.86, "top")
        arrow = "↓" if target < low else "↑"
        axes.text(0.99, at, f"{word} {arrow}", transform=axes.transAxes, ha="right", va=side, fontsize=7.5,
                  color=VERMILION)  # fmt: skip
        return
    axes.axhline(target, color=VERMILION, linewidth=1.1, linestyle="--")
    axes.annotate(word, (1.0, target), xycoords=("axes fraction", "data"), xytext=(-2, 2), textcoords="offset points",
                  ha="right", fontsize=7.5, color=VERMILION)  # fmt: skip


def _chances(axes: Axes, x: np.ndarray, frame: pandas.DataFrame) -> None:
    """Write the probability of the target over each point, where there is room for all of them."""
    if len(x) > 9 or not frame["probability"].notna().any():
        return
    for at, chance in zip(x.tolist(), frame["probability"].tolist(), strict=True):
        axes.annotate(f"P {chance:.2f}", (at, 0.985), xycoords=("data", "axes fraction"), ha="center", va="top",
                      fontsize=7, color=INK)  # fmt: skip
