"""Products: pharmaceutical projects begin, advance through their stages or fail, launch, sell and are upgraded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, child_keys, poisson_quantile
from simulator.core.parameters import Range, parameter
from simulator.core.population import rows_of
from simulator.core.terms import Terms
from simulator.world.agents import ATTRACTED_FIRM, UNIVERSITY_FOUNDED
from simulator.world.births import ranks_within
from simulator.world.rules import TECHNOLOGY_SME_STAFF
from simulator.world.world import World

DISCOVERY, PRECLINICAL, PHASE_1, PHASE_2, PHASE_3, REVIEW, MARKET = range(7)
BIG_SELLER = 1.0e8  # CNY a year, from which the plan calls a product a big seller; nominal, as the plan has it
BROUGHT_UP = (UNIVERSITY_FOUNDED, ATTRACTED_FIRM)  # origins of firms that count as incubated or drawn in from birth


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
    f = world.firms
    pharma = world.region.sectors.index("pharma")
    f.product_gain[:] = 0.0
    rows = np.flatnonzero(f.alive & (f.sector == pharma))
    if len(world.products):
        owner = _owners(world, rows)
        _advance(world, p, luck, pharma, rows, owner)
        if rows.size:
            _upgrade(world, p, luck, owner)
            _sell(world, p, owner)
    if rows.size:
        _begin(world, p, luck, rows, pharma)
        _solve(world, p, luck, rows, pharma)
    _count_new_firms(world, luck, pharma, rows)


def _supported(world: World, pharma: int) -> float:
    return float(world.sectors.platform_support[pharma])


def _since_plan(world: World, luck: Luck, keys: np.ndarray) -> np.ndarray:
    """Return which of (m,) events of this year come after the plan's start, a coin each in the year it begins."""
    return luck.uniform(keys, "since the plan") < world.since_plan()


# ---- beginning --------------------------------------------------------------------------------------


def _begin(world: World, p: Parameters, luck: Luck, rows: np.ndarray, pharma: int) -> None:
    """Begin projects: from firms' innovations, from institutes' results, and those that attracted firms bring."""
    f, u, year = world.firms, world.universities, world.year
    lift = 1.0 + p.platform_start * _supported(world, pharma)
    own = np.floor(p.start * lift * f.innovations[rows] + luck.uniform(f.key[rows], "begin"))
    came = rows[(f.origin[rows] == ATTRACTED_FIRM) & (f.settled[rows] == year - 1)]
    brought = [poisson_quantile(p.attracted, float(v)) for v in luck.uniform(f.key[came], "brought")]
    field = world.region.university_fields
    share = field[:, pharma] / np.maximum(field.sum(axis=1), 1e-12)
    known = np.flatnonzero(u.alive[: share.size])  # the field of later institutes is not known by sector
    public = np.floor(p.start_public * lift * u.results[known] * share[known] + luck.uniform(u.key[known], "begin"))
    owner = np.concatenate([f.key[rows], f.key[came], u.key[known]])
    count = np.concatenate([own, brought, public]).astype(int)
    first = np.repeat([500, 700, 500], [rows.size, came.size, known.size])  # ranks of one owner never meet
    keys = child_keys(np.repeat(owner, count), ranks_within(count) + np.repeat(first, count), world.luck_year)
    generic = luck.uniform(keys, "generic") < p.generic
    with_firm = np.repeat(first == 700, count)
    # what a newcomer brings is on its way already: as far as the first clinical phase
    stage = np.where(with_firm, np.floor(3.0 * luck.uniform(keys, "brought at")), DISCOVERY)
    world.products.arrive(
        keys.size,
        key=keys,
        owner=np.repeat(owner, count),
        generic=generic,
        stage=np.where(generic, PRECLINICAL, stage),
        peak_sales=p.peak_sales * np.exp(p.sales_spread * luck.normal(keys, "peak")),
    )


def _solve(world: World, p: Parameters, luck: Luck, rows: np.ndarray, pharma: int) -> None:
    """Count key and common technologies: the most valuable innovations of firms that work with others or a body."""
    f = world.firms
    shared = (luck.uniform(f.key[rows], "works with a platform") < _supported(world, pharma)) | (f.alliance[rows] >= 0)
    able = rows[(f.has_institution[rows] | shared) & (f.innovations[rows] > 0)]
    count = f.innovations[able].astype(int)
    keys = child_keys(np.repeat(f.key[able], count), ranks_within(count) + 900, world.luck_year)
    solved = luck.uniform(keys, "key technology") < p.key_technology
    world.state.technologies_solved += float((solved & _since_plan(world, luck, keys)).sum())


