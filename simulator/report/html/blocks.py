"""What a terminal shows, as plain values that a file can keep in both languages, and back again.

A study's page is made from such a file, so that it can be made again in either language without its runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from simulator.report.html.rich_html import cells, classes_of
from simulator.study.checked import items_of, mapping_of

STYLES = ("bold", "dim", "green", "yellow", "red", "cyan")  # those that a page has a class for
COLOURS = ("green", "yellow", "red", "cyan")
INDENT = (0, 0, 0, 2)


def flat(part: RenderableType, indent: bool = False) -> Iterator[tuple[RenderableType, bool]]:
    """Yield the texts and tables of a screen in their order, and whether each is indented; rules are empty texts."""
    if isinstance(part, Group):
        for inner in part.renderables:
            yield from flat(inner, indent)
    elif isinstance(part, Padding):
        yield from flat(part.renderable, True)
    elif isinstance(part, Rule):
        yield Text(), False
    else:
        yield (Text(part) if isinstance(part, str) else part), indent


def paragraphs(screen: RenderableType) -> list[list[RenderableType]]:
    """Return a screen's texts and tables, parted where a line is empty."""
    out: list[list[RenderableType]] = [[]]
    for part, indent in flat(screen):
        if isinstance(part, Text) and not part.plain.strip():
            out.append([])
        else:
            out[-1].append(Padding(part, INDENT) if indent else part)
    return [group for group in out if group]


def is_dim(part: RenderableType) -> bool:
    """Return whether a part is a text that stands back: a note."""
    return isinstance(part, Text) and "dim" in str(part.style)


def plain_blocks(parts: Iterable[RenderableType]) -> list[dict[str, Any]]:
    """Return texts and tables as plain values."""
    out: list[dict[str, Any]] = []
    for whole in parts:
        for part, indent in flat(whole):
            if isinstance(part, Table):
                out.append({"table": _plain_table(part)})
            elif (text := part if isinstance(part, Text) else Text(str(part))).plain.strip():
                out.append({"text": _pieces(text)} | ({"in": True} if indent else {}))
    return out


def _pieces(text: Text) -> list[list[str]]:
    """Return a text as pairs of words and style."""
    edges = sorted({0, len(text.plain), *(e for s in text.spans for e in (s.start, s.end))})
    base, out = str(text.style or ""), []
    for start, end in pairwise(edges):
        styles = [base, *(str(s.style) for s in text.spans if s.start <= start and end <= s.end)]
        taken = {"bold"} if any("not bold" in style for style in styles) else set[str]()
        taken |= set(COLOURS) if any("dim" in style for style in styles[1:]) else set()
        kept = dict.fromkeys(w for style in styles for w in style.split() if w in STYLES and w not in taken)
        if text.plain[start:end]:
            out.append([text.plain[start:end], " ".join(kept)])
    return out


def _cell(cell: RenderableType) -> list[list[str]]:
    if isinstance(cell, Text):
        return _pieces(cell)
    return [[str(cell), ""]]


def _plain_table(table: Table) -> dict[str, Any]:
    heads = [_cell(c.header) for c in table.columns] if table.show_header else []
    rows = []
    for row, facts in zip(cells(table), table.rows, strict=False):
        style = " ".join(w for w in str(facts.style or "").split() if w in STYLES)
        rows.append([[[text, f"{own} {style}".strip()] for text, own in _cell(cell)] for cell in row])
    return {"heads": heads, "right": [c.justify == "right" for c in table.columns], "rows": rows}


def rich_blocks(found: object) -> list[RenderableType]:
    """Return what such plain values show; anything that is none of them is left out."""
    out: list[RenderableType] = []
    for block in map(mapping_of, items_of(found)):
        if "table" in block:
            out.append(_rich_table(mapping_of(block["table"])))
        elif "text" in block:
            text = _rich_text(block["text"])
            out.append(Padding(text, INDENT) if block.get("in") else text)
    return out


def _rich_text(pieces: object) -> Text:
    pairs = [p for p in items_of(pieces) if isinstance(p, list) and len(p) == 2]
    styled = [(str(words), " ".join(w for w in str(style).split() if w in STYLES)) for words, style in pairs]
    whole = set.intersection(*(set(style.split()) for _, style in styled)) if styled else set()
    common = " ".join(w for w in STYLES if w in whole)
    return Text.assemble(*((words, style) if classes_of(style) else words for words, style in styled), style=common)


def _rich_table(found: dict[str, Any]) -> Table:
    heads, rights = items_of(found.get("heads")), items_of(found.get("right"))
    rows = [items_of(row) for row in items_of(found.get("rows"))]
    count = max([len(heads), *(len(row) for row in rows)], default=0)
    table = Table(box=None, show_header=bool(heads))
    for k in range(count):
        right = k < len(rights) and rights[k] is True
        table.add_column(_rich_text(heads[k]) if k < len(heads) else "", justify="right" if right else "left")
    for row in rows:
        table.add_row(*(_rich_text(cell) for cell in row))
    return table
