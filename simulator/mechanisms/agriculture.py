"""Agriculture: productivity grows, faster with platforms; counties that meet the conditions win the national title."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, child_keys, name_hash
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters:
    """How farms gain, and what a county must show."""

    trend: float = parameter(
        0.03,
        unit="log points / year",
        prior=Range(0.015, 0.045),
        source="assumed",
        doc="growth of farm productivity without platforms, already in the sector's demand",
    )
    platform: float = parameter(
        0.004,
        unit="log points / year",
        prior=Range(-0.001, 0.012, floor=-0.02),
        source="assumed",
        doc="more growth of farm productivity with platforms than without any, at most",
    )
    platforms_half: float = parameter(
        4.0,
        unit="platforms",
        prior=Range(2.0, 10.0, "log"),
        source="assumed",
        doc="open platforms at which half of that is reached",
    )
    platforms_needed: float = parameter(
        1.0,
        unit="platforms / county",
        prior=Range(0.5, 3.0, "log"),
        source="assumed",
        doc="open platforms of agriculture that a county needs to apply",
    )
    productivity_needed: float = parameter(
        0.12,
        unit="log points",
        prior=Range(0.05, 0.25, "log"),
        source="assumed",
        doc="farm productivity gained since the start that a county must show",
    )
    visits_needed: float = parameter(
        1.3,
        unit="factor",
        prior=Range(1.05, 1.8, "log"),
        source="assumed",
        doc="visits to the city over those at the start that a county must show",
    )
    chosen: float = parameter(
        0.2,
        unit="1 / year",
        prior=Range(0.05, 0.5, "logit"),
        source="assumed",
        doc="chance that a county which meets the conditions is chosen in a year",
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Raise farm productivity, and let the national jury decide on the counties that meet the conditions."""
    st, sectors, region = world.state, world.sectors, world.region
    farming = region.sectors.index("agriculture")
    open_ = float((world.platforms.alive & (world.platforms.sector == farming)).sum())
    gained = p.platform * open_ / (open_ + p.platforms_half)
    if gained != 0.0:
        sectors.rest_value_added[farming] *= float(np.exp(gained))
    counties = st.county_title.size
    if counties == 0:
        return
    st.county_productivity += p.trend + gained
    visits = st.tourists / max(region.figure("tourist_visits"), 1.0)
    # platforms serve the counties in turn, so the first county is ready before the second
    ready = np.arange(1, counties + 1) * p.platforms_needed <= open_
    ready &= st.county_productivity >= p.productivity_needed and visits >= p.visits_needed
    keys = child_keys(np.full(counties, name_hash(f"{region.id} counties"), np.uint64), np.arange(counties), 0)
    st.county_title |= ready & (luck.uniform(keys, "chosen") < p.chosen)


MECHANISM = Mechanism("agriculture", Label("Agriculture", "农业"), Parameters, step)
