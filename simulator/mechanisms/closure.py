"""Closure: firms end, most often in their third year; loans fail, patents pass on or lapse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.agents import STATE
from simulator.world.world import World


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
        0.082,
        unit="1 / year",
        prior=Range(0.07, 0.095, "log"),
        source="obs:china/firm_hazard_age_year4_7_floor/2000-2012",
        doc="closures in years four to seven",
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
    loan_loss: float = parameter(
        0.9,
        unit="1",
        prior=Range(0.75, 0.98, "logit"),
        source="assumed",
        doc="part lost of what a borrower that closes cannot repay",
    )
    patents_passed: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="patents of a closed firm that stay with local holders; the rest lapse",
    )


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
    year: int,
    hazards: np.ndarray,
    size: float,
    knowledge: float,
    distress: float,
    news: float,
    after: float,
    address: np.uint64,
) -> np.ndarray:
    closes = np.zeros(key.shape[0], np.bool_)
    for i in range(key.shape[0]):
        if not alive[i]:
            continue
        h = hazards[min(max(age[i], 0), hazards.shape[0] - 1)]
        # closure falls with size throughout; a giant almost never closes
        h *= (max(staff[i], 1.0) / 7.0) ** (-size) * (1.0 if staff[i] < 300.0 else (staff[i] / 300.0) ** -0.5)
        if does_rd[i]:
            h *= 1.0 - knowledge
        if profit[i] < 0.0:
            h *= distress
        if cash[i] < 0.0:
            h *= distress
        h *= np.exp(-0.15 * quality[i])
        if mentored[i] > 0.05 and quality[i] < 0.0:
            h *= 1.0 + (news - 1.0) * mentored[i]
        if graduated[i] > 0 and year - graduated[i] <= 2:
            h *= after
        if state_owned[i]:
            h *= 0.5
        if uniform_at(address, key[i]) < h:
            closes[i] = True
    return closes


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
        world.year,
        hazards,
        p.size,
        p.knowledge,
        p.distress,
        p.early_news,
        p.after_graduation,
        luck.address("closes"),
    )
    rows = np.flatnonzero(closes)
    st.deaths = float(rows.size)
    if rows.size == 0:
        return
    # a firm that closes with money in hand repays first
    unpaid = np.maximum(f.loan - np.maximum(f.cash, 0.0), 0.0)
    for k in np.unique(f.loan_entry[rows][(f.loan_entry[rows] >= 0) & (unpaid[rows] > 0.0)]):
        mine = rows[f.loan_entry[rows] == k]
        entry = world.entry_ids[k]
        lost = float((p.loan_loss * unpaid[mine] * f.loan_cover[mine]).sum())
        terms.charge(entry, "outlay", world.call_pool(entry, lost), "banks")
    st.loan_defaults += float((unpaid[rows] > 0.0).sum())
    st.loans_lost += float(unpaid[rows].sum()) * p.loan_loss
    st.individual_patents += round(p.patents_passed * float(f.patents[rows].sum()))
    st.individual_quality += round(p.patents_passed * float(f.quality_patents[rows].sum()))
    st.individual_true += f.waiting_true[rows].sum(axis=0)
    st.individual_marginal += f.waiting_marginal[rows].sum(axis=0)
    for column in (f.patents, f.quality_patents, f.waiting_true, f.waiting_marginal, f.loan, f.rd_staff):
        column[rows] = 0.0
    f.alive[rows] = False
    # who worked there is free to found again; the stake of a fund is written off when it next looks


MECHANISM = Mechanism("closure", Label("Closure", "退出"), Parameters, step)
