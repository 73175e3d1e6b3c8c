"""What is measured of the model itself: against the reference, by size, by workers, memory, parts of the year."""

from __future__ import annotations

import json
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from multiprocessing import get_all_start_methods, get_context
from typing import Any

from simulator import simulate as loop
from simulator.world.world import World
from tests.benchmarks import work
from tests.benchmarks.table import Part, Row
from tests.benchmarks.timing import Bench, Clock, Took, Variant, estimate, ratio
from tests.benchmarks.work import Options
from tests.reference import Work, prepare

REFERENCE_FIRST = 2016  # the first full year of the plan: every measure is in force
REFERENCE_ROW_YEARS = 20_000  # firm-years that the reference is given at most, since it is slow
PLAN_RUNS = 4  # runs shared out between workers
SHOWN = 0.01  # part of the year from which a mechanism has a row of its own


def _named(firms: int) -> str:
    return f"{firms // 1_000_000} M" if firms >= 1_000_000 else f"{firms // 1000} k"


# ---- (a) the reference ------------------------------------------------------------------------------


def _reference_years(firms: int) -> int:
    return max(1, min(work.YEARS // 2, REFERENCE_ROW_YEARS // firms))


@cache
def _reference_work(firms: int) -> Work:
    scenario = work.plan(firms)
    return prepare(scenario, {}, work.SEED, REFERENCE_FIRST, _reference_years(firms))


def _reference_run(firms: int) -> float:
    """Run the years in a worker, which has had the work since it was forked; return its processor time."""
    given = _reference_work(firms)
    world, begun = given.world(), time.process_time()
    given.run_world(world)
    return time.process_time() - begun


def reference(bench: Bench, options: Options) -> Part:
    """Compare the model with the reference on the same years of the same agents, with every measure in force."""
    part = Part("a", "the model against the same model as plain Mesa agents")
    sizes = (1_000,) if options.quick else (1_000, 10_000, 100_000) if options.full else (1_000, 10_000)
    for firms in sizes:
        given = _reference_work(firms)
        repeat = 1 if firms > 1_000 else 8  # the model's piece would be too short to be timed

        def model(worlds: list[World], given: Work = given) -> None:
            for world in worlds:
                given.run_world(world)

        variants = [
            Variant("mesa", given.run_model, given.model),
            Variant("model", model, lambda g=given, n=repeat: [g.world() for _ in range(n)]),
        ]
        with _processes(1) as one, _processes(2) as two:
            for jobs, pool in ((1, one), (2, two)):
                list(pool.map(_reference_run, [firms] * 2 * jobs))
                runs = [firms] * 2 * repeat
                variants.append(
                    Variant(f"{jobs}", lambda _, p=pool, r=runs: list(p.map(_reference_run, r)), alone=False)
                )
            took = bench.rounds_of(variants)
        label = f"{_named(firms)} firms"
        part.rows.append(
            Row(f"Mesa over the model, {label}, one core", ratio(took["mesa"], took["model"], scale=repeat))
        )
        # what a second worker brings is measured with the copying of the agents, which a worker cannot be spared
        by_round = zip(took["mesa"], took["model"], took["1"], took["2"], strict=True)
        both = [repeat * a.cpu / m.cpu * w1.wall / w2.wall for a, m, w1, w2 in by_round]
        part.rows.append(Row(f"Mesa on one core over the model on two, {label}", estimate(both)))
        lived = len(given.run_world(given.world()).firms)
        part.notes.append(
            f"{_named(firms)} at the start, {lived:,} in the end: {len(given.years)} years from {given.years[0]}"
        )
    part.notes.append("the years alone, without indicators; every measure of the plan is in force in both")
    return part


# ---- (b) by size ------------------------------------------------------------------------------------


def by_size(bench: Bench, options: Options) -> Part:
    """Compare the cost of a firm-year between sizes, on the same number of years each."""
    part = Part("b", "cost of a firm-year by the size of the region (processor time, indicators included)")
    sizes = (1_000, 10_000) if options.quick else (1_000, 10_000, 100_000)
    _size(part, bench, sizes, work.YEARS)
    if not options.quick:
        _size(part, bench, (10_000, 1_000_000), work.YEARS if options.full else 2)
    return part


def _size(part: Part, bench: Bench, sizes: tuple[int, ...], years: int) -> None:
    times = {n: max(1, 20_000 * work.YEARS // (n * years)) if n < 10_000 else 1 for n in sizes}
    if years < work.YEARS:
        times[10_000] = work.YEARS // years  # as long a piece as elsewhere
    took = bench.rounds_of([Variant(str(n), lambda _, n=n: work.run(n, years, times=times[n])) for n in sizes])
    firm_years = {n: sum(work.firm_years(n, years, work.SEED + k) for k in range(times[n])) for n in sizes}
    for n in sizes:
        label = f"{_named(n)} firms" + (f", {years} years" if years < work.YEARS else "")
        part.notes.append(f"{label}: {work.lived(n, years)}")
        micro = estimate([t["years"] / firm_years[n] * 1e6 for t in took[str(n)]])
        part.rows.append(Row(f"a firm-year, {label}", micro, "us", readme=False))
        build = estimate([t["build"] / times[n] / n * 1e6 for t in took[str(n)]])
        part.rows.append(Row(f"drawing a firm at the start, {label}", build, "us", readme=False))
        if n != 10_000:
            scale = firm_years[10_000] / firm_years[n]
            for by, what in (("years", "a firm-year"), ("cpu", "a firm-year with its share of the drawing")):
                value = ratio(took[str(n)], took["10000"], by, scale)
                part.rows.append(Row(f"{what}, {label} over 10 k", value, readme=by == "years"))
    if years < work.YEARS:
        part.notes.append(
            f"{years} years, of which the first looks at every university for every firm; ten with --full"
        )


# ---- (c) workers ------------------------------------------------------------------------------------


def _processes(jobs: int) -> ProcessPoolExecutor:
    method = "fork" if "fork" in get_all_start_methods() else "spawn"
    return ProcessPoolExecutor(jobs, mp_context=get_context(method))


def _runs(pool: Executor, seeds: range) -> dict[str, float]:
    return {"worked": sum(pool.map(work.warm_run, seeds))}


def workers(bench: Bench, options: Options) -> Part:
    """Compare one and two workers, warm processes and threads, on the same runs of the plan."""
    part = Part("c", f"{PLAN_RUNS} runs of the Qingdao plan by one and two workers (by the clock)")
    work.warm_run(0)
    with ExitStack() as stack:
        pools: dict[str, Executor] = {}
        for jobs in (1, 2):
            pool = stack.enter_context(_processes(jobs))
            list(pool.map(work.warm_run, range(2 * jobs)))  # processes start before there are threads
            pools[f"{jobs} processes"] = pool
        for jobs in (1, 2):
            pools[f"{jobs} threads"] = stack.enter_context(ThreadPoolExecutor(jobs))
        seeds = range(PLAN_RUNS)
        took = bench.rounds_of(
            [Variant(name, lambda _, p=p: _runs(p, seeds), alone=False) for name, p in pools.items()]
        )
    for kind in ("processes", "threads"):
        value = ratio(took[f"1 {kind}"], took[f"2 {kind}"], "wall")
        part.rows.append(Row(f"one worker over two, {kind}", value, by="clock"))
    part.rows.append(
        Row("two threads over two processes", ratio(took["2 threads"], took["2 processes"], "wall"), by="clock")
    )
    worked = ratio(took["1 processes"], took["2 processes"], "worked", 2.0)
    part.rows.append(Row("the same for processes, were each alone on its core", worked, by="processor time"))
    seconds = estimate([t.wall / PLAN_RUNS * 1000.0 for t in took["1 processes"]])
    part.rows.append(Row("one run of the plan in a warm worker", seconds, "ms", "clock", readme=False))
    part.notes.append("with other work on the machine two workers share what is left, and the ratio falls")
    return part


# ---- (d) memory -------------------------------------------------------------------------------------


def memory(bench: Bench, options: Options) -> Part:
    """Measure the memory of runs in fresh processes."""
    part = Part("d", "memory of a run")
    sizes = [(10_000, work.YEARS)] if options.quick else [(10_000, work.YEARS), (100_000, work.YEARS)]
    if not options.quick:
        sizes.append((1_000_000, work.YEARS if options.full else 2))
    for firms, years in sizes:
        m = json.loads(work.child("tests.benchmarks.memory", str(firms), str(years)))
        label, more = f"{_named(firms)} firms, {years} years", m["peak"] - m["empty"]
        part.rows += [
            Row(f"columns, a row, {label}", m["columns"] / m["rows"], "bytes"),
            Row(f"columns with room to grow, a firm alive, {label}", m["reserved"] / m["alive"], "bytes"),
            Row(f"peak over an empty process, a firm alive at the end, {label}", more / m["alive"], "bytes"),
            Row(f"peak of the whole process, {label}", m["peak"] / 2**20, "MiB"),
        ]
    return part


# ---- (e) parts of the year --------------------------------------------------------------------------


def shares(bench: Bench, options: Options) -> Part:
    """Say which part of a run each mechanism takes."""
    firms = 10_000
    part = Part("e", f"share of a run by what it does ({_named(firms)} firms, ten years, processor time)")

    def piece(_: Any) -> dict[str, float]:
        clock = Clock()
        with work.clocked(clock, work.plan(firms)) as scenario:
            clock.timed("the rest of the loop", loop.simulate)(scenario, {}, work.SEED)
        return clock.spent

    took: list[Took] = bench.rounds_of([Variant("run", piece)])["run"]
    names = {name for t in took for name in t.marks}
    values = {n: estimate([t.marks.get(n, 0.0) / sum(t.marks.values()) for t in took]) for n in names}
    for name, value in sorted(values.items(), key=lambda x: -x[1].median):
        part.rows.append(Row(name, value, "share", readme=value.median >= SHOWN))
    return part
