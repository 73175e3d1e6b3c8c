"""The command ``ris``: results on standard output, progress and problems on standard error."""

from __future__ import annotations

import gc
import os
import signal
import sys

import typer

from simulator.commands import (
    dashboard,
    discover,
    doctor,
    evidence,
    inputs,
    optimise,
    report,
    runs,
    sensitivity,
    studies,
    sweep,
)
from simulator.commands.common import GATE_FAILED, INPUT_WRONG, INTERRUPTED, RUNS_FAILED, locale_language

__all__ = ["GATE_FAILED", "INPUT_WRONG", "INTERRUPTED", "RUNS_FAILED", "app", "locale_language", "main"]

_MANY_OBJECTS = 100_000
_MOMENT = 0.005  # seconds

app = typer.Typer(
    name="ris",
    help="Simulate a city's innovation policy: where a plan lands, with what probability, at whose cost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command()(runs.run)
app.command()(runs.compare)
app.command()(sweep.sweep)
app.command()(sensitivity.sensitivity)
app.command()(optimise.optimise)
app.command()(discover.discover)
app.command()(report.report)
app.command()(studies.resume)
app.command()(inputs.check)
app.command("list")(inputs.list_things)
app.command()(inputs.explain)
app.command("new-region")(inputs.new_region)
app.command()(dashboard.dashboard)
app.command()(dashboard.viewer)
app.command()(evidence.calibrate)
app.command()(evidence.validate)
app.command()(evidence.evaluate)
app.command()(doctor.doctor)


def main() -> None:
    """Run the command and leave at once: freeing every object one by one takes half a second."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Chinese gets question marks, not a traceback
    if callable(signal.getsignal(signal.SIGINT)):  # else: whoever started this wants no interrupts
        signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook = _unraisable
    gc.set_threshold(_MANY_OBJECTS, 20, 20)  # imports make objects that last: looking among them again costs 0.4 s
    try:
        app()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == 1 and signal.getsignal(signal.SIGINT) is _leave:  # interrupted before the command had begun
        code = INTERRUPTED
    sys.stderr.flush()
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has gone
        code = code or 1
    os._exit(code)


def _interrupt(*_: object) -> None:
    """Stop the command in good order; a second Ctrl-C meanwhile ends it at once, which loses nothing either."""
    signal.signal(signal.SIGINT, _leave)
    raise KeyboardInterrupt


def _leave(*_: object) -> None:
    os._exit(INTERRUPTED)


def _unraisable(found: sys.UnraisableHookArgs) -> None:
    """Interrupt again in a moment where Python swallowed one inside a callback of its own (of an import, of a fork)."""
    if not issubclass(found.exc_type, KeyboardInterrupt) or not hasattr(signal, "setitimer"):
        sys.__unraisablehook__(found)
        return
    signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, _MOMENT)


if __name__ == "__main__":
    main()
