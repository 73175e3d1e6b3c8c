"""Pharmaceuticals: products by stage and sales, what has been developed, and the firms of the sector."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.core.declare import Indicator, Label
from simulator.world.census import drugs, gathered
from simulator.world.census_kernels import MARKET
from simulator.world.world import World


def _sold_over(least: float) -> Callable[[World], float]:
    def measure(world: World) -> float:
        p = world.products
        return float(np.count_nonzero(p.alive & (p.stage == MARKET) & (p.sales >= least)))

    return measure


@gathered
def _revenue(world: World) -> np.ndarray:
    f = world.firms
    return f.revenue[f.alive & (f.sector == world.region.sectors.index("pharma"))]


def _firms_over(least: float) -> Callable[[World], float]:
    return lambda world: float(np.count_nonzero(_revenue(world) >= least))


INDICATORS = (
    Indicator(
        "products_in_pipeline",
        Label("Products in the pipeline", "在研品种"),
        "products",
        "stock",
        lambda w: drugs(w).waiting,
        true="drugs_in_trials",
        definition="pharmaceutical products of local firms and institutes from discovery to review, generics and new "
        "forms included: the widest count, in which ideas of a year weigh as much as drugs in trials",
    ),
    Indicator(
        "drugs_in_trials",
        Label("New drugs in trials or review", "临床及审评阶段新药"),
        "products",
        "stock",
        lambda w: drugs(w).in_trials,
        "true",
        definition="new drugs (no generics or new forms) in a clinical phase or in review",
    ),
    Indicator(
        "products_marketed",
        Label("Products on the market", "上市品种"),
        "products",
        "stock",
        lambda w: drugs(w).sold,
        definition="registered pharmaceutical products sold, those that stood at the start included",
    ),
    Indicator(
        "products_over_100m",
        Label("Products selling over CNY 100 m", "年销售额超亿元品种"),
        "products",
        "stock",
        _sold_over(1.0e8),
        definition="sales of the year of one product, nominal; a product's sales are part of its owner's revenue",
    ),
    Indicator(
        "products_over_1bn",
        Label("Products selling over CNY 1 bn", "年销售额超10亿元品种"),
        "products",
        "stock",
        _sold_over(1.0e9),
        definition="sales of the year of one product, nominal",
    ),
    Indicator(
        "own_ip_products",
        Label("New products with own IP", "自主知识产权创新品种"),
        "products",
        "stock",
        lambda w: w.state.own_ip_products,
        definition="new drugs (no generics or new forms) of local owners that have gone into clinical trials since the "
        "plan's start, whatever became of them; a drug on the market would take 8 to 12 years",
    ),
    Indicator(
        "product_upgrades",
        Label("Big sellers upgraded", "药物大品种改造"),
        "products",
        "stock",
        lambda w: w.state.product_upgrades,
        definition="products selling 100 m CNY a year or more that their firm's innovation has upgraded since the "
        "plan's start, each counted once",
    ),
    Indicator(
        "pharma_technologies_solved",
        Label("Key pharmaceutical technologies solved", "解决的制药关键共性技术"),
        "technologies",
        "stock",
        lambda w: w.state.technologies_solved,
        definition="innovations since the plan's start, worth more than some 16 times the median one, by firms "
        "of the sector with an R&D institution of their own, in an alliance or reached by an innovation platform",
    ),
    Indicator(
        "pharma_output",
        Label("Output of pharmaceutical firms", "医药工业产值"),
        "CNY / year",
        "flow",
        lambda w: float(_revenue(w).sum()),
        definition="main business revenue of the sector's firms, nominal, trade and services left out; the plan's "
        "cluster counts these too, and sales that the zone announced are of that wider kind",
    ),
    Indicator(
        "pharma_smes_new",
        Label("New biomedical technology SMEs", "孵化引进生物医药科技型中小企业"),
        "firms",
        "stock",
        lambda w: w.state.pharma_smes_new,
        definition="pharmaceutical firms of up to 500 staff taken in by an incubator, founded by researchers or drawn "
        "in from elsewhere since the plan's start; closed ones included, other foundings left out",
    ),
    Indicator(
        "pharma_firms_over_10bn",
        Label("Pharmaceutical firms over CNY 10 bn", "超100亿元医药企业"),
        "firms",
        "stock",
        _firms_over(1.0e10),
        definition="revenue of the year, nominal",
    ),
    Indicator(
        "pharma_firms_over_5bn",
        Label("Pharmaceutical firms over CNY 5 bn", "超50亿元医药企业"),
        "firms",
        "stock",
        _firms_over(5.0e9),
        definition="revenue of the year, nominal; those over 10 bn included",
    ),
    Indicator(
        "pharma_firms_over_1bn",
        Label("Pharmaceutical firms over CNY 1 bn", "超10亿元医药企业"),
        "firms",
        "stock",
        _firms_over(1.0e9),
        definition="revenue of the year, nominal; larger ones included",
    ),
)
