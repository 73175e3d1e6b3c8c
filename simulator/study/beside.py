"""A piece of work done in a process beside this one."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


def _quietly(work: Callable[[], object]) -> None:
    with suppress(BaseException):  # what went wrong shows when it is done again
        work()
        return
    sys.exit(1)


@contextmanager
def beside(work: Callable[[], object], apart: bool = True) -> Iterator[None]:
    """Do a piece of work that only writes files in a forked process while the block runs.

    It is done here instead where processes cannot be forked or ``apart`` is false, and again here where the other
    process came to nothing: whatever it raises is raised.
    """
    apart = apart and "fork" in multiprocessing.get_all_start_methods()
    if not apart or multiprocessing.current_process().daemon:
        work()
        yield
        return
    process = multiprocessing.get_context("fork").Process(target=_quietly, args=(work,), daemon=True)
    process.start()
    try:
        yield
    except BaseException:
        process.terminate()
        process.join()
        raise
    process.join()
    if process.exitcode != 0:
        work()
