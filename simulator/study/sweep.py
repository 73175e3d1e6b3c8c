"""A sweep: one scenario at many points of some factors, every point with the same draws and the same luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.study import kept
from simulator.study.ensemble import opened
from simulator.study.replicates import Progress
from simulator.study.runner import Results, run_design
from simulator.study.statistics import independent, luck_and_ignorance, paired_difference, spread, wilson
from simulator.study.sweep_design import Asked, Factors, Plan, plan_of, planned, value_in

if TYPE_CHECKING:
    import pandas

    from simulator.scenario import Scenario
    from simulator.study.failed import Failed

KIND = "sweep"
QUANTILES = ("p05", "p25", "p50", "p75", "p95")


@dataclass(frozen=True)
class SweepResult:
    """The runs of a sweep: every point of ``plan.points`` with the same draws and luck, the first one to compare with.

    ``results`` holds them in the order of the design: all points with the first luck, then all with the next.
    """

    plan: Plan
    results: Results
    folder: Path | None = field(default=None)

    @property
    def scenario(self) -> Scenario:
        """Return the scenario that the points change."""
        return self.plan.scenario

    @property
    def failures(self) -> tuple[Failed, ...]:
        """Return the runs that failed."""
        return self.results.failures

    def values(self, outcome: str) -> np.ndarray:
        """Return an outcome of every run, (runs, points) in its unit; NaN where a run failed."""
        return self.results.outcome(outcome).reshape(self.plan.runs, len(self.plan.points))

    @cached_property
    def draws(self) -> np.ndarray:
        """Return the draw of the parameters of each run of a point, (runs,)."""
        return np.array([row.draw for row in self.results.design.rows[:: len(self.plan.points)]])

    def table(self) -> pandas.DataFrame:
        """Return one row a run: point, draw, luck, the factors' values, then every outcome in its unit.

        Public money is in CNY of the year, summed over the scenario's years.
        """
        import pandas

        rows, count = self.results.design.rows, len(self.plan.points)
        columns: dict[str, Any] = {
            "point": np.tile(np.arange(1, count + 1), self.plan.runs),
            "draw": [row.draw for row in rows],
            "luck": [row.luck for row in rows],
        }
        for name in self.plan.names:
            columns[name] = [_cell(self.value(i, name)) for i in range(count)] * self.plan.runs
        columns |= {name: self.results.outcome(name) for name in self.plan.outcomes}
        return pandas.DataFrame(columns)

    def value(self, point: int, name: str) -> Any:
        """Return the value of a factor at a point (counted from 0): the scenario's own where the point leaves it."""
        point_ = self.plan.points[point]
        return point_[name] if name in point_ else value_in(self.scenario, name)

    def summary(self) -> pandas.DataFrame:
        """Return one row a point and outcome: mean, quantiles, probability of the target, difference.

        ``probability`` is the share of runs that meet the target, with Wilson's 95 % interval. ``difference`` is the
        mean paired difference from the first point and ``ci_low`` to ``ci_high`` its 90 % interval (bootstrap over
        draws); ``p_better`` the share of pairs in which the point is higher. ``runs`` counts those that came through.
        """
        return self._summary

    @cached_property
    def _summary(self) -> pandas.DataFrame:
        import pandas

        rows = [row for outcome in self.plan.outcomes for row in self._rows(outcome)]
        return pandas.DataFrame(rows)

    def _rows(self, outcome: str) -> list[dict[str, Any]]:
        """Return the summary of one outcome, a row a point."""
        values, target = self.values(outcome), self.results.design.outcomes.targets.get(outcome)
        found = _differences(values, self.draws)
        rows = []
        for i in range(len(self.plan.points)):
            good = np.isfinite(values[:, i])
            figures, draws = values[good, i], self.draws[good]
            s = spread(figures)
            row: dict[str, Any] = {"point": i + 1}
            row |= {name: _cell(self.value(i, name)) for name in self.plan.names}
            row |= {"outcome": outcome, "mean": s.mean} | {q: getattr(s, q) for q in QUANTILES}
            row |= dict.fromkeys(("target", "probability", "probability_low", "probability_high"), np.nan)
            if target is not None and figures.size:
                met = target.met(figures)
                ignorance = luck_and_ignorance(figures, draws).ignorance
                low, high = wilson(int(met.sum()), len(met), independent(met, draws, ignorance))
                row |= {"target": target.value, "probability": float(met.mean())}
                row |= {"probability_low": low, "probability_high": high}
            row |= dict(zip(("difference", "ci_low", "ci_high", "p_better"), found[:, i].tolist(), strict=True))
            rows.append(row | {"runs": int(good.sum())})
        return rows

    def plot(self, folder: str | Path | None = None, language: str = "en") -> list[Path]:
        """Draw the outcomes over the factors into a folder, each figure with its numbers in a .csv beside it.

        One factor gives lines with bands, two on a grid heat maps, more (or points at random) small scatter plots.
        """
        from simulator.report.sweep import draw_sweep

        return draw_sweep(self, self._place(folder) / "figures" if folder is None else Path(folder), language)

    def save(self, folder: str | Path | None = None, language: str = "en", command: str = "") -> Path:
        """Write tables, figures, summary and manifest into a folder [default: the study's own] and return it."""
        from simulator.report.sweep_pages import write_sweep

        return write_sweep(self, self._place(folder), language, command)

    def _place(self, folder: str | Path | None) -> Path:
        if folder is not None:
            return Path(folder)
        if self.folder is None:
            raise ValueError("this sweep was run without a folder: name one")
        return self.folder

    def _repr_html_(self) -> str:
        """Return the summary as a notebook shows it."""
        return str(self.summary().to_html(index=False))


