"""The points of a sweep: which factors it varies, over which values, in which design."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from simulator.core.problems import InputError, Place, Problems
from simulator.study.design import Design, changed, crossed, kind_of, outcomes_of

if TYPE_CHECKING:
    from simulator.scenario import Scenario

DESIGNS = ("grid", "list", "latin", "sobol")
RANDOM = ("latin", "sobol")
RUNS = {"grid": 40, "list": 40, "latin": 10, "sobol": 10}  # of each point; many points need fewer of each
POINTS = 64
STEPS = 5
MOST_STEPS = 1000
MOST_POINTS = 10_000
MOST_RUNS = 500_000
NAMED_POINTS = 5  # points named when they cannot be run


@dataclass(frozen=True)
class Span:
    """A range of a factor from ``low`` to ``high``: equal steps, or equal ratios with ``log``, both ends included.

    Latin hypercubes and Sobol sequences take any value of it and need no ``steps``. The ends may be texts with
    units, as in a scenario file.
    """

    low: Any
    high: Any
    steps: int = STEPS
    log: bool = False


Levels = Sequence[Any] | Span
Factors = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Point = dict[str, Any]
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Asked:
    """What somebody asks a sweep for; ``places`` says where each factor stands in a file (name, or name and number)."""

    scenario: Scenario
    factors: Factors
    design: str | None = None
    points: int | None = None
    runs: int | None = None
    seed: int = 0
    outcomes: Sequence[str] | None = None
    places: Mapping[Any, Place] = field(default_factory=dict)

    def place(self, name: str, number: int | None = None) -> Place:
        """Return where a factor, or one value of it, stands: in the sweep's own file or else in the scenario's."""
        return self.places.get((name, number)) or self.places.get(name) or Place(str(self.scenario.path))


@dataclass(frozen=True)
class Plan:
    """A sweep that can be run: its points (factor to value each), runs of each point, and what is kept of a run."""

    scenario: Scenario
    points: tuple[Point, ...]
    names: tuple[str, ...]
    logs: tuple[str, ...]
    kind: str
    runs: int
    seed: int
    outcomes: tuple[str, ...]
    chosen: bool

    def design(self) -> Design:
        """Return the rows: every point with the same draws and luck."""
        rows = tuple(crossed(0, self.points, self.runs))
        return Design((self.scenario,), rows, outcomes_of(self.scenario, self.outcomes), self.seed)

    def plain(self) -> dict[str, Any]:
        """Return the plan without its scenario as plain values that JSON can hold."""
        return {
            "points": [{n: list(v) if isinstance(v, tuple) else v for n, v in p.items()} for p in self.points],
            "names": list(self.names),
            "logs": list(self.logs),
            "kind": self.kind,
            "runs": self.runs,
            "seed": self.seed,
            "outcomes": list(self.outcomes),
            "chosen": self.chosen,
        }


def plan_of(plain: Mapping[str, Any], scenario: Scenario) -> Plan:
    """Return the plan that ``Plan.plain`` wrote down."""
    points = tuple({n: tuple(v) if isinstance(v, list) else v for n, v in p.items()} for p in plain["points"])
    names, logs, outcomes = (tuple(plain[key]) for key in ("names", "logs", "outcomes"))
    kind, runs, seed, chosen = (plain[key] for key in ("kind", "runs", "seed", "chosen"))
    return Plan(scenario, points, names, logs, kind, runs, seed, outcomes, chosen)


def planned(asked: Asked) -> Plan:
    """Return the points of a sweep, all checked against the scenario.

    Raises InputError with everything that is wrong: unknown factors and outcomes, values and combinations of values
    that are not allowed, ranges and numbers of points that a design cannot use.
    """
    problems = Problems()
    kind = _kind_of(asked, problems)
    wanted = None if asked.outcomes is None else list(dict.fromkeys(asked.outcomes))
    kept = _noting(problems, asked.places.get("outcomes"), lambda: outcomes_of(asked.scenario, wanted))
    points: list[Point] = []
    logs: list[str] = []
    if isinstance(asked.factors, Mapping):
        levels = {str(n): _levels(asked, str(n), given, kind, problems) for n, given in asked.factors.items()}
        logs = [str(name) for name, given in asked.factors.items() if _is_log(given)]
        if not levels:
            problems.add(asked.place("factors"), "no factors", allowed="at least one factor to vary")
        elif not len(problems):
            points = _combined(asked, levels, kind, problems)
    else:
        points = _listed(asked, asked.factors, problems)
    problems.raise_any()
    points = list({_key(point): point for point in points}.values())
    runs = RUNS[kind] if asked.runs is None else asked.runs
    _bounded(asked, len(points), runs, problems)
    _runnable(asked, points, problems)
    problems.raise_any()
    names = tuple(dict.fromkeys(name for point in points for name in point))
    outcomes = () if kept is None else kept.names
    return Plan(
        asked.scenario, tuple(points), names, tuple(logs), kind, runs, asked.seed, outcomes, asked.outcomes is not None
    )


def value_in(scenario: Scenario, name: str) -> Any:
    """Return the value that a factor has in a scenario; None for a parameter that is drawn."""
    from simulator.model import SWITCHES
    from simulator.scenario_entries import find_entry

    kind, (head, _, rest) = kind_of(name, scenario), name.partition(".")
    if kind == "setting":
        entry = find_entry(scenario.entries, head)
        return None if entry is None else getattr(entry.settings, rest)
    if kind == "switch":
        return scenario.switches.get(rest, SWITCHES[rest][0])
    if kind == "driver":
        return scenario.drivers.get(rest)
    return scenario.assumptions.get(rest if name.startswith("parameters.") else name)


# ---- steps of ``planned`` -----------------------------------------------------------------------------


def _noting(problems: Problems, place: Place | None, do: Callable[[], _Made]) -> _Made | None:
    """Return what ``do`` makes; what it raises is noted, at the place in the sweep's own file where there is one."""
    try:
        return do()
    except InputError as error:
        for p in error.problems:
            moved = p if place is None else replace(p, file=place.file, line=place.line, column=place.column)
            problems.found.append(moved)
        return None


