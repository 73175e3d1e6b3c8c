"""The report of a folder: which kind of page it gets, and the file that is written."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from simulator.core.problems import InputError, Problem
from simulator.report.html.labels import label
from simulator.report.html.study_page import is_study, study_page

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
    path = folder / FILE
    part = path.with_name(f".{os.getpid()}.{FILE}")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def report_of(folder: Path, language: str) -> str:
    """Return the report of a folder of a run, a comparison or another study; raises InputError for any other."""
    from simulator.study import output

    if not folder.is_dir():
        raise InputError([Problem(str(folder), 1, 1, "no such folder", "", "a folder that ris run or a study made")])
    if (folder / "indicators.parquet").is_file() and (folder / "targets.csv").is_file():
        manifest = read_manifest(folder)
        try:
            tables = output.read(folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            what = f"the tables cannot be read ({type(error).__name__})"
            raise InputError([Problem(str(folder), 1, 1, what, "", "an unchanged folder of ris run")]) from error
        return report_html(tables, language, manifest)
    if is_study(folder):
        return render("study.html", language, study_page(folder, language, read_manifest(folder)))
    allowed = "a folder with manifest.json, study.json, validation.json or summary.txt"
    raise InputError([Problem(str(folder), 1, 1, "the folder holds no results", "", allowed)])


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what a folder's manifest says, nothing where it has none that can be read."""
    with suppress(OSError, ValueError):
        found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


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
