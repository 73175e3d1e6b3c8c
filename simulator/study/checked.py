"""Read files that a program wrote and somebody may have changed since: whole, of a sane size, inside their folder.

What a study, a calibration or a run left behind is data. Nothing in it is executed, sizes are looked at before
anything is unpacked, and what is not as it was written is refused with its place (InputError).
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Problem

if TYPE_CHECKING:
    import pandas
    import pyarrow

MOST_JSON = 50_000_000  # bytes
MOST_CELLS = 50_000_000  # rows times columns of a Parquet file: 400 MB as numbers
MOST_COLUMNS = 20_000
# What a spreadsheet takes for a formula, its full-width forms too, which Chinese and Japanese versions also take.
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r＝＋－＠]")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")


def refused(path: Path, message: str, read: str = "", allowed: str = "the file as it was written") -> InputError:
    """Return the error that says a file cannot be used."""
    return InputError([Problem(str(path), 1, 1, message, read, allowed)])


# ---- JSON ---------------------------------------------------------------------------------------------


def read_json(path: Path, largest: int = MOST_JSON) -> dict[str, Any]:
    """Return a JSON file that holds an object; raises InputError with the place of what is wrong."""
    try:
        if not path.is_file():
            raise refused(path, "not a file" if path.exists() else "no such file")
        if path.stat().st_size > largest:
            raise refused(path, "file too large", str(path.stat().st_size), f"up to {largest} bytes")
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        problem = Problem(str(path), error.lineno, error.colno, f"not JSON: {error.msg}", "", "the file as it was")
        raise InputError([problem]) from None
    except UnicodeDecodeError:
        raise refused(path, "not UTF-8") from None
    except (OSError, ValueError, RecursionError) as error:  # unreadable, a number of thousands of digits, too deep
        raise refused(path, f"cannot be read: {str(error).splitlines()[0]}") from None
    if not isinstance(found, dict):
        raise refused(path, "holds no JSON object", type(found).__name__)
    return found


def json_of(path: Path) -> dict[str, Any]:
    """Return a JSON file that holds an object, nothing where there is none that can be read."""
    with suppress(InputError):
        return read_json(path)
    return {}


def mapping_of(value: object) -> dict[str, Any]:
    """Return what should be a mapping, an empty one where a file has something else."""
    return value if isinstance(value, dict) else {}


def items_of(value: object) -> list[Any]:
    """Return what should be a list, an empty one where a file has something else."""
    return value if isinstance(value, list) else []


# ---- Parquet and arrays -------------------------------------------------------------------------------


def read_table(path: Path) -> pyarrow.Table:
    """Return a Parquet file; raises InputError for one that is cut off, damaged or too large when unpacked."""
    from pyarrow import ArrowException, parquet

    try:
        if not path.is_file():
            raise refused(path, "not a file" if path.exists() else "no such file")
        with parquet.ParquetFile(path) as file:
            rows, columns = file.metadata.num_rows, file.metadata.num_columns
            if columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
                allowed = f"up to {MOST_COLUMNS} columns and {MOST_CELLS} cells"
                raise refused(path, "too large when unpacked", f"{rows} rows, {columns} columns", allowed)
            table = file.read(use_threads=False)
            table.validate(full=True)
            return table
    except (ArrowException, OSError, ValueError, KeyError, NotImplementedError, MemoryError) as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise refused(path, f"not a whole Parquet file: {what}") from None


def read_figures(path: Path, whole: Sequence[str] = ()) -> pyarrow.Table:
    """Return a Parquet file of finite numbers, those of the columns ``whole`` integers; raises InputError otherwise."""
    from pyarrow import types

    table = read_table(path)
    if not table.num_rows or not table.num_columns:
        raise refused(path, "holds no figures")
    if len(set(table.column_names)) != table.num_columns:
        raise refused(path, "a column is there twice")
    for name in table.column_names:
        column = table.column(name)
        good = types.is_integer(column.type) if name in whole else types.is_floating(column.type)
        if not good or column.null_count or not np.isfinite(np.from_dlpack(column.combine_chunks())).all():
            raise refused(path, "a column that is not finite numbers", name[:60])
    return table


def read_array(path: Path, shape: tuple[int, ...], kind: type) -> np.ndarray | None:
    """Return an array of this shape and type from a ``.npy`` file, or None where there is none that is whole.

    A checksum stands after the figures; files of before hold none.
    """
    from simulator.study.output import digest  # which reads with what stands here

    size = math.prod(shape) * np.dtype(kind).itemsize
    try:
        if not path.is_file() or not size < path.stat().st_size < size + 4096:  # before a header is believed
            return None
        with path.open("rb") as file:
            if np.lib.format.read_magic(file) != (1, 0):
                return None
            if np.lib.format.read_array_header_1_0(file) != (shape, False, np.dtype(kind)):
                return None
            data, check = file.read(size), file.read()
    except (OSError, ValueError, EOFError, MemoryError, RecursionError, OverflowError, TypeError):
        return None
    except (SyntaxError, TokenError):  # a header that numpy cannot take apart
        return None
    if len(data) != size or (check and check != digest(data).encode()):
        return None
    return np.frombuffer(data, kind).reshape(shape).copy()


# ---- paths --------------------------------------------------------------------------------------------


def inside(folder: Path, name: object) -> Path:
    """Return a file named in a folder's records; raises InputError for a name that leads out of the folder."""
    bad = refused(folder, "names a file outside the folder", str(name)[:60], "a file inside the folder")
    if not isinstance(name, str) or not name.strip() or "\0" in name or Path(name).is_absolute():
        raise bad
    try:
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise bad
    except (OSError, RuntimeError):  # a name that is too long, a circle of links
        raise bad from None
    return folder / name


def refuse_links(folder: Path) -> None:
    """Refuse a folder with symbolic links that lead out of it: what is written through one lands elsewhere."""
    home, out = folder.resolve(), []
    for at, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(at) / name
            if path.is_symlink() and not _leads_inside(path, home):
                out.append(Problem(str(path), 1, 1, "a symbolic link that leads out of the folder", "", "a file"))
    if out:
        raise InputError(out)


def _leads_inside(path: Path, home: Path) -> bool:
    try:
        return path.resolve().is_relative_to(home)
    except (OSError, RuntimeError):
        return False


# ---- what a spreadsheet would take for a formula ------------------------------------------------------


def defused(value: Any) -> Any:
    """Return text that a spreadsheet would take for a formula with an apostrophe before it; all else as it is.

    A text that is a number stays too. ``fused`` gives back every text that was defused.
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.match(value):
        return "'" + value
    return value


def fused(value: Any) -> Any:
    """Return what ``defused`` was given."""
    return value[1:] if isinstance(value, str) and _DEFUSED.match(value) else value


def defused_frame(frame: pandas.DataFrame) -> pandas.DataFrame:
    """Return a table whose texts and headings a spreadsheet takes for text."""
    return _each_text(frame, defused)


def fused_frame(frame: pandas.DataFrame) -> pandas.DataFrame:
    """Return the table that ``defused_frame`` was given."""
    return _each_text(frame, fused)


def _each_text(frame: pandas.DataFrame, change: Any) -> pandas.DataFrame:
    from pandas.api import types

    out = frame.copy(deep=False)
    for k in range(out.shape[1]):
        column = out.iloc[:, k]
        plain = types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column)  # truth values are numeric
        if not plain and any(change(v) is not v for v in column):
            out.isetitem(k, [change(v) for v in column])
    if any(change(name) is not name for name in out.columns):
        out.columns = [change(name) for name in out.columns]
    return out
