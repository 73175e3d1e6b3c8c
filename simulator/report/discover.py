"""A discovery in a terminal and in its folder: boxes in words, tables, figures, manifest."""

from __future__ import annotations

import datetime
import io
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from simulator.report.discover_words import box_words, headline, sampled_words, verdict_words
from simulator.report.words import bracketed, colon, runs_text, word
from simulator.study import output

if TYPE_CHECKING:
    from simulator.study.discover import DiscoverResult

SUMMARY_WIDTH = 100


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
    if status := (meta["status"] or {}).get(language):
        parts.append(Text(status, style="yellow"))
    parts += [Text(""), Text(headline(result, language), style="bold"), Text(sampled_words(result, language)), Text("")]
    for number in range(1, len(result.boxes) + 1):
        first, *rest = box_words(result, number, language)
        parts += [Text(first, style="bold"), *(Text(line) for line in rest[:-1]), Text(rest[-1], style="dim"), Text("")]
    if verdict := verdict_words(result, language):
        parts += [Text(verdict), Text("")]
    if result.boxes:
        note = (
            "条件说明未完成的情形集中在哪里，并不等于原因；共同变化的参数可以互相代替。"
            if language == "zh"
            else "A box says where misses gather, not what causes them; parameters that go together can stand for each"
            " other."
        )
        parts.append(Text(note, style="dim"))
    return Group(*parts)


def plain_text(result: DiscoverResult, language: str) -> str:
    """Return the page as plain text, for a file."""
    out = Console(file=io.StringIO(), width=SUMMARY_WIDTH, highlight=False, no_color=True, legacy_windows=False)
    out.print(discover_screen(result, language))
    return str(out.file.getvalue())  # type: ignore[attr-defined]


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
    table = json.loads(result.table().to_json(orient="records", double_precision=15, force_ascii=False))
    return {
        "folder": str(folder),
        "verdict": result.verdict,
        "missed": float(result.missed.mean()),
        "futures": len(result.missed),
        "boxes": table,
        "words": [box_words(result, k, language) for k in range(1, len(result.boxes) + 1)],
        **result.asked.plain(),
    }


def write_discover(result: DiscoverResult, folder: Path, language: str, command: str = "") -> Path:
    """Write tables, figures, summary and manifest into a folder, each file whole; returns the folder."""
    from simulator.report.discover_figures import draw_discover

    folder.mkdir(parents=True, exist_ok=True)
    _put(folder / "boxes.csv", lambda path: output.write_csv(result.table(), path))
    _put(folder / "peeling.csv", lambda path: output.write_csv(result.trajectory(), path))
    futures = result.futures()
    _put(folder / "futures.parquet", lambda path: _write_parquet(futures, path))
    named = list(dict.fromkeys(name for found in result.boxes for name in found.box))
    shown = ["draw", "luck", *named, *result.asked.misses, "missed"]
    _put(folder / "futures.csv", lambda path: output.write_csv(futures[shown], path))
    draw_discover(result, folder / "figures", language)
    text = plain_text(result, language)
    _put(folder / "summary.txt", lambda path: path.write_text(text, encoding="utf-8"))
    manifest = json.dumps(_manifest(result, language, command), indent=1, ensure_ascii=False)
    _put(folder / "manifest.json", lambda path: path.write_text(manifest + "\n", encoding="utf-8"))
    return folder


def _put(path: Path, write: Callable[[Path], Any]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_parquet(table: Any, path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    made = pyarrow.Table.from_pandas(table, preserve_index=False, nthreads=1).replace_schema_metadata(None)
    parquet.write_table(made, path, compression="zstd", store_schema=False)


def _manifest(result: DiscoverResult, language: str, command: str) -> dict[str, Any]:
    """Return where the results come from: versions, inputs, seeds, counts and failures."""
    versions = {"python": platform.python_version(), "simulator": output._version("ris-simulator")}
    versions |= {name: output._version(name) for name in output.PACKAGES}
    meta, scenario = meta_of(result), result.scenario
    return {
        "hash": meta["hash"],
        "kind": "discover",
        "created": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": command,
        "commit": output.commit(),
        "code": output.code_hash(),
        "versions": versions,
        "inputs": {output._shown(f): output.digest(f.read_bytes()) for f in sorted(set(output.input_files(scenario)))},
        "language": language,
        "scenario": output._shown(Path(scenario.path)),
        "fingerprint": scenario.fingerprint(),
        "status": meta["status"],
        "calibration": scenario.calibration,
        "completed": meta["completed"],
        "missed": float(result.missed.mean()),
        "verdict": result.verdict,
        "failures": [{"row": f.row, "message": f.message, "command": f.command} for f in result.results.failures],
        **result.asked.plain(),
    }
