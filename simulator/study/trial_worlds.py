"""Worlds for the virtual trials: runs in which an offer is drawn by lot or stops at a threshold, and what firms show.

Nothing of the year is copied: a trial's lever is the shipped one whose ``offer`` puts the same terms on the counter,
for fewer firms or with a record of who applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from simulator.core.declare import Lever
from simulator.core.luck import Luck
from simulator.core.parameters import override
from simulator.core.terms import Paid, Terms
from simulator.model import LEVERS, SCHEDULE
from simulator.scenario import Scenario
from simulator.scenario_entries import Entry
from simulator.simulate import run_year, start
from simulator.study.trace import Columns, Trace
from simulator.world.terms import TERMS
from simulator.world.world import World

COLUMNS = (
    "key", "sector", "founded", "ownership", "staff", "revenue", "revenue_lag1", "revenue_lag2", "profit", "does_rd",
    "rd_reported", "rd_lag1", "rd_lag2", "rd_staff", "innovations", "claims", "hnte_until", "technology_sme",
    "tax_relief", "link", "boost", "voucher_year", "incubator", "loan", "loan_cover", "equity", "novelty", "filed",
    "filed_true", "granted", "origin", "productivity", "above_scale", "grants",
)  # fmt: skip
HALF = 0.5  # of the applicants win a lottery

Mask = Callable[[World], np.ndarray]
Hook = Callable[[World], None]


@dataclass
class Panel(Trace):
    """What statistics and registers of one world show: firms by year, and a few sums of the city."""

    city: dict[int, dict[str, float]] = field(default_factory=dict)

    def take(self, world: World) -> None:
        """Copy the end of a year."""
        f, u, st, year = world.firms, world.universities, world.state, world.year
        alive = f.alive
        self.years.append(year)
        self.firms[year] = {name: getattr(f, name)[alive] for name in COLUMNS}
        self.rules[year] = dict(world.rules)
        own = float(f.filed_true[alive].sum())
        self.city[year] = {
            "private_raised": st.private_raised,
            "researchers": float(world.pools.stock[world.pool("researchers")]),
            "taken": float(world.pools.taken[world.pool("researchers")] + world.pools.taken[world.pool("high_end")]),
            "loans": st.loan_count,
            "defaults": st.loan_defaults,
            "true_filings": own + float(u.filed_true.sum()),
            "filed": float(f.filed[alive].sum()),
            "granted": float(f.granted[alive].sum()),
            "university_true": float(u.filed_true.sum()),
            "rd": float(f.rd_reported[alive].sum()),
        }

    def get(self, year: int, keys: np.ndarray, column: str, missing: float = 0.0) -> np.ndarray:
        """Return a column for firms by key at the end of a year; those that are not there have ``missing``."""
        found = self.of_firms(year, keys, column)
        return np.asarray(np.where(np.isfinite(found), found, missing))

    def total(self, years: Iterable[int], keys: np.ndarray, column: str) -> np.ndarray:
        """Return the sum of a column over years for firms by key; nothing once a firm is gone."""
        return np.asarray(np.sum([self.get(year, keys, column) for year in years], axis=0))


@dataclass
class Call:
    """One call for applications: who applied, their rank, who was in the lottery's half, and what was paid (CNY)."""

    year: int
    key: np.ndarray
    rank: np.ndarray
    won: np.ndarray
    paid: np.ndarray

    @property
    def last(self) -> int:
        """Return the row of the applicant with whom the money ends, -1 where it reaches all or none.

        The larger an applicant, the likelier the money ends with it: it belongs on neither side of the cut-off.
        """
        funded = np.flatnonzero(self.paid > 0.0)
        if funded.size in (0, self.paid.size):
            return -1
        return int(funded[np.argmin(self.rank[funded])])

    @property
    def cutoff(self) -> float:
        """Return the rank at which the money ends, NaN where it reaches all or none."""
        return float(self.rank[self.last]) if self.last >= 0 else float("nan")


@dataclass
class _Gate:
    """A counter that takes a lever's offers to firms for those under a mask only."""

    terms: Terms
    mask: np.ndarray

    def offer(self, entry: Any, term: str, *values: Any, eligible: np.ndarray | None = None, **rest: Any) -> None:
        if TERMS[term].population == "firms":
            eligible = self.mask if eligible is None else np.asarray(eligible) & self.mask
        self.terms.offer(entry, term, *values, eligible=eligible, **rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.terms, name)


