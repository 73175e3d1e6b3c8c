"""Founding: staff, makers, students and returnees start firms; others grow into the classes of agents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck, name_hash, poisson_quantile
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.mechanisms.founding_attraction import AttractionParameters, attract, poissons
from simulator.mechanisms.founding_heirs import HeirParameters, descends, inheritance
from simulator.mechanisms.founding_kernels import researchers_sectors, staff_founders, standing
from simulator.mechanisms.founding_people import PeopleParameters, begin_again, renew_culture, student_starts
from simulator.world.agents import GROWN, GUIDANCE, STAFF_FOUNDED, STUDENT_FOUNDED, UNIVERSITY_FOUNDED
from simulator.world.births import Newcomers, children, rows_by_share
from simulator.world.world import World

USUAL_GROWTH = 0.08  # growth a year at which the rates are stated
REGULATED = ("pharma", "agriculture", "tourism")  # drugs, food, and hotels and guides: approval comes first


@dataclass(frozen=True)
class Parameters(PeopleParameters, AttractionParameters, HeirParameters):
    """Who founds firms, and what encourages them."""

    staff_rate: float = parameter(
        0.135,
        unit="firms / firm / year",
        prior=Range(0.06, 0.20, "log"),
        source="assumed",
        doc="technology firms founded by staff of a technology firm of median size",
    )
    size_elasticity: float = parameter(
        0.25,
        unit="elasticity",
        prior=Range(0.0, 0.5),
        source="assumed",
        doc="foundings to the R&D staff of the parent: small firms breed more founders per head",
    )
    founder_staff: float = parameter(
        5.0,
        unit="persons",
        prior=Range(2.0, 12.0, "log"),
        source="assumed",
        doc="R&D staff of the parent at which that elasticity sets in",
    )
    same_sector: float = parameter(
        0.7,
        unit="1",
        prior=Range(0.5, 0.9, "logit"),
        source="assumed",
        doc="share of staff who found a firm in their old sector; the others go into technology services",
    )
    maker_rate: float = parameter(
        0.008,
        unit="firms / maker / year",
        prior=Range(0.003, 0.02, "log"),
        source="obs:qingdao/maker_space_new_firms/2016",
        doc="firms founded per maker gathered that would not have been founded elsewhere (1,449 came from maker "
        "spaces by 2016, about 0.012 a maker and year; a third of them taken to be moved there)",
    )
    student_rate: float = parameter(
        0.0020,
        unit="firms / graduate / year",
        prior=Range(0.0005, 0.006, "log"),
        source="assumed",
        doc="technology firms founded per graduate kept in the city",
    )
    demand_response: float = parameter(
        2.0, unit="elasticity", prior=Range(0.5, 4.0), source="assumed", doc="log foundings to real growth of demand"
    )
    entry_reform: float = parameter(
        0.12,
        unit="1",
        prior=Range(0.0, 0.30),
        source="assumed",
        doc="more foundings once capital subscription and the single licence are both in force",
    )
    entry_beyond: float = parameter(
        0.25,
        unit="1",
        prior=Range(0.05, 0.6, "log"),
        source="assumed",
        doc="cost of registering that both national reforms leave, over what they take away",
    )
    approval_effect: float = parameter(
        0.08,
        unit="1",
        prior=Range(0.0, 0.25),
        source="assumed",
        doc="more foundings in regulated sectors where nobody waits for an approval",
    )
    open_markets: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.0, 0.10),
        source="assumed",
        doc="more foundings where incumbents are sheltered by nothing; no measured size was found",
    )
    student_gap: float = parameter(
        0.2,
        unit="standard deviations",
        prior=Range(0.0, 0.6),
        source="assumed",
        doc="quality at birth of firms founded by graduates and students, below that of others",
    )
    subscription_part: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="part of that effect due to capital subscription alone",
    )
    fund_displacement: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.0, 0.15),
        source="judgement_effects",
        doc="fewer foundings in sectors that guidance funds do not favour, where such funds are at full depth",
    )
    fund_full: float = parameter(
        0.002,
        unit="1",
        prior=Range(0.0007, 0.006, "log"),
        source="assumed",
        doc="capital paid into guidance funds over GDP at which they are at full depth",
    )
    performs: float = parameter(
        0.40,
        unit="1",
        prior=Range(0.15, 0.6, "logit"),
        source="assumed",
        doc="share of new technology firms that do R&D",
    )
    researchers_perform: float = parameter(
        0.8,
        unit="1",
        prior=Range(0.6, 0.95, "logit"),
        source="assumed",
        doc="share of firms founded by researchers that do R&D",
    )
    home_field: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.3, 0.7, "logit"),
        source="assumed",
        doc="share of researchers who found a firm in the main field of their institution",
    )
    to_services: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.15, 0.4, "logit"),
        source="assumed",
        doc="share who found one in technology services; the rest goes into digital firms",
    )
    grow_in: float = parameter(
        0.052,
        unit="1 / year",
        prior=Range(0.03, 0.09, "log"),
        source="assumed",
        doc="firms that reach a size near above-scale from outside the agents, over the sector's above-scale firms",
    )
    grow_in_response: float = parameter(
        3.0,
        unit="elasticity",
        prior=Range(1.0, 6.0),
        source="assumed",
        doc="the log of it to growth of the sector's demand",
    )
    sector_help: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.0, 0.15),
        source="assumed",
        doc="more firms founded by staff in a sector with full help for founders",
    )
    park_founding: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.0, 0.1),
        source="assumed",
        doc="more digital firms founded where software parks have free floor for all of them: space alone draws few",
    )
    crowding: float = parameter(
        0.6,
        unit="elasticity",
        prior=Range(0.2, 1.2),
        source="assumed",
        doc="fall of the founding rate as technology firms per resident rise over the start",
    )


def _from_staff(newcomers: Newcomers, p: Parameters, lift: np.ndarray, unaided: np.ndarray, performs: float) -> None:
    """Let staff of technology firms found their own, most of them in the trade they know.

    ``lift`` and ``unaided`` are the rate by sector (S,) over the usual one, with and without what makes it easier.
    """
    f, luck = newcomers.world.firms, newcomers.luck
    parented = descends(newcomers.world)
    parents, sector, helped = staff_founders(
        f.key,
        f.alive,
        f.above_scale,
        f.rd_staff,
        f.sector,
        f.quality,
        p.staff_rate,
        p.size_elasticity,
        p.founder_staff,
        p.parent_quality if parented else 0.0,
        lift,
        unaided,
        p.same_sector,
        newcomers.world.region.sectors.index("technology_services"),
        luck.address("staff"),
        luck.address("stay"),
    )
    gap = -p.marginal_gap * helped
    newcomers.request(
        f.key[parents],
        origin=STAFF_FOUNDED,
        sector=sector,
        district=f.district[parents],
        centre=f.tech[parents],
        performs=performs,
        **(inheritance(newcomers.world, p, parents, gap) if parented else {"quality": gap}),
    )


def _from_universities(newcomers: Newcomers, p: Parameters) -> None:
    """Let the researchers who leave found their firms, in the field they come from or near it."""
    u, region = newcomers.world.universities, newcomers.world.region
    rows, parents, keys = children(u.key, u.leavers.astype(int))
    if rows.size == 0:
        return
    newcomers.request(
        parents,
        origin=UNIVERSITY_FOUNDED,
        sector=researchers_sectors(
            rows,
            keys,
            region.university_fields,
            p.home_field,
            p.to_services,
            region.sectors.index("technology_services"),
            region.sectors.index("digital"),
            newcomers.luck.address("spin-off sector"),
        ),
        district=u.district[rows],
        centre=u.tech[rows],
        performs=p.researchers_perform,
        link=1.0,
    )


def _made_easier(world: World, terms: Terms, p: Parameters) -> float:
    """Return the foundings over those without reform of entry, open markets or a better culture, 1 for none.

    National law comes anyway: a local reform acts on what it leaves of the cost of registering.
    """
    reform = (
        p.subscription_part * world.rules["capital_subscription"]
        + (1.0 - p.subscription_part) * world.rules["three_in_one"]
    )
    cost = float(np.asarray(terms.total("entry_cost")))
    opened = 1.0 - float(np.asarray(terms.total("incumbent_shelter")))
    eased = reform + (1.0 + p.entry_beyond - reform) * (1.0 - cost)
    return (
        (1.0 + p.entry_reform * eased)
        * (1.0 + p.open_markets * opened)
        * (1.0 + p.culture_founding * world.state.culture)
    )


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Queue the year's new firms by who founds them; they join at the turn of the year."""
    f, region, st, pools = world.firms, world.region, world.state, world.pools
    sectors, newcomers = world.sectors, Newcomers(world, luck, p)
    renew_culture(world, terms, p)
    easier = _made_easier(world, terms, p)
    performs = min(1.0, p.performs * (1.0 + p.culture_risk * st.culture))
    guided = world.funds.alive & (world.funds.kind == GUIDANCE)
    depth = min(1.0, float(world.funds.paid_in[guided].sum()) / (p.fund_full * st.gdp))
    start = region.figure("tech_sme_pool") / region.figure("population")
    scale, small = standing(f.alive, f.above_scale, f.sector, len(sectors))
    now = small / st.population
    # where firms descend from firms, the market pulls less, and those without a parent found fewer
    pull, others = (p.market_pull, p.without_parent) if descends(world) else (1.0, 1.0)
    common = easier * (1.0 - p.fund_displacement * depth) * (start / max(now, 1e-12)) ** (pull * p.crowding)
    # a trade that grows by its prices alone draws no founders
    real = sectors.demand_growth - world.outside["gdp_deflator"]
    response = pull * p.demand_response
    lift = common * np.exp(response * (real - USUAL_GROWTH))
    unaided = lift / easier
    if terms.offered("sector_founding"):
        lift *= 1.0 + p.sector_help * np.minimum(terms.column("sector_founding"), 1.0)
    if st.software_room > 0.0:
        lift[region.sectors.index("digital")] *= 1.0 + p.park_founding * st.software_room

    _from_universities(newcomers, p)
    if (approval := float(np.asarray(terms.total("entry_approval")))) < 1.0:
        lift[[region.sectors.index(s) for s in REGULATED]] *= 1.0 + p.approval_effect * (1.0 - approval)
    _from_staff(newcomers, p, lift, unaided, performs)
    on_leave, invited, coached = student_starts(world, terms, p)
    common_lift = float(common) * float(np.exp(response * (world.outside["gdp_real_growth"] - USUAL_GROWTH)))
    of_pools = others * common_lift
    for name, rate, help_, gap in (
        ("makers", p.maker_rate, easier, 0.0),
        ("graduates", p.student_rate * on_leave, easier * on_leave, p.student_gap),
    ):
        seed, mean = pools.key[world.pool(name)], rate * pools.stock[world.pool(name)] * of_pools
        u = float(luck.uniform(np.array([seed]), name)[0])
        number, anyway = int(poisson_quantile(mean, u)), int(poisson_quantile(mean / help_, u))
        # those who found only because it is easier are the weaker ones
        quality = -gap - p.marginal_gap * (np.arange(number) >= anyway)
        _from_pool(newcomers, seed, number, name, performs, quality)
    if invited > 0.0:
        name = "student programme"
        seed = name_hash(f"{region.id} {name}")
        mean = p.student_technology * p.student_rate / p.student_start * invited * of_pools
        number = int(poisson_quantile(mean, float(luck.uniform(np.array([seed]), name)[0])))
        quality = np.full(number, -p.student_gap - p.marginal_gap)
        _from_pool(newcomers, seed, number, name, performs, quality, mentored=p.student_coached * coached)
    begin_again(newcomers, p, common_lift, performs)
    attract(newcomers, terms, p, USUAL_GROWTH, scale.astype(float))
    _grow_in(newcomers, p, scale)
    # what firms that grew in make was made by the rest of the economy before: nothing is counted twice
    moved = newcomers.join() * st.value_added_factor
    sectors.rest_value_added[:] = np.maximum(sectors.rest_value_added - moved, 0.0)
    st.births = float(f.waiting())


