"""The outside world of ``innovation``: knowledge that crosses the border, and technology firms bought abroad."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.agents import FOREIGN
from simulator.world.world import World


@dataclass(frozen=True)
class AbroadParameters:
    """What the world's knowledge gives to firms, and what buying it costs."""

    frontier: float = parameter(
        0.02,
        unit="CNY / CNY",
        prior=Range(0.0, 0.06),
        source="assumed",
        doc="knowledge from the world's R&D that full facilitation adds per own R&D, at full capacity to absorb; "
        "no causal size was found",
    )
    frontier_absorption: float = parameter(
        2.0e7,
        unit="CNY",
        prior=Range(5.0e6, 8.0e7, "log"),
        source="assumed",
        doc="own knowledge at which half of it is absorbed: the world's frontier is further off than neighbours",
    )
    deal_chance: float = parameter(
        0.015,
        unit="1 / year",
        prior=Range(0.004, 0.04, "log"),
        source="assumed",
        doc="chance that a large profitable firm with R&D buys a technology firm abroad",
    )
    deal_profit: float = parameter(
        50000000.0,
        unit="CNY / year",
        prior=Range(2.0e7, 1.5e8, "log"),
        source="assumed",
        doc="profit from which a firm thinks of it, at the start's prices",
    )
    deal_size: float = parameter(
        0.4,
        unit="years",
        prior=Range(0.1, 1.0, "log"),
        source="assumed",
        doc="price of such a purchase over the buyer's yearly profit",
    )
    deal_facilitation: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.0, 1.5),
        source="assumed",
        doc="more purchases under full facilitation",
    )
    deal_response: float = parameter(
        2.0,
        unit="1",
        prior=Range(0.5, 5.0, "log"),
        source="assumed",
        doc="relative rise of purchases per share of the price that is paid for the buyer",
    )
    deal_works: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.25, 0.75, "logit"),
        source="assumed",
        doc="chance that the buyer makes the bought knowledge its own",
    )
    deal_knowledge: float = parameter(
        0.3,
        unit="CNY / CNY",
        prior=Range(0.05, 0.8, "log"),
        source="assumed",
        doc="knowledge that a purchase that works brings home, over its price",
    )
    deal_leak: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.0, 0.10),
        source="assumed",
        doc="part of the buyer's own R&D that moves abroad with a purchase",
    )


def absorb(world: World, terms: Terms, p: AbroadParameters, price: float) -> float:
    """Let firms with R&D of their own gain the world's knowledge, and return the facilitation in force, 0 to 1."""
    f = world.firms
    ease = min(1.0, max(0.0, float(np.asarray(terms.total("facilitation")))))
    if ease > 0.0:
        rows = np.flatnonzero(f.alive & f.does_rd)
        stock = f.knowledge[rows]
        f.acquired[rows] += p.frontier * ease * f.rd_real[rows] / price * stock / (stock + p.frontier_absorption)
    return ease


def buy_abroad(world: World, terms: Terms, p: AbroadParameters, luck: Luck, price: float, ease: float) -> None:
    """Let large profitable firms buy technology firms abroad: money goes out, knowledge comes in or does not."""
    f, st = world.firms, world.state
    rows = np.flatnonzero(f.profit > p.deal_profit * st.deflator)
    able = f.alive[rows] & f.does_rd[rows] & (f.ownership[rows] != FOREIGN)
    rows = rows[able & (f.cash[rows] > p.deal_size * f.profit[rows])]
    cost = p.deal_size * f.profit[rows]
    hoped = np.zeros(rows.size)
    for o in terms.promises("outbound_support"):
        value = np.broadcast_to(np.asarray(o.value, float), (len(f),))[rows]
        due = np.minimum(value, o.rate * cost)
        hoped += due if o.eligible is None else np.where(o.eligible[rows], due, 0.0)
    share = np.minimum(hoped / np.maximum(cost, 1.0), 1.0) * st.paid_part.get("outbound_support", 1.0)
    chance = p.deal_chance * (1.0 + p.deal_facilitation * ease + p.deal_response * share)
    made = luck.uniform(f.key[rows], "abroad") < chance
    rows, cost = rows[made], cost[made]
    st.outbound_deals = float(rows.size)
    if rows.size == 0:
        return
    f.cash[rows] -= cost
    world.ledger.transfer("firms:abroad", "abroad", float(cost.sum()))
    works = luck.uniform(f.key[rows], "abroad works") < p.deal_works
    f.acquired[rows] += np.where(works, p.deal_knowledge * cost / price, 0.0)
    f.rd_intensity[rows] *= 1.0 - p.deal_leak
    asked = terms.asked("outbound_support", rows, cost)
    if asked > 0.0:
        paid = terms.draw("outbound_support", rows, cost, -cost)
        st.paid_part["outbound_support"] = float(paid.amount.sum()) / asked
