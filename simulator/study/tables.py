"""The tables of an ensemble, built from its arrays: targets, costs, money by payer, variance."""

from __future__ import annotations

import math
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.ledger import KINDS, PAYERS
from simulator.study.model_error import ModelError
from simulator.study.replicates import BillKey, Outcome
from simulator.study.statistics import independent, luck_and_ignorance, spread, wilson
from simulator.study.targets import SIMULATED, Target

if TYPE_CHECKING:
    import pandas

    from simulator.core.declare import Indicator

NATIONAL_LAW = "national_law"  # tax forgone under national law alone: shown, never a cost of the plan
NET_SIGN = {"outlay": 1.0, "running": 1.0, "tax_forgone": 1.0, "recovered": -1.0, "contingent": 0.0}
TARGET_COLUMNS = [
    "id",
    "region",
    "name",
    "indicator",
    "year",
    "op",
    "value",
    "unit",
    "mean",
    "p05",
    "p50",
    "p95",
    "probability",
    "probability_low",
    "probability_high",
    "probability_with_error",
    "kind",
    "section",
    "name_zh",
    "scale",
    "stretch",
    "gap",
    "p25",
    "p75",
    "true_indicator",
    "true_name",
    "true_name_zh",
    "true_p05",
    "true_p50",
    "true_p95",
    "start_year",
    "start_p50",
    "pace_needed",
    "pace_simulated",
    "luck",
    "ignorance",
    "pairs",
    "status",
    "year_assumed",
    "quote",
]
COST_COLUMNS = ["scenario", "entry", "lever", "year", "payer", "kind", "mean", "p05", "p95"]
MONEY_COLUMNS = ["scenario", "scope", "payer", "kind", "mean", "p05", "p95"]


@dataclass(frozen=True)
class Tables:
    """A run as tables: what pages and figures are made from, be it fresh or read from its folder.

    ``meta`` describes the run (names, years, counts, calibration); the frames are those of the files of
    the same names, with all scenarios of a comparison in one frame.
    """

    meta: dict[str, Any]
    series: pandas.DataFrame
    targets: pandas.DataFrame
    costs: pandas.DataFrame
    money: pandas.DataFrame
    compare: pandas.DataFrame | None = None
    compare_targets: pandas.DataFrame | None = None
    settings: pandas.DataFrame | None = None
    budget: pandas.DataFrame | None = None
    attribution: pandas.DataFrame | None = None
    paths_needed: pandas.DataFrame | None = None
    win: pandas.DataFrame | None = None
    folder: str | None = field(default=None)


def series_frame(scenario: str, outcomes: Sequence[Outcome], indicators: Mapping[str, Indicator]) -> pandas.DataFrame:
    """Return every series as tidy rows, sorted by draw, seed, year and indicator."""
    import pandas

    if not outcomes:
        return pandas.DataFrame(columns=["scenario", "draw", "seed", "year", "indicator", "value", "unit"])
    import pyarrow

    years, names = outcomes[0].years, np.array(outcomes[0].names)
    order = np.argsort(names)
    units = [indicators[n].unit if n in indicators else "" for n in names[order]]
    n, t, k = len(outcomes), len(years), len(names)
    column = np.tile(np.arange(k, dtype=np.int32), n * t)

    def words(of: Sequence[str], at: np.ndarray) -> pyarrow.Array:  # pandas takes much longer to repeat text
        return pyarrow.DictionaryArray.from_arrays(at, pyarrow.array(of, pyarrow.large_string())).dictionary_decode()

    columns = {
        "scenario": words([scenario], np.zeros_like(column)),
        "draw": np.repeat(np.array([o.replicate.draw for o in outcomes], np.int64), t * k),
        "seed": np.repeat(np.array([o.replicate.seed for o in outcomes], np.int64), t * k),
        "year": np.tile(np.repeat(years.astype(np.int64), k), n),
        "indicator": words(names[order].tolist(), column),
        "value": np.stack([o.values[:, order] for o in outcomes]).ravel(),
        "unit": words(units, column),
    }
    frame: pandas.DataFrame = pyarrow.table(columns).to_pandas(use_threads=False)
    return frame


