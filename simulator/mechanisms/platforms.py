"""Platforms: shared centres of a sector open, run while somebody pays, reach firms with R&D, and close."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Entry, Terms
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters:
    """What platforms reach, and how long they last."""

    reach: float = parameter(
        6.0,
        unit="firms / platform",
        prior=Range(2.0, 20.0, "log"),
        source="assumed",
        doc="R&D firms that a platform serves where it is the only one",
    )
    unpaid: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.9, "logit"),
        source="assumed",
        doc="service of a platform whose running cost nobody pays, over that of one where all is paid",
    )
    closure: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.03, 0.3, "log"),
        source="assumed",
        doc="chance that a platform whose running cost nobody pays closes in a year",
    )
    local_services: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.1, 0.8, "logit"),
        source="assumed",
        doc="part of what running a smart-city platform costs that buys from local digital firms",
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Open what was built, pay for running, close some, and note the share of performers reached by sector."""
    platforms, sectors, projects, st = world.platforms, world.sectors, world.projects, world.state
    rows = world.delivered("platform")
    platforms.arrive(
        rows.size,
        key=projects.key[rows],
        sector=projects.sector[rows],
        opened=world.year,
        entry=projects.entry[rows],
    )
    sectors.platform_support[:] = 0.0
    st.tourism_public = _of_tourism(world, terms)
    if not len(platforms):
        return
    _run(world, terms, p)
    platforms.alive &= luck.uniform(platforms.key, "closes") >= p.closure * (1.0 - platforms.paid)
    service = np.where(platforms.alive, p.unpaid + (1.0 - p.unpaid) * platforms.paid, 0.0)
    served = p.reach * np.bincount(platforms.sector, service, len(sectors))
    f = world.firms
    performers = np.bincount(f.sector[f.alive & f.does_rd], minlength=len(sectors))
    sectors.platform_support[:] = served / np.maximum(served + performers, 1.0)


def _run(world: World, terms: Terms, p: Parameters) -> None:
    """Pay the running cost of open platforms; what a smart-city platform buys is demand for digital firms."""
    platforms, sectors, st, f = world.platforms, world.sectors, world.state, world.firms
    platforms.paid[:] = 0.0
    digital = world.region.sectors.index("digital")

    def mine(entry: Entry) -> np.ndarray:
        return platforms.alive & (platforms.entry == world.entry_index(entry.id))

    def filled(entry: Entry, quantity: float) -> float:
        return min(quantity, entry.share_of_year(world.year) * float(mine(entry).sum()))

    bought = 0.0
    for order in terms.orders("platform_running", filled):
        st.ordered += order.spent
        open_here = mine(order.entry)
        platforms.paid[open_here] = order.quantity / max(float(open_here.sum()), 1.0)
        bought += p.local_services * order.spent if order.tag == digital else 0.0
    if bought > 0.0:
        sales = float(f.revenue[f.alive & (f.sector == digital)].sum())
        sales += float(sectors.rest_value_added[digital] / world.region.sector("value_added_ratio")[digital])
        new = bought - st.platform_services
        sectors.demand_growth[digital] += new / max(sales, 1.0)
    st.platform_services = bought


def _of_tourism(world: World, terms: Terms) -> float:
    """Return what platforms of tourism ordered this year cost (CNY): public investment in attractions."""
    tourism = world.region.sectors.index("tourism")
    return sum(
        min(float(np.asarray(o.value)) * o.entry.share_of_year(world.year) * o.unit_cost, o.budget)
        for o in terms.promises("platforms")
        if o.tag == tourism
    )


MECHANISM = Mechanism("platforms", Label("Platforms", "创新平台"), Parameters, step)
