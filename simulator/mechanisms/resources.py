"""Resources: local surcharges on energy and water cut margins, save energy and turn research towards processes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, normal_quantile
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.world import World

INDUSTRY_FIRMS = 1  # sectors with at least one above-scale industrial firm are industry


@dataclass(frozen=True)
class Parameters:
    """How firms answer dearer energy, water and easier land."""

    energy_cost: float = parameter(
        0.12,
        unit="1",
        prior=Range(0.06, 0.2, "log"),
        source="assumed",
        doc="energy bill over sales where all of a sector's value added is energy-hungry",
    )
    covered: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.01, 0.2, "logit"),
        source="assumed",
        doc="energy-hungry firms with lines on the lists or use beyond the quota: the least able ones",
    )
    water_cost: float = parameter(
        0.008,
        unit="1",
        prior=Range(0.002, 0.02, "log"),
        source="assumed",
        doc="water bill over sales in the same firms",
    )
    saving: float = parameter(
        0.3,
        unit="elasticity",
        prior=Range(0.05, 0.7),
        source="assumed",
        doc="energy per sales to its price in the long run (absolute value)",
    )
    adjustment: float = parameter(
        0.25, unit="1 / year", prior=Range(0.1, 0.5), source="assumed", doc="part of the way to that gone each year"
    )
    induced: float = parameter(
        0.3,
        unit="elasticity",
        prior=Range(0.0, 0.6),
        source="assumed",
        doc="innovations of energy-hungry R&D firms to the price of energy",
    )
    displaced: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 1.0, floor=0.0, ceiling=1.0),
        source="assumed",
        doc="part of them that comes instead of other innovations of the same firms",
    )
    collected: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.9, "logit"),
        source="assumed",
        doc="part of the surcharges that comes back to those who pay for the measure; the grid keeps the rest",
    )
    land_entry: float = parameter(
        0.03,
        unit="1",
        prior=Range(-0.02, 0.12, floor=-0.5),
        source="assumed",
        doc="more firms growing into industry where all its new land is let by short and stepwise leases",
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Set what surcharges take of sales, what they make firms save and invent, and bill what comes back."""
    f, sectors, region = world.firms, world.sectors, world.region
    if f.cost_shift.any():
        f.cost_shift[:] = 0.0
    world.state.surcharges = 0.0
    land = float(np.asarray(terms.total("land_lease")))
    sectors.entry_ease[:] = p.land_entry * land * (region.sector("above_scale_firms") >= INDUSTRY_FIRMS)
    energy, water = (float(np.asarray(terms.total(name))) for name in ("energy_surcharge", "water_surcharge"))
    sectors.induced[:] = 0.0
    if energy <= 0.0 and water <= 0.0 and not sectors.energy_saved.any():
        return
    hungry = region.sector("energy_share")
    goal = np.where(hungry > 0.0, p.covered * (1.0 - (1.0 + energy) ** (-p.saving)), 0.0)
    sectors.energy_saved += p.adjustment * (goal - sectors.energy_saved)
    sectors.induced[:] = p.covered * (1.0 - p.displaced) * ((1.0 + energy) ** p.induced - 1.0) * hungry
    parts = {
        "energy_surcharge": energy * p.energy_cost * hungry,
        "water_surcharge": water * p.water_cost * hungry,
    }
    listed = np.flatnonzero(f.alive & (f.quality < normal_quantile(p.covered)))
    f.cost_shift[listed] -= sum(parts.values(), np.zeros(len(sectors)))[f.sector[listed]]
    sales = np.bincount(f.sector[listed], f.revenue[listed], len(sectors))
    for term, taken in parts.items():
        _return(world, terms, term, float(taken @ sales), p.collected)


def _return(world: World, terms: Terms, term: str, paid: float, collected: float) -> None:
    """Bill what comes back of a surcharge (CNY) to the entries that raised it, by what each adds."""
    offers = terms.promises(term)
    whole = sum(float(np.asarray(o.value)) for o in offers)
    world.state.surcharges += paid
    for o in offers:
        part = float(np.asarray(o.value)) / max(whole, 1e-12)
        terms.charge(o.entry.id, "recovered", collected * paid * part, "energy_users")


MECHANISM = Mechanism("resources", Label("Energy, water and land", "能源、用水与用地"), Parameters, step)
