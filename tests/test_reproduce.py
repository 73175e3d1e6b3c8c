"""Running a manifest again: the same figures, or what differs; and formats that are read or refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import toy_model
from typer.testing import CliRunner

from simulator.cli import app
from simulator.commands.common import GATE_FAILED, INPUT_WRONG
from simulator.core.problems import InputError
from simulator.study import formats, kept, output
from simulator.study.comparison import compare
from simulator.study.ensemble import RunResult, run
from simulator.study.packed import load_packed
from simulator.study.posterior import clear_cache, load_posterior, save_posterior
from simulator.study.reproduce import reproduce
from simulator.study.reproduce_environment import code_parts, environment, machine
from simulator.study.reproduce_tables import TOLERANCE, compared, relative
from simulator.study.tables import Tables
from simulator.study.targets import load_targets

toy, home = toy_model.toy, toy_model.home  # the fixtures


def written(runs: list[RunResult], tables: Tables, folder: Path) -> Path:
    """Write what a run's folder needs to be reproduced: no pictures, no pages."""
    folder.mkdir()
    tables = replace(tables, meta={**tables.meta, "hash": "0", "created": "then"})
    output.write_series(tables.series, folder / output.SERIES)
    for name in output._FRAMES:
        if getattr(tables, name) is not None:
            output.write_csv(getattr(tables, name), folder / f"{name}.csv")
    for one in runs:
        output.write_scenario(one.scenario, folder / "scenarios" / f"{one.name}.yaml")
    content = output.manifest_of(runs, tables, "") | {"tables": output._tables_of(folder)}
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.fixture
def recorded(toy: toy_model.Toy, home: Path) -> Path:
    """Return the folder of a run of the made-up model."""
    # a name that no shipped scenario has: a manifest's files are looked for in the checkout too
    (home / "mine.yaml").write_text((home / "plan.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    result = run(home / "mine.yaml", jobs=1)
    return written([result], result.tables(), Path("recorded"))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


# ---- the same -----------------------------------------------------------------------------------------


def test_a_run_is_reproduced_from_its_folder(recorded: Path) -> None:
    found = reproduce(recorded, jobs=1)
    assert found.same
    assert found.changes == ()
    assert found.largest.largest == 0.0
    assert sum(t.figures for t in found.tables) > 100


def test_a_comparison_is_reproduced(toy: toy_model.Toy, home: Path) -> None:
    result = compare(home / "plan.yaml", [home / "doubled.yaml"], replicates=6, jobs=1, on=("QD10",))
    folder = written(list(result.runs), result.tables(), Path("compared"))
    found = reproduce(folder / "manifest.json", jobs=1)
    assert found.same
    assert found.changes == ()
    assert {"compare", "win", "settings"} <= {t.table for t in found.tables}


def test_a_manifest_alone_compares_bytes(recorded: Path, tmp_path: Path) -> None:
    alone = tmp_path / "manifest.json"
    alone.write_bytes((recorded / "manifest.json").read_bytes())
    found = reproduce(alone, jobs=1)
    assert found.by_digest
    assert found.same
    edit(tmp_path, lambda content: content["tables"].update({"targets.csv": "0" * 64}))
    found = reproduce(alone, jobs=1)
    assert [t.table for t in found.tables if not t.same] == ["targets"]


def test_a_scenario_that_is_gone_is_read_from_its_copy(recorded: Path) -> None:
    Path("scenarios/qingdao/mine.yaml").unlink()
    found = reproduce(recorded, jobs=1)
    assert found.same
    assert {c.kind for c in found.changes} == {"input"}


# ---- not the same -------------------------------------------------------------------------------------


def test_an_edited_scenario_is_named_with_the_largest_difference(recorded: Path) -> None:
    path = Path("scenarios/qingdao/mine.yaml")
    path.write_text(path.read_text(encoding="utf-8").replace("40 MCNY", "41 MCNY"), encoding="utf-8")
    done = CliRunner().invoke(app, ["run", "--from", str(recorded), "--jobs", "1", "--lang", "en"])
    assert done.exit_code == GATE_FAILED
    assert "not the same" in done.output
    assert "scenario qingdao-mine: recorded" in done.output
    assert "mine.yaml: recorded" in done.output
    assert "figures differ, by at most" in done.output
    chinese = CliRunner().invoke(app, ["run", "--from", str(recorded), "--jobs", "1", "--lang", "zh"])
    assert "结果不一致" in chinese.output
    assert "与记录不一致之处" in chinese.output


def test_versions_and_machine_are_named_where_they_differ(recorded: Path) -> None:
    def older(content: dict[str, Any]) -> None:
        content["versions"]["numba"] = "0.1"
        content["machine"]["cpu"] = "abacus"
        content["generator"] = "dice"
        content["code"] = "0" * 64
        content["code_parts"]["simulator/core"] = "0" * 64
        content["code_parts"]["simulator/report"] = "0" * 64

    edit(recorded, older)
    done = CliRunner().invoke(app, ["run", "--from", str(recorded), "--jobs", "1", "--json"])
    assert done.exit_code == 0
    plain = json.loads(done.stdout)
    assert plain["same"]
    named = {(c["kind"], c["name"]) for c in plain["changes"] if c["matters"]}
    wanted = {("version", "numba"), ("machine", "cpu"), ("code", "simulator/core")}
    assert named == wanted | {("version", "generator of random numbers")}
    assert [c["name"] for c in plain["changes"] if not c["matters"]] == ["simulator/report"]


def test_recorded_tables_that_were_changed_are_refused(recorded: Path) -> None:
    (recorded / "targets.csv").write_text("id\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["run", "--from", str(recorded), "--jobs", "1"])
    assert done.exit_code == INPUT_WRONG
    assert "was changed after it was written" in done.output


@pytest.mark.parametrize("content", ["{}", "[]", "{", '{"runs": [], "run": {}}', '{"runs": [{"file": "x"}], "run": 1}'])
def test_what_is_no_manifest_is_refused(toy: toy_model.Toy, home: Path, content: str) -> None:
    Path("manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError):
        reproduce(Path("manifest.json"), jobs=1)


@pytest.mark.parametrize("words", [["run"], ["run", "x.yaml", "--from", "y"], ["run", "--from", "y", "--seed", "1"]])
def test_a_run_is_asked_for_in_one_way(words: list[str]) -> None:
    assert CliRunner().invoke(app, words).exit_code == INPUT_WRONG


# ---- tables -------------------------------------------------------------------------------------------


def test_figures_are_held_against_the_larger_of_two() -> None:
    first = np.array([1.0, 1.0, 0.0, np.nan, np.nan, np.inf, 1e-13])
    second = np.array([1.0, 1.0 + 2 * TOLERANCE, 0.0, np.nan, 1.0, np.inf, 0.0])
    off = relative(first, second)
    assert off[[0, 2, 3, 5, 6]].tolist() == [0.0] * 5
    assert off[1] == pytest.approx(2 * TOLERANCE)
    assert off[4] == np.inf


def test_rows_columns_and_texts_that_differ_are_said() -> None:
    first = pandas.DataFrame({"id": ["a", "b"], "name": ["x", "y"], "mean": [1.0, 2.0], "old": [0.0, 0.0]})
    second = pandas.DataFrame({"id": ["b", "c"], "name": ["z", "y"], "mean": [2.5, 2.0]})
    found = compared("t", first, second)
    assert found.other == ("column old only recorded", "1 rows only recorded", "1 rows only here", "1 of name")
    assert (found.different, found.recorded, found.here, found.where) == (1, 2.0, 2.5, "mean of b")
    assert compared("t", None, second).other == ("only here",)


def test_the_environment_holds_what_can_change_a_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "x")
    assert machine()["settings"]["NUMBA_CPU_NAME"] == "generic"
    assert "NUMBA_CACHE_DIR" not in machine()["settings"]
    assert {"cpu", "cpu_features", "llvm", "blas", "libc"} <= set(machine())
    assert {"numpy", "numba", "llvmlite", "python"} <= set(environment()["versions"])
    assert {"simulator/core", "simulator/mechanisms", "calibration/targets.yaml"} <= set(code_parts())


# ---- formats ------------------------------------------------------------------------------------------


def refused(what: formats.Format, read: Callable[[], object], found: int) -> None:
    with pytest.raises(InputError) as error:
        read()
    assert what.what in str(error.value)
    assert f"schema {found}" in str(error.value)
    assert ("newer" if found > what.written else "older") in str(error.value)


@pytest.mark.parametrize("found", [0, 99])
def test_a_manifest_of_another_format_is_refused_by_name(recorded: Path, found: int) -> None:
    edit(recorded, lambda content: content.update(schema=found))
    refused(formats.MANIFEST, lambda: output.read(recorded), found)
    refused(formats.MANIFEST, lambda: reproduce(recorded), found)


def test_a_manifest_without_a_format_is_read(recorded: Path) -> None:
    def before(content: dict[str, Any]) -> None:
        for key in ("schema", "machine", "generator", "code_parts", "model", "tables"):
            del content[key]

    edit(recorded, before)
    assert len(output.read(recorded).targets)
    assert reproduce(recorded, jobs=1).same


@pytest.mark.parametrize("found", [0, 2])
def test_a_study_of_another_format_is_refused_by_name(tmp_path: Path, found: int) -> None:
    (tmp_path / "study.json").write_text(json.dumps({"schema": found, "kind": "sweep"}), encoding="utf-8")
    refused(formats.STUDY, lambda: kept.read_study(tmp_path), found)


@pytest.mark.parametrize("found", [0, 2])
def test_a_posterior_of_another_format_is_refused_by_name(tmp_path: Path, found: int) -> None:
    save_posterior("x", "history", ["a"], np.ones((2, 1)), {"size": 2}, tmp_path)
    beside = tmp_path / "x-history.json"
    content = json.loads(beside.read_text(encoding="utf-8"))
    assert content["schema"] == formats.POSTERIOR.written
    assert load_posterior("x", "history", tmp_path) is not None
    beside.write_text(json.dumps(content | {"schema": found}), encoding="utf-8")
    clear_cache()
    refused(formats.POSTERIOR, lambda: load_posterior("x", "history", tmp_path), found)
    del content["schema"]  # as they were written before
    beside.write_text(json.dumps(content), encoding="utf-8")
    assert load_posterior("x", "history", tmp_path) is not None


@pytest.mark.parametrize("found", [0, 2, None])
def test_a_packed_bank_of_another_format_is_refused_by_name(tmp_path: Path, found: int | None) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    meta = {"region": "x", "seed": 0, "bank": "b", "model": "m", "priors": "p"} | (
        {} if found is None else {"schema": found}
    )
    table = arrow.table({"draw": arrow.array([0], arrow.int32()), "gdp@2012": arrow.array([1.0], arrow.float32())})
    parquet.write_table(table.replace_schema_metadata({"ris": json.dumps(meta)}), tmp_path / "x-bank.parquet")
    if found is None:
        assert load_packed("x", tmp_path) is not None
    else:
        refused(formats.PACKED, lambda: load_packed("x", tmp_path), found)


ROW = '- {id: A, region: x, section: "1", kind: outcome, year: 2016, op: ge, value: 1, unit: u, name: n, quote: q}\n'


@pytest.mark.parametrize("found", [0, 2])
def test_rows_of_another_format_are_refused_by_name(tmp_path: Path, found: int) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(f"- {{schema: {found}}}\n{ROW}", encoding="utf-8")
    refused(formats.ROWS, lambda: load_targets(path=path), found)
    path.write_text(f"- {{schema: 1}}\n{ROW}", encoding="utf-8")
    assert [t.id for t in load_targets(path=path)] == ["A"]


def test_a_bank_of_another_format_is_refused_by_name() -> None:
    assert formats.BANK.stamp == {"schema": 1}
    refused(formats.BANK, lambda: formats.BANK.check({"schema": 2}, Path("bank.json")), 2)
    with pytest.raises(InputError, match="no version of"):
        formats.BANK.check({"schema": "one"}, Path("bank.json"))
