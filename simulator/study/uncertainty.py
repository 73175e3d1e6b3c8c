"""How sure a plan's figures are: luck, ignorance, and what each parameter brings of it.

``python -m simulator.study.uncertainty`` runs each city's plan at many draws of the parameters, two seeds each, and
writes ``calibration/uncertainty.csv``: for each target, and for each indicator in the plan's last year, the share of
the variance that is luck, the first-order share of each parameter that stands clear of noise, and the rest of
ignorance (parameters below the noise, and what arises only from several together). Figures and parameters enter by
the normal scores of their ranks, so that no far run rules. A parameter's part of a figure is a parabola in its score;
parameters enter one by one while the best of those left explains more of what is left than the best of all does of
shuffled figures in 95 % of the shuffles. The runs of ``--attribute`` go to ``calibration/attribution.csv``.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from simulator.scenario import Scenario
from simulator.study.forecast import each
from simulator.study.made import record, write_rows
from simulator.study.output import ROOT
from simulator.study.priors import parameter_rows
from simulator.study.replicates import SEED_STRIDE, SEEDS_PER_DRAW, load_scenario, parameters_of
from simulator.study.shell import plain_errors, show
from simulator.study.targets import CALIBRATION, SIMULATED, load_targets

TABLE = CALIBRATION / "uncertainty.csv"
ATTRIBUTION = CALIBRATION / "attribution.csv"
REGIONS = ("qingdao", "benxi")
COLUMNS = ("region", "what", "indicator", "year", "part", "share", "low", "high", "noise")
LUCK, OTHER = "luck", "other"  # parts that are no parameter
DRAWS, SEED = 800, 17  # luck that neither a run of a plan nor a bank has
MOST = 12  # parameters of one figure: later ones bring next to nothing
SHUFFLES, LEVEL, SHUFFLE_SEED = 200, 0.95, 20150107
BOOTSTRAP, BOOTSTRAP_SEED = 200, 20150108
ATTRIBUTED = 60  # runs of an attribution, each of five scenarios


@dataclass(frozen=True)
class Part:
    """One part of a figure's variance: ``share`` of all of it, 90 % interval, ``noise`` what chance alone brings."""

    part: str
    share: float
    low: float
    high: float
    noise: float


def scores(figures: np.ndarray) -> np.ndarray:
    """Return the normal scores of figures (n, ...) by their ranks along the first axis, with mean 0 and variance 1.

    A column that does not vary is zero.
    """
    found = ndtri((rankdata(figures, axis=0) - 0.5) / len(figures))
    found = found - found.mean(axis=0)
    size = found.std(axis=0)
    return np.asarray(found / np.where(size > 1e-9, size, np.inf))


class Screen:
    """Parameters (n, P), one row a draw, ready to be held against figures of the same draws."""

    def __init__(self, names: Sequence[str], values: np.ndarray, shuffles: int = SHUFFLES) -> None:
        self.names = tuple(names)
        self.first = scores(values)
        square = self.first**2 - 1.0
        square -= square.mean(axis=0)
        square -= self.first * (square * self.first).mean(axis=0)  # what the line says already
        size = square.std(axis=0)
        self.second = square / np.where(size > 1e-9, size, np.inf)
        self.noise = self._noise(shuffles)

    def explained(self, figures: np.ndarray) -> np.ndarray:
        """Return the share of the variance of figures (n, m) that each parameter explains by itself, (P, m)."""
        n, size = len(figures), np.maximum(figures.var(axis=0), 1e-300)
        return np.asarray(((self.first.T @ figures / n) ** 2 + (self.second.T @ figures / n) ** 2) / size)

    def _noise(self, shuffles: int) -> float:
        """Return what the best of all parameters explains of shuffled figures at most, in 95 % of the shuffles."""
        n, rng = len(self.first), np.random.default_rng(SHUFFLE_SEED)
        plain = scores(np.arange(n, dtype=float))
        mixed = np.stack([rng.permutation(plain) for _ in range(shuffles)], axis=1)
        return float(np.quantile(self.explained(mixed).max(axis=0), LEVEL))

    def chosen(self, figures: np.ndarray) -> list[int]:
        """Return the parameters that stand clear of noise in figures (n,), as they were found."""
        left, found = figures - figures.mean(), list[int]()
        while len(found) < MOST and left.std() > 1e-9:
            explained = self.explained(left[:, None])[:, 0]
            explained[found] = 0.0
            best = int(np.argmax(explained))
            if explained[best] <= self.noise:
                break
            found.append(best)
            left = self.left(found, figures)
        return found

    def columns(self, chosen: Sequence[int]) -> np.ndarray:
        """Return the design of some parameters: one, then their lines, then their parabolas, (n, 1 + 2 c)."""
        at = list(chosen)
        return np.column_stack([np.ones(len(self.first)), self.first[:, at], self.second[:, at]])

    def left(self, chosen: Sequence[int], figures: np.ndarray) -> np.ndarray:
        """Return what some parameters leave of figures (n,)."""
        columns = self.columns(chosen)
        return np.asarray(figures - columns @ np.linalg.lstsq(columns, figures, rcond=None)[0])


