"""Draw the firms that stand at the start: classes with exact margins, sales, R&D, patents, status, places.

The constants are the state at the start, not behaviour: weights in a ranking whose count is given, spreads around
a total that is given, and what no statistic of the time tells (``assumed`` unless said otherwise).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simulator.core.luck import Luck
from simulator.world.agents import LAGS, MAKER_SPACE, TECH_DIMENSIONS, Firms
from simulator.world.drawing import bend, exact_labels, highest, keys_of, lowest_within, pareto_between, share_out
from simulator.world.region import Region
from simulator.world.rules import hnte_threshold
from simulator.world.space import position
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


def _levels(text: str) -> tuple[float, float]:
    low, high = text.split("-")
    return float(low), float(high) + 1.0


def _first(score: np.ndarray, count: int) -> np.ndarray:
    """Return the rows of the ``count`` highest scores (n,), the highest first and ties by row."""
    if count >= score.size:
        return np.argsort(-score, kind="stable")
    down = -score
    rows = np.flatnonzero(down <= np.partition(down, count)[count])  # only these few are sorted
    return rows[np.argsort(down[rows], kind="stable")][:count]


def _class_columns(region: Region, luck: Luck, name: str) -> dict[str, np.ndarray]:
    """Draw sector, size, age, district and ownership of one class of firms with exact margins."""
    margins = {m: region.margin(name, m) for m in ("sector", "size", "age", "district", "ownership")}
    n = sum(margins["sector"].values())
    keys = keys_of(f"{region.id} {name}", n)

    def z(what: str) -> np.ndarray:
        return luck.normal(keys, f"{name} {what}")

    size_score = z("size")
    sizes, ages = list(margins["size"].items()), list(margins["age"].items())
    size = exact_labels(size_score, [c for _, c in sizes])
    # larger firms tend to be older, and state-owned
    age = exact_labels(AGE_BY_SIZE * size_score + z("age"), [c for _, c in ages])
    owners = [o for o in OWNERSHIP if o in margins["ownership"]]
    owner = exact_labels(STATE_BY_SIZE * size_score + z("ownership"), [margins["ownership"][o] for o in owners])
    sector = exact_labels(z("sector"), [margins["sector"].get(s, 0) for s in region.sectors])
    district = exact_labels(z("district"), [margins["district"].get(d, 0) for d in region.districts])
    bounds = np.array([_levels(k) for k, _ in sizes])
    age_bounds = np.array([_levels(k) for k, _ in ages])
    staff = np.floor(pareto_between(luck.uniform(keys, f"{name} staff"), bounds[size, 0], bounds[size, 1], START_TAIL))
    years = np.floor(
        age_bounds[age, 0] + luck.uniform(keys, f"{name} years") * (age_bounds[age, 1] - age_bounds[age, 0])
    )
    return {
        "key": keys,
        "sector": sector,
        "size": size,
        "staff": staff,
        "low": bounds[size, 0],
        "high": bounds[size, 1] - 1.0,
        "age": age,
        "founded": region.start_year - 1 - years,
        "district": district,
        "ownership": np.array([OWNERSHIP.index(o) for o in owners])[owner],
        "above_scale": np.full(n, name == "above_scale"),
    }


def _fit_staff(c: dict[str, np.ndarray], totals: np.ndarray, known: list[int]) -> None:
    """Move staff inside each firm's size class so that every sector's total is met, as far as the classes allow.

    The rows in ``known`` keep theirs.
    """
    fixed = np.zeros(c["staff"].size, bool)
    fixed[known] = True
    for s, whole in enumerate(totals):
        rows = np.flatnonzero((c["sector"] == s) & ~fixed)
        total = whole - float(c["staff"][fixed & (c["sector"] == s)].sum())
        if rows.size == 0 or total <= 0:
            continue
        low, high = c["low"][rows], c["high"][rows]
        unit = np.clip((c["staff"][rows] - low) / np.maximum(high - low, 1.0), 1e-6, 1 - 1e-6)
        power = bend(unit, high - low, total - float(low.sum()), *BENDS)
        c["staff"][rows] = low + (high - low) * unit**power


@njit(cache=True, nogil=True)
def _first_free(values: np.ndarray, wanted: float, taken: np.ndarray) -> int:
    """Return the first row with a wanted value that is not taken, -1 for none."""
    for i in range(values.shape[0]):
        if values[i] == wanted and not taken[i]:
            return i
    return -1


@njit(cache=True, nogil=True)
def _first_that_holds(
    low: np.ndarray, high: np.ndarray, sector: np.ndarray, taken: np.ndarray, staff: float, wanted: int
) -> int:
    """Return the first row not taken whose size class holds the staff, if possible in a wanted sector; -1 for none."""
    other = -1
    for i in range(low.shape[0]):
        if low[i] <= staff and staff <= high[i] and not taken[i]:
            if sector[i] == wanted:
                return i
            if other < 0:
                other = i
    return other


def _swap_in(c: dict[str, np.ndarray], names: tuple[str, ...], row: int, wanted: int, taken: np.ndarray) -> None:
    """Exchange values with a free row whose first is ``wanted``, if this one's is not: all counts of levels stand."""
    if c[names[0]][row] == wanted or (other := _first_free(c[names[0]], wanted, taken)) < 0:
        return
    for name in names:
        c[name][row], c[name][other] = c[name][other], c[name][row]


