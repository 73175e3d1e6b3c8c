"""Forecasts of official figures after the last fitted year, with the plan in force, from the shipped posterior.

``python -m simulator.study.forecast`` writes two files into ``calibration/forecast/``: ``<region>.csv``, given the
outside and the national rules as they came, and ``<region>-ex-ante.csv``, with the outside drawn as one could have
drawn it at the end of the last fitted year (``outside_draws``) and national rules left as they stood. Both use the same
draws of the parameters and the same luck. Measures that run to the end of the scenario are taken to go on as they stood
(assumed). Bands are of what would be published, error of observation included. Two rows need a bridge, because the
model has no such indicator:

* ``technology_smes_registered``: the national register was opened in 2017. Who meets its limits of size is counted in
  the model; which share of them registers is assumed, with a wide prior.
* ``high_tech_output_share_of_industry``: the official figure of the last fitted year, moved with the model's share of
  high-tech products in the sales of above-scale industry; the official notion is wider than the model's.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from simulator.core.luck import Luck, name_hash
from simulator.core.parameters import override
from simulator.model import INDICATORS, LEVERS, SCHEDULE
from simulator.scenario import Scenario
from simulator.simulate import measure, run_year, start
from simulator.study.discrepancy import common_errors, observed_like
from simulator.study.engine import in_order, too_many_failed
from simulator.study.history import History, load_history
from simulator.study.made import write_rows
from simulator.study.outside_draws import DRAWN, with_drawn_outside
from simulator.study.published import ELIGIBLE, EXTRA, FIGURES, HIGH_TECH, Figure
from simulator.study.replicates import SEED_STRIDE, TOLERATED_FAILURES, Progress, load_scenario, values_of
from simulator.study.scoring import band
from simulator.study.shell import plain_errors
from simulator.study.targets import CALIBRATION
from simulator.world.world import World

if TYPE_CHECKING:
    from simulator.study.posterior import Posterior

FOLDER = CALIBRATION / "forecast"
SCENARIOS = CALIBRATION.parent / "scenarios"
KNOWN, LAST = 2016, 2025  # the last fitted year, and the last year that the regions' outside paths hold
RUNS = 400  # the ends of a 90 % band are then good to a tenth of its width
HIGH_TECH_ANCHOR = 41.72  # percent of industrial output, obs:qingdao/high_tech_output_share_of_industry/2016
REGISTER_OPENED = 2017  # obs:china/rule_tech_sme_evaluation_circular/2017
# The register's limits of size, and the share of those within them who register: assumed, like its yearly rise in
# log-odds. Two in ten at the start stands for a voluntary list that opens the door to little but a higher deduction.
REGISTER_STAFF, REGISTER_SALES = 500.0, 2e8
REGISTER_START = (math.log(0.2 / 0.8), 0.6)
REGISTER_RISE = (0.30, 0.12)
# Relative errors of source and model where the history holds no point (judgements, of the size of its others).
OTHER_NOISE = {"technology_smes_broad": (0.10, 0.10), "technology_smes_registered": (0.03, 0.10)}
DEFAULT_NOISE = (0.03, 0.08)


COLUMNS = ("region", "indicator", "unit", "year", "p05", "p50", "p95")


class Draws(Protocol):
    """Where parameters come from: a posterior, or the priors."""

    @property
    def size(self) -> int:
        """Return how many draws there are."""
        ...

    def values(self, k: int) -> dict[str, float]:
        """Return the k-th draw by dotted name."""
        ...


@dataclass(frozen=True)
class Prior:
    """Draws from the priors, in the shape of a posterior."""

    size: int
    seed: int = 0

    def values(self, k: int) -> dict[str, float]:
        """Return the k-th draw by dotted name."""
        return values_of(k, self.seed)


@dataclass(frozen=True)
class Fitted:
    """Draws from a posterior in the order of a seed."""

    sample: Posterior
    seed: int = 0

    @property
    def size(self) -> int:
        """Return how many draws there are."""
        return self.sample.size

    def values(self, k: int) -> dict[str, float]:
        """Return the k-th draw by dotted name."""
        return self.sample.values(k, self.seed)


def extended(scenario: Scenario, last: int) -> Scenario:
    """Return a scenario that runs to ``last``; what was in force at its end goes on."""
    end = scenario.years[1] + 1.0
    entries = tuple(replace(e, stop=last + 1.0) if e.stop >= end else e for e in scenario.entries)
    return replace(scenario, years=(scenario.years[0], last), entries=entries)


def ex_ante(scenario: Scenario, number: int, seed: int, known: int = KNOWN) -> Scenario:
    """Return the scenario in the outside drawn at the end of ``known``, with national rules as they then stood."""
    region = with_drawn_outside(scenario.region, number, seed, known, scenario.years[1])
    rules = replace(scenario.counterfactual, rules_after=known)
    return replace(scenario, region=region, drivers={"all": DRAWN}, counterfactual=rules)


def _extra(world: World) -> list[float]:
    """Return what the model has no indicator for: firms within the register's limits, high-tech share of sales."""
    f = world.firms
    does_research = f.does_rd.astype(bool) & f.technology_sme.astype(bool)
    certified = f.hnte_until >= world.year
    within = f.alive & (f.staff <= REGISTER_STAFF) & (f.revenue <= REGISTER_SALES) & (certified | does_research)
    industry = f.alive & f.above_scale.astype(bool)
    sales = float(f.revenue[industry].sum())
    return [float(within.sum()), float((f.revenue * f.hightech_share)[industry].sum()) / max(sales, 1.0)]


