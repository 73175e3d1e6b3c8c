"""The compiled passes of ``clusters`` over firms: tenants of software parks, and who is advised or brought together."""

from __future__ import annotations

import numpy as np
from numba import njit

from simulator.core.luck import uniform_at


@njit(cache=True, nogil=True)
def fill_parks(
    key: np.ndarray,
    alive: np.ndarray,
    sector: np.ndarray,
    staff: np.ndarray,
    incubator: np.ndarray,
    in_park: np.ndarray,
    digital: int,
    floor: float,
    others_before: float,
    others_over: float,
    area: float,
    leave: float,
    apply: float,
    a_leaves: np.uint64,
    a_looks: np.uint64,
) -> tuple[float, float, float]:
    """Let some tenants leave the parks' ``floor`` (m2) and others move in; all get the same part of what they seek.

    ``others_before`` (m2) is what firms that are not agents used, ``others_over`` what they would take now over the
    need of all agents at ``area`` (m2 / person); ``leave`` and ``apply`` are chances. Firms that are not ``digital``
    any more lose their place. Returns what others use now, what is let in all (m2), and what is free over all needs.
    """
    rows = np.empty(key.shape[0], np.int64)
    m = 0
    for i in range(key.shape[0]):
        rows[m] = i
        here = alive[i] & (sector[i] == digital)
        in_park[i] &= here
        m += here
    seeks, look = np.empty(m, np.int64), np.empty(m)
    k, whole, let = 0, 0.0, 0.0
    for i in rows[:m]:
        need = area * staff[i]
        whole += need
        if in_park[i] and uniform_at(a_leaves, key[i]) >= leave:
            let += need
            continue
        in_park[i] = False
        seeks[k], look[k] = i, uniform_at(a_looks, key[i])
        k += (incubator[i] < 0) & (look[k] < apply)
    seeks = seeks[np.argsort(look[:k])]
    sought = np.cumsum(area * staff[seeks])
    asked = sought[-1] if k > 0 else 0.0
    others = others_over * whole
    kept = min((1.0 - leave) * others_before, others)
    more = apply * (others - kept)
    part = min(1.0, max(floor - let - kept, 0.0) / max(asked + more, 1.0))
    for j in range(np.searchsorted(sought, part * asked * (1.0 + 1e-12), side="right")):
        in_park[seeks[j]] = True
        let += area * staff[seeks[j]]
    now = kept + part * more
    let = min(let + now, floor)
    return now, let, min(1.0, (floor - let) / max(whole + others, 1.0))


@njit(cache=True, nogil=True)
def asking(
    key: np.ndarray,
    alive: np.ndarray,
    staff: np.ndarray,
    advised: np.ndarray,
    eligible: np.ndarray,
    latest: float,
    interest: float,
    address: np.uint64,
) -> np.ndarray:
    """Return the rows of the firms that ask for advice; none does that has had it after the year ``latest``."""
    rows = np.empty(key.shape[0], np.int64)
    m = 0
    for i in range(key.shape[0]):
        if eligible[i] and alive[i] and staff[i] >= 1.0 and (advised[i] == 0 or advised[i] <= latest):
            rows[m] = i
            m += uniform_at(address, key[i]) < interest
    return rows[:m].copy()


@njit(cache=True, nogil=True)
def tie(
    key: np.ndarray,
    alive: np.ndarray,
    does_rd: np.ndarray,
    university: np.ndarray,
    sector: np.ndarray,
    nearness: np.ndarray,
    link: np.ndarray,
    strength: np.ndarray,
    most: float,
    firms: float,
    address: np.uint64,
) -> None:
    """Let transfer centres of a ``strength`` by sector (S,) tie firms with R&D to their institutions in ``link``.

    The chance is ``most`` at full strength and nearness, and less where that would be more than some ``firms``.
    """
    rows = np.empty(key.shape[0], np.int64)
    m = 0
    for i in range(key.shape[0]):
        rows[m] = i
        m += alive[i] & does_rd[i] & (university[i] >= 0) & (strength[sector[i]] > 0.0)
    chance = min(most, firms / max(m, 1))
    for i in rows[:m]:
        if uniform_at(address, key[i]) < chance * min(strength[sector[i]], 1.0) * nearness[i]:
            link[i] = 1.0
