"""The compiled parts of ``finance``'s funds: they open, choose firms by what can be seen, and sell."""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import child_keys, normal_at, normal_quantile, poisson_at, uniform_at
from simulator.core.selection import marked
from simulator.world.agents import ANGEL, PRIVATE

LEAST_CASH = 1.0e5  # CNY without which a fund does not invest
# the most that a normal can be, by luck in equal steps; a little more, for rounding
MOST_NORMAL = np.append(normal_quantile(np.arange(1, 128) / 128.0) + 1.0e-9, 9.0)
MOST_MULTIPLE = 200.0  # a cut that keeps one deal from being the total


class Funds(NamedTuple):
    """The columns of funds that investing and selling read and write, by name."""

    key: np.ndarray
    alive: np.ndarray
    kind: np.ndarray
    vintage: np.ndarray
    skill: np.ndarray
    committed: np.ndarray
    paid_in: np.ndarray
    cash: np.ndarray
    away: np.ndarray
    public_share: np.ndarray
    entry: np.ndarray
    policy_income: np.ndarray


class Firms(NamedTuple):
    """The columns of firms that investing and selling read and write, by name."""

    key: np.ndarray
    alive: np.ndarray
    fund: np.ndarray
    stake: np.ndarray
    stake_year: np.ndarray
    listed: np.ndarray
    founded: np.ndarray
    ownership: np.ndarray
    technology_sme: np.ndarray
    does_rd: np.ndarray
    hnte_until: np.ndarray
    quality: np.ndarray
    growth: np.ndarray
    grants: np.ndarray
    equity: np.ndarray
    cash: np.ndarray
    loan_growth: np.ndarray


class Choice(NamedTuple):
    """The parameters of the same names; tickets at this year's prices."""

    pace: float
    local: float
    angel_ticket: float
    venture_ticket: float
    oldest: float
    screening: float
    public_error: float
    seen_growth: float
    seen_rd: float
    grant_odds: float
    seal_odds: float
    equity_growth: float


class Sale(NamedTuple):
    """The parameters of the same names."""

    exit: float
    holding: float
    median_multiple: float
    multiple_spread: float
    away_multiple: float
    return_growth: float
    return_skill: float
    public_peak: float
    public_penalty: float


