"""People: pools of researchers, graduates, high-end talents, makers, mentors and service organisations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, binomial_at, poisson_quantile
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Entry, Terms
from simulator.mechanisms.talent_neighbours import NeighbourParameters, answer_losses, count_losses, won
from simulator.mechanisms.talent_services import ServiceParameters, appoint_mentors, keep_services
from simulator.mechanisms.talent_stations import StationParameters, host
from simulator.mechanisms.talent_training import TrainingParameters, train
from simulator.world.agents import INCUBATOR, MAKER_SPACE
from simulator.world.world import World


@dataclass(frozen=True)
class Parameters(StationParameters, TrainingParameters, ServiceParameters, NeighbourParameters):
    """How people move, and what draws them."""

    graduate_share: float = parameter(
        0.07,
        unit="1",
        prior=Range(0.03, 0.15, "logit"),
        source="assumed",
        doc="share of the graduates kept who go into R&D",
    )
    graduate_growth: float = parameter(
        0.01, unit="1 / year", prior=Range(-0.01, 0.03), source="assumed", doc="yearly growth of the graduates who stay"
    )
    graduate_pull: float = parameter(
        0.3,
        unit="elasticity",
        prior=Range(0.0, 0.8),
        source="assumed",
        doc="graduates who stay to the pull of the city on researchers",
    )
    migration: float = parameter(
        0.035,
        unit="1 / year",
        prior=Range(0.01, 0.07, "log"),
        source="assumed",
        doc="researchers who come from elsewhere each year over the stock, at unchanged conditions",
    )
    leaving: float = parameter(
        0.05,
        unit="1 / year",
        prior=Range(0.03, 0.08, "log"),
        source="assumed",
        doc="researchers who retire, move away or change work",
    )
    leaving_pull: float = parameter(
        0.5, unit="elasticity", prior=Range(0.0, 1.2), source="assumed", doc="fall of leaving with the pull of the city"
    )
    pull: float = parameter(
        1.8,
        unit="elasticity",
        prior=Range(0.5, 2.0),
        source="moretti_wilson2017",
        doc="long-run elasticity of migration to the net wage",
    )
    pull_speed: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.07, 0.30, "log"),
        source="assumed",
        doc="part of the long-run pull that is reached each year (about ten years for the whole)",
    )
    wage_response: float = parameter(
        0.30,
        unit="1",
        prior=Range(0.1, 0.7, "log"),
        source="assumed",
        doc="log rise of researchers' wages per log excess of jobs over people",
    )
    premium_speed: float = parameter(
        0.5,
        unit="1 / year",
        prior=Range(0.2, 0.9, "logit"),
        source="assumed",
        doc="part of the gap in researchers' wages closed each year",
    )
    rent_burden: float = parameter(
        0.25,
        unit="1",
        prior=Range(0.12, 0.40, "logit"),
        source="assumed",
        doc="rent over the net wage of a newcomer",
    )
    place_area: float = parameter(
        45.0,
        unit="m2 / person",
        prior=Range(25.0, 70.0, "log"),
        source="assumed",
        doc="gross floor space of an apartment for talents per person housed",
    )
    newcomers: float = parameter(
        0.15,
        unit="1",
        prior=Range(0.05, 0.35, "logit"),
        source="assumed",
        doc="researchers who look for a flat, over all: they share the apartments with graduates in the same search",
    )
    graduate_flats: float = parameter(
        0.9,
        unit="persons / graduate",
        prior=Range(0.3, 2.0, "log"),
        source="assumed",
        doc="graduates of the last years who look for a flat, over those kept in a year",
    )
    apartment_relief: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="part of the market rent that an apartment for talents spares",
    )
    landlords: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="judgement_effects",
        doc="share of a rent subsidy that landlords keep",
    )
    award_additional: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="share of award winners who would not have come anyway",
    )
    award_filled: float = parameter(
        0.7,
        unit="1",
        prior=Range(0.4, 0.9, "logit"),
        source="assumed",
        doc="share of the places of a talent programme that find a taker",
    )
    team: float = parameter(
        3.0,
        unit="persons",
        prior=Range(1.0, 6.0, "log"),
        source="assumed",
        doc="researchers who come with a high-end talent, that person included",
    )
    displacement: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="judgement_effects",
        doc="share of what the city gains that its neighbours lose",
    )
    high_end_base: float = parameter(
        0.03,
        unit="1 / year",
        prior=Range(0.01, 0.08, "log"),
        source="assumed",
        doc="high-end talents who come without a programme, over the stock",
    )
    high_end_leaving: float = parameter(
        0.03,
        unit="1 / year",
        prior=Range(0.01, 0.06, "log"),
        source="assumed",
        doc="high-end talents who leave, over the stock",
    )
    makers_per_seat: float = parameter(
        9.0,
        unit="persons / seat",
        prior=Range(4.0, 18.0, "log"),
        source="assumed",
        doc="makers who gather and are served around one seat of a maker space or incubator",
    )
    tenant_makers: float = parameter(
        0.25,
        unit="seats / firm",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="seats for makers around one tenant of an incubator, over those of a maker space's seat",
    )
    free_seats: float = parameter(
        0.25, unit="1", prior=Range(0.0, 0.6), source="assumed", doc="more makers around a seat that costs them nothing"
    )
    maker_speed: float = parameter(
        0.5,
        unit="1 / year",
        prior=Range(0.25, 0.8, "logit"),
        source="assumed",
        doc="part of the gap to the places on offer that is filled each year",
    )
    shrinking: float = parameter(
        0.3,
        unit="factor",
        prior=Range(0.1, 1.0, "log"),
        source="assumed",
        doc="speed at which a pool with too little room shrinks, over that at which it grows",
    )
    mentors_per_site: float = parameter(
        4.5,
        unit="persons",
        prior=Range(2.0, 9.0, "log"),
        source="assumed",
        doc="mentors whom an incubator or maker space calls for",
    )
    space_mentors: float = parameter(
        0.6,
        unit="factor",
        prior=Range(0.2, 1.0, "log"),
        source="assumed",
        doc="the same for a maker space, over an incubator",
    )
    mentor_supply: float = parameter(
        0.15,
        unit="persons / firm",
        prior=Range(0.05, 0.4, "log"),
        source="assumed",
        doc="people willing to be mentors per profitable firm past its first years",
    )
    seasoned_years: float = parameter(
        6.0, unit="years", prior=Range(4.0, 10.0), source="assumed", doc="age from which a firm's people can be mentors"
    )
    tenants_per_service: float = parameter(
        12.0,
        unit="firms",
        prior=Range(6.0, 24.0, "log"),
        source="assumed",
        doc="tenants and young firms that keep one service organisation in business",
    )
    young_demand: float = parameter(
        0.5,
        unit="factor",
        prior=Range(0.2, 1.0, "log"),
        source="assumed",
        doc="demand of a young firm outside incubators for services, over a tenant's",
    )
    young_years: float = parameter(
        5.0,
        unit="years",
        prior=Range(3.0, 8.0),
        source="assumed",
        doc="age up to which a firm counts as young for services",
    )
    pool_speed: float = parameter(
        0.35,
        unit="1 / year",
        prior=Range(0.15, 0.7, "logit"),
        source="assumed",
        doc="part of the gap in mentors and service organisations closed each year",
    )
    visit_filled: float = parameter(
        0.8,
        unit="1",
        prior=Range(0.5, 0.95, "logit"),
        source="assumed",
        doc="share of the visits of doctoral students that take place, without governance",
    )
    visit_governance: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.0, 0.6),
        source="assumed",
        doc="share of the visits missed that full leadership and evaluation save",
    )
    visit_moves: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.0, 0.12),
        source="assumed",
        doc="visitors who move to the city a year later and would not have come otherwise: visits are not moves",
    )
    visit_pool: float = parameter(
        300.0,
        unit="universities",
        prior=Range(200.0, 400.0, "log"),
        source="assumed",
        doc="universities that train doctoral students and could be asked; the same may be asked again",
    )
    academician_share: float = parameter(
        0.02,
        unit="1",
        prior=Range(0.003, 0.08, "log"),
        source="assumed",
        doc="members of the two academies and candidates among high-end talents who come",
    )
    thousand_share: float = parameter(
        0.08,
        unit="1",
        prior=Range(0.02, 0.25, "log"),
        source="assumed",
        doc="Thousand Talents scholars, young ones included, among high-end talents who come",
    )
    elite_base: float = parameter(
        0.005,
        unit="1",
        prior=Range(0.001, 0.02, "log"),
        source="assumed",
        doc="graduates of 985 and 211 universities who come without a programme, over the graduates kept",
    )
    talent_per_graduate: float = parameter(
        3.3,
        unit="persons / graduate",
        prior=Range(2.2, 5.0, "log"),
        source="obs:qingdao/talent_total/2016",
        doc="people who newly count as talent (graduates, vocational and certified workers) per graduate kept; "
        "set by Qingdao's 2016, so that year is no test of it",
    )
    talent_retiring: float = parameter(
        0.02,
        unit="1 / year",
        prior=Range(0.01, 0.035, "log"),
        source="assumed",
        doc="part of the broad talent total that retires",
    )
    talent_mobility: float = parameter(
        1.0,
        unit="elasticity",
        prior=Range(0.5, 1.5),
        source="assumed",
        doc="moves of the broad talent total to those of the residents",
    )


@njit(cache=True, nogil=True)
def _look(
    alive: np.ndarray,
    rd_staff: np.ndarray,
    profit: np.ndarray,
    founded: np.ndarray,
    above_scale: np.ndarray,
    seasoned_from: float,
    young_from: float,
) -> tuple[float, int, int]:
    """Return the R&D staff of firms, how many are seasoned and profitable, and how many are young and small."""
    people, seasoned, young = 0.0, 0, 0
    for i in range(alive.shape[0]):  # no branch, which would be guessed wrong too often
        people += rd_staff[i] * alive[i]
        seasoned += alive[i] & (profit[i] > 0.0) & (founded[i] <= seasoned_from)
        young += alive[i] & (founded[i] >= young_from) & (not above_scale[i])
    return people, seasoned, young


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Move the pools, the researchers' wage premium and the broad talent total."""
    st, pools, f, u = world.state, world.pools, world.firms, world.universities
    r, g, h = world.pool("researchers"), world.pool("graduates"), world.pool("high_end")
    rent = (1.0 - p.landlords) * float(np.asarray(terms.total("rent_relief")))
    performing, seasoned, young = _look(
        f.alive,
        f.rd_staff,
        f.profit,
        f.founded,
        f.above_scale,
        world.year - p.seasoned_years,
        world.year - p.young_years,
    )
    jobs = performing + float(u.researchers[u.alive].sum())
    stock = pools.stock[r]
    tight = math.log(max(jobs, 1.0) / max(stock, 1.0))
    if world.year > world.region.start_year:
        st.research_premium += p.premium_speed * (p.wage_response * tight - st.research_premium)
    places = st.apartments / p.place_area
    seekers = p.newcomers * stock + p.graduate_flats * pools.stock[g]
    housed = min(1.0, places / max(seekers, 1.0))
    st.apartments_let = p.place_area * min(places, seekers)
    # who lives in an apartment for talents pays no market rent that could be relieved as well
    spared = p.rent_burden * (p.apartment_relief * housed + rent * (1.0 - housed))
    answer_losses(world, p)
    target = p.pull * (st.research_premium + math.log1p(spared) - st.neighbours_pay)
    st.attraction += p.pull_speed * (target - st.attraction)

    kept = world.region.figure("graduates_per_year") * world.region.figure("graduate_retention")
    kept *= (1.0 + p.graduate_growth) ** (world.year - world.region.start_year) * math.exp(
        p.graduate_pull * st.attraction
    )
    extra_graduates, elite = _awarded(terms, "graduate_award", p, luck, world)
    extra_high, _ = _awarded(terms, "high_end_award", p, luck, world)
    moved = _visited(terms, p, luck, world)
    pools.inflow[g], pools.stock[g] = kept + extra_graduates, kept + extra_graduates
    came = (
        p.migration * stock * math.exp(st.attraction)
        + p.graduate_share * (kept + extra_graduates)
        + p.team * extra_high
        + moved
    )
    left = p.leaving * stock * math.exp(-p.leaving_pull * st.attraction)
    drawn = p.migration * stock * (math.exp(st.attraction) - 1.0)
    pools.inflow[r] = came
    pools.drawn[r] = max(drawn, 0.0) + p.team * extra_high + moved
    pools.drawn[g], pools.drawn[h] = extra_graduates, extra_high
    pools.taken[r] = p.displacement * (max(drawn, 0.0) + p.team * extra_high + moved)
    pools.taken[g] = p.displacement * extra_graduates
    pools.stock[r] = stock + came - left
    high = pools.stock[h]
    base = poisson_quantile(p.high_end_base * high, float(luck.uniform(pools.key[h : h + 1], "high-end")[0]))
    pools.inflow[h] = base + extra_high
    pools.taken[h] = p.displacement * extra_high
    pools.stock[h] = high + base + extra_high - p.high_end_leaving * high
    with_station = host(world, p, luck)
    _count(world, p, luck, base + extra_high, with_station, p.elite_base * kept, elite)
    train(world, terms, p, luck)
    _gather(world, terms, p, seasoned, young)
    if world.year > world.region.start_year:
        residents = st.population / max(st.population_before, 1.0) - 1.0
        st.talent_total *= 1.0 + p.talent_mobility * residents - p.talent_retiring
        st.talent_total += p.talent_per_graduate * kept
    gained = extra_graduates + extra_high + max(drawn, 0.0) + moved
    st.talent_total += gained
    lost = p.displacement * gained
    count_losses(world, lost, p.graduate_share, p.leaving, p.high_end_leaving, p.talent_retiring)


