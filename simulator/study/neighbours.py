"""What a comparison is judged by where the losses of neighbouring cities count."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.core.declare import Indicator
    from simulator.scenario import Scenario

SWITCH, COUNTED = "neighbours", "counted"


def judged_by(
    scenarios: Collection[Scenario], indicators: Mapping[str, Indicator], names: Collection[str]
) -> dict[str, str]:
    """Return by indicator the one less neighbours' losses that stands for it; empty if no scenario counts them.

    ``names`` are the indicators that the runs hold. Both sides of a comparison are judged by the same figures.
    What an office publishes stays as it is, and with it whether a target is met.
    """
    if all(scenario.switches.get(SWITCH) != COUNTED for scenario in scenarios):
        return {}
    return {name: i.net for name, i in indicators.items() if i.net is not None and name in names and i.net in names}
