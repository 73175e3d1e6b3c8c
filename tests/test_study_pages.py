"""Every study's save writes its page, in both languages, whole and escaped; each kind of page was looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import toy_model
from test_optimise import TINY
from test_optimise import prizes as prizes_fixture
from test_report import HOSTILE, MOST_BYTES, ids, reaches_out
from test_sensitivity import OF_TOY, OUTCOMES
from test_trials import found as found_trial
from test_validate import made_up
from toy_model import Toy
from toy_pages import PIXEL
from typer.testing import CliRunner

from simulator.cli import app
from simulator.report import (
    discover_figures,
    optimise_figures,
    sensitivity_figures,
    sweep_pages,
    trial_page,
    validation,
)
from simulator.report.html import study_words
from simulator.report.html.districts import District, counted, places, scheme
from simulator.report.html.labels import LABELS
from simulator.report.html.page import HERE, report_of, write_report
from simulator.report.html.settings_rows import given, value
from simulator.report.html.study_charts import drawn
from simulator.report.html.study_evidence import plan_words
from simulator.report.html.study_words import KEPT, KINDS, LANGUAGES, StudyWords, write_study_page
from simulator.study.discover import discover
from simulator.study.optimise import optimise
from simulator.study.posterior import FOLDER
from simulator.study.sensitivity import sensitivity
from simulator.study.sweep import sweep
from simulator.study.trials import Evaluation

toy, home, prizes = toy_model.toy, toy_model.home, prizes_fixture
WIDTHS = ("1280", "390")
TOLD = ("answer", "asked", "assumed", "again")  # sections that every study's page has


def pixel(*given: Any) -> list[Path]:
    """Write a picture of one pixel where a study would draw its own."""
    folder = next(x for x in given if isinstance(x, Path))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "one.png").write_bytes(PIXEL)
    return [folder / "one.png"]


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (sweep_pages, "draw_sweep"), (sensitivity_figures, "draw"), (optimise_figures, "draw_optimise"),
        (discover_figures, "draw_discover"), (validation, "draw_validation"), (trial_page, "draw"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, pixel)


def _plan(folder: Path, language: str) -> None:
    found = json.loads((FOLDER / "benxi-plan.json").read_text(encoding="utf-8"))
    folder.mkdir()
    write_study_page("plan", lambda lang: plan_words(found, lang), folder, language, {"command": "ris calibrate"})


def _optimise(path: Path, folder: Path, language: str) -> None:
    bounds = {"A": (0.5, 3.0), "B": (0.5, 3.0)}
    optimise(path, bounds, targets="QD10", effort=TINY, jobs=1, out=folder).save(language=language)


SAVES: dict[str, Callable[[Path, Path, str], object]] = {
    "sweep": lambda plan, to, lang: sweep(plan, {"Q1.budget": [0, 2e7, 4e7]}, runs=4, jobs=1, out=to).save(
        language=lang
    ),
    "sensitivity": lambda plan, to, lang: sensitivity(
        plan, OF_TOY, "morris", outcomes=OUTCOMES, trajectories=4, runs=1, jobs=1, out=to
    ).save(language=lang),
    "discover": lambda plan, to, lang: discover(plan, "QD10", runs=120, jobs=1, out=to).save(language=lang),
    "validation": lambda _, to, lang: validation.save_validation(made_up(), to, lang, "ris validate"),
    "trials": lambda _, to, lang: trial_page.save(
        Evaluation([found_trial(1.0, 0.9, 1.1), found_trial(0.3, 0.2, 0.4)], "evidence"), to, lang, "ris evaluate"
    ),
    "plan": lambda _, to, lang: _plan(to, lang),
}


def whole(page: str, kind: str, language: str) -> None:
    """Hold a page against what every page of a study must be."""
    assert set(TOLD) <= set(ids(page)) | ({"assumed"} if kind == "validation" else set())
    assert not reaches_out(page)
    assert len(page.encode()) < MOST_BYTES
    said = unescape(page)
    assert LABELS[f"kind {kind}"][language == "zh"] in said
    assert LABELS["answer"][language == "zh"] in said
    assert "nan" not in re.findall(r">\s*(nan)\b", said)
    if language == "zh":
        assert LABELS["answer"][0] not in said


@pytest.mark.parametrize("kind", KINDS[4:])
def test_a_study_of_the_evidence_saves_its_page(tmp_path: Path, kind: str) -> None:
    saved_and_made_again(kind, tmp_path, tmp_path / kind)


@pytest.mark.parametrize("kind", ["sweep", "sensitivity", "discover"])
def test_a_study_of_a_scenario_saves_its_page(toy: Toy, home: Path, kind: str) -> None:
    saved_and_made_again(kind, home / "plan.yaml", Path(kind))


def saved_and_made_again(kind: str, plan: Path, folder: Path) -> None:
    """Hold the page of a save in Chinese against what it must be, and the one that ``ris report`` makes in English."""
    SAVES[kind](plan, folder, "zh")
    whole((folder / "report.html").read_text(encoding="utf-8"), kind, "zh")
    done = CliRunner().invoke(app, ["report", str(folder), "--lang", "en"])
    assert done.exit_code == 0, done.output
    whole((folder / "report.html").read_text(encoding="utf-8"), kind, "en")
    charts = json.loads((folder / KEPT).read_text(encoding="utf-8"))["pages"]["en"]["charts"]
    assert len(drawn(charts)) == len(charts)
    assert bool(charts) == (kind != "validation")


def test_an_optimisation_has_its_page(prizes: Path, tmp_path: Path) -> None:
    _optimise(prizes, tmp_path / "out", "en")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    whole(page, "optimise", "en")
    assert 'class="chart fan"' in page
    assert "plan as written" in page
    assert not [line for line in page.splitlines() if "font-weight" in line and "not bold" in line]
    whole(report_of(tmp_path / "out", "zh"), "optimise", "zh")


def test_what_a_scenario_is_called_is_escaped_on_a_study_s_page(toy: Toy, home: Path) -> None:
    path, bad = home / "plan.yaml", json.dumps(HOSTILE)
    text = path.read_text(encoding="utf-8").replace("{en: The plan, zh: 方案}", bad)
    path.write_text(text.replace("lever: voucher,", f"lever: voucher, title: {bad},"), encoding="utf-8")
    SAVES["sweep"](path, Path("out"), "en")
    for language in LANGUAGES:
        page = report_of(Path("out"), language)
        assert "<script>alert" not in page
        assert page.count("<script>") == 1
        assert HOSTILE in unescape(page)


def garbage() -> Iterator[object]:
    """Yield what a file that was changed by hand may hold in place of a page's words."""
    bad: list[Any] = [None, 5, "x", [], {}, [[1]], {"text": 3}, [{"table": {"rows": [[5, None]], "heads": 7}}]]
    for value_ in bad:
        yield dict.fromkeys(StudyWords("t", []).plain(), value_)
    chart = {"type": "rows", "title": HOSTILE, "low": 0, "high": 1, "rows": [{"label": HOSTILE, "x": "y"}, 5]}
    lines = {"type": "lines", "title": "t", "xs": [0, "a"], "names": [], "tips": [], "p50": [1], "p05": [], "p95": []}
    yield {"title": HOSTILE, "answer": [{"text": [[HOSTILE, "bold"]]}], "charts": [chart, lines, {"type": "x"}]}


