"""Runs that fail beside a plan's own (its baseline, other outsides): said, counted, refused and run again alike."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import toy_model
from test_run_resumed import NOW, plain, ris
from toy_model import HEAD, Toy

from simulator.report.terminal import plain_text
from simulator.report.terminal_failures import beside_name, failure_lines
from simulator.study.attribution import BASELINE, FROZEN, HISTORY, OUTSIDE, RULES
from simulator.study.comparison import compare
from simulator.study.ensemble import run
from simulator.study.outside_paths import Trials
from simulator.study.replicates import Replicate, StudyError, in_python, load_scenario, replay, replaying

toy, home = toy_model.toy, toy_model.home  # the fixtures
__all__ = ["plain"]
RUNS = 20
When = Callable[[Any, int], bool]


@pytest.fixture
def plan(home: Path) -> Path:
    """Return a plan that changes its world and names a baseline."""
    path = home / "plan.yaml"
    path.write_text(
        path.read_text("utf-8") + "baseline: none.yaml\nassumptions: {market.level: 1000}\n", encoding="utf-8"
    )
    (home / "none.yaml").write_text(HEAD + "title: Without\n", encoding="utf-8")
    return path


def failing(toy: Toy, monkeypatch: pytest.MonkeyPatch, when: When, error: type[Exception] = RuntimeError) -> None:
    """Let runs fail by their scenario and seed."""
    made = toy.simulate

    def simulate(scenario: Any, values: Any, seed: int) -> Any:
        if when(scenario, seed):
            raise error(f"{Path(scenario.path).stem} {seed}")
        return made(scenario, values, seed)

    monkeypatch.setattr(toy, "simulate", simulate)
    monkeypatch.setattr(sys.modules["simulator.simulate"], "simulate", simulate)


def of_baseline(*seeds: int) -> When:
    return lambda scenario, seed: Path(scenario.path).stem == "none" and seed in seeds


def typed(command: str) -> None:
    """Do what the line does that a failure gives."""
    python, option, code = shlex.split(command)
    assert (python, option) == ("python", "-c")
    exec(code, {})


def test_a_failed_run_of_the_baseline_is_kept_said_and_left_out(
    toy: Toy, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(toy, monkeypatch, of_baseline(3))
    result = run(plan, replicates=RUNS, jobs=1)
    assert not result.failures
    (lost,) = result.lost[BASELINE]
    assert (lost.replicate, lost.message) == (Replicate(3, 1, 3), "RuntimeError: none 3")
    tables = result.tables()
    assert tables.budget is not None
    assert set(tables.budget["pairs"]) == {RUNS - 1}
    (said,) = tables.meta["beside"]
    assert (said["name"], said["replicates"], said["completed"]) == (BASELINE, RUNS, RUNS - 1)
    assert said["failures"] == [{"draw": 1, "seed": 3, "message": "RuntimeError: none 3", "command": lost.command}]
    assert "Its baseline, run beside it: 1 of 20 runs failed" in plain_text(tables, "en")
    assert "对照运行（基准情景）：20次中有1次失败，相关比较未计入" in "".join(plain_text(tables, "zh").split())


def test_the_command_runs_the_baseline_in_the_plans_world(
    toy: Toy, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(toy, monkeypatch, of_baseline(3))
    (lost,) = run(plan, replicates=RUNS, jobs=1).lost[BASELINE]
    with pytest.raises(RuntimeError, match="none 3"):
        typed(lost.command)
    mine, alone = replay(plan, 4, beside=BASELINE), replay(plan.parent / "none.yaml", 4)
    assert mine.series("hnte_count")[0] == pytest.approx(1000.0, abs=100.0)
    assert (mine.series("hnte_count") != alone.series("hnte_count")).all()  # which lacks the plan's assumption


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_command_ends_with_3_and_every_page_says_it(
    toy: Toy, plan: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr("simulator.report.figures.RUN_FIGURES", ())
    failing(toy, monkeypatch, of_baseline(3))
    words = ["run", plan, "--replicates", RUNS, "--jobs", 1, "--out", NOW, "--lang", language]
    first = ris(*words)
    assert first.exit_code == 3
    assert "failed (baseline): draw 1, seed 3: RuntimeError: none 3" in first.stderr
    assert "beside='baseline'" in first.stderr
    assert json.loads((NOW / "manifest.json").read_text("utf-8"))["run"]["beside"][0]["completed"] == RUNS - 1
    wanted = "Its baseline, run beside it" if language == "en" else "对照运行（基准情景）"
    for text in (first.stdout, *((NOW / name).read_text("utf-8") for name in ("summary.txt", "report.html"))):
        assert wanted in text
    again = ris(*words, "--json")
    assert again.exit_code == 3
    assert json.loads(again.stdout)["run"]["beside"][0]["name"] == BASELINE


def test_more_than_one_in_twenty_is_refused(toy: Toy, plan: Path, plain: None, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(toy, monkeypatch, of_baseline(3, 8))
    done = ris("run", plan, "--replicates", 2 * RUNS, "--jobs", 1, "--out", NOW)
    assert done.exit_code == 3
    assert "baseline run beside it: 2 of 20 runs failed" in done.stderr  # of those of the baseline
    assert "beside='baseline'" in done.stderr
    assert not NOW.exists()


def test_a_baseline_without_memory_is_tried_again(
    toy: Toy, plan: Path, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["run", plan, "--replicates", RUNS, "--jobs", 1, "--out", NOW]
    with monkeypatch.context() as patched:
        failing(toy, patched, of_baseline(3), MemoryError)
        assert ris(*words).exit_code == 3
    again = ris(*words)
    assert again.exit_code == 0, again.output
    assert "are tried again: 1" in again.stderr
    assert json.loads((NOW / "manifest.json").read_text("utf-8"))["run"]["beside"] == []


def test_an_attribution_leaves_out_the_pairs_of_each_world(
    toy: Toy, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def when(scenario: Any, seed: int) -> bool:
        own = scenario.counterfactual
        rules, outside = own.rules_after is not None, own.outside_after is not None
        return (rules and outside and seed == 2) or (outside and not rules and seed == 5)

    failing(toy, monkeypatch, when)
    result = run(plan, replicates=RUNS, jobs=1, attribute=True)
    assert {name: [f.replicate.index for f in lost] for name, lost in result.lost.items() if lost} == {
        FROZEN: [2],
        RULES: [5],
    }
    frame = result.tables().attribution
    assert frame is not None
    assert set(frame["pairs"]) == {RUNS - 2}
    for lost in (result.lost[FROZEN][0], result.lost[RULES][0]):
        with pytest.raises(RuntimeError, match=f"none {lost.replicate.seed}"):
            typed(lost.command)


def test_runs_in_another_outside_are_counted_too(toy: Toy, plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = load_scenario(plan)
    path = next(iter(scenario.region.paths))
    failing(toy, monkeypatch, lambda s, seed: s.drivers.get("all") == path and seed == 4)
    trials = Trials(scenario, 0, 1, 12)
    assert (len(trials.on_path(path)), trials.on_path(path)) == (11, trials.on_path(path))
    with pytest.raises(StudyError, match=rf"another outside \(path:{path}\): 1 of 12 runs failed"):
        trials.lost()
    for points in (0, 4, 8):
        assert len(trials.with_demand("steel", points)) == 12
    (lost,) = trials.lost()
    assert (lost.name, lost.runs, len(lost.failures)) == (f"path:{path}", 12, 1)
    with pytest.raises(RuntimeError, match="plan 4"):
        typed(lost.failures[0].command)
    failing(toy, monkeypatch, lambda s, seed: "steel" in s.counterfactual.demand)
    with pytest.raises(StudyError, match=r"demand:steel\+16\): 12 of 12 runs failed") as error:
        trials.with_demand("steel", 16)
    with pytest.raises(RuntimeError, match="plan 0"):
        typed(error.value.failures[0].command)


def test_a_scaled_mix_is_run_again_as_it_was_scaled(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    def when(scenario: Any, seed: int) -> bool:
        doubled = Path(scenario.path).stem == "doubled" and seed == 30
        if doubled:
            seen.append(scenario.entries[0].settings.budget)
        return doubled

    failing(toy, monkeypatch, when)
    budget = {"replicates": 2 * RUNS, "jobs": 1, "equal_budget": 120e6}
    result = compare(home / "plan.yaml", home / "doubled.yaml", **budget)  # type: ignore[arg-type]
    (lost,) = result.scenarios[0].failures
    assert not result.baseline.failures
    assert seen[-1] != 80e6
    with pytest.raises(RuntimeError, match="doubled 30"):
        typed(lost.command)
    assert seen[-1] == seen[-2]  # the dose that the comparison came to


def test_what_runs_beside_a_plan_has_a_name_in_both_languages() -> None:
    names = [BASELINE, FROZEN, RULES, OUTSIDE, HISTORY, "path:slow", "demand:steel+8"]
    for language in ("en", "zh"):
        said = [beside_name(name, language) for name in names]
        assert len(set(said)) == len(names)
        assert not set(said) & set(names)
    assert "8 points a year" in beside_name("demand:steel+8", "en")
    assert failure_lines({"failures": []}, "en") == []  # as older results say it


def test_a_file_with_quotes_in_its_name_can_be_run_again(toy: Toy, home: Path) -> None:
    path = home / "the city's $HOME plan.yaml"
    path.write_text((home / "plan.yaml").read_text("utf-8"), encoding="utf-8")
    command = replaying(load_scenario(path), Replicate(0, 0, 0), 0)
    typed(command)
    assert toy.runs == 1
    assert in_python("replay('plan.yaml')") == "python -c \"replay('plan.yaml')\""
