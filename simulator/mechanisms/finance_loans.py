"""Technology loans of ``finance``: who gets one, which fail, and what risk pools carry."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.luck import Luck, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.rules import HALF_COVER, SMALL_FIRM_STAFF
from simulator.world.world import World

MOST_COLLATERAL = 2.0  # chance of a loan with the best collateral, over that without any question of it


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


@njit(cache=True, nogil=True)
def _seekers(
    key: np.ndarray,
    alive: np.ndarray,
    staff: np.ndarray,
    technology_sme: np.ndarray,
    hnte_until: np.ndarray,
    listed: np.ndarray,
    year: int,
    address: np.uint64,
    most: float,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the small technology firms whose luck is below ``most``, their luck, (m,), and how many there are."""
    n, count = 0, 0
    rows, luck = np.empty(key.shape[0], np.int64), np.empty(key.shape[0])
    for i in range(key.shape[0]):
        technical = technology_sme[i] or hnte_until[i] >= year
        if alive[i] and staff[i] < SMALL_FIRM_STAFF and technical and listed[i] < 2:
            count += 1
            u = uniform_at(address, key[i])
            if u < most:
                rows[n], luck[n] = i, u
                n += 1
    return rows[:n].copy(), luck[:n].copy(), count


def _by_luck(u: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Return the order (m,) of applicants by their luck, and by key where two have the same."""
    order = np.argsort(u)
    drawn = u[order]
    if np.any(drawn[1:] == drawn[:-1]):  # hardly ever, and a plain sort is several times faster
        return np.lexsort((key, u))
    return order


def lend(world: World, terms: Terms, p: LoanParameters, luck: Luck) -> None:
    """Lend to small technology firms; covered loans stop where a pool's leverage is used up."""
    f, st = world.firms, world.state
    interest, offers = terms.column("loan_interest"), terms.promises("loan_cover")
    aid = 1.0 + max(p.interest_response * float(np.max(interest, initial=0.0)), 0.0)
    cover = p.cover_gain * max((float(np.max(o.value)) for o in offers), default=0.0) / HALF_COVER
    # whom the best collateral and the best terms could not get a loan is left out; what follows is (m,) of the others
    most = MOST_COLLATERAL * max(p.loan_chance * aid, p.loan_chance + max(cover, 0.0))
    i, u, eligible = _seekers(
        f.key, f.alive, f.staff, f.technology_sme, f.hnte_until, f.listed, world.year, luck.address("loan"), most
    )
    key, revenue = f.key[i], f.revenue[i]
    collateral = p.collateral + p.collateral_profit * (f.profit[i] > 0) + p.collateral_patents * np.log1p(f.patents[i])
    collateral = np.clip(collateral - p.collateral_debt * (f.debt[i] > p.heavy_debt * revenue), 0.1, MOST_COLLATERAL)
    size = np.minimum(p.loan_size * revenue, p.loan_most * st.deflator)
    unaided = u < p.loan_chance * collateral * (1.0 + p.interest_response * interest[i])
    f.loan[i[unaided]] = size[unaided]
    made = unaided.copy()
    for o in offers:
        share = np.broadcast_to(np.asarray(o.value, float), (len(f),))[i]
        mask = np.ones(i.size, bool) if o.eligible is None else o.eligible[i]
        # the cover tips the loans that a bank would just have refused, and is asked for on many it would make
        tipped = mask & ~made & (u < (p.loan_chance + p.cover_gain * share / HALF_COVER) * collateral)
        again = np.flatnonzero(mask & unaided & (f.loan_entry[i] < 0))
        again = again[luck.uniform(key[again], "covers") < p.cover_asked]
        asked = np.concatenate([np.flatnonzero(tipped), again])  # a loan is either
        asked = asked[_by_luck(u[asked], key[asked])]
        st.pool_size[o.entry.id] = o.budget
        st.pool_left.setdefault(o.entry.id, o.budget)
        reach = float(np.max(np.asarray(o.worth))) * o.budget  # the pool's leverage
        fits = np.cumsum(size[asked] * share[asked]) <= reach
        taken = asked[fits]
        rows = i[taken]
        f.loan[rows] = size[taken]
        f.loan_cover[rows] = share[taken]
        f.loan_entry[rows] = world.entry_index(o.entry.id)
        terms.charge(o.entry.id, "contingent", float((p.loss * size[taken] * share[taken]).sum()), "banks")
        new = i[taken[~unaided[taken]]]
        coverage = taken.size / max(float(eligible), 1.0)
        f.loan_growth[new] += p.loan_growth * math.exp(-coverage / p.saturation)
        made[taken] = True
    lent = i[made]
    f.debt[lent] += f.loan[lent]
    st.loans_made, st.loan_count = float(f.loan[lent].sum()), float(lent.size)
    helped = lent[interest[lent] > 0.0]
    if helped.size:
        due = np.zeros(len(f))
        due[helped] = interest[helped] * world.outside["interest_rate"] * f.loan[helped]
        terms.settle("loan_interest", due, "firms")