def _kind_of(asked: Asked, problems: Problems) -> str:
    is_list = not isinstance(asked.factors, Mapping)
    kind = asked.design or ("list" if is_list else "grid")
    if kind not in DESIGNS:
        problems.add(asked.place("design"), "unknown design", read=kind, among=DESIGNS)
        return "grid"
    if is_list and kind != "list":
        problems.add(asked.place("design"), "design of points given one by one", read=kind, allowed="list")
    if asked.points is not None and kind not in RANDOM:
        message = f"points: a {kind} has those that its factors give"
        problems.add(asked.place("points"), message, read=asked.points, allowed="only with latin or sobol")
    return kind


def _settled(asked: Asked, name: str, value: Any, number: int | None, problems: Problems) -> Any:
    """Return a value of a factor as the model holds it, None where a problem was noted."""
    plain = value.item() if isinstance(value, np.generic) else list(value) if isinstance(value, tuple) else value
    at = [asked.places.get(key) for key in ((name, number), name, ("factors", number))]
    place = next((p for p in at if p is not None), None)
    return _noting(problems, place, lambda: value_in(changed(asked.scenario, {name: plain}), name))


def _levels(asked: Asked, name: str, given: Any, kind: str, problems: Problems) -> Levels:
    """Return the values of one factor in the model's units."""
    before = len(problems)
    _noting(problems, asked.places.get(name), lambda: kind_of(name, asked.scenario))
    if isinstance(given, Mapping):
        given = span_of(given, asked.place(name), problems)
    if len(problems) > before:
        return []
    if isinstance(given, Span):
        return _span(asked, name, given, kind, problems)
    listed = given if isinstance(given, list | tuple | np.ndarray) else [given]
    if not len(listed):
        problems.add(asked.place(name), f"{name}: no values", allowed="at least one")
    return [_settled(asked, name, value, i, problems) for i, value in enumerate(listed)]


def _is_log(given: Any) -> bool:
    return given.log if isinstance(given, Span) else isinstance(given, Mapping) and given.get("log") is True


def span_of(given: Mapping[str, Any], place: Place, problems: Problems) -> Span:
    """Return a range from plain values ``{from, to, steps, log}``; what is wrong with it is noted."""
    known = ("from", "to", "steps", "log")
    for key in given:
        if key not in known:
            problems.add(place, "unknown key in a range", read=str(key), among=known)
    for key in ("from", "to"):
        if key not in given:
            problems.add(place, f"a range lacks {key!r}", allowed="{from: 0, to: 100000, steps: 5}")
    steps, log = given.get("steps", STEPS), given.get("log", False)
    if type(steps) is not int or not 2 <= steps <= MOST_STEPS:
        problems.add(place, "steps of a range", read=steps, allowed=f"a whole number from 2 to {MOST_STEPS}")
        steps = STEPS
    if not isinstance(log, bool):
        problems.add(place, "log of a range", read=log, allowed="true or false")
    return Span(given.get("from"), given.get("to"), steps, log is True)


def _span(asked: Asked, name: str, span: Span, kind: str, problems: Problems) -> Levels:
    before = len(problems)
    low, high = (_settled(asked, name, end, None, problems) for end in (span.low, span.high))
    if len(problems) > before:
        return []
    place = asked.place(name)
    if any(isinstance(end, bool) or not isinstance(end, int | float) for end in (low, high)):
        problems.add(place, f"{name}: a range of what is no number", read=f"{low} to {high}", allowed="a list")
    elif not low < high:
        problems.add(place, f"{name}: a range that does not rise", read=f"{low:g} to {high:g}", allowed="from < to")
    elif span.log and low <= 0:
        problems.add(place, f"{name}: a range in equal ratios", read=f"from {low:g}", allowed="from above 0")
    if len(problems) > before:
        return []
    found = Span(low, high, span.steps, span.log)
    return found if kind in RANDOM else _at(found, np.linspace(0.0, 1.0, span.steps))


