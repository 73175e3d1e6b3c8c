"""What was observed in a region, with the errors that a fit allows: those of the source and those of the model.

Comparisons are made in a transformed space, where errors are about normal: the logit for shares and the log for
everything else. A part of the model's discrepancy is common to all years of a series: a model that counts too few
firms in one year does so in the next.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from simulator.core.problems import InputError, Problem
from simulator.study.targets import CALIBRATION

FOLDER = CALIBRATION / "history"
COLUMNS = ("indicator", "year", "value", "unit", "sd_relative", "discrepancy_relative", "source", "use")
USES = ("fit", "test")
COMMON_DISCREPANCY = 0.5  # share of the discrepancy's variance that all years of a series have in common (a judgement)
LEAST_SHARE = 0.05  # a run below a twentieth of what was observed counts as a twentieth: no run pulls a line alone
_EDGE = 1e-6  # a simulated share is kept this far from 0 and 1, where the logit has no value


@dataclass(frozen=True)
class History:
    """Observed points (M,): value in the indicator's unit, relative standard deviations, ``fit`` or ``test``."""

    region: str
    names: tuple[str, ...]
    years: np.ndarray
    values: np.ndarray
    sd_source: np.ndarray
    sd_model: np.ndarray
    use: tuple[str, ...]
    sources: tuple[str, ...]
    shares: np.ndarray

    @property
    def sd(self) -> np.ndarray:
        """Return the standard deviation of each point in its unit (M,): source and discrepancy in quadrature."""
        return np.asarray(self.values * np.hypot(self.sd_source, self.sd_model))

    @property
    def size(self) -> int:
        """Return the number of points."""
        return len(self.names)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return ``indicator@year`` of each point."""
        return tuple(f"{name}@{year}" for name, year in zip(self.names, self.years.tolist(), strict=True))

    def where(self, keep: Sequence[bool] | np.ndarray) -> History:
        """Return the points (M,) that are true in ``keep``."""
        at = np.flatnonzero(np.asarray(keep, bool))
        kept: dict[str, Any] = {
            name: getattr(self, name)[at] for name in ("years", "values", "sd_source", "sd_model", "shares")
        }
        kept |= {name: tuple(getattr(self, name)[i] for i in at) for name in ("names", "use", "sources")}
        return replace(self, **kept)

    def to_fit(self, until: int | None = None) -> History:
        """Return the points that may be fitted, up to a year."""
        last = np.inf if until is None else until
        return self.where(np.array([u == "fit" for u in self.use]) & (self.years <= last))

    def transform(self, figures: np.ndarray) -> np.ndarray:
        """Return figures (..., M) of the points on the scale of the fit: logit of shares, log of the others."""
        share = np.clip(figures, np.maximum(LEAST_SHARE * self.values, _EDGE), 1.0 - _EDGE)
        level = np.maximum(figures, LEAST_SHARE * self.values)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(self.shares, np.log(share / (1.0 - share)), np.log(level)))

    def back(self, transformed: np.ndarray) -> np.ndarray:
        """Return figures (..., M) in the points' units from the scale of the fit."""
        return np.asarray(np.where(self.shares, 1.0 / (1.0 + np.exp(-transformed)), np.exp(transformed)))

    @property
    def stretch(self) -> np.ndarray:
        """Return how much larger a relative error is on the scale of the fit (M,): on the logit, 1 / (1 - share)."""
        return np.asarray(np.where(self.shares, 1.0 / (1.0 - np.clip(self.values, 0.0, 1.0 - _EDGE)), 1.0))

    def covariance(self) -> np.ndarray:
        """Return the covariance (M, M) of observation error and discrepancy on the scale of the fit."""
        source, model = self.sd_source * self.stretch, self.sd_model * self.stretch
        series = np.array(self.names)
        together = (series[:, None] == series[None, :]) * COMMON_DISCREPANCY
        np.fill_diagonal(together, 1.0)
        return np.asarray(np.diag(source**2) + together * np.outer(model, model))

    def noise(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return draws (count, M) of observation error and discrepancy on the scale of the fit."""
        return np.asarray(rng.standard_normal((count, self.size)) @ np.linalg.cholesky(self.covariance()).T)


def load_history(region_id: str, folder: Path | None = None) -> History:
    """Return what was observed in a region, from ``calibration/history`` or a folder of one's own.

    Points for tests that no indicator measures are left out. Raises InputError with every line that cannot be used.
    """
    path = (FOLDER if folder is None else folder) / f"{region_id}.csv"
    if not path.is_file():
        raise InputError(
            [Problem(str(path), 1, 1, "no history of this region", region_id, "a file of observed points")]
        )
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError([Problem(str(path), 1, 1, "columns are missing", ", ".join(missing), ", ".join(COLUMNS))])
        rows = list(reader)
    problems = [p for line, row in enumerate(rows, 2) for p in _wrong(path, line, row)]
    known: set[tuple[str, str]] = set()
    for line, row in enumerate(rows, 2):
        key = (row["indicator"], row["year"])
        if key in known:
            problems.append(Problem(str(path), line, 1, "the point is there twice", "@".join(key), "one row a point"))
        known.add(key)
    if problems:
        raise InputError(problems)
    from simulator.model import INDICATORS

    rows = [row for row in rows if row["indicator"] in INDICATORS]  # a drawn outside, such as population, has none
    return History(
        region_id,
        tuple(row["indicator"] for row in rows),
        np.array([int(row["year"]) for row in rows], int),
        np.array([float(row["value"]) for row in rows]),
        np.array([float(row["sd_relative"]) for row in rows]),
        np.array([float(row["discrepancy_relative"]) for row in rows]),
        tuple(row["use"] for row in rows),
        tuple(row["source"] for row in rows),
        np.array([_is_share(row["unit"]) for row in rows], bool),
    )


def _is_share(unit: str) -> bool:
    return unit.startswith("share")


def _wrong(path: Path, line: int, row: dict[str, Any]) -> list[Problem]:
    from simulator.model import INDICATORS

    found = []
    if row["indicator"] not in INDICATORS and row["use"] == "fit":
        found.append(Problem(str(path), line, 1, "unknown indicator", row["indicator"], "the name of an indicator"))
    if row["use"] not in USES:
        found.append(Problem(str(path), line, 1, "use", row["use"], " or ".join(USES)))
    if not str(row["year"]).isdigit():
        found.append(Problem(str(path), line, 1, "year", row["year"], "a year"))
    for name in ("value", "sd_relative", "discrepancy_relative"):
        try:
            good = 0.0 < float(row[name]) < np.inf
        except (TypeError, ValueError):
            good = False
        if not good or (name == "value" and _is_share(row["unit"]) and float(row[name]) >= 1.0):
            found.append(Problem(str(path), line, 1, name, str(row[name]), "a number above 0 (a share: below 1)"))
    return found
