"""Factor prices: surcharges on the energy and water of energy-hungry firms, and flexible leases of industrial land.

The national differential prices of electricity are the same everywhere and are not the plan: only what a city adds
counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import count_of
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. Surcharges are shares of the price, on top of the national ones."""

    energy_surcharge: float = setting(0.0, unit="1", low=0.0, high=1.0)
    water_surcharge: float = setting(0.0, unit="1", low=0.0, high=5.0)
    enforcement: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="share of what is due that is collected")
    land_lease: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="share of new industrial land let by short and stepwise leases"
    )


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    office: float = parameter(
        1.0e6,
        unit="CNY / year",
        prior=Range(3.0e5, 3.0e6, "log"),
        source="assumed",
        doc="lists, metering and inspection in a city at full enforcement, beside what each firm costs",
    )
    inspection: float = parameter(
        1000.0,
        unit="CNY / firm / year",
        prior=Range(200.0, 4.0e3, "log"),
        source="assumed",
        doc="metering and inspecting one above-scale firm, at full enforcement",
    )
    lease_office: float = parameter(
        5.0e5,
        unit="CNY / year",
        prior=Range(1.0e5, 2.0e6, "log"),
        source="assumed",
        doc="contracts and renewals where all new land is let by lease",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Raise the price of energy and water by what is enforced, and let land by lease."""
    s: Settings = entry.settings
    dear = s.enforcement * (s.energy_surcharge > 0.0 or s.water_surcharge > 0.0)
    terms.offer(entry, "energy_surcharge", s.enforcement * s.energy_surcharge)
    terms.offer(entry, "water_surcharge", s.enforcement * s.water_surcharge)
    terms.offer(entry, "land_lease", s.land_lease)
    firms = world.firms
    metered = count_of(firms.alive & firms.above_scale)
    terms.run(entry, dear * (p.office + p.inspection * metered) + s.land_lease * p.lease_office)


LEVER = Lever(
    "factor_price_pressure",
    Label("Factor price pressure", "要素价格倒逼"),
    Settings,
    Parameters,
    offer,
    dose={"energy_surcharge": 0.10, "water_surcharge": 0.5, "enforcement": 0.6, "land_lease": 0.3},
    moves={"energy_intensity": -1},
)
