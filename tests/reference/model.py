"""The reference: the same year as the simulator's, written the way a careful user of Mesa would write it.

It starts from the world that the simulator draws, has the same rules, parameters, measures and luck, and shares
no code of any mechanism or lever with it. It serves as the opponent of the speed comparison and as the oracle
of the tests: both must agree agent by agent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any

import mesa
import numpy as np

from simulator.core.ledger import payer_shares
from simulator.model import order_of
from simulator.world.agents import POOLS, PROJECT_KINDS
from simulator.world.world import AGENTS, RegionState, World
from tests.reference.agents import DROPPED, KINDS, Actor, Row
from tests.reference.luck import RecordedLuck
from tests.reference.measures import MEASURES
from tests.reference.offers import Counter

PAID = ("firms", "universities", "incubators", "funds", "alliances")


def plain(value: Any) -> Any:
    """Return a value made of Python's own numbers, lists and dictionaries."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(plain(v) for v in value)
    return value


class Facts:
    """Figures of the region by quantity, as lists."""

    def __init__(self, read: Any) -> None:
        self._read = read
        self._held: dict[str, list[float]] = {}

    def __getitem__(self, quantity: str) -> list[float]:
        if quantity not in self._held:
            self._held[quantity] = self._read(quantity).tolist()
        return self._held[quantity]


