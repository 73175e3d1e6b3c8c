"""Terms: pay in rank order to the budget, bill what is paid, and forget in which order entries stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.declare import Label, Lever, Term
from simulator.core.ledger import Ledger, payer_shares
from simulator.core.luck import Luck, mix64
from simulator.core.terms import Terms
from simulator.world.agents import Firms
from simulator.world.terms import TERMS
from simulator.world.world import AGENTS

YEAR, N = 2015, 12
TABLE = {
    "grant": Term("grant", "firms", "CNY / year", "sum", "money", money=True),
    "order": Term("order", "firms", "m2 / year", "sum", "an order", money=True, account="suppliers"),
    "least": Term("least", "firms", "1", "max", "a share at least", national="law"),
    "times": Term("times", "firms", "1", "product", "a factor", neutral=1.0),
    "plus": Term("plus", "firms", "1", "sum", "an addition"),
    "instead": Term("instead", "firms", "1", "replace", "a substitute"),
}
LAW = {"law": 0.2}


def lever(name: str) -> Lever:
    return Lever(name, Label(name, name), object, object, lambda *_: None, {}, {})


@dataclass(frozen=True)
class FakeEntry:
    id: str
    lever: Lever = field(default_factory=lambda: lever("voucher"))
    settings: Any = None
    payer: Any = "city"
    part: float = 1.0
    programme: str | None = None

    def share_of_year(self, year: int) -> float:
        return self.part


def counter(n: int = N) -> Terms:
    firms = Firms(n)
    firms.key[:] = [mix64(np.uint64(i + 1)) for i in range(n)]
    entries = dict.fromkeys(("A", "B"), ("voucher", "city"))
    world = SimpleNamespace(firms=firms, year=YEAR, entries=entries, tax_payers=lambda: {"centre": 0.6, "city": 0.4})
    return Terms(TABLE, world, YEAR, Ledger(), Luck(3).at(YEAR, "terms"), LAW)


def spent(terms: Terms, entry: str | None = None) -> float:
    return sum(b.amount for b in terms.ledger.bills() if entry in (None, b.entry))


money = st.floats(0.0, 1e7)
columns = st.lists(money, min_size=N, max_size=N).map(np.array)
ranks = st.lists(st.integers(0, 5), min_size=N, max_size=N).map(lambda r: np.array(r, float))
masks = st.one_of(st.none(), st.lists(st.booleans(), min_size=N, max_size=N).map(np.array))
offers = st.fixed_dictionaries(
    {
        "value": st.one_of(st.floats(1.0, 1e7), st.lists(money, min_size=N, max_size=N).map(np.array)),
        "eligible": masks,
        "budget": st.floats(0.0, 3e7),
        "rate": st.floats(0.0, 1.0),
        "unused": st.sampled_from([0.0, 0.3]),
        "misuse": st.sampled_from([0.0, 0.3]),
        "worth": st.floats(0.0, 1.0),
    }
)
ROWS = np.arange(N)


@given(st.lists(offers, min_size=1, max_size=4), columns, ranks)
def test_nothing_beyond_the_budget_the_cap_or_the_need(
    given_offers: list[dict[str, Any]], wanted: np.ndarray, rank: np.ndarray
) -> None:
    terms = counter()
    for k, offer in enumerate(given_offers):
        terms.offer(FakeEntry(f"E{k}", lever(f"lever {k % 2}")), "grant", **offer)
    paid = terms.draw("grant", ROWS, wanted, rank)
    amount = paid.column(N)
    assert (amount <= wanted * (1 + 1e-12) + 1e-6).all()
    assert (paid.real <= paid.amount + 1e-9).all()
    anybody = np.zeros(N, bool)
    for k, offer in enumerate(given_offers):
        assert spent(terms, f"E{k}") <= offer["budget"] * (1 + 1e-12)
        anybody |= True if offer["eligible"] is None else offer["eligible"]
    assert not amount[~anybody].any()
    assert spent(terms) == pytest.approx(amount.sum(), rel=1e-12, abs=1e-6)
    np.testing.assert_allclose(terms.world.firms.policy_income, amount, rtol=1e-12)
    terms.ledger.close(YEAR, {"firms": float(terms.world.firms.policy_income.sum())})


@given(columns, ranks, st.floats(1.0, 3e7), st.floats(1.0, 1e7))
def test_the_last_in_rank_go_without(wanted: np.ndarray, rank: np.ndarray, budget: float, cap: float) -> None:
    terms = counter()
    terms.offer(FakeEntry("E"), "grant", cap, budget=budget)
    amount = terms.draw("grant", ROWS, wanted, rank).column(N)
    due = np.minimum(wanted, cap)
    left = budget
    for row in np.lexsort((terms.world.firms.key, -rank)):  # highest first, ties by key
        assert amount[row] == pytest.approx(min(due[row], max(left, 0.0)), rel=1e-9, abs=1e-3)
        left -= due[row]


@given(st.lists(offers, min_size=2, max_size=4), columns, ranks, st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(
    given_offers: list[dict[str, Any]], wanted: np.ndarray, rank: np.ndarray, random: Any
) -> None:
    numbered = list(enumerate(given_offers))
    results = []
    for _ in range(2):
        terms = counter()
        for k, offer in numbered:
            terms.offer(FakeEntry(f"E{k}", lever(f"lever {k % 2}")), "grant", **offer)
        results.append((terms.draw("grant", ROWS, wanted, rank), list(terms.ledger.bills())))
        random.shuffle(numbered)
    (a, bills_a), (b, bills_b) = results
    assert bills_a == bills_b
    for name in ("index", "amount", "real", "half_life"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@given(offers, columns, ranks)
def test_an_offer_in_two_halves_pays_the_same(offer: dict[str, Any], wanted: np.ndarray, rank: np.ndarray) -> None:
    whole, halves = counter(), counter()
    whole.offer(FakeEntry("A"), "grant", **offer)
    for name in ("A", "B"):
        halves.offer(FakeEntry(name, programme="P"), "grant", **{**offer, "budget": 0.5 * offer["budget"]})
    one, two = (t.draw("grant", ROWS, wanted, rank) for t in (whole, halves))
    for what in ("amount", "real"):
        scale = max(float(one.amount.sum()), 1.0)
        np.testing.assert_allclose(two.column(N, what), one.column(N, what), atol=1e-9 * scale)
    assert spent(halves) == pytest.approx(spent(whole), rel=1e-9, abs=1e-6)


def test_two_programmes_add_up_to_the_cost() -> None:
    terms = counter()
    for name in ("A", "B"):
        terms.offer(FakeEntry(name), "grant", 3.0)
    assert terms.asked("grant", ROWS, np.full(N, 5.0)) == pytest.approx(5.0 * N)
    assert (terms.draw("grant", ROWS, np.full(N, 5.0), np.zeros(N)).column(N) == 5.0).all()
    assert spent(terms, "B") == pytest.approx(2.0 * N)


def test_two_levers_on_one_term_add_up_and_are_billed_apart() -> None:
    terms = counter()
    terms.offer(FakeEntry("A", lever("one")), "grant", 3.0)
    terms.offer(FakeEntry("B", lever("two"), payer="district"), "grant", 4.0)
    amount = terms.draw("grant", ROWS, np.full(N, 5.0), np.zeros(N)).column(N)
    assert (amount == 5.0).all()
    assert spent(terms, "A") == pytest.approx(3.0 * N)
    assert spent(terms, "B") == pytest.approx(2.0 * N)


def test_money_unused_stays_with_the_payer_and_money_misused_does_not() -> None:
    n = 4000
    terms = counter(n)
    terms.offer(FakeEntry("A"), "grant", 1.0, unused=0.25, misuse=0.4, worth=0.5, half_life=2.0)
    paid = terms.draw("grant", np.arange(n), np.ones(n), np.zeros(n))
    assert paid.amount.sum() == pytest.approx(0.75 * n, rel=0.05) == spent(terms)
    assert paid.real.sum() == pytest.approx(0.75 * 0.6 * 0.5 * n, rel=0.06)
    assert set(paid.real) == {0.0, 0.5}
    assert set(paid.half_life) == {2.0}


def test_sums_per_piece() -> None:
    terms = counter()
    pieces = np.arange(N, dtype=float)
    terms.offer(FakeEntry("A"), "grant", 100.0)
    amount = terms.draw("grant", ROWS, np.full(N, 1e9), np.zeros(N), units=pieces).column(N)
    np.testing.assert_array_equal(amount, 100.0 * pieces)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.1, 1.0))
def test_a_least_share_starts_from_the_law(a: float, b: float, part: float) -> None:
    terms = counter()
    for name, value in (("A", a), ("B", b)):
        terms.offer(FakeEntry(name, part=part), "least", value)
    reached = 0.2 + part * (max(a, b, 0.2) - 0.2)
    assert terms.total("least") == pytest.approx(reached)
    assert terms.offered("least") == (max(a, b) > 0.2)


@pytest.mark.parametrize(
    ("term", "value", "whole", "half"),
    [("plus", 0.4, 0.4, 0.2), ("times", 0.6, 0.6, 0.8), ("instead", 3.0, 3.0, 1.5), ("least", 0.8, 0.8, 0.5)],
)
def test_part_of_a_year_counts_in_proportion(term: str, value: float, whole: float, half: float) -> None:
    for part, wanted in ((1.0, whole), (0.5, half), (0.0, TABLE[term].neutral if term != "least" else 0.2)):
        terms = counter()
        terms.offer(FakeEntry("A", part=part), term, value)
        assert terms.total(term) == pytest.approx(wanted)
        assert (terms.column(term) == terms.total(term)).all()


def test_part_of_a_year_has_part_of_the_budget() -> None:
    terms = counter()
    terms.offer(FakeEntry("A", part=0.5), "grant", 1e9, budget=100.0)
    terms.run(FakeEntry("A", part=0.5), 10.0)
    assert terms.draw("grant", ROWS, np.full(N, 1e9), np.zeros(N)).amount.sum() == pytest.approx(50.0)
    assert terms.ledger.cost_of("A", "running") == pytest.approx(5.0)


@pytest.mark.parametrize(("combine", "both"), [("plus", 0.8), ("times", 0.15), ("least", 0.5), ("instead", 0.5)])
def test_offers_meet_as_their_term_says(combine: str, both: float) -> None:
    terms = counter()
    some = np.arange(N) < 4
    terms.offer(FakeEntry("A"), combine, 0.3)
    terms.offer(FakeEntry("B"), combine, 0.5, eligible=some)
    got = terms.column(combine)
    assert got[:4] == pytest.approx(both)
    if combine != "instead":
        assert got[4:] == pytest.approx(0.3)


def test_neutral_offers_are_none() -> None:
    terms = counter()
    for term, value in (
        ("plus", 0.0),
        ("times", 1.0),
        ("least", 0.2),
        ("least", 0.1),
        ("instead", 0.0),
        ("grant", 0.0),
    ):
        terms.offer(FakeEntry("A"), term, value)
    terms.offer(FakeEntry("A"), "grant", 5.0, budget=0.0)
    terms.offer(FakeEntry("A"), "grant", 5.0, rate=0.0)
    assert not any(terms.offered(term) for term in TABLE)


def test_wrong_offers_are_refused() -> None:
    with pytest.raises(KeyError):
        counter().offer(FakeEntry("A"), "gift", 1.0)
    with pytest.raises(ValueError, match="below zero"):
        counter().offer(FakeEntry("A"), "grant", 1.0, budget=-1.0)
    with pytest.raises(KeyError):
        counter().total("gift")


@given(columns, masks, st.floats(0.0, 2e7))
def test_settling_bills_what_it_pays(amounts: np.ndarray, eligible: np.ndarray | None, budget: float) -> None:
    terms = counter()
    terms.offer(FakeEntry("A"), "plus", 0.3, budget=budget, eligible=eligible)
    terms.offer(FakeEntry("B"), "plus", 0.1)
    paid = terms.settle("plus", amounts, "firms")
    assert (paid <= amounts * (1 + 1e-9)).all()
    assert spent(terms) == pytest.approx(paid.sum(), rel=1e-9, abs=1e-6)
    assert spent(terms, "A") <= budget * (1 + 1e-9) + 1e-9
    np.testing.assert_array_equal(terms.world.firms.policy_income, paid)
    terms.ledger.close(YEAR, {"firms": float(paid.sum())})


@given(columns, masks)
def test_relief_is_billed_to_who_causes_it_and_else_to_the_law(
    amounts: np.ndarray, eligible: np.ndarray | None
) -> None:
    terms = counter()
    terms.offer(FakeEntry("A"), "plus", 0.3, eligible=eligible)
    terms.relieve("plus", amounts)
    covered = np.full(N, True) if eligible is None else eligible
    assert spent(terms, "A") == pytest.approx(amounts[covered].sum(), rel=1e-9, abs=1e-6)
    assert spent(terms, "national_law") == pytest.approx(amounts[~covered].sum(), rel=1e-9, abs=1e-2)
    np.testing.assert_array_equal(terms.world.firms.tax_relief, amounts)
    terms.national_relief("firms", amounts, "firms")
    whole = float(terms.world.firms.tax_relief.sum())
    assert spent(terms) == pytest.approx(whole, rel=1e-9, abs=1e-6)
    assert {b.kind for b in terms.ledger.bills()} <= {"tax_forgone"}
    by_payer = {p: sum(b.amount for b in terms.ledger.bills() if b.payer == p) for p in ("centre", "city")}
    assert by_payer["centre"] == pytest.approx(0.6 * whole, rel=1e-9, abs=1e-6)


@given(st.floats(0.0, 100.0), st.floats(0.0, 1e4), st.floats(0.0, 50.0), st.floats(0.1, 1.0))
def test_orders_are_paid_in_advance(quantity: float, budget: float, unit_cost: float, part: float) -> None:
    terms = counter()
    terms.offer(FakeEntry("A", part=part), "order", quantity, budget=budget, unit_cost=unit_cost)
    ordered = terms.orders("order")
    assert sum(o.spent for o in ordered) == pytest.approx(spent(terms), abs=1e-9)
    for o in ordered:
        assert 0.0 <= o.quantity <= quantity * part * (1 + 1e-12)
        assert o.spent == pytest.approx(o.quantity * unit_cost, abs=1e-9)
        assert o.spent <= budget * part * (1 + 1e-12)


def test_promises_of_earlier_years_are_billed_to_their_entry() -> None:
    terms = counter()
    terms.charge("A", "outlay", 70.0, "firms")
    (bill,) = terms.ledger.bills()
    assert (bill.entry, bill.lever, bill.payer, bill.amount) == ("A", "voucher", "city", 70.0)


@given(st.dictionaries(st.sampled_from(["centre", "city", "district"]), st.floats(0.01, 5.0), min_size=1), columns)
def test_each_payer_bears_its_share(payer: dict[str, float], wanted: np.ndarray) -> None:
    terms = counter()
    terms.offer(FakeEntry("A", payer=payer), "grant", 1e5)
    whole = float(terms.draw("grant", ROWS, wanted, np.zeros(N)).amount.sum())
    for name, share in payer_shares(payer).items():
        assert sum(b.amount for b in terms.ledger.bills() if b.payer == name) == pytest.approx(share * whole, abs=1e-6)


@given(offers, columns)
def test_what_applicants_could_get_is_no_less_than_what_they_get(offer: dict[str, Any], wanted: np.ndarray) -> None:
    terms = counter()
    terms.offer(FakeEntry("A"), "grant", **offer)
    asked = terms.asked("grant", ROWS, wanted)
    assert terms.draw("grant", ROWS, wanted, np.zeros(N)).amount.sum() <= asked * (1 + 1e-9) + 1e-6


@pytest.mark.parametrize("term", TERMS.values(), ids=lambda t: t.name)
def test_every_hook_is_declared_whole(term: Term) -> None:
    assert term.unit
    assert len(term.meaning) > 10
    assert term.neutral == (1.0 if term.combine == "product" else 0.0)
    assert not term.money or term.combine == "sum"
    assert term.account in ("firms", "universities", "incubators", "funds", "alliances", "suppliers")
    assert term.population in (*AGENTS, "sectors", "region")
