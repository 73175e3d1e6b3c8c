"""Tourism: visitors come, investors build attractions, and what visitors spend is the sector's demand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulator.mechanisms.tourism import Parameters
from tests.reference.luck import Draws
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def growth_of_visits(model: ReferenceModel, p: Parameters, row: int, draws: Draws) -> float:
    """Return the log growth of visits: incomes, platforms, new attractions, luck, and what comes from outside."""
    st = model.state
    platforms = sum(x.alive and x.sector == row for x in model.platforms)
    drawn = p.platform * platforms / (platforms + p.platforms_half)
    gained = p.answer * (math.log1p(drawn) - st.platform_visits)
    st.platform_visits += gained
    noticed = p.answer * (math.log(st.attractions) - st.attractions_known)
    st.attractions_known += noticed
    outside = math.log1p(max(model.outside.get("demand:tourism", 0.0), -0.9))
    shock = p.noise * draws.normal(model.sectors[row].key, "visitors")
    return p.income * p.income_growth + gained + p.attraction * noticed + shock + outside


def build_attractions(model: ReferenceModel, p: Parameters, spent: float) -> None:
    """Let investors build towards the attractions that the expected revenue would bear."""
    st = model.state
    usual = st.attractions * (1.0 - p.worn)
    wished = max(p.capital * spent - usual, 0.0)
    private = min(p.invest * wished + p.matched * st.tourism_public, wished)
    invested = private * (1.0 + p.public_share) + st.tourism_public
    st.attractions = usual + invested
    if model.year >= int(model.region.plan_start):
        st.tourism_invested += invested


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Let a year of tourism pass; the region's figures are those of the first year."""
    st = model.state
    if st.tourists <= 0.0:
        return
    before = st.tourists * st.tourist_spending
    if model.year == model.region.start_year:
        build_attractions(model, p, before)
        return
    row = model.region.sectors.index("tourism")
    st.tourists *= math.exp(growth_of_visits(model, p, row, draws))
    st.tourist_spending *= 1.0 + p.spending
    spent = st.tourists * st.tourist_spending
    own = spent / before - 1.0
    sector = model.sectors[row]
    sector.rest_value_added *= (1.0 + own) / (1.0 + sector.demand_growth)
    sector.demand_growth = own
    build_attractions(model, p, spent)
