"""Steel: plants get orders at the year's price, earn or lose, upgrade, process further, invest and shrink.

A plant's sales are its owner's: ``market`` takes the revenue of a firm with plants from here. A city without plants
is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.declare import Label, Mechanism
from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.agents import PLANT_STAGES, STATE
from simulator.world.build_plants import CASTINGS, DEEP, owner_rows, sold
from simulator.world.world import World

STAGES = len(PLANT_STAGES)
WINDOW = 5  # years over which growth is accounted for, as long as the plan


@dataclass(frozen=True)
class Parameters:
    """How plants sell, upgrade, invest and shrink."""

    grade_appeal: float = parameter(
        0.5,
        unit="log points",
        prior=Range(0.0, 1.5),
        source="assumed",
        doc="more orders of a plant that makes all its output to customers' grades than of one that makes none",
    )
    cost_appeal: float = parameter(
        0.5,
        unit="elasticity",
        prior=Range(0.0, 1.5),
        source="assumed",
        doc="fewer orders of a plant with higher cost than others of its stage",
    )
    outside: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.1, 0.9, "logit"),
        source="assumed",
        doc="part of the stage's mean gain in grade that becomes orders from elsewhere",
    )
    trend_deep: float = parameter(
        0.02,
        unit="1 / year",
        prior=Range(-0.03, 0.07),
        source="assumed",
        doc="growth of demand for deep-processed steel beyond that for steel",
    )
    trend_castings: float = parameter(
        0.01,
        unit="1 / year",
        prior=Range(-0.04, 0.06),
        source="assumed",
        doc="growth of demand for castings beyond that for steel",
    )
    most_used: float = parameter(
        0.97, unit="1", prior=Range(0.9, 0.995, "logit"), source="assumed", doc="highest use of a plant's capacity"
    )
    grade_premium: float = parameter(
        0.12,
        unit="log points",
        prior=Range(0.0, 0.3),
        source="assumed",
        doc="higher price of steel made to customers' grades",
    )
    upgrade: float = parameter(
        0.03,
        unit="1 / year",
        prior=Range(0.0, 0.08),
        source="assumed",
        doc="part of ordinary output that a plant turns into customers' grades in a year of many innovations",
    )
    conversion: float = parameter(
        0.015,
        unit="1 / year",
        prior=Range(0.0, 0.035),
        source="assumed",
        doc="rolled output for which a year of many innovations opens further processing in the city",
    )
    many: float = parameter(
        5.0,
        unit="innovations / year",
        prior=Range(1.0, 20.0, "log"),
        source="assumed",
        doc="innovations of an owner at which half of that is reached",
    )
    cost_follows: float = parameter(
        0.82,
        unit="1",
        prior=Range(0.6, 0.95, "logit"),
        source="obs:benxi/bengang_plates_000761_net_profit/2016",
        doc="share of a change of the steel price that shows in the cost of rolled steel (profit again in 2016, at "
        "three quarters of the price of 2012)",
    )
    cost_lag: float = parameter(
        0.25,
        unit="years",
        prior=Range(0.08, 0.5, "log", ceiling=1.0),
        source="obs:benxi/bengang_plates_000761_net_profit/2015",
        doc="time between the buying of ore and coal and the sale of the steel (loss of 3.3 bn in the fall of 2015)",
    )
    deep_cost_follows: float = parameter(
        0.95,
        unit="1",
        prior=Range(0.8, 1.0, floor=0.0, ceiling=1.2),
        source="assumed",
        doc="the same for deep processing and castings, which buy steel and iron",
    )
    cost_productivity: float = parameter(
        0.5,
        unit="elasticity",
        prior=Range(0.0, 1.0),
        source="assumed",
        doc="fall of a plant's cost with its owner's productivity, beyond what others gain too",
    )
    capital_rolled: float = parameter(
        3000.0, unit="CNY / (t / year)", prior=Range(1.5e3, 6.0e3, "log"), source="assumed", doc="cost of new capacity"
    )
    capital_deep: float = parameter(
        2500.0, unit="CNY / (t / year)", prior=Range(1.2e3, 5.0e3, "log"), source="assumed", doc="the same, processing"
    )
    capital_castings: float = parameter(
        6000.0, unit="CNY / (t / year)", prior=Range(3.0e3, 1.2e4, "log"), source="assumed", doc="the same, castings"
    )
    full: float = parameter(
        0.85,
        unit="1",
        prior=Range(0.75, 0.95, "logit"),
        source="assumed",
        doc="use of a plant from which it is widened, and at which new lines are planned to run",
    )
    widen: float = parameter(
        0.05,
        unit="1 / year",
        prior=Range(0.02, 0.12, "log"),
        source="assumed",
        doc="most by which it is widened a year without a new line",
    )
    returning: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.1, 0.9, "logit"),
        source="assumed",
        doc="part of the orders that the city's plants could not make which come again in the year after",
    )
    scarcity: float = parameter(
        0.1,
        unit="elasticity",
        prior=Range(0.0, 0.3),
        source="assumed",
        doc="rise of a plant's price where its orders exceed what it can make; most customers can buy elsewhere",
    )
    hurdle: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.05, 0.2, "log"),
        source="assumed",
        doc="yearly profit over its cost at which a new line is built as fast as orders ask; below it, less is built",
    )
    pace: float = parameter(
        0.5,
        unit="1 / year",
        prior=Range(0.2, 0.9, "logit"),
        source="assumed",
        doc="part of the lines that orders ask for which is ordered in a year, where they pay",
    )
    build_years: float = parameter(
        2.0,
        unit="years",
        prior=Range(1.2, 3.5, "log"),
        source="assumed",
        doc="mean time from ordering a new line to its work",
    )
    build_foundry: float = parameter(
        1.0, unit="years", prior=Range(0.6, 2.0, "log"), source="assumed", doc="the same for a foundry"
    )
    partners: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.0, 0.8, ceiling=1.0),
        source="assumed",
        doc="part of the lines that owners cannot pay for which partners pay, where lines pay twice the hurdle or more",
    )
    capital_crude: float = parameter(
        3500.0,
        unit="CNY / (t / year)",
        prior=Range(2.0e3, 6.0e3, "log"),
        source="assumed",
        doc="cost of new furnaces for crude steel",
    )
    allowance: float = parameter(
        800.0,
        unit="CNY / (t / year)",
        prior=Range(300.0, 2000.0, "log"),
        source="assumed",
        doc="price of the right to make crude steel, bought from works that scrap theirs: new capacity is only allowed "
        "in place of old",
    )
    replaced: float = parameter(
        1.25,
        unit="t / t",
        prior=Range(1.0, 1.6, "log"),
        source="assumed",
        doc="old crude capacity that must go for a new tonne",
    )
    slabs: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.0, 0.15),
        source="assumed",
        doc="rolled steel that can be made of slabs and billets bought elsewhere, over that of own crude steel",
    )
    cash_part: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="part of an owner's liquid funds that it puts into new capacity in a year, more where lines pay beyond the "
        "hurdle, in proportion",
    )
    borrowed: float = parameter(
        0.6, unit="1", prior=Range(0.3, 0.8, "logit"), source="assumed", doc="part of an investment that lenders carry"
    )
    retire: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.0, 0.4),
        source="assumed",
        doc="capacity scrapped a year over the loss per sale, beyond what the owner bears",
    )
    borne: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.0, 0.12),
        source="assumed",
        doc="loss per sale that an owner bears without scrapping",
    )
    crude_yield: float = parameter(
        0.95,
        unit="1",
        prior=Range(0.9, 0.98, "logit"),
        source="assumed",
        doc="rolled steel from a tonne of crude steel",
    )
    capacity_cut: float = parameter(
        0.02,
        unit="1 / year",
        prior=Range(0.0, 0.05),
        source="assumed",
        doc="crude capacity that the national cuts take away a year in 2016 to 2018",
    )
    rollover: float = parameter(
        0.8,
        unit="1",
        prior=Range(0.3, 1.0, floor=0.0, ceiling=1.0),
        source="obs:benxi/bengang_group_liability_asset_ratio/2015_or_2016",
        doc="part of the cash that a state-owned owner lacks which its lenders carry (liabilities at 75 % of assets)",
    )
    working_cash: float = parameter(
        0.02,
        unit="1",
        prior=Range(0.005, 0.06, "log"),
        source="assumed",
        doc="liquid funds over yearly sales that a state-owned owner needs to keep its plants going",
    )
    bought: float = parameter(
        0.7,
        unit="1",
        prior=Range(0.3, 0.95, "logit"),
        source="assumed",
        doc="plants of a closed firm that another firm of the same stage takes over; the rest are scrapped",
    )
    least_growth: float = parameter(
        0.01,
        unit="log points / year",
        prior=Range(0.002, 0.02, "log"),
        source="assumed",
        doc="growth of output below which its sources are not told apart",
    )
    iron_per_casting: float = parameter(
        1.1, unit="t / t", prior=Range(1.03, 1.25, "log"), source="assumed", doc="foundry iron in a tonne of castings"
    )
    capital_share: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.3, 0.65, "logit"),
        source="assumed",
        doc="weight of capital in the growth accounting; staff have the rest",
    )


CUTS = range(2016, 2019)


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Give plants their orders, price, margin and capacity of the year, and their owners the sales."""
    f, plants = world.firms, world.plants
    if not len(plants):
        return
    owner = _pass_on(world, p, luck, owner_rows(world))
    rows = np.flatnonzero(plants.alive)
    f.plant_sales[:] = 0.0
    if rows.size == 0:
        return
    # customers of plants that are gone look for others; some that were not served come again
    asked = np.bincount(plants.stage, plants.output + p.returning * plants.unmet, STAGES)
    scarce = np.log1p(plants.unmet / np.maximum(plants.output, 1.0))
    plants.output[~plants.alive] = 0.0
    plants.unmet[:] = 0.0
    plants.building[~plants.alive] = 0.0
    plants.sales[~plants.alive] = 0.0
    owner = np.where(plants.alive, owner, 0)
    reach = f.innovations[owner] / (f.innovations[owner] + p.many)
    before = plants.grade.copy()
    plants.grade += p.upgrade * reach * (1.0 - plants.grade)
    st = world.state
    # the year's steel is made of what was bought ``cost_lag`` years before it is sold
    st.steel_cost_level = st.steel_price_level * (1.0 - p.cost_lag * (1.0 - 1.0 / (1.0 + st.steel_price_change)))
    cost = _cost(world, p, owner)
    _produce(world, p, asked, reach, cost, before)
    scarcer = np.log1p(plants.unmet / np.maximum(plants.output, 1.0)) - scarce
    change = np.exp(p.grade_premium * (plants.grade - before) + p.scarcity * scarcer) * (1.0 + st.steel_price_change)
    plants.price *= change
    plants.margin[:] = np.where(plants.alive, 1.0 - cost / plants.price, 0.0)
    plants.sales[:] = np.where(plants.alive, sold(plants, owner) * plants.price, 0.0)
    f.plant_sales[:] = np.bincount(owner, plants.sales, len(f))
    taken = -f.cost_shift[owner]
    _earn(world, p, owner)
    _finish(world, p)
    _invest(world, p, owner, taken)
    _account(world, p, np.unique(owner[rows]))


