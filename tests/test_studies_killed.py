"""Studies that are killed half-way give, resumed, the tables that they would have given, and run nothing twice."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import toy_model
from toy_model import Toy, paced

from simulator.study import kept, sensitivity_indices
from simulator.study.discover import DiscoverResult, discover
from simulator.study.runner import counted
from simulator.study.sensitivity import SensitivityResult, sensitivity
from simulator.study.sweep import sweep
from tests.processes import killed_when

toy, home = toy_model.toy, toy_model.home  # the fixtures
pytestmark = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="the made-up model is there in forked processes only"
)
PLAN = "scenarios/qingdao/plan.yaml"
FACTORS = "market.level,voucher.effect,Q1.budget=0:1e8,switches.mode"


def a_sweep(**how: Any) -> Any:
    return sweep(PLAN, {"Q1.budget": [0.0, 1e7, 4e7]}, runs=20, outcomes=["QD10", "cost.net"], **how)


def elementary(**how: Any) -> Any:
    return sensitivity(PLAN, FACTORS, trajectories=5, outcomes=["QD10", "cost.net"], **how)


def variances(**how: Any) -> Any:
    return sensitivity(PLAN, FACTORS, "sobol", samples=8, outcomes=["QD10", "cost.net"], **how)


def misses(**how: Any) -> Any:
    return discover(PLAN, "QD10", runs=80, **how)


def shards(folder: Path) -> dict[str, int]:
    return {p.relative_to(folder).as_posix(): p.stat().st_mtime_ns for p in folder.rglob("shards/*.json")}


def tables(folder: Path) -> dict[str, bytes]:
    """Return the tables of a study and what was kept of its runs."""
    patterns = ("**/shards/*.json", "**/results.parquet", "**/failures.csv")
    found = [p for pattern in patterns for p in folder.glob(pattern)]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


@pytest.mark.parametrize(
    ("study", "jobs"), [(a_sweep, 1), (a_sweep, 2), (elementary, 1), (elementary, 2), (variances, 2), (misses, 2)]
)
def test_killed_and_resumed_is_as_if_nothing_had_happened(
    toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch, study: Callable[..., Any], jobs: int
) -> None:
    for one in (SensitivityResult, DiscoverResult):
        monkeypatch.setattr(one, "plot", lambda *_: [])
    monkeypatch.setitem(sensitivity_indices.DUMMIES, "morris", 2)
    monkeypatch.setitem(sensitivity_indices.DUMMIES, "sobol", 2)
    whole, folder = Path("whole"), Path("killed")
    result = study(out=whole, jobs=1)
    every = len(shards(whole))
    with monkeypatch.context() as patched:
        paced(toy, patched, lambda _: time.sleep(0.004))
        killed_when(lambda: len(shards(folder)) >= every // 2, lambda: study(out=folder, jobs=jobs))
    there = shards(folder)
    assert every // 2 <= len(there) < every
    with counted() as tally:
        again = kept.resume(folder, jobs=jobs)
    assert tally.ran == every - len(there)
    assert shards(folder).items() >= there.items()  # what was finished was not touched
    assert again.table().equals(result.table())
    found, wanted = tables(folder), tables(whole)
    assert {name for name in wanted if name.endswith("results.parquet")}
    assert found == wanted
