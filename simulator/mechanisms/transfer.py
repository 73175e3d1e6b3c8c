"""Transfer: results meet firms that can use them; vouchers, contracts, licences, equity and spin-offs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, normal_at, poisson_at, poisson_quantile, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms, lowest_first
from simulator.mechanisms.transfer_facilities import FacilityParameters, share_instruments
from simulator.mechanisms.transfer_joint import JointParameters, joint_projects
from simulator.mechanisms.transfer_market import MarketParameters, buy_technology, open_offices, sort_projects
from simulator.world.hours import askers, serve
from simulator.world.world import World

REFERENCE_SHARE = 0.5  # inventors' share at which rates are stated: common before the reforms
SLOWEST, FASTEST = 0.25, 4.0  # bounds of a year's change of a firm's technology sales by its growth


@dataclass(frozen=True)
class Parameters(JointParameters, MarketParameters, FacilityParameters):
    """How results find users, and how contracts find the register."""

    hours_per_researcher: float = parameter(
        2.5e4,
        unit="CNY / researcher / year",
        prior=Range(1.0e4, 6.0e4, "log"),
        source="assumed",
        doc="value of the hours that a researcher can give to small firms",
    )
    project_cost: float = parameter(
        8.0e4,
        unit="CNY",
        prior=Range(4.0e4, 1.6e5, "log"),
        source="assumed",
        doc="median cost of a small firm's first university project",
    )
    project_spread: float = parameter(
        0.5, unit="log points", prior=Range(0.3, 0.9, "log"), source="assumed", doc="spread of that cost"
    )
    voucher_interest: float = parameter(
        0.25,
        unit="1 / year",
        prior=Range(0.10, 0.50, "logit"),
        source="assumed",
        doc="chance that an eligible firm applies for its first voucher in a year, at full nearness; the Dutch "
        "vouchers were drawn by lot because many more firms applied (cornet2006)",
    )
    far_interest: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.15, 0.75, "logit"),
        source="assumed",
        doc="the same of a firm far from any university, over one near",
    )
    voucher_noise: float = parameter(
        1.0,
        unit="standard deviations",
        prior=Range(0.4, 2.5, "log"),
        source="assumed",
        doc="error of the programme's ranking of applicants by quality",
    )
    regular: float = parameter(
        0.15,
        unit="1",
        prior=Range(0.02, 0.30),
        source="judgement_effects",
        doc="share of additional first-time users who go on to do R&D every year",
    )
    link_after: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.01, 0.30, "logit"),
        source="judgement_effects",
        doc="chance that the tie outlasts the voucher's year",
    )
    outsourcing: float = parameter(
        0.06,
        unit="1",
        prior=Range(0.02, 0.12, "logit"),
        source="assumed",
        doc="share of its R&D that a firm with a full tie buys from its university",
    )
    deals_per_staff: float = parameter(
        6.0,
        unit="deals / person / year",
        prior=Range(2.0, 12.0, "log"),
        source="assumed",
        doc="licences and assignments that one transfer officer can carry through",
    )
    office_gain: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.1, 1.2),
        source="assumed",
        doc="more deals per officer where there is a transfer office",
    )
    use_chance: float = parameter(
        0.06,
        unit="1 / year",
        prior=Range(0.03, 0.12, "logit"),
        source="obs:china/nonfirm_invention_patent_conversion_rate/undated_c2019",
        doc="results on the shelf that find a user in a year where absorptive capacity is at the start's level",
    )
    old_results: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.15, 0.7, "logit"),
        source="assumed",
        doc="chance of results past two years, over younger ones, without a duty to use or list them",
    )
    users_half: float = parameter(
        20.0,
        unit="firms",
        prior=Range(8.0, 50.0, "log"),
        source="assumed",
        doc="able firms near an institution at which it places results at that chance; many more double it",
    )
    absorption: float = parameter(
        2.0e6,
        unit="CNY",
        prior=Range(5.0e5, 8.0e6, "log"),
        source="assumed",
        doc="knowledge stock at which half of what is near can be absorbed",
    )
    delay: float = parameter(
        9.0,
        unit="months",
        prior=Range(3.0, 18.0, "log"),
        source="assumed",
        doc="time that a transfer waits for approval where approval is required",
    )
    delay_hazard: float = parameter(
        0.05, unit="1 / month", prior=Range(0.02, 0.10, "log"), source="assumed", doc="deals lost per month of waiting"
    )
    deal_value: float = parameter(
        5.0e5,
        unit="CNY",
        prior=Range(3.0e5, 9.0e5, "log"),
        source="obs:china/univ_institute_assignment_mean/2023",
        doc="mean value of an assignment or licence (0.46 and 0.64 m in 2023)",
    )
    deal_tie: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="strength of the tie that a deal leaves, over that of a joint project",
    )
    equity_share: float = parameter(
        0.012,
        unit="1",
        prior=Range(0.006, 0.03, "log"),
        source="obs:china/univ_institute_equity_contracts/2023",
        doc="share of deals done as equity (472 of 37,741)",
    )
    equity_value: float = parameter(
        9.5e6,
        unit="CNY",
        prior=Range(5.0e6, 1.5e7, "log"),
        source="obs:china/univ_institute_equity_mean/2023",
        doc="mean value of an equity deal",
    )
    spinoff_rate: float = parameter(
        0.0013,
        unit="firms / researcher / year",
        prior=Range(0.0005, 0.003, "log"),
        source="obs:qingdao/institute_spinoff_companies:中科院青岛能源所/2016",
        doc="firms founded by researchers where inventors get half (13 from 480 in some years at a strong one)",
    )
    share_elasticity: float = parameter(
        0.30,
        unit="elasticity",
        prior=Range(0.0, 0.65),
        source="hvide_jones2018",
        doc="researchers' start-ups to the inventors' share, for a cut; -50 % from 1 to 1/3 is 0.63",
    )
    rise_discount: float = parameter(
        0.5,
        unit="factor",
        prior=Range(0.2, 1.0, "log"),
        source="judgement_effects",
        doc="the same elasticity for a rise: the evidence is for cuts",
    )
    instalment_gain: float = parameter(
        0.03,
        unit="1 / year",
        prior=Range(0.0, 0.08),
        source="assumed",
        doc="more start-ups per year over which tax on equity may be paid",
    )
    kept_gain: float = parameter(
        0.25,
        unit="1",
        prior=Range(0.0, 0.6),
        source="assumed",
        doc="more effort of transfer offices where the institution keeps all income instead of none",
    )
    credit_gain: float = parameter(
        0.08,
        unit="1",
        prior=Range(0.0, 0.25),
        source="assumed",
        doc="more effort for transfer where it counts like papers in promotion; fewer results pay for it (science)",
    )
    prize_gain: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.0, 0.2),
        source="assumed",
        doc="more effort for transfer where the prize hoped for is as large as inventors' income from a deal",
    )
    leave_gain: float = parameter(
        0.15,
        unit="1",
        prior=Range(0.0, 0.4),
        source="assumed",
        doc="more start-ups where all researchers may leave and keep post and benefits: failure costs them less",
    )
    national_leave: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.0, 0.7),
        source="assumed",
        doc="part of that right which national law gives everywhere since transfers need no approval",
    )
    fund_spinoffs: float = parameter(
        1.1,
        unit="factor",
        prior=Range(1.0, 1.4, "log"),
        source="assumed",
        doc="start-ups where the institution has an incubation fund",
    )
    base_spinoffs: float = parameter(
        1.2,
        unit="factor",
        prior=Range(1.0, 1.8, "log"),
        source="assumed",
        doc="start-ups where there is an incubation base; studies of parks find little beyond selection",
    )
    register_spread: float = parameter(
        0.36,
        unit="1 / year",
        prior=Range(0.15, 0.65, "log"),
        source="assumed",
        doc="chance that a seller who sees all others register does so too",
    )
    register_start: float = parameter(
        0.04,
        unit="1 / year",
        prior=Range(0.01, 0.10, "log"),
        source="assumed",
        doc="chance that a seller registers for the tax relief of the law alone",
    )
    contract_spread: float = parameter(
        0.8,
        unit="log points",
        prior=Range(0.4, 1.3, "log"),
        source="assumed",
        doc="spread of a seller's contract value between years: full price in the year of signing",
    )
    transaction_share: float = parameter(
        0.735,
        unit="1",
        prior=Range(0.67, 0.80),
        source="plan:QD12",
        doc="technology transaction value over contract value (67-80 % in Beijing, 2010-15)",
    )
    market_growth: float = parameter(
        0.5,
        unit="elasticity",
        prior=Range(0.1, 1.0),
        source="obs:china/tech_contract_value/2019",
        doc="technology sales per revenue to the national index of technology contracts over GDP growth",
    )


@njit(cache=True, nogil=True)
def _demand(
    alive: np.ndarray,
    knowledge: np.ndarray,
    does_rd: np.ndarray,
    university: np.ndarray,
    nearness: np.ndarray,
    half: float,
    count: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the firms (f,) with own R&D and a university, their pull on it (f,), and its sum by university (m,)."""
    rows, pull = np.empty(alive.shape[0], np.int64), np.empty(alive.shape[0])
    total = np.zeros(count)
    k = 0
    for i in range(alive.shape[0]):
        if does_rd[i] and alive[i] and university[i] >= 0:
            rows[k] = i
            pull[k] = nearness[i] * knowledge[i] / (knowledge[i] + half)
            total[university[i]] += pull[k]
            k += 1
    return rows[:k], pull[:k], total


