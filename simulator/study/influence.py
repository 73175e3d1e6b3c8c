"""The influence table: what a realistic dose of each lever does to each indicator, against what luck alone does.

``python -m simulator.study.influence`` runs pairs of a city's baseline with and without each lever's dose (the
scenario's own entries of that lever left out of both) and writes ``calibration/influence.csv``. Qingdao takes every
indicator; Benxi, with doses scaled to its budget, those that only its plan has targets for. Both runs of a pair share
draw and luck. The noise of a cell is what a dummy lever does there: it gives one agent in fifty other luck and nothing
else, and 95 % of its mean effects over as many pairs lie within the noise. A cell that is zero in every pair, and of
which nothing was expected, is left out of the file.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from simulator.core.declare import Lever
from simulator.core.luck import Luck, mix64
from simulator.core.parameters import override
from simulator.core.population import Population
from simulator.model import INDICATORS, LEVERS, SCHEDULE
from simulator.scenario import Scenario
from simulator.scenario_entries import Entry
from simulator.simulate import measure, run_year, start
from simulator.study.budget import GENERAL, by_year
from simulator.study.effects import PURSES, load_trials
from simulator.study.engine import in_order
from simulator.study.made import record
from simulator.study.replicates import SEED_STRIDE, load_scenario, values_of
from simulator.study.shell import plain_errors
from simulator.study.targets import load_targets
from simulator.world.world import World

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "calibration" / "influence.csv"
ZEROS = ROOT / "calibration" / "influence_zeros.yaml"
PAIRS = 24
FIRST, LAST = 2013, 2016  # years in force
HOME = "qingdao"  # the city whose doses are those of the declarations
MEAN = "mean"  # over the years in force
OFFSETS = (0, 1, 3)  # years after the dose begins
DUMMY_SHARE = 0.02  # of agents that the dummy gives other luck
DUMMY_AGENTS = ("firms", "universities", "incubators", "funds", "products", "projects")
_OTHER, _SECOND = np.uint64(0x5851F42D4C957F2D), np.uint64(0x14057B7EF767814F)
_Z95, _Z90 = 1.959964, 1.644854
# Where the dose in Qingdao is for a sector that is not what the other city's plan is about.
OTHER_DOSES: dict[str, dict[str, dict[str, Any]]] = {
    "benxi": {"innovation_platform": {"sector": "steel"}, "sector_programme": {"sector": "pharma"}}
}
COLUMNS = (
    *("city", "lever", "indicator", "unit", "offset", "year", "effect", "low", "high", "relative", "noise"),
    *("above_noise", "expected", "agrees", "source", "zero", "zero_holds"),
)


@dataclass(frozen=True)
class Zero:
    """A cell that was said to be zero before the table was computed; ``refuted`` says what was found if it is not."""

    lever: str
    indicator: str
    offset: int
    source: str
    reason: str
    city: str = "qingdao"
    refuted: str = ""


@dataclass(frozen=True)
class Refusal:
    """A signed cell whose effect has the other sign, and why."""

    lever: str
    indicator: str
    source: str
    reason: str
    city: str = "qingdao"


@dataclass(frozen=True)
class Cell:
    """One cell of the table: mean effect, its 90 % interval, what luck alone does, and what was expected of it."""

    city: str
    lever: str
    indicator: str
    unit: str
    offset: str
    year: int | None
    effect: float
    low: float
    high: float
    relative: float
    noise: float
    above_noise: bool
    expected: str
    agrees: bool | None
    source: str
    zero: bool
    zero_holds: bool | None


@cache
def declared(path: Path = ZEROS) -> tuple[tuple[Zero, ...], tuple[Refusal, ...]]:
    """Return the cells declared to be zero, and the exceptions to expected signs."""
    data = YAML(typ="safe").load(path.read_text("utf-8"))
    zeros = tuple(Zero(**{"city": "qingdao", **row}) for row in data["zeros"])
    return zeros, tuple(Refusal(**row) for row in data.get("exceptions") or ())


@cache
def signs() -> dict[tuple[str, str], tuple[str, str]]:
    """Return the expected sign and its source by lever and indicator: of the effect table, else of ``lever.moves``."""
    found = {(n, i): ("+" if s > 0 else "-", "moves") for n, lever in LEVERS.items() for i, s in lever.moves.items()}
    for trial in load_trials()[2]:
        for row in trial.rows:
            name = row.arguments.get("indicator") if row.estimator == "change" else None
            if name and row.sign in ("+", "-") and not trial.settings and not trial.prepare and trial.with_lever:
                found.setdefault((trial.lever.name, str(name)), (row.sign, row.source))
                if found[trial.lever.name, str(name)][0] == row.sign:
                    found[trial.lever.name, str(name)] = (row.sign, row.source)
    return found


def indicators_of(city: str) -> tuple[str, ...]:
    """Return the indicators looked at in a city: all in Qingdao, elsewhere those that only its plan has targets for."""
    if city == "qingdao":
        return tuple(INDICATORS)
    here, there = (
        {t.indicator for t in load_targets() if (t.region == city) is own and t.indicator} for own in (True, False)
    )
    wanted = {z.indicator for z in declared()[0] if z.city == city}
    return tuple(name for name in INDICATORS if name in (here - there) | wanted)


def dose_in(lever: Lever, city: str, scale: float) -> dict[str, Any]:
    """Return a lever's dose in a city: money a year and things done a year times ``scale``, rates as they are."""
    units = {f.name: f.metadata.get("unit") or "" for f in fields(lever.Settings)}
    out = dict(lever.dose)
    for name, value in out.items():
        if isinstance(value, float) and (name in PURSES or _by_the_year(name, units[name])):
            out[name] = value * scale
    return out | OTHER_DOSES.get(city, {}).get(lever.name, {})


