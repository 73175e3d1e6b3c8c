"""The gates of a validation: what is asked, of which figure, and whether it holds. Bounds are never tuned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.core.declare import Label
from simulator.model import INDICATORS
from simulator.study.abc_fit import LEARNED, Coverage
from simulator.study.accounting import Books
from simulator.study.inner_test import InnerTest
from simulator.study.scoring import LEVEL, at_most_p

if TYPE_CHECKING:
    import pandas

    from simulator.study.facts import Fact

POOLED = (0.87, 0.93)  # of 90 % intervals over planted truths
EACH = (0.82, 0.97)
# Exact binomial probability below which the share of points inside is not that of a 90 % band.
LEAST_P = 0.05
LEAST_WON = 0.5  # of the series, on which the model must beat the best baseline
NAMED = 8  # parameters and pairs that are named on the page; files hold all

COVERAGE, PREDICTIVE, INNER, FACTS, BOOKS, IDENTIFIED = (
    "coverage", "predictive", "inner", "facts", "books", "identified",
)  # fmt: skip
GROUPS = {
    COVERAGE: Label("Intervals over planted truths", "对已知真值的区间覆盖"),
    PREDICTIVE: Label("Does the posterior give the history back?", "后验能否还原历史"),
    INNER: Label("Fit to 2014, scored on 2015-2016", "拟合至 2014 年，检验 2015—2016 年"),
    FACTS: Label("Stylised facts of the firm population", "企业群体的典型事实"),
    BOOKS: Label("Accounting", "账目"),
    IDENTIFIED: Label("What was learned", "识别情况"),
}


@dataclass(frozen=True)
class Gate:
    """One question with its answer: ``ok`` is None where nothing is asked and the figure is only reported."""

    group: str
    name: Label
    figure: str
    asked: str
    ok: bool | None


def within(low: float, high: float) -> str:
    """Return bounds as pages show them."""
    return f"{low:g}-{high:g}"


def coverage_gates(found: Coverage) -> list[Gate]:
    """Return the gates on how often 90 % intervals hold planted truths."""
    low, high = float(found.by_parameter.min()), float(found.by_parameter.max())
    n = found.planted
    return [
        Gate(
            COVERAGE,
            Label(f"all parameters together, {n} truths", f"全部参数合计，{n} 个真值"),
            f"{found.pooled:.3f}", within(*POOLED), POOLED[0] <= found.pooled <= POOLED[1],
        ),
        Gate(
            COVERAGE,
            Label(f"each of {found.by_parameter.size} parameters: lowest, highest",
                  f"{found.by_parameter.size} 个参数各自：最低、最高"),
            f"{low:.3f}, {high:.3f}", within(*EACH), EACH[0] <= low and high <= EACH[1],
        ),
        Gate(
            COVERAGE,
            Label("those that a truth's data taught something", "真值数据有所识别的参数"),
            f"{found.learned:.3f}", "", None,
        ),
    ]  # fmt: skip


def predictive_gates(found: pandas.DataFrame) -> list[Gate]:
    """Return the gates on how many history points lie in the 90 % band: by series (half of them), and all together."""
    out = []
    for name, mine in found.groupby("indicator", sort=False):
        hits, count = int(mine["inside"].sum()), len(mine)
        out.append(Gate(PREDICTIVE, INDICATORS[str(name)].label, f"{hits}/{count}", "≥ 1/2", 2 * hits >= count))
    hits, count = int(found["inside"].sum()), len(found)
    chance = at_most_p(hits, count, LEVEL)  # one-sided: points that were fitted lie inside more often than others
    together = Label("all points together; exact p of so few or fewer", "全部点合计；不多于此数的精确 p 值")
    return [
        *out,
        Gate(PREDICTIVE, together, f"{hits}/{count}, p = {chance:.2f}", f"p ≥ {LEAST_P:g}", chance >= LEAST_P),
    ]


def inner_gates(found: InnerTest) -> list[Gate]:
    """Return the gates on the series won by CRPS and on coverage; ``found.scores`` has each series."""
    won, scored = found.won
    cover = found.coverage
    enough = scored > 0 and won >= LEAST_WON * scored
    return [
        Gate(INNER, Label("series on which the CRPS beats the best baseline", "CRPS 优于最佳基准的序列数"),
             f"{won}/{scored}", f"≥ {LEAST_WON:g}", enough),
        Gate(INNER, Label("test points inside the 90 % band, exact p", "落入 90 % 区间的检验点，精确 p 值"),
             f"{cover.hits}/{cover.count}, p = {cover.p_value:.2f}", f"p ≥ {LEAST_P:g}", cover.p_value >= LEAST_P),
        Gate(INNER, Label("median width of the 90 % bands, share of the median", "90 % 区间宽度的中位数（占中位数）"),
             f"{found.median_width:.2f}", "", None),
    ]  # fmt: skip


def fact_gates(found: Sequence[Fact]) -> list[Gate]:
    """Return one gate a stylised fact."""
    return [
        Gate(FACTS, Label(f.name, FACTS_ZH.get(f.id, f.name)), f"{f.value:.3f}", within(f.low, f.high), f.ok)
        for f in found
    ]


def book_gates(found: Books) -> list[Gate]:
    """Return the gates on accounting."""
    closed = found.runs - len(found.unbalanced)
    worst = f"{found.worst:.4f}" + (f" ({found.worst_entry})" if found.worst_entry else "")
    return [
        Gate(BOOKS, Label("runs whose books close every year", "每年账目均平衡的模拟"),
             f"{closed}/{found.runs}", f"{found.runs}/{found.runs}", not found.unbalanced),
        Gate(BOOKS, Label(f"outlay over budget, the most of {found.entries} entries",
                          f"支出占预算，{found.entries} 个条目中的最大值"),
             worst, "≤ 1", found.worst <= 1.0 + 1e-9),
    ]  # fmt: skip


def identified(manifest: Mapping[str, Any]) -> list[Gate]:
    """Return what the data taught and what not; nothing is asked."""
    spread = {str(name): float(s) for name, s in dict(manifest.get("spread") or {}).items()}
    learned = sorted((n for n, s in spread.items() if s <= LEARNED), key=lambda n: spread[n])
    more = "" if len(learned) <= NAMED else f" … +{len(learned) - NAMED}"
    named = ", ".join(f"{n} {spread[n]:.2f}" for n in learned[:NAMED]) + more
    pairs = [p for p in manifest.get("pairs") or () if not math.isnan(float(p["correlation"]))]
    shown = ", ".join(f"{p['first']} / {p['second']} ({p['only']})" for p in pairs[:NAMED])
    return [
        Gate(IDENTIFIED, Label("parameters learned (spread over the prior's)", "已识别的参数（后验与先验标准差之比）"),
             f"{len(learned)}/{len(spread)}: {named or '–'}", f"≤ {LEARNED:g}", None),
        Gate(IDENTIFIED, Label("parameters not identified", "未识别的参数"),
             f"{len(spread) - len(learned)}/{len(spread)}", f"> {LEARNED:g}", None),
        Gate(IDENTIFIED, Label("pairs of which only a product or ratio is learned", "仅识别出乘积或比值的参数对"),
             f"{len(pairs)}" + (f": {shown}" if shown else ""), "", None),
    ]  # fmt: skip


FACTS_ZH = {
    "tail_revenue": "营业收入上尾指数",
    "tail_staff": "从业人员上尾指数",
    "growth_shape": "各规模组增长率的 Subbotin 形状参数",
    "size_variance": "增长率离散度随规模下降的速度",
    "survival_five": "新设科技企业五年存活率",
    "mortality_peak": "新设科技企业关闭率最高的年龄",
    "rd_entry": "一年内开始研发的企业占比",
    "rd_exit": "一年内停止研发的企业占比",
    "venture_loss": "回报低于成本的投资占比",
    "venture_win": "回报五倍及以上的投资占比",
    "notch_relabelled": "高企门槛以上一个百分点内虚报研发占比",
}
