"""Shared facilities: small firms near a university use its instruments, as long as hours are left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from simulator.core.luck import Luck, uniform_at
from simulator.core.parameters import Range, parameter
from simulator.core.terms import Terms
from simulator.world.hours import costs, serve
from simulator.world.world import World


@dataclass(frozen=True)
class FacilityParameters:
    """Who uses shared instruments, what it costs and how much there is."""

    facility_interest: float = parameter(
        0.25,
        unit="1 / year",
        prior=Range(0.08, 0.6, "log"),
        source="assumed",
        doc="chance that a small firm next to a university would use its instruments in a year, were all of them open",
    )
    facility_reach: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.2, 0.8, "logit"),
        source="assumed",
        doc="nearness to a university below which no firm uses its instruments",
    )
    fee_response: float = parameter(
        0.5,
        unit="1",
        prior=Range(0.0, 1.5),
        source="assumed",
        doc="more users where the whole fee is paid for them",
    )
    user_fee: float = parameter(
        1.0e5,
        unit="CNY",
        prior=Range(3.0e4, 3.0e5, "log"),
        source="obs:qingdao/instrument_sharing_test_value_cumulative/2013",
        doc="median of a user's yearly fees (tests of 100 m in the first years, by about 130 users a year)",
    )
    fee_spread: float = parameter(
        1.0, unit="log points", prior=Range(0.5, 1.6, "log"), source="assumed", doc="spread of these fees"
    )
    instrument_hours: float = parameter(
        1.0e4,
        unit="CNY / researcher / year",
        prior=Range(3.0e3, 3.0e4, "log"),
        source="assumed",
        doc="value of instrument hours that can be spared for firms, were all of them open",
    )


@njit(cache=True, nogil=True)
def _visitors(
    key: np.ndarray,
    alive: np.ndarray,
    above_scale: np.ndarray,
    university: np.ndarray,
    nearness: np.ndarray,
    access: np.ndarray,
    reach: float,
    interest: float,
    lift: float,
    address: np.uint64,
) -> np.ndarray:
    """Return the small firms (m,) near a university that would use its instruments, as far as ``access`` goes."""
    rows = np.empty(key.shape[0], np.int64)
    m, most = 0, 0.0
    for open_ in access:
        most = max(most, open_)
    most *= interest * lift * 1.0001  # nearness is 1 at most
    draws = np.empty(key.shape[0])
    for i in range(key.shape[0]):  # all at once is faster than one by one
        draws[i] = uniform_at(address, key[i])
    for i in range(key.shape[0]):
        u = draws[i]
        if u >= most or above_scale[i] or not alive[i] or university[i] < 0 or nearness[i] <= reach:
            continue
        near = (nearness[i] - reach) / (1.0 - reach)
        if u < interest * near * access[university[i]] * lift:
            rows[m] = i
            m += 1
    return rows[:m].copy()


def share_instruments(world: World, terms: Terms, p: FacilityParameters, luck: Luck) -> None:
    """Let small firms use the instruments that are open, pay their fees in part, and note who used some."""
    f, u, st = world.firms, world.universities, world.state
    f.uses_facility[:] = False
    if not terms.offered("facility_access"):
        return
    access = terms.column("facility_access")
    rate = max((o.rate for o in terms.promises("facility_fees")), default=0.0)
    rows = _visitors(
        f.key,
        f.alive,
        f.above_scale,
        f.university,
        f.nearness,
        access,
        p.facility_reach,
        p.facility_interest,
        1.0 + p.fee_response * rate,
        luck.address("instruments"),
    )
    if rows.size == 0:
        return
    keys = f.key[rows]
    fee = costs(keys, p.user_fee * st.wage_index, p.fee_spread, luck.address("fee"))
    left = u.researchers * u.working * p.instrument_hours * st.wage_index * access * u.alive
    first = luck.uniform(keys, "queue")
    provider = serve(first, rows, keys, f.university, fee, left)
    served = provider >= 0
    users = rows[served]
    # tests are no R&D of the university, and a user pays for them what it would have paid elsewhere
    f.uses_facility[users] = True
    terms.draw("facility_fees", users, fee[served], -fee[served])
