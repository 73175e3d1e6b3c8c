"""Finance: technology loans and risk pools, funds that raise, choose, lose and win, listings on small boards."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.finance_funds import FundParameters, invest, raise_capital, sell
from simulator.mechanisms.finance_loans import LoanParameters, lend, settle_loans
from simulator.world.agents import BANK
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters(FundParameters, LoanParameters):
    """How lenders and investors choose, and what their money does."""

    growth_fading: float = parameter(
        0.5,
        unit="factor",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="growth that a loan or a deal still brings a year later, over that of the year before",
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Settle last year's loans, lend, raise funds, invest and sell."""
    settle_loans(world, terms, p, luck)
    world.firms.loan_growth *= p.growth_fading
    lend(world, terms, p, luck)
    raise_capital(world, terms, p, luck)
    invest(world, p, luck)
    sell(world, terms, p, luck)
    funds = world.funds
    held = float((funds.committed * (funds.alive & (funds.kind != BANK))).sum())
    world.state.venture_depth = held / world.state.gdp


MECHANISM = Mechanism("finance", Label("Finance", "金融"), Parameters, step)
