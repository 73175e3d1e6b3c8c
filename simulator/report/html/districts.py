"""Districts on a run's page: a scheme of where they lie, what the data say of each, what their governments answer for.

A run keeps totals of the city, so that nothing here is a result of one district: shares are those of the start.
"""

from __future__ import annotations

import math
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from markupsafe import Markup
from rich.cells import cell_len

from simulator.core.problems import InputError
from simulator.report.html.charts import shortened
from simulator.report.html.labels import label
from simulator.report.html.svg import picture, tag, tip
from simulator.report.style import in_lines
from simulator.report.words import colon, plain_number, semicolon
from simulator.study.output import ROOT

TILE, GAP, HIGH = 108.0, 5.0, 62.0
NORTH = 14.0
NAME_CELLS, SMALL_CELLS = 14, 17  # half-width characters of a name in a tile, and in small letters
SMALL = "small"  # class of these letters
DARK = 0.65  # shade from which letters are white
MEASURES = ("firm_share", "gdp_share", "incubator_share")  # columns of districts.csv
COUNTED = {"share of districts": 1.0, "percent of districts": 0.01}


class District(NamedTuple):
    """A district: its name, its place in km east and north of the centre, its shares of the city at the start."""

    name: str
    x: float
    y: float
    shares: dict[str, float]
    campus: bool


@lru_cache(maxsize=8)
def districts_of(region: str, language: str) -> tuple[District, ...]:
    """Return the districts that a city's data name, in their order; none where they cannot be read."""
    from simulator.world.region import load_region

    if not region.replace("-", "_").isidentifier():
        return ()
    with suppress(InputError, OSError, KeyError, ValueError):
        city = load_region(ROOT / "scenarios" / region / "region")
        columns = {k: city.district(k) for k in (*MEASURES, "x_km", "y_km", "university_town")}
        return tuple(
            District(
                city.names["district", name][language], float(columns["x_km"][k]), float(columns["y_km"][k]),
                {m: float(columns[m][k]) for m in MEASURES}, bool(columns["university_town"][k]),
            )
            for k, name in enumerate(city.districts)
        )  # fmt: skip
    return ()


def places(found: tuple[District, ...]) -> list[tuple[int, int]]:
    """Return the row and the column of each district in a grid: north above, and in each row west first."""
    count = len(found)
    across = max(math.ceil(math.sqrt(count)), 1)
    down = math.ceil(count / across)
    order = sorted(range(count), key=lambda k: -found[k].y)
    out, start = [(0, 0)] * count, 0
    for row in range(down):
        size = count // down + (row < count % down)
        for column, k in enumerate(sorted(order[start : start + size], key=lambda k: found[k].x)):
            out[k] = (row, column)
        start += size
    return out


def scheme(found: tuple[District, ...], language: str) -> Markup:
    """Return the districts as tiles, the darker the more firms: a scheme of who lies beside whom, not a map."""
    if not found:
        return Markup()
    grid, most = places(found), max(d.shares["firm_share"] for d in found) or 1.0
    parts = [tag("text", label("north", language), x=0, y=10, class_="unit")]
    for district, (row, column) in zip(found, grid, strict=True):
        parts += _tile(district, column * (TILE + GAP), NORTH + row * (HIGH + GAP), most, language)
    width = (max(c for _, c in grid) + 1) * (TILE + GAP) - GAP
    height = NORTH + (max(r for r, _ in grid) + 1) * (HIGH + GAP) - GAP
    return picture(width, height, parts, label("scheme", language), "scheme")


def _tile(district: District, x: float, y: float, most: float, language: str) -> list[Markup]:
    shade = district.shares["firm_share"] / most
    red, green, blue = (round(255 - shade * (255 - c)) for c in (0, 114, 178))
    ink = "#fff" if shade > DARK else "#222"
    said = semicolon(language).join(f"{label(m, language)} {_percent(district.shares[m])}" for m in MEASURES)
    said += f"{semicolon(language)}{label('campus', language)}" if district.campus else ""
    name = _in_tile(district.name.split(" (")[0].split("（")[0].removesuffix(" District"))
    first = 20 if len(name) == 1 else 13
    lines = [(text, first + 11 * k, 600, "" if len(name) == 1 else SMALL) for k, text in enumerate(name)]
    lines += [(f"{label(f'short {m}', language)} {_percent(district.shares[m])}", 40 + 14 * k, 400, "")
              for k, m in enumerate(MEASURES[:2])]  # fmt: skip
    texts = [
        tag("text", text, x=x + TILE / 2, y=y + down, text_anchor="middle", fill=ink, font_weight=weight, class_=size)
        for text, down, weight, size in lines
    ]
    box = {"x": x, "y": y, "width": TILE, "height": HIGH}
    tile = tag("rect", rx=4, fill=f"rgb({red},{green},{blue})", stroke="#bbb", **box)
    over = tag("rect", tip(f"{district.name}{colon(language)}{said}"), class_="hit", **box)
    return [tile, *texts, over]


def _in_tile(name: str) -> list[str]:
    """Return a name in one line of a tile, or in two of small letters where it is longer."""
    if cell_len(name) <= NAME_CELLS:
        return [name]
    first, *rest = in_lines(name, SMALL_CELLS)
    return [first, *([shortened("".join(rest), SMALL_CELLS)] if len(rest) > 1 else rest)]


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


def rows(found: tuple[District, ...], language: str) -> list[dict[str, Any]]:
    """Return a row a district: its shares of the city at the start."""
    return [
        {"name": d.name, "cells": [(_percent(d.shares[m]), d.shares[m]) for m in MEASURES],
         "campus": label("yes", language) if d.campus else "–"}
        for d in found
    ]  # fmt: skip


def counted(targets: list[dict[str, Any]], found: tuple[District, ...], language: str) -> list[str]:
    """Return for each target that is a share of districts how many of them that is, in the median and at the ends."""
    out = []
    for row in (r for r in targets if r["unit"] in COUNTED and found):
        whole = COUNTED[row["unit"]] * len(found)
        middle, low, high = (plain_number(round(float(row[k]) * whole)) for k in ("p50", "p05", "p95"))
        name = row["name_zh" if language == "zh" else "name"]
        asked = plain_number(round(float(row["value"]) * whole))
        given = {"id": row["id"], "name": name, "middle": middle, "low": low, "high": high, "all": len(found)}
        out.append(label("districts counted", language, asked=asked, year=int(row["year"]), **given))
    return out


def answering(shared: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of bureaus that stand for districts: their governments and the committees of zones."""
    return [row for row in shared if any(word in row["plan_name"] for word in ("区市", "（区）", "功能区", "高新区"))]
