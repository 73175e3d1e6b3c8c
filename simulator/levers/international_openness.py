"""International openness: easier movement of innovation factors across the border, and support of buying abroad."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import count_of
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    facilitation: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="ease of customs, visas and foreign exchange for R&D, 0 to 1"
    )
    outbound_share: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="share of the price of a technology firm bought abroad"
    )
    outbound_cap: float = setting(0.0, unit="CNY / deal", low=0.0, doc="most paid towards one purchase")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="money towards purchases")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    desk_cost: float = parameter(
        2000.0,
        unit="CNY / firm / year",
        prior=Range(700.0, 6000.0, "log"),
        source="assumed",
        doc="cost of full facilitation per firm that does R&D: desks at customs, visa and exchange offices",
    )
    admin_share: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.025, 0.1, "log"),
        source="assumed",
        doc="checking purchases over the budget",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer facilitation to all who do R&D, and part of the price to buyers."""
    s: Settings = entry.settings
    if s.facilitation > 0.0:
        terms.offer(entry, "facilitation", s.facilitation)
        terms.run(entry, s.facilitation * p.desk_cost * count_of(world.firms.alive & world.firms.does_rd))
    if min(s.outbound_share, s.outbound_cap, s.budget) > 0.0:
        terms.offer(entry, "outbound_support", s.outbound_cap, rate=s.outbound_share, budget=s.budget)
        terms.run(entry, p.admin_share * s.budget)


LEVER = Lever(
    "international_openness",
    Label("International openness", "国际创新合作与开放"),
    Settings,
    Parameters,
    offer,
    dose={"facilitation": 0.8, "outbound_share": 0.2, "outbound_cap": 1.0e7, "budget": 5.0e7},
    moves={"productivity": +1, "outbound_deals": +1},
)
