"""When a plan misses: boxes of parameters, drivers and switches in which most futures miss a target.

``discover`` runs a scenario once in each of many futures, which differ in parameters (draws of the calibration),
switches, drivers of the outside and luck, and looks for boxes of them in which misses gather (``discover_prim``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import Place, Problems
from simulator.study import kept
from simulator.study.design import Design, Outcomes, outcomes_of
from simulator.study.discover_factors import DRAWS, SAMPLINGS, Factor, factors_of, laid_out
from simulator.study.discover_prim import LEAST_POINTS, Found, Points, boxes
from simulator.study.ensemble import opened
from simulator.study.replicates import Progress
from simulator.study.runner import Results, run_design

if TYPE_CHECKING:
    import pandas

    from simulator.scenario import Scenario
    from simulator.study.failed import Failed
    from simulator.study.targets import Target

KIND = "discover"
RUNS, LEAST_RUNS = 1000, 60
NEARLY = 0.05  # a share of misses (or of futures that meet the target) that is too small to look for boxes
BOXES, NO_BOX, NEARLY_ALL, NEARLY_NONE = "boxes", "no box", "nearly all", "nearly none"
BOX_COLUMNS = [
    *("box", "factor", "kind", "unit", "low", "high", "kept", "range_low", "range_high", "returns", "quasi_p"),
    *("coverage", "density", "mass", "unseen_coverage", "unseen_density"),
]


@dataclass(frozen=True)
class Asked:
    """What a discovery is asked: a scenario, the targets (one missed counts), factors, runs, and how they are drawn."""

    scenario: Scenario
    misses: tuple[str, ...]
    factors: tuple[Factor, ...]
    runs: int
    seed: int
    sampling: str
    density: float | None
    named: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return it as plain values that ``again`` reads."""
        return {
            "misses": list(self.misses),
            "factors": list(self.named),
            "runs": self.runs,
            "seed": self.seed,
            "sampling": self.sampling,
            "density": self.density,
        }

    @cached_property
    def outcomes(self) -> Outcomes:
        """Return what is kept of each run: the figures of the targets."""
        return outcomes_of(self.scenario, self.misses)

    @cached_property
    def _laid_out(self) -> tuple[Any, dict[str, np.ndarray], dict[str, int]]:
        return laid_out(self.scenario, self.factors, self.runs, self.seed, self.sampling)

    def design(self) -> Design:
        """Return the futures as rows."""
        return Design((self.scenario,), self._laid_out[0], self.outcomes, self.seed)

    @property
    def columns(self) -> Mapping[str, np.ndarray]:
        """Return the value of each factor in each future, (runs,); of switches and drivers the number of the choice."""
        return self._laid_out[1]

    @property
    def categories(self) -> Mapping[str, int]:
        """Return how many categories a factor has, for those that have categories."""
        return self._laid_out[2]


