"""What a discovery says in plain words: in which futures a plan misses, which share of all misses, how sure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulator.report.catalogue import choice_name, driver_name, parameter_doc, switch_choice, switch_name
from simulator.report.terminal_attribution import PATHS
from simulator.report.words import plain_number, semicolon, unit_text, word
from simulator.study.discover import BOXES, NEARLY_ALL, NEARLY_NONE
from simulator.study.discover_factors import Factor
from simulator.study.discover_prim import HALVES, Found, Restriction

if TYPE_CHECKING:
    from simulator.study.discover import DiscoverResult


def percent(share: float) -> str:
    """Return a share as a whole percentage; none is written as 0 or 100 that is not."""
    if not math.isfinite(share):
        return "–"
    if 0.0 < share < 0.005 or 0.995 < share < 1.0:
        return f"{100 * share:.1f} %"
    return f"{100 * share:.0f} %"


def target_words(result: DiscoverResult, language: str) -> str:
    """Return what is missed: a target by id and name, or that one of several is."""
    names = [f"{t.id} {t.name.zh if language == 'zh' else t.name.en}" for t in result.targets]
    if len(names) == 1:
        return names[0]
    return "、".join(names) + "中至少一项" if language == "zh" else "at least one of " + ", ".join(names)


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


def level_words(factor: Factor, level: str, language: str) -> str:
    """Return what a choice of a factor is called: in Chinese by its meaning, in English as scenarios write it."""
    if language != "zh":
        return level
    if factor.kind == "switch":
        return switch_choice(factor.name.partition(".")[2], level, language)
    return PATHS[level][1] if factor.kind == "driver" and level in PATHS else choice_name(level, language)


def condition(result: DiscoverResult, restriction: Restriction, language: str) -> str:
    """Return one restriction as a condition, with the share of all futures in which it holds."""
    factor, zh = result.factor(restriction.factor), language == "zh"
    column = result.points.columns[restriction.factor]
    share = percent(float(restriction.holds(column).mean()))
    name = factor_words(factor, language)
    if restriction.kept is not None:
        names = [level_words(factor, factor.levels[k], language) for k in restriction.kept]
        levels = (" 或 " if zh else " or ").join(names)
        said = f"{name} 取 {levels}" if zh else f"{name} is {levels}"
    else:
        said = f"{name}{_span(restriction, factor, language)}"
    doc = _doc(factor, language)
    of = f"（占全部未来的 {share}{doc}）" if zh else f" (in {share} of all futures{doc})"
    return said + of


def _doc(factor: Factor, language: str) -> str:
    bare = factor.name.removeprefix("parameters.")
    doc = parameter_doc(bare, language) if factor.kind == "parameter" else ""
    return f"{semicolon(language)}{doc}" if doc else ""


def _span(restriction: Restriction, factor: Factor, language: str) -> str:
    zh, unit = language == "zh", unit_text(factor.unit, language)
    tail = unit if zh and unit else f" {unit}" if unit else ""
    low, high = plain_number(restriction.low), plain_number(restriction.high)
    if factor.unit.startswith("1 / "):  # 0.04 a year, 每年 0.04
        tail = "" if zh else f" a {factor.unit[4:]}"
        low, high = (f"{unit} {x}" if zh else x for x in (low, high))
    if not math.isfinite(restriction.high):
        return f" 高于 {low}{tail}" if zh else f" is above {low}{tail}"
    if not math.isfinite(restriction.low):
        return f" 低于 {high}{tail}" if zh else f" is below {high}{tail}"
    return f" 在 {low} 与 {high} 之间{tail}" if zh else f" lies between {low} and {high}{tail}"


def headline(result: DiscoverResult, language: str) -> str:
    """Return in how many futures the target is missed."""
    share, n = percent(float(result.missed.mean())), len(result.missed)
    what, name = target_words(result, language), result.scenario.title
    if language == "zh":
        return f"“{name.zh}”在 {n:,} 个模拟未来中，{share} 未完成 {what}。"
    return f"{name.en}: {what} is missed in {share} of {n:,} simulated futures."


def box_words(result: DiscoverResult, number: int, language: str) -> list[str]:
    """Return a box as sentences: in how many of its futures the plan misses, the conditions, and what that is of all.

    The first line leads to the conditions, one a line, and the others follow them.
    """
    found, zh = result.boxes[number - 1], language == "zh"
    density, coverage, mass = (percent(x) for x in (found.density, found.coverage, found.mass))
    others = number > 1
    if zh:
        lead = "在其余未来中，" if others else ""
        first = f"{lead}满足下列条件时，{density} 的未来未完成："
        last = f"这占全部未完成情形的 {coverage}，占全部模拟未来的 {mass}。"
    else:
        lead = "Of the futures outside the boxes above, the plan misses" if others else "The plan misses"
        first = f"{lead} in {density} of futures in which"
        last = f"That is {coverage} of all misses, in {mass} of all simulated futures."
    conditions = [condition(result, r, language) for r in found.box.values()]
    return [first, *(f"  - {c}" for c in conditions), last, _sure(found, language)]


def _sure(found: Found, language: str) -> str:
    returns, p = percent(min(found.returns.values())), max(found.quasi_p.values())
    chance = plain_number(max(p, 0.001))
    density, coverage = percent(found.unseen_density), percent(found.unseen_coverage)
    if language == "zh":
        return (
            f"稳定性：把未来随机对半分 {HALVES} 次，各条件至少在 {returns} 的对分中重现，"
            f"并在未参与搜索的一半上得到证实；准 p 值不超过 {chance}；"
            f"在未参与搜索的未来上，未完成比例 {density}，占未完成情形的 {coverage}。"
        )
    return (
        f"How stable: of {HALVES} random halves of the futures each condition was found again in at least {returns},"
        f" and confirmed on the other half; quasi-p at most {chance}; of futures in the box that it had not seen"
        f" {density} miss, {coverage} of all misses."
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
    """Return what differed between the futures."""
    kinds = [f.kind for f in result.asked.factors if f.name in result.asked.columns]
    counts = {kind: kinds.count(kind) for kind in ("parameter", "switch", "driver", "setting")}
    calibration = word(result.scenario.calibration, language)
    if language == "zh":
        names = {"parameter": "个参数", "switch": "项结构选项", "driver": "项外部因素", "setting": "项设置"}
        parts = "、".join(f"{n} {names[k]}" for k, n in counts.items() if n)
        how = (
            f"参数取自{calibration}校准" if result.asked.sampling == "draws" else "所列参数在先验范围内取拉丁超立方样本"
        )
        return f"各未来之间变化的因素：{parts}；{how}，其余各取值次数相同，运气各不相同。"
    names = {"parameter": "parameters", "switch": "switches", "driver": "drivers", "setting": "settings"}
    parts = ", ".join(f"{n} {names[k] if n > 1 else names[k].removesuffix('es' if k == 'switch' else 's')}"
                      for k, n in counts.items() if n)  # fmt: skip
    how = (
        f"parameters as the calibration ({calibration}) draws them"
        if result.asked.sampling == "draws"
        else "the parameters named are Latin hypercube samples over their priors"
    )
    return f"What differs between futures: {parts}; {how}, each choice of the others equally often, luck always."
