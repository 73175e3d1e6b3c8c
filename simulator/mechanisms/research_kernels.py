"""The compiled parts of ``research``: participation and size of real R&D, grants and laboratories, firm by firm."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.elementary import exp_of, log_of
from simulator.core.luck import normal_at, normal_quantile, normals_of, uniform_at
from simulator.core.selection import marked
from simulator.world.agents import STATE
from simulator.world.rules import SMALL_FIRM_STAFF, Law, has_small_rate

REFERENCE_REVENUE = 5.0e7  # CNY / year at which the chances to begin and to stop are stated
MOST_ENTRY = 0.6  # most that the chance to begin can be: never near certain, whatever the size
LEAST_SIZE = 1.0e-9  # sales over REFERENCE_REVENUE below which a smaller firm is no fickler
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
    claim_induced: np.ndarray
    sector: np.ndarray
    ownership: np.ndarray
    above_scale: np.ndarray
    technology_sme: np.ndarray
    hnte_until: np.ndarray
    rd_lag1: np.ndarray
    rd_lag2: np.ndarray
    rd_aided: np.ndarray


class Faced(NamedTuple):
    """What firms face this year beside the law; columns are (n,), or (1,) where all face the same.

    ``cost_factor`` is on the cost of claiming and ``simpler`` what the law makes of it; ``extra`` the deduction that
    offers give, ``reward`` the hoped reward, of which firms count on the part ``rewarded``; ``begins`` (S,) by sector
    is a factor on the chance to begin, ``protection`` one on wishes, of state firms and of others; ``steps`` are
    quantiles of a firm's cost of claiming over the median's, in equal steps of luck.
    """

    cost_factor: np.ndarray
    extra: np.ndarray
    reward: np.ndarray
    begins: np.ndarray
    steps: np.ndarray
    simpler: float
    rewarded: float
    state_protection: float
    protection: float
    guided: bool
    year: int
    deflator: float
    premium: float


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
    traditional: float


@njit(cache=True, nogil=True)
def _of(column: np.ndarray, i: int) -> float:
    """Return a row's value of a (n,) column, or what all have where it is (1,)."""
    return column[i] if column.shape[0] != 1 else column[0]


@njit(cache=True, nogil=True)
def _ease(cash: float, revenue: float, floor: float, liquidity_need: float) -> float:
    """Return the part of wished R&D that a firm's liquid funds let it do."""
    return floor + (1.0 - floor) * min(1.0, max(cash, 0.0) / max(liquidity_need * revenue, 1.0))


@njit(cache=True, nogil=True)
def _trouble(least: float, most: float, median: float, spread: float, steps: np.ndarray, u: float) -> float:
    """Return what claiming costs the firm with a draw, or a bound that says as much.

    Most firms' answer is clear from the step that their luck stands on, without what lies on it: where the cost is
    surely above ``most`` or below ``least`` (CNY), that bound is returned.
    """
    step = int(u * (steps.shape[0] - 1))
    low, high = 0.999999 * median * steps[step], 1.000001 * median * steps[step + 1]
    if low > most:
        return low
    return high if high < least else median * np.exp(spread * normal_quantile(u))


