"""Draw the starting population of a region so that every given margin is met exactly."""

from __future__ import annotations

import numpy as np

from simulator.core.luck import Luck
from simulator.world.agents import POOLS
from simulator.world.build_bodies import draw_alliances, draw_centres, draw_products
from simulator.world.build_firms import draw_firms
from simulator.world.build_institutions import draw_institutions
from simulator.world.build_plants import draw_plants
from simulator.world.counterfactual import Counterfactual
from simulator.world.drawing import keys_of
from simulator.world.region import Region
from simulator.world.space import sector_centres
from simulator.world.world import World


def build(
    region: Region,
    luck: Luck,
    *,
    drivers: dict[str, str] | None = None,
    entries: tuple = (),
    switches: dict[str, str] | None = None,
    counterfactual: Counterfactual | None = None,
) -> World:
    """Return the world as it stands before the first year."""
    other = counterfactual or Counterfactual()
    world = World(
        region, outside=other.outside(region, drivers), entries=entries, switches=switches, rules=other.rules(region)
    )
    luck = luck.at(region.start_year - 1 - region.luck_epoch, "build")
    centres = sector_centres(region)
    draw_institutions(world, luck, centres)
    draw_firms(world, luck, centres)
    draw_plants(world, luck)
    _pools_and_state(world)
    draw_products(world, luck)
    draw_centres(world, luck)
    draw_alliances(world)
    return world


def _pools_and_state(world: World) -> None:
    region, st, pools = world.region, world.state, world.pools
    pools.key[:] = keys_of(f"{region.id} pools", len(POOLS))
    stock = {
        "researchers": region.figure("researchers_firms") + region.figure("researchers_public"),
        "graduates": region.figure("graduates_per_year") * region.figure("graduate_retention"),
        **{k: region.figure(k) for k in ("high_end_talents", "makers", "mentors", "service_organisations")},
    }
    stock["high_end"] = stock.pop("high_end_talents")
    for name in POOLS:
        pools.stock[world.pool(name)] = stock[name]
    sectors = world.sectors
    sectors.key[:] = keys_of(f"{region.id} sectors", len(region.sectors))
    sectors.rest_value_added[:] = region.sector("rest_value_added")
    f = world.firms
    # what agents add in the first year, at the outside path's growth, fills the GDP that is not the rest's
    whole = region.figure("gdp") - float(sectors.rest_value_added.sum())
    st.value_added_factor = whole / max(float(f.value_added.sum()), 1.0) if whole > 0 else 1.0
    f.value_added[:] = f.revenue * region.sector("value_added_ratio")[f.sector] * st.value_added_factor
    sectors.value_added[:] = np.bincount(f.sector, f.value_added, len(sectors))
    advanced = np.bincount(f.sector, f.value_added * f.hightech_share, len(sectors))
    sectors.hightech_start[:] = advanced / np.maximum(sectors.value_added, 1.0)
    st.gdp = st.gdp_first = st.gdp_path = region.figure("gdp")
    st.population = st.population_before = region.figure("population")
    st.talent_total = region.figure("talent_total")
    st.tourists = region.figure("tourist_visits")
    st.tourist_spending = region.figure("tourist_spending")
    st.attractions = region.figure("attractions")
    st.attractions_known = float(np.log(max(st.attractions, 1.0)))
    st.crude_capacity = region.figure("crude_capacity")
    st.county_title = np.zeros(int(region.figure("agricultural_counties")), bool)
    st.streets = region.figure("startup_streets")
    order = np.argsort(-region.district("incubator_share"), kind="stable")
    st.street_districts = np.bincount(order[np.arange(int(st.streets)) % order.size], minlength=order.size) * 1.0
    st.high_tech_parks = region.figure("high_tech_parks")
    st.software_floor = region.figure("software_park_floor")
    st.district_funds = np.zeros(len(region.districts))
    st.venture_depth = region.figure("venture_depth")
    st.agency = 1.0
