"""The command ``ris``: results on standard output, progress and problems on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.core.problems import InputError

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.study.actuals import OwnFigures
    from simulator.study.replicates import Progress
    from simulator.study.tables import Tables

INPUT_WRONG, RUNS_FAILED, GATE_FAILED, INTERRUPTED = 2, 3, 4, 130

app = typer.Typer(
    name="ris",
    help="Simulate a city's innovation policy: where a plan lands, with what probability, at whose cost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Language(StrEnum):
    """Languages that results are written in."""

    en = "en"
    zh = "zh"


class Things(StrEnum):
    """What ``ris list`` can list."""

    levers = "levers"
    targets = "targets"
    indicators = "indicators"
    parameters = "parameters"
    regions = "regions"
    scenarios = "scenarios"


Seed = Annotated[int, typer.Option(help="Number that addresses all random draws.", min=0)]
Replicates = Annotated[
    int | None,
    typer.Option(help="Runs of each scenario [default: as it says, else 100].", min=1, max=100_000),
]
Jobs = Annotated[int | None, typer.Option(help="Processes [default: one a processor].", min=1, max=512)]
Out = Annotated[Path | None, typer.Option(help="Output folder [default: outputs/<scenario>-<hash>].")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; only the output folder.")]
Json = Annotated[bool, typer.Option("--json", help="Results as JSON.")]
Lang = Annotated[Language | None, typer.Option(help="Language of results [default: the locale's].")]
Force = Annotated[bool, typer.Option(help="Run again where the same results lie already.")]
ScenarioFile = Annotated[Path, typer.Argument(help="Scenario file (YAML).", show_default=False)]


def locale_language() -> str:
    """Return ``zh`` in a Chinese locale, else ``en``."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "zh" if os.environ[name].lower().startswith("zh") else "en"
    return "en"


def say(message: str) -> None:
    """Write a line to standard error."""
    typer.echo(message, err=True)


