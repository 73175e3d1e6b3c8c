"""What mutation testing and faults found unguarded in core/ and in the world: no other test noticed these."""

from __future__ import annotations

import gc
import inspect
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from simulator.core.declare import Label
from simulator.core.ledger import Ledger
from simulator.core.luck import Luck, count_above, poisson_quantile
from simulator.core.memory import collector_at_rest, keep_freed_memory
from simulator.core.parameters import Range
from simulator.core.population import Population, _pitch, column, find
from simulator.core.problems import _SUGGESTED, InputError, Place, Problems, closest, listed, shown
from simulator.core.reading import decode, parse_csv, parse_yaml, read_bytes, scalar
from simulator.core.terms import Terms, _mask
from simulator.core.terms_kernels import award, reach
from simulator.core.units import _LONGEST, UnitError, forms, quantity
from simulator.levers.common import sum_of
from simulator.simulate import simulate, start
from simulator.world.region import load_region
from simulator.world.terms import TERMS
from tests.benchmarks.scaled import scaled
from tests.model_runs import ROOT, shipped

UNIFORMS = [0.024983496680366424, 0.03882889247444116, 0.18331448529862]  # committed: luck never changes


def test_a_label_speaks_both_languages() -> None:
    label = Label("firms", "企业")
    assert (label["en"], label["zh"]) == ("firms", "企业")


def test_freed_memory_is_kept_where_the_c_library_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform.startswith("linux"):
        assert keep_freed_memory() in (True, False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert keep_freed_memory() is False


def test_the_collector_is_as_it_was_when_the_last_run_ends() -> None:
    assert gc.isenabled()
    with collector_at_rest():
        with collector_at_rest():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("shape", "low", "high", "spread"),
    [("linear", 1.0, 3.0, 2.0), ("log", 1.0, 4.0, math.log(4.0)), ("logit", 0.2, 0.8, 2.0 * math.log(4.0))],
)
def test_the_spread_of_a_range_is_its_standard_deviation(shape: str, low: float, high: float, spread: float) -> None:
    found = Range(low, high, shape).spread(low)  # type: ignore[arg-type]
    assert found == pytest.approx(spread / (2.0 * 1.6448536269514722), rel=1e-9)


def test_what_is_shown_is_cut_at_its_length_and_not_before() -> None:
    assert shown("x" * 58) == repr("x" * 58)  # 60 with the quotation marks
    assert shown("x" * 59) == "'" + "x" * 56 + "..."
    assert shown("企业") == "'企业'"
    assert shown("a\u202eb") == "'a\\u202eb'"
    assert listed(["a" * 100] * 2 + ["b" * 96]) == ", ".join(["a" * 100] * 2 + ["b" * 96])
    assert listed(["a" * 100] * 2 + ["b" * 92, "cc", "d"]) == ", ".join(["a" * 100] * 2) + ", " + "b" * 92 + ", ..."


def test_whole_numbers_of_up_to_thirty_digits_stay_whole() -> None:
    assert scalar("1" * 30) == int("1" * 30)
    assert isinstance(scalar("1" * 30), int)
    assert isinstance(scalar("1" * 31), float)


def test_a_table_that_is_not_csv_is_refused_at_its_line() -> None:
    problems = Problems()
    parse_csv(b'a,b\n1,"2', "t.csv", ("a", "b"), problems)
    parse_csv(b'"a', "u.csv", ("a", "b"), problems)
    with pytest.raises(Exception, match=r"u\.csv:1:"):
        problems.raise_any()


def test_of_columns_only_what_is_wrong_with_them_is_said() -> None:
    for data, said in ((b"b,a\n1,2\n", "columns in another order"), (b"a\n1\n", "missing columns: b")):
        problems = Problems()
        parse_csv(data, "t.csv", ("a", "b"), problems)
        with pytest.raises(InputError) as caught:
            problems.raise_any()
        assert [p.message for p in caught.value.problems] == [said]


def test_a_sum_over_nobody_is_zero_and_over_some_theirs() -> None:
    values = np.array([1.0, 2.0, 4.0])
    assert sum_of(values, np.zeros(3, bool)) == 0.0
    assert sum_of(values, np.array([True, False, True])) == 5.0


def test_keys_that_share_their_last_bits_are_told_apart() -> None:
    keys = np.array([3, 19, 35, 51, 67], np.uint64)  # one place in the table for all
    assert find(keys, keys[[3, 0, 2, 1]]).tolist() == [3, 0, 2, 1]
    assert find(keys, np.array([83, 19, 51, 19], np.uint64)).tolist() == [-1, 1, 3, 1]


def test_of_names_as_like_as_each_other_the_one_that_looks_alike_is_suggested() -> None:
    names = [f"QD{k:02d}" for k in range(1, 32)]
    assert closest("QD1O", names) == "QD10"
    assert closest("QDl2", names) == "QD12"


