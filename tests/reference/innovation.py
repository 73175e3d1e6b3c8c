"""Innovation: knowledge accumulates, spills over and depreciates; innovations arrive; productivity follows."""

from __future__ import annotations

import math
from operator import mul
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.mechanisms.innovation import Parameters
from simulator.world.agents import TECH_DIMENSIONS
from tests.reference.innovation_abroad import OutwardFirm, absorb, buy_abroad
from tests.reference.innovation_opportunities import opportunities_left, take_out
from tests.reference.innovation_orders import MOST_NOVEL, OrderedFirm, order_products, pay_premiums
from tests.reference.luck import Draws
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class Surroundings(NamedTuple):
    """What surrounds all firms alike this year."""

    price: float  # of R&D, over that of the start
    around: list[float]  # sum of R&D by direction in technology space: its dot with a position is the R&D near it
    reference: float  # the first year's R&D at today's prices
    spillover: float
    shared: list[float]  # more innovations by platforms and dear energy at full capacity to absorb, by sector
    left: list[float]  # part of the start's opportunities that is left, by sector


class InnovatingFirm(OrderedFirm, OutwardFirm):
    """A firm whose knowledge grows, wears off and brings innovations."""

    def innovations_lift(self: Any, s: Surroundings, counter: Counter, p: Parameters) -> float:
        """Return the factor on innovations from staff's stakes, platforms, dear energy and alliances."""
        lift = 1.0 + p.stake_effect * counter.total("staff_stake", self)
        if self.does_rd:  # what is shared helps those who can take it in
            lift *= 1.0 + s.shared[self.sector] * self.knowledge / (self.knowledge + p.absorption)
        return lift * (1.0 + self.pooled) * s.left[self.sector]

    def spills_over(self: Any, s: Surroundings, own: float, p: Parameters) -> float:
        """Return what the firm takes in of the R&D near it: it helps those who do some and know some."""
        if not self.does_rd or s.reference <= 0.0:
            return 0.0
        near = sum(map(mul, s.around, self.tech))
        return s.spillover * near / s.reference * own * self.knowledge / (self.knowledge + p.absorption)

    def learns(self: Any, s: Surroundings, p: Parameters) -> None:
        """Let knowledge depreciate and grow by own R&D, by what was bought and what spills over."""
        before = self.knowledge + p.common_knowledge
        own = self.rd_real / s.price
        gained = own + self.acquired + self.spills_over(s, own, p)
        self.knowledge = max(1.0 - p.depreciation, 0.0) * self.knowledge + gained
        self.acquired = 0.0
        self.productivity += p.productivity * math.log((self.knowledge + p.common_knowledge) / before)

    def bought_work_wears_off(self: Any) -> None:
        """Let the effect of bought university work fade."""
        if self.boost_life > 0.0:
            self.boost *= 0.5 ** (1.0 / self.boost_life)

    def innovates(self: Any, stock: float, lift: float, p: Parameters, draws: Draws) -> None:
        """Let innovations arrive from a stock of knowledge, and new products with them."""
        productive = (stock / 1.0e6) ** p.returns
        if not self.does_rd:  # only what bought work adds brings anything about
            productive -= (self.knowledge / 1.0e6) ** p.returns
        spread = p.overdispersion
        luck = spread * draws.normal(self.key, "rate") - 0.5 * spread * spread
        mean = p.arrival * productive * lift * math.exp(p.quality_effect * self.quality + luck)
        self.innovations = draws.poisson(self.key, "count", mean)
        if self.innovations > 0.0:
            value = p.novelty_value * min(math.exp(p.value_spread * draws.normal(self.key, "value")), 1.0e4)
            worth = self.innovations * value * self.model.state.deflator
            gain = worth / max(self.revenue, 1.0e5) * (1.0 - self.novelty)
            self.novelty = min(MOST_NOVEL, self.novelty + gain)

    def has_a_year_of_innovation(self: Any, s: Surroundings, counter: Counter, p: Parameters, draws: Draws) -> None:
        """Learn, and innovate with own R&D or bought work."""
        lift = self.innovations_lift(s, counter, p) if self.does_rd or self.boost > 0.0 else 1.0
        self.learns(s, p)
        stock = self.knowledge + p.work_effect * self.boost
        self.bought_work_wears_off()
        self.novelty *= 1.0 - 1.0 / p.novelty_life
        self.innovations = 0.0
        if self.does_rd or self.boost > 0.0:
            self.innovates(stock, lift, p, draws)

    def delivers_orders(self: Any, due: float) -> None:
        """Let the share of novel products rise by what older orders bring."""
        self.novelty = min(self.novelty + due * (1.0 - self.novelty), MOST_NOVEL)

    def renews_products(self: Any, p: Parameters) -> None:
        """Turn a part of old revenue into high-tech revenue."""
        self.hightech_share += p.renewal * (1.0 - self.hightech_share)


def research_around(model: ReferenceModel) -> list[float]:
    """Return the sum of R&D by direction in technology space."""
    around = [0.0] * TECH_DIMENSIONS
    for firm in model.living():
        if firm.rd_real > 0.0:
            for k, position in enumerate(firm.tech):
                around[k] += firm.rd_real * position
    return around


def surroundings(model: ReferenceModel, p: Parameters) -> Surroundings:
    """Return what surrounds all firms alike this year."""
    state = model.state
    # what R&D money buys: general prices, and the premium that a tight market for researchers asks
    price = state.deflator * math.exp(state.rd_labour_share * state.research_premium)
    if model.year == model.region.start_year:
        state.rd_reference = sum(f.rd_real for f in model.living()) / price
    long = model.switches.get("spillovers", "long") == "long"
    return Surroundings(
        price=price,
        around=research_around(model),
        reference=state.rd_reference * price,
        spillover=p.spillover if long else p.short_spillover * p.spillover,
        shared=[p.platform_effect * s.platform_support + s.induced for s in model.sectors],
        left=opportunities_left(model, p),
    )


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Renew knowledge and let innovations arrive."""
    s = surroundings(model, p)
    due = [(f, f.takes_due_orders()) for f in model.living()]
    inventive = order_products(model, counter, p, draws, s.price)
    pay_premiums(model, counter, p)
    ease = absorb(model, counter, p, s.price)
    buy_abroad(model, counter, p, draws, s.price, ease)
    for firm, order in due:
        firm.has_a_year_of_innovation(s, counter, p, draws)
        if order > 0.0:
            firm.delivers_orders(order)
        if firm in inventive:
            firm.innovations += 1.0
        if firm.innovations > 0.0:
            firm.renews_products(p)
    take_out(model)
