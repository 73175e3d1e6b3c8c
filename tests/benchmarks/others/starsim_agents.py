"""The task as a starsim module with states of its own; the agents of starsim's people are the firms."""

from __future__ import annotations

import numpy as np
import starsim as ss
import task as t
from serve import serve

UNIFORM, NORMAL = ("u_rd", "u_loan", "u_close"), ("n_drift", "n_value", "n_margin")


class Firms(ss.Module):
    """A year of firms."""

    def __init__(self) -> None:
        super().__init__(name="firms")
        self.define_states(
            ss.FloatArr("revenue", default=ss.lognorm_im(mean=np.log(t.START_SALES), sigma=t.START_SPREAD)),
            ss.FloatArr("quality", default=ss.normal(0.0, 1.0)),
            ss.BoolArr("does_rd", default=ss.bernoulli(p=t.START_RD)),
            ss.FloatArr("intensity", default=t.START_INTENSITY),
            *(ss.FloatArr(name, default=0.0) for name in ("knowledge", "cash", "closed")),
        )
        for name in UNIFORM:
            setattr(self, name, ss.random())
        for name in NORMAL:
            setattr(self, name, ss.normal(0.0, 1.0))
        self.tail = ss.random()
        self.count = ss.poisson(lam=lambda module, sim, uids: module.mean[uids])
        self.mean = np.zeros(0)

    def step(self) -> None:
        """Let one year pass."""
        uids = self.sim.people.auids
        u = {name: getattr(self, name).rvs(uids) for name in (*UNIFORM, *NORMAL)}
        revenue, does, cash = self.revenue[uids], self.does_rd[uids], self.cash[uids]
        size = revenue / t.AT
        stays = u["u_rd"] >= np.minimum(t.GIVE_UP * size**t.GIVE_UP_SIZE, t.MOST)
        begins = u["u_rd"] < np.minimum(t.BEGIN * size**t.BEGIN_SIZE, t.MOST)
        does = np.where(does, stays, begins)
        moved = self.intensity[uids] * np.exp(t.DRIFT + t.DRIFT_SPREAD * u["n_drift"])
        intensity = np.clip(moved, t.LEAST, t.HIGHEST)
        rd = np.where(does, intensity * revenue, 0.0)
        knowledge = t.KEPT * self.knowledge[uids] + rd
        self.mean = t.ARRIVAL * (knowledge / (knowledge + t.ABSORPTION)) ** t.RETURNS
        gain = t.VALUE * self.count.rvs(uids) * np.exp(t.VALUE_SPREAD * u["n_value"])
        v = self.tail.rvs(uids)
        shock = np.where(v < 0.5, np.log(2.0 * v), -np.log(2.0 * (1.0 - v)))
        shock *= t.SHOCK * np.maximum(revenue / t.SHOCK_AT, t.SMALLEST) ** t.SHOCK_SIZE
        revenue = revenue * np.exp(t.GROWTH + t.BY_QUALITY * self.quality[uids] + t.GAIN * gain + shock)
        cash = cash + (t.MARGIN + t.MARGIN_SPREAD * u["n_margin"]) * revenue - rd
        cash = np.where((u["u_loan"] < t.LOAN) & (cash < 0.0), cash + t.LOAN_SIZE * revenue, cash)
        chance = t.CLOSE * (revenue / t.SHOCK_AT) ** t.CLOSE_SIZE * np.where(cash < 0.0, t.DISTRESS, 1.0)
        gone = u["u_close"] < np.minimum(chance, t.MOST)
        self.revenue[uids] = np.where(gone, t.NEW_SALES, revenue)
        self.intensity[uids] = np.where(gone, t.START_INTENSITY, intensity)
        self.does_rd[uids] = does & ~gone
        self.knowledge[uids] = np.where(gone, 0.0, knowledge)
        self.cash[uids] = np.where(gone, 0.0, cash)
        self.closed[uids] = self.closed[uids] + gone


def prepare(firms: int, seed: int) -> tuple[ss.Sim, Firms]:
    """Return a simulation with its firms."""
    module = Firms()
    sim = ss.Sim(n_agents=firms, modules=module, copy_inputs=False, dur=10, dt=1.0, rand_seed=seed, verbose=0)
    sim.init()
    return sim, module


def run(state: tuple[ss.Sim, Firms], years: int) -> list[float]:
    """Let the years pass and return what came of them."""
    sim, module = state
    for _ in range(years):
        sim.run_one_step()
    uids = sim.people.auids
    return [
        np.log(module.revenue[uids]).mean(),
        module.does_rd[uids].mean(),
        np.log1p(module.knowledge[uids]).mean(),
        module.closed[uids].mean() / years,
    ]


if __name__ == "__main__":
    serve(prepare, run)
