"""Loans on patents of ``finance``: what banks lend on them, which fail, and what risk pools carry."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.finance import Parameters
from simulator.world.rules import HALF_COVER, SMALL_FIRM_STAFF
from tests.reference.finance_loans import Seeker, call_pools, open_pool, within_reach
from tests.reference.luck import Draws
from tests.reference.offers import Counter, Offer

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class PledgingFirm:
    """A firm that borrows on its patents."""

    def pledge_fails(self: Any, p: Parameters, draws: Draws) -> bool:
        """Return whether last year's loan on patents fails."""
        chance = p.default * p.pledge_default * math.exp(-p.quality_default * self.quality)
        if self.profit < 0.0:
            chance *= p.loss_default
        if self.pledge_cover > 0.0:
            chance *= p.cover_default
        return draws.uniform(self.key, "pledge fails") < min(chance, 0.9)

    def repay_pledge(self: Any) -> None:
        """Close last year's loan on patents."""
        self.debt = max(self.debt - self.pledge, 0.0)
        self.pledge = self.pledge_cover = 0.0
        self.pledge_entry = -1

    def can_pledge(self: Any) -> bool:
        """Return whether it is a small firm with sales and patents that is not on an exchange."""
        return self.patents >= 1.0 and self.staff < SMALL_FIRM_STAFF and self.listed < 2 and self.revenue > 0.0


def settle_pledges(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Let last year's loans on patents be repaid or fail; call the pools for their part of the loss."""
    losses: dict[int, float] = defaultdict(float)
    for firm in model.living():
        if firm.pledge <= 0.0:
            continue
        if firm.pledge_fails(p, draws):
            if firm.pledge_entry >= 0:
                losses[firm.pledge_entry] += p.loss * firm.pledge * firm.pledge_cover
            firm.cash = min(firm.cash, -p.distress * firm.pledge)
        firm.repay_pledge()
    call_pools(model, counter, losses)


def worth_to_lender(model: ReferenceModel, p: Parameters, firms: list[Any]) -> float:
    """Return what a lender lends on a patent: it cannot tell the good ones, but knows their share in the city."""
    good = sum(f.quality_patents for f in firms) / max(sum(f.patents for f in firms), 1.0)
    return p.pledge_haircut * p.pledge_value * model.state.deflator * good


def pledge(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Lend to small firms on their patents; covered loans stop where a pool's leverage is used up."""
    st = model.state
    st.pledge_offer = 0.0
    able = [f for f in model.living() if f.can_pledge()]
    each = worth_to_lender(model, p, able)
    most = p.loan_most * st.deflator
    seekers = [
        Seeker(f, draws.uniform(f.key, "pledge"), min(p.loan_size * f.revenue, most, each * f.patents)) for f in able
    ]
    lent = set()
    for s in seekers:
        spared = counter.total("pledge_interest", s.firm)
        if s.luck < p.pledge_chance * (1.0 + p.interest_response * spared):
            s.firm.pledge = s.size
            lent.add(s.firm)
    for o in counter.promises("pledge_cover"):
        cover_pledges(model, counter, p, draws, o, seekers, lent)

    st.pledged = 0.0
    due = []
    for firm in able:
        if firm in lent:
            firm.debt += firm.pledge
            st.pledged += firm.pledge
            spared = counter.total("pledge_interest", firm)
            if spared > 0.0:
                due.append((firm, spared * model.outside["interest_rate"] * firm.pledge))
    counter.settle("pledge_interest", due, "firms")


def cover_pledges(
    model: ReferenceModel,
    counter: Counter,
    p: Parameters,
    draws: Draws,
    o: Offer,
    seekers: list[Seeker],
    lent: set[Any],
) -> None:
    """Cover loans on patents by one pool, and note how far it reaches for those who may hope for it."""
    st = model.state
    gain = p.pledge_gain * (1.0 + p.pledge_enforcement * max(counter.total("enforcement"), 0.0))
    asked, open_to = [], 0.0
    for s in seekers:
        firm = s.firm
        if not o.is_open_to(firm):
            continue
        part = o.value_for(firm) / HALF_COVER
        open_to += min(part, 1.0)
        if firm not in lent:
            if s.luck < p.pledge_chance + part * gain:
                asked.append(s)
        elif firm.pledge_entry < 0 and draws.uniform(firm.key, "pledge covers") < p.cover_asked:
            asked.append(s)
    taken = within_reach(asked, o, open_pool(model, o))
    firms = max(len(seekers), 1)
    growth = p.pledge_growth * math.exp(-len(taken) / firms / p.pledge_saturation)
    number, promised = model.entry_index(o.entry.id), 0.0
    for s in taken:
        firm = s.firm
        firm.pledge = s.size
        firm.pledge_cover = o.value_for(firm)
        firm.pledge_entry = number
        promised += p.loss * firm.pledge * firm.pledge_cover
        if firm not in lent:
            firm.loan_growth += growth
            lent.add(firm)
    counter.charge(o.entry.id, "contingent", promised, "banks")
    # what firms may hope for: the cover, as far as the pool reached
    room = len(taken) / len(asked) if asked else 1.0
    st.pledge_offer = min(1.0, st.pledge_offer + room * open_to / firms)
