"""Run again what a manifest records and say whether the same figures come out, and if not, what differs.

Everything that can change a figure is in ``manifest.json``: scenarios, inputs, seeds, code, versions and the machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.core.problems import InputError, Problem
from simulator.study import output
from simulator.study.checked import inside, read_json, read_table, refused
from simulator.study.formats import MANIFEST
from simulator.study.replicates import Progress
from simulator.study.reproduce_environment import is_page
from simulator.study.reproduce_tables import TOLERANCE, Compared, compared

MOST_RUNS = 100_000  # as many as ``ris run`` takes
_SERIES = Path(output.SERIES).stem

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.study.ensemble import RunResult
    from simulator.study.tables import Tables


@dataclass(frozen=True)
class Change:
    """One thing that is not as the manifest has it; ``kind`` is scenario, input, code, version, machine or run."""

    kind: str
    name: str
    recorded: str
    here: str
    matters: bool = True


@dataclass(frozen=True)
class Reproduction:
    """What came of running a manifest again.

    ``tables`` hold each recorded table against the new one; where the recorded tables are not at hand they compare
    digests only. ``folder`` holds the new results where they were asked for.
    """

    manifest: Path
    tables: tuple[Compared, ...]
    changes: tuple[Change, ...]
    by_digest: bool = False
    folder: Path | None = None

    @property
    def same(self) -> bool:
        """Return whether every table came out the same, figures to a relative ``TOLERANCE``."""
        return bool(self.tables) and all(table.same for table in self.tables)

    @property
    def largest(self) -> Compared:
        """Return the table with the largest difference."""
        return max(self.tables, key=lambda table: table.largest)

    def plain(self) -> dict[str, Any]:
        """Return it as plain values; a difference without bound is null."""
        worst = self.largest.largest
        return {
            "same": self.same,
            "tolerance": TOLERANCE,
            "largest": worst if worst < float("inf") else None,
            "by_digest": self.by_digest,
            "manifest": str(self.manifest),
            "folder": None if self.folder is None else str(self.folder),
            "tables": [
                {**asdict(t), "same": t.same, "largest": t.largest if t.largest < float("inf") else None}
                for t in self.tables
            ],
            "changes": [asdict(change) for change in self.changes],
        }


def reproduce(
    source: Path,
    *,
    jobs: int | None = None,
    out: Path | None = None,
    language: str = "en",
    command: str = "",
    progress: Progress | None = None,
) -> Reproduction:
    """Run what a ``manifest.json`` (or the folder it lies in) records, and hold the tables against those beside it.

    The scenarios and inputs are those of this checkout; a scenario that it lacks is read from its copy beside the
    manifest. ``out`` keeps the new results. Raises InputError for what is no manifest and StudyError where runs fail.
    """
    path = source / "manifest.json" if source.is_dir() else source
    manifest = read_json(path)
    MANIFEST.check(manifest, path)
    if out is not None:
        output.refuse_unwritable(out)
    asked, recorded = _asked(manifest, path), _recorded(path.parent)
    with tempfile.TemporaryDirectory() as made:
        runs, tables, whole = _again(asked, path.parent, Path(made), jobs, progress)
        found, by_digest = _compare(_mapping(manifest.get("tables")), recorded, tables, Path(made), path)
    changes = _changes(manifest, _manifest_now(runs, tables))
    if out is not None:
        output.save(runs, out, tables, language, command=command, run_hash=whole)
    return Reproduction(path, tuple(found), tuple(changes), by_digest, out)


def _recorded(folder: Path) -> Tables | None:
    """Return the tables beside a manifest, None where it came alone; raises InputError where they were changed."""
    return output.read(folder) if (folder / output.SERIES).is_file() else None


# ---- running ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asked:
    """What a manifest asks for: the file and the name of each scenario, runs, seed, and what else was asked."""

    scenarios: tuple[tuple[str, str], ...]
    replicates: int
    seed: int
    attribute: bool
    on: tuple[str, ...]
    equal_budget: float | None
    baseline: bool


def _asked(manifest: Mapping[str, Any], path: Path) -> _Asked:
    """Return what a manifest asks for; raises InputError where it is none of a run or a comparison."""
    try:
        records, meta = manifest["runs"], manifest["run"]
        extra = meta.get("asked") or {}
        amount = extra.get("equal_budget")
        found = _Asked(
            tuple((str(record["file"]), str(record["scenario"])) for record in records),
            int(records[0]["replicates"]),
            int(records[0]["seed"]),
            bool(meta.get("attributed")),
            tuple(map(str, extra.get("on", ()))),
            None if amount is None else float(amount),
            bool(meta.get("baseline")),
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        what = f"{type(error).__name__}: {error}"[:100]
        raise refused(path, "is no manifest of a run or a comparison", what) from None
    if not (1 <= found.replicates <= MOST_RUNS and found.seed >= 0 and all(Path(f).name for f, _ in found.scenarios)):
        raise refused(path, "is no manifest of a run or a comparison", f"{found.replicates} runs, seed {found.seed}")
    return found


def _again(
    asked: _Asked, folder: Path, made: Path, jobs: int | None, progress: Progress | None
) -> tuple[Sequence[RunResult], Tables, str | None]:
    """Return the runs and the tables of what a manifest asks for, and the hash of a comparison."""
    from simulator.study.comparison import compare
    from simulator.study.ensemble import run

    scenarios = [_scenario(file, name, asked.baseline, folder, made) for file, name in asked.scenarios]
    count, seed = asked.replicates, asked.seed
    if len(scenarios) == 1:
        one = run(scenarios[0], replicates=count, jobs=jobs, seed=seed, progress=progress, attribute=asked.attribute)
        return [one], one.tables(), None
    several = compare(
        scenarios[0],
        scenarios[1:],
        replicates=count,
        jobs=jobs,
        seed=seed,
        progress=progress,
        on=asked.on,
        equal_budget=asked.equal_budget,
    )
    return several.runs, several.tables(), several.hash


def _scenario(file: str, name: str, baseline: bool, folder: Path, made: Path) -> Scenario:
    """Return a recorded scenario: this checkout's file, else the copy beside the manifest."""
    from simulator.study.ensemble import opened

    for path in (Path(file), output.ROOT / file):  # a planner's own file is recorded as it was named
        if path.is_file():
            return opened(path)
    several = inside(folder, f"scenarios/{name}.yaml")
    if (copy := several if several.is_file() else folder / "scenario.yaml").is_file():
        return opened(_copied(copy, Path(file).name, baseline, folder, made))
    allowed = f"a checkout that has {file}, or the copy of the scenario beside the manifest"
    raise InputError([Problem(str(folder / "manifest.json"), 1, 1, "no such scenario file", file, allowed)])


