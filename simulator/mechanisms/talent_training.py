"""Courses: who can be spared binds, part of the places would have been paid for anyway, and what was learnt fades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Entry, Terms
from simulator.world.agents import ENTREPRENEURS, LEADERS, TECHNICIANS
from simulator.world.rules import SMALL_FIRM_STAFF
from simulator.world.world import World


@dataclass(frozen=True)
class TrainingParameters:
    """Who comes to a course, and what it leaves behind."""

    course_filled: float = parameter(
        0.85,
        unit="1",
        prior=Range(0.6, 0.97, "logit"),
        source="assumed",
        doc="share of places that are held and filled",
    )
    course_additional: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="share of those trained whom nobody would have trained otherwise",
    )
    course_interest: float = parameter(
        0.25,
        unit="1 / year",
        prior=Range(0.1, 0.5, "logit"),
        source="assumed",
        doc="chance that an above-scale firm sends technicians in a year",
    )
    course_spared: float = parameter(
        0.03,
        unit="1 / year",
        prior=Range(0.01, 0.08, "log"),
        source="assumed",
        doc="share of its staff that such a firm can spare",
    )
    entrepreneurs_spared: float = parameter(
        0.08,
        unit="1 / year",
        prior=Range(0.03, 0.2, "log"),
        source="assumed",
        doc="share of small technology firms whose head takes part in a course, at most",
    )
    leaders_spared: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.05, 0.4, "log"),
        source="assumed",
        doc="share of firms with R&D that send an R&D leader, at most",
    )
    course_loss: float = parameter(
        0.18,
        unit="1 / year",
        prior=Range(0.08, 0.35, "log"),
        source="assumed",
        doc="those trained who leave the city or their trade, or whose skill is out of date",
    )
    technician_gain: float = parameter(
        0.06,
        unit="log points",
        prior=Range(0.0, 0.25),
        source="assumed",
        doc="productivity of a firm all of whose staff were trained; no causal estimate for China was found",
    )
    course_mentoring: float = parameter(
        0.2,
        unit="1",
        prior=Range(0.0, 0.6),
        source="assumed",
        doc="a course for the head of a small firm, over full mentoring in an incubator",
    )
    leader_tie: float = parameter(
        0.1,
        unit="1",
        prior=Range(0.0, 0.3),
        source="assumed",
        doc="chance that an R&D leader comes back from a university with a tie to it",
    )


def train(world: World, terms: Terms, p: TrainingParameters, luck: Luck) -> None:
    """Fill the courses and let what was learnt act on firms; does nothing where nobody was ever trained."""
    f, st = world.firms, world.state
    if st.trained.any():
        st.trained *= max(1.0 - p.course_loss, 0.0)
        f.trained *= max(1.0 - p.course_loss, 0.0)
    if terms.offered("training_places"):
        groups = _groups(world, p, luck)
        left = [float(room.sum()) for _, room in groups]
        kinds = iter([o.tag for o in terms.promises("training_places")])

        def filled(entry: Entry, places: float) -> float:
            kind = next(kinds)
            taken = min(p.course_filled * places, left[kind])
            left[kind] -= taken
            return taken

        came = np.zeros(3)
        for order in terms.orders("training_places", filled):
            st.ordered += order.spent
            came[order.tag] += order.quantity
        _learn(world, p, luck, groups, came)
    elif not st.trained.any():
        return
    share = np.minimum(f.trained / np.maximum(f.staff, 1.0), 1.0)
    st.trained[TECHNICIANS] = float(f.trained[f.alive].sum())
    f.productivity += p.technician_gain * share - f.trained_gain
    f.trained_gain[:] = p.technician_gain * share


def _groups(world: World, p: TrainingParameters, luck: Luck) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return by kind of course the firms that send people (rows) and how many each can spare."""
    f = world.firms
    sends = np.flatnonzero(f.alive & f.above_scale & (luck.uniform(f.key, "sends technicians") < p.course_interest))
    small = np.flatnonzero(
        f.alive
        & f.technology_sme
        & (f.staff < SMALL_FIRM_STAFF)
        & (luck.uniform(f.key, "head learns") < p.entrepreneurs_spared)
    )
    research = np.flatnonzero(f.alive & f.does_rd & (luck.uniform(f.key, "leader learns") < p.leaders_spared))
    return [
        (sends, p.course_spared * f.staff[sends]),
        (small, np.ones(small.size)),
        (research, np.ones(research.size)),
    ]


def _learn(
    world: World, p: TrainingParameters, luck: Luck, groups: list[tuple[np.ndarray, np.ndarray]], came: np.ndarray
) -> None:
    """Let ``came`` (3,) persons, by kind of course, learn what they would not have learnt otherwise."""
    f, st = world.firms, world.state
    rows, room = groups[TECHNICIANS]
    if came[TECHNICIANS] > 0.0:
        f.trained[rows] += p.course_additional * came[TECHNICIANS] * room / room.sum()
    for kind, name in ((ENTREPRENEURS, "head's place"), (LEADERS, "leader's place")):
        rows, _ = groups[kind]
        if came[kind] <= 0.0:
            continue
        luckiest = rows[np.argsort(luck.uniform(f.key[rows], name), kind="stable")]
        seated = luckiest[: round(came[kind])]
        new = seated[luck.uniform(f.key[seated], f"{name} additional") < p.course_additional]
        st.trained[kind] += new.size
        if kind == ENTREPRENEURS:
            f.mentored[new] = np.maximum(f.mentored[new], p.course_mentoring)
        else:
            tied = new[(luck.uniform(f.key[new], "leader's tie") < p.leader_tie) & (f.university[new] >= 0)]
            f.link[tied] = 1.0
