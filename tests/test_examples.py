"""The example scripts and files do what they say, with few runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pandas
import pytest

from simulator.study.sweep_design import planned
from simulator.study.sweep_file import read_sweep

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = ("sweep_voucher", "compare_mixes", "what_matters")


def script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_script_has_a_test() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(SCRIPTS)
    assert all(script(name).__doc__ for name in SCRIPTS)


def test_the_sweep_file_is_right() -> None:
    for path in EXAMPLES.glob("*.yaml"):
        found = planned(read_sweep(path))
        assert len(found.points) == 12
        assert found.points[0]["QL09d.face_value"] == 20_000.0


def test_the_sweep_of_the_voucher(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "sweep"
    script("sweep_voucher").main(runs=2, folder=str(folder))
    said = capsys.readouterr()
    assert "QD12" in said.out
    assert "runs: 8 of 8" in said.err
    summary = pandas.read_csv(folder / "summary.csv")
    costs = summary[summary["outcome"] == "cost.QL09d"]["mean"].tolist()
    assert costs[0] == 0 < min(costs[1:])


@pytest.mark.slow
def test_the_comparison_of_mixes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script("compare_mixes").main(runs=4, folder=str(tmp_path / "compare"), amount=None)
    said = capsys.readouterr().out
    assert "funds_instead_of_grants" in said
    assert (tmp_path / "compare" / "manifest.json").is_file()


@pytest.mark.slow
def test_what_matters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script("what_matters").main(trajectories=2, futures=60, folder=str(tmp_path / "study"))
    said = capsys.readouterr().out
    assert "QL09d.budget" in said
    assert (tmp_path / "study" / "discover" / "manifest.json").is_file()
