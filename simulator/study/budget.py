"""What a plan costs a city against its budget: general budget revenue by year, and what the plan adds to a baseline.

General budget revenue is known for few years. Between two known years its ratio to GDP changes at a steady rate; before
the first and after the last the ratio stays. GDP is that of the outside path (real growth and deflator). The science
budget of the region's first year grows with GDP.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.study.replicates import Outcome, matched
from simulator.study.statistics import spread
from simulator.study.tables import NATIONAL_LAW, NET_SIGN, money_frame

if TYPE_CHECKING:
    import pandas

    from simulator.world.region import Region, Years

GENERAL, SCIENCE = "general_budget_revenue", "science_budget"
LOCAL = ("city", "district")
OUTLAY = ("outlay", "running")
PAIRS = 20  # runs of the baseline that money is compared with
ADDED = "added"
COLUMNS = [
    *("scenario", "year", "general_budget", "science_budget", "outlay", "net", "added_outlay", "added_net"),
    *("added_outlay_p05", "added_outlay_p95", "share_general", "share_science", "pairs"),
]
_YEAR = re.compile(r"/(\d{4})\Z")


def nominal_gdp(region: Region, outside: Mapping[str, Years]) -> Years:
    """Return GDP of the outside path by year, in CNY."""
    real, deflator = outside["gdp_real_growth"], outside["gdp_deflator"]
    level = region.figure("gdp")
    out = {region.start_year: level}
    for year in range(region.start_year + 1, region.last_year + 1):
        level *= (1.0 + real.get(year, 0.0)) * (1.0 + deflator.get(year, 0.0))
        out[year] = level
    return out


def known(region: Region, name: str) -> Years:
    """Return the years for which a figure of the budget is known, in CNY.

    That of ``region.yaml`` belongs to the year that its source ends with, else to the region's first year;
    more years stand in ``vintages.csv``.
    """
    figure = region.figures.get(name)
    out: Years = {}
    for row in region.vintages:
        if row["indicator"] == name:
            out[int(row["year"])] = float(row["value"])
    if figure is not None:
        dated = _YEAR.search(figure.source)
        year = int(dated[1]) if dated else region.start_year
        out[year] = float(figure.value)
    return {year: value for year, value in sorted(out.items()) if region.start_year <= year <= region.last_year}


def by_year(region: Region, name: str, outside: Mapping[str, Years]) -> Years:
    """Return a figure of the budget for every year of the region, in CNY; empty where none is known."""
    gdp, anchors = nominal_gdp(region, outside), known(region, name)
    if not anchors:
        return {}
    years = np.array(sorted(anchors))
    ratios = np.array([anchors[y] / gdp[y] for y in years.tolist()])
    return {y: float(level * math.exp(np.interp(y, years, np.log(ratios)))) for y, level in gdp.items()}


def local_sums(outcomes: Sequence[Outcome], years: Sequence[int], kinds: Mapping[str, float]) -> np.ndarray:
    """Return what city and districts pay in each run and year, (n, years) in CNY, kinds weighed; not national law."""
    rows = []
    for outcome in outcomes:
        sums = dict.fromkeys(years, 0.0)
        for (entry, _, year, payer, kind), amount in outcome.bills.items():
            if payer in LOCAL and entry != NATIONAL_LAW and year in sums:
                sums[year] += kinds.get(kind, 0.0) * amount
        rows.append(list(sums.values()))
    return np.array(rows).reshape(len(outcomes), len(years))


def pairs_of(outcomes: Sequence[Outcome], baseline: Sequence[Outcome]) -> list[tuple[Outcome, Outcome]]:
    """Return the runs of a plan and of its baseline with the same draw and seed."""
    return [(mine, theirs) for theirs, mine in matched(baseline, outcomes)]


def added_frame(
    scenario: str, outcomes: Sequence[Outcome], baseline: Sequence[Outcome], plan_start: float
) -> pandas.DataFrame:
    """Return sums by payer and kind over the plan's years, less those of the baseline with the same luck."""
    differences = [
        replace(a, bills={k: a.bills.get(k, 0.0) - b.bills.get(k, 0.0) for k in {*a.bills, *b.bills}})
        for a, b in pairs_of(outcomes, baseline)
    ]
    frame = money_frame(scenario, differences, plan_start)
    return frame[frame["scope"] == "plan"].assign(scope=ADDED)


def budget_frame(
    scenario: str,
    region: Region,
    outside: Mapping[str, Years],
    outcomes: Sequence[Outcome],
    baseline: Sequence[Outcome],
) -> pandas.DataFrame:
    """Return what city and districts pay in each year of the plan, beside their budget.

    ``outlay`` is money paid out with its administration, ``net`` adds tax forgone and takes off what comes back;
    ``added_...`` are these less the baseline's in the same draws and luck (NaN without a baseline), and the
    shares are of the added outlay.
    """
    import pandas

    first = math.floor(region.plan_start)
    years = [int(y) for y in outcomes[0].years if y >= first]
    general, science = (by_year(region, name, outside) for name in (GENERAL, SCIENCE))
    paid = dict.fromkeys(OUTLAY, 1.0)
    pairs = pairs_of(outcomes, baseline)
    added: list[np.ndarray] = []
    for kinds in (paid, NET_SIGN):
        sums = [local_sums([p[k] for p in pairs], years, kinds) for k in (0, 1)]
        added.append(sums[0] - sums[1])
    outlay, net = (local_sums(outcomes, years, kinds).mean(axis=0) for kinds in (paid, NET_SIGN))
    rows: list[dict[str, Any]] = []
    for k, year in enumerate(years):
        row: dict[str, Any] = {"scenario": scenario, "year": year, "outlay": outlay[k], "net": net[k]}
        row |= {"general_budget": general.get(year, math.nan), "science_budget": science.get(year, math.nan)}
        s = spread(added[0][:, k])
        row |= {"added_outlay": s.mean, "added_outlay_p05": s.p05, "added_outlay_p95": s.p95}
        row |= {"added_net": spread(added[1][:, k]).mean, "pairs": len(pairs)}
        row |= {"share_general": s.mean / row["general_budget"], "share_science": s.mean / row["science_budget"]}
        rows.append(row)
    return pandas.DataFrame(rows, columns=COLUMNS)
