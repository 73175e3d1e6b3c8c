"""Finance: technology loans and risk pools, funds that raise, choose, lose and win, listings on small boards."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, child_keys, name_hash, poisson_quantile
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.agents import ANGEL, BANK, GUIDANCE, VENTURE
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters:
    """How lenders and investors choose, and what their money does."""

    loan_chance: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.04, 0.20, "logit"),
        source="assumed",
        doc="chance that a small technology firm with average collateral gets a technology loan unaided",
    )
    interest_response: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.1, 1.0, "log"),
        source="assumed",
        doc="more loans taken where the state pays all interest, over those taken without: interest is a small part "
        "of what keeps a small firm from a loan",
    )
    cover_gain: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.03, 0.20),
        source="judgement_guarantee_loan",
        doc="rise of that chance where half of the lender's loss is covered",
    )
    loan_size: float = parameter(
        0.20, unit="1", prior=Range(0.1, 0.35), source="assumed", doc="loan over the firm's revenue"
    )
    default: float = parameter(
        0.03,
        unit="1 / year",
        prior=Range(0.015, 0.06, "log"),
        source="assumed",
        doc="technology loans that fail in a year",
    )
    cover_default: float = parameter(
        1.3,
        unit="factor",
        prior=Range(1.05, 1.8, "log"),
        source="judgement_guarantee_default",
        doc="failures among covered loans over those among others",
    )
    loss: float = parameter(
        0.7, unit="1", prior=Range(0.5, 0.9, "logit"), source="assumed", doc="part of a failed loan that is lost"
    )
    loan_growth: float = parameter(
        0.05,
        unit="log points",
        prior=Range(0.005, 0.12),
        source="judgement_guarantee_growth",
        doc="growth of a firm whose loan needed the cover, over the years after it, where few have one",
    )
    saturation: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.04, 0.3, "log"),
        source="judgement_guarantee_saturation",
        doc="share of firms covered at which that growth has fallen to 37 %",
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
    screening: float = parameter(
        1.0,
        unit="standard deviations",
        prior=Range(0.5, 2.0, "log"),
        source="assumed",
        doc="error in a private fund's view of a firm; half as much again for public ones",
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
        doc="holdings sold per year from year four on",
    )
    median_multiple: float = parameter(
        0.70, unit="factor", prior=Range(0.5, 0.9, "log"), source="levine2014", doc="median return over what was paid"
    )
    multiple_spread: float = parameter(
        1.55,
        unit="log points",
        prior=Range(1.3, 1.9),
        source="levine2014",
        doc="spread of returns: 65 % of deals return less than was paid, 10 % at least five times",
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


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Settle last year's loans, lend, raise funds, invest and sell."""
    _settle_loans(world, terms, p, luck)
    _lend(world, terms, p, luck)
    _raise(world, terms, p, luck)
    _invest(world, p, luck)
    _sell(world, terms, p, luck)
    funds = world.funds
    held = float((funds.committed * (funds.alive & (funds.kind != BANK))).sum())
    world.state.venture_depth = held / world.state.gdp


