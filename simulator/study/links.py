"""Which levers offer on a term, and which mechanisms take it up: read from the code of the declarations."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path

from simulator.model import LEVERS, SCHEDULE
from simulator.world.terms import TERMS


@cache
def terms_named(source: str) -> frozenset[str]:
    """Return the terms named by a text of code, save as keys of a mapping and as units (which share some names)."""
    tree = ast.parse(source)
    keys = {id(n) for s in ast.walk(tree) if isinstance(s, ast.Subscript) for n in ast.walk(s.slice)}
    keys |= {id(s.value) for s in ast.walk(tree) if isinstance(s, ast.keyword) and s.arg == "unit"}
    return frozenset(
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and n.value in TERMS and id(n) not in keys
    )


@cache
def _sources(step: Callable[..., None]) -> str:
    """Return the code of a mechanism: its module and those split off from it, named ``<module>_<part>``."""
    module = inspect.getmodule(step)
    assert module is not None
    assert module.__file__ is not None
    path = Path(module.__file__)
    return "\n".join(p.read_text("utf-8") for p in (path, *sorted(path.parent.glob(f"{path.stem}_*.py"))))


def offered_by(term: str) -> list[str]:
    """Return the levers that put offers on a term."""
    return [v.name for v in LEVERS.values() if term in terms_named(inspect.getsource(v.offer))]


def taken_up_by(term: str) -> list[str]:
    """Return the mechanisms that read or draw a term."""
    return [m.name for m in SCHEDULE if term in terms_named(_sources(m.step))]
