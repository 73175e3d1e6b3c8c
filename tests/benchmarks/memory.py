"""Run a region in a fresh process and print what memory it took, as JSON: ``memory FIRMS YEARS``."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import numpy as np


def peak() -> float:
    """Return the most memory that this process has held so far, in bytes.

    Not from ``getrusage`` where the system says it otherwise: its figure includes the parent at the fork.
    """
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        kept = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return kept * (1.0 if sys.platform == "darwin" else 1024.0)
    return next(float(line.split()[1]) * 1024.0 for line in lines if line.startswith("VmHWM"))


def main(firms: int, years: int) -> dict[str, float]:
    """Return bytes before and after a run, and of the columns at its end."""
    from tests.benchmarks.work import drawn_world, firm_years, plan, years_of

    plan(firms, years)
    firm_years(1000, 2)  # compiled and loaded
    empty = peak()
    given = drawn_world(firms, years)
    started = len(given[0].firms)
    years_of(given)
    f = given[0].firms
    return {
        "empty": empty,
        "peak": peak(),
        "started": started,
        "rows": len(f),
        "alive": float(np.count_nonzero(f.alive)),
        "columns": f.nbytes(),
        "reserved": float(sum(data.nbytes for data in f._data.values())),
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