@njit(cache=True, nogil=True)
def take_part(
    f: Columns, faced: Faced, p: Habits, a_enter: np.uint64, a_leave: np.uint64
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Let firms begin and stop to do R&D; return those that do some (m,), and the part of living firms with status.

    Of those (m,): rows, keys, and revenue over REFERENCE_REVENUE. What was reported moves to the years before; what a
    grant added ends with it: a firm adjusts from what it paid for itself.
    """
    # the luck of most firms is beyond the most that a chance can be, which is cheaper to find than the chance
    gentle = 0.0 <= p.size_entry <= 1.0
    enter_most = 1.001 * p.entry * faced.begins.max()
    outside_most = p.traditional * enter_most
    leave_most = 1.001 * p.leave * max(1.0, p.lasting) * max(1.0, p.loss_leave) * max(1.0, p.centre_leave)
    leave_most *= p.small_leave
    if p.experience > 1.0:
        leave_most = 1.0
    unit = 1.0 / (faced.deflator * REFERENCE_REVENUE)
    rows = np.empty(f.key.shape[0], np.int64)
    m, living, certified = 0, 0, 0
    for i in range(f.key.shape[0]):
        f.rd_lag2[i] = f.rd_lag1[i]
        f.rd_lag1[i] = f.rd_reported[i]
        f.rd_real[i] = max(f.rd_real[i] - f.rd_aided[i], 0.0)
        f.rd_aided[i] = 0.0
        f.claim_induced[i] = False
        if not f.alive[i]:
            f.rd_real[i] = 0.0
            continue
        living += 1
        certified += f.hnte_until[i] >= faced.year
        size = f.revenue[i] * unit
        if not f.does_rd[i]:
            draw = uniform_at(a_enter, f.key[i])
            pull = (
                p.link_entry * f.link[i]
                + (p.facility_entry if f.uses_facility[i] else 0.0)
                + p.nearness_entry * (f.nearness[i] - REFERENCE_NEARNESS)
                + p.quality_entry * f.quality[i]
            )
            # but for rounding, up to 1.5 exp(x) is below 1 + x + x^2, and x^a below 1 + a(x - 1) for a from 0 to 1
            up = max(pull, 0.0)
            by_size = 1.0 + p.size_entry * (size - 1.0)
            outside = f.above_scale[i] & ~f.technology_sme[i]
            far = gentle & (pull <= 1.5)
            far &= draw > (outside_most if outside else enter_most) * by_size * (1.0 + up + up * up)
            if not far and draw < MOST_ENTRY:
                chance = p.entry * ((p.traditional if outside else 1.0) * faced.begins[f.sector[i]])
                ease = _ease(f.cash[i], f.revenue[i], p.finance_floor, p.liquidity_need)
                if draw < min(chance * size**p.size_entry * (np.exp(pull) * ease), MOST_ENTRY):
                    f.does_rd[i] = True
                    f.rd_years[i] = 0
        else:
            draw = uniform_at(a_leave, f.key[i])
            if draw <= leave_most:
                chance = p.leave * max(p.experience ** f.rd_years[i], p.lasting)
                chance *= p.loss_leave if f.profit[i] < 0.0 else 1.0
                chance *= p.centre_leave if f.technology_centre[i] else 1.0
                chance *= min(p.small_leave, size ** (-p.size_leave))  # large performers persist
                if draw < chance:
                    f.does_rd[i] = False
                    f.rd_years[i] = 0
        if f.does_rd[i]:
            rows[m] = i
            m += 1
        else:
            f.rd_real[i] = 0.0
            f.rd_reported[i] = 0.0
            f.claims[i] = False
    rows = rows[:m].copy()
    keys, sizes = np.empty(m, np.uint64), np.empty(m)
    for j in range(m):
        keys[j], sizes[j] = f.key[rows[j]], f.revenue[rows[j]] * unit
    return rows, keys, sizes, certified / max(living, 1)


@njit(cache=True, nogil=True, error_model="numpy")
def minds(keys: np.ndarray, sizes: np.ndarray, p: Habits, address: np.uint64) -> np.ndarray:
    """Return the factors (m,) by which firms of ``sizes`` (m,) over REFERENCE_REVENUE change their R&D intensity.

    A large firm's mind is the mean of many laboratories' and divisions', so it changes less.
    """
    luck, out = np.empty((keys.shape[0], 1)), np.empty(keys.shape[0])
    normals_of(address, keys, luck)
    for j in range(keys.shape[0]):
        noise = p.intensity_noise * min(exp_of(-p.noise_size * log_of(max(sizes[j], LEAST_SIZE))), 1.0)
        out[j] = exp_of(p.drift + noise * luck[j, 0] - 0.5 * noise * noise)
    return out


@njit(cache=True, nogil=True)
def decide(
    f: Columns,
    rows: np.ndarray,
    mind: np.ndarray,
    recover: float,
    faced: Faced,
    law: Law,
    p: Habits,
    a_claim: np.uint64,
) -> None:
    """Decide on the size of real R&D, and on claiming the deduction, of the firms (m,) that do some.

    ``mind`` (m,) is the factor by which each changes its mind on its intensity, ``recover`` the part of a deduction
    that a firm without profit can still use; the premium on researchers is over the general path, log points.
    """
    dearer = np.exp(p.premium_spend * faced.premium)
    for j in range(rows.shape[0]):
        i = rows[j]
        f.rd_years[i] += 1
        f.rd_intensity[i] = min(p.intensity_most, f.rd_intensity[i] * mind[j])
        # the deduction is used where profit lets it be, now or within the years that losses may be carried
        used = 1.0 if f.profit[i] > 0.0 else recover
        certified = f.hnte_until[i] >= faced.year
        tax = law.hnte_tax if certified else law.corporate_tax
        if has_small_rate(law, f.profit[i], f.staff[i]):
            tax = law.small_profit_effective_rate
        own = max(law.rd_super_deduction_tech_sme if f.technology_sme[i] else 0.0, law.rd_super_deduction)
        worth = used * tax * max(_of(faced.extra, i), own)
        base = f.rd_intensity[i] * f.revenue[i]
        ease = _ease(f.cash[i], f.revenue[i], p.finance_floor, p.liquidity_need)
        gain, factor = worth * base, _of(faced.cost_factor, i) * faced.simpler
        f.claims[i] = False
        if gain > 0.0:
            most, least = gain / max(min(factor, 1.0), 1e-9), gain / max(factor, 1.0)
            draw = uniform_at(a_claim, f.key[i])
            trouble = _trouble(least, most, p.claim_cost * faced.deflator, p.claim_spread, faced.steps, draw)
            f.claims[i] = gain > trouble * factor
            f.claim_induced[i] = faced.guided and f.claims[i] and gain <= trouble
        saved = (worth if f.claims[i] else 0.0) + _of(faced.reward, i) * faced.rewarded * ease
        wish = base
        if saved != 0.0:
            # the floor keeps the elasticity away from where nothing is known
            user_cost = max(0.2, 1.0 - saved / (1.0 - used * tax))
            wish *= user_cost ** (-(p.eta_small if f.staff[i] < SMALL_FIRM_STAFF else p.eta_large))
        # the premium on researchers raises what the same work costs; the firm spends more and gets less
        wish *= ease * dearer * (faced.state_protection if f.ownership[i] == STATE else faced.protection)
        f.rd_real[i] += (p.adjustment if f.rd_years[i] > 1 else 1.0) * (wish - f.rd_real[i])
        if f.rd_real[i] < 0.0:
            f.rd_real[i] = 0.0
        f.rd_reported[i] = f.rd_real[i]


@njit(cache=True, nogil=True)
def count_on(spent: np.ndarray, value: np.ndarray, rate: float, eligible: np.ndarray, hoped: np.ndarray) -> None:
    """Raise ``hoped`` (n,) to the ``rate`` of a reward where what was spent (n,) is below its cap, (1,) or (n,)."""
    for i in range(hoped.shape[0]):
        if (eligible.shape[0] == 0 or eligible[i]) and rate * spent[i] < _of(value, i):
            hoped[i] = max(hoped[i], rate)


@njit(cache=True, nogil=True)
def performers(alive: np.ndarray, spent: np.ndarray, revenue: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the living firms (m,) with sales that spent on R&D, and what they spent (m,); ``revenue`` may be empty."""
    some = np.empty(alive.shape[0], np.bool_)
    for i in range(alive.shape[0]):
        some[i] = (spent[i] > 0.0) & alive[i]
    if revenue.shape[0] > 0:
        for i in range(alive.shape[0]):
            some[i] &= revenue[i] > 0.0
    rows = marked(some)
    return rows, spent[rows]


@njit(cache=True, nogil=True)
def applicants(
    performing: np.ndarray,
    key: np.ndarray,
    quality: np.ndarray,
    rd_real: np.ndarray,
    chance: float,
    by_size: float,
    connections: float,
    a_applies: np.uint64,
    a_connections: np.uint64,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which firms ``performing`` (p,) R&D apply for a grant (m,), their R&D (CNY) and their rank.

    The rank is of merit, substance and connections.
    """
    rows = np.empty(performing.shape[0], np.int64)
    m = 0
    for i in performing:  # no branch, which would be guessed wrong too often
        rows[m] = i
        m += uniform_at(a_applies, key[i]) < chance
    rows = rows[:m].copy()
    cost, rank = np.empty(m), np.empty(m)
    for j in range(m):
        i = rows[j]
        cost[j] = rd_real[i]
        rank[j] = quality[i] + by_size * np.log(max(rd_real[i], 1.0) / 1.0e6)
        rank[j] += connections * normal_at(a_connections, key[i])
    return rows, cost, rank


class Aided(NamedTuple):
    """The columns of firms that a grant changes, by name."""

    rd_real: np.ndarray
    rd_aided: np.ndarray
    rd_reported: np.ndarray
    cash: np.ndarray
    grants: np.ndarray
    rd_aid_year: np.ndarray


@njit(cache=True, nogil=True)
def use_grants(f: Aided, rows: np.ndarray, amount: np.ndarray, real: np.ndarray, repeat: float, year: int) -> None:
    """Do the R&D that grants (m,) of an ``amount`` (CNY) are good for, ``real`` (CNY) at a first one.

    Each further grant is worth ``repeat`` of the one before.
    """
    for j in range(rows.shape[0]):
        i = rows[j]
        done = real[j] * repeat ** f.grants[i]
        f.rd_real[i] += done
        f.rd_aided[i] = done
        f.rd_reported[i] += done if real[j] > 0.0 else amount[j]  # what was misused is accounted for as R&D
        f.cash[i] -= amount[j]  # the grant goes through R&D or is gone; it does not stay as cash
        f.grants[i] += 1
        f.rd_aid_year[i] = year


@njit(cache=True, nogil=True, error_model="numpy")
def equip(
    key: np.ndarray,
    alive: np.ndarray,
    does_rd: np.ndarray,
    rd_real: np.ndarray,
    revenue: np.ndarray,
    rd_staff: np.ndarray,
    has_institution: np.ndarray,
    per_head: float,
    large: float,
    small_chance: float,
    large_chance: float,
    kept: float,
    a_sets_up: np.uint64,
    a_keeps: np.uint64,
) -> None:
    """Count R&D staff (n,), and let firms set up R&D institutions or close those of firms that do no R&D."""
    closes, able = np.empty(key.shape[0], np.bool_), np.empty(key.shape[0], np.bool_)
    for i in range(key.shape[0]):
        rd_staff[i] = rd_real[i] / per_head if alive[i] else 0.0
    for i in range(key.shape[0]):
        has_institution[i] &= alive[i]
        closes[i], able[i] = has_institution[i] & (not does_rd[i]), alive[i] & does_rd[i] & (not has_institution[i])
    for i in marked(closes):
        has_institution[i] = uniform_at(a_keeps, key[i]) < kept
    for i in marked(able):
        has_institution[i] = uniform_at(a_sets_up, key[i]) < (large_chance if revenue[i] > large else small_chance)