def _copied(copy: Path, name: str, baseline: bool, folder: Path, made: Path) -> Path:
    """Return a copy of a scenario under its own name, with its baseline beside it, which a copy does not name."""
    home = made / "scenarios"
    home.mkdir(exist_ok=True)
    text = copy.read_text(encoding="utf-8")
    kept = folder / "scenarios" / "baseline.yaml"
    if baseline and kept.is_file():
        beside = f"baseline-of-{name}"
        (home / beside).write_text(kept.read_text(encoding="utf-8"), encoding="utf-8")
        text += f"baseline: {beside}\n"
    (home / name).write_text(text, encoding="utf-8")
    return home / name


# ---- comparing ----------------------------------------------------------------------------------------


def _compare(
    digests: Mapping[str, Any], recorded: Tables | None, tables: Tables, made: Path, path: Path
) -> tuple[list[Compared], bool]:
    """Return each table against the recorded one; by digest where only the manifest came. New ones go to ``made``."""
    files = _written(tables, made)
    if recorded is not None:
        held = {_SERIES: recorded.series} | {name: getattr(recorded, name) for name in output._FRAMES}
        there = {name: old for name, old in held.items() if old is not None or name in files}
        return [compared(name, old, files.get(name)) for name, old in there.items()], False
    here = {f.stem: output.digest(f.read_bytes()) for f in made.iterdir() if f.is_file()}
    wanted = {Path(name).stem: value for name, value in digests.items()}
    if not wanted:
        raise refused(path, "records no tables", "", "a manifest with the tables beside it")
    different = ("other bytes; put the recorded tables beside the manifest to see by how much",)
    return [Compared(n, other=() if here.get(n) == wanted[n] else different) for n in sorted(wanted)], True


def _written(tables: Tables, made: Path) -> dict[str, Any]:
    """Return tables as they come back from their files."""
    output.write_series(tables.series, made / output.SERIES)
    out: dict[str, Any] = {_SERIES: read_table(made / output.SERIES).to_pandas()}
    for name in output._FRAMES:
        frame = getattr(tables, name)
        if frame is not None:
            output.write_csv(frame, made / f"{name}.csv")
            out[name] = output._read_frame(made / f"{name}.csv")
    return out


def _manifest_now(runs: Sequence[RunResult], tables: Tables) -> dict[str, Any]:
    return output.manifest_of(runs, replace(tables, meta={**tables.meta, "hash": "", "created": ""}), "")


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return what differs between a manifest and that of the same runs here, what can change a figure first."""
    out: list[Change] = []
    if old.get("code") != new["code"]:
        out += _code(old, new)
    kinds = {"inputs": "input", "versions": "version", "machine": "machine"}
    for key, kind in kinds.items():
        recorded, here = _mapping(old.get(key)), dict(new[key])
        for name in dict.fromkeys((*recorded, *(here if recorded else ()))):
            if (name in recorded or kind != "version") and recorded.get(name) != here.get(name):
                out.append(Change(kind, name, _short(recorded.get(name)), _short(here.get(name))))
    if "generator" in old and old["generator"] != new["generator"]:
        out.append(Change("version", "generator of random numbers", str(old["generator"]), str(new["generator"])))
    for before, now in zip(old["runs"], new["runs"], strict=True):
        for key in ("fingerprint", "seed", "replicates", "completed", "draws", "seeds"):
            if before.get(key) != now[key]:
                kind = "scenario" if key == "fingerprint" else "run"
                name = str(before["scenario"]) + ("" if key == "fingerprint" else f" {key}")
                out.append(Change(kind, name, _short(before.get(key)), _short(now[key])))
    return sorted(out, key=lambda change: not change.matters)


def _code(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return which parts of the code differ; a manifest of before parts were recorded says only that it does."""
    recorded, here = old.get("code_parts"), new["code_parts"]
    if not isinstance(recorded, Mapping):
        return [Change("code", "simulator", _short(old.get("code")), _short(new["code"]))]
    names = [n for n in dict.fromkeys((*recorded, *here)) if recorded.get(n) != here.get(n)]
    return [Change("code", n, _short(recorded.get(n)), _short(here.get(n)), not is_page(n)) for n in names]


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _short(value: Any) -> str:
    """Return a value, or the first digits of a digest."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value[:12] if len(value) == 64 else value
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
