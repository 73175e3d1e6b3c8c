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


def recognise_bodies(world: World, terms: Terms, p: BodyParameters, luck: Luck) -> None:
    """Recognise R&D institutions of firms that meet the rules and apply; strike out some that no longer do."""
    f, count = world.firms, len(world.sectors)
    f.technology_centre &= f.alive & f.has_institution
    enough = f.rd_real >= p.body_rd * world.state.deflator
    able = np.flatnonzero(f.alive & f.does_rd & enough)
    key = f.key[able]
    chance = p.body_apply + p.body_contact * _recognised_share(world, count)[f.sector[able]]
    if terms.offered("rd_reward"):
        pull = terms.eligible("rd_reward")[able] * world.state.paid_part.get("rd_reward", 1.0)
        f.has_institution[able[luck.uniform(key, "sets up a body") < p.body_setup * pull]] = True
        chance = chance + p.body_reward * pull
    weak = np.flatnonzero(f.technology_centre & ~enough)
    f.technology_centre[weak[luck.uniform(f.key[weak], "struck out") < p.body_lost]] = False
    f.technology_centre[able[f.has_institution[able] & (luck.uniform(key, "body") < chance)]] = True


def _recognised_share(world: World, count: int) -> np.ndarray:
    f = world.firms
    have = np.bincount(f.sector[f.alive & f.has_institution], minlength=count)
    return np.bincount(f.sector[f.technology_centre], minlength=count) / np.maximum(have, 1)


def count_supported(world: World, luck: Luck) -> None:
    """Add firms supported for the first time since the plan's start to the region's counts, by name.

    In the year in which the plan starts each counts with the chance that the support came after the start.
    """
    f, st, part = world.firms, world.state, world.since_plan()
    if part <= 0.0:
        return
    late = luck.uniform(f.key, "since the plan") < part if part < 1.0 else np.ones(len(f), bool)
    groups = (
        (FOR_RESEARCH, (f.rd_aid_year == world.year) & large_or_medium(f.staff, f.revenue)),
        (FOR_GROWTH, f.supported == world.year),
    )
    for bit, mask in groups:
        new = f.alive & mask & late & (f.named & bit == 0)
        f.named[new] |= bit
        if bit == FOR_RESEARCH:
            st.large_supported += float(new.sum())
        else:
            st.smes_supported += float(new.sum())
