"""A fit of its own to the years before a cut, held against the years after it and against trends that know nothing.

The settings of the fit are those chosen on planted truths for the region; no test point has a part in them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from simulator.scenario import Scenario
from simulator.simulate import simulate
from simulator.study.abc_fit import Fit, Settings, fit
from simulator.study.discrepancy import predicted
from simulator.study.forecast import each
from simulator.study.history import History
from simulator.study.packed import PackedBank
from simulator.study.priors import to_natural
from simulator.study.replicates import SEED_STRIDE
from simulator.study.scoring import Coverage, band, coverage, crps, few_points, pit, trend_baselines

if TYPE_CHECKING:
    import pandas

CUT = 2014  # the last year of the inner fit; those up to the region's cut-off are its test
RUNS = 200
SEED = 11  # luck that no run of the bank has
LEAST_POINTS = 2  # with fewer before the cut no baseline has a spread of its own, and the series is not scored


@dataclass(frozen=True)
class SeriesScore:
    """One series on the test years: mean CRPS of the model and of each baseline, in the indicator's unit."""

    indicator: str
    fitted: int
    tested: int
    model: float
    baselines: dict[str, float]
    inside: int
    width: float  # of the 90 % band over its median, the median over the test years

    @property
    def best(self) -> str:
        """Return the baseline with the smallest CRPS, or nothing."""
        return min(self.baselines, key=lambda name: self.baselines[name]) if self.baselines else ""

    @property
    def scored(self) -> bool:
        """Return whether there is a baseline with a spread of its own to be held against."""
        return self.fitted >= LEAST_POINTS and bool(self.baselines)

    @property
    def skill(self) -> float:
        """Return 1 - CRPS over that of the best baseline: above zero where the model wins; NaN where not scored."""
        return 1.0 - self.model / self.baselines[self.best] if self.scored else math.nan

    @property
    def few(self) -> bool:
        """Return whether the baselines rest on so few points that their spread is a guess."""
        return few_points(self.fitted)


@dataclass(frozen=True)
class InnerTest:
    """Test points (M,) with samples (n, M) of what would be observed, by series scores and pooled coverage."""

    fitted: History
    tested: History
    samples: np.ndarray
    scores: tuple[SeriesScore, ...]
    coverage: Coverage
    pit: np.ndarray

    @property
    def won(self) -> tuple[int, int]:
        """Return in how many of the scored series the model beats the best baseline, and how many there are."""
        scored = [s for s in self.scores if s.scored]
        return sum(s.skill > 0.0 for s in scored), len(scored)

    @property
    def median_width(self) -> float:
        """Return the median over series of the relative width of the 90 % band."""
        return float(np.median([s.width for s in self.scores]))


def _one(k: int, scenario: Scenario, values: Sequence[Mapping[str, float]], seed: int) -> np.ndarray:
    return np.asarray(simulate(scenario, values[k], seed * SEED_STRIDE + k).values, float)


def series_of(
    scenario: Scenario, values: Sequence[Mapping[str, float]], seed: int, jobs: int | None = None
) -> np.ndarray:
    """Return every indicator of a run with each set of parameters, (n, T, K); NaN for a run that failed."""
    mine = replace(scenario, calibration="evidence")
    found = each(partial(_one, scenario=mine, values=values, seed=seed), len(values), jobs)
    like = next(f for f in found if f is not None)
    return np.stack([np.full_like(like, np.nan) if f is None else f for f in found])


def at_points(series: np.ndarray, years: np.ndarray, names: Sequence[str], points: History) -> np.ndarray:
    """Return what runs (n, T, K) give at points, (n, M) in their units."""
    t = [int(np.flatnonzero(years == year)[0]) for year in points.years]
    return np.stack([series[:, i, list(names).index(name)] for i, name in zip(t, points.names, strict=True)], axis=1)


