"""R&D bodies, alliances, and who has been supported."""

from __future__ import annotations

import numpy as np

from simulator.core.declare import Indicator, Label
from simulator.world.census import allied, presence, research
from simulator.world.world import World

KEY_SHARE = 0.05  # of agents' value added, from which a sector is a key industry where the region names none


def _bodies(world: World) -> float:
    return world.region.figure("public_rd_bodies") + research(world).centres


def _large_rd_staff_share(world: World) -> float:
    r = research(world)
    return r.large_staff / max(r.large_technicians, 1.0)


def _coverage(world: World) -> float:
    sectors = world.sectors
    key = world.region.sector("key_industry") > 0.0
    if not key.any():
        key = sectors.value_added >= KEY_SHARE * float(sectors.value_added.sum())
    return float(np.count_nonzero(allied(world).sectors & key)) / max(float(np.count_nonzero(key)), 1.0)


INDICATORS = (
    Indicator(
        "rd_bodies",
        Label("Recognised R&D bodies", "市级以上研发机构"),
        "organisations",
        "stock",
        _bodies,
        definition="laboratories, engineering and technology research centres and enterprise technology centres "
        "recognised at municipal level or above: those of firms, and those run by universities and institutes, "
        "whose number is the region's figure and stays; innovation platforms are counted apart",
    ),
    Indicator(
        "large_firms_supported",
        Label("Large firms supported", "获支持的大中型企业"),
        "firms",
        "stock",
        lambda w: w.state.large_supported,
        definition="large and medium firms in the national size standard of 2011 (300 staff and 20 m CNY or more) that "
        "have had an R&D grant or reward since the plan's start, by name, closed ones included",
    ),
    Indicator(
        "large_rd_staff_share",
        Label("R&D staff in large firms' R&D bodies", "大中型企业研发机构研发人员占比"),
        "1",
        "share",
        _large_rd_staff_share,
        definition="full-time R&D staff over technical staff in the sense of the high-tech rule, in large and medium "
        "firms with an R&D institution; the plan does not say of what the share is: technical staff is chosen here",
    ),
    Indicator(
        "smes_supported",
        Label("Technology SMEs supported", "获支持的科技型中小企业"),
        "firms",
        "stock",
        lambda w: w.state.smes_supported,
        definition="technology SMEs that have had growth support (services and money) since the plan's start, by name, "
        "closed ones included: those on a growth programme's list, and small ones of a demonstration zone that pays "
        "for it; a firm that had both counts once, one that had only outreach or loan interest not at all",
    ),
    Indicator(
        "alliances",
        Label("Technology innovation alliances", "产业技术创新战略联盟"),
        "alliances",
        "stock",
        lambda w: allied(w).alliances,
        definition="alive at year's end, at any level",
    ),
    Indicator(
        "alliance_members",
        Label("Member firms of alliances", "联盟成员企业"),
        "firms",
        "stock",
        lambda w: presence(w).members,
        definition="at year's end; a firm belongs to one alliance at most",
    ),
    Indicator(
        "national_alliances",
        Label("National-level alliances", "国家级联盟"),
        "alliances",
        "stock",
        lambda w: allied(w).national,
        definition="recognised by the ministry and alive at year's end",
    ),
    Indicator(
        "alliance_coverage",
        Label("Key industries with an alliance", "组建联盟的重点产业比例"),
        "1",
        "share",
        _coverage,
        definition="key industries are those that the region's data name (key_industry), else sectors with 5 % or more "
        "of agents' value added; an industry counts where a living alliance is led by one of its firms",
    ),
)
