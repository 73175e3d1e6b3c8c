"""Intellectual property: subsidies for filing, rewards for grants, and stronger enforcement."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import count_of, in_proportion, sum_of
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    filing_subsidy: float = setting(0.0, unit="CNY / application", low=0.0, doc="to firms")
    public_filing_subsidy: float = setting(0.0, unit="CNY / application", low=0.0, doc="to universities and institutes")
    grant_reward: float = setting(0.0, unit="CNY / patent", low=0.0, doc="to firms, per invention granted")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="divided by what last year's numbers would have cost")
    enforcement: float = setting(
        0.0,
        unit="standard deviations",
        low=0.0,
        high=2.0,
        doc="strength above the present, across Chinese cities",
    )


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    admin_share: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.015, 0.06, "log"),
        source="assumed",
        doc="checking and paying over the budget",
    )
    enforcement_cost: float = parameter(
        1000.0,
        unit="CNY / firm / year",
        prior=Range(300.0, 3000.0, "log"),
        source="assumed",
        doc="staff, courts and inspections for one standard deviation, per firm protected",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer money per application and per grant out of one budget, and enforcement at its running cost."""
    s: Settings = entry.settings
    firms, universities = world.firms, world.universities
    priced = [
        (term, price, price * sum_of(count, who.alive))
        for term, price, who, count in (
            ("filing_subsidy", s.filing_subsidy, firms, firms.filed),
            ("filing_subsidy_public", s.public_filing_subsidy, universities, universities.filed),
            ("grant_reward", s.grant_reward, firms, firms.granted),
        )
        if price > 0.0
    ]
    if priced and s.budget > 0.0:
        parts = in_proportion(s.budget, [need for _, _, need in priced])
        for (term, price, _), part in zip(priced, parts, strict=True):
            terms.offer(entry, term, price, budget=part)
        terms.run(entry, p.admin_share * s.budget)
    if s.enforcement > 0.0:
        terms.offer(entry, "enforcement", s.enforcement)
        terms.run(entry, p.enforcement_cost * s.enforcement * count_of(firms.alive))


LEVER = Lever(
    "ip_protection",
    Label("Intellectual property protection", "知识产权保护与激励"),
    Settings,
    Parameters,
    offer,
    dose={
        "filing_subsidy": 2000.0,
        "public_filing_subsidy": 2000.0,
        "grant_reward": 5000.0,
        "budget": 4.0e7,
        "enforcement": 0.5,
    },
    moves={"invention_applications": +1, "invention_grants": +1},
)
