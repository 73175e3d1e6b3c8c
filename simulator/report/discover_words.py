"""What a discovery says in plain words: in which futures a plan misses, which share of all misses, how sure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from simulator.report.catalogue import choice_name, driver_name, parameter_doc, switch_choice, switch_name
from simulator.report.parameter_names import first_clause, without_brackets
from simulator.report.terminal_attribution import PATHS
from simulator.report.words import (
    bracketed,
    colon,
    full_figure,
    plain_number,
    semicolon,
    unit_text,
    word,
)
from simulator.study.discover import BOXES, NEARLY_ALL, NEARLY_NONE
from simulator.study.discover_factors import Factor
from simulator.study.discover_prim import HALVES, Found, Restriction

if TYPE_CHECKING:
    from simulator.study.discover import DiscoverResult
    from simulator.study.targets import Target


def percent(share: float, language: str) -> str:
    """Return a share as a whole percentage; none is written as 0 or 100 that is not."""
    if not math.isfinite(share):
        return "–"
    digits = 1 if 0.0 < share < 0.005 or 0.995 < share < 1.0 else 0
    return f"{100 * share:.{digits}f}{'%' if language == 'zh' else ' %'}"


def target_words(result: DiscoverResult, language: str) -> str:
    """Return what is missed: a target by id and name, or that one of several is."""
    names = [f"{t.id} {t.name.zh if language == 'zh' else t.name.en}" for t in result.targets]
    if len(names) == 1:
        wanted = _wanted(result.targets[0], language)
        return names[0] + (bracketed(wanted, language) if language == "zh" else f", {wanted}")
    return "、".join(names) + "中至少一项" if language == "zh" else "at least one of " + ", ".join(names)


def _wanted(target: Target, language: str) -> str:
    """Return what a target asks for, and in which year."""
    level = full_figure(target.value, target.unit, language, ">" if target.op == "gt" else "≥")
    if language != "zh":
        return f"{level} in {target.year}"
    return f"{target.year} 年{'' if level.startswith('占') else ' '}{level}"


def factor_words(factor: Factor, language: str) -> str:
    """Return the name of a factor as a sentence says it."""
    zh, bare = language == "zh", factor.name.partition(".")[2]
    if factor.kind == "switch":
        return f"结构选项“{switch_name(bare, language)}”" if zh else f"the switch {bare}"
    if factor.kind == "driver":
        whole = (f"外部因素“{driver_name(bare, language)}”", f"the driver {bare}")
        whole = ("外部环境", "the outside") if bare == "all" else whole
        return whole[0] if zh else whole[1]
    if factor.kind == "setting":
        return f"设置 {factor.name}" if zh else f"the setting {factor.name}"
    return f"参数 {factor.name}" if zh else factor.name


def factor_meaning(factor: Factor, language: str, more: str = "") -> str:
    """Return what a factor is, behind that in brackets its name and ``more`` of it."""
    meaning = switch_name(factor.name.partition(".")[2], language) if factor.kind == "switch" else ""
    if factor.kind == "parameter":
        meaning = first_clause(parameter_doc(factor.name.removeprefix("parameters."), language))
    return meaning + bracketed(factor.name + more, language) if meaning else factor_words(factor, language)


def factor_in_full(factor: Factor, language: str) -> str:
    """Return what a factor is, of a parameter all that is said of it, and its name."""
    doc = parameter_doc(factor.name.removeprefix("parameters."), language) if factor.kind == "parameter" else ""
    return doc + bracketed(factor.name, language) if doc else factor_meaning(factor, language)


def level_words(factor: Factor, level: str, language: str) -> str:
    """Return what a choice of a factor is called: in Chinese by its meaning, in English as scenarios write it."""
    if language != "zh":
        return level
    if factor.kind == "switch":
        return switch_choice(factor.name.partition(".")[2], level, language)
    return PATHS[level][1] if factor.kind == "driver" and level in PATHS else choice_name(level, language)


def _level_meaning(factor: Factor, level: str, language: str) -> str:
    """Return a choice by its meaning, in English with what scenarios call it."""
    if factor.kind == "switch" and language != "zh":
        return switch_choice(factor.name.partition(".")[2], level, language) + bracketed(level, language)
    return level_words(factor, level, language)


def condition(result: DiscoverResult, restriction: Restriction, language: str) -> str:
    """Return one restriction as a condition, with the share of all futures in which it holds."""
    factor, zh = result.factor(restriction.factor), language == "zh"
    column = result.points.columns[restriction.factor]
    share = percent(float(restriction.holds(column).mean()), language)
    if restriction.kept is not None:
        names = [_level_meaning(factor, factor.levels[k], language) for k in restriction.kept]
        held = (" 或 " if zh else " or ").join(names)
    else:
        held = span_words(restriction, factor, language)
    of = f"（占全部未来的 {share}）" if zh else f" (in {share} of all futures)"
    return f"{factor_meaning(factor, language, _more(factor, language))}{colon(language)}{held}{of}"


def _more(factor: Factor, language: str) -> str:
    """Return what is said of a parameter behind what it is: where its figure comes from, what it does not hold."""
    doc = parameter_doc(factor.name.removeprefix("parameters."), language) if factor.kind == "parameter" else ""
    rest = without_brackets(doc).partition(";；"[language == "zh"])[2].strip()
    return semicolon(language) + rest if rest else ""


def span_words(restriction: Restriction, factor: Factor, language: str) -> str:
    """Return the part of a factor's range that a restriction holds, with its unit."""
    zh, unit = language == "zh", unit_text(factor.unit, language)
    tail = unit if zh and unit else f" {unit}" if unit else ""
    low, high = plain_number(restriction.low), plain_number(restriction.high)
    if factor.unit.startswith("1 / "):  # 0.04 a year, 每年 0.04
        tail = "" if zh else f" a {factor.unit[4:]}"
        low, high = (f"{unit} {x}" if zh else x for x in (low, high))
    if not math.isfinite(restriction.high):
        return f"高于{_after(low)}{tail}" if zh else f"above {low}{tail}"
    if not math.isfinite(restriction.low):
        return f"低于{_after(high)}{tail}" if zh else f"below {high}{tail}"
    gap = "" if tail else " "
    return f"介于{_after(low)}{tail}{gap}与{_after(high)}{tail}{gap}之间" if zh else f"between {low} and {high}{tail}"


