"""Founding: staff, makers, students and returnees start firms; others grow into the classes of agents."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.founding import REGULATED, USUAL_GROWTH, Parameters
from simulator.world.agents import GROWN, GUIDANCE, STAFF_FOUNDED, STUDENT_FOUNDED, UNIVERSITY_FOUNDED
from tests.reference.births import Nursery
from tests.reference.founding_attraction import attract
from tests.reference.founding_people import begin_again, renew_culture, student_starts
from tests.reference.luck import Draws, key_of, poisson_count, sub_key
from tests.reference.offers import Counter
from tests.reference.space import Shares

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def firms_descend(model: ReferenceModel) -> bool:
    """Return whether entry is by parent: firms descend from firms, and the market matters less."""
    return bool(model.switches.get("entry", "market") == "parent")


class ParentFirm:
    """A firm whose staff leave to found their own."""

    def breeds_founders(self: Any, p: Parameters) -> float:
        """Return how many firms its staff found in a usual year: small firms breed more founders per head."""
        rate = p.staff_rate
        if firms_descend(self.model):  # good firms breed more; lognormal, with a mean of one over all firms
            rate *= math.exp(p.parent_quality * self.quality) / math.exp(0.5 * p.parent_quality**2)
        if self.rd_staff > 0.0:
            return rate * (1.0 + self.rd_staff / p.founder_staff) ** p.size_elasticity
        return 0.0 if self.above_scale else rate

    def staff_found(
        self: Any, p: Parameters, lift: list[float], unaided: list[float], performs: float, nursery: Nursery
    ) -> None:
        """Let staff found firms, most of them in the trade they know; those who only help made founders are weaker.

        ``lift`` and ``unaided`` are the rate by sector over the usual one, with and without what makes it easier.
        """
        usual = self.breeds_founders(p)
        if usual <= 0.0:
            return
        draws = nursery.draws
        u = draws.uniform(self.key, "staff")
        born = int(poisson_count(lift[self.sector] * usual, u))
        if born == 0:
            return
        anyway = poisson_count(unaided[self.sector] * usual, u)
        for rank in range(born):
            stays = draws.uniform(sub_key(self.key, rank), "stay") < p.same_sector
            gap = -p.marginal_gap if rank >= anyway else 0.0
            inherits = p.heredity if firms_descend(self.model) else 0.0
            nursery.found(
                self.key,
                rank,
                origin=STAFF_FOUNDED,
                sector=self.sector if stays else nursery.services,
                district=self.district,
                centre=self.tech,
                performs=performs,
                quality=gap + inherits * self.quality,
                quality_spread=math.sqrt(1.0 - inherits**2),
                heir_of=self if inherits > 0.0 else None,
            )


class ParentUniversity:
    """A university whose researchers leave to found firms."""

    def researchers_found(self: Any, p: Parameters, nursery: Nursery) -> None:
        """Let the researchers who leave found their firms, in the field they come from or near it."""
        for rank in range(int(self.leavers)):
            pick = nursery.draws.uniform(sub_key(self.key, rank), "spin-off sector")
            if pick < p.home_field:
                sector = self.main_field(nursery.services)
            elif pick < p.home_field + p.to_services:
                sector = nursery.services
            else:
                sector = nursery.digital
            nursery.found(
                self.key,
                rank,
                origin=UNIVERSITY_FOUNDED,
                sector=sector,
                district=self.district,
                centre=self.tech,
                performs=p.researchers_perform,
                link=1.0,
            )

    def main_field(self: Any, services: int) -> int:
        """Return the sector that it works for most; those that came since the start have none but services."""
        fields = self.model.region.university_fields
        if self.row >= len(fields):
            return services
        weights = fields[self.row].tolist()
        return int(weights.index(max(weights)))


def made_easier(model: ReferenceModel, counter: Counter, p: Parameters) -> float:
    """Return the foundings over those without reform of entry, open markets or a better culture, 1 for none.

    National law comes anyway: a local reform acts on what it leaves of the cost of registering.
    """
    rules = model.rules
    reform = p.subscription_part * rules["capital_subscription"]
    reform += (1.0 - p.subscription_part) * rules["three_in_one"]
    eased = reform + (1.0 + p.entry_beyond - reform) * (1.0 - counter.total("entry_cost"))
    opened = 1.0 - counter.total("incumbent_shelter")
    culture = 1.0 + p.culture_founding * model.state.culture
    return (1.0 + p.entry_reform * eased) * (1.0 + p.open_markets * opened) * culture


def displacement(model: ReferenceModel, p: Parameters) -> float:
    """Return the part of foundings that guidance funds crowd out in sectors that they do not favour."""
    guided = sum(f.paid_in for f in model.funds if f.alive and f.kind == GUIDANCE)
    return p.fund_displacement * min(1.0, guided / (p.fund_full * model.state.gdp))


def lifts(
    model: ReferenceModel, counter: Counter, p: Parameters, common: float, easier: float
) -> tuple[list[float], list[float]]:
    """Return the rate of founding by sector over the usual one, and the same without what makes it easier."""
    st, names = model.state, model.region.sectors
    response = p.demand_response * (p.market_pull if firms_descend(model) else 1.0)
    prices, approval = model.outside["gdp_deflator"], counter.total("entry_approval")
    lift, unaided = [], []
    for name, sector in zip(names, model.sectors, strict=True):
        # a trade that grows by its prices alone draws no founders
        rate = common * math.exp(response * (sector.demand_growth - prices - USUAL_GROWTH))
        unaided.append(rate / easier)
        rate *= 1.0 + p.sector_help * min(counter.total("sector_founding", sector), 1.0)
        if name == "digital":
            rate *= 1.0 + p.park_founding * st.software_room
        if name in REGULATED:
            rate *= 1.0 + p.approval_effect * (1.0 - approval)
        lift.append(rate)
    return lift, unaided


class Pond:
    """Members of a pool of people who found firms where small technology firms are."""

    def __init__(self, nursery: Nursery, p: Parameters, performs: float) -> None:
        self.nursery, self.p, self.performs = nursery, p, performs
        self.sectors = Shares(nursery.model.sector_facts["tech_sme_firms"])
        self.districts = Shares(nursery.model.district_facts["incubator_share"])

    def found(
        self, seed: int, name: str, mean: float, unaided: float, *, gap: float = 0.0, mentored: float = 0.0
    ) -> None:
        """Let a number of them found firms; those who do only because it is easier are the weaker ones.

        ``mean`` and ``unaided`` are the numbers expected with and without what makes it easier.
        """
        draws = self.nursery.draws
        u = draws.uniform(seed, name)
        anyway = poisson_count(unaided, u)
        for rank in range(int(poisson_count(mean, u))):
            key = sub_key(seed, rank)
            self.nursery.found(
                seed,
                rank,
                origin=STUDENT_FOUNDED,
                sector=self.sectors.pick(draws.uniform(key, f"{name} sector")),
                district=self.districts.pick(draws.uniform(key, f"{name} district")),
                performs=self.performs,
                quality=-gap - (self.p.marginal_gap if rank >= anyway else 0.0),
                mentored=mentored,
            )


def grow_in(nursery: Nursery, p: Parameters, scale: list[int]) -> None:
    """Let firms that were too small to follow reach the size of the classes that are.

    What they make was made by the rest of the economy before: nothing is counted twice.
    """
    model, draws = nursery.model, nursery.draws
    districts = Shares(model.district_facts["firm_share"])
    for s, (name, sector) in enumerate(zip(model.region.sectors, model.sectors, strict=True)):
        mean = p.grow_in * scale[s] * math.exp(p.grow_in_response * (sector.demand_growth - USUAL_GROWTH))
        number = int(draws.poisson(sector.key, "grow in", mean * (1.0 + sector.entry_ease)))
        seed = key_of(f"{model.region.id} {name}")
        moved = 0.0
        for rank in range(number):
            district = districts.pick(draws.uniform(sub_key(seed, rank), "district"))
            firm = nursery.found(seed, rank, origin=GROWN, sector=s, district=district, performs=0.0)
            moved += firm.value_added
        sector.rest_value_added = max(sector.rest_value_added - moved * model.state.value_added_factor, 0.0)


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Queue the year's new firms by who founds them; they join at the turn of the year."""
    st, region, nursery = model.state, model.region, Nursery(model, draws, p)
    renew_culture(model, counter, p)
    easier = made_easier(model, counter, p)
    performs = min(1.0, p.performs * (1.0 + p.culture_risk * st.culture))

    living = model.living()
    scale = [0] * len(model.sectors)
    for firm in living:
        if firm.above_scale:
            scale[firm.sector] += 1
    start = region.figure("tech_sme_pool") / region.figure("population")
    now = (len(living) - sum(scale)) / st.population
    market = p.market_pull if firms_descend(model) else 1.0
    common = easier * (1.0 - displacement(model, p)) * (start / max(now, 1e-12)) ** (p.crowding * market)
    lift, unaided = lifts(model, counter, p, common, easier)

    for university in model.universities:
        university.researchers_found(p, nursery)
    for firm in living:
        firm.staff_found(p, lift, unaided, performs, nursery)

    on_leave, invited, coached = student_starts(model, counter, p)
    common *= math.exp(market * p.demand_response * (model.outside["gdp_real_growth"] - USUAL_GROWTH))
    pond = Pond(nursery, p, performs)
    makers, graduates = model.pool("makers"), model.pool("graduates")
    orphans = common * (p.without_parent if firms_descend(model) else 1.0)  # who comes from no firm
    mean = p.maker_rate * makers.stock * orphans
    pond.found(makers.key, "makers", mean, mean / easier)
    mean = p.student_rate * on_leave * graduates.stock * orphans
    pond.found(graduates.key, "graduates", mean, mean / (easier * on_leave), gap=p.student_gap)
    if invited > 0.0:
        name = "student programme"
        mean = p.student_technology * p.student_rate / p.student_start * invited * orphans
        pond.found(
            key_of(f"{region.id} {name}"), name, mean, 0.0, gap=p.student_gap, mentored=p.student_coached * coached
        )
    begin_again(nursery, p, common, performs)
    attract(nursery, counter, p, USUAL_GROWTH, scale)
    grow_in(nursery, p, scale)
    st.births = float(len(model.arriving["firms"]))
