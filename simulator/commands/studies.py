"""Commands for every kind of study: ``resume``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.commands.common import (
    INTERRUPTED,
    Jobs,
    Json,
    Lang,
    Quiet,
    chosen_language,
    dump,
    exits,
    progress_bar,
    say,
)

Cluster = Annotated[str | None, typer.Option(help="Dask scheduler (tcp://...) to run on [default: this machine].")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say how many runs and minutes it takes.")]


def resume(
    folder: Annotated[Path, typer.Argument(help="Folder of a study that was stopped.", show_default=False)],
    jobs: Jobs = None,
    cluster: Cluster = None,
    quiet: Quiet = False,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Go on with a sweep, sensitivity, optimise or discover study that was stopped: run what is missing."""
    with exits():
        from simulator.study import kept
        from simulator.study.runner import counted

        language = chosen_language(lang)
        try:
            with progress_bar(quiet) as progress, counted() as shards:
                result = kept.resume(folder, jobs=jobs, cluster=cluster, progress=progress)
        except KeyboardInterrupt:
            say(f"interrupted: what is finished is kept, go on with  ris resume {folder}")
            raise typer.Exit(INTERRUPTED) from None
        result.save(folder, language)
        if json_:
            typer.echo(dump({"folder": str(folder), "shards": {"found": shards.found, "run": shards.ran}}))
            return
        if not quiet:
            summary = folder / "summary.txt"
            if summary.is_file():
                typer.echo(summary.read_text(encoding="utf-8").rstrip())
            say(_counted(shards.found, shards.ran, language))
        typer.echo(str(folder))


def _counted(found: int, ran: int, language: str) -> str:
    if language == "zh":
        return f"分片：共 {found + ran} 个，已有 {found} 个（未重新运行），本次运行 {ran} 个"
    return f"shards: {found + ran}; {found} were there and were not run again, {ran} were run"
