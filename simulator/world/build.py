"""Draw the starting population of a region so that every given margin is met exactly."""

from __future__ import annotations

import math

import numpy as np

from simulator.core.luck import Luck, name_hash, sub_keys
from simulator.world.agents import (
    ANGEL,
    BANK,
    GUIDANCE,
    LAGS,
    MAKER_SPACE,
    POOLS,
    TECH_DIMENSIONS,
    VENTURE,
    Firms,
)
from simulator.world.region import Region
from simulator.world.rules import hnte_threshold
from simulator.world.space import nearest, position, sector_centres
from simulator.world.world import World

CLASSES = ("above_scale", "tech_sme")
OWNERSHIP = ("private", "state", "foreign")
START_TAIL = 1.05  # Pareto exponent of staff within a size class (axtell2001, about 1)
M2_PER_SEAT = 700.0  # gross floor space of an incubator per tenant (derived: 8.94 m m2 in use, 7,200 tenants, not full)
RD_HIGHTECH = 0.10  # more high-tech revenue of firms that do R&D: they sell what comes of it (assumed)
KNOWN_AT_START = 0.15  # R&D firms that know of HNTE status without holding it (assumed)
KNOWLEDGE_YEARS = 4.0  # knowledge over yearly R&D in a steady state: 1 / (depreciation 0.15 + growth 0.10)


def keys_of(name: str, count: int) -> np.ndarray:
    """Return (count,) keys that belong to a name, the same in every run."""
    return sub_keys(np.full(count, name_hash(name), np.uint64), np.arange(count))


def exact_labels(score: np.ndarray, counts: list[int]) -> np.ndarray:
    """Return (n,) labels 0..k-1 with exactly the given counts, the lowest scores getting label 0.

    Raises ValueError when the counts do not add to n.
    """
    if sum(counts) != score.size:
        raise ValueError(f"counts add to {sum(counts)}, not to {score.size}")
    labels = np.empty(score.size, np.int64)
    labels[np.argsort(score, kind="stable")] = np.repeat(np.arange(len(counts)), counts)
    return labels


def share_out(total: float, weight: np.ndarray) -> np.ndarray:
    """Return whole numbers in proportion to ``weight`` that add exactly to the rounded total (largest remainder)."""
    whole = round(total)
    if whole <= 0 or weight.sum() <= 0:
        return np.zeros(weight.size)
    exact = whole * weight / weight.sum()
    out = np.floor(exact)
    rest = whole - int(out.sum())
    if rest > 0:
        out[np.argsort(-(exact - out), kind="stable")[:rest]] += 1
    return out


def pareto_between(u: np.ndarray, low: np.ndarray, high: np.ndarray, tail: float) -> np.ndarray:
    """Return Pareto variates of the given tail cut to [low, high), from uniforms."""
    a, b = low**-tail, high**-tail
    return (a - u * (a - b)) ** (-1.0 / tail)


def build(
    region: Region,
    luck: Luck,
    *,
    drivers: dict[str, str] | None = None,
    entries: tuple = (),
    switches: dict[str, str] | None = None,
) -> World:
    """Return the world as it stands before the first year."""
    world = World(region, outside=region.outside(drivers or {}), entries=entries, switches=switches)
    luck = luck.at(region.start_year - 1, "build")
    centres = sector_centres(region)
    _institutions(world, luck, centres)
    _firms(world, luck, centres)
    _pools_and_state(world)
    _products(world, luck)
    return world


# ---- firms -----------------------------------------------------------------------------------------


def _levels(text: str) -> tuple[float, float]:
    low, high = text.split("-")
    return float(low), float(high) + 1.0


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
    age = exact_labels(0.35 * size_score + z("age"), [c for _, c in ages])
    owners = [o for o in OWNERSHIP if o in margins["ownership"]]
    owner = exact_labels(0.5 * size_score + z("ownership"), [margins["ownership"][o] for o in owners])
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
        a, b = 0.02, 50.0
        for _ in range(50):
            gamma = math.sqrt(a * b)
            if (low + (high - low) * unit**gamma).sum() > total:
                a = gamma
            else:
                b = gamma
        c["staff"][rows] = low + (high - low) * unit ** math.sqrt(a * b)


def _swap_in(c: dict[str, np.ndarray], names: tuple[str, ...], row: int, fits: np.ndarray, taken: dict) -> None:
    """Exchange values with a free row that ``fits`` (n,), if this one does not: the counts of every level stand."""
    free = [] if fits[row] else [int(i) for i in np.flatnonzero(fits) if i not in taken]
    if free:
        other = free[0]
        for name in names:
            c[name][row], c[name][other] = c[name][other], c[name][row]


