"""The lists and the plans: every row of the plans' files is shown, and each plan carries out every measure."""

from __future__ import annotations

import json
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from simulator.cli import app
from simulator.model import INDICATORS, LEVERS
from simulator.report import listing
from simulator.report.catalogue import region_state
from simulator.report.terminal import plain_text
from simulator.report.words import full_figure, unit_text
from simulator.study import plans
from simulator.study.comparison import compare
from simulator.study.ensemble import RunResult, run
from simulator.study.output import save
from simulator.study.replicates import load_scenario
from simulator.study.targets import HEADLINE_KINDS, load_targets

ROOT = Path(__file__).resolve().parents[1]
CITIES = sorted(p.parent.name for p in (ROOT / "scenarios").glob("*/plan.yaml"))
WIDE = re.compile(r"[^\x00-\u2fff]")


def ris(*words: object, **environment: str) -> Result:
    return CliRunner().invoke(app, [str(w) for w in words], env={"LANG": "C.UTF-8", "COLUMNS": "80", **environment})


def rows(name: str) -> list[dict[str, Any]]:
    return YAML(typ="safe", pure=True).load(ROOT / "calibration" / name)


@cache
def played(city: str) -> RunResult:
    return run(ROOT / "scenarios" / city / "plan.yaml", replicates=2, jobs=1)


def width(line: str) -> int:
    return len(line) + len(WIDE.findall(line))


# ---- lists ------------------------------------------------------------------------------------------


def test_the_list_of_targets_holds_every_row_of_the_plans() -> None:
    shown = {row["id"]: row for row in json.loads(ris("list", "targets", "--json").stdout)}
    wanted = rows("targets.yaml")
    assert list(shown) == [row["id"] for row in wanted]
    for row in wanted:
        mine = shown[row["id"]]
        assert (mine["region"], mine["section"], mine["quote"]) == (row["region"], row["section"], row["quote"])
        assert mine["lead"]
        assert mine["evidence"] in (*plans.GRADES, plans.NO_EVIDENCE)
        if row.get("indicator") in INDICATORS:
            assert mine["indicator"] == row["indicator"]
            declared = {name for name, lever in LEVERS.items() if row["indicator"] in lever.moves}
            assert declared <= {m["lever"] for m in mine["moved_by"]}
            assert sum(mine["evidence_levers"].values()) <= len(mine["moved_by"])


def test_the_list_of_levers_holds_every_measure_of_the_plans() -> None:
    shown = json.loads(ris("list", "levers", "--json").stdout)
    wanted = rows("measures.yaml")
    found = {m["id"]: (row["name"], m) for row in shown for m in row["measures"]}
    assert sorted(found) == sorted(row["id"] for row in wanted)
    for row in wanted:
        lever, mine = found[row["id"]]
        assert lever == row["lever"]
        assert {key: mine[key] for key in ("region", "section", "quote", "dose")} == {
            key: row[key] for key in ("region", "section", "quote", "dose")
        }
        assert mine["lead"]
    assert set(LEVERS) <= {row["name"] for row in shown}
    for row in shown:
        assert row["evidence"] == plans.grade_of(row["evidence_rows"])


@pytest.mark.parametrize("city", CITIES)
def test_a_list_can_be_of_one_city_and_says_what_its_figures_rest_on(city: str) -> None:
    status = load_scenario(ROOT / "scenarios" / city / "plan.yaml").region.status
    assert status is not None
    for things in ("targets", "levers"):
        told = json.loads(ris("list", things, "--region", city, "--json").stdout)
        mine = told if things == "targets" else [m for row in told for m in row["measures"]]
        all_rows = rows("targets.yaml" if things == "targets" else "measures.yaml")
        assert sorted(row["id"] for row in mine) == sorted(row["id"] for row in all_rows if row["region"] == city)
        assert {row["region_status"] for row in mine} == {status.en}
        shown = " ".join(ris("list", things, "--region", city).stdout.split())
        assert " ".join(status.en.split()) in shown
    done = ris("list", "targets", "--region", f"{city}x")
    assert (done.exit_code, f"did you mean {city}?" in done.stderr) == (2, True)


