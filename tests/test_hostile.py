"""Files that are damaged or meant to do harm: refused with their place, or read right; on the made-up model.

``RIS_TRIALS=1000 pytest tests/test_hostile.py`` makes so many trials of each kind, and ``RIS_TRIALS_TABLE=file``
writes what came of them.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toy_model import Toy, home, toy

from simulator.core.problems import InputError, Problem
from simulator.study import formats, kept, output, packed, posterior, shards
from simulator.study.actuals import read_actuals
from simulator.study.aside import write_array
from simulator.study.checked import read_array, read_table
from simulator.study.failed import replay
from simulator.study.plan_points import Point, PointRunner, plan_targets
from simulator.study.replicates import load_scenario
from simulator.study.sweep_design import planned
from simulator.study.sweep_file import read_sweep
from simulator.world.region import load_region

__all__ = ["home", "toy"]
TRIALS = int(os.environ.get("RIS_TRIALS", "12"))
SECONDS, MEMORY = 5.0, 1_000_000  # of one trial (processor time); kilobytes of the whole process more
COUNTS: Counter[tuple[str, str]] = Counter()

TOKENS = (
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"\r\n", b"\r", b"\t", b'"', b"'", b",,,,", b"\xe2\x80\xa8", b"#"),
    *(b"&a [1]", b"*a", b"!!python/object/apply:os.system ['true']", b"<<: {}", b"--- ", b"? ", b"|", b"- " * 300),
    *(b"1e999", b"-1e308", b".inf", b"nan", b"NaN", b"-0", b"1e-320", b"9" * 5000, b"0x10", b"1_0", b"1,5", b"null"),
    *(b"[" * 3000, b"{" * 3000, b'{"a":' * 3000, b"true", b"{}", b"[]", b'""'),
    *(b"../../../etc/passwd", b"/dev/zero", b"=cmd|' /C calc'!A0", b"a" * 200_000),
    *("青岛".encode(), "青岛".encode("gbk"), "e\u0301".encode(), "\u202e".encode(), "１２".encode()),
)


def _spliced(data: bytes, at: int, token: bytes, cut: int) -> bytes:
    return data[:at] + token + data[at + cut :]


def _lines(change: Callable[[list[bytes], int], None]) -> Callable[[bytes, int], bytes]:
    def changed(data: bytes, at: int) -> bytes:
        lines = data.split(b"\n")
        change(lines, at % len(lines))
        return b"\n".join(lines)

    return changed


WHOLE: tuple[Callable[[bytes, int], bytes], ...] = (
    lambda data, at: data,
    lambda data, at: data[:at],  # cut off
    lambda data, at: data.replace(b"\n", b"\r\n"),
    lambda data, at: b"\xef\xbb\xbf" + data,
    lambda data, at: data.decode("utf-8", "replace").encode("gb18030"),
    lambda data, at: data.decode("utf-8", "replace").encode("utf-16"),
    _lines(lambda lines, k: lines.insert(k, lines[k])),  # a line doubled
    _lines(lambda lines, k: lines.__delitem__(k)),
    _lines(lambda lines, k: lines.insert(0, lines.pop(k))),
    lambda data, at: b"\n".join(b",".join(reversed(line.split(b","))) for line in data.split(b"\n")),
    lambda data, at: b"\n".join(line.rpartition(b",")[0] for line in data.split(b"\n")),  # a column gone
    lambda data, at: b"\n".join(line + b"," + line.rpartition(b",")[2] for line in data.split(b"\n")),  # and doubled
)
HARMS = st.tuples(
    st.integers(0, len(WHOLE) - 1),
    st.integers(0, 1_000_000),
    st.lists(
        st.tuples(st.integers(0, 1_000_000), st.sampled_from(TOKENS) | st.binary(max_size=8), st.integers(0, 12)),
        max_size=3,
    ),
)


def harmed(data: bytes, harm: tuple[int, int, list[tuple[int, bytes, int]]]) -> bytes:
    whole, at, splices = harm
    out = WHOLE[whole](data, at % (len(data) + 1))
    for place, token, cut in splices:
        out = _spliced(out, place % (len(out) + 1), token, cut)
    return out


class Kind(NamedTuple):
    """A kind of file: where a good one lies, what reads it, and whether what was read is right."""

    path: Path
    read: Callable[[], Any]
    right: Callable[[Any], bool]


def outcome(kind: str, read: Callable[[], Any], right: Callable[[Any], bool]) -> str:
    """Read once; return whether it was refused or read. Anything but a refusal with its place, or the right, fails."""
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told: tuple[Problem, ...] = ()
    text = ""
    try:
        found = read()
    except InputError as error:
        told, text = error.problems, str(error)
        said = "refused"
    else:
        assert right(found), f"{kind}: read wrongly"
        said = "read" if found is not None else "refused"  # it is made anew
        assert not told
    assert all(p.file and p.message and p.line >= 1 and p.column >= 1 for p in told)
    assert len(text) < 100_000
    assert time.process_time() - begun < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY
    COUNTS[kind, said] += 1
    return said


@pytest.fixture(scope="module", autouse=True)
def told() -> Iterator[None]:
    """Write what came of the trials where that is asked for."""
    yield
    if file := os.environ.get("RIS_TRIALS_TABLE"):
        kinds = sorted({kind for kind, _ in COUNTS})
        rows = [(k, COUNTS[k, "refused"] + COUNTS[k, "read"], COUNTS[k, "refused"], COUNTS[k, "read"]) for k in kinds]
        Path(file).write_text("".join(f"| {' | '.join(map(str, row))} | 0 |\n" for row in rows), encoding="utf-8")


# ---- the kinds ----------------------------------------------------------------------------------------


def scenario_file(home: Path) -> Kind:
    path, copy = home / "plan.yaml", home / "copy.yaml"

    def right(found: Any) -> bool:
        output.write_scenario(found, copy)
        return load_scenario(copy).fingerprint() == found.fingerprint()

    return Kind(path, lambda: load_scenario(path), right)


def region_file(home: Path, name: str) -> Kind:
    folder = home / "region"

    def right(found: Any) -> bool:
        return all(np.isfinite(c).all() for group in found.columns.values() for c in group.values())

    return Kind(folder / name, lambda: load_region(folder), right)


ACTUALS = "name,year,value,sd,note\nhnte_count,2016,1400,140,年报\nrd_share,2016,0.0286,,\nhnte_count,2017,1600,,x\n"


def actuals_file(home: Path) -> Kind:
    path, plan = home / "own.csv", load_scenario(home / "plan.yaml")
    path.write_text(ACTUALS, encoding="utf-8")

    def right(found: Any) -> bool:
        good = np.isfinite(found.values) & (found.values > 0) & np.isfinite(found.sd_source)
        return bool(good.all() and np.isfinite(found.covariance()).all())

    return Kind(path, lambda: read_actuals(path, plan), right)


def run_file(home: Path, name: str) -> Kind:
    folder = home / "out"
    folder.mkdir(exist_ok=True)
    series = pandas.DataFrame({"draw": [0, 1], "seed": [0, 1], "year": [2015, 2016], "indicator": ["a", "b"]})
    series["value"] = [0.1, 1e9]
    targets = pandas.DataFrame({"id": ["T1", "T2"], "name": ["=1+1", "-目标"], "value": [0.1, 1 / 3]})
    output.write_series(series, folder / output.SERIES)
    output.write_csv(targets, folder / "targets.csv")
    manifest = {**formats.MANIFEST.stamp, "hash": "h", "created": "now", "run": {"runs": []}}
    manifest["tables"] = output._tables_of(folder)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    def right(found: Any) -> bool:
        return bool(found.targets.equals(targets) and found.series["value"].tolist() == [0.1, 1e9])

    for other in ("costs", "money"):
        output.write_csv(pandas.DataFrame({"entry": ["Q1"]}), folder / f"{other}.csv")
    return Kind(folder / name, lambda: output.read(folder), right)


def study_file(home: Path) -> Kind:
    plan = load_scenario(home / "plan.yaml")
    folder = kept.begin("sweep", {"points": [{"Q1.budget": 1e7}]}, [plan], out=home / "study")
    whole = kept.read_study(folder)

    def read() -> Any:
        study = kept.read_study(folder)
        return study, [s.fingerprint() for s in kept.scenarios_of(folder)]

    return Kind(folder / kept.STUDY, read, lambda found: found == (whole, [plan.fingerprint()]))


def shard_file(home: Path) -> Kind:
    path, values = home / "shards" / "a.json", np.array([[1.0, 2.5], [np.nan, np.nan]])
    shards.write_shard(path, shards.Shard(values, {1: "failed"}))

    def right(found: Any) -> bool:
        if found is None:
            return True
        return np.array_equal(found.values, values, equal_nan=True) and found.messages == {1: "failed"}

    return Kind(path, lambda: shards.read_shard(path, (2, 2)), right)


def array_file(home: Path) -> Kind:
    path, values = home / "a.npy", np.arange(30, dtype=np.float32).reshape(5, 3, 2)
    write_array(path, values)

    def right(found: Any) -> bool:
        return found is None or (found.dtype == np.float32 and np.array_equal(found, values))

    return Kind(path, lambda: read_array(path, (5, 3, 2), np.float32), right)


def posterior_file(home: Path, suffix: str) -> Kind:
    made = posterior.save_posterior("qingdao", "history", ["a", "b"], np.arange(1.0, 9.0).reshape(4, 2), {}, home)

    def read() -> Any:
        posterior.clear_cache()
        return posterior.load_posterior("qingdao", "history", home)

    def right(found: Any) -> bool:
        return found is None or bool(found.table.ndim == 2 and np.isfinite(found.table).all())

    return Kind(made.with_suffix(suffix), read, right)


def packed_file(home: Path) -> Kind:
    import pyarrow as arrow
    from pyarrow import parquet

    path = packed.packed_path("qingdao", home)
    meta = {"region": "qingdao", "seed": 0, "bank": "b", "model": "m", "priors": "p"}
    columns = {"draw": arrow.array([0, 1], arrow.int32()), "a@2015": arrow.array([1.0, 2.0], arrow.float32())}
    parquet.write_table(arrow.table(columns).replace_schema_metadata({"ris": json.dumps(meta)}), path)
    packed.sign(path)

    def right(found: Any) -> bool:
        return found is None or (found.figures.tolist() == [[1.0], [2.0]] and found.draws.tolist() == [0, 1])

    return Kind(path, lambda: packed.load_packed("qingdao", home), right)


def sweep_file(home: Path) -> Kind:
    path = home / "sweep.yaml"
    path.write_text(
        "schema: 1\nscenario: plan.yaml\nfactors:\n  Q1.budget: {from: 0, to: 80 MCNY/year, steps: 3}\nruns: 2\n",
        encoding="utf-8",
    )
    return Kind(path, lambda: planned(read_sweep(path)), lambda plan: 1 <= len(plan.points) <= 10_000)


KINDS: dict[str, Callable[[Path], Kind]] = {
    "scenario YAML": scenario_file,
    "region.yaml": lambda home: region_file(home, "region.yaml"),
    "region sectors.csv": lambda home: region_file(home, "sectors.csv"),
    "region names.csv": lambda home: region_file(home, "names.csv"),
    "region paths.csv": lambda home: region_file(home, "paths.csv"),
    "a planner's own figures (CSV)": actuals_file,
    "a run's manifest.json": lambda home: run_file(home, "manifest.json"),
    "a run's targets.csv": lambda home: run_file(home, "targets.csv"),
    "a run's indicators.parquet": lambda home: run_file(home, output.SERIES),
    "study.json": study_file,
    "a study's shard (JSON)": shard_file,
    "a bank's shard (.npy)": array_file,
    "posterior (.parquet)": lambda home: posterior_file(home, ".parquet"),
    "posterior's manifest (.json)": lambda home: posterior_file(home, ".json"),
    "packed bank (.parquet)": packed_file,
    "sweep YAML": sweep_file,
}


@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_is_refused_or_read_right(toy: Toy, home: Path, name: str) -> None:
    kind = KINDS[name](home)
    good = kind.path.read_bytes()
    assert outcome(f"{name}, as written", kind.read, kind.right) == "read"
    del COUNTS[f"{name}, as written", "read"]

    @settings(max_examples=TRIALS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(HARMS)
    def trial(harm: Any) -> None:
        kind.path.write_bytes(harmed(good, harm))
        outcome(name, kind.read, kind.right)

    trial()


# ---- one by one ---------------------------------------------------------------------------------------


def refused(read: Callable[[], Any], said: str = "") -> None:
    with pytest.raises(InputError, match=said):
        read()


def test_bombs_and_ways_out_of_the_folder_are_refused(toy: Toy, home: Path) -> None:
    bomb = "a: &a [x, x, x]\n" + "".join(f"{chr(98 + k)}: &{chr(98 + k)} [*{chr(97 + k)}]\n" for k in range(20))
    texts = {
        "anchor": bomb,
        "nested too deeply": "schema: " + "[" * 50_000,
        "a file inside the scenarios folder": "schema: 1\nextends: ../../../etc/passwd\n",
        "circle|itself": "schema: 1\ntitle: x\nextends: bad.yaml\n",
        "tag": "schema: !!python/object/apply:os.system ['true']\n",
    }
    for said, text in texts.items():
        (home / "bad.yaml").write_text(text, encoding="utf-8")
        outcome("bombs and ways out", lambda: load_scenario(home / "bad.yaml"), lambda _: False)
        refused(lambda: load_scenario(home / "bad.yaml"), said)
    (home.parent.parent / "outside.yaml").write_bytes((home / "plan.yaml").read_bytes())
    (home / "link.yaml").symlink_to(Path.cwd() / "outside.yaml")
    (home / "bad.yaml").write_text("schema: 1\ntitle: x\nextends: link.yaml\n", encoding="utf-8")
    refused(lambda: load_scenario(home / "bad.yaml"), "inside the scenarios folder")
    os.mkfifo(home / "pipe.yaml")
    refused(lambda: load_scenario(home / "pipe.yaml"), "not a file")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "crlf", "shuffled", "empty rows"])
def test_what_a_spreadsheet_makes_of_own_figures_is_read_right(toy: Toy, home: Path, encoding: str) -> None:
    kind = actuals_file(home)
    plain, text = kind.read(), ACTUALS
    if encoding == "crlf":
        text = text.replace("\n", "\r\n")
    elif encoding == "shuffled":
        text = "\n".join(",".join(reversed(line.split(","))) for line in text.split("\n"))
    elif encoding == "empty rows":
        text = text.replace("\n", "\n,,,,\n\n") + ",,,,\n"
    kind.path.write_bytes(text.encode(encoding if encoding in ("gbk", "utf-8-sig") else "utf-8"))
    found = kind.read()
    assert (found.names, list(found.years)) == (plain.names, list(plain.years))
    assert np.array_equal(found.values, plain.values)
    assert np.array_equal(found.sd_source, plain.sd_source)


def test_own_figures_that_are_no_table_are_refused(toy: Toy, home: Path) -> None:
    kind = actuals_file(home)
    texts = {
        "there twice": "name,year,value,value\nhnte_count,2016,1,2\n",
        "columns": "name,value\nhnte_count,1\n",
        "number of cells": "name,year,value\nhnte_count,2016\n",
        "not CSV": 'name,year,value\n"hnte_count,2016,1\n',
        "value": 'name,year,value\nhnte_count,2016,"1,5"\n',
        "out of range": "name,year,value\nhnte_count,2016,1e300\n",
    }
    for said, text in texts.items():
        kind.path.write_text(text, encoding="utf-8")
        refused(kind.read, said)
    kind.path.write_bytes(ACTUALS.encode("utf-16"))
    refused(kind.read, "Save as, CSV UTF-8")


def test_parquet_is_looked_at_before_it_is_unpacked(tmp_path: Path) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"a": arrow.nulls(60_000_000, arrow.int8())}), path, compression="zstd")
    assert path.stat().st_size < 1_000_000
    refused(lambda: read_table(path), "too large when unpacked")
    parquet.write_table(arrow.table({"a": [1.0, 2.0]}), path)
    data = path.read_bytes()
    for size in range(0, len(data), 37):
        path.write_bytes(data[:size])
        outcome("Parquet cut off", lambda: read_table(path), lambda _: False)


def test_the_header_of_an_array_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.ones((5, 3, 2), np.float32))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"(5, 3, 2)", b"(9999999,)"))
    assert read_array(path, (5, 3, 2), np.float32) is None
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert read_array(path, (1,), object) is None
    path.write_bytes(b"PK\x03\x04" + data)
    assert read_array(path, (5, 3, 2), np.float32) is None


def test_points_with_a_hostile_header_are_run_again(toy: Toy, home: Path) -> None:
    scenario = load_scenario(home / "plan.yaml")
    runner = PointRunner(plan_targets(scenario), home / "points", 0, 1)
    points = [Point(scenario, {"market.level": 900.0, "voucher.effect": 2.0}, (0, 1))]
    (first,) = runner.run(points)
    (path,) = (home / "points").glob("*.npy")
    whole = path.read_bytes()
    for harm in (whole.replace(b"'<f8'", b"'<U9'"), whole.replace(b"{'descr'", b"((((((((("), whole[:-1], b""):
        path.write_bytes(harm)
        (again,) = runner.run(points)
        assert np.array_equal(again.figures, first.figures)
        assert path.read_bytes() == whole


def test_a_study_leads_nowhere_else(toy: Toy, home: Path, tmp_path: Path) -> None:
    kind = study_file(home)
    folder = kind.path.parent
    study = json.loads(kind.path.read_text("utf-8"))
    for name in ("../plan.yaml", "/etc/passwd", 3, "", "scenarios/../../plan.yaml"):
        named = {**study, "files": [name]}
        del named["hash"]
        kind.path.write_text(json.dumps({"hash": output.digest_of(named), **named}), encoding="utf-8")
        refused(lambda: kept.scenarios_of(folder), "outside the folder")
    kind.path.write_text(json.dumps(study), encoding="utf-8")
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (folder / "shards").symlink_to(elsewhere)
    refused(lambda: kept.resume(folder), "leads out of the folder")
    assert not list(elsewhere.iterdir())
    row = {"row": 0, "draw": 0, "luck": 0, "seed": 0, "changes": "{}", "file": "../plan.yaml"}
    shards.write_failures(folder, [row])
    refused(lambda: replay(folder, 0), "outside the folder")
    for changes in ("[", "[" * 100_000, "3"):
        shards.write_failures(folder, [row | {"changes": changes}])
        refused(lambda: replay(folder, 0), "cannot be read")
    shutil.rmtree(folder)


def test_a_table_that_was_changed_is_not_reported(toy: Toy, home: Path) -> None:
    kind = run_file(home, "targets.csv")
    kind.path.write_text(kind.path.read_text("utf-8-sig").replace("0.1", "0.9"), encoding="utf-8-sig")
    refused(kind.read, "was changed after it was written")
    kind.path.unlink()
    refused(kind.read, "no such file")


def test_commands_end_with_two(toy: Toy, home: Path) -> None:
    from typer.testing import CliRunner

    from simulator.cli import app

    study, run = study_file(home).path, run_file(home, "targets.csv").path
    own = home / "own.csv"
    own.write_text("name,year\n", encoding="utf-8")
    for path in (study, run):
        path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    asked = (("resume", study.parent), ("report", run.parent), ("run", home / "plan.yaml", "--actuals", own))
    for words in asked:
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == 2, done.output
        assert isinstance(done.exception, SystemExit)
        assert ":1:1: " in done.stderr
