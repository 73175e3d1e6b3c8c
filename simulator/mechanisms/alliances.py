"""Alliances: firms near in technology pool part of their research, as long as that is worth what it costs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, child_keys
from simulator.core.parameters import Range, parameter
from simulator.core.population import rows_of
from simulator.core.terms import Terms
from simulator.mechanisms.alliances_kernels import (
    Addresses,
    Members,
    Worth,
    hold,
    leaders,
    partners,
    pool,
    recognise,
    turn,
)
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters:
    """Who joins, what it brings, and what becomes of an alliance."""

    pooled: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.02, 0.10, "log"),
        source="judgement_consortium_patents",
        doc="more innovations a year of a member at full nearness and without rivalry",
    )
    rivalry: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.2, 1.0, floor=0.0, ceiling=1.0),
        source="branstetter_sakakibara2002",
        doc="part of that which members lose who sell to the same customers: those of one sector, in its local sales",
    )
    near: float = parameter(
        0.80,
        unit="1",
        prior=Range(0.65, 0.90, "logit"),
        source="assumed",
        doc="nearness in technology to the lead firm (cosine) from which a firm is asked",
    )
    worth: float = parameter(
        2.0,
        unit="CNY / CNY",
        prior=Range(0.8, 4.0, "log"),
        source="assumed",
        doc="what firms expect a CNY of R&D made more fruitful to be worth to them",
    )
    view: float = parameter(
        0.8,
        unit="log points",
        prior=Range(0.4, 1.5, "log"),
        source="assumed",
        doc="spread of firms' views of what an alliance is worth",
    )
    office: float = parameter(
        3.0e5,
        unit="CNY / year",
        prior=Range(1.0e5, 1.0e6, "log"),
        source="assumed",
        doc="yearly cost of an alliance's office, shared by its members, at the start's prices",
    )
    member_cost: float = parameter(
        2.0e4,
        unit="CNY / year",
        prior=Range(5.0e3, 8.0e4, "log"),
        source="assumed",
        doc="each member's own cost of meeting and agreeing in an alliance of the usual size, at the start's prices",
    )
    usual: float = parameter(
        10.0,
        unit="firms",
        prior=Range(6.0, 20.0, "log"),
        source="assumed",
        doc="usual size: that cost rises in proportion to the members with whom one must agree",
    )
    least: float = parameter(
        5.0, unit="firms", prior=Range(3.0, 8.0), source="assumed", doc="fewest members with which an alliance lives"
    )
    initiative: float = parameter(
        0.03,
        unit="1 / year",
        prior=Range(0.01, 0.10, "log"),
        source="assumed",
        doc="chance that a sector's likeliest lead firm that has no alliance tries to bring one about",
    )
    helped: float = parameter(
        0.25,
        unit="1 / year",
        prior=Range(0.05, 0.60, "log"),
        source="assumed",
        doc="more of it where an office helps with all its strength",
    )
    join: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.05, 0.40, "logit"),
        source="assumed",
        doc="chance that a firm for which it pays joins an alliance near it",
    )
    leave: float = parameter(
        0.3,
        unit="1 / year",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="chance that a member for which it no longer pays leaves",
    )
    province_years: float = parameter(
        2.0,
        unit="years",
        prior=Range(1.0, 4.0),
        source="assumed",
        doc="age at which an alliance may be a provincial one",
    )
    national_size: float = parameter(
        10.0, unit="firms", prior=Range(6.0, 18.0), source="assumed", doc="members that the ministry asks for"
    )
    recognised: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.05, 0.35, "logit"),
        source="assumed",
        doc="chance that an alliance that may rise is recognised by the province",
    )
    national: float = parameter(
        0.05,
        unit="1 / year",
        prior=Range(0.01, 0.15, "log"),
        source="assumed",
        doc="the same for the ministry, from provincial level on: it recognised few in the nation",
    )
    joint_part: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="part of members' R&D that can go into joint projects",
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Let firms found, join, leave and end alliances; recognise some; pay support and joint projects."""
    f, a, deflator = world.firms, world.alliances, world.state.deflator
    columns = Members._make([getattr(f, name) for name in Members._fields])
    own = {"office": p.office * deflator, "member_cost": p.member_cost * deflator, "spread": p.view}
    worth = Worth._make([float(own[name] if name in own else getattr(p, name)) for name in Worth._fields])
    at = Addresses(luck.address("view"), luck.address("leave"), luck.address("join"))
    local = 1.0 - world.region.sector("outside_demand")
    members, lead = np.empty(0, np.int64), np.empty(0, np.int64)
    if len(a):
        paid = _supports(world, terms, p)
        members, lead = hold(columns, a.alive, a.lead)
        if (lead[a.alive] < 0).any():  # an alliance that lost all its members at once
            lead = np.where(lead < 0, np.maximum(rows_of(f.key, a.lead), 0), lead)
        members = turn(columns, members, lead, a.alive, a.members, paid, local, worth, at)
        latest = world.year - p.province_years
        recognise(
            a.key,
            a.alive,
            a.level,
            a.members,
            a.founded,
            latest,
            p.national_size,
            p.recognised,
            p.national,
            luck.address("recognised"),
        )
        _projects(world, terms, p, luck, members)
    _found(world, terms, p, luck, columns, worth, local, at.seen)
    pool(columns, lead, local, worth, members, f.pooled)  # those founded now begin next year


