"""What national rules say of one firm."""

from __future__ import annotations

from typing import Any

from simulator.world.rules import MEDIUM_FIRM_REVENUE, SMALL_FIRM_STAFF

Rules = dict[str, float]


def hnte_threshold(rules: Rules, revenue: float) -> float:
    """Return the least share of R&D in sales that HNTE status asks for, by class of sales."""
    if revenue < rules["hnte_sales_small"]:
        return rules["hnte_threshold_small"]
    if revenue < rules["hnte_sales_large"]:
        return rules["hnte_threshold_mid"]
    return rules["hnte_threshold_large"]


def small_low_profit(rules: Rules, profit: float, staff: float) -> bool:
    """Return whether a firm has the small low-profit rate: taxable profit and staff under caps."""
    return profit < rules["small_profit_ceiling"] and staff <= rules["small_profit_staff"]


def super_deduction(rules: Rules, technology_sme: bool) -> float:
    """Return the extra share of R&D that the law lets a firm deduct."""
    own = rules["rd_super_deduction_tech_sme"] if technology_sme else 0.0
    return max(own, rules["rd_super_deduction"])


def large_or_medium(firm: Any) -> bool:
    """Return whether a firm is large or medium by the national size standard."""
    return firm.staff >= SMALL_FIRM_STAFF and firm.revenue >= MEDIUM_FIRM_REVENUE
