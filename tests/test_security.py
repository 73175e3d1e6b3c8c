"""Nothing that is read is executed, nothing that is written is a formula, and what is installed is pinned."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.study import output
from simulator.study.checked import defused, fused

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(p for p in (ROOT / "simulator").rglob("*.py"))
LOCK, CONSTRAINTS = ROOT / "requirements.lock", ROOT / "constraints.txt"

FORBIDDEN = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "marshal.loads", "marshal.load"}
UNSAFE = ("pickle.", "shelve.", "dill.", "cloudpickle.", "joblib.")
# What a worker raises is tried in its own process: can it be sent? Nothing comes from a file.
ALLOWED = {("study/engine.py", "pickle.loads"), ("study/engine.py", "pickle.dumps")}
# Tables of calibration/ and of a city's folder: numbers, and names that the code or the city's files declare. They are
# read again by the program, by column. Everything else goes through ``output.write_csv``.
CSV_WRITERS = {
    "study/effects.py", "study/influence.py", "study/made.py", "study/new_region.py", "study/output.py",
    "study/shards.py", "study/uncertainty.py",
}  # fmt: skip


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def test_nothing_that_is_read_is_executed() -> None:
    found = []
    for path in SOURCES:
        name = path.relative_to(ROOT / "simulator").as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            what, given_ = called(node), {k.arg: ast.unparse(k.value) for k in node.keywords}
            bad = what in FORBIDDEN or (what.startswith(UNSAFE) and (name, what) not in ALLOWED)
            bad |= what in ("read_pickle", "pandas.read_pickle") or what.startswith("yaml.load")
            bad |= what in ("np.load", "numpy.load") and given_.get("allow_pickle", "False") != "False"
            bad |= what.endswith("YAML") and given_.get("typ", "'rt'") not in ("'safe'", "'rt'")
            bad |= given_.get("shell", "False") != "False"
            if bad:
                found.append(f"{name}:{node.lineno}: {what}")
    assert not found


def test_every_table_is_written_where_formulas_are_defused() -> None:
    writes = re.compile(r"\.to_csv\(|csv\.writer\(|DictWriter\(|\.to_excel\(")
    found = {p.relative_to(ROOT / "simulator").as_posix() for p in SOURCES if writes.search(p.read_text("utf-8"))}
    assert found <= CSV_WRITERS


@given(st.text(max_size=12) | st.tuples(st.sampled_from("'=+-@\t\r＝＋－＠"), st.text(max_size=6)).map("".join))
def test_text_that_is_a_formula_is_defused_and_comes_back(text: str) -> None:
    written = defused(text)
    assert fused(written) == text
    if written[:1] in tuple("=+-@\t\r＝＋－＠"):
        assert written == text
        assert re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?", text)  # a number


def test_a_table_for_spreadsheets_holds_no_formula(tmp_path: Path) -> None:
    texts = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "'=1", "plain", "-5", "创新券", "＝1+1"]
    frame = pandas.DataFrame({"name": texts, "value": [-1.5] * len(texts), "=head": [True] * len(texts)})
    output.write_csv(frame, tmp_path / "a.csv")
    plain = (tmp_path / "a.csv").read_text(encoding="utf-8-sig")
    assert plain.splitlines()[0] == "name,value,'=head"
    assert "'=cmd|' /C calc'!A0,-1.5,True" in plain
    assert "\n-5,-1.5,True" in plain
    pandas.testing.assert_frame_equal(output._read_frame(tmp_path / "a.csv"), frame)


@pytest.mark.skipif(not LOCK.is_file(), reason="no lock file")
def test_what_is_installed_is_pinned_with_hashes_and_agrees() -> None:
    text = LOCK.read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.M))
    held = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", CONSTRAINTS.read_text(encoding="utf-8"), re.M))
    assert not {name: (v, pins.get(name)) for name, v in held.items() if pins.get(name) != v}
    blocks = re.split(r"^(?=[A-Za-z0-9])", "\n".join(x for x in text.splitlines() if not x.startswith("#")), flags=re.M)
    assert all("--hash=sha256:" in block for block in blocks if block.strip())
    assert not re.search(r"https?://|--index-url|--find-links", text)
