"""A region as data: read its folder of YAML and CSV, check all of it, and hold it as columns by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simulator.core.declare import Label
from simulator.core.problems import Problems
from simulator.world import region_schema as schema
from simulator.world.region_cells import Years
from simulator.world.region_files import Figure, RegionFiles

__all__ = ["Figure", "Region", "Years", "load_region"]


@dataclass(frozen=True, eq=False)
class Region:
    """Everything that is known about a region from outside the model.

    Columns are read-only arrays: ``sector(...)`` (S,), ``district(...)`` (D,), ``university(...)`` (U,);
    ``university_fields`` (U, S) are weights as given. ``digest`` is the SHA-256 of all files read.
    Luck is addressed by years less ``luck_epoch``: the same city with all dates and the epoch later has the same luck.
    """

    id: str
    name: Label
    status: Label | None
    start_year: int
    last_year: int
    plan_start: float
    plan_title: Label | None
    separately_planned: bool
    folder: Path
    figures: dict[str, Figure]
    sectors: tuple[str, ...]
    districts: tuple[str, ...]
    universities: tuple[str, ...]
    names: dict[tuple[str, str], Label]
    university_fields: np.ndarray
    anchors: list[dict[str, float | str]]
    paths: dict[str, dict[str, Years]]
    rules: dict[str, Years]
    vintages: list[dict[str, float | str]]
    digest: str
    columns: dict[str, dict[str, np.ndarray]]
    margins: dict[tuple[str, str], dict[str, int]]
    plants: list[dict[str, float | str]] = field(default_factory=list)
    luck_epoch: int = 0

    def figure(self, name: str) -> float:
        """Return a figure's value, 0 for an optional one that the region leaves out; raises KeyError otherwise."""
        if name in schema.OPTIONAL_FIGURES and name not in self.figures:
            return 0.0
        try:
            return self.figures[name].value
        except KeyError:
            raise KeyError(f"region {self.id} has no figure {name!r}") from None

    def sector(self, quantity: str) -> np.ndarray:
        """Return a quantity of every sector, (S,); raises KeyError for an unknown one."""
        return self._column("sector", quantity)

    def district(self, quantity: str) -> np.ndarray:
        """Return a quantity of every district, (D,); raises KeyError for an unknown one."""
        return self._column("district", quantity)

    def university(self, quantity: str) -> np.ndarray:
        """Return a quantity of every university and institute, (U,); raises KeyError for an unknown one."""
        return self._column("university", quantity)

    def margin(self, cls: str, margin: str) -> dict[str, int]:
        """Return how many firms of a class stand at each level of a margin, in the schema's order."""
        try:
            return self.margins[cls, margin]
        except KeyError:
            raise KeyError(f"region {self.id} has no margin {margin!r} of {cls!r}") from None

    def driver_choices(self) -> dict[str, tuple[str, ...]]:
        """Return which named paths each driver can take: variables, groups of variables and ``all``."""
        variables = dict.fromkeys(v for given in self.paths.values() for v in given)
        groups = schema.DRIVER_GROUPS | {name: (name,) for name in variables}
        choices = {
            driver: tuple(p for p, given in self.paths.items() if any(v in given for v in members))
            for driver, members in groups.items()
        }
        return {"all": tuple(self.paths)} | choices

    def outside(self, drivers: Mapping[str, str] | None = None) -> dict[str, Years]:
        """Return the outside world, ``{variable: {year: value}}``: what was observed, or the paths chosen.

        ``drivers`` maps a variable, ``gdp_growth`` or ``all`` to a path; the narrower choice wins. A path
        replaces the years it gives; ``demand:<sector>`` is 0 where nothing is said. Raises KeyError for
        an unknown driver or path.
        """
        observed = self.paths[schema.OBSERVED]
        span = range(self.start_year, self.last_year + 1)
        out = {name: dict.fromkeys(span, 0.0) | observed.get(name, {}) for name in schema.DEMAND}
        out |= {name: dict(years) for name, years in observed.items() if name not in out}
        chosen, choices = dict(drivers or {}), self.driver_choices()
        for driver in sorted(chosen, key=lambda d: (d != "all", d not in schema.DRIVER_GROUPS, d)):
            path = chosen[driver]
            if path not in choices.get(driver, ()):
                raise KeyError(f"region {self.id} has no path {path!r} for driver {driver!r}")
            variables = schema.DRIVER_GROUPS.get(driver, tuple(out) if driver == "all" else (driver,))
            for name in variables:
                out[name] |= self.paths[path].get(name, {})
        return out

    def _column(self, kind: str, quantity: str) -> np.ndarray:
        try:
            return self.columns[kind][quantity]
        except KeyError:
            raise KeyError(f"region {self.id} has no {kind} quantity {quantity!r}") from None


def load_region(folder: Path) -> Region:
    """Return the region in a folder; raises InputError with everything that is wrong in any of its files."""
    problems = Problems()
    files = RegionFiles(Path(folder), problems)
    content = files.read()
    problems.raise_any()
    return Region(folder=Path(folder).resolve(), digest=files.digest.hexdigest(), **content)
