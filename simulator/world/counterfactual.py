"""Worlds that did not come: national rules that stopped changing, an outside that went on as before, more demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.world.region import Region, Years

# Levels that go on growing at the rate of the last year as it came; the others stay where they stood.
GROWING = ("population", "venture_national", "tech_contract_national")


@dataclass(frozen=True)
class Counterfactual:
    """How national rules and the outside differ from what came; by default not at all.

    ``rules_after``: national rules of later years are those of this year. ``outside_after``: in later years rates
    (growth, interest, demand of each sector) are those of this year, prices and the speed of the patent office
    keep their level, and population, venture capital and technology contracts keep their growth.
    ``demand``: extra growth of a sector's demand (1 / year), from ``demand_from`` on.
    """

    rules_after: int | None = None
    outside_after: int | None = None
    demand: Mapping[str, float] = field(default_factory=dict)
    demand_from: int | None = None

    def resolved(self) -> dict[str, Any]:
        """Return what differs, as plain values; empty where nothing does."""
        out: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("rules_after", "outside_after", "demand_from")
            if getattr(self, name) is not None
        }
        if self.demand:
            out["demand"] = dict(self.demand)
        return out

    def rules(self, region: Region) -> Mapping[str, Years]:
        """Return the national rules by name and year: the region's own mapping where they are not frozen."""
        if self.rules_after is None:
            return region.rules
        last = self.rules_after
        return {name: {y: years[min(y, last)] if last in years else years[y] for y in years}
                for name, years in region.rules.items()}  # fmt: skip

    def outside(self, region: Region, drivers: Mapping[str, str] | None = None) -> dict[str, Years]:
        """Return the outside by variable and year."""
        out = region.outside(drivers)
        if self.outside_after is not None:
            out = {name: _frozen(name, years, self.outside_after) for name, years in out.items()}
        for sector, extra in self.demand.items():
            first = region.start_year if self.demand_from is None else self.demand_from
            name = f"demand:{sector}"
            out[name] = {year: value + (extra if year >= first else 0.0) for year, value in out[name].items()}
        return out


def _frozen(name: str, years: Mapping[int, float], last: int) -> Years:
    if last not in years:
        return dict(years)
    level = years[last]
    ratio = level / years[last - 1] if name in GROWING and years.get(last - 1, 0.0) > 0.0 else 1.0
    return {y: value if y <= last else level * ratio ** (y - last) for y, value in years.items()}
