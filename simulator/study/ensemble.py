"""An ensemble: one scenario, many simulated futures, and what they say about the targets and the money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import Place, Problems
from simulator.study.attribution import BASELINE, attribution_frame, companions
from simulator.study.budget import PAIRS, added_frame, budget_frame
from simulator.study.model_error import model_error_of
from simulator.study.output import inputs_of
from simulator.study.outside_paths import RUNS, Lost, Trials, out_of_reach, paths_needed
from simulator.study.plans import lead_of, load_leads
from simulator.study.pool import Pool
from simulator.study.posterior import KINDS, load_posterior
from simulator.study.replicates import (
    EVIDENCE,
    Failure,
    Outcome,
    Progress,
    design,
    load_scenario,
    refuse_too_many,
    replaying,
    with_command,
)
from simulator.study.statistics import half_width
from simulator.study.tables import Tables, costs_frame, money_frame, series_frame, targets_frame
from simulator.study.targets import SIMULATED, Target, targets_of

if TYPE_CHECKING:
    import pandas

    from simulator.scenario import Scenario
    from simulator.study.pieces import Pieces

BATCH = 20


@dataclass(frozen=True)
class RunResult:
    """The runs of one scenario that came through, in the order of their indices, and those that failed.

    ``beside`` and ``lost`` hold, by name, the runs of its ``companions`` that came through and those that failed.
    ``how`` holds where the runs that a table still needs take place: the cluster, and what keeps them. ``inputs`` are
    the digests, when the runs began, of every file that the results depend on.
    """

    scenario: Scenario
    name: str
    seed: int
    outcomes: tuple[Outcome, ...]
    failures: tuple[Failure, ...]
    planned_targets: tuple[Target, ...]
    sizes: tuple[int, ...]
    seconds: float
    jobs: int
    beside: dict[str, tuple[Outcome, ...]] = field(default_factory=dict)
    lost: dict[str, tuple[Failure, ...]] = field(default_factory=dict)
    companions: dict[str, Scenario] = field(default_factory=dict)
    attributed: bool = False
    how: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    inputs: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def replicates(self) -> int:
        """Return how many runs were asked for."""
        return len(self.outcomes) + len(self.failures)

    @property
    def years(self) -> np.ndarray:
        """Return the simulated years (T,)."""
        return self.outcomes[0].years

    @property
    def draws(self) -> np.ndarray:
        """Return the number of the parameter draw of each run (n,)."""
        return np.array([o.replicate.draw for o in self.outcomes])

    def series(self, indicator: str) -> np.ndarray:
        """Return one indicator of every run, (n, T) in its unit; raises KeyError for an unknown one."""
        names = self.outcomes[0].names
        if indicator not in names:
            raise KeyError(f"unknown indicator {indicator!r}")
        return np.stack([o.values[:, names.index(indicator)] for o in self.outcomes])

    def table(self) -> pandas.DataFrame:
        """Return every series as tidy rows: scenario, draw, seed, year, indicator, value, unit."""
        return self.frames().series

    def targets(self) -> pandas.DataFrame:
        """Return one row a target: quantiles, probability and its Wilson interval, distance, true state.

        ``probability_with_error`` counts the model's own error too, where a fit to history has one.
        """
        return self.frames().targets

    def costs(self) -> pandas.DataFrame:
        """Return what each entry cost whom in each year, in CNY of the year: mean, p05, p95 over runs."""
        return self.frames().costs

    def money(self) -> pandas.DataFrame:
        """Return sums over years by payer and kind, in CNY: mean, p05, p95 over runs."""
        return self.frames().money

    def variance(self) -> pandas.DataFrame:
        """Return for each simulated target which share of the variance is luck and which ignorance."""
        frame = self.targets()
        simulated = frame[frame["status"] == SIMULATED]
        return simulated[["id", "name", "indicator", "year", "luck", "ignorance", "pairs"]].reset_index(drop=True)

    def tables(self) -> Tables:
        """Return everything that pages and figures are made from."""
        return self._tables

    def frames(self) -> Tables:
        """Return the tables that need no other scenario's runs, but for what the plan adds to its baseline."""
        return self._frames

    def meta(self) -> dict[str, Any]:
        """Return names, years and counts of the run as plain data."""
        return describe(self)

    @cached_property
    def _frames(self) -> Tables:
        from simulator.model import INDICATORS

        start = self.scenario.region.plan_start
        return Tables(
            self.meta(),
            series_frame(self.name, self.outcomes, INDICATORS),
            targets_frame(self.planned_targets, self.outcomes, INDICATORS, start, model_error_of(self.scenario)),
            costs_frame(self.name, self.outcomes),
            self._money(),
        )

    @cached_property
    def _tables(self) -> Tables:
        region = self.scenario.region
        paths_needed, lost = self._paths_needed(self._frames.targets)
        meta = self._frames.meta
        return replace(
            self._frames,
            meta={**meta, "beside": [*meta["beside"], *(said_of_lost(*one) for one in lost)]},
            budget=budget_frame(
                self.name,
                region,
                self.scenario.counterfactual.outside(region, self.scenario.drivers),
                self.outcomes,
                self.beside.get(BASELINE, ()),
            ),
            attribution=self._attribution(),
            paths_needed=paths_needed,
        )

    def _money(self) -> pandas.DataFrame:
        import pandas

        start, baseline = self.scenario.region.plan_start, self.beside.get(BASELINE, ())
        frame = money_frame(self.name, self.outcomes, start)
        if not baseline:
            return frame
        return pandas.concat([frame, added_frame(self.name, self.outcomes, baseline, start)], ignore_index=True)

    def _attribution(self) -> pandas.DataFrame | None:
        from simulator.model import INDICATORS

        if not self.attributed:
            return None
        start = self.scenario.region.plan_start
        return attribution_frame(self.planned_targets, self.outcomes, self.beside, INDICATORS, start)

    def _paths_needed(self, targets: pandas.DataFrame) -> tuple[pandas.DataFrame | None, list[Lost]]:
        from simulator.model import INDICATORS

        if not self.attributed:
            return None, []
        chances = dict(zip(targets["id"], targets["probability"], strict=True))
        wanted = out_of_reach(self.planned_targets, chances)
        runs = min(RUNS, len(self.outcomes))
        trials = Trials(self.scenario, self.seed, self.jobs, runs, **self.how)
        return paths_needed(trials, wanted, INDICATORS), trials.lost()

    def plot(self, folder: str | Path, language: str = "en") -> list[Path]:
        """Draw every figure into a folder, each with its numbers in a .csv beside it."""
        from simulator.report.figures import draw_run

        return draw_run(self._tables, Path(folder), language)

    def save(self, folder: str | Path, language: str = "en", command: str = "") -> Path:
        """Write the output folder; raises InputError where another run's results lie."""
        from simulator.study.output import save

        return save([self], Path(folder), self._tables, language, command=command)


