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
from simulator.study import aside, kept, packed, posterior, shards
from simulator.study.checked import read_array
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
def test_a_few_faults_lose_nothing_of_a_search() -> None:
    few = "SIGKILL|SIGINT twice|full disk|no space|worker killed each|no memory"
    assert "| all | |" in trials("--studies", "(optimise|discover), 2 jobs", "--only", few, "--jobs", "2")


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

SWALLOWED = """
import sys, time, weakref
from simulator import cli
class Thing: pass
thing = Thing()
reference = weakref.ref(thing, lambda _: cli._interrupt())
sys.unraisablehook = cli._unraisable
try:
    del thing
    time.sleep(5.0)
except KeyboardInterrupt:
    print("interrupted")
"""


@forks
def test_an_interrupt_that_python_swallows_comes_again() -> None:
    done = subprocess.run([sys.executable, "-c", SWALLOWED], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


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


def test_a_packed_bank_that_is_not_its_manifests_is_refused(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    path = packed.packed_path("qingdao", tmp_path)
    meta = {"region": "qingdao", "seed": 0, "bank": "b", "model": "m", "priors": "p"}
    figures = {"draw": pyarrow.array([0, 1], pyarrow.int32()), "a@2015": pyarrow.array([1.0, 2.0], pyarrow.float32())}
    for figure in (1.0, 3.0):
        figures["a@2015"] = pyarrow.array([figure, 2.0], pyarrow.float32())
        parquet.write_table(pyarrow.table(figures).replace_schema_metadata({"ris": json.dumps(meta)}), path)
        if figure == 1.0:
            assert packed.load_packed("qingdao", tmp_path) is not None  # one of before there were manifests
            packed.sign(path)
            assert packed.load_packed("qingdao", tmp_path) is not None
    with pytest.raises(InputError, match="is not the bank that its manifest speaks of"):
        packed.load_packed("qingdao", tmp_path)


def test_the_committed_bank_is_its_manifests() -> None:
    path = packed.packed_path("qingdao")
    held = json.loads(packed.manifest_of(path).read_text("utf-8"))
    assert held["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_banks_shard_with_another_figure_is_made_anew(tmp_path: Path) -> None:
    path, values = tmp_path / "a.npy", np.arange(6.0).reshape(2, 3)
    aside.write_array(path, values)
    whole = path.read_bytes()
    assert np.array_equal(np.load(path), values)  # it stays one that others can read
    for harm in (whole.replace(np.float64(2.0).tobytes(), np.float64(2.5).tobytes()), whole[:-1], whole + b"0"):
        path.write_bytes(harm)
        assert read_array(path, (2, 3), np.float64) is None
    np.save(path, values)  # one of before there were checksums
    assert np.array_equal(read_array(path, (2, 3), np.float64), values)


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
