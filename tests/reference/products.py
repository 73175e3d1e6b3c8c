"""Products: pharmaceutical projects begin, advance through their stages or fail, launch, sell and are upgraded."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.products import (
    BIG_SELLER,
    BROUGHT_UP,
    DISCOVERY,
    MARKET,
    PHASE_2,
    PHASE_3,
    PRECLINICAL,
    REVIEW,
    Parameters,
)
from simulator.world.agents import ATTRACTED_FIRM
from simulator.world.rules import TECHNOLOGY_SME_STAFF
from tests.reference.luck import Draws, child_key, poisson_count
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

GENERIC_REVIEW = MARKET  # takes the place in tables of stages that no stage of work has
OWN, BROUGHT, KEY_TECHNOLOGY = 500, 700, 900  # first rank of an owner's children of each kind


class DrugMaker:
    """A pharmaceutical firm."""

    def can_carry(self: Any, p: Parameters, cost: float) -> int:
        """Return how many projects in trials, at ``cost`` a year each, it could pay for."""
        liquid = max(self.cash, 0.0) + (self.stake if self.fund >= 0 else 0.0)
        return math.floor((self.rd_real + p.cash_share * liquid) / cost)

    def begins_projects(self: Any, p: Parameters, lift: float, draws: Draws) -> int:
        """Return how many projects its innovations of the year begin."""
        if self.innovations <= 0.0:
            return 0
        return math.floor(p.start * lift * self.innovations + draws.uniform(self.key, "begin"))

    def brings_projects(self: Any, p: Parameters, draws: Draws) -> int:
        """Return how many projects it brings in the year after it came from elsewhere."""
        if self.origin != ATTRACTED_FIRM or self.settled != self.model.year - 1:
            return 0
        return int(poisson_count(p.attracted, draws.uniform(self.key, "brought")))

    def works_with_others(self: Any, supported: float, draws: Draws) -> bool:
        """Return whether it has an institution or an alliance, or works with a platform."""
        if self.has_institution or self.alliance >= 0:
            return True
        return draws.uniform(self.key, "works with a platform") < supported

    def is_new_here(self: Any) -> bool:
        """Return whether an incubator took it in this year; those counted when they came are not counted again."""
        return (
            self.incubator >= 0
            and self.incubated == 0
            and self.staff <= TECHNOLOGY_SME_STAFF
            and self.origin not in BROUGHT_UP
        )

    def upgrades(self: Any, p: Parameters, product: Any, draws: Draws) -> bool:
        """Return whether its innovations upgrade its best-selling product, which must have rested."""
        if product.upgraded and self.model.year - product.upgraded < p.upgrade_rest:
            return False
        return draws.uniform(self.key, "upgrade") < 1.0 - max(1.0 - p.upgrade, 0.0) ** self.innovations


class Drug:
    """A product on its way."""

    def ends(self: Any) -> None:
        """Be given up."""
        self.alive = False
        self.sales = 0.0

    def stage_ends(self: Any, years: float, draws: Draws) -> bool:
        """Return whether it comes to the end of a stage of that mean length."""
        return draws.uniform(self.key, "done") < 1.0 - math.exp(-1.0 / years)

    def moves_on(self: Any) -> None:
        """Enter the next stage; a generic goes from preclinical work (bioequivalence) straight to review."""
        self.stage = REVIEW if self.generic and self.stage < REVIEW else self.stage + 1
        self.years = 0.0

    def is_upgraded(self: Any, p: Parameters, deflator: float, year: int) -> None:
        """Become able to sell more."""
        real = self.sales / deflator
        old = max(self.peak_sales, real)
        self.peak_sales = old + p.upgrade_gain * real
        self.reached *= old / self.peak_sales
        self.upgraded = year


class Industry:
    """The city's pharmaceutical industry in a year."""

    def __init__(self, model: ReferenceModel, p: Parameters, draws: Draws) -> None:
        self.model, self.p, self.draws = model, p, draws
        self.row = model.region.sectors.index("pharma")
        self.firms = [f for f in model.firms if f.alive and f.sector == self.row]
        self.supported = model.sectors[self.row].platform_support
        self.since_plan = model.since_plan()

    def counts(self, key: int) -> bool:
        """Return whether an event of this year comes after the plan's start, a coin in the year it begins."""
        return self.draws.uniform(key, "since the plan") < self.since_plan

    # ---- advancing --------------------------------------------------------------------------------

    def advance(self) -> None:
        """Let stages end and be passed or failed; hand over what its owner does not or cannot carry on."""
        model, draws = self.model, self.draws
        owners = {a.key: a for a in model.universities if a.alive} | {f.key: f for f in model.living()}
        institutes = {u.key for u in model.universities if u.alive}
        ready = []
        for product in model.products:
            if not product.alive:
                continue
            if product.owner not in owners:  # a product ends with its owner
                product.ends()
                continue
            product.years += 1.0
            if product.stage < MARKET:
                ready.append(product)
        own = {product.key for product in ready if product.owner in institutes}
        held = self.hand_over([product for product in ready if product.key not in own], owners)

        years, passes = self.stages()
        moves = []
        for product in ready:
            if not product.alive or product.key in held:
                continue
            stage = GENERIC_REVIEW if product.generic and product.stage == REVIEW else product.stage
            if product.stage_ends(years[stage], draws):
                if draws.uniform(product.key, "passes") < passes[stage]:
                    moves.append(product)
                else:
                    product.ends()
        # institutes do not run trials: what leaves their laboratories is licensed, here or elsewhere
        given = [product for product in moves if product.key in own and product.stage == PRECLINICAL]
        self.license(given, [f.rd_real if f.does_rd else 0.0 for f in self.firms])
        for product in moves:
            if not product.alive:
                continue
            if not product.generic and product.stage == PRECLINICAL:
                model.state.own_ip_products += self.counts(product.key)
            product.moves_on()

    def stages(self) -> tuple[list[float], list[float]]:
        """Return the mean length of each stage in years and the chance to pass it; the last is a generic's review."""
        p = self.p
        early = p.early_years / (1.0 + p.platform_speed * self.supported)
        gone = 1.0 - self.model.rules["drug_review_queue"]
        new, generic = p.review_new * (1.0 - p.queue_new * gone), p.review_generic * (1.0 - p.queue_generic * gone)
        return (
            [early, early, p.phase_1_years, p.late_years, p.late_years, new, generic],
            [p.early_pass, p.early_pass, p.pass_1, p.pass_2, p.pass_3, p.pass_review, p.pass_generic * p.pass_review],
        )

    def hand_over(self, products: list[Any], owners: dict[int, Any]) -> set[int]:
        """Return which products of firms (keys) wait because their owner cannot pay for trials; license some out."""
        p, draws = self.p, self.draws
        cost = p.trial_cost * self.model.state.deflator
        late: dict[int, list[Any]] = defaultdict(list)
        for product in products:
            if product.stage in (PHASE_2, PHASE_3):
                late[product.owner].append(product)
        weak = []
        for owner, mine in late.items():
            able = owners[owner].can_carry(p, cost)
            if able < len(mine):
                mine.sort(key=lambda product: (-product.stage, product.key))  # an owner carries its furthest first
                weak += mine[max(able, 0) :]
        given = [product for product in weak if draws.uniform(product.key, "licensed") < p.licence]
        if given:
            self.license(given, [max(f.can_carry(p, cost) - len(late.get(f.key, ())), 0) for f in self.firms])
        return {product.key for product in weak}

    def license(self, given: list[Any], weight: list[float]) -> None:
        """Give products to the firms of the city by ``weight``, or to firms elsewhere: those leave the city."""
        if not given:
            return
        draws, heaped = self.draws, list(accumulate(weight))
        whole = heaped[-1] if heaped else 0.0
        local = self.p.licence_local if whole > 0.0 else 0.0
        for product in given:
            if draws.uniform(product.key, "licensed here") < local:
                pick = bisect_right(heaped, draws.uniform(product.key, "licensee") * whole)
                product.owner = self.firms[min(pick, len(heaped) - 1)].key
            else:
                product.ends()

    # ---- selling ----------------------------------------------------------------------------------

    def on_sale(self) -> dict[Any, list[Any]]:
        """Return what each firm has on the market."""
        firms = {f.key: f for f in self.model.living()}
        out: dict[Any, list[Any]] = defaultdict(list)
        for product in self.model.products:
            if product.alive and product.stage == MARKET and product.owner in firms:
                out[firms[product.owner]].append(product)
        return out

    def upgrade(self, on_sale: dict[Any, list[Any]]) -> None:
        """Let innovating firms upgrade their best-selling product."""
        st, year, plan_start = self.model.state, self.model.year, self.model.region.plan_start
        for firm, products in on_sale.items():
            sold = [product for product in products if product.sales > 0.0]
            if not sold or firm.innovations <= 0.0:
                continue
            best = min(sold, key=lambda product: (-product.sales, product.key))
            if firm.upgrades(self.p, best, self.draws):
                if best.sales >= BIG_SELLER and best.upgraded < plan_start:
                    st.product_upgrades += self.counts(best.key)
                best.is_upgraded(self.p, st.deflator, year)

    def sell(self, on_sale: dict[Any, list[Any]]) -> None:
        """Move products towards their peak; plant and sales force must follow what that adds to a firm's sales."""
        p, deflator = self.p, self.model.state.deflator
        for firm, products in on_sale.items():
            ways = [p.climb * (1.0 - product.reached) for product in products]
            adds = [way * product.peak_sales * deflator for way, product in zip(ways, products, strict=True)]
            part = min(1.0, p.launch_most * firm.revenue / max(sum(adds), 1.0))
            for product, way, add in zip(products, ways, adds, strict=True):
                product.sales += part * add
                product.reached += part * way
                firm.product_gain += part * add

    # ---- beginning --------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin projects: from firms' innovations, from institutes' results, and those that attracted firms bring."""
        model, draws, p = self.model, self.draws, self.p
        lift = 1.0 + p.platform_start * self.supported
        for firm in self.firms:
            for rank in range(firm.begins_projects(p, lift, draws)):
                self.begin_one(firm.key, OWN + rank)
        for firm in self.firms:
            for rank in range(firm.brings_projects(p, draws)):
                self.begin_one(firm.key, BROUGHT + rank, brought=True)
        # the field of later institutes is not known by sector
        fields = model.region.university_fields.tolist()
        for university, field in zip(model.universities, fields, strict=False):
            if not university.alive or field[self.row] <= 0.0:
                continue
            share = field[self.row] / sum(field)
            mean = p.start_public * lift * university.results * share
            for rank in range(math.floor(mean + draws.uniform(university.key, "begin"))):
                self.begin_one(university.key, OWN + rank)

    def begin_one(self, owner: int, rank: int, brought: bool = False) -> None:
        """Begin a project; what a newcomer brings is on its way already, as far as the first clinical phase."""
        draws, p = self.draws, self.p
        key = child_key(owner, rank, self.model.year)
        generic = draws.uniform(key, "generic") < p.generic
        stage = math.floor(3.0 * draws.uniform(key, "brought at")) if brought else DISCOVERY
        self.model.arrive(
            "products",
            key=key,
            owner=owner,
            generic=generic,
            stage=PRECLINICAL if generic else stage,
            peak_sales=p.peak_sales * math.exp(p.sales_spread * draws.normal(key, "peak")),
        )

    def solve(self) -> None:
        """Count key and common technologies: the most valuable innovations of firms that work with others."""
        st, draws = self.model.state, self.draws
        for firm in self.firms:
            if firm.innovations > 0.0 and firm.works_with_others(self.supported, draws):
                for rank in range(int(firm.innovations)):
                    key = child_key(firm.key, KEY_TECHNOLOGY + rank, self.model.year)
                    if draws.uniform(key, "key technology") < self.p.key_technology:
                        st.technologies_solved += self.counts(key)

    def count_new_firms(self) -> None:
        """Count the year's biomedical SMEs that incubators took in, researchers founded, or that moved here."""
        if self.since_plan <= 0.0:
            return
        new = [f for f in self.firms if f.is_new_here()]
        new += [
            f
            for f in self.model.arriving["firms"]
            if f.sector == self.row and f.staff <= TECHNOLOGY_SME_STAFF and f.origin in BROUGHT_UP
        ]
        self.model.state.pharma_smes_new += sum(self.counts(f.key) for f in new)


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Advance, fail and launch products; upgrade old ones; begin new ones; say what launches add to owners' sales."""
    for firm in model.firms:
        firm.product_gain = 0.0
    industry = Industry(model, p, draws)
    if model.products:
        industry.advance()
    if industry.firms:
        on_sale = industry.on_sale()
        industry.upgrade(on_sale)
        industry.sell(on_sale)
        industry.begin()
        industry.solve()
    industry.count_new_firms()
