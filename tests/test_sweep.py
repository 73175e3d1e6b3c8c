"""Sweeps: the points of each design, what they are refused for, adding up with ``run``, pages, figures and files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas
import pytest
from toy_model import Toy, home, toy
from typer.testing import CliRunner, Result

import simulator
from simulator.cli import app
from simulator.core.problems import InputError
from simulator.report import progress
from simulator.report.sweep_maps import _digits
from simulator.report.sweep_pages import plain_text
from simulator.study import kept
from simulator.study.ensemble import run
from simulator.study.replicates import load_scenario
from simulator.study.sweep import SweepResult, _differences, sweep
from simulator.study.sweep_design import Asked, Plan, Span, plan_of, planned
from simulator.study.sweep_file import is_sweep, read_sets, read_sweep

__all__ = ["home", "toy"]
ROOT = Path(__file__).resolve().parents[1]
OUTCOMES = ["QD10", "rd_share@2018", "cost.net"]
FILE = """schema: 1
scenario: plan.yaml
factors:
  Q1.budget: [0, 40 MCNY/year]
  switches.mode: [a, b]
runs: 4
outcomes: [QD10, cost.Q1]
"""


def ris(*words: object) -> Result:
    return CliRunner().invoke(app, [str(w) for w in words], env={"LANG": "C.UTF-8", "COLUMNS": "80"})


def plan(home: Path, factors: Any, **more: Any) -> Plan:
    return planned(Asked(load_scenario(home / "plan.yaml"), factors, **more))


def swept(home: Path, factors: Any, **more: Any) -> SweepResult:
    named = {"runs": 4, "outcomes": OUTCOMES, "jobs": 1, "out": "here", **more}
    return sweep(home / "plan.yaml", factors, **named)


# ---- points -------------------------------------------------------------------------------------------


def test_a_grid_has_every_combination_in_order(toy: Toy, home: Path) -> None:
    found = plan(home, {"Q1.budget": ["0 CNY/year", "1 MCNY/year", 2e6], "switches.mode": ["a", "b"]})
    budgets = [p["Q1.budget"] for p in found.points]
    assert budgets == [0.0, 0.0, 1e6, 1e6, 2e6, 2e6]
    assert [p["switches.mode"] for p in found.points] == ["a", "b"] * 3
    assert (found.kind, found.runs, found.names) == ("grid", 40, ("Q1.budget", "switches.mode"))
    assert len(found.design().rows) == 6 * 40


def test_ranges_hold_both_ends(toy: Toy, home: Path) -> None:
    equal = plan(home, {"Q1.budget": {"from": 0, "to": "40 MCNY/year", "steps": 5}})
    assert [p["Q1.budget"] for p in equal.points] == [0.0, 1e7, 2e7, 3e7, 4e7]
    ratios = plan(home, {"voucher.effect": Span(0.1, 10.0, 3, log=True)})
    assert [p["voucher.effect"] for p in ratios.points] == [0.1, pytest.approx(1.0), 10.0]
    assert ratios.logs == ("voucher.effect",)


def test_a_list_takes_values_together_or_point_by_point(toy: Toy, home: Path) -> None:
    together = plan(home, {"Q1.budget": [1e6, 2e6], "switches.mode": ["a", "b"]}, design="list")
    assert together.points == ({"Q1.budget": 1e6, "switches.mode": "a"}, {"Q1.budget": 2e6, "switches.mode": "b"})
    each = plan(home, [{}, {"Q1.budget": 1e6}, {"switches.mode": "b"}, {"Q1.budget": 1_000_000}])
    assert each.points == ({}, {"Q1.budget": 1e6}, {"switches.mode": "b"})  # the same point only once
    assert each.names == ("Q1.budget", "switches.mode")


@pytest.mark.parametrize("kind", ["latin", "sobol"])
def test_points_at_random_fill_their_ranges_and_are_addressed_by_the_seed(toy: Toy, home: Path, kind: str) -> None:
    factors = {"Q1.budget": Span(0, 1e8), "switches.mode": ["a", "b"], "voucher.effect": Span(1.0, 100.0, log=True)}
    one, same, other = (plan(home, factors, design=kind, points=32, seed=seed) for seed in (1, 1, 2))
    assert one.points == same.points != other.points
    budgets = np.sort([p["Q1.budget"] for p in one.points])
    assert ((np.arange(32) <= budgets / 1e8 * 32) & (budgets / 1e8 * 32 <= np.arange(1, 33))).all()  # one in each 32nd
    assert [p["switches.mode"] for p in one.points].count("a") == 16
    assert sum(p["voucher.effect"] < 10 for p in one.points) == 16
    assert one.runs == 10


def test_a_plan_comes_back_from_its_plain_values(toy: Toy, home: Path) -> None:
    found = plan(home, {"Q1.budget": [0, 1e6 / 3]}, seed=3)
    again = plan_of(json.loads(json.dumps(found.plain())), found.scenario)
    assert again == found
    assert again.design().hashes == found.design().hashes


@pytest.mark.parametrize(
    ("factors", "more", "message"),
    [
        ({"Q1.budgte": [1]}, {}, "did you mean Q1.budget"),
        ({"Q1.budget": [-1]}, {}, "negative"),
        ({"Q1.budget": []}, {}, "no values"),
        ({"Q1.budget": {"from": 5, "to": 1}}, {}, "does not rise"),
        ({"Q1.budget": {"from": 0, "to": 1, "log": True}}, {}, "equal ratios"),
        ({"Q1.budget": {"from": 0, "till": 1}}, {}, "lacks 'to'"),
        ({"Q1.budget": {"from": 0, "to": 1, "steps": 1}}, {}, "steps"),
        ({"switches.mode": {"from": "a", "to": "b"}}, {}, "no number"),
        ({"switches.mode": ["c"]}, {}, "allowed: a, b"),
        ({"voucher.effect": [float("nan")]}, {}, "finite"),
        ({"Q1.budget": [1, 2, 3], "switches.mode": ["a", "b"]}, {"design": "list"}, "3 values"),
        ({"Q1.budget": [1]}, {"design": "gird"}, "did you mean grid"),
        ({"Q1.budget": [1]}, {"points": 4}, "only with latin or sobol"),
        ({"Q1.budget": Span(0, 1)}, {"design": "sobol", "points": 12}, "power of two"),
        ({"Q1.budget": [1]}, {"runs": 0}, "at least 1"),
        ({"Q1.budget": [1]}, {"runs": 10**9}, "too large"),
        ({"Q1.budget": Span(0, 1, 1000), "voucher.effect": Span(0, 1, 1000)}, {}, "too large"),
        ({"Q1.budget": [1]}, {"outcomes": ["QD99"]}, "no such outcome"),
        ({}, {}, "no factors"),
        ([], {}, "no points"),
        ([3], {}, "a point of a list"),
    ],
)
def test_what_cannot_be_run_is_refused(toy: Toy, home: Path, factors: Any, more: Any, message: str) -> None:
    with pytest.raises(InputError, match="(?s).*" + message):
        plan(home, factors, **more)
    assert toy.runs == 0


# ---- files and the command line -----------------------------------------------------------------------


def test_a_file_says_what_to_sweep(toy: Toy, home: Path) -> None:
    (home / "sweep.yaml").write_text(FILE, encoding="utf-8")
    assert is_sweep(home / "sweep.yaml")
    assert not is_sweep(home / "plan.yaml")
    found = planned(read_sweep(home / "sweep.yaml"))
    assert (len(found.points), found.runs, found.outcomes) == (4, 4, ("QD10", "cost.Q1"))


def test_what_is_wrong_with_a_file_has_its_place(toy: Toy, home: Path) -> None:
    bad = FILE.replace("40 MCNY/year]", "-3]").replace("[a, b]", "[a, x]").replace("QD10", "QD99")
    (home / "sweep.yaml").write_text(bad, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        planned(read_sweep(home / "sweep.yaml"))
    places = [(p.line, p.column) for p in caught.value.problems]
    assert places == [(4, 18), (5, 22), (7, 11)]
    assert all(p.file.endswith("sweep.yaml") for p in caught.value.problems)
    worse = "schema: 2\nscenario: none.yaml\nfactors: 3\ndesing: grid\nruns: many\noutcomes: [1]\n"
    (home / "sweep.yaml").write_text(worse, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_sweep(home / "sweep.yaml")
    text = str(caught.value)
    assert "did you mean design?" in text
    assert "no such file" in text
    assert {p.line for p in caught.value.problems if p.file.endswith("sweep.yaml")} == {1, 3, 4, 5, 6}


def test_options_name_values_and_ranges() -> None:
    found = read_sets(["a.b=0, 1e3,40 MCNY/year", "c.d=[x,y],[z]", "e.f=0:10:3", "g.h=1:100:log", "s.t=on"])
    assert found["a.b"] == [0, 1e3, "40 MCNY/year"]
    assert found["c.d"] == [["x", "y"], ["z"]]
    assert found["e.f"] == Span(0, 10, 3)
    assert found["g.h"] == Span(1, 100, log=True)
    assert found["s.t"] == ["on"]
    for wrong in ("a.b", "a.b=", "=3", "a.b=1:2:x", "a.b=1:2:3:4"):
        with pytest.raises(InputError):
            read_sets([wrong])
    with pytest.raises(InputError, match="twice"):
        read_sets(["a.b=1", "a.b=2"])


def test_the_command_prints_points_and_finds_its_folder_again(toy: Toy, home: Path) -> None:
    words = ["sweep", home / "plan.yaml", "--set", "Q1.budget=0,40 MCNY/year,80e6", "--runs", 8, "--jobs", 1]
    first = ris(*words)
    assert first.exit_code == 0, first.output
    assert "QD10" in first.stdout
    assert "CNY 40 mn" in first.stdout
    assert max(len(line) for line in first.stdout.splitlines()[:-1]) <= 80
    (folder,) = Path("outputs").iterdir()
    assert folder.name.startswith("sweep-plan-")
    files = {p.name for p in folder.iterdir()}
    assert {"study.json", "runs.csv", "summary.csv", "summary.txt", "manifest.json", "figures"} <= files
    assert (folder / "summary.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert (manifest["kind"], manifest["design"]) == ("sweep", "grid")
    runs = toy.runs
    plain = json.loads(ris(*words, "--json").stdout)
    assert toy.runs == runs  # nothing is run twice
    assert len(plain["summary"]) == 3 * len(plain["outcomes"])
    zh = ris(*words, "--lang", "zh").stdout
    assert "高新技术企业" in zh
    assert "8,000万元" in zh
    assert ris(*words, "--quiet").stdout.strip() == str(folder)


def test_the_command_takes_a_file_and_refuses_what_is_wrong(toy: Toy, home: Path) -> None:
    (home / "sweep.yaml").write_text(FILE, encoding="utf-8")
    done = ris("sweep", home / "sweep.yaml", "--jobs", 1, "--runs", 2, "--quiet", "--out", "there")
    assert (done.exit_code, done.stdout.strip()) == (0, str(Path("there").resolve()))
    for words in (
        [home / "sweep.yaml", "--set", "Q1.budget=1"],
        [home / "plan.yaml"],
        [home / "plan.yaml", "--set", "Q1.budgte=1"],
        [home / "plan.yaml", "--set", "Q1.budget"],
        [home / "none.yaml", "--set", "Q1.budget=1"],
        [home / "plan.yaml", "--set", "Q1.budget=1", "--outcomes", "QD99"],
        [home / "plan.yaml", "--set", "Q1.budget=1", "--out", "there"],
    ):
        wrong = ris("sweep", *words)
        assert wrong.exit_code == 2, words
        assert "Traceback" not in wrong.output


def test_a_dry_run_only_says_how_long(toy: Toy, home: Path) -> None:
    done = ris("sweep", home / "plan.yaml", "--set", "Q1.budget=0,1e6", "--runs", 6, "--jobs", 1, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "12" in done.stdout
    assert not Path("outputs").exists()


def test_failed_runs_end_with_three(toy: Toy, home: Path) -> None:
    words = ["sweep", home / "plan.yaml", "--set", "Q1.budget=0,1e6", "--jobs", 1, "--outcomes", "QD10,cost.net"]
    toy.raising = {3}
    few = ris(*words, "--runs", 40)
    assert few.exit_code == 3
    assert "unlucky" in few.stderr
    assert "2 of 80 runs failed and are left out" in " ".join(few.stdout.split())
    summary = pandas.read_csv(next(Path("outputs").iterdir()) / "summary.csv")
    assert set(summary["runs"]) == {39}
    again = ris("resume", next(Path("outputs").iterdir()), "--jobs", 1)
    assert again.exit_code == 3
    assert "unlucky" in again.stderr
    assert summary["difference"].notna().all()
    toy.raising = set(range(9))
    assert ris(*words, "--runs", 10).exit_code == 3


# ---- results ------------------------------------------------------------------------------------------


def test_a_single_point_is_a_run_to_the_last_bit(toy: Toy, home: Path) -> None:
    whole = run(home / "plan.yaml", replicates=9, jobs=1, seed=2)
    for k, factors in enumerate(({"Q1.budget": [4e7]}, [{}])):
        result = swept(home, factors, runs=9, seed=2, out=f"f{k}", outcomes=["hnte_count@2019", "QD10", "QD07"])
        years = whole.years.tolist()
        assert (
            result.values("hnte_count@2019")[:, 0].tolist() == whole.series("hnte_count")[:, years.index(2019)].tolist()
        )
        rows = whole.targets().set_index("id")
        for row in result.summary().to_dict("records"):
            if row["outcome"] in rows.index:
                same = rows.loc[row["outcome"], ["mean", "p05", "p50", "p95", "probability", "probability_low"]]
                assert [row[name] for name in same.index] == same.tolist()


def test_a_single_point_is_a_run_of_the_model(tmp_path: Path) -> None:
    scenario = load_scenario(ROOT / "scenarios/qingdao/plan.yaml")
    short = replace(scenario, years=(2011, 2016), baseline=None, calibration="evidence")
    face = next(e for e in short.entries if e.id == "QL09d").settings.face_value
    names = ["hnte_count@2016", "rd_share@2014", "cost.QL09d"]
    found = sweep(short, {"QL09d.face_value": [face]}, runs=2, outcomes=names, jobs=1, out=tmp_path / "s")
    whole = run(short, replicates=2, jobs=1)
    years = whole.years.tolist()
    for name in names[:2]:
        indicator, _, year = name.partition("@")
        assert found.values(name)[:, 0].tolist() == whole.series(indicator)[:, years.index(int(year))].tolist()
    costs = whole.costs()
    spent = costs[(costs["entry"] == "QL09d") & (costs["kind"] != "contingent") & (costs["payer"] != "private")]
    signs = np.where(spent["kind"] == "recovered", -1.0, 1.0)
    assert found.values("cost.QL09d").mean() == pytest.approx(float((spent["mean"] * signs).sum()))


def test_the_table_has_a_row_a_run_and_pairs_share_their_luck(toy: Toy, home: Path) -> None:
    result = swept(home, {"Q1.budget": [0, 4e7], "switches.mode": ["a", "b"]}, runs=6)
    table = result.table()
    assert list(table.columns) == ["point", "draw", "luck", "Q1.budget", "switches.mode", *OUTCOMES]
    assert len(table) == 4 * 6
    assert (table.groupby("luck")["draw"].nunique() == 1).all()
    assert table["point"].tolist()[:5] == [1, 2, 3, 4, 1]
    summary = result.summary()
    hnte = summary[summary["outcome"] == "QD10"].set_index("point")
    by_point = table.groupby("point")["QD10"]
    assert hnte["mean"].tolist() == pytest.approx(by_point.mean().tolist())
    assert hnte["probability"].tolist() == by_point.apply(lambda x: (x >= 1000).mean()).tolist()
    assert hnte.loc[1, ["difference", "ci_low", "ci_high"]].tolist() == [0, 0, 0]
    assert hnte.loc[3, "ci_low"] > 0
    assert hnte.loc[2, "difference"] == 0  # the made-up model does not know this switch
    assert summary[summary["outcome"] == "cost.net"]["probability"].isna().all()


def test_a_failed_run_is_left_out_of_its_own_point_only() -> None:
    rng = np.random.default_rng(0)
    draws = np.repeat(np.arange(10), 2)
    values = rng.normal(size=(20, 1)) + np.array([0.0, 1.0, 2.0])
    whole = _differences(values, draws)
    values[4, 2] = np.nan
    found = _differences(values, draws)
    assert found[:, :2].tolist() == whole[:, :2].tolist()
    assert found[0, 2] == pytest.approx(2.0)
    values[:, 0] = np.nan
    assert np.isnan(_differences(values, draws)).all()


def test_a_study_goes_on_with_the_same_result(toy: Toy, home: Path) -> None:
    result = swept(home, {"Q1.budget": [0, 4e7]}, runs=8)
    runs = toy.runs
    again = kept.resume(Path("here"), jobs=1)
    assert toy.runs == runs
    assert again.plan.points == result.plan.points
    assert again.table().equals(result.table())
    assert again.save().samefile("here")


# ---- pages and figures --------------------------------------------------------------------------------

SHAPES: dict[str, Any] = {
    "line": {"Q1.budget": [0, 2e7, 4e7]},
    "one value": {"Q1.budget": [4e7]},
    "log": {"voucher.effect": {"from": 0.5, "to": 5, "steps": 3, "log": True}},
    "names": {"switches.mode": ["a", "b"]},
    "map": {"Q1.budget": [0, 2e7, 4e7], "voucher.effect": [1, 2]},
    "partial": [{}, {"Q1.budget": 1e6}, {"voucher.effect": 1.0}],
    "many": {"Q1.budget": [0, 4e7], "switches.mode": ["a", "b"], "voucher.effect": [1, 2], "market.level": [800, 900]},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_drawn_and_written_in_both_languages(toy: Toy, home: Path, shape: str) -> None:
    result = swept(home, SHAPES[shape], runs=4)
    assert result.save(language="zh").samefile("here")
    drawn = {path.name: path.stat().st_size for path in Path("here/figures").glob("*")}
    assert min(drawn.values(), default=501) > 500
    assert bool(drawn) == (shape != "one value")
    if shape in ("line", "map"):
        assert {path.name for path in result.plot("figures")} == set(drawn)
    for language in ("en", "zh"):
        text = plain_text(result, language)
        assert "QD10" in text
        assert "nan" not in text
        assert max(map(len, text.splitlines())) <= 100
    assert "模拟未来" in (Path("here") / "summary.txt").read_text(encoding="utf-8")
    written = pandas.read_csv(Path("here") / "runs.csv")
    assert np.allclose(written["QD10"], pandas.read_parquet(Path("here") / "runs.parquet")["QD10"], rtol=1e-12)
    assert "<table" in result._repr_html_()


def test_figures_in_cells_tell_the_cells_apart() -> None:
    assert _digits(66.014, 66.3, 0.3) == "66.01"
    assert _digits(1146.0, 1153, 7) == "1,146"
    assert _digits(float("nan"), 1, 1) == "–"
    assert _digits(5.0, 5.0, 0.0) == "5"


# ---- the face -----------------------------------------------------------------------------------------


def test_the_face_has_every_study_and_shows_progress(toy: Toy, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert {"load", "run", "compare", "sweep", "sensitivity", "optimise", "discover"} <= set(simulator.__all__)
    factors = {"Q1.budget": [0, 4e7]}
    named: dict[str, Any] = {"runs": 8, "outcomes": ["QD10"], "jobs": 1}
    quiet = simulator.sweep(home / "plan.yaml", factors, out="a", **named)
    assert capsys.readouterr().err == ""
    shown = simulator.sweep(home / "plan.yaml", factors, out="b", progress=True, **named)
    assert "runs: 16 of 16" in capsys.readouterr().err
    assert quiet.table().equals(shown.table())
    simulator.run(home / "plan.yaml", replicates=4, jobs=1, progress=True)
    assert "runs: 4 of 4" in capsys.readouterr().err


def test_a_notebook_gets_one_line_that_is_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    handle = SimpleNamespace(update=said.append)
    show = SimpleNamespace(HTML=str, display=lambda _, display_id: handle)
    monkeypatch.setattr(progress, "import_module", lambda name: show)
    monkeypatch.setattr("rich.console.Console.is_jupyter", True, raising=False)
    monkeypatch.setattr("rich.console.Console.__init__", lambda self, **_: None)
    with progress.bar() as advance:
        advance(3, 10)
        advance(10, 10)
    assert [text.endswith(f"{done} / 10") for text, done in zip(said, (3, 10), strict=True)] == [True, True]
