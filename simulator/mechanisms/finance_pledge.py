"""Loans on patents of ``finance``: what banks lend on them, which fail, and what risk pools carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import Luck, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.selection import marked
from simulator.core.terms import Terms
from simulator.world.loans import Asking, Effect, Loans, cover, open_pool, owe
from simulator.world.rules import SMALL_FIRM_STAFF
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


class Owners(NamedTuple):
    """The columns of firms that say who can borrow on patents, and the loans, by name."""

    key: np.ndarray
    alive: np.ndarray
    staff: np.ndarray
    listed: np.ndarray
    revenue: np.ndarray
    patents: np.ndarray
    quality_patents: np.ndarray
    pledge: np.ndarray


@njit(cache=True, nogil=True)
def _owners(
    f: Owners,
    price: float,
    share: float,
    most: float,
    interest: np.ndarray,
    chance: float,
    response: float,
    address: np.uint64,
) -> Asking:
    """Lend to small firms with patents that need no cover, and return all of them (m,).

    A lender counts patents and cannot tell the good from the others; it knows their mean in the city, and lends
    ``price`` for a good one, up to a ``share`` of revenue and to ``most`` (CNY). ``interest``, (n,) or (1,), is the
    part of it that is paid.
    """
    able = np.empty(f.key.shape[0], np.bool_)
    for i in range(f.key.shape[0]):
        small = f.alive[i] & (f.staff[i] < SMALL_FIRM_STAFF) & (f.listed[i] < 2)
        able[i] = small & (f.patents[i] >= 1) & (f.revenue[i] > 0.0)
    rows = marked(able)
    m, good, all_ = rows.shape[0], 0.0, 0.0
    for i in rows:
        good += f.quality_patents[i]
        all_ += f.patents[i]
    each = price * (good / max(all_, 1.0))
    size, luck, made = np.empty(m), np.empty(m), np.empty(m, np.bool_)
    for j in range(m):
        i = rows[j]
        size[j] = min(min(share * f.revenue[i], most), each * f.patents[i])
        luck[j] = uniform_at(address, f.key[i])
        paid = interest[i] if interest.shape[0] != 1 else interest[0]
        made[j] = luck[j] < chance * (1.0 + response * paid)
        if made[j]:
            f.pledge[i] = size[j]
    return Asking(rows, luck, np.ones(m), size, made.copy(), made)


def pledge(world: World, terms: Terms, p: PledgeParameters, loans: Lending, luck: Luck) -> None:
    """Lend to small firms on their patents; covered loans stop where a pool's leverage is used up."""
    f, st = world.firms, world.state
    interest = terms.values("pledge_interest")
    asking = _owners(
        Owners._make([getattr(f, name) for name in Owners._fields]),
        p.pledge_haircut * (p.pledge_value * st.deflator),
        loans.loan_size,
        loans.loan_most * st.deflator,
        interest,
        p.pledge_chance,
        loans.interest_response,
        luck.address("pledge"),
    )
    firm_law = 1.0 + p.pledge_enforcement * max(float(terms.values("enforcement")[0]), 0.0)
    count = max(asking.rows.size, 1)
    effect = Effect(
        p.pledge_chance, p.pledge_gain * firm_law, loans.cover_asked, p.pledge_growth, p.pledge_saturation * count
    )
    columns = Loans(f.pledge, f.pledge_cover, f.pledge_entry, f.loan_growth)
    st.pledge_offer = 0.0
    for o in terms.promises("pledge_cover"):
        pool = open_pool(world, o)
        promised, room, offered = cover(asking, f.key, columns, pool, effect, luck.address("pledge covers"))
        terms.charge(o.entry.id, "contingent", loans.loss * promised, "banks")
        # what firms may hope for: the cover, as far as the pool reached
        st.pledge_offer = min(1.0, st.pledge_offer + room * (offered / count))
    lent, st.pledged = owe(asking, f.pledge, f.debt)
    if terms.offered("pledge_interest"):
        share = interest[lent] if interest.size > 1 else interest
        terms.settle("pledge_interest", share * world.outside["interest_rate"] * f.pledge[lent], "firms", lent)
