"""Incubator floor space, and incubation bases and funds at universities, ordered and subsidised."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import in_order
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. Nothing is ordered without a price."""

    floor_per_year: float = setting(0.0, unit="m2 / year", low=0.0)
    subsidy_per_m2: float = setting(
        0.0, unit="CNY / m2", low=0.0, doc="public money per m2; the developer pays the rest"
    )
    university_bases_per_year: float = setting(0.0, unit="bases / year", low=0.0)
    base_cost: float = setting(0.0, unit="CNY / base", low=0.0)
    university_funds_per_year: float = setting(0.0, unit="funds / year", low=0.0)
    fund_cost: float = setting(
        0.0, unit="CNY / fund", low=0.0, doc="set-up and seed money; larger funds are capital of guidance funds"
    )
    budget: float = setting(
        0.0, unit="CNY / year", low=0.0, doc="for floor space first, then bases, the rest for their funds"
    )


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    admin_share: float = parameter(
        0.02,
        unit="1",
        prior=Range(0.01, 0.05, "log"),
        source="assumed",
        doc="planning, inspection and acceptance over the money committed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Order as much floor space and as many university bases and funds as the budget buys."""
    s: Settings = entry.settings
    floor, bases, funds = in_order(
        s.budget,
        (
            s.floor_per_year * s.subsidy_per_m2,
            s.university_bases_per_year * s.base_cost,
            s.university_funds_per_year * s.fund_cost,
        ),
    )
    if floor > 0.0:
        terms.offer(entry, "incubator_floor", s.floor_per_year, unit_cost=s.subsidy_per_m2, budget=floor)
    if bases > 0.0:
        terms.offer(entry, "university_base", s.university_bases_per_year, unit_cost=s.base_cost, budget=bases)
    if funds > 0.0:
        terms.offer(entry, "university_fund", s.university_funds_per_year, unit_cost=s.fund_cost, budget=funds)
    terms.run(entry, p.admin_share * (floor + bases + funds))


LEVER = Lever(
    "incubator_expansion",
    Label("Incubator expansion", "孵化器建设"),
    Settings,
    Parameters,
    offer,
    dose={
        "floor_per_year": 3.0e5,
        "subsidy_per_m2": 200.0,
        "university_bases_per_year": 3.0,
        "base_cost": 3.0e6,
        "university_funds_per_year": 3.0,
        "fund_cost": 2.0e6,
        "budget": 7.5e7,
    },
    moves={"incubators": +1, "incubator_floor": +1, "incubator_tenants": +1},
)
