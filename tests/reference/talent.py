"""People: researchers, graduates, high-end people, makers, mentors and services move towards what is there for them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.talent import Parameters
from simulator.world.agents import INCUBATOR, MAKER_SPACE
from tests.reference.luck import Draws, poisson_count
from tests.reference.offers import Counter
from tests.reference.talent_services import appoint_mentors, keep_services
from tests.reference.talent_stations import host
from tests.reference.talent_training import train

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class People:
    """The year of the region's people."""

    def __init__(self, model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
        self.model, self.counter, self.p, self.draws = model, counter, p, draws
        self.st = model.state
        self.key = model.pools[0].key

    # ---- the pull of the place ---------------------------------------------------------------------

    def jobs(self) -> float:
        """Return the posts for researchers in firms and universities."""
        staff = sum(f.rd_staff for f in self.model.living())
        return staff + sum(u.researchers for u in self.model.universities if u.alive)

    def move_wages(self) -> None:
        """Let the wage premium of researchers follow how tight their market is."""
        tight = math.log(max(self.jobs(), 1.0) / max(self.model.pool("researchers").stock, 1.0))
        if self.model.year > self.model.region.start_year:
            change = self.p.wage_response * tight - self.st.research_premium
            self.st.research_premium += self.p.premium_speed * change

    def move_attraction(self) -> None:
        """Let the slow pull of the city follow pay and what housing costs."""
        p, st = self.p, self.st
        rent = (1.0 - p.landlords) * self.counter.total("rent_relief")
        places = st.apartments / p.place_area
        seekers = p.newcomers * self.model.pool("researchers").stock
        seekers += p.graduate_flats * self.model.pool("graduates").stock
        housed = min(1.0, places / max(seekers, 1.0))
        st.apartments_let = p.place_area * min(places, seekers)
        spared = p.rent_burden * (p.apartment_relief * housed + rent * (1.0 - housed))
        self.let_neighbours_answer()
        target = p.pull * (st.research_premium + math.log1p(spared) - st.neighbours_pay)
        st.attraction += p.pull_speed * (target - st.attraction)

    def let_neighbours_answer(self) -> None:
        """Let neighbours pay talent more, the more of it they lost the year before, if their losses count."""
        p, st = self.p, self.st
        if self.model.switches.get("neighbours") != "counted":
            return
        researchers, graduates = self.model.pool("researchers"), self.model.pool("graduates")
        st.neighbours_pay -= p.neighbours_fading * st.neighbours_pay
        st.neighbours_pay += p.neighbours_answer * (researchers.taken + graduates.taken) / max(researchers.stock, 1.0)

    def still_won(self, chance: float) -> float:
        """Return the chance to win somebody whom neighbours try to keep."""
        return chance / math.exp(self.p.pull * self.st.neighbours_pay)

    # ---- whole people -------------------------------------------------------------------------------

    def how_many(self, decision: str, trials: float, chance: float) -> float:
        """Return how many of a whole number of people are of a kind."""
        return self.draws.binomial(self.key, decision, trials, chance)

    def whole_places(self, name: str, places: float) -> float:
        """Return the whole places of a year; the part of one that is left is kept for the next."""
        places += self.st.places_left.get(name, 0.0)
        self.st.places_left[name] = places - math.floor(places)
        return float(math.floor(places))

    def awarded(self, term: str) -> tuple[float, float]:
        """Return how many come because of awards, and how many of the awarded are elite graduates."""

        def filled(entry: Any, places: float) -> float:
            name = f"{term} {entry.id}"
            return self.how_many(name, self.whole_places(name, places), self.p.award_filled)

        additional = elite = 0.0
        for order in self.counter.orders(term, filled):
            name = f"{term} {order.entry.id}"
            additional += self.how_many(f"{name} additional", order.quantity, self.still_won(self.p.award_additional))
            elite += self.how_many(f"{name} elite", order.quantity, order.worth)
            self.st.ordered += order.spent
        return additional, elite

    def visit(self) -> float:
        """Let the year's visits take place; return how many visitors of the year before move here now."""
        p, st, counter = self.p, self.st, self.counter
        moved = self.how_many("visitors move", st.visitors_before, self.still_won(p.visit_moves))
        st.visitors_before = 0.0
        if not counter.offered("phd_visits"):
            return moved
        missed = (1.0 - p.visit_filled) * (1.0 - p.visit_governance * min(1.0, counter.total("delivery")))

        def filled(entry: Any, places: float) -> float:
            whole = self.whole_places(f"phd_visits {entry.id}", places)
            return self.how_many(f"visits {entry.id}", whole, 1.0 - missed)

        for order in counter.orders("phd_visits", filled):
            st.ordered += order.spent
            st.visitors_before += order.quantity
        if st.visitors_before > 0.0:
            asked = (1.0 - missed) * counter.total("visit_universities")
            st.visit_universities += round(asked * max(0.0, 1.0 - st.visit_universities / p.visit_pool))
        st.phd_visits += st.visitors_before
        return moved

    # ---- the pools ----------------------------------------------------------------------------------

    def move_pools(self) -> None:
        """Let graduates stay, researchers come and go, and count the rare among those who came."""
        p, st, model = self.p, self.st, self.model
        researchers, graduates, high = (model.pool(n) for n in ("researchers", "graduates", "high_end"))
        kept = model.region.figure("graduates_per_year") * model.region.figure("graduate_retention")
        kept *= (1.0 + p.graduate_growth) ** (model.year - model.region.start_year)
        kept *= math.exp(p.graduate_pull * st.attraction)
        more_graduates, elite = self.awarded("graduate_award")
        more_high, _ = self.awarded("high_end_award")
        moved = self.visit()
        graduates.inflow = graduates.stock = kept + more_graduates
        graduates.drawn, graduates.taken = more_graduates, p.displacement * more_graduates

        stock = researchers.stock
        pulled = p.migration * stock * (math.exp(st.attraction) - 1.0)
        researchers.inflow = p.migration * stock * math.exp(st.attraction) + p.graduate_share * graduates.stock
        researchers.inflow += p.team * more_high + moved
        researchers.drawn = max(pulled, 0.0) + p.team * more_high + moved
        researchers.taken = p.displacement * researchers.drawn
        left = p.leaving * stock * math.exp(-p.leaving_pull * st.attraction)
        researchers.stock = stock + researchers.inflow - left

        base = poisson_count(p.high_end_base * high.stock, self.draws.uniform(high.key, "high-end"))
        high.inflow, high.drawn, high.taken = base + more_high, more_high, p.displacement * more_high
        high.stock = high.stock + base + more_high - p.high_end_leaving * high.stock

        with_station = host(model, p, self.draws)
        st.elite_graduates = poisson_count(p.elite_base * kept, self.draws.uniform(self.key, "elite")) + elite
        if model.year >= int(model.region.plan_start):
            self.count_rare(base + more_high, with_station)
        train(model, self.counter, p, self.draws)
        self.gather()
        if model.year > model.region.start_year:
            residents = st.population / max(st.population_before, 1.0) - 1.0
            st.talent_total *= 1.0 + p.talent_mobility * residents - p.talent_retiring
            st.talent_total += p.talent_per_graduate * kept
        by_offers = more_graduates + more_high + max(pulled, 0.0) + moved
        st.talent_total += by_offers
        self.count_missing(by_offers)

    def count_missing(self, by_offers: float) -> None:
        """Add up whom neighbours are without; some of them would have left or retired there too."""
        p, st = self.p, self.st
        for name, left in (("researchers", p.leaving), ("high_end", p.high_end_leaving)):
            pool = self.model.pool(name)
            pool.missing = (1.0 - left) * pool.missing + pool.taken
        # of graduates who came, some are researchers here and would have been there
        self.model.pool("researchers").missing += p.graduate_share * self.model.pool("graduates").taken
        st.talent_missing = (1.0 - p.talent_retiring) * st.talent_missing + p.displacement * by_offers
        if self.model.year >= int(self.model.region.plan_start):
            st.engaged_missing += self.model.pool("high_end").taken

    def count_rare(self, came: float, with_station: float) -> None:
        """Count academicians and others of high standing since the plan's start."""
        self.st.high_end_engaged += came
        self.st.academicians += self.how_many("academician", came, self.p.academician_share) + with_station
        self.st.thousand_talents += self.how_many("thousand", came, self.p.thousand_share)

    def approach(self, name: str, target: float, speed: float, before: float = 0.0, added: float = 0.0) -> None:
        """Move a pool towards what there is room for, apart from the part that a programme has added."""
        pool = self.model.pool(name)
        change = speed * (target - (pool.stock - before))
        if change < 0:
            change *= self.p.shrinking
        change += added - before
        pool.inflow = max(change, 0.0)
        pool.stock += change

    def gather(self) -> None:
        """Let makers, mentors and startup services follow what there is room and work for."""
        model, p, st = self.model, self.p, self.st
        open_ = [i for i in model.incubators if i.alive]
        spaces = [i for i in open_ if i.kind == MAKER_SPACE]
        tenants = sum(i.tenants for i in model.incubators)
        seats = sum(i.seats * (1.0 + p.free_seats * i.fee_relief) for i in spaces) + p.tenant_makers * tenants
        self.approach("makers", p.makers_per_seat * seats, p.maker_speed)

        living = model.living()
        sites = sum(i.kind == INCUBATOR for i in open_) + p.space_mentors * len(spaces)
        seasoned = sum(f.profit > 0 and f.founded <= model.year - p.seasoned_years for f in living)
        before = st.mentors_trained
        added = appoint_mentors(model, self.counter, p, seasoned)
        wanted = max(p.mentors_per_site * sites - p.mentor_crowding * added, 0.0)
        self.approach("mentors", min(wanted, p.mentor_supply * seasoned), p.pool_speed, before, added)

        young = sum(f.founded >= model.year - p.young_years and not f.above_scale for f in living)
        clients = (tenants + p.young_demand * young) / p.tenants_per_service
        before = st.service_kept
        added = keep_services(model, self.counter, p, clients)
        self.approach("service_organisations", clients, p.pool_speed, before, added)


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Move wages, the pull of the place, and the pools."""
    people = People(model, counter, p, draws)
    people.move_wages()
    people.move_attraction()
    people.move_pools()