def _settle_loans(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Let last year's loans be repaid or fail; call the risk pools for their part of the loss."""
    f, st = world.firms, world.state
    st.pool_left = dict(st.pool_size)
    rows = np.flatnonzero((f.loan > 0.0) & f.alive)
    weak = np.exp(-0.4 * f.quality[rows]) * np.where(f.profit[rows] < 0.0, 1.5, 1.0)
    chance = p.default * weak * np.where(f.loan_cover[rows] > 0.0, p.cover_default, 1.0)
    fails = luck.uniform(f.key[rows], "fails") < np.minimum(chance, 0.9)
    bad = rows[fails]
    lost = p.loss * f.loan[bad]
    st.loans_lost, st.loan_defaults = float(lost.sum()), float(bad.size)
    for k in np.unique(f.loan_entry[bad][f.loan_entry[bad] >= 0]):
        mine = f.loan_entry[bad] == k
        entry = world.entry_ids[k]
        terms.charge(
            entry, "outlay", world.call_pool(entry, float((lost * f.loan_cover[bad])[mine].sum())), "banks"
        )
    f.cash[bad] = np.minimum(f.cash[bad], -0.3 * f.loan[bad])  # a failed loan leaves the firm in distress
    f.loan[rows] = 0.0
    f.loan_cover[rows] = 0.0
    f.loan_entry[rows] = -1
    f.loan_growth *= 0.5


def _lend(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Lend to small technology firms; covered loans stop where a pool's leverage is used up."""
    f, st, funds = world.firms, world.state, world.funds
    seeks = f.alive & (f.staff < 300) & (f.technology_sme | (f.hnte_until >= world.year)) & (f.listed == 0)
    eligible = float(seeks.sum())
    collateral = np.clip(
        0.7 + 0.3 * (f.profit > 0) + 0.1 * np.log1p(f.patents) - 0.5 * (f.debt > 0.6 * f.revenue), 0.1, 2
    )
    u = luck.uniform(f.key, "loan")
    size = np.minimum(p.loan_size * f.revenue, 1.0e7 * st.deflator)
    interest = terms.column("loan_interest")
    unaided = seeks & (u < p.loan_chance * collateral * (1.0 + p.interest_response * interest))
    f.loan[unaided] = size[unaided]
    made = unaided.copy()
    for o in terms.promises("loan_cover"):
        share = np.broadcast_to(np.asarray(o.value, float), (len(f),))
        mask = seeks if o.eligible is None else seeks & o.eligible
        # the cover tips the loans that a bank would just have refused, and is asked for on many it would make
        tipped = mask & ~made & (u < (p.loan_chance + p.cover_gain * share / 0.5) * collateral)
        asked = np.flatnonzero(tipped | (mask & unaided & (f.loan_entry < 0) & (luck.uniform(f.key, "covers") < 0.5)))
        asked = asked[np.lexsort((f.key[asked], u[asked]))]
        st.pool_size[o.entry.id] = o.budget
        st.pool_left.setdefault(o.entry.id, o.budget)
        reach = float(np.max(np.asarray(o.worth))) * o.budget  # the pool's leverage
        fits = np.cumsum(size[asked] * share[asked]) <= reach
        taken = asked[fits]
        f.loan[taken] = size[taken]
        f.loan_cover[taken] = share[taken]
        f.loan_entry[taken] = world.entry_index(o.entry.id)
        terms.charge(o.entry.id, "contingent", float((p.loss * size[taken] * share[taken]).sum()), "banks")
        new = taken[~unaided[taken]]
        coverage = taken.size / max(eligible, 1.0)
        f.loan_growth[new] = p.loan_growth * math.exp(-coverage / p.saturation)
        made[taken] = True
    st.loans_made, st.loan_count = float(f.loan[made].sum()), float(made.sum())
    desks = np.flatnonzero(funds.alive & (funds.kind == BANK))
    if desks.size:
        funds.lent[desks] = st.loans_made / desks.size
    helped = made & (interest > 0.0)
    if helped.any():
        due = np.where(helped, interest * world.outside["interest_rate"] * f.loan, 0.0)
        terms.settle("loan_interest", due, "firms")


def _raise(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
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
        found = min(wanted, drawn + 0.5 * ordinary)
        displaced = max(found - mu * public, 0.0) if found > 0.0 else 0.0
        public = min(public, found * share / (1.0 - share)) if share < 1.0 else public
        ordinary = max(ordinary - min(displaced, 0.5 * ordinary), 0.0)
        private_guided += found
        _close_funds(world, luck, GUIDANCE, public + found, share, public, o.entry.id, o.entry.id)
        terms.charge(o.entry.id, "outlay", public, "suppliers")  # held in trust until the fund opens next year
        st.ordered += public
    for kind, part in ((VENTURE, 0.92), (ANGEL, 0.08)):
        _close_funds(world, luck, kind, part * ordinary, 0.0, 0.0, None, f"private {kind}")
    st.private_raised = ordinary + private_guided
    calls = np.where(
        funds.alive & (funds.kind != BANK), np.minimum(p.pay_in * funds.committed, funds.committed - funds.paid_in), 0.0
    )
    calls = np.maximum(calls, 0.0)
    funds.paid_in += calls
    funds.cash += calls
    world.ledger.transfer("private", "funds:private", float(calls.sum()))
    funds.alive &= (funds.kind == BANK) | (year - funds.vintage <= 10)


def _close_funds(
    world: World, luck: Luck, kind: int, capital: float, share: float, public: float, entry: str | None, name: str
) -> None:
    """Queue the funds that close this year: whole funds of ordinary size, at least one if there is money."""
    mean = {ANGEL: 5.0e7, VENTURE: 3.0e8, GUIDANCE: 2.5e8}[kind]
    if capital <= 1.0e6:
        return
    count = max(1, round(capital / mean))
    keys = child_keys(np.full(count, name_hash(f"{world.region.id} {name}"), np.uint64), np.arange(count), world.year)
    weight = np.exp(0.6 * luck.normal(keys, "size"))
    weight /= weight.sum()
    sectors = np.cumsum(world.region.sector("tech_sme_firms"))
    world.funds.arrive(
        count,
        key=keys,
        kind=kind,
        vintage=world.year,
        skill=luck.normal(keys, "skill"),
        focus=np.searchsorted(sectors / sectors[-1], luck.uniform(keys, "focus")),
        committed=capital * weight,
        paid_in=public * weight,
        cash=public * weight,
        public_share=share,
        public_paid=public * weight,
        entry=world.entry_index(entry) if entry is not None else -1,
    )


def _invest(world: World, p: Parameters, luck: Luck) -> None:
    """Let funds choose firms by what they can see; they invest about half at home."""
    f, funds, st, year = world.firms, world.funds, world.state, world.year
    active = np.flatnonzero(funds.alive & (funds.kind != BANK) & (funds.cash > 1.0e5))
    spend = p.pace * funds.cash[active]
    local = p.local * spend
    funds.cash[active] -= spend
    funds.invested[active] += spend
    funds.invested_local[active] += local
    ticket = np.where(funds.kind[active] == ANGEL, 1.5e6, 1.0e7) * st.deflator
    number = [
        poisson_quantile(m, u) for m, u in zip(local / ticket, luck.uniform(funds.key[active], "deals"), strict=True)
    ]
    deals = np.repeat(np.arange(active.size), np.array(number, int))
    st.venture_invested = 0.0
    if deals.size == 0:
        return
    age = year - f.founded
    fits = (
        f.alive & (f.fund < 0) & (f.listed == 0) & (age <= 12) & (f.technology_sme | f.does_rd | (f.hnte_until >= year))
    )
    rows = np.flatnonzero(fits & (f.ownership == 0))
    public = funds.public_share[active[deals]].mean()
    seen = f.quality[rows] + 0.5 * f.growth[rows] + 0.4 * f.does_rd[rows]
    seen += math.log(p.grant_odds) * (f.grants[rows] == 1)
    seen += p.screening * (1.0 + 0.5 * public) * luck.normal(f.key[rows], "seen")
    chosen = rows[np.lexsort((f.key[rows], -seen))][: deals.size]
    order = np.argsort(-funds.skill[active[deals]], kind="stable")[: chosen.size]
    holder = active[deals[order]]
    paid = ticket[deals[order]]
    f.fund[chosen], f.stake[chosen], f.stake_year[chosen] = holder, paid, year
    f.equity[chosen] += paid
    f.cash[chosen] += paid
    f.loan_growth[chosen] += p.equity_growth
    st.venture_invested = float(paid.sum())
    board = chosen[luck.uniform(f.key[chosen], "board") < 0.08]
    f.listed[board] = 1
    world.ledger.transfer("funds:private", "firms:equity", st.venture_invested)


def _sell(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Sell or write off holdings; the public part of what comes back is booked as recovered."""
    f, funds, year = world.firms, world.funds, world.year
    held = np.flatnonzero(f.fund >= 0)
    old = held[(year - f.stake_year[held] >= 3) & (luck.uniform(f.key[held], "sale") < p.exit)]
    gone = held[~f.alive[held]]
    rows = np.union1d(old, gone)
    if rows.size == 0:
        return
    fund = f.fund[rows]
    share = funds.public_share[fund]
    penalty = np.where(share > 0.0, p.public_penalty * (share - p.public_peak) ** 2, 0.0)
    log_multiple = math.log(p.median_multiple) - penalty + 0.3 * f.growth[rows] + 0.1 * funds.skill[fund]
    multiple = np.exp(log_multiple + p.multiple_spread * luck.normal(f.key[rows], "multiple"))
    multiple = np.where(f.alive[rows], np.minimum(multiple, 200.0), 0.0)
    back = multiple * f.stake[rows]
    np.add.at(funds.proceeds, fund, back)
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


MECHANISM = Mechanism("finance", Label("Finance", "金融"), Parameters, step)
