"""A bar for studies that are run from Python: in a terminal, in a notebook, or as plain lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from importlib import import_module
from typing import Any

from simulator.study.replicates import Progress

LINES = 10  # in a log, one line each tenth


@contextmanager
def bar() -> Iterator[Progress]:
    """Show how many runs are done while the block lasts, where the output goes to.

    No thread redraws it, since a fork would break one.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_jupyter:
        yield _notebook()
    elif console.is_terminal:
        with terminal_bar(console) as advance:
            yield advance
    else:
        yield _log()


@contextmanager
def terminal_bar(console: Any) -> Iterator[Progress]:
    """Show a bar on a terminal's console."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, auto_refresh=False, transient=True) as shown:
        task = shown.add_task("runs", total=None)

        def advance(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, refresh=True)

        yield advance


def _notebook() -> Progress:
    """Return what redraws one line of HTML: rich would ask for ipywidgets."""
    show = import_module("IPython.display")
    handle = show.display(show.HTML("<progress></progress>"), display_id=True)

    def advance(done: int, total: int) -> None:
        text = escape(f"{done} / {total}")
        handle.update(show.HTML(f'<progress value="{done}" max="{max(total, 1)}"></progress> {text}'))

    return advance


def _log() -> Progress:
    said = [-1]

    def advance(done: int, total: int) -> None:
        tenth = LINES * done // max(total, 1)
        if tenth > said[0]:
            said[0] = tenth
            sys.stderr.write(f"runs: {done} of {total}\n")

    return advance
