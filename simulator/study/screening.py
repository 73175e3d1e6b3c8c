"""Which parameters move which observed series at all: elementary effects (Morris 1991; Campolongo and others 2007).

``python -m simulator.study.screening`` walks through the parameters along random trajectories under a region's
history and writes ``calibration/screening.csv``: for each observed series and parameter ``mu_star``, the mean size of
an elementary effect, ``mu`` its mean and ``sigma`` its standard deviation over trajectories (large beside mu: the
effect hangs on other parameters). Effects are in log points (logits for shares) for a move of one prior standard
deviation. Each parameter moves over half its prior, between quantiles of 12.5 and 62.5 % or 37.5 and 87.5 %. All
points of a trajectory share their luck. The noise is what a dummy brings: one agent in fifty gets other luck and
nothing else; the largest ``mu_star`` of several dummies. Nothing is frozen on these grounds: every parameter keeps its
prior in a fit and its draws in a run. A shard holds some runs of a trajectory; a study that was killed goes on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulator.core.luck import Luck
from simulator.core.parameters import ParameterRow, override
from simulator.model import INDICATORS, LEVERS, SCHEDULE
from simulator.scenario import Scenario
from simulator.simulate import measure, run_year, start
from simulator.study.aside import clear_parts, write_array
from simulator.study.bank import bank_hash, bank_scenario
from simulator.study.calibrate import data_digest, data_of, region_history
from simulator.study.checked import read_array
from simulator.study.engine import in_order
from simulator.study.history import History
from simulator.study.influence import give_other_luck
from simulator.study.made import FILE, record, write_rows
from simulator.study.output import DEFAULT_PARENT, HASH_DIGITS, digest
from simulator.study.priors import parameter_rows, to_natural
from simulator.study.replicates import SEED_STRIDE
from simulator.study.shell import plain_errors, show
from simulator.study.targets import CALIBRATION

TABLE = CALIBRATION / "screening.csv"
PARENT = DEFAULT_PARENT / "screening"
COLUMNS = ("region", "indicator", "parameter", "mu_star", "mu", "sigma", "noise", "above_noise")
TRAJECTORIES, SEED = 6, 19
DUMMIES = 20  # for each trajectory: by chance alone one parameter in twenty-one passes the largest of them
SHARD = 100  # runs: a dozen seconds of work
KEPT = "shards that were run are kept, the same command goes on"
LOW, HIGH = -1.1503493803760079, 0.3186393639643752  # normal quantiles of 0.125 and 0.625; the others are their mirror
STEP = HIGH - LOW


@dataclass(frozen=True)
class Trajectory:
    """Points (P + 1, P) on the standard normal scale; from each to the next ``order`` (P,) says what moves and where.

    ``signs`` (P,) is +1 where the parameter, by its number, moves up.
    """

    points: np.ndarray
    order: np.ndarray
    signs: np.ndarray


def trajectory(parameters: int, number: int, seed: int = SEED) -> Trajectory:
    """Return one trajectory: a random start on the grid, then each parameter once, in random order, by one step."""
    rng = np.random.default_rng((seed, number))
    signs = np.where(rng.random(parameters) < 0.5, -1.0, 1.0)
    first = np.where(rng.random(parameters) < 0.5, LOW, -HIGH)  # the lower end of the step
    order = rng.permutation(parameters)
    points = np.tile(np.where(signs > 0.0, first, first + STEP), (parameters + 1, 1))
    for k, p in enumerate(order.tolist()):
        points[k + 1 :, p] += signs[p] * STEP
    return Trajectory(points, order, signs)


def effects_of(figures: np.ndarray, walk: Trajectory) -> np.ndarray:
    """Return the elementary effect of each parameter, (P, M), from what the points of a trajectory gave (P + 1, M)."""
    steps = np.diff(figures, axis=0)
    out = np.empty_like(steps)
    out[walk.order] = steps
    return out * walk.signs[:, None] / STEP


def summary(effects: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mu*, mu and sigma (P, S) of elementary effects (R, P, S)."""
    ddof = 1 if len(effects) > 1 else 0
    return np.abs(effects).mean(axis=0), effects.mean(axis=0), effects.std(axis=0, ddof=ddof)


def noise_of(dummies: np.ndarray) -> np.ndarray:
    """Return the noise (S,) of mu* from dummies' effects (R, D, S): the largest mean size among them."""
    return np.asarray(np.abs(dummies).mean(axis=0).max(axis=0))


def by_series(effects: np.ndarray, points: History) -> tuple[list[str], np.ndarray]:
    """Return the series and the mean effect over the years of each, (..., S) from (..., M)."""
    names = list(dict.fromkeys(points.names))
    keep = np.array([[n == name for n in points.names] for name in names], float)
    return names, effects @ (keep / keep.sum(axis=1, keepdims=True)).T


# ---- runs -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Study:
    """What is run: a region's history, the points looked at, the parameters."""

    scenario: Scenario
    points: History
    rows: tuple[ParameterRow, ...]
    seed: int
    folder: Path

    @property
    def runs(self) -> int:
        """Return the number of runs of a trajectory: its points, then its dummies."""
        return len(self.rows) + 1 + DUMMIES


def study_of(region: str, seed: int = SEED, parent: Path | None = None) -> Study:
    """Return the study of a region's history up to its last observed year."""
    points = data_of(region)
    scenario = bank_scenario(region_history(region), int(points.years.max()))
    whole = digest(f"{bank_hash(scenario, seed)} {data_digest(points)} {SHARD} {DUMMIES} {STEP!r}".encode())
    name = f"{region}-{whole[:HASH_DIGITS]}"
    return Study(scenario, points, tuple(parameter_rows()), seed, (PARENT if parent is None else parent) / name)


