"""Figures of a validation: coverage by parameter, history and test points in their bands, facts, what was learned."""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.report.catalogue import parameter_doc, region_state
from simulator.report.memo_words import said
from simulator.report.parameter_names import first_clause
from simulator.report.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    SKY,
    VERMILION,
    clean,
    finish,
    new_figure,
    scale_axis,
    styled,
    usable_language,
)
from simulator.report.words import colon, cut, word
from simulator.study.gates import COVERAGE, EACH, FACTS, FACTS_ZH, IDENTIFIED, INNER, PREDICTIVE
from simulator.study.scoring import LEVEL, band, trend_baselines
from simulator.study.validate import Validation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 4
LEARNED_SHOWN = 25
WORDS = {"en": 42, "zh": 22}
BINS = 25
COLOURS = {"persistence": GREY, "linear": ORANGE, "exponential": GREEN}
SAID: dict[str, tuple[str, str]] = {
    "coverage x": (
        "share of planted truths that the 90 % interval of the parameter holds",
        "参数的 90 % 区间包含预设真值的比例",
    ),
    "coverage": (
        "Dotted: 90 %; red lines: what a single parameter is allowed.",
        "虚线：90 %；红线：单个参数允许的范围。",
    ),
    "predictive": (
        "Bar: 90 % of simulated futures, dash: median; black dot: observed, red cross: observed outside the bar.",
        "色条：90 % 的模拟未来，横线：中位数；黑点：观测值，红叉：落在色条之外的观测值。",
    ),
    "predictive title": ("History that was fitted, and what is simulated", "参与拟合的历史与模拟结果"),
    "inner title": ("Years left out of the fit, and what was foreseen of them", "未参与拟合的年份与模型的预测"),
    "inner": (
        "Grey dot: fitted; star: observed in a test year; bar: 90 % of simulated futures, dash: median; diamond: median"
        " of the best baseline (grey: no change, orange: straight line, green: constant growth).",
        "灰点：用于拟合的观测值；星：检验年观测值；色条：90 % 的模拟未来，横线：中位数；"
        "菱形：最佳基准的中位数（灰：不变，橙：线性，绿：等速增长）。",
    ),
    "facts": ("Dot: simulated; shaded: what the literature allows.", "圆点：模拟值；阴影：文献给出的范围。"),
    "spread x": ("posterior over prior standard deviation", "后验与先验标准差之比"),
    "spread": (
        "Left of the red line at 0.8, history has taught something of the parameter.",
        "低于红线（0.8）：历史数据提供了该参数的信息。",
    ),
}


def draw_validation(found: Validation, folder: Path, language: str) -> list[Path]:
    """Draw the figures that there is something for, each with its numbers in a .csv beside it."""
    language, out = usable_language(language), []
    with styled(language):
        if found.planted is not None:
            out += _coverage(found, folder, language)
        if found.predictive is not None:
            out += _predictive(found, folder, language)
        if found.inner is not None:
            out += _inner(found, folder, language)
        if found.facts:
            out += _facts(found, folder, language)
        if found.manifest.get("spread"):
            out += _learned(found, folder, language)
    return out


def _foot(found: Validation, language: str, note: str = "") -> str:
    """Return what is drawn, then draws, calibration, date and the bank of runs behind the fit, then the status."""
    manifest, zh = found.manifest, language == "zh"
    draws = f"{manifest['draws']:,} {word('draws', language)}" if "draws" in manifest else ""
    parts = [draws, f"{word('calibration', language)}{colon(language)}{word(str(manifest.get('kind', '')), language)}"]
    parts += [datetime.date.today().isoformat(), str(dict(manifest.get("bank") or {}).get("hash", ""))[:8]]
    status = region_state(found.status, language)
    line = " · ".join(part for part in parts if part) if manifest else ""
    return "\n".join(text for text in (SAID[note][zh] if note else "", line, status) if text)


