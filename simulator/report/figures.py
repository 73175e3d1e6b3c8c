"""Figures of a run and of a comparison: the board of probabilities, spending, paired differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.ledger import PAYERS
from simulator.report.attribution_figure import draw_attribution
from simulator.report.board import Board, board_of, chance, has_error, is_clear, reading, records
from simulator.report.fans import draw_fans
from simulator.report.levers_figure import draw_levers
from simulator.report.money_figure import draw_money
from simulator.report.pipeline_figure import draw_pipeline
from simulator.report.style import (
    BLUE,
    GREY,
    INK,
    LEVEL_COLOURS,
    PAYER_COLOURS,
    VERMILION,
    clean,
    finish,
    footer,
    footer_height,
    in_lines,
    new_figure,
    styled,
    usable_language,
)
from simulator.report.win_figure import draw_wins
from simulator.report.words import (
    ABOUT_ZERO,
    apart,
    bracketed,
    colon,
    comma,
    cut,
    listed,
    money_factor,
    money_unit,
    negligible,
    plain_number,
    semicolon,
    word,
)
from simulator.study.tables import NATIONAL_LAW, NET_SIGN
from simulator.study.targets import HEADLINE_KINDS

if TYPE_CHECKING:
    import pandas

    from simulator.study.tables import Tables

NAME_WIDTH = {"en": 46, "zh": 26}
WIDTH = 8.6  # inches
BOARD_ROWS = 36  # on one picture: more could not be read on a page of paper
DEAREST = 25  # measures shown one by one
LEVELS = ((0.1, "unlikely", "< 0.2"), (0.5, "in doubt", ""), (0.9, "likely", "≥ 0.8"))
DARK = {"in doubt": "#9A6A00"}  # as a word, its colour would be too light
REST = ("{n} others", "其余 {n} 项")
SMALL = ("About zero: {names}.", "差值约为 0：{names}。")
AXIS = ("paired difference, % of the target (90 % interval)", "成对差值占目标值的百分比（90 % 区间）")
DIRECTIONS = (
    "blue: more; orange-red: less; grey: the interval includes zero",
    "蓝：提高；橙红：降低；灰：区间含 0",
)
Drawing = Callable[["Tables", Path, str], list[Path]]


def draw_run(tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw the figures of a run into a folder; returns the files, each .png with a .csv of its numbers."""
    return [path for group in RUN_FIGURES for path in draw_group(group, tables, folder, usable_language(language))]


