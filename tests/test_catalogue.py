"""Whatever a page says has Chinese beside its English, and Chinese text has a font or is left out."""

from __future__ import annotations

import importlib
import io
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas
import pytest
from matplotlib import font_manager
from typer.testing import CliRunner

from simulator import report
from simulator.cli import app
from simulator.core.parameters import table
from simulator.model import INDICATORS, LEVERS, SCHEDULE, SWITCHES
from simulator.report import catalogue, style
from simulator.report.bureau_names import ENGLISH, bureau_name
from simulator.report.catalogue import region_state
from simulator.report.listing import listing_table, rows_of
from simulator.report.parameter_names import parameter_words
from simulator.report.words import lead_text
from simulator.study.output import ROOT, write_csv
from simulator.study.plans import load_leads, load_measures
from simulator.study.replicates import load_scenario
from simulator.study.targets import load_targets

CHINESE = re.compile("[\u4e00-\u9fff]")
# How many more, and how many in all: the sentence is given both.
GIVEN_BOTH = {"simulator.report.plan_words._SAID['more']"}
# Latin words that stand in Chinese texts: switches and what they can be
LATIN = re.compile(r"[A-Za-z][A-Za-z_]{3,}")
REGIONS = ("qingdao", "benxi")
KNOWN = {"entry", "parent", "neighbours", "counted", "drivers", "boom", "logit", "depth"}


def modules() -> Iterator[Any]:
    """Yield the modules of the reports, and those of the dashboard that hold words."""
    for info in pkgutil.walk_packages(report.__path__, "simulator.report."):
        yield importlib.import_module(info.name)


