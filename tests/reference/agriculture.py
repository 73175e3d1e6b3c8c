"""Agriculture: platforms raise farm productivity, and counties may win a national title."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulator.mechanisms.agriculture import Parameters
from tests.reference.luck import Draws, child_key, key_of
from tests.reference.offers import Counter

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel


def step(model: ReferenceModel, counter: Counter, p: Parameters, draws: Draws) -> None:
    """Raise farm productivity, and let the jury decide on the counties that meet the conditions."""
    st, region = model.state, model.region
    farming = region.sectors.index("agriculture")
    open_ = sum(x.alive and x.sector == farming for x in model.platforms)
    gained = p.platform * open_ / (open_ + p.platforms_half)
    model.sectors[farming].rest_value_added *= math.exp(gained)
    if not st.county_title:
        return
    st.county_productivity += p.trend + gained
    visits = st.tourists / max(region.figure("tourist_visits"), 1.0)
    shown = st.county_productivity >= p.productivity_needed and visits >= p.visits_needed
    for county in range(len(st.county_title)):
        served = (county + 1) * p.platforms_needed <= open_  # platforms serve the counties in turn
        key = child_key(key_of(f"{region.id} counties"), county, 0)
        if shown and served and draws.uniform(key, "chosen") < p.chosen:
            st.county_title[county] = True
