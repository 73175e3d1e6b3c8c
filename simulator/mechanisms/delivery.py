"""Delivery: what measures order is queued, built with a delay, and in part never built."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, child_keys, name_hash
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Entry, Order, Terms
from simulator.world.agents import ATTRACTED, INCUBATOR, MAKER_SPACE, OVERSEAS, PROJECT_KINDS
from simulator.world.world import GDP_OF_REFERENCE, World

FLOOR, MAKER, STREET, APARTMENTS, BASE = (
    PROJECT_KINDS.index(kind)
    for kind in ("incubator_floor", "maker_space", "startup_street", "apartments", "university_base")
)


class Built(NamedTuple):
    """What a term orders: a kind of project, whose units are whole things or m2 of land-hungry space."""

    term: str
    kind: str
    space: bool = False


# Who opens what: this mechanism opens places; the others find what is theirs by ``world.delivered(kind)``.
BUILT = (
    Built("incubator_floor", "incubator_floor", space=True),
    Built("maker_spaces", "maker_space"),
    Built("startup_streets", "startup_street"),
    Built("apartments", "apartments", space=True),
    Built("university_base", "university_base"),
    Built("university_fund", "university_fund"),
    Built("institute_fund", "institute_fund"),
    Built("transfer_office", "transfer_office"),
    Built("institutes", "institute"),
    Built("overseas_centres", "overseas_centre"),
    Built("contract_institutes", "contract_institute"),
    Built("district_funds", "district_fund"),
    Built("platforms", "platform"),
    Built("innovation_zones", "innovation_zone"),
    Built("high_tech_parks", "high_tech_park"),
    Built("software_parks", "software_park", space=True),
    Built("academician_stations", "academician_station"),
    Built("postdoc_stations", "postdoc_station"),
)
SPACE = tuple(PROJECT_KINDS.index(b.kind) for b in BUILT if b.space)


@dataclass(frozen=True)
class Parameters:
    """How fast and how surely orders become places."""

    delay_floor: float = parameter(
        1.8,
        unit="years",
        prior=Range(1.0, 3.5, "log"),
        source="assumed",
        doc="mean time from the order of incubator floor, apartments or software parks to their opening",
    )
    delay_small: float = parameter(
        0.7,
        unit="years",
        prior=Range(0.3, 1.5, "log"),
        source="assumed",
        doc="mean time from the order of anything else to its opening",
    )
    leak: float = parameter(
        0.20,
        unit="1",
        prior=Range(0.05, 0.42, "logit"),
        source="obs:benxi/gdp_target/2015",
        doc="chance that an order is never built; upper end: a target reached to 58 %",
    )
    governance_speed: float = parameter(
        0.25,
        unit="1",
        prior=Range(0.0, 0.5),
        source="assumed",
        doc="share of the delay that full leadership and evaluation save",
    )
    governance_leak: float = parameter(
        0.30,
        unit="1",
        prior=Range(0.0, 0.6),
        source="assumed",
        doc="share of the leak that full leadership and evaluation close",
    )
    governance_half: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 1.0, "log"),
        source="assumed",
        doc="strength of governance at which half of its effect is reached: more of it adds less",
    )
    private_incubators: float = parameter(
        0.05,
        unit="1 / year",
        prior=Range(0.01, 0.12, "log"),
        source="assumed",
        doc="incubators started without the city's money, per incubator in being",
    )
    maker_closure: float = parameter(
        0.12,
        unit="1 / year",
        prior=Range(0.05, 0.25, "log"),
        source="assumed",
        doc="maker spaces that close each year where nobody pays for what fees do not cover",
    )
    private_makers: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.02, 0.3, "log"),
        source="assumed",
        doc="maker spaces opened without the city's money, per space in being",
    )
    seat_area: float = parameter(
        700.0,
        unit="m2 / firm",
        prior=Range(400.0, 1200.0, "log"),
        source="obs:qingdao/incubator_area_in_use/2016",
        doc="gross floor space per seat (8.94 m m2 in use for 7,200 tenants, not all seats taken)",
    )
    maker_seat_area: float = parameter(
        60.0,
        unit="m2 / team",
        prior=Range(25.0, 120.0, "log"),
        source="assumed",
        doc="floor space per seat of a maker space, common rooms and workshops included",
    )
    maker_floor: float = parameter(
        1000.0,
        unit="m2",
        prior=Range(400.0, 2500.0, "log"),
        source="assumed",
        doc="floor space of a maker space of median quality",
    )
    maker_floor_spread: float = parameter(
        0.5,
        unit="log points",
        prior=Range(0.0, 1.0),
        source="assumed",
        doc="log floor space of a maker space per standard deviation of its quality",
    )
    apartment_block: float = parameter(
        20000.0,
        unit="m2",
        prior=Range(8.0e3, 5.0e4, "log"),
        source="assumed",
        doc="mean size of one project of apartments",
    )
    institute_pool: float = parameter(
        40.0,
        unit="institutes / year",
        prior=Range(15.0, 100.0, "log"),
        source="assumed",
        doc="institutes, and as many centres from abroad, that can be won for a city of Qingdao's GDP of 2011 in a "
        "year at most: the more are sought, the fewer of them agree",
    )
    caution: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.0, 1.0),
        source="assumed",
        doc="apartments and software parks that developers, who pay most of them, leave unbuilt where all that "
        "stands is empty; what a city's own companies build for show is the rest",
    )
    park_block: float = parameter(
        60000.0,
        unit="m2",
        prior=Range(2.0e4, 1.5e5, "log"),
        source="assumed",
        doc="mean size of one project of a software park",
    )
    size_spread: float = parameter(
        0.6,
        unit="log points",
        prior=Range(0.3, 1.0, "log"),
        source="assumed",
        doc="spread of the size of building projects",
    )
    professional: float = parameter(
        0.15,
        unit="1",
        prior=Range(0.05, 0.4, "logit"),
        source="assumed",
        doc="share of new incubators and maker spaces that a professional operator runs",
    )


def governance(strength: float, half: float) -> float:
    """Return the share of governance's full effect reached at a strength >= 0: s (1 + h) / (s + h), at most 1."""
    return min(1.0, strength * (1.0 + half) / (strength + half)) if strength > 0.0 else 0.0


