"""The firm population passes the stylised facts that need no fit; the estimators find what was planted."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.study.facts import _BANDS, Fact, facts, growth_shape, hill, size_variance, subbotin_shape
from tests.test_levers import known_sources

RNG_SEED = 7


@pytest.fixture(scope="module")
def found() -> dict[str, Fact]:
    return {fact.id: fact for fact in facts()}


@pytest.mark.parametrize("name", [row[0] for row in _BANDS])
def test_fact_lies_in_its_band(found: dict[str, Fact], name: str) -> None:
    fact = found[name]
    assert fact.ok, f"{fact.name}: {fact.value:.3f} outside [{fact.low}, {fact.high}] ({fact.source})"


def test_bands_are_sourced() -> None:
    assert {row[4] for row in _BANDS} <= known_sources()


@pytest.mark.parametrize("exponent", [0.8, 1.0, 1.4])
def test_hill_finds_the_exponent(exponent: float) -> None:
    sizes = np.random.default_rng(RNG_SEED).pareto(exponent, 40_000) + 1.0
    assert hill(sizes) == pytest.approx(exponent, rel=0.08)


def test_shape_tells_laplace_from_normal() -> None:
    rng = np.random.default_rng(RNG_SEED)
    assert subbotin_shape(rng.laplace(0.0, 0.2, 20_000)) == pytest.approx(1.0, abs=0.06)
    assert subbotin_shape(rng.normal(0.0, 0.2, 20_000)) == pytest.approx(2.0, abs=0.12)


def test_classes_keep_the_shape_of_a_mixture() -> None:
    # pooling spreads that fall with size would look more peaked than growth is
    rng = np.random.default_rng(RNG_SEED)
    size = rng.uniform(np.log(1e5), np.log(1e10), 30_000)
    rate = rng.laplace(0.0, 0.2, size.size) * np.exp(-0.3 * (size - size.mean()))
    assert subbotin_shape(rate) < growth_shape(size, rate) <= 1.05


@pytest.mark.parametrize("beta", [0.0, 0.1, 0.25])
def test_slope_of_the_spread_is_found(beta: float) -> None:
    rng = np.random.default_rng(RNG_SEED)
    size = rng.uniform(np.log(1e5), np.log(1e10), 30_000)
    rate = rng.laplace(0.0, 0.2, size.size) * np.exp(-beta * (size - size.mean()))
    assert size_variance(size, rate) == pytest.approx(beta, abs=0.02)
