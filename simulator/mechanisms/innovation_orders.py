"""Public orders of ``innovation``: who wins them, and what they do to sales of novel products years later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.world import World

NEXT, SECOND, THIRD = 0, 1, 2  # columns of the queue: years after the order, when the year's own is done


@dataclass(frozen=True)
class OrderParameters:
    """How public orders for new products are placed, and what comes of them.

    An order takes the place of another public purchase of the same worth, so it adds nothing to demand; what it
    adds is a reference customer, and with it sales of the novel product to others, at rivals' expense in the market.
    """

    extra_cost: float = parameter(
        0.25,
        unit="1",
        prior=Range(0.08, 0.6, "log"),
        source="assumed",
        doc="what a new product costs the city beyond a proven one, trials and failures included, over the order",
    )
    order_share: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.03, 0.25, "log"),
        source="assumed",
        doc="largest order over the yearly revenue of the firm that wins it",
    )
    order_view: float = parameter(
        1.0,
        unit="standard deviations",
        prior=Range(0.5, 2.0, "log"),
        source="assumed",
        doc="error in the buyers' view of firms, whose quality they are after",
    )
    order_novelty: float = parameter(
        0.05,
        unit="1",
        prior=Range(0.01, 0.10, "log"),
        source="judgement_procurement_share",
        doc="rise of the share of sales from novel products at a winner of an order of a million CNY",
    )
    order_most: float = parameter(
        4.0,
        unit="CNY / CNY",
        prior=Range(1.0, 12.0, "log"),
        source="assumed",
        doc="most that an order can add to yearly sales of novel products, over the order: it binds at large firms",
    )
    order_size: float = parameter(
        0.12,
        unit="elasticity",
        prior=Range(0.03, 0.3, "log"),
        source="rassenfosse2019",
        doc="that rise to the size of the order, at the start's prices: ten times the money, a third more effect "
        "(published for patents per contract)",
    )
    order_late: float = parameter(
        0.75,
        unit="1",
        prior=Range(0.4, 0.95, "logit"),
        source="rassenfosse2019_lag",
        doc="part of the effect that comes in the third year and not the second: 33 months on average",
    )
    order_incremental: float = parameter(
        0.85,
        unit="1",
        prior=Range(0.6, 0.97, "logit"),
        source="judgement_procurement_incremental",
        doc="chance that what is ordered is an improvement only; otherwise one more innovation is made for it",
    )
    order_research: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.1, 0.9, "logit"),
        source="assumed",
        doc="part of what is paid for pre-commercial R&D that is R&D the firm would not have done",
    )
    premium_rate: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.015, 0.06, "log"),
        source="assumed",
        doc="premium of first-of-kind insurance over the sales of the insured equipment",
    )
    premium_novelty: float = parameter(
        0.1,
        unit="1",
        prior=Range(0.0, 0.4),
        source="assumed",
        doc="rise of sales of novel products where the whole premium is paid, over these sales; no causal study was "
        "found",
    )


REFERENCE_ORDER = 1.0e6  # CNY at which the effect of an order is stated
NOVELTY_MOST = 0.9  # share of novel products beyond which none is added


@njit(cache=True, nogil=True)
def _move_on(alive: np.ndarray, orders: np.ndarray, due: np.ndarray) -> bool:
    """Move the queue (n, LAGS) on by a year; set what comes out of it, (n,), and return whether there is any."""
    last, found = orders.shape[1] - 1, False
    for i in range(orders.shape[0]):
        due[i] = orders[i, 0] if alive[i] else 0.0
        found = found or due[i] != 0.0
        for lag in range(last):
            orders[i, lag] = orders[i, lag + 1]
        orders[i, last] = 0.0
    return found


@njit(cache=True, nogil=True)
def _deliver(due: np.ndarray, novelty: np.ndarray) -> None:
    """Raise the share of novel products (n,) by what is due (n,)."""
    for i in range(due.shape[0]):
        if due[i] != 0.0:
            novelty[i] = min(novelty[i] + due[i] * (1.0 - novelty[i]), NOVELTY_MOST)


def due_orders(world: World) -> np.ndarray | None:
    """Return what older orders add this year to the share of novel products, (n,), and move the queue on by a year."""
    f = world.firms
    due = np.empty(len(f))
    return due if _move_on(f.alive, f.orders, due) else None


def deliver_orders(world: World, due: np.ndarray | None) -> None:
    """Let the share of novel products rise by what is due, (n,)."""
    if due is not None:
        _deliver(due, world.firms.novelty)


def place_orders(world: World, terms: Terms, p: OrderParameters, luck: Luck, price: float) -> np.ndarray:
    """Order new products from last year's innovators, and pay for first-of-kind insurance.

    ``price`` is that of R&D over the start's. What is paid is the extra cost; the order is that over its share.
    Returns the rows whose order calls for one more innovation this year.
    """
    f, st = world.firms, world.state
    st.procurement = 0.0
    inventive = np.empty(0, np.int64)
    if terms.offered("first_purchase"):
        rows = np.flatnonzero(f.alive & (f.innovations > 0.0))
        wanted = p.extra_cost * p.order_share * f.revenue[rows]
        rank = f.quality[rows] + p.order_view * luck.normal(f.key[rows], "order")
        paid = terms.draw("first_purchase", rows, wanted, rank)
        inventive = _win(world, terms, p, luck, price, paid.index, paid.amount)
    if terms.offered("first_of_kind_premium"):
        rows = np.flatnonzero(f.alive & f.above_scale & (f.innovations > 0.0))
        premium = p.premium_rate * f.novelty[rows] * f.revenue[rows]
        paid = terms.draw("first_of_kind_premium", rows, premium, f.novelty[rows])
        i = paid.index
        f.cash[i] -= paid.amount  # it goes on to the insurer
        whole = np.maximum(p.premium_rate * f.novelty[i] * f.revenue[i], 1.0)
        f.orders[i, NEXT] += p.premium_novelty * f.novelty[i] * paid.amount / whole
    return inventive


def _win(
    world: World, terms: Terms, p: OrderParameters, luck: Luck, price: float, rows: np.ndarray, paid: np.ndarray
) -> np.ndarray:
    """Book the orders of the winners: R&D paid for now, novel sales to come; return those who must invent for it."""
    f, st = world.firms, world.state
    if rows.size == 0:
        return rows
    order = paid / p.extra_cost
    st.procurement = float(order.sum())
    early = terms.column("purchase_research")[rows]
    f.acquired[rows] += p.order_research * early * paid / price
    f.cash[rows] -= paid  # the extra cost is spent on making it new
    rise = p.order_novelty * (order / st.deflator / REFERENCE_ORDER) ** p.order_size
    rise = np.minimum(rise, p.order_most * order / f.revenue[rows])
    # what is ordered before there is a product comes in the last of the years that are followed
    f.orders[rows, SECOND] += (1.0 - p.order_late) * (1.0 - early) * rise
    f.orders[rows, THIRD] += (p.order_late * (1.0 - early) + early) * rise
    return rows[luck.uniform(f.key[rows], "order is new") >= p.order_incremental]
