"""The factors of a sensitivity study: what varies, over which range, and how a point of the unit cube sets it.

A parameter runs through the quantiles of its prior, or, where the scenario's calibration was fitted, through the
quantiles of its own column of the posterior: what the fit learned of each parameter is kept, correlations between
parameters are not. A setting runs through the range or the list given for it, a switch or a driver through its choices.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Place, Problem, Problems
from simulator.study.replicates import EVIDENCE

if TYPE_CHECKING:
    from simulator.scenario import Scenario

GROUPINGS = ("mechanism", "lever", "owner")
EDGE = 1e-3  # quantiles are taken this far inside (0, 1): what lies beyond is no range that anybody stated


@dataclass(frozen=True)
class Factor:
    """One input: ``kind`` is parameter, setting, switch or driver; ``source`` where a parameter's prior comes from.

    ``choices`` for what is picked from a list, ``table`` (n,) the sorted posterior draws of a parameter, ``low`` and
    ``high`` the range of a setting; a parameter with neither takes its prior. ``title`` is a setting's entry, in
    English and Chinese.
    """

    name: str
    kind: str
    owner: str
    source: str = ""
    choices: tuple[Any, ...] = ()
    low: float = math.nan
    high: float = math.nan
    table: np.ndarray | None = field(default=None, repr=False, compare=False)
    prior: Any = field(default=None, repr=False, compare=False)
    title: tuple[str, str] = ("", "")

    def at(self, u: float) -> Any:
        """Return the value at ``u`` in [0, 1]."""
        if self.choices:
            return self.choices[min(int(u * len(self.choices)), len(self.choices) - 1)]
        if math.isfinite(self.low):
            return self.low + (self.high - self.low) * u
        inside = min(max(u, EDGE), 1.0 - EDGE)
        if self.table is not None:
            return float(np.quantile(self.table, inside))
        return float(self.prior.prior.quantile(self.prior.value, inside))


def factors_of(scenario: Scenario, wanted: Any = None) -> tuple[Factor, ...]:
    """Return the factors that were asked for, each once, in the order asked.

    ``wanted`` is text or names with ``*`` (``"finance.*,QL09d.face_value=0:200000,year_order"``) or a mapping from a
    name to (low, high), to a list of values, or to None. None takes every parameter that the scenario does not fix and
    every switch. Raises InputError for names, ranges and values that are not allowed.
    """
    problems, out = Problems(), dict[str, Factor]()
    place = Place(str(scenario.path))
    known = _Known(scenario)
    if wanted is None:
        free = [name for name in known.parameters if name not in scenario.assumptions]
        return tuple(known.factor(name, "", problems) for name in (*free, *known.switches))
    for text in asked(wanted):
        pattern, _, span = text.partition("=")
        names = known.matching(pattern)
        if not names:
            problems.add(place, "no such factor", read=pattern, among=known.every)
        for name in names:
            if span or name not in out:
                out[name] = known.factor(name, span, problems)
    if not out and not problems.found:
        problems.add(place, "no factor is named", allowed="names, with * for many, such as finance.*")
    problems.raise_any()
    return tuple(out.values())


def asked(wanted: Any) -> list[str]:
    """Return what was asked for as texts ``name``, ``name=low:high`` or ``name=a|b``."""
    if isinstance(wanted, str):
        return [part.strip() for part in wanted.split(",") if part.strip()]
    if isinstance(wanted, Mapping):
        return [name if span is None else f"{name}={_span(span)}" for name, span in wanted.items()]
    return [str(part).strip() for part in wanted]


def _span(span: Any) -> str:
    if isinstance(span, str):
        return span
    return (":" if isinstance(span, tuple) and len(span) == 2 else "|").join(str(x) for x in span)


class _Known:
    """The names that a scenario's factors can have, and what each stands for."""

    def __init__(self, scenario: Scenario) -> None:
        from simulator.model import SWITCHES
        from simulator.study.posterior import load_posterior
        from simulator.study.priors import parameter_rows

        self.place, self.rows = Place(str(scenario.path)), {row.name: row for row in parameter_rows()}
        self.parameters = tuple(self.rows)
        self.switches = tuple(f"switches.{name}" for name in SWITCHES)
        self.choices: dict[str, tuple[Any, ...]] = {f"switches.{name}": among for name, among in SWITCHES.items()}
        drivers = scenario.region.driver_choices()
        self.choices |= {f"drivers.{name}": among for name, among in drivers.items() if len(among) > 1}
        self.settings = {f"{e.id}.{s.name}": (e, s) for e in scenario.entries for s in fields(e.lever.Settings)}
        self.every = tuple(dict.fromkeys((*self.parameters, *self.choices, *self.settings)))
        fitted = None if scenario.calibration == EVIDENCE else load_posterior(scenario.region.id, scenario.calibration)
        self.tables = {} if fitted is None else {n: np.sort(fitted.table[:, k]) for k, n in enumerate(fitted.names)}

    def matching(self, pattern: str) -> tuple[str, ...]:
        if "*" in pattern or "?" in pattern:
            return tuple(name for name in self.every if fnmatchcase(name, pattern))
        own = pattern.removeprefix("parameters.")
        head, _, rest = pattern.partition(".")
        if len(ids := [e.id for e, s in self.settings.values() if e.lever.name == head and s.name == rest]) == 1:
            return (f"{ids[0]}.{rest}",)
        return tuple(name for name in (own, f"switches.{pattern}", f"drivers.{pattern}") if name in self.every)[:1]

    def factor(self, name: str, span: str, problems: Problems) -> Factor:
        low, high, values = self._range(name, span, problems)
        if name in self.choices:
            kind = "switch" if name.startswith("switches.") else "driver"
            among = self.choices[name]
            for value in values:
                if value not in among:
                    problems.add(self.place, name, read=str(value), among=among)
            if math.isfinite(low):
                problems.add(self.place, f"{name} has no range", read=span, among=among)
            return Factor(name, kind, name.partition(".")[0], choices=values or among)
        if name in self.rows:
            row = self.rows[name]
            owner = name.partition(".")[0]
            return Factor(name, "parameter", owner, row.source, values, low, high, self.tables.get(name), row)
        return self._setting(name, low, high, values, problems)

    def _setting(self, name: str, low: float, high: float, values: tuple[Any, ...], problems: Problems) -> Factor:
        entry, setting = self.settings[name]
        declared = setting.metadata
        if not values and not math.isfinite(low):
            values = declared.get("choices") or ()
            if isinstance(getattr(entry.settings, setting.name), tuple):
                values = ()  # a list of names is no single choice
        if not values and not math.isfinite(low):
            if (declared.get("low"), declared.get("high")) == (0.0, 1.0):
                low, high = 0.0, 1.0  # a share; other bounds only keep out what is absurd
            else:
                problems.add(self.place, f"{name} needs a range", read=name, allowed=f"{name}=LOW:HIGH")
        label = entry.title or entry.lever.label
        return Factor(name, "setting", entry.lever.name, "", values, low, high, title=(label.en, label.zh))

    def _range(self, name: str, span: str, problems: Problems) -> tuple[float, float, tuple[Any, ...]]:
        """Return low, high and values of a text ``low:high`` or ``a|b``; not a number and empty where there is none."""
        none = (math.nan, math.nan, ())
        if not span:
            return none
        if "|" in span:
            return math.nan, math.nan, tuple(_value(part.strip()) for part in span.split("|"))
        ends = [_value(part) for part in span.split(":")]
        good = len(ends) == 2 and all(isinstance(x, int | float) and math.isfinite(x) for x in ends)
        if not good or not ends[0] < ends[1]:
            problems.add(self.place, f"{name}: no range", read=span, allowed="LOW:HIGH with LOW < HIGH, or A|B|C")
            return none
        return float(ends[0]), float(ends[1]), ()


