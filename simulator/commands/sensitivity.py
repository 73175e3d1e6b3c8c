"""The command ``ris sensitivity``."""

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
    say,
)
from simulator.commands.studies import Cluster, DryRun, end_with, split_names, study_progress


class Method(StrEnum):
    """Ways to measure what an outcome hangs on."""

    morris = "morris"
    sobol = "sobol"


def sensitivity(
    scenario: ScenarioFile,
    method: Annotated[
        Method, typer.Option(help="Screening by elementary effects, or shares of the variance.")
    ] = Method.morris,
    factors: Annotated[
        str | None,
        typer.Option(help="As finance.*,QL09d.face_value=0:200000,year_order [every parameter and switch]."),
    ] = None,
    outcomes: Annotated[
        str | None, typer.Option(help="What to look at, as QD10,hnte_count@2020,cost.net [every target, costs].")
    ] = None,
    groups: Annotated[
        str | None, typer.Option(help="Groups of factors: mechanism, lever, owner, or a YAML file name: [patterns].")
    ] = None,
    trajectories: Annotated[
        int | None, typer.Option(help="Of Morris [as many as 9000 runs allow, 3 to 20].", min=2, max=1000)
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Base points of Sobol, a power of two [as 9000 runs allow].", min=2, max=65536)
    ] = None,
    runs: Annotated[int | None, typer.Option(help="Seeds of each point [morris 3, sobol 2].", min=1, max=1000)] = None,
    seed: Seed = 0,
    jobs: Jobs = None,
    cluster: Cluster = None,
    out: Out = None,
    quiet: Quiet = False,
    json_: Json = False,
    lang: Lang = None,
    dry_run: DryRun = False,
) -> None:
    """Say which parameters, settings, switches and drivers the outcomes of a scenario hang on, and which are noise."""
    with exits():
        from simulator.study.sensitivity import KIND, again, checked, pilot_of, spec_of

        names = None if outcomes is None else split_names(outcomes)
        spec = spec_of(factors, method.value, trajectories, samples, groups, names, runs, seed)
        found, language = checked(scenario, spec), chosen_language(lang)
        if dry_run:
            pilot, at_most = pilot_of(found, spec, jobs=jobs)
            typer.echo(pilot.text(language))
            if at_most:
                say("分两步进行，实际可能更少" if language == "zh" else "at the most: it goes in two stages")
            return
        from simulator.report.sensitivity import as_plain, screen
        from simulator.study import kept

        folder = kept.begin(KIND, spec, [found], out)
        with study_progress(folder, quiet) as progress:
            result = again(spec, [found], folder, jobs=jobs, cluster=cluster, progress=progress)
        result.save(folder, language, command_line())
        print_results(
            folder, language, quiet=quiet, as_json=json_,
            plain=lambda: as_plain(result), screen=lambda: screen(result, language),
        )  # fmt: skip
        end_with(result.failures)
