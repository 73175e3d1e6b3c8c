"""Capital markets of ``finance``: exchanges with their queue, regional boards and the quotation system, bonds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.finance_market_kernels import Addresses, Aid, Firms, Habits, trade
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


def go_public(world: World, terms: Terms, p: MarketParameters, luck: Luck) -> None:
    """Let firms go to an exchange or a board, raise equity there, and bear the cost; place private bonds."""
    f, st, rules = world.firms, world.state, world.rules
    habits = _habits(p, st.deflator, rules.get("ipo_open", 1.0), rules.get("boards_open", 1.0))
    aid = Aid(
        help=min(1.0, max(0.0, float(terms.values("listing_help")[0]))),
        exchange=terms.values("exchange_award"),
        exchange_part=st.paid_part.get("exchange_award", 1.0),
        board=terms.values("board_award"),
        board_part=st.paid_part.get("board_award", 1.0),
        bond=terms.values("bond_interest"),
    )
    at = Addresses(*map(luck.address, ("leaves board", "listing", "board", "bond ends", "bond")))
    columns = Firms._make([getattr(f, name) for name in Firms._fields])
    listed, joined, rows, st.bonds_issued = trade(columns, habits, aid, world.year, at)
    st.raised_on_markets = 0.0
    if listed.size:
        _raise(world, p, listed, p.issue_share * p.price_earnings * f.profit[listed], habits.listing_cost)
        _award(world, terms, "exchange_award", listed, habits.listing_cost)
    if joined.size:
        issues = luck.uniform(f.key[joined], "board issue") < p.board_raise
        _raise(world, p, joined, np.where(issues, p.board_issue * f.revenue[joined], 0.0), habits.board_cost)
        _award(world, terms, "board_award", joined, habits.board_cost)
    world.ledger.transfer("private", "firms:equity", st.raised_on_markets)
    world.ledger.transfer("private", "firms:bonds", st.bonds_issued)
    if terms.offered("bond_interest"):
        due = (aid.bond[rows] if aid.bond.size > 1 else aid.bond) * world.outside["interest_rate"] * f.bond[rows]
        terms.settle("bond_interest", due, "firms", rows)


def _habits(p: MarketParameters, prices: float, queue_open: float, boards_open: float) -> Habits:
    """Return the parameters for a year's prices, and as far as the exchanges' queue and the boards are open."""
    return Habits._make([float(getattr(p, name)) for name in Habits._fields])._replace(
        listing=p.listing * queue_open,
        listing_cost=p.listing_cost * prices,
        board_chance=p.board_chance * boards_open,
        board_revenue=p.board_revenue * prices,
        board_cost=p.board_cost * prices,
        disclosure_listed=p.disclosure_listed * prices,
        disclosure_board=p.disclosure_board * prices,
        bond_revenue=p.bond_revenue * prices,
        bond_most=p.bond_most * prices,
    )


def _raise(world: World, p: MarketParameters, rows: np.ndarray, raised: np.ndarray, cost: float) -> None:
    """Pay in what firms raise, (m,) CNY, less what going to the market costs each of them."""
    f = world.firms
    f.cash[rows] += raised - cost
    f.loan_growth[rows[raised > 0.0]] += p.issue_growth
    world.state.raised_on_markets += float(np.maximum(raised - cost, 0.0).sum())


def _award(world: World, terms: Terms, term: str, rows: np.ndarray, cost: float) -> None:
    """Pay the awards of a year, at most the cost (CNY) each, and remember what part was paid."""
    if not terms.offered(term):
        return
    wanted = np.full(rows.size, cost)
    asked = terms.asked(term, rows, wanted)
    paid = terms.draw(term, rows, wanted, world.firms.revenue[rows])
    world.state.paid_part[term] = float(paid.amount.sum()) / max(asked, 1.0)