def values_from(bank: PackedBank, z: np.ndarray) -> list[dict[str, float]]:
    """Return sets of parameters by dotted name from standard normals (n, P)."""
    names = [row.name for row in bank.rows]
    return [dict(zip(names, map(float, row), strict=True)) for row in to_natural(bank.rows, z)]


def predictive(
    points: History, draws: Sequence[Mapping[str, float]], scenario: Scenario, *, jobs: int | None = None,
    seed: int = SEED,
) -> pandas.DataFrame:  # fmt: skip
    """Return one row a point: observed, band and median of what draws of the posterior give with errors, and inside.

    Columns: indicator, year, observed, p05, p50, p95, rank, inside; figures in the indicator's unit.
    """
    import pandas

    from simulator.model import INDICATORS

    first, last = scenario.years[0], int(points.years.max())
    series = series_of(replace(scenario, years=(first, last)), draws, seed, jobs)
    series = series[np.isfinite(series[:, 0, 0])]
    figures = at_points(series, np.arange(first, last + 1), tuple(INDICATORS), points)
    noisy = points.transform(figures) + points.noise(np.random.default_rng(seed), len(figures))
    low, middle, high = (points.back(q) for q in np.quantile(noisy, (0.05, 0.5, 0.95), axis=0))
    rank = pit(noisy, points.transform(points.values))
    frame = {"indicator": points.names, "year": points.years, "observed": points.values, "p05": low, "p50": middle,
             "p95": high, "rank": rank, "inside": (low <= points.values) & (points.values <= high)}  # fmt: skip
    return pandas.DataFrame(frame)


def fitted_to(bank: PackedBank, points: History, settings: Settings) -> Fit:
    """Return the fit of a packed bank to some points."""
    return fit(bank.material(points), points.transform(points.values), settings)


def inner_test(
    bank: PackedBank, history: History, scenario: Scenario, settings: Settings, *, cut: int = CUT, runs: int = RUNS,
    jobs: int | None = None, seed: int = SEED,
) -> InnerTest:  # fmt: skip
    """Fit the points up to ``cut``, run the history with draws of that fit, and score it on the points after it."""
    from simulator.model import INDICATORS

    before, after = history.where(history.years <= cut), history.where(history.years > cut)
    draws = values_from(bank, fitted_to(bank, before, settings).draws(runs, seed))
    last = int(after.years.max())
    series = series_of(replace(scenario, years=(scenario.years[0], last)), draws, seed, jobs)
    series = series[np.isfinite(series[:, 0, 0])]
    years = np.arange(scenario.years[0], last + 1)
    old, new = (at_points(series, years, tuple(INDICATORS), points) for points in (before, after))
    return scored(before, after, predicted(before, old, after, new, seed))


def scored(fitted: History, tested: History, samples: np.ndarray) -> InnerTest:
    """Return the scores of samples (n, M) of the tested points beside the baselines on the fitted ones."""
    low, high = band(samples)
    inside = (low <= tested.values) & (tested.values <= high)
    scores = []
    for name in dict.fromkeys(tested.names):
        now, old = (np.array([n == name for n in h.names], bool) for h in (tested, fitted))
        x, mine = samples[:, now], fitted.where(old)
        order = np.argsort(mine.years)
        baselines = {}
        if mine.size:
            values, sd = mine.values[order], (mine.values * mine.sd_source)[order]
            baselines = trend_baselines(mine.years[order], values, tested.years[now], sd=sd)
        seen = tested.values[now]
        scores.append(
            SeriesScore(
                name,
                mine.size,
                int(now.sum()),
                _mean_crps(x, seen),
                {key: _mean_crps(sample, seen) for key, sample in baselines.items()},
                int(inside[now].sum()),
                float(np.median((high - low)[now] / np.median(x, axis=0))),
            )
        )
    return InnerTest(
        fitted, tested, samples, tuple(scores), coverage(samples, tested.values), pit(samples, tested.values)
    )


def _mean_crps(samples: np.ndarray, seen: np.ndarray) -> float:
    return float(np.mean([crps(samples[:, k], float(y)) for k, y in enumerate(seen)]))
