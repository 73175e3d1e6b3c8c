"""The seal of an incubator: under the switch ``incubators: signal`` a seat tells investors and banks of a choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.parameters import Range, parameter
from simulator.world.world import World

NO_SEAL = np.zeros(1, np.bool_)  # nobody bears one


@dataclass(frozen=True)
class SealParameters:
    """How long a seal counts."""

    seal_years: float = parameter(
        2.0,
        unit="years",
        prior=Range(1.0, 4.0),
        source="assumed",
        doc="time after graduation for which the seal counts; only under incubators: signal",
    )


def sealed(world: World, p: SealParameters) -> np.ndarray:
    """Return which firms bear an incubator's seal (n,), tenants and late graduates; (1,) where there is no seal."""
    if world.switches.get("incubators", "mentoring") != "signal":
        return NO_SEAL
    f = world.firms
    return np.asarray((f.incubator >= 0) | ((f.graduated > 0) & (world.year - f.graduated <= p.seal_years)))
