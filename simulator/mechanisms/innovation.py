"""Innovation: knowledge accumulates, spills over and depreciates; innovations arrive; productivity follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.declare import Label, Mechanism
from simulator.core.elementary import exp_of, log_of
from simulator.core.luck import Luck, count_above, normals_of, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.selection import marked
from simulator.core.terms import Terms
from simulator.mechanisms.innovation_abroad import AbroadParameters, absorb, buy_abroad
from simulator.mechanisms.innovation_opportunities import OpportunityParameters, openness, use_up
from simulator.mechanisms.innovation_orders import (
    NOVELTY_MOST,
    OrderParameters,
    deliver_orders,
    due_orders,
    place_orders,
)
from simulator.world.world import World

BLOCK = 256  # firms whose exponentials and logarithms are taken together
TINY = 1.0e-300  # keeps a logarithm finite
MANY = 30.0  # mean arrivals beyond which some always come


@dataclass(frozen=True)
class Parameters(OrderParameters, AbroadParameters, OpportunityParameters):
    """How knowledge is made and what comes of it."""

    depreciation: float = parameter(
        0.15, unit="1 / year", prior=Range(0.10, 0.35, "log"), source="hall2007", doc="knowledge that loses its worth"
    )
    spillover: float = parameter(
        0.32,
        unit="CNY / CNY",
        prior=Range(0.08, 0.80, "log"),
        source="bloom2013",
        doc="knowledge gained from others' R&D per own R&D, at mean nearness and full capacity to absorb",
    )
    absorption: float = parameter(
        5.0e6,
        unit="CNY",
        prior=Range(1.0e6, 2.0e7, "log"),
        source="assumed",
        doc="own knowledge at which half of what spills over is absorbed; none without own R&D",
    )
    short_spillover: float = parameter(
        0.25,
        unit="factor",
        prior=Range(0.1, 0.6, "log"),
        source="assumed",
        doc="spillovers under the switch for short ones, over those for long ones",
    )
    common_knowledge: float = parameter(
        100000.0,
        unit="CNY",
        prior=Range(2.0e4, 5.0e5, "log"),
        source="assumed",
        doc="knowledge that every firm has without R&D: it keeps a first project from multiplying productivity",
    )
    arrival: float = parameter(
        0.50,
        unit="innovations / year",
        prior=Range(0.25, 1.0, "log"),
        source="assumed",
        doc="innovations a year from a knowledge stock of 1 m CNY",
    )
    returns: float = parameter(
        0.45,
        unit="elasticity",
        prior=Range(0.20, 0.70),
        source="judgement_effects",
        doc="innovations to knowledge (patents to R&D)",
    )
    overdispersion: float = parameter(
        0.8,
        unit="log points",
        prior=Range(0.4, 1.3, "log"),
        source="hausman1984",
        doc="spread of firms' yearly arrival rates beyond Poisson",
    )
    productivity: float = parameter(
        0.08,
        unit="elasticity",
        prior=Range(0.03, 0.12),
        source="chen2019_productivity",
        doc="productivity to the knowledge stock",
    )
    novelty_value: float = parameter(
        3.0e5,
        unit="CNY",
        prior=Range(1.0e5, 1.0e6, "log"),
        source="assumed",
        doc="median yearly sales of an innovation's product",
    )
    value_spread: float = parameter(
        1.6,
        unit="log points",
        prior=Range(1.2, 2.2),
        source="harhoff_value",
        doc="spread of the value of innovations: lognormal with a heavy tail",
    )
    novelty_life: float = parameter(
        4.0, unit="years", prior=Range(2.0, 7.0, "log"), source="assumed", doc="mean time for which a product is novel"
    )
    renewal: float = parameter(
        0.05,
        unit="1 / year",
        prior=Range(0.02, 0.10, "log"),
        source="assumed",
        doc="part of old revenue that innovators turn into high-tech revenue each year",
    )
    work_effect: float = parameter(
        1.5,
        unit="factor",
        prior=Range(0.5, 3.0, "log"),
        source="assumed",
        doc="knowledge that a CNY of university hours brings, while its effect lasts",
    )
    stake_effect: float = parameter(
        0.04,
        unit="1",
        prior=Range(0.0, 0.12),
        source="assumed",
        doc="more innovations of a state firm whose technical staff all hold a stake; no causal study was found",
    )
    platform_effect: float = parameter(
        0.05,
        unit="1",
        prior=Range(-0.03, 0.15, floor=-0.5),
        source="assumed",
        doc="more innovations of an R&D firm that a platform of its sector reaches, at full capacity to absorb",
    )
    quality_effect: float = parameter(
        0.25,
        unit="log points",
        prior=Range(0.1, 0.5, "log"),
        source="assumed",
        doc="log arrivals per standard deviation of a firm's quality",
    )


@njit(cache=True, nogil=True)
def _surroundings(alive: np.ndarray, rd_real: np.ndarray, tech: np.ndarray) -> np.ndarray:
    """Return the (8,) sum of R&D by direction in technology space; its dot with a position is the R&D near it."""
    out = np.zeros(tech.shape[1])
    performing = np.empty(alive.shape[0], np.bool_)
    for i in range(alive.shape[0]):
        performing[i] = alive[i] & (rd_real[i] > 0.0)
    for i in marked(performing):
        for k in range(tech.shape[1]):
            out[k] += rd_real[i] * tech[i, k]
    return out


class Making(NamedTuple):
    """The parameters of the same names."""

    depreciation: float
    absorption: float
    common_knowledge: float
    arrival: float
    returns: float
    overdispersion: float
    productivity: float
    novelty_value: float
    value_spread: float
    novelty_life: float
    work_effect: float
    quality_effect: float
    stake_effect: float
    renewal: float


@njit(cache=True, nogil=True, error_model="numpy")
def _innovate(
    key: np.ndarray,
    alive: np.ndarray,
    does_rd: np.ndarray,
    rd_real: np.ndarray,
    knowledge: np.ndarray,
    boost: np.ndarray,
    boost_life: np.ndarray,
    acquired: np.ndarray,
    quality: np.ndarray,
    sector: np.ndarray,
    pooled: np.ndarray,
    stake: np.ndarray,
    shared: np.ndarray,
    left: np.ndarray,
    tech: np.ndarray,
    around: np.ndarray,
    reference: float,
    revenue: np.ndarray,
    novelty: np.ndarray,
    productivity: np.ndarray,
    innovations: np.ndarray,
    hightech_share: np.ndarray,
    price: float,
    deflator: float,
    spillover: float,
    p: Making,
    a_rate: np.uint64,
    a_count: np.uint64,
    a_value: np.uint64,
) -> None:
    """Renew each firm's knowledge and productivity, and let its innovations arrive.

    ``stake`` is what staff hold, (1,) for all or (n,); ``shared`` (S,) what platforms and dear energy add in a sector,
    ``left`` (S,) the part of its opportunities that is left.
    """
    spread = p.overdispersion
    kept, one_stake = 1.0 - 1.0 / p.novelty_life, stake.shape[0] == 1
    per_price, lasting = 1.0 / price, max(1.0 - p.depreciation, 0.0)
    busy = np.empty(BLOCK, np.bool_)
    gain, before, active = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK, np.int64)
    mean, lifts, idle, none = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    rate, names, luck = np.empty((BLOCK, 1)), np.empty(BLOCK, np.uint64), np.empty(BLOCK)
    came, worth = np.empty(BLOCK), np.empty(BLOCK)
    for start in range(0, key.shape[0], BLOCK):
        count, m = min(BLOCK, key.shape[0] - start), 0
        for j in range(count):
            i = start + j
            before[j] = knowledge[i]
            remembered = lasting * before[j] + rd_real[i] * per_price + acquired[i]
            knowledge[i] = remembered if alive[i] else before[j]
        for j in range(count):
            i = start + j
            acquired[i] = 0.0 if alive[i] else acquired[i]
            novelty[i] *= kept if alive[i] else 1.0
        for j in range(count):
            innovations[start + j] = 0
            busy[j] = alive[start + j] & (does_rd[start + j] | (boost[start + j] != 0.0))
        for j in marked(busy[:count]):  # few: most firms do no R&D
            i = start + j
            old = before[j]
            near = absorbed = 0.0
            if does_rd[i]:
                absorbed = old / (old + p.absorption)
            if does_rd[i] and reference > 0.0:
                for k in range(tech.shape[1]):
                    near += around[k] * tech[i, k]
                # R&D near the firm over that of the first year, sized like the firm's own: it helps those who do some
                near *= rd_real[i] * per_price * absorbed / reference
            knowledge[i] += spillover * near
            stock = knowledge[i] + p.work_effect * boost[i]
            if boost[i] != 0.0 and boost_life[i] > 0.0:
                boost[i] *= 0.5 ** (1.0 / boost_life[i])
            if does_rd[i] or boost[i] > 0.0:
                lift = 1.0 + p.stake_effect * (stake[0] if one_stake else stake[i])
                idle[m] = 0.0
                if does_rd[i]:
                    # what is shared helps those who can take it in: none without own R&D
                    lift *= 1.0 + shared[sector[i]] * absorbed
                else:  # only what bought work adds brings anything about
                    idle[m] = (knowledge[i] / 1.0e6) ** p.returns
                lifts[m] = p.arrival * lift * (1.0 + pooled[i]) * left[sector[i]]
                mean[m] = max(stock * 1.0e-6, TINY)
                none[m] = p.quality_effect * quality[i] - 0.5 * spread * spread
                active[m], names[m] = i, key[i]
                m += 1
        for j in range(count):
            ratio = (knowledge[start + j] + p.common_knowledge) / (before[j] + p.common_knowledge)
            gain[j] = p.productivity * log_of(ratio if alive[start + j] else 1.0)
        for j in range(count):
            productivity[start + j] += gain[j]
        normals_of(a_rate, names[:m], rate[:m])
        for j in range(m):
            none[j] += spread * rate[j, 0]
            mean[j] = (exp_of(p.returns * log_of(mean[j])) - idle[j]) * lifts[j] * exp_of(none[j])
            none[j] = exp_of(-mean[j])  # the chance that nothing arrives
        for j in range(m):
            luck[j] = uniform_at(a_count, names[j])
        found = 0
        for j in range(m):
            if luck[j] > none[j] or mean[j] > MANY:
                n = count_above(mean[j], luck[j], none[j])
                i = active[j]
                active[found], names[found], came[found] = i, key[i], n
                found += n > 0.0
        normals_of(a_value, names[:found], rate[:found])
        for j in range(found):
            worth[j] = min(exp_of(p.value_spread * rate[j, 0]), 1.0e4) * (came[j] * p.novelty_value * deflator)
        for j in range(found):
            i = active[j]
            innovations[i] = came[j]
            hightech_share[i] += p.renewal * (1.0 - hightech_share[i])
            novelty[i] = min(NOVELTY_MOST, novelty[i] + worth[j] / max(revenue[i], 1.0e5) * (1.0 - novelty[i]))


def step(world: World, terms: Terms, p: Parameters, luck: Luck) -> None:
    """Renew knowledge and let innovations arrive."""
    f, st = world.firms, world.state
    around = _surroundings(f.alive, f.rd_real, f.tech)
    # what R&D money buys: general prices, and the premium that a tight market for researchers asks
    price = st.deflator * float(np.exp(st.rd_labour_share * st.research_premium))
    if world.year == world.region.start_year:
        st.rd_reference = float(f.rd_real[f.alive].sum()) / price
    due = due_orders(world)
    inventive = place_orders(world, terms, p, luck, price)
    buy_abroad(world, terms, p, luck, price, absorb(world, terms, p, price))
    _innovate(
        f.key,
        f.alive,
        f.does_rd,
        f.rd_real,
        f.knowledge,
        f.boost,
        f.boost_life,
        f.acquired,
        f.quality,
        f.sector,
        f.pooled,
        np.atleast_1d(terms.total("staff_stake")),
        p.platform_effect * world.sectors.platform_support + world.sectors.induced,
        openness(world, p, p.arrival, p.returns, p.quality_effect),
        f.tech,
        around,
        st.rd_reference * price,
        f.revenue,
        f.novelty,
        f.productivity,
        f.innovations,
        f.hightech_share,
        price,
        st.deflator,
        p.spillover if world.switches.get("spillovers", "long") == "long" else p.short_spillover * p.spillover,
        Making._make(float(getattr(p, name)) for name in Making._fields),
        luck.address("rate"),
        luck.address("count"),
        luck.address("value"),
    )
    deliver_orders(world, due)
    first = inventive[f.innovations[inventive] == 0]  # the others have renewed their sales already
    f.hightech_share[first] += p.renewal * (1.0 - f.hightech_share[first])
    f.innovations[inventive] += 1
    use_up(world)


MECHANISM = Mechanism("innovation", Label("Innovation", "创新"), Parameters, step)
