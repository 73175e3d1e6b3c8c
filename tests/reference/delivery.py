"""Delivery: what is ordered is queued, built with a delay, and in part never built."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.delivery import BUILT, Parameters
from simulator.world.agents import ATTRACTED, INCUBATOR, MAKER_SPACE, OVERSEAS, PROJECT_KINDS
from simulator.world.world import GDP_OF_REFERENCE
from tests.reference.luck import Draws, child_key, key_of
from tests.reference.offers import Counter, Order

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

SPACE = {PROJECT_KINDS.index(b.kind) for b in BUILT if b.space}


class HostingUniversity:
    """A university that may be given something."""

    def lacks(self: Any, kind: str) -> bool:
        """Return whether it has not got what an order would give it."""
        if not self.alive:
            return False
        if kind == "university_base":
            return not self.has_base
        if kind == "university_fund":
            return not self.has_fund and self.kind != OVERSEAS
        if kind == "institute_fund":
            return self.kind == ATTRACTED and not (self.has_fund and self.has_company)
        return not self.has_office and not self.has_company


class UnpaidSpace:
    """A maker space that may have to close."""

    def closes_unpaid(self: Any, p: Parameters, draws: Draws) -> bool:
        """Return whether a maker space gives up because nobody pays for what fees do not cover."""
        if not self.alive or self.kind != MAKER_SPACE or self.opened >= self.model.year:
            return False
        return draws.uniform(self.key, "closes") < p.maker_closure * (1.0 - self.fee_relief)


class BuildingProject:
    """A project on its way."""

    def is_ready(self: Any, p: Parameters, speed: float, year: int, draws: Draws) -> bool:
        """Return whether its time has come this year."""
        rate = speed / (p.delay_floor if self.kind in SPACE else p.delay_small)
        if self.ordered == year:  # ordered evenly over the time in force, so with between nothing and twice the mean
            first = max(2.0 * rate * self.left, 1e-9)
            hazard = 1.0 - (1.0 - math.exp(-first)) / first
        else:
            hazard = 1.0 - math.exp(-rate)
        return draws.uniform(self.key, "ready") < hazard


def governance(strength: float, half: float) -> float:
    """Return the share of governance's full effect reached."""
    return min(1.0, strength * (1.0 + half) / (strength + half)) if strength > 0.0 else 0.0


def units(total: float, mean: float, u: float) -> int:
    """Return how many projects an order makes."""
    if mean == 1.0:
        return math.floor(total) + (u < total - math.floor(total))
    return max(1, round(total / mean)) if total > 0.0 else 0


def time_left(entry: Any, year: int) -> float:
    """Return the part of the year that is left when an entry orders."""
    share = entry.share_of_year(year)
    begins = share < 1.0 and entry.share_of_year(year - 1) == 0.0
    return 0.5 * share if begins else 1.0 - 0.5 * share


def queue(
    model: ReferenceModel, draws: Draws, order: Order, kind: str, mean: float, leak: float, spread: float
) -> None:
    """Queue one order as whole projects whose sizes vary and add to what was ordered."""
    name = key_of(f"{order.entry.id} {kind}")
    count = units(order.quantity, mean, draws.uniform(name, "fraction"))
    keys = [child_key(name, rank, model.year) for rank in range(count)]
    weight = [math.exp(spread * draws.normal(key, "size")) if mean > 1.0 else 1.0 for key in keys]
    whole = sum(weight)
    for key, w in zip(keys, weight, strict=True):
        model.arrive(
            "projects",
            key=key,
            kind=PROJECT_KINDS.index(kind),
            quantity=w if mean == 1.0 else order.quantity * w / whole,
            ordered=model.year,
            lost=draws.uniform(key, "lost") < leak,
            entry=model.entry_index(order.entry.id),
            sector=order.tag,
            left=time_left(order.entry, model.year),
        )


def takers(model: ReferenceModel, kind: str, p: Parameters) -> Any:
    """Return how an order is cut to those who take it: institutions without, developers who see tenants, comers."""
    st, number = model.state, PROJECT_KINDS.index(kind)
    stands = {"apartments": (st.apartments, st.apartments_let), "software_park": (st.software_floor, st.software_let)}
    floor, let = stands.get(kind, (0.0, 0.0))
    built = 1.0 - p.caution * (max(0.0, 1.0 - let / floor) if floor > 0.0 else 0.0)
    pool = p.institute_pool * st.gdp_path / st.deflator / GDP_OF_REFERENCE
    left = math.inf
    if kind in ("university_base", "university_fund", "institute_fund", "transfer_office"):
        waiting = sum(x.quantity for x in model.projects if x.alive and x.kind == number)
        left = sum(u.lacks(kind) for u in model.universities) - waiting

    def filled(entry: Any, quantity: float) -> float:
        nonlocal left, pool
        taken = min(built * quantity, max(left, 0.0))
        left -= taken
        if kind in ("institute", "overseas_centre"):
            taken = pool * (1.0 - math.exp(-taken / pool)) if pool > 0.0 else 0.0
            pool -= taken
        return taken

    return filled


