"""The memo of a study that is neither a run nor a comparison: its summary as it stands, its tables, its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator.report.html.study_page import picture_files, study_facts, tables_of
from simulator.report.memo import again_blocks, closing
from simulator.report.memo_docx import readable
from simulator.report.memo_parts import Annex, Block, Grid, Heading, Line, Memo, Picture, lines
from simulator.report.memo_words import said, study_caption

MOST_ROWS, MOST_COLUMNS = 40, 9  # of a table in a memo; the file has all


def study_memo(folder: Path, language: str, manifest: dict[str, Any]) -> Memo:
    """Return the memo of a study's folder."""
    page = study_facts(folder, language, manifest)
    out: list[Block] = [Line(said("asked study", language)), *lines([page["status"]])]
    gates = [
        (str(g["name"]), str(g.get("figure") or ""), str(g.get("asked") or ""))
        for x in page["gates"]
        for g in x["rows"]
    ]
    out.append(Heading(said("result study", language)))
    out += [Line(text, "plain") for text in page["text"].splitlines() if text.strip()]
    out += [Grid((), tuple(gates), frozenset(), (0.5, 0.3, 0.2))] if gates else []
    out += lines(page["notes"], "note")
    out += again_blocks(manifest, {}, language)
    annexes = []
    if grids := [block for table in tables_of(folder, language) for block in _table(table)]:
        annexes.append(Annex(said("tables study", language), grids))
    pictures = readable(picture_files(folder))
    if pictures:
        annexes.append(
            Annex(said("figures", language), [Picture(path, study_caption(path.stem, language)) for path in pictures])
        )
    title = said("title study", language, title=page["title"])
    sent = closing(str(manifest.get("created") or ""), language)
    return Memo(title, said("opening", language), out, sent, annexes)


def _table(table: dict[str, Any]) -> list[Block]:
    columns = min(len(table["head"]), MOST_COLUMNS)
    rows = tuple(tuple(row[:columns]) for row in table["rows"][:MOST_ROWS])
    if not rows or not columns:
        return []
    right = frozenset(i for i in range(columns) if table["numeric"][i])
    return [Heading(table["name"], 2), Grid(tuple(table["head"][:columns]), rows, right)]