def draw_compare(tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw the figures of a comparison: differences of the targets, and net cost by payer."""
    return [path for group in COMPARE_FIGURES for path in draw_group(group, tables, folder, usable_language(language))]


def draw_group(group: Sequence[Drawing], tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw some figures in a language that ``usable_language`` gave; groups may be drawn in processes of their own."""
    with styled(language):
        return [path for draw in group for path in draw(tables, folder, language)]


def draw_forests(tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw the differences of the targets, one figure for each scenario compared."""
    stamp = {key: tables.meta[key] for key in ("hash", "created") if key in tables.meta}
    runs = tables.meta["runs"][1:]
    return [path for meta in runs for path in draw_forest(tables, meta | stamp, folder, language)]


def _named(row: dict[str, Any], language: str) -> str:
    name = row["name_zh" if language == "zh" else "name"]
    return _short(f"{row['id']} {name}", language) + f" {int(row['year'])}"


def _short(text: str, language: str) -> str:
    return cut(text, NAME_WIDTH[language])


def _signed(value: float, unit: str, language: str) -> str:
    return apart(value, unit, language, sign=True)


def draw_board(tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw the probabilities of all simulated targets: outcomes and growth first, the others apart.

    A plan with many targets has the others in a picture of their own, ``board-others.png``.
    """
    board = board_of(tables.targets)
    groups = [(board.headline, "结果与增长目标" if language == "zh" else "outcome and growth targets")]
    groups.append((board.others, "能力与投入目标" if language == "zh" else "capacity and input targets"))
    groups = [(group, title) for group, title in groups if group]
    if not groups:
        return []
    if sum(len(group) for group, _ in groups) <= BOARD_ROWS or len(groups) == 1:
        return _draw_board(groups, board, tables, folder / "board.png", language)
    files = _draw_board(groups[:1], board, tables, folder / "board.png", language)
    return [*files, *_draw_board(groups[1:], board, tables, folder / "board-others.png", language)]


def _draw_board(
    groups: Sequence[tuple[list[dict[str, Any]], str]], board: Board, tables: Tables, path: Path, language: str
) -> list[Path]:
    import pandas

    rows = [row for group, _ in groups for row in group]
    missing = semicolon(language).join(
        f"{r['id']} {r['name_zh' if language == 'zh' else 'name']}" for r in board.without
    )
    lead = word("not simulated yet", language) + bracketed(str(len(board.without)), language) + colon(language)
    note = lead + missing if board.without else ""
    page = new_figure(WIDTH, 0.3 * (len(rows) + 3) + 1.1 + footer_height(note, WIDTH, language))
    axes, y, ticks = page.add_subplot(), 0.0, []
    for group, title in groups:
        axes.text(0.0, y, title, fontweight="bold", va="center")
        y += 1
        for row in group:
            p, high = chance(row), row["probability_high"]
            axes.barh(y, p, height=0.66, color=LEVEL_COLOURS[reading(p)])
            axes.plot([row["probability_low"], high], [y, y], color=INK, linewidth=1)
            if has_error(row):
                axes.plot(row["probability"], y, "o", color="white", markeredgecolor=INK, markersize=3.5, clip_on=False)
            text = f"{p:.2f}  {_signed(row['gap'], row['unit'], language)}"
            axes.text(max(p, high, row["probability"] + 0.008) + 0.012, y, text, va="center", fontsize=8)
            ticks.append((y, _named(row, language)))
            y += 1
    for mark in (0.2, 0.8):
        axes.axvline(mark, color=GREY, linewidth=0.7, linestyle=":")
    axes.set_yticks([t[0] for t in ticks], [t[1] for t in ticks], fontsize=8)
    axes.set_ylim(y - 0.4, -0.7)
    axes.set_xlim(0, 1.45)
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    x_label = (
        "完成概率（线：由运行次数决定的 95 % 区间；数字：概率与中位数差距）"
        if language == "zh"
        else "probability (line: its 95 % interval from the number of runs), then distance of the median"
    )
    if any(has_error(row) for row in rows):
        x_label = (
            "完成概率（有圆点的已计入模型自身误差）；圆点：模拟未来中完成的比例；\n"
            "线：该比例由运行次数决定的 95 % 区间；数字：概率与中位数差距"
            if language == "zh"
            else "probability (rows with a dot: the model's own error included); dot: share of simulated futures;\n"
            "line: that share's 95 % interval from the number of runs; then distance of the median"
        )
    axes.set_xlabel(x_label, fontsize=8)
    axes.tick_params(length=0)
    meta = tables.meta
    for at, level, bound in LEVELS:
        said = f"{word(level, language)}\n{bound}" if bound else word(level, language)
        axes.annotate(said, (at, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=7,
                      color=DARK.get(level, LEVEL_COLOURS[level]), fontweight="bold")  # fmt: skip
    axes.set_title(f"{meta['region_name'][language]} · {meta['title'][language]}", pad=24)
    foot = footer(meta, language)
    foot = f"{note}\n{foot}" if note else foot
    columns = [
        "id",
        "name",
        "name_zh",
        "kind",
        "year",
        "probability",
        "probability_low",
        "probability_high",
        "probability_with_error",
        "gap",
        "unit",
    ]
    return finish(page, pandas.DataFrame(rows)[columns], path, foot, language)


def draw_spending(tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw what each measure costs over all simulated years, by payer; recoveries to the left of zero.

    The dearest stand one by one, the others together below them; the .csv has all.
    """
    import pandas

    costs = tables.costs[tables.costs["entry"] != NATIONAL_LAW]
    if costs.empty:
        return []
    entries = {e["id"]: e for e in tables.meta["entries"]}
    spent = costs[costs["kind"].map(NET_SIGN) > 0].pivot_table(
        index="entry", columns="payer", values="mean", aggfunc="sum", fill_value=0.0
    )
    back = costs[costs["kind"] == "recovered"].groupby("entry")["mean"].sum()
    risk = costs[costs["kind"] == "contingent"].groupby("entry")["mean"].sum()
    frame = spent.reindex(sorted({*costs["entry"]}), fill_value=0.0)
    frame["recovered"], frame["contingent"] = back.reindex(frame.index), risk.reindex(frame.index)
    frame = frame.fillna(0.0)
    payers = [p for p in PAYERS if p in frame]
    frame = frame.loc[frame[payers].sum(axis=1).sort_values(kind="stable").index]
    whole, names = frame, [_short(f"{e} {entries[e][language]}" if e in entries else str(e), language)
                           for e in frame.index]  # fmt: skip
    if len(frame) > DEAREST + 1:
        others = frame.iloc[:-DEAREST]
        frame = pandas.concat([others.sum().to_frame("").T, frame.iloc[-DEAREST:]])
        names = [REST[language == "zh"].format(n=len(others)), *names[-DEAREST:]]
    factor, n = (1e8 if language == "zh" else 1e6), len(frame)
    unit = "亿元" if language == "zh" else "CNY million"
    page = new_figure(WIDTH, 0.34 * n + 1.7)
    axes, left = page.add_subplot(), np.zeros(n)
    for payer in payers:
        part = frame[payer].to_numpy() / factor
        axes.barh(range(n), part, left=left, height=0.66, color=PAYER_COLOURS[payer], label=word(payer, language))
        left += part
    returned = frame["recovered"].to_numpy() / factor
    if returned.any():
        axes.barh(range(n), -returned, height=0.66, color="white", edgecolor=INK, hatch="////", linewidth=0.6,
                  label=word("recovered", language))  # fmt: skip
    reach = max(float(left.max()), 1e-9)
    for i, (guarantee, total) in enumerate(zip(frame["contingent"] / factor, left, strict=True)):
        text = plain_number(total)
        if guarantee:
            text += bracketed(f"+ {plain_number(guarantee)} {word('contingent', language)}", language)
        axes.text(total + 0.01 * reach, i, text, va="center", fontsize=7.5)
    axes.set_yticks(range(n), names, fontsize=8)
    axes.set_xlim(right=reach * 1.22)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.6g}")
    axes.set_ylim(-0.7, n - 0.3)
    first, last = tables.meta["years"]
    mean = bracketed("各次运行平均" if language == "zh" else "mean over runs", language)
    axes.set_xlabel(f"{unit}{comma(language)}{first}–{last}{mean}")
    title = "各项措施由谁出资" if language == "zh" else "What each measure costs, and who pays"
    axes.set_title(f"{tables.meta['region_name'][language]} · {title}")
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    clean(axes, "x")
    whole = whole.reset_index(names="entry")
    return finish(page, whole, folder / "spending.png", footer(tables.meta, language), language)


def draw_forest(tables: Tables, meta: dict[str, Any], folder: Path, language: str) -> list[Path]:
    """Draw the paired differences of the targets as shares of what the plan asks for, with 90 % intervals.

    Targets whose difference is about nothing are named below, unless all are.
    """
    import pandas

    assert tables.compare_targets is not None
    frame = tables.compare_targets
    frame = frame[frame["scenario"] == meta["scenario"]]
    headline = frame["kind"].isin(HEADLINE_KINDS)
    frame = pandas.concat([frame[headline], frame[~headline]], ignore_index=True)
    if frame.empty:
        return []
    for column in ("difference", "ci_low", "ci_high"):
        frame[f"relative_{column}"] = 100 * frame[column] / frame["target"].abs()
    every = records(frame)
    rows = [row for row in every if not negligible(row["difference"], row["target"])] or every
    still = [row["id"] for row in every if row not in rows]
    foot = footer(meta, language)
    if still:
        foot = f"{SMALL[language == 'zh'].format(names=listed(still, language))}\n{foot}"
    page = new_figure(WIDTH, 0.36 * len(rows) + 1.7 + footer_height(foot, WIDTH, language) - 0.2)
    axes = page.add_subplot()
    axes.axvline(0, color=GREY, linewidth=1)
    for y, row in enumerate(rows):
        small = negligible(row["difference"], row["target"])
        colour = (BLUE if row["difference"] > 0 else VERMILION) if is_clear(row) else GREY
        axes.plot([row["relative_ci_low"], row["relative_ci_high"]], [y, y], color=colour, linewidth=2)
        axes.plot([row["relative_difference"]], [y], "o", color=colour, markersize=6)
        text = ABOUT_ZERO if small else _signed(row["difference"], row["unit"], language)
        text += f"   P {chance(row, '_baseline'):.2f} → {chance(row, '_scenario'):.2f}"
        axes.annotate(text, (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=7.5)
    axes.set_yticks(range(len(rows)), [_named(row, language) for row in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(
        f"{AXIS[language == 'zh']}{semicolon(language)}{DIRECTIONS[language == 'zh']}",
        fontsize=8,
    )
    against = tables.meta["runs"][0]["title"][language]
    joint = "对比" if language == "zh" else "against"
    axes.set_title("\n".join(in_lines(f"{meta['title'][language]} {joint} {against}", 88)), fontsize=10)
    clean(axes)
    return finish(page, frame, folder / f"differences-{meta['scenario']}.png", foot, language)


def draw_cost_bars(tables: Tables, folder: Path, language: str) -> list[Path]:
    """Draw the net cost of each scenario by payer, over all simulated years."""
    money = tables.money[(tables.money["scope"] == "horizon") & (tables.money["kind"] == "net")]
    names = [meta["scenario"] for meta in tables.meta["runs"]]
    titles = {meta["scenario"]: meta["title"][language] for meta in tables.meta["runs"]}
    frame: pandas.DataFrame = money[money["payer"] != "all"].pivot_table(
        index="scenario", columns="payer", values="mean", aggfunc="sum", fill_value=0.0
    )
    if frame.empty:
        return []
    frame = frame.reindex(names, fill_value=0.0)
    payers = [p for p in PAYERS if p in frame and p != "private"]
    factor = money_factor(language)
    page = new_figure(WIDTH, 0.5 * len(names) + 1.7)
    axes = page.add_subplot()
    ahead, below = np.zeros(len(names)), np.zeros(len(names))
    for payer in payers:
        part = frame[payer].to_numpy() / factor
        left = np.where(part >= 0, ahead, below)
        axes.barh(
            range(len(names)),
            part,
            left=left,
            height=0.6,
            color=PAYER_COLOURS[payer],
            label=word(payer, language),
        )
        ahead, below = ahead + np.maximum(part, 0), below + np.minimum(part, 0)
    for y, total in enumerate(frame[payers].sum(axis=1) / factor):
        axes.text(float(ahead[y]), y, f" {plain_number(total)}", va="center", fontsize=8)
    axes.set_yticks(range(len(names)), ["\n".join(in_lines(titles[n], 34)) for n in names], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    first, last = tables.meta["years"]
    net = "公共净成本及出资方" if language == "zh" else "Net public cost, and who pays"
    axes.set_xlabel(f"{money_unit(language)}{comma(language)}{first}–{last}")
    axes.set_title(net, pad=22)
    axes.legend(frameon=False, fontsize=8, ncols=len(payers), loc="lower left", bbox_to_anchor=(0.0, 1.0))
    clean(axes, "x")
    return finish(page, frame.reset_index(), folder / "costs.png", footer(tables.meta, language), language)


# groups of about the same work
RUN_FIGURES: tuple[tuple[Drawing, ...], ...] = (
    (draw_board, draw_spending, draw_attribution),
    (draw_fans,),
    (draw_money, draw_pipeline, draw_levers),
)
COMPARE_FIGURES: tuple[tuple[Drawing, ...], ...] = ((draw_forests,), (draw_cost_bars, draw_wins))