def _after(figure: str) -> str:
    """Return a figure as it follows a Chinese word: a space before a digit."""
    return f" {figure}" if figure[:1].isascii() else figure


def headline(result: DiscoverResult, language: str) -> str:
    """Return in how many futures the target is missed."""
    share, n = percent(float(result.missed.mean()), language), len(result.missed)
    what, name = target_words(result, language), result.scenario.title
    if language == "zh":
        return f"“{name.zh}”在 {n:,} 个模拟未来中，{share} 未完成 {what}。"
    what += "," if len(result.targets) == 1 else ""  # behind what is wanted
    return f"{name.en}: {what} is missed in {share} of {n:,} simulated futures."


def box_words(result: DiscoverResult, number: int, language: str) -> list[str]:
    """Return a box as sentences: in how many of its futures the plan misses, the conditions, and what that is of all.

    The first line leads to the conditions, one a line, and the others follow them.
    """
    found, zh = result.boxes[number - 1], language == "zh"
    density, coverage, mass = (percent(x, language) for x in (found.density, found.coverage, found.mass))
    others, elsewhere = number > 1, percent(missed_elsewhere(result, number), language)
    if zh:
        lead = "在其余未来中，" if others else ""
        first = f"{lead}{'下列条件同时成立' if len(found.box) > 1 else '下列条件成立'}时，{density} 的未来未完成："
        last = f"这占全部未完成情形的 {coverage}，占全部模拟未来的 {mass}；其余未来中 {elsewhere} 未完成。"
    else:
        lead = "Of the futures outside the boxes above, the plan misses" if others else "The plan misses"
        holds = "all of this holds" if len(found.box) > 1 else "this holds"
        first = f"{lead} in {density} of {'those' if others else 'the futures'} in which {holds}:"
        last = f"That is {coverage} of all misses, in {mass} of all simulated futures; of the others {elsewhere} miss."
    conditions = [condition(result, r, language) for r in found.box.values()]
    return [first, *(f"  - {c}" for c in conditions), last, _sure(found, language)]


