"""Validation: gates hold where they should and fail where they should, on planted cases and on the shipped files."""

from __future__ import annotations

import html
import inspect
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas
import pytest
from rich.console import Console
from typer.testing import CliRunner

from simulator.cli import app
from simulator.core.declare import Label
from simulator.core.ledger import Bill
from simulator.core.problems import InputError
from simulator.report.validation import (
    STEPS_ZH,
    chance_note,
    plain,
    save_validation,
    step_line,
    validation_screen,
)
from simulator.study import validate as validating
from simulator.study.abc_fit import Coverage, Settings, fit
from simulator.study.accounting import Books, books_of, outlay_over_budget
from simulator.study.facts import Fact
from simulator.study.gates import (
    book_gates,
    coverage_gates,
    fact_gates,
    identified,
    inner_gates,
    predictive_gates,
)
from simulator.study.history import History
from simulator.study.inner_test import CUT, scored
from simulator.study.packed import columns_of, load_packed, pack_bank, packed_path
from simulator.study.posterior import load_posterior
from simulator.study.priors import parameter_rows, standard_normals
from simulator.study.replicates import load_scenario, values_of
from simulator.study.scoring import at_most_p
from simulator.study.series_influence import Influence
from simulator.study.validate import Validation, validate


def points(names: list[str], years: list[int], values: list[float]) -> History:
    count = len(names)
    return History(
        "qingdao", tuple(names), np.array(years), np.array(values, float), np.full(count, 0.05), np.full(count, 0.05),
        ("fit",) * count, ("",) * count, np.zeros(count, bool),
    )  # fmt: skip


FITTED = points(["hnte_count"] * 3 + ["incubators"], [2011, 2012, 2014, 2014], [100.0, 120.0, 180.0, 50.0])
TESTED = points(["hnte_count"] * 2 + ["incubators"], [2015, 2016, 2016], [150.0, 130.0, 80.0])


def samples(centre: np.ndarray, sd: float) -> np.ndarray:
    return centre * np.exp(sd * np.random.default_rng(0).standard_normal((400, centre.size)))


def test_a_model_that_knows_wins_and_one_that_does_not_loses() -> None:
    good, bad = (
        scored(FITTED, TESTED, samples(TESTED.values, 0.05)),
        scored(FITTED, TESTED, samples(TESTED.values * 5, 0.05)),
    )
    assert good.won == (1, 1)  # one point leaves no baseline with a spread of its own
    assert bad.won == (0, 1)
    assert good.coverage.hits == 3
    assert bad.coverage.hits == 0
    assert [g.ok for g in inner_gates(good)[:2]] == [True, True]
    assert [g.ok for g in inner_gates(bad)[:2]] == [False, False]
    series = good.scores[0]
    assert (series.fitted, series.tested, series.few) == (3, 2, True)
    assert set(series.baselines) == {"persistence", "linear", "exponential"}
    assert 0.0 < series.skill < 1.0
    assert not good.scores[1].scored
    assert np.isnan(good.scores[1].skill)


def frame(inside: list[bool]) -> pandas.DataFrame:
    return pandas.DataFrame({"indicator": ["hnte_count"] * len(inside), "inside": inside})


def test_gates_have_the_bounds_that_were_set() -> None:
    def covered(pooled: float, low: float, high: float) -> list[bool | None]:
        return [g.ok for g in coverage_gates(Coverage(pooled, 0.9, np.array([low, high]), 200))]

    assert covered(0.87, 0.82, 0.97) == [True, True, None]
    assert covered(0.93, 0.90, 0.90) == [True, True, None]
    assert covered(0.8699, 0.81, 0.9)[:2] == [False, False]
    assert covered(0.9301, 0.9, 0.98)[:2] == [False, False]
    assert [g.ok for g in predictive_gates(frame([True] * 40))] == [True, True]
    assert [g.ok for g in predictive_gates(frame([True] * 30 + [False] * 10))] == [True, False]
    assert [g.ok for g in predictive_gates(frame([False] * 3))] == [False, False]
    assert [g.ok for g in fact_gates([Fact("a", "a", 0.5, 0.4, 0.6, "s"), Fact("b", "b", 0.7, 0.4, 0.6, "s")])] == [
        True, False,
    ]  # fmt: skip
    assert [g.ok for g in book_gates(Books(3, (), 5, 1.0, "X"))] == [True, True]
    assert [g.ok for g in book_gates(Books(3, ("run 0: off",), 5, 1.2, "X"))] == [False, False]
    assert at_most_p(9, 10, 0.9) == pytest.approx(1.0 - 0.9**10)
    assert at_most_p(10, 10, 0.9) == 1.0


