"""Incubation: tenants graduate, firms apply, places choose, mentors work with those inside."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.mechanisms.incubation import Parameters
from simulator.world.agents import MAKER_SPACE
from tests.reference.luck import Draws
from tests.reference.offers import Application, Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

WHOLE_OFFER = 1.0e7


class IncubatedFirm:
    """A firm as tenant or applicant."""

    def stays_or_graduates(self: Any, p: Parameters, draws: Draws) -> bool:
        """Let a year of tenancy pass; return whether the firm leaves."""
        self.incubated += 1
        chance = 1.0 / max(p.stay - (p.least_years - 1.0), 1.0)
        if self.incubated >= p.least_years and draws.uniform(self.key, "graduates") < chance:
            self.graduated = self.model.year
            self.incubator = -1
            return True
        return False

    def applies_for_seat(self: Any, p: Parameters, draws: Draws) -> bool:
        """Return whether the firm asks for a seat: young firms often, older small ones sometimes."""
        if self.incubator >= 0 or self.graduated or self.above_scale or self.staff >= p.staff_limit:
            return False
        young = self.model.year - self.founded <= p.young_years
        return draws.uniform(self.key, "applies") < (p.apply if young else p.outsiders)

    def looks_good(self: Any, p: Parameters, blur: float, draws: Draws) -> float:
        """Return the firm's quality as incubators see it."""
        young = self.model.year - self.founded <= p.young_years
        return self.quality + p.noise * blur * draws.normal(self.key, "seen") + (p.young_bonus if young else 0.0)


class ActingIncubator:
    """An incubator or maker space in its year."""

    def standing(self: Any, p: Parameters) -> float:
        """Return how well it stands with applicants and mentors."""
        return self.quality + (p.professional_choice if self.professional else 0.0)

    def free_seats(self: Any) -> int:
        """Return how many more firms it can take."""
        if not self.alive or self.kind == MAKER_SPACE:
            return 0
        return int(max(self.seats - self.tenants, 0.0))

    def attention(self: Any, p: Parameters, effort: float) -> float:
        """Return the strength of mentoring that a tenant gets: mentors congest."""
        heads = self.mentors * p.mentor_load
        return heads / (heads + max(self.tenants, 1.0)) * (p.professional if self.professional else 1.0) * effort


def hand_over(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Hand places to professional operators for an award."""
    if not counter.offered("operator_award"):
        return
    ready = [
        Application(i, WHOLE_OFFER, i.tenants)
        for i in model.incubators
        if i.alive and not i.professional and draws.uniform(i.key, "operator ready") < p.operator_ready
    ]
    for paid in counter.draw("operator_award", ready):
        if paid.real > 0.0:
            paid.agent.professional = True


def efforts(model: ReferenceModel, counter: Counter, p: Parameters, graduates: list[int]) -> list[float]:
    """Reward graduations; return the factor on mentoring by place."""
    effort = [1.0] * len(model.incubators)
    if counter.offered("graduation_reward"):
        asks = [
            Application(i, WHOLE_OFFER * graduates[i.row], graduates[i.row], pieces=float(graduates[i.row]))
            for i in model.incubators
            if i.alive and graduates[i.row] > 0
        ]
        for paid in counter.draw("graduation_reward", asks):
            each = paid.real / (max(paid.agent.tenants, 1.0) * model.state.wage_index)
            effort[paid.agent.row] += p.reward_effort * each / (each + p.reward_half)
    return effort


def blur(model: ReferenceModel, p: Parameters) -> float:
    """Return the error in judging applicants over that of places without professional operators."""
    open_ = [i for i in model.incubators if i.alive and i.kind != MAKER_SPACE]
    return 1.0 - p.professional_sight * sum(i.professional for i in open_) / len(open_) if open_ else 1.0


def fill_seats(model: ReferenceModel, p: Parameters, draws: Draws) -> None:
    """Let firms apply and the best places choose first."""
    applicants = [f for f in model.living() if f.applies_for_seat(p, draws)]
    if not applicants:
        return
    error = blur(model, p)
    applicants.sort(key=lambda f: (-f.looks_good(p, error, draws), f.key))
    seats = [
        place for place in sorted(model.incubators, key=lambda i: -i.standing(p)) for _ in range(place.free_seats())
    ]
    for firm, place in zip(applicants, seats, strict=False):
        firm.incubator = place.row
        firm.incubated = 0


def count_tenants(model: ReferenceModel) -> list[Any]:
    """Count the tenants of each place, and return the firms inside."""
    inside = [f for f in model.living() if f.incubator >= 0]
    for place in model.incubators:
        place.tenants = 0.0
    for firm in inside:
        model.incubators[firm.incubator].tenants += 1.0
    return inside


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Graduate tenants, fill free seats, mentor those inside, support maker spaces."""
    graduates = [0] * len(model.incubators)
    for firm in model.firms:
        firm.mentored *= 1.0 - 1.0 / p.support_years
        if firm.alive and firm.incubator >= 0:
            place = firm.incubator
            graduates[place] += firm.stays_or_graduates(p, draws)
    hand_over(model, counter, p, draws)
    effort = efforts(model, counter, p, graduates)
    count_tenants(model)
    fill_seats(model, p, draws)
    inside = count_tenants(model)

    weight = [i.tenants * math.exp(p.mentor_quality * i.standing(p)) if i.alive else 0.0 for i in model.incubators]
    whole = max(sum(weight), 1.0)
    for place, w in zip(model.incubators, weight, strict=True):
        place.mentors = model.pool("mentors").stock * w / whole
    attention = [i.attention(p, effort[i.row]) for i in model.incubators]
    for firm in inside if model.switches.get("incubators", "mentoring") == "mentoring" else []:
        firm.mentored = max(firm.mentored, attention[firm.incubator])

    for place in model.incubators:
        place.fee_relief = 0.0
    spaces = [i for i in model.incubators if i.alive and i.kind == MAKER_SPACE]
    for paid in counter.draw("maker_support", [Application(i, WHOLE_OFFER, i.quality) for i in spaces]):
        paid.agent.fee_relief = min(1.0, paid.real / (p.space_cost * model.state.wage_index))
