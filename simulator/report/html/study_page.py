"""The report of a study that is neither a run nor a comparison: its summary, its tables, its pictures."""

from __future__ import annotations

import base64
import csv
from contextlib import suppress
from pathlib import Path
from typing import Any

from simulator.report.html.labels import LABELS, label
from simulator.study.checked import items_of, json_of, mapping_of

MOST_ROWS, MOST_COLUMNS = 150, 40  # of a table on the page; the file has all
MOST_PICTURES = 3_300_000  # bytes of pictures, which base64 makes a third larger
MOST_BYTES = 2_000_000  # of a table that is read
SHORT = 120  # characters of a cell
STUDY, VALIDATION, SUMMARY = "study.json", "validation.json", "summary.txt"


def is_study(folder: Path) -> bool:
    """Return whether a folder holds the results of a study."""
    return any((folder / name).is_file() for name in (VALIDATION, SUMMARY))


def study_page(folder: Path, language: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what the template of a study shows: summary, gates of a validation, pictures, tables, origin."""
    pictures, left = pictures_of(folder)
    page = study_facts(folder, language, manifest) | {"tables": tables_of(folder, language)}
    return page | {"pictures": pictures, "pictures_left": left}


def study_facts(folder: Path, language: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what a study's folder says in words: its title, summary, gates, notes and origin."""
    study, found = json_of(folder / STUDY), json_of(folder / VALIDATION)
    kind = str(study.get("kind") or ("validation" if found else "trials" if (folder / "trials.csv").is_file() else ""))
    key = f"kind {kind}"
    named = label(key, language) if key in LABELS else label("kind study", language)
    text = ""
    with suppress(OSError, UnicodeDecodeError):
        text = (folder / SUMMARY).read_text(encoding="utf-8")
    status = manifest.get("status") or mapping_of(manifest.get("run")).get("status")
    names = items_of(study.get("names")) or [found.get("region") or folder.name]
    return {
        "kind": kind or "study",
        "title": f"{named} · {' · '.join(map(str, names))}",
        "status": mapping_of(status).get(language, ""),
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
