"""Memory: keep what is freed, and let the collector of cyclic garbage rest while a run lasts.

Columns come and go all the time: asking the system each time costs a tenth of a run, looking for cycles 3 to 6 %.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's mallopt parameters
_LARGE = 64 * 1024 * 1024


def keep_freed_memory() -> bool:
    """Let the C library hold on to freed blocks up to 64 MiB; return whether it could be told to (glibc only)."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        library = ctypes.CDLL(None)
        return bool(library.mallopt(_MMAP_THRESHOLD, _LARGE) and library.mallopt(_TRIM_THRESHOLD, 4 * _LARGE))
    except (AttributeError, OSError):  # another C library
        return False


class _Rest:
    """How many runs of this process are under way, in all threads, and whether the collector was on before them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.runs = 0
        self.was_on = False


_rest = _Rest()


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Switch the collector of cyclic garbage off; the last to leave, of all threads, puts it back as it was.

    Runs leave no cycles behind (a test counts them), so that a world is freed at once when its run ends.
    """
    with _rest.lock:
        if _rest.runs == 0:
            _rest.was_on = gc.isenabled()
            gc.disable()
        _rest.runs += 1
    try:
        yield
    finally:
        with _rest.lock:
            _rest.runs -= 1
            if _rest.runs == 0 and _rest.was_on:
                gc.enable()
