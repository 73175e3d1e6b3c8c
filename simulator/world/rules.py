"""What national rules say of a firm: the classes, tests and rates of law that several steps of the year apply.

``rules`` are the national rules of one year by name, as ``World.rules`` holds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numba import njit

Rules = Mapping[str, float]

# Staff below which an industrial firm counts as small, in the national size standard of 2011.
SMALL_FIRM_STAFF = 300.0
# Revenue (CNY / year) from which an industrial firm of that staff counts as medium or large, in the same standard.
MEDIUM_FIRM_REVENUE = 2.0e7
# Staff up to which a firm can be a technology SME, in the national criteria of 2017.
TECHNOLOGY_SME_STAFF = 500.0
# Share of a lender's loss at which the gain from a risk pool's cover is stated: the most that schemes usually carry.
HALF_COVER = 0.5


class Law(NamedTuple):
    """The rules of one year that compiled steps apply to a firm, by name."""

    hnte_sales_small: float
    hnte_sales_large: float
    hnte_threshold_small: float
    hnte_threshold_mid: float
    hnte_threshold_large: float
    small_profit_ceiling: float
    small_profit_staff: float
    small_profit_effective_rate: float
    hnte_tax: float
    corporate_tax: float
    rd_super_deduction: float
    rd_super_deduction_tech_sme: float


def law_of(rules: Rules) -> Law:
    """Return the rules of a year for compiled steps."""
    return Law._make(float(rules[name]) for name in Law._fields)


@njit(cache=True, nogil=True)
def threshold_of(law: Law, revenue: float) -> float:
    """Return what ``hnte_threshold`` says of one firm."""
    if revenue < law.hnte_sales_small:
        return law.hnte_threshold_small
    return law.hnte_threshold_mid if revenue < law.hnte_sales_large else law.hnte_threshold_large


@njit(cache=True, nogil=True)
def has_small_rate(law: Law, profit: float, staff: float) -> bool:
    """Return what ``small_low_profit`` says of one firm."""
    return profit < law.small_profit_ceiling and staff <= law.small_profit_staff


def hnte_threshold(rules: Rules, revenue: np.ndarray) -> np.ndarray:
    """Return the (n,) least share of R&D in sales that HNTE status asks for, by class of sales (CNY / year)."""
    return np.where(
        revenue < rules["hnte_sales_small"],
        rules["hnte_threshold_small"],
        np.where(revenue < rules["hnte_sales_large"], rules["hnte_threshold_mid"], rules["hnte_threshold_large"]),
    )


def small_low_profit(rules: Rules, profit: np.ndarray, staff: np.ndarray) -> np.ndarray:
    """Return which of (n,) firms have the small low-profit rate: taxable profit (CNY / year) and staff under caps."""
    return (profit < rules["small_profit_ceiling"]) & (staff <= rules["small_profit_staff"])


def super_deduction(rules: Rules, technology_sme: np.ndarray) -> np.ndarray:
    """Return the (n,) extra share of R&D that the law lets a firm deduct: the general rate or a technology SME's."""
    own = np.where(technology_sme, rules["rd_super_deduction_tech_sme"], 0.0)
    return np.maximum(own, rules["rd_super_deduction"])


@njit(cache=True, nogil=True)
def large_or_medium(staff: float, revenue: float) -> bool:
    """Return whether a firm is large or medium by staff and revenue (CNY / year).

    Both lines of the national size standard of 2011 for industry must be met, as the standard asks.
    """
    return staff >= SMALL_FIRM_STAFF and revenue >= MEDIUM_FIRM_REVENUE
