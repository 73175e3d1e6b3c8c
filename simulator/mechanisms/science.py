"""Science: researchers and budgets become results on the shelf; firms and universities find each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, child_keys, poisson_quantile
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.science_kernels import draw_results, form_ties, turn
from simulator.world.agents import ATTRACTED, INSTITUTE, OVERSEAS, TECH_DIMENSIONS
from simulator.world.space import closeness, nearest, position, sector_centres
from simulator.world.world import GDP_OF_REFERENCE, World

YOUNG_YEARS = 2.0  # a result is young for so long


@dataclass(frozen=True)
class Parameters:
    """How science is made and how partners meet."""

    result_rate: float = parameter(
        0.06,
        unit="results / researcher / year",
        prior=Range(0.02, 0.15, "log"),
        source="assumed",
        doc="usable results per researcher at the start's budget per head",
    )
    budget_elasticity: float = parameter(
        0.5,
        unit="elasticity",
        prior=Range(0.2, 0.8),
        source="assumed",
        doc="results to budget per researcher",
    )
    overdispersion: float = parameter(
        0.5,
        unit="log points",
        prior=Range(0.2, 1.0, "log"),
        source="hausman1984",
        doc="spread of a year's luck between institutions beyond Poisson",
    )
    shelf_life: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.08, 0.30, "log"),
        source="hall2007",
        doc="results on the shelf that lose their use each year, as knowledge depreciates",
    )
    ramp: float = parameter(
        4.0,
        unit="years",
        prior=Range(3.0, 5.5),
        source="assumed",
        doc="years until an attracted institute works at full size",
    )
    arrivals: float = parameter(
        2.0,
        unit="institutes / year",
        prior=Range(0.7, 4.0, "log"),
        source="assumed",
        doc="institutes that a city of Qingdao's GDP of 2011 draws without a measure of its own",
    )
    new_size: float = parameter(
        60.0,
        unit="persons",
        prior=Range(25.0, 120.0, "log"),
        source="assumed",
        doc="researchers that an attracted institute has at full size",
    )
    new_spread: float = parameter(
        0.5, unit="log points", prior=Range(0.3, 1.0, "log"), source="assumed", doc="spread of that size"
    )
    new_breadth: float = parameter(
        0.45,
        unit="log points",
        prior=Range(0.25, 0.8, "log"),
        source="assumed",
        doc="spread of an attracted institute's technology around its sector's",
    )
    new_officers: float = parameter(
        1.0,
        unit="persons",
        prior=Range(0.3, 3.0, "log"),
        source="assumed",
        doc="transfer staff of an attracted institute",
    )
    new_inventor_share: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.15, 0.5, "logit"),
        source="assumed",
        doc="share of transfer income that it leaves to inventors",
    )
    anyway: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.1, 0.7, "logit"),
        source="assumed",
        doc="chance that an institute sought by a measure would have come without it: it takes an arrival's place",
    )
    moved: float = parameter(
        0.6,
        unit="1",
        prior=Range(0.2, 0.9, "logit"),
        source="assumed",
        doc="part of the institutes drawn by a measure that another city loses",
    )
    sought_budget: float = parameter(
        0.5,
        unit="factor",
        prior=Range(0.2, 1.0, "log"),
        source="assumed",
        doc="R&D money per head of what a measure draws over that of the city's own: a branch has few core funds",
    )
    overseas_size: float = parameter(
        0.4,
        unit="factor",
        prior=Range(0.15, 0.9, "log"),
        source="assumed",
        doc="researchers of an overseas R&D centre over those of an attracted institute",
    )
    overseas_breadth: float = parameter(
        0.8,
        unit="log points",
        prior=Range(0.4, 1.4, "log"),
        source="assumed",
        doc="spread of an overseas centre's technology around its sector's: it works on what is less known here",
    )
    part_time_meet: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.0, 0.3),
        source="assumed",
        doc="more meetings where all researchers may hold part-time posts in firms",
    )
    part_time_cost: float = parameter(
        0.01,
        unit="1",
        prior=Range(0.0, 0.04),
        source="assumed",
        doc="results that are not made in the hours spent in firms",
    )
    credit_cost: float = parameter(
        0.02,
        unit="1",
        prior=Range(0.0, 0.08),
        source="assumed",
        doc="results that are not made because effort moves to transfer where it counts like papers",
    )
    staffing: float = parameter(
        0.5,
        unit="elasticity",
        prior=Range(0.1, 0.9, "logit"),
        source="assumed",
        doc="researchers of universities and institutes to their budget at given wages",
    )
    meet: float = parameter(
        0.035,
        unit="1 / year",
        prior=Range(0.01, 0.08, "log"),
        source="assumed",
        doc="chance that an R&D firm at full nearness ties up with its university in a year",
    )
    base_bonus: float = parameter(
        1.2,
        unit="factor",
        prior=Range(1.0, 1.8, "log"),
        source="assumed",
        doc="meetings where the university has an incubation base; studies of parks find little beyond selection",
    )
    decay_km: float = parameter(
        80.0,
        unit="km",
        prior=Range(40.0, 160.0, "log"),
        source="judgement_distance_decay",
        doc="distance over which nearness between a firm and a university falls to 37 %",
    )
    memory: float = parameter(
        9.0,
        unit="years",
        prior=Range(5.0, 14.0, "log"),
        source="assumed",
        doc="mean life of a working tie",
    )
    loose: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="strength of a tie below which a firm looks for a new project",
    )
    too_near: float = parameter(
        0.85,
        unit="1",
        prior=Range(0.7, 0.97, "logit"),
        source="assumed",
        doc="nearness beyond which there is little to learn",
    )


def _attract(world: World, p: Parameters, luck: Luck) -> None:
    """Let institutes settle, small at first, in the technologies of the sectors that are strong here."""
    st, projects = world.state, world.projects
    sought = projects.key[world.delivered("institute")]
    anyway = int((luck.uniform(sought, "anyway") < p.anyway).sum())
    seed = world.sectors.key[:1]
    mean = p.arrivals * st.gdp_path / st.deflator / GDP_OF_REFERENCE
    number = int(poisson_quantile(mean, float(luck.uniform(seed, "arrivals")[0])))
    # what a measure draws and would have come is not counted twice
    lost = min(number, anyway)
    number -= lost
    came = child_keys(np.repeat(seed, number), np.arange(number), world.luck_year)
    _settle(world, p, luck, came, ATTRACTED, 1.0)
    _settle(world, p, luck, sought, ATTRACTED, p.sought_budget)
    st.institutes_attracted += number + sought.size
    st.institutes_displaced += p.moved * (sought.size - lost)
    _settle(world, p, luck, projects.key[world.delivered("overseas_centre")], OVERSEAS, p.sought_budget)
    _settle(world, p, luck, projects.key[world.delivered("contract_institute")], INSTITUTE, p.sought_budget)


def _settle(world: World, p: Parameters, luck: Luck, keys: np.ndarray, kind: int, money: float) -> None:
    """Open institutes of one kind, one for each of the (n,) keys; they join at the turn of the year.

    ``money`` is their R&D money per head over that of the city's own.
    """
    u, region, number = world.universities, world.region, keys.size
    if number == 0:
        return
    weight = np.cumsum(world.sectors.value_added)
    sector = np.minimum(np.searchsorted(weight / weight[-1], luck.uniform(keys, "field")), weight.size - 1)
    noise = luck.normals(keys, "tech", TECH_DIMENSIONS)
    place = np.cumsum(region.district("incubator_share"))
    scale = p.overseas_size if kind == OVERSEAS else 1.0
    people = scale * p.new_size * np.exp(p.new_spread * luck.normal(keys, "size"))
    per_head = float(u.core_budget.sum() / max(float(u.researchers.sum()), 1.0))
    contract = kind == INSTITUTE
    u.arrive(
        number,
        key=keys,
        kind=kind,
        opened=world.year,
        researchers=people,
        core_budget=money * people * per_head,
        district=np.minimum(np.searchsorted(place / place[-1], luck.uniform(keys, "district")), place.size - 1),
        tech=position(sector_centres(region)[sector], noise, p.overseas_breadth if kind == OVERSEAS else p.new_breadth),
        transfer_staff=p.new_officers,
        inventor_share=p.new_inventor_share,
        has_office=contract,
        has_base=contract,
    )


def _found_funds(world: World) -> None:
    """Open the funds and transfer companies that were finished this year, the largest institutions first."""
    u = world.universities
    for kind in ("university_fund", "institute_fund"):
        count = world.delivered(kind).size
        if count == 0:
            continue
        if kind == "university_fund":
            lacking = ~u.has_fund & (u.kind != OVERSEAS)
        else:
            lacking = (u.kind == ATTRACTED) & ~(u.has_fund & u.has_company)
        rows = np.flatnonzero(u.alive & lacking)
        # a fund goes first to where there is an incubation base to fill
        order = np.lexsort((u.key[rows], -u.researchers[rows], ~u.has_base[rows]))
        rows = rows[order[:count]]
        u.has_fund[rows] = True
        if kind == "institute_fund":
            u.has_company[rows] = True


def _meet_neighbours(world: World, p: Parameters) -> None:
    """Give firms the university nearest to them in technology and space.

    At the start all are looked at; later those that joined, by firms without a working tie to another: they turn to
    a newcomer only where a meeting is more likely than with the one they know.
    """
    f, u = world.firms, world.universities
    first = world.year == world.region.start_year
    joined = np.arange(len(u)) if first else np.flatnonzero(u.opened == world.year - 1)
    if joined.size == 0:
        return
    close = closeness(world.region, u.district[joined], p.decay_km)
    if first:
        where, near = nearest(f.tech, f.district, u.tech[joined], close)
        better = near > f.nearness
        f.university[better] = joined[where[better]]
        f.nearness[better] = near[better]
        return
    bonus = np.where(u.has_base, p.base_bonus, 1.0)
    turn(
        f.tech,
        f.district,
        f.link,
        f.university,
        f.nearness,
        u.tech[joined].astype(float),  # in 64 bits, as elsewhere
        joined,
        close,
        bonus,
        p.too_near,
        p.loose,
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Produce the year's results and let partnerships form and fade."""
    u, f = world.universities, world.firms
    world.state.decay_km = p.decay_km
    if world.year > world.region.start_year:
        growth = world.outside["national_science_growth"]
        u.core_budget *= 1.0 + growth
        u.researchers *= ((1.0 + growth) / (1.0 + world.outside["wage_growth"])) ** p.staffing
    _meet_neighbours(world, p)
    _attract(world, p, luck)
    _found_funds(world)
    age = world.year - u.opened
    size = np.clip(age / p.ramp, 0.0, 1.0)  # those of the start are old enough
    u.working[:] = size
    per_head = (u.core_budget + u.contract_income) / np.maximum(u.researchers, 1.0) / world.state.wage_index
    reference = world.region.figure("rd_universities") + world.region.figure("rd_institutes")
    reference /= max(float(world.region.university("researchers").sum()), 1.0)
    mean = p.result_rate * u.researchers * size * np.clip(per_head / reference, 0.05, 20.0) ** p.budget_elasticity
    part_time = terms.column("part_time")
    mean = mean * (1.0 - p.part_time_cost * part_time) * (1.0 - p.credit_cost * terms.column("promotion_credit"))
    mean = mean * np.exp(p.overdispersion * luck.normal(u.key, "year") - 0.5 * p.overdispersion**2)
    draw_results(u.key, u.alive, mean, luck.address("results"), u.results)
    aged = u.shelf / YOUNG_YEARS
    u.shelf[:] = (u.shelf - aged) * (1.0 - p.shelf_life) + u.results
    u.shelf_old[:] = (u.shelf_old + aged) * (1.0 - p.shelf_life)
    form_ties(
        f.key,
        f.alive,
        f.does_rd,
        f.university,
        f.nearness,
        f.link,
        np.where(u.has_base, p.base_bonus, 1.0) * (1.0 + p.part_time_meet * part_time),
        p.meet,
        1.0 - 1.0 / p.memory,
        p.too_near,
        p.loose,
        luck.address("tie"),
    )


MECHANISM = Mechanism("science", Label("Science", "科学研究"), Parameters, step)
