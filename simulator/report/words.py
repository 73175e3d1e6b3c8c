"""Words and numbers as pages show them, in English and Chinese."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from simulator.report.bureau_names import bureau_in_full
from simulator.report.units import in_chinese

NEGLIGIBLE = 0.001  # of the target: a smaller part or difference is written as about nothing
ABOUT_ZERO = "≈0"

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
    "runs": ("runs", "模拟"),
    "calibration": ("calibration", "校准"),
    "evidence": ("evidence", "文献证据"),
    "history": ("history", "历史"),
    "plan": ("plan", "规划"),
    "futures": ("simulated futures", "个模拟未来"),
    "draws": ("draws of the parameters", "组参数"),
    "band": ("bands: 90 % and 50 % of simulated futures", "色带：90 % 与 50 % 的模拟未来"),
    "true line": (
        "dashed, true: the median without relabelling, filing or registering that only inflates the official figure",
        "虚线“真实”：剔除仅抬高统计数字的虚报、填报与登记后的中位数",
    ),
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
    "entry": ("entry", "条目"),
    "targets": ("targets", "项目标"),
    "levers": ("levers", "类政策工具"),
    "measures": ("measures", "项措施"),
    "indicators": ("indicators", "项指标"),
    "parameters": ("parameters", "个参数"),
    "regions": ("regions", "个地区"),
    "scenarios": ("scenarios", "个情景"),
    "verified": ("verified", "已核对"),
    "judgement": ("judgement", "判断"),
    "assumed": ("assumed", "假定"),
    "none": ("none", "无"),
    "evidence of levers": ("evidence of these levers", "上述工具的证据"),
    "moves": ("moves", "影响"),
    "settings": ("settings", "设置"),
    "entries": ("entries", "条目"),
    "dose in the plan": ("the plan says", "规划所定"),
    "equal": ("equal", "相同"),
    "saves": ("saves", "节省"),
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
    "1": "",
    "CNY / 10000 residents": "元/万人",
    "incubators": "家",
    "firms / year": "家/年",
    "persons / year": "人/年",
    "patents": "件",
    "patents / year": "件/年",
    "patents / 10000 residents": "件/万人",
    "loans / year": "笔/年",
    "log points": "对数点",
    "t": "吨",
    "t / year": "吨/年",
    "years": "年",
    "projects": "项",
    "projects / year": "项/年",
    "zones / year": "个/年",
    "events / year": "场/年",
    "contracts / year": "份/年",
    "visits / year": "人次/年",
    "funds": "支",
    "stations": "家",
    "companies": "家",
    "centres": "家",
    "deals / year": "笔/年",
    "contests": "场",
    "percent of above-scale firms": "占规模以上企业 %",
    "percent of above-scale industrial firms": "占规模以上工业企业 %",
    "percent of main business revenue": "占主营业务收入 %",
    "share of attracted institutes": "占引进院所比例",
    "percent of attracted institutes": "占引进院所 %",
    "share of districts": "占区市比例",
    "percent of districts": "占区市 %",
    "share of key industries": "占重点产业比例",
    "percent of key industries": "占重点产业 %",
    "share of universities and institutes": "占高校院所比例",
    "percent of universities and institutes": "占高校院所 %",
}


def word(key: str, language: str) -> str:
    """Return a word of the pages in a language; a word that is not listed stays as it is."""
    pair = _WORDS.get(key)
    return key if pair is None else pair[language == "zh"]


def filled(pair: tuple[str, str], language: str, **given: object) -> str:
    """Return a text of a page in a language, what is given in its places; raises KeyError where something lacks."""
    return pair[language == "zh"].format(**given)


def capital(text: str) -> str:
    """Return a text that begins a sentence."""
    return text[:1].upper() + text[1:]


def cut(text: str, width: int) -> str:
    """Return a text, cut where it is longer than so many characters."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def colon(language: str) -> str:
    """Return the colon between a name and what is said of it."""
    return "：" if language == "zh" else ": "


def comma(language: str) -> str:
    """Return the comma between the parts of a sentence."""
    return "，" if language == "zh" else ", "


def semicolon(language: str) -> str:
    """Return the semicolon between the parts of a sentence."""
    return "；" if language == "zh" else "; "


def listed(names: Iterable[str], language: str) -> str:
    """Return names one after the other."""
    return ("、" if language == "zh" else ", ").join(names)


