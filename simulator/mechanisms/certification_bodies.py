"""Recognition of firms' R&D institutions, and who has been supported since the plan's start, by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.selection import marked
from simulator.core.terms import Terms
from simulator.world.rules import large_or_medium
from simulator.world.world import World

FOR_RESEARCH, FOR_GROWTH = 1, 2  # bits of a firm's ``named``


@dataclass(frozen=True)
class BodyParameters:
    """What recognition as a laboratory, research centre or technology centre takes."""

    body_rd: float = parameter(
        1.5e6,
        unit="CNY / year",
        prior=Range(5.0e5, 4.0e6, "log"),
        source="assumed",
        doc="R&D at the start's prices that the municipal rules ask of a firm with a technology centre",
    )
    body_apply: float = parameter(
        0.06,
        unit="1 / year",
        prior=Range(0.02, 0.15, "log"),
        source="assumed",
        doc="chance that a firm which meets the rules applies by itself and is recognised",
    )
    body_contact: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.0, 0.4, floor=0.0),
        source="assumed",
        doc="more of it in a sector where all firms with an R&D institution are recognised",
    )
    body_reward: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.0, 0.4, floor=0.0),
        source="assumed",
        doc="more of it for firms to which rewards for R&D bodies and their work are open and paid in full",
    )
    body_setup: float = parameter(
        0.03,
        unit="1 / year",
        prior=Range(0.0, 0.10, floor=0.0),
        source="assumed",
        doc="chance that such a reward makes a performer of enough R&D set up an institution of its own",
    )
    body_lost: float = parameter(
        0.04,
        unit="1 / year",
        prior=Range(0.01, 0.10, "log"),
        source="assumed",
        doc="chance that an evaluation strikes out a recognised body whose firm's R&D has fallen below the rules",
    )


def body_rewards(world: World, terms: Terms, p: BodyParameters) -> tuple[np.ndarray, float, float]:
    """Return which firms rewards are open to, (n,) or (0,) without rewards, and what they add to two chances.

    These are the chances to set up and to register an R&D body.
    """
    if not terms.offered("rd_reward"):
        return np.empty(0, bool), 0.0, 0.0
    pull = world.state.paid_part.get("rd_reward", 1.0)
    return terms.eligible("rd_reward"), p.body_setup * pull, p.body_reward * pull


@njit(cache=True, nogil=True)
def _newly_named(
    alive: np.ndarray,
    staff: np.ndarray,
    revenue: np.ndarray,
    aided: np.ndarray,
    grown: np.ndarray,
    named: np.ndarray,
    year: int,
    bits: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of firms aided (large and medium ones) and of those grown this year that bear no such name."""
    first, second = np.empty(alive.shape[0], np.bool_), np.empty(alive.shape[0], np.bool_)
    for i in range(alive.shape[0]):
        first[i] = (aided[i] == year) & alive[i] & ((named[i] & bits[0]) == 0)
        second[i] = (grown[i] == year) & alive[i] & ((named[i] & bits[1]) == 0)
    for i in marked(first):
        first[i] = large_or_medium(staff[i], revenue[i])
    return marked(first), marked(second)


def count_supported(world: World, luck: Luck) -> None:
    """Add firms supported for the first time since the plan's start to the region's counts, by name.

    In the year in which the plan starts each counts with the chance that the support came after the start.
    """
    f, st, part = world.firms, world.state, world.since_plan()
    if part <= 0.0:
        return
    bits = (FOR_RESEARCH, FOR_GROWTH)
    found = _newly_named(f.alive, f.staff, f.revenue, f.rd_aid_year, f.supported, f.named, world.year, bits)
    for bit, new in zip(bits, found, strict=True):
        if part < 1.0:
            new = new[luck.uniform(f.key[new], "since the plan") < part]
        f.named[new] |= bit
        if bit == FOR_RESEARCH:
            st.large_supported += float(new.size)
        else:
            st.smes_supported += float(new.size)
