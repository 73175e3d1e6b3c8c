"""Instruments of universities that small firms use."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tests.reference.hours import Hours
from tests.reference.luck import Draws
from tests.reference.offers import Application, Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class InstrumentUser:
    """A firm that may use instruments."""

    def wants_instruments(self: Any, access: list[float], rate: float, p: Any, draws: Draws) -> bool:
        """Return whether a small firm near enough wants to use them, the more of the fee is paid the sooner."""
        if self.above_scale or self.university < 0 or self.nearness <= p.facility_reach:
            return False
        near = (self.nearness - p.facility_reach) / (1.0 - p.facility_reach)
        chance = p.facility_interest * near * access[self.university] * (1.0 + p.fee_response * rate)
        return draws.uniform(self.key, "instruments") < chance


def share_instruments(model: ReferenceModel, counter: Counter, p: Any, draws: Draws) -> None:
    """Let small firms use the instruments that are open, pay their fees in part, and note who used some."""
    for firm in model.firms:
        firm.uses_facility = False
    if not counter.offered("facility_access"):
        return
    wage = model.state.wage_index
    access = [counter.total("facility_access", u) for u in model.universities]
    rate = max((o.rate for o in counter.promises("facility_fees")), default=0.0)
    users = [f for f in model.living() if f.wants_instruments(access, rate, p, draws)]
    fees = {f: p.user_fee * wage * math.exp(p.fee_spread * draws.normal(f.key, "fee")) for f in users}
    hours = Hours(
        [
            u.researchers * u.working * p.instrument_hours * wage * a * u.alive
            for u, a in zip(model.universities, access, strict=True)
        ]
    )
    for firm in sorted(users, key=lambda f: (draws.uniform(f.key, "queue"), f.key)):
        firm.uses_facility = hours.serve(firm.university, fees[firm]) >= 0
    counter.draw("facility_fees", [Application(f, fees[f], -fees[f]) for f in users if f.uses_facility])
