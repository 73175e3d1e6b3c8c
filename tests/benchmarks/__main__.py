"""Measure the simulator's speed and print it, or write it into the README: ``python -m tests.benchmarks --help``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.bound import bounds
from tests.benchmarks.others.ways import others
from tests.benchmarks.parts import by_size, memory, reference, shares, workers
from tests.benchmarks.startup import startup
from tests.benchmarks.studies import engine
from tests.benchmarks.table import Part, as_json, fill, markdown, text
from tests.benchmarks.timing import Bench
from tests.benchmarks.work import ROOT, Options

PARTS: dict[str, Callable[[Bench, Options], Part]] = {
    "a": reference,
    "b": by_size,
    "c": workers,
    "d": memory,
    "e": shares,
    "f": startup,
    "g": others,
    "h": bounds,
    "i": engine,
}
ROUNDS, QUICK_ROUNDS = 9, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for and write down what they found."""
    given = _read(arguments)
    rounds = given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS)
    options, bench = Options(given.quick, given.full, rounds), Bench(rounds)
    parts = []
    for key in given.only:
        print(f"{key}: {(PARTS[key].__doc__ or '').splitlines()[0]}", file=sys.stderr, flush=True)
        parts.append(PARTS[key](bench, options))
    if given.json:
        print(json.dumps(as_json(parts, bench.load), indent=1))
    else:
        print(text(parts, bench.load))
    if given.readme is not None:
        page = Path(given.readme)
        page.write_text(fill(page.read_text("utf-8"), markdown(parts, bench.load)), "utf-8")
    return 0


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    lines = [f"{key}  {(part.__doc__ or '').splitlines()[0]}" for key, part in PARTS.items()]
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure the simulator's speed as ratios, in interleaved rounds.",
        epilog="parts:\n  " + "\n  ".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default=",".join(PARTS), help="parts to measure, such as b,e")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds and small regions")
    parser.add_argument(
        "--full", action="store_true", help="the reference at 100,000 firms and ten years of the largest region too"
    )
    parser.add_argument("--rounds", type=int, default=0, help=f"rounds [default: {ROUNDS}]")
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    parser.add_argument(
        "--readme",
        nargs="?",
        const=str(ROOT / "README.md"),
        metavar="PAGE",
        help="put the table of ratios between the markers of a page [default: the README]",
    )
    given = parser.parse_args(arguments)
    given.only = [key.strip() for key in given.only.split(",") if key.strip()]
    if unknown := [key for key in given.only if key not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)} (there are {', '.join(PARTS)})")
    if given.rounds < 0:
        parser.error("--rounds must be 1 or more")
    return given


if __name__ == "__main__":
    sys.exit(main())
