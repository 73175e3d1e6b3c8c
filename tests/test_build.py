"""The starting population: every margin exact, agents different, and their states what moves the indicators."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_runs import ROOT, parameters, shipped

from simulator.core.luck import Luck
from simulator.model import INDICATORS
from simulator.simulate import measure, run_year, start
from simulator.world.agents import INCUBATOR, MAKER_SPACE
from simulator.world.build import build
from simulator.world.build_firms import OWNERSHIP
from simulator.world.drawing import exact_labels, pareto_between, share_out
from simulator.world.region import Region, load_region
from simulator.world.region_schema import FIRM_CLASSES
from simulator.world.world import World

REGIONS = ("qingdao", "benxi")
SEEDS = (1, 2, 77)
each_world = pytest.mark.parametrize(("name", "seed"), [(r, s) for r in REGIONS for s in SEEDS])


@cache
def region(name: str) -> Region:
    return load_region(ROOT / "scenarios" / name / "region")


@cache
def built(name: str, seed: int) -> World:
    return build(region(name), Luck(seed))


def by_level(r: Region, cls: str, margin: str, values: np.ndarray) -> dict[str, int]:
    """Count (n,) values by the levels of a margin; the last level of an age is open."""
    levels = list(r.margin(cls, margin))
    if margin in ("size", "age"):
        edges = [float(level.split("-")[0]) for level in levels]
        # staff are whole persons only after the sectors' totals are met, so a class ends where the next begins
        where = np.searchsorted(edges, values, side="right") - 1
    else:
        order = {"sector": r.sectors, "district": r.districts, "ownership": OWNERSHIP}[margin]
        where = np.array([levels.index(order[int(v)]) if order[int(v)] in levels else -1 for v in values])
    return {level: int((where == k).sum()) for k, level in enumerate(levels)}


@each_world
@pytest.mark.parametrize("cls", FIRM_CLASSES)
def test_margins_are_met_exactly(name: str, seed: int, cls: str) -> None:
    r, f = region(name), built(name, seed).firms
    m = f.above_scale if cls == "above_scale" else ~f.above_scale
    age = r.start_year - 1 - f.founded
    columns = {"sector": f.sector, "size": f.staff, "age": age, "district": f.district, "ownership": f.ownership}
    for margin, values in columns.items():
        assert by_level(r, cls, margin, values[m]) == r.margin(cls, margin), margin
    assert m.sum() == sum(r.margin(cls, "sector").values())


@each_world
def test_counts_and_totals_are_met_exactly(name: str, seed: int) -> None:
    r, w = region(name), built(name, seed)
    f, u, inc, state = w.firms, w.universities, w.incubators, w.state
    assert state.gdp == r.figure("gdp")
    assert f.patents.sum() + u.patents.sum() + state.individual_patents == round(r.figure("patents_in_force"))
    assert min(f.patents.min(), u.patents.min(), state.individual_patents) >= 0.0
    np.testing.assert_array_equal(u.patents, r.university("patents"))
    assert (f.hnte_until >= r.start_year - 1).sum() == r.figure("hnte_count")
    assert f.technology_sme.sum() == r.figure("tech_sme_count")
    assert f.innovative_small.sum() == r.figure("innovative_small_count")
    assert f.claims.sum() == r.figure("superdeduction_claimants")
    assert (inc.kind == INCUBATOR).sum() == r.figure("incubators")
    assert (inc.kind == MAKER_SPACE).sum() == r.figure("maker_spaces")
    assert inc.floor[inc.kind == INCUBATOR].sum() == pytest.approx(r.figure("incubator_floor"), rel=1e-12)
    assert inc.tenants.sum() == (f.incubator >= 0).sum() == r.figure("incubator_tenants")
    assert len(u) == len(r.universities)
    np.testing.assert_allclose(u.budget, r.university("rd_budget"))
    assert len(w.funds) == sum(r.figure(f"{k}_funds") for k in ("angel", "venture", "guidance"))
    assert len(w.products) == r.figure("products_in_pipeline") + r.figure("products_marketed")


@each_world
def test_sectors_hold_their_staff(name: str, seed: int) -> None:
    r, f = region(name), built(name, seed).firms
    staff = np.bincount(f.sector[f.above_scale], f.staff[f.above_scale], len(r.sectors))
    # where few firms in few size classes make up a sector, their classes come first
    np.testing.assert_allclose(staff, r.sector("above_scale_staff"), rtol=0.2)
    assert staff.sum() == pytest.approx(r.sector("above_scale_staff").sum(), rel=0.01)


@pytest.mark.parametrize("name", REGIONS)
def test_named_firms_stand_where_they_belong(name: str) -> None:
    r, f = region(name), built(name, 1).firms
    assert r.anchors
    for anchor in r.anchors:
        rows = f.staff == float(anchor["staff"])
        for column in ("sector", "district", "ownership"):
            rows &= getattr(f, column) == float(anchor[column])
        assert rows.any(), anchor["firm"]


@pytest.mark.parametrize("name", REGIONS)
def test_the_first_year_starts_from_the_figures(name: str) -> None:
    path = ROOT / "scenarios" / name / "baseline.yaml"
    if not path.is_file():
        pytest.skip("no baseline yet")
    scenario, r = shipped(path), region(name)
    values = []
    for seed in SEEDS:
        luck = Luck(seed)
        world = start(scenario, luck)
        run_year(world, scenario, parameters(), luck, r.start_year)
        values.append(dict(zip(INDICATORS, measure(world), strict=True)))
    whole = sum(r.figure(f"rd_{k}") for k in ("business", "universities", "institutes"))
    assert np.mean([v["rd_expenditure"] for v in values]) == pytest.approx(whole, rel=0.10)
    assert np.mean([v["gdp"] for v in values]) == pytest.approx(r.figure("gdp"), rel=0.02)


@each_world
def test_agents_differ(name: str, seed: int) -> None:
    w = built(name, seed)
    f = w.firms
    for population in (f, w.universities, w.incubators, w.funds):
        assert np.unique(population.key).size == len(population)
        assert population.alive.all()
    for column in ("quality", "revenue", "margin", "rd_intensity", "hightech_share"):
        assert np.unique(getattr(f, column)).size > 0.5 * len(f), column
    assert np.unique(f.tech, axis=0).shape[0] == len(f)
    np.testing.assert_allclose(np.linalg.norm(f.tech, axis=1), 1.0, atol=1e-5)
    for column in f.columns:
        assert np.isfinite(getattr(f, column).astype(float)).all(), column


def test_seeds_give_other_cities_of_the_same_figures() -> None:
    a, b = built("qingdao", 1).firms, built("qingdao", 2).firms
    np.testing.assert_array_equal(a.key, b.key)
    for column in ("quality", "revenue", "sector", "patents"):
        assert not np.array_equal(getattr(a, column), getattr(b, column)), column


CHANGES: dict[str, Callable[[World], None]] = {
    "better firms": lambda w: w.firms.quality.__iadd__(0.5),
    "firms in another order": lambda w: w.firms.quality.__setitem__(slice(None), w.firms.quality[::-1].copy()),
    "more productive firms": lambda w: w.firms.productivity.__iadd__(0.05),
    "more knowledge": lambda w: w.firms.knowledge.__imul__(1.5),
    "firms that spend more on R&D": lambda w: w.firms.rd_intensity.__imul__(1.2),
    "firms without cash": lambda w: w.firms.cash.__imul__(0.0),
    "firms elsewhere in technology": lambda w: w.firms.tech.__setitem__(slice(None), w.firms.tech[::-1].copy()),
    "firms with ties": lambda w: w.firms.link.__setitem__(w.firms.does_rd, 1.0),
    "firms that know of HNTE": lambda w: w.firms.hnte_informed.__setitem__(slice(None), True),
    "older firms": lambda w: w.firms.founded.__isub__(5),
    "more researchers": lambda w: w.universities.researchers.__imul__(1.3),
    "larger university budgets": lambda w: w.universities.core_budget.__imul__(1.3),
    "fuller shelves": lambda w: w.universities.shelf.__imul__(2.0),
    "inventors' shares": lambda w: w.universities.inventor_share.__setitem__(slice(None), 0.9),
    "more seats": lambda w: w.incubators.seats.__imul__(1.5),
    "professional incubators": lambda w: w.incubators.professional.__setitem__(slice(None), True),
    "richer funds": lambda w: w.funds.cash.__imul__(3.0),
}


@cache
def after_three_years(change: str | None) -> tuple[float, ...]:
    scenario, luck, p = shipped(), Luck(4), parameters()
    world = start(scenario, luck)
    for year in range(2011, 2014):
        if change and year == 2012:
            CHANGES[change](world)
        run_year(world, scenario, p, luck, year)
    return tuple(measure(world))


@pytest.mark.parametrize("change", CHANGES)
def test_states_of_agents_move_the_indicators(change: str) -> None:
    assert after_three_years(change) != after_three_years(None)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_labels_have_exactly_their_counts(counts: list[int], seed: int) -> None:
    score = np.random.default_rng(seed).random(sum(counts))
    labels = exact_labels(score, counts)
    assert np.bincount(labels, minlength=len(counts)).tolist() == counts
    assert (np.diff(labels[np.argsort(score)]) >= 0).all()
    with pytest.raises(ValueError, match="counts add"):
        exact_labels(score, [*counts, 1])


@given(st.floats(0.0, 1e5), st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30))
def test_shares_are_whole_and_add_up(total: float, weights: list[float]) -> None:
    weight = np.array(weights)
    out = share_out(total, weight)
    assert (out == np.floor(out)).all()
    if weight.sum() <= 0.0:
        assert not out.any()
        return
    assert out.sum() == round(total)
    assert (np.abs(out - round(total) * weight / weight.sum()) <= 1.0 + 1e-9 * total).all()


@given(
    st.lists(st.floats(0.0, 1.0, exclude_max=True), min_size=1),
    st.floats(1.0, 100.0),
    st.floats(1.1, 50.0),
    st.floats(0.2, 3.0),
)
def test_cut_pareto_stays_in_its_class(us: list[float], low: float, factor: float, tail: float) -> None:
    u = np.sort(us)
    x = pareto_between(u, np.full(u.size, low), np.full(u.size, low * factor), tail)
    assert (x >= low * (1 - 1e-9)).all()
    assert (x <= low * factor * (1 + 1e-9)).all()
    assert (np.diff(x) >= 0.0).all()


def test_regions_are_read_from_the_project() -> None:
    assert all(Path(region(name).folder).is_relative_to(ROOT) for name in REGIONS)
