"""Versions of the files that this program writes and reads again, and refusing by name what it cannot read.

A file says its version under ``schema``. One without is of the first version: files were written before they said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.core.problems import InputError, Place, Problem

KEY = "schema"
UNSTAMPED = 1


@dataclass(frozen=True)
class Format:
    """A kind of file: what it is called, the version that is written, and the oldest that is read."""

    what: str
    written: int
    oldest: int = 1

    @property
    def stamp(self) -> dict[str, int]:
        """Return what a file of this kind says of its version."""
        return {KEY: self.written}

    def problem(self, found: object, place: Place) -> Problem | None:
        """Return what is wrong with a version that was read, None where this program reads it."""
        if type(found) is int and self.oldest <= found <= self.written:
            return None
        allowed = f"{KEY} {self.oldest}" + (f" to {self.written}" if self.written > self.oldest else "")
        if type(found) is not int:
            return Problem(
                place.file, place.line, place.column, f"no version of {self.what}", repr(found)[:60], allowed
            )
        age, cure = "older", "make the file anew"
        if found > self.written:
            age, cure = "newer", "install a newer version of the simulator, or make the file anew"
        message = f"format of {self.what} is {age} than what this version of the simulator reads"
        return Problem(place.file, place.line, place.column, message, f"{KEY} {found}", f"{allowed}; {cure}")

    def check(self, content: Mapping[str, Any], path: Path) -> None:
        """Raise InputError where the version of a file's content is none that is read."""
        if found := self.problem(content.get(KEY, UNSTAMPED), Place(str(path))):
            raise InputError([found])


MANIFEST = Format("a run's manifest", 2)  # 2: digests of tables, the machine and parts of the code
STUDY = Format("a study's folder", 1)
POSTERIOR = Format("a fitted posterior", 1)
PACKED = Format("a packed bank", 1)
UNFINISHED = Format("an unfinished run", 1)
BANK = Format("a bank's list of runs", 1)
ROWS = Format("a list of targets, leads or measures", 1)
