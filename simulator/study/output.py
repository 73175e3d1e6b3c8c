"""Output folders: one a run, named after a hash of inputs and code, written whole or not at all."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import os
import subprocess
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.core.problems import InputError, Problem, Problems
from simulator.core.reading import read_yaml
from simulator.scenario import MOST_FILES
from simulator.study.aside import folder_aside, move_into_place, put_back, write_aside
from simulator.study.beside import beside
from simulator.study.checked import defused_frame, fused_frame, inside, json_of, read_json, read_table, refused
from simulator.study.formats import MANIFEST
from simulator.study.reproduce_environment import environment
from simulator.study.tables import Tables
from simulator.study.targets import CALIBRATION, own_files

if TYPE_CHECKING:
    import pandas

    from simulator.scenario import Scenario
    from simulator.study.ensemble import RunResult

ROOT = CALIBRATION.parent
DEFAULT_PARENT = Path("outputs")
HASH_DIGITS = 8
SAME_FIGURES = CALIBRATION / "same_figures.json"  # written by `python -m tests.same_figures`
OWN_FILES = ("targets.yaml", "leads.yaml")  # of a city beside its scenarios
SERIES = "indicators.parquet"
RUN_CHECK = "run_sha256"  # of what a manifest says of its run: older ones hold none
CSV_ENCODING = "utf-8-sig"  # with the byte order mark, without which Excel garbles Chinese
_UNCHANGED = "the folder as ris run wrote it; copies may be edited elsewhere"
_TEXT = frozenset(
    (
        *("id", "region", "name", "name_zh", "indicator", "true_indicator", "true_name", "true_name_zh"),
        *("op", "unit", "kind", "section", "status", "quote", "scenario", "baseline", "entry", "lever"),
        *("payer", "scope", "change", "what", "baseline_value", "scenario_value", "against"),
        *("sector", "path"),
    )
)
_FRAMES: tuple[str, ...] = ("targets", "costs", "money", "compare", "compare_targets", "settings")
_FRAMES += ("budget", "attribution", "paths_needed", "win")


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_of(content: Any) -> str:
    """Return the SHA-256 of plain values, whatever the order of their keys; empty where JSON cannot hold them."""
    try:
        return digest(json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, RecursionError):  # nan, half a character: never written
        return ""


def _digest_files(files: Iterable[Path], root: Path) -> str:
    lines = [f"{f.relative_to(root).as_posix()} {digest(f.read_bytes())}" for f in files]
    return digest("\n".join(sorted(lines)).encode())


def code_hash() -> str:
    """Return the SHA-256 over every Python file of the package and the calibration data it reads."""
    package = Path(__file__).resolve().parents[1]
    data = [f for f in CALIBRATION.rglob("*") if f.suffix in (".yaml", ".csv")]
    return digest((_digest_files(package.rglob("*.py"), package) + _digest_files(data, CALIBRATION)).encode())


def model_hash() -> str:
    """Return the SHA-256 over the Python files that one run depends on: neither studies, pages nor data of a fit.

    Code that was shown to give the figures of older code goes under the older hash: ``calibration/same_figures.json``.
    """
    own, known = model_code_hash(), _same_figures()
    while own in known:
        own = str(known[own]["as"])
    return own


@cache  # a file that is edited while a study runs is not what its processes run
def model_code_hash() -> str:
    """Return the SHA-256 over the very Python files that one run depends on."""
    package = Path(__file__).resolve().parents[1]
    folders = ("core", "world", "mechanisms", "levers", "indicators")
    files = [f for folder in folders for f in (package / folder).rglob("*.py")]
    files += [package / f"{name}.py" for name in ("model", "simulate", "scenario", "scenario_entries")]
    return _digest_files(files, package)


@cache
def _same_figures() -> dict[str, Any]:
    return dict(json.loads(SAME_FIGURES.read_text(encoding="utf-8"))) if SAME_FIGURES.is_file() else {}


def identity(
    scenarios: Sequence[Scenario],
    sizes: tuple[int, ...],
    seed: int,
    companions: Mapping[str, Scenario] | None = None,
    asked: Mapping[str, Any] | None = None,
) -> str:
    """Return the hash of a run: what the scenarios say, code, calibration data, replicates and seed.

    ``companions`` are scenarios run beside a single one, by name: its baseline, and what an attribution needs;
    ``asked`` is what else a comparison was asked for.
    """
    own = {f for s in scenarios for f in own_files(s.region.folder.parent, OWN_FILES)}
    content = {
        "scenarios": [[Path(s.path).stem, s.fingerprint()] for s in scenarios],
        "own": sorted(digest(f.read_bytes()) for f in own),
        "code": code_hash(),
        "replicates": list(sizes),
        "seed": seed,
    }
    if fitted := sorted({sample for s in scenarios for sample in samples_of(s)}):
        content["posterior"] = fitted
    if companions:
        content["companions"] = {name: s.fingerprint() for name, s in companions.items()}
    if asked:
        content["asked"] = dict(asked)
    return digest(json.dumps(content, sort_keys=True).encode())


def folder_for(names: Sequence[str], run_hash: str, out: Path | None = None) -> Path:
    """Return where a run goes: ``out``, else a folder of its own under ``outputs``; several names compare."""
    if out is not None:
        return out.expanduser().resolve()
    stem = names[0] if len(names) == 1 else f"compare-{names[1]}"
    if len(names) > 2:
        stem += f"-and-{len(names) - 2}-more"
    return DEFAULT_PARENT / f"{stem}-{run_hash[:HASH_DIGITS]}"


def refuse_unmakeable(folder: Path) -> None:
    """Refuse a folder that is to be made or replaced where nothing can be written, before the runs."""
    if not _can_write(folder.resolve().parent):
        raise InputError([Problem(str(folder), 1, 1, "cannot be written", "", "a folder that can be made")])


def refuse_unwritable(*folders: Path) -> None:
    """Refuse folders that results are to be written into, there or not yet, where that cannot be done.

    Before the runs rather than after them; raises InputError with each such path.
    """
    allowed = "a folder that can be made or written into"
    bad = [f for f in folders if not _can_write(f)]
    if bad:
        raise InputError([Problem(str(f), 1, 1, "cannot be written", "", allowed) for f in bad])


def nearest(folder: Path) -> Path:
    """Return the folder itself, else the first above it that is there."""
    above = folder.resolve()
    while not above.exists() and above != above.parent:
        above = above.parent
    return above


def _can_write(folder: Path) -> bool:
    """Return whether a folder can be written into, or made and then written into."""
    try:
        above = nearest(folder)
        read_only = above.is_relative_to("/proc") or above.is_relative_to("/sys")  # these say yes and mean no
        return not read_only and above.is_dir() and os.access(above, os.W_OK | os.X_OK)
    except (OSError, ValueError):  # a name that is too long, or none
        return False


def language_of(folder: Path) -> str:
    """Return the language that a folder's figures and summary are in."""
    return str(json_of(folder / "manifest.json").get("language", "en"))


