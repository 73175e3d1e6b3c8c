"""How newcomers come into the world: what a new firm inherits, and what it is born with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.elementary import exp_of
from simulator.core.luck import Luck, child_keys, normals_of
from simulator.core.parameters import Range, parameter
from simulator.world.agents import GROWN, TECH_DIMENSIONS
from simulator.world.space import closeness, near_first, nearest_of, sector_centres
from simulator.world.world import World


@dataclass(frozen=True)
class BirthTraits:
    """What firms are born with; the mechanism that founds firms takes these into its parameters."""

    new_staff: float = parameter(
        6.1,
        unit="persons",
        prior=Range(4.5, 8.0, "log"),
        source="obs:china/new_small_firm_mean_employees_at_opening/2016Q2",
        doc="mean staff at opening",
    )
    new_staff_spread: float = parameter(
        0.5, unit="log points", prior=Range(0.3, 0.9, "log"), source="assumed", doc="spread of staff at opening"
    )
    new_revenue: float = parameter(
        2.2, unit="factor", prior=Range(1.3, 3.5, "log"), source="assumed", doc="sales of a new firm over its wage bill"
    )
    new_revenue_spread: float = parameter(
        0.4,
        unit="log points",
        prior=Range(0.2, 0.8, "log"),
        source="assumed",
        doc="spread of sales per person between new firms",
    )
    new_intensity: float = parameter(
        1.6,
        unit="factor",
        prior=Range(1.0, 2.6, "log"),
        source="assumed",
        doc="R&D intensity of a new firm over its sector's: those who do R&D start with it",
    )
    new_intensity_spread: float = parameter(
        0.7,
        unit="log points",
        prior=Range(0.4, 1.1, "log"),
        source="assumed",
        doc="spread of R&D intensity between new firms",
    )
    new_intensity_most: float = parameter(
        0.3, unit="1", prior=Range(0.2, 0.5, "logit"), source="assumed", doc="highest R&D over sales of a new firm"
    )
    new_margin_gap: float = parameter(
        0.02, unit="1", prior=Range(0.0, 0.06), source="assumed", doc="margin of a new firm below its sector's"
    )
    new_margin_spread: float = parameter(
        0.06, unit="1", prior=Range(0.03, 0.10, "log"), source="assumed", doc="spread of margins between new firms"
    )
    new_cash: float = parameter(
        0.5, unit="1", prior=Range(0.2, 0.9, "log"), source="assumed", doc="founders' money over the first year's sales"
    )
    new_knowledge: float = parameter(
        20000.0,
        unit="CNY / person^0.5",
        prior=Range(5.0e3, 8.0e4, "log"),
        source="assumed",
        doc="knowledge that a new firm brings, per root of its staff",
    )
    new_hightech_rd: float = parameter(
        0.1,
        unit="1",
        prior=Range(0.0, 0.25),
        source="assumed",
        doc="higher share of high-tech sales of new firms that do R&D",
    )
    new_hightech_quality: float = parameter(
        0.3,
        unit="1 / standard deviation",
        prior=Range(0.1, 0.5),
        source="assumed",
        doc="share of high-tech sales to quality at birth",
    )
    new_hightech_spread: float = parameter(
        0.25, unit="1", prior=Range(0.1, 0.45, "log"), source="assumed", doc="spread of that share between new firms"
    )
    new_tech_spread: float = parameter(
        0.35,
        unit="log points",
        prior=Range(0.2, 0.6, "log"),
        source="assumed",
        doc="spread of a new firm's technology around its origin's",
    )
    grown_staff: float = parameter(
        8.0,
        unit="factor",
        prior=Range(4.0, 14.0, "log"),
        source="assumed",
        doc="staff of a firm that grows into the classes followed, over a new firm's",
    )
    grown_revenue: float = parameter(
        10.0,
        unit="factor",
        prior=Range(5.0, 18.0, "log"),
        source="assumed",
        doc="sales of such a firm over a new firm's",
    )
    grown_before: float = parameter(
        0.8,
        unit="1",
        prior=Range(0.65, 0.95, "logit"),
        source="assumed",
        doc="sales of such a firm a year ago over those now",
    )
    grown_age: float = parameter(
        5.0, unit="years", prior=Range(3.0, 9.0), source="assumed", doc="age at which such a firm reaches that size"
    )
    grown_cash: float = parameter(
        0.1, unit="1", prior=Range(0.04, 0.25, "log"), source="assumed", doc="its liquid funds over its sales"
    )
    marginal_gap: float = parameter(
        0.3,
        unit="standard deviations",
        prior=Range(0.0, 0.8),
        source="assumed",
        doc="quality at birth of those who found only because it was made easier, below that of the others",
    )


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


class Heritage(NamedTuple):
    """What newcomers (m,) have from their parents: productivity (log points), knowledge (CNY / person; CNY at most)."""

    productivity: np.ndarray
    knowledge: np.ndarray
    most: np.ndarray


# what sets a request's newcomers apart from ordinary new firms: ``size`` multiplies staff and sales, quality is
# what the request gives for each newcomer + ``quality_spread`` x a standard normal draw
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
    ]
)
LUCK = ("quality", "staff", "revenue", "intensity", "margin", "high-tech")  # normal draws at birth, beside technology
TABLE = ("wage", "rd_intensity", "profit_margin", "value_added_ratio", "hightech_share", "technology_sales_share")
# columns that the kernel works out, in its order; the last four are whole numbers or 0/1
DRAWN = (
    *("quality", "nearness", "staff", "revenue", "revenue_lag1", "revenue_lag2", "margin", "cash", "value_added"),
    *("rd_intensity", "rd_real", "knowledge", "hightech_share", "technology_sales", "link", "mentored"),
    *("university", "founded", "does_rd", "settled"),
)


@njit(cache=True, nogil=True)
def ranks_within(counts: np.ndarray) -> np.ndarray:
    """Return for ``counts`` (m,) of children the rank of each child within its parent, (sum,), from zero."""
    out = np.empty(counts.sum(), np.int64)
    at = 0
    for i in range(counts.shape[0]):
        for rank in range(counts[i]):
            out[at] = rank
            at += 1
    return out


@njit(cache=True, nogil=True)
def by_share(share: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return (n,) rows drawn by the shares (k,) of rows, from uniforms (n,)."""
    whole = np.cumsum(share)
    return np.minimum(np.searchsorted(whole / whole[-1], u), share.shape[0] - 1)


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