def _gather(world: World, terms: Terms, p: Parameters, seasoned: int, young: int) -> None:
    """Let makers, mentors and startup services follow what there is room and work for.

    ``seasoned`` firms have people who can be mentors, ``young`` ones need services.
    """
    st, inc = world.state, world.incubators
    space = inc.alive & (inc.kind == MAKER_SPACE)
    seats = float((inc.seats * (1.0 + p.free_seats * inc.fee_relief))[space].sum()) + p.tenant_makers * float(
        inc.tenants.sum()
    )
    _approach(world, p, "makers", p.makers_per_seat * seats, p.maker_speed)
    sites = int((inc.alive & (inc.kind == INCUBATOR)).sum()) + p.space_mentors * int(space.sum())
    before = st.mentors_trained
    added = appoint_mentors(world, terms, p, seasoned)
    wanted = max(p.mentors_per_site * sites - p.mentor_crowding * added, 0.0)
    _approach(world, p, "mentors", min(wanted, p.mentor_supply * seasoned), p.pool_speed, before, added)
    clients = float(inc.tenants.sum()) + p.young_demand * young
    before = st.service_kept
    added = keep_services(world, terms, p, clients / p.tenants_per_service)
    _approach(world, p, "service_organisations", clients / p.tenants_per_service, p.pool_speed, before, added)


