"""Closure: firms end, most often in their third year; loans fail, patents pass on or lapse."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.closure import FADED, REFERENCE_STAFF, Parameters
from simulator.world.agents import PRIVATE, STATE
from simulator.world.rules import SMALL_FIRM_STAFF
from tests.reference.luck import Draws
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

TAKEN_ALONG = ("key", "sector", "district", "tech", "quality")


class ClosingFirm:
    """A firm that may close."""

    def chance_to_close(self: Any, p: Parameters, hazards: list[float], opened: float) -> float:
        """Return the chance that the firm closes this year.

        It goes by age (``hazards``), falls with size and quality, and is higher in trouble; ``opened`` is how far
        markets are open to rivals of incumbents, 0 to 1.
        """
        year = self.model.year
        age = year - self.founded
        h = hazards[min(max(age - 1, 0), len(hazards) - 1)]  # newcomers join at the end of their first year
        h *= (max(self.staff, 1.0) / REFERENCE_STAFF) ** -p.size
        if self.staff >= SMALL_FIRM_STAFF:  # a giant almost never closes
            h *= (self.staff / SMALL_FIRM_STAFF) ** -p.size_large
        if self.does_rd:
            h *= 1.0 - p.knowledge
        if self.profit < 0.0:
            h *= p.distress
        if self.cash < 0.0:
            h *= p.distress
        h *= math.exp(-p.quality * self.quality)
        if self.mentored > FADED and self.quality < 0.0:
            h *= 1.0 + (p.early_news - 1.0) * self.mentored
        lost_support = self.model.switches.get("incubators", "mentoring") == "mentoring"
        if lost_support and self.graduated and year - self.graduated <= 2:
            h *= p.after_graduation
        if self.ownership == STATE:
            h *= p.state_owned
        if opened > 0.0 and self.profit < 0.0 and age > p.shelter_years:
            h *= 1.0 + p.exposed * opened
        if self.settled and year - self.settled > p.bound_years:
            h += p.footloose
        return h

    def repays(self: Any, counter: Counter, loss: float) -> None:
        """Repay with the money in hand, loans on patents last; pools pay their part of ``loss`` on what is left."""
        hand = max(self.cash, 0.0)
        unpaid = max(self.loan - hand, 0.0)
        if unpaid > 0.0:
            self.model.state.loan_defaults += 1.0
            self.calls_pool(counter, self.loan_entry, loss * unpaid * self.loan_cover)
        hand = max(hand - self.loan, 0.0)
        unpaid = max(self.pledge - hand, 0.0)
        if unpaid > 0.0:
            self.calls_pool(counter, self.pledge_entry, loss * unpaid * self.pledge_cover)

    def calls_pool(self: Any, counter: Counter, promised: int, lost: float) -> None:
        """Let the risk pool that promised to (an entry) carry a part of a lender's loss."""
        if promised >= 0:
            entry = self.model.entry_ids[promised]
            counter.charge(entry, "outlay", self.model.call_pool(entry, lost), "banks")

    def has_founder_who_may_return(self: Any) -> bool:
        """Return whether a founder stands behind the firm: it is small, private and from here."""
        return self.ownership == PRIVATE and not self.above_scale and not self.settled

    def closes(self: Any) -> None:
        """End: nothing is left of what the firm had and owed, and funds write off their stakes."""
        st = self.model.state
        self.alive = False
        self.patents = self.quality_patents = 0.0
        self.waiting_true = [0.0] * len(self.waiting_true)
        self.waiting_marginal = [0.0] * len(self.waiting_marginal)
        self.loan = self.pledge = self.bond = self.rd_staff = 0.0
        if self.fund >= 0:
            st.exits += 1.0
            st.exits_below += 1.0
            self.fund = -1
            self.stake = 0.0


def pass_on_patents(model: ReferenceModel, p: Parameters, closed: list[Any]) -> None:
    """Let local holders have a part of the patents of firms that closed, and their applications."""
    st = model.state
    st.individual_patents += round(p.patents_passed * sum(f.patents for f in closed))
    st.individual_quality += round(p.patents_passed * sum(f.quality_patents for f in closed))
    for firm in closed:
        st.individual_true = [a + b for a, b in zip(st.individual_true, firm.waiting_true, strict=True)]
        st.individual_marginal = [a + b for a, b in zip(st.individual_marginal, firm.waiting_marginal, strict=True)]


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Close firms, let their loans fail and their patents pass on."""
    st = model.state
    hazards = [p.first, p.second, p.third, *[p.middle] * 4, p.late]
    opened = 1.0 - counter.total("incumbent_shelter")
    closed = [f for f in model.living() if draws.uniform(f.key, "closes") < f.chance_to_close(p, hazards, opened)]
    st.deaths = float(len(closed))
    small = [f for f in closed if f.has_founder_who_may_return()]
    st.failed = {name: [getattr(f, name) for f in small] for name in TAKEN_ALONG}
    loss = 1.0 - (1.0 - st.loan_loss) * p.recovered
    pass_on_patents(model, p, closed)
    for firm in closed:
        firm.repays(counter, loss)
        firm.closes()