def _count_new_firms(world: World, luck: Luck, pharma: int, rows: np.ndarray) -> None:
    """Count the year's biomedical technology SMEs that incubators took in, researchers founded, or that moved here."""
    f = world.firms
    if world.since_plan() <= 0.0:
        return
    placed = rows[(f.incubator[rows] >= 0) & (f.incubated[rows] == 0) & (f.staff[rows] <= TECHNOLOGY_SME_STAFF)]
    keys = [f.key[placed[~_brought_up(f.origin[placed])]]]
    if f.waiting():
        new = np.flatnonzero((f.queued("sector") == pharma) & (f.queued("staff") <= TECHNOLOGY_SME_STAFF))
        new = new[_brought_up(f.queued("origin")[new])]
        keys.append(f.queued("key")[new].astype(np.uint64))
    world.state.pharma_smes_new += float(_since_plan(world, luck, np.concatenate(keys)).sum())


def _brought_up(origin: np.ndarray) -> np.ndarray:
    """Return which origins (m,) are those of firms that count as incubated or drawn in from birth."""
    return np.asarray((origin == BROUGHT_UP[0]) | (origin == BROUGHT_UP[1]))


def _owners(world: World, rows: np.ndarray) -> np.ndarray:
    """Return who owns each product, (m,): the row of a firm, or len(firms) and more for universities; -1 nobody.

    A firm that closed owns nothing any more. ``rows`` are the living pharmaceutical firms, who own most.
    """
    f, u, owner = world.firms, world.universities, world.products.owner
    place = rows_of(f.key[rows], owner)
    row = np.where(place >= 0, rows[place] if rows.size else -1, -1)
    other = np.flatnonzero(row < 0)
    place = rows_of(u.key, owner[other])
    row[other] = np.where((place >= 0) & u.alive[place], len(f) + place, -1)
    return row


# ---- advancing --------------------------------------------------------------------------------------


def _advance(world: World, p: Parameters, luck: Luck, pharma: int, rows: np.ndarray, row: np.ndarray) -> None:
    """Let stages end and be passed or failed; hand over what its owner does not or cannot carry on.

    ``row`` (m,) are the products' owners as ``_owners`` has them, ``rows`` the pharmaceutical firms.
    """
    f, products, st = world.firms, world.products, world.state
    products.alive &= row >= 0  # a product ends with its owner
    mean, passes = _stages(world, p, pharma)
    products.years += 1.0
    ready = products.alive & (products.stage < MARKET)
    held = _hand_over(world, p, luck, row, ready, rows)
    done = ready & products.alive & ~held & (luck.uniform(products.key, "done") < 1.0 - np.exp(-1.0 / mean))
    fails = done & (luck.uniform(products.key, "passes") >= passes)
    products.alive[fails] = False
    moves = done & ~fails
    # institutes do not run trials: what leaves their laboratories is licensed, here or elsewhere
    given = np.flatnonzero(moves & (row >= len(f)) & (products.stage == PRECLINICAL))
    _license(world, p, luck, given, row, rows, np.where(f.does_rd[rows], f.rd_real[rows], 0.0))
    moves &= products.alive
    clinical = moves & ~products.generic & (products.stage == PRECLINICAL)
    st.own_ip_products += float(_since_plan(world, luck, products.key[clinical]).sum())
    # a generic goes from preclinical work (bioequivalence) straight to review
    jump = moves & products.generic & (products.stage < REVIEW)
    products.stage[moves & ~jump] += 1
    products.stage[jump] = REVIEW
    products.years[moves] = 0.0


