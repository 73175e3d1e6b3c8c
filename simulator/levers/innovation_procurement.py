"""Innovation procurement: first purchase, pre-commercial orders and insurance of first-of-kind equipment."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import FIRM_CLASSES, in_proportion, of_classes
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses.

    The city gets goods for what it orders; what the measure costs, and what the budget holds, is what new products
    cost beyond proven ones. Buying by price alone needs no measure and does nothing for novelty.
    """

    cap_per_firm: float = setting(0.0, unit="CNY / year", low=0.0, doc="most extra cost borne for one firm's orders")
    pre_commercial: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="part of it that is paid for R&D before there is a product"
    )
    first_of_kind_cover: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="share of the insurance premium of first-of-kind equipment paid"
    )
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="money for extra cost and premiums")
    coverage: tuple[str, ...] = setting(("all",), choices=FIRM_CLASSES, doc="classes of suppliers considered")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    premium_part: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="part of the budget kept for premiums where both orders and premiums are offered",
    )
    admin_share: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.05, 0.2, "log"),
        source="assumed",
        doc="specifying, choosing and testing what is new over the budget",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer the extra cost of orders, the R&D part of it, and premiums, within one budget."""
    s: Settings = entry.settings
    if s.budget <= 0.0 or max(s.cap_per_firm, s.first_of_kind_cover) <= 0.0:
        return
    eligible = of_classes(world.firms, s.coverage, world.year)
    orders, premiums = in_proportion(
        s.budget,
        [(1.0 - p.premium_part) * (s.cap_per_firm > 0.0), p.premium_part * (s.first_of_kind_cover > 0.0)],
    )
    if s.cap_per_firm > 0.0:
        terms.offer(entry, "first_purchase", s.cap_per_firm, eligible=eligible, budget=orders)
        terms.offer(entry, "purchase_research", s.pre_commercial, eligible=eligible)
    if s.first_of_kind_cover > 0.0:
        terms.offer(entry, "first_of_kind_premium", eligible=eligible, budget=premiums, rate=s.first_of_kind_cover)
    terms.run(entry, p.admin_share * s.budget)


LEVER = Lever(
    "innovation_procurement",
    Label("Innovation procurement", "创新产品政府采购"),
    Settings,
    Parameters,
    offer,
    dose={"cap_per_firm": 5.0e5, "pre_commercial": 0.3, "first_of_kind_cover": 0.5, "budget": 5.0e7},
    moves={"procurement_orders": +1, "new_product_share": +1},
)
