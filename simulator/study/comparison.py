"""Scenarios against a baseline: the same draws and the same luck, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.core.problems import InputError, Problem
from simulator.study.comparison_pairs import (
    COMPARE_COLUMNS,
    PAIRED_COLUMNS,
    Pairs,
    net_counterparts,
    paired_rows,
    target_rows,
)
from simulator.study.comparison_precision import common_sizes, precise, reached_precision, wanted_precision
from simulator.study.comparison_win import WIN_COLUMNS, chosen_targets, win_rows
from simulator.study.ensemble import RunResult, collect, name_of, opened
from simulator.study.equal_budget import Scaling, at_equal_budget
from simulator.study.failed import row_again
from simulator.study.model_error import model_error_of
from simulator.study.output import inputs_of
from simulator.study.pool import Pool
from simulator.study.replicates import Failure, Outcome, Progress, Replicate, design, replaying, with_command
from simulator.study.tables import Tables
from simulator.study.unfinished import SEARCH

if TYPE_CHECKING:
    import pandas

    from simulator.scenario import Scenario
    from simulator.study.pieces import Pieces
    from simulator.study.targets import Target

SETTINGS_COLUMNS = ["scenario", "entry", "lever", "change", "what", "baseline_value", "scenario_value", "unit"]
_NOTHING = ""


@dataclass(frozen=True)
class CompareResult:
    """A baseline and the scenarios that were run with the same draws and seeds.

    ``asked`` is what else was asked for (targets that decide, precision, an equal budget), ``as_given`` the scenarios
    before their doses were scaled, ``scalings`` how they were, and ``precision`` what was reached of what was wanted.
    """

    baseline: RunResult
    scenarios: tuple[RunResult, ...]
    asked: Mapping[str, Any] = field(default_factory=dict)
    as_given: tuple[Scenario, ...] = ()
    scalings: tuple[Scaling, ...] = ()
    precision: tuple[Mapping[str, Any], ...] = ()

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

        ``ci_low`` and ``ci_high`` bound 90 % (BCa bootstrap over draws); ``p_better`` is the share of pairs in
        which the scenario is higher. ``cost_difference`` is the net public cost up to that year, in CNY,
        and ``cost_per_unit`` what one unit of the indicator costs; empty where the interval holds zero.
        ``p_value`` is two-sided, ``p_holm`` adjusted over the indicators of the year.
        """
        frame = self.tables().compare
        assert frame is not None
        return frame

    def win(self) -> pandas.DataFrame:
        """Return for each pair of scenarios the share of futures in which one reaches more of a target than the other.

        The row ``all`` is the mean over the chosen targets; ``p_win_low`` and ``p_win_high`` bound 90 %.
        """
        frame = self.tables().win
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
        pairs = [Pairs(self.baseline, s) for s in self.scenarios]
        meta = dict(self.baseline.meta())
        meta["runs"] = [run.meta() for run in self.runs]
        net = {s.name: net_counterparts(self.baseline, s) for s in self.scenarios}
        if any(net.values()):  # by scenario and indicator, what stands for it
            meta["net_of_neighbours"] = net
        meta["asked"] = dict(self.asked)
        meta["equal_budget"] = [scaling.plain() for scaling in self.scalings]
        meta["precision"] = [{**row, "scenario": self.runs[row["scenario"]].name} for row in self.precision]
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
                [row for s, p in zip(self.scenarios, pairs, strict=True) for row in paired_rows(self.baseline, s, p)],
                columns=COMPARE_COLUMNS,
            ),
            compare_targets=pandas.DataFrame(
                [row for s, p in zip(self.scenarios, pairs, strict=True) for row in target_rows(self.baseline, s, p)],
                columns=PAIRED_COLUMNS,
            ),
            settings=self.settings_diff(),
            win=pandas.DataFrame(win_rows(self.runs, self._deciding()), columns=WIN_COLUMNS),
        )

    def _deciding(self) -> tuple[Target, ...]:
        return chosen_targets([run.scenario for run in self.runs], self.asked.get("on", ()))

    def plot(self, folder: str | Path, language: str = "en") -> list[Path]:
        """Draw every figure into a folder, each with its numbers in a .csv beside it."""
        from simulator.report.figures import draw_compare

        return draw_compare(self._tables, Path(folder), language)

    def save(self, folder: str | Path, language: str = "en", command: str = "") -> Path:
        """Write the output folder; raises InputError where another run's results lie."""
        from simulator.study.output import save

        return save(self.runs, Path(folder), self._tables, language, command=command, run_hash=self.hash)

    @property
    def hash(self) -> str:
        """Return the hash of the comparison: of the scenarios as they were given and of what was asked for."""
        from simulator.study.output import identity

        first = self.baseline
        given = self.as_given or tuple(run.scenario for run in self.runs)
        return identity(given, first.sizes, first.seed, first.companions, self.asked)


