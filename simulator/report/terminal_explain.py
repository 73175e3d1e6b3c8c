"""The page of ``ris explain``: one target or indicator, what moves it, through what, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from simulator.report.catalogue import parameter_doc, region_name
from simulator.report.sensitivity_words import grade_text
from simulator.report.terminal_attribution import parts_text
from simulator.report.words import (
    apart,
    bracketed,
    colon,
    comma,
    figure,
    full_figure,
    is_percent,
    lead_text,
    listed,
    number,
    plain_number,
    section_text,
    semicolon,
    unit_text,
    word,
)
from simulator.study.targets import NOT_SIMULATED

SHOWN, FOUND = 8, 3  # levers in full; sources named for one
LEAST = 0.01  # share of the variance below which a mechanism is not named
_TEXTS = {
    "moves": ("What moves it", "哪些工具会使其变动"),
    "moves_note": (
        "one lever alone at a realistic dose, {years}, everything else as in the city's baseline; 90 % interval. "
        "Purse: what the dose may pay out; tax forgone and administration come on top. Evidence: verified at its "
        "source, set by judgement from published work, or assumed",
        "单独施用一项工具的常规剂量（{years}），其余与基准情景相同；方括号为 90% 区间。"
        "资金：该剂量的支付上限，减税与管理费另计。证据：已核对原文、依据文献判断或假定",
    ),
    "nothing": (
        "No lever alone clearly moves it at its usual dose.",
        "单个工具按常规剂量均不足以使其明显变动。",
    ),
    "also": ("also", "另有"),
    "through": ("acts through", "作用环节"),
    "costs": ("purse: up to {} a year", "资金：每年至多 {}"),
    "costless": ("a rule, or paid by the piece: no purse", "属规则类或按件支付，无专项资金"),
    "in_plan": ("in the plan", "规划条目"),
    "evidence": ("evidence", "证据"),
    "dose_of": ("measured with {}'s dose and budget", "按{}的剂量与财力测得"),
    "unclear": (
        "Declared to move it, but not clear of luck at the usual dose",
        "声明会影响该指标，但常规剂量下未能与随机波动区分",
    ),
    "sure": ("How sure that is", "把握程度"),
    "spread": (
        "Of the variance in {year}, luck is {luck} and ignorance of the parameters {ignorance}.",
        "{year} 年的方差中，随机因素占 {luck}，参数未知占 {ignorance}。",
    ),
    "which": (
        "Which parameters it hangs on (share of the variance, 90 % interval)",
        "主要取决于（占方差比例，90% 区间）",
    ),
    "rest": (
        "{} the rest: all other parameters, each below the noise of {}, and what only several bring together",
        "{} 其余：其他参数各自低于噪声 {}，以及仅由多个参数共同产生的部分",
    ),
    "steps": ("By mechanism or lever", "按环节或工具"),
    "from": ("Where it comes from", "变化从何而来"),
    "no_table": (
        "not computed yet: python -m simulator.study.uncertainty",
        "尚未计算：python -m simulator.study.uncertainty",
    ),
    "stale": (
        "{} was made with an earlier model or scenario: figures may have moved",
        "{} 由较早的模型或情景生成，数值可能已变",
    ),
    "unknown": ("{}: not recorded with which version of the model it was made", "{}：未记录生成时的模型版本"),
    "true": ("its true counterpart, without relabelling or marginal filing", "剔除虚报等因素的真实对应指标"),
    "measured": ("measured by", "衡量指标"),
    "used_by": ("targets", "对应目标"),
}


def text_of(key: str, language: str) -> str:
    """Return a sentence of the page."""
    return _TEXTS[key][language == "zh"]


def explain_page(found: Mapping[str, Any], language: str) -> RenderableType:
    """Return the page for a terminal of any width."""
    parts = [*_head(found, language)]
    if found["status"] != NOT_SIMULATED:
        parts += [*_movers(found, language), *_certainty(found, language), *_origin(found, language)]
    parts += _files(found, language)
    return Group(*parts)


def _title(key: str, language: str) -> list[RenderableType]:
    return [Text(""), Text(text_of(key, language), style="bold")]


def _under(text: str, style: str = "dim", indent: int = 4) -> RenderableType:
    return Padding(Text(text, style=style, overflow="fold"), (0, 0, 0, indent))


def _head(found: Mapping[str, Any], language: str) -> list[RenderableType]:
    target, indicator, mark = found["target"], found["indicator"], colon(language)
    shown: list[RenderableType] = []
    if target is not None:
        bound = ">" if target["op"] == "gt" else "≥"
        goal = full_figure(target["value"], target["unit"], language, bound)
        year = bracketed(str(target["year"]), language)
        shown.append(Text.assemble((f"{target['id']}  {target['name']}", "bold"), mark, goal, year))
        where = [section_text(target["section"], language), lead_text(target["lead"], language)]
        where = [region_name(found["region"], language), *where, word(target["kind"], language)]
        shown.append(_under(" · ".join(where), indent=2))
    if indicator is None:
        return [*shown, Text(f"  {word(NOT_SIMULATED, language)}", style="yellow")]
    named = f"{indicator['label']}{bracketed(indicator['name'], language)}"
    if target is None:
        head = Text(f"{indicator['name']}  {indicator['label']}", style="bold")
        shown.append(Text.assemble(head, _unit(indicator["unit"], language)))
        shown.append(_under(region_name(found["region"], language), indent=2))
    else:
        shown.append(_under(f"{text_of('measured', language)}{mark}{named}", indent=2))
    if indicator["definition"]:
        shown.append(_under(indicator["definition"], indent=2))
    if indicator["true"]:
        true = f"{indicator['true']['label']}{bracketed(indicator['true']['name'], language)}"
        shown.append(_under(f"{text_of('true', language)}{mark}{true}", indent=2))
    others = [i for i in found["targets"] if target is None or i != target["id"]]
    if others:
        shown.append(_under(f"{text_of('used_by', language)}{mark}{listed(others, language)}", indent=2))
    return shown


def _unit(unit: str, language: str) -> str:
    text = unit_text(unit, language)
    return f"  [{text}]" if text else ""


# ---- levers -----------------------------------------------------------------------------------------


def _movers(found: Mapping[str, Any], language: str) -> list[RenderableType]:
    clear = [m for m in found["moved_by"] if m["effect"] is not None]
    shown = _title("moves", language)
    if clear:
        years = sorted({year for m in clear for year in m["years"]})
        note = text_of("moves_note", language).format(years=f"{years[0]}–{years[-1]}" if years[1:] else years[0])
        other = {m["city"] for m in clear} - {found["region"]}
        if other:
            note += semicolon(language) + text_of("dose_of", language).format(listed(sorted(other), language))
        shown.append(_under(note, indent=2))
    else:
        shown.append(_under(text_of("nothing", language), "", 2))
    for m in clear[:SHOWN]:
        shown += _mover(m, found, language)
    if clear[SHOWN:]:
        more = listed([f"{m['label']} {_relative(m)}".rstrip() for m in clear[SHOWN:]], language)
        shown.append(_under(f"{text_of('also', language)}{colon(language)}{more}", "", 2))
    if unclear := [m["label"] for m in found["moved_by"] if m["effect"] is None]:
        shown.append(_under(f"{text_of('unclear', language)}{colon(language)}{listed(unclear, language)}", indent=2))
    return shown


def _relative(mover: Mapping[str, Any]) -> str:
    if mover["relative"] is None:
        return ""
    share = 100.0 * mover["relative"]
    return f"{'+' if share > 0 else ''}{plain_number(share) if abs(share) >= 0.01 else f'{share:.1g}'} %"


def _mover(mover: Mapping[str, Any], found: Mapping[str, Any], language: str) -> list[RenderableType]:
    mark, then = colon(language), semicolon(language)
    kind = found["indicator"]["kind"]
    effect = _amount(mover["effect"], mover["unit"], kind, language)
    low, high = (_end(mover[k], mover, kind, language) for k in ("low", "high"))
    growth = found["target"] is not None and found["target"]["kind"] == "growth"
    head = _relative(mover) if growth and mover["relative"] is not None else effect
    interval = "" if growth else f" [{low}, {high}]"
    more = comma(language).join(x for x in ("" if growth else _relative(mover), _when(mover, language)) if x)
    line = Text.assemble("  ", (mover["label"], "bold"), mark, head, interval, bracketed(more, language))
    line.overflow = "fold"
    cost = mover["cost_per_year"]
    said = [text_of("costs", language).format(figure(cost, "CNY", language)) if cost else text_of("costless", language)]
    steps = [m["label"] for m in mover["mechanisms"]]
    if steps:
        said.append(f"{text_of('through', language)}{mark}{listed(steps, language)}")
    if mover["measures"]:
        said.append(f"{text_of('in_plan', language)}{mark}{listed(mover['measures'], language)}")
    keys = [k for named in mover["sources"].values() for k in named]
    grade = word(mover["evidence"], language)
    names = listed(keys[:FOUND], language) + (" …" if keys[FOUND:] else "")
    said.append(f"{text_of('evidence', language)}{mark}{grade}" + (bracketed(names, language) if keys else ""))
    text = then.join(said)  # a Chinese line has few spaces and is not to be broken at those beside figures
    return [line, _under(text.replace(" ", "\u00a0") if language == "zh" else text)]


def _when(mover: Mapping[str, Any], language: str) -> str:
    years = mover["years"]
    if len(years) > 1:
        return f"{years[0]}–{years[1]} 年均值" if language == "zh" else f"mean of {years[0]}–{years[1]}"
    return f"{years[0]} 年" if language == "zh" else f"in {years[0]}"


def _amount(value: float, unit: str, kind: str, language: str) -> str:
    """Return an effect with sign and unit; shares in percentage points."""
    if is_percent(unit):
        return apart(value, unit, language, sign=True)
    if kind in ("share", "rate"):
        return apart(100.0 * value, "percent", language, sign=True)
    return number(value, unit, language, sign=True) if abs(value) < 1e-3 else figure(value, unit, language, sign=True)


def _end(value: float, mover: Mapping[str, Any], kind: str, language: str) -> str:
    """Return an end of an effect's interval without its unit, at the scale of the effect."""
    unit = mover["unit"]
    factor = 100.0 if kind in ("share", "rate") and not is_percent(unit) else 1.0
    scaled = "percent" if factor > 1.0 else unit
    return number(factor * value, scaled, language, like=factor * abs(mover["effect"]), sign=True)


