"""Parts of a memo, whatever writes them: headings, paragraphs, tables, pictures; and those of a terminal's page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from simulator.report.words import capital

# What no XML file may hold (controls, surrogates, the two last of a plane), and marks that turn the direction of text.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
LONGEST = 20_000  # characters of one paragraph or cell


def clean(text: object) -> str:
    """Return a text that a Word file can hold: no control characters, on one line, of bounded length."""
    found = re.sub(r"\s+", " ", _UNSAFE.sub("", str(text))).strip()
    return found if len(found) <= LONGEST else found[: LONGEST - 1] + "…"


@dataclass(frozen=True)
class Heading:
    """A heading; 1 numbers a section, 2 a part of one."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Line:
    """A paragraph: ``body``, ``note`` (small), ``item``, ``opening`` (flush left) or ``plain`` (spaces as they are)."""

    text: str
    kind: str = "body"


@dataclass(frozen=True)
class Grid:
    """A table: heads, rows of as many cells, or of one that spans all; ``right`` are the columns of figures.

    ``widths`` are the columns' shares of the text's width; none means equal ones.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()
    widths: tuple[float, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A picture in a file with what it shows."""

    path: Path
    caption: str


Block = Heading | Line | Grid | Picture


@dataclass(frozen=True)
class Annex:
    """What stands behind a memo, on pages of its own."""

    title: str
    blocks: list[Block]


@dataclass(frozen=True)
class Memo:
    """A memo: title, whom it is for, what it says, who sends it and when, what stands behind it."""

    title: str
    opening: str
    blocks: list[Block] = field(default_factory=list)
    closing: tuple[str, ...] = ()
    annexes: list[Annex] = field(default_factory=list)


def grid(
    heads: list[str], rows: Sequence[tuple[str, ...]], widths: tuple[float, ...], right: tuple[int, ...] = ()
) -> Grid:
    """Return a table with these heads, its columns as wide as ``widths`` say of each other."""
    total = sum(widths)
    return Grid(tuple(heads), tuple(rows), frozenset(right), tuple(w / total for w in widths))


def sentence(text: str, language: str) -> str:
    """Return a text as a sentence: with a capital, and a full stop unless it ends with a mark."""
    text = text.strip()
    stop = "" if not text or text[-1] in "。.!?！？：:；;" else "。" if language == "zh" else "."
    return capital(text) + stop


def lines(texts: Iterable[object], kind: str = "body") -> list[Block]:
    """Return texts as paragraphs; empty ones are left out."""
    return [Line(str(text), kind) for text in texts if str(text).strip()]


def from_rich(parts: Iterable[RenderableType], kind: str = "body") -> Iterator[Block]:
    """Yield what a terminal shows as parts of a memo: dim lines as notes, tables as tables; a rule is left out."""
    for part in parts:
        if isinstance(part, Text):
            if part.plain.strip():
                yield Line(part.plain, "note" if "dim" in str(part.style) else kind)
        elif isinstance(part, Table):
            yield from _grids(part, kind)
        elif isinstance(part, Padding):
            yield from from_rich([part.renderable], kind)
        elif isinstance(part, Group):
            yield from from_rich(part.renderables, kind)
        elif not isinstance(part, Rule):
            yield Line(str(part), kind)


def _grids(table: Table, kind: str) -> Iterator[Block]:
    heads = [_plain(column.header) for column in table.columns]
    rows = [tuple(_plain(cell) for cell in row) for row in zip(*(list(c.cells) for c in table.columns), strict=True)]
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    headed = table.show_header and any(head.strip() for head in heads)
    if not rows:
        return
    right = frozenset(i for i, column in enumerate(table.columns) if column.justify == "right")
    yield Grid(tuple(heads) if headed else (), tuple(rows), right, _widths([heads, *rows]))


def _plain(cell: object) -> str:
    if isinstance(cell, Text):
        return cell.plain
    if isinstance(cell, Table):
        return " ".join(_plain(c) for column in cell.columns for c in column.cells)
    return "" if cell is None else str(cell)


def _widths(rows: Sequence[Sequence[str]]) -> tuple[float, ...]:
    """Return columns' shares by their longest texts, so that no column starves."""
    from rich.cells import cell_len

    longest = [max(cell_len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    bounded = [min(max(size, 4), 40) for size in longest]
    return tuple(size / sum(bounded) for size in bounded)
