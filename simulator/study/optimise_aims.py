"""What a search is after: shortfall, probability, cost and regret of a mix, run by run and as means with their errors.

A mix is judged on the same runs as every other one. Money is what the mix costs above the same scenario without the
entries that are dosed, so that what they bring about in other entries counts too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import Place, Problems
from simulator.core.units import UnitError, quantity
from simulator.study.design import outcomes_of
from simulator.study.targets import HEADLINE_KINDS, Target

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.study.design import Outcomes

AIMS = ("shortfall", "probability", "cost", "regret")
MONEY = ("net", "outlay")
RISING = ("probability", "margin")  # aims of which more is better
REGRET = 0.9  # of the futures in which the regret is at most what is said
CLOSENESS = 0.1  # weight of the shortfall beside a probability, so that a search sees a slope where all or none meet it
BOOTSTRAP = 400
_MEET = re.compile(r"\s*(?P<names>.+?)\s+(?:at|以)\s*(?P<share>[0-9.]+\s*%?)\s*\Z")


@dataclass(frozen=True)
class Goal:
    """Aims, targets with their weights (adding to 1), and the limits: ``budget`` in CNY over the scenario's years.

    With ``least`` the cheapest mix is sought that meets all targets with at least this probability.
    """

    aims: tuple[str, ...]
    targets: tuple[Target, ...]
    weights: tuple[float, ...]
    money: str = "net"
    budget: float | None = None
    least: float | None = None
    switches: tuple[tuple[tuple[str, str], ...], ...] = field(default=((),))

    @property
    def sought(self) -> tuple[str, ...]:
        """Return the aims by which the search sorts: a probability that is asked for is sought by its margin."""
        return ("cost", "margin") if self.least is not None else self.aims

    @property
    def weighed(self) -> tuple[str, ...]:
        """Return the aims in which a point must better another one to replace it."""
        return (*self.aims, "shortfall") if self.least is not None else self.aims

    def outcomes(self, scenario: Scenario) -> Outcomes:
        """Return what is kept of a run: every target, then the money of the goal."""
        return outcomes_of(scenario, (*(t.id for t in self.targets), f"cost.{self.money}"))


@dataclass(frozen=True)
class Judged:
    """What mixes gave in runs: ``shortfall``, ``margin``, ``cost`` (n, R), ``met`` (n, R, T); NaN where a run failed.

    ``shortfall`` is the weighted mean over targets of what is missing, as a share of the target; ``margin`` how far the
    worst target lies above (or below) its value, as a share; ``cost`` in CNY. ``draws`` (R,) is the draw of each run.
    """

    shortfall: np.ndarray
    margin: np.ndarray
    met: np.ndarray
    cost: np.ndarray
    draws: np.ndarray

    def at(self, rows: Sequence[int] | np.ndarray) -> Judged:
        """Return the mixes of these numbers."""
        k = np.asarray(rows, dtype=int)
        return Judged(self.shortfall[k], self.margin[k], self.met[k], self.cost[k], self.draws)


def judged(goal: Goal, figures: np.ndarray, without: np.ndarray, draws: np.ndarray) -> Judged:
    """Return mixes judged by a goal: ``figures`` (n, R, T + 1) of the goal's outcomes, ``without`` (R, T + 1) those of
    the scenario without the entries that are dosed, in the same runs."""
    values = np.array([t.value for t in goal.targets])
    size = np.where(values != 0.0, np.abs(values), 1.0)
    reached = figures[:, :, :-1]
    distance = (reached - values) / size
    missing = np.clip(-distance, 0.0, 1.0)
    met = np.stack([t.met(reached[:, :, k]) for k, t in enumerate(goal.targets)], axis=2).astype(float)
    met[np.isnan(reached)] = np.nan
    return Judged(
        shortfall=missing @ np.array(goal.weights),
        margin=distance.min(axis=2),
        met=met,
        cost=figures[:, :, -1] - without[:, -1],
        draws=draws,
    )


def runs_of(aim: str, found: Judged, goal: Goal) -> np.ndarray:
    """Return the figure of each run whose mean is the aim, (n, R); margin and regret have none."""
    if aim == "probability":
        whole: np.ndarray = found.met.min(axis=2)
        return whole
    return found.cost if aim == "cost" else found.shortfall


def values_of(aims: Sequence[str], found: Judged, goal: Goal, best: np.ndarray | None = None) -> np.ndarray:
    """Return the aims of each mix, (n, A). ``best`` (D,): for regret, the least shortfall known for each draw."""
    columns = []
    for aim in aims:
        if aim == "regret":
            columns.append(_regret(found, best))
        elif aim == "margin":
            columns.append(np.nanquantile(found.margin, 1.0 - (goal.least or 0.5), axis=1))
        else:
            columns.append(np.nanmean(runs_of(aim, found, goal), axis=1))
    return np.stack(columns, axis=1)


def sought_of(found: Judged, goal: Goal, best: np.ndarray | None) -> np.ndarray:
    """Return what the search makes small, (n, A): less is better in every column."""
    values = values_of(goal.sought, found, goal, best)
    for k, aim in enumerate(goal.sought):
        if aim in RISING:
            values[:, k] *= -1.0
        if aim == "probability":
            values[:, k] += CLOSENESS * np.nanmean(found.shortfall, axis=1)
    return values


def over_budget(found: Judged, goal: Goal) -> np.ndarray:
    """Return by how much the mean cost and one standard error exceed the budget, (n,) in CNY; none where it is kept."""
    if goal.budget is None:
        return np.full(len(found.cost), -1.0)
    return np.nanmean(found.cost, axis=1) + errors_of("cost", found, goal) - goal.budget


def by_draw(figures: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return the mean of each draw, (n, D), in the order of the draws: runs of one draw share its parameters."""
    groups = [np.flatnonzero(draws == d) for d in np.unique(draws)]
    return np.stack([_mean(figures[:, g]) for g in groups], axis=1)


