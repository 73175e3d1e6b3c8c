"""Which inputs the outcomes of a scenario hang on: elementary effects (Morris) and variance shares (Sobol).

Every point of the design is run with the same few seeds; indices are of the mean over these seeds, and apart from that
of their spread (the log of their standard deviation). With many single factors Morris goes in two stages: first whole
mechanisms and levers, then the single factors of those that stand above the floor in any outcome. Members of a group
move up and down at random, so that the expected square of the group's effect is the sum of its members' squares: a
group under the floor hardly hides a factor above it, and what is saved goes into more trajectories for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Place, Problems
from simulator.study.design import DECLARED, Design, Outcomes, Row, changed, outcomes_of
from simulator.study.ensemble import opened
from simulator.study.replicates import Progress, StudyError
from simulator.study.sensitivity_dummies import with_other_luck
from simulator.study.sensitivity_factors import Factor, allowed, factors_of, grouped, grouping_of, medians
from simulator.study.sensitivity_factors import asked as asked_factors
from simulator.study.sensitivity_indices import LEAST, Layout, layout
from simulator.study.sensitivity_stages import Plan, investigate
from simulator.study.sensitivity_tables import frame_of, meta_of
from simulator.study.shards import FAILURES

if TYPE_CHECKING:
    import pandas

    from simulator.scenario import Scenario
    from simulator.study.failed import Failed
    from simulator.study.kept import Pilot
    from simulator.study.runner import Results

KIND = "sensitivity"
METHODS = ("morris", "sobol")
SEEDS = {"morris": 3, "sobol": 2}  # runs of a point
ROWS_NAMED = 5  # of runs that failed
LEFT = 0.5  # of the moves or blocks: those that are left are no fair sample where most have failed
SINGLE = 40  # factors from which Sobol takes groups by default


@dataclass(frozen=True)
class SensitivityResult:
    """The indices of a scenario's outcomes: ``frame`` has a row a factor, outcome and statistic; ``meta`` the rest.

    ``failures`` are the runs that failed: their points are left out of every index.
    """

    scenario: Scenario
    frame: pandas.DataFrame
    meta: dict[str, Any]
    folder: Path
    failures: tuple[Failed, ...] = ()

    def table(self) -> pandas.DataFrame:
        """Return tidy rows: outcome, of (mean, spread), factor, indices with 90 % intervals, floor, above_floor."""
        return self.frame

    def plot(self, folder: str | Path, language: str = "en") -> list[Path]:
        """Draw the tornado of each outcome and the heat map, each with its numbers in a .csv beside it."""
        from simulator.report.sensitivity_figures import draw

        return draw(self, Path(folder), language)

    def save(self, folder: str | Path | None = None, language: str = "en", command: str = "") -> Path:
        """Write tables, figures, summary and manifest into a folder, by default the study's own; returns it."""
        from simulator.report.sensitivity import save

        return save(self, self.folder if folder is None else Path(folder), language, command)


def sensitivity(
    scenario: Scenario | str | Path,
    factors: str | Sequence[str] | Mapping[str, Any] | None = None,
    method: str = "morris",
    *,
    trajectories: int | None = None,
    samples: int | None = None,
    groups: str | Mapping[str, Sequence[str]] | None = None,
    outcomes: Sequence[str] | None = None,
    runs: int | None = None,
    seed: int = 0,
    jobs: int | None = None,
    cluster: str | None = None,
    out: Path | str | None = None,
    progress: Progress | None = None,
) -> SensitivityResult:
    """Return what the outcomes hang on: by default every parameter and switch, every simulated target and the cost.

    ``factors`` are names (``*`` for many) with ranges, see ``factors_of``; parameters that are none stay at their
    median. ``trajectories`` is for Morris, ``samples`` (a power of two) for Sobol; ``runs`` are the seeds of a point.
    A run that fails, or gives no finite outcome, costs the moves or the block that it belongs to. Raises InputError for
    what cannot be varied, StudyError where more than one run in twenty failed or too little is left for indices.
    """
    from simulator.study.kept import begin

    spec = spec_of(factors, method, trajectories, samples, groups, outcomes, runs, seed)
    found = checked(scenario, spec)
    folder = begin(KIND, spec, [found], None if out is None else Path(out))
    return again(spec, [found], folder, jobs=jobs, cluster=cluster, progress=progress)


