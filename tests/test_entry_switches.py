"""Open questions of entry: firms that descend from firms, and incubators that mentor, only choose, or do neither."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simulator.core.luck import Luck
from simulator.core.terms import Terms
from simulator.model import SCHEDULE
from simulator.scenario import Scenario
from simulator.simulate import run_year, start
from simulator.world.agents import STAFF_FOUNDED
from simulator.world.terms import TERMS
from simulator.world.world import World
from tests.model_runs import ROOT, parameters, shipped

BASE = ROOT / "scenarios" / "qingdao" / "baseline.yaml"
FOUNDING = next(m for m in SCHEDULE if m.name == "founding")


def base(last: int, **switches: str) -> Scenario:
    return replace(shipped(BASE, last), switches=switches)


@cache
def after(last: int, **switches: str) -> World:
    scenario, luck = base(last, **switches), Luck(1)
    world = start(scenario, luck)
    for year in range(world.region.start_year, last + 1):
        run_year(world, scenario, parameters(), luck, year)
    return world


def founded(entry: str, *, better: float = 0.0, boom: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return origin, quality and productivity of 2013's newcomers, with better firms or a boom in demand before."""
    world = after(2012, entry=entry).branch((), {}, {})
    world.paths, world.national = after(2012, entry=entry).paths, after(2012, entry=entry).national
    world.firms.quality += better
    world.firms.productivity[:] = 0.2
    world.begin(2013)
    world.sectors.demand_growth += boom
    luck = Luck(1)
    terms = Terms(TERMS, world, 2013, world.ledger, luck.at(2013, "terms"), world.rules)
    FOUNDING.step(world, terms, parameters()["founding"], luck.at(2013, "founding"))
    f = world.firms
    return f.queued("origin"), f.queued("quality"), f.queued("productivity")


def by_staff(entry: str, **changes: float) -> float:
    return float(np.count_nonzero(founded(entry, **changes)[0] == STAFF_FOUNDED))


def test_better_parents_found_more_only_where_firms_descend_from_firms() -> None:
    assert by_staff("market", better=1.0) == by_staff("market")
    assert by_staff("parent", better=1.0) > 1.3 * by_staff("parent")


def test_a_boom_in_demand_founds_less_where_firms_descend_from_firms() -> None:
    rise = {entry: by_staff(entry, boom=0.1) / by_staff(entry) for entry in ("market", "parent")}
    assert 1.0 < rise["parent"] < rise["market"]


def test_newcomers_take_with_them_what_their_parents_are() -> None:
    _, _, plain = founded("market")
    assert (plain == 0.0).all()
    origin, quality, productivity = founded("parent")
    heirs = origin == STAFF_FOUNDED
    p = parameters()["founding"]
    np.testing.assert_allclose(productivity[heirs], 0.2 * p.inherited_productivity)
    assert (productivity[~heirs] == 0.0).all()
    origin, better, _ = founded("parent", better=1.0)
    # one standard deviation better parents: the correlation's part of it, and more of the best parents' firms
    assert better[origin == STAFF_FOUNDED].mean() - quality[heirs].mean() == pytest.approx(p.heredity, abs=0.1)


def backed(world: World) -> tuple[float, float]:
    """Return the part of tenants over that of others who were chosen by a fund or a bank this year (ratios)."""
    f = world.firms
    small = f.alive & ~f.above_scale & f.technology_sme
    inside = small & (f.incubator >= 0)
    funded, lent = f.stake_year == world.year, f.loan > 0.0

    def ratio(got: np.ndarray) -> float:
        return float(got[inside].mean() / max(got[small & ~inside].mean(), 1e-9))

    return ratio(funded), ratio(lent)


def test_without_mentoring_no_tenant_is_mentored() -> None:
    assert after(2013).firms.mentored.max() > 0.1
    for choice in ("none", "signal"):
        assert after(2013, incubators=choice).firms.mentored.max() == 0.0


def test_a_seat_is_taken_whatever_it_brings() -> None:
    tenants = [float(after(2012, incubators=c).incubators.tenants.sum()) for c in ("mentoring", "none", "signal")]
    assert max(tenants) < 1.05 * min(tenants)


def test_the_seal_opens_the_doors_of_funds_and_banks() -> None:
    deals, loans = zip(*(backed(after(2013, incubators=c)) for c in ("none", "signal")), strict=True)
    assert deals[1] > 1.1 * deals[0]
    assert loans[1] > 1.1 * loans[0]
