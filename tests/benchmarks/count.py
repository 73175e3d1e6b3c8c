"""Count the numbers drawn and the columns touched in a run, in a fresh process: ``count FIRMS YEARS``, as JSON.

Every kernel is compiled anew here with a ``uniform_at`` that counts its calls, so that what compiled code draws
is counted exactly. The parent gives an empty cache of kernels, which nobody else uses.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

COUNTS = np.zeros(1, np.int64)
_AT = COUNTS.ctypes.data


@intrinsic
def _add_one(typing_context: Any, place: Any) -> Any:
    """Add one to the 64-bit number at an address; globals are constants to compiled code, memory is not."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        builder.store(builder.add(builder.load(pointer), ir.Constant(ir.IntType(64), 1)), pointer)
        return context.get_dummy_value()

    return types.void(types.intp), code


def count_draws() -> None:
    """Put the counting ``uniform_at`` in place; nothing of the simulator but its luck may have been imported."""
    from simulator.core import luck

    if others := [m for m in sys.modules if m.startswith(("simulator.world", "simulator.mechanisms"))]:
        raise RuntimeError(f"imported too early: {others}")
    plain = luck.uniform_at

    @njit(nogil=True)
    def uniform_at(address: Any, key: Any) -> float:
        _add_one(_AT)
        return plain(address, key)

    luck.uniform_at = uniform_at


def main(firms: int, years: int) -> dict[str, Any]:
    """Return firm-years, draws, and bytes of firms' columns read and changed, all in one run."""
    count_draws()
    from simulator import simulate as loop
    from simulator.model import SCHEDULE
    from simulator.world.agents import Firms
    from tests.benchmarks.work import drawn_world, plan

    width = {name: c.width * np.dtype(c.dtype).itemsize for name, c in Firms.columns.items()}
    touched: dict[str, set[str]] = defaultdict(set)
    now = ""

    def look(self: Firms, name: str) -> Any:
        if now and name in width:
            touched[now].add(name)
        return object.__getattribute__(self, name)

    def changed(before: np.ndarray, after: np.ndarray) -> bool:
        return not np.array_equal(before, after, equal_nan=before.dtype.kind == "f")

    draws: dict[str, int] = defaultdict(int)
    moved = {"read": 0.0, "changed": 0.0}

    def watched(name: str, work: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            nonlocal now
            if now:
                return work(*args, **kwargs)
            f, before = world.firms, int(COUNTS[0])
            kept = {k: v[: f.n].copy() for k, v in f._data.items()}
            rows, now = f.n, name
            try:
                return work(*args, **kwargs)
            finally:
                now = ""
                draws[name] += int(COUNTS[0]) - before
                moved["read"] += rows * sum(width[k] for k in touched.pop(name, ()))
                moved["changed"] += rows * sum(width[k] for k, v in kept.items() if changed(v, f._data[k][:rows]))

        return run

    scenario = plan(firms, years)
    world, _, p, luck = drawn_world(firms, years)
    Firms.__getattribute__ = look  # type: ignore[method-assign, assignment]
    schedule = tuple(replace(m, step=watched(m.name, m.step)) for m in SCHEDULE)
    loop.order_of = lambda _: schedule
    measure = watched("measure", loop.measure)
    entries = [replace(e, lever=replace(e.lever, offer=watched("offers", e.lever.offer))) for e in scenario.entries]
    scenario = replace(scenario, entries=tuple(entries))
    COUNTS[0] = 0
    alive = 0
    for year in range(scenario.region.start_year, scenario.years[1] + 1):
        loop.run_year(world, scenario, p, luck, year)
        measure(world)
        alive += int(np.count_nonzero(world.firms.alive))
    return {"firm_years": alive, "draws": int(COUNTS[0]), "by_part": dict(draws), **moved}


if __name__ == "__main__":
    if "NUMBA_CACHE_DIR" not in os.environ:
        raise SystemExit("NUMBA_CACHE_DIR must name an empty folder: these kernels must not be mixed with others")
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
