"""What is wrong with an input, where, and what would be right: collected first, raised all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_SHOWN = 60
_TIED = 50  # names among which the closest is sought
_LOOK_ALIKE = str.maketrans("ol", "01")
_SUGGESTED = 500
_READ_LENGTH = 60
_ALLOWED_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Place:
    """A position in an input file; lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input; ``read``, ``allowed`` and ``suggestion`` may be empty."""

    file: str
    line: int
    column: int
    message: str
    read: str = ""
    allowed: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        """Return ``file:line:column: message (read ...; allowed ...; did you mean ...?)`` on one line."""
        details = [
            f"read {self.read}" if self.read else "",
            f"allowed: {self.allowed}" if self.allowed else "",
            f"did you mean {self.suggestion}?" if self.suggestion else "",
        ]
        extra = "; ".join(d for d in details if d)
        return f"{self.file}:{self.line}:{self.column}: {self.message}" + (f" ({extra})" if extra else "")


class InputError(Exception):
    """The input cannot be used; ``problems`` says everything that is wrong with it, in order of position."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = dict.fromkeys(problems)
        self.problems = tuple(sorted(unique, key=lambda p: (p.file, p.line, p.column)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Return one line a problem, shortened after the first few dozen."""
        lines = [str(p) for p in self.problems[:_SHOWN]]
        if len(self.problems) > _SHOWN:
            lines.append(f"... and {len(self.problems) - _SHOWN} more problems")
        return "\n".join(lines)


def shown(value: Any) -> str:
    """Return a value as one short printable piece of text."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= _READ_LENGTH else text[: _READ_LENGTH - 3] + "..."


def listed(names: Iterable[str]) -> str:
    """Return names as one comma-separated text, cut where it would fill the screen."""
    text = ", ".join(names)
    return text if len(text) <= _ALLOWED_LENGTH else text[: _ALLOWED_LENGTH - 3].rsplit(",", 1)[0] + ", ..."


def closest(name: str, names: Iterable[str]) -> str:
    """Return the known name that looks most like ``name``, or nothing."""
    if len(name) > 200:
        return ""
    by_lower = {known.lower(): known for known in names}
    wrong = name.lower()
    close = difflib.get_close_matches(wrong, by_lower, n=_TIED, cutoff=0.6)
    if not close:
        return ""

    def likeness(known: str) -> tuple[float, float]:  # of names as like as each other the one that looks alike: QD1O
        ratio = difflib.SequenceMatcher(None, known, wrong).ratio()
        return ratio, difflib.SequenceMatcher(None, known, wrong.translate(_LOOK_ALIKE)).ratio()

    return by_lower[max(close, key=likeness)]


class Problems:
    """A growing list of problems: readers add to it and go on, the outermost one raises."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(
        self,
        place: Place,
        message: str,
        *,
        read: Any = None,
        allowed: str = "",
        among: Sequence[str] | None = None,
    ) -> None:
        """Note a problem.

        ``among`` is for a wrong name: the names that would be right are listed and the closest suggested.
        """
        text, suggestion = "" if read is None else shown(read), ""
        if among is not None:
            allowed = allowed or listed(among)
            # suggestions take time, and nobody reads hundreds of them
            suggestion = closest(str(read), among) if len(self.found) < _SUGGESTED else ""
        self.found.append(Problem(place.file, place.line, place.column, message, text, allowed, suggestion))

    def __len__(self) -> int:
        return len(self.found)

    def raise_any(self) -> None:
        """Raise InputError if anything was noted."""
        if self.found:
            raise InputError(self.found)