@njit(cache=True, nogil=True)
def _bought(
    key: np.ndarray,
    rows: np.ndarray,
    pull: np.ndarray,
    university: np.ndarray,
    rate: np.ndarray,
    value: float,
    address: np.uint64,
    acquired: np.ndarray,
    link: np.ndarray,
    tie: float,
) -> np.ndarray:
    """Give results to firms (f,); return the deals (m,) done by each university."""
    deals = np.zeros(rate.shape[0])
    for k in range(rows.shape[0]):
        i = rows[k]
        j = university[i]
        mean = pull[k] * rate[j]
        draw = uniform_at(address, key[i])
        if draw <= 1.0 - mean or pull[k] <= 0.0:  # exp(-x) is 1 - x or more
            continue
        n = poisson_quantile(mean, draw)
        if n > 0.0:
            deals[j] += n
            acquired[i] += n * value
            link[i] = max(link[i], tie)
    return deals


@njit(cache=True, nogil=True)
def _counts(key: np.ndarray, mean: np.ndarray, address: np.uint64) -> np.ndarray:
    """Return counts (m,) around the mean (m,)."""
    out = np.empty(key.shape[0])
    for j in range(key.shape[0]):
        out[j] = poisson_at(address, key[j], mean[j])
    return out


@njit(cache=True, nogil=True)
def _contract_work(
    alive: np.ndarray, university: np.ndarray, link: np.ndarray, rd_real: np.ndarray, part: float, count: int
) -> np.ndarray:
    """Return by university (m,) the R&D (CNY) that firms buy from it, a ``part`` of theirs at a full tie."""
    out = np.zeros(count)
    for i in range(alive.shape[0]):
        if university[i] >= 0 and alive[i]:
            out[university[i]] += part * link[i] * rd_real[i]
    return out


