"""The live page without a browser: what is drawn, in both languages, and what it says to whoever has no token."""

from __future__ import annotations

import re
import time
from dataclasses import fields
from pathlib import Path

import pytest
from toy_model import Toy, home, toy

from simulator.dashboard import view
from simulator.dashboard.engine import Answer, Engine
from simulator.dashboard.mix import Mix
from simulator.dashboard.words import _SAID, quick_mark, unit_label
from simulator.study.replicates import load_scenario

__all__ = ["home", "toy"]
CHINESE = re.compile("[\u4e00-\u9fff]")


def answers(home: Path, engine: Engine) -> tuple[Answer, Answer]:
    base = Mix(load_scenario(home / "plan.yaml"))
    more = base.with_dose("Q1.budget", 16e7)
    return engine.wait("p", more.scenario(), timeout=30), engine.wait("p", base.scenario(), timeout=30)


@pytest.mark.parametrize(("language", "after"), [("en", "Outcome targets"), ("zh", "结果性目标")])
def test_the_mark_of_a_quick_answer_is_bold(language: str, after: str) -> None:
    markdown = pytest.importorskip("markdown_it").MarkdownIt()
    assert "<strong>" in markdown.render(quick_mark(language) + after)


def test_rows_are_paired_with_the_baseline(toy: Toy, home: Path) -> None:
    with Engine(jobs=0, quick=2, refined=8) as engine:
        mix, base = answers(home, engine)
    row = next(r for r in view.target_rows(mix, base, "en") if r.id == "QD10")
    assert row.headline
    assert row.clear
    assert row.difference > 0
    assert row.change.startswith("+")
    assert row.probability >= row.base
    equal = next(r for r in view.target_rows(base, base, "en") if r.id == "QD10")
    assert (equal.change, equal.clear) == ("=", False)
    money = {r.kind: r for r in view.money_rows(mix, base)}
    assert money["net"].mix > money["net"].base > 0
    ((name, here, there),) = view.entry_costs(mix, base, ["Q1"])
    assert name == "Q1"
    assert here > there
    pictures = view.fans(mix, base, ["QD10"], "zh")
    assert len(pictures) == 1
    assert 'class="beside"' in str(pictures[0][1])
    assert 'class="beside"' not in str(view.fans(base, base, ["QD10"], "zh")[0][1])


def test_text_of_files_is_escaped() -> None:
    page = view.plain_html("x", ["<b>"], [("<script>alert(1)</script>", '"')])
    assert "<script>" not in page
    assert "&lt;b&gt;" in page
    row = view.TargetRow("<i>", "<u>", "<s>", 0.5, 0.5, "in doubt", "<p>", "=", 0.0, False, True)
    assert not re.search("<[iusp]>", str(view.targets_html([row], "en", ["a"] * 5)))


def test_every_word_is_in_both_languages() -> None:
    for key, (english, chinese) in _SAID.items():
        assert CHINESE.search(chinese), key
        assert not CHINESE.search(english), key
        assert set(re.findall(r"\{(\w+)\}", english)) == set(re.findall(r"\{(\w+)\}", chinese)), key


def test_every_unit_of_a_setting_has_a_chinese_name() -> None:
    from simulator.model import LEVERS

    units = {str(f.metadata.get("unit") or "1") for lever in LEVERS.values() for f in fields(lever.Settings)}
    for unit in units - {"1"}:
        shown = unit_label(unit, "zh")
        assert not re.search("[A-Za-z]{3}", shown), (unit, shown)


def test_addresses_and_tokens() -> None:
    from simulator.core.problems import InputError
    from simulator.dashboard import serve

    for host, loopback in {
        "127.0.0.1": True,
        "::1": True,
        "localhost": True,
        "0.0.0.0": False,
        "10.0.0.7": False,
    }.items():
        assert serve.is_loopback(host) is loopback
        assert bool(serve.token_for(host, None)) is not loopback
    assert serve.token_for("0.0.0.0", None) != serve.token_for("0.0.0.0", None)
    assert serve.token_for("127.0.0.1", "mine") == "mine"
    config = serve.Config(token="right")
    assert config.admits("right")
    assert not config.admits("")
    assert not config.admits("wröng")
    assert serve.Config().admits("")
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match="cannot be listened on"):
            serve.refuse_taken("127.0.0.1", taken.getsockname()[1])


# ---- drawn --------------------------------------------------------------------------------------------


def opened(language: str, token: str = "") -> object:
    testing = pytest.importorskip("streamlit.testing.v1")
    from simulator.dashboard.serve import APP

    page = testing.AppTest.from_file(str(APP), default_timeout=120)
    page.query_params["lang"] = language
    if token:
        page.query_params["token"] = token
    return page


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, toy: Toy, home: Path, tmp_path: Path) -> object:
    from simulator.dashboard import serve
    from simulator.dashboard.folders import Folders

    pytest.importorskip("streamlit")
    engine = Engine(jobs=0, quick=2, refined=4)
    monkeypatch.setattr(serve, "_engine", engine)
    monkeypatch.setattr(serve, "config", serve.Config(Folders(home.parent, tmp_path / "outputs")))
    yield serve
    engine.close()


def test_a_page_without_its_token_shows_nothing(shown: object) -> None:
    shown.config.token = "secret"  # type: ignore[attr-defined]
    for token in ("", "wrong"):
        page = opened("en", token).run()  # type: ignore[attr-defined]
        assert len(page.error) == 1
        assert not page.slider
    assert opened("en", "secret").run().slider  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", ["en", pytest.param("zh", marks=pytest.mark.slow)])
def test_a_slider_moves_targets_and_money(shown: object, language: str) -> None:
    page = opened(language).run()  # type: ignore[attr-defined]
    assert not page.exception
    (slider,) = [s for s in page.slider if s.key.endswith("Q1.budget")]
    assert slider.value == (4000 if language == "zh" else 40)
    slider.set_value(slider.value * 2).run()
    assert not page.exception
    live = page.session_state["live"]
    assert live.mix.doses == {"Q1.budget": 8e7}
    end = time.monotonic() + 30
    while live.pending() and time.monotonic() < end:
        time.sleep(0.02)
    page.run()
    assert not page.exception
    wanted = "Outcome targets:" if language == "en" else "结果性目标："
    said = [m.value.replace("\\", "") for m in page.markdown]
    assert any(text.startswith(wanted) for text in said)  # refined, and so without the mark of a quick answer
    live.put_beside("A")
    page.run()
    assert not page.exception
