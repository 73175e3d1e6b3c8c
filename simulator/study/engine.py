"""The one place that runs work on processes: in this one, in forked ones, or on a Dask cluster.

Pieces of work go out in batches of about half a second, so that sending costs nothing beside the work; which piece
ran where and when is for nobody to see in its result. A process that dies costs its piece only, after a second try.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from simulator.study.output import model_hash
from simulator.study.replicates import Progress, StudyError, processors

BATCH = 0.5  # seconds of work sent at once
SMALLEST_SHARE = 4  # batches left for each process, so that none ends alone with a large one
TRIES = 2  # a process can be killed for want of memory that another one took: once is no proof
ORPHAN_CHECK = 1.0  # seconds between a worker's looks at whether its parent is still there
PATIENCE = 5.0  # seconds that a worker is given to end

Item = TypeVar("Item")
Work = Callable[[Any, Any], Any]  # what all pieces share, and a piece
Prepare = Callable[[Any], Any]


@dataclass(frozen=True)
class Died:
    """In place of a result: the process that ran the piece died, each time it was tried."""

    message: str = "the worker process died (out of memory?)"


def work(
    function: Work,
    held: Any,
    items: Sequence[Item],
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
    prepare: Prepare | None = None,
    warm: Callable[[], object] | None = None,
    apart: bool = False,
    meanwhile: Callable[[], object] | None = None,
) -> Iterator[tuple[Item, Any]]:
    """Yield each item with ``function(held, item)``, or ``Died``, in the order in which they end.

    With one job it is done in this process unless ``apart``. Else ``warm`` runs here first, so that
    processes are forked with every kernel compiled. ``prepare`` turns an item into what is sent just before it is.
    ``meanwhile`` is done here while the processes are at their first pieces: loading what is needed afterwards.
    What the function raises is raised here. ``cluster`` is the address of a Dask scheduler.
    """
    count = processors() if jobs is None else jobs
    if count < 1:
        raise ValueError(f"jobs must be at least 1, not {jobs}")
    ready = prepare or (lambda item: item)
    if cluster is not None:
        from simulator.study.cluster import on_cluster

        found = on_cluster(function, held, items, cluster, ready)
    elif count == 1 and not apart:
        found = ((k, function(held, ready(item))) for k, item in enumerate(items))
    else:
        if warm is not None and items:
            warm()
        found = _Crew(function, held, items, min(count, len(items)), ready, meanwhile).run()
    for done, (k, result) in enumerate(found, 1):
        yield items[k], result
        if progress is not None:
            progress(done, len(items))


def refuse_other_code(model: str) -> None:
    """Raise StudyError where this process has other code of the model than that which sent it work, with this hash."""
    if model_hash() != model:
        raise StudyError("a worker has other code of the model than this process: install the same on both")


def work_all(
    function: Work, held: Any, items: Sequence[Item], *, kept: Callable[[], str] | None = None, **how: Any
) -> Iterator[tuple[Item, Any]]:
    """Do as ``work`` does, to which ``how`` goes, where nothing can be done without: no ``Died`` is yielded.

    Raises StudyError where a process died or memory is short; ``kept`` is asked then for what else there is to say.
    """
    try:
        for item, result in work(function, held, items, **how):
            if isinstance(result, Died):
                what = result.message
                break
            yield item, result
        else:
            return
    except MemoryError:
        what = "not enough memory"
    raise StudyError(f"{what}; {kept()}" if kept else what)


def in_order(
    function: Work,
    held: Any,
    items: Sequence[Any],
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    kept: Callable[[], str] | None = None,
) -> list[Any]:
    """Return ``function(held, item)`` of all items in their order; raises StudyError as ``work_all`` does.

    The first is done here, so that processes are forked with every kernel compiled; 0 ``jobs`` too are all processors.
    """
    found: dict[int, Any] = {}
    numbers = range(len(items))
    for part, processes in ((numbers[:1], 1), (numbers[1:], jobs or None)):
        for k, result in work_all(function, held, part, jobs=processes, prepare=items.__getitem__, kept=kept):
            found[k] = result
            if progress is not None:
                progress(len(found), len(items))
    return [found[k] for k in numbers]


def too_many_failed(failed: Sequence[int], count: int, again: Callable[[int], object]) -> StudyError:
    """Return the error that says how many of the runs failed and what came of the first, which ``again`` runs again."""
    what = ""
    try:
        again(failed[0])
    except Exception as error:
        what = f": {type(error).__name__}: {error}".splitlines()[0]
    return StudyError(f"{len(failed)} of {count} runs failed, the first with draw {failed[0]}{what}")


class Batches:
    """The items that are left, handed out in batches whose size follows from what items took so far."""

    def __init__(self, count: int, jobs: int) -> None:
        self.left, self.jobs = deque(range(count)), jobs
        self.tried = [0] * count
        self._seconds, self._done = 0.0, 0

    def next(self) -> list[int]:
        """Return the numbers of the next batch, none where nothing is left."""
        size = 1
        if self._done:
            size = int(BATCH / max(self._seconds / self._done, 1e-6))
            size = max(1, min(size, len(self.left) // (SMALLEST_SHARE * self.jobs)))
        return [self.left.popleft() for _ in range(min(size, len(self.left)))]

    def took(self, seconds: float, items: int = 1) -> None:
        """Note what items took."""
        self._seconds, self._done = self._seconds + seconds, self._done + items

    def died(self, guilty: int, innocent: Sequence[int]) -> bool:
        """Note that the process with these items died on one of them; return whether that one is given up."""
        self.left.extendleft(reversed(innocent))
        self.tried[guilty] += 1
        if self.tried[guilty] >= TRIES:
            return True
        self.left.appendleft(guilty)
        return False


# ---- processes of this machine ------------------------------------------------------------------------


@dataclass
class _Raised:
    error: BaseException


@dataclass(eq=False)
class _Worker:
    process: Any
    pipe: Connection
    batch: deque[int]


class _Crew:
    """Worker processes, each with a pipe of its own: which piece a dead one was at is known."""

    def __init__(
        self,
        function: Work,
        held: Any,
        items: Sequence[Any],
        jobs: int,
        prepare: Prepare,
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        methods = multiprocessing.get_all_start_methods()
        self.context: Any = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
        self.function, self.held, self.items, self.prepare = function, held, items, prepare
        self.batches, self.jobs = Batches(len(items), jobs), jobs
        self.workers: list[_Worker] = []
        self.beside = None if meanwhile is None else threading.Thread(target=_quietly, args=(meanwhile,))

    def run(self) -> Iterator[tuple[int, Any]]:
        """Yield the number and the result of each item."""
        finished = False
        try:
            while self.batches.left or any(w.batch for w in self.workers):
                self._give()
                if self.beside is not None and self.beside.ident is None:
                    self.beside.start()
                for worker in self._heard():
                    yield from self._listen(worker)
            finished = True
        finally:
            self._leave(finished)

    def _give(self) -> None:
        """Give every idle worker a batch, and start workers while there is work for more."""
        while self.batches.left:
            idle = next((w for w in self.workers if not w.batch), None)
            if idle is None and len(self.workers) == self.jobs:
                return
            worker = idle or self._start()
            worker.batch.extend(self.batches.next())
            with suppress(ConnectionError):  # it is dead: heard of next
                worker.pipe.send([(k, self.prepare(self.items[k])) for k in worker.batch])

    def _start(self) -> _Worker:
        self._wait()
        here, there = self.context.Pipe()
        process = self.context.Process(target=_serve, args=(there, self.function, self.held), daemon=True)
        with _interrupts_later():
            process.start()
        there.close()  # so that the pipe ends with the worker
        self.workers.append(_Worker(process, here, deque()))
        return self.workers[-1]

    def _wait(self) -> None:
        """Wait for what is done beside: a process must not be forked while another thread holds a lock."""
        if self.beside is not None and self.beside.ident is not None:
            self.beside.join()

    def _heard(self) -> list[_Worker]:
        busy = {w.pipe: w for w in self.workers if w.batch}
        return [busy[pipe] for pipe in wait(list(busy)) if isinstance(pipe, Connection)]

    def _listen(self, worker: _Worker) -> Iterator[tuple[int, Any]]:
        try:
            result, seconds = worker.pipe.recv()
        except (EOFError, OSError):
            self._bury(worker)
            guilty, *innocent = worker.batch
            if self.batches.died(guilty, innocent):
                yield guilty, Died()
            return
        if isinstance(result, _Raised):
            raise result.error
        self.batches.took(seconds)
        number = worker.batch.popleft()
        self._give()  # before the result is looked at: whoever sent it goes on meanwhile
        yield number, result

    def _bury(self, worker: _Worker) -> None:
        self.workers.remove(worker)
        worker.pipe.close()
        worker.process.join(PATIENCE)
        worker.process.kill()

    def _leave(self, finished: bool) -> None:
        for worker in self.workers:
            with suppress(OSError):
                if finished:
                    worker.pipe.send(None)
                else:
                    worker.process.kill()
        for worker in list(self.workers):
            self._bury(worker)
        self._wait()


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Keep an interrupt until a process has been forked: what Python does around it would swallow one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _quietly(work: Callable[[], object]) -> None:
    with suppress(Exception):  # what went wrong shows where it is needed
        work()


def _serve(pipe: Connection, function: Work, held: Any) -> None:
    """Work in a worker process until there is no more; an interrupt from the keyboard is left to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    with suppress(EOFError, ConnectionError):  # the parent is gone
        while (batch := pipe.recv()) is not None:
            for _, item in batch:
                begun = time.perf_counter()
                try:
                    result = function(held, item)
                except BaseException as error:
                    result = _Raised(_sendable(error))
                pipe.send((result, time.perf_counter() - begun))


def _sendable(error: BaseException) -> BaseException:
    with suppress(Exception):
        again = pickle.loads(pickle.dumps(error))
        if type(again) is type(error):
            return error
    return RuntimeError(f"{type(error).__name__}: {error}")


def _leave_with(parent: int) -> None:
    """End this worker once its parent was killed: what it is at would be read by nobody."""
    while os.getppid() == parent:
        time.sleep(ORPHAN_CHECK)
    os._exit(0)
