"""Compiled parts of ``census`` over the small tables: institutes, incubators, products, alliances, each in one pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.world.agents import ATTRACTED, INCUBATOR, OVERSEAS, UNIVERSITY

PHASE_1, MARKET = 2, 6  # stages of products: the first in the clinic, and sold
NATIONAL = 2  # level of an alliance


class Institutions(NamedTuple):
    """Universities and institutes: money in CNY / year, researchers at work, and how many have what."""

    filed: float
    filed_true: float
    granted: float
    patents: float
    quality_patents: float
    contract_income: float
    hours_sold: float
    contracts: float
    deal_value: float
    spinoffs: float
    researchers: float
    budget: float  # this and what follows of those that are alive
    here: float  # without overseas centres
    with_base_and_fund: float
    with_office: float
    attracted: float
    with_company_and_fund: float
    science_parks: float
    overseas: float


@njit(cache=True, nogil=True)
def institutions_of(
    alive: np.ndarray,
    kind: np.ndarray,
    sums: tuple[np.ndarray, ...],
    researchers: np.ndarray,
    working: np.ndarray,
    budget: np.ndarray,
    has_base: np.ndarray,
    has_fund: np.ndarray,
    has_office: np.ndarray,
    has_company: np.ndarray,
) -> Institutions:
    """Add up and count universities and institutes (n,); ``sums`` are the columns of the ten sums of that order."""
    filed, filed_true, granted, patents, quality, income, hours, contracts, deals, spinoffs = sums
    s = np.zeros(12)
    here = both = office = attracted = company = parks = overseas = 0
    for i in range(alive.shape[0]):
        s[0] += filed[i]
        s[1] += filed_true[i]
        s[2] += granted[i]
        s[3] += patents[i]
        s[4] += quality[i]
        s[5] += income[i]
        s[6] += hours[i]
        s[7] += contracts[i]
        s[8] += deals[i]
        s[9] += spinoffs[i]
        s[10] += researchers[i] * working[i]
        if not alive[i]:
            continue
        s[11] += budget[i]
        if kind[i] == OVERSEAS:
            overseas += 1
            continue
        here += 1
        both += has_base[i] and has_fund[i]
        office += has_office[i]
        if kind[i] == ATTRACTED:
            attracted += 1
            company += has_company[i] and has_fund[i]
        parks += kind[i] == UNIVERSITY and has_base[i]
    return Institutions(
        s[0],
        s[1],
        s[2],
        s[3],
        s[4],
        s[5],
        s[6],
        s[7],
        s[8],
        s[9],
        s[10],
        s[11],
        float(here),
        float(both),
        float(office),
        float(attracted),
        float(company),
        float(parks),
        float(overseas),
    )


class Sites(NamedTuple):
    """Incubators and maker spaces: how many, and the floor of incubators in m2."""

    incubators: float
    professional: float  # incubators run by professional operators
    maker_spaces: float
    floor: float
    let: float


@njit(cache=True, nogil=True, error_model="numpy")
def sites_of(
    alive: np.ndarray,
    kind: np.ndarray,
    professional: np.ndarray,
    floor: np.ndarray,
    tenants: np.ndarray,
    seats: np.ndarray,
) -> Sites:
    """Count incubators and maker spaces (n,) and add up the incubators' floor."""
    incubators = operators = spaces = 0
    whole = let = 0.0
    for i in range(alive.shape[0]):
        if not alive[i]:
            continue
        if kind[i] != INCUBATOR:
            spaces += 1
            continue
        incubators += 1
        operators += professional[i]
        whole += floor[i]
        let += floor[i] * min(tenants[i] / max(seats[i], 1.0), 1.0)
    return Sites(float(incubators), float(operators), float(spaces), whole, let)


class Drugs(NamedTuple):
    """Pharmaceutical products by stage."""

    waiting: float
    in_trials: float  # no generics
    sold: float


@njit(cache=True, nogil=True)
def drugs_of(alive: np.ndarray, stage: np.ndarray, generic: np.ndarray) -> Drugs:
    """Count products (n,)."""
    waiting = trials = sold = 0
    for i in range(alive.shape[0]):
        if not alive[i]:
            continue
        if stage[i] < MARKET:
            waiting += 1
            trials += stage[i] >= PHASE_1 and not generic[i]
        elif stage[i] == MARKET:
            sold += 1
    return Drugs(float(waiting), float(trials), float(sold))


class Allied(NamedTuple):
    """Alliances: how many, and which sectors (S,) have one."""

    alliances: float
    national: float
    sectors: np.ndarray


@njit(cache=True, nogil=True)
def allied_of(alive: np.ndarray, level: np.ndarray, sector: np.ndarray, count: int) -> Allied:
    """Count alliances (n,) and mark the sectors of ``count`` that lead one."""
    living = national = 0
    sectors = np.zeros(count, np.bool_)
    for i in range(alive.shape[0]):
        if alive[i]:
            living += 1
            national += level[i] == NATIONAL
            sectors[sector[i]] = True
    return Allied(float(living), float(national), sectors)


@njit(cache=True, nogil=True)
def under_way(
    alive: np.ndarray, finished: np.ndarray, kind: np.ndarray, quantity: np.ndarray, count: int
) -> np.ndarray:
    """Return the quantity of projects (n,) that are not finished, by kind (count,)."""
    out = np.zeros(count)
    for i in range(alive.shape[0]):
        if alive[i] and finished[i] == 0:
            out[kind[i]] += quantity[i]
    return out
