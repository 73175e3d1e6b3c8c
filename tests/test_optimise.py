"""The search finds a planted optimum, says what it is worth on unseen runs, and keeps its budget."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import toy_model
from toy_model import HEAD, INDICATORS, Toy
from typer.testing import CliRunner

from simulator.core.ledger import Bill
from simulator.core.problems import InputError
from simulator.report.optimise_words import shares_apart
from simulator.study import kept
from simulator.study.design import Design, Row
from simulator.study.optimise import OptimiseResult, Panel, described, estimate, optimise, read_spec
from simulator.study.optimise_aims import REGRET, Goal, judged, values_of
from simulator.study.optimise_doses import read_doses
from simulator.study.optimise_search import Effort, Scores, ranks, search, spread_out
from simulator.study.replicates import StudyError, load_scenario
from simulator.study.runner import counted, run_design
from tests.processes import killed_when

toy, home = toy_model.toy, toy_model.home  # the fixtures
GAIN = {
    "A": 0.18,
    "B": 0.12,
    "C": 0.0,
}  # firms for the root of a CNY a year: the best split is as the squares, 9 : 4 : 0
PRIZES = """title: {en: Three prizes, zh: 三种奖励}
levers:
  - {id: A, lever: voucher, from: 2011, settings: {budget: 2 MCNY/year}}
  - {id: B, lever: voucher, from: 2011, settings: {budget: 2 MCNY/year}}
  - {id: C, lever: voucher, from: 2011, settings: {budget: 2 MCNY/year}}
"""
SMALL = Effort(24, 4, 8, 16, 16, 6, 8, 40)
TINY = Effort(6, 2, 2, 4, 4, 2, 4, 8)
YEARS = 10


class Prizes(Toy):
    """Firms rise with the roots of three budgets; what is spent depends on luck."""

    def simulate(self, scenario: Any, values: dict[str, float], seed: int) -> Any:
        self.runs += 1
        if seed in self.raising:
            raise RuntimeError("unlucky")
        rng, years = np.random.default_rng(seed), np.arange(scenario.years[0], scenario.years[1] + 1)
        budgets = {e.id: e.settings.budget for e in scenario.entries}
        effect = values["voucher.effect"] / 2.0
        count = values["market.level"] - 600 + effect * sum(GAIN[e] * b**0.5 for e, b in budgets.items())
        count += rng.normal(0.0, 20.0)
        if scenario.switches.get("mode") == "b":
            count -= 50.0
        more = 1.0 + rng.normal(0.0, 0.03)
        bills = [Bill(e, "voucher", int(y), "city", "outlay", b * more) for e, b in budgets.items() for y in years if b]
        series = np.full(len(years), count)
        run = SimpleNamespace(years=years, names=tuple(INDICATORS), bills=bills)
        run.values = np.column_stack([series / 1e5, series, series])
        run.series = lambda name: run.values[:, run.names.index(name)]
        return run


@pytest.fixture
def prizes(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = Prizes()
    module = sys.modules["simulator.simulate"]
    monkeypatch.setattr(module, "simulate", made.simulate)
    monkeypatch.setattr(module, "simulate_together", made.simulate_together)
    path = home / "prizes.yaml"
    path.write_text(HEAD + PRIZES, encoding="utf-8")
    return path


def found(path: Path, out: str | Path, **more: Any) -> OptimiseResult:
    """Return the front of the three prizes: firms against money, for the target of 1,000 firms."""
    how: dict[str, Any] = {"entries": "A,B,C", "targets": "QD10", "effort": SMALL, "jobs": 1} | more
    return optimise(path, out=out, **how)


def best_gain(cost: float) -> float:
    """Return the most that a sum of money a year gives, each budget at most three times the plan's."""
    shares = np.linspace(0.0, 1.0, 2001)
    split = (np.minimum(shares * cost, 6e6), np.minimum((1.0 - shares) * cost, 6e6))
    return float((GAIN["A"] * split[0] ** 0.5 + GAIN["B"] * split[1] ** 0.5).max())


