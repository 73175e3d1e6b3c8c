"""Researcher mobility: leave and part-time posts with rights kept, credit and prizes for transfer."""

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

    leave: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="researchers who may leave and keep post and benefits")
    part_time: float = setting(
        0.0,
        unit="1",
        low=0.0,
        high=1.0,
        doc="researchers who may hold part-time posts in firms, dual mentors among them",
    )
    promotion_credit: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="weight of transfer in promotion, over that of papers"
    )
    prize: float = setting(0.0, unit="CNY / transfer", low=0.0, doc="prize to the inventors for each transfer")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for prizes")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    practice: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.2, 0.9, "logit"),
        source="assumed",
        doc="part of a right on paper that institutions grant in practice: deans lose teachers",
    )
    kept_cost: float = parameter(
        2.0e4,
        unit="CNY / institution / year",
        prior=Range(5.0e3, 1.0e5, "log"),
        source="assumed",
        doc="contracts, records and benefits of those on leave or part-time, and assessment, for each rule in full",
    )
    prize_admin: float = parameter(
        0.05, unit="1", prior=Range(0.02, 0.10, "log"), source="assumed", doc="selecting prizes over their budget"
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer the three rights as far as they are practised, and prizes within the budget."""
    s: Settings = entry.settings
    for term, extent in (
        ("leave_right", s.leave),
        ("part_time", s.part_time),
        ("promotion_credit", s.promotion_credit),
    ):
        terms.offer(entry, term, p.practice * extent)
    cost = p.kept_cost * (s.leave + s.part_time + s.promotion_credit) * count_of(world.universities.alive)
    if min(s.prize, s.budget) > 0.0:
        terms.offer(entry, "transfer_prize", s.prize, budget=s.budget)
        cost += p.prize_admin * s.budget
    if cost > 0.0:
        terms.run(entry, cost)


LEVER = Lever(
    "researcher_mobility",
    Label("Mobility of researchers", "科研人员流动与评价"),
    Settings,
    Parameters,
    offer,
    dose={"leave": 1.0, "part_time": 1.0, "promotion_credit": 1.0, "prize": 2.0e4, "budget": 5.0e6},
    moves={"university_spinoffs": +1, "university_links": +1},
)