def compare(
    baseline: Scenario | str | Path,
    scenarios: Scenario | str | Path | Sequence[Scenario | str | Path],
    *,
    replicates: int | None = None,
    jobs: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    on: Sequence[str] = (),
    until: Mapping[str, float] | None = None,
    equal_budget: float | None = None,
    cluster: str | None = None,
    pieces: Pieces | None = None,
) -> CompareResult:
    """Run scenarios and a baseline of the same region with the same draws and seeds.

    ``on`` names the targets on which scenarios are held against one another (``win``). ``until`` maps a target or
    ``indicator@year`` to half the width that the 90 % interval of each paired difference may have: runs are added in
    fixed steps until it is reached, at most ``replicates`` (1,000 if not given). ``equal_budget`` scales the doses of
    each scenario until it adds this net cost (CNY over all years) to the baseline. ``cluster`` is the address of a Dask
    scheduler; ``pieces`` keeps what is finished, and what it has is not run again.

    Raises InputError for scenarios that cannot be run or compared, StudyError where too many runs failed.
    """
    several = isinstance(scenarios, Sequence) and not isinstance(scenarios, str)
    others: list[Any] = list(scenarios) if several else [scenarios]  # type: ignore[arg-type]
    given = opened_together([baseline, *others])
    chosen_targets(given, on)
    for scenario in given:
        model_error_of(scenario)  # a bad file of observed points should not cost a study
    wanted, sizes = wanted_precision(given, replicates, until), common_sizes(given, replicates, until)
    names, found = names_of(given), list(given)
    inputs = inputs_of(given)  # before somebody edits them
    scalings: tuple[Scaling, ...] = ()
    if equal_budget is not None:
        search: dict[str, Any] = {"jobs": jobs, "cluster": cluster, "folder": pieces and pieces.beside(SEARCH)}
        search["runs"] = sizes[-1]
        made = at_equal_budget(given[0], given[1:], names[1:], equal_budget, seed=seed, **search)
        found, scalings = [given[0], *(s for s, _ in made)], tuple(record for _, record in made)
    results: list[list[Outcome | Failure]] = [[] for _ in found]
    pool = Pool(found, seed, jobs, cluster=cluster, pieces=pieces)
    for size in sizes:
        batch = design(size, seed, start=len(results[0]))
        for number, more in pool.run(dict.fromkeys(range(len(found)), batch), progress).items():
            results[number] += more
        reached = reached_precision(found, results, wanted)
        if precise(reached):
            break
    runs = [
        collect(scenario, name, with_command(mine, partial(_replaying, as_given, scenario, seed)), sizes, pool)
        for as_given, scenario, name, mine in zip(given, found, names, results, strict=True)
    ]
    asked = asked_for(on, until, equal_budget)
    return CompareResult(
        replace(runs[0], inputs=inputs), tuple(runs[1:]), asked, tuple(given), scalings, tuple(reached)
    )


def _replaying(given: Scenario, scenario: Scenario, seed: int, replicate: Replicate) -> str:
    """Return the command that runs a replicate again: its file's, with the doses that the comparison scaled."""
    changes = {
        f"{entry.id}.{f.name}": getattr(entry.settings, f.name)
        for before, entry in zip(given.entries, scenario.entries, strict=True)
        for f in fields(entry.settings)
        if getattr(entry.settings, f.name) != getattr(before.settings, f.name)
    }
    return row_again(scenario, changes, replicate.draw, replicate.index, seed) if changes else replaying(
        scenario, replicate, seed
    )  # fmt: skip


def asked_for(
    on: Sequence[str] = (), until: Mapping[str, float] | None = None, equal_budget: float | None = None
) -> dict[str, Any]:
    """Return what a comparison was asked for besides its scenarios, as plain values; empty where nothing was."""
    asked = {"on": list(on), "until": dict(sorted((until or {}).items())), "equal_budget": equal_budget}
    return {key: value for key, value in asked.items() if value}


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
