"""Compiled passes of certification over the columns of firms."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import normals_of, uniform_at
from simulator.core.selection import marked
from simulator.world.rules import (
    SMALL_FIRM_STAFF,
    TECHNOLOGY_SME_STAFF,
    Law,
    has_small_rate,
    threshold_of,
)

BINS = 512  # of ranks, to find the highest
MOST_TOLD = 0.95  # chance that a firm hears of a status in a year, at most


class Columns(NamedTuple):
    """The columns of firms (n,) of the same names."""

    key: np.ndarray
    alive: np.ndarray
    sector: np.ndarray
    founded: np.ndarray
    staff: np.ndarray
    revenue: np.ndarray
    revenue_lag1: np.ndarray
    revenue_lag2: np.ndarray
    profit: np.ndarray
    does_rd: np.ndarray
    rd_real: np.ndarray
    rd_reported: np.ndarray
    rd_lag1: np.ndarray
    rd_lag2: np.ndarray
    rd_staff: np.ndarray
    technicians: np.ndarray
    hightech_share: np.ndarray
    innovations: np.ndarray
    incubator: np.ndarray
    hnte_informed: np.ndarray
    hnte_until: np.ndarray
    status_cost: np.ndarray
    has_institution: np.ndarray
    technology_centre: np.ndarray
    technology_sme: np.ndarray
    innovative_small: np.ndarray
    above_scale: np.ndarray


class Odds(NamedTuple):
    """The parameters of the same names."""

    own_search: float
    contact: float
    technicians: float
    other_technicians: float
    recognise: float
    recognise_active: float
    recognise_passive: float
    innovative: float
    scale_lag: float
    body_apply: float
    body_contact: float
    body_lost: float


class Decisions(NamedTuple):
    """Addresses of the luck of each decision."""

    told: np.uint64
    recognised: np.uint64
    innovative: np.uint64
    scale: np.uint64
    below: np.uint64
    sets_up: np.uint64
    struck_out: np.uint64
    body: np.uint64


@njit(cache=True, nogil=True)
def holders(f: Columns, year: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return by sector (S,) the share of R&D firms with a valid certificate, and of R&D bodies that are recognised.

    Firms that are no more, or without an R&D institution, lose the recognition first. Also returns the rows (m,) of
    living firms that do R&D or are recognised.
    """
    performing, counted = np.empty(f.key.shape[0], np.bool_), np.empty(f.key.shape[0], np.bool_)
    for i in range(f.key.shape[0]):
        f.technology_centre[i] &= f.alive[i] & f.has_institution[i]
        performing[i] = f.alive[i] & (f.does_rd[i] | f.technology_centre[i])
    for i in range(f.key.shape[0]):
        counted[i] = f.alive[i] & (f.does_rd[i] | f.has_institution[i] | (f.hnte_until[i] >= year))
    performers, certified = np.zeros(count, np.int64), np.zeros(count, np.int64)
    bodies, recognised = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for i in marked(counted):
        s = f.sector[i]
        performers[s] += f.does_rd[i]
        certified[s] += f.hnte_until[i] >= year
        bodies[s] += f.has_institution[i]
        recognised[s] += f.technology_centre[i]
    share = np.minimum(certified / np.maximum(performers, 1), 1.0)
    return share, recognised / np.maximum(bodies, 1), marked(performing)


@njit(cache=True, nogil=True)
def tell(
    f: Columns,
    year: int,
    certified: np.ndarray,
    outreach: np.ndarray,
    least_technicians: float,
    least_hightech: float,
    least_age: float,
    p: Odds,
    told: np.uint64,
) -> np.ndarray:
    """Tell firms of HNTE status and count their technicians; return the rows that know of the status and lack it.

    ``certified`` (S,) is the share of ``holders``, ``outreach`` (n,) the chance to be told that measures add. Rows
    are returned only where technicians over staff, the high-tech share of sales and age (years) meet the rules.
    """
    mask = np.empty(f.key.shape[0], np.bool_)
    for i in range(f.key.shape[0]):
        f.technicians[i] = p.technicians * f.rd_staff[i] + p.other_technicians * f.staff[i]
    for i in range(f.key.shape[0]):
        mask[i] = f.alive[i] & f.does_rd[i] & (not f.hnte_informed[i])
    for i in marked(mask):
        chance = p.own_search + p.contact * certified[f.sector[i]] + outreach[i]
        f.hnte_informed[i] = uniform_at(told, f.key[i]) < min(chance, MOST_TOLD)
    latest = int(np.floor(year - least_age))
    for i in range(f.key.shape[0]):  # of those who know of it, this year's certificate runs out, or there is none
        mask[i] = f.alive[i] & f.hnte_informed[i] & (f.hnte_until[i] <= year) & (f.founded[i] <= latest)
    for i in range(f.key.shape[0]):
        able = f.technicians[i] >= least_technicians * f.staff[i]
        mask[i] &= able & (f.hightech_share[i] >= least_hightech)
    return marked(mask)


