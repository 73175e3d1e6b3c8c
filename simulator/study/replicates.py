"""The design of replicates and the processes that run them.

Each draw of the parameters is run with two seeds, so that luck (seeds of one draw) and ignorance (draws)
can be told apart. A replicate is addressed by its index alone: results do not depend on the number of
processes, nor on the order in which runs end.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.parameters import draw, table
from simulator.study.kernels import load_without_events

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.simulate import Run

EVIDENCE = "evidence"  # the calibration whose draws come from the priors
SEEDS_PER_DRAW = 2
SEED_STRIDE = 1_000_003
LARGEST_CHUNK = 4
NAMES_SHOWN = 5
TOLERATED_FAILURES = 0.05  # of the runs of a study: with more nothing is concluded from the rest
FEW_DEATHS, MOST_DEATHS = 3, 0.05  # replicates, and share of them, that processes may die of before the rest is left
NEEDED_LATER = ("pandas", "pyarrow.parquet", "scipy.special", "matplotlib.figure", "matplotlib.backends.backend_agg")
Progress = Callable[[int, int], None]
BillKey = tuple[str, str, int, str, str]  # entry, lever, year, payer, kind
Chunk = tuple[tuple[int, ...], list["Replicate"]]  # the numbers of scenarios, the replicates to run of each
Work = tuple[tuple[int, ...], "Replicate"]


class StudyError(RuntimeError):
    """Too many runs failed for the rest to be worth reporting."""

    def __init__(self, message: str, failures: Sequence[Failure] = ()) -> None:
        super().__init__(message)
        self.failures = tuple(failures)


@dataclass(frozen=True)
class Replicate:
    """One run of a study: which draw of the parameters, and the number that addresses its luck."""

    index: int
    draw: int
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What one run gave: years (T,), values (T, K) and the sum of each bill in CNY of the year."""

    replicate: Replicate
    years: np.ndarray
    names: tuple[str, ...]
    values: np.ndarray
    bills: dict[BillKey, float]


@dataclass(frozen=True)
class Failure:
    """A run that raised or gave something that is not a number, and how to see it again."""

    replicate: Replicate
    scenario: str
    message: str
    command: str