def test_what_was_not_learned_is_named() -> None:
    manifest = {
        "spread": {"a.x": 0.5, "a.y": 0.95},
        "pairs": [{"first": "a.y", "second": "a.z", "only": "product", "correlation": -0.9, "spread": 0.3}],
    }
    learned, other, pairs = identified(manifest)
    assert learned.figure == "1/2: a.x 0.50"
    assert other.figure == "1/2"
    assert pairs.figure == "1: a.y / a.z (product)"


def test_outlay_over_budget_is_cumulative() -> None:
    plan = load_scenario("scenarios/qingdao/plan.yaml")
    entry = next(e for e in plan.entries if e.id == "HQ_grants")
    budget = entry.settings.budget

    def bill(year: int, amount: float, kind: str = "outlay") -> Bill:
        return Bill(entry.id, entry.lever.name, year, "city", kind, amount)  # type: ignore[arg-type]

    years = [2011, 2012]
    assert outlay_over_budget(entry, [bill(2011, 0.5 * budget), bill(2012, 1.5 * budget)], years) == pytest.approx(1.0)
    assert outlay_over_budget(entry, [bill(2011, 1.5 * budget)], years) == pytest.approx(1.5)
    assert outlay_over_budget(entry, [bill(2011, 9.0 * budget, "running")], years) == 0.0
    free = next(e for e in plan.entries if e.id == "HQ_deduction")
    assert np.isnan(outlay_over_budget(free, [], years))


def test_books_of_a_short_run_close() -> None:
    scenario = load_scenario("scenarios/benxi/plan.yaml")
    found = books_of(replace(scenario, years=(scenario.years[0], scenario.years[0] + 5)), [values_of(-1, 0)])
    assert found.ok
    assert found.entries > 5


def test_a_packed_bank_gives_the_same_fit(tmp_path: Path) -> None:
    rows = tuple(parameter_rows())
    history = points(["hnte_count", "incubators", "hnte_count"], [2012, 2013, 2016], [1000.0, 50.0, 900.0])
    numbers = np.array([0, 1, 3, *range(5, 302)])
    z = standard_normals(rows, numbers, 4)
    figures = history.values * np.exp(0.3 * z[:, :3])
    bank = SimpleNamespace(
        region="madeup", seed=4, hash="h", rows=rows, draws=numbers, years=np.arange(2011, 2017),
        points=lambda names, years: figures,
    )  # fmt: skip
    path = pack_bank(bank, history, "model", tmp_path)  # type: ignore[arg-type]
    first = path.read_bytes()
    assert pack_bank(bank, history, "model", tmp_path).read_bytes() == first  # type: ignore[arg-type]
    found = load_packed("madeup", tmp_path)
    assert found is not None
    assert found.fits_priors
    assert found.size == len(numbers)
    assert np.array_equal(found.z, z)
    data = found.material(history)
    assert data.clean == pytest.approx(history.transform(figures), rel=1e-5)
    target = history.transform(history.values)
    part = columns_of(data, np.array([True, False, True]))
    result = fit(part, target[[0, 2]], Settings())
    assert result.spread()[0] < 0.8  # what the points are made of was learned
    assert result.spread()[1] > 0.8  # but not what only the point left out was made of
    with pytest.raises(KeyError, match="talent"):
        found.material(points(["talent_total"], [2012], [1.0]))
    assert load_packed("nowhere", tmp_path) is None


