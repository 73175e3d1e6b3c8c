"""The outside as one could have drawn it in some year: what was known by then, and how it went on in the past.

Rates (growth, deflator, wages, interest, demand of a sector) follow an autoregression about the mean of the last known
years. Levels (population, venture capital, technology contracts) go on at their last growth, prices and the speed of
the patent office from where they stood, as random walks in logarithms. The spread of a step is that of the known steps;
as these are few, the spread itself is drawn (Student's t), and so is the error of the mean. Drivers are drawn apart
from one another: six years say nothing of how they move together. A drawn path is addressed by (seed, number, driver).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from simulator.core.luck import name_hash
from simulator.world.counterfactual import GROWING
from simulator.world.region import Region, Years

DRAWN = "drawn"
MEAN_YEARS = 3  # known years whose mean a rate returns to: a plan's horizon is about as long
# The pull to that mean cannot be estimated from six years: a disturbance is taken to be half gone in a good year.
PERSISTENCE = 0.6
WALKING = ("steel_price", "patent_office_speed")  # levels without a trend of their own
RATE_LIMITS = (-0.20, 0.40)  # 1 / year: no known year of any driver lies outside
LEAST_INTEREST = 0.005


def drawn_outside(region: Region, number: int, seed: int, known: int, last: int) -> dict[str, Years]:
    """Return the outside by variable and year: as observed up to ``known``, drawn from there to ``last``.

    Raises ValueError where fewer than three years are known.
    """
    observed = region.outside()
    out = {}
    for name, years in observed.items():
        past = {year: value for year, value in years.items() if year <= known}
        if len(past) < 3:
            raise ValueError(f"{name}: {len(past)} known years up to {known} are too few to draw from")
        rng = np.random.default_rng([seed, number, int(name_hash(name))])
        steps = _levels(name, past, rng, last) if name in (*GROWING, *WALKING) else _rates(name, past, rng, last)
        out[name] = past | steps
    return out


def with_drawn_outside(region: Region, number: int, seed: int, known: int, last: int) -> Region:
    """Return the region with one more path, ``drawn``, for a scenario's ``drivers: {all: drawn}``."""
    return replace(region, paths={**region.paths, DRAWN: drawn_outside(region, number, seed, known, last)})


def _spread(steps: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Return the standard deviation of a step, drawn given the known ones, and the error of their mean."""
    freedom = steps.size - 1
    sd = float(steps.std(ddof=1)) * math.sqrt(freedom / float(rng.chisquare(freedom)))
    return sd, sd / math.sqrt(steps.size) * float(rng.standard_normal())


def _values(past: Mapping[int, float]) -> np.ndarray:
    return np.array([past[year] for year in sorted(past)])


def _rates(name: str, past: Mapping[int, float], rng: np.random.Generator, last: int) -> Years:
    x = _values(past)
    sd, error = _spread(np.diff(x), rng)
    mean, value, out = float(x[-MEAN_YEARS:].mean()) + error, float(x[-1]), {}
    low, high = (LEAST_INTEREST if name == "interest_rate" else RATE_LIMITS[0]), RATE_LIMITS[1]
    for year in range(max(past) + 1, last + 1):
        value = mean + PERSISTENCE * (value - mean) + sd * float(rng.standard_normal())
        out[year] = min(max(value, low), high)
    return out


def _levels(name: str, past: Mapping[int, float], rng: np.random.Generator, last: int) -> Years:
    x = np.log(_values(past))
    steps = np.diff(x)
    sd, error = _spread(steps, rng)
    drift, level, out = (error + float(steps[-MEAN_YEARS:].mean()) if name in GROWING else 0.0), float(x[-1]), {}
    for year in range(max(past) + 1, last + 1):
        level += drift + sd * float(rng.standard_normal())
        out[year] = math.exp(level)
    return out
