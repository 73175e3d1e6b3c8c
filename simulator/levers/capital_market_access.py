"""Capital market access: awards for listing, coaching on the way, and interest on private bonds."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import count_of, in_proportion
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    exchange_award: float = setting(0.0, unit="CNY / firm", low=0.0, doc="award on listing at an exchange")
    board_award: float = setting(
        0.0, unit="CNY / firm", low=0.0, doc="award on joining a regional board or the quotation system"
    )
    help: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="strength of coaching for firms on the way")
    bond_interest: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="share of interest paid on private bonds")
    interest_budget: float = setting(0.0, unit="CNY / year", low=0.0)
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="money for awards")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    boards_per_listing: float = parameter(
        8.0,
        unit="1",
        prior=Range(3.0, 20.0, "log"),
        source="assumed",
        doc="firms expected on a board for each on an exchange, by which the budget for awards is divided",
    )
    coaching_cost: float = parameter(
        2000.0,
        unit="CNY / firm / year",
        prior=Range(700.0, 6000.0, "log"),
        source="assumed",
        doc="full coaching over the technology SMEs of the city, few of which are visited in a year",
    )
    admin_share: float = parameter(
        0.04,
        unit="1",
        prior=Range(0.02, 0.08, "log"),
        source="assumed",
        doc="paying awards and interest over their budgets",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer awards by market, coaching, and interest on bonds."""
    s: Settings = entry.settings
    if max(s.exchange_award, s.board_award) > 0.0 and s.budget > 0.0:
        parts = in_proportion(s.budget, [s.exchange_award, p.boards_per_listing * s.board_award])
        terms.offer(entry, "exchange_award", s.exchange_award, budget=parts[0])
        terms.offer(entry, "board_award", s.board_award, budget=parts[1])
        terms.run(entry, p.admin_share * s.budget)
    if s.help > 0.0:
        terms.offer(entry, "listing_help", s.help)
        terms.run(entry, s.help * p.coaching_cost * count_of(world.firms.alive & world.firms.technology_sme))
    if s.bond_interest > 0.0 and s.interest_budget > 0.0:
        terms.offer(entry, "bond_interest", s.bond_interest, budget=s.interest_budget)
        terms.run(entry, p.admin_share * s.interest_budget)


LEVER = Lever(
    "capital_market_access",
    Label("Access to capital markets", "多层次资本市场融资"),
    Settings,
    Parameters,
    offer,
    dose={
        "exchange_award": 2.0e6,
        "board_award": 6.0e5,
        "help": 0.5,
        "bond_interest": 0.3,
        "interest_budget": 5.0e6,
        "budget": 3.0e7,
    },
    moves={"board_firms": +1, "bonds_issued": +1},
)
