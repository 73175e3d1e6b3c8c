"""Guidance funds: public capital joins private capital in sub-funds that invest in young firms."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import count_of, in_proportion
from simulator.world.agents import ATTRACTED, PROJECT_KINDS
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses. The capital of district and institute funds is part of ``capital_per_year``."""

    capital_per_year: float = setting(0.0, unit="CNY / year", low=0.0, doc="public capital offered to new sub-funds")
    public_share: float = setting(0.3, unit="1", low=0.05, high=1.0, doc="public part of a sub-fund's capital")
    funds_per_district: float = setting(
        0.0, unit="funds / district", low=0.0, high=10.0, doc="incubation funds that each district is to have"
    )
    funds_per_attracted_institute: float = setting(
        0.0,
        unit="funds / institute",
        low=0.0,
        high=1.0,
        doc="venture fund and transfer company that each attracted institute is to have",
    )
    fund_cost: float = setting(500_000.0, unit="CNY / fund", low=0.0, doc="setting up one of these funds")
    budget: float = setting(0.0, unit="CNY / year", low=0.0, doc="money for setting such funds up")


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    management_fee: float = parameter(
        0.02,
        unit="1 / year",
        prior=Range(0.01, 0.03, "log"),
        source="assumed",
        doc="fee on public capital under management, as is customary; billed as long as the measure runs",
    )


def _waiting(world: World, kind: str) -> float:
    """Return how many funds of a kind are on order."""
    projects = world.projects
    return float(projects.quantity[projects.alive & (projects.kind == PROJECT_KINDS.index(kind))].sum())


def _lacking(world: World, s: Settings) -> list[float]:
    """Return how many funds of districts and of attracted institutes are still to be ordered."""
    u, st = world.universities, world.state
    out = [0.0, 0.0]
    if s.funds_per_district > 0.0:
        has = float(st.district_funds.sum()) + _waiting(world, "district_fund")
        out[0] = max(0.0, s.funds_per_district * len(world.region.districts) - has)
    if s.funds_per_attracted_institute > 0.0:
        attracted = u.alive & (u.kind == ATTRACTED)
        has = count_of(attracted & u.has_fund & u.has_company) + _waiting(world, "institute_fund")
        out[1] = max(0.0, s.funds_per_attracted_institute * count_of(attracted) - has)
    return out


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer this year's capital at the public share, order the funds that are lacking, and pay the fee.

    The fee is on the year's capital and on what is still held.
    """
    s: Settings = entry.settings
    if s.capital_per_year > 0.0:
        funds = world.funds
        terms.offer(entry, "fund_capital", s.capital_per_year, budget=s.capital_per_year, rate=s.public_share)
        held = float(funds.public_paid[funds.alive & (funds.entry == world.entry_index(entry.id))].sum())
        terms.run(entry, p.management_fee * (s.capital_per_year + held))
    if s.budget <= 0.0 or max(s.funds_per_district, s.funds_per_attracted_institute) <= 0.0:
        return
    lacking = _lacking(world, s)
    for term, number, money in zip(
        ("district_funds", "institute_fund"), lacking, in_proportion(s.budget, lacking), strict=True
    ):
        if number > 0.0:
            terms.offer(entry, term, number, budget=money, unit_cost=s.fund_cost)


LEVER = Lever(
    "guidance_fund",
    Label("Guidance funds", "政府引导基金"),
    Settings,
    Parameters,
    offer,
    dose={"capital_per_year": 1.0e8, "public_share": 0.3, "funds_per_district": 1.0, "budget": 3.0e6},
    moves={"venture_investment": +1},
)
