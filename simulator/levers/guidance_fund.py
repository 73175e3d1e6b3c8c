"""Guidance funds: public capital joins private capital in sub-funds that invest in young firms."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    capital_per_year: float = setting(0.0, unit="CNY / year", low=0.0, doc="public capital offered to new sub-funds")
    public_share: float = setting(0.3, unit="1", low=0.05, high=1.0, doc="public part of a sub-fund's capital")


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


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer this year's capital at the public share, and pay the fee on it and on what is still held."""
    s: Settings = entry.settings
    if s.capital_per_year <= 0.0:
        return
    funds = world.funds
    terms.offer(entry, "fund_capital", s.capital_per_year, budget=s.capital_per_year, rate=s.public_share)
    held = float(funds.public_paid[funds.alive & (funds.entry == world.entry_index(entry.id))].sum())
    terms.run(entry, p.management_fee * (s.capital_per_year + held))


LEVER = Lever(
    "guidance_fund",
    Label("Guidance funds", "政府引导基金"),
    Settings,
    Parameters,
    offer,
    dose={"capital_per_year": 1.0e8, "public_share": 0.3},
    moves={"venture_investment": +1},
)
