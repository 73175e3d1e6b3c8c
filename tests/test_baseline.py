"""The figures of every shipped scenario stay as they were, unless somebody says why they changed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from refresh_baseline import COMMAND, FILE, SEEDS, SERIES, figures, name_of, scenarios, series

TOLERANCE = 1e-9
SHOWN = 8


def baseline() -> dict[str, Any]:
    return json.loads(FILE.read_text("utf-8"))


def differences(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    out = []
    for name in sorted(was.keys() | now.keys()):
        pair = [v if isinstance(v, list) else [v] for v in (was.get(name, []), now.get(name, []))]
        same = len(pair[0]) == len(pair[1])
        if not same or not all(math.isclose(a, b, rel_tol=TOLERANCE) for a, b in zip(*pair, strict=True)):
            out.append(f"{name}: was {was.get(name)}, is {now.get(name)}")
    return out


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("path", scenarios(), ids=name_of)
def test_figures_are_those_of_the_baseline(path: Path, seed: int) -> None:
    was = baseline()["figures"].get(name_of(path), {}).get(str(seed))
    assert was is not None, f"{name_of(path)} is not in the baseline; if it is meant to ship, run: {COMMAND}"
    found = differences(was, figures(path, seed))
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    report = "\n  ".join([*found[:SHOWN], *more])
    assert not found, f"{name_of(path)}, seed {seed}:\n  {report}\nIf this is meant, run: {COMMAND}"


def moved(was: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Return which of the figures differ by more than TOLERANCE of the larger, or of a millionth where near zero."""
    scale = np.maximum(np.maximum(np.abs(was), np.abs(now)), 1e-6)
    return ~((np.abs(was - now) <= TOLERANCE * scale) | (np.isnan(was) & np.isnan(now)))


@pytest.mark.parametrize("path", scenarios(), ids=name_of)
def test_every_indicator_of_every_year_is_that_of_the_baseline(path: Path) -> None:
    with np.load(SERIES) as held:
        was = {what: held[f"{name_of(path)} {what}"] for what in ("indicators", "values", "bills", "amounts")}
    now = series(path, SEEDS[0])
    assert list(now["indicators"]) == list(was["indicators"]), f"the indicators changed; if meant, run: {COMMAND}"
    bad = np.argwhere(moved(was["values"], now["values"]))
    first = [f"{was['indicators'][k]}[{t}]: {was['values'][t, k]}, is {now['values'][t, k]}" for t, k in bad[:SHOWN]]
    assert not first, f"{name_of(path)}: {len(bad)} figures moved\n  " + "\n  ".join(first)
    assert list(now["bills"]) == list(was["bills"])
    bad = np.flatnonzero(moved(was["amounts"], now["amounts"]))
    assert not bad.size, f"{name_of(path)}: {[str(was['bills'][k]) for k in bad[:SHOWN]]}"


def test_a_moved_figure_is_seen() -> None:
    was = np.array([[1.0, np.nan, 0.0, 5.0]])
    assert not moved(was, was * (1.0 + 1e-12)).any()
    assert moved(was, np.array([[1.0 + 1e-8, 0.0, 1e-9, 6.0]])).tolist() == [[True, True, True, True]]


def test_the_baseline_holds_what_ships_and_says_why() -> None:
    content = baseline()
    assert set(content["figures"]) == {name_of(p) for p in scenarios()}
    assert len(content["reason"]) >= 10
    assert content["refresh"] == COMMAND


def test_a_difference_is_seen() -> None:
    was = {"a": [1.0, 2.0], "b": 3.0}
    assert differences(was, {"a": [1.0, 2.0 + 1e-12], "b": 3.0}) == []
    assert len(differences(was, {"a": [1.0, 2.0 + 1e-7], "b": 3.0})) == 1
    assert len(differences(was, {"a": [1.0], "c": 3.0})) == 3
