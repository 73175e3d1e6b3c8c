"""A planner's own figures: runs that agree with them count for more (``ris run --actuals file.csv``).

The file has the columns ``name, year, value`` and, if wanted, ``sd``: an indicator in the simulator's unit or a
published figure in that of ``observed.csv``, and the standard deviation of the figure in the same unit. Each run gets
an importance weight, the normal likelihood of the figures given the run on a log (or logit) scale, errors of figure and
model together. Weights that would rest on too few draws of the parameters are drawn together (tempered) until they are
worth the floor: that is the same as trusting the figures less, and the page says by how much. Draws are counted and not
runs, since runs of one draw differ by luck alone and agree with the figures together.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Problem, Problems, closest
from simulator.core.reading import LARGEST_CSV, number, read_bytes
from simulator.study.history import History, load_history
from simulator.study.published import FIGURES
from simulator.study.replicates import SEEDS_PER_DRAW
from simulator.study.targets import SIMULATED, Target, targets_of

if TYPE_CHECKING:
    import pandas

    from simulator.core.declare import Indicator
    from simulator.scenario import Scenario
    from simulator.study.tables import Tables

REQUIRED, OPTIONAL = ("name", "year", "value"), ("sd", "unit", "source", "note")
# Where nothing is said: an official count, and the model's own discrepancy of the history's typical series.
DEFAULT_SD, DEFAULT_DISCREPANCY = 0.03, 0.08
# Below so many effective draws a 90 % band rests on one or two of them at either end.
LEAST_DRAWS, LEAST_SHARE = 20, 0.10
LARGEST = 1e30  # of a figure in the simulator's unit, and of an error relative to it
_HALVINGS = 60
_THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?\Z")


@dataclass(frozen=True)
class Reweighted:
    """What the figures change: ``points`` used, ``weights`` (n,) adding to 1, and one row a figure and a target.

    ``draws`` is the number of draws of the parameters among the runs, ``effective`` how many equally weighted draws the
    weights are worth (Kish), ``untempered`` how many they would have been worth at the errors given, and ``widened``
    the factor on those errors that keeps the floor (1: none).
    """

    points: History
    weights: np.ndarray
    draws: int
    effective: float
    untempered: float
    floor: float
    widened: float
    figures: pandas.DataFrame
    targets: pandas.DataFrame

    def plain(self) -> dict[str, Any]:
        """Return all of it as plain values for JSON."""
        from simulator.study.study_files import plain_rows

        return {
            "runs": int(self.weights.size),
            "draws": self.draws,
            "effective_draws": self.effective,
            "effective_draws_at_given_errors": self.untempered,
            "floor": self.floor,
            "errors_widened": self.widened,
            "figures": plain_rows(self.figures),
            "targets": plain_rows(self.targets),
        }


def read_actuals(path: Path, scenario: Scenario) -> History:
    """Return a planner's figures as points in the simulator's units; raises InputError with all that is wrong."""
    from simulator.model import INDICATORS

    problems: list[Problem] = []
    rows: list[tuple[str, int, float, float]] = []
    seen: set[tuple[str, int]] = set()
    for line, row in _rows(path, problems):
        name, scale = _indicator(str(row["name"] or "").strip(), INDICATORS)
        if not name:
            among = (*INDICATORS, *(f.name for f in FIGURES))
            found = str(row["name"])
            problems.append(Problem(str(path), line, 1, "unknown figure", found, suggestion=closest(found, among)))
            continue
        first, last = scenario.years
        year = _number(row["year"])
        value, sd = _number(row["value"]), _number(row.get("sd") or "0")
        if year is None or year != int(year) or not first <= year <= last:
            problems.append(Problem(str(path), line, 1, "year", str(row["year"]), f"{first} to {last}"))
        elif value is None or value <= 0.0 or (_share(INDICATORS[name]) and value / scale >= 1.0):
            allowed = "a number above 0 (a share: below 1, a percentage below 100)"
            problems.append(Problem(str(path), line, 1, "value", str(row["value"]), allowed))
        elif sd is None or sd < 0.0:
            problems.append(Problem(str(path), line, 1, "sd", str(row.get("sd")), "a number above 0, or nothing"))
        elif not 0.0 < value / scale < LARGEST or sd / value > LARGEST:
            problems.append(Problem(str(path), line, 1, "value or sd out of range", f"{row['value']}, {row.get('sd')}"))
        elif (name, int(year)) in seen:
            problems.append(Problem(str(path), line, 1, "this figure is given twice", f"{name} {int(year)}"))
        else:
            seen.add((name, int(year)))
            rows.append((name, int(year), value / scale, sd / value))
    if not rows and not problems:
        problems.append(Problem(str(path), 1, 1, "no figures", "", "one row a figure"))
    if problems:
        raise InputError(problems)
    return _points(scenario.region.id, rows, INDICATORS)


def _rows(path: Path, problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row of a file by column, and its line; rows of another length are noted, empty ones passed over.

    Raises InputError for a file that is no such table. GBK is what a Chinese Excel writes as CSV; where it is not that
    either, the message says how to convert.
    """
    found = Problems()
    data = read_bytes(path, found, LARGEST_CSV)
    found.raise_any()
    reader = csv.reader(io.StringIO(_text(path, data or b""), newline=""), strict=True)
    try:
        heads = [name.strip() for name in next(reader, [])]
        twice = len(set(heads)) < len(heads)
        if twice or set(REQUIRED) - set(heads) or set(heads) - {*REQUIRED, *OPTIONAL}:
            what = "a column is there twice" if twice else "columns"
            raise InputError([Problem(str(path), 1, 1, what, ", ".join(heads)[:100], ", ".join((*REQUIRED, "sd")))])
        for cells in reader:
            if len(cells) == len(heads):
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, dict(zip(heads, cells, strict=True))
            elif cells:
                text = f"{len(heads)}"
                problems.append(Problem(str(path), reader.line_num, 1, "number of cells", str(len(cells)), text))
    except csv.Error as error:
        raise InputError([Problem(str(path), max(reader.line_num, 1), 1, f"not CSV: {error}")]) from None


