"""Reform of market entry: cheaper registration, supervision instead of approval, and fair competition."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    registration: float = setting(
        0.0,
        unit="1",
        low=0.0,
        high=1.0,
        doc="how far the days and money of registering a firm fall below what national law leaves",
    )
    supervision: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="share of approvals in advance replaced by supervision afterwards"
    )
    fair_competition: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="share of improper subsidies and exclusionary rules withdrawn"
    )


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    carried_out: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.3, 0.9, "logit"),
        source="assumed",
        doc="part of what is announced that counters and bureaus carry out",
    )
    window_cost: float = parameter(
        8.0e5,
        unit="CNY / district / year",
        prior=Range(3.0e5, 2.0e6, "log"),
        source="assumed",
        doc="counters and systems for a registration that costs founders nothing",
    )
    inspection_cost: float = parameter(
        6.0e5,
        unit="CNY / district / year",
        prior=Range(2.0e5, 1.5e6, "log"),
        source="assumed",
        doc="inspectors and records where supervision replaces all approvals",
    )
    review_cost: float = parameter(
        2.0e5,
        unit="CNY / district / year",
        prior=Range(5.0e4, 6.0e5, "log"),
        source="assumed",
        doc="review of rules and subsidies for fair competition",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer easier entry, and bill the offices that carry it out."""
    s: Settings = entry.settings
    for term, strength in (
        ("entry_cost", s.registration),
        ("entry_approval", s.supervision),
        ("incumbent_shelter", s.fair_competition),
    ):
        terms.offer(entry, term, 1.0 - p.carried_out * strength)
    each = p.window_cost * s.registration + p.inspection_cost * s.supervision + p.review_cost * s.fair_competition
    if each > 0.0:
        terms.run(entry, each * len(world.region.districts))


LEVER = Lever(
    "entry_reform",
    Label("Reform of market entry", "商事制度与准入改革"),
    Settings,
    Parameters,
    offer,
    dose={"registration": 0.6, "supervision": 0.5, "fair_competition": 0.5},
    moves={"firm_births": +1, "firm_closures": +1},
)
