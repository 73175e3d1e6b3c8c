"""Technology loans of ``finance``: who gets one, which fail, and what risk pools carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import Luck, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.core.terms_kernels import reach
from simulator.world.rules import HALF_COVER, SMALL_FIRM_STAFF
from simulator.world.world import World

MOST_COLLATERAL = 2.0  # chance of a loan with the best collateral, over that without any question of it
MOST_DEFAULT = 0.9  # most that the chance of failure can be


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


@njit(cache=True, nogil=True)
def _fall_due(
    key: np.ndarray,
    alive: np.ndarray,
    quality: np.ndarray,
    profit: np.ndarray,
    cash: np.ndarray,
    debt: np.ndarray,
    loan: np.ndarray,
    cover: np.ndarray,
    entry: np.ndarray,
    default: float,
    quality_default: float,
    loss_default: float,
    cover_default: float,
    loss: float,
    distress: float,
    address: np.uint64,
    calls: np.ndarray,
) -> float:
    """Let last year's loans be repaid or fail, and return how many fail.

    ``calls`` (E + 1,) gathers what pools promised of the losses, CNY by entry; a failed loan leaves the firm in
    distress.
    """
    failed = 0.0
    for i in range(key.shape[0]):
        if loan[i] <= 0.0 or not alive[i]:
            continue
        chance = default * (np.exp(-quality_default * quality[i]) * (loss_default if profit[i] < 0.0 else 1.0))
        chance *= cover_default if cover[i] > 0.0 else 1.0
        if uniform_at(address, key[i]) < min(chance, MOST_DEFAULT):
            failed += 1.0
            calls[entry[i]] += loss * loan[i] * cover[i]  # the last place is of loans without cover
            cash[i] = min(cash[i], -distress * loan[i])
        debt[i] = max(debt[i] - loan[i], 0.0)
        loan[i] = 0.0
        cover[i] = 0.0
        entry[i] = -1
    return failed


def settle(world: World, terms: Terms, p: LoanParameters, luck: Luck, kind: str, default: float, fails: str) -> float:
    """Let last year's loans of a kind (``loan`` or ``pledge``) be repaid or fail; return how many fail.

    Risk pools are called for their part of the loss. ``default`` is the usual chance of failure, ``fails`` the
    decision whose luck says which do.
    """
    f = world.firms
    calls = np.zeros(len(world.entry_ids) + 1)
    failed = _fall_due(
        f.key,
        f.alive,
        f.quality,
        f.profit,
        f.cash,
        f.debt,
        getattr(f, kind),
        getattr(f, f"{kind}_cover"),
        getattr(f, f"{kind}_entry"),
        default,
        p.quality_default,
        p.loss_default,
        p.cover_default,
        p.loss,
        p.distress,
        luck.address(fails),
        calls,
    )
    for k in np.flatnonzero(calls[:-1]):
        entry = world.entry_ids[k]
        terms.charge(entry, "outlay", world.call_pool(entry, float(calls[k])), "banks")
    return float(failed)


class Seekers(NamedTuple):
    """The columns of firms that say who asks for a loan and what a bank would lend, by name."""

    key: np.ndarray
    alive: np.ndarray
    staff: np.ndarray
    technology_sme: np.ndarray
    hnte_until: np.ndarray
    listed: np.ndarray
    revenue: np.ndarray
    profit: np.ndarray
    patents: np.ndarray
    debt: np.ndarray


class Standing(NamedTuple):
    """The parameters of the same names; the largest loan at this year's prices."""

    collateral: float
    collateral_profit: float
    collateral_patents: float
    collateral_debt: float
    heavy_debt: float
    loan_size: float
    loan_most: float