@njit(cache=True, nogil=True)
def certify(
    f: Columns,
    rows: np.ndarray,
    year: int,
    law: Law,
    relief: np.ndarray,
    valid: float,
    standing: float,
    award: float,
    approval: float,
    passes: np.uint64,
) -> np.ndarray:
    """Certify those of the firms in ``rows`` that do enough R&D, gain by applying and pass; return their rows.

    A certificate is ``valid`` for some years. ``relief`` (n,) is what measures add to the cut in tax, ``standing``
    the worth of the status over sales, ``award`` (CNY) what measures pay for it.
    """
    passed = np.empty(rows.shape[0], np.int64)
    m = 0
    for i in rows:
        sales = f.revenue[i] + f.revenue_lag1[i] + f.revenue_lag2[i]
        done = f.rd_reported[i] + f.rd_lag1[i] + f.rd_lag2[i]
        if done / max(sales, 1.0) < threshold_of(law, f.revenue[i]):
            continue
        cut = law.corporate_tax - law.hnte_tax + relief[i]
        saved = 0.0 if has_small_rate(law, f.profit[i], f.staff[i]) else cut * max(f.profit[i], 0.0)
        if valid * (saved + standing * f.revenue[i]) + award <= f.status_cost[i]:
            continue
        if uniform_at(passes, f.key[i]) < approval:
            f.hnte_until[i] = year + round(valid) - 1 + (f.hnte_until[i] == year)
            passed[m] = i
            m += 1
    return passed[:m].copy()


@njit(cache=True, nogil=True)
def recognise_bodies(
    f: Columns,
    rows: np.ndarray,
    least: float,
    recognised: np.ndarray,
    rewarded: np.ndarray,
    setup: float,
    reward: float,
    p: Odds,
    at: Decisions,
) -> None:
    """Recognise R&D institutions of firms with R&D of ``least`` (CNY) or more; strike out some that do less.

    ``recognised`` (S,) is the share, ``rows`` (m,) the firms of ``holders``; ``setup`` and ``reward`` are what rewards
    add to the chances to set up a body and to be recognised for the firms ``rewarded``, (n,) or (0,) where there are
    none.
    """
    some = rewarded.shape[0] > 0
    for i in rows:
        enough, open_ = f.rd_real[i] >= least, some and rewarded[i]
        able = f.does_rd[i] and enough
        if able and open_ and not f.has_institution[i] and uniform_at(at.sets_up, f.key[i]) < setup:
            f.has_institution[i] = True
        if f.technology_centre[i] and not enough and uniform_at(at.struck_out, f.key[i]) < p.body_lost:
            f.technology_centre[i] = False
        if able and f.has_institution[i] and not f.technology_centre[i]:
            chance = p.body_apply + p.body_contact * recognised[f.sector[i]] + (reward if open_ else 0.0)
            f.technology_centre[i] = uniform_at(at.body, f.key[i]) < chance


