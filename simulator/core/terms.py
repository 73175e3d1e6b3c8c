"""Terms: the counter on which levers put offers and from which mechanisms take them up.

Rules are read with ``total``; money is taken with ``draw``, which pays in rank order to the budget and
bills the entry that offered. A lever never sees an agent's state change, a mechanism never sees a lever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numba import njit

from simulator.core.declare import Lever, Term
from simulator.core.ledger import BillKind, Ledger
from simulator.core.luck import Luck, uniform_at

Values = float | np.ndarray


class Entry(Protocol):
    """What terms need to know of a scenario entry."""

    @property
    def id(self) -> str:
        """Return the id, unique in a scenario."""
        ...

    @property
    def lever(self) -> Lever:
        """Return the instrument."""
        ...

    @property
    def settings(self) -> Any:
        """Return the lever's Settings as chosen."""
        ...

    @property
    def programme(self) -> str | None:
        """Return the programme whose cap on what a row gets it shares with others, if any."""
        ...

    @property
    def payer(self) -> str | Mapping[str, float]:
        """Return who pays, or the share of each who does."""
        ...

    def share_of_year(self, year: int) -> float:
        """Return the part of the year in which the entry is in force, 0 to 1."""
        ...


@dataclass
class Offer:
    """One offer on one term: a value, who may have it, and how much money stands behind it."""

    entry: Entry
    value: Values
    eligible: np.ndarray | None
    budget: float
    rate: float
    worth: Values
    unused: float
    misuse: float
    half_life: float
    unit_cost: float
    tag: int = -1


@dataclass
class Paid:
    """What a draw paid: rows, CNY each, the part that bought something real, and how long it lasts (years)."""

    index: np.ndarray
    amount: np.ndarray
    real: np.ndarray
    half_life: np.ndarray

    def column(self, n: int, what: str = "amount") -> np.ndarray:
        """Return one of the sums as a full (n,) column."""
        out = np.zeros(n)
        np.add.at(out, self.index, getattr(self, what))
        return out


@dataclass
class Order:
    """A quantity of something to be delivered, already paid for: entry, quantity, and money spent in CNY."""

    entry: Entry
    quantity: float
    spent: float
    unit_cost: float
    detail: dict[str, Any] = field(default_factory=dict)
    tag: int = -1


@njit(cache=True, nogil=True)
def _ration(order: np.ndarray, want: np.ndarray, cap: np.ndarray, budget: float) -> tuple[np.ndarray, float]:
    """Pay min(want, cap) down the order until the budget is spent; return the (m,) sums and what is left."""
    paid = np.zeros(want.shape[0])
    left = budget
    for k in range(order.shape[0]):
        if left <= 0.0:
            break
        i = order[k]
        sum_ = min(want[i], cap[i], left)
        if sum_ > 0.0:
            paid[i] = sum_
            left -= sum_
    return paid, left


