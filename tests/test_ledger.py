"""The ledger: what is paid is received, sums are not negative, and a mismatch does not pass."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.ledger import KINDS, Bill, BillKind, Ledger, LedgerError, payer_shares

amounts = st.floats(0.0, 1e12, allow_subnormal=False)
payers = st.one_of(
    st.sampled_from(["centre", "city"]),
    st.dictionaries(st.sampled_from(["centre", "city", "district"]), st.floats(0.01, 5.0), min_size=1),
)


@given(
    st.lists(st.tuples(payers, st.sampled_from(KINDS), amounts, st.sampled_from(["firms", "suppliers"])), max_size=20)
)
def test_books_balance_whatever_is_billed(bills: list[tuple[object, BillKind, float, str]]) -> None:
    ledger = Ledger()
    received = {"firms": 0.0, "suppliers": 0.0}
    for payer, kind, amount, account in bills:
        ledger.bill(2015, "E1", "voucher", payer, kind, amount, account)  # type: ignore[arg-type]
        if kind != "contingent":
            received[account] += -amount if kind == "recovered" else amount
    ledger.transfer("banks", "firms", 5e6)
    received["firms"] += 5e6
    whole = sum(a for _, _, a, _ in bills)
    assert sum(b.amount for b in ledger.bills()) == pytest.approx(whole, rel=1e-9)
    ledger.close(2015, received)
    assert ledger.closed == [2015]
    assert not ledger.year_accounts
    ledger.close(2016, {"firms": 0.0})


@given(payers)
def test_payers_bear_their_shares(payer: object) -> None:
    shares = payer_shares(payer)  # type: ignore[arg-type]
    assert sum(shares.values()) == pytest.approx(1.0)
    ledger = Ledger()
    ledger.bill(2015, "E1", "voucher", payer, "outlay", 1e6, "firms")  # type: ignore[arg-type]
    assert {b.payer: b.amount / 1e6 for b in ledger.bills()} == pytest.approx(shares)


@pytest.mark.parametrize("amount", [-1.0, -1e-12, math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("kind", KINDS)
def test_impossible_sums_are_refused(kind: BillKind, amount: float) -> None:
    ledger = Ledger()
    with pytest.raises(ValueError, match="E1"):
        ledger.bill(2015, "E1", "voucher", "city", kind, amount, "firms")
    assert not list(ledger.bills())


@pytest.mark.parametrize("said", [0.0, 999_999.0, 1_000_001.0, 2_000_000.0])
def test_what_agents_say_must_be_what_was_paid(said: float) -> None:
    ledger = Ledger()
    ledger.bill(2015, "E1", "voucher", "city", "outlay", 1e6, "firms")
    with pytest.raises(LedgerError, match="firms"):
        ledger.close(2015, {"firms": said})


def test_money_from_nowhere_is_noticed() -> None:
    ledger = Ledger()
    ledger.bill(2015, "E1", "voucher", "city", "outlay", 1e6, "firms")
    ledger.year_accounts["firms"] += 1.0
    with pytest.raises(LedgerError, match="balances"):
        ledger.close(2015, {})


def test_costs_by_lever_and_entry() -> None:
    ledger = Ledger()
    sums: dict[BillKind, float] = {
        "outlay": 10.0,
        "running": 2.0,
        "tax_forgone": 3.0,
        "recovered": 4.0,
        "contingent": 50.0,
    }
    for entry in ("E1", "E2"):
        for kind, amount in sums.items():
            ledger.bill(2015, entry, "fund", {"city": 1, "district": 3}, kind, amount, "funds")
    assert ledger.cost_of("E1") == pytest.approx(15.0)
    assert ledger.cost_of("fund") == pytest.approx(30.0)
    assert ledger.cost_of("fund", "recovered") == pytest.approx(8.0)
    assert ledger.cost_of("nobody") == 0.0
    first = next(iter(ledger.bills()))
    assert first == Bill("E1", "fund", 2015, "city", "contingent", 12.5)
    assert list(ledger.bills()) == sorted(ledger.bills(), key=lambda b: (b.entry, b.lever, b.year, b.payer, b.kind))


def test_promises_move_no_money() -> None:
    ledger = Ledger()
    ledger.bill(2015, "E1", "cover", "city", "contingent", 1e6, "funds")
    ledger.close(2015, {"funds": 0.0})
