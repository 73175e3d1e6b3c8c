"""A bank of runs at draws from the priors: made once, kept in shards, and used for every set of data.

A shard holds the series of some runs and is named after what it depends on: the scenario, the model's code, the
parameters with their priors, the seed and its first run. A shard is written aside and renamed, so what is there is
whole; a study that was killed goes on where it stopped, and any number of processes leaves the same bytes. What a
bank is compared with is no part of it, nor is the number of runs: a bank can grow.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.core.parameters import ParameterRow
from simulator.study.aside import clear_parts, write_array, write_aside
from simulator.study.checked import read_array, read_json
from simulator.study.engine import too_many_failed, work_all
from simulator.study.formats import BANK
from simulator.study.output import DEFAULT_PARENT, HASH_DIGITS, digest, model_hash
from simulator.study.priors import parameter_rows, standard_normals, to_natural
from simulator.study.replicates import SEED_STRIDE, TOLERATED_FAILURES, Progress, StudyError, values_of

if TYPE_CHECKING:
    import pandas

    from simulator.scenario import Scenario

PARENT = DEFAULT_PARENT / "bank"
RUNS = 10_000
SHARD = 50  # runs: some five seconds of work, which is the most that one process can lose
CENTRAL = -1


@dataclass(frozen=True)
class Bank:
    """Runs of one scenario at prior draws 0, 1, ...: ``values`` (N, T, K) by run, year and indicator.

    A run that failed is NaN throughout; ``ok`` leaves it out of every series and of the parameters.
    """

    region: str
    hash: str
    seed: int
    years: np.ndarray
    names: tuple[str, ...]
    values: np.ndarray
    rows: tuple[ParameterRow, ...]
    folder: Path

    @cached_property
    def ok(self) -> np.ndarray:
        """Return which of the runs came through, (N,)."""
        return np.asarray(np.isfinite(self.values[:, -1, 0]))

    @property
    def size(self) -> int:
        """Return the number of runs that came through."""
        return int(self.ok.sum())

    @cached_property
    def draws(self) -> np.ndarray:
        """Return the number of the draw of each run that came through, (n,)."""
        return np.flatnonzero(self.ok)

    @cached_property
    def z(self) -> np.ndarray:
        """Return the parameters as standard normals, (n, P)."""
        return standard_normals(self.rows, self.draws, self.seed)

    @cached_property
    def parameters(self) -> pandas.DataFrame:
        """Return the parameters in their units: one row a run, one column a dotted name."""
        import pandas

        return pandas.DataFrame(to_natural(self.rows, self.z), columns=[row.name for row in self.rows])

    def series(self, indicator: str) -> np.ndarray:
        """Return one indicator, (n, T) in its unit; raises KeyError for an unknown one."""
        if indicator not in self.names:
            raise KeyError(f"unknown indicator {indicator!r}")
        return np.asarray(self.values[self.ok, :, self.names.index(indicator)], float)

    def points(self, names: Sequence[str], years: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return some indicators, each in a year of its own, (n, M); raises KeyError for what is not there."""
        known = self.years.tolist()
        if absent := [f"{n}@{y}" for n, y in zip(names, years, strict=True) if n not in self.names or y not in known]:
            raise KeyError(f"not in the bank: {', '.join(absent)}")
        at = [(known.index(int(y)), self.names.index(n)) for n, y in zip(names, years, strict=True)]
        return np.stack([self.values[self.ok, t, k] for t, k in at], axis=1).astype(float)

    def first(self, runs: int) -> Bank:
        """Return the bank with its first runs only."""
        return replace(self, values=self.values[:runs])


def bank_scenario(scenario: Scenario, until: int | None = None) -> Scenario:
    """Return what a bank runs of a scenario: draws come from the priors, and years end with the data."""
    from simulator.scenario import Replicates

    first, last = scenario.years
    end = last if until is None else min(max(until, first), last)
    return replace(scenario, years=(first, end), calibration="evidence", replicates=Replicates())


def bank_hash(scenario: Scenario, seed: int) -> str:
    """Return the hash of everything that the runs of a bank depend on, ``scenario`` as from ``bank_scenario``."""
    from simulator.model import INDICATORS

    content = {
        "scenario": scenario.fingerprint(),
        "model": model_hash(),
        "parameters": [[row.name, row.value, repr(row.prior)] for row in parameter_rows()],
        "indicators": list(INDICATORS),
        "seed": seed,
        "shard": SHARD,
    }
    return digest(json.dumps(content, sort_keys=True).encode())


def _shard_path(folder: Path, whole: str, first: int) -> Path:
    return folder / f"{first:06d}-{digest(f'{whole} {first} {SHARD}'.encode())[:HASH_DIGITS]}.npy"


def _read_shard(path: Path, shape: tuple[int, int, int]) -> np.ndarray | None:
    return read_array(path, shape, np.float32)  # None: not there, or not one of ours; it is made anew


