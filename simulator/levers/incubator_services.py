"""Services around incubators: mentors, service organisations, professional operators and rewards for results."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import in_order
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. Nothing is ordered without a price."""

    mentors_per_year: float = setting(0.0, unit="persons / year", low=0.0, doc="mentors trained and appointed")
    mentor_cost: float = setting(0.0, unit="CNY / person", low=0.0, doc="training and appointment of one mentor")
    services_per_year: float = setting(0.0, unit="organisations / year", low=0.0, doc="service organisations supported")
    service_support: float = setting(0.0, unit="CNY / organisation", low=0.0, doc="yearly support of one")
    operators_per_year: float = setting(
        0.0, unit="operators / year", low=0.0, doc="places to be handed to professional operators"
    )
    operator_award: float = setting(0.0, unit="CNY / operator", low=0.0)
    graduation_reward: float = setting(
        0.0, unit="CNY / firm", low=0.0, doc="reward to a place for each tenant that graduates"
    )
    budget: float = setting(
        0.0, unit="CNY / year", low=0.0, doc="for mentors, then services, operators and rewards for results"
    )


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    in_name_only: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="share of operators' awards that go to places where nothing but the sign changes",
    )
    admin_share: float = parameter(
        0.06,
        unit="1",
        prior=Range(0.03, 0.12, "log"),
        source="assumed",
        doc="calls, contests and review over the money committed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Order mentors, service support and operators in turn; what is left of the budget rewards results."""
    s: Settings = entry.settings
    mentors, services, operators = in_order(
        s.budget,
        (
            s.mentors_per_year * s.mentor_cost,
            s.services_per_year * s.service_support,
            s.operators_per_year * s.operator_award,
        ),
    )
    rewards = s.budget - mentors - services - operators if s.graduation_reward > 0.0 else 0.0
    if mentors > 0.0:
        terms.offer(entry, "mentor_training", s.mentors_per_year, unit_cost=s.mentor_cost, budget=mentors)
    if services > 0.0:
        terms.offer(entry, "service_support", s.services_per_year, unit_cost=s.service_support, budget=services)
    if operators > 0.0:
        terms.offer(entry, "operator_award", s.operator_award, budget=operators, misuse=p.in_name_only)
    if rewards > 0.0:
        terms.offer(entry, "graduation_reward", s.graduation_reward, budget=rewards)
    terms.run(entry, p.admin_share * (mentors + services + operators + rewards))


LEVER = Lever(
    "incubator_services",
    Label("Incubation services", "创业孵化服务"),
    Settings,
    Parameters,
    offer,
    dose={
        "mentors_per_year": 400.0,
        "mentor_cost": 1.0e4,
        "services_per_year": 150.0,
        "service_support": 1.0e5,
        "operators_per_year": 20.0,
        "operator_award": 5.0e5,
        "graduation_reward": 3.0e4,
        "budget": 4.0e7,
    },
    moves={"mentors": +1, "service_organisations": +1, "mentoring_strength": +1},
)
