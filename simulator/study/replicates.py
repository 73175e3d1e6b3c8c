"""The design of replicates, and what one of them gives.

Each draw of the parameters is run with two seeds, so that luck (seeds of one draw) and ignorance (draws)
can be told apart. A replicate is addressed by its index alone: results do not depend on the number of
processes, nor on the order in which runs end.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.core.parameters import draw, table

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.simulate import Run

EVIDENCE = "evidence"  # the calibration whose draws come from the priors
SEEDS_PER_DRAW = 2
SEED_STRIDE = 1_000_003
NAMES_SHOWN = 5
_ENDS_QUOTES = '"$`\\!'  # what a shell reads within double quotes
TOLERATED_FAILURES = 0.05  # of the runs of a study: with more nothing is concluded from the rest
Progress = Callable[[int, int], None]
BillKey = tuple[str, str, int, str, str]  # entry, lever, year, payer, kind
Values = Mapping[str, float]  # parameters by dotted name


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


def replay(path: str | Path, index: int, seed: int = 0, beside: str = "") -> Run:
    """Run one replicate of a study again in this process; whatever it raises comes through.

    ``beside`` names the scenario that ran beside that of the file: its ``baseline``, or another of an attribution.
    """
    from simulator.simulate import simulate
    from simulator.study.attribution import BASELINE, companions

    replicate = design(index + 1, seed, index)[0]
    scenario = load_scenario(path)
    if beside:
        scenario = companions(scenario, attribute=beside != BASELINE)[beside]
    return simulate(scenario, parameters_of(scenario, replicate.draw, seed), replicate.seed)


def processors() -> int:
    """Return the number of processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def run_one(scenario: Scenario, replicate: Replicate, seed: int, values: Values | None = None) -> Outcome | Failure:
    """Run one replicate, by default with the parameters of its draw; what goes wrong is returned, not raised."""
    from simulator.simulate import simulate

    try:
        values = parameters_of(scenario, replicate.draw, seed) if values is None else values
        return _outcome(scenario, replicate, simulate(scenario, values, replicate.seed), seed)
    except Exception as error:  # one bad run must not kill the others, whatever it raises
        return failed(scenario, replicate, seed, f"{type(error).__name__}: {error}".splitlines()[0])


def run_together(
    scenarios: Sequence[Scenario], replicate: Replicate, seed: int, drawn: Mapping[str, Values] | None = None
) -> list[Outcome | Failure]:
    """Run one replicate of several scenarios of a region, the years that they share only once.

    ``drawn`` are the parameters of its draw by calibration, where this process does not read them itself.
    """
    from simulator.simulate import simulate_together

    given = drawn or {}
    if len({scenario.calibration for scenario in scenarios}) == 1 < len(scenarios):
        try:
            values = given.get(scenarios[0].calibration) or parameters_of(scenarios[0], replicate.draw, seed)
            runs = simulate_together(scenarios, values, replicate.seed)
            return [_outcome(s, replicate, run, seed) for s, run in zip(scenarios, runs, strict=True)]
        except Exception:  # which of them it was shows when each runs alone
            pass
    return [run_one(scenario, replicate, seed, given.get(scenario.calibration)) for scenario in scenarios]


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
    return Failure(replicate, str(scenario.path), message, replaying(scenario, replicate, seed))


def replaying(scenario: Scenario, replicate: Replicate, seed: int, beside: str = "") -> str:
    """Return the command that runs a replicate again: of a scenario, or of one that ran beside it."""
    named = f", beside={beside!r}" if beside else ""
    call = f"replay({str(scenario.path)!r}, index={replicate.index}, seed={seed}{named})"
    return in_python(f"from simulator.study.replicates import replay; {call}")


def in_python(code: str) -> str:
    """Return a line of Python as a command for a shell, in quotes that a file's name cannot end."""
    return f"python -c {shlex.quote(code) if set(code) & set(_ENDS_QUOTES) else chr(34) + code + chr(34)}"


def with_command(results: Sequence[Outcome | Failure], command: Callable[[Replicate], str]) -> list[Outcome | Failure]:
    """Return results with another command to run each failed one again: the file alone does not say what was run."""
    return [replace(r, command=command(r.replicate)) if isinstance(r, Failure) else r for r in results]


def refuse_too_many(name: str, failures: Sequence[Failure], runs: int) -> None:
    """Raise StudyError where more than one in twenty of some runs failed, or none came through."""
    if len(failures) > TOLERATED_FAILURES * runs or len(failures) == runs:
        shown = "\n".join(
            f"  draw {f.replicate.draw}, seed {f.replicate.seed}: {f.message}\n    {f.command}"
            for f in failures[:NAMES_SHOWN]
        )
        raise StudyError(f"{name}: {len(failures)} of {runs} runs failed\n{shown}", failures)


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
