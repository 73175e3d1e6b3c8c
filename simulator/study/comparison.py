"""Scenarios against a baseline: the same draws and the same luck, pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Problem
from simulator.study.ensemble import RunResult, batch_sizes, collect, name_of, opened
from simulator.study.neighbours import judged_by
from simulator.study.replicates import Outcome, Pool, Progress, StudyError, design
from simulator.study.statistics import paired_difference
from simulator.study.tables import Tables, bill_matrix, net_costs, series_of
from simulator.study.targets import SIMULATED, load_targets

if TYPE_CHECKING:
    import pandas

    from simulator.scenario import Scenario

COMPARE_COLUMNS = [
    "scenario",
    "baseline",
    "indicator",
    "year",
    "difference",
    "ci_low",
    "ci_high",
    "p_better",
    "cost_difference",
    "cost_per_unit",
    "unit",
    "baseline_mean",
    "pairs",
]
PAIRED_COLUMNS = [
    "scenario",
    "baseline",
    "id",
    "name",
    "name_zh",
    "kind",
    "indicator",
    "year",
    "target",
    "unit",
    "difference",
    "ci_low",
    "ci_high",
    "p_better",
    "baseline_mean",
    "probability_baseline",
    "probability_scenario",
    "cost_difference",
    "cost_per_unit",
    "pairs",
]
SETTINGS_COLUMNS = ["scenario", "entry", "lever", "change", "what", "baseline_value", "scenario_value", "unit"]
_NOTHING = ""


@dataclass(frozen=True)
class CompareResult:
    """A baseline and the scenarios that were run with the same draws and seeds."""

    baseline: RunResult
    scenarios: tuple[RunResult, ...]

    @property
    def runs(self) -> tuple[RunResult, ...]:
        """Return all runs, the baseline first."""
        return (self.baseline, *self.scenarios)

    def settings_diff(self) -> pandas.DataFrame:
        """Return what the scenarios set differently: entries added, removed or changed, assumptions."""
        import pandas

        rows = [row for s in self.scenarios for row in differences(self.baseline.scenario, s.scenario, s.name)]
        return pandas.DataFrame(rows, columns=SETTINGS_COLUMNS)

    def table(self) -> pandas.DataFrame:
        """Return mean paired differences by indicator and year.

        ``ci_low`` and ``ci_high`` bound 90 % (bootstrap over draws); ``p_better`` is the share of pairs in
        which the scenario is higher. ``cost_difference`` is the net public cost up to that year, in CNY,
        and ``cost_per_unit`` what one unit of the indicator costs; empty where the interval holds zero.
        """
        frame = self.tables().compare
        assert frame is not None
        return frame

    def money(self) -> pandas.DataFrame:
        """Return sums over years by scenario, payer and kind, in CNY: mean, p05, p95 over runs."""
        return self.tables().money

    def targets(self) -> pandas.DataFrame:
        """Return the targets of each scenario, named in a last column."""
        return self.tables().targets

    def tables(self) -> Tables:
        """Return everything that pages and figures are made from."""
        return self._tables

    @cached_property
    def _tables(self) -> Tables:
        import pandas

        tables = [run.frames() for run in self.runs]
        pairs = [_Pairs(self.baseline, s) for s in self.scenarios]
        meta = dict(self.baseline.meta())
        meta["runs"] = [run.meta() for run in self.runs]
        net = {s.name: _net(self.baseline, s) for s in self.scenarios}
        if any(net.values()):  # by scenario and indicator, what stands for it
            meta["net_of_neighbours"] = net
        return Tables(
            meta,
            pandas.concat([t.series for t in tables], ignore_index=True),
            pandas.concat(
                [t.targets.assign(scenario=run.name) for t, run in zip(tables, self.runs, strict=True)],
                ignore_index=True,
            ),
            pandas.concat([t.costs for t in tables], ignore_index=True),
            pandas.concat([t.money for t in tables], ignore_index=True),
            compare=pandas.DataFrame(
                [row for s, p in zip(self.scenarios, pairs, strict=True) for row in _paired_rows(self.baseline, s, p)],
                columns=COMPARE_COLUMNS,
            ),
            compare_targets=pandas.DataFrame(
                [row for s, p in zip(self.scenarios, pairs, strict=True) for row in _target_rows(self.baseline, s, p)],
                columns=PAIRED_COLUMNS,
            ),
            settings=self.settings_diff(),
        )

    def plot(self, folder: str | Path, language: str = "en") -> list[Path]:
        """Draw every figure into a folder, each with its numbers in a .csv beside it."""
        from simulator.report.figures import draw_compare

        return draw_compare(self._tables, Path(folder), language)

    def save(self, folder: str | Path, language: str = "en", command: str = "") -> Path:
        """Write the output folder; raises InputError where another run's results lie."""
        from simulator.study.output import save

        return save(self.runs, Path(folder), self._tables, language, command=command)


