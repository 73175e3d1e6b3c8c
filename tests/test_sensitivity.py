"""Sensitivity studies: indices of functions that are known, noise floors, factors, and a study on the model."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
import toy_model
from model_runs import PLAN, shipped
from toy_model import Toy
from typer.testing import CliRunner

from simulator.cli import app
from simulator.core.problems import InputError
from simulator.model import LEVERS
from simulator.study import sensitivity as study
from simulator.study import sensitivity_indices
from simulator.study.design import Design, Outcomes, Row
from simulator.study.kept import begin, copies
from simulator.study.replicates import StudyError
from simulator.study.runner import Failed, Results
from simulator.study.sensitivity_factors import EDGE, factors_of, grouped, grouping_of
from simulator.study.sensitivity_indices import COLUMNS, Layout, indices, layout, spread_of
from simulator.study.sensitivity_stages import EFFORT, MEAN, SPREAD, Plan, Stage, investigate

toy, home = toy_model.toy, toy_model.home  # the fixtures
FIRST, TOTAL = COLUMNS.index("s1"), COLUMNS.index("st")


def named(count: int) -> tuple[str, ...]:
    return tuple(f"x{k}" for k in range(count))


def study_of(function: Any, count: int, method: str, repeats: int | None, runs: int = 1, seed: int = 0) -> Stage:
    """Return the last stage of a study of a function of points (n, d), the dummy moved (n,) and the seed."""

    def evaluate(points: Layout, chosen: tuple[int, ...], stage: str) -> np.ndarray:
        return np.stack([function(points.points, points.blocks, k) for k in range(runs)], axis=1)[:, :, None]

    names = named(count)
    return investigate(Plan(method, names, names, names, repeats, runs, seed), evaluate)[-1]


# ---- functions that are known -----------------------------------------------------------------------


def ishigami(points: np.ndarray, *_: object) -> np.ndarray:
    x = np.pi * (2.0 * points - 1.0)
    return np.asarray(np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


def sobol_g(points: np.ndarray, *_: object) -> np.ndarray:
    a = np.array([0.0, 1.0, 4.5, 9.0])
    return np.asarray(np.prod((np.abs(4.0 * points - 2.0) + a) / (1.0 + a), axis=1))


def test_sobol_on_ishigami_matches_the_analytic_indices() -> None:
    found = study_of(ishigami, 3, "sobol", 2048).found[0, MEAN].table
    assert found[:, FIRST] == pytest.approx([0.3139, 0.4424, 0.0], abs=0.05)
    assert found[:, TOTAL] == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.05)


def test_sobol_on_the_g_function_matches_the_analytic_indices() -> None:
    a = np.array([0.0, 1.0, 4.5, 9.0])
    parts = 1.0 / (3.0 * (1.0 + a) ** 2)
    whole = np.prod(1.0 + parts) - 1.0
    first = parts / whole
    total = parts * np.prod(1.0 + parts) / (1.0 + parts) / whole
    found = study_of(sobol_g, 4, "sobol", 2048).found[0, MEAN].table
    assert found[:, FIRST] == pytest.approx(first, abs=0.05)
    assert found[:, TOTAL] == pytest.approx(total, abs=0.05)


def test_groups_bring_the_sum_of_their_members_where_nothing_interacts() -> None:
    points = layout("sobol", named(3), ("a", "a", "b"), 512, dummies=0)
    table = indices(points, points.points @ np.array([1.0, 2.0, 2.0])).table
    assert points.names == ("a", "b")
    assert table[:, TOTAL] == pytest.approx([5.0 / 9.0, 4.0 / 9.0], abs=0.05)


def test_elementary_effects_are_changes_over_half_the_range() -> None:
    def line(p: np.ndarray, *_: object) -> np.ndarray:
        return np.asarray(4.0 * p[:, 0] - 2.0 * p[:, 1] + 8.0 * (p[:, 2] - 0.5) * (p[:, 3] - 0.5))

    found = study_of(line, 5, "morris", 30).found[0, MEAN]
    assert found.table[:2, 0] == pytest.approx([2.0, 1.0])
    assert found.signs.tolist() == [1.0, -1.0, 0.0, 0.0, 0.0]
    assert found.table[4, 0] == 0.0
    assert found.table[2, COLUMNS.index("sigma")] > 0.3
    assert found.floor == 0.0  # nothing here hangs on luck


def chaotic(points: np.ndarray, dummies: np.ndarray, seed: int) -> np.ndarray:
    """Return a sum with luck that is other where a dummy is moved or the second input, which does nothing else."""
    level = (4.0 * points[:, 1]).astype(int)
    luck = [np.random.default_rng((seed, d, m)).normal() for d, m in zip(dummies.tolist(), level.tolist(), strict=True)]
    return np.asarray(3.0 * points[:, 0] + 0.3 * np.array(luck))


def inert(points: np.ndarray, dummies: np.ndarray, seed: int) -> np.ndarray:
    luck = [np.random.default_rng((seed, d)).normal() for d in dummies.tolist()]
    return np.asarray(3.0 * points[:, 0] + 0.0 * points[:, 1] + 0.3 * np.array(luck))


@pytest.mark.parametrize(("method", "repeats"), [("morris", 6), ("sobol", 64)])
@pytest.mark.parametrize("function", [inert, chaotic])
def test_an_inert_input_stays_under_the_floor(function: Any, method: str, repeats: int) -> None:
    under, over = 0, 0
    for seed in range(20):
        found = study_of(function, 2, method, repeats, runs=3, seed=seed).found[0, MEAN]
        under += bool(found.size[1] <= found.floor)
        over += bool(found.size[0] > found.floor)
    assert over == 20
    assert under >= 19


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("method", "repeats"), [("morris", 6), ("sobol", 64)])
def test_the_same_seed_gives_the_same_intervals(method: str, repeats: int, seed: int) -> None:
    first, second = (study_of(ishigami, 3, method, repeats, seed=seed).found[0, MEAN].table for _ in range(2))
    assert np.array_equal(first, second, equal_nan=True)


def test_the_spread_over_seeds_has_indices_of_its_own() -> None:
    def wider(points: np.ndarray, dummies: np.ndarray, seed: int) -> np.ndarray:
        return np.asarray((seed - 1.0) * np.exp(points[:, 0]) + 100.0 * points[:, 1])

    found = study_of(wider, 3, "morris", 6, runs=3).found
    assert found[0, SPREAD].table[:, 0] == pytest.approx([0.5, 0.0, 0.0], abs=1e-6)
    assert found[0, MEAN].table[0, 0] == pytest.approx(0.0, abs=1e-9)
    assert spread_of(np.ones((4, 3))) is None
    assert spread_of(np.ones((4, 1))) is None


def test_many_factors_are_screened_by_groups_first() -> None:
    seen: list[tuple[str, int]] = []

    def evaluate(points: Layout, chosen: tuple[int, ...], stage: str) -> np.ndarray:
        seen.append((stage, len(chosen)))
        weights = np.where(np.array(chosen) < 40, 1.0, 0.0)
        return np.asarray((points.points @ weights)[:, None, None])

    names = named(200)
    owners = tuple(f"g{k // 20}" for k in range(200))
    plan = Plan("morris", names, names, owners, None, 1, 0)
    stages = investigate(plan, evaluate)
    assert seen == [("groups", 200), ("factors", 40)]
    assert sum(len(s.layout.points) for s in stages) <= plan.most_runs() <= EFFORT
    assert np.isnan(stages[0].found[0, MEAN].table[:, COLUMNS.index("mu")]).all()  # members move both ways
    every = Plan("morris", named(817), named(817), tuple(f"g{k // 13}" for k in range(817)), None, 3, 0)
    assert every.most_runs() <= EFFORT


def test_an_outcome_that_is_not_finite_has_no_indices() -> None:
    points = layout("morris", named(2), named(2), 2)
    with pytest.raises(ValueError, match="not finite"):
        indices(points, np.full(len(points.points), np.nan))
    with pytest.raises(ValueError, match="not finite"):
        indices(points, np.where(np.arange(len(points.points)) == 3, np.inf, 1.0))
    scenario = shipped()
    rows = (Row(0), Row(0, (), 0, 1))
    design = Design((scenario,), rows, Outcomes(("QD10", "cost.net"), {}))
    failed = (Failed(1, "not a finite number: cost.net", "python -c replay"),)
    values = np.array([[1.0, 1.0], [1.0, np.nan]])
    assert np.isnan(study._finite(Results(design, values, failed))).tolist() == [[False, False], [True, True]]
    with pytest.raises(StudyError, match=r"row 1: not finite: cost\.net"):
        study._finite(Results(design, values))


# ---- runs that fail ---------------------------------------------------------------------------------


def bent(points: np.ndarray, *_: object) -> np.ndarray:
    return np.asarray(4.0 * points[:, 0] - 2.0 * points[:, 1] + 3.0 * points[:, 2] * points[:, 0])


@pytest.mark.parametrize("groups", [("x0", "x1", "x2"), ("a", "a", "b")])
def test_effects_by_hand_are_those_of_the_library(groups: tuple[str, ...]) -> None:
    points = layout("morris", named(3), groups, 40, seed=3)
    real = bent(points.points).reshape(40, -1)[:, : points.size]
    theirs, mine = (f(points, real, 3) for f in (sensitivity_indices._effects, sensitivity_indices._effects_left))
    for k in (0, 2, 3) if not points.in_groups else (0,):
        assert mine[k] == pytest.approx(theirs[k])
    assert mine[1] == pytest.approx(theirs[1], rel=0.3)  # both by resampling


def test_a_point_that_failed_costs_morris_the_two_moves_beside_it() -> None:
    points = layout("morris", named(3), named(3), 12, seed=1)
    figures, each = bent(points.points), points.size + points.dummies
    lost = figures.copy()
    lost[[1, 5 * each + 3]] = np.nan  # between two moves; and the last of a trajectory, from which dummies start
    whole = points.whole(np.isfinite(lost))
    assert (~whole).sum() == 3
    moves = sensitivity_indices._moves(points, figures.reshape(12, -1)[:, : points.size])
    found = indices(points, lost)
    for k in range(3):
        mine = moves[whole[:, k], k]
        assert found.table[k, 0] == pytest.approx(np.abs(mine).mean())
        assert found.table[k, COLUMNS.index("sigma")] == pytest.approx(mine.std(ddof=1))
    assert found.table[1, 0] == pytest.approx(1.0)  # linear: it is known whatever is lost
    assert np.isfinite(found.floor)


def test_a_point_that_failed_costs_sobol_its_block() -> None:
    points = layout("sobol", named(3), named(3), 512)
    figures, each = bent(points.points), points.size + points.dummies
    lost = figures.copy()
    lost[[7, 9 * each + 2]] = np.nan
    kept = points.of(points.whole(np.isfinite(lost)))
    assert kept.repeats == 510
    assert np.array_equal(indices(points, lost).table, indices(kept, bent(kept.points)).table, equal_nan=True)
    assert indices(points, lost).table[:, TOTAL] == pytest.approx(indices(points, figures).table[:, TOTAL], abs=0.02)


def test_a_group_with_too_few_moves_left_is_not_put_under_the_floor() -> None:
    def evaluate(points: Layout, chosen: tuple[int, ...], stage: str) -> np.ndarray:
        figures = np.asarray(points.points @ np.where(np.array(chosen) < 40, 1.0, 0.0))
        if stage == "groups":  # in each trajectory the run fails after which the last group moves
            steps = np.diff(points.sample.reshape(points.repeats, points.size, -1), axis=1)[:, :, -1] != 0.0
            figures.reshape(points.repeats, -1)[np.arange(points.repeats), steps.argmax(axis=1)] = np.nan
        return figures[:, None, None]

    names = named(200)
    plan = Plan("morris", names, names, tuple(f"g{k // 20}" for k in range(200)), 4, 1, 0)
    first, second = investigate(plan, evaluate)
    assert np.isnan(first.found[0, MEAN].size[9])
    assert set(range(180, 200)) <= set(second.chosen)  # nothing is known of them: they are looked at one by one
    assert not set(range(60, 160)) & set(second.chosen)
    assert np.isfinite(second.found[0, MEAN].size).all()


def unlucky(toy: Toy, monkeypatch: pytest.MonkeyPatch, one_in: int, nan: bool = False) -> None:
    """Let some runs fail, always the same: they raise, or give something that is not a number."""

    def simulate(scenario: Any, values: Any, luck: int) -> Any:
        run = Toy.simulate(toy, scenario, values, luck)
        entries = [(e.id, e.settings) for e in scenario.entries]
        key = f"{entries} {sorted(scenario.assumptions.items())} {scenario.switches} {luck}"
        if crc32(key.encode()) % one_in == 0:
            if not nan:
                raise RuntimeError("unlucky")
            run.values[-1, 1] = np.nan
        return run

    module = sys.modules["simulator.simulate"]
    monkeypatch.setattr(module, "simulate", simulate)
    monkeypatch.setattr(module, "simulate_together", lambda those, *rest: [simulate(one, *rest) for one in those])


OF_TOY = "market.level,voucher.effect,Q1.budget=0:1e8,switches.mode"
OUTCOMES = ["hnte_count@2020", "cost.net"]


@pytest.mark.usefixtures("few_dummies")
@pytest.mark.parametrize(
    ("method", "nan", "one_in"), [("morris", False, 25), ("morris", True, 25), ("sobol", False, 60)]
)
def test_a_few_failed_runs_do_not_cost_a_study(
    toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch, method: str, nan: bool, one_in: int
) -> None:
    from simulator.report.sensitivity import as_plain, plain_text

    effort: dict[str, Any] = {"trajectories": 12} if method == "morris" else {"samples": 32}
    effort |= {"outcomes": OUTCOMES, "jobs": 1, "runs": 2}
    whole = study.sensitivity(home / "plan.yaml", OF_TOY, method, out="whole", **effort)
    assert not whole.failures
    unlucky(toy, monkeypatch, one_in, nan)
    found = study.sensitivity(home / "plan.yaml", OF_TOY, method, out="failed", **effort)
    assert 0 < len(found.failures) < 0.05 * found.meta["runs"]
    assert ("not a finite number: hnte_count in 2020" if nan else "unlucky") in found.failures[0].message
    assert "replay(" in found.failures[0].command
    key = "mu_star" if method == "morris" else "st"
    one, two = (r.frame[r.frame["of"] == MEAN].set_index(["outcome", "factor"])[key] for r in (whole, found))
    assert set(one.index) == set(two.index)
    assert np.isfinite(two).all()
    for outcome in OUTCOMES:
        assert two[outcome].sort_index().to_numpy() == pytest.approx(
            one[outcome].sort_index().to_numpy(), abs=0.15 * one[outcome].max()
        )
    assert found.meta["failed"] == {"factors/failures.csv": len(found.failures)}
    (stage,) = found.meta["stages"]
    assert 0 < stage["left_out"] < stage["effects"] / 3
    assert f"{stage['left_out']} of {stage['effects']}" in plain_text(found, "en")
    assert "次运行失败" in plain_text(found, "zh")
    assert len(as_plain(found)["failures"]) == len(found.failures)


@pytest.mark.usefixtures("few_dummies")
@pytest.mark.parametrize(("one_in", "said"), [(60, "left out"), (33, "too few for indices"), (5, "nothing is concl")])
def test_failed_runs_end_with_three(
    toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch, one_in: int, said: str
) -> None:
    command = ["sensitivity", str(home / "plan.yaml"), "--factors", OF_TOY, "--outcomes", ",".join(OUTCOMES)]
    command += ["--trajectories", "8", "--runs", "2" if one_in == 60 else "24", "--jobs", "1", "--lang", "en"]
    unlucky(toy, monkeypatch, one_in)
    done = CliRunner().invoke(app, [*command, "--out", "out"])
    assert done.exit_code == 3
    assert said in " ".join(done.output.split())
    assert "replay(" in done.output
    assert Path("out/sensitivity.csv").exists() == (one_in == 60)  # no indices where too much is missing


# ---- factors ----------------------------------------------------------------------------------------


def test_factors_are_named_with_ranges() -> None:
    scenario = replace(shipped(), calibration="evidence")
    wanted = "certification.*,QL09d.face_value=0:200000,year_order,drivers.all,switches.entry,research.entry=0.01|0.02"
    found = {f.name: f for f in factors_of(scenario, wanted)}
    assert found["QL09d.face_value"].at(0.25) == 50_000.0
    assert found["switches.year_order"].at(0.99) == "money_first"
    assert found["drivers.all"].kind == "driver"
    assert found["research.entry"].at(0.7) == 0.02
    certified = found["certification.contact"]
    assert certified.at(0.5) == pytest.approx(certified.prior.value)
    assert certified.at(0.0) == certified.at(EDGE)
    same = factors_of(scenario, {"innovation_voucher.face_value": (0, 200_000), "switches.entry": None})
    assert [f.name for f in same] == ["QL09d.face_value", "switches.entry"]
    everything = factors_of(scenario)
    assert {f.kind for f in everything} == {"parameter", "switch"}
    assert len(everything) > 700


def test_a_fitted_calibration_gives_the_quantiles_of_each_column() -> None:
    from simulator.study.posterior import load_posterior

    fitted = load_posterior("qingdao")
    assert fitted is not None
    (factor,) = factors_of(replace(shipped(), calibration="history"), ["certification.contact"])
    column = fitted.table[:, fitted.names.index("certification.contact")]
    assert factor.at(0.875) == pytest.approx(np.quantile(column, 0.875))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("finanse.exit", "did you mean finance.exit"),
        ("QL09d.face_value", "needs a range"),
        ("research.entry=5:3", "LOW < HIGH"),
        ("switches.entry=market|nowhere", "nowhere"),
        ("", "no factor is named"),
    ],
)
def test_a_wrong_factor_is_named_with_what_is_right(wanted: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        factors_of(shipped(), wanted)


def test_factors_are_grouped(tmp_path: Path) -> None:
    factors = factors_of(
        shipped(), "certification.contact,certification.approval,hnte_relief.*,research.entry,year_order"
    )
    assert set(grouped(factors, "owner")) == {"certification", "hnte_relief", "research", "switches"}
    assert set(grouped(factors, "mechanism")) == {"certification", "levers", "research", "switches"}
    assert set(grouped(factors, "lever")) == {"mechanisms", "hnte_relief", "switches"}
    path = tmp_path / "groups.yaml"
    path.write_text("titles: [certification.*, hnte_relief.*]\n", encoding="utf-8")
    assert set(grouped(factors, grouping_of(str(path)))) == {"titles", "research.entry", "switches.year_order"}
    path.write_text("titles: 3\n", encoding="utf-8")
    with pytest.raises(InputError, match="no groups"):
        grouping_of(str(path))
    with pytest.raises(InputError, match="no such grouping"):
        grouping_of("sector")


@pytest.mark.parametrize(
    "asked",
    [
        {"method": "fast"},
        {"method": "sobol", "samples": 100},
        {"trajectories": 1},
        {"samples": 64},
        {"factors": "research.entry"},
        {"outcomes": ["QD99"]},
    ],
)
def test_what_cannot_be_done_is_refused_before_a_folder_is_made(asked: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError):
        study.sensitivity(shipped(), out=tmp_path / "study", **asked)
    assert not (tmp_path / "study").exists()


# ---- on the model -----------------------------------------------------------------------------------

FACTORS = "certification.contact,QL09d.face_value=0:200000,year_order"


@pytest.fixture
def few_dummies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sensitivity_indices.DUMMIES, "morris", 2)
    monkeypatch.setitem(sensitivity_indices.DUMMIES, "sobol", 2)


@pytest.mark.usefixtures("few_dummies")
def test_a_study_on_the_model_is_saved_and_found_again(tmp_path: Path) -> None:
    from simulator.report.sensitivity import plain_text
    from simulator.study.runner import counted

    short = replace(shipped(PLAN, 2011), baseline=None)
    asked: dict[str, Any] = {
        "trajectories": 2,
        "runs": 2,
        "outcomes": ["hnte_count@2011", "cost.net"],
        "out": tmp_path / "s",
        "jobs": 1,
    }
    result = study.sensitivity(short, FACTORS, **asked)
    table = result.table()
    assert set(table["of"]) <= {MEAN, SPREAD}
    contact = table[(table["factor"] == "certification.contact") & (table["outcome"] == "hnte_count@2011")].iloc[0]
    assert contact["grade"] == "observed"
    assert contact["mu_star"] >= 0.0
    with counted() as tally:
        again = study.sensitivity(short, FACTORS, **asked)
    assert tally.ran == 0
    assert again.table().equals(table)
    half = [tmp_path / "s" / name for name in (".sensitivity.parquet.99999999.part", "scenarios/.a.yaml.99999999.part")]
    for path in half:  # of a process that was killed while it saved
        path.touch()
    folder = result.save(language="zh", command="ris sensitivity")
    assert not any(path.exists() for path in half)
    names = {p.name for p in folder.iterdir()}
    assert {"study.json", "sensitivity.csv", "sensitivity.parquet", "summary.txt", "manifest.json", "figures"} <= names
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["versions"]["SALib"]
    assert "噪声底线" in (folder / "summary.txt").read_text("utf-8")
    assert "noise floor" in plain_text(result, "en")
    assert (folder / "figures" / "heat-map.png").is_file()


@pytest.mark.usefixtures("few_dummies")
def test_the_command_on_a_short_plan(tmp_path: Path) -> None:
    short = replace(shipped(PLAN, 2011), baseline=None, entries=())
    plan = copies(begin("sensitivity", {}, [short], tmp_path / "copy"))[0]
    factors = "certification.*,research.entry,year_order"
    command = ["sensitivity", str(plan), "--method", "sobol", "--factors", factors, "--samples", "2", "--runs", "1"]
    command += ["--groups", "owner", "--outcomes", "hnte_count@2011,cost.net", "--jobs", "1", "--lang", "en"]
    runner = CliRunner()
    pilot = runner.invoke(app, [*command, "--dry-run"])
    assert pilot.exit_code == 0, pilot.output
    assert "minutes" in pilot.output
    done = runner.invoke(app, [*command, "--out", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["run"]["method"] == "sobol"
    assert {row["factor"] for row in found["indices"]} == {"certification", "research", "switches"}
    wrong = runner.invoke(app, ["sensitivity", str(plan), "--factors", "finanse.exit"])
    assert wrong.exit_code == 2


@pytest.mark.slow
@pytest.mark.usefixtures("few_dummies")
def test_an_inert_parameter_of_the_model_stays_under_the_floor(tmp_path: Path) -> None:
    """A lever that is not in force yet has parameters that cannot matter: under the floor in 19 of 20 repeats."""
    short = replace(shipped(PLAN, 2012), baseline=None)
    used = {e.lever.name for e in short.entries if e.start < 2013.0}
    planted = next(f.name for f in factors_of(short) if f.owner in LEVERS and f.owner not in used)
    under = 0
    for seed in range(20):
        result = study.sensitivity(
            short, ["certification.contact", "research.entry", planted], trajectories=2, runs=1, seed=seed,
            outcomes=["hnte_count@2012"], out=tmp_path / str(seed), jobs=1,
        )  # fmt: skip
        table = result.table()
        row = table[(table["factor"] == planted) & (table["of"] == MEAN)].iloc[0]
        under += not row["above_floor"]
    assert under >= 19