def series(scenario: Scenario, values: Mapping[str, float], seed: int) -> np.ndarray:
    """Return every indicator, then those of ``EXTRA``, in every year of a run: (T, K + 2)."""
    p, luck = override((*SCHEDULE, *LEVERS.values()), {**values, **scenario.assumptions}), Luck(seed)
    world, rows = start(scenario, luck), []
    for year in range(scenario.region.start_year, scenario.years[1] + 1):
        run_year(world, scenario, p, luck, year)
        if year >= scenario.years[0]:
            rows.append([*measure(world), *_extra(world)])
    return np.array(rows)


def _one(number: int, scenario: Scenario, draws: Draws, seed: int, drawn: bool) -> np.ndarray:
    chosen = ex_ante(scenario, number, seed) if drawn else scenario
    return series(chosen, draws.values(number % draws.size), seed * SEED_STRIDE + number)


def each(
    work: Callable[[int], np.ndarray], count: int, jobs: int | None = None, progress: Progress | None = None
) -> list[np.ndarray | None]:
    """Return what ``work`` gives for 0 to ``count`` - 1, None where it fails or is not finite; in several processes.

    The first runs here, so that forked workers start with every kernel compiled. Raises StudyError where more than
    one in twenty fails, a worker died or memory is short.
    """
    found: list[np.ndarray | None] = in_order(_or_none, work, range(count), jobs=jobs, progress=progress)
    failed = [k for k in range(count) if found[k] is None]
    if len(failed) > max(TOLERATED_FAILURES * count, 1.0):
        raise too_many_failed(failed, count, work)
    return found


def _or_none(work: Callable[[int], np.ndarray], k: int) -> np.ndarray | None:
    try:
        found = work(k)
    except MemoryError:  # the machine's fault, not the draw's
        raise
    except Exception:  # one bad run must not cost the others; how many there were is looked at in the end
        return None
    return found if np.isfinite(found).all() else None


def simulated(
    scenario: Scenario, draws: Draws, *, runs: int = RUNS, seed: int = 0, drawn: bool = False,
    jobs: int | None = None, progress: Progress | None = None,
) -> np.ndarray:  # fmt: skip
    """Return the series of all runs that came through, (n, T, K + 2); raises StudyError where too many failed."""
    work = partial(_one, scenario=scenario, draws=draws, seed=seed, drawn=drawn)
    return np.stack([found for found in each(work, runs, jobs, progress) if found is not None])


def errors_of(figure: Figure, points: History) -> tuple[float, float]:
    """Return the relative errors of source and model of a figure: medians over the fitted points of its indicator."""
    mine = points.where([name == (figure.like or figure.indicator) for name in points.names])
    if mine.size == 0:
        return OTHER_NOISE.get(figure.name, DEFAULT_NOISE)
    return float(np.median(mine.sd_source)), float(np.median(mine.sd_model))


