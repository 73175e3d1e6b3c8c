"""The influence table: that of the declarations; every lever moves something, declared zeros hold, signs agree."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simulator.core.luck import Luck
from simulator.model import INDICATORS, LEVERS
from simulator.simulate import start
from simulator.study import influence
from simulator.study.influence import COLUMNS, DUMMY_SHARE, MEAN, OFFSETS, TABLE, declared, dose_in, signs
from tests.model_runs import ROOT, shipped
from tests.test_levers import known_sources

FEW = 3
ALLOWED_EXCEPTIONS = 0.03


@cache
def table() -> list[dict[str, str]]:
    return influence.read_csv()


def test_the_file_is_that_of_the_declarations() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        assert tuple(next(csv.reader(file))) == COLUMNS
    assert {row["lever"] for row in table()} == set(LEVERS)
    assert {row["indicator"] for row in table()} <= set(INDICATORS)
    for row in table():
        assert row["unit"] == INDICATORS[row["indicator"]].unit
        assert row["offset"] in (MEAN, *map(str, OFFSETS))
        assert row["indicator"] in influence.indicators_of(row["city"])
    cells = {(row["city"], row["lever"], row["indicator"], row["offset"]) for row in table()}
    assert len(cells) == len(table())
    for lever, indicator in signs():
        assert ("qingdao", lever, indicator, MEAN) in cells


def test_every_lever_moves_something_above_the_noise() -> None:
    for name in LEVERS:
        assert any(row["above_noise"] == "yes" for row in table() if row["lever"] == name), name


def test_declared_zeros_are_many_and_cite_what_exists() -> None:
    zeros, _ = declared()
    assert len(zeros) >= 40
    assert len({z.lever for z in zeros}) >= 25
    assert len({(z.city, z.lever, z.indicator, z.offset) for z in zeros}) == len(zeros)
    for zero in zeros:
        assert zero.lever in LEVERS
        assert zero.indicator in INDICATORS, zero.indicator
        assert zero.offset in OFFSETS
        assert zero.reason
        assert zero.source in known_sources() | {"construction", "assumed"}, zero.source


def test_declared_zeros_lie_within_the_noise() -> None:
    found = {
        (row["city"], row["lever"], row["indicator"], row["offset"]): row["zero_holds"]
        for row in table()
        if row["zero"] == "yes"
    }
    refuted = [zero for zero in declared()[0] if zero.refuted]
    for zero in declared()[0]:
        cell = found[zero.city, zero.lever, zero.indicator, str(zero.offset)]
        assert cell == ("no" if zero.refuted else "yes"), zero
    assert len(declared()[0]) - len(refuted) >= 40
    assert len(refuted) <= ALLOWED_EXCEPTIONS * len(declared()[0])


def test_refuted_zeros_are_small() -> None:
    cells = {(r["city"], r["lever"], r["indicator"], r["offset"]): r for r in table()}
    for zero in declared()[0]:
        if zero.refuted:
            assert abs(float(cells[zero.city, zero.lever, zero.indicator, str(zero.offset)]["relative"])) < 1e-3


def test_signs_agree_but_for_the_listed_exceptions() -> None:
    signed = [row for row in table() if row["expected"]]
    wrong = {(row["lever"], row["indicator"]) for row in signed if row["agrees"] == "no"}
    listed = {(r.lever, r.indicator) for r in declared()[1]}
    assert wrong <= listed
    assert len(wrong) <= ALLOWED_EXCEPTIONS * len(signed)


def test_a_dose_is_scaled_by_what_is_done_in_a_year() -> None:
    lever = LEVERS["innovation_voucher"]
    assert dose_in(lever, "benxi", 0.5) == {**lever.dose, "budget": 0.5 * lever.dose["budget"]}
    floor = LEVERS["incubator_expansion"]
    assert dose_in(floor, "elsewhere", 0.1)["floor_per_year"] == pytest.approx(0.1 * floor.dose["floor_per_year"])
    assert dose_in(floor, "elsewhere", 0.1)["subsidy_per_m2"] == floor.dose["subsidy_per_m2"]
    for lever in LEVERS.values():
        lever.Settings(**dose_in(lever, "benxi", 0.1))


def test_the_dummy_gives_few_agents_other_luck_and_references_follow() -> None:
    path = ROOT / "scenarios" / "qingdao" / "baseline.yaml"
    plain, other = (start(shipped(path), Luck(1)) for _ in range(2))
    influence.give_other_luck(other)
    changed = plain.firms.key != other.firms.key
    assert 0.5 * DUMMY_SHARE < changed.mean() < 2.0 * DUMMY_SHARE
    owners = np.isin(plain.products.owner, plain.firms.key)
    np.testing.assert_array_equal(owners, np.isin(other.products.owner, other.firms.key))
    for name in plain.firms.columns:
        if name != "key":
            np.testing.assert_array_equal(getattr(plain.firms, name), getattr(other.firms, name))


def test_a_few_cells_computed_again() -> None:
    """A neutral dose is exactly nothing, and a few pairs agree in sign with the table."""
    names = ("innovation_voucher", "rd_subsidy")
    differences, controls = influence.pairs_of("qingdao", names, FEW, 1)
    assert differences.shape == (FEW, len(names) + 1, influence.LAST - influence.FIRST + 1, len(INDICATORS))
    fresh = {
        (c.lever, c.indicator): c.effect
        for c in influence.cells_of("qingdao", names, differences, controls)
        if c.offset == MEAN
    }
    written = {(r["lever"], r["indicator"]): r for r in table() if r["offset"] == MEAN and r["city"] == "qingdao"}
    for lever, indicator in (("innovation_voucher", "university_links"), ("rd_subsidy", "rd_real")):
        row = written[lever, indicator]
        assert np.sign(fresh[lever, indicator]) == np.sign(float(row["effect"]))
        assert abs(fresh[lever, indicator] / float(row["effect"]) - 1.0) < 0.5
    assert differences[:, -1].any()


def test_a_neutral_dose_is_exactly_nothing() -> None:
    path = ROOT / "scenarios" / "benxi" / "baseline.yaml"
    base = influence.without(shipped(path), "innovation_voucher")
    none = influence.treated(base, LEVERS["innovation_voucher"], {})
    np.testing.assert_array_equal(influence.series(none, {}, 1), influence.series(base, {}, 1))


def test_the_table_is_written_and_read(tmp_path: Path) -> None:
    names = ("innovation_voucher",)
    count = len(INDICATORS)
    differences = np.zeros((4, 2, influence.LAST - influence.FIRST + 1, count))
    differences[:, 0, :, list(INDICATORS).index("university_links")] = -1.0
    cells = influence.cells_of("qingdao", names, differences, np.ones((4, differences.shape[2], count)))
    assert any("sign, expected +" in line for line in influence.findings(cells))
    influence.write_csv(cells, tmp_path / "table.csv")
    rows = influence.read_csv(tmp_path / "table.csv")
    row = next(r for r in rows if r["indicator"] == "university_links" and r["offset"] == MEAN)
    assert (row["effect"], row["agrees"], row["above_noise"]) == ("-1", "no", "yes")
    assert next(r for r in rows if r["indicator"] == "rd_real" and r["offset"] == MEAN)["effect"] == "0"
