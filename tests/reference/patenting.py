"""Patents: true filings follow innovations, marginal ones follow money; grants lag, patents lapse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.patenting import Parameters
from simulator.world.agents import PRIVATE
from tests.reference.luck import Draws, poisson_count, sub_key
from tests.reference.offers import Application, Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class PatentHolder:
    """Whoever has filings waiting and patents in force."""

    def decided(self: Any, waiting: list[float], sub: int, shares: list[float], rate: float, draws: Draws) -> float:
        """Let the office decide a part of what waits; return how much of that is granted."""
        granted = 0.0
        for lag, share in enumerate(shares):
            if waiting[lag] > 0.0:
                done = draws.binomial(sub_key(self.key, sub + lag), self.office, waiting[lag], share)
                if done > 0.0:
                    granted += draws.binomial(sub_key(self.key, sub + 10 + lag), self.office, done, rate)
                    waiting[lag] -= done
        return granted

    def patents_lapse(self: Any, p: Parameters, draws: Draws) -> None:
        """Let patents lapse, those from marginal filings sooner."""
        if self.patents > 0.0:
            rest = self.patents - self.quality_patents
            good = draws.binomial(sub_key(self.key, 40), self.office, self.quality_patents, p.lapse)
            others = draws.binomial(sub_key(self.key, 41), self.office, rest, min(1.0, p.marginal_lapse * p.lapse))
            self.patents -= good + others
            self.quality_patents -= good

    def hears_from_office(self: Any, shares: list[float], p: Parameters, draws: Draws) -> None:
        """Have older filings decided, gain grants, lose what lapses; what still waits is a year older."""
        self.granted = 0.0
        if not (self.patents > 0.0 or any(self.waiting_true) or any(self.waiting_marginal)):
            return
        true = self.decided(self.waiting_true, 0, shares, p.true_grant, draws)
        self.granted = true + self.decided(self.waiting_marginal, 20, shares, p.marginal_grant, draws)
        self.patents_lapse(p, draws)
        self.patents += self.granted
        self.quality_patents += true
        self.waiting_true = a_year_older(self.waiting_true)
        self.waiting_marginal = a_year_older(self.waiting_marginal)

    def files(self: Any, true: float, filed: float) -> None:
        """File applications, some of them with an invention behind them."""
        self.filed_true, self.filed = true, filed
        self.waiting_true[0] = true
        self.waiting_marginal[0] = filed - true


class PatentingFirm(PatentHolder):
    """A firm that files patents."""

    office = "decide firms"

    def true_filings(self: Any, propensity: float, enforcement: float, p: Parameters) -> float:
        """Return the mean of the firm's true filings: more by private firms, and before seeking HNTE status."""
        mean = propensity * self.model.sector_facts["patent_propensity"][self.sector] * self.innovations
        if self.ownership == PRIVATE:
            mean *= 1.0 + p.enforcement * enforcement
        if self.hnte_informed and self.does_rd and self.hnte_until <= self.model.year + 1:
            mean *= 1.0 + p.status_burst
        return mean

    def files_patents(
        self: Any, propensity: float, marginal: float, enforcement: float, cost: float, p: Parameters, draws: Draws
    ) -> None:
        """File innovations, and more than that where money or status is to be had for it."""
        true = filed = 0.0
        if self.innovations > 0.0:
            mean = self.true_filings(propensity, enforcement, p)
            true = draws.poisson(self.key, "true", mean)
            luck = p.filing_spread * draws.normal(self.key, "size") - 0.5 * p.filing_spread * p.filing_spread
            filed = true + draws.poisson(self.key, "marginal", marginal * mean * math.exp(luck))
        self.files(true, filed)
        self.cash -= cost * filed


class PatentingUniversity(PatentHolder):
    """A university or institute that files patents."""

    office = "decide universities"

    def keenness(self: Any, counter: Counter, p: Parameters) -> float:
        """Return how much more than at a half inventors file, given what is theirs of the income."""
        own = max(self.inventor_share, 0.05)
        share = max(own, counter.total("inventor_share", self))
        keen = (own / 0.5) ** p.filing_share_elasticity
        return float(keen * (share / own) ** (p.filing_share_elasticity * p.filing_rise_discount))

    def files_results(
        self: Any, propensity: float, marginal: float, counter: Counter, p: Parameters, draws: Draws
    ) -> None:
        """File usable results, and more than that where it is paid for."""
        true = filed = 0.0
        if self.alive and self.results > 0.0:
            mean = propensity * self.results * self.keenness(counter, p)
            true = draws.poisson(self.key, "true u", mean)
            spread = p.university_spread
            luck = spread * draws.normal(self.key, "size u") - 0.5 * spread * spread
            filed = true + draws.poisson(self.key, "marginal u", marginal * mean * math.exp(luck))
        self.files(true, filed)


