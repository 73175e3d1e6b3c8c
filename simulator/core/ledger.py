"""The ledger: double-entry transfers between accounts, billed to the scenario entry that caused them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

BillKind = Literal["outlay", "tax_forgone", "contingent", "recovered", "running"]
KINDS: tuple[BillKind, ...] = ("outlay", "tax_forgone", "contingent", "recovered", "running")
PAYERS = ("centre", "province", "city", "district", "platform", "private")
TOLERANCE = 1e-8
_INFINITE = float("inf")
_new = tuple.__new__  # makes a named tuple in a third of the time that its own constructor takes


class LedgerError(AssertionError):
    """The books of a year do not balance."""


class Bill(NamedTuple):
    """One sum in one year: who pays what kind of cost for which entry, in CNY of the year."""

    entry: str
    lever: str
    year: int
    payer: str
    kind: BillKind
    amount: float


def payer_shares(payer: str | Mapping[str, float]) -> dict[str, float]:
    """Return the share of each payer, adding to one."""
    if isinstance(payer, str):
        return {payer: 1.0}
    total = sum(payer.values())
    return {name: share / total for name, share in payer.items()}


class Ledger:
    """Accounts of one run. Payers' balances fall and agents' balances rise by the same amount.

    Contingent liabilities are promises, not transfers: they are booked apart and do not move balances.
    """

    def __init__(self) -> None:
        self._bills: dict[tuple[str, str, int, str, BillKind], float] = defaultdict(float)
        self.year_accounts: dict[str, float] = defaultdict(float)
        self._gross = 0.0
        # by payer (a name, or the identity of a mapping, which is kept): name, account and share of each who pays
        self._shares: dict[str | int, tuple[str | Mapping[str, float], list[tuple[str, str, float]]]] = {}
        self.closed: list[int] = []

    def bill(
        self,
        year: int,
        entry: str,
        lever: str,
        payer: str | Mapping[str, float],
        kind: BillKind,
        amount: float,
        account: str,
    ) -> None:
        """Book ``amount`` (CNY, not negative) between payers and an account.

        ``recovered`` flows from the account to the payers, every other kind to it; ``contingent`` is
        noted and moves nothing. Raises ValueError for a negative or non-finite amount.
        """
        if not 0.0 <= amount < _INFINITE:
            raise ValueError(f"{entry}: a bill of {amount} CNY ({kind})")
        if amount == 0.0:
            return
        bills, accounts = self._bills, self.year_accounts
        moved = 0.0 if kind == "contingent" else -amount if kind == "recovered" else amount
        known = self._shares.get(payer if isinstance(payer, str) else id(payer))
        if known is None or known[0] is not payer:  # an identity may come back in a copy of the books
            known = self._who_pays(payer)
        for name, account_of, share in known[1]:
            bills[entry, lever, year, name, kind] += amount * share
            if moved:
                accounts[account_of] -= moved * share
        if moved:
            accounts[account] += moved
            self._gross += amount

    def _who_pays(
        self, payer: str | Mapping[str, float]
    ) -> tuple[str | Mapping[str, float], list[tuple[str, str, float]]]:
        shares = [(name, f"payer:{name}", share) for name, share in payer_shares(payer).items()]
        known = self._shares[payer if isinstance(payer, str) else id(payer)] = (payer, shares)
        return known

    def transfer(self, source: str, target: str, amount: float) -> None:
        """Move ``amount`` (CNY) between two accounts that no entry pays for (a loan, a private investment)."""
        self.year_accounts[source] -= amount
        self.year_accounts[target] += amount
        self._gross += abs(amount)

    def copy(self) -> Ledger:
        """Return the same books, to be carried on apart."""
        other = Ledger()
        other._bills.update(self._bills)
        other.year_accounts.update(self.year_accounts)
        other._gross, other.closed = self._gross, list(self.closed)
        return other

    def close(self, year: int, received: Mapping[str, float]) -> None:
        """Check the year and open the next one.

        The balances must add to zero, and each account named in ``received`` must hold what its agents
        say they got, both to 1e-8 of the gross flow. Raises LedgerError otherwise.
        """
        scale = max(self._gross, 1.0)
        gap = abs(sum(self.year_accounts.values())) / scale
        if gap > TOLERANCE:
            raise LedgerError(f"{year}: balances add to {gap:.3g} of the gross flow, not to zero")
        for account, amount in received.items():
            booked = self.year_accounts.get(account, 0.0)
            if abs(booked - amount) / scale > TOLERANCE:
                raise LedgerError(f"{year}: {account} got {amount:.6g} CNY, the ledger says {booked:.6g}")
        self.closed.append(year)
        self.year_accounts.clear()
        self._gross = 0.0

    def bills(self) -> Iterator[Bill]:
        """Yield every sum booked so far, in a fixed order."""
        bills = self._bills
        for key in sorted(bills):  # keys alone are compared faster than pairs of key and sum
            yield _new(Bill, (*key, bills[key]))

    def cost_of(self, lever: str, kind: BillKind | None = None) -> float:
        """Return what a lever (or an entry, by its id) has cost so far in CNY, of one kind or of all but recoveries."""
        return sum(
            b.amount
            for b in self.bills()
            if lever in (b.lever, b.entry) and (b.kind == kind if kind else b.kind not in ("recovered", "contingent"))
        )