def _place_anchors(region: Region, c: dict[str, np.ndarray]) -> dict[int, dict]:
    """Give the named firms rows of their size class; what else they are is swapped in, so that margins stand."""
    placed: dict[int, dict] = {}
    oldest = [_levels(k)[1] - 1.0 for k in region.margin("above_scale", "age")]
    for anchor in region.anchors:
        staff = float(anchor["staff"])
        fits = np.flatnonzero((c["low"] <= staff) & (staff <= c["high"]))
        fits = np.array([i for i in fits if i not in placed], int)
        if fits.size == 0:
            raise ValueError(
                f"{region.id}: no size class holds the anchor firm {anchor['firm']} with {staff:.0f} staff"
            )
        same = fits[c["sector"][fits] == int(float(anchor["sector"]))]
        row = int(same[0]) if same.size else int(fits[0])
        for name in ("sector", "district", "ownership"):
            _swap_in(c, (name,), row, c[name] == int(float(anchor.get(name, 0))), placed)
        years = region.start_year - 1 - int(float(anchor["founded"]))
        band = min(int(np.searchsorted(oldest, years)), len(oldest) - 1)  # the oldest level is open
        _swap_in(c, ("age", "founded"), row, c["age"] == band, placed)
        c["staff"][row] = staff
        if c["age"][row] == band:
            c["founded"][row] = int(float(anchor["founded"]))
        placed[row] = anchor
    return placed


