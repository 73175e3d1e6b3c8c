"""The HNTE notch of research: firms below the threshold reach it by R&D, by relabelling, or leave it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.mechanisms.research_notch import NotchParameters
from tests.reference.law import hnte_threshold, small_low_profit
from tests.reference.luck import Draws
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class Notch(NamedTuple):
    """What status takes and brings this year, alike for all firms."""

    award: float
    valid_years: float
    relabelling: bool


class FirmAtNotch:
    """A firm that knows what HNTE status takes and brings."""

    def learns_status_cost(self: Any, counter: Counter, p: NotchParameters, draws: Draws) -> None:
        """Work out what an application for status would cost the firm this year: the median if it cannot apply."""
        self.status_cost = p.status_cost * self.model.state.deflator * counter.total("hnte_cost", self)
        if self.does_rd or self.hnte_informed or self.rd_lag1 + self.rd_lag2 > 0.0:
            self.status_cost *= math.exp(p.status_cost_spread * draws.normal(self.key, "status"))

    def saves_by_status(self: Any, counter: Counter) -> float:
        """Return the points of tax that status takes off the firm's profit: none at the small low-profit rate."""
        rules = self.model.rules
        if small_low_profit(rules, self.profit, self.staff):
            return 0.0
        return rules["corporate_tax"] - rules["hnte_tax"] + counter.total("hnte_tax", self)

    def answers_notch(self: Any, notch: Notch, counter: Counter, p: NotchParameters) -> None:
        """Close the gap to three years' R&D over sales, as cheaply as can be, where status is worth more than that."""
        rules = self.model.rules
        if not (self.does_rd and self.hnte_informed) or self.hightech_share < rules["hnte_hightech_share"]:
            return
        threshold = hnte_threshold(rules, self.revenue)
        sales = self.revenue + self.revenue_lag1 + self.revenue_lag2
        gap = threshold * sales * (1.0 + p.notch_buffer) - (self.rd_reported + self.rd_lag1 + self.rd_lag2)
        asked = threshold * self.revenue
        if gap <= 0.0 or gap > p.notch_reach * asked:
            return
        relabelled = min(gap, asked * p.notch_real / p.notch_relabel) if notch.relabelling else 0.0
        real = gap - relabelled
        cost = p.notch_real * real + 0.5 * p.notch_relabel * relabelled * relabelled / asked
        cost += self.status_cost / notch.valid_years
        gain = self.saves_by_status(counter) * max(self.profit, 0.0)
        gain += notch.award / notch.valid_years + p.status_worth * self.revenue
        if gain > cost:
            self.rd_real += real
            self.rd_reported += real + relabelled


def answer_notch(model: ReferenceModel, counter: Counter, p: NotchParameters, draws: Draws) -> None:
    """Tell firms what status costs and is worth, and let those near the threshold answer."""
    model.state.status_worth = p.status_worth
    notch = Notch(
        award=sum(o.most() for o in counter.promises("certification_award")),
        valid_years=max(model.rules["hnte_valid_years"], 1.0),
        relabelling=model.switches.get("relabelling", "on") == "on",
    )
    for firm in model.living():
        firm.learns_status_cost(counter, p, draws)
        firm.answers_notch(notch, counter, p)
