"""Neighbouring cities: what they are without because the city drew it, and how they answer in kind."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulator.core.parameters import Range, parameter
from simulator.world.world import World


@dataclass(frozen=True)
class NeighbourParameters:
    """The neighbours' answer where their losses are counted."""

    neighbours_answer: float = parameter(
        2.0,
        unit="log points",
        prior=Range(0.5, 8.0, "log"),
        source="assumed",
        doc="rise of what neighbours offer talent, as part of net pay, over the researchers and graduates that they "
        "lost the year before per researcher of the city, as they are taken to be of its size; acts only under the "
        "switch neighbours: counted",
    )
    neighbours_fading: float = parameter(
        0.2,
        unit="1 / year",
        prior=Range(0.05, 0.5, "logit"),
        source="assumed",
        doc="part of what neighbours offer talent in answer that they take back each year; acts only under the switch "
        "neighbours: counted",
    )


def answers(world: World) -> bool:
    """Return whether neighbours' losses count, so that neighbours answer them."""
    return world.switches.get("neighbours", "apart") == "counted"


def answer_losses(world: World, p: NeighbourParameters) -> None:
    """Let neighbours raise what they offer talent in proportion to what they lost the year before."""
    if not answers(world):
        return
    st, pools, r = world.state, world.pools, world.pool("researchers")
    lost = float(pools.taken[r] + pools.taken[world.pool("graduates")]) / max(float(pools.stock[r]), 1.0)
    st.neighbours_pay = (1.0 - p.neighbours_fading) * st.neighbours_pay + p.neighbours_answer * lost


def won(world: World, pull: float) -> float:
    """Return the part of those whom an award or a visit would win that neighbours' offers do not keep, 0 to 1."""
    return math.exp(-pull * world.state.neighbours_pay)


def count_losses(
    world: World, gained: float, graduate_share: float, leaving: float, high_end_leaving: float, retiring: float
) -> None:
    """Carry on whom neighbours are without, of whom some would have left or retired there as well.

    ``gained`` is what the broad talent total took from them this year, persons; ``graduate_share`` is the part of
    graduates who become researchers, the others are shares a year.
    """
    st, pools = world.state, world.pools
    r, g, h = world.pool("researchers"), world.pool("graduates"), world.pool("high_end")
    pools.missing[r] += pools.taken[r] + graduate_share * pools.taken[g] - leaving * pools.missing[r]
    pools.missing[h] += pools.taken[h] - high_end_leaving * pools.missing[h]
    st.talent_missing += gained - retiring * st.talent_missing
    if world.year >= int(world.region.plan_start):
        st.engaged_missing += float(pools.taken[h])
