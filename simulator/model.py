"""The table of contents: the order of the year, the levers, what is looked at, and the open questions."""

from __future__ import annotations

from simulator.core.declare import Indicator, Lever, Mechanism
from simulator.indicators import economy, firms, patents, places, research
from simulator.levers import (
    credit_risk_compensation,
    delivery_governance,
    disposal_rights,
    equity_incentive,
    guidance_fund,
    hnte_relief,
    incubator_expansion,
    innovation_voucher,
    ip_protection,
    maker_space,
    rd_subsidy,
    rd_tax_deduction,
    sme_growth_programme,
    talent_attraction,
    transfer_revenue_share,
)
from simulator.mechanisms import (
    certification,
    closure,
    delivery,
    drivers,
    finance,
    founding,
    incubation,
    innovation,
    market,
    patenting,
    products,
    science,
    talent,
    transfer,
)
from simulator.mechanisms import research as firm_research

# The order is a modelling choice: people and places first, then knowledge, then money and the market.
SCHEDULE: tuple[Mechanism, ...] = (
    drivers.MECHANISM,
    delivery.MECHANISM,
    talent.MECHANISM,
    science.MECHANISM,
    transfer.MECHANISM,
    founding.MECHANISM,
    incubation.MECHANISM,
    firm_research.MECHANISM,
    innovation.MECHANISM,
    products.MECHANISM,
    patenting.MECHANISM,
    certification.MECHANISM,
    finance.MECHANISM,
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
    )
}

INDICATORS: dict[str, Indicator] = {
    i.name: i for theme in (research, patents, firms, economy, places) for i in theme.INDICATORS
}

# What the literature does not settle; the first choice is the default.
SWITCHES: dict[str, tuple[str, ...]] = {
    "relabelling": ("on", "off"),
    "spillovers": ("long", "short"),
}
