"""Market: sector demand is shared out with inertia; sales, staff, profit, tax and value added follow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.mechanisms.market import Parameters
from tests.reference.law import small_low_profit, super_deduction
from tests.reference.luck import Draws
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

SMALL, LARGE = 0, 1
FADED = 0.05  # mentoring below this is over


class Means(NamedTuple):
    """Means of sectors by sales, and the log growth of the demand that they follow."""

    productivity: list[float]
    novelty: list[float]
    follow: list[float]


class Tax(NamedTuple):
    """One firm's corporate tax: what is due before relief, and what the law or a measure forgoes of it."""

    firm: Any
    due: float
    deduction_by_law: float
    deduction_by_guidance: float
    deduction_beyond: float
    status_cut: float
    status_relief: float


class SellingFirm:
    """A firm on its market."""

    def wishes_to_sell(self: Any, means: Means, p: Parameters, draws: Draws) -> float:
        """Return what the firm would sell if its sector's demand were not shared out."""
        lead = self.productivity - means.productivity[self.sector] - self.edge
        loyal = p.staying if self.model.switches.get("lock_in", "low") == "high" else 0.0
        self.edge += (1.0 - loyal) * lead  # an advantage wins a buyer once, when that buyer chooses
        b = p.spread * max(self.revenue / self.model.state.deflator / 1.0e7, 0.02) ** -p.size_variance
        b = min(b, 0.45)  # the mean of exp(Laplace) is infinite from one on
        growth = means.follow[self.sector] + p.productivity_gain * lead
        growth += p.novelty_gain * (self.novelty - means.novelty[self.sector]) + self.loan_growth
        growth += self.grows_while_young(p) + self.grows_by_mentoring(p) + p.quality_growth * self.quality
        of_loyal = self.revenue * math.exp(means.follow[self.sector])
        of_others = self.revenue * math.exp(growth)
        luck = (1.0 - b * b) * math.exp(b * draws.laplace(self.key, "growth"))
        return (loyal * of_loyal + (1.0 - loyal) * of_others) * luck

    def grows_while_young(self: Any, p: Parameters) -> float:
        """Return the extra growth of the first years."""
        age = self.model.year - self.founded
        return p.young_growth * (1.0 - age / p.young_years) if age < p.young_years else 0.0

    def grows_by_mentoring(self: Any, p: Parameters) -> float:
        """Return the extra growth of a tenant, stronger for good firms."""
        if self.mentored <= FADED:
            return 0.0
        strong = p.mentoring_strong
        return p.mentoring * self.mentored * (strong if self.quality > 0.0 else max(0.0, 2.0 - strong))

    def moves_to(self: Any, sales: float, inflation: float, steel_inflation: float, p: Parameters) -> None:
        """Reach its sales of the year; staff follow real growth, in steel works the tonnes."""
        self.growth = math.log(max(sales, 1.0) / max(self.revenue, 1.0))
        self.revenue_lag2, self.revenue_lag1, self.revenue = self.revenue_lag1, self.revenue, sales
        real = self.growth - (steel_inflation if self.plant_sales > 0.0 else inflation)
        self.staff = max(self.staff * math.exp(p.labour * real), 1.0)

    def makes_profit(self: Any, usual: float, kept: float, p: Parameters, draws: Draws) -> float:
        """Move the margin, work out profit, set losses off; return the profit that is left to tax."""
        luck = p.margin_noise * draws.normal(self.key, "margin")
        self.margin = usual + p.margin_persistence * (self.margin - usual) + luck
        if self.plant_sales > 0.0:  # plants' prices and costs, productivity in them, stand in the shift
            margin = usual
        else:
            gain = p.productivity_margin * min(max(self.productivity, -1.0), 1.0)
            margin = self.margin + p.novelty_margin * self.novelty + gain
        # grants have paid for what they made; the firm's profit bears the rest beyond its usual R&D
        extra = max(self.rd_real - self.rd_aided - self.rd_intensity * self.revenue, 0.0)
        self.profit = (margin + self.cost_shift) * self.revenue - extra
        gain = max(self.profit, 0.0)
        used = min(self.loss_pool, gain)
        self.loss_pool = (self.loss_pool - used) * kept + max(-self.profit, 0.0)
        return gain - used

    def deducts_research(self: Any, base: float, rate: float, counter: Counter) -> tuple[float, float, float]:
        """Deduct R&D beyond its cost; return what is left to tax, and the tax forgone by law and beyond the law."""
        if not self.claims:
            return base, 0.0, 0.0
        law = super_deduction(self.model.rules, self.technology_sme)
        most = max(counter.total("deduction_rate", self), law)
        due = most * self.rd_reported
        deducted = min(due, base)
        self.loss_pool += due - deducted  # what profit does not cover is carried like a loss
        forgone = rate * deducted
        legal = forgone * law / max(most, 1e-12)
        return base - deducted, legal, forgone - legal

    def works_out_tax(self: Any, base: float, counter: Counter) -> Tax:
        """Apply the rate of the firm's class and what takes from it."""
        rules = self.model.rules
        small = small_low_profit(rules, base, self.staff)
        certified = self.hnte_until >= self.model.year and not small
        rate = rules["small_profit_effective_rate"] if small else rules["corporate_tax"]
        left, legal, beyond = self.deducts_research(base, rules["hnte_tax"] if certified else rate, counter)
        # the deduction saves at the lower rate what is deducted, so the cut of the rate is worth it on the whole
        cut = rules["corporate_tax"] - rules["hnte_tax"] if certified else 0.0
        relief = min(counter.total("hnte_tax", self), rate - cut) * left if certified else 0.0
        by_law, guided = (0.0, legal) if self.claim_induced else (legal, 0.0)
        return Tax(self, rate * base, by_law, guided, beyond, cut * base, relief)

    def pays(self: Any, due: float, p: Parameters) -> None:
        """Pay tax and pay profit out; keep the rest as cash, up to a part of revenue."""
        self.tax = max(due - self.tax_relief, 0.0)
        flow = (self.profit - self.tax) * (1.0 - p.payout if self.profit > 0.0 else 1.0)
        most = p.cash_most * self.revenue + self.policy_income
        self.cash = min(self.cash + flow + self.policy_income, most)


