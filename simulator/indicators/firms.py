"""Firms by status, and how they do."""

from __future__ import annotations

from simulator.core.declare import Indicator, Label
from simulator.world.census import institutions, standing
from simulator.world.world import World


def _productivity(world: World) -> float:
    s = standing(world)
    return s.productivity / max(s.revenue, 1.0)


INDICATORS = (
    Indicator(
        "hnte_count",
        Label("High-tech enterprises (HNTE)", "高新技术企业"),
        "firms",
        "stock",
        lambda w: standing(w).certified,
        true="hnte_by_real_rd",
        definition="certificates in force at year's end",
    ),
    Indicator(
        "hnte_by_real_rd",
        Label("HNTE by real R&D", "真实研发达标的高企"),
        "firms",
        "stock",
        lambda w: standing(w).certified_by_real_rd,
        "true",
        definition="certified firms whose real R&D alone is at the threshold",
    ),
    Indicator(
        "hnte_revenue",
        Label("Revenue of HNTE", "高新技术企业主营业务收入"),
        "CNY / year",
        "flow",
        lambda w: standing(w).certified_revenue,
        definition="of those certified at year's end",
    ),
    Indicator(
        "tech_sme_count",
        Label("Technology SMEs", "科技型中小企业"),
        "firms",
        "stock",
        lambda w: standing(w).technology_smes,
        definition="recognised, the broad local notion",
    ),
    Indicator(
        "innovative_small_count",
        Label("Innovative small firms", "创新型小微企业"),
        "firms",
        "stock",
        lambda w: standing(w).innovative_small,
        definition="recognised as innovative",
    ),
    Indicator(
        "above_scale_count",
        Label("Above-scale industrial firms", "规模以上工业企业"),
        "firms",
        "stock",
        lambda w: standing(w).above_scale,
        definition="in the register at year's end",
    ),
    Indicator(
        "firm_births",
        Label("New technology firms", "新增科技企业"),
        "firms / year",
        "flow",
        lambda w: w.state.births,
        definition="firms founded, grown into the classes of agents or come from elsewhere",
    ),
    Indicator(
        "firm_closures",
        Label("Closures", "企业退出"),
        "firms / year",
        "flow",
        lambda w: w.state.deaths,
        definition="agent firms that closed",
    ),
    Indicator(
        "tech_revenue",
        Label("Revenue of technology firms", "科技企业营业收入"),
        "CNY / year",
        "flow",
        lambda w: standing(w).technology_revenue,
        definition="technology SMEs and HNTE",
    ),
    Indicator(
        "productivity",
        Label("Productivity of firms", "企业全要素生产率"),
        "log points",
        "stock",
        _productivity,
        "true",
        definition="mean by revenue, relative to the start",
    ),
    Indicator(
        "university_spinoffs",
        Label("Firms from universities and institutes", "高校院所孵化科技型企业"),
        "firms",
        "stock",
        lambda w: institutions(w).spinoffs,
        definition="founded from them so far",
    ),
)
