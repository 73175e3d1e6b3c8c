"""Forecasts: the outside drawn, errors carried on, and the table that is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.model import INDICATORS
from simulator.study.discrepancy import common_errors, observed_like, predicted
from simulator.study.forecast import (
    COLUMNS,
    FIGURES,
    KNOWN,
    LAST,
    REGISTER_OPENED,
    Prior,
    ex_ante,
    extended,
    main,
    published,
    rows_of,
    series,
)
from simulator.study.history import History, load_history
from simulator.study.outside_draws import DRAWN, drawn_outside
from simulator.study.published import EXTRA
from simulator.study.replicates import load_scenario
from simulator.study.scoring import coverage, crps

YEARS = np.arange(2011, LAST + 1)
PLAN = "scenarios/qingdao/plan.yaml"


def points(names: list[str], years: list[int], values: list[float], source: float, model: float) -> History:
    count = len(names)
    return History(
        "r", tuple(names), np.array(years), np.array(values, float), np.full(count, source), np.full(count, model),
        ("fit",) * count, ("",) * count, np.zeros(count, bool),
    )  # fmt: skip


def test_drawn_outside_keeps_what_was_known_and_nothing_of_what_came() -> None:
    region = load_scenario(PLAN).region
    one, again, other = (drawn_outside(region, k, 0, KNOWN, LAST) for k in (3, 3, 4))
    assert one == again
    assert one["gdp_real_growth"] != other["gdp_real_growth"]
    observed = region.outside()
    for name, years in one.items():
        assert set(years) == set(range(min(observed[name]), LAST + 1)), name
        assert all(years[y] == observed[name][y] for y in years if y <= KNOWN), name
        assert np.isfinite(list(years.values())).all()
    growth = np.array([drawn_outside(region, k, 0, KNOWN, LAST)["gdp_real_growth"][2020] for k in range(300)])
    assert 0.06 < np.median(growth) < 0.10  # 0.037 came: nobody knew
    assert growth.std() > 0.005
    with pytest.raises(ValueError, match="too few"):
        drawn_outside(region, 0, 0, 2012, LAST)


def test_ex_ante_differs_from_the_year_after_the_last_known_one_on() -> None:
    plan = extended(load_scenario(PLAN), LAST)
    drawn = ex_ante(plan, 0, 0)
    assert drawn.drivers == {"all": DRAWN}
    outside, rules = drawn.outside_and_rules()
    was, law = plan.outside_and_rules()
    assert all(outside[n][y] == was[n][y] for n in was for y in range(2011, KNOWN + 1))
    assert all(rules[n][LAST] == law[n][KNOWN] for n in law)
    values = Prior(1).values(0)
    given, blind = (series(s, values, 5) for s in (plan, drawn))
    assert given.shape == (len(YEARS), len(INDICATORS) + len(EXTRA))
    known = YEARS <= KNOWN
    assert np.array_equal(given[known], blind[known])
    assert not np.array_equal(given[~known], blind[~known])


def test_extending_changes_nothing_before_the_old_end() -> None:
    plan = load_scenario(PLAN)
    long = extended(plan, LAST)
    assert long.years == (plan.years[0], LAST)
    assert all(
        a.acts_in(y) == b.acts_in(y) for a, b in zip(plan.entries, long.entries, strict=True) for y in range(2011, 2021)
    )
    assert all(
        e.share_of_year(LAST) == 1.0 for e, old in zip(long.entries, plan.entries, strict=True) if old.stop >= 2021
    )


def test_known_errors_of_a_series_are_carried_on() -> None:
    rng = np.random.default_rng(0)
    truth, count = 0.2, 4000  # the model counts a fifth too little throughout
    old = points(["a"] * 3, [2012, 2014, 2016], [120.0, 120.0, 120.0], 0.02, 0.2)
    simulated = np.full((count, 3), 100.0)
    new = points(["a", "b"], [2017, 2017], [100.0, 100.0], 0.02, 0.2)
    out = predicted(old, simulated, new, np.full((count, 2), 100.0), seed=1)
    assert np.log(np.median(out[:, 0]) / 100.0) == pytest.approx(np.log(1.0 + truth) * 0.6, abs=0.06)
    assert np.median(out[:, 1]) == pytest.approx(100.0, rel=0.02)  # of another series nothing was learned
    assert out[:, 0].std() < out[:, 1].std()
    free = common_errors(old.where([False] * 3), simulated[:, :0], rng)
    assert (free.mean(), free.std()) == pytest.approx((0.0, 1.0), abs=0.05)


def test_the_error_grows_with_the_horizon() -> None:
    new = points(["a"] * 3, [2016, 2017, 2025], [100.0] * 3, 0.02, 0.1)
    rng = np.random.default_rng(2)
    out = np.log(observed_like(new, np.full((8000, 3), 100.0), rng.standard_normal(8000), rng, 2016))
    base = np.hypot(0.02, 0.1)
    expected = [base, np.hypot(base, 0.05), np.hypot(base, 0.05 * 3.0)]
    assert out.std(axis=0) == pytest.approx(expected, rel=0.05)


def test_errors_carried_on_cover_and_score_better() -> None:
    """Series whose model errors are partly common: conditioned bands cover 90 % and have the smaller CRPS."""
    rng = np.random.default_rng(3)
    size, hits, with_points, without = 300, 0, 0.0, 0.0
    rounds = 300
    for _ in range(rounds):
        common, years = rng.standard_normal(), [2012, 2014, 2016, 2017]
        error = np.sqrt(0.5) * 0.2 * common + np.sqrt(0.05**2 + 0.5 * 0.2**2) * rng.standard_normal(4)
        seen = 100.0 * np.exp(error)
        all_ = points(["a"] * 4, years, seen.tolist(), 0.05, 0.2)
        old, new = all_.where([True] * 3 + [False]), all_.where([False] * 3 + [True])
        base = np.full((size, 4), 100.0)
        told = observed_like(new, base[:, 3:], common_errors(old, base[:, :3], rng), rng)
        untold = observed_like(new, base[:, 3:], rng.standard_normal(size), rng)
        hits += coverage(told, seen[3:]).hits
        with_points += crps(told[:, 0], seen[3])
        without += crps(untold[:, 0], seen[3])
    assert 0.85 < hits / rounds < 0.95
    assert with_points < without


def test_table_of_a_forecast(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    names = (*INDICATORS, *EXTRA)
    runs = np.exp(rng.normal(0.0, 0.1, (60, 1, 1))) * np.linspace(0.02, 0.05, len(YEARS))[None, :, None]
    runs = np.repeat(runs, len(names), axis=2)
    rows = rows_of("qingdao", runs, YEARS)
    assert {r["indicator"] for r in rows} == {f.name for f in FIGURES}
    assert {r["year"] for r in rows} == set(range(KNOWN + 1, LAST + 1))
    assert all(tuple(r) == COLUMNS for r in rows)
    assert all(r["p05"] < r["p50"] < r["p95"] for r in rows)
    assert rows == rows_of("qingdao", runs, YEARS)
    register = next(f for f in FIGURES if f.name == "technology_smes_registered")
    x = published(register, runs, YEARS, load_history("qingdao"), 0)
    assert np.isnan(x[:, YEARS < REGISTER_OPENED]).all()
    assert np.isfinite(x[:, YEARS >= REGISTER_OPENED]).all()


def test_shipped_forecasts_have_the_right_shape() -> None:
    import csv

    for name in ("qingdao.csv", "qingdao-ex-ante.csv"):
        path = Path("calibration/forecast") / name
        if not path.is_file():
            pytest.skip("no forecast is shipped yet")
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert tuple(rows[0]) == COLUMNS
        assert {(r["indicator"], int(r["year"])) for r in rows} == {
            (f.name, y) for f in FIGURES for y in range(KNOWN + 1, LAST + 1)
        }
        assert all(float(r["p05"]) < float(r["p50"]) < float(r["p95"]) for r in rows)


def test_without_a_posterior_nothing_is_written(tmp_path: Path) -> None:
    assert main(["benxi", "--out", str(tmp_path)]) == 2
    assert not list(tmp_path.iterdir())
