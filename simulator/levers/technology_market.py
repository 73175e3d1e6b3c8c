"""Technology market: transfer offices, matching of projects and firms, registration, support for buyers."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import FIRM_CLASSES, count_of, in_order, of_classes
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. Nothing is ordered without a price."""

    offices_per_year: float = setting(0.0, unit="offices / year", low=0.0, doc="transfer offices at universities")
    office_cost: float = setting(0.0, unit="CNY / office", low=0.0)
    matching_per_year: float = setting(
        0.0, unit="projects / year", low=0.0, doc="transferable projects to be sorted and offered to firms"
    )
    matching_cost: float = setting(0.0, unit="CNY / project", low=0.0)
    registration_service: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="extent of help with the registration of technology contracts"
    )
    purchase_share: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="public part of the price of technology bought or R&D commissioned"
    )
    cap_per_purchase: float = setting(0.0, unit="CNY", low=0.0, doc="most public money for one firm in a year")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for offices, then matching, the rest for purchases")
    coverage: tuple[str, ...] = setting(
        ("above_scale",), choices=FIRM_CLASSES, doc="classes of firms whose purchases are supported"
    )


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    additional: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.1, 0.8, "logit"),
        source="assumed",
        doc="share of supported purchases that would not have been made",
    )
    service_cost: float = parameter(
        1.0e3,
        unit="CNY / seller / year",
        prior=Range(3.0e2, 3.0e3, "log"),
        source="assumed",
        doc="registration clerks and visits for each seller of technology that does not register yet, at full extent",
    )
    admin_share: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.02, 0.10, "log"),
        source="assumed",
        doc="carrying out over the money committed",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Order offices and sorted projects, help with registering, and pay part of what firms buy."""
    s: Settings = entry.settings
    offices, matching = in_order(s.budget, (s.offices_per_year * s.office_cost, s.matching_per_year * s.matching_cost))
    rest = s.budget - offices - matching if min(s.purchase_share, s.cap_per_purchase) > 0.0 else 0.0
    if offices > 0.0:
        terms.offer(entry, "transfer_office", s.offices_per_year, unit_cost=s.office_cost, budget=offices)
    if matching > 0.0:
        terms.offer(entry, "project_matching", s.matching_per_year, unit_cost=s.matching_cost, budget=matching)
    if rest > 0.0:
        terms.offer(
            entry,
            "purchase_support",
            s.cap_per_purchase,
            budget=rest,
            rate=s.purchase_share,
            eligible=of_classes(world.firms, s.coverage, world.year),
            worth=p.additional,
        )
    terms.offer(entry, "registration_service", s.registration_service)
    f = world.firms
    sellers = count_of(f.alive & ~f.registers & (f.technology_sales > 0.0))
    # a desk for a city costs something even where few sellers are left to be won
    cost = p.admin_share * (offices + matching + rest) + p.service_cost * s.registration_service * (1.0 + sellers)
    if cost > 0.0:
        terms.run(entry, cost)


LEVER = Lever(
    "technology_market",
    Label("Technology market", "技术市场"),
    Settings,
    Parameters,
    offer,
    dose={
        "offices_per_year": 8.0,
        "office_cost": 5.0e5,
        "matching_per_year": 500.0,
        "matching_cost": 5.0e3,
        "registration_service": 1.0,
        "purchase_share": 0.2,
        "cap_per_purchase": 5.0e5,
        "budget": 2.0e7,
        "coverage": ("above_scale",),
    },
    moves={"technology_transactions": +1, "transfer_office_share": +1, "projects_sorted": +1},
)
