"""Dummies: a scenario in which one agent in fifty has other luck and nothing else differs.

An input that does nothing at all changes no run under common random numbers, and so says nothing about noise. What an
input with a small effect does beside that effect is to let some agents meet other events by chance; a dummy does that
alone, as the dummy lever of the table of influence does.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from simulator.study.influence import give_other_luck

if TYPE_CHECKING:
    from simulator.scenario import Scenario


def _offer(world: Any, terms: Any, entry: Any, p: Any, *, which: int) -> None:
    give_other_luck(world, which)


def with_other_luck(scenario: Scenario, which: int) -> Scenario:
    """Return a scenario that differs in the luck of one agent in fifty, from the region's first year on.

    ``which`` picks other agents. It is a lever's entry that asks for nothing and stands before all others.
    """
    from simulator.model import LEVERS
    from simulator.scenario_entries import Entry

    first = scenario.region.start_year
    name, known = next(iter(LEVERS.items()))
    lever = replace(known, name=name, offer=partial(_offer, which=which))
    entry = Entry(f"other_luck_{which}", lever, known.Settings(), "city", float(first), first + 1.0)
    return replace(scenario, entries=(entry, *scenario.entries))
