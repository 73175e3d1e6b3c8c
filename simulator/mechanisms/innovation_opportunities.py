"""What there is to invent: without limit, or a pool that innovations use up, under ``opportunities: closed``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.parameters import Range, parameter
from simulator.world.world import World


@dataclass(frozen=True)
class OpportunityParameters:
    """How much a sector's technology still holds, under the switch for closed opportunities only."""

    opportunity_years: float = parameter(
        15.0,
        unit="years",
        prior=Range(5.0, 60.0, "log"),
        source="assumed",
        doc="opportunities of a sector at the start, over the innovations a year that the knowledge of its firms with "
        "R&D then brings (only under the switch for closed opportunities)",
    )
    opportunity_base: float = parameter(
        50.0,
        unit="innovations",
        prior=Range(10.0, 250.0, "log"),
        source="assumed",
        doc="opportunities that a sector has beyond that, also where no firm does R&D yet "
        "(only under the switch for closed opportunities)",
    )
    outside_science: float = parameter(
        0.02,
        unit="1 / year",
        prior=Range(0.005, 0.06, "log"),
        source="assumed",
        doc="opportunities that science elsewhere opens each year, over those of the start "
        "(only under the switch for closed opportunities)",
    )


def openness(
    world: World, p: OpportunityParameters, arrival: float, returns: float, quality_effect: float
) -> np.ndarray:
    """Return the part of the start's opportunities that is left in each sector, (S,), at most 1; 1 where all are open.

    The chance to find what is left falls with what was found: arrivals go with this part. ``arrival``, ``returns`` and
    ``quality_effect`` say what a firm's knowledge brings, as in the mechanism.
    """
    sectors = world.sectors
    if world.switches.get("opportunities", "open") == "open":
        return np.ones(len(sectors))
    if world.year == world.region.start_year:
        expected = _expected(world, arrival, returns, quality_effect)
        sectors.opportunities_first[:] = p.opportunity_years * expected + p.opportunity_base
        sectors.opportunities[:] = sectors.opportunities_first
    else:
        sectors.opportunities += p.outside_science * sectors.opportunities_first
    return np.asarray(np.minimum(sectors.opportunities / sectors.opportunities_first, 1.0))


def _expected(world: World, arrival: float, returns: float, quality_effect: float) -> np.ndarray:
    """Return what the knowledge of firms with R&D, which no measure has moved yet, brings a year by sector (S,)."""
    f = world.firms
    knows = np.flatnonzero(f.alive & f.does_rd & (f.knowledge > 0.0))
    rate = arrival * (f.knowledge[knows] / 1.0e6) ** returns * np.exp(quality_effect * f.quality[knows])
    return np.asarray(np.bincount(f.sector[knows], rate, len(world.sectors)))


def use_up(world: World) -> None:
    """Take the year's innovations out of what their sectors still hold."""
    f, sectors = world.firms, world.sectors
    if world.switches.get("opportunities", "open") != "open":
        made = np.bincount(f.sector, f.innovations, len(sectors))
        sectors.opportunities[:] = np.maximum(sectors.opportunities - made, 0.0)
