"""How newcomers come into the world: what a new firm inherits, and what it is born with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.core.luck import Luck, child_keys
from simulator.core.parameters import Range, parameter
from simulator.world.agents import GROWN, PRIVATE, TECH_DIMENSIONS
from simulator.world.space import closeness, nearest, position
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


@dataclass(frozen=True)
class Newborn:
    """What sets some newcomers apart from an ordinary new firm.

    ``size`` multiplies staff and sales; quality is ``quality`` + ``quality_spread`` x a standard normal draw.
    Each is one number or has one entry a newcomer.
    """

    size: Any = 1.0
    quality: Any = 0.0
    quality_spread: float = 1.0


ORDINARY = Newborn()


def ranks_within(counts: np.ndarray) -> np.ndarray:
    """Return for ``counts`` (m,) of children the rank of each child within its parent, (sum,), from zero."""
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)


def _keys(parents: np.ndarray, origin: int, year: int) -> np.ndarray:
    """Return the (m,) keys of newcomers, numbered within their parent and origin."""
    order = np.argsort(parents, kind="stable")
    ranks = np.empty(parents.size, np.int64)
    mine, new = parents[order], np.ones(parents.size, bool)
    new[1:] = mine[1:] != mine[:-1]
    ranks[order] = np.arange(parents.size) - np.flatnonzero(new)[np.cumsum(new) - 1]
    return child_keys(parents.astype(np.uint64), ranks + 16 * origin, year)


def _grown(values: dict[str, Any], born: BirthTraits) -> dict[str, Any]:
    """Return what is different in firms that were too small to be followed and have grown since."""
    sales = values["revenue"] * born.grown_revenue
    return {
        "staff": values["staff"] * born.grown_staff,
        "revenue": sales,
        "revenue_lag1": sales * born.grown_before,
        "revenue_lag2": sales * born.grown_before**2,
        "cash": born.grown_cash * sales,
        "value_added": values["value_added"] * born.grown_revenue,
        "founded": np.round(values["founded"] - born.grown_age),
        "above_scale": False,
        "does_rd": False,
        "rd_real": 0.0,
    }


def found_firms(
    world: World,
    luck: Luck,
    parents: np.ndarray,
    born: BirthTraits,
    *,
    origin: int,
    sector: np.ndarray,
    district: np.ndarray,
    centre: np.ndarray,
    performs_chance: float,
    kind: Newborn = ORDINARY,
    extra: dict[str, Any] | None = None,
) -> np.ndarray:
    """Queue one new firm for each parent key and return the (m,) keys of the newcomers.

    ``parents`` (m,) may repeat; ``centre`` (m, 8) is the technology that a newcomer starts from.
    """
    m = parents.size
    if m == 0:
        return np.empty(0, np.uint64)
    region, year = world.region, world.year
    keys = _keys(parents, origin, year)
    noise = luck.normals(keys, "birth tech", TECH_DIMENSIONS)
    tech = position(centre, noise, born.new_tech_spread)
    u = world.universities
    where, near = nearest(tech, district, u.tech.astype(float), closeness(region, u.district, world.state.decay_km))
    quality = kind.quality + kind.quality_spread * luck.normal(keys, "birth quality")
    wage = region.sector("wage")[sector] * world.state.wage_index
    size = born.new_staff_spread * luck.normal(keys, "birth staff") - 0.5 * born.new_staff_spread**2
    staff = np.maximum(1.0, np.round(born.new_staff * np.exp(size))) * kind.size
    revenue = staff * wage * born.new_revenue * np.exp(born.new_revenue_spread * luck.normal(keys, "birth revenue"))
    performs = luck.uniform(keys, "birth R&D") < performs_chance
    intensity = born.new_intensity * np.exp(born.new_intensity_spread * luck.normal(keys, "birth intensity"))
    intensity = np.minimum(region.sector("rd_intensity")[sector] * intensity, born.new_intensity_most)
    values: dict[str, Any] = {
        "key": keys,
        "sector": sector,
        "district": district,
        "founded": year,
        "ownership": PRIVATE,
        "origin": origin,
        "quality": quality,
        "tech": tech,
        "university": where,
        "nearness": near,
        "staff": staff,
        "revenue": revenue,
        "revenue_lag1": revenue,
        "revenue_lag2": revenue,
        "margin": region.sector("profit_margin")[sector]
        - born.new_margin_gap
        + born.new_margin_spread * luck.normal(keys, "birth margin"),
        "cash": born.new_cash * revenue,
        "value_added": revenue * region.sector("value_added_ratio")[sector],
        "does_rd": performs,
        "rd_intensity": intensity,
        "rd_real": np.where(performs, intensity * revenue, 0.0),
        "knowledge": born.new_knowledge * staff**0.5,
        "hightech_share": np.clip(
            region.sector("hightech_share")[sector]
            + born.new_hightech_rd * performs
            + born.new_hightech_quality * quality
            + born.new_hightech_spread * luck.normal(keys, "birth high-tech"),
            0,
            1,
        ),
        "technology_sales": region.sector("technology_sales_share")[sector] * revenue,
    }
    if origin == GROWN:
        values |= _grown(values, born)
    values |= extra or {}
    world.firms.arrive(m, **(values | {"rd_reported": values["rd_real"]}))
    return keys
