"""The design table: every study is rows of runs, and names what it keeps of each.

A row says which scenario, which settings, parameters, switches and drivers it changes, which draw of the parameters
and which luck. Rows with the same draw and the same luck are pairs: their differences owe nothing to chance.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Place, Problems
from simulator.study.output import digest, model_hash, samples_of
from simulator.study.replicates import SEED_STRIDE, SEEDS_PER_DRAW, parameters_of
from simulator.study.tables import NATIONAL_LAW, NET_SIGN

if TYPE_CHECKING:
    import pandas

    from simulator.scenario import Scenario
    from simulator.simulate import Run
    from simulator.study.targets import Target

DECLARED = -1  # the draw that takes every parameter at its declared value
COST = "cost."


# ---- factors: what a study varies ---------------------------------------------------------------------


def kind_of(name: str, scenario: Scenario) -> str:
    """Return what a factor is: ``setting``, ``parameter``, ``switch`` or ``driver``; raises InputError for none.

    ``QL09d.face_value`` or ``innovation_voucher.face_value`` is a setting, ``finance.exit`` a parameter,
    ``switches.entry`` a switch, ``drivers.national`` a driver; a prefix ``parameters.`` forces a parameter.
    """
    from simulator.model import SWITCHES

    head, _, rest = name.partition(".")
    if head == "switches" and rest in SWITCHES:
        return "switch"
    if head == "drivers" and rest in scenario.region.driver_choices():
        return "driver"
    if head == "parameters" and rest in _parameter_set():
        return "parameter"
    if name in _setting_set(scenario):
        return "setting"
    if name in _parameter_set():
        return "parameter"
    problems = Problems()
    known = [f"{e.id}.{s}" for e in scenario.entries for s in _settings_of(e)]
    known += [*_parameter_names(), *(f"switches.{s}" for s in SWITCHES)]
    known += [f"drivers.{d}" for d in scenario.region.driver_choices()]
    problems.add(Place(str(scenario.path)), "no such factor", read=name, among=tuple(known))
    raise InputError(problems.found)


def changed(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Return a scenario with factors set; raises InputError for unknown names and values that are not allowed."""
    from simulator.model import SWITCHES

    settings: dict[str, Any] = {}
    assumed: dict[str, float] = {}
    switches: dict[str, str] = {}
    drivers: dict[str, str] = {}
    problems = Problems()
    for name, value in changes.items():
        kind, rest = kind_of(name, scenario), name.partition(".")[2]
        if kind == "setting":
            settings[name] = value
        elif kind == "parameter":
            own = rest if name.startswith("parameters.") else name
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                problems.add(Place(str(scenario.path)), name, read=str(value), allowed="a finite number")
            else:
                assumed[own] = float(value)
        else:
            among = SWITCHES[rest] if kind == "switch" else scenario.region.driver_choices()[rest]
            if value not in among:
                problems.add(Place(str(scenario.path)), name, read=str(value), among=tuple(among))
            (switches if kind == "switch" else drivers)[rest] = str(value)
    problems.raise_any()
    return replace(
        scenario.with_settings(settings) if settings else scenario,
        assumptions={**scenario.assumptions, **assumed},
        switches={**scenario.switches, **switches},
        drivers={**scenario.drivers, **drivers},
    )


def _parameter_names() -> tuple[str, ...]:
    return tuple(_parameter_set())


_known: tuple[Any, Any, dict[str, None]] = (None, None, {})  # of one model: a made-up one has other parameters


def _parameter_set() -> dict[str, None]:
    global _known
    from simulator.model import LEVERS, SCHEDULE
    from simulator.study.priors import parameter_rows

    if _known[0] is not SCHEDULE or _known[1] is not LEVERS:
        _known = (SCHEDULE, LEVERS, dict.fromkeys(row.name for row in parameter_rows()))
    return _known[2]


@lru_cache(maxsize=64)
def _setting_set(scenario: Scenario) -> frozenset[str]:
    return frozenset(f"{name}.{s}" for e in scenario.entries for name in (e.id, e.lever.name) for s in _settings_of(e))


def _settings_of(entry: Any) -> tuple[str, ...]:
    return tuple(entry.lever.Settings.__dataclass_fields__)


# ---- outcomes: what a study keeps of a run ------------------------------------------------------------


@dataclass(frozen=True)
class Outcomes:
    """The figures kept of a run, by name.

    ``hnte_count@2020`` is an indicator in a year, ``QD10`` a target's figure in the target's unit, ``cost.net``
    public money less what came back, ``cost.outlay`` and the like one kind of it, ``cost.QL09d`` an entry's net
    cost; money in CNY of the year, summed over the scenario's years, national law and private money left out.
    """

    names: tuple[str, ...]
    targets: Mapping[str, Target]

    def read(self, run: Run) -> np.ndarray:
        """Return the figures of a run, (M,); raises KeyError for an indicator or a year that it does not have."""
        return np.array([self._one(name, run) for name in self.names], dtype=float)

    def _one(self, name: str, run: Run) -> float:
        from simulator.model import INDICATORS

        if name.startswith(COST):
            return cost_of(name.removeprefix(COST), run)
        if name in self.targets:
            target = self.targets[name]
            return float(target.figures(run.series(str(target.indicator))[None], run.years, INDICATORS)[0])
        indicator, _, year = name.partition("@")
        at = np.flatnonzero(run.years == int(year))
        if not at.size or indicator not in run.names:
            raise KeyError(name)
        return float(run.series(indicator)[at[0]])