def only_for(lever: Lever, mask: Mask) -> Lever:
    """Return the lever as it is, open to the firms of a mask (n,) only."""

    def offer(world: World, terms: Terms, entry: Any, p: Any) -> None:
        lever.offer(world, _Gate(terms, mask(world)), entry, p)

    return replace(lever, offer=offer)


def drawn(key: np.ndarray, lot: int, year: int) -> np.ndarray:
    """Return which half (n,) a lottery draws; it has nothing to do with the luck of the world."""
    return np.asarray(Luck(lot).at(year, "lottery of a trial").uniform(key, "wins") < HALF)


def watched(lever: Lever, term: str, calls: list[Call], *, lot: int | None = None) -> Lever:
    """Return the lever with a record of who applied for one of its terms; a ``lot`` (seed) lets half of them win."""

    def offer(world: World, terms: Terms, entry: Any, p: Any) -> None:
        lever.offer(world, terms, entry, p)
        take = terms.draw

        def draw(name: str, index: np.ndarray, wanted: np.ndarray, rank: np.ndarray, **rest: Any) -> Paid:
            if name != term:
                return take(name, index, wanted, rank, **rest)
            key = world.firms.key[index]
            may = terms.eligible(term)[index]
            won = np.ones(key.size, bool) if lot is None else drawn(key, lot, world.year)
            paid = take(name, index[won], wanted[won], rank[won], **rest)
            sums = paid.column(len(world.firms))[index]
            calls.append(Call(world.year, key[may], np.asarray(rank, float)[may], won[may], sums[may]))
            return paid

        vars(terms)["draw"] = draw

    return replace(lever, offer=offer)


class Fixed:
    """A mask that is settled in the year before an offer begins: firms that fulfil a condition then, and no others."""

    def __init__(self, condition: Mask) -> None:
        self.condition = condition
        self.keys: np.ndarray | None = None

    def __call__(self, world: World) -> np.ndarray:
        """Return who is in, (n,)."""
        if self.keys is None:
            self.keys = np.sort(world.firms.key[self.condition(world) & world.firms.alive])
        return np.isin(world.firms.key, self.keys)


@dataclass(frozen=True)
class Lab:
    """One world's draw and luck, and the scenario that every trial of it starts from."""

    base: Scenario
    number: int
    values: Mapping[str, float]
    seed: int

    def scenario(self, entries: Iterable[Entry], until: int, *, drop: Iterable[str] = ()) -> Scenario:
        """Return the base with a trial's entries, without its own entries of these levers."""
        gone = set(drop)
        kept = [e for e in self.base.entries if e.lever.name not in gone]
        return replace(self.base, entries=(*kept, *entries), years=(self.base.years[0], until))

    def run(
        self,
        scenario: Scenario,
        *,
        first: Hook | None = None,
        each_year: Hook | None = None,
        values: Mapping[str, float] | None = None,
    ) -> Panel:
        """Run a scenario and keep what can be seen; hooks act on the world at the start and before each year."""
        own = {**self.values, **(values or {})}
        p, luck = override((*SCHEDULE, *LEVERS.values()), {**own, **scenario.assumptions}), Luck(self.seed)
        world = start(scenario, luck)
        if first:
            first(world)
        panel = Panel(own, "trial")
        for year in range(world.region.start_year, scenario.years[1] + 1):
            if each_year:
                world.year = year
                each_year(world)
            run_year(world, scenario, p, luck, year)
            panel.take(world)
        panel.bills = list(world.ledger.bills())
        return panel


def entry(lever: Lever, settings: Mapping[str, Any], first: int, last: int) -> Entry:
    """Return the trial's entry of a lever, in force from the start of one year to the end of another."""
    return Entry("trial", lever, lever.Settings(**settings), "city", float(first), float(last + 1))


def rows_of(firms: Columns, keep: np.ndarray) -> Columns:
    """Return the rows of a mask (n,)."""
    return {name: column[keep] for name, column in firms.items()}
