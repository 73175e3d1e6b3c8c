"""Recognition of firms' R&D institutions, and who has been supported since the plan's start, by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
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


def body_rewards(world: World, terms: Terms, p: BodyParameters) -> tuple[np.ndarray, np.ndarray]:
    """Return what rewards add to the chances to set up and to register an R&D body, (n,) or (0,) without rewards."""
    if not terms.offered("rd_reward"):
        return np.empty(0), np.empty(0)
    pull = terms.eligible("rd_reward") * world.state.paid_part.get("rd_reward", 1.0)
    return p.body_setup * pull, p.body_reward * pull


def count_supported(world: World, luck: Luck) -> None:
    """Add firms supported for the first time since the plan's start to the region's counts, by name.

    In the year in which the plan starts each counts with the chance that the support came after the start.
    """
    f, st, part = world.firms, world.state, world.since_plan()
    if part <= 0.0:
        return
    aided, grown = np.flatnonzero(f.rd_aid_year == world.year), np.flatnonzero(f.supported == world.year)
    aided = aided[large_or_medium(f.staff[aided], f.revenue[aided])]
    for bit, rows in ((FOR_RESEARCH, aided), (FOR_GROWTH, grown)):
        new = rows[f.alive[rows] & (f.named[rows] & bit == 0)]
        if part < 1.0:
            new = new[luck.uniform(f.key[new], "since the plan") < part]
        f.named[new] |= bit
        if bit == FOR_RESEARCH:
            st.large_supported += float(new.size)
        else:
            st.smes_supported += float(new.size)
