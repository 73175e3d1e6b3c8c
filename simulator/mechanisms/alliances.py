"""Alliances: firms near in technology pool part of their research, as long as that is worth what it costs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, child_keys
from simulator.core.parameters import Range, parameter
from simulator.core.population import rows_of
from simulator.core.terms import Terms
from simulator.world.world import World

CITY, PROVINCE, NATIONAL = range(3)


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
    f, a = world.firms, world.alliances
    f.alliance[~f.alive] = -1
    if len(a):
        paid = _supports(world, terms, p)
        _members(world, p, luck, paid)
        _recognise(world, p, luck)
        _projects(world, terms, p, luck)
    _found(world, terms, p, luck)
    f.pooled[:] = 0.0
    rows = np.flatnonzero((f.alliance >= 0) & (f.alliance < len(a)) & f.does_rd)  # those founded now begin next year
    if rows.size:
        f.pooled[rows] = p.pooled * _fit(world, p, rows, f.alliance[rows])


def _fit(world: World, p: Parameters, rows: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Return (m,) nearness of firms to the lead firm of their alliance (row ``to``), less what rivalry takes."""
    f, a = world.firms, world.alliances
    lead = np.maximum(rows_of(f.key, a.lead), 0)[to]
    return _match(world, p, rows, lead)


def _match(world: World, p: Parameters, rows: np.ndarray, lead: np.ndarray) -> np.ndarray:
    """Return (m,) how much of the pooled research firms can use: nearness to a lead firm x (1 - rivalry)."""
    f = world.firms
    near = np.einsum("ij,ij->i", f.tech[rows], f.tech[lead]).astype(float)
    local = 1.0 - world.region.sector("outside_demand")[f.sector[rows]]
    return near * (1.0 - p.rivalry * np.where(f.sector[rows] == f.sector[lead], local, 0.0))


def _benefit(world: World, p: Parameters, luck: Luck, rows: np.ndarray, fit: np.ndarray) -> np.ndarray:
    """Return (m,) what a year in an alliance is worth to firms by their own view, CNY; nothing without own R&D."""
    f = world.firms
    seen = np.exp(p.view * luck.normal(f.key[rows], "view") - 0.5 * p.view * p.view)
    return np.where(f.does_rd[rows], p.pooled * fit * p.worth * f.rd_real[rows] * seen, 0.0)


def _cost(world: World, p: Parameters, members: np.ndarray, support: np.ndarray) -> np.ndarray:
    """Return what a year costs each member (m,), CNY: its effort, which grows with them, and its part of the office."""
    office = np.maximum(p.office * world.state.deflator - support, 0.0)
    return p.member_cost * world.state.deflator * members / p.usual + office / np.maximum(members, 1.0)


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


def _members(world: World, p: Parameters, luck: Luck, support: np.ndarray) -> None:
    """Let members for which it no longer pays leave, others join, and alliances that are too small end."""
    f, a = world.firms, world.alliances
    held = np.flatnonzero(f.alliance >= 0)
    to = f.alliance[held]
    _lead(world, held, to)
    gain = _benefit(world, p, luck, held, _fit(world, p, held, to))
    size = np.bincount(to, minlength=len(a))
    tired = gain < _cost(world, p, size[to], support[to])
    out = held[tired & (luck.uniform(f.key[held], "leave") < p.leave)]
    f.alliance[out] = -1
    f.alliance[f.alive & (f.alliance >= 0) & (f.rd_real <= 0.0)] = -1  # nothing to pool
    open_ = np.flatnonzero(a.alive)
    free = np.flatnonzero(f.alive & f.does_rd & (f.alliance < 0))
    free = free[luck.uniform(f.key[free], "join") < p.join]
    if open_.size and free.size:
        lead = np.maximum(rows_of(f.key, a.lead[open_]), 0)
        cosine = f.tech[free] @ f.tech[lead].T
        best = np.argmax(cosine, axis=1)
        asked = cosine[np.arange(free.size), best] >= p.near
        free, best = free[asked], open_[best[asked]]
        gain = _benefit(world, p, luck, free, _fit(world, p, free, best))
        joins = gain >= _cost(world, p, size[best] + 1.0, support[best])
        f.alliance[free[joins]] = best[joins]
    members = f.alliance[f.alliance >= 0]
    a.members[:] = np.bincount(members, minlength=len(a))
    ended = a.alive & (a.members < p.least)
    a.alive[ended] = False
    a.members[ended] = 0
    f.alliance[(f.alliance >= 0) & ~a.alive[f.alliance]] = -1


