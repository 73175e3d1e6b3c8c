"""Investment attraction: firms elsewhere are courted at fairs and by envoys, and those that come get an award."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import in_order
from simulator.world.region_schema import SECTORS
from simulator.world.world import World

ANY = "any"


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. Nobody is courted without a price."""

    firms_per_year: float = setting(0.0, unit="firms / year", low=0.0, doc="firms courted; most of them never come")
    headquarters_per_year: float = setting(
        0.0, unit="firms / year", low=0.0, doc="headquarters and large firms courted"
    )
    promotion_cost: float = setting(0.0, unit="CNY / firm", low=0.0, doc="fairs, travel and staff for each courted")
    award: float = setting(0.0, unit="CNY / firm", low=0.0, doc="award to each firm that comes")
    sector: str = setting(ANY, choices=(ANY, *SECTORS), doc="sector that is courted; any goes by the city's strength")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for courting, then awards")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    admin_share: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.02, 0.10, "log"),
        source="assumed",
        doc="contracts and review over the money committed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Court firms and headquarters as far as the budget goes; what is left stands behind the awards."""
    s: Settings = entry.settings
    sector = -1 if s.sector == ANY else world.region.sectors.index(s.sector)
    sought = s.firms_per_year + s.headquarters_per_year
    firms, headquarters, awards = in_order(
        s.budget,
        (s.firms_per_year * s.promotion_cost, s.headquarters_per_year * s.promotion_cost, sought * s.award),
    )
    for term, number, part in (
        ("firms_sought", s.firms_per_year, firms),
        ("headquarters_sought", s.headquarters_per_year, headquarters),
    ):
        if part > 0.0:
            terms.offer(entry, term, number, unit_cost=s.promotion_cost, budget=part, tag=sector)
    if awards > 0.0 and firms + headquarters > 0.0:
        terms.offer(entry, "settling_award", sought, unit_cost=s.award, budget=awards)
    else:
        awards = 0.0
    terms.run(entry, p.admin_share * (firms + headquarters + awards))


LEVER = Lever(
    "investment_attraction",
    Label("Investment attraction", "招商引资"),
    Settings,
    Parameters,
    offer,
    dose={
        "firms_per_year": 300.0,
        "headquarters_per_year": 30.0,
        "promotion_cost": 5.0e4,
        "award": 1.0e6,
        "budget": 6.0e7,
    },
    moves={"attracted_firms": +1, "neighbours_firms_lost": +1},
)