@dataclass(frozen=True)
class DiscoverResult:
    """The futures of a discovery and the boxes found in them; ``verdict`` says why there are none."""

    asked: Asked
    results: Results
    boxes: tuple[Found, ...]
    verdict: str
    folder: Path | None = None

    @property
    def scenario(self) -> Scenario:
        """Return the scenario whose misses are looked for."""
        return self.asked.scenario

    @property
    def failures(self) -> tuple[Failed, ...]:
        """Return the futures whose runs failed."""
        return self.results.failures

    @property
    def targets(self) -> tuple[Target, ...]:
        """Return the targets of which one missed counts as a miss."""
        return tuple(self.asked.outcomes.targets[name] for name in self.asked.misses)

    @cached_property
    def came_through(self) -> np.ndarray:
        """Return the numbers of the futures that came through."""
        return np.flatnonzero(np.isfinite(self.results.values).all(axis=1))

    @cached_property
    def missed(self) -> np.ndarray:
        """Return which of the futures that came through miss a target."""
        return missed_in(self.asked, self.results.values[self.came_through])

    @cached_property
    def points(self) -> Points:
        """Return the futures that came through as points of the search."""
        columns = {name: column[self.came_through] for name, column in self.asked.columns.items()}
        return Points(columns, self.asked.categories, self.missed)

    def factor(self, name: str) -> Factor:
        """Return a factor by its name."""
        return next(f for f in self.asked.factors if f.name == name)

    def table(self) -> pandas.DataFrame:
        """Return one row a restriction: box, factor, what it holds, how often it returned, its quasi-p-value.

        ``low`` and ``high`` are empty where a side is open, ``range_low`` and ``range_high`` the range of all futures.
        Coverage, density and mass are the box's; those with ``unseen`` are on halves that the search did not see.
        """
        import pandas

        rows: list[dict[str, Any]] = []
        for number, found in enumerate(self.boxes, 1):
            whole = {k: getattr(found, k) for k in BOX_COLUMNS[-5:]}
            for name, r in found.box.items():
                factor, column = self.factor(name), self.asked.columns[name]
                row = {"box": number, "factor": name, "kind": factor.kind, "unit": factor.unit, **whole}
                if r.kept is None:
                    row |= {"low": r.low if math.isfinite(r.low) else None}
                    row |= {"high": r.high if math.isfinite(r.high) else None}
                    row |= {"range_low": float(column.min()), "range_high": float(column.max())}
                else:
                    row["kept"] = "+".join(factor.levels[k] for k in r.kept)
                row["returns"] = min(found.returns[side] for side in r.sides)
                row["quasi_p"] = max(found.quasi_p[side] for side in r.sides)
                rows.append(row)
        return pandas.DataFrame(rows, columns=BOX_COLUMNS)

    def futures(self) -> pandas.DataFrame:
        """Return one row a future that came through: draw, luck, every factor, the targets' figures, and the miss."""
        import pandas

        at = self.came_through
        rows = self.results.design.rows
        columns: dict[str, Any] = {"draw": [rows[k].draw for k in at], "luck": [rows[k].luck for k in at]}
        for name, column in self.asked.columns.items():
            levels = self.factor(name).levels
            columns[name] = [levels[int(v)] for v in column[at]] if levels else column[at]
        for k, name in enumerate(self.asked.misses):
            columns[name] = self.results.values[at, k]
        return pandas.DataFrame({**columns, "missed": self.missed})

    def trajectory(self) -> pandas.DataFrame:
        """Return the peeling that led to each box: coverage, density, mass and number of restricted factors by step."""
        import pandas

        rows = [
            {
                "box": number,
                "step": k,
                "coverage": s.coverage,
                "density": s.density,
                "mass": s.mass,
                "factors": s.restricted,
            }
            for number, found in enumerate(self.boxes, 1)
            for k, s in enumerate(found.trajectory)
        ]
        return pandas.DataFrame(rows, columns=["box", "step", "coverage", "density", "mass", "factors"])

    def plot(self, folder: str | Path, language: str = "en") -> list[Path]:
        """Draw the boxes and the peelings into a folder, each figure with its numbers in a .csv beside it."""
        from simulator.report.discover_figures import draw_discover

        return draw_discover(self, Path(folder), language)

    def save(self, folder: str | Path | None = None, language: str = "en", command: str = "") -> Path:
        """Write tables, figures, summary and manifest into a folder, by default the study's own; returns it."""
        from simulator.report.discover import write_discover

        where = Path(folder) if folder is not None else self.folder
        if where is None:
            raise ValueError("a folder is needed")
        return write_discover(self, where, language, command)


def missed_in(asked: Asked, values: np.ndarray) -> np.ndarray:
    """Return which runs (n,) miss one of the targets, from the targets' figures (n, M)."""
    met = [asked.outcomes.targets[name].met(values[:, k]) for k, name in enumerate(asked.misses)]
    return ~np.logical_and.reduce(met)