def _by_the_year(name: str, unit: str) -> bool:
    """Return whether a setting counts what is done in a year (floor, firms, people), not a rate or a cap of money."""
    return name.endswith("_per_year") or ("/ year" in unit and not unit.startswith(("CNY", "1 /")))


def cost_per_year(lever: Lever, dose: Mapping[str, Any]) -> float | None:
    """Return what a dose costs at most in a year (CNY), None where no purse bounds it: a rule, or a price per piece."""
    purses = [float(dose[n]) for n in PURSES if dose.get(n)]
    known = {f.name for f in fields(lever.Settings)}
    return sum(purses) if purses and set(dose) <= known else None


@cache
def scale_in(city: str) -> float:
    """Return by what doses of Qingdao are multiplied in a city: its budget over Qingdao's."""
    if city == HOME:
        return 1.0
    folder = ROOT / "scenarios"
    return scale_of(*(load_scenario(folder / r / "baseline.yaml") for r in (city, HOME)))


def scale_of(scenario: Scenario, reference: Scenario) -> float:
    """Return a city's general budget revenue over another's in the first year in force."""
    sums = [by_year(s.region, GENERAL, s.region.outside(s.drivers))[FIRST] for s in (scenario, reference)]
    return sums[0] / sums[1]


def give_other_luck(world: World, which: int = 0) -> None:
    """Give one agent in fifty another key, so that all its later draws are others: what the dummy lever does.

    Whatever refers to an agent by its key follows it, so that nothing but luck changes. ``which`` picks other agents.
    """
    other = _OTHER ^ np.uint64(which)
    populations = [p for p in vars(world).values() if isinstance(p, Population)]
    old, new = [], []
    for name in DUMMY_AGENTS:
        keys = getattr(world, name).key
        chosen = np.array([mix64(k ^ other) for k in keys], np.uint64) < np.uint64(DUMMY_SHARE * 2.0**64)
        old.append(keys[chosen])
        new.append(np.array([mix64(k ^ _SECOND) for k in keys[chosen]], np.uint64))
        keys[chosen] = new[-1]
    before, after = np.concatenate(old), np.concatenate(new)
    order = np.argsort(before)
    for population in populations:
        for name in population.columns:
            column = getattr(population, name)
            if name != "key" and column.dtype == np.uint64 and len(order):
                _follow(column, before[order], after[order])


def _follow(column: np.ndarray, old: np.ndarray, new: np.ndarray) -> None:
    """Let references (n,) follow the keys they name: ``old`` sorted, ``new`` in the same order."""
    at = np.minimum(np.searchsorted(old, column), len(old) - 1)
    same = old[at] == column
    column[same] = new[at[same]]


