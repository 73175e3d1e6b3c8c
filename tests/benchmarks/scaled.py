"""The Qingdao plan for a region of another size: the same firms on average, more or fewer of them.

What counts things or sums money is multiplied, what is a share, a rate or a price of one thing is not. So the
cost of a firm-year can be compared between a thousand firms and a million.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from simulator.core.declare import Label
from simulator.core.parameters import table
from simulator.model import LEVERS, SCHEDULE
from simulator.scenario import Scenario
from simulator.scenario_entries import Entry
from simulator.world.drawing import share_out
from simulator.world.region import Figure, Region
from simulator.world.region_schema import FIGURES, FIRM_CLASSES, MARGINS, OPTIONAL_FIGURES

# figures whose sort is a count or a sum of money but which speak of one thing
PER_THING = ("incubator_floor_mean", "tourist_spending")
# figures that count things drawn one by one: whole, and not lost altogether in a small region
DRAWN = (
    *("incubators", "maker_spaces", "startup_streets", "venture_funds", "angel_funds", "guidance_funds"),
    *("products_in_pipeline", "products_marketed", "alliances", "technology_centres", "hnte_count", "listed_firms"),
)
SECTOR_TOTALS = ("above_scale_staff", "above_scale_revenue", "rest_value_added")
UNIVERSITY_TOTALS = ("researchers", "transfer_staff", "rd_budget")
ANCHORS_FROM = 0.5  # named firms are giants: a region of less than half the size could not hold one
# settings in CNY / year that speak of one firm, user, member or office; all others are a budget of the region
FOR_ONE = ("cap_per_firm", "cap_per_user", "reward_cap", "support_per_firm", "support_per_alliance", "project_cap")
# parameters that are a number of the whole city, or a cost of it that does not depend on how many it serves
CITY_PARAMETERS = (
    *("sector_programme.advised_per_year", "sector_programme.centre_cost", "sector_programme.founder_cost"),
    *("clusters.centre_firms", "talent.visit_pool", "tourism.platforms_half", "agriculture.platforms_half"),
    *("factor_price_pressure.office", "factor_price_pressure.lease_office", "demonstration_zone.office_cost"),
    "technology_alliance.outreach_cost",
)
PER_DISTRICT = "CNY / district / year"  # districts stay, so what each costs or has grows with it


def starting_firms(region: Region) -> int:
    """Return how many firms a region starts with."""
    return sum(sum(region.margin(cls, "sector").values()) for cls in FIRM_CLASSES)


def scaled(scenario: Scenario, firms: int) -> Scenario:
    """Return the scenario for a region that starts with ``firms`` firms and is otherwise alike.

    Raises ValueError for a region with named plants: a plant has one size.
    """
    region = scenario.region
    if region.plants:
        raise ValueError(f"{region.id} names its plants, which cannot be scaled")
    factor = firms / starting_firms(region)
    assumed = {
        row.name: row.value * factor
        for row in table(SCHEDULE, LEVERS.values())
        if row.name in CITY_PARAMETERS or row.unit == PER_DISTRICT
    }
    given = {
        k: v * factor if k in assumed else v for k, v in scenario.assumptions.items()
    }  # what the scenario itself assumes of the city grows too
    return replace(
        scenario,
        region=_region(region, firms, factor),
        entries=tuple(_entry(entry, factor) for entry in scenario.entries),
        assumptions={**assumed, **given},
    )


def _entry(entry: Entry, factor: float) -> Entry:
    changes: dict[str, Any] = {}
    for f in fields(entry.settings):
        value = getattr(entry.settings, f.name)
        if isinstance(value, float) and of_the_region(f.name, f.metadata["unit"]):
            high = f.metadata["high"]
            changes[f.name] = value * factor if high is None else min(value * factor, high)
    return replace(entry, settings=replace(entry.settings, **changes))


def of_the_region(name: str, unit: str) -> bool:
    """Return whether a setting is an amount of the whole region: money or things, a year or in all."""
    if unit == "CNY / year":
        return name not in FOR_ONE
    if unit == "funds / district":
        return True
    thing, _, per = unit.partition(" / ")
    return thing not in ("", "1", "CNY", "years", "standard deviations") and per in ("", "year")


def _region(region: Region, firms: int, factor: float) -> Region:
    margins = _margins(region, firms)
    columns = {kind: dict(quantities) for kind, quantities in region.columns.items()}
    for name in SECTOR_TOTALS:
        columns["sector"][name] = _frozen(columns["sector"][name] * factor)
    for cls in FIRM_CLASSES:
        counts = [margins[cls, "sector"].get(s, 0) for s in region.sectors]
        columns["sector"][f"{cls}_firms"] = _frozen(np.array(counts, float))
    universities, rows = _which(region, factor)
    columns["university"] = _universities(region, rows, factor)
    names = dict(region.names)
    for name, row in zip(universities, rows, strict=True):
        label = names["university", region.universities[row]]
        suffix = name[len(region.universities[row]) :].replace("_", " ")
        names["university", name] = Label(label.en + suffix, label.zh + suffix)
    return replace(
        region,
        figures={name: _figure(name, figure, factor) for name, figure in region.figures.items()},
        universities=universities,
        names=names,
        university_fields=_frozen(region.university_fields[rows]),
        anchors=_anchors(region, factor),
        paths={path: _path(given, factor) for path, given in region.paths.items()},
        digest=hashlib.sha256(f"{region.digest} for {firms} firms".encode()).hexdigest(),
        columns=columns,
        margins=margins,
    )


def _figure(name: str, figure: Figure, factor: float) -> Figure:
    sort = (FIGURES | OPTIONAL_FIGURES)[name]
    if sort not in ("count", "money") or name in PER_THING:
        return figure
    value = figure.value * factor
    if name in DRAWN and figure.value > 0.0:
        value = max(1.0, float(round(value)))
    return replace(figure, value=value)


def _margins(region: Region, firms: int) -> dict[tuple[str, str], dict[str, int]]:
    """Share out whole firms between classes, then within each margin of a class, so that all add up."""
    before = np.array([sum(region.margin(cls, "sector").values()) for cls in FIRM_CLASSES], float)
    out: dict[tuple[str, str], dict[str, int]] = {}
    for cls, count in zip(FIRM_CLASSES, share_out(firms, before), strict=True):
        for margin in MARGINS:
            levels = region.margin(cls, margin)
            counts = share_out(float(count), np.array(list(levels.values()), float))
            out[cls, margin] = {level: int(c) for level, c in zip(levels, counts, strict=True)}
    return out


def _which(region: Region, factor: float) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the names and rows of universities: all of them again and again, or an even choice by budget."""
    own = len(region.universities)
    count = max(1, round(own * factor))
    by_budget = np.argsort(-region.university("rd_budget"), kind="stable")
    even = by_budget[((np.arange(count % own) + 0.5) * own / max(count % own, 1)).astype(int)]
    rows = np.concatenate([*(np.arange(own) for _ in range(count // own)), np.sort(even)]).astype(int)
    copies = np.arange(rows.size) // own
    names = tuple(region.universities[r] + (f"_{k + 1}" if k else "") for r, k in zip(rows, copies, strict=True))
    return names, rows


def _universities(region: Region, rows: np.ndarray, factor: float) -> dict[str, np.ndarray]:
    own = region.columns["university"]
    out = {name: column[rows] for name, column in own.items()}
    for name in UNIVERSITY_TOTALS:  # what the choice left out, or took too much of, is made good
        out[name] = out[name] * (own[name].sum() * factor / max(float(out[name].sum()), 1e-12))
    out["patents"] = share_out(own["patents"].sum() * factor, own["patents"][rows] + 1e-9)
    return {name: _frozen(column) for name, column in out.items()}


def _anchors(region: Region, factor: float) -> list[dict[str, float | str]]:
    """Repeat the named firms as the region grows, so that they keep their part of its sales and R&D."""
    if factor < ANCHORS_FROM:
        return []
    return [
        {**anchor, "firm": f"{anchor['firm']}_{k + 1}" if k else anchor["firm"]}
        for k in range(max(1, round(factor)))
        for anchor in region.anchors
    ]


def _path(given: Mapping[str, Mapping[int, float]], factor: float) -> dict[str, dict[int, float]]:
    return {
        name: {year: value * factor if name == "population" else value for year, value in years.items()}
        for name, years in given.items()
    }


def _frozen(column: np.ndarray) -> np.ndarray:
    out = np.ascontiguousarray(column)
    out.setflags(write=False)
    return out
