"""The world of one run: populations, the region's own state, and the books."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulator.core.ledger import Ledger
from simulator.world.agents import (
    LAGS,
    POOLS,
    PROJECT_KINDS,
    Firms,
    Funds,
    Incubators,
    Pools,
    Products,
    Projects,
    Sectors,
    Universities,
)
from simulator.world.region import Region

AGENTS = ("firms", "universities", "incubators", "funds", "products", "projects")
_PAID = {"firms": "firms", "universities": "universities", "incubators": "incubators", "funds": "funds"}
_COMPACT_ABOVE = 0.08


@dataclass
class RegionState:
    """What belongs to the region and to no agent. Money in CNY of the year, people in persons."""

    gdp: float = 0.0
    gdp_first: float = 0.0  # as first released, on which shares of R&D are judged
    gdp_path: float = 0.0  # the outside path's nominal level
    deflator: float = 1.0  # start year = 1
    wage_index: float = 1.0  # nominal, start year = 1
    research_premium: float = 0.0  # wage of researchers over the general path, log points
    population: float = 0.0
    population_before: float = 0.0
    employed: float = 0.0
    talent_total: float = 0.0
    attraction: float = 0.0  # slow pull on researchers, log points
    apartments: float = 0.0  # m2 delivered
    tenant_makers: float = 0.0  # seats for makers around one tenant of an incubator
    streets: float = 0.0
    street_districts: np.ndarray = field(default_factory=lambda: np.zeros(0))
    agency: float = 0.0  # capacity of patent agents for marginal filings, relative to true ones
    venture_depth: float = 0.0  # venture capital under management over GDP
    private_raised: float = 0.0  # CNY raised by funds from private partners this year
    venture_invested: float = 0.0  # CNY invested in local firms this year
    loans_made: float = 0.0
    loan_loss: float = 0.0  # part of a failed loan that is lost
    loans_lost: float = 0.0
    loan_defaults: float = 0.0
    loan_count: float = 0.0
    individual_patents: float = 0.0
    individual_quality: float = 0.0
    individual_true: np.ndarray = field(default_factory=lambda: np.zeros(LAGS))
    individual_marginal: np.ndarray = field(default_factory=lambda: np.zeros(LAGS))
    individual_filed: float = 0.0
    individual_filed_true: float = 0.0
    individual_granted: float = 0.0
    births: float = 0.0
    deaths: float = 0.0
    institutes_attracted: float = 0.0
    exits: float = 0.0  # holdings that funds have sold or written off so far
    exits_below: float = 0.0  # of these below what was paid
    exits_above: float = 0.0  # of these at five times that or more
    value_added_factor: float = 1.0  # agents' value added over revenue times the sector's ratio, from the start's GDP
    first_release: float = 1.0  # GDP as first released over the later vintage
    rd_reference: float = 0.0  # firms' real R&D in the first year, at its prices: spillovers are stated against it
    survey_share: float = 0.5  # share of relabelled R&D that the statistical survey takes for R&D
    decay_km: float = 80.0  # distance over which nearness to a university falls to 37 %
    rd_labour_share: float = 0.5  # share of R&D spent on people
    status_worth: float = 0.0  # worth of HNTE status in tenders and standing, share of yearly revenue
    pool_left: dict[str, float] = field(default_factory=dict)  # CNY that each risk pool can still pay this year
    pool_size: dict[str, float] = field(default_factory=dict)  # CNY a year that each pool was last given
    paid_part: dict[str, float] = field(default_factory=dict)  # by term, part of what was asked that was paid
    transaction_share: float = 1.0  # technology proper in the value of technology contracts
    ordered: float = 0.0  # CNY that suppliers took this year for what measures ordered
    hnte_revenue: float = 0.0
    hnte_revenue_before: float = 0.0
    filed_before: float = 0.0
    granted_before: float = 0.0
    local_tax: float = 0.0  # corporate tax and value-added tax on agents that stays with the city and districts


class World:
    """Everything that a year can change, and the region it stands for."""

    def __init__(
        self,
        region: Region,
        *,
        outside: Mapping[str, Mapping[int, float]],
        entries: Iterable[Any] = (),
        switches: Mapping[str, str] | None = None,
    ) -> None:
        self.region = region
        self.paths = outside
        self.switches = dict(switches or {})
        self.year = region.start_year
        self.outside: dict[str, float] = {}
        self.rules: dict[str, float] = {}
        self.firms = Firms()
        self.universities = Universities()
        self.incubators = Incubators()
        self.funds = Funds()
        self.products = Products()
        self.projects = Projects()
        self.pools = Pools(len(POOLS))
        self.sectors = Sectors(len(region.sectors))
        self.state = RegionState()
        self.ledger = Ledger()
        # entries by id, so that a promise of an earlier year can be billed after the entry has ended
        self.entries: dict[str, tuple[str, Any]] = {"national_law": ("national_law", "centre")}
        self.entry_ids: list[str] = []
        for entry in entries:
            self.entries[entry.id] = (entry.lever.name, entry.payer)
            self.entry_ids.append(entry.id)
        self._tax_payers = (
            {"centre": 0.60, "city": 0.40}
            if region.separately_planned
            else {"centre": 0.60, "province": 0.08, "city": 0.22, "district": 0.10}
        )

    def begin(self, year: int) -> None:
        """Open a year: read its outside values and national rules, empty the flows of the year before."""
        self.year = year
        # firms, products and projects that ended in earlier years are dropped once they are many; the rows of
        # universities, incubators and funds are referred to by others and stay
        for name in ("firms", "products", "projects"):
            population = getattr(self, name)
            if np.count_nonzero(population.alive) < (1.0 - _COMPACT_ABOVE) * len(population):
                population.compact()
        self.outside = {name: series[year] for name, series in self.paths.items() if year in series}
        self.rules = {name: series[year] for name, series in self.region.rules.items() if year in series}
        self.state.ordered = 0.0
        for name in AGENTS[:4]:
            population = getattr(self, name)
            population.policy_income[:] = 0.0
            population.tax_relief[:] = 0.0

    def pool(self, name: str) -> int:
        """Return the row of a pool."""
        return POOLS.index(name)

    def delivered(self, kind: str) -> np.ndarray:
        """Return the rows of projects of a kind (of PROJECT_KINDS) that were finished this year."""
        projects = self.projects
        return np.flatnonzero((projects.finished == self.year) & (projects.kind == PROJECT_KINDS.index(kind)))

    def entry_index(self, entry_id: str) -> int:
        """Return the index under which agents remember an entry."""
        return self.entry_ids.index(entry_id)

    def tax_payers(self) -> dict[str, float]:
        """Return who bears corporate tax forgone (shares of one): 60 % centre, the rest as the region shares it."""
        return self._tax_payers

    def call_pool(self, entry_id: str, loss: float) -> float:
        """Return what a risk pool pays of a loss (CNY): no more than the year's money, and what is left is noted."""
        paid = min(loss, self.state.pool_left.get(entry_id, 0.0))
        self.state.pool_left[entry_id] = self.state.pool_left.get(entry_id, 0.0) - paid
        return paid

    def close_books(self) -> None:
        """Check that what agents say they received is what the ledger paid them."""
        received = {
            account: float(getattr(self, name).policy_income.sum() + getattr(self, name).tax_relief.sum())
            for name, account in _PAID.items()
        }
        received["suppliers"] = self.state.ordered
        self.ledger.close(self.year, received)

    def admit(self) -> None:
        """Let newcomers join."""
        for name in AGENTS:
            getattr(self, name).admit()
