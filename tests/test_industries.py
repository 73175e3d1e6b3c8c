"""Steel plants, visitors, platforms and surcharges: the same money once, and nothing without data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.model import LEVERS
from simulator.simulate import simulate
from tests.model_runs import PLAN, ROOT, entry, parameters, run_of, shipped, with_entries, years_of

BENXI = ROOT / "scenarios" / "benxi" / "plan.yaml"


def test_steel_revenue_is_the_sum_of_its_three_parts() -> None:
    run = run_of(BENXI)
    parts = [run.series(f"{name}_revenue") for name in ("plate_base", "deep_processing", "castings")]
    assert all((part > 0.0).all() for part in parts)
    np.testing.assert_allclose(sum(parts), run.series("steel_revenue"), rtol=1e-12)


def test_plants_sell_what_their_owners_take_in() -> None:
    for _, world, _ in years_of(shipped(BENXI, 2016), parameters()):
        f, plants = world.firms, world.plants
        owners = f.plant_sales > 0.0
        np.testing.assert_allclose(f.revenue[owners], f.plant_sales[owners], rtol=1e-12)
        assert plants.sales.sum() == pytest.approx(f.plant_sales.sum())
        assert (plants.output[plants.alive] <= plants.capacity[plants.alive] * 1.05).all()
        assert ((plants.grade >= 0.0) & (plants.grade <= 1.0)).all()


def test_a_city_without_plants_or_figures_has_no_steel_or_tourism_of_its_own() -> None:
    run = run_of(PLAN, 2016)
    for name in ("steel_capacity", "castings_revenue", "tourism_revenue", "tourism_investment"):
        assert not run.series(name).any(), name


def test_shares_stay_within_bounds() -> None:
    run = run_of(BENXI)
    for name in ("deep_processing_share", "castings_conversion", "steel_technology_contribution"):
        series = run.series(name)
        assert ((series >= 0.0) & (series <= 1.0)).all(), name


def test_a_dearer_steel_price_meets_the_revenue_that_the_plan_wants() -> None:
    boom = simulate(replace(shipped(BENXI), drivers={"all": "boom"}), {}, 1)
    assert boom.series("steel_revenue")[-1] > 2.0e11 > run_of(BENXI).series("steel_revenue")[-1]


def test_new_lines_answer_to_orders_that_pay_and_take_years() -> None:
    """A boom brings lines beyond what widening gives, and more iron and steel than the allowance of the start."""
    scenario = shipped(BENXI)
    more = replace(scenario.counterfactual, demand={"steel": 0.3}, demand_from=2016)
    boom = simulate(replace(scenario, drivers={"all": "boom"}, counterfactual=more), {}, 1)
    usual = run_of(BENXI)
    for name in ("steel_capacity", "deep_processing_capacity", "castings_capacity"):
        gain = boom.series(name) / usual.series(name)
        assert gain[3] == pytest.approx(1.0), name  # 2015: nothing is known of the boom
        assert gain[-1] > 1.15 > gain[4], name
    assert boom.series("deep_processing_revenue")[-1] > 3.0e10


def test_works_lose_in_the_slump_and_earn_after_it() -> None:
    """Listed works: a loss of 3.3 bn in 2015, a small profit in 2016, 1.6 bn in 2017 (observed.csv)."""
    profit = {}
    for year, world, _ in years_of(shipped(BENXI, 2017), parameters()):
        row = np.flatnonzero(world.firms.key == world.anchors["bengang_plates"])
        profit[year] = float(world.firms.profit[row].sum())
    assert -6.6e9 < profit[2015] < -1.6e9
    assert abs(profit[2016]) < 1.6e9
    assert 0.8e9 < profit[2017] < 4.8e9


def test_platforms_stop_at_the_number_wanted() -> None:
    run = run_of(BENXI)
    for sector, wanted in (("steel", 7), ("pharma", 10), ("tourism", 7), ("agriculture", 5), ("digital", 3)):
        series = run.series(f"platforms_{sector}")
        assert 0.0 < series.max() <= wanted, sector


def test_surcharges_come_back_in_part_and_cost_firms_more() -> None:
    lever = LEVERS["factor_price_pressure"]
    scenario = shipped(ROOT / "scenarios" / "qingdao" / "baseline.yaml", 2014)
    added = entry(lever, lever.dose)
    treated = simulate(with_entries(scenario, added), {}, 1)
    back = sum(b.amount for b in treated.bills if b.entry == added.id and b.kind == "recovered")
    assert 0.0 < back < treated.series("resource_surcharges").sum()
    assert treated.series("local_tax")[-1] < simulate(scenario, {}, 1).series("local_tax")[-1]
