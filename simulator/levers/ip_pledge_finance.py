"""Loans on patents: a pool carries part of lenders' losses, and part of the interest is paid."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import FIRM_CLASSES, of_classes
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. Insurance of a loan on patents is cover by a pool that the insurer runs."""

    loss_share: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="share of a loss that the pool carries")
    pool: float = setting(0.0, unit="CNY / year", low=0.0, doc="money that the pool can lose on a year's loans")
    interest_share: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="share of interest paid for borrowers")
    interest_budget: float = setting(0.0, unit="CNY / year", low=0.0)
    coverage: tuple[str, ...] = setting(("tech_sme",), choices=FIRM_CLASSES, doc="classes of borrowers covered")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    leverage: float = parameter(
        7.0,
        unit="CNY / CNY",
        prior=Range(3.0, 12.0, "log"),
        source="assumed",
        doc="covered part of the loans that banks grant per CNY in the pool: less than on technology loans, as a "
        "patent is hard to sell",
    )
    admin_share: float = parameter(
        0.06,
        unit="1",
        prior=Range(0.03, 0.12, "log"),
        source="assumed",
        doc="valuing patents, registering pledges and paying interest over pool and budget",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer cover by a pool (its leverage stands in ``worth``), and interest to the same borrowers."""
    s: Settings = entry.settings
    covered = of_classes(world.firms, s.coverage, world.year)
    if s.loss_share > 0.0 and s.pool > 0.0:
        terms.offer(entry, "pledge_cover", s.loss_share, eligible=covered, budget=s.pool, worth=p.leverage)
        terms.run(entry, p.admin_share * s.pool)
    if s.interest_share > 0.0 and s.interest_budget > 0.0:
        terms.offer(entry, "pledge_interest", s.interest_share, eligible=covered, budget=s.interest_budget)
        terms.run(entry, p.admin_share * s.interest_budget)


LEVER = Lever(
    "ip_pledge_finance",
    Label("Loans on patents", "知识产权质押融资"),
    Settings,
    Parameters,
    offer,
    dose={"loss_share": 0.5, "pool": 2.0e7, "interest_share": 0.5, "interest_budget": 1.0e7},
    moves={"pledge_loans": +1, "invention_applications": +1},
)
