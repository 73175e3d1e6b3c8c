"""Commands about evidence: ``calibrate``, ``validate`` and ``evaluate``."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.commands.common import (
    GATE_FAILED,
    INPUT_WRONG,
    INTERRUPTED,
    RUNS_FAILED,
    Jobs,
    Json,
    Lang,
    Language,
    Quiet,
    Seed,
    chosen_language,
    command_line,
    dump,
    exits,
    print_page,
    print_results,
    progress_bar,
    say,
)


class Aim(StrEnum):
    """What ``ris calibrate`` can fit a region to."""

    history = "history"
    plan = "plan"


def calibrate(
    region: Annotated[str, typer.Argument(help="Region, such as qingdao.", show_default=False)],
    to: Annotated[Aim, typer.Option(help="What the parameters are fitted to.")] = Aim.history,
    runs: Annotated[
        int | None,
        typer.Option(help="Runs of the bank; those there are used [default: history 10000, plan 4000].", min=200),
    ] = None,
    seed: Seed = 0,
    jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the sample [default: calibration/posterior].")] = None,
    bank: Annotated[Path | None, typer.Option(help="Folder that banks lie in [default: outputs/bank].")] = None,
    quiet: Quiet = False,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Fit a region's parameters to its history, or find what would have to be true for its plan to come true.

    A bank of runs, then a posterior sample that `calibration: history` or `calibration: plan` draws from.
    """
    if to is Aim.plan:
        _calibrate_to_plan(region, runs, seed, jobs, out, bank, quiet, json_, lang)
        return
    with exits():
        _refuse_folders(out, bank)
        from simulator.study.calibrate import calibrate as fit_region
        from simulator.study.calibrate import posterior_predictive
        from simulator.study.posterior import load_posterior
        from simulator.study.prior_predictive import OutsidePriorError

        try:
            with progress_bar(quiet) as progress:
                done = fit_region(
                    region, runs=runs or 10_000, seed=seed, jobs=jobs, progress=progress, folder=out, parent=bank,
                    say=None if quiet else say,
                )  # fmt: skip
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

            print_page(page(done, seen, chosen_language(lang)))


def _refuse_folders(sample: Path | None, bank: Path | None) -> None:
    """Refuse places of a sample and of banks (None: the usual ones) that cannot be written, before the runs."""
    from simulator.study.bank import PARENT
    from simulator.study.output import refuse_unwritable
    from simulator.study.posterior import FOLDER

    refuse_unwritable(sample or FOLDER, bank or PARENT)


def _calibrate_to_plan(
    region: str, runs: int | None, seed: int, jobs: int | None, out: Path | None, bank: Path | None, quiet: bool,
    json_: bool, lang: Language | None,
) -> None:  # fmt: skip
    """Print what would have to be true for a region's plan to come true, and write the sample that holds it."""
    with exits():
        _refuse_folders(out, bank)
        from simulator.report.terminal_plan import plan_screen
        from simulator.study.plan_calibration import RUNS
        from simulator.study.plan_calibration import calibrate_to_plan as fit_plan

        try:
            with progress_bar(quiet) as progress:
                done = fit_plan(
                    region, runs=runs or RUNS, seed=seed, jobs=jobs, progress=progress, folder=out, parent=bank,
                    say=None if quiet else say,
                )  # fmt: skip
        except KeyboardInterrupt:
            say("interrupted: the runs so far are kept, the same command goes on")
            raise typer.Exit(INTERRUPTED) from None
        language = chosen_language(lang)
        page = _plan_page(done.manifest, out, language)
        if quiet:
            typer.echo(str(done.path))
        elif json_:
            typer.echo(dump({"path": str(done.path), **done.manifest}))
        else:
            label = {"zh": "后验样本：", "en": "posterior: "}[language]
            print_page(plan_screen(done.manifest, language), label, [done.path])
            if page is not None:
                say({"zh": "报告：", "en": "report: "}[language] + str(page))


def _plan_page(manifest: dict[str, Any], out: Path | None, language: str) -> Path | None:
    """Write the page of a fit to a plan: under outputs, or beside the sample where that has a folder of its own."""
    from functools import partial

    from simulator.report.html.study_evidence import plan_words
    from simulator.report.html.study_words import write_study_page
    from simulator.study.output import DEFAULT_PARENT
    from simulator.study.study_files import origin_of

    folder = DEFAULT_PARENT / f"{manifest['region']}-plan-fit" if out is None else out
    folder.mkdir(parents=True, exist_ok=True)
    origin = origin_of(command_line(), hash=manifest["bank"]["hash"], code=manifest["code"])
    return write_study_page("plan", partial(plan_words, manifest), folder, language, origin)


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
        from simulator.study.output import DEFAULT_PARENT, refuse_unwritable

        refuse_unwritable(DEFAULT_PARENT if out is None else out)
        from simulator.report import validation as report
        from simulator.study.validate import validate as hold

        language = chosen_language(lang)
        step = (lambda _: None) if quiet else (lambda line: say(report.step_line(line, language)))
        found = hold(region, jobs=jobs, say=step)
        folder = DEFAULT_PARENT / f"{found.region}-validation" if out is None else out
        page = report.save_validation(found, folder, language, command_line())
        if out is None:
            report.keep_gates(found)
        if json_:
            typer.echo(dump(report.plain(found) | {"page": str(page)}))
        elif quiet:
            typer.echo(str(page))
        else:
            print_page(report.validation_screen(found, language), {"zh": "页面：", "en": "page: "}[language], [page])
        if not found.ok:
            say(report.failed_line(found, language))
            raise typer.Exit(GATE_FAILED)


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
        from simulator.study.output import DEFAULT_PARENT, refuse_unwritable

        refuse_unwritable(DEFAULT_PARENT if out is None else out)
        from simulator.report import trial_page
        from simulator.study.trials import evaluate as run_trials
        from simulator.study.trials import identity, load_trials

        language = chosen_language(lang)
        if not all_ and not trial:
            known = trial_page.trial_list(load_trials()[1], language)
            say(trial_page.asks_for_trial(known, language))
            raise typer.Exit(INPUT_WRONG)
        names = [] if all_ else list(trial or ())
        with progress_bar(quiet) as progress:
            result = run_trials(names, jobs=jobs, seed=seed, progress=progress)
        known = identity(names, seed, result.calibration)
        folder = DEFAULT_PARENT / f"trials-{known}" if out is None else out
        files = trial_page.save(result, folder, language, command_line(), known)
        for line in result.failed:
            say(f"{'失败：' if language == 'zh' else 'failed: '}{line}")
        print_results(
            folder, language, quiet=quiet, as_json=json_, files=files,
            plain=lambda: {"folder": str(folder), **trial_page.as_plain(result)},
            screen=lambda: trial_page.screen(result, language),
        )  # fmt: skip
        if result.failed:
            raise typer.Exit(RUNS_FAILED)
