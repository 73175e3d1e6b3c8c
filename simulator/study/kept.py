"""The folder of a study: what was asked, copies of its scenarios and their region, and going on with it.

``study.json`` and the copies are all that ``ris resume`` needs: a plan that is edited meanwhile changes nothing here.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.core.problems import InputError, Problem
from simulator.study import formats
from simulator.study.aside import folder_aside
from simulator.study.checked import inside, read_json, refuse_links, refused
from simulator.study.output import (
    HASH_DIGITS,
    OWN_FILES,
    digest_of,
    folder_for,
    model_hash,
    refuse_unmakeable,
    samples_of,
)
from simulator.study.output import write_scenario as write_copy
from simulator.study.replicates import Progress, load_scenario, processors
from simulator.study.study_files import note_inputs
from simulator.study.targets import own_files

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.study.design import Design

SCHEMA = formats.STUDY.written
STUDY = "study.json"
SCENARIOS = "scenarios"
_KIND = re.compile(r"[a-z][a-z_]*\Z")


# ---- begin --------------------------------------------------------------------------------------------


def begin(kind: str, spec: Mapping[str, Any], scenarios: Sequence[Scenario], out: Path | None = None) -> Path:
    """Return the folder of a study, made or found again: ``outputs/<kind>-<scenario>-<hash>`` or ``out``.

    ``spec`` is what the study's ``again`` needs to run it, as plain values (JSON). The same study has the same folder.
    Raises InputError where another study lies there or nothing can be written.
    """
    study = _described(kind, plain(spec), scenarios)
    folder = folder_for([f"{kind}-{scenarios[0].name}"], study["hash"], out)
    note_inputs(study["hash"], scenarios)
    if _is_there(folder, study["hash"]):
        return folder
    with folder_aside(folder) as part:
        for scenario, file in zip(scenarios, study["files"], strict=True):
            write_copy(scenario, part / file)
            copy_region(scenario, part / SCENARIOS)
        _refuse_changed(scenarios, part / SCENARIOS)
        (part / STUDY).write_text(json.dumps(study, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        _move(part, folder)
    _is_there(folder, study["hash"])  # where another process was first, it must have begun the same study
    return folder


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: numpy's numbers as Python's, sequences as lists, paths and enums as text."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if hasattr(value, "tolist"):  # an array or a number of numpy
        return plain(value.tolist())
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _described(kind: str, spec: Any, scenarios: Sequence[Scenario]) -> dict[str, Any]:
    if not _KIND.match(kind) or not scenarios:
        raise ValueError("a study has a kind and at least one scenario")
    study = {
        "schema": SCHEMA,
        "kind": kind,
        "spec": spec,
        "names": [s.name for s in scenarios],
        "files": _files(scenarios),
        "fingerprints": [s.fingerprint() for s in scenarios],
        "model": model_hash(),
        "posterior": _samples(scenarios),
    }
    if not (own := digest_of(study)):
        raise ValueError("what a study is asked for must be plain values and finite numbers")
    return {"hash": own, **study}


def _samples(scenarios: Sequence[Scenario]) -> list[str]:
    """Return the hashes of the fitted samples that the scenarios' draws come from."""
    return sorted({sample for s in scenarios for sample in samples_of(s)})


def _refuse_changed(scenarios: Sequence[Scenario], home: Path) -> None:
    """Refuse regions whose copies do not read as they do: somebody has edited a file since it was read."""
    from simulator.world.region import load_region

    problems = []
    for region in {s.region.id: s.region for s in scenarios}.values():
        with suppress(InputError):
            if load_region(home / region.id / "region").digest == region.digest:
                continue
        what, allowed = "the region was changed while it was read", "files that nobody edits meanwhile"
        problems.append(Problem(str(region.folder), 1, 1, what, "", allowed))
    if problems:
        raise InputError(problems)


def _files(scenarios: Sequence[Scenario]) -> list[str]:
    """Return where the copy of each scenario goes; a second one of the same name goes into a folder of its own."""
    out: list[str] = []
    for k, scenario in enumerate(scenarios):
        file = f"{SCENARIOS}/{scenario.name}.yaml"
        out.append(file if file not in out else f"{SCENARIOS}/{k}/{scenario.name}.yaml")
    return out


def copy_region(scenario: Scenario, home: Path) -> None:
    """Copy what a scenario's region is read from into a folder ``scenarios``, where copies of scenarios find it."""
    source = scenario.region.folder
    target = home / scenario.region.id / "region"
    if target.exists():
        return
    with folder_aside(target) as part:
        for file in (f for f in source.iterdir() if f.suffix in (".csv", ".yaml") and f.is_file()):
            shutil.copyfile(file, part / file.name)
        for file in own_files(source.parent, OWN_FILES):
            shutil.copyfile(file, target.parent / file.name)
        if (rules := source.parent.parent / "national_rules.csv").is_file():
            shutil.copyfile(rules, home / rules.name)
        part.rename(target)  # last: where it lies, all of them do


