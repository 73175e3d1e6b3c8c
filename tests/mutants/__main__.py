"""Change core/ and levers/ in one small place at a time, and count how many changes the tests notice.

``python -m tests.mutants`` tries a fixed sample, ``--all`` every change, ``--again`` those that survived the last time.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.mutants.operators import ROOT, Mutant, mutants_of

FOLDERS = ("simulator/core", "simulator/levers")
SAMPLE = 600
LEAST = 8  # of each file
SEED = 2026
AIM = 0.85
ANSWERED = Path(__file__).parent / "answered.csv"
OUT = ROOT / "outputs" / "mutants" / "results.jsonl"
KINDS = ("compiled", "plain", "bare")
LIMIT, LEEWAY = 3.0, 3.0  # times the processor time of a trial without a change, and s more


def every_mutant() -> dict[str, list[Mutant]]:
    """Return the changes of each file."""
    files = [str(p.relative_to(ROOT)) for folder in FOLDERS for p in sorted((ROOT / folder).glob("*.py"))]
    return {file: found for file in files if (found := mutants_of(ROOT, file))}


def sample(mutants: dict[str, list[Mutant]], number: int) -> list[Mutant]:
    """Return a seeded sample, of each file in proportion to its changes; a larger sample holds the smaller one."""
    whole = sum(map(len, mutants.values()))
    out = []
    for file, found in mutants.items():
        order = random.Random(f"{SEED} {file}").sample(found, len(found))
        out += order[: max(LEAST, round(number * len(found) / whole))]
    return out


def answered() -> dict[tuple[str, str, str, str], str]:
    """Return why changes that nothing can notice are none, by their names."""
    with ANSWERED.open(encoding="utf-8", newline="") as stream:
        return {(r["file"], r["scope"], r["was"], r["becomes"]): r["why"] for r in csv.DictReader(stream)}


# ---- trials -------------------------------------------------------------------------------------------


def try_all(kind: str, mutants: list[Mutant], jobs: int, out: Path) -> None:
    """Try changes in children of one warm process, and append each result to a file."""
    from tests.mutants import trial

    held = trial.warm(kind)
    normal: dict[str, float] = {}
    running: dict[int, tuple[Mutant, float]] = {}
    waiting = list(reversed(mutants))
    with out.open("a", encoding="utf-8") as stream:
        while waiting or running:
            while waiting and len(running) < jobs:
                mutant = waiting.pop()
                if mutant.file not in normal and not running:
                    normal[mutant.file] = trial.normal(mutant.file, held)
                elif mutant.file not in normal:  # measured alone
                    waiting.append(mutant)
                    break
                limit = LIMIT * normal[mutant.file] + LEEWAY
                running[trial.fork(mutant, mutant.file, held, limit)] = mutant, time.monotonic()
            pid, status = os.wait()
            mutant, began = running.pop(pid)
            line = {
                "name": mutant.name,
                "line": mutant.line,
                "outcome": trial.outcome(status),
                "seconds": round(time.monotonic() - began, 2),
            }
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            stream.flush()


def run(mutants: list[Mutant], jobs: int, out: Path) -> None:
    """Try changes, each kind of them in a process of its own; raises RuntimeError where one ends badly."""
    for kind in KINDS:
        # imported here, so that this process stays without numpy
        from tests.mutants.trial import kind_of

        mine = [m for m in mutants if kind_of(m) == kind]
        if not mine:
            continue
        print(f"{kind}: {len(mine)} changes", file=sys.stderr)
        pid = os.fork()
        if not pid:
            code = 1
            try:
                try_all(kind, mine, jobs, out)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        if os.waitpid(pid, 0)[1]:
            raise RuntimeError(f"the process of {kind} changes ended badly")


# ---- the report ---------------------------------------------------------------------------------------


def results(out: Path) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the last result of each change in a file of results."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    return {tuple(r["name"]): r for r in map(json.loads, lines)}


def report(found: Iterable[dict[str, Any]]) -> float:
    """Print the share seen by file and the survivors without an answer; return the share, answered ones left out."""
    from simulator.study.statistics import wilson  # here, so that the process that forks stays without numpy

    why = answered()
    by_file: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for result in found:
        by_file[result["name"][0]].append(result)
    print("| file | changes tried | seen | of these by the time limit | survived | answered |")
    print("|---|---:|---:|---:|---:|---:|")
    total = [0, 0, 0, 0, 0]
    for file, those in sorted(by_file.items()):
        survived = [r for r in those if r["outcome"] == "survived"]
        late = sum(r["outcome"] == "timeout" for r in those)
        same = sum(tuple(r["name"]) in why for r in survived)
        row = [len(those), len(those) - len(survived), late, len(survived), same]
        total = [a + b for a, b in zip(total, row, strict=True)]
        print(f"| {file.removeprefix('simulator/')} | " + " | ".join(map(str, row)) + " |")
    print("| all | " + " | ".join(map(str, total)) + " |\n")
    tried, seen, _, _, same = total
    for what, n in (("of all", tried), ("without those answered as equivalent", tried - same)):
        low, high = wilson(seen, n)
        print(f"Seen {what}: {seen} of {n}, {seen / max(n, 1):.1%} (95 % interval {low:.1%} to {high:.1%})")
    for those in by_file.values():
        for r in those:
            if r["outcome"] == "survived" and tuple(r["name"]) not in why:
                file, scope, was, becomes = r["name"]
                print(f"\n{file}:{r['line']} {scope}\n  - {was}\n  + {becomes}")
    return seen / max(tried - same, 1)


def main(arguments: list[str]) -> int:
    """Run the trials and return 1 where fewer changes are seen than is aimed at."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--number", type=int, default=SAMPLE, help=f"how many changes are tried (default {SAMPLE})")
    parser.add_argument("--all", action="store_true", help="try every change: hours")
    parser.add_argument("--again", action="store_true", help="try those that survived the last time")
    parser.add_argument("--file", default="", help="only files whose path has this text")
    parser.add_argument("--jobs", type=int, default=2, help="trials at the same time (default 2)")
    parser.add_argument("--out", type=Path, default=OUT, help="where the results go")
    parser.add_argument("--report", action="store_true", help="try nothing, report what is there")
    given = parser.parse_args(arguments)
    every = every_mutant()
    chosen = [m for found in every.values() for m in found] if given.all else sample(every, given.number)
    chosen = [m for m in chosen if given.file in m.file]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    if given.again:
        last = results(given.out)
        chosen = [m for m in chosen if last.get(m.name, {}).get("outcome") == "survived"]
    elif not given.report:
        given.out.unlink(missing_ok=True)
    if not given.report:
        run(chosen, given.jobs, given.out)
        print(f"{len(chosen)} changes tried in {(time.monotonic() - began) / 60:.0f} minutes\n")
    names = {m.name for m in chosen} if not given.again else None
    share = report(r for name, r in results(given.out).items() if names is None or name in names)
    return 0 if share >= AIM else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
