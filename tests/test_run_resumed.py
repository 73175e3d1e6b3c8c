"""``ris run`` and ``ris compare`` that are stopped half-way go on: the same bytes, nothing finished is run again."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy_model
from toy_model import Toy, paced
from typer.testing import CliRunner, Result

from simulator.cli import app
from simulator.core.problems import InputError
from simulator.study import doctor, unfinished
from simulator.study.output import digest_of
from simulator.study.pieces import Pieces, packed, pieces_of, unpacked
from simulator.study.replicates import Failure, Outcome, Replicate, design, load_scenario
from tests.processes import killed_when

toy, home = toy_model.toy, toy_model.home  # the fixtures
FORKS = "fork" in multiprocessing.get_all_start_methods()
needs_fork = pytest.mark.skipif(not FORKS, reason="the made-up model is there in forked processes only")
RUNS = 40
NOW = Path("now")


def ris(*words: object) -> Result:
    return CliRunner().invoke(app, [str(w) for w in words], env={"LANG": "C.UTF-8", "COLUMNS": "80"})


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out figures and pages, which take seconds and are made from the tables; the code stays what it is."""
    monkeypatch.setattr("simulator.study.output.code_hash", lambda: "code")
    monkeypatch.setattr("simulator.report.figures.draw_group", lambda *_: None)
    monkeypatch.setattr("simulator.study.output._page_or_word", lambda *_: None)


def command(kind: str, home: Path, runs: int = RUNS) -> list[object]:
    files = {"run": ["plan"], "compare": ["plan", "doubled"]}[kind]
    return [kind, *(home / f"{name}.yaml" for name in files), "--replicates", runs]


def pieces(folder: Path) -> list[Path]:
    return sorted(unfinished.part_beside(folder).glob("shards/*.runs"))


