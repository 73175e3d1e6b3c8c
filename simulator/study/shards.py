"""What a study's folder keeps of its runs: shards while it runs, one table in the end, and a lock meanwhile.

A shard holds the outcomes of some consecutive rows and is named after the hashes of these rows. It is written aside
and renamed, with a checksum: what reads back is whole. Shards stay when the table is made: a study that runs several
designs (generations, more replicates) finds its rows in them, and they take a few hundred bytes each.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.study.aside import clear_parts, lives, part_of, replacing, write_aside
from simulator.study.checked import defused
from simulator.study.output import CSV_ENCODING, digest
from simulator.study.replicates import StudyError

if TYPE_CHECKING:
    from simulator.study.design import Design

SHARD = 8  # rows: about a second of work, which is the most that a killed process loses
SHARDS, RESULTS, FAILURES, LOCK = "shards", "results.parquet", "failures.csv", ".lock"
LARGEST = 50_000_000  # bytes of a shard
NAME_DIGITS = 32


@dataclass(frozen=True)
class Shard:
    """Outcomes of consecutive rows, (n, M), NaN where a run failed, and what it said by its place among them."""

    values: np.ndarray
    messages: dict[int, str]


def row_numbers(design: Design) -> list[tuple[int, ...]]:
    """Return the numbers of the rows of each shard."""
    count = len(design.rows)
    return [tuple(range(first, min(first + SHARD, count))) for first in range(0, count, SHARD)]


def shard_path(folder: Path, design: Design, numbers: Sequence[int]) -> Path:
    """Return where the shard with these rows lies; rows with the same hashes have the same file."""
    name = digest(" ".join(design.hashes[n] for n in numbers).encode())[:NAME_DIGITS]
    return folder / SHARDS / f"{name}.json"


def write_shard(path: Path, shard: Shard) -> None:
    """Write a shard aside and move it into place."""
    values = [None if k in shard.messages else row for k, row in enumerate(shard.values.tolist())]
    text = json.dumps([values, {str(k): m for k, m in sorted(shard.messages.items())}], allow_nan=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_aside(path, sealed(text.encode()))


def read_shard(path: Path, shape: tuple[int, int]) -> Shard | None:
    """Return a shard of this shape, or None where there is none that is whole."""
    if (data := unsealed(read_up_to(path, LARGEST))) is None:
        return None
    try:
        found, messages = json.loads(data)
        gone = [np.nan] * shape[1]
        values = np.array([gone if row is None else row for row in found], dtype=float).reshape(shape)
        said = {int(k): str(m) for k, m in messages.items()}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    bad = set(np.flatnonzero(~np.isfinite(values).all(axis=1)).tolist())
    return Shard(values, said) if bad == (set(said) if shape[1] else bad) else None


def sealed(data: bytes) -> bytes:
    """Return bytes between a line with their checksum and the end of a line."""
    return b"%s\n%s\n" % (digest(data).encode(), data)


def unsealed(data: bytes) -> bytes | None:
    """Return what ``sealed`` was given, None where it is not as it was."""
    check, _, rest = data.partition(b"\n")
    body, end = rest[:-1], rest[-1:]
    return body if end == b"\n" and check == digest(body).encode() else None


def read_up_to(path: Path, largest: int) -> bytes:
    """Return a file's bytes, none where it cannot be read or has more than ``largest``."""
    with suppress(OSError):
        if path.is_file() and path.stat().st_size <= largest:
            return path.read_bytes()
    return b""


# ---- the tables ---------------------------------------------------------------------------------------


def write_results(folder: Path, designs: Sequence[tuple[Design, np.ndarray]]) -> Path:
    """Write the rows and outcomes of designs under each other; the same study gives the same bytes.

    A column ``design`` counts them. Empty are factors that a row leaves alone, and what a failed run gave. Raises
    StudyError where the table does not read back.
    """
    import pyarrow as arrow
    from pyarrow import parquet

    path = folder / RESULTS
    parts = [_columns(k, design, values) for k, (design, values) in enumerate(designs)]
    names = list(dict.fromkeys(name for columns in parts for name in columns))
    counts = [len(columns["design"]) for columns in parts]
    lists = {n: [v for c, size in zip(parts, counts, strict=True) for v in c.get(n, [None] * size)] for n in names}
    table = arrow.table({name: _typed(arrow, column) for name, column in lists.items()})
    with replacing(path) as part:
        parquet.write_table(table, part, compression="zstd", store_schema=False)
        with parquet.ParquetFile(part) as file:  # threads of its own may find no memory
            same = file.read(use_threads=False).equals(table)
        if not same:
            raise StudyError(f"{path} could not be read back; is the disk full?")
    return path


