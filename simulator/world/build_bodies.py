"""Draw what firms and institutes hold in common or in hand at the start: products, recognised bodies, alliances.

The constants are the state at the start where no figure of the region gives it (``assumed`` unless said otherwise).
"""

from __future__ import annotations

import numpy as np

from simulator.core.luck import Luck
from simulator.core.population import rows_of
from simulator.world.drawing import keys_of
from simulator.world.world import World

OWNED_BY_SIZE = 0.7  # products fall to firms by their rank in sales to this power
INSTITUTE_OWNED = 0.25  # share of waiting products that universities and institutes hold, where any work in the field
STAGES = (0.35, 0.70, 0.82, 0.92, 0.97)  # cumulative share of waiting products by stage, discovery to phase 3
PRECLINICAL, REVIEW = 1, 5
GENERIC = 0.6  # share of products that are generics or new forms
PEAK_SALES, PEAK_SPREAD = 2.0e7, 1.3  # CNY a year at the peak, median; spread in log points
PRODUCT_SHARE = 0.7  # part of an owner's sales that its registered products make at the start
MARKET = 6  # stage of a product that is sold
ALLIANCE_SIZE = 8  # member firms of an alliance at the start
ALLIANCE_AGE = 2  # years


def draw_products(world: World, luck: Luck) -> None:
    """Draw the pharmaceutical products in the pipeline and on the market; their sales are part of their owners'."""
    region, f, u = world.region, world.firms, world.universities
    field = region.sectors.index("pharma")
    pharma = np.flatnonzero(f.sector == field)
    waiting, sold = int(region.figure("products_in_pipeline")), int(region.figure("products_marketed"))
    if waiting + sold == 0 or pharma.size == 0:
        return
    p = world.products
    p.arrive(waiting + sold, key=keys_of(f"{region.id} products", waiting + sold))
    p.admit()
    order = pharma[np.argsort(-f.revenue[pharma], kind="stable")]
    weight = np.cumsum((1.0 + np.arange(order.size)) ** -OWNED_BY_SIZE)
    p.owner[:] = f.key[order[np.searchsorted(weight / weight[-1], luck.uniform(p.key, "owner"))]]
    p.stage[:] = np.searchsorted(STAGES, luck.uniform(p.key, "stage"))
    p.stage[waiting:] = MARKET
    p.generic[:] = luck.uniform(p.key, "generic") < GENERIC
    # a generic has no clinical phases before review
    p.stage[:waiting] = np.where(
        p.generic[:waiting] & (p.stage[:waiting] > PRECLINICAL),
        REVIEW,
        np.where(p.generic[:waiting], PRECLINICAL, p.stage[:waiting]),
    )
    institutes = np.cumsum(region.university_fields[:, field] * u.researchers)
    if institutes.size and institutes[-1] > 0.0:
        early = np.flatnonzero((p.stage <= PRECLINICAL) & (luck.uniform(p.key, "institute") < INSTITUTE_OWNED))
        pick = luck.uniform(p.key[early], "which institute")
        p.owner[early] = u.key[np.searchsorted(institutes / institutes[-1], pick)]
    p.peak_sales[:] = PEAK_SALES * np.exp(PEAK_SPREAD * luck.normal(p.key, "peak"))
    _share_sales(world)


def _share_sales(world: World) -> None:
    """Divide a part of each owner's sales among its products on the market, in proportion to their drawn peaks."""
    f, p = world.firms, world.products
    sold = np.flatnonzero(p.stage == MARKET)
    row = rows_of(f.key, p.owner[sold])
    whole = np.bincount(row, p.peak_sales[sold], len(f))
    p.sales[sold] = PRODUCT_SHARE * f.revenue[row] * p.peak_sales[sold] / whole[row]
    p.peak_sales[sold] = p.sales[sold]
    p.reached[sold] = 1.0


def draw_centres(world: World, luck: Luck) -> None:
    """Recognise the R&D institutions of the firms with the most R&D, as many as the region's figure says."""
    f = world.firms
    rows = np.flatnonzero(f.has_institution)
    best = rows[np.argsort(-f.rd_real[rows], kind="stable")[: int(world.region.figure("technology_centres"))]]
    f.technology_centre[best] = True


def draw_alliances(world: World) -> None:
    """Found the alliances that stand at the start: one a sector, key industries first, led by the most R&D."""
    region, f, count = world.region, world.firms, int(world.region.figure("alliances"))
    if count == 0:
        return
    able = np.flatnonzero(f.alive & f.does_rd)
    firms = np.bincount(f.sector[able], minlength=len(region.sectors))
    money = np.bincount(f.sector[able], f.rd_real[able], len(region.sectors))
    able = able[np.lexsort((-f.rd_real[able], f.sector[able]))]  # by sector, the most R&D first
    ends = np.cumsum(firms)
    free = ends - firms  # where the firms of each sector that are in no alliance yet begin
    order = np.lexsort((-money, -region.sector("key_industry")))
    chosen = np.resize(np.array([s for s in order if firms[s] >= ALLIANCE_SIZE], int), count)
    a = world.alliances
    a.arrive(count, key=keys_of(f"{region.id} alliances", count), sector=chosen)
    a.admit()
    a.founded[:] = region.start_year - ALLIANCE_AGE
    for k, sector in enumerate(chosen):
        rows = able[free[sector] : min(free[sector] + ALLIANCE_SIZE, ends[sector])]
        free[sector] += rows.size
        if rows.size == 0:
            a.alive[k] = False
            continue
        a.lead[k] = f.key[rows[0]]
        a.members[k] = rows.size
        f.alliance[rows] = k