@contextmanager
def exits() -> Iterator[None]:
    """Turn what can go wrong into an exit code and a plain message."""
    try:
        yield
    except InputError as error:
        say(str(error))
        raise typer.Exit(INPUT_WRONG) from None
    except KeyboardInterrupt:
        say("interrupted: nothing was written")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:  # the reader has gone (a pager, head): no more to say
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - must outlive this function
        raise typer.Exit(0) from None
    except Exception as error:
        from simulator.study.replicates import StudyError

        if not isinstance(error, StudyError):
            raise
        say(str(error))
        raise typer.Exit(RUNS_FAILED) from None


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Progress | None]:
    """Show a bar on standard error, if that is a terminal; no thread, since a fork would break it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        task = bar.add_task("runs", total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, refresh=True)

        yield advance


@app.command()
def run(
    scenario: ScenarioFile,
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
) -> None:
    """Run a scenario many times: targets with probabilities, money by payer, figures."""
    with exits():
        from simulator.study import output
        from simulator.study.attribution import companions
        from simulator.study.ensemble import batch_sizes, name_of, opened
        from simulator.study.ensemble import run as run_ensemble

        found = opened(scenario)
        own = read_own_figures(actuals, found)
        sizes = batch_sizes(found, replicates)
        run_hash = output.identity([found], sizes, seed, companions(found, attribute))
        folder = output.folder_for([name_of(found) + "-attributed" * attribute], run_hash, out)
        reused = output.is_there(folder, run_hash) and not force
        language = lang.value if lang else locale_language()
        if reused and output.language_of(folder) != language:
            say(f"the figures there are in another language; --force draws them anew ({language})")
        if not reused:
            with progress_bar(quiet) as progress:
                result = run_ensemble(
                    found, replicates=replicates, jobs=jobs, seed=seed, progress=progress, attribute=attribute
                )
            output.save([result], folder, result.tables(), language, command=command_line(), force=force)
        report(folder, language, reused=reused, quiet=quiet, as_json=json_, own=own)


@app.command()
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
) -> None:
    """Compare scenarios with a baseline, run by run with the same luck: differences and their cost."""
    with exits():
        from simulator.study import output
        from simulator.study.comparison import common_sizes, names_of, opened_together
        from simulator.study.comparison import compare as compare_scenarios

        found = opened_together([baseline, *scenarios])
        sizes = common_sizes(found, replicates)
        run_hash = output.identity(found, sizes, seed)
        folder = output.folder_for(names_of(found), run_hash, out)
        reused = output.is_there(folder, run_hash) and not force
        language = lang.value if lang else locale_language()
        if reused and output.language_of(folder) != language:
            say(f"the figures there are in another language; --force draws them anew ({language})")
        if not reused:
            with progress_bar(quiet) as progress:
                result = compare_scenarios(
                    found[0], found[1:], replicates=replicates, jobs=jobs, seed=seed, progress=progress
                )
            output.save(result.runs, folder, result.tables(), language, command=command_line(), force=force)
        report(folder, language, reused=reused, quiet=quiet, as_json=json_)


@app.command()
def check(
    scenarios: Annotated[list[Path], typer.Argument(help="Scenario files (YAML).", show_default=False)],
    plan: Annotated[bool, typer.Option("--plan", help="Each measure has an entry, each entry a measure.")] = False,
    json_: Json = False,
) -> None:
    """Check scenario files: every problem with file, line and column, or OK."""
    with exits():
        from simulator.study.plans import check_plan
        from simulator.study.replicates import load_scenario
        from simulator.study.targets import load_targets

        problems: list[Any] = []
        for path in scenarios:
            try:
                found = load_scenario(path)
                load_targets(found.region.id, folder=found.region.folder.parent)  # the city's own are checked too
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


@app.command("list")
def list_things(
    things: Annotated[Things, typer.Argument(help="What to list.", show_default=False)],
    region: Annotated[str | None, typer.Option(help="Only the targets or measures of this region.")] = None,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """List levers with the plans' measures, targets, indicators, parameters, regions or scenarios."""
    with exits():
        from simulator.report import listing

        language = lang.value if lang else locale_language()
        rows = listing.rows_of(things.value, language, region)
        if json_:
            typer.echo(dump(rows))
        else:
            from simulator.report.terminal import console

            console().print(listing.listing_table(things.value, rows, language))


@app.command("new-region")
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


def print_page(screen: Any, label: str = "", files: Iterable[Path] = ()) -> None:
    """Print a screen, and under its label where the files are."""
    from simulator.report.terminal import console

    console().print(screen)
    if label:
        typer.echo(label + ", ".join(str(file) for file in files))


class Aim(StrEnum):
    """What ``ris calibrate`` can fit a region to."""

    history = "history"


