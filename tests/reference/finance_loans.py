"""Technology loans of ``finance``: who gets one, which fail, and what risk pools carry."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.finance_loans import LoanParameters
from simulator.world.rules import HALF_COVER, SMALL_FIRM_STAFF
from tests.reference.luck import Draws
from tests.reference.offers import Counter, Offer

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

WORST, BEST = 0.1, 2.0  # chance of a loan with the worst and the best collateral, over that of the average


class BorrowingFirm:
    """A firm that borrows as a small technology firm."""

    def loan_fails(self: Any, p: LoanParameters, draws: Draws) -> bool:
        """Return whether last year's loan fails: rather with poor quality, losses, and under cover."""
        chance = p.default * math.exp(-p.quality_default * self.quality)
        if self.profit < 0.0:
            chance *= p.loss_default
        if self.loan_cover > 0.0:
            chance *= p.cover_default
        return draws.uniform(self.key, "fails") < min(chance, 0.9)

    def repay_loan(self: Any) -> None:
        """Close last year's loan."""
        self.debt = max(self.debt - self.loan, 0.0)
        self.loan = self.loan_cover = 0.0
        self.loan_entry = -1

    def seeks_loan(self: Any) -> bool:
        """Return whether it is a small technology firm that is not on an exchange."""
        technical = self.technology_sme or self.hnte_until >= self.model.year
        return technical and self.staff < SMALL_FIRM_STAFF and self.listed < 2

    def bears_seal(self: Any, years: float) -> bool:
        """Return whether an incubator's choice of it tells banks and funds something: in it, and ``years`` after."""
        if self.model.switches.get("incubators", "mentoring") != "signal":
            return False
        return self.incubator >= 0 or (self.graduated > 0 and self.model.year <= self.graduated + years)

    def collateral(self: Any, p: LoanParameters) -> float:
        """Return its standing with banks, 1 for the average."""
        standing = p.collateral + p.collateral_patents * math.log1p(self.patents)
        if self.profit > 0.0:
            standing += p.collateral_profit
        if self.debt > p.heavy_debt * self.revenue:
            standing -= p.collateral_debt
        if self.bears_seal(p.seal_years):
            standing += p.seal_standing
        return min(max(standing, WORST), BEST)


class Seeker:
    """A firm that asks for a loan this year."""

    def __init__(self, firm: Any, luck: float, size: float) -> None:
        self.firm = firm
        self.luck = luck
        self.size = size
        self.collateral = 1.0
        self.unaided = False


def open_pool(model: ReferenceModel, o: Offer) -> float:
    """Open a risk pool's year; return the covered sum that its leverage reaches (CNY)."""
    st = model.state
    st.pool_size[o.entry.id] = o.budget
    st.pool_left.setdefault(o.entry.id, o.budget)
    return (max(o.worth.values()) if isinstance(o.worth, dict) else o.worth) * o.budget


def within_reach(asked: list[Any], o: Offer, reach: float) -> list[Any]:
    """Return who gets cover, the luckiest first, until the covered sums exceed the pool's reach."""
    asked.sort(key=lambda s: (s.luck, s.firm.key))
    taken, covered = [], 0.0
    for s in asked:
        covered += s.size * o.value_for(s.firm)
        if covered > reach:
            break
        taken.append(s)
    return taken


def call_pools(model: ReferenceModel, counter: Counter, losses: dict[int, float]) -> None:
    """Let risk pools pay their part of the losses (CNY by entry) as far as their money goes."""
    for number in sorted(losses):
        entry = model.entry_ids[number]
        counter.charge(entry, "outlay", model.call_pool(entry, losses[number]), "banks")


