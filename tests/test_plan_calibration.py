"""What would have to be true for a plan: targets as data, the fit, pushes and doses, on a made-up model."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy_model
from rich.console import Console
from toy_model import Toy
from typer.testing import CliRunner

from simulator.cli import app
from simulator.core.declare import Label
from simulator.core.parameters import ParameterRow, Range, setting
from simulator.report.terminal_plan import dose_words, head, part_of, plan_screen, push_words
from simulator.study import plan_doses, plan_points, posterior
from simulator.study.bank import SHARD
from simulator.study.ensemble import run
from simulator.study.plan_calibration import PlanCalibration, calibrate_to_plan
from simulator.study.plan_doses import Dose, Step, as_plain, dosed, levers_for, limited, search
from simulator.study.plan_fit import (
    NEVER,
    answer,
    evidence_range,
    fit_columns,
    out_of_reach,
    sample_of,
    sure_shift,
)
from simulator.study.plan_points import PlanMaterial, PlanTargets, Point, PointRunner, plan_targets, shortfall
from simulator.study.plan_push import STEPS, push
from simulator.study.posterior import load_posterior
from simulator.study.replicates import load_scenario, parameters_of
from simulator.study.targets import Target

toy, home = toy_model.toy, toy_model.home  # the fixtures
RUNS = 400


def target(name: str, value: float, **other: Any) -> Target:
    """Return a target on the made-up model's high-tech firms."""
    known = {"region": "qingdao", "section": "1", "kind": "outcome", "year": 2020, "op": "ge", "unit": "firms",
             "name": Label(name, name), "quote": name, "indicator": "hnte_count"}  # fmt: skip
    return Target(id=name, value=value, **{**known, **other})


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch) -> tuple[Target, ...]:
    """Put four targets in the place of the plan's: sure, in doubt, beyond the priors and out of reach."""
    found = (
        target("sure", 600.0),
        target("doubt", 1400.0),
        target("beyond", 2150.0, section="2"),
        target("out", 40_000.0, section="2"),
    )
    for module in (plan_points,):
        monkeypatch.setattr(module, "load_targets", lambda *_, **__: found)
    return found


def study(home: Path, **options: Any) -> PlanCalibration:
    """Run the whole study on the made-up model."""
    given = {"runs": RUNS, "jobs": 1, "parent": home / "bank", "folder": home / "sample"}
    return calibrate_to_plan("qingdao", scenario=load_scenario(home / "plan.yaml"), **{**given, **options})


