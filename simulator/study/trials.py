"""The virtual trials of ``ris evaluate``: published designs and estimators on simulated micro data, beside the source.

``calibration/trials.yaml`` declares them. A trial runs one world (a draw of the parameters and its luck) after the
other, in batches of fixed size, until the interval of each of its rows is as tight as declared or the most worlds are
run. No parameter is set for a trial: what is not reproduced is printed as a miss.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from simulator.core.declare import Label
from simulator.core.problems import Place, Problems
from simulator.model import LEVERS
from simulator.scenario import Scenario
from simulator.study import trial_cities, trial_designs, trial_designs_tax
from simulator.study.engine import work_all
from simulator.study.output import HASH_DIGITS, digest
from simulator.study.posterior import load_posterior
from simulator.study.replicates import SEED_STRIDE, Progress, StudyError, load_scenario, values_of
from simulator.study.trial_estimators import Fit, Table, shuffled_p
from simulator.study.trial_shapes import ESTIMATORS
from simulator.study.trial_worlds import Lab

ROOT = Path(__file__).resolve().parents[2]
DECLARED = ROOT / "calibration" / "trials.yaml"
DESIGNS = {**trial_designs.DESIGNS, **trial_designs_tax.DESIGNS, **trial_cities.DESIGNS}
MOST_FAILED = 0.05  # of the worlds of a trial: with more, those that are left are a selection
MARKS = ("by construction", "emergent")
REPRODUCED, MISSED, OPEN = "reproduced", "missed", "open"

# What is done to an estimate before it is shown; ``per_log_cost`` needs the tables.
THEN: dict[str, Callable[[float], float]] = {
    "": lambda x: x,
    "percent": lambda x: 100.0 * x,
    "percent_of_log": lambda x: 100.0 * math.expm1(x),
    "doubling": lambda x: 100.0 * (2.0**x - 1.0),
    "months": lambda x: 12.0 * x,
    "ratio_of_log": math.exp,
    "rest": lambda x: 1.0 - x,
}


@dataclass(frozen=True)
class Published:
    """What a study reports: an estimate and range where there is one, words where there is a sign only."""

    source: str
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    says: Label | None = None


@dataclass(frozen=True)
class Row:
    """One estimand of a trial: how it is estimated, what is published, and the band that counts as reproduced."""

    id: str
    label: Label
    estimator: str
    arguments: dict[str, Any]
    published: Published
    band: str
    tight: float
    unit: str
    mark: str
    then: str = ""
    low: float = -math.inf
    high: float = math.inf

    def fit(self, tables: Sequence[Table]) -> Fit:
        """Return the estimate of the tables of some worlds, in the unit shown."""
        raw = ESTIMATORS[self.estimator](tables, **self.arguments)
        if self.then == "per_log_cost":
            log_cost = float(np.mean([t["log_cost"][0] for t in tables]))
            if self.estimator == "differences":
                return raw.then(lambda x: x / log_cost)
            return raw.then(lambda x: math.log1p(x) / log_cost if x > -1.0 else math.nan)
        return raw.then(THEN[self.then])


@dataclass(frozen=True)
class Trial:
    """One published study: its design, with what settings, and what is estimated."""

    id: str
    label: Label
    design: str
    settings: dict[str, Any]
    batch: int
    most: int
    cannot: Label
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Found:
    """One line of the table: the model's estimate and 90 % interval beside the source's."""

    trial: Trial
    row: Row
    estimate: float
    low: float
    high: float
    worlds: int
    p: float | None = None

    @property
    def verdict(self) -> str:
        """Return whether the estimate lies in the band; open where the interval crosses an end of it."""
        if not math.isfinite(self.estimate) or any(self.low < end < self.high for end in (self.row.low, self.row.high)):
            return OPEN
        return REPRODUCED if self.row.low <= self.estimate <= self.row.high else MISSED


@dataclass(frozen=True)
class Evaluation:
    """The lines of all trials asked for, what was drawn from, worlds that failed, and how long it took (seconds)."""

    found: list[Found]
    calibration: str
    failed: tuple[str, ...] = ()
    seconds: float = 0.0


def load_trials(path: Path = DECLARED) -> tuple[str, list[Trial]]:
    """Return the scenario and the trials of the declaration; raises ValueError for what is unknown."""
    data = YAML(typ="safe").load(path.read_text("utf-8"))
    return str(data["scenario"]), [_trial(raw, path.name) for raw in data["trials"]]


def _trial(raw: Mapping[str, Any], name: str) -> Trial:
    rows = []
    for row in raw["rows"]:
        where = f"{name}: {raw['id']}.{row['id']}"
        if row["estimator"] not in ESTIMATORS:
            raise ValueError(f"{where}: no estimator {row['estimator']!r}")
        if row.get("then", "") not in (*THEN, "per_log_cost"):
            raise ValueError(f"{where}: no such step {row['then']!r}")
        if row["mark"] not in MARKS:
            raise ValueError(f"{where}: mark is {row['mark']!r}")
        published = dict(row["published"])
        if says := published.get("says"):
            published["says"] = Label(**says)
        rows.append(Row(**{**row, "label": Label(**row["label"]), "published": Published(**published)}))
    if raw["design"] not in DESIGNS:
        raise ValueError(f"{name}: {raw['id']}: no design {raw['design']!r}")
    batch, most = (int(n) for n in raw["worlds"])
    settings = dict(raw["settings"])
    if settings.get("settings") == "dose":
        settings["settings"] = dict(LEVERS["talent_attraction"].dose)
    return Trial(
        raw["id"], Label(**raw["label"]), raw["design"], settings, batch, most, Label(**raw["cannot"]), tuple(rows)
    )


def chosen(trials: Sequence[Trial], names: Iterable[str]) -> list[Trial]:
    """Return the trials of these names, all of them for none; raises InputError for an unknown one."""
    wanted, known, problems = list(names), {t.id: t for t in trials}, Problems()
    for name in wanted:
        if name not in known:
            problems.add(Place(DECLARED.name), "no such trial", read=name, among=tuple(known))
    problems.raise_any()
    return [t for t in trials if not wanted or t.id in wanted]


def identity(names: Iterable[str], seed: int, calibration: str, path: Path = DECLARED) -> str:
    """Return eight hexadecimal digits that name what was asked for: trials, their declaration, seed and parameters."""
    parts = (path.read_text("utf-8"), *sorted(names), str(seed), calibration)
    return digest("\n".join(parts).encode())[:HASH_DIGITS]


# ---- runs -------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _scenario(path: str) -> Scenario:
    return load_scenario(path)


def one_world(number: int, trial: Trial, path: str, seed: int, calibration: str) -> Table | str:
    """Return the table of one world of a trial, draw ``number`` and luck of its own; in words what went wrong."""
    try:
        return table_of(number, trial, path, seed, calibration)
    except Exception as error:  # one bad draw must not end a study, whatever it raises
        return f"{trial.id}, world {number}, seed {seed}: {type(error).__name__}: {error}".splitlines()[0]


def _world_of(held: tuple[Trial, str, int, str], number: int) -> Table | str:
    return one_world(number, *held)


def table_of(number: int, trial: Trial, path: str, seed: int, calibration: str) -> Table:
    """Return the table of one world of a trial; whatever it raises comes through."""
    scenario = _scenario(path)
    posterior = load_posterior(scenario.region.id, "history") if calibration == "history" else None
    values = values_of(number, seed) if posterior is None else posterior.values(number, seed)
    table = DESIGNS[trial.design](Lab(scenario, number, values, seed * SEED_STRIDE + number), **trial.settings)
    return {name: column.astype(np.float32) if column.dtype == np.float64 else column for name, column in table.items()}


def look(trial: Trial, tables: Sequence[Table]) -> list[Found]:
    """Return the lines of a trial from the tables of its worlds."""
    lines = []
    for row in trial.rows:
        fit = row.fit(tables)
        low, high = fit.interval()
        p = None
        if row.estimator == "lottery":
            p = shuffled_p(tables, row.arguments["outcome"], offer=row.arguments.get("offer", "offer"))
        lines.append(Found(trial, row, fit.estimate(), low, high, len(tables), p))
    return lines


def tight(lines: Sequence[Found]) -> bool:
    """Return whether every line's interval is as narrow as its row asks for."""
    return all(line.high - line.low <= 2.0 * line.row.tight for line in lines)


