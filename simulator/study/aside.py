"""Files that are written aside and renamed when whole, and what a killed process leaves of them.

The name of such a file says which process of which machine writes it. The next start of the same study removes those of
processes of this machine that are gone; where processes cannot be asked, and for other machines, they stay.
"""

from __future__ import annotations

import glob
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

_OURS = re.compile(r"^\.(?P<name>.+)\.(?P<process>\d+)(?:@(?P<machine>[^@]*))?\.(?:part|old)$")


def part_of(path: Path) -> Path:
    """Return where this process writes a file (or folder) before it gets its name, in the same folder."""
    return path.with_name(f".{path.name}.{os.getpid()}@{_machine()}.part")


def move_into_place(part: Path, folder: Path) -> None:
    """Give a finished folder its name; one that has it is moved aside meanwhile and removed then."""
    if not folder.exists():
        part.rename(folder)
        return
    old = part_of(folder).with_suffix(".old")
    folder.rename(old)
    try:
        part.rename(folder)
    except BaseException:
        old.rename(folder)  # what was there before is not lost
        raise
    shutil.rmtree(old, ignore_errors=True)


def put_back(folder: Path) -> None:
    """Finish what ``move_into_place`` was at when its process was killed: no folder of the name, or two."""
    for old in sorted(folder.parent.glob(f".{glob.escape(folder.name)}.*.old")):
        found = _OURS.match(old.name)
        if found is not None and found["name"] == folder.name and _is_left(found):
            with suppress(OSError):
                if not folder.exists():
                    old.rename(folder)
                elif any(folder.iterdir()):
                    shutil.rmtree(old)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside a file to write to, and rename it to the file's once written; a failure leaves nothing."""
    part = part_of(path)
    try:
        yield part
        os.replace(part, path)
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def folder_aside(folder: Path) -> Iterator[Path]:
    """Make a folder beside another to write into; what has not been moved from there in the end is removed.

    So is what dead processes left there of the same folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    clear_parts(folder.parent, folder.name)
    part = part_of(folder)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_aside(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with replacing(path) as part:
        part.write_bytes(data)


def write_array(path: Path, values: np.ndarray) -> None:
    """Write an array as ``.npy`` with a checksum of its figures after it, whole or not at all."""
    from simulator.study.output import digest  # which writes with what stands here

    plain = np.ascontiguousarray(values)
    with replacing(path) as part, part.open("wb") as file:
        np.save(file, plain)
        file.write(digest(plain.tobytes()).encode())


def clear_parts(folder: Path, name: str | None = None) -> list[Path]:
    """Remove what dead processes left half written in a folder and return the paths; what cannot be removed stays.

    With a ``name`` only what was to become the file or folder of that name.
    """
    removed = []
    for path in sorted(folder.glob(f".{'*' if name is None else glob.escape(name)}.*.part")):
        found = _OURS.match(path.name)
        if found is None or not _is_left(found):
            continue
        with suppress(OSError):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            removed.append(path)
    return removed


def _is_left(found: re.Match[str]) -> bool:
    """Return whether the name of a file says that a process of this machine wrote it which is gone."""
    return found["machine"] in (None, _machine()) and not lives(int(found["process"]))


def _machine() -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", platform.node())[:40]


def lives(process: int) -> bool:
    """Return whether a process of this machine is there, or may be."""
    if os.name != "posix":  # elsewhere the question could end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's
        return True
    return True