def _pass_on(world: World, p: Parameters, luck: Luck, owner: np.ndarray) -> np.ndarray:
    """Let the richest owner of a plant of the same stage buy what closed firms leave, or nobody; return the owners."""
    f, plants = world.firms, world.plants
    owned = (owner >= 0) & f.alive[owner]
    left = np.flatnonzero(plants.alive & ~owned)
    plants.alive[left] = luck.uniform(plants.key[left], "bought") < p.bought
    for i in left[plants.alive[left]]:
        buyers = owner[owned & plants.alive & (plants.stage == plants.stage[i])]
        if buyers.size == 0:
            plants.alive[i] = False
            continue
        owner[i] = buyers[np.argmax(f.cash[buyers])]
        plants.owner[i] = f.key[owner[i]]
    return owner


def _cost(world: World, p: Parameters, owner: np.ndarray) -> np.ndarray:
    """Return the cost of a tonne (n,) at this year's prices of ore and coal and its owner's productivity."""
    f, plants, st = world.firms, world.plants, world.state
    steel = world.region.sectors.index("steel")
    follows = np.where(plants.stage >= DEEP, p.deep_cost_follows, p.cost_follows)
    ahead = f.productivity[owner] - world.sectors.productivity[steel]
    return np.asarray(
        plants.cost_first * (1.0 + follows * (st.steel_cost_level - 1.0)) * np.exp(-p.cost_productivity * ahead)
    )