def _mean(figures: np.ndarray) -> np.ndarray:
    known = np.isfinite(figures)
    count = known.sum(axis=1)
    total = np.where(known, figures, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def standard_error(figures: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return the standard error of the mean over runs, (n,), with the draw as the unit; NaN for a single draw."""
    means = by_draw(figures, draws)
    count = np.isfinite(means).sum(axis=1)
    if means.shape[1] < 2:
        return np.full(len(means), np.nan)
    return np.asarray(np.nanstd(means, axis=1, ddof=1) / np.sqrt(np.maximum(count, 1)))


def errors_of(aim: str, found: Judged, goal: Goal, best: np.ndarray | None = None) -> np.ndarray:
    """Return the standard error of an aim, (n,); of a quantile by resampling draws with addressed random numbers."""
    if aim != "regret":
        return np.nan_to_num(standard_error(runs_of(aim, found, goal), found.draws))
    excess = by_draw(found.shortfall, found.draws) - (0.0 if best is None else best)
    picks = np.random.default_rng(0).integers(0, excess.shape[1], (BOOTSTRAP, excess.shape[1]))
    again = np.stack([np.nanquantile(excess[:, p], REGRET, axis=1) for p in picks])
    return np.asarray(again.std(axis=0, ddof=1))


def best_known(found: Judged, allowed: np.ndarray) -> np.ndarray:
    """Return the least shortfall of each draw over the mixes that are allowed (all, where none is), (D,)."""
    means = by_draw(found.shortfall, found.draws)
    return np.asarray(np.nanmin(means[allowed] if allowed.any() else means, axis=0))


def _regret(found: Judged, best: np.ndarray | None) -> np.ndarray:
    excess = by_draw(found.shortfall, found.draws) - (0.0 if best is None else best)
    return np.asarray(np.nanquantile(excess, REGRET, axis=1))


# ---- reading ------------------------------------------------------------------------------------------


def read_goal(
    scenario: Scenario,
    aims: Sequence[str] | str = ("shortfall", "cost"),
    targets: Sequence[str] | Mapping[str, float] | str | None = None,
    budget: float | str | None = None,
    money: str = "net",
    meet: str | None = None,
    cheapest: bool = False,
    switches: Sequence[str] | str | None = None,
) -> Goal:
    """Return a goal from what a planner writes; raises InputError for everything that is wrong with it.

    ``targets`` is ``QD10,QD12=2`` (weights after ``=``), by default every outcome and growth target that is simulated;
    ``meet`` is ``QD10,QD12 at 0.8``; ``switches`` names those whose choices take turns over the draws.
    """
    problems = Problems()
    names = tuple(a.strip() for a in aims.split(",") if a.strip()) if isinstance(aims, str) else tuple(aims)
    least: float | None = None
    if cheapest != (meet is not None):
        problems.add(Place("--meet"), "--meet and --cheapest go together", allowed='--meet "QD10 at 0.8" --cheapest')
    if meet is not None:
        targets, least = _met(meet, problems)
        names = ("cost", "probability")
    for name in names:
        if name not in AIMS:
            problems.add(Place("--aims"), "no such aim", read=name, among=AIMS)
    if len(set(names)) < 2:
        problems.add(Place("--aims"), "too few aims", read=", ".join(names), allowed="two or more different ones")
    if money not in MONEY:
        problems.add(Place("--money"), "no such kind of cost", read=money, among=MONEY)
    limit = _amount(budget, problems)
    chosen, weights = _targets(scenario, targets, problems)
    states = _states(scenario, switches, problems)
    problems.raise_any()
    return Goal(tuple(dict.fromkeys(names)), chosen, weights, money, limit, least, states)


def _met(text: str, problems: Problems) -> tuple[str, float | None]:
    found = _MEET.match(text)
    share = None
    if found:
        try:
            share = quantity(found["share"], "1")
        except UnitError:
            share = None
    if found is None or share is None or not 0.0 < share <= 1.0:
        problems.add(Place("--meet"), "not a demand", read=text, allowed='"QD10,QD12 at 0.8"')
        return "", None
    return found["names"], share


def _amount(budget: float | str | None, problems: Problems) -> float | None:
    if budget is None:
        return None
    try:
        value = float(budget) if isinstance(budget, int | float) else quantity(budget, "CNY")
    except UnitError as error:
        problems.add(Place("--budget"), str(error), read=budget, allowed="an amount such as 500MCNY or 5亿元")
        return None
    if not np.isfinite(value) or value < 0.0:
        problems.add(Place("--budget"), "not an amount", read=budget, allowed="an amount such as 500MCNY or 5亿元")
        return None
    return value


def _targets(
    scenario: Scenario, given: Sequence[str] | Mapping[str, float] | str | None, problems: Problems
) -> tuple[tuple[Target, ...], tuple[float, ...]]:
    known = outcomes_of(scenario, None).targets
    wanted = _weights(given, known, problems)
    for name, weight in wanted.items():
        if name not in known:
            problems.add(Place("--targets"), "no target that is simulated", read=name, among=tuple(known))
        if not np.isfinite(weight) or weight <= 0.0:
            problems.add(Place("--targets"), f"weight of {name}", read=weight, allowed="a number above 0")
    if not wanted:
        problems.add(Place(str(scenario.path)), "no target to aim at")
    if len(problems):
        return (), ()
    whole = sum(wanted.values())
    return tuple(known[n] for n in wanted), tuple(w / whole for w in wanted.values())


def _weights(
    given: Sequence[str] | Mapping[str, float] | str | None, known: Mapping[str, Target], problems: Problems
) -> dict[str, float]:
    if given is None:
        return {n: 1.0 for n, t in known.items() if t.kind in HEADLINE_KINDS} or dict.fromkeys(known, 1.0)
    if isinstance(given, Mapping):
        return {str(n): float(w) for n, w in given.items()}
    parts = given.split(",") if isinstance(given, str) else list(given)
    out: dict[str, float] = {}
    for part in (p.strip() for p in parts if p.strip()):
        name, equals, weight = part.partition("=")
        try:
            out[name.strip()] = float(weight) if equals else 1.0
        except ValueError:
            problems.add(Place("--targets"), f"weight of {name}", read=weight, allowed="a number")
    return out


def _states(
    scenario: Scenario, switches: Sequence[str] | str | None, problems: Problems
) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return the structures that take turns over the draws: as written, then each other choice of each switch."""
    from simulator.model import SWITCHES

    names = [s.strip() for s in switches.split(",") if s.strip()] if isinstance(switches, str) else list(switches or ())
    out: list[Any] = [()]
    for name in dict.fromkeys(n.removeprefix("switches.") for n in names):
        if name not in SWITCHES:
            problems.add(Place("--switches"), "no such switch", read=name, among=tuple(SWITCHES))
            continue
        own = scenario.switches.get(name, SWITCHES[name][0])
        out += [((f"switches.{name}", choice),) for choice in SWITCHES[name] if choice != own]
    return tuple(out)
