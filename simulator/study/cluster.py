"""Work on a Dask cluster that is there already: ``--cluster tcp://...``. Needs the extra ``cluster``."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from simulator.core.problems import InputError, Problem
from simulator.study.engine import Batches, Died, Work
from simulator.study.replicates import StudyError

REACH = 15.0  # seconds to reach the scheduler
ALONE = 60.0  # seconds without a single worker after which a study stops
LOOK = 5.0  # seconds between looks at whether workers are there
AHEAD = 2  # batches sent for each worker thread: one at work, one waiting

GONE = "the cluster's scheduler is gone; what was run is kept"

_one_at_a_time = threading.Lock()  # a worker with several threads: a run is for one


def on_cluster(
    function: Work, held: Any, items: Sequence[Any], address: str, prepare: Callable[[Any], Any]
) -> Iterator[tuple[int, Any]]:
    """Yield the number and the result of each item, or ``Died``; what all pieces share is sent once.

    Raises InputError where the cluster cannot be reached, StudyError where its workers are gone.
    """
    with _client(address) as client:
        shared = client.submit(_hand_on, held, pure=False)  # scattered data would be lost with its worker
        threads = max(1, sum(client.nthreads().values()))
        batches = Batches(len(items), threads)
        running: dict[Any, list[int]] = {}
        suspects: list[int] = []

        def send(numbers: list[int]) -> None:
            sent = [prepare(items[k]) for k in numbers]
            running[client.submit(_batch, function, shared, sent, pure=False, retries=0)] = numbers

        while running or batches.left or suspects:
            while batches.left and len(running) < AHEAD * threads:
                send(batches.next())
            if not running:  # whoever stood beside a dead one is tried again, alone
                send([suspects.pop(0)])
            for future in _done(client, running):
                numbers = running.pop(future)
                result = _result(client, future)
                if not isinstance(result, Died):
                    batches.took(result[1], len(numbers))
                    yield from zip(numbers, result[0], strict=True)
                elif len(numbers) == 1 and batches.tried[numbers[0]]:
                    yield numbers[0], result
                else:
                    for k in numbers:
                        batches.tried[k] += 1
                    suspects += numbers


def _hand_on(held: Any) -> Any:
    return held


def _batch(function: Work, held: Any, items: Sequence[Any]) -> tuple[list[Any], float]:
    with _one_at_a_time:
        begun = time.perf_counter()
        return [function(held, item) for item in items], time.perf_counter() - begun


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        problem = Problem(
            "--cluster", 1, 1, "needs the package distributed", "", "pip install 'ris-simulator[cluster]'"
        )
        raise InputError([problem]) from None
    for name in ("distributed", "distributed.client"):  # what is wrong is said here, in plain words
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=REACH, set_as_default=False)
    except (OSError, ValueError, TimeoutError):
        allowed = "the address of a Dask scheduler that runs, such as tcp://127.0.0.1:8786"
        raise InputError([Problem("--cluster", 1, 1, "no scheduler answers", address, allowed)]) from None
    try:
        client.wait_for_workers(1, timeout=REACH)
    except (OSError, TimeoutError):
        client.close()
        raise InputError([Problem("--cluster", 1, 1, "the scheduler has no workers", address)]) from None
    return client


def _done(client: Any, running: dict[Any, list[int]]) -> list[Any]:
    """Wait for batches to end and return them; raise StudyError once no worker has been there for a while."""
    from distributed import CancelledError, wait

    seen = time.monotonic()
    while True:
        try:
            with client.as_current():
                return list(wait(list(running), timeout=LOOK, return_when="FIRST_COMPLETED").done)
        except (CancelledError, OSError) as error:
            seen = _still_there(client, error, seen)


def _result(client: Any, future: Any) -> Any:
    """Return what a batch gave, or ``Died``; a result that was lost with its worker is waited for."""
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    seen = time.monotonic()
    while True:
        try:
            return future.result(timeout=LOOK)
        except KilledWorker:
            return Died()
        except (CancelledError, OSError) as error:
            seen = _still_there(client, error, seen)


def _still_there(client: Any, error: Exception, seen: float) -> float:
    """Return when workers were last there; raise StudyError where they or the scheduler are gone."""
    if client.status != "running" or not isinstance(error, OSError):
        raise StudyError(GONE) from None
    if not isinstance(error, TimeoutError):
        raise error
    try:
        if client.nthreads():
            return time.monotonic()
    except OSError:
        raise StudyError(GONE) from None
    if time.monotonic() - seen > ALONE:
        raise StudyError("the cluster has no workers any more; what was run is kept") from None
    return seen
