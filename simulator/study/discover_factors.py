"""The factors among which a discovery looks for what makes a plan miss, and the values that each future has of them."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.luck import Luck, normal_quantile
from simulator.core.problems import Place, Problems
from simulator.study.design import Row, changed, kind_of
from simulator.study.priors import parameter_rows

if TYPE_CHECKING:
    from simulator.scenario import Scenario

DRAWS, LATIN = "draws", "latin"
SAMPLINGS = (DRAWS, LATIN)


def _parameter_names() -> tuple[str, ...]:
    return tuple(row.name for row in parameter_rows())


@dataclass(frozen=True)
class Factor:
    """Something that differs between futures: a parameter, a setting in a range, or choices of a switch or driver."""

    name: str
    kind: str
    unit: str = ""
    levels: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False


def factors_of(scenario: Scenario, names: Sequence[str] | None) -> tuple[Factor, ...]:
    """Return the factors of these names: by default every parameter, every switch and the outside as a whole.

    A name may be a pattern of parameters (``finance.*``), or a setting with its range (``QL09d.face_value=0:200000``).
    Raises InputError with everything that is no factor.
    """
    from simulator.model import SWITCHES

    if not names:
        drivers = ["drivers.all"] if len(scenario.region.driver_choices().get("all", ())) > 1 else []
        names = [*_parameter_names(), *(f"switches.{s}" for s in SWITCHES), *drivers]
    problems, found = Problems(), dict[str, Factor]()
    for text in names:
        name, _, span = text.partition("=")
        if "*" in name:
            matching = fnmatch.filter(_parameter_names(), name)
            if not matching:
                problems.add(Place("--factors"), "no parameter fits", read=name, among=_parameter_names())
            found |= {n: _factor(scenario, n, span, problems) for n in matching}
        else:
            found[name] = _factor(scenario, name, span, problems)
    problems.raise_any()
    return tuple(f for f in found.values() if not (f.kind == "parameter" and _bare(f.name) in scenario.assumptions))


def _bare(name: str) -> str:
    return name.removeprefix("parameters.")


def _factor(scenario: Scenario, name: str, span: str, problems: Problems) -> Factor:
    from simulator.model import SWITCHES

    kind, rest = kind_of(name, scenario), name.partition(".")[2]
    if span and kind != "setting":
        problems.add(Place("--factors"), f"{name} takes no range", read=span, allowed="a range of a setting")
    if kind == "switch":
        return Factor(name, kind, levels=tuple(SWITCHES[rest]))
    if kind == "driver":
        levels = scenario.region.driver_choices()[rest]
        if len(levels) < 2:
            problems.add(Place("--factors"), f"{name} has one path only", read=name, allowed="a driver with several")
        return Factor(name, kind, levels=tuple(levels))
    if kind == "parameter":
        return Factor(name, kind, unit={row.name: row.unit for row in parameter_rows()}[_bare(name)])
    return _setting(scenario, name, span, problems)


def _setting(scenario: Scenario, name: str, span: str, problems: Problems) -> Factor:
    head, _, rest = name.partition(".")
    entry = next(e for e in scenario.entries if head in (e.id, e.lever.name))
    field = next(f for f in fields(entry.settings) if f.name == rest)
    low, _, high = span.partition(":")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = (0.0, 0.0)
    if not ends[0] < ends[1]:
        allowed = f"{name}=LOW:HIGH in {field.metadata.get('unit') or 'its unit'}"
        problems.add(
            Place("--factors"), "a setting needs a range", read=f"{name}={span}" if span else name, allowed=allowed
        )
    whole = isinstance(getattr(entry.settings, rest), int)
    if ends[0] < ends[1]:
        for end in ends:
            changed(scenario, {name: int(end) if whole else end})  # raises what is wrong with it
    return Factor(name, "setting", field.metadata.get("unit") or "", (), *ends, whole)


def stratified(name: str, runs: int, seed: int) -> np.ndarray:
    """Return one uniform of each of ``runs`` equal parts of (0, 1), (runs,), in an order of the factor's own."""
    luck, keys = Luck(seed).at(0, "discover"), np.arange(runs, dtype=np.uint64)
    rank = np.argsort(np.argsort(luck.uniform(keys, name), kind="stable"), kind="stable")
    return np.asarray((rank + luck.uniform(keys, f"{name} within")) / runs)


def laid_out(
    scenario: Scenario, factors: Sequence[Factor], runs: int, seed: int, sampling: str
) -> tuple[tuple[Row, ...], dict[str, np.ndarray], dict[str, int]]:
    """Return the rows of a design, the value that each has of each factor (runs,), and the categories of some factors.

    Row k takes draw k of the parameters and luck k. Switches, drivers and settings are Latin hypercube samples over
    their choices and ranges, each choice equally often; parameters are what the draw gives, or with ``latin`` samples
    over their priors, each by itself.
    """
    from simulator.study.replicates import parameters_of

    columns: dict[str, np.ndarray] = {}
    changes: list[dict[str, Any]] = [{} for _ in range(runs)]
    categories: dict[str, int] = {}
    rows = {row.name: row for row in parameter_rows()}
    drawn = [f for f in factors if f.kind == "parameter" and sampling == DRAWS]
    if drawn:
        tables = [parameters_of(scenario, k, seed) for k in range(runs)]
        columns |= {f.name: np.array([t[_bare(f.name)] for t in tables]) for f in drawn}
    for factor in factors:
        if factor.name in columns:
            continue
        u = stratified(factor.name, runs, seed)
        if factor.levels:
            values = np.minimum((u * len(factor.levels)).astype(int), len(factor.levels) - 1)
            categories[factor.name] = len(factor.levels)
            given: list[Any] = [factor.levels[k] for k in values.tolist()]
        elif factor.kind == "parameter":
            row = rows[_bare(factor.name)]
            values = np.array([row.prior.at(row.value, z) for z in np.asarray(normal_quantile(u)).tolist()])
            given = values.tolist()
        else:
            values = factor.low + u * (factor.high - factor.low)
            values = np.round(values) if factor.whole else values
            given = [int(v) if factor.whole else v for v in values.tolist()]
        columns[factor.name] = values
        for own, value in zip(changes, given, strict=True):
            own[factor.name] = value
    made = tuple(Row(0, tuple(sorted(own.items())), k, k) for k, own in enumerate(changes))
    varied = {name: column for name, column in columns.items() if len(column) and (column != column[0]).any()}
    return made, varied, {name: size for name, size in categories.items() if name in varied}
