"""Parameters: priors with the stated quantiles, draws addressed by name, overrides that refuse unknown names."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.parameters import (
    ParameterRow,
    Range,
    UnknownParameterError,
    draw,
    override,
    parameter,
    rows,
    setting,
    table,
)


@dataclass(frozen=True)
class Numbers:
    rate: float = parameter(0.2, unit="1", prior=Range(0.1, 0.5, "logit"), source="assumed", doc="a rate")
    cost: float = parameter(5.0, unit="CNY", prior=Range(1.0, 9.0, "log"), source="assumed", doc="a cost")


@dataclass(frozen=True)
class Shift:
    shift: float = parameter(0.0, unit="1", prior=Range(-1.0, 2.0, floor=-0.5), source="assumed", doc="a shift")


THINGS = [SimpleNamespace(name="market", Parameters=Numbers), SimpleNamespace(name="science", Parameters=Shift)]
inside = st.floats(0.001, 0.999)
ordered = st.tuples(inside, inside, inside).map(sorted).filter(lambda t: t[0] + 1e-6 < t[1] < t[2] - 1e-6)


@given(ordered, st.sampled_from(["linear", "log", "logit"]))
def test_a_range_has_the_quantiles_that_it_names(three: list[float], shape: str) -> None:
    low, value, high = three
    prior = Range(low, high, shape)  # type: ignore[arg-type]
    for u, wanted in ((0.05, low), (0.5, value), (0.95, high)):
        assert prior.quantile(value, u) == pytest.approx(wanted, rel=1e-9)
    assert prior.spread(value) > 0.0


@given(ordered, st.sampled_from(["linear", "log", "logit"]), st.lists(st.floats(1e-6, 1 - 1e-6), min_size=2))
def test_quantiles_rise_and_stay_where_they_may(three: list[float], shape: str, us: list[float]) -> None:
    low, value, high = three
    prior = Range(low, high, shape)  # type: ignore[arg-type]
    drawn = [prior.quantile(value, u) for u in sorted(us)]
    assert drawn == sorted(drawn)
    assert shape == "linear" or min(drawn) > 0.0
    assert shape != "logit" or max(drawn) <= 1.0


def test_linear_draws_are_cut() -> None:
    assert Range(0.0, 2.0).quantile(1.0, 0.001) == 0.0
    assert Range(-0.1, 2.0).quantile(1.0, 0.001) < 0.0
    prior = Range(-1.0, 2.0, floor=-0.5, ceiling=1.5)
    assert prior.quantile(0.0, 0.001) == -0.5
    assert prior.quantile(0.0, 0.999) == 1.5


@pytest.mark.parametrize(("low", "high", "shape"), [(1, 1, "linear"), (2, 1, "log"), (0, 1, "log"), (0.1, 1, "logit")])
def test_bad_ranges_are_refused(low: float, high: float, shape: str) -> None:
    with pytest.raises(ValueError):
        Range(low, high, shape)  # type: ignore[arg-type]


def test_a_value_outside_its_prior_is_refused() -> None:
    with pytest.raises(ValueError, match="outside its prior"):
        parameter(3.0, unit="1", prior=Range(0.0, 1.0), source="assumed")


def test_table_lists_what_is_declared() -> None:
    assert [row.name for row in table(THINGS)] == ["market.rate", "market.cost", "science.shift"]
    (row,) = table(THINGS[1:])
    assert row == ParameterRow("science.shift", 0.0, "1", Range(-1.0, 2.0, floor=-0.5), "assumed", "a shift")

    @dataclass(frozen=True)
    class Mixed:
        dose: float = setting(0.0, unit="1")

    with pytest.raises(TypeError, match=r"x\.dose"):
        rows("x", Mixed)


def test_draws_belong_to_names() -> None:
    listed = table(THINGS)
    whole = draw(listed, 4, seed=9)
    assert draw(reversed(listed), 4, seed=9) == whole
    assert draw(listed[1:], 4, seed=9) == {name: whole[name] for name in ("market.cost", "science.shift")}
    assert draw(listed, 5, seed=9)["market.rate"] != whole["market.rate"] != draw(listed, 4, seed=8)["market.rate"]
    assert draw(listed, -1) == {"market.rate": 0.2, "market.cost": 5.0, "science.shift": 0.0}


def test_many_draws_fill_the_prior() -> None:
    drawn = np.array([list(draw(table(THINGS), k).values()) for k in range(4000)])
    for column, row in zip(drawn.T, table(THINGS), strict=True):
        assert np.mean(column < row.value) == pytest.approx(0.5, abs=0.03)
        assert np.mean(column > row.prior.high) == pytest.approx(0.05, abs=0.012)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.05


def test_overrides_replace_and_leave_the_rest() -> None:
    p = override(THINGS, {"market.cost": 7})
    assert p["market"] == Numbers(cost=7.0)
    assert type(p["market"].cost) is float
    assert p["science"] == Shift()
    with pytest.raises(FrozenInstanceError):
        p["market"].cost = 1.0


@pytest.mark.parametrize(
    ("name", "suggestion"), [("market.rte", "market.rate"), ("sience.shift", "science.shift"), ("zzz", "")]
)
def test_unknown_names_are_refused_with_a_suggestion(name: str, suggestion: str) -> None:
    with pytest.raises(UnknownParameterError) as caught:
        override(THINGS, {name: 1.0})
    assert name in str(caught.value)
    assert (f"did you mean {suggestion!r}" in str(caught.value)) == bool(suggestion)


def test_settings_keep_what_is_declared() -> None:
    @dataclass(frozen=True)
    class Settings:
        dose: float = setting(0.0, unit="CNY", low=0.0, doc="how much")
        way: str = setting("lottery", choices=("lottery", "ranking"))

    meta = Settings.__dataclass_fields__["way"].metadata
    assert meta["choices"] == ("lottery", "ranking")
    assert Settings().dose == 0.0
    assert math.isclose(Settings.__dataclass_fields__["dose"].metadata["low"], 0.0)
