"""Loading compiled kernels from their cache."""

from __future__ import annotations

from contextlib import suppress


def load_without_events() -> None:
    """Take off the callbacks with which numba times each call into LLVM: 0.1 s of the 0.8 that kernels take to load.

    They serve who records compilation through ``numba.core.event`` and nobody else. Where llvmlite keeps them
    elsewhere nothing is done.
    """
    with suppress(ImportError, AttributeError, TypeError, ValueError):
        from llvmlite.binding import ffi

        for pair in tuple(ffi.lib._lock._cblist):
            ffi.unregister_lock_callback(*pair)
