"""The task with polars columns."""

from __future__ import annotations

import numpy as np
import polars as pl
import polars_rules as rules
from serve import serve


def prepare(firms: int, seed: int) -> tuple[pl.DataFrame, np.random.Generator]:
    """Return the frame at the start and a generator."""
    rng = np.random.default_rng(seed)
    return rules.start(firms, rng), rng


def run(state: tuple[pl.DataFrame, np.random.Generator], years: int) -> list[float]:
    """Let the years pass and return what came of them."""
    frame, rng = state
    for _ in range(years):
        frame = rules.year(frame, rng)
    return rules.found(frame, years)


if __name__ == "__main__":
    serve(prepare, run)
