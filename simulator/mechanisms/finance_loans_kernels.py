"""The compiled parts of ``finance``'s technology loans: who may get one, and which fail."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import uniform_at
from simulator.core.selection import marked
from simulator.world.loans import Asking
from simulator.world.rules import SMALL_FIRM_STAFF

MOST_COLLATERAL = 2.0  # chance of a loan with the best collateral, over that without any question of it
MOST_DEFAULT = 0.9  # most that the chance of failure can be


class Debtors(NamedTuple):
    """The columns of firms that the end of a loan reads and writes, by name."""

    key: np.ndarray
    alive: np.ndarray
    quality: np.ndarray
    profit: np.ndarray
    cash: np.ndarray
    debt: np.ndarray
    loan_growth: np.ndarray
    loan: np.ndarray
    loan_cover: np.ndarray
    loan_entry: np.ndarray
    pledge: np.ndarray
    pledge_cover: np.ndarray
    pledge_entry: np.ndarray


class Risk(NamedTuple):
    """The parameters of the same names."""

    default: float
    quality_default: float
    loss_default: float
    cover_default: float
    loss: float
    distress: float


@njit(cache=True, nogil=True)
def fall_due(
    f: Debtors, p: Risk, harder: float, fading: float, a_loan: np.uint64, a_pledge: np.uint64, calls: np.ndarray
) -> float:
    """Let last year's loans, and those on patents, be repaid or fail; return how many technology loans fail.

    Loans on patents fail ``harder`` times as often; a failure leaves the firm in distress. ``calls`` (2, E + 1) gathers
    what pools promised of the losses, CNY by kind and entry; ``fading`` is what is left of last year's growth by loans
    and deals.
    """
    owing = np.empty(f.key.shape[0], np.int64)
    m, failed = 0, 0.0
    for i in range(f.key.shape[0]):
        f.loan_growth[i] *= fading
        owing[m] = i
        m += f.alive[i] & ((f.loan[i] > 0.0) | (f.pledge[i] > 0.0))
    # no helper with all columns as its argument: to hand them over costs more than the rest
    for i in owing[:m]:
        usual = np.exp(-p.quality_default * f.quality[i]) * (p.loss_default if f.profit[i] < 0.0 else 1.0)
        if f.loan[i] > 0.0:
            chance = p.default * usual * (p.cover_default if f.loan_cover[i] > 0.0 else 1.0)
            if uniform_at(a_loan, f.key[i]) < min(chance, MOST_DEFAULT):
                failed += 1.0
                calls[0, f.loan_entry[i]] += p.loss * f.loan[i] * f.loan_cover[i]  # the last place: without cover
                f.cash[i] = min(f.cash[i], -p.distress * f.loan[i])
            f.debt[i] = max(f.debt[i] - f.loan[i], 0.0)
            f.loan[i], f.loan_cover[i], f.loan_entry[i] = 0.0, 0.0, -1
        if f.pledge[i] > 0.0:
            chance = p.default * harder * usual * (p.cover_default if f.pledge_cover[i] > 0.0 else 1.0)
            if uniform_at(a_pledge, f.key[i]) < min(chance, MOST_DEFAULT):
                calls[1, f.pledge_entry[i]] += p.loss * f.pledge[i] * f.pledge_cover[i]
                f.cash[i] = min(f.cash[i], -p.distress * f.pledge[i])
            f.debt[i] = max(f.debt[i] - f.pledge[i], 0.0)
            f.pledge[i], f.pledge_cover[i], f.pledge_entry[i] = 0.0, 0.0, -1
    return failed


class Seekers(NamedTuple):
    """The columns of firms that say who asks for a loan and what a bank would lend, and the loans, by name."""

    key: np.ndarray
    alive: np.ndarray
    staff: np.ndarray
    technology_sme: np.ndarray
    hnte_until: np.ndarray
    listed: np.ndarray
    revenue: np.ndarray
    profit: np.ndarray
    patents: np.ndarray
    debt: np.ndarray
    loan: np.ndarray


class Standing(NamedTuple):
    """The parameters of the same names; the largest loan at this year's prices."""

    loan_chance: float
    interest_response: float
    collateral: float
    collateral_profit: float
    collateral_patents: float
    collateral_debt: float
    heavy_debt: float
    seal_standing: float
    loan_size: float
    loan_most: float


@njit(cache=True, nogil=True)
def seekers(
    f: Seekers,
    p: Standing,
    year: int,
    interest: np.ndarray,
    covered: float,
    sealed: np.ndarray,
    address: np.uint64,
) -> tuple[Asking, int]:
    """Lend to small technology firms that need no cover; return those who may get a loan, and how many firms there are.

    ``interest``, (n,) or (1,), is the part of it that is paid, ``covered`` the most that cover adds to the chance of a
    loan: who could not get one in any case is left out. ``sealed``, (n,) or (1,), says who bears a seal.
    """
    small = np.empty(f.key.shape[0], np.bool_)
    for i in range(f.key.shape[0]):
        technical = f.technology_sme[i] | (f.hnte_until[i] >= year)
        small[i] = technical & f.alive[i] & (f.staff[i] < SMALL_FIRM_STAFF) & (f.listed[i] < 2)
    rows = marked(small)
    count = rows.shape[0]
    luck, chance = np.empty(count), np.empty(count)
    n = 0
    for i in rows:
        u = uniform_at(address, f.key[i])
        paid = interest[i] if interest.shape[0] != 1 else interest[0]
        rows[n], luck[n], chance[n] = i, u, p.loan_chance * (1.0 + p.interest_response * paid)
        n += u < MOST_COLLATERAL * max(chance[n], p.loan_chance + covered)
    collateral, size, made = np.empty(n), np.empty(n), np.empty(n, np.bool_)
    m = 0
    for j in range(n):
        i = rows[j]
        standing = p.collateral + (p.collateral_profit if f.profit[i] > 0.0 else 0.0)
        standing += p.collateral_patents * np.log1p(f.patents[i]) if f.patents[i] > 0.0 else 0.0
        standing -= p.collateral_debt if f.debt[i] > p.heavy_debt * f.revenue[i] else 0.0
        if sealed.shape[0] != 1 and sealed[i]:
            standing += p.seal_standing
        standing = min(max(standing, 0.1), MOST_COLLATERAL)
        if luck[j] < max(chance[j], p.loan_chance + covered) * standing:
            rows[m], luck[m], collateral[m] = i, luck[j], standing
            size[m] = min(p.loan_size * f.revenue[i], p.loan_most)
            made[m] = luck[j] < chance[j] * standing
            if made[m]:
                f.loan[i] = size[m]
            m += 1
    return Asking(rows[:m].copy(), luck[:m].copy(), collateral[:m], size[:m], made[:m].copy(), made[:m]), count
