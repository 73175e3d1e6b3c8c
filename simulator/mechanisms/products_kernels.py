"""The compiled passes of ``products`` over projects and the firms that own them.

Products are m rows, the living pharmaceutical firms ("makers") are k of the n firms. ``at`` (m,) says who owns each
product: the place of a maker, k and more for the universities in their order, -1 nobody.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import child_key, normal_at, poisson_at, uniform_at
from simulator.core.population import find
from simulator.world.agents import ATTRACTED_FIRM, UNIVERSITY_FOUNDED
from simulator.world.rules import TECHNOLOGY_SME_STAFF

DISCOVERY, PRECLINICAL, PHASE_1, PHASE_2, PHASE_3, REVIEW, MARKET = range(7)
BROUGHT_UP = (UNIVERSITY_FOUNDED, ATTRACTED_FIRM)  # origins of firms that count as incubated or drawn in from birth
OWN, BROUGHT = 500, 700  # first ranks of the projects that one owner begins and brings: they never meet
PROBLEMS = 900  # first rank of the technologies that one firm may solve


class Firms(NamedTuple):
    """The columns of firms (n,) that products read and write, by name."""

    key: np.ndarray
    origin: np.ndarray
    settled: np.ndarray
    staff: np.ndarray
    revenue: np.ndarray
    innovations: np.ndarray
    does_rd: np.ndarray
    rd_real: np.ndarray
    cash: np.ndarray
    fund: np.ndarray
    stake: np.ndarray
    has_institution: np.ndarray
    alliance: np.ndarray
    incubator: np.ndarray
    incubated: np.ndarray
    product_gain: np.ndarray


class Products(NamedTuple):
    """The columns of products (m,), by name."""

    key: np.ndarray
    alive: np.ndarray
    owner: np.ndarray
    stage: np.ndarray
    generic: np.ndarray
    years: np.ndarray
    peak_sales: np.ndarray
    reached: np.ndarray
    sales: np.ndarray
    upgraded: np.ndarray


class Beginning(NamedTuple):
    """The parameters of the same names, ``start`` and ``start_public`` with what platforms add."""

    start: float
    start_public: float
    attracted: float
    generic: float
    peak_sales: float
    sales_spread: float


class BeginLuck(NamedTuple):
    """Where the luck of each decision on new projects is."""

    begin: np.uint64
    brought: np.uint64
    generic: np.uint64
    brought_at: np.uint64
    peak: np.uint64


class Means(NamedTuple):
    """What a firm can put into trials: the parameters of the same names, ``trial_cost`` at this year's prices."""

    trial_cost: float
    cash_share: float
    licence: float
    licence_local: float


class AdvanceLuck(NamedTuple):
    """Where the luck of each decision on running projects is."""

    done: np.uint64
    passes: np.uint64
    licensed: np.uint64
    licensed_here: np.uint64
    licensee: np.uint64
    since: np.uint64


class Selling(NamedTuple):
    """The parameters of the same names."""

    upgrade: float
    upgrade_gain: float
    upgrade_rest: float
    launch_most: float
    climb: float


@njit(cache=True, nogil=True)
def owners(
    rows: np.ndarray, f_key: np.ndarray, u_key: np.ndarray, u_alive: np.ndarray, owner: np.ndarray
) -> np.ndarray:
    """Return who owns each product, ``at`` (m,). A firm that closed owns nothing any more."""
    at = find(f_key[rows], owner)
    other = np.flatnonzero(at < 0)
    place = find(u_key, owner[other])
    for j in range(other.shape[0]):
        if place[j] >= 0 and u_alive[place[j]]:
            at[other[j]] = rows.shape[0] + place[j]
    return at


