"""How long the commands take to start, with and without compiled kernels."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.table import Part, Row
from tests.benchmarks.timing import Bench, Estimate, Took, Variant, estimate, once, ratio
from tests.benchmarks.work import PLAN, ROOT, Options

RIS = str(Path(sys.executable).parent / "ris")
WORKER = "import simulator.study.replicates, simulator.simulate"


def command(words: Sequence[str], **environment: str) -> None:
    """Run a command silently; raise RuntimeError with what it said if it fails."""
    done = subprocess.run(
        words, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed: {(done.stderr or done.stdout).strip()[-300:]}")


def _run(into: Path, **environment: str) -> None:
    # a folder of its own each time: a run that was made before is not made again
    out = str(Path(tempfile.mkdtemp(dir=into)) / "out")
    words = [RIS, "run", str(PLAN), "--replicates", "2", "--jobs", "1", "--quiet", "--out", out]
    command(words, **environment)


def startup(bench: Bench, options: Options) -> Part:
    """Time commands in fresh processes; the first run also with an empty cache of kernels, as in a fresh clone."""
    part = Part("f", "start-up, in fresh processes")
    pieces: dict[str, list[str]] = {
        "bare Python": [sys.executable, "-c", "pass"],
        "ris --help": [RIS, "--help"],
        "ris list targets": [RIS, "list", "targets"],
        "imports of a worker": [sys.executable, "-c", WORKER],
    }
    took = bench.rounds_of([Variant(name, lambda _, w=w: command(w)) for name, w in pieces.items()])
    for name in list(pieces)[1:]:
        part.rows.append(Row(name, _seconds(took[name]), "s", "clock", readme=False))
        over = estimate([a.cpu / b.cpu for a, b in zip(took[name], took["bare Python"], strict=True)])
        part.rows.append(Row(f"{name} over bare Python", over))
    with tempfile.TemporaryDirectory() as folder:
        into, env = Path(folder), {"NUMBA_CACHE_DIR": str(Path(folder) / "kernels")}
        Path(env["NUMBA_CACHE_DIR"]).mkdir()
        _first(part, into, env, bench.rounds, options)
    return part


def _first(part: Part, into: Path, env: dict[str, str], rounds: int, options: Options) -> None:
    """Time the first run after installation and the one after it, in each round with the kernels as installed."""

    def timed(work: Any) -> Took:
        return once(Variant("", lambda _: work()))

    cold: Took | None = None
    if not options.quick:
        cold = timed(lambda: _run(into, **env))
        for file in Path(env["NUMBA_CACHE_DIR"]).rglob("*.nb[ic]"):
            file.unlink()
    warming = timed(lambda: command([sys.executable, "-m", "simulator.warm"], **env))
    first, later = [], []
    for turn in range(rounds):
        copy = into / f"kernels-{turn}"
        shutil.copytree(env["NUMBA_CACHE_DIR"], copy)
        for took in (first, later):
            took.append(timed(lambda copy=copy: _run(into, NUMBA_CACHE_DIR=str(copy))))
        shutil.rmtree(copy)
    pairs = list(zip(first, later, strict=True))
    part.rows += [
        Row("compiling the kernels at installation", warming.wall, "s", "clock", readme=False),
        Row("first `ris run` (2 runs) after installation", _seconds(first), "s", "clock", readme=False),
        Row("second `ris run`", _seconds(later), "s", "clock", readme=False),
        Row("the first run less the second", _seconds([_less(a, b) for a, b in pairs], "cpu"), "s", readme=False),
        Row("first `ris run` after installation over the second", ratio(first, later)),
    ]
    if cold is not None:
        part.rows.append(
            Row("first `ris run` without compiled kernels over the second", estimate([cold.cpu / t.cpu for t in later]))
        )


def _less(a: Took, b: Took) -> Took:
    return Took(a.wall - b.wall, a.cpu - b.cpu)


def _seconds(took: Sequence[Took], by: str = "wall") -> Estimate:
    return estimate([t[by] for t in took])
