"""Compare the simulator's world with the reference, agent by agent."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np

from simulator.world.world import AGENTS, RegionState, World
from tests.reference.agents import DROPPED, KINDS
from tests.reference.model import ReferenceModel, plain

RELATIVE = 1e-9
OF_LARGEST = 1e-13  # what sums of opposite sign leave, over the largest value of a column
LEFT = {"plants.unmet": 1e-6}  # t / year: orders less output, of which a sum of millions may leave a trace


def differences(world: World, model: ReferenceModel) -> list[str]:
    """Return one line for each column, figure of the region or bill in which the two differ."""
    out: list[str] = []
    for name in KINDS:
        out += _population(name, world, model)
    for name in AGENTS:
        out += _newcomers(name, world, model)
    for f in fields(RegionState):
        was, now = plain(getattr(world.state, f.name)), getattr(model.state, f.name)
        if not same(was, now):
            out.append(f"state.{f.name}: model {_short(was)}, reference {_short(now)}")
    return out + _bills(world, model)


def same(a: Any, b: Any) -> bool:
    """Return whether two values are equal: whole numbers and words exactly, floats to RELATIVE."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) or isinstance(b, float):
        return math.isclose(a, b, rel_tol=RELATIVE, abs_tol=1e-12)
    return bool(a == b)


def _short(value: Any) -> str:
    return repr(value)[:80]


def _population(name: str, world: World, model: ReferenceModel) -> list[str]:
    population, agents = getattr(world, name), getattr(model, name)
    rows = np.arange(len(population))
    if name in (*DROPPED, "plants"):  # what has ended counts no more
        rows = rows[population.alive]
        agents = [a for a in agents if a.alive]
    keys = population.key[rows].tolist()
    if keys != [a.key for a in agents]:
        gone = set(keys) - {a.key for a in agents}
        more = {a.key for a in agents} - set(keys)
        return [f"{name}: {len(keys)} rows, reference {len(agents)}; {len(gone)} missing in it, {len(more)} too many"]
    out = []
    for column, c in population.columns.items():
        if column == "key" or not agents:
            continue
        here = getattr(population, column)[rows]
        there = np.array([getattr(a, column) for a in agents])
        out += _column(f"{name}.{column}", here, there, "float" in c.dtype)
    return out


def _column(name: str, here: np.ndarray, there: np.ndarray, real: bool) -> list[str]:
    if here.shape != there.shape:
        return [f"{name}: shape {here.shape}, reference {there.shape}"]
    if real:
        a, b = here.astype(float), there.astype(float)
        largest = float(np.abs(a).max(initial=0.0))
        narrow = here.dtype == np.float32
        near = 1e-6 if narrow else RELATIVE  # the last bit of 32 may round either way
        bad = ~(np.abs(a - b) <= near * np.maximum(np.abs(a), np.abs(b)) + OF_LARGEST * largest + LEFT.get(name, 0.0))
    else:
        bad = here != there
    bad = bad.reshape(len(bad), -1).any(axis=1)
    if not bad.any():
        return []
    first = int(np.flatnonzero(bad)[0])
    return [f"{name}: {bad.sum()} of {len(bad)} differ, first row {first}: model {here[first]}, ref {there[first]}"]


def _newcomers(name: str, world: World, model: ReferenceModel) -> list[str]:
    queue, agents = getattr(world, name), model.arriving[name]
    if queue.waiting() != len(agents):
        return [f"{name} arriving: {queue.waiting()}, reference {len(agents)}"]
    out = []
    for column, c in queue.columns.items():
        if not agents or c.width > 1:
            continue
        here = queue.queued(column).astype(c.dtype)
        there = np.array([getattr(a, column) for a in agents])
        if column == "key":
            there = np.array([a.key for a in agents], np.uint64)
        out += _column(f"{name} arriving.{column}", here, there, "float" in c.dtype)
    return out


def _bills(world: World, model: ReferenceModel) -> list[str]:
    here = {(b.entry, b.lever, b.year, b.payer, b.kind): b.amount for b in world.ledger.bills()}
    out = []
    for key in sorted(here.keys() | model.bills.keys()):
        a, b = here.get(key, 0.0), model.bills.get(key, 0.0)
        if not math.isclose(a, b, rel_tol=RELATIVE, abs_tol=1e-6):  # a millionth of a yuan
            out.append(f"bill {key}: model {a}, reference {b}")
    return out
