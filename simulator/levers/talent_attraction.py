"""Talent attraction: awards, visits of doctoral students, workstations for firms, apartments and rent relief."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import in_order
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. Nobody is sought and nothing is built without a price."""

    high_end_per_year: float = setting(0.0, unit="persons / year", low=0.0, doc="high-end talents sought")
    high_end_award: float = setting(0.0, unit="CNY / person", low=0.0)
    graduates_per_year: float = setting(0.0, unit="persons / year", low=0.0, doc="graduates sought")
    graduate_allowance: float = setting(0.0, unit="CNY / person", low=0.0)
    elite_share: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="share of these places kept for graduates of 985 and 211 universities"
    )
    apartments_per_year: float = setting(0.0, unit="m2 / year", low=0.0)
    apartment_subsidy: float = setting(
        0.0, unit="CNY / m2", low=0.0, doc="public money per m2; the developer pays the rest"
    )
    rent_share: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="share of rent paid for researchers who rent")
    phd_visits_per_year: float = setting(
        0.0, unit="persons / year", low=0.0, doc="doctoral students invited to see the city"
    )
    visit_cost: float = setting(0.0, unit="CNY / person", low=0.0)
    universities_visited_per_year: float = setting(
        0.0, unit="universities / year", low=0.0, doc="universities that are asked to send visitors"
    )
    academician_stations_per_year: float = setting(0.0, unit="workstations / year", low=0.0)
    academician_station_cost: float = setting(0.0, unit="CNY / workstation", low=0.0)
    postdoc_stations_per_year: float = setting(0.0, unit="workstations / year", low=0.0)
    postdoc_station_cost: float = setting(0.0, unit="CNY / workstation", low=0.0)
    budget: float = setting(
        0.0,
        unit="CNY / year",
        low=0.0,
        doc="for high-end talents, then graduates, visits, workstations, apartments and rent",
    )


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    renting: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.04, 0.25, "log"),
        source="assumed",
        doc="share of researchers who rent and would claim rent relief",
    )
    rent: float = parameter(
        1.5e4,
        unit="CNY / person / year",
        prior=Range(8.0e3, 3.0e4, "log"),
        source="assumed",
        doc="yearly rent of a claimant at the prices of the start year",
    )
    admin_share: float = parameter(
        0.04,
        unit="1",
        prior=Range(0.02, 0.08, "log"),
        source="assumed",
        doc="calls, panels and service over the money committed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer awards, visits, workstations, apartments and rent relief in turn, as far as the budget still goes."""
    s: Settings = entry.settings
    tenants = p.renting * float(world.pools.stock[world.pool("researchers")])
    full_rent = tenants * p.rent * world.state.deflator
    ordered = (
        ("high_end_award", s.high_end_per_year, s.high_end_award),
        ("graduate_award", s.graduates_per_year, s.graduate_allowance),
        ("phd_visits", s.phd_visits_per_year, s.visit_cost),
        ("academician_stations", s.academician_stations_per_year, s.academician_station_cost),
        ("postdoc_stations", s.postdoc_stations_per_year, s.postdoc_station_cost),
        ("apartments", s.apartments_per_year, s.apartment_subsidy),
    )
    *parts, rent = in_order(s.budget, [*(value * cost for _, value, cost in ordered), s.rent_share * full_rent])
    for (term, value, unit_cost), part in zip(ordered, parts, strict=True):
        if part > 0.0:
            # of graduates, the part that must come from elite universities goes with the order
            worth = s.elite_share if term == "graduate_award" else 1.0
            terms.offer(entry, term, value, unit_cost=unit_cost, budget=part, worth=worth)
            if term == "phd_visits":
                terms.offer(entry, "visit_universities", s.universities_visited_per_year)
    if rent > 0.0:
        # the rule reaches as far as the money: nobody draws rent relief from the term, so it is billed here
        terms.offer(entry, "rent_relief", rent / full_rent)
        terms.run(entry, rent)
    terms.run(entry, p.admin_share * (sum(parts) + rent))


LEVER = Lever(
    "talent_attraction",
    Label("Talent attraction", "人才引进"),
    Settings,
    Parameters,
    offer,
    dose={
        "high_end_per_year": 30.0,
        "high_end_award": 1.0e6,
        "graduates_per_year": 1000.0,
        "graduate_allowance": 2.0e4,
        "elite_share": 0.2,
        "phd_visits_per_year": 500.0,
        "visit_cost": 4000.0,
        "universities_visited_per_year": 50.0,
        "academician_stations_per_year": 3.0,
        "academician_station_cost": 1.0e6,
        "postdoc_stations_per_year": 6.0,
        "postdoc_station_cost": 5.0e5,
        "apartments_per_year": 1.0e5,
        "apartment_subsidy": 300.0,
        "rent_share": 0.3,
        "budget": 1.0e8,
    },
    moves={
        "high_end_talents": +1,
        "researchers": +1,
        "neighbours_loss": +1,
        "phd_visits": +1,
        "academician_workstations": +1,
        "postdoc_workstations": +1,
    },
)