def means_of(model: ReferenceModel, living: list[Any]) -> Means:
    """Return the mean productivity and novelty of sectors, weighted by sales, and the growth that they follow."""
    count = len(model.sectors)
    whole, productivity, novelty = [0.0] * count, [0.0] * count, [0.0] * count
    for f in living:
        whole[f.sector] += f.revenue
        productivity[f.sector] += f.revenue * f.productivity
        novelty[f.sector] += f.revenue * f.novelty
    whole = [max(w, 1.0) for w in whole]
    return Means(
        productivity=[x / w for x, w in zip(productivity, whole, strict=True)],
        novelty=[x / w for x, w in zip(novelty, whole, strict=True)],
        follow=[math.log1p(max(s.demand_growth, -0.9)) for s in model.sectors],
    )


def share_out(
    model: ReferenceModel, living: list[Any], wishes: list[float], means: Means, p: Parameters
) -> list[float]:
    """Return the sales of firms: their wishes, scaled towards the demand of their sector and size.

    Works sell what their plants do.
    """
    sectors = model.sectors
    before = [[0.0] * len(sectors) for _ in (SMALL, LARGE)]
    after = [[0.0] * len(sectors) for _ in (SMALL, LARGE)]
    for f, wish in zip(living, wishes, strict=True):
        if not f.plant_sales > 0.0:
            size = LARGE if f.revenue > p.local_size else SMALL
            before[size][f.sector] += f.revenue
            after[size][f.sector] += wish
    factor = [[1.0] * len(sectors) for _ in (SMALL, LARGE)]
    for s, sector in enumerate(sectors):
        rise = means.productivity[s] - sector.productivity
        sector.productivity = means.productivity[s]
        more = math.exp(model.sector_facts["outside_demand"][s] * p.productivity_gain * rise)
        for size, strength in ((SMALL, p.inertia * p.sme_local), (LARGE, p.inertia)):
            if before[size][s] > 0.0 and after[size][s] > 0.0:
                target = before[size][s] * (1.0 + sector.demand_growth) * more
                scaled = (target / max(after[size][s], 1.0)) ** strength
                factor[size][s] = min(max(scaled, 0.5), 2.0)
    return [
        f.plant_sales if f.plant_sales > 0.0 else wish * factor[LARGE if f.revenue > p.local_size else SMALL][f.sector]
        for f, wish in zip(living, wishes, strict=True)
    ]