def targets_frame(
    targets: Sequence[Target],
    outcomes: Sequence[Outcome],
    indicators: Mapping[str, Indicator],
    plan_start: float,
    error: ModelError | None = None,
) -> pandas.DataFrame:
    """Return one row a target; figures and distances are in the target's own unit.

    ``probability`` is the share of runs that meet it; ``probability_with_error`` spreads each run's figure by the
    model's ``error``, and is empty where none is estimated.
    """
    import pandas

    rows = [_target_row(target, outcomes, indicators, plan_start) for target in targets]
    if error is not None:
        for target, row in zip(targets, rows, strict=True):
            if row["status"] == SIMULATED:
                row["probability_with_error"] = _with_error(error, target, outcomes, indicators)
    return pandas.DataFrame(rows, columns=TARGET_COLUMNS)


def _target_row(
    target: Target, outcomes: Sequence[Outcome], indicators: Mapping[str, Indicator], plan_start: float
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": target.id,
        "region": target.region,
        "name": target.name.en,
        "indicator": target.indicator or "",
        "year": target.year,
        "op": target.op,
        "value": target.value,
        "unit": target.unit,
        "kind": target.kind,
        "section": target.section,
        "name_zh": target.name.zh,
        "scale": target.scale,
        "stretch": target.stretch,
        "year_assumed": target.year_assumed,
        "quote": target.quote,
        "true_indicator": "",
        "true_name": "",
        "true_name_zh": "",
    }
    years = outcomes[0].years
    row["status"] = target.status(indicators, years)
    if row["status"] != SIMULATED or target.indicator is None:
        return row
    draws = np.array([o.replicate.draw for o in outcomes])
    series = series_of(outcomes, target.indicator)
    figures = target.figures(series, years, indicators)
    s, met = spread(figures), int(target.met(figures).sum())
    shares = luck_and_ignorance(figures, draws)
    low, high = wilson(met, len(figures), independent(target.met(figures), draws, shares.ignorance))
    row |= {"mean": s.mean, "p05": s.p05, "p25": s.p25, "p50": s.p50, "p75": s.p75, "p95": s.p95}
    row |= {"probability": met / len(figures), "probability_low": low, "probability_high": high}
    row |= {"gap": s.p50 - target.value, "pairs": shares.pairs}
    row |= {"luck": shares.luck, "ignorance": shares.ignorance}
    row |= _true_row(target, outcomes, indicators)
    base = math.floor(plan_start) - 1  # the end of the last year without the plan
    if target.kind != "growth" and base in years and base < target.year:
        start, span = float(np.median(series[:, years == base])) * target.scale, target.year - base
        row |= {"start_year": base, "start_p50": start}
        row |= {"pace_needed": (target.value - start) / span, "pace_simulated": (s.p50 - start) / span}
    return row


def _with_error(
    error: ModelError, target: Target, outcomes: Sequence[Outcome], indicators: Mapping[str, Indicator]
) -> float:
    years = outcomes[0].years
    return error.probability(target, lambda name: series_of(outcomes, name), years, indicators)


def _true_row(target: Target, outcomes: Sequence[Outcome], indicators: Mapping[str, Indicator]) -> dict[str, Any]:
    true = indicators[target.indicator].true if target.indicator else None
    if true is None or true not in outcomes[0].names:
        return {}
    s = spread(target.figures(series_of(outcomes, true), outcomes[0].years, indicators))
    label = indicators[true].label
    names = {"true_indicator": true, "true_name": label.en, "true_name_zh": label.zh}
    return names | {"true_p05": s.p05, "true_p50": s.p50, "true_p95": s.p95}


def series_of(outcomes: Sequence[Outcome], name: str) -> np.ndarray:
    """Return one indicator of every run, (n, T)."""
    column = outcomes[0].names.index(name)
    return np.stack([o.values[:, column] for o in outcomes])


def bill_matrix(outcomes: Sequence[Outcome]) -> tuple[list[BillKey], np.ndarray]:
    """Return every cell that any run billed, sorted, and the amounts (n, cells); zero without a bill.

    Several tables need it, at 35 ms for 100 runs: the last two are kept for as long as their runs are.
    """
    for those, laid in _laid_out:
        if len(those) == len(outcomes) and all(ref() is o for ref, o in zip(those, outcomes, strict=True)):
            return laid
    laid = _lay_out(outcomes)
    _laid_out[:] = [*_laid_out[-1:], ([weakref.ref(o, _forget) for o in outcomes], laid)]
    return laid


