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
    productivity: np.ndarray,
    mean_productivity: np.ndarray,
    edge: np.ndarray,
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
    """Return in ``out`` the wished sales (n,) before the sector's demand is shared out, and note leads in ``edge``."""
    follow = np.empty(demand.shape[0])
    for s in range(demand.shape[0]):
        follow[s] = np.log1p(max(demand[s], -0.9))
    for i in range(key.shape[0]):
        s = sector[i]
        lead = productivity[i] - mean_productivity[s] - edge[i]
        edge[i] += lead  # an advantage raises sales once; after that it is in the level
        if not alive[i]:
            out[i] = 0.0
            continue
        b = spread * max(revenue[i] / deflator / 1.0e7, 0.02) ** (-power)
        b = min(b, 0.45)  # the mean of exp(Laplace) is infinite from one on
        mu = follow[s] + np.log1p(-b * b)  # the mean of exp(Laplace) is 1 / (1 - b^2)
        mu += gain * lead + novelty_gain * (novelty[i] - mean_novelty[s]) + loan_growth[i]
        if age[i] < young_years:
            mu += young * (1.0 - age[i] / young_years)
        if mentored[i] > FADED:
            mu += mentoring * mentored[i] * (strong if quality[i] > 0.0 else max(0.0, 2.0 - strong))
        mu += quality_growth * quality[i]
        out[i] = revenue[i] * np.exp(mu + b * laplace_at(address, key[i]))


