"""R&D by rule of thumb, under the switch ``research_rule: satisficing``.

Firms hold R&D to sales where it is and think again only when they miss what they aspire to (Cyert and March 1963);
those that search look to better peers of their sector (Nelson and Winter 1982) and to what is on offer. User cost acts
on these alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.world.world import World

_ROUNDING = 1.0e-9  # of growth: a firm without peers has not missed what it did itself


@dataclass(frozen=True)
class RoutineParameters:
    """When firms give up a rule of thumb, and what they look at then."""

    aspiration_peers: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.15, 0.85, "logit"),
        source="assumed",
        doc="weight of the peers' growth in the growth that a firm aspires to; the rest is its own of the year before "
        "(only under the switch for satisficing)",
    )
    search: float = parameter(
        0.5,
        unit="1 / year",
        prior=Range(0.2, 0.85, "logit"),
        source="assumed",
        doc="chance that a firm below its aspiration looks for the remedy in its R&D "
        "(only under the switch for satisficing)",
    )
    imitation: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.1, 0.7, "logit"),
        source="assumed",
        doc="part of the log distance to the R&D intensity that better peers aim at that a searching firm goes "
        "(only under the switch for satisficing)",
    )


def searching(
    world: World, p: RoutineParameters, luck: Luck, rows: np.ndarray, keys: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which performers (m,) think about their R&D anew, and the factor (m,) by which these follow better peers.

    Peers are those of the sector with R&D last year; what shows of it is the intensity that they aim at. Who begins
    has no routine yet.
    """
    f, s = world.firms, len(world.sectors)
    sector, last = f.sector[rows], f.revenue_lag1[rows]
    growth = np.log(np.maximum(f.revenue[rows], 1.0) / np.maximum(last, 1.0))  # the column is empty in the first year
    settled = (f.rd_years[rows] > 0) & (last > 0.0)
    peers = np.bincount(sector[settled], minlength=s)
    usual = (np.bincount(sector[settled], growth[settled], s) / np.maximum(peers, 1))[sector]
    earlier = f.revenue_lag2[rows]
    own = np.log(np.maximum(last, 1.0) / np.maximum(earlier, 1.0))
    before = np.where((earlier > 0.0) & (earlier != last), own, usual)  # both are a new firm's first sales
    missed = growth < p.aspiration_peers * usual + (1.0 - p.aspiration_peers) * before - _ROUNDING
    searches = ~settled | (missed & (luck.uniform(keys, "search") < p.search))
    intensity = np.log(np.maximum(f.rd_intensity[rows], 1.0e-9))
    better = settled & (growth > usual)
    count = np.bincount(sector[better], minlength=s)
    seen = np.bincount(sector[better], intensity[better], s) / np.maximum(count, 1)
    follows = settled & (count[sector] > 0)
    return searches, np.where(follows, np.exp(p.imitation * (seen[sector] - intensity)), 1.0)


def hold(world: World, rows: np.ndarray, induced: np.ndarray) -> None:
    """Let firms (rows) do R&D in the ratio to sales that they had, and claim as they did.

    ``induced`` (n,) are the claims of last year that guidance had brought about.
    """
    f = world.firms
    f.rd_years[rows] += 1
    if world.year > world.region.start_year:  # what firms are built with is in the ratio to these sales already
        f.rd_real[rows] *= f.revenue[rows] / f.revenue_lag1[rows]
    f.rd_reported[rows] = f.rd_real[rows]
    f.claim_induced[rows] = induced[rows]