def _supports(world: World, terms: Terms, p: Parameters) -> np.ndarray:
    """Pay support to alliances, the largest first, up to what their offices cost; return it (a,), CNY."""
    a = world.alliances
    out = np.zeros(len(a))
    if not terms.offered("alliance_support"):
        return out
    rows = np.flatnonzero(a.alive)
    wanted = np.full(rows.size, p.office * world.state.deflator)
    paid = terms.draw("alliance_support", rows, wanted, a.members[rows] + a.level[rows].astype(float))
    out[paid.index] = paid.real
    return out


def _found(
    world: World,
    terms: Terms,
    p: Parameters,
    luck: Luck,
    columns: Members,
    worth: Worth,
    local: np.ndarray,
    seen: np.uint64,
) -> None:
    """Let the likeliest lead firm of each sector found an alliance if enough partners would gain by it.

    Support counts as far as it is on offer to one alliance more.
    """
    f, a, sectors = world.firms, world.alliances, world.sectors
    free, lead = leaders(columns, f.has_institution, len(sectors))
    chance = p.initiative + p.helped * float(terms.values("alliance_outreach")[0])
    tries = lead[(lead >= 0) & (luck.uniform(sectors.key, "initiative") < chance)]
    if tries.size == 0:
        return
    hoped = 0.0 + sum(
        min(float(np.max(o.value)), max(o.budget - float(np.max(o.value)) * float(a.alive.sum()), 0.0))
        for o in terms.promises("alliance_support")
    )
    for row in tries:
        chosen = partners(columns, free, row, hoped, local, worth, seen)
        if chosen.size == 0:
            continue
        # it begins its work when it joins the others, between years; its members are bound from now on
        f.alliance[chosen] = len(a) + a.waiting()
        a.arrive(
            1,
            key=child_keys(f.key[row : row + 1], np.array([950]), world.luck_year),
            sector=f.sector[row],
            founded=world.year,
            lead=f.key[row : row + 1],
            members=chosen.size,
        )


def _projects(world: World, terms: Terms, p: Parameters, luck: Luck, members: np.ndarray) -> None:
    """Pay members (m,) for joint projects, the largest alliances' first; it is R&D beside what they would do."""
    f, a = world.firms, world.alliances
    if not terms.offered("alliance_project"):
        return
    rows = members[f.does_rd[members] & (f.rd_real[members] > 0.0)]
    pooled = np.bincount(f.alliance[rows], f.rd_real[rows], len(a))
    rank = np.log(np.maximum(pooled[f.alliance[rows]], 1.0)) + 1.0e-3 * luck.normal(f.key[rows], "project")
    paid = terms.draw("alliance_project", rows, p.joint_part * f.rd_real[rows], rank)
    i = paid.index
    f.rd_staff[i] *= 1.0 + paid.real / f.rd_real[i]
    f.rd_real[i] += paid.real
    f.rd_aided[i] += paid.real
    f.rd_reported[i] += np.where(paid.real > 0.0, paid.real, paid.amount)  # misused money is accounted for as R&D
    f.cash[i] -= paid.amount
    f.rd_aid_year[i] = world.year


MECHANISM = Mechanism("alliances", Label("Alliances", "产业技术创新联盟"), Parameters, step)