@dataclass
class Residents(PatentHolder):
    """All residents who file for themselves, as one."""

    key: int
    patents: float
    quality_patents: float
    waiting_true: list[float]
    waiting_marginal: list[float]
    granted: float = 0.0
    filed: float = 0.0
    filed_true: float = 0.0
    office = "decide individuals"


def a_year_older(waiting: list[float]) -> list[float]:
    """Return filings by years waited after one more year; the last place holds all that wait longer."""
    return [0.0, *waiting[:-2], waiting[-2] + waiting[-1]]


def marginal_wish(per_filing: float, cost: float, p: Parameters) -> float:
    """Return marginal over true filings wished for at a subsidy per filing (CNY) against its cost.

    Up to the cost the subsidy lowers the hurdle; beyond it filing itself pays.
    """
    cover = per_filing / cost
    wish = p.subsidy_response * min(cover, 1.0) + p.profit_response * max(cover - 1.0, 0.0)
    return wish + p.other_marginal


def hoped_for(model: ReferenceModel, counter: Counter, term: str) -> float:
    """Return the sum per filing (CNY) that applicants count on after last year's payments."""
    return sum(o.most() for o in counter.promises(term)) * model.state.paid_part.get(term, 1.0)


def move_agency(model: ReferenceModel, counter: Counter, p: Parameters, cost: float) -> None:
    """Let agents grow towards what firms' marginal filings ask of them."""
    state = model.state
    wish = marginal_wish(hoped_for(model, counter, "filing_subsidy"), cost, p)
    if model.year == model.region.start_year:
        state.agency = wish
    else:
        state.agency += p.agency_speed * (wish - state.agency)


def individuals_file(model: ReferenceModel, shares: list[float], growth: float, p: Parameters, draws: Draws) -> None:
    """Let residents' filings be decided, and new ones be filed as far as agents served them last year."""
    state, figure = model.state, model.region.figure
    pool = Residents(
        model.pool("makers").key,
        state.individual_patents,
        state.individual_quality,
        state.individual_true,
        state.individual_marginal,
    )
    pool.hears_from_office(shares, p, draws)
    before = figure("invention_applications") * (1.0 - figure("marginal_share"))
    before *= figure("patents_share_individuals") / figure("population")
    mean = p.individual_growth * before * state.population * growth
    true = poisson_count(mean, draws.uniform(pool.key, "individuals"))
    more = mean * state.agency * p.individual_marginal
    pool.files(true, true + poisson_count(more, draws.uniform(sub_key(pool.key, 1), "individuals")))
    state.individual_patents, state.individual_quality = pool.patents, pool.quality_patents
    state.individual_true, state.individual_marginal = pool.waiting_true, pool.waiting_marginal
    state.individual_granted = pool.granted
    state.individual_filed, state.individual_filed_true = pool.filed, pool.filed_true


def subsidise(model: ReferenceModel, counter: Counter, term: str, counts: list[tuple[Any, float]]) -> None:
    """Pay a sum per filing or grant, largest applicants last, and note the part of what was asked that was paid."""
    offers = counter.promises(term)
    if not offers:
        return
    each = sum(o.most() for o in offers)
    applications = [Application(holder, n * each, -n, pieces=n) for holder, n in counts if n > 0.0]
    asked = sum(a.wanted for a in applications)
    paid = sum(a.amount for a in counter.draw(term, applications))
    model.state.paid_part[term] = paid / max(asked, 1.0)


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Decide older filings, file new ones, pay filing subsidies and grant rewards."""
    state, firms = model.state, model.living()
    universities = [u for u in model.universities if u.alive]
    speed = model.outside["patent_office_speed"]
    shares = [min(0.9, p.first_year * speed), min(0.95, p.second_year * speed), min(1.0, p.third_year * speed)]
    growth = (1.0 + p.propensity_growth) ** (model.year - model.region.start_year)
    for holder in [*firms, *model.universities]:
        holder.hears_from_office(shares, p, draws)
    individuals_file(model, shares, growth, p, draws)

    cost = p.filing_cost * state.deflator
    move_agency(model, counter, p, cost)
    marginal = state.agency + p.pledge_filing * state.pledge_offer * (1.0 + state.agency)
    enforcement = counter.total("enforcement")
    for firm in firms:
        firm.files_patents(p.propensity * growth, marginal, enforcement, cost, p, draws)
    public = hoped_for(model, counter, "filing_subsidy_public")
    marginal = min(marginal_wish(public, cost, p), state.agency) if public else p.other_marginal
    for university in model.universities:
        university.files_results(p.university_propensity * growth, marginal, counter, p, draws)

    subsidise(model, counter, "filing_subsidy", [(f, f.filed) for f in firms])
    subsidise(model, counter, "filing_subsidy_public", [(u, u.filed) for u in universities])
    subsidise(model, counter, "grant_reward", [(f, f.granted) for f in firms])
