"""The page of a calibration in a terminal: data given back or not, what was learned, what cannot be known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.report.words import bracketed, colon, comma, listed, number, plain_number
from simulator.study.abc_fit import LEARNED
from simulator.study.calibrate import Calibration

if TYPE_CHECKING:
    import pandas

SUSPECT = 0.99  # share of prior runs farther from the middle than the data, above which the fit is no surprise
SHOWN = 20  # learned parameters listed; all are in the manifest
_HEADS = {
    "en": ("indicator", "year", "observed", "prior, 99 % range", "posterior median [90 %]", "inside"),
    "zh": ("指标", "年份", "观测值", "先验（99 % 区间）", "后验中位数［90 %］", "区间内"),
}


def page(done: Calibration, predictive: pandas.DataFrame | None, language: str) -> RenderableType:
    """Return what a finished calibration prints."""
    parts: list[RenderableType] = [point_table(done, predictive, language), Text("")]
    parts += [Text(line) for line in lines(done, predictive, language)]
    return Group(*parts)


def point_table(done: Calibration, predictive: pandas.DataFrame | None, language: str) -> Table:
    """Return one row a point: observed figure, what the priors gave, what the posterior gives."""
    from simulator.model import INDICATORS

    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for k, head in enumerate(_HEADS[language]):
        table.add_column(head, justify="left" if k == 0 else "right", no_wrap=k > 0)
    rows: list[dict[str, Any]] = [] if predictive is None else predictive.to_dict("records")  # type: ignore[assignment]
    for k, check in enumerate(done.checks):
        indicator = INDICATORS[check.indicator]

        def text(value: float, unit: str = indicator.unit, like: float = check.observed) -> str:
            return number(value, unit, language, like=like)

        cells = [indicator.label[language], str(check.year), text(check.observed)]
        cells.append(f"{text(check.low)} – {text(check.high)}")
        if rows:
            row = rows[k]
            cells.append(f"{text(row['p50'])} [{text(row['p05'])}, {text(row['p95'])}]")
            cells.append(
                ("是" if language == "zh" else "yes") if row["inside"] else ("否" if language == "zh" else "NO")
            )
        table.add_row(*cells)
    return table


def lines(done: Calibration, predictive: pandas.DataFrame | None, language: str) -> list[str]:
    """Return the sentences below the table."""
    zh, mark = language == "zh", colon(language)
    cover, share = done.coverage, f"{done.farther:.0%}"
    found = []
    if predictive is not None:
        inside, count = int(predictive["inside"].sum()), len(predictive)
        found.append(
            f"后验 90 % 区间包含 {count} 个观测点中的 {inside} 个。"
            if zh
            else f"The posterior's 90 % bands hold {inside} of {count} observed points."
        )
    found += [
        f"先验运行中有 {share} 离中心比观测数据更远（全部观测点一并比较）。"
        if zh
        else f"All points together: {share} of the prior runs lie farther from the middle than the data.",
        f"{cover.planted} 个植入真值：90 % 区间的合并覆盖率 {cover.pooled:.3f}，其中已识别参数 {cover.learned:.3f}。"
        if zh
        else f"{cover.planted} planted truths: 90 % intervals held {cover.pooled:.3f} of all parameters, "
        f"{cover.learned:.3f} of those learned.",
    ]
    if done.farther > SUSPECT:
        found.insert(
            -1,
            "数据比几乎所有先验运行都更接近中心：参数的取值已参照这些数据设定，或误差设得偏大，所以拟合好不等于检验通过。"
            if zh
            else "The data lie nearer the middle than nearly every prior run: the parameters' values were set with "
            "these data in sight, or the errors are stated too large. A good fit is therefore no test.",
        )
    learned, total = done.learned, len(done.spread)
    names = [
        f"{n} {bracketed(comma(language).join((f'{done.spread[n]:.2f}', f'{done.shift[n]:+.2f}')), language)}"
        for n in learned[:SHOWN]
    ]
    found.append(
        f"{total} 个参数中有 {len(learned)} 个得到识别（后验与先验标准差之比不超过 {LEARNED}；"
        f"括号内为该比值与以先验标准差计的移动）{mark}{listed(names, language) or '无'}"
        if zh
        else f"{len(learned)} of {total} parameters are learned (posterior over prior sd at most {LEARNED}; "
        f"in brackets that ratio and the shift in prior sd){mark}{listed(names, language) or 'none'}"
    )
    found.append(
        f"其余 {total - len(learned)} 个无法由数据识别，保留先验分布。"
        if zh
        else f"The other {total - len(learned)} are not identified: they keep their prior, or nearly."
    )
    for pair in done.pairs:
        what = {"product": "乘积", "ratio": "比值"}[pair.what] if zh else pair.what
        found.append(
            f"{pair.first} 与 {pair.second}{mark}只有{what}得到识别。"
            if zh
            else f"{pair.first} and {pair.second}{mark}only their {what} is learned."
        )
    runs = plain_number(done.bank.size)
    found.append(
        f"运行库{mark}{runs} 次，{done.bank.folder}；后验样本{mark}{done.path}"
        if zh
        else f"bank{mark}{runs} runs in {done.bank.folder}; posterior{mark}{done.path}"
    )
    return found