@njit(cache=True, nogil=True)
def _sellers(alive: np.ndarray, sales: np.ndarray, registers: np.ndarray) -> tuple[int, int]:
    """Return how many living firms sell technology, and how many of them register their contracts."""
    sellers, known = 0, 0
    for i in range(alive.shape[0]):
        if sales[i] > 0.0 and alive[i]:
            sellers += 1
            known += registers[i]
    return sellers, known


@njit(cache=True, nogil=True)
def _register(
    key: np.ndarray,
    alive: np.ndarray,
    revenue: np.ndarray,
    revenue_lag1: np.ndarray,
    sales: np.ndarray,
    registers: np.ndarray,
    contracts: np.ndarray,
    growth: float,
    chance: float,
    spread: float,
    a_join: np.uint64,
    a_size: np.uint64,
) -> None:
    """Let sales of technology (n,) grow with the market and the firm, and let some sellers register them."""
    for i in range(key.shape[0]):
        contracts[i] = 0.0
        if sales[i] == 0.0:
            continue
        sales[i] *= growth
        sales[i] *= min(max(revenue[i] / max(revenue_lag1[i], 1.0), SLOWEST), FASTEST)
        if not alive[i] or sales[i] <= 0.0:
            continue
        if not registers[i] and uniform_at(a_join, key[i]) < chance:
            registers[i] = True
        if registers[i]:
            contracts[i] = sales[i] * np.exp(spread * normal_at(a_size, key[i]) - 0.5 * spread * spread)


