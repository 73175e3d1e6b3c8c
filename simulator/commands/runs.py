"""Commands that run scenarios: ``run`` and ``compare``, and what they print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.commands.common import (
    RUNS_FAILED,
    Force,
    Jobs,
    Json,
    Lang,
    Out,
    Quiet,
    Replicates,
    Seed,
    chosen_language,
    command_line,
    dump,
    exits,
    progress_bar,
    say,
)
from simulator.commands.reproduce import run_again

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.study.actuals import OwnFigures
    from simulator.study.tables import Tables


def run(
    scenario: Annotated[Path | None, typer.Argument(help="Scenario file (YAML).", show_default=False)] = None,
    seed: Seed = 0,
    replicates: Replicates = None,
    jobs: Jobs = None,
    out: Out = None,
    quiet: Quiet = False,
    json_: Json = False,
    lang: Lang = None,
    force: Force = False,
    attribute: Annotated[
        bool, typer.Option("--attribute", help="Where each target's change comes from, and what it would take.")
    ] = False,
    actuals: Annotated[
        Path | None, typer.Option(help="Your own figures (CSV: name, year, value, sd): runs near them count for more.")
    ] = None,
    from_: Annotated[
        Path | None, typer.Option("--from", help="manifest.json of earlier results: do the same figures come out?")
    ] = None,
) -> None:
    """Run a scenario many times: targets with probabilities, money by payer, figures."""
    with exits():
        if from_ is not None:
            if scenario is not None or actuals is not None or attribute or replicates is not None or seed:
                raise typer.BadParameter("a manifest says itself what is run", param_hint="--from")
            run_again(from_, jobs, out, quiet, json_, lang)
            return
        if scenario is None:
            raise typer.BadParameter("give a scenario file, or --from manifest.json", param_hint="SCENARIO")
        from simulator.study import output
        from simulator.study.attribution import companions
        from simulator.study.ensemble import batch_sizes, name_of, opened
        from simulator.study.ensemble import run as run_ensemble

        found = opened(scenario)
        own = read_own_figures(actuals, found)
        sizes = batch_sizes(found, replicates)
        run_hash = output.identity([found], sizes, seed, companions(found, attribute))
        folder = output.folder_for([name_of(found) + "-attributed" * attribute], run_hash, out)
        language = chosen_language(lang)
        reused = is_kept(folder, run_hash, language, force)
        if not reused:
            with progress_bar(quiet) as progress:
                result = run_ensemble(
                    found, replicates=replicates, jobs=jobs, seed=seed, progress=progress, attribute=attribute
                )
            output.save([result], folder, result.tables(), language, command=command_line(), force=force)
        report(folder, language, reused=reused, quiet=quiet, as_json=json_, own=own)


def compare(
    baseline: Annotated[Path, typer.Argument(help="Scenario to compare with (YAML).", show_default=False)],
    scenarios: Annotated[list[Path], typer.Argument(help="Scenarios to compare (YAML).", show_default=False)],
    seed: Seed = 0,
    replicates: Replicates = None,
    jobs: Jobs = None,
    out: Out = None,
    quiet: Quiet = False,
    json_: Json = False,
    lang: Lang = None,
    force: Force = False,
    on: Annotated[
        str | None,
        typer.Option("--on", help="Targets that decide which scenario wins (QD10,QD12) [default: outcomes]."),
    ] = None,
    until: Annotated[
        list[str] | None,
        typer.Option(help="Runs are added until a difference is known this well, e.g. QD10=5 (half of 90 %)."),
    ] = None,
    equal_budget: Annotated[
        str | None,
        typer.Option(help="Scale each mix's doses until it adds this net cost over all years, e.g. 500MCNY."),
    ] = None,
) -> None:
    """Compare scenarios with a baseline, run by run with the same luck: differences and their cost."""
    with exits():
        from simulator.study import output
        from simulator.study.comparison import asked_for, names_of, opened_together
        from simulator.study.comparison import compare as compare_scenarios
        from simulator.study.comparison_precision import common_sizes, read_until, wanted_precision
        from simulator.study.comparison_win import chosen_targets, read_names
        from simulator.study.equal_budget import read_amount

        deciding, precision, amount = read_names(on), read_until(until or ()), read_amount(equal_budget)
        found = opened_together([baseline, *scenarios])
        chosen_targets(found, deciding)
        wanted_precision(found, replicates, precision)
        sizes = common_sizes(found, replicates, precision)
        run_hash = output.identity(found, sizes, seed, asked=asked_for(deciding, precision, amount))
        folder = output.folder_for(names_of(found), run_hash, out)
        language = chosen_language(lang)
        reused = is_kept(folder, run_hash, language, force)
        if not reused:
            with progress_bar(quiet) as progress:
                result = compare_scenarios(
                    found[0],
                    found[1:],
                    replicates=replicates,
                    jobs=jobs,
                    seed=seed,
                    progress=progress,
                    on=deciding,
                    until=precision,
                    equal_budget=amount,
                )
            tables, whole = result.tables(), result.hash
            output.save(result.runs, folder, tables, language, command=command_line(), force=force, run_hash=whole)
        report(folder, language, reused=reused, quiet=quiet, as_json=json_)


def is_kept(folder: Path, run_hash: str, language: str, force: bool) -> bool:
    """Return whether a folder holds this very run and may stay; says so where its figures are in another language.

    Raises InputError where it holds another run, even with ``force``.
    """
    from simulator.study import output

    kept = output.is_there(folder, run_hash) and not force
    if kept and output.language_of(folder) != language:
        say(f"the figures there are in another language; --force draws them anew ({language})")
    return kept


def read_own_figures(path: Path | None, scenario: Scenario) -> OwnFigures | None:
    """Return a planner's own figures with what reads them against a run's tables, None where there are none."""
    if path is None:
        return None
    from simulator.study.actuals import OwnFigures

    return OwnFigures.read(path, scenario)


def report(
    folder: Path, language: str, *, reused: bool, quiet: bool, as_json: bool, own: OwnFigures | None = None
) -> None:
    """Print what a folder holds; ends with exit code 3 where some of its runs failed."""
    from simulator.study import output

    tables = output.read(folder)
    runs = tables.meta.get("runs", [tables.meta])
    failures = [failure for meta in runs for failure in meta["failures"]]
    weighted = None if own is None else own.reweigh(tables, folder)
    if as_json:
        typer.echo(dump(as_plain(tables, folder, reused) | ({} if weighted is None else {"actuals": weighted.plain()})))
    elif quiet:
        typer.echo(str(folder))
    else:
        show(tables, folder, language, reused=reused)
        if weighted is not None:
            from simulator.report.terminal import console
            from simulator.report.terminal_actuals import actuals_screen

            console().print(actuals_screen(weighted, language))
    if failures:
        for failure in failures:
            say(f"failed: draw {failure['draw']}, seed {failure['seed']}: {failure['message']}")
            say(f"  {failure['command']}")
        raise typer.Exit(RUNS_FAILED)


def show(tables: Tables, folder: Path, language: str, *, reused: bool) -> None:
    """Print the first screen, and where everything lies."""
    from simulator.report.terminal import console, screen
    from simulator.report.words import bracketed, colon, listed

    page, zh, mark = console(), language == "zh", colon(language)
    page.print(screen(tables, language))
    page.print()
    if reused:
        page.print(
            "结果已存在，直接采用（--force 重新运行）" if zh else "already there, reused (--force runs it again)"
        )
    figures = sorted(p.name for p in (folder / "figures").glob("*.png"))
    pictures = bracketed(listed(figures, language), language)
    page.print(f"{'图' if zh else 'figures'}{mark}{folder / 'figures'}{pictures}", soft_wrap=True)
    page_file = bracketed("report.html", language) if (folder / "report.html").is_file() else ""
    page.print(f"{'结果' if zh else 'results'}{mark}{folder}{page_file}", soft_wrap=True)


def as_plain(tables: Tables, folder: Path, reused: bool) -> dict[str, Any]:
    """Return the results as plain values for JSON; what is not a number is null."""
    from simulator.study.study_files import plain_rows

    plain: dict[str, Any] = {"folder": str(folder), "reused": reused, "run": tables.meta}
    names = ("targets", "money", "compare_targets", "compare", "settings")
    extra = ("budget", "attribution", "paths_needed", "win")
    base = names if tables.compare is not None else names[:2]
    shown = (*base, *(n for n in extra if getattr(tables, n) is not None))
    for name in shown:
        plain[name] = plain_rows(getattr(tables, name))
    return plain
