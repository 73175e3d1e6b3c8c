"""The report page: everything a planner needs stands in one file, escaped, in both languages."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from string import Formatter

import pandas
import pytest
from markupsafe import Markup
from rich.table import Table
from rich.text import Text
from toy_model import Toy
from toy_pages import PIXEL, folder, home, toy, toy_in_place
from typer.testing import CliRunner

from simulator.cli import app
from simulator.core.problems import InputError
from simulator.report.change_first import Change, change_text
from simulator.report.html.charts import Layer, areas, shortened, steps, strip
from simulator.report.html.labels import LABELS
from simulator.report.html.page import HERE, report_html, report_of, write_report
from simulator.report.html.rich_html import to_html
from simulator.report.html.svg import spaced, ticks
from simulator.report.memo import write_memo
from simulator.study import output, posterior
from simulator.study.attribution import COLUMNS, SHOWN
from simulator.study.comparison import compare
from simulator.study.ensemble import run

__all__ = ["folder", "home", "toy", "toy_in_place"]  # fixtures

HOSTILE = """</title><script>alert(1)</script><img src=x onerror='x'>"&amp;"""
SECTIONS = ("first", "targets", "fans", "from", "true", "spending", "bureaus", "districts", "assumed", "gates", "again")
MOST_BYTES = 5_000_000


def ids(page: str) -> Iterator[str]:
    """Yield the ids of a page's sections."""
    return (found[1] for found in re.finditer(r'<section id="([\w-]+)"', page))


def reaches_out(page: str) -> list[str]:
    """Return what would make a browser ask for anything else than the file."""
    tags = " ".join(re.findall(r"<[a-zA-Z][^<>]*>", page))
    asked = re.findall(r"""\s(?:src|href|action|data|xlink:href)\s*=\s*["']?([^"'\s>]+)""", tags)
    outside = [a for a in asked if not a.startswith(("#", "data:image/png;base64,"))]
    return outside + re.findall(r"https?://[^\s\"'<]*|@import|url\((?!#)[^)]*\)", page)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_run_has_a_page_with_every_section(folder: Path, language: str) -> None:
    page = report_of(folder, language)
    assert list(ids(page)) == list(SECTIONS)
    assert len(page.encode()) < MOST_BYTES
    assert not reaches_out(page)
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page
    said = unescape(page)
    assert ("大概率完成" if language == "zh" else "likely") in said
    assert ("高新技术企业" if language == "zh" else "high-tech enterprises") in said
    assert "P(met)" in said if language == "en" else "P(met)" not in said
    row = output.read(folder).targets.set_index("id").loc["QD10"]
    assert f"{row['probability']:.2f}" in said
    assert 'id="fan-QD10"' in page
    assert page.count("<svg") >= 5
    assert "@media print" in page


def test_a_run_and_a_comparison_write_their_page(toy: Toy, home: Path) -> None:
    mine = run(home / "plan.yaml", replicates=4, jobs=1).save("mine", language="zh")
    assert 'lang="zh-CN"' in (mine / "report.html").read_text(encoding="utf-8")
    found = compare(home / "plan.yaml", [home / "doubled.yaml", home / "neutral.yaml"], replicates=4, jobs=1)
    page = (found.save("both") / "report.html").read_text(encoding="utf-8")
    assert list(ids(page)) == ["scenario-1", "scenario-2", "wins", "gates", "again"]
    assert "Doubled" in page
    assert "40" in page
    assert 'class="chart forest"' in page
    assert not reaches_out(page)
    zh = report_of(Path("both"), "zh")
    assert "设置差异" in zh
    assert list(ids(zh)) == list(ids(page))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_titles_and_names_are_escaped(toy: Toy, home: Path, language: str) -> None:
    plan, bad = home / "plan.yaml", json.dumps(HOSTILE)
    text = plan.read_text(encoding="utf-8").replace("{en: The plan, zh: 方案}", bad)
    plan.write_text(text.replace("lever: voucher,", f"lever: voucher, title: {bad},"), encoding="utf-8")
    first = run(plan, replicates=4, jobs=1).save("out")
    both = compare(plan, home / "doubled.yaml", replicates=4, jobs=1).save("both")
    for made in (first, both):
        page = report_of(made, language)
        assert "<script>alert" not in page
        assert "<img" not in page
        assert HOSTILE in unescape(page)
        assert page.count("<script>") == 1


