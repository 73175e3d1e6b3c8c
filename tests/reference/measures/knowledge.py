"""Measures for universities, transfer and the technology market."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.world.agents import ATTRACTED
from tests.reference.measures.common import firms_of, in_order, open_universities
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

OLD_SHELF_YEARS = 2.0


def innovation_voucher(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer one voucher to every firm of the classes covered that has never had one."""
    s = entry.settings
    if min(s.face_value, s.budget) <= 0.0:
        return
    counter.offer(
        entry,
        "university_hours",
        s.face_value,
        budget=s.budget,
        eligible={f for f in firms_of(model, s.coverage) if f.voucher_year == 0},
        unused=1.0 - p.take_up,
        worth=p.additional,
        half_life=p.half_life,
    )
    counter.run(entry, p.admin_share * s.budget)


def transfer_revenue_share(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer inventors a share above that of the law, and more of it where the payroll cap bound."""
    s = entry.settings
    law = model.rules.get("transfer_law_inventor_share", 0.0)
    added = max(s.inventor_share - law, 0.0)
    if added <= 0.0 and s.outside_payroll_cap <= 0.0:
        return
    share = law + p.adoption * added
    relieved = share * (1.0 + p.cap_relief * s.outside_payroll_cap)
    value = {u: min(share if u.kind == ATTRACTED else relieved, 1.0) for u in model.universities}
    counter.offer(entry, "inventor_share", value)
    counter.run(entry, p.admin_cost * (added / 0.5 + s.outside_payroll_cap) * open_universities(model))


def disposal_rights(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer less waiting while the law still asks for approval, income kept, and a listing duty."""
    s = entry.settings
    extent = s.income_kept
    counter.offer(entry, "income_kept", s.income_kept)
    if model.rules.get("transfer_approval_required", 1.0) > 0.0:
        counter.offer(entry, "approval", 1.0 - p.freed * s.no_approval)
        extent += s.no_approval
    if s.use_or_list_years > 0.0:
        due = min(1.0, OLD_SHELF_YEARS / s.use_or_list_years)
        counter.offer(entry, "use_or_list", p.compliance * due)
        extent += due
    if extent > 0.0:
        counter.run(entry, p.admin_cost * extent * open_universities(model))


def researcher_mobility(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Offer the three rights as far as they are practised, and prizes within the budget."""
    s = entry.settings
    counter.offer(entry, "leave_right", p.practice * s.leave)
    counter.offer(entry, "part_time", p.practice * s.part_time)
    counter.offer(entry, "promotion_credit", p.practice * s.promotion_credit)
    cost = p.kept_cost * (s.leave + s.part_time + s.promotion_credit) * open_universities(model)
    if min(s.prize, s.budget) > 0.0:
        counter.offer(entry, "transfer_prize", s.prize, budget=s.budget)
        cost += p.prize_admin * s.budget
    counter.run(entry, cost)


def institute_attraction(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Seek as many institutes and overseas centres as the budget buys."""
    s = entry.settings
    home, abroad = in_order(
        s.budget, s.institutes_per_year * s.cost_per_institute, s.overseas_per_year * s.overseas_cost
    )
    if home > 0.0:
        counter.offer(entry, "institutes", s.institutes_per_year, unit_cost=s.cost_per_institute, budget=home)
    if abroad > 0.0:
        counter.offer(entry, "overseas_centres", s.overseas_per_year, unit_cost=s.overseas_cost, budget=abroad)
    counter.run(entry, p.admin_share * (home + abroad))


def joint_research(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Order institutes for contract research, and offer the rest of the budget as a joint fund."""
    s = entry.settings
    institutes = min(s.budget, s.contract_institutes_per_year * s.cost_per_institute)
    fund = s.budget - institutes if min(s.public_share, s.cap_per_project) > 0.0 else 0.0
    if institutes > 0.0:
        number = s.contract_institutes_per_year
        counter.offer(entry, "contract_institutes", number, unit_cost=s.cost_per_institute, budget=institutes)
    if fund > 0.0:
        counter.offer(
            entry,
            "joint_fund",
            s.cap_per_project,
            budget=fund,
            rate=s.public_share,
            eligible=firms_of(model, s.coverage),
            worth=p.additional,
            half_life=p.half_life,
        )
    counter.run(entry, p.admin_share * (institutes + fund))


def technology_market(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Order offices and sorted projects, help with registering, and pay part of what firms buy."""
    s = entry.settings
    offices, matching = in_order(s.budget, s.offices_per_year * s.office_cost, s.matching_per_year * s.matching_cost)
    rest = s.budget - offices - matching if min(s.purchase_share, s.cap_per_purchase) > 0.0 else 0.0
    if offices > 0.0:
        counter.offer(entry, "transfer_office", s.offices_per_year, unit_cost=s.office_cost, budget=offices)
    if matching > 0.0:
        counter.offer(entry, "project_matching", s.matching_per_year, unit_cost=s.matching_cost, budget=matching)
    if rest > 0.0:
        counter.offer(
            entry,
            "purchase_support",
            s.cap_per_purchase,
            budget=rest,
            rate=s.purchase_share,
            eligible=firms_of(model, s.coverage),
            worth=p.additional,
        )
    counter.offer(entry, "registration_service", s.registration_service)
    sellers = sum(not f.registers and f.technology_sales > 0.0 for f in model.living())
    service = p.service_cost * s.registration_service * (1.0 + sellers)
    counter.run(entry, p.admin_share * (offices + matching + rest) + service)


def shared_facilities(model: ReferenceModel, counter: Counter, entry: Any, p: Any) -> None:
    """Open the instruments, and offer a share of the fees."""
    s = entry.settings
    if s.access <= 0.0:
        return
    counter.offer(entry, "facility_access", s.access)
    cost = p.opening_cost * s.access * open_universities(model)
    if min(s.fee_share, s.cap_per_user, s.budget) > 0.0:
        eligible = firms_of(model, s.coverage)
        counter.offer(entry, "facility_fees", s.cap_per_user, budget=s.budget, rate=s.fee_share, eligible=eligible)
        cost += p.admin_share * s.budget
    counter.run(entry, cost)
