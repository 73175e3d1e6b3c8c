"""Capital markets of ``finance``: exchanges with their queue, regional boards and the quotation system, bonds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.finance_market import MarketParameters
from simulator.world.agents import FOREIGN, PRIVATE
from tests.reference.luck import Draws
from tests.reference.offers import Application, Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

BOARD, EXCHANGE = 1, 2


class MarketFirm:
    """A firm on the way to a market, or there."""

    def fit_for_exchange(self: Any, p: MarketParameters) -> bool:
        """Return whether profit, sales and age are enough for an exchange."""
        return (
            self.profit > p.listing_profit
            and self.listed < EXCHANGE
            and self.revenue > p.listing_revenue
            and self.ownership != FOREIGN
            and self.model.year - self.founded >= p.listing_age
        )

    def fit_for_board(self: Any, p: MarketParameters, least_revenue: float) -> bool:
        """Return whether it is a private technology firm that is large, quick and old enough for a board."""
        return (
            self.revenue >= least_revenue
            and self.growth > p.board_growth
            and self.listed == 0
            and self.ownership == PRIVATE
            and (self.technology_sme or self.does_rd)
            and self.model.year - self.founded >= p.board_age
        )

    def fit_for_bond(self: Any, least_revenue: float) -> bool:
        """Return whether it finds buyers for a private bond."""
        return self.revenue > least_revenue and self.ownership == PRIVATE and self.profit > 0.0 and self.bond == 0.0

    def counts_on(self: Any, counter: Counter, term: str, cost: float) -> float:
        """Return the part of a cost that it counts on an award to pay, as it was paid last year."""
        offers = counter.promises(term)
        if not offers:
            return 0.0
        hoped = sum(o.value_for(self) for o in offers if o.is_open_to(self))
        return min(hoped / cost, 1.0) * self.model.state.paid_part.get(term, 1.0)

    def raise_equity(self: Any, p: MarketParameters, raised: float, cost: float) -> None:
        """Pay in what it raises, less what going to the market costs it."""
        self.cash += raised - cost
        if raised > 0.0:
            self.loan_growth += p.issue_growth
        self.model.state.raised_on_markets += max(raised - cost, 0.0)

    def repay_bond(self: Any) -> None:
        """Repay its private bond."""
        self.cash -= self.bond
        self.debt = max(self.debt - self.bond, 0.0)
        self.bond = 0.0

    def place_bond(self: Any, size: float) -> None:
        """Place a private bond."""
        self.bond = size
        self.cash += size
        self.debt += size


def go_public(model: ReferenceModel, counter: Counter, p: MarketParameters, draws: Draws) -> None:
    """Let firms go to an exchange or a board, raise equity there, and bear the cost; place private bonds."""
    st = model.state
    for firm in model.living():
        if firm.listed == BOARD and draws.uniform(firm.key, "leaves board") < p.board_leave:
            firm.listed = 0
    st.raised_on_markets = 0.0
    help_ = min(1.0, max(0.0, counter.total("listing_help")))
    join_exchange(model, counter, p, draws, help_)
    join_board(model, counter, p, draws, help_)
    disclosure = {BOARD: p.disclosure_board * st.deflator, EXCHANGE: p.disclosure_listed * st.deflator}
    for firm in model.living():
        if firm.listed > 0:
            firm.cash -= disclosure[firm.listed]
    bonds(model, counter, p, draws)


def join_exchange(model: ReferenceModel, counter: Counter, p: MarketParameters, draws: Draws, help_: float) -> None:
    """List firms with size, profit and age, as far as the national queue lets them through."""
    cost = p.listing_cost * model.state.deflator
    chance = p.listing * model.rules.get("ipo_open", 1.0)
    new = []
    for firm in model.living():
        if firm.fit_for_exchange(p):
            hoped = firm.counts_on(counter, "exchange_award", cost)
            pull = 1.0 + p.listing_help * help_ + p.listing_response * hoped
            if draws.uniform(firm.key, "listing") < chance * pull:
                firm.listed = EXCHANGE
                firm.raise_equity(p, p.issue_share * p.price_earnings * firm.profit, cost)
                new.append(firm)
    award(model, counter, "exchange_award", new, cost)


def join_board(model: ReferenceModel, counter: Counter, p: MarketParameters, draws: Draws, help_: float) -> None:
    """Let private technology firms that can pay for it join a regional board or the quotation system."""
    st = model.state
    cost = p.board_cost * st.deflator
    least = p.board_revenue * st.deflator
    chance = p.board_chance * model.rules.get("boards_open", 1.0)
    new = []
    for firm in model.living():
        if firm.fit_for_board(p, least):
            hoped = firm.counts_on(counter, "board_award", cost)
            pull = math.exp(p.board_quality * firm.quality) * (p.board_deal if firm.fund >= 0 else 1.0)
            pull *= 1.0 + p.board_help * help_ + p.board_response * hoped
            if draws.uniform(firm.key, "board") < chance * pull and firm.cash >= cost * (1.0 - hoped):
                firm.listed = BOARD
                issues = draws.uniform(firm.key, "board issue") < p.board_raise
                firm.raise_equity(p, p.board_issue * firm.revenue if issues else 0.0, cost)
                new.append(firm)
    award(model, counter, "board_award", new, cost)


def award(model: ReferenceModel, counter: Counter, term: str, new: list[Any], cost: float) -> None:
    """Pay the awards of a year, at most the cost each, and remember what part was paid."""
    if not new or not counter.offered(term):
        return
    applications = [Application(f, cost, f.revenue) for f in new]
    asked = counter.asked(term, applications)
    paid = sum(a.amount for a in counter.draw(term, applications))
    model.state.paid_part[term] = paid / max(asked, 1.0)


def bonds(model: ReferenceModel, counter: Counter, p: MarketParameters, draws: Draws) -> None:
    """Repay private bonds that end, and let solid private firms place new ones."""
    st = model.state
    least, most = p.bond_revenue * st.deflator, p.bond_most * st.deflator
    st.bonds_issued = 0.0
    due = []
    for firm in model.living():
        if firm.bond > 0.0 and draws.uniform(firm.key, "bond ends") < p.bond_ends:
            firm.repay_bond()
        if firm.fit_for_bond(least):
            chance = p.bond_chance * (1.0 + p.bond_response * counter.total("bond_interest", firm))
            if draws.uniform(firm.key, "bond") < chance:
                firm.place_bond(min(p.bond_size * firm.revenue, most))
                st.bonds_issued += firm.bond
        if firm.bond > 0.0:
            spared = counter.total("bond_interest", firm)
            if spared > 0.0:
                due.append((firm, spared * model.outside["interest_rate"] * firm.bond))
    counter.settle("bond_interest", due, "firms")
