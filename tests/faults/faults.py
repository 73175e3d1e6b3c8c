"""The faults, each a function that puts itself into a trial at a moment drawn at random."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.faults import dask, disks
from tests.faults.command import RUNS, Arm, Command, at_steps
from tests.faults.studies import at_runs
from tests.faults.trials import Trial

JUMPS = (-86400.0 * 400, -7200.0, -3600.0, 3600.0, 7200.0, 86400.0 * 400)
MEGABYTE = 2**20


@dataclass(frozen=True)
class Fault:
    """A fault: its name, where it strikes, and what puts it into a trial."""

    name: str
    where: str
    put: Callable[[Trial], None]
    needs: str = ""  # words that must stand in the study's name
    possible: Callable[[], bool] = lambda: True


# ---- signals ------------------------------------------------------------------------------------------


def signalled(number: int, times: int = 1, everybody: bool = False) -> Callable[[Trial], None]:
    """Return a fault that sends a signal before a step with a file, before a run, or after some processor time."""

    def put(trial: Trial) -> None:
        study, kind = trial.study, trial.random.choice(("step", "run", "cpu"))
        at = trial.random.randint(1, study.steps if kind == "step" else study.runs)
        cpu = trial.random.uniform(0.0, study.cpu)
        trial.what = f"at {kind} {cpu if kind == 'cpu' else at:.4g}"

        def send(n: int, _: object) -> None:
            if n == at:
                leader = os.getsid(0)
                for _ in range(times):
                    os.killpg(leader, number) if everybody else os.kill(leader, number)

        arms: dict[str, tuple[Arm, ...]] = {"step": (at_steps(send),), "run": (at_runs(send),), "cpu": ()}
        command = trial.start(*arms[kind])
        if kind == "cpu" and command.watch(lambda: command.cpu >= cpu):
            for k in range(times):
                if k:
                    time.sleep(trial.random.choice((0.0, 0.01, 0.1)))
                command.signal(number, everybody)
        trial.end(command)
        if trial.random.random() < 0.2 and (left := command.workers_left()):
            raise AssertionError(f"workers outlive the command: {left}")

    return put


# ---- files --------------------------------------------------------------------------------------------


def full_disk(trial: Trial) -> None:
    """Give the study a file system with too little room for bytes or for files."""
    disk = disks.Disk(trial.home / "disk")
    inodes = trial.random.random() < 0.3
    if inodes:
        disk.mount(files=trial.random.randint(2, 40))
    else:
        disk.mount(size=4096 * trial.random.randint(1, 40))
    trial.what = disk.options
    trial.mend = lambda: disk.remount("size=64m,nr_inodes=100k")
    trial.end(trial.start())


def small_files(trial: Trial) -> None:
    """Let no file grow over some size (as a quota does)."""
    largest = max(len(data) for data in trial.study.files.values())
    size = trial.random.randint(600, largest)
    trial.what = f"no file over {size} bytes"
    trial.end(trial.start(lambda _: disks.limit_files(size)))


def no_room(trial: Trial) -> None:
    """Let every step with a file fail for want of room: one, or all from one on."""
    first, lasting = trial.random.randint(1, trial.study.steps), trial.random.random() < 0.6
    number = trial.random.choice(("ENOSPC", "EIO", "EDQUOT"))
    trial.what = f"{number} at step {first}{' and after' if lasting else ''}"

    def fail(n: int, event: str) -> None:
        if (n >= first if lasting else n == first) and event != "os.remove":
            raise disks.error(number)

    trial.end(trial.start(at_steps(fail)))


def read_only(trial: Trial) -> None:
    """Make the folder read-only before a step."""
    at = trial.random.randint(0, trial.study.steps)
    disk = disks.Disk(trial.home / "disk")
    trial.what = f"read-only from step {at}"
    disk.prepare()
    trial.mend = disk.writable
    if not at:
        disk.read_only()
    trial.end(trial.start(at_steps(lambda n, _: disk.read_only() if n == at else None)))


# ---- inputs -------------------------------------------------------------------------------------------


def _inputs(trial: Trial) -> list[Path]:
    scenario = trial.home / trial.study.words[1]
    region = scenario.parent / "region"
    found = [scenario, *sorted(region.iterdir()), region.parent.parent / "national_rules.csv"]
    if "fitted" in trial.study.name:
        found += 4 * sorted((trial.home / "posterior").iterdir())
    return found


def _harm(trial: Trial, path: Path) -> Callable[[], object]:
    """Choose how a file goes; returns what does it. ``trial.mend`` brings it back."""
    data, how = path.read_bytes(), trial.random.choice(("gone", "cut", "changed", "empty"))
    trial.what += f"{path.name} {how}"
    trial.mend = lambda: path.write_bytes(data)
    changed = data.replace(b"40 MCNY", b"50 MCNY").replace(b"1000000000", b"1200000000")
    if path.suffix == ".parquet":
        changed = _other_sample(path)
    texts = {"cut": data[: len(data) // 2], "changed": changed, "empty": b""}

    def harm() -> None:
        if how == "gone":
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(texts[how])

    return harm


def _other_sample(path: Path) -> bytes:
    """Return another fitted sample of the same shape."""
    import pyarrow
    from pyarrow import parquet

    table = parquet.read_table(path, use_threads=False)
    columns = {name: table.column(name).to_numpy()[::-1] for name in table.column_names}
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table(columns), sink)
    return bytes(sink.getvalue())


def _stop(trial: Trial) -> None:
    """Kill the study at some run."""
    at = trial.random.randint(1, trial.study.runs)
    trial.end(trial.start(at_runs(lambda n, _: os.kill(os.getsid(0), signal.SIGKILL) if n == at else None)))


def input_between(trial: Trial) -> None:
    """Stop a study, harm an input, and try to go on: refused, or the same."""
    _stop(trial)
    _harm(trial, trial.random.choice(_inputs(trial)))()
    trial.end(trial.start(words=trial.typed(0.6)))


def input_meanwhile(trial: Trial) -> None:
    """Harm an input while the study runs."""
    at = trial.random.randint(1, trial.study.steps)
    trial.what = f"at step {at} "
    harm = _harm(trial, trial.random.choice(_inputs(trial)))
    trial.end(trial.start(at_steps(lambda n, _: harm() if n == at else None)))


def copy_harmed(trial: Trial) -> None:
    """Stop a study and harm one of its own copies: refused until it is as it was."""
    _stop(trial)
    if not (trial.out / "study.json").is_file():
        return
    copies = sorted(p for p in (trial.out / "scenarios").rglob("*") if p.is_file())
    _harm(trial, trial.random.choice([*copies, trial.out / "study.json"]))()
    trial.end(trial.start(words=trial.study.resume))


# ---- two at a time ------------------------------------------------------------------------------------


def several(trial: Trial) -> None:
    """Start the same command two or three times at once."""
    count, pause = trial.random.choice((2, 2, 3)), trial.random.choice((0.0, 0.0, 0.05, 0.3))
    trial.what = f"{count} at once, {pause} s apart"
    commands = []
    for _ in range(count):
        commands.append(trial.start())
        time.sleep(pause)
    for command in commands:
        command.watch(lambda: False, 0.002)
    for command in commands:
        trial.end(command)


# ---- workers and memory -------------------------------------------------------------------------------


def _came_to(command: Command, run: int) -> bool:
    return command.counter[RUNS] >= run


def worker_killed(trial: Trial) -> None:
    """Kill workers at random moments."""
    runs = sorted(trial.random.randint(1, trial.study.runs) for _ in range(trial.random.choice((1, 1, 2, 4))))
    trial.what = f"after runs {runs}"
    command = trial.start()
    for run in runs:
        if command.watch(partial(_came_to, command, run)) and (workers := command.workers()):
            with suppress(ProcessLookupError):
                os.kill(trial.random.choice(workers), signal.SIGKILL)
    trial.end(command)


def _luck(trial: Trial) -> int:
    return trial.random.randrange(2, trial.study.lucks)


def worker_dies_each_time(trial: Trial) -> None:
    """Kill every worker that comes to one run, as the kernel does where memory is short."""
    luck = _luck(trial)
    trial.what = f"at luck {luck}"

    def die(_: int, mine: int) -> None:
        if mine == luck and os.getpid() != os.getsid(0):
            os.kill(os.getpid(), signal.SIGKILL)

    trial.refused = True  # what failed is told, and its row is empty
    trial.end(trial.start(at_runs(die)))


def no_memory(trial: Trial) -> None:
    """Let a run find no memory."""
    at = trial.random.randint(1, trial.study.runs)
    trial.what = f"at run {at}"

    def fail(n: int, _: int) -> None:
        if n == at:
            raise MemoryError

    trial.end(trial.start(at_runs(fail)))


def little_memory(trial: Trial) -> None:
    """Let every worker have only so much memory more than at its first run."""
    more = trial.random.randint(0, 8 * MEGABYTE)
    trial.what = f"{more / MEGABYTE:.1f} MB"
    limited: list[int] = []

    def limit(*_: int) -> None:
        if os.getpid() != os.getsid(0) and not limited:
            limited.append(more)
            disks.limit_memory(more)
        if limited:
            bytearray(trial.random.randint(0, 8 * MEGABYTE))  # what a run of a large city takes

    trial.refused = True
    trial.end(trial.start(at_runs(limit)))


# ---- the clock ----------------------------------------------------------------------------------------


def clock(trial: Trial) -> None:
    """Let the clock jump by hours or years, once or at every look."""
    first, jump, each = trial.random.randint(1, 60), trial.random.choice(JUMPS), trial.random.random() < 0.4
    trial.what = f"by {jump:.0f} s from look {first}{', again and again' if each else ''}"

    def arm(_: object) -> None:
        looks = [0]
        for name in ("time", "perf_counter"):
            plain = getattr(time, name)

            def jumped(plain: Callable[[], float] = plain) -> float:
                looks[0] += 1
                past = looks[0] - first
                return float(plain() + (jump * (past if each else 1) if past >= 0 else 0.0))

            setattr(time, name, jumped)

    trial.end(trial.start(arm))


def clean(trial: Trial) -> None:
    """Give back what a trial took."""
    for one in trial.after:
        one()
    disks.Disk(trial.home / "disk").give_back()
    for folder in (trial.home, dask.scratch_of(trial)):
        shutil.rmtree(folder, ignore_errors=True)


KILLED = "before a step with a file, before a run, after some processor time"
FAULTS = (
    Fault("SIGKILL", KILLED, signalled(signal.SIGKILL)),
    Fault("SIGTERM", KILLED, signalled(signal.SIGTERM)),
    Fault("SIGINT (Ctrl-C)", KILLED, signalled(signal.SIGINT, everybody=True)),
    Fault("SIGINT twice", KILLED, signalled(signal.SIGINT, 2, everybody=True)),
    Fault("full disk", "a file system of 4 to 160 kB, or of 2 to 40 files", full_disk, possible=disks.can_mount),
    Fault("largest size of a file", "600 bytes to the largest", small_files, "toy"),
    Fault("no space, quota or input/output error", "at one step with a file, or from one on", no_room),
    Fault("read-only folder", "from the start or from a step on", read_only, possible=disks.can_be_read_only),
    Fault("input gone or changed", "between the stop and going on", input_between),
    Fault("input gone or changed", "while the study runs", input_meanwhile),
    Fault("the study's own copy gone or changed", "between the stop and going on", copy_harmed, "shards"),
    Fault("two or three commands on one folder", "0 to 0.3 s apart", several),
    Fault("worker killed", "one to four times, at any run", worker_killed, "2 jobs"),
    Fault("worker killed each time it comes to a run", "any run", worker_dies_each_time, "2 jobs"),
    Fault("no memory in a run", "any run", no_memory),
    Fault("little memory in workers", "0 to 8 MB more than at the start", little_memory, "2 jobs toy"),
    Fault("Dask scheduler lost", "at a shard", dask.lost("scheduler"), "a cluster"),
    Fault("Dask worker lost", "one of two, at a shard, another comes or not", dask.lost("worker"), "a cluster"),
    Fault("Dask workers lost", "both, at a shard, another comes or not", dask.lost("workers"), "a cluster"),
    Fault("clock jumps", "by an hour to 400 days, ahead or back, once or at each look", clock),
)
