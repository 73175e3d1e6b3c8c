"""The runner: runs the rows of a design, in shards that are kept, on processes or a cluster."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.study.design import DECLARED, Design, Row, kind_of
from simulator.study.engine import Died, refuse_other_code, work
from simulator.study.failed import SHOWN, Failed, record, refuse, replay, replay_row
from simulator.study.output import model_hash
from simulator.study.replicates import SEED_STRIDE, TOLERATED_FAILURES, Progress, StudyError, not_finite, parameters_of
from simulator.study.shards import (
    Shard,
    locked,
    read_shard,
    row_numbers,
    shard_path,
    write_shard,
)
from simulator.study.tally import count, counted

if TYPE_CHECKING:
    import pandas

    from simulator.simulate import Run

WARMING_LUCK = SEED_STRIDE - 1  # of a run that is not counted: no row has it
PILOT_SHARDS, PILOT_SECONDS = 3, 5.0

__all__ = ["Failed", "Results", "counted", "replay", "replay_row", "run_design", "run_row"]
Numbers = tuple[int, ...]
Values = Mapping[str, float]


@dataclass(frozen=True)
class Results:
    """What the rows of a design gave: ``values`` (n, M) by row and outcome, NaN where a run failed.

    ``found`` of the rows lay in the folder already, ``ran`` were run now.
    """

    design: Design
    values: np.ndarray
    failures: tuple[Failed, ...] = ()
    folder: Path | None = None
    ran: int = 0
    found: int = 0
    seconds: float = 0.0

    def outcome(self, name: str) -> np.ndarray:
        """Return one outcome of every row, (n,)."""
        return np.asarray(self.values[:, self.design.outcomes.names.index(name)])

    def frame(self) -> pandas.DataFrame:
        """Return the design's rows with one column an outcome."""
        import pandas

        kept = pandas.DataFrame(self.values, columns=list(self.design.outcomes.names))
        return pandas.concat([self.design.frame(), kept], axis=1)


