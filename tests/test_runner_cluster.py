"""The runner on the model itself, in this process and on a Dask cluster of two workers that the tests start."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_runs import ROOT, shipped

from simulator.core.problems import InputError
from simulator.study import cluster as dask
from simulator.study import shards
from simulator.study.design import Design, crossed, outcomes_of
from simulator.study.engine import Died, work
from simulator.study.pieces import Pieces
from simulator.study.pool import Pool
from simulator.study.replicates import Outcome, design
from simulator.study.runner import counted, run_design, run_row
from tests.processes import killed_when, left

LEVELS: list[dict[str, Any]] = [
    {},
    {"finance.exit": 0.1},
    {"switches.spillovers": "short"},
    {"research.entry": 0.05},
]


def a_design(runs: int = 4) -> Design:
    base = shipped(ROOT / "scenarios" / "benxi" / "baseline.yaml")
    base = replace(base, years=(base.years[0], base.years[0] + 1))
    plan = shipped(ROOT / "scenarios" / "benxi" / "plan.yaml")
    plan = replace(plan, years=base.years)
    rows = [row for pair in zip(crossed(0, LEVELS, runs), crossed(1, LEVELS, runs), strict=True) for row in pair]
    return Design((base, plan), tuple(rows), outcomes_of(plan, [f"hnte_count@{base.years[1]}", "cost.net"]))


def test_every_row_gives_what_it_gives_alone_to_the_last_bit() -> None:
    design = a_design(2)
    alone = np.array([run_row(design, row) for row in design.rows])
    assert len(np.unique(alone, axis=0)) > 4
    assert np.array_equal(run_design(design, jobs=1).values, alone)
    assert np.array_equal(run_design(design, jobs=2).values, alone)


# ---- the cluster --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Start a scheduler and two workers on loopback."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as two:
        yield two.scheduler_address


def square(held: int, item: int) -> int:
    """Return a square, or kill the worker that is at a negative number."""
    if item < 0:
        os._exit(7)
    return held + item * item


def test_a_cluster_gives_the_same_bytes_and_resumes(address: str, tmp_path: Path) -> None:
    design = a_design(4)
    run_design(design, tmp_path / "here", jobs=1)
    one, *others = shards.row_numbers(design)
    run_design(replace(design, rows=design.rows[: len(one)]), tmp_path / "there", jobs=1)
    with counted() as tally:
        run_design(design, tmp_path / "there", cluster=address)
    assert (tally.found, tally.ran) == (1, len(others))
    for folder in ("here", "there"):
        run_design(design, tmp_path / folder, cluster=address)
    names = [p.name for p in sorted((tmp_path / "here" / shards.SHARDS).iterdir())]
    assert names == [p.name for p in sorted((tmp_path / "there" / shards.SHARDS).iterdir())]
    for name in names:
        assert all((tmp_path / f / shards.SHARDS / name).read_bytes() for f in ("here", "there"))
    fresh = tmp_path / "fresh"
    run_design(design, fresh, cluster=address)
    assert (fresh / shards.RESULTS).read_bytes() == (tmp_path / "here" / shards.RESULTS).read_bytes()


def test_replicates_on_a_cluster_are_those_of_this_machine_and_are_kept(address: str, tmp_path: Path) -> None:
    design_ = a_design(1)
    replicates = design(8, 0)
    here, there, again = (Pieces(tmp_path / name) for name in ("here", "there", "there"))
    runs = [
        Pool(design_.scenarios, 0, 1, cluster=cluster, pieces=pieces).run({0: replicates, 1: replicates})
        for cluster, pieces in ((None, here), (address, there))
    ]
    for one, two in zip(*(found[0] + found[1] for found in runs), strict=True):
        assert isinstance(one, Outcome)
        assert isinstance(two, Outcome)
        assert (one.replicate, one.bills) == (two.replicate, two.bills)
        assert np.array_equal(one.values, two.values)
    files = [{p.name: p.read_bytes() for p in (tmp_path / f).rglob("*.runs")} for f in ("here", "there")]
    assert files[0] == files[1]
    with counted() as tally:
        Pool(design_.scenarios, 0, cluster="tcp://127.0.0.1:1", pieces=again).run({0: replicates, 1: replicates})
    assert (tally.found, tally.ran) == (2, 0)


@pytest.mark.slow
def test_killed_on_a_cluster_and_resumed_is_as_if_nothing_had_happened(address: str, tmp_path: Path) -> None:
    design, folder = a_design(8), tmp_path / "killed"
    found = partial(folder.glob, f"{shards.SHARDS}/*.json")
    killed_when(lambda: len(list(found())) >= 3, partial(run_design, design, folder, cluster=address), "spawn")
    there = len(list(found()))
    assert there >= 3
    with counted() as tally:
        run_design(design, folder, cluster=address)
    assert (tally.found, tally.ran) == (there, 8 - there)
    run_design(design, tmp_path / "whole", jobs=2)
    assert (folder / shards.RESULTS).read_bytes() == (tmp_path / "whole" / shards.RESULTS).read_bytes()


@pytest.mark.slow
def test_a_worker_of_a_cluster_that_dies_costs_its_piece_only(address: str) -> None:
    found = dict(work(square, 1, [1, 2, 3, -1, 4, 5], cluster=address))
    assert isinstance(found.pop(-1), Died)
    assert found == {k: 1 + k * k for k in range(1, 6)}


def test_a_cluster_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask, "REACH", 0.5)
    for wrong in ("tcp://127.0.0.1:1", "nonsense"):
        with pytest.raises(InputError, match="no scheduler answers"):
            list(work(square, 1, [1, 2], cluster=wrong))


def test_without_dask_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match="cluster"):
        list(work(square, 1, [1, 2], cluster="tcp://127.0.0.1:1"))


# ---- processes of this machine ------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [2, 3])
def test_processes_that_die_cost_their_piece_only(jobs: int) -> None:
    items = [*range(1, 40), -1, *range(40, 60), -2]
    found = dict(work(square, 1, items, jobs=jobs))
    assert [k for k, result in found.items() if isinstance(result, Died)] in ([-1, -2], [-2, -1])
    assert all(found[k] == 1 + k * k for k in range(1, 60))


def _raises(held: int, item: int) -> int:
    if item == held:
        raise InputError([])
    return item


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_piece_raises_is_raised_here(jobs: int) -> None:
    with pytest.raises(InputError):
        list(work(_raises, 5, range(20), jobs=jobs))
    assert len(list(work(_raises, -1, range(20), jobs=jobs))) == 20
    assert list(work(_raises, 5, [], jobs=jobs)) == []
    with pytest.raises(ValueError, match="jobs"):
        list(work(_raises, 5, [1], jobs=0))


def _wait(held: str, item: int) -> int:
    (Path(held) / str(os.getpid())).touch()
    time.sleep(30)
    return item


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_workers_leave_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    killed_when(lambda: len(list(tmp_path.iterdir())) == 2, lambda: list(work(_wait, str(tmp_path), [1, 2], jobs=2)))
    workers = [int(p.name) for p in tmp_path.iterdir()]
    assert len(workers) == 2
    assert left(workers) == []
