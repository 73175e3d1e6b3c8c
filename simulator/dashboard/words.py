"""What the live page says, in English and Chinese."""

from __future__ import annotations

from simulator.report.words import colon, filled, unit_text

_SAID: dict[str, tuple[str, str]] = {
    "heading": (
        "Move doses and dates of the plan; targets and cost answer at once",
        "调整规划措施的力度与时间，即时查看目标与成本",
    ),
    "city": ("City", "城市"),
    "scenario": ("Scenario", "情景"),
    "section": ("Section of the plan", "规划章节"),
    "older": ("Earlier programmes", "此前的政策"),
    "from_to": ("In force from, until (last month not counted)", "实施起始月与终止月（不含终止月）"),
    "in_file": ("in the file: {value}", "原值：{value}"),
    "reset": ("Undo all changes", "全部还原"),
    "pin": ("Pin this mix as baseline", "设为对照基准"),
    "pinned": ("Pinned baseline: {name}", "对照基准：{name}"),
    "with_changes": ("{name}, as changed here", "{name}（经调整）"),
    "mix": ("This mix", "当前组合"),
    "base": ("Baseline", "基准"),
    "changes": ("Entries moved: {count} ({names})", "已调整 {count} 项（{names}）"),
    "tab_now": ("Targets and cost", "目标与成本"),
    "tab_compare": ("Side by side", "方案并列"),
    "tab_meet": ("What would meet a target?", "怎样才能完成目标"),
    "tab_files": ("Open, save, report", "文件与报告"),
    "waiting": ("Computing the first runs …", "正在进行首批模拟……"),
    "quick": (
        "Quick answer from {runs} runs with common draws; being refined to {asked}.",
        "快速结果：{runs} 次配对模拟；正在细化至 {asked} 次。",
    ),
    "refined": ("{runs} runs of each, same draws and luck.", "各 {runs} 次模拟，抽样与随机数相同。"),
    "calibration": ("Calibration: {name}.", "校准：{name}。"),
    "others": ("Capacities and inputs", "能力与投入目标"),
    "col_target": ("target", "目标"),
    "col_p": ("P(met)", "完成概率"),
    "col_base_p": ("baseline", "基准"),
    "beside_cells": (
        "Probability of being met; below it the change of the mean against the pinned baseline, in bold where it is"
        " more than chance.",
        "数字为完成概率，其下为较对照基准的均值变化；加粗者超出随机波动。",
    ),
    "beside_moved": ("moved", "调整内容"),
    "one_mix": ("mix", "组合"),
    "out": ("taken out", "取消"),
    "col_median": ("median [90 %]", "中位数 [90 %]"),
    "col_change": ("change of the mean", "均值变化"),
    "col_diff": ("difference", "差额"),
    "entry_cost": ("Entries that were moved", "已调整条目的净成本"),
    "which_fans": ("Targets shown", "显示的目标"),
    "fan_note": (
        "Bands: 90 % and 50 % of simulated futures of this mix; grey dashes: median of the pinned baseline; star: the"
        " target.",
        "色带：当前组合下 90 % 与 50 % 的模拟未来；灰色虚线：对照基准的中位数；星号：目标。",
    ),
    "add": ("Put this mix beside the others", "将当前组合加入并列"),
    "mix_name": ("Name of this mix", "组合名称"),
    "most_mixes": ("Four mixes at most: take one out first.", "最多并列四个组合，请先移除一个。"),
    "remove": ("Take out {name}", "移除 {name}"),
    "no_mixes": (
        "No mixes side by side yet: move doses, then put the mix here.",
        "尚无并列方案：先调整力度，再加入此处。",
    ),
    "load_mix": ("Go on with {name}", "以 {name} 为起点继续"),
    "target": ("Target", "目标"),
    "ask": ("Try larger doses", "试算加大力度"),
    "meet_how": (
        "All measures of the plan that raise it, at twice, four and eight times their money, numbers and coverage, up"
        " to what a setting allows: {levers}.",
        "把规划中能提高它的全部措施的资金、数量与覆盖面加到 2、4、8 倍（不超过设置上限）：{levers}。",
    ),
    "wanted": ("Wanted: {wanted}.", "目标值：{wanted}。"),
    "meet_now": (
        "The mix as it is meets it in {chance} of simulated futures: no larger doses are needed.",
        "当前组合已有 {chance} 的模拟未来完成该目标，无需加大力度。",
    ),
    "meet_at": (
        "Doses × {factor} meet it in {chance} of simulated futures, for {cost} more net cost.",
        "力度加到 {factor} 倍，{chance} 的模拟未来可完成该目标，净成本增加 {cost}。",
    ),
    "meet_never": (
        "Not even doses × {factor} meet it in half of the simulated futures: {chance} do.",
        "力度加到 {factor} 倍，仍不足半数模拟未来能完成该目标（{chance}）。",
    ),
    "meet_none": (
        "No measure of the plan raises it in the influence table.",
        "影响表中，规划的任何措施都不提高该指标。",
    ),
    "times": ("doses", "力度"),
    "as_now": ("as now", "现状"),
    "take": ("Take over {factor} times", "采用 {factor} 倍"),
    "movers": ("What moves it, by the influence table", "影响它的政策工具（影响表）"),
    "lever": ("lever", "政策工具"),
    "effect": ("effect of a usual dose", "常规力度的效果"),
    "evidence": ("evidence", "证据"),
    "per_year": ("cost a year at most", "每年成本上限"),
    "save_as": ("Name of the file", "文件名"),
    "save": ("Save as scenario", "保存为情景文件"),
    "saved": ("Saved: {path}. ris run {path} gives the same numbers.", "已保存：{path}。ris run {path} 得到相同结果。"),
    "get_yaml": ("Download this file", "下载该文件"),
    "upload": ("Open a scenario file from this computer", "打开本机的情景文件"),
    "upload_button": ("Choose a file", "选择文件"),
    "upload_most": ("YAML, at most {most} MB", "YAML 文件，不超过 {most} MB"),
    "report": ("Make the report of this mix", "生成当前组合的报告"),
    "report_note": (
        "Runs the mix {runs} times with ris run and writes the report and the memo.",
        "用 ris run 模拟 {runs} 次，生成报告与备忘录。",
    ),
    "report_run": ("Simulating the mix {runs} times … {seconds} s", "正在模拟 {runs} 次……已用 {seconds} 秒"),
    "report_write": ("Writing report and memo … {seconds} s", "正在生成报告与备忘录……已用 {seconds} 秒"),
    "report_busy": ("Another report is being made: try again in a while.", "正在生成另一份报告，请稍后再试。"),
    "report_failed": ("The report could not be made.", "报告未能生成。"),
    "get_report": ("Download the report (HTML)", "下载报告（HTML）"),
    "get_memo": ("Download the memo (Word)", "下载备忘录（Word）"),
    "no_memo": ("The memo could not be made.", "备忘录未能生成。"),
    "token": (
        "This page needs the token of the address that was printed at its start.",
        "请使用启动时给出的带令牌的网址打开本页。",
    ),
    "busy": ("Too many pages are open: try again in a while.", "打开的页面过多，请稍后再试。"),
    "failed": ("The runs of this mix failed: {message}", "该组合的模拟失败：{message}"),
    "no_city": ("No city with a scenario in the folder.", "情景文件夹中没有可用的城市。"),
    "summary": (
        "Outcome targets: {likely} likely, {doubt} in doubt, {unlikely} unlikely. Net public cost {net} ({change}).",
        "结果性目标：大概率完成 {likely} 项，存疑 {doubt} 项，难以完成 {unlikely} 项。公共净成本 {net}（{change}）。",
    ),
    "against": ("{change} against the baseline", "较基准 {change}"),
    "as_base": ("as the baseline", "与基准相同"),
    "quick_mark": ("Quick answer", "快速结果"),
    "changed": ("Changed beyond chance: {targets}.", "变化超出随机波动：{targets}。"),
    "more_changed": ("{count} more", "另有 {count} 项"),
    "unchanged": ("No target changes beyond chance.", "各目标变化均在随机波动以内。"),
    "choose_targets": ("Choose targets", "选择目标"),
    "plan_words": ("The plan’s words", "规划原文"),
    "cost": ("What it costs, {first} to {last}", "{first}—{last} 年成本"),
    "public": ("public money, all payers", "公共资金，各级合计"),
    "fans": ("Simulated futures", "模拟未来"),
    "more_net": ("net cost above this mix", "较当前组合净增成本"),
    "none_moved": ("nothing moved yet", "尚未调整"),
}


