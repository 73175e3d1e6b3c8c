"""Measures for people and for those who found firms: talent, training, students, culture, entry, courting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.world.agents import ENTREPRENEURS, LEADERS, TECHNICIANS
from tests.reference.measures.common import in_order
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def talent_attraction(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer awards, visits, workstations, apartments and rent relief in turn, as far as the budget still goes."""
    s = entry.settings
    full_rent = p.renting * model.pool("researchers").stock * p.rent * model.state.deflator
    ordered = (
        ("high_end_award", s.high_end_per_year, s.high_end_award),
        ("graduate_award", s.graduates_per_year, s.graduate_allowance),
        ("phd_visits", s.phd_visits_per_year, s.visit_cost),
        ("academician_stations", s.academician_stations_per_year, s.academician_station_cost),
        ("postdoc_stations", s.postdoc_stations_per_year, s.postdoc_station_cost),
        ("apartments", s.apartments_per_year, s.apartment_subsidy),
    )
    *parts, rent = in_order(s.budget, *(number * cost for _, number, cost in ordered), s.rent_share * full_rent)
    for (term, number, unit_cost), part in zip(ordered, parts, strict=True):
        if part > 0.0:
            worth = s.elite_share if term == "graduate_award" else 1.0
            counter.offer(entry, term, number, unit_cost=unit_cost, budget=part, worth=worth)
            if term == "phd_visits":
                counter.offer(entry, "visit_universities", s.universities_visited_per_year)
    if rent > 0.0:
        counter.offer(entry, "rent_relief", rent / full_rent)
        counter.run(entry, rent)
    counter.run(entry, p.admin_share * (sum(parts) + rent))


def talent_training(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer places on each kind of course as far as the budget still goes."""
    s = entry.settings
    courses = (
        (TECHNICIANS, s.technicians_per_year, s.cost_per_technician),
        (ENTREPRENEURS, s.entrepreneurs_per_year, s.cost_per_entrepreneur),
        (LEADERS, s.leaders_per_year, s.cost_per_leader),
    )
    parts = in_order(s.budget, *(places * cost for _, places, cost in courses))
    for (kind, places, cost), part in zip(courses, parts, strict=True):
        if part > 0.0:
            counter.offer(entry, "training_places", places, unit_cost=cost, budget=part, tag=kind)
    counter.run(entry, p.admin_share * sum(parts))


def student_startup(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer places with allowance and coaching as far as the budget goes, and leave with the place kept."""
    s = entry.settings
    each = s.allowance + s.coaching
    committed = min(s.budget, s.students_per_year * each)
    if committed > 0.0:
        worth = min(1.0, s.coaching / (p.coaching_cost * model.state.deflator))
        counter.offer(entry, "student_award", s.students_per_year, unit_cost=each, budget=s.budget, worth=worth)
        counter.run(entry, p.admin_share * committed)
    if s.leave_right > 0.0:
        counter.offer(entry, "student_leave", s.leave_right)
        counter.run(entry, p.register_cost * s.leave_right * len(model.region.districts))


def entrepreneurial_culture(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Order fairs and education as far as the budget goes, and offer tolerance of failure."""
    s = entry.settings
    fairs, students = in_order(s.budget, s.fairs_per_year * s.fair_cost, s.students_per_year * s.student_cost)
    if fairs > 0.0:
        counter.offer(entry, "startup_fairs", s.fairs_per_year, unit_cost=s.fair_cost, budget=fairs)
    if students > 0.0:
        counter.offer(entry, "maker_education", s.students_per_year, unit_cost=s.student_cost, budget=students)
    counter.offer(entry, "failure_tolerance", p.lived * s.tolerance)
    campaign = p.campaign_cost * s.tolerance * len(model.region.districts)
    counter.run(entry, p.admin_share * (fairs + students) + campaign)


def entry_reform(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer easier entry, and bill the offices that carry it out."""
    s = entry.settings
    counter.offer(entry, "entry_cost", 1.0 - p.carried_out * s.registration)
    counter.offer(entry, "entry_approval", 1.0 - p.carried_out * s.supervision)
    counter.offer(entry, "incumbent_shelter", 1.0 - p.carried_out * s.fair_competition)
    each = p.window_cost * s.registration + p.inspection_cost * s.supervision + p.review_cost * s.fair_competition
    counter.run(entry, each * len(model.region.districts))


def investment_attraction(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Court firms and headquarters as far as the budget goes; what is left stands behind the awards."""
    s = entry.settings
    sector = -1 if s.sector == "any" else model.region.sectors.index(s.sector)
    sought = s.firms_per_year + s.headquarters_per_year
    firms, headquarters, awards = in_order(
        s.budget, s.firms_per_year * s.promotion_cost, s.headquarters_per_year * s.promotion_cost, sought * s.award
    )
    if firms > 0.0:
        counter.offer(entry, "firms_sought", s.firms_per_year, unit_cost=s.promotion_cost, budget=firms, tag=sector)
    if headquarters > 0.0:
        number = s.headquarters_per_year
        counter.offer(entry, "headquarters_sought", number, unit_cost=s.promotion_cost, budget=headquarters, tag=sector)
    if awards > 0.0 and firms + headquarters > 0.0:
        counter.offer(entry, "settling_award", sought, unit_cost=s.award, budget=awards)
    else:
        awards = 0.0
    counter.run(entry, p.admin_share * (firms + headquarters + awards))
