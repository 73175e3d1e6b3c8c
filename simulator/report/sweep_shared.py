"""What the figures of a sweep share: which outcomes they show, titles, footers, the factor's axis."""

from __future__ import annotations

import datetime
import math
import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.report.style import footer, scale_axis
from simulator.report.sweep_words import (
    factor_label,
    factor_unit,
    factor_unit_text,
    outcome_label,
)
from simulator.report.words import bracketed, cut, unit_text
from simulator.study.study_files import study_hash

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

    from simulator.study.sweep import SweepResult

TITLE_WIDTH = {"en": 50, "zh": 27}


def outcomes_shown(result: SweepResult, most: int) -> list[str]:
    """Return the outcomes to draw: those that were chosen, else those that the points move most beside their spread.

    The net cost is always among them.
    """
    names = result.plan.outcomes
    if result.plan.chosen or len(names) <= most:
        return list(names[:most])
    order = sorted(names, key=lambda name: -moved(result, name))
    best = [name for name in order if moved(result, name) > 0 and name != "cost.outlay"][:most]
    if "cost.net" in names and "cost.net" not in best:
        best = [*best[: most - 1], "cost.net"]
    return [name for name in names if name in best] or list(names[:most])


def moved(result: SweepResult, outcome: str) -> float:
    """Return how far the points move the mean of an outcome, in standard deviations over simulated futures.

    Zero where the widest paired difference is below two of its standard errors.
    """
    values = result.values(outcome)
    good = values[np.isfinite(values).all(axis=1)]
    if len(good) < 2:
        return 0.0
    differences = good - good[:, :1]
    means = np.abs(differences.mean(axis=0))
    widest = int(np.argmax(means))
    error = float(differences[:, widest].std(ddof=1)) / math.sqrt(len(good))
    width = float(good.std(axis=0, ddof=1).max())
    if means[widest] <= 2 * error:
        return 0.0
    return float(means[widest]) / width if width > 0 else math.inf


def meta_of(result: SweepResult) -> dict[str, Any]:
    """Return what the footer of a figure says: runs, draws, calibration, hash, the status of the region."""
    status = result.scenario.region.status
    return {
        "completed": int(np.isfinite(result.results.values).all(axis=1).sum()),
        "draws": len(set(result.draws.tolist())),
        "calibration": result.scenario.calibration,
        "created": datetime.date.today().isoformat(),
        "hash": study_hash(result.folder),
        "status": None if status is None else {"en": status.en, "zh": status.zh},
    }


def heading(result: SweepResult, language: str) -> str:
    """Return the title of the scenario, after its region where that is not in it."""
    place, title = result.scenario.region.name[language], result.scenario.title[language]
    return f"{place} · {title}" if place not in title else title


def foot_of(result: SweepResult, shown: Sequence[str], language: str, *, band: bool) -> str:
    """Return the lines under a figure: points and runs, what is not shown, then the footer of every figure."""
    zh, plan = language == "zh", result.plan
    points = (
        f"{len(plan.points)} 个取值点，每点 {plan.runs} 次运行，各点参数与运气相同"
        if zh
        else f"{len(plan.points)} points of {plan.runs} runs each, the same draws and luck at every point"
    )
    left = len(plan.outcomes) - len(shown)
    if left and plan.chosen:
        more = f"另有 {left} 项结果见表" if zh else f"{left} more outcomes are in the table"
    elif left:
        more = (
            f"所示为变化最明显的结果，其余 {left} 项见表"
            if zh
            else f"shown: what moves most beside its uncertainty; {left} more outcomes are in the table"
        )
    else:
        more = ""
    if band:
        points += "；P：完成概率" if zh else "; P: probability of meeting the target"
    return "\n".join(filter(None, (points, more, footer(meta_of(result), language, band=band))))


def titled(result: SweepResult, outcome: str, language: str) -> str:
    """Return the title of an outcome's panel."""
    return cut(outcome_label(outcome, result, language), TITLE_WIDTH[language])


def column(result: SweepResult, name: str) -> list[Any]:
    """Return the value of a factor at each point."""
    return [result.value(i, name) for i in range(len(result.plan.points))]


def numeric(values: Sequence[Any]) -> bool:
    """Return whether the values of a factor are numbers, so that they have a place on an axis."""
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def ordered(values: Sequence[Any]) -> list[Any]:
    """Return the different values of a factor: numbers from low to high, others in their order."""
    found = list(dict.fromkeys(values))
    return sorted(found) if numeric(found) else found


def of_outcome(result: SweepResult, outcome: str) -> pandas.DataFrame:
    """Return the summary of one outcome, a row a point."""
    frame = result.summary()
    return frame[frame["outcome"] == outcome].reset_index(drop=True)


def axis_name(axes: Axes, result: SweepResult, name: str, language: str) -> str:
    """Return the label of a factor's axis and set the scale and the ticks of its figures."""
    values, unit = column(result, name), factor_unit(name, result)
    if not numeric(values):
        return factor_label(name, result, language)
    if name in result.plan.logs:
        axes.set_xscale("log")
        ends = math.log10(min(values)), math.log10(max(values))
        axes.set_xticks([float(f"{10**x:.2g}") for x in np.linspace(*ends, 4)])
        axes.minorticks_off()
    else:
        axes.locator_params(axis="x", nbins=5)
    text = scale_axis(axes.xaxis, max(map(abs, values)) or 1.0, unit, language)
    text = text.replace(unit_text(unit, language), factor_unit_text(unit, language)) if unit else text
    return factor_label(name, result, language) + (bracketed(text, language) if text else "")


def wrapped(text: str, width: int) -> str:
    """Return a text in lines of so many characters: broken at spaces, and before brackets and after colons of Chinese.

    A place without a space is marked by a space of no width and taken out again.
    """
    if len(text) <= width:
        return text
    marked = re.sub(r"(?=（)|(?<=：)", "\u200b ", text)
    return textwrap.fill(marked, width).replace("\u200b ", "").replace("\u200b", "")
