"""Which share of a bank a fit keeps and how strongly it is pulled to no effect, chosen on planted truths alone.

``python -m simulator.study.abc_choice REGION`` takes 200 runs of the region's bank for truths, one by one, fits each
from the other runs with every pair of share and penalty, and writes ``calibration/abc_choice.csv``: pooled coverage of
90 % intervals over all parameters and truths, and the mean CRPS of the parameters in prior standard deviations (a
normal with the fit's mean and spread; smaller is better). What was observed has no part in it. Among the pairs whose
coverage misses 0.90 by no more than ``NEAR``, or least where none does, that with the smallest CRPS is chosen; of pairs
alike to four digits, that which keeps most and is pulled most. ``ris calibrate`` reads the choice from the table.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from simulator.study.abc_fit import CHOICE_SEED, KEPT, LEVEL, PENALTIES, Material, Settings, fit, planted_runs
from simulator.study.engine import work_all
from simulator.study.made import FILE, made_with, record, write_rows
from simulator.study.shell import plain_errors, show
from simulator.study.targets import CALIBRATION

TABLE = CALIBRATION / "abc_choice.csv"
COLUMNS = ("region", "kept", "penalty", "coverage", "error", "crps", "truths", "runs", "chosen")
TRUTHS = 200
NEAR = 0.01  # of 200 truths; coverage differs by less between two sets of them
CANDIDATES = tuple(Settings(kept, penalty) for kept in KEPT for penalty in PENALTIES)


@dataclass(frozen=True)
class Tried:
    """One pair of share and penalty: pooled coverage of 90 % intervals, mean CRPS in prior standard deviations."""

    settings: Settings
    coverage: float
    crps: float

    @property
    def error(self) -> float:
        """Return how far the coverage is from that which the intervals claim."""
        return abs(self.coverage - LEVEL)


def chosen_of(tried: Sequence[Tried]) -> Settings:
    """Return the choice among candidates by the rule that the module states."""
    near = [t for t in tried if t.error <= NEAR] or [min(tried, key=lambda t: t.error)]
    return min(near, key=lambda t: (round(t.crps, 4), -t.settings.kept, -t.settings.penalty)).settings


def crps_of(mean: np.ndarray, spread: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the CRPS of normal distributions (P,) at the truth (P,), in closed form (Gneiting and Raftery 2007)."""
    size = np.maximum(spread, 1e-9)
    away = (truth - mean) / size
    density = np.exp(-0.5 * away**2) / np.sqrt(2.0 * np.pi)
    return np.asarray(size * (away * (2.0 * ndtr(away) - 1.0) + 2.0 * density - 1.0 / np.sqrt(np.pi)))


def one_truth(data: Material, truth: int, candidates: Sequence[Settings]) -> np.ndarray:
    """Return coverage and CRPS, each the mean over parameters, of every candidate for one planted truth, (C, 2)."""
    low, out = (1.0 - LEVEL) / 2.0, np.empty((len(candidates), 2))
    for c, settings in enumerate(candidates):
        found = fit(data, data.noisy[truth], settings, without=truth)
        weights = found.weights.astype(found.z.dtype)
        below = weights @ (found.z < data.z[truth]).astype(found.z.dtype)
        mean = weights @ found.z
        spread = np.sqrt(np.maximum(weights @ (found.z * found.z) - mean * mean, 0.0))
        out[c] = ((below >= low) & (below <= 1.0 - low)).mean(), crps_of(mean, spread, data.z[truth]).mean()
    return out


def _one(held: tuple[Material, Sequence[Settings]], truth: int) -> np.ndarray:
    data, candidates = held
    return one_truth(data, truth, candidates)


def try_all(
    data: Material, truths: int = TRUTHS, candidates: Sequence[Settings] = CANDIDATES, jobs: int | None = None
) -> list[Tried]:
    """Return how every candidate does over planted truths, each left out of the runs that it is fitted from.

    Raises StudyError where a worker died.
    """
    light = data.light()
    _ = light.whitener, light.scale  # before any fork
    at = planted_runs(data, truths, CHOICE_SEED).tolist()
    found = dict(work_all(_one, (light, tuple(candidates)), at, jobs=jobs or None, progress=show))
    means = np.mean([found[truth] for truth in at], axis=0)  # in this order, to the last bit
    return [Tried(s, float(m[0]), float(m[1])) for s, m in zip(candidates, means, strict=True)]


def rows_of(region: str, tried: Sequence[Tried], truths: int, runs: int) -> list[dict[str, str]]:
    """Return the rows of the table, the choice marked."""
    chosen, out = chosen_of(tried), []
    for t in tried:
        cells = (region, f"{t.settings.kept:g}", f"{t.settings.penalty:g}", f"{t.coverage:.4f}", f"{t.error:.4f}")
        mark = "yes" if t.settings == chosen else "no"
        out.append(dict(zip(COLUMNS, (*cells, f"{t.crps:.5f}", str(truths), str(runs), mark), strict=True)))
    return out


def chosen_settings(region: str, path: Path = TABLE, *, bank: str | None = None) -> Settings | None:
    """Return the choice that was written down for a region, or None; with ``bank`` only one made on that bank."""
    if not path.is_file() or (bank is not None and made_with(path, path.parent / FILE.name).get("bank") != bank):
        return None
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if (row["region"], row["chosen"]) == (region, "yes"):
                return Settings(float(row["kept"]), float(row["penalty"]))
    return None


def write_csv(rows: Sequence[dict[str, str]], path: Path = TABLE) -> None:
    """Write the table; rows of other regions stay."""
    write_rows(path, COLUMNS, rows, apart=("region",))


@plain_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Try every candidate on a region's bank (runs that are missing are made), write the table and say the choice."""
    from simulator.study.bank import RUNS, make_bank
    from simulator.study.calibrate import data_of, material_of, region_history

    parser = argparse.ArgumentParser(prog="python -m simulator.study.abc_choice", description=__doc__.splitlines()[0])
    parser.add_argument("region", nargs="?", default="qingdao")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of the bank")
    parser.add_argument("--truths", type=int, default=TRUTHS)
    parser.add_argument("--jobs", type=int, help="processes")
    parser.add_argument("--parent", type=Path, help="folder of the bank")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table")
    options = parser.parse_args(arguments)
    began, points = time.perf_counter(), data_of(options.region)
    bank = make_bank(
        region_history(options.region), options.runs, until=int(points.years.max()), jobs=options.jobs,
        progress=show, parent=options.parent,
    )  # fmt: skip
    tried = try_all(material_of(bank, points), options.truths, jobs=options.jobs)
    rows = rows_of(options.region, tried, options.truths, bank.size)
    write_csv(rows, options.out)
    record(options.out, [options.region], options.out.parent / FILE.name, bank=bank.hash)
    for row in rows:
        print("  ".join(f"{name} {row[name]}" for name in COLUMNS[1:6]) + ("  <- chosen" * (row["chosen"] == "yes")))
    print(f"{options.out}: {len(rows)} candidates, {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