@njit(cache=True, nogil=True)
def _due(
    index: np.ndarray,
    wanted: np.ndarray,
    want: np.ndarray,
    got: np.ndarray,
    value: np.ndarray,
    units: np.ndarray,
    rate: float,
    eligible: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what each applicant may still get under an offer (m,), and what of it it asks for (m,).

    ``value`` is (1,) or by row of the population, ``units`` (1,) or (m,), ``eligible`` empty where all are.
    """
    cap, awarded = np.zeros(index.shape[0]), np.zeros(index.shape[0])
    by_row, by_unit, some = value.shape[0] > 1, units.shape[0] > 1, eligible.shape[0] > 0
    for i in range(index.shape[0]):
        if some and not eligible[index[i]]:
            continue
        most = (value[index[i]] if by_row else value[0]) * (units[i] if by_unit else units[0])
        cap[i] = max(min(most, rate * wanted[i]) - got[i], 0.0)
        awarded[i] = min(want[i], cap[i])
    return cap, awarded


@njit(cache=True, nogil=True)
def _book(
    index: np.ndarray,
    keys: np.ndarray,
    awarded: np.ndarray,
    worth: np.ndarray,
    half_life: float,
    unused: float,
    misuse: float,
    a_unused: np.uint64,
    a_misuse: np.uint64,
    got: np.ndarray,
    want: np.ndarray,
    amount: np.ndarray,
    real: np.ndarray,
    life: np.ndarray,
) -> np.ndarray:
    """Add an award (m,) to the applicants' sums, and return what of it is paid: nothing where it is not used.

    ``worth`` is (1,) or by row of the population.
    """
    paid = np.zeros(index.shape[0])
    for i in range(index.shape[0]):
        sum_ = awarded[i]
        if sum_ <= 0.0:
            continue
        got[i] += sum_
        want[i] -= sum_
        if unused > 0.0 and uniform_at(a_unused, keys[i]) < unused:
            continue
        paid[i] = sum_
        amount[i] += sum_
        if not (misuse > 0.0 and uniform_at(a_misuse, keys[i]) < misuse):
            real[i] += sum_ * (worth[index[i]] if worth.shape[0] > 1 else worth[0])
        life[i] += sum_ * half_life
    return paid


@njit(cache=True, nogil=True)
def _pay(
    index: np.ndarray, amount: np.ndarray, real: np.ndarray, life: np.ndarray, income: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Add what applicants (m,) got to the income of their rows; return the columns of ``Paid`` of those who got any."""
    count = 0
    for i in range(index.shape[0]):
        count += amount[i] > 0.0
    rows = np.empty(count, index.dtype)
    out = np.empty((3, count))
    k = 0
    for i in range(index.shape[0]):
        if amount[i] > 0.0:
            income[index[i]] += amount[i]
            rows[k] = index[i]
            out[0, k], out[1, k], out[2, k] = amount[i], real[i], life[i] / amount[i]
            k += 1
    return rows, out[0], out[1], out[2]


@njit(cache=True, nogil=True)
def _divide(stack: np.ndarray, amounts: np.ndarray, only_most: bool) -> None:
    """Turn what each of k offers adds, (k, n), into its part of the sums (n,), in place; ties share alike.

    Where ``only_most``, the offers that add most to a row share and the others have no part.
    """
    for i in range(amounts.shape[0]):
        if only_most:
            most = stack[0, i]
            for k in range(1, stack.shape[0]):
                most = max(most, stack[k, i])
            for k in range(stack.shape[0]):
                if not stack[k, i] >= most - 1e-15:
                    stack[k, i] = 0.0
        whole = stack[0, i]
        for k in range(1, stack.shape[0]):
            whole += stack[k, i]
        if not whole > 0.0:
            whole = 1.0
        for k in range(stack.shape[0]):
            stack[k, i] = amounts[i] * (stack[k, i] / whole)


def _front(rank: np.ndarray, keys: np.ndarray, due: np.ndarray, budget: float) -> np.ndarray:
    """Return the applicants that the budget can reach, highest rank first and ties by key.

    Nobody is paid less than the least due, so no more than budget / least can be paid; only these are sorted.
    """
    rows = np.flatnonzero(due > 0.0)
    most = int(min(budget / max(float(due[rows].min()), 1e-9), rows.size)) + 1
    if most < rows.size:
        rows = rows[rank[rows] >= np.partition(rank[rows], rows.size - most)[rows.size - most]]
    return np.asarray(rows[lowest_first(-rank[rows], keys[rows])])


def lowest_first(score: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return the order (m,) of the scores (m,), the lowest first and ties by key."""
    order = np.argsort(score)  # much faster than by two keys, which only ties need
    up = score[order]
    return np.asarray(np.lexsort((keys, score)) if (up[1:] == up[:-1]).any() else order)


def _plain(value: Values) -> np.ndarray:
    """Return a column as it is and one number as (1,), for compiled kernels."""
    if isinstance(value, np.ndarray) and value.ndim:
        return np.ascontiguousarray(value, np.float64)
    return np.array((value,), np.float64)


_NOBODY = np.empty(0, np.int64)
_NOTHING = np.empty(0)
_ALL = np.empty(0, np.bool_)
_ONE = np.ones(1)
_NO_ADDRESS = np.uint64(0)


class Terms:
    """The offers of one year. ``world`` must hold each term's population under its name, and ``year``."""

    def __init__(
        self,
        declarations: Mapping[str, Term],
        world: Any,
        year: int,
        ledger: Ledger,
        luck: Luck,
        national: Mapping[str, float] | None = None,
    ) -> None:
        self.declarations = declarations
        self.world = world
        self.year = year
        self.ledger = ledger
        self.national = dict(national or {})
        self._luck = luck
        self._offers: dict[str, list[Offer]] = {}
        self._constant: dict[tuple[str, float], np.ndarray] = {}

    # ---- the lever's side -------------------------------------------------------------------------

    def offer(
        self,
        entry: Entry,
        term: str,
        value: Values = np.inf,
        *,
        eligible: np.ndarray | None = None,
        budget: float = np.inf,
        rate: float = 1.0,
        worth: Values = 1.0,
        unused: float = 0.0,
        misuse: float = 0.0,
        half_life: float = 0.0,
        unit_cost: float = 0.0,
        tag: int = -1,
    ) -> None:
        """Put an offer on the counter.

        For a rule, ``value`` is the rule's value for the ``eligible`` rows, scaled towards neutral by the
        part of the year in force. For money, ``value`` caps what one row gets (CNY), ``rate`` is the share
        of its cost that is covered, ``budget`` caps the year (CNY, scaled likewise), ``worth`` the
        additional share, ``unused`` the chance that an award is not used, ``misuse`` that it buys nothing.
        ``tag`` is a number that an order carries to whoever fills it (a row of a table, say).
        A neutral value or an empty budget is no offer at all. Raises KeyError for an unknown term,
        ValueError for a budget below zero.
        """
        t = self.declarations[term]
        share = entry.share_of_year(self.year)
        if budget < 0.0:
            raise ValueError(f"{entry.id}: budget {budget} is below zero")
        if share <= 0.0 or budget == 0.0 or rate == 0.0:
            return
        if t.money:
            if _all(value == 0.0):
                return
        else:
            base = self._base(t)
            if t.combine in ("sum", "product", "replace") and _all(value == t.neutral):
                return
            if t.combine == "max" and _all(value <= base):
                return
            value = base + share * (value - base) if t.combine == "max" else t.neutral + share * (value - t.neutral)
        offers = self._offers.setdefault(term, [])
        offers.append(
            Offer(entry, value, eligible, budget * share, rate, worth, unused, misuse, half_life, unit_cost, tag)
        )
        if len(offers) > 1:  # by id, so that the order of entries in a file cannot matter
            offers.sort(key=lambda o: o.entry.id)

    def run(self, entry: Entry, amount: float) -> None:
        """Bill the running cost (CNY a year) of carrying a measure out, in proportion to the time in force."""
        self._bill(entry, "running", amount * entry.share_of_year(self.year), "administration")

    # ---- the mechanism's side ---------------------------------------------------------------------

    def offered(self, term: str) -> bool:
        """Return whether anything is on offer."""
        return bool(self._sorted(term))

    def eligible(self, term: str) -> np.ndarray:
        """Return which rows (n,) of the term's population any offer is open to."""
        n = len(getattr(self.world, self.declarations[term].population))
        out = np.zeros(n, bool)
        for o in self._sorted(term):
            if o.eligible is None:
                out[:] = True
            elif o.eligible.dtype == bool:
                out |= o.eligible
            else:
                out[o.eligible] = True
        return out

    def total(self, term: str) -> Values:
        """Return the rule in force: one number, or a (n,) column where offers differ between rows.

        Offers meet as the term's ``combine`` says, from the national rule or the neutral value upwards.
        """
        t = self.declarations[term]
        base = self._base(t)
        offers = self._sorted(term)
        if not offers:
            return base
        result: Values = base
        for o in offers:
            value: Values = o.value
            if o.eligible is not None:
                n = len(getattr(self.world, t.population))
                mask = o.eligible if o.eligible.dtype == bool else _mask(o.eligible, n)
                value = np.where(mask, value, t.neutral if t.combine != "max" else base)
            if t.combine == "sum":
                result = result + value
            elif t.combine == "product":
                result = result * value
            elif t.combine == "max":
                result = np.maximum(result, value)
            else:
                result = value
        return result if np.ndim(result) else float(result)

    def column(self, term: str) -> np.ndarray:
        """Return ``total`` as a (n,) column of the term's population, to be read and not written."""
        name = self.declarations[term].population
        value = self.total(term)
        if np.ndim(value):
            return np.asarray(value)
        key = (name, float(value))
        if key not in self._constant:
            self._constant[key] = np.full(len(getattr(self.world, name)), value)
        return self._constant[key]

    def draw(
        self,
        term: str,
        index: np.ndarray,
        wanted: np.ndarray,
        rank: np.ndarray,
        *,
        units: np.ndarray | None = None,
    ) -> Paid:
        """Pay applicants in rank order (highest first, ties by key) until each budget is spent.

        ``index`` (m,) are rows of the term's population, ``wanted`` (m,) their cost in CNY. Several offers
        are tried in the order of their entries' ids; entries of one programme share the cap of a row. Where an
        offer names a sum per piece, ``units`` (m,) are the pieces of each row.
        Pays into the rows' ``policy_income`` and bills each entry.
        """
        t = self.declarations[term]
        offers = self._sorted(term)
        if not offers or index.size == 0:
            return Paid(_NOBODY, _NOTHING, _NOTHING, _NOTHING)
        population = getattr(self.world, t.population)
        keys = population.key[index]
        asks = np.ascontiguousarray(wanted, np.float64)
        want = asks.copy()
        pieces = _ONE if units is None else _plain(units)
        amount, real, life = np.zeros(index.size), np.zeros(index.size), np.zeros(index.size)
        had: dict[str, np.ndarray] = {}
        for o in offers:
            name = o.entry.lever.name
            got = had.setdefault(o.entry.programme or o.entry.id, np.zeros(index.size))
            mask = _ALL
            if o.eligible is not None:
                mask = o.eligible if o.eligible.dtype == bool else _mask(o.eligible, len(population))
            cap, awarded = _due(index, asks, want, got, _plain(o.value), pieces, o.rate, mask)
            asked = float(awarded.sum())
            if asked <= 0.0:
                continue
            if asked > o.budget:  # only a budget that binds calls for an order
                awarded, _ = _ration(_front(rank, keys, awarded, o.budget), want, cap, o.budget)
            paid = _book(
                index,
                keys,
                awarded,
                _plain(o.worth),
                o.half_life,
                o.unused,
                o.misuse,
                self._luck.address(f"{term} {name} unused") if o.unused > 0.0 else _NO_ADDRESS,
                self._luck.address(f"{term} {name} misuse") if o.misuse > 0.0 else _NO_ADDRESS,
                got,
                want,
                amount,
                real,
                life,
            )
            self._bill(o.entry, "outlay", float(paid.sum()), t.account)
        return Paid(*_pay(index, amount, real, life, population.policy_income))

    def asked(self, term: str, index: np.ndarray, wanted: np.ndarray) -> float:
        """Return what applicants could get in CNY if no budget bound them, at most their cost."""
        t = self.declarations[term]
        best: dict[str, np.ndarray] = {}
        for o in self._sorted(term):
            value = o.value if np.ndim(o.value) == 0 else np.asarray(o.value)[index]
            due = np.minimum(value, o.rate * wanted)
            if o.eligible is not None:
                mask = (
                    o.eligible
                    if o.eligible.dtype == bool
                    else _mask(o.eligible, len(getattr(self.world, t.population)))
                )
                due = np.where(mask[index], due, 0.0)
            name = o.entry.programme or o.entry.id
            best[name] = np.maximum(best.get(name, 0.0), due)
        return float(np.minimum(sum(best.values(), np.zeros(index.size)), wanted).sum())

    def orders(self, term: str, filled: Callable[[Entry, float], float] | None = None) -> list[Order]:
        """Return what is ordered this year, paid in advance: ``value`` units, as many as the budget buys.

        ``filled`` says how many of the units of an entry find a taker, where only those are paid for.
        """
        t = self.declarations[term]
        out = []
        for o in self._sorted(term):
            quantity = float(np.asarray(o.value)) * o.entry.share_of_year(self.year)
            if o.unit_cost > 0.0:
                quantity = min(quantity, o.budget / o.unit_cost)
            quantity = quantity if filled is None else filled(o.entry, quantity)
            spent = quantity * o.unit_cost
            self._bill(o.entry, "outlay", spent, t.account)
            detail = {"worth": o.worth, "rate": o.rate}
            out.append(Order(o.entry, quantity, spent, o.unit_cost, detail, o.tag))
        return out

    def relieve(self, term: str, amounts: np.ndarray) -> None:
        """Bill tax forgone, (n,) CNY, to the entries whose offers on a rule cause it, by what each adds.

        The rows' ``tax_relief`` grows by it; without offers, the national law is billed.
        """
        t = self.declarations[term]
        total = float(amounts.sum())
        if total <= 0.0:
            return
        getattr(self.world, t.population).tax_relief += amounts
        for entry, part in self._split(term, amounts):
            self._bill_tax(entry, part, t.account)

    def national_relief(self, population: str, amounts: np.ndarray, account: str) -> None:
        """Book tax that the national law forgoes, (n,) CNY; no entry of a scenario pays for it."""
        getattr(self.world, population).tax_relief += amounts
        self._bill_tax(None, float(amounts.sum()), account)

    def settle(self, term: str, amounts: np.ndarray, account: str) -> np.ndarray:
        """Pay what a rule entitles rows to, (n,) CNY, and bill the entries that offered it.

        An entry whose budget does not reach pays all alike a smaller part. Returns what was paid, (n,).
        """
        t = self.declarations[term]
        paid = np.zeros(amounts.size)
        for o, part in self._parts(term, amounts):
            asked = float(part.sum())
            if asked > 0.0:
                part = part * min(1.0, o.budget / asked)
                paid += part
                self._bill(o.entry, "outlay", float(part.sum()), account)
        getattr(self.world, t.population).policy_income += paid
        return paid

    def charge(self, entry: str, kind: BillKind, amount: float, account: str) -> None:
        """Bill an entry by its id, for a promise made in an earlier year (a called guarantee, an exit)."""
        lever, payer = self.world.entries[entry]
        self.ledger.bill(self.year, entry, lever, payer, kind, amount, account)

    def promises(self, term: str) -> list[Offer]:
        """Return the offers themselves, for mechanisms that must remember who promised what."""
        return list(self._sorted(term))

    # ---- inside -----------------------------------------------------------------------------------

    def _base(self, t: Term) -> float:
        return float(self.national.get(t.national, t.neutral)) if t.national else t.neutral

    def _sorted(self, term: str) -> list[Offer]:
        offers = self._offers.get(term)
        if offers is None:
            if term not in self.declarations:
                raise KeyError(f"unknown term {term!r}")
            return []
        return offers

    def _parts(self, term: str, amounts: np.ndarray) -> list[tuple[Offer, np.ndarray]]:
        """Split (n,) sums among the offers on a rule by what each adds to it; ties share alike."""
        t = self.declarations[term]
        offers = self._sorted(term)
        if not offers:
            return []
        base = self._base(t)
        stack = np.empty((len(offers), amounts.size))
        for k, o in enumerate(offers):
            added = np.abs(np.asarray(o.value, float) - (base if t.combine == "max" else t.neutral))
            if o.eligible is not None:
                added = np.where(
                    o.eligible if o.eligible.dtype == bool else _mask(o.eligible, amounts.size), added, 0.0
                )
            stack[k] = added
        _divide(stack, np.ascontiguousarray(amounts, np.float64), t.combine == "max")
        return list(zip(offers, stack, strict=True))

    def _split(self, term: str, amounts: np.ndarray) -> list[tuple[Entry | None, float]]:
        parts = [(o.entry, float(part.sum())) for o, part in self._parts(term, amounts)]
        rest = float(amounts.sum()) - sum(part for _, part in parts)
        return [*parts, (None, max(rest, 0.0) if rest > 1e-9 * abs(float(amounts.sum())) else 0.0)]

    def _bill(self, entry: Entry, kind: BillKind, amount: float, account: str) -> None:
        self.ledger.bill(self.year, entry.id, entry.lever.name, entry.payer, kind, amount, account)

    def _bill_tax(self, entry: Entry | None, amount: float, account: str) -> None:
        payers = self.world.tax_payers()
        if entry is None:
            self.ledger.bill(self.year, "national_law", "national_law", payers, "tax_forgone", amount, account)
        else:
            self.ledger.bill(self.year, entry.id, entry.lever.name, payers, "tax_forgone", amount, account)


def _all(test: bool | np.ndarray) -> bool:
    return bool(test.all()) if isinstance(test, np.ndarray) else bool(test)


def _mask(index: np.ndarray, n: int) -> np.ndarray:
    mask = np.zeros(n, bool)
    mask[index] = True
    return mask
