"""Firms' R&D: whether, how much, and how much of it is only reported; grants, rewards, tax and the HNTE notch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.mechanisms.research import Parameters
from simulator.mechanisms.research_kernels import MOST_ENTRY, REFERENCE_NEARNESS, REFERENCE_REVENUE
from simulator.world.agents import STATE
from simulator.world.rules import SMALL_FIRM_STAFF
from tests.reference.law import small_low_profit, super_deduction
from tests.reference.luck import Draws
from tests.reference.offers import Application, Counter
from tests.reference.research_notch import FirmAtNotch, answer_notch
from tests.reference.research_routine import FirmWithRoutine, Peers, peers_of

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


class Times(NamedTuple):
    """What all firms face alike this year."""

    recover: float  # part of a deduction that a firm without profit can still use
    dearer: float  # factor on what researchers cost
    simpler: float  # factor on the trouble of claiming
    protection: float  # factor on the R&D that private firms wish for
    protection_state: float
    platforms: list[float]  # factor on the chance to begin R&D, by sector


class ResearchingFirm(FirmAtNotch, FirmWithRoutine):
    """A firm that does R&D or might."""

    def lets_a_year_pass(self: Any) -> None:
        """Remember what was reported; what a grant added ends with it."""
        self.rd_lag2 = self.rd_lag1
        self.rd_lag1 = self.rd_reported
        self.rd_real = max(self.rd_real - self.rd_aided, 0.0)
        self.rd_aided = 0.0

    def real_size(self: Any) -> float:
        """Return revenue at the start's prices over that at which chances are stated."""
        return self.revenue / self.model.state.deflator / REFERENCE_REVENUE

    def finds_money(self: Any, p: Parameters) -> float:
        """Return the part of the wished R&D that liquid funds let the firm do."""
        need = p.liquidity_need * self.revenue
        return p.finance_floor + (1.0 - p.finance_floor) * min(1.0, max(self.cash, 0.0) / max(need, 1.0))

    def chance_to_begin(self: Any, ease: float, times: Times, p: Parameters) -> float:
        """Return the chance to begin R&D: higher for large, good and solvent firms near a university."""
        chance = p.entry * times.platforms[self.sector]
        if self.above_scale and not self.technology_sme:
            chance *= p.traditional
        pull = (
            p.link_entry * self.link
            + (p.facility_entry if self.uses_facility else 0.0)
            + p.nearness_entry * (self.nearness - REFERENCE_NEARNESS)
            + p.quality_entry * self.quality
        )
        return min(chance * self.real_size() ** p.size_entry * math.exp(pull) * ease, MOST_ENTRY)

    def chance_to_stop(self: Any, p: Parameters) -> float:
        """Return the chance to stop R&D: it falls with experience and size, and rises with losses."""
        chance = p.leave * max(p.experience**self.rd_years, p.lasting)
        if self.profit < 0.0:
            chance *= p.loss_leave
        if self.technology_centre:
            chance *= p.centre_leave
        return chance * min(p.small_leave, self.real_size() ** -p.size_leave)

    def begins_or_stops(self: Any, ease: float, times: Times, p: Parameters, draws: Draws) -> None:
        """Decide whether to do R&D this year."""
        if not self.does_rd:
            if draws.uniform(self.key, "enter") < self.chance_to_begin(ease, times, p):
                self.does_rd = True
                self.rd_years = 0
        elif draws.uniform(self.key, "leave") < self.chance_to_stop(p):
            self.does_rd = False
            self.rd_years = 0

    def changes_its_mind(self: Any, follow: float, p: Parameters, draws: Draws) -> None:
        """Move the R&D intensity that the firm would choose unaided; a large firm's mind is steadier.

        ``follow`` is the factor by which it follows others.
        """
        size = self.real_size()
        noise = p.intensity_noise * (1.0 if size <= 1.0 else size**-p.noise_size)
        change = p.drift + noise * draws.normal(self.key, "mind") - 0.5 * noise * noise
        self.rd_intensity = min(p.intensity_most, self.rd_intensity * math.exp(change) * follow)

    def tax_rate(self: Any) -> float:
        """Return the rate at which the firm's profit is taxed."""
        rules = self.model.rules
        if small_low_profit(rules, self.profit, self.staff):
            return rules["small_profit_effective_rate"]
        return rules["hnte_tax"] if self.hnte_until >= self.model.year else rules["corporate_tax"]

    def saves_tax(
        self: Any, base: float, tax: float, times: Times, counter: Counter, p: Parameters, draws: Draws
    ) -> float:
        """Decide whether to claim the deduction; return the tax that it saves per CNY of R&D."""
        law = super_deduction(self.model.rules, self.technology_sme)
        worth = tax * max(counter.total("deduction_rate", self), law)
        trouble = p.claim_cost * self.model.state.deflator * math.exp(p.claim_spread * draws.normal(self.key, "claim"))
        self.claims = worth * base > trouble * (counter.total("claim_cost", self) * times.simpler)
        # without guidance it would not have
        self.claim_induced = self.claims and worth * base <= trouble and counter.offered("claim_cost")
        return worth if self.claims else 0.0

    def hopes_for_reward(self: Any, counter: Counter) -> float:
        """Return the best reward on offer per CNY of more R&D: none beyond the cap."""
        return max(
            (
                o.rate
                for o in counter.promises("rd_reward")
                if o.is_open_to(self) and o.rate * self.rd_lag1 < o.value_for(self)
            ),
            default=0.0,
        )

    def does_research(
        self: Any,
        ease: float,
        follow: float,
        paid_part: float,
        times: Times,
        counter: Counter,
        p: Parameters,
        draws: Draws,
    ) -> None:
        """Do the R&D that is wished for at its user cost, a part of the way from last year's."""
        self.rd_years += 1
        self.changes_its_mind(follow, p, draws)
        base = self.rd_intensity * self.revenue
        # the deduction is used where profit lets it be, now or within the years that losses may be carried
        tax = (1.0 if self.profit > 0.0 else times.recover) * self.tax_rate()
        saved = self.saves_tax(base, tax, times, counter, p, draws)
        saved += self.hopes_for_reward(counter) * paid_part * ease
        user_cost = max(0.2, 1.0 - saved / (1.0 - tax))
        eta = p.eta_small if self.staff < SMALL_FIRM_STAFF else p.eta_large
        protection = times.protection_state if self.ownership == STATE else times.protection
        wish = base * user_cost**-eta * ease * times.dearer * protection
        if self.rd_years > 1:
            wish = self.rd_real + p.adjustment * (wish - self.rd_real)
        self.rd_real = max(wish, 0.0)
        self.rd_reported = self.rd_real

    def decides_on_research(
        self: Any,
        peers: list[Peers] | None,
        paid_part: float,
        times: Times,
        counter: Counter,
        p: Parameters,
        draws: Draws,
    ) -> None:
        """Decide how much R&D to do; ``peers`` by sector matter to firms that go by rules of thumb."""
        if self.does_rd and peers is not None and self.keeps_to_routine(peers[self.sector], p, draws):
            self.goes_on_as_before()
        elif self.does_rd:
            follow = 1.0 if peers is None else self.follows_better_peers(peers[self.sector], p)
            self.does_research(self.finds_money(p), follow, paid_part, times, counter, p, draws)
        else:
            self.rd_real = self.rd_reported = 0.0
            self.claims = self.claim_induced = False

    def ranks_for_grant(self: Any, p: Parameters, draws: Draws) -> float:
        """Return the rank of the firm's project: merit, substance and connections."""
        merit = self.quality + p.grant_size * math.log(max(self.rd_real, 1.0) / 1.0e6)
        return merit + p.connections * draws.normal(self.key, "connections")

    def uses_grant(self: Any, paid: Application, p: Parameters) -> None:
        """Do the R&D that a grant is good for; what was misused is accounted for as R&D."""
        done = paid.real * p.repeat**self.grants
        self.rd_real += done
        self.rd_aided = done
        self.rd_reported += done if paid.real > 0.0 else paid.amount
        self.cash -= paid.amount
        self.grants += 1
        self.rd_aid_year = self.model.year

    def keeps_institution(self: Any, large: float, p: Parameters, draws: Draws) -> None:
        """Set an R&D institution up, or shut it some time after R&D has stopped."""
        if self.has_institution:
            if not self.does_rd:
                self.has_institution = draws.uniform(self.key, "keeps institution") < p.institution_kept
        elif self.does_rd:
            chance = p.institution + (p.institution_large if self.revenue > large else 0.0)
            self.has_institution = draws.uniform(self.key, "institution") < chance


