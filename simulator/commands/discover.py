"""The command ``ris discover``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from simulator.commands.common import (
    INTERRUPTED,
    RUNS_FAILED,
    Jobs,
    Json,
    Lang,
    Out,
    Quiet,
    ScenarioFile,
    Seed,
    chosen_language,
    command_line,
    dump,
    exits,
    print_page,
    progress_bar,
    say,
)
from simulator.commands.studies import Cluster, DryRun

FAILURES_SHOWN = 5


class Sampling(StrEnum):
    """Where the parameters of the futures come from."""

    draws = "draws"
    latin = "latin"


def discover(
    scenario: ScenarioFile,
    misses: Annotated[str, typer.Option(help="Target whose misses are looked for; of several, one missed counts.")],
    factors: Annotated[
        str | None,
        typer.Option(help="Names, patterns and ranges, as finance.*,switches.entry,QL09d.face_value=0:2e5 [all]."),
    ] = None,
    runs: Annotated[int, typer.Option(help="Futures to run.", min=1)] = 1000,
    sampling: Annotated[Sampling, typer.Option(help="Parameters as calibrated or over priors.")] = Sampling.draws,
    density: Annotated[
        float | None, typer.Option(help="Boxes in which at least this share misses [those that part misses best].")
    ] = None,
    seed: Seed = 0,
    jobs: Jobs = None,
    cluster: Cluster = None,
    out: Out = None,
    quiet: Quiet = False,
    json_: Json = False,
    lang: Lang = None,
    dry_run: DryRun = False,
) -> None:
    """Discover when a plan misses: boxes of parameters, drivers and switches in which most futures do."""
    with exits():
        from simulator.study import kept
        from simulator.study.discover import KIND, asked_of, run_asked

        names = [name.strip() for name in factors.split(",") if name.strip()] if factors else None
        asked = asked_of(scenario, misses, names, runs=runs, seed=seed, sampling=sampling.value, density=density)
        language = chosen_language(lang)
        if dry_run:
            typer.echo(kept.pilot(asked.design(), jobs=jobs).text(language))
            return
        from simulator.report.discover import as_plain, discover_screen

        folder = kept.begin(KIND, asked.plain(), [asked.scenario], out)
        try:
            with progress_bar(quiet) as progress:
                result = run_asked(asked, folder, jobs=jobs, cluster=cluster, progress=progress)
        except KeyboardInterrupt:
            say(f"interrupted: what is finished is kept, go on with  ris resume {folder}")
            raise typer.Exit(INTERRUPTED) from None
        result.save(folder, language, command_line())
        if json_:
            typer.echo(dump(as_plain(result, folder, language)))
        elif quiet:
            typer.echo(str(folder))
        else:
            print_page(discover_screen(result, language), {"zh": "结果：", "en": "results: "}[language], [folder])
        failures = result.results.failures
        for failure in failures[:FAILURES_SHOWN]:
            say(f"failed: row {failure.row}: {failure.message}\n  {failure.command}")
        if failures:
            raise typer.Exit(RUNS_FAILED)
