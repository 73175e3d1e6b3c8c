from __future__ import annotations

import json
import multiprocessing
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
import toy_model
from hypothesis import given
from hypothesis import strategies as st
from toy_model import INDICATORS, Toy

from simulator.core.declare import Indicator, Label
from simulator.core.problems import InputError
from simulator.report import terminal_compare, words
from simulator.report.placing import Place, Room
from simulator.report.terminal import as_text, plain_text
from simulator.study import output
from simulator.study.comparison import compare
from simulator.study.ensemble import name_of, opened, run
from simulator.study.replicates import StudyError, design, replay
from simulator.study.statistics import luck_and_ignorance, paired_difference, wilson
from simulator.study.targets import NOT_SIMULATED, OUTSIDE_YEARS, SIMULATED, Target, load_targets

toy, home = toy_model.toy, toy_model.home  # the fixtures
FORKS = "fork" in multiprocessing.get_all_start_methods()
YEARS = np.arange(2015, 2021)


# ---- targets ----------------------------------------------------------------------------------------


def target(**changes: object) -> Target:
    plain = {
        "id": "T1",
        "region": "x",
        "section": "1",
        "kind": "outcome",
        "year": 2016,
        "op": "ge",
        "value": 9.5,
        "unit": "percent",
        "name": Label("t", "目标"),
        "quote": "q",
        "indicator": "rd_share",
        "scale": 100.0,
    }
    return Target(**{**plain, **changes})  # type: ignore[arg-type]


def test_the_plans_targets_are_all_there() -> None:
    found = load_targets()
    assert len(found) == len({t.id for t in found}) >= 80
    assert {t.region for t in found} == {"qingdao", "benxi"}
    hnte = next(t for t in load_targets("qingdao") if t.id == "QD10")
    assert (hnte.value, hnte.op, hnte.year, hnte.indicator) == (1000.0, "ge", 2016, "hnte_count")


def test_a_figure_on_the_mark_meets_at_least_but_not_more_than() -> None:
    figures = np.array([0.095, 0.0949, 0.0951]) * 100
    assert target().met(figures).tolist() == [True, False, True]
    assert target(op="gt").met(figures).tolist() == [False, False, True]


def test_a_target_says_why_it_gets_no_figure() -> None:
    assert target().status(INDICATORS, YEARS) == SIMULATED
    assert target(indicator=None).status(INDICATORS, YEARS) == NOT_SIMULATED
    assert target(indicator="unknown").status(INDICATORS, YEARS) == NOT_SIMULATED
    assert target(year=2024).status(INDICATORS, YEARS) == OUTSIDE_YEARS


@pytest.mark.parametrize("kind", ["rate", "flow"])
def test_growth_is_the_compound_mean_over_the_period(kind: str) -> None:
    growth = target(kind="growth", year=2020, period=(2015, 2020), indicator="g")
    indicators = {"g": Indicator("g", Label("g", "g"), "1 / year", kind, lambda _: 0.0)}  # type: ignore[arg-type]
    rates = np.array([0.5, 0.10, 0.20, 0.0, 0.30, 0.15])
    series = rates[None, :] if kind == "rate" else (7.0 * np.cumprod(1 + np.r_[0.0, rates[1:]]))[None, :]
    expected = 100 * ((1.1 * 1.2 * 1.0 * 1.3 * 1.15) ** 0.2 - 1)
    assert growth.figures(series, YEARS, indicators)[0] == pytest.approx(expected)


