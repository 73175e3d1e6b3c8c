"""The same year under Mesa: a model to step by hand, agents to look at and to change between two years.

>>> from simulator import load
>>> from simulator.mesa_model import RegionModel
>>> model = RegionModel(load("scenarios/qingdao/plan.yaml"), seed=1)
>>> model.step()
>>> model.year
2011
>>> largest = model.universities.sort("researchers")[0]
>>> largest.inventor_share = 0.9  # from next year on, its inventors get 90 % of what transfer earns
>>> young = model.firms(lambda firm: firm.founded >= 2009 and firm.does_rd)
>>> young[0].exists
True
>>> model.run_model()
>>> model.year, model.running
(2020, False)
>>> int(model.frame().loc[2016, "incubators"]) > 0
True
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import mesa
import numpy as np
import pandas as pd
from mesa.agent import AgentSet

from simulator.core.declare import Indicator
from simulator.core.luck import Luck
from simulator.core.parameters import override
from simulator.core.population import Population
from simulator.core.problems import closest
from simulator.model import INDICATORS, LEVERS, SCHEDULE
from simulator.scenario import Scenario
from simulator.simulate import run_year, start
from simulator.world.agents import Firms, Funds, Incubators, Universities
from simulator.world.world import World

_OWN = ("model", "unique_id", "pos", "cell")  # what Mesa itself keeps on an agent


class GoneError(LookupError):
    """The organisation behind a view no longer exists."""


def _cell(name: str) -> property:
    """Return an attribute that reads and writes one column at the view's row."""

    def read(view: RowView) -> Any:
        value = getattr(view._population(), name)[view.row]
        return value.item() if np.ndim(value) == 0 else value

    def write(view: RowView, value: Any) -> None:
        if not np.all(np.isfinite(np.asarray(value, float))):
            raise ValueError(f"{name}: {value} is not a finite number")
        getattr(view._population(), name)[view.row] = value

    def refuse(view: RowView, value: Any) -> None:
        raise AttributeError("a key is the name of its row and cannot be changed")

    return property(read, refuse if name == "key" else write)


class RowView:
    """One row of a population: its columns as attributes, read and written where they stand.

    The row is found by its key, so that a view outlives the dropping of dead rows. Reading or writing a
    column of an organisation that is gone raises GoneError; ``exists`` asks first.
    """

    kind_of_row: ClassVar[type[Population]]
    where: ClassVar[str]  # name of the population in the world
    world: World

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        if "kind_of_row" in vars(cls):
            for name in cls.kind_of_row.columns:
                setattr(cls, name, _cell(name))

    def _attach(self, world: World, row: int) -> None:
        own = {"world": world, "_row": row, "_key": getattr(world, self.where).key[row]}
        for name, value in own.items():
            object.__setattr__(self, name, value)

    def _population(self) -> Population:
        return getattr(self.world, self.where)

    def _find(self) -> int:
        """Return the row of the view's key, -1 if it was dropped."""
        key, row = self._population().key, self.__dict__["_row"]
        if not (row < key.size and key[row] == self.__dict__["_key"]):
            found = np.flatnonzero(key == self.__dict__["_key"])
            row = int(found[0]) if found.size else -1
            if row >= 0:
                object.__setattr__(self, "_row", row)
        return row

    @property
    def exists(self) -> bool:
        """Return whether the organisation still exists."""
        row = self._find()
        return row >= 0 and bool(self._population().alive[row])

    @property
    def row(self) -> int:
        """Return the row at present; raises GoneError if the organisation is gone."""
        row = self._find()
        if row < 0 or not self._population().alive[row]:
            raise GoneError(f"{type(self).__name__} {self.__dict__['_key']:#018x} no longer exists")
        return row

    def __setattr__(self, name: str, value: Any) -> None:
        # a misspelt column would otherwise be a change without effect
        if name not in self.kind_of_row.columns and name not in _OWN and not name.startswith("_"):
            near = closest(name, self.kind_of_row.columns)
            hint = f"; did you mean {near!r}?" if near else ""
            raise AttributeError(f"{self.where} have no column {name!r}{hint}")
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        state = f"row {self._find()}" if self.exists else "gone"
        return f"<{type(self).__name__} {self.__dict__['_key']:#018x}, {state}>"


class FirmView(RowView):
    """One firm, looked at on request."""

    kind_of_row = Firms
    where = "firms"

    def __init__(self, world: World, row: int) -> None:
        self._attach(world, row)


class RowAgent(RowView, mesa.Agent):
    """A Mesa agent that is one row of a population."""

    def __init__(self, model: RegionModel, row: int) -> None:
        self._attach(model.world, row)
        mesa.Agent.__init__(self, model)


class UniversityAgent(RowAgent):
    """One university or research institute."""

    kind_of_row = Universities
    where = "universities"


class IncubatorAgent(RowAgent):
    """One incubator or maker space."""

    kind_of_row = Incubators
    where = "incubators"


class FundAgent(RowAgent):
    """One fund."""

    kind_of_row = Funds
    where = "funds"


