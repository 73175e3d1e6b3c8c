"""How a fit is made is chosen on planted truths, by a stated rule, and the committed choice is that of the rule."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from simulator.study.abc_choice import (
    CANDIDATES,
    TABLE,
    Tried,
    chosen_of,
    chosen_settings,
    crps_of,
    one_truth,
    rows_of,
    try_all,
    write_csv,
)
from simulator.study.abc_fit import Material, Settings
from simulator.study.calibrate import data_of
from simulator.study.made import record
from simulator.study.packed import load_packed
from simulator.study.scoring import crps_normal


def linear(parameters: int = 30, points: int = 8, count: int = 600) -> Material:
    rng = np.random.default_rng(4)
    z = rng.standard_normal((count, parameters))
    clean = z @ (rng.standard_normal((parameters, points)) * (rng.random((parameters, 1)) < 0.3))
    names = tuple(f"a.p{k}" for k in range(parameters))
    return Material(names, z, clean, clean + 0.5 * rng.standard_normal(clean.shape))


def test_the_rule_asks_for_coverage_first_and_for_sharpness_among_those() -> None:
    settings = [Settings(kept, 0.01) for kept in (0.1, 0.25, 0.5, 1.0)]
    tried = [Tried(s, *f) for s, f in zip(settings, ((0.80, 0.40), (0.905, 0.52), (0.893, 0.51), (0.9, 0.55)),
                                          strict=True)]  # fmt: skip
    assert chosen_of(tried) == settings[2]  # not the sharpest of all, whose intervals are too narrow
    assert chosen_of(tried[:1]) == settings[0]
    alike = [Tried(Settings(1.0, p), 0.9, 0.500001 * (1 + 1e-6 * p)) for p in (0.01, 0.1)]
    assert chosen_of(alike).penalty == 0.1


def test_the_crps_of_many_parameters_is_that_of_each() -> None:
    mean, spread, truth = np.array([0.1, -1.0]), np.array([0.5, 2.0]), np.array([0.4, 1.5])
    assert crps_of(mean, spread, truth) == pytest.approx(
        [crps_normal(*x) for x in zip(mean, spread, truth, strict=True)]
    )


def test_candidates_are_scored_and_the_choice_is_read_back(tmp_path: Path) -> None:
    data = linear()
    tried = try_all(data, 40, CANDIDATES[-4:], jobs=1)
    assert all(0.7 < t.coverage <= 1.0 for t in tried)
    assert all(0.2 < t.crps < 0.7 for t in tried)
    assert [t.coverage for t in try_all(data, 40, CANDIDATES[-4:], jobs=2)] == [t.coverage for t in tried]
    assert one_truth(data, 3, CANDIDATES[-1:]).shape == (1, 2)
    path = tmp_path / "abc_choice.csv"
    assert chosen_settings("qingdao", path) is None
    write_csv(rows_of("qingdao", tried, 40, 600), path)
    write_csv(rows_of("other", tried[:1], 40, 600), path)
    assert chosen_settings("qingdao", path) == chosen_of(tried)
    assert chosen_settings("other", path) == tried[0].settings
    assert chosen_settings("qingdao", path, bank="a") is None  # nobody wrote down on which bank it was made
    record(path, [], tmp_path / "made.json", bank="a")
    assert chosen_settings("qingdao", path, bank="a") == chosen_of(tried)
    assert chosen_settings("qingdao", path, bank="b") is None


@pytest.mark.slow
def test_the_committed_choice_follows_from_the_committed_bank() -> None:
    bank = load_packed("qingdao")
    if bank is None or not bank.fits_priors or not TABLE.is_file():
        pytest.skip("no packed bank of these priors is committed, or no choice")
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["region"] == "qingdao"]
    mine = {Settings(float(r["kept"]), float(r["penalty"])): r for r in rows}
    tried = try_all(bank.material(data_of("qingdao")), int(rows[0]["truths"]), list(mine))
    for t in tried:
        assert t.coverage == pytest.approx(float(mine[t.settings]["coverage"]), abs=2e-3)
        assert t.crps == pytest.approx(float(mine[t.settings]["crps"]), abs=1e-3)
    assert chosen_of(tried) == chosen_settings("qingdao")
