"""Figures of an optimisation: the Pareto front with what the search saw, and the doses along it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.report.optimise_words import axis_name, dose_name
from simulator.report.placing import POINT, Place, Room, write_best
from simulator.report.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    VERMILION,
    clean,
    finish,
    footer,
    new_figure,
    scale_axis,
    styled,
    usable_language,
)
from simulator.report.words import colon, figure
from simulator.study.optimise_output import meta_of, table_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulator.study.optimise import OptimiseResult
    from simulator.study.optimise_points import Point

Spot = tuple[float, float]  # on both axes
WIDTH = 8.6  # inches
NAME_WIDTH = {"en": 44, "zh": 24}
INCHES = (7.8, 3.45)  # about how large the axes of a front are
BAR, DOT = 4.0, 20.0  # what covering a bar or a line and a mark counts
BESIDE = (
    Place(6, 4, "left", "bottom", 0),
    Place(6, -4, "left", "top", 1),
    Place(-6, 4, "right", "bottom", 2),
    Place(-6, -4, "right", "top", 3),
)
AT_ENDS = (  # of an upright error bar, the upper one first
    (0, Place(0, 6, "center", "bottom", 4)),
    (0, Place(-3, 6, "left", "bottom", 5)),
    (0, Place(3, 6, "right", "bottom", 6)),
    (1, Place(0, -6, "center", "top", 7)),
    (1, Place(-3, -6, "left", "top", 8)),
    (1, Place(3, -6, "right", "top", 9)),
)
AT_SEEN = (Place(0, -4, "center", "top", 12), Place(0, 4, "center", "bottom", 13))  # of a hollow point
AIR = 2.0  # points around a bar
BESIDE_LINE = (Place(-4, -2, "right", "top", 0), Place(4, -2, "left", "top", 1))
DARK = 0.55  # share of a dose's range from which on the figure in its cell is white


def draw_optimise(result: OptimiseResult, folder: Path, language: str) -> list[Path]:
    """Draw the front and its doses into a folder; returns the files, each .png with a .csv of its numbers."""
    shown = usable_language(language)
    if not result.points:
        return []
    with styled(shown):
        return [*draw_front(result, folder, shown), *draw_doses(result, folder, shown)]


def draw_front(result: OptimiseResult, folder: Path, language: str) -> list[Path]:
    """Draw the front on unseen runs with standard errors, beside what the search saw; the plan as written marked."""
    aims, zh = result.goal.aims, language == "zh"
    across = "cost" if "cost" in aims else aims[0]
    others = [a for a in aims if a != across]
    page = new_figure(WIDTH, 4.4 * len(others) + 0.5)
    for k, aim in enumerate(others):
        axes = page.add_subplot(len(others), 1, k + 1)
        _front(axes, result, across, aim, language)
        if k == 0:
            region = meta_of(result)["region_name"][language]
            title = "帕累托前沿：未见运行上的结果" if zh else "Pareto front, on runs that the search never saw"
            axes.set_title(f"{region} · {title}", pad=10)
    return finish(page, table_of(result), folder / "front.png", _foot(result, language), language)


def _front(axes: Axes, result: OptimiseResult, across: str, up: str, language: str) -> None:
    sizes = {a: _size(result, a) for a in (across, up)}
    for point in result.points:
        x, y = (point.scored[a][0] * sizes[a] for a in (across, up))
        ends = [point.panel[a][0] * sizes[a] for a in (across, up)]
        axes.plot([ends[0], x], [ends[1], y], color=GREY, linewidth=0.6, zorder=1)
        axes.plot(*[[e] for e in ends], "o", color="white", markeredgecolor=GREY, markersize=4.5, zorder=2)
        errors = [point.scored[a][1] * sizes[a] for a in (across, up)]
        axes.errorbar(x, y, xerr=errors[0], yerr=errors[1], fmt="o", color=BLUE, markersize=6, linewidth=0.8, zorder=3)
        apart = point.against[up][1] * sizes[up]
        axes.plot([x, x], [y - apart, y + apart], color=BLUE, linewidth=4, alpha=0.45, solid_capstyle="butt", zorder=3)
    x, y = (result.plan.scored[a][0] * sizes[a] for a in (across, up))
    errors = [result.plan.scored[a][1] * sizes[a] for a in (across, up)]
    axes.errorbar(x, y, xerr=errors[0], yerr=errors[1], fmt="D", color=VERMILION, markersize=7, linewidth=1, zorder=4)
    if across == "cost" and result.goal.budget is not None:
        axes.axvline(result.goal.budget, color=ORANGE, linestyle="--", linewidth=1)
    _axis(axes, "x", result, across, language)
    _axis(axes, "y", result, up, language)
    axes.margins(0.09, 0.12)
    clean(axes)
    _labels(axes, result, (across, up), language)


def _labels(axes: Axes, result: OptimiseResult, aims: tuple[str, str], language: str) -> None:
    """Write each point's number beside it and what it is known for, the plan's name and the budget's."""
    from simulator.report.optimise_page import roles

    zh, room = language == "zh", Room(*INCHES, axes.get_xlim(), axes.get_ylim())
    names = {p.number: name for name, p in roles(result, language)}
    spots: dict[int, list[tuple[Spot, Place]]] = {}
    for point in (result.plan, *result.points):
        at, error = (_at(result, point.scored, aims, k) for k in (0, 1))
        seen = _at(result, point.panel, aims, 0)
        ends = [(at[0], at[1] + side * error[1]) for side in (1, -1)]
        _take_bar(room, *ends)
        _take_bar(room, (at[0] - error[0], at[1]), (at[0] + error[0], at[1]))
        room.dot(*at, DOT, 4.0)
        spots[point.number] = [*((at, place) for place in BESIDE), *((ends[k], place) for k, place in AT_ENDS)]
        if point.number:
            room.line((seen[0], at[0]), (seen[1], at[1]), BAR)
            room.dot(*seen, DOT, 3.0)
            spots[point.number] += [(seen, place) for place in AT_SEEN]
    if aims[0] == "cost" and result.goal.budget is not None:
        x, top = result.goal.budget, axes.get_ylim()[1]
        room.line((x, x), axes.get_ylim(), BAR)
        text = f"{'预算' if zh else 'budget'} {figure(x, 'CNY', language)}"
        write_best(axes, room, [(text, (x, top), place) for place in BESIDE_LINE], "#9A6A00", 8, turned=True)
    write_best(axes, room, [("原方案" if zh else "plan as written", *s) for s in spots.pop(0)], VERMILION, 10)
    for number in sorted(spots, key=lambda n: (n not in names, n)):  # those with a name first: they need most room
        text, named = f"{number} {names.get(number, '')}".rstrip(), number in names
        write_best(axes, room, [(text, *s) for s in spots[number]], INK, 8.5 if named else 7.5, bold=named)


