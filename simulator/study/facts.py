"""Stylised facts of the firm population that need no fit, at central parameters under Qingdao's history.

``python -m simulator.study.facts`` prints each fact beside its band. Estimators are the usual ones: Hill's for
tails, maximum likelihood of Subbotin's family for the shape of growth, a log-log slope for its spread.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from simulator.study.effect_estimators import notch_relabelled
from simulator.study.effects import ROOT, trace
from simulator.study.replicates import load_scenario, values_of
from simulator.study.shell import plain_errors
from simulator.study.trace import Pair, Trace
from simulator.world.agents import GROWN, INCUMBENT

HISTORY = ROOT / "scenarios" / "qingdao" / "history.yaml"
CENTRAL = -1  # the number of the draw that holds every parameter at its declared value
TAIL = 0.05
SIZE_CLASSES = 5
SPREAD_BINS = 20
YEARS = range(2012, 2019)  # transitions and growth: the first year has no predecessor
COHORTS = range(2012, 2016)  # new firms that can be followed for five years
OLDEST = 8


@dataclass(frozen=True)
class Fact:
    """One fact: what the simulated population shows, and the band in which it passes."""

    id: str
    name: str
    value: float
    low: float
    high: float
    source: str

    @property
    def ok(self) -> bool:
        """Return whether the value lies in its band."""
        return self.low <= self.value <= self.high


def hill(sizes: np.ndarray, share: float = TAIL) -> float:
    """Return Hill's estimate of the exponent of the upper tail P(S > s) ~ s**-a from the largest sizes."""
    tail = np.sort(sizes)[-max(int(share * sizes.size), 10) :]
    return float((tail.size - 1) / np.log(tail / tail[0]).sum())


def subbotin_shape(x: np.ndarray) -> float:
    """Return the maximum-likelihood shape b of Subbotin's density exp(-|x/a|**b / b): 1 Laplace, 2 normal."""
    size = np.abs(x - np.median(x))

    def loss(b: float) -> float:
        log_a = math.log(float((size**b).mean())) / b  # the scale that is best at this shape
        return float(log_a + math.log(b) / b + gammaln(1.0 + 1.0 / b) + 1.0 / b)

    return float(minimize_scalar(loss, bounds=(0.2, 4.0), method="bounded").x)


