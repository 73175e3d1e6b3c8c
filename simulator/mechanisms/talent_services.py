"""Mentors who are trained and appointed, and service organisations that support keeps in business."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.core.parameters import Range, parameter
from simulator.core.terms import Entry, Terms
from simulator.world.world import World


@dataclass(frozen=True)
class ServiceParameters:
    """What training and support add to mentors and service organisations, and what they push aside."""

    mentor_anyway: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="share of the mentors trained who would have been mentors without it",
    )
    mentor_reach: float = parameter(
        0.25,
        unit="persons / firm",
        prior=Range(0.1, 0.6, "log"),
        source="assumed",
        doc="people whom a programme could win as mentors at most, per profitable firm past its first years",
    )
    mentor_leaving: float = parameter(
        0.2,
        unit="1 / year",
        prior=Range(0.1, 0.4, "logit"),
        source="assumed",
        doc="mentors appointed who stop each year",
    )
    mentor_crowding: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.1, 0.8, "logit"),
        source="assumed",
        doc="mentors whom places would have found themselves and no longer look for, per mentor appointed",
    )
    programme_filled: float = parameter(
        0.85,
        unit="1",
        prior=Range(0.6, 0.95, "logit"),
        source="assumed",
        doc="share of the places on a mentors' course, and of the support for service organisations, that is taken",
    )
    service_anyway: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="share of the service organisations supported that would be in business without it",
    )
    service_stretch: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 1.0, "log"),
        source="assumed",
        doc="service organisations that support can keep beyond what clients do, at most, over what clients do",
    )


def _taken(terms: Terms, world: World, term: str, share: float, room: float) -> float:
    """Return how many places of a programme are taken; each is paid for, and they run dry as ``room`` fills."""
    left = [max(room, 0.0)]

    def takers(entry: Entry, places: float) -> float:
        taken = left[0] * (1.0 - math.exp(-share * places / left[0])) if left[0] > 0.0 else 0.0
        left[0] -= taken
        return taken

    orders = terms.orders(term, takers)
    world.state.ordered += sum(order.spent for order in orders)
    return sum(order.quantity for order in orders)


def appoint_mentors(world: World, terms: Terms, p: ServiceParameters, seasoned: int) -> float:
    """Train and appoint mentors; return how many a programme has added and still has (persons).

    ``seasoned`` is the number of profitable firms past their first years, whose people can be mentors.
    """
    st, row = world.state, world.pool("mentors")
    trained = 0.0
    if terms.offered("mentor_training"):
        room = p.mentor_reach * seasoned - float(world.pools.stock[row])
        trained = (1.0 - p.mentor_anyway) * _taken(terms, world, "mentor_training", p.programme_filled, room)
    st.mentors_trained = (1.0 - p.mentor_leaving) * st.mentors_trained + trained
    return st.mentors_trained


def keep_services(world: World, terms: Terms, p: ServiceParameters, by_clients: float) -> float:
    """Support service organisations; return how many are in business only because of it.

    ``by_clients`` is the number that clients can keep.
    """
    st = world.state
    kept = 0.0
    if terms.offered("service_support"):
        there = float(np.asarray(world.pools.stock[world.pool("service_organisations")])) - st.service_kept
        room = max(there, by_clients) * (1.0 + p.service_stretch)
        supported = _taken(terms, world, "service_support", p.programme_filled, room)
        kept = (1.0 - p.service_anyway) * supported
        most = p.service_stretch * max(by_clients, 1.0)
        kept = most * (1.0 - math.exp(-kept / most))
    st.service_kept = kept
    return kept
