"""Which scenario wins: for every pair, in which share of simulated futures one reaches more of a target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.core.problems import InputError, Place, Problems
from simulator.study.comparison_pairs import net_counterparts
from simulator.study.replicates import Outcome, matched
from simulator.study.statistics import Z90, independent, paired_difference, wilson
from simulator.study.tables import series_of
from simulator.study.targets import HEADLINE_KINDS, Target, simulated_targets

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.study.ensemble import RunResult

ALL = "all"  # the mean over the chosen targets
WIN_COLUMNS = ["id", "name", "name_zh", "scenario", "against", "p_win", "p_win_low", "p_win_high", "pairs"]


def chosen_targets(scenarios: Sequence[Scenario], on: Sequence[str]) -> tuple[Target, ...]:
    """Return the targets that decide: those named, or the outcome and growth targets that all scenarios simulate.

    Raises InputError for a name that is no simulated target.
    """
    known = {t.id: t for t in simulated_targets(*scenarios)}
    problems = Problems()
    for name in on:
        if name not in known:
            problems.add(Place(str(scenarios[0].path)), "no such target is simulated", read=name, among=tuple(known))
    problems.raise_any()
    if on:
        return tuple(known[name] for name in dict.fromkeys(on))
    return tuple(t for t in known.values() if t.kind in HEADLINE_KINDS) or tuple(known.values())


def win_rows(runs: Sequence[RunResult], targets: Sequence[Target]) -> list[dict[str, Any]]:
    """Return for each target and ordered pair of scenarios the share of futures in which one is higher, ties half.

    The interval is 90 %: Wilson's at the number of independent futures for a target, BCa over draws for the mean over
    all targets (``all``).
    """
    from simulator.model import INDICATORS

    net = net_counterparts(*runs)
    common = matched(*(run.outcomes for run in runs))
    if not common or not targets:
        return []
    outcomes = list(zip(*common, strict=True))
    draws = np.array([o.replicate.draw for o in outcomes[0]])

    def figures(mine: Sequence[Outcome], target: Target) -> np.ndarray:
        judged = net.get(str(target.indicator), str(target.indicator))
        return target.figures(series_of(mine, judged), mine[0].years, INDICATORS)

    reached = [[figures(mine, target) for target in targets] for mine in outcomes]
    rows = []
    for a, run in enumerate(runs):
        for b, other in enumerate(runs):
            if a == b:
                continue
            wins = [(x > y) + 0.5 * (x == y) for x, y in zip(reached[a], reached[b], strict=True)]
            mean = paired_difference(np.mean(wins, axis=0)[:, None], draws)
            shares = [(float(mean.mean[0]), float(mean.low[0]), float(mean.high[0]))]
            shares += [_share(w, draws) for w in wins]
            names = [(ALL, f"mean over {len(targets)} targets", f"{len(targets)} 项目标平均")]
            names += [(t.id, t.name.en, t.name.zh) for t in targets]
            for name, share in zip(names, shares, strict=True):
                row = [*name, run.name, other.name, *share, len(common)]
                rows.append(dict(zip(WIN_COLUMNS, row, strict=True)))
    order = {name: k for k, name in enumerate([ALL, *(t.id for t in targets)])}
    return sorted(rows, key=lambda row: order[row["id"]])


def _share(wins: np.ndarray, draws: np.ndarray) -> tuple[float, float, float]:
    worth = independent(wins, draws, math.nan)
    low, high = wilson(float(wins.sum()), len(wins), worth, Z90)
    return float(wins.mean()), low, high


def read_names(text: str | None) -> tuple[str, ...]:
    """Return the names in a text such as ``QD10,QD12``; raises InputError where there is none."""
    if text is None:
        return ()
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        problems = Problems()
        problems.add(Place("--on"), "no target is named", read=text, allowed="targets such as QD10,QD12")
        raise InputError(problems.found)
    return names
