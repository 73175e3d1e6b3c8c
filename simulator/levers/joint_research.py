"""Joint research: funds of city, firms and universities, and institutes founded for contract research."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import FIRM_CLASSES, in_order, of_classes
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. Nothing is ordered without a price."""

    public_share: float = setting(
        0.3, unit="1", low=0.0, high=1.0, doc="public part of a joint project; shares of several entries add up"
    )
    cap_per_project: float = setting(0.0, unit="CNY", low=0.0, doc="most public money for one project")
    contract_institutes_per_year: float = setting(
        0.0, unit="institutes / year", low=0.0, doc="industrial technology research institutes founded"
    )
    cost_per_institute: float = setting(0.0, unit="CNY / institute", low=0.0)
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for institutes first, the rest for the joint fund")
    coverage: tuple[str, ...] = setting(("rd_performer",), choices=FIRM_CLASSES, doc="classes of firms covered")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    additional: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.2, 0.9, "logit"),
        source="assumed",
        doc="share of joint projects that would not have been done without the fund",
    )
    half_life: float = parameter(
        2.0,
        unit="years",
        prior=Range(1.0, 4.0, "log"),
        source="chai_shih2016",
        doc="half-life of what a joint project adds: effects were seen for up to four years",
    )
    admin_share: float = parameter(
        0.06,
        unit="1",
        prior=Range(0.03, 0.12, "log"),
        source="assumed",
        doc="calls, review and acceptance over the budget",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Order institutes for contract research, and offer the rest of the budget as a joint fund."""
    s: Settings = entry.settings
    (institutes,) = in_order(s.budget, (s.contract_institutes_per_year * s.cost_per_institute,))
    fund = s.budget - institutes if min(s.public_share, s.cap_per_project) > 0.0 else 0.0
    if institutes > 0.0:
        terms.offer(
            entry,
            "contract_institutes",
            s.contract_institutes_per_year,
            unit_cost=s.cost_per_institute,
            budget=institutes,
        )
    if fund > 0.0:
        terms.offer(
            entry,
            "joint_fund",
            s.cap_per_project,
            budget=fund,
            rate=s.public_share,
            eligible=of_classes(world.firms, s.coverage, world.year),
            worth=p.additional,
            half_life=p.half_life,
        )
    terms.run(entry, p.admin_share * (institutes + fund))


LEVER = Lever(
    "joint_research",
    Label("Joint research", "联合基金与合同科研"),
    Settings,
    Parameters,
    offer,
    dose={
        "public_share": 0.3,
        "cap_per_project": 1.0e6,
        "contract_institutes_per_year": 1.0,
        "cost_per_institute": 1.0e7,
        "budget": 4.0e7,
        "coverage": ("rd_performer",),
    },
    moves={"university_contracts": +1, "university_links": +1},
)
