"""Founders by circumstance: students who begin a business, founders who begin again, and the culture around both."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.founding_people import PeopleParameters
from simulator.world.agents import FOUNDED_AGAIN
from tests.reference.births import Nursery
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def filled(counter: Counter, p: PeopleParameters) -> float:
    """Return the share of the places on courses and at fairs that is used."""
    governed = p.course_governed * min(1.0, counter.total("delivery"))
    return 1.0 - p.course_shortfall * (1.0 - governed)


def hold(model: ReferenceModel, counter: Counter, term: str, share: float, most: float) -> float:
    """Hold courses or fairs of which ``share`` finds takers, ``most`` in all; return how many."""
    left = most

    def held(entry: Any, places: float) -> float:
        nonlocal left
        quantity = min(share * places, left)
        left -= quantity
        return quantity

    orders = counter.orders(term, held)
    model.state.ordered += sum(order.spent for order in orders)
    return sum(order.quantity for order in orders)


def renew_culture(model: ReferenceModel, counter: Counter, p: PeopleParameters) -> None:
    """Move the city's culture slowly towards what education, fairs and tolerance of failure add up to."""
    st = model.state
    gained = p.culture_tolerance * counter.total("failure_tolerance")
    if counter.offered("maker_education") or counter.offered("startup_fairs"):
        share = filled(counter, p)
        students = p.study_years * model.region.figure("graduates_per_year")
        educated = hold(model, counter, "maker_education", share, students)
        fairs = hold(model, counter, "startup_fairs", share, math.inf) / (st.population / 1000.0)
        gained += p.culture_education * educated / max(students, 1.0)
        gained += p.culture_fairs * fairs / (fairs + p.culture_fairs_half)
    st.culture += (1.0 - 0.5 ** (1.0 / p.culture_half_life)) * (min(1.0, gained) - st.culture)


def student_starts(model: ReferenceModel, counter: Counter, p: PeopleParameters) -> tuple[float, float, float]:
    """Let students and recent graduates begin businesses; return three numbers of this year.

    These are the starts without the programme over those that there would be without leave, the starts that only
    the programme brings (persons), and the share of these who are coached.
    """
    st, kept = model.state, model.pool("graduates").stock
    easier = 1.0 + p.student_leave_effect * counter.total("student_leave")
    base = p.student_start * kept * easier
    extra = coached = 0.0
    if counter.offered("student_award"):
        prices = {o.entry.id: o.unit_cost for o in counter.promises("student_award")}
        half = p.student_support_half * st.deflator
        left = p.student_willing * kept

        def takers(entry: Any, places: float) -> float:
            nonlocal left
            support = prices[entry.id]
            pull = support / (support + half)
            taken = left * (1.0 - math.exp(-places * pull / left)) if left > 0.0 else 0.0
            left -= taken
            return min(places, taken)

        orders = counter.orders("student_award", takers)
        st.ordered += sum(order.spent for order in orders)
        served = sum(order.quantity for order in orders)
        # those who would have begun anyway come first, but there are no more of them than there are
        extra = max((1.0 - p.student_anyway) * served, served - base)
        coached = sum(order.quantity * float(order.worth) for order in orders) / max(served, 1e-9)
    st.students_started += model.since_plan() * (base + extra)
    return easier, extra, coached


def begin_again(nursery: Nursery, p: PeopleParameters, lift: float, performs: float) -> None:
    """Let founders of small firms that closed last year found another, better or worse than the first."""
    st, failed = nursery.model.state, nursery.model.state.failed
    chance = p.again * lift * (1.0 + p.culture_again * st.culture)
    spread = math.sqrt(1.0 - p.again_memory**2)
    for i, key in enumerate(failed.get("key", [])):
        if nursery.draws.uniform(key, "again") < chance:
            nursery.found(
                key,
                0,
                origin=FOUNDED_AGAIN,
                sector=failed["sector"][i],
                district=failed["district"][i],
                centre=failed["tech"][i],
                performs=performs,
                quality=p.again_memory * failed["quality"][i],
                quality_spread=spread,
            )
