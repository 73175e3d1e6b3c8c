"""R&D super-deduction: a larger extra deduction, help with claiming it, and rewards for what was deducted."""

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

    deduction_rate: float = setting(
        0.0,
        unit="1",
        low=0.0,
        high=2.0,
        doc="extra share of R&D cost deducted; works above the national rate",
    )
    outreach: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="effort of guidance on claiming, 1 is full")
    reward_rate: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="local reward over deducted R&D")
    reward_cap: float = setting(0.0, unit="CNY / year", low=0.0, doc="most that one firm gets as a reward")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for rewards")
    coverage: tuple[str, ...] = setting(("all",), choices=FIRM_CLASSES, doc="classes of firms covered")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    guidance: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.15, 0.7, "logit"),
        source="assumed",
        doc="share of the cost of claiming that full outreach removes",
    )
    outreach_cost: float = parameter(
        400.0,
        unit="CNY / firm / year",
        prior=Range(150.0, 1000.0, "log"),
        source="assumed",
        doc="full outreach, per firm covered: a share of a tax clerk's time and of a yearly briefing",
    )
    admin_share: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.01, 0.06, "log"),
        source="assumed",
        doc="checking and paying over the budget; tax returns already hold what is needed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer a deduction above the national one, a lower cost of claiming, and rewards to firms that claim."""
    s: Settings = entry.settings
    firms = world.firms
    covered = of_classes(firms, s.coverage, world.year)
    terms.offer(entry, "deduction_rate", s.deduction_rate, eligible=covered)
    if s.outreach > 0.0:
        terms.offer(entry, "claim_cost", 1.0 - p.guidance * s.outreach, eligible=covered)
        terms.run(entry, p.outreach_cost * s.outreach * count_of(covered))
    if min(s.reward_rate, s.reward_cap, s.budget) > 0.0:
        terms.offer(
            entry,
            "rd_reward",
            s.reward_cap,
            rate=s.reward_rate,
            budget=s.budget,
            eligible=covered & firms.claims,
        )
        terms.run(entry, p.admin_share * s.budget)


LEVER = Lever(
    "rd_tax_deduction",
    Label("R&D super-deduction", "研发费用加计扣除"),
    Settings,
    Parameters,
    offer,
    dose={
        "deduction_rate": 0.75,
        "outreach": 0.5,
        "reward_rate": 0.05,
        "reward_cap": 1.0e6,
        "budget": 5.0e7,
    },
    moves={"superdeduction_claimants": +1, "rd_real": +1, "rd_expenditure": +1},
)
