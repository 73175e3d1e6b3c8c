"""What the folders of studies share: files written whole, and in their manifests where the results come from."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.study import output, reproduce_environment
from simulator.study.aside import clear_parts, replacing, write_aside
from simulator.study.checked import json_of

if TYPE_CHECKING:
    import pandas

    from simulator.report.html.study_words import StudyWords
    from simulator.scenario import Scenario
    from simulator.study.runner import Failed

PACKAGES = ("numpy", "numba", "scipy", "mesa", "pandas", "pyarrow", "matplotlib")


def write_csv(frame: pandas.DataFrame, path: Path) -> None:
    """Write a table as ``output.write_csv`` does, whole or not at all."""
    with replacing(path) as part:
        output.write_csv(frame, part)


def write_parquet(frame: pandas.DataFrame, path: Path) -> None:
    """Write a table as Parquet, whole or not at all; a column with values of several kinds goes in as text."""
    import pyarrow
    from pyarrow import parquet

    mixed = [str(name) for name in frame if frame[name].map(type).nunique() > 1]
    plain = frame.assign(**{name: frame[name].map(lambda v: None if v is None else str(v)) for name in mixed})
    made = pyarrow.Table.from_pandas(plain, preserve_index=False, nthreads=1).replace_schema_metadata(None)
    with replacing(path) as part:
        parquet.write_table(made, part, compression="zstd", store_schema=False)


def remove_others(folder: Path, pattern: str, mine: Sequence[Path]) -> None:
    """Remove the files of a pattern but these: an attempt in which some runs failed may have left more of them."""
    for path in sorted(set(folder.glob(pattern)) - set(mine)):
        path.unlink(missing_ok=True)


def write_words(
    summary: str,
    manifest: Mapping[str, Any],
    folder: Path,
    *,
    allow_nan: bool = True,
    page: tuple[str, Callable[[str], StudyWords]] | None = None,
) -> None:
    """Write summary, page and manifest, the manifest last: where it lies, everything else does, and no debris.

    ``page`` is the kind of the study and what its page says in a language.
    """
    from simulator.report.html.study_words import write_study_page

    write_aside(folder / "summary.txt", summary.encode())
    text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=allow_nan)
    if page is not None:
        write_study_page(*page, folder, str(manifest.get("language", "en")), manifest)
    for place in (folder, *(p for p in folder.iterdir() if p.is_dir())):
        clear_parts(place)
    write_aside(folder / "manifest.json", f"{text}\n".encode())


def plain_rows(frame: pandas.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain values for JSON; what is not a number is null."""
    return list(json.loads(frame.to_json(orient="records", double_precision=15, force_ascii=False)))


def plain_failures(failures: Sequence[Failed]) -> list[dict[str, Any]]:
    """Return runs that failed as plain values: row, message and the command that runs it again."""
    return [asdict(failure) for failure in failures]


def study_hash(folder: Path | None) -> str:
    """Return the hash of the study that a folder holds, empty where there is none."""
    return "" if folder is None else str(json_of(folder / "study.json").get("hash", ""))


# ---- manifests ----------------------------------------------------------------------------------------


def origin(
    kind: str, scenario: Scenario, language: str, command: str, whole: str, status: Mapping[str, str] | None
) -> dict[str, Any]:
    """Return how a manifest begins: where the results of a study with the hash ``whole`` come from."""
    return {
        "hash": whole,
        "kind": kind,
        "created": now(),
        "command": command,
        "commit": output.commit(),
        "code": output.code_hash(),
        "versions": versions(),
        "inputs": inputs_when_begun(whole, scenario),
        "language": language,
        "scenario": output._shown(Path(scenario.path)),
        "fingerprint": scenario.fingerprint(),
        "status": status,
        "calibration": scenario.calibration,
    }


_inputs: dict[str, dict[str, str]] = {}  # by the hash of a study that began in this process


def note_inputs(whole: str, scenarios: Sequence[Scenario]) -> None:
    """Remember the digests of what a study with the hash ``whole`` depends on: files are edited while it runs."""
    _inputs[whole] = output.inputs_of(scenarios)


def inputs_when_begun(whole: str, scenario: Scenario) -> dict[str, str]:
    """Return the digests of what a study depends on: as they were noted, else as they are."""
    return _inputs.get(whole) or output.inputs_of([scenario])


def origin_of(command: str, **more: Any) -> dict[str, Any]:
    """Return where a page comes from whose folder has no manifest: time, command, code and versions."""
    found = {"created": now(), "command": command, "commit": output.commit(), "code": output.code_hash()}
    return found | {"versions": versions(), **more}


def now() -> str:
    """Return the date and time here, with its offset."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def versions(*more: str) -> dict[str, str | None]:
    """Return the versions of Python, of this program and of the packages that a study computes with."""
    return reproduce_environment.versions((*PACKAGES, *more))
