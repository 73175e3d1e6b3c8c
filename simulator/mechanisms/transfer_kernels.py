"""The compiled parts of ``transfer``: who takes results, who registers sales, who leaves to found a firm."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import poisson_at, poisson_quantile, uniform_at
from simulator.world.hours import Awards, Partners, costs
from simulator.world.inventors import LEAST_SHARE, REFERENCE_SHARE

SLOWEST, FASTEST = 0.25, 4.0  # bounds of a year's change of a firm's technology sales by its growth


class Users(NamedTuple):
    """The columns of firms that taking results reads and writes, by name."""

    key: np.ndarray
    alive: np.ndarray
    knowledge: np.ndarray
    does_rd: np.ndarray
    rd_real: np.ndarray
    university: np.ndarray
    nearness: np.ndarray
    link: np.ndarray
    acquired: np.ndarray


class Institutes(NamedTuple):
    """The columns of universities and institutes that transfer reads and writes, by name."""

    key: np.ndarray
    alive: np.ndarray
    researchers: np.ndarray
    shelf: np.ndarray
    shelf_old: np.ndarray
    transfer_staff: np.ndarray
    inventor_share: np.ndarray
    has_office: np.ndarray
    has_fund: np.ndarray
    has_base: np.ndarray
    deals: np.ndarray
    deal_value: np.ndarray
    spinoffs: np.ndarray
    leavers: np.ndarray


class Rights(NamedTuple):
    """What the terms of these names say, (m,), or (1,) where they are the same for all."""

    approval: np.ndarray
    use_or_list: np.ndarray
    income_kept: np.ndarray
    promotion_credit: np.ndarray
    team_equity: np.ndarray
    inventor_share: np.ndarray
    leave_right: np.ndarray


class Placing(NamedTuple):
    """The parameters of the same names."""

    absorption: float
    users_half: float
    old_results: float
    use_chance: float
    matching_gain: float
    office_gain: float
    deals_per_staff: float
    delay: float
    delay_hazard: float
    kept_gain: float
    credit_gain: float
    prize_gain: float
    deal_value: float
    deal_tie: float
    equity_share: float
    equity_value: float
    share_elasticity: float


class Leaving(NamedTuple):
    """The parameters of the same names."""

    spinoff_rate: float
    share_elasticity: float
    rise_discount: float
    instalment_gain: float
    national_leave: float
    leave_gain: float
    fund_spinoffs: float
    base_spinoffs: float


class Beginners(NamedTuple):
    """The parameters of the same names."""

    regular: float
    link_after: float


@njit(cache=True, nogil=True)
def _of(column: np.ndarray, j: int) -> float:
    """Return a row's value of a (m,) column, or what all have where it is (1,)."""
    return column[j] if column.shape[0] != 1 else column[0]


@njit(cache=True, nogil=True, error_model="numpy")
def start_hours(
    f: Partners,
    paid: Awards,
    p: Beginners,
    year: int,
    deflator: float,
    a_worth: np.uint64,
    a_tie: np.uint64,
    a_regular: np.uint64,
    hours_sold: np.ndarray,
) -> None:
    """Let firms use the hours that vouchers paid for, which ``hours_sold`` (CNY by university) gathers.

    Where they are worth it the firm learns, and some keep the tie or go on to do R&D every year.
    """
    at = 0
    for j in range(paid.who.shape[0]):
        i, amount = paid.who[j], paid.amount[j]
        while paid.rows[at] != i:
            at += 1
        f.voucher_year[i] = year
        hours_sold[paid.provider[at]] += amount
        f.cash[i] -= amount  # the hours are paid for at once
        if uniform_at(a_worth, f.key[i]) >= paid.real[j] / amount:
            continue
        f.boost[i] += amount / deflator
        f.boost_life[i] = paid.half_life[j]
        if uniform_at(a_tie, f.key[i]) < p.link_after:
            f.link[i] = max(f.link[i], 1.0)
        if not f.does_rd[i] and uniform_at(a_regular, f.key[i]) < p.regular:
            f.does_rd[i] = True
            f.rd_real[i] = f.rd_intensity[i] * f.revenue[i]


@njit(cache=True, nogil=True)
def contract_work(f: Users, performers: np.ndarray, part: float, count: int) -> np.ndarray:
    """Return by university (m,) the R&D (CNY) that firms buy from it, a ``part`` of theirs at a full tie.

    ``performers`` (f,) are the firms with own R&D and a university.
    """
    out = np.zeros(count)
    for i in performers:
        out[f.university[i]] += part * f.link[i] * f.rd_real[i]
    return out