@pytest.mark.parametrize("told", list(garbage()))
def test_a_kept_page_that_was_changed_by_hand_is_shown_escaped(tmp_path: Path, told: object) -> None:
    (tmp_path / KEPT).write_text(json.dumps({"kind": "sweep", "pages": {"en": told}}), encoding="utf-8")
    page = write_report(tmp_path, "en").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert page.count("<script>") == 1


def test_a_fault_of_a_study_s_page_costs_no_table(tmp_path: Path) -> None:
    def broken(_: str) -> StudyWords:
        raise NameError("label")

    with pytest.warns(UserWarning, match="the tables are whole"):
        assert write_study_page("sweep", broken, tmp_path, "en") is None
    with pytest.raises(ValueError, match="no such kind"):
        write_study_page("other", broken, tmp_path, "en")


def test_figures_in_the_other_language_are_not_shown(toy: Toy, home: Path) -> None:
    SAVES["sweep"](home / "plan.yaml", Path("out"), "en")
    assert "data:image/png" in report_of(Path("out"), "en")
    page = report_of(Path("out"), "zh")
    assert "data:image/png" not in page
    assert "--lang zh" in page


# ---- districts and settings -------------------------------------------------------------------------


def test_a_scheme_has_a_tile_a_district_north_above_and_west_first() -> None:
    shares = {"firm_share": 0.25, "gdp_share": 0.25, "incubator_share": 0.25}
    spots = {"south": (0, -9), "north east": (5, 9), "north west": (-5, 8), "<middle>": (0, 0)}
    found = tuple(District(n, float(x), float(y), shares, campus=False) for n, (x, y) in spots.items())
    assert places(found) == [(1, 1), (0, 1), (0, 0), (1, 0)]
    drawn_ = scheme(found, "en")
    assert drawn_.count("<rect") == 8
    assert "&lt;middle&gt;" in drawn_
    assert "<middle>" not in drawn_
    assert scheme((), "zh") == ""
    county = District("Benxi Manchu Autonomous County", 0.0, 0.0, shares, campus=False)
    assert "…" not in scheme((county,), "en")
    row = {"unit": "percent of districts", "id": "QD05", "name": "d", "name_zh": "区", "year": 2016, "value": 100.0}
    row |= {"p50": 50.0, "p05": 25.0, "p95": 100.0}
    (said,) = counted([row], found, "en")
    assert "2 of 4 districts" in said
    assert "[1–4]" in said


def test_settings_are_said_in_the_page_s_language() -> None:
    assert value("40,000,000", "CNY / year", "en") == "CNY 40 mn / year"
    assert value("40,000,000", "CNY / year", "zh") == "4,000万元/年"
    assert value("0.08", "1", "zh") == "0.08"
    assert value("2015-06", "", "en") == "2015-06"
    assert value("5", "years", "zh") == "5年"
    text = "mode=ex_post, cover_rate=0.08, budget=200,000,000 CNY / year, coverage=tech_sme, hnte, 2015-07 to 2020"
    said = given({"lever": "rd_subsidy", "scenario_value": "", "baseline_value": text}, "zh")
    assert said.endswith("预算 2亿元/年，覆盖对象 科技型中小企业、高新技术企业，2015-07 至 2020 年")
    assert not re.search("[a-z]", said)


# ---- the checklist ----------------------------------------------------------------------------------


def rows_of(section: str) -> list[list[str]]:
    """Return the rows of a section's table in the checklist."""
    text = (HERE.parent / "CHECKLIST.md").read_text(encoding="utf-8")
    own = text.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in own.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_kind_of_page_was_looked_at_in_each_language_and_width() -> None:
    rows = rows_of("Report pages")
    seen = {(page, language, width) for page, language, width, *_ in rows}
    kinds = ("run", "compare", *KINDS)
    assert {(k, lang, w) for k in kinds for lang in LANGUAGES for w in WIDTHS} <= seen
    assert ("run", "zh", "A4") in seen
    assert all(len(row) == 5 and row[3] and row[4] for row in rows)
    assert set(study_words.KINDS) == {k.removeprefix("kind ") for k in LABELS if k.startswith("kind ")} - {"study"}
