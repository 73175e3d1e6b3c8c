"""What the runner of studies costs beside the runs themselves."""

from __future__ import annotations

import multiprocessing
import tempfile
from pathlib import Path

from simulator.simulate import simulate
from simulator.study.design import Design, crossed, outcomes_of
from simulator.study.runner import run_design
from tests.benchmarks import work
from tests.benchmarks.table import Part, Row
from tests.benchmarks.timing import Bench, Variant, ratio
from tests.benchmarks.work import Options

LEVELS = ({"finance.exit": 0.05}, {"finance.exit": 0.06})  # parameters: no year is shared, every row is a whole run
RUNS, QUICK_RUNS = 16, 8


def a_design(options: Options) -> Design:
    """Return rows of the plan as it is, at two values of a parameter."""
    scenario = work.plan()
    rows = crossed(0, LEVELS, QUICK_RUNS if options.quick else RUNS)
    return Design((scenario,), tuple(rows), outcomes_of(scenario))


def bare(design: Design) -> None:
    """Run every row and do nothing else."""
    for row in design.rows:
        simulate(design.scenario_of(row), design.values_of(row), design.luck_of(row))


def halves(design: Design) -> None:
    """Run every row in two forked processes, a half each, and do nothing else: two cores share caches and memory."""
    context = multiprocessing.get_context("fork")
    parts = [Design(design.scenarios, design.rows[k::2], design.outcomes, design.seed) for k in (0, 1)]
    several = [context.Process(target=bare, args=(part,)) for part in parts]
    for process in several:
        process.start()
    for process in several:
        process.join()


def kept(design: Design, jobs: int) -> None:
    """Run every row as a study does: shards, checksums, outcomes and the table in a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        run_design(design, Path(folder) / "study", jobs=jobs)


def engine(bench: Bench, options: Options) -> Part:
    """Compare a study's rows through the runner with the bare runs of the same rows."""
    design = a_design(options)
    part = Part("i", f"the runner of studies over the bare runs ({len(design.rows)} runs of the Qingdao plan)")
    took = bench.rounds_of(
        [
            Variant("bare", lambda _: bare(design)),
            Variant("1", lambda _: kept(design, 1)),
            Variant("2", lambda _: kept(design, 2), alone=False),
            Variant("halves", lambda _: halves(design), alone=False),
        ]
    )
    label = "processor time of a study over that of its runs"
    of_two = "two processes, over two that do nothing but the runs"
    for over, base, name in (
        ("1", "bare", "one process"),
        ("2", "halves", of_two),
        ("2", "bare", "two processes, over the runs in one"),
    ):
        part.rows.append(Row(f"{label}, {name}", ratio(took[over], took[base]), by="cpu"))
    return part
