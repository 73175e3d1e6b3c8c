"""The HNTE notch of ``research``: firms below the threshold reach it by R&D, by relabelling, or leave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.elementary import exp_of
from simulator.core.luck import Luck, normals_of
from simulator.core.parameters import Range, parameter
from simulator.core.selection import marked
from simulator.core.terms import Terms
from simulator.world.rules import Law, has_small_rate, law_of, threshold_of
from simulator.world.world import World


@dataclass(frozen=True)
class NotchParameters:
    """What reaching the threshold costs, and what status is worth."""

    notch_real: float = parameter(
        0.36,
        unit="CNY / CNY",
        prior=Range(0.2, 0.6, "log"),
        source="chen2021",
        doc="private cost of one more CNY of real R&D beyond what the firm wanted, after its return",
    )
    notch_relabel: float = parameter(
        1.05,
        unit="CNY / CNY",
        prior=Range(0.6, 2.0, "log"),
        source="chen2021",
        doc="curvature of the cost of relabelling, per share of required R&D; with notch_real it sets the 24.2 %",
    )
    status_worth: float = parameter(
        0.006,
        unit="1",
        prior=Range(0.0, 0.015),
        source="assumed",
        doc="what HNTE status is worth in tenders and standing, as a share of yearly revenue",
    )
    status_cost: float = parameter(
        9.0e4,
        unit="CNY",
        prior=Range(4.0e4, 2.5e5, "log"),
        source="assumed",
        doc="median cost of an application for status",
    )
    status_cost_spread: float = parameter(
        0.7, unit="log points", prior=Range(0.35, 1.2, "log"), source="assumed", doc="spread of that cost between firms"
    )
    notch_reach: float = parameter(
        1.5,
        unit="factor",
        prior=Range(0.8, 3.0, "log"),
        source="assumed",
        doc="greatest gap that a firm thinks of closing in a year, over the R&D asked of it for the year",
    )
    notch_buffer: float = parameter(
        0.005,
        unit="1",
        prior=Range(0.001, 0.02, "log"),
        source="assumed",
        doc="how far above the threshold firms aim, as a share of it",
    )


class Columns(NamedTuple):
    """The columns of firms that the answer to the notch reads and writes, by name."""

    key: np.ndarray
    alive: np.ndarray
    does_rd: np.ndarray
    hnte_informed: np.ndarray
    revenue: np.ndarray
    revenue_lag1: np.ndarray
    revenue_lag2: np.ndarray
    rd_reported: np.ndarray
    rd_lag1: np.ndarray
    rd_lag2: np.ndarray
    rd_real: np.ndarray
    profit: np.ndarray
    staff: np.ndarray
    hightech_share: np.ndarray
    status_cost: np.ndarray


class Costs(NamedTuple):
    """The parameters of the same names."""

    notch_real: float
    notch_relabel: float
    notch_reach: float
    notch_buffer: float
    status_worth: float
    status_cost_spread: float


@njit(cache=True, nogil=True)
def _price(f: Columns, cost_factor: np.ndarray, median: float) -> tuple[np.ndarray, np.ndarray]:
    """Write the ``median`` cost of status (CNY) for all; return rows and keys (m,) of those that can have it this year.

    The others do not know of it, or have no R&D to show. ``cost_factor`` is (n,), or (1,) where it is the same for all.
    """
    one = cost_factor.shape[0] == 1
    aware = np.empty(f.alive.shape[0], np.bool_)
    for i in range(f.alive.shape[0]):
        f.status_cost[i] = median * (cost_factor[0] if one else cost_factor[i])
    for i in range(f.alive.shape[0]):
        aware[i] = f.alive[i] & (f.does_rd[i] | f.hnte_informed[i] | (f.rd_lag1[i] + f.rd_lag2[i] > 0.0))
    rows = marked(aware)
    return rows, f.key[rows]


@njit(cache=True, nogil=True, error_model="numpy")
def _views(keys: np.ndarray, spread: float, address: np.uint64) -> np.ndarray:
    """Return what status costs firms (m,) over the median's."""
    luck, out = np.empty((keys.shape[0], 1)), np.empty(keys.shape[0])
    normals_of(address, keys, luck)
    for j in range(keys.shape[0]):
        out[j] = exp_of(spread * luck[j, 0])
    return out


@njit(cache=True, nogil=True)
def _answer(
    f: Columns,
    p: Costs,
    law: Law,
    cost_factor: np.ndarray,
    tax_cut: np.ndarray,
    median: float,
    award: float,
    min_hightech: float,
    valid: float,
    relabelling: bool,
    address: np.uint64,
) -> None:
    """Write what status costs each firm, and let firms below the HNTE threshold reach it by real R&D, relabel, or not.

    The test is the sum of three years' R&D over the same years' sales. The cost of a gap g is least at
    relabelling r = min(g, T * notch_real / notch_relabel), with T the R&D that the threshold asks for this year.
    ``cost_factor`` on the ``median`` cost and ``tax_cut`` are (n,), or (1,) where they are the same for all.
    """
    rows, keys = _price(f, cost_factor, median)
    over = _views(keys, p.status_cost_spread, address)
    for j in range(rows.shape[0]):
        i = rows[j]
        f.status_cost[i] *= over[j]
        if not (f.does_rd[i] and f.hnte_informed[i]) or f.hightech_share[i] < min_hightech:
            continue
        threshold = threshold_of(law, f.revenue[i])
        sales = f.revenue[i] + f.revenue_lag1[i] + f.revenue_lag2[i]
        gap = threshold * sales * (1.0 + p.notch_buffer) - (f.rd_reported[i] + f.rd_lag1[i] + f.rd_lag2[i])
        asked = threshold * f.revenue[i]
        if gap <= 0.0 or gap > p.notch_reach * asked:
            continue
        r = min(gap, asked * p.notch_real / p.notch_relabel) if relabelling else 0.0
        x = gap - r
        cost = p.notch_real * x + 0.5 * p.notch_relabel * r * r / asked
        cost += f.status_cost[i] / valid
        gain = award / valid + p.status_worth * f.revenue[i]
        if not has_small_rate(law, f.profit[i], f.staff[i]):
            cut = law.corporate_tax - law.hnte_tax + (tax_cut[i] if tax_cut.shape[0] != 1 else tax_cut[0])
            gain += cut * max(f.profit[i], 0.0)
        if gain > cost:
            f.rd_real[i] += x
            f.rd_reported[i] += x + r


def answer_notch(world: World, terms: Terms, p: NotchParameters, luck: Luck) -> None:
    """Tell firms what status costs and is worth, and let those near the threshold answer.

    Both are kept for the mechanism that grants status: a firm weighs the same cost when it applies. Firms that
    cannot apply this year are given the median cost.
    """
    f, st, rules = world.firms, world.state, world.rules
    st.status_worth = p.status_worth
    columns = Columns._make([getattr(f, name) for name in Columns._fields])
    _answer(
        columns,
        Costs._make([float(getattr(p, name)) for name in Costs._fields]),
        law_of(rules),
        terms.values("hnte_cost"),
        terms.values("hnte_tax"),
        p.status_cost * st.deflator,
        float(sum(float(np.max(o.value)) for o in terms.promises("certification_award"))),
        float(rules["hnte_hightech_share"]),
        float(max(rules["hnte_valid_years"], 1.0)),
        world.switches.get("relabelling", "on") == "on",
        luck.address("status"),
    )