def _stages(world: World, p: Parameters, pharma: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for each product (m,) the mean length of its stage in years and the chance to pass it."""
    products = world.products
    early = p.early_years / (1.0 + p.platform_speed * _supported(world, pharma))
    gone = 1.0 - world.rules["drug_review_queue"]
    new, generic = p.review_new * (1.0 - p.queue_new * gone), p.review_generic * (1.0 - p.queue_generic * gone)
    length = np.array([early, early, p.phase_1_years, p.late_years, p.late_years, new, np.inf])
    passes = np.array([p.early_pass, p.early_pass, p.pass_1, p.pass_2, p.pass_3, p.pass_review, 1.0])
    in_review = products.generic & (products.stage == REVIEW)
    return (
        np.where(in_review, generic, length[products.stage]),
        np.where(in_review, p.pass_generic * p.pass_review, passes[products.stage]),
    )


def _able(world: World, p: Parameters, rows: np.ndarray) -> np.ndarray:
    """Return how many projects in trials each of the firms (m,) could pay for this year."""
    f = world.firms
    means = f.rd_real[rows] + p.cash_share * (
        np.maximum(f.cash[rows], 0.0) + np.where(f.fund[rows] >= 0, f.stake[rows], 0.0)
    )
    return np.asarray(np.floor(means / (p.trial_cost * world.state.deflator)))


def _hand_over(
    world: World, p: Parameters, luck: Luck, row: np.ndarray, ready: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Return which products (m,) wait because their owner cannot pay for trials; some of these are licensed out.

    ``row`` (m,) are their owners, ``rows`` the pharmaceutical firms of the city.
    """
    f, products = world.firms, world.products
    held = np.zeros(len(products), bool)
    late = np.flatnonzero(ready & ((products.stage == PHASE_2) | (products.stage == PHASE_3)) & (row < len(f)))
    if late.size == 0:
        return held
    # an owner carries its furthest projects first
    order = late[np.lexsort((products.key[late], -products.stage[late], row[late]))]
    rank = np.arange(order.size) - np.searchsorted(row[order], row[order])
    weak = order[rank >= _able(world, p, row[order])]
    held[weak] = True
    given = weak[luck.uniform(products.key[weak], "licensed") < p.licence]
    if given.size:
        room = np.maximum(_able(world, p, rows) - np.bincount(row[late], minlength=len(f))[rows], 0.0)
        _license(world, p, luck, given, row, rows, room)
    return held


def _license(
    world: World,
    p: Parameters,
    luck: Luck,
    given: np.ndarray,
    row: np.ndarray,
    rows: np.ndarray,
    weight: np.ndarray,
) -> None:
    """Give products (rows) to firms ``rows`` by ``weight`` (both (m,)), or to firms elsewhere: those leave the city.

    ``row`` are the owners of all products, kept up to date here.
    """
    if given.size == 0:
        return
    products, total = world.products, np.cumsum(weight)
    whole = float(total[-1]) if total.size else 0.0
    here = luck.uniform(products.key[given], "licensed here") < (p.licence_local if whole > 0.0 else 0.0)
    if here.any():
        pick = np.searchsorted(total, luck.uniform(products.key[given[here]], "licensee") * whole, side="right")
        row[given[here]] = rows[np.minimum(pick, total.size - 1)]
        products.owner[given[here]] = world.firms.key[row[given[here]]]
    products.alive[given[~here]] = False


# ---- selling ----------------------------------------------------------------------------------------


def _upgrade(world: World, p: Parameters, luck: Luck, row: np.ndarray) -> None:
    """Let innovating firms upgrade their best-selling product, which can then sell more; ``row`` (m,) are owners."""
    f, products, st, year = world.firms, world.products, world.state, world.year
    sold = np.flatnonzero(products.alive & (products.stage == MARKET) & (products.sales > 0.0) & (row < len(f)))
    owner = row[sold]
    order = np.lexsort((products.key[sold], -products.sales[sold], owner))
    _, first = np.unique(owner[order], return_index=True)
    best, owner = sold[order[first]], owner[order[first]]
    rested = (products.upgraded[best] == 0) | (year - products.upgraded[best] >= p.upgrade_rest)
    chance = 1.0 - max(1.0 - p.upgrade, 0.0) ** f.innovations[owner]
    done = best[rested & f.alive[owner] & (luck.uniform(f.key[owner], "upgrade") < chance)]
    real = products.sales[done] / st.deflator
    old = np.maximum(products.peak_sales[done], real)
    products.peak_sales[done] = old + p.upgrade_gain * real
    products.reached[done] *= old / products.peak_sales[done]
    big = done[(products.sales[done] >= BIG_SELLER) & (products.upgraded[done] < world.region.plan_start)]
    counted = _since_plan(world, luck, products.key[big])
    st.product_upgrades += float(counted.sum())
    products.upgraded[done] = year


def _sell(world: World, p: Parameters, row: np.ndarray) -> None:
    """Move products towards their peak and put what that adds into their owners' (m,) ``product_gain``."""
    f, products = world.firms, world.products
    sold = np.flatnonzero(products.alive & (products.stage == MARKET) & (row < len(f)))
    row = row[sold]
    way = p.climb * (1.0 - products.reached[sold])
    adds = way * products.peak_sales[sold] * world.state.deflator
    whole = np.bincount(row, adds, len(f))
    part = np.minimum(1.0, p.launch_most * f.revenue[row] / np.maximum(whole[row], 1.0))
    products.sales[sold] += part * adds
    products.reached[sold] += part * way
    products.sales[~products.alive] = 0.0
    f.product_gain[:] = np.bincount(row, part * adds, len(f))


MECHANISM = Mechanism("products", Label("Products", "医药产品"), Parameters, step)
