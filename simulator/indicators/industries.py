"""Steel, tourism, agriculture, platforms and the use of energy."""

from __future__ import annotations

import numpy as np

from simulator.core.declare import Indicator, Label
from simulator.world.agents import PLANT_STAGES
from simulator.world.census import sales
from simulator.world.world import World

PLATE, BAR, ROLLED, DEEP, CASTINGS = range(len(PLANT_STAGES))


def _plants(world: World, column: str, *stages: int) -> float:
    plants = world.plants
    if not len(plants):
        return 0.0
    return float(getattr(plants, column)[plants.alive & np.isin(plants.stage, stages)].sum())


def _steel_revenue(world: World) -> float:
    return float(sales(world).revenue[world.region.sectors.index("steel")])


def _base_revenue(world: World) -> float:
    return _steel_revenue(world) - _plants(world, "sales", DEEP) - _plants(world, "sales", CASTINGS)


def _deep_share(world: World) -> float:
    plants = world.plants
    if not len(plants):
        return 0.0
    rolled = plants.alive & (plants.stage <= ROLLED)
    made = float(plants.output[rolled].sum())
    if made <= 0.0:
        return 0.0
    processed = min(_plants(world, "output", DEEP), made)
    graded = float((plants.output * plants.grade)[rolled].sum()) / made
    return (processed + (made - processed) * graded) / made


def _platforms(world: World, sector: str) -> float:
    platforms = world.platforms
    return float(np.count_nonzero(platforms.alive & (platforms.sector == world.region.sectors.index(sector))))


def _energy(world: World) -> float:
    use = world.region.sector("energy_share") * (1.0 - world.sectors.energy_saved)
    revenue = sales(world).revenue
    return float((use * revenue).sum()) / max(float(revenue.sum()), 1.0)


def _platform_indicator(sector: str, en: str, zh: str) -> Indicator:
    return Indicator(
        f"platforms_{sector}",
        Label(en, zh),
        "platforms",
        "stock",
        lambda w: _platforms(w, sector),
        definition="opened under a measure and not closed, by the sector that they serve",
    )


