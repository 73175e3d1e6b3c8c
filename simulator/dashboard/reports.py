"""Report and memo of a mix, made by ``ris`` in a process of its own while the page goes on answering."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.dashboard.folders import Folders

if TYPE_CHECKING:
    from simulator.scenario import Scenario

RUNS = 40
SECONDS = 600  # that one command may take
FILES = ("report.html", "memo.docx")
_one_at_a_time = threading.Semaphore(1)
Call = Callable[[Sequence[str]], int]


class ReportError(RuntimeError):
    """A report could not be made: ``busy`` where another one is being made."""

    def __init__(self, message: str, busy: bool = False) -> None:
        super().__init__(message)
        self.busy = busy


@dataclass
class ReportJob:
    """A report in the making: its mix and language, what it is at, and in the end its files or why there are none."""

    fingerprint: str
    language: str
    began: float = field(default_factory=time.monotonic)
    stage: str = "run"  # then "write", "done"
    files: Mapping[str, bytes] = field(default_factory=dict)
    error: ReportError | None = None

    @property
    def running(self) -> bool:
        """Return whether it is still being made."""
        return self.stage != "done"

    @property
    def seconds(self) -> int:
        """Return for how long it has been made."""
        return int(time.monotonic() - self.began)


def start_report(folders: Folders, scenario: Scenario, language: str, call: Call | None = None) -> ReportJob:
    """Begin to make the report of a scenario in the background and return what tells how far it is."""
    job = ReportJob(scenario.fingerprint(), language)

    def work() -> None:
        try:
            job.files = make_report(folders, scenario, language, call=call, tell=lambda s: setattr(job, "stage", s))
        except ReportError as error:
            job.error = error
        except Exception as error:  # whatever it is, the page must not wait for ever
            job.error = ReportError(f"{type(error).__name__}: {error}")
        finally:
            job.stage = "done"

    threading.Thread(target=work, name="ris-report", daemon=True).start()
    return job


def make_report(
    folders: Folders,
    scenario: Scenario,
    language: str,
    runs: int = RUNS,
    call: Call | None = None,
    tell: Callable[[str], None] = lambda stage: None,
) -> dict[str, bytes]:
    """Run a scenario with ``ris run`` and return its report and memo by file name; raises ReportError.

    The results lie in the folder of results, and the same mix finds them again. ``tell`` is given each stage.
    """
    from simulator.study.output import write_scenario

    if not _one_at_a_time.acquire(blocking=False):
        raise ReportError("another report is being made", busy=True)
    try:
        folder = folders.results(f"{scenario.fingerprint()[:10]}{language}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        path = folder.with_suffix(".yaml")
        write_scenario(scenario, path)
        run = call or _command
        tell("run")
        if run(["run", str(path), "--replicates", str(runs), "--out", str(folder), "--lang", language, "--quiet"]):
            raise ReportError("the runs failed")
        tell("write")
        made = run(["report", str(folder), "--docx", "--lang", language, "--quiet"])
        files = {name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()}
        if "report.html" not in files and (made or not files):
            raise ReportError("no report was written")
        return files
    except OSError as error:
        raise ReportError(f"{type(error).__name__}: {error.strerror}") from error
    finally:
        _one_at_a_time.release()


def _command(arguments: Sequence[str]) -> int:
    """Run ``ris`` in a process of its own: it draws figures in forked processes, which a server with threads must not.

    Return its exit code.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "simulator.cli", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except subprocess.TimeoutExpired:
        return 1
    return done.returncode
