"""A planner's own figures: what is read, what is refused, and what weights do."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas
import pytest
from rich.console import Console

from simulator.core.problems import InputError
from simulator.model import INDICATORS
from simulator.report.terminal_actuals import actuals_screen, trust_lines
from simulator.scenario import Scenario
from simulator.study.actuals import (
    LEAST_DRAWS,
    OwnFigures,
    Reweighted,
    effective,
    log_likelihood,
    read_actuals,
    tempered,
    weighted_quantile,
)
from simulator.study.replicates import load_scenario
from simulator.study.tables import Tables

RUNS, YEARS = 300, np.arange(2011, 2021)
EMPTY = pandas.DataFrame()


@pytest.fixture(scope="module")
def plan() -> Scenario:
    return load_scenario("scenarios/qingdao/plan.yaml")


def made_up_tables(runs: int = RUNS, seeds: int = 1) -> Tables:
    """Return a run's tables in which every indicator is its draw's own number times the year's rank."""
    rng = np.random.default_rng(7)
    level = np.repeat(np.exp(rng.normal(np.log(1000.0), 0.4, -(-runs // seeds))), seeds)[:runs]
    grown = level[:, None] * 1.1 ** (YEARS - 2016)[None, :]
    names = np.array(sorted(INDICATORS))
    scale = np.where([INDICATORS[n].kind in ("share", "rate") for n in names], 1e-5, 1.0)
    k, t = len(names), len(YEARS)
    frame = pandas.DataFrame(
        {
            "draw": np.repeat(np.arange(runs) // seeds, t * k),
            "seed": np.repeat(np.arange(runs), t * k),
            "year": np.tile(np.repeat(YEARS, k), runs),
            "indicator": np.tile(names, runs * t),
            "value": (grown[:, :, None] * scale).ravel(),
        }
    )
    return Tables({}, frame, EMPTY, EMPTY, EMPTY)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(("name,year,value,sd", *lines)) + "\n", encoding="utf-8")
    return path


def weighted(path: Path, plan: Scenario, *lines: str, runs: int = RUNS) -> Reweighted:
    return OwnFigures.read(write(path / "own.csv", *lines), plan).reweigh(made_up_tables(runs), path)


def test_published_names_and_indicators_are_the_same_points(tmp_path: Path, plan: Scenario) -> None:
    here = read_actuals(
        write(tmp_path / "a.csv", "rd_expenditure_total,2016,28.64,1", "rd_share_of_gdp,2016,2.86,"), plan
    )
    there = read_actuals(
        write(tmp_path / "b.csv", "rd_expenditure,2016,28640000000,1e9", "rd_share,2016,0.0286,"), plan
    )
    assert here.names == there.names == ("rd_expenditure", "rd_share")
    assert here.values == pytest.approx(there.values)
    assert here.sd_source == pytest.approx(there.sd_source)
    assert list(here.shares) == [False, True]


def test_every_wrong_line_is_named(tmp_path: Path, plan: Scenario) -> None:
    path = write(
        tmp_path / "bad.csv", "hnte_cont,2016,3,", "hnte_count,2030,3,", "rd_share,2016,2.86,", "hnte_count,2016,x,",
        "hnte_count,2016,9,-1", "hnte_count,2016,9,", "hnte_count,2016,9,",
    )  # fmt: skip
    with pytest.raises(InputError) as caught:
        read_actuals(path, plan)
    assert [p.line for p in caught.value.problems] == [2, 3, 4, 5, 6, 8]
    assert caught.value.problems[0].suggestion == "hnte_count"
    for content in ("", "a,b\n1,2\n", "name,year,value\n"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(InputError):
            read_actuals(path, plan)
    with pytest.raises(InputError):
        read_actuals(tmp_path / "nowhere.csv", plan)


def test_weights_are_those_of_a_conjugate_normal(tmp_path: Path, plan: Scenario) -> None:
    found = weighted(tmp_path, plan, "hnte_count,2016,1400,140")
    mean, sd = np.log(1000.0), 0.4
    error = float(np.hypot(0.1, found.points.sd_model[0]))
    after = (mean / sd**2 + np.log(1400.0) / error**2) / (1.0 / sd**2 + 1.0 / error**2)
    row = found.figures.iloc[0]
    assert found.widened == 1.0
    assert np.log(row["after_p50"]) == pytest.approx(after, abs=0.05)
    assert row["after_p95"] - row["after_p05"] < row["p95"] - row["p05"]
    assert found.effective > found.floor


def test_a_figure_that_says_nothing_changes_nothing(tmp_path: Path, plan: Scenario) -> None:
    found = weighted(tmp_path, plan, "hnte_count,2016,1000,100000")
    assert found.effective == pytest.approx(RUNS, rel=0.01)
    assert found.targets["after_probability"].to_numpy() == pytest.approx(found.targets["probability"], abs=0.01)


def test_runs_never_fall_below_the_floor(tmp_path: Path, plan: Scenario) -> None:
    found = weighted(tmp_path, plan, "hnte_count,2016,9000,1", "hnte_count,2017,100,1")
    assert found.effective == pytest.approx(found.floor, rel=1e-3)
    assert found.widened > 1.0
    assert found.untempered < found.floor
    for language, said in (("en", "trusted less"), ("zh", "放大")):
        assert said in " ".join(trust_lines(found, language))
    with pytest.raises(InputError):
        weighted(tmp_path, plan, "hnte_count,2016,1000,", runs=LEAST_DRAWS - 1)


def test_runs_of_one_draw_count_as_one(tmp_path: Path, plan: Scenario) -> None:
    own = OwnFigures.read(write(tmp_path / "own.csv", "hnte_count,2016,1400,140"), plan)
    once, twice = own.reweigh(made_up_tables(100), tmp_path), own.reweigh(made_up_tables(200, 2), tmp_path)
    assert (once.draws, twice.draws, twice.weights.size) == (100, 100, 200)
    assert twice.effective == pytest.approx(once.effective)
    assert twice.floor == once.floor == LEAST_DRAWS
    assert "200 runs have 100 draws" in trust_lines(twice, "en")[0]
    assert "200 次模拟共 100 组参数" in trust_lines(twice, "zh")[0]
    with pytest.raises(InputError, match=r"38 runs of 19 draws.*--replicates 40"):
        own.reweigh(made_up_tables(38, 2), tmp_path)
    lost = own.reweigh(made_up_tables(39, 2), tmp_path)  # the last draw has lost a run
    assert lost.draws == LEAST_DRAWS
    assert lost.floor < LEAST_DRAWS


def test_files_of_one_name_do_not_overwrite_each_other(tmp_path: Path, plan: Scenario) -> None:
    tables = made_up_tables(LEAST_DRAWS)
    for home, value in (("here", 1400), ("there", 1401), ("again", 1400)):
        (tmp_path / home).mkdir()
        path = write(tmp_path / home / "own.csv", f"hnte_count,2016,{value},140")
        OwnFigures.read(path, plan).reweigh(tables, tmp_path)
    made = sorted(tmp_path.glob("actuals-own-*"))
    assert len(made) == 2
    assert len({(m / "actuals.csv").read_bytes() for m in made}) == 2


def test_page_and_files(tmp_path: Path, plan: Scenario) -> None:
    found = weighted(tmp_path, plan, "hnte_count,2016,1400,140", "rd_share,2016,0.02,")
    for language, title in (("en", "Re-weighted by your figures"), ("zh", "按实际数据重新加权")):
        out = Console(file=io.StringIO(), width=160, no_color=True)
        out.print(actuals_screen(found, language))
        text = out.file.getvalue()  # type: ignore[attr-defined]
        assert title in text
        assert "QD10" in text
    (made,) = tmp_path.glob("actuals-own-*")
    assert {p.name for p in made.iterdir()} == {"actuals.csv", "targets.csv"}
    plain = found.plain()
    assert plain["runs"] == RUNS
    assert len(plain["targets"]) == len(found.targets)


def test_parts() -> None:
    weights, power = tempered(np.array([0.0, -1.0, -2.0, -50.0]), 2.0)
    assert power == pytest.approx(1.0, abs=0.2)
    assert effective(weights) >= 2.0 - 1e-9
    with pytest.raises(ValueError, match="worth"):
        tempered(np.zeros(3), 4.0)
    x, w = np.arange(11.0), np.ones(11)
    assert weighted_quantile(x, w, (0.5,)) == pytest.approx([5.0])
    assert weighted_quantile(x, np.where(x == 3.0, 1.0, 1e-12), (0.5,)) == pytest.approx([3.0])


def test_likelihood_counts_years_of_a_series_as_partly_one(tmp_path: Path, plan: Scenario) -> None:
    one = read_actuals(write(tmp_path / "a.csv", "hnte_count,2016,1000,10"), plan)
    two = read_actuals(write(tmp_path / "b.csv", "hnte_count,2016,1000,10", "hnte_count,2015,1000,10"), plan)
    off = np.array([[1200.0, 1200.0]])
    assert 2.0 * log_likelihood(one, off[:, :1])[0] < log_likelihood(two, off)[0] < log_likelihood(one, off[:, :1])[0]