def _cell(value: Any) -> Any:
    """Return a factor's value as a table holds it."""
    return "+".join(map(str, value)) if isinstance(value, tuple) else value


def _differences(values: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return mean, interval and share above zero of the differences from the first column, (4, points)."""
    differences = values - values[:, :1]
    out = np.full((4, values.shape[1]), np.nan)
    good = np.isfinite(differences)
    whole = good.all(axis=0)
    columns = [np.flatnonzero(whole)] if whole.any() else []
    columns += [np.array([i]) for i in np.flatnonzero(~whole & good.any(axis=0))]
    for these in columns:  # runs that failed are left out of their own point only
        rows = good[:, these[0]]
        found = paired_difference(differences[rows][:, these], draws[rows])
        out[:, these] = found.mean, found.low, found.high, found.p_better
    return out


def sweep(
    scenario: Scenario | str | Path,
    factors: Factors,
    *,
    design: str | None = None,
    points: int | None = None,
    runs: int | None = None,
    seed: int = 0,
    outcomes: Sequence[str] | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> SweepResult:
    """Run a scenario at many points of some factors: entry settings, parameters, switches, drivers.

    ``factors`` maps a name to its values, ``{"QL09d.face_value": [0, 5e4, 1e5]}``, or to a range, ``{"from": 0,
    "to": 1e5, "steps": 5, "log": False}``; a list of mappings gives the points one by one, and ``{}`` among them is
    the scenario as it stands. ``design`` is ``grid`` (every combination, the default), ``list`` (first values
    together, then second ...), ``latin`` or ``sobol`` (``points`` of them, by default 64). ``runs`` is that of each
    point (40, or 10 of a random design) and ``outcomes`` names what is kept of a run, by default every simulated
    target, ``cost.net`` and ``cost.outlay``.

    Every finished part is kept in the folder ``out`` (by default one under ``outputs`` that the same sweep finds
    again). Raises InputError for what cannot be run, StudyError where more than one run in twenty failed.
    """
    asked = Asked(opened(scenario), factors, design, points, runs, seed, outcomes)
    plan = planned(asked)
    folder = kept.begin(KIND, plan.plain(), [plan.scenario], None if out is None else Path(out))
    return run_plan(plan, folder, jobs=jobs, cluster=cluster, progress=progress)


def again(
    spec: Mapping[str, Any],
    scenarios: Sequence[Scenario],
    folder: Path,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> SweepResult:
    """Go on with the sweep that a folder holds."""
    return run_plan(plan_of(spec, scenarios[0]), folder, jobs=jobs, cluster=cluster, progress=progress)


def run_plan(
    plan: Plan,
    folder: Path,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> SweepResult:
    """Run the points of a sweep that was checked and begun."""
    results = run_design(plan.design(), folder, jobs=jobs, cluster=cluster, progress=progress)
    return SweepResult(plan, results, folder)