def test_only_the_page_s_own_script_may_run(folder: Path) -> None:
    page = report_of(folder, "en")
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert f"script-src 'sha256-{digest}'" in unescape(policy[1])
    assert "default-src 'none'" in policy[1]
    assert "innerHTML" not in script[0]
    assert not re.search(r'\son\w+="', page)


def test_a_folder_without_its_optional_parts_has_a_page(folder: Path) -> None:
    shutil.rmtree(folder / "figures", ignore_errors=True)
    for name in ("budget.csv", "scenario.yaml", "summary.txt", "report.html"):
        (folder / name).unlink(missing_ok=True)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for key in ("command", "commit", "versions", "inputs", "code", "runs", "tables", output.RUN_CHECK):
        manifest.pop(key)
    for key in ("leads", "switches", "drivers", "assumptions", "science_budget", "general_budget", "status"):
        manifest["run"].pop(key)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    page = write_report(folder, "en").read_text(encoding="utf-8")
    assert list(ids(page)) == list(SECTIONS)
    assert "--attribute" in page
    costs = output.read(folder).costs.iloc[:0]
    empty = replace(output.read(folder), costs=costs)
    assert list(ids(report_html(empty, "zh", {}))) == list(SECTIONS)


def test_a_run_none_of_whose_targets_is_simulated_has_a_page(folder: Path) -> None:
    tables = output.read(folder)
    none = replace(tables, targets=tables.targets[tables.targets["status"] != "simulated"])
    page = report_html(none, "en", {})
    assert list(ids(page)) == list(SECTIONS)
    assert LABELS["none simulated"][0] in page


def test_an_attribution_shows_where_the_change_comes_from(folder: Path) -> None:
    tables = output.read(folder)
    target = tables.targets.set_index("id", drop=False).loc["QD10"]
    row = {c: target.get(c) for c in COLUMNS} | {f"{name}{end}": 10.0 for name in SHOWN for end in ("", "_p05", "_p95")}
    row |= {"target": 1000.0, "base_year": 2014, "before": 500.0, "outside": -40.0, "gap": 520.0, "pairs": 4}
    page = report_html(replace(tables, attribution=pandas.DataFrame([row])), "en", {})
    assert "--attribute" not in page
    assert 'class="chart steps"' in page
    assert 'class="chart strip"' in page
    assert "gap left 520" in page
    assert steps(row, "zh")
    assert "尚缺" in strip(row, "zh")


def test_gates_of_the_region_s_validation_stand_on_the_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posterior, "FOLDER", folder.parent / "no-posterior")
    beside = folder.parent / "qingdao-validation"
    beside.mkdir()
    gates = [
        {"group": "facts", "name": "a fact", "name_zh": "某事实", "figure": "0.7", "asked": "< 0.6", "ok": False},
        {"group": "facts", "name": "<b>other", "figure": "1", "asked": "", "ok": None},
        {"group": "books", "name": "books", "name_zh": "账目", "figure": "0", "asked": "0", "ok": True},
    ]
    found = {"region": "qingdao", "ok": False, "gates": gates, "notes": [], "posterior": ""}
    text = json.dumps(found)
    (beside / "validation.json").write_text(text, encoding="utf-8")
    page = report_of(folder, "en")
    assert "1 of 2 gates fail: a fact 0.7" in page
    assert "&lt;b&gt;other" in page
    assert "某事实" in report_of(folder, "zh")
    (beside / "validation.json").write_text(json.dumps(found | {"posterior": "another"}), encoding="utf-8")
    assert "ris validate qingdao" in report_of(folder, "en")
    (beside / "validation.json").write_text("{", encoding="utf-8")
    assert "ris validate qingdao" in report_of(folder, "en")