_laid_out: list[tuple[list[weakref.ref[Outcome]], tuple[list[BillKey], np.ndarray]]] = []


def _forget(gone: weakref.ref[Outcome]) -> None:
    _laid_out[:] = [kept for kept in _laid_out if all(ref is not gone for ref in kept[0])]


def _lay_out(outcomes: Sequence[Outcome]) -> tuple[list[BillKey], np.ndarray]:
    cells = sorted(set().union(*(o.bills for o in outcomes)))
    place = {key: k for k, key in enumerate(cells)}
    amounts = np.zeros((len(outcomes), len(cells)))
    for row, o in zip(amounts, outcomes, strict=True):
        row[[place[key] for key in o.bills]] = list(o.bills.values())
    return cells, amounts


def net_costs(cells: Sequence[BillKey], amounts: np.ndarray, years: Sequence[int]) -> np.ndarray:
    """Return the net public cost of each run up to and with each of the years, (n, years) in CNY.

    ``cells`` and ``amounts`` are those of ``bill_matrix``. National law, guarantees and private money are left out.
    """
    weights = np.zeros((len(cells), len(years)))
    for i, (entry, _, year, payer, kind) in enumerate(cells):
        if entry != NATIONAL_LAW and payer != "private":
            weights[i] = [NET_SIGN[kind] if year <= last else 0.0 for last in years]
    return amounts @ weights


def costs_frame(scenario: str, outcomes: Sequence[Outcome]) -> pandas.DataFrame:
    """Return what each entry cost whom in each year, over runs, in CNY of the year."""
    import pandas

    cells, amounts = bill_matrix(outcomes)
    if not cells:
        return pandas.DataFrame(columns=COST_COLUMNS)
    low, high = np.quantile(amounts, (0.05, 0.95), axis=0)
    frame = pandas.DataFrame(cells, columns=["entry", "lever", "year", "payer", "kind"])
    frame.insert(0, "scenario", scenario)
    return frame.assign(mean=amounts.mean(axis=0), p05=low, p95=high)


def money_frame(scenario: str, outcomes: Sequence[Outcome], plan_start: float) -> pandas.DataFrame:
    """Return sums over years by payer and kind, with ``all`` payers and the ``net`` public cost.

    Scopes: ``horizon`` all simulated years, ``plan`` the years from the plan's start on, and
    ``national_law`` what national law forgoes anyway; ``added``, the plan's years less the same draws of the
    baseline, comes from ``simulator.study.budget``. The net leaves out guarantees and private money.
    """
    import pandas

    cells, amounts = bill_matrix(outcomes)
    first = math.floor(plan_start)
    rows: list[list[Any]] = []
    for scope in ("horizon", "plan", NATIONAL_LAW):
        chosen = [
            i
            for i, c in enumerate(cells)
            if (c[0] == NATIONAL_LAW) == (scope == NATIONAL_LAW) and (scope != "plan" or c[2] >= first)
        ]
        payers = [p for p in PAYERS if any(cells[i][3] == p for i in chosen)]
        for payer in (*payers, "all"):
            public = payer == "all"
            mine = [i for i in chosen if cells[i][3] == payer or (public and cells[i][3] != "private")]
            for kind in KINDS:
                of_kind = [i for i in mine if cells[i][4] == kind]
                if of_kind:
                    rows.append([scenario, scope, payer, kind, *_summary(amounts[:, of_kind].sum(axis=1))])
            if mine and scope != NATIONAL_LAW:
                weights = np.array([NET_SIGN[cells[i][4]] for i in mine])
                rows.append([scenario, scope, payer, "net", *_summary(amounts[:, mine] @ weights)])
    return pandas.DataFrame(rows, columns=MONEY_COLUMNS)


def _summary(sums: np.ndarray) -> tuple[float, float, float]:
    s = spread(sums)
    return s.mean, s.p05, s.p95
