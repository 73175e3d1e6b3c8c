"""Products: pharmaceutical projects begin, advance through their stages or fail, launch, sell and are upgraded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.products_kernels import (
    BROUGHT_UP,
    DISCOVERY,
    MARKET,
    PHASE_2,
    PHASE_3,
    PRECLINICAL,
    REVIEW,
    AdvanceLuck,
    BeginLuck,
    Beginning,
    Firms,
    Means,
    Products,
    Selling,
    advance,
    begin,
    born,
    owners,
    sell,
    solved,
    taken_in,
)
from simulator.world.world import World

__all__ = ["BIG_SELLER", "BROUGHT_UP", "MECHANISM", "Parameters", "step"]
__all__ += ["DISCOVERY", "MARKET", "PHASE_2", "PHASE_3", "PRECLINICAL", "REVIEW"]

BIG_SELLER = 1.0e8  # CNY a year, from which the plan calls a product a big seller; nominal, as the plan has it


@dataclass(frozen=True)
class Parameters:
    """How long stages last, how many pass, and what sells."""

    start: float = parameter(
        0.6,
        unit="projects / innovation",
        prior=Range(0.25, 1.5, "log"),
        source="assumed",
        doc="new projects per innovation of a pharmaceutical firm",
    )
    generic: float = parameter(
        0.60,
        unit="1",
        prior=Range(0.4, 0.8, "logit"),
        source="assumed",
        doc="share of new projects that are generics or new forms of known drugs",
    )
    start_public: float = parameter(
        0.1,
        unit="projects / result",
        prior=Range(0.02, 0.4, "log"),
        source="assumed",
        doc="new projects per usable result of a university or institute in the field",
    )
    attracted: float = parameter(
        3.0,
        unit="projects / firm",
        prior=Range(1.0, 6.0, "log"),
        source="assumed",
        doc="projects that a pharmaceutical firm drawn in from elsewhere brings",
    )
    platform_start: float = parameter(
        0.1,
        unit="1",
        prior=Range(0.0, 0.4),
        source="assumed",
        doc="more new projects where innovation platforms support the whole sector",
    )
    platform_speed: float = parameter(
        0.2,
        unit="1",
        prior=Range(0.0, 0.6),
        source="assumed",
        doc="faster discovery and preclinical work there",
    )
    early_years: float = parameter(
        2.0,
        unit="years",
        prior=Range(1.2, 3.0, "log"),
        source="obs:global/drug_total_development_time/2011",
        doc="mean time in discovery and in preclinical work each",
    )
    phase_1_years: float = parameter(
        1.5,
        unit="years",
        prior=Range(1.0, 2.2, "log"),
        source="obs:global/drug_stage_length_phase1/undated_c2012",
        doc="mean time in phase 1",
    )
    late_years: float = parameter(
        2.5,
        unit="years",
        prior=Range(1.8, 3.4, "log"),
        source="obs:global/drug_stage_length_phase2/undated_c2012",
        doc="mean time in phases 2 and 3 each",
    )
    review_new: float = parameter(
        1.25,
        unit="years",
        prior=Range(0.8, 2.0, "log"),
        source="obs:china/new_drug_marketing_application_review_waiting/2013",
        doc="time in review, new drugs (12-14 months of waiting in 2012-13)",
    )
    review_generic: float = parameter(
        2.6,
        unit="years",
        prior=Range(1.5, 3.6, "log"),
        source="obs:china/generic_and_reformulation_review_waiting/2013",
        doc="time in review, generics (24-34 months of waiting in 2012-13)",
    )
    queue_new: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.1, 0.8, "logit"),
        source="obs:china/oncology_new_drug_review_length_median/2018-2021",
        doc="part of the fall of the national queue by which review of new drugs becomes shorter (17 to 12.5 months, "
        "while 63 % of the queue went)",
    )
    queue_generic: float = parameter(
        0.8, unit="1", prior=Range(0.3, 0.98, "logit"), source="assumed", doc="the same for generics"
    )
    early_pass: float = parameter(
        0.55,
        unit="1",
        prior=Range(0.35, 0.75, "logit"),
        source="assumed",
        doc="pass of discovery and of preclinical work each",
    )
    pass_1: float = parameter(
        0.63,
        unit="1",
        prior=Range(0.54, 0.70, "logit"),
        source="obs:global/drug_success_prob_phase1/2006-2015",
        doc="pass of phase 1",
    )
    pass_2: float = parameter(
        0.31,
        unit="1",
        prior=Range(0.25, 0.40, "logit"),
        source="obs:global/drug_success_prob_phase2/2006-2015",
        doc="pass of phase 2",
    )
    pass_3: float = parameter(
        0.58,
        unit="1",
        prior=Range(0.50, 0.72, "logit"),
        source="obs:global/drug_success_prob_phase3/2006-2015",
        doc="pass of phase 3",
    )
    pass_review: float = parameter(
        0.85,
        unit="1",
        prior=Range(0.78, 0.91, "logit"),
        source="obs:global/drug_success_prob_regulatory_review/2006-2015",
        doc="pass of review",
    )
    pass_generic: float = parameter(
        0.35,
        unit="factor",
        prior=Range(0.10, 0.70, "logit"),
        source="assumed",
        doc="pass of review by generics over that by new drugs: 206 drugs were approved in the nation in 2016, of "
        "thousands of applications",
    )
    trial_cost: float = parameter(
        6.0e6,
        unit="CNY / year",
        prior=Range(2.0e6, 2.0e7, "log"),
        source="assumed",
        doc="yearly cost of a project in phase 2 or 3, at the start's prices; it is part of the owner's R&D",
    )
    cash_share: float = parameter(
        0.3,
        unit="1 / year",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="part of liquid funds and of a fund's stake that a firm may put into trials in a year, beside its R&D",
    )
    licence: float = parameter(
        0.25,
        unit="1 / year",
        prior=Range(0.1, 0.5, "logit"),
        source="assumed",
        doc="chance that a project in phase 2 or 3 whose owner cannot carry it is licensed out; else it waits",
    )
    licence_local: float = parameter(
        0.35,
        unit="1",
        prior=Range(0.1, 0.7, "logit"),
        source="assumed",
        doc="share of projects given away by institutes and weak owners that go to able firms of the city",
    )
    upgrade: float = parameter(
        0.05,
        unit="1 / innovation",
        prior=Range(0.01, 0.15, "log"),
        source="assumed",
        doc="chance that an innovation upgrades its firm's best-selling product",
    )
    upgrade_gain: float = parameter(
        0.2,
        unit="1",
        prior=Range(0.0, 0.5),
        source="assumed",
        doc="rise of a product's sales that an upgrade makes possible, over those before",
    )
    upgrade_rest: float = parameter(
        3.0, unit="years", prior=Range(1.0, 6.0, "log"), source="assumed", doc="least time between two upgrades"
    )
    launch_most: float = parameter(
        0.5,
        unit="1 / year",
        prior=Range(0.25, 1.0, "log"),
        source="assumed",
        doc="most that new products can add to an owner's sales in a year: plant and sales force must follow",
    )
    key_technology: float = parameter(
        0.04,
        unit="1",
        prior=Range(0.01, 0.12, "log"),
        source="assumed",
        doc="share of innovations whose worth makes them a key or common technology: those above 16 times the median, "
        "where worth is spread as harhoff_value has it",
    )
    peak_sales: float = parameter(
        2.0e7,
        unit="CNY / year",
        prior=Range(6.0e6, 5.0e7, "log"),
        source="assumed",
        doc="median sales at the peak, at the start's prices",
    )
    sales_spread: float = parameter(
        1.4,
        unit="log points",
        prior=Range(1.0, 2.0, "log"),
        source="harhoff_value",
        doc="spread of peak sales: lognormal",
    )
    climb: float = parameter(
        0.35,
        unit="1 / year",
        prior=Range(0.2, 0.55, "logit"),
        source="assumed",
        doc="part of the way to the peak gone each year",
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Advance, fail and launch products; upgrade old ones; begin new ones; say what launches add to owners' sales."""
    pharma = world.region.sectors.index("pharma")
    world.firms.product_gain[:] = 0.0
    rows = np.flatnonzero(world.firms.alive & (world.firms.sector == pharma))
    f = Firms._make([getattr(world.firms, name) for name in Firms._fields])
    if len(world.products):
        _carry_on(world, p, luck, pharma, f, rows)
    if rows.size:
        _begin(world, p, luck, pharma, f, rows)
    _count(world, p, luck, pharma, f, rows)


