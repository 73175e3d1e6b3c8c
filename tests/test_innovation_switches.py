"""Open questions of R&D and innovation: opportunities that are used up, and firms that hold to rules of thumb."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from model_runs import entry, parameters, shipped, with_entries

from simulator.core.luck import Luck
from simulator.core.terms import Terms
from simulator.model import LEVERS, SCHEDULE
from simulator.scenario import Scenario
from simulator.simulate import run_year, simulate, start
from simulator.world.terms import TERMS
from simulator.world.world import World

LAST = 2016


def plan_with(**switches: str) -> Scenario:
    return replace(shipped(last=LAST), switches=switches)


@cache
def innovations(seed: int, *, base: float = 50.0, science: float = 0.02, **switches: str) -> float:
    """Return the innovations of all years by the world's own count."""
    scenario, luck = plan_with(**switches), Luck(seed)
    p = parameters({"innovation.opportunity_base": base, "innovation.outside_science": science})
    world, total = start(scenario, luck), 0.0
    for year in range(world.region.start_year, LAST + 1):
        run_year(world, scenario, p, luck, year)
        total += float(world.firms.innovations.sum())
    return total


def test_closed_opportunities_are_used_up_and_refilled_by_science() -> None:
    open_, closed = innovations(1), innovations(1, opportunities="closed")
    assert closed < 0.97 * open_
    assert closed < innovations(1, opportunities="closed", science=0.03) < open_
    assert closed < innovations(1, opportunities="closed", base=250.0) < open_


def test_what_a_sector_still_holds_is_what_it_held_and_science_opened_less_what_was_made() -> None:
    scenario, luck, p = plan_with(opportunities="closed"), Luck(2), parameters()
    world = start(scenario, luck)
    made = np.zeros(len(world.sectors))
    for k, year in enumerate(range(world.region.start_year, LAST + 1)):
        run_year(world, scenario, p, luck, year)
        s = world.sectors
        made += np.bincount(world.firms.sector, world.firms.innovations, len(s))
        opened = s.opportunities_first * (1.0 + k * p["innovation"].outside_science)
        np.testing.assert_allclose(s.opportunities, opened - made)
    assert (s.opportunities < s.opportunities_first).any()


def test_the_first_pool_is_so_many_years_of_the_first_year() -> None:
    scenario, luck, p = plan_with(opportunities="closed"), Luck(2), parameters()
    world = start(scenario, luck)
    assert (world.firms.knowledge > 0.0).all()  # also in firms without R&D, which make nothing of it
    run_year(world, scenario, p, luck, world.region.start_year)
    pool = (world.sectors.opportunities_first - p["innovation"].opportunity_base).sum()
    made = world.firms.innovations.sum()
    assert 0.8 * made < pool / p["innovation"].opportunity_years < 1.25 * made


def researched(
    switch: str, *, claimed: bool, imitation: float = 0.3, until: int = 2013
) -> tuple[World, World, np.ndarray]:
    """Return a world before and after the research of a year, and who did some R&D before; with deductions or not."""
    scenario, luck, p = plan_with(research_rule=switch), Luck(3), parameters()
    if claimed:
        lever = LEVERS["rd_tax_deduction"]
        scenario = with_entries(scenario, entry(lever, lever.dose, first=2013.0))
    world = start(scenario, luck)
    for year in range(2011, until):
        run_year(world, scenario, p, luck, year)
    world.begin(until)
    terms = Terms(TERMS, world, until, world.ledger, luck.at(until, "terms"), world.rules)
    for e in scenario.in_force(until):
        if e.id.startswith("added_"):
            e.lever.offer(world, terms, e, p[e.lever.name])
    before = world.branch(scenario.entries, world.paths, world.national)
    research = next(m for m in SCHEDULE if m.name == "research")
    research.step(
        world, terms, replace(p["research"], notch_reach=1e-9, imitation=imitation), luck.at(until, "research")
    )
    both = before.firms.does_rd & world.firms.does_rd & world.firms.alive & (before.firms.rd_years > 0)
    return before, world, np.flatnonzero(both)


def held(before: World, after: World, rows: np.ndarray) -> np.ndarray:
    """Return which rows did R&D in the ratio to sales of the year before."""
    f, g = before.firms, after.firms
    own = f.rd_real[rows] - f.rd_aided[rows]
    same = own * f.revenue[rows] / f.revenue_lag1[rows]
    return np.abs(g.rd_real[rows] - same) <= 1e-9 * same


