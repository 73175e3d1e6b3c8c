"""Funds of ``finance``: they raise, choose, lose and win."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import Luck, child_keys, name_hash, normal_at, poisson_at, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.agents import ANGEL, GUIDANCE, PRIVATE, VENTURE
from simulator.world.world import World


@dataclass(frozen=True)
class FundParameters:
    """How funds raise and choose, and what their money does."""

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
        0.85,
        unit="factor",
        prior=Range(0.6, 1.15, "log"),
        source="levine2014",
        doc="median return over what was paid of holdings sold; those of firms that close are lost beside",
    )
    multiple_spread: float = parameter(
        1.55,
        unit="log points",
        prior=Range(1.3, 1.9),
        source="levine2014",
        doc="spread of returns: 65 % of deals return less than was paid, 10 % at least five times",
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
    funds, st, year = world.funds, world.state, world.year
    region = world.region
    index = world.outside["venture_national"]
    ordinary = p.renewal * index * (region.figure("venture_committed") + region.figure("angel_committed"))
    mu = crowding(st.venture_depth, p.crowd_thin, p.crowd_deep, p.depth_half)
    private_guided = 0.0
    for o in terms.promises("fund_capital"):
        public, share = o.budget, min(max(o.rate, 0.02), 1.0)
        wanted = public * (1.0 - share) / share
        drawn = mu * public if mu > 0.0 else 0.0
        # what the fund needs beyond what it draws comes from partners of other funds
        found = min(wanted, drawn + p.diverted * ordinary)
        displaced = max(found - mu * public, 0.0) if found > 0.0 else 0.0
        public = min(public, found * share / (1.0 - share)) if share < 1.0 else public
        ordinary = max(ordinary - min(displaced, p.diverted * ordinary), 0.0)
        private_guided += found
        _close_funds(world, p, luck, GUIDANCE, public + found, share, public, o.entry.id, o.entry.id)
        terms.charge(o.entry.id, "outlay", public, "suppliers")  # held in trust until the fund opens next year
        st.ordered += public
    for kind, part in ((VENTURE, 1.0 - p.angel_part), (ANGEL, p.angel_part)):
        _close_funds(world, p, luck, kind, part * ordinary, 0.0, 0.0, None, f"private {kind}")
    st.private_raised = ordinary + private_guided
    calls = np.where(funds.alive, np.minimum(p.pay_in * funds.committed, funds.committed - funds.paid_in), 0.0)
    calls = np.maximum(calls, 0.0)
    funds.paid_in += calls
    funds.cash += calls
    world.ledger.transfer("private", "funds:private", float(calls.sum()))
    funds.alive &= year - funds.vintage <= p.fund_life


def _close_funds(
    world: World,
    p: FundParameters,
    luck: Luck,
    kind: int,
    capital: float,
    share: float,
    public: float,
    entry: str | None,
    name: str,
) -> None:
    """Queue the funds that close this year: whole funds of ordinary size, at least one if there is money."""
    mean = {ANGEL: p.angel_fund, VENTURE: p.venture_fund, GUIDANCE: p.guidance_fund}[kind]
    if capital <= 1.0e6:  # too little for any fund
        return
    count = max(1, round(capital / mean))
    keys = child_keys(np.full(count, name_hash(f"{world.region.id} {name}"), np.uint64), np.arange(count), world.year)
    weight = np.exp(p.fund_spread * luck.normal(keys, "size"))
    weight /= weight.sum()
    world.funds.arrive(
        count,
        key=keys,
        kind=kind,
        vintage=world.year,
        skill=luck.normal(keys, "skill"),
        committed=capital * weight,
        paid_in=public * weight,
        cash=public * weight,
        public_share=share,
        public_paid=public * weight,
        entry=world.entry_index(entry) if entry is not None else -1,
    )


@njit(cache=True, nogil=True)
def _counts(key: np.ndarray, mean: np.ndarray, address: np.uint64) -> np.ndarray:
    """Return the deals (m,) that funds do, around the mean (m,)."""
    out = np.empty(key.shape[0], np.int64)
    for i in range(key.shape[0]):
        out[i] = int(poisson_at(address, key[i], mean[i]))
    return out


class Candidates(NamedTuple):
    """The columns of firms that funds look at, by name."""

    key: np.ndarray
    alive: np.ndarray
    fund: np.ndarray
    listed: np.ndarray
    founded: np.ndarray
    ownership: np.ndarray
    technology_sme: np.ndarray
    does_rd: np.ndarray
    hnte_until: np.ndarray
    quality: np.ndarray
    growth: np.ndarray
    grants: np.ndarray


@njit(cache=True, nogil=True)
def _seen(
    f: Candidates,
    year: int,
    earliest: float,
    by_growth: float,
    by_rd: float,
    by_grant: float,
    error: float,
    address: np.uint64,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the young private technology firms (m,) without a fund, and how good they look to funds (m,)."""
    rows, seen = np.empty(f.key.shape[0], np.int64), np.empty(f.key.shape[0])
    m = 0
    for i in range(f.key.shape[0]):
        if f.founded[i] < earliest or not f.alive[i] or f.fund[i] >= 0 or f.listed[i] >= 2 or f.ownership[i] != PRIVATE:
            continue
        if not (f.technology_sme[i] or f.does_rd[i] or f.hnte_until[i] >= year):
            continue
        look = f.quality[i] + by_growth * f.growth[i] + (by_rd if f.does_rd[i] else 0.0)
        look += by_grant if f.grants[i] == 1 else 0.0
        rows[m], seen[m] = i, look + error * normal_at(address, f.key[i])
        m += 1
    return rows[:m].copy(), seen[:m].copy()


