"""The effect table: for every lever, paired runs with and without a dose, beside what the evidence says.

``python -m simulator.study.effects`` runs the trials of ``calibration/lever_effects.yaml``, prints the table,
writes ``calibration/lever_effects.csv`` and fills the README between its two marks. Both runs of a pair share
their draw from the priors and their luck; the scenario's own entries of the lever on trial are left out of both.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from simulator.core.declare import Label, Lever
from simulator.core.luck import Luck
from simulator.core.parameters import override
from simulator.model import LEVERS, SCHEDULE
from simulator.scenario import Scenario
from simulator.scenario_entries import Entry
from simulator.simulate import run_year, start
from simulator.study.effect_estimators import ESTIMATORS, PREPARE, Fraction
from simulator.study.engine import in_order
from simulator.study.replicates import SEED_STRIDE, load_scenario, values_of
from simulator.study.shell import plain_errors
from simulator.study.trace import Pair, Trace

ROOT = Path(__file__).resolve().parents[2]
DECLARED = ROOT / "calibration" / "lever_effects.yaml"
TABLE = ROOT / "calibration" / "lever_effects.csv"
README = ROOT / "README.md"
MARKS = ("<!-- effects:start -->", "<!-- effects:end -->")
PURSES = ("budget", "pool", "capital_per_year", "interest_budget")
BOOTSTRAP = 2000
BOOTSTRAP_SEED = 20150701


@dataclass(frozen=True)
class Row:
    """One estimand: how it is computed, and the sign and range that the evidence gives (an end may be open)."""

    estimand: str
    label: Label
    unit: str
    sign: str
    source: str
    estimator: str = "change"
    arguments: dict[str, Any] = field(default_factory=dict)
    low: float = -math.inf
    high: float = math.inf
    by_construction: bool = False
    note: str = ""

    @property
    def mark(self) -> str:
        """Return how far the row is evidence: assumed, must not move, a parameter read back, or emergent."""
        if self.source == "assumed":
            return "assumed"
        if self.sign == "0":
            return "zero"
        return "by construction" if self.by_construction else "emergent"


@dataclass(frozen=True)
class Trial:
    """One comparison: a lever with its dose and changes to it, years in force, starting positions, estimands."""

    id: str
    lever: Lever
    rows: tuple[Row, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    in_force: tuple[int, int] = (2013, 2016)
    until: int = 2018
    prepare: tuple[str, ...] = ()
    prepare_treated: tuple[str, ...] = ()
    with_lever: bool = True

    @property
    def doses(self) -> dict[str, Any]:
        """Return the settings in force: the lever's dose with the trial's changes."""
        return {**self.lever.dose, **self.settings}

    @property
    def entry(self) -> Entry:
        """Return the entry that the treated run has and the other has not."""
        start, stop = float(self.in_force[0]), float(self.in_force[1] + 1)
        settings = self.lever.Settings(**self.doses)
        return Entry(f"trial_{self.id}", self.lever, settings, "city", start, stop)

    def dose_text(self) -> str:
        """Return the dose in one line."""
        if not self.with_lever:
            return " vs ".join((*self.prepare_treated, *self.prepare)).replace("_", " ")
        parts = []
        for f in fields(self.lever.Settings):
            value = self.doses.get(f.name, f.default)
            if f.name in self.doses and value != f.default:
                unit = f.metadata.get("unit") or ""
                number = f"{value:,.10g}" if isinstance(value, float | int) else "+".join(np.atleast_1d(value))
                parts.append(f"{f.name.replace('_', ' ')} {number}{'' if unit in ('', '1') else ' ' + unit}")
        return "; ".join(parts)


@dataclass(frozen=True)
class Effect:
    """One line of the table: mean effect over pairs, its 90 % interval, and whether it is as expected."""

    lever: str
    estimand: str
    dose: str
    effect: float
    low: float
    high: float
    expected_low: float
    expected_high: float
    unit: str
    source: str
    mark: str
    ok: bool
    label: Label = field(default_factory=lambda: Label("", ""))


def load_trials(path: Path = DECLARED) -> tuple[str, int, list[Trial]]:
    """Return scenario, number of pairs and trials of the declaration; raises ValueError for what is unknown."""
    data = YAML(typ="safe").load(path.read_text("utf-8"))
    trials = []
    for raw in data["trials"]:
        rows = []
        for row in raw["rows"]:
            if row.get("estimator", "change") not in ESTIMATORS:
                raise ValueError(f"{path.name}: {raw['id']}: no estimator {row['estimator']!r}")
            rows.append(Row(**{**row, "label": Label(**row["label"]), "sign": str(row["sign"])}))
        known: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
        trial = Trial(**{**known, "lever": LEVERS[raw["lever"]], "rows": tuple(rows)})
        for name in (*trial.prepare, *trial.prepare_treated):
            if name not in PREPARE:
                raise ValueError(f"{path.name}: {raw['id']}: no starting position {name!r}")
        trials.append(trial)
    return str(data["scenario"]), int(data["pairs"]), trials


def trace(scenario: Scenario, values: Mapping[str, float], seed: int, entry: str, prepare: Iterable[str] = ()) -> Trace:
    """Run a scenario as ``simulate`` does, from a changed start if asked, and keep what estimators look at."""
    p = override((*SCHEDULE, *LEVERS.values()), {**values, **scenario.assumptions})
    luck = Luck(seed)
    world = start(scenario, luck)
    for name in prepare:
        PREPARE[name](world)
    kept = Trace(values, entry)
    for year in range(world.region.start_year, scenario.years[1] + 1):
        run_year(world, scenario, p, luck, year)
        kept.take(world)
    kept.bills = list(world.ledger.bills())
    return kept


def pair_of(scenario: Scenario, trial: Trial, values: Mapping[str, float], seed: int, cache: dict[Any, Trace]) -> Pair:
    """Return the two runs of a trial for one draw; runs without the measure are shared between trials."""
    own = [e.id for e in scenario.entries if e.lever.name == trial.lever.name]
    base = replace(scenario.without(own), years=(scenario.years[0], trial.until))
    key = (*sorted(own), trial.until, trial.prepare)
    if key not in cache:
        cache[key] = trace(base, values, seed, "", trial.prepare)
    treated = replace(base, entries=(*base.entries, trial.entry)) if trial.with_lever else base
    return Pair(
        trace(treated, values, seed, trial.entry.id, trial.prepare_treated or trial.prepare),
        cache[key],
        range(trial.in_force[0], trial.in_force[1] + 1),
    )


def spent(pair: Pair, trial: Trial) -> Fraction:
    """Return outlay over budget at the end of the year in which the two come closest (CNY over CNY)."""
    purse = sum(float(trial.doses.get(name, 0.0)) for name in PURSES)
    worst: Fraction = (0.0, 1.0)
    paid = allowed = 0.0
    for year in pair.treated.years:
        paid += pair.treated.billed(("outlay",), (year,))
        allowed += purse * trial.entry.share_of_year(year)
        if allowed > 0.0 and paid / allowed > worst[0] / worst[1]:
            worst = (paid, allowed)
        elif allowed <= 0.0 < paid:
            worst = (paid, 1.0)
    return worst


def one_draw(number: int, path: str, trials: Sequence[Trial], seed: int) -> list[list[Fraction]]:
    """Return the fractions of every row of every trial, and outlay over budget at the end, for one pair."""
    scenario = load_scenario(path)
    values = values_of(number, seed)
    cache: dict[Any, Trace] = {}
    out = []
    for trial in sorted(trials, key=lambda t: t.lever.name):
        pair = pair_of(scenario, trial, values, seed * SEED_STRIDE + number, cache)
        found = [ESTIMATORS[row.estimator](pair, **row.arguments) for row in trial.rows]
        out.append([*found, spent(pair, trial)])
    order = {t.id: k for k, t in enumerate(sorted(trials, key=lambda t: t.lever.name))}
    return [out[order[t.id]] for t in trials]


def ratio(fractions: np.ndarray) -> tuple[float, float, float]:
    """Return the ratio of sums over pairs (n, 2), and its 90 % bootstrap interval over pairs."""
    total = fractions.sum(axis=0)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    weights = rng.multinomial(len(fractions), np.full(len(fractions), 1.0 / len(fractions)), size=BOOTSTRAP)
    sums = weights @ fractions
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.nanquantile(sums[:, 0] / sums[:, 1], (0.05, 0.95))
        return float(total[0] / total[1]), float(low), float(high)


def as_expected(row: Row, effect: float) -> bool:
    """Return whether an effect has the sign and lies in the range that the row expects."""
    signed = {"+": effect > 0.0, "-": effect < 0.0}.get(row.sign, True)
    return bool(math.isfinite(effect) and signed and row.low <= effect <= row.high)


def effects(trials: Sequence[Trial], results: Sequence[list[list[Fraction]]]) -> list[Effect]:
    """Return the table from the fractions of all pairs: each trial's rows, then its spending."""
    table = []
    for t, trial in enumerate(trials):
        for k, row in enumerate(trial.rows):
            effect, low, high = ratio(np.array([pair[t][k] for pair in results]))
            table.append(
                Effect(
                    trial.lever.name, row.estimand, trial.dose_text(), effect, low, high, row.low, row.high, row.unit,
                    row.source, row.mark, as_expected(row, effect), row.label,
                )
            )  # fmt: skip
        if trial.with_lever:
            parts = np.array([pair[t][-1][0] / pair[t][-1][1] for pair in results])
            most = 1.0 if any(trial.doses.get(name, 0.0) for name in PURSES) else 0.0
            table.append(
                Effect(
                    trial.lever.name, f"spending_{trial.id}", trial.dose_text(), float(parts.mean()),
                    float(parts.min()), float(parts.max()), 0.0, most, "1", "derived", "budget",
                    bool(parts.max() <= most * (1.0 + 1e-9)), Label("Outlay over budget (least, most)", "支出占预算"),
                )
            )  # fmt: skip
    return table


