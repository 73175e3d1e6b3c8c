"""What the live page shows of answers: targets of a mix beside the pinned baseline, fans, money."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from simulator.dashboard.engine import Answer, cut
from simulator.dashboard.words import said
from simulator.report.board import chance, reading, records
from simulator.report.html.bureaus import net_by_entry
from simulator.report.words import ABOUT_ZERO, full_figure, money, negligible, number, part, word
from simulator.study.targets import HEADLINE_KINDS, SIMULATED

if TYPE_CHECKING:
    from simulator.study.ensemble import RunResult

MONEY_ROWS = ("outlay", "running", "tax_forgone", "recovered", "net", "contingent")
MOST_FANS = 6
NOTHING = 5e5  # CNY: a smaller difference is written as about nothing
_DRAWN = 256  # small pieces of pages
_KEPT = 64  # results with their tables, half a megabyte each


@dataclass(frozen=True)
class TargetRow:
    """A target of a mix beside the baseline: probabilities, median with its range, change of the mean by pairs."""

    id: str
    name: str
    wanted: str
    probability: float
    base: float
    level: str
    middle: str
    change: str
    difference: float
    clear: bool
    headline: bool


@dataclass(frozen=True)
class MoneyRow:
    """A kind of public money of a mix and of the baseline, in CNY over the scenario's years, mean over runs."""

    kind: str
    mix: float
    base: float


def frames(answer: Answer) -> Any:
    """Return the tables of an answer, made once."""
    return _result(_Held(answer)).frames()


def result(answer: Answer) -> RunResult:
    """Return the result of an answer, made once."""
    return _result(_Held(answer))


class _Held:
    """An answer that is told from others by what it rests on."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.key = answer, (answer.fingerprint, answer.runs, answer.seed, str(answer.scenario.path))

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self.key == other.key


@lru_cache(maxsize=_KEPT)
def _result(held: _Held) -> RunResult:
    return held.answer.result()


def same_runs(mix: Answer, base: Answer) -> tuple[Answer, Answer]:
    """Return both on the runs that both have: pairs with the same draw and luck."""
    runs = min(mix.runs, base.runs)
    return cut(mix, runs), cut(base, runs)


def target_rows(mix: Answer, base: Answer, language: str) -> tuple[TargetRow, ...]:
    """Return a row for each simulated target, outcomes first, in the plan's order."""
    mix, base = same_runs(mix, base)
    return _target_rows(_Held(mix), _Held(base), language)


# Pages look for answers again and again, and draw what there is each time: what they draw is made once.
@lru_cache(maxsize=_DRAWN)
def _target_rows(mine: _Held, theirs: _Held, language: str) -> tuple[TargetRow, ...]:
    mix, base = mine.answer, theirs.answer
    before = {r["id"]: r for r in records(frames(base).targets) if r["status"] == SIMULATED}
    rows = [r for r in records(frames(mix).targets) if r["status"] == SIMULATED and r["id"] in before]
    made = [_target_row(r, before[r["id"]], mix, base, language) for r in rows]
    return tuple(sorted(made, key=lambda r: not r.headline))


def _target_row(row: dict[str, Any], before: dict[str, Any], mix: Answer, base: Answer, language: str) -> TargetRow:
    unit, p = row["unit"], chance(row)
    gain = row["mean"] - before["mean"]
    pairs = _pairs(row["id"], mix, base)
    spread = 1.645 * float(pairs.std(ddof=1)) / math.sqrt(len(pairs)) if len(pairs) > 1 else math.inf
    clear = bool(pairs.size) and abs(float(pairs.mean())) > spread
    p05, p50, p95 = (number(row[k], unit, language, like=row["p50"]) for k in ("p05", "p50", "p95"))
    same = bool(np.allclose(pairs, 0.0)) if pairs.size else True
    small = negligible(gain, row["value"])
    return TargetRow(
        row["id"],
        row["name_zh"] if language == "zh" else row["name"],
        f"{int(row['year'])}: {full_figure(row['value'], unit, language, '>' if row['op'] == 'gt' else '≥')}",
        p,
        chance(before),
        reading(p),
        f"{p50} [{p05}–{p95}]",
        "=" if same else part(gain, unit, language, row["value"]),
        0.0 if same else float(gain),
        clear and not same and not small,
        row["kind"] in HEADLINE_KINDS,
    )


