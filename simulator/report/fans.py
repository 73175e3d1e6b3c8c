"""Fan charts: what was simulated year by year, what was observed, and the target."""

from __future__ import annotations

import csv
import math
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.report.board import board_of, chance, has_error
from simulator.report.placing import Place, Room, write, write_best
from simulator.report.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    SKY,
    VERMILION,
    Margins,
    clean,
    finish,
    footer,
    new_figure,
    scale_axis,
    styled,
)
from simulator.report.words import bracketed, colon, full_figure, is_money, is_percent, scale_of, word
from simulator.report.words import figure as shown
from simulator.study.replicates import processors
from simulator.study.targets import CALIBRATION, SIMULATED

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

    from simulator.study.tables import Tables

QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
COLUMNS, LINES = 3, 4  # fans beside and below each other on a page
ALONE = Margins(left=0.85, right=0.1, top=0.6, bottom=0.35)
TOGETHER = Margins(left=0.75, right=0.1, top=0.5, bottom=0.4, between=(0.25, 0.45))
LONGEST_TITLE = 44
INCHES = {True: (3.19, 1.8), False: (5.45, 2.9)}  # about how large the axes of a small fan and of one alone are
BESIDE_STAR = (
    Place(-6, 6, "right", "bottom", 0),
    Place(6, -6, "left", "top", 1),
    Place(0, 9, "center", "bottom", 2),
    Place(0, -9, "center", "top", 3),
    Place(-6, -6, "right", "top", 4),
    Place(6, 6, "left", "bottom", 5),
    Place(-9, 0, "right", "center", 6),
    Place(9, 0, "left", "center", 7),
)
BESIDE_DOT = (
    Place(4, -3, "left", "top", 0),
    Place(4, 3, "left", "bottom", 1),
    Place(-4, -3, "right", "top", 2),
    Place(-4, 3, "right", "bottom", 3),
)
BESIDE_START = (
    (0, Place(2, 2, "left", "bottom", 0)),  # at the lower end of its line
    (0, Place(-2, 2, "right", "bottom", 1)),
    (1, Place(2, -2, "left", "top", 2)),  # at the upper end
    (1, Place(-2, -2, "right", "top", 3)),
)


def draw_fans(tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw a fan chart for each simulated target, a page of them each time (``fans-1.png``, ``fans-2.png``).

    Outcome and growth targets come first, as on the board; the few most in doubt get a picture of their own.
    """
    board = board_of(tables.targets[tables.targets["status"] == SIMULATED])
    rows, doubtful = [*board.headline, *board.others], {row["id"] for row in board.most_in_doubt()}
    if not rows:
        return []
    fans = fans_of(tables.series, {r["indicator"] for r in rows} | {r["true_indicator"] for r in rows})
    observed = history(tables.meta["region"])
    rows = [as_level(row, fans, tables.meta.get("periods", {})) for row in rows]
    frames = [fan_frame(row, fans, observed) for row in rows]
    step, pages = COLUMNS * LINES, []
    for first in range(0, len(rows), step):
        mine, shown = rows[first : first + step], frames[first : first + step]
        foot = footer(tables.meta, language, band=True, true=any("true_p50" in frame for frame in shown))
        path = folder / f"fans-{first // step + 1}.png"
        pages.append(Page(mine, shown, tables.meta, language, foot, path))
    for row, frame in zip(rows, frames, strict=True):
        if row["id"] in doubtful:
            foot = footer(tables.meta, language, band=True, true="true_p50" in frame)
            path = folder / f"fan-{row['id']}.png"
            pages.append(Page([row], [frame], tables.meta, language, foot, path, alone=True))
    # A pool of its own and not the engine of studies: these are pictures, drawn in a second, nothing of them is kept.
    methods, jobs = multiprocessing.get_all_start_methods(), min(processors(), len(pages))
    if "fork" not in methods or jobs < 2:
        return [path for page in pages for path in draw_page(page)]
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork")) as pool:
        return [path for paths in pool.map(draw_page, pages) for path in paths]


@dataclass(frozen=True)
class Page:
    """A picture to draw: one fan, or several beside each other; all that a process needs to draw it."""

    rows: list[dict[str, Any]]
    frames: list[pandas.DataFrame]
    meta: dict[str, Any]
    language: str
    foot: str
    path: Path
    alone: bool = False


def draw_page(page: Page) -> list[Path]:
    """Draw one picture and return its files."""
    import pandas

    with styled(page.language):
        if page.alone:
            figure = new_figure(6.4, 4.2)
            draw_fan(figure.add_subplot(), page.rows[0], page.frames[0], page.meta, page.language, small=False)
            return finish(figure, page.frames[0], page.path, page.foot, page.language, ALONE)
        lines = math.ceil(len(page.rows) / COLUMNS)
        figure = new_figure(4.0 * COLUMNS, 2.6 * lines + 0.5)
        for i, (row, frame) in enumerate(zip(page.rows, page.frames, strict=True)):
            draw_fan(figure.add_subplot(lines, COLUMNS, i + 1), row, frame, page.meta, page.language, small=True)
        numbers = pandas.concat(
            [frame.assign(target=row["id"]) for row, frame in zip(page.rows, page.frames, strict=True)]
        )
        return finish(figure, numbers, page.path, page.foot, page.language, TOGETHER)


def fans_of(series: pandas.DataFrame, names: set[str]) -> dict[str, pandas.DataFrame]:
    """Return quantiles by year of the named indicators, in their own units."""
    mine = series[series["indicator"].isin(names)]
    table = mine.groupby(["indicator", "year"])["value"].quantile(np.array(list(QUANTILES.values()))).unstack()
    table.columns = list(QUANTILES)
    return {str(name): part.droplevel(0) for name, part in table.groupby(level=0)}


def history(region: str) -> dict[str, dict[int, float]]:
    """Return what was observed in a region, by indicator and year, in the indicators' units."""
    path = CALIBRATION / "history" / f"{region}.csv"
    found: dict[str, dict[int, float]] = {}
    if path.is_file():
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["indicator"], {})[int(row["year"])] = float(row["value"])
    return found


