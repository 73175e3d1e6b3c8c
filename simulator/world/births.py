"""How newcomers come into the world: what a new firm inherits, and what it is born with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import Luck, sub_keys, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.world.agents import TECH_DIMENSIONS
from simulator.world.births_kernels import DRAWN, KIND, LUCK, TABLE, Traits, bear
from simulator.world.space import closeness, sector_centres
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


class Heritage(NamedTuple):
    """What newcomers (m,) have from their parents: productivity (log points), knowledge (CNY / person; CNY at most)."""

    productivity: np.ndarray
    knowledge: np.ndarray
    most: np.ndarray


_NO_CENTRES = np.empty((0, TECH_DIMENSIONS), np.float32)


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
def rows_by_share(keys: np.ndarray, share: np.ndarray, address: np.uint64) -> np.ndarray:
    """Return (m,) rows drawn by the shares (k,) of rows, one for each of the keys (m,)."""
    u = np.empty(keys.shape[0])
    for i in range(keys.shape[0]):
        u[i] = uniform_at(address, keys[i])
    return by_share(share, u)


@njit(cache=True, nogil=True)
def children(seeds: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for ``counts`` (k,) of children of ``seeds`` (k,) the row of each one's seed, the seed and a key (m,)."""
    of = np.repeat(np.arange(counts.shape[0]), counts)
    parents = seeds[of]
    return of, parents, sub_keys(parents, ranks_within(counts))


class Newcomers:
    """The year's new firms: requests of all who found or bring firms, made together at the end."""

    def __init__(self, world: World, luck: Luck, born: BirthTraits) -> None:
        self.world, self.luck, self.born = world, luck, born
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._kinds: list[tuple[float, ...]] = []
        self._ends: list[int] = []
        self._centres: list[np.ndarray] = []  # where newcomers start from other technologies than their sectors'
        self._count = self._centred = 0
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
            self._heirs.append((self._count, heritage))
        gap = quality if isinstance(quality, np.ndarray) else np.full(parents.size, quality)
        self._parts.append((parents, sector, district, gap))
        year = self.world.year if founded is None else founded
        first = -1 if centre is None else self._centred
        self._kinds.append((origin, performs, size, quality_spread, year, settled, link, mentored, first))
        self._count += parents.size
        self._ends.append(self._count)
        if centre is not None:
            self._centres.append(centre)
            self._centred += parents.size

    def join(self) -> np.ndarray:
        """Queue all firms asked for; return by sector (S,) the value added of those that grew in (CNY a year)."""
        world, region, luck = self.world, self.world.region, self.luck
        if not self._parts:
            return np.zeros(len(region.sectors))
        parents, sector, district, gap = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        u = world.universities
        keys, tech, drawn, grown_in = bear(
            parents,
            sector,
            district,
            gap,
            np.concatenate((_NO_CENTRES, *self._centres)),
            np.array(self._ends),
            np.array(self._kinds, KIND),
            world.luck_year,
            Traits._make(float(getattr(self.born, name)) for name in Traits._fields),
            np.array([region.sector(name) for name in TABLE]),
            world.state.wage_index,
            sector_centres(region),
            u.tech.astype(float),
            u.district,
            closeness(region, np.arange(len(region.districts)), world.state.decay_km),
            np.array([luck.address(f"birth {name}") for name in (*LUCK, "tech", "R&D")]),
        )
        values: dict[str, np.ndarray] = dict(zip(DRAWN, drawn, strict=True))
        values |= {"key": keys, "sector": sector, "district": district, "tech": tech, "rd_reported": values["rd_real"]}
        if self._heirs:
            values["productivity"] = np.zeros(keys.size)
            for first, heritage in self._heirs:
                heirs = slice(first, first + heritage.productivity.size)
                values["productivity"][heirs] = heritage.productivity
                values["knowledge"][heirs] += np.minimum(heritage.knowledge * values["staff"][heirs], heritage.most)
        world.firms.arrive(keys.size, **values)
        return grown_in