def describe(result: RunResult) -> dict[str, Any]:
    """Return what a page says about a run: names, years, counts, calibration, entries."""
    scenario, region = result.scenario, result.scenario.region
    science_budget = region.figures.get("science_budget")
    general_budget = region.figures.get("general_budget_revenue")
    leads, planned = load_leads(region.folder.parent), result.planned_targets
    named = {s: lead_of(leads, region.id, s) for s in dict.fromkeys(t.section for t in planned)}
    error = model_error_of(scenario)

    def both(label: Any) -> dict[str, str] | None:
        return None if label is None else {"en": label.en, "zh": label.zh}

    return {
        "scenario": result.name,
        "title": both(scenario.title),
        "region": region.id,
        "region_name": both(region.name),
        "status": both(region.status),
        "plan_start": region.plan_start,
        "years": [int(result.years[0]), int(result.years[-1])],
        "calibration": scenario.calibration,
        "assumptions": dict(scenario.assumptions),
        "switches": dict(scenario.switches),
        "drivers": dict(scenario.drivers),
        "model_error": None if error is None else {"series": list(error.series), "points_before": error.start},
        "replicates": result.replicates,
        "completed": len(result.outcomes),
        "draws": len(np.unique(result.draws)),
        "seed": result.seed,
        "baseline": scenario.baseline,
        "attributed": result.attributed,
        "science_budget": None if science_budget is None else float(science_budget.value),
        "general_budget": None if general_budget is None else float(general_budget.value),
        "leads": {section: lead.lead if lead is not None else "" for section, lead in named.items()},
        "periods": {t.id: list(t.period) for t in planned if t.period is not None},
        "entries": [
            {"id": e.id, "lever": e.lever.name, **(both(e.title or e.lever.label) or {})} for e in scenario.entries
        ],
        "failures": _plain(result.failures),
        "beside": [
            said_of_lost(name, len(result.beside[name]) + len(lost), lost) for name, lost in result.lost.items() if lost
        ],
    }


def said_of_lost(name: str, runs: int, lost: Sequence[Failure]) -> dict[str, Any]:
    """Return what is kept of runs beside a scenario's own that failed: of which, how many of how many, each."""
    return {"name": name, "replicates": runs, "completed": runs - len(lost), "failures": _plain(lost)}


def _plain(failures: Sequence[Failure]) -> list[dict[str, Any]]:
    return [
        {"draw": f.replicate.draw, "seed": f.replicate.seed, "message": f.message, "command": f.command}
        for f in failures
    ]


def name_of(scenario: Scenario) -> str:
    """Return the short name of a scenario: its region and its file's stem."""
    stem, region = Path(scenario.path).stem, scenario.region.id
    return stem if stem.startswith(region) else f"{region}-{stem}"


