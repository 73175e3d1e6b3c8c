"""Scenarios run together give what each gives alone, to the last bit; the years that they share are run once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_runs import ROOT, entry, shipped, with_entries

from simulator import simulate as loop
from simulator.model import LEVERS
from simulator.scenario import Scenario
from simulator.simulate import simulate, simulate_together
from simulator.study.replicates import Failure, design, failed, run_together, values_of
from simulator.world.counterfactual import Counterfactual

BENXI, QINGDAO = ROOT / "scenarios" / "benxi", ROOT / "scenarios" / "qingdao"


def later(scenario: Scenario, year: float) -> Scenario:
    lever = LEVERS["innovation_voucher"]
    return with_entries(scenario, entry(lever, lever.dose, first=year))


def mixed() -> list[Scenario]:
    """Return scenarios that part from the first in many ways and years, or never."""
    base = shipped(BENXI / "baseline.yaml")
    return [
        base,
        shipped(BENXI / "plan.yaml"),
        replace(base, entries=base.entries[::-1]),  # never
        later(base, 2014.0),
        replace(later(base, 2014.0), years=(2013, 2015)),
        replace(base, years=(2012, 2014)),
        replace(base, counterfactual=Counterfactual(rules_after=2016)),
        replace(base, counterfactual=Counterfactual(demand={"steel": 0.1}, demand_from=2017)),
        replace(base, drivers={"all": "slow"}),
        replace(base, assumptions={"research.entry": 0.05}),  # from the start
        replace(base, switches={**base.switches, "spillovers": "short"}),
    ]


def test_together_is_alone_to_the_last_bit() -> None:
    scenarios, values = mixed(), values_of(2, 0)
    for scenario, run in zip(scenarios, simulate_together(scenarios, values, 3), strict=True):
        alone = simulate(scenario, values, 3)
        assert np.array_equal(run.years, alone.years)
        assert np.array_equal(run.values, alone.values)
        assert run.bills == alone.bills


@pytest.mark.parametrize("name", ["plan", "vouchers_doubled", "equity_first"])
def test_shipped_mixes_part_from_the_baseline_with_the_plan(name: str) -> None:
    base, mix = shipped(QINGDAO / "baseline.yaml"), shipped(QINGDAO / f"{name}.yaml")
    assert base.parts_from(mix) == mix.parts_from(base) == 2015
    one, two = simulate_together((base, mix), {}, 4)
    assert np.array_equal(one.values, simulate(base, {}, 4).values)
    assert np.array_equal(two.values, simulate(mix, {}, 4).values)


def test_the_first_difference_is_found() -> None:
    base = mixed()[0]
    first, last = base.region.start_year, base.years[1]
    came, slow = base.region.outside(), base.region.outside({"all": "slow"})
    slower = min(y for name in came for y in came[name] if came[name][y] != slow[name].get(y))
    assert [base.parts_from(s) for s in mixed()] == [
        last + 1, 2015, last + 1, 2014, 2014, last + 1, base.parts_from(mixed()[6]), 2017, slower, first, first,
    ]  # fmt: skip
    assert base.parts_from(mixed()[6]) >= 2017


def test_shared_years_are_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    years: list[int] = []
    run_year = loop.run_year

    def counted(world: Any, scenario: Scenario, p: Any, luck: Any, year: int) -> None:
        years.append(year)
        run_year(world, scenario, p, luck, year)

    monkeypatch.setattr(loop, "run_year", counted)
    base = shipped(BENXI / "baseline.yaml")
    simulate_together((base, later(base, 2016.0)), {}, 1)
    assert [years.count(y) for y in (2013, 2015, 2016, 2020)] == [1, 1, 2, 2]


def test_a_run_that_fails_does_not_take_the_others_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    base = shipped(BENXI / "baseline.yaml")
    bad = replace(later(base, 2018.0), path=Path("bad.yaml"))
    run_year = loop.run_year

    def breaks(world: Any, scenario: Scenario, p: Any, luck: Any, year: int) -> None:
        if scenario.path == bad.path and year == 2019:
            raise ZeroDivisionError("planted")
        run_year(world, scenario, p, luck, year)

    monkeypatch.setattr(loop, "run_year", breaks)
    replicate = design(1, 0)[0]
    good, failure = run_together((base, bad), replicate, 0)
    assert not isinstance(good, Failure)
    assert failure == failed(bad, replicate, 0, "ZeroDivisionError: planted")
