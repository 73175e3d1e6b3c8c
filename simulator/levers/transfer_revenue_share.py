"""Transfer income: the least share that goes to the inventors, and its place outside the payroll cap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import count_of
from simulator.world.agents import ATTRACTED
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    inventor_share: float = setting(
        0.0,
        unit="1",
        low=0.0,
        high=1.0,
        doc="least share of transfer income for inventors; works above national law",
    )
    outside_payroll_cap: float = setting(
        0.0,
        unit="1",
        low=0.0,
        high=1.0,
        doc="part of such rewards that does not count towards the cap on payroll",
    )


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    adoption: float = parameter(
        0.7,
        unit="1",
        prior=Range(0.4, 0.95, "logit"),
        source="assumed",
        doc="part of a local rise of the share that institutions put into practice; only floors that bind do "
        "anything (transfer_reform_floor)",
    )
    cap_relief: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.02, 0.25, "log"),
        source="assumed",
        doc="relative rise of the share that inventors see when a public body's payroll cap no longer binds",
    )
    admin_cost: float = parameter(
        6.0e4,
        unit="CNY / institution / year",
        prior=Range(1.5e4, 2.0e5, "log"),
        source="assumed",
        doc="accounts and disclosure per rise of the share by 0.5, and the same for leaving the cap",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer inventors a share above that of national law, and more of it where the payroll cap bound."""
    s: Settings = entry.settings
    universities = world.universities
    law = world.rules.get("transfer_law_inventor_share", 0.0)
    added = max(s.inventor_share - law, 0.0)
    share = law + p.adoption * added
    if added <= 0.0 and s.outside_payroll_cap <= 0.0:
        return
    # attracted institutes set their own pay
    capped = universities.kind != ATTRACTED
    relief = np.where(capped, 1.0 + p.cap_relief * s.outside_payroll_cap, 1.0)
    terms.offer(entry, "inventor_share", np.minimum(share * relief, 1.0))
    terms.run(entry, p.admin_cost * (added / 0.5 + s.outside_payroll_cap) * count_of(universities.alive))


LEVER = Lever(
    "transfer_revenue_share",
    Label("Inventors' share of transfer income", "科技成果转化收益分配"),
    Settings,
    Parameters,
    offer,
    dose={"inventor_share": 0.8, "outside_payroll_cap": 1.0},
    moves={"university_spinoffs": +1, "true_applications": +1},
)