def _produce(
    world: World, p: Parameters, asked: np.ndarray, reach: np.ndarray, cost: np.ndarray, before: np.ndarray
) -> None:
    """Share the orders of each stage between its plants by grade and cost, as far as capacity goes.

    ``asked`` (stages,) is the output of the year before, t / year, with that of plants that are gone.
    """
    plants, st, alive = world.plants, world.state, world.plants.alive
    steel = world.region.sectors.index("steel")
    growth = (1.0 + world.sectors.demand_growth[steel]) / (1.0 + st.steel_price_change)
    rolled = plants.stage < DEEP
    opened = np.where(rolled & alive, p.conversion * reach * plants.output, 0.0).sum()
    for stage in range(STAGES):
        mine = np.flatnonzero(alive & (plants.stage == stage))
        if mine.size == 0:
            continue
        trend = {DEEP: p.trend_deep, CASTINGS: p.trend_castings}.get(stage, 0.0)
        made = plants.output[mine]
        gain = p.grade_appeal * (plants.grade[mine] - before[mine])
        orders = asked[stage] * (growth + trend) * float(np.exp(p.outside * np.average(gain, weights=made + 1.0)))
        orders += opened if stage == DEEP else 0.0
        most = p.most_used * plants.capacity[mine]
        dear = np.log(cost[mine] / plants.price[mine])
        wish = made * np.exp(gain - p.cost_appeal * (dear - np.average(dear, weights=made + 1.0)))
        got = np.minimum(orders * wish / max(wish.sum(), 1.0), most)
        room = most - got
        got += room * min(1.0, max(orders - got.sum(), 0.0) / max(room.sum(), 1.0))
        plants.output[mine] = got
        plants.unmet[mine] = max(orders - got.sum(), 0.0) * wish / max(wish.sum(), 1.0)
    # no more is rolled than there is crude steel and slabs for, no more processed than is rolled
    short = plants.output[rolled] * (1.0 - min(1.0, _feed(world, p) / max(plants.output[rolled].sum(), 1.0)))
    plants.output[rolled] -= short
    plants.unmet[rolled] += short
    made = plants.output[rolled].sum()
    deep = plants.stage == DEEP
    plants.output[deep] *= min(1.0, made / max(plants.output[deep].sum(), 1.0))
    iron = p.iron_per_casting * plants.output[alive & (plants.stage == CASTINGS)].sum()
    able = world.region.figure("foundry_iron")
    st.castings_conversion = float(min(1.0, iron / able)) if able > 0.0 else 0.0


