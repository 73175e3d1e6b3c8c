"""The technology market: transfer offices, sorted projects, and support for buying technology."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.luck import Luck, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Entry, Terms
from simulator.world.hours import additional_part, askers, costs, tie_worth
from simulator.world.world import World

WORKING_TIE = 0.5  # strength from which a tie works, as it is counted elsewhere


@dataclass(frozen=True)
class MarketParameters:
    """What go-betweens can do, and who buys."""

    office_officers: float = parameter(
        2.0,
        unit="persons",
        prior=Range(0.5, 5.0, "log"),
        source="assumed",
        doc="transfer staff that a new office or transfer company adds",
    )
    matching_done: float = parameter(
        0.85,
        unit="1",
        prior=Range(0.6, 0.97, "logit"),
        source="assumed",
        doc="share of the projects to be sorted in a year that are sorted, without coordination",
    )
    matching_governance: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.0, 0.6),
        source="assumed",
        doc="share of that shortfall which full leadership and evaluation close",
    )
    matching_gain: float = parameter(
        0.10,
        unit="1",
        prior=Range(0.0, 0.4),
        source="assumed",
        doc="more results that find a user where all that wait are sorted and offered; no causal estimate exists",
    )
    matching_tie: float = parameter(
        0.02,
        unit="ties / project",
        prior=Range(0.0, 0.08),
        source="assumed",
        doc="firms with R&D of their own that come to work with a university, per project sorted and offered",
    )
    service_gain: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.0, 1.5),
        source="assumed",
        doc="rise of a seller's chance to begin registering where registering is fully helped",
    )
    buys: float = parameter(
        0.15,
        unit="1 / year",
        prior=Range(0.04, 0.4, "log"),
        source="assumed",
        doc="chance that a firm which may be supported buys technology or commissions R&D in a year",
    )
    purchase_cost: float = parameter(
        1.5e6,
        unit="CNY",
        prior=Range(5.0e5, 5.0e6, "log"),
        source="assumed",
        doc="median price of what it buys, at the start's wages",
    )
    purchase_spread: float = parameter(
        0.8, unit="log points", prior=Range(0.4, 1.3, "log"), source="assumed", doc="spread of that price"
    )
    purchase_most: float = parameter(
        0.25,
        unit="1",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="price over the firm's yearly R&D, at most: bought technology needs own work to be used",
    )
    purchase_usual: float = parameter(
        0.2,
        unit="1",
        prior=Range(0.1, 0.4, "logit"),
        source="assumed",
        doc="public part of the price for which the additional share of supported purchases is stated",
    )
    purchase_local: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.1, 0.8, "logit"),
        source="assumed",
        doc="part of supported purchases made at local universities and institutes",
    )


def open_offices(world: World, p: MarketParameters) -> None:
    """Staff the offices that were finished this year, the largest institutions without one first."""
    u = world.universities
    count = world.delivered("transfer_office").size
    if count:
        rows = np.flatnonzero(u.alive & ~u.has_office & ~u.has_company)
        rows = rows[np.lexsort((u.key[rows], -u.researchers[rows]))][:count]
        u.has_office[rows] = True
        u.transfer_staff[rows] += p.office_officers
    companies = world.delivered("institute_fund").size
    if companies:
        # science has just opened them; they are the youngest companies without staff of their own
        rows = np.flatnonzero(u.alive & u.has_company & ~u.has_office)
        u.has_office[rows] = True
        u.transfer_staff[rows] += p.office_officers


@njit(cache=True, nogil=True)
def _match(
    key: np.ndarray,
    performers: np.ndarray,
    nearness: np.ndarray,
    link: np.ndarray,
    expected: float,
    address: np.uint64,
) -> None:
    """Tie firms with R&D (f,) to their universities, as many as are ``expected``, by their nearness."""
    rows = np.empty(performers.shape[0], np.int64)
    m, near = 0, 0.0
    for i in performers:
        if link[i] < WORKING_TIE:
            rows[m] = i
            m += 1
            near += nearness[i]
    for i in rows[:m]:
        if uniform_at(address, key[i]) < expected * nearness[i] / max(near, 1.0):
            link[i] = 1.0


def sort_projects(world: World, terms: Terms, p: MarketParameters, luck: Luck, performers: np.ndarray) -> float:
    """Sort transferable projects, bring ``performers`` of R&D (f,) to their universities.

    Returns the part of waiting results that is offered, 0 to 1.
    """
    f, u, st = world.firms, world.universities, world.state
    st.projects_sorted = 0.0
    if not terms.offered("project_matching"):
        return 0.0
    strength = min(1.0, float(np.asarray(terms.total("delivery"))))
    done = 1.0 - (1.0 - p.matching_done) * (1.0 - p.matching_governance * strength)

    def filled(entry: Entry, quantity: float) -> float:
        return done * quantity

    for order in terms.orders("project_matching", filled):
        st.ordered += order.spent
        st.projects_sorted += order.quantity
    expected = p.matching_tie * st.projects_sorted
    _match(f.key, performers, f.nearness, f.link, expected, luck.address("matched"))
    return min(1.0, st.projects_sorted / max(float((u.shelf + u.shelf_old).sum()), 1.0))


def buy_technology(
    world: World,
    terms: Terms,
    p: MarketParameters,
    luck: Luck,
    tie: float,
    outsourcing: float,
    performers: np.ndarray,
) -> None:
    """Let ``performers`` (f,) that support is open to buy technology.

    What is additional adds knowledge, deals and a tie.
    """
    f, u, st = world.firms, world.universities, world.state
    if not terms.offered("purchase_support"):
        return
    rows = askers(
        f.key,
        performers,
        f.nearness,
        terms.eligible("purchase_support"),
        p.buys,
        1.0,
        luck.address("buys"),
    )
    if rows.size == 0:
        return
    keys = f.key[rows]
    price = costs(keys, p.purchase_cost * st.wage_index, p.purchase_spread, luck.address("purchase"))
    price = np.minimum(price, p.purchase_most * f.rd_real[rows])
    paid = terms.draw("purchase_support", rows, price, luck.uniform(keys, "purchase rank"))
    i = paid.index
    if i.size == 0:
        return
    whole = price[np.searchsorted(rows, i)]
    extra = whole * additional_part(paid.real / paid.amount, paid.amount / whole, p.purchase_usual)
    f.cash[i] -= extra
    f.acquired[i] += extra / st.deflator
    local = luck.uniform(f.key[i], "purchase local") < p.purchase_local
    here, seller = i[local], f.university[i[local]]
    np.add.at(u.deal_value, seller, extra[local])
    np.add.at(u.deals, seller, 1.0)
    f.link[here] = np.maximum(f.link[here], tie * tie_worth(f.rd_real[here], extra[local], tie * outsourcing))
