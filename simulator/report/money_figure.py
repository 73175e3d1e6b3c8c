"""The figure of the money: what each payer pays in each year, as stacked areas, and what flows back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.core.ledger import PAYERS
from simulator.report.placing import apart
from simulator.report.style import GREY, INK, PAYER_COLOURS, Margins, clean, finish, footer, new_figure
from simulator.report.words import bracketed, money_factor, money_unit, plain_number, word
from simulator.study.tables import NATIONAL_LAW, NET_SIGN

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

    from simulator.study.tables import Tables

WIDTH, HEIGHT = 8.6, 4.2  # inches
MARGINS = Margins(left=0.75, right=1.55, top=0.4, bottom=0.35)
LEAST_APART = 0.055  # of the height of the axes: between the names at the right ends
TITLE = ("What each payer pays a year", "各出资方历年支出")
NOTE = (
    "Outlay, administration and tax forgone, mean over runs, CNY of the year; guarantees and what national law forgoes"
    " anyway are left out; hatched: recovered.",
    "支出、运行费与减税合计，各次运行平均，当年价；不含或有负债与国家法规本身的减税；斜线：收回。",
)


def draw_money(tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw what each payer pays by year; nothing where the scenario costs nothing."""
    frame = yearly(tables)
    if frame.empty:
        return []
    zh, factor, unit = language == "zh", *_scale(frame, language)
    page = new_figure(WIDTH, HEIGHT)
    axes = page.add_subplot()
    ends, years = _areas(axes, frame, factor, language), frame.index.to_numpy(float)
    low, high = axes.get_ylim()
    ends.sort(key=lambda end: end[0])
    for at, (_, text, colour) in zip(apart([e[0] for e in ends], LEAST_APART * (high - low)), ends, strict=True):
        axes.annotate("■", (years[-1], at), (5, 0), textcoords="offset points", color=colour, va="center", fontsize=8)
        axes.annotate(text, (years[-1], at), (16, 0), textcoords="offset points", color=INK, va="center", fontsize=8)
    start = tables.meta["plan_start"]
    if years[0] < start < years[-1]:
        axes.axvline(start, color=INK, linewidth=0.8, linestyle="--")
        axes.annotate(
            word("plan start", language), (start, high), (-3, -2), textcoords="offset points",
            ha="right", va="top", rotation=90, fontsize=7.5, color=INK,
        )  # fmt: skip
    axes.set_xticks(years)
    axes.set_ylabel(f"{unit}{'/年' if zh else ' a year'}")
    clean(axes)
    span = f"{int(years[0])}–{int(years[-1])}"
    sums = f"右侧为 {span} 年合计，{unit}" if zh else f"at the right: sums of {span}, {unit}"
    axes.set_title(f"{tables.meta['region_name'][language]} · {TITLE[zh]}{bracketed(sums, language)}", fontsize=10)
    foot = f"{NOTE[zh]}\n{footer(tables.meta, language)}"
    return finish(page, frame.reset_index(), folder / "money.png", foot, language, MARGINS)


def _scale(frame: pandas.DataFrame, language: str) -> tuple[float, str]:
    """Return how much CNY the unit has that the figure is written in, and its name."""
    least = 0.1 if language == "zh" else 1.0  # of 100 million and of a billion
    small = float(frame.drop(columns="recovered").sum(axis=1).max()) < least * money_factor(language)
    return money_factor(language, small=small), money_unit(language, small=small)


def _areas(axes: Axes, frame: pandas.DataFrame, factor: float, language: str) -> list[tuple[float, str, str]]:
    """Draw the areas; return the middle of each at its right end, with its name, sum and colour."""
    years, below, ends = frame.index.to_numpy(float), np.zeros(len(frame)), list[tuple[float, str, str]]()
    for payer in frame.columns.drop("recovered"):
        part = frame[payer].to_numpy() / factor
        axes.fill_between(years, below, below + part, color=PAYER_COLOURS[payer], linewidth=0)
        text = f"{word(payer, language)} {plain_number(float(part.sum()))}"
        ends.append((float(below[-1] + part[-1] / 2.0), text, PAYER_COLOURS[payer]))
        below = below + part
    back = -frame["recovered"].to_numpy() / factor
    if back.any():
        axes.fill_between(years, back, 0.0, facecolor="white", edgecolor=INK, hatch="////", linewidth=0.6)
        text = f"{word('recovered', language)} {plain_number(float(-back.sum()))}"
        ends.append((float(back[-1]) / 2.0, text, INK))
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_xlim(years[0], years[-1])
    axes.set_ylim(1.05 * min(float(back.min()), 0.0), 1.06 * float(below.max()))
    return ends


def yearly(tables: Tables) -> pandas.DataFrame:
    """Return by year what each payer pays, (T, payers) in CNY, with what is ``recovered`` in the last column."""
    costs = tables.costs[tables.costs["entry"] != NATIONAL_LAW]
    sums = costs.assign(paid=costs["mean"].where(costs["kind"].map(NET_SIGN) > 0, 0.0))
    first, last = tables.meta["years"]
    years = range(int(first), int(last) + 1)
    frame = sums.pivot_table(index="year", columns="payer", values="paid", aggfunc="sum", fill_value=0.0)
    frame = frame.reindex(years, fill_value=0.0)[[p for p in PAYERS if p in frame and frame[p].any()]]
    frame.columns.name = None
    if not frame.columns.empty:
        back = costs[costs["kind"] == "recovered"].groupby("year")["mean"].sum()
        frame["recovered"] = back.reindex(years, fill_value=0.0)
    return frame
