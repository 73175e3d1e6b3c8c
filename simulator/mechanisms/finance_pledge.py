"""Loans on patents of ``finance``: what banks lend on them, which fail, and what risk pools carry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import Luck, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Offer, Terms, lowest_first
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

    loss: float
    loan_size: float
    loan_most: float
    interest_response: float
    cover_asked: float


@njit(cache=True, nogil=True)
def _owners(
    key: np.ndarray,
    alive: np.ndarray,
    staff: np.ndarray,
    listed: np.ndarray,
    revenue: np.ndarray,
    patents: np.ndarray,
    quality_patents: np.ndarray,
    price: float,
    share: float,
    most: float,
    address: np.uint64,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the small firms with patents (m,), the size of a loan on them (CNY), and their luck.

    A lender counts patents and cannot tell the good from the others; it knows their mean in the city, and lends
    ``price`` for a good one, up to a ``share`` of revenue and to ``most``.
    """
    rows = np.empty(key.shape[0], np.int64)
    m, good, all_ = 0, 0.0, 0.0
    for i in range(key.shape[0]):
        if patents[i] >= 1.0 and alive[i] and staff[i] < SMALL_FIRM_STAFF and listed[i] < 2 and revenue[i] > 0.0:
            rows[m] = i
            m += 1
            good += quality_patents[i]
            all_ += patents[i]
    each = price * (good / max(all_, 1.0))
    size, luck = np.empty(m), np.empty(m)
    for j in range(m):
        i = rows[j]
        size[j] = min(min(share * revenue[i], most), each * patents[i])
        luck[j] = uniform_at(address, key[i])
    return rows[:m].copy(), size, luck


def pledge(world: World, terms: Terms, p: PledgeParameters, loans: Lending, luck: Luck) -> None:
    """Lend to small firms on their patents; covered loans stop where a pool's leverage is used up."""
    f, st = world.firms, world.state
    st.pledge_offer = 0.0
    i, size, u = _owners(
        f.key,
        f.alive,
        f.staff,
        f.listed,
        f.revenue,
        f.patents,
        f.quality_patents,
        p.pledge_haircut * (p.pledge_value * st.deflator),
        loans.loan_size,
        loans.loan_most * st.deflator,
        luck.address("pledge"),
    )
    interest = terms.values("pledge_interest")
    interest = interest[i] if interest.size > 1 else interest
    made = u < p.pledge_chance * (1.0 + loans.interest_response * interest)
    f.pledge[i[made]] = size[made]
    firm_law = 1.0 + p.pledge_enforcement * max(float(np.asarray(terms.total("enforcement"))), 0.0)
    for o in terms.promises("pledge_cover"):
        share = np.asarray(o.value, float)[i] if np.ndim(o.value) else np.full(i.size, float(o.value))
        mask = np.ones(i.size, bool) if o.eligible is None else o.eligible[i]
        tipped = mask & ~made & (u < p.pledge_chance + share / HALF_COVER * p.pledge_gain * firm_law)
        again = np.flatnonzero(mask & made & (f.pledge_entry[i] < 0))
        again = again[luck.uniform(f.key[i[again]], "pledge covers") < loans.cover_asked]
        asked = np.concatenate([np.flatnonzero(tipped), again])  # a loan is either
        asked = asked[lowest_first(u[asked], f.key[i[asked]])]
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
    if (interest > 0.0).any():
        share = interest[made] if interest.size > 1 else interest
        terms.settle("pledge_interest", share * world.outside["interest_rate"] * f.pledge[lent], "firms", lent)


def _fitting(world: World, o: Offer, covered: np.ndarray) -> np.ndarray:
    """Open a pool's year, and return which of the covered sums (m,) its leverage reaches in their order."""
    st = world.state
    st.pool_size[o.entry.id] = o.budget
    st.pool_left.setdefault(o.entry.id, o.budget)
    return np.cumsum(covered) <= float(np.max(np.asarray(o.worth))) * o.budget