def cost_of(what: str, run: Run) -> float:
    """Return ``net`` cost of a run, that of an entry or one kind of money, as ``Outcomes`` says: CNY of the year."""
    total = 0.0
    for bill in run.bills:
        if bill.entry == NATIONAL_LAW or bill.payer == "private" or bill.year < run.years[0]:
            continue
        if what in NET_SIGN:
            total += bill.amount * (str(bill.kind) == what)
        elif what in ("net", bill.entry):
            total += NET_SIGN[str(bill.kind)] * bill.amount
    return float(total)


def outcomes_of(scenario: Scenario, names: Sequence[str] | None = None) -> Outcomes:
    """Return the outcomes of these names, or every simulated target of the region, ``cost.net`` and ``cost.outlay``.

    Raises InputError for a name that is none.
    """
    from simulator.model import INDICATORS
    from simulator.study.targets import simulated_targets

    years = np.arange(scenario.years[0], scenario.years[1] + 1)
    targets = {t.id: t for t in simulated_targets(scenario)}
    if names is None:
        names = [*targets, "cost.net", "cost.outlay"]
    problems, money = Problems(), tuple(dict.fromkeys(("net", *NET_SIGN, *(e.id for e in scenario.entries))))
    for name in names:
        indicator, _, year = name.partition("@")
        known = name in targets or name.removeprefix(COST) in money if name.startswith(COST) else name in targets
        if not known and not (indicator in INDICATORS and year.isdecimal() and int(year) in years):
            among = (*targets, *(COST + m for m in money), *(f"{i}@{years[-1]}" for i in INDICATORS))
            problems.add(Place(str(scenario.path)), "no such outcome", read=name, among=among)
    problems.raise_any()
    return Outcomes(tuple(names), {name: targets[name] for name in names if name in targets})


# ---- rows ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One run: the number of its scenario, what it changes there, the draw of its parameters, and its luck."""

    scenario: int
    changes: tuple[tuple[str, Any], ...] = ()
    draw: int = 0
    luck: int = 0


@dataclass(frozen=True)
class Design:
    """Rows over some scenarios, and what is kept of each run; ``seed`` addresses draws and luck."""

    scenarios: tuple[Scenario, ...]
    rows: tuple[Row, ...]
    outcomes: Outcomes
    seed: int = 0

    def scenario_of(self, row: Row) -> Scenario:
        """Return the scenario of a row with its changes."""
        return _changed(self.scenarios[row.scenario], row.changes)

    def values_of(self, row: Row) -> Mapping[str, float]:
        """Return the parameters of a row by dotted name; what the row changes stands in its scenario."""
        return _values(self.scenarios[row.scenario], row.draw, self.seed)

    def luck_of(self, row: Row) -> int:
        """Return the number that addresses the luck of a row."""
        return self.seed * SEED_STRIDE + row.luck

    @cached_property
    def hashes(self) -> tuple[str, ...]:
        """Return for each row the hash of everything that its figures depend on."""
        fixed = []
        for scenario in self.scenarios:
            fitted = samples_of(scenario)
            kept = [self.outcomes.names, [repr(t) for t in self.outcomes.targets.values()]]
            fixed.append(digest(json.dumps([scenario.fingerprint(), model_hash(), fitted, kept, self.seed]).encode()))
        return tuple(
            digest(json.dumps([fixed[r.scenario], r.changes, r.draw, r.luck], allow_nan=False, default=_plain).encode())
            for r in self.rows
        )

    def columns(self) -> dict[str, list[Any]]:
        """Return the rows by column: scenario, draw, luck, and one a factor, None where it is untouched."""
        factors = dict.fromkeys(name for row in self.rows for name, _ in row.changes)
        changes = [dict(row.changes) for row in self.rows]
        fixed: dict[str, list[Any]] = {
            "scenario": [self.scenarios[row.scenario].name for row in self.rows],
            "draw": [row.draw for row in self.rows],
            "luck": [row.luck for row in self.rows],
        }
        return fixed | {name: [mine.get(name) for mine in changes] for name in factors}

    def frame(self) -> pandas.DataFrame:
        """Return the rows as a table with these columns."""
        import pandas

        return pandas.DataFrame(self.columns())


def _plain(value: Any) -> Any:
    return value.item()  # a number of numpy


@lru_cache(maxsize=512)  # each holds some 40 kB where a study changes every parameter
def _changed(scenario: Scenario, changes: tuple[tuple[str, Any], ...]) -> Scenario:
    return changed(scenario, dict(changes)) if changes else scenario


@lru_cache(maxsize=256)
def _values(scenario: Scenario, draw: int, seed: int) -> Mapping[str, float]:
    return parameters_of(scenario, draw, seed)


def crossed(
    scenario: int, levels: Sequence[Mapping[str, Any]], runs: int, start: int = 0, declared: bool = False
) -> list[Row]:
    """Return rows for each level (a set of changes) with the same ``runs`` draws and luck: pairs stand side by side.

    Two runs share each draw, so that luck and ignorance can be told apart; ``declared`` takes no draws.
    """
    fixed = [tuple(sorted(level.items())) for level in levels]
    return [
        Row(scenario, mine, DECLARED if declared else k // SEEDS_PER_DRAW, k)
        for k in range(start, start + runs)
        for mine in fixed
    ]
