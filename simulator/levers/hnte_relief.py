"""High and new technology enterprises: a lower tax rate, awards, simpler papers and outreach."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import FIRM_CLASSES, count_of, of_classes
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    rate_cut: float = setting(
        0.0,
        unit="1",
        low=0.0,
        high=0.15,
        doc="cut of the tax rate of certified firms below the national 15 %",
    )
    award: float = setting(0.0, unit="CNY / certification", low=0.0)
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for awards")
    outreach: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="effort of telling firms, 1 is full")
    simpler: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="how far the papers are simplified, 1 is fully")
    coverage: tuple[str, ...] = setting(("tech_sme",), choices=FIRM_CLASSES, doc="classes that outreach speaks to")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    reach: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.05, 0.35, "log"),
        source="assumed",
        doc="chance a year that full outreach informs a firm that did not know",
    )
    papers: float = parameter(
        0.25,
        unit="1",
        prior=Range(0.05, 0.5, "logit"),
        source="assumed",
        doc="share of the cost of applying that full simplification removes; audits and own IP remain",
    )
    outreach_cost: float = parameter(
        800.0,
        unit="CNY / firm / year",
        prior=Range(300.0, 2000.0, "log"),
        source="assumed",
        doc="full outreach, per firm spoken to: visits and training",
    )
    simplifying_cost: float = parameter(
        80.0,
        unit="CNY / firm / year",
        prior=Range(25.0, 250.0, "log"),
        source="assumed",
        doc="service desk and experts that full simplification needs, per firm of the region",
    )
    admin_share: float = parameter(
        0.02,
        unit="1",
        prior=Range(0.01, 0.05, "log"),
        source="assumed",
        doc="paying awards over the budget; certification itself has been paid for",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer a tax cut below the national one, awards on certification, simpler papers and outreach."""
    s: Settings = entry.settings
    terms.offer(entry, "hnte_tax", s.rate_cut)
    if s.award > 0.0 and s.budget > 0.0:
        terms.offer(entry, "certification_award", s.award, budget=s.budget)
        terms.run(entry, p.admin_share * s.budget)
    if s.outreach > 0.0:
        covered = of_classes(world.firms, s.coverage, world.year)
        terms.offer(entry, "status_outreach", p.reach * s.outreach, eligible=covered)
        terms.run(entry, p.outreach_cost * s.outreach * count_of(covered))
    if s.simpler > 0.0:
        terms.offer(entry, "hnte_cost", 1.0 - p.papers * s.simpler)
        terms.run(entry, p.simplifying_cost * s.simpler * count_of(world.firms.alive))


LEVER = Lever(
    "hnte_relief",
    Label("Relief for high-tech enterprises", "高新技术企业培育与优惠"),
    Settings,
    Parameters,
    offer,
    dose={"rate_cut": 0.02, "award": 3.0e5, "budget": 3.0e7, "outreach": 0.5, "simpler": 0.5},
    moves={"hnte_count": +1},
)