def _units(total: float, mean: float, u: float) -> int:
    """Return how many projects an order makes: whole units, the fraction of one by luck; space is always built."""
    if mean == 1.0:
        return math.floor(total) + int(u < total - math.floor(total))
    return max(1, round(total / mean)) if total > 0.0 else 0


def _left(entry: Entry, year: int) -> float:
    """Return the part of the year that is left when an entry orders, on average over the time it is in force."""
    share = entry.share_of_year(year)
    begins = share < 1.0 and entry.share_of_year(year - 1) == 0.0
    return 0.5 * share if begins else 1.0 - 0.5 * share


def _queue(world: World, luck: Luck, order: Order, kind: int, mean: float, leak: float, spread: float) -> None:
    """Queue one order as whole projects whose sizes vary and add to what was ordered."""
    name = np.array([name_hash(f"{order.entry.id} {PROJECT_KINDS[kind]}")], np.uint64)
    count = _units(order.quantity, mean, float(luck.uniform(name, "fraction")[0]))
    if count == 0:
        return
    keys = child_keys(np.repeat(name, count), np.arange(count), world.year)
    weight = np.exp(spread * luck.normal(keys, "size")) if mean > 1.0 else np.ones(count)
    world.projects.arrive(
        count,
        key=keys,
        kind=kind,
        quantity=weight if mean == 1.0 else order.quantity * weight / weight.sum(),
        ordered=world.year,
        lost=luck.uniform(keys, "lost") < leak,
        entry=world.entry_index(order.entry.id),
        sector=order.tag,
        left=_left(order.entry, world.year),
    )


def _hosts(world: World, kind: str) -> float:
    """Return how many institutions lack what an order would give them (one each), infinity where that is no limit."""
    u = world.universities
    lacking = {
        "university_base": ~u.has_base,
        "university_fund": ~u.has_fund & (u.kind != OVERSEAS),
        "institute_fund": (u.kind == ATTRACTED) & ~(u.has_fund & u.has_company),
        "transfer_office": ~u.has_office & ~u.has_company,
    }
    return float((u.alive & lacking[kind]).sum()) if kind in lacking else math.inf


def _empty(world: World, kind: str) -> float:
    """Return the share of the space of a kind that nobody uses, 0 where that is not followed or none stands."""
    st = world.state
    built, let = {
        "apartments": (st.apartments, st.apartments_let),
        "software_park": (st.software_floor, st.software_let),
    }.get(kind, (0.0, 0.0))
    return max(0.0, 1.0 - let / built) if built > 0.0 else 0.0


