"""Student founders: allowances and coaching for those who begin a business, and the right to keep their place."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. Nobody is sought without an allowance or coaching."""

    students_per_year: float = setting(
        0.0, unit="persons / year", low=0.0, doc="students and recent graduates to be drawn to start a business"
    )
    allowance: float = setting(0.0, unit="CNY / person", low=0.0, doc="founder's allowance, paid once")
    coaching: float = setting(
        0.0, unit="CNY / person", low=0.0, doc="founders' club, courses and a place to work for each"
    )
    leave_right: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="share of students who may keep their place while they found a firm"
    )
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for allowances and coaching")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    coaching_cost: float = parameter(
        1.0e4,
        unit="CNY / person",
        prior=Range(4.0e3, 3.0e4, "log"),
        source="assumed",
        doc="cost of full coaching of a student founder at the prices of the start year",
    )
    admin_share: float = parameter(
        0.06,
        unit="1",
        prior=Range(0.03, 0.12, "log"),
        source="assumed",
        doc="applications and payment over the money committed; small sums cost much to handle",
    )
    register_cost: float = parameter(
        1.0e5,
        unit="CNY / district / year",
        prior=Range(3.0e4, 3.0e5, "log"),
        source="assumed",
        doc="keeping the places of students on leave",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer places with allowance and coaching as far as the budget goes, and leave with the place kept."""
    s: Settings = entry.settings
    each = s.allowance + s.coaching
    committed = min(s.budget, s.students_per_year * each)
    if committed > 0.0:
        terms.offer(
            entry,
            "student_award",
            s.students_per_year,
            unit_cost=each,
            budget=s.budget,
            worth=min(1.0, s.coaching / (p.coaching_cost * world.state.deflator)),
        )
        terms.run(entry, p.admin_share * committed)
    if s.leave_right > 0.0:
        terms.offer(entry, "student_leave", s.leave_right)
        terms.run(entry, p.register_cost * s.leave_right * len(world.region.districts))


LEVER = Lever(
    "student_startup",
    Label("Student founders", "大学生创业扶持"),
    Settings,
    Parameters,
    offer,
    dose={
        "students_per_year": 5000.0,
        "allowance": 5000.0,
        "coaching": 3000.0,
        "leave_right": 1.0,
        "budget": 4.0e7,
    },
    moves={"students_started": +1, "firm_births": +1},
)