def is_there(folder: Path, run_hash: str) -> bool:
    """Return whether the folder holds this very run; raises InputError where it holds anything else.

    A folder that a process was replacing when it was killed is put back first.
    """
    put_back(folder)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        refuse_unmakeable(folder)
        return False
    found = json_of(folder / "manifest.json").get("hash")
    if found == run_hash:
        return True
    what = "the folder holds another run" if found else "the folder is in use and holds no run"
    allowed = "a new or empty folder, or that of the same run"
    raise InputError([Problem(str(folder), 1, 1, what, str(found or "")[:HASH_DIGITS], allowed)])


def save(
    runs: Sequence[RunResult],
    folder: Path,
    tables: Tables,
    language: str,
    *,
    command: str = "",
    force: bool = False,
    run_hash: str | None = None,
) -> Path:
    """Write the results of a run (or of several compared) and return the folder.

    A folder that holds the same run is left alone unless ``force``; ``run_hash`` is that of what was asked, where the
    scenarios were changed on the way. Everything is written beside it first
    and moved into place at the end. Raises InputError where another run's results lie.
    """
    from simulator.report.figures import COMPARE_FIGURES, RUN_FIGURES, draw_group
    from simulator.report.style import usable_language
    from simulator.report.terminal import plain_text

    started = time.perf_counter()
    scenarios = [run.scenario for run in runs]
    run_hash = run_hash or identity(scenarios, runs[0].sizes, runs[0].seed, runs[0].companions)
    if is_there(folder, run_hash) and not force:
        return folder
    now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    tables = replace(tables, meta={**tables.meta, "hash": run_hash, "created": now}, folder=str(folder))

    def write(part: Path) -> None:
        manifest = manifest_of(runs, tables, command)
        with ExitStack() as drawing:
            shown, apart = usable_language(language), runs[0].jobs > 1
            for group in RUN_FIGURES if tables.compare is None else COMPARE_FIGURES:
                drawing.enter_context(beside(partial(draw_group, group, tables, part / "figures", shown), apart))
            drawing.enter_context(beside(partial(_page_or_word, tables, language, manifest, part), apart))
            write_tables(part)
        seconds = {
            "simulation": round(runs[0].seconds, 3),
            "writing": round(time.perf_counter() - started, 3),
        }
        manifest |= {"seconds": seconds, "language": language, "tables": _tables_of(part)}
        manifest |= {RUN_CHECK: digest_of(json.loads(json.dumps(manifest["run"])))}  # as it will be read
        text = json.dumps(manifest, indent=1, ensure_ascii=False)
        (part / "manifest.json").write_text(text + "\n", encoding="utf-8")

    def write_tables(part: Path) -> None:
        write_series(tables.series, part / SERIES)
        for name in _FRAMES:
            frame = getattr(tables, name)
            if frame is not None:
                write_csv(frame, part / f"{name}.csv")
        known: dict[str, str] = {}
        write_scenario(runs[-1].scenario, part / "scenario.yaml", known)
        for name, companion in runs[0].companions.items():
            write_scenario(companion, part / "scenarios" / f"{name}.yaml", known)
        if len(runs) > 1:
            for run in runs:
                write_scenario(run.scenario, part / "scenarios" / f"{run.name}.yaml", known)
        (part / "summary.txt").write_text(plain_text(tables, language), encoding="utf-8")

    _whole_or_nothing(folder, write)
    return folder