def _coverage(found: Validation, folder: Path, language: str) -> list[Path]:
    import pandas

    assert found.planted is not None
    zh, shares = language == "zh", found.planted.by_parameter
    figure = new_figure(7.0, 3.3)
    axes = figure.add_subplot()
    axes.hist(shares, bins=np.linspace(min(0.8, shares.min()), 1.0, BINS).tolist(), color=SKY)
    for edge in EACH:
        axes.axvline(edge, color=VERMILION, linewidth=1.0)
    axes.axvline(LEVEL, color=INK, linewidth=1.0, linestyle=":")
    axes.set_title("各参数 90 % 区间覆盖真值的比例" if zh else "How often 90 % intervals hold the truth, by parameter")
    axes.set_ylabel("参数个数" if zh else "parameters")
    axes.set_xlabel(SAID["coverage x"][zh], fontsize=8)
    axes.xaxis.set_major_formatter(lambda x, _: f"{100 * x:g} %")
    clean(axes)
    names = list(dict(found.manifest.get("spread") or {})) or [str(k) for k in range(shares.size)]
    frame = pandas.DataFrame({"parameter": names[: shares.size], "coverage": shares})
    return finish(figure, frame, folder / f"{COVERAGE}.png", _foot(found, language, "coverage"), language)


def _grid(count: int, title: str) -> tuple[Any, list[Axes]]:
    lines = math.ceil(count / COLUMNS)
    figure = new_figure(11.0, 2.2 * lines + 0.7)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return figure, [figure.add_subplot(lines, COLUMNS, k + 1) for k in range(count)]


def _name(indicator: str, language: str) -> tuple[str, str]:
    from simulator.model import INDICATORS

    row = INDICATORS[indicator]
    return (row.label.zh if language == "zh" else row.label.en), row.unit


