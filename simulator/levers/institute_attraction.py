"""Institute attraction: branches of outside universities and institutes, and overseas R&D centres."""

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

    institutes_per_year: float = setting(0.0, unit="institutes / year", low=0.0)
    cost_per_institute: float = setting(
        0.0, unit="CNY / institute", low=0.0, doc="set-up and first years' support; its home and the state pay the rest"
    )
    overseas_per_year: float = setting(0.0, unit="centres / year", low=0.0)
    overseas_cost: float = setting(0.0, unit="CNY / centre", low=0.0, doc="the same for a centre from abroad")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for institutes first, the rest for overseas centres")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    admin_share: float = parameter(
        0.04,
        unit="1",
        prior=Range(0.01, 0.10, "log"),
        source="assumed",
        doc="search, negotiation and yearly assessment over the money committed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Seek as many institutes and overseas centres as the budget buys."""
    s: Settings = entry.settings
    home, abroad = in_order(
        s.budget, (s.institutes_per_year * s.cost_per_institute, s.overseas_per_year * s.overseas_cost)
    )
    if home > 0.0:
        terms.offer(entry, "institutes", s.institutes_per_year, unit_cost=s.cost_per_institute, budget=home)
    if abroad > 0.0:
        terms.offer(entry, "overseas_centres", s.overseas_per_year, unit_cost=s.overseas_cost, budget=abroad)
    terms.run(entry, p.admin_share * (home + abroad))


LEVER = Lever(
    "institute_attraction",
    Label("Attraction of institutes", "院所引进"),
    Settings,
    Parameters,
    offer,
    dose={
        "institutes_per_year": 10.0,
        "cost_per_institute": 6.0e6,
        "overseas_per_year": 3.0,
        "overseas_cost": 3.0e6,
        "budget": 6.9e7,
    },
    moves={"institutes_attracted": +1, "overseas_centres": +1},
)
