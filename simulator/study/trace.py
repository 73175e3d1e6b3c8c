"""What a pair of runs leaves behind for estimators: series, sums and copies of agents' columns by year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from simulator.core.ledger import Bill
from simulator.model import INDICATORS
from simulator.world.world import RegionState, World

FIRM_COLUMNS = (
    "key", "sector", "founded", "ownership", "quality", "staff", "revenue", "revenue_lag1", "revenue_lag2", "profit",
    "does_rd", "rd_real", "rd_reported", "rd_lag1", "rd_lag2", "innovations", "claims", "hnte_until", "technology_sme",
    "grants", "link", "boost", "voucher_year", "incubator", "loan", "loan_cover", "equity", "listed", "policy_income",
    "novelty", "filed",
    "above_scale", "origin", "alliance",
)  # fmt: skip
UNIVERSITY_COLUMNS = ("key", "researchers", "inventor_share", "deals", "deal_value", "spinoffs")
POOL_COLUMNS = ("stock", "inflow", "taken")

Columns = dict[str, np.ndarray]


@dataclass
class Trace:
    """What a run leaves behind for estimators: series, sums and copies of agents' columns at the end of each year."""

    values: Mapping[str, float]
    entry: str
    years: list[int] = field(default_factory=list)
    indicators: dict[str, list[float]] = field(default_factory=dict)
    firms: dict[int, Columns] = field(default_factory=dict)
    universities: dict[int, Columns] = field(default_factory=dict)
    pools: dict[int, Columns] = field(default_factory=dict)
    state: dict[int, dict[str, float]] = field(default_factory=dict)
    rules: dict[int, dict[str, float]] = field(default_factory=dict)
    bills: list[Bill] = field(default_factory=list)

    def take(self, world: World) -> None:
        """Copy the end of a year."""
        year = world.year
        self.years.append(year)
        for name, indicator in INDICATORS.items():
            self.indicators.setdefault(name, []).append(float(indicator.measure(world)))
        alive = world.firms.alive
        self.firms[year] = {name: getattr(world.firms, name)[alive] for name in FIRM_COLUMNS}
        self.universities[year] = {name: getattr(world.universities, name).copy() for name in UNIVERSITY_COLUMNS}
        self.pools[year] = {name: getattr(world.pools, name).copy() for name in POOL_COLUMNS}
        state = {f.name: getattr(world.state, f.name) for f in fields(RegionState)}
        self.state[year] = {name: value for name, value in state.items() if isinstance(value, float)}
        self.rules[year] = dict(world.rules)

    def series(self, indicator: str, years: Iterable[int]) -> np.ndarray:
        """Return one indicator in some years, (len(years),); raises KeyError for an unknown one."""
        values = self.indicators[indicator]
        return np.array([values[self.years.index(year)] for year in years])

    def billed(self, kinds: Iterable[str], years: Iterable[int], *, own: bool = True) -> float:
        """Return what was billed in CNY: to the entry on trial alone, or to all of them and the nation."""
        kinds, years = set(kinds), set(years)
        return sum(
            b.amount for b in self.bills if b.kind in kinds and b.year in years and (not own or b.entry == self.entry)
        )

    def of_firms(self, year: int, keys: np.ndarray, column: str) -> np.ndarray:
        """Return a column at the end of a year for firms by key; NaN for those that are not there."""
        firms = self.firms[year]
        order = np.argsort(firms["key"])
        known = firms["key"][order]
        at = np.minimum(np.searchsorted(known, keys), known.size - 1)
        found = firms[column][order][at].astype(float)
        return np.where(known[at] == keys, found, np.nan)


@dataclass(frozen=True)
class Pair:
    """Two runs with the same draw and the same luck, with and without the measure, and when it was in force."""

    treated: Trace
    control: Trace
    years: range

    def both(self, year: int, keys: np.ndarray, column: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a column of the same firms with and without the measure."""
        return self.treated.of_firms(year, keys, column), self.control.of_firms(year, keys, column)
