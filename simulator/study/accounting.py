"""Do the books hold? Every run's books close, and no entry pays out more than its budget allows."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.core.ledger import Bill, LedgerError
from simulator.scenario import Scenario
from simulator.scenario_entries import Entry
from simulator.simulate import simulate

PURSES = ("budget", "pool", "capital_per_year", "interest_budget")  # settings that bound what an entry pays in a year


@dataclass(frozen=True)
class Books:
    """What was looked at: runs, those whose books did not close, entries with a budget, and the closest call."""

    runs: int
    unbalanced: tuple[str, ...]
    entries: int
    worst: float
    worst_entry: str

    @property
    def ok(self) -> bool:
        """Return whether all books close and no budget is exceeded."""
        return not self.unbalanced and self.worst <= 1.0 + 1e-9


def outlay_over_budget(entry: Entry, bills: Sequence[Bill], years: Sequence[int]) -> float:
    """Return the most, over years, that an entry had paid by then over what its budgets allowed; NaN without any.

    What is left of one year may be paid in the next: commitments are paid when they are delivered.
    """
    purse = sum(float(getattr(entry.settings, name, 0.0) or 0.0) for name in PURSES)
    if purse <= 0.0:
        return math.nan
    by_year: dict[int, float] = defaultdict(float)
    for bill in bills:
        if bill.entry == entry.id and bill.kind == "outlay":
            by_year[bill.year] += bill.amount
    paid = allowed = worst = 0.0
    for year in years:
        paid += by_year[year]
        allowed += purse * entry.share_of_year(year)
        if paid > 0.0:
            worst = max(worst, paid / allowed if allowed > 0.0 else math.inf)
    return worst


def books_of(scenario: Scenario, draws: Sequence[Mapping[str, float]], seed: int = 0) -> Books:
    """Run a scenario with some sets of parameters and return how its books look."""
    unbalanced, worst, worst_entry, seen = [], 0.0, "", set()
    for k, values in enumerate(draws):
        try:
            run = simulate(scenario, values, seed + k)
        except LedgerError as error:
            unbalanced.append(f"run {k}: {error}")
            continue
        for entry in scenario.entries:
            share = outlay_over_budget(entry, run.bills, run.years.tolist())
            if math.isnan(share):
                continue
            seen.add(entry.id)
            if share > worst:
                worst, worst_entry = share, entry.id
    return Books(len(draws), tuple(unbalanced), len(seen), worst, worst_entry)
