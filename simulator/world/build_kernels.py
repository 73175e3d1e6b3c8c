"""Compiled parts of ``build_firms``: named firms' rows, staff and sales that meet their sectors' totals, performers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.elementary import exp_of, log_of
from simulator.world.drawing import bend
from simulator.world.drawing_kernels import highest_rows


class Drawn(NamedTuple):
    """What is drawn of a class of firms (n,); ``size`` and ``age`` are levels of its margins."""

    sector: np.ndarray
    district: np.ndarray
    ownership: np.ndarray
    founded: np.ndarray
    staff: np.ndarray
    size: np.ndarray
    age: np.ndarray


class Named(NamedTuple):
    """The region's named firms (A,): who they are in whole numbers, money in CNY / year, patents."""

    sector: np.ndarray
    district: np.ndarray
    ownership: np.ndarray
    founded: np.ndarray
    staff: np.ndarray
    revenue: np.ndarray
    rd: np.ndarray
    patents: np.ndarray


@njit(cache=True, nogil=True)
def _swap_in(values: np.ndarray, row: int, wanted: int, taken: np.ndarray) -> int:
    """Exchange a row's value with that of the first free row that has the ``wanted`` one: all counts of levels stand.

    Returns that row, or the same one where nothing is exchanged: it has the value already, or no free row does.
    """
    if values[row] == wanted:
        return row
    for i in range(values.shape[0]):
        if values[i] == wanted and not taken[i]:
            values[row], values[i] = values[i], values[row]
            return i
    return row


@njit(cache=True, nogil=True)
def _first_that_holds(
    size: np.ndarray,
    sector: np.ndarray,
    taken: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    staff: float,
    wanted: int,
) -> int:
    """Return the first row not taken whose size class holds the staff, if possible in a wanted sector; -1 for none."""
    other = -1
    for i in range(size.shape[0]):
        if low[size[i]] <= staff and staff <= high[size[i]] and not taken[i]:
            if sector[i] == wanted:
                return i
            if other < 0:
                other = i
    return other


@njit(cache=True, nogil=True)
def place_named(c: Drawn, a: Named, low: np.ndarray, high: np.ndarray, oldest: np.ndarray, year: int) -> np.ndarray:
    """Give the named firms rows (A,) of their size class; what else they are is swapped in, so that margins stand.

    ``low`` and ``high`` (k,) bound the classes of staff and ``oldest`` (k,) the levels of age in ``year``. From the
    first firm that no class holds on, rows are -1.
    """
    rows = np.full(a.staff.shape[0], -1)
    taken = np.zeros(c.staff.shape[0], np.bool_)
    for k in range(rows.shape[0]):
        row = _first_that_holds(c.size, c.sector, taken, low, high, a.staff[k], a.sector[k])
        if row < 0:
            break
        _swap_in(c.sector, row, a.sector[k], taken)
        _swap_in(c.district, row, a.district[k], taken)
        _swap_in(c.ownership, row, a.ownership[k], taken)
        band = min(np.searchsorted(oldest, year - a.founded[k]), oldest.shape[0] - 1)  # the oldest level is open
        other = _swap_in(c.age, row, band, taken)
        c.founded[row], c.founded[other] = c.founded[other], c.founded[row]
        c.staff[row] = a.staff[k]
        if c.age[row] == band:
            c.founded[row] = a.founded[k]
        taken[row] = True
        rows[k] = row
    return rows


@njit(cache=True, nogil=True)
def _by_group(group: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows (n,) by group, in order within each, and where each of the ``count`` groups begins and ends."""
    begins = np.zeros(count + 1, np.int64)
    for g in group:
        begins[g + 1] += 1
    begins = np.cumsum(begins)
    free, rows = begins.copy(), np.empty(group.shape[0], np.int64)
    for i in range(group.shape[0]):
        rows[free[group[i]]] = i
        free[group[i]] += 1
    return rows, begins


@njit(cache=True, nogil=True, error_model="numpy")
def fit_staff(
    staff: np.ndarray,
    size: np.ndarray,
    sector: np.ndarray,
    fixed: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    totals: np.ndarray,
    least: float,
    most: float,
) -> None:
    """Move staff (n,) inside each firm's size class so that every sector's total (S,) is met, as far as classes allow.

    Staff over the width of the class is raised to a power from ``least`` to ``most``; ``fixed`` rows keep theirs.
    """
    rows, begins = _by_group(sector, totals.shape[0])
    unit, width, free = np.empty(rows.shape[0]), np.empty(rows.shape[0]), np.empty(rows.shape[0], np.int64)
    for s in range(totals.shape[0]):
        total, floor, m = totals[s], 0.0, 0
        for i in rows[begins[s] : begins[s + 1]]:
            if fixed[i]:
                total -= staff[i]
                continue
            bottom = low[size[i]]
            width[m] = high[size[i]] - bottom
            unit[m] = min(max((staff[i] - bottom) / max(width[m], 1.0), 1e-6), 1.0 - 1e-6)
            floor += bottom
            free[m] = i
            m += 1
        if m == 0 or total <= 0.0:
            continue
        power = bend(unit[:m], width[:m], total - floor, least, most)
        for j in range(m):
            unit[j] = width[j] * exp_of(power * log_of(unit[j]))
        for j in range(m):
            staff[free[j]] = low[size[free[j]]] + unit[j]


@njit(cache=True, nogil=True, error_model="numpy")
def share_sales(
    revenue: np.ndarray,
    raw: np.ndarray,
    sector: np.ndarray,
    fixed: np.ndarray,
    totals: np.ndarray,
    threshold: float,
) -> None:
    """Share each sector's total sales (S,) among its firms above scale (n,) in proportion to ``raw``, CNY / year.

    Every one is above the ``threshold``, and the total is met exactly; ``fixed`` rows keep their sales.
    """
    rows, begins = _by_group(sector, totals.shape[0])
    for s in range(totals.shape[0]):
        here = rows[begins[s] : begins[s + 1]]
        left, whole, count = totals[s], 0.0, 0
        for i in here:
            if fixed[i]:
                left -= revenue[i]
            else:
                whole += raw[i]
                count += 1
        if count == 0:
            continue
        room = max(left - threshold * count, 0.1 * left)
        floor, given = min(threshold, 0.9 * left / count), 0.0
        for i in here:
            if not fixed[i]:
                revenue[i] = floor + room * raw[i] / whole
                given += revenue[i]
        for i in here:
            if not fixed[i]:
                revenue[i] *= left / given


@njit(cache=True, nogil=True)
def best_of_groups(score: np.ndarray, group: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Return which (n,) have the highest scores of their group, of each group the given part (G,), rounded."""
    rows, begins = _by_group(group, part.shape[0])
    there, chosen = score[rows], np.zeros(score.shape[0], np.bool_)
    for g in range(part.shape[0]):
        begin, end = begins[g], begins[g + 1]
        count = min(int(np.rint(part[g] * (end - begin))), end - begin)
        if count > 0:
            for k in highest_rows(there[begin:end], count):
                chosen[rows[begin + k]] = True
    return chosen
