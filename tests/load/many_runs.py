"""Very many runs in one study: memory, descriptors and throughput stay as they are, and it can be killed on the way.

``python -m tests.load.many_runs --runs 100000`` runs a study of a very small city in one year, kills it (SIGKILL)
at some moments and goes on, and looks at its processes every second meanwhile. It ends with 1 where memory or
descriptors grew, a finished shard was lost or run again, or runs became dearer. Few runs say nothing of memory: pages
that processes share at first become each one's own.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.processes import family, seconds_of, stat

FIRMS, LAST = 200, 2011
PAUSE = 1.0  # seconds between looks
MORE_TIME = 1.10  # of the end over the start, each a fifth of the pass
MORE_MEMORY = 1_000  # bytes a run: its outcomes are kept until the tables are made, and pages cease to be shared


@dataclass(frozen=True)
class Look:
    """The study's processes at a moment: shards on disk, bytes, descriptors, threads, processor seconds so far."""

    shards: int
    memory: int
    descriptors: int
    threads: int
    seconds: float


@dataclass(frozen=True)
class Told:
    """What the study said at its end: shards that it found and ran."""

    found: int
    ran: int


def study(runs: int, folder: Path, jobs: int) -> Told:
    """Run the study, or what is missing of it."""
    from simulator.study.design import Design, crossed, outcomes_of
    from simulator.study.runner import counted, run_design
    from tests.benchmarks.scaled import scaled
    from tests.model_runs import shipped

    plan = scaled(replace(shipped(), years=(2011, LAST)), FIRMS)
    names = [f"hnte_count@{LAST}", f"rd_expenditure@{LAST}", "cost.net"]
    design = Design((plan,), tuple(crossed(0, [{}], runs, declared=True)), outcomes_of(plan, names))
    with counted() as tally:
        run_design(design, folder, jobs=jobs)
    return Told(tally.found, tally.ran)


def look(pid: int, folder: Path) -> Look | None:
    """Return how a study's processes are, None where one of them ends just now."""
    memory, descriptors, threads, seconds = 0, 0, 0, 0.0
    try:
        for one in family(pid):
            memory += _private(one)
            descriptors += len(os.listdir(f"/proc/{one}/fd"))
            fields = stat(one)
            threads += int(fields[17])
            seconds += seconds_of(fields)
    except (OSError, IndexError):
        return None
    return Look(shards_in(folder), memory, descriptors, threads, seconds)


def _private(pid: int) -> int:
    """Return the bytes that only this process has: pages shared by forking count for none."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(row.split()[1]) * 1024 for row in rows if row.startswith(("Private_Clean", "Private_Dirty")))


def shards_in(folder: Path) -> int:
    """Return how many shards a study's folder holds."""
    place = folder / "shards"
    return sum(1 for name in os.listdir(place) if name.endswith(".json")) if place.is_dir() else 0


def watched(runs: int, folder: Path, jobs: int, kill_at: int | None) -> tuple[list[Look], Told | None]:
    """Run the study in a process of its own; kill all of it once so many shards are there."""
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, "--child", str(folder)]
    command += ["--runs", str(runs), "--jobs", str(jobs)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    looks: list[Look] = []
    while child.poll() is None:
        time.sleep(PAUSE)
        if (seen := look(child.pid, folder)) is not None:
            looks.append(seen)
            if kill_at is not None and seen.shards >= kill_at:
                for one in reversed(family(child.pid)):
                    os.kill(one, signal.SIGKILL)
                child.wait()
                return looks, None
    told, _ = child.communicate()
    if child.returncode:
        raise RuntimeError(f"the study ended with {child.returncode}")
    return looks, Told(**json.loads(told.splitlines()[-1]))


def at_work(looks: Sequence[Look], shards: int) -> list[Look]:
    """Return the looks at which runs were under way: after the start-up, before the tables are made."""
    return [x for x in looks if looks[0].shards < x.shards < shards]


def dearer(looks: Sequence[Look], part: float = 0.2) -> float:
    """Return processor seconds a shard in the last part of a pass over those in its first."""
    size = max(2, int(part * len(looks)))

    def price(some: Sequence[Look]) -> float:
        return (some[-1].seconds - some[0].seconds) / max(1, some[-1].shards - some[0].shards)

    return price(looks[-size:]) / price(looks[:size])


def grown(values: Iterable[int], part: float = 0.2) -> float:
    """Return the median of the last part of some values over that of the first."""
    given = list(values)
    size = max(1, int(part * len(given)))
    return statistics.median(given[-size:]) / max(1, statistics.median(given[:size]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the load and print what was seen."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.many_runs", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.child is not None:
        print(json.dumps(vars(study(given.runs, given.child, given.jobs))))
        return 0
    with tempfile.TemporaryDirectory() as home:
        return report(given.runs, given.jobs, given.kills, Path(home) / "study")


def report(runs: int, jobs: int, kills: int, folder: Path) -> int:
    """Run the study with some kills on the way; return 1 where something grew or was lost."""
    shards, wrong = -(-runs // 8), 0
    folder.mkdir()
    for k in range(kills + 1):
        before = shards_in(folder)
        stop = None if k == kills else int(shards * (0.15 + 0.2 * k))
        looks, told = watched(runs, folder, jobs, stop)
        working = at_work(looks, shards)
        memory, open_files = grown(x.memory for x in working), grown(x.descriptors for x in working)
        last, price, threads = working[-1], dearer(working), grown(x.threads for x in working)
        print(
            f"pass {k + 1}: shards {before} to {shards_in(folder)} of {shards}, {len(working)} looks;"
            f" memory {last.memory / 2**20:.0f} MiB ({memory:.2f} times its start),"
            f" descriptors {last.descriptors} ({open_files:.2f}), threads {last.threads} ({threads:.2f}),"
            f" processor time a run {price:.2f} times its start",
            flush=True,
        )
        if told is not None:
            lost = before - told.found
            print(f"found {told.found} shards, ran {told.ran}; lost {lost}")
            wrong += lost != 0 or told.found + told.ran != shards
            early = working[len(working) // 5]
            kept = (last.memory - early.memory) / (8 * max(1, last.shards - early.shards))
            print(f"memory grew by {kept:.0f} bytes a run")
            wrong += kept > MORE_MEMORY or open_files > 1.0 or threads > 1.0 or price > MORE_TIME
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