def run(
    path: Path = DECLARED, pairs: int | None = None, jobs: int | None = None, seed: int = 0, only: Iterable[str] = ()
) -> list[Effect]:
    """Run all trials (or those of some levers) and return the table; pair number k is draw k of the priors.

    The first pair runs here, so that forked workers start with every kernel compiled. Raises StudyError where a worker
    died or memory is short.
    """
    scenario, declared, trials = load_trials(path)
    if names := set(only):
        trials = [t for t in trials if t.lever.name in names]
    held = (str(ROOT / scenario), trials, seed)
    return effects(trials, in_order(_draw_of, held, range(pairs or declared), jobs=jobs))


def _draw_of(held: tuple[str, Sequence[Trial], int], number: int) -> list[list[Fraction]]:
    return one_draw(number, *held)


def write_csv(table: Sequence[Effect], path: Path = TABLE) -> None:
    """Write the table, one effect a line; an open end of a range is left empty."""
    names = [f.name for f in fields(Effect) if f.name != "label"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*names, "label_en", "label_zh"])
        for effect in table:
            values = asdict(effect)
            cells = [_cell(values[name]) for name in names]
            writer.writerow([*cells, effect.label.en, effect.label.zh])


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else ""
    return str(value)


def markdown(table: Sequence[Effect]) -> str:
    """Return the table as the README shows it."""
    lines = [
        "| lever | effect of the dose | mean | 90 % interval | expected | source | kind | as expected |",
        "|---|---|---:|---|---|---|---|---|",
    ]
    doses: dict[str, None] = {}
    for e in table:
        expected = f"{_cell(e.expected_low) or '…'} to {_cell(e.expected_high) or '…'}"
        unit = "" if e.unit == "1" else f" ({e.unit})"
        lines.append(
            f"| `{e.lever}` | {e.label.en}{unit} | {e.effect:.3g} | {e.low:.3g} to {e.high:.3g} | {expected} "
            f"| `{e.source}` | {e.mark} | {'yes' if e.ok else '**no**'} |"
        )
        doses[f"- `{e.lever}`: {e.dose}"] = None
    return "\n".join([*lines, "", "Doses:", "", *doses])


