"""Firms from elsewhere: some come by themselves, some because they are courted, and some neighbours lose them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.luck import Luck, name_hash, poisson_at, poisson_quantile, sub_keys
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Entry, Terms
from simulator.world.agents import ATTRACTED_FIRM
from simulator.world.births import BirthTraits, Newcomers, children, rows_by_share


@dataclass(frozen=True)
class AttractionParameters(BirthTraits):
    """Who comes from elsewhere, and what courting and awards change."""

    inflow: float = parameter(
        0.004,
        unit="1 / year",
        prior=Range(0.001, 0.012, "log"),
        source="assumed",
        doc="firms that come from elsewhere by themselves, over the sector's above-scale firms",
    )
    inflow_response: float = parameter(
        2.0,
        unit="elasticity",
        prior=Range(0.5, 4.0),
        source="assumed",
        doc="the log of it to growth of the sector's demand",
    )
    courting: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.03, 0.25, "logit"),
        source="assumed",
        doc="chance that a firm that is courted comes, without an award; most projects signed never become a firm",
    )
    courting_award: float = parameter(
        1.0,
        unit="1",
        prior=Range(0.0, 2.5),
        source="assumed",
        doc="rise of that chance under a very large award, over the chance itself",
    )
    courting_award_half: float = parameter(
        1.0e6,
        unit="CNY / firm",
        prior=Range(3.0e5, 4.0e6, "log"),
        source="assumed",
        doc="award at which half of that rise is reached, at the prices of the start year",
    )
    courting_anyway: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="share of the firms that come after courting who would have come without it",
    )
    sites: float = parameter(
        0.02,
        unit="1 / year",
        prior=Range(0.008, 0.05, "log"),
        source="assumed",
        doc="firms that land and access can take in a year at most, over the city's above-scale firms",
    )
    sector_sites: float = parameter(
        0.5,
        unit="elasticity",
        prior=Range(0.0, 1.0),
        source="assumed",
        doc="firms that one sector can take to its share of the city's above-scale firms: a strong sector draws more",
    )
    from_neighbours: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="share of the firms won that neighbouring cities lose",
    )
    courting_answer: float = parameter(
        20.0,
        unit="log points",
        prior=Range(5.0, 80.0, "log"),
        source="assumed",
        doc="fall of the chance that a firm that is courted comes, as neighbours match what it is offered, over the "
        "share of their firms that they lost the year before; neighbours are taken to be of the city's size; acts only "
        "under the switch neighbours: counted",
    )
    courting_fading: float = parameter(
        0.2,
        unit="1 / year",
        prior=Range(0.05, 0.5, "logit"),
        source="assumed",
        doc="part of that fall that is gone a year later; acts only under the switch neighbours: counted",
    )
    settled_size: float = parameter(
        12.0,
        unit="factor",
        prior=Range(5.0, 30.0, "log"),
        source="assumed",
        doc="staff and sales of a firm that comes from elsewhere, over a new firm's",
    )
    headquarters_size: float = parameter(
        8.0,
        unit="factor",
        prior=Range(3.0, 20.0, "log"),
        source="assumed",
        doc="staff and sales of a headquarters or large firm that comes, over another firm that comes",
    )
    headquarters_odds: float = parameter(
        0.4,
        unit="factor",
        prior=Range(0.1, 1.0, "log"),
        source="assumed",
        doc="chance that a headquarters that is courted comes, over that of another firm",
    )
    settled_age: float = parameter(
        6.0, unit="years", prior=Range(3.0, 12.0, "log"), source="assumed", doc="age of a firm that comes"
    )
    settled_performs: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.15, 0.65, "logit"),
        source="assumed",
        doc="share of the firms that come that do R&D in the city",
    )


@njit(cache=True, nogil=True)
def poissons(address: np.uint64, keys: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return the (n,) Poisson counts with the given means that belong to an address and to keys."""
    out = np.empty(keys.shape[0], np.int64)
    for i in range(keys.shape[0]):
        out[i] = int(poisson_at(address, keys[i], means[i]))
    return out


