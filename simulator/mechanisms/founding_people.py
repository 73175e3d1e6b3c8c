"""Founders by circumstance: students who begin a business, founders who begin again, and the culture around both."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.core.parameters import Range, parameter
from simulator.core.terms import Entry, Terms
from simulator.world.agents import FOUNDED_AGAIN
from simulator.world.births import BirthTraits, Newcomers
from simulator.world.world import World


@dataclass(frozen=True)
class PeopleParameters(BirthTraits):
    """What student founders, founders who failed and a city's culture do to foundings."""

    student_start: float = parameter(
        0.04,
        unit="1",
        prior=Range(0.02, 0.08, "log"),
        source="assumed",
        doc="students and graduates of the year who begin a business of any kind, over the graduates kept in the city",
    )
    student_willing: float = parameter(
        0.20,
        unit="1",
        prior=Range(0.08, 0.40, "log"),
        source="assumed",
        doc="students and graduates whom a programme could win in a year at most, over the graduates kept",
    )
    student_anyway: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.15, 0.7, "logit"),
        source="assumed",
        doc="share of the places of a student programme taken by people who would have begun without it",
    )
    student_support_half: float = parameter(
        5000.0,
        unit="CNY / person",
        prior=Range(2.0e3, 1.5e4, "log"),
        source="assumed",
        doc="allowance and coaching at which half of the places find a taker, at the prices of the start year",
    )
    student_leave_effect: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.0, 0.15),
        source="assumed",
        doc="more students who begin a business where all may keep their place meanwhile",
    )
    student_technology: float = parameter(
        0.4,
        unit="factor",
        prior=Range(0.1, 1.0, "log"),
        source="assumed",
        doc="technology firms among businesses that only a programme brings, over those among the others",
    )
    student_coached: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.0, 0.6),
        source="assumed",
        doc="mentoring that a coached student firm begins with, over full mentoring in an incubator",
    )
    course_shortfall: float = parameter(
        0.15,
        unit="1",
        prior=Range(0.05, 0.35, "logit"),
        source="assumed",
        doc="share of the places on courses and at fairs that stays empty",
    )
    course_governed: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.0, 0.6),
        source="assumed",
        doc="part of that shortfall that full leadership and evaluation close",
    )
    culture_half_life: float = parameter(
        5.0,
        unit="years",
        prior=Range(2.0, 12.0, "log"),
        source="assumed",
        doc="time in which half of the way to a new culture is gone, and half of a gain is lost again",
    )
    culture_education: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.1, 0.7),
        source="assumed",
        doc="part of the best culture that maker education for every student brings",
    )
    culture_fairs: float = parameter(
        0.2, unit="1", prior=Range(0.0, 0.4), source="assumed", doc="part that any number of fairs brings at most"
    )
    culture_fairs_half: float = parameter(
        0.02,
        unit="fairs / 1000 residents / year",
        prior=Range(0.005, 0.08, "log"),
        source="assumed",
        doc="fairs at which half of that part is reached",
    )
    culture_tolerance: float = parameter(
        0.3, unit="1", prior=Range(0.0, 0.6), source="assumed", doc="part that full tolerance of failure brings"
    )
    study_years: float = parameter(
        3.5,
        unit="years",
        prior=Range(3.0, 4.0),
        source="assumed",
        doc="students over those who leave each year, which says how many there are to educate",
    )
    culture_founding: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.0, 0.15),
        source="assumed",
        doc="more foundings under the best culture; no measured size was found",
    )
    culture_again: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.0, 0.8),
        source="assumed",
        doc="more founders who begin again under the best culture; no measured size was found",
    )
    culture_risk: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.0, 0.10),
        source="assumed",
        doc="more newcomers who take the risk of R&D under the best culture; no measured size was found",
    )
    again: float = parameter(
        0.08,
        unit="1",
        prior=Range(0.02, 0.2, "log"),
        source="assumed",
        doc="share of the founders of small private firms that closed who found another technology firm a year later",
    )
    again_memory: float = parameter(
        0.4,
        unit="correlation",
        prior=Range(0.0, 0.8, ceiling=1.0),
        source="assumed",
        doc="correlation of the quality of the second firm with that of the first",
    )