def _draw(world: World, luck: Luck, name: str, trials: float, chance: float) -> float:
    """Return how many of a whole number of people are of a kind, a whole number."""
    return binomial_at(luck.address(name), world.pools.key[0], trials, chance)


def _count(
    world: World, p: Parameters, luck: Luck, came: float, with_station: float, elite_base: float, elite: float
) -> None:
    """Count the rare among those who came; sums run from the year in which the plan starts."""
    st = world.state
    u = float(luck.uniform(world.pools.key[:1], "elite")[0])
    st.elite_graduates = poisson_quantile(elite_base, u) + elite
    if world.year < int(world.region.plan_start):
        return
    st.high_end_engaged += came
    st.academicians += _draw(world, luck, "academician", came, p.academician_share) + with_station
    st.thousand_talents += _draw(world, luck, "thousand", came, p.thousand_share)


def _visited(terms: Terms, p: Parameters, luck: Luck, world: World) -> float:
    """Let the year's visits take place; return how many visitors of the year before move now, a whole number."""
    st = world.state
    moved = _draw(world, luck, "visitors move", st.visitors_before, p.visit_moves * won(world, p.pull))
    st.visitors_before = 0.0
    if not terms.offered("phd_visits"):
        return moved
    missed = (1.0 - p.visit_filled) * (1.0 - p.visit_governance * min(1.0, float(np.asarray(terms.total("delivery")))))

    def filled(entry: Entry, places: float) -> float:
        whole = _whole(world, f"phd_visits {entry.id}", places)
        return _draw(world, luck, f"visits {entry.id}", whole, 1.0 - missed)

    for order in terms.orders("phd_visits", filled):
        st.ordered += order.spent
        st.visitors_before += order.quantity
    if st.visitors_before > 0.0:
        asked = (1.0 - missed) * float(np.asarray(terms.total("visit_universities")))
        new = max(0.0, 1.0 - st.visit_universities / p.visit_pool)
        st.visit_universities += float(round(asked * new))
    st.phd_visits += st.visitors_before
    return moved


