"""What each observed series does to a fit: the fit without it, and how far parameters and forecasts move.

Forecasts of both fits are made with the same draws and the same luck: each draw of the full fit is moved, parameter by
parameter, to where the other fit has its mean and spread. So a difference is the series' doing, not that of chance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator.scenario import Scenario
from simulator.study.abc_fit import LEARNED, Settings, fit
from simulator.study.history import History
from simulator.study.inner_test import series_of, values_from
from simulator.study.packed import PackedBank, columns_of

# The indicators that the plan's first page is about.
HEADLINE = ("rd_share", "hnte_count", "contract_value", "patents_per_10k", "marine_share", "incubators")
RUNS = 30
SEED = 13
MOST_NAMED = 3


@dataclass(frozen=True)
class Influence:
    """A series left out: parameters that move most (prior standard deviations), headline forecasts (log points)."""

    indicator: str
    points: int
    largest: float
    moved: tuple[tuple[str, float], ...]
    forecasts: dict[str, float]


def influences(
    bank: PackedBank, history: History, plan: Scenario, settings: Settings, *, runs: int = RUNS, jobs: int | None = None
) -> list[Influence]:
    """Return what leaving out each series moves, the most influential first.

    ``forecasts`` are mean differences of the logarithm of each headline indicator in the plan's last year.
    """
    from simulator.model import INDICATORS

    names, last = [row.name for row in bank.rows], plan.years[1]
    data, observed = bank.material(history), history.transform(history.values)
    whole = fit(data, observed, settings)
    mean, spread, draws = whole.mean(), whole.spread(), whole.draws(runs, SEED)
    scenario = replace(plan, years=(last, last))
    columns = [list(INDICATORS).index(name) for name in HEADLINE]

    def headline(z: np.ndarray) -> np.ndarray:
        series = series_of(scenario, values_from(bank, z), SEED, jobs)
        return np.log(np.maximum(series[:, -1, columns], 1e-12))

    base, out = headline(draws), []
    learned = spread <= LEARNED
    for series in dict.fromkeys(history.names):
        keep = np.array([name != series for name in history.names], bool)
        other = fit(columns_of(data, keep), observed[keep], settings)
        shift = other.mean() - mean
        moved = other.mean() + (draws - mean) * (other.spread() / np.maximum(spread, 1e-6))
        difference = np.nanmean(headline(moved) - base, axis=0)
        main = np.where(learned | (other.spread() <= LEARNED), np.abs(shift), 0.0)
        first = np.argsort(-main)[:MOST_NAMED]
        out.append(
            Influence(
                series,
                int((~keep).sum()),
                float(np.abs(shift).max()),
                tuple((names[k], float(shift[k])) for k in first if main[k] > 0.0),
                dict(zip(HEADLINE, map(float, difference), strict=True)),
            )
        )
    return sorted(out, key=lambda i: -max(map(abs, i.forecasts.values())))