def one_run(study: Study, values: Sequence[float], luck_seed: int, dummy: int = 0) -> np.ndarray:
    """Return what a run gives for the points, (M,) on the scale of the fit; dummies are numbered from 1."""
    named = dict(zip((row.name for row in study.rows), map(float, values), strict=True))
    p = override((*SCHEDULE, *LEVERS.values()), {**named, **study.scenario.assumptions})
    luck = Luck(luck_seed)
    world, found = start(study.scenario, luck), {}
    wanted = list(INDICATORS)
    for year in range(world.region.start_year, study.scenario.years[1] + 1):
        if dummy and year == world.region.start_year:
            give_other_luck(world, dummy - 1)
        run_year(world, study.scenario, p, luck, year)
        found[year] = measure(world)
    figures = [
        found[year][wanted.index(n)] for n, year in zip(study.points.names, study.points.years.tolist(), strict=True)
    ]
    return study.points.transform(np.array(figures))


def _shard(study: Study, job: tuple[int, int]) -> np.ndarray:
    """Run some points of a trajectory and keep them; what is there and whole is left alone."""
    number, first = job
    path = study.folder / f"{number:03d}-{first:05d}.npy"
    numbers = range(first, min(first + SHARD, study.runs))
    if (there := read_array(path, (len(numbers), study.points.size), np.float64)) is not None:
        return there
    walk = trajectory(len(study.rows), number, study.seed)
    last, seed = len(study.rows), study.seed * SEED_STRIDE + number
    out = []
    for k in numbers:
        values = to_natural(study.rows, walk.points[[min(k, last)]])[0]
        out.append(one_run(study, values, seed, max(k - last, 0)))
    made = np.stack(out)
    write_array(path, made)
    return made


def walked(
    study: Study, trajectories: int, jobs: int | None = None, progress: Callable[[int, int], None] | None = show
) -> np.ndarray:
    """Return what every point of every trajectory gave, dummies last, (R, P + 1 + D, M); shards that are there stay.

    The first shard runs here, so that forked workers start with every kernel compiled. Raises StudyError where a worker
    died or memory is short.
    """
    study.folder.mkdir(parents=True, exist_ok=True)
    clear_parts(study.folder)
    firsts = range(0, study.runs, SHARD)
    work = [(number, first) for number in range(trajectories) for first in firsts]
    total = trajectories * study.runs

    def runs_done(shards: int, _: int) -> None:
        if progress is not None:
            progress(round(total * shards / len(work)), total)

    found = in_order(_shard, study, work, jobs=jobs, progress=runs_done, kept=lambda: KEPT)
    return np.concatenate(found).reshape(trajectories, study.runs, -1)


def table_of(study: Study, figures: np.ndarray) -> list[dict[str, str]]:
    """Return the rows of the table: parameters by series, the largest mu* first."""
    last, names = len(study.rows), [row.name for row in study.rows]
    walks = [trajectory(last, number, study.seed) for number in range(len(figures))]
    every = [effects_of(mine[: last + 1], walk) for mine, walk in zip(figures, walks, strict=True)]
    series, effects = by_series(np.stack(every), study.points)
    _, dummies = by_series((figures[:, last + 1 :] - figures[:, [last]]) / STEP, study.points)
    star, mean, spread = summary(effects)
    noise, rows = noise_of(dummies), list[dict[str, str]]()
    for s, indicator in enumerate(series):
        for p in np.argsort(-star[:, s], kind="stable").tolist():
            if star[p, s] > 0.0:
                texts = (f"{x:.3g}" for x in (star[p, s], mean[p, s], spread[p, s], noise[s]))
                above = "yes" if star[p, s] > noise[s] else "no"
                cells = (study.points.region, indicator, names[p], *texts, above)
                rows.append(dict(zip(COLUMNS, cells, strict=True)))
    return rows


def findings(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return for each series how many parameters stand above the noise, and the strongest."""
    out = []
    for name in dict.fromkeys(row["indicator"] for row in rows):
        mine = [row for row in rows if row["indicator"] == name]
        above = [row for row in mine if row["above_noise"] == "yes"]
        first = ", ".join(f"{row['parameter']} {float(row['mu']):+.3g}" for row in above[:4])
        out.append(f"{name}: {len(above)} of {len(mine)} that move it stand above {mine[0]['noise']}; {first}")
    return out


@plain_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Walk the trajectories, write the table, and say what moves each series."""
    parser = argparse.ArgumentParser(prog="python -m simulator.study.screening", description=__doc__.splitlines()[0])
    parser.add_argument("--region", default="qingdao", help="a region with a history to fit")
    parser.add_argument("--trajectories", type=int, default=TRAJECTORIES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, help="processes")
    parser.add_argument("--parent", type=Path, help="folder of the shards")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table")
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    study = study_of(options.region, options.seed, options.parent)
    rows = table_of(study, walked(study, options.trajectories, options.jobs))
    write_rows(options.out, COLUMNS, rows, apart=("region",))  # a parameter that never moved a series has no row for it
    more = {"beside": True, "trajectories": options.trajectories}
    record(options.out, [options.region], options.out.parent / FILE.name, **more)
    for line in findings(rows):
        print(line)
    never = len(study.rows) - len({row["parameter"] for row in rows})
    print(f"{never} of {len(study.rows)} parameters moved no observed series; none is frozen")
    print(f"{options.out}: {len(rows)} rows, {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
