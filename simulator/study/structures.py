"""The fit to history under each choice of the structural switches, beside the fit under the defaults.

``python -m simulator.study.structures`` runs a bank under every choice that is no default (one switch at a time, the
same draws and luck), fits it with the same code and settings, and writes ``calibration/structures.csv``: for each
series the CRPS of an inner test (a fit to 2014, held against the years after it) and of the posterior predictive of
all fitted points, both on the scale of the fit and over what the defaults have. A row ``all`` holds the mean log
ratio over series with a 90 % interval from resampling series, the distance of the observed points from the posterior
predictive mean in units of stated error, how many observed points lie
outside the 99 % range of the prior draws, and a verdict. The defaults with other draws and luck are one more row: what
differs no more than they do is told apart by nothing. Banks are kept in shards; a study that was killed goes on.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simulator.model import INDICATORS, SWITCHES
from simulator.scenario import Scenario
from simulator.study.abc_choice import chosen_settings
from simulator.study.abc_fit import Settings
from simulator.study.bank import SHARD, Bank, make_bank
from simulator.study.calibrate import data_of, region_history
from simulator.study.history import History
from simulator.study.inner_test import CUT, at_points, fitted_to, series_of, values_from
from simulator.study.made import FILE, record, write_rows
from simulator.study.packed import PackedBank, prior_digest
from simulator.study.posterior import load_posterior
from simulator.study.prior_predictive import check_prior
from simulator.study.scoring import crps
from simulator.study.shell import plain_errors, show
from simulator.study.targets import CALIBRATION

TABLE = CALIBRATION / "structures.csv"
COLUMNS = ("region", "switch", "choice", "test", "indicator", "points", "crps", "default", "log_ratio", "low", "high",
           "distance", "distance_default", "outside", "verdict")  # fmt: skip
RUNS = 1500
DRAWS = 200  # of each fit, run under its own structure
SEED, OTHER_SEED, LUCK = 0, 1, 23  # of the bank, of the bank that shows noise, and luck that no run of a bank has
FALLBACK = Settings(1.0, 0.01)  # where neither a posterior nor the table of choices says how a fit is made
RESAMPLED, RESAMPLING_SEED = 2000, 20150109
DEFAULTS, AGAIN = "defaults", "other draws and luck"
INNER, WHOLE = "inner", "predictive"
ALL = "all"
SAME, BETTER, WORSE = (
    "history does not tell them apart", "history speaks for it", "history speaks against it",
)  # fmt: skip


@dataclass(frozen=True)
class Score:
    """How well a structure gives the points of a test: CRPS of each (M,), transformed, and the distance of them all.

    ``distance`` is the root mean square of the observed less the predicted mean in units of stated error, which is
    one where only such errors part them. ``outside`` counts points that no draw from the priors reaches.
    """

    points: History
    crps: np.ndarray
    distance: float
    outside: int = 0

    def by_series(self) -> dict[str, float]:
        """Return the mean CRPS of each series."""
        names = np.array(self.points.names)
        return {n: float(self.crps[names == n].mean()) for n in dict.fromkeys(self.points.names)}


@dataclass(frozen=True)
class Comparison:
    """A structure against the defaults in one test: log ratio of CRPS by series, their mean and its 90 % interval."""

    ratios: dict[str, float]
    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Return what the interval says; below zero is better than the defaults."""
        return SAME if self.low <= 0.0 <= self.high else BETTER if self.high < 0.0 else WORSE


def compared(mine: Score, default: Score) -> Comparison:
    """Return a score against that of the defaults; the interval comes from resampling whole series."""
    ours, theirs = mine.by_series(), default.by_series()
    ratios = {name: math.log(max(ours[name], 1e-12) / max(theirs[name], 1e-12)) for name in theirs}
    values, rng = np.array(list(ratios.values())), np.random.default_rng(RESAMPLING_SEED)
    means = values[rng.integers(0, values.size, (RESAMPLED, values.size))].mean(axis=1)
    low, high = np.quantile(means, (0.05, 0.95))
    return Comparison(ratios, float(values.mean()), float(low), float(high))