def fill_readme(text: str, path: Path = README) -> bool:
    """Put text between the README's marks; return False where it has none."""
    page = path.read_text("utf-8") if path.is_file() else ""
    head, found, rest = page.partition(MARKS[0])
    _, ended, tail = rest.partition(MARKS[1])
    if not (found and ended):
        return False
    path.write_text(f"{head}{MARKS[0]}\n{text}\n{MARKS[1]}{tail}", "utf-8")
    return True


@plain_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials, print and write the table; exit with 1 if an effect is not as expected."""
    parser = argparse.ArgumentParser(prog="python -m simulator.study.effects", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, help="pairs of runs for each trial")
    parser.add_argument("--jobs", type=int, help="processes")
    parser.add_argument("--lever", action="append", default=[], help="only this lever; nothing is written then")
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    table = run(pairs=options.pairs, jobs=options.jobs, only=options.lever)
    for e in table:
        expected = f"[{_cell(e.expected_low)}, {_cell(e.expected_high)}]"
        print(
            f"{'  ' if e.ok else '! '}{e.lever:<26}{e.estimand:<30}{e.effect:>10.3g}  "
            f"[{e.low:.3g}, {e.high:.3g}]  expected {expected} {e.unit}  {e.mark}, {e.source}"
        )
    missed = [e for e in table if not e.ok]
    print(f"{len(table) - len(missed)} of {len(table)} as expected, {time.perf_counter() - began:.0f} s")
    if not options.lever:
        write_csv(table)
        if not fill_readme(markdown(table)):
            print(f"{README.name} has no {MARKS[0]} ... {MARKS[1]}: the table stands in {TABLE.name} only")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