def filled(terms: Terms, p: PeopleParameters) -> float:
    """Return the share of the places on courses and at fairs that is used."""
    governed = p.course_governed * min(1.0, float(np.asarray(terms.total("delivery"))))
    return 1.0 - p.course_shortfall * (1.0 - governed)


def renew_culture(world: World, terms: Terms, p: PeopleParameters) -> None:
    """Move the city's culture slowly towards what education, fairs and tolerance of failure add up to."""
    st, region = world.state, world.region
    tolerance = float(np.asarray(terms.total("failure_tolerance")))
    gained = p.culture_tolerance * tolerance
    if terms.offered("maker_education") or terms.offered("startup_fairs"):
        share = filled(terms, p)
        students = p.study_years * region.figure("graduates_per_year")
        done = {}
        for term, most in (("maker_education", students), ("startup_fairs", math.inf)):
            left = [most]

            def held(entry: Entry, places: float, left: list[float] = left) -> float:
                quantity = min(share * places, left[0])
                left[0] -= quantity
                return quantity

            orders = terms.orders(term, held)
            st.ordered += sum(order.spent for order in orders)
            done[term] = sum(order.quantity for order in orders)
        fairs = done["startup_fairs"] / (st.population / 1000.0)
        gained += p.culture_education * done["maker_education"] / max(students, 1.0)
        gained += p.culture_fairs * fairs / (fairs + p.culture_fairs_half)
    if gained > 0.0 or st.culture > 0.0:
        st.culture += (1.0 - 0.5 ** (1.0 / p.culture_half_life)) * (min(1.0, gained) - st.culture)


def student_starts(world: World, terms: Terms, p: PeopleParameters) -> tuple[float, float, float]:
    """Let students and recent graduates begin businesses; return three numbers of this year.

    These are the starts without the programme over those that there would be without leave, the starts that only
    the programme brings (persons), and the share of these who are coached.
    """
    st, pools = world.state, world.pools
    kept = float(pools.stock[world.pool("graduates")])
    easier = 1.0 + p.student_leave_effect * float(np.asarray(terms.total("student_leave")))
    base = p.student_start * kept * easier
    left = [p.student_willing * kept]

    def takers(entry: Entry, places: float) -> float:
        support = prices[entry.id]
        pull = support / (support + p.student_support_half * st.deflator)
        taken = left[0] * (1.0 - math.exp(-places * pull / left[0])) if left[0] > 0.0 else 0.0
        left[0] -= taken
        return min(places, taken)

    extra = coached = 0.0
    if terms.offered("student_award"):
        prices = {o.entry.id: o.unit_cost for o in terms.promises("student_award")}
        orders = terms.orders("student_award", takers)
        st.ordered += sum(order.spent for order in orders)
        served = sum(order.quantity for order in orders)
        # those who would have begun anyway come first, but there are no more of them than there are
        extra = max((1.0 - p.student_anyway) * served, served - base)
        coached = sum(order.quantity * order.detail["worth"] for order in orders) / max(served, 1e-9)
    st.students_started += world.since_plan() * (base + extra)
    return easier, extra, coached


def begin_again(newcomers: Newcomers, p: PeopleParameters, lift: float, performs: float) -> None:
    """Let founders of small firms that closed last year found another, better or worse than the first."""
    st = newcomers.world.state
    failed = st.failed
    if not failed or failed["key"].size == 0:
        return
    chance = p.again * lift * (1.0 + p.culture_again * st.culture)
    rows = np.flatnonzero(newcomers.luck.uniform(failed["key"], "again") < chance)
    newcomers.request(
        failed["key"][rows],
        origin=FOUNDED_AGAIN,
        sector=failed["sector"][rows],
        district=failed["district"][rows],
        centre=failed["tech"][rows],
        performs=performs,
        quality=p.again_memory * failed["quality"][rows],
        quality_spread=math.sqrt(1.0 - p.again_memory**2),
    )
