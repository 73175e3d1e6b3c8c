"""Delivery: leadership, coordination and evaluation that make a plan's orders come about; key innovation zones."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    strength: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="from none to a leading group with full evaluation")
    zones_per_year: float = setting(0.0, unit="zones / year", low=0.0, doc="key innovation zones to be set up")
    cost_per_zone: float = setting(0.0, unit="CNY / zone", low=0.0, doc="planning and first offices")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for zones")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    kept_up: float = parameter(
        0.7,
        unit="1",
        prior=Range(0.4, 0.95, "logit"),
        source="assumed",
        doc="part of the strength announced that is kept up over a year; attention moves on",
    )
    admin_cost: float = parameter(
        5.0e5,
        unit="CNY / district / year",
        prior=Range(2.0e5, 1.2e6, "log"),
        source="assumed",
        doc="offices, reporting and evaluation at full strength: a few posts in every district",
    )
    admin_share: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.015, 0.06, "log"),
        source="assumed",
        doc="approval and review of zones over the money committed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer strength of delivery, bill the offices that keep it up, and order zones as far as the budget goes."""
    s: Settings = entry.settings
    if s.strength > 0.0:
        terms.offer(entry, "delivery", p.kept_up * s.strength)
        terms.run(entry, p.admin_cost * s.strength * len(world.region.districts))
    zones = min(s.budget, s.zones_per_year * s.cost_per_zone)
    if zones > 0.0:
        terms.offer(entry, "innovation_zones", s.zones_per_year, unit_cost=s.cost_per_zone, budget=zones)
        terms.run(entry, p.admin_share * zones)


LEVER = Lever(
    "delivery_governance",
    Label("Delivery and governance", "组织领导与考核督查"),
    Settings,
    Parameters,
    offer,
    dose={"strength": 0.8, "zones_per_year": 1.0, "cost_per_zone": 2.0e7, "budget": 2.0e7},
    moves={"incubator_floor": +1, "innovation_zones": +1},
)