def _move(part: Path, folder: Path) -> None:
    """Move a finished folder into place, unless another process has put one there meanwhile."""
    with suppress(OSError):
        folder.rmdir()  # an empty one
    try:
        part.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EACCES):
            raise


def _is_there(folder: Path, whole: str) -> bool:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        refuse_unmakeable(folder)
        return False
    found = _read(folder).get("hash")
    if found == whole:
        return True
    what = "the folder holds another study" if found else "the folder is in use and holds no study"
    allowed = "a new or empty folder, or that of the same study with the same code and data"
    raise InputError([Problem(str(folder), 1, 1, what, str(found or "")[:HASH_DIGITS], allowed)])


# ---- go on --------------------------------------------------------------------------------------------


def _read(folder: Path) -> dict[str, Any]:
    with suppress(InputError):
        found = read_json(folder / STUDY)
        if found.get("schema") == SCHEMA:
            return found
    return {}


def read_study(folder: Path) -> dict[str, Any]:
    """Return what ``study.json`` says; raises InputError where the folder holds no study."""
    found, path = _read(folder), folder / STUDY
    if not path.is_file():
        what = "holds no study" if folder.is_dir() else "no such folder"
        raise InputError([Problem(str(folder), 1, 1, what, "", f"the folder of a study, with {STUDY}")])
    if not found:
        content = read_json(path)  # or raises for what is no JSON
        formats.STUDY.check(content, path)
        raise refused(path, "schema", str(content.get("schema"))[:20], str(SCHEMA))
    if found.pop("hash", None) != (own := digest_of(found)):
        raise refused(path, "was changed after the study began")
    return {"hash": own, **found}


def copies(folder: Path) -> list[Path]:
    """Return the files of the scenarios' copies, in the study's order."""
    return [inside(folder, file) for file in read_study(folder)["files"]]


def scenarios_of(folder: Path) -> list[Scenario]:
    """Return the scenarios of a study from their copies; raises InputError for one that was changed."""
    study, out, problems = read_study(folder), [], []
    for path, wanted in zip(copies(folder), study["fingerprints"], strict=True):
        scenario = load_scenario(path)
        if scenario.fingerprint() != wanted:
            problems.append(Problem(str(path), 1, 1, "was changed after the study began", "", "the copy as it was"))
        out.append(scenario)
    if problems:
        raise InputError(problems)
    return out


def resume(
    folder: Path, *, jobs: int | None = None, cluster: str | None = None, progress: Progress | None = None
) -> Any:
    """Go on with the study of a folder and return its result: only what is missing is run.

    Raises InputError where the folder holds no study that can be gone on with.
    """
    folder = Path(folder)
    study = read_study(folder)
    refuse_links(folder)
    scenarios = scenarios_of(folder)
    if study["posterior"] != _samples(scenarios):
        what, allowed = "the fitted sample was changed after the study began", "the sample as it was, or a new study"
        raise refused(folder / STUDY, what, "", allowed)
    try:
        again = import_module(f"simulator.study.{study['kind']}").again
    except (ImportError, AttributeError):
        problem = Problem(str(folder / STUDY), 1, 1, "no such kind of study", str(study["kind"]))
        raise InputError([problem]) from None
    return again(study["spec"], scenarios, folder, jobs=jobs, cluster=cluster, progress=progress)


# ---- before the start ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pilot:
    """What a study will take: runs, those found already, seconds a run on one core, and minutes with so many jobs."""

    runs: int
    seconds_a_run: float
    minutes: float
    found: int = 0
    jobs: int = 1

    def times(self, runs: int) -> Pilot:
        """Return what so many runs would take: for a study that runs its design in several steps."""
        left = max(runs - self.found, 0)
        return Pilot(runs, self.seconds_a_run, _minutes(left, self.seconds_a_run, self.jobs), self.found, self.jobs)

    def text(self, language: str = "en") -> str:
        """Return it as lines for a terminal."""
        left = self.runs - self.found
        if language == "zh":
            return (
                f"运行次数：{self.runs}（已有 {self.found}，待运行 {left}）\n"
                f"每次运行：{self.seconds_a_run:.2f} 秒（单核，试运行的中位数）\n"
                f"预计用时：{self.minutes:.1f} 分钟（{self.jobs} 个进程）"
            )
        return (
            f"runs: {self.runs} ({self.found} found, {left} to run)\n"
            f"seconds a run: {self.seconds_a_run:.2f} on one core (median of a pilot)\n"
            f"minutes: {self.minutes:.1f} with {self.jobs} job{'s' * (self.jobs != 1)}"
        )


def pilot(design: Design, folder: Path | None = None, *, jobs: int | None = None) -> Pilot:
    """Return how long a design will take, from a few of its rows; nothing is written."""
    from simulator.study.runner import found_rows, seconds_a_row

    count = processors() if jobs is None else jobs
    found = found_rows(design, folder) if folder is not None else 0
    seconds = seconds_a_row(design)
    return Pilot(len(design.rows), seconds, _minutes(len(design.rows) - found, seconds, count), found, count)


def _minutes(runs: int, seconds: float, jobs: int) -> float:
    return runs * seconds / min(jobs, max(runs, 1)) / 60.0