def linear(pull: np.ndarray, count: int = 4000, seed: int = 3) -> PlanMaterial:
    """Return runs of a linear model in 60 parameters: a run's log attainment of each target, ``pull`` (P, M)."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((count, 60))
    logs = -0.3 + z[:, : len(pull)] @ pull + 0.05 * rng.standard_normal((count, pull.shape[1]))
    plan = PlanTargets(tuple(target(f"t{k}", 100.0) for k in range(pull.shape[1])), np.array([2020]), {})
    return PlanMaterial(plan, 100.0 * np.exp(logs), z)


def rows_of(count: int = 60) -> list[ParameterRow]:
    """Return made-up parameters."""
    return [ParameterRow(f"part.p{k}", 1.0, "1", Range(0.5, 2.0, "log"), "assumed", "a part") for k in range(count)]


# ---- data -------------------------------------------------------------------------------------------


def test_a_target_is_one_sided_and_growth_counts_by_the_level_it_leads_to() -> None:
    level, growth = target("a", 200.0), target("g", 20.0, kind="growth", period=(2015, 2020), scale=100.0)
    plan = PlanTargets((level, growth), np.arange(2015, 2021), {})
    figures = np.array([[100.0, 20.0], [300.0, 10.0], [np.nan, np.nan]])
    attained = plan.attained(figures)
    assert attained[0] == pytest.approx([0.5, 1.0])
    assert attained[1] == pytest.approx([1.5, (1.1 / 1.2) ** 5])
    assert attained[2].tolist() == [0.0, 0.0]
    assert plan.met(figures).tolist() == [[False, True], [True, False], [False, False]]
    assert shortfall(np.array([2.0, 0.5, 0.0])) == pytest.approx([0.0, np.log(0.5), np.log(0.05)])


# ---- fit --------------------------------------------------------------------------------------------


def test_the_fit_finds_what_moves_a_target_and_nothing_else() -> None:
    data = linear(np.array([[0.2], [-0.1]]))
    found = answer(data, rows_of(), "t0", [0])
    assert [s.parameter for s in found.shifts] == ["part.p0", "part.p1"]
    met = data.met[:, 0]
    assert found.probability == met.mean()
    exact = data.z[met].mean(axis=0)
    assert found.shifts[0].shift == pytest.approx(exact[0], abs=0.3)
    assert np.sign(found.shifts[1].shift) == -1.0
    assert found.shifts[0].value == pytest.approx(2.0 ** (found.shifts[0].shift / 1.6449), rel=1e-3)
    assert not found.shifts[0].beyond


def test_what_no_run_meets_is_said_so_and_aimed_at_as_near_as_the_bank_goes() -> None:
    data = linear(np.array([[0.05], [0.0]]))
    far = PlanMaterial(data.plan, data.figures / 4.0, data.z)
    found = answer(far, rows_of(), "t0", [0])
    assert (found.status, found.probability) == (NEVER, 0.0)
    assert found.nearest == pytest.approx(far.attained.max())
    assert 1.0 < found.shifts[0].shift < 4.0


def test_a_target_that_is_missed_by_more_than_95_percent_is_left_out_of_the_fit_and_named() -> None:
    data = linear(np.array([[0.2, 0.3], [0.0, 0.0]]))
    figures = data.figures.copy()
    figures[:, 1] /= 100.0
    figures[:3, 1] = 50.0  # three lucky runs are no fit either
    far = PlanMaterial(data.plan, figures, data.z)
    assert out_of_reach(far.attained).tolist() == [False, True]
    both, one, alone = (answer(far, rows_of(), "x", columns) for columns in ([0, 1], [0], [1]))
    assert both.left_out == alone.left_out == ("t1",)
    assert (alone.status, alone.shifts) == (NEVER, ())
    assert both.shifts == one.shifts  # the joint fit is one to the rest
    met = PlanMaterial(data.plan, np.where(figures == 50.0, 200.0, figures), data.z)
    assert answer(met, rows_of(), "x", [1]).left_out == ()  # rare, but met: the runs that do say what it takes


def test_several_targets_together_pull_each_its_own_parameter() -> None:
    data = linear(np.array([[0.2, 0.0], [0.0, 0.2]]))
    found = fit_columns(data, [0, 1])
    assert found is not None
    shift = sure_shift(found)
    assert (shift[:2] > 0.8).all()
    assert np.abs(shift[2:]).max() < 0.2
    table, cut = sample_of(data, rows_of(), 300)
    assert table.shape == (300, 60)
    assert cut < 0.01
    assert np.log(table[:, 5]).std() * 1.6449 / np.log(2.0) == pytest.approx(1.0, abs=0.15)


def test_a_plan_that_always_comes_true_asks_for_nothing() -> None:
    data = linear(np.array([[0.01]]))
    met = PlanMaterial(data.plan, data.figures * 4.0, data.z)
    found = answer(met, rows_of(), "t0", [0])
    assert (found.status, found.distance, found.shifts) == ("always", 0.0, ())
    assert sample_of(met, rows_of(), 50)[0].shape == (50, 60)


def test_the_range_of_the_evidence_is_the_sources_where_it_holds_the_value() -> None:
    row = ParameterRow("a.b", 1.0, "1", Range(0.1, 10.0, "log"), "effect:trial", "")
    assert evidence_range(row) == (0.1, 10.0)
    assert evidence_range(row, {"trial": {"low": 0.5, "high": 2.0}}) == (0.5, 2.0)
    assert evidence_range(row, {"trial": {"low": 5, "high": 20}}) == (0.1, 10.0)  # another unit
    assert evidence_range(row, {"trial": {"low": None, "high": 2.0}}) == (0.1, 10.0)


# ---- pushes and doses ---------------------------------------------------------------------------------


def test_the_whole_study_says_what_would_have_to_be_true(
    toy: Toy, home: Path, targets: tuple[Target, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = study(home)
    found = {t["name"]: t for t in done.manifest["targets"]}
    assert [found[t.id]["status"] for t in targets] == ["always", "sometimes", NEVER, NEVER]
    assert found["doubt"]["shifts"][0]["shift"] > 0.1
    assert found["sure"]["pushes"] == []
    far = [p for p in found["beyond"]["pushes"] if p["distance"] is not None]
    assert far
    assert far[0]["shifts"][0]["beyond"]
    assert all(p["distance"] is None and p["attained"] < 1.0 for p in found["out"]["pushes"])
    doses = found["beyond"]["doses"]
    assert (doses["levers"], doses["needed"]) == (["voucher"], 4)
    assert doses["steps"][0]["cost"] == pytest.approx(40e6 * 1.05 * 6 / 6, rel=0.1)
    assert found["out"]["doses"]["needed"] is None
    assert found["doubt"]["with_sample"] >= found["doubt"]["probability"]
    # nothing is run twice, and the same seed gives the same bytes
    runs, data, text = toy.runs, done.path.read_bytes(), done.path.with_suffix(".json").read_bytes()
    again = study(home, folder=home / "again")
    assert toy.runs == runs
    assert (again.path.read_bytes(), again.path.with_suffix(".json").read_bytes()) == (data, text)
    # a scenario uses it
    monkeypatch.setattr(posterior, "FOLDER", home / "sample")
    posterior.clear_cache()
    scenario = replace(load_scenario(home / "plan.yaml"), calibration="plan")
    sample = load_posterior("qingdao", "plan")
    assert sample is not None
    assert parameters_of(scenario, 3, 0) == sample.values(3)
    assert run(scenario, replicates=4, jobs=1).meta()["calibration"] == "plan"


def test_the_page_is_in_words_in_both_languages(toy: Toy, home: Path, targets: tuple[Target, ...]) -> None:
    manifest = json.loads(study(home).path.with_suffix(".json").read_text(encoding="utf-8"))
    shown = {}
    for language in ("en", "zh"):
        console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
        console.print(plan_screen(manifest, language))
        shown[language] = console.export_text()
    assert "no forecast" in shown["en"]
    assert "不是预测" in shown["zh"]
    assert "draws from the evidence brings it true: the nearest reaches" in shown["en"]
    assert "Doses: voucher at 4 times the plan's doses meet it in" in shown["en"]
    assert "Doses: even at 8 times the plan's doses of voucher, the highest tried, it is not met: " in shown["en"]
    assert "8 倍（所试最高剂量），也不能使其实现" in shown["zh"]
    assert "Out of reach of the fit: out out. Nearly every draw misses by more than 95%" in shown["en"]
    beyond = next(t for t in manifest["targets"] if t["name"] == "beyond")
    assert "times what is assumed" in " ".join(push_words(beyond, "en"))
    assert head(beyond, "en", RUNS).startswith("beyond beyond: ≥ 2,150 firms by 2020")


def test_what_is_not_a_number_is_words_on_the_page(toy: Toy, home: Path, targets: tuple[Target, ...]) -> None:
    step = Step(8, 0.0, math.nan, math.nan)
    dose = as_plain(Dose("out", ("voucher",), step, (step,), None, (("voucher", step),), ("voucher",)))
    assert (dose["plan"]["attained"], dose["plan"]["cost"]) == (None, None)
    text = dose_words(dose, "en")[0]
    assert "an unknown share is reached" in text
    assert "at a cost that is not known" in text
    assert "the most that is allowed" in text
    assert "不详" in dose_words(dose, "zh")[0]
    assert part_of(math.inf, "en") == "any multiple"
    manifest = json.loads(study(home).path.with_suffix(".json").read_text(encoding="utf-8"))
    out = manifest["targets"][-1]
    manifest["everything"][0]["cost"] = None
    manifest["all"]["left_out"] = out["left_out"] = ["out"]
    out["shifts"], out["nearest"] = [], None
    manifest["all"]["shifts"][0] |= {"value": None, "high": None}
    for language, words in (("en", "Out of reach of the fit: out out."), ("zh", "超出拟合范围：out out。")):
        console = Console(width=2000, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
        console.print(plan_screen(manifest, language))
        shown = console.export_text()
        assert words in shown
        assert "95%" in shown
        assert "nan" not in shown


def test_a_dose_says_which_settings_could_not_follow(home: Path, toy: Toy, targets: tuple[Target, ...]) -> None:
    @dataclass(frozen=True)
    class Bounded:
        budget: float = setting(0.0, unit="CNY / year", low=0, high=100e6)

    scenario = load_scenario(home / "plan.yaml")
    assert limited(scenario, ("voucher",)) == ()
    (entry,) = scenario.entries
    bounded = replace(scenario, entries=(replace(entry, settings=Bounded(40e6)),))
    assert (limited(bounded, ("voucher",)), limited(bounded, ("voucher",), 2)) == (("voucher",), ())
    assert dosed(bounded, ("voucher",), 8).entries[0].settings.budget == 100e6


def test_a_killed_study_goes_on(
    toy: Toy, home: Path, targets: tuple[Target, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: Any) -> Any:
        if toy.runs >= RUNS + 20:
            raise KeyboardInterrupt
        return toy.simulate(*arguments)

    monkeypatch.setattr(sys.modules["simulator.simulate"], "simulate", killed)
    with pytest.raises(KeyboardInterrupt):
        study(home)
    monkeypatch.setattr(sys.modules["simulator.simulate"], "simulate", toy.simulate)
    before, toy.runs = toy.runs, 0
    whole = study(home)
    assert toy.runs > 0
    fresh, toy.runs = toy.runs, 0
    other = study(home, parent=home / "other", folder=home / "other_sample")
    assert toy.runs - fresh > RUNS  # the bank and twenty runs were kept
    assert before >= RUNS
    assert other.path.read_bytes() == whole.path.read_bytes()


def test_runs_that_break_down_far_away_meet_nothing(toy: Toy, home: Path, targets: tuple[Target, ...]) -> None:
    scenario = load_scenario(home / "plan.yaml")
    plan = plan_targets(scenario)
    runner = PointRunner(plan, home / "points", 0, 1)
    toy.raising = {0}
    reached = runner.run([Point(scenario, {"market.level": 900.0, "voucher.effect": 2.0}, (0, 1))])[0]
    assert plan.met(reached.figures).tolist() == [[False] * 4, [True, False, False, False]]
    assert np.isnan(reached.costs[0])
    assert reached.costs[1] > 0.0


def test_doses_stay_inside_what_a_setting_allows(toy: Toy, home: Path, targets: tuple[Target, ...]) -> None:
    scenario = load_scenario(home / "plan.yaml")
    assert dosed(scenario, ("voucher",), 4).entries[0].settings.budget == 160e6
    assert dosed(scenario, (), 4).entries == scenario.entries
    older = replace(scenario, entries=tuple(replace(e, start=2012.0) for e in scenario.entries))
    assert dosed(older, ("voucher",), 4).entries == older.entries  # an earlier programme is no measure of the plan
    assert levers_for(targets[0], scenario) == ("voucher",)
    assert levers_for(target("other", 1.0, indicator="rd_share"), scenario) == ()
    runner = PointRunner(plan_targets(scenario), home / "points", 0, 1)
    doses, everything = search([(targets[2], 2)], scenario, runner)
    assert doses[0].needed == 4
    assert [e.factor for e in everything] == list(plan_doses.FACTORS)
    assert everything[-1].met >= everything[0].met


def test_a_push_goes_no_farther_than_it_must(toy: Toy, home: Path, targets: tuple[Target, ...]) -> None:
    from simulator.study.priors import parameter_rows

    scenario = load_scenario(home / "plan.yaml")
    runner = PointRunner(plan_targets(scenario), home / "points", 0, 1)
    rows = parameter_rows()
    data = PlanMaterial(runner.plan, np.ones((2, 4)), np.zeros((2, len(rows))))
    found = replace(answer(data, rows, "doubt", [1]), distance=1.0, shifts=())
    names = [row.name for row in rows]
    from simulator.study.plan_fit import shifts_of

    z = np.zeros(len(rows))
    z[names.index("voucher.effect")] = 1.0
    found = replace(found, shifts=shifts_of(rows, z))
    (only,) = push([(found, 1)], scenario, rows, runner)
    assert only.parameter == "voucher.effect"
    assert only.distance in STEPS
    assert only.met >= 0.5


@pytest.mark.usefixtures("toy", "home")
def test_the_command_prints_and_writes(home: Path, targets: tuple[Target, ...]) -> None:
    asked = ["calibrate", "qingdao", "--to", "plan", "--runs", "200", "--jobs", "1", "--bank", str(home / "bank"),
             "--out", str(home / "sample")]  # fmt: skip
    done = CliRunner().invoke(app, [*asked, "--lang", "en"])
    assert done.exit_code == 0, done.output
    assert "what would have to be true" in done.stdout
    assert len(list((home / "bank").glob("*/*.npy"))) == 200 // SHARD
    quiet = CliRunner().invoke(app, [*asked, "--quiet"])
    assert quiet.stdout.strip().endswith("qingdao-plan.parquet")
    plain = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert (plain["kind"], plain["region"]) == ("plan", "qingdao")
    assert CliRunner().invoke(app, ["calibrate", "nowhere", "--to", "plan"]).exit_code == 2


@pytest.mark.slow
def test_the_real_plan_is_asked_what_would_have_to_be_true(tmp_path: Path) -> None:
    done = calibrate_to_plan("benxi", runs=200, parent=tmp_path / "bank", folder=tmp_path)
    together = done.manifest["together"]
    assert together["mean_with_sample"] >= together["mean"]
    assert done.path.stat().st_size < 2_000_000
