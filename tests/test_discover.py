"""Discovery: a planted box is found again, noise gives none, and what a planner reads is true."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import toy_model
from toy_model import Toy

from simulator.core.problems import InputError
from simulator.report.discover_words import _wanted, box_words, missed_elsewhere, percent
from simulator.report.parameter_names import first_clause, without_brackets
from simulator.study import discover_prim as prim
from simulator.study.discover import BOXES, NEARLY_ALL, NEARLY_NONE, NO_BOX, asked_of, discover, verdict_of
from simulator.study.discover_factors import factors_of, stratified
from simulator.study.discover_prim import Points, Restriction, at_least, boxes, paste, peel
from simulator.study.targets import load_targets

toy, home = toy_model.toy, toy_model.home  # the fixtures


def planted(seed: int, n: int, inside: float, outside: float) -> tuple[Points, np.ndarray]:
    """Return points with 8 numbers and 2 factors of three categories; three of them make a box, the others nothing."""
    rng = np.random.default_rng(seed)
    columns = {f"x{k}": rng.random(n) for k in range(8)} | {f"s{k}": rng.integers(0, 3, n) for k in range(2)}
    held = (columns["x0"] > 0.35) & (columns["x1"] < 0.6) & (columns["s0"] != 1)
    missed = rng.random(n) < np.where(held, inside, outside)
    return Points(columns, {"s0": 3, "s1": 3}, missed), held


@pytest.mark.parametrize("seed", range(2))
def test_a_planted_box_is_recovered_within_a_tenth_of_each_range(seed: int) -> None:
    points, held = planted(seed, 1000, 0.85, 0.1)
    (found, *rest) = boxes(points, seed=seed)
    assert set(found.box) == {"x0", "x1", "s0"}
    assert found.box["x0"].low == pytest.approx(0.35, abs=0.1)
    assert found.box["x0"].high == math.inf
    assert found.box["x1"].high == pytest.approx(0.6, abs=0.1)
    assert found.box["s0"].kept == (0, 2)
    assert found.density == pytest.approx(points.missed[held].mean(), abs=0.06)
    assert found.unseen_density <= found.density + 0.02
    assert min(found.returns.values()) >= 0.5
    assert max(found.quasi_p.values()) < 0.001
    assert not rest


def test_a_switch_is_looked_at_where_a_number_that_parts_as_much_is_not() -> None:
    rng = np.random.default_rng(9)
    columns = {f"x{k}": rng.random(1000) for k in range(200)} | {"s0": rng.integers(0, 2, 1000)}
    missed = rng.random(1000) < np.where(columns["s0"] == 1, 0.19, 0.10)
    assert prim.telling(Points(columns, {"s0": 2}, missed)) == ["s0"]
    turned = dict(reversed(columns.items()))
    assert prim.telling(Points(turned, {"s0": 2}, missed)) == ["s0"]
    assert prim.telling(Points(columns, {}, missed)) == []  # by chance some cut of one of 201 parts as much


def test_one_condition_among_hundreds_of_factors_is_found_in_two_hundred_futures() -> None:
    """Without the choice of factors the box of each half is narrowed by chance until nothing holds on the other."""
    rng = np.random.default_rng(11)
    columns = {f"x{k}": rng.random(200) for k in range(400)}
    missed = rng.random(200) < np.where(columns["x0"] < 0.53, 0.85, 0.22)
    (found,) = boxes(Points(columns, {}, missed), most=1)
    assert set(found.box) == {"x0"}
    assert found.box["x0"].high == pytest.approx(0.53, abs=0.1)
    assert min(found.returns.values()) >= 0.8


def test_pure_noise_has_no_box() -> None:
    finds = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        columns = {f"x{k}": rng.random(200) for k in range(8)} | {"s0": rng.integers(0, 3, 200)}
        finds += bool(boxes(Points(columns, {"s0": 3}, rng.random(200) < 0.4), seed=seed, most=1))
    assert finds <= 1


def test_pasting_finds_the_very_bounds_where_nothing_is_left_to_chance() -> None:
    points, held = planted(5, 800, 1.0, 0.0)
    box = paste(points, {"x0": Restriction("x0", 0.5), "x1": Restriction("x1", high=0.9), "x3": Restriction("x3", 0.2)})
    assert (box["x0"].low, box["x1"].high) == (pytest.approx(0.35, abs=0.01), pytest.approx(0.6, abs=0.01))
    assert "x3" not in box or points.inside(box, but="x3").mean() - points.inside(box).mean() < 0.01
    steps = peel(points)[1]
    assert steps[0].coverage == 1.0
    assert [s.mass for s in steps] == sorted((s.mass for s in steps), reverse=True)
    assert points.missed.sum() == held.sum()


def test_a_density_that_is_asked_for_is_kept() -> None:
    points, _ = planted(2, 1000, 0.9, 0.2)
    (found, *_) = boxes(points, seed=2, most=1, density=0.8)
    assert found.density >= 0.78


def test_the_chance_of_as_many_is_the_binomial_one() -> None:
    exact = sum(math.comb(10, k) * 0.3**k * 0.7 ** (10 - k) for k in range(6, 11))
    assert at_least(6, 10, 0.3) == pytest.approx(exact)
    assert at_least(0, 10, 0.3) == 1.0
    assert prim.quasi_p(planted(1, 300, 1.0, 0.0)[0], {"x0": Restriction("x0", 0.35)}, ("x0", "low")) < 0.01


def test_each_stratum_is_drawn_once_in_an_order_of_the_factors_own() -> None:
    one, other = stratified("a", 50, 0), stratified("b", 50, 0)
    assert sorted((one * 50).astype(int).tolist()) == list(range(50))
    assert one.tolist() != other.tolist()
    assert one.tolist() == stratified("a", 50, 0).tolist() != stratified("a", 50, 1).tolist()


def test_a_semicolon_in_brackets_ends_no_clause() -> None:
    assert without_brackets("R&D a head (national; higher here); fitted") == "R&D a head; fitted"
    assert first_clause("R&D a head (national; higher here); fitted") == "R&D a head"


@pytest.mark.parametrize(
    ("name", "en", "zh"),
    [
        ("QD05", "≥ 100 % of districts in 2016", "2016 年占区市 ≥ 100 %"),
        ("QD12", "> CNY 10 bn per year in 2016", "2016 年 > 100亿元/年"),
        ("QD24", "≥ 10 mn m² in 2016", "2016 年 ≥ 1,000万平方米"),
    ],
)
def test_what_a_target_asks_for_has_its_unit(name: str, en: str, zh: str) -> None:
    target = next(t for t in load_targets() if t.id == name)
    assert (_wanted(target, "en"), _wanted(target, "zh")) == (en, zh)


def test_too_few_of_either_kind_are_no_ground_for_boxes() -> None:
    assert verdict_of(np.arange(100) < 3) == NEARLY_NONE
    assert verdict_of(np.arange(100) < 97) == NEARLY_ALL
    assert verdict_of(np.arange(100) < 40) == ""


# ---- on a scenario ------------------------------------------------------------------------------------


def test_what_makes_a_plan_miss_is_found_said_and_kept(toy: Toy, home: Path, tmp_path: Path) -> None:
    result = discover(home / "plan.yaml", "QD10", runs=300, jobs=1, out=tmp_path / "study")
    assert result.verdict == BOXES
    table = result.table()
    assert "market.level" in set(table["factor"])
    row = table[table["factor"] == "market.level"].iloc[0]
    assert row["high"] < row["range_high"]
    inside = result.futures()
    assert inside[inside["market.level"] < row["high"]]["missed"].mean() > inside["missed"].mean()
    (box,) = result.boxes[:1]
    outside = ~result.points.inside(box.box)
    assert missed_elsewhere(result, 1) == result.missed[outside].mean() < box.density
    assert f"of the others {percent(missed_elsewhere(result, 1), 'en')} miss" in " ".join(box_words(result, 1, "en"))
    folder = result.save(language="zh")
    names = {p.name for p in folder.iterdir()}
    assert names >= {"boxes.csv", "peeling.csv", "futures.csv", "futures.parquet", "summary.txt", "manifest.json"}
    assert {"box-1.png", "box-1.csv", "peeling.png"} <= {p.name for p in (folder / "figures").iterdir()}
    said = "".join((folder / "summary.txt").read_text(encoding="utf-8").split())
    assert "alevel（market.level）：低于" in said
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["verdict"] == BOXES
    made = toy.runs
    again = discover(home / "plan.yaml", "QD10", runs=300, jobs=1, out=tmp_path / "study")
    assert again.table().equals(table)
    assert toy.runs == made  # what is kept is not run again


def test_a_target_that_is_always_missed_has_no_boxes(toy: Toy, home: Path, tmp_path: Path) -> None:
    from simulator.report.discover import plain_text

    result = discover(home / "plan.yaml", "QD07", ["switches.mode"], runs=60, jobs=1, out=tmp_path / "study")
    assert result.verdict in (NEARLY_ALL, NEARLY_NONE, NO_BOX)
    assert result.table().empty
    assert result.plot(tmp_path / "figures") == []
    left = tmp_path / "study" / "figures" / "box-1.png"  # of an attempt in which some runs failed
    left.parent.mkdir()
    left.write_bytes(b"")
    result.save()
    assert not left.exists()
    assert len(plain_text(result, "en").splitlines()) > 4


def test_factors_are_named_by_pattern_and_settings_by_their_range(toy: Toy, home: Path) -> None:
    asked = asked_of(home / "plan.yaml", "QD10", ["market.*", "switches.mode", "Q1.budget=1e7:8e7"], runs=60)
    assert [(f.name, f.kind) for f in asked.factors] == [
        ("market.level", "parameter"),
        ("switches.mode", "switch"),
        ("Q1.budget", "setting"),
    ]
    budget = asked.columns["Q1.budget"]
    assert 1e7 <= budget.min() < 1.2e7 < 7.8e7 < budget.max() <= 8e7
    assert np.bincount(asked.columns["switches.mode"]).tolist() == [30, 30]
    assert asked.design().rows[7].draw == 7
    latin = asked_of(home / "plan.yaml", "QD10", ["market.*"], runs=60, sampling="latin")
    assert "market.level" in dict(latin.design().rows[0].changes)


@pytest.mark.parametrize(
    ("misses", "named", "words"),
    [
        ("QD1O", None, "did you mean QD10?"),
        ("QD01", None, "not simulated"),
        ("QD10", ["market.levle"], "did you mean market.level?"),
        ("QD10", ["Q1.budget"], "needs a range"),
        ("QD10", ["nothing.*"], "no parameter fits"),
        ("QD10", ["Q1.budget=-1:5"], "Q1.budget"),
        ("QD10", ["voucher.budget=0:5"], "several entries use voucher"),
        ("QD10", ["market.level=700:900"], "takes no range"),
        ("QD10", ["market.*=700:900"], "takes no range"),
        ("QD10", ["switches.mode=1:2"], "takes no range"),
    ],
)
def test_what_cannot_be_asked_is_refused(toy: Toy, home: Path, misses: str, named: list[str], words: str) -> None:
    plan = home / "plan.yaml"
    if "several" in words:
        plan.write_text(plan.read_text("utf-8") + "  - {id: Q2, lever: voucher}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r".*" + words.replace("?", r"\?")):
        asked_of(plan, misses, named, runs=60)
    assert toy.runs == 0


def test_every_parameter_and_switch_is_a_factor_by_default(toy: Toy, home: Path) -> None:
    from simulator.study.ensemble import opened

    found = {f.name: f.kind for f in factors_of(opened(home / "plan.yaml"), None)}
    assert found == {
        "market.level": "parameter",
        "voucher.effect": "parameter",
        "switches.mode": "switch",
        "drivers.all": "driver",
    }
