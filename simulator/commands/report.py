"""The command ``report``: one HTML file, or a memo, from a folder of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.commands.common import Json, Lang, Quiet, chosen_language, dump, exits


def report(
    folder: Annotated[Path, typer.Argument(help="Folder that ris run or a study wrote.", show_default=False)],
    docx: Annotated[bool, typer.Option("--docx", help="Also a memo for Word, with tables that can be edited.")] = False,
    quiet: Quiet = False,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Write report.html into a folder of results: one file that opens offline and prints; --docx adds a memo."""
    with exits():
        from simulator.report.html.page import write_report
        from simulator.study.output import refuse_unwritable

        language = chosen_language(lang)
        if folder.is_dir():
            refuse_unwritable(folder)
        files = [write_report(folder, language)]
        if docx:
            from simulator.report.memo import write_memo

            files.append(write_memo(folder, language))
        if json_:
            typer.echo(dump({"files": [str(file) for file in files]}))
            return
        for name, file in zip(_names(language), files, strict=False):
            typer.echo(str(file) if quiet else f"{name}{file}")


def _names(language: str) -> tuple[str, str]:
    return ("报告：", "备忘：") if language == "zh" else ("report: ", "memo: ")
