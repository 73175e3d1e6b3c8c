"""People, places and institutions."""

from __future__ import annotations

from simulator.core.declare import Indicator, Label
from simulator.world.agents import INCUBATOR, MAKER_SPACE
from simulator.world.world import World


def _sites(world: World, kind: int) -> float:
    inc = world.incubators
    return float((inc.alive & (inc.kind == kind)).sum())


def _pool(world: World, name: str) -> float:
    return float(world.pools.stock[world.pool(name)])


def _floor(world: World) -> float:
    inc = world.incubators
    return float(inc.floor[inc.alive & (inc.kind == INCUBATOR)].sum())


INDICATORS = (
    Indicator(
        "incubators",
        Label("Incubators", "孵化器"),
        "incubators",
        "stock",
        lambda w: _sites(w, INCUBATOR),
        definition="open at year's end",
    ),
    Indicator(
        "maker_spaces",
        Label("Maker spaces", "众创空间"),
        "maker spaces",
        "stock",
        lambda w: _sites(w, MAKER_SPACE),
        definition="open at year's end",
    ),
    Indicator(
        "incubator_floor",
        Label("Incubator floor space", "孵化器面积"),
        "m2",
        "stock",
        _floor,
        definition="built and open",
    ),
    Indicator(
        "incubator_tenants",
        Label("Incubator tenants", "在孵企业"),
        "firms",
        "stock",
        lambda w: float((w.firms.alive & (w.firms.incubator >= 0)).sum()),
        definition="firms in incubators",
    ),
    Indicator(
        "startup_streets",
        Label("Startup streets", "创业街"),
        "streets",
        "stock",
        lambda w: w.state.streets,
        definition="opened so far",
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
        definition="mentors at work",
    ),
    Indicator(
        "service_organisations",
        Label("Startup service organisations", "创业服务机构"),
        "organisations",
        "stock",
        lambda w: _pool(w, "service_organisations"),
        definition="kept in business by young firms and tenants",
    ),
    Indicator(
        "institutes_attracted",
        Label("Institutes newly attracted", "新增引进机构"),
        "institutions",
        "stock",
        lambda w: w.state.institutes_attracted,
        definition="settled since the first year",
    ),
    Indicator(
        "researchers",
        Label("Researchers", "研发人才"),
        "persons",
        "stock",
        lambda w: _pool(w, "researchers"),
        definition="people who could do R&D in the city",
    ),
    Indicator(
        "high_end_talents",
        Label("High-end talents", "高端人才"),
        "persons",
        "stock",
        lambda w: _pool(w, "high_end"),
        definition="members of talent programmes and their like",
    ),
    Indicator(
        "talent_total",
        Label("Talent total", "人才资源总量"),
        "persons",
        "stock",
        lambda w: w.state.talent_total,
        definition="the broad official aggregate, mostly outside R&D",
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
        definition="delivered so far",
    ),
)