def missed_elsewhere(result: DiscoverResult, number: int) -> float:
    """Return the share of misses among the futures that lie in none of the boxes up to a number."""
    out = np.ones(len(result.missed), bool)
    for found in result.boxes[:number]:
        out &= ~result.points.inside(found.box)
    return float(result.missed[out].mean()) if out.any() else math.nan


def _sure(found: Found, language: str) -> str:
    least, p = min(found.returns.values()), max(found.quasi_p.values())
    chance = plain_number(max(p, 0.001))
    density, coverage = percent(found.unseen_density, language), percent(found.unseen_coverage, language)
    if language == "zh":
        often = "每次都" if least == 1.0 else f"至少在 {percent(least, language)} 的次数中"
        return (
            f"稳定性：将全部未来随机对半分 {HALVES} 次，用其中一半重新搜索，各条件{often}再次出现，"
            f"并在另一半上得到证实（准 p 值不超过 {chance}）；"
            f"在未参与搜索的一半上，条件成立的未来有 {density} 未完成，占全部未完成情形的 {coverage}。"
        )
    often = "all" if least == 1.0 else f"at least {percent(least, language)}"
    return (
        f"How stable: the search was repeated on {HALVES} random halves of the futures. Each condition was found again,"
        f" and confirmed on the other half, in {often} of them (quasi-p at most {chance}). On the half not searched,"
        f" {density} of the futures in the box miss, {coverage} of all misses."
    )


def verdict_words(result: DiscoverResult, language: str) -> str:
    """Return why there are no boxes; empty where there are."""
    zh = language == "zh"
    if result.verdict == BOXES:
        return ""
    if result.verdict == NEARLY_ALL:
        return (
            "几乎所有未来都未完成：参数、外部环境和结构选项怎样取值差别都不大，因此不划分条件。"
            if zh
            else "Nearly all futures miss it, whatever the parameters, the outside and the switches are: there is no"
            " box to tell apart."
        )
    if result.verdict == NEARLY_NONE:
        return (
            "几乎没有未来未完成：未完成的情形太少，不足以划分条件。"
            if zh
            else "Nearly no future misses it: there are too few misses to look for what they have in common."
        )
    return (
        f"没有找到稳定的条件：随机对半分 {HALVES} 次，没有一个条件在半数以上的对分中重现并得到证实。"
        "未完成的情形分散在各处，或主要取决于运气。"
        if zh
        else f"No stable box: in {HALVES} random halves of the futures no condition was found again and confirmed on"
        " the other half in more than every second one. The misses are spread over these factors, or owed to luck."
    )


def sampled_words(result: DiscoverResult, language: str) -> str:
    """Return what differed between the futures, as a sentence."""
    zh, what = language == "zh", varied_words(result, language)
    return f"各未来之间变化的因素：{what}。" if zh else f"What differs between futures: {what}."


def varied_words(result: DiscoverResult, language: str) -> str:
    """Return what differed between the futures, and how each was drawn."""
    kinds = [f.kind for f in result.asked.factors if f.name in result.asked.columns]
    counts = {kind: kinds.count(kind) for kind in ("parameter", "switch", "driver", "setting")}
    calibration = word(result.scenario.calibration, language)
    zh, latin = language == "zh", result.asked.sampling != "draws"
    if zh:
        names = {"parameter": "个参数", "switch": "项结构选项", "driver": "项外部因素", "setting": "项设置"}
        drawn = "在先验范围内取拉丁超立方样本" if latin else f"取自{calibration}校准"
        even = {"switch": "各取值次数相同", "driver": "各路径次数相同", "setting": "在所给区间内均匀取值"}
        parts = [f"{n} {names[k]}（{drawn if k == 'parameter' else even[k]}）" for k, n in counts.items() if n]
        return "、".join([*parts, "运气"])
    names = {"parameter": "parameters", "switch": "switches", "driver": "drivers", "setting": "settings"}
    drawn = "Latin hypercube samples over their priors" if latin else f"as calibrated: {calibration}"
    how = {"parameter": drawn, "setting": "evenly over their ranges"}
    how |= {"switch": "each choice equally often", "driver": "each path equally often"}
    parts = [f"{n} {names[k] if n > 1 else k} ({how[k]})" for k, n in counts.items() if n]
    return f"{', '.join(parts)}, and luck"
