"""The report of a folder: which kind of page it gets, and the file that is written."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from simulator.core.problems import InputError, Problem
from simulator.report.html.labels import label
from simulator.report.html.study_page import is_study, study_page
from simulator.study.aside import write_aside
from simulator.study.checked import json_of

if TYPE_CHECKING:
    from jinja2 import Environment

    from simulator.study.tables import Tables

FILE = "report.html"
HERE = Path(__file__).resolve().parent


def write_report(folder: Path, language: str) -> Path:
    """Make ``report.html`` of what lies in a folder of results, in a language, and return its path.

    Raises InputError where the folder holds no results.
    """
    return _written(report_of(folder, language), folder)


def write_page(tables: Tables, language: str, manifest: dict[str, Any], folder: Path) -> Path:
    """Write the report of tables that are at hand into a folder, and return its path."""
    return _written(report_html(tables, language, manifest), folder)


def _written(text: str, folder: Path) -> Path:
    """Write a page whole or not at all."""
    write_aside(folder / FILE, text.encode())
    return folder / FILE


def report_of(folder: Path, language: str) -> str:
    """Return the report of a folder of a run, a comparison or another study; raises InputError for any other."""
    if not folder.is_dir():
        raise InputError([Problem(str(folder), 1, 1, "no such folder", "", "a folder that ris run or a study made")])
    if is_run(folder):
        tables = read_tables(folder)
        with refusing_older(folder):
            return report_html(tables, language, read_manifest(folder))
    if is_study(folder):
        return render_study(folder, language, read_manifest(folder))
    allowed = "a folder with manifest.json, study.json, validation.json or summary.txt"
    raise InputError([Problem(str(folder), 1, 1, "the folder holds no results", "", allowed)])


def render_study(folder: Path, language: str, manifest: dict[str, Any]) -> str:
    """Return the page of a study's folder whose manifest is at hand."""
    return render("study.html", language, study_page(folder, language, manifest))


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what a folder's manifest says, nothing where it has none that can be read."""
    return json_of(folder / "manifest.json")


def is_run(folder: Path) -> bool:
    """Return whether a folder holds the tables of a run or of a comparison."""
    return (folder / "indicators.parquet").is_file() and (folder / "targets.csv").is_file()


def read_tables(folder: Path) -> Tables:
    """Return the tables of a run's or a comparison's folder; raises InputError where they cannot be read."""
    from simulator.study import output

    try:
        return output.read(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"the tables cannot be read ({type(error).__name__})"
        raise InputError([Problem(str(folder), 1, 1, what, "", "an unchanged folder of ris run")]) from error


@contextmanager
def refusing_older(folder: Path) -> Iterator[None]:
    """Raise InputError where what a folder holds lacks something that a page says, as those of older versions do."""
    try:
        yield
    except KeyError as error:
        what, allowed = "the tables lack what a page needs", "results of this version: run it again"
        raise InputError([Problem(str(folder), 1, 1, what, str(error.args[0])[:60], allowed)]) from error


def report_html(tables: Tables, language: str, manifest: dict[str, Any]) -> str:
    """Return the report of a run's or a comparison's tables as HTML that needs nothing else."""
    if tables.compare is not None:
        from simulator.report.html.compare_page import compare_page

        return render("compare.html", language, compare_page(tables, language, manifest))
    from simulator.report.html.run_page import run_page

    return render("run.html", language, run_page(tables, language, manifest))


def render(template: str, language: str, page: dict[str, Any]) -> str:
    """Return a page from its template; whatever text stands in ``page`` is escaped."""
    script = (HERE / "assets" / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    def say(key: str, **given: object) -> str:
        return label(key, language, **given)

    found = environment().get_template(template)
    return found.render(
        page=page,
        zh=language == "zh",
        language="zh-CN" if language == "zh" else "en",
        t=say,
        style=Markup((HERE / "assets" / "report.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=digest,
    )


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the templates, with everything escaped that is not marked as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
