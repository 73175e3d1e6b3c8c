"""Disposal rights: results are transferred without approval, income is kept, idle ones are listed."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import count_of
from simulator.world.world import World

OLD_SHELF_YEARS = 2.0  # the age from which the world counts an unused result as old


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    no_approval: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="part of transfers freed from approval")
    income_kept: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="share of income that the institution keeps")
    use_or_list_years: float = setting(
        0.0,
        unit="years",
        low=0.0,
        high=20.0,
        doc="years after which an unused result must be listed, 0 for never",
    )


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    freed: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.3, 0.9, "logit"),
        source="assumed",
        doc="share of the wait that ends with approval; the rest is the institution's own",
    )
    compliance: float = parameter(
        0.25,
        unit="1 / year",
        prior=Range(0.08, 0.6, "logit"),
        source="assumed",
        doc="share of the results due that are listed in a year; nobody is punished for not listing",
    )
    admin_cost: float = parameter(
        5.0e4,
        unit="CNY / institution / year",
        prior=Range(1.5e4, 1.5e5, "log"),
        source="assumed",
        doc="internal decision and record for each of the three rights, at full extent",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer less waiting while national law still asks for approval, income kept, and a listing duty."""
    s: Settings = entry.settings
    extent = s.income_kept
    terms.offer(entry, "income_kept", s.income_kept)
    if world.rules.get("transfer_approval_required", 1.0) > 0.0:
        terms.offer(entry, "approval", 1.0 - p.freed * s.no_approval)
        extent += s.no_approval
    if s.use_or_list_years > 0.0:
        # a longer period leaves part of the old results outside the duty
        due = min(1.0, OLD_SHELF_YEARS / s.use_or_list_years)
        terms.offer(entry, "use_or_list", p.compliance * due)
        extent += due
    if extent > 0.0:
        terms.run(entry, p.admin_cost * extent * count_of(world.universities.alive))


LEVER = Lever(
    "disposal_rights",
    Label("Rights to dispose of results", "科技成果使用处置权"),
    Settings,
    Parameters,
    offer,
    dose={"no_approval": 1.0, "income_kept": 1.0, "use_or_list_years": 2.0},
    moves={"technology_transactions": +1},
)