@app.command()
def calibrate(
    region: Annotated[str, typer.Argument(help="Region, such as qingdao.", show_default=False)],
    to: Annotated[Aim, typer.Option(help="What the parameters are fitted to.")] = Aim.history,
    runs: Annotated[int, typer.Option(help="Runs of the bank; those already there are used.", min=200)] = 10_000,
    seed: Seed = 0,
    jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the sample [default: calibration/posterior].")] = None,
    quiet: Quiet = False,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Fit a region's parameters: a bank of runs, then a posterior sample that `calibration: history` draws from."""
    with exits():
        from simulator.study.calibrate import calibrate as fit_region
        from simulator.study.calibrate import posterior_predictive
        from simulator.study.posterior import load_posterior
        from simulator.study.prior_predictive import OutsidePriorError

        try:
            with progress_bar(quiet) as progress:
                done = fit_region(
                    region, runs=runs, seed=seed, jobs=jobs, progress=progress, folder=out, say=None if quiet else say
                )
        except OutsidePriorError as error:
            say(str(error))
            raise typer.Exit(GATE_FAILED) from None
        except KeyboardInterrupt:
            say("interrupted: the runs so far are kept, the same command goes on")
            raise typer.Exit(INTERRUPTED) from None
        if quiet:
            typer.echo(str(done.path))
            return
        sample = load_posterior(region, folder=out)
        with progress_bar(quiet) as progress:
            seen = posterior_predictive(region, posterior=sample, jobs=jobs, progress=progress)
        if json_:
            points = json.loads(seen.to_json(orient="records"))
            typer.echo(dump({"path": str(done.path), "points": points, **(dict(sample.manifest) if sample else {})}))
        else:
            from simulator.report.terminal_calibration import page

            print_page(page(done, seen, lang.value if lang else locale_language()))


@app.command()
def validate(
    region: Annotated[str, typer.Argument(help="Region, such as qingdao.", show_default=False)],
    jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the page [default: outputs/<region>-validation].")] = None,
    quiet: Quiet = False,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Hold a region's fit against every gate; one page with figures. Exit code 4 when a gate fails."""
    with exits():
        from simulator.report.validation import plain, save_validation, validation_screen
        from simulator.study.output import DEFAULT_PARENT
        from simulator.study.validate import validate as hold

        language = lang.value if lang else locale_language()
        found = hold(region, jobs=jobs, say=(lambda _: None) if quiet else say)
        folder = DEFAULT_PARENT / f"{found.region}-validation" if out is None else out
        page = save_validation(found, folder, language)
        if json_:
            typer.echo(dump(plain(found) | {"page": str(page)}))
        elif quiet:
            typer.echo(str(page))
        else:
            print_page(validation_screen(found, language), {"zh": "页面：", "en": "page: "}[language], [page])
        if not found.ok:
            say(f"{len(found.failed)} of the gates failed")
            raise typer.Exit(GATE_FAILED)


@app.command()
def evaluate(
    trial: Annotated[list[str] | None, typer.Option(help="Trial to run; may be given several times.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Run every trial.")] = False,
    seed: Seed = 0,
    jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option(help="Output folder [default: outputs/trials-<hash>].")] = None,
    quiet: Quiet = False,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Run published trials inside the model, design and estimator as published, beside what was found there."""
    with exits():
        from simulator.report import trial_page
        from simulator.study.output import DEFAULT_PARENT
        from simulator.study.trials import evaluate as run_trials
        from simulator.study.trials import identity, load_trials

        language = lang.value if lang else locale_language()
        if not all_ and not trial:
            known = trial_page.trial_list(load_trials()[1], language)
            say(f"--all runs every trial, --trial NAME one of them:\n{known}")
            raise typer.Exit(INPUT_WRONG)
        names = [] if all_ else list(trial or ())
        with progress_bar(quiet) as progress:
            result = run_trials(names, jobs=jobs, seed=seed, progress=progress)
        folder = DEFAULT_PARENT / f"trials-{identity(names, seed, result.calibration)}" if out is None else out
        files = trial_page.save(result, folder, language)
        for line in result.failed:
            say(f"failed: {line}")
        if json_:
            typer.echo(dump({"folder": str(folder), **trial_page.as_plain(result)}))
        elif quiet:
            typer.echo(str(folder))
        else:
            print_page(trial_page.screen(result, language), {"zh": "结果：", "en": "results: "}[language], files)


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

    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")  # a terminal without these characters gets question marks, not a traceback
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
    page.print(f"{'结果' if zh else 'results'}{mark}{folder}", soft_wrap=True)


def as_plain(tables: Tables, folder: Path, reused: bool) -> dict[str, Any]:
    """Return the results as plain values for JSON; what is not a number is null."""
    plain: dict[str, Any] = {"folder": str(folder), "reused": reused, "run": tables.meta}
    names = ("targets", "money", "compare_targets", "compare", "settings")
    extra = ("budget", "attribution", "paths_needed")
    base = names if tables.compare is not None else names[:2]
    shown = (*base, *(n for n in extra if getattr(tables, n) is not None))
    for name in shown:
        frame = getattr(tables, name)
        plain[name] = json.loads(frame.to_json(orient="records", double_precision=15, force_ascii=False))
    return plain


def dump(value: Any) -> str:
    """Return plain values as JSON."""
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False, default=str)


def command_line(arguments: Sequence[str] | None = None) -> str:
    """Return the command as it was typed."""
    import shlex

    return "ris " + shlex.join(sys.argv[1:] if arguments is None else arguments)


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
