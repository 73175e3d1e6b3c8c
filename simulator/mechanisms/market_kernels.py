"""The compiled passes over firms of ``market``."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.elementary import exp_of, log_of
from simulator.core.luck import uniform_at
from simulator.core.population import find
from simulator.core.selection import marked

BLOCK = 256  # firms whose exponentials and logarithms are taken together
FADED = 0.05  # mentoring below this is over
SPREAD_SIZE = 1.0e7  # CNY / year of sales at which the spread of growth is stated
SPREAD_LEAST = 0.02  # sales over that size below which the spread grows no more
SPREAD_MOST = 0.45  # the mean of exp(Laplace) is infinite from one on


class Growing(NamedTuple):
    """The parameters of the same names."""

    spread: float
    size_variance: float
    productivity_gain: float
    novelty_gain: float
    young_growth: float
    young_years: float
    quality_growth: float
    mentoring: float
    mentoring_strong: float
    local_size: float
    staying: float


class Earning(NamedTuple):
    """The parameters of the same names."""

    margin_noise: float
    margin_persistence: float
    novelty_margin: float
    productivity_margin: float


class Law(NamedTuple):
    """The national rules on profits and their tax that one year has."""

    small_ceiling: float  # CNY of taxable profit
    small_staff: float
    small_rate: float
    rate: float
    hnte_rate: float
    deduction: float
    deduction_sme: float
    kept: float  # part of old losses that can still be set off a year later


@njit(cache=True, nogil=True, error_model="numpy")
def means(
    alive: np.ndarray,
    sector: np.ndarray,
    revenue: np.ndarray,
    productivity: np.ndarray,
    novelty: np.ndarray,
    count: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean productivity and novelty of sectors (S,), weighted by sales."""
    whole, first, second = np.zeros(count), np.zeros(count), np.zeros(count)
    for i in range(alive.shape[0]):
        if alive[i]:
            s = sector[i]
            whole[s] += revenue[i]
            first[s] += revenue[i] * productivity[i]
            second[s] += revenue[i] * novelty[i]
    whole = np.maximum(whole, 1.0)
    return first / whole, second / whole


