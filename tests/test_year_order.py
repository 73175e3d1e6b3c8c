"""The order of the year as a switch: the same mechanisms, in a year whose books close."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.model import ORDERS, SCHEDULE, SWITCHES, order_of
from simulator.simulate import simulate
from tests.model_runs import PLAN, run_of, shipped

LAST = 2013


def test_every_order_has_every_mechanism_once() -> None:
    assert tuple(ORDERS) == SWITCHES["year_order"]
    assert order_of({}) == order_of({"year_order": "people_first"}) == SCHEDULE
    for order in ORDERS.values():
        assert sorted(m.name for m in order) == sorted(m.name for m in SCHEDULE)
        assert (order[0].name, order[-1].name) == (SCHEDULE[0].name, "closure")


@pytest.mark.parametrize("order", SWITCHES["year_order"][1:])
def test_another_order_is_another_year_whose_books_close(order: str) -> None:
    scenario = replace(shipped(PLAN, LAST), switches={"year_order": order})
    found, default = simulate(scenario, {}, 1), run_of(PLAN, LAST)
    assert np.isfinite(found.values).all()
    assert not np.array_equal(found.values, default.values)
    moved = found.series("rd_expenditure")[-1] / default.series("rd_expenditure")[-1]
    assert 0.8 < moved < 1.25