def _place_anchors(region: Region, c: dict[str, np.ndarray]) -> dict[int, dict]:
    """Give the named firms rows of their size class; what else they are is swapped in, so that margins stand."""
    placed: dict[int, dict] = {}
    taken = np.zeros(c["staff"].size, bool)
    oldest = [_levels(k)[1] - 1.0 for k in region.margin("above_scale", "age")]
    for anchor in region.anchors:
        staff = float(anchor["staff"])
        row = _first_that_holds(c["low"], c["high"], c["sector"], taken, staff, int(float(anchor["sector"])))
        if row < 0:
            raise ValueError(
                f"{region.id}: no size class holds the anchor firm {anchor['firm']} with {staff:.0f} staff"
            )
        for name in ("sector", "district", "ownership"):
            _swap_in(c, (name,), row, int(float(anchor.get(name, 0))), taken)
        years = region.start_year - 1 - int(float(anchor["founded"]))
        band = min(int(np.searchsorted(oldest, years)), len(oldest) - 1)  # the oldest level is open
        _swap_in(c, ("age", "founded"), row, band, taken)
        c["staff"][row] = staff
        if c["age"][row] == band:
            c["founded"][row] = int(float(anchor["founded"]))
        placed[row] = anchor
        taken[row] = True
    return placed


