"""Closure: firms end, most often in their third year; loans fail, patents pass on or lapse."""

from __future__ import annotations

import math
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
STEPS = (1.0, 5.0, 15.0, 60.0)  # staff from which a chance is bounded anew
ROUNDING = 1e-12  # more than the relative error of a product


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
        doc="closure in the two years after leaving an incubator, whose support ends; only under incubators: mentoring",
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


class Estate(NamedTuple):
    """The columns of firms (n,) of the same names: what closed firms owe and leave, (n, LAGS) where it waits."""

    alive: np.ndarray
    cash: np.ndarray
    loan: np.ndarray
    loan_cover: np.ndarray
    loan_entry: np.ndarray
    pledge: np.ndarray
    pledge_cover: np.ndarray
    pledge_entry: np.ndarray
    bond: np.ndarray
    rd_staff: np.ndarray
    patents: np.ndarray
    quality_patents: np.ndarray
    waiting_true: np.ndarray
    waiting_marginal: np.ndarray
    fund: np.ndarray
    stake: np.ndarray


@njit(cache=True, nogil=True)
def _close(
    key: np.ndarray,
    alive: np.ndarray,
    founded: np.ndarray,
    staff: np.ndarray,
    does_rd: np.ndarray,
    profit: np.ndarray,
    cash: np.ndarray,
    quality: np.ndarray,
    mentored: np.ndarray,
    graduated: np.ndarray,
    ownership: np.ndarray,
    settled: np.ndarray,
    opened: float,
    year: int,
    hazards: np.ndarray,
    p: Odds,
    address: np.uint64,
) -> np.ndarray:
    """Return the rows of the firms that close; ``hazards`` are the chances by age in years from the first on."""
    rows = np.empty(key.shape[0], np.int64)
    m = 0
    last, without, distressed = hazards.shape[0] - 1, 1.0 - p.knowledge, opened > 0.0
    # what staff of no less than each step multiplies a chance by at most
    by_size = (np.array(STEPS) / REFERENCE_STAFF) ** (-p.size) * (1.0 + ROUNDING)
    most, moves = by_size[0], max(p.footloose, 0.0)
    worst, news = max(1.0, 1.0 + p.exposed * opened) * max(1.0, p.after_graduation), max(p.early_news - 1.0, 0.0)
    worst *= max(1.0, p.state_owned) * (1.0 + ROUNDING)  # what else can raise a chance, but for the firm's quality
    count = 0
    for i in range(key.shape[0]):  # no branch, which would be guessed wrong too often
        x = -p.quality * quality[i]
        size = int(staff[i] >= STEPS[1]) + int(staff[i] >= STEPS[2]) + int(staff[i] >= STEPS[3])
        h = hazards[min(max(year - founded[i] - 1, 0), last)] * by_size[size] * (without if does_rd[i] else 1.0)
        h *= (p.distress if profit[i] < 0.0 else 1.0) * (p.distress if cash[i] < 0.0 else 1.0)
        h *= 1.0 + news * mentored[i]  # at least as high as what the firm's quality decides below
        rows[count] = i
        # up to 1.5, exp(x) is no more than 1 + x + x^2
        near = uniform_at(address, key[i]) <= worst * (1.0 + x + x * x) * h + (moves if settled[i] > 0 else 0.0)
        count += alive[i] & (near | (x > 1.5))
    for i in rows[:count]:
        age = year - founded[i]
        h = hazards[min(max(age - 1, 0), last)]  # newcomers join at the end of their first year
        h *= without if does_rd[i] else 1.0
        h *= p.distress if profit[i] < 0.0 else 1.0
        h *= p.distress if cash[i] < 0.0 else 1.0
        if distressed and profit[i] < 0.0 and age > p.shelter_years:
            h *= 1.0 + p.exposed * opened
        if mentored[i] > FADED and quality[i] < 0.0:
            h *= 1.0 + (p.early_news - 1.0) * mentored[i]
        if graduated[i] > 0 and year - graduated[i] <= 2:
            h *= p.after_graduation
        if ownership[i] == STATE:
            h *= p.state_owned
        leaves = p.footloose if settled[i] > 0 and year - settled[i] > p.bound_years else 0.0
        u = uniform_at(address, key[i])
        h *= math.exp(-p.quality * quality[i])
        if u > most * h + leaves:
            continue
        # closure falls with size throughout; a giant almost never closes
        h *= (max(staff[i], 1.0) / REFERENCE_STAFF) ** (-p.size)
        if staff[i] >= SMALL_FIRM_STAFF:
            h *= (staff[i] / SMALL_FIRM_STAFF) ** (-p.size_large)
        if u < h + leaves:
            rows[m] = i
            m += 1
    return rows[:m].copy()


