"""The task with a mesa-frames set of agents, whose rules are polars expressions."""

from __future__ import annotations

import numpy as np
import polars_rules as rules
from mesa_frames import AgentSetPolars, ModelDF
from serve import serve


class Firms(AgentSetPolars):
    """All firms."""

    def __init__(self, model: ModelDF, firms: int) -> None:
        super().__init__(model)
        frame = rules.start(firms, model.random)
        self += frame.with_columns(unique_id=np.arange(firms))

    def step(self) -> None:
        """Let one year pass."""
        self.agents = rules.year(self.agents, self.random)


class City(ModelDF):
    """The model."""

    def __init__(self, firms: int, seed: int) -> None:
        super().__init__(seed)
        self.agents += Firms(self, firms)

    def step(self) -> None:
        """Let one year pass."""
        self.agents.do("step")


def run(model: City, years: int) -> list[float]:
    """Let the years pass and return what came of them."""
    for _ in range(years):
        model.step()
    (frame,) = model.agents.agents.values()
    return rules.found(frame, years)


if __name__ == "__main__":
    serve(City, run)
