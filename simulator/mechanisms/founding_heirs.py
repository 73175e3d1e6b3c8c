"""Entry by parent: firms descend from firms, and newcomers take with them what their founders learnt there.

Acts only under the switch ``entry: parent``: after Klepper, entry follows the number and the quality of the firms that
can breed founders, more than the size of the market.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.core.parameters import Range, parameter
from simulator.world.births import BirthTraits, Heritage
from simulator.world.world import World


@dataclass(frozen=True)
class HeirParameters(BirthTraits):
    """What is different where firms descend from firms."""

    market_pull: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.1, 0.7, "logit"),
        source="assumed",
        doc="part of the response of foundings to demand growth and to crowding that is left; only under entry: parent",
    )
    without_parent: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="part of the foundings by makers, graduates and students that is left; only under entry: parent",
    )
    parent_quality: float = parameter(
        0.5,
        unit="1 / standard deviation",
        prior=Range(0.1, 1.0, "log"),
        source="assumed",
        doc="log of the firms that staff found to the quality of their employer; only under entry: parent",
    )
    heredity: float = parameter(
        0.5,
        unit="correlation",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="correlation of a newcomer's quality with its parent's; only under entry: parent",
    )
    inherited_productivity: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.3, 0.9, "logit"),
        source="assumed",
        doc="part of its parent's productivity (log points) with which a newcomer starts; only under entry: parent",
    )
    inherited_knowledge: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="part of its parent's knowledge per head that a newcomer's people bring, and of all that the parent knows "
        "that they bring at most; only under entry: parent",
    )


def descends(world: World) -> bool:
    """Return whether firms descend from firms in this run."""
    return world.switches.get("entry", "market") == "parent"


def inheritance(world: World, p: HeirParameters, parents: np.ndarray, gap: np.ndarray) -> dict[str, Any]:
    """Return what a request says of newcomers that staff of the firms in the rows ``parents`` (m,) found.

    ``gap`` (m,) is how far their quality lies below that of others (0 or less).
    """
    f = world.firms
    known = p.inherited_knowledge * f.knowledge[parents]
    return {
        "quality": gap + p.heredity * f.quality[parents],
        "quality_spread": math.sqrt(1.0 - p.heredity**2),
        "heritage": Heritage(
            p.inherited_productivity * f.productivity[parents],
            known / np.maximum(f.staff[parents], 1.0),
            known,  # a newcomer with more people than its parent
        ),
    }