def _feed(world: World, p: Parameters) -> float:
    """Return the rolled steel that can be made of the crude steel allowed and of slabs bought, t / year."""
    crude = world.state.crude_capacity
    return p.crude_yield * crude * (1.0 + p.slabs) if crude > 0.0 else np.inf


def _earn(world: World, p: Parameters, owner: np.ndarray) -> None:
    """Let owners' margins follow their plants', and lenders carry state-owned owners that run out of cash."""
    f, plants = world.firms, world.plants
    n = len(f)
    earned = np.bincount(owner, plants.margin * plants.sales, n)
    owners = np.flatnonzero(f.plant_sales > 0.0)
    normal = world.region.sector("profit_margin")[f.sector[owners]]
    f.margin[owners] = normal  # what the plants earn stands in the shift
    f.cost_shift[owners] += earned[owners] / f.plant_sales[owners] - normal
    lacks = p.working_cash * f.plant_sales[owners] - f.cash[owners]
    short = owners[(f.ownership[owners] == STATE) & (lacks > 0.0)]
    carried = p.rollover * lacks[(f.ownership[owners] == STATE) & (lacks > 0.0)]
    f.debt[short] += carried
    f.cash[short] += carried


def _finish(world: World, p: Parameters) -> None:
    """Put a part of the lines and furnaces that are being built to work."""
    plants, st = world.plants, world.state
    done = 1.0 - np.exp(-1.0 / p.build_years)
    ready = np.where(plants.stage == CASTINGS, 1.0 - np.exp(-1.0 / p.build_foundry), done) * plants.building
    plants.capacity += ready
    plants.building -= ready
    plants.vintage[ready > 0.0] = world.year
    st.crude_capacity += done * st.crude_building
    st.crude_building *= 1.0 - done
    if world.year in CUTS:
        st.crude_capacity *= 1.0 - p.capacity_cut


