"""Science: universities and institutes make results, institutes arrive, and firms tie up with those near to them."""

from __future__ import annotations

import math
from operator import mul
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.science import YOUNG_YEARS, Parameters
from simulator.world.agents import ATTRACTED, INSTITUTE, OVERSEAS, TECH_DIMENSIONS
from simulator.world.world import GDP_OF_REFERENCE
from tests.reference.luck import Draws, child_key, poisson_count
from tests.reference.offers import Counter
from tests.reference.space import Shares, nearest, neighbours, sector_centres, unit

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def promise(near: float, too_near: float) -> float:
    """Return how likely a meeting is at some nearness: enough overlap to understand, enough novelty to learn."""
    return near * (1.0 if near < too_near else max(0.0, (1.0 - near) / (1.0 - too_near)))


class PartneringFirm:
    """A firm in search of a partner in research."""

    def meets_nearest(self: Any, near: Any) -> None:
        """Know the university nearest in technology and space."""
        who, nearness = nearest(self.tech, near[self.district])
        if nearness > self.nearness:
            self.university, self.nearness = who, nearness

    def turns_to(self: Any, near: Any, bonus: list[float], p: Parameters) -> None:
        """Turn to a newcomer where a meeting is more likely than with the university it knows."""
        if self.link >= p.loose:
            return
        known = promise(self.nearness, p.too_near) * bonus[max(self.university, 0)]
        who, nearness = -1, 0.0
        for close, u in near[self.district]:
            if close * 1.001 > nearness:
                reach = sum(map(mul, self.tech, u.tech)) * close
                if reach > nearness:
                    who, nearness = u.row, reach
        if who >= 0 and promise(nearness, p.too_near) * bonus[who] > known:
            self.university, self.nearness = who, nearness

    def ties_up(self: Any, ease: list[float], keep: float, p: Parameters, draws: Draws) -> None:
        """Let the tie fade, and perhaps begin a new one."""
        self.link *= keep
        if self.does_rd and self.university >= 0 and self.link < p.loose:
            chance = p.meet * promise(self.nearness, p.too_near)
            if draws.uniform(self.key, "tie") < chance * ease[self.university]:
                self.link = 1.0


class ResearchingUniversity:
    """A university at work on results."""

    def grows(self: Any, growth: float, wage_growth: float, p: Parameters) -> None:
        """Follow the national path of science."""
        self.core_budget *= 1.0 + growth
        self.researchers *= ((1.0 + growth) / (1.0 + wage_growth)) ** p.staffing

    def makes_results(self: Any, reference: float, counter: Counter, p: Parameters, draws: Draws) -> None:
        """Make the year's results; effort that goes elsewhere is missing."""
        self.working = min(max((self.model.year - self.opened) / p.ramp, 0.0), 1.0)
        per_head = (self.core_budget + self.contract_income) / max(self.researchers, 1.0) / self.model.state.wage_index
        money = min(max(per_head / reference, 0.05), 20.0) ** p.budget_elasticity
        mean = p.result_rate * self.researchers * self.working * money
        mean *= 1.0 - p.part_time_cost * counter.total("part_time", self)
        mean *= 1.0 - p.credit_cost * counter.total("promotion_credit", self)
        mean *= math.exp(p.overdispersion * draws.normal(self.key, "year") - 0.5 * p.overdispersion**2)
        self.results = poisson_count(mean, draws.uniform(self.key, "results")) if self.alive else 0.0
        aged = self.shelf / YOUNG_YEARS
        self.shelf = (self.shelf - aged) * (1.0 - p.shelf_life) + self.results
        self.shelf_old = (self.shelf_old + aged) * (1.0 - p.shelf_life)


