"""Import this to have every kernel of the model loaded: what workers are forked from.

A run takes place at import, so that each worker starts with what it needs and none has to begin slowly.
"""

from __future__ import annotations

from contextlib import suppress

from simulator.warm import SCENARIO


def _ready() -> None:
    from simulator.simulate import simulate
    from simulator.study.replicates import load_scenario, values_of

    simulate(load_scenario(SCENARIO), values_of(-1, 0), 0)


with suppress(Exception):  # what is wrong shows in the first question
    _ready()