def evaluate(
    names: Iterable[str] = (),
    *,
    path: Path = DECLARED,
    jobs: int | None = None,
    seed: int = 0,
    calibration: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Run the trials of these names (all for none) and return their lines.

    ``calibration`` is ``history`` (the posterior, the default where one is shipped) or ``evidence`` (the priors). The
    result does not depend on ``jobs``. Raises InputError for an unknown trial, StudyError where too many worlds fail or
    a worker died.
    """
    began = time.perf_counter()
    scenario, declared = load_trials(path)
    trials = chosen(declared, names)
    full = str(ROOT / scenario)
    if calibration is None:
        calibration = "evidence" if load_posterior(_scenario(full).region.id, "history") is None else "history"
    done, total = 0, sum(t.most for t in trials)
    found: list[Found] = []
    failed: list[str] = []
    one_world(0, trials[0], full, seed, calibration)  # here, so that forked workers start with every kernel compiled
    for trial in trials:
        held = (trial, full, seed, calibration)
        tables: list[Table] = []
        lines: list[Found] = []
        tried = 0
        while tried < trial.most and not (lines and tight(lines)):
            batch = range(tried, min(tried + trial.batch, trial.most))
            results: dict[int, Table | str] = {}
            for number, result in work_all(_world_of, held, batch, jobs=jobs or None):
                results[number] = result
                done += 1
                if progress is not None:
                    progress(done, total)
            for number in batch:  # in this order, to the last bit
                (failed if isinstance(result := results[number], str) else tables).append(result)  # type: ignore[arg-type]
            tried += len(batch)
            if tried - len(tables) > MOST_FAILED * tried:
                raise StudyError("too many worlds failed:\n" + "\n".join(failed))
            lines = look(trial, tables)
        total -= trial.most - tried
        found += lines
    return Evaluation(found, calibration, tuple(failed), time.perf_counter() - began)
