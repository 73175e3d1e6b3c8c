"""Firms from elsewhere: some come by themselves, some because they are courted, and some neighbours lose them."""

from __future__ import annotations

import math
from typing import Any

from simulator.mechanisms.founding_attraction import AttractionParameters
from simulator.world.agents import ATTRACTED_FIRM
from tests.reference.births import Nursery
from tests.reference.luck import Draws, key_of, sub_key
from tests.reference.offers import Counter, Order
from tests.reference.space import Shares


def settle(nursery: Nursery, p: AttractionParameters, numbers: list[int], name: str, size: float) -> None:
    """Let firms from elsewhere settle, as many as ``numbers`` says by sector."""
    if not any(numbers):
        return
    model, draws = nursery.model, nursery.draws
    year, region = model.year, model.region
    districts = Shares(model.district_facts["firm_share"])
    for sector, number in enumerate(numbers):
        if number == 0:
            continue
        seed = key_of(f"{region.id} {name} {region.sectors[sector]}")
        for rank in range(number):
            nursery.found(
                seed,
                rank,
                origin=ATTRACTED_FIRM,
                sector=sector,
                district=districts.pick(draws.uniform(sub_key(seed, rank), "settles in")),
                performs=p.settled_performs,
                size=p.settled_size * size,
                founded=year - round(p.settled_age),
                settled=year,
            )
    model.state.firms_attracted += sum(numbers)


def attract(nursery: Nursery, counter: Counter, p: AttractionParameters, usual: float, scale: list[int]) -> None:
    """Let the year's firms from elsewhere come.

    ``usual`` is the growth at which the inflow is stated, ``scale`` the above-scale firms of each sector.
    """
    model, draws = nursery.model, nursery.draws
    own = []
    for sector, firms in zip(model.sectors, scale, strict=True):
        mean = p.inflow * firms * math.exp(p.inflow_response * (sector.demand_growth - usual))
        own.append(int(draws.poisson(sector.key, "comes", mean)))
    settle(nursery, p, own, "by itself", 1.0)
    neighbours_answer(model, p, sum(scale))
    model.state.firms_drawn = model.state.firms_taken = 0.0
    if counter.offered("firms_sought") or counter.offered("headquarters_sought"):
        court(nursery, counter, p, scale, own)
    model.state.firms_missing += model.state.firms_taken


def neighbours_answer(model: Any, p: AttractionParameters, firms: float) -> None:
    """Let neighbours who lost firms match what is offered to those they still have, if their losses count."""
    st = model.state
    if model.switches.get("neighbours") != "counted":
        return
    st.neighbours_courting -= p.courting_fading * st.neighbours_courting
    st.neighbours_courting += p.courting_answer * st.firms_taken / max(firms, 1.0)


def court(nursery: Nursery, counter: Counter, p: AttractionParameters, scale: list[int], own: list[int]) -> None:
    """Win firms by courting and awards; those who would have come anyway are among ``own`` already."""
    model, st = nursery.model, nursery.model.state
    whole = max(sum(scale), 1)
    awards = {o.entry.id: o.unit_cost / st.deflator for o in counter.promises("settling_award")}
    room = p.sites * whole
    anyway = list(own)
    came: dict[str, float] = {}
    for term, odds, size in (
        ("firms_sought", 1.0, 1.0),
        ("headquarters_sought", p.headquarters_odds, p.headquarters_size),
    ):
        for order in counter.orders(term):
            st.ordered += order.spent
            space = room
            if order.tag >= 0:
                space = min(room, p.sites * whole * (scale[order.tag] / whole) ** p.sector_sites)
            expected = won(p, order, odds, awards.get(order.entry.id, 0.0), space, st.neighbours_courting)
            name = f"{order.entry.id} {term}"
            seed = key_of(f"{model.region.id} {term} {order.entry.id}")
            comers = who_comes(nursery.draws, seed, order.tag, scale, expected)
            room = max(room - len(comers), 0.0)
            came[order.entry.id] = came.get(order.entry.id, 0.0) + len(comers)
            new = [0] * len(scale)
            for rank, sector in enumerate(comers):
                would = nursery.draws.uniform(sub_key(seed, rank), "anyway") < p.courting_anyway
                if would and anyway[sector] > 0:
                    anyway[sector] -= 1
                else:
                    new[sector] += 1
            settle(nursery, p, new, name, size)
            st.firms_drawn += sum(new)
            st.firms_taken += p.from_neighbours * sum(new)

    def due(entry: Any, places: float) -> float:
        return min(places, came.get(entry.id, 0.0))

    st.ordered += sum(order.spent for order in counter.orders("settling_award", due))


def won(p: AttractionParameters, order: Order, odds: float, award: float, space: float, matched: float) -> float:
    """Return how many of the firms courted are expected to come.

    Land and access take in no more than ``space``; ``matched`` is what neighbours answer, log points.
    """
    if space <= 0.0:
        return 0.0
    rise = p.courting_award * award / (award + p.courting_award_half)
    chance = odds * p.courting * (1.0 + rise) / math.exp(matched)
    return space * (1.0 - math.exp(-chance * order.quantity / space))


def who_comes(draws: Draws, seed: int, tag: int, scale: list[int], expected: float) -> list[int]:
    """Return the sectors of the firms that come after courting; a strong sector draws more."""
    number = int(draws.poisson(seed, "courted", expected))
    if tag >= 0:
        return [tag] * number
    sectors = Shares(scale, least=1)
    return [sectors.pick(draws.uniform(sub_key(seed, rank), "courted sector")) for rank in range(number)]
