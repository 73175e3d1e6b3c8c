"""Market: sector demand is shared out with inertia; sales, staff, profit, tax and value added follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.market_kernels import Earning, Growing, Law, assess, follow, grow, means, pay, sell
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters:
    """How sales move."""

    spread: float = parameter(
        0.16,
        unit="log points",
        prior=Range(0.10, 0.24, "log"),
        source="assumed",
        doc="Laplace scale of yearly growth for a firm selling 10 m CNY",
    )
    size_variance: float = parameter(
        0.20, unit="elasticity", prior=Range(0.12, 0.25), source="amaral1997", doc="fall of that scale with size"
    )
    inertia: float = parameter(
        0.70,
        unit="1",
        prior=Range(0.4, 0.95, "logit"),
        source="assumed",
        doc="how far firms of a sector share a given demand; the rest of a firm's gain is new demand from outside",
    )
    staying: float = parameter(
        0.7,
        unit="1",
        prior=Range(0.4, 0.9, "logit"),
        source="assumed",
        doc="part of a firm's buyers that stay with it for the year under the switch for high lock-in of demand, while "
        "the others choose anew; acts only under it",
    )
    productivity_gain: float = parameter(
        0.8,
        unit="elasticity",
        prior=Range(0.3, 1.5),
        source="assumed",
        doc="log sales to productivity beyond the sector's mean",
    )
    novelty_gain: float = parameter(
        0.25,
        unit="log points",
        prior=Range(0.05, 0.6, "log"),
        source="assumed",
        doc="growth of sales per share of novel products beyond the sector's mean",
    )
    young_growth: float = parameter(
        0.09,
        unit="log points / year",
        prior=Range(0.03, 0.16),
        source="obs:china/new_small_firm_mean_employees_after_1yr/2017Q2",
        doc="extra growth in the first years (staff 6.1 at opening, 7.1 a year later), fading over six",
    )
    young_years: float = parameter(
        6.0, unit="years", prior=Range(4.0, 9.0), source="assumed", doc="age at which that growth has faded"
    )
    quality_growth: float = parameter(
        0.01,
        unit="log points / year",
        prior=Range(0.0, 0.03),
        source="assumed",
        doc="growth per standard deviation of a firm's quality, beside what its R&D brings",
    )
    mentoring: float = parameter(
        0.05,
        unit="log points / year",
        prior=Range(0.0, 0.15),
        source="judgement_incubator_growth",
        doc="extra growth of a tenant under full mentoring",
    )
    mentoring_strong: float = parameter(
        1.3,
        unit="factor",
        prior=Range(1.0, 2.0, "log"),
        source="judgement_accelerator_growth",
        doc="the same for firms of more than median quality, over the mean",
    )
    margin_noise: float = parameter(
        0.03, unit="1", prior=Range(0.015, 0.06, "log"), source="assumed", doc="yearly shock to a firm's profit margin"
    )
    margin_persistence: float = parameter(
        0.75,
        unit="1",
        prior=Range(0.5, 0.9, "logit"),
        source="assumed",
        doc="part of a firm's distance from its sector's margin that is left a year later",
    )
    novelty_margin: float = parameter(
        0.1,
        unit="1",
        prior=Range(0.0, 0.25),
        source="assumed",
        doc="higher margin where all sales are of novel products",
    )
    productivity_margin: float = parameter(
        0.05,
        unit="1 / log point",
        prior=Range(0.0, 0.15),
        source="assumed",
        doc="higher margin per log point of productivity gained since the start",
    )
    labour: float = parameter(
        0.55, unit="elasticity", prior=Range(0.35, 0.8), source="assumed", doc="log staff to log real sales"
    )
    payout: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.4, 0.8, "logit"),
        source="assumed",
        doc="profit after tax that leaves the firm's cash",
    )
    cash_most: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.3, 1.0, "log"),
        source="assumed",
        doc="liquid funds over yearly revenue beyond which they are paid out",
    )
    sme_local: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.9, "logit"),
        source="assumed",
        doc="how strongly small firms' demand follows the sector rather than their own growth",
    )
    local_size: float = parameter(
        20000000.0,
        unit="CNY / year",
        prior=Range(8.0e6, 5.0e7, "log"),
        source="assumed",
        doc="revenue up to which a firm counts as small in this",
    )


def _numbers(kind: type[Any], p: Parameters) -> Any:
    """Return the parameters that a kernel takes."""
    return kind._make(float(getattr(p, name)) for name in kind._fields)


def _sell(world: World, p: Parameters, luck: Luck) -> None:
    """Share out the demand of each sector; sales, growth and staff of firms follow."""
    f, st, sectors = world.firms, world.state, world.sectors
    mean_productivity, mean_novelty = means(f.alive, f.sector, f.revenue, f.productivity, f.novelty, len(sectors))
    wish = np.empty(len(f))
    growing = _numbers(Growing, p)
    if world.switches.get("lock_in", "low") == "low":
        growing = growing._replace(staying=0.0)
    # launches of pharmaceutical products compete for the sector's demand like other sales
    before, after = grow(
        f.key,
        f.alive,
        f.sector,
        f.founded,
        f.revenue,
        f.productivity,
        f.edge,
        f.novelty,
        f.mentored,
        f.quality,
        f.loan_growth,
        f.product_gain,
        f.plant_sales,
        sectors.demand_growth,
        mean_productivity,
        mean_novelty,
        world.year,
        st.deflator,
        growing,
        luck.address("growth"),
        wish,
    )
    rise = mean_productivity - sectors.productivity
    sectors.productivity[:] = mean_productivity
    outside = world.region.sector("outside_demand")
    target = before * (1.0 + sectors.demand_growth) * np.exp(outside * p.productivity_gain * rise)
    strength = np.array([[p.inertia * p.sme_local], [p.inertia]])
    factor = np.where((before > 0) & (after > 0), (target / np.maximum(after, 1.0)) ** strength, 1.0)
    sell(
        f.alive,
        f.sector,
        f.plant_sales,
        wish,
        np.clip(factor, 0.5, 2.0),
        p.local_size,
        f.revenue,
        f.revenue_lag1,
        f.revenue_lag2,
        f.growth,
        f.staff,
        p.labour,
        float(np.log1p(world.outside["gdp_deflator"])),
        float(np.log1p(st.steel_price_change)),
    )


def _products_follow(world: World) -> None:
    """Let sales of products move with their owners': they are a part of revenue and never more than it."""
    f, products = world.firms, world.products
    if len(products):
        follow(
            products.alive,
            products.owner,
            products.sales,
            f.sector,
            world.region.sectors.index("pharma"),
            f.key,
            f.revenue,
            f.revenue_lag1,
            f.product_gain,
        )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Share out demand; move staff, profit, tax, cash; add up value added and GDP."""
    f, st, sectors, rules = world.firms, world.state, world.sectors, world.rules
    _sell(world, p, luck)
    _products_follow(world)
    due = _profit_and_relief(world, terms, p, luck)
    sectors.value_added[:], taxes = pay(
        f.alive,
        f.sector,
        f.revenue,
        f.profit,
        due,
        f.tax_relief,
        f.policy_income,
        f.tax,
        f.cash,
        f.value_added,
        world.region.sector("value_added_ratio"),
        st.value_added_factor,
        1.0 - p.payout,
        p.cash_most,
    )
    added = float(sectors.value_added.sum())
    st.gdp = added + float(sectors.rest_value_added.sum())
    st.gdp_first = st.gdp * st.first_release
    vat = rules["vat_rate_effective"] * added * (1.0 - rules["vat_central_share"])
    st.local_tax = vat + taxes * (1.0 - rules["corporate_tax_central_share"])


def _profit_and_relief(world: World, terms: Terms, p: Parameters, luck: Luck) -> np.ndarray:
    """Work out profit and set off losses; bill the tax forgone; return tax at the rates of law, (n,) CNY / year.

    The law's part of a deduction is the nation's, unless guidance brought the firm to claim; the rest is whose rule
    it is.
    """
    f, rules = world.firms, world.rules
    due, by_law, guided, beyond, lower = np.empty((5, len(f)))
    assess(
        f.alive,
        f.sector,
        f.staff,
        f.novelty,
        f.productivity,
        f.plant_sales,
        f.cost_shift,
        f.revenue,
        f.rd_real,
        f.rd_aided,
        f.rd_reported,
        f.rd_intensity,
        f.claims,
        f.claim_induced,
        f.technology_sme,
        f.hnte_until,
        f.margin,
        f.profit,
        f.loss_pool,
        world.region.sector("profit_margin"),
        np.atleast_1d(terms.total("deduction_rate")),
        np.atleast_1d(terms.total("hnte_tax")),
        world.year,
        Law(
            rules["small_profit_ceiling"],
            rules["small_profit_staff"],
            rules["small_profit_effective_rate"],
            rules["corporate_tax"],
            rules["hnte_tax"],
            rules["rd_super_deduction"],
            rules["rd_super_deduction_tech_sme"],
            1.0 - 1.0 / max(rules["loss_carry_years"], 1.0),
        ),
        _numbers(Earning, p),
        luck.normal(f.key, "margin"),
        due,
        by_law,
        guided,
        beyond,
        lower,
    )
    terms.national_relief("firms", by_law, "firms")
    terms.relieve("claim_cost", guided)
    terms.relieve("deduction_rate", beyond)
    if terms.offered("hnte_tax"):
        terms.relieve("hnte_tax", lower)
    return due


MECHANISM = Mechanism("market", Label("Market", "市场"), Parameters, step)
