"""The figure of a comparison of several scenarios: for every pair, how often one reaches more of a target."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.report.board import records
from simulator.report.style import GREY, INK, finish, footer, new_figure
from simulator.report.terminal_wins import is_clear_win, wins_shown
from simulator.study.comparison_win import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulator.study.tables import Tables

MOST_PANELS = 6
CELL = 0.62  # inches
LABEL = {"en": 26, "zh": 17}  # characters a line


def draw_wins(tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw a matrix of shares of futures for the chosen targets together and for each that was named.

    Nothing for one scenario and its baseline alone unless targets were named.
    """
    panels, runs = wins_shown(tables)[:MOST_PANELS], tables.meta["runs"]
    if tables.win is None or not panels:
        return []
    across = min(len(panels), 2 if len(runs) > 3 else 3)
    down = -(-len(panels) // across)
    size, left = CELL * len(runs), 2.3
    width = max(left + across * (size + 0.55), 6.4)
    page = new_figure(width, down * (size + 0.85) + 0.9)
    titles = [textwrap.fill(f"({k})\u00a0{run['title'][language]}", LABEL[language]) for k, run in enumerate(runs, 1)]
    for number, name in enumerate(panels):
        axes = page.add_subplot(down, across, number + 1)
        _matrix(axes, tables, name, titles if number % across == 0 else None, language)
    head = (
        "各情景两两比较：行高于列的模拟未来占比"
        if language == "zh"
        else "Share of simulated futures in which the row reaches more than the column"
    )
    page.suptitle(head, x=0.01, ha="left", fontsize=11)
    kept = tables.win[tables.win["id"].isin(panels)]
    note = (
        "蓝：行更高；红：列更高；数字加粗：90 % 区间不含 0.5；持平各计一半"
        if language == "zh"
        else "Blue: the row is higher more often; red: the column; bold: 90 % interval leaves out 0.5; ties count half"
    )
    stamp = {**tables.meta, "completed": int(kept["pairs"].max())}
    return finish(page, kept, folder / "wins.png", f"{note}\n{footer(stamp, language)}", language)


def _matrix(axes: Axes, tables: Tables, name: str, titles: list[str] | None, language: str) -> None:
    assert tables.win is not None
    runs = [run["scenario"] for run in tables.meta["runs"]]
    rows = {(row["scenario"], row["against"]): row for row in records(tables.win[tables.win["id"] == name])}
    shares = np.array([[rows[a, b]["p_win"] if a != b else np.nan for b in runs] for a in runs])
    axes.imshow(shares, cmap="RdBu", vmin=-0.15, vmax=1.15, aspect="equal")
    for i, a in enumerate(runs):
        for j, b in enumerate(runs):
            if a == b:
                axes.text(j, i, "·", ha="center", va="center", color=GREY)
                continue
            row: dict[str, Any] = rows[a, b]
            ink = "white" if abs(row["p_win"] - 0.5) > 0.38 else INK
            weight = "bold" if is_clear_win(row) else "normal"
            axes.text(j, i, f"{row['p_win']:.2f}", ha="center", va="center", color=ink, fontsize=8, fontweight=weight)
    numbers = [f"({k})" for k in range(1, len(runs) + 1)]
    axes.set_xticks(range(len(runs)), numbers, fontsize=8)
    axes.set_yticks(range(len(runs)), titles or numbers, fontsize=8)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    first = next(iter(rows.values()))
    text = first["name_zh" if language == "zh" else "name"]
    shown = text if name == ALL else f"{name} {text}"
    axes.set_title(textwrap.fill(shown, LABEL[language]), fontsize=8.5)
