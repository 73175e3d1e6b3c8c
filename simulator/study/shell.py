"""What studies that are started with ``python -m`` say while they run, and how they end where something is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from simulator.core.problems import InputError

EVERY = 50  # runs between two lines
INPUT_WRONG, RUNS_FAILED, INTERRUPTED = 2, 3, 130  # exit codes as those of ``ris``
P = ParamSpec("P")


def plain_errors(main: Callable[P, int]) -> Callable[P, int]:
    """Return a ``main`` that ends with a plain message and an exit code where an input is wrong or runs failed."""

    @wraps(main)
    def guarded(*arguments: P.args, **options: P.kwargs) -> int:
        from simulator.study.replicates import StudyError

        try:
            return main(*arguments, **options)
        except InputError as error:
            sys.stderr.write(f"{error}\n")
            return INPUT_WRONG
        except StudyError as error:
            sys.stderr.write(f"{error}\n")
            return RUNS_FAILED
        except KeyboardInterrupt:
            sys.stderr.write("interrupted\n")
            return INTERRUPTED

    return guarded


def show(done: int, total: int) -> None:
    """Say on standard error how many of the runs are done."""
    if done == total or done % EVERY == 0:
        sys.stderr.write(f"\r{done} of {total}" + ("\n" if done == total else ""))
        sys.stderr.flush()