def compare(
    baseline: Scenario | str | Path,
    scenarios: Scenario | str | Path | Sequence[Scenario | str | Path],
    *,
    replicates: int | None = None,
    jobs: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> CompareResult:
    """Run scenarios and a baseline of the same region with the same draws and seeds.

    Raises InputError for scenarios that cannot be run or compared, StudyError where too many runs failed.
    """
    several = isinstance(scenarios, Sequence) and not isinstance(scenarios, str)
    others: list[Any] = list(scenarios) if several else [scenarios]  # type: ignore[arg-type]
    found = opened_together([baseline, *others])
    load_targets(found[0].region.id, folder=found[0].region.folder.parent)
    sizes = common_sizes(found, replicates)
    batch = design(sizes[-1], seed)
    with Pool(found, seed, jobs) as pool:
        results = pool.run(dict.fromkeys(range(len(found)), batch), progress)
    runs = [
        collect(scenario, name, results[i], sizes, pool)
        for i, (scenario, name) in enumerate(zip(found, names_of(found), strict=True))
    ]
    return CompareResult(runs[0], tuple(runs[1:]))


def common_sizes(scenarios: Sequence[Scenario], replicates: int | None) -> tuple[int, ...]:
    """Return the one number of runs that all scenarios get: the largest that any of them may want."""
    return (max(size for scenario in scenarios for size in batch_sizes(scenario, replicates)),)


def opened_together(scenarios: Sequence[Scenario | str | Path]) -> list[Scenario]:
    """Return scenarios that can be compared: every problem of each file at once, one region, common years.

    Raises InputError.
    """
    found: list[Scenario] = []
    problems: list[Problem] = []
    for scenario in scenarios:
        try:
            found.append(opened(scenario))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    first = found[0]
    for other in found[1:]:
        if other.region.id != first.region.id:
            problems.append(_mismatch(other, "another region than the baseline", other.region.id, first.region.id))
        elif max(other.years[0], first.years[0]) > min(other.years[1], first.years[1]):
            years = f"{first.years[0]}-{first.years[1]}"
            problems.append(_mismatch(other, "no year in common with the baseline", str(other.years), years))
    if problems:
        raise InputError(problems)
    return found


def _mismatch(scenario: Scenario, message: str, read: str, allowed: str) -> Problem:
    return Problem(str(scenario.path), 1, 1, message, read, allowed)


def names_of(scenarios: Sequence[Scenario]) -> list[str]:
    """Return a different name for each scenario, numbered where files share one."""
    names: list[str] = []
    for scenario in scenarios:
        name, number = name_of(scenario), 2
        while name in names:
            name, number = f"{name_of(scenario)}-{number}", number + 1
        names.append(name)
    return names


class _Pairs:
    """The runs of a baseline (``before``) and of a scenario (``after``) with the same draws and seeds."""

    def __init__(self, baseline: RunResult, scenario: RunResult) -> None:
        mine = {o.replicate.index: o for o in scenario.outcomes}
        self.before = [o for o in baseline.outcomes if o.replicate.index in mine]
        self.after = [mine[o.replicate.index] for o in self.before]
        self.draws = np.array([o.replicate.draw for o in self.before])
        self.bills = bill_matrix(self.before), bill_matrix(self.after)

    def added_costs(self, years: Sequence[int]) -> np.ndarray:
        """Return the mean net public cost that the scenario adds up to and with each of the years, in CNY."""
        before, after = (net_costs(*bills, years) for bills in self.bills)
        return np.asarray((after - before).mean(axis=0))


def _net(baseline: RunResult, scenario: RunResult) -> dict[str, str]:
    from simulator.model import INDICATORS

    held = set(baseline.outcomes[0].names) & set(scenario.outcomes[0].names)
    return judged_by((baseline.scenario, scenario.scenario), INDICATORS, held)


def _paired_rows(baseline: RunResult, scenario: RunResult, pairs: _Pairs) -> list[dict[str, Any]]:
    from simulator.model import INDICATORS

    before, after = pairs.before, pairs.after
    if not before:
        raise StudyError(f"{scenario.name}: no run came through in both scenarios")
    years = [int(y) for y in baseline.years if y in scenario.years]
    names = sorted(set(before[0].names) & set(after[0].names))
    net = _net(baseline, scenario)

    def cells(outcomes: list[Outcome]) -> np.ndarray:
        rows = [int(np.flatnonzero(outcomes[0].years == year)[0]) for year in years]
        columns = [outcomes[0].names.index(net.get(name, name)) for name in names]
        return np.stack([o.values[np.ix_(rows, columns)].ravel() for o in outcomes])

    low = cells(before)
    costs = pairs.added_costs(years)
    found = paired_difference(cells(after) - low, pairs.draws)
    base, rows = low.mean(axis=0), []
    for t, year in enumerate(years):
        cost = float(costs[t])
        for k, name in enumerate(names):
            i = t * len(names) + k
            clear = found.low[i] > 0 or found.high[i] < 0
            row: list[Any] = [
                scenario.name,
                baseline.name,
                name,
                year,
                found.mean[i],
                found.low[i],
                found.high[i],
            ]
            row += [found.p_better[i], cost, cost / found.mean[i] if clear else np.nan]
            row += [INDICATORS[name].unit if name in INDICATORS else "", base[i], len(before)]
            rows.append(dict(zip(COMPARE_COLUMNS, row, strict=True)))
    return sorted(rows, key=lambda row: (row["indicator"], row["year"]))


def _target_rows(baseline: RunResult, scenario: RunResult, pairs: _Pairs) -> list[dict[str, Any]]:
    """Return the paired differences of each simulated target, in the target's own unit."""
    from simulator.model import INDICATORS

    before, after, rows = pairs.before, pairs.after, []
    net = _net(baseline, scenario)
    costs: dict[int, float] = {}  # many targets share a year
    chances = [run.targets().set_index("id")["probability"] for run in (baseline, scenario)]
    for target in baseline.planned_targets:
        if any(target.status(INDICATORS, run.years) != SIMULATED for run in (baseline, scenario)):
            continue
        judged = net.get(str(target.indicator), str(target.indicator))
        low_figures, high_figures = (
            target.figures(series_of(outcomes, judged), outcomes[0].years, INDICATORS) for outcomes in (before, after)
        )
        found = paired_difference((high_figures - low_figures)[:, None], pairs.draws)
        mean, low, high = (float(x[0]) for x in (found.mean, found.low, found.high))
        if target.year not in costs:
            costs[target.year] = float(pairs.added_costs([target.year])[0])
        cost = costs[target.year]
        each = cost / mean if low > 0 or high < 0 else np.nan
        row: list[Any] = [
            scenario.name,
            baseline.name,
            target.id,
            target.name.en,
            target.name.zh,
            target.kind,
        ]
        row += [target.indicator, target.year, target.value, target.unit, mean, low, high, float(found.p_better[0])]
        row += [
            float(low_figures.mean()),
            chances[0][target.id],
            chances[1][target.id],
            cost,
            each,
            len(before),
        ]
        rows.append(dict(zip(PAIRED_COLUMNS, row, strict=True)))
    return rows


def differences(baseline: Scenario, scenario: Scenario, name: str) -> list[list[str]]:
    """Return what a scenario sets differently from a baseline, as rows of text."""
    rows: list[list[str]] = []

    def add(entry: str, lever: str, change: str, what: str, before: Any, after: Any, unit: str = "") -> None:
        rows.append([name, entry, lever, change, what, _text(before), _text(after), unit])

    before = {e.id: e for e in baseline.entries}
    after = {e.id: e for e in scenario.entries}
    for key in dict.fromkeys([*before, *after]):
        if key not in after:
            add(key, before[key].lever.name, "removed", "entry", _filled(before[key]), _NOTHING)
        elif key not in before:
            add(key, after[key].lever.name, "added", "entry", _NOTHING, _filled(after[key]))
        else:
            old, new = _flat(before[key]), _flat(after[key])
            units = {f.name: f.metadata.get("unit") or "" for f in fields(after[key].lever.Settings)}
            for what in dict.fromkeys([*old, *new]):
                if old.get(what) != new.get(what):
                    add(key, after[key].lever.name, "changed", what, old.get(what), new.get(what), units.get(what, ""))
    for what in ("assumptions", "switches", "drivers"):
        mine, theirs = dict(getattr(baseline, what)), dict(getattr(scenario, what))
        for key in sorted(set(mine) | set(theirs)):
            if mine.get(key) != theirs.get(key):
                add(_NOTHING, _NOTHING, "changed", f"{what}: {key}", mine.get(key), theirs.get(key))
    for what in ("years", "calibration"):
        if getattr(baseline, what) != getattr(scenario, what):
            add(_NOTHING, _NOTHING, "changed", what, getattr(baseline, what), getattr(scenario, what))
    return rows


def _flat(entry: Any) -> dict[str, Any]:
    settings = {f.name: getattr(entry.settings, f.name) for f in fields(entry.settings)}
    dates = {key: entry.resolved()[key] for key in ("from", "to")}
    return {"lever": entry.lever.name, "payer": entry.payer, **dates, **settings}


def _filled(entry: Any) -> str:
    """Return the settings of an entry that are not neutral, and its dates."""
    chosen = [
        f"{f.name}={_text(getattr(entry.settings, f.name))}{_unit(f)}"
        for f in fields(entry.settings)
        if getattr(entry.settings, f.name) != f.default
    ]
    dates = entry.resolved()
    return ", ".join([*chosen, f"{dates['from']} to {dates['to']}"])


def _unit(setting: Any) -> str:
    """Return a setting's unit as it follows its value."""
    unit = setting.metadata.get("unit") or ""
    return "" if unit in ("", "1") else f" {unit}"


def _text(value: Any) -> str:
    if value is None:
        return _NOTHING
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return f"{value:.10g}" if abs(value) < 1e4 else f"{value:,.0f}"
