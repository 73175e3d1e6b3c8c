"""Transfer: hours and contracts of universities, results taken from shelves, spin-offs, and the technology market."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.transfer import Parameters
from simulator.mechanisms.transfer_kernels import FASTEST, SLOWEST
from simulator.world.inventors import REFERENCE_SHARE
from tests.reference.hours import Hours
from tests.reference.luck import Draws, poisson_count
from tests.reference.offers import Application, Counter
from tests.reference.transfer_facilities import share_instruments
from tests.reference.transfer_joint import joint_projects
from tests.reference.transfer_market import buy_technology, open_offices, sort_projects

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class TradingFirm:
    """A firm that buys hours and results, and sells technology."""

    def asks_for_voucher(self: Any, counter: Counter, p: Parameters, draws: Draws) -> bool:
        """Return whether the firm asks for its first university hours; those far away ask less often."""
        if self.voucher_year or self.university < 0 or not counter.is_open_to("university_hours", self):
            return False
        chance = p.voucher_interest * (p.far_interest + (1.0 - p.far_interest) * self.nearness)
        return draws.uniform(self.key, "asks") < chance

    def uses_voucher(self: Any, paid: Application, p: Parameters, draws: Draws) -> None:
        """Pay the hours, start what they are worth, perhaps keep a tie, perhaps become a regular performer."""
        self.voucher_year = self.model.year
        self.cash -= paid.amount
        if draws.uniform(self.key, "worth") >= paid.real / paid.amount:
            return
        self.boost += paid.amount / self.model.state.deflator
        self.boost_life = paid.half_life
        if draws.uniform(self.key, "tie") < p.link_after:
            self.link = max(self.link, 1.0)
        if draws.uniform(self.key, "regular") < p.regular and not self.does_rd:
            self.does_rd = True
            self.rd_real = self.rd_intensity * self.revenue

    def pull_on_results(self: Any, p: Parameters) -> float:
        """Return how much the firm can do with results: it must be near and know enough."""
        return self.nearness * self.knowledge / (self.knowledge + p.absorption)

    def takes_results(self: Any, mean: float, p: Parameters, draws: Draws) -> float:
        """Take results from the shelf of its university; return how many."""
        if mean <= 0.0:
            return 0.0
        n = poisson_count(mean, draws.uniform(self.key, "deal"))
        if n > 0.0:
            self.acquired += n * p.deal_value
            self.link = max(self.link, p.deal_tie)
        return n

    def sells_technology(self: Any, growth: float, chance: float, p: Parameters, draws: Draws) -> None:
        """Let sales of technology grow with the market and the firm, and perhaps register them."""
        self.contracts = 0.0
        if self.technology_sales == 0.0:
            return
        self.technology_sales *= growth
        self.technology_sales *= min(max(self.revenue / max(self.revenue_lag1, 1.0), SLOWEST), FASTEST)
        if not self.alive or self.technology_sales <= 0.0:
            return
        if not self.registers and draws.uniform(self.key, "join") < chance:
            self.registers = True
        if self.registers:
            spread = p.contract_spread
            size = math.exp(spread * draws.normal(self.key, "size") - 0.5 * spread * spread)
            self.contracts = self.technology_sales * size


class TransferringUniversity:
    """A university that places its results."""

    def drive(self: Any, prize: float, counter: Counter, p: Parameters) -> float:
        """Return its effort for transfer: income kept, credit in promotion, and prizes that are hoped for."""
        hoped = min(prize / (max(self.inventor_share, 0.05) * p.deal_value), 1.0)
        kept = 1.0 + p.kept_gain * counter.total("income_kept", self)
        return kept * (1.0 + p.credit_gain * counter.total("promotion_credit", self)) * (1.0 + p.prize_gain * hoped)

    def on_shelf(self: Any, counter: Counter, p: Parameters) -> float:
        """Return the results that can be found, the old ones mostly where there is a duty to list them."""
        return self.shelf + self.shelf_old * (
            p.old_results + (1.0 - p.old_results) * counter.total("use_or_list", self)
        )

    def rate_of_deals(self: Any, drive: float, demand: float, offered: float, counter: Counter, p: Parameters) -> float:
        """Return the deals to be expected: what users would take, as far as its officers can handle it."""
        months = p.delay * self.model.rules["transfer_approval_required"] * counter.total("approval", self)
        appetite = 2.0 * demand / (demand + p.users_half)
        wish = p.use_chance * self.on_shelf(counter, p) * math.exp(-p.delay_hazard * months) * drive
        wish *= appetite * (1.0 + p.matching_gain * offered)
        staff = self.transfer_staff * (1.0 + (p.office_gain if self.has_office else 0.0)) * p.deals_per_staff * drive
        return wish * staff / max(wish + staff, 1e-9)

    def books_deals(self: Any, deals: float, shelf: float, counter: Counter, p: Parameters, draws: Draws) -> None:
        """Take what firms took off the shelf; some deals are paid in equity."""
        taken = min(deals / max(shelf, 1e-9), 1.0)
        self.shelf *= 1.0 - taken
        self.shelf_old *= 1.0 - taken
        self.deals = deals
        share = counter.total("team_equity", self) / REFERENCE_SHARE
        chance = min(p.equity_share * share**p.share_elasticity, 1.0)
        equity = draws.poisson(self.key, "equity", deals * chance)
        self.deal_value = self.model.state.wage_index * (deals * p.deal_value + equity * p.equity_value)

    def lets_leave(self: Any, counter: Counter, p: Parameters, draws: Draws) -> None:
        """Let researchers leave to found firms, more readily the larger the part that is theirs."""
        own = max(self.inventor_share, 0.05)
        share = max(own, counter.total("inventor_share", self), counter.total("team_equity", self))
        response = (own / REFERENCE_SHARE) ** p.share_elasticity
        response *= (share / own) ** (p.share_elasticity * p.rise_discount)
        mean = p.spinoff_rate * self.researchers * response
        mean *= 1.0 + p.instalment_gain * counter.total("equity_tax_years")
        law = p.national_leave * (1.0 - self.model.rules["transfer_approval_required"])
        mean *= 1.0 + p.leave_gain * max(counter.total("leave_right", self) - law, 0.0)
        mean *= p.fund_spinoffs if self.has_fund else 1.0
        mean *= p.base_spinoffs if self.has_base else 1.0
        self.leavers = draws.poisson(self.key, "spin-off", mean if self.alive else 0.0)
        self.spinoffs += self.leavers


def vouchers(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Let small firms ask for their first university hours; the hours bind."""
    if not counter.offered("university_hours"):
        return
    price = p.project_cost * model.state.wage_index
    asks = [
        Application(
            f,
            price * math.exp(p.project_spread * draws.normal(f.key, "project")),
            f.quality + p.voucher_noise * draws.normal(f.key, "rank"),
        )
        for f in model.living()
        if f.asks_for_voucher(counter, p, draws)
    ]
    hours = Hours(
        [u.researchers * p.hours_per_researcher * model.state.wage_index * u.alive for u in model.universities]
    )
    provider = {
        a.agent: hours.serve(a.agent.university, a.wanted) for a in sorted(asks, key=lambda a: (-a.rank, a.agent.key))
    }
    for paid in counter.draw("university_hours", [a for a in asks if provider[a.agent] >= 0]):
        model.universities[provider[paid.agent]].hours_sold += paid.amount
        paid.agent.uses_voucher(paid, p, draws)