def test_a_spreadsheet_in_another_encoding_is_told_how_to_be_saved() -> None:
    problems = Problems()
    assert decode("青岛".encode("gbk"), "own.csv", problems) is None
    assert "CSV UTF-8" in problems.found[0].allowed


def test_founding_that_runs_away_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.world.world.MOST_FIRMS", 0.0)
    monkeypatch.setattr("simulator.world.world.FIRMS_AT_LEAST", 100)
    with pytest.raises(RuntimeError, match="founding has run away"):
        simulate(shipped(last=2012), {}, 1)


def test_a_city_too_small_for_alliances_has_none() -> None:
    run = simulate(scaled(shipped(last=2012), 60), {}, 1)
    assert run.series("alliances")[0] == 0


def test_a_city_is_read_from_within_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "scenarios" / "qingdao")
    assert load_region(Path("region")).digest == shipped().region.digest


def test_a_table_that_is_right_may_be_used() -> None:
    problems = Problems()
    assert parse_csv(b"a,b\n1,2\n", "t.csv", ("a", "b"), problems).usable
    assert not parse_csv(b"a\n1\n", "t.csv", ("a", "b"), problems).usable


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"12345")
    problems = Problems()
    assert read_bytes(tmp_path / "a.csv", problems, 5) == b"12345"
    assert read_bytes(tmp_path / "a.csv", problems, 4) is None
    assert [p.message for p in problems.found] == ["file too large"]


def test_what_is_wrong_in_a_file_is_said_with_its_place() -> None:
    problems = Problems()
    decode("x\n青岛市".encode("gbk"), "t.txt", problems)
    parse_csv(b"a,c\n1,2\n", "t.csv", ("a", "b"), problems)
    parse_csv(b'a,b\n1,2\n3,4\n5,"6', "u.csv", ("a", "b"), problems)
    gbk, unknown, _, quote = problems.found
    assert (gbk.line, gbk.column, gbk.read) == (2, 1, repr("青岛市".encode("gbk")[:4]))
    assert (unknown.message, unknown.line, unknown.column) == ("unknown column", 1, 3)
    assert quote.line == 4


def test_a_broken_file_is_not_kept_as_if_it_were_whole() -> None:
    for _ in range(2):
        problems = Problems()
        parse_yaml(b"a: 1\na: 2\n", "twice.yaml", problems)
        assert len(problems) == 1


def test_an_empty_value_is_no_text() -> None:
    problems = Problems()
    root = parse_yaml(b"a:\nb: x\nc: 'true'\n", "t.yaml", problems)
    assert root is not None
    assert {k: n.value for k, n in root.value.items()} == {"a": None, "b": "x", "c": "true"}


def test_units_say_what_they_cannot_take() -> None:
    with pytest.raises(UnitError, match="multiplier under the line"):
        quantity("3 firms / thousand", "firms")
    with pytest.raises(UnitError):
        quantity("1" * (_LONGEST + 1), "1")
    assert quantity("1" + "0" * (_LONGEST - 1), "1") == float("1" + "0" * (_LONGEST - 1))
    assert list(forms("1")) == ["a number", "70 %"]
    assert list(forms("")) == ["a number"]
    assert list(forms("firms")) == ["a number in firms"]


def test_terms_without_an_offer_speak_to_nobody() -> None:
    world = start(shipped(last=2011), Luck(1))
    terms = Terms(TERMS, world, 2011, Ledger(), Luck(1), national={})
    name = next(t for t, d in TERMS.items() if d.money and d.population == "firms")
    assert not terms.offered(name)
    assert terms.eligible(name).tolist() == [False] * len(world.firms)
    assert _mask(np.array([1, 3]), 4).tolist() == [False, True, False, True]


def test_bytes_that_are_not_utf8_are_shown() -> None:
    problems = Problems()
    assert decode(b"a: \xff\xfe12345", "plan.yaml", problems) is None
    assert problems.found[0].read == shown(b"\xff\xfe12")


def test_a_missing_file_is_told_from_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").touch()
    problems = Problems()
    assert read_bytes(tmp_path / "paln.yaml", problems, 100) is None
    assert problems.found[0].suggestion == "plan.yaml"


def test_what_a_parser_raises_has_the_line_that_it_names_or_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    class BrokenParserError(Exception):
        line: int | None = None

    def broken(*_: object) -> None:
        raise error

    error = BrokenParserError("broken")
    monkeypatch.setattr("ruamel.yaml.YAML.parse", broken)
    for line, expected in ((None, 1), (4, 5)):  # parsers count from zero
        error.line = line
        problems = Problems()
        assert parse_yaml(b"a: 1", "plan.yaml", problems) is None
        assert problems.found[0].line == expected


def test_what_stands_in_quotes_is_a_text_with_a_tag_too() -> None:
    problems = Problems()
    root = parse_yaml(b"a: ! '12'\nb: 12\n", "plan.yaml", problems)
    assert root is not None
    assert not len(problems)
    assert [root.value["a"].value, root.value["b"].value] == ["12", 12]


