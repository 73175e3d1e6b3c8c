"""The runner: shards that are kept, kills that are survived, failures that are told; on the made-up model."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_model import Toy, home, paced, toy

from simulator.core.problems import InputError
from simulator.study import engine, kept, shards
from simulator.study.design import Design, crossed, outcomes_of
from simulator.study.replicates import StudyError, load_scenario
from simulator.study.runner import Results, counted, replay, run_design
from tests.processes import killed_when

__all__ = ["home", "toy"]
RUNS = 30
BUDGETS = [{"Q1.budget": b} for b in (0.0, 1e7, 4e7)]


def a_design(home: Path, runs: int = RUNS, seed: int = 0) -> Design:
    scenario = load_scenario(home / "plan.yaml")
    outcomes = outcomes_of(scenario, ["hnte_count@2020", "rd_share@2015", "cost.net"])
    return Design((scenario,), tuple(crossed(0, BUDGETS, runs)), outcomes, seed)


def table(folder: Path) -> bytes:
    return (folder / shards.RESULTS).read_bytes()


def slow(toy: Toy, monkeypatch: pytest.MonkeyPatch, seconds: float = 0.004) -> None:
    paced(toy, monkeypatch, lambda _: time.sleep(seconds))


def killed(work: Callable[[], object], folder: Path, after: int) -> int:
    """Run in another process, kill it once some shards are there, and return how many there are."""

    def there() -> int:
        return len(list(folder.glob(f"{shards.SHARDS}/*.json")))

    killed_when(lambda: there() >= after, work)
    return there()


def test_the_table_depends_on_neither_jobs_nor_batches(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    design = a_design(home)
    one = run_design(design, Path("one"), jobs=1)
    two = run_design(design, Path("two"), jobs=2)
    monkeypatch.setattr(engine, "BATCH", 0.0)
    three = run_design(design, Path("three"), jobs=3)
    none = run_design(design, jobs=2)
    assert table(Path("one")) == table(Path("two")) == table(Path("three"))
    for other in (two, three, none):
        assert np.array_equal(one.values, other.values)
    assert (one.ran, one.found) == (90, 0)
    assert list(one.frame().columns)[:4] == ["scenario", "draw", "luck", "Q1.budget"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_and_resumed_is_as_if_nothing_had_happened(
    toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    slow(toy, monkeypatch)
    design, folder = a_design(home), Path("killed")
    there = killed(lambda: run_design(design, folder, jobs=jobs), folder, 4)
    assert 4 <= there < 12
    (folder / shards.SHARDS / ".x.json.1.part").write_text("a killed process left this", encoding="utf-8")
    with counted() as tally:
        again = run_design(design, folder, jobs=jobs)
    assert (tally.found, tally.ran) == (there, 12 - there)
    assert again.found == there * shards.SHARD or there == 12
    run_design(design, Path("whole"), jobs=1)
    assert table(folder) == table(Path("whole"))
    before = toy.runs
    with counted() as tally:
        run_design(design, folder, jobs=1)
    assert (tally.found, tally.ran, toy.runs) == (12, 0, before)
    assert not [*folder.glob(".*"), *folder.glob("*/.*")]


def test_more_runs_use_the_shards_of_fewer(toy: Toy, home: Path) -> None:
    run_design(a_design(home, 16), Path("a"), jobs=1)
    with counted() as tally:
        run_design(a_design(home, 32), Path("a"), jobs=1)
    assert (tally.found, tally.ran) == (6, 6)
    with counted() as tally:
        run_design(a_design(home, 16, seed=1), Path("a"), jobs=1)
    assert tally.found == 0


def test_several_designs_of_a_folder_stand_in_one_table(toy: Toy, home: Path) -> None:
    import pandas

    for folder in (Path("a"), Path("b")):
        for runs in (4, 8, 4):
            run_design(a_design(home, runs), folder, jobs=1)
    found = pandas.read_parquet(Path("a") / shards.RESULTS)
    assert found.groupby("design").size().tolist() == [12, 24]
    assert table(Path("a")) == table(Path("b"))


@pytest.mark.parametrize("harm", ["cut", "empty", "other", "flipped"])
def test_a_shard_that_is_not_whole_is_made_anew(toy: Toy, home: Path, harm: str) -> None:
    design, folder = a_design(home), Path("a")
    run_design(design, folder, jobs=1)
    whole = table(folder)
    one, two = (shards.shard_path(folder, design, n) for n in shards.row_numbers(design)[1:3])
    data = one.read_bytes()
    harmed = {"cut": data[:-20], "empty": b"", "other": b"\xff\n[]\n", "flipped": data.replace(b"1", b"2", 90)}
    one.write_bytes(harmed[harm])
    with counted() as tally:
        run_design(design, folder, jobs=1)
    assert (tally.found, tally.ran) == (11, 1)
    assert table(folder) == whole
    assert one.read_bytes() == data != two.read_bytes()


# ---- failures -----------------------------------------------------------------------------------------


def failures(folder: Path) -> list[dict[str, str]]:
    with (folder / shards.FAILURES).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_copy_of_a_failed_rows_scenario_comes_after_its_region(
    toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.raising = {3}

    def killed_here(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("simulator.study.failed.copy_region", killed_here)
    with pytest.raises(KeyboardInterrupt):
        run_design(a_design(home, 60), Path("a"), jobs=1)
    assert not list(Path("a").glob("failed/*/*.yaml"))  # else the next attempt would take the region for copied


@pytest.mark.parametrize("jobs", [1, 2])
def test_runs_that_raise_or_give_no_number_are_told_and_survived(toy: Toy, home: Path, jobs: int) -> None:
    toy.raising, toy.undefined = {3}, {5}
    design, folder = a_design(home, 60), Path("a")
    found = run_design(design, folder, jobs=jobs)
    assert [f.row for f in found.failures] == [9, 10, 11, 15, 16, 17]
    assert "unlucky" in found.failures[0].message
    assert "not a finite number: hnte_count in 2014" in found.failures[-1].message
    assert np.isnan(found.values[9:12]).all()
    assert np.isfinite(np.delete(found.values, [9, 10, 11, 15, 16, 17], axis=0)).all()
    records = failures(folder)
    assert [int(r["row"]) for r in records] == [9, 10, 11, 15, 16, 17]
    assert records[0]["luck"] == "3"
    assert json.loads(records[1]["changes"]) == {"Q1.budget": 1e7}
    assert "replay('a', 9)" in records[0]["command"]
    with pytest.raises(RuntimeError, match="seed 3 is unlucky"):
        replay(folder, 9)
    assert np.isnan(replay(folder, 15).values).any()
    with pytest.raises(InputError, match="has not failed"):
        replay(folder, 1)
    before = toy.runs
    run_design(design, folder, jobs=1)  # what failed is known, and not tried again
    assert toy.runs == before


def test_a_command_without_a_folder_runs_a_row_again(toy: Toy, home: Path) -> None:
    toy.raising = {3}
    found = run_design(a_design(home, 60), jobs=1)
    code = found.failures[1].command.partition("python -c ")[2]
    assert "Q1.budget" in code
    import shlex

    with pytest.raises(RuntimeError, match="unlucky"):
        exec(shlex.split(code)[0])


def test_more_than_one_in_twenty_is_refused(toy: Toy, home: Path) -> None:
    toy.raising = {3, 4}
    with pytest.raises(StudyError, match=r"(?s)6 of 90 runs failed.*row 9.*replay\('a', 9\).*failures.csv"):
        run_design(a_design(home), Path("a"), jobs=1)
    assert len(failures(Path("a"))) == 6


def deadly(toy: Toy, monkeypatch: pytest.MonkeyPatch, seed: int, budget: float) -> None:
    plain, parent = toy.simulate, os.getpid()

    def simulate(scenario: Any, values: Any, luck: int) -> Any:
        if luck == seed and scenario.entries[0].settings.budget == budget:
            assert os.getpid() != parent, "the study itself would die"
            os._exit(9)
        return plain(scenario, values, luck)

    toy.simulate = simulate  # type: ignore[method-assign]
    monkeypatch.setattr(sys.modules["simulator.simulate"], "simulate", simulate)


def test_a_worker_that_dies_costs_its_row_only(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_design(a_design(home), Path("whole"), jobs=1)
    with monkeypatch.context() as patched:
        deadly(toy, patched, 6, 1e7)
        found = run_design(a_design(home), Path("a"), jobs=2)
        assert [f.row for f in found.failures] == [19]
        assert "died" in found.failures[0].message
        assert np.array_equal(np.delete(found.values, 19, axis=0), np.delete(whole.values, 19, axis=0))
        with counted() as tally:
            run_design(a_design(home), Path("a"), jobs=2)
        assert (tally.found, tally.ran) == (11, 1)  # tried again: memory may have been short
    toy.simulate = Toy.simulate.__get__(toy)  # type: ignore[method-assign]
    found = run_design(a_design(home), Path("a"), jobs=2)
    assert not found.failures
    assert not (Path("a") / shards.FAILURES).exists()
    assert table(Path("a")) == table(Path("whole"))


@pytest.mark.parametrize("jobs", [1, 2])
def test_too_little_memory_stops_the_study_and_is_no_result(
    toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    def simulate(scenario: Any, values: Any, luck: int) -> Any:
        if luck == 20:
            raise MemoryError
        return Toy.simulate(toy, scenario, values, luck)

    toy.simulate = simulate  # type: ignore[method-assign]
    monkeypatch.setattr(sys.modules["simulator.simulate"], "simulate", simulate)
    with pytest.raises(StudyError, match="not enough memory"):
        run_design(a_design(home), Path("a"), jobs=jobs)
    toy.simulate = Toy.simulate.__get__(toy)  # type: ignore[method-assign]
    with counted() as tally:
        assert not run_design(a_design(home), Path("a"), jobs=jobs).failures
    assert tally.found > 0


def test_a_full_disk_stops_the_study_with_a_plain_message(
    toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StudyError, match="No space left on device"):
        run_design(a_design(home, 8), Path("a"), jobs=1)


def test_a_row_with_an_unknown_factor_is_refused_before_the_runs(toy: Toy, home: Path) -> None:
    design = a_design(home, 8)
    wrong = replace(design, rows=(*design.rows, replace(design.rows[0], changes=(("Q1.budgets", 1.0),))))
    with pytest.raises(InputError, match=r"Q1\.budget"):
        run_design(wrong, jobs=1)
    assert toy.runs == 0


# ---- two at a time ------------------------------------------------------------------------------------


def test_a_folder_in_use_is_refused_and_a_dead_lock_is_not(toy: Toy, home: Path) -> None:
    folder = Path("a")
    with shards.locked(folder), pytest.raises(StudyError, match=rf"process {os.getpid()} on .* is running this study"):
        run_design(a_design(home, 2), folder, jobs=1)
    host, pid, _ = json.loads(shards._myself())
    for stale in ([host, 2**22 + 1, "5"], [host, pid, "another process had this number"]):
        (folder / shards.LOCK).write_text(json.dumps(stale), encoding="utf-8")
        run_design(a_design(home, 2), folder, jobs=1)
    (folder / shards.LOCK).write_text("", encoding="utf-8")  # not one of ours
    run_design(a_design(home, 2), folder, jobs=1)
    (folder / shards.LOCK).write_text(json.dumps(["elsewhere", 1, ""]), encoding="utf-8")
    with pytest.raises(StudyError, match="on elsewhere"):
        run_design(a_design(home, 2), folder, jobs=1)
    (folder / shards.LOCK).write_text(json.dumps([host, 10**30, ""]), encoding="utf-8")  # no process has this number
    with pytest.raises(StudyError, match="if there is no such process, remove"):
        run_design(a_design(home, 2), folder, jobs=1)


def test_two_processes_at_once_leave_one_whole_study(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(toy, monkeypatch)
    design, folder = a_design(home), Path("a")

    def patient() -> None:
        for _ in range(500):
            try:
                run_design(design, folder, jobs=2)
                os._exit(0)
            except StudyError:
                time.sleep(0.01)
        os._exit(1)

    several = [multiprocessing.get_context("fork").Process(target=patient) for _ in range(3)]
    for process in several:
        process.start()
    for process in several:
        process.join()
    assert [process.exitcode for process in several] == [0, 0, 0]
    run_design(design, Path("whole"), jobs=1)
    assert table(folder) == table(Path("whole"))
    assert not list(folder.glob(".*"))


# ---- the folder of a study ----------------------------------------------------------------------------


def test_a_study_has_one_folder_and_its_own_copies(toy: Toy, home: Path) -> None:
    plan, doubled = (load_scenario(home / f"{name}.yaml") for name in ("plan", "doubled"))
    folder = kept.begin("sweep", {"levels": (1, np.float64(2.5))}, [plan, doubled])
    assert folder.parent.name == "outputs"
    assert folder.name.startswith("sweep-plan-")
    assert kept.begin("sweep", {"levels": [1, 2.5]}, [plan, doubled]) == folder
    assert kept.begin("sweep", {"levels": [1, 2.6]}, [plan, doubled]) != folder
    (home / "plan.yaml").write_text("schema: 1\n", encoding="utf-8")  # edited meanwhile
    copies = kept.scenarios_of(folder)
    assert [s.fingerprint() for s in copies] == [plan.fingerprint(), doubled.fingerprint()]
    assert copies[0].region.folder.is_relative_to(folder.resolve())
    with pytest.raises(InputError, match="holds another study"):
        kept.begin("sweep", {}, [plan], out=folder)
    with pytest.raises(InputError, match="holds no study"):
        kept.begin("sweep", {}, [plan], out=home)
    one = kept.copies(folder)[0]
    one.write_text(one.read_text("utf-8").replace("40000000", "50000000"), encoding="utf-8")
    with pytest.raises(InputError, match="was changed after the study began"):
        kept.scenarios_of(folder)


def test_rows_of_the_copies_are_those_of_the_originals(toy: Toy, home: Path) -> None:
    design = a_design(home, 2)
    folder = kept.begin("sweep", {}, design.scenarios)
    copy = kept.scenarios_of(folder)[0]
    assert replace(design, scenarios=(copy,), outcomes=outcomes_of(copy, design.outcomes.names)).hashes == design.hashes


def test_resume_calls_the_study_again(toy: Toy, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    def again(spec: Any, scenarios: Any, folder: Path, **where: Any) -> Results:
        design = Design(
            tuple(scenarios), tuple(crossed(0, [{}], spec["runs"])), outcomes_of(scenarios[0], ["cost.net"])
        )
        return run_design(design, folder, **where)

    monkeypatch.setitem(sys.modules, "simulator.study.made_up", SimpleNamespace(again=again))
    folder = kept.begin("made_up", {"runs": 16}, [load_scenario(home / "plan.yaml")])
    assert kept.resume(folder, jobs=1).ran == 16
    assert kept.resume(folder, jobs=1).found == 16
    unknown = kept.begin("not_made", {}, [load_scenario(home / "plan.yaml")])
    with pytest.raises(InputError, match="no such kind of study"):
        kept.resume(unknown)
    with pytest.raises(InputError, match="holds no study"):
        kept.resume(home)


def test_a_pilot_counts_what_is_there(toy: Toy, home: Path) -> None:
    run_design(a_design(home, 16), Path("a"), jobs=1)
    pilot = kept.pilot(a_design(home, 32), Path("a"), jobs=2)
    assert (pilot.runs, pilot.found, pilot.jobs) == (96, 48, 2)
    assert pilot.minutes == pytest.approx(48 * pilot.seconds_a_run / 120)
    assert "96 (48 found, 48 to run)" in pilot.text()
    assert "待运行 48" in pilot.text("zh")
    assert pilot.times(148).minutes == pytest.approx(100 * pilot.seconds_a_run / 120)
