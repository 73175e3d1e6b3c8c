"""Products are part of their owners' sales, alliances help those who do research, names are counted once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from model_runs import ROOT, entry, parameters, shipped, with_entries, years_of

from simulator.core.population import rows_of
from simulator.mechanisms.products import _stages
from simulator.model import LEVERS
from simulator.simulate import simulate
from simulator.world.world import World

BENXI = ROOT / "scenarios" / "benxi" / "baseline.yaml"
QINGDAO = ROOT / "scenarios" / "qingdao" / "baseline.yaml"


def sold_by_owner(world: World) -> np.ndarray:
    f, p = world.firms, world.products
    sold = np.flatnonzero(p.alive & (p.sales > 0.0))
    row = rows_of(f.key, p.owner[sold])
    return np.bincount(row[row >= 0], p.sales[sold][row >= 0], len(f))


@pytest.mark.parametrize("path", [BENXI, QINGDAO], ids=["benxi", "qingdao"])
@pytest.mark.parametrize("values", [{}, {"products.peak_sales": 5.0e7, "products.launch_most": 1.0}], ids=["", "big"])
def test_products_sell_no_more_than_their_owners(path: Path, values: dict[str, float]) -> None:
    for year, world, _ in years_of(shipped(path, 2017), parameters(values)):
        f = world.firms
        sales = sold_by_owner(world)
        owns = f.alive & (sales > 0.0)
        assert owns.any(), year
        assert np.all(sales[owns] <= f.revenue[owns] * (1.0 + 1e-9)), year
        assert np.all(f.product_gain >= 0.0)
        assert np.all(world.products.reached <= 1.0 + 1e-9)


def test_review_takes_less_time_once_the_queue_is_shorter() -> None:
    p = parameters()["products"]
    length = {}
    for year, world, _ in years_of(shipped(BENXI, 2016), parameters()):
        waits = world.products.generic & (world.products.stage == 5)
        length[year] = float(_stages(world, p, world.region.sectors.index("pharma"))[0][waits].mean())
    assert length[2015] == length[2012] == pytest.approx(p.review_generic)
    assert length[2016] == pytest.approx(p.review_generic * (1.0 - p.queue_generic * 0.63))


def test_without_means_no_drug_leaves_the_second_phase() -> None:
    dear = parameters({"products.trial_cost": 1.0e12, "products.licence": 1.0e-9})
    beyond: list[set[int]] = []
    for _, world, _ in years_of(shipped(BENXI, 2016), dear):
        products = world.products
        new = products.alive & ~products.generic
        beyond.append(set(products.key[new & (products.stage == 4)].tolist()))
        assert (new & (products.stage == 3)).any()
    assert beyond[-1] <= beyond[0]


def test_only_research_is_pooled() -> None:
    for _, world, _ in years_of(shipped(QINGDAO, 2015), parameters()):
        f, a = world.firms, world.alliances
        assert np.all(f.pooled[~f.does_rd] == 0.0)
        assert np.all(f.pooled[f.alliance < 0] == 0.0)
        assert np.all(f.pooled <= parameters()["alliances"].pooled + 1e-12)
        members = np.bincount(f.alliance[f.alive & (f.alliance >= 0)], minlength=len(a))
        assert np.all(members[~a.alive] == 0)


def test_alliances_lie_where_research_is() -> None:
    lever = LEVERS["technology_alliance"]
    scenario = with_entries(shipped(BENXI), entry(lever, lever.dose))
    for _, world, _ in years_of(scenario, parameters()):
        a, f = world.alliances, world.firms
        performers = np.bincount(f.sector[f.alive & f.does_rd], minlength=len(world.sectors))
        assert np.all(performers[a.sector[a.alive]] > 0)


def test_names_are_counted_once_and_only_since_the_plan() -> None:
    scenario = shipped(ROOT / "scenarios" / "benxi" / "plan.yaml")
    before = np.array(range(2012, 2021)) < scenario.region.plan_start - 0.6
    run = simulate(scenario, {}, 1)
    for name in ("large_firms_supported", "smes_supported", "own_ip_products", "product_upgrades", "pharma_smes_new"):
        series = run.series(name)
        assert np.all(series[before] == 0.0), name
        assert np.all(np.diff(series) >= 0.0), name
    later = replace(scenario, region=replace(scenario.region, plan_start=2030.0))
    assert simulate(later, {}, 1).series("smes_supported").max() == 0.0


def test_rows_are_found_by_key() -> None:
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 2**63, 1000).astype(np.uint64)
    wanted = np.concatenate([rng.choice(keys, 50), rng.integers(0, 2**63, 20).astype(np.uint64)])
    place = {int(k): i for i, k in enumerate(keys)}
    assert rows_of(keys, wanted).tolist() == [place.get(int(k), -1) for k in wanted]
    assert rows_of(keys, wanted[:0]).size == 0