def _supported(world: World, pharma: int) -> float:
    return float(world.sectors.platform_support[pharma])


def _begin(world: World, p: Parameters, luck: Luck, pharma: int, f: Firms, rows: np.ndarray) -> None:
    """Begin projects: from firms' innovations, from institutes' results, and those that attracted firms bring."""
    u = world.universities
    lift = 1.0 + p.platform_start * _supported(world, pharma)
    beginning = Beginning(p.start * lift, p.start_public * lift, p.attracted, p.generic, p.peak_sales, p.sales_spread)
    addresses = BeginLuck(
        luck.address("begin"),
        luck.address("brought"),
        luck.address("generic"),
        luck.address("brought at"),
        luck.address("peak"),
    )
    fields = world.region.university_fields
    key, owner, generic, stage, peak = begin(
        f, rows, u.key, u.alive, u.results, fields, pharma, world.year, world.luck_year, beginning, addresses
    )
    world.products.arrive(key.size, key=key, owner=owner, generic=generic, stage=stage, peak_sales=peak)


def _count(world: World, p: Parameters, luck: Luck, pharma: int, f: Firms, rows: np.ndarray) -> None:
    """Count what the plan counts from its start on: technologies solved, and new small firms in the trade.

    Key and common technologies are the most valuable innovations of firms that work with others or a body; firms are
    new that incubators took in, researchers founded, or that moved here.
    """
    st, since, coin = world.state, world.since_plan(), luck.address("since the plan")
    if since <= 0.0:
        return
    st.technologies_solved += solved(
        f,
        rows,
        _supported(world, pharma),
        p.key_technology,
        since,
        world.luck_year,
        luck.address("works with a platform"),
        luck.address("key technology"),
        coin,
    )
    st.pharma_smes_new += taken_in(f, rows, since, coin)
    if world.firms.waiting():
        key, sector, staff, origin = (world.firms.queued(name) for name in ("key", "sector", "staff", "origin"))
        st.pharma_smes_new += born(key, sector, staff, origin, pharma, since, coin)


