"""The plan's targets as data: how much of each a run attains, and the runs at chosen parameters or doses.

A target is one-sided: a run that meets it fits, however far it goes beyond. So the datum is the shortfall, the log of
what is attained over what is promised, cut at zero. A growth target counts by the level it leads to in its last year.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.study.aside import clear_parts, write_array
from simulator.study.checked import read_array
from simulator.study.design import cost_of
from simulator.study.engine import work_all
from simulator.study.history import LEAST_SHARE
from simulator.study.output import digest, model_hash
from simulator.study.replicates import SEED_STRIDE, Progress
from simulator.study.targets import SIMULATED, Target, load_targets

if TYPE_CHECKING:
    from simulator.core.declare import Indicator
    from simulator.scenario import Scenario
    from simulator.study.bank import Bank

KEPT = "what was run is kept, the same command goes on"
TOLERANCE = 0.05  # standard deviation with which a target is read: a twentieth short is about as good as met


@dataclass(frozen=True)
class PlanTargets:
    """The measurable targets of a plan, read from series of the years (T,)."""

    targets: tuple[Target, ...]
    years: np.ndarray
    indicators: Mapping[str, Indicator]

    @property
    def ids(self) -> list[str]:
        """Return the targets' ids."""
        return [t.id for t in self.targets]

    def figures(self, values: np.ndarray, names: Sequence[str]) -> np.ndarray:
        """Return what runs reached, (n, M) in the targets' units, from all their series (n, T, K)."""
        at = {name: k for k, name in enumerate(names)}
        found = [t.figures(values[:, :, at[str(t.indicator)]], self.years, self.indicators) for t in self.targets]
        return np.stack(found, axis=1).astype(float)

    def met(self, figures: np.ndarray) -> np.ndarray:
        """Return which figures (n, M) meet their target."""
        return np.stack([t.met(figures[:, k]) for k, t in enumerate(self.targets)], axis=1)

    def attained(self, figures: np.ndarray) -> np.ndarray:
        """Return figures (n, M) over their targets; of a growth target, the level that it leads to over that promised.

        What is not a number attains nothing.
        """
        out = np.empty_like(figures)
        for k, t in enumerate(self.targets):
            if t.kind == "growth" and t.period is not None:
                length = t.period[1] - t.period[0]
                out[:, k] = ((1.0 + figures[:, k] / t.scale) / (1.0 + t.value / t.scale)) ** length
            else:
                out[:, k] = figures[:, k] / t.value
        return np.nan_to_num(out, nan=0.0)


def plain_figure(x: float, digits: int = 4) -> float | None:
    """Return a figure rounded for a manifest, None where it is none, which JSON cannot hold."""
    return round(x, digits or None) if math.isfinite(x) else None


def shortfall(attained: np.ndarray) -> np.ndarray:
    """Return the log of what is attained, cut at zero from above and at a twentieth of the target from below."""
    return np.asarray(np.minimum(np.log(np.maximum(attained, LEAST_SHARE)), 0.0))


def plan_targets(scenario: Scenario) -> PlanTargets:
    """Return the targets of a scenario's region that its years and the model's indicators can measure."""
    from simulator.model import INDICATORS

    years = np.arange(scenario.years[0], scenario.years[1] + 1)
    found = load_targets(scenario.region.id, folder=scenario.region.folder.parent)
    kept = tuple(t for t in found if t.value > 0.0 and t.status(INDICATORS, years) == SIMULATED)
    return PlanTargets(kept, years, INDICATORS)


@dataclass(frozen=True)
class PlanMaterial:
    """What the runs of a bank attain: ``figures`` (n, M) in the targets' units, ``z`` (n, P) standard normals."""

    plan: PlanTargets
    figures: np.ndarray
    z: np.ndarray

    @cached_property
    def met(self) -> np.ndarray:
        """Return which run meets which target, (n, M)."""
        return self.plan.met(self.figures)

    @cached_property
    def attained(self) -> np.ndarray:
        """Return what is attained over what is promised, (n, M)."""
        return self.plan.attained(self.figures)


