"""What is known of a target: gathered from committed files, and the tables behind it on planted truths."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from simulator.cli import app
from simulator.core.problems import InputError
from simulator.model import INDICATORS, LEVERS
from simulator.report.terminal_explain import explain_page
from simulator.study import grades, influence, made, plans, uncertainty
from simulator.study.explain import explain, grade_of
from simulator.study.priors import parameter_rows
from simulator.study.targets import load_targets
from simulator.study.uncertainty import LUCK, OTHER, Screen, parts_of

DRAWS = 400


def page(found: dict[str, Any], language: str, width: int = 100) -> str:
    out = Console(file=io.StringIO(), width=width, highlight=False, no_color=True, legacy_windows=False)
    out.print(explain_page(found, language))
    return str(out.file.getvalue())  # type: ignore[attr-defined]


def planted(square: float = 0.0, count: int = 60, seed: int = 3) -> tuple[Screen, np.ndarray]:
    """Return a screen of drawn parameters and figures of two seeds: two or three of them matter, and luck."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((DRAWS, count))
    clean = 1.0 * z[:, 7] + square * (z[:, 20] ** 2 - 1.0) + 0.5 * z[:, 40]
    names = [f"part.p{k}" for k in range(count)]
    return Screen(names, np.exp(z)), clean[:, None] + 0.5 * rng.standard_normal((DRAWS, 2))


# ---- uncertainty ------------------------------------------------------------------------------------


def test_shares_of_a_planted_variance_are_found_and_add_to_one() -> None:
    parts = {p.part: p for p in parts_of(*planted())}
    assert set(parts) == {LUCK, "part.p7", "part.p40", OTHER}
    for name, part in (("part.p7", 1.0), ("part.p40", 0.25), (LUCK, 0.25)):
        assert parts[name].share == pytest.approx(part / 1.5, abs=0.06)
        assert parts[name].low < part / 1.5 + 0.02
        assert parts[name].high > part / 1.5 - 0.02
    assert parts[OTHER].share < 0.05
    assert sum(p.share for p in parts.values()) == pytest.approx(1.0, abs=0.02)
    assert [p.part for p in parts_of(*planted())][:2] == [LUCK, "part.p7"]


def test_a_parameter_that_matters_at_both_ends_alone_is_found() -> None:
    assert {p.part for p in parts_of(*planted(square=0.5))} == {LUCK, "part.p7", "part.p20", "part.p40", OTHER}


def test_what_is_luck_alone_has_no_parameter_above_the_noise() -> None:
    screen, _ = planted()
    rng = np.random.default_rng(11)
    found = sum(len(parts_of(screen, rng.standard_normal((DRAWS, 2)))) - 2 for _ in range(40))
    assert found <= 6  # one in twenty is expected to show something
    assert parts_of(screen, np.ones((DRAWS, 2))) == []


# ---- files that are out of date ---------------------------------------------------------------------


def test_a_table_says_whether_the_model_has_changed_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, file = tmp_path / "influence.csv", tmp_path / "made.json"
    assert made.state_of(table, "qingdao", file) == "absent"
    table.write_text("x\n")
    assert made.state_of(table, "qingdao", file) == "unknown"
    made.record(table, ["qingdao"], file, pairs=24)
    assert made.state_of(table, "qingdao", file) == "current"
    assert made.state_of(table, "benxi", file) == "stale"
    monkeypatch.setattr(made, "model_hash", lambda: "another")
    assert made.state_of(table, "qingdao", file) == "stale"


# ---- explain ----------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the committed influence table and a made-up one of uncertainty and attribution."""
    (tmp_path / "influence.csv").write_bytes(influence.TABLE.read_bytes())
    parameter = parameter_rows()[5].name
    head = {"region": "qingdao", "what": "QD10", "indicator": "hnte_count", "year": "2016"}
    parts = (LUCK, 0.2, 0.1, 0.3, 0.0), (parameter, 0.5, 0.4, 0.6, 0.02), (OTHER, 0.3, "", "", 0.02)
    rows = [head | dict(zip(uncertainty.COLUMNS[4:], map(str, p), strict=True)) for p in parts]
    uncertainty.write_csv(rows, tmp_path / "uncertainty.csv")
    made.record(tmp_path / "uncertainty.csv", ["qingdao"], tmp_path / "made.json")
    return tmp_path


