"""Closure: firms end, most often in their third year; loans fail, patents pass on or lapse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.agents import PRIVATE, STATE
from simulator.world.rules import SMALL_FIRM_STAFF
from simulator.world.world import World

REFERENCE_STAFF = 7.0  # staff at which the chances by age are stated: a small firm a year after opening
FADED = 0.05  # mentoring below this is over


@dataclass(frozen=True)
class Parameters:
    """Who closes."""

    first: float = parameter(
        0.016,
        unit="1 / year",
        prior=Range(0.010, 0.03, "log"),
        source="obs:china/firm_hazard_age_year1/2000-2012",
        doc="closures in the first year",
    )
    second: float = parameter(
        0.063,
        unit="1 / year",
        prior=Range(0.045, 0.085, "log"),
        source="obs:china/firm_hazard_age_year2/2000-2012",
        doc="closures in the second year",
    )
    third: float = parameter(
        0.095,
        unit="1 / year",
        prior=Range(0.075, 0.12, "log"),
        source="obs:china/firm_hazard_age_year3/2000-2012",
        doc="closures in the third year, the peak",
    )
    middle: float = parameter(
        0.075,
        unit="1 / year",
        prior=Range(0.062, 0.088, "log"),
        source="obs:china/firm_hazard_age_year4_7_floor/2000-2012",
        doc="closures in years four to seven before losses and leaving an incubator add to them (at least 8 % in all)",
    )
    late: float = parameter(
        0.045,
        unit="1 / year",
        prior=Range(0.03, 0.06, "log"),
        source="obs:china/firm_death_rate/2012",
        doc="closures from year eight on (6.2 % over all ages)",
    )
    size: float = parameter(
        0.18,
        unit="elasticity",
        prior=Range(0.08, 0.3),
        source="survival_capital2013",
        doc="fall of closure with staff (ten-year survival 40 to 90 % by registered capital)",
    )
    size_large: float = parameter(
        0.5,
        unit="elasticity",
        prior=Range(0.2, 0.9),
        source="assumed",
        doc="further fall of closure with staff beyond small firms: a giant almost never closes",
    )
    quality: float = parameter(
        0.15,
        unit="1 / standard deviation",
        prior=Range(0.0, 0.35),
        source="assumed",
        doc="fall of log closure with a firm's quality",
    )
    knowledge: float = parameter(
        0.20, unit="1", prior=Range(0.05, 0.4), source="assumed", doc="lower closure of firms that do R&D"
    )
    distress: float = parameter(
        1.5,
        unit="factor",
        prior=Range(1.1, 2.2, "log"),
        source="assumed",
        doc="closure of firms with losses; squared without cash",
    )
    early_news: float = parameter(
        1.2,
        unit="factor",
        prior=Range(1.0, 1.5, "log"),
        source="judgement_accelerator_exit",
        doc="closure of weak tenants under full mentoring: they are told early",
    )
    after_graduation: float = parameter(
        1.25,
        unit="factor",
        prior=Range(1.0, 1.6, "log"),
        source="schwartz2013",
        doc="closure in the two years after leaving an incubator",
    )
    state_owned: float = parameter(
        0.5,
        unit="factor",
        prior=Range(0.25, 0.9, "log"),
        source="assumed",
        doc="closure of state-owned firms, which are held up or merged",
    )
    recovered: float = parameter(
        0.3333333333333333,
        unit="factor",
        prior=Range(0.1, 0.7, "log"),
        source="assumed",
        doc="what a lender gets back of the debt that a closed borrower cannot repay, over what it gets back "
        "from one that fails and goes on",
    )
    exposed: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.0, 0.3),
        source="assumed",
        doc="more closures of loss-making firms past their first years where nothing shelters incumbents",
    )
    shelter_years: float = parameter(
        5.0, unit="years", prior=Range(3.0, 8.0), source="assumed", doc="age from which a firm is an incumbent"
    )
    footloose: float = parameter(
        0.06,
        unit="1 / year",
        prior=Range(0.01, 0.15, "log"),
        source="assumed",
        doc="firms that came from elsewhere and leave again, once the years are over for which awards bind them",
    )
    bound_years: float = parameter(
        3.0, unit="years", prior=Range(2.0, 5.0), source="assumed", doc="years for which awards bind them"
    )
    patents_passed: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="patents of a closed firm that stay with local holders; the rest lapse",
    )


class Odds(NamedTuple):
    """The parameters of the same names."""

    size: float
    size_large: float
    quality: float
    knowledge: float
    distress: float
    early_news: float
    after_graduation: float
    state_owned: float
    exposed: float
    shelter_years: float
    footloose: float
    bound_years: float


@njit(cache=True, nogil=True)
def _close(
    key: np.ndarray,
    alive: np.ndarray,
    age: np.ndarray,
    staff: np.ndarray,
    does_rd: np.ndarray,
    profit: np.ndarray,
    cash: np.ndarray,
    quality: np.ndarray,
    mentored: np.ndarray,
    graduated: np.ndarray,
    state_owned: np.ndarray,
    settled: np.ndarray,
    opened: float,
    year: int,
    hazards: np.ndarray,
    p: Odds,
    address: np.uint64,
) -> np.ndarray:
    closes = np.zeros(key.shape[0], np.bool_)
    for i in range(key.shape[0]):
        if not alive[i]:
            continue
        h = hazards[min(max(age[i] - 1, 0), hazards.shape[0] - 1)]  # newcomers join at the end of their first year
        # closure falls with size throughout; a giant almost never closes
        h *= (max(staff[i], 1.0) / REFERENCE_STAFF) ** (-p.size)
        h *= 1.0 if staff[i] < SMALL_FIRM_STAFF else (staff[i] / SMALL_FIRM_STAFF) ** (-p.size_large)
        if does_rd[i]:
            h *= 1.0 - p.knowledge
        if profit[i] < 0.0:
            h *= p.distress
        if cash[i] < 0.0:
            h *= p.distress
        h *= np.exp(-p.quality * quality[i])
        if mentored[i] > FADED and quality[i] < 0.0:
            h *= 1.0 + (p.early_news - 1.0) * mentored[i]
        if graduated[i] > 0 and year - graduated[i] <= 2:
            h *= p.after_graduation
        if state_owned[i]:
            h *= p.state_owned
        if opened > 0.0 and profit[i] < 0.0 and age[i] > p.shelter_years:
            h *= 1.0 + p.exposed * opened
        if settled[i] > 0 and year - settled[i] > p.bound_years:
            h += p.footloose
        if uniform_at(address, key[i]) < h:
            closes[i] = True
    return closes


def _founders_left(world: World, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the founders of small private firms take with them from the firms that close, by column."""
    f = world.firms
    mine = rows[(f.ownership[rows] == PRIVATE) & ~f.above_scale[rows] & (f.settled[rows] == 0)]
    return {name: getattr(f, name)[mine].copy() for name in ("key", "sector", "district", "tech", "quality")}


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Close firms, let their loans fail and their patents pass on."""
    f, st = world.firms, world.state
    hazards = np.array([p.first, p.second, p.third, *([p.middle] * 4), p.late])
    closes = _close(
        f.key,
        f.alive,
        world.year - f.founded,
        f.staff,
        f.does_rd,
        f.profit,
        f.cash,
        f.quality,
        f.mentored,
        f.graduated,
        f.ownership == STATE,
        f.settled,
        1.0 - float(np.asarray(terms.total("incumbent_shelter"))),
        world.year,
        hazards,
        Odds._make(float(getattr(p, name)) for name in Odds._fields),
        luck.address("closes"),
    )
    rows = np.flatnonzero(closes)
    st.deaths = float(rows.size)
    st.failed = _founders_left(world, rows)
    if rows.size == 0:
        return
    loss = 1.0 - (1.0 - st.loan_loss) * p.recovered
    # a firm that closes with money in hand repays first, loans on patents last
    hand = np.maximum(f.cash[rows], 0.0)
    owed = (
        (f.loan[rows], f.loan_cover[rows], f.loan_entry[rows]),
        (f.pledge[rows], f.pledge_cover[rows], f.pledge_entry[rows]),
    )
    for number, (lent, cover, promised) in enumerate(owed):
        unpaid = np.maximum(lent - hand, 0.0)
        hand = np.maximum(hand - lent, 0.0)
        for k in np.unique(promised[(promised >= 0) & (unpaid > 0.0)]):
            entry = world.entry_ids[k]
            lost = float((loss * unpaid * cover)[promised == k].sum())
            terms.charge(entry, "outlay", world.call_pool(entry, lost), "banks")
        if number == 0:
            st.loan_defaults += float((unpaid > 0.0).sum())
    st.individual_patents += round(p.patents_passed * float(f.patents[rows].sum()))
    st.individual_quality += round(p.patents_passed * float(f.quality_patents[rows].sum()))
    st.individual_true += f.waiting_true[rows].sum(axis=0)
    st.individual_marginal += f.waiting_marginal[rows].sum(axis=0)
    filed = (f.patents, f.quality_patents, f.waiting_true, f.waiting_marginal)
    for column in (*filed, f.loan, f.pledge, f.bond, f.rd_staff):
        column[rows] = 0.0
    f.alive[rows] = False
    held = rows[f.fund[rows] >= 0]  # the stakes of funds are written off
    st.exits += float(held.size)
    st.exits_below += float(held.size)
    f.fund[held] = -1
    f.stake[held] = 0.0


MECHANISM = Mechanism("closure", Label("Closure", "退出"), Parameters, step)
