"""Finance: technology loans, loans on patents and their risk pools, funds, exchanges, boards and private bonds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mechanisms.finance import Parameters
from tests.reference.finance_funds import invest, raise_capital, sell
from tests.reference.finance_loans import lend, settle_loans
from tests.reference.finance_market import go_public
from tests.reference.finance_pledge import pledge, settle_pledges
from tests.reference.luck import Draws
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def open_funds(model: ReferenceModel) -> None:
    """Open the incubation funds of districts that were set up this year, in districts with a street first."""
    st = model.state
    for project in model.delivered("district_fund"):
        for _ in range(round(project.quantity)):
            least = [
                funds - (0.5 if streets > 0.0 else 0.0)
                for funds, streets in zip(st.district_funds, st.street_districts, strict=True)
            ]
            st.district_funds[least.index(min(least))] += 1.0


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Settle last year's loans, lend, raise funds, invest and sell, go to the markets."""
    settle_loans(model, counter, p, draws)
    settle_pledges(model, counter, p, draws)
    for firm in model.living():
        firm.loan_growth *= p.growth_fading
    lend(model, counter, p, draws)
    pledge(model, counter, p, draws)
    raise_capital(model, counter, p, draws)
    invest(model, p, draws)
    sell(model, counter, p, draws)
    go_public(model, counter, p, draws)
    open_funds(model)
    model.state.venture_depth = sum(f.committed for f in model.funds if f.alive) / model.state.gdp