def _panel(axes: Axes, indicator: str, top: float, years: np.ndarray, language: str) -> None:
    from matplotlib.ticker import MaxNLocator

    name, unit = _name(indicator, language)
    scaled = scale_axis(axes.yaxis, top, unit, language)
    if unit == "1" and top <= 1.0:
        axes.yaxis.set_major_formatter(lambda y, _: f"{100 * y:.3g}")
        scaled = "%"
    told = scaled and scaled.lower() not in name.lower()  # not "Incubators" over "incubators"
    axes.set_title(f"{name}\n{scaled}" if told else name, fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    axes.set_xlim(float(years.min()) - 0.6, float(years.max()) + 0.8)
    axes.set_ylim(0.0, 1.1 * top)
    axes.tick_params(labelsize=7)
    clean(axes)


def _predictive(found: Validation, folder: Path, language: str) -> list[Path]:
    assert found.predictive is not None
    groups = list(found.predictive.groupby("indicator", sort=False))
    figure, panels = _grid(len(groups), SAID["predictive title"][language == "zh"])
    for axes, (name, rows) in zip(panels, groups, strict=True):
        x = rows["year"].to_numpy()
        axes.vlines(x, rows["p05"], rows["p95"], color=SKY, linewidth=5)
        axes.plot(x, rows["p50"], "_", color=BLUE, markersize=9)
        inside = rows["inside"].to_numpy(bool)
        axes.plot(x[inside], rows["observed"].to_numpy()[inside], "o", color=INK, markersize=4)
        axes.plot(x[~inside], rows["observed"].to_numpy()[~inside], "X", color=VERMILION, markersize=6)
        top = float(max(rows["observed"].max(), rows["p95"].max()))
        _panel(axes, str(name), top, found.history.years, language)
    return finish(
        figure, found.predictive, folder / f"{PREDICTIVE}.png", _foot(found, language, "predictive"), language
    )


def _inner(found: Validation, folder: Path, language: str) -> list[Path]:
    import pandas

    assert found.inner is not None
    test = found.inner
    low, high = band(test.samples)
    middle, names, rows = np.median(test.samples, axis=0), list(dict.fromkeys(test.tested.names)), []
    figure, panels = _grid(len(names), SAID["inner title"][language == "zh"])
    for axes, name in zip(panels, names, strict=True):
        now, old = (np.array([n == name for n in h.names], bool) for h in (test.tested, test.fitted))
        years, mine = test.tested.years[now], test.fitted.where(old)
        axes.vlines(years, low[now], high[now], color=SKY, linewidth=6)
        axes.plot(years, middle[now], "_", color=BLUE, markersize=10)
        axes.plot(mine.years, mine.values, "o", color=GREY, markersize=4)
        axes.plot(years, test.tested.values[now], "*", color=INK, markersize=8)
        score = next(s for s in test.scores if s.indicator == name)
        if score.scored:
            order = np.argsort(mine.years)
            samples = trend_baselines(
                mine.years[order], mine.values[order], years, sd=(mine.values * mine.sd_source)[order]
            )[score.best]
            axes.plot(years + 0.15, np.median(samples, axis=0), "D", color=COLOURS[score.best], markersize=4)
        top = float(np.concatenate([test.tested.values[now], high[now], mine.values]).max())
        _panel(axes, name, top, found.history.years, language)
        for k in np.flatnonzero(now):
            rows.append({"indicator": name, "year": int(test.tested.years[k]), "observed": test.tested.values[k],
                         "p05": low[k], "p50": middle[k], "p95": high[k], "pit": test.pit[k]})  # fmt: skip
    foot = _foot(found, language, "inner")
    return finish(figure, pandas.DataFrame(rows), folder / f"{INNER}.png", foot, language)


def _parameter(name: str, language: str) -> str:
    words = cut(first_clause(parameter_doc(name, language)), WORDS[language])
    return f"{words}  {name}" if words else name


def _facts(found: Validation, folder: Path, language: str) -> list[Path]:
    import pandas

    facts, zh = found.facts, language == "zh"
    figure = new_figure(7.5, 0.28 * len(facts) + 1.3)
    axes = figure.add_subplot()
    for k, fact in enumerate(facts):
        place = (fact.value - fact.low) / (fact.high - fact.low)
        axes.plot(place, -k, "o", color=BLUE if fact.ok else VERMILION)
    axes.axvspan(0.0, 1.0, color=SKY, alpha=0.25)
    axes.set_yticks([-k for k in range(len(facts))])
    axes.set_yticklabels([FACTS_ZH.get(f.id, f.name) if zh else f.name for f in facts], fontsize=7)
    axes.set_xticks([0.0, 1.0])
    axes.set_xticklabels(["下限", "上限"] if zh else ["low end", "high end"])
    axes.set_title(said("facts", language))
    clean(axes)
    rows = [{"fact": f.id, "value": f.value, "low": f.low, "high": f.high, "source": f.source} for f in facts]
    return finish(figure, pandas.DataFrame(rows), folder / f"{FACTS}.png", _foot(found, language, "facts"), language)


def _learned(found: Validation, folder: Path, language: str) -> list[Path]:
    import pandas

    spread = sorted(dict(found.manifest["spread"]).items(), key=lambda item: float(item[1]))
    shown, zh = spread[:LEARNED_SHOWN], language == "zh"
    figure = new_figure(8.6, 0.2 * len(shown) + 1.4)
    axes = figure.add_subplot()
    axes.barh([-k for k in range(len(shown))], [float(s) for _, s in shown], color=BLUE, height=0.7)
    axes.axvline(0.8, color=VERMILION, linewidth=1.0)
    axes.set_yticks([-k for k in range(len(shown))])
    axes.set_yticklabels([_parameter(name, language) for name, _ in shown], fontsize=7)
    axes.set_title("历史数据最能确定的参数" if zh else "The parameters of which history says most")
    axes.set_xlabel(SAID["spread x"][zh], fontsize=8)
    clean(axes)
    axes.grid(False, axis="y")
    frame = pandas.DataFrame(spread, columns=["parameter", "spread"])
    return finish(figure, frame, folder / f"{IDENTIFIED}.png", _foot(found, language, "spread"), language)
