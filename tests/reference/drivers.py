"""Outside: the year's demand by sector, prices, wages, and the rest of the economy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mechanisms.drivers import Parameters
from tests.reference.luck import Draws
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def set_steel_price(model: ReferenceModel, p: Parameters) -> float:
    """Pass the year's change of the steel price on; return what it adds to demand over the general price level."""
    before = model.paths["steel_price"].get(model.year - 1)
    if not before:
        return 0.0
    st = model.state
    st.steel_price_change = p.steel_price_passthrough * (model.outside["steel_price"] / before - 1.0)
    st.steel_price_level *= 1.0 + st.steel_price_change
    return st.steel_price_change - model.outside["gdp_deflator"]


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Set demand growth, price and wage levels."""
    st, out = model.state, model.outside
    nominal = (1.0 + out["gdp_real_growth"]) * (1.0 + out["gdp_deflator"]) - 1.0
    steel = set_steel_price(model, p)
    offset = model.sector_facts["growth_offset"]
    for s, (name, sector) in enumerate(zip(model.region.sectors, model.sectors, strict=True)):
        growth = nominal + offset[s] + p.sector_noise * draws.normal(sector.key, "demand")
        growth += out.get(f"demand:{name}", 0.0) + (steel if name == "steel" else 0.0)
        sector.demand_growth = max(growth, -0.5)
        sector.covered += (p.coverage_gain - sector.covered) * p.coverage_rate
    st.population_before = st.population
    st.population = out["population"]
    if model.year != model.region.start_year:
        st.deflator *= 1.0 + out["gdp_deflator"]
        st.wage_index *= 1.0 + out["wage_growth"]
        st.gdp_path *= 1.0 + nominal
        for sector in model.sectors:
            sector.rest_value_added *= 1.0 + sector.demand_growth
    st.first_release = p.first_release_gap
    st.births = st.deaths = 0.0
