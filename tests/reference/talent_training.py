"""Courses for technicians, heads of small firms, and leaders of research."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.world.agents import ENTREPRENEURS, LEADERS, TECHNICIANS
from simulator.world.rules import SMALL_FIRM_STAFF
from tests.reference.luck import Draws
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class LearningFirm:
    """A firm that sends people to courses."""

    def sends_technicians(self: Any, p: Any, draws: Draws) -> bool:
        """Return whether an above-scale firm sends technicians."""
        return self.above_scale and draws.uniform(self.key, "sends technicians") < p.course_interest

    def spares_head(self: Any, p: Any, draws: Draws) -> bool:
        """Return whether the head of a small technology firm has time for a course."""
        if not self.technology_sme or self.staff >= SMALL_FIRM_STAFF:
            return False
        return draws.uniform(self.key, "head learns") < p.entrepreneurs_spared

    def spares_leader(self: Any, p: Any, draws: Draws) -> bool:
        """Return whether the leader of a firm's research has time for a course."""
        return self.does_rd and draws.uniform(self.key, "leader learns") < p.leaders_spared

    def uses_trained(self: Any, p: Any) -> None:
        """Let the share of trained people in its staff show in productivity."""
        gain = p.technician_gain * min(self.trained / max(self.staff, 1.0), 1.0)
        self.productivity += gain - self.trained_gain
        self.trained_gain = gain


def seat_lucky(firms: list[Any], places: float, name: str, p: Any, draws: Draws) -> list[Any]:
    """Return those who get a place and learn what they would not have learnt otherwise."""
    seated = sorted(firms, key=lambda f: draws.uniform(f.key, name))[: round(places)]
    return [f for f in seated if draws.uniform(f.key, f"{name} additional") < p.course_additional]


def train(model: ReferenceModel, counter: Counter, p: Any, draws: Draws) -> None:
    """Fill the courses and let what was learnt act on firms."""
    st, living = model.state, model.living()
    if any(st.trained):
        st.trained = [n * max(1.0 - p.course_loss, 0.0) for n in st.trained]
        for firm in model.firms:
            firm.trained *= max(1.0 - p.course_loss, 0.0)
    if counter.offered("training_places"):
        sends = [f for f in living if f.sends_technicians(p, draws)]
        heads = [f for f in living if f.spares_head(p, draws)]
        leaders = [f for f in living if f.spares_leader(p, draws)]
        room = sum(p.course_spared * f.staff for f in sends)
        left = [room, float(len(heads)), float(len(leaders))]
        kinds = iter([o.tag for o in counter.promises("training_places")])

        def filled(entry: Any, places: float) -> float:
            kind = next(kinds)
            taken = min(p.course_filled * places, left[kind])
            left[kind] -= taken
            return taken

        came = [0.0, 0.0, 0.0]
        for order in counter.orders("training_places", filled):
            st.ordered += order.spent
            came[order.tag] += order.quantity
        if came[TECHNICIANS] > 0.0:
            for firm in sends:
                firm.trained += p.course_additional * came[TECHNICIANS] * p.course_spared * firm.staff / room
        if came[ENTREPRENEURS] > 0.0:
            for firm in seat_lucky(heads, came[ENTREPRENEURS], "head's place", p, draws):
                st.trained[ENTREPRENEURS] += 1
                firm.mentored = max(firm.mentored, p.course_mentoring)
        if came[LEADERS] > 0.0:
            for firm in seat_lucky(leaders, came[LEADERS], "leader's place", p, draws):
                st.trained[LEADERS] += 1
                if firm.university >= 0 and draws.uniform(firm.key, "leader's tie") < p.leader_tie:
                    firm.link = 1.0
    elif not any(st.trained):
        return
    st.trained[TECHNICIANS] = sum(f.trained for f in living)
    for firm in model.firms:
        firm.uses_trained(p)
