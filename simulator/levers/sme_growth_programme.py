"""A growth programme for technology SMEs: services and money for a list of firms, interest, and outreach."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import count_of, in_order, of_classes, small
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    firms_per_year: float = setting(0.0, unit="firms / year", low=0.0, doc="places on the list")
    support_per_firm: float = setting(0.0, unit="CNY / year", low=0.0, doc="most that a firm on the list gets")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for support first, the rest for interest")
    loan_interest: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="share of loan interest paid for listed firms")
    years_listed: float = setting(
        3.0, unit="years", low=1.0, high=10.0, doc="how long a firm may claim interest after it was supported"
    )
    outreach: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="effort of telling SMEs of HNTE status, 1 is full")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    additional: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.3, 0.9, "logit"),
        source="assumed",
        doc="share of the support that pays for what a firm would not have done; no causal study was found, "
        "so the value follows that of grants in China (judgement_grant_china)",
    )
    reach: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.05, 0.35, "log"),
        source="assumed",
        doc="chance a year that full outreach informs a firm that did not know",
    )
    outreach_cost: float = parameter(
        800.0,
        unit="CNY / firm / year",
        prior=Range(300.0, 2000.0, "log"),
        source="assumed",
        doc="full outreach, per firm spoken to: visits and training",
    )
    admin_share: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.025, 0.1, "log"),
        source="assumed",
        doc="selection and advisers over the budget",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer support to small unlisted technology firms, interest to those supported before, and outreach."""
    s: Settings = entry.settings
    firms = world.firms
    pool = of_classes(firms, ("tech_sme",), world.year)
    support, interest = in_order(s.budget, (s.firms_per_year * s.support_per_firm, s.budget))
    if support > 0.0:
        terms.offer(
            entry,
            "growth_support",
            s.support_per_firm,
            budget=support,
            worth=p.additional,
            eligible=pool & small(firms) & (firms.listed == 0),
        )
        terms.run(entry, p.admin_share * support)
    if s.loan_interest > 0.0 and interest > 0.0:
        listed = (firms.supported > 0) & (firms.supported >= world.year - s.years_listed)
        terms.offer(entry, "loan_interest", s.loan_interest, budget=interest, eligible=firms.alive & listed)
        terms.run(entry, p.admin_share * interest)
    if s.outreach > 0.0:
        terms.offer(entry, "status_outreach", p.reach * s.outreach, eligible=pool)
        terms.run(entry, p.outreach_cost * s.outreach * count_of(pool))


LEVER = Lever(
    "sme_growth_programme",
    Label("SME growth programme", "科技型中小企业成长计划"),
    Settings,
    Parameters,
    offer,
    dose={
        "firms_per_year": 300.0,
        "support_per_firm": 2.0e5,
        "budget": 8.0e7,
        "loan_interest": 0.5,
        "outreach": 0.5,
    },
    moves={"hnte_count": +1, "technology_loans": +1},
)
