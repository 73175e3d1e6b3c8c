"""The runner: runs the rows of a design, in shards that are kept, on processes or a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.study.design import Design, Row
from simulator.study.replicates import Progress

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Failed:
    """A row that raised or gave something that is not a number, and the command that runs it again."""

    row: int
    message: str
    command: str


@dataclass(frozen=True)
class Results:
    """What the rows of a design gave: ``values`` (n, M) by row and outcome, NaN where a run failed."""

    design: Design
    values: np.ndarray
    failures: tuple[Failed, ...] = ()
    folder: Path | None = None
    ran: int = 0
    found: int = 0
    seconds: float = 0.0

    def outcome(self, name: str) -> np.ndarray:
        """Return one outcome of every row, (n,)."""
        return np.asarray(self.values[:, self.design.outcomes.names.index(name)])

    def frame(self) -> pandas.DataFrame:
        """Return the design's rows with one column an outcome."""
        import pandas

        kept = pandas.DataFrame(self.values, columns=list(self.design.outcomes.names))
        return pandas.concat([self.design.frame(), kept], axis=1)


def run_design(
    design: Design,
    folder: Path | None = None,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Results:
    """Run every row and return what they gave, in the rows' order.

    With a ``folder`` finished shards are kept there and never run again. ``cluster`` is the address of a Dask
    scheduler (``tcp://...``). The figures do not depend on ``jobs``, on the cluster or on the order in which runs end.
    Raises StudyError where more than one run in twenty failed.
    """
    rows = [run_row(design, row) for row in design.rows]
    return Results(design, np.array(rows), folder=folder, ran=len(rows))


def run_row(design: Design, row: Row) -> np.ndarray:
    """Return the outcomes of one row, (M,)."""
    from simulator.simulate import simulate

    run = simulate(design.scenario_of(row), design.values_of(row), design.luck_of(row))
    return design.outcomes.read(run)