def _value(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        return text


def medians(scenario: Scenario, but: Iterable[str] = ()) -> dict[str, float]:
    """Return the posterior median of each parameter that is neither a factor nor fixed; empty under the priors."""
    known, left_out = _Known(scenario), {*but, *scenario.assumptions}
    return {name: float(np.quantile(t, 0.5)) for name, t in known.tables.items()
            if name in known.rows and name not in left_out}  # fmt: skip


def allowed(scenario: Scenario, factors: Sequence[Factor]) -> None:
    """Raise InputError where an end of a factor's range cannot be set."""
    from simulator.study.design import changed

    for factor in factors:
        if factor.kind == "setting":
            for value in factor.choices or (factor.low, factor.high):
                changed(scenario, {factor.name: value})


def grouped(factors: Sequence[Factor], grouping: str | Mapping[str, Sequence[str]] | None) -> tuple[str, ...]:
    """Return the group of each factor: its own name where it stands alone.

    ``owner`` takes each mechanism, lever, the switches and the drivers as a group; ``mechanism`` puts all levers in
    one, ``lever`` all mechanisms; a mapping names groups by patterns, and what it leaves out stands alone.
    """
    from simulator.model import LEVERS

    if grouping is None:
        return tuple(f.name for f in factors)
    if isinstance(grouping, Mapping):
        own = [next((g for g, ps in grouping.items() if any(fnmatchcase(f.name, p) for p in ps)), None)
               for f in factors]  # fmt: skip
        return tuple(f.name if g is None else g for f, g in zip(factors, own, strict=True))
    together = {"mechanism": "levers", "lever": "mechanisms"}.get(grouping)
    out = []
    for factor in factors:
        in_levers = factor.kind in ("parameter", "setting") and factor.owner in LEVERS
        merged = together is not None and factor.kind in ("parameter", "setting")
        out.append(str(together) if merged and in_levers == (grouping == "mechanism") else factor.owner)
    return tuple(out)


def grouping_of(text: str | None) -> str | dict[str, list[str]] | None:
    """Return a way to group from a command's text: one of ``GROUPINGS``, or a YAML file ``name: [patterns]``."""
    from simulator.core.reading import read_yaml

    if text is None or text in GROUPINGS:
        return text
    problems = Problems()
    if not Path(text).is_file():
        allowed = f"{', '.join(GROUPINGS)}, or a YAML file"
        problems.add(Place("--groups"), "no such grouping", read=text, allowed=allowed)
        problems.raise_any()
    root = read_yaml(Path(text), problems)
    problems.raise_any()
    plain = root.plain() if root is not None else None
    if not isinstance(plain, dict) or not plain or not all(map(_patterns, plain.values())):
        what = "names of groups, each with a list of factors: money: [finance.*]"
        raise InputError([Problem(text, 1, 1, "no groups", "", what)])
    return {str(name): list(patterns) for name, patterns in plain.items()}


def _patterns(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(pattern, str) for pattern in value)
