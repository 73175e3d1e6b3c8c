"""Runs of the made-up model for tests of pages and memos: pictures, which take most of the time, are left out."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import toy_model
from toy_model import Toy

from simulator.report import figures
from simulator.study.ensemble import run

toy_in_place, home = toy_model.toy, toy_model.home  # fixtures

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def toy(toy_in_place: Toy, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """Return the made-up model, whose runs draw no pictures."""
    monkeypatch.setattr(figures, "RUN_FIGURES", ())
    monkeypatch.setattr(figures, "COMPARE_FIGURES", ())
    return toy_in_place


@pytest.fixture
def folder(toy: Toy, home: Path) -> Path:
    """Return the folder of a small run."""
    return run(home / "plan.yaml", replicates=4, jobs=1).save("out")