# ---- the search alone -------------------------------------------------------------------------------------------


def planted(mixes: Any, runs: int) -> Scores:
    x = np.array(mixes) / 10.0
    gain = (np.array([3.0, 2.0, 1.0, 0.0]) * np.sqrt(x)).sum(axis=1)
    return Scores(np.stack([-gain, x.sum(axis=1)], axis=1), x.sum(axis=1) - 6.0)


def test_search_comes_near_a_known_front_and_keeps_the_limit() -> None:
    done = search(planted, [60] * 4, (10,) * 4, Effort(), 1)
    front = done.front()
    f, best = done.scores.f[front], np.sqrt(14.0)  # the most for a cost c is the root of 14 c
    assert (done.scores.g[front] <= 0.0).all()
    assert f[:, 1].max() > 5.5
    assert f[:, 1].min() == 0.0
    f = f[f[:, 1] >= 1.0]
    share = -f[:, 0] / (best * np.sqrt(f[:, 1]))
    assert share.max() <= 1.0 + 1e-9
    assert share.min() > 0.9
    assert search(planted, [60] * 4, (10,) * 4, Effort(), 1).mixes == done.mixes


def test_search_without_a_mix_within_the_limit_has_no_front() -> None:
    never = search(lambda mixes, runs: Scores(planted(mixes, runs).f, np.ones(len(mixes))), [9] * 4, (1,) * 4, TINY, 1)
    assert never.front() == []


def test_search_ends_where_every_mix_was_tried() -> None:
    done = search(planted, [1] * 4, (1,) * 4, Effort(16, 2, 9, 16, 2, 9, 4, 8), 1)
    assert len(done.mixes) <= 16
    assert len(done.front()) >= 4


def test_ranks_and_spread() -> None:
    f = np.array([[0.0, 3.0], [1.0, 1.0], [3.0, 0.0], [1.0, 2.0], [4.0, 4.0]])
    assert ranks(f).tolist() == [0, 0, 0, 1, 2]
    assert spread_out(f[:3], 2) == [0, 2]
    assert ranks(np.array([[1.0, 1.0], [1.0, 1.0]])).tolist() == [0, 0]


# ---- a planted problem through the whole study -----------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_front_is_near_the_optimum_and_true_to_its_word(prizes: Path, tmp_path: Path, seed: int) -> None:
    budget = 60e6
    result = found(prizes, tmp_path / "out", budget=budget, seed=seed)
    assert len(result.points) >= 4
    assert all(p.scored["cost"][0] <= budget for p in result.points)
    for point in result.points:
        money = [b * 2e6 for b in point.doses]
        gain = sum(g * m**0.5 for g, m in zip(GAIN.values(), money, strict=True))
        assert sum(money) < 1e6 or gain >= 0.93 * best_gain(sum(money))
    assert max(p.scored["cost"][0] for p in result.points) > 0.8 * budget
    assert_true_to_its_word(result)


def assert_true_to_its_word(result: OptimiseResult) -> None:
    """Run the front a third time: what was said of it holds within the standard error of the difference."""
    spec = kept.read_study(Path(str(result.folder)))["spec"]
    doses, goal, effort, seed = read_spec(spec, result.scenario)
    panel = Panel(doses, goal, effort, seed, None, {"jobs": 1})
    third = panel.judge([p.changes for p in result.points], range(1000, 1000 + effort.scored))
    for aim, figures in (("shortfall", third.shortfall), ("cost", third.cost)):
        said = np.mean([p.scored[aim][0] for p in result.points])
        error = np.mean([p.scored[aim][1] for p in result.points])
        assert abs(said - figures.mean()) <= 1.5 * np.hypot(error, error)  # both sides have that error
        assert abs(result.optimism[aim][0]) <= 3.0 * result.optimism[aim][1]


