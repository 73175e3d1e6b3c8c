"""The probability of a target with the model's own error in it, not only over simulated futures.

A fit allows each series a discrepancy: the error that the model has at its best parameters (``history``). So a run's
figure for a target is spread by it: normal on the scale of the fit (log, logit for shares), half of the variance common
to all years of a series, and beyond the last fitted year a walk besides, as in a forecast (``discrepancy``). How far a
run lies from the points of the years before the plan tells how large the common part is for that run; later points are
not looked at, because they came about under what was done then and not under the scenario. The error of the published
source is not added. No random numbers are drawn: the probability is the mean over runs of a normal's tail.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.study.discrepancy import DRIFT
from simulator.study.history import COMMON_DISCREPANCY, FOLDER, History, load_history
from simulator.study.targets import Target

if TYPE_CHECKING:
    from simulator.core.declare import Indicator
    from simulator.scenario import Scenario

FITTED = "history"  # the calibration whose draws were fitted with these discrepancies
# An indicator that is a fitted series times something the fit has no error for (residents, a drawn share): the relative
# error is the same.
SAME_ERROR = {"patents_per_10k": "patents_in_force", "technology_transactions": "contract_value"}
_NO_SPREAD = 1e-12  # a standard deviation below it, in log points, is none


@dataclass(frozen=True)
class ModelError:
    """What the fit says of the model's error: its points, and the first year that the plan can have touched."""

    fitted: History
    start: int

    @property
    def series(self) -> tuple[str, ...]:
        """Return the fitted series."""
        return tuple(dict.fromkeys(self.fitted.names))

    def series_of(self, target: Target, indicators: Mapping[str, Indicator]) -> str:
        """Return the fitted series whose error is that of a target's figure, or nothing where none is estimated."""
        if target.indicator is None:
            return ""
        name = SAME_ERROR.get(target.indicator, target.indicator)
        if name not in self.fitted.names:
            return ""
        growth = len(target.years_needed(indicators)) > 1
        level = indicators[target.indicator].kind != "rate" and not self._points(name).shares[0]
        return name if level or not growth else ""

    def probability(
        self,
        target: Target,
        series: Callable[[str], np.ndarray],
        years: np.ndarray,
        indicators: Mapping[str, Indicator],
    ) -> float:
        """Return the mean over runs of the probability that the figure, with the model's error, meets the target.

        ``series`` gives an indicator of every run, (n, T) over ``years`` (T,), in its unit. NaN where no error is
        estimated.
        """
        name = self.series_of(target, indicators)
        if not name or target.indicator is None:
            return math.nan
        needed = target.years_needed(indicators)
        runs = series(target.indicator)
        x = runs[:, np.searchsorted(years, needed)]
        points = self._points(name)
        new = _unseen(points, np.array(needed), np.median(x, axis=0))
        told = points.where((points.years < self.start) & np.isin(points.years, years))
        simulated = series(name)[:, np.searchsorted(years, told.years)] if told.size else np.zeros((len(x), 0))
        mean, covariance = given(told, simulated, new, int(self.fitted.years.max()))
        weights = np.array([-1.0, 1.0]) if len(needed) > 1 else np.ones(1)
        sd = math.sqrt(max(float(weights @ covariance @ weights), 0.0))
        if sd < _NO_SPREAD:
            return float(target.met(target.figures(runs, years, indicators)).mean())
        with np.errstate(invalid="ignore"):  # nothing over nothing has no growth
            reached = _on_scale(x, bool(points.shares[0])) @ weights
        return tail((reached + mean @ weights - _threshold(target, bool(points.shares[0]))) / sd)

    def _points(self, name: str) -> History:
        return self.fitted.where([other == name for other in self.fitted.names])


def model_error_of(scenario: Scenario) -> ModelError | None:
    """Return the model's error for a scenario whose draws are fitted to history, None for any other.

    Raises InputError for a file of history that cannot be used.
    """
    region = scenario.region
    if scenario.calibration != FITTED or not (FOLDER / f"{region.id}.csv").is_file():
        return None
    fitted = load_history(region.id).to_fit()
    return ModelError(fitted, math.floor(region.plan_start)) if fitted.size else None


def given(told: History, simulated: np.ndarray, new: History, known: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the discrepancy of one series at ``new`` points (k,) given ``told`` ones (M,): mean (n, k), covariance.

    Both are on the scale of the fit. ``simulated`` (n, M) is what each run gives for the points told, in their units;
    beyond the year ``known`` the error walks away.
    """
    ahead = np.maximum(new.years - known, 0)
    scale = new.sd_model * new.stretch
    walk = DRIFT**2 * np.minimum(ahead[:, None], ahead[None, :]) * np.outer(scale, scale)
    own = _together(new, new) + walk
    if told.size == 0:
        return np.zeros((len(simulated), new.size)), own
    across = _together(new, told)
    gain = np.linalg.solve(told.covariance(), across.T).T
    residual = told.transform(told.values[None, :]) - told.transform(simulated)
    return residual @ gain.T, own - gain @ across.T


def tail(z: np.ndarray) -> float:
    """Return the mean over runs of the standard normal's probability below z (n,); what is no number counts as zero."""
    from scipy.special import ndtr

    return float(np.nan_to_num(ndtr(z), nan=0.0).mean())


def _together(a: History, b: History) -> np.ndarray:
    """Return the covariance of the discrepancies of points of one series, (A, B) on the scale of the fit."""
    same = a.years[:, None] == b.years[None, :]
    shared = COMMON_DISCREPANCY + (1.0 - COMMON_DISCREPANCY) * same
    return np.asarray(shared * np.outer(a.sd_model * a.stretch, b.sd_model * b.stretch))


def _unseen(points: History, years: np.ndarray, values: np.ndarray) -> History:
    """Return points of the same series in other years, with its median discrepancy and no error of a source."""
    count, share = years.size, bool(points.shares[0])
    return History(
        points.region, (points.names[0],) * count, years, values, np.zeros(count),
        np.full(count, float(np.median(points.sd_model))), ("test",) * count, ("",) * count, np.full(count, share),
    )  # fmt: skip


def _on_scale(x: np.ndarray, share: bool) -> np.ndarray:
    """Return figures on the scale of the fit; minus infinity for none at all."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if share:
            inside = np.clip(x, 0.0, 1.0)
            return np.asarray(np.log(inside) - np.log1p(-inside))
        return np.asarray(np.log(np.maximum(x, 0.0)))


def _threshold(target: Target, share: bool) -> float:
    """Return the target's value on the scale of the fit: of a growth target the log of the whole rise."""
    value = target.value / target.scale
    if target.kind == "growth" and target.period is not None:
        rise = float(_on_scale(np.array(1.0 + value), share=False))
        return (target.period[1] - target.period[0]) * rise
    return float(_on_scale(np.array(value), share))
