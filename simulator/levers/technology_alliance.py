"""Technology alliances: offices are helped along, partners are brought together, joint projects are co-financed."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import by_size
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    alliances: float = setting(0.0, unit="alliances", low=0.0, doc="alliances whose offices are supported")
    support_per_alliance: float = setting(0.0, unit="CNY / year", low=0.0, doc="most that one office gets")
    outreach: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="strength of bringing partners together")
    project_rate: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="share of joint projects' cost covered")
    project_cap: float = setting(0.0, unit="CNY / year", low=0.0, doc="most that one member gets for joint projects")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="offices first, then joint projects")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    extra_small: float = parameter(
        1.0,
        unit="CNY / CNY",
        prior=Range(0.6, 1.4, floor=0.0),
        source="judgement_grant_small",
        doc="R&D added per CNY of a joint project by a member below 300 staff, as for any grant",
    )
    extra_large: float = parameter(
        0.2,
        unit="CNY / CNY",
        prior=Range(0.0, 0.8, floor=0.0),
        source="judgement_grant_large",
        doc="R&D added per CNY by a larger member",
    )
    misuse: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.02, 0.35, "logit"),
        source="assumed",
        doc="chance that a project's money is spent on something else; partners see each other's work",
    )
    useful: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.2, 1.0, floor=0.0, ceiling=1.0),
        source="assumed",
        doc="part of the support for an office that spares members a cost; the rest pays for meetings nobody needs",
    )
    outreach_cost: float = parameter(
        1.0e6,
        unit="CNY / year",
        prior=Range(3.0e5, 3.0e6, "log"),
        source="assumed",
        doc="running cost of bringing partners together in a city with all strength",
    )
    admin_share: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.02, 0.10, "log"),
        source="assumed",
        doc="calls, review and audit over the budget",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer support to alliances' offices, help with founding them, and money for members' joint projects."""
    s: Settings = entry.settings
    offices = min(s.budget, s.alliances * s.support_per_alliance)
    projects = s.budget - offices if min(s.project_rate, s.project_cap) > 0.0 else 0.0
    if offices > 0.0:
        terms.offer(entry, "alliance_support", s.support_per_alliance, budget=offices, worth=p.useful)
    if projects > 0.0:
        terms.offer(
            entry,
            "alliance_project",
            s.project_cap,
            rate=s.project_rate,
            budget=projects,
            misuse=p.misuse,
            worth=by_size(world.firms, p.extra_small, p.extra_large),
        )
    terms.offer(entry, "alliance_outreach", s.outreach)
    terms.run(entry, p.admin_share * (offices + projects) + p.outreach_cost * s.outreach)


LEVER = Lever(
    "technology_alliance",
    Label("Technology innovation alliances", "产业技术创新战略联盟"),
    Settings,
    Parameters,
    offer,
    dose={
        "alliances": 20.0,
        "support_per_alliance": 2.0e5,
        "outreach": 0.5,
        "project_rate": 0.3,
        "project_cap": 5.0e5,
        "budget": 2.0e7,
    },
    moves={"alliances": +1, "alliance_members": +1, "rd_real": +1},
)
