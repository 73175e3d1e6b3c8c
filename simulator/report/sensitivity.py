"""A sensitivity study in a terminal and in its folder: what each outcome hangs on, in words."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from simulator.report.board import records
from simulator.report.catalogue import region_state
from simulator.report.html.study_kinds import sensitivity_words
from simulator.report.sensitivity_words import (
    KEYS,
    effort_text,
    factor_text,
    failed_text,
    floor_meaning,
    grade_text,
    outcome_title,
    ranges_text,
    size_meaning,
    size_text,
)
from simulator.report.terminal import as_text
from simulator.report.words import apart, bracketed, colon, figure, listed
from simulator.study import output
from simulator.study.aside import replacing
from simulator.study.study_files import (
    inputs_when_begun,
    plain_failures,
    plain_rows,
    versions,
    write_csv,
    write_words,
)

if TYPE_CHECKING:
    from simulator.study.sensitivity import SensitivityResult

SHOWN = 3  # factors named for each outcome


def screen(result: SensitivityResult, language: str) -> RenderableType:
    """Return for each outcome the factors that matter most, and how many are under the floor."""
    meta, zh = result.meta, language == "zh"
    head = f"{meta['region_name'][language]} · {meta['title'][language]}{colon(language)}"
    parts: list[RenderableType] = [
        Text(head + ("各项结果取决于什么" if zh else "what its outcomes hang on"), style="bold"),
        Text(effort_text(meta, language), style="dim"),
    ]
    parts += [Text(line, style="dim") for line in (ranges_text(meta, language),) if line]
    if status := region_state(meta.get("status"), language):
        parts.append(Text(status, style="yellow"))
    if failed := failed_text(meta, language):
        parts.append(Text(failed, style="yellow"))
    for about in meta["outcomes"]:
        parts += _outcome(result, about, language)
    parts += [
        Text(""),
        Text(size_meaning(meta, language), style="dim"),
        Text(floor_meaning(meta, language), style="dim"),
    ]
    return Group(*parts)


def _outcome(result: SensitivityResult, about: dict[str, Any], language: str) -> list[RenderableType]:
    frame, zh, method = result.frame, language == "zh", result.meta["method"]
    frame = frame[frame["outcome"] == about["id"]]
    rows = records(frame[frame["of"] == "mean"])
    title = Text(outcome_title(about, language), style="bold")
    if not any(math.isfinite(row[KEYS[method]]) for row in rows):
        return [Text(""), title, Text("  " + ("未计算" if zh else "not computed"), style="dim")]
    if math.isfinite(about["level"]):
        title.append(f"{colon(language)}{figure(about['level'], about['unit'], language)}", style="dim")
    above = [row for row in rows if row["above_floor"]]
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for row in above[:SHOWN]:
        line = Text(factor_text(row, language))
        if row["grade"]:
            line.append(bracketed(grade_text(row["grade"], language), language), style="dim")
        table.add_row(_size(row, about, method, language), line)
    shown: list[RenderableType] = [Text(""), title, Padding(table, (0, 0, 0, 2))]
    return [*shown, Text("  " + _under(rows, about, method, language), style="dim"), *_spread(frame, language)]


def _size(row: dict[str, Any], about: dict[str, Any], method: str, language: str) -> str:
    text = size_text(row[KEYS[method]], about["unit"], method, language, row["sign"] if method == "morris" else 0)
    if method == "sobol" and row["sign"]:
        text += " ↑" if row["sign"] > 0 else " ↓"
    return text


def _under(rows: list[dict[str, Any]], about: dict[str, Any], method: str, language: str) -> str:
    """Return which share of the factors is under the floor, and the floor."""
    judged = [row for row in rows if math.isfinite(row[KEYS[method]])]
    lost = sum(row["factors"] for row in rows) - sum(row["factors"] for row in judged)
    rows, total = judged, sum(row["factors"] for row in judged)
    under = sum(row["factors"] for row in rows if not row["above_floor"])
    floor = rows[0]["floor"]
    if all(row[KEYS[method]] <= 0.0 for row in rows):
        return f"{total} 个因素均不影响该结果" if language == "zh" else f"none of the {total} factors moves it"
    level = apart(floor, about["unit"], language) if method == "morris" else f"{100.0 * floor:.2g} %"
    share = f"{100.0 * under / total:.0f} %"
    if language == "zh":
        lead = "没有因素高于噪声底线；" if under == total else ""
        return f"{lead}{total} 个因素中有 {under} 个（{share}）低于噪声底线（{level}）{_lost(lost, language)}"
    lead = "nothing stands above the floor: " if under == total else ""
    return f"{lead}{under} of {total} factors ({share}) are under the floor of {level}{_lost(lost, language)}"


def _lost(count: int, language: str) -> str:
    """Return how many factors failed runs left without an index, empty for none."""
    if not count:
        return ""
    if language == "zh":
        return f"；另有 {count} 个因素因运行失败无法判断"
    return f"; failed runs leave {count} more unjudged"


def _spread(frame: Any, language: str) -> list[RenderableType]:
    """Return the factors that move how far futures with the same factors lie apart, where any is above the floor."""
    mine = [row for row in records(frame[frame["of"] == "spread"]) if row["above_floor"]][:SHOWN]
    if not mine:
        return []
    lead = "不同运气之间的离散程度取决于" if language == "zh" else "how far luck drives futures apart hangs on "
    return [Text(f"  {lead}{listed((str(row['factor']) for row in mine), language)}", style="dim")]


def plain_text(result: SensitivityResult, language: str) -> str:
    """Return the page as plain text, for a file."""
    return as_text(screen(result, language))


def as_plain(result: SensitivityResult) -> dict[str, Any]:
    """Return the results as plain values for JSON; what is not a number is null."""
    failures = plain_failures(result.failures)
    return {"folder": str(result.folder), "run": result.meta, "indices": plain_rows(result.frame), "failures": failures}


def save(result: SensitivityResult, folder: Path, language: str, command: str = "") -> Path:
    """Write tables, figures, summary and manifest into a folder, each file whole; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(result.frame, folder / "sensitivity.csv")
    with replacing(folder / "sensitivity.parquet") as part:
        result.frame.to_parquet(part, index=False)
    result.plot(folder / "figures", language)
    manifest = manifest_of(result, command) | {"language": language}
    page = partial(sensitivity_words, result)
    write_words(plain_text(result, language), manifest, folder, page=("sensitivity", page))
    return folder


def manifest_of(result: SensitivityResult, command: str) -> dict[str, Any]:
    """Return where the results come from."""
    meta = {key: value for key, value in result.meta.items() if key not in ("hash", "created")}
    return {
        "hash": result.meta["hash"],
        "created": result.meta["created"],
        "command": command,
        "commit": output.commit(),
        "status": result.meta["status"],
        "code": output.code_hash(),
        "versions": versions("SALib"),
        "inputs": inputs_when_begun(result.meta["hash"], result.scenario),
        "run": meta,
        "failures": plain_failures(result.failures),
    }
