"""Changes of the input that must leave the figures alone: order of rows, the calendar, a split budget, the currency."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simulator.core.luck import Luck
from simulator.model import INDICATORS, LEVERS
from simulator.scenario import Scenario
from simulator.scenario_entries import Entry
from simulator.simulate import simulate, start
from simulator.world.region import Region, load_region
from tests.benchmarks.scaled import scaled
from tests.currency import copy_in_currency
from tests.model_runs import ROOT, entry, shipped

FIRMS, SEED, LAST = 1_000, 1, 2017
SAME = 1e-9  # relative
BUDGETS = ("budget", "pool", "capital_per_year", "interest_budget")


@cache
def small() -> Scenario:
    """Return Qingdao's plan for a tenth of the city, up to a year after its start."""
    return scaled(replace(shipped(), years=(2011, LAST)), FIRMS)


def same(first: np.ndarray, second: np.ndarray, names: Iterable[str] = INDICATORS) -> dict[str, float]:
    """Return the indicators (T, K) that differ, with the largest relative difference."""
    apart, size = np.abs(first - second), np.maximum(np.abs(first), np.abs(second))
    off = np.max(np.divide(apart, size, out=np.zeros_like(apart), where=size > 0), axis=0)
    return {name: float(v) for name, v in zip(names, off, strict=True) if v > SAME}


# ---- order of rows ------------------------------------------------------------------------------------


def shuffled_files(folder: Path, dice: random.Random) -> None:
    """Put the rows of a city's files and of the national rules in another order; names and named firms keep theirs.

    The order of names.csv is the order of districts and universities, and that of anchors.csv and plants.csv that of
    firms and plants: what has a place in a list has its own luck there.
    """
    ordered = {"names.csv", "anchors.csv", "plants.csv"}
    files = [p for p in folder.glob("*/region/*.csv") if p.name not in ordered]
    for path in (*files, folder / "national_rules.csv"):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header, *rows = csv.reader(stream)
        dice.shuffle(rows)
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows([header, *rows])


@pytest.mark.parametrize("city", ["qingdao", "benxi"])
def test_the_order_of_rows_in_a_citys_files_is_nothing(tmp_path: Path, city: str) -> None:
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    shuffled_files(tmp_path / "scenarios", random.Random(7))
    first = load_region(ROOT / "scenarios" / city / "region")
    second = load_region(tmp_path / "scenarios" / city / "region")
    assert first.digest != second.digest
    left_out = {"digest", "folder", "figures", "vintages", "columns", "university_fields"}
    for name in (f.name for f in fields(Region) if f.name not in left_out):
        assert getattr(first, name) == getattr(second, name), name
    assert {k: f.value for k, f in first.figures.items()} == {k: f.value for k, f in second.figures.items()}
    assert np.array_equal(first.university_fields, second.university_fields)
    for kind, quantities in first.columns.items():
        for name, column in quantities.items():
            assert np.array_equal(column, second.columns[kind][name]), (kind, name)


def test_the_order_of_mappings_and_entries_is_nothing() -> None:
    """A world of the same figures, rules and entries in another order lives the same years."""
    plan, region = small(), small().region
    turned = replace(
        region,
        figures=dict(reversed(region.figures.items())),
        rules={k: dict(reversed(years.items())) for k, years in reversed(region.rules.items())},
        columns={k: dict(reversed(columns.items())) for k, columns in region.columns.items()},
    )
    other = replace(plan, region=turned, entries=tuple(reversed(plan.entries)))
    assert same(simulate(plan, {}, SEED).values, simulate(other, {}, SEED).values) == {}


# ---- the calendar -------------------------------------------------------------------------------------


def later(scenario: Scenario, by: int) -> Scenario:
    """Return a scenario all of whose dates are ``by`` years later: the region's, the rules' and the entries'.

    So is the epoch from which years of luck are counted.
    """
    region = scenario.region

    def moved(years: Mapping[int, float]) -> dict[int, float]:
        return {year + by: value for year, value in years.items()}

    def founded(firm: Mapping[str, float | str]) -> dict[str, float | str]:
        return {k: float(v) + by if k in ("founded", "vintage") else v for k, v in firm.items()}

    region = replace(
        region,
        start_year=region.start_year + by,
        last_year=region.last_year + by,
        luck_epoch=region.luck_epoch + by,
        plan_start=region.plan_start + by,
        paths={path: {name: moved(years) for name, years in given.items()} for path, given in region.paths.items()},
        rules={name: moved(years) for name, years in region.rules.items()},
        vintages=[row | {"year": float(row["year"]) + by} for row in region.vintages],
        anchors=[founded(firm) for firm in region.anchors],
        plants=[founded(plant) for plant in region.plants],
    )
    entries = tuple(replace(e, start=e.start + by, stop=e.stop + by) for e in scenario.entries)
    years = (scenario.years[0] + by, scenario.years[1] + by)
    return replace(scenario, region=region, entries=entries, years=years)