def products_follow(model: ReferenceModel, living: list[Any], sales: list[float]) -> None:
    """Let sales of products move with their owners': they are a part of revenue and never more than it."""
    sold = [product for product in model.products if product.alive and product.sales > 0.0]
    if not sold:
        return
    change = {f.key: new / max(f.revenue + f.product_gain, 1.0) for f, new in zip(living, sales, strict=True)}
    for product in sold:
        product.sales *= change.get(product.owner, 1.0)


def levy_taxes(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws, living: list[Any]) -> None:
    """Let firms make profit, work out their tax and its relief, and pay."""
    kept = 1.0 - 1.0 / max(model.rules["loss_carry_years"], 1.0)
    usual = model.sector_facts["profit_margin"]
    taxes = [f.works_out_tax(f.makes_profit(usual[f.sector], kept, p, draws), counter) for f in living]
    counter.national_relief([(t.firm, t.deduction_by_law) for t in taxes if t.deduction_by_law], "firms")
    counter.relieve("claim_cost", [(t.firm, t.deduction_by_guidance) for t in taxes if t.deduction_by_guidance])
    counter.relieve("deduction_rate", [(t.firm, t.deduction_beyond) for t in taxes if t.deduction_beyond])
    counter.national_relief([(t.firm, t.status_cut) for t in taxes if t.status_cut], "firms")
    if counter.offered("hnte_tax"):
        counter.relieve("hnte_tax", [(t.firm, t.status_relief) for t in taxes if t.status_relief])
    for t in taxes:
        t.firm.pays(t.due, p)


def add_up(model: ReferenceModel, living: list[Any]) -> None:
    """Add up value added, GDP and local taxes."""
    state, rules, sectors = model.state, model.rules, model.sectors
    ratio = [r * state.value_added_factor for r in model.sector_facts["value_added_ratio"]]
    for sector in sectors:
        sector.value_added = 0.0
    for f in living:
        f.value_added = f.revenue * ratio[f.sector]
        sectors[f.sector].value_added += f.value_added
    of_agents = sum(s.value_added for s in sectors)
    state.gdp = of_agents + sum(s.rest_value_added for s in sectors)
    state.gdp_first = state.gdp * state.first_release
    value_added_tax = rules["vat_rate_effective"] * of_agents * (1.0 - rules["vat_central_share"])
    corporate_tax = sum(f.tax for f in living) * (1.0 - rules["corporate_tax_central_share"])
    state.local_tax = value_added_tax + corporate_tax


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Share out demand; move staff, profit, tax, cash; add up value added and GDP."""
    living = model.living()
    means = means_of(model, living)
    # launches of pharmaceutical products compete for the sector's demand like other sales
    wishes = [f.wishes_to_sell(means, p, draws) + f.product_gain for f in living]
    sales = share_out(model, living, wishes, means, p)
    products_follow(model, living, sales)
    inflation = math.log1p(model.outside["gdp_deflator"])
    steel_inflation = math.log1p(model.state.steel_price_change)
    for f, new in zip(living, sales, strict=True):
        f.moves_to(new, inflation, steel_inflation, p)
    levy_taxes(model, counter, p, draws, living)
    add_up(model, living)
