"""The compiled decision of ``research``: participation and size of real R&D, firm by firm."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import normal_at, uniform_at
from simulator.world.rules import SMALL_FIRM_STAFF

REFERENCE_REVENUE = 5.0e7  # CNY / year at which the chances to begin and to stop are stated
MOST_ENTRY = 0.6  # most that the chance to begin can be: never near certain, whatever the size
REFERENCE_NEARNESS = 0.7  # nearness to a university at which the chance to begin is stated: the mean firm's


class Columns(NamedTuple):
    """The columns of firms that the decision reads and writes, by name."""

    key: np.ndarray
    alive: np.ndarray
    revenue: np.ndarray
    profit: np.ndarray
    cash: np.ndarray
    staff: np.ndarray
    does_rd: np.ndarray
    rd_years: np.ndarray
    technology_centre: np.ndarray
    rd_intensity: np.ndarray
    rd_real: np.ndarray
    rd_reported: np.ndarray
    link: np.ndarray
    uses_facility: np.ndarray
    nearness: np.ndarray
    quality: np.ndarray
    claims: np.ndarray


class Faced(NamedTuple):
    """What each firm faces this year, (n,) each; ``induced`` is written: a claim that guidance brought about."""

    cost_factor: np.ndarray
    extra: np.ndarray
    reward: np.ndarray
    tax: np.ndarray
    traditional: np.ndarray
    protection: np.ndarray
    induced: np.ndarray


class Habits(NamedTuple):
    """The parameters of the same names."""

    entry: float
    leave: float
    size_leave: float
    small_leave: float
    lasting: float
    centre_leave: float
    loss_leave: float
    experience: float
    size_entry: float
    link_entry: float
    facility_entry: float
    nearness_entry: float
    quality_entry: float
    first_year: float
    eta_small: float
    eta_large: float
    adjustment: float
    drift: float
    intensity_noise: float
    noise_size: float
    intensity_most: float
    finance_floor: float
    liquidity_need: float
    claim_cost: float
    claim_spread: float
    premium_spend: float


class Addresses(NamedTuple):
    """Where the luck of each decision is."""

    enter: np.uint64
    leave: np.uint64
    mind: np.uint64
    claim: np.uint64


@njit(cache=True, nogil=True)
def decide(f: Columns, faced: Faced, p: Habits, at: Addresses, recover: float, deflator: float, premium: float) -> None:
    """Decide on participation and size of real R&D, and on claiming the deduction, firm by firm.

    ``recover`` is the part of a deduction that a firm without profit can still use; ``premium`` the wage of
    researchers over the general path, log points.
    """
    # the luck of most firms is beyond the most that a chance can be, which is cheaper to find than the chance
    gentle = 0.0 <= p.size_entry <= 1.0
    leave_most = p.leave * max(1.0, p.lasting) * max(1.0, p.loss_leave) * max(1.0, p.centre_leave) * p.small_leave
    if p.experience > 1.0:
        leave_most = 1.0
    dearer = np.exp(p.premium_spend * premium)
    for i in range(f.key.shape[0]):
        faced.induced[i] = False
        if not f.alive[i]:
            f.rd_real[i] = 0.0
            continue
        need = p.liquidity_need * f.revenue[i]
        ease = p.finance_floor + (1.0 - p.finance_floor) * min(1.0, max(f.cash[i], 0.0) / max(need, 1.0))
        if not f.does_rd[i]:
            chance = p.entry * faced.traditional[i]
            size = f.revenue[i] / deflator / REFERENCE_REVENUE
            pull = (
                p.link_entry * f.link[i]
                + (p.facility_entry if f.uses_facility[i] else 0.0)
                + p.nearness_entry * (f.nearness[i] - REFERENCE_NEARNESS)
                + p.quality_entry * f.quality[i]
            )
            draw = uniform_at(at.enter, f.key[i])
            # up to 1.5, exp(x) is below 1 + x + x^2, but for rounding
            far = gentle and pull <= 1.5 and draw > 1.001 * chance * max(1.0, size) * (1.0 + pull + pull * pull) * ease
            if not far and draw < min(chance * size**p.size_entry * (np.exp(pull) * ease), MOST_ENTRY):
                f.does_rd[i] = True
                f.rd_years[i] = 0
                f.rd_real[i] = p.first_year * f.rd_intensity[i] * f.revenue[i] * ease
        else:
            draw = uniform_at(at.leave, f.key[i])
            if draw <= 1.001 * leave_most:
                chance = p.leave * max(p.experience ** f.rd_years[i], p.lasting)
                chance *= p.loss_leave if f.profit[i] < 0.0 else 1.0
                chance *= p.centre_leave if f.technology_centre[i] else 1.0
                # large performers persist
                chance *= min(p.small_leave, (f.revenue[i] / deflator / REFERENCE_REVENUE) ** (-p.size_leave))
                if draw < chance:
                    f.does_rd[i] = False
                    f.rd_years[i] = 0
        if not f.does_rd[i]:
            f.rd_real[i] = 0.0
            f.rd_reported[i] = 0.0
            f.claims[i] = False
            continue
        f.rd_years[i] += 1
        # a large firm's mind is the mean of many laboratories' and divisions'
        size = f.revenue[i] / deflator / REFERENCE_REVENUE
        small = size <= 1.0 and p.noise_size >= 0.0  # the power is one or more
        noise = p.intensity_noise * (1.0 if small else min(1.0, size ** (-p.noise_size)))
        f.rd_intensity[i] = min(
            p.intensity_most,
            f.rd_intensity[i] * np.exp(p.drift + noise * normal_at(at.mind, f.key[i]) - 0.5 * noise * noise),
        )
        # the deduction is used where profit lets it be, now or within the years that losses may be carried
        used = 1.0 if f.profit[i] > 0.0 else recover
        worth = used * faced.tax[i] * faced.extra[i]
        base = f.rd_intensity[i] * f.revenue[i]
        trouble = p.claim_cost * deflator * np.exp(p.claim_spread * normal_at(at.claim, f.key[i]))
        f.claims[i] = worth * base > trouble * faced.cost_factor[i]
        faced.induced[i] = f.claims[i] and worth * base <= trouble
        saved = (worth if f.claims[i] else 0.0) + faced.reward[i] * ease
        # the floor keeps the elasticity away from where nothing is known
        user_cost = max(0.2, 1.0 - saved / (1.0 - used * faced.tax[i]))
        eta = p.eta_small if f.staff[i] < SMALL_FIRM_STAFF else p.eta_large
        # the premium on researchers raises what the same work costs; the firm spends more and gets less
        wish = base * user_cost ** (-eta) * ease * dearer * faced.protection[i]
        f.rd_real[i] += (p.adjustment if f.rd_years[i] > 1 else 1.0) * (wish - f.rd_real[i])
        if f.rd_real[i] < 0.0:
            f.rd_real[i] = 0.0
        f.rd_reported[i] = f.rd_real[i]