@njit(cache=True, nogil=True)
def open_groups(
    parent: np.ndarray,
    count: np.ndarray,
    capital: np.ndarray,
    public: np.ndarray,
    year: int,
    spread: float,
    a_size: np.uint64,
    a_skill: np.uint64,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Share the capital (CNY) of groups of funds (g,) among as many funds as they ``count``, of uneven size.

    ``parent`` (g,) is what their keys are made from. Returns of the funds (m,): group, key, capital, public capital
    (CNY) and skill.
    """
    group = np.repeat(np.arange(count.shape[0]), count)
    key = np.empty(group.shape[0], np.uint64)
    committed, paid, skill = np.empty(key.shape[0]), np.empty(key.shape[0]), np.empty(key.shape[0])
    first = 0
    for g in range(count.shape[0]):
        last = first + count[g]
        key[first:last] = child_keys(np.full(count[g], parent[g]), np.arange(count[g]), year)
        whole = 0.0
        for j in range(first, last):
            committed[j] = np.exp(spread * normal_at(a_size, key[j]))
            whole += committed[j]
        for j in range(first, last):
            weight = committed[j] / whole
            committed[j], paid[j] = capital[g] * weight, public[g] * weight
            skill[j] = normal_at(a_skill, key[j])
        first = last
    return group, key, committed, paid, skill


@njit(cache=True, nogil=True)
def call_capital(funds: Funds, part: float, earliest: float) -> float:
    """Call a ``part`` of what was promised to living funds and return the sum (CNY); funds before ``earliest`` end."""
    whole = 0.0
    for j in range(funds.key.shape[0]):
        if not funds.alive[j]:
            continue
        called = max(min(part * funds.committed[j], funds.committed[j] - funds.paid_in[j]), 0.0)
        funds.paid_in[j] += called
        funds.cash[j] += called
        whole += called
        funds.alive[j] = funds.vintage[j] >= earliest
    return whole


@njit(cache=True, nogil=True)
def _best(
    f: Firms, p: Choice, year: int, error: float, count: int, sealed: np.ndarray, address: np.uint64
) -> list[tuple[float, np.uint64, int]]:
    """Return the young private technology firms without a fund that look best, at most ``count``, the worst first.

    Equals by key.
    """
    earliest, by_grant, by_seal = year - p.oldest, math.log(p.grant_odds), math.log(p.seal_odds)
    looked_at = np.empty(f.key.shape[0], np.bool_)
    for i in range(f.key.shape[0]):
        technical = f.technology_sme[i] | f.does_rd[i] | (f.hnte_until[i] >= year)
        free = f.alive[i] & (f.fund[i] < 0) & (f.listed[i] < 2) & (f.ownership[i] == PRIVATE)
        looked_at[i] = technical & free & (f.founded[i] >= earliest)
    heap = [(-np.inf, np.uint64(0), -1)] * count
    steps = MOST_NORMAL.shape[0]
    for i in marked(looked_at):
        look = f.quality[i] + p.seen_growth * f.growth[i] + (p.seen_rd if f.does_rd[i] else 0.0)
        look += by_grant if f.grants[i] == 1 else 0.0
        if sealed.shape[0] != 1 and sealed[i]:
            look += by_seal
        # a bound on luck rules out most, once as many are found as funds want
        if look + error * MOST_NORMAL[int(uniform_at(address, f.key[i]) * steps)] >= heap[0][0]:
            one = (look + error * normal_at(address, f.key[i]), ~f.key[i], i)
            if one > heap[0]:
                heapq.heapreplace(heap, one)
    return [heapq.heappop(heap) for _ in range(count)]


@njit(cache=True, nogil=True)
def place(
    funds: Funds, f: Firms, p: Choice, year: int, sealed: np.ndarray, a_deals: np.uint64, a_seen: np.uint64
) -> float:
    """Let funds invest elsewhere and, in the firms that look best, at home, where the sum (CNY) is returned.

    The most skilful funds have the first choice. ``sealed``, (n,) or (1,), says which firms bear a seal, if any.
    """
    deals = np.zeros(funds.key.shape[0], np.int64)
    count, public = 0, 0.0
    for j in range(funds.key.shape[0]):
        if funds.alive[j] and funds.cash[j] > LEAST_CASH:
            spend = p.pace * funds.cash[j]
            local = p.local * spend
            funds.cash[j] -= spend - local  # invested elsewhere; what is not placed at home stays in hand
            funds.away[j] += spend - local
            ticket = p.angel_ticket if funds.kind[j] == ANGEL else p.venture_ticket
            deals[j] = int(poisson_at(a_deals, funds.key[j], local / ticket))
            count += deals[j]
            public += deals[j] * funds.public_share[j]
    if count == 0:
        return 0.0
    best = _best(f, p, year, p.screening * (1.0 + p.public_error * public / count), count, sealed, a_seen)
    whole = 0.0
    at = count - 1
    for j in np.argsort(-funds.skill, kind="mergesort"):
        ticket = p.angel_ticket if funds.kind[j] == ANGEL else p.venture_ticket
        for _ in range(deals[j]):
            i = best[at][2]
            if i < 0:  # no firm is left
                return whole
            at -= 1
            f.fund[i], f.stake[i], f.stake_year[i] = j, ticket, year
            funds.cash[j] -= ticket
            f.equity[i] += ticket
            f.cash[i] += ticket
            f.loan_growth[i] += p.equity_growth
            whole += ticket
    return whole


@njit(cache=True, nogil=True)
def sell_holdings(
    funds: Funds, f: Firms, p: Sale, year: int, a_sale: np.uint64, a_multiple: np.uint64, back: np.ndarray
) -> tuple[int, int, int]:
    """Sell holdings: at home firm by firm, elsewhere a part of all, of which only the sum is known.

    ``back`` (E,) gathers the public part by entry, CNY. Returns how many firms' were sold, how many of them for less
    than was paid, and how many for five times that or more.
    """
    latest = year - p.holding
    usual = math.log(p.median_multiple)
    lost = np.zeros(funds.key.shape[0])
    for j in range(funds.key.shape[0]):
        share = funds.public_share[j]
        lost[j] = p.public_penalty * (share - p.public_peak) ** 2 if share > 0.0 else 0.0
        if funds.away[j] > 0.0 and funds.vintage[j] <= latest:
            sold = p.exit * funds.away[j]
            funds.away[j] -= sold
            if funds.entry[j] >= 0:
                public = p.away_multiple * np.exp(-lost[j]) * sold * share
                back[funds.entry[j]] += public
                funds.policy_income[j] -= public
    count, below, above = 0, 0, 0
    for i in range(f.key.shape[0]):
        j = f.fund[i]
        if j < 0 or f.stake_year[i] > latest or uniform_at(a_sale, f.key[i]) >= p.exit:
            continue
        mean = usual - lost[j] + p.return_growth * f.growth[i] + p.return_skill * funds.skill[j]
        multiple = min(np.exp(mean + p.multiple_spread * normal_at(a_multiple, f.key[i])), MOST_MULTIPLE)
        if funds.entry[j] >= 0:
            public = multiple * f.stake[i] * funds.public_share[j]
            back[funds.entry[j]] += public
            funds.policy_income[j] -= public
        count += 1
        below += multiple < 1.0
        above += multiple >= 5.0
        f.fund[i] = -1
        f.stake[i] = 0.0
    return count, below, above
