"""The compiled parts of births: newcomers are drawn in one pass over all requests of a year."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.elementary import exp_of
from simulator.core.luck import child_keys, normals_of, uniform_at
from simulator.world.agents import GROWN, TECH_DIMENSIONS
from simulator.world.space import near_first, nearest_of


class Traits(NamedTuple):
    """The parameters of the same names, for compiled kernels."""

    new_staff: float
    new_staff_spread: float
    new_revenue: float
    new_revenue_spread: float
    new_intensity: float
    new_intensity_spread: float
    new_intensity_most: float
    new_margin_gap: float
    new_margin_spread: float
    new_cash: float
    new_knowledge: float
    new_hightech_rd: float
    new_hightech_quality: float
    new_hightech_spread: float
    new_tech_spread: float
    grown_staff: float
    grown_revenue: float
    grown_before: float
    grown_age: float
    grown_cash: float


# what sets a request's newcomers apart from ordinary new firms: ``size`` multiplies staff and sales, quality is
# what the request gives for each newcomer + ``quality_spread`` x a standard normal draw; ``centred`` is where the
# technologies that they start from begin among those given, -1 where they start from their sector's
KIND = np.dtype(
    [
        ("origin", np.int64),
        ("performs", np.float64),
        ("size", np.float64),
        ("quality_spread", np.float64),
        ("founded", np.int64),
        ("settled", np.int64),
        ("link", np.float64),
        ("mentored", np.float64),
        ("centred", np.int64),
    ]
)
LUCK = ("quality", "staff", "revenue", "intensity", "margin", "high-tech")  # normal draws at birth, beside technology
TABLE = ("wage", "rd_intensity", "profit_margin", "value_added_ratio", "hightech_share", "technology_sales_share")
# columns that the kernel works out, in its order; the last five are whole numbers or 0/1
DRAWN = (
    *("quality", "nearness", "staff", "revenue", "revenue_lag1", "revenue_lag2", "margin", "cash", "value_added"),
    *("rd_intensity", "rd_real", "knowledge", "hightech_share", "technology_sales", "link", "mentored"),
    *("university", "founded", "does_rd", "settled", "origin"),
)


@njit(cache=True, nogil=True)
def _numbers(parents: np.ndarray, ends: np.ndarray, origins: np.ndarray) -> np.ndarray:
    """Return the numbers (m,) of newcomers within their parent and origin; ``ends`` (r,) is where each request ends."""
    out = np.empty(parents.shape[0], np.int64)
    start = 0
    for r in range(ends.shape[0]):
        for i in range(start, ends[r]):
            out[i] = out[i - 1] + 1 if i > start and parents[i] == parents[i - 1] else 16 * origins[r]
        start = ends[r]
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def bear(
    parents: np.ndarray,
    sector: np.ndarray,
    district: np.ndarray,
    gap: np.ndarray,
    own: np.ndarray,
    ends: np.ndarray,
    kinds: np.ndarray,
    year: int,
    p: Traits,
    table: np.ndarray,
    wage_index: float,
    centres: np.ndarray,
    u_tech: np.ndarray,
    u_district: np.ndarray,
    between: np.ndarray,
    addresses: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw newcomers, request by request: their keys (m,), technology (m, 8) and the columns of DRAWN (d, m).

    ``gap`` (m,) is added to quality, ``kinds`` (r,) are records of KIND, ``own`` (k, 8) the technologies that some
    start from, ``centres`` (S, 8) those of sectors; ``table`` is (6, S) as TABLE says, ``between`` (D, D) how near
    districts are to each other. ``addresses`` are those of LUCK, then of technology and of R&D. Also returns by sector
    (S,) the value added of those that grew in (CNY a year).
    """
    m, d, normal = sector.shape[0], TECH_DIMENSIONS, len(LUCK)
    keys = child_keys(parents, _numbers(parents, ends, kinds["origin"]), year)
    noise, z = np.empty((m, d)), np.empty((normal, m, 1))
    normals_of(addresses[normal], keys, noise)
    for k in range(normal):
        normals_of(addresses[k], keys, z[k])
    close = np.empty((between.shape[0], u_district.shape[0]))
    for j in range(u_district.shape[0]):
        close[:, j] = between[:, u_district[j]]
    rows, near_u, u_sorted = near_first(u_tech, close)
    tech, out, grown_in = np.empty((m, d), np.float32), np.empty((len(DRAWN), m)), np.zeros(table.shape[1])
    here = np.empty(d)
    factor = noise.reshape(-1)  # draws become factors where they stand
    for j in range(factor.shape[0]):
        factor[j] = exp_of(p.new_tech_spread * factor[j])
    by_staff, by_sales, by_rd = z[1, :, 0], z[2, :, 0], z[3, :, 0]
    for i in range(m):
        by_staff[i] = exp_of(p.new_staff_spread * by_staff[i] - 0.5 * p.new_staff_spread**2)
        by_sales[i] = exp_of(p.new_revenue_spread * by_sales[i])
        by_rd[i] = exp_of(p.new_intensity_spread * by_rd[i])
    r, begun = 0, 0
    for i in range(m):
        while i >= ends[r]:
            begun = ends[r]
            r += 1
        kind, s = kinds[r], sector[i]
        length = 0.0
        for k in range(d):
            here[k] = (centres[s, k] if kind.centred < 0 else own[kind.centred + i - begun, k]) * factor[i * d + k]
            length += here[k] * here[k]
        length = math.sqrt(length)
        for k in range(d):
            here[k] /= length
            tech[i, k] = here[k]
        who, near = nearest_of(here, district[i], rows, near_u, u_sorted)
        quality = gap[i] + kind.quality_spread * z[0, i, 0]
        staff = max(1.0, np.round(p.new_staff * by_staff[i])) * kind.size
        sales = staff * (table[0, s] * wage_index) * p.new_revenue
        sales *= by_sales[i]
        does_rd = uniform_at(addresses[normal + 1], keys[i]) < kind.performs
        intensity = min(table[1, s] * p.new_intensity * by_rd[i], p.new_intensity_most)
        margin = table[2, s] - p.new_margin_gap + p.new_margin_spread * z[4, i, 0]
        hightech = table[4, s] + p.new_hightech_rd * does_rd + p.new_hightech_quality * quality
        hightech += p.new_hightech_spread * z[5, i, 0]
        out[0, i], out[1, i] = quality, near
        out[2, i], out[3, i], out[4, i], out[5, i] = staff, sales, sales, sales
        out[6, i], out[7, i], out[8, i] = margin, p.new_cash * sales, sales * table[3, s]
        out[9, i], out[10, i] = intensity, intensity * sales if does_rd else 0.0
        out[11, i], out[12, i] = p.new_knowledge * math.sqrt(staff), min(max(hightech, 0.0), 1.0)
        out[13, i], out[14, i], out[15, i] = table[5, s] * sales, kind.link, kind.mentored
        out[16, i], out[17, i], out[18, i], out[19, i] = who, kind.founded, does_rd, kind.settled
        out[20, i] = kind.origin
        if kind.origin == GROWN:  # too small to be followed until now
            sales *= p.grown_revenue
            out[2, i], out[3, i] = staff * p.grown_staff, sales
            out[4, i], out[5, i] = sales * p.grown_before, sales * p.grown_before**2
            out[7, i], out[8, i] = p.grown_cash * sales, out[8, i] * p.grown_revenue
            out[10, i], out[17, i], out[18, i] = 0.0, np.round(kind.founded - p.grown_age), 0.0
            grown_in[s] += out[8, i]
    return keys, tech, out, grown_in
