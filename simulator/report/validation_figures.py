"""Figures of a validation: coverage by parameter, history and test points in their bands, facts, what was learned."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

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
from simulator.study.gates import COVERAGE, EACH, FACTS, FACTS_ZH, IDENTIFIED, INNER, PREDICTIVE
from simulator.study.scoring import LEVEL, band, trend_baselines
from simulator.study.validate import Validation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 4
LEARNED_SHOWN = 25
BINS = 25
COLOURS = {"persistence": GREY, "linear": ORANGE, "exponential": GREEN}


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


def _foot(found: Validation, language: str) -> str:
    status = found.status
    return "" if status is None else (status.zh if language == "zh" else status.en)


def _coverage(found: Validation, folder: Path, language: str) -> list[Path]:
    import pandas

    assert found.planted is not None
    zh, shares = language == "zh", found.planted.by_parameter
    figure = new_figure(7.0, 2.6)
    axes = figure.add_subplot()
    axes.hist(shares, bins=np.linspace(min(0.8, shares.min()), 1.0, BINS).tolist(), color=SKY)
    for edge in EACH:
        axes.axvline(edge, color=VERMILION, linewidth=1.0)
    axes.axvline(LEVEL, color=INK, linewidth=1.0, linestyle=":")
    axes.set_title("各参数 90 % 区间覆盖真值的比例" if zh else "How often 90 % intervals hold the truth, by parameter")
    axes.set_ylabel("参数个数" if zh else "parameters")
    clean(axes)
    names = list(dict(found.manifest.get("spread") or {})) or [str(k) for k in range(shares.size)]
    frame = pandas.DataFrame({"parameter": names[: shares.size], "coverage": shares})
    return finish(figure, frame, folder / f"{COVERAGE}.png", _foot(found, language), language)


def _grid(count: int) -> tuple[Any, list[Axes]]:
    lines = math.ceil(count / COLUMNS)
    figure = new_figure(11.0, 2.2 * lines + 0.3)
    return figure, [figure.add_subplot(lines, COLUMNS, k + 1) for k in range(count)]


def _name(indicator: str, language: str) -> tuple[str, str]:
    from simulator.model import INDICATORS

    row = INDICATORS[indicator]
    return (row.label.zh if language == "zh" else row.label.en), row.unit


def _panel(axes: Axes, indicator: str, top: float, years: np.ndarray, language: str) -> None:
    from matplotlib.ticker import MaxNLocator

    name, unit = _name(indicator, language)
    scaled = scale_axis(axes.yaxis, top, unit, language)
    axes.set_title(f"{name}\n{scaled}" if scaled else name, fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    axes.set_xlim(float(years.min()) - 0.6, float(years.max()) + 0.8)
    axes.set_ylim(0.0, 1.1 * top)
    axes.tick_params(labelsize=7)
    clean(axes)


def _predictive(found: Validation, folder: Path, language: str) -> list[Path]:
    assert found.predictive is not None
    groups = list(found.predictive.groupby("indicator", sort=False))
    figure, panels = _grid(len(groups))
    for axes, (name, rows) in zip(panels, groups, strict=True):
        x = rows["year"].to_numpy()
        axes.vlines(x, rows["p05"], rows["p95"], color=SKY, linewidth=5)
        axes.plot(x, rows["p50"], "_", color=BLUE, markersize=9)
        inside = rows["inside"].to_numpy(bool)
        axes.plot(x[inside], rows["observed"].to_numpy()[inside], "o", color=INK, markersize=4)
        axes.plot(x[~inside], rows["observed"].to_numpy()[~inside], "X", color=VERMILION, markersize=6)
        top = float(max(rows["observed"].max(), rows["p95"].max()))
        _panel(axes, str(name), top, found.history.years, language)
    return finish(figure, found.predictive, folder / f"{PREDICTIVE}.png", _foot(found, language), language)


def _inner(found: Validation, folder: Path, language: str) -> list[Path]:
    import pandas

    assert found.inner is not None
    test = found.inner
    low, high = band(test.samples)
    middle, names, rows = np.median(test.samples, axis=0), list(dict.fromkeys(test.tested.names)), []
    figure, panels = _grid(len(names))
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
    foot = (
        "灰点：用于拟合的观测值；星：检验年观测值；色条：模型 90 % 区间与中位数；菱形：最佳基准的中位数"
        if language == "zh"
        else "grey: fitted points; star: observed in a test year; bar: the model's 90 % band and median; diamond:"
        " median of the best baseline"
    )
    frame = pandas.DataFrame(rows)
    return finish(figure, frame, folder / f"{INNER}.png", f"{foot}\n{_foot(found, language)}", language)


def _facts(found: Validation, folder: Path, language: str) -> list[Path]:
    import pandas

    facts, zh = found.facts, language == "zh"
    figure = new_figure(7.5, 0.28 * len(facts) + 0.9)
    axes = figure.add_subplot()
    for k, fact in enumerate(facts):
        place = (fact.value - fact.low) / (fact.high - fact.low)
        axes.plot(place, -k, "o", color=BLUE if fact.ok else VERMILION)
    axes.axvspan(0.0, 1.0, color=SKY, alpha=0.25)
    axes.set_yticks([-k for k in range(len(facts))])
    axes.set_yticklabels([FACTS_ZH.get(f.id, f.name) if zh else f.name for f in facts], fontsize=7)
    axes.set_xticks([0.0, 1.0])
    axes.set_xticklabels(["下限", "上限"] if zh else ["low end", "high end"])
    axes.set_title("典型事实在其区间中的位置" if zh else "Stylised facts in their bands")
    clean(axes)
    rows = [{"fact": f.id, "value": f.value, "low": f.low, "high": f.high, "source": f.source} for f in facts]
    return finish(figure, pandas.DataFrame(rows), folder / f"{FACTS}.png", _foot(found, language), language)


def _learned(found: Validation, folder: Path, language: str) -> list[Path]:
    import pandas

    spread = sorted(dict(found.manifest["spread"]).items(), key=lambda item: float(item[1]))
    shown, zh = spread[:LEARNED_SHOWN], language == "zh"
    figure = new_figure(7.5, 0.2 * len(shown) + 0.9)
    axes = figure.add_subplot()
    axes.barh([-k for k in range(len(shown))], [float(s) for _, s in shown], color=BLUE, height=0.7)
    axes.axvline(0.8, color=VERMILION, linewidth=1.0)
    axes.set_yticks([-k for k in range(len(shown))])
    axes.set_yticklabels([name for name, _ in shown], fontsize=6.5)
    axes.set_title("后验与先验标准差之比，最小者" if zh else "Posterior over prior standard deviation, the smallest")
    clean(axes)
    frame = pandas.DataFrame(spread, columns=["parameter", "spread"])
    return finish(figure, frame, folder / f"{IDENTIFIED}.png", _foot(found, language), language)
