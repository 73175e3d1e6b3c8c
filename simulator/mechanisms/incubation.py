"""Incubation: seats bind, support shows quality, tenants graduate; space and cash alone change nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms, lowest_first
from simulator.mechanisms.incubation_kernels import Places, fill, mentor, seen, turn
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


def _rewarded(terms: Terms, p: Parameters, luck: Luck, world: World, graduates: np.ndarray) -> np.ndarray:
    """Hand places to professional operators for an award, reward graduations; return the (k,) factor on mentoring."""
    inc = world.incubators
    if terms.offered("operator_award"):
        ready = luck.uniform(inc.key, "operator ready") < p.operator_ready
        rows = (inc.alive & ~inc.professional & ready).nonzero()[0]
        paid = terms.draw("operator_award", rows, np.full(rows.size, WHOLE_OFFER), inc.tenants[rows])
        inc.professional[paid.index[paid.real > 0.0]] = True
    effort = np.ones(len(inc))
    if terms.offered("graduation_reward"):
        rows = (inc.alive & (graduates > 0)).nonzero()[0]
        count = graduates[rows].astype(float)
        paid = terms.draw("graduation_reward", rows, WHOLE_OFFER * count, count, units=count)
        each = paid.real / (np.maximum(inc.tenants[paid.index], 1.0) * world.state.wage_index)
        effort[paid.index] += p.reward_effort * each / (each + p.reward_half)
    return effort


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Graduate tenants, fill free seats by visible quality, mentor those inside, support maker spaces."""
    f, inc, st, year = world.firms, world.incubators, world.state, world.year
    graduates, inside, rows = turn(
        f.key,
        f.alive,
        f.incubator,
        f.incubated,
        f.graduated,
        f.mentored,
        f.above_scale,
        f.staff,
        f.founded,
        year,
        p.least_years,
        1.0 / max(p.stay - (p.least_years - 1.0), 1.0),
        1.0 - 1.0 / p.support_years,
        p.staff_limit,
        year - p.young_years,
        p.apply,
        p.outsiders,
        len(inc),
        luck.address("graduates"),
        luck.address("applies"),
    )
    effort = _rewarded(terms, p, luck, world, graduates)
    standing = inc.quality + p.professional_choice * inc.professional
    places = Places._make([getattr(inc, name) for name in Places._fields])
    keys, score = seen(
        f.key,
        f.quality,
        f.founded,
        rows,
        year - p.young_years,
        p.young_bonus,
        p.noise,
        p.professional_sight,
        places,
        luck.address("seen"),
    )
    best = np.argsort(-standing, kind="stable")  # the best places choose first
    inside = fill(places, best, inside, rows[lowest_first(score, keys)], f.incubator, f.incubated)
    mentor(
        places,
        standing,
        effort,
        world.pools.stock[world.pool("mentors")],
        p.mentor_quality,
        p.mentor_load,
        p.professional,
        inside if world.switches.get("incubators", "mentoring") == "mentoring" else inside[:0],
        f.incubator,
        f.mentored,
    )

    spaces = np.flatnonzero(inc.alive & (inc.kind == MAKER_SPACE))
    inc.fee_relief[:] = 0.0
    if spaces.size and terms.offered("maker_support"):
        paid = terms.draw("maker_support", spaces, np.full(spaces.size, WHOLE_OFFER), inc.quality[spaces])
        inc.fee_relief[paid.index] = np.minimum(1.0, paid.real / (p.space_cost * st.wage_index))


MECHANISM = Mechanism("incubation", Label("Incubation", "孵化"), Parameters, step)
