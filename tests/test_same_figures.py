"""Code under the hash of older code: the chain is followed, and only what was compared is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from same_figures import main

from simulator.study import output


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "same_figures.json"
    monkeypatch.setattr(output, "SAME_FIGURES", path)
    output._same_figures.cache_clear()
    yield path
    output._same_figures.cache_clear()


def test_code_goes_under_its_own_hash_where_nothing_is_written(file: Path) -> None:
    assert output.model_hash() == output.model_code_hash()


def test_a_chain_is_followed_to_its_oldest_code(file: Path) -> None:
    own = output.model_code_hash()
    file.write_text(json.dumps({own: {"as": "b" * 64}, "b" * 64: {"as": "c" * 64}}))
    assert output.model_hash() == "c" * 64


def test_the_committed_file_says_what_was_compared() -> None:
    if output.SAME_FIGURES.is_file():
        for own, row in json.loads(output.SAME_FIGURES.read_text(encoding="utf-8")).items():
            assert len(own) == len(row["as"]) == 64
            assert own != row["as"]
            assert row["scenarios"] > 0
            assert all(runs > 0 for runs in row["runs"].values())
            assert len(row["why"]) > 10


def test_code_that_moves_a_figure_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr("same_figures.moved_series", lambda: ["qingdao/plan: values moved"])
    monkeypatch.setattr("same_figures.moved_runs", lambda region: [])
    assert main("a" * 64, "an edit of no consequence") == 1
    assert "qingdao/plan" in capsys.readouterr().err
