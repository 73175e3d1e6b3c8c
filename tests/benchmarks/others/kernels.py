"""The task as this project does its own: columns of a population, one compiled pass a year, addressed luck."""

from __future__ import annotations

import math

import numpy as np
import task as t
from numba import njit
from serve import serve

from simulator.core.luck import Luck, laplace_at, normal_at, poisson_at, uniform_at
from simulator.core.population import Population, column
from simulator.world.drawing import keys_of

DECISIONS = ("R&D", "drift", "innovations", "value", "shock", "margin", "loan", "close")


class Firms(Population):
    """Firms of the task."""

    revenue: np.ndarray = column("float64", unit="CNY / year", doc="sales")
    quality: np.ndarray = column("float64", unit="1", doc="standard normal")
    does_rd: np.ndarray = column("bool", unit="0/1", doc="performs R&D")
    intensity: np.ndarray = column("float64", unit="1", doc="R&D over sales", default=t.START_INTENSITY)
    knowledge: np.ndarray = column("float64", unit="CNY", doc="knowledge")
    cash: np.ndarray = column("float64", unit="CNY", doc="money")
    closed: np.ndarray = column("float64", unit="firms", doc="firms that closed at this row")


@njit(nogil=True)
def year(
    key: np.ndarray,
    revenue: np.ndarray,
    quality: np.ndarray,
    does_rd: np.ndarray,
    intensity: np.ndarray,
    knowledge: np.ndarray,
    cash: np.ndarray,
    closed: np.ndarray,
    address: np.ndarray,
) -> None:
    """Let one year pass for all firms (n,)."""
    for i in range(key.shape[0]):
        size = revenue[i] / t.AT
        u = uniform_at(address[0], key[i])
        if does_rd[i]:
            does_rd[i] = u >= min(t.GIVE_UP * size**t.GIVE_UP_SIZE, t.MOST)
        else:
            does_rd[i] = u < min(t.BEGIN * size**t.BEGIN_SIZE, t.MOST)
        moved = intensity[i] * math.exp(t.DRIFT + t.DRIFT_SPREAD * normal_at(address[1], key[i]))
        intensity[i] = min(max(moved, t.LEAST), t.HIGHEST)
        rd = intensity[i] * revenue[i] if does_rd[i] else 0.0
        knowledge[i] = t.KEPT * knowledge[i] + rd
        k = knowledge[i]
        count = poisson_at(address[2], key[i], t.ARRIVAL * (k / (k + t.ABSORPTION)) ** t.RETURNS)
        gain = t.VALUE * count * math.exp(t.VALUE_SPREAD * normal_at(address[3], key[i]))
        shock = t.SHOCK * max(revenue[i] / t.SHOCK_AT, t.SMALLEST) ** t.SHOCK_SIZE * laplace_at(address[4], key[i])
        revenue[i] *= math.exp(t.GROWTH + t.BY_QUALITY * quality[i] + t.GAIN * gain + shock)
        cash[i] += (t.MARGIN + t.MARGIN_SPREAD * normal_at(address[5], key[i])) * revenue[i] - rd
        if uniform_at(address[6], key[i]) < t.LOAN and cash[i] < 0.0:
            cash[i] += t.LOAN_SIZE * revenue[i]
        chance = t.CLOSE * (revenue[i] / t.SHOCK_AT) ** t.CLOSE_SIZE * (t.DISTRESS if cash[i] < 0.0 else 1.0)
        if uniform_at(address[7], key[i]) < min(chance, t.MOST):
            revenue[i], intensity[i], does_rd[i] = t.NEW_SALES, t.START_INTENSITY, False
            knowledge[i] = cash[i] = 0.0
            closed[i] += 1.0


def prepare(firms: int, seed: int) -> tuple[Firms, Luck]:
    """Return the firms at the start and their luck."""
    f, luck = Firms(firms), Luck(seed)
    f.key[:] = keys_of("task", firms)
    at = luck.at(0, "start")
    f.revenue[:] = t.START_SALES * np.exp(t.START_SPREAD * at.normal(f.key, "revenue"))
    f.quality[:] = at.normal(f.key, "quality")
    f.does_rd[:] = at.uniform(f.key, "does R&D") < t.START_RD
    return f, luck


def run(state: tuple[Firms, Luck], years: int) -> list[float]:
    """Let the years pass and return what came of them."""
    f, luck = state
    for number in range(1, years + 1):
        now = luck.at(number, "year")
        address = np.array([now.address(d) for d in DECISIONS], np.uint64)
        year(f.key, *(getattr(f, name) for name in t.COLUMNS), address)
    return [
        float(np.log(f.revenue).mean()),
        float(f.does_rd.mean()),
        float(np.log1p(f.knowledge).mean()),
        float(f.closed.mean()) / years,
    ]


if __name__ == "__main__":
    serve(prepare, run)
