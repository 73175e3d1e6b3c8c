"""GDP, its shares, technology contracts, finance and tax."""

from __future__ import annotations

import numpy as np

from simulator.core.declare import Indicator, Label
from simulator.world.census import institutions, sales
from simulator.world.world import World


def _marine(world: World, covered: bool = True) -> float:
    sectors = world.sectors
    part = (sectors.value_added + sectors.rest_value_added) * world.region.sector("marine_share")
    if covered:
        part = part * (1.0 + sectors.covered)
    return float(part.sum()) / world.state.gdp


def _strategic(world: World) -> float:
    """Return strategic value added over GDP: agents' strategic part moves with what of their sales is high-tech."""
    sectors, share = world.sectors, world.region.sector("strategic_share")
    advanced = sales(world).advanced
    started = np.maximum(sectors.hightech_start, 1e-9)
    own = np.where(
        sectors.hightech_start > 0.0,
        np.minimum(share * advanced / started, sectors.value_added),
        share * sectors.value_added,
    )
    return float((own + share * sectors.rest_value_added).sum()) / world.state.gdp


def contracts(world: World) -> float:
    """Return the value of technology contracts registered by local sellers in the year, CNY."""
    return sales(world).contracts + institutions(world).contracts


def _technology_sales(world: World) -> float:
    u = institutions(world)
    return sales(world).technology + u.contract_income + u.deal_value


INDICATORS = (
    Indicator(
        "gdp",
        Label("GDP", "生产总值"),
        "CNY / year",
        "flow",
        lambda w: w.state.gdp,
        definition="value added of agents and of the rest of the economy, later vintage",
    ),
    Indicator(
        "strategic_share",
        Label("Strategic emerging industries", "战略性新兴产业增加值占比"),
        "1",
        "share",
        _strategic,
        definition="value added over GDP; of agents the part that is strategic at the start, moved with their "
        "high-tech share of sales, and a fixed part of the rest of the economy; overlaps with marine",
    ),
    Indicator(
        "marine_share",
        Label("Marine GDP share", "海洋生产总值占比"),
        "1",
        "share",
        _marine,
        true="marine_share_same_coverage",
        definition="marine value added as counted over GDP; overlaps with strategic",
    ),
    Indicator(
        "marine_share_same_coverage",
        Label("Marine share at unchanged coverage", "同口径海洋生产总值占比"),
        "1",
        "share",
        lambda w: _marine(w, covered=False),
        "true",
        definition="without activity that statistics came to count after the start",
    ),
    Indicator(
        "contract_value",
        Label("Technology contracts registered", "技术合同成交额"),
        "CNY / year",
        "flow",
        contracts,
        true="technology_sales",
        definition="full price in the year of signing, by local sellers",
    ),
    Indicator(
        "technology_transactions",
        Label("Technology transaction value", "技术交易额"),
        "CNY / year",
        "flow",
        lambda w: contracts(w) * w.state.transaction_share,
        true="technology_sales",
        definition="the technology part of contracts registered (67-80 % of them)",
    ),
    Indicator(
        "technology_sales",
        Label("Technology sold, registered or not", "真实技术交易"),
        "CNY / year",
        "flow",
        _technology_sales,
        "true",
        definition="firms' technology sales and universities' contracts and deals",
    ),
    Indicator(
        "venture_investment",
        Label("Venture investment in local firms", "本地创投投资额"),
        "CNY / year",
        "flow",
        lambda w: w.state.venture_invested,
        definition="by angel, venture and guidance funds",
    ),
    Indicator(
        "venture_raised",
        Label("Private capital raised by funds", "基金社会资本募集"),
        "CNY / year",
        "flow",
        lambda w: w.state.private_raised,
        definition="promised by private partners in the year",
    ),
    Indicator(
        "technology_loans",
        Label("Technology loans", "科技贷款"),
        "CNY / year",
        "flow",
        lambda w: w.state.loans_made,
        definition="made to small technology firms in the year",
    ),
    Indicator(
        "loan_defaults",
        Label("Failed technology loans", "科技贷款违约"),
        "loans / year",
        "flow",
        lambda w: w.state.loan_defaults,
        definition="loans of the year before that failed",
    ),
    Indicator(
        "local_tax",
        Label("Local tax of agent firms", "地方税收"),
        "CNY / year",
        "flow",
        lambda w: w.state.local_tax,
        definition="local part of corporate tax and value-added tax",
    ),
)