def as_level(row: dict[str, Any], fans: dict[str, pandas.DataFrame], periods: dict[str, list[int]]) -> dict[str, Any]:
    """Return a growth target as the level to which that growth would lead, from the median of its first year.

    ``periods`` gives base year and last year by target. Other targets are returned as they are, and so are rates.
    The level is in the indicator's own unit.
    """
    from simulator.model import INDICATORS

    period, indicator = periods.get(row["id"]), INDICATORS.get(row["indicator"])
    if row["kind"] != "growth" or period is None or indicator is None or indicator.kind == "rate":
        return row
    first, last = period
    base = float(fans[row["indicator"]]["p50"].get(first, np.nan))
    level = base * (1.0 + row["value"] / row["scale"]) ** (last - first)
    pace = row["value"], row["unit"]
    return {**row, "value": level, "scale": 1.0, "unit": INDICATORS[row["indicator"]].unit, "pace": pace}


def fan_frame(
    row: dict[str, Any], fans: dict[str, pandas.DataFrame], observed: dict[str, dict[int, float]]
) -> pandas.DataFrame:
    """Return what a fan chart draws, by year and in the unit of ``row``."""
    frame = fans[row["indicator"]] * row["scale"]
    years = frame.index
    if row["true_indicator"] in fans:
        frame["true_p50"] = fans[row["true_indicator"]]["p50"] * row["scale"]
    seen = observed.get(row["indicator"], {})
    frame["observed"] = [seen.get(int(y), np.nan) * row["scale"] for y in years]
    frame["target"] = [row["value"] if int(y) == row["year"] else np.nan for y in years]
    return frame.reset_index()


def draw_fan(
    axes: Axes,
    row: dict[str, Any],
    frame: pandas.DataFrame,
    meta: dict[str, Any],
    language: str,
    *,
    small: bool,
) -> None:
    """Draw a fan: bands of 90 % and 50 %, median, observed points, the target with year and value."""
    from matplotlib.ticker import MaxNLocator

    years, unit, size = frame["year"], row["unit"], 7 if small else 8.5
    axes.fill_between(years, frame["p05"], frame["p95"], color=SKY, alpha=0.3, linewidth=0)
    axes.fill_between(years, frame["p25"], frame["p75"], color=SKY, alpha=0.6, linewidth=0)
    axes.plot(years, frame["p50"], color=BLUE, linewidth=1.8)
    if "true_p50" in frame:
        axes.plot(years, frame["true_p50"], color=GREEN, linewidth=1.4, linestyle="--")
    axes.plot(years, frame["observed"], "o", color=INK, markersize=4, zorder=5.5)  # over a star
    axes.plot([row["year"]], [row["value"]], marker="*", color=VERMILION, markersize=13, zorder=5)
    if row["kind"] == "growth":
        axes.axhline(row["value"], color=VERMILION, linewidth=0.8, linestyle=":")
    start = meta["plan_start"] if years.iloc[0] < meta["plan_start"] < years.iloc[-1] else None
    if start is not None:
        axes.axvline(start, color=GREY, linewidth=0.8, linestyle="--")
    axes.margins(x=0.02, y=0.13)  # room above for the target's text
    axes.set_xlim(years.iloc[0] - 0.2, years.iloc[-1] + (2.8 if small else 2.0))
    room = Room(*INCHES[small], axes.get_xlim(), axes.get_ylim())
    _direct_labels(axes, room, frame, language, size)
    _place_labels(axes, room, row, frame, start, language, size)
    most = float(np.nanmax([frame["p95"].max(), row["value"]]))
    whole = not (is_percent(unit) or is_money(unit) or unit.startswith("share of"))
    whole = whole and scale_of(most, unit, language)[0] == 1.0
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5 if small else 7, integer=whole, steps=[1, 2, 2.5, 5, 10]))
    label = scale_axis(axes.yaxis, most, unit, language)
    name = row["name_zh"] if language == "zh" else row["name"]
    title = f"{row['id']} {name}"
    if small:
        title = title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"
        axes.set_title(f"{title}\n{word('probability', language)} = {chance(row):.2f}", fontsize=8)
        axes.set_ylabel(label, fontsize=7)
    else:
        low, high = row["probability_low"], row["probability_high"]
        said = f"{word('probability', language)} = {chance(row):.2f}"
        futures = f"{row['probability']:.2f} [{low:.2f}–{high:.2f}]"
        plain = f"不计模型自身误差为 {futures}" if language == "zh" else f"without the model's own error {futures}"
        said += bracketed(plain, language) if has_error(row) else f" [{low:.2f}–{high:.2f}]"
        axes.set_title(f"{title}\n{said}", fontsize=10)
        axes.set_ylabel(label)
    span = int(years.iloc[-1] - years.iloc[0])
    step = next((k for k in (3, 2, 4) if span % k == 0), 3) if small else 1  # so that the last year is written
    axes.set_xticks([y for y in years if (y - years.iloc[0]) % step == 0])
    axes.tick_params(labelsize=size - 0.5)
    clean(axes)


