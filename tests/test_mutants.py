"""The changes that mutation testing makes: which are made, which are left out, and what is said of survivors."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.mutants.__main__ import ANSWERED, every_mutant, sample
from tests.mutants.operators import ROOT, mutants_of

TEXT = '''"""A docstring with 1."""
SIZE: "int | None" = 3
def f(x: "1 + 1", n: int = 2) -> "2 * 2":
    """Say 1."""
    if x < n and not x.done:
        raise ValueError(f"{x + 1} is too small")
    x.sum += min(x.a, 4.0)
    return x
'''


@pytest.fixture
def changes(tmp_path: Path) -> list[tuple[str, str, str]]:
    (tmp_path / "a.py").write_text(TEXT, encoding="utf-8")
    return [(m.scope, m.was, m.becomes) for m in mutants_of(tmp_path, "a.py")]


def test_each_kind_of_change_is_made_and_texts_are_left_alone(changes: list[tuple[str, str, str]]) -> None:
    test, put = "if x < n and not x.done:", "x.sum += min(x.a, 4.0)"
    assert sorted(changes) == sorted(
        [
            ("", 'SIZE: "int | None" = 3', 'SIZE: "int | None" = 4'),
            ("", TEXT.splitlines()[2], TEXT.splitlines()[2].replace("int = 2", "int = 3")),
            ("f", test, "if x <= n and not x.done:"),
            ("f", test, "if x >= n and not x.done:"),
            ("f", test, "if x < n or not x.done:"),
            ("f", test, "if x < n and x.done:"),
            ("f", test, "if not (x < n and not x.done):"),
            ("f", 'raise ValueError(f"{x + 1} is too small")', "pass"),
            ("f", put, "pass"),
            ("f", put, "x.sum -= min(x.a, 4.0)"),
            ("f", put, "x.sum += max(x.a, 4.0)"),
            ("f", put, "x.sum += min(x.a, 8.0)"),
            ("f", "return x", "return None"),
        ]
    )


def test_a_larger_sample_holds_the_smaller_one() -> None:
    every = every_mutant()
    small, large = ({(m.file, m.start, m.now) for m in sample(every, n)} for n in (300, 900))
    assert small < large
    assert {m.file for found in every.values() for m in found} == {file for file, _, _ in small}


def test_what_is_answered_stands_in_the_code_still() -> None:
    known = {m.name for found in every_mutant().values() for m in found}
    with ANSWERED.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = [(r["file"], r["scope"], r["was"], r["becomes"]) for r in rows]
    assert [name for name in names if name not in known] == []
    assert len(set(names)) == len(names)
    assert all(len(r["why"]) > 20 for r in rows)
    assert all((ROOT / r["file"]).exists() for r in rows)
