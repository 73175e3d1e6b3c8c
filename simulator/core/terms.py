"""Terms: the counter on which levers put offers and from which mechanisms take them up.

Rules are read with ``total``; money is taken with ``draw``, which pays in rank order to the budget and
bills the entry that offered. A lever never sees an agent's state change, a mechanism never sees a lever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from simulator.core.declare import Lever, Term
from simulator.core.ledger import BillKind, Ledger
from simulator.core.luck import Luck
from simulator.core.terms_kernels import added, award, award_alone, divide, hope, meet, pay, positive, scatter

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


@dataclass(slots=True)
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


@dataclass(slots=True)
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


def lowest_first(score: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return the order (m,) of the scores (m,), the lowest first and ties by key."""
    order = np.argsort(score)  # much faster than by two keys, which only ties need
    up = score[order]
    return np.asarray(np.lexsort((keys, score)) if (up[1:] == up[:-1]).any() else order)


def _is_one(value: Values) -> bool:
    """Return whether a value is one number, not a column."""
    return not isinstance(value, np.ndarray) or value.ndim == 0


def _plain(value: Values) -> np.ndarray:
    """Return a column as it is and one number as (1,), for compiled kernels."""
    return _single(float(value)) if _is_one(value) else np.ascontiguousarray(value, np.float64)


@lru_cache(maxsize=4096)  # the same numbers come every year
def _single(value: float) -> np.ndarray:
    """Return one number as (1,), to be read and not written."""
    return np.array((value,), np.float64)