def series(scenario: Scenario, values: Mapping[str, float], seed: int, *, dummy: bool = False) -> np.ndarray:
    """Return all indicators in the years in force (years, K); with other luck for some from the first on if asked."""
    p = override((*SCHEDULE, *LEVERS.values()), {**values, **scenario.assumptions})
    luck = Luck(seed)
    world = start(scenario, luck)
    rows = []
    for year in range(world.region.start_year, LAST + 1):
        if dummy and year == FIRST:
            give_other_luck(world)
        run_year(world, scenario, p, luck, year)
        if year >= FIRST:
            rows.append(measure(world))
    return np.array(rows)


def treated(base: Scenario, lever: Lever, dose: Mapping[str, Any]) -> Scenario:
    """Return a scenario with a dose of a lever in force."""
    entry = Entry("trial", lever, lever.Settings(**dose), "city", float(FIRST), LAST + 1.0)
    return replace(base, entries=(*base.entries, entry))


def without(scenario: Scenario, lever: str) -> Scenario:
    """Return a scenario without its own entries of a lever, up to the last year in force."""
    own = [e.id for e in scenario.entries if e.lever.name == lever]
    return replace(scenario.without(own), years=(scenario.years[0], LAST))


def one_pair(number: int, city: str, levers: Sequence[str], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the differences by lever, the dummy's last, (levers + 1, years, K), and the control (years, K)."""
    scenarios = ROOT / "scenarios"
    scenario = load_scenario(scenarios / city / "baseline.yaml")
    scale = 1.0 if city == "qingdao" else scale_of(scenario, load_scenario(scenarios / "qingdao" / "baseline.yaml"))
    values, luck = values_of(number, seed), seed * SEED_STRIDE + number
    controls: dict[tuple[str, ...], np.ndarray] = {}

    def control(base: Scenario) -> np.ndarray:
        key = tuple(e.id for e in base.entries)
        if key not in controls:
            controls[key] = series(base, values, luck)
        return controls[key]

    out = []
    for name in levers:
        base = without(scenario, name)
        with_dose = treated(base, LEVERS[name], dose_in(LEVERS[name], city, scale))
        out.append(series(with_dose, values, luck) - control(base))
    whole = without(scenario, "")
    out.append(series(whole, values, luck, dummy=True) - control(whole))
    return np.array(out), control(whole)


def pairs_of(
    city: str, levers: Sequence[str], count: int = PAIRS, jobs: int | None = None, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the differences of all pairs (n, levers + 1, years, K) and the controls (n, years, K).

    The first runs here, so that forked workers start with every kernel compiled. Raises StudyError where a worker died
    or memory is short.
    """
    found = in_order(_pair_of, (city, tuple(levers), seed), range(count), jobs=jobs)
    return np.stack([d for d, _ in found]), np.stack([c for _, c in found])


def _pair_of(held: tuple[str, tuple[str, ...], int], number: int) -> tuple[np.ndarray, np.ndarray]:
    return one_pair(number, *held)


def at_offsets(differences: np.ndarray) -> np.ndarray:
    """Return the mean over the years in force, then the years of ``OFFSETS``: (..., years, K) to (..., 4, K)."""
    return np.concatenate([differences.mean(axis=-2, keepdims=True), differences[..., list(OFFSETS), :]], axis=-2)


def noise_of(dummy: np.ndarray) -> np.ndarray:
    """Return the half-width of the 95 % band of the dummy's mean effect over pairs (n, ...), about zero."""
    return np.asarray(_Z95 * np.sqrt((dummy**2).mean(axis=0) / len(dummy)))


def cells_of(city: str, levers: Sequence[str], differences: np.ndarray, controls: np.ndarray) -> list[Cell]:
    """Return the table of a city from its pairs; cells that are zero in all of them and expected nowhere left out."""
    names, every = indicators_of(city), list(INDICATORS)
    found, level = at_offsets(differences), at_offsets(controls).mean(axis=0)
    noise, zeros = (
        noise_of(found[:, -1]),
        {(z.lever, z.indicator, str(z.offset)) for z in declared()[0] if z.city == city},
    )
    columns = (MEAN, *(str(o) for o in OFFSETS))
    out = []
    for k, lever in enumerate(levers):
        for name in names:
            i = every.index(name)
            for t, offset in enumerate(columns):
                expected, source = (
                    signs().get((lever, name), ("", "")) if offset == MEAN and city == "qingdao" else ("", "")
                )
                zero = (lever, name, offset) in zeros
                effects = found[:, k, t, i]
                if not effects.any() and not expected and not zero:
                    continue
                out.append(_cell(city, lever, name, offset, effects, level[t, i], noise[t, i], expected, source, zero))
    return out


def _cell(
    city: str, lever: str, name: str, offset: str, effects: np.ndarray, level: float, noise: float, expected: str,
    source: str, zero: bool,
) -> Cell:  # fmt: skip
    mean = float(effects.mean())
    error = float(effects.std(ddof=1)) / math.sqrt(len(effects)) if len(effects) > 1 else math.nan
    if zero:
        source = next(
            z.source
            for z in declared()[0]
            if (z.city, z.lever, z.indicator, str(z.offset)) == (city, lever, name, offset)
        )
    return Cell(
        city,
        lever,
        name,
        INDICATORS[name].unit,
        offset,
        None if offset == MEAN else FIRST + int(offset),
        mean,
        mean - _Z90 * error,
        mean + _Z90 * error,
        mean / level if level else math.nan,
        float(noise),
        abs(mean) > noise,
        expected,
        (mean > 0.0 if expected == "+" else mean < 0.0) if expected else None,
        source,
        zero,
        abs(mean) <= noise if zero else None,
    )


def write_csv(cells: Iterable[Cell], path: Path = TABLE) -> None:
    """Write the table, one cell a line; what does not apply is left empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for cell in cells:
            writer.writerow([_text(getattr(cell, name)) for name in COLUMNS])


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else ""
    return str(value)


def read_csv(path: Path = TABLE) -> list[dict[str, str]]:
    """Return the rows of the table as text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def findings(cells: Sequence[Cell]) -> list[str]:
    """Return what the table has against the declarations and is not explained there, one line each."""
    out = []
    refuted = {(z.city, z.lever, z.indicator, str(z.offset)) for z in declared()[0] if z.refuted}
    excused = {(r.city, r.lever, r.indicator) for r in declared()[1]}
    for name in dict.fromkeys(c.lever for c in cells):
        if not any(c.above_noise for c in cells if c.lever == name):
            out.append(f"{name}: moves nothing above the noise")
    for c in cells:
        where = f"{c.city} {c.lever} -> {c.indicator} ({c.offset}): {c.effect:.3g}, noise {c.noise:.3g}"
        if c.zero and not c.zero_holds and (c.city, c.lever, c.indicator, c.offset) not in refuted:
            out.append(f"not zero: {where}")
        if c.expected and not c.agrees and (c.city, c.lever, c.indicator) not in excused:
            out.append(f"sign, expected {c.expected}: {where}")
    return out


@plain_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Compute and write the table, print what stands against the declarations; exit with 1 if anything does."""
    parser = argparse.ArgumentParser(prog="python -m simulator.study.influence", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=PAIRS, help="pairs of runs for each lever")
    parser.add_argument("--jobs", type=int, help="processes")
    parser.add_argument("--lever", action="append", default=[], help="only this lever; nothing is written then")
    options = parser.parse_args(arguments)
    began, cells = time.perf_counter(), list[Cell]()
    levers = tuple(name for name in LEVERS if not options.lever or name in options.lever)
    for city in ("qingdao", "benxi"):
        cells += cells_of(city, levers, *pairs_of(city, levers, options.pairs, options.jobs))
    against = findings(cells)
    listed = {(r.lever, r.indicator) for r in declared()[1]}
    for line in against:
        print(line)
    print(f"{len(cells)} cells, {len(against)} remarks ({len(listed)} exceptions listed), "
          f"{time.perf_counter() - began:.0f} s")  # fmt: skip
    if not options.lever:
        write_csv(cells)
        record(TABLE, ("qingdao", "benxi"), pairs=options.pairs)
    return 1 if against else 0


if __name__ == "__main__":
    raise SystemExit(main())
