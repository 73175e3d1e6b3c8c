"""Status: HNTE, technology SME, innovative small firm, above-scale; take-up spreads and is far from full."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.certification_bodies import BodyParameters, count_supported, recognise_bodies
from simulator.world.rules import SMALL_FIRM_STAFF, TECHNOLOGY_SME_STAFF, hnte_threshold, small_low_profit
from simulator.world.world import World

WHOLE_OFFER = 1.0e9  # CNY, more than any offer: firms take what is on the counter


@dataclass(frozen=True)
class Parameters(BodyParameters):
    """How firms hear of a status, apply for it, and get it."""

    contact: float = parameter(
        0.80,
        unit="1 / year",
        prior=Range(0.35, 1.6, "log"),
        source="obs:qingdao/hnte_count/2016",
        doc="chance that an R&D firm in a sector where all R&D firms are certified hears of it in a year",
    )
    own_search: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.04, 0.20, "log"),
        source="assumed",
        doc="chance that an R&D firm finds out by itself",
    )
    approval: float = parameter(
        0.85, unit="1", prior=Range(0.7, 0.95, "logit"), source="assumed", doc="share of applications that are approved"
    )
    technicians: float = parameter(
        5.0,
        unit="factor",
        prior=Range(2.5, 9.0, "log"),
        source="assumed",
        doc="technical staff in the sense of the rule, over full-time R&D staff",
    )
    other_technicians: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.02, 0.08),
        source="assumed",
        doc="technical staff outside R&D over all staff, in the sense of the rule",
    )
    recognise: float = parameter(
        0.22,
        unit="1 / year",
        prior=Range(0.10, 0.40, "logit"),
        source="assumed",
        doc="chance that a technology firm of a year or more enters the city's list of technology SMEs",
    )
    recognise_active: float = parameter(
        1.4,
        unit="factor",
        prior=Range(1.0, 2.0, "log"),
        source="assumed",
        doc="the same for firms that do R&D or sit in an incubator",
    )
    recognise_passive: float = parameter(
        0.8, unit="factor", prior=Range(0.4, 1.0, "log"), source="assumed", doc="the same for the others"
    )
    innovative: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.04, 0.2, "logit"),
        source="assumed",
        doc="chance that a small firm with innovations is recognised as innovative",
    )
    scale_lag: float = parameter(
        0.6,
        unit="1 / year",
        prior=Range(0.35, 0.85, "logit"),
        source="assumed",
        doc="chance that a firm past the threshold enters the above-scale register in a year",
    )
    scale_exit: float = parameter(
        0.8,
        unit="1",
        prior=Range(0.6, 0.95, "logit"),
        source="assumed",
        doc="revenue over the threshold under which a firm may leave the register: offices are slow to strike out",
    )
    support_rd: float = parameter(
        1.0,
        unit="standard deviations",
        prior=Range(0.3, 2.0),
        source="assumed",
        doc="rank of an R&D firm for the growth programme, over one of the same quality without R&D",
    )
    support_noise: float = parameter(
        0.7,
        unit="standard deviations",
        prior=Range(0.3, 1.5, "log"),
        source="assumed",
        doc="error of the growth programme's view of a firm",
    )


def _step_hnte(world: World, terms: Terms, p: Parameters, luck: Luck, outreach: np.ndarray) -> None:
    """Tell firms of HNTE status as far as contact and ``outreach`` (n,) reach, and certify those that apply."""
    f, st, rules, year = world.firms, world.state, world.rules, world.year
    share = _certified_share(world)
    open_ = np.flatnonzero(f.alive & f.does_rd & ~f.hnte_informed)
    told = p.own_search + p.contact * share[f.sector[open_]] + outreach[open_]
    f.hnte_informed[open_[luck.uniform(f.key[open_], "told") < np.minimum(told, 0.95)]] = True
    f.technicians[:] = p.technicians * f.rd_staff + p.other_technicians * f.staff
    # of those who know of it, this year's certificate runs out, or there is none
    rows = np.flatnonzero(f.alive & f.hnte_informed & (f.hnte_until <= year))
    # own IP is met by utility models, filed as part of an application; their cost is in it
    meets = f.technicians[rows] >= rules["hnte_staff_share"] * f.staff[rows]
    meets &= f.hightech_share[rows] >= rules["hnte_hightech_share"]
    rows = rows[meets & (f.founded[rows] <= year - np.ceil(rules["hnte_min_age"]))]
    revenue = f.revenue[rows]
    sales = revenue + f.revenue_lag1[rows] + f.revenue_lag2[rows]
    ratio = (f.rd_reported[rows] + f.rd_lag1[rows] + f.rd_lag2[rows]) / np.maximum(sales, 1.0)
    enough = ratio >= hnte_threshold(rules, revenue)
    rows, revenue = rows[enough], revenue[enough]
    cut = rules["corporate_tax"] - rules["hnte_tax"] + terms.column("hnte_tax")[rows]
    profit = f.profit[rows]
    small_rate = small_low_profit(rules, profit, f.staff[rows])
    valid = max(rules["hnte_valid_years"], 1.0)
    offers = terms.promises("certification_award")
    award = sum(float(np.max(o.value)) for o in offers)
    gain = valid * (np.where(small_rate, 0.0, cut) * np.maximum(profit, 0.0) + st.status_worth * revenue) + award
    applies = rows[gain > f.status_cost[rows]]
    passed = applies[luck.uniform(f.key[applies], "passes") < p.approval]
    f.hnte_until[passed] = year + round(valid) - 1 + (f.hnte_until[passed] == year)
    if offers and passed.size:
        terms.draw("certification_award", passed, np.full(passed.size, WHOLE_OFFER), f.rd_reported[passed])
    certified = f.alive & (f.hnte_until >= year)
    st.hnte_revenue = float(f.revenue[certified].sum())


def _certified_share(world: World) -> np.ndarray:
    """Return by sector (S,) the share of R&D firms that hold HNTE status."""
    f, count = world.firms, len(world.sectors)
    performers, certified = _holders(f.alive, f.sector, f.does_rd, f.hnte_until, world.year, count)
    return np.minimum(certified / np.maximum(performers, 1), 1.0)


@njit(cache=True, nogil=True)
def _holders(
    alive: np.ndarray, sector: np.ndarray, does_rd: np.ndarray, until: np.ndarray, year: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Count the living firms of each sector (S,) that do R&D, and those whose certificate is valid."""
    performers, certified = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for i in range(alive.shape[0]):
        if alive[i]:
            performers[sector[i]] += does_rd[i]
            certified[sector[i]] += until[i] >= year
    return performers, certified


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Renew and grant HNTE status, and keep the other registers."""
    f, year = world.firms, world.year
    _support(world, terms, p, luck)
    outreach = terms.column("status_outreach")
    _step_hnte(world, terms, p, luck, outreach)
    recognise_bodies(world, terms, p, luck)
    count_supported(world, luck)
    small = f.alive & ~f.above_scale & (f.staff < SMALL_FIRM_STAFF)
    grown = small & (f.founded <= year - 1) & ~f.technology_sme
    rows = np.flatnonzero(grown)
    active = f.does_rd[rows] | (f.incubator[rows] >= 0)
    seen = p.recognise * np.where(active, p.recognise_active, p.recognise_passive)
    seen += outreach[rows]
    f.technology_sme[rows[luck.uniform(f.key[rows], "recognised") < seen]] = True
    f.technology_sme &= f.alive & (f.staff < TECHNOLOGY_SME_STAFF)
    rows = np.flatnonzero(small & (f.innovations > 0) & ~f.innovative_small)
    f.innovative_small[rows[luck.uniform(f.key[rows], "innovative") < p.innovative]] = True
    f.innovative_small &= f.alive & (f.staff < SMALL_FIRM_STAFF)
    threshold = world.rules["above_scale_threshold"]
    industry = world.region.sector("above_scale_firms") > 0
    rows = np.flatnonzero(f.alive & ~f.above_scale & (f.revenue >= threshold))
    rows = rows[industry[f.sector[rows]]]
    f.above_scale[rows[luck.uniform(f.key[rows], "scale") < p.scale_lag]] = True
    f.above_scale &= f.alive
    rows = np.flatnonzero(f.above_scale & (f.revenue < p.scale_exit * threshold))
    f.above_scale[rows[luck.uniform(f.key[rows], "below") < p.scale_lag]] = False


def _support(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Put firms on the growth programme's list, the most promising first."""
    if not terms.offered("growth_support"):
        return
    f = world.firms
    rows = np.flatnonzero(f.alive & f.technology_sme)
    rank = f.quality[rows] + p.support_rd * f.does_rd[rows] + p.support_noise * luck.normal(f.key[rows], "rank")
    paid = terms.draw("growth_support", rows, np.full(rows.size, WHOLE_OFFER), rank)
    f.supported[paid.index] = world.year
    # what the programme's services are worth relieves the firm like cash of its own
    f.cash[paid.index] += paid.real - paid.amount
    f.hnte_informed[paid.index] = True


MECHANISM = Mechanism("certification", Label("Status", "资质认定"), Parameters, step)
