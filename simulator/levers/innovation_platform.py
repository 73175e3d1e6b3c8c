"""Innovation platforms: shared centres of one sector, built to a number and run with public money."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import count_of, in_order
from simulator.world.agents import PROJECT_KINDS
from simulator.world.region_schema import SECTORS
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. The budget builds first and runs platforms with the rest."""

    sector: str = setting("digital", choices=SECTORS, doc="sector that the platforms serve")
    platforms: float = setting(0.0, unit="platforms", low=0.0, high=200.0, doc="number wanted; none is ordered beyond")
    platforms_per_year: float = setting(0.0, unit="platforms / year", low=0.0)
    cost_per_platform: float = setting(0.0, unit="CNY / platform", low=0.0)
    running_subsidy: float = setting(
        0.0,
        unit="CNY / platform / year",
        low=0.0,
        doc="staff and upkeep; without it a platform serves less and may close",
    )
    budget: float = setting(0.0, unit="CNY / year", low=0.0)


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    admin_share: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.015, 0.06, "log"),
        source="assumed",
        doc="choosing hosts, contracts and yearly review over the money committed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Order platforms until the number wanted is open or on the way, and pay for running what is open."""
    s: Settings = entry.settings
    index = world.entry_index(entry.id)
    have = count_of(world.platforms.alive & (world.platforms.entry == index))
    queue = world.projects
    coming = queue.alive & (queue.kind == PROJECT_KINDS.index("platform")) & (queue.entry == index)
    wanted = max(min(s.platforms_per_year, s.platforms - have - count_of(coming)), 0.0)
    most = s.platforms * s.running_subsidy if s.platforms_per_year > 0.0 else 0.0
    building, running = in_order(s.budget, (wanted * s.cost_per_platform, most))
    sector = SECTORS.index(s.sector)
    if building > 0.0:
        terms.offer(entry, "platforms", wanted, unit_cost=s.cost_per_platform, budget=building, tag=sector)
    if running > 0.0:
        terms.offer(entry, "platform_running", s.platforms, unit_cost=s.running_subsidy, budget=running, tag=sector)
    terms.run(entry, p.admin_share * (building + min(running, have * s.running_subsidy)))


LEVER = Lever(
    "innovation_platform",
    Label("Innovation platforms", "创新平台"),
    Settings,
    Parameters,
    offer,
    dose={
        "sector": "digital",
        "platforms": 30.0,
        "platforms_per_year": 8.0,
        "cost_per_platform": 5.0e6,
        "running_subsidy": 1.0e6,
        "budget": 6.0e7,
    },
    moves={"platforms_digital": +1, "invention_applications": +1},
)
