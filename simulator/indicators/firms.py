"""Firms by status, and how they do."""

from __future__ import annotations

import numpy as np

from simulator.core.declare import Indicator, Label
from simulator.world.rules import hnte_threshold
from simulator.world.world import World


def _certified(world: World) -> np.ndarray:
    f = world.firms
    return f.alive & (f.hnte_until >= world.year)


def _by_real_rd(world: World) -> float:
    f, rules = world.firms, world.rules
    if not rules:
        return float(_certified(world).sum())
    rows = np.flatnonzero(_certified(world))
    revenue = f.revenue[rows]
    return float((f.rd_real[rows] >= hnte_threshold(rules, revenue) * revenue).sum())


def _tech(world: World) -> np.ndarray:
    return world.firms.alive & (world.firms.technology_sme | _certified(world))


def _productivity(world: World) -> float:
    f = world.firms
    weight = np.where(f.alive, f.revenue, 0.0)
    return float((weight * f.productivity).sum() / max(float(weight.sum()), 1.0))


INDICATORS = (
    Indicator(
        "hnte_count",
        Label("High-tech enterprises (HNTE)", "高新技术企业"),
        "firms",
        "stock",
        lambda w: float(_certified(w).sum()),
        true="hnte_by_real_rd",
        definition="certificates in force at year's end",
    ),
    Indicator(
        "hnte_by_real_rd",
        Label("HNTE by real R&D", "真实研发达标的高企"),
        "firms",
        "stock",
        _by_real_rd,
        "true",
        definition="certified firms whose real R&D alone is at the threshold",
    ),
    Indicator(
        "hnte_revenue",
        Label("Revenue of HNTE", "高新技术企业主营业务收入"),
        "CNY / year",
        "flow",
        lambda w: float(w.firms.revenue[_certified(w)].sum()),
        definition="of those certified at year's end",
    ),
    Indicator(
        "tech_sme_count",
        Label("Technology SMEs", "科技型中小企业"),
        "firms",
        "stock",
        lambda w: float((w.firms.alive & w.firms.technology_sme).sum()),
        definition="recognised, the broad local notion",
    ),
    Indicator(
        "innovative_small_count",
        Label("Innovative small firms", "创新型小微企业"),
        "firms",
        "stock",
        lambda w: float((w.firms.alive & w.firms.innovative_small).sum()),
        definition="recognised as innovative",
    ),
    Indicator(
        "above_scale_count",
        Label("Above-scale industrial firms", "规模以上工业企业"),
        "firms",
        "stock",
        lambda w: float((w.firms.alive & w.firms.above_scale).sum()),
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
        lambda w: float(w.firms.revenue[_tech(w)].sum()),
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
        lambda w: float(w.universities.spinoffs.sum()),
        definition="founded from them so far",
    ),
)