def _carry_on(world: World, p: Parameters, luck: Luck, pharma: int, f: Firms, rows: np.ndarray) -> None:
    """Let projects advance, fail or be handed over, and products be upgraded and sold."""
    st, u, since, coin = world.state, world.universities, world.since_plan(), luck.address("since the plan")
    products = Products._make([getattr(world.products, name) for name in Products._fields])
    at = owners(rows, f.key, u.key, u.alive, products.owner)
    mean, passes = _stages(world, p, pharma)
    means = Means(p.trial_cost * st.deflator, p.cash_share, p.licence, p.licence_local)
    addresses = AdvanceLuck(
        luck.address("done"),
        luck.address("passes"),
        luck.address("licensed"),
        luck.address("licensed here"),
        luck.address("licensee"),
        coin,
    )
    st.own_ip_products += advance(products, f, rows, at, mean, passes, means, since, addresses)
    if rows.size == 0:
        return
    selling = Selling(p.upgrade, p.upgrade_gain, p.upgrade_rest, p.launch_most, p.climb)
    st.product_upgrades += sell(
        products,
        f,
        rows,
        at,
        world.year,
        st.deflator,
        BIG_SELLER,
        world.region.plan_start,
        since,
        selling,
        luck.address("upgrade"),
        coin,
    )


def _stages(world: World, p: Parameters, pharma: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for each product (m,) the mean length of its stage in years and the chance to pass it."""
    products = world.products
    early = p.early_years / (1.0 + p.platform_speed * _supported(world, pharma))
    gone = 1.0 - world.rules["drug_review_queue"]
    new, generic = p.review_new * (1.0 - p.queue_new * gone), p.review_generic * (1.0 - p.queue_generic * gone)
    length = np.array([early, early, p.phase_1_years, p.late_years, p.late_years, new, np.inf, generic])
    review = p.pass_review
    passes = np.array([p.early_pass, p.early_pass, p.pass_1, p.pass_2, p.pass_3, review, 1.0, p.pass_generic * review])
    of = np.where(products.generic & (products.stage == REVIEW), passes.size - 1, products.stage)
    return length[of], passes[of]


MECHANISM = Mechanism("products", Label("Products", "医药产品"), Parameters, step)
