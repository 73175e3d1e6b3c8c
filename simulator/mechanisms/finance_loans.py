"""Technology loans of ``finance``: who gets one, which fail, and what risk pools carry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.finance_loans_kernels import Debtors, Risk, Seekers, Standing, fall_due, seekers
from simulator.world.loans import Effect, Loans, cover, most_of, open_pool, owe
from simulator.world.rules import HALF_COVER
from simulator.world.world import World


@dataclass(frozen=True)
class LoanParameters:
    """How banks lend, with cover and without."""

    seal_standing: float = parameter(
        0.2,
        unit="1",
        prior=Range(0.05, 0.5, "log"),
        source="assumed",
        doc="better standing of a firm with the seal with banks; only under incubators: signal",
    )
    loan_chance: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.04, 0.20, "logit"),
        source="assumed",
        doc="chance that a small technology firm with average collateral gets a technology loan unaided",
    )
    collateral: float = parameter(
        0.7,
        unit="1",
        prior=Range(0.4, 1.0, "log"),
        source="assumed",
        doc="standing with banks of a firm without profit, patents or heavy debt, over the average's",
    )
    collateral_profit: float = parameter(
        0.3, unit="1", prior=Range(0.0, 0.6), source="assumed", doc="better standing of a firm with profit"
    )
    collateral_patents: float = parameter(
        0.1, unit="1", prior=Range(0.0, 0.25), source="assumed", doc="better standing per log of inventions in force"
    )
    collateral_debt: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, ceiling=1.0),
        source="assumed",
        doc="worse standing of a firm with heavy debt",
    )
    heavy_debt: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.35, 0.9, "logit"),
        source="assumed",
        doc="debt over yearly revenue from which it is heavy",
    )
    interest_response: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.1, 1.0, "log"),
        source="assumed",
        doc="more loans taken where the state pays all interest, over those taken without: interest is a small part "
        "of what keeps a small firm from a loan",
    )
    cover_gain: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.03, 0.20),
        source="judgement_guarantee_loan",
        doc="rise of that chance where half of the lender's loss is covered",
    )
    cover_asked: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="share of the loans that a bank would make in any case for which it asks for cover all the same",
    )
    loan_size: float = parameter(
        0.20, unit="1", prior=Range(0.1, 0.35), source="assumed", doc="loan over the firm's revenue"
    )
    loan_most: float = parameter(
        10000000.0,
        unit="CNY",
        prior=Range(5.0e6, 2.0e7, "log"),
        source="assumed",
        doc="largest technology loan at the start's prices",
    )
    default: float = parameter(
        0.03,
        unit="1 / year",
        prior=Range(0.015, 0.06, "log"),
        source="assumed",
        doc="technology loans that fail in a year",
    )
    quality_default: float = parameter(
        0.4,
        unit="1 / standard deviation",
        prior=Range(0.1, 0.8),
        source="assumed",
        doc="fall of log failure with a firm's quality",
    )
    loss_default: float = parameter(
        1.5,
        unit="factor",
        prior=Range(1.0, 2.5, "log"),
        source="assumed",
        doc="failure of the loans of firms with losses",
    )
    distress: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="debts beyond its liquid funds that a failed loan leaves a firm with, over the loan",
    )
    cover_default: float = parameter(
        1.3,
        unit="factor",
        prior=Range(1.05, 1.8, "log"),
        source="judgement_guarantee_default",
        doc="failures among covered loans over those among others",
    )
    loss: float = parameter(
        0.7, unit="1", prior=Range(0.5, 0.9, "logit"), source="assumed", doc="part of a failed loan that is lost"
    )
    loan_growth: float = parameter(
        0.05,
        unit="log points",
        prior=Range(0.005, 0.12),
        source="judgement_guarantee_growth",
        doc="growth of a firm whose loan needed the cover, over the years after it, where few have one",
    )
    saturation: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.04, 0.3, "log"),
        source="judgement_guarantee_saturation",
        doc="share of firms covered at which that growth has fallen to 37 %",
    )


def settle(world: World, terms: Terms, p: LoanParameters, luck: Luck, harder: float, fading: float) -> float:
    """Let last year's loans, and those on patents, be repaid or fail; return how many technology loans fail.

    Risk pools are called for their part of the loss. Loans on patents fail ``harder`` times as often; ``fading`` is
    what is left of last year's growth by loans and deals.
    """
    calls = np.zeros((2, len(world.entry_ids) + 1))
    failed = fall_due(
        Debtors._make([getattr(world.firms, name) for name in Debtors._fields]),
        Risk._make([float(getattr(p, name)) for name in Risk._fields]),
        harder,
        fading,
        luck.address("fails"),
        luck.address("pledge fails"),
        calls,
    )
    for kind, k in zip(*calls[:, :-1].nonzero(), strict=True):
        entry = world.entry_ids[k]
        terms.charge(entry, "outlay", world.call_pool(entry, float(calls[kind, k])), "banks")
    return float(failed)


def lend(world: World, terms: Terms, p: LoanParameters, luck: Luck, sealed: np.ndarray) -> None:
    """Lend to small technology firms; covered loans stop where a pool's leverage is used up."""
    f, st = world.firms, world.state
    interest, offers = terms.values("loan_interest"), terms.promises("loan_cover")
    standing = Standing._make([float(getattr(p, name)) for name in Standing._fields])
    asking, eligible = seekers(
        Seekers._make([getattr(f, name) for name in Seekers._fields]),
        standing._replace(loan_most=p.loan_most * st.deflator),
        world.year,
        interest,
        max((p.cover_gain * most_of(o.value) / HALF_COVER for o in offers), default=0.0),
        sealed,
        luck.address("loan"),
    )
    loans = Loans(f.loan, f.loan_cover, f.loan_entry, f.loan_growth)
    effect = Effect(p.loan_chance, p.cover_gain, p.cover_asked, p.loan_growth, p.saturation * max(eligible, 1))
    for o in offers:
        promised, _, _ = cover(asking, f.key, loans, open_pool(world, o), effect, luck.address("covers"))
        terms.charge(o.entry.id, "contingent", p.loss * promised, "banks")
    lent, st.loans_made = owe(asking, f.loan, f.debt)
    st.loan_count = float(lent.size)
    if terms.offered("loan_interest"):
        share = interest[lent] if interest.size > 1 else interest
        terms.settle("loan_interest", share * world.outside["interest_rate"] * f.loan[lent], "firms", lent)