def _invest(world: World, p: Parameters, owner: np.ndarray, taken: np.ndarray) -> None:
    """Widen full plants, order lines that orders ask for and that pay, and scrap what loses more than is borne.

    Both as far as cash and credit go. ``taken`` (n,) is the share of sales that surcharges take from each plant's
    owner. Rolled steel beyond what crude steel there is needs furnaces and the right to run them, bought elsewhere.
    """
    f, plants, st, alive = world.firms, world.plants, world.state, world.plants.alive
    rolled = alive & (plants.stage < DEEP)
    unit = np.where(plants.stage < DEEP, p.capital_rolled, p.capital_deep)
    unit = np.where(plants.stage == CASTINGS, p.capital_castings, unit) * st.deflator
    orders = plants.output + plants.unmet
    coming = p.crude_yield * st.crude_building
    beyond = max(float(orders[rolled].sum()) - _feed(world, p) - coming, 0.0)  # t of rolled steel that want crude steel
    # what a surcharge on energy takes is in the owner's margin and not in the plant's cost
    margin = plants.margin - taken
    widened = np.where(alive & (orders > p.full * plants.capacity), p.widen * plants.capacity, 0.0)
    asked = np.where(alive, np.maximum(orders / p.full - plants.capacity - widened - plants.building, 0.0), 0.0)
    # furnaces and rights cost as much more a tonne as is rolled beyond the crude steel there is
    lines = (widened + asked)[rolled].sum()
    crude = min(1.0, beyond / max(lines, 1.0)) / p.crude_yield * (p.capital_crude + p.replaced * p.allowance)
    unit = np.where(rolled, unit + crude * st.deflator, unit)
    pays = np.maximum(margin, 0.0) * plants.price / unit / p.hurdle
    widened *= np.minimum(pays, 1.0)
    ordered = p.pace * np.minimum(pays, 1.0) * asked
    bill = (1.0 - p.borrowed) * (widened + ordered) * unit
    purse = np.minimum(p.cash_part * np.maximum(pays, 1.0), 1.0) * np.maximum(f.cash[owner], 0.0)
    part = np.minimum(1.0, purse / np.maximum(np.bincount(owner, bill, len(f))[owner], 1.0))
    f.cash -= np.bincount(owner, part * bill, len(f))
    part += (1.0 - part) * p.partners * np.clip(pays - 1.0, 0.0, 1.0)  # paid by others, worked by the owner
    f.debt += p.borrowed * np.bincount(owner, part * (widened + ordered) * unit, len(f))
    added = part * widened
    plants.building += part * ordered
    new = float((part * (widened + ordered))[rolled].sum())
    st.crude_building += new / p.crude_yield * min(1.0, beyond / max(lines, 1.0))
    plants.vintage[added > 0.0] = world.year
    scrapped = p.retire * np.maximum(-margin - p.borne, 0.0)
    plants.capacity[alive] *= 1.0 - np.minimum(scrapped, 1.0)[alive]
    plants.capacity += added


def _account(world: World, p: Parameters, owners: np.ndarray) -> None:
    """Note the year's output, capital and staff at constant prices, and what of the growth these do not explain."""
    f, plants, st, alive = world.firms, world.plants, world.state, world.plants.alive
    unit = np.where(plants.stage < DEEP, p.capital_rolled, p.capital_deep)
    unit = np.where(plants.stage == CASTINGS, p.capital_castings, unit)
    worth = plants.price_first * np.exp(p.grade_premium * (plants.grade - plants.grade_first))
    output = float((plants.output * worth)[alive].sum())
    capital = float((plants.capacity * unit)[alive].sum())
    now = (np.log(max(output, 1.0)), np.log(max(capital, 1.0)), np.log(max(float(f.staff[owners].sum()), 1.0)))
    st.steel_growth[world.year] = (float(now[0]), float(now[1]), float(now[2]))
    since = max(min(st.steel_growth), world.year - WINDOW)
    first = st.steel_growth[since]
    rise, capital_rise, staff_rise = (a - b for a, b in zip(now, first, strict=True))
    residual = rise - p.capital_share * capital_rise - (1.0 - p.capital_share) * staff_rise
    told = rise > p.least_growth * (world.year - since)
    st.steel_contribution = float(np.clip(residual / rise, 0.0, 1.0)) if told and rise > 0.0 else 0.0


MECHANISM = Mechanism("steel", Label("Steel plants", "钢铁产线"), Parameters, step)