def growth(run: Trace, years: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return log sizes a year before (n,) and growth (n,) without the mean of the firm's sector and year."""
    sizes, rates = [], []
    for year in years:
        f = run.firms[year]
        here = (f["revenue"] > 1.0) & (f["revenue_lag1"] > 1.0) & (f["founded"] < year)
        rate = np.log(f["revenue"][here] / f["revenue_lag1"][here])
        sector = f["sector"][here]
        mean = np.bincount(sector, rate) / np.maximum(np.bincount(sector), 1)
        sizes.append(np.log(f["revenue_lag1"][here]))
        rates.append(rate - mean[sector])
    return np.concatenate(sizes), np.concatenate(rates)


def growth_shape(size: np.ndarray, rate: np.ndarray) -> float:
    """Return Subbotin's shape of growth, the mean over classes of size."""
    edges = np.quantile(size, np.linspace(0.0, 1.0, SIZE_CLASSES + 1))[1:-1]
    which = np.searchsorted(edges, size)
    return float(np.mean([subbotin_shape(rate[which == k]) for k in range(SIZE_CLASSES)]))


def size_variance(size: np.ndarray, rate: np.ndarray) -> float:
    """Return beta in sd(growth) ~ size**-beta, by least squares over bins of equal count."""
    edges = np.quantile(size, np.linspace(0.0, 1.0, SPREAD_BINS + 1))[1:-1]
    which = np.searchsorted(edges, size)
    at = [size[which == k].mean() for k in range(SPREAD_BINS)]
    log_sd = [math.log(float(rate[which == k].std())) for k in range(SPREAD_BINS)]
    return float(-np.polyfit(at, log_sd, 1)[0])


def _new(run: Trace, year: int) -> np.ndarray:
    f = run.firms[year]
    return f["key"][(f["founded"] == year) & (f["origin"] != INCUMBENT) & (f["origin"] != GROWN)]


def survival(run: Trace, years: int) -> float:
    """Return the share of new technology firms that are there some years later."""
    alive = [np.isfinite(run.of_firms(year + years, _new(run, year), "staff")) for year in COHORTS]
    return float(np.concatenate(alive).mean())


def hazards(runs: Sequence[Trace]) -> np.ndarray:
    """Return closures of new technology firms at ages 1 to OLDEST over those alive a year before, (OLDEST,)."""
    gone, at_risk = np.zeros(OLDEST), np.zeros(OLDEST)
    for run in runs:
        for cohort in range(COHORTS[0], run.years[-1]):
            keys = _new(run, cohort)
            for age in range(1, min(OLDEST, run.years[-1] - cohort) + 1):
                left = np.isfinite(run.of_firms(cohort + age, keys, "staff"))
                at_risk[age - 1] += keys.size
                gone[age - 1] += float((~left).sum())
                keys = keys[left]
    return np.asarray(gone / np.maximum(at_risk, 1.0))


def rd_transitions(run: Trace) -> tuple[float, float]:
    """Return the yearly chances to begin and to stop R&D, among firms that are there in both years."""
    moves = np.zeros((2, 2))
    for year in YEARS:
        f = run.firms[year - 1]
        after = run.of_firms(year, f["key"], "does_rd")
        for before in (0, 1):
            mine = np.isfinite(after) & (f["does_rd"] == before)
            moves[before] += (float((after[mine] != before).sum()), float(mine.sum()))
    return float(moves[0, 0] / moves[0, 1]), float(moves[1, 0] / moves[1, 1])


def venture_shares(runs: Sequence[Trace]) -> tuple[float, float]:
    """Return the shares of holdings sold or lost that returned less than was paid, and five times or more."""
    states = [run.state[run.years[-1]] for run in runs]
    below, above, all_ = (sum(s[name] for s in states) for name in ("exits_below", "exits_above", "exits"))
    return below / max(all_, 1.0), above / max(all_, 1.0)


def facts(
    seeds: Sequence[int] = (0, 1, 2), path: Path = HISTORY, draws: Sequence[Mapping[str, float]] | None = None
) -> list[Fact]:
    """Return every fact over runs of the history with these seeds; nothing is fitted to them.

    ``draws`` holds a set of parameters for each seed, by default the declared values. Exits of funds and closures by
    age are pooled over the runs, the others are means over them.
    """
    scenario = load_scenario(path)
    values = [values_of(CENTRAL, 0)] * len(seeds) if draws is None else draws
    runs = [trace(scenario, mine, seed, "") for seed, mine in zip(seeds, values, strict=True)]
    rows = [_values(run) for run in runs]
    found = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    found["mortality_peak"] = 1.0 + int(np.argmax(hazards(runs)))
    found["venture_loss"], found["venture_win"] = venture_shares(runs)
    return [Fact(name, text, found[name], low, high, source) for name, text, low, high, source in _BANDS]


_BANDS = (
    ("tail_revenue", "exponent of the upper tail of revenue", 0.8, 1.4, "band_size_tail"),
    ("tail_staff", "exponent of the upper tail of staff", 0.8, 1.4, "band_size_tail"),
    ("growth_shape", "Subbotin shape of growth within classes of size", 0.6, 1.2, "band_growth_shape"),
    ("size_variance", "fall of the spread of growth with size", 0.10, 0.25, "band_size_variance"),
    ("survival_five", "new technology firms alive after five years", 0.50, 0.70, "band_survival_five"),
    ("mortality_peak", "age at which most new technology firms close", 2.0, 4.0, "band_mortality_peak"),
    ("rd_entry", "firms that begin R&D in a year", 0.03, 0.12, "band_rd_entry"),
    ("rd_exit", "firms that stop R&D in a year", 0.10, 0.25, "band_rd_exit"),
    ("venture_loss", "deals that return less than was paid", 0.55, 0.70, "band_venture_loss"),
    ("venture_win", "deals that return five times or more", 0.02, 0.12, "levine2014_five"),
    ("notch_relabelled", "relabelled share of R&D within a point above the HNTE threshold", 0.15, 0.35,
     "band_notch_relabel"),
)  # fmt: skip


def _values(run: Trace) -> dict[str, float]:
    firms = run.firms[YEARS[-1]]
    size, rate = growth(run, YEARS)
    entry, leave = rd_transitions(run)
    relabelled, reported = notch_relabelled(Pair(run, run, range(2013, 2017)))
    return {
        "tail_revenue": hill(firms["revenue"]),
        "tail_staff": hill(firms["staff"]),
        "growth_shape": growth_shape(size, rate),
        "size_variance": size_variance(size, rate),
        "survival_five": survival(run, 5),
        "rd_entry": entry,
        "rd_exit": leave,
        "notch_relabelled": relabelled / max(reported, 1.0),
    }


@plain_errors
def main() -> int:
    """Print the facts; exit with 1 if one lies outside its band."""
    found = facts()
    for fact in found:
        print(f"{'  ' if fact.ok else '! '}{fact.name:<70}{fact.value:8.3f}  [{fact.low}, {fact.high}]  {fact.source}")
    return 0 if all(fact.ok for fact in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
