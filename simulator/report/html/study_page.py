"""The report of a study that is neither a run nor a comparison: its summary, its tables, its pictures."""

from __future__ import annotations

import base64
import csv
from contextlib import suppress
from pathlib import Path
from typing import Any

from simulator.report.catalogue import region_state
from simulator.report.html.blocks import rich_blocks
from simulator.report.html.labels import LABELS, label
from simulator.report.html.rich_html import all_html
from simulator.report.html.study_charts import drawn
from simulator.report.html.study_words import KEPT
from simulator.study.checked import items_of, json_of, mapping_of

MOST_ROWS, MOST_COLUMNS = 150, 40  # of a table on the page; the file has all
MOST_PICTURES = 3_300_000  # bytes of pictures, which base64 makes a third larger
MOST_BYTES = 2_000_000  # of a table that is read
SHORT = 120  # characters of a cell
MOST_FILES = 200  # named on a page
STUDY, VALIDATION, SUMMARY = "study.json", "validation.json", "summary.txt"


def is_study(folder: Path) -> bool:
    """Return whether a folder holds the results of a study."""
    return any((folder / name).is_file() for name in (VALIDATION, SUMMARY, KEPT))


def study_page(folder: Path, language: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what the template of a study shows: its words and charts, gates of a validation, pictures, origin.

    A folder of an older version has no words: its summary and its tables stand as they are.
    """
    kept = json_of(folder / KEPT)
    told = mapping_of(mapping_of(kept.get("pages")).get(language))
    page = study_facts(folder, language, manifest or mapping_of(kept.get("origin"))) | words_of(told)
    if told:
        kind = str(kept.get("kind"))
        page |= {
            "kind": kind,
            "title": f"{kind_name(kind, language)} · {told.get('title', '')}",
            "text": "",
            "notes": [],
            "gates": [],
        }
        page["status"] = str(told.get("status") or page["status"])
    drawn_in = kept.get("language", manifest.get("language", language))
    pictures, left = pictures_of(folder) if drawn_in == language else ([], [])
    page |= {"pictures": pictures, "pictures_left": left, "tables": [] if told else tables_of(folder, language)}
    page["figures_note"] = "" if drawn_in == language or not picture_files(folder) else _elsewhere(folder, language)
    return page | {"files": files_of(folder) if told else []}


def kind_name(kind: str, language: str) -> str:
    """Return what a kind of study is called; one that is not known is a study."""
    key = f"kind {kind}"
    return label(key if key in LABELS else "kind study", language)


def _elsewhere(folder: Path, language: str) -> str:
    """Return how figures that are in the other language can be had in this one."""
    key = "figures elsewhere" if (folder / STUDY).is_file() else "figures other"
    return label(key, language, folder=folder.name, lang=language)


def words_of(told: dict[str, Any]) -> dict[str, Any]:
    """Return the kept words of a study as a template shows them; whatever is not as it was written is left out."""

    def pairs(key: str) -> list[tuple[str, str]]:
        return [(str(p[0]), str(p[1])) for p in items_of(told.get(key)) if isinstance(p, list) and len(p) == 2]

    failed = told.get("failed")
    return {
        "told": bool(told),
        "asked": pairs("asked"),
        "answer": all_html(rich_blocks(told.get("answer")), sortable=False),
        "detail": all_html(rich_blocks(told.get("detail"))),
        "folded": [
            {"title": str(f.get("title", "")), "body": all_html(rich_blocks(f.get("blocks")))}
            for f in map(mapping_of, items_of(told.get("folded")))
        ],
        "charts": drawn(told.get("charts")),
        "assumed": pairs("assumed"),
        "remarks": [str(x) for x in items_of(told.get("notes"))],
        "failures": pairs("failures"),
        "failed": failed if isinstance(failed, int) else None,
    }


def files_of(folder: Path) -> list[tuple[str, str]]:
    """Return the tables and figures of a folder with their sizes."""
    found = [f for f in sorted(folder.rglob("*")) if f.suffix in (".csv", ".parquet", ".png") and f.is_file()]
    own = [f for f in found if f.relative_to(folder).parts[0] not in ("scenarios", "shards")]
    return [(f.relative_to(folder).as_posix(), _size(f.stat().st_size)) for f in own[:MOST_FILES]]


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(count, 1000) / 1e3:.0f} kB"


def study_facts(folder: Path, language: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what a study's folder says in words: its title, summary, gates, notes and origin."""
    study, found = json_of(folder / STUDY), json_of(folder / VALIDATION)
    kind = str(study.get("kind") or ("validation" if found else "trials" if (folder / "trials.csv").is_file() else ""))
    text = ""
    with suppress(OSError, UnicodeDecodeError):
        text = (folder / SUMMARY).read_text(encoding="utf-8")
    status = manifest.get("status") or mapping_of(manifest.get("run")).get("status")
    names = items_of(study.get("names")) or [found.get("region") or folder.name]
    return {
        "kind": kind or "study",
        "title": f"{kind_name(kind, language)} · {' · '.join(map(str, names))}",
        "status": region_state(mapping_of(status), language),
        "text": text.rstrip(),
        "gates": gate_groups(found, language),
        "notes": [str(x) for x in items_of(found.get("notes_zh" if language == "zh" else "notes"))],
        "again": _origin(manifest, study),
    }


def gate_groups(found: dict[str, Any], language: str) -> list[dict[str, Any]]:
    """Return the gates of a validation by group."""
    rows = [g for g in items_of(found.get("gates")) if isinstance(g, dict)]
    if not rows:
        return []
    from simulator.study.gates import GROUPS

    key = "name_zh" if language == "zh" else "name"
    out = []
    for group in dict.fromkeys(str(g.get("group")) for g in rows):
        title = GROUPS[group][language] if group in GROUPS else group
        mine = [{**g, "name": g.get(key) or g.get("name")} for g in rows if str(g.get("group")) == group]
        out.append({"title": title, "rows": mine})
    return out


def picture_files(folder: Path) -> list[Path]:
    """Return the pictures of a folder, then those among its figures."""
    return [*sorted(folder.glob("*.png")), *sorted((folder / "figures").glob("*.png"))]


def pictures_of(folder: Path) -> tuple[list[dict[str, str]], list[str]]:
    """Return a folder's pictures for the page, and the names of those for which there was no room."""
    out, left, room = [], [], MOST_PICTURES
    for file in picture_files(folder):
        size = file.stat().st_size
        if size > room:
            left.append(file.name)
            continue
        room -= size
        data = base64.b64encode(file.read_bytes()).decode()
        out.append({"name": file.stem, "src": f"data:image/png;base64,{data}"})
    return out, left


def tables_of(folder: Path, language: str) -> list[dict[str, Any]]:
    """Return the tables of a folder, cut to what a page can show."""
    out = []
    for file in sorted(folder.glob("*.csv")):
        if file.stat().st_size > MOST_BYTES:
            continue
        with suppress(OSError, UnicodeDecodeError, csv.Error), file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.reader(lines))
            if len(rows) > 1:
                out.append(_table(file.name, rows, language))
    return out


