"""Market: sector demand is shared out with inertia; sales, staff, profit, tax and value added follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, laplace_at, normal_at
from simulator.core.parameters import Range, parameter
from simulator.core.population import rows_of
from simulator.core.terms import Terms
from simulator.world.rules import small_low_profit, super_deduction
from simulator.world.world import World

FADED = 0.05  # mentoring below this is over


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


@njit(cache=True, nogil=True)
def _grow(
    key: np.ndarray,
    alive: np.ndarray,
    sector: np.ndarray,
    age: np.ndarray,
    revenue: np.ndarray,
    demand: np.ndarray,
    lead: np.ndarray,
    novelty: np.ndarray,
    mean_novelty: np.ndarray,
    mentored: np.ndarray,
    quality: np.ndarray,
    loan_growth: np.ndarray,
    spread: float,
    power: float,
    gain: float,
    novelty_gain: float,
    young: float,
    young_years: float,
    quality_growth: float,
    mentoring: float,
    strong: float,
    deflator: float,
    address: np.uint64,
    out: np.ndarray,
) -> None:
    """Return in ``out`` the wished sales (n,) before the sector's demand is shared out."""
    for i in range(key.shape[0]):
        if not alive[i]:
            out[i] = 0.0
            continue
        s = sector[i]
        b = spread * max(revenue[i] / deflator / 1.0e7, 0.02) ** (-power)
        b = min(b, 0.45)  # the mean of exp(Laplace) is infinite from one on
        mu = np.log1p(max(demand[s], -0.9)) + np.log1p(-b * b)  # the mean of exp(Laplace) is 1 / (1 - b^2)
        mu += gain * lead[i] + novelty_gain * (novelty[i] - mean_novelty[s]) + loan_growth[i]
        if age[i] < young_years:
            mu += young * (1.0 - age[i] / young_years)
        if mentored[i] > FADED:
            mu += mentoring * mentored[i] * (strong if quality[i] > 0.0 else max(0.0, 2.0 - strong))
        mu += quality_growth * quality[i]
        out[i] = revenue[i] * np.exp(mu + b * laplace_at(address, key[i]))


