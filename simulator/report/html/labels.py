"""Words of the report that no other page has, in English and Chinese."""

from __future__ import annotations

from simulator.report.html.labels_study import STUDY_LABELS
from simulator.report.words import filled

LABELS: dict[str, tuple[str, str]] = {
    "contents": ("Contents", "目录"),
    "doubts": ("How far off", "与目标的差距"),
    "money": ("What it costs", "资金需求"),
    "first": ("What to change first", "建议优先调整"),
    "sure": ("How sure we are", "结果的把握程度"),
    "targets": ("Targets", "目标完成情况"),
    "fans": ("Year by year", "逐年走势"),
    "from": ("Where each target's change comes from", "各项目标变化的来源"),
    "true": ("Official and true figures", "统计数字与真实数字"),
    "spending": ("Money by payer, measure and year", "资金：按出资方、措施和年份"),
    "bureaus": ("By bureau", "按部门"),
    "districts": ("By district", "按区市"),
    "without": ("Targets without a figure", "未给出数值的目标"),
    "assumed": ("What is assumed", "主要假定"),
    "gates": ("Calibration and gates", "校准与检验"),
    "again": ("How to run it again", "复现方法"),
    "headline group": ("Outcome and growth targets", "结果与增长类目标"),
    "other group": ("Capacity and input targets", "能力与投入类目标"),
    "target": ("target", "目标值"),
    "pace": ("a year: needed / simulated", "每年需 / 模拟"),
    "change from": ("change comes from", "变化来源"),
    "official": ("official", "统计口径"),
    "true state": ("true", "真实口径"),
    "apart": ("apart", "相差"),
    "only official": (
        "median official figure and median true figure of the target's year",
        "目标年份统计口径与真实口径的中位数",
    ),
    "fan key": (
        "Line: median of the simulated futures. Bands: 50 % and 90 % of simulated futures. Dots: observed. Star:"
        " target. Point at a year for its figures.",
        "线：模拟未来的中位数。色带：50 % 与 90 % 的模拟未来。圆点：观测值。五角星：目标。指向某一年可看数字。",
    ),
    "true key": (
        "Dashed green: the median without relabelling, filing or registering that only inflates the official figure.",
        "绿色虚线：剔除仅抬高统计数字的虚报、填报与登记后的中位数。",
    ),
    "true by relabelling": (
        "of {whole}, {part} by relabelling other spending as R&D",
        "统计 {whole}，其中 {part} 来自研发费用虚报",
    ),
    "true by filing": (
        "of {whole}, {part} filed without an invention behind them",
        "统计 {whole}，其中 {part} 并无真正发明",
    ),
    "true by registering": (
        "of {whole}, {part} registered without a technology sold",
        "统计 {whole}，其中 {part} 仅为登记、并无技术交易",
    ),
    "true by coverage": (
        "of {whole}, {part} by wider coverage of the statistics",
        "统计 {whole}，其中 {part} 来自统计范围扩大",
    ),
    "true by counting": ("of {whole}, {part} only in the official figure", "统计 {whole}，其中 {part} 仅见于统计"),
    "true missing": ("{part} missing from the official figure", "真实状态中有 {part} 未计入统计"),
    "get attribution": (
        "Not in this folder. To see what was under way anyway, what national rules and the outside bring and"
        " what this plan adds, run:",
        "本文件夹中没有。要看原有趋势、国家政策、外部环境和本方案各占多少，请运行：",
    ),
    "steps key": (
        "Grey: level at the end of the year before the plan. Then one step each, from top to bottom; dotted"
        " line: the target; dot: what is reached.",
        "灰色：方案前一年末的水平。其后自上而下逐步计入；虚线：目标；圆点：达到的水平。",
    ),
    "by payer": ("By payer", "按出资方"),
    "by measure": ("By measure", "按措施"),
    "areas key": (
        "Paid out, administration and tax forgone in each year, mean over the runs, in CNY of the year;"
        " recoveries are not taken off, guarantees not counted. Dashed: the plan starts.",
        "各年支出、运行费与减税之和，各次运行平均，当年价；未扣除收回，不含或有支出。虚线：方案开始。",
    ),
    "other measures": ("all others", "其余措施"),
    "measure": ("measure", "措施"),
    "section": ("section", "章节"),
    "count": ("targets", "目标数"),
    "bureau": ("bureau", "部门"),
    "led": ("sections led", "牵头章节"),
    "shared": ("sections shared", "参与章节"),
    "none led": ("lead not named in the plan", "规划未指明牵头部门"),
    "measures": ("measures", "措施数"),
    "net money": ("net cost", "净支出"),
    "worst": ("most at risk", "风险最大"),
    "lead table": ("Who leads", "牵头部门"),
    "responsible table": ("Who answers too", "责任单位"),
    "bureau note": (
        "Bureaus as the plan names them; the English of a Chinese name is a usual rendering, not an official one. A"
        " target counts for the bureau that leads its section. Net cost: all years, mean over the runs, of the measures"
        " in those sections.",
        "部门名称依规划原文。目标计入其所在章节的牵头部门。净支出：该章节各项措施全部年份之和，各次运行平均。",
    ),
    "district note": (
        "The run keeps totals of the city, so there is no result for a single district. Below: where the districts"
        " lie and what each is of the city, what they answer for, targets that count places, what districts pay for.",
        "模拟只保留全市合计，没有单个区市的结果。以下为各区市的方位与占比、区市参与负责的任务、按区（街、园）计数的"
        "目标，以及由区市出资的措施。",
    ),
    "scheme": ("Scheme of the districts", "区市示意图"),
    "scheme key": (
        "The darker, the more of the city's firms. Tiles stand as the districts lie to one another, north above and"
        " west left; neither sizes nor borders are to scale. All shares are those of the start, from the data.",
        "颜色越深，企业占比越高。方格按相对方位排列，上北左西，大小与边界不按比例。各项占比为初始值，取自基础数据。",
    ),
    "north": ("north", "北"),
    "district": ("district", "区市"),
    "firm_share": ("firms", "企业占比"),
    "gdp_share": ("GDP", "生产总值占比"),
    "incubator_share": ("incubator space", "孵化面积占比"),
    "campus": ("campuses", "高校集中"),
    "short firm_share": ("firms", "企业"),
    "short gdp_share": ("GDP", "GDP"),
    "yes": ("yes", "是"),
    "districts counted": (
        "{id} {name}: {middle} of {all} districts in the median of {year} [{low}–{high}]; the plan asks for {asked}.",
        "{id} {name}：{year} 年中位数为 {all} 个区市中的 {middle} 个[{low}–{high}]，规划要求 {asked} 个。",
    ),
    "district answers": ("What district governments answer for too", "区市政府参与负责的任务"),
    "place targets": ("Targets that count places", "按区、街、园计数的目标"),
    "district pays": ("districts pay", "区市出资"),
    "no district": ("No target counts districts, and districts pay nothing.", "没有按区市计数的目标，区市也不出资。"),
    "none simulated": ("No target is simulated.", "没有可模拟的目标。"),
    "first note": (
        "Effect of one realistic dose of the instrument on the city without it, not of a change to this"
        " scenario; from a stored table of paired runs. Try it in a scenario and compare.",
        "数字为该政策工具一份现实剂量对没有该工具的城市的影响，并非改动本情景的结果；取自已存的成对运行。请在情景"
        "中试改后再作比较。",
    ),
    "first none": (
        "Every outcome target is likely: nothing has to be changed for them.",
        "各项结果类目标都大概率完成，无须为此调整。",
    ),
    "first unknown": (
        "No instrument is known to move the targets in doubt by more than luck does.",
        "没有哪种政策工具对存疑目标的影响明显超过运气。",
    ),
    "gates ok": ("all {asked} gates of {region} pass", "{region}的 {asked} 项检验全部通过"),
    "gates failed": ("{failed} of {asked} gates fail: {names}", "{asked} 项检验中 {failed} 项未通过：{names}"),
    "gates none": (
        "no validation lies beside this run: ris validate {region}",
        "旁边没有检验结果：ris validate {region}",
    ),
    "gates when": (
        "Found in the folder of the latest validation of the region, which may be of other code than this run.",
        "取自该地区最近一次检验的文件夹，其代码版本可能与本次运行不同。",
    ),
    "largest": ("largest single parameter for {id}: {name} ({share})", "{id} 最大的单个参数：{name}（{share}）"),
    "posterior": (
        "Parameters are drawn from a fit to the region's history: {draws} draws from a bank of {runs} runs;"
        " {learned} parameters learned something, {unknown} keep what the evidence says. 90 % intervals held"
        " {pooled} of the parameters of {planted} planted truths.",
        "参数取自对该地区历史的拟合：由 {runs} 次运行的库得到 {draws} 组；{learned} 个参数有所识别，{unknown} 个"
        "仍依文献证据。{planted} 个已知真值中，90 % 区间的覆盖率为 {pooled}。",
    ),
    "no posterior": (
        "Parameters are drawn from the evidence alone; nothing was fitted.",
        "参数仅取自文献证据，未经拟合。",
    ),
    "gate": ("gate", "检验"),
    "figure": ("figure", "数值"),
    "asked": ("asked", "要求"),
    "verdict": ("verdict", "结论"),
    "pass": ("pass", "通过"),
    "fail": ("FAIL", "未通过"),
    "hash": ("hash", "哈希"),
    "commit": ("commit", "提交"),
    "versions": ("versions", "版本"),
    "created": ("made", "生成时间"),
    "inputs": ("Input files and their hashes", "输入文件及哈希"),
    "file": ("file", "文件"),
    "seed": ("seed", "种子"),
    "runs": ("runs", "运行"),
    "status": ("status of the region's data", "地区数据的性质"),
    "calibration": ("calibration", "校准"),
    "switch": ("switch", "开关"),
    "driver": ("outside path", "外部路径"),
    "override": ("parameter set by hand", "手工设定的参数"),
    "years assumed": ("due year assumed, the plan names none", "规划未写明、假定的年份"),
    "instruments": ("How good the evidence of the instruments is", "政策工具的证据等级"),
    "instrument": ("instrument", "政策工具"),
    "evidence": ("evidence", "证据"),
    "entries": ("entries", "条目"),
    "moves": ("What moves it most", "主要影响因素"),
    "explain": ("more: ris explain {id}", "详见：ris explain {id}"),
    "compared": ("Compared with", "对照"),
    "differences": ("What changes", "主要变化"),
    "settings": ("What is set differently", "设置差异"),
    "same settings": ("Nothing is set differently from the baseline.", "设置与基准完全相同。"),
    "entry from": ("starts", "开始"),
    "entry to": ("ends", "结束"),
    "wins": ("Who reaches more", "完成情况比较"),
    "figures": ("Figures", "图"),
    "tables": ("Tables", "表"),
    "text": ("Result", "结果"),
    "rows left out": ("first {shown} of {all} rows; the file has all", "仅列前 {shown} 行，共 {all} 行，全部见文件"),
    "forest key": (
        "Dot and line: paired difference with its 90 % interval, in percent of the target ({low} to {high} %);"
        " blue above, red below, grey where the interval holds zero; an arrow lies beyond the scale.",
        "点与线：成对差值及其 90 % 区间，占目标的百分比（{low} 至 {high} %）；蓝为高于、红为低于基准，灰为区间含"
        "零；箭头为超出刻度。",
    ),
    "better": ("Clearly more", "明显增加"),
    "worse": ("Clearly less", "明显减少"),
    "unclear": ("No clear change", "无明显变化"),
    "footer": (
        "Simulated, not observed. Made from the tables in this file's folder; every figure there as CSV.",
        "均为模拟结果，并非观测。依据本文件所在文件夹中的表格生成，数字另存为 CSV。",
    ),
    "name": ("name", "指标"),
    "median": ("median [90 %]", "中位数 [90 %]"),
    "chance": ("P(met)", "完成概率"),
    "difference": ("difference [90 %]", "差值 [90 %]"),
    "forest": ("% of the target", "占目标的百分比"),
    "better share": ("better", "更优"),
    "per unit": ("CNY per unit", "单位净成本（元）"),
    "outlay whole": ("outlay, administration", "支出（含运行）"),
    "outlay": ("outlay", "支出"),
    "running": ("administration", "运行"),
    "tax_forgone": ("tax forgone", "减税"),
    "contingent": ("contingent", "或有"),
    "recovered": ("recovered", "收回"),
    "net": ("net", "净额"),
    "kind sweep": ("Sweep", "扫描"),
    "kind sensitivity": ("Sensitivity", "敏感性"),
    "kind optimise": ("Optimisation", "优化"),
    "kind discover": ("When does the plan fail?", "规划失败情景分析"),
    "kind validation": ("Validation", "检验"),
    "kind trials": ("Virtual trials", "虚拟试验"),
    "kind study": ("Study", "研究"),
    **STUDY_LABELS,
}


def label(key: str, language: str, **given: object) -> str:
    """Return a label in a language, with what is given in its places."""
    return filled(LABELS[key], language, **given)
