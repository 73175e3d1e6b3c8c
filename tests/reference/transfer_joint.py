"""Joint projects of firms and universities, paid in part by a public fund."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.transfer_joint import WORKING_TIE
from tests.reference.hours import Hours, additional_part, tie_worth
from tests.reference.luck import Draws
from tests.reference.offers import Application, Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class JointProjectFirm:
    """A firm that applies for a joint project."""

    def applies_jointly(self: Any, counter: Counter, p: Any, draws: Draws) -> bool:
        """Return whether a firm that does R&D applies together with its university."""
        if not self.does_rd or self.university < 0 or not counter.is_open_to("joint_fund", self):
            return False
        return draws.uniform(self.key, "joint applies") < p.joint_apply * self.nearness

    def does_joint_project(self: Any, paid: Application, p: Any, outsourcing: float, draws: Draws) -> float:
        """Do the project; return the part of it that would not have been done anyway."""
        whole = paid.wanted
        new_part = additional_part(paid.real / paid.amount, paid.amount / whole, p.joint_usual)
        self.cash -= paid.amount * new_part
        commitment = 1.0 - p.joint_commitment * paid.amount / whole
        brought = new_part * whole * commitment / self.model.state.deflator
        lasting = self.boost * self.boost_life + brought * paid.half_life
        self.boost_life = lasting / max(self.boost + brought, 1e-9)
        self.boost += brought
        if self.link < WORKING_TIE:
            self.rd_intensity *= 1.0 + p.joint_rd * new_part * commitment
        if draws.uniform(self.key, "joint tie") < p.joint_tie * new_part * commitment:
            self.link = max(self.link, tie_worth(self, whole, outsourcing))
        return new_part


def joint_projects(model: ReferenceModel, counter: Counter, p: Any, draws: Draws, outsourcing: float) -> list[float]:
    """Pay the public share of joint projects and start them; return firms' own share by university."""
    own_share = [0.0] * len(model.universities)
    if not counter.offered("joint_fund"):
        return own_share
    wage, asks = model.state.wage_index, []
    for firm in model.living():
        if firm.applies_jointly(counter, p, draws):
            cost = p.joint_cost * wage * math.exp(p.joint_spread * draws.normal(firm.key, "joint cost"))
            rank = firm.quality + p.joint_noise * draws.normal(firm.key, "joint rank")
            asks.append(Application(firm, min(cost, p.joint_most * firm.rd_real), rank))
    hours = Hours([u.researchers * u.working * p.joint_hours * wage * u.alive for u in model.universities])
    partner = {
        a.agent: hours.serve(a.agent.university, a.wanted) for a in sorted(asks, key=lambda a: (-a.rank, a.agent.key))
    }
    for paid in counter.draw("joint_fund", [a for a in asks if partner[a.agent] >= 0 and a.wanted > 0.0]):
        new_part = paid.agent.does_joint_project(paid, p, outsourcing, draws)
        row = partner[paid.agent]
        model.universities[row].hours_sold += paid.amount * new_part
        own_share[row] += (paid.wanted - paid.amount) * new_part
    return own_share