def run_design(
    design: Design,
    folder: Path | None = None,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Results:
    """Run every row and return what they gave, in the rows' order.

    With a ``folder`` finished shards are kept there and never run again, and ``results.parquet`` holds the rows of
    every design that this process ran there, in their order. ``cluster`` is the address of a Dask scheduler
    (``tcp://...``). The figures do not depend on ``jobs``, on the cluster or on the order in which runs end.
    Raises StudyError where more than one run in twenty failed, memory is short or another process is in the folder,
    InputError where a row changes what is no factor.
    """
    begun = time.perf_counter()
    _known_factors(design)
    with locked(folder):
        study = _Study(design, folder, jobs, cluster, progress)
        found = study.find()
        count(found, len(study.numbers) - found)
        rows_found = study.rows_done
        try:
            study.run()
        except MemoryError:
            more = ": with fewer jobs the same command goes on" if folder is not None else ""
            raise StudyError(f"not enough memory; what was run is kept{more}") from None
        except OSError as error:  # a full disk, a cluster that went away
            raise StudyError(f"{folder or 'the study'} was stopped: {error}; what was run is kept") from None
        none = np.empty((0, len(design.outcomes.names)))
        values = np.concatenate([none, *(study.shards[k].values for k in range(len(study.numbers)))])
        messages = {
            n: study.shards[k].messages[i]
            for k, numbers in enumerate(study.numbers)
            for i, n in enumerate(numbers)
            if i in study.shards[k].messages
        }
        failures = record(design, folder, values, messages)
    refuse(failures, len(design.rows), folder)
    seconds = time.perf_counter() - begun
    return Results(design, values, failures, folder, len(design.rows) - rows_found, rows_found, seconds)


def _known_factors(design: Design) -> None:
    """Raise InputError for names that are no factors: before the runs, not in each of them."""
    seen = {(row.scenario, name) for row in design.rows for name, _ in row.changes}
    for number, name in sorted(seen):
        kind_of(name, design.scenarios[number])


def run_row(design: Design, row: Row) -> np.ndarray:
    """Return the outcomes of one row, (M,)."""
    from simulator.simulate import simulate

    run = simulate(design.scenario_of(row), design.values_of(row), design.luck_of(row))
    return design.outcomes.read(run)


# ---- one pass over a design ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Held:
    """What every piece of work shares."""

    design: Design
    model: str


@dataclass(frozen=True)
class _Sent:
    """Rows to be run, and the parameters of their draws: a cluster's workers need no posterior."""

    numbers: Numbers
    values: dict[tuple[str, str, int], Values]


class _Study:
    """The shards of a design: those found, those that are run."""

    def __init__(
        self, design: Design, folder: Path | None, jobs: int | None, cluster: str | None, progress: Progress | None
    ) -> None:
        self.design, self.folder, self.progress = design, folder, progress
        self.where: dict[str, Any] = {"jobs": jobs, "cluster": cluster}
        self.numbers = row_numbers(design)
        self.shards: dict[int, Shard] = {}

    @property
    def rows_done(self) -> int:
        """Return how many rows the shards hold that are there."""
        return sum(len(self.numbers[k]) for k in self.shards)

    def find(self) -> int:
        """Read the shards that are there; return their number."""
        if self.folder is not None:
            for k, numbers in enumerate(self.numbers):
                shape = (len(numbers), len(self.design.outcomes.names))
                if (shard := read_shard(shard_path(self.folder, self.design, numbers), shape)) is not None:
                    self.shards[k] = shard
        return len(self.shards)

    def run(self) -> None:
        """Run the shards that are missing and keep each as it comes."""
        place = {self.numbers[k]: k for k in range(len(self.numbers)) if k not in self.shards}
        killers = []
        for numbers, result in self._work(list(place), warm=self._warm):
            if isinstance(result, Died):
                killers.append(numbers)
            else:
                self._keep(place[numbers], result, whole=True)
        if killers:
            self._one_by_one(killers, place)

    def _one_by_one(self, killers: Sequence[Numbers], place: Mapping[Numbers, int]) -> None:
        """Run the rows of shards on which processes died each alone: only the guilty ones fail.

        Their shards are not kept: a process may have died for want of memory, and a study that goes on tries again.
        """
        rows: list[Numbers] = [(n,) for numbers in killers for n in numbers]
        gone = np.full((1, len(self.design.outcomes.names)), np.nan)
        found: dict[int, Shard] = {}
        dead = 0
        for (n,), result in self._work(rows, apart=True):
            found[n] = Shard(gone, {0: result.message}) if isinstance(result, Died) else result
            dead += isinstance(result, Died)
            if dead > TOLERATED_FAILURES * len(self.design.rows) and dead > SHOWN:
                raise StudyError(f"{dead} of {len(self.design.rows)} runs killed their process, the last row {n}")
        for numbers in killers:
            mine = [found[n] for n in numbers]
            said = {i: shard.messages[0] for i, shard in enumerate(mine) if shard.messages}
            died = any(message == Died().message for message in said.values())
            self._keep(place[numbers], Shard(np.concatenate([s.values for s in mine]), said), whole=not died)

    def _work(self, items: list[Numbers], **more: Any) -> Iterator[tuple[Numbers, Any]]:
        local = self.where["cluster"] is None
        design = self.design if local else replace(self.design)  # without the hashes that it keeps
        held = _Held(design, model_hash())
        return work(_run_rows, held, items, prepare=self._prepared, **self.where, **more)

    def _prepared(self, numbers: Numbers) -> _Sent:
        rows = [self.design.rows[n] for n in numbers]
        return _Sent(numbers, {_source(self.design, row): self.design.values_of(row) for row in rows})

    def _keep(self, k: int, shard: Shard, whole: bool) -> None:
        self.shards[k] = shard
        if self.folder is not None and whole:
            write_shard(shard_path(self.folder, self.design, self.numbers[k]), shard)
        if self.progress is not None:
            self.progress(self.rows_done, len(self.design.rows))

    def _warm(self) -> None:
        global _is_warm
        if not _is_warm:
            _warming_run(self.design)
            _is_warm = True


_is_warm = False  # whether this process has run the model before: what it forks has every kernel then


def _warming_run(design: Design) -> None:
    from simulator.simulate import simulate

    scenario = design.scenarios[0]
    with suppress(Exception):  # what is wrong with it shows in the rows
        simulate(scenario, parameters_of(scenario, DECLARED, design.seed), design.seed * SEED_STRIDE + WARMING_LUCK)


def _source(design: Design, row: Row) -> tuple[str, str, int]:
    scenario = design.scenarios[row.scenario]
    return scenario.region.id, scenario.calibration, row.draw


def _run_rows(held: _Held, sent: _Sent) -> Shard:
    """Run some rows; those with the same draw and luck together, so that years that they share are run once."""
    design = held.design
    refuse_other_code(held.model)
    together: dict[Any, list[int]] = {}
    for i, n in enumerate(sent.numbers):
        row = design.rows[n]
        together.setdefault((_source(design, row), row.luck), []).append(i)
    values = np.full((len(sent.numbers), len(design.outcomes.names)), np.nan)
    messages: dict[int, str] = {}
    for (source, _), places in together.items():
        rows = [design.rows[sent.numbers[i]] for i in places]
        for i, result in zip(places, _run_group(design, rows, sent.values[source]), strict=True):
            if isinstance(result, str):
                messages[i] = result
            else:
                values[i] = result
    return Shard(values, messages)


def _run_group(design: Design, rows: Sequence[Row], values: Values) -> list[np.ndarray | str]:
    from simulator.simulate import simulate, simulate_together

    luck = design.luck_of(rows[0])
    if len(rows) > 1:
        try:
            runs = simulate_together([design.scenario_of(row) for row in rows], values, luck)
            return [_judged(design, run) for run in runs]
        except MemoryError:  # the machine's fault, not the rows'
            raise
        except Exception:  # which of them it was shows when each runs alone
            pass
    out: list[np.ndarray | str] = []
    for row in rows:
        try:
            out.append(_judged(design, simulate(design.scenario_of(row), values, luck)))
        except MemoryError:
            raise
        except Exception as error:  # one bad run must not cost the others, whatever it raises
            out.append(f"{type(error).__name__}: {error}".splitlines()[0])
    return out


def _judged(design: Design, run: Run) -> np.ndarray | str:
    """Return the outcomes of a run, or what is wrong with them."""
    found = design.outcomes.read(run)
    if bad := not_finite(run):
        return f"not a finite number: {bad}"
    names = [name for name, value in zip(design.outcomes.names, found, strict=True) if not math.isfinite(value)]
    return f"not a finite number: {', '.join(names)}" if names else found


# ---- before the start ---------------------------------------------------------------------------------


def found_rows(design: Design, folder: Path) -> int:
    """Return how many rows of a design a folder holds already."""
    study = _Study(design, folder, None, None, None)
    study.find()
    return study.rows_done


def seconds_a_row(design: Design) -> float:
    """Return the median seconds of a row on one core, from a few shards after a run that is not counted."""
    _warming_run(design)
    numbers, took, begun = row_numbers(design), [], time.perf_counter()
    chosen = np.linspace(0, len(numbers) - 1, min(PILOT_SHARDS, len(numbers))).astype(int).tolist()
    study = _Study(design, None, None, None, None)
    for k in chosen:
        now = time.perf_counter()
        _run_rows(_Held(design, model_hash()), study._prepared(numbers[k]))
        took.append((time.perf_counter() - now) / len(numbers[k]))
        if time.perf_counter() - begun > PILOT_SECONDS:
            break
    return statistics.median(took) if took else 0.0