@njit(cache=True, nogil=True)
def _sums(
    alive: np.ndarray, sector: np.ndarray, large: np.ndarray, revenue: np.ndarray, wish: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return sales before and wished after, each (2, S): by size (small, large) and sector, CNY / year."""
    before, after = np.zeros((2, count)), np.zeros((2, count))
    for i in range(alive.shape[0]):
        if alive[i]:
            k = 1 if large[i] else 0
            before[k, sector[i]] += revenue[i]
            after[k, sector[i]] += wish[i]
    return before, after


def _sales(world: World, p: Parameters, luck: Luck) -> np.ndarray:
    """Return the sales (n,) CNY / year that firms reach when the demand of each sector is shared out."""
    f, st, sectors = world.firms, world.state, world.sectors
    count, alive = len(sectors), f.alive
    weight = np.where(alive, f.revenue, 0.0)
    whole = np.maximum(np.bincount(f.sector, weight, count), 1.0)
    mean_productivity = np.bincount(f.sector, weight * f.productivity, count) / whole
    mean_novelty = np.bincount(f.sector, weight * f.novelty, count) / whole
    lead = f.productivity - mean_productivity[f.sector] - f.edge
    f.edge += lead  # an advantage raises sales once; after that it is in the level
    wish = np.empty(len(f))
    _grow(
        f.key,
        alive,
        f.sector,
        world.year - f.founded,
        f.revenue,
        sectors.demand_growth,
        lead,
        f.novelty,
        mean_novelty,
        f.mentored,
        f.quality,
        f.loan_growth,
        p.spread,
        p.size_variance,
        p.productivity_gain,
        p.novelty_gain,
        p.young_growth,
        p.young_years,
        p.quality_growth,
        p.mentoring,
        p.mentoring_strong,
        st.deflator,
        luck.address("growth"),
        wish,
    )
    wish += f.product_gain  # launches of pharmaceutical products compete for the sector's demand like other sales
    rise = mean_productivity - sectors.productivity
    sectors.productivity[:] = mean_productivity
    outside = world.region.sector("outside_demand")
    large = alive & (f.revenue > p.local_size)
    works = alive & (f.plant_sales > 0.0)  # what plants sell is settled by their orders
    before, after = _sums(alive & ~works, f.sector, large, f.revenue, wish, count)
    target = before * (1.0 + sectors.demand_growth) * np.exp(outside * p.productivity_gain * rise)
    strength = np.array([[p.inertia * p.sme_local], [p.inertia]])
    factor = np.where((before > 0) & (after > 0), (target / np.maximum(after, 1.0)) ** strength, 1.0)
    wish *= np.clip(factor, 0.5, 2.0)[large.astype(np.int64), f.sector]
    wish[works] = f.plant_sales[works]
    return wish


def _products_follow(world: World, wish: np.ndarray) -> None:
    """Let sales of products move with their owners' (n,): they are a part of revenue and never more than it."""
    f, products = world.firms, world.products
    sold = np.flatnonzero(products.alive & (products.sales > 0.0))
    row = rows_of(f.key, products.owner[sold])
    sold, row = sold[row >= 0], row[row >= 0]
    products.sales[sold] *= wish[row] / np.maximum(f.revenue[row] + f.product_gain[row], 1.0)


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Share out demand; move staff, profit, tax, cash; add up value added and GDP."""
    f, st, sectors, region = world.firms, world.state, world.sectors, world.region
    count, alive = len(sectors), f.alive
    wish = _sales(world, p, luck)
    _products_follow(world, wish)
    f.growth[:] = np.where(alive, np.log(np.maximum(wish, 1.0) / np.maximum(f.revenue, 1.0)), 0.0)
    f.revenue_lag2[:] = f.revenue_lag1
    f.revenue_lag1[:] = f.revenue
    f.revenue[:] = wish
    real = f.growth - np.log1p(world.outside["gdp_deflator"])
    works = np.flatnonzero(f.plant_sales > 0.0)
    real[works] = f.growth[works] - np.log1p(st.steel_price_change)  # staff of works follow tonnes, not prices
    f.staff[:] = np.where(alive, np.maximum(f.staff * np.exp(p.labour * real), 1.0), 0.0)
    _profit_and_tax(world, terms, p, luck)
    f.value_added[:] = f.revenue * region.sector("value_added_ratio")[f.sector] * st.value_added_factor
    sectors.value_added[:] = np.bincount(f.sector, np.where(alive, f.value_added, 0.0), count)
    st.gdp = float(sectors.value_added.sum() + sectors.rest_value_added.sum())
    st.gdp_first = st.gdp * st.first_release
    vat = (
        world.rules["vat_rate_effective"] * float(sectors.value_added.sum()) * (1.0 - world.rules["vat_central_share"])
    )
    st.local_tax = vat + float(f.tax[alive].sum()) * (1.0 - world.rules["corporate_tax_central_share"])


@njit(cache=True, nogil=True)
def _margins(
    key: np.ndarray, margin: np.ndarray, normal: np.ndarray, keep: float, noise: float, address: np.uint64
) -> None:
    for i in range(key.shape[0]):
        margin[i] = normal[i] + keep * (margin[i] - normal[i]) + noise * normal_at(address, key[i])


def _profit_and_tax(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Work out profit, set off losses, apply the tax rate and its relief, and move cash."""
    f, rules = world.firms, world.rules
    normal = world.region.sector("profit_margin")[f.sector]
    _margins(f.key, f.margin, normal, p.margin_persistence, p.margin_noise, luck.address("margin"))
    margin = f.margin + p.novelty_margin * f.novelty + p.productivity_margin * np.clip(f.productivity, -1.0, 1.0)
    works = np.flatnonzero(f.plant_sales > 0.0)
    margin[works] = normal[works]  # their plants' prices and costs, productivity in them, stand in the shift
    margin += f.cost_shift
    # grants have paid for what they made; the firm's profit bears the rest beyond its usual R&D
    extra = np.maximum(f.rd_real - f.rd_aided - f.rd_intensity * f.revenue, 0.0)
    f.profit[:] = np.where(f.alive, margin * f.revenue - extra, 0.0)
    gain = np.maximum(f.profit, 0.0)
    used = np.minimum(f.loss_pool, gain)
    kept = 1.0 - 1.0 / max(rules["loss_carry_years"], 1.0)
    f.loss_pool[:] = (f.loss_pool - used) * kept + np.maximum(-f.profit, 0.0)
    base = np.where(f.alive, gain - used, 0.0)
    small = small_low_profit(rules, base, f.staff)
    certified = (f.hnte_until >= world.year) & ~small
    rate = np.where(small, rules["small_profit_effective_rate"], rules["corporate_tax"])
    due = rate * base
    whole = base
    base = _deduct(world, terms, base, np.where(certified, rules["hnte_tax"], rate))
    cut = np.where(certified, rules["corporate_tax"] - rules["hnte_tax"], 0.0)
    # the deduction saves at the lower rate what is deducted, so the cut of the rate is worth it on the whole
    terms.national_relief("firms", cut * whole, "firms")
    terms.relieve("hnte_tax", np.where(certified, np.minimum(terms.column("hnte_tax"), rate - cut) * base, 0.0))
    f.tax[:] = np.maximum(due - f.tax_relief, 0.0)
    flow = (f.profit - f.tax) * np.where(f.profit > 0.0, 1.0 - p.payout, 1.0)
    f.cash[:] = np.where(
        f.alive, np.minimum(f.cash + flow + f.policy_income, p.cash_most * f.revenue + f.policy_income), 0.0
    )


def _deduct(world: World, terms: Terms, base: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Deduct R&D beyond its cost from taxable profit, (n,) CNY, and bill the tax that it forgoes.

    The law's part is the nation's, unless guidance brought the firm to claim; the rest is whose rule it is.
    """
    f, rules = world.firms, world.rules
    law = super_deduction(rules, f.technology_sme)
    rates = np.maximum(terms.column("deduction_rate"), law)
    due = np.where(f.alive & f.claims, rates * f.rd_reported, 0.0)
    deducted = np.minimum(due, base)
    f.loss_pool += due - deducted  # what profit does not cover is carried like a loss
    forgone = rate * deducted
    by_law = forgone * law / np.maximum(rates, 1e-12)
    terms.national_relief("firms", np.where(f.claim_induced, 0.0, by_law), "firms")
    terms.relieve("claim_cost", np.where(f.claim_induced, by_law, 0.0))
    terms.relieve("deduction_rate", forgone - by_law)
    return base - deducted


MECHANISM = Mechanism("market", Label("Market", "市场"), Parameters, step)
