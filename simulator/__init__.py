"""Simulate how innovation policy plays out in a city, firm by firm and year by year.

``load`` reads a scenario, ``simulate`` runs it once, ``run`` many times, ``compare`` against a baseline; ``sweep``,
``sensitivity``, ``optimise`` and ``discover`` vary what it says. The results of studies have ``.table()``, ``.plot()``
and ``.save()``, and ``progress=True`` shows a bar.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["compare", "discover", "load", "optimise", "run", "sensitivity", "simulate", "sweep"]

_FACE = {
    "load": ("simulator.study.replicates", "load_scenario"),
    "run": ("simulator.study.ensemble", "run"),
    "compare": ("simulator.study.comparison", "compare"),
    "sweep": ("simulator.study.sweep", "sweep"),
    "sensitivity": ("simulator.study.sensitivity", "sensitivity"),
    "optimise": ("simulator.study.optimise", "optimise"),
    "discover": ("simulator.study.discover", "discover"),
}


class _Callable(ModuleType):
    """A module that is called like the function of its own name."""

    def __call__(self, *args: Any, **named: Any) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **named)


class _Package(ModuleType):
    """The package; ``simulate`` is a module and, since importing it binds that name here, a function too."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "simulate" and type(value) is ModuleType:
            value.__class__ = _Callable
        super().__setattr__(name, value)


def _with_bar(study: Callable[..., Any]) -> Callable[..., Any]:
    """Return a study that also takes ``progress=True``: a bar in the terminal or notebook, lines in a log."""

    @wraps(study)
    def shown(*args: Any, **named: Any) -> Any:
        if named.get("progress") is not True:
            return study(*args, **{**named, "progress": named.get("progress") or None})
        from simulator.report.progress import bar

        with bar() as progress:
            return study(*args, **{**named, "progress": progress})

    return shown


def __getattr__(name: str) -> Any:
    """Import a part of the public face when it is first asked for: nothing heavy before it is needed."""
    if name == "simulate":
        return import_module("simulator.simulate")
    if name in _FACE:
        module, attribute = _FACE[name]
        found = getattr(import_module(module), attribute)
        globals()[name] = found if name == "load" else _with_bar(found)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


sys.modules[__name__].__class__ = _Package
