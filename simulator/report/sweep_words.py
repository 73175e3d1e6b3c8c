"""Names of factors and outcomes, their units and values, as the pages of a sweep write them."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from simulator.core.declare import Label
from simulator.report.catalogue import setting_doc
from simulator.report.parameter_names import owner_label
from simulator.report.words import bracketed, full_figure, is_money, number, setting_value, unit_text
from simulator.study.design import COST, kind_of
from simulator.study.priors import parameter_rows

if TYPE_CHECKING:
    from simulator.study.sweep import SweepResult

# settings that several levers have, or that a sweep is likely to name
_SETTINGS: dict[str, tuple[str, str]] = {
    "budget": ("budget", "预算"),
    "face_value": ("face value", "券面额"),
    "coverage": ("coverage", "覆盖对象"),
    "outreach": ("outreach", "宣传辅导力度"),
    "sector": ("sector", "行业"),
    "cap_per_firm": ("cap per firm", "单家企业上限"),
    "cap_per_project": ("cap per project", "单个项目上限"),
    "interest_budget": ("interest budget", "贴息预算"),
    "interest_share": ("interest share", "贴息比例"),
    "firms_per_year": ("firms a year", "每年企业数"),
    "support_per_firm": ("support per firm", "单家企业支持额"),
    "public_share": ("public share", "财政出资比例"),
    "loss_share": ("share of losses", "风险分担比例"),
    "pool": ("pool", "资金池规模"),
    "cost_per_institute": ("cost per institute", "单个院所成本"),
    "institutes_per_year": ("institutes a year", "每年引进院所数"),
    "cover_rate": ("cover rate", "补助比例"),
    "reward_rate": ("reward rate", "奖励比例"),
    "deduction_rate": ("deduction rate", "加计扣除比例"),
    "capital_per_year": ("capital a year", "每年出资额"),
    "inventor_share": ("inventors' share", "发明人收益比例"),
    "team_share": ("team's share", "团队收益比例"),
    "grant_reward": ("reward per grant", "授权奖励"),
    "filing_subsidy": ("filing subsidy", "申请资助"),
    "floor_per_year": ("floor space a year", "每年新增面积"),
}
_SWITCHES: dict[str, tuple[str, str]] = {
    "entry": ("how new firms come", "新企业进入方式"),
    "fund_crowding": ("what public funds do to private ones", "政府基金对社会资本的作用"),
    "incubators": ("what incubators do", "孵化作用"),
    "lock_in": ("lock-in", "路径锁定"),
    "neighbours": ("neighbouring cities", "周边城市"),
    "opportunities": ("opportunities", "创新机会"),
    "relabelling": ("relabelling of R&D", "研发费用虚报"),
    "research_rule": ("how firms decide on R&D", "企业研发决策"),
    "spillovers": ("reach of spillovers", "知识溢出范围"),
    "year_order": ("order of the year", "年内步骤顺序"),
}
_MONEY: dict[str, tuple[str, str]] = {
    "net": ("net public cost", "公共净成本"),
    "outlay": ("public outlay", "公共支出"),
    "running": ("running cost", "运行成本"),
    "tax_forgone": ("tax forgone", "减税"),
    "recovered": ("money recovered", "收回资金"),
    "contingent": ("guarantees", "或有负债"),
}
# what settings count, as it stands in a unit in Chinese
_COUNTED = {
    "CNY": "元", "m2": "平方米", "year": "年", "voucher": "张", "certification": "次认证", "base": "个", "fund": "支",
    "space": "家", "street": "条", "district": "区", "institute": "家", "person": "人", "university": "所",
    "workstation": "家", "application": "件", "patent": "件", "zone": "个", "platform": "个", "firm": "家",
    "deal": "笔", "transfer": "项", "centre": "家", "office": "家", "project": "项", "fair": "场", "organisation": "家",
    "operator": "家", "park": "个", "standard deviation": "个标准差",
}  # fmt: skip
_DESIGNS = {
    "grid": ("all combinations", "全组合"),
    "list": ("points given one by one", "逐点给定"),
    "latin": ("Latin hypercube", "拉丁超立方抽样"),
    "sobol": ("Sobol sequence", "Sobol 序列"),
}


def factor_unit_text(unit: str, language: str) -> str:
    """Return the unit of a factor as an axis writes it: ``CNY / voucher``, ``元/张``."""
    if language != "zh":
        return unit_text(unit, language)
    parts = [_COUNTED.get(_one(part), "") for part in unit.split(" / ")]
    return "/".join(parts) if all(parts) else unit_text(unit, language)


def _one(counted: str) -> str:
    return counted[:-3] + "y" if counted.endswith("ies") else counted.removesuffix("s")


def design_name(kind: str, language: str) -> str:
    """Return the name of a design."""
    return _DESIGNS[kind][language == "zh"]


def setting_name(setting: str, language: str, lever: str = "") -> str:
    """Return the name of a lever's setting; one without a short name is said as the catalogue has it, or by its id."""
    pair = _SETTINGS.get(setting)
    if pair is None:
        return setting_doc(lever, setting, language) if language == "zh" else setting.replace("_", " ")
    return pair[language == "zh"]


