"""Pieces of work timed in interleaved rounds, and what their ratios are.

A machine shared with others is never quiet for long, and its speed drifts. So every round runs every variant
once, each round begins with another one, and only ratios within a round are compared: the median over the
rounds, with an interval from their order that supposes nothing about how the noise is distributed.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import comb
from typing import Any

LEVEL = 0.95
BUSY = 0.05  # part of its time for which a piece was kept from the processor, from which the machine counts as busy


@dataclass(frozen=True)
class Took:
    """What one piece took: seconds by the clock, of processor time, and parts of it that the work noted itself."""

    wall: float
    cpu: float
    marks: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, by: str) -> float:
        return self.wall if by == "wall" else self.cpu if by == "cpu" else self.marks[by]


@dataclass(frozen=True)
class Variant:
    """Work to be timed; ``setup`` is not timed and makes what the work is given.

    The work may return a dict of parts of its own time, or a ``Took`` where it knows better (it ran elsewhere).
    ``alone`` says that it keeps one core busy throughout, so that processor time missing from it went to others.
    """

    name: str
    work: Callable[[Any], Any]
    setup: Callable[[], Any] | None = None
    alone: bool = True


@dataclass(frozen=True)
class Estimate:
    """A median, and the interval between two of the ordered values with the chance that it holds the true one."""

    median: float
    low: float
    high: float
    level: float
    rounds: int


def order(count: int, turn: int) -> list[int]:
    """Return the order of ``count`` variants in a round: each begins with the next, then all goes back to front."""
    forward = [(turn + i) % count for i in range(count)]
    return forward if turn // count % 2 == 0 else forward[::-1]


def interleave(
    variants: Sequence[Variant], rounds: int, timed: Callable[[Variant], Took] | None = None
) -> dict[str, list[Took]]:
    """Run every variant once a round and return what each took, by name."""
    timed = timed or once
    out: dict[str, list[Took]] = {v.name: [] for v in variants}
    if len(out) < len(variants):
        raise ValueError("two variants have the same name")
    for turn in range(rounds):
        for k in order(len(variants), turn):
            out[variants[k].name].append(timed(variants[k]))
    return out


def once(variant: Variant) -> Took:
    """Run one variant once; processor time includes that of child processes that ended meanwhile."""
    given = variant.setup() if variant.setup else None
    gc.collect()  # what the piece before left behind is not this one's cost
    cpu, wall = _cpu(), time.perf_counter()
    result = variant.work(given)
    wall, cpu = time.perf_counter() - wall, _cpu() - cpu
    if isinstance(result, Took):
        return result
    return Took(wall, cpu, result if isinstance(result, dict) else {})


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def interval(values: Sequence[float], level: float = LEVEL) -> tuple[float, float, float]:
    """Return the narrowest pair of ordered values around the median that holds it with at least ``level``.

    With too few values for that it is the least and the most. The third number is the chance reached.
    """
    ordered, n = sorted(values), len(values)
    if n == 0:
        raise ValueError("an interval of no values")
    drop, below = 0, 0.0
    # the true median lies below the (k+1)-th of n values if at most k of them are smaller
    for k in range((n - 1) // 2 + 1):
        below += comb(n, k) / 2.0**n
        if 1.0 - 2.0 * below < level:
            break
        drop = k
    missed = sum(comb(n, k) for k in range(drop + 1)) / 2.0**n
    return ordered[drop], ordered[n - 1 - drop], max(0.0, 1.0 - 2.0 * missed)


def estimate(values: Sequence[float]) -> Estimate:
    """Return the median of the values with its interval."""
    low, high, level = interval(values)
    return Estimate(statistics.median(values), low, high, level, len(values))


def ratio(over: Sequence[Took], under: Sequence[Took], by: str = "cpu", scale: float = 1.0) -> Estimate:
    """Return how many times as long the first took as the second, paired by round, times ``scale``."""
    return estimate([scale * a[by] / b[by] for a, b in zip(over, under, strict=True)])


@dataclass
class Load:
    """How busy the machine was with other work while pieces were timed."""

    before: float = 0.0
    after: float = 0.0
    kept_off: list[float] = field(default_factory=list)

    def watch(self, variants: Sequence[Variant], took: Mapping[str, Sequence[Took]]) -> None:
        """Note for pieces that want one core throughout the part of the time in which they had none."""
        for v in variants:
            if v.alone:
                self.kept_off += [max(0.0, 1.0 - t.cpu / t.wall) for t in took[v.name] if t.wall > 0.0]

    @property
    def foreign(self) -> float:
        """Return the mean part of their time in which pieces were kept from the processor."""
        return statistics.fmean(self.kept_off) if self.kept_off else 0.0

    @property
    def busy(self) -> bool:
        """Return whether the machine had too much other work for times by the clock to be trusted."""
        return self.foreign > BUSY or self.before > 0.5 * (os.cpu_count() or 1)

    def says(self) -> str:
        """Return a line about it."""
        state = "busy with other work: trust ratios of processor time only" if self.busy else "quiet"
        return (
            f"The machine was {state} (load {self.before:.1f} before and {self.after:.1f} after; "
            f"pieces waited for the processor {self.foreign:.0%} of their time)."
        )


class Bench:
    """Times variants in rounds and remembers how busy the machine was."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.load = Load(before=_load())

    def rounds_of(self, variants: Sequence[Variant], rounds: int | None = None) -> dict[str, list[Took]]:
        """Return what each variant took, by name, after one run of each that is not counted."""
        for v in variants:
            once(v)
        took = interleave(variants, rounds or self.rounds)
        self.load.watch(variants, took)
        self.load.after = _load()
        return took


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


class Clock:
    """Notes processor time by name, for parts of a piece of work; nested parts are not counted twice."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._open: list[list[float]] = []

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return the work so that its own time is added under a name."""

        def run(*args: Any, **kwargs: Any) -> Any:
            begun = time.process_time()
            self._open.append([0.0])
            try:
                return work(*args, **kwargs)
            finally:
                took = time.process_time() - begun
                inner = self._open.pop()[0]
                self.spent[name] = self.spent.get(name, 0.0) + took - inner
                if self._open:
                    self._open[-1][0] += took

        return run

    def shares(self, whole: float) -> Iterator[tuple[str, float]]:
        """Yield each name with its part of a whole, the largest first."""
        yield from sorted(((k, v / whole) for k, v in self.spent.items()), key=lambda x: -x[1])