def published(figure: Figure, runs: np.ndarray, years: np.ndarray, points: History, seed: int) -> np.ndarray:
    """Return what would be published of a figure, (n, T) in its unit, from all runs' series (n, T, K + 2).

    Errors of source and model are drawn; what the fitted ``points`` of the figure's own series say of the model's
    error, run by run, goes on (``discrepancy``). NaN before the register was opened.
    """
    names = (*INDICATORS, *EXTRA)
    x = runs[:, :, names.index(figure.indicator)]
    rng = np.random.default_rng([seed, int(name_hash(figure.name))])
    if figure.indicator == ELIGIBLE:
        x = x * _registering(len(x), years, rng)
    elif figure.indicator == HIGH_TECH:
        base = x[:, years == KNOWN]
        x = np.minimum(HIGH_TECH_ANCHOR * x / np.where(base > 0.0, base, np.nan), 100.0)
    model = figure.like or figure.indicator
    mine = points.where([name == model for name in points.names])
    fitted = runs[:, np.searchsorted(years, mine.years), names.index(model)]
    common = common_errors(mine, fitted, rng)
    source, discrepancy = errors_of(figure, points)
    count = years.size
    new = History(
        points.region, (figure.name,) * count, years, np.median(x, axis=0), np.full(count, source),
        np.full(count, discrepancy), ("test",) * count, ("",) * count,
        np.full(count, figure.unit == "pct" and figure.indicator != HIGH_TECH),
    )  # fmt: skip
    return observed_like(new, x, common, rng, KNOWN) * figure.scale


def _registering(count: int, years: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    first, rise = (mean + sd * rng.standard_normal((count, 1)) for mean, sd in (REGISTER_START, REGISTER_RISE))
    share = 1.0 / (1.0 + np.exp(-(first + rise * (years[None, :] - REGISTER_OPENED))))
    return np.where(years[None, :] >= REGISTER_OPENED, share, np.nan)


def rows_of(region: str, runs: np.ndarray, years: np.ndarray, seed: int = 0) -> list[dict[str, str | int | float]]:
    """Return the table of a forecast: one row a figure and year after the last fitted one."""
    points, after, out = load_history(region).to_fit(KNOWN), years > KNOWN, []
    for figure in FIGURES:
        x = published(figure, runs, years, points, seed)[:, after]
        low, high = band(x)
        for k, year in enumerate(years[after].tolist()):
            quantiles = (low[k], float(np.median(x[:, k])), high[k])
            shown = dict(zip(COLUMNS[4:], (float(f"{q:.6g}") for q in quantiles), strict=True))
            out.append({"region": region, "indicator": figure.name, "unit": figure.unit, "year": year, **shown})
    return out


def write(rows: Sequence[Mapping[str, str | int | float]], path: Path) -> None:
    """Write a forecast as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rows(path, COLUMNS, rows)


def forecast(
    region: str, draws: Draws, *, drawn: bool, runs: int = RUNS, seed: int = 0, jobs: int | None = None,
    progress: Progress | None = None,
) -> list[dict[str, str | int | float]]:  # fmt: skip
    """Return the forecast of a region with its plan in force."""
    scenario = extended(load_scenario(SCENARIOS / region / "plan.yaml"), LAST)
    found = simulated(scenario, draws, runs=runs, seed=seed, drawn=drawn, jobs=jobs, progress=progress)
    return rows_of(region, found, np.arange(scenario.years[0], LAST + 1), seed)


@plain_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Write both forecasts; exit with 2 where the region has no posterior and the priors were not asked for."""
    parser = argparse.ArgumentParser(prog="python -m simulator.study.forecast", description=__doc__.split("\n")[0])
    parser.add_argument("region", nargs="?", default="qingdao")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--prior", action="store_true", help="draw from the priors: nothing is fitted")
    given = parser.parse_args(arguments)
    draws: Draws | None = Prior(given.runs, given.seed)
    if not given.prior:
        from simulator.study.posterior import load_posterior

        sample = load_posterior(given.region)
        draws = None if sample is None else Fitted(sample, given.seed)
    if draws is None:
        sys.stderr.write(f"{given.region} has no posterior: run  ris calibrate {given.region}, or give --prior\n")
        return 2
    for drawn, name in ((False, f"{given.region}.csv"), (True, f"{given.region}-ex-ante.csv")):

        def said(done: int, total: int, name: str = name) -> None:
            if sys.stderr.isatty() and (done % 20 == 0 or done == total):
                sys.stderr.write(f"\r{name}: {done} of {total} runs" + "\n" * (done == total))

        rows = forecast(
            given.region, draws, drawn=drawn, runs=given.runs, seed=given.seed, jobs=given.jobs, progress=said
        )
        write(rows, given.out / name)
        print(given.out / name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
