"""Funds of ``finance``: they raise, choose, lose and win."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.finance_funds import FundParameters
from simulator.world.agents import ANGEL, GUIDANCE, PRIVATE, VENTURE
from tests.reference.luck import Draws, child_key, key_of
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

LEAST_CAPITAL = 1.0e6  # CNY, less is too little for any fund
LEAST_CASH = 1.0e5  # CNY with which a fund still looks for firms
BEST_MULTIPLE = 200.0  # a cut that keeps one deal from being the total


class FundedFirm:
    """A firm as funds see it."""

    def attracts_funds(self: Any, p: FundParameters) -> bool:
        """Return whether funds look at it: a young private technology firm without a fund, not on an exchange."""
        year = self.model.year
        return (
            self.fund < 0
            and self.listed < 2
            and self.ownership == PRIVATE
            and year - self.founded <= p.oldest
            and (self.technology_sme or self.does_rd or self.hnte_until >= year)
        )

    def looks_to_funds(self: Any, p: FundParameters, error: float, draws: Draws) -> float:
        """Return how promising it looks: quality with an error, and growth, R&D and a first grant as signs."""
        seen = self.quality + p.seen_growth * self.growth + error * draws.normal(self.key, "seen")
        if self.does_rd:
            seen += p.seen_rd
        if self.grants == 1:
            seen += math.log(p.grant_odds)
        if self.bears_seal(p.seal_years):
            seen += math.log(p.seal_odds)
        return seen

    def take_in(self: Any, p: FundParameters, fund: Any, paid: float) -> None:
        """Sell a stake to a fund."""
        self.fund = fund.row
        self.stake = paid
        self.stake_year = self.model.year
        self.equity += paid
        self.cash += paid
        self.loan_growth += p.equity_growth

    def stake_is_sold(self: Any, p: FundParameters, draws: Draws) -> bool:
        """Return whether its fund sells this year."""
        return self.model.year - self.stake_year >= p.holding and draws.uniform(self.key, "sale") < p.exit


class ActingFund:
    """A fund in its year."""

    def call_capital(self: Any, p: FundParameters) -> None:
        """Call a part of the capital that its partners promised."""
        if self.alive:
            call = max(min(p.pay_in * self.committed, self.committed - self.paid_in), 0.0)
            self.paid_in += call
            self.cash += call

    def close_if_old(self: Any, p: FundParameters) -> None:
        """End after its life."""
        if self.model.year - self.vintage > p.fund_life:
            self.alive = False

    def is_active(self: Any) -> bool:
        """Return whether it looks for firms."""
        return self.alive and self.cash > LEAST_CASH

    def spend(self: Any, p: FundParameters) -> float:
        """Invest the part that goes elsewhere; return what it is ready to invest at home."""
        spend = p.pace * self.cash
        local = p.local * spend
        self.cash -= spend - local
        self.away += spend - local
        return local

    def penalty(self: Any, p: FundParameters) -> float:
        """Return the log return that it loses because its public share is not the best one."""
        return p.public_penalty * (self.public_share - p.public_peak) ** 2 if self.public_share > 0.0 else 0.0

    def multiple(self: Any, p: FundParameters, firm: Any, draws: Draws) -> float:
        """Return what the sale of a holding brings over what was paid."""
        log_multiple = math.log(p.median_multiple) - self.penalty(p)
        log_multiple += p.return_growth * firm.growth + p.return_skill * self.skill
        luck = p.multiple_spread * draws.normal(firm.key, "multiple")
        return min(math.exp(log_multiple + luck), BEST_MULTIPLE)

    def give_back(self: Any, counter: Counter, back: float) -> None:
        """Return the public part of what a sale brings (CNY) to the entry whose money it holds."""
        if self.entry >= 0:
            public = back * self.public_share
            counter.charge(self.model.entry_ids[self.entry], "recovered", public, "funds")
            self.policy_income -= public

    def sell_away(self: Any, p: FundParameters, counter: Counter) -> None:
        """Sell a part of its holdings elsewhere, of which only the sum is known."""
        if self.away > 0.0 and self.model.year - self.vintage >= p.holding:
            sold = p.exit * self.away
            self.away -= sold
            self.give_back(counter, p.away_multiple * math.exp(-self.penalty(p)) * sold)


def crowding(model: ReferenceModel, p: FundParameters) -> float:
    """Return private capital drawn per public capital: by the market's depth, or the same at any depth."""
    always = {"in": p.crowd_in, "out": p.crowd_out}
    answer = model.switches.get("fund_crowding", "depth")
    if answer in always:
        return always[answer]
    depth = model.state.venture_depth
    weight = depth**2 / (depth**2 + p.depth_half**2)
    return p.crowd_thin + (p.crowd_deep - p.crowd_thin) * weight