def times_of(model: ReferenceModel, counter: Counter, p: Parameters) -> Times:
    """Return what all firms face alike this year."""
    rules, firms = model.rules, model.living()
    certified = sum(f.hnte_until >= model.year for f in firms) / max(len(firms), 1)
    carried_hnte = 1.0 - math.exp(-p.carry_hazard * rules["loss_carry_years_hnte"])
    carried = 1.0 - math.exp(-p.carry_hazard * rules["loss_carry_years"])
    strength = counter.total("enforcement")
    return Times(
        recover=certified * carried_hnte + (1.0 - certified) * carried,
        dearer=math.exp(p.premium_spend * model.state.research_premium),
        simpler=1.0 - p.negative_list * rules["negative_list_simplification"],
        protection=1.0 + strength * p.enforcement,
        protection_state=1.0 + strength * p.enforcement_state,
        platforms=[1.0 + p.platform_entry * s.platform_support for s in model.sectors],
    )


def rewards_paid(model: ReferenceModel, counter: Counter) -> float:
    """Return the part of rewards that firms count on: what the budget reaches, and what was paid last year."""
    offers = counter.promises("rd_reward")
    if not offers:
        return 0.0
    asked = counter.asked("rd_reward", [Application(f, f.rd_lag1, 0.0) for f in model.living() if f.rd_lag1 > 0.0])
    reach = sum(o.budget for o in offers) / max(asked, 1.0)
    return min(1.0, reach, model.state.paid_part.get("rd_reward", 1.0))


