"""Measures of finance: funds, risk pools, loans on patents, markets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.world.agents import ATTRACTED, PROJECT_KINDS
from tests.reference.measures.common import firms_of, in_proportion
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def waiting(model: ReferenceModel, kind: str) -> float:
    """Return how many of a kind are on order."""
    number = PROJECT_KINDS.index(kind)
    return sum(x.quantity for x in model.projects if x.alive and x.kind == number)


def lacking(model: ReferenceModel, s: Any) -> list[float]:
    """Return how many funds of districts and of attracted institutes are still to be ordered."""
    out = [0.0, 0.0]
    if s.funds_per_district > 0.0:
        has = sum(model.state.district_funds) + waiting(model, "district_fund")
        out[0] = max(0.0, s.funds_per_district * len(model.region.districts) - has)
    if s.funds_per_attracted_institute > 0.0:
        attracted = [u for u in model.universities if u.alive and u.kind == ATTRACTED]
        has = sum(u.has_fund and u.has_company for u in attracted) + waiting(model, "institute_fund")
        out[1] = max(0.0, s.funds_per_attracted_institute * len(attracted) - has)
    return out


def guidance_fund(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer this year's capital at the public share, order the funds that are lacking, and pay the fee."""
    s = entry.settings
    if s.capital_per_year > 0.0:
        index = model.entry_index(entry.id)
        counter.offer(entry, "fund_capital", s.capital_per_year, budget=s.capital_per_year, rate=s.public_share)
        held = sum(f.public_paid for f in model.funds if f.alive and f.entry == index)
        counter.run(entry, p.management_fee * (s.capital_per_year + held))
    if s.budget <= 0.0 or max(s.funds_per_district, s.funds_per_attracted_institute) <= 0.0:
        return
    numbers = lacking(model, s)
    for term, number, money in zip(
        ("district_funds", "institute_fund"), numbers, in_proportion(s.budget, numbers), strict=True
    ):
        if number > 0.0:
            counter.offer(entry, term, number, budget=money, unit_cost=s.fund_cost)


def credit_risk_compensation(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer cover by a pool, whose leverage stands in ``worth``, and interest to the same borrowers."""
    s = entry.settings
    covered = firms_of(model, s.coverage)
    if s.loss_share > 0.0 and s.pool > 0.0:
        leverage = p.leverage * (1.0 + p.reward_stretch * min(1.0, s.lender_reward / s.pool))
        counter.offer(entry, "loan_cover", s.loss_share, eligible=covered, budget=s.pool, worth=leverage)
        counter.run(entry, p.admin_share * s.pool + (1.0 + p.admin_share) * s.lender_reward)
    if s.interest_share > 0.0 and s.interest_budget > 0.0:
        counter.offer(entry, "loan_interest", s.interest_share, eligible=covered, budget=s.interest_budget)
        counter.run(entry, p.admin_share * s.interest_budget)


def ip_pledge_finance(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer cover by a pool for loans on patents, and interest to the same borrowers."""
    s = entry.settings
    covered = firms_of(model, s.coverage)
    if s.loss_share > 0.0 and s.pool > 0.0:
        counter.offer(entry, "pledge_cover", s.loss_share, eligible=covered, budget=s.pool, worth=p.leverage)
        counter.run(entry, p.admin_share * s.pool)
    if s.interest_share > 0.0 and s.interest_budget > 0.0:
        counter.offer(entry, "pledge_interest", s.interest_share, eligible=covered, budget=s.interest_budget)
        counter.run(entry, p.admin_share * s.interest_budget)


def capital_market_access(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer awards by market, coaching, and interest on bonds."""
    s = entry.settings
    if max(s.exchange_award, s.board_award) > 0.0 and s.budget > 0.0:
        parts = in_proportion(s.budget, [s.exchange_award, p.boards_per_listing * s.board_award])
        counter.offer(entry, "exchange_award", s.exchange_award, budget=parts[0])
        counter.offer(entry, "board_award", s.board_award, budget=parts[1])
        counter.run(entry, p.admin_share * s.budget)
    if s.help > 0.0:
        counter.offer(entry, "listing_help", s.help)
        counter.run(entry, s.help * p.coaching_cost * sum(f.technology_sme for f in model.living()))
    if s.bond_interest > 0.0 and s.interest_budget > 0.0:
        counter.offer(entry, "bond_interest", s.bond_interest, budget=s.interest_budget)
        counter.run(entry, p.admin_share * s.interest_budget)
