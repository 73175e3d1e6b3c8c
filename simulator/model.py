"""The table of contents: the order of the year, the levers, what is looked at, and the open questions."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.core.declare import Indicator, Lever, Mechanism
from simulator.indicators import bodies, economy, entry, firms, industries, patents, people, pharma, places, research
from simulator.indicators import finance as finance_indicators
from simulator.indicators import science as institutions
from simulator.levers import (
    capital_market_access,
    credit_risk_compensation,
    delivery_governance,
    demonstration_zone,
    disposal_rights,
    entrepreneurial_culture,
    entry_reform,
    equity_incentive,
    factor_price_pressure,
    guidance_fund,
    hnte_relief,
    incubator_expansion,
    incubator_services,
    innovation_platform,
    innovation_procurement,
    innovation_voucher,
    institute_attraction,
    international_openness,
    investment_attraction,
    ip_pledge_finance,
    ip_protection,
    joint_research,
    maker_space,
    rd_subsidy,
    rd_tax_deduction,
    researcher_mobility,
    sector_programme,
    shared_facilities,
    sme_growth_programme,
    student_startup,
    talent_attraction,
    talent_training,
    technology_alliance,
    technology_market,
    transfer_revenue_share,
)
from simulator.mechanisms import (
    agriculture,
    alliances,
    certification,
    closure,
    clusters,
    delivery,
    drivers,
    finance,
    founding,
    incubation,
    innovation,
    market,
    patenting,
    platforms,
    products,
    resources,
    science,
    steel,
    talent,
    tourism,
    transfer,
)
from simulator.mechanisms import research as firm_research

# The order is a modelling choice: people and places first, then knowledge, then money and the market.
SCHEDULE: tuple[Mechanism, ...] = (
    drivers.MECHANISM,
    delivery.MECHANISM,
    platforms.MECHANISM,
    tourism.MECHANISM,
    agriculture.MECHANISM,
    resources.MECHANISM,
    talent.MECHANISM,
    clusters.MECHANISM,
    science.MECHANISM,
    transfer.MECHANISM,
    founding.MECHANISM,
    incubation.MECHANISM,
    firm_research.MECHANISM,
    alliances.MECHANISM,
    innovation.MECHANISM,
    products.MECHANISM,
    patenting.MECHANISM,
    certification.MECHANISM,
    finance.MECHANISM,
    steel.MECHANISM,
    market.MECHANISM,
    closure.MECHANISM,
)

LEVERS: dict[str, Lever] = {
    module.LEVER.name: module.LEVER
    for module in (
        rd_subsidy,
        rd_tax_deduction,
        hnte_relief,
        innovation_voucher,
        sme_growth_programme,
        equity_incentive,
        transfer_revenue_share,
        disposal_rights,
        incubator_expansion,
        maker_space,
        guidance_fund,
        credit_risk_compensation,
        talent_attraction,
        ip_protection,
        delivery_governance,
        innovation_platform,
        factor_price_pressure,
        capital_market_access,
        innovation_procurement,
        international_openness,
        ip_pledge_finance,
        researcher_mobility,
        institute_attraction,
        joint_research,
        technology_market,
        shared_facilities,
        entry_reform,
        entrepreneurial_culture,
        incubator_services,
        investment_attraction,
        student_startup,
        demonstration_zone,
        sector_programme,
        talent_training,
        technology_alliance,
    )
}

THEMES = (
    research,
    patents,
    firms,
    economy,
    places,
    industries,
    finance_indicators,
    institutions,
    entry,
    people,
    bodies,
    pharma,
)
INDICATORS: dict[str, Indicator] = {i.name: i for theme in THEMES for i in theme.INDICATORS}

# What the literature does not settle; the first choice is the default.
SWITCHES: dict[str, tuple[str, ...]] = {
    "entry": ("market", "parent"),
    "fund_crowding": ("depth", "in", "out"),
    "incubators": ("mentoring", "none", "signal"),
    "lock_in": ("low", "high"),
    "neighbours": ("apart", "counted"),
    "opportunities": ("open", "closed"),
    "relabelling": ("on", "off"),
    "research_rule": ("elasticity", "satisficing"),
    "spillovers": ("long", "short"),
    "year_order": ("people_first", "market_first", "money_first"),
}


def _moved(names: tuple[str, ...], before: str) -> tuple[Mechanism, ...]:
    """Return the schedule with some mechanisms taken out and put, in their order, before another."""
    chosen = [m for m in SCHEDULE if m.name in names]
    rest = [m for m in SCHEDULE if m.name not in names]
    at = next(k for k, m in enumerate(rest) if m.name == before)
    return (*rest[:at], *chosen, *rest[at:])


# The same mechanisms in other orders: what then decides on last year's market, or on this year's money.
ORDERS: dict[str, tuple[Mechanism, ...]] = {
    "people_first": SCHEDULE,
    "market_first": _moved(("steel", "market"), "talent"),
    "money_first": _moved(("finance",), "founding"),
}


def order_of(switches: Mapping[str, str]) -> tuple[Mechanism, ...]:
    """Return the mechanisms in the order in which a scenario's switches let them act."""
    return ORDERS[switches.get("year_order", SWITCHES["year_order"][0])]
