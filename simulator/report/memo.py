"""The memo of a folder of results as a Word file: what a planner sends up the chain, with tables that can be edited.

It says what the terminal and the report say, by the same functions, in the order of a bureau's paper: which targets are
met, what it costs, what to change first, how sure that is, what is assumed, how to repeat it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from simulator.core.problems import InputError, Problem
from simulator.report.memo_docx import figures_of, readable, write_docx
from simulator.report.memo_parts import Annex, Block, Heading, Line, Memo, Picture, lines
from simulator.report.memo_words import said, study_caption
from simulator.report.words import colon
from simulator.study.tables import Tables

FILE = "memo.docx"
RUN_FIGURES = ("board", "fan", "money", "spending", "levers", "pipeline", "attribution")
COMPARE_FIGURES = ("differences", "costs", "wins")
CAPTIONS = {"differences": "forest", "costs": "costs", "wins": "wins", "spending": "spending", "money": "areas"}


def write_memo(folder: Path, language: str) -> Path:
    """Write ``memo.docx`` into a folder of results, in a language, and return its path.

    Raises InputError where the folder holds no results that can be read.
    """
    from simulator.report.html.page import is_run, read_manifest, read_tables, refusing_older
    from simulator.report.html.study_page import is_study

    folder = folder.expanduser().resolve()
    manifest = read_manifest(folder)
    if is_run(folder):
        tables = read_tables(folder)
        with refusing_older(folder), figures(tables, folder, language) as pictures:
            memo = memo_of(tables, pictures, language, manifest)
            return write_docx(memo, folder / FILE, language, _created(manifest, tables))
    if is_study(folder):
        from simulator.report.memo_study import study_memo

        return write_docx(study_memo(folder, language, manifest), folder / FILE, language, _created(manifest))
    what = "the folder holds no results" if folder.is_dir() else "no such folder"
    raise InputError([Problem(str(folder), 1, 1, what, "", "a folder that ris run or a study made")])


def _created(manifest: dict[str, Any], tables: Tables | None = None) -> str:
    return str(manifest.get("created") or (tables.meta.get("created") if tables is not None else "") or "")


def memo_of(tables: Tables, pictures: list[Path], language: str, manifest: dict[str, Any]) -> Memo:
    """Return the memo of a run's or a comparison's tables with these pictures."""
    if tables.compare is not None:
        from simulator.report.memo_compare import compare_annexes, compare_blocks, compare_title

        title, blocks = compare_title(tables, language), compare_blocks(tables, language)
        annexes, meta = compare_annexes(tables, language), tables.meta["runs"][0]
    else:
        from simulator.report.memo_run import run_annexes, run_blocks

        title, blocks = said("title", language, title=tables.meta["title"][language]), run_blocks(tables, language)
        annexes, meta = run_annexes(tables, language), tables.meta
    blocks += again_blocks(manifest, meta, language)
    annexes += figure_annex(pictures, tables, language)
    sent = closing(_created(manifest, tables), language)
    return Memo(title, said("opening", language), blocks, sent, annexes)


def closing(created: str, language: str) -> tuple[str, ...]:
    """Return who sends the memo, to be filled in, and the day of the figures."""
    date = created[:10].split("-")
    if language == "zh" and len(date) == 3 and all(part.isdigit() for part in date):
        year, month, day = (int(part) for part in date)
        return said("sender", language), f"{year} 年 {month} 月 {day} 日"
    return tuple(text for text in (said("sender", language), created[:10]) if text)


def again_blocks(manifest: dict[str, Any], meta: dict[str, Any], language: str) -> list[Block]:
    """Return how to run it again: command, hash, versions, where the figures stand."""
    from simulator.report.html.study_page import again

    found = again(manifest, meta)
    facts = {key: "–" if found.get(key) in ("", None) else found[key] for key in ("hash", "code", "commit", "seed")}
    facts |= {"code": str(facts["code"])[:12], "commit": str(facts["commit"])[:12]}
    out: list[Block] = [Heading(said("again", language))]
    out += lines([said("tables", language), said("simulated", language)])
    if found["command"]:
        out.append(Line(said("command", language, command=found["command"]), "note"))
    out.append(Line(said("origin", language, **facts), "note"))
    return [*out, *lines([said("versions", language, versions=found["versions"])] if found["versions"] else [], "note")]


# ---- pictures ---------------------------------------------------------------------------------------


@contextmanager
def figures(tables: Tables, folder: Path, language: str) -> Iterator[list[Path]]:
    """Yield the pictures of a run in a language: those of its folder, or drawn anew where they are in the other one."""
    from simulator.report.figures import draw_compare, draw_run
    from simulator.report.style import usable_language
    from simulator.study.output import language_of

    names = RUN_FIGURES if tables.compare is None else COMPARE_FIGURES
    found = figures_of(folder / "figures", names)
    if found and usable_language(language_of(folder)) == usable_language(language):
        yield found
        return
    with TemporaryDirectory() as apart:
        draw = draw_run if tables.compare is None else draw_compare
        try:
            draw(tables, Path(apart), language)
        except KeyError:  # an older version wrote fewer columns: its own pictures, in the other language
            yield found
            return
        yield figures_of(Path(apart), names)


def figure_annex(pictures: list[Path], tables: Tables, language: str) -> list[Annex]:
    """Return the pictures with their captions; nothing where there are none that can be read on a page."""
    names = {row.id: row.name_zh if language == "zh" else row.name for row in _targets(tables)}
    names |= {str(run["scenario"]): run["title"][language] for run in tables.meta.get("runs", ())}
    shown: list[Block] = [Picture(path, _caption(path, names, language)) for path in readable(pictures)]
    return [Annex(said("figures", language), shown)] if shown else []


def _targets(tables: Tables) -> Any:
    return tables.targets[["id", "name", "name_zh"]].rename_axis(None).itertuples(index=False)


def _caption(path: Path, names: dict[str, str], language: str) -> str:
    kind, _, rest = path.stem.partition("-")
    if kind == "fan" and rest in names:
        return said("fan", language, id=rest, name=names[rest])
    text = study_caption(CAPTIONS.get(kind, path.stem), language)
    return f"{text}{colon(language)}{names[rest]}" if kind == "differences" and rest in names else text
