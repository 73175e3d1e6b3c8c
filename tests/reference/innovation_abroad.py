"""The outside world of innovation: knowledge that crosses the border, and technology firms bought abroad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.mechanisms.innovation_abroad import AbroadParameters
from simulator.world.agents import FOREIGN
from tests.reference.luck import Draws
from tests.reference.offers import Application, Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class OutwardFirm:
    """A firm that learns from the world, or buys abroad."""

    def absorbs(self: Any, ease: float, p: AbroadParameters, price: float) -> None:
        """Gain the world's knowledge as far as own R&D and knowledge let the firm take it in."""
        capacity = self.knowledge / (self.knowledge + p.frontier_absorption)
        self.acquired += p.frontier * ease * self.rd_real / price * capacity

    def can_buy_abroad(self: Any, p: AbroadParameters, least: float) -> bool:
        """Return whether the firm is large, profitable and solvent enough to buy a technology firm abroad."""
        if not self.does_rd or self.profit <= least or self.ownership == FOREIGN:
            return False
        return self.cash > p.deal_size * self.profit

    def hopes_for_support(self: Any, counter: Counter, cost: float) -> float:
        """Return the part of the price that the offers would pay."""
        hoped = sum(
            min(o.value_for(self), o.rate * cost) for o in counter.promises("outbound_support") if o.is_open_to(self)
        )
        return min(hoped / max(cost, 1.0), 1.0)

    def buys_abroad(self: Any, cost: float, p: AbroadParameters, price: float, draws: Draws) -> None:
        """Pay the price; make the knowledge its own or not; move a part of R&D abroad."""
        self.cash -= cost
        if draws.uniform(self.key, "abroad works") < p.deal_works:
            self.acquired += p.deal_knowledge * cost / price
        self.rd_intensity *= 1.0 - p.deal_leak


def absorb(model: ReferenceModel, counter: Counter, p: AbroadParameters, price: float) -> float:
    """Let firms with R&D of their own gain the world's knowledge; return the facilitation in force, 0 to 1."""
    ease = min(1.0, max(0.0, counter.total("facilitation")))
    if ease > 0.0:
        for firm in model.living():
            if firm.does_rd:
                firm.absorbs(ease, p, price)
    return ease


def buy_abroad(
    model: ReferenceModel, counter: Counter, p: AbroadParameters, draws: Draws, price: float, ease: float
) -> None:
    """Let large profitable firms buy technology firms abroad: money goes out, knowledge comes in or does not."""
    state = model.state
    least = p.deal_profit * state.deflator
    paid_part = state.paid_part.get("outbound_support", 1.0)
    deals = []
    for firm in model.living():
        if firm.can_buy_abroad(p, least):
            cost = p.deal_size * firm.profit
            share = firm.hopes_for_support(counter, cost) * paid_part
            chance = p.deal_chance * (1.0 + p.deal_facilitation * ease + p.deal_response * share)
            if draws.uniform(firm.key, "abroad") < chance:
                firm.buys_abroad(cost, p, price, draws)
                deals.append(Application(firm, cost, -cost))
    state.outbound_deals = float(len(deals))
    asked = counter.asked("outbound_support", deals)
    if asked > 0.0:
        paid = counter.draw("outbound_support", deals)
        state.paid_part["outbound_support"] = sum(a.amount for a in paid) / asked
