"""The command ``ris`` in a forked process: everything is imported already, so that a trial takes a second.

What is forked leads a session of its own, as under a terminal, and may be armed: a step of its work with files, or a
run of the model, then does something else. Steps and runs are counted in memory that both sides see.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from tests.processes import session

TOO_LONG = 120.0  # seconds after which a command hangs
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate")
Arm = Callable[["Counter"], object]


class Counter:
    """Numbers that the command and whoever watches it share."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 64)

    def __getitem__(self, place: int) -> int:
        return int(struct.unpack_from("q", self._memory, 8 * place)[0])

    def add(self, place: int) -> int:
        """Count one more; returns how many there are."""
        found = self[place] + 1
        struct.pack_into("q", self._memory, 8 * place, found)
        return found


STEPS, RUNS = 0, 1  # places of a counter


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (minus the signal that killed it), None where it hung."""

    code: int | None
    out: str
    err: str
    steps: int
    runs: int
    cpu: float

    @property
    def traceback(self) -> bool:
        """Return whether a user saw a traceback, or the exit code of one."""
        return self.code == 1 or "Traceback (most recent call last)" in self.err


class Command:
    """A command that runs in ``home``, with the made-up model or the real one."""

    def __init__(self, home: Path, words: Sequence[str], setup: Callable[[], object], arms: Iterable[Arm] = ()) -> None:
        self.counter, self.cpu = Counter(), 0.0
        self._files = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115 - closed in the end
        ready, go = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            _be_command(home, words, setup, arms, self.counter, self._files, go)
        os.close(go)
        os.read(ready, 1)  # its session is its own from here on
        os.close(ready)
        self._code: int | None = None
        self._ended = False

    def running(self) -> bool:
        """Return whether it runs."""
        if not self._ended:
            self.cpu = max(self.cpu, _cpu(self.pid))
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._ended, self._code = True, os.waitstatus_to_exitcode(status)
        return not self._ended

    def watch(self, until: Callable[[], bool], pause: float = 0.0005) -> bool:
        """Wait until something is so; returns False where the command ended before."""
        end = time.monotonic() + TOO_LONG
        while self.running() and time.monotonic() < end:
            if until():
                return True
            time.sleep(pause)
        return False

    def signal(self, number: int, everybody: bool = False) -> None:
        """Send a signal to the command, or to its workers too, as a terminal does."""
        with suppress(ProcessLookupError):
            if everybody:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)

    def workers(self) -> list[int]:
        """Return its workers."""
        return [pid for pid in session(self.pid) if pid != self.pid]

    def end(self) -> Ended:
        """Wait for its end; what hangs is killed, with its workers."""
        self.watch(lambda: False, 0.002)
        if self.running():
            self.signal(signal.SIGKILL, everybody=True)
            os.waitpid(self.pid, 0)
            self._ended, self._code = True, None
        texts = []
        for file in self._files:
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
            file.close()
        return Ended(self._code, texts[0], texts[1], self.counter[STEPS], self.counter[RUNS], self.cpu)

    def workers_left(self, patience: float = 8.0) -> list[int]:
        """Return the workers that outlive it, after a while, and end them."""
        end = time.monotonic() + patience
        while (left := self.workers()) and time.monotonic() < end:
            time.sleep(0.05)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return left


def _caught_by_main(number: int, frame: FrameType | None) -> None:
    """Interrupt as the interpreter does, but not in the harness's own line before ``main`` is entered."""
    if frame is None or frame.f_code is not _be_command.__code__:
        signal.default_int_handler(number, frame)


def _be_command(
    home: Path, words: Sequence[str], setup: Callable[[], object], arms: Iterable[Arm], counter: Counter,
    files: Sequence[Any], go: int,
) -> None:  # fmt: skip
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # until the command itself begins
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, file in enumerate(files, 1):
            os.dup2(file.fileno(), number)
        sys.stdout, sys.stderr = (open(n, "w", encoding="utf-8", closefd=False) for n in (1, 2))  # noqa: SIM115
        os.chdir(home)
        sys.argv = ["ris", *words]
        setup()
        from simulator.cli import main

        watch_steps(home, counter)
        for arm in arms:
            arm(counter)
        os.write(go, b".")
        signal.signal(signal.SIGINT, _caught_by_main)
        main()
    except BaseException:  # as the interpreter does
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


# ---- steps --------------------------------------------------------------------------------------------

_at_steps: list[Callable[[int, str], object]] = []  # of this process, called with the step's number and what it is


def watch_steps(home: Path, counter: Counter) -> None:
    """Count each step of this process that makes or changes a file below ``home``."""
    mine, root = os.getpid(), str(home)
    _at_steps.clear()

    def heard(event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = given
            if isinstance(path, int) or not flags & _WRITES:
                return
        elif event in _CHANGES:
            path = given[0]
        else:
            return
        if os.getpid() == mine and os.path.abspath(os.fsdecode(path)).startswith(root):
            number = counter.add(STEPS)
            for one in _at_steps:
                one(number, event)

    sys.addaudithook(heard)


def at_steps(heard: Callable[[int, str], object]) -> Arm:
    """Return an arm that calls a function just before each step, with its number and what it is."""
    return lambda _: _at_steps.append(heard)


def _cpu(pid: int) -> float:
    """Return the seconds that a process was on a processor, to the nanosecond."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    return 0.0
