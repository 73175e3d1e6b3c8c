"""The table of a study's folder, the runs that failed, and how each is run again."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Problem
from simulator.study.checked import fused, inside, refused
from simulator.study.design import Design, changed
from simulator.study.kept import SCENARIOS, copy_region, plain
from simulator.study.output import CSV_ENCODING, HASH_DIGITS, digest, write_scenario
from simulator.study.replicates import (
    SEED_STRIDE,
    TOLERATED_FAILURES,
    StudyError,
    in_python,
    load_scenario,
    parameters_of,
)
from simulator.study.shards import FAILURES, write_failures, write_results

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.simulate import Run

SHOWN = 3  # failures in a message
_FAILED = "failed"


@dataclass(frozen=True)
class Failed:
    """A row that raised or gave something that is not a number, and the command that runs it again."""

    row: int
    message: str
    command: str


_designs: dict[Path, dict[str, tuple[Design, np.ndarray, dict[int, str]]]] = {}  # by folder, those run in this process


def record(design: Design, folder: Path | None, values: np.ndarray, messages: Mapping[int, str]) -> tuple[Failed, ...]:
    """Write the table and the failures of everything that was run in a folder; return the failures of a design."""
    if folder is None:
        return tuple(Failed(n, message, _command_alone(design, n)) for n, message in messages.items())
    here = _designs.setdefault(folder.resolve(), {})
    mine = digest(" ".join(design.hashes).encode())
    here[mine] = (design, values, dict(messages))
    write_results(folder, [(d, v) for d, v, _ in here.values()])
    records: list[dict[str, Any]] = []
    failures: tuple[Failed, ...] = ()
    before = 0
    for k, (key, (one, _, said)) in enumerate(here.items()):
        rows = [_failure(one, folder, k, before, n, message) for n, message in said.items()]
        records += rows
        if key == mine:
            failures = tuple(Failed(n, r["message"], r["command"]) for n, r in zip(said, rows, strict=True))
        before += len(one.rows)
    write_failures(folder, records)
    if not records:
        shutil.rmtree(folder / _FAILED, ignore_errors=True)  # of an earlier attempt
    return failures


def _failure(design: Design, folder: Path, number: int, before: int, n: int, message: str) -> dict[str, Any]:
    """Return what is written of a failed row, with a copy of its scenario; rows are numbered as in the table."""
    row, scenario = design.rows[n], design.scenarios[design.rows[n].scenario]
    file = Path(_FAILED) / scenario.fingerprint()[:HASH_DIGITS] / f"{scenario.name}.yaml"
    if not (folder / file).is_file():
        copy_region(scenario, folder / SCENARIOS)
        write_scenario(scenario, folder / file)  # last: where it lies, its region does
    code = f"from simulator.study.runner import replay; replay({str(folder)!r}, {before + n})"
    return {
        "row": before + n,
        "design": number,
        "scenario": scenario.name,
        "draw": row.draw,
        "luck": row.luck,
        "seed": design.seed,
        "message": message,
        "command": in_python(code),
        "changes": json.dumps(plain(dict(row.changes))),
        "file": file.as_posix(),
    }


def _command_alone(design: Design, n: int) -> str:
    row = design.rows[n]
    return row_again(design.scenarios[row.scenario], dict(row.changes), row.draw, row.luck, design.seed)


def row_again(scenario: Scenario, changes: Mapping[str, Any], draw: int, luck: int, seed: int) -> str:
    """Return the command that runs one row again from its scenario's file."""
    call = f"{str(scenario.path)!r}, {plain(dict(changes))!r}, {draw}, {luck}, {seed}"
    return in_python(f"from simulator.study.runner import replay_row; replay_row({call})")


def replay(folder: str | Path, row: int) -> Run:
    """Run a failed row of a study's folder again in this process; whatever it raises comes through."""
    path = Path(folder) / FAILURES
    records: dict[int, dict[str, str]] = {}
    if path.is_file():
        with path.open(encoding=CSV_ENCODING, newline="") as file:
            records = _records(path, csv.DictReader(file))
    if row not in records:
        among = ", ".join(map(str, list(records)[:20])) or "none"
        raise InputError([Problem(str(path), 1, 1, "this row has not failed", str(row), f"rows that failed: {among}")])
    one = records[row]
    try:
        numbers = [int(one[name]) for name in ("draw", "luck", "seed")]
        changes = dict(json.loads(fused(one["changes"])))
    except (KeyError, ValueError, TypeError, RecursionError):
        raise refused(path, "a row that cannot be read", str(row)) from None
    return replay_row(inside(Path(folder), fused(one.get("file"))), changes, *numbers)


def _records(path: Path, rows: Iterable[dict[str, str]]) -> dict[int, dict[str, str]]:
    try:
        return {int(record["row"]): record for record in rows}
    except (KeyError, ValueError, TypeError, csv.Error):  # bytes that are no UTF-8 too
        raise refused(path, "not the table of failures") from None


def replay_row(path: str | Path, changes: Mapping[str, Any], draw: int, luck: int, seed: int) -> Run:
    """Run one row again in this process: a scenario file, what the row changes, its draw, luck and seed."""
    from simulator.simulate import simulate

    scenario: Scenario = load_scenario(path)
    values = parameters_of(scenario, draw, seed)
    return simulate(changed(scenario, changes), values, seed * SEED_STRIDE + luck)


def refuse(failures: Sequence[Failed], count: int, folder: Path | None) -> None:
    """Raise StudyError where more than one run in twenty failed."""
    if len(failures) <= TOLERATED_FAILURES * count:
        return
    lines = [f"{len(failures)} of {count} runs failed: nothing is concluded from the rest"]
    lines += [f"  row {f.row}: {f.message}\n    {f.command}" for f in failures[:SHOWN]]
    if folder is not None:
        lines.append(f"  all of them: {folder / FAILURES}")
    raise StudyError("\n".join(lines))
