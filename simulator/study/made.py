"""The committed tables of ``calibration``: writing them, what they were made with, and whether that is as it was."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from simulator.study.aside import replacing, write_aside
from simulator.study.output import ROOT, digest, model_hash
from simulator.study.targets import CALIBRATION

FILE = CALIBRATION / "made.json"
State = Literal["current", "stale", "unknown", "absent"]


def scenarios_digest(region: str, folder: Path | None = None) -> str:
    """Return the SHA-256 over a region's scenarios and data."""
    home = (ROOT / "scenarios" if folder is None else folder) / region
    files = sorted(f for f in home.rglob("*") if f.suffix in (".yaml", ".csv"))
    return digest("\n".join(f"{f.relative_to(home).as_posix()} {digest(f.read_bytes())}" for f in files).encode())


def write_rows(
    path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], apart: Sequence[str] = ()
) -> None:
    """Write a table; with columns ``apart``, rows that are there and differ from all new ones in these stay, above."""
    old: list[dict[str, str]] = []
    if apart and path.is_file():
        new = {tuple(row[c] for c in apart) for row in rows}
        with path.open(encoding="utf-8-sig", newline="") as file:
            old = [row for row in csv.DictReader(file) if tuple(row[c] for c in apart) not in new]
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*old, *rows])


def record(table: Path, regions: Sequence[str], file: Path = FILE, *, beside: bool = False, **more: Any) -> None:
    """Write down what a table was just made with: the model's code, the regions' files, and ``more``.

    With ``beside``, what is known of other regions, whose rows stay, stays too where the model is the same.
    """
    known, model = _read(file), model_hash()
    before = known.get(table.name, {})
    others = before["scenarios"] if beside and before.get("model") == model else {}
    known[table.name] = {"model": model, "scenarios": {**others, **{r: scenarios_digest(r) for r in regions}}, **more}
    write_aside(file, (json.dumps(known, indent=1, sort_keys=True) + "\n").encode())


def state_of(table: Path, region: str, file: Path = FILE) -> State:
    """Return whether a table is of the model and the region's files as they are; ``unknown`` where nobody wrote down.

    Any edit of the model's code counts, one that moves no figure too.
    """
    if not table.is_file():
        return "absent"
    found = _read(file).get(table.name)
    if found is None:
        return "unknown"
    same = found["model"] == model_hash() and found["scenarios"].get(region) == scenarios_digest(region)
    return "current" if same else "stale"


def made_with(table: Path, file: Path = FILE) -> dict[str, Any]:
    """Return what was written down when a table was made; nothing where nobody did."""
    return dict(_read(file).get(table.name, {}))


def _read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}
