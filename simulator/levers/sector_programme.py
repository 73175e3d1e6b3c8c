"""A programme for one sector: software parks, R&D support, advice to users, help for founders, a transfer centre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import by_size, in_order, in_sectors
from simulator.world.region_schema import SECTORS
from simulator.world.world import World

STRATEGIC = "strategic_emerging"


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. The sector alone does nothing."""

    sector: str = setting("digital", choices=(*SECTORS, STRATEGIC), doc="whose firms, or the strategic ones of any")
    park_per_year: float = setting(0.0, unit="m2 / year", low=0.0, doc="software park floor ordered")
    park_subsidy: float = setting(0.0, unit="CNY / m2", low=0.0, doc="public money per m2; the developer pays the rest")
    adoption: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="advice to firms of other sectors on using the technology, 1 is full"
    )
    founder_help: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="help for founders in the sector, 1 is full")
    transfer_centre: float = setting(
        0.0, unit="1", low=0.0, high=1.0, doc="a centre that brings its firms and institutes together, 1 is full"
    )
    rd_support: float = setting(0.0, unit="1", low=0.0, high=1.0, doc="share of R&D cost covered, before the work")
    cap_per_firm: float = setting(0.0, unit="CNY / year", low=0.0, doc="most that one firm gets for R&D")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="for parks, then advice, the rest for R&D")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    extra_small: float = parameter(
        1.0,
        unit="CNY / CNY",
        prior=Range(0.6, 1.4, floor=0.0),
        source="judgement_grant_small",
        doc="R&D added per CNY by a firm below 300 staff",
    )
    extra_large: float = parameter(
        0.2,
        unit="CNY / CNY",
        prior=Range(0.0, 0.8, floor=0.0),
        source="judgement_grant_large",
        doc="R&D added per CNY by a larger firm",
    )
    misuse: float = parameter(
        0.15,
        unit="1",
        prior=Range(0.05, 0.42, "logit"),
        source="judgement_grant_misuse",
        doc="chance that a grant is spent on something else",
    )
    strategic_sector: float = parameter(
        0.15,
        unit="1",
        prior=Range(0.08, 0.3, "log"),
        source="assumed",
        doc="strategic part of a sector from which its firms may apply as strategic ones",
    )
    strategic_product: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.2, 0.6, "logit"),
        source="assumed",
        doc="high-tech share of revenue from which a firm passes as strategic",
    )
    advised_per_year: float = parameter(
        400.0,
        unit="firms / year",
        prior=Range(150.0, 1000.0, "log"),
        source="assumed",
        doc="firms that full advice can take in a year: advisers are few",
    )
    advice_cost: float = parameter(
        5.0e4,
        unit="CNY / firm",
        prior=Range(2.0e4, 1.5e5, "log"),
        source="assumed",
        doc="public part of the cost of one round of advice",
    )
    advice_share: float = parameter(
        0.5, unit="1", prior=Range(0.3, 0.8, "logit"), source="assumed", doc="public share of the cost of advice"
    )
    advice_additional: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="share of advised firms that would not have bought the advice anyway",
    )
    centre_cost: float = parameter(
        8.0e6,
        unit="CNY / year",
        prior=Range(3.0e6, 2.0e7, "log"),
        source="assumed",
        doc="running cost of a full transfer centre",
    )
    founder_cost: float = parameter(
        5.0e6,
        unit="CNY / year",
        prior=Range(2.0e6, 1.5e7, "log"),
        source="assumed",
        doc="running cost of full help for founders in a sector",
    )
    admin_share: float = parameter(
        0.04,
        unit="1",
        prior=Range(0.02, 0.08, "log"),
        source="assumed",
        doc="calls, review and inspection over the money committed",
    )


def _sectors(world: World, chosen: str, p: Parameters) -> np.ndarray:
    """Return the (S,) mask of the sectors that the programme is for."""
    if chosen == STRATEGIC:
        return np.asarray(world.region.sector("strategic_share") >= p.strategic_sector)
    return np.array([name == chosen for name in world.region.sectors])


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Order parks, then pay for advice, then for R&D with what is left; help founders and run a centre beside."""
    s: Settings = entry.settings
    firms = world.firms
    own = _sectors(world, s.sector, p)
    inside = in_sectors(firms.alive, firms.sector, own)
    supported = min(s.rd_support, s.cap_per_firm) > 0.0
    parks, advice, research = in_order(
        s.budget,
        (
            s.park_per_year * s.park_subsidy,
            s.adoption * p.advised_per_year * p.advice_cost,
            s.budget if supported else 0.0,
        ),
    )
    if parks > 0.0:
        terms.offer(entry, "software_parks", s.park_per_year, unit_cost=s.park_subsidy, budget=parks)
    if advice > 0.0:
        terms.offer(
            entry,
            "adoption_support",
            p.advice_cost,
            rate=p.advice_share,
            budget=advice,
            worth=p.advice_additional,
            eligible=firms.alive & ~inside,
        )
    if research > 0.0:
        # the strategic list goes by product as well as by sector
        fits = inside & (firms.hightech_share >= p.strategic_product) if s.sector == STRATEGIC else inside
        terms.offer(
            entry,
            "rd_grant",
            s.cap_per_firm,
            rate=s.rd_support,
            budget=research,
            misuse=p.misuse,
            worth=by_size(firms, p.extra_small, p.extra_large),
            eligible=fits,
        )
    terms.offer(entry, "sector_founding", s.founder_help * own)
    terms.offer(entry, "sector_transfer", s.transfer_centre * own)
    running = p.founder_cost * s.founder_help + p.centre_cost * s.transfer_centre
    terms.run(entry, running + p.admin_share * (parks + advice + research))


LEVER = Lever(
    "sector_programme",
    Label("Sector programme", "重点行业专项"),
    Settings,
    Parameters,
    offer,
    dose={
        "sector": STRATEGIC,
        "park_per_year": 5.0e5,
        "park_subsidy": 50.0,
        "adoption": 0.5,
        "founder_help": 0.5,
        "transfer_centre": 0.5,
        "rd_support": 0.3,
        "cap_per_firm": 2.0e6,
        "budget": 1.0e8,
    },
    moves={"software_park_floor": +1, "rd_real": +1, "strategic_share": +1},
)
