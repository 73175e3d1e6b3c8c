"""The task with plain Mesa agents: one object a firm."""

from __future__ import annotations

import math
from random import Random

import mesa
import task as t
from serve import serve


def poisson(random: Random, mean: float) -> int:
    """Return a Poisson count by inversion, from one uniform."""
    p = math.exp(-mean)
    u, cumulative, k = random.random(), p, 0
    while u > cumulative and k < 100:
        k += 1
        p *= mean / k
        cumulative += p
    return k


class Firm(mesa.Agent):
    """One firm."""

    def __init__(self, model: mesa.Model) -> None:
        super().__init__(model)
        r = self.random
        self.revenue = t.START_SALES * math.exp(t.START_SPREAD * r.gauss(0.0, 1.0))
        self.quality = r.gauss(0.0, 1.0)
        self.does_rd = r.random() < t.START_RD
        self.intensity = t.START_INTENSITY
        self.knowledge = self.cash = self.closed = 0.0

    def step(self) -> None:
        """Let one year pass for the firm."""
        r = self.random
        size = self.revenue / t.AT
        if self.does_rd:
            self.does_rd = r.random() >= min(t.GIVE_UP * size**t.GIVE_UP_SIZE, t.MOST)
        else:
            self.does_rd = r.random() < min(t.BEGIN * size**t.BEGIN_SIZE, t.MOST)
        moved = self.intensity * math.exp(t.DRIFT + t.DRIFT_SPREAD * r.gauss(0.0, 1.0))
        self.intensity = min(max(moved, t.LEAST), t.HIGHEST)
        rd = self.intensity * self.revenue if self.does_rd else 0.0
        self.knowledge = t.KEPT * self.knowledge + rd
        k = self.knowledge
        count = poisson(r, t.ARRIVAL * (k / (k + t.ABSORPTION)) ** t.RETURNS)
        gain = t.VALUE * count * math.exp(t.VALUE_SPREAD * r.gauss(0.0, 1.0))
        u = r.random()
        shock = math.log(2.0 * u) if u < 0.5 else -math.log(2.0 * (1.0 - u))
        shock *= t.SHOCK * max(self.revenue / t.SHOCK_AT, t.SMALLEST) ** t.SHOCK_SIZE
        self.revenue *= math.exp(t.GROWTH + t.BY_QUALITY * self.quality + t.GAIN * gain + shock)
        self.cash += (t.MARGIN + t.MARGIN_SPREAD * r.gauss(0.0, 1.0)) * self.revenue - rd
        short = self.cash < 0.0
        if r.random() < t.LOAN and short:
            self.cash += t.LOAN_SIZE * self.revenue
        chance = t.CLOSE * (self.revenue / t.SHOCK_AT) ** t.CLOSE_SIZE * (t.DISTRESS if self.cash < 0.0 else 1.0)
        if r.random() < min(chance, t.MOST):
            self.revenue, self.intensity, self.does_rd = t.NEW_SALES, t.START_INTENSITY, False
            self.knowledge = self.cash = 0.0
            self.closed += 1.0


def prepare(firms: int, seed: int) -> mesa.Model:
    """Return a model with its firms."""
    model = mesa.Model(seed=seed)
    Firm.create_agents(model, firms)
    return model


def run(model: mesa.Model, years: int) -> list[float]:
    """Let the years pass and return what came of them."""
    for _ in range(years):
        model.agents.do("step")
    agents, n = list(model.agents), len(model.agents)
    return [
        sum(math.log(a.revenue) for a in agents) / n,
        sum(a.does_rd for a in agents) / n,
        sum(math.log1p(a.knowledge) for a in agents) / n,
        sum(a.closed for a in agents) / n / years,
    ]


if __name__ == "__main__":
    serve(prepare, run)