def _whole(world: World, key: str, places: float) -> float:
    """Return the whole places of a year; what is left of one is kept for the next year, so that none is lost."""
    rest = world.state.places_left
    places += rest.get(key, 0.0)
    rest[key] = places - math.floor(places)
    return float(math.floor(places))


def _awarded(terms: Terms, term: str, p: Parameters, luck: Luck, world: World) -> tuple[float, float]:
    """Return how many come because of awards, and how many of the awarded are elite graduates, whole numbers.

    Every place that finds a taker is paid for, also where the taker would have come anyway.
    """

    def filled(entry: Entry, places: float) -> float:
        whole = _whole(world, f"{term} {entry.id}", places)
        return _draw(world, luck, f"{term} {entry.id}", whole, p.award_filled)

    additional = elite = 0.0
    for order in terms.orders(term, filled):
        name = f"{term} {order.entry.id}"
        additional += _draw(world, luck, f"{name} additional", order.quantity, p.award_additional * won(world, p.pull))
        elite += _draw(world, luck, f"{name} elite", order.quantity, float(order.detail["worth"]))
        world.state.ordered += order.spent
    return additional, elite


def _approach(
    world: World, p: Parameters, name: str, target: float, speed: float, before: float = 0.0, added: float = 0.0
) -> None:
    """Move a pool towards what there is room for; it never jumps.

    A programme had ``before`` of the pool and has ``added`` now; these are not part of what moves by itself.
    """
    pools, row = world.pools, world.pool(name)
    change = speed * (target - (pools.stock[row] - before))
    if change < 0:
        change *= p.shrinking
    change += added - before
    pools.inflow[row] = max(change, 0.0)
    pools.stock[row] += change


MECHANISM = Mechanism("talent", Label("People", "人才"), Parameters, step)