def _vouchers(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Let small firms ask for their first university hours, and start what the hours are worth."""
    f, u = world.firms, world.universities
    if not terms.offered("university_hours"):
        return
    first = (f.voucher_year == 0) & terms.eligible("university_hours")
    rows = askers(
        f.key,
        f.alive,
        f.university,
        f.nearness,
        first,
        first,
        p.voucher_interest,
        p.far_interest,
        luck.address("asks"),
    )
    if rows.size == 0:
        return
    cost = p.project_cost * world.state.wage_index * np.exp(p.project_spread * luck.normal(f.key[rows], "project"))
    rank = f.quality[rows] + p.voucher_noise * luck.normal(f.key[rows], "rank")
    # universities' hours bind: a firm whose own has none left goes to the one with most, the last find none
    order = lowest_first(-rank, f.key[rows])
    left = u.researchers * p.hours_per_researcher * world.state.wage_index * u.alive
    provider = serve(order, f.university[rows], cost, left)
    served = provider >= 0
    paid = terms.draw("university_hours", rows[served], cost[served], rank[served])
    i = paid.index
    if i.size == 0:
        return
    f.voucher_year[i] = world.year
    u.hours_sold += np.bincount(provider[np.searchsorted(rows, i)], paid.amount, len(u))
    f.cash[i] -= paid.amount  # the hours are paid for at once
    works = luck.uniform(f.key[i], "worth") < paid.real / paid.amount
    good = i[works]
    f.boost[good] += paid.amount[works] / world.state.deflator
    f.boost_life[good] = paid.half_life[works]
    lasting = luck.uniform(f.key[good], "tie") < p.link_after
    f.link[good] = np.maximum(f.link[good], np.where(lasting, 1.0, 0.0))
    turned = good[(luck.uniform(f.key[good], "regular") < p.regular) & ~f.does_rd[good]]
    f.does_rd[turned] = True
    f.rd_real[turned] = f.rd_intensity[turned] * f.revenue[turned]


def _drive(world: World, terms: Terms, p: Parameters) -> np.ndarray:
    """Return the effort (m,) for transfer by income kept, credit in promotion and prizes: one without any of them."""
    own = np.maximum(world.universities.inventor_share, 0.05) * p.deal_value
    prize = sum(float(np.max(o.value)) for o in terms.promises("transfer_prize"))
    hoped = np.minimum(prize * world.state.paid_part.get("transfer_prize", 1.0) / own, 1.0)
    kept = 1.0 + p.kept_gain * terms.column("income_kept")
    return kept * (1.0 + p.credit_gain * terms.column("promotion_credit")) * (1.0 + p.prize_gain * hoped)


def _prizes(world: World, terms: Terms) -> None:
    """Pay prizes for the year's deals, and remember what part was paid."""
    u = world.universities
    rows = np.flatnonzero(u.alive & (u.deals > 0.0))
    if not terms.offered("transfer_prize") or rows.size == 0:
        return
    asked = u.deals[rows] * sum(float(np.max(o.value)) for o in terms.promises("transfer_prize"))
    paid = terms.draw("transfer_prize", rows, asked, u.deals[rows], units=u.deals[rows])
    world.state.paid_part["transfer_prize"] = min(1.0, float(paid.amount.sum()) / max(float(asked.sum()), 1.0))


def _place(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Let firms take results from the shelves, as far as offices, approval and their own knowledge allow."""
    f, u, st = world.firms, world.universities, world.state
    months = p.delay * world.rules["transfer_approval_required"] * terms.column("approval")
    passed = np.exp(-p.delay_hazard * months)
    offered = sort_projects(world, terms, p, luck)
    drive = _drive(world, terms, p)
    listed = terms.column("use_or_list")
    rows, pull, demand = _demand(f.alive, f.knowledge, f.does_rd, f.university, f.nearness, p.absorption, len(u))
    # a university without users near it places nothing
    appetite = 2.0 * demand / (demand + p.users_half)
    shelf = u.shelf + u.shelf_old * (p.old_results + (1.0 - p.old_results) * listed)
    wish = p.use_chance * shelf * passed * drive * appetite * (1.0 + p.matching_gain * offered)
    staff = u.transfer_staff * (1.0 + p.office_gain * u.has_office) * p.deals_per_staff * drive
    rate = wish * staff / np.maximum(wish + staff, 1e-9)
    per_pull = np.where(demand > 0.0, rate / np.maximum(demand, 1e-9), 0.0)
    price = st.wage_index
    deals = _bought(
        f.key, rows, pull, f.university, per_pull, p.deal_value, luck.address("deal"), f.acquired, f.link, p.deal_tie
    )
    taken = np.minimum(deals / np.maximum(shelf, 1e-9), 1.0)
    u.shelf *= 1.0 - taken
    u.shelf_old *= 1.0 - taken
    u.deals[:] = deals
    equity_chance = np.minimum(
        p.equity_share * (terms.column("team_equity") / REFERENCE_SHARE) ** p.share_elasticity, 1.0
    )
    equity = _counts(u.key, deals * equity_chance, luck.address("equity"))
    u.deal_value[:] = price * (deals * p.deal_value + equity * p.equity_value)


def _sell_technology(world: World, terms: Terms, p: Parameters, luck: Luck) -> float:
    """Move firms' sales of technology and let sellers register; return the share of sellers who did before."""
    f = world.firms
    index = world.paths["tech_contract_national"]
    now, before = index.get(world.year, 1.0), index.get(world.year - 1, index.get(world.year, 1.0))
    nominal = (1.0 + world.outside["gdp_real_growth"]) * (1.0 + world.outside["gdp_deflator"])
    sellers, known = _sellers(f.alive, f.technology_sales, f.registers)
    help_ = float(np.asarray(terms.total("registration_service")))
    joined = known / max(sellers, 1)
    _register(
        f.key,
        f.alive,
        f.revenue,
        f.revenue_lag1,
        f.technology_sales,
        f.registers,
        f.contracts,
        max(now / before / nominal, 0.5) ** p.market_growth,
        (p.register_start + p.register_spread * joined) * (1.0 + p.service_gain * help_),
        p.contract_spread,
        luck.address("join"),
        luck.address("size"),
    )
    return joined


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Sell hours, contracts and results; found spin-offs; register contracts."""
    f, u, st = world.firms, world.universities, world.state
    open_offices(world, p)
    u.hours_sold[:] = 0.0
    _vouchers(world, terms, p, luck)
    share_instruments(world, terms, p, luck)
    matched = joint_projects(world, terms, p, luck, p.outsourcing)

    bought = _contract_work(f.alive, f.university, f.link, f.rd_real, p.outsourcing, len(u))
    u.contract_income[:] = bought + u.hours_sold + matched
    u.budget[:] = u.core_budget * u.working + u.contract_income

    _place(world, terms, p, luck)
    buy_technology(world, terms, p, luck, p.deal_tie, p.outsourcing)
    _prizes(world, terms)
    _leave(world, terms, p, luck)
    joined = _sell_technology(world, terms, p, luck)
    u.contracts[:] = joined * (u.contract_income + u.deal_value)
    st.transaction_share = p.transaction_share


def _leave(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Let researchers leave to found firms, more readily the larger the part that is theirs."""
    u = world.universities
    own = np.maximum(u.inventor_share, 0.05)
    share = np.maximum(np.maximum(own, terms.column("inventor_share")), terms.column("team_equity"))
    # institutions differ by the whole elasticity; a rise above what one gave before moves less than a cut would
    response = (own / REFERENCE_SHARE) ** p.share_elasticity * (share / own) ** (p.share_elasticity * p.rise_discount)
    years = float(np.asarray(terms.total("equity_tax_years")))
    mean = p.spinoff_rate * u.researchers * response * (1.0 + p.instalment_gain * years)
    law = p.national_leave * (1.0 - world.rules["transfer_approval_required"])
    mean = mean * (1.0 + p.leave_gain * np.maximum(terms.column("leave_right") - law, 0.0))
    mean = mean * np.where(u.has_fund, p.fund_spinoffs, 1.0)
    mean = mean * np.where(u.has_base, p.base_spinoffs, 1.0) * np.where(u.alive, 1.0, 0.0)
    born = _counts(u.key, mean, luck.address("spin-off"))
    u.spinoffs += born
    u.leavers[:] = born


MECHANISM = Mechanism("transfer", Label("Technology transfer", "成果转化"), Parameters, step)
