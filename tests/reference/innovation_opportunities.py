"""What there is still to invent in a sector, under the switch for closed opportunities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulator.mechanisms.innovation import Parameters

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def are_closed(model: ReferenceModel) -> bool:
    """Return whether innovations use opportunities up."""
    return model.switches.get("opportunities", "open") == "closed"


def find_opportunities(model: ReferenceModel, p: Parameters) -> None:
    """Give each sector what its firms with R&D make of their knowledge in so many years, and something in any case."""
    for sector in model.sectors:
        sector.opportunities_first = p.opportunity_base
    for firm in model.living():
        if firm.does_rd and firm.knowledge > 0.0:
            rate = p.arrival * math.pow(firm.knowledge / 1.0e6, p.returns) * math.exp(p.quality_effect * firm.quality)
            model.sectors[firm.sector].opportunities_first += p.opportunity_years * rate
    for sector in model.sectors:
        sector.opportunities = sector.opportunities_first


def opportunities_left(model: ReferenceModel, p: Parameters) -> list[float]:
    """Let science elsewhere open some more; return the part of the first ones that is left, by sector."""
    if not are_closed(model):
        return [1.0] * len(model.sectors)
    if model.year == model.region.start_year:
        find_opportunities(model, p)
    else:
        for sector in model.sectors:
            sector.opportunities += p.outside_science * sector.opportunities_first
    return [min(1.0, s.opportunities / s.opportunities_first) for s in model.sectors]


def take_out(model: ReferenceModel) -> None:
    """Let what was invented this year be invented no more."""
    if are_closed(model):
        for firm in model.living():
            model.sectors[firm.sector].opportunities -= firm.innovations
        for sector in model.sectors:
            sector.opportunities = max(sector.opportunities, 0.0)
