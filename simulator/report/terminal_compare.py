"""A comparison in a terminal: what differs first, then what it changes and what it costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from simulator.report.board import chance, has_error, is_clear, records
from simulator.report.catalogue import setting_doc
from simulator.report.html.settings_rows import from_to, given
from simulator.report.terminal import board_order, drawn, heading, named
from simulator.report.terminal_chance import error_line
from simulator.report.terminal_failures import failure_lines
from simulator.report.terminal_wins import budget_scaling, precision_lines, win_tables
from simulator.report.words import (
    ABOUT_ZERO,
    bracketed,
    colon,
    figure,
    is_percent,
    listed,
    negligible,
    number,
    scale_of,
    unit_text,
    word,
)
from simulator.study.statistics import paired_difference
from simulator.study.tables import Tables

SURVIVES = 0.05  # adjusted p below which a difference carries the mark
NAME, LEAST_NAME = 1, 24  # the column of names; cells that it has to have, where a name is as long
MOST_ENTRIES = 8  # that are described one by one; more are only named, the file has all of them


def compare_screen(tables: Tables, language: str) -> RenderableType:
    """Return the screen of a comparison."""
    zh = language == "zh"
    stamp = {key: tables.meta[key] for key in ("hash", "created") if key in tables.meta}
    baseline, *others = [run | stamp for run in tables.meta["runs"]]
    parts: list[RenderableType] = [
        Text(
            f"{'基准：' if zh else 'baseline: '}{_titled(baseline, language)}",
            style="bold",
        )
    ]
    parts += [*heading(baseline, language)[1:], *precision_lines(tables, language)]
    for other in others:
        parts += [Rule(style="dim"), Text(_titled(other, language), style="bold")]
        parts += failure_lines(other, language)
        parts += budget_scaling(tables, other["scenario"], language)
        parts += [*settings_lines(tables, other["scenario"], language), Text("")]
        parts += [Differences(tables, other["scenario"], language), *net_line(tables, other, language), Text("")]
        beyond = beyond_targets(tables, other["scenario"], language)
        parts += [beyond, Text("")] if beyond is not None else []
        parts += neighbour_differences(tables, baseline["scenario"], other["scenario"], language)
        parts.append(cost_line(tables, baseline["scenario"], other["scenario"], language))
    wins = win_tables(tables, language)
    parts += [Rule(style="dim"), *wins] if wins else []
    note = Text(compare_note(language), style="dim")
    return Group(*parts, note, *error_line(each_target(tables), language, beside=False))


def compare_note(language: str) -> str:
    """Return how to read the differences of a comparison."""
    zh = language == "zh"
    return (
        "成对差值：同样的参数与运气；区间 90 %（按参数组自助抽样，BCa 校正）；*：按全部目标作 Holm 校正后 p 低于 0.05"
        "（p 值见 compare_targets.csv）；更优：高于基准的比例，各对均无差别时写“相同”；"
        "单位成本为全部净成本除以该项目标的增量，区间含零时不给出；“节省”：花费更少（带数字时为每放弃一单位所节省的元）；"
        "≈0 为不足目标的 0.1%，不计单位成本"
        if zh
        else "Paired differences: same draws, same luck. Intervals are 90 % (BCa bootstrap over draws); *: p below 0.05"
        " after adjusting for all targets (Holm; compare_targets.csv has p); better is the share of pairs above the"
        " baseline, equal where no pair differs; cost per unit: the whole net cost over what this"
        " target alone gains, none where the interval holds zero;"
        " saves: it costs less (with a figure: CNY saved per unit given up); ≈0: below 0.1 % of the target, where no"
        " cost per unit is given."
    )


def each_target(tables: Tables) -> list[dict[str, Any]]:
    """Return one row a target: one whose probabilities leave out the model's own error, where there is such a one."""
    shown: dict[str, dict[str, Any]] = {}
    for row in records(tables.compare_targets) if tables.compare_targets is not None else ():
        if row["id"] not in shown or not has_error(row):
            shown[row["id"]] = row
    return list(shown.values())


def _titled(run: dict[str, Any], language: str) -> str:
    return f"{run['title'][language]}{bracketed(run['scenario'], language)}"


