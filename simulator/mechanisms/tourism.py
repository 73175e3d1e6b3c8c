"""Tourism: visits answer to incomes and attractions, attractions to expected revenue; visitors' spending is demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters:
    """How visitors and investors decide."""

    income_growth: float = parameter(
        0.07,
        unit="1 / year",
        prior=Range(0.045, 0.095),
        source="assumed",
        doc="real growth of incomes where visitors come from, which is mostly outside the city",
    )
    income: float = parameter(
        1.1,
        unit="elasticity",
        prior=Range(0.6, 1.7),
        source="assumed",
        doc="visits to incomes where visitors come from",
    )
    spending: float = parameter(
        0.02,
        unit="1 / year",
        prior=Range(0.0, 0.05),
        source="assumed",
        doc="growth of spending per visit, in money of the year",
    )
    attraction: float = parameter(
        0.25,
        unit="elasticity",
        prior=Range(0.05, 0.5),
        source="assumed",
        doc="visits to the capital in attractions",
    )
    answer: float = parameter(
        0.4,
        unit="1 / year",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="part of the visits that new attractions can draw which come within a year",
    )
    platform: float = parameter(
        0.03,
        unit="1",
        prior=Range(-0.01, 0.10, floor=-0.2),
        source="assumed",
        doc="more visits with platforms (booking, joint marketing, standards) than without any, at most",
    )
    platforms_half: float = parameter(
        4.0,
        unit="platforms",
        prior=Range(2.0, 10.0, "log"),
        source="assumed",
        doc="open platforms at which half of that is reached",
    )
    worn: float = parameter(
        0.05, unit="1 / year", prior=Range(0.03, 0.08, "log"), source="assumed", doc="attractions that wear out"
    )
    capital: float = parameter(
        2.0,
        unit="years",
        prior=Range(1.2, 3.2, "log"),
        source="assumed",
        doc="capital in attractions that investors wish for over the revenue that they expect",
    )
    invest: float = parameter(
        0.25,
        unit="1 / year",
        prior=Range(0.1, 0.45, "logit"),
        source="assumed",
        doc="part of the wished growth of attractions that is built in a year",
    )
    matched: float = parameter(
        0.5,
        unit="CNY / CNY",
        prior=Range(0.0, 1.5),
        source="assumed",
        doc="private investment that a CNY of public money in attractions brings forward",
    )
    public_share: float = parameter(
        0.15,
        unit="1",
        prior=Range(0.05, 0.35, "logit"),
        source="assumed",
        doc="roads and utilities that state bodies build over private investment in attractions, plan or no plan",
    )
    noise: float = parameter(
        0.03, unit="log points", prior=Range(0.01, 0.06, "log"), source="assumed", doc="a year's luck with visitors"
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Let visitors come, investors build, and the tourism sector's demand be what visitors spend."""
    st, sectors, region = world.state, world.sectors, world.region
    if st.tourists <= 0.0:
        return
    tourism = region.sectors.index("tourism")
    usual = st.attractions * (1.0 - p.worn)
    if world.year == region.start_year:  # the figures are of the first year
        _build(world, p, usual, st.tourists * st.tourist_spending)
        return
    before = st.tourists * st.tourist_spending
    platforms = float((world.platforms.alive & (world.platforms.sector == tourism)).sum())
    drawn = p.platform * platforms / (platforms + p.platforms_half)
    gained = p.answer * (np.log1p(drawn) - st.platform_visits)
    st.platform_visits += gained
    pulled = p.attraction * p.answer * (np.log(st.attractions) - st.attractions_known)
    st.attractions_known += p.answer * (np.log(st.attractions) - st.attractions_known)
    shock = p.noise * float(luck.normal(sectors.key[[tourism]], "visitors")[0])
    growth = p.income * p.income_growth + gained + pulled + shock
    # what the outside path says of the sector's demand (an epidemic, a boom) comes on top
    growth += np.log1p(max(world.outside.get("demand:tourism", 0.0), -0.9))
    st.tourists *= float(np.exp(growth))
    st.tourist_spending *= 1.0 + p.spending
    spent = st.tourists * st.tourist_spending
    own = spent / before - 1.0
    # drivers moved the rest of the sector by its own path
    sectors.rest_value_added[tourism] *= (1.0 + own) / (1.0 + sectors.demand_growth[tourism])
    sectors.demand_growth[tourism] = own
    _build(world, p, usual, spent)


def _build(world: World, p: Parameters, usual: float, spent: float) -> None:
    """Let investors build towards the attractions that the expected revenue would bear."""
    st = world.state
    wished = max(p.capital * spent - usual, 0.0)
    public = st.tourism_public
    private = p.invest * wished + p.matched * public
    private = min(private, wished) if wished > 0.0 else 0.0  # brought forward, not added for ever
    invested = private * (1.0 + p.public_share) + public
    st.attractions = usual + invested
    if world.year >= int(world.region.plan_start):
        st.tourism_invested += invested


MECHANISM = Mechanism("tourism", Label("Tourism", "旅游"), Parameters, step)