def spec_of(
    factors: Any, method: str, trajectories: int | None, samples: int | None, groups: Any,
    outcomes: Sequence[str] | None, runs: int | None, seed: int,
) -> dict[str, Any]:  # fmt: skip
    """Return what was asked as plain values; raises InputError for numbers and methods that are not allowed."""
    problems, morris = Problems(), method == "morris"
    if method not in METHODS:
        problems.add(Place("--method"), "no such method", read=method, among=METHODS)
    repeats, other = (trajectories, samples) if morris else (samples, trajectories)
    mine, theirs = ("--trajectories", "--samples") if morris else ("--samples", "--trajectories")
    if other is not None:
        problems.add(Place(theirs), f"is not for {method}", read=other, allowed=mine)
    if repeats is not None and repeats < 2:
        problems.add(Place(mine), "too few trajectories or samples", read=repeats, allowed="at least 2")
    if method == "sobol" and repeats is not None and (repeats & (repeats - 1)):
        problems.add(Place(mine), "samples of a Sobol sequence", read=repeats, allowed="a power of two, such as 256")
    if runs is not None and runs < 1:
        problems.add(Place("--runs"), "runs of a point", read=runs, allowed="at least 1")
    problems.raise_any()
    grouping = grouping_of(groups) if isinstance(groups, str) else groups
    return {
        "factors": None if factors is None else asked_factors(factors),
        "method": method,
        "repeats": repeats,
        "groups": None if grouping is None or isinstance(grouping, str) else {g: list(p) for g, p in grouping.items()},
        "grouping": grouping if isinstance(grouping, str) else None,
        "outcomes": None if outcomes is None else list(outcomes),
        "runs": SEEDS.get(method, 2) if runs is None else runs,
        "seed": seed,
    }


