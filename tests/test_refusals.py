"""What a user's mistake or a killed study leaves: a plain message before the runs, and no debris after them."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import toy_model
from toy_model import Toy
from typer.testing import CliRunner

from simulator.cli import app
from simulator.commands import common
from simulator.core.problems import InputError, Problem
from simulator.study import aside, shell
from simulator.study.bank import make_bank
from simulator.study.output import refuse_unwritable
from simulator.study.plan_points import PointRunner, plan_targets
from simulator.study.posterior import save_posterior
from simulator.study.replicates import StudyError, load_scenario

toy, home = toy_model.toy, toy_model.home  # the fixtures


# ---- folders that cannot be written --------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("calibrate", "qingdao", "--to", "plan", "--out"),
        ("calibrate", "qingdao", "--to", "plan", "--bank"),
        ("calibrate", "qingdao", "--to", "history", "--out"),
        ("calibrate", "qingdao", "--to", "history", "--bank"),
        ("validate", "qingdao", "--out"),
        ("evaluate", "--all", "--out"),
    ],
)
@pytest.mark.parametrize("place", ["in_the_way", "in_the_way/below", "/proc/ris", "n" * 300])
def test_a_folder_that_cannot_be_written_is_refused_before_the_runs(
    toy: Toy, home: Path, command: tuple[str, ...], place: str
) -> None:
    Path("in_the_way").write_text("a file", encoding="utf-8")
    done = CliRunner().invoke(app, [*command, place])
    assert done.exit_code == 2, done.output
    assert f"{place}:1:1: cannot be written" in done.stderr
    assert toy.runs == 0


def test_a_folder_that_can_be_made_is_not_refused(tmp_path: Path) -> None:
    refuse_unwritable(tmp_path, tmp_path / "new" / "deep")
    tmp_path.joinpath("file").write_text("", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        refuse_unwritable(tmp_path / "file", tmp_path / "new", tmp_path / "file" / "x")
    assert len(refused.value.problems) == 2


# ---- modules that are started with ``python -m`` -----------------------------------------------------------


def fails(error: BaseException) -> Callable[[], int]:
    @shell.plain_errors
    def main() -> int:
        raise error

    return main


def test_what_is_wrong_with_a_module_s_input_is_a_message_and_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(InputError([Problem("a.csv", 2, 1, "no such figure")]))() == common.INPUT_WRONG
    assert capsys.readouterr().err == "a.csv:2:1: no such figure\n"
    assert fails(StudyError("3 of 4 runs failed"))() == common.RUNS_FAILED
    assert capsys.readouterr().err == "3 of 4 runs failed\n"
    assert fails(KeyboardInterrupt())() == common.INTERRUPTED
    with pytest.raises(KeyError):
        fails(KeyError("a fault of the code"))()


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("abc_choice", ["nowhere"]),
        ("screening", ["--region", "nowhere"]),
        ("structures", ["--region", "nowhere"]),
        ("packed", ["nowhere"]),
        ("forecast", ["nowhere", "--prior", "--runs", "1"]),
    ],
)
def test_an_unknown_region_is_refused_by_every_module(
    module: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from importlib import import_module

    assert import_module(f"simulator.study.{module}").main(arguments) == 2
    assert "nowhere" in capsys.readouterr().err


def test_every_module_that_is_started_by_itself_ends_plainly() -> None:
    package = Path(shell.__file__).parent
    started = [p for p in package.glob("*.py") if 'if __name__ == "__main__"' in p.read_text("utf-8")]
    assert len(started) >= 9
    assert all("@plain_errors\ndef main(" in p.read_text("utf-8") for p in started)


# ---- what a killed study leaves ------------------------------------------------------------------------


def debris(folder: Path, name: str) -> tuple[list[Path], list[Path]]:
    """Leave half-written files in a folder: those of dead processes, and those that must stay."""
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    dead, here = int(done.stdout), aside.part_of(folder / name)
    mine = here.name.rsplit("@", 1)[1]
    gone = [folder / f".{name}.{dead}@{mine}", folder / f".{name}.{dead}.part"]
    stay = [folder / f".{name}.{dead}@another-machine.part", here, folder / f"{name}.part", folder / ".part"]
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*gone, *stay):
        path.write_text("half", encoding="utf-8")
    return gone, stay


def left(gone: list[Path], stay: list[Path]) -> tuple[int, int]:
    return sum(p.exists() for p in gone), sum(p.exists() for p in stay)


@pytest.mark.skipif(os.name != "posix", reason="processes are asked for on posix only")
def test_half_written_files_of_dead_processes_are_removed_and_no_others(tmp_path: Path) -> None:
    gone, stay = debris(tmp_path, "000000-abc.npy")
    folder = tmp_path / gone[0].name.replace("000000-abc.npy", "a_folder")
    folder.mkdir()
    assert set(aside.clear_parts(tmp_path)) == {*gone, folder}
    assert left(gone, stay) == (0, len(stay))
    assert aside.clear_parts(tmp_path / "nowhere") == []
    assert platform.node().split(".")[0][:5] in stay[1].name


@pytest.mark.skipif(os.name != "posix", reason="processes are asked for on posix only")
def test_the_next_start_of_a_study_clears_up(toy: Toy, home: Path) -> None:
    scenario = load_scenario(home / "plan.yaml")
    bank = make_bank(scenario, 1, jobs=1, parent=home / "bank")
    whole = sorted(bank.folder.iterdir())
    found = [debris(bank.folder, "000000-abc.npy"), debris(home / "points", "abc.npy")]
    found.append(debris(home / "sample", "qingdao-plan.parquet"))
    make_bank(scenario, 1, jobs=1, parent=home / "bank")
    PointRunner(plan_targets(scenario), home / "points", 0, 1)
    save_posterior("qingdao", "plan", ["market.level"], np.ones((2, 1)), {}, home / "sample")
    for gone, stay in found[:2]:
        assert left(gone, stay) == (0, len(stay))
    gone, stay = found[2]
    assert left(gone, [p for p in stay if p != aside.part_of(home / "sample" / "qingdao-plan.parquet")]) == (0, 3)
    assert set(whole) < set(bank.folder.iterdir())
