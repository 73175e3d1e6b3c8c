"""Counts and sums over firms that several indicators read, gathered in one pass a group.

While all indicators are measured (``World.looking``) each group is gathered once; an indicator that is measured by
itself gathers afresh, so that what it says is never older than the world.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
from numba import njit

from simulator.world.agents import ACADEMICIAN, FOUNDED_AGAIN, POSTDOC, PROJECT_KINDS
from simulator.world.census_kernels import (
    Allied,
    Drugs,
    Institutions,
    Sites,
    allied_of,
    drugs_of,
    institutions_of,
    sites_of,
    under_way,
)
from simulator.world.rules import large_or_medium
from simulator.world.world import World

WORKING_TIE = 0.5  # strength of the tie to a university from which it counts

T = TypeVar("T")


def gathered(gather: Callable[[World], T]) -> Callable[[World], T]:
    """Let indicators share what ``gather`` returns for a world while all of them are measured."""

    def shared(world: World) -> T:
        seen = world.seen
        if seen is None:
            return gather(world)
        if gather not in seen:
            seen[gather] = gather(world)
        found: T = seen[gather]
        return found

    return shared


class Standing(NamedTuple):
    """Firms by status: how many, and their revenue in CNY / year."""

    certified: float
    certified_by_real_rd: float
    certified_revenue: float
    technology_smes: float
    innovative_small: float
    above_scale: float
    technology_revenue: float
    revenue: float
    productivity: float  # revenue times productivity


@njit(cache=True, nogil=True)
def _standing(
    alive: np.ndarray,
    hnte_until: np.ndarray,
    technology_sme: np.ndarray,
    innovative_small: np.ndarray,
    above_scale: np.ndarray,
    revenue: np.ndarray,
    rd_real: np.ndarray,
    productivity: np.ndarray,
    year: int,
    limits: np.ndarray,
    least: np.ndarray,
) -> Standing:
    """Count living firms (n,) by status, which asks for ``least`` R&D in sales below, between, above ``limits``."""
    certified = by_real_rd = smes = small = scale = 0
    certified_revenue = technology_revenue = whole = weighted = 0.0
    for i in range(alive.shape[0]):
        if not alive[i]:
            continue
        whole += revenue[i]
        weighted += revenue[i] * productivity[i]
        smes += technology_sme[i]
        small += innovative_small[i]
        scale += above_scale[i]
        has = hnte_until[i] >= year
        if has:
            k = 0 if revenue[i] < limits[0] else 1 if revenue[i] < limits[1] else 2
            certified += 1
            certified_revenue += revenue[i]
            by_real_rd += rd_real[i] >= least[k] * revenue[i]
        if has or technology_sme[i]:
            technology_revenue += revenue[i]
    return Standing(
        float(certified),
        float(by_real_rd),
        certified_revenue,
        float(smes),
        float(small),
        float(scale),
        technology_revenue,
        whole,
        weighted,
    )


@gathered
def standing(world: World) -> Standing:
    """Return firms by status."""
    f, rules = world.firms, world.rules
    limits = [rules.get(name, 0.0) for name in ("hnte_sales_small", "hnte_sales_large")]
    names = ("hnte_threshold_small", "hnte_threshold_mid", "hnte_threshold_large")
    found: Standing = _standing(
        f.alive,
        f.hnte_until,
        f.technology_sme,
        f.innovative_small,
        f.above_scale,
        f.revenue,
        f.rd_real,
        f.productivity,
        world.year,
        np.array(limits),
        np.array([rules.get(name, -np.inf) for name in names]),  # before the first year nothing is asked for
    )
    return found


class Research(NamedTuple):
    """What firms spend on R&D (CNY / year) and who does it, all firms and those above scale."""

    real: float
    relabelled: float
    staff: float
    institutions: float
    performers: float
    claimants: float
    partners: float  # small firms with a working tie to a university
    centres: float  # recognised technology centres
    large_staff: float  # R&D staff and technical staff of large and medium firms with an R&D institution
    large_technicians: float
    scale: float
    scale_performers: float
    scale_holders: float  # of patents
    scale_real: float
    scale_relabelled: float
    scale_revenue: float
    scale_novel: float  # sales of novel products


@njit(cache=True, nogil=True)
def _research(
    alive: np.ndarray,
    rd_real: np.ndarray,
    rd_reported: np.ndarray,
    rd_staff: np.ndarray,
    has_institution: np.ndarray,
    technology_centre: np.ndarray,
    does_rd: np.ndarray,
    claims: np.ndarray,
    above_scale: np.ndarray,
    link: np.ndarray,
    staff: np.ndarray,
    technicians: np.ndarray,
    revenue: np.ndarray,
    novelty: np.ndarray,
    patents: np.ndarray,
) -> Research:
    """Add up the R&D of living firms (n,)."""
    institutions = performers = claimants = partners = centres = scale = scale_performers = scale_holders = 0
    real = relabelled = people = large_staff = large_technicians = 0.0
    scale_real = scale_relabelled = scale_revenue = scale_novel = 0.0
    for i in range(alive.shape[0]):
        centres += technology_centre[i]
        if not alive[i]:
            continue
        beyond = max(rd_reported[i] - rd_real[i], 0.0)
        real += rd_real[i]
        relabelled += beyond
        people += rd_staff[i]
        performers += does_rd[i]
        claimants += claims[i]
        if has_institution[i]:
            institutions += 1
            if large_or_medium(staff[i], revenue[i]):
                large_staff += rd_staff[i]
                large_technicians += technicians[i]
        if above_scale[i]:
            scale += 1
            scale_performers += does_rd[i]
            scale_holders += patents[i] > 0
            scale_real += rd_real[i]
            scale_relabelled += beyond
            scale_revenue += revenue[i]
            scale_novel += novelty[i] * revenue[i]
        else:
            partners += link[i] >= WORKING_TIE
    return Research(
        real,
        relabelled,
        people,
        float(institutions),
        float(performers),
        float(claimants),
        float(partners),
        float(centres),
        large_staff,
        large_technicians,
        float(scale),
        float(scale_performers),
        float(scale_holders),
        scale_real,
        scale_relabelled,
        scale_revenue,
        scale_novel,
    )


@gathered
def research(world: World) -> Research:
    """Return the R&D of firms."""
    f = world.firms
    found: Research = _research(
        f.alive,
        f.rd_real,
        f.rd_reported,
        f.rd_staff,
        f.has_institution,
        f.technology_centre,
        f.does_rd,
        f.claims,
        f.above_scale,
        f.link,
        f.staff,
        f.technicians,
        f.revenue,
        f.novelty,
        f.patents,
    )
    return found


class Inventions(NamedTuple):
    """Inventions of firms and of universities and institutes: flows of the year, and those in force."""

    filed: float
    filed_true: float
    granted: float
    in_force: float
    quality: float
    firms_in_force: float  # of these held by firms


@njit(cache=True, nogil=True)
def _inventions(
    alive: np.ndarray,
    filed: np.ndarray,
    filed_true: np.ndarray,
    granted: np.ndarray,
    patents: np.ndarray,
    quality_patents: np.ndarray,
) -> tuple[float, float, float, float, float]:
    """Add up the flows of all (n,) and what the living hold."""
    flow = true = new = held = good = 0  # whole numbers, whose sums compile to vectors
    for i in range(alive.shape[0]):
        flow += filed[i]
        true += filed_true[i]
        new += granted[i]
        held += patents[i] * alive[i]
        good += quality_patents[i] * alive[i]
    return float(flow), float(true), float(new), float(held), float(good)


@gathered
def inventions(world: World) -> Inventions:
    """Return the inventions of firms, universities and institutes."""
    f, u = world.firms, institutions(world)
    filed, filed_true, granted, held, good = _inventions(
        f.alive, f.filed, f.filed_true, f.granted, f.patents, f.quality_patents
    )
    return Inventions(
        filed + u.filed,
        filed_true + u.filed_true,
        granted + u.granted,
        held + u.patents,
        good + u.quality_patents,
        held,
    )


class Presence(NamedTuple):
    """How many firms are where, belong to what and came how."""

    tenants: float
    mentoring: float  # added up over tenants
    members: float
    facility_users: float
    academicians: float  # workstations
    postdocs: float
    on_boards: float
    on_exchange: float
    founded_again: float


@njit(cache=True, nogil=True)
def _presence(
    alive: np.ndarray,
    incubator: np.ndarray,
    mentored: np.ndarray,
    alliance: np.ndarray,
    uses_facility: np.ndarray,
    station: np.ndarray,
    listed: np.ndarray,
    origin: np.ndarray,
) -> Presence:
    """Count living firms (n,)."""
    tenants = members = users = academicians = postdocs = boards = exchange = again = 0
    mentoring = 0.0
    for i in range(alive.shape[0]):  # loops over columns of one size each compile to vectors
        tenants += alive[i] & (incubator[i] >= 0)
        members += alive[i] & (alliance[i] >= 0)
    for i in range(alive.shape[0]):
        users += alive[i] & uses_facility[i]
        academicians += alive[i] & ((station[i] & ACADEMICIAN) > 0)
        postdocs += alive[i] & ((station[i] & POSTDOC) > 0)
        boards += alive[i] & (listed[i] == 1)
        exchange += alive[i] & (listed[i] == 2)
        again += alive[i] & (origin[i] == FOUNDED_AGAIN)
    for i in range(alive.shape[0]):
        mentoring += mentored[i] if alive[i] & (incubator[i] >= 0) else 0.0
    return Presence(
        float(tenants),
        mentoring,
        float(members),
        float(users),
        float(academicians),
        float(postdocs),
        float(boards),
        float(exchange),
        float(again),
    )


@gathered
def presence(world: World) -> Presence:
    """Return where firms are and what they belong to."""
    f = world.firms
    found: Presence = _presence(
        f.alive, f.incubator, f.mentored, f.alliance, f.uses_facility, f.station, f.listed, f.origin
    )
    return found


class Sales(NamedTuple):
    """What firms sell in a year, CNY; arrays are by sector (S,)."""

    revenue: np.ndarray
    advanced: np.ndarray  # value added times the high-tech share of sales
    contracts: float
    technology: float


@njit(cache=True, nogil=True)
def _sales(
    alive: np.ndarray,
    sector: np.ndarray,
    revenue: np.ndarray,
    value_added: np.ndarray,
    hightech_share: np.ndarray,
    contracts: np.ndarray,
    technology_sales: np.ndarray,
    count: int,
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Add up the sales of living firms (n,)."""
    sums, advanced, signed, technology = np.zeros(count), np.zeros(count), 0.0, 0.0
    for i in range(alive.shape[0]):
        if alive[i]:
            sums[sector[i]] += revenue[i]
            advanced[sector[i]] += value_added[i] * hightech_share[i]
            signed += contracts[i]
            technology += technology_sales[i]
    return sums, advanced, signed, technology


