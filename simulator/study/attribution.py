"""Where the change of a target comes from: what was under way, national rules, the outside, the plan, the gap left.

Four runs share their draw and their luck: A the baseline with national rules of the plan's first year and an outside
that goes on as in the year before it; B the baseline with the rules as they came; C the baseline as it came; D the
plan. With Y0 the figure at the end of the year before the plan, the parts are A - Y0, B - A, C - B, D - C and the
target less D, and they add up to the target. The order matters where rules and outside meet: a fifth run, with the
outside as it came and the rules frozen, gives the outside's part when it comes first and that of the rules when
they come last. A plan's part holds what the plan does in the world as it came.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Problem
from simulator.study.replicates import Outcome, load_scenario, matched
from simulator.study.tables import series_of
from simulator.study.targets import SIMULATED, Target
from simulator.world.counterfactual import Counterfactual

if TYPE_CHECKING:
    import pandas

    from simulator.core.declare import Indicator
    from simulator.scenario import Scenario

BASELINE, FROZEN, RULES, OUTSIDE, HISTORY = "baseline", "frozen", "rules", "outside", "history"
PARTS = ("under_way", "national", "outside", "plan", "gap")
SHOWN = ("before", *PARTS, "reached", "outside_first", "national_last", "history")
COLUMNS = [
    *("id", "region", "name", "name_zh", "kind", "indicator", "year", "base_year", "unit", "op", "target"),
    *(f"{name}{end}" for name in SHOWN for end in ("", "_p05", "_p95")),
    "pairs",
]


def base_year(plan_start: float) -> int:
    """Return the last year without the plan."""
    return math.floor(plan_start) - 1


def baseline_of(scenario: Scenario) -> Scenario | None:
    """Return the baseline that a plan names, in the plan's years and world, or None.

    Raises InputError for a baseline that cannot be read or is another region's.
    """
    if scenario.baseline is None:
        return None
    return _beside(scenario, scenario.path.parent / scenario.baseline)


def _beside(scenario: Scenario, path: Path) -> Scenario:
    found = load_scenario(path)
    if found.region.id != scenario.region.id:
        allowed = f"region: {scenario.region.id}"
        raise InputError([Problem(str(path), 1, 1, "another region than the plan's", found.region.id, allowed)])
    return replace(
        found,
        years=scenario.years,
        calibration=scenario.calibration,
        assumptions=scenario.assumptions,
        switches=scenario.switches,
        drivers=scenario.drivers,
        counterfactual=scenario.counterfactual,
    )


def companions(scenario: Scenario, attribute: bool = False) -> dict[str, Scenario]:
    """Return the scenarios to run beside a plan, by name: its baseline, and for an attribution those it needs.

    Raises InputError where an attribution is asked for and the plan names no baseline, or starts outside its years.
    """
    base = baseline_of(scenario)
    if not attribute:
        return {} if base is None else {BASELINE: base}
    before = base_year(scenario.region.plan_start)
    if base is None:
        raise InputError([Problem(str(scenario.path), 1, 1, "no baseline to compare with", "", "baseline: FILE")])
    if not scenario.years[0] <= before < scenario.years[1]:
        years = f"{scenario.years[0]}-{scenario.years[1]}"
        message = f"the year before the plan, {before}, is not simulated"
        raise InputError([Problem(str(scenario.path), 1, 1, message, years, f"years that hold {before}")])
    own = scenario.counterfactual
    found = {
        BASELINE: base,
        FROZEN: replace(base, counterfactual=_frozen(own, before + 1, before)),
        RULES: replace(base, counterfactual=_frozen(own, None, before)),
        OUTSIDE: replace(base, counterfactual=_frozen(own, before + 1, None)),
    }
    history = scenario.path.parent / "history.yaml"
    if history.is_file():
        found[HISTORY] = _beside(scenario, history)
    return found


def _frozen(own: Counterfactual, rules_after: int | None, outside_after: int | None) -> Counterfactual:
    """Return a plan's own counterfactual with more of it frozen."""
    rules = rules_after if own.rules_after is None else own.rules_after
    outside = outside_after if own.outside_after is None else own.outside_after
    return replace(own, rules_after=rules, outside_after=outside)