def attract(newcomers: Newcomers, terms: Terms, p: AttractionParameters, usual: float, scale: np.ndarray) -> None:
    """Ask for the year's firms from elsewhere.

    ``usual`` is the growth at which the inflow is stated, ``scale`` (S,) the above-scale firms of each sector.
    """
    world = newcomers.world
    st, sectors = world.state, world.sectors
    mean = p.inflow * scale * np.exp(p.inflow_response * (sectors.demand_growth - usual))
    own = np.repeat(np.arange(len(sectors)), poissons(newcomers.luck.address("comes"), sectors.key, mean))
    _settle(newcomers, p, own, "by itself", 1.0)
    if world.switches.get("neighbours", "apart") == "counted":
        lost = st.firms_taken / max(float(scale.sum()), 1.0)
        st.neighbours_courting = (1.0 - p.courting_fading) * st.neighbours_courting + p.courting_answer * lost
    st.firms_drawn = st.firms_taken = 0.0
    if terms.offered("firms_sought") or terms.offered("headquarters_sought"):
        _court(newcomers, terms, p, scale, own)
        st.firms_missing += st.firms_taken


def _court(newcomers: Newcomers, terms: Terms, p: AttractionParameters, scale: np.ndarray, own: np.ndarray) -> None:
    """Win firms by courting and awards; those who would have come anyway are among ``own`` (sector rows) already."""
    world, luck = newcomers.world, newcomers.luck
    st = world.state
    whole = max(float(scale.sum()), 1.0)
    awards = {o.entry.id: o.unit_cost for o in terms.promises("settling_award")}
    room = p.sites * whole
    anyway = np.bincount(own, minlength=scale.size)
    kept = math.exp(-st.neighbours_courting)
    came: dict[str, int] = {}
    for term, odds, size in (
        ("firms_sought", 1.0, 1.0),
        ("headquarters_sought", p.headquarters_odds, p.headquarters_size),
    ):
        for order in terms.orders(term):
            st.ordered += order.spent
            award = awards.get(order.entry.id, 0.0) / st.deflator
            chance = kept * odds * p.courting * (1.0 + p.courting_award * award / (award + p.courting_award_half))
            space = room if order.tag < 0 else min(room, p.sites * whole * (scale[order.tag] / whole) ** p.sector_sites)
            expected = space * (1.0 - math.exp(-chance * order.quantity / space)) if space > 0.0 else 0.0
            seed = name_hash(f"{world.region.id} {term} {order.entry.id}")
            sector = _comers(luck, seed, order.tag, scale, expected)
            room = max(room - sector.size, 0.0)
            came[order.entry.id] = came.get(order.entry.id, 0) + sector.size
            keys = sub_keys(np.full(sector.size, seed), np.arange(sector.size))
            counted = luck.uniform(keys, "anyway") < p.courting_anyway
            new = []
            for s, would in zip(sector, counted, strict=True):
                if would and anyway[s] > 0:
                    anyway[s] -= 1
                else:
                    new.append(s)
            _settle(newcomers, p, np.array(new, np.int64), f"{order.entry.id} {term}", size)
            st.firms_drawn += len(new)
            st.firms_taken += p.from_neighbours * len(new)

    def due(entry: Entry, places: float) -> float:
        return min(places, float(came.get(entry.id, 0)))

    st.ordered += sum(order.spent for order in terms.orders("settling_award", due))


def _comers(luck: Luck, seed: np.uint64, tag: int, scale: np.ndarray, expected: float) -> np.ndarray:
    """Return the sector rows of the firms that come after courting; a strong sector draws more."""
    number = int(poisson_quantile(expected, float(luck.uniform(np.array([seed]), "courted")[0])))
    if tag >= 0:
        return np.full(number, tag)
    keys = sub_keys(np.full(number, seed), np.arange(number))
    weight = np.cumsum(scale)
    place = np.searchsorted(weight / max(float(weight[-1]), 1.0), luck.uniform(keys, "courted sector"))
    return np.minimum(place, scale.size - 1)


def _settle(newcomers: Newcomers, p: AttractionParameters, sector: np.ndarray, name: str, size: float) -> None:
    """Ask for one firm from elsewhere for each sector row in ``sector``."""
    if sector.size == 0:
        return
    world = newcomers.world
    region, year = world.region, world.year
    sector = np.sort(sector)
    counts = np.bincount(sector)
    seeds = np.zeros(counts.size, np.uint64)
    for s in np.flatnonzero(counts):
        seeds[s] = name_hash(f"{region.id} {name} {region.sectors[s]}")
    _, parents, keys = children(seeds, counts)
    newcomers.request(
        parents,
        origin=ATTRACTED_FIRM,
        sector=sector,
        district=rows_by_share(keys, region.district("firm_share"), newcomers.luck.address("settles in")),
        performs=p.settled_performs,
        size=p.settled_size * size,
        founded=year - round(p.settled_age),
        settled=year,
    )
    world.state.firms_attracted += sector.size
