"""The simulator's year written again with plain Mesa agents: the opponent in speed, and the oracle of the tests."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.core.luck import Luck
from simulator.core.parameters import override
from simulator.model import LEVERS, SCHEDULE
from simulator.scenario import Scenario
from simulator.simulate import run_year, start
from simulator.world.world import World
from tests.reference.luck import RecordedLuck
from tests.reference.model import ReferenceModel

__all__ = ["Work", "prepare"]


@dataclass
class Work:
    """Some years of a scenario, to be run by the simulator and by the reference from the same world."""

    scenario: Scenario
    parameters: dict[str, Any]
    years: range
    luck: Luck
    recorded: RecordedLuck
    stored: bytes  # the world before the first of the years

    def world(self) -> World:
        """Return a copy of the world before the years."""
        world: World = pickle.loads(self.stored)
        return world

    def model(self) -> ReferenceModel:
        """Return a reference model that holds the same agents."""
        return ReferenceModel(self.world(), self.scenario, self.parameters, self.recorded)

    def run_world(self, world: World) -> World:
        """Let the years pass in the simulator."""
        for year in self.years:
            run_year(world, self.scenario, self.parameters, self.luck, year)
        return world

    def run_model(self, model: ReferenceModel) -> ReferenceModel:
        """Let the years pass in the reference."""
        for year in self.years:
            model.step_year(year)
        return model


def prepare(
    scenario: Scenario, values: Mapping[str, float], seed: int, first: int | None = None, years: int | None = None
) -> Work:
    """Return the work of some years of a scenario, by default all of them.

    The simulator runs up to the ``first`` of the years; the reference's luck is recorded in a run that nobody
    times, so that a timed one only looks numbers up.
    """
    p = override((*SCHEDULE, *LEVERS.values()), {**values, **scenario.assumptions})
    luck = Luck(seed)
    world = start(scenario, luck)
    first = scenario.region.start_year if first is None else first
    for year in range(scenario.region.start_year, first):
        run_year(world, scenario, p, luck, year)
    last = scenario.years[1] if years is None else first + years - 1
    work = Work(scenario, p, range(first, last + 1), luck, RecordedLuck(seed), pickle.dumps(world))
    work.run_model(work.model())
    return work
