"""Loans on patents of ``finance``: what banks lend on them, which fail, and what risk pools carry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Offer, Terms
from simulator.world.agents import Firms
from simulator.world.rules import HALF_COVER, SMALL_FIRM_STAFF
from simulator.world.world import World


@dataclass(frozen=True)
class PledgeParameters:
    """How banks lend on patents, with cover and without."""

    pledge_chance: float = parameter(
        0.02,
        unit="1 / year",
        prior=Range(0.005, 0.06, "log"),
        source="assumed",
        doc="chance that a small firm with patents borrows on them unaided",
    )
    pledge_gain: float = parameter(
        0.06,
        unit="1 / year",
        prior=Range(0.0, 0.15),
        source="assumed",
        doc="rise of that chance where half of a loss is covered",
    )
    pledge_enforcement: float = parameter(
        0.2,
        unit="1 / standard deviation",
        prior=Range(0.0, 0.5),
        source="assumed",
        doc="larger rise under stronger enforcement: the sign is known, no size was found",
    )
    pledge_value: float = parameter(
        4.0e6,
        unit="CNY / patent",
        prior=Range(1.0e6, 1.2e7, "log"),
        source="assumed",
        doc="worth of a patent with an invention behind it to a lender, at the start's prices",
    )
    pledge_haircut: float = parameter(
        0.35,
        unit="1",
        prior=Range(0.2, 0.5, "logit"),
        source="assumed",
        doc="loan over the worth of the patents; with three patents it gives the 3.5 m CNY of an insured loan "
        "of 2016 (obs:qingdao/patent_pledge_insured_loans_paid_out/2016 over 29 firms)",
    )
    pledge_default: float = parameter(
        1.2,
        unit="factor",
        prior=Range(1.0, 2.0, "log"),
        source="assumed",
        doc="failures among loans on patents over those among technology loans",
    )
    pledge_growth: float = parameter(
        0.03,
        unit="log points",
        prior=Range(-0.01, 0.08),
        source="assumed",
        doc="growth of a firm whose loan on patents needed the cover, over the years after it",
    )
    pledge_saturation: float = parameter(
        0.15,
        unit="1",
        prior=Range(0.05, 0.4, "log"),
        source="assumed",
        doc="share of firms with patents covered at which that growth has fallen to 37 %",
    )


class Lending(NamedTuple):
    """What loans on patents share with technology loans: the parameters of the same names."""

    quality_default: float
    loss_default: float
    default: float
    cover_default: float
    loss: float
    distress: float
    loan_size: float
    loan_most: float
    interest_response: float
    cover_asked: float


def settle_pledges(world: World, terms: Terms, p: PledgeParameters, loans: Lending, luck: Luck) -> None:
    """Let last year's loans on patents be repaid or fail; call the pools for their part of the loss."""
    f = world.firms
    rows = np.flatnonzero((f.pledge > 0.0) & f.alive)
    if rows.size == 0:
        return
    weak = np.exp(-loans.quality_default * f.quality[rows]) * np.where(f.profit[rows] < 0.0, loans.loss_default, 1.0)
    chance = loans.default * p.pledge_default * weak * np.where(f.pledge_cover[rows] > 0.0, loans.cover_default, 1.0)
    bad = rows[luck.uniform(f.key[rows], "pledge fails") < np.minimum(chance, 0.9)]
    lost = loans.loss * f.pledge[bad]
    for k in np.unique(f.pledge_entry[bad][f.pledge_entry[bad] >= 0]):
        mine = f.pledge_entry[bad] == k
        entry = world.entry_ids[k]
        terms.charge(entry, "outlay", world.call_pool(entry, float((lost * f.pledge_cover[bad])[mine].sum())), "banks")
    f.cash[bad] = np.minimum(f.cash[bad], -loans.distress * f.pledge[bad])
    f.debt[rows] = np.maximum(f.debt[rows] - f.pledge[rows], 0.0)
    f.pledge[rows] = 0.0
    f.pledge_cover[rows] = 0.0
    f.pledge_entry[rows] = -1


def _collateral(f: Firms, rows: np.ndarray, price: float) -> np.ndarray:
    """Return what the patents of some firms are worth to a lender, (m,) CNY.

    A lender counts patents and cannot tell the good from the others; it knows their mean in the city.
    """
    good = float(f.quality_patents[rows].sum()) / max(float(f.patents[rows].sum()), 1.0)
    return price * good * f.patents[rows]


def pledge(world: World, terms: Terms, p: PledgeParameters, loans: Lending, luck: Luck) -> None:
    """Lend to small firms on their patents; covered loans stop where a pool's leverage is used up."""
    f, st = world.firms, world.state
    st.pledge_offer = 0.0
    i = np.flatnonzero((f.patents >= 1.0) & f.alive)
    i = i[(f.staff[i] < SMALL_FIRM_STAFF) & (f.listed[i] < 2) & (f.revenue[i] > 0.0)]
    worth = p.pledge_haircut * _collateral(f, i, p.pledge_value * st.deflator)
    size = np.minimum(np.minimum(loans.loan_size * f.revenue[i], loans.loan_most * st.deflator), worth)
    u = luck.uniform(f.key[i], "pledge")
    interest = terms.column("pledge_interest")
    made = u < p.pledge_chance * (1.0 + loans.interest_response * interest[i])
    f.pledge[i[made]] = size[made]
    firm_law = 1.0 + p.pledge_enforcement * max(float(np.asarray(terms.total("enforcement"))), 0.0)
    for o in terms.promises("pledge_cover"):
        share = np.broadcast_to(np.asarray(o.value, float), (len(f),))[i]
        mask = np.ones(i.size, bool) if o.eligible is None else o.eligible[i]
        tipped = mask & ~made & (u < p.pledge_chance + share / HALF_COVER * p.pledge_gain * firm_law)
        again = made & (f.pledge_entry[i] < 0) & (luck.uniform(f.key[i], "pledge covers") < loans.cover_asked)
        asked = np.flatnonzero(tipped | (mask & again))
        asked = asked[np.lexsort((f.key[i[asked]], u[asked]))]
        taken = asked[_fitting(world, o, size[asked] * share[asked])]
        new, rows = i[taken[~made[taken]]], i[taken]
        f.pledge[rows] = size[taken]
        f.pledge_cover[rows] = share[taken]
        f.pledge_entry[rows] = world.entry_index(o.entry.id)
        terms.charge(o.entry.id, "contingent", float((loans.loss * size[taken] * share[taken]).sum()), "banks")
        f.loan_growth[new] += p.pledge_growth * math.exp(-taken.size / max(i.size, 1) / p.pledge_saturation)
        made[taken] = True
        # what firms may hope for: the cover, as far as the pool reached
        room = taken.size / asked.size if asked.size else 1.0
        open_to = float(np.minimum(share / HALF_COVER, 1.0)[mask].sum()) / max(i.size, 1)
        st.pledge_offer = min(1.0, st.pledge_offer + room * open_to)
    lent = i[made]
    f.debt[lent] += f.pledge[lent]
    st.pledged = float(f.pledge[lent].sum())
    if np.any(interest > 0.0):
        terms.settle("pledge_interest", interest * world.outside["interest_rate"] * f.pledge, "firms")


def _fitting(world: World, o: Offer, covered: np.ndarray) -> np.ndarray:
    """Open a pool's year, and return which of the covered sums (m,) its leverage reaches in their order."""
    st = world.state
    st.pool_size[o.entry.id] = o.budget
    st.pool_left.setdefault(o.entry.id, o.budget)
    return np.cumsum(covered) <= float(np.max(np.asarray(o.worth))) * o.budget