def test_a_study_gets_a_page_of_its_summary_tables_and_pictures(tmp_path: Path) -> None:
    study = tmp_path / "sweep-x"
    (study / "figures").mkdir(parents=True)
    (study / "study.json").write_text(json.dumps({"kind": "sweep", "names": [HOSTILE]}), encoding="utf-8")
    (study / "summary.txt").write_text(f"in short {HOSTILE}\n", encoding="utf-8")
    rows = "".join(f"{k},{HOSTILE.replace(',', '')},{k * 1234.5678}\n" for k in range(200))
    (study / "table.csv").write_text("\ufeffpoint,name,value\n" + rows, encoding="utf-8")
    (study / "figures" / "one.png").write_bytes(PIXEL)
    for language, title in (("en", "Sweep"), ("zh", "扫描")):
        page = report_of(study, language)
        assert list(ids(page)) == ["text", "figures", "tables", "again"]
        assert "<script>alert" not in page
        assert f"in short {HOSTILE}" in unescape(page)
        assert title in page
        assert "data:image/png;base64," in page
        assert not reaches_out(page)
        assert page.count("<tr>") < 180


def test_a_study_whose_files_were_changed_by_hand_still_has_a_page(tmp_path: Path) -> None:
    (tmp_path / "summary.txt").write_text("in short\n", encoding="utf-8")
    (tmp_path / "study.json").write_text(json.dumps({"kind": 5, "names": 7, "hash": [1]}), encoding="utf-8")
    (tmp_path / "validation.json").write_text(json.dumps({"gates": {}, "notes": 3}), encoding="utf-8")
    manifest = {"run": [1], "versions": ["numpy"], "inputs": {"a.yaml": 5}, "status": "none"}
    for content in (json.dumps(manifest), "[" * 100_000):
        (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
        assert "in short" in report_of(tmp_path, "en")


def test_a_folder_of_nothing_is_refused(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "missing"):
        with pytest.raises(InputError):
            report_of(path, "en")
    (folder / "indicators.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="was changed after"):
        report_of(folder, "en")


@pytest.mark.parametrize(("key", "value"), [("failures", 5), ("beside", [{}]), ("status", "x"), ("completed", 9_999)])
def test_what_a_manifest_says_of_its_run_is_not_to_be_changed(folder: Path, key: str, value: object) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    assert manifest["run"][key] != value
    manifest["run"][key] = value
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(InputError, match="was changed after"):
        report_of(folder, "en")


def test_a_comparison_of_an_older_version_is_refused_by_name(toy: Toy, home: Path) -> None:
    """Its tables have fewer columns, and its manifest says nothing of them."""
    both = compare(home / "plan.yaml", home / "doubled.yaml", replicates=4, jobs=1).save("both")
    table = both / "compare_targets.csv"
    frame = pandas.read_csv(table, encoding="utf-8-sig").drop(columns=["p_value", "p_holm"])
    output.write_csv(frame, table)
    manifest = json.loads((both / "manifest.json").read_text(encoding="utf-8"))
    del manifest["tables"], manifest["schema"]
    (both / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (both / "report.html").unlink()
    done = CliRunner().invoke(app, ["report", str(both)])
    assert done.exit_code == 2
    assert "p_holm" in done.output
    with pytest.raises(InputError, match="p_holm"):
        write_memo(both, "en")
    assert not (both / "report.html").exists()


def test_the_command_writes_the_page_and_refuses_what_is_none(folder: Path, tmp_path: Path) -> None:
    (folder / "report.html").unlink()
    done = CliRunner().invoke(app, ["report", str(folder), "--lang", "zh"])
    assert done.exit_code == 0
    assert "报告：" in done.output
    assert 'lang="zh-CN"' in (folder / "report.html").read_text(encoding="utf-8")
    bad = CliRunner().invoke(app, ["report", str(tmp_path / "nowhere")])
    assert bad.exit_code == 2
    assert "no such folder" in bad.output


def test_every_label_has_both_languages_with_the_same_places() -> None:
    for key, pair in LABELS.items():
        places = [{field for _, field, _, _ in Formatter().parse(text) if field} for text in pair]
        assert places[0] == places[1], key
        assert all(text.strip() for text in pair), key
    templates = "".join(path.read_text(encoding="utf-8") for path in (HERE / "templates").iterdir())
    assert set(re.findall(r"\bt\('([\w ]+)'", templates)) <= set(LABELS)


@pytest.mark.parametrize(("language", "equal"), [("en", "equal"), ("zh", "相同")])
def test_a_comparison_in_which_no_pair_differs_says_so(toy: Toy, home: Path, language: str, equal: str) -> None:
    """As the note under it says; a half of the pairs is not above the baseline."""
    same = compare(home / "plan.yaml", home / "neutral.yaml", replicates=4, jobs=1).save("same")
    page = report_of(same, language)
    assert f">{equal}</td>" in page
    assert "50%</td>" not in page


def test_what_a_terminal_shows_becomes_escaped_html() -> None:
    table = Table(box=None)
    table.add_column("a<b")
    table.add_column("n", justify="right")
    table.add_row("<i>", Text("1 & 2", style="bold green"))
    table.add_row("x", "2")
    html = to_html(table)
    assert "a&lt;b" in html
    assert "&lt;i&gt;" in html
    assert '<span class="b likely">1 &amp; 2</span>' in html
    assert 'class="plain sort"' in html
    assert '<td class="n">' in html
    assert to_html(Text.assemble(("<", "red"), "ok")) == Markup('<p class=""><span class="unlikely">&lt;</span>ok</p>')


def test_a_long_name_of_a_parameter_may_break_at_its_joints() -> None:
    table = Table(box=None)
    table.add_row("innovation.new_product_rate 0.41", Text("<a.b_c>"))
    html = to_html(table)
    assert "innovation.<wbr>new_<wbr>product_<wbr>rate 0.41" in html
    assert "&lt;a.<wbr>b_<wbr>c&gt;" in html


def test_pieces_of_charts_keep_their_places() -> None:
    assert ticks(0, 10, 5) == [0, 2, 4, 6, 8, 10]
    assert ticks(0.0, 1.4, 5, whole=True) == [0, 1]
    assert ticks(1.0, 1.0) == [1.0]
    places = spaced([5.0, 6.0, 7.0, 99.0], 10.0, 0.0, 100.0)
    assert all(b - a >= 10.0 - 1e-9 for a, b in itertools.pairwise(places))
    assert places[-1] <= 100.0
    assert spaced([], 10.0, 0.0, 100.0) == []
    assert shortened("科技型中小企业培育工程专项", 10) == "科技型中…"
    assert shortened("short", 10) == "short"
    chart = areas([Layer("<x>", "#000", [0.0, 0.0])], [2015, 2016], 1e9, "CNY bn", 2015.5)
    assert "&lt;x&gt;" in chart


def test_what_to_change_first_says_what_it_buys() -> None:
    change = Change(
        "QD10", {"en": "firms", "zh": "企业"}, "voucher", {"en": "Voucher", "zh": "券"}, 20.0, "firms", 0.25, 4e7
    )
    assert change_text(change, "en") == "firms: Voucher +20 firms (25 % of what is missing), at most CNY 40 mn a year"
    free = replace(change, share=1.5, cost=None)
    assert change_text(free, "zh", named=False) == "券 +20家（足以补上差距）"


def test_a_fault_of_the_page_costs_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.report.html import page
    from simulator.study import output

    def broken(*_: object) -> None:
        raise NameError("label")

    monkeypatch.setattr(page, "write_page", broken)
    with pytest.warns(UserWarning, match="the tables are whole"):
        output._page_or_word(None, "en", {}, tmp_path)  # type: ignore[arg-type]