def _text(path: Path, data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    allowed = "UTF-8 or GBK; in Excel: Save as, CSV UTF-8 (另存为 CSV UTF-8)"
    raise InputError([Problem(str(path), 1, 1, "neither UTF-8 nor GBK", "", allowed)])


def _indicator(name: str, indicators: Sequence[str] | dict[str, Indicator]) -> tuple[str, float]:
    """Return the indicator that a name stands for, and the published unit over the simulator's."""
    if name in indicators:
        return name, 1.0
    figure = next((f for f in FIGURES if f.name == name and f.indicator in indicators), None)
    return (figure.indicator, figure.scale) if figure is not None else ("", 1.0)


def _number(text: object) -> float | None:
    plain = str(text).strip()
    return number(plain.replace(",", "") if _THOUSANDS.match(plain) else plain)  # 1,234.5 but not 1,5


def _share(indicator: Indicator) -> bool:
    return indicator.kind == "share" and indicator.unit == "1"


def _points(region: str, rows: Sequence[tuple[str, int, float, float]], indicators: dict[str, Indicator]) -> History:
    """Return rows of indicator, year, value and relative error as points, with the model's discrepancy for each."""
    model: dict[str, float] = {}
    try:
        known = load_history(region)
        model = {name: float(sd) for name, sd in zip(known.names, known.sd_model, strict=True)}
    except InputError:  # a city without a history: the typical discrepancy stands for each
        pass
    return History(
        region,
        tuple(name for name, *_ in rows),
        np.array([year for _, year, *_ in rows], int),
        np.array([value for _, _, value, _ in rows]),
        np.array([sd or DEFAULT_SD for *_, sd in rows]),
        np.array([model.get(name, DEFAULT_DISCREPANCY) for name, *_ in rows]),
        ("fit",) * len(rows),
        ("actuals",) * len(rows),
        np.array([_share(indicators[name]) for name, *_ in rows], bool),
    )


def log_likelihood(points: History, simulated: np.ndarray) -> np.ndarray:
    """Return the log-likelihood of the points (M,) given each run's figures (n, M), up to a constant: (n,)."""
    apart = points.transform(simulated) - points.transform(points.values[None, :])
    return np.asarray(-0.5 * (apart * np.linalg.solve(points.covariance(), apart.T).T).sum(axis=1))


def effective(weights: np.ndarray, draws: np.ndarray | None = None) -> float:
    """Return how many equally weighted draws these weights of runs (n,) are worth (Kish 1965).

    ``draws`` (n,) says which draw each run has; without it each has one of its own.
    """
    if draws is not None:
        weights = np.bincount(np.unique(draws, return_inverse=True)[1], weights)
    return float(weights.sum() ** 2 / (weights**2).sum())


def tempered(loglike: np.ndarray, floor: float, draws: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    """Return weights (n,) adding to 1, and the power (0 to 1) of the likelihood at which they are worth the floor.

    The power is 1 where the likelihood itself leaves enough draws. Raises ValueError for a floor above their number.
    """
    count = loglike.size if draws is None else np.unique(draws).size
    if floor > count:
        raise ValueError(f"{count} draws cannot be worth {floor:g}")

    def weights(power: float) -> np.ndarray:
        w = np.exp(power * (loglike - loglike.max()))
        return np.asarray(w / w.sum())

    if effective(weights(1.0), draws) >= floor:
        return weights(1.0), 1.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(weights(middle), draws) >= floor else (low, middle)
    return weights(low), low


def weighted_quantile(figures: np.ndarray, weights: np.ndarray, levels: Sequence[float]) -> list[float]:
    """Return quantiles of figures (n,) under weights (n,): linear between the middles of the sorted weights' steps."""
    order = np.argsort(figures, kind="stable")
    x, w = figures[order], weights[order] / weights.sum()
    return [float(q) for q in np.interp(levels, np.cumsum(w) - 0.5 * w, x)]


def series_reader(tables: Tables) -> tuple[np.ndarray, int, Callable[[str], np.ndarray]]:
    """Return the years (T,) and number of a run's tables, and what gives each indicator's series, (n, T)."""
    frame = tables.series
    years = np.unique(frame["year"].to_numpy())
    names = frame["indicator"].to_numpy()
    count = len(frame) // (len(np.unique(names)) * years.size)

    def series(name: str) -> np.ndarray:
        return np.asarray(frame["value"].to_numpy()[names == name].reshape(count, years.size), float)

    return years, count, series


def draws_of(tables: Tables) -> np.ndarray:
    """Return the number of the parameter draw of each run, (n,), in the order of ``series_reader``."""
    frame = tables.series
    first = (frame["indicator"] == frame["indicator"].iloc[0]).to_numpy()
    return np.asarray(frame["draw"].to_numpy()[first][:: frame["year"].nunique()])


def reweigh(scenario: Scenario, tables: Tables, points: History) -> Reweighted:
    """Return a run's targets before and after weighting by how well each run agrees with the points.

    Raises InputError where the runs have fewer draws of the parameters than the floor.
    """
    import pandas

    from simulator.model import INDICATORS

    years, count, series = series_reader(tables)
    draws = draws_of(tables)
    drawn = np.unique(draws).size
    if drawn < LEAST_DRAWS:
        message = f"{count} runs of {drawn} draws of the parameters are too few to be weighted"
        allowed = f"--replicates {LEAST_DRAWS * SEEDS_PER_DRAW} or more"
        raise InputError([Problem(str(scenario.path), 1, 1, message, allowed=allowed)])
    at = [int(np.flatnonzero(years == year)[0]) for year in points.years]
    simulated = np.stack([series(name)[:, t] for name, t in zip(points.names, at, strict=True)], axis=1)
    loglike = log_likelihood(points, simulated)
    plain = np.exp(loglike - loglike.max())
    even = np.full(count, 1.0 / count)
    # equal weights themselves are worth a little less than all draws where a draw has lost a run
    floor = min(max(float(LEAST_DRAWS), LEAST_SHARE * drawn), effective(even, draws))
    weights, power = tempered(loglike, floor, draws)
    levels = (0.05, 0.5, 0.95)

    def spread(prefix: str, figures: np.ndarray, w: np.ndarray) -> dict[str, float]:
        return dict(zip((f"{prefix}p05", f"{prefix}p50", f"{prefix}p95"), weighted_quantile(figures, w, levels),
                        strict=True))  # fmt: skip

    figures = [
        {"indicator": name, "name": INDICATORS[name].label.en, "name_zh": INDICATORS[name].label.zh}
        | {"unit": INDICATORS[name].unit, "year": int(points.years[k]), "value": float(points.values[k])}
        | {"sd": float(points.sd[k])}
        | spread("", simulated[:, k], even) | spread("after_", simulated[:, k], weights)
        for k, name in enumerate(points.names)
    ]  # fmt: skip
    targets = [
        _target_row(t, t.figures(series(str(t.indicator)), years, INDICATORS), weights, even, spread)
        for t in targets_of(scenario)
        if t.status(INDICATORS, years) == SIMULATED
    ]
    return Reweighted(
        points, weights, drawn, effective(weights, draws), effective(plain, draws), floor,
        power**-0.5 if power > 0.0 else math.inf, pandas.DataFrame(figures), pandas.DataFrame(targets),
    )  # fmt: skip


def _target_row(
    target: Target, figures: np.ndarray, weights: np.ndarray, even: np.ndarray, spread: Callable[..., dict[str, float]]
) -> dict[str, Any]:
    met = target.met(figures)
    row: dict[str, Any] = {"id": target.id, "kind": target.kind, "name": target.name.en, "name_zh": target.name.zh}
    row |= {"year": target.year, "unit": target.unit, "op": target.op, "value": target.value}
    row |= spread("", figures, even) | {"probability": float(met.mean())}
    return row | spread("after_", figures, weights) | {"after_probability": float(weights @ met)}


@dataclass(frozen=True)
class OwnFigures:
    """A planner's file, read against a scenario before it runs, and used once its tables are there."""

    path: Path
    scenario: Scenario
    points: History

    @classmethod
    def read(cls, path: Path, scenario: Scenario) -> OwnFigures:
        """Return the figures of a file; raises InputError with everything that is wrong with it."""
        return cls(path, scenario, read_actuals(path, scenario))

    def reweigh(self, tables: Tables, folder: Path) -> Reweighted:
        """Return what the figures change, written as CSV into a folder of their own within the run's.

        The folder is named after the file and the figures in it, so that another file of that name has another.
        """
        from simulator.study.output import write_csv

        found = reweigh(self.scenario, tables, self.points)
        content = hashlib.sha256(self.path.read_bytes()).hexdigest()
        home = folder / f"actuals-{self.path.stem}-{content[:8]}"
        write_csv(found.figures, home / "actuals.csv")
        write_csv(found.targets, home / "targets.csv")
        return found
