"""Innovation vouchers: a small firm buys its first hours of university work with public money."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import FIRM_CLASSES, of_classes
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    face_value: float = setting(0.0, unit="CNY / voucher", low=0.0, high=1.0e6)
    budget: float = setting(0.0, unit="CNY / year", low=0.0)
    coverage: tuple[str, ...] = setting(("tech_sme",), choices=FIRM_CLASSES, doc="classes of firms covered")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    take_up: float = parameter(
        0.90,
        unit="1",
        prior=Range(0.75, 0.97, "logit"),
        source="cornet2006_unused",
        doc="chance that a voucher issued is redeemed; one that is not costs nothing",
    )
    additional: float = parameter(
        0.89,
        unit="1",
        prior=Range(0.61, 0.98, "logit"),
        source="cornet2006",
        doc="share of redeemed vouchers whose project would not have been done (0.80 of those issued)",
    )
    half_life: float = parameter(
        0.75,
        unit="years",
        prior=Range(0.4, 2.5, "log"),
        source="judgement_voucher_half_life",
        doc="half-life of what a project adds",
    )
    admin_share: float = parameter(
        0.06,
        unit="1",
        prior=Range(0.03, 0.12, "log"),
        source="assumed",
        doc="issuing and redeeming over the budget; small sums cost much to handle",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer one voucher to every living firm of the classes covered that has never had one."""
    s: Settings = entry.settings
    if min(s.face_value, s.budget) <= 0.0:
        return
    firms = world.firms
    terms.offer(
        entry,
        "university_hours",
        s.face_value,
        budget=s.budget,
        eligible=of_classes(firms, s.coverage, world.year) & (firms.voucher_year == 0),
        unused=1.0 - p.take_up,
        worth=p.additional,
        half_life=p.half_life,
    )
    terms.run(entry, p.admin_share * s.budget)


LEVER = Lever(
    "innovation_voucher",
    Label("Innovation vouchers", "科技创新券"),
    Settings,
    Parameters,
    offer,
    dose={"face_value": 1.0e5, "budget": 3.0e7, "coverage": ("tech_sme",)},
    moves={"university_links": +1, "university_contracts": +1, "rd_real": +1},
)
