"""What a terminal shows, as HTML: the pages say the same sentences and tables without writing them twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from markupsafe import Markup, escape
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

CLASSES = {
    "green": "likely",
    "yellow": "doubt",
    "red": "unlikely",
    "bold": "b",
    "dim": "dim",
    "cyan": "lead",
}

_NAME = re.compile(r"\b[a-z][a-z0-9_]*\.[a-z0-9_]+\b")  # of a parameter: ``owner.field``


def classes_of(style: object) -> str:
    """Return the classes that stand for a terminal's style (``bold green``)."""
    return " ".join(CLASSES[word] for word in str(style or "").split() if word in CLASSES)


def soft(text: str) -> Markup:
    """Return a cell's text as escaped HTML in which a dotted name (``market.demand_pull``) may break at its joints."""
    return Markup(_NAME.sub(lambda found: re.sub("([._])", r"\1<wbr>", found[0]), str(escape(text))))


def text_html(text: Text) -> Markup:
    """Return a styled text as escaped HTML, a span for each style."""
    edges = sorted({0, len(text.plain), *(p for s in text.spans for p in (s.start, s.end))})
    out = Markup()
    for start, end in pairwise(edges):
        names = dict.fromkeys(classes_of(s.style) for s in text.spans if s.start <= start and end <= s.end)
        piece = soft(text.plain[start:end]).replace("\n", Markup("<br>"))
        name = " ".join(n for n in names if n)
        out += Markup('<span class="{}">{}</span>').format(name, piece) if name else piece
    return out


def to_html(part: RenderableType, *, sortable: bool = True) -> Markup:
    """Return a part of a screen as HTML: texts, tables, what is grouped or indented; a rule is left out."""
    if isinstance(part, str):
        return Markup("<p>{}</p>").format(part)
    if isinstance(part, Text):
        if not part.plain.strip():
            return Markup()
        return Markup('<p class="{}">{}</p>').format(classes_of(part.style), text_html(part))
    if isinstance(part, Table):
        return _table(part, sortable)
    if isinstance(part, Padding):
        return Markup('<div class="in">{}</div>').format(to_html(part.renderable, sortable=sortable))
    if isinstance(part, Group):
        return all_html(part.renderables, sortable=sortable)
    return Markup() if isinstance(part, Rule) else Markup("<p>{}</p>").format(str(part))


def all_html(parts: Iterable[RenderableType], *, sortable: bool = True) -> Markup:
    """Return several parts one after the other."""
    return Markup().join(to_html(part, sortable=sortable) for part in parts)


def cells(table: Table) -> Iterator[list[RenderableType]]:
    """Return the cells of a table, row by row."""
    for row in zip(*(list(column.cells) for column in table.columns), strict=True):
        yield list(row)


def _cell(cell: RenderableType) -> Markup:
    if isinstance(cell, str):
        return soft(cell)
    if isinstance(cell, Text):
        name, inner = classes_of(cell.style), text_html(cell)
        return Markup('<span class="{}">{}</span>').format(name, inner) if name else inner
    return to_html(cell, sortable=False)


def _table(table: Table, sortable: bool) -> Markup:
    heads = [c.header if isinstance(c.header, Text | str) else str(c.header) for c in table.columns]
    names = ["n" if c.justify == "right" else "" for c in table.columns]
    headed = table.show_header and any(str(h).strip() for h in heads)
    rows = [row for row in cells(table) if any(str(cell).strip() for cell in row)]
    body = Markup()
    for row, facts in zip(rows, table.rows, strict=False):
        line = Markup().join(
            Markup('<td class="{}">{}</td>').format(name, _cell(cell)) for name, cell in zip(names, row, strict=True)
        )
        body += Markup('<tr class="{}">{}</tr>').format(classes_of(facts.style), line)
    head = Markup()
    if headed:
        head = Markup().join(
            Markup('<th class="{}">{}</th>').format(name, _cell(h)) for name, h in zip(names, heads, strict=True)
        )
        head = Markup("<thead><tr>{}</tr></thead>").format(head)
    kind = "plain sort" if sortable and headed and len(rows) > 1 else "plain"
    return Markup('<div class="wide"><table class="{}">{}<tbody>{}</tbody></table></div>').format(kind, head, body)
