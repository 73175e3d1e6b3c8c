from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.problems import InputError, Place, Problem, Problems, closest
from simulator.core.reading import Node, node_of, number, parse_csv, parse_yaml, scalar
from simulator.core.units import UnitError, quantity


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("100_000 CNY", "CNY / voucher", 1e5),
        ("100_000", "CNY / voucher", 1e5),
        ("40 MCNY/year", "CNY / year", 4e7),
        ("40 MCNY", "CNY / year", 4e7),
        ("40 MCNY per year", "CNY / year", 4e7),
        ("2.5 bn CNY", "CNY", 2.5e9),
        ("300 万元", "CNY", 3e6),
        ("1.2 亿元/year", "CNY / year", 1.2e8),
        ("1.2亿元/年", "CNY / year", 1.2e8),
        ("1e7 m2", "m2 / year", 1e7),
        ("10 万平方米", "m2", 1e5),
        ("70 %", "1", 0.7),
        ("７０％", "1", 0.7),
        ("5 years", "years", 5.0),
        ("5 years", "months", 60.0),
        ("18 months", "years", 1.5),
        ("50 人/year", "persons / year", 50.0),
        ("12 / year", "persons / year", 12.0),
        ("30 CNY / m2", "CNY / m2 / year", 30.0),
        ("5 % / year", "1 / year", 0.05),
        ("3 M", "CNY", 3e6),
        ("-2", "1", -2.0),
    ],
)
def test_a_number_with_a_unit_is_converted(text: str, unit: str, value: float) -> None:
    assert quantity(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        ("ten million CNY", "CNY", "in words"),
        ("三百万元", "CNY", "in words"),
        ("", "CNY", "not a number"),
        ("1,000 CNY", "CNY", "1_000_000"),
        ("40 MCNY/year", "CNY / voucher", "rate per time"),
        ("40 MCNY/month", "CNY / year", "another length of time"),
        ("40 CNY/person", "CNY / year", "per person"),
        ("40 m2", "CNY", "another kind"),
        ("40 MUSD", "CNY", "currency"),
        ("40 美元", "CNY", "currency"),
        ("70 %", "CNY", "percentage"),
        ("20 CNY", "1", "plain number"),
        ("5 years", "1", "plain number"),
        ("5 firms", "persons", "another kind"),
        ("1e999", "1", "finite"),
        ("5 /", "1", "incomplete"),
        ("2 m", "m2", "million is M"),
        ("5 §", "1", "not a unit"),
        ("1__0", "1", "not a number"),
        ("1 " + "a" * 100_000, "1", "not a number"),
    ],
)
def test_a_unit_that_does_not_fit_is_refused(text: str, unit: str, said: str) -> None:
    with pytest.raises(UnitError, match=said):
        quantity(text, unit)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.sampled_from(["1", "CNY / year", "m2"]))
def test_a_bare_number_is_in_the_declared_unit(value: float, unit: str) -> None:
    assert quantity(repr(float(value)), unit) == value