def _direct_labels(axes: Axes, room: Room, frame: pandas.DataFrame, language: str, size: float) -> None:
    """Name lines and bands at their right ends, kept apart from each other; no legend to look up."""
    last = frame.iloc[-1]
    names = {
        "p05": ("5 %", GREY),  # from the lowest up: equal ones stay in this order
        "p50": ("中位数" if language == "zh" else "median", BLUE),
        "p95": ("95 %", GREY),
    }
    if "true_p50" in frame:
        names["true_p50"] = ("真实" if language == "zh" else "true", GREEN)
    bottom, top = axes.get_ylim()
    gap, placed = (top - bottom) * 0.055, -math.inf
    for key, (text, colour) in sorted(names.items(), key=lambda item: float(last[item[0]])):
        y = max(float(last[key]), placed + gap)
        placed = y
        place = Place(9, 0, "left", "center")
        write(axes, room, text, (float(last["year"]), y), place, colour, size - 1)


def _place_labels(
    axes: Axes,
    room: Room,
    row: dict[str, Any],
    frame: pandas.DataFrame,
    start: float | None,
    language: str,
    size: float,
) -> None:
    """Name the plan's start, the target and what was observed where each covers least of the rest."""
    years, star = frame["year"], (float(row["year"]), float(row["value"]))
    for key, weight in {"p05": 1.0, "p25": 0.5, "p50": 3.0, "p75": 0.5, "p95": 1.0, "true_p50": 3.0}.items():
        if key in frame:
            room.line(years, frame[key], weight)
    for year, seen in zip(years, frame["observed"], strict=True):
        room.dot(year, seen, 20.0, 2.5)
    room.dot(*star, 20.0, 6.0)
    ends = axes.get_ylim()
    if row["kind"] == "growth":
        room.line(axes.get_xlim(), (star[1], star[1]), 0.5)
    if start is not None:
        spots = [(word("plan start", language), (start, ends[end]), place) for end, place in BESIDE_START]
        write_best(axes, room, spots, GREY, size - 1.5, turned=True)
        room.line((start, start), ends, 12.0)
    texts = _target_texts(row, language)
    write_best(axes, room, [(text, star, place) for text in texts for place in BESIDE_STAR], VERMILION, size)
    seen = frame.dropna(subset=["observed"])
    dots = list(zip(seen["year"].astype(float), seen["observed"], strict=True))
    spots = [(word("observed", language), dot, place) for dot in dots for place in BESIDE_DOT]
    write_best(axes, room, spots, INK, size - 1)


def _target_texts(row: dict[str, Any], language: str) -> tuple[str, str]:
    """Return a target's year and value, and the pace that a level stands for: on one line, and on two."""
    bound, year = ">" if row["op"] == "gt" else "≥", f"{row['year']}{colon(language)}"
    value = f"{bound} {shown(row['value'], row['unit'], language)}"
    if "pace" not in row:
        return year + value, f"{year.rstrip()}\n{value}"
    growth, per_year = row["pace"]  # the level is where the growth that the plan asks for would lead
    pace = bracketed(f"+{full_figure(growth, per_year, language)}", language)
    return year + value + pace, f"{year}{value}\n{pace.strip()}"
