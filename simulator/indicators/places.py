"""People, places and institutions."""

from __future__ import annotations

from simulator.core.declare import Indicator, Label
from simulator.world.census import ordered, presence, sites
from simulator.world.world import World


def _pool(world: World, name: str) -> float:
    return float(world.pools.stock[world.pool(name)])


def _missing(world: World, name: str) -> float:
    return float(world.pools.missing[world.pool(name)])


def _under_way(world: World, kind: str) -> float:
    return ordered(world)[kind]


INDICATORS = (
    Indicator(
        "incubators",
        Label("Incubators", "孵化器"),
        "incubators",
        "stock",
        lambda w: sites(w).incubators,
        definition="open at year's end",
    ),
    Indicator(
        "maker_spaces",
        Label("Maker spaces", "众创空间"),
        "maker spaces",
        "stock",
        lambda w: sites(w).maker_spaces,
        definition="open at year's end",
    ),
    Indicator(
        "incubator_floor",
        Label("Incubator floor space", "孵化器面积"),
        "m2",
        "stock",
        lambda w: sites(w).floor,
        definition="built and put into operation, as the city counts floor in use; let floor and floor under way "
        "stand beside it",
    ),
    Indicator(
        "incubator_floor_ordered",
        Label("Incubator floor built or under way", "已建和在建孵化器面积"),
        "m2",
        "stock",
        lambda w: sites(w).floor + _under_way(w, "incubator_floor"),
        definition="built, or ordered and not yet given up; part of what is under way is never finished",
    ),
    Indicator(
        "incubator_floor_in_use",
        Label("Incubator floor let", "孵化器实际入驻面积"),
        "m2",
        "stock",
        lambda w: sites(w).let,
        "true",
        definition="floor of incubators times the part of their places that tenants take",
    ),
    Indicator(
        "incubator_tenants",
        Label("Incubator tenants", "在孵企业"),
        "firms",
        "stock",
        lambda w: presence(w).tenants,
        definition="firms in incubators",
    ),
    Indicator(
        "startup_streets",
        Label("Startup streets", "创业街"),
        "streets",
        "stock",
        lambda w: w.state.streets,
        definition="opened so far, those of the start included",
    ),
    Indicator(
        "makers",
        Label("Makers", "创客"),
        "persons",
        "stock",
        lambda w: _pool(w, "makers"),
        definition="gathered and served by maker spaces and incubators",
    ),
    Indicator(
        "mentors",
        Label("Startup mentors", "创业导师"),
        "persons",
        "stock",
        lambda w: _pool(w, "mentors"),
        definition="mentors at work in incubators and maker spaces, those appointed by a programme included",
    ),
    Indicator(
        "service_organisations",
        Label("Startup service organisations", "创业服务机构"),
        "organisations",
        "stock",
        lambda w: _pool(w, "service_organisations"),
        definition="in business at year's end, kept there by young firms, tenants or public support",
    ),
    Indicator(
        "institutes_attracted",
        Label("Institutes newly attracted", "新增引进机构"),
        "institutions",
        "stock",
        lambda w: w.state.institutes_attracted,
        definition="settled since the first year",
        net="institutes_attracted_net",
    ),
    Indicator(
        "institutes_attracted_net",
        Label("Institutes newly attracted, net of neighbours' losses", "新增引进机构（扣除邻近城市流失）"),
        "institutions",
        "stock",
        lambda w: w.state.institutes_attracted - w.state.institutes_displaced,
        "true",
        definition="settled since the first year, less those that another city would have had",
    ),
    Indicator(
        "researchers",
        Label("Researchers", "研发人才"),
        "persons",
        "stock",
        lambda w: _pool(w, "researchers"),
        definition="people who could do R&D in the city",
        net="researchers_net",
    ),
    Indicator(
        "researchers_net",
        Label("Researchers, net of neighbours' losses", "研发人才（扣除邻近城市流失）"),
        "persons",
        "stock",
        lambda w: _pool(w, "researchers") - _missing(w, "researchers"),
        "true",
        definition="researchers, less those whom neighbours are without because they came since the first year",
    ),
    Indicator(
        "high_end_talents",
        Label("High-end talents", "高端人才"),
        "persons",
        "stock",
        lambda w: _pool(w, "high_end"),
        definition="members of talent programmes and their like",
        net="high_end_talents_net",
    ),
    Indicator(
        "high_end_talents_net",
        Label("High-end talents, net of neighbours' losses", "高端人才（扣除邻近城市流失）"),
        "persons",
        "stock",
        lambda w: _pool(w, "high_end") - _missing(w, "high_end"),
        "true",
        definition="high-end talents, less those whom neighbours are without because they came since the first year",
    ),
    Indicator(
        "talent_total",
        Label("Talent total", "人才资源总量"),
        "persons",
        "stock",
        lambda w: w.state.talent_total,
        definition="the broad official aggregate, mostly outside R&D",
        net="talent_total_net",
    ),
    Indicator(
        "talent_total_net",
        Label("Talent total, net of neighbours' losses", "人才资源总量（扣除邻近城市流失）"),
        "persons",
        "stock",
        lambda w: w.state.talent_total - w.state.talent_missing,
        "true",
        definition="the broad aggregate, less those whom neighbours are without because they came since the first year",
    ),
    Indicator(
        "talent_drawn",
        Label("Talent drawn to the city", "吸引流入人才"),
        "persons / year",
        "flow",
        lambda w: float(w.pools.drawn.sum()),
        "true",
        definition="researchers, graduates and high-end talents who came for what the city offers; neighbours_loss is"
        " the part that its neighbours lost",
        net="talent_drawn_net",
    ),
    Indicator(
        "talent_drawn_net",
        Label("Talent drawn, net of neighbours' losses", "吸引流入人才（扣除邻近城市流失）"),
        "persons / year",
        "flow",
        lambda w: float(w.pools.drawn.sum() - w.pools.taken.sum()),
        "true",
        definition="talent drawn to the city less what its neighbours lost: what both together gained",
    ),
    Indicator(
        "neighbours_loss",
        Label("Talent lost by neighbours", "邻近城市流失人才"),
        "persons / year",
        "flow",
        lambda w: float(w.pools.taken.sum()),
        "true",
        definition="of what the city drew, what its neighbours lost",
    ),
    Indicator(
        "apartments",
        Label("Talent apartments", "人才公寓"),
        "m2",
        "stock",
        lambda w: w.state.apartments,
        definition="finished since the first year, with public money or in a public programme; orders are counted "
        "apart",
    ),
    Indicator(
        "apartments_ordered",
        Label("Talent apartments built or under way", "已建和在建人才公寓"),
        "m2",
        "stock",
        lambda w: w.state.apartments + _under_way(w, "apartments"),
        definition="finished, or ordered and not yet given up",
    ),
    Indicator(
        "apartments_in_use",
        Label("Talent apartments lived in", "人才公寓实际入住面积"),
        "m2",
        "stock",
        lambda w: w.state.apartments_let,
        "true",
        definition="as far as there are researchers and graduates of the last years who look for a flat",
    ),
    Indicator(
        "software_park_floor",
        Label("Software park floor", "软件园面积"),
        "m2",
        "stock",
        lambda w: w.state.software_floor,
        definition="built, the floor of the start included",
    ),
    Indicator(
        "software_park_floor_ordered",
        Label("Software park floor built or under way", "已建和在建软件园面积"),
        "m2",
        "stock",
        lambda w: w.state.software_floor + _under_way(w, "software_park"),
        definition="built, or ordered and not yet given up",
    ),
    Indicator(
        "software_park_floor_in_use",
        Label("Software park floor let", "软件园实际入驻面积"),
        "m2",
        "stock",
        lambda w: w.state.software_let,
        "true",
        definition="floor that the staff of tenants take: digital firms that are followed as agents, and the others, "
        "which move in and out at the same rates",
    ),
    Indicator(
        "innovation_zones",
        Label("Key innovation zones", "重点创新区"),
        "zones",
        "stock",
        lambda w: w.state.innovation_zones,
        definition="set up since the first year: planned, named and staffed; a zone brings nothing by itself",
    ),
    Indicator(
        "high_tech_parks",
        Label("High-tech parks", "高新技术产业园区"),
        "parks",
        "stock",
        lambda w: w.state.high_tech_parks,
        definition="parks of every level, those of the start included",
    ),
)
