"""Mentors that a programme trains, and services that it keeps in business."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def places_taken(model: ReferenceModel, counter: Counter, term: str, share: float, room: float) -> float:
    """Return how many places of a programme are taken; each is paid for, and they run dry as the room fills."""
    left = max(room, 0.0)

    def takers(entry: Any, places: float) -> float:
        nonlocal left
        taken = left * (1.0 - math.exp(-share * places / left)) if left > 0.0 else 0.0
        left -= taken
        return taken

    orders = counter.orders(term, takers)
    model.state.ordered += sum(order.spent for order in orders)
    return sum(order.quantity for order in orders)


def appoint_mentors(model: ReferenceModel, counter: Counter, p: Any, seasoned: int) -> float:
    """Train and appoint mentors; return how many a programme has added and still has."""
    st, trained = model.state, 0.0
    if counter.offered("mentor_training"):
        room = p.mentor_reach * seasoned - model.pool("mentors").stock
        taken = places_taken(model, counter, "mentor_training", p.programme_filled, room)
        trained = (1.0 - p.mentor_anyway) * taken
    st.mentors_trained = (1.0 - p.mentor_leaving) * st.mentors_trained + trained
    return st.mentors_trained


def keep_services(model: ReferenceModel, counter: Counter, p: Any, by_clients: float) -> float:
    """Support service organisations; return how many are in business only because of it."""
    st, kept = model.state, 0.0
    if counter.offered("service_support"):
        there = model.pool("service_organisations").stock - st.service_kept
        room = max(there, by_clients) * (1.0 + p.service_stretch)
        supported = places_taken(model, counter, "service_support", p.programme_filled, room)
        most = p.service_stretch * max(by_clients, 1.0)
        kept = most * (1.0 - math.exp(-(1.0 - p.service_anyway) * supported / most))
    st.service_kept = kept
    return kept
