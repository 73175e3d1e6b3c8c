"""Draw the universities, incubators and funds that stand at the start.

The constants are the state at the start where no figure of the region gives it (``assumed`` unless said otherwise).
"""

from __future__ import annotations

import numpy as np

from simulator.core.luck import Luck
from simulator.world.agents import ANGEL, GUIDANCE, MAKER_SPACE, VENTURE
from simulator.world.drawing import exact_labels, keys_of, share_out
from simulator.world.world import World

UNIVERSITY_AGE, INCUBATOR_AGE = 20, 3  # years
YOUNG_RESULTS, OLD_RESULTS = 0.06, 0.10  # results on the shelf per researcher: a year's flow, and what is left of older
M2_PER_SEAT = 700.0  # gross floor space of an incubator per tenant (derived: 8.94 m m2 in use, 7,200 tenants, not full)
M2_PER_MAKER_SEAT = 60.0  # floor space of a maker space per team
MAKER_FLOOR = 1000.0  # m2, median floor space of a maker space
FLOOR_SPREAD = 0.9  # log points between places
PROFESSIONAL = 0.15  # share of places run by a professional operator
FUND_SPREAD = 0.8  # log points, size of funds
FUND_AGE = 4.0  # years, the oldest fund that still calls money
PAID_IN, INVESTED = 0.6, 0.25  # of what is promised


def draw_institutions(world: World, luck: Luck, centres: np.ndarray) -> None:
    """Draw universities and institutes, incubators and maker spaces, and funds."""
    _universities(world, centres)
    _incubators(world, luck)
    _funds(world, luck)


def _universities(world: World, centres: np.ndarray) -> None:
    region = world.region
    u = world.universities
    m = len(region.universities)
    u.arrive(m, key=keys_of(f"{region.id} universities", m))
    u.admit()
    field = region.university_fields
    mixed = field / np.maximum(field.sum(axis=1, keepdims=True), 1e-12) @ centres
    u.tech[:] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    for name in ("kind", "district", "researchers", "patents", "transfer_staff", "inventor_share"):
        getattr(u, name)[:] = region.university(name)
    for name in ("has_base", "has_fund", "has_office"):
        getattr(u, name)[:] = region.university(name) > 0.5
    u.opened[:] = region.start_year - UNIVERSITY_AGE
    u.quality_patents[:] = u.patents
    u.core_budget[:] = region.university("rd_budget")
    u.budget[:] = u.core_budget
    u.shelf[:] = YOUNG_RESULTS * u.researchers
    u.shelf_old[:] = OLD_RESULTS * u.researchers
    u.spinoffs[:] = share_out(region.figure("university_spinoffs_cumulative"), u.researchers)


def _incubators(world: World, luck: Luck) -> None:
    region = world.region
    inc = world.incubators
    count, spaces = int(region.figure("incubators")), int(region.figure("maker_spaces"))
    inc.arrive(count + spaces, key=keys_of(f"{region.id} incubators", count + spaces))
    inc.admit()
    inc.kind[count:] = MAKER_SPACE
    inc.district[:] = exact_labels(
        luck.normal(inc.key, "district"),
        [int(k) for k in share_out(count + spaces, region.district("incubator_share"))],
    )
    raw = np.exp(FLOOR_SPREAD * luck.normal(inc.key, "floor"))
    if count:
        inc.floor[:count] = region.figure("incubator_floor") * raw[:count] / raw[:count].sum()
    inc.floor[count:] = MAKER_FLOOR * raw[count:]
    inc.seats[:] = np.maximum(
        1.0, np.floor(inc.floor / np.where(inc.kind == MAKER_SPACE, M2_PER_MAKER_SEAT, M2_PER_SEAT))
    )
    inc.quality[:] = luck.normal(inc.key, "quality")
    inc.opened[:] = region.start_year - INCUBATOR_AGE
    inc.professional[:] = luck.uniform(inc.key, "professional") < PROFESSIONAL


def _funds(world: World, luck: Luck) -> None:
    region = world.region
    funds = world.funds
    kinds = [(ANGEL, "angel"), (VENTURE, "venture"), (GUIDANCE, "guidance")]
    for kind, name in kinds:
        k = int(region.figure(f"{name}_funds"))
        if k == 0:
            continue
        keys = keys_of(f"{region.id} {name} funds", k)
        weight = np.exp(FUND_SPREAD * luck.normal(keys, "size"))
        committed = region.figure(f"{name}_committed") * weight / weight.sum()
        public = region.figure("guidance_public_share") if kind == GUIDANCE else 0.0
        funds.arrive(
            k,
            key=keys,
            kind=kind,
            vintage=region.start_year - 1 - np.floor(FUND_AGE * luck.uniform(keys, "vintage")).astype(int),
            skill=luck.normal(keys, "skill"),
            committed=committed,
            paid_in=PAID_IN * committed,
            cash=(PAID_IN - INVESTED) * committed,
            public_share=public,
            public_paid=PAID_IN * committed * public,
        )
    funds.admit()