def _at(result: OptimiseResult, found: Mapping[str, tuple[float, float]], aims: tuple[str, str], which: int) -> Spot:
    """Return where a mix lies in the figure (0), or how far its standard errors reach (1)."""
    across, up = (found[a][which] * _size(result, a) for a in aims)
    return across, up


def _take_bar(room: Room, one: Spot, other: Spot) -> None:
    """Take an error bar with a little air around it."""
    ends = np.stack([room.at(*one), room.at(*other)])
    room.box(np.stack([ends.min(axis=0) - AIR * POINT, ends.max(axis=0) + AIR * POINT]), BAR)


def _size(result: OptimiseResult, aim: str) -> float:
    return 100.0 if aim in ("shortfall", "regret") else 1.0


def _axis(axes: Axes, which: str, result: OptimiseResult, aim: str, language: str) -> None:
    name = axis_name(aim, result.goal, language)
    axis = axes.xaxis if which == "x" else axes.yaxis
    if aim == "cost":
        largest = max(abs(p.scored[aim][0]) for p in (result.plan, *result.points))
        unit = scale_axis(axis, largest, "CNY", language)
        span = f"{result.scenario.years[0]}–{result.scenario.years[1]}"
        name = f"{name}（{span} 年合计，{unit}）" if language == "zh" else f"{name}, {span} in all, {unit}"
    elif aim == "probability":
        low, high = axes.get_ylim() if which == "y" else axes.get_xlim()
        (axes.set_ylim if which == "y" else axes.set_xlim)(max(low, -0.02), min(high, 1.02))
        if which == "y" and result.goal.least is not None:
            axes.axhline(result.goal.least, color=ORANGE, linestyle="--", linewidth=1)
    (axes.set_xlabel if which == "x" else axes.set_ylabel)(name)


def draw_doses(result: OptimiseResult, folder: Path, language: str) -> list[Path]:
    """Draw the doses of the plan and of each point as a heat map: the darker, the nearer to the upper bound."""
    import pandas

    zh, doses = language == "zh", result.doses.all
    points: Sequence[Point] = (result.plan, *result.points)
    table = np.array([[p.doses[k] for p in points] for k in range(len(doses))])
    low, high = (np.array([getattr(d, end) for d in doses])[:, None] for end in ("low", "high"))
    share = np.clip((table - low) / (high - low), 0.0, 1.0)
    page = new_figure(WIDTH, 0.3 * len(doses) + 1.7)
    axes = page.add_subplot()
    axes.imshow(share, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for k, dose in enumerate(doses):
        for j in range(len(points)):
            colour = "white" if share[k, j] > DARK else INK
            axes.text(j, k, _cell(dose.unit, table[k, j]), ha="center", va="center", fontsize=7.5, color=colour)
    axes.axvline(0.5, color="white", linewidth=4)
    heads = ["原方案" if zh else "plan", *(str(p.number) for p in result.points)]
    axes.set_xticks(range(len(points)), heads)
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(doses)), [_short(dose_name(result, d, language), language) for d in doses], fontsize=8)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    money = any(not d.scales and d.unit.startswith("CNY") for d in doses)
    what = "原方案剂量的倍数" if zh else "times the plan's dose"
    if money:
        what += "；资金为百万元" if zh else "; money in CNY mn"
    title = "前沿各方案的剂量" if zh else "Doses along the front, the cheapest mix on the left"
    axes.set_title(f"{title}{colon(language)}{what}", pad=24, fontsize=10)
    columns = {"dose": [d.name for d in doses], "plan": table[:, 0]}
    columns |= {f"point {p.number}": table[:, k + 1] for k, p in enumerate(result.points)}
    return finish(page, pandas.DataFrame(columns), folder / "doses.png", footer(meta_of(result), language), language)


def _cell(unit: str, value: float) -> str:
    return f"{value / 1e6:.3g}" if unit.startswith("CNY") else f"{value:.3g}"


def _short(text: str, language: str) -> str:
    width = NAME_WIDTH[language]
    return textwrap.shorten(text, width, placeholder="…") if language == "en" else text[:width]


def _foot(result: OptimiseResult, language: str) -> str:
    if language == "zh":
        band = "细误差线：一个标准误；粗线：与原方案之差的标准误；空心点：搜索所用运行上的结果，连线为乐观偏差"
    else:
        band = "thin bars: one standard error; thick: that of the difference from the plan as written; "
        band += "hollow: the same mix on the runs of the search; line: its optimism"
    return f"{band}\n{footer(meta_of(result), language)}"
