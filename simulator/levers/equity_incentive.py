"""Equity incentives: a least share for the team when results become capital, and tax paid over years."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.declare import Label, Lever
from simulator.core.parameters import Range, parameter, setting
from simulator.core.terms import Entry, Terms
from simulator.levers.common import count_of
from simulator.world.agents import STATE
from simulator.world.world import World


@dataclass(frozen=True)
class Settings:
    """What the planner chooses."""

    team_share: float = setting(
        0.0,
        unit="1",
        low=0.0,
        high=1.0,
        doc="least share of a spin-off's equity for the team; works above national law",
    )
    tax_years: float = setting(
        0.0,
        unit="years",
        low=0.0,
        high=20.0,
        doc="years over which tax on an award may be paid; works above national law",
    )
    state_firms: float = setting(
        0.0,
        unit="1",
        low=0.0,
        high=1.0,
        doc="share of technical staff of state firms with dividend rights, held only while employed",
    )


@dataclass(frozen=True)
class Parameters:
    """What nobody chooses."""

    adoption: float = parameter(
        0.7,
        unit="1",
        prior=Range(0.4, 0.95, "logit"),
        source="assumed",
        doc="part of a local rise of the share that institutions put into practice; only floors that bind do "
        "anything (transfer_reform_floor)",
    )
    admin_cost: float = parameter(
        8.0e4,
        unit="CNY / institution / year",
        prior=Range(2.0e4, 2.5e5, "log"),
        source="assumed",
        doc="valuation, contracts and disclosure per rise of the team's share by 0.5",
    )
    scheme_cost: float = parameter(
        1.0e5,
        unit="CNY / firm / year",
        prior=Range(3.0e4, 3.0e5, "log"),
        source="assumed",
        doc="approval, valuation and accounts of a scheme in one state firm with R&D",
    )
    instalment_cost: float = parameter(
        5.0e4,
        unit="CNY / year",
        prior=Range(1.5e4, 2.0e5, "log"),
        source="assumed",
        doc="the tax office's filing and recovery per year of instalments added",
    )


def offer(world: World, terms: Terms, entry: Entry, p: Parameters) -> None:
    """Offer a team's share and instalment years above those of national law."""
    s: Settings = entry.settings
    law = world.rules.get("transfer_law_inventor_share", 0.0)
    added = s.team_share - law
    if added > 0.0:
        terms.offer(entry, "team_equity", law + p.adoption * added)
        terms.run(entry, p.admin_cost * added / 0.5 * count_of(world.universities.alive))
    added_years = s.tax_years - world.rules.get("equity_instalment_years", 0.0)
    if added_years > 0.0:
        terms.offer(entry, "equity_tax_years", s.tax_years)
        terms.run(entry, p.instalment_cost * added_years)
    owned = world.firms.alive & (world.firms.ownership == STATE) & world.firms.does_rd
    if s.state_firms > 0.0 and owned.any():
        terms.offer(entry, "staff_stake", p.adoption * s.state_firms, eligible=owned)
        terms.run(entry, p.scheme_cost * s.state_firms * count_of(owned))


LEVER = Lever(
    "equity_incentive",
    Label("Equity incentives", "股权激励"),
    Settings,
    Parameters,
    offer,
    dose={"team_share": 0.8, "tax_years": 10.0, "state_firms": 0.5},
    moves={"university_spinoffs": +1},
)
