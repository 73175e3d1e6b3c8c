"""The ways of working, each with an environment of its own, kept running so that rounds can be interleaved."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.benchmarks.others.task import RESULTS, TOLERANCE
from tests.benchmarks.table import Part, Row
from tests.benchmarks.timing import Bench, Took, Variant, estimate, ratio
from tests.benchmarks.work import ROOT, Options

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = ROOT / "build" / "bench-envs"
YEARS = 10
PATIENCE = 900.0  # seconds for an installation
MESA = "plain Mesa objects"
ONE_CORE = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "STARSIM_INSTALL_FONTS": "0"}


@dataclass(frozen=True)
class Way:
    """One way of working: a script beside this file, and the packages that its environment holds (none: ours)."""

    name: str
    script: str
    environment: str = ""
    packages: tuple[str, ...] = ()


WAYS = (
    Way(MESA, "mesa_objects.py"),
    Way("this project's kernels", "kernels.py"),
    Way("numpy columns", "numpy_columns.py"),
    Way("polars columns", "polars_columns.py", "polars", ("polars", "numpy")),
    Way("mesa-frames", "mesa_frames_agents.py", "mesa-frames", ("mesa-frames",)),
    Way("starsim", "starsim_agents.py", "starsim", ("starsim",)),
)


class AbsentError(RuntimeError):
    """A way that cannot be tried here; the message says why in a line."""


def interpreter(way: Way) -> str:
    """Return the Python of a way's environment, making it first where there is none; raises AbsentError."""
    if not way.environment:
        return sys.executable
    folder = ENVIRONMENTS / way.environment
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.is_file() or ready.read_text("utf-8") != " ".join(way.packages):
        folder.parent.mkdir(parents=True, exist_ok=True)
        print(f"Installing {' '.join(way.packages)} into {folder.relative_to(ROOT)} ...", file=sys.stderr)
        try:
            for words in (
                [sys.executable, "-m", "venv", str(folder)],
                [str(python), "-m", "pip", "install", "-q", *way.packages],
            ):
                subprocess.run(words, check=True, capture_output=True, text=True, timeout=PATIENCE)
        except (subprocess.SubprocessError, OSError) as error:
            said = (getattr(error, "stderr", None) or str(error)).strip().splitlines() or [""]
            raise AbsentError(f"not installed ({said[-1][:100]})") from error
        ready.write_text(" ".join(way.packages), "utf-8")
    return str(python)


class Server:
    """A process that runs the task whenever it is asked."""

    def __init__(self, way: Way, firms: int, years: int) -> None:
        self.way = way
        self.found: list[list[float]] = []
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [interpreter(way), str(HERE / way.script), str(firms), str(years)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=ROOT,
            env={**os.environ, **ONE_CORE},
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()
        self._errors.close()

    def ask(self) -> Took:
        """Have the task run once; raises AbsentError where the process cannot."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print("run", file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        while line and not line.startswith("{"):  # libraries greet
            line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            said = self._errors.read().strip().splitlines() or ["no reason given"]
            raise AbsentError(f"does not run ({said[-1][:100]})")
        answer = json.loads(line)
        self.found.append(answer["found"])
        return Took(answer["wall"], answer["cpu"])


def disagreements(found: Mapping[str, Sequence[Sequence[float]]], of: str = MESA) -> list[str]:
    """Return a line for every result whose mean over runs is not that of one way, by name and runs (R, K)."""
    means = {name: [statistics.fmean(x) for x in zip(*runs, strict=True)] for name, runs in found.items()}
    return [
        f"{name}: {what} is {mine:.4g}, not {its:.4g}"
        for name, values in means.items()
        for what, mine, its in zip(RESULTS, values, means[of], strict=True)
        if abs(mine - its) > TOLERANCE * abs(its)
    ]


def others(bench: Bench, options: Options) -> Part:
    """Compare ways of working on a like task, one core each."""
    firms = 5_000 if options.quick else 20_000
    part = Part("g", f"a like task done in other ways ({firms:,} firms, ten years, eight draws a firm-year, one core)")
    with ExitStack() as stack:
        servers: list[Server] = []
        for way in WAYS:
            try:
                server = stack.enter_context(Server(way, firms, YEARS))
                server.ask()  # compiled and warm
            except AbsentError as error:
                part.notes.append(f"{way.name}: skipped, {error}")
                continue
            servers.append(server)
        if MESA not in [s.way.name for s in servers]:
            part.missing = "plain Mesa does not run"
            return part
        took = bench.rounds_of([Variant(s.way.name, lambda _, s=s: s.ask()) for s in servers])
        found = {s.way.name: s.found for s in servers}
    for name, mine in took.items():
        if name != MESA:
            part.rows.append(Row(f"{MESA} over {name}", ratio(took[MESA], mine)))
    million = estimate([firms * YEARS / t.cpu / 1e6 for t in took[MESA]])
    part.rows.append(Row(f"firm-years a second with {MESA}", million, "million", readme=False))
    wrong = disagreements(found)
    part.notes += wrong or [f"all agree in the mean within {TOLERANCE:.0%} ({', '.join(RESULTS)})"]
    return part