# ---- beginning --------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def begin(
    f: Firms,
    rows: np.ndarray,
    u_key: np.ndarray,
    u_alive: np.ndarray,
    u_results: np.ndarray,
    fields: np.ndarray,
    pharma: int,
    year: int,
    luck_year: int,
    p: Beginning,
    luck: BeginLuck,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return of the projects (j,) that begin: key, owner, whether a generic, stage and peak sales.

    They come from firms' innovations, with firms that were drawn in the year before, and from the results of
    institutes by what part of their ``fields`` (U, S) is pharmaceutical; later institutes' field is not known.
    """
    most = 2 * rows.shape[0] + fields.shape[0]
    parent, count, first = np.empty(most, np.uint64), np.empty(most, np.int64), np.empty(most, np.int64)
    n = 0
    for i in rows:
        parent[n], first[n] = f.key[i], OWN
        count[n] = math.floor(p.start * f.innovations[i] + uniform_at(luck.begin, f.key[i]))
        n += 1
    for i in rows:
        if f.origin[i] == ATTRACTED_FIRM and f.settled[i] == year - 1:
            parent[n], first[n] = f.key[i], BROUGHT
            count[n] = int(poisson_at(luck.brought, f.key[i], p.attracted))
            n += 1
    for u in range(min(fields.shape[0], u_key.shape[0])):  # the region's own institutions come first
        if u_alive[u]:
            share = fields[u, pharma] / max(fields[u].sum(), 1e-12)
            parent[n], first[n] = u_key[u], OWN
            count[n] = math.floor(p.start_public * u_results[u] * share + uniform_at(luck.begin, u_key[u]))
            n += 1
    m = count[:n].sum()
    key, owner, generic = np.empty(m, np.uint64), np.empty(m, np.uint64), np.empty(m, np.bool_)
    stage, peak = np.empty(m, np.int64), np.empty(m)
    i = 0
    for j in range(n):
        for rank in range(count[j]):
            own_key = child_key(parent[j], first[j] + rank, luck_year)
            key[i], owner[i] = own_key, parent[j]
            generic[i] = uniform_at(luck.generic, own_key) < p.generic
            stage[i] = PRECLINICAL if generic[i] else DISCOVERY
            if first[j] == BROUGHT and not generic[i]:  # on its way already: as far as the first clinical phase
                stage[i] = math.floor(3.0 * uniform_at(luck.brought_at, own_key))
            peak[i] = p.peak_sales * math.exp(p.sales_spread * normal_at(luck.peak, own_key))
            i += 1
    return key, owner, generic, stage, peak


@njit(cache=True, nogil=True)
def solved(
    f: Firms,
    rows: np.ndarray,
    supported: float,
    key_technology: float,
    since: float,
    luck_year: int,
    a_works: np.uint64,
    a_key: np.uint64,
    a_since: np.uint64,
) -> int:
    """Return how many innovations after the plan's start, of firms that work with others or a body, are key ones."""
    out = 0
    for i in rows:
        able = f.has_institution[i] or f.alliance[i] >= 0 or uniform_at(a_works, f.key[i]) < supported
        for rank in range(f.innovations[i] if able else 0):
            key = child_key(f.key[i], PROBLEMS + rank, luck_year)
            out += uniform_at(a_key, key) < key_technology and uniform_at(a_since, key) < since
    return out


@njit(cache=True, nogil=True)
def taken_in(f: Firms, rows: np.ndarray, since: float, address: np.uint64) -> int:
    """Return how many small firms incubators took in this year after the plan's start, not counted at birth."""
    out = 0
    for i in rows:
        if f.incubator[i] >= 0 and f.incubated[i] == 0 and f.staff[i] <= TECHNOLOGY_SME_STAFF:
            out += f.origin[i] not in BROUGHT_UP and uniform_at(address, f.key[i]) < since
    return out


@njit(cache=True, nogil=True)
def born(
    key: np.ndarray,
    sector: np.ndarray,
    staff: np.ndarray,
    origin: np.ndarray,
    pharma: int,
    since: float,
    address: np.uint64,
) -> int:
    """Return how many small newcomers (q,) after the plan's start researchers founded or came from elsewhere."""
    out = 0
    for i in range(key.shape[0]):
        if sector[i] == pharma and staff[i] <= TECHNOLOGY_SME_STAFF and origin[i] in BROUGHT_UP:
            out += uniform_at(address, key[i]) < since
    return out