def _page_or_word(tables: Tables, language: str, manifest: dict[str, Any], part: Path) -> None:
    """Write the page of a run; a fault of the page must not cost the tables of hundreds of runs."""
    try:
        from simulator.report.html.page import write_page

        write_page(tables, language, manifest, part)
    except Exception as error:
        warnings.warn(f"report.html was not made ({type(error).__name__}: {error}); the tables are whole", stacklevel=2)


def _whole_or_nothing(folder: Path, write: Callable[[Path], None]) -> None:
    """Write into a folder beside and move it into place; whatever stops the writing leaves nothing behind."""
    with folder_aside(folder) as part:
        write(part)
        move_into_place(part, folder)


def _tables_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that ``read`` reads."""
    files = [folder / SERIES, *(folder / f"{name}.csv" for name in _FRAMES)]
    return {f.name: digest(f.read_bytes()) for f in files if f.is_file()}


def write_series(series: pandas.DataFrame, path: Path) -> None:
    """Write tidy series as Parquet: rows as they stand, nothing that differs between two equal runs."""
    import pyarrow as arrow
    from pyarrow import parquet

    words = ("scenario", "indicator", "unit")
    types = {"draw": arrow.int64(), "seed": arrow.int64(), "year": arrow.int64(), "value": arrow.float64()}
    schema = arrow.schema([(name, types.get(name, arrow.string())) for name in series.columns])
    found = arrow.Table.from_pandas(series, preserve_index=False, nthreads=1).replace_schema_metadata(None)
    table = found.cast(schema).combine_chunks()
    parquet.write_table(table, path, compression="zstd", use_dictionary=list(words), store_schema=False)


def write_csv(frame: pandas.DataFrame, path: Path) -> None:
    """Write a table as CSV that a spreadsheet opens with its Chinese intact, and in which no text is a formula."""
    path.parent.mkdir(parents=True, exist_ok=True)
    defused_frame(frame).to_csv(path, index=False, encoding=CSV_ENCODING, lineterminator="\n")


def write_scenario(scenario: Scenario, path: Path, known: dict[str, str] | None = None) -> None:
    """Write a scenario as it was run, with what it extends written out.

    ``known`` keeps the texts of its parts: a millisecond an entry, and scenarios have most of theirs in common.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {} if known is None else known
    write_aside(path, "".join(_yaml(part, known) for part in _parts(scenario.resolved())).encode())