def contents(folder: Path) -> dict[str, bytes]:
    files = [p for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json"]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def manifest(folder: Path) -> dict[str, Any]:
    """Return what does not hang on the clock and on where the folder is."""
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {k: v for k, v in found.items() if k not in ("created", "seconds", "command", "jobs")}


def killed(words: list[object], folder: Path, after: int, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a command in another process, kill it once some pieces are there, and return how many there are."""
    with monkeypatch.context() as patched:
        paced(toy, patched, lambda _: time.sleep(0.002))
        killed_when(lambda: len(pieces(folder)) >= after, lambda: (ris(*words), os._exit(0)))
    return len(pieces(folder))


def stopped(words: list[object], toy: Toy, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Interrupt a command in its third piece and return what came of it."""

    def stop(seed: int) -> None:
        if seed == 20:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        paced(toy, patched, stop)
        done = ris(*words)
    assert done.exit_code == 130
    return done


def shards(result: Result) -> tuple[int, int]:
    """Return how many pieces a command says it found and ran."""
    found = re.search(r"shards: (\d+); (\d+) were there", result.stderr)
    assert found, result.output
    return int(found[2]), int(found[1]) - int(found[2])


# ---- killed and resumed -------------------------------------------------------------------------------


@needs_fork
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(("kind", "after"), [("run", 1), ("run", 4), ("compare", 2), ("compare", 9)])
def test_killed_and_resumed_is_as_if_nothing_had_happened(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch, kind: str, after: int, jobs: int
) -> None:
    words = [*command(kind, home), "--jobs", jobs]
    assert ris(*words, "--out", "whole").exit_code == 0
    before = toy.runs
    there = killed([*words, "--out", NOW], NOW, after, toy, monkeypatch)
    assert after <= there < (5 if kind == "run" else 10)
    assert not NOW.exists()
    again = ris("resume", NOW, "--jobs", 1) if after % 2 else ris(*words[:-1], 1, "--out", NOW)
    assert again.exit_code == 0, again.output
    total = 5 if kind == "run" else 10
    assert shards(again) == (there, total - there)
    assert toy.runs - before == 8 * (total - there)
    assert contents(NOW) == contents(Path("whole"))
    assert manifest(NOW) == manifest(Path("whole"))
    assert not unfinished.part_beside(NOW).exists()
    assert sorted(p.name for p in Path.cwd().iterdir()) == ["now", "scenarios", "whole"]


@needs_fork
def test_runs_that_are_added_until_a_difference_is_known_go_on(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*command("compare", home, 60), "--until", "QD10=0.001", "--jobs", 2]
    assert ris(*words, "--out", "whole").exit_code == 0
    there = killed([*words, "--out", NOW], NOW, 9, toy, monkeypatch)  # in its third step
    again = ris("resume", NOW)
    assert shards(again) == (there, 15 - there)
    assert contents(NOW) == contents(Path("whole"))
    text = (home / "plan.yaml").read_text(encoding="utf-8")
    grown = text.replace("max: 8}", "max: 30, until: {hnte_count@2016: 1e-6}}")
    (home / "grown.yaml").write_text(grown, encoding="utf-8")
    grow = ["run", home / "grown.yaml", "--jobs", 1]
    assert ris(*grow, "--out", "whole-run").exit_code == 0
    there = killed([*grow, "--out", "run"], Path("run"), 2, toy, monkeypatch)
    assert shards(ris(*grow, "--out", "run"))[0] == there
    assert contents(Path("run")) == contents(Path("whole-run"))


@needs_fork
def test_mixes_that_are_brought_to_a_budget_go_on(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*command("compare", home, 16), "--equal-budget", "100MCNY", "--jobs", 1]
    assert ris(*words, "--out", "whole").exit_code == 0
    whole, search = toy.runs, unfinished.part_beside(NOW) / unfinished.SEARCH
    counted: list[int] = []

    def stop(_: int) -> None:
        counted.append(1)
        if len(counted) == 60:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        paced(toy, patched, stop)
        done = ris(*words, "--out", NOW)
    assert (done.exit_code, len(list(search.glob("shards/*.json")))) == (130, 7)
    toy.runs = 0
    again = ris("resume", NOW, "--jobs", 1)
    assert again.exit_code == 0, again.output
    assert toy.runs == whole - 7 * 8
    assert contents(NOW) == contents(Path("whole"))
    assert not unfinished.part_beside(NOW).exists()


def test_an_interrupt_keeps_what_is_finished(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*command("run", home), "--jobs", 1]
    done = stopped(words, toy, monkeypatch)
    (part,) = Path("outputs").iterdir()
    folder = part.with_name(part.name.removesuffix(".part"))
    assert f"ris resume {folder}" in done.stderr
    assert len(pieces(folder)) == 2
    monkeypatch.chdir("outputs")  # from elsewhere, by the name of what is there
    again = ris("resume", part.name, "--quiet")
    assert again.exit_code == 0, again.output
    monkeypatch.chdir("..")
    assert [p.name for p in Path("outputs").iterdir()] == [folder.name]
    assert ris(*words, "--out", "whole").exit_code == 0
    assert contents(folder) == contents(Path("whole"))
    assert "already there" in ris("resume", folder).stdout


def test_force_runs_everything_again(toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [*command("run", home), "--jobs", 1, "--out", NOW]
    for more in ([], ["--force"]):
        toy.runs = 0
        stopped([*words, *more], toy, monkeypatch)
        assert (toy.runs, len(pieces(NOW))) == (20, 2)
    toy.runs = 0
    assert ris(*words).exit_code == 0
    assert toy.runs == RUNS - 16


def test_what_was_changed_meanwhile_is_refused(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*command("run", home), "--jobs", 1, "--out", NOW]
    stopped(words, toy, monkeypatch)
    text = (home / "plan.yaml").read_text(encoding="utf-8")
    (home / "plan.yaml").write_text(text.replace("40 MCNY", "41 MCNY"), encoding="utf-8")
    changed = ris("resume", NOW)
    assert changed.exit_code == 2
    assert "were changed after the run began" in changed.stderr
    (home / "plan.yaml").write_text(text, encoding="utf-8")
    whole = [p.read_bytes() for p in pieces(NOW)]
    pieces(NOW)[0].write_bytes(whole[0][:-3])
    assert shards(ris("resume", NOW)) == (1, 4)
    stopped([*words, "--force"], toy, monkeypatch)
    note = unfinished.part_beside(NOW) / unfinished.NOTE
    for harm in (lambda t: t.replace('"seed": 0', '"seed": 1'), lambda t: t[:-9], lambda _: "[]", lambda _: "{}"):
        said = note.read_text(encoding="utf-8")
        note.write_text(harm(said), encoding="utf-8")
        assert ris("resume", NOW).exit_code == 2
        note.write_text(said, encoding="utf-8")
    found = json.loads(note.read_text(encoding="utf-8")) | {"options": {}}
    found["check"] = digest_of({k: v for k, v in found.items() if k != "check"})
    note.write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(InputError, match="changed after the run began"):
        unfinished.find(NOW)


# ---- what goes wrong ----------------------------------------------------------------------------------


@needs_fork
def test_a_worker_that_dies_costs_its_replicate_and_is_tried_again(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = os.getpid()

    def die(seed: int) -> None:
        if seed == 9 and os.getpid() != parent:
            os._exit(9)

    with monkeypatch.context() as patched:
        paced(toy, patched, die)
        found = ris(*command("run", home), "--jobs", 2, "--out", NOW)
    assert found.exit_code == 3
    assert "1 of 40 runs failed" in found.stdout
    assert "worker process died" in found.stderr
    assert len(pieces(NOW)) == 4  # all but the piece with the death, until it has come through
    again = ris(*command("run", home), "--jobs", 2, "--out", NOW)
    assert (again.exit_code, shards(again)) == (0, (4, 1))


def test_runs_that_raise_or_give_no_number_are_told_again(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.raising, toy.undefined = {3}, {5}
    words = [*command("run", home), "--jobs", 1]
    whole = ris(*words, "--out", "whole")
    stopped([*words, "--out", NOW], toy, monkeypatch)
    toy.raising, toy.undefined = set(), set()  # known, and not tried again
    again = ris("resume", NOW)
    assert (whole.exit_code, again.exit_code) == (3, 3)
    for said in (whole.stderr, again.stderr):
        assert "seed 3 is unlucky" in said
        assert "not a finite number: hnte_count in 2014" in said
        assert "index=5, seed=0" in said
    assert contents(NOW) == contents(Path("whole"))
    assert manifest(NOW) == manifest(Path("whole"))


def test_a_full_disk_stops_a_run_and_what_is_finished_stays(
    toy: Toy, home: Path, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*command("run", home), "--jobs", 1]
    assert ris(*words, "--out", "whole").exit_code == 0
    left, replace = [4], os.replace

    def full(*where: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        replace(*where)

    monkeypatch.setattr(os, "replace", full)
    done = ris(*words, "--out", NOW)
    assert done.exit_code == 3
    assert "No space left on device; what was run is kept, the same command goes on" in done.stderr
    monkeypatch.setattr(os, "replace", replace)
    with monkeypatch.context() as patched:  # while results are written
        patched.setattr("simulator.study.output.write_series", lambda *_: full())
        again = ris("resume", NOW)
        assert again.exit_code == 3
        assert "No space left on device; what was run is kept" in again.stderr
    before = toy.runs
    assert ris("resume", NOW).exit_code == 0
    assert toy.runs == before
    assert contents(NOW) == contents(Path("whole"))


# ---- the pieces ---------------------------------------------------------------------------------------


def an_outcome(replicate: Replicate, runs: int = 3) -> Outcome:
    rng = np.random.default_rng(replicate.seed)
    values = rng.normal(0, 1e9, (runs, 2))
    values[0] = [-0.0, 5e-324]
    bills = {("b", "voucher", 2015 + k, "市", "outlay"): float(x) for k, x in enumerate(rng.normal(0, 1e8, 5))}
    return Outcome(
        replicate, np.arange(2011, 2011 + runs), ("one", "二"), values, {**bills, **dict.fromkeys(bills, 0.1)}
    )


def test_a_piece_comes_back_bit_for_bit(toy: Toy, home: Path, tmp_path: Path) -> None:
    scenario = load_scenario(home / "plan.yaml")
    works = [((0,), replicate) for replicate in design(8, 3)]
    (piece,) = pieces_of(works, [scenario], 3)
    runs: list[Outcome | Failure] = [an_outcome(one, 1 + one.index) for one in piece.replicates]
    runs[4] = Failure(piece.replicates[4], str(scenario.path), "高新 failed\nbadly", "command")
    data = packed(runs)
    found = unpacked(data, piece)
    assert found is not None
    for (number, one), two in zip(found, runs, strict=True):
        assert (number, one.replicate) == (0, two.replicate)
        if isinstance(two, Failure):
            assert isinstance(one, Failure)
            assert (one.message, one.scenario) == (two.message, two.scenario)
            continue
        assert isinstance(one, Outcome)
        assert one.values.tobytes() == two.values.tobytes()
        assert (one.values.dtype, one.values.flags["C_CONTIGUOUS"]) == (two.values.dtype, True)
        assert (one.years.tolist(), one.years.dtype) == (two.years.tolist(), two.years.dtype)
        assert one.names == two.names
        assert list(one.bills.items()) == list(two.bills.items())
    for harmed in (data[:-1], data + b"\0", data[:70] + b"7" + data[71:], b"", b"x" * 200, data[65:]):
        assert unpacked(harmed, piece) is None
    assert unpacked(data, pieces_of(works[:7], [scenario], 3)[0]) is None
    kept = Pieces(tmp_path / "kept")
    kept.write(piece, runs)
    assert kept.read(piece) is not None
    assert Pieces(tmp_path / "kept", fresh=True).read(piece) is None
    other = load_scenario(home / "doubled.yaml")
    names = {p.name for s, seed in ((scenario, 3), (other, 3), (scenario, 4)) for p in pieces_of(works, [s], seed)}
    assert len(names) == 3


def test_which_replicates_make_a_piece_follows_from_their_numbers(toy: Toy, home: Path) -> None:
    scenarios = [load_scenario(home / f"{name}.yaml") for name in ("plan", "doubled")]
    both = [((0, 1) if k < 6 else (0,), one) for k, one in enumerate(design(20, 0))]
    made = pieces_of(both, scenarios, 0)
    assert [[r.index for r in piece.replicates] for piece in made] == [
        [0, 1, 2, 3],
        [4, 5],
        [6, 7],
        [*range(8, 16)],
        [*range(16, 20)],
    ]
    assert [piece.name for piece in pieces_of(both[8:], scenarios, 0)] == [piece.name for piece in made[3:]]


def test_the_doctor_names_runs_that_were_not_finished(toy: Toy, home: Path, plain: None) -> None:
    toy.runs = 0
    part = Path("outputs") / "x.part"
    (part / "shards").mkdir(parents=True)
    (part / "run.json").write_text("{}", encoding="utf-8")
    (part / "shards" / "a.runs").write_bytes(b"x" * 2_000_000)
    assert not list(doctor._unfinished(Path("outputs")))  # it may be at work
    for file in part.rglob("*"):
        os.utime(file, (0, 0))
    (found,) = doctor._unfinished(Path("outputs"))
    assert found.level == "advice"
    assert "x.part" in found.text.en
    assert "2 MB" in found.text.zh
    assert "ris resume" in found.cure.en
    unfinished.clear(Path("outputs") / "x")
    assert not part.exists()