def judged(verdict: Comparison, noise: Comparison) -> str:
    """Return a verdict that a difference no larger than that of other draws and luck cannot carry."""
    most = max(abs(noise.low), abs(noise.high))
    return SAME if abs(verdict.mean) <= most else verdict.verdict


def choices() -> list[tuple[str, str]]:
    """Return every choice of a switch that is no default."""
    return [(name, choice) for name, found in SWITCHES.items() for choice in found[1:]]


def under(scenario: Scenario, switches: dict[str, str]) -> Scenario:
    """Return a scenario with some switches set."""
    return replace(scenario, switches={**scenario.switches, **switches})


def packed_of(bank: Bank, points: History) -> PackedBank:
    """Return what fits of some points need of a bank, in memory."""
    figures = bank.points(points.names, points.years)
    draws = np.asarray(bank.draws, np.int64)
    return PackedBank(bank.region, points.addresses, figures, draws, bank.seed, "", prior_digest(bank.rows), bank.hash)


def settings_of(region: str) -> Settings:
    """Return the settings that the region's posterior was fitted with, or would be: chosen on planted truths."""
    found = load_posterior(region)
    chosen = None if found is None else found.manifest.get("settings")
    return Settings(**chosen) if chosen is not None else chosen_settings(region) or FALLBACK


def score(
    bank: PackedBank, fitted: History, tested: History, scenario: Scenario, settings: Settings, *, draws: int,
    jobs: int | None,
) -> Score:  # fmt: skip
    """Fit some points, run draws of the fit under the scenario, and score what they say of other points."""
    sample = values_from(bank, fitted_to(bank, fitted, settings).draws(draws, LUCK))
    last = int(tested.years.max())
    series = series_of(replace(scenario, years=(scenario.years[0], last)), sample, LUCK, jobs)
    series = series[np.isfinite(series[:, 0, 0])]
    years = np.arange(scenario.years[0], last + 1)
    clean = tested.transform(at_points(series, years, tuple(INDICATORS), tested))
    noisy = clean + tested.noise(np.random.default_rng(LUCK), len(clean))
    seen = tested.transform(tested.values)
    away = (seen - clean.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(tested.covariance())).T
    found = np.array([crps(noisy[:, k], float(y)) for k, y in enumerate(seen)])
    return Score(tested, found, float(np.sqrt((away**2).mean())))


def scores_of(
    region: str, switches: dict[str, str], *, runs: int, draws: int, jobs: int | None, parent: Path | None,
    seed: int = SEED,
) -> dict[str, Score]:  # fmt: skip
    """Return the scores of a structure: of the inner test, and of the posterior predictive of all fitted points."""
    points = data_of(region)
    scenario = under(region_history(region), switches)
    bank = make_bank(scenario, runs, until=int(points.years.max()), seed=seed, jobs=jobs, progress=show, parent=parent)
    small, settings = packed_of(bank, points), settings_of(region)
    before, after = points.where(points.years <= CUT), points.where(points.years > CUT)
    options = {"draws": draws, "jobs": jobs}
    inner = score(small, before, after, scenario, settings, **options)  # type: ignore[arg-type]
    whole = score(small, points, points, scenario, settings, **options)  # type: ignore[arg-type]
    beyond = [check for check in check_prior(small.material(points), points) if not check.ok]
    late = sum(check.year > CUT for check in beyond)
    return {INNER: replace(inner, outside=late), WHOLE: replace(whole, outside=len(beyond))}