def sell_contracts(model: ReferenceModel, p: Parameters, matched: list[float]) -> None:
    """Let firms with a tie buy research from their university."""
    for u, public in zip(model.universities, matched, strict=True):
        u.contract_income = u.hours_sold + public
    for firm in model.living():
        if firm.university >= 0:
            model.universities[firm.university].contract_income += p.outsourcing * firm.link * firm.rd_real
    for u in model.universities:
        u.budget = u.core_budget * u.working + u.contract_income


def prize_money(counter: Counter) -> float:
    """Return the prize for a deal."""
    return sum(o.value for o in counter.promises("transfer_prize"))


def place_results(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Let firms take results from the shelves, as far as offices, approval and their own knowledge allow."""
    offered = sort_projects(model, counter, p, draws)
    prize = prize_money(counter) * model.state.paid_part.get("transfer_prize", 1.0)
    users = [(f, f.pull_on_results(p)) for f in model.living() if f.does_rd and f.university >= 0]
    demand = [0.0] * len(model.universities)
    for firm, pull in users:
        demand[firm.university] += pull
    shelves = [u.on_shelf(counter, p) for u in model.universities]
    rates = [
        u.rate_of_deals(u.drive(prize, counter, p), d, offered, counter, p) / max(d, 1e-9) if d > 0.0 else 0.0
        for u, d in zip(model.universities, demand, strict=True)
    ]
    deals = [0.0] * len(model.universities)
    for firm, pull in users:
        deals[firm.university] += firm.takes_results(pull * rates[firm.university], p, draws)
    for u, n, shelf in zip(model.universities, deals, shelves, strict=True):
        u.books_deals(n, shelf, counter, p, draws)


def pay_prizes(model: ReferenceModel, counter: Counter) -> None:
    """Pay prizes for the year's deals, and remember what part was paid."""
    asks = [
        Application(u, u.deals * prize_money(counter), u.deals, pieces=u.deals)
        for u in model.universities
        if u.alive and u.deals > 0.0
    ]
    if not counter.offered("transfer_prize") or not asks:
        return
    asked = sum(a.wanted for a in asks)
    paid = sum(a.amount for a in counter.draw("transfer_prize", asks))
    model.state.paid_part["transfer_prize"] = min(1.0, paid / max(asked, 1.0))


def sell_technology(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> float:
    """Move firms' sales of technology; return the share of sellers who registered before."""
    index = model.paths["tech_contract_national"]
    now = index.get(model.year, 1.0)
    before = index.get(model.year - 1, now)
    nominal = (1.0 + model.outside["gdp_real_growth"]) * (1.0 + model.outside["gdp_deflator"])
    growth = max(now / before / nominal, 0.5) ** p.market_growth
    sellers = [f for f in model.living() if f.technology_sales > 0.0]
    joined = sum(f.registers for f in sellers) / max(len(sellers), 1)
    chance = p.register_start + p.register_spread * joined
    chance *= 1.0 + p.service_gain * counter.total("registration_service")
    for firm in model.firms:
        firm.sells_technology(growth, chance, p, draws)
    return joined


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Sell hours, contracts and results; let researchers leave; register contracts."""
    open_offices(model, p)
    for u in model.universities:
        u.hours_sold = 0.0
    vouchers(model, counter, p, draws)
    share_instruments(model, counter, p, draws)
    matched = joint_projects(model, counter, p, draws, p.outsourcing)
    sell_contracts(model, p, matched)
    place_results(model, counter, p, draws)
    buy_technology(model, counter, p, draws, p.deal_tie, p.outsourcing)
    pay_prizes(model, counter)
    for u in model.universities:
        u.lets_leave(counter, p, draws)
    joined = sell_technology(model, counter, p, draws)
    for u in model.universities:
        u.contracts = joined * (u.contract_income + u.deal_value)
    model.state.transaction_share = p.transaction_share