def pairs() -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield every pair of texts in English and Chinese that a module keeps by key, with where it stands."""
    for module in modules():
        for name, value in vars(module).items():
            found = value if isinstance(value, dict) else {}
            texts = {k: v for k, v in found.items() if isinstance(v, tuple) and len(v) == 2}
            texts = {k: v for k, v in texts.items() if all(isinstance(x, str) for x in v)}
            if any(CHINESE.search(pair[1]) for pair in texts.values()):
                yield from ((f"{module.__name__}.{name}[{key!r}]", pair) for key, pair in texts.items())


def test_the_catalogue_has_all_that_is_declared_and_nothing_else() -> None:
    assert catalogue.problems() == []


def test_every_bureau_of_the_plans_has_an_english_name_and_no_other_is_listed() -> None:
    named = {region: bureaus_of(region) for region in {lead.region for lead in load_leads()}}
    assert set(named) == set(REGIONS)
    assert set().union(*named.values()) == set(ENGLISH)
    assert not any(CHINESE.search(name) for name in ENGLISH.values())
    for names in named.values():
        assert len({bureau_name(name, "en") for name in names}) == len(names)  # no two of a city under one name


def bureaus_of(region: str) -> set[str]:
    return {name for lead in load_leads() if lead.region == region for name in (lead.lead, *lead.responsible)}


def test_a_bureau_keeps_the_plans_name_where_it_has_no_other() -> None:
    assert lead_text("市科技局", "en") == "led by Science and Technology Bureau (市科技局)"
    assert lead_text("市科技局", "zh") == "牵头：市科技局"
    assert lead_text("Harbour Office", "en") == "led by Harbour Office"


@pytest.mark.parametrize("region", REGIONS)
def test_what_a_region_says_of_its_figures_is_chinese(region: str) -> None:
    status = load_scenario(ROOT / "scenarios" / region / "plan.yaml").region.status
    assert status is not None
    assert not LATIN.search(region_state(status, "zh"))
    assert region_state(status, "en") == status.en
    assert region_state({"zh": "采用 evidence 校准，plan 一词不动。"}, "zh") == "采用文献证据校准，plan 一词不动。"
    assert region_state(None, "zh") == ""


def test_texts_of_the_catalogue_are_chinese() -> None:
    for group in catalogue.GROUPS:
        for name, text in catalogue.chinese(group).items():
            assert CHINESE.search(text), f"{group}: {name}"
            assert text == text.strip().removesuffix("。"), f"{group}: {name}"
            assert not re.search("暂缺|TODO", text), f"{group}: {name}"


def test_figures_of_an_english_text_stand_in_its_chinese_text() -> None:
    """Years and percentages are not lost in translation; amounts may be written in another unit."""
    lost = []
    for name, english in catalogue._english("parameters").items():
        asked = set(re.findall(r"\b(?:19|20)\d\d\b|[\d.]+(?= %)", english))
        found = catalogue.chinese("parameters")[name]
        lost += [f"{name}: {figure}" for figure in asked if figure not in found]
    assert lost == []


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in catalogue.FOLDER.glob("*"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), encoding="utf-8")
    file = tmp_path / "indicators.yaml"
    file.write_text(file.read_text("utf-8").replace("hnte_count:", "hnte_counted:"), encoding="utf-8")
    seen = tmp_path / catalogue.SEEN
    seen.write_text(re.sub(r'("settings: rd_subsidy.mode": ")\w+', r"\g<1>00000000", seen.read_text("utf-8")), "utf-8")
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    for cached in (catalogue._read, catalogue.chinese):
        cached.cache_clear()
    try:
        assert catalogue.problems() == [
            "indicators: hnte_count has no Chinese",
            "indicators: hnte_counted is not declared",
            "settings: rd_subsidy.mode: the English has changed since it was translated",
        ]
        assert catalogue.definition("hnte_count", "zh") == INDICATORS["hnte_count"].definition
    finally:
        monkeypatch.undo()
        for cached in (catalogue._read, catalogue.chinese):
            cached.cache_clear()


def test_every_name_has_both_languages() -> None:
    named: list[Any] = [*SCHEDULE, *LEVERS.values(), *INDICATORS.values()]
    for thing in named:
        assert thing.label.en, thing.name
        assert CHINESE.search(thing.label.zh), thing.name
    for one in (*load_targets(), *load_measures()):
        assert one.name.en, one.id
        assert CHINESE.search(one.name.zh), one.id


def test_pairs_of_pages_are_translated() -> None:
    bad = []
    for place, (english, chinese) in pairs():
        letters = re.sub(r"\{[^}]*\}|\bris [\w ]+", "", english)
        if re.search("[a-z]{3}", letters) and not CHINESE.search(chinese):
            bad.append(place)
    assert bad == []


def test_both_languages_of_a_page_are_given_the_same_words() -> None:
    """A place for a word in Chinese that English does not have would be a KeyError where nobody looks."""
    bad = []
    for place, (english, chinese) in pairs():
        asked, used = (set(re.findall(r"\{(\w+)", text)) for text in (english, chinese))
        if used - asked and asked and place not in GIVEN_BOTH:
            bad.append(f"{place}: {sorted(used - asked)}")
    assert bad == []


def test_texts_fall_back_to_english_and_ids() -> None:
    assert catalogue.definition("no_such", "zh") == ""
    assert catalogue.setting_doc("guidance_fund", "fund_cost", "en") == "setting up one of these funds"
    assert catalogue.setting_doc("rd_subsidy", "budget", "en") == "budget"
    assert catalogue.setting_doc("new_lever", "face_value", "zh") == "face value"
    assert catalogue.switch_choice("new_switch", "here", "zh") == "here"
    assert catalogue.choice_name("steel", "zh") == "钢铁"
    assert catalogue.driver_name("demand:marine", "zh") == "需求：海洋产业"
    assert catalogue.driver_name("demand:marine", "en") == "demand: marine industries"


def test_what_a_scenario_chooses_is_said_with_what_its_file_says() -> None:
    assert catalogue.chosen("switches", "lock_in", "high", "zh") == "客户锁定：高（lock_in: high）"
    assert catalogue.chosen("drivers", "all", "slow", "zh") == "全部外部条件：较慢（all: slow）"
    assert (
        catalogue.chosen("assumptions", "talent.pull", 0.5, "zh")
        == "人才流入对净收入的长期弹性：0.5（talent.pull: 0.5）"
    )
    for switch, choices in SWITCHES.items():
        for choice in choices:
            for language in ("en", "zh"):
                assert catalogue.switch_choice(switch, choice, language) != choice


@pytest.mark.parametrize("things", ["indicators", "parameters"])
def test_a_chinese_list_has_no_english_sentences(things: str) -> None:
    for row in rows_of(things, "zh"):
        text = str(row["definition" if things == "indicators" else "doc"])
        words = set(LATIN.findall(re.sub(r"obs:\S+|\w+\d{4}\w*|judgement_\w+|[a-z]+_[a-z_]+", "", text)))
        assert not {w for w in words - KNOWN if w.islower()}, f"{row['name']}: {text}"


def test_lists_in_chinese_name_settings_and_codes() -> None:
    from rich.console import Console

    out = Console(file=io.StringIO(), width=100)
    out.print(listing_table("levers", [r for r in rows_of("levers", "zh") if r["name"] == "innovation_voucher"], "zh"))
    out.print(listing_table("indicators", rows_of("indicators", "zh")[:1], "zh"))
    text = str(out.file.getvalue())  # type: ignore[attr-defined]
    assert "face_value 创新券面额" in text
    assert "流量" in text
    assert "统计口径" in text
    assert "[元/年]" in text


def test_explain_speaks_chinese() -> None:
    page = CliRunner().invoke(app, ["explain", "QD10", "--lang", "zh"])
    assert page.exit_code == 0, page.output
    assert "年末证书有效的企业" in page.output
    assert "certificates in force" not in page.output
    assert parameter_words("talent.elite_base", "zh").startswith("“人才”的参数 talent.elite_base（无人才计划时")
    assert len(table(SCHEDULE, LEVERS.values())) == len(catalogue.chinese("parameters"))


# ---- fonts ------------------------------------------------------------------------------------------


@pytest.fixture
def fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Yield the list of fonts that a machine is made to have; nothing is found beside it."""
    found: list[Any] = [f for f in font_manager.fontManager.ttflist if f.name.startswith("DejaVu")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", found)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda *_, **__: [])
    for cached in (style.cjk_font, style._warn_no_font):
        cached.cache_clear()
    yield found
    for cached in (style.cjk_font, style._warn_no_font):
        cached.cache_clear()


def test_without_a_chinese_font_figures_are_english_and_say_so_once(
    fonts: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert style.usable_language("en") == "en"
    assert capsys.readouterr().err == ""
    assert [style.usable_language("zh") for _ in range(2)] == ["en", "en"]
    assert capsys.readouterr().err.count("fonts-noto-cjk") == 1


def test_a_listed_font_is_taken_without_being_opened(fonts: list[Any]) -> None:
    fonts.append(SimpleNamespace(name="SimHei", fname="/nowhere/simhei.ttf"))
    assert style.cjk_font() == "SimHei"
    assert style.usable_language("zh") == "zh"


def test_an_unknown_font_counts_if_it_has_the_characters(fonts: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    fonts.append(SimpleNamespace(name="City Hand", fname="hand.ttf"))
    monkeypatch.setattr(style, "_covers", lambda path: path == "hand.ttf")
    assert style.cjk_font() == "City Hand"


@pytest.mark.filterwarnings("error::UserWarning")  # matplotlib warns of each character that becomes an empty box
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_chinese_title_never_becomes_empty_boxes(fonts: list[Any], tmp_path: Path, language: str) -> None:
    with style.styled(style.usable_language(language)):
        figure = style.new_figure(3, 2)
        figure.add_subplot().set_title("QD10 我的方案 2020")
        style.finish(figure, pandas.DataFrame({"x": [1]}), tmp_path / "a.png", "页脚 · 30", language)
    texts = [text.get_text() for text in figure.findobj(style_text())]  # type: ignore[arg-type]
    assert "QD10 ? 2020" in texts
    assert not any(CHINESE.search(text) for text in texts)


def style_text() -> type:
    """Return matplotlib's class of texts."""
    from matplotlib.text import Text

    return Text


@pytest.mark.skipif(style.cjk_font() is None, reason="no Chinese font on this machine")
@pytest.mark.filterwarnings("error::UserWarning")
def test_an_english_figure_can_hold_a_chinese_title(tmp_path: Path) -> None:
    with style.styled("en"):
        figure = style.new_figure(3, 2)
        figure.add_subplot().set_title("我的方案")
        style.finish(figure, pandas.DataFrame({"x": [1]}), tmp_path / "a.png", "", "en")


# ---- tables for spreadsheets ------------------------------------------------------------------------


def test_a_table_opens_in_a_spreadsheet_and_is_read_back(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"id": ["QD10"], "name_zh": ["高新技术企业，“高企”"], "value": [0.1]})
    write_csv(frame, tmp_path / "a" / "b.csv")
    data = (tmp_path / "a" / "b.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in data
    pandas.testing.assert_frame_equal(pandas.read_csv(tmp_path / "a" / "b.csv", encoding="utf-8-sig"), frame)


def test_templates_of_a_new_region_open_in_a_spreadsheet(tmp_path: Path) -> None:
    from simulator.study.new_region import _table

    _table(tmp_path, "vintages.csv", [], ["indicator", "名称"])
    assert (tmp_path / "vintages.csv").read_bytes().startswith(b"\xef\xbb\xbf")
