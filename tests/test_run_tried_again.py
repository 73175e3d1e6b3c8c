"""What a run that went wrong leaves behind: failures that may pass are tried again, nothing that is whole is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import toy_model
from test_run_resumed import NOW, command, contents, pieces, plain, ris, shards, stopped
from toy_model import Toy, paced

from simulator.core.problems import InputError, Problem
from simulator.study import engine, equal_budget, kept, output, study_files, unfinished
from simulator.study import shards as study_shards
from simulator.study.aside import part_of, put_back
from simulator.study.replicates import load_scenario

toy, home = toy_model.toy, toy_model.home  # the fixtures
__all__ = ["home", "plain", "toy"]


@pytest.mark.parametrize("way", ["same", "resume"])
def test_runs_without_memory_are_tried_again_and_the_others_are_not(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    words = [*command("run", home), "--jobs", 1]
    assert ris(*words, "--out", "whole").exit_code == 0

    def short(seed: int) -> None:
        if seed == 9:
            raise MemoryError("Unable to allocate 3 GiB")

    with monkeypatch.context() as patched:
        paced(toy, patched, short)
        first = ris(*words, "--out", NOW)
    assert (first.exit_code, len(pieces(NOW))) == (3, 4)
    assert "MemoryError" in first.stderr
    toy.runs = 0
    again = ris(*words, "--out", NOW) if way == "same" else ris("resume", NOW, "--jobs", 1)
    assert again.exit_code == 0, again.output
    assert "are tried again: 1" in again.stderr
    assert (toy.runs, shards(again)) == (8, (4, 1))
    assert contents(NOW) == contents(Path("whole"))
    assert sorted(p.name for p in Path.cwd().iterdir()) == ["now", "scenarios", "whole"]
    toy.runs = 0
    assert "already there" in ris(*words, "--out", NOW).stdout
    assert toy.runs == 0


def test_an_input_that_is_at_fault_later_loses_nothing(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*command("run", home), "--jobs", 1, "--out", NOW]
    stopped(words, toy, monkeypatch)

    def refused(*_: Any, **__: Any) -> Any:
        raise InputError([Problem("--cluster", 1, 1, "no scheduler answers", "tcp://127.0.0.1:1")])

    with monkeypatch.context() as patched:
        patched.setattr("simulator.study.pool.work", refused)
        assert ris(*words, "--cluster", "tcp://127.0.0.1:1").exit_code == 2
    assert len(pieces(NOW)) == 2
    assert ris(*words).exit_code == 0


def test_a_command_that_forces_says_how_it_goes_on(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*command("run", home), "--jobs", 1, "--out", NOW]
    assert "the same command goes on, or  ris resume" in stopped(words, toy, monkeypatch).stderr
    assert "is kept; go on with  ris resume" in stopped([*words, "--force"], toy, monkeypatch).stderr
    monkeypatch.chdir(unfinished.part_beside(NOW))
    (asked, folder), outside = unfinished.find(Path(".")) or (None, None), Path.cwd().with_name("now")
    assert asked is not None
    assert folder == outside
    (outside / "within").mkdir(parents=True)
    for place in (outside, outside / "within"):
        monkeypatch.chdir(place)
        found = unfinished.find(Path("." if place == outside else ".."))
        assert found is not None
        assert found[1] == outside


def test_the_same_command_beside_it_takes_nothing_away(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*command("run", home), "--jobs", 1]
    assert ris(*words, "--out", "whole").exit_code == 0
    seen: list[bool] = []

    def other_ends(seed: int) -> None:
        if seed == 20:
            unfinished.clear(NOW)
        seen.append((unfinished.part_beside(NOW) / unfinished.NOTE).is_file())

    with monkeypatch.context() as patched:
        paced(toy, patched, other_ends)
        assert ris(*words, "--out", NOW).exit_code == 0
    assert contents(NOW) == contents(Path("whole"))
    assert (seen[20], seen[25]) == (False, True)


def test_results_that_were_being_replaced_are_put_back(toy: Toy, home: Path, plain: None) -> None:
    words = [*command("run", home), "--jobs", 1, "--out", NOW]
    assert ris(*words).exit_code == 0
    before, dead = contents(NOW), 2**22 + 1
    NOW.rename(f".now.{dead}.old")
    other = Path(f".now.x.{dead}.old")  # of another folder
    other.mkdir()
    toy.runs = 0
    assert "already there" in ris(*words).stdout
    assert (toy.runs, contents(NOW)) == (0, before)
    Path(f".now.{dead}.old").mkdir()
    mine = part_of(NOW).with_suffix(".old")
    mine.mkdir()
    put_back(NOW)
    assert sorted(p.name for p in Path.cwd().iterdir()) == sorted(["now", "scenarios", other.name, mine.name])


@pytest.mark.parametrize("kind", ["run", "compare"])
def test_inputs_are_named_as_the_runs_found_them(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    plan = home / "plan.yaml"
    wanted = output.digest(plan.read_bytes())

    def edit(_: int) -> None:
        plan.write_text(plan.read_text(encoding="utf-8") + "# later\n", encoding="utf-8")

    paced(toy, monkeypatch, edit)
    assert ris(*command(kind, home, 4), "--jobs", 1, "--out", NOW).exit_code == 0
    inputs = json.loads((NOW / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    assert [digest for name, digest in inputs.items() if name.endswith("plan.yaml")] == [wanted]
    assert output.digest(plan.read_bytes()) != wanted


def test_the_inputs_of_a_study_are_those_with_which_it_began(toy: Toy, home: Path) -> None:
    scenario = load_scenario(home / "plan.yaml")
    whole = study_files.study_hash(kept.begin("sweep", {"runs": 1}, [scenario]))
    wanted = output.inputs_of([scenario])
    (home / "plan.yaml").write_text("# later\n" + (home / "plan.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert study_files.origin("sweep", scenario, "en", "", whole, None)["inputs"] == wanted
    assert output.inputs_of([scenario]) != wanted


def test_a_budget_that_a_mix_costs_without_its_doses_is_reached() -> None:
    assert equal_budget._corrected(lambda factor, _: 100.0 + factor, 100.2, 16) == (0.0, 100.0)
    assert equal_budget._corrected(lambda factor, _: 100.0, 100.2, 16) == (0.0, 100.0)


def test_who_takes_the_lock_leaves_pages_that_are_being_written(tmp_path: Path) -> None:
    (tmp_path / study_shards.SHARDS).mkdir()
    page = tmp_path / ".report.html.1@elsewhere.part"
    names = (".results.parquet.1@elsewhere.part", ".failures.csv.1@elsewhere.part", "shards/.x.json.1@elsewhere.part")
    gone = [tmp_path / name for name in names]
    for path in (page, *gone):
        path.write_text("half", encoding="utf-8")
    with study_shards.locked(tmp_path):
        assert [p.exists() for p in (page, *gone)] == [True, False, False, False]


# ---- processes ----------------------------------------------------------------------------------------


class _Reset:
    def recv(self) -> Any:
        raise ConnectionResetError

    def send(self, _: Any) -> None:
        raise ConnectionResetError


def test_a_pipe_that_is_reset_is_one_that_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.signal, "signal", lambda *_: None)
    monkeypatch.setattr(engine, "_leave_with", lambda _: None)
    engine._serve(_Reset(), max, None)  # type: ignore[arg-type]
    crew = engine._Crew(max, None, [1], 1, lambda item: item)
    worker: Any = engine._Worker(None, _Reset(), engine.deque())  # type: ignore[arg-type]
    crew.workers.append(worker)
    crew._give()
    assert list(worker.batch) == [0]


def test_what_a_kill_while_removing_left_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    part = unfinished.part_beside(folder)
    (part / "shards").mkdir(parents=True)
    (part / "shards" / "a.json").write_text("left", encoding="utf-8")
    unfinished.clear_finished(folder, "this run")
    assert not part.exists()
    part.mkdir()
    (part / unfinished.NOTE).write_text('{"hash": "another run"}', encoding="utf-8")
    unfinished.clear_finished(folder, "this run")
    assert part.exists()
