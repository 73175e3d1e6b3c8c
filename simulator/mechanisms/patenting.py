"""Patents: true filings follow innovations, marginal ones follow money; grants lag, patents lapse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, poisson_quantile, sub_key
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.patenting_kernels import decide, file, file_firms
from simulator.world.agents import LAGS
from simulator.world.inventors import response_to_share
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters:
    """Who files what, and what becomes of it."""

    propensity: float = parameter(
        0.75,
        unit="filings / innovation",
        prior=Range(0.4, 1.2, "log"),
        source="assumed",
        doc="invention applications per innovation of a firm at the start",
    )
    propensity_growth: float = parameter(
        0.05,
        unit="1 / year",
        prior=Range(0.0, 0.10),
        source="hu_zhang_zhao2017",
        doc="yearly rise of the propensity: a surge at the extensive margin",
    )
    university_propensity: float = parameter(
        1.3,
        unit="filings / result",
        prior=Range(0.6, 2.4, "log"),
        source="assumed",
        doc="invention applications per usable result of a university or institute where inventors get half",
    )
    filing_share_elasticity: float = parameter(
        0.30,
        unit="elasticity",
        prior=Range(0.0, 0.65),
        source="judgement_inventor_elasticity",
        doc="filings of universities and institutes to the inventors' share of income, for a cut; -50 % from 1 to 1/3 "
        "(hvide_jones2018_patents) is 0.63; a team's equity does not count, as it is had in deals done as equity only",
    )
    filing_rise_discount: float = parameter(
        0.5,
        unit="factor",
        prior=Range(0.2, 1.0, "log"),
        source="judgement_inventor_raise",
        doc="the same elasticity for a rise: the evidence is for cuts",
    )
    university_spread: float = parameter(
        0.5,
        unit="log points",
        prior=Range(0.2, 1.0, "log"),
        source="assumed",
        doc="spread of marginal filings between universities",
    )
    individual_growth: float = parameter(
        1.1,
        unit="factor",
        prior=Range(0.7, 1.6, "log"),
        source="assumed",
        doc="true applications by individuals per resident in the first year, over those of the year before",
    )
    individual_marginal: float = parameter(
        0.5,
        unit="factor",
        prior=Range(0.2, 1.0, "log"),
        source="assumed",
        doc="marginal over true filings of individuals, over that of firms",
    )
    filing_cost: float = parameter(
        3000.0,
        unit="CNY",
        prior=Range(2000.0, 5000.0, "log"),
        source="assumed",
        doc="fees (reduced for small firms) and agent of a cheap application",
    )
    subsidy_response: float = parameter(
        0.30,
        unit="1",
        prior=Range(0.15, 0.60, "log"),
        source="dang_motohashi2015",
        doc="more filings when the subsidy covers the whole cost (at least 30 %)",
    )
    profit_response: float = parameter(
        4.0,
        unit="1",
        prior=Range(2.0, 8.0, "log"),
        source="assumed",
        doc="more marginal filings, over true ones, per time the cost that a subsidy exceeds it: filing for profit",
    )
    other_marginal: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.1, 0.7, "log"),
        source="assumed",
        doc="marginal over true filings that other measures and targets draw (points for status, titles)",
    )
    agency_speed: float = parameter(
        0.55,
        unit="1 / year",
        prior=Range(0.3, 0.85, "logit"),
        source="assumed",
        doc="part of the gap between wished and possible marginal filings closed each year by agents",
    )
    status_burst: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.1, 1.2, "log"),
        source="liu_xing2018",
        doc="more filings of a firm about to seek or renew HNTE status",
    )
    enforcement: float = parameter(
        0.04,
        unit="1 / standard deviation",
        prior=Range(0.0, 0.12),
        source="assumed",
        doc="more filings per innovation of private firms where enforcement is stronger, beside what more R&D brings; "
        "the evidence has a sign only (fang_lerner_wu2017)",
    )
    true_grant: float = parameter(
        0.60,
        unit="1",
        prior=Range(0.50, 0.70, "logit"),
        source="obs:china/invention_grants/2016",
        doc="grant rate of true applications (40.4 of 67.5 concluded)",
    )
    marginal_grant: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.05, 0.20, "logit"),
        source="judgement_effects",
        doc="grant rate of marginal applications (cohorts of 2013-14 were granted at 15-20 % in all)",
    )
    second_year: float = parameter(
        0.45,
        unit="1",
        prior=Range(0.25, 0.65, "logit"),
        source="obs:china/invention_examination_pendency/2016",
        doc="share of the waiting decided in the second year after filing (22 months pending)",
    )
    first_year: float = parameter(
        0.06,
        unit="1",
        prior=Range(0.02, 0.15, "logit"),
        source="assumed",
        doc="share of the waiting decided in the first year after filing",
    )
    third_year: float = parameter(
        0.9,
        unit="1",
        prior=Range(0.75, 0.97, "logit"),
        source="assumed",
        doc="share of the waiting decided in a later year",
    )
    lapse: float = parameter(
        0.085,
        unit="1 / year",
        prior=Range(0.07, 0.10),
        source="obs:qingdao/valid_invention_patents_yearend/2016",
        doc="inventions in force that lapse each year",
    )
    marginal_lapse: float = parameter(
        2.0,
        unit="factor",
        prior=Range(1.2, 3.5, "log"),
        source="assumed",
        doc="lapse of inventions from marginal filings, over that of others",
    )
    filing_spread: float = parameter(
        1.0,
        unit="log points",
        prior=Range(0.5, 1.5, "log"),
        source="oneale_hendy2012",
        doc="spread of marginal filings between applicants",
    )
    pledge_filing: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.05, 0.15, "log"),
        source="judgement_pledge_patents",
        doc="more filings, none of them true, where every firm with patents could borrow on them",
    )


def marginal_wish(per_filing: float, cost: float, response: float, profit_response: float) -> float:
    """Return marginal over true filings wished for at a subsidy per filing (CNY) against its cost.

    Up to the cost the subsidy lowers the hurdle and draws ``response``; beyond it filing itself pays.
    """
    cover = per_filing / cost
    return response * min(cover, 1.0) + profit_response * max(cover - 1.0, 0.0)


def _firms_file(world: World, terms: Terms, p: Parameters, luck: Luck, cost: float) -> np.ndarray:
    """Let firms file, marginally as far as agents can serve what the subsidy (CNY a filing) makes worth its cost.

    Returns the rows of those that do.
    """
    f, st = world.firms, world.state
    offers = terms.promises("filing_subsidy")
    per_filing = float(sum(float(np.max(o.value)) for o in offers)) * st.paid_part.get("filing_subsidy", 1.0)
    wish = marginal_wish(per_filing, cost, p.subsidy_response, p.profit_response)
    wish += p.other_marginal
    if world.year == world.region.start_year:
        st.agency = wish
    else:
        st.agency += p.agency_speed * (wish - st.agency)
    propensity = p.propensity * (1.0 + p.propensity_growth) ** (world.year - world.region.start_year)
    rows: np.ndarray = file_firms(
        f.key,
        f.alive,
        f.innovations,
        f.sector,
        f.ownership,
        f.hnte_informed,
        f.hnte_until,
        f.does_rd,
        world.region.sector("patent_propensity"),
        propensity,
        p.enforcement * float(np.asarray(terms.total("enforcement"))),
        p.status_burst,
        world.year,
        st.agency + p.pledge_filing * st.pledge_offer * (1.0 + st.agency),
        p.filing_spread,
        cost,
        f.cash,
        f.filed_true,
        f.filed,
        f.waiting_true,
        f.waiting_marginal,
        luck.address("true"),
        luck.address("marginal"),
        luck.address("size"),
    )
    return rows


def _universities_file(world: World, terms: Terms, p: Parameters, luck: Luck, cost: float) -> None:
    """Let universities and institutes file their results, and marginally where that is paid for."""
    u, st = world.universities, world.state
    growth = (1.0 + p.propensity_growth) ** (world.year - world.region.start_year)
    public = sum(float(np.max(o.value)) for o in terms.promises("filing_subsidy_public"))
    public *= st.paid_part.get("filing_subsidy_public", 1.0)
    response = response_to_share(
        u.inventor_share, terms.values("inventor_share"), p.filing_share_elasticity, p.filing_rise_discount
    )
    public_wish = p.other_marginal + marginal_wish(public, cost, p.subsidy_response, p.profit_response)
    file(
        u.key,
        u.alive,
        p.university_propensity * growth * u.results * response,
        min(public_wish, st.agency) if public else p.other_marginal,
        p.university_spread,
        u.filed_true,
        u.filed,
        u.waiting_true,
        u.waiting_marginal,
        luck.address("true u"),
        luck.address("marginal u"),
        luck.address("size u"),
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Decide older filings, file new ones, pay filing subsidies and grant rewards."""
    f, u, st, out = world.firms, world.universities, world.state, world.outside
    speed = out["patent_office_speed"]
    third = min(1.0, p.third_year * speed)
    shares = np.array([min(0.9, p.first_year * speed), min(0.95, p.second_year * speed), third])[:LAGS]
    rewarded = []
    for who, name in ((f, "firms"), (u, "universities")):
        granted = decide(
            who.key,
            who.waiting_true,
            who.waiting_marginal,
            who.patents,
            who.quality_patents,
            who.granted,
            shares,
            p.true_grant,
            p.marginal_grant,
            p.lapse,
            p.marginal_lapse,
            luck.address(f"decide {name}"),
        )
        rewarded.append(granted[who.alive[granted]])
    _individuals(world, p, luck, shares)

    cost = p.filing_cost * st.deflator
    filers = _firms_file(world, terms, p, luck, cost)
    _universities_file(world, terms, p, luck, cost)
    _subsidise(terms, "filing_subsidy", filers, f.filed, st.paid_part)
    _subsidise(terms, "filing_subsidy_public", np.flatnonzero(u.filed), u.filed, st.paid_part)
    _subsidise(terms, "grant_reward", rewarded[0], f.granted, st.paid_part)