INDICATORS = (
    Indicator(
        "steel_revenue",
        Label("Steel industry revenue", "钢铁产业销售收入"),
        "CNY / year",
        "flow",
        _steel_revenue,
        definition="main business revenue of all firms of the steel industry: the sum of plate base, deep processing "
        "and castings",
    ),
    Indicator(
        "plate_base_revenue",
        Label("Plate base revenue", "精品板材基地销售收入"),
        "CNY / year",
        "flow",
        _base_revenue,
        definition="steel industry revenue that is neither deep processing nor castings: plate, bar and wire, other "
        "rolled steel, pig iron, mining and what else the industry's firms sell",
    ),
    Indicator(
        "deep_processing_revenue",
        Label("Steel deep-processing revenue", "钢材深加工销售收入"),
        "CNY / year",
        "flow",
        lambda w: _plants(w, "sales", DEEP),
        definition="sales of deep-processing plants (cold rolling, coating, tubes, parts), whoever owns them",
    ),
    Indicator(
        "castings_revenue",
        Label("Castings revenue", "铸件销售收入"),
        "CNY / year",
        "flow",
        lambda w: _plants(w, "sales", CASTINGS),
        definition="sales of foundries' plants, whoever owns them",
    ),
    Indicator(
        "steel_capacity",
        Label("Rolled steel capacity", "年产钢材能力"),
        "t / year",
        "stock",
        lambda w: _plants(w, "capacity", PLATE, BAR, ROLLED),
        definition="capacity in place for plate, bar and wire and other rolled steel; deep processing works on these "
        "tonnes and is not added",
    ),
    Indicator(
        "plate_capacity",
        Label("Plate capacity", "精品板材产能"),
        "t / year",
        "stock",
        lambda w: _plants(w, "capacity", PLATE),
        definition="capacity in place for plate and hot-rolled strip",
    ),
    Indicator(
        "bar_capacity",
        Label("Bar and wire capacity", "棒材及线材产能"),
        "t / year",
        "stock",
        lambda w: _plants(w, "capacity", BAR),
        definition="capacity in place for bar and wire rod",
    ),
    Indicator(
        "deep_processing_capacity",
        Label("Steel deep-processing capacity", "钢材深加工能力"),
        "t / year",
        "stock",
        lambda w: _plants(w, "capacity", DEEP),
        definition="capacity in place for deep processing in the city",
    ),
    Indicator(
        "deep_processing_share",
        Label("Steel deep-processing share", "钢材深加工比例"),
        "1",
        "share",
        _deep_share,
        definition="of rolled steel output: tonnes processed further in the city, and of the rest those made to a "
        "customer's own grade; not capacity over capacity, as 6 of 20 Mt would be 30 %",
    ),
    Indicator(
        "castings_capacity",
        Label("Castings capacity", "铸件加工能力"),
        "t / year",
        "stock",
        lambda w: _plants(w, "capacity", CASTINGS),
        definition="capacity in place of foundries",
    ),
    Indicator(
        "castings_conversion",
        Label("Castings conversion rate", "铸件转化率"),
        "1",
        "share",
        lambda w: w.state.castings_conversion,
        definition="foundry iron that becomes castings in the city over the foundry iron that its furnaces make in a "
        "year",
    ),
    Indicator(
        "steel_technology_contribution",
        Label("Technology's contribution to steel growth", "科技对钢铁主营业务增长的贡献率"),
        "1",
        "share",
        lambda w: w.state.steel_contribution,
        definition="growth accounting at constant prices over the last five years, as far as they are simulated (what "
        "the price of steel adds to nominal growth is nobody's technology): "
        "growth of plants' output less that of capacity and staff by their weights, over growth of output, between 0 "
        "and 1; 0 where output grows by less than 1 % a year, as there is then nothing to explain",
    ),
    Indicator(
        "tourism_revenue",
        Label("Tourism revenue", "旅游总收入"),
        "CNY / year",
        "flow",
        lambda w: w.state.tourists * w.state.tourist_spending,
        definition="visits times spending a visit; growth over 2015-2020 holds the epidemic of 2020, which the outside "
        "path takes as 40 % fewer visits and spends (--drivers all=boom leaves it out)",
    ),
    Indicator(
        "tourism_investment",
        Label("Tourism investment", "旅游累计完成投资"),
        "CNY",
        "stock",
        lambda w: w.state.tourism_invested,
        definition="public and private investment in attractions, hotels and roads to them, cumulative from the "
        "plan's first calendar year",
    ),
    Indicator(
        "demonstration_counties",
        Label("Demonstration counties", "国家级观光农业示范县"),
        "counties",
        "stock",
        lambda w: float(np.count_nonzero(w.state.county_title)),
        definition="counties that hold the national title for eco-innovative sightseeing agriculture",
    ),
    _platform_indicator("steel", "Steel platforms", "钢铁创新平台"),
    _platform_indicator("pharma", "Pharmaceutical platforms", "医药创新平台"),
    _platform_indicator("tourism", "Tourism platforms", "旅游产业平台"),
    _platform_indicator("agriculture", "Agriculture platforms", "现代农业产业平台"),
    _platform_indicator("digital", "Smart-city platforms", "智慧城市服务平台"),
    Indicator(
        "energy_intensity",
        Label("Energy intensity", "高耗能强度"),
        "1",
        "share",
        _energy,
        definition="share of firms' sales that is energy-hungry, less the energy that local surcharges made them save",
    ),
    Indicator(
        "resource_surcharges",
        Label("Surcharges on energy and water", "能源与用水加价"),
        "CNY / year",
        "flow",
        lambda w: w.state.surcharges,
        definition="paid by energy-hungry firms in the year under local measures",
    ),
)
