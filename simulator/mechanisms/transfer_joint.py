"""Joint projects of firms and universities, paid by both and by a fund."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.core.luck import Luck
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms, lowest_first
from simulator.world.hours import additional_part, askers, serve, tie_worth
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
    cost = p.joint_cost * st.wage_index * np.exp(p.joint_spread * luck.normal(keys, "joint cost"))
    cost = np.minimum(cost, p.joint_most * f.rd_real[rows])
    rank = f.quality[rows] + p.joint_noise * luck.normal(keys, "joint rank")
    left = u.researchers * u.working * p.joint_hours * st.wage_index * u.alive
    provider = serve(lowest_first(-rank, keys), f.university[rows], cost, left)
    served = (provider >= 0) & (cost > 0.0)
    paid = terms.draw("joint_fund", rows[served], cost[served], rank[served])
    i = paid.index
    if i.size == 0:
        return own_share
    at = np.searchsorted(rows, i)
    whole, partner = cost[at], provider[at]
    # a project that would have been done anyway is among the firm's contracts; there the fund's money stays with it
    new_part = additional_part(paid.real / paid.amount, paid.amount / whole, p.joint_usual)
    u.hours_sold += np.bincount(partner, paid.amount * new_part, len(u))
    own_share += np.bincount(partner, (whole - paid.amount) * new_part, len(u))
    f.cash[i] -= paid.amount * new_part
    commitment = 1.0 - p.joint_commitment * paid.amount / whole
    # own R&D is counted where it is decided; what the partner knows comes on top of it, from the whole project
    brought = new_part * whole * commitment / st.deflator
    f.boost_life[i] = (f.boost[i] * f.boost_life[i] + brought * paid.half_life) / np.maximum(f.boost[i] + brought, 1e-9)
    f.boost[i] += brought
    first = f.link[i] < WORKING_TIE
    f.rd_intensity[i[first]] *= 1.0 + p.joint_rd * (new_part * commitment)[first]
    tied = luck.uniform(f.key[i], "joint tie") < p.joint_tie * new_part * commitment
    strength = tie_worth(f.rd_real[i[tied]], whole[tied], outsourcing)
    f.link[i[tied]] = np.maximum(f.link[i[tied]], strength)
    return own_share
