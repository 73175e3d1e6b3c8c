"""A new city from ``ris new-region``: it loads, says what is made up, and runs on its own files alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from simulator.cli import app
from simulator.study.new_region import apportion, write_region
from simulator.world import region_schema as schema
from simulator.world.region import load_region


def ris(*words: object) -> Result:
    return CliRunner().invoke(app, [str(w) for w in words], env={"LANG": "C.UTF-8", "COLUMNS": "100"})


def test_a_new_city_is_written_edited_checked_and_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = ris("new-region", "smallville", "--population", 300_000)
    assert made.exit_code == 0, made.output
    home = Path("scenarios/smallville")
    assert {p.name for p in (home / "region").iterdir()} >= {"region.yaml", "vintages.csv", *schema.HEADERS}
    own = {"history.yaml", "baseline.yaml", "plan.yaml", "targets.yaml", "measures.yaml", "leads.yaml"}
    assert own < {p.name for p in home.iterdir()}

    region, targets = home / "region" / "region.yaml", home / "targets.yaml"
    before = load_region(region.parent).figure("hnte_count")
    lines = region.read_text("utf-8").splitlines()
    (at,) = (i for i, line in enumerate(lines) if line.startswith("  hnte_count:"))
    lines[at] = '  hnte_count: {value: 31, unit: "firms", source: yearbook2011}'
    region.write_text("\n".join(lines) + "\n", "utf-8")
    assert before != 31
    targets.write_text(targets.read_text("utf-8").replace("value: 60, ", "value: 45, "), "utf-8")

    plan = home / "plan.yaml"
    checked = ris("check", "--plan", plan, home / "baseline.yaml")
    assert checked.exit_code == 2, "the baseline carries out no measure"
    assert ris("check", plan, home / "history.yaml", home / "baseline.yaml").exit_code == 0
    assert ris("check", "--plan", plan).exit_code == 0

    done = ris("run", plan, "--replicates", 2, "--jobs", 1, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    rows = {row["id"]: row for row in found["targets"]}
    assert set(rows) == {"T1", "T2", "T3"}
    assert rows["T2"]["value"] == 45
    assert all(row["status"] == "simulated" and row["p50"] > 0 for row in rows.values())
    assert "made-up" in found["run"]["status"]["en"].lower()

    targets.write_text(targets.read_text("utf-8").replace("value: 45, ", "value: 46, "), "utf-8")
    again = json.loads(ris("run", plan, "--replicates", 2, "--jobs", 1, "--json").stdout)
    assert again["reused"] is False, "another target is another run"
    listed = json.loads(ris("list", "targets", "--region", "smallville", "--json").stdout)
    assert [row["id"] for row in listed] == ["T1", "T2", "T3"]
    assert {row["lead"] for row in listed} == {"市科技局"}


def test_every_figure_has_a_unit_says_where_to_look_and_is_assumed(tmp_path: Path) -> None:
    write_region("smallville", tmp_path, template="benxi")
    folder = tmp_path / "smallville" / "region"
    region = load_region(folder)
    for name, figure in region.figures.items():
        assert figure.unit, name
        assert figure.source == "assumed", name
        assert "made up" in figure.note, name
    assert set(region.figures) == set(schema.FIGURES)
    text = (folder / "region.yaml").read_text("utf-8")
    assert all(f"  # {name}: " in text for name in schema.OPTIONAL_FIGURES)
    for path in folder.glob("*.csv"):
        if path.name in ("names.csv", "vintages.csv", "national_rules.csv"):
            continue
        with path.open(encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                assert row["unit"], row
                assert row["note"], row
                assert row["source"], row
                national = path.name == "paths.csv" and "made up" not in row["note"]
                assert national or row["source"] == "assumed", row


@pytest.mark.parametrize("template", ["qingdao", "benxi"])
@pytest.mark.parametrize("population", [50_000, 1_000_000, 20_000_000])
def test_a_city_of_any_size_loads(tmp_path: Path, template: str, population: int) -> None:
    write_region("anywhere", tmp_path, template=template, population=population)
    region = load_region(tmp_path / "anywhere" / "region")
    assert region.figure("population") == pytest.approx(population, abs=1)


def test_nothing_is_overwritten_and_bad_names_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out" / "taken").mkdir(parents=True)
    (tmp_path / "out" / "taken" / "mine.txt").write_text("mine")
    for name in ("taken", "Small", "../up", "a-b", "1st", "", "qingdao", "x" * 41):
        done = ris("new-region", "--out", "out", "--", name)
        assert done.exit_code == 2, name
        assert "Traceback" not in done.output
    assert ris("new-region", "fine", "--out", "out", "--from", "nowhere").exit_code == 2
    assert ris("new-region", "fine", "--out", "out", "--population", 7).exit_code == 2
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["taken"]
    assert (tmp_path / "out" / "taken" / "mine.txt").read_text() == "mine"


def test_national_rules_are_those_beside_it_or_its_own_copy(tmp_path: Path) -> None:
    first = write_region("first", tmp_path)
    assert any(p.name == "national_rules.csv" for p in first)
    rules = next(p for p in first if p.name == "national_rules.csv")
    (tmp_path / "national_rules.csv").write_bytes(rules.read_bytes())
    assert not any(p.name == "national_rules.csv" for p in write_region("second", tmp_path))


def test_shares_of_a_whole_number_add_up() -> None:
    assert apportion(10, {"a": 1.0, "b": 1.0, "c": 1.0}) == {"a": 4, "b": 3, "c": 3}
    assert apportion(0, {"a": 1.0}) == {"a": 0}
    assert sum(apportion(997, {str(i): i + 0.3 for i in range(17)}).values()) == 997
