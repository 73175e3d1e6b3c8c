"""Commands about inputs: ``check``, ``list``, ``explain`` and ``new-region``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.commands.common import (
    INPUT_WRONG,
    Json,
    Lang,
    chosen_language,
    dump,
    exits,
    print_page,
    say,
)
from simulator.core.problems import InputError


class Things(StrEnum):
    """What ``ris list`` can list."""

    levers = "levers"
    targets = "targets"
    indicators = "indicators"
    parameters = "parameters"
    regions = "regions"
    scenarios = "scenarios"


def check(
    scenarios: Annotated[list[Path], typer.Argument(help="Scenario files (YAML).", show_default=False)],
    plan: Annotated[bool, typer.Option("--plan", help="Each measure has an entry, each entry a measure.")] = False,
    json_: Json = False,
) -> None:
    """Check scenario files: every problem with file, line and column, or OK."""
    with exits():
        from simulator.study.plans import check_plan
        from simulator.study.replicates import load_scenario
        from simulator.study.targets import targets_of

        problems: list[Any] = []
        for path in scenarios:
            try:
                found = load_scenario(path)
                targets_of(found)  # the city's own are checked too
                if plan and (missing := check_plan(found)):
                    raise InputError(missing)
            except InputError as error:
                problems += error.problems
                if not json_:
                    say(str(error))
                continue
            if not json_:
                span = f"{found.years[0]}-{found.years[1]}"
                typer.echo(f"{path}: OK ({found.region.id}, {span}, {len(found.entries)} entries)")
        if json_:
            keys = ("file", "line", "column", "message", "read", "allowed", "suggestion")
            typer.echo(dump([{key: getattr(p, key) for key in keys} for p in problems]))
    if problems:
        raise typer.Exit(INPUT_WRONG)


def list_things(
    things: Annotated[Things, typer.Argument(help="What to list.", show_default=False)],
    region: Annotated[str | None, typer.Option(help="Only the targets or measures of this region.")] = None,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """List levers with the plans' measures, targets, indicators, parameters, regions or scenarios."""
    with exits():
        from simulator.report import listing

        language = chosen_language(lang)
        rows = listing.rows_of(things.value, language, region)
        if json_:
            typer.echo(dump(rows))
        else:
            from simulator.report.terminal import console

            console().print(listing.listing_table(things.value, rows, language))


def explain(
    what: Annotated[str, typer.Argument(help="Target (QD10, BX06) or indicator (rd_share).", show_default=False)],
    region: Annotated[str | None, typer.Option(help="Region, for an indicator [default: qingdao].")] = None,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Explain a target or an indicator: what moves it, through what, on which evidence, and how sure that is."""
    with exits():
        from simulator.report.terminal_explain import explain_page
        from simulator.study.explain import explain as gather

        language = chosen_language(lang)
        found = gather(what, language, region)
        if json_:
            typer.echo(dump(found))
        else:
            print_page(explain_page(found, language))


def new_region(
    name: Annotated[str, typer.Argument(help="Id of the new region: a-z, 0-9 and _.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder of scenarios that it is written into.")] = Path("scenarios"),
    template: Annotated[str, typer.Option("--from", help="Region whose ratios and paths are taken over.")] = "qingdao",
    population: Annotated[int, typer.Option(help="Residents; all sizes are scaled to them.")] = 1_000_000,
) -> None:
    """Write the folder of a new region, filled with a made-up city that runs; nothing is overwritten."""
    with exits():
        from simulator.study.new_region import write_region
        from simulator.study.plans import load_measures
        from simulator.study.targets import load_targets

        known = {t.region for t in load_targets()} | {m.region for m in load_measures()}
        for path in write_region(name, out, template=template, population=population, known=known):
            typer.echo(path.as_posix())
        plan = (out / name / "plan.yaml").as_posix()
        say(f"made-up figures: change what you know, then  ris check --plan {plan}  and  ris run {plan}")
