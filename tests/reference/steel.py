"""Steel: plants get orders at the year's price, earn or lose, upgrade, process further, invest and shrink.

A plant's sales are its owner's. A city without plants is left alone.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.steel import CUTS, STAGES, WINDOW, Parameters
from simulator.world.agents import PLANT_STAGES, STATE
from tests.reference.luck import Draws
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

DEEP, CASTINGS = PLANT_STAGES.index("deep_processing"), PLANT_STAGES.index("castings")  # those before are rolled steel


class ActingPlant:
    """A steel plant in its year."""

    firm: Any  # its owner
    cost: float  # of a tonne, this year
    reach: float  # what the owner's innovations reach of their most, 0 to 1
    gain: float  # rise of the grade this year
    scarcity: float  # log of orders over output in the year before
    pays: float  # yearly profit of a new line over the hurdle
    widened: float  # t / year
    ordered: float  # t / year of new lines
    line_cost: float  # of both, CNY

    @property
    def rolled(self: Any) -> bool:
        """Return whether it makes rolled steel."""
        return self.stage < DEEP

    def wants_of(self: Any) -> float:
        """Return the log of the orders that it has over those that it can make."""
        return math.log1p(self.unmet / max(self.output, 1.0))

    def end(self: Any) -> None:
        """Scrap it."""
        self.alive = False
        self.output = self.unmet = self.building = self.sales = self.margin = 0.0

    def upgrade(self: Any, p: Parameters) -> None:
        """Turn ordinary output into customers' grades, as far as the owner's innovations reach."""
        innovations = self.firm.innovations
        self.reach = innovations / (innovations + p.many)
        self.gain = p.upgrade * self.reach * (1.0 - self.grade)
        self.grade += self.gain

    def set_cost(self: Any, p: Parameters, steel_productivity: float) -> None:
        """Set the cost of a tonne at this year's prices of ore and coal and the owner's productivity."""
        follows = p.cost_follows if self.rolled else p.deep_cost_follows
        ahead = self.firm.productivity - steel_productivity
        level = 1.0 + follows * (self.model.state.steel_cost_level - 1.0)
        self.cost = self.cost_first * level * math.exp(-p.cost_productivity * ahead)

    def set_price(self: Any, p: Parameters) -> None:
        """Let the price follow the market, the grade, and orders beyond what the plant can make."""
        scarcer = self.wants_of() - self.scarcity
        self.price *= math.exp(p.grade_premium * self.gain + p.scarcity * scarcer)
        self.price *= 1.0 + self.model.state.steel_price_change
        self.margin = 1.0 - self.cost / self.price

    def capital(self: Any, p: Parameters) -> float:
        """Return the cost of a tonne of new capacity at the start's prices."""
        if self.rolled:
            return p.capital_rolled
        return p.capital_castings if self.stage == CASTINGS else p.capital_deep

    def finish_lines(self: Any, p: Parameters) -> None:
        """Put a part of the lines that are being built to work."""
        years = p.build_foundry if self.stage == CASTINGS else p.build_years
        ready = (1.0 - math.exp(-1.0 / years)) * self.building
        if ready > 0.0:
            self.capacity += ready
            self.building -= ready
            self.vintage = self.model.year

    def plan_lines(self: Any, p: Parameters) -> None:
        """Ask for as much more capacity as orders call for: a wider plant first, new lines beyond."""
        orders = self.output + self.unmet
        self.widened = p.widen * self.capacity if orders > p.full * self.capacity else 0.0
        self.ordered = max(orders / p.full - self.capacity - self.widened - self.building, 0.0)

    def decide_lines(self: Any, p: Parameters, unit: float, margin: float) -> None:
        """Cut the plan to what pays at a cost of a tonne of capacity of ``unit``."""
        self.pays = max(margin, 0.0) * self.price / unit / p.hurdle
        self.widened *= min(self.pays, 1.0)
        self.ordered *= p.pace * min(self.pays, 1.0)
        self.line_cost = (self.widened + self.ordered) * unit

    def affordable(self: Any, p: Parameters, cash: float, bill: float) -> float:
        """Return the part of its lines that its owner pays, with so much cash and bills of all its plants."""
        purse = min(p.cash_part * max(self.pays, 1.0), 1.0) * max(cash, 0.0)
        return min(1.0, purse / max(bill, 1.0))

    def scrap_and_add(self: Any, p: Parameters, part: float, margin: float) -> float:
        """Scrap what loses more than is borne, add what is paid for; return the new capacity, t / year."""
        self.building += part * self.ordered
        added = part * self.widened
        if added > 0.0:
            self.vintage = self.model.year
        scrapped = p.retire * max(-margin - p.borne, 0.0)
        self.capacity = self.capacity * (1.0 - min(scrapped, 1.0)) + added
        return added + part * self.ordered


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Give plants their orders, price, margin and capacity of the year, and their owners the sales."""
    if not model.plants:
        return
    pass_on(model, p, draws)
    for firm in model.firms:
        firm.plant_sales = 0.0
    plants = [plant for plant in model.plants if plant.alive]
    # customers of plants that are gone look for others; some that were not served come again
    asked = [0.0] * STAGES
    for plant in model.plants:
        asked[plant.stage] += plant.output + p.returning * plant.unmet
        if not plant.alive:
            plant.end()
    if not plants:
        return
    st = model.state
    # the year's steel is made of what was bought ``cost_lag`` years before it is sold
    st.steel_cost_level = st.steel_price_level * (1.0 - p.cost_lag * (1.0 - 1.0 / (1.0 + st.steel_price_change)))
    steel = model.sectors[model.region.sectors.index("steel")]
    for plant in plants:
        plant.scarcity = plant.wants_of()
        plant.unmet = 0.0
        plant.upgrade(p)
        plant.set_cost(p, steel.productivity)
    produce(model, p, plants, asked, steel.demand_growth)
    for plant in plants:
        plant.set_price(p)
    sell(plants)
    surcharged = {plant.firm: -plant.firm.cost_shift for plant in plants}
    earn(model, p, plants)
    finish(model, p, plants)
    invest(model, p, plants, surcharged)
    account(model, p, plants)


def pass_on(model: ReferenceModel, p: Parameters, draws: Draws) -> None:
    """Let the richest owner of a plant of the same stage buy what closed firms leave, or nobody."""
    owners = {plant.owner for plant in model.plants}
    firms = {f.key: f for f in model.firms if f.alive and f.key in owners}
    owned, left = [], []
    for plant in model.plants:
        if not plant.alive:
            continue
        plant.firm = firms.get(plant.owner)
        if plant.firm is not None:
            owned.append(plant)
        elif draws.uniform(plant.key, "bought") < p.bought:
            left.append(plant)
        else:
            plant.alive = False
    for plant in left:
        buyers = [other.firm for other in owned if other.stage == plant.stage]
        if not buyers:
            plant.alive = False
            continue
        plant.firm = max(buyers, key=lambda f: f.cash)
        plant.owner = plant.firm.key


def mean_by_output(values: list[float], made: list[float]) -> float:
    """Return the mean of some values, weighted by output."""
    return sum(v * (m + 1.0) for v, m in zip(values, made, strict=True)) / sum(m + 1.0 for m in made)


def produce(model: ReferenceModel, p: Parameters, plants: list[Any], asked: list[float], demand_growth: float) -> None:
    """Share the orders of each stage between its plants by grade and cost, as far as capacity goes.

    ``asked`` is the output of the year before by stage, with that of plants that are gone.
    """
    st = model.state
    growth = (1.0 + demand_growth) / (1.0 + st.steel_price_change)
    opened = sum(p.conversion * plant.reach * plant.output for plant in plants if plant.rolled)
    for stage in range(STAGES):
        mine = [plant for plant in plants if plant.stage == stage]
        if not mine:
            continue
        trend = {DEEP: p.trend_deep, CASTINGS: p.trend_castings}.get(stage, 0.0)
        made = [plant.output for plant in mine]
        gains = [p.grade_appeal * plant.gain for plant in mine]
        orders = asked[stage] * (growth + trend) * math.exp(p.outside * mean_by_output(gains, made))
        if stage == DEEP:
            orders += opened
        share_orders(p, mine, made, gains, orders)
    # no more is rolled than there is crude steel and slabs for, no more processed than is rolled
    rolled = [plant for plant in plants if plant.rolled]
    whole = sum(plant.output for plant in rolled)
    part = min(1.0, feed(model, p) / max(whole, 1.0))
    for plant in rolled:
        short = plant.output * (1.0 - part)
        plant.output -= short
        plant.unmet += short
    deep = [plant for plant in plants if plant.stage == DEEP]
    part = min(1.0, sum(plant.output for plant in rolled) / max(sum(plant.output for plant in deep), 1.0))
    for plant in deep:
        plant.output *= part
    iron = p.iron_per_casting * sum(plant.output for plant in plants if plant.stage == CASTINGS)
    able = model.region.figure("foundry_iron")
    st.castings_conversion = min(1.0, iron / able) if able > 0.0 else 0.0


def share_orders(p: Parameters, mine: list[Any], made: list[float], gains: list[float], orders: float) -> None:
    """Share the orders of one stage; what the preferred plants cannot make goes to where there is room."""
    dear = [math.log(plant.cost / plant.price) for plant in mine]
    usual = mean_by_output(dear, made)
    wishes = [m * math.exp(gain - p.cost_appeal * (d - usual)) for m, gain, d in zip(made, gains, dear, strict=True)]
    whole = max(sum(wishes), 1.0)
    for plant, wish in zip(mine, wishes, strict=True):
        plant.output = min(orders * wish / whole, p.most_used * plant.capacity)
    got = sum(plant.output for plant in mine)
    rooms = [p.most_used * plant.capacity - plant.output for plant in mine]
    part = min(1.0, max(orders - got, 0.0) / max(sum(rooms), 1.0))
    for plant, room in zip(mine, rooms, strict=True):
        plant.output += room * part
    unserved = max(orders - sum(plant.output for plant in mine), 0.0)
    for plant, wish in zip(mine, wishes, strict=True):
        plant.unmet = unserved * wish / whole


def feed(model: ReferenceModel, p: Parameters) -> float:
    """Return the rolled steel that can be made of the crude steel allowed and of slabs bought, t / year."""
    crude = model.state.crude_capacity
    return p.crude_yield * crude * (1.0 + p.slabs) if crude > 0.0 else math.inf


def sell(plants: list[Any]) -> None:
    """Book what plants sell outside their firm: rolled steel less what the firm processes itself."""
    rolled: dict[Any, float] = defaultdict(float)
    processed: dict[Any, float] = defaultdict(float)
    for plant in plants:
        if plant.rolled:
            rolled[plant.firm] += plant.output
        elif plant.stage == DEEP:
            processed[plant.firm] += plant.output
    for plant in plants:
        kept = min(processed[plant.firm] / max(rolled[plant.firm], 1.0), 1.0) if plant.rolled else 0.0
        plant.sales = plant.output * (1.0 - kept) * plant.price
        plant.firm.plant_sales += plant.sales


def earn(model: ReferenceModel, p: Parameters, plants: list[Any]) -> None:
    """Let owners' margins follow their plants', and lenders carry state-owned owners that run out of cash."""
    earned: dict[Any, float] = defaultdict(float)
    for plant in plants:
        earned[plant.firm] += plant.margin * plant.sales
    margins = model.sector_facts["profit_margin"]
    for firm, amount in earned.items():
        if firm.plant_sales <= 0.0:
            continue
        firm.margin = margins[firm.sector]  # what the plants earn stands in the shift
        firm.cost_shift += amount / firm.plant_sales - firm.margin
        lacks = p.working_cash * firm.plant_sales - firm.cash
        if firm.ownership == STATE and lacks > 0.0:
            firm.debt += p.rollover * lacks
            firm.cash += p.rollover * lacks


def finish(model: ReferenceModel, p: Parameters, plants: list[Any]) -> None:
    """Put a part of the lines and furnaces that are being built to work."""
    st = model.state
    for plant in plants:
        plant.finish_lines(p)
    ready = (1.0 - math.exp(-1.0 / p.build_years)) * st.crude_building
    st.crude_capacity += ready
    st.crude_building -= ready
    if model.year in CUTS:
        st.crude_capacity *= 1.0 - p.capacity_cut


def invest(model: ReferenceModel, p: Parameters, plants: list[Any], surcharged: dict[Any, float]) -> None:
    """Widen full plants, order lines that orders ask for and that pay, and scrap what loses more than is borne.

    Both as far as cash and credit go. ``surcharged`` is the share of sales that surcharges take from each owner: it
    is in the owner's margin and not in the plant's cost. Rolled steel beyond what crude steel there is needs furnaces
    and the right to run them, bought elsewhere.
    """
    st = model.state
    rolled = [plant for plant in plants if plant.rolled]
    for plant in plants:
        plant.plan_lines(p)
    coming = p.crude_yield * st.crude_building
    orders = sum(plant.output + plant.unmet for plant in rolled)
    beyond = max(orders - feed(model, p) - coming, 0.0)  # t of rolled steel that want crude steel
    # furnaces and rights cost as much more a tonne as is rolled beyond the crude steel there is
    lines = sum(plant.widened + plant.ordered for plant in rolled)
    short = min(1.0, beyond / max(lines, 1.0))
    furnaces = short / p.crude_yield * (p.capital_crude + p.replaced * p.allowance)
    bills: dict[Any, float] = defaultdict(float)
    for plant in plants:
        unit = (plant.capital(p) + (furnaces if plant.rolled else 0.0)) * st.deflator
        plant.decide_lines(p, unit, plant.margin - surcharged[plant.firm])
        bills[plant.firm] += (1.0 - p.borrowed) * plant.line_cost
    cash = {firm: firm.cash for firm in bills}
    new = 0.0
    for plant in plants:
        firm = plant.firm
        part = plant.affordable(p, cash[firm], bills[firm])
        firm.cash -= part * (1.0 - p.borrowed) * plant.line_cost
        part += (1.0 - part) * p.partners * min(max(plant.pays - 1.0, 0.0), 1.0)  # paid by others
        firm.debt += p.borrowed * part * plant.line_cost
        added = plant.scrap_and_add(p, part, plant.margin - surcharged[firm])
        if plant.rolled:
            new += added
    st.crude_building += new / p.crude_yield * short


def account(model: ReferenceModel, p: Parameters, plants: list[Any]) -> None:
    """Note the year's output, capital and staff at constant prices, and what of the growth these do not explain."""
    st = model.state
    output = capital = 0.0
    for plant in plants:
        worth = plant.price_first * math.exp(p.grade_premium * (plant.grade - plant.grade_first))
        output += plant.output * worth
        capital += plant.capacity * plant.capital(p)
    staff = sum(firm.staff for firm in {plant.firm.key: plant.firm for plant in plants}.values())
    now = (math.log(max(output, 1.0)), math.log(max(capital, 1.0)), math.log(max(staff, 1.0)))
    st.steel_growth[model.year] = now
    since = max(min(st.steel_growth), model.year - WINDOW)
    rise, capital_rise, staff_rise = (a - b for a, b in zip(now, st.steel_growth[since], strict=True))
    told = rise > p.least_growth * (model.year - since)
    residual = rise - p.capital_share * capital_rise - (1.0 - p.capital_share) * staff_rise
    st.steel_contribution = min(max(residual / rise, 0.0), 1.0) if told and rise > 0.0 else 0.0