@njit(cache=True, nogil=True)
def _for_sale(
    key: np.ndarray, fund: np.ndarray, stake_year: np.ndarray, latest: float, chance: float, address: np.uint64
) -> np.ndarray:
    """Return the firms (m,) in which funds sell their stakes, bought by the year ``latest``."""
    rows = np.empty(key.shape[0], np.int64)
    m = 0
    for i in range(key.shape[0]):
        if fund[i] >= 0 and stake_year[i] <= latest and uniform_at(address, key[i]) < chance:
            rows[m] = i
            m += 1
    return rows[:m].copy()


def invest(world: World, p: FundParameters, luck: Luck) -> None:
    """Let funds choose firms by what they can see; they invest about half at home."""
    f, funds, st, year = world.firms, world.funds, world.state, world.year
    active = np.flatnonzero(funds.alive & (funds.cash > 1.0e5))
    spend = p.pace * funds.cash[active]
    local = p.local * spend
    away = spend - local  # invested elsewhere; what is not placed at home stays in hand
    funds.cash[active] -= away
    funds.away[active] += away
    ticket = np.where(funds.kind[active] == ANGEL, p.angel_ticket, p.venture_ticket) * st.deflator
    deals = np.repeat(np.arange(active.size), _counts(funds.key[active], local / ticket, luck.address("deals")))
    st.venture_invested = 0.0
    if deals.size == 0:
        return
    public = float(funds.public_share[active[deals]].mean())
    rows, seen = _seen(
        Candidates._make(getattr(f, name) for name in Candidates._fields),
        year,
        year - p.oldest,
        p.seen_growth,
        p.seen_rd,
        math.log(p.grant_odds),
        p.screening * (1.0 + p.public_error * public),
        luck.address("seen"),
    )
    if deals.size < rows.size:  # only those that can be among the best need an order
        best = seen >= np.partition(seen, rows.size - deals.size)[rows.size - deals.size]
        rows, seen = rows[best], seen[best]
    chosen = rows[np.lexsort((f.key[rows], -seen))][: deals.size]
    order = np.argsort(-funds.skill[active[deals]], kind="stable")[: chosen.size]
    holder = active[deals[order]]
    paid = ticket[deals[order]]
    f.fund[chosen], f.stake[chosen], f.stake_year[chosen] = holder, paid, year
    np.subtract.at(funds.cash, holder, paid)
    f.equity[chosen] += paid
    f.cash[chosen] += paid
    f.loan_growth[chosen] += p.equity_growth
    st.venture_invested = float(paid.sum())
    world.ledger.transfer("funds:private", "firms:equity", st.venture_invested)


def sell(world: World, terms: Terms, p: FundParameters, luck: Luck) -> None:
    """Sell holdings, those of closed firms being written off already; book the public part that comes back."""
    f, funds, year = world.firms, world.funds, world.year
    _sell_away(world, terms, p)
    rows = _for_sale(f.key, f.fund, f.stake_year, year - p.holding, p.exit, luck.address("sale"))
    if rows.size == 0:
        return
    fund = f.fund[rows]
    share = funds.public_share[fund]
    penalty = np.where(share > 0.0, p.public_penalty * (share - p.public_peak) ** 2, 0.0)
    log_multiple = (
        math.log(p.median_multiple) - penalty + p.return_growth * f.growth[rows] + p.return_skill * funds.skill[fund]
    )
    multiple = np.exp(log_multiple + p.multiple_spread * luck.normal(f.key[rows], "multiple"))
    multiple = np.minimum(multiple, 200.0)  # a cut that keeps one deal from being the total
    back = multiple * f.stake[rows]
    entries = funds.entry[fund]
    for k in np.unique(entries[entries >= 0]):
        mine = entries == k
        public = (back * share)[mine]
        terms.charge(world.entry_ids[k], "recovered", float(public.sum()), "funds")
        np.subtract.at(funds.policy_income, fund[mine], public)
    st = world.state
    st.exits += float(rows.size)
    st.exits_below += float((multiple < 1.0).sum())
    st.exits_above += float((multiple >= 5.0).sum())
    f.fund[rows] = -1
    f.stake[rows] = 0.0


@njit(cache=True, nogil=True)
def _sell_elsewhere(
    away: np.ndarray,
    vintage: np.ndarray,
    public_share: np.ndarray,
    entry: np.ndarray,
    income: np.ndarray,
    latest: float,
    part: float,
    multiple: float,
    penalty: float,
    peak: float,
    back: np.ndarray,
) -> None:
    """Sell a part of what funds (n,) closed by ``latest`` hold elsewhere; ``back`` (E,) is the public part by entry."""
    for j in range(away.shape[0]):
        if away[j] > 0.0 and vintage[j] <= latest:
            sold = part * away[j]
            away[j] -= sold
            if entry[j] >= 0:
                share = public_share[j]
                lost = penalty * (share - peak) ** 2 if share > 0.0 else 0.0
                public = multiple * np.exp(-lost) * sold * share
                back[entry[j]] += public
                income[j] -= public


def _sell_away(world: World, terms: Terms, p: FundParameters) -> None:
    """Sell part of the holdings elsewhere, of which only the sum is known, and book the public part."""
    funds = world.funds
    back = np.zeros(len(world.entry_ids))
    _sell_elsewhere(
        funds.away,
        funds.vintage,
        funds.public_share,
        funds.entry,
        funds.policy_income,
        world.year - p.holding,
        p.exit,
        p.away_multiple,
        p.public_penalty,
        p.public_peak,
        back,
    )
    for k in np.flatnonzero(back):
        terms.charge(world.entry_ids[k], "recovered", float(back[k]), "funds")
