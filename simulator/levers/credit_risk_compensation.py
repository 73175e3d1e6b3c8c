"""Credit risk compensation: a pool carries part of lenders' losses on technology loans."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import FIRM_CLASSES, of_classes
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    loss_share: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="share of a loss that the pool carries")
    pool: float = setting(0.0, unit="CNY / year", low=0.0, doc="money that the pool can lose on a year's loans")
    interest_share: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="share of interest paid for borrowers")
    interest_budget: float = setting(0.0, unit="CNY / year", low=0.0)
    lender_reward: float = setting(0.0, unit="CNY / year", low=0.0, doc="rewards to lenders for new products")
    coverage: tuple[str, ...] = setting(("tech_sme",), choices=FIRM_CLASSES, doc="classes of borrowers covered")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    leverage: float = parameter(
        10.0,
        unit="CNY / CNY",
        prior=Range(5.0, 15.0, "log"),
        source="obs:qingdao/policy_credit_risk_pool_leverage/2011",
        doc="loans that banks grant per CNY in the pool",
    )
    reward_stretch: float = parameter(
        0.2,
        unit="1",
        prior=Range(0.04, 0.5, "log"),
        source="assumed",
        doc="relative rise of the leverage when rewards to lenders equal the pool; no study was found",
    )
    admin_share: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.015, 0.06, "log"),
        source="assumed",
        doc="checking claims and paying interest over pool and budgets",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer cover by a pool (its leverage stands in ``worth``), and interest to the same borrowers."""
    s: Settings = entry.settings
    covered = of_classes(world.firms, s.coverage, world.year)
    if s.loss_share > 0.0 and s.pool > 0.0:
        terms.offer(
            entry,
            "loan_cover",
            s.loss_share,
            eligible=covered,
            budget=s.pool,
            worth=p.leverage * (1.0 + p.reward_stretch * min(1.0, s.lender_reward / s.pool)),
        )
        terms.run(entry, p.admin_share * s.pool + (1.0 + p.admin_share) * s.lender_reward)
    if s.interest_share > 0.0 and s.interest_budget > 0.0:
        terms.offer(entry, "loan_interest", s.interest_share, eligible=covered, budget=s.interest_budget)
        terms.run(entry, p.admin_share * s.interest_budget)


LEVER = Lever(
    "credit_risk_compensation",
    Label("Credit risk compensation", "信贷风险补偿"),
    Settings,
    Parameters,
    offer,
    dose={
        "loss_share": 0.5,
        "pool": 5.0e7,
        "interest_share": 0.3,
        "interest_budget": 2.0e7,
        "lender_reward": 5.0e6,
    },
    moves={"technology_loans": +1, "loan_defaults": +1},
)
