"""Where a target's change comes from: exact sums, frozen worlds, money against the budget, outside paths."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas
import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.core.declare import Label
from simulator.core.problems import InputError
from simulator.model import INDICATORS
from simulator.report.terminal_attribution import STRIP_CELLS, needed_text, parts_text, strip
from simulator.scenario import Scenario
from simulator.simulate import simulate
from simulator.study import output
from simulator.study.attribution import BASELINE, FROZEN, PARTS, attribution_frame, companions
from simulator.study.budget import added_frame, by_year, known, nominal_gdp
from simulator.study.ensemble import RunResult
from simulator.study.ensemble import run as run_ensemble
from simulator.study.outside_paths import BEYOND, NEEDED, Trials, least_points, out_of_reach, paths_needed, sector_of
from simulator.study.replicates import load_scenario
from simulator.study.statistics import independent, wilson
from simulator.study.tables import money_frame
from simulator.study.targets import Target
from simulator.world.counterfactual import Counterfactual
from tests.model_runs import ROOT, shipped

BENXI, QINGDAO = (ROOT / "scenarios" / city / "plan.yaml" for city in ("benxi", "qingdao"))
REPLICATES = 2
NONE_MET = {f"BX{k:02d}": 0.0 for k in range(1, 56)}


@cache
def attributed() -> RunResult:
    return run_ensemble(shipped(BENXI), replicates=REPLICATES, jobs=1, attribute=True)


def test_the_parts_add_up_to_the_target() -> None:
    result = attributed()
    frame = attribution_frame(result.planned_targets, result.outcomes, result.beside, INDICATORS, 2015.5)
    assert len(frame) >= 7
    sums = frame[["before", *PARTS]].sum(axis=1)
    size = frame[["before", *PARTS]].abs().sum(axis=1)
    assert ((sums - frame["target"]).abs() <= 1e-12 * size).all()
    assert ((frame["reached"] + frame["gap"] - frame["target"]).abs() <= 1e-12 * size).all()
    # in the other order the outside's part and that of the rules add up to the same
    joint = frame["national"] + frame["outside"]
    assert np.allclose(frame["outside_first"] + frame["national_last"], joint, rtol=0, atol=1e-9 * size)
    for name in PARTS:
        assert (frame[f"{name}_p05"] <= frame[f"{name}_p95"]).all()


def test_a_plan_that_is_its_baseline_has_no_part() -> None:
    result = attributed()
    base = dict.fromkeys(result.beside, result.beside[BASELINE])
    frame = attribution_frame(result.planned_targets, result.beside[BASELINE], base, INDICATORS, 2015.5)
    for name in ("plan", "national", "outside", "history"):
        assert (frame[name] == 0.0).all()
    assert (frame["under_way"] != 0.0).any()


def test_nothing_differs_up_to_the_year_that_is_frozen() -> None:
    """The frozen world and the one that came are the same until rules or the outside change."""
    result = attributed()
    for name in ("frozen", "rules", "outside"):
        for a, b in zip(result.beside[name], result.beside[BASELINE], strict=True):
            same = a.years <= 2014
            np.testing.assert_array_equal(a.values[same], b.values[same])
            assert (a.values[~same] != b.values[~same]).any()


def test_an_empty_counterfactual_changes_nothing() -> None:
    scenario = shipped(BENXI, 2015)
    other = replace(scenario, counterfactual=Counterfactual(rules_after=2015, outside_after=2015))
    np.testing.assert_array_equal(simulate(scenario, {}, 1).values, simulate(other, {}, 1).values)
    assert "counterfactual" not in scenario.resolved()
    assert scenario.fingerprint() != other.fingerprint()
    assert Counterfactual().rules(scenario.region) is scenario.region.rules
    assert Counterfactual().outside(scenario.region) == scenario.region.outside()


def test_frozen_rates_and_levels() -> None:
    region = shipped(BENXI).region
    came = region.outside()
    frozen = Counterfactual(outside_after=2014).outside(region)
    for name in ("gdp_real_growth", "wage_growth", "demand:tourism", "steel_price", "patent_office_speed"):
        assert frozen[name][2014] == came[name][2014]
        assert {frozen[name][y] for y in range(2015, 2021)} == {came[name][2014]}, name
    growth = came["population"][2014] / came["population"][2013]
    assert frozen["population"][2020] == pytest.approx(came["population"][2014] * growth**6)
    rules = Counterfactual(rules_after=2015).rules(region)
    assert rules["rd_super_deduction"][2020] == region.rules["rd_super_deduction"][2015]
    more = Counterfactual(demand={"steel": 0.1}, demand_from=2016).outside(region)
    assert more["demand:steel"][2015] == came["demand:steel"][2015]
    assert more["demand:steel"][2016] == pytest.approx(came["demand:steel"][2016] + 0.1)


def test_a_scenario_file_can_hold_a_counterfactual(tmp_path: Path) -> None:
    def written(text: str) -> Scenario:
        path = tmp_path / "other.yaml"
        path.write_text(f"schema: 1\ntitle: other\nregion: benxi\n{text}\n", encoding="utf-8")
        return load_scenario(path)

    found = written("counterfactual: {rules_after: 2015, outside_after: 2014, demand: {steel: 0.2}, demand_from: 2015}")
    assert found.counterfactual == Counterfactual(2015, 2014, {"steel": 0.2}, 2015)
    again = written("counterfactual: " + str(found.resolved()["counterfactual"]).replace("'", ""))
    assert again.counterfactual == found.counterfactual
    with pytest.raises(InputError) as error:
        written("years: [2012, 2020]\ncounterfactual: {rules_after: 1900, outside: 2014, demand: {steal: 1}}")
    text = str(error.value)
    assert "counterfactual.rules_after" in text
    assert "outside_after" in text
    assert "steel" in text


def test_a_plan_without_a_baseline_cannot_be_attributed() -> None:
    scenario = replace(shipped(BENXI), baseline=None)
    assert companions(scenario) == {}
    with pytest.raises(InputError, match="no baseline"):
        companions(scenario, attribute=True)
    with pytest.raises(InputError, match="not simulated"):
        companions(replace(shipped(BENXI), years=(2016, 2020)), attribute=True)
    assert set(companions(shipped(BENXI))) == {BASELINE}
    assert companions(shipped(BENXI), attribute=True)[FROZEN].counterfactual == Counterfactual(2015, 2014)


def test_the_command_writes_prints_and_recognises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("simulator.study.ensemble.out_of_reach", lambda targets, _: out_of_reach(targets, NONE_MET)[:1])
    monkeypatch.setattr("simulator.study.ensemble.RUNS", 1)
    words = ["run", str(BENXI), "--replicates", "2", "--jobs", "1", "--attribute", "--lang", "en"]
    monkeypatch.chdir(tmp_path)
    first = CliRunner().invoke(app, words)
    assert first.exit_code == 0, first.output
    assert "where the change of each target comes from" in first.stdout
    assert "under way" in first.stdout
    (folder,) = (tmp_path / "outputs").iterdir()
    assert "attributed" in folder.name
    for name in ("attribution.csv", "paths_needed.csv", "budget.csv", "figures/attribution.png"):
        assert (folder / name).is_file(), name
    assert (folder / "figures" / "attribution.csv").is_file()
    assert "already there" in CliRunner().invoke(app, words).stdout
    zh = CliRunner().invoke(app, [*words[:-1], "zh"])
    assert "各项目标的变化从何而来" in zh.stdout
    scenario = shipped(BENXI)
    plain = output.identity([scenario], (2,), 0, companions(scenario))
    assert plain != output.identity([scenario], (2,), 0, companions(scenario, attribute=True))


def test_strip_and_sentence() -> None:
    row = {"under_way": 1.0, "national": 0.0, "outside": -1.0, "plan": 1.0, "gap": 3.0}
    assert len(strip(row)) == STRIP_CELLS
    assert strip(row).count("·") == 5
    assert strip(row | {"gap": -3.0}).count("·") == 0
    assert strip(dict.fromkeys(row, 0.0)).strip() == ""
    row |= {"unit": "firms", "base_year": 2014, "before": 10.0, "target": 14.0, "outside_first": 0.5, "history": -2.0}
    text = parts_text(row, "en")
    assert "outside -1 (+0.5)" in text
    assert "gap left 3" in text
    assert "Memo" in text
    assert "超出" in parts_text(row | {"gap": -3.0}, "zh")


# ---- money ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "least", "most"), [(QINGDAO, 0.001, 0.03), (BENXI, 0.0005, 0.01)])
def test_what_a_plan_adds_is_a_believable_part_of_the_budget(path: Path, least: float, most: float) -> None:
    frame = run_ensemble(shipped(path), replicates=2, jobs=1).tables().budget
    assert frame is not None
    assert frame["year"].tolist() == list(range(2015, 2021))
    whole = frame[frame["year"] > 2015]  # the first year is half a year
    assert (whole["share_general"] >= least).all()
    assert (frame["share_general"] <= most).all()
    assert (frame["added_outlay"] <= frame["outlay"]).all()


def test_added_money_is_the_difference_of_the_bills() -> None:
    result = attributed()
    start = result.scenario.region.plan_start
    money = pandas.concat(
        [
            added_frame("x", result.outcomes, result.beside[BASELINE], start),
            money_frame("x", result.outcomes, start),
        ]
    )
    cells = {(r.scope, r.payer, r.kind): r.mean for r in money.itertuples()}
    plan, base = (
        sum(
            a
            for o in outcomes
            for (entry, _, year, payer, kind), a in o.bills.items()
            if entry != "national_law" and year >= 2015 and (payer, kind) == ("city", "outlay")
        )
        / REPLICATES
        for outcomes in (result.outcomes, result.beside[BASELINE])
    )
    assert cells["added", "city", "outlay"] == pytest.approx(plan - base)
    assert cells["plan", "city", "outlay"] == pytest.approx(plan)


def test_budget_between_known_years() -> None:
    region = shipped(BENXI).region
    outside = region.outside()
    found, gdp, anchors = by_year(region, "general_budget_revenue", outside), nominal_gdp(region, outside), known(
        region, "general_budget_revenue"
    )  # fmt: skip
    assert anchors == {2012: pytest.approx(12.2e9), 2022: pytest.approx(7.39e9)}
    for year, value in anchors.items():
        assert found[year] == pytest.approx(value)
    ratios = [found[y] / gdp[y] for y in range(2012, 2023)]
    steps = {round(math.log(b / a), 9) for a, b in pairwise(ratios)}
    assert len(steps) == 1
    assert known(shipped(QINGDAO).region, "general_budget_revenue") == {2017: 115.71e9, 2018: 123.19e9}


# ---- outside paths ----------------------------------------------------------------------------------


def test_bisection_finds_the_least_number() -> None:
    assert least_points(lambda n: n >= 21, 64) == 21
    assert least_points(lambda n: n >= 0, 64) == 0
    assert least_points(lambda _: False, 64) is None


def test_sectors_of_indicators() -> None:
    assert sector_of("steel_revenue") == "steel"
    assert sector_of("tourism_investment") == "tourism"
    assert sector_of("castings_revenue") == "steel"
    assert sector_of("hnte_count") is None


def test_more_demand_meets_what_is_out_of_reach() -> None:
    name = Label("revenue", "收入")
    scenario = shipped(BENXI)
    wanted = Target("X", "benxi", "1", "outcome", 2020, "ge", 4e11, "CNY per year", name, "", "steel_revenue")
    frame = paths_needed(Trials(scenario, jobs=1, runs=2), [wanted], INDICATORS)
    assert frame["path"].tolist() == [*scenario.region.paths, NEEDED]
    last = frame.iloc[-1]
    assert last["met"]
    assert last["extra_growth"] > 0.0
    assert "met if demand for steel grew" in needed_text(last.to_dict(), "en")
    far = replace(wanted, value=1e15)
    assert paths_needed(Trials(scenario, jobs=1, runs=1), [far], INDICATORS)["path"].tolist()[-1] == BEYOND


# ---- intervals --------------------------------------------------------------------------------------


def test_seeds_of_one_draw_are_not_independent() -> None:
    draws = np.repeat(np.arange(20), 2)
    same = np.repeat(np.arange(20) % 2, 2).astype(bool)
    assert independent(same, draws, math.nan) == pytest.approx(20.0)
    rng = np.random.default_rng(1)
    free = rng.random(40) < 0.5
    assert 20.0 <= independent(free, draws, math.nan) <= 40.0
    assert independent(np.ones(40, bool), draws, 1.0) == pytest.approx(20.0)
    narrow, wide = wilson(20, 40), wilson(20, 40, 20.0)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
