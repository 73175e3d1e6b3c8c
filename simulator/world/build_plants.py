"""Draw the steel plants that stand at the start, so that each owner's plants sell what its books say it sells."""

from __future__ import annotations

import numpy as np

from simulator.core.luck import Luck, name_hash
from simulator.world.agents import Plants
from simulator.world.region_schema import OTHERS
from simulator.world.world import World

LARGEST = 0.1  # sales of one of several owners over those of all in a row of plants.csv
DEEP, CASTINGS = 3, 4  # rows of PLANT_STAGES; the stages before are rolled steel


def draw_plants(world: World, luck: Luck) -> None:
    """Give the named firms their plants, and share those of ``others`` between the remaining firms of the sector.

    Prices per tonne are scaled within each owner so that its plants' sales are its revenue. A city without
    plants.csv has none. Raises ValueError for an owner that is not among the city's firms.
    """
    rows = [r for row in world.region.plants for r in _of(world, luck, row)]
    if not rows:
        return
    plants = Plants(len(rows))
    world.plants = plants
    for name in ("key", "owner", "stage", "capacity", "output", "grade", "vintage", "price"):
        getattr(plants, name)[:] = np.array([r[name] for r in rows], getattr(plants, name).dtype)
    f = world.firms
    owner = owner_rows(world)
    plants.sales[:] = sold(plants, owner) * plants.price
    whole = np.bincount(owner, plants.sales, len(f))[owner]
    plants.price *= f.revenue[owner] / np.maximum(whole, 1.0)
    plants.sales *= f.revenue[owner] / np.maximum(whole, 1.0)
    plants.price_first[:] = plants.price
    plants.grade_first[:] = plants.grade
    plants.margin[:] = world.region.sector("profit_margin")[f.sector[owner]]
    plants.cost_first[:] = plants.price * (1.0 - plants.margin)
    f.plant_sales[:] = np.bincount(owner, plants.sales, len(f))


def owner_rows(world: World) -> np.ndarray:
    """Return the (n,) row of firms that owns each plant, -1 for one whose owner is no more."""
    keys = world.firms.key
    few = np.unique(world.plants.owner)
    at = np.full(few.size, -1)
    place = np.minimum(np.searchsorted(few, keys), few.size - 1)
    here = np.flatnonzero(few[place] == keys)
    at[place[here]] = here
    return np.asarray(at[np.searchsorted(few, world.plants.owner)])


def sold(plants: Plants, owner: np.ndarray) -> np.ndarray:
    """Return the (n,) t / year that plants sell outside their firm: rolled steel less what it processes itself."""
    size = int(owner.max()) + 1
    deep = plants.stage == DEEP
    rolled = plants.stage < DEEP
    own_use = np.bincount(owner, np.where(deep, plants.output, 0.0), size)[owner]
    own_made = np.bincount(owner, np.where(rolled, plants.output, 0.0), size)[owner]
    kept = np.where(rolled & (own_made > 0.0), np.minimum(own_use / np.maximum(own_made, 1.0), 1.0), 0.0)
    return np.asarray(plants.output * (1.0 - kept))


def _of(world: World, luck: Luck, row: dict[str, float | str]) -> list[dict[str, float]]:
    """Return the plants of one row of plants.csv: one of a named firm, or one in each of several others."""
    f, region = world.firms, world.region
    capacity, used = float(row["capacity"]), float(row["utilisation"])
    common = {"stage": float(row["stage"]), "grade": float(row["grade"]), "vintage": float(row["vintage"])}
    if row["owner"] != OTHERS:
        if row["owner"] not in world.anchors:
            raise ValueError(f"{region.id}: the owner {row['owner']} of {row['plant']} is not among the firms")
        firms, share = np.array([world.anchors[str(row["owner"])]], np.uint64), np.ones(1)
    else:
        steel = region.sectors.index("steel")
        named = np.array(list(world.anchors.values()), np.uint64)
        free = np.flatnonzero(f.alive & f.above_scale & (f.sector == steel) & ~np.isin(f.key, named))
        free = free[f.plant_sales[free] == 0.0]
        free = free[np.argsort(luck.uniform(f.key[free], "plants of others"), kind="stable")]
        # as many firms as it takes to sell what the row says, none of them with more than a tenth of it
        sales = capacity * used * float(row["price"])
        free = np.concatenate([free[f.revenue[free] <= LARGEST * sales], free[f.revenue[free] > LARGEST * sales]])
        count = min(int(np.searchsorted(np.cumsum(f.revenue[free]), sales)) + 1, free.size)
        chosen = free[:count]
        f.plant_sales[chosen] = f.revenue[chosen]
        firms, share = f.key[chosen], f.revenue[chosen] / max(float(f.revenue[chosen].sum()), 1.0)
    seed = np.uint64(name_hash(f"{region.id} {row['plant']}"))
    return [
        common
        | {
            "key": firm ^ seed,
            "owner": firm,
            "capacity": capacity * part,
            "output": capacity * used * part,
            "price": float(row["price"]),
        }
        for firm, part in zip(firms, share, strict=True)
    ]
