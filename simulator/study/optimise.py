"""Doses of chosen entries for two or more aims under a budget: searched on one panel of runs, scored again on another.

A mix that is the best of thousands on a few runs looks better there than it is. Every mix that is shown is therefore
run again with draws and luck that the search never saw, those of ``ris run``, and how much better it looked is said.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Place, Problems
from simulator.study.design import Design, Row
from simulator.study.ensemble import opened
from simulator.study.optimise_aims import Goal, Judged, best_known, judged, over_budget, read_goal, sought_of
from simulator.study.optimise_doses import MOST, Changes, Doses, doses_from, read_doses
from simulator.study.optimise_points import Dropped, Point, answer, candidates, optimism, points_of, smaller_is_better
from simulator.study.optimise_search import EFFORTS, Effort, Found, Levels, Scores, ranks, search
from simulator.study.replicates import SEEDS_PER_DRAW, Progress
from simulator.study.runner import Failed, run_design

if TYPE_CHECKING:
    import pandas

    from simulator.scenario import Scenario
    from simulator.study.kept import Pilot


@dataclass(frozen=True)
class OptimiseResult:
    """The front, each point scored on unseen runs; ``optimism`` by aim is how much better the panel made it look.

    ``answer`` is the cheapest point that meets what was demanded, None where none does or nothing was demanded.
    """

    scenario: Scenario
    goal: Goal
    doses: Doses
    effort: Effort
    seed: int
    plan: Point
    points: tuple[Point, ...]
    dropped: tuple[Dropped, ...]
    optimism: Mapping[str, tuple[float, float]]
    answer: Point | None
    runs: int
    least_over: float = 0.0  # by how much the nearest mix breaks the budget, in CNY; 0 where some keep it
    seconds: float = 0.0
    folder: Path | None = None
    failures: tuple[Failed, ...] = ()

    def table(self) -> pandas.DataFrame:
        """Return the front and the plan as written: doses, aims with standard errors, probability of each target."""
        from simulator.study.optimise_output import table_of

        return table_of(self)

    def plot(self, folder: str | Path | None = None, language: str = "en") -> list[Path]:
        """Draw the front and its doses; returns the files."""
        from simulator.report.optimise_figures import draw_optimise

        return draw_optimise(self, self._home() / "figures" if folder is None else Path(folder), language)

    def save(self, folder: str | Path | None = None, language: str = "en", command: str = "") -> Path:
        """Write tables, figures, page, manifest and a scenario for each point; returns the folder."""
        from simulator.study.optimise_output import save

        return save(self, self._home() if folder is None else Path(folder), language, command)

    def _home(self) -> Path:
        if self.folder is None:
            raise ValueError("the study has no folder: name one")
        return self.folder

    def knee(self) -> Point | None:
        """Return the point nearest to the best of every aim, each measured over the front's range."""
        if len(self.points) < 3:
            return None
        f = smaller_is_better(self.goal.aims, self.points)
        width = np.ptp(f, axis=0)
        return self.points[int(np.argmin((((f - f.min(axis=0)) / np.where(width > 0, width, 1.0)) ** 2).sum(axis=1)))]


# ---- the public face ----------------------------------------------------------------------------------