def test_cheapest_mix_that_meets_a_demand(prizes: Path, tmp_path: Path) -> None:
    result = found(prizes, tmp_path / "out", targets=None, meet="QD10 at 0.3", cheapest=True)
    assert result.answer is not None
    assert result.answer.scored["probability"][0] >= 0.3
    cheaper = [p for p in result.points if p.scored["cost"][0] < result.answer.scored["cost"][0]]
    assert all(p.scored["probability"][0] < 0.3 for p in cheaper)
    assert result.answer.doses[2] <= 0.2  # what does nothing is not paid for


def test_a_demand_that_cannot_be_met_is_said(prizes: Path, tmp_path: Path) -> None:
    from simulator.report.optimise_page import plain_page

    result = found(prizes, tmp_path / "out", targets=None, meet="QD10 at 99 %", cheapest=True, budget="5MCNY")
    assert result.answer is None
    assert "No mix was found" in plain_page(result, "en")
    assert "the nearest" in plain_page(result, "en")
    assert "未找到" in plain_page(result, "zh")


def test_no_mix_within_the_budget_is_said(prizes: Path, tmp_path: Path) -> None:
    from simulator.report.optimise_page import plain_page

    bounds = {"A": (0.5, 3.0), "B": (0.5, 3.0)}
    result = optimise(prizes, bounds, targets="QD10", budget=1e6, effort=TINY, jobs=1, out=tmp_path / "out")
    assert result.points == ()
    assert 10e6 < result.least_over < 30e6
    assert "above it" in plain_page(result, "en")
    (tmp_path / "out" / "figures").mkdir()
    left = [tmp_path / "out" / name for name in ("scenarios/prizes-point-01.yaml", "figures/front.png")]
    mine = tmp_path / "out" / "figures" / "mine.png"
    for path in (*left, mine):  # of an attempt in which some runs failed, and a planner's own
        path.write_bytes(b"")
    assert result.save() == tmp_path / "out"
    assert not any(path.exists() for path in left)
    assert mine.exists()


def test_regret_and_switches(prizes: Path, tmp_path: Path) -> None:
    result = found(prizes, tmp_path / "out", aims="regret,cost", switches="mode", effort=TINY)
    assert result.goal.switches == ((), (("switches.mode", "b"),))
    assert all(p.scored["regret"][0] >= -1e-12 for p in result.points)
    design = Panel(*read_spec(kept.read_study(tmp_path / "out")["spec"], result.scenario), None, {}).design(
        [(0, ())], [0, 2]
    )
    assert [row.changes for row in design.rows] == [(), (("switches.mode", "b"),)]


def test_resumed_study_runs_nothing_again_and_says_the_same(prizes: Path, tmp_path: Path) -> None:
    first = found(prizes, str(tmp_path / "out"), effort=TINY)
    first.save()
    written = (tmp_path / "out" / "front.csv").read_bytes()
    with counted() as tally:
        again = kept.resume(tmp_path / "out", jobs=1)
    assert tally.ran == 0
    again.save()
    assert (tmp_path / "out" / "front.csv").read_bytes() == written
    elsewhere = found(prizes, tmp_path / "two", effort=TINY, jobs=2)
    elsewhere.save(str(tmp_path / "two"))
    assert (tmp_path / "two" / "front.csv").read_bytes() == written


