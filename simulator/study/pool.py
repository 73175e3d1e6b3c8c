"""Replicates of scenarios, run on the one engine of studies; where wanted, finished ones are kept as they come."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simulator.study.engine import Died, refuse_other_code, work
from simulator.study.kernels import load_without_events
from simulator.study.output import model_hash
from simulator.study.pieces import Found, One, Piece, Pieces, pieces_of
from simulator.study.replicates import (
    Failure,
    Progress,
    Replicate,
    Values,
    failed,
    parameters_of,
    processors,
    run_together,
)
from simulator.study.tally import count

if TYPE_CHECKING:
    from simulator.scenario import Scenario

FEW_DEATHS, MOST_DEATHS = 3, 0.05  # replicates, and share of them, that processes may die of before the rest is left
NOT_RUN = "not run: too many worker processes died"
NEEDED_LATER = ("pandas", "pyarrow.parquet", "scipy.special", "matplotlib.figure", "matplotlib.backends.backend_agg")


@dataclass(frozen=True)
class _Held:
    """What every piece of work shares."""

    scenarios: tuple[Scenario, ...]
    seed: int
    model: str


@dataclass(frozen=True)
class _Sent:
    """A replicate of some scenarios, by their numbers; for a cluster with the parameters of its draw."""

    numbers: tuple[int, ...]
    replicate: Replicate
    drawn: Mapping[str, Values] | None = None


class Pool:
    """Runs replicates of some scenarios, in this process (one job), in several forked for each batch, or on a cluster.

    The first run takes place here before workers are forked, so that they start with every kernel compiled. With
    ``pieces`` what is finished is kept, and what is found there is not run again. A worker that dies costs the
    replicate that it was at; after a few of them the rest is not run and their study fails as a whole.
    """

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        seed: int,
        jobs: int | None = None,
        *,
        cluster: str | None = None,
        pieces: Pieces | None = None,
    ) -> None:
        self.scenarios, self.seed, self.cluster, self.pieces = tuple(scenarios), seed, cluster, pieces
        self.jobs = processors() if jobs is None else jobs
        if self.jobs < 1:
            raise ValueError(f"jobs must be at least 1, not {jobs}")
        self.seconds = 0.0
        self._warm = False

    def run(
        self, batches: Mapping[int, Sequence[Replicate]], progress: Progress | None = None
    ) -> dict[int, list[Found]]:
        """Run each scenario's replicates (by the scenario's number) and return them in their own order."""
        started = time.perf_counter()
        load_without_events()
        total, done = sum(len(replicates) for replicates in batches.values()), 0
        results: dict[int, dict[int, Found]] = {number: {} for number in batches}
        together: dict[Replicate, list[int]] = {}  # by replicate, the scenarios that run it
        for number, batch in batches.items():
            for replicate in batch:
                together.setdefault(replicate, []).append(number)
        for part in self._parts([(tuple(numbers), replicate) for replicate, numbers in together.items()]):
            done += len(part)
            for number, result in part:
                results[number][result.replicate.index] = result
            if progress is not None:
                progress(done, total)
        self.seconds += time.perf_counter() - started
        return {number: [found[i] for i in sorted(found)] for number, found in results.items()}

    def _parts(self, works: Sequence[One]) -> Iterator[list[tuple[int, Found]]]:
        if self.pieces is None:
            yield from self._run(works)
            return
        missing: list[Piece] = []
        whole = pieces_of(works, self.scenarios, self.seed)
        for piece in whole:
            if (found := self.pieces.read(piece)) is None:
                missing.append(piece)
            else:
                yield found
        count(len(whole) - len(missing), len(missing))
        home = {at: piece for piece in missing for at in piece.order}
        came: dict[Piece, dict[tuple[int, Replicate], Found]] = {piece: {} for piece in missing}
        for part in self._run([(piece.numbers, one) for piece in missing for one in piece.replicates]):
            for number, result in part:
                piece = home[number, result.replicate]
                came[piece][number, result.replicate] = result
                if len(came[piece]) == len(piece.order):
                    mine = came.pop(piece)
                    if any(isinstance(one, Failure) and may_pass(one.message) for one in mine.values()):
                        self.pieces.to_be_tried_again = True
                    else:
                        self.pieces.write(piece, [mine[at] for at in piece.order])
            yield part

    # ---- on the engine --------------------------------------------------------------------------------

    def _run(self, works: Sequence[One]) -> Iterator[list[tuple[int, Found]]]:
        here = 0 if self._warm or self.cluster else 1
        if self.cluster is None and (self.jobs == 1 or sum(len(numbers) for numbers, _ in works) < 2):
            here = len(works)
        held = _Held(self.scenarios, self.seed, model_hash())
        for one in works[:here]:
            yield _run_sent(held, _Sent(*one))
        self._warm = True
        if len(works) > here:
            yield from self._elsewhere(held, works[here:], max(FEW_DEATHS, int(MOST_DEATHS * len(works))))

    def _elsewhere(self, held: _Held, works: Sequence[One], most: int) -> Iterator[list[tuple[int, Found]]]:
        """Run replicates in other processes; with more than ``most`` that these die of the others are not run."""
        left, alone, died = dict.fromkeys(works), list[One](), 0
        how: dict[str, Any] = {"jobs": self.jobs, "cluster": self.cluster, "apart": True, "meanwhile": _load}
        with closing(work(_run_sent, held, works, prepare=self._prepared, **how)) as results:  # type: ignore[type-var]
            for one, found in results:
                del left[one]
                died += isinstance(found, Died)
                if not isinstance(found, Died):
                    yield found
                elif len(one[0]) > 1:  # which of the scenarios it was shows when each runs alone
                    alone += [((number,), one[1]) for number in one[0]]
                else:
                    yield self._lost(one, found.message)
                if died > most:
                    break
        for one in left:
            yield self._lost(one, NOT_RUN)
        if alone:
            yield from self._elsewhere(held, alone, len(alone))

    def _prepared(self, one: One) -> _Sent:
        numbers, replicate = one
        if self.cluster is None:
            return _Sent(numbers, replicate)
        by = {self.scenarios[n].calibration: self.scenarios[n] for n in numbers}  # its workers need no posterior
        drawn = {name: parameters_of(scenario, replicate.draw, self.seed) for name, scenario in by.items()}
        return _Sent(numbers, replicate, drawn)

    def _lost(self, one: One, message: str) -> list[tuple[int, Found]]:
        return [(number, failed(self.scenarios[number], one[1], self.seed, message)) for number in one[0]]


def _load() -> None:
    for name in NEEDED_LATER:
        import_module(name)


def _run_sent(held: _Held, sent: _Sent) -> list[tuple[int, Found]]:
    refuse_other_code(held.model)
    scenarios = [held.scenarios[n] for n in sent.numbers]
    return list(zip(sent.numbers, run_together(scenarios, sent.replicate, held.seed, sent.drawn), strict=True))


def may_pass(message: str) -> bool:
    """Return whether a run failed for want of memory or with its process: tried again, it may come through."""
    return message in (Died.message, NOT_RUN) or message.startswith("MemoryError")
