"""Scores: known cases of CRPS, coverage, PIT and baselines."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.study.scoring import (
    SIZE,
    binomial_p,
    coverage,
    coverage_from,
    crps,
    crps_normal,
    exact_interval,
    few_points,
    pit,
    trend_baselines,
)


@pytest.mark.parametrize(("mean", "sd", "observed"), [(0.0, 1.0, 0.0), (3.0, 2.0, 4.5), (-1.0, 0.2, 1.0)])
def test_crps_of_a_sample_is_that_of_the_normal_in_closed_form(mean: float, sd: float, observed: float) -> None:
    rng = np.random.default_rng(1)
    many = crps(rng.normal(mean, sd, 200_000), observed)
    assert many == pytest.approx(crps_normal(mean, sd, observed), rel=0.01)


def test_crps_of_a_small_sample_is_unbiased() -> None:
    rng = np.random.default_rng(2)
    small = np.mean([crps(rng.normal(0.0, 1.0, 4), 0.5) for _ in range(20_000)])
    assert small == pytest.approx(crps_normal(0.0, 1.0, 0.5), abs=0.01)


def test_crps_is_proper() -> None:
    rng = np.random.default_rng(3)
    seen = rng.normal(0.0, 1.0, 400)
    score = {sd: np.mean([crps_normal(0.0, sd, y) for y in seen]) for sd in (0.3, 1.0, 3.0)}
    assert score[1.0] == min(score.values())


def test_crps_by_hand_and_refusals() -> None:
    assert crps(np.array([2.0]), 5.0) == 3.0
    assert crps(np.array([0.0, 2.0]), 1.0) == pytest.approx(1.0 - 1.0)  # distance 1, half the distance apart 1
    for bad in (np.array([]), np.array([1.0, np.nan])):
        with pytest.raises(ValueError, match="finite"):
            crps(bad, 1.0)


def test_binomial_p_and_interval_are_those_of_scipy() -> None:
    from scipy.stats import binomtest

    for hits, count, share in ((0, 5, 0.9), (9, 10, 0.9), (150, 200, 0.9), (15, 15, 0.9), (3, 8, 0.5)):
        test = binomtest(hits, count, share)
        assert binomial_p(hits, count, share) == pytest.approx(test.pvalue, rel=1e-6)
        ci = test.proportion_ci(0.95, "exact")
        assert exact_interval(hits, count) == pytest.approx((ci.low, ci.high), abs=1e-9)
    assert binomial_p(0, 0, 0.9) == 1.0
    with pytest.raises(ValueError, match="hits"):
        coverage_from(3, 2)


def test_coverage_and_pit_of_right_forecasts() -> None:
    rng = np.random.default_rng(4)
    centre = rng.normal(0.0, 5.0, 1000)
    samples, seen = centre + rng.normal(size=(400, 1000)), centre + rng.normal(size=1000)
    found = coverage(samples, seen)
    assert found.low < 0.90 < found.high
    assert found.p_value > 0.01
    places = pit(samples, seen)
    assert places.mean() == pytest.approx(0.5, abs=0.03)
    assert places.var() == pytest.approx(1.0 / 12.0, abs=0.01)
    narrow = coverage(centre + 0.3 * rng.normal(size=(400, 1000)), seen)
    assert narrow.share < 0.5
    assert narrow.p_value < 1e-6
    assert math.isnan(coverage_from(0, 0).share)


def test_baselines_cover_series_of_their_own_kind() -> None:
    rng = np.random.default_rng(5)
    x, later = np.arange(2000, 2012), [2013, 2014]
    hits = dict.fromkeys(("persistence", "linear", "exponential"), 0)
    rounds = 400
    for _ in range(rounds):
        walk = 500.0 + np.cumsum(rng.normal(0.0, 3.0, 15))
        line = 100.0 + 8.0 * np.arange(15) + rng.normal(0.0, 4.0, 15)
        grown = np.exp(2.0 + 0.2 * np.arange(15) + rng.normal(0.0, 0.1, 15))
        for name, series in (("persistence", walk), ("linear", line), ("exponential", grown)):
            hits[name] += coverage(trend_baselines(x, series[:12], later)[name], series[13:]).hits
    for name, count in hits.items():
        assert 0.87 < count / (2 * rounds) < 0.94, name


def test_baselines_of_few_points() -> None:
    two = trend_baselines([2012, 2013], [10.0, 14.0], [2015])
    assert set(two) == {"persistence", "linear", "exponential"}
    assert two["linear"].shape == (SIZE, 1)
    assert np.median(two["linear"]) == pytest.approx(22.0)
    assert np.median(two["exponential"]) == pytest.approx(14.0 * 1.4**2)
    assert np.median(two["persistence"]) == pytest.approx(14.0)
    assert two["linear"].std() > 4.0  # the line fits exactly and is not thought to be exact
    assert trend_baselines([2012], [10.0], [2015]) == {}
    assert set(trend_baselines([2012], [10.0], [2015], sd=[1.0])) == {"persistence"}
    assert set(trend_baselines([2012, 2013], [-1.0, 1.0], [2014])) == {"persistence", "linear"}
    assert few_points(3)
    assert not few_points(4)
    with pytest.raises(ValueError, match="rise"):
        trend_baselines([2013, 2012], [1.0, 2.0], [2015])
