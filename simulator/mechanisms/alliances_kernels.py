"""Compiled parts of ``alliances``: who leads, leaves, joins and founds, firm by firm."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import normal_at, uniform_at
from simulator.core.selection import marked
from simulator.world.agents import TECH_DIMENSIONS


class Members(NamedTuple):
    """The columns of firms that alliances read and write, by name."""

    key: np.ndarray
    alive: np.ndarray
    does_rd: np.ndarray
    rd_real: np.ndarray
    sector: np.ndarray
    tech: np.ndarray
    alliance: np.ndarray


class Worth(NamedTuple):
    """The parameters of the same names; ``office`` and ``member_cost`` at this year's prices, ``spread`` of views."""

    pooled: float
    rivalry: float
    near: float
    worth: float
    spread: float
    office: float
    member_cost: float
    usual: float
    least: float
    join: float
    leave: float


class Addresses(NamedTuple):
    """Where the luck of each decision is."""

    seen: np.uint64
    leave: np.uint64
    join: np.uint64


@njit(cache=True, nogil=True)
def _nearness(tech: np.ndarray, i: int, j: int) -> float:
    """Return the cosine of two firms' positions in technology space."""
    out = 0.0
    for d in range(TECH_DIMENSIONS):
        out += np.float64(tech[i, d]) * np.float64(tech[j, d])
    return out


# firms' columns and parameters go to what is called in loops over firms one by one: tuples would be built at each call


@njit(cache=True, nogil=True)
def _fit(near: float, sector: int, of_lead: int, rivalry: float, local: np.ndarray) -> float:
    """Return how much of the pooled research a firm can use: nearness to the lead firm, less what rivalry takes."""
    rival = local[sector] if sector == of_lead else 0.0
    return near * (1.0 - rivalry * rival)


@njit(cache=True, nogil=True)
def _benefit(fit: float, spent: float, pooled: float, worth: float, spread: float, luck: float) -> float:
    """Return what a year in an alliance is worth by its own view to a firm that ``spent`` on R&D, CNY.

    ``luck`` is the standard normal of its view.
    """
    return pooled * fit * worth * spent * np.exp(spread * luck - 0.5 * spread * spread)


@njit(cache=True, nogil=True)
def _cost(members: float, support: float, p: Worth) -> float:
    """Return what a year costs each member, CNY: its effort, which grows with them, and its part of the office."""
    return p.member_cost * members / p.usual + max(p.office - support, 0.0) / max(members, 1.0)


@njit(cache=True, nogil=True)
def _least(members: int, support: float, p: Worth) -> float:
    """Return the least that a year can cost each of up to so many members, CNY."""
    least = np.inf
    for k in range(members):
        least = min(least, _cost(k + 1.0, support, p))
        if p.member_cost * (k + 1.0) >= least * p.usual:  # effort alone costs more from here on
            break
    return least


@njit(cache=True, nogil=True)
def _most_views(p: Worth) -> np.ndarray:
    """Return the most that a firm's view can be where its luck is up to 0.5, 0.84 and 0.977, and beyond."""
    if p.spread < 0.0:
        return np.full(4, np.inf)
    return np.exp(p.spread * np.array([0.0, 1.0, 2.0, 9.0]) - 0.5 * p.spread * p.spread)


@njit(cache=True, nogil=True)
def _most_worth(p: Worth) -> float:
    """Return the most that an alliance, however near, can be worth to a firm per CNY of R&D, but for its view."""
    return 1.001 * p.pooled * max(1.0, 1.0 - p.rivalry) * p.worth


@njit(cache=True, nogil=True)
def _most_view(u: float, views: np.ndarray) -> float:
    """Return the bound of ``_most_views`` that a firm's luck falls under, which is cheaper to find than its view."""
    return views[0] if u <= 0.5 else views[1] if u < 0.84 else views[2] if u < 0.977 else views[3]


