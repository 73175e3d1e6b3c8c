"""The benchmarks' own arithmetic: rounds, intervals, ratios, load and the table. Nothing here depends on time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.simulate import simulate
from tests.benchmarks import __main__ as bench
from tests.benchmarks import parts, work
from tests.benchmarks.others.task import RESULTS
from tests.benchmarks.others.ways import WAYS, AbsentError, Server, Way, disagreements, interpreter
from tests.benchmarks.table import BEGIN, END, Part, Row, as_json, fill, markdown, text
from tests.benchmarks.timing import (
    Bench,
    Clock,
    Estimate,
    Load,
    Took,
    Variant,
    estimate,
    interleave,
    interval,
    once,
    ratio,
)
from tests.benchmarks.timing import order as order_of
from tests.model_runs import shipped


def pieces(names: str, ran: list[str] | None = None) -> list[Variant]:
    def work_of(name: str) -> Any:
        return lambda _: (ran if ran is not None else []).append(name)

    return [Variant(name, work_of(name)) for name in names]


def test_every_round_runs_every_variant_once_and_begins_with_another() -> None:
    ran: list[str] = []
    took = interleave(pieces("abc", ran), 6)
    rounds = [ran[i : i + 3] for i in range(0, 18, 3)]
    assert all(sorted(r) == ["a", "b", "c"] for r in rounds)
    assert {r[0] for r in rounds} == {"a", "b", "c"}
    assert {name: len(times) for name, times in took.items()} == {"a": 6, "b": 6, "c": 6}


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_each_variant_stands_before_each_other_about_as_often(count: int) -> None:
    orders = [order_of(count, turn) for turn in range(4 * count)]
    assert all(sorted(o) == list(range(count)) for o in orders)
    for a in range(count):
        for b in range(a):
            first = sum(o.index(a) < o.index(b) for o in orders)
            assert first == 2 * count


def test_two_variants_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        interleave(pieces("aa"), 1)


def test_set_up_is_given_to_the_work_and_marks_are_kept() -> None:
    took = once(Variant("x", lambda given: {"part": given + 1.0}, setup=lambda: 2.0))
    assert took["part"] == 3.0
    assert took["wall"] >= 0.0
    assert took["cpu"] >= 0.0
    elsewhere = Took(5.0, 4.0)
    assert once(Variant("y", lambda _: elsewhere)) is elsewhere


def test_an_interval_is_that_of_the_binomial() -> None:
    assert interval(range(9)) == (1, 7, pytest.approx(1.0 - 20.0 / 512.0))
    low, high, level = interval([3.0, 1.0, 2.0])
    assert (low, high) == (1.0, 3.0)  # three values cannot give 95 %
    assert level == pytest.approx(0.75)
    assert interval([4.0]) == (4.0, 4.0, 0.0)
    with pytest.raises(ValueError):
        interval([])


@pytest.mark.parametrize("rounds", [9, 15, 30])
def test_an_interval_holds_the_median_as_often_as_it_says(rounds: int) -> None:
    rng = np.random.default_rng(3)
    held, trials, level = 0, 2000, 0.0
    for values in rng.standard_exponential((trials, rounds)):
        low, high, level = interval(values)
        held += low <= np.log(2.0) <= high
    assert level >= 0.95
    assert held / trials == pytest.approx(level, abs=0.02)


def test_ratios_are_taken_within_a_round() -> None:
    # the machine is ten times slower in the second round, and the ratio stands
    slow = [Took(2.0, 2.0), Took(20.0, 20.0), Took(2.2, 2.2)]
    fast = [Took(1.0, 1.0), Took(10.0, 10.0), Took(1.0, 1.0)]
    found = ratio(slow, fast)
    assert (found.median, found.low, found.high, found.rounds) == (2.0, 2.0, 2.2, 3)
    assert ratio(slow, fast, "wall", 0.5).median == 1.0
    assert ratio([Took(1.0, 1.0, {"part": 3.0})], [Took(1.0, 1.0, {"part": 2.0})], "part").median == 1.5
    with pytest.raises(ValueError):
        ratio(slow, fast[:2])


def test_foreign_load_is_seen_in_pieces_that_want_a_whole_core() -> None:
    alone, shared = Variant("alone", print), Variant("shared", print, alone=False)
    load = Load()
    load.watch([alone, shared], {"alone": [Took(1.0, 0.99)], "shared": [Took(1.0, 0.1)]})
    assert not load.busy
    assert "quiet" in load.says()
    load.watch([alone], {"alone": [Took(1.0, 0.5)]})
    assert load.busy
    assert "processor time only" in load.says()


def test_a_bench_runs_each_piece_once_before_it_counts() -> None:
    ran: list[str] = []
    took = Bench(2).rounds_of(pieces("ab", ran))
    assert ran[:2] == ["a", "b"]
    assert (len(ran), len(took["a"])) == (6, 2)


def test_a_clock_counts_nested_work_once() -> None:
    clock = Clock()
    inner = clock.timed("inner", lambda: sum(range(200_000)))
    outer = clock.timed("outer", lambda: inner())
    outer()
    assert set(clock.spent) == {"inner", "outer"}
    assert clock.spent["outer"] < clock.spent["inner"]
    assert sum(share for _, share in clock.shares(sum(clock.spent.values()))) == pytest.approx(1.0)


def test_a_clocked_run_is_the_same_run() -> None:
    scenario = work.plan(1_000, 2)
    clock = Clock()
    with work.clocked(clock, scenario) as watched:
        seen = simulate(watched, {}, 1)
    assert {"build", "begin", "offers", "measure", "books", "market"} <= set(clock.spent)
    again = simulate(scenario, {}, 1)
    assert np.array_equal(seen.values, again.values)


def some_parts() -> list[Part]:
    e = Estimate(30.0, 28.0, 33.5, 0.96, 9)
    return [
        Part("x", "the first", [Row("this over that", e), Row("seconds", 1.5, "s"), Row("a part", 0.25, "share")]),
        Part("y", "the second", [Row("hidden", e, readme=False)], notes=["a remark"]),
        Part("z", "the third", missing="not built yet"),
    ]


def test_the_table_holds_ratios_only_and_names_the_machine() -> None:
    table = markdown(some_parts(), Load())
    assert "| this over that | 30 | 28 to 33.5 |" in table
    assert "| a part | 25.0% |  |" in table
    assert "seconds" not in table
    assert "hidden" not in table
    assert "Python" in table
    assert "medians of at least 9 interleaved rounds" in table
    assert "busy" not in table
    assert "busy" in markdown(some_parts(), Load(before=99.0))


def test_the_table_is_put_between_its_markers_and_nowhere_else() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    filled = fill(page, "new")
    assert filled == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert fill(filled, "new") == filled
    for wrong in ("none", BEGIN, f"{END}{BEGIN}", page + page):
        with pytest.raises(ValueError, match="bench"):
            fill(wrong, "new")


def test_lines_and_plain_values_say_everything() -> None:
    lines = text(some_parts(), Load())
    for words in ("this over that", "1.5 s", "a remark", "not built yet"):
        assert words in lines
    plain = json.loads(json.dumps(as_json(some_parts(), Load())))
    assert plain["parts"][0]["rows"][0]["value"]["median"] == 30.0
    assert {"processor", "cores", "python", "numba", "date"} <= set(plain["machine"])


def test_the_command_runs_the_parts_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked: list[tuple[str, bool, int]] = []

    def fake(key: str) -> Any:
        def part(run: Bench, options: work.Options) -> Part:
            """Measure nothing."""
            asked.append((key, options.quick, run.rounds))
            return Part(key, key, [Row("r", estimate([1.0, 2.0, 3.0]))])

        return part

    monkeypatch.setattr(bench, "PARTS", {key: fake(key) for key in "abc"})
    page = tmp_path / "README.md"
    page.write_text(f"{BEGIN}\n{END}\n", "utf-8")
    assert bench.main(["--only", "c,a", "--quick", "--json", "--readme", str(page)]) == 0
    assert asked == [("c", True, bench.QUICK_ROUNDS), ("a", True, bench.QUICK_ROUNDS)]
    assert [p["key"] for p in json.loads(capsys.readouterr().out)["parts"]] == ["c", "a"]
    assert "| r | 2 | 1 to 3 |" in page.read_text("utf-8")
    with pytest.raises(SystemExit):
        bench.main(["--only", "q"])


def test_the_reference_and_the_model_are_given_the_same_years(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "REFERENCE_ROW_YEARS", 1_000)
    part = parts.reference(Bench(1), work.Options(quick=True))
    assert [row.name for row in part.rows] == [
        "Mesa over the model, 1 k firms, one core",
        "Mesa on one core over the model on two, 1 k firms",
    ]
    assert all(row.middle > 0.0 for row in part.rows)
    assert "1 years from 2016" in part.notes[0]


def test_the_ways_here_agree_and_answer_when_asked() -> None:
    here = [way for way in WAYS if not way.environment]
    found = {}
    for way in here:
        with Server(way, 20_000, 4) as server:
            took = server.ask()
            assert took.cpu >= 0.0
            found[way.name] = server.found
            assert len(server.found[0]) == len(RESULTS)
    assert disagreements(found) == []


def test_a_way_that_does_not_run_says_why() -> None:
    with Server(Way("none", "no_such_script.py"), 10, 1) as server, pytest.raises(AbsentError, match="does not run"):
        server.ask()


@pytest.mark.slow
def test_draws_are_counted_in_compiled_code_and_belong_to_parts(tmp_path: Path) -> None:
    found = json.loads(work.child("tests.benchmarks.count", "300", "1", NUMBA_CACHE_DIR=str(tmp_path)))
    assert found["draws"] == sum(found["by_part"].values())
    assert 5.0 < found["draws"] / found["firm_years"] < 200.0
    assert 0.0 < found["changed"] < found["read"]


@pytest.mark.slow
def test_memory_is_that_of_a_fresh_process() -> None:
    found = json.loads(work.child("tests.benchmarks.memory", "1000", "1"))
    assert found["peak"] >= found["empty"] > 0.0
    assert found["reserved"] >= found["columns"] > found["rows"]


def test_ways_that_disagree_are_named() -> None:
    same = [[15.0, 0.2, 5.0, 0.06]] * 3
    assert disagreements({"plain Mesa objects": same, "other": same}) == []
    other = [[15.0, 0.3, 5.0, 0.06]] * 3
    (line,) = disagreements({"plain Mesa objects": same, "other": other})
    assert RESULTS[1] in line


def test_a_way_that_cannot_be_installed_is_skipped_with_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tests.benchmarks.others import ways

    def fails(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(ways, "ENVIRONMENTS", tmp_path)
    monkeypatch.setattr(ways, "ROOT", tmp_path)
    monkeypatch.setattr(ways.subprocess, "run", fails)
    with pytest.raises(AbsentError, match="no network"):
        interpreter(Way("x", "x.py", "x", ("x",)))


def test_firm_years_are_those_of_firms_alive() -> None:
    found = work.lived(1_000, 2)
    assert work.firm_years(1_000, 2) == sum(found.alive)
    assert all(900 < n < 1_500 for n in found.alive)
    assert len(shipped().entries) == len(work.plan(1_000, 2).entries)