def _table(name: str, rows: list[list[str]], language: str) -> dict[str, Any]:
    head, body = rows[0], [r for r in rows[1:] if r]
    kept = [k for k in range(len(head)) if any(k < len(r) and r[k].strip() for r in body)][:MOST_COLUMNS]
    shown = [[_cell(r[k]) if k < len(r) else "" for k in kept] for r in body[:MOST_ROWS]]
    more = label("rows left out", language, shown=MOST_ROWS, all=len(body)) if len(body) > MOST_ROWS else ""
    numeric = [all(_number(line[k]) is not None for line in shown if line[k]) for k in range(len(kept))]
    return {"name": name, "head": [head[k] for k in kept], "rows": shown, "numeric": numeric, "more": more}


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _cell(text: str) -> str:
    """Return a cell as the page shows it: figures with five digits, long texts cut."""
    value = _number(text)
    if value is None or not text.strip():
        return text if len(text) <= SHORT else text[: SHORT - 1] + "…"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:.4g}"


def _origin(manifest: dict[str, Any], study: dict[str, Any]) -> dict[str, Any]:
    seed = manifest.get("seed", mapping_of(manifest.get("run")).get("seed", ""))
    code = manifest.get("model") or study.get("model")
    return again(manifest, {"hash": study.get("hash") or "", "code": code, "seed": seed})


def again(manifest: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Return how to run it again, hash, versions and input files; ``known`` has what the manifest lacks."""
    versions = {k: v for k, v in mapping_of(manifest.get("versions")).items() if v}
    return {
        "command": manifest.get("command") or "",
        "hash": manifest.get("hash") or known.get("hash", ""),
        "commit": manifest.get("commit") or "",
        "code": manifest.get("code") or known.get("code") or "",
        "created": manifest.get("created") or known.get("created", ""),
        "versions": " · ".join(f"{k} {v}" for k, v in versions.items()),
        "inputs": sorted((file, str(digest)) for file, digest in mapping_of(manifest.get("inputs")).items()),
        "seed": known.get("seed", ""),
        "runs": known.get("completed", ""),
    }