def settings_lines(tables: Tables, scenario: str, language: str) -> list[RenderableType]:
    """Return what the scenario sets differently."""
    assert tables.settings is not None
    rows = records(tables.settings[tables.settings["scenario"] == scenario])
    if not rows:
        same = "设置与基准完全相同" if language == "zh" else "nothing is set differently from the baseline"
        return [Text(same, style="yellow")]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    for change in ("changed", "added", "removed"):
        mine = [row for row in rows if row["change"] == change]
        if change != "changed" and len(mine) > MOST_ENTRIES:
            names = listed((str(row["entry"]) for row in mine), language)
            table.add_row(Text(word(change, language), style="cyan"), str(len(mine)), names)
            continue
        for row in mine:
            name = " ".join(str(row[k]) for k in ("entry", "lever") if row[k])
            if change == "changed":
                what = setting_words(row, language) + _from_to(row, language)
            else:
                what = given(row, language) if language == "zh" else row["scenario_value"] or row["baseline_value"]
            table.add_row(Text(word(change, language), style="cyan"), name, what)
    return [table]


def _from_to(row: dict[str, Any], language: str) -> str:
    """Return both values of a setting: in English as its file has them, in Chinese with scale and unit in words."""
    if language == "zh":
        return from_to(row, language)
    unit, both = str(row.get("unit") or ""), [str(row[k] or "–") for k in ("baseline_value", "scenario_value")]
    return " → ".join(both) + (f" {unit}" if unit not in ("", "1") else "")


def setting_words(row: dict[str, Any], language: str) -> str:
    """Return the name of what is set differently, as a lead: ``budget: ``, ``budget（预算）：``."""
    if language != "zh":
        return f"{row['what']}: "
    what = str(row["what"])
    doc = setting_doc(str(row["lever"]), what, language) if row["lever"] else what
    return f"{what}{bracketed(doc, language) if doc != what.replace('_', ' ') else ''}："