def test_everything_a_year_later_starts_from_the_same_world() -> None:
    """Every agent is as it was, but for the years it remembers."""
    first, second = start(small(), Luck(SEED)), start(later(small(), 1), Luck(SEED))
    for name, column in first.firms.columns.items():
        before, after = getattr(first.firms, name), getattr(second.firms, name)
        if column.unit == "year":
            before = before + (before > 0)  # 0 is never
        assert np.array_equal(before, after), name
    assert [e.share_of_year(2014) for e in small().entries] == [
        e.share_of_year(2015) for e in later(small(), 1).entries
    ]


def test_everything_some_years_later_gives_the_same_years() -> None:
    """The plan with all dates and the epoch of luck moved: every indicator of every year, and every bill."""
    by = 3
    first, second = simulate(small(), {}, SEED), simulate(later(small(), by), {}, SEED)
    assert second.years.tolist() == [year + by for year in first.years.tolist()]
    assert same(first.values, second.values) == {}
    before, after = (
        {(*b[:2], b.year - moved, *b[3:5]): b.amount for b in run.bills} for run, moved in ((first, 0), (second, by))
    )
    assert after == pytest.approx(before, rel=SAME)


# ---- a split budget -----------------------------------------------------------------------------------


def halves(one: Entry) -> tuple[Entry, Entry]:
    """Return an entry as two of one programme, each with half of every budget."""
    half = {name: getattr(one.settings, name) / 2 for name in BUDGETS if hasattr(one.settings, name)}
    settings = replace(one.settings, **half)
    parts = (replace(one, id=f"{one.id}_{k}", settings=settings, programme=one.id) for k in "ab")
    return next(parts), next(parts)


def with_lever(name: str, *entries: Entry) -> Scenario:
    """Return the city without a plan, but for these entries."""
    return replace(small(), entries=entries, years=(2011, 2015))


def billed(scenario: Scenario) -> tuple[np.ndarray, dict[str, float]]:
    run, sums = simulate(scenario, {}, SEED), defaultdict[str, float](float)
    for bill in run.bills:
        sums[bill.kind] += bill.amount * (bill.lever != "national_law" and bill.entry != "national_law")
    return run.values, dict(sums)


# Levers whose measure is its money: the others buy numbers of things, or act by a share of those they reach, so that
# two entries with half of the money are another measure.
SPLIT = ("credit_risk_compensation", "innovation_procurement", "innovation_voucher", "rd_subsidy")
SPLIT += ("researcher_mobility", "shared_facilities")


@pytest.mark.parametrize("name", SPLIT)
def test_a_budget_in_two_halves_buys_the_same(name: str) -> None:
    lever = LEVERS[name]
    one = entry(lever, dict(lever.dose), 2012.0, 2016.0)
    whole, spent = billed(with_lever(name, one))
    split, parts = billed(with_lever(name, *halves(one)))
    assert same(whole, split) == {}
    paid = set(spent) - {"running"}  # each entry has an office of its own
    assert {k: parts[k] for k in paid} == pytest.approx({k: spent[k] for k in paid}, rel=SAME)


# ---- the currency -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_money_in_another_currency_changes_no_real_figure(tmp_path: Path) -> None:
    """Every amount that is declared or stated in CNY is sixteen times: a power of two, so that rounding is the same."""
    factor, running, found = 16.0, [], []
    for name, times in (("plain", 1.0), ("times", factor)):
        copy_in_currency(tmp_path / name, times)
        command = [sys.executable, "-m", "tests.currency", str(times)]
        alone = os.environ | {"PYTHONPATH": str(tmp_path / name), "NUMBA_DISABLE_JIT": "1"}
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path / name, env=alone))
    for process in running:
        text, _ = process.communicate()
        assert process.returncode == 0
        found.append(json.loads(text))
    plain, times = found
    values = np.array(times["values"]) / factor ** np.array(plain["powers"], float)
    assert same(np.array(plain["values"]), values, plain["names"]) == {}
    first, second = (np.array(list(f["bills"].values())) for f in found)
    assert first * factor == pytest.approx(second, rel=SAME)
