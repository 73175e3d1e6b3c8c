"""How many runs a comparison gets: until its paired differences are known well enough, looked at in fixed steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import Place, Problems
from simulator.study.ensemble import BATCH, batch_sizes
from simulator.study.replicates import Failure, Outcome, matched
from simulator.study.statistics import half_width
from simulator.study.tables import series_of
from simulator.study.targets import simulated_targets

if TYPE_CHECKING:
    from simulator.scenario import Scenario

MOST = 1000  # runs where a precision is asked for and no number of runs


def common_sizes(
    scenarios: Sequence[Scenario], replicates: int | None, until: Mapping[str, float] | None = None
) -> tuple[int, ...]:
    """Return after how many runs to look whether to stop: fixed steps, whatever the results are.

    Without a precision there is one step, the largest number that any scenario wants. With ``until`` or the
    scenarios' own the last is ``replicates``, else the most that a scenario allows, else 1,000.
    """
    wanted = [s.replicates for s in scenarios]
    own = replicates is None and any(w.until for w in wanted)
    if not until and not own:
        return (max(size for s in scenarios for size in batch_sizes(s, replicates)),)
    most = replicates or max(MOST if until else 0, *(w.max for w in wanted))
    first = min(max(w.min for w in wanted), most)
    return tuple(dict.fromkeys((*range(first, most, BATCH), most)))


def wanted_precision(
    scenarios: Sequence[Scenario], replicates: int | None, until: Mapping[str, float] | None
) -> dict[str, float]:
    """Return the half-widths that paired differences must have, by target or ``indicator@year``, the narrowest of each.

    Those of the scenarios count unless ``replicates`` alone says how many runs. Raises InputError for a name that is
    neither a simulated target nor an indicator in a simulated year, and for a width that is not positive.
    """
    wanted = dict(until or {})
    if until or replicates is None:
        for scenario in scenarios:
            for name, width in scenario.replicates.until.items():
                wanted[name] = min(width, wanted.get(name, math.inf))
    problems, known = Problems(), _names(scenarios)
    for name, width in wanted.items():
        place = Place("--until" if name in (until or {}) else str(scenarios[0].path))
        if name not in known:
            problems.add(place, "no such target, nor an indicator in a year that all simulate", read=name, among=known)
        if not (math.isfinite(width) and width > 0.0):
            problems.add(place, f"the width of {name}", read=width, allowed="a number above zero")
    problems.raise_any()
    return wanted


def _names(scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    from simulator.model import INDICATORS

    first, last = max(s.years[0] for s in scenarios), min(s.years[1] for s in scenarios)
    targets = (t.id for t in simulated_targets(*scenarios))
    return (*targets, *(f"{name}@{year}" for name in INDICATORS for year in range(first, last + 1)))


def reached_precision(
    scenarios: Sequence[Scenario], results: Sequence[Sequence[Outcome | Failure]], wanted: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return half the 90 % interval of the mean paired difference, for each name and each scenario after the first."""
    from simulator.model import INDICATORS

    targets = {t.id: t for t in simulated_targets(*scenarios)} if wanted else {}
    first, *others = ([r for r in one if isinstance(r, Outcome)] for one in results)
    rows = []

    def figures(outcomes: Sequence[Outcome], name: str) -> np.ndarray:
        if name in targets:
            series = series_of(outcomes, str(targets[name].indicator))
            return targets[name].figures(series, outcomes[0].years, INDICATORS)
        indicator, _, year = name.partition("@")
        return series_of(outcomes, indicator)[:, outcomes[0].years == int(year)][:, 0]

    for name, width in wanted.items():
        for number, mine in enumerate(others, 1):
            both = matched(first, mine)
            before, after = ([same[k] for same in both] for k in (0, 1))
            draws = np.array([o.replicate.draw for o in before])
            half = half_width(figures(after, name) - figures(before, name), draws) if both else math.inf
            rows.append({"scenario": number, "what": name, "wanted": width, "reached": half, "pairs": len(both)})
    return rows


def precise(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether every precision that was asked for is reached."""
    return all(row["reached"] <= row["wanted"] for row in rows)


def read_until(texts: Sequence[str]) -> dict[str, float]:
    """Return what texts such as ``QD10=5`` or ``QD10=5,rd_spending@2016=1e8`` ask for; raises InputError."""
    problems, found = Problems(), {}
    for text in (part for whole in texts for part in whole.split(",")):
        name, sign, width = (part.strip() for part in text.partition("="))
        try:
            found[name] = float(width)
        except ValueError:
            sign = ""
        if not (name and sign):
            problems.add(Place("--until"), "not a precision", read=text, allowed="a target and a half-width, QD10=5")
    problems.raise_any()
    return found
