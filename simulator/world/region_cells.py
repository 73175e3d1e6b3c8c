"""Cells of a region's tables: known names, numbers of the right sort, years, and totals that must agree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simulator.core.problems import Place, Problems
from simulator.core.reading import LARGEST_CSV, Table, number, parse_csv, read_bytes
from simulator.world import region_schema as schema

Years = dict[int, float]
Row = tuple[int, list[str]]


class Cells:
    """Reads and checks cells of one folder's files, noting problems and going on."""

    def __init__(self, folder: Path, problems: Problems) -> None:
        self.folder, self.problems = folder, problems
        self.digest = hashlib.sha256()

    def content(self, path: Path, largest: int) -> bytes | None:
        """Return a file's bytes and add them to the digest, or None with a problem noted."""
        data = read_bytes(path, self.problems, largest)
        if data is not None:
            self.digest.update(path.name.encode() + b"\0" + hashlib.sha256(data).digest())
        return data

    def table(self, path: Path, header: Sequence[str]) -> Table:
        """Return a table; empty and not usable if the file is missing or has another header."""
        data = self.content(path, LARGEST_CSV)
        if data is None:
            return Table(str(path), tuple(header), [], [], usable=False)
        return parse_csv(data, str(path), header, self.problems)

    def fits(self, sort: schema.Sort, value: float, unit: str, place: Place, what: str) -> None:
        """Note a number that its sort does not allow, and money in anything but CNY."""
        allowed = schema.outside(sort, value)
        if allowed:
            self.problems.add(place, what, read=value, allowed=allowed)
        if sort == "money" and not unit.startswith("CNY"):
            self.problems.add(place, f"unit of {what}", read=unit, allowed="CNY (not thousands or billions)")

    def name(self, table: Table, row: Row, column: str, known: Sequence[str]) -> str | None:
        """Return the name in a cell if it is known; where none is known, that was noted before."""
        line, cells = row
        name = cells[table.header.index(column)].strip()
        if name in known:
            return name
        if known:
            self.problems.add(table.place(line, column), f"unknown {column}", read=name, among=known)
        return None

    def value(self, table: Table, row: Row, sort: schema.Sort, what: str) -> float | None:
        """Return a row's number if it is one; note a bad number, an empty unit and an empty source."""
        line, cells = row
        at = table.header.index("value")
        value = number(cells[at])
        if value is None:
            self.problems.add(table.place(line, at), what, read=cells[at], allowed="a finite number in digits")
            return None
        unit = cells[at + 1].strip()
        if schema.outside(sort, value) or (sort == "money" and not unit.startswith("CNY")):
            self.fits(sort, value, unit, table.place(line, at), what)
        for column in ("unit", "source"):
            if not cells[table.header.index(column)].strip():
                self.problems.add(table.place(line, column), f"empty {column}: {what}")
        return value

    def year(self, table: Table, row: Row) -> int | None:
        """Return a row's year if it is one."""
        line, cells = row
        text = cells[table.header.index("year")].strip()
        if digits(text, 4) and 1900 <= int(text) <= 2200:
            return int(text)
        self.problems.add(table.place(line, "year"), "year", read=text, allowed="a year such as 2011")
        return None

    def below(self, table: Table, row: Row, what: str, value: float, limit: int) -> None:
        """Note an index that is not under its limit."""
        if value >= limit > 0:
            place = table.place(row[0], "value")
            self.problems.add(place, f"index of {what}", read=value, allowed=f"0 to {limit - 1}")

    def missing(self, table: Table, wanted: Iterable[str], what: str) -> None:
        """Note what a table lacks, unless it could not be read at all."""
        missing = list(wanted)
        if missing and table.usable:
            more = f" and {len(missing) - 12} more" if len(missing) > 12 else ""
            self.problems.add(Place(table.file), f"missing {what}: {', '.join(missing[:12])}{more}")

    def again(self, table: Table, row: Row, seen: dict[Any, int], key: tuple[str, ...]) -> bool:
        """Return whether a row's key was seen before, noting it."""
        if key in seen:
            self.problems.add(table.place(row[0]), f"duplicate row, first on line {seen[key]}", read=",".join(key))
            return True
        seen[key] = row[0]
        return False

    def gaps(self, table: Table, series: Mapping[str, Years], start: int, last: int) -> None:
        """Note the years from ``start`` to ``last`` that a series does not give."""
        for name, years in series.items():
            gaps = [str(y) for y in range(start, last + 1) if y not in years]
            self.missing(table, gaps, f"years of {name}")

    def agree(self, table: Table, what: str, total: float, wanted: float, tolerance: float) -> None:
        """Note a total that is not the wanted one."""
        if table.usable and np.isfinite(total) and abs(total - wanted) > tolerance:
            self.problems.add(Place(table.file), f"{what} add to {total:.10g}", allowed=f"{wanted:.10g}")


def digits(text: str, most: int) -> bool:
    """Return whether text is a plain whole number of at most ``most`` digits."""
    return text.isascii() and text.isdigit() and len(text) <= most
