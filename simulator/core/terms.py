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
def _coins(address: np.uint64, keys: np.ndarray, chance: float) -> np.ndarray:
    out = np.zeros(keys.shape[0], np.bool_)
    if chance > 0.0:
        for i in range(keys.shape[0]):
            out[i] = uniform_at(address, keys[i]) < chance
    return out


def _front(rank: np.ndarray, keys: np.ndarray, due: np.ndarray, budget: float) -> np.ndarray:
    """Return the applicants that the budget can reach, highest rank first and ties by key.

    Nobody is paid less than the least due, so no more than budget / least can be paid; only these are sorted.
    """
    rows = np.flatnonzero(due > 0.0)
    most = int(min(budget / max(float(due[rows].min()), 1e-9), rows.size)) + 1
    if most < rows.size:
        rows = rows[rank[rows] >= np.partition(rank[rows], rows.size - most)[rows.size - most]]
    return rows[np.lexsort((keys[rows], -rank[rows]))]


_NOBODY = np.empty(0, np.int64)
_NOTHING = np.empty(0)


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
            if np.all(np.asarray(value) == 0.0):
                return
        else:
            base = self._base(t)
            if t.combine in ("sum", "product", "replace") and np.all(np.asarray(value) == t.neutral):
                return
            if t.combine == "max" and np.all(np.asarray(value) <= base):
                return
            value = base + share * (value - base) if t.combine == "max" else t.neutral + share * (value - t.neutral)
        self._offers.setdefault(term, []).append(
            Offer(entry, value, eligible, budget * share, rate, worth, unused, misuse, half_life, unit_cost, tag)
        )

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
                column = np.full(n, t.neutral if t.combine != "max" else base)
                column[o.eligible] = value if np.ndim(value) == 0 else np.asarray(value)[o.eligible]
                value = column
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
        want = wanted.astype(np.float64).copy()
        amount, real, life = np.zeros(index.size), np.zeros(index.size), np.zeros(index.size)
        had: dict[str, np.ndarray] = {}
        for o in offers:
            name = o.entry.lever.name
            got = had.setdefault(o.entry.programme or o.entry.id, np.zeros(index.size))
            value = o.value if np.ndim(o.value) == 0 else np.asarray(o.value)[index]
            value = value if units is None else value * units
            cap = np.maximum(np.minimum(value, o.rate * wanted) - got, 0.0)
            if o.eligible is not None:
                mask = o.eligible if o.eligible.dtype == bool else _mask(o.eligible, len(population))
                cap = np.where(mask[index], cap, 0.0)
            awarded = np.minimum(want, cap)
            asked = float(awarded.sum())
            if asked <= 0.0:
                continue
            if asked > o.budget:  # only a budget that binds calls for an order
                awarded, _ = _ration(_front(rank, keys, awarded, o.budget), want, cap, o.budget)
            got += awarded
            want -= awarded
            idle = _coins(self._luck.address(f"{term} {name} unused"), keys, o.unused)
            wasted = _coins(self._luck.address(f"{term} {name} misuse"), keys, o.misuse)
            paid = np.where(idle, 0.0, awarded)
            worth = o.worth if np.ndim(o.worth) == 0 else np.asarray(o.worth)[index]
            amount += paid
            real += np.where(wasted, 0.0, paid * worth)
            life += paid * o.half_life
            self._bill(o.entry, "outlay", float(paid.sum()), t.account)
        took = amount > 0.0
        rows = index[took]
        np.add.at(population.policy_income, rows, amount[took])
        return Paid(rows, amount[took], real[took], life[took] / amount[took])

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
        # by id, so that the order of entries in a file cannot matter
        return sorted(offers, key=lambda o: o.entry.id) if len(offers) > 1 else offers

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
            stack[k] = added
            if o.eligible is not None:
                stack[k, ~(o.eligible if o.eligible.dtype == bool else _mask(o.eligible, amounts.size))] = 0.0
        if t.combine == "max":
            stack = np.where(stack >= stack.max(axis=0) - 1e-15, stack, 0.0)
        whole = stack.sum(axis=0)
        share = stack / np.where(whole > 0.0, whole, 1.0)
        return [(o, amounts * w) for o, w in zip(offers, share, strict=True)]

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


def _mask(index: np.ndarray, n: int) -> np.ndarray:
    mask = np.zeros(n, bool)
    mask[index] = True
    return mask
