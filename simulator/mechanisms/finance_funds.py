"""Funds of ``finance``: they raise, choose, lose and win."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.luck import Luck, name_hash
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.finance_funds_kernels import (
    Choice,
    Firms,
    Funds,
    Sale,
    call_capital,
    open_groups,
    place,
    sell_holdings,
)
from simulator.world.agents import ANGEL, GUIDANCE, VENTURE
from simulator.world.world import World

LEAST_CAPITAL = 1.0e6  # CNY: less is too little for any fund


@dataclass(frozen=True)
class FundParameters:
    """How funds raise and choose, and what their money does."""

    seal_odds: float = parameter(
        1.6,
        unit="factor",
        prior=Range(1.1, 3.0, "log"),
        source="assumed",
        doc="odds of a venture deal of a firm with the seal, as those of a first grant; only under incubators: signal",
    )
    crowd_thin: float = parameter(
        0.9,
        unit="CNY / CNY",
        prior=Range(0.2, 1.3),
        source="judgement_crowding_thin",
        doc="private capital drawn per public capital where venture capital is thin",
    )
    crowd_deep: float = parameter(
        -0.2,
        unit="CNY / CNY",
        prior=Range(-0.6, 0.3),
        source="judgement_crowding_deep",
        doc="the same where it is deep",
    )
    crowd_in: float = parameter(
        0.9,
        unit="CNY / CNY",
        prior=Range(0.2, 1.3),
        source="judgement_crowding_thin",
        doc="the same at any depth under the switch for funds that crowd in; acts only under it",
    )
    crowd_out: float = parameter(
        -0.2,
        unit="CNY / CNY",
        prior=Range(-0.6, 0.3),
        source="judgement_crowding_deep",
        doc="the same at any depth under the switch for funds that crowd out; acts only under it",
    )
    depth_half: float = parameter(
        0.012,
        unit="1",
        prior=Range(0.006, 0.025, "log"),
        source="assumed",
        doc="venture capital over GDP half-way between thin and deep",
    )
    renewal: float = parameter(
        0.16,
        unit="1 / year",
        prior=Range(0.08, 0.28, "log"),
        source="assumed",
        doc="capital that private funds raise a year over what they held at the start, at the nation's level then",
    )
    angel_part: float = parameter(
        0.08,
        unit="1",
        prior=Range(0.03, 0.15, "logit"),
        source="assumed",
        doc="part of private money that goes to angel funds",
    )
    diverted: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="most of the private money of a year that guidance funds can turn to themselves",
    )
    angel_fund: float = parameter(
        50000000.0, unit="CNY", prior=Range(2.0e7, 1.2e8, "log"), source="assumed", doc="mean size of a new angel fund"
    )
    venture_fund: float = parameter(
        300000000.0,
        unit="CNY",
        prior=Range(1.2e8, 7.0e8, "log"),
        source="assumed",
        doc="mean size of a new venture fund",
    )
    guidance_fund: float = parameter(
        250000000.0,
        unit="CNY",
        prior=Range(1.0e8, 6.0e8, "log"),
        source="assumed",
        doc="mean size of a new guidance sub-fund",
    )
    fund_spread: float = parameter(
        0.6, unit="log points", prior=Range(0.3, 1.1, "log"), source="assumed", doc="spread of the size of new funds"
    )
    fund_life: float = parameter(
        10.0, unit="years", prior=Range(7.0, 12.0), source="assumed", doc="age up to which a fund works"
    )
    pay_in: float = parameter(
        0.20,
        unit="1 / year",
        prior=Range(0.1, 0.35, "log"),
        source="obs:qingdao/guidance_fund_subfunds_paid_in/2021",
        doc="promised private capital called each year (committed is 3.4 times paid in)",
    )
    pace: float = parameter(
        0.28,
        unit="1 / year",
        prior=Range(0.15, 0.45, "log"),
        source="obs:qingdao/guidance_fund_invested_total/2021",
        doc="part of its liquid capital that a fund invests in a year",
    )
    local: float = parameter(
        0.50,
        unit="1",
        prior=Range(0.35, 0.65, "logit"),
        source="obs:qingdao/guidance_fund_invested_local/2021",
        doc="part of it that goes to local firms",
    )
    angel_ticket: float = parameter(
        1500000.0,
        unit="CNY",
        prior=Range(7.0e5, 3.0e6, "log"),
        source="assumed",
        doc="mean investment of an angel fund in a firm, at the start's prices",
    )
    venture_ticket: float = parameter(
        10000000.0, unit="CNY", prior=Range(5.0e6, 2.0e7, "log"), source="assumed", doc="the same of other funds"
    )
    oldest: float = parameter(
        12.0, unit="years", prior=Range(8.0, 16.0), source="assumed", doc="age up to which funds look at a firm"
    )
    screening: float = parameter(
        1.0,
        unit="standard deviations",
        prior=Range(0.5, 2.0, "log"),
        source="assumed",
        doc="error in a private fund's view of a firm",
    )
    public_error: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.0, 1.0),
        source="assumed",
        doc="larger error of wholly public funds, over that of private ones",
    )
    seen_growth: float = parameter(
        0.5,
        unit="standard deviations / log point",
        prior=Range(0.0, 1.5),
        source="assumed",
        doc="weight of a firm's growth in funds' view",
    )
    seen_rd: float = parameter(
        0.4, unit="standard deviations", prior=Range(0.0, 1.0), source="assumed", doc="weight of its doing R&D"
    )
    grant_odds: float = parameter(
        1.4,
        unit="factor",
        prior=Range(1.0, 2.0, "log"),
        source="judgement_grant_venture_odds",
        doc="odds of a deal after a first grant",
    )
    public_peak: float = parameter(
        0.30,
        unit="1",
        prior=Range(0.15, 0.50),
        source="judgement_public_share_peak",
        doc="public share at which funds do best",
    )
    public_penalty: float = parameter(
        2.0,
        unit="log points",
        prior=Range(0.5, 4.0, "log"),
        source="assumed",
        doc="log return lost per squared distance from that share",
    )
    exit: float = parameter(
        0.22,
        unit="1 / year",
        prior=Range(0.15, 0.32, "log"),
        source="assumed",
        doc="holdings sold per year once they may be sold",
    )
    holding: float = parameter(
        3.0, unit="years", prior=Range(2.0, 5.0), source="assumed", doc="years for which funds hold before they sell"
    )
    median_multiple: float = parameter(
        1.25,
        unit="factor",
        prior=Range(0.9, 1.75, "log"),
        source="levine2014",
        doc="median return over what was paid of holdings sold. Of all deals 65 % return less than was paid and 10 % "
        "at least five times; two in five are lost with firms that close, and this is what is left for those sold",
    )
    multiple_spread: float = parameter(
        1.4,
        unit="log points",
        prior=Range(1.15, 1.7),
        source="levine2014",
        doc="spread of returns on holdings sold, by the same two shares",
    )
    away_multiple: float = parameter(
        1.3,
        unit="factor",
        prior=Range(0.7, 2.2, "log"),
        source="assumed",
        doc="money back over what was paid on all holdings elsewhere, those lost included: the few large winners "
        "lift it above the median",
    )
    return_growth: float = parameter(
        0.3,
        unit="log points / log point",
        prior=Range(0.0, 1.0),
        source="assumed",
        doc="log return to the firm's growth in the year of sale",
    )
    return_skill: float = parameter(
        0.1,
        unit="log points / standard deviation",
        prior=Range(0.0, 0.3),
        source="assumed",
        doc="log return to the fund's skill",
    )
    equity_growth: float = parameter(
        0.06,
        unit="log points / year",
        prior=Range(0.0, 0.15),
        source="assumed",
        doc="growth of a firm in the two years after a deal",
    )


def crowding(depth: float, thin: float, deep: float, half: float) -> float:
    """Return private capital drawn per public capital at a venture depth (capital over GDP), between two ends."""
    weight = depth**2 / (depth**2 + half**2)
    return thin + (deep - thin) * weight


def raise_capital(world: World, terms: Terms, p: FundParameters, luck: Luck) -> None:
    """Let private funds raise, and public capital draw or displace private partners in sub-funds."""
    st = world.state
    region = world.region
    index = world.outside["venture_national"]
    ordinary = p.renewal * index * (region.figure("venture_committed") + region.figure("angel_committed"))
    answer = world.switches.get("fund_crowding", "depth")
    if answer == "depth":
        mu = crowding(st.venture_depth, p.crowd_thin, p.crowd_deep, p.depth_half)
    else:
        mu = p.crowd_in if answer == "in" else p.crowd_out
    private_guided = 0.0
    groups = []
    for o in terms.promises("fund_capital"):
        public, share = o.budget, min(max(o.rate, 0.02), 1.0)
        wanted = public * (1.0 - share) / share
        drawn = mu * public if mu > 0.0 else 0.0
        # what the fund needs beyond what it draws comes from partners of other funds
        found = min(wanted, drawn + p.diverted * ordinary)
        # by depth, a fund that is wholly public displaces nobody
        displaced = max(found - mu * public, 0.0) if found > 0.0 or answer != "depth" else 0.0
        public = min(public, found * share / (1.0 - share)) if share < 1.0 else public
        ordinary = max(ordinary - min(displaced, p.diverted * ordinary), 0.0)
        private_guided += found
        entry = o.entry.id
        groups.append((entry, GUIDANCE, public + found, p.guidance_fund, share, public, world.entry_index(entry)))
        terms.charge(entry, "outlay", public, "suppliers")  # held in trust until the fund opens next year
        st.ordered += public
    groups.append(("private 1", VENTURE, (1.0 - p.angel_part) * ordinary, p.venture_fund, 0.0, 0.0, -1))
    groups.append(("private 0", ANGEL, p.angel_part * ordinary, p.angel_fund, 0.0, 0.0, -1))
    _close_funds(world, p, luck, [group for group in groups if group[2] > LEAST_CAPITAL])
    st.private_raised = ordinary + private_guided
    called = call_capital(_funds(world), p.pay_in, world.year - p.fund_life)
    world.ledger.transfer("private", "funds:private", called)


def _close_funds(
    world: World, p: FundParameters, luck: Luck, groups: list[tuple[str, int, float, float, float, float, int]]
) -> None:
    """Queue the funds that close this year: whole funds of ordinary size, at least one where there is money.

    Each group is a name for their luck, their kind, their capital and the mean of a fund (CNY), the public share and
    the public capital (CNY), and the index of the entry whose money they hold, -1 for none.
    """
    if not groups:
        return
    names, kinds, capital, means, shares, public, entries = zip(*groups, strict=True)
    group, key, committed, paid, skill = open_groups(
        np.array([name_hash(f"{world.region.id} {name}") for name in names], np.uint64),
        np.array([max(1, round(whole / mean)) for whole, mean in zip(capital, means, strict=True)]),
        np.array(capital),
        np.array(public),
        world.luck_year,
        p.fund_spread,
        luck.address("size"),
        luck.address("skill"),
    )
    world.funds.arrive(
        key.size,
        key=key,
        kind=np.array(kinds)[group],
        vintage=world.year,
        skill=skill,
        committed=committed,
        paid_in=paid,
        cash=paid,
        public_share=np.array(shares)[group],
        public_paid=paid,
        entry=np.array(entries)[group],
    )


def _funds(world: World) -> Funds:
    return Funds._make([getattr(world.funds, name) for name in Funds._fields])


def _firms(world: World) -> Firms:
    return Firms._make([getattr(world.firms, name) for name in Firms._fields])


def invest(world: World, p: FundParameters, luck: Luck, sealed: np.ndarray) -> None:
    """Let funds choose firms by what they can see; they invest about half at home."""
    st = world.state
    choice = Choice._make([float(getattr(p, name)) for name in Choice._fields])._replace(
        angel_ticket=p.angel_ticket * st.deflator, venture_ticket=p.venture_ticket * st.deflator
    )
    st.venture_invested = place(
        _funds(world), _firms(world), choice, world.year, sealed, luck.address("deals"), luck.address("seen")
    )
    world.ledger.transfer("funds:private", "firms:equity", st.venture_invested)


def sell(world: World, terms: Terms, p: FundParameters, luck: Luck) -> None:
    """Sell holdings, those of closed firms being written off already; book the public part that comes back."""
    st = world.state
    back = np.zeros(len(world.entry_ids))
    sold, below, above = sell_holdings(
        _funds(world),
        _firms(world),
        Sale._make([float(getattr(p, name)) for name in Sale._fields]),
        world.year,
        luck.address("sale"),
        luck.address("multiple"),
        back,
    )
    for k in back.nonzero()[0]:
        terms.charge(world.entry_ids[k], "recovered", float(back[k]), "funds")
    st.exits += float(sold)
    st.exits_below += float(below)
    st.exits_above += float(above)