def _parts(plain: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what stands in a file one after another: each key, and each item of a list of mappings by itself."""
    for key, value in plain.items():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            yield f"{key}:\n"
            yield from ([item] for item in value)
        else:
            yield {key: value}


def _yaml(part: Any, known: dict[str, str]) -> str:
    """Return a part as YAML; text stands as it is."""
    if isinstance(part, str):
        return part
    if (key := repr(part)) not in known:
        from ruamel.yaml import YAML

        yaml, text = YAML(), io.StringIO()
        yaml.width = 120
        yaml.dump(part, text)
        known[key] = text.getvalue()
    return known[key]


def manifest_of(runs: Sequence[RunResult], tables: Tables, command: str) -> dict[str, Any]:
    """Return where the results come from, but for the timings."""
    read = [s for run in runs for s in (run.scenario, *run.companions.values())]
    return {
        **MANIFEST.stamp,
        "hash": tables.meta["hash"],
        "created": tables.meta["created"],
        "command": command,
        "commit": commit(),
        "status": tables.meta.get("status"),
        "code": code_hash(),
        "model": model_hash(),
        **environment(),
        "inputs": dict(runs[0].inputs) or inputs_of(read),
        "jobs": runs[0].jobs,
        "runs": [
            {
                "scenario": run.name,
                "file": _shown(Path(run.scenario.path)),
                "fingerprint": run.scenario.fingerprint(),
                "seed": run.seed,
                "replicates": run.replicates,
                "completed": len(run.outcomes),
                "draws": sorted({o.replicate.draw for o in run.outcomes}),
                "seeds": [o.replicate.seed for o in run.outcomes],
                "failures": run.meta()["failures"],
            }
            for run in runs
        ],
        "run": {k: v for k, v in tables.meta.items() if k not in ("hash", "created")},
    }


def posterior_files(scenario: Scenario) -> list[Path]:
    """Return the posterior sample that a scenario's draws come from: none where they come from the priors."""
    from simulator.study.posterior import paths_of  # which hashes code with this module

    path, _ = paths_of(scenario.region.id, scenario.calibration)
    return [path] if path.is_file() else []


def samples_of(scenario: Scenario) -> list[str]:
    """Return the SHA-256 of the posterior sample as it was read: none where the draws come from the priors."""
    from simulator.study.posterior import load_posterior

    found = load_posterior(scenario.region.id, scenario.calibration)
    return [] if found is None else [found.digest]


def input_files(scenario: Scenario) -> list[Path]:
    """Return every file that a scenario's results depend on, code apart."""
    path = Path(scenario.path)
    files = [
        path,
        *scenario.region.folder.glob("*.*"),
        scenario.region.folder.parent.parent / "national_rules.csv",
    ]
    below = path
    for _ in range(MOST_FILES):
        root = read_yaml(below, Problems())
        if root is None or "extends" not in root.value:
            break
        below = below.parent / str(root.value["extends"].value)
        files.append(below)
    files += own_files(scenario.region.folder.parent, OWN_FILES)
    files += [CALIBRATION / name for name in OWN_FILES]
    files += [CALIBRATION / "history" / f"{scenario.region.id}.csv"]
    files += posterior_files(scenario)
    return [f for f in files if f.is_file()]


def inputs_of(scenarios: Iterable[Scenario]) -> dict[str, str]:
    """Return the SHA-256 of every file that the results of some scenarios depend on, code apart, by path."""
    files = sorted({f for s in scenarios for f in input_files(s)})
    return {_shown(f): digest(f.read_bytes()) for f in files}


def _shown(path: Path) -> str:
    full = path.resolve()
    return full.relative_to(ROOT).as_posix() if full.is_relative_to(ROOT) else path.as_posix()


def commit() -> str | None:
    """Return the git commit of the code, with a plus where files differ from it; None outside git."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, timeout=5, check=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def read(folder: Path) -> Tables:
    """Return the tables of a run from its folder; raises InputError for one that is not as it was written."""
    path = folder / "manifest.json"
    manifest = read_json(path)
    MANIFEST.check(manifest, path)
    _refuse_changed(folder, manifest.get("tables"))
    if manifest.get(RUN_CHECK, own := digest_of(manifest.get("run"))) != own:
        raise refused(path, "was changed after it was written", "run", _UNCHANGED)
    try:
        meta = {**manifest["run"], "hash": manifest["hash"], "created": manifest["created"]}
        paths = {name: folder / f"{name}.csv" for name in _FRAMES}
        frames: dict[str, Any] = {name: _read_frame(path) for name, path in paths.items() if path.is_file()}
        path = folder / SERIES
        return Tables(meta, read_table(path).to_pandas(), folder=str(folder), **frames)
    except (KeyError, TypeError, ValueError) as error:
        raise refused(path, "cannot be read", f"{type(error).__name__}: {error}"[:100]) from None


def _read_frame(path: Path) -> pandas.DataFrame:
    import pandas

    try:
        frame = pandas.read_csv(path, encoding=CSV_ENCODING, dtype=dict.fromkeys(_TEXT, "str"))
    except (OSError, ValueError, OverflowError) as error:
        raise refused(path, f"not CSV: {str(error).splitlines()[0]}") from None
    frame = fused_frame(frame)
    text = [column for column in frame if column in _TEXT]
    frame[text] = frame[text].fillna("")
    return frame


def _refuse_changed(folder: Path, tables: object) -> None:
    """Refuse a folder whose tables are not those that its manifest speaks of; older manifests speak of none."""
    if tables is None:
        return
    wrong = []
    for name, wanted in tables.items() if isinstance(tables, dict) else [("manifest.json", "")]:
        path = inside(folder, name)
        if not path.is_file():
            wrong.append((path, "no such file"))
        elif digest(path.read_bytes()) != wanted:
            wrong.append((path, "was changed after it was written"))
    if wrong:
        raise InputError([Problem(str(path), 1, 1, what, "", _UNCHANGED) for path, what in wrong])