def _subsidise(terms: Terms, term: str, rows: np.ndarray, counts: np.ndarray, hopes: dict[str, float]) -> None:
    """Pay a sum for each of the ``counts`` (n,) of filings or grants of ``rows`` (m,) until the budget is spent.

    The largest applicants come last. ``hopes`` keeps the part of what was asked that was paid: what applicants expect
    next year.
    """
    offers = terms.promises(term)
    if not offers:
        return
    pieces = counts[rows].astype(float)
    asked = pieces * float(sum(float(np.max(o.value)) for o in offers))
    paid = terms.draw(term, rows, asked, -pieces, units=pieces)
    hopes[term] = float(paid.amount.sum()) / max(float(asked.sum()), 1.0)


def _individuals(world: World, p: Parameters, luck: Luck, shares: np.ndarray) -> None:
    """Let residents file, and their filings be decided, as one pool."""
    st = world.state
    key = world.pools.key[world.pool("makers") : world.pool("makers") + 1]
    true, marginal = st.individual_true[None, :], st.individual_marginal[None, :]
    stock, good = np.array([st.individual_patents]), np.array([st.individual_quality])
    granted = np.zeros(1)
    decide(
        key,
        true,
        marginal,
        stock,
        good,
        granted,
        shares,
        p.true_grant,
        p.marginal_grant,
        p.lapse,
        p.marginal_lapse,
        luck.address("decide individuals"),
    )
    st.individual_patents, st.individual_quality = float(stock[0]), float(good[0])
    st.individual_granted = float(granted[0])
    growth = (1.0 + p.propensity_growth) ** (world.year - world.region.start_year)
    region = world.region
    before = region.figure("invention_applications") * (1.0 - region.figure("marginal_share"))
    before *= region.figure("patents_share_individuals") / region.figure("population")
    mean = p.individual_growth * before * st.population * growth
    u = luck.uniform(np.array([key[0], sub_key(key[0], 1)], np.uint64), "individuals")
    st.individual_filed_true = poisson_quantile(mean, float(u[0]))
    drawn = poisson_quantile(mean * st.agency * p.individual_marginal, float(u[1]))
    st.individual_filed = st.individual_filed_true + drawn
    st.individual_true[0], st.individual_marginal[0] = st.individual_filed_true, drawn


MECHANISM = Mechanism("patenting", Label("Patents", "专利"), Parameters, step)
