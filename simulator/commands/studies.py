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
    counted_shards,
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
    """Go on with a run, comparison, sweep, sensitivity, optimise or discover study that was stopped."""
    with exits():
        from simulator.study import kept, unfinished
        from simulator.study.tally import counted

        if (stopped := unfinished.find(folder)) is not None:
            from simulator.commands.runs import go_on

            go_on(*stopped, jobs=jobs, cluster=cluster, quiet=quiet, as_json=json_, lang=lang)
            return
        language = chosen_language(lang)
        if (folder / "manifest.json").is_file() and not (folder / kept.STUDY).is_file():  # a run that is whole
            from simulator.commands.runs import report

            report(folder, language, reused=True, quiet=quiet, as_json=json_)
            return
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
                say(counted_shards(shards.found, shards.ran, language))
            typer.echo(str(folder))
        end_with(getattr(result, "failures", ()), numbered=False)
