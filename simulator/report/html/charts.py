"""Charts of the report besides fans: money as stacked areas, steps of an attribution, differences in a cell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from rich.cells import cell_len

from simulator.report.attribution_figure import COLOURS as PART_COLOURS
from simulator.report.board import is_clear
from simulator.report.html.svg import Scale, band, dot, picture, rules, spaced, tag, tip
from simulator.report.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, VERMILION
from simulator.report.terminal_attribution import name_of, sizes_of
from simulator.report.words import colon, part, plain_number

WIDTH, HEIGHT = 460.0, 260.0
LEFT, TOP, BOTTOM = 46.0, 20.0, 20.0
LINE = 12.0
SERIES_COLOURS = (BLUE, ORANGE, GREEN, SKY, PURPLE, VERMILION, "#F0E442", "#8C6D31", "#999999")
LABEL_CELLS = 22  # half-width characters of a label beside an area
STRIP = (120.0, 12.0)
STEPS = (320.0, 44.0)
FOREST = (190.0, 20.0)


@dataclass(frozen=True)
class Layer:
    """One layer of stacked areas: its label, its colour, a figure for each year."""

    label: str
    colour: str
    values: Sequence[float]
    title: str = ""


def areas(layers: Sequence[Layer], years: Sequence[int], factor: float, unit: str, plan_start: float) -> Markup:
    """Return yearly sums as areas on top of each other, named at their right ends; ``factor`` makes ``unit`` of CNY."""
    totals = [sum(layer.values[k] for layer in layers) / factor for k in range(len(years))]
    right = WIDTH - 16.0 - 6.5 * max(cell_len(layer.label) for layer in layers)
    x, y = Scale(years[0], years[-1], LEFT, right), Scale(0.0, 1.05 * max(*totals, 1e-12), HEIGHT - BOTTOM, TOP)
    parts = [tag("text", unit, x=2, y=11, class_="unit"), *rules(y, LEFT, right)]
    below, xs, ends = [0.0] * len(years), [x(year) for year in years], []
    for layer in layers:
        above = [b + v / factor for b, v in zip(below, layer.values, strict=True)]
        outline = band(xs, [y(b) for b in below], [y(a) for a in above])
        total = plain_number(sum(layer.values) / factor)
        said = f"{layer.title or layer.label}: {total} {unit}"
        parts.append(tag("path", tip(said), d=outline, fill=layer.colour, class_="layer"))
        ends.append((y((below[-1] + above[-1]) / 2.0), layer))
        below = above
    ends.reverse()  # from the top down
    for at, (_, layer) in zip(spaced([e for e, _ in ends], LINE, TOP, HEIGHT - BOTTOM), ends, strict=True):
        parts.append(tag("rect", x=right + 4, y=at - 4, width=7, height=8, fill=layer.colour))
        parts.append(tag("text", layer.label, x=right + 14, y=at + 3.5))
    parts += _years(x, years, plan_start)
    return picture(WIDTH, HEIGHT, parts, unit, "areas")


def _years(x: Scale, years: Sequence[int], plan_start: float) -> list[Markup]:
    step = 1 if len(years) < 8 else 2 if len(years) < 14 else 3
    out = [tag("text", year, x=x(year), y=HEIGHT - 6, text_anchor="middle") for year in years[::-1][::step]]
    if years[0] < plan_start < years[-1]:
        at = x(plan_start)
        out.append(tag("line", x1=at, x2=at, y1=TOP, y2=HEIGHT - BOTTOM, class_="start"))
    return out


def shortened(text: str, cells: int = LABEL_CELLS) -> str:
    """Return a label that takes no more than so many half-width characters."""
    out = ""
    for char in text:
        if cell_len(out + char) > cells - 1:
            return out.rstrip() + "…"
        out += char
    return out


def strip(row: Mapping[str, Any], language: str) -> Markup:
    """Return the parts of a target's change as one bar, each as long as its size; what is missing is hatched."""
    sizes = sizes_of(row)
    if not sizes:
        return Markup()
    total, at, parts, (width, height) = sum(sizes.values()), 0.0, list[Markup](), STRIP
    for name, size in sizes.items():
        length = width * size / total
        said = f"{name_of(name, language)}{colon(language)}{part(row[name], row['unit'], language, row['target'])}"
        fill = "url(#hatch)" if name == "gap" else PART_COLOURS[name]
        parts.append(tag("rect", tip(said), x=at, y=0, width=length, height=height, fill=fill, class_="hover"))
        if row[name] < 0 and name != "gap" and length > 8:  # a part that pulls back
            parts.append(tag("text", "−", x=at + length / 2, y=height - 2, text_anchor="middle", fill="white"))
        at += length
    return picture(width, height, parts, name_of("plan", language), "strip")