@njit(cache=True, nogil=True, error_model="numpy")
def grow(
    key: np.ndarray,
    alive: np.ndarray,
    sector: np.ndarray,
    founded: np.ndarray,
    revenue: np.ndarray,
    productivity: np.ndarray,
    edge: np.ndarray,
    novelty: np.ndarray,
    mentored: np.ndarray,
    quality: np.ndarray,
    loan_growth: np.ndarray,
    product_gain: np.ndarray,
    plant_sales: np.ndarray,
    demand: np.ndarray,
    mean_productivity: np.ndarray,
    mean_novelty: np.ndarray,
    year: int,
    deflator: float,
    p: Growing,
    address: np.uint64,
    wish: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Set the sales (n,) wished before demand is shared out, and note leads in ``edge``.

    Returns sales before and wished after in CNY / year, each (2, S) by size (small, large) and sector, without
    works: what plants sell is settled by their orders.
    """
    count = demand.shape[0]
    before, after = np.zeros((2, count)), np.zeros((2, count))
    follow, stays, per_size = np.empty(count), np.empty(count), 1.0 / (deflator * SPREAD_SIZE)
    for s in range(count):
        follow[s] = np.log1p(max(demand[s], -0.9))
        stays[s] = p.staying * (1.0 + max(demand[s], -0.9))  # who stays with a supplier buys as much as the sector does
    free = 1.0 - p.staying  # buyers that choose anew, and so all that an advantage can win this year
    per_year = 1.0 / p.young_years
    strong, weak = p.mentoring_strong, max(0.0, 2.0 - p.mentoring_strong)
    b, u, power, gain = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    for start in range(0, key.shape[0], BLOCK):
        m = min(BLOCK, key.shape[0] - start)
        for j in range(m):
            u[j] = uniform_at(address, key[start + j])
        here = revenue[start : start + m]
        for j in range(m):
            size = exp_of(-p.size_variance * log_of(max(here[j] * per_size, SPREAD_LEAST)))
            b[j] = min(p.spread * size, SPREAD_MOST)
            power[j] = b[j] * math.copysign(log_of(2.0 * min(u[j], 1.0 - u[j])), u[j] - 0.5)  # as in ``laplace_at``
        for j in range(m):
            i = start + j
            s = sector[i]
            lead = productivity[i] - mean_productivity[s] - edge[i]
            edge[i] += free * lead  # an advantage raises sales once; after that it is in the level
            mu = follow[s] + p.productivity_gain * lead + p.novelty_gain * (novelty[i] - mean_novelty[s])
            mu += loan_growth[i] + p.young_growth * max(0.0, 1.0 - (year - founded[i]) * per_year)
            q, help_ = quality[i], mentored[i]
            mu += p.mentoring * (help_ if help_ > FADED else 0.0) * (strong if q > 0.0 else weak)
            gain[j] = mu + p.quality_growth * q
        if free < 1.0:
            for j in range(m):
                gain[j] = log_of(free * exp_of(gain[j]) + stays[sector[start + j]])
        for j in range(m):
            power[j] = (1.0 - b[j] * b[j]) * exp_of(power[j] + gain[j])  # the mean of exp(Laplace) is 1 / (1 - b^2)
        for j in range(m):
            i = start + j
            wish[i] = (revenue[i] * power[j] if alive[i] else 0.0) + product_gain[i]
            if alive[i] and not plant_sales[i] > 0.0:
                k, s = 1 if revenue[i] > p.local_size else 0, sector[i]
                before[k, s] += revenue[i]
                after[k, s] += wish[i]
    return before, after


@njit(cache=True, nogil=True, error_model="numpy")
def sell(
    alive: np.ndarray,
    sector: np.ndarray,
    plant_sales: np.ndarray,
    wish: np.ndarray,
    factor: np.ndarray,
    local_size: float,
    revenue: np.ndarray,
    revenue_lag1: np.ndarray,
    revenue_lag2: np.ndarray,
    growth: np.ndarray,
    staff: np.ndarray,
    labour: float,
    prices: float,
    steel_prices: float,
) -> None:
    """Scale wished sales (n,) by the factor (2, S) of their size and sector; move sales, growth and staff.

    Works sell what their plants do, and their staff follow tonnes and not prices; ``prices`` are log growth.
    """
    rise, tonnes = np.empty(BLOCK), np.empty(BLOCK)
    for start in range(0, alive.shape[0], BLOCK):
        m = min(BLOCK, alive.shape[0] - start)
        for j in range(m):
            i = start + j
            was, works = revenue[i], plant_sales[i] > 0.0
            revenue_lag2[i] = revenue_lag1[i]
            revenue_lag1[i] = was
            k = 1 if alive[i] and was > local_size else 0
            now = plant_sales[i] if works and alive[i] else wish[i] * factor[k, sector[i]]
            revenue[i] = now
            rise[j] = max(now, 1.0) / max(was, 1.0)
            tonnes[j] = steel_prices if works else prices
        for j in range(m):
            rise[j] = log_of(rise[j])
            tonnes[j] = exp_of(labour * (rise[j] - tonnes[j]))
        for j in range(m):
            i = start + j
            growth[i] = rise[j] if alive[i] else 0.0
            staff[i] = max(staff[i] * tonnes[j], 1.0) if alive[i] else 0.0


@njit(cache=True, nogil=True)
def follow(
    alive: np.ndarray,
    owner: np.ndarray,
    sales: np.ndarray,
    sector: np.ndarray,
    makers: int,
    key: np.ndarray,
    revenue: np.ndarray,
    revenue_lag1: np.ndarray,
    product_gain: np.ndarray,
) -> None:
    """Move the ``sales`` of products (m,) with the revenue of their owners, firms (n,) of the sector ``makers``."""
    sold = np.flatnonzero(alive & (sales > 0.0))
    if sold.shape[0] == 0:
        return
    rows = np.flatnonzero(sector == makers)  # few, and no other firm owns any
    at = find(key[rows], owner[sold])
    for j in range(sold.shape[0]):
        if at[j] >= 0:
            i = rows[at[j]]
            sales[sold[j]] *= revenue[i] / max(revenue_lag1[i] + product_gain[i], 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def assess(
    alive: np.ndarray,
    sector: np.ndarray,
    staff: np.ndarray,
    novelty: np.ndarray,
    productivity: np.ndarray,
    plant_sales: np.ndarray,
    cost_shift: np.ndarray,
    revenue: np.ndarray,
    rd_real: np.ndarray,
    rd_aided: np.ndarray,
    rd_reported: np.ndarray,
    rd_intensity: np.ndarray,
    claims: np.ndarray,
    claim_induced: np.ndarray,
    technology_sme: np.ndarray,
    hnte_until: np.ndarray,
    margin: np.ndarray,
    profit: np.ndarray,
    loss_pool: np.ndarray,
    usual_margin: np.ndarray,
    deduction: np.ndarray,
    hnte_tax: np.ndarray,
    year: int,
    law: Law,
    p: Earning,
    shock: np.ndarray,
    due: np.ndarray,
    by_law: np.ndarray,
    guided: np.ndarray,
    beyond: np.ndarray,
    lower: np.ndarray,
) -> None:
    """Move margins, set profits and pools of losses, (n,), and work out the tax on what profit is left.

    ``shock`` (n,) are standard normals for margins. ``deduction`` (R&D deducted beyond its cost, as a share) and
    ``hnte_tax`` (a further cut of the rate) are what is offered, (1,) for all or (n,). ``due`` (n,) CNY is tax at the
    rates of law before any relief. Relief, (n,) CNY each: ``by_law`` is the nation's, ``guided`` is that of deductions
    which guidance brought about, ``beyond`` of deductions beyond the law's, and ``lower`` of the further cut.
    """
    one_share, one_cut, count = deduction.shape[0] == 1, hnte_tax.shape[0] == 1, alive.shape[0]
    taxable, claiming = np.empty(count), np.empty(count, np.bool_)
    for i in range(count):  # no branch, which would be guessed wrong too often; the closed have no profit
        usual = usual_margin[sector[i]]
        margin[i] = usual + p.margin_persistence * (margin[i] - usual) + p.margin_noise * shock[i]
        m = margin[i] + p.novelty_margin * novelty[i]
        m += p.productivity_margin * min(max(productivity[i], -1.0), 1.0)
        m = usual if plant_sales[i] > 0.0 else m  # plants' prices and costs, productivity in them, stand in the shift
        # grants have paid for what they made; the firm's profit bears the rest beyond its usual R&D
        extra = max(rd_real[i] - rd_aided[i] - rd_intensity[i] * revenue[i], 0.0)
        result = (m + cost_shift[i]) * revenue[i] - extra
        profit[i] = result if alive[i] else 0.0
    for i in range(count):
        gain = max(profit[i], 0.0)
        used = min(loss_pool[i], gain)
        loss_pool[i] = (loss_pool[i] - used) * law.kept + max(-profit[i], 0.0)
        taxable[i] = gain - used
    for i in range(count):
        small = (taxable[i] < law.small_ceiling) & (staff[i] <= law.small_staff)
        certified = alive[i] & (hnte_until[i] >= year) & (not small)
        rate = law.small_rate if small else law.rate
        cut = law.rate - law.hnte_rate if certified else 0.0
        due[i] = rate * taxable[i]
        # the deduction saves at the lower rate what is deducted, so the cut of the rate is worth it on the whole
        by_law[i] = cut * taxable[i]
        further = min(hnte_tax[0] if one_cut else hnte_tax[i], rate - cut) if certified else 0.0
        lower[i] = further * taxable[i]
        guided[i] = beyond[i] = 0.0
        claiming[i] = alive[i] & claims[i]
    for i in marked(claiming):
        whole = taxable[i]
        small = whole < law.small_ceiling and staff[i] <= law.small_staff
        certified = hnte_until[i] >= year and not small
        rate = law.small_rate if small else law.hnte_rate if certified else law.rate
        legal = max(law.deduction_sme, law.deduction) if technology_sme[i] else max(0.0, law.deduction)
        most = max(deduction[0] if one_share else deduction[i], legal)
        wanted = most * rd_reported[i]
        deducted = min(wanted, whole)
        loss_pool[i] += wanted - deducted  # what profit does not cover is carried like a loss
        forgone = rate * deducted
        part = forgone * legal / max(most, 1e-12)
        if claim_induced[i]:
            guided[i] = part
        else:
            by_law[i] += part
        beyond[i] = forgone - part
        if certified:
            cut = law.rate - law.hnte_rate
            lower[i] = min(hnte_tax[0] if one_cut else hnte_tax[i], law.rate - cut) * (whole - deducted)


@njit(cache=True, nogil=True, error_model="numpy")
def pay(
    alive: np.ndarray,
    sector: np.ndarray,
    revenue: np.ndarray,
    profit: np.ndarray,
    due: np.ndarray,
    relief: np.ndarray,
    policy_income: np.ndarray,
    tax: np.ndarray,
    cash: np.ndarray,
    value_added: np.ndarray,
    ratio: np.ndarray,
    factor: float,
    stays: float,
    most: float,
) -> tuple[np.ndarray, float]:
    """Let firms pay tax, pay out profit and keep the rest as cash, up to ``most`` of their revenue.

    Sets ``value_added`` (n,) too, and returns its sums over the living by sector (S,) and their tax, CNY / year.
    """
    sums, taxes = np.zeros(ratio.shape[0]), 0.0
    for i in range(alive.shape[0]):
        tax[i] = max(due[i] - relief[i], 0.0)
        value_added[i] = revenue[i] * ratio[sector[i]] * factor
        if not alive[i]:
            cash[i] = 0.0
            continue
        flow = (profit[i] - tax[i]) * (stays if profit[i] > 0.0 else 1.0)
        cash[i] = min(cash[i] + flow + policy_income[i], most * revenue[i] + policy_income[i])
        sums[sector[i]] += value_added[i]
        taxes += tax[i]
    return sums, taxes