@njit(cache=True, nogil=True)
def keep_registers(
    f: Columns,
    year: int,
    outreach: np.ndarray,
    industry: np.ndarray,
    threshold: float,
    leaves: float,
    seats: bool,
    p: Odds,
    at: Decisions,
) -> float:
    """Keep the registers of technology SMEs, innovative small firms and above-scale firms.

    ``industry`` (S,) says which sectors have above-scale firms, ``threshold`` is the revenue (CNY) from which firms
    enter that register and ``leaves`` that under which they may leave it. ``seats`` says whether a seat in an incubator
    makes a firm known to those who recognise technology SMEs. Returns the revenue of firms with a valid HNTE
    certificate.
    """
    count, whole = f.key.shape[0], 0.0
    small, mask = np.empty(count, np.bool_), np.empty(count, np.bool_)
    for i in range(count):
        mask[i] = f.alive[i] & (f.hnte_until[i] >= year)
    for i in marked(mask):
        whole += f.revenue[i]
    for i in range(count):
        small[i] = f.alive[i] & (not f.above_scale[i]) & (f.staff[i] < SMALL_FIRM_STAFF)
    for i in range(count):
        mask[i] = small[i] & (not f.technology_sme[i]) & (f.founded[i] <= year - 1)
    for i in marked(mask):
        active = f.does_rd[i] or (seats and f.incubator[i] >= 0)
        chance = p.recognise * (p.recognise_active if active else p.recognise_passive) + outreach[i]
        f.technology_sme[i] = uniform_at(at.recognised, f.key[i]) < chance
    for i in range(count):
        mask[i] = small[i] & (not f.innovative_small[i]) & (f.innovations[i] > 0)
    for i in marked(mask):
        f.innovative_small[i] = uniform_at(at.innovative, f.key[i]) < p.innovative
    for i in range(count):
        f.technology_sme[i] &= f.alive[i] & (f.staff[i] < TECHNOLOGY_SME_STAFF)
        f.innovative_small[i] &= f.alive[i] & (f.staff[i] < SMALL_FIRM_STAFF)
        f.above_scale[i] &= f.alive[i]
    for i in range(count):
        mask[i] = f.alive[i] & (not f.above_scale[i]) & (f.revenue[i] >= threshold)
    for i in marked(mask):
        if industry[f.sector[i]]:
            f.above_scale[i] = uniform_at(at.scale, f.key[i]) < p.scale_lag
    for i in range(count):
        mask[i] = f.above_scale[i] & (f.revenue[i] < leaves)
    for i in marked(mask):
        f.above_scale[i] = uniform_at(at.below, f.key[i]) >= p.scale_lag
    return whole


@njit(cache=True, nogil=True)
def shortlist(rows: np.ndarray, rank: np.ndarray, eligible: np.ndarray, count: int, keep: np.ndarray) -> None:
    """Mark in ``keep`` (m,) those of the ``rows`` (m,) with the ``count`` highest ranks, and a few more.

    Only rows that are ``eligible``, (n,) or (0,) where all are, count. By bins of rank: no order is needed.
    """
    low, high, n = np.inf, -np.inf, 0
    for j in range(rows.shape[0]):
        if eligible.shape[0] == 0 or eligible[rows[j]]:
            low, high, n = min(low, rank[j]), max(high, rank[j]), n + 1
    bins = np.zeros(BINS, np.int64)
    last, first, found = BINS - 1, 0, 0
    scale = last / (high - low) if high > low else 0.0
    if n > count:
        for j in range(rows.shape[0]):
            if eligible.shape[0] == 0 or eligible[rows[j]]:
                bins[int((rank[j] - low) * scale)] += 1
        first = BINS
        while found < count:
            first -= 1
            found += bins[first]
    for j in range(rows.shape[0]):
        if (eligible.shape[0] == 0 or eligible[rows[j]]) and int((rank[j] - low) * scale) >= first:
            keep[j] = True


@njit(cache=True, nogil=True)
def candidates(
    key: np.ndarray,
    alive: np.ndarray,
    technology_sme: np.ndarray,
    quality: np.ndarray,
    does_rd: np.ndarray,
    for_rd: float,
    noise: float,
    address: np.uint64,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows (m,) of technology SMEs and how promising each looks to the growth programme."""
    rows = marked(alive & technology_sme)
    seen, rank = np.empty((rows.shape[0], 1)), np.empty(rows.shape[0])
    normals_of(address, key[rows], seen)
    for k in range(rows.shape[0]):
        i = rows[k]
        rank[k] = quality[i] + for_rd * does_rd[i] + noise * seen[k, 0]
    return rows, rank
