"""The command ``ris optimise``."""

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
from simulator.commands.studies import Cluster, DryRun, end_with, study_progress


class Efforts(StrEnum):
    """How hard to search."""

    quick = "quick"
    default = "default"
    thorough = "thorough"


class Moneys(StrEnum):
    """Which public money counts."""

    net = "net"
    outlay = "outlay"


def optimise(
    scenario: ScenarioFile,
    doses: Annotated[
        str | None, typer.Option(help="Doses with bounds: QL09d=0:3 (times the plan's), QL09d.budget='0:200 MCNY'.")
    ] = None,
    entries: Annotated[
        str | None, typer.Option(help="Entries to scale [default: the plan's ten with the most money].")
    ] = None,
    most: Annotated[float, typer.Option(help="Most that --entries are scaled to, times the plan's dose.")] = 3.0,
    aims: Annotated[str, typer.Option(help="Two or more of shortfall, probability, cost, regret.")] = "shortfall,cost",
    targets: Annotated[
        str | None, typer.Option(help="Targets that count, weights after = [all outcome and growth targets].")
    ] = None,
    budget: Annotated[str | None, typer.Option(help="Most that the mix may cost in all years, as 500MCNY.")] = None,
    money: Annotated[Moneys, typer.Option(help="Cost that is counted: net, or outlay alone.")] = Moneys.net,
    meet: Annotated[str | None, typer.Option(help='Targets to meet, as "QD10,QD12 at 0.8"; with --cheapest.')] = None,
    cheapest: Annotated[bool, typer.Option("--cheapest", help="Seek the cheapest mix that does so.")] = False,
    switches: Annotated[
        str | None, typer.Option(help="Structural switches whose choices take turns over the draws.")
    ] = None,
    effort: Annotated[Efforts, typer.Option(help="How hard to search.")] = Efforts.default,
    seed: Seed = 0,
    jobs: Jobs = None,
    cluster: Cluster = None,
    out: Out = None,
    quiet: Quiet = False,
    json_: Json = False,
    lang: Lang = None,
    dry_run: DryRun = False,
) -> None:
    """Optimise doses of entries for two or more aims under a budget; the front is scored again on unseen runs."""
    with exits():
        from simulator.study import kept, optimise
        from simulator.study.ensemble import opened

        found, language = opened(scenario), chosen_language(lang)
        spec = optimise.described(
            found, doses, entries=entries, most=most, aims=aims, budget=budget, money=money.value, targets=targets,
            meet=meet, cheapest=cheapest, switches=switches, effort=effort.value, seed=seed,
        )  # fmt: skip
        if dry_run:
            typer.echo(optimise.estimate(spec, found, jobs=jobs).text(language))
            return
        folder = kept.begin("optimise", spec, [found], out)
        with study_progress(folder, quiet) as progress:
            result = optimise.again(spec, [found], folder, jobs=jobs, cluster=cluster, progress=progress)
        result.save(folder, language, command_line())
        from simulator.report.optimise_page import optimise_screen
        from simulator.study.optimise_output import plain

        print_results(
            folder, language, quiet=quiet, as_json=json_,
            plain=lambda: {"folder": str(folder), **plain(result)}, screen=lambda: optimise_screen(result, language),
        )  # fmt: skip
        end_with(result.failures, numbered=False)