@njit(cache=True, nogil=True)
def _normals(keys: np.ndarray, addresses: tuple[np.uint64, ...]) -> np.ndarray:
    """Return the standard normals (d, m) that keys (m,) have at each of d addresses."""
    out = np.empty((len(addresses), keys.shape[0], 1))
    for k in range(len(addresses)):
        normals_of(addresses[k], keys, out[k])
    return out[:, :, 0]


@njit(cache=True, nogil=True, error_model="numpy")
def _bear(
    sector: np.ndarray,
    district: np.ndarray,
    centre: np.ndarray,
    gap: np.ndarray,
    ends: np.ndarray,
    kinds: np.ndarray,
    p: Traits,
    table: np.ndarray,
    wage_index: float,
    u_tech: np.ndarray,
    close: np.ndarray,
    noise: np.ndarray,
    z: np.ndarray,
    dares: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw newcomers: their technology (m, 8) and the columns of DRAWN (d, m), request by request.

    ``gap`` (m,) is added to quality, ``kinds`` (r,) are records of KIND, ``table`` is (6, S) as TABLE says.
    ``noise`` (m, 8) are the draws of technology, ``z`` (6, m) those of LUCK, ``dares`` (m,) the uniforms for R&D.
    """
    m, d = sector.shape[0], centre.shape[1]
    rows, near_u, u_sorted = near_first(u_tech, close)
    tech, out = np.empty((m, d), np.float32), np.empty((len(DRAWN), m))
    here, factor, flat = np.empty(d), np.empty(noise.size), noise.ravel()
    for j in range(flat.shape[0]):
        factor[j] = exp_of(p.new_tech_spread * flat[j])
    by_staff, by_sales, by_rd = np.empty(m), np.empty(m), np.empty(m)
    for i in range(m):
        by_staff[i] = exp_of(p.new_staff_spread * z[1, i] - 0.5 * p.new_staff_spread**2)
        by_sales[i] = exp_of(p.new_revenue_spread * z[2, i])
        by_rd[i] = exp_of(p.new_intensity_spread * z[3, i])
    r = 0
    for i in range(m):
        while i >= ends[r]:
            r += 1
        kind, s = kinds[r], sector[i]
        length = 0.0
        for k in range(d):
            here[k] = centre[i, k] * factor[i * d + k]
            length += here[k] * here[k]
        length = math.sqrt(length)
        for k in range(d):
            here[k] /= length
            tech[i, k] = here[k]
        who, near = nearest_of(here, district[i], rows, near_u, u_sorted)
        quality = gap[i] + kind.quality_spread * z[0, i]
        staff = max(1.0, np.round(p.new_staff * by_staff[i])) * kind.size
        sales = staff * (table[0, s] * wage_index) * p.new_revenue
        sales *= by_sales[i]
        does_rd = dares[i] < kind.performs
        intensity = min(table[1, s] * p.new_intensity * by_rd[i], p.new_intensity_most)
        margin = table[2, s] - p.new_margin_gap + p.new_margin_spread * z[4, i]
        hightech = table[4, s] + p.new_hightech_rd * does_rd + p.new_hightech_quality * quality
        hightech += p.new_hightech_spread * z[5, i]
        out[0, i], out[1, i] = quality, near
        out[2, i], out[3, i], out[4, i], out[5, i] = staff, sales, sales, sales
        out[6, i], out[7, i], out[8, i] = margin, p.new_cash * sales, sales * table[3, s]
        out[9, i], out[10, i] = intensity, intensity * sales if does_rd else 0.0
        out[11, i], out[12, i] = p.new_knowledge * math.sqrt(staff), min(max(hightech, 0.0), 1.0)
        out[13, i], out[14, i], out[15, i] = table[5, s] * sales, kind.link, kind.mentored
        out[16, i], out[17, i], out[18, i], out[19, i] = who, kind.founded, does_rd, kind.settled
        if kind.origin == GROWN:  # too small to be followed until now
            sales *= p.grown_revenue
            out[2, i], out[3, i] = staff * p.grown_staff, sales
            out[4, i], out[5, i] = sales * p.grown_before, sales * p.grown_before**2
            out[7, i], out[8, i] = p.grown_cash * sales, out[8, i] * p.grown_revenue
            out[10, i], out[17, i], out[18, i] = 0.0, np.round(kind.founded - p.grown_age), 0.0
    return tech, out


class Newcomers:
    """The year's new firms: requests of all who found or bring firms, made together at the end."""

    def __init__(self, world: World, luck: Luck, born: BirthTraits) -> None:
        self.world, self.luck, self.born = world, luck, born
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._kinds: list[tuple[float, ...]] = []
        self._heirs: list[tuple[int, Heritage]] = []  # with the place of the first heir among all newcomers

    def request(
        self,
        parents: np.ndarray,
        *,
        origin: int,
        sector: np.ndarray,
        district: np.ndarray,
        performs: float,
        centre: np.ndarray | None = None,
        quality: float | np.ndarray = 0.0,
        quality_spread: float = 1.0,
        size: float = 1.0,
        founded: int | None = None,
        settled: int = 0,
        link: float = 0.0,
        mentored: float = 0.0,
        heritage: Heritage | None = None,
    ) -> None:
        """Ask for one new firm for each parent key (m,); those of one parent stand together.

        ``centre`` (m, 8) is the technology that a newcomer starts from, by default its sector's. ``quality`` is
        one number or has one entry a newcomer; for the others see KIND.
        """
        if parents.size == 0:
            return
        if heritage is not None:
            self._heirs.append((sum(part[0].size for part in self._parts), heritage))
        centres = sector_centres(self.world.region)[sector] if centre is None else centre
        gap = quality if isinstance(quality, np.ndarray) else np.full(parents.size, quality)
        self._parts.append((parents, sector, district, centres, gap))
        year = self.world.year if founded is None else founded
        self._kinds.append((origin, performs, size, quality_spread, year, settled, link, mentored))

    def join(self) -> np.ndarray:
        """Queue all firms asked for; return by sector (S,) the value added of those that grew in (CNY a year)."""
        world, region, born = self.world, self.world.region, self.born
        if not self._parts:
            return np.zeros(len(region.sectors))
        parents, sector, district, centre, gap = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        sizes = np.array([part[0].size for part in self._parts])
        ends = np.cumsum(sizes)
        kinds = np.array(self._kinds, KIND)
        keys = child_keys(parents, _numbers(parents, ends, kinds["origin"]), world.luck_year)
        u = world.universities
        tech, drawn = _bear(
            sector,
            district,
            centre,
            gap,
            ends,
            kinds,
            Traits._make(float(getattr(born, name)) for name in Traits._fields),
            np.array([region.sector(name) for name in TABLE]),
            world.state.wage_index,
            u.tech.astype(float),
            closeness(region, u.district, world.state.decay_km),
            self.luck.normals(keys, "birth tech", TECH_DIMENSIONS),
            _normals(keys, tuple([self.luck.address(f"birth {name}") for name in LUCK])),
            self.luck.uniform(keys, "birth R&D"),
        )
        origin = np.repeat(kinds["origin"], sizes)
        values: dict[str, np.ndarray] = dict(zip(DRAWN, drawn, strict=True))
        values |= {"key": keys, "sector": sector, "district": district, "origin": origin, "tech": tech}
        if self._heirs:
            values["productivity"] = np.zeros(keys.size)
            for first, heritage in self._heirs:
                heirs = slice(first, first + heritage.productivity.size)
                values["productivity"][heirs] = heritage.productivity
                values["knowledge"][heirs] += np.minimum(heritage.knowledge * values["staff"][heirs], heritage.most)
        world.firms.arrive(keys.size, **values, rd_reported=values["rd_real"])
        grown = origin == GROWN
        return np.bincount(sector[grown], values["value_added"][grown], len(region.sectors))
