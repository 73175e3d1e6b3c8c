"""Processes that tests start, kill and look at; what looks into /proc is for Linux."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_TICK = os.sysconf("SC_CLK_TCK")


# ---- ris ----------------------------------------------------------------------------------------------


def command(*words: str) -> list[str]:
    """Return what starts ``ris`` with this interpreter."""
    return [sys.executable, "-m", "simulator.cli", *words]


def environment(**more: str) -> dict[str, str]:
    """Return the environment in which ``ris`` runs this code from any folder."""
    return os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"} | more


def ris(*words: str, cwd: Path, seconds: float, **more: str) -> subprocess.CompletedProcess[str]:
    """Run ``ris`` in a process of its own; ``more`` is put into its environment."""
    return subprocess.run(
        command(*words), cwd=cwd, env=environment(**more), capture_output=True, encoding="utf-8", timeout=seconds
    )


@contextmanager
def page_served(folder: Path, *options: str, end: float = 30.0) -> Iterator[tuple[int, int]]:
    """Serve the live page from a folder with the scenarios; yield its port and process.

    Raises TimeoutExpired where the server does not end in time (s) when it is told to.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = command("dashboard", "scenarios/qingdao/plan.yaml", "--port", str(port), "--lang", "en", *options)
    process = subprocess.Popen(words, cwd=folder, env=environment(), stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(end)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        time.sleep(0.1)
    raise RuntimeError("the server does not answer")


# ---- to kill ------------------------------------------------------------------------------------------


def killed_when(enough: Callable[[], bool], work: Callable[[], object], method: str = "fork") -> None:
    """Work in another process and kill it once there is enough, if it has not ended before."""
    process = multiprocessing.get_context(method).Process(target=work)  # type: ignore[attr-defined]
    process.start()
    while not enough() and process.is_alive():
        time.sleep(0.001)
    process.kill()
    process.join()


def kill(child: int) -> None:
    """Kill a child of this process and wait for its end."""
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


# ---- to look at ---------------------------------------------------------------------------------------


def stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on; none of a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def every() -> dict[int, list[str]]:
    """Return every process of this machine with its fields."""
    pids = (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdecimal())
    return {pid: fields for pid in pids if (fields := stat(pid))}


def running(fields: list[str]) -> bool:
    """Return whether a process with these fields is there and has not ended."""
    return bool(fields) and fields[0] not in "ZX"


def session(leader: int) -> list[int]:
    """Return the processes of a session that have not ended."""
    return [pid for pid, fields in every().items() if int(fields[3]) == leader and running(fields)]


def family(pid: int) -> list[int]:
    """Return a process and all that it started."""
    children: dict[int, list[int]] = {}
    for child, fields in every().items():
        children.setdefault(int(fields[1]), []).append(child)
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def seconds_of(fields: list[str]) -> float:
    """Return the processor time (s) of a process with these fields."""
    return (int(fields[11]) + int(fields[12])) / _TICK if fields else 0.0


def left(pids: Iterable[int], patience: float = 10.0) -> list[int]:
    """Return which processes run still after a while."""
    given, end = list(pids), time.monotonic() + patience
    while (found := [pid for pid in given if running(stat(pid))]) and time.monotonic() < end:
        time.sleep(0.05)
    return found