_AGENTS: tuple[type[RowAgent], ...] = (UniversityAgent, IncubatorAgent, FundAgent)


def _reporter(indicator: Indicator) -> Callable[[RegionModel], float]:
    return lambda model: float(indicator.measure(model.world))


def _seed(seed: int | None, rng: Any) -> int:
    if seed is not None:
        return int(seed)
    return int(rng) if isinstance(rng, numbers.Integral) else 0


class RegionModel(mesa.Model):
    """A region under a scenario; each step is one year, run by the code that runs every other study.

    ``values`` are parameters by dotted name, as a draw gives them; what the scenario assumes goes before
    them. ``seed`` (0 if not given) addresses the region's luck, so the series of an untouched model are
    those of ``simulate(scenario, values, seed)`` to the last bit. ``rng`` feeds Mesa's own generators
    (``model.rng``, ``model.random``, the shuffling of agent sets) and nothing else: what a user draws
    from them shifts nobody's luck. Each stands in for the other where one is missing: Mesa's generators
    start from the seed, and a whole number given as ``rng`` alone is the seed too, which is how Mesa's
    ``batch_run`` numbers its replicates.

    ``year`` is the last year that has passed, ``world`` everything that a year changes, ``datacollector``
    holds one model variable for each indicator.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        values: Mapping[str, float] | None = None,
        seed: int | None = None,
        rng: Any = None,
    ) -> None:
        self._luck_seed = _seed(seed, rng)
        if rng is None or isinstance(rng, numbers.Integral):  # numpy's whole numbers do not suit Python's generator
            rng = self._luck_seed if rng is None else int(rng)
        super().__init__(rng=rng)
        self.given = scenario  # Mesa 3.5 keeps a record of its own under ``scenario``
        self._parameters = override((*SCHEDULE, *LEVERS.values()), {**(values or {}), **scenario.assumptions})
        self._luck = Luck(self._luck_seed)
        self.world = start(scenario, self._luck)
        self.year = self.world.region.start_year - 1
        self.last_year = scenario.years[1]
        self.running = self.year < self.last_year
        self._views: dict[type[RowAgent], dict[int, RowAgent]] = {kind: {} for kind in _AGENTS}
        self._follow()
        self.datacollector = mesa.DataCollector(
            model_reporters={name: _reporter(indicator) for name, indicator in INDICATORS.items()}
        )

    def step(self) -> None:
        """Let one year pass; raises RuntimeError after the scenario's last year."""
        if not self.running:
            raise RuntimeError(f"the scenario ends with {self.last_year}")
        year = self.year + 1
        run_year(self.world, self.given, self._parameters, self._luck, year)
        self.year = year
        self.running = year < self.last_year
        self._follow()
        if year >= self.given.years[0]:
            self.datacollector.collect(self)

    def frame(self) -> pd.DataFrame:
        """Return the indicators so far: one row a year, one column an indicator."""
        collected = self.datacollector.get_model_vars_dataframe()
        first = max(self.given.years[0], self.world.region.start_year)
        return collected.set_axis(pd.RangeIndex(first, first + len(collected), name="year"))

    @property
    def universities(self) -> AgentSet:
        """Return the universities and institutes."""
        return self._set(UniversityAgent)

    @property
    def incubators(self) -> AgentSet:
        """Return the incubators and maker spaces that are open."""
        return self._set(IncubatorAgent)

    @property
    def funds(self) -> AgentSet:
        """Return the funds."""
        return self._set(FundAgent)

    def firm(self, key_or_row: int) -> FirmView:
        """Return a view of one firm, by its key or by its row at present (keys are far above any row).

        Raises GoneError for a firm that does not exist.
        """
        firms, wanted = self.world.firms, int(key_or_row)
        if not 0 <= wanted < 2**64:
            raise GoneError(f"{key_or_row} is neither a row nor a key")
        rows = [wanted] if wanted < len(firms) else np.flatnonzero(firms.key == np.uint64(wanted)).tolist()
        if not rows or not firms.alive[rows[0]]:
            raise GoneError(f"no firm has the row or key {key_or_row}")
        return FirmView(self.world, rows[0])

    def firms(self, predicate: Callable[[FirmView], bool] | None = None) -> list[FirmView]:
        """Return views of the living firms, all or those for which ``predicate`` holds."""
        views = (FirmView(self.world, int(row)) for row in np.flatnonzero(self.world.firms.alive))
        return [view for view in views if predicate is None or predicate(view)]

    def _set(self, kind: type[RowAgent]) -> AgentSet:
        return AgentSet(self._views[kind].values(), random=self.random)

    def _follow(self) -> None:
        """Make agents of new rows and remove those whose row has ended."""
        for kind, views in self._views.items():
            population = getattr(self.world, kind.where)
            living = {int(population.key[row]): int(row) for row in np.flatnonzero(population.alive)}
            for key in [k for k in views if k not in living]:
                views.pop(key).remove()
            for key, row in living.items():
                if key not in views:
                    views[key] = kind(self, row)
