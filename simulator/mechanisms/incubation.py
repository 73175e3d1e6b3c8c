"""Incubation: seats bind, support shows quality, tenants graduate; space and cash alone change nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.agents import MAKER_SPACE
from simulator.world.world import World

WHOLE_OFFER = 1.0e7  # CNY, more than any offer: spaces take what is on the counter


@dataclass(frozen=True)
class Parameters:
    """Who gets in, what it brings, and when they leave."""

    apply: float = parameter(
        0.45,
        unit="1 / year",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="chance that a young firm without a seat applies for one",
    )
    outsiders: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.03, 0.35, "logit"),
        source="assumed",
        doc="chance that a small technology firm past three years applies: cheap space fills first",
    )
    young_years: float = parameter(
        3.0,
        unit="years",
        prior=Range(2.0, 5.0),
        source="assumed",
        doc="age up to which a firm counts as young for incubators",
    )
    young_bonus: float = parameter(
        1.0,
        unit="standard deviations",
        prior=Range(0.0, 2.0),
        source="assumed",
        doc="preference of incubators for young firms over older ones of the same quality",
    )
    staff_limit: float = parameter(
        100.0,
        unit="persons",
        prior=Range(40.0, 200.0, "log"),
        source="assumed",
        doc="staff from which a firm is too large for an incubator",
    )
    noise: float = parameter(
        1.0,
        unit="standard deviations",
        prior=Range(0.5, 2.0, "log"),
        source="assumed",
        doc="error of an incubator's view of an applicant's quality",
    )
    mentor_load: float = parameter(
        12.0,
        unit="firms / mentor",
        prior=Range(6.0, 25.0, "log"),
        source="assumed",
        doc="tenants at which one mentor's attention is halved: mentors congest",
    )
    professional: float = parameter(
        1.3,
        unit="factor",
        prior=Range(1.0, 2.0, "log"),
        source="yu2020",
        doc="mentoring in places run by professional operators",
    )
    professional_choice: float = parameter(
        0.3,
        unit="standard deviations",
        prior=Range(0.0, 0.8),
        source="assumed",
        doc="how much better professional operators stand with applicants and mentors than other places",
    )
    professional_sight: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.0, 0.6),
        source="assumed",
        doc="part of the error in judging applicants that is gone where all places are run by professionals",
    )
    operator_ready: float = parameter(
        0.3,
        unit="1 / year",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="places that would be handed to a professional operator in a year if there were an award for it",
    )
    reward_effort: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.0, 0.3),
        source="assumed",
        doc="more mentoring in a place that is rewarded for its graduates, at most; no measured size was found",
    )
    reward_half: float = parameter(
        2.0e4,
        unit="CNY / tenant / year",
        prior=Range(5.0e3, 8.0e4, "log"),
        source="assumed",
        doc="reward per tenant at which half of that is reached, at the wages of the start year",
    )
    mentor_quality: float = parameter(
        0.4,
        unit="1 / standard deviation",
        prior=Range(0.1, 0.8),
        source="assumed",
        doc="log mentors drawn by a place per standard deviation of its quality",
    )
    support_years: float = parameter(
        3.0, unit="years", prior=Range(1.5, 5.0, "log"), source="judgement_effects", doc="how long mentoring shows"
    )
    space_cost: float = parameter(
        3.0e5,
        unit="CNY / year",
        prior=Range(1.0e5, 8.0e5, "log"),
        source="assumed",
        doc="running cost of a maker space that fees would have to cover",
    )
    stay: float = parameter(
        4.0,
        unit="years",
        prior=Range(3.0, 5.5),
        source="assumed",
        doc="mean tenancy of those who stay beyond the least",
    )
    least_years: float = parameter(
        3.0, unit="years", prior=Range(2.0, 4.0), source="assumed", doc="tenancy before which nobody has to leave"
    )


@njit(cache=True, nogil=True)
def _graduate(
    key: np.ndarray,
    alive: np.ndarray,
    incubator: np.ndarray,
    incubated: np.ndarray,
    graduated: np.ndarray,
    year: int,
    least: float,
    chance: float,
    places: int,
    address: np.uint64,
) -> np.ndarray:
    """Let a year pass for tenants and some of them leave; return how many leave each place (k,)."""
    out = np.zeros(places, np.int64)
    for i in range(key.shape[0]):
        if alive[i] and incubator[i] >= 0:
            incubated[i] += 1
            if incubated[i] >= least and uniform_at(address, key[i]) < chance:
                out[incubator[i]] += 1
                graduated[i] = year
                incubator[i] = -1
    return out


@njit(cache=True, nogil=True)
def _applicants(
    key: np.ndarray,
    alive: np.ndarray,
    incubator: np.ndarray,
    graduated: np.ndarray,
    above_scale: np.ndarray,
    staff: np.ndarray,
    age: np.ndarray,
    staff_limit: float,
    young_years: float,
    young: float,
    old: float,
    address: np.uint64,
) -> np.ndarray:
    """Return the rows of the firms that apply for a seat, by the chance of the young and of the old."""
    rows = np.empty(key.shape[0], np.int64)
    m = 0
    for i in range(key.shape[0]):
        if not alive[i] or incubator[i] >= 0 or graduated[i] != 0 or above_scale[i] or staff[i] >= staff_limit:
            continue
        if uniform_at(address, key[i]) < (young if age[i] <= young_years else old):
            rows[m] = i
            m += 1
    return rows[:m]


def _rewarded(terms: Terms, p: Parameters, luck: Luck, world: World, graduates: np.ndarray) -> np.ndarray:
    """Hand places to professional operators for an award, reward graduations; return the (k,) factor on mentoring."""
    inc = world.incubators
    if terms.offered("operator_award"):
        ready = luck.uniform(inc.key, "operator ready") < p.operator_ready
        rows = np.flatnonzero(inc.alive & ~inc.professional & ready)
        paid = terms.draw("operator_award", rows, np.full(rows.size, WHOLE_OFFER), inc.tenants[rows])
        inc.professional[paid.index[paid.real > 0.0]] = True
    effort = np.ones(len(inc))
    if terms.offered("graduation_reward"):
        rows = np.flatnonzero(inc.alive & (graduates > 0))
        count = graduates[rows].astype(float)
        paid = terms.draw("graduation_reward", rows, WHOLE_OFFER * count, count, units=count)
        each = paid.real / (np.maximum(inc.tenants[paid.index], 1.0) * world.state.wage_index)
        effort[paid.index] += p.reward_effort * each / (each + p.reward_half)
    return effort


def _blur(world: World, p: Parameters) -> float:
    """Return the error in judging applicants over that of places without professional operators."""
    inc = world.incubators
    open_ = inc.alive & (inc.kind != MAKER_SPACE)
    return 1.0 - p.professional_sight * float(inc.professional[open_].mean()) if open_.any() else 1.0


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Graduate tenants, fill free seats by visible quality, mentor those inside, support maker spaces."""
    f, inc, st = world.firms, world.incubators, world.state
    year = world.year
    f.mentored *= 1.0 - 1.0 / p.support_years
    graduates = _graduate(
        f.key,
        f.alive,
        f.incubator,
        f.incubated,
        f.graduated,
        year,
        p.least_years,
        1.0 / max(p.stay - (p.least_years - 1.0), 1.0),
        len(inc),
        luck.address("graduates"),
    )
    effort = _rewarded(terms, p, luck, world, graduates)
    standing = inc.quality + p.professional_choice * inc.professional

    age = year - f.founded
    rows = _applicants(
        f.key,
        f.alive,
        f.incubator,
        f.graduated,
        f.above_scale,
        f.staff,
        age,
        p.staff_limit,
        p.young_years,
        p.apply,
        p.outsiders,
        luck.address("applies"),
    )
    if rows.size:
        seen = (
            f.quality[rows]
            + p.noise * _blur(world, p) * luck.normal(f.key[rows], "seen")
            + np.where(age[rows] <= p.young_years, p.young_bonus, 0.0)
        )
        rows = rows[np.lexsort((f.key[rows], -seen))]
        held = np.bincount(f.incubator[f.alive & (f.incubator >= 0)], minlength=len(inc))
        free = np.maximum(np.where(inc.alive & (inc.kind != MAKER_SPACE), inc.seats - held, 0.0), 0.0).astype(int)
        # the best places choose first
        seats = np.repeat(np.argsort(-standing, kind="stable"), free[np.argsort(-standing, kind="stable")])
        placed = rows[: seats.size]
        f.incubator[placed] = seats[: placed.size]
        f.incubated[placed] = 0
    inside = np.flatnonzero(f.alive & (f.incubator >= 0))
    here = f.incubator[inside]
    inc.tenants[:] = np.bincount(here, minlength=len(inc))

    mentors = world.pools.stock[world.pool("mentors")]
    weight = np.where(inc.alive, inc.tenants * np.exp(p.mentor_quality * standing), 0.0)
    inc.mentors[:] = mentors * weight / max(float(weight.sum()), 1.0)
    attention = inc.mentors * p.mentor_load / (inc.mentors * p.mentor_load + np.maximum(inc.tenants, 1.0))
    attention = attention * np.where(inc.professional, p.professional, 1.0) * effort
    f.mentored[inside] = np.maximum(f.mentored[inside], attention[here])

    spaces = np.flatnonzero(inc.alive & (inc.kind == MAKER_SPACE))
    inc.fee_relief[:] = 0.0
    if spaces.size and terms.offered("maker_support"):
        paid = terms.draw("maker_support", spaces, np.full(spaces.size, WHOLE_OFFER), inc.quality[spaces])
        inc.fee_relief[paid.index] = np.minimum(1.0, paid.real / (p.space_cost * st.wage_index))


MECHANISM = Mechanism("incubation", Label("Incubation", "孵化"), Parameters, step)
