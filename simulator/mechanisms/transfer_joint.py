"""Joint projects of firms and universities, paid by both and by a fund."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from simulator.core.luck import Luck, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.hours import Awards, Partners, additional_part, askers, costs, ranks, serve, tie_worth
from simulator.world.world import World

WORKING_TIE = 0.5  # strength from which a tie works, as it is counted elsewhere


@dataclass(frozen=True)
class JointParameters:
    """Who applies for a joint project, what it costs and what it leaves behind."""

    joint_apply: float = parameter(
        0.10,
        unit="1 / year",
        prior=Range(0.03, 0.25, "log"),
        source="assumed",
        doc="chance that a firm with R&D, at full nearness to a university, applies for a joint project",
    )
    joint_cost: float = parameter(
        1.5e6,
        unit="CNY",
        prior=Range(6.0e5, 4.0e6, "log"),
        source="assumed",
        doc="median cost of a joint project at the start's wages",
    )
    joint_spread: float = parameter(
        0.7, unit="log points", prior=Range(0.4, 1.2, "log"), source="assumed", doc="spread of that cost"
    )
    joint_most: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.1, 0.6, "logit"),
        source="assumed",
        doc="cost of a joint project over the firm's yearly R&D, at most: the firm must be able to match and to follow",
    )
    joint_hours: float = parameter(
        3.0e4,
        unit="CNY / researcher / year",
        prior=Range(1.0e4, 8.0e4, "log"),
        source="assumed",
        doc="value of the joint work that a researcher can take on in a year",
    )
    joint_noise: float = parameter(
        1.0,
        unit="standard deviations",
        prior=Range(0.4, 2.5, "log"),
        source="assumed",
        doc="error of the fund's ranking of applicants by quality",
    )
    joint_tie: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="chance that the tie outlasts a project to which the firm is fully committed",
    )
    joint_commitment: float = parameter(
        0.4,
        unit="1",
        prior=Range(0.0, 0.9, ceiling=1.0),
        source="assumed",
        doc="part of a project's worth that is lost where the public pays all of it and the firm risks nothing",
    )
    joint_usual: float = parameter(
        0.3,
        unit="1",
        prior=Range(0.2, 0.5, "logit"),
        source="assumed",
        doc="public part of a project's cost for which a fund's additional share is stated: with less of it, more of "
        "the projects are those that would have been done anyway",
    )
    joint_rd: float = parameter(
        0.03,
        unit="1",
        prior=Range(0.0, 0.10),
        source="scandura2016",
        doc="rise of a firm's own R&D intensity by its first project with a partner (published: the sign)",
    )


class Joint(NamedTuple):
    """The parameters of the same names, and the strength from which a tie works."""

    joint_tie: float
    joint_commitment: float
    joint_usual: float
    joint_rd: float
    outsourcing: float
    working_tie: float


@njit(cache=True, nogil=True, error_model="numpy")
def start_joint(
    f: Partners,
    paid: Awards,
    p: Joint,
    deflator: float,
    address: np.uint64,
    hours_sold: np.ndarray,
    own_share: np.ndarray,
) -> None:
    """Start joint projects: ``hours_sold`` gathers the fund's part of them by university, ``own_share`` the firms'."""
    at = 0
    for j in range(paid.who.shape[0]):
        i, amount = paid.who[j], paid.amount[j]
        while paid.rows[at] != i:
            at += 1
        whole = paid.cost[at]
        # a project that would have been done anyway is among the firm's contracts; there the fund's money stays with it
        new_part = additional_part(paid.real[j] / amount, amount / whole, p.joint_usual)
        hours_sold[paid.provider[at]] += amount * new_part
        own_share[paid.provider[at]] += (whole - amount) * new_part
        f.cash[i] -= amount * new_part
        committed = new_part * (1.0 - p.joint_commitment * amount / whole)
        # own R&D is counted where it is decided; what the partner knows comes on top of it, from the whole project
        brought = whole * committed / deflator
        lasting = f.boost[i] * f.boost_life[i] + brought * paid.half_life[j]
        f.boost[i] += brought
        f.boost_life[i] = lasting / max(f.boost[i], 1e-9)
        if f.link[i] < p.working_tie:  # the first project
            f.rd_intensity[i] *= 1.0 + p.joint_rd * committed
        if uniform_at(address, f.key[i]) < p.joint_tie * committed:
            f.link[i] = max(f.link[i], tie_worth(f.rd_real[i], whole, p.outsourcing))


def joint_projects(
    world: World, terms: Terms, p: JointParameters, luck: Luck, outsourcing: float, performers: np.ndarray
) -> np.ndarray:
    """Pay the public share of joint projects and start them; return firms' own share by university (m,), CNY.

    ``performers`` (f,) are the firms with own R&D and a university, which may apply.
    The public share is kept in ``hours_sold``: it is done at the university and is no part of firms' R&D.
    """
    f, u, st = world.firms, world.universities, world.state
    own_share = np.zeros(len(u))
    if not terms.offered("joint_fund"):
        return own_share
    rows = askers(
        f.key,
        performers,
        f.nearness,
        terms.eligible("joint_fund"),
        p.joint_apply,
        0.0,
        luck.address("joint applies"),
    )
    if rows.size == 0:
        return own_share
    keys = f.key[rows]
    cost = costs(keys, p.joint_cost * st.wage_index, p.joint_spread, luck.address("joint cost"))
    cost = np.minimum(cost, p.joint_most * f.rd_real[rows])
    rank = ranks(keys, rows, f.quality, p.joint_noise, luck.address("joint rank"))
    left = u.researchers * u.working * p.joint_hours * st.wage_index * u.alive
    provider = serve(-rank, rows, keys, f.university, cost, left)
    served = (provider >= 0) & (cost > 0.0)
    paid = terms.draw("joint_fund", rows[served], cost[served], rank[served])
    start_joint(
        Partners._make([getattr(f, name) for name in Partners._fields]),
        Awards(paid.index, paid.amount, paid.real, paid.half_life, rows, cost, provider),
        Joint(p.joint_tie, p.joint_commitment, p.joint_usual, p.joint_rd, outsourcing, WORKING_TIE),
        st.deflator,
        luck.address("joint tie"),
        u.hours_sold,
        own_share,
    )
    return own_share
