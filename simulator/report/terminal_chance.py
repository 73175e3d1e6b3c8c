"""Probabilities in a terminal: with the model's own error where it is estimated, and what is left of it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from simulator.report.board import SHOWN_APART, chance, has_error, reading, share_apart
from simulator.report.words import bar, counted, word

BAR_CELLS = 4


def probability_cell(row: dict[str, Any], styles: Mapping[str, str], language: str) -> Text:
    """Return a target's probability as a bar and a figure; underneath the share of runs where it differs."""
    p = chance(row)
    style = styles[reading(p)]
    shown = Text.assemble((f"{bar(p, BAR_CELLS):<{BAR_CELLS}}", style), (f" {p:.2f}", "bold " + style))
    if share_apart(row):
        shown.append(f"\n{word('runs', language)} {row['probability']:.2f}", style="dim")
    return shown


def error_line(rows: Sequence[dict[str, Any]], language: str, *, beside: bool = True) -> list[Text]:
    """Return what the probabilities of these targets hold: the model's own error, and for how many of them.

    ``beside`` says whether the share of runs stands beside a probability that differs from it.
    """
    n, known = len(rows), sum(has_error(row) for row in rows)
    if n == 0:
        return []
    said = _chinese if language == "zh" else _english
    return [Text(said(n, known, beside), style="dim")]


def _english(n: int, known: int, beside: bool) -> str:
    head, runs = word("probability", "en"), word("runs", "en")
    if known == 0:
        return (
            f"{head} is the share of simulated futures that meet the target. The model's own error is not estimated for"
            f" any of the {n} {counted(str(n), 'targets')}, so this looks surer than it is."
        )
    of = counted(str(n), "targets")
    text = f"{head} counts the model's own error, as the fit to history took it, for {known} of {n} {of}"
    if beside:
        text += f"; '{runs}' below it is the share of simulated futures alone, where that differs by over {SHOWN_APART}"
    if known < n:
        share = "that share" if beside else "the share of simulated futures"
        text += f". The others have only {share}, which looks surer than it is"
    return text + "."


def _chinese(n: int, known: int, beside: bool) -> str:
    head, runs = word("probability", "zh"), word("runs", "zh")
    if known == 0:
        return f"{head}为模拟未来中完成目标的比例；{n} 项目标均无模型自身误差的估计，实际把握低于所示。"
    text = f"{head}：{n} 项目标中有 {known} 项已计入模型自身误差（按历史校准的取值）"
    if beside:
        text += f"；其下“{runs}”为模拟未来中完成目标的比例，两者相差超过 {SHOWN_APART} 时列出"
    if known < n:
        share = "该比例" if beside else "模拟未来中完成目标的比例"
        text += f"。其余目标仅为{share}，实际把握低于所示"
    return text + "。"