def made_up() -> Validation:
    inner = scored(FITTED, TESTED, samples(TESTED.values, 0.05))
    facts = (Fact("rd_entry", "firms that begin R&D in a year", 0.05, 0.03, 0.12, "s"),)
    cover = Coverage(0.9, 0.9, np.array([0.88, 0.91]), 200)
    low, high = np.quantile(inner.samples, (0.05, 0.95), axis=0)
    seen = pandas.DataFrame(
        {"indicator": TESTED.names, "year": TESTED.years, "observed": TESTED.values, "p05": low, "p50": low,
         "p95": high, "rank": 0.5, "inside": True}
    )  # fmt: skip
    manifest = {"spread": {"a.x": 0.5, "a.y": 0.95}, "pairs": []}
    books = Books(3, (), 5, 1.0, "X")
    gates = (
        *coverage_gates(cover), *predictive_gates(seen), *inner_gates(inner), *fact_gates(facts), *book_gates(books),
        *identified(manifest),
    )  # fmt: skip
    moved = (Influence("hnte_count", 3, 0.4, (("a.x", 0.4),), {"hnte_count": -0.1, "rd_share": 0.0}),)
    note = Label("A note.", "一条说明。")
    return Validation(
        "qingdao", None, gates, (note,), FITTED, inner, seen, cover, facts, books, moved, manifest, {"inner test": 2.0}
    )


@pytest.mark.parametrize(("language", "said"), [("en", "gates pass"), ("zh", "通过")])
def test_page_and_screen(tmp_path: Path, language: str, said: str) -> None:
    found = made_up()
    out = Console(file=io.StringIO(), width=150, no_color=True)
    out.print(validation_screen(found, language))
    assert said in out.file.getvalue()  # type: ignore[attr-defined]
    page = save_validation(found, tmp_path, language)
    text = page.read_text(encoding="utf-8")
    assert said in text
    assert text.count(html.escape(chance_note(language))) == 2
    assert text.count("data:image/png") == 5
    assert "http" not in text.replace("http-equiv", "")
    held = json.loads((tmp_path / "validation.json").read_text(encoding="utf-8"))
    assert held["ok"] is True
    assert held == json.loads(json.dumps(plain(found)))


def test_what_is_said_while_it_works_is_in_the_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = re.findall(r'timed\("([^"]+)"', inspect.getsource(validating))
    assert set(steps) == set(STEPS_ZH)
    assert step_line("inner test: 12 s", "zh") == "内部检验：12 秒"
    assert step_line("inner test: 12 s", "en") == "inner test: 12 s"
    found = made_up()
    bad = replace(found, gates=(replace(found.gates[0], ok=False), *found.gates[1:]))

    def held(*_: object, say: Callable[[str], None], **__: object) -> Validation:
        say("facts: 3 s")
        return bad

    monkeypatch.setattr(validating, "validate", held)
    done = CliRunner().invoke(app, ["validate", "qingdao", "--out", str(tmp_path), "--lang", "zh"])
    assert done.exit_code == 4
    assert "典型事实：3 秒" in done.stderr
    assert "1 项检验未通过" in done.stderr


def test_exit_code_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = made_up()
    monkeypatch.setattr(validating, "validate", lambda *_, **__: found)
    arguments = ["validate", "qingdao", "--out", str(tmp_path), "--lang", "en"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    bad = replace(found, gates=(replace(found.gates[0], ok=False), *found.gates[1:]))
    monkeypatch.setattr(validating, "validate", lambda *_, **__: bad)
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 4
    assert "FAIL" in done.stdout
    assert CliRunner().invoke(app, [*arguments, "--json"]).exit_code == 4


def test_a_region_without_points_is_a_projection() -> None:
    found = validate("benxi")
    assert found.inner is None
    assert found.ok
    assert "projection" in found.notes[0].en


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(InputError):
        validate("atlantis")


@pytest.mark.slow
def test_the_shipped_fit_passes_its_gates() -> None:
    if load_posterior("qingdao") is None or not packed_path("qingdao").is_file():
        pytest.skip("no posterior is shipped yet")
    found = validate("qingdao")
    assert not found.failed, [(g.group, g.name.en, g.figure, g.asked) for g in found.failed]
    assert found.inner is not None
    assert found.inner.tested.years.min() > CUT
