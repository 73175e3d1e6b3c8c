"""R&D: spending, shares, staff and institutions, as statistics publish them and as they are."""

from __future__ import annotations

from simulator.core.declare import Indicator, Label
from simulator.world.census import institutions, research
from simulator.world.world import World


def _bought(world: World) -> float:
    """Return the R&D that firms buy from universities and institutes, CNY / year: it is performed there."""
    u = institutions(world)
    return u.contract_income - u.hours_sold


def business_rd(world: World, surveyed: bool = True) -> float:
    """Return firms' R&D in CNY: performed by them, with the surveyed part of what is relabelled or without."""
    r = research(world)
    return r.real - _bought(world) + (world.state.survey_share * r.relabelled if surveyed else 0.0)


def public_rd(world: World) -> float:
    """Return R&D performed by universities and institutes in CNY."""
    return institutions(world).budget


def _official(world: World) -> float:
    return business_rd(world) + public_rd(world)


def _real(world: World) -> float:
    return business_rd(world, surveyed=False) + public_rd(world)


def _firm_share(world: World) -> float:
    business = business_rd(world)
    return business / max(business + public_rd(world), 1.0)


def _staff_share(world: World) -> float:
    firms = research(world).staff
    return firms / max(firms + institutions(world).researchers, 1.0)


def _institution_share(world: World) -> float:
    firms = research(world).institutions
    u = world.universities
    public = world.region.figure("public_rd_bodies") + world.state.institutes_attracted
    return firms / max(firms + public, 1.0) if len(u) else 1.0


def _scale_share(world: World) -> float:
    r = research(world)
    return r.scale_performers / max(r.scale, 1.0)


def _firm_intensity(world: World) -> float:
    r = research(world)
    return (r.scale_real + world.state.survey_share * r.scale_relabelled) / max(r.scale_revenue, 1.0)


INDICATORS = (
    Indicator(
        "rd_expenditure",
        Label("R&D expenditure", "全社会研发经费"),
        "CNY / year",
        "flow",
        _official,
        true="rd_real",
        definition="by performer; firms as surveyed, universities and institutes at cost",
    ),
    Indicator(
        "rd_real",
        Label("R&D expenditure, real", "真实研发经费"),
        "CNY / year",
        "flow",
        _real,
        "true",
        definition="the same without relabelled spending",
    ),
    Indicator(
        "rd_share",
        Label("R&D share of GDP", "研发经费占生产总值比重"),
        "1",
        "share",
        lambda w: _official(w) / w.state.gdp_first,
        true="rd_share_real",
        definition="R&D expenditure over GDP as first released",
    ),
    Indicator(
        "rd_share_real",
        Label("R&D share of GDP, real", "真实研发经费占生产总值比重"),
        "1",
        "share",
        lambda w: _real(w) / w.state.gdp,
        "true",
        definition="real R&D over GDP in its later vintage",
    ),
    Indicator(
        "firm_share_rd",
        Label("Firms' share of R&D", "企业研发投入占比"),
        "1",
        "share",
        _firm_share,
        definition="firms as performers",
    ),
    Indicator(
        "firm_share_rd_staff",
        Label("Firms' share of R&D staff", "企业研发人员占比"),
        "1",
        "share",
        _staff_share,
        definition="full-time R&D staff of firms over those of firms, universities and institutes",
    ),
    Indicator(
        "firm_share_rd_institutions",
        Label("Firms' share of R&D institutions", "企业研发机构占比"),
        "1",
        "share",
        _institution_share,
        definition="firms' R&D institutions over these and public R&D bodies",
    ),
    Indicator(
        "above_scale_rd_share",
        Label("Above-scale firms with R&D", "规上企业开展研发活动比例"),
        "1",
        "share",
        _scale_share,
        definition="above-scale industrial firms that perform R&D over all of them",
    ),
    Indicator(
        "firm_rd_intensity",
        Label("R&D over revenue, above-scale", "规上企业研发投入强度"),
        "1",
        "share",
        _firm_intensity,
        definition="surveyed R&D over main business revenue of above-scale firms",
    ),
    Indicator(
        "rd_firms",
        Label("Firms with R&D", "有研发活动的企业"),
        "firms",
        "stock",
        lambda w: research(w).performers,
        definition="all agents that perform R&D",
    ),
    Indicator(
        "superdeduction_claimants",
        Label("Firms that claim the deduction", "享受加计扣除企业"),
        "firms",
        "flow",
        lambda w: research(w).claimants,
        definition="firms claiming the R&D super-deduction",
    ),
    Indicator(
        "university_contracts",
        Label("University contract research", "高校院所合同研发收入"),
        "CNY / year",
        "flow",
        lambda w: institutions(w).contract_income,
        definition="sold to local firms, vouchers included",
    ),
    Indicator(
        "university_links",
        Label("Small firms with a university partner", "有高校院所合作的中小企业"),
        "firms",
        "stock",
        lambda w: research(w).partners,
        definition="small technology firms whose tie is at least half as strong as when new",
    ),
)