def test_bad_targets_are_all_named_with_their_lines(tmp_path: Path) -> None:
    row = '{id: A, region: x, section: "1", kind: outcome, year: 2016, op: ge, value: 1, unit: u, name: n, quote: q}'
    path = tmp_path / "targets.yaml"
    path.write_text(
        f"# targets\n- {row}\n- {row}\n- {row.replace('id: A', 'id: B').replace('value: 1', 'value: ten')}\n"
        f"- {row.replace('id: A', 'id: C').replace('op: ge', 'op: gee')}\n- {{id: D, colour: red}}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        load_targets(path=path)
    lines = str(caught.value).splitlines()
    assert [int(line.removeprefix(f"{path}:").split(":")[0]) for line in lines][:3] == [3, 4, 5]
    assert "duplicate target" in lines[0]
    assert "value is not a number" in lines[1]
    assert "did you mean ge?" in lines[2]
    assert any("colour" in line for line in lines[3:])


def test_a_file_that_is_no_list_is_refused(tmp_path: Path) -> None:
    for text in ("", "a: 1\n", "- [\n"):
        path = tmp_path / "targets.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError):
            load_targets(path=path)
        path.unlink()
    with pytest.raises(InputError):
        load_targets(path=path)


# ---- statistics -------------------------------------------------------------------------------------


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_holds_the_share_and_stays_in_bounds(case: tuple[int, int]) -> None:
    met, n = case
    low, high = wilson(met, n)
    assert 0.0 <= low <= met / n + 1e-12
    assert met / n - 1e-12 <= high <= 1.0


def test_wilsons_interval_is_the_published_one() -> None:
    low, high = wilson(10, 20)
    assert (low, high) == (pytest.approx(0.2993, abs=1e-4), pytest.approx(0.7007, abs=1e-4))


def test_luck_and_ignorance_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    draws = np.repeat(np.arange(4000), 2)
    figures = rng.normal(0, 2.0, 4000)[draws] + rng.normal(0, 1.0, 8000)
    shares = luck_and_ignorance(figures, draws)
    assert shares.luck == pytest.approx(0.2, abs=0.02)
    assert shares.luck + shares.ignorance == pytest.approx(1.0)
    assert luck_and_ignorance(np.repeat([1.0, 2.0, 3.0], 2), np.repeat([0, 1, 2], 2)).luck == 0.0
    assert np.isnan(luck_and_ignorance(np.ones(8), np.repeat(np.arange(4), 2)).luck)
    assert np.isnan(luck_and_ignorance(np.array([1.0, 2.0]), np.array([0, 0])).luck)


def test_the_bootstrap_covers_the_truth_and_no_difference_is_exactly_none() -> None:
    rng = np.random.default_rng(2)
    draws, covered = np.repeat(np.arange(30), 2), 0
    for _ in range(100):
        d = paired_difference(rng.normal(0.3, 1.0, 30)[draws][:, None] + rng.normal(0, 0.3, (60, 1)), draws)
        covered += int(d.low[0] <= 0.3 <= d.high[0])
    assert 80 <= covered <= 98
    none = paired_difference(np.zeros((60, 2)), draws)
    assert [x.tolist() for x in (none.mean, none.low, none.high, none.p_better)] == [[0, 0]] * 3 + [[0.5, 0.5]]
    assert np.isnan(paired_difference(np.array([[1.0], [2.0]]), np.array([0, 0])).low[0])


# ---- ensembles --------------------------------------------------------------------------------------


def test_each_draw_has_two_seeds_and_each_index_one_address() -> None:
    replicates = design(5, 3)
    assert [r.draw for r in replicates] == [0, 0, 1, 1, 2]
    assert [r.seed for r in replicates] == [3 * 1_000_003 + i for i in range(5)]
    assert design(5, 3, start=2) == replicates[2:]


def test_an_ensemble_reports_targets_in_their_own_unit(toy: Toy, home: Path) -> None:
    result = run(home / "plan.yaml", replicates=40, jobs=1)
    table = result.table()
    assert list(table.columns) == ["scenario", "draw", "seed", "year", "indicator", "value", "unit"]
    assert len(table) == 40 * 10 * 3
    keys = table[["draw", "seed", "year", "indicator"]]
    assert keys.equals(keys.sort_values(list(keys.columns)))
    targets = result.targets().set_index("id")
    hnte, counts = targets.loc["QD10"], result.series("hnte_count")[:, 5]
    assert hnte["p50"] == pytest.approx(np.median(counts))
    assert hnte["probability"] == (counts >= 1000).mean()
    assert hnte["probability_low"] < hnte["probability"] < hnte["probability_high"]
    assert hnte["true_p50"] == pytest.approx(0.6 * hnte["p50"])
    assert hnte["gap"] == pytest.approx(hnte["p50"] - 1000)
    assert (hnte["start_year"], hnte["ignorance"] > 0.5) == (2014, True)
    assert targets.loc["QD07", "p50"] == pytest.approx(np.median(result.series("rd_share")[:, 5]) * 100)
    assert targets.loc["QD01", "status"] == NOT_SIMULATED
    assert pandas.isna(targets.loc["QD01", "probability"])
    assert set(result.variance()["id"]) == {"QD07", "QD10"}
    with pytest.raises(KeyError):
        result.series("unknown")


def test_costs_count_a_cell_that_a_run_did_not_have_as_zero(toy: Toy, home: Path) -> None:
    result = run(home / "plan.yaml", replicates=8, jobs=1)
    costs = result.costs()
    recovered = costs[costs["kind"] == "recovered"].iloc[0]
    assert (recovered["mean"], recovered["p05"]) == (pytest.approx(1e6), 0.0)
    money = result.money().set_index(["scope", "payer", "kind"])["mean"]
    outlay = 6 * 40e6 * 1.05
    assert money["plan", "all", "outlay"] == pytest.approx(outlay)
    assert money["plan", "city", "outlay"] == pytest.approx(0.75 * outlay)
    assert money["plan", "all", "net"] == pytest.approx(outlay - 1e6)
    assert money["national_law", "centre", "tax_forgone"] == pytest.approx(5e9)


@pytest.mark.skipif(not FORKS, reason="the made-up model reaches the workers by forking")
def test_the_number_of_jobs_changes_nothing(toy: Toy, home: Path) -> None:
    one, two = (run(home / "plan.yaml", replicates=21, jobs=jobs) for jobs in (1, 2))
    assert one.table().equals(two.table())
    assert one.costs().equals(two.costs())
    assert toy.runs == 21 + 1  # the first run warms up here, the others are the workers'


def test_failed_runs_are_named_and_the_rest_goes_on(toy: Toy, home: Path) -> None:
    toy.raising, toy.undefined = {7}, {12}
    result = run(home / "plan.yaml", replicates=40, jobs=1)
    assert len(result.outcomes) == 38
    assert [f.replicate.index for f in result.failures] == [7, 12]
    assert result.failures[0].message == "RuntimeError: seed 7 is unlucky"
    assert result.failures[1].message == "not a finite number: hnte_count in 2014"
    with pytest.raises(RuntimeError, match="seed 7"):
        replay(home / "plan.yaml", index=7)
    assert "index=7, seed=0" in result.failures[0].command
    toy.raising = {7, 8, 9}
    with pytest.raises(StudyError, match="4 of 40 runs failed"):
        run(home / "plan.yaml", replicates=40, jobs=1)


def test_replicates_stop_only_at_fixed_steps(toy: Toy, home: Path) -> None:
    head = (home / "plan.yaml").read_text(encoding="utf-8")
    for width, expected in ((1e6, 10), (1e-6, 45)):
        until = f"replicates: {{min: 10, max: 45, until: {{hnte_count@2016: {width}}}}}"
        (home / "until.yaml").write_text(head.replace("replicates: {min: 8, max: 8}", until), encoding="utf-8")
        assert run(home / "until.yaml", jobs=1).replicates == expected
    text = (home / "until.yaml").read_text(encoding="utf-8").replace("hnte_count@", "hnte_cuont@")
    (home / "until.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="did you mean hnte_count"):
        run(home / "until.yaml", jobs=1)
    with pytest.raises(ValueError):
        run(home / "plan.yaml", replicates=0)


@pytest.mark.parametrize("calibration", ["history", "plan"])
def test_a_calibration_that_is_not_fitted_is_refused_before_running(
    toy: Toy, home: Path, calibration: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.study.posterior.FOLDER", home)  # where none lies
    text = (home / "plan.yaml").read_text(encoding="utf-8") + f"calibration: {calibration}\n"
    (home / "fitted.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="not fitted yet"):
        run(home / "fitted.yaml")
    assert toy.runs == 0


# ---- comparisons ------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["plan", "neutral"])
def test_a_scenario_does_not_differ_from_itself(toy: Toy, home: Path, other: str) -> None:
    result = compare(home / "plan.yaml", home / f"{other}.yaml", replicates=10, jobs=1)
    table = result.table()
    assert (table[["difference", "ci_low", "ci_high", "cost_difference"]] == 0).all(axis=None)
    assert (table["p_better"] == 0.5).all()
    assert table["cost_per_unit"].isna().all()
    assert len(result.settings_diff()) == (other == "neutral")


def test_a_comparison_says_what_differs_what_it_gains_and_costs(toy: Toy, home: Path) -> None:
    result = compare(home / "plan.yaml", [home / "doubled.yaml", home / "neutral.yaml"], replicates=20, jobs=1)
    first = result.settings_diff().iloc[0]
    assert (first["entry"], first["what"]) == ("Q1", "budget")
    assert (first["baseline_value"], first["scenario_value"]) == ("40,000,000", "80,000,000")
    table = result.table().set_index(["scenario", "indicator", "year"])
    row = table.loc[("qingdao-doubled", "hnte_count", 2020)]
    effects = [6 * 40 * e for e in (1.0, 3.0)]
    assert effects[0] / 2 < row["ci_low"] < row["difference"] < row["ci_high"] < effects[1] * 1.5
    assert (row["p_better"], row["cost_difference"]) == (1.0, pytest.approx(6 * 40e6 * 1.05))
    assert row["cost_per_unit"] == pytest.approx(row["cost_difference"] / row["difference"])
    assert table.loc[("qingdao-doubled", "hnte_count", 2014), "difference"] == 0
    paired = result.tables().compare_targets
    assert paired is not None
    share = paired[(paired["scenario"] == "qingdao-doubled") & (paired["id"] == "QD07")].iloc[0]
    assert share["difference"] == pytest.approx(100 * table.loc[("qingdao-doubled", "rd_share", 2016), "difference"])


def test_scenarios_of_two_regions_are_not_compared(toy: Toy, home: Path) -> None:
    from region_maker import write_region

    other = write_region(Path("scenarios"), "benxi").parent / "plan.yaml"
    text = (home / "plan.yaml").read_text(encoding="utf-8").replace("region: qingdao", "region: benxi")
    other.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="another region"):
        compare(home / "plan.yaml", other, replicates=2, jobs=1)


# ---- output folders ---------------------------------------------------------------------------------


def test_a_folder_holds_the_run_and_equal_runs_are_equal_to_the_byte(toy: Toy, home: Path) -> None:
    folders = [
        run(home / "plan.yaml", replicates=6, jobs=jobs).save(f"out{jobs}") for jobs in ((1, 2) if FORKS else (1,))
    ]
    folder = folders[0]
    names = {p.name for p in folder.iterdir()}
    assert names >= {
        "manifest.json", "scenario.yaml", "indicators.parquet", "targets.csv", "costs.csv", "summary.txt", "figures"
    }  # fmt: skip
    data = ("indicators.parquet", "targets.csv", "costs.csv", "money.csv", "scenario.yaml")
    for name in data:
        assert len({(f / name).read_bytes() for f in folders}) == 1, name
    assert (folder / "targets.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    frame = pandas.read_csv(folder / "targets.csv", encoding="utf-8-sig")
    assert list(frame.columns[:13]) == (
        ["id", "region", "name", "indicator", "year", "op", "value", "unit", "mean", "p05", "p50", "p95", "probability"]
    )
    for png in (folder / "figures").glob("*.png"):
        assert png.with_suffix(".csv").is_file()
    assert {"board.png", "fans-1.png", "spending.png"} <= {p.name for p in (folder / "figures").iterdir()}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["runs"][0]["seeds"] == list(range(6))
    assert any(name.endswith("plan.yaml") for name in manifest["inputs"])
    assert not [p for p in Path.cwd().iterdir() if p.name.startswith(".")]
    again = opened(folder / "scenario.yaml")
    assert again.fingerprint() == opened(home / "plan.yaml").fingerprint()


def test_tables_come_back_from_a_folder_as_they_went(toy: Toy, home: Path) -> None:
    result = compare(home / "plan.yaml", home / "doubled.yaml", replicates=6, jobs=1)
    result.save("compared")
    back, there = output.read(Path("compared")), result.tables()
    for name in ("series", "targets", "costs", "money", "compare", "compare_targets", "settings"):
        pandas.testing.assert_frame_equal(
            getattr(back, name), getattr(there, name), check_dtype=False, check_exact=True, obj=name
        )


def test_a_folder_is_never_overwritten_by_another_run(toy: Toy, home: Path) -> None:
    first = run(home / "plan.yaml", replicates=4, jobs=1)
    folder = first.save("out")
    made = (folder / "manifest.json").read_bytes()
    assert first.save("out") == folder
    assert (folder / "manifest.json").read_bytes() == made
    with pytest.raises(InputError, match="another run"):
        run(home / "plan.yaml", replicates=6, jobs=1).save("out")
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("do not touch", encoding="utf-8")
    with pytest.raises(InputError, match="in use"):
        first.save("mine")
    assert (folder / "manifest.json").read_bytes() == made


def test_what_stops_the_writing_leaves_nothing(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(output, "write_scenario", stop)
    with pytest.raises(KeyboardInterrupt):
        run(home / "plan.yaml", replicates=4, jobs=1).save("deep/out")
    assert not list(Path("deep").iterdir())


def test_the_hash_sees_settings_seed_and_replicates(toy: Toy, home: Path) -> None:
    plan, doubled = opened(home / "plan.yaml"), opened(home / "doubled.yaml")
    found = {
        output.identity([plan], (8,), 0),
        output.identity([plan], (8,), 1),
        output.identity([plan], (9,), 0),
        output.identity([doubled], (8,), 0),
    }
    assert len(found) == 4
    assert output.identity([opened(home / "plan.yaml")], (8,), 0) in found
    assert name_of(plan) == "qingdao-plan"


# ---- the public face --------------------------------------------------------------------------------


def test_the_package_is_called_like_its_functions() -> None:
    code = (
        "import sys, simulator\n"
        "assert not {'numpy', 'pandas', 'matplotlib', 'numba'} & set(sys.modules)\n"
        "from simulator import load, run, compare, simulate\n"
        "assert callable(simulate) and callable(load) and callable(run) and callable(compare)\n"
        "from simulator.simulate import simulate as function\n"
        "assert simulate.simulate is function\n"
        "assert not {'pandas', 'matplotlib'} & set(sys.modules), 'too heavy for a worker'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# ---- how figures are written and placed --------------------------------------------------------------


def test_a_negligible_difference_is_about_nothing_and_has_no_price() -> None:
    row = {"unit": "persons", "target": 100.0, "difference": -0.0074, "ci_low": -0.009, "ci_high": -0.006}
    row |= {"cost_per_unit": -5.36e10, "cost_difference": 4.0e8}
    assert terminal_compare.difference_text(row, "en").plain == "≈0"
    assert terminal_compare.unit_cost(row, "en", row["target"]) == "–"
    assert terminal_compare.difference_text(row | {"ci_low": -3.0, "ci_high": 2.0}, "en").plain == "≈0 [-3, +2]"
    known = row | {"difference": 0.08, "ci_low": 0.03, "ci_high": 2.0}  # small, and known not to be zero
    assert terminal_compare.difference_text(known, "en").plain == "+0.08 [+0.03, +2]"
    clear = row | {"difference": 4.0, "ci_low": 3.0, "ci_high": 5.0, "cost_per_unit": 1.0e8}
    assert terminal_compare.difference_text(clear, "en").plain == "+4 [+3, +5]"
    assert terminal_compare.unit_cost(clear, "en", clear["target"]) == "100 mn"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (1.0, "persons", "1 person"),
        (-1.0, "alliances", "-1 alliance"),
        (1.0, "counties", "1 county"),
        (1.0, "firms / year", "1 firm / year"),
        (1.0, "maker spaces", "1 maker space"),
        (0.999, "persons per year", "1 person per year"),
        (1.0e6, "persons", "1 mn persons"),
        (1.5, "persons", "1.5 persons"),
        (1.0, "percent of above-scale firms", "1 %"),
    ],
)
def test_one_of_a_thing_is_in_the_singular(value: float, unit: str, shown: str) -> None:
    assert words.figure(value, unit, "en") == shown
    assert words.runs_text(2, 1, "en") == "2 simulated futures (1 draw of the parameters)"


def test_a_label_stands_where_it_covers_least() -> None:
    room = Room(2.0, 1.0, (0.0, 2.0), (0.0, 1.0))
    above, below = Place(0, 5, "center", "bottom"), Place(0, -5, "center", "top")
    room.line((0.0, 2.0), (0.6, 0.6), 1.0)
    corners = [room.corners(1.0, 0.5, place, "label", 7.0) for place in (above, below)]
    assert room.covered(corners[0]) > 0.0 == room.covered(corners[1])
    assert room.covered(room.corners(1.0, 0.05, below, "label", 7.0)) > 0.0  # out of the chart
    assert corners[0][0][1] == pytest.approx(0.5 + 5 / 72)


def test_the_pages_of_a_chinese_comparison_have_full_width_marks(toy: Toy, home: Path) -> None:
    found = compare(home / "plan.yaml", home / "doubled.yaml", replicates=2, jobs=1)
    text = plain_text(found.tables(), "zh")
    assert not re.search(r"[\u3400-\u9fff”][,;:(]|[,;:(][\u3400-\u9fff“]", text), text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_narrow_comparison_has_each_name_in_one_line(toy: Toy, home: Path, language: str) -> None:
    tables = compare(home / "plan.yaml", home / "doubled.yaml", replicates=2, jobs=1).tables()
    name = tables.meta["runs"][1]["scenario"]
    rows = terminal_compare.compared(tables, name)
    shown = {w: as_text(terminal_compare.Differences(tables, name, language), w).splitlines() for w in (60, 140)}
    assert len(shown[140]) == 1 + len(rows)
    assert len(shown[60]) == 1 + 2 * len(rows)
    for row, head, figures in zip(rows, shown[60][1::2], shown[60][2::2], strict=True):
        assert head.startswith(f"{row['id']} {row['name_zh' if language == 'zh' else 'name']}")
        assert terminal_compare.chances(row) in figures
        assert figures.index(terminal_compare.chances(row)) + 11 == shown[60][2].index("→") + 6  # one column
