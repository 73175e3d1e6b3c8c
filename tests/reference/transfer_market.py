"""The technology market: offices, projects sorted for firms, and technology bought with support."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.transfer_market import WORKING_TIE
from tests.reference.hours import additional_part, tie_worth
from tests.reference.luck import Draws
from tests.reference.offers import Application, Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class TechnologyBuyer:
    """A firm that may be matched, and may buy technology."""

    def is_unmatched(self: Any) -> bool:
        """Return whether a firm that does R&D has no working tie."""
        return self.does_rd and self.university >= 0 and self.link < WORKING_TIE

    def wants_technology(self: Any, counter: Counter, p: Any, draws: Draws) -> bool:
        """Return whether a firm that support is open to buys technology this year."""
        if not self.does_rd or self.university < 0 or not counter.is_open_to("purchase_support", self):
            return False
        return draws.uniform(self.key, "buys") < p.buys

    def uses_technology(self: Any, paid: Application, p: Any, tie: float, outsourcing: float, draws: Draws) -> None:
        """Learn from what would not have been bought anyway; a local seller has a deal more."""
        extra = paid.wanted * additional_part(paid.real / paid.amount, paid.amount / paid.wanted, p.purchase_usual)
        self.cash -= extra
        self.acquired += extra / self.model.state.deflator
        if draws.uniform(self.key, "purchase local") < p.purchase_local:
            seller = self.model.universities[self.university]
            seller.deal_value += extra
            seller.deals += 1.0
            self.link = max(self.link, tie * tie_worth(self, extra, tie * outsourcing))


def open_offices(model: ReferenceModel, p: Any) -> None:
    """Staff the offices that were finished this year, the largest institutions without one first."""
    lacking = [u for u in model.universities if u.lacks("transfer_office")]
    lacking.sort(key=lambda u: (-u.researchers, u.key))
    staffed = lacking[: len(model.delivered("transfer_office"))]
    if model.delivered("institute_fund"):
        staffed += [u for u in model.universities if u.alive and u.has_company and not u.has_office]
    for university in staffed:
        university.has_office = True
        university.transfer_staff += p.office_officers


def sort_projects(model: ReferenceModel, counter: Counter, p: Any, draws: Draws) -> float:
    """Sort projects and bring firms to universities; return the part of waiting results that is offered."""
    st = model.state
    st.projects_sorted = 0.0
    if not counter.offered("project_matching"):
        return 0.0
    strength = min(1.0, counter.total("delivery"))
    done = 1.0 - (1.0 - p.matching_done) * (1.0 - p.matching_governance * strength)
    for order in counter.orders("project_matching", lambda entry, quantity: done * quantity):
        st.ordered += order.spent
        st.projects_sorted += order.quantity
    free = [f for f in model.living() if f.is_unmatched()]
    each = p.matching_tie * st.projects_sorted / max(sum(f.nearness for f in free), 1.0)
    for firm in free:
        if draws.uniform(firm.key, "matched") < each * firm.nearness:
            firm.link = 1.0
    return min(1.0, st.projects_sorted / max(sum(u.shelf + u.shelf_old for u in model.universities), 1.0))


def buy_technology(
    model: ReferenceModel, counter: Counter, p: Any, draws: Draws, tie: float, outsourcing: float
) -> None:
    """Let firms that support is open to buy technology."""
    if not counter.offered("purchase_support"):
        return
    asks, price = [], p.purchase_cost * model.state.wage_index
    for firm in model.living():
        if firm.wants_technology(counter, p, draws):
            cost = price * math.exp(p.purchase_spread * draws.normal(firm.key, "purchase"))
            cost = min(cost, p.purchase_most * firm.rd_real)
            asks.append(Application(firm, cost, draws.uniform(firm.key, "purchase rank")))
    for paid in counter.draw("purchase_support", asks):
        paid.agent.uses_technology(paid, p, tie, outsourcing, draws)