def said(key: str, language: str, **given: object) -> str:
    """Return a sentence of the page in a language; raises KeyError for one that is not there."""
    return filled(_SAID[key], language, **given)


def quick_mark(language: str) -> str:
    """Return what stands before an answer that is not refined yet, in Markdown.

    The colon stands outside: bold that ends with a mark and goes on with a letter is not taken for bold.
    """
    return f"**{said('quick_mark', language)}**{colon(language)}"


_MEASURE_WORDS = {
    "CNY": "元",
    "CNY mn": "百万元",
    "万元": "万元",
    "application": "件申请",
    "base": "个基地",
    "centre": "家中心",
    "certification": "次认定",
    "deal": "笔",
    "district": "区",
    "fair": "场",
    "firm": "家企业",
    "fund": "支基金",
    "institute": "家院所",
    "m2": "平方米",
    "office": "个机构",
    "operator": "家运营机构",
    "organisation": "家机构",
    "park": "个园区",
    "patent": "件专利",
    "person": "人",
    "platform": "个平台",
    "project": "个项目",
    "space": "家空间",
    "street": "条街区",
    "transfer": "项转化",
    "voucher": "张",
    "workstation": "家工作站",
    "year": "年",
    "zone": "个",
    "bases": "个基地",
    "centres": "家中心",
    "fairs": "场",
    "funds": "支基金",
    "institutes": "家院所",
    "offices": "个机构",
    "operators": "家运营机构",
    "organisations": "家机构",
    "parks": "个园区",
    "platforms": "个平台",
    "spaces": "家空间",
    "standard deviations": "个标准差",
    "streets": "条街区",
    "universities": "所高校",
    "workstations": "家工作站",
}


def unit_label(unit: str, language: str) -> str:
    """Return a unit of a setting as the page writes it; a plain number has none."""
    if unit in ("", "1"):
        return ""
    whole = unit_text(unit, language)
    if language != "zh" or whole != unit:
        return whole
    return "/".join(_MEASURE_WORDS.get(part, unit_text(part, language)) for part in unit.split(" / "))