def left_out(failed: int, runs: int, language: str) -> list[str]:
    """Return the line that says how many runs failed; none where none did."""
    if not failed:
        return []
    if language == "zh":
        return [f"{runs:,} 次运行中有 {failed:,} 次失败，未计入；名单及重新运行的命令见 failures.csv"]
    return [f"{failed:,} of {runs:,} runs failed and are left out: failures.csv has the command that runs each again"]


def bracketed(text: str, language: str) -> str:
    """Return a text in brackets as it follows a word: `` (text)``, ``（text）``."""
    return f"（{text}）" if language == "zh" else f" ({text})"


def negligible(value: float, whole: float) -> bool:
    """Return whether a part or a difference is too small beside the whole (a target) to be written as a figure."""
    return abs(value) <= NEGLIGIBLE * abs(whole)


def is_money(unit: str) -> bool:
    """Return whether a unit counts CNY."""
    return unit.startswith("CNY")


def is_percent(unit: str) -> bool:
    """Return whether a unit is some percentage."""
    return unit.startswith("percent")


def plain_number(value: float) -> str:
    """Return a number with three significant digits, or all of those before the point below 10,000; grouped."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 10_000:
        return f"{float(f'{value:.3g}'):,.0f}"
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
        steps = ((1e9, "bn"), (1e6, "mn"))  # not m, which is a metre
    for step, name in steps:
        if size >= step:
            return (1e4 if name == "万" else step), name
    return 1.0, ""


def unit_text(unit: str, language: str) -> str:
    """Return a unit as a page writes it."""
    if language == "zh":
        if is_percent(unit):
            return _UNITS_ZH.get(unit, "%")
        return _UNITS_ZH[unit] if unit in _UNITS_ZH else in_chinese(unit)
    if is_percent(unit):
        return unit.replace("percent", "%", 1)
    return {"1": "", "m2": "m²"}.get(unit, unit)


def scaled_unit(scale: str, unit: str, language: str) -> str:
    """Return a unit with the name of the scale that its figures are written in: ``CNY bn per year``."""
    text = unit_text(unit, language)
    if language == "zh":
        return f"{scale}{text}"
    if is_money(unit):
        return f"CNY {scale}{unit.removeprefix('CNY')}" if scale else unit
    return f"{scale} {text}".strip()


def short_unit(unit: str, language: str) -> str:
    """Return a unit that fits a narrow column: % for every percentage, nothing for long ones."""
    if is_percent(unit):
        return "%/年" if unit == "percent per year" and language == "zh" else "%"
    if is_money(unit):
        return "元" if language == "zh" else "CNY"
    if unit.startswith(("share of", "patents per", "patents / 1")):
        return ""
    return unit_text(unit, language)


def counted(text: str, unit: str) -> str:
    """Return an English unit as it follows a number: the singular after a written 1 (``firm per year``)."""
    if text.lstrip("+-") != "1" or is_percent(unit) or unit.startswith(("share of", "%")):
        return unit
    found = re.match(r"[A-Za-z -]*?(?= of | per | / |$)", unit)
    many = found.group() if found else ""
    one = many[:-3] + "y" if many.endswith("ies") else many[:-1] if many.endswith("s") else many
    return one + unit[len(many) :]


def runs_text(runs: int, draws: int, language: str) -> str:
    """Return how many futures were simulated with how many draws of the parameters."""
    if language == "zh":
        return f"{runs} {word('futures', language)}（{draws} 组参数）"
    futures, of = (counted(str(n), word(key, language)) for n, key in ((runs, "futures"), (draws, "draws")))
    return f"{runs} {futures} ({draws} {of})"


def number(value: float, unit: str, language: str, *, like: float | None = None, sign: bool = False) -> str:
    """Return a figure without its unit, at the scale of ``like`` if given (4.1 bn, 170 万)."""
    if not math.isfinite(value):
        return "–"
    factor, name = scale_of(abs(value if like is None else like), unit, language)
    text = plain_number(value / factor)
    if sign and value > 0:
        text = "+" + text
    return f"{text}{'' if language == 'zh' else ' '}{name}" if name else text


def setting_value(value: object) -> str:
    """Return a setting's value as a list shows it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "+".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return f"{value:,.10g}"


def figure(value: float, unit: str, language: str, *, sign: bool = False) -> str:
    """Return a figure with a short unit: ``CNY 4.1 bn``, ``41 亿元``, ``2.77 %``, ``1,310 firms``."""
    text, short = number(value, unit, language, sign=sign), short_unit(unit, language)
    if is_money(unit):
        return f"{text}元" if language == "zh" else f"CNY {text}"
    if language == "zh":
        return f"{text} {short}" if short.startswith("%") else f"{text}{short}"
    return f"{text} {counted(text, short)}".rstrip()