def opened(scenario: Scenario | str | Path) -> Scenario:
    """Return a scenario, read from its file if need be, that can be run.

    Raises InputError for a bad file and for a calibration that has not been fitted.
    """
    from simulator.model import INDICATORS

    found = load_scenario(scenario) if isinstance(scenario, str | Path) else scenario
    problems, place = Problems(), Place(str(found.path))
    if found.calibration != EVIDENCE and load_posterior(found.region.id, found.calibration) is None:
        message = f"calibration {found.calibration!r} is not fitted yet"
        fitted = [kind for kind in KINDS if load_posterior(found.region.id, kind) is not None]
        problems.add(place, message, allowed="calibration: " + " or ".join([EVIDENCE, *fitted]))
    for address in found.replicates.until:
        name = address.partition("@")[0]
        if name not in INDICATORS:
            problems.add(place, "unknown indicator in replicates.until", read=name, among=tuple(INDICATORS))
    problems.raise_any()
    return found


def batch_sizes(scenario: Scenario, replicates: int | None) -> tuple[int, ...]:
    """Return after how many runs to look whether to stop: fixed steps, whatever the results are."""
    if replicates is not None:
        if replicates < 1:
            raise ValueError(f"replicates must be at least 1, not {replicates}")
        return (replicates,)
    wanted = scenario.replicates
    if not wanted.until:
        return (wanted.min,)
    return tuple(dict.fromkeys((*range(wanted.min, wanted.max, BATCH), wanted.max)))


def settled(scenario: Scenario, outcomes: Sequence[Outcome]) -> bool:
    """Return whether every ``until`` holds: half the 90 % interval of the mean is narrow enough."""
    if not outcomes:
        return False
    draws = np.array([o.replicate.draw for o in outcomes])
    for address, width in scenario.replicates.until.items():
        name, _, year = address.partition("@")
        column = outcomes[0].names.index(name)
        figures = np.array([o.values[o.years == int(year), column][0] for o in outcomes])
        if half_width(figures, draws) > width:
            return False
    return True


def collect(
    scenario: Scenario, name: str, results: Sequence[Outcome | Failure], sizes: tuple[int, ...], pool: Pool
) -> RunResult:
    """Return the result of a scenario's runs.

    Raises StudyError where more than one in twenty failed.
    """
    outcomes = tuple(r for r in results if isinstance(r, Outcome))
    failures = tuple(r for r in results if isinstance(r, Failure))
    refuse_too_many(name, failures, len(results))
    targets = targets_of(scenario)
    return RunResult(scenario, name, pool.seed, outcomes, failures, targets, sizes, pool.seconds, pool.jobs)


def run(
    scenario: Scenario | str | Path,
    *,
    replicates: int | None = None,
    jobs: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    attribute: bool = False,
    cluster: str | None = None,
    pieces: Pieces | None = None,
) -> RunResult:
    """Run a scenario many times: two seeds for each draw of the parameters, from priors or a posterior.

    Where it names a baseline, that runs beside it with the same draws and seeds: a few times for the money, and
    with ``attribute`` every time, along with the others that tell where each target's change comes from.

    ``replicates`` defaults to what the scenario asks for, else 100; ``jobs`` to the processors at hand.
    ``cluster`` is the address of a Dask scheduler; ``pieces`` keeps what is finished, and what it has is not run again.
    Results are the same for any number of jobs. Raises InputError for a scenario that cannot be run and
    StudyError where more than one run in twenty of it, or of one that runs beside it, failed.
    """
    found = opened(scenario)
    targets_of(found)  # a bad file of targets should not cost a study
    model_error_of(found)  # nor one of observed points
    sizes = batch_sizes(found, replicates)
    others = companions(found, attribute)
    inputs = inputs_of([found, *others.values()])  # before somebody edits them
    results: dict[int, list[Outcome | Failure]] = {number: [] for number in range(len(others) + 1)}
    how: dict[str, Any] = {"cluster": cluster, "pieces": pieces}
    pool = Pool([found, *others.values()], seed, jobs, **how)
    for size in sizes:
        batch = design(size, seed, start=len(results[0]))
        pairs = [r for r in batch if attribute or r.index < PAIRS]  # in one go, so that years are shared
        for number, more in pool.run({n: pairs if n else batch for n in results}, progress).items():
            results[number] += more
        if settled(found, [r for r in results[0] if isinstance(r, Outcome)]):
            break
    result = collect(found, name_of(found), results[0], sizes, pool)
    runs: dict[str, RunResult] = {}
    for number, (name, scenario) in enumerate(others.items(), 1):
        mine = with_command(results[number], partial(replaying, found, seed=seed, beside=name))
        runs[name] = collect(scenario, f"{result.name}, {name} run beside it", mine, sizes, pool)
    beside, lost = {n: r.outcomes for n, r in runs.items()}, {n: r.failures for n, r in runs.items()}
    return replace(result, beside=beside, lost=lost, companions=others, attributed=attribute, how=how, inputs=inputs)