def test_a_target_is_explained_from_files_alone(folder: Path) -> None:
    found = explain("qd10", "en", folder=folder)
    assert (found["what"], found["region"], found["indicator"]["name"]) == ("qd10", "qingdao", "hnte_count")
    first = found["moved_by"][0]
    assert first["lever"] == "hnte_relief"
    assert first["low"] < first["effect"] < first["high"]
    assert first["cost_per_year"] == LEVERS["hnte_relief"].dose["budget"]
    assert {m["name"] for m in first["mechanisms"]} >= {"certification"}
    assert set(first["terms"]) >= {"hnte_tax", "hnte_cost"}
    assert first["evidence"] in ("verified", "judgement", "assumed")
    with influence.TABLE.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if (r["city"], r["indicator"]) == ("qingdao", "hnte_count")]
    clear = {r["lever"] for r in rows if r["above_noise"] == "yes" and float(r["low"]) * float(r["high"]) > 0.0}
    assert {m["lever"] for m in found["moved_by"] if m["effect"] is not None} == clear & set(LEVERS)
    sure = found["uncertainty"]
    assert (sure["luck"], sure["ignorance"], sure["other"]) == (0.2, 0.8, 0.3)
    assert sure["parameters"][0]["source"] == parameter_rows()[5].source
    assert found["files"] == {"influence.csv": "unknown", "uncertainty.csv": "current", "attribution.csv": "absent"}


def test_the_page_reads_well_in_both_languages_and_narrow(folder: Path) -> None:
    english = page(explain("QD10", "en", folder=folder), "en")
    for text in ("What moves it", "Relief for high-tech enterprises: +", "purse: up to CNY", "acts through: ",
                 "luck is 20 % and ignorance of the parameters 80 %", "50 % [40, 60 %]",
                 "influence.csv: not recorded"):  # fmt: skip
        assert text in english, text
    chinese = page(explain("QD10", "zh", folder=folder), "zh")
    for text in ("哪些工具会使其变动", "作用环节：", "随机因素占 20 %", "未记录生成时的模型版本"):
        assert text in chinese, text
    assert "nan" not in english.lower().replace("finance", "")
    assert all(len(line.rstrip()) <= 60 for line in page(explain("QD10", "en", folder=folder), "en", 60).splitlines())


def test_every_target_and_indicator_has_a_page(folder: Path) -> None:
    names = [t.id for t in load_targets()][::9] + list(INDICATORS)[::29]
    for name in names:
        for language in ("en", "zh"):
            text = page(explain(name, language, folder=folder), language)
            assert len(text) > 80
            assert "None" not in text
    benxi = explain("BX06", "en", folder=folder)
    assert benxi["region"] == "benxi"


def test_where_a_target_comes_from_is_told(folder: Path) -> None:
    figures = {"base_year": 2014, "target": 1000, "before": 800, "under_way": 150, "national": 20, "outside": 5,
               "plan": 40, "gap": -15, "outside_first": 5}  # fmt: skip
    row = {"id": "QD10", "region": "qingdao", "unit": "firms", "history": "", **figures}
    with (folder / "attribution.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)
    found = explain("QD10", "en", folder=folder)
    assert found["comes_from"]["history"] is None
    json.dumps(found, allow_nan=False)
    assert "end of 2014 800; under way +150; national rules +20" in page(found, "en", 200)


def test_what_is_unknown_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="neither a target nor an indicator"):
        explain("rd_shar", "en")
    found = CliRunner().invoke(app, ["explain", "rd_shar"])
    assert found.exit_code == 2


def test_the_command_gives_json_and_a_page() -> None:
    found = CliRunner().invoke(app, ["explain", "rd_share", "--json", "--lang", "en"])
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told["target"] is None
    assert "QD07" in told["targets"]
    assert CliRunner().invoke(app, ["explain", "QD07", "--lang", "zh"]).exit_code == 0


def test_sources_are_graded() -> None:
    assert grade_of("howell2017") == "verified"
    assert grade_of("effect:howell2017") == "verified"
    assert grade_of("assumed") == "assumed"
    assert grade_of("obs:anything") == "observed"
    assert grade_of("plan:anything") == "plan"
    from ruamel.yaml import YAML

    rows = YAML(typ="safe").load(plans.EVIDENCE_FILE.read_text("utf-8"))
    assert grades._qualities() == {str(key): row["quality"] for key, row in rows.items()}
    assert {n: c for n, c in plans.lever_evidence().items() if any(c.values())} == {
        n: {g: [grade_of(k) if k != "assumed" else k for k in keys].count(g) for g in plans.GRADES}
        for n, keys in grades._sources_by_lever().items()
    }
    known = {"verified", "judgement", "assumed", "observed", "plan"}
    assert {grade_of(row.source) for row in parameter_rows()} <= known
