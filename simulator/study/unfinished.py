"""A run or a comparison that was stopped: beside its folder lies what was asked, and what of it is finished.

``outputs/NAME.part`` holds ``run.json`` and the finished pieces of what becomes ``outputs/NAME``. The same command, or
``ris resume outputs/NAME``, goes on from there; when the results are saved it is removed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.core.problems import InputError, Problem
from simulator.study.aside import clear_parts, write_aside
from simulator.study.checked import json_of, read_json, refuse_links, refused
from simulator.study.formats import UNFINISHED
from simulator.study.output import digest_of
from simulator.study.pieces import Pieces
from simulator.study.pool import may_pass
from simulator.study.replicates import StudyError
from simulator.study.shards import SHARDS

PART, NOTE = ".part", "run.json"
SEARCH = "equal-budget"  # the runs by which doses are scaled
_FORMS: dict[str, dict[str, tuple[type, ...]]] = {
    "run": {"scenario": (str,), "attribute": (bool,), "actuals": (str, type(None))},
    "compare": {
        "scenarios": (list,),
        "on": (str, type(None)),
        "until": (list,),
        "equal_budget": (str, type(None)),
    },
}
_WORDS = ("command", "directory", "folder", "line", "hash")
_COMMON: dict[str, tuple[type, ...]] = {
    "seed": (int,),
    "replicates": (int, type(None)),
    "language": (str,),
    "force": (bool,),
}


@dataclass(frozen=True)
class Asked:
    """What a command asks for: ``run`` or ``compare``, its options as they were typed, in which directory, for where.

    ``line`` is the whole command, ``hash`` that of the run that it comes to.
    """

    command: str
    options: Mapping[str, Any]
    directory: str
    folder: str
    line: str
    hash: str = ""

    def plain(self) -> dict[str, Any]:
        """Return it as ``run.json`` holds it, with a checksum."""
        own = {name: getattr(self, name) for name in _WORDS}
        content = {**UNFINISHED.stamp, **own, "options": dict(self.options)}
        return {**content, "check": digest_of(content)}

    def path(self, name: str) -> str:
        """Return a file that was named in the command, as one finds it from where one is now."""
        return name if self._here else str(Path(self.directory) / name)

    def moved_to(self, given: Path) -> Path:
        """Return the folder of the results: as it was asked for, unless it was moved or one is elsewhere now."""
        own = Path(self.folder)
        return own if self._here and own.resolve() == given.resolve() else given

    @property
    def _here(self) -> bool:
        return self.directory == str(Path.cwd())


def part_beside(folder: Path) -> Path:
    """Return where what is finished of a folder's results lies until they are saved."""
    return folder.with_name(folder.name + PART)


def find(folder: Path) -> tuple[Asked, Path] | None:
    """Return what was asked for in a folder (or its ``.part``) that is not finished, and the folder; None if nothing.

    Raises InputError for a note that is not as it was written.
    """
    whole = folder.resolve()
    own = folder if folder.name not in ("", "..") else whole  # from within
    given = own.with_name(own.name.removesuffix(PART)) if whole.name.endswith(PART) and own.name != PART else own
    if not given.name or not (path := part_beside(given) / NOTE).is_file():
        return None
    found = read_json(path)
    UNFINISHED.check(found, path)
    if found.pop("check", None) != digest_of(found) or (asked := _asked(found)) is None:
        raise refused(path, "was changed after the run began")
    refuse_links(path.parent)
    return asked, given


def _asked(content: Mapping[str, Any]) -> Asked | None:
    """Return what a note says, None where it does not say all of it."""
    own, options = {name: content.get(name) for name in _WORDS}, content.get("options")
    form = {**_FORMS.get(str(own["command"]), {}), **_COMMON}
    if own["command"] not in _FORMS or not all(isinstance(word, str) for word in own.values()):
        return None
    if not isinstance(options, dict) or options.keys() != form.keys():
        return None
    if not all(type(options[name]) in kinds for name, kinds in form.items()):
        return None
    return Asked(options=options, **{name: str(word) for name, word in own.items()})


def refuse_changed(asked: Asked, run_hash: str, folder: Path) -> None:
    """Refuse to go on with a run whose scenario, data or code are others by now: it would be another run."""
    if asked.hash != run_hash:
        what = "scenario, data or code were changed after the run began"
        allowed = f"what it began with, or a new run: {asked.line}"
        raise InputError([Problem(str(part_beside(folder)), 1, 1, what, "", allowed)])


@contextmanager
def keeping(folder: Path, asked: Asked, *, fresh: bool = False) -> Iterator[Pieces]:
    """Keep finished pieces beside a folder while its results are made in the block, and remove them afterwards.

    ``fresh`` forgets those that are there. What stops the block leaves them, unless the model was at fault, or input
    before the first of them was finished. So does a block that ends with runs that are to be tried again.
    """
    part = part_beside(folder)

    def begin() -> None:
        text = json.dumps(asked.plain(), indent=1, ensure_ascii=False)
        write_aside(part / NOTE, f"{text}\n".encode())

    if fresh:
        clear(folder)
    pieces = Pieces(part, begin, fresh=fresh)
    try:
        yield pieces
    except InputError:
        if not any((part / SHARDS).glob("*")):  # else: no scheduler answers, a file was damaged meanwhile
            clear(folder)
        raise
    except StudyError as error:
        if error.failures and not any(may_pass(one.message) for one in error.failures):  # they would fail again
            clear(folder)
        raise
    except OSError as error:  # the disk is full while results are written
        raise StudyError(f"{folder}: {error}; what was run is kept, {pieces.way_on}") from error
    if not pieces.to_be_tried_again:
        clear(folder)


def is_begun(folder: Path) -> bool:
    """Return whether something finished lies beside a folder."""
    return (part_beside(folder) / NOTE).is_file()


def clear(folder: Path) -> None:
    """Remove what was kept beside a folder; what else somebody put there stays."""
    part = part_beside(folder)
    if not part.is_dir() or part.is_symlink():
        return
    for name in (SHARDS, SEARCH):
        shutil.rmtree(part / name, ignore_errors=True)
    clear_parts(part)
    with suppress(OSError):
        (part / NOTE).unlink()
    with suppress(OSError):
        part.rmdir()


def clear_finished(folder: Path, run_hash: str) -> None:
    """Remove what was kept of a run whose results are there: it was killed between saving and removing.

    The note goes last: without one, removing had begun.
    """
    note = part_beside(folder) / NOTE
    if not note.is_file() or json_of(note).get("hash") == run_hash:
        clear(folder)


def stopped_in(outputs: Path, older: Callable[[float], bool]) -> list[tuple[Path, int]]:
    """Return the unfinished runs of a folder with their bytes, where ``older`` holds of the time of the last piece."""
    out = []
    for note in sorted(outputs.glob(f"*{PART}/{NOTE}")):
        with suppress(OSError, ValueError):  # it is removed in this moment
            sizes = [f.stat() for f in note.parent.rglob("*") if f.is_file()]
            if older(max(s.st_mtime for s in sizes)):
                out.append((note.parent, sum(s.st_size for s in sizes)))
    return out
