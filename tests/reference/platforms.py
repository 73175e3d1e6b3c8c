"""Platforms: opened when built, run while somebody pays, closed by chance where nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.mechanisms.platforms import Parameters
from tests.reference.luck import Draws
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def open_built(model: ReferenceModel) -> None:
    """Open the platforms that were finished; they work from next year."""
    for project in model.delivered("platform"):
        model.arrive("platforms", key=project.key, sector=project.sector, opened=model.year, entry=project.entry)


def cost_of_tourism(model: ReferenceModel, counter: Counter) -> float:
    """Return what platforms of tourism ordered this year cost."""
    tourism = model.region.sectors.index("tourism")
    return sum(
        min(o.value * o.entry.share_of_year(model.year) * o.unit_cost, o.budget)
        for o in counter.promises("platforms")
        if o.tag == tourism
    )


def pay_running(model: ReferenceModel, counter: Counter, p: Parameters) -> float:
    """Pay the running cost of open platforms; return what smart-city platforms buy from local digital firms."""
    for platform in model.platforms:
        platform.paid = 0.0

    def mine(entry: Any) -> list[Any]:
        return [x for x in model.platforms if x.alive and x.entry == model.entry_index(entry.id)]

    def filled(entry: Any, quantity: float) -> float:
        return min(quantity, entry.share_of_year(model.year) * len(mine(entry)))

    bought = 0.0
    for order in counter.orders("platform_running", filled):
        model.state.ordered += order.spent
        platforms = mine(order.entry)
        for platform in platforms:
            platform.paid = order.quantity / max(len(platforms), 1.0)
        if order.tag == model.region.sectors.index("digital"):
            bought += p.local_services * order.spent
    return bought


def add_demand(model: ReferenceModel, bought: float) -> None:
    """Let what smart-city platforms newly buy be demand for digital firms."""
    digital = model.region.sectors.index("digital")
    sector = model.sectors[digital]
    if bought > 0.0:
        sales = sum(f.revenue for f in model.living() if f.sector == digital)
        sales += sector.rest_value_added / model.sector_facts["value_added_ratio"][digital]
        sector.demand_growth += (bought - model.state.platform_services) / max(sales, 1.0)
    model.state.platform_services = bought


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Open, pay, close, and note the share of performers reached by sector."""
    open_built(model)
    for sector in model.sectors:
        sector.platform_support = 0.0
    model.state.tourism_public = cost_of_tourism(model, counter)
    if not model.platforms:
        return
    add_demand(model, pay_running(model, counter, p))
    served = [0.0] * len(model.sectors)
    for platform in model.platforms:
        if draws.uniform(platform.key, "closes") < p.closure * (1.0 - platform.paid):
            platform.alive = False
        if platform.alive:
            served[platform.sector] += p.reach * (p.unpaid + (1.0 - p.unpaid) * platform.paid)
    performers = [0] * len(model.sectors)
    for firm in model.firms:
        if firm.alive and firm.does_rd:
            performers[firm.sector] += 1
    for sector, s, n in zip(model.sectors, served, performers, strict=True):
        sector.platform_support = s / max(s + n, 1.0)
