"""Capital markets of ``finance``: exchanges with their queue, regional boards and the quotation system, bonds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import Luck, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.agents import FOREIGN, PRIVATE
from simulator.world.world import World


@dataclass(frozen=True)
class MarketParameters:
    """Which firms can go to a market, what it costs them and what they raise."""

    listing: float = parameter(
        0.014,
        unit="1 / year",
        prior=Range(0.005, 0.04, "log"),
        source="assumed",
        doc="chance that a firm large and profitable enough goes to an exchange in a year in which new listings are "
        "let through without a break",
    )
    listing_profit: float = parameter(
        30000000.0,
        unit="CNY / year",
        prior=Range(1.5e7, 6.0e7, "log"),
        source="assumed",
        doc="profit from which a firm can be listed: what the exchanges ask, and some distance from it",
    )
    listing_revenue: float = parameter(
        200000000.0,
        unit="CNY / year",
        prior=Range(1.0e8, 4.0e8, "log"),
        source="assumed",
        doc="revenue from which a firm can be listed",
    )
    listing_age: float = parameter(
        3.0, unit="years", prior=Range(2.0, 5.0), source="assumed", doc="age from which a firm can be listed"
    )
    listing_cost: float = parameter(
        20000000.0,
        unit="CNY",
        prior=Range(8.0e6, 4.0e7, "log"),
        source="assumed",
        doc="sponsor, audit and law on the way to an exchange, at the start's prices",
    )
    listing_response: float = parameter(
        0.2,
        unit="1",
        prior=Range(0.0, 0.8),
        source="assumed",
        doc="more firms on an exchange where awards pay that cost: the queue decides, so most of the award goes to "
        "firms that come anyway",
    )
    listing_help: float = parameter(
        0.1,
        unit="1",
        prior=Range(0.0, 0.3),
        source="assumed",
        doc="more firms on an exchange under full coaching",
    )
    issue_share: float = parameter(
        0.25, unit="1", prior=Range(0.1, 0.4, "logit"), source="assumed", doc="part of the equity sold on an exchange"
    )
    price_earnings: float = parameter(
        20.0,
        unit="years",
        prior=Range(12.0, 30.0, "log"),
        source="assumed",
        doc="price of new shares on an exchange over yearly profit",
    )
    board_chance: float = parameter(
        0.035,
        unit="1 / year",
        prior=Range(0.012, 0.08, "log"),
        source="obs:qingdao/tech_firms_listed_on_blue_sea_equity_exchange/2016",
        doc="chance that a private technology firm of sufficient size and growth joins a regional board or the "
        "quotation system in a year in which both are open: some ninety on the first by 2016, and as many again",
    )
    board_revenue: float = parameter(
        10000000.0,
        unit="CNY / year",
        prior=Range(4.0e6, 2.5e7, "log"),
        source="assumed",
        doc="revenue from which a firm thinks of it, at the start's prices",
    )
    board_growth: float = parameter(
        0.05,
        unit="log points / year",
        prior=Range(0.0, 0.12),
        source="assumed",
        doc="growth of sales from which a firm thinks of it",
    )
    board_age: float = parameter(
        2.0, unit="years", prior=Range(1.0, 5.0), source="assumed", doc="age from which a firm is ready for it"
    )
    board_deal: float = parameter(
        4.0,
        unit="factor",
        prior=Range(1.5, 10.0, "log"),
        source="assumed",
        doc="chance to join of a firm in which a fund holds a stake, over that of others",
    )
    board_quality: float = parameter(
        0.2,
        unit="log points",
        prior=Range(0.0, 0.5),
        source="assumed",
        doc="log chance to join per standard deviation of a firm's quality: order in its books and management",
    )
    board_cost: float = parameter(
        1200000.0,
        unit="CNY",
        prior=Range(4.0e5, 2.5e6, "log"),
        source="assumed",
        doc="what it costs to become a share company and join, at the start's prices",
    )
    board_response: float = parameter(
        0.8,
        unit="1",
        prior=Range(0.2, 2.0, "log"),
        source="assumed",
        doc="more firms joining where awards pay that cost, over those who join without",
    )
    board_help: float = parameter(
        0.5, unit="1", prior=Range(0.0, 1.5), source="assumed", doc="more firms joining under full coaching"
    )
    board_leave: float = parameter(
        0.05,
        unit="1 / year",
        prior=Range(0.02, 0.12, "log"),
        source="assumed",
        doc="firms that leave a board each year",
    )
    board_raise: float = parameter(
        0.2,
        unit="1",
        prior=Range(0.05, 0.4, "logit"),
        source="assumed",
        doc="share of those joining that raise equity there: most never do",
    )
    board_issue: float = parameter(
        0.12, unit="1", prior=Range(0.04, 0.3, "log"), source="assumed", doc="what they raise over yearly revenue"
    )
    issue_growth: float = parameter(
        0.03,
        unit="log points / year",
        prior=Range(0.0, 0.10),
        source="assumed",
        doc="growth of a firm that raised equity on a market, in the first year",
    )
    disclosure_listed: float = parameter(
        3000000.0,
        unit="CNY / year",
        prior=Range(1.0e6, 6.0e6, "log"),
        source="assumed",
        doc="yearly cost of being on an exchange, at the start's prices",
    )
    disclosure_board: float = parameter(
        200000.0,
        unit="CNY / year",
        prior=Range(8.0e4, 5.0e5, "log"),
        source="assumed",
        doc="yearly cost of being on a board, at the start's prices",
    )
    bond_chance: float = parameter(
        0.003,
        unit="1 / year",
        prior=Range(0.0005, 0.01, "log"),
        source="assumed",
        doc="chance that a private firm of sufficient size with profit places a private bond",
    )
    bond_revenue: float = parameter(
        50000000.0,
        unit="CNY / year",
        prior=Range(2.0e7, 1.5e8, "log"),
        source="assumed",
        doc="revenue from which a firm finds buyers for a private bond, at the start's prices",
    )
    bond_response: float = parameter(
        1.0,
        unit="1",
        prior=Range(0.2, 3.0, "log"),
        source="assumed",
        doc="more bonds placed where the state pays all interest, over those placed without",
    )
    bond_size: float = parameter(
        0.08, unit="1", prior=Range(0.03, 0.2, "log"), source="assumed", doc="a bond over the firm's yearly revenue"
    )
    bond_most: float = parameter(
        50000000.0, unit="CNY", prior=Range(2.0e7, 1.0e8, "log"), source="assumed", doc="largest private bond"
    )
    bond_ends: float = parameter(
        0.4,
        unit="1 / year",
        prior=Range(0.3, 0.6, "logit"),
        source="assumed",
        doc="private bonds that are repaid in a year: they run for two to three",
    )


@njit(cache=True, nogil=True)
def _leave_boards(key: np.ndarray, listed: np.ndarray, chance: float, address: np.uint64) -> None:
    """Let some of the firms on a board leave it."""
    for i in range(key.shape[0]):
        if listed[i] == 1 and uniform_at(address, key[i]) < chance:
            listed[i] = 0


@njit(cache=True, nogil=True)
def _disclose(alive: np.ndarray, listed: np.ndarray, cash: np.ndarray, board: float, exchange: float) -> None:
    """Let listed firms bear what being on a board or an exchange costs them this year (CNY)."""
    for i in range(alive.shape[0]):
        if listed[i] > 0 and alive[i]:
            cash[i] -= board if listed[i] == 1 else exchange


def go_public(world: World, terms: Terms, p: MarketParameters, luck: Luck) -> None:
    """Let firms go to an exchange or a board, raise equity there, and bear the cost; place private bonds."""
    f, st = world.firms, world.state
    _leave_boards(f.key, f.listed, p.board_leave, luck.address("leaves board"))
    st.raised_on_markets = 0.0
    assist = min(1.0, max(0.0, float(np.asarray(terms.total("listing_help")))))
    _exchange(world, terms, p, luck, assist)
    _board(world, terms, p, luck, assist)
    _disclose(f.alive, f.listed, f.cash, st.deflator * p.disclosure_board, st.deflator * p.disclosure_listed)
    world.ledger.transfer("private", "firms:equity", st.raised_on_markets)
    _bonds(world, terms, p, luck)


@njit(cache=True, nogil=True)
def _let_through(
    key: np.ndarray,
    alive: np.ndarray,
    listed: np.ndarray,
    revenue: np.ndarray,
    profit: np.ndarray,
    ownership: np.ndarray,
    founded: np.ndarray,
    paid_for: np.ndarray,
    least_profit: float,
    least_revenue: float,
    latest: float,
    chance: float,
    lift: float,
    response: float,
    address: np.uint64,
) -> np.ndarray:
    """Return the firms (m,) with size, profit and age that the queue lets through to an exchange."""
    rows = np.empty(key.shape[0], np.int64)
    m = 0
    for i in range(key.shape[0]):
        if not (profit[i] > least_profit and revenue[i] > least_revenue and alive[i] and listed[i] < 2):
            continue
        if ownership[i] == FOREIGN or founded[i] > latest:
            continue
        part = paid_for[i] if paid_for.shape[0] != 1 else paid_for[0]
        if uniform_at(address, key[i]) < chance * (lift + response * part):
            rows[m] = i
            m += 1
    return rows[:m].copy()


def _exchange(world: World, terms: Terms, p: MarketParameters, luck: Luck, assist: float) -> None:
    """List firms with size, profit and age, as far as the national queue lets them through."""
    f = world.firms
    cost = p.listing_cost * world.state.deflator
    new = _let_through(
        f.key,
        f.alive,
        f.listed,
        f.revenue,
        f.profit,
        f.ownership,
        f.founded,
        _paid_for(world, terms, "exchange_award", cost),
        p.listing_profit,
        p.listing_revenue,
        world.year - p.listing_age,
        p.listing * world.rules.get("ipo_open", 1.0),
        1.0 + p.listing_help * assist,
        p.listing_response,
        luck.address("listing"),
    )
    if new.size == 0:
        return
    f.listed[new] = 2
    raised = p.issue_share * p.price_earnings * f.profit[new]
    _raise(world, p, new, raised, np.full(new.size, cost))
    _award(world, terms, "exchange_award", new, cost)


class Ready(NamedTuple):
    """The columns of firms that say which go to a board, by name."""

    key: np.ndarray
    alive: np.ndarray
    listed: np.ndarray
    revenue: np.ndarray
    growth: np.ndarray
    cash: np.ndarray
    ownership: np.ndarray
    founded: np.ndarray
    technology_sme: np.ndarray
    does_rd: np.ndarray
    quality: np.ndarray
    fund: np.ndarray


@njit(cache=True, nogil=True)
def _join_boards(
    f: Ready,
    paid_for: np.ndarray,
    least: float,
    growth: float,
    latest: float,
    chance: float,
    lift: float,
    response: float,
    by_quality: float,
    deal: float,
    cost: float,
    address: np.uint64,
) -> np.ndarray:
    """Return the private technology firms (m,) with sales, growth and age that join a board and can pay for it."""
    rows = np.empty(f.key.shape[0], np.int64)
    m = 0
    for i in range(f.key.shape[0]):
        if not (f.revenue[i] >= least and f.growth[i] > growth and f.alive[i] and f.listed[i] == 0):
            continue
        if f.ownership[i] != PRIVATE or not (f.technology_sme[i] or f.does_rd[i]) or f.founded[i] > latest:
            continue
        part = paid_for[i] if paid_for.shape[0] != 1 else paid_for[0]
        standing = np.exp(by_quality * f.quality[i]) * (deal if f.fund[i] >= 0 else 1.0)
        joins = uniform_at(address, f.key[i]) < chance * standing * (lift + response * part)
        if joins and f.cash[i] >= cost * (1.0 - part):  # the others cannot pay for it
            rows[m] = i
            m += 1
    return rows[:m].copy()


def _board(world: World, terms: Terms, p: MarketParameters, luck: Luck, assist: float) -> None:
    """Let private technology firms that can pay for it join a regional board or the quotation system."""
    f, st = world.firms, world.state
    cost = p.board_cost * st.deflator
    new = _join_boards(
        Ready._make(getattr(f, name) for name in Ready._fields),
        _paid_for(world, terms, "board_award", cost),
        p.board_revenue * st.deflator,
        p.board_growth,
        world.year - p.board_age,
        p.board_chance * world.rules.get("boards_open", 1.0),
        1.0 + p.board_help * assist,
        p.board_response,
        p.board_quality,
        p.board_deal,
        cost,
        luck.address("board"),
    )
    if new.size == 0:
        return
    f.listed[new] = 1
    issues = luck.uniform(f.key[new], "board issue") < p.board_raise
    _raise(world, p, new, np.where(issues, p.board_issue * f.revenue[new], 0.0), np.full(new.size, cost))
    _award(world, terms, "board_award", new, cost)


def _raise(world: World, p: MarketParameters, rows: np.ndarray, raised: np.ndarray, cost: np.ndarray) -> None:
    """Pay in what firms raise, (m,) CNY, less what going to the market costs them."""
    f = world.firms
    f.cash[rows] += raised - cost
    f.loan_growth[rows] += np.where(raised > 0.0, p.issue_growth, 0.0)
    world.state.raised_on_markets += float(np.maximum(raised - cost, 0.0).sum())


def _paid_for(world: World, terms: Terms, term: str, cost: float) -> np.ndarray:
    """Return the part of a cost (CNY) that firms count on an award to pay, as it was paid last year, (n,) or (1,)."""
    return np.minimum(terms.values(term) / cost, 1.0) * world.state.paid_part.get(term, 1.0)


def _award(world: World, terms: Terms, term: str, rows: np.ndarray, cost: float) -> None:
    """Pay the awards of a year, at most the cost (CNY) each, and remember what part was paid."""
    if rows.size == 0 or not terms.offered(term):
        return
    wanted = np.full(rows.size, cost)
    asked = terms.asked(term, rows, wanted)
    paid = terms.draw(term, rows, wanted, world.firms.revenue[rows])
    world.state.paid_part[term] = float(paid.amount.sum()) / max(asked, 1.0)


@njit(cache=True, nogil=True)
def _place_bonds(
    key: np.ndarray,
    alive: np.ndarray,
    ownership: np.ndarray,
    revenue: np.ndarray,
    profit: np.ndarray,
    cash: np.ndarray,
    debt: np.ndarray,
    bond: np.ndarray,
    share: np.ndarray,
    ends: float,
    chance: float,
    response: float,
    least: float,
    size: float,
    most: float,
    a_ends: np.uint64,
    a_bond: np.uint64,
) -> float:
    """Repay bonds that end, let sound firms place new ones, and return their sum (CNY).

    ``share`` (n,) or (1,) of the interest is paid by the state.
    """
    placed = 0.0
    for i in range(key.shape[0]):
        if bond[i] > 0.0 and uniform_at(a_ends, key[i]) < ends:
            cash[i] -= bond[i]
            debt[i] = max(debt[i] - bond[i], 0.0)
            bond[i] = 0.0
        if revenue[i] > least and alive[i] and ownership[i] == PRIVATE and profit[i] > 0.0 and bond[i] == 0.0:
            paid = share[i] if share.shape[0] != 1 else share[0]
            if uniform_at(a_bond, key[i]) < chance * (1.0 + response * paid):
                bond[i] = min(size * revenue[i], most)
                cash[i] += bond[i]
                debt[i] += bond[i]
                placed += bond[i]
    return placed


def _bonds(world: World, terms: Terms, p: MarketParameters, luck: Luck) -> None:
    """Repay private bonds that end, and let solid private firms place new ones."""
    f, st = world.firms, world.state
    share = terms.values("bond_interest")
    st.bonds_issued = _place_bonds(
        f.key,
        f.alive,
        f.ownership,
        f.revenue,
        f.profit,
        f.cash,
        f.debt,
        f.bond,
        share,
        p.bond_ends,
        p.bond_chance,
        p.bond_response,
        p.bond_revenue * st.deflator,
        p.bond_size,
        p.bond_most * st.deflator,
        luck.address("bond ends"),
        luck.address("bond"),
    )
    world.ledger.transfer("private", "firms:bonds", st.bonds_issued)
    if (share > 0.0).any():
        rows = np.flatnonzero(f.bond)
        rows = rows[f.alive[rows]]
        due = (share[rows] if share.size > 1 else share) * world.outside["interest_rate"] * f.bond[rows]
        terms.settle("bond_interest", due, "firms", rows)
