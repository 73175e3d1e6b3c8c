"""Figures of a sweep: lines with bands over one factor, heat maps over two, small scatter plots over more."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.report.style import styled, usable_language
from simulator.report.sweep_lines import draw_lines
from simulator.report.sweep_maps import draw_maps, draw_scatter
from simulator.report.sweep_shared import column

if TYPE_CHECKING:
    from simulator.study.sweep import SweepResult

MOST_CELLS = 12  # values of a factor that still fit a heat map with a figure in each cell


def draw_sweep(result: SweepResult, folder: Path, language: str) -> list[Path]:
    """Draw a sweep into a folder; returns the files, each .png with a .csv of its numbers.

    Where the outcomes were not chosen, those that the factors move most are drawn, and the footer says so.
    """
    shown = usable_language(language)
    if len(result.plan.points) < 2:
        return []
    with styled(shown):
        if len(result.plan.names) == 1:
            return draw_lines(result, folder, shown)
        if len(result.plan.names) == 2 and is_full_grid(result):
            return draw_maps(result, folder, shown)
        return draw_scatter(result, folder, shown)


def is_full_grid(result: SweepResult) -> bool:
    """Return whether two factors take every combination of their values, few enough for a heat map."""
    counts = [len(set(column(result, name))) for name in result.plan.names]
    whole = {tuple(result.value(i, n) for n in result.plan.names) for i in range(len(result.plan.points))}
    return math.prod(counts) == len(whole) and max(counts) <= MOST_CELLS and min(counts) > 1