def _at(span: Span, shares: np.ndarray) -> list[Any]:
    """Return the values at shares (n,) of a range; whole numbers where both ends are."""
    if span.log:
        values = span.low * (span.high / span.low) ** shares
    else:
        values = span.low + (span.high - span.low) * shares
    if isinstance(span.low, int) and isinstance(span.high, int):
        return [int(x) for x in np.rint(values)]
    ends = {0.0: float(span.low), 1.0: float(span.high)}  # to the last bit
    return [ends.get(float(u), float(x)) for u, x in zip(shares, values, strict=True)]


def _combined(asked: Asked, levels: Mapping[str, Levels], kind: str, problems: Problems) -> list[Point]:
    names = list(levels)
    if kind in RANDOM:
        return _sampled(asked, levels, kind, problems)
    lists = [list(these) for these in levels.values() if not isinstance(these, Span)]
    if kind == "list":
        longest = max(len(these) for these in lists)
        for name, these in zip(names, lists, strict=True):
            if len(these) not in (1, longest):
                allowed = f"{longest} values, as the longest, or one"
                problems.add(asked.place(name), f"{name}: values of a list", read=len(these), allowed=allowed)
        rows = zip(*(these * longest if len(these) == 1 else these for these in lists), strict=False)
        return [dict(zip(names, row, strict=True)) for row in rows]
    if math.prod(len(these) for these in lists) > MOST_POINTS:
        _bounded(asked, math.prod(len(these) for these in lists), 1, problems)
        return []
    return [dict(zip(names, row, strict=True)) for row in itertools.product(*lists)]


def _sampled(asked: Asked, levels: Mapping[str, Levels], kind: str, problems: Problems) -> list[Point]:
    """Return the points of a Latin hypercube or a scrambled Sobol sequence; a list's values get equal shares."""
    count = POINTS if asked.points is None else asked.points
    if count < 2 or (kind == "sobol" and count & (count - 1)):
        allowed = "a power of two, such as 64" if kind == "sobol" else "at least 2"
        problems.add(asked.place("points"), f"points of a {kind} design", read=count, allowed=allowed)
        return []
    if count > MOST_POINTS:
        _bounded(asked, count, 1, problems)
        return []
    from scipy.stats import qmc

    rng = np.random.default_rng([asked.seed, len(levels)])
    if kind == "sobol":
        shares = qmc.Sobol(len(levels), seed=rng).random_base2(count.bit_length() - 1)
    else:
        shares = qmc.LatinHypercube(len(levels), seed=rng).random(count)
    columns = [
        _at(these, shares[:, i])
        if isinstance(these, Span)
        else [these[int(u * len(these))] for u in shares[:, i].tolist()]
        for i, these in enumerate(levels.values())
    ]
    return [dict(zip(levels, row, strict=True)) for row in zip(*columns, strict=True)]


def _listed(asked: Asked, rows: Sequence[Any], problems: Problems) -> list[Point]:
    """Return points given one by one; one that leaves out a factor takes the scenario's own value."""
    if not rows:
        problems.add(asked.place("factors"), "no points", allowed="at least one")
    points: list[Point] = []
    for i, row in enumerate(rows):
        if isinstance(row, Mapping):
            points.append({str(name): _settled(asked, str(name), value, i, problems) for name, value in row.items()})
        else:
            allowed = "factors and their values"
            problems.add(asked.place("factors", i), "a point of a list", read=row, allowed=allowed)
    return points


def _key(point: Point) -> tuple[Any, ...]:
    return tuple(sorted(point.items()))


def _bounded(asked: Asked, points: int, runs: int, problems: Problems) -> None:
    if runs < 1:
        problems.add(asked.place("runs"), "runs of each point", read=runs, allowed="at least 1")
    elif points > MOST_POINTS or points * runs > MOST_RUNS:
        allowed = f"up to {MOST_POINTS:,} points and {MOST_RUNS:,} runs in all"
        problems.add(
            asked.place("factors"), "too large a sweep", read=f"{points} points x {runs} runs", allowed=allowed
        )


def _runnable(asked: Asked, points: Sequence[Point], problems: Problems) -> None:
    """Note the first few points whose values do not go together."""
    refused = 0
    for i, point in enumerate(points):
        if len(point) > 1 and refused < NAMED_POINTS:
            before = len(problems)
            place = asked.places.get(("factors", i)) or asked.places.get("factors")
            _noting(problems, place, partial(changed, asked.scenario, point))
            refused += len(problems) > before
