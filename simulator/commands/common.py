"""What commands share: options, languages, exit codes, progress, printing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.core.problems import InputError

if TYPE_CHECKING:
    from simulator.study.replicates import Progress

INPUT_WRONG, RUNS_FAILED, GATE_FAILED, INTERRUPTED = 2, 3, 4, 130


class Language(StrEnum):
    """Languages that results are written in."""

    en = "en"
    zh = "zh"


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


def chosen_language(lang: Language | None) -> str:
    """Return the language that was asked for, else that of the locale."""
    return lang.value if lang else locale_language()


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
        say("interrupted: the same command makes what is missing")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:  # the reader has gone (a pager, head): no more to say
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - must outlive this function
        raise typer.Exit(0) from None
    except OSError as error:  # a full disk, a folder that is read-only now, a file that went away
        say(f"{error.filename2 or error.filename or 'stopped'}: {error.strerror or error}")
        raise typer.Exit(RUNS_FAILED) from None
    except MemoryError:
        say("not enough memory: with fewer jobs (--jobs 1) the same command may come through")
        raise typer.Exit(RUNS_FAILED) from None
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

    from simulator.report.progress import terminal_bar

    with terminal_bar(Console(stderr=True)) as advance:
        yield advance


def counted_shards(found: int, ran: int, language: str) -> str:
    """Return how many finished parts of a study were there, and how many were run."""
    if language == "zh":
        return f"分片：共 {found + ran} 个，已有 {found} 个（未重新运行），本次运行 {ran} 个"
    return f"shards: {found + ran}; {found} were there and were not run again, {ran} were run"


def print_page(screen: Any, label: str = "", files: Iterable[Path] = ()) -> None:
    """Print a screen, and under its label where the files are."""
    from simulator.report.terminal import console

    console().print(screen)
    if label:
        typer.echo(label + ", ".join(str(file) for file in files))


def print_results(
    folder: Path,
    language: str,
    *,
    quiet: bool,
    as_json: bool,
    plain: Callable[[], Any],
    screen: Callable[[], Any],
    files: Iterable[Path] | None = None,
) -> None:
    """Print results as JSON, or their folder alone, or their screen and under it where the files are."""
    if as_json:
        typer.echo(dump(plain()))
    elif quiet:
        typer.echo(str(folder))
    else:
        label = {"zh": "结果：", "en": "results: "}[language]
        print_page(screen(), label, [folder] if files is None else files)


def dump(value: Any) -> str:
    """Return plain values as JSON."""
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False, default=str)


def command_line(arguments: Sequence[str] | None = None) -> str:
    """Return the command as it was typed."""
    import shlex

    return "ris " + shlex.join(sys.argv[1:] if arguments is None else arguments)