def checked(scenario: Scenario | str | Path, spec: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a study; raises InputError for whatever is wrong, before a folder is made."""
    found = opened(scenario)
    _asked(found, spec)
    return found


def _asked(scenario: Scenario, spec: Mapping[str, Any]) -> tuple[tuple[Factor, ...], Plan, Outcomes]:
    """Return the factors, the plan and the outcomes of a study; raises InputError for what is not allowed."""
    factors = factors_of(scenario, spec["factors"])
    allowed(scenario, factors)
    grouping = spec["groups"] or spec["grouping"]
    if spec["method"] == "sobol" and grouping is None and len(factors) > SINGLE:
        grouping = "owner"
    names = tuple(f.name for f in factors)
    groups = grouped(factors, grouping)
    plan = Plan(spec["method"], names, groups, grouped(factors, "owner"), spec["repeats"], spec["runs"], spec["seed"])
    if len(set(groups)) < 2:
        problems = Problems()
        what = "a study compares at least two factors or groups"
        problems.add(Place(str(scenario.path)), what, read=", ".join(sorted(set(groups))), allowed="more factors")
        raise InputError(problems.found)
    return factors, plan, outcomes_of(scenario, spec["outcomes"])


def design_of(
    scenario: Scenario, factors: Sequence[Factor], points: Layout, outcomes: Outcomes, runs: int, seed: int
) -> Design:
    """Return the rows of a layout: each point with the same ``runs`` seeds, side by side; dummies are scenarios.

    ``scenario`` holds every parameter that is no factor; what is a factor stands in the row.
    """
    pairs: dict[tuple[int, float], tuple[str, Any]] = {}  # shared by rows: a design has millions of them

    def pair(k: int, u: float) -> tuple[str, Any]:
        if (k, u) not in pairs:
            pairs[k, u] = (factors[k].name, factors[k].at(u))
        return pairs[k, u]

    order, rows = sorted(range(len(factors)), key=lambda k: factors[k].name), []
    changes: tuple[tuple[str, Any], ...] = ()
    previous: list[float] = []
    for point, block in zip(points.points.tolist(), points.blocks.tolist(), strict=True):
        if point != previous:
            changes, previous = tuple(pair(k, point[k]) for k in order), point
        rows += [Row(block, changes, DECLARED, k) for k in range(runs)]
    dummies = (with_other_luck(scenario, which) for which in range(1, points.dummies + 1))
    return Design((scenario, *dummies), tuple(rows), outcomes, seed)


def again(
    spec: Mapping[str, Any], scenarios: Sequence[Scenario], folder: Path, *, jobs: int | None = None,
    cluster: str | None = None, progress: Progress | None = None,
) -> SensitivityResult:  # fmt: skip
    """Run a study, or what is missing of it, and return its result."""
    from simulator.study.runner import run_design

    (scenario,) = scenarios
    factors, plan, outcomes = _asked(scenario, spec)
    centred = _centred(scenario, factors)
    seconds: list[float] = []
    failures: dict[str, tuple[Failed, ...]] = {}

    def evaluate(points: Layout, chosen: tuple[int, ...], stage: str) -> np.ndarray:
        varied = [factors[k] for k in chosen]
        base = centred
        if len(chosen) < len(factors):  # those that the first stage has settled stay in the middle
            base = changed(centred, {f.name: f.at(0.5) for f in factors
                                     if f.kind in ("parameter", "setting") and f not in varied})  # fmt: skip
        design = design_of(base, varied, points, outcomes, plan.runs, plan.seed)
        results = run_design(design, folder / stage, jobs=jobs, cluster=cluster, progress=progress)
        seconds.append(results.seconds)
        failures[stage] = results.failures
        figures = _finite(results).reshape(len(points.points), plan.runs, -1)
        enough_left(points, np.isfinite(figures).all(axis=(1, 2)), results)
        return figures

    stages = investigate(plan, evaluate)
    frame = frame_of(factors, plan, outcomes, stages)
    meta = meta_of(scenario, factors, plan, outcomes, stages, spec, folder)
    meta["seconds"] = round(sum(seconds), 3)
    meta["failed"] = {f"{stage}/{FAILURES}": len(mine) for stage, mine in failures.items() if mine}
    return SensitivityResult(scenario, frame, meta, folder, tuple(f for mine in failures.values() for f in mine))


def _centred(scenario: Scenario, factors: Sequence[Factor]) -> Scenario:
    """Return a scenario whose parameters that are no factors stand at the posterior's medians."""
    middle = medians(scenario, [f.name for f in factors])
    return replace(scenario, assumptions={**middle, **scenario.assumptions})


def _finite(results: Results) -> np.ndarray:
    """Return the figures of a design (n, M), NaN in the rows of runs that failed.

    Raises StudyError with name and row where the figure of any other run is not finite.
    """
    bad = np.flatnonzero(~np.isfinite(results.values).all(axis=1)).tolist()
    known, names = {f.row for f in results.failures}, np.array(results.design.outcomes.names)
    lines = [f"row {row}: not finite: {', '.join(names[~np.isfinite(results.values[row])][:ROWS_NAMED])}"
             for row in bad if row not in known]  # fmt: skip
    if lines:
        head = f"{len(lines)} of {len(results.values)} runs gave an outcome that is not finite"
        raise StudyError("\n".join([head, *lines[:ROWS_NAMED]]))
    out = results.values.copy()
    out[bad] = np.nan
    return out


def enough_left(points: Layout, came: np.ndarray, results: Results) -> None:
    """Raise StudyError where failed runs leave less than half of what indices are means over, or no noise floor."""
    whole = points.whole(came)
    rows = came.reshape(points.repeats, -1)
    at = points.size - 1 if points.method == "morris" else 0  # the point that dummies share all else with
    floors = rows[:, at] & rows[:, points.size :].any(axis=1) if points.dummies else rows[:, at]
    if whole.sum() >= max(LEFT * whole.size, LEAST) and (points.dummies == 0 or floors.sum() >= LEAST):
        return
    what = "elementary effects" if points.method == "morris" else "base points"
    head = f"{len(results.failures)} of {len(results.values)} runs failed"
    lines = [f"{head} and leave {whole.sum()} of {whole.size} {what}: too few for indices"]
    for failed in results.failures[:ROWS_NAMED]:
        dummy = results.design.rows[failed.row].scenario > 0
        why = " (a dummy: without its other luck the command may come through)" if dummy else ""
        lines += [f"row {failed.row}: {failed.message}{why}", f"  {failed.command}"]
    raise StudyError("\n".join(lines))


def pilot_of(scenario: Scenario, spec: Mapping[str, Any], *, jobs: int | None = None) -> tuple[Pilot, bool]:
    """Return what a study takes at the most, and whether it may take less (two stages)."""
    from simulator.study.kept import pilot

    factors, plan, outcomes = _asked(scenario, spec)
    groups = plan.owners if plan.staged else plan.groups
    points = layout(plan.method, plan.names, groups, 2, plan.seed)
    design = design_of(_centred(scenario, factors), factors, points, outcomes, plan.runs, plan.seed)
    return pilot(design, jobs=jobs).times(plan.most_runs()), plan.staged