@given(st.text(max_size=40), st.sampled_from(["", "1", "CNY / year", "persons / year", "months"]))
def test_any_text_is_a_finite_number_or_a_unit_error(text: str, unit: str) -> None:
    try:
        value = quantity(text, unit)
    except UnitError:
        return
    assert math.isfinite(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("010", 10),
        ("1:30", "1:30"),
        ("2015-10", "2015-10"),
        ("1e7", 1e7),
        ("100_000", 100000),
        ("true", True),
        ("~", None),
        ("", None),
        ("1__0", "1__0"),
        ("9" * 50, 1e50),
        (".inf", math.inf),
        ("一百", "一百"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: Any) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def read(data: bytes) -> tuple[Node | None, list[Problem]]:
    problems = Problems()
    return parse_yaml(data, "x.yaml", problems), problems.found


def test_every_yaml_value_knows_its_place() -> None:
    root, found = read("a: 1\nb:\n  - {c: 文, d: [2]}\n".encode())
    assert root is not None
    assert not found
    assert root.plain() == {"a": 1, "b": [{"c": "文", "d": [2]}]}
    inner = root.value["b"].value[0].value["d"]
    assert (inner.place.line, inner.place.column) == (3, 15)
    assert root.keys["b"] == Place("x.yaml", 2, 1)


@pytest.mark.parametrize(
    ("data", "line", "column", "said"),
    [
        (b"", 1, 1, "empty"),
        (b" \n# nothing\n", 1, 1, "empty"),
        (b"- 1\n", 1, 1, "a list"),
        (b"text\n", 1, 1, "text"),
        (b"a: 1\na: 2\n", 2, 1, "duplicate key, first on line 1"),
        (b"a: {b: 1, c: 1, b: 2}\n", 1, 17, "duplicate key"),
        (b"a:\n\tb: 1\n", 2, 1, "tab"),
        (b"a: &x 1\nb: *x\n", 1, 4, "anchor"),
        (b"a: !!python/object:os.system 1\n", 1, 4, "a tag"),
        (b"a: 1\n---\nb: 1\n", 2, 1, "second document"),
        (b"a: [1, 2\nb: 3\n", 2, 2, "not YAML"),
        (b"a: \xff\n", 1, 4, "not UTF-8"),
        (b"? [1]\n: 2\n", 1, 3, "a list as a key"),
        (b"a: " + b"[" * 30 + b"]" * 30, 1, 23, "nested too deeply"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_place(data: bytes, line: int, column: int, said: str) -> None:
    _, found = read(data)
    assert found
    assert (found[0].line, found[0].column) == (line, column), found
    assert said in found[0].message


def test_all_duplicate_keys_are_noted() -> None:
    assert len(read(b"a: 1\na: 2\nb: {c: 1, c: 1}\n")[1]) == 2


@given(st.binary(max_size=200) | st.text("ab:-[]{}&*!|>'\"#%@`,?\n\t 1.", max_size=80).map(str.encode))
def test_any_bytes_give_a_tree_or_problems(data: bytes) -> None:
    root, found = read(data)
    assert (root is None) <= bool(found)


@given(st.binary(max_size=200) | st.text('a,"\n\r ', max_size=80).map(str.encode))
def test_any_bytes_give_a_table_or_problems(data: bytes) -> None:
    problems = Problems()
    table = parse_csv(data, "x.csv", ("a", "b"), problems)
    assert table.usable or problems.found
    assert all(len(cells) == 2 for _, cells in table.rows)


def test_a_cell_is_placed_behind_quoted_commas() -> None:
    problems = Problems()
    table = parse_csv(b'a,b\n"x, y",2\n', "x.csv", ("a", "b"), problems)
    assert table.rows == [(2, ["x, y", "2"])]
    assert table.place(2, "b").column == 8


@pytest.mark.parametrize("text", ["1_000", "１２", "nan", "inf", "1e999", "", "ten", "0x10", "1,5"])
def test_a_cell_is_a_number_in_ascii_digits_only(text: str) -> None:
    assert number(text) is None


def test_problems_are_one_line_each_in_order_and_once() -> None:
    problems = Problems()
    problems.add(Place("f", 3, 2), "bad name", read="stel", among=["steel", "pharma"])
    problems.add(Place("f", 1, 1), "bad", read="a\nb")
    problems.add(Place("f", 1, 1), "bad", read="a\nb")
    with pytest.raises(InputError) as caught:
        problems.raise_any()
    assert str(caught.value).splitlines() == [
        "f:1:1: bad (read 'a\\nb')",
        "f:3:2: bad name (read 'stel'; allowed: steel, pharma; did you mean steel?)",
    ]
    many = InputError(Problem("f", i, 1, "bad") for i in range(100))
    assert str(many).endswith("more problems")


def test_the_closest_name_ignores_case_and_may_be_none() -> None:
    assert closest("Innovation_Vouchers", ["innovation_voucher", "rd_subsidy"]) == "innovation_voucher"
    assert closest("xyz", ["innovation_voucher"]) == ""


@given(st.recursive(st.none() | st.booleans() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_plain_undoes_node_of(value: Any) -> None:
    assert node_of(value, Place("f")).plain() == value
