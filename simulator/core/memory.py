"""Keep freed memory: columns come and go all the time, and asking the system each time costs a tenth of a run."""

from __future__ import annotations

import ctypes
import sys

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