def tables(folder: Path) -> dict[str, bytes]:
    """Return what a study leaves that its figures hang on: tables, points, shards."""
    names = ("*.csv", "*.parquet", "scenarios/*-point-*.yaml", "shards/*.json")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for name in names for p in folder.glob(name)}


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="the made-up model is forked")
@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_half_way_and_resumed_is_as_if_nothing_had_happened(
    prizes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    """The search goes from generation to generation: it takes the same way through what is kept."""
    monkeypatch.setattr(OptimiseResult, "plot", lambda *_: [])
    effort = Effort(8, 2, 4, 6, 4, 3, 4, 8)
    whole = found(prizes, tmp_path / "whole", effort=effort)
    whole.save()
    every, folder = len(list((tmp_path / "whole").glob("shards/*.json"))), tmp_path / "out"
    module, plain = sys.modules["simulator.simulate"], sys.modules["simulator.simulate"].simulate

    def slow(*given: Any) -> Any:
        time.sleep(0.004)
        return plain(*given)

    with monkeypatch.context() as patched:
        patched.setattr(module, "simulate", slow)
        patched.setattr(module, "simulate_together", lambda those, *rest: [slow(one, *rest) for one in those])
        killed_when(
            lambda: len(list(folder.glob("shards/*.json"))) >= every // 2,
            lambda: found(prizes, folder, effort=effort, jobs=jobs),
        )
    there = {p.name: p.stat().st_mtime_ns for p in folder.glob("shards/*.json")}
    assert every // 2 <= len(there) < every
    with counted() as tally:
        again = kept.resume(folder, jobs=jobs)
    again.save()
    assert tally.ran == every - len(there)  # a shard that was finished is not run again
    assert {p.name: p.stat().st_mtime_ns for p in folder.glob("shards/*.json") if p.name in there} == there
    assert tables(folder) == tables(tmp_path / "whole")


def test_too_many_failures_are_refused(prizes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(*_: Any) -> Any:
        raise RuntimeError("unlucky")

    monkeypatch.setattr(sys.modules["simulator.simulate"], "simulate", raising)
    monkeypatch.setattr(sys.modules["simulator.simulate"], "simulate_together", raising)
    with pytest.raises(StudyError, match="failed"):
        found(prizes, tmp_path / "out", effort=TINY)


# ---- what it leaves behind ---------------------------------------------------------------------------------------


def test_points_are_scenarios_that_give_the_same_figures(prizes: Path, tmp_path: Path) -> None:
    result = found(prizes, tmp_path / "out", effort=TINY)
    result.save(language="zh")
    point = result.points[-1]
    scenario = load_scenario(tmp_path / "out" / "scenarios" / f"prizes-point-{point.number:02d}.yaml")
    rows = tuple(Row(0, (), k // 2, k) for k in range(TINY.scored))
    figures = run_design(Design((scenario,), rows, result.goal.outcomes(scenario)), jobs=1).values
    reached = np.maximum(1000.0 - figures[:, 0], 0.0) / 1000.0
    assert reached.mean() == pytest.approx(point.scored["shortfall"][0], abs=1e-12)
    assert figures[:, 1].mean() == pytest.approx(point.scored["cost"][0], abs=1e-3)  # without them nothing is spent


def test_folder_holds_everything(prizes: Path, tmp_path: Path) -> None:
    result = found(prizes, tmp_path / "out", effort=TINY)
    folder = result.save()
    names = ("front.csv", "front.parquet", "dropped.csv", "summary.txt", "manifest.json", "figures/front.png")
    assert all((folder / name).is_file() for name in (*names, "figures/doses.png"))
    table = result.table()
    assert table["point"].tolist() == list(range(len(result.points) + 1))
    assert {"dose A", "shortfall", "cost_error", "cost_panel", "cost_against", "met QD10"} <= set(table)
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["result"]["scored"] == TINY.scored
    text = (folder / "summary.txt").read_text(encoding="utf-8")
    assert "Optimism" in text
    assert "plan as written" in text


def test_estimate_counts_all_runs_at_most(prizes: Path, tmp_path: Path) -> None:
    scenario = load_scenario(prizes)
    spec = described(scenario, entries="A,B", targets="QD10", effort=TINY)
    assert estimate(spec, scenario, jobs=1).runs == TINY.runs
    assert found(prizes, tmp_path / "out", effort=TINY).runs <= TINY.runs


# ---- reading -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"entries": "Z"}, "no such entry"),
        ({"doses": "A=1"}, "not a dose"),
        ({"doses": "A=2:1"}, "two bounds"),
        ({"doses": "A.price=0:1"}, "no setting that is a number"),
        ({"doses": "A.budget=0:2 USD"}, "another currency"),
        ({"doses": "A=0:2", "entries": "A"}, "asked for twice"),
        ({"aims": "cost"}, "too few aims"),
        ({"aims": "cost,beauty"}, "no such aim"),
        ({"budget": "much"}, "number"),
        ({"budget": float("nan")}, "not an amount"),
        ({"targets": "QD99"}, "no target that is simulated"),
        ({"targets": "QD10=x"}, "weight"),
        ({"meet": "QD10 at 1.2", "cheapest": True}, "not a demand"),
        ({"meet": "QD10 at 0.8"}, "go together"),
        ({"switches": "weather"}, "no such switch"),
        ({"effort": "heroic"}, "no such effort"),
        ({"most": 0.0}, "above 0"),
    ],
)
def test_mistakes_are_said_with_what_is_allowed(prizes: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        described(load_scenario(prizes), **given)


def test_doses_scale_entries_and_set_settings(prizes: Path) -> None:
    doses = read_doses(load_scenario(prizes), "A=0:3,B.budget=0:20 MCNY/year")
    assert [d.steps for d in doses.all] == [30, 20]
    assert doses.changes((10, 2)) == ()  # the plan's own doses change nothing
    assert doses.changes((5, 20)) == (("A.budget", 1e6), ("B.budget", 2e7))
    assert doses.entries == ("A", "B")


def test_default_is_the_entries_with_the_most_money(prizes: Path) -> None:
    assert [d.name for d in read_doses(load_scenario(prizes)).all] == ["A", "B", "C"]


def test_aims_by_hand() -> None:
    target = SimpleNamespace(value=10.0, met=lambda x: x >= 10.0)
    goal = Goal(("shortfall", "probability", "cost"), (target,), (1.0,))  # type: ignore[arg-type]
    figures = np.array([[[5.0, 3.0], [12.0, 5.0]], [[10.0, 9.0], [10.0, 9.0]]])
    seen = judged(goal, figures, np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([0, 1]))
    assert values_of(goal.aims, seen, goal).tolist() == [[0.25, 0.5, 3.0], [0.0, 1.0, 8.0]]
    regret = values_of(("regret",), seen, goal, np.array([0.0, 0.0]))[:, 0]
    assert regret.tolist() == [pytest.approx(0.5 * REGRET), 0.0]


# ---- the command -------------------------------------------------------------------------------------------------


def test_command_refuses_and_estimates(prizes: Path) -> None:
    from simulator.cli import app

    runner = CliRunner()
    wrong = runner.invoke(app, ["optimise", str(prizes), "--aims", "cost"])
    assert wrong.exit_code == 2
    assert "too few aims" in wrong.output
    dry = runner.invoke(app, ["optimise", str(prizes), "--targets", "QD10", "--dry-run", "--jobs", "1", "--lang", "en"])
    assert dry.exit_code == 0, dry.output
    assert f"runs: {Effort().runs}" in dry.output


def test_command_runs_and_prints_json(prizes: Path) -> None:
    from simulator.cli import app

    words = ["optimise", str(prizes), "--targets", "QD10", "--effort", "quick", "--jobs", "1", "--json", "--lang", "zh"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["points"]
    assert "原方案" in (Path(said["folder"]) / "summary.txt").read_text(encoding="utf-8")


def test_shares_apart_have_the_digits_that_their_error_allows() -> None:
    assert shares_apart(0.0006986, 0.000038, "en") == ("0.070 pp", "0.004")
    assert shares_apart(0.05, 0.02, "zh") == ("5.0 个百分点", "2.0")
    assert shares_apart(0.0001, 0.0, "en") == ("0.01 pp", "0.00")
