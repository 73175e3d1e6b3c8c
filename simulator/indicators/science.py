"""Universities and institutes: bases, funds, transfer offices, sorted projects, and what came from elsewhere."""

from __future__ import annotations

from simulator.core.declare import Indicator, Label
from simulator.world.census import institutions, presence
from simulator.world.world import World


def _base_and_fund(world: World) -> float:
    u = institutions(world)
    return u.with_base_and_fund / max(u.here, 1.0)


def _company_and_fund(world: World) -> float:
    u = institutions(world)
    return u.with_company_and_fund / max(u.attracted, 1.0)


INDICATORS = (
    Indicator(
        "university_base_fund_share",
        Label("Universities and institutes with base and fund", "建有孵化基地和孵化基金的高校院所比例"),
        "1",
        "share",
        _base_and_fund,
        definition="universities and institutes with both an incubation base and an incubation fund over all at "
        "work at the year's end: those of the start, those attracted by the end of the year before and new contract "
        "research institutes; overseas R&D centres are left out, as branches of firms and foreign institutes",
    ),
    Indicator(
        "attracted_with_fund_share",
        Label("Attracted institutes with company and fund", "组建转化公司和创投基金的引进院所比例"),
        "1",
        "share",
        _company_and_fund,
        definition="attracted universities and institutes that have both a transfer company and a venture fund over "
        "all attracted since the first year and opened by the end of the year before; overseas centres are left out",
    ),
    Indicator(
        "transfer_office_share",
        Label("Universities and institutes with a transfer office", "设立技术转移机构的高校院所比例"),
        "1",
        "share",
        lambda w: institutions(w).with_office / max(institutions(w).here, 1.0),
        definition="universities and institutes with a transfer office over all at work, attracted ones included; an "
        "institute's transfer company counts as its office",
    ),
    Indicator(
        "projects_sorted",
        Label("Transferable projects sorted", "梳理可转移项目"),
        "projects / year",
        "flow",
        lambda w: w.state.projects_sorted,
        definition="projects sorted and offered to firms in the year, as carried out; not the projects transferred",
    ),
    Indicator(
        "science_parks",
        Label("University science parks", "大学科技园"),
        "parks",
        "stock",
        lambda w: institutions(w).science_parks,
        definition="universities (not institutes) with a science park or incubation base of their own, one each; those "
        "of the start count",
    ),
    Indicator(
        "overseas_centres",
        Label("Overseas R&D centres", "海外研发中心"),
        "centres",
        "stock",
        lambda w: institutions(w).overseas,
        definition="overseas R&D centres and joint centres at work; they are not among the institutes newly attracted",
    ),
    Indicator(
        "facility_users",
        Label("Users of shared instruments", "共享仪器设备用户"),
        "firms / year",
        "flow",
        lambda w: presence(w).facility_users,
        definition="small firms that used instruments of universities and institutes opened to them in the year",
    ),
    Indicator(
        "neighbours_institutes_lost",
        Label("Institutes lost by other cities", "其他城市流失的机构"),
        "institutions",
        "stock",
        lambda w: w.state.institutes_displaced,
        "true",
        definition="of the institutes that measures drew since the first year, those another city would have had",
    ),
)
