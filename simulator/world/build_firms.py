"""Draw the firms that stand at the start: classes with exact margins, sales, R&D, patents, status, places.

The constants are the state at the start, not behaviour: weights in a ranking whose count is given, spreads around
a total that is given, and what no statistic of the time tells (``assumed`` unless said otherwise).
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from simulator.core.luck import Luck
from simulator.world.agents import LAGS, MAKER_SPACE, Firms
from simulator.world.build_kernels import Drawn, Named, best_of_groups, fit_staff, place_named, share_sales
from simulator.world.drawing import exact_labels, highest, keys_of, lowest_within, pareto_between, share_out
from simulator.world.region import Region
from simulator.world.rules import hnte_threshold
from simulator.world.space import scatter
from simulator.world.world import World

CLASSES = ("above_scale", "tech_sme")
OWNERSHIP = ("private", "state", "foreign")
START_TAIL = 1.05  # Pareto exponent of staff within a size class (axtell2001, about 1)
AGE_BY_SIZE = 0.35  # larger firms tend to be older: weight of size in the ranking by age
STATE_BY_SIZE = 0.5  # and state-owned or foreign: weight of size in the ranking by ownership
BENDS = (0.02, 50.0)  # powers to which staff may be bent inside its class
TECH_SPREAD = 0.45  # log points, firms' technology around their sector's
# Sales and balance sheet
REVENUE_SPREAD = 0.7  # log points, sales per person between firms
BELOW_SCALE = 0.95  # most sales of a firm below scale, over the threshold
SALES_OVER_WAGES = 4.5  # sales of a small technology firm over its wage bill
PAST_GROWTH, PAST_GROWTH_SPREAD = 0.10, 0.10  # log points a year before the start
MARGIN_SPREAD = 0.05  # profit margins around the sector's
CASH, CASH_SPREAD, CASH_LEAST = 0.08, 0.05, 0.02  # liquid funds over yearly sales
DEBT, DEBT_SPREAD = 0.25, 0.15  # debt over yearly sales
HIGHTECH_BY_QUALITY, HIGHTECH_SPREAD = 0.30, 0.25  # share of high-tech sales around the sector's
# R&D
RD_BY_SIZE, RD_NOISE = 0.8, 0.8  # who does R&D: log sales and luck against quality; how many is given
RD_HIGHTECH = 0.10  # more high-tech revenue of firms that do R&D: they sell what comes of it
INTENSITY_SPREAD = 0.7  # log points, R&D over sales between performers of a sector
INTENSITY_BY_SIZE = 0.12  # fall of that intensity with sales: giants do not hold all R&D (cohen_levin_mowery1987)
SMALL_INTENSITY = 1.6  # intensity of small technology firms over their sector's
INTENSITY_RANGE = (0.0005, 0.30)
RD_YEARS = 8.0  # longest run of R&D behind a performer
KNOWLEDGE_YEARS = 4.0  # knowledge over yearly R&D in a steady state: 1 / (depreciation 0.15 + growth 0.10)
KNOWLEDGE_OF_STAFF = 2.0e4  # CNY per root of staff, knowledge without R&D
RD_PER_HEAD = 4.0e5  # CNY a year of R&D per full-time person, the first year works it out anew
INSTITUTION_SIZE, INSTITUTION_SHARE = 5.0e7, 0.5  # sales (CNY / year) from which half of performers have an institution
INSTITUTION_SURE = 2.0e9  # CNY / year of sales from which every firm with R&D has an institution of its own
# Patents
PATENTS_BY_KNOWLEDGE = 0.6  # elasticity of the stock, and of what waits, to knowledge
PATENTS_SPREAD, WAITING_SPREAD = 1.2, 0.8  # log points between firms of equal knowledge
FILED_BEFORE = 0.8  # applications of a year over those of the next
UNDECIDED = (1.0, 0.9, 0.45)  # part of a year's applications still waiting, by years waited
# Status, technology trade, ties
STATUS_BY_HIGHTECH, STATUS_BY_SIZE, STATUS_NOISE = 0.3, 0.20, 0.4  # who is certified, beside R&D over the threshold
REPORTED_ABOVE = 1.02  # reported R&D of the certified over the threshold, at least
KNOWN_AT_START = 0.15  # R&D firms that know of HNTE status without holding it
SALES_SPREAD, SALES_MOST = 0.6, 0.6  # technology over all sales: log points around the sector's, and the most
REGISTERS_BY_RD = 0.15  # R&D firms come earlier in the ranking of who registers contracts
LINKED, LINK = 0.12, 0.7  # share of R&D firms with a working tie to a university, and its strength


class Margins(NamedTuple):
    """What a region says of one class of firms before any luck; nobody may write to it."""

    key: np.ndarray  # (n,)
    counts: dict[str, list[int]]  # firms by level of a margin
    staff: np.ndarray  # (2, k) bounds of the classes of staff, the upper one not in it
    age: np.ndarray  # (2, k) the same for years of age
    owners: np.ndarray  # codes of ownership that its margin has


_KNOWN: WeakKeyDictionary[Region, tuple[list[Margins], Named]] = WeakKeyDictionary()


def _known(region: Region) -> tuple[list[Margins], Named]:
    """Return the margins of both classes and the named firms of a region, read once as long as it lives."""
    if region not in _KNOWN:
        _KNOWN[region] = [_margins(region, name) for name in CLASSES], _named(region)
    return _KNOWN[region]


def _margins(region: Region, name: str) -> Margins:
    levels = {m: region.margin(name, m) for m in ("sector", "size", "age", "district", "ownership")}
    owners = [o for o in OWNERSHIP if o in levels["ownership"]]
    key = keys_of(f"{region.id} {name}", sum(levels["sector"].values()))
    key.flags.writeable = False
    return Margins(
        key,
        {
            "sector": [levels["sector"].get(s, 0) for s in region.sectors],
            "district": [levels["district"].get(d, 0) for d in region.districts],
            "ownership": [levels["ownership"][o] for o in owners],
            "size": list(levels["size"].values()),
            "age": list(levels["age"].values()),
        },
        np.array([_levels(k) for k in levels["size"]]).T.copy(),
        np.array([_levels(k) for k in levels["age"]]).T.copy(),
        np.array([OWNERSHIP.index(o) for o in owners], np.int8),
    )


def _named(region: Region) -> Named:
    def of(what: str, dtype: type) -> np.ndarray:
        return np.array([float(anchor.get(what, 0) or 0) for anchor in region.anchors]).astype(dtype)

    return Named(
        *(of(what, np.int64) for what in ("sector", "district", "ownership", "founded")),
        *(of(what, np.float64) for what in ("staff", "revenue", "rd", "patents")),
    )


def _levels(text: str) -> tuple[float, float]:
    low, high = text.split("-")
    return float(low), float(high) + 1.0


def _first(score: np.ndarray, count: int) -> np.ndarray:
    """Return the rows of the ``count`` highest scores (n,), the highest first and ties by row."""
    rows = highest(score, count)
    return rows[np.argsort(-score[rows], kind="stable")]


def _draw_class(region: Region, luck: Luck, name: str, margins: Margins, c: Drawn) -> None:
    """Draw sector, size, age, district, ownership and staff of one class of firms with exact margins."""

    def z(what: str) -> np.ndarray:
        return luck.normal(margins.key, f"{name} {what}")

    counts, size_score = margins.counts, z("size")
    c.size[:] = exact_labels(size_score, counts["size"])
    # larger firms tend to be older, and state-owned
    c.age[:] = exact_labels(AGE_BY_SIZE * size_score + z("age"), counts["age"])
    c.ownership[:] = margins.owners[exact_labels(STATE_BY_SIZE * size_score + z("ownership"), counts["ownership"])]
    c.sector[:] = exact_labels(z("sector"), counts["sector"])
    c.district[:] = exact_labels(z("district"), counts["district"])
    low, high = (bound[c.size] for bound in margins.staff)
    c.staff[:] = np.floor(pareto_between(luck.uniform(margins.key, f"{name} staff"), low, high, START_TAIL))
    youngest, oldest = (bound[c.age] for bound in margins.age)
    years = np.floor(youngest + luck.uniform(margins.key, f"{name} years") * (oldest - youngest))
    c.founded[:] = region.start_year - 1 - years


def draw_firms(world: World, luck: Luck, centres: np.ndarray) -> None:
    """Draw both classes of firms around the (S, 8) centres of their sectors."""
    region = world.region
    margins, named = _known(region)
    large, n = margins[0].key.size, sum(m.key.size for m in margins)
    f = Firms(n, room=5 * n // 2)
    world.firms = f
    size, age = np.empty(n, np.int64), np.empty(n, np.int64)
    f.above_scale[:large] = True
    drawn = []
    for name, m, rows in zip(CLASSES, margins, (slice(large), slice(large, n)), strict=True):
        f.key[rows] = m.key
        columns = (f.sector, f.district, f.ownership, f.founded, f.staff, size, age)
        drawn.append(Drawn(*(column[rows] for column in columns)))
        _draw_class(region, luck, name, m, drawn[-1])
    anchors = _place_anchors(region, drawn[0], margins[0], named)
    fixed = np.zeros(n, bool)
    fixed[anchors] = True
    low, high = margins[0].staff
    fit_staff(
        f.staff[:large],
        size[:large],
        f.sector[:large],
        fixed[:large],
        low,
        high - 1.0,
        region.sector("above_scale_staff"),
        *BENDS,
    )
    world.anchors = {str(anchor["firm"]): f.key[row] for row, anchor in zip(anchors, region.anchors, strict=True)}
    f.quality[:] = luck.normal(f.key, "quality")
    scatter(luck.address("tech"), f.key, centres, f.sector, TECH_SPREAD, f.tech)
    _revenue(world, luck, anchors, fixed)
    _research(world, luck, anchors, fixed)
    _patents(world, luck, anchors)
    _statuses(world, luck)
    _space(world, luck)


def _place_anchors(region: Region, c: Drawn, margins: Margins, named: Named) -> np.ndarray:
    """Return the rows (A,) that the named firms get; raises ValueError where no size class holds one."""
    low, high = margins.staff
    rows: np.ndarray = place_named(c, named, low, high - 1.0, margins.age[1] - 1.0, region.start_year - 1)
    if rows.size and rows[-1] < 0:
        k = int(np.argmax(rows < 0))
        raise ValueError(
            f"{region.id}: no size class holds the anchor firm {region.anchors[k]['firm']} "
            f"with {named.staff[k]:.0f} staff"
        )
    return rows


def _revenue(world: World, luck: Luck, anchors: np.ndarray, fixed: np.ndarray) -> None:
    f, region = world.firms, world.region
    threshold = region.rules["above_scale_threshold"][region.start_year]
    totals = region.sector("above_scale_revenue")
    large = int(np.count_nonzero(f.above_scale))  # they come first
    per_head = totals.sum() / max(float(f.staff[:large].sum()), 1.0)
    spread = np.exp(REVENUE_SPREAD * luck.normal(f.key, "revenue"))
    f.revenue[anchors] = _known(region)[1].revenue
    raw = f.staff[:large] * per_head * spread[:large]
    share_sales(f.revenue[:large], raw, f.sector[:large], fixed[:large], totals, threshold)
    most = np.where(totals > 0, BELOW_SCALE * threshold, np.inf)[f.sector[large:]]
    wage = region.sector("wage")[f.sector[large:]]
    f.revenue[large:] = np.minimum(most, f.staff[large:] * SALES_OVER_WAGES * wage * spread[large:])
    growth = PAST_GROWTH + PAST_GROWTH_SPREAD * luck.normal(f.key, "past growth")
    f.revenue_lag1[:] = f.revenue * np.exp(-growth)
    f.revenue_lag2[:] = f.revenue * np.exp(-2 * growth)
    f.margin[:] = region.sector("profit_margin")[f.sector] + MARGIN_SPREAD * luck.normal(f.key, "margin")
    f.profit[:] = f.margin * f.revenue
    f.cash[:] = np.maximum(CASH_LEAST, CASH + CASH_SPREAD * luck.normal(f.key, "cash")) * f.revenue
    f.debt[:] = np.maximum(0.0, DEBT + DEBT_SPREAD * luck.normal(f.key, "debt")) * f.revenue
    f.value_added[:] = f.revenue * region.sector("value_added_ratio")[f.sector]
    f.hightech_share[:] = np.clip(
        region.sector("hightech_share")[f.sector]
        + HIGHTECH_BY_QUALITY * f.quality
        + HIGHTECH_SPREAD * luck.normal(f.key, "high-tech"),
        0.0,
        1.0,
    )


def _research(world: World, luck: Luck, anchors: np.ndarray, fixed: np.ndarray) -> None:
    f, region = world.firms, world.region
    score = RD_BY_SIZE * np.log(f.revenue) + f.quality + RD_NOISE * luck.normal(f.key, "performs")
    part = np.concatenate([region.sector("rd_share_above_scale"), region.sector("rd_share_tech_sme")])
    f.does_rd[:] = best_of_groups(score, f.sector + len(region.sectors) * ~f.above_scale, part)
    f.does_rd[anchors] = True
    f.rd_intensity[:] = region.sector("rd_intensity")[f.sector] * np.exp(
        INTENSITY_SPREAD * luck.normal(f.key, "intensity")
    )
    # intensity falls a little with size among performers, so that giants do not hold all R&D (cohen_levin1987)
    scale = np.clip(f.revenue / 1.0e8, 0.05, None) ** -INTENSITY_BY_SIZE
    f.rd_intensity *= np.where(f.above_scale, scale, SMALL_INTENSITY)
    named = _known(region)[1]
    f.rd_intensity[anchors] = named.rd / named.revenue
    done, spent = f.does_rd, f.rd_intensity * f.revenue
    left = region.figure("rd_business") - float(spent[anchors].sum())
    factor = left / max(float(spent[done & ~fixed].sum()), 1.0)
    f.rd_intensity[~fixed] *= factor
    _step_back(world)
    np.clip(f.rd_intensity, *INTENSITY_RANGE, out=f.rd_intensity)
    past = f.revenue_lag1 / f.revenue
    np.multiply(f.rd_intensity * f.revenue, done, out=f.rd_real)
    f.rd_reported[:] = f.rd_real
    f.rd_lag1[:] = f.rd_real * past
    f.rd_lag2[:] = f.rd_lag1 * past
    f.rd_years[:] = done * (1 + np.floor(RD_YEARS * luck.uniform(f.key, "R&D years")))
    f.knowledge[:] = KNOWLEDGE_YEARS * f.rd_real + KNOWLEDGE_OF_STAFF * f.staff**0.5
    f.rd_staff[:] = f.rd_real / RD_PER_HEAD
    f.has_institution[:] = (
        done
        & (f.revenue > INSTITUTION_SIZE)
        & ((luck.uniform(f.key, "institution") < INSTITUTION_SHARE) | (f.revenue > INSTITUTION_SURE))
    )


def _step_back(world: World) -> None:
    """Take sales from the first year, in which the figures stand, to the year before it, by the outside path."""
    f, region = world.firms, world.region
    real, prices = (world.paths[k][region.start_year] for k in ("gdp_real_growth", "gdp_deflator"))
    nominal = (1.0 + real) * (1.0 + prices) - 1.0
    growth = 1.0 + nominal + region.sector("growth_offset")[f.sector]
    for column in (f.revenue, f.revenue_lag1, f.revenue_lag2, f.profit, f.cash, f.debt):
        column /= growth


def _patents(world: World, luck: Luck, anchors: np.ndarray) -> None:
    f, u, region, st = world.firms, world.universities, world.region, world.state
    stock = region.figure("patents_in_force")
    rows = np.flatnonzero(f.does_rd)
    known = f.knowledge[rows] ** PATENTS_BY_KNOWLEDGE
    weight = np.zeros(len(f))
    weight[rows] = known * np.exp(PATENTS_SPREAD * luck.normal(f.key[rows], "patents"))
    total = share_out(stock * region.figure("patents_share_firms"), np.ones(1))[0]
    f.patents[anchors] = np.minimum(_known(region)[1].patents, 0.5 * total)
    weight[anchors] = 0.0
    f.patents[:] = f.patents + share_out(total - float(f.patents.sum()), weight)
    f.quality_patents[:] = f.patents
    filed = region.figure("invention_applications")
    marginal = region.figure("marginal_share")
    shares = {k: region.figure(f"patents_share_{k}") for k in ("firms", "universities", "individuals")}
    source = known * np.exp(WAITING_SPREAD * luck.normal(f.key[rows], "waiting"))
    for lag in range(LAGS):
        level = filed * FILED_BEFORE**lag * UNDECIDED[lag]
        f.waiting_true[rows, lag] = share_out(level * (1 - marginal) * shares["firms"], source)
        f.waiting_marginal[rows, lag] = share_out(level * marginal * shares["firms"], source)
        u.waiting_true[:, lag] = share_out(level * (1 - marginal) * shares["universities"], u.researchers)
        u.waiting_marginal[:, lag] = share_out(level * marginal * shares["universities"], u.researchers)
        st.individual_true[lag] = round(level * (1 - marginal) * shares["individuals"])
        st.individual_marginal[lag] = round(level * marginal * shares["individuals"])
    st.individual_patents = round(stock) - float(f.patents.sum()) - float(u.patents.sum())
    st.individual_quality = st.individual_patents


def _statuses(world: World, luck: Luck) -> None:
    f, region = world.firms, world.region
    start, rules = region.start_year, {k: v.get(region.start_year, 0.0) for k, v in region.rules.items()}
    np.minimum(f.hightech_share + RD_HIGHTECH * f.does_rd, 1.0, out=f.hightech_share)
    threshold = hnte_threshold(rules, f.revenue)
    # high-tech revenue decides first: a steelworks with much R&D is no high-tech firm
    ready = np.flatnonzero(f.does_rd & (f.founded <= start - 2) & (f.hightech_share >= 0.45))
    score = np.full(len(f), -1.0)
    # the first to be certified were large: tax relief of 1.0 bn for 281 firms in 2011
    score[ready] = (
        np.minimum(f.rd_intensity[ready] / threshold[ready], 1.0)
        + STATUS_BY_HIGHTECH * f.hightech_share[ready]
        + STATUS_BY_SIZE * np.log(f.revenue[ready] / 1.0e7)
        + STATUS_NOISE * luck.normal(f.key[ready], "status")
    )
    count = int(region.figure("hnte_count"))
    chosen = _first(score, count)
    f.hightech_share[chosen] = np.maximum(f.hightech_share[chosen], rules["hnte_hightech_share"])
    # those certified did report enough: the shortfall is relabelled spending, as the notch invites
    short = np.maximum(threshold[chosen] * f.revenue_lag1[chosen] * REPORTED_ABOVE - f.rd_reported[chosen], 0.0)
    f.rd_reported[chosen] += short
    for lag in (f.rd_lag1, f.rd_lag2):
        lag[chosen] = np.maximum(lag[chosen], threshold[chosen] * f.revenue_lag2[chosen] * REPORTED_ABOVE)
    due = np.array([region.figure(f"hnte_due_{k}") for k in (1, 2, 3)])
    ends = share_out(count, due).astype(int)
    order = chosen[np.argsort(luck.uniform(f.key[chosen], "certificate"), kind="stable")]
    f.hnte_until[order] = np.repeat([start - 1, start, start + 1], ends)
    f.hnte_informed[chosen] = True
    f.hnte_informed |= f.does_rd & (luck.uniform(f.key, "informed") < KNOWN_AT_START)
    small = ~f.above_scale
    rows = np.flatnonzero(small)
    score = np.full(len(f), -99.0)
    score[rows] = f.quality[rows] + f.does_rd[rows] + luck.normal(f.key[rows], "technology")
    f.technology_sme[highest(score, int(region.figure("tech_sme_count")))] = True
    f.innovative_small[highest(score, int(region.figure("innovative_small_count")))] = True
    rows = np.flatnonzero(f.does_rd)
    score = np.full(len(f), -1.0)
    score[rows] = f.rd_real[rows] * np.exp(luck.normal(f.key[rows], "claims"))
    f.claims[highest(score, int(region.figure("superdeduction_claimants")))] = True
    rows = np.flatnonzero(small | f.does_rd)
    sells = region.sector("technology_sales_share")[f.sector[rows]] * np.exp(
        SALES_SPREAD * luck.normal(f.key[rows], "technology sales")
    )
    f.technology_sales[rows] = np.clip(sells, 0.0, SALES_MOST) * f.revenue[rows]
    rows = np.flatnonzero(f.technology_sales > 0)
    rank = luck.uniform(f.key[rows], "registers") - REGISTERS_BY_RD * f.does_rd[rows]
    f.registers[rows[lowest_within(rank, f.technology_sales[rows], region.figure("contract_value"))]] = True
    f.listed[highest(np.where(f.profit > 0, f.revenue, 0.0), int(region.figure("listed_firms")))] = 2


def _space(world: World, luck: Luck) -> None:
    f, region = world.firms, world.region
    f.link[:] = np.where(f.does_rd & (luck.uniform(f.key, "link") < LINKED), LINK, 0.0)
    inc = world.incubators
    spaces = np.flatnonzero(inc.kind != MAKER_SPACE)
    tenants = int(region.figure("incubator_tenants"))
    young = np.flatnonzero(~f.above_scale)
    young = young[_first(f.founded[young] + 0.5 * luck.uniform(f.key[young], "tenant"), tenants)]
    if spaces.size and young.size:
        per = share_out(young.size, inc.seats[spaces])
        f.incubator[young] = np.repeat(spaces, per.astype(int))
        f.incubated[young] = np.minimum(2, region.start_year - 1 - f.founded[young])
        inc.tenants[spaces] = per