class Differences:
    """How each simulated target's probability and figure change: a table where names fit, else names above figures."""

    def __init__(self, tables: Tables, scenario: str, language: str) -> None:
        zh = language == "zh"
        heads = ("差值 [90 %]", "更优", "单位净成本（元）") if zh else ("difference [90 %]", "better", "CNY per unit")
        self.heads = [word(key, language) for key in ("id", "name", "probability")] + list(heads)
        self.rows = [_cells(row, language) for row in compared(tables, scenario)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield the table, or the lines."""
        cells = [[Text(head) for head in self.heads], *self.rows]
        widths = [max(cell.cell_len for cell in column) for column in zip(*cells, strict=True)]
        left = options.max_width - sum(w + 1 for k, w in enumerate(widths) if k != NAME)
        if left >= min(widths[NAME], LEAST_NAME):
            yield self._table()
            return
        before = min(widths[0], max(options.max_width - sum(w + 1 for w in widths[NAME + 1 :]), 0))
        yield _line(self.heads[NAME + 1 :], widths, before, "dim")
        for identity, name, *figures in self.rows:
            yield Text(f"{identity} ").append_text(name)
            yield _line(figures, widths, before)

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, header_style="dim")
        table.add_column(self.heads[0], no_wrap=True)
        table.add_column(self.heads[NAME], ratio=1, overflow="fold")
        for head in self.heads[NAME + 1 :]:
            table.add_column(head, justify="right", no_wrap=True)
        for row in self.rows:
            table.add_row(*row)
        return table


def _cells(row: dict[str, Any], language: str) -> list[Text]:
    shown = difference_text(row, language).append("*" if survives(row) else " ")
    told = (Text(chances(row)), shown, Text(better_text(row, language)))
    return [Text(row["id"]), named(row, language), *told, Text(unit_cost(row, language, row["target"]))]


def _line(figures: Sequence[str | Text], widths: Sequence[int], before: int, style: str = "") -> Text:
    """Return figures under their heads, a column as wide as what is widest in it, so many cells from the left."""
    out = Text(" " * before, style=style)
    for cell, width in zip(figures, widths[NAME + 1 :], strict=True):
        shown = Text(cell) if isinstance(cell, str) else cell
        out.append(" " * (width + 1 - shown.cell_len)).append_text(shown)
    return out


def compared(tables: Tables, scenario: str) -> list[dict[str, Any]]:
    """Return the targets of a scenario beside the baseline: outcome and growth, then the others."""
    paired = tables.compare_targets
    assert paired is not None
    return sorted(records(paired[paired["scenario"] == scenario]), key=board_order)


def chances(row: dict[str, Any]) -> str:
    """Return how a target's probability changes: ``0.20 → 0.35``."""
    return f"{chance(row, '_baseline'):.2f} → {chance(row, '_scenario'):.2f}"


def survives(row: dict[str, Any]) -> bool:
    """Return whether a target's difference stands when it is one of all those that are looked at."""
    return row["p_holm"] < SURVIVES and not negligible(row["difference"], row["target"])


def difference_text(row: dict[str, Any], language: str) -> Text:
    """Return a difference with its interval; ≈0 for what is negligible beside the target.

    A small figure is written beside an interval that is not small and leaves zero out: it is known not to be zero.
    """
    unit, shown = row["unit"], [row[k] for k in ("difference", "ci_low", "ci_high")]
    small = [negligible(x, row["target"]) for x in shown]
    if all(small):
        return Text(ABOUT_ZERO)
    like = max(abs(x) for x in shown if math.isfinite(x))
    about_zero = small[0] and not (shown[1] > 0 or shown[2] < 0)
    middle = ABOUT_ZERO if about_zero else number(shown[0], unit, language, like=like, sign=True)
    factor, scale = scale_of(like, unit, language)
    low, high = (number(x / factor, "1", language, sign=True) for x in shown[1:])
    points = (" 百分点" if language == "zh" else " pp") if is_percent(unit) else f" {scale}" if about_zero else ""
    return Text(f"{middle} [{low}, {high}]{points}".rstrip(), style="bold" if is_clear(row) else "")


def unit_cost(row: dict[str, Any], language: str, whole: float) -> str:
    """Return the net cost per unit gained, ``saves`` where it costs less.

    A dash where nothing is known, and where the difference is negligible beside the whole (the target).
    """
    each = row["cost_per_unit"]
    if not math.isfinite(each) or negligible(row["difference"], whole) or row["cost_difference"] == 0:
        return "–"
    if row["cost_difference"] < 0:
        spared = "" if row["difference"] > 0 else f" {number(abs(each), 'CNY', language)}"
        return word("saves", language) + spared
    return number(each, "CNY", language) if row["difference"] > 0 else "–"


def better_text(row: dict[str, Any], language: str) -> str:
    """Return the share of pairs above the baseline, ``equal`` where no pair differs; a dash where it is not known."""
    if row["difference"] == 0 and row["ci_low"] == 0 and row["ci_high"] == 0:
        return word("equal", language)
    return f"{row['p_better']:.0%}" if math.isfinite(row["p_better"]) else "–"


def net_line(tables: Tables, scenario: dict[str, Any], language: str) -> list[RenderableType]:
    """Return which targets' differences are net of what neighbours lost, where these losses count."""
    net = tables.meta.get("net_of_neighbours", {}).get(scenario["scenario"], {})
    if not net or tables.compare_targets is None:
        return []
    paired = tables.compare_targets
    mine = paired[(paired["scenario"] == scenario["scenario"]) & paired["indicator"].isin(list(net))]
    ids = listed(mine["id"], language)
    if language == "zh":
        lead = "计入邻近城市流失：差值、更优与单位成本均扣除邻近城市的损失，概率仍按统计口径"
        return [Text(f"{lead}（{ids or '无目标受影响'}）", style="yellow")]
    lead = "Neighbours' losses counted: difference, better and cost are net of them, probabilities as published"
    return [Text(f"{lead} ({ids or 'no target is affected'}).", style="yellow")]


def beyond_targets(tables: Tables, scenario: str, language: str) -> Table | None:
    """Return what changes most by the last year among indicators that are no target, or None if nothing does."""
    from simulator.model import INDICATORS

    assert tables.compare is not None
    assert tables.compare_targets is not None
    zh, frame = language == "zh", tables.compare
    last = frame[(frame["scenario"] == scenario) & (frame["year"] == frame["year"].max())]
    # a net counterpart goes with its indicator, which it stands for where neighbours' losses count
    targeted = {*tables.targets["indicator"], *(i.net for i in INDICATORS.values())}
    rows = [
        row
        for row in records(last)
        if row["indicator"] in INDICATORS
        and row["indicator"] not in targeted
        and (row["ci_low"] > 0 or row["ci_high"] < 0)
        and row["baseline_mean"]
        and not negligible(row["difference"], row["baseline_mean"])
    ]
    rows.sort(key=lambda row: -abs(row["difference"] / row["baseline_mean"]))
    if not rows:
        return None
    year = int(rows[0]["year"])
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, header_style="dim")
    table.add_column(
        ("目标之外变化最大" if zh else "what moves most besides") + bracketed(str(year), language),
        ratio=1,
        overflow="fold",
    )
    titles = ("差值 [90 %]", "相对", "单位净成本（元）") if zh else ("difference [90 %]", "relative", "CNY per unit")
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows[:MOST_ENTRIES]:
        unit, shown = row["unit"], [row[k] for k in ("difference", "ci_low", "ci_high")]
        like = max(abs(x) for x in shown)
        middle, low, high = (number(x, unit, language, like=like, sign=True) for x in shown)
        shown_unit = unit_text(unit, language)
        unit_part = bracketed(shown_unit, language) if shown_unit else ""
        table.add_row(
            f"{INDICATORS[row['indicator']].label[language]}{unit_part}",
            f"{middle} [{low}, {high}]",
            f"{row['difference'] / row['baseline_mean']:+.1%}",
            unit_cost(row, language, row["baseline_mean"]),
        )
    return table


