"""Words and numbers as pages show them, in English and Chinese."""

from __future__ import annotations

import math

LANGUAGES = ("en", "zh")

_WORDS: dict[str, tuple[str, str]] = {
    "likely": ("likely", "大概率完成"),
    "in doubt": ("in doubt", "存疑"),
    "unlikely": ("unlikely", "难以完成"),
    "outcome": ("outcome", "结果"),
    "growth": ("growth", "增长"),
    "capacity": ("capacity", "能力"),
    "input": ("input", "投入"),
    "outlay": ("outlay", "支出"),
    "running": ("running", "运行"),
    "tax_forgone": ("tax forgone", "减税"),
    "recovered": ("recovered", "收回"),
    "contingent": ("contingent", "或有"),
    "net": ("net", "净额"),
    "centre": ("centre", "中央"),
    "province": ("province", "省"),
    "city": ("city", "市"),
    "district": ("district", "区"),
    "platform": ("state platform", "国有平台"),
    "private": ("private", "社会资金"),
    "all": ("all public", "公共合计"),
    "payer": ("payer", "出资方"),
    "target": ("target", "目标"),
    "id": ("id", "编号"),
    "name": ("name", "指标"),
    "median": ("median [90 %]", "中位数 [90 %]"),
    "probability": ("P(met)", "完成概率"),
    "distance": ("distance", "差距"),
    "calibration": ("calibration", "校准"),
    "evidence": ("evidence", "文献证据"),
    "history": ("history", "历史"),
    "plan": ("plan", "规划"),
    "futures": ("simulated futures", "个模拟未来"),
    "draws": ("draws of the parameters", "组参数"),
    "band": ("band: 90 % of simulated futures", "色带：90 % 的模拟未来"),
    "observed": ("observed", "观测值"),
    "plan start": ("plan starts", "方案开始"),
    "true": ("true state, without relabelling", "真实状态（剔除虚报）"),
    "stretch": ("stretch", "力争"),
    "not simulated yet": ("not simulated yet", "尚未模拟"),
    "outside the simulated years": ("outside the simulated years", "不在模拟年份内"),
    "national_law": ("national law", "国家法规"),
    "added": ("added", "新增"),
    "removed": ("removed", "删除"),
    "changed": ("changed", "修改"),
}

_UNITS_ZH: dict[str, str] = {
    "alliances": "个",
    "counties": "个",
    "firms": "家",
    "institutions": "家",
    "maker spaces": "家",
    "organisations": "家",
    "parks": "家",
    "patents per 10000 residents": "件/万人",
    "persons": "人",
    "persons per year": "人/年",
    "platforms": "个",
    "products": "个",
    "projects per year": "项/年",
    "streets": "条",
    "technologies": "项",
    "universities": "所",
    "workstations": "家",
    "zones": "个",
    "m2": "平方米",
    "t per year": "吨/年",
    "CNY per year": "元/年",
    "CNY cumulative": "元",
    "CNY": "元",
    "CNY / year": "元/年",
    "percent": "%",
    "percent per year": "%/年",
    "percent of GDP": "占生产总值 %",
    "1 / year": "每年",
}


def word(key: str, language: str) -> str:
    """Return a word of the pages in a language; a word that is not listed stays as it is."""
    pair = _WORDS.get(key)
    return key if pair is None else pair[language == "zh"]


def is_money(unit: str) -> bool:
    """Return whether a unit counts CNY."""
    return unit.startswith("CNY")


def is_percent(unit: str) -> bool:
    """Return whether a unit is some percentage."""
    return unit.startswith("percent")


def plain_number(value: float) -> str:
    """Return a number with three significant digits, or all of those before the point, thousands grouped."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    text = f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 or size == 0 else f"{value:.2g}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def scale_of(size: float, unit: str, language: str) -> tuple[float, str]:
    """Return the factor and the name of the scale in which figures of this size are written (0.01, "bn")."""
    steps: tuple[tuple[float, str], ...]
    if language == "zh":
        steps = ((1e8, "亿"), (1e4, "万")) if is_money(unit) else ((1e8, "亿"), (1e5, "万"))
    else:
        steps = ((1e9, "bn"), (1e6, "m"))
    for step, name in steps:
        if size >= step:
            return (1e4 if name == "万" else step), name
    return 1.0, ""


def unit_text(unit: str, language: str) -> str:
    """Return a unit as a page writes it."""
    if language == "zh":
        if is_percent(unit):
            return _UNITS_ZH.get(unit, "%")
        return _UNITS_ZH.get(unit, unit)
    if is_percent(unit):
        return unit.replace("percent", "%", 1)
    return unit


def short_unit(unit: str, language: str) -> str:
    """Return a unit that fits a narrow column: % for every percentage, nothing for long ones."""
    if is_percent(unit):
        return "%/年" if unit == "percent per year" and language == "zh" else "%"
    if is_money(unit):
        return "元" if language == "zh" else "CNY"
    if unit.startswith(("share of", "patents per")):
        return ""
    return unit_text(unit, language)


def number(value: float, unit: str, language: str, *, like: float | None = None, sign: bool = False) -> str:
    """Return a figure without its unit, at the scale of ``like`` if given (4.1 bn, 170 万)."""
    if not math.isfinite(value):
        return "–"
    factor, name = scale_of(abs(value if like is None else like), unit, language)
    text = plain_number(value / factor)
    if sign and value > 0:
        text = "+" + text
    return f"{text}{'' if language == 'zh' else ' '}{name}" if name else text


def figure(value: float, unit: str, language: str, *, sign: bool = False) -> str:
    """Return a figure with a short unit: ``CNY 4.1 bn``, ``41 亿元``, ``2.77 %``, ``1,310 firms``."""
    text, short = number(value, unit, language, sign=sign), short_unit(unit, language)
    if is_money(unit):
        return f"{text}元" if language == "zh" else f"CNY {text}"
    if language == "zh":
        return f"{text} {short}" if short.startswith("%") else f"{text}{short}"
    return f"{text} {short}".rstrip()


def distance(value: float, unit: str, language: str) -> str:
    """Return how far a figure lies from another, signed: ``+4.09 pp``, ``-302``, ``-5.1 bn``."""
    text = number(value, unit, language, sign=True)
    if is_percent(unit):
        return f"{text} {'个百分点' if language == 'zh' else 'pp'}"
    return f"{text}元" if is_money(unit) and language == "zh" else text


def apart(value: float, unit: str, language: str, *, sign: bool = False) -> str:
    """Return a difference with its short unit, for a sentence: ``302 firms``, ``0.26 pp``."""
    if is_percent(unit):
        return distance(value, unit, language) if sign else distance(value, unit, language).lstrip("+")
    return figure(value, unit, language, sign=sign)


def money(value: float, language: str, *, digits: int = 2) -> str:
    """Return a sum in CNY bn or 亿元, without the unit."""
    factor = 1e8 if language == "zh" else 1e9
    return f"{value / factor:,.{digits if language == 'en' else max(digits - 1, 0)}f}"


def money_unit(language: str) -> str:
    """Return the unit that ``money`` writes in."""
    return "亿元" if language == "zh" else "CNY bn"


def bar(share: float, width: int = 8) -> str:
    """Return a share in [0, 1] as a bar of eighth blocks."""
    if not math.isfinite(share):
        return ""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + ("" if rest == 0 else "▏▎▍▌▋▊▉"[rest - 1])
