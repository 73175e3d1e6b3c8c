"""Entrepreneurial culture: maker education, fairs and contests, and rules that tolerate failure."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import in_order
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. Nothing is held without a price."""

    students_per_year: float = setting(0.0, unit="persons / year", low=0.0, doc="students given maker education")
    student_cost: float = setting(0.0, unit="CNY / person", low=0.0)
    fairs_per_year: float = setting(0.0, unit="fairs / year", low=0.0, doc="fairs, contests and campaigns")
    fair_cost: float = setting(0.0, unit="CNY / fair", low=0.0)
    tolerance: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="strength of rules that spare those who try and fail"
    )
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for fairs, then education")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    lived: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="part of the tolerance announced that banks, courts and bureaus live by",
    )
    campaign_cost: float = parameter(
        2.0e5,
        unit="CNY / district / year",
        prior=Range(5.0e4, 6.0e5, "log"),
        source="assumed",
        doc="rules, cases and publicity for tolerance of failure at full strength",
    )
    admin_share: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.02, 0.10, "log"),
        source="assumed",
        doc="organisation over the money committed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Order fairs and education as far as the budget goes, and offer tolerance of failure."""
    s: Settings = entry.settings
    fairs, students = in_order(s.budget, (s.fairs_per_year * s.fair_cost, s.students_per_year * s.student_cost))
    if fairs > 0.0:
        terms.offer(entry, "startup_fairs", s.fairs_per_year, unit_cost=s.fair_cost, budget=fairs)
    if students > 0.0:
        terms.offer(entry, "maker_education", s.students_per_year, unit_cost=s.student_cost, budget=students)
    terms.offer(entry, "failure_tolerance", p.lived * s.tolerance)
    terms.run(entry, p.admin_share * (fairs + students) + p.campaign_cost * s.tolerance * len(world.region.districts))


LEVER = Lever(
    "entrepreneurial_culture",
    Label("Entrepreneurial culture", "创业文化与容错"),
    Settings,
    Parameters,
    offer,
    dose={
        "students_per_year": 100000.0,
        "student_cost": 100.0,
        "fairs_per_year": 50.0,
        "fair_cost": 2.0e5,
        "tolerance": 1.0,
        "budget": 2.0e7,
    },
    moves={"founders_again": +1, "firm_births": +1},
)
