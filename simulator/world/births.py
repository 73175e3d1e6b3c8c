"""How newcomers come into the world: what a new firm inherits, and what it is born with."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.core.luck import Luck, child_keys
from simulator.world.agents import GROWN, PRIVATE, TECH_DIMENSIONS
from simulator.world.space import nearest, position
from simulator.world.world import World

NEW_FIRM_STAFF = 6.1  # opening staff of a new small firm (obs:china/new_small_firm_mean_employees_at_opening/2016Q2)


def ranks_within(counts: np.ndarray) -> np.ndarray:
    """Return for ``counts`` (m,) of children the rank of each child within its parent, (sum,), from zero."""
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)


def found_firms(
    world: World,
    luck: Luck,
    parents: np.ndarray,
    *,
    origin: int,
    sector: np.ndarray,
    district: np.ndarray,
    centre: np.ndarray,
    performs_chance: float,
    extra: dict[str, Any] | None = None,
) -> np.ndarray:
    """Queue one new firm for each parent key and return the (m,) keys of the newcomers.

    ``parents`` (m,) may repeat; ``centre`` (m, 8) is the technology that a newcomer starts from.
    """
    m = parents.size
    if m == 0:
        return np.empty(0, np.uint64)
    region, year = world.region, world.year
    order = np.argsort(parents, kind="stable")
    ranks = np.empty(m, np.int64)
    same = np.r_[True, parents[order][1:] != parents[order][:-1]]
    starts = np.flatnonzero(same)
    ranks[order] = np.arange(m) - starts[np.cumsum(same) - 1]
    keys = child_keys(parents.astype(np.uint64), ranks + 16 * origin, year)
    noise = luck.normals(keys, "birth tech", TECH_DIMENSIONS)
    tech = position(centre, noise, 0.35)
    x, y = region.district("x_km"), region.district("y_km")
    u = world.universities
    where, near = nearest(tech, x[district], y[district], u.tech.astype(float), x[u.district], y[u.district], 80.0)
    quality = luck.normal(keys, "birth quality")
    wage = region.sector("wage")[sector] * world.state.wage_index
    staff = np.maximum(1.0, np.round(NEW_FIRM_STAFF * np.exp(0.5 * luck.normal(keys, "birth staff") - 0.125)))
    revenue = staff * wage * 2.2 * np.exp(0.4 * luck.normal(keys, "birth revenue"))
    performs = luck.uniform(keys, "birth R&D") < performs_chance
    intensity = region.sector("rd_intensity")[sector] * 1.6 * np.exp(0.7 * luck.normal(keys, "birth intensity"))
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
        "margin": region.sector("profit_margin")[sector] - 0.02 + 0.06 * luck.normal(keys, "birth margin"),
        "cash": 0.5 * revenue,
        "value_added": revenue * region.sector("value_added_ratio")[sector],
        "does_rd": performs,
        "rd_intensity": np.minimum(intensity, 0.30),
        "rd_real": np.where(performs, np.minimum(intensity, 0.30) * revenue, 0.0),
        "knowledge": 2.0e4 * staff**0.5,
        "hightech_share": np.clip(
            region.sector("hightech_share")[sector]
            + 0.10 * performs
            + 0.30 * quality
            + 0.25 * luck.normal(keys, "birth high-tech"),
            0,
            1,
        ),
        "technology_sales": region.sector("technology_sales_share")[sector] * revenue,
    }
    if origin == GROWN:
        grown = staff * 8.0
        values |= {"staff": grown, "revenue": revenue * 10.0, "above_scale": False, "founded": year - 5}
        values |= {"revenue_lag1": revenue * 8.0, "revenue_lag2": revenue * 6.5, "does_rd": False, "rd_real": 0.0}
        values |= {"cash": revenue, "value_added": values["value_added"] * 10.0}
    world.firms.arrive(m, **(values | (extra or {})))
    return keys