def settle_loans(model: ReferenceModel, counter: Counter, p: LoanParameters, draws: Draws) -> None:
    """Let last year's loans be repaid or fail; call the risk pools for their part of the loss."""
    st = model.state
    st.loan_loss = p.loss
    st.pool_left = dict(st.pool_size)
    st.loan_defaults = 0.0
    losses: dict[int, float] = defaultdict(float)
    for firm in model.living():
        if firm.loan <= 0.0:
            continue
        if firm.loan_fails(p, draws):
            st.loan_defaults += 1.0
            if firm.loan_entry >= 0:
                losses[firm.loan_entry] += p.loss * firm.loan * firm.loan_cover
            firm.cash = min(firm.cash, -p.distress * firm.loan)  # a failed loan leaves the firm in distress
        firm.repay_loan()
    call_pools(model, counter, losses)


def best_value(offers: list[Offer]) -> float:
    """Return the highest value that any of the offers has for anybody, 0 without one."""
    return max((max(o.value.values()) if isinstance(o.value, dict) else o.value for o in offers), default=0.0)


def lend(model: ReferenceModel, counter: Counter, p: LoanParameters, draws: Draws) -> None:
    """Lend to small technology firms; covered loans stop where a pool's leverage is used up."""
    st = model.state
    offers = counter.promises("loan_cover")
    # whom the best collateral and the best terms could not get a loan is not looked at
    aided = p.loan_chance * (1.0 + max(p.interest_response * best_value(counter.promises("loan_interest")), 0.0))
    covered = p.loan_chance + max(p.cover_gain, 0.0) * best_value(offers) / HALF_COVER
    most = BEST * max(aided, covered)

    seekers, technology_firms = [], 0
    for firm in model.living():
        if firm.seeks_loan():
            technology_firms += 1
            luck = draws.uniform(firm.key, "loan")
            if luck < most:
                seekers.append(Seeker(firm, luck, min(p.loan_size * firm.revenue, p.loan_most * st.deflator)))
    for s in seekers:
        s.collateral = s.firm.collateral(p)
        spared = counter.total("loan_interest", s.firm)
        s.unaided = s.luck < p.loan_chance * s.collateral * (1.0 + p.interest_response * spared)
        if s.unaided:
            s.firm.loan = s.size
    lent = {s.firm for s in seekers if s.unaided}
    for o in offers:
        cover_loans(model, counter, p, draws, o, seekers, lent, technology_firms)

    st.loans_made, st.loan_count = 0.0, float(len(lent))
    due = []
    for s in seekers:
        firm = s.firm
        if firm in lent:
            firm.debt += firm.loan
            st.loans_made += firm.loan
            spared = counter.total("loan_interest", firm)
            if spared > 0.0:
                due.append((firm, spared * model.outside["interest_rate"] * firm.loan))
    counter.settle("loan_interest", due, "firms")


def cover_loans(
    model: ReferenceModel,
    counter: Counter,
    p: LoanParameters,
    draws: Draws,
    o: Offer,
    seekers: list[Seeker],
    lent: set[Any],
    technology_firms: int,
) -> None:
    """Cover loans by one pool: it tips those that a bank would just have refused, and is asked for on others too."""
    asked = []
    for s in seekers:
        firm = s.firm
        if not o.is_open_to(firm):
            continue
        if firm not in lent:
            chance = p.loan_chance + p.cover_gain * o.value_for(firm) / HALF_COVER
            if s.luck < chance * s.collateral:
                asked.append(s)
        elif s.unaided and firm.loan_entry < 0 and draws.uniform(firm.key, "covers") < p.cover_asked:
            asked.append(s)
    taken = within_reach(asked, o, open_pool(model, o))
    growth = p.loan_growth * math.exp(-len(taken) / max(technology_firms, 1) / p.saturation)
    number, promised = model.entry_index(o.entry.id), 0.0
    for s in taken:
        firm = s.firm
        firm.loan = s.size
        firm.loan_cover = o.value_for(firm)
        firm.loan_entry = number
        promised += p.loss * firm.loan * firm.loan_cover
        if not s.unaided:
            firm.loan_growth += growth
        lent.add(firm)
    counter.charge(o.entry.id, "contingent", promised, "banks")