# ---- certainty, origin, files -----------------------------------------------------------------------


def percent(share: float | None) -> str:
    """Return a share of the variance as a page shows it."""
    if share is None or not math.isfinite(share):
        return "–"
    return f"{100.0 * share:.0f} %" if share >= 0.01 or share == 0.0 else "<1 %"


def _certainty(found: Mapping[str, Any], language: str) -> list[RenderableType]:
    sure, mark = found["uncertainty"], colon(language)
    shown = _title("sure", language)
    if sure is None:
        return [*shown, _under(text_of("no_table", language), indent=2)]
    facts = {"year": sure["year"], "luck": percent(sure["luck"]), "ignorance": percent(sure["ignorance"])}
    shown.append(_under(text_of("spread", language).format(**facts), "", 2))
    if sure["parameters"]:
        shown.append(_under(text_of("which", language) + mark.rstrip(), "", 2))
    for p in sure["parameters"]:
        head = f"{percent(p['share'])} [{percent(p['low']).removesuffix(' %')}, {percent(p['high'])}]  "
        line = Text.assemble("  ", head, (p["name"], "bold"), bracketed(p["owner_label"], language))
        line.overflow = "fold"
        shown.append(line)
        if "doc" in p:
            prior = f"{plain_number(p['prior'][0])}–{plain_number(p['prior'][1])}"
            unit = unit_text(p["unit"], language)
            value = f"{plain_number(p['value'])}{bracketed(prior, language)}"
            value += unit if language == "zh" else f" {unit}".rstrip()
            grade = grade_text(p["grade"], language)
            source = grade if p["source"] == "assumed" else f"{grade}{bracketed(p['source'], language)}"
            said = (parameter_doc(p["name"], language), value, source)
            shown.append(_under(semicolon(language).join(x for x in said if x)))
    shown.append(_under(text_of("rest", language).format(percent(sure["other"]), percent(sure["noise"])), "", 2))
    steps = [f"{m['label']} {percent(m['share'])}" for m in sure["by_mechanism"] if m["share"] >= LEAST]
    if steps:
        shown.append(_under(f"{text_of('steps', language)}{mark}{listed(steps, language)}", "", 2))
    return shown


def _origin(found: Mapping[str, Any], language: str) -> list[RenderableType]:
    if found["comes_from"] is None:
        return []
    row = {k: math.nan if v is None else v for k, v in found["comes_from"].items()}
    return [*_title("from", language), _under(parts_text(row, language), "", 2)]


def _files(found: Mapping[str, Any], language: str) -> list[RenderableType]:
    lines = [
        text_of(state, language).format(name) for name, state in found["files"].items() if state in ("stale", "unknown")
    ]
    return [Text(""), *(Text(line, style="yellow") for line in lines)] if lines else []
