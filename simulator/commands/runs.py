"""Commands that run scenarios: ``run`` and ``compare``, and what they print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.commands.common import (
    INTERRUPTED,
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
    counted_shards,
    dump,
    exits,
    progress_bar,
    say,
)
from simulator.commands.reproduce import run_again
from simulator.commands.studies import Cluster

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.study.actuals import OwnFigures
    from simulator.study.tables import Tables
    from simulator.study.unfinished import Asked


MOST_NAMED = 4  # figures named one by one


@dataclass(frozen=True)
class _How:
    """Where a command runs, and how it says what came of it."""

    jobs: int | None
    cluster: str | None
    quiet: bool
    json: bool


def run(
    scenario: Annotated[Path | None, typer.Argument(help="Scenario file (YAML).", show_default=False)] = None,
    seed: Seed = 0,
    replicates: Replicates = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
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
            if scenario is not None or actuals is not None or attribute or replicates is not None or seed or cluster:
                raise typer.BadParameter("a manifest says itself what is run", param_hint="--from")
            run_again(from_, jobs, out, quiet, json_, lang)
            return
        if scenario is None:
            raise typer.BadParameter("give a scenario file, or --from manifest.json", param_hint="SCENARIO")
        own = None if actuals is None else str(actuals)
        options: dict[str, Any] = {"scenario": str(scenario), "attribute": attribute, "actuals": own}
        options |= {"seed": seed, "replicates": replicates, "language": chosen_language(lang), "force": force}
        _run(options, _How(jobs, cluster, quiet, json_), out)


def compare(
    baseline: Annotated[Path, typer.Argument(help="Scenario to compare with (YAML).", show_default=False)],
    scenarios: Annotated[list[Path], typer.Argument(help="Scenarios to compare (YAML).", show_default=False)],
    seed: Seed = 0,
    replicates: Replicates = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
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
        files = [str(s) for s in (baseline, *scenarios)]
        options: dict[str, Any] = {"scenarios": files, "on": on, "until": list(until or ())}
        options |= {"equal_budget": equal_budget, "seed": seed, "replicates": replicates}
        options |= {"language": chosen_language(lang), "force": force}
        _compare(options, _How(jobs, cluster, quiet, json_), out)


def go_on(
    stopped: Asked, given: Path, *, jobs: int | None, cluster: str | None, quiet: bool, as_json: bool, lang: Lang
) -> None:
    """Go on with a run or a comparison that was stopped: ``given`` is the folder that its results are for."""
    options = dict(stopped.options)
    if lang is not None:
        options["language"] = lang.value
    {"run": _run, "compare": _compare}[stopped.command](options, _How(jobs, cluster, quiet, as_json), given, stopped)


def _run(options: Mapping[str, Any], how: _How, out: Path | None, stopped: Asked | None = None) -> None:
    """Carry out ``run`` as it was asked for, or go on where one was ``stopped``."""
    from simulator.study import output
    from simulator.study.attribution import companions
    from simulator.study.ensemble import batch_sizes, name_of, opened
    from simulator.study.ensemble import run as run_ensemble

    seed, replicates, attribute, language = (options[k] for k in ("seed", "replicates", "attribute", "language"))
    found = opened(_path(options["scenario"], stopped))
    own = read_own_figures(None if options["actuals"] is None else _path(options["actuals"], stopped), found)
    run_hash = output.identity([found], batch_sizes(found, replicates), seed, companions(found, attribute))
    folder = _folder(output.folder_for([name_of(found) + "-attributed" * attribute], run_hash, out), out, stopped)
    with _kept("run", options, how, folder, run_hash, stopped) as study:
        if study is not None:
            result = run_ensemble(
                found, replicates=replicates, seed=seed, attribute=attribute, jobs=how.jobs, **study.means
            )
            output.save([result], folder, result.tables(), language, **study.saving)
    report(folder, language, reused=study is None, quiet=how.quiet, as_json=how.json, own=own)


def _compare(options: Mapping[str, Any], how: _How, out: Path | None, stopped: Asked | None = None) -> None:
    """Carry out ``compare`` as it was asked for, or go on where one was ``stopped``."""
    from simulator.study import output
    from simulator.study.comparison import asked_for, names_of, opened_together
    from simulator.study.comparison import compare as compare_scenarios
    from simulator.study.comparison_precision import common_sizes, read_until, wanted_precision
    from simulator.study.comparison_win import chosen_targets, read_names
    from simulator.study.equal_budget import read_amount

    seed, replicates, language = (options[k] for k in ("seed", "replicates", "language"))
    deciding, precision = read_names(options["on"]), read_until(options["until"])
    amount = read_amount(options["equal_budget"])
    found = opened_together([_path(file, stopped) for file in options["scenarios"]])
    chosen_targets(found, deciding)
    wanted_precision(found, replicates, precision)
    sizes = common_sizes(found, replicates, precision)
    run_hash = output.identity(found, sizes, seed, asked=asked_for(deciding, precision, amount))
    folder = _folder(output.folder_for(names_of(found), run_hash, out), out, stopped)
    with _kept("compare", options, how, folder, run_hash, stopped) as study:
        if study is not None:
            asked: dict[str, Any] = {"on": deciding, "until": precision, "equal_budget": amount}
            result = compare_scenarios(
                found[0], found[1:], replicates=replicates, seed=seed, jobs=how.jobs, **asked, **study.means
            )
            output.save(result.runs, folder, result.tables(), language, **study.saving)
    report(folder, language, reused=study is None, quiet=how.quiet, as_json=how.json)


@dataclass(frozen=True)
class _Study:
    """What a run is given besides what was asked: progress, a cluster, what keeps its pieces.

    ``saving`` is what its results are saved with: the command's line, the hash of what was asked, and whether results
    of the same run, which are there already, give way.
    """

    means: Mapping[str, Any]
    saving: Mapping[str, Any]


@contextmanager
def _kept(
    command: str, options: Mapping[str, Any], how: _How, folder: Path, run_hash: str, stopped: Asked | None
) -> Iterator[_Study | None]:
    """Keep what is finished beside the folder while the block runs; None where the folder has the results already."""
    from simulator.study import unfinished
    from simulator.study.tally import counted

    if stopped is not None:
        unfinished.refuse_changed(stopped, run_hash, folder)
    if is_kept(folder, run_hash, options["language"], options["force"]):
        unfinished.clear_finished(folder, run_hash)
        yield None
        return
    asked = stopped or unfinished.Asked(command, options, str(Path.cwd()), str(folder), command_line(), run_hash)
    fresh = bool(options["force"]) and stopped is None
    try:
        with (
            unfinished.keeping(folder, asked, fresh=fresh) as pieces,
            counted() as shards,
            progress_bar(how.quiet) as progress,
        ):
            means = {"cluster": how.cluster, "pieces": pieces, "progress": progress}
            replaces = bool(options["force"]) or folder.exists()
            yield _Study(means, {"command": asked.line, "force": replaces, "run_hash": run_hash})
    except KeyboardInterrupt:
        if not unfinished.is_begun(folder):
            raise
        same = "" if fresh else "the same command goes on, or"
        say(f"interrupted: what is finished is kept; {same or 'go on with'}  ris resume {folder}")
        raise typer.Exit(INTERRUPTED) from None
    if shards.found and not how.quiet:
        say(counted_shards(shards.found, shards.ran, options["language"]))


def _path(name: str, stopped: Asked | None) -> Path:
    return Path(name if stopped is None else stopped.path(name))


def _folder(folder: Path, out: Path | None, stopped: Asked | None) -> Path:
    return folder if stopped is None or out is None else stopped.moved_to(out)


def is_kept(folder: Path, run_hash: str, language: str, force: bool) -> bool:
    """Return whether a folder holds this very run and may stay; says so where its figures are in another language.

    It may not where runs failed that could come through when they are tried again: for want of memory, or with their
    process. Raises InputError where it holds another run, even with ``force``.
    """
    from simulator.study import output

    kept = output.is_there(folder, run_hash) and not force
    if kept and (again := to_be_tried_again(folder)):
        say(f"runs that failed for want of memory or with their process are tried again: {again}")
        return False
    if kept and output.language_of(folder) != language:
        say(f"the figures there are in another language; --force draws them anew ({language})")
    return kept


def to_be_tried_again(folder: Path) -> int:
    """Return how many runs of the results in a folder failed but may come through another time."""
    from simulator.study.checked import items_of, json_of, mapping_of
    from simulator.study.pool import may_pass

    manifest = json_of(folder / "manifest.json")
    runs = [*items_of(manifest.get("runs")), *items_of(mapping_of(manifest.get("run")).get("beside"))]
    failures = (mapping_of(failure) for run in map(mapping_of, runs) for failure in items_of(run.get("failures")))
    return sum(may_pass(str(failure.get("message"))) for failure in failures)


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
    failures = [("", failure) for meta in runs for failure in meta["failures"]]
    beside = [one for meta in runs for one in meta.get("beside", ())]  # older results say nothing of it
    failures += [(f" ({one['name']})", failure) for one in beside for failure in one["failures"]]
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
        for which, failure in failures:
            say(f"failed{which}: draw {failure['draw']}, seed {failure['seed']}: {failure['message']}")
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
    more = len(figures) - MOST_NAMED
    names = [*figures[:MOST_NAMED], *([f"另 {more} 张" if zh else f"{more} more"] if more > 0 else [])]
    pictures = bracketed(listed(names, language), language) if names else ""
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
