"""Delivery: what measures order is queued, built with a delay, and in part never built."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, name_hash
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Entry, Order, Terms
from simulator.mechanisms.delivery_kernels import Places, finish, places_of, private, projects_of
from simulator.world.agents import ATTRACTED, OVERSEAS, PROJECT_KINDS
from simulator.world.world import GDP_OF_REFERENCE, World

STREET, APARTMENTS, BASE = (PROJECT_KINDS.index(kind) for kind in ("startup_street", "apartments", "university_base"))


class Built(NamedTuple):
    """What a term orders: a kind of project, whose units are whole things or m2 of land-hungry space."""

    term: str
    kind: str
    space: bool = False

    @property
    def number(self) -> int:
        """Return the place of the kind among PROJECT_KINDS."""
        return PROJECT_KINDS.index(self.kind)


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
IS_SPACE = np.isin(PROJECT_KINDS, [b.kind for b in BUILT if b.space])
FOR_HOSTS = ("university_base", "university_fund", "institute_fund", "transfer_office")  # one to an institution
FROM_ELSEWHERE = ("institute", "overseas_centre")
ADVANCED = ("apartments", "software_park")  # developers pay most of it and see whether what stands is let


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
        prior=Range(0.0, 1.0, ceiling=1.0),
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


def _left(entry: Entry, year: int) -> float:
    """Return the part of the year that is left when an entry orders, on average over the time it is in force."""
    share = entry.share_of_year(year)
    if share >= 1.0:
        return 0.5
    return 0.5 * share if entry.share_of_year(year - 1) == 0.0 else 1.0 - 0.5 * share


def _queue(world: World, luck: Luck, orders: list[tuple[Order, int, float]], leak: float, spread: float) -> None:
    """Queue orders, each with its kind and the mean size of a project, as whole projects of varying size.

    The sizes of an order's projects add to what was ordered.
    """
    year, born = world.year, world.luck_year
    names = np.array([name_hash(f"{o.entry.id} {PROJECT_KINDS[kind]}") for o, kind, _ in orders], np.uint64)
    sizes = np.array([(o.quantity, mean) for o, _, mean in orders])
    made, keys, quantity, lost = projects_of(
        names, sizes, born, spread, leak, luck.address("fraction"), luck.address("size"), luck.address("lost")
    )
    numbers = np.array([(kind, world.entry_index(o.entry.id), o.tag) for o, kind, _ in orders])[made]
    world.projects.arrive(
        keys.size,
        key=keys,
        kind=numbers[:, 0],
        quantity=quantity,
        ordered=year,
        lost=lost,
        entry=numbers[:, 1],
        sector=numbers[:, 2],
        left=np.array([_left(o.entry, year) for o, _, _ in orders])[made],
    )


def _hosts(world: World, kind: str) -> float:
    """Return how many institutions lack what an order would give them (one each), infinity where that is no limit."""
    u = world.universities
    if kind == "university_base":
        lacking = ~u.has_base
    elif kind == "university_fund":
        lacking = ~u.has_fund & (u.kind != OVERSEAS)
    elif kind == "institute_fund":
        lacking = (u.kind == ATTRACTED) & ~(u.has_fund & u.has_company)
    elif kind == "transfer_office":
        lacking = ~u.has_office & ~u.has_company
    else:
        return math.inf
    return float(np.count_nonzero(u.alive & lacking))


def _empty(world: World, kind: str) -> float:
    """Return the share of the space of a kind that nobody uses, 0 where that is not followed or none stands."""
    st = world.state
    built, let = {
        "apartments": (st.apartments, st.apartments_let),
        "software_park": (st.software_floor, st.software_let),
    }.get(kind, (0.0, 0.0))
    return max(0.0, 1.0 - let / built) if built > 0.0 else 0.0


def _takers(world: World, kind: str, waiting: float, p: Parameters) -> Callable[[Entry, float], float] | None:
    """Return how an order is cut to those who take it: institutions without, developers who see tenants, comers.

    ``waiting`` is what of the kind has been ordered before and is not finished. None where nothing limits an order.
    """
    if kind not in FOR_HOSTS and kind not in FROM_ELSEWHERE and kind not in ADVANCED:
        return None
    st = world.state
    built = 1.0 - p.caution * _empty(world, kind)
    comers = kind in FROM_ELSEWHERE
    pool = p.institute_pool * st.gdp_path / st.deflator / GDP_OF_REFERENCE
    left = _hosts(world, kind) - waiting

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
    waiting = np.bincount(projects.kind, np.where(projects.alive, projects.quantity, 0.0), len(PROJECT_KINDS))
    orders: list[tuple[Order, int, float]] = []
    for built in BUILT:
        if not terms.offered(built.term):
            continue
        kind = built.number
        for order in terms.orders(built.term, _takers(world, built.kind, float(waiting[kind]), p)):
            st.ordered += order.spent
            orders.append((order, kind, block.get(built.kind, 1.0)))
    if orders:
        _queue(world, luck, orders, leak, p.size_spread)
    _private(world, luck, p, mean_floor)
    projects.admit()  # an order may be finished in its first year
    rows = finish(
        projects.key,
        projects.alive,
        projects.kind,
        projects.quantity,
        projects.ordered,
        projects.left,
        projects.lost,
        projects.finished,
        world.year,
        speed / p.delay_floor,
        speed / p.delay_small,
        IS_SPACE,
        region.figure("floor_capacity_per_year"),
        luck.address("ready"),
    )
    if rows.size:
        _open(world, luck, rows, p)


def _private(world: World, luck: Luck, p: Parameters, mean_floor: float) -> None:
    """Let private operators start incubators and maker spaces on their own account; close maker spaces nobody pays."""
    inc = world.incubators
    keys, kinds, quantity = private(
        inc.key,
        inc.alive,
        inc.kind,
        inc.opened,
        inc.fee_relief,
        world.year,
        world.luck_year,
        (p.private_incubators, p.private_makers),
        mean_floor,
        p.size_spread,
        p.maker_closure,
        (luck.address("private 0"), luck.address("private 1")),
        luck.address("size"),
        luck.address("closes"),
    )
    world.projects.arrive(keys.size, key=keys, kind=kinds, quantity=quantity, ordered=world.year, lost=False, entry=-1)


def _open(world: World, luck: Luck, rows: np.ndarray, p: Parameters) -> None:
    """Turn finished projects into incubators, maker spaces, streets, apartments and bases."""
    region, st, projects = world.region, world.state, world.projects
    share = region.district("incubator_share")
    keys, kinds, districts, floor, seats, quality, run = places_of(
        projects.key,
        projects.kind,
        projects.quantity,
        rows,
        share,
        Places._make([getattr(p, name) for name in Places._fields]),
        luck.address("quality"),
        luck.address("district"),
        luck.address("operator"),
    )
    world.incubators.arrive(
        keys.size,
        key=keys,
        kind=kinds,
        district=districts,
        opened=world.year,
        floor=floor,
        seats=seats,
        quality=quality,
        professional=run,
    )
    kind = projects.kind[rows]
    st.apartments += float(projects.quantity[rows[kind == APARTMENTS]].sum())
    for _ in range(int(np.count_nonzero(kind == STREET))):
        st.streets += 1.0
        # districts without a street come first, and of these the one with most incubators
        st.street_districts[np.lexsort((-share, st.street_districts))[0]] += 1.0
    if bases := int(np.count_nonzero(kind == BASE)):
        u = world.universities
        without = np.flatnonzero(u.alive & ~u.has_base)
        without = without[np.argsort(-u.researchers[without], kind="stable")]
        u.has_base[without[:bases]] = True


MECHANISM = Mechanism("delivery", Label("Delivery", "落实与建设"), Parameters, step)
