"""A discovery in a terminal and in its folder: boxes in words, tables, figures, manifest."""

from __future__ import annotations

import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from simulator.report.catalogue import region_state
from simulator.report.discover_words import box_words, headline, sampled_words, verdict_words
from simulator.report.html.study_kinds import discover_words
from simulator.report.terminal import as_text
from simulator.report.words import bracketed, colon, left_out, runs_text, word
from simulator.study.study_files import (
    origin,
    plain_failures,
    plain_rows,
    remove_others,
    write_csv,
    write_parquet,
    write_words,
)

if TYPE_CHECKING:
    from simulator.study.discover import DiscoverResult

CAUSES = (
    "A box says where misses gather, not what causes them; parameters that go together can stand for each other.",
    "条件说明未完成的情形集中在哪里，并不等于原因；共同变化的参数可以互相代替。",
)
UNKNOWN = (
    "A parameter in a condition is something not known well enough, not something the city sets: it says what to find"
    " out or to watch first.",
    "条件中的参数是尚不确知的情况，并非市里可以设定：它提示应先核实、先监测什么。",
)


def discover_screen(result: DiscoverResult, language: str) -> RenderableType:
    """Return the page of a discovery."""
    meta, region = meta_of(result), result.scenario.region
    title = f"{region.name.zh if language == 'zh' else region.name.en} · "
    title += result.scenario.title.zh if language == "zh" else result.scenario.title.en
    title += bracketed("何时未完成" if language == "zh" else "when it misses", language)
    calibration = f"{word('calibration', language)}{colon(language)}{word(meta['calibration'], language)}"
    runs = runs_text(meta["completed"], meta["draws"], language)
    facts = " · ".join(f for f in (calibration, runs, meta["created"], meta["hash"][:8]) if f)
    parts: list[RenderableType] = [Text(title, style="bold"), Text(facts, style="dim")]
    if status := region_state(meta["status"], language):
        parts.append(Text(status, style="yellow"))
    lost = left_out(len(result.failures), len(result.results.design.rows), language)
    parts += [Text(line, style="red") for line in lost]
    parts += [Text(""), Text(headline(result, language), style="bold"), Text(sampled_words(result, language)), Text("")]
    for group in findings(result, language):
        parts += [*map(_hanging, group), Text("")]
    return Group(*parts, *(Text(line, style="dim") for line in notes(result, language)))


def _hanging(line: Text) -> RenderableType:
    """Return a line of which what does not fit stands as far in as where it begins."""
    bare = line.plain.lstrip()
    begins = len(line.plain) - len(bare)
    return Padding(Text(bare, style=line.style), (0, 0, 0, begins)) if begins else line


def findings(result: DiscoverResult, language: str) -> list[list[Text]]:
    """Return what each box says, then the verdict where there is one to give."""
    out = []
    for number in range(1, len(result.boxes) + 1):
        first, *rest, last = box_words(result, number, language)
        out.append([Text(first, style="bold"), *map(Text, rest), Text(last, style="dim")])
    verdict = verdict_words(result, language)
    return [*out, [Text(verdict)]] if verdict else out


def notes(result: DiscoverResult, language: str) -> list[str]:
    """Return how boxes are to be read; nothing where none was found."""
    if not result.boxes:
        return []
    zh, kinds = language == "zh", {result.factor(name).kind for found in result.boxes for name in found.box}
    out = [CAUSES[zh]]
    return [*out, UNKNOWN[zh]] if "parameter" in kinds else out


def plain_text(result: DiscoverResult, language: str) -> str:
    """Return the page as plain text, for a file."""
    return as_text(discover_screen(result, language))


def meta_of(result: DiscoverResult) -> dict[str, Any]:
    """Return what the page and the footers of figures say of the runs."""
    from simulator.study.kept import read_study

    scenario, status = result.scenario, result.scenario.region.status
    rows = result.results.design.rows
    study = read_study(result.folder) if result.folder is not None else {}
    return {
        "completed": len(result.missed),
        "draws": len({rows[k].draw for k in result.came_through}),
        "calibration": scenario.calibration,
        "created": datetime.date.today().isoformat(),
        "hash": str(study.get("hash", "")),
        "status": None if status is None else {"en": status.en, "zh": status.zh},
    }


def as_plain(result: DiscoverResult, folder: Path, language: str) -> dict[str, Any]:
    """Return a discovery as plain values for JSON."""
    return {
        "folder": str(folder),
        "verdict": result.verdict,
        "missed": float(result.missed.mean()),
        "futures": len(result.missed),
        "boxes": plain_rows(result.table()),
        "words": [box_words(result, k, language) for k in range(1, len(result.boxes) + 1)],
        **result.asked.plain(),
    }


def write_discover(result: DiscoverResult, folder: Path, language: str, command: str = "") -> Path:
    """Write tables, figures, summary and manifest into a folder, each file whole; returns the folder."""
    from simulator.report.discover_figures import draw_discover

    folder.mkdir(parents=True, exist_ok=True)
    write_csv(result.table(), folder / "boxes.csv")
    write_csv(result.trajectory(), folder / "peeling.csv")
    futures = result.futures()
    write_parquet(futures, folder / "futures.parquet")
    named = list(dict.fromkeys(name for found in result.boxes for name in found.box))
    shown = ["draw", "luck", *named, *result.asked.misses, "missed"]
    write_csv(futures[shown], folder / "futures.csv")
    drawn = draw_discover(result, folder / "figures", language)
    for pattern in ("box-*", "peeling.*"):
        remove_others(folder / "figures", pattern, drawn)
    page = partial(discover_words, result)
    write_words(plain_text(result, language), _manifest(result, language, command), folder, page=("discover", page))
    return folder


def _manifest(result: DiscoverResult, language: str, command: str) -> dict[str, Any]:
    """Return where the results come from: versions, inputs, seeds, counts and failures."""
    meta = meta_of(result)
    return {
        **origin("discover", result.scenario, language, command, meta["hash"], meta["status"]),
        "completed": meta["completed"],
        "missed": float(result.missed.mean()),
        "verdict": result.verdict,
        "failures": plain_failures(result.results.failures),
        **result.asked.plain(),
    }
