"""What studies that are started with ``python -m`` say while they run."""

from __future__ import annotations

import sys

EVERY = 50  # runs between two lines


def show(done: int, total: int) -> None:
    """Say on standard error how many of the runs are done."""
    if done == total or done % EVERY == 0:
        sys.stderr.write(f"\r{done} of {total}" + ("\n" if done == total else ""))
        sys.stderr.flush()
