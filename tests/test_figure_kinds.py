"""Every figure that the code draws is listed with what was looked for in it; units and lines are in Chinese."""

from __future__ import annotations

import io
import re
from dataclasses import fields
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

import simulator.report.wrapping
from simulator.core.parameters import table
from simulator.model import INDICATORS, LEVERS, SCHEDULE
from simulator.report.memo_words import WORDS, study_caption
from simulator.report.style import in_lines
from simulator.report.units import in_chinese
from simulator.report.words import unit_text
from simulator.study import gates
from simulator.study.targets import load_targets

REPORT = Path(simulator.report.__path__[0])
CHECKLIST = REPORT / "CHECKLIST.md"
# a name of a file that ends in .png: what stands before the first part that is filled in
NAME = re.compile(r"f?\"((?:[a-z]+|\{[^}\"]+\})(?:-?[a-z]+|-?\{[^}\"]+\})*)\.png\"")
NAMED_IN_CODE = {"name": ("attribution",), "COVERAGE": (gates.COVERAGE,), "PREDICTIVE": (gates.PREDICTIVE,),
                 "INNER": (gates.INNER,), "FACTS": (gates.FACTS,), "IDENTIFIED": (gates.IDENTIFIED,)}  # fmt: skip
WORD = re.compile("[A-Za-z]{2,}")


def kinds() -> set[str]:
    """Return the kinds of figures that the code writes, by the beginnings of their files' names."""
    found: set[str] = set()
    for path in sorted(REPORT.glob("*.py")):
        for name in NAME.findall(path.read_text("utf-8")):
            if name.startswith("{"):
                found |= set(NAMED_IN_CODE[name.strip("{}")])
            else:
                found.add(re.split(r"-?\{", name)[0])
    return found


def test_every_kind_of_figure_is_found() -> None:
    some = {"board", "fan", "fans", "money", "spending", "levers", "pipeline", "differences", "tornado", "heat-map"}
    assert some <= kinds()
    assert {"front", "doses", "box", "peeling", "sweep", "trials", "coverage", "identified", "wins"} <= kinds()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_of_figure_has_a_row_in_the_checklist(language: str) -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in CHECKLIST.read_text("utf-8").splitlines()
            if line.startswith("| figure ")]  # fmt: skip
    listed = {row[0].removeprefix("figure ").strip("`"): row for row in rows if row[1] == language}
    assert kinds() - set(listed) == set()
    assert all(all(row) for row in listed.values())


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_of_figure_has_a_caption(kind: str) -> None:
    if kind not in {"fan", "fans", "differences"}:  # by target; not in memos; by scenario
        key = "areas" if kind == "money" else kind
        assert key in WORDS
        assert study_caption(f"{key}-2" if "{rest}" in WORDS[key][0] else key, "zh") != key


def units() -> set[str]:
    """Return every unit that is declared anywhere."""
    settings = {str(f.metadata.get("unit") or "") for lever in LEVERS.values() for f in fields(lever.Settings)}
    parameters = {row.unit for row in table(SCHEDULE, LEVERS.values())}
    return settings | parameters | {i.unit for i in INDICATORS.values()} | {t.unit for t in load_targets()}


def test_every_unit_has_chinese() -> None:
    assert {unit for unit in units() if WORD.search(unit_text(unit, "zh"))} == set()


def test_units_are_put_together() -> None:
    assert in_chinese("firms / firm / year") == "家/企业/年"
    assert in_chinese("1 / month") == "每月"
    assert in_chinese("CNY / (t / year)") == "元/（吨/年）"
    assert in_chinese("elasticity") == ""
    assert in_chinese("factor / year") == "倍/年"
    assert in_chinese("dragons / cave") == "dragons / cave"


@pytest.mark.parametrize("cells", [20, 31, 44])
def test_lines_of_a_figure_keep_every_character_and_no_comma_begins_one(cells: int) -> None:
    text = "初始状态取自公开数据，缺失部分按比例补足；采用 history 校准时（见附件），按2011—2016年数据拟合。"
    lines = in_lines(text, cells)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line[0] in "，。；：、）" for line in lines)
    assert len(lines) > 1


def test_a_page_of_a_terminal_fills_its_lines_with_chinese() -> None:
    text = "按常规剂量施用 judgement_grant_large 每年至多三千万元，作用环节：企业研发、资质认定、市场，证据：判断。"
    out = io.StringIO()
    Console(file=out, width=24).print(text)
    lines = out.getvalue().splitlines()
    assert not any(line[0] in "，。；：、）" for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert len(lines) <= 6
    grid = Table("指标", width=16)
    grid.add_row("科技型中小企业数量，家 2016")
    out = io.StringIO()
    Console(file=out, width=40).print(grid)
    assert "，家" not in [line.strip("│┃ ")[:2] for line in out.getvalue().splitlines()]
