"""Workstations of academicians and postdocs in firms that do research."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.world.agents import ACADEMICIAN, POSTDOC
from tests.reference.luck import Draws

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

KINDS = (("academician_station", ACADEMICIAN), ("postdoc_station", POSTDOC))


class HostFirm:
    """A firm that may host a workstation."""

    def wants_station(self: Any, name: str, code: int, p: Any, draws: Draws) -> bool:
        """Return whether a firm with R&D and an institution of its own asks for a station that it has not got."""
        if not (self.alive and self.does_rd and self.has_institution) or self.station & code:
            return False
        return draws.uniform(self.key, f"wants {name}") < p.station_interest

    def works_with_station(self: Any, p: Any) -> None:
        """Let the people of its stations bring a tie to a university, and knowledge."""
        if self.university >= 0:
            self.link = max(self.link, p.station_link)
        if self.station & ACADEMICIAN:
            self.acquired += p.academician_work
        if self.station & POSTDOC:
            self.acquired += p.postdoc_work


def host(model: ReferenceModel, p: Any, draws: Draws) -> float:
    """Settle finished workstations and let the living ones work; return how many academicians came with them."""
    st, academicians = model.state, 0.0
    for k, (name, _) in enumerate(KINDS):
        st.stations_waiting[k] += sum(x.quantity for x in model.delivered(name))
    for firm in model.firms:
        if not (firm.alive and firm.does_rd):
            firm.station = 0  # a workstation ends with its host's R&D
    for k, (name, code) in enumerate(KINDS):
        count = int(st.stations_waiting[k])
        if count == 0:
            continue
        wants = [f for f in model.firms if f.wants_station(name, code, p, draws)]
        wants.sort(key=lambda f: (-f.knowledge, f.key))
        for firm in wants[:count]:
            firm.station |= code
        opened = len(wants[:count])
        st.stations_waiting[k] -= opened
        academicians += opened if code == ACADEMICIAN else 0.0
    for firm in model.firms:
        if firm.station:
            firm.works_with_station(p)
    return academicians