@njit(cache=True, nogil=True)
def hold(f: Members, alive: np.ndarray, lead: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let closed firms drop out, and hand the lead (a,) of firms that have gone to the member with the most R&D.

    Returns the rows of members (m,), and the row of each alliance's lead firm (a,), -1 where it has no member.
    """
    bound = np.empty(f.key.shape[0], np.bool_)
    for i in range(f.key.shape[0]):
        bound[i] = f.alliance[i] >= 0
    held = marked(bound)
    row, most = np.full(lead.shape[0], -1), np.full(lead.shape[0], -1)
    m = 0
    for i in held:
        k = f.alliance[i]
        if not f.alive[i]:
            f.alliance[i] = -1
            continue
        held[m] = i
        m += 1
        if f.key[i] == lead[k]:
            row[k] = i
        if most[k] < 0 or f.rd_real[i] > f.rd_real[most[k]]:
            most[k] = i
    held = held[:m]
    for k in range(lead.shape[0]):
        if alive[k] and row[k] < 0 and most[k] >= 0:
            row[k] = most[k]
            lead[k] = f.key[most[k]]
    return held, row


@njit(cache=True, nogil=True)
def turn(
    f: Members,
    held: np.ndarray,
    lead: np.ndarray,
    alive: np.ndarray,
    members: np.ndarray,
    support: np.ndarray,
    local: np.ndarray,
    p: Worth,
    at: Addresses,
) -> np.ndarray:
    """Let members (m,) for which it no longer pays leave, others join, and alliances (a,) that are too small end.

    ``lead`` (a,) are the rows of lead firms. Returns the rows of those who are members now.
    """
    size = np.zeros(alive.shape[0])
    for i in held:
        size[f.alliance[i]] += 1.0
    for i in held:
        k = f.alliance[i]
        if f.rd_real[i] <= 0.0:  # nothing to pool
            f.alliance[i] = -1
        elif uniform_at(at.leave, f.key[i]) < p.leave:
            fit = _fit(_nearness(f.tech, i, lead[k]), f.sector[i], f.sector[lead[k]], p.rivalry, local)
            spent = f.rd_real[i] if f.does_rd[i] else 0.0
            benefit = _benefit(fit, spent, p.pooled, p.worth, p.spread, normal_at(at.seen, f.key[i]))
            if benefit < _cost(size[k], support[k], p):
                f.alliance[i] = -1
    views, most, least = _most_views(p), _most_worth(p), np.inf
    for k in range(alive.shape[0]):
        if alive[k] and lead[k] >= 0:  # without members it admits nobody
            least = min(least, _cost(size[k] + 1.0, support[k], p))
    mask = np.empty(f.key.shape[0], np.bool_)
    for i in range(f.key.shape[0]):
        mask[i] = (f.alliance[i] < 0) & f.alive[i] & f.does_rd[i]
    rows, m = marked(mask), 0
    for i in rows:  # no branch, which would be guessed wrong too often
        rows[m] = i
        m += uniform_at(at.join, f.key[i]) < p.join
    for i in rows[:m]:
        if most * f.rd_real[i] * _most_view(uniform_at(at.seen, f.key[i]), views) < least:
            continue
        best, nearest = -1, -2.0
        for k in range(alive.shape[0]):
            if alive[k] and lead[k] >= 0:
                near = _nearness(f.tech, i, lead[k])
                if near > nearest:
                    best, nearest = k, near
        if best >= 0 and nearest >= p.near:
            fit = _fit(nearest, f.sector[i], f.sector[lead[best]], p.rivalry, local)
            benefit = _benefit(fit, f.rd_real[i], p.pooled, p.worth, p.spread, normal_at(at.seen, f.key[i]))
            if benefit >= _cost(size[best] + 1.0, support[best], p):
                f.alliance[i] = best
    members[:] = 0
    for i in range(f.key.shape[0]):
        mask[i] = f.alliance[i] >= 0
    rows = marked(mask)
    for i in rows:
        members[f.alliance[i]] += 1
    for k in range(alive.shape[0]):
        if alive[k] and members[k] < p.least:
            alive[k] = False
            members[k] = 0
    kept = 0
    for i in rows:
        if alive[f.alliance[i]]:
            rows[kept] = i
            kept += 1
        else:
            f.alliance[i] = -1
    return rows[:kept]


@njit(cache=True, nogil=True)
def leaders(f: Members, has_institution: np.ndarray, sectors: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of firms free to join (m,), and each sector's likeliest lead firm (S,), -1 for none.

    The likeliest is the free firm with an R&D institution of its own and the most R&D, the first key among equals.
    """
    mask, lead = np.empty(f.key.shape[0], np.bool_), np.full(sectors, -1)
    for i in range(f.key.shape[0]):
        mask[i] = f.does_rd[i] & f.alive[i] & (f.alliance[i] < 0)
    free = marked(mask)
    for i in free:
        j = lead[f.sector[i]]
        if has_institution[i] and (
            j < 0 or f.rd_real[i] > f.rd_real[j] or (f.rd_real[i] == f.rd_real[j] and f.key[i] < f.key[j])
        ):
            lead[f.sector[i]] = i
    return free, lead


@njit(cache=True, nogil=True)
def partners(
    f: Members, free: np.ndarray, lead: int, hoped: float, local: np.ndarray, p: Worth, seen: np.uint64
) -> np.ndarray:
    """Return the firms (m,) that would found an alliance with a lead firm, those who gain most first.

    As many as still gain by it; nobody where they are too few or the lead firm is not among them. ``free`` are
    firms that were free this year, ``hoped`` the support (CNY) that they count on.
    """
    rows, gain = np.empty(free.shape[0], np.int64), np.empty(free.shape[0])
    asked = 0
    for i in free:  # no branch, which would be guessed wrong too often
        near = _nearness(f.tech, i, lead)
        rows[asked], gain[asked] = i, near
        asked += (near >= p.near) & (f.alliance[i] < 0)  # and not taken meanwhile
    for j in range(asked):
        i = rows[j]
        fit = _fit(gain[j], f.sector[i], f.sector[lead], p.rivalry, local)
        gain[j] = _benefit(fit, f.rd_real[i], p.pooled, p.worth, p.spread, normal_at(seen, f.key[i]))
    before = asked + 1
    while asked < before:  # the fewer they are the more membership costs at least, and the fewer they are
        before, asked, least = asked, 0, _least(asked, hoped, p)
        for j in range(before):
            if gain[j] >= least:
                rows[asked], gain[asked] = rows[j], gain[j]
                asked += 1
    order = np.argsort(-gain[:asked])
    last, leads = 0, False
    for k in range(asked):
        if gain[order[k]] >= _cost(k + 1.0, hoped, p):
            last = k + 1
    for k in range(last):
        leads |= rows[order[k]] == lead
    return rows[order[:last]] if leads and last >= p.least else rows[:0]


@njit(cache=True, nogil=True)
def pool(f: Members, lead: np.ndarray, local: np.ndarray, p: Worth, rows: np.ndarray, pooled: np.ndarray) -> None:
    """Write how much more innovations members (m,) have by what they pool, ``pooled`` (n,); no other firm has any."""
    pooled[:] = 0.0
    for i in rows:
        if f.does_rd[i]:
            at = lead[f.alliance[i]]
            pooled[i] = p.pooled * _fit(_nearness(f.tech, i, at), f.sector[i], f.sector[at], p.rivalry, local)


@njit(cache=True, nogil=True)
def recognise(
    key: np.ndarray,
    alive: np.ndarray,
    level: np.ndarray,
    members: np.ndarray,
    founded: np.ndarray,
    latest: float,
    size: float,
    province: float,
    nation: float,
    address: np.uint64,
) -> None:
    """Raise alliances founded by ``latest`` from level 0 to 1, and those of a size from 1 to 2, some of them."""
    for k in range(key.shape[0]):
        if not alive[k]:
            continue
        if level[k] == 1 and members[k] >= size:
            if uniform_at(address, key[k]) < nation:
                level[k] = 2
        elif level[k] == 0 and founded[k] <= latest and uniform_at(address, key[k]) < province:
            level[k] = 1
