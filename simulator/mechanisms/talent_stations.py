"""Academician and postdoctoral workstations: built for firms, and hosted by those that have R&D to show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.world.agents import ACADEMICIAN, POSTDOC
from simulator.world.world import World


@dataclass(frozen=True)
class StationParameters:
    """Who hosts a workstation, and what it brings."""

    station_interest: float = parameter(
        0.3,
        unit="1 / year",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="chance that a firm with an R&D institution of its own wants a workstation",
    )
    station_link: float = parameter(
        0.7,
        unit="1",
        prior=Range(0.3, 0.95, "logit"),
        source="assumed",
        doc="tie to a university or institute that a workstation keeps up, over a new one",
    )
    academician_work: float = parameter(
        3.0e5,
        unit="CNY / year",
        prior=Range(0.0, 1.5e6),
        source="assumed",
        doc="knowledge that an academician's visits bring to the host, at the start's prices",
    )
    postdoc_work: float = parameter(
        2.0e5,
        unit="CNY / year",
        prior=Range(0.0, 6.0e5),
        source="assumed",
        doc="knowledge that the host of a postdoctoral workstation gains, at the start's prices",
    )


def host(world: World, p: StationParameters, luck: Luck) -> float:
    """Settle finished workstations and let the living ones work; return how many academicians came with them."""
    f, st = world.firms, world.state
    kinds = (("academician_station", ACADEMICIAN), ("postdoc_station", POSTDOC))
    built = [float(world.projects.quantity[world.delivered(name)].sum()) for name, _ in kinds]
    st.stations_waiting += built
    if not st.stations_waiting.any() and not f.station.any():
        return 0.0
    f.station[~(f.alive & f.does_rd)] = 0  # a workstation ends with its host's R&D
    opened = [0.0, 0.0]
    for k, (name, code) in enumerate(kinds):
        count = int(st.stations_waiting[k])
        if count == 0:
            continue
        free = f.alive & f.does_rd & f.has_institution & (f.station & code == 0)
        wants = np.flatnonzero(free & (luck.uniform(f.key, f"wants {name}") < p.station_interest))
        hosts = wants[np.lexsort((f.key[wants], -f.knowledge[wants]))][:count]
        f.station[hosts] |= code
        st.stations_waiting[k] -= hosts.size
        opened[k] = float(hosts.size)
    rows = np.flatnonzero(f.station > 0)
    f.link[rows] = np.maximum(f.link[rows], np.where(f.university[rows] >= 0, p.station_link, 0.0))
    f.acquired[rows] += p.academician_work * ((f.station[rows] & ACADEMICIAN) > 0)
    f.acquired[rows] += p.postdoc_work * ((f.station[rows] & POSTDOC) > 0)
    return opened[0]