def rows_of(
    region: str, switch: str, choice: str, mine: dict[str, Score], default: dict[str, Score],
    noise: dict[str, Comparison] | None,
) -> list[dict[str, str]]:  # fmt: skip
    """Return the rows of one structure: for each test all series together, then each; ``noise`` makes verdicts."""
    out = []
    for test, found in mine.items():
        against, base = compared(found, default[test]), default[test].by_series()
        said = "" if noise is None else judged(against, noise[test])
        head = {"region": region, "switch": switch, "choice": choice, "test": test}
        whole = {"indicator": ALL, "points": str(found.points.size), "log_ratio": _text(against.mean)}
        whole |= {"low": _text(against.low), "high": _text(against.high), "verdict": said}
        whole |= {"crps": _text(float(found.crps.mean())), "default": _text(float(default[test].crps.mean()))}
        whole |= {"distance": _text(found.distance), "distance_default": _text(default[test].distance)}
        whole |= {"outside": str(found.outside)}
        out.append(head | whole)
        counts = {n: found.points.names.count(n) for n in base}
        for name, value in found.by_series().items():
            row = {"indicator": name, "points": str(counts[name]), "crps": _text(value), "default": _text(base[name])}
            out.append(head | row | {"log_ratio": _text(against.ratios[name])})
    return [{name: row.get(name, "") for name in COLUMNS} for row in out]


def _text(value: float) -> str:
    return f"{value:.4g}"


def line_of(rows: Sequence[dict[str, str]]) -> str:
    """Return in one line what a test says of a structure: the ratio, the verdict, series that gain and lose most."""
    whole, series = rows[0], sorted(rows[1:], key=lambda r: float(r["log_ratio"]))
    gain = ", ".join(f"{r['indicator']} {float(r['log_ratio']):+.2f}" for r in series[:2] if float(r["log_ratio"]) < 0)
    lose = ", ".join(f"{r['indicator']} {float(r['log_ratio']):+.2f}" for r in series[-2:] if float(r["log_ratio"]) > 0)
    change = 100.0 * (math.exp(float(whole["log_ratio"])) - 1.0)
    return (
        f"{whole['switch']}={whole['choice']} ({whole['test']}): CRPS {change:+.1f} % "
        f"[{whole['low']}, {whole['high']} log], distance {whole['distance']} ({whole['distance_default']}), "
        f"{whole['outside']} points outside the prior range; "
        f"{whole['verdict'] or 'noise'}; gains: {gain or '-'}; loses: {lose or '-'}"
    )


@plain_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Fit every structure, write the table, and say what history tells of each."""
    parser = argparse.ArgumentParser(prog="python -m simulator.study.structures", description=__doc__.splitlines()[0])
    parser.add_argument("--region", default="qingdao", help="a region with a history to fit")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each bank, at least {2 * SHARD}")
    parser.add_argument("--draws", type=int, default=DRAWS, help="runs of each fit's draws")
    parser.add_argument("--switch", action="append", default=[], help="only this switch")
    parser.add_argument("--jobs", type=int, help="processes")
    parser.add_argument("--parent", type=Path, help="folder of the banks")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table")
    options = parser.parse_args(arguments)
    began, rows = time.perf_counter(), list[dict[str, str]]()
    common = {"runs": options.runs, "draws": options.draws, "jobs": options.jobs, "parent": options.parent}

    def scored(name: str, switches: dict[str, str], seed: int = SEED) -> dict[str, Score]:
        sys.stderr.write(f"{name}\n")
        return scores_of(options.region, switches, seed=seed, **common)

    def keep(switch: str, choice: str, mine: dict[str, Score], noise: dict[str, Comparison] | None) -> None:
        found = rows_of(options.region, switch, choice, mine, default, noise)
        rows.extend(found)
        for test in (INNER, WHOLE):
            print(line_of([row for row in found if row["test"] == test]), flush=True)

    default, other = scored(DEFAULTS, {}), scored(AGAIN, {}, OTHER_SEED)
    noise = {test: compared(other[test], default[test]) for test in default}
    keep(DEFAULTS, AGAIN, other, None)
    for switch, choice in choices():
        if not options.switch or switch in options.switch:
            keep(switch, choice, scored(f"{switch}={choice}", {switch: choice}), noise)
    write_rows(options.out, COLUMNS, rows, apart=("region", "switch"))  # rows of others stay
    record(options.out, [options.region], options.out.parent / FILE.name, runs=options.runs, draws=options.draws)
    print(f"{options.out}: {len(rows)} rows, {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