def asked_of(
    scenario: Scenario | str | Path,
    misses: str | Sequence[str],
    factors: Sequence[str] | None = None,
    *,
    runs: int = RUNS,
    seed: int = 0,
    sampling: str = DRAWS,
    density: float | None = None,
) -> Asked:
    """Return what is asked, checked: raises InputError for unknown targets and factors, and numbers out of bounds."""
    from simulator.study.targets import targets_of

    found = opened(scenario)
    names = tuple(n.strip() for n in misses.split(",")) if isinstance(misses, str) else tuple(misses)
    problems = Problems()
    known = tuple(outcomes_of(found).targets)
    planned = {t.id for t in targets_of(found)}
    for name in names:
        if name not in known:
            what = "the target is not simulated" if name in planned else "no such target"
            problems.add(Place(str(found.path)), what, read=name, among=known)
    if runs < LEAST_RUNS:
        problems.add(Place("--runs"), "too few futures to find a box in", read=runs, allowed=f"at least {LEAST_RUNS}")
    if sampling not in SAMPLINGS:
        problems.add(Place("--sampling"), "no such sampling", read=sampling, among=SAMPLINGS)
    if density is not None and not 0.0 < density < 1.0:
        problems.add(Place("--density"), "density", read=density, allowed="a share between 0 and 1")
    problems.raise_any()
    named = tuple(factors or ())
    return Asked(found, names, factors_of(found, named), runs, seed, sampling, density, named)


def discover(
    scenario: Scenario | str | Path,
    misses: str | Sequence[str],
    factors: Sequence[str] | None = None,
    *,
    runs: int = RUNS,
    seed: int = 0,
    sampling: str = DRAWS,
    density: float | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> DiscoverResult:
    """Find the boxes of parameters, drivers and switches in which a scenario misses a target (or one of several).

    ``factors`` are names, patterns of parameters (``finance.*``) and settings with a range
    (``QL09d.face_value=0:200000``); by default every parameter, every switch and the outside as a whole. Parameters
    are those of the calibration's draws, or with ``sampling="latin"`` samples over their priors. ``density`` asks for
    boxes in which at least this share of futures misses, instead of those that part misses from the rest best.

    Raises InputError for what cannot be asked, StudyError where too many runs failed.
    """
    asked = asked_of(scenario, misses, factors, runs=runs, seed=seed, sampling=sampling, density=density)
    folder = kept.begin(KIND, asked.plain(), [asked.scenario], Path(out) if out is not None else None)
    return run_asked(asked, folder, jobs=jobs, cluster=cluster, progress=progress)


def again(
    spec: Mapping[str, Any],
    scenarios: Sequence[Scenario],
    folder: Path,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> DiscoverResult:
    """Go on with a discovery from what its folder says was asked."""
    given = dict(spec)
    asked = asked_of(scenarios[0], given.pop("misses"), given.pop("factors"), **given)
    return run_asked(asked, folder, jobs=jobs, cluster=cluster, progress=progress)


def run_asked(
    asked: Asked,
    folder: Path | None,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> DiscoverResult:
    """Run the futures and look for boxes in them."""
    results = run_design(asked.design(), folder, jobs=jobs, cluster=cluster, progress=progress)
    result = DiscoverResult(asked, results, (), NO_BOX, folder)
    if verdict := verdict_of(result.missed):
        return replace(result, verdict=verdict)
    found = boxes(result.points, seed=asked.seed, density=asked.density)
    return replace(result, boxes=tuple(found), verdict=BOXES if found else NO_BOX)


def verdict_of(missed: np.ndarray) -> str:
    """Return ``nearly all`` or ``nearly none`` where either kind is too rare to look for boxes, else nothing."""
    least = max(NEARLY * len(missed), LEAST_POINTS)
    if missed.sum() < least:
        return NEARLY_NONE
    return NEARLY_ALL if (~missed).sum() < least else ""