def _lead(world: World, held: np.ndarray, to: np.ndarray) -> None:
    """Hand the lead of alliances whose lead firm has gone to the member with the most R&D."""
    f, a = world.firms, world.alliances
    row = rows_of(f.key, a.lead)
    gone = a.alive & ((row < 0) | (f.alliance[np.maximum(row, 0)] != np.arange(len(a))))
    for k in np.flatnonzero(gone):
        mine = held[to == k]
        if mine.size:
            a.lead[k] = f.key[mine[np.argmax(f.rd_real[mine])]]


def _found(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Let the likeliest lead firm of each sector found an alliance if enough partners would gain by it.

    The likeliest is the free firm with an R&D institution of its own and the most R&D. Support counts as far as it
    is on offer to one alliance more. Partners are taken in the order of what they gain, as many as still gain.
    """
    f, a, sectors = world.firms, world.alliances, world.sectors
    able = np.flatnonzero(f.alive & f.does_rd & f.has_institution & (f.alliance < 0))
    order = able[np.lexsort((f.key[able], -f.rd_real[able], f.sector[able]))]
    which, first = np.unique(f.sector[order], return_index=True)
    chance = p.initiative + p.helped * float(np.asarray(terms.total("alliance_outreach")))
    tries = order[first][luck.uniform(sectors.key[which], "initiative") < chance]
    if tries.size == 0:
        return
    hoped = sum(
        min(float(np.max(o.value)), max(o.budget - float(np.max(o.value)) * float(a.alive.sum()), 0.0))
        for o in terms.promises("alliance_support")
    )
    free = np.flatnonzero(f.alive & f.does_rd & (f.alliance < 0))
    taken = np.zeros(len(f), bool)
    for lead in tries:
        here = free[(~taken[free]) & (f.tech[free] @ f.tech[lead] >= p.near)]
        fit = _match(world, p, here, np.full(here.size, lead))
        gain = _benefit(world, p, luck, here, fit)
        rank = np.lexsort((f.key[here], -gain))
        count = np.arange(1.0, here.size + 1.0)
        pays = np.flatnonzero(gain[rank] >= _cost(world, p, count, np.full(count.size, hoped)))
        if pays.size == 0 or pays[-1] + 1 < p.least or lead not in here[rank[: pays[-1] + 1]]:
            continue
        chosen = here[rank[: pays[-1] + 1]]
        taken[chosen] = True
        # it begins its work when it joins the others, between years; its members are bound from now on
        f.alliance[chosen] = len(a) + a.waiting()
        a.arrive(
            1,
            key=child_keys(f.key[lead : lead + 1], np.array([950]), world.year),
            sector=f.sector[lead],
            founded=world.year,
            lead=f.key[lead : lead + 1],
            members=chosen.size,
        )


def _recognise(world: World, p: Parameters, luck: Luck) -> None:
    """Raise alliances old and large enough to provincial, then to national level, some of them each year."""
    a = world.alliances
    age, u = world.year - a.founded, luck.uniform(a.key, "recognised")
    nation = a.alive & (a.level == PROVINCE) & (a.members >= p.national_size)
    a.level[nation & (u < p.national)] = NATIONAL
    a.level[a.alive & (a.level == CITY) & (age >= p.province_years) & (u < p.recognised)] = PROVINCE


def _projects(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Pay members for joint projects, those of the largest alliances first; it is R&D beside what they would do."""
    f, a = world.firms, world.alliances
    if not terms.offered("alliance_project"):
        return
    rows = np.flatnonzero((f.alliance >= 0) & f.does_rd & (f.rd_real > 0.0))
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
