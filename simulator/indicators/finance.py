"""Loans on patents, capital markets, public orders for new products, and funds of districts."""

from __future__ import annotations

import numpy as np

from simulator.core.declare import Indicator, Label
from simulator.world.census import presence, research
from simulator.world.world import World


def _street_and_fund(world: World) -> float:
    st = world.state
    return float(np.count_nonzero((st.street_districts >= 1.0) & (st.district_funds >= 1.0))) / st.street_districts.size


def _new_products(world: World) -> float:
    r = research(world)
    return r.scale_novel / max(r.scale_revenue, 1.0)


INDICATORS = (
    Indicator(
        "pledge_loans",
        Label("Loans on patents", "专利质押贷款"),
        "CNY / year",
        "flow",
        lambda w: w.state.pledged,
        definition="made to small firms on their invention patents in the year, insured or not",
    ),
    Indicator(
        "listed_firms",
        Label("Listed firms", "上市公司"),
        "firms",
        "stock",
        lambda w: presence(w).on_exchange,
        definition="firms of the city on a stock exchange at year's end",
    ),
    Indicator(
        "board_firms",
        Label("Firms on boards", "场外市场挂牌企业"),
        "firms",
        "stock",
        lambda w: presence(w).on_boards,
        definition="technology firms on the national quotation system or a regional equity exchange at year's end",
    ),
    Indicator(
        "market_equity",
        Label("Equity raised on markets", "资本市场股权融资额"),
        "CNY / year",
        "flow",
        lambda w: w.state.raised_on_markets,
        definition="new shares sold on listing at an exchange or on joining a board, net of what that costs; later "
        "issues are left out",
    ),
    Indicator(
        "bonds_issued",
        Label("Private bonds", "企业私募债发行额"),
        "CNY / year",
        "flow",
        lambda w: w.state.bonds_issued,
        definition="placed by private firms in the year",
    ),
    Indicator(
        "procurement_orders",
        Label("Public orders for new products", "创新产品政府采购额"),
        "CNY / year",
        "flow",
        lambda w: w.state.procurement,
        definition="value of orders of the year under first purchase and pre-commercial procurement",
    ),
    Indicator(
        "new_product_share",
        Label("Sales share of novel products", "新颖产品销售占比"),
        "1",
        "share",
        _new_products,
        "true",
        definition="sales from products of innovations since the start, until they are no longer novel, over main "
        "business revenue of above-scale industrial firms; far below the statistical share of new products, which "
        "counts whatever a firm calls new",
    ),
    Indicator(
        "outbound_deals",
        Label("Technology firms bought abroad", "海外科技企业并购"),
        "deals / year",
        "flow",
        lambda w: w.state.outbound_deals,
        definition="purchases of the year by firms of the city",
    ),
    Indicator(
        "district_street_fund_share",
        Label("Districts with a startup street and an incubation fund", "建有创业街区和孵化基金的区市比例"),
        "1",
        "share",
        _street_and_fund,
        definition="districts and county-level cities of the region with at least one startup street opened and one "
        "incubation fund set up by the district since the first year, over all of them; both must be there",
    ),
)
