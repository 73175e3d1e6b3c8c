"""Clusters: software parks fill and empty, firms move to zones, sectors get advice and a transfer centre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.clusters_kernels import asking, fill_parks, tie
from simulator.world.space import closeness, nearest
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters:
    """Who moves where, and what nearness and advice bring."""

    park_area: float = parameter(
        30.0,
        unit="m2 / person",
        prior=Range(18.0, 45.0, "log"),
        source="assumed",
        doc="gross floor of a software park per person at work in it",
    )
    park_apply: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.05, 0.35, "logit"),
        source="assumed",
        doc="chance that a digital firm outside parks and incubators looks for space in one",
    )
    park_leave: float = parameter(
        0.08,
        unit="1 / year",
        prior=Range(0.03, 0.2, "logit"),
        source="assumed",
        doc="chance that a tenant of a software park moves out",
    )
    park_others: float = parameter(
        0.5,
        unit="factor",
        prior=Range(0.2, 1.0, "log"),
        source="assumed",
        doc="floor that digital firms which are not agents would take, over that of agents of the same value added: "
        "telephone companies need none",
    )
    park_firms: float = parameter(
        20.0,
        unit="firms",
        prior=Range(8.0, 50.0, "log"),
        source="assumed",
        doc="firms with R&D of their own that a new high-tech park takes in; the others gain nothing there",
    )
    park_tie: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.0, 0.15),
        source="assumed",
        doc="chance that such a firm finds a university partner through the park; studies find no more direct effect",
    )
    zone_move: float = parameter(
        0.02,
        unit="1 / year",
        prior=Range(0.0, 0.06),
        source="assumed",
        doc="chance that a young firm elsewhere in the region moves to a zone with full preference",
    )
    mobile_years: float = parameter(
        6.0, unit="years", prior=Range(3.0, 10.0), source="assumed", doc="age up to which a firm may move"
    )
    adoption_interest: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.04, 0.25, "log"),
        source="assumed",
        doc="chance that a firm outside the sector asks for advice on using its technology",
    )
    adoption_cost: float = parameter(
        1.0e5,
        unit="CNY / firm",
        prior=Range(4.0e4, 3.0e5, "log"),
        source="assumed",
        doc="whole cost of a round of advice at the prices of the start year",
    )
    adoption_gain: float = parameter(
        0.004,
        unit="log points",
        prior=Range(0.0, 0.015),
        source="assumed",
        doc="productivity that a round of advice brings a firm that would not have bought it otherwise",
    )
    adoption_staff: float = parameter(
        200.0,
        unit="persons",
        prior=Range(80.0, 600.0, "log"),
        source="assumed",
        doc="staff whose work one round of advice reaches: in a larger firm the gain is that much smaller",
    )
    adoption_again: float = parameter(
        5.0, unit="years", prior=Range(3.0, 8.0), source="assumed", doc="years before a firm is advised again"
    )
    centre_tie: float = parameter(
        0.04,
        unit="1 / year",
        prior=Range(0.0, 0.12),
        source="assumed",
        doc="chance that a full transfer centre ties a firm with R&D to the institution nearest in its field",
    )
    centre_firms: float = parameter(
        60.0,
        unit="firms / year",
        prior=Range(20.0, 150.0, "log"),
        source="assumed",
        doc="firms that the people of a full transfer centre can bring together with institutions in a year",
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Open zones and parks, let firms move, and take up what sector programmes offer."""
    st = world.state
    st.innovation_zones += float(world.delivered("innovation_zone").size)  # a name and a plan: nothing more by itself
    st.software_floor += float(world.projects.quantity[world.delivered("software_park")].sum())
    _high_tech_parks(world, p, luck)
    _software_parks(world, p, luck)
    if terms.offered("zone_welcome"):
        _move(world, terms, p, luck)
    if terms.offered("adoption_support"):
        _adopt(world, terms, p, luck)
    if terms.offered("sector_transfer"):
        _meet(world, terms, p, luck)


