"""Run trials of every fault and write the table: ``python -m tests.faults --trials 500 --table FILE``."""

from __future__ import annotations

import argparse
import atexit
import json
import os
import random
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults import studies
from tests.faults.faults import FAULTS, Fault, clean
from tests.faults.trials import CLEAR, OUTCOMES, SAME, Trial, Verdict, judge
from tests.processes import kill

MEMORY = Path("/dev/shm")  # files there cost no disk


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials; returns 1 where one was lost or wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, help="how many, over all faults [one of each]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="faults whose names hold this (a regular expression)")
    parser.add_argument("--without", default="(?!)", help="leave out faults whose names hold this")
    parser.add_argument("--studies", default="", help="studies whose names hold this")
    parser.add_argument("--jobs", type=int, default=1, help="trials at a time")
    parser.add_argument("--table", type=Path, help="where the table is written")
    parser.add_argument("--minutes", type=float, default=60.0, help="start no trial later than this")
    options = parser.parse_args(arguments)
    faults = [f for f in FAULTS if re.search(options.only, f.name) and not re.search(options.without, f.name)]
    faults = [f for f in faults if f.possible()]
    trials = len(faults) if options.trials is None else options.trials
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    studies.prepare()
    counts: dict[tuple[str, str], Counter[str]] = {}
    with TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None, prefix="faults-") as name:
        root = Path(name).resolve()
        known = made_ready(root, options.studies)
        end = time.monotonic() + 60 * options.minutes
        parts = [_part(range(k, trials, options.jobs), options.seed, faults, known, root, end)
                 for k in range(options.jobs)]  # fmt: skip
        for pipe in parts:
            for fault, where, outcome in json.loads(_read(pipe) or "[]"):
                counts.setdefault((fault, where), Counter())[outcome] += 1
    text = table({key: counts[key] for f in faults if (key := (f.name, f.where)) in counts})
    print(text)
    if options.table is not None:
        options.table.write_text(text + "\n", encoding="utf-8")
    return int(any(set(found) - {SAME, CLEAR} for found in counts.values()) or not counts)


def _part(
    numbers: Iterable[int], seed: int, faults: Sequence[Fault], known: Sequence[studies.Study], root: Path, end: float
) -> int:
    """Run some trials in a process of their own; returns the pipe that tells their outcomes as JSON in the end."""
    here, there = os.pipe()
    if pid := os.fork():
        atexit.register(kill, pid)
        os.close(there)
        return here
    found = []
    try:
        for number in numbers:
            if time.monotonic() > end:
                break
            fault = faults[number % len(faults)]
            verdict, said = one(fault, known, root, f"{seed} {number}")
            found.append((fault.name, fault.where, verdict.outcome))
            if verdict.outcome not in (SAME, CLEAR):
                print(f"{said}: {verdict.outcome}: {verdict.why}", file=sys.stderr, flush=True)
        with os.fdopen(there, "w") as pipe:
            json.dump(found, pipe)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _read(pipe: int) -> str:
    with os.fdopen(pipe) as file:
        return file.read()


def made_ready(root: Path, names: str) -> list[studies.Study]:
    """Make the home that trials copy and run each study without a fault."""
    studies.make_home(root / "template")
    known = [s for s in studies.studies() if re.search(names, s.name)]
    for k, study in enumerate(known):
        studies.reference(study, root / "template", root / f"reference {k}")
    return known


def one(fault: Fault, known: Sequence[studies.Study], root: Path, address: str) -> tuple[Verdict, str]:
    """Run one trial, addressed by a text; returns what came of it, and what it was."""
    drawn = random.Random(f"{fault.name} {fault.where} {address}")
    able = [s for s in known if fault.needs in s.able]
    study = drawn.choice(able)
    trial = Trial(study, studies.copy_home(root / "template", root / f"trial {address}"), drawn)
    try:
        verdict = judge(trial, fault.put)
    finally:
        clean(trial)
    return verdict, f"{fault.name} ({address}), {study.name}, {trial.what}"


def table(counts: dict[tuple[str, str], Counter[str]]) -> str:
    """Return the counts as a table in Markdown."""
    lines = ["| fault | where | trials | same bytes | clear error, then same bytes | lost or wrong |"]
    lines.append("|---|---|---:|---:|---:|---:|")
    total: Counter[str] = Counter()
    for (name, where), found in counts.items():
        total += found
        lines.append(f"| {name} | {where} | {_cells(found)} |")
    return "\n".join([*lines, f"| all | | {_cells(total)} |"])


def _cells(found: Counter[str]) -> str:
    bad = sum(found[o] for o in OUTCOMES if o not in (SAME, CLEAR))
    return " | ".join(str(n) for n in (found.total(), found[SAME], found[CLEAR], bad))


if __name__ == "__main__":
    raise SystemExit(main())
