"""R&D by rule of thumb, under the switch for satisficing firms."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.mechanisms.research import Parameters
from tests.reference.luck import Draws

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class Peers(NamedTuple):
    """What firms see of those in their sector that did R&D last year."""

    growth: float  # mean growth of their sales
    intensity: float | None  # mean log of the R&D intensity that those aim at who grew more; None where nobody did


class FirmWithRoutine:
    """A firm that changes its R&D only when it is not content."""

    def has_routine(self: Any) -> bool:
        """Return whether it did R&D last year, and had sales then."""
        return self.does_rd and self.rd_years > 0 and self.revenue_lag1 > 0.0

    def log_intensity(self: Any) -> float:
        """Return the log of the R&D intensity that it would choose unaided."""
        return math.log(max(self.rd_intensity, 1.0e-9))

    def grew(self: Any) -> float:
        """Return the log growth of sales in the year before; `growth` is not known yet in the first year."""
        return math.log(max(self.revenue, 1.0) / max(self.revenue_lag1, 1.0))

    def is_content(self: Any, peers: Peers, p: Parameters) -> bool:
        """Return whether sales grew as peers' and its own growth of before, if it was there, let it expect."""
        own = peers.growth
        if self.revenue_lag2 not in (0.0, self.revenue_lag1):  # a new firm starts with its first sales in both
            own = math.log(max(self.revenue_lag1, 1.0) / max(self.revenue_lag2, 1.0))
        expected = p.aspiration_peers * peers.growth + (1.0 - p.aspiration_peers) * own
        return self.grew() >= expected - 1.0e-9  # short by more than rounding

    def keeps_to_routine(self: Any, peers: Peers, p: Parameters, draws: Draws) -> bool:
        """Return whether R&D stays in proportion to sales this year."""
        if not self.has_routine():
            return False
        return self.is_content(peers, p) or draws.uniform(self.key, "search") >= p.search

    def follows_better_peers(self: Any, peers: Peers, p: Parameters) -> float:
        """Return the factor on R&D intensity by which a searching firm nears that of better peers."""
        if not self.has_routine() or peers.intensity is None:
            return 1.0
        return math.exp(p.imitation * (peers.intensity - self.log_intensity()))

    def goes_on_as_before(self: Any) -> None:
        """Do R&D in the ratio to sales of last year, as it is in the first year already; claim as then."""
        self.rd_years += 1
        if self.model.year != self.model.region.start_year:
            self.rd_real *= self.revenue / self.revenue_lag1
        self.rd_reported = self.rd_real


def peers_of(model: ReferenceModel) -> list[Peers]:
    """Return what firms of each sector see of their peers."""
    settled = defaultdict(list)
    for firm in model.living():
        if firm.has_routine():
            settled[firm.sector].append(firm)
    out = []
    for sector in range(len(model.sectors)):
        firms = settled[sector]
        usual = sum(f.grew() for f in firms) / max(len(firms), 1)
        better = [f.log_intensity() for f in firms if f.grew() > usual]
        out.append(Peers(usual, sum(better) / len(better) if better else None))
    return out