@gathered
def sales(world: World) -> Sales:
    """Return what firms sell."""
    f = world.firms
    return Sales(
        *_sales(
            f.alive,
            f.sector,
            f.revenue,
            f.value_added,
            f.hightech_share,
            f.contracts,
            f.technology_sales,
            len(world.sectors),
        )
    )


@gathered
def institutions(world: World) -> Institutions:
    """Return universities and institutes."""
    u = world.universities
    found: Institutions = institutions_of(
        u.alive,
        u.kind,
        (
            u.filed,
            u.filed_true,
            u.granted,
            u.patents,
            u.quality_patents,
            u.contract_income,
            u.hours_sold,
            u.contracts,
            u.deal_value,
            u.spinoffs,
        ),
        u.researchers,
        u.working,
        u.budget,
        u.has_base,
        u.has_fund,
        u.has_office,
        u.has_company,
    )
    return found


@gathered
def sites(world: World) -> Sites:
    """Return incubators and maker spaces."""
    inc = world.incubators
    found: Sites = sites_of(inc.alive, inc.kind, inc.professional, inc.floor, inc.tenants, inc.seats)
    return found


@gathered
def drugs(world: World) -> Drugs:
    """Return pharmaceutical products."""
    p = world.products
    found: Drugs = drugs_of(p.alive, p.stage, p.generic)
    return found


@gathered
def allied(world: World) -> Allied:
    """Return alliances."""
    a = world.alliances
    found: Allied = allied_of(a.alive, a.level, a.sector, len(world.sectors))
    return found


@gathered
def ordered(world: World) -> dict[str, float]:
    """Return the quantity of projects that are under way, by kind."""
    p = world.projects
    waiting = under_way(p.alive, p.finished, p.kind, p.quantity, len(PROJECT_KINDS))
    return dict(zip(PROJECT_KINDS, waiting.tolist(), strict=True))