def steps(row: Mapping[str, Any], language: str) -> Markup:
    """Return the way from where a target stood to what is reached, a step for each part, and the target's line."""
    width, height = STEPS
    levels = [float(row["before"])]
    for name in PART_COLOURS:
        levels.append(levels[-1] + float(row[name]))
    low, high = min(0.0, *levels, row["target"]), max(*levels, row["target"])
    x, thick = Scale(low, high, 6.0, width - 6.0), (height - 8.0) / 5
    parts = [tag("rect", x=x(min(0.0, levels[0])), y=4, width=abs(x(levels[0]) - x(0.0)), height=thick, fill="#D5D5D5")]
    for k, (name, colour) in enumerate(PART_COLOURS.items()):
        start, end = x(levels[k]), x(levels[k + 1])
        said = f"{name_of(name, language)}{colon(language)}{part(row[name], row['unit'], language, row['target'])}"
        box = {"x": min(start, end), "width": max(abs(end - start), 0.8)}
        top = 4 + (k + 1) * thick
        parts.append(tag("line", x1=start, x2=start, y1=top - thick, y2=top + thick, class_="rule"))
        parts.append(tag("rect", tip(said), y=top, height=thick, fill=colour, class_="hover", **box))
    goal = x(float(row["target"]))
    parts.append(tag("line", x1=goal, x2=goal, y1=1, y2=height - 1, class_="goal"))
    parts.append(tag("circle", cx=x(levels[-1]), cy=height - 4 - thick / 2, r=3, fill=INK))
    return picture(width, height, parts, str(row["id"]), "steps")


def forest_scale(rows: Sequence[Mapping[str, Any]]) -> Scale:
    """Return the scale on which the differences of all targets stand, in percent of each target."""
    ends = sorted(
        abs(100.0 * float(r[k]) / abs(float(r["target"])))
        for r in rows
        for k in ("ci_low", "ci_high")
        if r["target"] and math.isfinite(r[k])
    )
    most = ends[int(0.9 * (len(ends) - 1))] if ends else 1.0  # a single far one does not press the others together
    most = max(most, 0.1) * 1.05
    return Scale(-most, most, 4.0, FOREST[0] - 4.0)


def forest_cell(row: dict[str, Any], x: Scale, said: str) -> Markup:
    """Return a difference with its interval as a dot on a line about zero."""
    width, height = FOREST
    whole, middle = abs(float(row["target"])) or 1.0, height / 2
    points = [100.0 * float(row[k]) / whole for k in ("difference", "ci_low", "ci_high")]
    colour = (BLUE if row["difference"] > 0 else VERMILION) if is_clear(row) else GREY
    low, high = (x(min(max(p, x.low), x.high)) for p in points[1:])
    parts = [tag("line", x1=x(0), x2=x(0), y1=0, y2=height, stroke=GREY)]
    if all(map(math.isfinite, points[1:])):
        parts.append(tag("line", x1=low, x2=high, y1=middle, y2=middle, stroke=colour, stroke_width=2))
    if math.isfinite(points[0]):
        parts.append(dot(points[0], x, middle, colour))
    parts.append(tag("rect", tip(said), x=0, y=0, width=width, height=height, class_="hit"))
    return picture(width, height, parts, said, "forest")
