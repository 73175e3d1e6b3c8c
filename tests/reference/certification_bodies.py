"""Recognition of firms' R&D institutions, and who has been supported since the plan's start, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.mechanisms.certification_bodies import FOR_GROWTH, FOR_RESEARCH, BodyParameters
from tests.reference.law import large_or_medium
from tests.reference.luck import Draws
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class FirmWithInstitution:
    """A firm with an R&D institution of its own, or one that could have it."""

    def seeks_recognition(self: Any, p: BodyParameters, chance: float, pull: float, draws: Draws) -> None:
        """Set up an institution for a reward, and have it recognised; the firm's R&D is enough for that."""
        if not self.has_institution:
            if pull <= 0.0 or draws.uniform(self.key, "sets up a body") >= p.body_setup * pull:
                return
            self.has_institution = True
        if not self.technology_centre:
            self.technology_centre = draws.uniform(self.key, "body") < chance + p.body_reward * pull

    def is_newly_named(self: Any, bit: int) -> bool:
        """Return whether it counts for the first time since the plan's start, and remember that."""
        if self.named & bit:
            return False
        self.named |= bit
        return True


def recognise_bodies(model: ReferenceModel, counter: Counter, p: BodyParameters, draws: Draws) -> None:
    """Recognise R&D institutions of firms that meet the rules and apply; strike out some that no longer do."""
    st, firms = model.state, model.living()
    have, recognised = [0] * len(model.sectors), [0] * len(model.sectors)
    for firm in firms:
        if firm.has_institution:
            have[firm.sector] += 1
            recognised[firm.sector] += firm.technology_centre
        else:
            firm.technology_centre = False
    chances = [p.body_apply + p.body_contact * r / max(h, 1) for r, h in zip(recognised, have, strict=True)]
    paid = st.paid_part.get("rd_reward", 1.0)
    least = p.body_rd * st.deflator
    for firm in firms:
        if firm.rd_real < least:
            if firm.technology_centre and draws.uniform(firm.key, "struck out") < p.body_lost:
                firm.technology_centre = False
        elif firm.does_rd:
            pull = paid if counter.is_open_to("rd_reward", firm) else 0.0
            firm.seeks_recognition(p, chances[firm.sector], pull, draws)


def count_supported(model: ReferenceModel, draws: Draws) -> None:
    """Add firms supported for the first time since the plan's start to the region's counts, by name.

    In the year in which the plan starts each counts with the chance that the support came after the start.
    """
    st, year, part = model.state, model.year, model.since_plan()
    if part <= 0.0:
        return
    for firm in model.living():
        research = firm.rd_aid_year == year and large_or_medium(firm)
        growth = firm.supported == year
        if (research or growth) and (part >= 1.0 or draws.uniform(firm.key, "since the plan") < part):
            if research and firm.is_newly_named(FOR_RESEARCH):
                st.large_supported += 1.0
            if growth and firm.is_newly_named(FOR_GROWTH):
                st.smes_supported += 1.0
