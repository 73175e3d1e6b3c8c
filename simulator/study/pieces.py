"""Finished replicates of runs and comparisons, kept while their study goes on: after a kill they are not run again.

A piece holds some consecutive replicates of some scenarios: series, bills, and what went wrong. The file is named after
everything that these depend on, has a checksum, and is written aside and renamed. Which replicates make a piece follows
from their numbers alone, so that it depends neither on the number of processes nor on when the study was stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.study.aside import clear_parts, write_aside
from simulator.study.output import digest, model_hash, samples_of
from simulator.study.replicates import BillKey, Failure, Outcome, Replicate, StudyError, failed
from simulator.study.shards import NAME_DIGITS, SHARDS, read_up_to, sealed, unsealed

if TYPE_CHECKING:
    from simulator.scenario import Scenario

RUNS = 8  # in a piece, of all its scenarios: a second or so of work
LARGEST = 500_000_000  # bytes of a piece
_FLOAT, _WHOLE = np.dtype("<f8"), np.dtype("<i8")

Found = Outcome | Failure
One = tuple[tuple[int, ...], Replicate]  # the numbers of some scenarios, a replicate to run of each


@dataclass(frozen=True, eq=False)
class Piece:
    """Some replicates, each of the scenarios with these numbers, and the name of what they depend on."""

    numbers: tuple[int, ...]
    replicates: tuple[Replicate, ...]
    scenarios: tuple[Scenario, ...]
    seed: int
    name: str

    @cached_property
    def order(self) -> list[tuple[int, Replicate]]:
        """Return the number of the scenario and the replicate of each run."""
        return [(number, one) for one in self.replicates for number in self.numbers]


def pieces_of(works: Sequence[One], scenarios: Sequence[Scenario], seed: int) -> list[Piece]:
    """Return the pieces that replicates fall into, in their order."""
    parts: dict[tuple[tuple[int, ...], int], list[Replicate]] = {}
    for numbers, replicate in works:
        place = replicate.index // max(1, RUNS // len(numbers))
        parts.setdefault((numbers, place), []).append(replicate)
    says = {number: _depends_on(scenarios[number]) for number in {n for numbers, _ in parts for n in numbers}}
    out = []
    for (numbers, _), mine in parts.items():
        content = [seed, [says[n] for n in numbers], [[r.index, r.draw, r.seed] for r in mine]]
        name = digest(json.dumps(content).encode())[:NAME_DIGITS]
        out.append(Piece(numbers, tuple(mine), tuple(scenarios[n] for n in numbers), seed, name))
    return out


def _depends_on(scenario: Scenario) -> list[Any]:
    return [scenario.fingerprint(), model_hash(), samples_of(scenario)]


class Pieces:
    """The folder in which a study keeps its pieces; ``begin`` is called before the first one is written.

    With ``fresh`` what lies there is not looked at: everything is run again. ``to_be_tried_again`` says that some runs
    failed for want of memory or with their process: their pieces are not kept.
    """

    def __init__(self, folder: Path, begin: Callable[[], object] = lambda: None, *, fresh: bool = False) -> None:
        self.folder, self.fresh, self.begun, self.to_be_tried_again = folder, fresh, False, False
        self._begin = begin

    def beside(self, name: str) -> Path:
        """Return a folder there, made ready, for a study of its own that the pieces rest on."""
        self._made_ready()
        return self.folder / name

    @property
    def way_on(self) -> str:
        """Return how one goes on where a study was stopped: the same command does, unless it begins everything anew."""
        return f"go on with  ris resume {self.folder}" if self.fresh else "the same command goes on"

    def read(self, piece: Piece) -> list[tuple[int, Found]] | None:
        """Return the runs of a piece with the numbers of their scenarios, None where there is none that is whole."""
        return None if self.fresh else unpacked(read_up_to(self._path(piece), LARGEST), piece)

    def write(self, piece: Piece, runs: Sequence[Found]) -> None:
        """Keep the runs of a piece; raises StudyError where that cannot be done: the disk is full."""
        try:
            self._made_ready()
            write_aside(self._path(piece), packed(runs))
        except OSError as error:
            raise StudyError(f"{self.folder}: {error}; what was run is kept, {self.way_on}") from None

    def _made_ready(self) -> None:
        if not self.begun or not (self.folder / SHARDS).is_dir():  # the same command, run beside, has ended and cleared
            (self.folder / SHARDS).mkdir(parents=True, exist_ok=True)
            clear_parts(self.folder / SHARDS)  # of a process that was killed
            self._begin()
            self.begun = True

    def _path(self, piece: Piece) -> Path:
        return self.folder / SHARDS / f"{piece.name}.runs"


# ---- the file -----------------------------------------------------------------------------------------


def packed(runs: Sequence[Found]) -> bytes:
    """Return runs as bytes: a checksum, a line of JSON, then figures as they are (64 bits)."""
    keys: dict[BillKey, int] = {}
    names: dict[tuple[str, ...], int] = {}
    head: list[Any] = []
    body: list[bytes] = []
    for run in runs:
        if isinstance(run, Failure):
            head.append(run.message)
            continue
        bills = [keys.setdefault(key, len(keys)) for key in run.bills]
        head.append([names.setdefault(run.names, len(names)), run.years.tolist(), len(bills)])
        body.append(np.ascontiguousarray(run.values, _FLOAT).tobytes())
        body.append(np.fromiter(run.bills.values(), _FLOAT, len(bills)).tobytes())
        body.append(np.array(bills, _WHOLE).tobytes())
    text = json.dumps([list(names), list(keys), head], ensure_ascii=False)
    return sealed(b"\n".join((text.encode(), b"".join(body))))


def unpacked(data: bytes, piece: Piece) -> list[tuple[int, Found]] | None:
    """Return the runs of a piece from its bytes, None where these are not as they were written."""
    if (whole := unsealed(data)) is None:
        return None
    text, _, body = whole.partition(b"\n")
    try:
        names, keys, head = json.loads(text)
        reader = _Reader(body, [tuple(map(str, n)) for n in names], [_key(*key) for key in keys])
        scenarios = dict(zip(piece.numbers, piece.scenarios, strict=True))
        found: list[tuple[int, Found]] = []
        for (number, one), record in zip(piece.order, head, strict=True):
            lost = isinstance(record, str)
            run = failed(scenarios[number], one, piece.seed, record) if lost else reader.outcome(one, *record)
            found.append((number, run))
    except (ValueError, TypeError, IndexError, RecursionError, OverflowError):
        return None
    return found if reader.at == len(body) else None


def _key(entry: str, lever: str, year: int, payer: str, kind: str) -> BillKey:
    return str(entry), str(lever), int(year), str(payer), str(kind)


@dataclass
class _Reader:
    body: bytes
    names: list[tuple[str, ...]]
    keys: list[BillKey]
    at: int = 0

    def outcome(self, replicate: Replicate, names: int, years: list[int], bills: int) -> Outcome:
        """Return the next run; raises ValueError where there is none that can be."""
        shape = (len(years), len(self.names[names]))
        values = self._next(_FLOAT, shape[0] * shape[1]).reshape(shape)
        amounts, which = self._next(_FLOAT, bills), self._next(_WHOLE, bills)
        if not np.isfinite(values).all():
            raise ValueError("not finite")
        sums: Mapping[BillKey, float] = {
            self.keys[k]: amount for k, amount in zip(which.tolist(), amounts.tolist(), strict=True)
        }
        return Outcome(replicate, np.array(years, dtype=int), self.names[names], values, dict(sums))

    def _next(self, kind: np.dtype, count: int) -> np.ndarray:
        found = np.frombuffer(self.body, kind, count, self.at).astype(kind.newbyteorder("="))
        self.at += found.nbytes
        return found