@njit(cache=True, nogil=True)
def _means(
    alive: np.ndarray,
    sector: np.ndarray,
    revenue: np.ndarray,
    productivity: np.ndarray,
    novelty: np.ndarray,
    count: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean productivity and novelty of sectors (S,), weighted by sales."""
    whole, first, second = np.zeros(count), np.zeros(count), np.zeros(count)
    for i in range(alive.shape[0]):
        if alive[i]:
            s = sector[i]
            whole[s] += revenue[i]
            first[s] += revenue[i] * productivity[i]
            second[s] += revenue[i] * novelty[i]
    whole = np.maximum(whole, 1.0)
    return first / whole, second / whole


@njit(cache=True, nogil=True)
def _sums(
    alive: np.ndarray,
    sector: np.ndarray,
    plant_sales: np.ndarray,
    revenue: np.ndarray,
    wish: np.ndarray,
    gain: np.ndarray,
    small: float,
    count: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Add the gain of products to wished sales, (n,); return sales before and wished after, CNY / year.

    Each is (2, S), by size (small, large) and sector, without works: what plants sell is settled by their orders.
    """
    before, after = np.zeros((2, count)), np.zeros((2, count))
    for i in range(alive.shape[0]):
        wish[i] += gain[i]
        if alive[i] and not plant_sales[i] > 0.0:
            k = 1 if revenue[i] > small else 0
            before[k, sector[i]] += revenue[i]
            after[k, sector[i]] += wish[i]
    return before, after


@njit(cache=True, nogil=True)
def _share(
    alive: np.ndarray,
    sector: np.ndarray,
    plant_sales: np.ndarray,
    revenue: np.ndarray,
    wish: np.ndarray,
    factor: np.ndarray,
    small: float,
) -> None:
    """Scale wished sales (n,) by the factor (2, S) of their size and sector; works sell what their plants do."""
    for i in range(alive.shape[0]):
        if alive[i] and plant_sales[i] > 0.0:
            wish[i] = plant_sales[i]
        else:
            wish[i] *= factor[1 if alive[i] and revenue[i] > small else 0, sector[i]]


def _sales(world: World, p: Parameters, luck: Luck) -> np.ndarray:
    """Return the sales (n,) CNY / year that firms reach when the demand of each sector is shared out."""
    f, st, sectors = world.firms, world.state, world.sectors
    count, alive = len(sectors), f.alive
    mean_productivity, mean_novelty = _means(alive, f.sector, f.revenue, f.productivity, f.novelty, count)
    wish = np.empty(len(f))
    _grow(
        f.key,
        alive,
        f.sector,
        world.year - f.founded,
        f.revenue,
        sectors.demand_growth,
        f.productivity,
        mean_productivity,
        f.edge,
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
    rise = mean_productivity - sectors.productivity
    sectors.productivity[:] = mean_productivity
    outside = world.region.sector("outside_demand")
    # launches of pharmaceutical products compete for the sector's demand like other sales
    before, after = _sums(alive, f.sector, f.plant_sales, f.revenue, wish, f.product_gain, p.local_size, count)
    target = before * (1.0 + sectors.demand_growth) * np.exp(outside * p.productivity_gain * rise)
    strength = np.array([[p.inertia * p.sme_local], [p.inertia]])
    factor = np.where((before > 0) & (after > 0), (target / np.maximum(after, 1.0)) ** strength, 1.0)
    _share(alive, f.sector, f.plant_sales, f.revenue, wish, np.clip(factor, 0.5, 2.0), p.local_size)
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
    alive = f.alive
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
    ratio = region.sector("value_added_ratio")
    sectors.value_added[:] = _value(alive, f.sector, f.revenue, ratio, st.value_added_factor, f.value_added)
    st.gdp = float(sectors.value_added.sum() + sectors.rest_value_added.sum())
    st.gdp_first = st.gdp * st.first_release
    vat = (
        world.rules["vat_rate_effective"] * float(sectors.value_added.sum()) * (1.0 - world.rules["vat_central_share"])
    )
    st.local_tax = vat + float(f.tax[alive].sum()) * (1.0 - world.rules["corporate_tax_central_share"])


@njit(cache=True, nogil=True)
def _value(
    alive: np.ndarray, sector: np.ndarray, revenue: np.ndarray, ratio: np.ndarray, factor: float, out: np.ndarray
) -> np.ndarray:
    """Set value added, (n,) CNY / year, in ``out``; return its sums over the living, by sector (S,)."""
    sums = np.zeros(ratio.shape[0])
    for i in range(alive.shape[0]):
        out[i] = revenue[i] * ratio[sector[i]] * factor
        if alive[i]:
            sums[sector[i]] += out[i]
    return sums


@njit(cache=True, nogil=True)
def _profits(
    key: np.ndarray,
    alive: np.ndarray,
    sector: np.ndarray,
    normal: np.ndarray,
    margin: np.ndarray,
    novelty: np.ndarray,
    productivity: np.ndarray,
    plant_sales: np.ndarray,
    cost_shift: np.ndarray,
    revenue: np.ndarray,
    rd_real: np.ndarray,
    rd_aided: np.ndarray,
    rd_intensity: np.ndarray,
    profit: np.ndarray,
    loss_pool: np.ndarray,
    keep: float,
    noise: float,
    novelty_margin: float,
    productivity_margin: float,
    kept: float,
    address: np.uint64,
) -> np.ndarray:
    """Move margins, set profits and pools of losses, (n,) each; return what profit is left to tax, (n,) CNY."""
    base = np.zeros(key.shape[0])
    for i in range(key.shape[0]):
        usual = normal[sector[i]]
        margin[i] = usual + keep * (margin[i] - usual) + noise * normal_at(address, key[i])
        if plant_sales[i] > 0.0:  # plants' prices and costs, productivity in them, stand in the shift
            m = usual
        else:
            m = margin[i] + novelty_margin * novelty[i] + productivity_margin * min(max(productivity[i], -1.0), 1.0)
        m += cost_shift[i]
        # grants have paid for what they made; the firm's profit bears the rest beyond its usual R&D
        extra = max(rd_real[i] - rd_aided[i] - rd_intensity[i] * revenue[i], 0.0)
        profit[i] = m * revenue[i] - extra if alive[i] else 0.0
        gain = max(profit[i], 0.0)
        used = min(loss_pool[i], gain)
        loss_pool[i] = (loss_pool[i] - used) * kept + max(-profit[i], 0.0)
        if alive[i]:
            base[i] = gain - used
    return base


def _profit_and_tax(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Work out profit, set off losses, apply the tax rate and its relief, and move cash."""
    f, rules = world.firms, world.rules
    base = _profits(
        f.key,
        f.alive,
        f.sector,
        world.region.sector("profit_margin"),
        f.margin,
        f.novelty,
        f.productivity,
        f.plant_sales,
        f.cost_shift,
        f.revenue,
        f.rd_real,
        f.rd_aided,
        f.rd_intensity,
        f.profit,
        f.loss_pool,
        p.margin_persistence,
        p.margin_noise,
        p.novelty_margin,
        p.productivity_margin,
        1.0 - 1.0 / max(rules["loss_carry_years"], 1.0),
        luck.address("margin"),
    )
    small = small_low_profit(rules, base, f.staff)
    certified = (f.hnte_until >= world.year) & ~small
    rate = np.where(small, rules["small_profit_effective_rate"], rules["corporate_tax"])
    due = rate * base
    whole = base
    base = _deduct(world, terms, base, np.where(certified, rules["hnte_tax"], rate))
    cut = np.where(certified, rules["corporate_tax"] - rules["hnte_tax"], 0.0)
    # the deduction saves at the lower rate what is deducted, so the cut of the rate is worth it on the whole
    terms.national_relief("firms", cut * whole, "firms")
    if terms.offered("hnte_tax"):
        terms.relieve("hnte_tax", np.where(certified, np.minimum(terms.column("hnte_tax"), rate - cut) * base, 0.0))
    _pay(
        f.alive,
        f.revenue,
        f.profit,
        due,
        f.tax_relief,
        f.policy_income,
        f.tax,
        f.cash,
        1.0 - p.payout,
        p.cash_most,
    )


@njit(cache=True, nogil=True)
def _pay(
    alive: np.ndarray,
    revenue: np.ndarray,
    profit: np.ndarray,
    due: np.ndarray,
    relief: np.ndarray,
    policy_income: np.ndarray,
    tax: np.ndarray,
    cash: np.ndarray,
    stays: float,
    most: float,
) -> None:
    """Let firms pay tax, pay out profit and keep the rest as cash, up to ``most`` of their revenue."""
    for i in range(alive.shape[0]):
        tax[i] = max(due[i] - relief[i], 0.0)
        flow = (profit[i] - tax[i]) * (stays if profit[i] > 0.0 else 1.0)
        if alive[i]:
            cash[i] = min(cash[i] + flow + policy_income[i], most * revenue[i] + policy_income[i])
        else:
            cash[i] = 0.0


@njit(cache=True, nogil=True)
def _deductions(
    claims: np.ndarray,
    rd: np.ndarray,
    induced: np.ndarray,
    offered: np.ndarray,
    law: np.ndarray,
    rate: np.ndarray,
    base: np.ndarray,
    loss_pool: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the profit left to tax, and the tax forgone by law, for guidance and by what is offered, (n,) CNY each."""
    n = claims.shape[0]
    left = np.empty(n)
    by_law, guided, beyond = np.zeros(n), np.zeros(n), np.zeros(n)
    for i in range(n):
        left[i] = base[i]
        if not claims[i]:
            continue
        most = max(offered[i], law[i])
        due = most * rd[i]
        deducted = min(due, base[i])
        loss_pool[i] += due - deducted  # what profit does not cover is carried like a loss
        forgone = rate[i] * deducted
        legal = forgone * law[i] / max(most, 1e-12)
        if induced[i]:
            guided[i] = legal
        else:
            by_law[i] = legal
        beyond[i] = forgone - legal
        left[i] = base[i] - deducted
    return left, by_law, guided, beyond


def _deduct(world: World, terms: Terms, base: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Deduct R&D beyond its cost from taxable profit, (n,) CNY, and bill the tax that it forgoes.

    The law's part is the nation's, unless guidance brought the firm to claim; the rest is whose rule it is.
    """
    f = world.firms
    law, offered = super_deduction(world.rules, f.technology_sme), terms.column("deduction_rate")
    left, by_law, guided, beyond = _deductions(
        f.alive & f.claims, f.rd_reported, f.claim_induced, offered, law, rate, base, f.loss_pool
    )
    terms.national_relief("firms", by_law, "firms")
    terms.relieve("claim_cost", guided)
    terms.relieve("deduction_rate", beyond)
    return left


MECHANISM = Mechanism("market", Label("Market", "市场"), Parameters, step)
