"""Faults put into the real commands: a fixed sample here, hundreds with ``python -m tests.faults``."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toy_model import PLAN, Toy, home, toy
from typer.testing import CliRunner

from simulator.cli import app
from simulator.core.problems import InputError
from simulator.study import aside, kept, posterior, shards
from simulator.study.replicates import load_scenario
from simulator.world.region import load_region

__all__ = ["home", "toy"]
ROOT = Path(__file__).resolve().parents[1]
forks = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="forks, and looks at processes in /proc")


def trials(*words: str) -> str:
    """Run trials in a process of their own, which forks, and return their table; none may be lost or wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *words],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.rstrip().splitlines()[-1]


@forks
def test_a_sample_of_faults_loses_nothing() -> None:
    """Every kind of fault but those of a cluster strikes the sweep with two jobs once."""
    assert "| all | |" in trials("--studies", "sweep, 2 jobs", "--without", "Dask", "--jobs", "2")


@forks
@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_many_faults_lose_nothing(seed: int) -> None:
    assert "| 100 |" in trials("--trials", "100", "--without", "Dask", "--seed", str(seed), "--jobs", "2")


@forks
@pytest.mark.slow
def test_a_cluster_that_goes_loses_nothing() -> None:
    pytest.importorskip("distributed")
    assert "| 9 |" in trials("--trials", "9", "--only", "Dask", "--studies", "sweep, 2 jobs", "--jobs", "2")


# ---- what the trials found --------------------------------------------------------------------------------


def a_sample(home: Path) -> Path:
    rng = np.random.default_rng(7)
    names = ("market.level", "voucher.effect")
    table = np.column_stack([rng.normal(900.0, 50.0, 40), rng.normal(2.0, 0.2, 40)])
    return posterior.save_posterior("qingdao", "history", names, table, {"region": "qingdao"}, home / "posterior")


def test_a_sample_that_is_not_its_manifests_is_refused(tmp_path: Path) -> None:
    path = a_sample(tmp_path)
    beside = path.with_suffix(".json")
    held = json.loads(beside.read_text("utf-8"))
    found = posterior.load_posterior("qingdao", "history", path.parent)
    assert found is not None
    assert found.digest == held["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    beside.write_text(json.dumps({**held, "sha256": "0" * 64}), encoding="utf-8")
    posterior.clear_cache()
    with pytest.raises(InputError, match="is not the sample that its manifest speaks of"):
        posterior.load_posterior("qingdao", "history", path.parent)
    beside.write_text(json.dumps({k: v for k, v in held.items() if k != "sha256"}), encoding="utf-8")
    assert posterior.load_posterior("qingdao", "history", path.parent) is not None  # one of before


def test_a_study_does_not_go_on_with_another_sample(
    toy: Toy, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_sample(tmp_path)
    monkeypatch.setattr(posterior, "FOLDER", path.parent)
    posterior.clear_cache()
    (home / "fitted.yaml").write_text(PLAN + "calibration: history\n", encoding="utf-8")
    folder = kept.begin("sweep", {}, [load_scenario(home / "fitted.yaml")])
    for name in (path, path.with_suffix(".json")):
        name.unlink()
    posterior.clear_cache()
    with pytest.raises(InputError, match="fitted sample was changed after the study began"):
        kept.resume(folder)


def test_a_region_that_is_edited_while_it_is_read_is_refused(toy: Toy, home: Path) -> None:
    scenario = load_scenario(home / "plan.yaml")
    names = home / "region" / "names.csv"
    names.write_bytes(names.read_bytes()[:-20])
    with pytest.raises(InputError, match="was changed while it was read"):
        kept.begin("sweep", {}, [scenario])
    assert not list(Path("outputs").iterdir())


def test_a_regions_copy_is_whole_or_not_there(
    toy: Toy, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, copies = load_scenario(home / "plan.yaml"), tmp_path / "copies"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(kept.shutil, "copyfile", full)
        with pytest.raises(OSError, match="No space"):
            kept.copy_region(scenario, copies)
    kept.copy_region(scenario, copies)
    assert load_region(copies / scenario.region.id / "region").digest == scenario.region.digest


def test_what_dead_processes_left_is_cleared(toy: Toy, home: Path) -> None:
    dead = 2**22 + 1
    begun = Path("outputs") / f".mine.{dead}@{aside._machine()}.part"
    (begun / "scenarios").mkdir(parents=True)
    other = Path("outputs") / f".other.{dead}@{aside._machine()}.part"
    other.mkdir()
    folder = kept.begin("sweep", {}, [load_scenario(home / "plan.yaml")], Path("outputs/mine"))
    assert not begun.exists()
    assert other.exists()  # of another study: its own start clears it
    lock = folder / f".{shards.LOCK}.{dead}@{aside._machine()}.part"
    mine = aside.part_of(folder / shards.LOCK)  # of one that waits
    for path in (lock, mine):
        path.write_text("", encoding="utf-8")
    with shards.locked(folder):
        assert not lock.exists()


def test_errors_of_the_system_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, said in (
        (OSError(28, "No space left on device", "a/b"), "a/b: No space left on device\n"),
        (MemoryError(), "not enough memory"),
    ):

        def full(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr("simulator.study.sweep_file.read_sets", full)
        done = CliRunner().invoke(app, ["sweep", str(ROOT / "scenarios" / "benxi" / "plan.yaml"), "--set", "a=1"])
        assert done.exit_code == 3
        assert said in done.output