# ---- advancing --------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _license(
    given: np.ndarray,
    at: np.ndarray,
    key: np.ndarray,
    alive: np.ndarray,
    owner: np.ndarray,
    makers: np.ndarray,
    weight: np.ndarray,
    local: float,
    a_here: np.uint64,
    a_licensee: np.uint64,
) -> None:
    """Give products (rows) to ``makers`` (k,), here by their keys and ``weight``, or away: those leave the city."""
    total = np.cumsum(weight)
    whole = total[-1] if total.shape[0] > 0 else 0.0
    for i in given:
        if whole > 0.0 and uniform_at(a_here, key[i]) < local:
            pick = np.searchsorted(total, uniform_at(a_licensee, key[i]) * whole, side="right")
            at[i] = min(pick, total.shape[0] - 1)
            owner[i] = makers[at[i]]
        else:
            alive[i] = False


@njit(cache=True, nogil=True)
def _hand_over(x: Products, f: Firms, rows: np.ndarray, at: np.ndarray, p: Means, luck: AdvanceLuck) -> np.ndarray:
    """Return which products (m,) wait because their owner cannot pay for trials; some of these are licensed out."""
    held = np.zeros(at.shape[0], np.bool_)
    late = np.flatnonzero(x.alive & ((x.stage == PHASE_2) | (x.stage == PHASE_3)) & (at < rows.shape[0]))
    if late.shape[0] == 0:
        return held
    late = late[np.argsort(x.key[late])]
    able, carried = np.empty(rows.shape[0]), np.zeros(rows.shape[0])  # projects in trials
    for j in range(rows.shape[0]):
        i = rows[j]
        liquid = max(f.cash[i], 0.0) + (f.stake[i] if f.fund[i] >= 0 else 0.0)
        able[j] = math.floor((f.rd_real[i] + p.cash_share * liquid) / p.trial_cost)
    given, m = np.empty(late.shape[0], np.int64), 0
    for stage in (PHASE_3, PHASE_2):  # an owner carries its furthest projects first
        for i in late:
            if x.stage[i] == stage:
                held[i] = carried[at[i]] >= able[at[i]]
                carried[at[i]] += 1.0
                if held[i] and uniform_at(luck.licensed, x.key[i]) < p.licence:
                    given[m] = i
                    m += 1
    room = np.maximum(able - carried, 0.0)
    makers = f.key[rows]
    _license(given[:m], at, x.key, x.alive, x.owner, makers, room, p.licence_local, luck.licensed_here, luck.licensee)
    return held


@njit(cache=True, nogil=True)
def advance(
    x: Products,
    f: Firms,
    rows: np.ndarray,
    at: np.ndarray,
    mean: np.ndarray,
    passes: np.ndarray,
    p: Means,
    since: float,
    luck: AdvanceLuck,
) -> int:
    """Let stages end and be passed or failed; hand over what its owner does not or cannot carry on.

    ``mean`` (m,) years is how long the stage of each product lasts, ``passes`` (m,) the chance to pass it. Keeps
    ``at`` up to date and returns how many new drugs went into clinical trials after the plan's start.
    """
    x.years[:] += 1.0
    x.alive[:] &= at >= 0  # a product ends with its owner
    held = _hand_over(x, f, rows, at, p, luck)
    moves, given = np.empty(at.shape[0], np.int64), np.empty(at.shape[0], np.int64)
    m = g = 0
    for i in range(at.shape[0]):
        if not x.alive[i] or held[i] or x.stage[i] >= MARKET:
            continue
        if uniform_at(luck.done, x.key[i]) >= 1.0 - math.exp(-1.0 / mean[i]):
            continue
        if uniform_at(luck.passes, x.key[i]) >= passes[i]:
            x.alive[i] = False
            continue
        moves[m] = i
        m += 1
        # institutes do not run trials: what leaves their laboratories is licensed, here or elsewhere
        if x.stage[i] == PRECLINICAL and at[i] >= rows.shape[0]:
            given[g] = i
            g += 1
    research = np.where(f.does_rd[rows], f.rd_real[rows], 0.0)
    makers = f.key[rows]
    _license(
        given[:g], at, x.key, x.alive, x.owner, makers, research, p.licence_local, luck.licensed_here, luck.licensee
    )
    trials = 0
    for i in moves[:m]:
        if not x.alive[i]:
            continue
        if x.stage[i] == PRECLINICAL and not x.generic[i]:
            trials += uniform_at(luck.since, x.key[i]) < since
        # a generic goes from preclinical work (bioequivalence) straight to review
        x.stage[i] = REVIEW if x.generic[i] and x.stage[i] < REVIEW else x.stage[i] + 1
        x.years[i] = 0.0
    return trials