def design(count: int, seed: int, start: int = 0) -> list[Replicate]:
    """Return the replicates ``start`` to ``count`` - 1 of a study."""
    return [Replicate(i, i // SEEDS_PER_DRAW, seed * SEED_STRIDE + i) for i in range(start, count)]


def load_scenario(path: str | Path) -> Scenario:
    """Return the scenario in a file, read against the model's levers, parameters and switches.

    Raises InputError with everything that is wrong with the file.
    """
    from simulator.model import LEVERS, SCHEDULE, SWITCHES
    from simulator.scenario import load

    names = [row.name for row in table(SCHEDULE, LEVERS.values())]
    return load(Path(path), LEVERS, names, SWITCHES)


def values_of(draw_number: int, seed: int) -> dict[str, float]:
    """Return the parameter values of one draw from the priors, by dotted name."""
    from simulator.model import LEVERS, SCHEDULE

    return draw(table(SCHEDULE, LEVERS.values()), draw_number, seed=seed)


def parameters_of(scenario: Scenario, draw_number: int, seed: int) -> dict[str, float]:
    """Return the parameter values of one draw: from the posterior that the scenario's calibration names, or the priors.

    Draw k takes row k of the posterior, modulo its size, in the order of the seed (``Posterior.values``). Raises
    StudyError where it has not been fitted.
    """
    if scenario.calibration == EVIDENCE or draw_number < 0:
        return values_of(draw_number, seed)
    from simulator.study.posterior import load_posterior

    found = load_posterior(scenario.region.id, scenario.calibration)
    if found is None:
        raise StudyError(f"{scenario.path}: calibration {scenario.calibration!r} is not fitted yet")
    return found.values(draw_number, seed)


def replay(path: str | Path, index: int, seed: int = 0) -> Run:
    """Run one replicate of a study again in this process; whatever it raises comes through."""
    from simulator.simulate import simulate

    replicate = design(index + 1, seed, index)[0]
    scenario = load_scenario(path)
    return simulate(scenario, parameters_of(scenario, replicate.draw, seed), replicate.seed)


def processors() -> int:
    """Return the number of processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def run_one(scenario: Scenario, replicate: Replicate, seed: int) -> Outcome | Failure:
    """Run one replicate; what goes wrong is returned, not raised."""
    from simulator.simulate import simulate

    try:
        values = parameters_of(scenario, replicate.draw, seed)
        return _outcome(scenario, replicate, simulate(scenario, values, replicate.seed), seed)
    except Exception as error:  # one bad run must not kill the others, whatever it raises
        return failed(scenario, replicate, seed, f"{type(error).__name__}: {error}".splitlines()[0])


def run_together(scenarios: Sequence[Scenario], replicate: Replicate, seed: int) -> list[Outcome | Failure]:
    """Run one replicate of several scenarios, the years that they share only once."""
    from simulator.simulate import simulate_together

    if len({scenario.calibration for scenario in scenarios}) == 1 < len(scenarios):
        try:
            runs = simulate_together(scenarios, parameters_of(scenarios[0], replicate.draw, seed), replicate.seed)
            return [_outcome(s, replicate, run, seed) for s, run in zip(scenarios, runs, strict=True)]
        except Exception:  # which of them it was shows when each runs alone
            pass
    return [run_one(scenario, replicate, seed) for scenario in scenarios]


def _outcome(scenario: Scenario, replicate: Replicate, run: Run, seed: int) -> Outcome | Failure:
    if bad := not_finite(run):
        return failed(scenario, replicate, seed, f"not a finite number: {bad}")
    return Outcome(replicate, np.asarray(run.years), tuple(run.names), np.asarray(run.values, float), _sums(run))


def matched(*several: Sequence[Outcome]) -> list[tuple[Outcome, ...]]:
    """Return the runs with the same draw and luck that came through in every one of several scenarios."""
    first, *others = several
    held = [{o.replicate.index: o for o in other} for other in others]
    return [(o, *(of[o.replicate.index] for of in held)) for o in first if all(o.replicate.index in of for of in held)]


def failed(scenario: Scenario, replicate: Replicate, seed: int, message: str) -> Failure:
    """Return the record of a failed run."""
    call = f"replay({str(scenario.path)!r}, index={replicate.index}, seed={seed})"
    command = f'python -c "from simulator.study.replicates import replay; {call}"'
    return Failure(replicate, str(scenario.path), message, command)


def not_finite(run: Run) -> str:
    """Return which figures of a run are no finite number, in words; nothing where all are."""
    rows, columns = np.nonzero(~np.isfinite(run.values))
    names = [f"{run.names[k]} in {int(run.years[t])}" for t, k in zip(rows, columns, strict=True)]
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more


def _sums(run: Run) -> dict[BillKey, float]:
    sums: dict[BillKey, float] = {}
    for bill in run.bills:
        if bill.year < run.years[0]:
            continue  # the years before those shown are only there to get the state right
        key = (bill.entry, bill.lever, int(bill.year), bill.payer, str(bill.kind))
        sums[key] = sums.get(key, 0.0) + float(bill.amount)
    return sums


# ---- processes --------------------------------------------------------------------------------------

_held: tuple[Sequence[Scenario], int] = ((), 0)


def _start_worker(scenarios: Sequence[Scenario], seed: int) -> None:
    """Keep the scenarios of a study in the worker, and leave an interrupt from the keyboard to the parent."""
    global _held
    _held = (scenarios, seed)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run_chunk(numbers: Sequence[int], replicates: Sequence[Replicate]) -> list[tuple[int, Outcome | Failure]]:
    return [found for replicate in replicates for found in _run_held(_held, (tuple(numbers), replicate))]


def _run_held(held: tuple[Sequence[Scenario], int], one: Work) -> list[tuple[int, Outcome | Failure]]:
    (scenarios, seed), (numbers, replicate) = held, one
    return list(zip(numbers, run_together([scenarios[n] for n in numbers], replicate, seed), strict=True))


class Pool:
    """Runs replicates of some scenarios, in this process (one job) or in several.

    The first run takes place here before the workers are forked, so that they start with every kernel
    compiled; where processes cannot be forked each worker warms up by itself. Not on ``engine``: chunks are queued
    ahead, so that this process loads libraries meanwhile without a worker waiting, and workers outlive a batch.
    What a worker's death left undone is, for there it is known which run a process died of.
    """

    def __init__(self, scenarios: Sequence[Scenario], seed: int, jobs: int | None = None) -> None:
        self.scenarios, self.seed = tuple(scenarios), seed
        self.jobs = processors() if jobs is None else jobs
        if self.jobs < 1:
            raise ValueError(f"jobs must be at least 1, not {jobs}")
        self.seconds = 0.0
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)

    def run(
        self, batches: Mapping[int, Sequence[Replicate]], progress: Progress | None = None
    ) -> dict[int, list[Outcome | Failure]]:
        """Run each scenario's replicates (by the scenario's number) and return them in their own order."""
        started = time.perf_counter()
        load_without_events()
        total = sum(len(replicates) for replicates in batches.values())
        results: dict[int, dict[int, Outcome | Failure]] = {number: {} for number in batches}
        done = 0
        for part in self._parts(batches):
            done += len(part)
            for number, result in part:
                results[number][result.replicate.index] = result
            if progress is not None:
                progress(done, total)
        self.seconds += time.perf_counter() - started
        return {number: [found[i] for i in sorted(found)] for number, found in results.items()}

    def _parts(self, batches: Mapping[int, Sequence[Replicate]]) -> Iterator[list[tuple[int, Outcome | Failure]]]:
        together: dict[Replicate, list[int]] = {}  # by replicate, the scenarios that run it
        for number, batch in batches.items():
            for replicate in batch:
                together.setdefault(replicate, []).append(number)
        works = list(together.items())
        here = len(works) if self.jobs == 1 or sum(map(len, batches.values())) < 2 else (0 if self._executor else 1)
        for replicate, numbers in works[:here]:
            scenarios = [self.scenarios[n] for n in numbers]
            yield list(zip(numbers, run_together(scenarios, replicate, self.seed), strict=True))
        if len(works) > here:
            yield from self._elsewhere(works[here:])

    def _elsewhere(self, works: Sequence[tuple[Replicate, list[int]]]) -> Iterator[list[tuple[int, Outcome | Failure]]]:
        executor = self._executor = self._executor or self._start()
        futures: dict[Future[Any], Chunk] = {}
        left: list[Chunk] = []
        for numbers, chunk in self._chunks(works):
            try:
                futures[executor.submit(_run_chunk, numbers, chunk)] = (numbers, chunk)
            except BrokenProcessPool:
                left.append((numbers, chunk))
        for name in NEEDED_LATER:  # while the workers are busy
            import_module(name)
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                left.append(futures[future])
        if left:
            executor.shutdown()
            self._executor = None  # the next batch starts fresh workers
            most = max(FEW_DEATHS, int(MOST_DEATHS * len(works)))
            yield from self._one_by_one([(numbers, replicate) for numbers, chunk in left for replicate in chunk], most)

    def _chunks(self, works: Sequence[tuple[Replicate, list[int]]]) -> Iterator[Chunk]:
        for numbers in dict.fromkeys(tuple(numbers) for _, numbers in works):
            mine = [replicate for replicate, those in works if tuple(those) == numbers]
            while mine:  # smaller towards the end, so that no worker is left alone with a large one
                size = max(1, min(LARGEST_CHUNK, len(mine) // (4 * self.jobs)))
                chunk, mine = mine[:size], mine[size:]
                yield numbers, chunk

    def _one_by_one(self, works: Sequence[Work], most: int) -> Iterator[list[tuple[int, Outcome | Failure]]]:
        """Run what a worker's death left, a replicate at a time: what a process dies of twice fails, the rest does not.

        With more than ``most`` such replicates the others are not run either: their study fails as a whole.
        """
        from simulator.study.engine import Died, work

        left, alone, died = dict.fromkeys(works), list[Work](), 0
        for one, found in work(_run_held, (self.scenarios, self.seed), works, jobs=self.jobs, apart=True):
            del left[one]
            died += isinstance(found, Died)
            if not isinstance(found, Died):
                yield found
            elif len(one[0]) > 1:  # which of the scenarios it was shows when each runs alone
                alone += [((number,), one[1]) for number in one[0]]
            else:
                yield self._lost(one, found.message)
            if died > most:
                break
        for one in left:
            yield self._lost(one, "not run: too many worker processes died")
        if alone:
            yield from self._one_by_one(alone, len(alone))

    def _lost(self, one: Work, message: str) -> list[tuple[int, Outcome | Failure]]:
        return [(number, failed(self.scenarios[number], one[1], self.seed, message)) for number in one[0]]

    def _start(self) -> ProcessPoolExecutor:
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
        return ProcessPoolExecutor(
            self.jobs, mp_context=context, initializer=_start_worker, initargs=(self.scenarios, self.seed)
        )
