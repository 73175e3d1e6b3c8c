"""Fan charts of the report: what was simulated year by year, what was observed, the target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from simulator.report.html.svg import Scale, band, path, picture, roomy, rules, spaced, tag, tip
from simulator.report.style import BLUE, GREEN, GREY, INK, SKY, VERMILION
from simulator.report.words import (
    bracketed,
    colon,
    full_figure,
    is_money,
    is_percent,
    number,
    plain_number,
    scale_of,
    scaled_unit,
    semicolon,
    unit_text,
    word,
)

if TYPE_CHECKING:
    import pandas

WIDTH, HEIGHT = 380.0, 226.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 56.0, 22.0, 20.0
LINE = 11.0  # height of a label
STAR = "M0,-7L1.8,-2.2L6.7,-2.2L2.8,0.9L4.2,5.7L0,2.9L-4.2,5.7L-2.8,0.9L-6.7,-2.2L-1.8,-2.2Z"


def fan_svg(
    row: dict[str, Any],
    frame: pandas.DataFrame,
    plan_start: float,
    language: str,
    beside: pandas.Series | None = None,
) -> Markup:
    """Return the fan of a target: ``row`` as ``as_level`` gives it, ``frame`` as ``fan_frame`` does.

    ``beside`` is the median of another scenario by year, in the unit of ``row``; it is drawn as a thin grey line.
    """
    rows = [{str(k): v for k, v in r.items()} for r in frame.to_dict("records")]
    if beside is not None:
        rows = [{**r, "beside": float(beside.get(r["year"], math.nan))} for r in rows]
    x, y = _scales(row, rows)
    most = max(float(row["value"]), *(float(r["p95"]) for r in rows))
    parts = [*_axes(x, y, rows, row["unit"], most, language), *_start(x, plan_start, rows, language)]
    xs = [x(r["year"]) for r in rows]
    for low, high, opacity in (("p05", "p95", 0.3), ("p25", "p75", 0.6)):
        outline = band(xs, [y(r[low]) for r in rows], [y(r[high]) for r in rows])
        parts.append(tag("path", d=outline, fill=SKY, fill_opacity=opacity))
    if "true_p50" in frame:
        line = path((x(r["year"]), y(r["true_p50"])) for r in rows)
        parts.append(tag("path", d=line, fill="none", stroke=GREEN, stroke_width=1.6, stroke_dasharray="4 3"))
    parts.append(tag("path", d=path((x(r["year"]), y(r["p50"])) for r in rows), class_="median"))
    if beside is not None:
        line = path((x(r["year"]), y(r["beside"])) for r in rows)
        parts.append(tag("path", d=line, class_="beside", fill="none", stroke=GREY, stroke_width=1.4))
    parts += [
        tag("circle", cx=x(r["year"]), cy=y(r["observed"]), r=3.2, fill=INK)
        for r in rows
        if math.isfinite(r["observed"])
    ]
    parts += [*_ends(x, y, rows[-1], "true_p50" in frame, language), *_target(x, y, row, rows, language)]
    parts += [_hover(x, r, row["unit"], language) for r in rows]
    name = row["name_zh"] if language == "zh" else row["name"]
    return picture(WIDTH, HEIGHT, parts, f"{row['id']} {name}", "fan")


def _scales(row: dict[str, Any], rows: list[dict[str, Any]]) -> tuple[Scale, Scale]:
    keys = ("p05", "p95", "true_p50", "observed", "beside")
    seen = [float(r[k]) for r in rows for k in keys if k in r and math.isfinite(r[k])] + [float(row["value"])]
    years = [r["year"] for r in rows]
    return Scale(years[0], years[-1], LEFT + 4, WIDTH - RIGHT), roomy(seen, HEIGHT - BOTTOM, TOP, zero=True)


def _axes(x: Scale, y: Scale, rows: list[dict[str, Any]], unit: str, most: float, language: str) -> list[Markup]:
    counted = not (is_percent(unit) or is_money(unit) or unit.startswith("share of"))
    factor, scale = scale_of(most, unit, language)
    out = rules(y, LEFT, WIDTH - RIGHT, factor, whole=counted and factor == 1.0)
    step = 1 if len(rows) < 7 else 2 if len(rows) < 13 else 3
    for r in rows[::-1][::step]:
        out.append(tag("text", int(r["year"]), x=x(r["year"]), y=HEIGHT - 6, text_anchor="middle"))
    return [*out, tag("text", scaled_unit(scale, unit, language), x=2, y=11, class_="unit")]


def _start(x: Scale, plan_start: float, rows: list[dict[str, Any]], language: str) -> list[Markup]:
    if not rows[0]["year"] < plan_start < rows[-1]["year"]:
        return []
    at = x(plan_start)
    line = tag("line", x1=at, x2=at, y1=TOP, y2=HEIGHT - BOTTOM, class_="start")
    return [line, tag("text", word("plan start", language), x=at, y=TOP - 3, text_anchor="middle", class_="dim")]


def _ends(x: Scale, y: Scale, last: dict[str, Any], true: bool, language: str) -> list[Markup]:
    """Name lines and bands at their right ends."""
    names = {"p95": ("95 %", GREY), "p50": ("中位数" if language == "zh" else "median", BLUE), "p05": ("5 %", GREY)}
    if true:
        names["true_p50"] = ("真实" if language == "zh" else "true", GREEN)
    ordered = sorted(names.items(), key=lambda item: -float(last[item[0]]))
    places = spaced([y(float(last[key])) for key, _ in ordered], LINE, TOP, HEIGHT - BOTTOM)
    return [
        tag("text", text, x=x(last["year"]) + 9, y=at + 3.5, fill=colour)
        for (_, (text, colour)), at in zip(ordered, places, strict=True)
    ]


def _target(x: Scale, y: Scale, row: dict[str, Any], rows: list[dict[str, Any]], language: str) -> list[Markup]:
    """Draw the target as a star with what it asks for, on the side of it where the fan is not."""
    at, height = x(row["year"]), y(float(row["value"]))
    bound = ">" if row["op"] == "gt" else "≥"
    text = f"{int(row['year'])}{colon(language)}{bound} {_short(row['value'], row['unit'], language)}"
    if "pace" in row:
        growth, per_year = row["pace"]
        text += bracketed(f"+{full_figure(growth, per_year, language)}", language)
    middle = next((float(r["p50"]) for r in rows if r["year"] == row["year"]), float(row["value"]))
    above = height < y(middle) or height > HEIGHT - BOTTOM - 20
    down = -10.0 if above and height > TOP + 14 else 17.0
    left, last = at > WIDTH * 0.55, at > WIDTH - RIGHT - 8  # at the end stand the names of the bands
    aside, anchor = -9 if last else 7 if left else -6, "end" if left else "start"
    label = tag("text", text, x=at + aside, y=height + down, text_anchor=anchor, class_="target")
    line = tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=height, y2=height, class_="level")
    star = tag("path", d=STAR, transform=f"translate({at:.1f} {height:.1f})", fill=VERMILION)
    return [line, star, label]


def _short(value: float, unit: str, language: str) -> str:
    text = number(value, unit, language)
    return f"{text} %" if is_percent(unit) else text


def _hover(x: Scale, r: dict[str, Any], unit: str, language: str) -> Markup:
    """Return the strip of a year that says its figures when it is pointed at."""
    factor, scale = scale_of(abs(float(r["p95"])), unit, language)
    middle, low, high = (plain_number(float(r[k]) / factor) for k in ("p50", "p05", "p95"))
    whole, zh = unit_text(unit, language), language == "zh"
    text = f"{int(r['year'])}{colon(language)}{middle} [{low}–{high}] {scale}{whole if zh else ' ' + whole}"
    for key, name in (("observed", word("observed", language)), ("true_p50", "真实" if zh else "true")):
        if key in r and math.isfinite(r[key]):
            text += f"{semicolon(language)}{name} {plain_number(float(r[key]) / factor)}"
    half = abs(x(r["year"] + 0.5) - x(r["year"]))
    return tag("rect", tip(text), x=x(r["year"]) - half, y=TOP, width=2 * half, height=HEIGHT - TOP, class_="hit")