@njit(cache=True, nogil=True)
def _wind_up(
    rows: np.ndarray, f: Estate, loss: float, entries: int
) -> tuple[np.ndarray, int, float, float, np.ndarray, np.ndarray, int]:
    """Let firms (m,) end: what they have in hand repays loans, loans on patents last; stakes of funds are lost.

    Returns what lenders lose under the cover of each entry on both kinds of loan (2, entries), how many loans are
    not repaid, the patents left, those of them from true filings, the filings that wait (LAGS,), true and marginal,
    and the number of stakes.
    """
    lost, defaults, stakes = np.zeros((2, entries)), 0, 0
    patents = quality_patents = 0.0
    waiting_true, waiting_marginal = np.zeros(f.waiting_true.shape[1]), np.zeros(f.waiting_marginal.shape[1])
    for i in rows:
        hand = max(f.cash[i], 0.0)
        unpaid = max(f.loan[i] - hand, 0.0)
        if unpaid > 0.0:
            defaults += 1
            if f.loan_entry[i] >= 0:
                lost[0, f.loan_entry[i]] += loss * unpaid * f.loan_cover[i]
        unpaid = max(f.pledge[i] - max(hand - f.loan[i], 0.0), 0.0)
        if unpaid > 0.0 and f.pledge_entry[i] >= 0:
            lost[1, f.pledge_entry[i]] += loss * unpaid * f.pledge_cover[i]
        patents += f.patents[i]
        quality_patents += f.quality_patents[i]
        for lag in range(waiting_true.shape[0]):
            waiting_true[lag] += f.waiting_true[i, lag]
            waiting_marginal[lag] += f.waiting_marginal[i, lag]
            f.waiting_true[i, lag] = f.waiting_marginal[i, lag] = 0.0
        f.patents[i] = f.quality_patents[i] = f.loan[i] = f.pledge[i] = f.bond[i] = f.rd_staff[i] = 0.0
        f.alive[i] = False
        if f.fund[i] >= 0:
            stakes += 1
            f.fund[i], f.stake[i] = -1, 0.0
    return lost, defaults, patents, quality_patents, waiting_true, waiting_marginal, stakes


@njit(cache=True, nogil=True)
def _small_private(
    rows: np.ndarray,
    ownership: np.ndarray,
    above_scale: np.ndarray,
    settled: np.ndarray,
    key: np.ndarray,
    sector: np.ndarray,
    district: np.ndarray,
    tech: np.ndarray,
    quality: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the last five columns for those of the ``rows`` (m,) that are small, private and did not come here."""
    keys, sectors, districts = np.empty(rows.size, np.uint64), np.empty_like(rows), np.empty_like(rows)
    techs, qualities = np.empty((rows.size, tech.shape[1]), np.float32), np.empty(rows.size)
    m = 0
    for i in rows:
        if ownership[i] == PRIVATE and not above_scale[i] and settled[i] == 0:
            keys[m], sectors[m], districts[m], qualities[m] = key[i], sector[i], district[i], quality[i]
            for k in range(tech.shape[1]):
                techs[m, k] = tech[i, k]
            m += 1
    return keys[:m], sectors[:m], districts[:m], techs[:m], qualities[:m]


def _founders_left(world: World, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the founders of small private firms take with them from the firms that close, by column."""
    f = world.firms
    left = ("key", "sector", "district", "tech", "quality")
    values = _small_private(rows, f.ownership, f.above_scale, f.settled, *[getattr(f, name) for name in left])
    return dict(zip(left, values, strict=True))


def _odds(world: World, p: Parameters) -> Odds:
    """Return what closure goes by in this run."""
    odds = Odds._make(float(getattr(p, name)) for name in Odds._fields)
    if world.switches.get("incubators", "mentoring") == "mentoring":
        return odds
    return odds._replace(after_graduation=1.0)  # no support that could end


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Close firms, let their loans fail and their patents pass on."""
    f, st = world.firms, world.state
    rows = _close(
        f.key,
        f.alive,
        f.founded,
        f.staff,
        f.does_rd,
        f.profit,
        f.cash,
        f.quality,
        f.mentored,
        f.graduated,
        f.ownership,
        f.settled,
        1.0 - float(np.asarray(terms.total("incumbent_shelter"))),
        world.year,
        np.array([p.first, p.second, p.third, *([p.middle] * 4), p.late]),
        _odds(world, p),
        luck.address("closes"),
    )
    st.deaths = float(rows.size)
    st.failed = _founders_left(world, rows)
    if rows.size == 0:
        return
    estate = Estate._make(getattr(f, name) for name in Estate._fields)
    loss = 1.0 - (1.0 - st.loan_loss) * p.recovered
    lost, defaults, patents, quality_patents, true, marginal, stakes = _wind_up(
        rows, estate, loss, len(world.entry_ids)
    )
    for kind in lost:
        for k in np.flatnonzero(kind):
            entry = world.entry_ids[k]
            terms.charge(entry, "outlay", world.call_pool(entry, float(kind[k])), "banks")
    st.loan_defaults += float(defaults)
    st.individual_patents += round(p.patents_passed * patents)
    st.individual_quality += round(p.patents_passed * quality_patents)
    st.individual_true += true
    st.individual_marginal += marginal
    st.exits += float(stakes)
    st.exits_below += float(stakes)


MECHANISM = Mechanism("closure", Label("Closure", "退出"), Parameters, step)