def raise_capital(model: ReferenceModel, counter: Counter, p: FundParameters, draws: Draws) -> None:
    """Let private funds raise, and public capital draw or displace private partners in sub-funds."""
    st, region = model.state, model.region
    held_first = region.figure("venture_committed") + region.figure("angel_committed")
    ordinary = p.renewal * model.outside["venture_national"] * held_first
    mu = crowding(model, p)
    guided = 0.0
    for o in counter.promises("fund_capital"):
        public, share = o.budget, min(max(o.rate, 0.02), 1.0)
        # what the fund needs beyond what it draws comes from partners of other funds
        turned = p.diverted * ordinary
        found = min(public * (1.0 - share) / share, max(mu * public, 0.0) + turned)
        if found > 0.0 or model.switches.get("fund_crowding") in ("in", "out"):
            ordinary = max(ordinary - min(max(found - mu * public, 0.0), turned), 0.0)
        if share < 1.0:
            public = min(public, found * share / (1.0 - share))
        guided += found
        close_funds(model, p, draws, GUIDANCE, public + found, o.entry.id, public, share, o.entry.id)
        counter.charge(o.entry.id, "outlay", public, "suppliers")  # held in trust until the fund opens next year
        st.ordered += public
    close_funds(model, p, draws, VENTURE, (1.0 - p.angel_part) * ordinary, f"private {VENTURE}")
    close_funds(model, p, draws, ANGEL, p.angel_part * ordinary, f"private {ANGEL}")
    st.private_raised = ordinary + guided
    for fund in model.funds:
        fund.call_capital(p)
        fund.close_if_old(p)


def close_funds(
    model: ReferenceModel,
    p: FundParameters,
    draws: Draws,
    kind: int,
    capital: float,
    name: str,
    public: float = 0.0,
    share: float = 0.0,
    entry: str | None = None,
) -> None:
    """Let the funds of a kind begin that close this year: whole funds of ordinary size, at least one."""
    if capital <= LEAST_CAPITAL:
        return
    mean = {ANGEL: p.angel_fund, VENTURE: p.venture_fund, GUIDANCE: p.guidance_fund}[kind]
    origin = key_of(f"{model.region.id} {name}")
    keys = [child_key(origin, rank, model.year) for rank in range(max(1, round(capital / mean)))]
    weights = [math.exp(p.fund_spread * draws.normal(key, "size")) for key in keys]
    whole = sum(weights)
    for key, weight in zip(keys, weights, strict=True):
        part = weight / whole
        model.arrive(
            "funds",
            key=key,
            kind=kind,
            vintage=model.year,
            skill=draws.normal(key, "skill"),
            committed=capital * part,
            paid_in=public * part,
            cash=public * part,
            public_share=share,
            public_paid=public * part,
            entry=model.entry_index(entry) if entry is not None else -1,
        )


def invest(model: ReferenceModel, p: FundParameters, draws: Draws) -> None:
    """Let funds choose firms by what they can see; they invest about half at home."""
    st = model.state
    tickets = dict.fromkeys((VENTURE, GUIDANCE), p.venture_ticket * st.deflator)
    tickets[ANGEL] = p.angel_ticket * st.deflator
    deals = []  # the fund of each deal
    for fund in model.funds:
        if fund.is_active():
            count = int(draws.poisson(fund.key, "deals", fund.spend(p) / tickets[fund.kind]))
            deals += [fund] * count
    st.venture_invested = 0.0
    if not deals:
        return
    public = sum(fund.public_share for fund in deals) / len(deals)
    error = p.screening * (1.0 + p.public_error * public)
    firms = [f for f in model.living() if f.attracts_funds(p)]
    firms.sort(key=lambda f: (-f.looks_to_funds(p, error, draws), f.key))
    deals.sort(key=lambda fund: -fund.skill)  # the skilled choose first
    for firm, fund in zip(firms, deals, strict=False):
        paid = tickets[fund.kind]
        firm.take_in(p, fund, paid)
        fund.cash -= paid
        st.venture_invested += paid


def sell(model: ReferenceModel, counter: Counter, p: FundParameters, draws: Draws) -> None:
    """Sell holdings, those of closed firms being written off already; give back the public part."""
    st = model.state
    for fund in model.funds:
        fund.sell_away(p, counter)
    for firm in model.living():
        if firm.fund >= 0 and firm.stake_is_sold(p, draws):
            fund = model.funds[firm.fund]
            multiple = fund.multiple(p, firm, draws)
            fund.give_back(counter, multiple * firm.stake)
            st.exits += 1.0
            st.exits_below += multiple < 1.0
            st.exits_above += multiple >= 5.0
            firm.fund, firm.stake = -1, 0.0