def start_privately(model: ReferenceModel, p: Parameters, draws: Draws, mean_floor: float) -> None:
    """Let private operators start incubators and maker spaces on their own account."""
    for kind, rate, project, mean in (
        (INCUBATOR, p.private_incubators, "incubator_floor", mean_floor),
        (MAKER_SPACE, p.private_makers, "maker_space", 1.0),
    ):
        for place in model.incubators:
            if place.alive and place.kind == kind and draws.uniform(place.key, f"private {kind}") < rate:
                key = child_key(place.key, 7 + kind, model.year)
                size = 1.0
                if mean > 1.0:
                    size = mean * math.exp(p.size_spread * draws.normal(key, "size") - 0.5 * p.size_spread**2)
                model.arrive(
                    "projects",
                    key=key,
                    kind=PROJECT_KINDS.index(project),
                    quantity=size,
                    ordered=model.year,
                    lost=False,
                    entry=-1,
                )


def finish(model: ReferenceModel, p: Parameters, speed: float, draws: Draws) -> list[Any]:
    """Return the projects that are finished this year: those whose time has come, while there is room to build."""
    ready = [x for x in model.projects if x.alive and x.is_ready(p, speed, model.year, draws)]
    for project in ready:
        project.alive = not project.lost
    done, built = [], 0.0
    for project in sorted((x for x in ready if not x.lost), key=lambda x: (x.ordered, x.key)):
        size = project.quantity if project.kind in SPACE else 0.0
        if project.kind not in SPACE or built < model.region.figure("floor_capacity_per_year"):
            done.append(project)
        built += size
    for project in done:
        project.alive = False
        project.finished = model.year
    return done


def open_place(model: ReferenceModel, project: Any, p: Parameters, draws: Draws) -> None:
    """Open an incubator or a maker space."""
    share = list(accumulate(model.district_facts["incubator_share"]))
    u = draws.uniform(project.key, "district")
    district = min(bisect_left([x / share[-1] for x in share], u), len(share) - 1)
    quality = draws.normal(project.key, "quality")
    incubator = PROJECT_KINDS[project.kind] == "incubator_floor"
    floor = project.quantity if incubator else p.maker_floor * math.exp(p.maker_floor_spread * quality)
    model.arrive(
        "incubators",
        key=project.key,
        kind=INCUBATOR if incubator else MAKER_SPACE,
        district=district,
        opened=model.year,
        floor=floor,
        seats=max(1.0, math.floor(floor / (p.seat_area if incubator else p.maker_seat_area))),
        quality=quality,
        professional=draws.uniform(project.key, "operator") < p.professional,
    )


def open_street(model: ReferenceModel) -> None:
    """Open a street in a district without one, of these in that with most incubators."""
    st, share = model.state, model.district_facts["incubator_share"]
    first = min(range(len(share)), key=lambda d: (st.street_districts[d], -share[d]))
    st.streets += 1.0
    st.street_districts[first] += 1.0


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Take new orders, finish some of the old ones, and open what they built."""
    st = model.state
    effect = governance(counter.total("delivery"), p.governance_half)
    leak = p.leak * (1.0 - p.governance_leak * effect)
    speed = 1.0 / (1.0 - p.governance_speed * effect)
    mean_floor = model.region.figure("incubator_floor_mean")
    block = {"incubator_floor": mean_floor, "apartments": p.apartment_block, "software_park": p.park_block}
    for built in BUILT:
        if counter.offered(built.term):
            for order in counter.orders(built.term, takers(model, built.kind, p)):
                st.ordered += order.spent
                queue(model, draws, order, built.kind, block.get(built.kind, 1.0), leak, p.size_spread)
    start_privately(model, p, draws, mean_floor)
    for place in model.incubators:
        if place.closes_unpaid(p, draws):
            place.alive = False
    for project in model.arriving["projects"]:  # an order may be finished in its first year
        project.row = len(model.projects)
        model.projects.append(project)
    model.arriving["projects"] = []
    opened = {kind: [] for kind in PROJECT_KINDS}
    for project in finish(model, p, speed, draws):
        opened[PROJECT_KINDS[project.kind]].append(project)
    for project in opened["incubator_floor"] + opened["maker_space"]:
        open_place(model, project, p, draws)
    st.apartments += sum(x.quantity for x in opened["apartments"])
    for _ in opened["startup_street"]:
        open_street(model)
    without = sorted((u for u in model.universities if u.alive and not u.has_base), key=lambda u: -u.researchers)
    for university in without[: len(opened["university_base"])]:
        university.has_base = True
