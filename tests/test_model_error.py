"""Probabilities with the model's own error: no error, much error, what fitted points tell, and where it is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given as of_all
from hypothesis import settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from simulator.core.declare import Indicator, Label
from simulator.core.problems import InputError
from simulator.report.board import chance, has_error, share_apart
from simulator.report.terminal_chance import error_line, probability_cell
from simulator.study import model_error
from simulator.study.discrepancy import predicted
from simulator.study.history import History, load_history
from simulator.study.model_error import SAME_ERROR, ModelError, given, model_error_of
from simulator.study.tables import targets_frame
from simulator.study.targets import Target, load_targets

YEARS = np.arange(2011, 2021)
EVEN = 0.1 * ndtri((np.arange(40) + 0.5) / 40)[:, None]  # a normal sample as even as can be
COUNT = 1000.0 * np.exp(EVEN + 0.05 * np.arange(10))  # (n, T)
SHARE = 1.0 / (1.0 + np.exp(1.2 - EVEN - 0.02 * np.arange(10)))
SERIES = {"hnte_count": COUNT, "rd_share": SHARE, "growth": np.full((40, 10), 0.1)}
INDICATORS = {
    "hnte_count": Indicator("hnte_count", Label("h", "高"), "firms", "stock", lambda _: 0.0),
    "rd_share": Indicator("rd_share", Label("r", "研"), "1", "share", lambda _: 0.0),
    "growth": Indicator("growth", Label("g", "增"), "1 / year", "rate", lambda _: 0.0),
}


def points(names: list[str], years: list[int], values: list[float], source: float, model: float) -> History:
    count = len(names)
    return History(
        "r", tuple(names), np.array(years), np.array(values, float), np.full(count, source), np.full(count, model),
        ("fit",) * count, ("",) * count, np.array([name == "rd_share" for name in names]),
    )  # fmt: skip


def error(model: float, *, start: int = 2015, at: float = 1000.0) -> ModelError:
    return ModelError(points(["hnte_count"] * 2 + ["rd_share"], [2012, 2016, 2016], [at, at, 0.25], 0.05, model), start)


def target(**changes: Any) -> Target:
    plain: dict[str, Any] = {"id": "T1", "region": "r", "section": "1", "kind": "outcome", "year": 2016, "op": "ge"}
    plain |= {"value": 1300.0, "unit": "firms", "name": Label("t", "目标"), "quote": "q", "indicator": "hnte_count"}
    return Target(**plain | changes)


def probability(of: ModelError, judged: Target, series: Mapping[str, np.ndarray] = SERIES) -> float:
    return of.probability(judged, series.__getitem__, YEARS, INDICATORS)


@pytest.mark.parametrize(
    "judged",
    [
        target(),
        target(op="gt", value=1250.0),
        target(indicator="rd_share", value=25.0, scale=100.0),
        target(kind="growth", period=(2015, 2020), year=2020, value=5.0, scale=100.0),
    ],
)
@pytest.mark.parametrize("start", [2011, 2015, 2020])
def test_without_discrepancy_it_is_the_share_of_runs(judged: Target, start: int) -> None:
    plain = judged.met(judged.figures(SERIES[str(judged.indicator)], YEARS, INDICATORS)).mean()
    assert probability(error(0.0, start=start), judged) == plain
    if judged.kind == "outcome":  # growth is the same in every run: on the mark
        assert probability(error(1e-7, start=start), judged) == pytest.approx(plain, abs=0.03)


def test_a_large_discrepancy_leaves_one_half_at_the_median() -> None:
    at = target(value=float(np.median(COUNT[:, 5])))
    for model in (0.1, 1.0, 100.0):
        assert probability(error(model, start=2011), at) == pytest.approx(0.5, abs=0.03)
    for value in (500.0, 3000.0):  # and everywhere, as it grows; points before the plan cannot undo it
        assert probability(error(300.0), target(value=value)) == pytest.approx(0.5, abs=0.02)
    shares = target(indicator="rd_share", value=float(np.median(SHARE[:, 5])))
    assert probability(error(1.0), shares) == pytest.approx(0.5, abs=0.03)


@of_all(st.floats(0.01, 2.0), st.floats(1.01, 3.0), st.floats(200.0, 5000.0))
@settings(max_examples=50, deadline=None)
def test_it_rises_with_the_error_above_all_runs_and_falls_with_the_value(model: float, by: float, value: float) -> None:
    far = target(value=2.0 * float(COUNT.max()))
    assert probability(error(model, start=2011), far) <= probability(error(by * model, start=2011), far)
    near = target(value=0.5 * float(COUNT.min()))
    assert probability(error(model, start=2011), near) >= probability(error(by * model, start=2011), near)
    lower, higher = (probability(error(model), target(value=v)) for v in (value, by * value))
    assert higher <= lower


def test_a_model_that_was_low_before_the_plan_counts_as_low_after_it() -> None:
    judged = target(value=1400.0)
    low, right, high = (probability(error(0.15, at=at), judged) for at in (700.0, 1050.0, 1600.0))
    assert low < right < high
    # what came after the plan began is not looked at: it came about under what was done then
    one, other = error(0.15), error(0.15)
    moved = replace(other.fitted, values=np.where(other.fitted.years >= 2015, 5000.0, other.fitted.values))
    assert probability(one, judged) == probability(ModelError(moved, other.start), judged)


def test_years_beyond_the_last_fitted_one_are_less_sure() -> None:
    flat = {"hnte_count": np.full((4, 10), 1000.0)}
    soon, late = (probability(error(0.1), target(year=y), flat) for y in (2016, 2020))
    assert 0.0 < soon < late < 0.5


def test_it_is_what_a_forecast_draws() -> None:
    told = points(["hnte_count"] * 2, [2012, 2014], [900.0, 1500.0], 0.05, 0.15)
    new = points(["hnte_count"] * 2, [2016, 2018], [1000.0, 1000.0], 0.0, 0.15)
    runs = np.repeat([[1000.0, 1100.0]], 40_000, axis=0)
    drawn = np.log(predicted(told, runs, new, np.full((40_000, 2), 1000.0), seed=1) / 1000.0)
    mean, covariance = given(told, runs[:1], new, known=2014)
    assert drawn.mean(axis=0) == pytest.approx(mean[0], abs=0.004)
    assert np.cov(drawn.T) == pytest.approx(covariance, rel=0.04, abs=4e-4)


def test_in_growth_the_common_part_cancels() -> None:
    steady = {"hnte_count": np.tile(1000.0 * 1.05 ** np.arange(10), (4, 1))}
    judged = target(kind="growth", period=(2015, 2016), year=2016, value=10.0, scale=100.0)
    own = math.sqrt(2.0 * 0.5) * 0.1  # the halves that the two years do not share
    expected = ndtr((math.log(1.05) - math.log(1.10)) / own)
    assert probability(error(0.1, start=2011), judged, steady) == pytest.approx(expected)


def test_where_no_error_is_estimated_there_is_none() -> None:
    rate = target(indicator="growth", kind="growth", period=(2015, 2020), year=2020, value=1.0)
    share = target(indicator="rd_share", kind="growth", period=(2015, 2020), year=2020, value=1.0)
    for judged in (target(indicator=None), rate, share):
        assert math.isnan(probability(error(0.1), judged))


def test_figures_of_nothing_or_all_are_no_failure() -> None:
    none = {"hnte_count": np.zeros((4, 10)), "rd_share": np.ones((4, 10))}
    assert probability(error(0.1), target(), none) == 0.0
    assert probability(error(0.1), target(kind="growth", period=(2015, 2016), value=0.1), none) == 0.0
    assert probability(error(0.1), target(indicator="rd_share", value=0.5), none) == 1.0


def test_the_shipped_error_covers_the_fitted_targets_of_qingdao(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.model import INDICATORS as REAL

    region = SimpleNamespace(id="qingdao", plan_start=2015.5)
    found = model_error_of(SimpleNamespace(calibration="history", region=region))  # type: ignore[arg-type]
    assert found is not None
    assert found.start == 2015
    covered = {t.id for t in load_targets("qingdao") if found.series_of(t, REAL)}
    assert {"QD07", "QD08", "QD09", "QD10", "QD12", "QD14"} <= covered
    assert set(SAME_ERROR) <= set(REAL)
    assert set(SAME_ERROR.values()) <= set(load_history("qingdao").names)
    for calibration, city in (("evidence", "qingdao"), ("plan", "qingdao"), ("history", "nowhere")):
        other = SimpleNamespace(calibration=calibration, region=SimpleNamespace(id=city, plan_start=2015.5))
        assert model_error_of(other) is None  # type: ignore[arg-type]

    def broken(_: str) -> History:
        raise InputError([])

    monkeypatch.setattr(model_error, "load_history", broken)
    with pytest.raises(InputError):
        model_error_of(SimpleNamespace(calibration="history", region=region))  # type: ignore[arg-type]


def test_the_table_of_targets_has_both() -> None:
    outcomes = [
        SimpleNamespace(
            years=YEARS, names=tuple(SERIES), values=np.column_stack([x[i] for x in SERIES.values()]),
            replicate=SimpleNamespace(draw=i // 2),
        )
        for i in range(40)
    ]  # fmt: skip
    targets = [target(), target(id="T2", indicator="growth", value=0.05), target(id="T3", indicator=None)]
    made: Any = outcomes
    with_error = targets_frame(targets, made, INDICATORS, 2015.5, error(0.15)).set_index("id")
    plain = targets_frame(targets, made, INDICATORS, 2015.5).set_index("id")
    assert with_error["probability"].equals(plain["probability"])
    assert plain["probability_with_error"].isna().all()
    assert with_error["probability_with_error"].notna().tolist() == [True, False, False]
    assert with_error.loc["T1", "probability_with_error"] == probability(error(0.15), target())


def test_pages_show_the_one_with_error_first_and_say_for_how_many() -> None:
    row = {"probability": 0.0, "probability_with_error": 0.24}
    other = {"probability": 0.9, "probability_with_error": math.nan}
    near = {"probability": 0.5, "probability_with_error": 0.51}
    assert [chance(r) for r in (row, other, near)] == [0.24, 0.9, 0.51]
    assert [share_apart(r) for r in (row, other, near)] == [True, False, False]
    styles = dict.fromkeys(("likely", "in doubt", "unlikely"), "")
    assert probability_cell(row, styles, "en").plain.split("\n") == ["█    0.24", "runs 0.00"]
    assert probability_cell(row, styles, "zh").plain.endswith("\n模拟 0.00")
    assert "\n" not in probability_cell(other, styles, "en").plain
    assert "1 of 2 targets" in error_line([row, other], "en")[0].plain
    assert "2 项目标中有 1 项" in error_line([row, other], "zh")[0].plain
    assert "any of the 1 target," in error_line([other], "en")[0].plain
    assert "The others" not in error_line([row], "en")[0].plain
    assert error_line([], "en") == []


def test_a_comparison_shows_the_error_in_both_or_in_neither() -> None:
    row = {"probability_baseline": 0.1, "probability_scenario": 0.3}
    row |= {"probability_with_error_baseline": 0.2, "probability_with_error_scenario": 0.35}
    assert has_error(row)
    assert [chance(row, of) for of in ("_baseline", "_scenario")] == [0.2, 0.35]
    row["probability_with_error_baseline"] = math.nan
    assert [chance(row, of) for of in ("_baseline", "_scenario")] == [0.1, 0.3]
