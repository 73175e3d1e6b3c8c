"""The command ``ris sweep``."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.commands.common import (
    Jobs,
    Json,
    Lang,
    Out,
    Quiet,
    chosen_language,
    command_line,
    exits,
    print_results,
)
from simulator.commands.studies import Cluster, DryRun, end_with, split_names, study_progress

if TYPE_CHECKING:
    from simulator.study.sweep_design import Asked


class Points(StrEnum):
    """How the points of a sweep are laid out."""

    grid = "grid"
    list_ = "list"
    latin = "latin"
    sobol = "sobol"


def sweep(
    source: Annotated[Path, typer.Argument(help="Sweep file or scenario file (YAML).", show_default=False)],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=a,b,c or NAME=low:high[:steps][:log]; may be given several times."),
    ] = None,
    design: Annotated[
        Points | None, typer.Option(help="Every combination, first values together, or points at random [grid].")
    ] = None,
    points: Annotated[int | None, typer.Option(help="Points of a latin or sobol design [64].", min=2)] = None,
    runs: Annotated[int | None, typer.Option(help="Runs of each point [40; of a random design 10].", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Number that addresses all random draws [0].", min=0)] = None,
    outcomes: Annotated[
        str | None, typer.Option(help="What to keep, as QD10,hnte_count@2020,cost.net [every target, costs].")
    ] = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
    out: Out = None,
    quiet: Quiet = False,
    json_: Json = False,
    lang: Lang = None,
    dry_run: DryRun = False,
) -> None:
    """Sweep over settings, parameters, switches or drivers of a scenario: every point with the same luck."""
    with exits():
        from simulator.study.sweep import KIND, run_plan
        from simulator.study.sweep_design import planned

        asked = _asked(source, set_ or [], outcomes)
        plan = planned(
            replace(
                asked,
                design=design.value if design else asked.design,
                points=asked.points if points is None else points,
                runs=asked.runs if runs is None else runs,
                seed=asked.seed if seed is None else seed,
            )
        )
        from simulator.study import kept

        language = chosen_language(lang)
        if dry_run:
            typer.echo(kept.pilot(plan.design(), jobs=jobs).text(language))
            return
        folder = kept.begin(KIND, plan.plain(), [plan.scenario], out)
        with study_progress(folder, quiet) as progress:
            whole = folder.resolve()  # so that the commands of runs that failed work from anywhere
            result = run_plan(plan, whole, jobs=jobs, cluster=cluster, progress=progress)
        from simulator.report.sweep_pages import as_plain, is_written, sweep_screen, write_sweep

        if result.results.ran or not is_written(folder, language):
            write_sweep(result, folder, language, command_line())
        print_results(
            folder, language, quiet=quiet, as_json=json_,
            plain=lambda: as_plain(result, folder), screen=lambda: sweep_screen(result, language),
        )  # fmt: skip
        end_with(result.failures)


def _asked(source: Path, sets: list[str], outcomes: str | None) -> Asked:
    """Return what the file and the options ask for."""
    from simulator.core.problems import Place, Problems
    from simulator.study.ensemble import opened
    from simulator.study.sweep_design import Asked
    from simulator.study.sweep_file import is_sweep, read_sets, read_sweep

    if is_sweep(source):
        if sets:
            problems = Problems()
            problems.add(Place(str(source)), "a sweep file names its own factors", read="--set", allowed="a scenario")
            problems.raise_any()
        asked = read_sweep(source)
    else:
        factors = read_sets(sets)
        place = Place("--set")
        asked = Asked(opened(source), factors, places={"factors": place, **dict.fromkeys(factors, place)})
    if outcomes is None:
        return asked
    return replace(asked, outcomes=split_names(outcomes), places={**asked.places, "outcomes": Place("--outcomes")})