# ---- selling ----------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _upgrade(
    x: Products,
    f: Firms,
    rows: np.ndarray,
    at: np.ndarray,
    year: int,
    deflator: float,
    big: float,
    plan_start: float,
    since: float,
    p: Selling,
    a_upgrade: np.uint64,
    a_since: np.uint64,
) -> int:
    """Let innovating firms upgrade their best-selling product, which can then sell more.

    Returns how many of those that sell ``big`` (CNY a year) were upgraded for the first time since the plan's start.
    """
    best = np.full(rows.shape[0], -1)
    for i in range(at.shape[0]):
        if x.alive[i] and x.stage[i] == MARKET and x.sales[i] > 0.0 and at[i] < rows.shape[0]:
            b = best[at[i]]
            if b < 0 or x.sales[i] > x.sales[b] or (x.sales[i] == x.sales[b] and x.key[i] < x.key[b]):
                best[at[i]] = i
    out = 0
    for j in range(rows.shape[0]):
        i = best[j]
        if i < 0 or (x.upgraded[i] != 0 and year - x.upgraded[i] < p.upgrade_rest):
            continue
        chance = 1.0 - max(1.0 - p.upgrade, 0.0) ** f.innovations[rows[j]]
        if uniform_at(a_upgrade, f.key[rows[j]]) >= chance:
            continue
        real = x.sales[i] / deflator
        old = max(x.peak_sales[i], real)
        x.peak_sales[i] = old + p.upgrade_gain * real
        x.reached[i] *= old / x.peak_sales[i]
        if x.sales[i] >= big and x.upgraded[i] < plan_start:
            out += uniform_at(a_since, x.key[i]) < since
        x.upgraded[i] = year
    return out


@njit(cache=True, nogil=True)
def sell(
    x: Products,
    f: Firms,
    rows: np.ndarray,
    at: np.ndarray,
    year: int,
    deflator: float,
    big: float,
    plan_start: float,
    since: float,
    p: Selling,
    a_upgrade: np.uint64,
    a_since: np.uint64,
) -> int:
    """Upgrade products, move them towards their peak and put what that adds into their owners' ``product_gain``.

    Returns what ``_upgrade`` does.
    """
    upgraded = _upgrade(x, f, rows, at, year, deflator, big, plan_start, since, p, a_upgrade, a_since)
    adds, whole = np.zeros(at.shape[0]), np.zeros(rows.shape[0])  # CNY a year by product, and by owner
    for i in range(at.shape[0]):
        if not x.alive[i]:
            x.sales[i] = 0.0
        elif x.stage[i] == MARKET and at[i] < rows.shape[0]:
            adds[i] = p.climb * (1.0 - x.reached[i]) * x.peak_sales[i] * deflator
            whole[at[i]] += adds[i]
    for i in range(at.shape[0]):
        if x.alive[i] and x.stage[i] == MARKET and at[i] < rows.shape[0]:
            owner = rows[at[i]]
            part = min(1.0, p.launch_most * f.revenue[owner] / max(whole[at[i]], 1.0))
            x.sales[i] += part * adds[i]
            x.reached[i] += part * p.climb * (1.0 - x.reached[i])
            f.product_gain[owner] += part * adds[i]
    return upgraded
