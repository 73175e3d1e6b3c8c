"""Let a way of working run the task whenever the parent asks, so that rounds can be interleaved."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable


def serve(prepare: Callable[[int, int], object], run: Callable[[object, int], list[float]]) -> None:
    """Answer each line of input by one run: a line with its seconds and what it found; stop at the end of input.

    ``prepare(firms, seed)`` makes the starting firms, which is not timed; ``run(state, years)`` lets years pass.
    """
    firms, years = int(sys.argv[1]), int(sys.argv[2])
    for seed, _ in enumerate(sys.stdin):
        state = prepare(firms, seed)
        wall, cpu = time.perf_counter(), time.process_time()
        found = run(state, years)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"wall": wall, "cpu": cpu, "found": [float(x) for x in found]}), flush=True)