def settle(model: ReferenceModel, p: Parameters, draws: Draws, keys: list[int], kind: int, money: float) -> None:
    """Open institutes of one kind, one for each key."""
    if not keys:
        return
    fields = Shares([s.value_added for s in model.sectors])
    places = Shares(model.district_facts["incubator_share"])
    staff = sum(u.researchers for u in model.universities)
    per_head = sum(u.core_budget for u in model.universities) / max(staff, 1.0)
    centres = sector_centres(model.region.sectors)
    overseas, contract = kind == OVERSEAS, kind == INSTITUTE
    breadth = p.overseas_breadth if overseas else p.new_breadth
    for key in keys:
        people = (p.overseas_size if overseas else 1.0) * p.new_size
        people *= math.exp(p.new_spread * draws.normal(key, "size"))
        noise = draws.normals(key, "tech", TECH_DIMENSIONS)
        centre = centres[fields.pick(draws.uniform(key, "field"))]
        model.arrive(
            "universities",
            key=key,
            kind=kind,
            opened=model.year,
            researchers=people,
            core_budget=money * people * per_head,
            district=places.pick(draws.uniform(key, "district")),
            tech=unit([c * math.exp(breadth * z) for c, z in zip(centre, noise, strict=True)]),
            transfer_staff=p.new_officers,
            inventor_share=p.new_inventor_share,
            has_office=contract,
            has_base=contract,
        )


def attract(model: ReferenceModel, p: Parameters, draws: Draws) -> None:
    """Let institutes come: those that are sought, and others, not counting twice those that would have come."""
    st = model.state
    sought = [x.key for x in model.delivered("institute")]
    anyway = sum(draws.uniform(key, "anyway") < p.anyway for key in sought)
    first = model.sectors[0].key
    mean = p.arrivals * st.gdp_path / st.deflator / GDP_OF_REFERENCE
    number = int(poisson_count(mean, draws.uniform(first, "arrivals")))
    lost = min(number, anyway)
    number -= lost
    settle(model, p, draws, [child_key(first, rank, model.year) for rank in range(number)], ATTRACTED, 1.0)
    settle(model, p, draws, sought, ATTRACTED, p.sought_budget)
    st.institutes_attracted += number + len(sought)
    st.institutes_displaced += p.moved * (len(sought) - lost)
    settle(model, p, draws, [x.key for x in model.delivered("overseas_centre")], OVERSEAS, p.sought_budget)
    settle(model, p, draws, [x.key for x in model.delivered("contract_institute")], INSTITUTE, p.sought_budget)


def found_funds(model: ReferenceModel) -> None:
    """Open finished funds and transfer companies: first where there is a base to fill, then the largest."""
    for kind in ("university_fund", "institute_fund"):
        count = len(model.delivered(kind))
        if count == 0:
            continue
        lacking = [u for u in model.universities if u.lacks(kind)]
        lacking.sort(key=lambda u: (not u.has_base, -u.researchers, u.key))
        for university in lacking[:count]:
            university.has_fund = True
            if kind == "institute_fund":
                university.has_company = True


def meet_neighbours(model: ReferenceModel, p: Parameters) -> None:
    """Give firms the university nearest to them: all at the start, later those without a tie, of the newcomers."""
    if model.year == model.region.start_year:
        near = neighbours(model)
        for firm in model.firms:
            firm.meets_nearest(near)
        return
    joined = [u for u in model.universities if u.opened == model.year - 1]
    if not joined:
        return
    rows = {u.row for u in joined}
    near = [
        sorted(((c, u) for c, u in around if u.row in rows), key=lambda x: x[1].row) for around in neighbours(model)
    ]
    bonus = [p.base_bonus if u.has_base else 1.0 for u in model.universities]
    for firm in model.firms:
        firm.turns_to(near, bonus, p)


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Produce the year's results and let partnerships form and fade."""
    model.state.decay_km = p.decay_km
    if model.year > model.region.start_year:
        for university in model.universities:
            university.grows(model.outside["national_science_growth"], model.outside["wage_growth"], p)
    meet_neighbours(model, p)
    attract(model, p, draws)
    found_funds(model)
    reference = model.region.figure("rd_universities") + model.region.figure("rd_institutes")
    reference /= max(float(model.region.university("researchers").sum()), 1.0)
    for university in model.universities:
        university.makes_results(reference, counter, p, draws)
    ease = [
        (p.base_bonus if u.has_base else 1.0) * (1.0 + p.part_time_meet * counter.total("part_time", u))
        for u in model.universities
    ]
    keep = 1.0 - 1.0 / p.memory
    for firm in model.living():
        firm.ties_up(ease, keep, p, draws)