def _pairs(target: str, mix: Answer, base: Answer) -> np.ndarray:
    """Return the differences of a target's figures, pair by pair (n,)."""
    from simulator.model import INDICATORS

    mine, theirs = result(mix), result(base)
    found = next(t for t in mine.planned_targets if t.id == target)
    if found.indicator is None:
        return np.zeros(0)
    here, there = (found.figures(r.series(found.indicator), r.years, INDICATORS) for r in (mine, theirs))
    mine_at = {o.replicate.index: k for k, o in enumerate(mine.outcomes)}
    theirs_at = {o.replicate.index: k for k, o in enumerate(theirs.outcomes)}
    both = [i for i in mine_at if i in theirs_at]
    return np.array([here[mine_at[i]] - there[theirs_at[i]] for i in both])


def money_rows(mix: Answer, base: Answer) -> list[MoneyRow]:
    """Return the public money of a mix and of the baseline by kind, the net among them."""
    mix, base = same_runs(mix, base)
    here, there = _public(_Held(mix)), _public(_Held(base))
    return [MoneyRow(k, here.get(k, 0.0), there.get(k, 0.0)) for k in MONEY_ROWS if k in here or k in there]


@lru_cache(maxsize=_DRAWN)
def _public(held: _Held) -> Mapping[str, float]:
    frame = frames(held.answer).money
    mine = frame[(frame["scope"] == "horizon") & (frame["payer"] == "all")]
    return dict(zip(mine["kind"], mine["mean"], strict=True))


def entry_costs(mix: Answer, base: Answer, entries: Sequence[str]) -> list[tuple[str, float, float]]:
    """Return the net public cost of some entries in a mix and in the baseline, CNY over the scenario's years."""
    mix, base = same_runs(mix, base)
    here, there = (_net_by_entry(_Held(answer)) for answer in (mix, base))
    return [(e, float(here.get(e, 0.0)), float(there.get(e, 0.0))) for e in entries]


@lru_cache(maxsize=_DRAWN)
def _net_by_entry(held: _Held) -> Mapping[str, float]:
    return dict(net_by_entry(frames(held.answer).costs))


def first_shown(rows: Sequence[TargetRow], count: int = MOST_FANS) -> list[str]:
    """Return the targets whose fans say most: those that moved clearly, then outcomes most in doubt."""
    ranked = sorted(rows, key=lambda r: (not r.clear, not r.headline, abs(r.probability - 0.5)))
    return [r.id for r in ranked[:count]]


def fans(mix: Answer, base: Answer, targets: Sequence[str], language: str) -> tuple[tuple[str, Markup], ...]:
    """Return a caption and a picture for each target: the mix's fan, the baseline's median."""
    mix, base = same_runs(mix, base)
    return _fans(_Held(mix), _Held(base), tuple(targets), language)


@lru_cache(maxsize=_DRAWN)
def _fans(mine_: _Held, theirs_: _Held, targets: tuple[str, ...], language: str) -> tuple[tuple[str, Markup], ...]:
    from simulator.report.fans import as_level, fan_frame, fans_of, history
    from simulator.report.html.fan_chart import fan_svg

    mix, base = mine_.answer, theirs_.answer
    here, there = frames(mix), frames(base)
    rows = [r for r in records(here.targets) if r["id"] in targets and r["status"] == SIMULATED]
    names = {r["indicator"] for r in rows} | {r["true_indicator"] for r in rows}
    mine, theirs = fans_of(here.series, names), fans_of(there.series, names)
    observed, periods = history(here.meta["region"]), here.meta.get("periods", {})
    out = []
    for row in rows:
        level = as_level(row, mine, periods)
        frame = fan_frame(level, mine, observed)
        beside = theirs[row["indicator"]]["p50"] * level["scale"] if row["indicator"] in theirs else None
        if beside is not None and mix.fingerprint == base.fingerprint:
            beside = None
        name = row["name_zh"] if language == "zh" else row["name"]
        picture = fan_svg(level, frame, here.meta["plan_start"], language, beside=beside)
        out.append((f"{row['id']} {name}", picture))
    return tuple(out)


# ---- pieces of the page -------------------------------------------------------------------------------


def target_heads(language: str) -> list[str]:
    """Return the heads of the table of targets."""
    return [said(k, language) for k in ("col_target", "col_p", "col_base_p", "col_median", "col_change")]