def factor_label(name: str, result: SweepResult, language: str, *, short: bool = False) -> str:
    """Return what a factor is called; ``short`` leaves out the title of its entry."""
    kind, (head, _, rest) = kind_of(name, result.scenario), name.partition(".")
    if kind == "switch":
        return f"{_SWITCHES[rest][language == 'zh']}{bracketed(rest, language)}" if rest in _SWITCHES else rest
    if kind == "driver":
        return f"外部路径：{rest}" if language == "zh" else f"outside path: {rest}"
    if kind == "parameter":
        own = name.removeprefix("parameters.")
        owner, field = owner_label(own)[language], own.partition(".")[2]
        return f"{owner}：{field}" if language == "zh" else f"{owner}: {field.replace('_', ' ')}"
    entry = next((e for e in result.scenario.entries if head in (e.id, e.lever.name)), None)
    what = setting_name(rest, language, "" if entry is None else entry.lever.name)
    title = None if entry is None else entry.title or entry.lever.label
    if short or title is None:
        return f"{head} {what}"
    return f"{head} {title[language]}{'：' if language == 'zh' else ': '}{what}"


def factor_unit(name: str, result: SweepResult) -> str:
    """Return the unit of a factor, empty where it has none."""
    kind, (head, _, rest) = kind_of(name, result.scenario), name.partition(".")
    if kind == "setting":
        entry = next(e for e in result.scenario.entries if head in (e.id, e.lever.name))
        return next(str(f.metadata.get("unit") or "") for f in fields(entry.lever.Settings) if f.name == rest)
    if kind == "parameter":
        return next((row.unit for row in parameter_rows() if row.name == name.removeprefix("parameters.")), "")
    return ""


def value_text(value: Any, unit: str, language: str) -> str:
    """Return a factor's value: ``CNY 50,000``, ``5 万元``, ``parent``; its unit's second part stands on the axis."""
    if value is None:
        return "抽样" if language == "zh" else "drawn"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return setting_value(value)
    if is_money(unit):
        text = number(value, "CNY", language)
        return f"{text}元" if language == "zh" else f"CNY {text}"
    return number(value, unit, language)


def point_text(result: SweepResult, point: int, language: str) -> str:
    """Return the factors' values at a point (counted from 0) as one text."""
    parts = []
    for name in result.plan.names:
        text = value_text(result.value(point, name), factor_unit(name, result), language)
        parts.append(
            text if len(result.plan.names) == 1 else f"{factor_label(name, result, language, short=True)} {text}"
        )
    return ("；" if language == "zh" else "; ").join(parts)


def outcome_label(name: str, result: SweepResult, language: str) -> str:
    """Return what an outcome is: the target with its id and year, the indicator with its year, or a kind of cost."""
    target = result.results.design.outcomes.targets.get(name)
    if target is not None:
        return f"{name} {target.name[language]}{bracketed(str(target.year), language)}"
    if name.startswith(COST):
        what = name.removeprefix(COST)
        if what in _MONEY:
            return _MONEY[what][language == "zh"]
        entry = next((e for e in result.scenario.entries if e.id == what), None)
        title: Any = None if entry is None else entry.title or entry.lever.label
        whole = f"{what} {(title or Label('', ''))[language]}".strip()
        return f"{whole}净成本" if language == "zh" else f"net cost of {whole}"
    from simulator.model import INDICATORS

    indicator, _, year = name.partition("@")
    label = INDICATORS[indicator].label[language] if indicator in INDICATORS else indicator
    return f"{label}{bracketed(year, language)}"


def outcome_unit(name: str, result: SweepResult) -> str:
    """Return the unit of an outcome."""
    target = result.results.design.outcomes.targets.get(name)
    if target is not None:
        return target.unit
    if name.startswith(COST):
        return "CNY"
    from simulator.model import INDICATORS

    indicator = INDICATORS.get(name.partition("@")[0])
    return indicator.unit if indicator is not None else ""


def target_text(name: str, result: SweepResult, language: str) -> str:
    """Return the figure of a target, empty for an outcome that is none."""
    target = result.results.design.outcomes.targets.get(name)
    return "" if target is None else full_figure(target.value, target.unit, language)