def draw_firms(world: World, luck: Luck, centres: np.ndarray) -> None:
    """Draw both classes of firms around the (S, 8) centres of their sectors."""
    region = world.region
    parts = [_class_columns(region, luck, name) for name in CLASSES]
    anchors = _place_anchors(region, parts[0])
    _fit_staff(parts[0], region.sector("above_scale_staff"), list(anchors))
    c = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    n = c["key"].size
    f = Firms(n, room=5 * n // 2)
    world.firms = f
    for name in ("key", "sector", "founded", "district", "ownership", "above_scale", "staff"):
        getattr(f, name)[:] = c[name]
    world.anchors = {str(anchor["firm"]): f.key[row] for row, anchor in anchors.items()}
    f.quality[:] = luck.normal(f.key, "quality")
    noise = luck.normals(f.key, "tech", TECH_DIMENSIONS)
    f.tech[:] = position(centres[f.sector], noise, TECH_SPREAD)
    _revenue(world, luck, anchors)
    _research(world, luck, anchors)
    _patents(world, luck, anchors)
    _statuses(world, luck)
    _space(world, luck)


def _revenue(world: World, luck: Luck, anchors: dict[int, dict]) -> None:
    f, region = world.firms, world.region
    threshold = region.rules["above_scale_threshold"][region.start_year]
    totals = region.sector("above_scale_revenue")
    per_head = totals.sum() / max(float(f.staff[f.above_scale].sum()), 1.0)
    spread = np.exp(REVENUE_SPREAD * luck.normal(f.key, "revenue"))
    fixed = np.zeros(len(f), bool)
    fixed[list(anchors)] = True
    for row, a in anchors.items():
        f.revenue[row] = float(a["revenue"])
    small = ~f.above_scale
    wage = region.sector("wage")
    f.revenue[small] = np.minimum(
        np.where(region.sector("above_scale_revenue")[f.sector[small]] > 0, BELOW_SCALE * threshold, np.inf),
        f.staff[small] * SALES_OVER_WAGES * wage[f.sector[small]] * spread[small],
    )
    for s, total in enumerate(totals):
        rows = np.flatnonzero(f.above_scale & (f.sector == s) & ~fixed)
        if rows.size == 0:
            continue
        left = total - float(f.revenue[fixed & (f.sector == s) & f.above_scale].sum())
        raw = f.staff[rows] * per_head * spread[rows]
        # every above-scale firm is above the threshold, and the sector's total is met exactly
        room = max(left - threshold * rows.size, 0.1 * left)
        f.revenue[rows] = min(threshold, 0.9 * left / rows.size) + room * raw / raw.sum()
        f.revenue[rows] *= left / f.revenue[rows].sum()
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


def _research(world: World, luck: Luck, anchors: dict[int, dict]) -> None:
    f, region = world.firms, world.region
    score = RD_BY_SIZE * np.log(f.revenue) + f.quality + RD_NOISE * luck.normal(f.key, "performs")
    for mask, share in ((f.above_scale, "rd_share_above_scale"), (~f.above_scale, "rd_share_tech_sme")):
        for s, rate in enumerate(region.sector(share)):
            rows = np.flatnonzero(mask & (f.sector == s))
            f.does_rd[rows[highest(score[rows], round(rate * rows.size))]] = True
    f.does_rd[list(anchors)] = True
    f.rd_intensity[:] = region.sector("rd_intensity")[f.sector] * np.exp(
        INTENSITY_SPREAD * luck.normal(f.key, "intensity")
    )
    # intensity falls a little with size among performers, so that giants do not hold all R&D (cohen_levin1987)
    scale = np.clip(f.revenue / 1.0e8, 0.05, None) ** -INTENSITY_BY_SIZE
    f.rd_intensity *= np.where(f.above_scale, scale, SMALL_INTENSITY)
    fixed = np.zeros(len(f), bool)
    for row, a in anchors.items():
        fixed[row] = True
        f.rd_intensity[row] = float(a["rd"]) / float(a["revenue"])
    done = f.does_rd
    open_rows = done & ~fixed
    left = region.figure("rd_business") - float((f.rd_intensity * f.revenue)[fixed].sum())
    factor = left / max(float((f.rd_intensity * f.revenue)[open_rows].sum()), 1.0)
    f.rd_intensity[~fixed] *= factor
    _step_back(world)
    np.clip(f.rd_intensity, *INTENSITY_RANGE, out=f.rd_intensity)
    past = f.revenue_lag1 / f.revenue
    f.rd_real[done] = (f.rd_intensity * f.revenue)[done]
    f.rd_reported[:] = f.rd_real
    f.rd_lag1[:] = f.rd_real * past
    f.rd_lag2[:] = f.rd_lag1 * past
    f.rd_years[done] = 1 + np.floor(RD_YEARS * luck.uniform(f.key, "R&D years")[done])
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
    path = {k: v[region.start_year] for k, v in world.paths.items() if region.start_year in v}
    nominal = (1.0 + path["gdp_real_growth"]) * (1.0 + path["gdp_deflator"]) - 1.0
    growth = 1.0 + nominal + region.sector("growth_offset")[f.sector]
    for column in (f.revenue, f.revenue_lag1, f.revenue_lag2, f.profit, f.cash, f.debt):
        column /= growth


def _patents(world: World, luck: Luck, anchors: dict[int, dict]) -> None:
    f, u, region, st = world.firms, world.universities, world.region, world.state
    stock = region.figure("patents_in_force")
    rows = np.flatnonzero(f.does_rd)
    known = f.knowledge[rows] ** PATENTS_BY_KNOWLEDGE
    weight = np.zeros(len(f))
    weight[rows] = known * np.exp(PATENTS_SPREAD * luck.normal(f.key[rows], "patents"))
    total = share_out(stock * region.figure("patents_share_firms"), np.ones(1))[0]
    for row, a in anchors.items():
        f.patents[row] = min(float(a.get("patents", 0) or 0), 0.5 * total)
        weight[row] = 0.0
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
    f.hightech_share[f.does_rd] = np.minimum(f.hightech_share[f.does_rd] + RD_HIGHTECH, 1.0)
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
