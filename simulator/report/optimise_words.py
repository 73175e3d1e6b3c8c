"""Words for an optimisation: names of aims and doses, figures with their errors, in English and Chinese."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulator.report.words import figure, full_figure

if TYPE_CHECKING:
    from simulator.study.optimise import OptimiseResult
    from simulator.study.optimise_aims import Goal
    from simulator.study.optimise_doses import Dose

MOST_DIGITS = 4  # of percentage points: paired differences are far better known than the shares themselves
CLEAR = 2.0  # standard errors from which on a difference is said to be one
NAMES: dict[str, tuple[str, str]] = {
    "shortfall": ("expected shortfall", "目标缺口（期望）"),
    "probability": ("P(all met)", "全部达标概率"),
    "cost net": ("net public cost", "净财政成本"),
    "cost outlay": ("public outlay", "财政支出"),
    "regret": ("regret", "后悔值"),
}
AXES: dict[str, tuple[str, str]] = {
    "shortfall": ("expected shortfall, % of the targets", "目标缺口（期望，占目标值 %）"),
    "probability": ("probability that all targets are met", "全部目标达标的概率"),
    "cost net": ("net public cost of these entries", "上述措施的净财政成本"),
    "cost outlay": ("public outlay on these entries", "上述措施的财政支出"),
    "regret": ("regret, % of the targets (90 % of draws lie below)", "后悔值，占目标值 %（90 % 的参数组不超过）"),
}
SAID: dict[str, tuple[str, str]] = {
    "shortfall": ("shortfall", "目标缺口"),
    "probability": ("probability", "达标概率"),
    "cost": ("cost", "成本"),
    "regret": ("regret", "后悔值"),
}


def aim_key(aim: str, goal: Goal) -> str:
    """Return under which name the catalogues hold an aim."""
    return f"cost {goal.money}" if aim == "cost" else aim


def aim_name(aim: str, goal: Goal, language: str) -> str:
    """Return the name of an aim as a head of a table."""
    return NAMES[aim_key(aim, goal)][language == "zh"]


def axis_name(aim: str, goal: Goal, language: str) -> str:
    """Return the name of an aim as an axis says it."""
    return AXES[aim_key(aim, goal)][language == "zh"]


def aim_value(aim: str, value: float, language: str, *, sign: bool = False) -> str:
    """Return the figure of an aim: a shortfall in percent of the targets, money in CNY, a probability as it is."""
    if not math.isfinite(value):
        return "–"
    value = 0.0 if aim != "cost" and abs(value) < (0.005 if aim == "probability" else 0.0005) else value
    plus = "+" if sign and value > 0 else ""
    if aim == "cost":
        return figure(value, "CNY", language, sign=sign)
    if aim == "probability":
        return f"{plus}{value:.2f}"
    percent = "个百分点" if language == "zh" else "pp"
    return f"{plus}{100 * value:.1f} {percent if sign else '%'}"


def shares_apart(size: float, error: float, language: str) -> tuple[str, str]:
    """Return how far two shares lie apart in percentage points, and its error, both to the error's first digit."""
    known = 100 * (error if error > 0.0 else size)
    digits = 1 if known <= 0.0 else min(max(1, -math.floor(math.log10(known))), MOST_DIGITS)
    return f"{100 * size:.{digits}f} {'个百分点' if language == 'zh' else 'pp'}", f"{100 * error:.{digits}f}"


def with_error(aim: str, pair: tuple[float, float], language: str) -> str:
    """Return a figure with its standard error."""
    value, error = pair
    if aim == "cost":
        return f"{figure(value, 'CNY', language)} ±{figure(error, 'CNY', language).removeprefix('CNY ')}"
    if aim == "probability":
        return f"{value:.2f} ±{error:.2f}"
    return f"{100 * value:.1f} ±{100 * error:.1f} %"


def dose_name(result: OptimiseResult, dose: Dose, language: str) -> str:
    """Return what a dose is of: the entry's title, and its setting where one alone is set."""
    entry = next(e for e in result.scenario.entries if e.id == dose.entry)
    title = (entry.title or entry.lever.label)[language]
    setting = "" if dose.scales else f" · {dose.name.partition('.')[2]}"
    return f"{dose.entry} {title}{setting}"


def dose_value(dose: Dose, value: float, language: str) -> str:
    """Return a dose: times the plan's, or a setting in its unit."""
    if dose.scales:
        return f"{value:g} 倍" if language == "zh" else f"×{value:g}"
    known = dose.unit.replace("CNY / year", "CNY per year") if dose.unit.startswith("CNY") else dose.unit
    return full_figure(value, known, language) if known in ("CNY", "CNY per year") else f"{value:g}"