def optimise(
    scenario: Scenario | str | Path,
    doses: Mapping[str, tuple[float, float]] | str | None = None,
    *,
    entries: Sequence[str] | str | None = None,
    most: float = MOST,
    aims: Sequence[str] | str = ("shortfall", "cost"),
    budget: float | str | None = None,
    money: str = "net",
    targets: Sequence[str] | Mapping[str, float] | str | None = None,
    meet: str | None = None,
    cheapest: bool = False,
    switches: Sequence[str] | str | None = None,
    effort: Effort | str = "default",
    seed: int = 0,
    jobs: int | None = None,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> OptimiseResult:
    """Return the best mixes of some doses, for two or more aims and within a budget.

    ``doses`` maps ``QL09d`` (times the plan's dose) or ``QL09d.budget`` (in its unit) to bounds; ``entries`` are scaled
    from 0 to ``most``. ``budget`` (CNY, over the scenario's years) bounds the mean cost above the scenario without
    these entries; ``meet`` with ``cheapest`` seeks the cheapest mix that meets targets with a probability
    (``QD10,QD12 at 0.8``). Raises InputError for what cannot be read, StudyError where too many runs fail.
    """
    from simulator.study.kept import begin

    found = opened(scenario)
    spec = described(
        found, doses, entries=entries, most=most, aims=aims, budget=budget, money=money, targets=targets, meet=meet,
        cheapest=cheapest, switches=switches, effort=effort, seed=seed,
    )  # fmt: skip
    folder = begin("optimise", spec, [found], None if out is None else Path(out))
    return again(spec, [found], folder, jobs=jobs, cluster=cluster, progress=progress)


def described(
    scenario: Scenario,
    doses: Mapping[str, tuple[float, float]] | str | None = None,
    *,
    entries: Sequence[str] | str | None = None,
    most: float = MOST,
    effort: Effort | str = "default",
    seed: int = 0,
    **aims: Any,
) -> dict[str, Any]:
    """Return a study as plain values, everything read and checked; raises InputError."""
    chosen, goal = read_doses(scenario, doses, entries, most), read_goal(scenario, **aims)
    if isinstance(effort, str) and effort not in EFFORTS:
        problems = Problems()
        problems.add(Place("--effort"), "no such effort", read=effort, among=tuple(EFFORTS))
        raise InputError(problems.found)
    return {
        "doses": chosen.plain(),
        "aims": list(goal.aims),
        "targets": {t.id: w for t, w in zip(goal.targets, goal.weights, strict=True)},
        "money": goal.money,
        "budget": goal.budget,
        "least": goal.least,
        "switches": [[list(pair) for pair in state] for state in goal.switches],
        "effort": asdict(EFFORTS[effort] if isinstance(effort, str) else effort),
        "seed": seed,
    }


def read_spec(spec: Mapping[str, Any], scenario: Scenario) -> tuple[Doses, Goal, Effort, int]:
    """Return what ``described`` wrote down."""
    from simulator.study.design import outcomes_of

    known = outcomes_of(scenario, list(spec["targets"])).targets
    states = tuple(tuple((str(n), str(c)) for n, c in state) for state in spec["switches"])
    goal = Goal(
        tuple(spec["aims"]), tuple(known[n] for n in spec["targets"]), tuple(spec["targets"].values()), spec["money"],
        spec["budget"], spec["least"], states,
    )  # fmt: skip
    return doses_from(scenario, spec["doses"]), goal, Effort(**spec["effort"]), int(spec["seed"])


def again(
    spec: Mapping[str, Any],
    scenarios: Sequence[Scenario],
    folder: Path | None,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> OptimiseResult:
    """Run a study, or what is missing of it: the search takes the same way through the runs that are kept."""
    started = time.perf_counter()
    doses, goal, effort, seed = read_spec(spec, scenarios[0])
    panel = Panel(doses, goal, effort, seed, folder, {"jobs": jobs, "cluster": cluster}, progress)
    written = tuple(d.nearest(v) for d, v in zip(doses.all, doses.as_written(), strict=True))
    found = search(panel.scores, [d.steps for d in doses.all], written, effort, seed)
    result = _scored(panel, found, folder)
    if progress is not None:
        progress(effort.runs, effort.runs)
    return replace(result, seconds=time.perf_counter() - started)


def estimate(spec: Mapping[str, Any], scenario: Scenario, *, jobs: int | None = None) -> Pilot:
    """Return how many runs a study takes at most and how long, from a few runs; nothing is written."""
    from simulator.study.kept import pilot

    doses, goal, effort, seed = read_spec(spec, scenario)
    panel = Panel(doses, goal, effort, seed, None, {})
    few = panel.design([panel.number(()), panel.number((), without=True)], panel.indices(effort.panel))
    return pilot(few, jobs=jobs).times(effort.runs)


# ---- runs ---------------------------------------------------------------------------------------------


@dataclass
class Panel:
    """Runs mixes on the panel or on the runs that score again, each mix once in each run, and judges them."""

    doses: Doses
    goal: Goal
    effort: Effort
    seed: int
    folder: Path | None
    how: Mapping[str, Any]
    progress: Progress | None = None
    runs: int = 0
    failures: list[Failed] = field(default_factory=list)
    _seen: dict[tuple[int, Changes, int], np.ndarray] = field(default_factory=dict)
    _best: dict[int, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Set beside the scenario the one without what is dosed."""
        scenario = self.doses.scenario
        self.scenarios = (scenario, scenario.without(self.doses.entries))
        self.outcomes = self.goal.outcomes(scenario)

    def number(self, changes: Changes, *, without: bool = False) -> tuple[int, Changes]:
        """Return how a mix is named: the number of its scenario and what it changes."""
        return int(without), changes

    def indices(self, count: int) -> list[int]:
        """Return the replicates of a panel: each of another draw, none of them among those that score again."""
        return [self.effort.scored + SEEDS_PER_DRAW * j for j in range(count)]

    def row(self, mix: tuple[int, Changes], index: int) -> Row:
        """Return the run of a mix as the replicate of this index; structures take turns over the draws."""
        draw = index // SEEDS_PER_DRAW
        state = self.goal.switches[draw % len(self.goal.switches)]
        return Row(mix[0], (*mix[1], *state), draw, index)

    def design(self, mixes: Sequence[tuple[int, Changes]], indices: Sequence[int]) -> Design:
        """Return the runs of some mixes that are not known yet."""
        wanted = [(m, k) for k in indices for m in dict.fromkeys(mixes) if (*m, k) not in self._seen]
        return Design(self.scenarios, tuple(self.row(m, k) for m, k in wanted), self.outcomes, self.seed)

    def judge(self, mixes: Sequence[Changes], indices: Sequence[int]) -> Judged:
        """Return mixes judged on some replicates; what is not known yet is run, and kept in the study's folder."""
        beside = self.number((), without=True)
        named = [*(self.number(m) for m in mixes), beside]
        design = self.design(named, indices)
        if design.rows:
            found = run_design(design, self.folder, progress=self._shown(), **self.how)
            for row, figures in zip(design.rows, found.values, strict=True):
                own = tuple(c for c in row.changes if not c[0].startswith("switches."))
                self._seen[row.scenario, own, row.luck] = figures
            self.runs += len(design.rows)
            self.failures += found.failures
        figures = np.array([[self._seen[(*m, k)] for k in indices] for m in named])
        draws = np.array([k // SEEDS_PER_DRAW for k in indices])
        return judged(self.goal, figures[:-1], figures[-1], draws)

    def scores(self, mixes: Sequence[Levels], runs: int) -> Scores:
        """Return what the search is told of some mixes."""
        found = self.judge([self.doses.changes(m) for m in mixes], self.indices(runs))
        over = over_budget(found, self.goal)
        if runs not in self._best:  # the yardstick of regret stays the same from one generation to the next
            self._best[runs] = best_known(found, over <= 0.0)
        return Scores(sought_of(found, self.goal, self._best[runs]), over)

    def _shown(self) -> Progress | None:
        if self.progress is None:
            return None
        show, before, most = self.progress, self.runs, self.effort.runs
        return lambda done, total: show(min(before + done, most), most)


# ---- scoring again ------------------------------------------------------------------------------------


def _scored(panel: Panel, found: Found, folder: Path | None) -> OptimiseResult:
    goal, effort, doses = panel.goal, panel.effort, panel.doses
    mixes = [found.mixes[k] for k in candidates(found, goal, effort.points)]
    changes = [(), *(doses.changes(m) for m in mixes)]
    values = [doses.as_written(), *(tuple(d.value(x) for d, x in zip(doses.all, m, strict=True)) for m in mixes)]
    seen = panel.judge(changes, panel.indices(effort.second_panel))
    unseen = panel.judge(changes, range(effort.scored))
    points = points_of(goal, values, changes, seen, unseen)
    over = np.nanmean(unseen.cost, axis=1) > (np.inf if goal.budget is None else goal.budget)
    kept = [k for k in range(1, len(points)) if not over[k]]
    rank = ranks(smaller_is_better(goal.weighed, [points[k] for k in kept])) if kept else np.array([])
    front = [k for k, r in zip(kept, rank, strict=True) if r == 0]
    front = sorted(front, key=lambda k: (points[k].scored["cost"][0], points[k].doses))  # the cheapest first
    shown = tuple(replace(points[k], number=n) for n, k in enumerate(front, start=1))
    gone = [k for k in range(1, len(points)) if k not in front]
    dropped = tuple(Dropped(points[k].doses, "budget" if over[k] else "bettered", points[k].scored) for k in gone)
    return OptimiseResult(
        scenario=doses.scenario,
        goal=goal,
        doses=doses,
        effort=effort,
        seed=panel.seed,
        plan=points[0],
        points=shown,
        dropped=dropped,
        optimism=optimism(goal, seen.at(range(1, len(points))), unseen.at(range(1, len(points)))),
        answer=answer(goal, shown),
        runs=panel.runs,
        failures=tuple(panel.failures),
        least_over=max(float(found.scores.g.min()), 0.0) if not mixes else 0.0,
        folder=folder,
    )