def plan_material(bank: Bank, plan: PlanTargets) -> PlanMaterial:
    """Return what the runs of a bank attain of a plan."""
    return PlanMaterial(plan, plan.figures(bank.values[bank.ok].astype(float), bank.names), bank.z)


# ---- runs at chosen parameters or doses ---------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """One scenario with one set of parameters, to be run with the luck of some numbers."""

    scenario: Scenario
    values: Mapping[str, float]
    lucks: tuple[int, ...]

    def hash(self, targets: Sequence[Target], model: str, seed: int) -> str:
        """Return the hash of everything that its figures depend on, ``model`` that of the code."""
        content = [
            self.scenario.fingerprint(),
            model,
            sorted((name, float(x)) for name, x in self.values.items()),
            [seed, *self.lucks],
            [repr(t) for t in targets],
        ]
        return digest(json.dumps(content).encode())


@dataclass(frozen=True)
class Reached:
    """What a point gave: ``figures`` (L, M) in the targets' units and net public ``costs`` (L,) in CNY."""

    figures: np.ndarray
    costs: np.ndarray


class PointRunner:
    """Runs points in some processes and keeps what they gave in a folder, so that a study goes on where it stopped."""

    def __init__(
        self, plan: PlanTargets, folder: Path, seed: int, jobs: int | None = None, progress: Progress | None = None
    ) -> None:
        self.plan, self.folder, self.seed, self.jobs, self.progress = plan, folder, seed, jobs, progress
        self.model = model_hash()
        self.done = self.total = 0
        clear_parts(folder)

    def run(self, points: Sequence[Point]) -> list[Reached]:
        """Return what the points gave, in their order; a run that fails attains nothing.

        Raises StudyError where a worker died.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        paths = [self.folder / f"{point.hash(self.plan.targets, self.model, self.seed)[:16]}.npy" for point in points]
        asked = dict(zip(paths, points, strict=True))
        known = {path: found for path, point in asked.items() if (found := self._read(path, point)) is not None}
        missing = {path: point for path, point in asked.items() if path not in known}
        self.total += len(points)
        self.done += len(points) - len(missing)
        for path, found in self._made(missing):
            write_array(path, found)
            known[path] = found
            self.done += 1
            if self.progress is not None:
                self.progress(self.done, self.total)
        return [Reached(found[:, :-1], found[:, -1]) for found in (known[path] for path in paths)]

    def _read(self, path: Path, point: Point) -> np.ndarray | None:
        return read_array(path, (len(point.lucks), len(self.plan.targets) + 1), np.float64)

    def _made(self, missing: Mapping[Path, Point]) -> Iterator[tuple[Path, np.ndarray]]:
        held = (self.plan, missing, self.seed)  # so that forked workers have the points
        jobs = 1 if len(missing) == 1 else self.jobs
        return work_all(_run_held, held, list(missing), jobs=jobs, kept=lambda: KEPT)


def _run_held(held: tuple[PlanTargets, Mapping[Path, Point], int], path: Path) -> np.ndarray:
    plan, points, seed = held
    return run_point(plan, points[path], seed)


def run_point(plan: PlanTargets, point: Point, seed: int) -> np.ndarray:
    """Return figures and net cost of a point's runs, (L, M + 1); a failed run is NaN, and so is an infinite figure."""
    from simulator.simulate import simulate

    rows = []
    for luck in point.lucks:
        try:
            run = simulate(point.scenario, point.values, seed * SEED_STRIDE + luck)
            figures = plan.figures(np.asarray(run.values, float)[None], run.names)[0]
            row = np.append(figures, cost_of("net", run))
            rows.append(np.where(np.isfinite(row), row, np.nan))
        except MemoryError:  # the machine's fault, not the point's
            raise
        except Exception:  # far from the evidence a run may break down; that is no way to meet a target
            rows.append(np.full(len(plan.targets) + 1, np.nan))
    return np.array(rows)
