"""A demonstration zone: every policy made easy for the firms of one district, and high-tech parks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import count_of, in_order, of_classes, small
from simulator.world.region_schema import SECTORS
from simulator.world.world import World

EVERY = "all"


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. The zone is the district that has most of the region's incubators."""

    sector: str = setting(EVERY, choices=(EVERY, *SECTORS), doc="whose firms the zone prefers")
    preference: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="how easy claims, certification and settling are made, 1 is full"
    )
    parks_per_year: float = setting(0.0, unit="parks / year", low=0.0, doc="high-tech parks ordered")
    cost_per_park: float = setting(0.0, unit="CNY / park", low=0.0)
    support_per_firm: float = setting(
        0.0, unit="CNY / year", low=0.0, doc="most that a small technology firm of the zone gets in services and money"
    )
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for parks, the rest for support")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    guidance: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.15, 0.7, "logit"),
        source="assumed",
        doc="share of the cost of claiming the deduction that full preference removes",
    )
    papers: float = parameter(
        0.25,
        unit="1",
        prior=Range(0.05, 0.5, "logit"),
        source="assumed",
        doc="share of the cost of applying for HNTE status that full preference removes",
    )
    reach: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.05, 0.35, "log"),
        source="assumed",
        doc="chance a year that a full zone's office informs a firm in it that did not know of HNTE status",
    )
    additional: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.3, 0.9, "logit"),
        source="assumed",
        doc="share of the support that pays for what a firm would not have done",
    )
    office_cost: float = parameter(
        5.0e5,
        unit="CNY / year",
        prior=Range(2.0e5, 1.2e6, "log"),
        source="assumed",
        doc="one-stop office of a full zone",
    )
    firm_cost: float = parameter(
        1200.0,
        unit="CNY / firm / year",
        prior=Range(500.0, 3000.0, "log"),
        source="assumed",
        doc="full preference, per firm preferred: visits and papers",
    )
    admin_share: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.015, 0.06, "log"),
        source="assumed",
        doc="planning, selection and review over the money committed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Make the rules easy for the zone's firms, welcome others, order parks and support with what is left."""
    s: Settings = entry.settings
    firms, region = world.firms, world.region
    zone = int(np.argmax(region.district("incubator_share")))
    welcome = firms.alive & ((s.sector == EVERY) | np.array([n == s.sector for n in region.sectors])[firms.sector])
    inside = welcome & (firms.district == zone)
    parks, support = in_order(s.budget, (s.parks_per_year * s.cost_per_park, s.budget))
    support = support if s.support_per_firm > 0.0 else 0.0
    if s.preference > 0.0:
        terms.offer(entry, "claim_cost", 1.0 - p.guidance * s.preference, eligible=inside)
        terms.offer(entry, "hnte_cost", 1.0 - p.papers * s.preference, eligible=inside)
        terms.offer(entry, "status_outreach", p.reach * s.preference, eligible=inside)
        terms.offer(entry, "zone_welcome", s.preference, eligible=welcome & ~inside, tag=zone)
        terms.run(entry, s.preference * (p.office_cost + p.firm_cost * count_of(inside)))
    if parks > 0.0:
        terms.offer(entry, "high_tech_parks", s.parks_per_year, unit_cost=s.cost_per_park, budget=parks)
    if support > 0.0:
        listed = of_classes(firms, ("tech_sme",), world.year) & inside & small(firms)
        terms.offer(entry, "growth_support", s.support_per_firm, budget=support, worth=p.additional, eligible=listed)
    terms.run(entry, p.admin_share * (parks + support))


LEVER = Lever(
    "demonstration_zone",
    Label("Demonstration zone", "政策先导区与高新园区"),
    Settings,
    Parameters,
    offer,
    dose={
        "preference": 1.0,
        "parks_per_year": 1.0,
        "cost_per_park": 2.0e7,
        "support_per_firm": 1.0e5,
        "budget": 4.0e7,
    },
    moves={"high_tech_parks": +1, "superdeduction_claimants": +1},
)
