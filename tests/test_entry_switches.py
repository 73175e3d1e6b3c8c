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
STEPS = {m.name: m.step for m in SCHEDULE}
KNOWN = 1.0e6  # CNY of knowledge of each firm where all have the same staff


def base(last: int, **switches: str) -> Scenario:
    return replace(shipped(BASE, last), switches=switches)


@cache
def after(last: int, **switches: str) -> World:
    scenario, luck = base(last, **switches), Luck(1)
    world = start(scenario, luck)
    for year in range(world.region.start_year, last + 1):
        run_year(world, scenario, parameters(), luck, year)
    return world


def next_year(**switches: str) -> World:
    """Return the world at the start of 2013."""
    before = after(2012, **switches)
    world = before.branch((), {}, {})
    world.paths, world.national = before.paths, before.national
    world.begin(2013)
    return world


def stepped(world: World, mechanism: str, **values: float) -> World:
    """Let one mechanism act in 2013 with some of its parameters changed, and return the world."""
    luck, p = Luck(1), parameters({f"{mechanism}.{name}": value for name, value in values.items()})
    terms = Terms(TERMS, world, 2013, world.ledger, luck.at(2013, "terms"), world.rules)
    STEPS[mechanism](world, terms, p[mechanism], luck.at(2013, mechanism))
    return world


def founding_of(entry: str, *, better: float = 0.0, boom: float = 0.0, staff: float = 0.0) -> World:
    """Return the world with 2013's newcomers, after better firms, a boom in demand, or the same ``staff`` in all."""
    world = next_year(entry=entry)
    world.firms.quality += better
    world.firms.productivity[:] = 0.2
    if staff:
        world.firms.staff[:], world.firms.knowledge[:] = staff, KNOWN
    world.sectors.demand_growth += boom
    return stepped(world, "founding")


def founded(entry: str, *, better: float = 0.0, boom: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return origin, quality and productivity of 2013's newcomers, with better firms or a boom in demand before."""
    f = founding_of(entry, better=better, boom=boom).firms
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


@pytest.mark.parametrize("staff", [1.0, 50.0])
def test_newcomers_bring_no_more_than_their_part_of_what_the_parent_knows(staff: float) -> None:
    f, p = founding_of("parent", staff=staff).firms, parameters()["founding"]
    heirs = f.queued("origin") == STAFF_FOUNDED
    people = f.queued("staff")[heirs]
    brought = f.queued("knowledge")[heirs] - p.new_knowledge * np.sqrt(people)
    part = np.minimum(people / staff, 1.0)
    assert (part < 1.0).any() == (staff > 1.0)
    np.testing.assert_allclose(brought, p.inherited_knowledge * KNOWN * part)


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


@pytest.mark.parametrize("choice", ["mentoring", "none", "signal"])
def test_graduates_close_more_only_where_support_ends(choice: str) -> None:
    deaths = []
    for factor in (1.0, 1.6):
        world = next_year(incubators=choice)
        world.firms.graduated[:] = 2012
        deaths.append(stepped(world, "closure", after_graduation=factor).state.deaths)
    assert deaths[1] > 1.2 * deaths[0] if choice == "mentoring" else deaths[1] == deaths[0]


@pytest.mark.parametrize("choice", ["mentoring", "none", "signal"])
def test_a_seat_is_seen_unless_it_is_a_seat_and_no_more(choice: str) -> None:
    listed = []
    for place in (-1, 0):
        world = next_year(incubators=choice)
        world.firms.incubator[:] = place
        world.firms.does_rd[:] = world.firms.technology_sme[:] = False
        listed.append(np.count_nonzero(stepped(world, "certification").firms.technology_sme))
    assert listed[1] == listed[0] if choice == "none" else listed[1] > 1.3 * listed[0]


def test_a_seat_is_taken_whatever_it_brings() -> None:
    tenants = [float(after(2012, incubators=c).incubators.tenants.sum()) for c in ("mentoring", "none", "signal")]
    assert max(tenants) < 1.05 * min(tenants)


def test_the_seal_opens_the_doors_of_funds_and_banks() -> None:
    deals, loans = zip(*(backed(after(2013, incubators=c)) for c in ("none", "signal")), strict=True)
    assert deals[1] > 1.1 * deals[0]
    assert loans[1] > 1.1 * loans[0]
