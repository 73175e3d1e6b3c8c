"""The outside: demand, prices, wages, population and the nation's rules of the year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters:
    """What the outside leaves open."""

    sector_noise: float = parameter(
        0.02,
        unit="1 / year",
        prior=Range(0.01, 0.05, "log"),
        source="assumed",
        doc="standard deviation of a sector's own demand shock",
    )
    steel_price_passthrough: float = parameter(
        0.70,
        unit="1",
        prior=Range(0.4, 0.9, "logit"),
        source="assumed",
        doc="share of a change of the steel price that shows in steel revenue",
    )
    first_release_gap: float = parameter(
        0.983,
        unit="1",
        prior=Range(0.970, 0.995, "logit"),
        source="obs:qingdao/gdp_current/2016",
        doc="GDP as first released over its later vintage (2016: 1,002 over 1,019.3 bn)",
    )
    coverage_rate: float = parameter(
        0.06,
        unit="1 / year",
        prior=Range(0.0, 0.12),
        source="assumed",
        doc="share of uncovered marine activity that statistics begin to cover each year",
    )
    coverage_gain: float = parameter(
        0.20,
        unit="1",
        prior=Range(0.0, 0.4),
        source="assumed",
        doc="marine value added over that counted at the start, once all is covered",
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Set the year's demand growth by sector, the price and wage levels, and the rest of the economy."""
    region, st, out, sectors = world.region, world.state, world.outside, world.sectors
    nominal = (1.0 + out["gdp_real_growth"]) * (1.0 + out["gdp_deflator"]) - 1.0
    first = world.year == region.start_year
    shock = p.sector_noise * luck.normal(sectors.key, "demand")
    growth = nominal + region.sector("growth_offset") + shock
    for s, name in enumerate(region.sectors):
        growth[s] += out.get(f"demand:{name}", 0.0)
    steel = region.sectors.index("steel")
    before = world.paths["steel_price"].get(world.year - 1)
    if before:
        st.steel_price_change = p.steel_price_passthrough * (out["steel_price"] / before - 1.0)
        st.steel_price_level *= 1.0 + st.steel_price_change
        growth[steel] += st.steel_price_change - out["gdp_deflator"]
    sectors.demand_growth[:] = np.maximum(growth, -0.5)
    st.population_before = st.population
    st.population = out["population"]
    if not first:
        st.deflator *= 1.0 + out["gdp_deflator"]
        st.wage_index *= 1.0 + out["wage_growth"]
        st.gdp_path *= 1.0 + nominal
        sectors.rest_value_added *= 1.0 + sectors.demand_growth
    sectors.covered += (p.coverage_gain - sectors.covered) * p.coverage_rate
    st.first_release = p.first_release_gap
    st.births = st.deaths = 0.0


MECHANISM = Mechanism("drivers", Label("Outside", "外部条件"), Parameters, step)
