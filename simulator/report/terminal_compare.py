"""A comparison in a terminal: what differs first, then what it changes and what it costs."""

from __future__ import annotations

import math

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from simulator.report.board import records
from simulator.report.terminal import board_order, heading
from simulator.report.words import figure, number, word
from simulator.study.tables import Tables
from simulator.study.targets import load_targets

MOST_ENTRIES = 8  # that are described one by one; more are only named, the file has all of them


def compare_screen(tables: Tables, language: str) -> RenderableType:
    """Return the screen of a comparison."""
    zh = language == "zh"
    stamp = {key: tables.meta[key] for key in ("hash", "created") if key in tables.meta}
    baseline, *others = [run | stamp for run in tables.meta["runs"]]
    parts: list[RenderableType] = [
        Text(
            f"{'基准' if zh else 'baseline'}: {baseline['title'][language]} ({baseline['scenario']})",
            style="bold",
        )
    ]
    parts += heading(baseline, language)[1:]
    for other in others:
        parts += [Rule(style="dim"), Text(f"{other['title'][language]} ({other['scenario']})", style="bold")]
        parts += heading(other, language)[-1:] if other["failures"] else []
        parts += [*settings_lines(tables, other["scenario"], language), Text("")]
        parts += [difference_table(tables, other["scenario"], language), Text("")]
        beyond = beyond_targets(tables, other["scenario"], language)
        parts += [beyond, Text("")] if beyond is not None else []
        parts.append(cost_line(tables, baseline["scenario"], other["scenario"], language))
    note = (
        "成对差值：同样的参数与运气；区间 90 %（按参数组自助抽样）；更优：高于基准的比例；区间含零时不给出单位成本"
        if zh
        else "Paired differences: same draws, same luck. Intervals are 90 % (bootstrap over draws);"
        " better is the share of pairs above the baseline; no cost per unit where the interval holds zero."
    )
    return Group(*parts, Text(note, style="dim"))


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
            names = "; ".join(f"{row['entry']} {row['lever']}" for row in mine)
            table.add_row(Text(word(change, language), style="cyan"), str(len(mine)), names)
            continue
        for row in mine:
            name = " ".join(str(row[k]) for k in ("entry", "lever") if row[k])
            what = row["scenario_value"] or row["baseline_value"]
            if change == "changed":
                what = f"{row['what']}: {row['baseline_value'] or '–'} → {row['scenario_value'] or '–'}"
            table.add_row(Text(word(change, language), style="cyan"), name, what)
    return [table]


def difference_table(tables: Tables, scenario: str, language: str) -> Table:
    """Return for each simulated target how its probability and its figure change."""
    assert tables.compare_targets is not None
    zh = language == "zh"
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, header_style="dim")
    table.add_column(word("id", language), no_wrap=True)
    table.add_column(word("name", language), ratio=1, overflow="fold")
    table.add_column(word("probability", language), justify="right", no_wrap=True)
    for title in ("差值 [90 %]", "更优", "单位净成本 (元)") if zh else ("difference [90 %]", "better", "CNY per unit"):
        table.add_column(title, justify="right", no_wrap=True)
    paired = tables.compare_targets
    for row in sorted(records(paired[paired["scenario"] == scenario]), key=board_order):
        unit, name = row["unit"], row["name_zh"] if zh else row["name"]
        shown = [row[k] for k in ("difference", "ci_low", "ci_high")]
        like = max(abs(x) for x in shown if math.isfinite(x))
        middle, low, high = (number(x, unit, language, like=like, sign=True) for x in shown)
        clear = row["ci_low"] > 0 or row["ci_high"] < 0
        change = f"{row['probability_baseline']:.2f} → {row['probability_scenario']:.2f}"
        each = row["cost_per_unit"]
        gained = math.isfinite(each) and row["difference"] > 0 and row["cost_difference"] > 0
        cost = number(each, "CNY", language) if gained else "–"
        span = Text(f"{middle} [{low}, {high}]", style="bold" if clear else "")
        table.add_row(row["id"], f"{name} {row['year']}", change, span, f"{row['p_better']:.0%}", cost)
    return table


def beyond_targets(tables: Tables, scenario: str, language: str) -> Table | None:
    """Return what changes most by the last year among indicators that are no target, or None if nothing does."""
    from simulator.model import INDICATORS

    assert tables.compare is not None
    assert tables.compare_targets is not None
    zh, frame = language == "zh", tables.compare
    last = frame[(frame["scenario"] == scenario) & (frame["year"] == frame["year"].max())]
    targeted = {t.indicator for t in load_targets(tables.meta["region"]) if t.indicator}
    rows = [
        row
        for row in records(last)
        if row["indicator"] in INDICATORS
        and row["indicator"] not in targeted
        and (row["ci_low"] > 0 or row["ci_high"] < 0)
        and row["baseline_mean"]
    ]
    rows.sort(key=lambda row: -abs(row["difference"] / row["baseline_mean"]))
    if not rows:
        return None
    year = int(rows[0]["year"])
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, header_style="dim")
    table.add_column(f"{'目标之外变化最大' if zh else 'what moves most besides'} ({year})", ratio=1, overflow="fold")
    titles = ("差值 [90 %]", "相对", "单位净成本 (元)") if zh else ("difference [90 %]", "relative", "CNY per unit")
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows[:MOST_ENTRIES]:
        unit, shown = row["unit"], [row[k] for k in ("difference", "ci_low", "ci_high")]
        like = max(abs(x) for x in shown)
        middle, low, high = (number(x, unit, language, like=like, sign=True) for x in shown)
        each = row["cost_per_unit"]
        gained = math.isfinite(each) and row["difference"] > 0 and row["cost_difference"] > 0
        table.add_row(
            f"{INDICATORS[row['indicator']].label[language]} ({unit})",
            f"{middle} [{low}, {high}]",
            f"{row['difference'] / row['baseline_mean']:+.1%}",
            number(each, "CNY", language) if gained else "–",
        )
    return table


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
    first, last = tables.meta["years"]
    if language == "zh":
        return Text(f"净成本差 {first}–{last} 年：{all_}" + (f"（{parts}）" if parts else ""))
    return Text(f"Net public cost {first}–{last}: {all_}" + (f" ({parts})" if parts else ""))
