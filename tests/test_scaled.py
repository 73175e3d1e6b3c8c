"""Regions of another size than Qingdao's, as the benchmarks use them, have the same firms on average."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from simulator.core.luck import Luck
from simulator.simulate import start
from simulator.world.region_schema import FIRM_CLASSES, MARGINS
from tests.benchmarks.scaled import FOR_ONE, of_the_region, scaled, starting_firms
from tests.benchmarks.work import Lived, lived
from tests.model_runs import shipped

SIZES = (1_000, 10_000, 100_000, 1_000_000)
# how far a mean may be from Qingdao's: luck is larger among a thousand firms, which have no giants either
BANDS = {1_000: 0.30, 10_000: 0.10}


@pytest.mark.parametrize("firms", SIZES)
def test_margins_are_whole_and_add_up(firms: int) -> None:
    region = scaled(shipped(), firms).region
    totals = [{sum(region.margin(cls, m).values()) for m in MARGINS} for cls in FIRM_CLASSES]
    assert all(len(total) == 1 for total in totals)
    assert sum(total.pop() for total in totals) == firms == starting_firms(region)
    assert all(isinstance(n, int) for levels in region.margins.values() for n in levels.values())


@pytest.mark.parametrize("firms", SIZES)
def test_totals_grow_and_shares_stay(firms: int) -> None:
    before, after = shipped().region, scaled(shipped(), firms).region
    factor = firms / starting_firms(before)
    for name in ("gdp", "population", "rd_business", "researchers_public", "venture_committed"):
        assert after.figure(name) == pytest.approx(factor * before.figure(name))
    for name in ("graduate_retention", "venture_depth", "incubator_floor_mean", "tourist_spending"):
        assert after.figure(name) == before.figure(name)
    assert after.sector("above_scale_revenue") == pytest.approx(factor * before.sector("above_scale_revenue"))
    assert after.sector("wage") == pytest.approx(before.sector("wage"))
    assert after.district("gdp_share").tolist() == before.district("gdp_share").tolist()
    for name in ("researchers", "rd_budget", "transfer_staff"):
        assert after.university(name).sum() == pytest.approx(factor * before.university(name).sum())
    assert after.outside()["population"][2015] == pytest.approx(factor * before.outside()["population"][2015])
    assert after.outside()["gdp_real_growth"] == before.outside()["gdp_real_growth"]


@pytest.mark.parametrize("firms", SIZES)
def test_universities_repeat_under_names_of_their_own(firms: int) -> None:
    before, after = shipped().region, scaled(shipped(), firms).region
    count = round(len(before.universities) * firms / starting_firms(before))
    assert len(set(after.universities)) == len(after.universities) == count
    assert all(("university", name) in after.names for name in after.universities)
    assert after.university_fields.shape == (count, len(after.sectors))
    assert all(after.university(name).shape == (count,) for name in after.columns["university"])
    assert after.university("patents") == pytest.approx(np.round(after.university("patents")))


def test_its_own_size_changes_nothing() -> None:
    before = shipped()
    after = scaled(before, starting_firms(before.region))
    assert after.region.margins == before.region.margins
    assert after.region.anchors == before.region.anchors
    assert after.region.universities == before.region.universities
    assert [e.resolved() for e in after.entries] == [e.resolved() for e in before.entries]
    for kind, quantities in before.region.columns.items():
        for name, column in quantities.items():
            assert after.region.columns[kind][name] == pytest.approx(column), name


def test_budgets_and_numbers_of_things_grow_and_the_rest_of_a_measure_stays() -> None:
    before = shipped()
    for old, new in zip(before.entries, scaled(before, 101_000).entries, strict=True):
        for f in fields(old.settings):
            value, unit = getattr(old.settings, f.name), f.metadata["unit"]
            times = 10.0 if isinstance(value, float) and of_the_region(f.name, unit) else 1.0
            if times == 1.0:
                assert getattr(new.settings, f.name) == value
            else:
                high = f.metadata["high"] or np.inf
                assert getattr(new.settings, f.name) == pytest.approx(min(times * value, high))


def test_units_tell_amounts_of_the_region_from_those_of_one() -> None:
    assert of_the_region("budget", "CNY / year")
    assert of_the_region("floor_per_year", "m2 / year")
    assert of_the_region("alliances", "alliances")
    assert not any(of_the_region(name, "CNY / year") for name in FOR_ONE)
    for unit in ("1", "", "years", "CNY", "CNY / firm", "CNY / space / year", "standard deviations"):
        assert not of_the_region("x", unit)


def test_the_smallest_region_has_no_giants_and_large_ones_have_more() -> None:
    before = shipped()
    own = len(before.region.anchors)
    assert scaled(before, 1_000).region.anchors == []
    assert len(scaled(before, 10_000).region.anchors) == own
    many = scaled(before, 101_000).region.anchors
    assert len({anchor["firm"] for anchor in many}) == len(many) == 10 * own


def test_a_region_with_named_plants_is_refused() -> None:
    region = replace(shipped().region, plants=[{"plant": "x"}])
    with pytest.raises(ValueError, match="plants"):
        scaled(replace(shipped(), region=region), 1_000)


def test_a_large_region_can_be_drawn() -> None:
    scenario = scaled(shipped(), 50_000)
    world = start(scenario, Luck(1))
    assert len(world.firms) == 50_000
    total = scenario.region.sector("above_scale_revenue").sum()
    assert world.firms.rd_real.sum() / total == pytest.approx(_rd_over_sales_at_the_start(), rel=0.05)


def _rd_over_sales_at_the_start() -> float:
    world = start(shipped(), Luck(1))
    return float(world.firms.rd_real.sum() / shipped().region.sector("above_scale_revenue").sum())


@pytest.mark.parametrize("firms", BANDS)
def test_firms_are_alike_after_ten_years(firms: int) -> None:
    plain, other = lived(0), lived(firms)
    print(f"Qingdao: {plain}\n{firms:,} firms: {other}")
    band = BANDS[firms]
    for name in (f.name for f in fields(Lived) if f.name != "alive"):
        assert getattr(other, name) == pytest.approx(getattr(plain, name), rel=band), name
    assert other.alive[-1] / other.alive[0] == pytest.approx(plain.alive[-1] / plain.alive[0], rel=band)
