"""How far a run is from what the machine could do: the memory it has to move and the numbers it has to draw."""

from __future__ import annotations

import json
import tempfile
from typing import Any

import numpy as np
from numba import njit

from simulator.core.luck import Luck, uniform_at
from simulator.world.drawing import keys_of
from tests.benchmarks import work
from tests.benchmarks.table import Part, Row
from tests.benchmarks.timing import Bench, Took, Variant, estimate
from tests.benchmarks.work import Options

LONG = 8_000_000  # numbers in each of three arrays: far more than any cache holds
DRAWN = 4_000_000
COUNTED = 2_000  # firms in the run whose draws are counted
NOTES = (
    "numbers drawn: every call of the addressed generator in a run of a smaller region, compiled code included; what "
    "turns a number into a normal or a count comes on top",
    "bytes: each column of the firms that a mechanism, a measure or an indicator touches, once, and once more if it "
    "is changed; temporaries, other agents and second passes are not in it, rows that it skips are",
    "a run cannot be faster than the slower of the two bounds; both at once would be met only by a program that does "
    "nothing else",
)


@njit(nogil=True)
def triad(a: np.ndarray, b: np.ndarray, c: np.ndarray, factor: float) -> None:
    """Set (n,) a to b plus a multiple of c: two arrays are read and one is written."""
    for i in range(a.shape[0]):
        a[i] = b[i] + factor * c[i]


@njit(nogil=True)
def drawn(address: np.uint64, keys: np.ndarray) -> float:
    """Return the sum of the uniforms of (n,) keys at an address."""
    total = 0.0
    for i in range(keys.shape[0]):
        total += uniform_at(address, keys[i])
    return total


def counts(firms: int = COUNTED, years: int = work.YEARS) -> dict[str, Any]:
    """Return what a run draws and moves, counted in a process with kernels of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return json.loads(work.child("tests.benchmarks.count", str(firms), str(years), NUMBA_CACHE_DIR=folder))


def bounds(bench: Bench, options: Options) -> Part:
    """Compare a run with the time that its draws alone, and its memory alone, would take on this core."""
    firms = 10_000 if options.quick else 100_000
    size = f"{firms // 1000} k firms"
    part = Part("h", f"the run against what bounds it ({size}, ten years, one core)", notes=list(NOTES))
    n = counts(1_000 if options.quick else COUNTED)
    draws, moved = n["draws"] / n["firm_years"], (n["read"] + n["changed"]) / n["firm_years"]
    a, b, c = (np.full(LONG, x) for x in (0.0, 1.0, 2.0))
    keys, address = keys_of("bound", DRAWN), Luck(work.SEED).address("bound")
    took = bench.rounds_of(
        [
            Variant("run", lambda _: work.run(firms, work.YEARS)),
            Variant("triad", lambda _: [triad(a, b, c, 3.0) for _ in range(8)]),
            Variant("drawn", lambda _: [drawn(address, keys) for _ in range(8)]),
        ]
    )
    lived = work.firm_years(firms, work.YEARS)

    def second(name: str, amount: float) -> list[float]:
        return [8.0 * amount / t.cpu for t in took[name]]

    bandwidth, rate = second("triad", a.nbytes + b.nbytes + c.nbytes), second("drawn", DRAWN)

    def micro(t: Took) -> float:
        return t["years"] / lived * 1e6

    by_memory = [moved / x * 1e6 for x in bandwidth]
    by_draws = [draws / x * 1e6 for x in rate]
    went = [micro(t) for t in took["run"]]
    part.rows += [
        Row("numbers drawn a firm-year", draws, "numbers"),
        Row("bytes of columns moved a firm-year", moved, "bytes"),
        Row("memory bandwidth of one core (triad)", estimate([x / 1e9 for x in bandwidth]), "GB/s"),
        Row("numbers drawn a second on one core", estimate([x / 1e6 for x in rate]), "million"),
        Row("a firm-year", estimate(went), "us"),
        Row(
            f"a firm-year over its draws alone, {size}", estimate([x / y for x, y in zip(went, by_draws, strict=True)])
        ),
        Row(
            f"a firm-year over moving its columns alone, {size}",
            estimate([x / y for x, y in zip(went, by_memory, strict=True)]),
        ),
    ]
    most = sorted(n["by_part"].items(), key=lambda x: -x[1])[:6]
    part.notes.append(
        "draws a firm-year by part: " + ", ".join(f"{name} {count / n['firm_years']:.2f}" for name, count in most)
    )
    return part
