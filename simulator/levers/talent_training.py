"""Talent training: courses for technicians, entrepreneurs and R&D leaders."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import in_order
from simulator.world.agents import ENTREPRENEURS, LEADERS, TECHNICIANS
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. No place is offered without a price."""

    technicians_per_year: float = setting(0.0, unit="persons / year", low=0.0, doc="places for technicians of firms")
    cost_per_technician: float = setting(0.0, unit="CNY / person", low=0.0)
    entrepreneurs_per_year: float = setting(
        0.0, unit="persons / year", low=0.0, doc="places for people who run small technology firms"
    )
    cost_per_entrepreneur: float = setting(0.0, unit="CNY / person", low=0.0)
    leaders_per_year: float = setting(
        0.0, unit="persons / year", low=0.0, doc="places at universities for leaders of firms' R&D"
    )
    cost_per_leader: float = setting(0.0, unit="CNY / person", low=0.0)
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for technicians, then entrepreneurs, then leaders")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    admin_share: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.025, 0.1, "log"),
        source="assumed",
        doc="calls, selection and review of courses over the money committed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer places on each kind of course as far as the budget still goes."""
    s: Settings = entry.settings
    courses = (
        (TECHNICIANS, s.technicians_per_year, s.cost_per_technician),
        (ENTREPRENEURS, s.entrepreneurs_per_year, s.cost_per_entrepreneur),
        (LEADERS, s.leaders_per_year, s.cost_per_leader),
    )
    parts = in_order(s.budget, [places * cost for _, places, cost in courses])
    for (kind, places, cost), part in zip(courses, parts, strict=True):
        if part > 0.0:
            terms.offer(entry, "training_places", places, unit_cost=cost, budget=part, tag=kind)
    terms.run(entry, p.admin_share * sum(parts))


LEVER = Lever(
    "talent_training",
    Label("Talent training", "人才培训"),
    Settings,
    Parameters,
    offer,
    dose={
        "technicians_per_year": 10_000.0,
        "cost_per_technician": 1500.0,
        "entrepreneurs_per_year": 500.0,
        "cost_per_entrepreneur": 1.5e4,
        "leaders_per_year": 200.0,
        "cost_per_leader": 3.0e4,
        "budget": 3.0e7,
    },
    moves={"trained_people": +1, "productivity": +1},
)
