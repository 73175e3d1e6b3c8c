"""Loans and the risk pools that cover part of their loss, whichever the kind of loan."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import uniform_at
from simulator.core.terms import Offer
from simulator.core.terms_kernels import reach
from simulator.world.rules import HALF_COVER
from simulator.world.world import World

_ALL = np.ones(1, bool)


class Asking(NamedTuple):
    """Firms that may get a loan (m,): rows, luck, collateral, size (CNY), whether unaided, whether they have one."""

    rows: np.ndarray
    luck: np.ndarray
    collateral: np.ndarray
    size: np.ndarray
    unaided: np.ndarray
    made: np.ndarray


class Pool(NamedTuple):
    """What a risk pool offers: its entry, the share of a loss that it bears, to whom, and the sum it can cover (CNY).

    The share is (n,) or (1,), and so is who may have it.
    """

    entry: int
    share: np.ndarray
    eligible: np.ndarray
    most: float


class Effect(NamedTuple):
    """What cover does: ``gain`` in the chance of a loan at half of the loss, ``asks`` for it on others, ``growth``.

    ``saturation``, in firms covered, is where that growth has fallen to 37 %.
    """

    chance: float
    gain: float
    asks: float
    growth: float
    saturation: float


class Loans(NamedTuple):
    """Loans of one kind and what they bring (n,): sum (CNY), part covered, whose cover, and growth (log points)."""

    sum: np.ndarray
    cover: np.ndarray
    entry: np.ndarray
    growth: np.ndarray


@njit(cache=True, nogil=True)
def cover(
    a: Asking, key: np.ndarray, loans: Loans, pool: Pool, p: Effect, address: np.uint64
) -> tuple[float, float, float]:
    """Lend with the cover of one pool, down to where its leverage reaches, the best luck first.

    The cover tips the loans that a bank would just have refused, and is asked for on many that it would make. Returns
    the sum covered (CNY), the part of those who asked that it reached, and the share of half a loss that is on offer,
    summed over firms.
    """
    asked, luck = np.empty(a.rows.shape[0], np.int64), np.empty(a.rows.shape[0])
    covered = np.zeros(a.rows.shape[0])
    m, whole, offered = 0, 0.0, 0.0
    for j in range(a.rows.shape[0]):
        i = a.rows[j]
        if not (pool.eligible[i] if pool.eligible.shape[0] != 1 else pool.eligible[0]):
            continue
        share = pool.share[i] if pool.share.shape[0] != 1 else pool.share[0]
        offered += min(share / HALF_COVER, 1.0)
        if a.made[j]:
            wants = a.unaided[j] and loans.entry[i] < 0 and uniform_at(address, key[i]) < p.asks
        else:
            wants = a.luck[j] < (p.chance + p.gain * share / HALF_COVER) * a.collateral[j]
        if wants:
            asked[m], luck[m], covered[j] = j, a.luck[j], a.size[j] * share
            m += 1
            whole += covered[j]
    taken = m
    if whole > pool.most:
        taken, left = reach(asked[:m], luck, covered, a.rows, key, pool.most)
        whole = pool.most - left
    more = p.growth * np.exp(-taken / p.saturation)
    for j in asked[:taken]:
        i = a.rows[j]
        loans.sum[i], loans.entry[i] = a.size[j], pool.entry
        loans.cover[i] = pool.share[i] if pool.share.shape[0] != 1 else pool.share[0]
        if not a.unaided[j]:
            loans.growth[i] += more
        a.made[j] = True
    return whole, taken / m if m else 1.0, offered


@njit(cache=True, nogil=True)
def owe(a: Asking, loans: np.ndarray, debt: np.ndarray) -> tuple[np.ndarray, float]:
    """Add new loans to firms' debt (n,), and return their rows (m,) and their sum (CNY)."""
    rows = a.rows[a.made]
    whole = 0.0
    for i in rows:
        debt[i] += loans[i]
        whole += loans[i]
    return rows, whole


def open_pool(world: World, o: Offer) -> Pool:
    """Open a risk pool's year and return what it offers; its leverage is on the money in it."""
    st = world.state
    st.pool_size[o.entry.id] = o.budget
    st.pool_left.setdefault(o.entry.id, o.budget)
    return Pool(
        world.entry_index(o.entry.id),
        np.asarray(o.value, float).reshape(-1),
        _ALL if o.eligible is None else o.eligible,
        most_of(o.worth) * o.budget,
    )


def most_of(value: float | np.ndarray) -> float:
    """Return the most that an offer gives anyone."""
    return float(value.max()) if isinstance(value, np.ndarray) else float(value)
