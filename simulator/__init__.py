"""Simulate how innovation policy plays out in a city, firm by firm and year by year.

``load`` reads a scenario, ``simulate`` runs it once, ``run`` many times, ``compare`` against a baseline.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["compare", "load", "run", "simulate"]

_FACE = {
    "load": ("simulator.study.replicates", "load_scenario"),
    "run": ("simulator.study.ensemble", "run"),
    "compare": ("simulator.study.comparison", "compare"),
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


def __getattr__(name: str) -> Any:
    """Import a part of the public face when it is first asked for: nothing heavy before it is needed."""
    if name == "simulate":
        return import_module("simulator.simulate")
    if name in _FACE:
        module, attribute = _FACE[name]
        found = globals()[name] = getattr(import_module(module), attribute)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


sys.modules[__name__].__class__ = _Package