def _firms(world: World, luck: Luck, centres: np.ndarray) -> None:
    region = world.region
    parts = [_class_columns(region, luck, name) for name in CLASSES]
    anchors = _place_anchors(region, parts[0])
    _fit_staff(parts[0], region.sector("above_scale_staff"), list(anchors))
    c = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    n = c["key"].size
    f = Firms(n)
    world.firms = f
    for name in ("key", "sector", "founded", "district", "ownership", "above_scale", "staff"):
        getattr(f, name)[:] = c[name]
    f.quality[:] = luck.normal(f.key, "quality")
    noise = luck.normals(f.key, "tech", TECH_DIMENSIONS)
    f.tech[:] = position(centres[f.sector], noise)
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
    spread = np.exp(0.7 * luck.normal(f.key, "revenue"))
    fixed = np.zeros(len(f), bool)
    fixed[list(anchors)] = True
    for row, a in anchors.items():
        f.revenue[row] = float(a["revenue"])
    small = ~f.above_scale
    wage = region.sector("wage")
    f.revenue[small] = np.minimum(
        np.where(region.sector("above_scale_revenue")[f.sector[small]] > 0, 0.95 * threshold, np.inf),
        f.staff[small] * 4.5 * wage[f.sector[small]] * spread[small],
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
    growth = 0.10 + 0.10 * luck.normal(f.key, "past growth")
    f.revenue_lag1[:] = f.revenue * np.exp(-growth)
    f.revenue_lag2[:] = f.revenue * np.exp(-2 * growth)
    f.margin[:] = region.sector("profit_margin")[f.sector] + 0.05 * luck.normal(f.key, "margin")
    f.profit[:] = f.margin * f.revenue
    f.cash[:] = np.maximum(0.02, 0.08 + 0.05 * luck.normal(f.key, "cash")) * f.revenue
    f.debt[:] = np.maximum(0.0, 0.25 + 0.15 * luck.normal(f.key, "debt")) * f.revenue
    f.value_added[:] = f.revenue * region.sector("value_added_ratio")[f.sector]
    f.hightech_share[:] = np.clip(
        region.sector("hightech_share")[f.sector] + 0.30 * f.quality + 0.25 * luck.normal(f.key, "high-tech"), 0.0, 1.0
    )


def _research(world: World, luck: Luck, anchors: dict[int, dict]) -> None:
    f, region = world.firms, world.region
    score = 0.8 * np.log(f.revenue) + 1.0 * f.quality + 0.8 * luck.normal(f.key, "performs")
    for mask, share in ((f.above_scale, "rd_share_above_scale"), (~f.above_scale, "rd_share_tech_sme")):
        for s, rate in enumerate(region.sector(share)):
            rows = np.flatnonzero(mask & (f.sector == s))
            best = rows[np.argsort(-score[rows], kind="stable")[: round(rate * rows.size)]]
            f.does_rd[best] = True
    f.does_rd[list(anchors)] = True
    f.rd_intensity[:] = region.sector("rd_intensity")[f.sector] * np.exp(0.7 * luck.normal(f.key, "intensity"))
    # intensity falls a little with size among performers, so that giants do not hold all R&D (cohen_levin1987)
    scale = np.clip(f.revenue / 1.0e8, 0.05, None) ** -0.12
    f.rd_intensity *= np.where(f.above_scale, scale, 1.6)
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
    np.clip(f.rd_intensity, 0.0005, 0.30, out=f.rd_intensity)
    past = f.revenue_lag1 / f.revenue
    f.rd_real[done] = (f.rd_intensity * f.revenue)[done]
    f.rd_reported[:] = f.rd_real
    f.rd_lag1[:] = f.rd_real * past
    f.rd_lag2[:] = f.rd_lag1 * past
    f.rd_years[done] = 1 + np.floor(8 * luck.uniform(f.key, "R&D years")[done])
    f.knowledge[:] = KNOWLEDGE_YEARS * f.rd_real + 2.0e4 * f.staff**0.5
    f.rd_staff[:] = f.rd_real / 4.0e5
    f.has_institution[:] = done & (f.revenue > 5.0e7) & (luck.uniform(f.key, "institution") < 0.5)


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
    weight = np.where(f.does_rd, f.knowledge**0.6, 0.0) * np.exp(1.2 * luck.normal(f.key, "patents"))
    total = share_out(stock * region.figure("patents_share_firms"), np.ones(1))[0]
    for row, a in anchors.items():
        f.patents[row] = min(float(a.get("patents", 0) or 0), 0.5 * total)
        weight[row] = 0.0
    f.patents += share_out(total - f.patents.sum(), weight)
    f.quality_patents[:] = f.patents
    filed = region.figure("invention_applications")
    marginal = region.figure("marginal_share")
    shares = {k: region.figure(f"patents_share_{k}") for k in ("firms", "universities", "individuals")}
    source = np.where(f.does_rd, f.knowledge**0.6, 0.0) * np.exp(0.8 * luck.normal(f.key, "waiting"))
    for lag in range(LAGS):
        level = filed * 0.8**lag * (1.0, 0.9, 0.45)[lag]  # some of the older ones are decided already
        f.waiting_true[:, lag] = share_out(level * (1 - marginal) * shares["firms"], source)
        f.waiting_marginal[:, lag] = share_out(level * marginal * shares["firms"], source)
        u.waiting_true[:, lag] = share_out(level * (1 - marginal) * shares["universities"], u.researchers)
        u.waiting_marginal[:, lag] = share_out(level * marginal * shares["universities"], u.researchers)
        st.individual_true[lag] = round(level * (1 - marginal) * shares["individuals"])
        st.individual_marginal[lag] = round(level * marginal * shares["individuals"])
    st.individual_patents = round(stock) - float(f.patents.sum()) - float(u.patents.sum())
    st.individual_quality = st.individual_patents
    st.filed_before = filed
    st.granted_before = region.figure("grants_last_year")


def _statuses(world: World, luck: Luck) -> None:
    f, region = world.firms, world.region
    start, rules = region.start_year, {k: v.get(region.start_year, 0.0) for k, v in region.rules.items()}
    f.hightech_share[f.does_rd] = np.minimum(f.hightech_share[f.does_rd] + RD_HIGHTECH, 1.0)
    threshold = hnte_threshold(rules, f.revenue)
    # high-tech revenue decides first: a steelworks with much R&D is no high-tech firm
    ready = f.does_rd & (f.founded <= start - 2) & (f.hightech_share >= 0.45)
    score = np.where(ready, np.minimum(f.rd_intensity / threshold, 1.0) + 0.3 * f.hightech_share, -1.0)
    # the first to be certified were large: tax relief of 1.0 bn for 281 firms in 2011
    score += np.where(ready, 0.20 * np.log(f.revenue / 1.0e7) + 0.4 * luck.normal(f.key, "status"), 0.0)
    count = int(region.figure("hnte_count"))
    chosen = np.argsort(-score, kind="stable")[:count]
    f.hightech_share[chosen] = np.maximum(f.hightech_share[chosen], rules["hnte_hightech_share"])
    # those certified did report enough: the shortfall is relabelled spending, as the notch invites
    short = np.maximum(threshold[chosen] * f.revenue_lag1[chosen] * 1.02 - f.rd_reported[chosen], 0.0)
    f.rd_reported[chosen] += short
    for lag in (f.rd_lag1, f.rd_lag2):
        lag[chosen] = np.maximum(lag[chosen], threshold[chosen] * f.revenue_lag2[chosen] * 1.02)
    due = np.array([region.figure(f"hnte_due_{k}") for k in (1, 2, 3)])
    ends = share_out(count, due).astype(int)
    order = chosen[np.argsort(luck.uniform(f.key[chosen], "certificate"), kind="stable")]
    f.hnte_until[order] = np.repeat([start - 1, start, start + 1], ends)
    f.hnte_informed[chosen] = True
    f.hnte_informed |= f.does_rd & (luck.uniform(f.key, "informed") < KNOWN_AT_START)
    small = ~f.above_scale
    tech_score = np.where(small, f.quality + 1.0 * f.does_rd + luck.normal(f.key, "technology"), -99.0)
    best = np.argsort(-tech_score, kind="stable")
    f.technology_sme[best[: int(region.figure("tech_sme_count"))]] = True
    f.innovative_small[best[: int(region.figure("innovative_small_count"))]] = True
    claim_score = np.where(f.does_rd, f.rd_real * np.exp(luck.normal(f.key, "claims")), -1.0)
    f.claims[np.argsort(-claim_score, kind="stable")[: int(region.figure("superdeduction_claimants"))]] = True
    sells = region.sector("technology_sales_share")[f.sector] * np.exp(0.6 * luck.normal(f.key, "technology sales"))
    f.technology_sales[:] = np.where(small | f.does_rd, np.clip(sells, 0.0, 0.6) * f.revenue, 0.0)
    order = np.argsort(luck.uniform(f.key, "registers") - 0.15 * f.does_rd, kind="stable")
    order = order[f.technology_sales[order] > 0]
    reached = np.cumsum(f.technology_sales[order])
    f.registers[order[: int(np.searchsorted(reached, region.figure("contract_value")))]] = True
    listed = np.argsort(-np.where(f.profit > 0, f.revenue, 0.0), kind="stable")[: int(region.figure("listed_firms"))]
    f.listed[listed] = 2


def _space(world: World, luck: Luck) -> None:
    f, u, region = world.firms, world.universities, world.region
    x, y = region.district("x_km"), region.district("y_km")
    f.university[:], f.nearness[:] = nearest(
        f.tech.astype(float), x[f.district], y[f.district], u.tech.astype(float), x[u.district], y[u.district], 80.0
    )
    f.link[:] = np.where(f.does_rd & (luck.uniform(f.key, "link") < 0.12), 0.7, 0.0)
    inc = world.incubators
    spaces = np.flatnonzero(inc.kind != MAKER_SPACE)
    tenants = int(region.figure("incubator_tenants"))
    young = np.flatnonzero(~f.above_scale)
    young = young[np.argsort(-f.founded[young] - 0.5 * luck.uniform(f.key[young], "tenant"), kind="stable")][:tenants]
    if spaces.size and young.size:
        per = share_out(young.size, inc.seats[spaces])
        f.incubator[young] = np.repeat(spaces, per.astype(int))
        f.incubated[young] = np.minimum(2, region.start_year - 1 - f.founded[young])
        inc.tenants[spaces] = per


# ---- institutions, pools, products -----------------------------------------------------------------


def _institutions(world: World, luck: Luck, centres: np.ndarray) -> None:
    region, start = world.region, world.region.start_year
    u = world.universities
    m = len(region.universities)
    u.arrive(m, key=keys_of(f"{region.id} universities", m))
    u.admit()
    field = region.university_fields
    mixed = field / np.maximum(field.sum(axis=1, keepdims=True), 1e-12) @ centres
    u.tech[:] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    for name in ("kind", "district", "researchers", "patents", "transfer_staff", "inventor_share"):
        getattr(u, name)[:] = region.university(name)
    for name in ("has_base", "has_fund", "has_office"):
        getattr(u, name)[:] = region.university(name) > 0.5
    u.opened[:] = start - 20
    u.quality_patents[:] = u.patents
    u.core_budget[:] = region.university("rd_budget")
    u.budget[:] = u.core_budget
    u.shelf[:] = 0.06 * u.researchers
    u.shelf_old[:] = 0.10 * u.researchers
    u.spinoffs[:] = share_out(region.figure("university_spinoffs_cumulative"), u.researchers)

    inc = world.incubators
    count, spaces = int(region.figure("incubators")), int(region.figure("maker_spaces"))
    inc.arrive(count + spaces, key=keys_of(f"{region.id} incubators", count + spaces))
    inc.admit()
    inc.kind[count:] = MAKER_SPACE
    inc.district[:] = exact_labels(
        luck.normal(inc.key, "district"),
        [int(k) for k in share_out(count + spaces, region.district("incubator_share"))],
    )
    raw = np.exp(0.9 * luck.normal(inc.key, "floor"))
    if count:
        inc.floor[:count] = region.figure("incubator_floor") * raw[:count] / raw[:count].sum()
    inc.floor[count:] = 1000.0 * raw[count:]
    inc.seats[:] = np.maximum(1.0, np.floor(inc.floor / np.where(inc.kind == MAKER_SPACE, 60.0, M2_PER_SEAT)))
    inc.quality[:] = luck.normal(inc.key, "quality")
    inc.opened[:] = start - 3
    inc.professional[:] = luck.uniform(inc.key, "professional") < 0.15

    funds = world.funds
    kinds = [(ANGEL, "angel"), (VENTURE, "venture"), (GUIDANCE, "guidance")]
    for kind, name in kinds:
        k = int(region.figure(f"{name}_funds"))
        if k == 0:
            continue
        keys = keys_of(f"{region.id} {name} funds", k)
        weight = np.exp(0.8 * luck.normal(keys, "size"))
        committed = region.figure(f"{name}_committed") * weight / weight.sum()
        public = region.figure("guidance_public_share") if kind == GUIDANCE else 0.0
        funds.arrive(
            k,
            key=keys,
            kind=kind,
            vintage=start - 1 - np.floor(4 * luck.uniform(keys, "vintage")).astype(int),
            skill=luck.normal(keys, "skill"),
            focus=np.floor(luck.uniform(keys, "focus") * len(region.sectors)).astype(int),
            committed=committed,
            paid_in=0.6 * committed,
            cash=0.35 * committed,
            invested=0.25 * committed,
            invested_local=0.125 * committed,
            public_share=public,
            public_paid=0.6 * committed * public,
        )
    desks = int(region.figure("bank_desks"))
    funds.arrive(desks, key=keys_of(f"{region.id} bank desks", desks), kind=BANK, vintage=start - 10)
    funds.admit()


def _pools_and_state(world: World) -> None:
    region, st, pools = world.region, world.state, world.pools
    pools.key[:] = keys_of(f"{region.id} pools", len(POOLS))
    stock = {
        "researchers": region.figure("researchers_firms") + region.figure("researchers_public"),
        "graduates": region.figure("graduates_per_year") * region.figure("graduate_retention"),
        **{k: region.figure(k) for k in ("high_end_talents", "makers", "mentors", "service_organisations")},
    }
    stock["high_end"] = stock.pop("high_end_talents")
    for name in POOLS:
        pools.stock[world.pool(name)] = stock[name]
    sectors = world.sectors
    sectors.key[:] = keys_of(f"{region.id} sectors", len(region.sectors))
    sectors.rest_value_added[:] = region.sector("rest_value_added")
    f = world.firms
    # what agents add in the first year, at the outside path's growth, fills the GDP that is not the rest's
    whole = region.figure("gdp") - float(sectors.rest_value_added.sum())
    st.value_added_factor = whole / max(float(f.value_added.sum()), 1.0) if whole > 0 else 1.0
    f.value_added[:] = f.revenue * region.sector("value_added_ratio")[f.sector] * st.value_added_factor
    sectors.value_added[:] = np.bincount(f.sector, f.value_added, len(sectors))
    st.gdp = st.gdp_first = st.gdp_path = region.figure("gdp")
    st.population = st.population_before = region.figure("population")
    st.employed = region.figure("employed")
    st.talent_total = region.figure("talent_total")
    st.streets = region.figure("startup_streets")
    st.street_districts = np.zeros(len(region.districts))
    st.venture_depth = region.figure("venture_depth")
    st.agency = 1.0


def _products(world: World, luck: Luck) -> None:
    region, f = world.region, world.firms
    pharma = np.flatnonzero(f.sector == region.sectors.index("pharma"))
    waiting, sold = int(region.figure("products_in_pipeline")), int(region.figure("products_marketed"))
    if waiting + sold == 0 or pharma.size == 0:
        return
    p = world.products
    p.arrive(waiting + sold, key=keys_of(f"{region.id} products", waiting + sold))
    p.admit()
    order = pharma[np.argsort(-f.revenue[pharma], kind="stable")]
    weight = np.cumsum((1.0 + np.arange(order.size)) ** -0.7)
    p.owner[:] = f.key[order[np.searchsorted(weight / weight[-1], luck.uniform(p.key, "owner"))]]
    u = luck.uniform(p.key, "stage")
    p.stage[:] = np.searchsorted([0.35, 0.70, 0.82, 0.92, 0.97], u)
    p.stage[waiting:] = 6
    p.generic[:] = luck.uniform(p.key, "generic") < 0.6
    p.peak_sales[:] = 2.0e7 * np.exp(1.3 * luck.normal(p.key, "peak"))
    p.sales[waiting:] = p.peak_sales[waiting:]