@pytest.mark.parametrize("things", ["targets", "levers", "indicators", "parameters", "regions", "scenarios"])
def test_a_list_fits_a_terminal_without_breaking_names(things: str) -> None:
    shown = ris("list", things).stdout
    assert max(width(line) for line in shown.splitlines()) <= 80
    words = set(re.split(r"[\s,;()]+", shown))
    names = {"targets": "id", "regions": "id", "scenarios": "file"}
    for row in listing.rows_of(things, "en"):
        assert row[names.get(things, "name")] in words
        for m in row.get("measures", ()):
            assert m["id"] in words


def test_what_was_measured_is_listed_where_it_stands_clear_of_luck(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lever, other = sorted(LEVERS)[:2]
    text = (
        "city,lever,indicator,offset,effect,low,high,relative,above_noise\n"
        f"qingdao,{lever},rd_share,0,-1,-2,-0.5,-0.1,yes\nqingdao,{lever},rd_share,3,2,1,3,0.2,yes\n"
        f"qingdao,{lever},rd_share,mean,1,0.5,2,,yes\nqingdao,{other},rd_share,3,2,-1,3,0.2,yes\n"
        f"qingdao,{other},rd_share,1,2,1,3,0.2,no\n"
    )
    (tmp_path / "influence.csv").write_text(text, "utf-8")
    monkeypatch.setattr(plans, "INFLUENCE_FILE", tmp_path / "influence.csv")
    (row,) = plans.load_influence()
    assert (row.lever, row.region, row.effect, row.relative) == (lever, "qingdao", 2.0, 0.2)
    shown = {t["id"]: t for t in listing.targets("en", "qingdao")}
    movers = {m["lever"]: m for m in shown["QD07"]["moved_by"]}
    assert movers[lever]["sign"] == "+"
    assert movers[lever]["effect"] == 2.0
    monkeypatch.setattr(plans, "INFLUENCE_FILE", tmp_path / "none.csv")
    assert plans.load_influence() == ()


def test_a_section_is_led_by_its_own_row_or_the_one_above() -> None:
    leads = plans.load_leads()
    own = {(row["region"], row["section"]): row["lead"] for row in rows("leads.yaml")}
    above = plans.lead_of(leads, "benxi", "4.3.1")
    assert above is not None
    assert above.lead == own["benxi", "4.3"]
    assert plans.lead_of(leads, "benxi", "5.1-5.5") is None
    assert plans.lead_of(leads, "benxi", "4.30") is None
    for (region, section), lead in own.items():
        found = plans.lead_of(leads, region, section)
        assert found is not None
        assert found.lead == lead


@pytest.mark.parametrize(
    ("counts", "grade"),
    [
        ({}, "none"),
        ({"verified": 1, "assumed": 1}, "verified"),
        ({"verified": 1, "judgement": 1, "assumed": 2}, "judgement"),
        ({"judgement": 1, "assumed": 2}, "assumed"),
    ],
)
def test_the_grade_is_what_half_the_rows_reach(counts: dict[str, int], grade: str) -> None:
    assert plans.grade_of(counts) == grade


def test_every_unit_has_a_chinese_name() -> None:
    units = {t.unit for t in load_targets()} | {i.unit for i in INDICATORS.values()}
    left = sorted(u for u in units if re.search("[A-Za-z]", unit_text(u, "zh")))
    assert not left, "add them to _UNITS_ZH in simulator/report/words.py"


def test_a_figure_is_written_with_its_whole_unit() -> None:
    assert full_figure(1e10, "CNY per year", "en", ">") == "> CNY 10 bn per year"
    assert full_figure(2.77, "percent of GDP", "en", "≥") == "≥ 2.77 % of GDP"
    assert full_figure(2.77, "percent of GDP", "zh", "≥") == "占生产总值 ≥ 2.77 %"
    assert full_figure(1.0, "share of districts", "en") == "100 % of districts"
    assert full_figure(1e7, "m2", "en") == "10 mn m²"
    assert full_figure(1000, "firms", "zh") == "1,000家"


# ---- plans and measures -----------------------------------------------------------------------------


@pytest.mark.parametrize("city", CITIES)
def test_a_plan_and_its_measures_agree(city: str) -> None:
    plan = ROOT / "scenarios" / city / "plan.yaml"
    assert [str(p) for p in plans.check_plan(load_scenario(plan))] == []
    assert ris("check", "--plan", plan).exit_code == 0


def test_a_measure_without_entry_and_an_entry_without_measure_are_reported(tmp_path: Path) -> None:
    scenarios = tmp_path / "scenarios"
    shutil.copytree(ROOT / "scenarios", scenarios)
    path = scenarios / "qingdao" / "plan.yaml"
    text = path.read_text(encoding="utf-8")
    assert "  - id: QL09d\n" in text
    path.write_text(text.replace("  - id: QL09d\n", "  - id: own_idea\n"), encoding="utf-8")
    assert ris("check", path).exit_code == 0
    done = ris("check", path, "--plan")
    assert done.exit_code == 2
    assert "measure QL09d (innovation_voucher, section 9) has no entry" in done.stderr
    line = 1 + text.splitlines().index("  - id: QL09d")
    assert f"plan.yaml:{line}:5: entry of no measure (read 'own_idea'" in done.stderr
    path.write_text(text.replace("  - id: QL09d\n", "  - id: QL09d_first\n"), encoding="utf-8")
    assert "QL09d" not in ris("check", path, "--plan").stderr


def test_an_entry_belongs_to_the_measure_it_is_named_after() -> None:
    known = ("BL112", "BL112b")
    assert [plans.measure_of(i, known) for i in ("BL112", "BL112b_street", "BL112c", "HB_bank")] == [
        "BL112",
        "BL112b",
        None,
        None,
    ]


# ---- what a run prints ------------------------------------------------------------------------------


@pytest.mark.parametrize("city", CITIES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_run_prints_every_target_of_its_city(city: str, language: str) -> None:
    result = played(city)
    shown = plain_text(result.tables(), language)
    words = re.split(r"[\s;；]+", shown)
    assert result.planned_targets
    for target in result.planned_targets:
        assert words.count(target.id) == 1, target.id
    simulated = result.targets()[result.targets()["status"] == "simulated"]
    headline = simulated["kind"].isin(HEADLINE_KINDS)
    at = [shown.index(f"\n{i} ") for i in (*simulated["id"][headline], *simulated["id"][~headline])]
    split = int(headline.sum())
    assert max(at[:split], default=0) < min(at[split:], default=len(shown))
    status = result.scenario.region.status
    assert status is not None
    assert "".join(region_state(status, language).split()) in "".join(shown.split())
    assert max(width(line) for line in shown.splitlines()) <= 100
    assert ("drawn from neighbours" if language == "en" else "从邻近城市吸引") in shown


def test_a_saved_run_says_in_its_manifest_what_its_figures_rest_on(tmp_path: Path) -> None:
    result = played("benxi")
    folder = save([result], tmp_path / "out", result.tables(), "en")
    status = result.scenario.region.status
    assert status is not None
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["status"] == {"en": status.en, "zh": status.zh}
    assert " ".join(status.en.split()) in " ".join((folder / "summary.txt").read_text("utf-8").split())


def test_a_comparison_shows_units_savings_and_both_sides_of_what_is_drawn() -> None:
    plan = load_scenario(ROOT / "scenarios" / "benxi" / "plan.yaml")
    larger = plan.with_settings({"BL113.award": 60_000})
    without_plan = load_scenario(plan.path.with_name("baseline.yaml"))
    result = compare(plan, [plan, larger, without_plan], replicates=2, jobs=1)
    shown = plain_text(result.tables(), "en")
    same, changed, without = re.split(r"^─+$", shown, flags=re.MULTILINE)[1:4]
    assert "equal" in same
    assert "50%" not in same
    assert re.search(r"award: [\d,]+ → 60,000 CNY", changed)
    assert "saves" in without
    assert "neighbours lose" in without
    status = plan.region.status
    assert status is not None
    assert " ".join(status.en.split()) in " ".join(shown.split())