_NOBODY = np.empty(0, np.int64)
_NOTHING = np.empty(0)
_ALL = np.empty(0, np.bool_)
_ONE = np.ones(1)
_NO_ADDRESS = np.uint64(0)
_HOW = {"sum": 0, "product": 1, "max": 2, "replace": 3}


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
        self._totals: dict[str, Values] = {}
        self._parts_of_year: dict[str, float] = {}

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
        share = self._part_of_year(entry)
        if budget < 0.0:
            raise ValueError(f"{entry.id}: budget {budget} is below zero")
        if share <= 0.0 or budget == 0.0 or rate == 0.0:
            return
        if t.money:
            if _all(value == 0.0):
                return
        else:
            most = t.combine == "max"
            base = self._base(t) if most else t.neutral
            if _all(value <= base if most else value == base):
                return
            value = base + share * (value - base)
        if eligible is not None and eligible.dtype != bool:
            eligible = _mask(eligible, len(getattr(self.world, t.population)))
        offers = self._offers.get(term)
        if offers is None:
            offers = self._offers[term] = []
        elif self._totals:
            self._totals.pop(term, None)
        offers.append(
            Offer(entry, value, eligible, budget * share, rate, worth, unused, misuse, half_life, unit_cost, tag)
        )
        # by id, so that the order of entries in a file cannot matter
        if len(offers) > 1 and entry.id < offers[-2].entry.id:
            offers.sort(key=_id)

    def run(self, entry: Entry, amount: float) -> None:
        """Bill the running cost (CNY a year) of carrying a measure out, in proportion to the time in force."""
        self._bill(entry, "running", amount * self._part_of_year(entry), "administration")

    # ---- the mechanism's side ---------------------------------------------------------------------

    def offered(self, term: str) -> bool:
        """Return whether anything is on offer."""
        return bool(self._sorted(term))

    def eligible(self, term: str) -> np.ndarray:
        """Return which rows (n,) of the term's population any offer is open to, to be read and not written."""
        offers = self._sorted(term)
        n = len(getattr(self.world, self.declarations[term].population))
        if not offers:
            return np.zeros(n, bool)
        if any(o.eligible is None for o in offers):
            return np.ones(n, bool)
        out = offers[0].eligible
        for o in offers[1:]:
            out = out | o.eligible  # type: ignore[operator]
        return np.asarray(out)

    def total(self, term: str) -> Values:
        """Return the rule in force: one number, or a (n,) column where offers differ between rows.

        Offers meet as the term's ``combine`` says, from the national rule or the neutral value upwards. A column
        is to be read and not written.
        """
        if term not in self._totals:
            self._totals[term] = self._meet(self.declarations[term], self._sorted(term))
        return self._totals[term]

    def _meet(self, t: Term, offers: list[Offer]) -> Values:
        result: Values = self._base(t)
        how = _HOW[t.combine]
        other = (0.0, 1.0, -np.inf, t.neutral)[how]
        for o in offers:
            one = _is_one(o.value)
            if one and o.eligible is None and isinstance(result, float):
                value = float(o.value)
                result = (result + value, result * value, max(result, value), value)[how]
                continue
            if isinstance(result, float):
                result = np.full(np.size(o.value) if o.eligible is None else o.eligible.size, result)
            if one and o.eligible is not None:
                meet(result, float(o.value), o.eligible, other, how)
            else:
                here = o.value if o.eligible is None else np.where(o.eligible, o.value, other)
                result = (np.add, np.multiply, np.maximum, lambda _, new: new + 0.0)[how](result, here)
        return result

    def values(self, term: str) -> np.ndarray:
        """Return ``total`` for a compiled kernel: (1,) where it is one number, else the (n,) column."""
        return _plain(self.total(term))

    def column(self, term: str) -> np.ndarray:
        """Return ``total`` as a (n,) column of the term's population, to be read and not written."""
        name = self.declarations[term].population
        value = self.total(term)
        if not _is_one(value):
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
        rows = np.ascontiguousarray(index, np.int64)
        asks, rank = np.ascontiguousarray(wanted, np.float64), np.ascontiguousarray(rank, np.float64)
        pieces = _ONE if units is None else _plain(units)
        if len(offers) == 1:
            (o,) = offers
            asked = (rows, population.key, rank, asks, pieces, *self._conditions(term, o), population.policy_income)
            paid, *columns = award_alone(*asked)
            self._bill(o.entry, "outlay", paid, t.account)
            return Paid(*columns)
        want, sums = asks.copy(), np.zeros((3, rows.size))
        had: dict[str, np.ndarray] = {}
        for o in offers:
            programme = o.entry.programme or o.entry.id
            if programme not in had:
                had[programme] = np.zeros(rows.size)
            asked = (rows, population.key, rank, asks, pieces, *self._conditions(term, o), want, had[programme], sums)
            paid = award(*asked)
            self._bill(o.entry, "outlay", paid, t.account)
        return Paid(*pay(rows, sums, population.policy_income))

    def _conditions(self, term: str, o: Offer) -> tuple[Any, ...]:
        """Return what a kernel must know of an offer of money, from its value to the luck of what it buys."""
        name = o.entry.lever.name
        return (
            _plain(o.value),
            float(o.rate),
            _ALL if o.eligible is None else o.eligible,
            float(o.budget),
            _plain(o.worth),
            float(o.half_life),
            float(o.unused),
            float(o.misuse),
            self._luck.address(f"{term} {name} unused") if o.unused > 0.0 else _NO_ADDRESS,
            self._luck.address(f"{term} {name} misuse") if o.misuse > 0.0 else _NO_ADDRESS,
        )

    def asked(self, term: str, index: np.ndarray, wanted: np.ndarray) -> float:
        """Return what applicants could get in CNY if no budget bound them, at most their cost."""
        rows, asks = np.ascontiguousarray(index, np.int64), np.ascontiguousarray(wanted, np.float64)
        best: dict[str, np.ndarray] = {}
        for o in self._sorted(term):
            name = o.entry.programme or o.entry.id
            if name not in best:
                best[name] = np.zeros(rows.size)
            hope(rows, asks, _plain(o.value), float(o.rate), _ALL if o.eligible is None else o.eligible, best[name])
        return float(np.minimum(sum(best.values(), np.zeros(rows.size)), asks).sum())

    def orders(self, term: str, filled: Callable[[Entry, float], float] | None = None) -> list[Order]:
        """Return what is ordered this year, paid in advance: ``value`` units, as many as the budget buys.

        ``filled`` says how many of the units of an entry find a taker, where only those are paid for.
        """
        t = self.declarations[term]
        out = []
        for o in self._sorted(term):
            quantity = float(o.value) * self._part_of_year(o.entry)
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
        relief = getattr(self.world, t.population).tax_relief
        rows, some, total = positive(np.ascontiguousarray(amounts, np.float64), relief)
        if total <= 0.0:
            return
        left = total
        if offers := self._sorted(term):
            _, parts = self._parts(t, offers, rows, some)
            for o, part in zip(offers, parts.tolist(), strict=True):
                self._bill_tax(o.entry, part, t.account)
                left -= part
        if left > 1e-9 * total:  # else nothing but rounding is left for the national law
            self._bill_tax(None, left, t.account)

    def national_relief(self, population: str, amounts: np.ndarray, account: str) -> None:
        """Book tax that the national law forgoes, (n,) CNY; no entry of a scenario pays for it."""
        getattr(self.world, population).tax_relief += amounts
        self._bill_tax(None, float(amounts.sum()), account)

    def settle(self, term: str, amounts: np.ndarray, account: str, index: np.ndarray | None = None) -> np.ndarray:
        """Pay what a rule entitles rows to, (n,) CNY or (m,) of the rows ``index``; bill the entries that offered it.

        An entry whose budget does not reach pays all alike a smaller part. Returns what was paid, as ``amounts``.
        """
        t = self.declarations[term]
        offers = self._sorted(term)
        sums = np.ascontiguousarray(amounts, np.float64)
        paid = np.zeros(sums.size)
        rows, some, _ = positive(sums, _NOTHING)
        if not offers or rows.size == 0:
            return paid
        where = rows if index is None else index[rows]
        stack, parts = self._parts(t, offers, where, some)
        for o, part, asked in zip(offers, stack, parts.tolist(), strict=True):
            if asked > 0.0:
                part *= min(1.0, o.budget / asked)
                self._bill(o.entry, "outlay", float(part.sum()), account)
        scatter(rows, where, stack, paid, getattr(self.world, t.population).policy_income)
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

    def _part_of_year(self, entry: Entry) -> float:
        part = self._parts_of_year.get(entry.id)
        if part is None:
            part = self._parts_of_year[entry.id] = entry.share_of_year(self.year)
        return part

    def _parts(
        self, t: Term, offers: list[Offer], rows: np.ndarray, amounts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Split sums of some rows (m,) among k offers on a rule by what each adds to it; ties share alike.

        Returns the parts, (k, m), and their sums, (k,).
        """
        base = self._base(t) if t.combine == "max" else t.neutral
        stack = np.empty((len(offers), rows.size))
        for o, line in zip(offers, stack, strict=True):
            added(rows, _plain(o.value), base, _ALL if o.eligible is None else o.eligible, line)
        return stack, divide(stack, amounts, t.combine == "max")

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


def _id(offer: Offer) -> str:
    return offer.entry.id


def _mask(index: np.ndarray, n: int) -> np.ndarray:
    mask = np.zeros(n, bool)
    mask[index] = True
    return mask
