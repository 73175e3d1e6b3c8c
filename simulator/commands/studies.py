"""What the commands of studies share, and the one for every kind of study: ``resume``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.commands.common import (
    INTERRUPTED,
    RUNS_FAILED,
    Jobs,
    Json,
    Lang,
    Quiet,
    chosen_language,
    command_line,
    dump,
    exits,
    progress_bar,
    say,
)

if TYPE_CHECKING:
    from simulator.study.replicates import Progress
    from simulator.study.runner import Failed

FAILURES_SHOWN = 5
Cluster = Annotated[str | None, typer.Option(help="Dask scheduler (tcp://...) to run on [default: this machine].")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say how many runs and minutes it takes.")]


def split_names(text: str) -> list[str]:
    """Return the names in a text such as ``QD10,cost.net``."""
    return [name.strip() for name in text.split(",") if name.strip()]


@contextmanager
def study_progress(folder: Path, quiet: bool) -> Iterator[Progress | None]:
    """Show the progress of a study in its folder; where it is interrupted, say how to go on."""
    try:
        with progress_bar(quiet) as progress:
            yield progress
    except KeyboardInterrupt:
        say(f"interrupted: what is finished is kept, go on with  ris resume {folder}")
        raise typer.Exit(INTERRUPTED) from None


def end_with(failures: Sequence[Failed], *, numbered: bool = True) -> None:
    """Name the first few runs that failed, by their rows where they are ``numbered``; exit code 3 where any did."""
    for failure in failures[:FAILURES_SHOWN]:
        row = f"row {failure.row}: " if numbered else ""
        say(f"failed: {row}{failure.message}\n  {failure.command}")
    if failures:
        raise typer.Exit(RUNS_FAILED)


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
        with study_progress(folder, quiet) as progress, counted() as shards:
            result = kept.resume(folder, jobs=jobs, cluster=cluster, progress=progress)
        result.save(folder, language, command_line())
        if json_:
            typer.echo(dump({"folder": str(folder), "shards": {"found": shards.found, "run": shards.ran}}))
        else:
            if not quiet:
                summary = folder / "summary.txt"
                if summary.is_file():
                    typer.echo(summary.read_text(encoding="utf-8").rstrip())
                say(_counted(shards.found, shards.ran, language))
            typer.echo(str(folder))
        end_with(getattr(result, "failures", ()), numbered=False)


def _counted(found: int, ran: int, language: str) -> str:
    if language == "zh":
        return f"分片：共 {found + ran} 个，已有 {found} 个（未重新运行），本次运行 {ran} 个"
    return f"shards: {found + ran}; {found} were there and were not run again, {ran} were run"