def targets_html(rows: Sequence[TargetRow], language: str, heads: Sequence[str], mix: Answer | None = None) -> Markup:
    """Return targets as a table: probability with a bar, that of the baseline, median, change.

    It says in its source which mix it is of and on how many runs it rests.
    """
    lines = [
        Markup(
            '<tr data-target="{}"><td class="name"><b>{}</b> {}<span class="dim">{}</span></td>'
            '<td class="p {}"><span class="bar"><i style="width:{}%"></i></span>{}<span class="dim">{}</span></td>'
            '<td class="n dim">{}</td><td class="n">{}</td><td class="n {}">{}</td></tr>'
        ).format(
            r.id, r.id, r.name, r.wanted, r.level.replace(" ", "-"), round(100 * r.probability),
            f"{r.probability:.2f}", word(r.level, language), f"{r.base:.2f}", r.middle,
            "clear" if r.clear else "dim", r.change,
        )
        for r in rows
    ]  # fmt: skip
    of = Markup(' data-mix="{}" data-runs="{}"').format(mix.fingerprint, mix.runs) if mix is not None else ""
    return _table("targets", heads, lines, left=2, of=of)


def money_html(rows: Sequence[MoneyRow], language: str, heads: Sequence[str], words: Sequence[str]) -> Markup:
    """Return money by kind as a table: of the mix, of the baseline, and the difference."""
    lines = [
        Markup('<tr data-kind="{}" class="{}"><td>{}</td>' + 3 * '<td class="n">{}</td>' + "</tr>").format(
            r.kind, r.kind, text, *(money(v, language) for v in (r.mix, r.base)), signed_money(r.mix - r.base, language)
        )
        for r, text in zip(rows, words, strict=True)
    ]  # fmt: skip
    return _table("money", heads, lines)


def signed_money(value: float, language: str) -> str:
    """Return a difference of money with its sign, without the unit."""
    if 0.0 < abs(value) < NOTHING:
        return ABOUT_ZERO
    text = money(value, language, digits=3)
    return f"+{text}" if value > 0 else text


def _table(
    name: str, heads: Sequence[str], lines: Sequence[Markup], left: int = 1, columns: int = 0, of: str = ""
) -> Markup:
    cells = Markup().join(
        Markup('<th class="{}">{}</th>').format("" if k < left else "n", head) for k, head in enumerate(heads)
    )
    table = Markup('<table class="live {}" style="--columns:{}"{}><thead><tr>{}</tr></thead><tbody>{}</tbody></table>')
    shown = columns or len(heads)
    return Markup('<div class="wide">{}</div>').format(table.format(name, shown, of, cells, Markup().join(lines)))


def beside_html(rows: Sequence[Sequence[TargetRow]], heads: Sequence[str]) -> Markup:
    """Return targets, each as the rows that it has in the mixes, as a table.

    Of a mix it has the probability, and under it the change of the mean, in bold where it is clear.
    """
    cell = Markup('<td class="n {}"><span class="{}">{}</span><span class="change">{}</span></td>')
    lines = [
        Markup('<tr data-target="{}"><td class="name"><b>{}</b> {}</td><td class="n dim">{}</td>{}</tr>').format(
            row[0].id, row[0].id, row[0].name, f"{row[0].base:.2f}",
            Markup().join(
                cell.format("beyond" if m.clear else "", m.level.replace(" ", "-"), f"{m.probability:.2f}", m.change)
                for m in row
            ),
        )
        for row in rows
    ]  # fmt: skip
    return _table("beside", heads, lines, columns=len(heads) - 1)


def plain_html(name: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Markup:
    """Return rows of text and figures as a table; the first column is text."""
    lines = [
        Markup("<tr>{}</tr>").format(
            Markup().join(Markup('<td class="{}">{}</td>').format("n" if k else "", v) for k, v in enumerate(row))
        )
        for row in rows
    ]  # fmt: skip
    return _table(name, heads, lines)


@lru_cache(maxsize=2)
def style(language: str) -> str:
    """Return the page's style sheet as an element; it holds the few words that Streamlit itself writes in English."""
    text = Path(__file__).with_name("live.css").read_text(encoding="utf-8")
    return f"<style>{text}\n:root{{--choose:{said('upload_button', language)!r}}}</style>"


def aged(part: Markup, stale: bool) -> Markup:
    """Return a part of the page, pale where it shows what was asked before."""
    return Markup('<div class="stale">{}</div>').format(part) if stale else part


def fans_html(pictures: Sequence[tuple[str, Markup]]) -> Markup:
    """Return pictures with their captions, as many beside each other as there is room for."""
    parts = [Markup("<figure><figcaption>{}</figcaption>{}</figure>").format(c, p) for c, p in pictures]
    return Markup('<div class="fans">{}</div>').format(Markup().join(parts))
