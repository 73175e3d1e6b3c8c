"""Measures for firms: research, tax, status, growth, orders, the world outside, energy, sectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.world.agents import STATE
from tests.reference.measures.common import by_size, firms_of, in_order, in_proportion, is_small
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def rd_subsidy(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer grants or rewards to the classes covered; small firms add more R&D per CNY of a grant."""
    s = entry.settings
    if min(s.cover_rate, s.cap_per_firm, s.budget) <= 0.0:
        return
    before = s.mode == "ex_ante"
    counter.offer(
        entry,
        "rd_grant" if before else "rd_reward",
        s.cap_per_firm,
        rate=s.cover_rate,
        budget=s.budget,
        misuse=p.misuse_ex_ante if before else p.misuse_ex_post,
        eligible=firms_of(model, s.coverage),
        worth=by_size(model, p.extra_small, p.extra_large) if before else 1.0,
    )
    counter.run(entry, p.admin_share * s.budget)


def rd_tax_deduction(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer a deduction above the national one, help with claiming, and rewards to firms that claim."""
    s = entry.settings
    covered = firms_of(model, s.coverage)
    counter.offer(entry, "deduction_rate", s.deduction_rate, eligible=covered)
    if s.outreach > 0.0:
        counter.offer(entry, "claim_cost", 1.0 - p.guidance * s.outreach, eligible=covered)
        counter.run(entry, p.outreach_cost * s.outreach * len(covered))
    if min(s.reward_rate, s.reward_cap, s.budget) > 0.0:
        claimants = {f for f in covered if f.claims}
        counter.offer(entry, "rd_reward", s.reward_cap, rate=s.reward_rate, budget=s.budget, eligible=claimants)
        counter.run(entry, p.admin_share * s.budget)


def hnte_relief(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer a tax cut below the national one, awards on certification, simpler papers and outreach."""
    s = entry.settings
    counter.offer(entry, "hnte_tax", s.rate_cut)
    if s.award > 0.0 and s.budget > 0.0:
        counter.offer(entry, "certification_award", s.award, budget=s.budget)
        counter.run(entry, p.admin_share * s.budget)
    if s.outreach > 0.0:
        covered = firms_of(model, s.coverage)
        counter.offer(entry, "status_outreach", p.reach * s.outreach, eligible=covered)
        counter.run(entry, p.outreach_cost * s.outreach * len(covered))
    if s.simpler > 0.0:
        counter.offer(entry, "hnte_cost", 1.0 - p.papers * s.simpler)
        counter.run(entry, p.simplifying_cost * s.simpler * len(model.living()))


def sme_growth_programme(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer support to small unlisted technology firms, interest to those supported before, and outreach."""
    s = entry.settings
    pool = firms_of(model, ("tech_sme",))
    support = min(s.firms_per_year * s.support_per_firm, s.budget)
    interest = s.budget - support
    if support > 0.0:
        eligible = {f for f in pool if is_small(f) and f.listed == 0}
        counter.offer(
            entry, "growth_support", s.support_per_firm, budget=support, worth=p.additional, eligible=eligible
        )
        counter.run(entry, p.admin_share * support)
    if s.loan_interest > 0.0 and interest > 0.0:
        listed = {f for f in model.living() if f.supported > 0 and f.supported >= model.year - s.years_listed}
        counter.offer(entry, "loan_interest", s.loan_interest, budget=interest, eligible=listed)
        counter.run(entry, p.admin_share * interest)
    if s.outreach > 0.0:
        counter.offer(entry, "status_outreach", p.reach * s.outreach, eligible=pool)
        counter.run(entry, p.outreach_cost * s.outreach * len(pool))


def equity_incentive(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer a team's share and instalment years above those of the law, and stakes to staff of state firms."""
    s = entry.settings
    law = model.rules.get("transfer_law_inventor_share", 0.0)
    added = s.team_share - law
    if added > 0.0:
        counter.offer(entry, "team_equity", law + p.adoption * added)
        counter.run(entry, p.admin_cost * added / 0.5 * sum(u.alive for u in model.universities))
    added_years = s.tax_years - model.rules.get("equity_instalment_years", 0.0)
    if added_years > 0.0:
        counter.offer(entry, "equity_tax_years", s.tax_years)
        counter.run(entry, p.instalment_cost * added_years)
    owned = {f for f in model.living() if f.ownership == STATE and f.does_rd}
    if s.state_firms > 0.0 and owned:
        counter.offer(entry, "staff_stake", p.adoption * s.state_firms, eligible=owned)
        counter.run(entry, p.scheme_cost * s.state_firms * len(owned))


def ip_protection(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer money per application and per grant out of one budget, and enforcement."""
    s = entry.settings
    priced = [
        (term, price, price * sum(getattr(a, count) for a in agents if a.alive))
        for term, price, agents, count in (
            ("filing_subsidy", s.filing_subsidy, model.firms, "filed"),
            ("filing_subsidy_public", s.public_filing_subsidy, model.universities, "filed"),
            ("grant_reward", s.grant_reward, model.firms, "granted"),
        )
        if price > 0.0
    ]
    if priced and s.budget > 0.0:
        parts = in_proportion(s.budget, [need for _, _, need in priced])
        for (term, price, _), part in zip(priced, parts, strict=True):
            counter.offer(entry, term, price, budget=part)
        counter.run(entry, p.admin_share * s.budget)
    if s.enforcement > 0.0:
        counter.offer(entry, "enforcement", s.enforcement)
        counter.run(entry, p.enforcement_cost * s.enforcement * len(model.living()))


def innovation_procurement(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer the extra cost of orders, the R&D part of it, and premiums, within one budget."""
    s = entry.settings
    if s.budget <= 0.0 or max(s.cap_per_firm, s.first_of_kind_cover) <= 0.0:
        return
    eligible = firms_of(model, s.coverage)
    needs = [(1.0 - p.premium_part) * (s.cap_per_firm > 0.0), p.premium_part * (s.first_of_kind_cover > 0.0)]
    orders, premiums = in_proportion(s.budget, needs)
    if s.cap_per_firm > 0.0:
        counter.offer(entry, "first_purchase", s.cap_per_firm, eligible=eligible, budget=orders)
        counter.offer(entry, "purchase_research", s.pre_commercial, eligible=eligible)
    if s.first_of_kind_cover > 0.0:
        counter.offer(entry, "first_of_kind_premium", eligible=eligible, budget=premiums, rate=s.first_of_kind_cover)
    counter.run(entry, p.admin_share * s.budget)


def international_openness(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer facilitation to all who do R&D, and part of the price to buyers."""
    s = entry.settings
    if s.facilitation > 0.0:
        counter.offer(entry, "facilitation", s.facilitation)
        counter.run(entry, s.facilitation * p.desk_cost * sum(f.does_rd for f in model.living()))
    if min(s.outbound_share, s.outbound_cap, s.budget) > 0.0:
        counter.offer(entry, "outbound_support", s.outbound_cap, rate=s.outbound_share, budget=s.budget)
        counter.run(entry, p.admin_share * s.budget)


def factor_price_pressure(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Raise the price of energy and water by what is enforced, and let land by lease."""
    s = entry.settings
    dear = s.enforcement * (s.energy_surcharge > 0.0 or s.water_surcharge > 0.0)
    counter.offer(entry, "energy_surcharge", s.enforcement * s.energy_surcharge)
    counter.offer(entry, "water_surcharge", s.enforcement * s.water_surcharge)
    counter.offer(entry, "land_lease", s.land_lease)
    metered = len(firms_of(model, ("above_scale",)))
    counter.run(entry, dear * (p.office + p.inspection * metered) + s.land_lease * p.lease_office)


def sector_programme(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Order parks, then pay for advice, then for R&D with what is left; help founders and run a centre beside."""
    s = entry.settings
    strategic = s.sector == "strategic_emerging"
    own = [
        share >= p.strategic_sector if strategic else name == s.sector
        for name, share in zip(model.region.sectors, model.sector_facts["strategic_share"], strict=True)
    ]
    supported = min(s.rd_support, s.cap_per_firm) > 0.0
    parks, advice, research = in_order(
        s.budget,
        s.park_per_year * s.park_subsidy,
        s.adoption * p.advised_per_year * p.advice_cost,
        s.budget if supported else 0.0,
    )
    if parks > 0.0:
        counter.offer(entry, "software_parks", s.park_per_year, unit_cost=s.park_subsidy, budget=parks)
    if advice > 0.0:
        counter.offer(
            entry,
            "adoption_support",
            p.advice_cost,
            rate=p.advice_share,
            budget=advice,
            worth=p.advice_additional,
            eligible={f for f in model.living() if not own[f.sector]},
        )
    if research > 0.0:
        least = p.strategic_product if strategic else 0.0
        counter.offer(
            entry,
            "rd_grant",
            s.cap_per_firm,
            rate=s.rd_support,
            budget=research,
            misuse=p.misuse,
            worth=by_size(model, p.extra_small, p.extra_large),
            eligible={f for f in model.living() if own[f.sector] and f.hightech_share >= least},
        )
    sectors = list(zip(model.sectors, own, strict=True))
    counter.offer(entry, "sector_founding", {sector: s.founder_help * mine for sector, mine in sectors})
    counter.offer(entry, "sector_transfer", {sector: s.transfer_centre * mine for sector, mine in sectors})
    running = p.founder_cost * s.founder_help + p.centre_cost * s.transfer_centre
    counter.run(entry, running + p.admin_share * (parks + advice + research))


def demonstration_zone(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Make the rules easy for the zone's firms, welcome others, order parks and support with what is left."""
    s = entry.settings
    share = model.district_facts["incubator_share"]
    zone = share.index(max(share))
    wanted = [s.sector in ("all", name) for name in model.region.sectors]
    welcome = {f for f in model.living() if wanted[f.sector]}
    inside = {f for f in welcome if f.district == zone}
    parks, support = in_order(s.budget, s.parks_per_year * s.cost_per_park, s.budget)
    if s.support_per_firm <= 0.0:
        support = 0.0
    if s.preference > 0.0:
        counter.offer(entry, "claim_cost", 1.0 - p.guidance * s.preference, eligible=inside)
        counter.offer(entry, "hnte_cost", 1.0 - p.papers * s.preference, eligible=inside)
        counter.offer(entry, "status_outreach", p.reach * s.preference, eligible=inside)
        counter.offer(entry, "zone_welcome", s.preference, eligible=welcome - inside, tag=zone)
        counter.run(entry, s.preference * (p.office_cost + p.firm_cost * len(inside)))
    if parks > 0.0:
        counter.offer(entry, "high_tech_parks", s.parks_per_year, unit_cost=s.cost_per_park, budget=parks)
    if support > 0.0:
        listed = {f for f in inside if f.technology_sme and is_small(f)}
        counter.offer(entry, "growth_support", s.support_per_firm, budget=support, worth=p.additional, eligible=listed)
    counter.run(entry, p.admin_share * (parks + support))


def technology_alliance(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer support to alliances' offices, help with founding them, and money for members' joint projects."""
    s = entry.settings
    offices = min(s.budget, s.alliances * s.support_per_alliance)
    projects = s.budget - offices if min(s.project_rate, s.project_cap) > 0.0 else 0.0
    if offices > 0.0:
        counter.offer(entry, "alliance_support", s.support_per_alliance, budget=offices, worth=p.useful)
    if projects > 0.0:
        counter.offer(
            entry,
            "alliance_project",
            s.project_cap,
            rate=s.project_rate,
            budget=projects,
            misuse=p.misuse,
            worth=by_size(model, p.extra_small, p.extra_large),
        )
    counter.offer(entry, "alliance_outreach", s.outreach)
    counter.run(entry, p.admin_share * (offices + projects) + p.outreach_cost * s.outreach)
