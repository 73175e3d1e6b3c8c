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

_PART = re.compile(r"^\..+\.(?P<process>\d+)(?:@(?P<machine>[^@]*))?\.part$")


def part_of(path: Path) -> Path:
    """Return where this process writes a file (or folder) before it gets its name, in the same folder."""
    return path.with_name(f".{path.name}.{os.getpid()}@{_machine()}.part")


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
    """Write an array as ``.npy``, whole or not at all."""
    with replacing(path) as part, part.open("wb") as file:
        np.save(file, values)


def clear_parts(folder: Path, name: str | None = None) -> list[Path]:
    """Remove what dead processes left half written in a folder and return the paths; what cannot be removed stays.

    With a ``name`` only what was to become the file or folder of that name.
    """
    removed = []
    for path in sorted(folder.glob(f".{'*' if name is None else glob.escape(name)}.*.part")):
        found = _PART.match(path.name)
        if found is None or found["machine"] not in (None, _machine()) or lives(int(found["process"])):
            continue
        with suppress(OSError):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            removed.append(path)
    return removed


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
