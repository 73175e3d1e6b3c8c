"""Designs of the virtual trials on cities: each world is one, which adopts a measure in a year of its own or never.

Rows are the city's years. The years of adoption are drawn by lot, so that they have nothing to do with a city's
parameters; cities that have not adopted are compared with those that have, never with themselves in another run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from simulator.model import LEVERS
from simulator.study.effect_estimators import PREPARE
from simulator.study.trial_designs import Design
from simulator.study.trial_worlds import Lab, Panel, entry
from simulator.world.agents import UNIVERSITY_FOUNDED
from simulator.world.world import World

LOT = 20150701  # addresses the lots by which cities are assigned
NEVER = 9999  # year of adoption of cities that never adopt


def _adoption(lab: Lab, years: Sequence[int]) -> int:
    """Return the year in which this city adopts; one city in ``len(years) + 1`` never does."""
    return int((*years, NEVER)[_lot(lab, len(years) + 1)])


def _lot(lab: Lab, count: int) -> int:
    """Return a number below ``count`` that the city draws; it has nothing to do with its parameters or luck."""
    return int(np.random.default_rng([LOT, lab.number]).integers(count))


def _city(
    lab: Lab,
    lever_name: str,
    settings: dict[str, Any],
    adopts: Sequence[int],
    until: int,
    deep: bool = False,
) -> tuple[Panel, int]:
    lever, year = LEVERS[lever_name], _adoption(lab, adopts)
    entries = [] if year == NEVER else [entry(lever, settings, year, until)]
    own = lab.scenario(entries, until, drop=[lever_name])
    return lab.run(own, first=PREPARE["deep_venture_market"] if deep else None), year


def fund_city(
    lab: Lab, *, settings: dict[str, Any], adopts: Sequence[int], until: int, deep: bool = False
) -> dict[str, np.ndarray]:
    """Let cities set up guidance funds one after the other: private and public money over that of the first year."""
    panel, year = _city(lab, "guidance_fund", settings, adopts, until, deep)
    first = max(panel.city[panel.years[0]]["private_raised"], 1.0)
    years = np.array(panel.years)
    return {
        "year": years,
        "on": (years >= year).astype(float),
        "private": np.array([panel.city[y]["private_raised"] / first for y in panel.years]),
        "public": np.array([panel.billed(("outlay",), (y,)) / first for y in panel.years]),
    }


def fund_share(
    lab: Lab, *, settings: dict[str, Any], shares: Sequence[float], year: int, until: int
) -> dict[str, np.ndarray]:
    """Let cities choose the public share of their sub-funds: what came back of each public CNY by the last year."""
    share = shares[_lot(lab, len(shares))]
    lever = LEVERS["guidance_fund"]
    chosen = entry(lever, {**settings, "public_share": share}, year, until - 4)
    panel = lab.run(lab.scenario([chosen], until, drop=[lever.name]))
    years = range(year, until + 1)
    paid, back = panel.billed(("outlay",), years), abs(panel.billed(("recovered",), years))
    return {"share": np.array([share]), "log_return": np.array([np.log(max(back, 1.0) / max(paid, 1.0))])}


def talent_city(lab: Lab, *, settings: dict[str, Any], adopts: Sequence[int], until: int) -> dict[str, np.ndarray]:
    """Let cities begin to court talent one after the other: how own researchers and inventions grow, neighbours' loss.

    Growth (log points a year), as cities grow at paces of their own.
    """
    panel, year = _city(lab, "talent_attraction", settings, adopts, until)
    years = np.array(panel.years)
    researchers = np.log([panel.city[y]["researchers"] for y in panel.years])
    inventions = np.log([max(panel.city[y]["true_filings"], 1.0) for y in panel.years])
    return {
        "year": years[1:],
        "on": (years[1:] >= year).astype(float),
        "researchers": np.diff(researchers),
        "inventions": np.diff(inventions),
        "neighbours": np.array([-panel.city[y]["taken"] for y in panel.years[1:]]),
    }


def patent_city(lab: Lab, *, settings: dict[str, Any], adopts: Sequence[int], until: int) -> dict[str, np.ndarray]:
    """Let cities begin to pay for applications one after the other: applications, and grants two years on over them."""
    panel, year = _city(lab, "ip_protection", settings, adopts, until)
    kept = panel.years[:-2]
    filed = [float(np.log(max(panel.city[y]["filed"], 1.0))) for y in kept]
    granted = [float(np.log(max(panel.city[y + 2]["granted"], 1.0))) for y in kept]
    years = np.array(kept)
    return {
        "year": years,
        "on": (years >= year).astype(float),
        "filed": np.array(filed),
        "grant_rate": np.array(granted) - np.array(filed),
    }


def guarantee_city(lab: Lab, *, settings: dict[str, Any], adopts: Sequence[int], until: int) -> dict[str, np.ndarray]:
    """Let cities open a guarantee one after the other: log of failures over loans at risk, part covered."""
    panel, year = _city(lab, "credit_risk_compensation", settings, adopts, until)
    every = np.array(panel.years)
    loans = np.array([panel.city[y]["loans"] for y in every])
    covered = np.array([float((panel.firms[y]["loan_cover"] > 0.0).sum()) for y in every])
    # a failure of a year can be of a loan of that year, whose firm closed, or of the year before
    at_risk, under_cover = loans[1:] + loans[:-1], covered[1:] + covered[:-1]
    failed = np.array([panel.city[y]["defaults"] for y in every[1:]])
    return {
        "year": every[1:],
        "on": (every[1:] >= year).astype(float),
        "failed": np.log((failed + 0.5) / (at_risk + 1.0)),
        "covered": under_cover / np.maximum(at_risk, 1.0),
    }


def inventors_share(lab: Lab, *, share: float, year: int, until: int) -> dict[str, np.ndarray]:
    """Let researchers hold all rights until a reform leaves them a share, in half of the cities: counts by year.

    ``treated`` are the universities of cities with the reform; the year of the reform is on neither side.
    """
    reformed = _lot(lab, 2) == 1

    def reform(world: World) -> None:
        world.universities.inventor_share[:] = share if reformed and world.year >= year else 1.0

    scenario = lab.scenario([], until, drop=["transfer_revenue_share", "equity_incentive", "researcher_mobility"])
    # the national floor of 2015 would hide the reform
    frozen = replace(scenario, counterfactual=replace(scenario.counterfactual, rules_after=year - 1))
    panel = lab.run(frozen, each_year=reform)
    years = [y for y in panel.years if y != year]
    born = [(panel.firms[y]["founded"] == y) & (panel.firms[y]["origin"] == UNIVERSITY_FOUNDED) for y in years]
    return {
        "treated": np.full(len(years), int(reformed)),
        "after": np.array([int(y > year) for y in years]),
        "startups": np.array([float(b.sum()) for b in born]),
        "filings": np.array([panel.city[y]["university_true"] for y in years]),
    }


DESIGNS: dict[str, Design] = {
    function.__name__: function
    for function in (fund_city, fund_share, talent_city, patent_city, guarantee_city, inventors_share)
}