@njit(cache=True, nogil=True)
def _demand(f: Users, rows: np.ndarray, half: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the pull of firms (f,) with own R&D on their university, (f,), and its sum by university, (m,)."""
    pull, total = np.empty(rows.shape[0]), np.zeros(count)
    for j in range(rows.shape[0]):
        i = rows[j]
        pull[j] = f.nearness[i] * f.knowledge[i] / (f.knowledge[i] + half)
        total[f.university[i]] += pull[j]
    return pull, total


@njit(cache=True, nogil=True)
def place_results(
    f: Users,
    rows: np.ndarray,
    u: Institutes,
    rights: Rights,
    p: Placing,
    required: float,
    offered: float,
    prize: float,
    price: float,
    a_deal: np.uint64,
    a_equity: np.uint64,
) -> None:
    """Let firms take results from the shelves, as far as offices, approval and their own knowledge allow.

    ``rows`` (f,) are the firms with own R&D and a university, ``required`` is how far approval is, ``offered`` the part
    of waiting results that is sorted and offered, ``prize`` what an office hopes for (CNY a deal), ``price`` the level
    of prices.
    """
    pull, demand = _demand(f, rows, p.absorption, u.key.shape[0])
    shelf, rate, deals = np.empty(demand.shape[0]), np.zeros(demand.shape[0]), np.zeros(demand.shape[0])
    for j in range(demand.shape[0]):
        # effort for transfer by income kept, credit in promotion and prizes: one without any of them
        own = max(u.inventor_share[j], LEAST_SHARE) * p.deal_value
        drive = (1.0 + p.kept_gain * _of(rights.income_kept, j)) * (1.0 + p.prize_gain * min(prize / own, 1.0))
        drive *= 1.0 + p.credit_gain * _of(rights.promotion_credit, j)
        shelf[j] = u.shelf[j] + u.shelf_old[j] * (p.old_results + (1.0 - p.old_results) * _of(rights.use_or_list, j))
        if demand[j] <= 0.0:  # a university without users near it places nothing
            continue
        passed = np.exp(-p.delay_hazard * (p.delay * required * _of(rights.approval, j)))
        appetite = 2.0 * demand[j] / (demand[j] + p.users_half)
        wish = p.use_chance * shelf[j] * passed * drive * appetite * (1.0 + p.matching_gain * offered)
        staff = u.transfer_staff[j] * (1.0 + p.office_gain * u.has_office[j]) * p.deals_per_staff * drive
        rate[j] = wish * staff / max(wish + staff, 1e-9) / max(demand[j], 1e-9)
    for k in range(rows.shape[0]):
        i = rows[k]
        j = f.university[i]
        mean = pull[k] * rate[j]
        draw = uniform_at(a_deal, f.key[i])
        if draw <= 1.0 - mean or pull[k] <= 0.0:  # exp(-x) is 1 - x or more
            continue
        n = poisson_quantile(mean, draw)
        if n > 0.0:
            deals[j] += n
            f.acquired[i] += n * p.deal_value
            f.link[i] = max(f.link[i], p.deal_tie)
    for j in range(deals.shape[0]):
        left = 1.0 - min(deals[j] / max(shelf[j], 1e-9), 1.0)
        u.shelf[j] *= left
        u.shelf_old[j] *= left
        u.deals[j] = deals[j]
        equity = 0.0
        if deals[j] > 0.0:
            share = p.equity_share * (_of(rights.team_equity, j) / REFERENCE_SHARE) ** p.share_elasticity
            equity = poisson_at(a_equity, u.key[j], deals[j] * min(share, 1.0))
        u.deal_value[j] = price * (deals[j] * p.deal_value + equity * p.equity_value)


@njit(cache=True, nogil=True)
def leave(u: Institutes, rights: Rights, p: Leaving, required: float, years: float, address: np.uint64) -> None:
    """Let researchers leave to found firms, more readily the larger the part that is theirs.

    ``required`` is how far national law wants approval, ``years`` those over which tax on equity may be paid.
    """
    instalments = 1.0 + p.instalment_gain * years
    law = p.national_leave * (1.0 - required)
    for j in range(u.key.shape[0]):
        own = max(u.inventor_share[j], LEAST_SHARE)
        share = max(own, _of(rights.inventor_share, j), _of(rights.team_equity, j))
        # institutions differ by the whole elasticity; a rise above what one gave before moves less than a cut would
        response = (own / REFERENCE_SHARE) ** p.share_elasticity
        response *= (share / own) ** (p.share_elasticity * p.rise_discount)
        mean = p.spinoff_rate * u.researchers[j] * response * instalments
        mean *= 1.0 + p.leave_gain * max(_of(rights.leave_right, j) - law, 0.0)
        mean *= (p.fund_spinoffs if u.has_fund[j] else 1.0) * (p.base_spinoffs if u.has_base[j] else 1.0)
        u.leavers[j] = poisson_at(address, u.key[j], mean) if u.alive[j] else 0.0
        u.spinoffs[j] += u.leavers[j]


@njit(cache=True, nogil=True, error_model="numpy")
def register(
    key: np.ndarray,
    alive: np.ndarray,
    revenue: np.ndarray,
    revenue_lag1: np.ndarray,
    sales: np.ndarray,
    registers: np.ndarray,
    contracts: np.ndarray,
    growth: float,
    alone: float,
    spread: float,
    service: float,
    uneven: float,
    a_join: np.uint64,
    a_size: np.uint64,
) -> float:
    """Let sales of technology (n,) grow with the market and the firm, and some sellers begin to register them.

    They do by ``alone``, and by ``spread`` more where all others do, times ``service``. Their contracts (CNY) are of
    ``uneven`` size over their sales (log points). Returns the part of all sellers that registered before.
    """
    rows = np.empty(key.shape[0], np.int64)
    m, sellers, known = 0, 0, 0
    for i in range(key.shape[0]):
        sells = (sales[i] > 0.0) & alive[i]
        sellers += sells
        known += sells & registers[i]
    joined = known / max(sellers, 1)
    chance = (alone + spread * joined) * service
    for i in range(key.shape[0]):
        contracts[i] = 0.0
        sales[i] = sales[i] * growth * min(max(revenue[i] / max(revenue_lag1[i], 1.0), SLOWEST), FASTEST)
    draws = np.empty(key.shape[0])
    for i in range(key.shape[0]):  # all at once is faster than one by one
        draws[i] = uniform_at(a_join, key[i])
    for i in range(key.shape[0]):  # no branch, which would be guessed wrong too often
        sells = alive[i] & (sales[i] > 0.0)
        known_now = registers[i] | (sells & (draws[i] < chance))
        registers[i] = known_now
        rows[m] = i
        m += sells & known_now
    rows = rows[:m]
    size = costs(key[rows], math.exp(-0.5 * uneven * uneven), uneven, a_size)  # one on average
    for j in range(m):
        contracts[rows[j]] = sales[rows[j]] * size[j]
    return joined