def paired(outcomes: Sequence[Outcome], beside: Mapping[str, Sequence[Outcome]]) -> list[dict[str, Outcome]]:
    """Return the replicates that came through in every scenario; the plan's own run is named ``plan``."""
    return [dict(zip(("plan", *beside), same, strict=True)) for same in matched(outcomes, *beside.values())]


def before_figures(target: Target, series: np.ndarray, years: np.ndarray, rate: bool, base: int) -> np.ndarray:
    """Return what each run had at the end of the base year, (n,) in the target's unit.

    For growth over a period: the mean yearly growth up to the base year, over as many years as there are, at
    most the length of the period.
    """
    at = int(np.flatnonzero(years == base)[0])
    if target.kind != "growth" or target.period is None:
        return series[:, at] * target.scale
    length = min(target.period[1] - target.period[0], at if not rate else at + 1)
    if length < 1:
        return np.full(len(series), np.nan)
    if rate:
        ratio = np.prod(1.0 + series[:, at - length + 1 : at + 1], axis=1)
    else:
        ratio = series[:, at] / np.where(series[:, at - length] > 0, series[:, at - length], np.nan)
    return (np.maximum(ratio, 0.0) ** (1.0 / length) - 1.0) * target.scale


def figures_of(
    target: Target, runs: Sequence[Mapping[str, Outcome]], indicators: Mapping[str, Indicator], base: int
) -> dict[str, np.ndarray]:
    """Return the parts of a target in each pair of runs, (n,) each in the target's unit.

    ``before`` and the five parts add up to the target's value; ``history`` is a memo, what was really in force
    after the plan's start less the baseline, and NaN where no such run was made.
    """
    assert target.indicator is not None

    def reached(name: str) -> np.ndarray:
        outcomes = [r[name] for r in runs]
        return target.figures(series_of(outcomes, str(target.indicator)), outcomes[0].years, indicators)

    plan = [r["plan"] for r in runs]
    rate = indicators[target.indicator].kind == "rate"
    before = before_figures(target, series_of(plan, target.indicator), plan[0].years, rate, base)
    a, b, c, d, e = (reached(name) for name in (FROZEN, RULES, BASELINE, "plan", OUTSIDE))
    found = {"before": before, "under_way": a - before, "national": b - a, "outside": c - b, "plan": d - c}
    found |= {"gap": target.value - d, "reached": d, "outside_first": e - a, "national_last": c - e}
    found["history"] = reached(HISTORY) - c if HISTORY in runs[0] else np.full(len(d), np.nan)
    return found


def attribution_frame(
    targets: Sequence[Target],
    outcomes: Sequence[Outcome],
    beside: Mapping[str, Sequence[Outcome]],
    indicators: Mapping[str, Indicator],
    plan_start: float,
) -> pandas.DataFrame:
    """Return one row a simulated target: the means of its parts over pairs of runs, and where 90 % of them lie."""
    import pandas

    base, rows = base_year(plan_start), []
    runs = paired(outcomes, beside)
    for target in targets:
        if not runs or target.status(indicators, runs[0]["plan"].years) != SIMULATED or target.year <= base:
            continue
        found = figures_of(target, runs, indicators, base)
        row: dict[str, Any] = {"id": target.id, "region": target.region, "name": target.name.en}
        row |= {"name_zh": target.name.zh, "kind": target.kind, "indicator": target.indicator, "year": target.year}
        row |= {"base_year": base, "unit": target.unit, "op": target.op, "target": target.value, "pairs": len(runs)}
        for name in SHOWN:
            low, high = np.quantile(found[name], (0.05, 0.95))
            row |= {name: float(found[name].mean()), f"{name}_p05": float(low), f"{name}_p95": float(high)}
        rows.append(row)
    return pandas.DataFrame(rows, columns=COLUMNS)