def _from_pool(
    newcomers: Newcomers,
    seed: np.uint64,
    number: int,
    name: str,
    performs: float,
    quality: np.ndarray,
    *,
    mentored: float = 0.0,
) -> None:
    """Let members of a pool found firms of given ``quality`` (number,), where small technology firms are."""
    if number == 0:
        return
    region, luck = newcomers.world.region, newcomers.luck
    _, parents, keys = children(np.array([seed]), np.array([number]))
    newcomers.request(
        parents,
        origin=STUDENT_FOUNDED,
        sector=rows_by_share(keys, region.sector("tech_sme_firms"), luck.address(f"{name} sector")),
        district=rows_by_share(keys, region.district("incubator_share"), luck.address(f"{name} district")),
        performs=performs,
        quality=quality,
        mentored=mentored,
    )


def _grow_in(newcomers: Newcomers, p: Parameters, scale: np.ndarray) -> None:
    """Let firms that were too small to follow reach the size of the classes that are.

    ``scale`` (S,) are the above-scale firms of each sector.
    """
    region, sectors, luck = newcomers.world.region, newcomers.world.sectors, newcomers.luck
    mean = p.grow_in * scale * np.exp(p.grow_in_response * (sectors.demand_growth - USUAL_GROWTH))
    counts = poissons(luck.address("grow in"), sectors.key, mean * (1.0 + sectors.entry_ease))
    sector, parents, keys = children(np.array([name_hash(f"{region.id} {name}") for name in region.sectors]), counts)
    newcomers.request(
        parents,
        origin=GROWN,
        sector=sector,
        district=rows_by_share(keys, region.district("firm_share"), luck.address("district")),
        performs=0.0,
    )


MECHANISM = Mechanism("founding", Label("Founding", "创业"), Parameters, step)