def _high_tech_parks(world: World, p: Parameters, luck: Luck) -> None:
    """Open finished parks in districts with incubators; firms with R&D of their own may find a partner there."""
    f, rows = world.firms, world.delivered("high_tech_park")
    if rows.size == 0:
        return
    world.state.high_tech_parks += float(rows.size)
    share = np.cumsum(world.region.district("incubator_share"))
    u = luck.uniform(world.projects.key[rows], "park district")
    districts = np.minimum(np.searchsorted(share / share[-1], u), share.size - 1)
    for d, parks in zip(*np.unique(districts, return_counts=True), strict=True):
        near = np.flatnonzero(f.alive & f.does_rd & (f.university >= 0) & (f.district == d))
        chance = p.park_tie * min(1.0, parks * p.park_firms / max(near.size, 1))
        f.link[near[luck.uniform(f.key[near], "park tie") < chance]] = 1.0


def _software_parks(world: World, p: Parameters, luck: Luck) -> None:
    """Let digital firms move in where floor is free, and out; a park creates no firm by standing there.

    Most of the digital economy is no agent: it takes floor as a whole, at the same rates.
    """
    f, st, sectors = world.firms, world.state, world.sectors
    if st.software_floor <= 0.0:
        return
    digital = world.region.sectors.index("digital")
    first = world.year == world.region.start_year  # floor that was there has its tenants
    st.software_others, st.software_let, st.software_room = fill_parks(
        f.key,
        f.alive,
        f.sector,
        f.staff,
        f.incubator,
        f.in_park,
        digital,
        st.software_floor,
        st.software_others,
        p.park_others * float(sectors.rest_value_added[digital] / max(sectors.value_added[digital], 1.0)),
        p.park_area,
        p.park_leave,
        1.0 if first else p.park_apply,
        luck.address("leaves park"),
        luck.address("looks for park"),
    )


def _move(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Let young firms from elsewhere in the region move to a zone that welcomes them; other districts lose them."""
    f, u = world.firms, world.universities
    mobile = np.flatnonzero(f.alive & ~f.above_scale & (f.incubator < 0) & (f.founded >= world.year - p.mobile_years))
    drawn = luck.uniform(f.key[mobile], "moves to zone")
    for o in terms.promises("zone_welcome"):
        welcome = f.district[mobile] != o.tag
        if o.eligible is not None:
            welcome &= o.eligible[mobile]
        chance = p.zone_move * float(np.asarray(o.value))
        rows = mobile[welcome & (drawn >= 0.0) & (drawn < chance)]
        drawn[welcome] -= chance  # who has moved moves no more; the next zone's chance comes on top
        if rows.size == 0:
            continue
        f.district[rows] = o.tag
        close = closeness(world.region, u.district, world.state.decay_km)
        tech = f.tech[rows].astype(float)
        f.university[rows], f.nearness[rows] = nearest(tech, f.district[rows], u.tech.astype(float), close)


def _adopt(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Advise firms that ask, the larger first; those that would have bought the advice anyway gain nothing new."""
    f = world.firms
    rows = asking(
        f.key,
        f.alive,
        f.staff,
        f.advised,
        terms.eligible("adoption_support"),
        world.year - p.adoption_again,
        p.adoption_interest,
        luck.address("asks advice"),
    )
    if rows.size == 0:
        return
    cost = np.full(rows.size, p.adoption_cost * world.state.deflator)
    paid = terms.draw("adoption_support", rows, cost, f.revenue[rows])
    i = paid.index
    if i.size == 0:
        return
    f.advised[i] = world.year
    f.cash[i] -= paid.amount  # the money goes on to the advisers
    new = luck.uniform(f.key[i], "new advice") < paid.real / paid.amount
    reached = np.minimum(1.0, p.adoption_staff / f.staff[i[new]])
    f.productivity[i[new]] += p.adoption_gain * reached


def _meet(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Let transfer centres tie firms that do R&D to the institutions nearest to them; their people are few."""
    f = world.firms
    tie(
        f.key,
        f.alive,
        f.does_rd,
        f.university,
        f.sector,
        f.nearness,
        f.link,
        terms.column("sector_transfer"),
        p.centre_tie,
        p.centre_firms,
        luck.address("meets at centre"),
    )


MECHANISM = Mechanism("clusters", Label("Parks, zones and sectors", "园区与行业"), Parameters, step)
