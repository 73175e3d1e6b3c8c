"""Elementary effects and the comparison of structures, on functions and scores that are known."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import ndtr

from simulator.model import SWITCHES
from simulator.study import made, screening, structures
from simulator.study.calibrate import data_of
from simulator.study.screening import HIGH, LOW, STEP, effects_of, noise_of, study_of, summary, table_of, trajectory
from simulator.study.structures import BETTER, SAME, WORSE, Score, choices, compared, judged


def test_a_trajectory_moves_each_parameter_once_by_half_its_prior() -> None:
    walk = trajectory(40, 3)
    moved = np.diff(walk.points, axis=0)
    assert (np.count_nonzero(moved, axis=1) == 1).all()
    assert sorted(walk.order.tolist()) == list(range(40))
    assert np.abs(moved).max(axis=1) == pytest.approx(np.full(40, STEP))
    assert set(np.round(ndtr(walk.points).ravel(), 6).tolist()) <= {0.125, 0.375, 0.625, 0.875}
    assert (trajectory(40, 3).points == walk.points).all()
    assert (trajectory(40, 4).points != walk.points).any()
    assert ndtr(np.array([LOW, HIGH])) == pytest.approx([0.125, 0.625])


def test_effects_of_a_known_function_are_found() -> None:
    def model(z: np.ndarray) -> np.ndarray:
        return np.stack([2.0 * z[:, 0] - z[:, 1], z[:, 2] * z[:, 3]], axis=1)

    walks = [trajectory(5, k) for k in range(60)]
    effects = np.stack([effects_of(model(w.points), w) for w in walks])
    star, mean, spread = summary(effects)
    assert mean[:2, 0] == pytest.approx([2.0, -1.0])
    assert spread[:2, 0] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert star[4] == pytest.approx([0.0, 0.0])
    assert star[2, 1] > 0.4  # it hangs on another parameter: no mean, but a size and a spread
    assert abs(mean[2, 1]) < 0.3
    assert spread[2, 1] > 0.4
    assert noise_of(np.array([[[1.0], [-3.0]], [[-1.0], [1.0]]])) == pytest.approx([2.0])


def test_a_study_on_the_model_is_kept_in_shards_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = study_of("qingdao", parent=tmp_path)
    rows = tuple(r for r in whole.rows if r.name in ("research.leave", "research.entry", "tourism.lag"))
    study = replace(whole, rows=rows, scenario=replace(whole.scenario, years=(2011, 2012)),
                    points=data_of("qingdao", 2012))  # fmt: skip
    monkeypatch.setattr(screening, "SHARD", 4)
    figures = screening.walked(study, 1, jobs=1, progress=None)
    assert figures.shape == (1, len(rows) + 1 + screening.DUMMIES, study.points.size)
    assert np.isfinite(figures).all()
    paths = sorted(study.folder.glob("*.npy"))
    monkeypatch.setattr(screening, "one_run", lambda *_: pytest.fail("a shard that was there is run again"))
    paths_before = [p.read_bytes() for p in paths]
    assert (screening.walked(study, 1, jobs=1, progress=None) == figures).all()
    assert [p.read_bytes() for p in paths] == paths_before
    monkeypatch.undo()
    monkeypatch.setattr(screening, "SHARD", 4)
    paths[0].write_bytes(paths_before[0][:-1])
    assert (screening.walked(study, 1, jobs=1, progress=None) == figures).all()
    assert [p.read_bytes() for p in paths] == paths_before  # a shard that is not whole is run again
    table = table_of(study, figures)
    assert {row["parameter"] for row in table} <= {r.name for r in rows}
    assert {row["above_noise"] for row in table} <= {"yes", "no"}
    assert screening.findings(table)
    dummies = figures[0, len(rows) + 1 :]
    assert len(np.unique(dummies, axis=0)) > 1  # each dummy gives other agents other luck


def test_the_rows_of_other_regions_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "screening.csv"

    def screened(region: str, *effects: str) -> list[tuple[str, str]]:
        rows = [
            dict(zip(screening.COLUMNS, (region, "rd_share", f"research.p{k}", e, e, "0", "1", "no"), strict=True))
            for k, e in enumerate(effects)
        ]
        monkeypatch.setattr(screening, "table_of", lambda *_: rows)
        assert screening.main(["--region", region, "--out", str(table)]) == 0
        with table.open(encoding="utf-8", newline="") as file:
            return [(row["region"], row["mu"]) for row in csv.DictReader(file)]

    monkeypatch.setattr(screening, "study_of", lambda *_: SimpleNamespace(rows=("a", "b")))
    monkeypatch.setattr(screening, "walked", lambda *_: None)
    screened("qingdao", "0.1", "0.2")
    assert screened("benxi", "0.3") == [("qingdao", "0.1"), ("qingdao", "0.2"), ("benxi", "0.3")]
    assert screened("qingdao", "0.4") == [("benxi", "0.3"), ("qingdao", "0.4")]
    made_with = tmp_path / made.FILE.name
    assert [made.state_of(table, region, made_with) for region in ("qingdao", "benxi")] == ["current", "current"]
    monkeypatch.setattr(made, "model_hash", lambda: "another model")
    screened("qingdao", "0.5")
    assert [made.state_of(table, region, made_with) for region in ("qingdao", "benxi")] == ["current", "stale"]


# ---- structures -------------------------------------------------------------------------------------


def score_of(crps: np.ndarray) -> Score:
    points = data_of("qingdao")
    return Score(points, np.broadcast_to(crps, points.size) * np.ones(points.size), 1.0)


def test_a_structure_is_told_apart_only_where_series_agree() -> None:
    points = data_of("qingdao")
    default, rng = score_of(np.array(0.2)), np.random.default_rng(0)
    same = compared(score_of(0.2 * np.exp(0.02 * rng.standard_normal(points.size))), default)
    worse, better = (compared(score_of(np.array(0.2 * f)), default) for f in (1.3, 0.8))
    assert worse.mean == pytest.approx(np.log(1.3))
    assert (worse.verdict, better.verdict) == (WORSE, BETTER)
    assert judged(worse, same) == WORSE
    assert judged(better, same) == BETTER
    assert judged(same, worse) == SAME  # smaller than what other draws and luck do


def test_every_choice_that_is_no_default_is_walked() -> None:
    assert choices() == [(name, c) for name, found in SWITCHES.items() for c in found[1:]]
    assert len(choices()) >= len(SWITCHES)
    default = {"inner": score_of(np.array(0.2))}
    rows = structures.rows_of("qingdao", "spillovers", "short", {"inner": score_of(np.array(0.3))}, default,
                              {"inner": compared(score_of(np.array(0.201)), default["inner"])})  # fmt: skip
    assert rows[0]["verdict"] == WORSE
    assert set(rows[0]) == set(structures.COLUMNS)
    assert WORSE in structures.line_of(rows)
