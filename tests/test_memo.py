"""The memo is a Word file that opens again, with the figures of the run, in both languages."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from toy_model import Toy
from toy_pages import PIXEL, folder, home, toy, toy_in_place
from typer.testing import CliRunner

from simulator.cli import app
from simulator.core.problems import InputError
from simulator.report.board import board_of, chance
from simulator.report.html.page import read_manifest
from simulator.report.memo import FILE, memo_of, write_memo
from simulator.report.memo_docx import NUMERALS, _numeral, shown_scale, write_docx
from simulator.report.memo_parts import Annex, Grid, Heading, Line, Memo, Picture, clean, from_rich, sentence
from simulator.report.memo_run import target_row
from simulator.report.terminal import headline
from simulator.study import output
from simulator.study.comparison import compare

__all__ = ["folder", "home", "toy", "toy_in_place"]  # fixtures

HOSTILE = "a\x00b\x07c\ud800d\ufffe \u202egnp.exe <w:p>&amp;]]>\r\n{x} '" + "长" * 400


def text_of(path: Path) -> str:
    """Return all that a memo says outside its tables."""
    return "\n".join(paragraph.text for paragraph in Document(str(path)).paragraphs)


def rows_of(path: Path) -> list[list[str]]:
    """Return the rows of all tables of a memo."""
    return [[cell.text for cell in row.cells] for table in Document(str(path)).tables for row in table.rows]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_memo_opens_again_with_the_answer(folder: Path, language: str) -> None:
    path = write_memo(folder, language)
    assert path == folder.resolve() / FILE
    board = board_of(output.read(folder).targets)
    text = text_of(path)
    assert headline(board, language).plain in text
    heads = ("一、总体判断", "二、资金情况", "把握程度", "主要假定", "复核方法", "附件 1") if language == "zh" else (
        "1. Which targets are met", "2. What it costs", "How sure that is", "How to run it again", "Annex 1"
    )  # fmt: skip
    for head in heads:
        assert head in text, head
    assert "confidence" not in text.lower()
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tables_have_the_figures_of_the_run(folder: Path, language: str) -> None:
    rows = {row[0]: row for row in reversed(rows_of(write_memo(folder, language)))}  # the first table of a target
    board = board_of(output.read(folder).targets)
    targets = [*board.headline, *board.others]
    assert targets
    for target in targets:
        shown = rows[target["id"]]
        assert tuple(shown) == target_row(target, language)
        assert f"{chance(target):.2f}" in shown[4]


def test_a_comparison_has_its_own_memo(toy: Toy, home: Path) -> None:
    found = compare(home / "plan.yaml", home / "doubled.yaml", replicates=4, jobs=1).save("out")
    path = write_memo(found, "zh")
    assert "设置差异" in text_of(path)
    frame = output.read(found).compare_targets
    assert frame is not None
    ids = {row[0] for row in rows_of(path)}
    assert set(frame["id"]) <= ids


def test_hostile_titles_are_plain_text(folder: Path, tmp_path: Path) -> None:
    tables = output.read(folder)
    title = {"en": HOSTILE, "zh": HOSTILE}
    entries = [{**entry, "en": HOSTILE, "zh": HOSTILE} for entry in tables.meta["entries"]]
    named = HOSTILE.replace("\ud800", "")  # which no table can hold
    targets = tables.targets.assign(name=named, name_zh=named)
    tables = replace(tables, meta={**tables.meta, "title": title, "entries": entries}, targets=targets)
    for language in ("en", "zh"):
        memo = memo_of(tables, [], language, {**read_manifest(folder), "command": HOSTILE})
        path = write_docx(memo, tmp_path / f"{language}.docx", language, "no date")
        text = text_of(path)
        assert "abcd gnp.exe <w:p>&amp;]]> {x} '" in text
        assert not set(text) & set("\x00\x07\ufffe\u202e\ud800")
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None


def test_what_is_cleaned() -> None:
    assert clean("a\tb\nc  d") == "a b c d"
    assert clean("x\x1b[31m\u2066y\u2069") == "x[31my"
    assert len(clean("长" * 50_000)) == 20_000
    assert sentence("ready", "en") == "Ready."
    assert sentence("完成", "zh") == "完成。"
    assert sentence("完成：", "zh") == "完成："


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no results"):
        write_memo(tmp_path, "en")
    with pytest.raises(InputError, match="no such folder"):
        write_memo(tmp_path / "none", "en")


def test_damaged_tables_are_refused(folder: Path) -> None:
    (folder / "indicators.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match=r"cannot be read|was changed"):
        write_memo(folder, "en")
    assert not (folder / FILE).exists()


def test_the_memo_of_any_study_has_its_summary_and_tables(tmp_path: Path) -> None:
    (tmp_path / "summary.txt").write_text("a  b\n1  2\n", encoding="utf-8")
    (tmp_path / "study.json").write_text(json.dumps({"kind": "sweep", "names": ["<b>x"]}), encoding="utf-8")
    (tmp_path / "a.csv").write_text("name,value\n甲,2\n", encoding="utf-8-sig")
    path = write_memo(tmp_path, "zh")
    assert "a  b" in text_of(path)
    assert "<b>x" in text_of(path)
    assert ["甲", "2"] in rows_of(path)


def test_missing_parts_are_left_out(folder: Path) -> None:
    shutil.rmtree(folder / "figures", ignore_errors=True)
    (folder / "budget.csv").unlink(missing_ok=True)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for key in ("command", "tables", output.RUN_CHECK):
        manifest.pop(key, None)
    manifest["run"]["entries"] = []
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert "图件" not in text_of(write_memo(folder, "zh"))


def test_fonts_are_named_with_others_that_stand_in(tmp_path: Path) -> None:
    path = write_docx(Memo("题", "", [Heading("一节"), Line("正文")]), tmp_path / "a.docx", "zh")
    styles = Document(str(path)).styles
    for name, font in (("Normal", "仿宋"), ("Heading 1", "黑体"), ("Title", "方正小标宋简体")):
        fonts = styles[name].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == font
        assert fonts.get(qn("w:eastAsiaTheme")) is None
    with zipfile.ZipFile(path) as archive:
        table = archive.read("word/fontTable.xml").decode()
    assert "FangSong,仿宋_GB2312" in table
    assert "Noto Sans CJK SC" in table


def test_parts_are_numbered_as_official_papers_are(tmp_path: Path) -> None:
    blocks: list[Any] = [Heading("甲"), Heading("乙", 2), Heading("丙", 2), Heading("丁")]
    memo = Memo("题", "某某：", blocks, ("某单位",), [Annex("表", [Grid(("a", "b"), (("全部",), ("1", "2")))])])
    path = write_docx(memo, tmp_path / "a.docx", "zh")
    for text in ("一、甲", "（一）乙", "（二）丙", "二、丁", "附件 1：表"):
        assert text in text_of(path)
    assert [_numeral(n) for n in (1, 10, 11, 20, 25)] == [NUMERALS[0], "十", "十一", "二十", "二十五"]
    head, spanned, row = (r._tr for r in Document(str(path)).tables[0].rows)
    assert head.trPr.find(qn("w:tblHeader")) is not None
    assert len(spanned.tc_lst) == 1
    assert len(row.tc_lst) == 2


def test_a_picture_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "good.png").write_bytes(PIXEL)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    assert shown_scale(tmp_path / "good.png") == 1.0
    assert shown_scale(tmp_path / "bad.png") == 0.0
    blocks: list[Any] = [Picture(tmp_path / name, "图") for name in ("bad.png", "good.png")]
    path = write_docx(Memo("x", "", blocks), tmp_path / "a.docx", "zh")
    assert len(Document(str(path)).inline_shapes) == 1
    assert "图 1 图" in text_of(path)


def test_terminal_parts_become_paragraphs_and_tables() -> None:
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=True)
    table.add_column("a")
    table.add_column("b", justify="right")
    table.add_row("x", Text("1"))
    found = list(from_rich([Text("said"), Text(""), Rule(), Text("small", style="dim"), table]))
    assert found[:2] == [Line("said"), Line("small", "note")]
    assert isinstance(found[2], Grid)
    assert found[2].rows == (("x", "1"),)
    assert found[2].right == {1}


def test_the_command_writes_it(folder: Path) -> None:
    found = CliRunner().invoke(app, ["report", str(folder), "--docx", "--lang", "zh", "--quiet"])
    assert found.exit_code == 0, found.output
    assert str(folder / FILE) in found.output
    assert (folder / FILE).is_file()
