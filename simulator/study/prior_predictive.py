"""Can the model give what was observed at all? Asked before any fit, of draws from the priors.

A point outside the central 99 % of the draws, errors included, stops a calibration: no weighting of parameters can
mend a structure that cannot reach the data. The point is named with the mechanisms and levers that move it most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from simulator.study.abc_fit import Material
from simulator.study.history import History

DRAWS = 500  # enough for the ends of a 99 % range: two or three draws lie beyond each
RANGE = 0.99
SHOWN = 5  # parameters named for each point
_SURE = 4.0  # standard errors of a rank correlation that hardly any of some 800 unrelated parameters reaches


@dataclass(frozen=True)
class Mover:
    """A parameter that moves a point: its dotted name and the rank correlation over prior draws."""

    parameter: str
    correlation: float

    @property
    def owner(self) -> str:
        """Return the mechanism or lever that declares it."""
        return self.parameter.partition(".")[0]


@dataclass(frozen=True)
class Check:
    """One point: observed figure, range of the prior draws in its unit, where it stands in them, what moves it."""

    indicator: str
    year: int
    observed: float
    low: float
    median: float
    high: float
    rank: float
    movers: tuple[Mover, ...]

    @property
    def ok(self) -> bool:
        """Return whether the observed figure lies in the range."""
        return self.low <= self.observed <= self.high

    def __str__(self) -> str:
        """Return what is wrong, and the structure at fault."""
        side = "below" if self.observed < self.low else "above" if self.observed > self.high else "inside"
        owners = dict.fromkeys(mover.owner for mover in self.movers)
        moved = ", ".join(f"{m.parameter} ({m.correlation:+.2f})" for m in self.movers)
        return (
            f"{self.indicator} {self.year}: observed {self.observed:.4g} lies {side} the {RANGE:.0%} range of prior "
            f"draws, {self.low:.4g} to {self.high:.4g}; structure: {', '.join(owners) or 'nothing moves it'}"
            + (f"; moved most by {moved}" if moved else "")
        )


class OutsidePriorError(RuntimeError):
    """Observed points lie where no draw from the priors goes; ``checks`` holds those points."""

    def __init__(self, checks: Sequence[Check]) -> None:
        super().__init__("\n".join(map(str, checks)))
        self.checks = tuple(checks)


def rank_correlations(z: np.ndarray, figures: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of every parameter (n, P) with every point (n, M), as (P, M)."""
    a, b = rankdata(z, axis=0), rankdata(figures, axis=0)
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    size = np.outer(np.sqrt((a**2).sum(axis=0)), np.sqrt((b**2).sum(axis=0)))
    return np.asarray(a.T @ b / np.where(size > 0.0, size, np.inf))


def check_prior(data: Material, history: History, draws: int = DRAWS) -> list[Check]:
    """Return for each point where the observed figure stands among the first draws, errors included."""
    few = data.rows(np.arange(min(draws, len(data.z))))
    tail = (1.0 - RANGE) / 2.0
    low, median, high = (history.back(q) for q in np.quantile(few.noisy, (tail, 0.5, 1.0 - tail), axis=0))
    below = (few.noisy < history.transform(history.values)).mean(axis=0)
    found = rank_correlations(data.z, data.clean)  # all draws: more of them tell more
    sure = _SURE / np.sqrt(max(len(data.z), 1))
    checks = []
    for k, (name, year) in enumerate(zip(history.names, history.years.tolist(), strict=True)):
        order = np.argsort(-np.abs(found[:, k]), kind="stable")[:SHOWN]
        movers = tuple(Mover(data.names[i], float(found[i, k])) for i in order if abs(found[i, k]) > sure)
        figures = (float(history.values[k]), float(low[k]), float(median[k]), float(high[k]), float(below[k]))
        checks.append(Check(name, year, *figures, movers))
    return checks


def refuse_outside(checks: Sequence[Check]) -> None:
    """Raise OutsidePriorError where a point lies outside the range."""
    if outside := [check for check in checks if not check.ok]:
        raise OutsidePriorError(outside)