def _takers(world: World, kind: str, p: Parameters) -> Callable[[Entry, float], float]:
    """Return how an order is cut to those who take it: institutions without, developers who see tenants, comers."""
    projects, st = world.projects, world.state
    built = 1.0 - p.caution * _empty(world, kind)
    comers = kind in ("institute", "overseas_centre")
    pool = p.institute_pool * st.gdp_path / st.deflator / GDP_OF_REFERENCE
    waiting = projects.alive & (projects.kind == PROJECT_KINDS.index(kind))
    left = _hosts(world, kind) - float(projects.quantity[waiting].sum())

    def filled(entry: Entry, quantity: float) -> float:
        nonlocal left, pool
        taken = min(built * quantity, max(left, 0.0))
        left -= taken
        if comers:
            taken = pool * (1.0 - math.exp(-taken / pool)) if pool > 0.0 else 0.0
            pool -= taken
        return taken

    return filled


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Take new orders, finish some of the old ones, and open what they built."""
    region, projects, st = world.region, world.projects, world.state
    effect = governance(float(np.asarray(terms.total("delivery"))), p.governance_half)
    leak = p.leak * (1.0 - p.governance_leak * effect)
    speed = 1.0 / (1.0 - p.governance_speed * effect)
    mean_floor = region.figure("incubator_floor_mean")
    block = {"incubator_floor": mean_floor, "apartments": p.apartment_block, "software_park": p.park_block}
    for built in BUILT:
        if not terms.offered(built.term):
            continue
        for order in terms.orders(built.term, _takers(world, built.kind, p)):
            st.ordered += order.spent
            kind = PROJECT_KINDS.index(built.kind)
            _queue(world, luck, order, kind, block.get(built.kind, 1.0), leak, p.size_spread)
    _private(world, luck, p, mean_floor)
    inc = world.incubators
    unpaid = inc.alive & (inc.kind == MAKER_SPACE) & (inc.opened < world.year)
    inc.alive &= ~(unpaid & (luck.uniform(inc.key, "closes") < p.maker_closure * (1.0 - inc.fee_relief)))
    projects.admit()  # an order may be finished in its first year
    rate = speed / np.where(np.isin(projects.kind, SPACE), p.delay_floor, p.delay_small)
    # what is ordered evenly over the time in force has between nothing and twice the mean time left
    first = np.maximum(2.0 * rate * projects.left, 1e-9)
    hazard = np.where(projects.ordered == world.year, 1.0 - (1.0 - np.exp(-first)) / first, 1.0 - np.exp(-rate))
    ready = projects.alive & (luck.uniform(projects.key, "ready") < hazard)
    gone = ready & projects.lost
    projects.alive[gone] = False
    rows = np.flatnonzero(ready & ~projects.lost)
    rows = rows[np.lexsort((projects.key[rows], projects.ordered[rows]))]
    heavy = np.isin(projects.kind[rows], SPACE)
    room = region.figure("floor_capacity_per_year")
    # a project begins while room is left, so that one larger than a year's room does not wait for ever
    size = np.where(heavy, projects.quantity[rows], 0.0)
    rows = rows[~heavy | (np.cumsum(size) - size < room)]
    projects.alive[rows] = False
    projects.finished[rows] = world.year
    _open(world, luck, rows, p)


def _private(world: World, luck: Luck, p: Parameters, mean_floor: float) -> None:
    """Let private operators start incubators and maker spaces on their own account."""
    inc = world.incubators
    for kind, rate, project, mean in (
        (INCUBATOR, p.private_incubators, FLOOR, mean_floor),
        (MAKER_SPACE, p.private_makers, MAKER, 1.0),
    ):
        parents = np.flatnonzero(inc.alive & (inc.kind == kind))
        born = parents[luck.uniform(inc.key[parents], f"private {kind}") < rate]
        keys = child_keys(inc.key[born], np.full(born.size, 7 + kind), world.year)
        size = (
            mean * np.exp(p.size_spread * luck.normal(keys, "size") - 0.5 * p.size_spread**2)
            if mean > 1.0
            else np.ones(born.size)
        )
        world.projects.arrive(
            born.size, key=keys, kind=project, quantity=size, ordered=world.year, lost=False, entry=-1
        )


def _open(world: World, luck: Luck, rows: np.ndarray, p: Parameters) -> None:
    """Turn finished projects into incubators, maker spaces, streets, apartments and bases."""
    region, st, projects, inc = world.region, world.state, world.projects, world.incubators
    share = np.cumsum(region.district("incubator_share"))
    kind, keys, quantity = projects.kind[rows], projects.key[rows], projects.quantity[rows]
    district = np.minimum(np.searchsorted(share / share[-1], luck.uniform(keys, "district")), len(region.districts) - 1)
    quality = luck.normal(keys, "quality")
    for project, agent in ((FLOOR, INCUBATOR), (MAKER, MAKER_SPACE)):
        m = kind == project
        floor = quantity[m] if project == FLOOR else p.maker_floor * np.exp(p.maker_floor_spread * quality[m])
        seats = np.maximum(1.0, np.floor(floor / (p.seat_area if project == FLOOR else p.maker_seat_area)))
        inc.arrive(
            int(m.sum()),
            key=keys[m],
            kind=agent,
            district=district[m],
            opened=world.year,
            floor=floor,
            seats=seats,
            quality=quality[m],
            professional=luck.uniform(keys[m], "operator") < p.professional,
        )
    st.apartments += float(quantity[kind == APARTMENTS].sum())
    for _ in range(int((kind == STREET).sum())):
        st.streets += 1.0
        # districts without a street come first, and of these the one with most incubators
        first = np.lexsort((-region.district("incubator_share"), st.street_districts))[0]
        st.street_districts[first] += 1.0
    u = world.universities
    without = np.flatnonzero(u.alive & ~u.has_base)
    without = without[np.argsort(-u.researchers[without], kind="stable")]
    bases = int((kind == BASE).sum())
    u.has_base[without[:bases]] = True


MECHANISM = Mechanism("delivery", Label("Delivery", "落实与建设"), Parameters, step)