def full_figure(value: float, unit: str, language: str, bound: str = "") -> str:
    """Return a figure with its whole unit: ``CNY 10 bn per year``, ``2.77 % of GDP``, ``占生产总值 ≥ 2.77 %``.

    A share is written in percent. ``bound`` goes before the number.
    """
    zh, lead = language == "zh", f"{bound} " if bound else ""
    if unit.startswith("share of "):
        value, unit = 100.0 * value, f"percent of {unit.removeprefix('share of ')}"
    text = number(value, unit, language)
    if is_money(unit):
        more = {"CNY per year": ("per year", "/年"), "CNY cumulative": ("in all", "（累计）")}.get(unit, ("", ""))[zh]
        return f"{lead}{text}元{more}" if zh else f"{lead}CNY {text} {more}".rstrip()
    whole = unit_text(unit, language)
    if zh and is_percent(unit) and not unit.endswith("per year"):
        return f"{whole.removesuffix('%').rstrip()} {lead}{text} %".lstrip()
    return f"{lead}{text}{whole}" if zh else f"{lead}{text} {counted(text, whole)}".rstrip()


def section_text(section: str, language: str) -> str:
    """Return the name of a section of a plan."""
    return f"第 {section} 节" if language == "zh" else f"section {section}"


def lead_text(lead: str, language: str) -> str:
    """Return who leads a section as a page says it; ``lead`` is empty where the plan names nobody."""
    if not lead:
        return "规划未指明牵头部门" if language == "zh" else "lead not named in the plan"
    return f"牵头：{lead}" if language == "zh" else f"led by {bureau_in_full(lead, language)}"


def near(value: float, other: float) -> float:
    """Return the size at whose scale to write a figure beside another: the other's unless it is ten times larger."""
    return max(abs(value), abs(other)) if abs(value) >= 0.1 * abs(other) else abs(value)


def distance(value: float, unit: str, language: str, *, beside: float = 0.0) -> str:
    """Return how far a figure lies from another, signed: ``+4.09 pp``, ``-302``, ``-5.1 bn``, ``+7.77 mn m²``.

    It is written at the scale of the figure that it stands ``beside``, where that is not much larger.
    """
    text = number(value, unit, language, like=near(value, beside), sign=True)
    if is_percent(unit):
        return f"{text} {'个百分点' if language == 'zh' else 'pp'}"
    if unit in ("m2", "t per year"):
        return f"{text}{_UNITS_ZH[unit]}" if language == "zh" else f"{text} {short_unit(unit, language).split(' ')[0]}"
    return f"{text}元" if is_money(unit) and language == "zh" else text


def part(value: float, unit: str, language: str, whole: float) -> str:
    """Return a part of a whole (a target) as ``distance`` does, or ``≈0`` where it is negligible."""
    return ABOUT_ZERO if negligible(value, whole) else distance(value, unit, language, beside=whole)


def apart(value: float, unit: str, language: str, *, sign: bool = False) -> str:
    """Return a difference with its short unit, for a sentence: ``302 firms``, ``0.26 pp``."""
    if is_percent(unit):
        return distance(value, unit, language) if sign else distance(value, unit, language).lstrip("+")
    return figure(value, unit, language, sign=sign)


def money(value: float, language: str, *, digits: int = 2, small: bool = False) -> str:
    """Return a sum in CNY bn or 亿元 (``small``: CNY mn or 万元), without the unit."""
    shown = value / money_factor(language, small=small)
    if small:
        return f"{shown:,.{0 if language == 'zh' else 1}f}"
    return f"{shown:,.{digits if language == 'en' else max(digits - 1, 0)}f}"


def money_factor(language: str, *, small: bool = False) -> float:
    """Return how much CNY the unit has that ``money`` writes in."""
    if small:
        return 1e4 if language == "zh" else 1e6
    return 1e8 if language == "zh" else 1e9


def money_unit(language: str, *, small: bool = False) -> str:
    """Return the unit that ``money`` writes in."""
    if small:
        return "万元" if language == "zh" else "CNY mn"
    return "亿元" if language == "zh" else "CNY bn"


def bar(share: float, width: int = 8) -> str:
    """Return a share in [0, 1] as a bar of eighth blocks."""
    if not math.isfinite(share):
        return ""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + ("" if rest == 0 else "▏▎▍▌▋▊▉"[rest - 1])
