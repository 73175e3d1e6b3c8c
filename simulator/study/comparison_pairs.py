"""The paired rows of a comparison: differences of every indicator and of every target, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.study.neighbours import judged_by
from simulator.study.replicates import Outcome, StudyError, matched
from simulator.study.statistics import holm, paired_difference
from simulator.study.tables import bill_matrix, net_costs, series_of
from simulator.study.targets import SIMULATED

if TYPE_CHECKING:
    from simulator.study.ensemble import RunResult

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
    "p_value",
    "p_holm",
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
    "probability_with_error_baseline",
    "probability_with_error_scenario",
    "cost_difference",
    "cost_per_unit",
    "pairs",
    "p_value",
    "p_holm",
]


class Pairs:
    """The runs of a baseline (``before``) and of a scenario (``after``) with the same draws and seeds."""

    def __init__(self, baseline: RunResult, scenario: RunResult) -> None:
        both = matched(baseline.outcomes, scenario.outcomes)
        self.before, self.after = ([same[k] for same in both] for k in (0, 1))
        self.draws = np.array([o.replicate.draw for o in self.before])
        self.bills = bill_matrix(self.before), bill_matrix(self.after)

    def added_costs(self, years: Sequence[int]) -> np.ndarray:
        """Return the mean net public cost that the scenario adds up to and with each of the years, in CNY."""
        before, after = (net_costs(*bills, years) for bills in self.bills)
        return np.asarray((after - before).mean(axis=0))


def net_counterparts(*runs: RunResult) -> dict[str, str]:
    """Return by indicator what stands for it where one of the runs counts the losses of neighbours."""
    from simulator.model import INDICATORS

    held = set.intersection(*(set(run.outcomes[0].names) for run in runs))
    return judged_by([run.scenario for run in runs], INDICATORS, held)


def paired_rows(baseline: RunResult, scenario: RunResult, pairs: Pairs) -> list[dict[str, Any]]:
    """Return the paired differences of each indicator and year; p is adjusted over the indicators of a year."""
    from simulator.model import INDICATORS

    before, after = pairs.before, pairs.after
    if not before:
        raise StudyError(f"{scenario.name}: no run came through in both scenarios")
    years = [int(y) for y in baseline.years if y in scenario.years]
    names = sorted(set(before[0].names) & set(after[0].names))
    net = net_counterparts(baseline, scenario)

    def cells(outcomes: list[Outcome]) -> np.ndarray:
        rows = [int(np.flatnonzero(outcomes[0].years == year)[0]) for year in years]
        columns = [outcomes[0].names.index(net.get(name, name)) for name in names]
        return np.stack([o.values[np.ix_(rows, columns)].ravel() for o in outcomes])

    low = cells(before)
    costs = pairs.added_costs(years)
    found = paired_difference(cells(after) - low, pairs.draws)
    base, rows = low.mean(axis=0), []
    by_year = found.p_value.reshape(len(years), len(names))
    adjusted = np.concatenate([holm(p) for p in by_year]) if years else found.p_value
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
            row += [found.p_value[i], adjusted[i]]
            rows.append(dict(zip(COMPARE_COLUMNS, row, strict=True)))
    return sorted(rows, key=lambda row: (row["indicator"], row["year"]))


def target_rows(baseline: RunResult, scenario: RunResult, pairs: Pairs) -> list[dict[str, Any]]:
    """Return the paired differences of each simulated target, in its own unit; p is adjusted over the targets."""
    from simulator.model import INDICATORS

    before, after, rows = pairs.before, pairs.after, []
    net = net_counterparts(baseline, scenario)
    costs: dict[int, float] = {}  # many targets share a year
    chances = [run.targets().set_index("id") for run in (baseline, scenario)]
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
            *(of[name][target.id] for name in ("probability", "probability_with_error") for of in chances),
            cost,
            each,
            len(before),
            float(found.p_value[0]),
            np.nan,
        ]
        rows.append(dict(zip(PAIRED_COLUMNS, row, strict=True)))
    for row_, p in zip(rows, holm(np.array([r["p_value"] for r in rows])), strict=True):
        row_["p_holm"] = float(p)
    return rows
