"""Measures for places: incubators, maker spaces, platforms, zones, and how things are delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.world.agents import MAKER_SPACE, PROJECT_KINDS
from simulator.world.region_schema import SECTORS
from tests.reference.measures.common import in_order
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def delivery_governance(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer strength of delivery, bill the offices that keep it up, and order zones."""
    s = entry.settings
    if s.strength > 0.0:
        counter.offer(entry, "delivery", p.kept_up * s.strength)
        counter.run(entry, p.admin_cost * s.strength * len(model.region.districts))
    zones = min(s.budget, s.zones_per_year * s.cost_per_zone)
    if zones > 0.0:
        counter.offer(entry, "innovation_zones", s.zones_per_year, unit_cost=s.cost_per_zone, budget=zones)
        counter.run(entry, p.admin_share * zones)


def incubator_expansion(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Order as much floor space and as many university bases and funds as the budget buys."""
    s = entry.settings
    wanted = (
        ("incubator_floor", s.floor_per_year, s.subsidy_per_m2),
        ("university_base", s.university_bases_per_year, s.base_cost),
        ("university_fund", s.university_funds_per_year, s.fund_cost),
    )
    parts = in_order(s.budget, *(number * cost for _, number, cost in wanted))
    for (term, number, cost), part in zip(wanted, parts, strict=True):
        if part > 0.0:
            counter.offer(entry, term, number, unit_cost=cost, budget=part)
    counter.run(entry, p.admin_share * sum(parts))


def incubator_services(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Order mentors, service support and operators in turn; what is left of the budget rewards results."""
    s = entry.settings
    mentors, services, operators = in_order(
        s.budget,
        s.mentors_per_year * s.mentor_cost,
        s.services_per_year * s.service_support,
        s.operators_per_year * s.operator_award,
    )
    rewards = s.budget - mentors - services - operators if s.graduation_reward > 0.0 else 0.0
    if mentors > 0.0:
        counter.offer(entry, "mentor_training", s.mentors_per_year, unit_cost=s.mentor_cost, budget=mentors)
    if services > 0.0:
        counter.offer(entry, "service_support", s.services_per_year, unit_cost=s.service_support, budget=services)
    if operators > 0.0:
        counter.offer(entry, "operator_award", s.operator_award, budget=operators, misuse=p.in_name_only)
    if rewards > 0.0:
        counter.offer(entry, "graduation_reward", s.graduation_reward, budget=rewards)
    counter.run(entry, p.admin_share * (mentors + services + operators + rewards))


def maker_space(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Order spaces and streets as far as the budget goes, and support living spaces with what is left."""
    s = entry.settings
    open_spaces = {i for i in model.incubators if i.alive and i.kind == MAKER_SPACE}
    spaces, streets, support = in_order(
        s.budget,
        s.spaces_per_year * s.cost_per_space,
        s.streets_per_year * s.cost_per_street,
        s.running_subsidy * len(open_spaces),
    )
    if spaces > 0.0:
        counter.offer(entry, "maker_spaces", s.spaces_per_year, unit_cost=s.cost_per_space, budget=spaces)
    if streets > 0.0:
        counter.offer(entry, "startup_streets", s.streets_per_year, unit_cost=s.cost_per_street, budget=streets)
    if support > 0.0:
        passed_on = p.passed_on * s.zero_fee
        counter.offer(entry, "maker_support", s.running_subsidy, budget=support, eligible=open_spaces, worth=passed_on)
    counter.run(entry, p.admin_share * (spaces + streets + support))


def innovation_platform(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Order platforms until the number wanted is open or on the way, and pay for running what is open."""
    s = entry.settings
    index, kind = model.entry_index(entry.id), PROJECT_KINDS.index("platform")
    have = sum(x.alive and x.entry == index for x in model.platforms)
    coming = sum(x.alive and x.kind == kind and x.entry == index for x in model.projects)
    wanted = max(min(s.platforms_per_year, s.platforms - have - coming), 0.0)
    most = s.platforms * s.running_subsidy if s.platforms_per_year > 0.0 else 0.0
    building, running = in_order(s.budget, wanted * s.cost_per_platform, most)
    sector = SECTORS.index(s.sector)
    if building > 0.0:
        counter.offer(entry, "platforms", wanted, unit_cost=s.cost_per_platform, budget=building, tag=sector)
    if running > 0.0:
        counter.offer(entry, "platform_running", s.platforms, unit_cost=s.running_subsidy, budget=running, tag=sector)
    counter.run(entry, p.admin_share * (building + min(running, have * s.running_subsidy)))
