"""Finance: technology loans, loans on patents and their risk pools, funds, exchanges, boards and private bonds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.finance_funds import FundParameters, invest, raise_capital, sell
from simulator.mechanisms.finance_loans import LoanParameters, lend, settle
from simulator.mechanisms.finance_market import MarketParameters, go_public
from simulator.mechanisms.finance_pledge import Lending, PledgeParameters, pledge
from simulator.mechanisms.finance_seal import SealParameters, sealed
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters(FundParameters, MarketParameters, PledgeParameters, LoanParameters, SealParameters):
    """How lenders and investors choose, and what their money does."""

    growth_fading: float = parameter(
        0.5,
        unit="factor",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="growth that a loan or a deal still brings a year later, over that of the year before",
    )


def open_funds(world: World) -> None:
    """Open the incubation funds of districts that were set up this year, in districts with a street first."""
    st = world.state
    for row in world.delivered("district_fund"):
        for _ in range(round(float(world.projects.quantity[row]))):
            least = st.district_funds - 0.5 * (st.street_districts > 0.0)
            st.district_funds[int(np.argmin(least))] += 1.0


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Settle last year's loans, lend, raise funds, invest and sell, go to the markets."""
    st = world.state
    loans = Lending._make([float(getattr(p, name)) for name in Lending._fields])
    st.loan_loss = p.loss
    st.pool_left = dict(st.pool_size)
    st.loan_defaults = settle(world, terms, p, luck, p.pledge_default, p.growth_fading)
    bears_seal = sealed(world, p)
    lend(world, terms, p, luck, bears_seal)
    pledge(world, terms, p, loans, luck)
    raise_capital(world, terms, p, luck)
    invest(world, p, luck, bears_seal)
    sell(world, terms, p, luck)
    go_public(world, terms, p, luck)
    open_funds(world)
    funds = world.funds
    held = float((funds.committed * funds.alive).sum())
    st.venture_depth = held / st.gdp


MECHANISM = Mechanism("finance", Label("Finance", "金融"), Parameters, step)