def test_suggestions_end_after_so_many_problems() -> None:
    problems = Problems()
    for _ in range(_SUGGESTED + 1):
        problems.add(Place("plan.yaml"), "unknown", read="paln", among=["plan"])
    assert [p.suggestion for p in problems.found[-2:]] == ["plan", ""]


def test_a_budget_reaches_those_whom_a_sort_would_reach() -> None:
    draw = np.random.default_rng(11)
    for size in (1, 16, 17, 40, 200):
        for _ in range(40):
            order, rows = np.arange(size), draw.permutation(size)
            score = draw.integers(0, draw.integers(2, 60), size).astype(float)  # with ties
            key, cost = draw.permutation(size).astype(np.uint64), draw.uniform(1.0, 5.0, size)
            sorted_ = sorted(order.tolist(), key=lambda i: (score[i], key[rows[i]]))
            sums = np.cumsum(cost[sorted_])
            budget = draw.uniform(0.0, 1.1) * sums[-1]
            paid = int(np.count_nonzero(sums <= budget))
            count, left = reach(order, score.copy(), cost, rows, key, budget)
            assert count == paid
            assert left == pytest.approx(budget - (sums[paid - 1] if paid else 0.0), abs=1e-9)
            assert set(order[:count].tolist()) == set(sorted_[:paid])
            assert paid == size or order[count] == sorted_[paid]


def _awarded(wanted: float, eligible: list[bool]) -> float:
    one, none = np.ones(1), np.zeros(1)
    rows, key = np.zeros(1, np.int64), np.ones(1, np.uint64)
    return award(
        rows, key, none, np.array([wanted]), one, np.array([np.inf]), 1.0, np.array(eligible, bool), np.inf, one,
        0.0, 0.0, 0.0, np.uint64(2), np.uint64(4), np.array([wanted]), np.zeros(1), np.zeros((3, 1)),
    )  # fmt: skip


def test_an_award_of_less_than_a_yuan_is_paid_and_one_row_can_be_left_out() -> None:
    assert _awarded(0.5, []) == 0.5
    assert _awarded(0.5, [True]) == 0.5
    assert _awarded(0.5, [False]) == 0.0


def test_an_offer_is_full_and_without_a_tag_unless_said() -> None:
    given = {n: p.default for n, p in inspect.signature(Terms.offer).parameters.items()}
    neutral = {"rate": 1.0, "worth": 1.0, "unused": 0.0, "misuse": 0.0, "half_life": 0.0, "unit_cost": 0.0, "tag": -1}
    assert {n: given[n] for n in neutral} == neutral


def test_luck_is_what_it_was() -> None:
    found = Luck(1).at(2011, "market").uniform(np.arange(1, 4, dtype=np.uint64), "grow")
    assert found.tolist() == UNIFORMS
    many = Luck(1).uniform(np.arange(1000, dtype=np.uint64), "half")
    small = many[many < 0.25] * 2.0**53  # exact there: a draw is the middle of one of 2^53 steps
    assert np.all(small - np.floor(small) == 0.5)


def test_counts_of_a_large_mean_are_not_added_up() -> None:
    assert count_above(800.0, 0.5, 0.0) == poisson_quantile(800.0, 0.5)
    assert abs(poisson_quantile(800.0, 0.5) - 800.0) <= 1.0


def test_of_the_same_key_each_is_found() -> None:
    assert find(np.array([5], np.uint64), np.array([5, 5, 6], np.uint64)).tolist() == [0, 0, -1]


class _Few(Population):
    size: np.ndarray = column("float64", unit="1", doc="a number")


def test_newcomers_queue_in_turn_and_may_name_every_column() -> None:
    few = _Few(2)
    few.arrive(1, key=np.array([7], np.uint64), alive=np.array([True]), size=np.array([1.0]))
    few.arrive(2, size=np.array([2.0, 3.0]))
    assert few.queued("size").tolist() == [1.0, 2.0, 3.0]
    assert few.admit() == 3
    assert few.size.tolist() == [0.0, 0.0, 1.0, 2.0, 3.0]


def test_columns_of_a_block_have_room_and_share_no_line() -> None:
    for size in (1, 2, 4, 8):
        for capacity in (512, 1000, 4096, 8192, 10_000):
            pitch = _pitch(capacity, size)
            assert pitch >= capacity
            assert capacity * size < 4096 or pitch * size % 4096


@pytest.mark.parametrize(("text", "unit", "value"), [("1千亿元", "CNY", 1e11), ("3公顷", "m2", 3e4)])
def test_large_units_are_read(text: str, unit: str, value: float) -> None:
    assert quantity(text, unit) == value


def test_the_longest_quantity_has_eighty_characters() -> None:
    assert _LONGEST == 80
