"""Where agents stand in technology and in the city, and how near that makes them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.luck import name_hash, normal_quantile, uniform_at
from simulator.world.agents import TECH_DIMENSIONS

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

Neighbours = list[tuple[float, Any]]  # universities with their closeness, the closest first


def unit(raw: list[float]) -> list[float]:
    """Return a vector of length one."""
    length = math.hypot(*raw)
    return [x / length for x in raw]


@lru_cache(maxsize=16)
def sector_centres(sectors: tuple[str, ...]) -> list[list[float]]:
    """Return the position of each sector in technology space, the same in every run."""
    out = []
    for name in sectors:
        u = [float(uniform_at(name_hash(f"sector {name}"), name_hash(str(d)))) for d in range(TECH_DIMENSIONS)]
        out.append(unit([math.exp(1.1 * z) for z in normal_quantile(np.array(u)).tolist()]))
    return out


def neighbours(model: ReferenceModel) -> list[Neighbours]:
    """Return for each district the universities with how close they are, exp(-km / decay), the closest first."""
    x, y, decay = model.district_facts["x_km"], model.district_facts["y_km"], model.state.decay_km
    out = []
    for x0, y0 in zip(x, y, strict=True):
        close = [math.exp(-math.hypot(x0 - a, y0 - b) / decay) for a, b in zip(x, y, strict=True)]
        near = [(close[u.district], u) for u in model.universities]
        near.sort(key=lambda pair: -pair[0])
        out.append(near)
    return out


def nearest(tech: list[float], near: Neighbours) -> tuple[int, float]:
    """Return the university (row) of greatest nearness, -1 for none, and that nearness in [0, 1].

    Nearness is the cosine in technology space times how close it is; of equals the first row wins.
    """
    most, who = 0.0, -1
    for close, u in near:
        if 1.001 * close <= most:  # the cosine is at most one, but for rounding; all after it are farther
            break
        s = sum(map(mul, tech, u.tech)) * close
        if s > most or (s == most and u.row < who):
            most, who = s, u.row
    return who, most


class Shares:
    """Things drawn in proportion to their weights."""

    def __init__(self, weights: Sequence[float], least: float = 0.0) -> None:
        heaped = list(accumulate(weights))
        whole = max(heaped[-1], least)
        self._until = [h / whole for h in heaped]

    def pick(self, u: float) -> int:
        """Return the place of the one that a uniform falls on."""
        return min(bisect_left(self._until, u), len(self._until) - 1)
