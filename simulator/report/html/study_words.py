"""What a study's page says, kept beside its tables in both languages, so that it can be made again in either."""

from __future__ import annotations

import errno
import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from simulator.report.catalogue import chosen, region_state
from simulator.report.html.blocks import plain_blocks
from simulator.report.html.labels import label
from simulator.report.words import word
from simulator.study.aside import write_aside

KEPT = "page.json"
LANGUAGES = ("en", "zh")
MOST_FAILURES = 20  # named on a page; failures.csv and the manifest have all
KINDS = ("sweep", "sensitivity", "optimise", "discover", "validation", "trials", "plan")
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)  # no fault of a page
WITHOUT_MANIFEST = KINDS[4:]  # kinds whose folders have none
Facts = list[tuple[str, str]]


@dataclass
class StudyWords:
    """What a study says in one language: what was asked, the answer, tables, charts, what is assumed, failures.

    ``asked`` and ``assumed`` are names with values; ``answer`` and ``detail`` texts and tables as a terminal shows
    them; ``folded`` such texts behind a title; ``charts`` plain values (``study_charts``); ``failures``
    pairs of message and command, None where a study has no runs of its own.
    """

    title: str
    answer: Sequence[RenderableType]
    asked: Facts = field(default_factory=list)
    detail: Sequence[RenderableType] = ()
    folded: list[tuple[str, Sequence[RenderableType]]] = field(default_factory=list)
    charts: list[dict[str, Any]] = field(default_factory=list)
    assumed: Facts = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: list[tuple[str, str]] | None = None
    status: str = ""

    def plain(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "title": self.title,
            "status": self.status,
            "asked": [list(pair) for pair in self.asked if pair[1]],
            "answer": plain_blocks(self.answer),
            "detail": plain_blocks(self.detail),
            "folded": [{"title": title, "blocks": plain_blocks(parts)} for title, parts in self.folded],
            "charts": self.charts,
            "assumed": [list(pair) for pair in self.assumed if pair[1]],
            "notes": self.notes,
            "failures": [list(pair) for pair in (self.failures or ())[:MOST_FAILURES]],
            "failed": None if self.failures is None else len(self.failures),
        }


def bullets(lines: Sequence[str | Text]) -> list[RenderableType]:
    """Return lines as texts."""
    return [line if isinstance(line, Text) else Text(line) for line in lines]


def facts(language: str, **given: str) -> Facts:
    """Return facts under their names in a language: the keys are those of labels, with spaces for underscores."""
    return [(label(f"fact {key.replace('_', ' ')}", language), value) for key, value in given.items() if value]


def failed(failures: Iterable[Any]) -> list[tuple[str, str]]:
    """Return runs that failed as message and command."""
    return [(str(f.message), str(f.command)) for f in failures]


def status_of(scenario: Any, language: str) -> str:
    """Return what a region's data are, as every page says it."""
    return region_state(scenario.region.status, language)


def assumed_of(scenario: Any, language: str) -> list[tuple[str, str]]:
    """Return what the runs of a study take for granted: calibration, switches, outside paths, overrides, status."""
    out = [(label("calibration", language), word(scenario.calibration, language))]
    for key, name in (("switches", "switch"), ("drivers", "driver"), ("assumptions", "override")):
        chosen_here = getattr(scenario, key, None) or {}
        out += [(label(name, language), chosen(key, k, v, language)) for k, v in dict(chosen_here).items()]
    return [*out, (label("status", language), status_of(scenario, language))]


def write_study_page(
    kind: str,
    words: Callable[[str], StudyWords],
    folder: Path,
    language: str,
    manifest: Mapping[str, Any] | None = None,
) -> Path | None:
    """Write ``page.json`` and ``report.html`` into a study's folder and return the page's path.

    ``manifest`` is what the folder's will say, where it is written afterwards. A fault of the page is a warning: it
    must not cost the tables of hours of runs.
    """
    if kind not in KINDS:
        raise ValueError(f"no such kind of page: {kind}")
    from simulator.report.html.page import FILE, render_study

    try:
        told: dict[str, Any] = {"kind": kind, "language": language}
        told |= {"pages": {lang: words(lang).plain() for lang in LANGUAGES}}
        if kind in WITHOUT_MANIFEST:
            told["origin"] = dict(manifest or {})
        text = json.dumps(told, ensure_ascii=False, indent=1, default=_plain_number)
        write_aside(folder / KEPT, f"{text}\n".encode())
        page = render_study(folder, language, dict(manifest or {}))
        write_aside(folder / FILE, page.encode())
    except Exception as error:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in DISK:
            raise  # the same command makes it once there is room
        warnings.warn(f"report.html was not made ({type(error).__name__}: {error}); the tables are whole", stacklevel=2)
        return None
    return folder / FILE


def _plain_number(value: Any) -> Any:
    """Return a number of numpy as one that JSON can hold."""
    return value.item() if hasattr(value, "item") else str(value)