def test_most_firms_hold_to_their_rule_and_those_that_did_better_always_do() -> None:
    assert not held(*researched("elasticity", claimed=False)).mean() > 0.01
    before, after, rows = researched("satisficing", claimed=False)
    kept, f = held(before, after, rows), before.firms
    assert 0.5 < kept.mean() < 0.9
    peers = np.array([f.growth[rows][f.sector[rows] == s].mean() for s in f.sector[rows]])
    own = np.log(f.revenue_lag1[rows] / f.revenue_lag2[rows])
    content = f.growth[rows] > np.maximum(peers, own) + 1e-9
    assert content.sum() > 100
    assert kept[content].all()
    assert kept[~content].mean() < kept.mean()


def test_the_first_year_compares_the_growth_that_firms_are_built_with_and_leaves_their_ratio_to_sales() -> None:
    before, after, rows = researched("satisficing", claimed=False, until=2011)
    f, g = before.firms, after.firms
    kept = g.rd_real[rows] == f.rd_real[rows]
    assert 0.5 < kept.mean() < 0.9
    growth = np.log(f.revenue[rows] / f.revenue_lag1[rows])
    peers = np.array([growth[f.sector[rows] == s].mean() for s in f.sector[rows]])
    assert kept[growth > peers + 1e-9].all()
    assert 0.3 < kept[growth < peers - 1e-9].mean() < 0.7
    _, copied, _ = researched("satisficing", claimed=False, imitation=0.7, until=2011)
    assert (copied.firms.rd_intensity[rows] != g.rd_intensity[rows])[~kept].mean() > 0.9


def test_a_new_firm_expects_what_its_peers_did() -> None:
    before, after, rows = researched("satisficing", claimed=False)
    f = before.firms
    new = f.revenue_lag2[rows] == f.revenue_lag1[rows]
    growth = np.log(f.revenue[rows] / f.revenue_lag1[rows])
    peers = np.array([growth[f.sector[rows] == s].mean() for s in f.sector[rows]])
    kept = held(before, after, rows)
    assert new.sum() > 20
    assert kept[new & (growth > peers + 1e-9)].all()
    assert not kept[new & (growth < peers - 1e-9)].all()


def test_user_cost_moves_only_those_that_search() -> None:
    before, without, rows = researched("satisficing", claimed=False)
    _, helped, _ = researched("satisficing", claimed=True)
    kept = held(before, without, rows)
    change = helped.firms.rd_real[rows] / without.firms.rd_real[rows] - 1.0
    assert np.abs(change[kept]).max() < 1e-12
    assert change[~kept].max() > 0.01
    _, free, everyone = researched("elasticity", claimed=False)
    _, moved, _ = researched("elasticity", claimed=True)
    gain = [(b.firms.rd_real[r].sum() / a.firms.rd_real[r].sum() - 1.0) for a, b, r in
            ((without, helped, rows), (free, moved, everyone))]  # fmt: skip
    assert 0.0 < gain[0] < 0.8 * gain[1]


def test_those_that_search_near_the_intensity_of_better_peers() -> None:
    still, moved = (researched("satisficing", claimed=False, imitation=x) for x in (1e-9, 0.7))
    before, rows = still[0].firms, still[2]
    better = np.zeros(rows.size, bool)
    target = np.full(rows.size, np.nan)
    for s in np.unique(before.sector[rows]):
        here = before.sector[rows] == s
        better[here] = before.growth[rows][here] > before.growth[rows][here].mean()
        target[here] = np.log(before.rd_intensity[rows][here & better]).mean()
    a, b = (np.log(w[1].firms.rd_intensity[rows]) for w in (still, moved))
    other = np.flatnonzero((a != b) & (b < np.log(0.35)))  # at the most that anybody wishes for, nothing moves
    assert other.size > 50
    assert (np.sign(b - a)[other] == np.sign(target - np.log(before.rd_intensity[rows]))[other]).mean() > 0.95


@pytest.mark.parametrize("switch", ["opportunities", "research_rule"])
def test_new_parameters_do_nothing_under_the_default(switch: str) -> None:
    own = {
        "opportunities": {"innovation.opportunity_years": 10.0, "innovation.outside_science": 0.06},
        "research_rule": {"research.search": 0.9, "research.imitation": 0.7, "research.aspiration_peers": 0.8},
    }[switch]
    short = shipped(last=2012)
    a, b = simulate(short, {}, 5), simulate(short, own, 5)
    np.testing.assert_array_equal(a.values, b.values)
