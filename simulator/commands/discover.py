"""The command ``ris discover``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from simulator.commands.common import (
    Jobs,
    Json,
    Lang,
    Out,
    Quiet,
    ScenarioFile,
    Seed,
    chosen_language,
    command_line,
    exits,
    print_results,
)
from simulator.commands.studies import Cluster, DryRun, end_with, split_names, study_progress


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

        names = None if factors is None else split_names(factors)
        asked = asked_of(scenario, misses, names, runs=runs, seed=seed, sampling=sampling.value, density=density)
        language = chosen_language(lang)
        if dry_run:
            typer.echo(kept.pilot(asked.design(), jobs=jobs).text(language))
            return
        from simulator.report.discover import as_plain, discover_screen

        folder = kept.begin(KIND, asked.plain(), [asked.scenario], out)
        with study_progress(folder, quiet) as progress:
            result = run_asked(asked, folder, jobs=jobs, cluster=cluster, progress=progress)
        result.save(folder, language, command_line())
        print_results(
            folder, language, quiet=quiet, as_json=json_,
            plain=lambda: as_plain(result, folder, language), screen=lambda: discover_screen(result, language),
        )  # fmt: skip
        end_with(result.failures)
