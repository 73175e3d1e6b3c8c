"""Maker spaces and startup streets, with a running subsidy for spaces that charge no fee."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import count_of, in_order
from simulator.world.agents import MAKER_SPACE
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. Nothing is ordered without a price."""

    spaces_per_year: float = setting(0.0, unit="spaces / year", low=0.0)
    cost_per_space: float = setting(0.0, unit="CNY / space", low=0.0)
    streets_per_year: float = setting(0.0, unit="streets / year", low=0.0)
    cost_per_street: float = setting(0.0, unit="CNY / street", low=0.0)
    running_subsidy: float = setting(0.0, unit="CNY / space / year", low=0.0)
    zero_fee: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="share of users' fees that a subsidised space drops"
    )
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for spaces, then streets, then running subsidies")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    passed_on: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="judgement_rent_incidence",
        doc="share of a running subsidy that reaches users when no fee is left; landlords keep the rest",
    )
    admin_share: float = parameter(
        0.04,
        unit="1",
        prior=Range(0.02, 0.08, "log"),
        source="assumed",
        doc="registering and yearly review over the money committed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Order spaces and streets as far as the budget goes, and support living spaces with what is left."""
    s: Settings = entry.settings
    inc = world.incubators
    open_spaces = inc.alive & (inc.kind == MAKER_SPACE)
    spaces, streets, support = in_order(
        s.budget,
        (
            s.spaces_per_year * s.cost_per_space,
            s.streets_per_year * s.cost_per_street,
            s.running_subsidy * count_of(open_spaces),
        ),
    )
    if spaces > 0.0:
        terms.offer(entry, "maker_spaces", s.spaces_per_year, unit_cost=s.cost_per_space, budget=spaces)
    if streets > 0.0:
        terms.offer(entry, "startup_streets", s.streets_per_year, unit_cost=s.cost_per_street, budget=streets)
    if support > 0.0:
        terms.offer(
            entry,
            "maker_support",
            s.running_subsidy,
            budget=support,
            eligible=open_spaces,
            worth=p.passed_on * s.zero_fee,
        )
    terms.run(entry, p.admin_share * (spaces + streets + support))


LEVER = Lever(
    "maker_space",
    Label("Maker spaces", "众创空间"),
    Settings,
    Parameters,
    offer,
    dose={
        "spaces_per_year": 20.0,
        "cost_per_space": 5.0e5,
        "streets_per_year": 2.0,
        "cost_per_street": 5.0e6,
        "running_subsidy": 2.0e5,
        "zero_fee": 1.0,
        "budget": 4.0e7,
    },
    moves={"maker_spaces": +1, "makers": +1},
)
