"""Public orders of innovation: who wins them, and what they do to sales of novel products years later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.mechanisms.innovation_orders import NEXT, REFERENCE_ORDER, SECOND, THIRD, OrderParameters
from tests.reference.luck import Draws
from tests.reference.offers import Application, Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

MOST_NOVEL = 0.9  # largest share of sales from novel products


class OrderedFirm:
    """A firm whose new products the city orders."""

    def takes_due_orders(self: Any) -> float:
        """Return what older orders add this year to the share of novel products, and move the queue on by a year."""
        due = self.orders[0]
        self.orders = [*self.orders[1:], 0.0]
        return due

    def wins_order(self: Any, paid: float, counter: Counter, p: OrderParameters, price: float, draws: Draws) -> bool:
        """Book an order: R&D paid for now, novel sales to come; return whether the firm must invent for it."""
        order = paid / p.extra_cost
        early = counter.total("purchase_research", self)
        self.acquired += p.order_research * early * paid / price
        self.cash -= paid  # the extra cost is spent on making it new
        rise = p.order_novelty * (order / self.model.state.deflator / REFERENCE_ORDER) ** p.order_size
        rise = min(rise, p.order_most * order / self.revenue)
        # what is ordered before there is a product comes in the last of the years that are followed
        self.orders[SECOND] += (1.0 - p.order_late) * (1.0 - early) * rise
        self.orders[THIRD] += (p.order_late * (1.0 - early) + early) * rise
        return draws.uniform(self.key, "order is new") >= p.order_incremental

    def insures(self: Any, paid: float, p: OrderParameters) -> None:
        """Pass a premium on to the insurer; insured novel products sell better next year."""
        self.cash -= paid
        whole = max(p.premium_rate * self.novelty * self.revenue, 1.0)
        self.orders[NEXT] += p.premium_novelty * self.novelty * paid / whole


def order_products(model: ReferenceModel, counter: Counter, p: OrderParameters, draws: Draws, price: float) -> set[Any]:
    """Order new products from last year's innovators; return the firms that make one more innovation for it.

    What is paid is the extra cost; the order is that over its share.
    """
    state = model.state
    state.procurement = 0.0
    inventive: set[Any] = set()
    if not counter.offered("first_purchase"):
        return inventive
    applications = [
        Application(
            f, p.extra_cost * p.order_share * f.revenue, f.quality + p.order_view * draws.normal(f.key, "order")
        )
        for f in model.living()
        if f.innovations > 0.0
    ]
    for paid in counter.draw("first_purchase", applications):
        state.procurement += paid.amount / p.extra_cost
        if paid.agent.wins_order(paid.amount, counter, p, price, draws):
            inventive.add(paid.agent)
    return inventive


def pay_premiums(model: ReferenceModel, counter: Counter, p: OrderParameters) -> None:
    """Pay for first-of-kind insurance of above-scale innovators, those with the most novel sales first."""
    if not counter.offered("first_of_kind_premium"):
        return
    applications = [
        Application(f, p.premium_rate * f.novelty * f.revenue, f.novelty)
        for f in model.living()
        if f.above_scale and f.innovations > 0.0
    ]
    for paid in counter.draw("first_of_kind_premium", applications):
        paid.agent.insures(paid.amount, p)
