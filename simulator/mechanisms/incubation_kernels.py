"""The compiled passes of ``incubation`` over firms and places: who leaves, how applicants are seen, who gets in."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import normals_of, uniform_at
from simulator.world.agents import MAKER_SPACE


class Places(NamedTuple):
    """The columns of incubators and maker spaces (k,) of the same names."""

    alive: np.ndarray
    kind: np.ndarray
    seats: np.ndarray
    tenants: np.ndarray
    mentors: np.ndarray
    professional: np.ndarray


@njit(cache=True, nogil=True)
def turn(
    key: np.ndarray,
    alive: np.ndarray,
    incubator: np.ndarray,
    incubated: np.ndarray,
    graduated: np.ndarray,
    mentored: np.ndarray,
    above_scale: np.ndarray,
    staff: np.ndarray,
    founded: np.ndarray,
    year: int,
    least: float,
    leaves: float,
    fades: float,
    staff_limit: float,
    latest: float,
    young: float,
    old: float,
    places: int,
    a_graduates: np.uint64,
    a_applies: np.uint64,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Let a year pass for tenants and some of them leave; mentoring fades, and firms apply for a seat.

    ``latest`` is the year of founding from which a firm is ``young`` for its chance to apply. Returns how many leave
    each place (k,), the rows of the tenants that stay and those of the applicants.
    """
    out = np.zeros(places, np.int64)
    inside, applicants = np.empty(key.shape[0], np.int64), np.empty(key.shape[0], np.int64)
    for i in range(key.shape[0]):
        mentored[i] *= fades
    m = a = 0
    for i in range(key.shape[0]):  # without branches, which could not be foreseen here
        inside[m] = i
        m += alive[i] & (incubator[i] >= 0)
        small = (not above_scale[i]) & (staff[i] < staff_limit)
        applicants[a] = i
        a += alive[i] & (incubator[i] < 0) & (graduated[i] == 0) & small
    some, a = applicants[:a], 0
    for i in some:
        applicants[a] = i
        a += uniform_at(a_applies, key[i]) < (young if founded[i] >= latest else old)
    tenants, m = inside[:m], 0
    for i in tenants:
        incubated[i] += 1
        if incubated[i] >= least and uniform_at(a_graduates, key[i]) < leaves:
            out[incubator[i]] += 1
            graduated[i] = year
            incubator[i] = -1
        else:
            inside[m] = i
            m += 1
    return out, inside[:m].copy(), applicants[:a].copy()


@njit(cache=True, nogil=True)
def seen(
    key: np.ndarray,
    quality: np.ndarray,
    founded: np.ndarray,
    rows: np.ndarray,
    latest: float,
    young_bonus: float,
    noise: float,
    sight: float,
    places: Places,
    address: np.uint64,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys (m,) of the applicants in ``rows`` and their quality as places see it, below zero the better.

    The error (``noise``) is smaller by ``sight`` where professionals run all places; firms founded from the year
    ``latest`` on are preferred by ``young_bonus`` (standard deviations, as quality).
    """
    halls, run = 0, 0
    for k in range(places.alive.shape[0]):
        if places.alive[k] and places.kind[k] != MAKER_SPACE:
            halls += 1
            run += places.professional[k]
    spread = noise * (1.0 - sight * run / max(halls, 1))
    keys, z = key[rows], np.empty((rows.shape[0], 1))
    normals_of(address, keys, z)
    score = np.empty(rows.shape[0])
    for j in range(rows.shape[0]):
        i = rows[j]
        score[j] = -(quality[i] + spread * z[j, 0] + (young_bonus if founded[i] >= latest else 0.0))
    return keys, score


@njit(cache=True, nogil=True)
def fill(
    places: Places,
    best: np.ndarray,
    inside: np.ndarray,
    applicants: np.ndarray,
    incubator: np.ndarray,
    incubated: np.ndarray,
) -> np.ndarray:
    """Let the ``best`` (k,) places choose first among ``applicants`` (m,), those seen as best first.

    Counts the tenants of each place, those that were ``inside`` (rows) before included, and returns the rows of all.
    """
    tenants = places.tenants
    tenants[:] = 0.0
    for i in inside:
        tenants[incubator[i]] += 1.0
    m = 0
    for k in best:
        if not places.alive[k] or places.kind[k] == MAKER_SPACE:
            continue
        last = min(m + math.floor(max(places.seats[k] - tenants[k], 0.0)), applicants.shape[0])
        for i in applicants[m:last]:
            incubator[i], incubated[i] = k, 0
        tenants[k] += last - m
        m = last
    return np.concatenate((inside, applicants[:m]))


@njit(cache=True, nogil=True)
def mentor(
    places: Places,
    standing: np.ndarray,
    effort: np.ndarray,
    mentors: float,
    quality: float,
    load: float,
    professional: float,
    inside: np.ndarray,
    incubator: np.ndarray,
    mentored: np.ndarray,
) -> None:
    """Share ``mentors`` (persons) among places; tenants (rows ``inside``) have their attention, or what is left of it.

    They go where tenants are and, by ``quality``, where the place stands well, (k,); one mentor's attention is
    halved at ``load`` firms, and larger by a place's ``effort`` (k,) and by a ``professional`` operator (factors).
    """
    attention = np.empty(standing.shape[0])
    whole = 0.0
    for k in range(standing.shape[0]):
        places.mentors[k] = places.tenants[k] * math.exp(quality * standing[k]) if places.alive[k] else 0.0
        whole += places.mentors[k]
    for k in range(standing.shape[0]):
        places.mentors[k] *= mentors / max(whole, 1.0)
        reach = places.mentors[k] * load
        attention[k] = reach / (reach + max(places.tenants[k], 1.0))
        attention[k] *= (professional if places.professional[k] else 1.0) * effort[k]
    for i in inside:
        mentored[i] = max(mentored[i], attention[incubator[i]])