def parts_of(screen: Screen, pairs: np.ndarray) -> list[Part]:
    """Return the parts of the variance of figures (n, 2), one row a draw and one column a seed.

    Luck, the parts of parameters and the rest of ignorance add to 1; nothing where nothing varies.
    """
    ranked = scores(pairs.ravel()).reshape(pairs.shape)
    luck, ignorance = _split(ranked)
    total = luck + ignorance
    if total <= 0.0:
        return []
    middle = ranked.mean(axis=1)
    chosen = screen.chosen(middle)
    columns, n = screen.columns(chosen), len(middle)
    share = _shares(columns, middle, len(chosen)) / total
    rng, again = np.random.default_rng(BOOTSTRAP_SEED), np.empty((BOOTSTRAP, 1 + len(chosen)))
    for b in range(BOOTSTRAP):
        at = rng.integers(0, n, n)
        parts = _split(ranked[at])
        again[b] = np.array([parts[0], *_shares(columns[at], middle[at], len(chosen))]) / max(sum(parts), 1e-12)
    low, high = np.quantile(again, (0.05, 0.95), axis=0)
    floor = screen.noise * float(screen.left(chosen, middle).var()) / total
    found = [
        Part(screen.names[p], float(share[k]), float(low[k + 1]), float(high[k + 1]), floor)
        for k, p in enumerate(chosen)
    ]
    found.sort(key=lambda p: -p.share)
    rest = max(ignorance / total - sum(p.share for p in found), 0.0)
    first = Part(LUCK, luck / total, float(low[0]), float(high[0]), 0.0)
    return [first, *found, Part(OTHER, rest, math.nan, math.nan, floor)]


def _split(pairs: np.ndarray) -> tuple[float, float]:
    """Return the variance within and between draws (n, 2), by a nested analysis of variance."""
    within = float(((pairs[:, 0] - pairs[:, 1]) ** 2).mean() / 2.0)
    return within, max(0.0, float(pairs.mean(axis=1).var(ddof=1)) - within / 2.0)


def _shares(columns: np.ndarray, figures: np.ndarray, count: int) -> np.ndarray:
    """Return the variance that each of ``count`` parameters brings, (count,), what a fit finds in noise taken off."""
    n, k = columns.shape
    gram = columns.T @ columns + 1e-9 * np.eye(k)
    fitted = np.linalg.solve(gram, columns.T @ figures)
    left = float(((figures - columns @ fitted) ** 2).sum()) / max(n - k, 1)
    whole, out = columns @ fitted, np.empty(count)
    whole -= whole.mean()
    for j in range(count):
        mine = columns[:, [1 + j, 1 + count + j]] @ fitted[[1 + j, 1 + count + j]]
        out[j] = max(float(mine @ whole) / n - 2.0 * left / n, 0.0)  # with what it shares with others by half
    return out


# ---- runs -------------------------------------------------------------------------------------------


