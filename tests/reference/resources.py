"""Resources: local surcharges on energy and water cut margins, save energy and turn research towards processes."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

from simulator.mechanisms.resources import INDUSTRY_FIRMS, Parameters
from tests.reference.luck import Draws
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Set what surcharges take of sales, what they make firms save and invent, and bill what comes back."""
    for firm in model.firms:
        firm.cost_shift = 0.0
    model.state.surcharges = 0.0
    land = counter.total("land_lease")
    for sector, firms in zip(model.sectors, model.sector_facts["above_scale_firms"], strict=True):
        sector.entry_ease = p.land_entry * land if firms >= INDUSTRY_FIRMS else 0.0
        sector.induced = 0.0
    energy, water = counter.total("energy_surcharge"), counter.total("water_surcharge")
    if energy > 0.0 or water > 0.0 or any(s.energy_saved for s in model.sectors):
        answer_prices(model, counter, p, energy, water)


def answer_prices(model: ReferenceModel, counter: Counter, p: Parameters, energy: float, water: float) -> None:
    """Let sectors save and invent, and the energy-hungry firms on the lists pay."""
    hungry = model.sector_facts["energy_share"]
    saving = p.covered * (1.0 - (1.0 + energy) ** -p.saving)
    inventing = p.covered * (1.0 - p.displaced) * ((1.0 + energy) ** p.induced - 1.0)
    for sector, share in zip(model.sectors, hungry, strict=True):
        sector.energy_saved += p.adjustment * ((saving if share > 0.0 else 0.0) - sector.energy_saved)
        sector.induced = inventing * share
    sales = 0.0  # of the listed, weighted by how energy-hungry they are
    worst = NormalDist().inv_cdf(p.covered)
    for firm in model.living():
        if firm.quality < worst:
            firm.cost_shift -= (energy * p.energy_cost + water * p.water_cost) * hungry[firm.sector]
            sales += firm.revenue * hungry[firm.sector]
    give_back(model, counter, "energy_surcharge", energy * p.energy_cost * sales, p.collected)
    give_back(model, counter, "water_surcharge", water * p.water_cost * sales, p.collected)


def give_back(model: ReferenceModel, counter: Counter, term: str, paid: float, collected: float) -> None:
    """Bill what comes back of a surcharge (CNY) to the entries that raised it, by what each adds."""
    offers = counter.promises(term)
    model.state.surcharges += paid
    whole = max(sum(o.value_for(None) for o in offers), 1e-12)
    for o in offers:
        counter.charge(o.entry.id, "recovered", collected * paid * o.value_for(None) / whole, "energy_users")
