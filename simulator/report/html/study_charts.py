"""Charts of studies from plain values: rows of bars and intervals, lines over a factor, points of two aims.

A chart is a mapping that a file can keep: ``type`` (rows, lines, points), ``title``, texts in one language, numbers.
What lacks a part that it needs is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from markupsafe import Markup
from rich.cells import cell_len

from simulator.report.html.svg import Scale, band, dot, path, picture, roomy, rules, spaced, tag, ticks, tip
from simulator.report.style import BLUE, GREY, INK, ORANGE, SKY, VERMILION
from simulator.study.checked import items_of, mapping_of

CELL = (220.0, 20.0)  # of a row
WIDTH, HEIGHT = 380.0, 236.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 52.0, 24.0, 34.0
LINE = 11.0
COLOURS = {"up": BLUE, "down": VERMILION, "none": GREY, "main": BLUE, "other": ORANGE, "plan": INK}
MOST_CHARTS, MOST_ROWS, MOST_POINTS = 60, 200, 400


def drawn(found: object) -> list[dict[str, Any]]:
    """Return the charts of a page as a template shows them; those that cannot be drawn are left out."""
    out = []
    for chart in list(map(mapping_of, items_of(found)))[:MOST_CHARTS]:
        with suppress(KeyError, TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError):
            out.append({"type": chart["type"], "title": str(chart["title"]), **_KINDS[chart["type"]](chart)})
    return out


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


# ---- rows -------------------------------------------------------------------------------------------


def _rows(chart: dict[str, Any]) -> dict[str, Any]:
    """Return a table whose cells hold bars, intervals and dots on one scale."""
    x = Scale(float(chart["low"]), float(chart["high"]), 6.0, CELL[0] - 6.0)
    if not x.low < x.high:
        raise ValueError("a scale without length")
    marks = [_number(m) for m in items_of(chart.get("lines"))]
    shade = [_number(v) for v in items_of(chart.get("shade"))]
    rows = [_row(mapping_of(row), x, marks, shade) for row in items_of(chart["rows"])[:MOST_ROWS]]
    heads = [str(h) for h in items_of(chart.get("heads"))]
    return {"rows": rows, "heads": (*heads, "", "")[:2], "key": str(chart.get("key", "")), "axis": _axis(x, chart)}


def _axis(x: Scale, chart: dict[str, Any]) -> Markup:
    """Return the ends of the scale as text, with its unit."""
    names = chart.get("ends")
    if isinstance(names, list) and len(names) >= 2:
        places = [(_number(at), str(text)) for at, text in names]
    else:
        places = [(t, f"{t:,.6g}") for t in ticks(x.low, x.high, 4)]
    parts = [tag("text", text, x=x(at), y=11, text_anchor=_anchor(x, at)) for at, text in places]
    return picture(CELL[0], 14, parts, str(chart["title"]), "cell")


def _anchor(x: Scale, at: float) -> str:
    room = x(at)
    return "start" if room < 24 else "end" if room > CELL[0] - 24 else "middle"


def _row(row: dict[str, Any], x: Scale, marks: Sequence[float], shade: Sequence[float]) -> dict[str, Any]:
    width, height = CELL
    middle, colour = height / 2, COLOURS.get(str(row.get("class")), BLUE)
    at, low, high, start = (_number(row.get(k)) for k in ("x", "low", "high", "from"))
    said = str(row.get("tip") or row.get("value") or "")

    def place(value: float) -> float:
        return x(min(max(value, x.low), x.high))

    parts = []
    if len(shade) == 2:
        parts.append(tag("rect", x=place(shade[0]), y=0, width=place(shade[1]) - place(shade[0]), height=height,
                         fill="#E4E4E4"))  # fmt: skip
    parts += [tag("line", x1=place(m), x2=place(m), y1=0, y2=height, class_="goal") for m in marks if math.isfinite(m)]
    if math.isfinite(start) and math.isfinite(at):
        left, right = sorted((place(start), place(at)))
        parts.append(tag("rect", x=left, y=4, width=max(right - left, 0.8), height=height - 8, fill=colour))
    if math.isfinite(low) and math.isfinite(high):
        ink = INK if math.isfinite(start) else colour
        parts.append(tag("line", x1=place(low), x2=place(high), y1=middle, y2=middle, stroke=ink, stroke_width=2))
    if math.isfinite(at) and not math.isfinite(start):
        parts.append(dot(at, x, middle, colour))
    if math.isfinite(mark := _number(row.get("mark"))):
        parts.append(_diamond(place(mark), height - 5, INK))
    parts.append(tag("rect", tip(said), x=0, y=0, width=width, height=height, class_="hit"))
    svg = picture(width, height, parts, said, "cell")
    shown = {k: str(row.get(k, "")) for k in ("label", "note", "value")}
    return {**shown, "svg": svg, "sort": at if math.isfinite(at) else ""}


def _diamond(x: float, y: float, colour: str, size: float = 4.0) -> Markup:
    return tag("path", d=path([(x, y - size), (x + size, y), (x, y + size), (x - size, y)]) + "Z", fill=colour)


# ---- lines ------------------------------------------------------------------------------------------


def _lines(chart: dict[str, Any]) -> dict[str, Any]:
    """Return the median and the 90 % band over the values of a factor, and the target as a dotted line."""
    xs, middle, low, high = ([_number(v) for v in items_of(chart[k])] for k in ("xs", "p50", "p05", "p95"))
    names, said = [str(n) for n in items_of(chart["names"])], [str(s) for s in items_of(chart["tips"])]
    target, factor = _number(chart.get("target")), _number(chart.get("factor")) or 1.0
    x = Scale(min(xs), max(xs), LEFT + 6, WIDTH - RIGHT)
    y = roomy((v for v in (*low, *high, target) if math.isfinite(v)), HEIGHT - BOTTOM, TOP, zero=True)
    at = [x(v) for v in xs]
    unit = tag("text", str(chart.get("unit", "")), x=2, y=11, class_="unit")
    parts = [unit, *rules(y, LEFT, WIDTH - RIGHT, factor)]
    parts.append(tag("path", d=band(at, [y(v) for v in low], [y(v) for v in high]), fill=SKY, fill_opacity=0.35))
    parts.append(tag("path", d=path(zip(at, map(y, middle), strict=True)), class_="median"))
    parts += [tag("circle", cx=a, cy=y(v), r=3, fill=BLUE) for a, v in zip(at, middle, strict=True)]
    if math.isfinite(target):
        parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(target), y2=y(target), class_="level"))
        parts.append(tag("text", str(chart.get("target_text", "")), x=WIDTH - RIGHT, y=y(target) - 4,
                         text_anchor="end", class_="target"))  # fmt: skip
    ends = sorted(zip((high[-1], middle[-1], low[-1]), ("95 %", str(chart.get("middle", "50 %")), "5 %"),
                      strict=True), key=lambda e: -e[0])  # fmt: skip
    for where, (_, text) in zip(spaced([y(v) for v, _ in ends], LINE, TOP, HEIGHT - BOTTOM), ends, strict=True):
        parts.append(tag("text", text, x=at[-1] + 7, y=where + 3.5, class_="end"))
    parts += _factor_axis(at, names, str(chart.get("xname", "")))
    edges = [at[0], *((a + b) / 2 for a, b in pairwise(at)), at[-1]]
    edges[0], edges[-1] = LEFT, WIDTH - RIGHT + 6
    for k, text in enumerate(said[: len(at)]):
        parts.append(tag("rect", tip(text), x=edges[k], y=TOP, width=max(edges[k + 1] - edges[k], 1.0),
                         height=HEIGHT - TOP - BOTTOM, class_="hit"))  # fmt: skip
    return {"svg": picture(WIDTH, HEIGHT, parts, str(chart["title"]), "fan"), "key": str(chart.get("key", ""))}


def _factor_axis(at: Sequence[float], names: Sequence[str], title: str) -> list[Markup]:
    """Return the values of a factor under the axis, those left out for which there is no room, and its name."""
    out, last = [], -math.inf
    for where, name in zip(at, names, strict=False):
        half = 3.4 * cell_len(name)
        if where - half > last:
            out.append(tag("text", name, x=where, y=HEIGHT - 20, text_anchor="middle"))
            last = where + half + 4
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [*out, tag("text", title, x=middle, y=HEIGHT - 5, text_anchor="middle", class_="unit")]


# ---- points -----------------------------------------------------------------------------------------


def _points(chart: dict[str, Any]) -> dict[str, Any]:
    """Return points of two aims with their errors and their numbers."""
    points = [mapping_of(p) for p in items_of(chart["points"])[:MOST_POINTS]]
    xs, ys = ([_number(p[k]) for p in points] for k in ("x", "y"))
    dx, dy = ([abs(_number(p.get(k))) if math.isfinite(_number(p.get(k))) else 0.0 for p in points]
              for k in ("dx", "dy"))  # fmt: skip
    if not points or not all(map(math.isfinite, (*xs, *ys))):
        raise ValueError("a point without a place")
    x = roomy((end for v, d in zip(xs, dx, strict=True) for end in (v - d, v + d)), LEFT + 4, WIDTH - 16)
    y = roomy((end for v, d in zip(ys, dy, strict=True) for end in (v - d, v + d)), HEIGHT - BOTTOM, TOP)
    fx, fy = (_number(chart.get(k)) or 1.0 for k in ("xfactor", "yfactor"))
    parts = [tag("text", str(chart.get("yname", "")), x=2, y=11, class_="unit"), *rules(y, LEFT, WIDTH - 10, fy)]
    parts += [
        tag("text", f"{value / fx:,.6g}", x=x(value), y=HEIGHT - 20, text_anchor="middle")
        for value in ticks(x.low, x.high, 5)
    ]
    name = str(chart.get("xname", ""))
    parts.append(tag("text", name, x=(LEFT + WIDTH) / 2, y=HEIGHT - 5, text_anchor="middle", class_="unit"))
    for p, a, b, da, db in zip(points, xs, ys, dx, dy, strict=True):
        colour = COLOURS.get(str(p.get("class")), BLUE)
        parts.append(tag("line", x1=x(a - da), x2=x(a + da), y1=y(b), y2=y(b), stroke=colour, stroke_opacity=0.45))
        parts.append(tag("line", x1=x(a), x2=x(a), y1=y(b - db), y2=y(b + db), stroke=colour, stroke_opacity=0.45))
        parts.append(_diamond(x(a), y(b), colour, 5) if p.get("class") == "plan"
                     else tag("circle", cx=x(a), cy=y(b), r=4, fill=colour))  # fmt: skip
        parts.append(tag("circle", tip(str(p.get("tip", ""))), cx=x(a), cy=y(b), r=9, class_="hit"))
    parts += _named([(x(a), y(b), str(p.get("label", ""))) for p, a, b in zip(points, xs, ys, strict=True)])
    return {"svg": picture(WIDTH, HEIGHT, parts, str(chart["title"]), "fan"), "key": str(chart.get("key", ""))}


def _named(points: Sequence[tuple[float, float, str]]) -> list[Markup]:
    """Return the names of points, each as near to its own as it does not lie on another name."""
    taken: list[tuple[float, float, float, float]] = []
    out = []
    for x, y, text in sorted(points, key=lambda p: -len(p[2])):
        wide = 6.2 * cell_len(text)
        left = max(min(x - wide / 2, WIDTH - 4 - wide), LEFT)
        for down in (-8.0, 16.0, -20.0, 28.0, -32.0, 40.0, -44.0, 52.0):
            box = (left, y + down - 10, left + wide, y + down + 2)
            inside = box[1] > TOP - 8 and box[3] < HEIGHT - BOTTOM
            if inside and not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
                taken.append(box)
                out.append(tag("text", text, x=left, y=y + down, class_="name"))
                break
    return out


_KINDS = {"rows": _rows, "lines": _lines, "points": _points}