def _one(k: int, scenario: Scenario, seed: int) -> np.ndarray:
    from simulator.simulate import simulate

    values = parameters_of(scenario, k // SEEDS_PER_DRAW, seed)
    return np.asarray(simulate(scenario, values, seed * SEED_STRIDE + k).values, float)


def runs_of(scenario: Scenario, draws: int, seed: int = SEED, jobs: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the parameters (n, P) of the draws that came through, and their series (n, 2, T, K)."""
    found = each(partial(_one, scenario=scenario, seed=seed), SEEDS_PER_DRAW * draws, jobs, show)
    pairs = [found[SEEDS_PER_DRAW * d : SEEDS_PER_DRAW * (d + 1)] for d in range(draws)]
    whole = [d for d, pair in enumerate(pairs) if all(one is not None for one in pair)]
    values = [parameters_of(scenario, d, seed) for d in whole]
    names = [row.name for row in parameter_rows()]
    series = np.stack([np.stack([one for one in pairs[d] if one is not None]) for d in whole])
    return np.array([[v[name] for name in names] for v in values]), series


def table_of(scenario: Scenario, parameters: np.ndarray, series: np.ndarray) -> list[dict[str, str]]:
    """Return the rows of the table for a city's plan: its targets, then all indicators in the plan's last year."""
    from simulator.model import INDICATORS

    names, last = list(INDICATORS), scenario.years[1]
    years = np.arange(last - series.shape[2] + 1, last + 1)
    screen = Screen([row.name for row in parameter_rows()], parameters)
    region, rows = scenario.region.id, list[dict[str, str]]()
    n, flat = len(series), series.reshape(-1, *series.shape[2:])

    def add(what: str, indicator: str, year: int, figures: np.ndarray) -> None:
        if np.isfinite(figures).all():
            where = {"region": region, "what": what, "indicator": indicator, "year": str(year)}
            rows.extend(where | _texts(part) for part in parts_of(screen, figures.reshape(n, SEEDS_PER_DRAW)))

    for target in load_targets(region):
        if target.indicator is not None and target.status(INDICATORS, years) == SIMULATED:
            figures = target.figures(flat[:, :, names.index(target.indicator)], years, INDICATORS)
            add(target.id, target.indicator, target.year, figures)
    for k, name in enumerate(names):
        add(name, name, last, flat[:, -1, k])
    return rows


def _texts(part: Part) -> dict[str, str]:
    figures = {name: getattr(part, name) for name in ("share", "low", "high", "noise")}
    return {"part": part.part} | {k: f"{x:.3g}" if math.isfinite(x) else "" for k, x in figures.items()}


def write_csv(rows: Sequence[Mapping[str, str]], path: Path = TABLE) -> None:
    """Write the table, one part a line; rows of other regions stay."""
    write_rows(path, COLUMNS, rows, apart=("region",))


def read_csv(path: Path = TABLE) -> list[dict[str, str]]:
    """Return the rows of the table as text; none where it has not been made."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def plan_of(region: str, calibration: str | None = None) -> Scenario:
    """Return a city's plan, with another calibration than its own if one is given."""
    found = load_scenario(ROOT / "scenarios" / region / "plan.yaml")
    return found if calibration is None else replace(found, calibration=calibration)


def attribute(regions: Sequence[str], runs: int, jobs: int | None, path: Path = ATTRIBUTION) -> None:
    """Run the plans with all that an attribution needs, and write where each target's change comes from."""
    import pandas

    from simulator.model import INDICATORS
    from simulator.study.attribution import attribution_frame
    from simulator.study.ensemble import run

    frames = []
    for region in regions:
        found = run(plan_of(region), replicates=runs, jobs=jobs, attribute=True, progress=show)
        start = found.scenario.region.plan_start
        frames.append(attribution_frame(found.planned_targets, found.outcomes, found.beside, INDICATORS, start))
    pandas.concat(frames, ignore_index=True).to_csv(path, index=False, float_format="%.5g", lineterminator="\n")


@plain_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Make the table of both cities, or of those named."""
    parser = argparse.ArgumentParser(prog="python -m simulator.study.uncertainty", description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=DRAWS, help="draws of the parameters, two runs each")
    parser.add_argument("--jobs", type=int, help="processes")
    parser.add_argument("--region", action="append", default=[], choices=REGIONS, help="only this region")
    parser.add_argument("--calibration", help="evidence or history instead of what the plan says")
    parser.add_argument("--attribute", action="store_true", help="write attribution.csv too")
    parser.add_argument("--runs", type=int, default=ATTRIBUTED, help="runs of the attribution, each of five scenarios")
    parser.add_argument("--out", type=Path, default=CALIBRATION, help="folder that the tables go to")
    options = parser.parse_args(arguments)
    began, rows, used = time.perf_counter(), list[dict[str, str]](), dict[str, str]()
    regions = [r for r in REGIONS if not options.region or r in options.region]
    for region in regions:
        scenario = plan_of(region, options.calibration)
        used[region] = scenario.calibration
        rows += table_of(scenario, *runs_of(scenario, options.draws, jobs=options.jobs))
    table, made = options.out / TABLE.name, options.out / "made.json"
    write_csv(rows, table)
    record(table, regions, made, draws=options.draws, calibration=used)
    if options.attribute:
        attribute(regions, options.runs, options.jobs, options.out / ATTRIBUTION.name)
        record(options.out / ATTRIBUTION.name, regions, made, runs=options.runs)
    print(f"{table}: {len(rows)} rows, {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