class ReferenceModel(mesa.Model):
    """One run of the reference."""

    def __init__(self, world: World, scenario: Any, parameters: Mapping[str, Any], luck: RecordedLuck) -> None:
        super().__init__()
        self.scenario = scenario
        self.parameters = parameters
        self.luck = luck
        self.region = world.region
        self.sector_facts = Facts(world.region.sector)
        self.district_facts = Facts(world.region.district)
        self.paths = world.paths
        self.national = world.national
        self.switches = world.switches
        self.entries = world.entries
        self.entry_ids = world.entry_ids
        self.tax_payers = world.tax_payers()
        self.anchors = {name: int(key) for name, key in world.anchors.items()}
        self.year = world.year
        self.outside: dict[str, float] = {}
        self.rules: dict[str, float] = {}
        self.bills: dict[tuple[str, str, int, str, str], float] = defaultdict(float)
        self.accounts: dict[str, float] = defaultdict(float)
        self.arriving: dict[str, list[Any]] = {name: [] for name in AGENTS}
        self.take(world)

    # ---- the year ---------------------------------------------------------------------------------

    def step_year(self, year: int) -> None:
        """Let one year pass."""
        self.begin(year)
        counter = Counter(self, year, self.luck.at(year, "terms"))
        for entry in self.scenario.in_force(year):
            MEASURES[entry.lever.name](self, counter, entry, self.parameters[entry.lever.name])
        for mechanism in order_of(self.switches):
            rules = import_module(f"tests.reference.{mechanism.name}")
            rules.step(self, counter, self.parameters[mechanism.name], self.luck.at(year, mechanism.name))
        self.close_books()
        self.admit()

    def begin(self, year: int) -> None:
        """Open a year: drop who has gone, read the outside values, empty the flows of the year before."""
        self.year = year
        for name in DROPPED:
            agents = getattr(self, name)
            for agent in agents:
                if not agent.alive and isinstance(agent, Actor):
                    agent.remove()
            setattr(self, name, [a for a in agents if a.alive])
        self.outside = {name: series[year] for name, series in self.paths.items() if year in series}
        self.rules = {name: series[year] for name, series in self.national.items() if year in series}
        self.state.ordered = 0.0
        for name in PAID:
            for agent in getattr(self, name):
                agent.policy_income = 0.0
                agent.tax_relief = 0.0

    def close_books(self) -> None:
        """Check that agents received what the books say they were paid."""
        gross = max(sum(abs(v) for v in self.accounts.values()), 1.0)
        for name in PAID:
            received = sum(a.policy_income + a.tax_relief for a in getattr(self, name))
            assert abs(received - self.accounts[name]) <= 1e-8 * gross, (name, received, self.accounts[name])
        assert abs(self.state.ordered - self.accounts["suppliers"]) <= 1e-8 * gross
        self.accounts.clear()

    def admit(self) -> None:
        """Let newcomers join."""
        for name in AGENTS:
            agents = getattr(self, name)
            for agent in self.arriving[name]:
                agent.row = len(agents)
                agents.append(agent)
            self.arriving[name] = []

    # ---- what agents need to know -------------------------------------------------------------------

    def arrive(self, population: str, **values: Any) -> Any:
        """Make a newcomer, who joins after the year, and return it."""
        kind: Any = KINDS[population]
        agent = kind(self, **values) if issubclass(kind, Actor) else kind(**values)
        self.arriving[population].append(agent)
        return agent

    def living(self) -> list[Any]:
        """Return the firms that are alive."""
        return [f for f in self.firms if f.alive]

    def delivered(self, kind: str) -> list[Any]:
        """Return the projects of a kind that were finished this year."""
        number = PROJECT_KINDS.index(kind)
        return [p for p in self.projects if p.finished == self.year and p.kind == number]

    def pool(self, name: str) -> Any:
        """Return a pool of people."""
        return self.pools[POOLS.index(name)]

    def since_plan(self) -> float:
        """Return the part of this year that lies after the plan's start, 0 to 1."""
        return min(max(self.year + 1.0 - self.region.plan_start, 0.0), 1.0)

    def entry_index(self, entry_id: str) -> int:
        """Return the index under which agents remember an entry."""
        return self.entry_ids.index(entry_id)

    def call_pool(self, entry_id: str, loss: float) -> float:
        """Return what a risk pool pays of a loss (CNY), no more than the year's money."""
        left = self.state.pool_left.get(entry_id, 0.0)
        paid = min(loss, left)
        self.state.pool_left[entry_id] = left - paid
        return paid

    def bill(self, year: int, entry: str, lever: str, payer: Any, kind: str, amount: float, account: str) -> None:
        """Book a sum between payers and an account."""
        assert 0.0 <= amount < float("inf"), (entry, kind, amount)
        if amount == 0.0:
            return
        for name, share in payer_shares(payer).items():
            self.bills[entry, lever, year, name, kind] += amount * share
        if kind != "contingent":
            self.accounts[account] += -amount if kind == "recovered" else amount

    # ---- the start --------------------------------------------------------------------------------

    def take(self, world: World) -> None:
        """Take over everything that the simulator's world holds now: who lives in it, and who is about to join."""
        for agent in list(self.agents):
            agent.remove()
        for name in KINDS:
            setattr(self, name, self._rows(name, world))
        self.arriving = {name: self._queue(name, world) for name in AGENTS}
        self.state = RegionState(**{f.name: plain(getattr(world.state, f.name)) for f in fields(RegionState)})
        self.year = world.year
        self.outside, self.rules = dict(world.outside), dict(world.rules)
        self.accounts = defaultdict(float, world.ledger.year_accounts)

    def _make(self, name: str, values: dict[str, Any]) -> Any:
        kind: Any = KINDS[name]
        return kind(self, **values) if issubclass(kind, Actor) else kind(**values)

    def _rows(self, name: str, world: World) -> list[Any]:
        population = getattr(world, name)
        table = {c: getattr(population, c).tolist() for c in population.columns}
        rows: list[Row] = []
        for i in range(len(population)):
            if name in DROPPED and not table["alive"][i] and world.year != self.year:
                continue
            agent = self._make(name, {c: v[i] for c, v in table.items()})
            agent.row = len(rows)
            rows.append(agent)
        return rows

    def _queue(self, name: str, world: World) -> list[Any]:
        out = []
        for batch in getattr(world, name)._queue:
            count = int(batch["__count__"])
            table = {c: (v.tolist() if v.ndim else [v.item()] * count) for c, v in batch.items() if c != "__count__"}
            out += [self._make(name, {c: v[i] for c, v in table.items()}) for i in range(count)]
        return out