@njit(cache=True, nogil=True)
def _seekers(
    f: Seekers, p: Standing, year: int, address: np.uint64, most: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """Return the small technology firms whose luck is below ``most``, (m,), and how many such firms there are.

    Of those (m,): rows, luck, collateral and the size of a loan in CNY.
    """
    n, count = 0, 0
    rows = np.empty(f.key.shape[0], np.int64)
    for i in range(f.key.shape[0]):
        technical = f.technology_sme[i] or f.hnte_until[i] >= year
        if technical and f.alive[i] and f.staff[i] < SMALL_FIRM_STAFF and f.listed[i] < 2:
            count += 1
            if uniform_at(address, f.key[i]) < most:
                rows[n] = i
                n += 1
    out = np.empty((3, n))
    for j in range(n):
        i = rows[j]
        standing = p.collateral + (p.collateral_profit if f.profit[i] > 0.0 else 0.0)
        standing += p.collateral_patents * np.log1p(f.patents[i])
        standing -= p.collateral_debt if f.debt[i] > p.heavy_debt * f.revenue[i] else 0.0
        out[0, j] = uniform_at(address, f.key[i])
        out[1, j] = min(max(standing, 0.1), MOST_COLLATERAL)
        out[2, j] = min(p.loan_size * f.revenue[i], p.loan_most)
    return rows[:n].copy(), out[0], out[1], out[2], count


class Asking(NamedTuple):
    """Firms that may get a loan (m,): rows, luck, collateral, size (CNY), whether unaided, whether they have one."""

    rows: np.ndarray
    luck: np.ndarray
    collateral: np.ndarray
    size: np.ndarray
    unaided: np.ndarray
    made: np.ndarray


@njit(cache=True, nogil=True)
def _unaided(
    rows: np.ndarray,
    luck: np.ndarray,
    collateral: np.ndarray,
    size: np.ndarray,
    interest: np.ndarray,
    chance: float,
    response: float,
    loan: np.ndarray,
) -> np.ndarray:
    """Lend to those (m,) who get a loan without cover, and return who did; ``interest`` (n,) or (1,) is paid."""
    made = np.empty(rows.shape[0], np.bool_)
    for j in range(rows.shape[0]):
        paid = interest[rows[j]] if interest.shape[0] != 1 else interest[0]
        made[j] = luck[j] < chance * collateral[j] * (1.0 + response * paid)
        if made[j]:
            loan[rows[j]] = size[j]
    return made


@njit(cache=True, nogil=True)
def _cover(
    a: Asking,
    key: np.ndarray,
    loan: np.ndarray,
    loan_cover: np.ndarray,
    loan_entry: np.ndarray,
    loan_growth: np.ndarray,
    value: np.ndarray,
    eligible: np.ndarray,
    entry: int,
    pool: float,
    chance: float,
    gain: float,
    asks: float,
    growth: float,
    saturation: float,
    address: np.uint64,
) -> float:
    """Lend with the cover of one pool, down to where its leverage reaches, and return the sum covered (CNY).

    The cover tips the loans that a bank would just have refused, and is asked for on many that it would make.
    ``pool`` is the sum that it can cover (CNY), ``saturation`` is in firms covered.
    """
    asked, luck = np.empty(a.rows.shape[0], np.int64), np.empty(a.rows.shape[0])
    covered = np.zeros(a.rows.shape[0])
    m, whole = 0, 0.0
    for j in range(a.rows.shape[0]):
        i = a.rows[j]
        if not (eligible[i] if eligible.shape[0] != 1 else eligible[0]):
            continue
        share = value[i] if value.shape[0] != 1 else value[0]
        if a.made[j]:
            wants = a.unaided[j] and loan_entry[i] < 0 and uniform_at(address, key[i]) < asks
        else:
            wants = a.luck[j] < (chance + gain * share / HALF_COVER) * a.collateral[j]
        if wants:
            asked[m], luck[m], covered[j] = j, a.luck[j], a.size[j] * share
            m += 1
            whole += covered[j]
    if whole > pool:  # those with the best luck come first
        m, left = reach(asked[:m], luck, covered, a.rows, key, pool)
        whole = pool - left
    more = growth * np.exp(-m / saturation)
    for j in asked[:m]:
        i = a.rows[j]
        loan[i], loan_entry[i] = a.size[j], entry
        loan_cover[i] = value[i] if value.shape[0] != 1 else value[0]
        if not a.unaided[j]:
            loan_growth[i] += more
        a.made[j] = True
    return whole


def lend(world: World, terms: Terms, p: LoanParameters, luck: Luck) -> None:
    """Lend to small technology firms; covered loans stop where a pool's leverage is used up."""
    f, st = world.firms, world.state
    interest, offers = terms.values("loan_interest"), terms.promises("loan_cover")
    aid = 1.0 + max(p.interest_response * float(interest.max()), 0.0)
    cover = p.cover_gain * max((float(np.max(o.value)) for o in offers), default=0.0) / HALF_COVER
    # whom the best collateral and the best terms could not get a loan is left out; what follows is (m,) of the others
    most = MOST_COLLATERAL * max(p.loan_chance * aid, p.loan_chance + max(cover, 0.0))
    standing = Standing._make(float(getattr(p, name)) for name in Standing._fields)
    i, u, collateral, size, eligible = _seekers(
        Seekers._make(getattr(f, name) for name in Seekers._fields),
        standing._replace(loan_most=p.loan_most * st.deflator),
        world.year,
        luck.address("loan"),
        most,
    )
    made = _unaided(i, u, collateral, size, interest, p.loan_chance, p.interest_response, f.loan)
    unaided = made.copy()
    for o in offers:
        st.pool_size[o.entry.id] = o.budget
        st.pool_left.setdefault(o.entry.id, o.budget)
        promised = _cover(
            Asking(i, u, collateral, size, unaided, made),
            f.key,
            f.loan,
            f.loan_cover,
            f.loan_entry,
            f.loan_growth,
            np.asarray(o.value, float).reshape(-1),
            np.ones(1, bool) if o.eligible is None else o.eligible,
            world.entry_index(o.entry.id),
            float(np.max(np.asarray(o.worth))) * o.budget,  # the pool's leverage
            p.loan_chance,
            p.cover_gain,
            p.cover_asked,
            p.loan_growth,
            p.saturation * max(eligible, 1),
            luck.address("covers"),
        )
        terms.charge(o.entry.id, "contingent", p.loss * promised, "banks")
    lent = i[made]
    f.debt[lent] += f.loan[lent]
    st.loans_made, st.loan_count = float(f.loan[lent].sum()), float(lent.size)
    if (interest > 0.0).any():
        share = interest[lent] if interest.size > 1 else interest
        terms.settle("loan_interest", share * world.outside["interest_rate"] * f.loan[lent], "firms", lent)
