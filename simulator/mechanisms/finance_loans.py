"""Technology loans of ``finance``: who gets one, which fail, and what risk pools carry."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.rules import HALF_COVER, SMALL_FIRM_STAFF
from simulator.world.world import World


@dataclass(frozen=True)
class LoanParameters:
    """How banks lend, with cover and without."""

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
        0.5, unit="1", prior=Range(0.2, 0.8), source="assumed", doc="worse standing of a firm with heavy debt"
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


def settle_loans(world: World, terms: Terms, p: LoanParameters, luck: Luck) -> None:
    """Let last year's loans be repaid or fail; call the risk pools for their part of the loss."""
    f, st = world.firms, world.state
    st.loan_loss = p.loss
    st.pool_left = dict(st.pool_size)
    rows = np.flatnonzero((f.loan > 0.0) & f.alive)
    weak = np.exp(-p.quality_default * f.quality[rows]) * np.where(f.profit[rows] < 0.0, p.loss_default, 1.0)
    chance = p.default * weak * np.where(f.loan_cover[rows] > 0.0, p.cover_default, 1.0)
    fails = luck.uniform(f.key[rows], "fails") < np.minimum(chance, 0.9)
    bad = rows[fails]
    lost = p.loss * f.loan[bad]
    st.loan_defaults = float(bad.size)
    for k in np.unique(f.loan_entry[bad][f.loan_entry[bad] >= 0]):
        mine = f.loan_entry[bad] == k
        entry = world.entry_ids[k]
        terms.charge(entry, "outlay", world.call_pool(entry, float((lost * f.loan_cover[bad])[mine].sum())), "banks")
    f.cash[bad] = np.minimum(f.cash[bad], -p.distress * f.loan[bad])  # a failed loan leaves the firm in distress
    f.debt[rows] = np.maximum(f.debt[rows] - f.loan[rows], 0.0)
    f.loan[rows] = 0.0
    f.loan_cover[rows] = 0.0
    f.loan_entry[rows] = -1


def lend(world: World, terms: Terms, p: LoanParameters, luck: Luck) -> None:
    """Lend to small technology firms; covered loans stop where a pool's leverage is used up."""
    f, st = world.firms, world.state
    seeks = f.alive & (f.staff < SMALL_FIRM_STAFF) & (f.technology_sme | (f.hnte_until >= world.year)) & (f.listed < 2)
    eligible = float(seeks.sum())
    collateral = p.collateral + p.collateral_profit * (f.profit > 0) + p.collateral_patents * np.log1p(f.patents)
    collateral = np.clip(collateral - p.collateral_debt * (f.debt > p.heavy_debt * f.revenue), 0.1, 2)
    u = luck.uniform(f.key, "loan")
    size = np.minimum(p.loan_size * f.revenue, p.loan_most * st.deflator)
    interest = terms.column("loan_interest")
    unaided = seeks & (u < p.loan_chance * collateral * (1.0 + p.interest_response * interest))
    f.loan[unaided] = size[unaided]
    made = unaided.copy()
    for o in terms.promises("loan_cover"):
        share = np.broadcast_to(np.asarray(o.value, float), (len(f),))
        mask = seeks if o.eligible is None else seeks & o.eligible
        # the cover tips the loans that a bank would just have refused, and is asked for on many it would make
        tipped = mask & ~made & (u < (p.loan_chance + p.cover_gain * share / HALF_COVER) * collateral)
        again = np.flatnonzero(mask & unaided & (f.loan_entry < 0))
        again = again[luck.uniform(f.key[again], "covers") < p.cover_asked]
        asked = np.concatenate([np.flatnonzero(tipped), again])  # a loan is either
        asked = asked[np.lexsort((f.key[asked], u[asked]))]
        st.pool_size[o.entry.id] = o.budget
        st.pool_left.setdefault(o.entry.id, o.budget)
        reach = float(np.max(np.asarray(o.worth))) * o.budget  # the pool's leverage
        fits = np.cumsum(size[asked] * share[asked]) <= reach
        taken = asked[fits]
        f.loan[taken] = size[taken]
        f.loan_cover[taken] = share[taken]
        f.loan_entry[taken] = world.entry_index(o.entry.id)
        terms.charge(o.entry.id, "contingent", float((p.loss * size[taken] * share[taken]).sum()), "banks")
        new = taken[~unaided[taken]]
        coverage = taken.size / max(eligible, 1.0)
        f.loan_growth[new] += p.loan_growth * math.exp(-coverage / p.saturation)
        made[taken] = True
    f.debt[made] += f.loan[made]
    st.loans_made, st.loan_count = float(f.loan[made].sum()), float(made.sum())
    helped = made & (interest > 0.0)
    if helped.any():
        due = np.where(helped, interest * world.outside["interest_rate"] * f.loan, 0.0)
        terms.settle("loan_interest", due, "firms")
