"""The compiled passes of delivery over projects and the places that they become."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import child_key, normal_at, uniform_at
from simulator.world.agents import INCUBATOR, MAKER_SPACE, PROJECT_KINDS
from simulator.world.births import by_share

FLOOR, MAKER = PROJECT_KINDS.index("incubator_floor"), PROJECT_KINDS.index("maker_space")


class Places(NamedTuple):
    """The parameters of the same names: what finished floor becomes."""

    seat_area: float
    maker_seat_area: float
    maker_floor: float
    maker_floor_spread: float
    professional: float


@njit(cache=True, nogil=True)
def projects_of(
    names: np.ndarray,
    sizes: np.ndarray,
    year: int,
    spread: float,
    leak: float,
    a_fraction: np.uint64,
    a_size: np.uint64,
    a_lost: np.uint64,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return of the projects that orders make the order's place, the key, the quantity and if it is lost, (m,) each.

    ``sizes`` (k, 2) are what each order asks for and the mean size of its projects: where that is 1, whole units,
    the fraction of one by luck; else sizes vary by ``spread`` (log points) and add to what was ordered. ``leak`` is
    the chance that a project will never be built.
    """
    counts = np.empty(names.shape[0], np.int64)
    for k in range(names.shape[0]):
        total, mean = sizes[k, 0], sizes[k, 1]
        if mean == 1.0:
            counts[k] = math.floor(total)
            counts[k] += uniform_at(a_fraction, names[k]) < total - counts[k]
        else:
            counts[k] = max(1, round(total / mean)) if total > 0.0 else 0
    m = counts.sum()
    made, keys, quantity, lost = np.empty(m, np.int64), np.empty(m, np.uint64), np.ones(m), np.empty(m, np.bool_)
    i = 0
    for k in range(names.shape[0]):
        first, whole = i, 0.0
        for rank in range(counts[k]):
            made[i], keys[i] = k, child_key(names[k], rank, year)
            lost[i] = uniform_at(a_lost, keys[i]) < leak
            if sizes[k, 1] != 1.0:
                quantity[i] = math.exp(spread * normal_at(a_size, keys[i]))
                whole += quantity[i]
            i += 1
        if sizes[k, 1] != 1.0:
            quantity[first:i] *= sizes[k, 0] / max(whole, 1e-300)
    return made, keys, quantity, lost


@njit(cache=True, nogil=True)
def private(
    key: np.ndarray,
    alive: np.ndarray,
    kind: np.ndarray,
    opened: np.ndarray,
    fee_relief: np.ndarray,
    year: int,
    luck_year: int,
    rates: tuple[float, float],
    mean_floor: float,
    spread: float,
    closure: float,
    addresses: tuple[np.uint64, np.uint64],
    a_size: np.uint64,
    a_closes: np.uint64,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Let private operators start places beside those in being; return keys, kinds and quantities of the projects.

    ``rates`` (1 / year a place in being) and ``addresses`` are those of incubators and of maker spaces. Of the latter
    some close afterwards (``closure``, 1 / year) for want of what fees do not cover.
    """
    keys, kinds, quantity = np.empty(key.shape[0], np.uint64), np.empty(key.shape[0], np.int64), np.ones(key.shape[0])
    m = 0
    for born in (INCUBATOR, MAKER_SPACE):
        for j in range(key.shape[0]):
            if not alive[j] or kind[j] != born or uniform_at(addresses[born], key[j]) >= rates[born]:
                continue
            keys[m], kinds[m] = child_key(key[j], 7 + born, luck_year), FLOOR if born == INCUBATOR else MAKER
            if born == INCUBATOR and mean_floor > 1.0:
                quantity[m] = mean_floor * math.exp(spread * normal_at(a_size, keys[m]) - 0.5 * spread**2)
            m += 1
    for j in range(key.shape[0]):
        if alive[j] and kind[j] == MAKER_SPACE and opened[j] < year:
            alive[j] = uniform_at(a_closes, key[j]) >= closure * (1.0 - fee_relief[j])
    return keys[:m], kinds[:m], quantity[:m]


@njit(cache=True, nogil=True)
def finish(
    key: np.ndarray,
    alive: np.ndarray,
    kind: np.ndarray,
    quantity: np.ndarray,
    ordered: np.ndarray,
    left: np.ndarray,
    lost: np.ndarray,
    finished: np.ndarray,
    year: int,
    rate_space: float,
    rate_small: float,
    is_space: np.ndarray,
    room: float,
    address: np.uint64,
) -> np.ndarray:
    """Finish the projects that are ready, at rates a year by kind; those never to be built are given up.

    Returns their rows, the oldest orders first; of space (m2) no more is built in a year than there is ``room``.
    """
    chance_space, chance_small = 1.0 - math.exp(-rate_space), 1.0 - math.exp(-rate_small)
    rows, built = np.empty(key.shape[0], np.int64), np.empty(key.shape[0], np.int64)
    m = 0
    for i in range(key.shape[0]):
        if not alive[i]:
            continue
        rate, chance = (rate_space, chance_space) if is_space[kind[i]] else (rate_small, chance_small)
        if ordered[i] == year:  # evenly over the time in force: between nothing and twice the mean time left
            first = max(2.0 * rate * left[i], 1e-9)
            chance = 1.0 - (1.0 - math.exp(-first)) / first
        if uniform_at(address, key[i]) >= chance:
            continue
        if lost[i]:
            alive[i] = False
        else:
            rows[m] = i
            m += 1
    ready = rows[:m]
    ready = ready[np.argsort(key[ready])]
    ready = ready[np.argsort(ordered[ready], kind="mergesort")]
    whole, m = 0.0, 0
    for i in ready:
        # a project begins while room is left, so that one larger than a year's room does not wait for ever
        if is_space[kind[i]]:
            begins = whole < room
            whole += quantity[i]
            if not begins:
                continue
        alive[i], finished[i] = False, year
        built[m] = i
        m += 1
    return built[:m]


@njit(cache=True, nogil=True)
def places_of(
    key: np.ndarray,
    kind: np.ndarray,
    quantity: np.ndarray,
    rows: np.ndarray,
    share: np.ndarray,
    p: Places,
    a_quality: np.uint64,
    a_district: np.uint64,
    a_operator: np.uint64,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what the finished projects in ``rows`` open: halls (incubators) first, then maker spaces, (m,) each.

    Key, kind, district by ``share`` (D,), floor (m2), seats, quality, and whether a professional operator runs it.
    """
    keys, kinds = np.empty(rows.shape[0], np.uint64), np.empty(rows.shape[0], np.int64)
    floor, seats, quality = np.empty(rows.shape[0]), np.empty(rows.shape[0]), np.empty(rows.shape[0])
    place, run = np.empty(rows.shape[0]), np.empty(rows.shape[0], np.bool_)
    m = 0
    for project in (FLOOR, MAKER):
        for i in rows:
            if kind[i] != project:
                continue
            hall = project == FLOOR
            keys[m], kinds[m] = key[i], INCUBATOR if hall else MAKER_SPACE
            quality[m] = normal_at(a_quality, key[i])
            floor[m] = quantity[i] if hall else p.maker_floor * math.exp(p.maker_floor_spread * quality[m])
            seats[m] = max(1.0, math.floor(floor[m] / (p.seat_area if hall else p.maker_seat_area)))
            place[m], run[m] = uniform_at(a_district, key[i]), uniform_at(a_operator, key[i]) < p.professional
            m += 1
    return keys[:m], kinds[:m], by_share(share, place[:m]), floor[:m], seats[:m], quality[:m], run[:m]
