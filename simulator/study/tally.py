"""How many finished parts a study found in its folder, and how many it ran."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Tally:
    """Shards that studies found and ran meanwhile."""

    found: int = 0
    ran: int = 0


_tallies: list[Tally] = []


@contextmanager
def counted() -> Iterator[Tally]:
    """Count the shards of every study that is run meanwhile."""
    _tallies.append(Tally())
    try:
        yield _tallies[-1]
    finally:
        _tallies.pop()


def count(found: int, ran: int) -> None:
    """Add shards to everybody's count."""
    for tally in _tallies:
        tally.found, tally.ran = tally.found + found, tally.ran + ran
