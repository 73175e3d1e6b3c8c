"""The world of one run: populations, the region's own state, and the books."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit

from simulator.core.ledger import Ledger
from simulator.core.selection import marked
from simulator.world.agents import (
    LAGS,
    POOLS,
    PROJECT_KINDS,
    Alliances,
    Firms,
    Funds,
    Incubators,
    Plants,
    Platforms,
    Pools,
    Products,
    Projects,
    Sectors,
    Universities,
)
from simulator.world.region import Region

AGENTS = ("firms", "universities", "incubators", "funds", "products", "projects", "alliances", "platforms")
POPULATIONS = (*AGENTS, "plants", "pools", "sectors")
_PAID = {name: name for name in ("firms", "universities", "incubators", "funds", "alliances")}
_COMPACT_ABOVE = 0.12  # share of dead rows from which moving the others costs less than passing over them
_FEW = 100  # rows that cost less than to move all others


MOST_FIRMS, FIRMS_AT_LEAST = 0.05, 10_000  # firms a resident, some ten times what a city has: beyond, a run is given up
GDP_OF_REFERENCE = 6.616e11  # Qingdao, 2011: the scale at which numbers of institutes that come are stated


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
    talent_total: float = 0.0
    attraction: float = 0.0  # slow pull on researchers, log points
    neighbours_pay: float = 0.0  # what neighbours offer talent in answer to losses, log points of net pay
    talent_missing: float = 0.0  # persons of the talent total whom neighbours are without
    apartments: float = 0.0  # m2 delivered
    apartments_let: float = 0.0  # m2 lived in
    innovation_zones: float = 0.0
    high_tech_parks: float = 0.0
    software_floor: float = 0.0  # m2 of software parks delivered
    software_let: float = 0.0  # m2 that tenants use
    software_others: float = 0.0  # part of it that firms use which are not agents
    software_room: float = 0.0  # free floor over what all digital firms would need, 0 to 1
    phd_visits: float = 0.0  # since the plan's first year, as the three below
    visit_universities: float = 0.0
    visitors_before: float = 0.0  # visits of the year before
    high_end_engaged: float = 0.0
    engaged_missing: float = 0.0  # of these, whom neighbours lost
    academicians: float = 0.0
    thousand_talents: float = 0.0
    elite_graduates: float = 0.0  # hired this year
    places_left: dict[str, float] = field(default_factory=dict)  # parts of a place that an entry has still to give
    stations_waiting: np.ndarray = field(default_factory=lambda: np.zeros(2))  # built, without a host yet
    trained: np.ndarray = field(default_factory=lambda: np.zeros(3))  # technicians, entrepreneurs, leaders
    streets: float = 0.0
    street_districts: np.ndarray = field(default_factory=lambda: np.zeros(0))
    agency: float = 0.0  # capacity of patent agents for marginal filings, relative to true ones
    venture_depth: float = 0.0  # venture capital under management over GDP
    private_raised: float = 0.0  # CNY raised by funds from private partners this year
    venture_invested: float = 0.0  # CNY invested in local firms this year
    loans_made: float = 0.0
    loan_loss: float = 0.0  # part of a failed loan that is lost
    loan_defaults: float = 0.0
    loan_count: float = 0.0
    pledged: float = 0.0  # CNY lent on patents this year
    pledge_offer: float = 0.0  # part of the firms with patents that a pool would let borrow on them, 0 to 1
    raised_on_markets: float = 0.0  # CNY of equity raised on exchanges and boards this year
    bonds_issued: float = 0.0  # CNY of private bonds placed this year
    procurement: float = 0.0  # CNY of public orders for new products this year
    outbound_deals: float = 0.0  # technology firms bought abroad this year
    district_funds: np.ndarray = field(default_factory=lambda: np.zeros(0))  # incubation funds by district
    individual_patents: float = 0.0
    individual_quality: float = 0.0
    individual_true: np.ndarray = field(default_factory=lambda: np.zeros(LAGS))
    individual_marginal: np.ndarray = field(default_factory=lambda: np.zeros(LAGS))
    individual_filed: float = 0.0
    individual_filed_true: float = 0.0
    individual_granted: float = 0.0
    large_supported: float = 0.0  # large and medium firms with R&D support since the plan's start, by name
    smes_supported: float = 0.0  # technology SMEs that had growth support since then, by name
    own_ip_products: float = 0.0  # new drugs that went into clinical trials since the plan's start
    product_upgrades: float = 0.0  # products selling over 100 m CNY that were upgraded since then
    technologies_solved: float = 0.0  # key and common pharmaceutical technologies solved since then
    pharma_smes_new: float = 0.0  # biomedical technology SMEs founded or attracted since then
    births: float = 0.0
    deaths: float = 0.0
    culture: float = 0.0  # entrepreneurial culture beyond that of the start, 0 to 1; slow
    failed: dict[str, np.ndarray] = field(default_factory=dict)  # small firms closed last year: what founders carry on
    students_started: float = 0.0  # students and recent graduates who began a business since the plan's start
    firms_attracted: float = 0.0  # firms that came from elsewhere since the first year
    firms_drawn: float = 0.0  # of this year's, come because they were courted
    firms_taken: float = 0.0  # of these, lost by neighbouring cities
    firms_missing: float = 0.0  # firms that neighbouring cities have lost since the first year
    neighbours_courting: float = 0.0  # fall of the chance to win a firm as neighbours answer, log points
    mentors_trained: float = 0.0  # people trained as mentors who are still willing
    service_kept: float = 0.0  # service organisations under support this year
    institutes_attracted: float = 0.0
    institutes_displaced: float = 0.0  # of these, those that a measure drew away from other cities
    projects_sorted: float = 0.0  # transferable projects sorted and offered to firms this year
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
    steel_price_change: float = 0.0  # of the price that steelmakers get, this year
    steel_price_level: float = 1.0  # the same against the start
    crude_capacity: float = 0.0  # t of crude steel a year that may be made
    crude_building: float = 0.0  # t of crude steel a year whose allowance is bought and whose furnaces are not built
    steel_cost_level: float = 1.0  # price level at which the ore and coal in this year's steel were bought
    castings_conversion: float = 0.0  # foundry iron cast in the city over foundry iron made
    steel_growth: dict[int, tuple[float, float, float]] = field(default_factory=dict)  # logs of output, capital, staff
    steel_contribution: float = 0.0  # part of the growth of steel output that capital and staff do not account for
    tourists: float = 0.0  # visits a year
    tourist_spending: float = 0.0  # CNY a visit
    attractions: float = 0.0  # CNY, capital stock of sights, hotels and roads to them
    tourism_invested: float = 0.0  # CNY, public and private, since the plan's first year
    tourism_public: float = 0.0  # CNY, of the year, for platforms of tourism
    attractions_known: float = 0.0  # log of the attractions that visits already reflect
    platform_visits: float = 0.0  # log points of visits that platforms have drawn
    platform_services: float = 0.0  # CNY that smart-city platforms bought from local digital firms this year
    county_productivity: float = 0.0  # log points of farm productivity gained since the start
    county_title: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))  # by county, demonstration county
    surcharges: float = 0.0  # CNY that firms paid in local surcharges on energy and water this year
    local_tax: float = 0.0  # corporate tax and value-added tax on agents that stays with the city and districts


@njit(cache=True, nogil=True)
def _finished(finished: np.ndarray, kinds: np.ndarray, year: int, kind: int) -> np.ndarray:
    """Return the rows (m,) of projects (n,) of a kind that were finished in a year."""
    return marked((finished == year) & (kinds == kind))


class World:
    """Everything that a year can change, and the region it stands for."""

    def __init__(
        self,
        region: Region,
        *,
        outside: Mapping[str, Mapping[int, float]],
        entries: Iterable[Any] = (),
        switches: Mapping[str, str] | None = None,
        rules: Mapping[str, Mapping[int, float]] | None = None,
    ) -> None:
        self.region = region
        self.paths = outside
        self.national = region.rules if rules is None else rules  # by name and year, as this run has them
        self.switches = dict(switches or {})
        self.year = region.start_year
        self.outside: dict[str, float] = {}
        self.rules: dict[str, float] = {}
        self.firms = Firms()
        self.universities = Universities()
        self.incubators = Incubators()
        self.funds = Funds()
        self.products = Products()
        self.alliances = Alliances()
        self.projects = Projects()
        self.plants = Plants()
        self.platforms = Platforms()
        self.anchors: dict[str, np.uint64] = {}  # keys of the firms that the region names
        self.pools = Pools(len(POOLS))
        self.sectors = Sectors(len(region.sectors))
        self.state = RegionState()
        self.ledger = Ledger()
        self.seen: dict[Any, Any] | None = None  # what indicators share while all of them look at the world
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

    def branch(self, entries: Iterable[Any], outside: Mapping[str, Mapping[int, float]], rules: Any) -> World:
        """Return a world like this one that goes on under other measures, shares nothing that changes with it.

        Entries that both have keep their index, by which agents remember them.
        """
        other = copy.copy(self)
        for name in POPULATIONS:
            setattr(other, name, getattr(self, name).copy())
        other.state, other.ledger = copy.deepcopy(self.state), self.ledger.copy()
        other.outside, other.rules = dict(self.outside), dict(self.rules)
        other.paths, other.national = outside, rules
        other.entries, other.entry_ids = dict(self.entries), list(self.entry_ids)
        for entry in entries:
            if entry.id not in other.entries:
                other.entry_ids.append(entry.id)
            other.entries[entry.id] = (entry.lever.name, entry.payer)
        return other

    def begin(self, year: int) -> None:
        """Open a year: read its outside values and national rules, empty the flows of the year before."""
        self.year = year
        # firms, products and projects that ended in earlier years are dropped once they are many; the rows of
        # universities, incubators, funds and alliances are referred to by others and stay
        for name in ("firms", "products", "projects"):
            population = getattr(self, name)
            if len(population) - np.count_nonzero(population.alive) > max(_COMPACT_ABOVE * len(population), _FEW):
                population.compact()
        self.outside = {name: series[year] for name, series in self.paths.items() if year in series}
        self.rules = {name: series[year] for name, series in self.national.items() if year in series}
        self.state.ordered = 0.0
        for name in _PAID:
            population = getattr(self, name)
            population.policy_income[:] = 0.0
            population.tax_relief[:] = 0.0

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Let indicators share what they gather from the world, which must not change meanwhile."""
        self.seen = {}
        try:
            yield
        finally:
            self.seen = None

    @property
    def luck_year(self) -> int:
        """The year by which luck is addressed and newcomers' keys are made: counted from the region's epoch."""
        return self.year - self.region.luck_epoch

    def pool(self, name: str) -> int:
        """Return the row of a pool."""
        return POOLS.index(name)

    def since_plan(self) -> float:
        """Return the part of this year that lies after the plan's start, 0 to 1."""
        return float(min(max(self.year + 1.0 - self.region.plan_start, 0.0), 1.0))

    def delivered(self, kind: str) -> np.ndarray:
        """Return the rows of projects of a kind (of PROJECT_KINDS) that were finished this year."""
        projects = self.projects
        return np.asarray(_finished(projects.finished, projects.kind, self.year, PROJECT_KINDS.index(kind)))

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
        """Let newcomers join; raises RuntimeError where firms have multiplied beyond what any city could hold."""
        for name in AGENTS:
            getattr(self, name).admit()
        most = FIRMS_AT_LEAST + MOST_FIRMS * self.state.population
        if self.firms.n > most:  # a rare draw under ``entry: parent``: it would take all memory
            raise RuntimeError(f"{self.firms.n} firms in {self.year}: founding has run away")
