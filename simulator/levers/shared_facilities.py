"""Shared facilities: publicly bought instruments are opened to small firms, and part of their fees is paid."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import FIRM_CLASSES, count_of, of_classes
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    access: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="part of publicly bought instruments that is opened")
    fee_share: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="public part of users' fees")
    cap_per_user: float = setting(0.0, unit="CNY / year", low=0.0, doc="most public money for one user in a year")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for users' fees")
    coverage: tuple[str, ...] = setting(("all",), choices=FIRM_CLASSES, doc="classes of firms whose fees are paid")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    opening_cost: float = parameter(
        1.0e5,
        unit="CNY / institution / year",
        prior=Range(3.0e4, 3.0e5, "log"),
        source="assumed",
        doc="booking, operators and inspection of an institution whose instruments are all open",
    )
    admin_share: float = parameter(
        0.06,
        unit="1",
        prior=Range(0.03, 0.12, "log"),
        source="assumed",
        doc="checking thousands of small claims over the budget",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Open the instruments, and offer a share of the fees; fees of what is closed cannot be paid."""
    s: Settings = entry.settings
    if s.access <= 0.0:
        return
    terms.offer(entry, "facility_access", s.access)
    cost = p.opening_cost * s.access * count_of(world.universities.alive)
    if min(s.fee_share, s.cap_per_user, s.budget) > 0.0:
        terms.offer(
            entry,
            "facility_fees",
            s.cap_per_user,
            budget=s.budget,
            rate=s.fee_share,
            eligible=of_classes(world.firms, s.coverage, world.year),
        )
        cost += p.admin_share * s.budget
    terms.run(entry, cost)


LEVER = Lever(
    "shared_facilities",
    Label("Shared facilities", "科研设施与仪器共享"),
    Settings,
    Parameters,
    offer,
    dose={"access": 0.6, "fee_share": 0.3, "cap_per_user": 2.0e5, "budget": 1.5e7, "coverage": ("all",)},
    moves={"facility_users": +1, "rd_firms": +1},
)
