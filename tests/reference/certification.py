"""Status: HNTE, technology SME, innovative small firm, above-scale; take-up spreads and is far from full."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.certification import Parameters
from simulator.world.rules import SMALL_FIRM_STAFF, TECHNOLOGY_SME_STAFF
from tests.reference.certification_bodies import count_supported, recognise_bodies
from tests.reference.law import hnte_threshold, small_low_profit
from tests.reference.luck import Draws
from tests.reference.offers import Application, Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

WHOLE_OFFER = 1.0e9  # CNY, more than any offer: firms take what is on the counter


class CertifiedFirm:
    """A firm before the offices that give status."""

    def hears_of_hnte(self: Any, p: Parameters, certified: list[float], counter: Counter, draws: Draws) -> None:
        """Learn what HNTE status takes: by search, from certified firms of the sector, and by outreach."""
        if self.does_rd and not self.hnte_informed:
            told = p.own_search + p.contact * certified[self.sector] + counter.total("status_outreach", self)
            if draws.uniform(self.key, "told") < min(told, 0.95):
                self.hnte_informed = True

    def meets_hnte_rule(self: Any) -> bool:
        """Return whether technical staff, high-tech sales, age and R&D are enough.

        Own IP is met by utility models, filed as part of an application; their cost is in it.
        """
        rules = self.model.rules
        if (
            self.technicians < rules["hnte_staff_share"] * self.staff
            or self.hightech_share < rules["hnte_hightech_share"]
            or self.founded > self.model.year - math.ceil(rules["hnte_min_age"])
        ):
            return False
        sales = self.revenue + self.revenue_lag1 + self.revenue_lag2
        rd = self.rd_reported + self.rd_lag1 + self.rd_lag2
        return rd / max(sales, 1.0) >= hnte_threshold(rules, self.revenue)

    def gain_of_hnte(self: Any, valid: float, award: float, counter: Counter) -> float:
        """Return what a certificate would bring over its years (CNY): less tax, standing in tenders, an award."""
        rules = self.model.rules
        gain = self.model.state.status_worth * self.revenue
        if self.profit > 0.0 and not small_low_profit(rules, self.profit, self.staff):
            cut = rules["corporate_tax"] - rules["hnte_tax"] + counter.total("hnte_tax", self)
            gain += cut * self.profit
        return valid * gain + award

    def enters_technology_list(self: Any, p: Parameters, counter: Counter, draws: Draws) -> None:
        """Enter or leave the city's list of technology SMEs."""
        if not self.technology_sme and self.is_small() and self.founded < self.model.year:
            active = self.does_rd
            if self.incubator >= 0 and self.model.switches.get("incubators", "mentoring") != "none":
                active = True
            seen = p.recognise * (p.recognise_active if active else p.recognise_passive)
            seen += counter.total("status_outreach", self)
            self.technology_sme = draws.uniform(self.key, "recognised") < seen
        if self.staff >= TECHNOLOGY_SME_STAFF:
            self.technology_sme = False

    def is_innovative(self: Any, p: Parameters, draws: Draws) -> None:
        """Be recognised as innovative while small, or lose that by growing."""
        if not self.innovative_small and self.innovations > 0.0 and self.is_small():
            self.innovative_small = draws.uniform(self.key, "innovative") < p.innovative
        if self.staff >= SMALL_FIRM_STAFF:
            self.innovative_small = False

    def is_small(self: Any) -> bool:
        """Return whether it is a small firm below the above-scale register."""
        return not self.above_scale and self.staff < SMALL_FIRM_STAFF

    def registers_scale(self: Any, p: Parameters, threshold: float, industry: bool, draws: Draws) -> None:
        """Enter or leave the register of above-scale industrial firms, with a lag."""
        if not self.above_scale and industry and self.revenue >= threshold:
            self.above_scale = draws.uniform(self.key, "scale") < p.scale_lag
        if self.above_scale and self.revenue < p.scale_exit * threshold:
            self.above_scale = draws.uniform(self.key, "below") >= p.scale_lag


def support(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Put firms on the growth programme's list, the most promising first."""
    if not counter.offered("growth_support"):
        return
    asks = []
    for firm in model.living():
        if firm.technology_sme and counter.is_open_to("growth_support", firm):
            rank = firm.quality + p.support_noise * draws.normal(firm.key, "rank")
            asks.append(Application(firm, WHOLE_OFFER, rank + (p.support_rd if firm.does_rd else 0.0)))
    for paid in counter.draw("growth_support", asks):
        firm = paid.agent
        firm.supported = model.year
        # what the programme's services are worth relieves the firm like cash of its own
        firm.cash += paid.real - paid.amount
        firm.hnte_informed = True


def certified_shares(model: ReferenceModel) -> list[float]:
    """Return by sector the share of R&D firms that hold HNTE status."""
    performers, certified = [0] * len(model.sectors), [0] * len(model.sectors)
    for firm in model.living():
        performers[firm.sector] += firm.does_rd
        certified[firm.sector] += firm.hnte_until >= model.year
    return [min(c / max(n, 1), 1.0) for c, n in zip(certified, performers, strict=True)]


def certify(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Tell firms of HNTE status, and certify those that apply."""
    year = model.year
    shares = certified_shares(model)
    valid = max(model.rules["hnte_valid_years"], 1.0)
    offers = counter.promises("certification_award")
    award = sum(max(o.value.values()) if isinstance(o.value, dict) else o.value for o in offers)
    passed = []
    for firm in model.living():
        firm.hears_of_hnte(p, shares, counter, draws)
        firm.technicians = p.technicians * firm.rd_staff + p.other_technicians * firm.staff
        # of those who know of it, this year's certificate runs out, or there is none
        if (
            firm.hnte_informed
            and firm.hnte_until <= year
            and firm.meets_hnte_rule()
            and firm.gain_of_hnte(valid, award, counter) > firm.status_cost
            and draws.uniform(firm.key, "passes") < p.approval
        ):
            firm.hnte_until = year + round(valid) - 1 + (firm.hnte_until == year)
            passed.append(firm)
    if offers:
        counter.draw("certification_award", [Application(f, WHOLE_OFFER, f.rd_reported) for f in passed])
    model.state.hnte_revenue = sum((f.revenue for f in model.living() if f.hnte_until >= year), 0.0)


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Renew and grant HNTE status, and keep the other registers."""
    support(model, counter, p, draws)
    certify(model, counter, p, draws)
    recognise_bodies(model, counter, p, draws)
    count_supported(model, draws)
    threshold = model.rules["above_scale_threshold"]
    industry = [n > 0 for n in model.sector_facts["above_scale_firms"]]
    for firm in model.living():
        firm.enters_technology_list(p, counter, draws)
        firm.is_innovative(p, draws)
        firm.registers_scale(p, threshold, industry[firm.sector], draws)
