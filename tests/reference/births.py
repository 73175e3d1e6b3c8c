"""How newcomers come into the world: what a new firm inherits, and what it is born with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.world.agents import GROWN, TECH_DIMENSIONS
from simulator.world.births import BirthTraits
from tests.reference.luck import Draws, child_key
from tests.reference.space import nearest, neighbours, sector_centres, unit

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class NewFirm:
    """A firm on the day on which it joins."""

    def was_small_before(self: Any, p: BirthTraits) -> None:
        """Have grown into the classes that are followed: larger and older than a firm that is new."""
        sales = self.revenue * p.grown_revenue
        self.staff *= p.grown_staff
        self.revenue = sales
        self.revenue_lag1 = sales * p.grown_before
        self.revenue_lag2 = sales * p.grown_before**2
        self.cash = p.grown_cash * sales
        self.value_added *= p.grown_revenue
        self.founded = round(self.founded - p.grown_age)
        self.does_rd = False
        self.rd_real = self.rd_reported = 0.0

    def inherits_from(self: Any, parent: Any, p: Any) -> None:
        """Start with part of what the parent firm's people know, and of what they make of it."""
        self.productivity = p.inherited_productivity * parent.productivity
        as_large = min(self.staff / max(parent.staff, 1.0), 1.0)  # nobody brings more than the parent has
        self.knowledge += p.inherited_knowledge * as_large * parent.knowledge


class Nursery:
    """Where the year's new firms are made: it knows what is the same for all of them."""

    def __init__(self, model: ReferenceModel, draws: Draws, p: BirthTraits) -> None:
        self.model, self.draws, self.p = model, draws, p
        facts = model.sector_facts
        self.wage = [w * model.state.wage_index for w in facts["wage"]]
        self.rd_intensity = facts["rd_intensity"]
        self.profit_margin = facts["profit_margin"]
        self.value_added_ratio = facts["value_added_ratio"]
        self.hightech_share = facts["hightech_share"]
        self.technology_sales_share = facts["technology_sales_share"]
        self.centres = sector_centres(model.region.sectors)
        self.neighbours = neighbours(model)
        self.services = model.region.sectors.index("technology_services")
        self.digital = model.region.sectors.index("digital")

    def found(
        self,
        parent: int,
        rank: int,
        *,
        origin: int,
        sector: int,
        district: int,
        performs: float,
        centre: list[float] | None = None,
        quality: float = 0.0,
        quality_spread: float = 1.0,
        size: float = 1.0,
        founded: int | None = None,
        settled: int = 0,
        link: float = 0.0,
        mentored: float = 0.0,
        heir_of: Any = None,
    ) -> Any:
        """Let one firm join: the ``rank``-th child of its parent (a key) by this origin in this year.

        ``centre`` is the technology that it starts from, by default its sector's, ``performs`` the chance that it
        does R&D; ``heir_of`` is a parent firm that it learnt from. ``size`` multiplies staff and sales, ``quality``
        and its spread are in standard deviations.
        """
        p, normal, year = self.p, self.draws.normal, self.model.year
        key = child_key(parent, rank + 16 * origin, year)
        noise = self.draws.normals(key, "birth tech", TECH_DIMENSIONS)
        start = self.centres[sector] if centre is None else centre
        tech = unit([c * math.exp(p.new_tech_spread * z) for c, z in zip(start, noise, strict=True)])
        university, nearness = nearest(tech, self.neighbours[district])

        quality += quality_spread * normal(key, "birth quality")
        growth = p.new_staff_spread * normal(key, "birth staff") - 0.5 * p.new_staff_spread**2
        staff = max(1.0, round(p.new_staff * math.exp(growth))) * size
        each = p.new_revenue * math.exp(p.new_revenue_spread * normal(key, "birth revenue"))
        revenue = staff * self.wage[sector] * each
        does_rd = self.draws.uniform(key, "birth R&D") < performs
        intensity = p.new_intensity * math.exp(p.new_intensity_spread * normal(key, "birth intensity"))
        intensity = min(self.rd_intensity[sector] * intensity, p.new_intensity_most)
        rd = intensity * revenue if does_rd else 0.0
        margin = self.profit_margin[sector] - p.new_margin_gap + p.new_margin_spread * normal(key, "birth margin")
        hightech = (
            self.hightech_share[sector]
            + p.new_hightech_rd * does_rd
            + p.new_hightech_quality * quality
            + p.new_hightech_spread * normal(key, "birth high-tech")
        )
        firm = self.model.arrive(
            "firms",
            key=key,
            sector=sector,
            district=district,
            founded=year if founded is None else founded,
            origin=origin,
            settled=settled,
            quality=quality,
            tech=tech,
            university=university,
            nearness=nearness,
            link=link,
            mentored=mentored,
            staff=staff,
            revenue=revenue,
            revenue_lag1=revenue,
            revenue_lag2=revenue,
            margin=margin,
            cash=p.new_cash * revenue,
            value_added=revenue * self.value_added_ratio[sector],
            does_rd=does_rd,
            rd_intensity=intensity,
            rd_real=rd,
            rd_reported=rd,
            knowledge=p.new_knowledge * math.sqrt(staff),
            hightech_share=min(max(hightech, 0.0), 1.0),
            technology_sales=self.technology_sales_share[sector] * revenue,
        )
        if origin == GROWN:
            firm.was_small_before(p)
        if heir_of is not None:
            firm.inherits_from(heir_of, p)
        return firm
