"""The counter of the reference: offers kept in plain lists, looked at for one agent at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.core.declare import Term
from simulator.world.terms import TERMS

if TYPE_CHECKING:
    from tests.reference.luck import Draws
    from tests.reference.model import ReferenceModel

Value = float | dict[Any, float]


@dataclass
class Offer:
    """One offer on one term: a value, who may have it (None is everybody), and the money behind it.

    ``value`` and ``worth`` are one number or one an agent (an agent that is not named has none).
    """

    entry: Any
    value: Value
    eligible: set[Any] | None
    budget: float
    rate: float
    worth: Value
    unused: float
    misuse: float
    half_life: float
    unit_cost: float
    tag: int = -1

    def is_open_to(self, agent: Any) -> bool:
        """Return whether an agent may have it."""
        return self.eligible is None or agent in self.eligible

    def value_for(self, agent: Any) -> float:
        """Return its value for an agent."""
        return self.value.get(agent, 0.0) if isinstance(self.value, dict) else self.value

    def most(self) -> float:
        """Return the highest value that it has for anybody."""
        return max(self.value.values()) if isinstance(self.value, dict) else self.value

    def worth_for(self, agent: Any) -> float:
        """Return the additional share of its money for an agent."""
        return self.worth.get(agent, 0.0) if isinstance(self.worth, dict) else self.worth


@dataclass
class Application:
    """What an agent asks for: its cost in CNY, its rank, the pieces that it has, and what it got so far."""

    agent: Any
    wanted: float
    rank: float
    pieces: float = 1.0
    amount: float = 0.0
    real: float = 0.0
    life: float = 0.0

    @property
    def half_life(self) -> float:
        """Return how long what it got lasts, in years."""
        return self.life / self.amount


@dataclass
class Order:
    """A quantity of something to be delivered, paid in advance."""

    entry: Any
    quantity: float
    spent: float
    unit_cost: float
    worth: Value
    rate: float
    tag: int


class Counter:
    """The offers of one year."""

    def __init__(self, model: ReferenceModel, year: int, draws: Draws) -> None:
        self.model = model
        self.year = year
        self.draws = draws
        self.offers: dict[str, list[Offer]] = {}

    # ---- what measures do -------------------------------------------------------------------------

    def offer(
        self,
        entry: Any,
        term: str,
        value: Value = float("inf"),
        *,
        eligible: set[Any] | None = None,
        budget: float = float("inf"),
        rate: float = 1.0,
        worth: Value = 1.0,
        unused: float = 0.0,
        misuse: float = 0.0,
        half_life: float = 0.0,
        unit_cost: float = 0.0,
        tag: int = -1,
    ) -> None:
        """Put an offer on the counter, for the part of the year in which the entry is in force."""
        t = TERMS[term]
        share = entry.share_of_year(self.year)
        if share <= 0.0 or budget == 0.0 or rate == 0.0:
            return
        values = list(value.values()) if isinstance(value, dict) else [value]
        if t.money:
            if all(v == 0.0 for v in values):
                return
        else:
            base = self._base(t)
            if t.combine == "max":
                if all(v <= base for v in values):
                    return
            else:
                base = t.neutral
                if all(v == base for v in values):
                    return
            if isinstance(value, dict):
                value = {agent: base + share * (v - base) for agent, v in value.items()}
            else:
                value = base + share * (value - base)
        offers = self.offers.setdefault(term, [])
        offers.append(
            Offer(entry, value, eligible, budget * share, rate, worth, unused, misuse, half_life, unit_cost, tag)
        )
        offers.sort(key=lambda o: o.entry.id)

    def run(self, entry: Any, amount: float) -> None:
        """Bill the yearly cost of carrying a measure out, for the part of the year in which it is in force."""
        self._bill(entry, "running", amount * entry.share_of_year(self.year), "administration")

    # ---- what agents do ---------------------------------------------------------------------------

    def offered(self, term: str) -> bool:
        """Return whether anything is on offer."""
        return bool(self.offers.get(term))

    def promises(self, term: str) -> list[Offer]:
        """Return the offers on a term."""
        return self.offers.get(term, [])

    def is_open_to(self, term: str, agent: Any) -> bool:
        """Return whether any offer is open to an agent."""
        return any(o.is_open_to(agent) for o in self.promises(term))

    def total(self, term: str, agent: Any = None) -> float:
        """Return the rule in force for an agent: offers meet as the term says, from the national rule upwards."""
        t = TERMS[term]
        base = self._base(t)
        result = base
        for o in self.offers.get(term, ()):
            if o.eligible is None or agent in o.eligible:
                value = o.value_for(agent)
            else:
                value = base if t.combine == "max" else t.neutral
            if t.combine == "sum":
                result += value
            elif t.combine == "product":
                result *= value
            elif t.combine == "max":
                result = max(result, value)
            else:
                result = value
        return result

    def draw(self, term: str, applications: Iterable[Application]) -> list[Application]:
        """Pay applicants, the highest rank first and ties by key, until each budget is spent; return who got any."""
        t = TERMS[term]
        applications = list(applications)
        got: dict[str, dict[Any, float]] = {}
        want = {a.agent: a.wanted for a in applications}
        if not applications:
            return []
        for o in self.promises(term):
            had = got.setdefault(o.entry.programme or o.entry.id, {})
            cap = {
                a.agent: max(min(o.value_for(a.agent) * a.pieces, o.rate * a.wanted) - had.get(a.agent, 0.0), 0.0)
                for a in applications
                if o.is_open_to(a.agent)
            }
            queue = [a for a in applications if cap.get(a.agent, 0.0) > 0.0 and want[a.agent] > 0.0]
            asked = sum(min(want[a.agent], cap[a.agent]) for a in queue)
            if asked > o.budget:  # only then does the order matter
                queue.sort(key=lambda a: (-a.rank, a.agent.key))
            left, spent = o.budget, 0.0
            for a in queue:
                award = min(want[a.agent], cap[a.agent], left) if asked > o.budget else min(want[a.agent], cap[a.agent])
                if award <= 0.0:
                    break
                left -= award
                had[a.agent] = had.get(a.agent, 0.0) + award
                want[a.agent] -= award
                spent += self._award(term, o, a, award)
            self._bill(o.entry, "outlay", spent, t.account)
        paid = [a for a in applications if a.amount > 0.0]
        for a in paid:
            a.agent.policy_income += a.amount
        return paid

    def asked(self, term: str, applications: Iterable[Application]) -> float:
        """Return what applicants could get in CNY if no budget bound them, at most their cost."""
        whole = 0.0
        for a in applications:
            best: dict[str, float] = {}
            for o in self.promises(term):
                if o.is_open_to(a.agent):
                    name = o.entry.programme or o.entry.id
                    best[name] = max(best.get(name, 0.0), min(o.value_for(a.agent), o.rate * a.wanted))
            whole += min(sum(best.values()), a.wanted)
        return whole

    def orders(self, term: str, filled: Callable[[Any, float], float] | None = None) -> list[Order]:
        """Return what is ordered this year, as many units as the budget buys, and bill it."""
        out = []
        for o in self.promises(term):
            assert not isinstance(o.value, dict)
            quantity = o.value * o.entry.share_of_year(self.year)
            if o.unit_cost > 0.0:
                quantity = min(quantity, o.budget / o.unit_cost)
            quantity = quantity if filled is None else filled(o.entry, quantity)
            self._bill(o.entry, "outlay", quantity * o.unit_cost, TERMS[term].account)
            out.append(Order(o.entry, quantity, quantity * o.unit_cost, o.unit_cost, o.worth, o.rate, o.tag))
        return out

    def settle(self, term: str, claims: list[tuple[Any, float]], account: str) -> dict[Any, float]:
        """Pay what a rule entitles agents to, all alike a smaller part where a budget does not reach; return it."""
        paid = {agent: 0.0 for agent, _ in claims}
        for o, parts in self._parts(term, claims):
            asked = sum(part for _, part in parts)
            if asked > 0.0:
                part_paid = min(1.0, o.budget / asked)
                for agent, part in parts:
                    paid[agent] += part * part_paid
                self._bill(o.entry, "outlay", sum(part * part_paid for _, part in parts), account)
        for agent, amount in paid.items():
            agent.policy_income += amount
        return paid

    def relieve(self, term: str, claims: list[tuple[Any, float]]) -> None:
        """Bill tax forgone (CNY by agent) to the entries that cause it; the national law bears the rest."""
        whole = sum(amount for _, amount in claims)
        if whole <= 0.0:
            return
        for agent, amount in claims:
            agent.tax_relief += amount
        rest = whole
        for o, parts in self._parts(term, claims):
            part = sum(p for _, p in parts)
            rest -= part
            self._bill_tax(o.entry, part, TERMS[term].account)
        if rest > 1e-9 * whole:
            self._bill_tax(None, rest, TERMS[term].account)

    def national_relief(self, claims: list[tuple[Any, float]], account: str) -> None:
        """Book tax (CNY by agent) that the national law forgoes."""
        for agent, amount in claims:
            agent.tax_relief += amount
        self._bill_tax(None, sum(amount for _, amount in claims), account)

    def charge(self, entry: str, kind: str, amount: float, account: str) -> None:
        """Bill an entry by its id, for a promise made in an earlier year."""
        lever, payer = self.model.entries[entry]
        self.model.bill(self.year, entry, lever, payer, kind, amount, account)

    # ---- inside -----------------------------------------------------------------------------------

    def _base(self, t: Term) -> float:
        return float(self.model.rules.get(t.national, t.neutral)) if t.national else t.neutral

    def _award(self, term: str, o: Offer, a: Application, award: float) -> float:
        """Give an award to an applicant; return what is paid, nothing where it is not used."""
        name = o.entry.lever.name
        if o.unused > 0.0 and self.draws.uniform(a.agent.key, f"{term} {name} unused") < o.unused:
            return 0.0
        a.amount += award
        if not (o.misuse > 0.0 and self.draws.uniform(a.agent.key, f"{term} {name} misuse") < o.misuse):
            a.real += award * o.worth_for(a.agent)
        a.life += award * o.half_life
        return award

    def _parts(self, term: str, claims: list[tuple[Any, float]]) -> list[tuple[Offer, list[tuple[Any, float]]]]:
        """Split claims among the offers on a rule by what each adds to it; where the best counts, the best share."""
        t = TERMS[term]
        offers = self.promises(term)
        base = self._base(t) if t.combine == "max" else t.neutral
        out: list[tuple[Offer, list[tuple[Any, float]]]] = [(o, []) for o in offers]
        for agent, amount in claims:
            added = [abs(o.value_for(agent) - base) if o.is_open_to(agent) else 0.0 for o in offers]
            if t.combine == "max" and added:
                most = max(added)
                added = [x if x >= most - 1e-15 else 0.0 for x in added]
            whole = sum(added)
            for (_, parts), x in zip(out, added, strict=True):
                parts.append((agent, amount * (x / whole) if whole > 0.0 else 0.0))
        return out

    def _bill(self, entry: Any, kind: str, amount: float, account: str) -> None:
        self.model.bill(self.year, entry.id, entry.lever.name, entry.payer, kind, amount, account)

    def _bill_tax(self, entry: Any, amount: float, account: str) -> None:
        name, lever = (entry.id, entry.lever.name) if entry is not None else ("national_law", "national_law")
        self.model.bill(self.year, name, lever, self.model.tax_payers, "tax_forgone", amount, account)