def _columns(number: int, design: Design, values: np.ndarray) -> dict[str, list[Any]]:
    out = {"design": [number] * len(design.rows), **design.columns()}
    shown = [[x if math.isfinite(x) else None for x in row] for row in values.tolist()]
    return out | {name: [row[k] for row in shown] for k, name in enumerate(design.outcomes.names)}


def _typed(arrow: Any, column: list[Any]) -> Any:
    given = [v.item() if hasattr(v, "item") else v for v in column]
    kinds = {type(v) for v in given} - {type(None)}
    if kinds <= {int, float} and kinds != {int}:
        return arrow.array([None if v is None else float(v) for v in given], arrow.float64())
    if len(kinds) == 1 and kinds <= {int, bool, str}:
        return arrow.array(given)
    return arrow.array([None if v is None else str(v) for v in given], arrow.string())


def write_failures(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the failed rows, or remove what an earlier attempt wrote where there are none."""
    path = folder / FAILURES
    if not rows:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: defused(v) for k, v in row.items()} for row in rows)
    write_aside(path, text.getvalue().encode(CSV_ENCODING))


# ---- the lock -----------------------------------------------------------------------------------------


@contextmanager
def locked(folder: Path | None) -> Iterator[None]:
    """Keep other processes from running in a folder meanwhile; raises StudyError where one does."""
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock, mine = folder / LOCK, _myself()
    _take(lock, mine)
    try:
        clear_parts(folder)
        mine_alone = (f".{RESULTS}.*.part", f".{FAILURES}.*.part", f"{SHARDS}/.*.part")  # pages have no lock
        for part in (part for pattern in mine_alone for part in folder.glob(pattern)):
            with suppress(OSError):
                part.unlink()  # of a process that was killed, on another machine too
        yield
    finally:
        with suppress(OSError, ValueError):
            if lock.read_text(encoding="utf-8") == mine:
                lock.unlink()


def _take(lock: Path, mine: str) -> None:
    own = part_of(lock)
    own.write_text(mine, encoding="utf-8")
    try:
        while True:
            with suppress(FileExistsError):
                try:
                    os.link(own, lock)  # whole or not at all
                except PermissionError:  # a file system without links
                    with lock.open("x", encoding="utf-8") as file:
                        file.write(mine)
                return
            found = _owner(lock)
            if found is None and not lock.exists():
                continue  # given back in this moment
            if found is not None and _alive(found):
                raise StudyError(
                    f"{lock.parent}: process {found[1]} on {found[0]} is running this study; wait for it or stop it"
                    f" (if there is no such process, remove {lock})"
                )
            _set_aside(lock)
    finally:
        own.unlink(missing_ok=True)


def _set_aside(lock: Path) -> None:
    """Remove the lock of a dead process; one that another process has taken in the same moment is put back."""
    aside = part_of(lock.with_name(f"{LOCK}.stale"))
    with suppress(FileNotFoundError):
        os.rename(lock, aside)
        found = _owner(aside)
        if found is not None and _alive(found):
            with suppress(FileExistsError):
                os.link(aside, lock)
        aside.unlink()


def _myself() -> str:
    return json.dumps([socket.gethostname(), os.getpid(), _started(os.getpid())])


def _owner(lock: Path) -> tuple[str, int, str] | None:
    with suppress(OSError, ValueError, TypeError):
        host, pid, started = json.loads(lock.read_text(encoding="utf-8"))
        return str(host), int(pid), str(started)
    return None


def _alive(owner: tuple[str, int, str]) -> bool:
    host, pid, started = owner
    if host != socket.gethostname():
        return True  # it cannot be seen from here
    return lives(pid) and _started(pid) in (started, "")  # another user's can be hidden


def _started(pid: int) -> str:
    """Return when a process started, so that another one with its number is not taken for it; nothing if unknown.

    One that has ended and is not buried yet never started.
    """
    with suppress(OSError, IndexError):
        words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return "never" if words[0] in "ZX" else words[19]
    return ""