def make_bank(
    scenario: Scenario,
    runs: int = RUNS,
    *,
    until: int | None = None,
    seed: int = 0,
    jobs: int | None = None,
    progress: Progress | None = None,
    parent: Path | None = None,
) -> Bank:
    """Return a bank of at least ``runs`` runs (whole shards) up to the year ``until``; only missing shards are run.

    Raises StudyError where more than one run in twenty failed or a worker died; what was run by then is kept.
    """
    from simulator.model import INDICATORS

    if runs < 1:
        raise ValueError(f"runs must be at least 1, not {runs}")
    mine = bank_scenario(scenario, until)
    whole = bank_hash(mine, seed)
    folder = (PARENT if parent is None else parent) / f"{mine.region.id}-{whole[:HASH_DIGITS]}"
    folder.mkdir(parents=True, exist_ok=True)
    if (note := folder / "bank.json").is_file():
        BANK.check(read_json(note), note)
    clear_parts(folder)
    years = np.arange(mine.years[0], mine.years[1] + 1)
    shape = (SHARD, len(years), len(INDICATORS))
    firsts = range(0, runs, SHARD)
    paths = {first: _shard_path(folder, whole, first) for first in firsts}
    missing = [first for first in firsts if _read_shard(paths[first], shape) is None]
    if missing:
        _describe(folder, mine, whole, seed, years)
        _run_shards(mine, seed, jobs, {f: paths[f] for f in missing}, progress, len(firsts))
    shards = [_read_shard(path, shape) for path in paths.values()]
    if any(shard is None for shard in shards):
        raise StudyError(f"the bank in {folder} could not be read back; is the disk full?")
    values = np.concatenate([shard for shard in shards if shard is not None])
    bank = Bank(mine.region.id, whole, seed, years, tuple(INDICATORS), values, tuple(parameter_rows()), folder)
    _refuse_failures(bank, mine)
    return bank


def _describe(folder: Path, scenario: Scenario, whole: str, seed: int, years: np.ndarray) -> None:
    from simulator.model import INDICATORS

    content = {
        **BANK.stamp,
        "hash": whole,
        "scenario": scenario.fingerprint(),
        "file": scenario.path.name,
        "model": model_hash(),
        "seed": seed,
        "years": years.tolist(),
        "shard": SHARD,
        "indicators": list(INDICATORS),
    }
    write_aside(folder / "bank.json", json.dumps(content, indent=1).encode() + b"\n")


def _refuse_failures(bank: Bank, scenario: Scenario) -> None:
    failed = np.flatnonzero(~bank.ok).tolist()
    if len(failed) > TOLERATED_FAILURES * len(bank.values):
        raise too_many_failed(failed, len(bank.values), lambda number: _one(scenario, number, bank.seed))


# ---- runs ---------------------------------------------------------------------------------------------


def _one(scenario: Scenario, number: int, seed: int) -> np.ndarray:
    """Return what one run gave, (T, K); raises what it raises, and ValueError for what is not a number."""
    from simulator.simulate import simulate

    luck = seed * SEED_STRIDE + max(number, 0)
    found = np.asarray(simulate(scenario, values_of(number, seed), luck).values, np.float32)
    if not np.isfinite(found).all():
        raise ValueError("not a finite number")
    return found


def _shard(held: tuple[Scenario, int], first: int) -> np.ndarray:
    """Return the runs of a shard, (SHARD, T, K), NaN where one failed."""
    scenario, seed = held
    rows: list[np.ndarray | None] = []
    for number in range(first, first + SHARD):
        try:
            rows.append(_one(scenario, number, seed))
        except MemoryError:  # the machine's fault, not the draw's: nothing is kept, the same command goes on
            raise
        except Exception:  # one bad run must not cost the others; how many there were is looked at in the end
            rows.append(None)
    like = next((row for row in rows if row is not None), None)
    if like is None:
        from simulator.model import INDICATORS

        like = np.empty((scenario.years[1] - scenario.years[0] + 1, len(INDICATORS)), np.float32)
    return np.stack([np.full_like(like, np.nan) if row is None else row for row in rows])


def _run_shards(
    scenario: Scenario, seed: int, jobs: int | None, paths: dict[int, Path], progress: Progress | None, total: int
) -> None:
    """Run the missing ones of ``total`` shards and keep each as it comes."""
    done = total - len(paths)

    def warm() -> None:
        with suppress(Exception):  # what is wrong with the scenario shows in its runs
            _one(scenario, CENTRAL, seed)

    def kept() -> str:
        return f"{done * SHARD} runs are kept, the same command goes on"

    alone = 1 if len(paths) == 1 else jobs
    for first, values in work_all(_shard, (scenario, seed), list(paths), jobs=alone, warm=warm, kept=kept):
        write_array(paths[first], values)
        done += 1
        if progress is not None:
            progress(done * SHARD, total * SHARD)
