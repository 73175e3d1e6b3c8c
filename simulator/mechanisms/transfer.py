"""Transfer: results meet firms that can use them; vouchers, contracts, licences, equity and spin-offs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.transfer_facilities import FacilityParameters, share_instruments
from simulator.mechanisms.transfer_joint import JointParameters, joint_projects
from simulator.mechanisms.transfer_kernels import (
    Beginners,
    Institutes,
    Leaving,
    Placing,
    Rights,
    Users,
    contract_work,
    leave,
    place_results,
    register,
    start_hours,
)
from simulator.mechanisms.transfer_market import MarketParameters, buy_technology, open_offices, sort_projects
from simulator.world.hours import Awards, Partners, askers, costs, ranks, serve, with_university
from simulator.world.world import World


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
        source="judgement_inventor_elasticity",
        doc="researchers' start-ups to the inventors' share, for a cut; -50 % from 1 to 1/3 (hvide_jones2018) is 0.63",
    )
    rise_discount: float = parameter(
        0.5,
        unit="factor",
        prior=Range(0.2, 1.0, "log"),
        source="judgement_inventor_raise",
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
        prior=Range(0.0, 0.7, ceiling=1.0),
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


def _vouchers(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Let small firms ask for their first university hours, and start what the hours are worth."""
    f, u = world.firms, world.universities
    if not terms.offered("university_hours"):
        return
    rows = askers(
        f.key,
        with_university(f.alive, f.university, f.voucher_year == 0),
        f.nearness,
        terms.eligible("university_hours"),
        p.voucher_interest,
        p.far_interest,
        luck.address("asks"),
    )
    if rows.size == 0:
        return
    keys = f.key[rows]
    cost = costs(keys, p.project_cost * world.state.wage_index, p.project_spread, luck.address("project"))
    rank = ranks(keys, rows, f.quality, p.voucher_noise, luck.address("rank"))
    # universities' hours bind: a firm whose own has none left goes to the one with most, the last find none
    left = u.researchers * p.hours_per_researcher * world.state.wage_index * u.alive
    provider = serve(-rank, rows, keys, f.university, cost, left)
    served = provider >= 0
    paid = terms.draw("university_hours", rows[served], cost[served], rank[served])
    start_hours(
        Partners._make([getattr(f, name) for name in Partners._fields]),
        Awards(paid.index, paid.amount, paid.real, paid.half_life, rows, cost, provider),
        Beginners(p.regular, p.link_after),
        world.year,
        world.state.deflator,
        luck.address("worth"),
        luck.address("tie"),
        luck.address("regular"),
        u.hours_sold,
    )


def _prizes(world: World, terms: Terms, prize: float) -> None:
    """Pay prizes for the year's deals, ``prize`` CNY each, and remember what part was paid."""
    u = world.universities
    if not terms.offered("transfer_prize"):
        return
    rows = np.flatnonzero(u.alive & (u.deals > 0.0))
    if rows.size == 0:
        return
    asked = u.deals[rows] * prize
    paid = terms.draw("transfer_prize", rows, asked, u.deals[rows], units=u.deals[rows])
    world.state.paid_part["transfer_prize"] = min(1.0, float(paid.amount.sum()) / max(float(asked.sum()), 1.0))


def _place(
    world: World,
    terms: Terms,
    p: Parameters,
    luck: Luck,
    f: Users,
    performers: np.ndarray,
    u: Institutes,
    rights: Rights,
    prize: float,
) -> None:
    """Let ``performers`` take results from the shelves, as offices, approval and their own knowledge allow.

    ``prize`` is what a deal is promised (CNY).
    """
    st = world.state
    offered = sort_projects(world, terms, p, luck, performers)
    place_results(
        f,
        performers,
        u,
        rights,
        Placing._make([float(getattr(p, name)) for name in Placing._fields]),
        float(world.rules["transfer_approval_required"]),
        offered,
        prize * st.paid_part.get("transfer_prize", 1.0),
        st.wage_index,
        luck.address("deal"),
        luck.address("equity"),
    )


def _sell_technology(world: World, terms: Terms, p: Parameters, luck: Luck) -> float:
    """Move firms' sales of technology and let sellers register; return the share of sellers who did before."""
    f = world.firms
    index = world.paths["tech_contract_national"]
    now, before = index.get(world.year, 1.0), index.get(world.year - 1, index.get(world.year, 1.0))
    nominal = (1.0 + world.outside["gdp_real_growth"]) * (1.0 + world.outside["gdp_deflator"])
    help_ = float(terms.values("registration_service")[0])
    return register(
        f.key,
        f.alive,
        f.revenue,
        f.revenue_lag1,
        f.technology_sales,
        f.registers,
        f.contracts,
        max(now / before / nominal, 0.5) ** p.market_growth,
        p.register_start,
        p.register_spread,
        1.0 + p.service_gain * help_,
        p.contract_spread,
        luck.address("join"),
        luck.address("size"),
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Sell hours, contracts and results; found spin-offs; register contracts."""
    f, u, st = world.firms, world.universities, world.state
    users = Users._make([getattr(f, name) for name in Users._fields])
    institutes = Institutes._make([getattr(u, name) for name in Institutes._fields])
    rights = Rights(
        approval=terms.values("approval"),
        use_or_list=terms.values("use_or_list"),
        income_kept=terms.values("income_kept"),
        promotion_credit=terms.values("promotion_credit"),
        team_equity=terms.values("team_equity"),
        inventor_share=terms.values("inventor_share"),
        leave_right=terms.values("leave_right"),
    )
    open_offices(world, p)
    u.hours_sold[:] = 0.0
    _vouchers(world, terms, p, luck)
    share_instruments(world, terms, p, luck)
    performers = with_university(f.alive, f.university, f.does_rd)
    matched = joint_projects(world, terms, p, luck, p.outsourcing, performers)

    bought = contract_work(users, performers, p.outsourcing, len(u))
    u.contract_income[:] = bought + u.hours_sold + matched
    u.budget[:] = u.core_budget * u.working + u.contract_income

    prize = sum(float(np.max(o.value)) for o in terms.promises("transfer_prize"))
    _place(world, terms, p, luck, users, performers, institutes, rights, prize)
    buy_technology(world, terms, p, luck, p.deal_tie, p.outsourcing, performers)
    _prizes(world, terms, prize)
    leave(
        institutes,
        rights,
        Leaving._make([float(getattr(p, name)) for name in Leaving._fields]),
        float(world.rules["transfer_approval_required"]),
        float(terms.values("equity_tax_years")[0]),
        luck.address("spin-off"),
    )
    joined = _sell_technology(world, terms, p, luck)
    u.contracts[:] = joined * (u.contract_income + u.deal_value)
    st.transaction_share = p.transaction_share


MECHANISM = Mechanism("transfer", Label("Technology transfer", "成果转化"), Parameters, step)