def pay_grants(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Pay ex-ante grants to those ranked first, and let them do the R&D."""
    if not counter.offered("rd_grant"):
        return
    applications = [
        Application(f, f.rd_real, f.ranks_for_grant(p, draws))
        for f in model.living()
        if f.does_rd and draws.uniform(f.key, "applies") < p.apply
    ]
    for paid in counter.draw("rd_grant", applications):
        paid.agent.uses_grant(paid, p)


def pay_rewards(model: ReferenceModel, counter: Counter) -> None:
    """Pay rewards for the R&D of the year before, the smallest first, and remember what part was paid."""
    if not counter.offered("rd_reward"):
        return
    claims = [Application(f, f.rd_lag1, -f.rd_lag1) for f in model.living() if f.rd_lag1 > 0.0 and f.revenue_lag1 > 0.0]
    asked = counter.asked("rd_reward", claims)
    real = 0.0
    for paid in counter.draw("rd_reward", claims):
        paid.agent.rd_aid_year = model.year
        real += paid.real
    model.state.paid_part["rd_reward"] = min(1.0, real / max(asked, 1.0))


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Decide R&D, take grants and rewards, answer the notch, count R&D staff."""
    state = model.state
    for firm in model.living():
        firm.lets_a_year_pass()
    times = times_of(model, counter, p)
    paid_part = rewards_paid(model, counter)
    for firm in model.living():
        firm.begins_or_stops(firm.finds_money(p), times, p, draws)
    peers = peers_of(model) if model.switches.get("research_rule", "elasticity") == "satisficing" else None
    for firm in model.living():
        firm.decides_on_research(peers, paid_part, times, counter, p, draws)
    pay_grants(model, counter, p, draws)
    answer_notch(model, counter, p, draws)
    pay_rewards(model, counter)
    per_head = p.cost_per_head * state.wage_index * math.exp(p.labour_share * state.research_premium)
    large = p.institution_size * state.deflator
    for firm in model.living():
        firm.rd_staff = firm.rd_real / per_head
        firm.keeps_institution(large, p, draws)
    state.survey_share = p.survey_share
    state.rd_labour_share = p.labour_share