def neighbour_differences(tables: Tables, baseline: str, scenario: str, language: str) -> list[RenderableType]:
    """Return how much more the city draws from elsewhere, and how much more its neighbours lose, by pairs of runs."""
    first, last = tables.meta["years"]
    before = {row[0]: row for row in drawn(tables.series, baseline, first, last, empty=True)}
    rows = []
    for label, unit, *after in drawn(tables.series, scenario, first, last, empty=True):
        cells = []
        for mine, base in zip(after, before[label][2:], strict=True):
            if mine is None or base is None:
                cells.append("·")
                continue
            both = mine.index.intersection(base.index)
            pairs = (mine.loc[both] - base.loc[both]).to_numpy()
            found = paired_difference(pairs[:, None], both.get_level_values("draw").to_numpy())
            shown = [float(x[0]) for x in (found.mean, found.low, found.high)]
            like = max((abs(x) for x in shown if math.isfinite(x)), default=0.0)
            texts = [number(x, unit, language, like=like, sign=True) for x in shown]
            cells.append(f"{texts[0]} [{texts[1]}, {texts[2]}] {unit_text(unit, language)}")
        rows.append((label, cells))
    if not rows:
        return []
    zh = language == "zh"
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(f"邻近城市（{first}–{last}）" if zh else f"drawn from neighbours, {first}–{last}")
    english = ("the city's gain [90 %]", "neighbours lose [90 %]")
    for head in ("本市多得 [90 %]", "邻近城市多失 [90 %]") if zh else english:
        table.add_column(head, justify="right", no_wrap=True)
    for label, cells in rows:
        table.add_row(label[zh], *cells)
    return [table, Text("")]


def cost_line(tables: Tables, baseline: str, scenario: str, language: str) -> Text:
    """Return the difference in net public cost over all years, by payer."""
    m = tables.money[(tables.money["scope"] == "horizon") & (tables.money["kind"] == "net")]
    by_payer = {}
    for payer in dict.fromkeys(m["payer"]):
        mine = m[m["payer"] == payer].set_index("scenario")["mean"]
        by_payer[payer] = float(mine.get(scenario, 0.0)) - float(mine.get(baseline, 0.0))
    total = by_payer.pop("all", 0.0)
    named = [
        f"{word(p, language)} {figure(x, 'CNY', language, sign=True)}" for p, x in by_payer.items() if abs(x) >= 0.5
    ]
    parts, all_ = " · ".join(named), figure(total, "CNY", language, sign=True)
    all_ += bracketed(parts, language) if parts else ""
    first, last = tables.meta["years"]
    lead = f"净成本差 {first}–{last} 年" if language == "zh" else f"Net public cost {first}–{last}"
    return Text(f"{lead}{colon(language)}{all_}")
