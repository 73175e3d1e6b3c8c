"""The compiled part of ``finance``'s capital markets: who is listed, joins a board and places a bond, firm by firm."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import uniform_at
from simulator.world.agents import FOREIGN, PRIVATE


class Firms(NamedTuple):
    """The columns of firms that markets read and write, by name."""

    key: np.ndarray
    alive: np.ndarray
    listed: np.ndarray
    revenue: np.ndarray
    profit: np.ndarray
    growth: np.ndarray
    cash: np.ndarray
    debt: np.ndarray
    bond: np.ndarray
    ownership: np.ndarray
    founded: np.ndarray
    technology_sme: np.ndarray
    does_rd: np.ndarray
    quality: np.ndarray
    fund: np.ndarray


class Habits(NamedTuple):
    """The parameters of the same names; sums in CNY at this year's prices, chances as far as markets are open."""

    listing: float
    listing_profit: float
    listing_revenue: float
    listing_age: float
    listing_help: float
    listing_response: float
    board_chance: float
    board_revenue: float
    board_growth: float
    board_age: float
    board_help: float
    board_response: float
    board_quality: float
    board_deal: float
    board_leave: float
    board_cost: float
    listing_cost: float
    disclosure_listed: float
    disclosure_board: float
    bond_chance: float
    bond_revenue: float
    bond_response: float
    bond_size: float
    bond_most: float
    bond_ends: float


class Aid(NamedTuple):
    """What offers do for firms: help with listing, 0 to 1; columns are (n,), or (1,) where all are offered the same.

    Awards in CNY for joining an exchange or a board, of which firms count on a part, and the part of a bond's interest.
    """

    help: float
    exchange: np.ndarray
    exchange_part: float
    board: np.ndarray
    board_part: float
    bond: np.ndarray


class Addresses(NamedTuple):
    """Where the luck of each decision is."""

    leaves: np.uint64
    listing: np.uint64
    board: np.uint64
    ends: np.uint64
    bond: np.uint64


@njit(cache=True, nogil=True)
def _paid_for(award: float, part: float, cost: float) -> float:
    """Return the part of a cost (CNY) that a firm counts on an award to pay, as it was paid last year."""
    return min(award / cost, 1.0) * part


@njit(cache=True, nogil=True)
def trade(f: Firms, p: Habits, aid: Aid, year: int, at: Addresses) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Let firms leave boards, go to an exchange or a board, bear what being there costs, and repay and place bonds.

    Returns the rows of those that go to an exchange, of those that join a board and of those that owe a bond, and the
    bonds placed (CNY).
    """
    listed, joined = np.empty(f.key.shape[0], np.int64), np.empty(f.key.shape[0], np.int64)
    owing = np.empty(f.key.shape[0], np.int64)
    m, k, n, placed = 0, 0, 0, 0.0
    # an exchange takes firms with size, profit and age, as far as the national queue lets them through; a board takes
    # private technology firms with sales, growth and age that can pay for it
    exchange_lift, board_lift = 1.0 + p.listing_help * aid.help, 1.0 + p.board_help * aid.help
    exchange_latest, board_latest = year - p.listing_age, year - p.board_age
    least = min(p.listing_revenue, p.board_revenue, p.bond_revenue)
    for i in range(f.key.shape[0]):
        if f.revenue[i] < least and f.listed[i] == 0 and f.bond[i] == 0.0:
            continue  # most firms
        if f.listed[i] == 1 and uniform_at(at.leaves, f.key[i]) < p.board_leave:
            f.listed[i] = 0
        if f.alive[i]:
            # no helper with all columns as its argument: to hand them over costs more than the tests
            wanted = f.profit[i] > p.listing_profit and f.revenue[i] > p.listing_revenue and f.listed[i] < 2
            if wanted and f.ownership[i] != FOREIGN and f.founded[i] <= exchange_latest:
                award = aid.exchange[i] if aid.exchange.shape[0] != 1 else aid.exchange[0]
                part = _paid_for(award, aid.exchange_part, p.listing_cost)
                if uniform_at(at.listing, f.key[i]) < p.listing * (exchange_lift + p.listing_response * part):
                    f.listed[i] = 2
                    listed[m] = i
                    m += 1
            wanted = f.listed[i] == 0 and f.revenue[i] >= p.board_revenue and f.growth[i] > p.board_growth
            technical = f.technology_sme[i] or f.does_rd[i]
            if wanted and technical and f.ownership[i] == PRIVATE and f.founded[i] <= board_latest:
                award = aid.board[i] if aid.board.shape[0] != 1 else aid.board[0]
                part = _paid_for(award, aid.board_part, p.board_cost)
                standing = np.exp(p.board_quality * f.quality[i]) * (p.board_deal if f.fund[i] >= 0 else 1.0)
                joins = uniform_at(at.board, f.key[i]) < p.board_chance * standing * (
                    board_lift + p.board_response * part
                )
                if joins and f.cash[i] >= p.board_cost * (1.0 - part):  # the others cannot pay for it
                    f.listed[i] = 1
                    joined[k] = i
                    k += 1
            if f.listed[i] > 0:
                f.cash[i] -= p.disclosure_board if f.listed[i] == 1 else p.disclosure_listed
        if f.bond[i] > 0.0 and uniform_at(at.ends, f.key[i]) < p.bond_ends:
            f.cash[i] -= f.bond[i]
            f.debt[i] = max(f.debt[i] - f.bond[i], 0.0)
            f.bond[i] = 0.0
        sound = f.revenue[i] > p.bond_revenue and f.alive[i] and f.ownership[i] == PRIVATE and f.profit[i] > 0.0
        if sound and f.bond[i] == 0.0:
            paid = aid.bond[i] if aid.bond.shape[0] != 1 else aid.bond[0]
            if uniform_at(at.bond, f.key[i]) < p.bond_chance * (1.0 + p.bond_response * paid):
                f.bond[i] = min(p.bond_size * f.revenue[i], p.bond_most)
                f.cash[i] += f.bond[i]
                f.debt[i] += f.bond[i]
                placed += f.bond[i]
        if f.bond[i] > 0.0 and f.alive[i]:
            owing[n] = i
            n += 1
    return listed[:m].copy(), joined[:k].copy(), owing[:n].copy(), placed
