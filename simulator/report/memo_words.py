"""Words of the memo that no other page has, in English and Chinese."""

from __future__ import annotations

from simulator.report.words import filled

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Memorandum: simulated outcome of {title}", "关于{title}模拟测算情况的报告"),
    "title compare": ("Memorandum: {title} compared with {baseline}", "关于{title}与{baseline}比较测算情况的报告"),
    "title study": ("Memorandum: {title}", "关于{title}的报告"),
    "opening": ("To: [recipient]", "〔主送单位〕："),
    "sender": ("[sender]", "〔单位名称〕"),
    "asked": (
        "This memo reports what a simulation of {region} says of “{title}”: whether its targets are met, what it costs,"
        " what to change first and how sure that is. The years {first} to {last} were simulated {runs}; calibration:"
        " {calibration}.",
        "为研判{region}“{title}”各项目标能否完成、需要多少资金、应先调整什么以及把握如何，运用区域创新模拟模型进行了测算。"
        "测算年份为 {first}—{last} 年，共 {runs}，参数校准：{calibration}。现将有关情况报告如下。",
    ),
    "asked compare": (
        "This memo compares {title} with {baseline} for {region}: same agents and same luck, so that a difference comes"
        " from what is set differently. The years {first} to {last} were simulated {runs} each; calibration:"
        " {calibration}.",
        "为比较{region}{title}与{baseline}的差别，运用区域创新模拟模型进行了测算：主体与随机因素相同，差别仅来自设置不同。"
        "测算年份为 {first}—{last} 年，每个情景 {runs}，参数校准：{calibration}。现将有关情况报告如下。",
    ),
    "asked study": (
        "This memo holds the summary, tables and figures of a study of the simulator as they lie in its folder.",
        "现将一项模拟研究的结果摘要、表格和图件报告如下。",
    ),
    "overall": ("Which targets are met", "总体判断"),
    "see": ("Annex 1 has all targets, annex 2 the money in detail.", "各项目标见附件 1，资金明细见附件 2。"),
    "levels": (
        "Likely: probability of {likely} or more; unlikely: below {unlikely}; in doubt: between.",
        "完成概率 {likely} 及以上为大概率完成，低于 {unlikely} 为难以完成，其间为存疑。",
    ),
    "none": ("No target of the plan is simulated.", "规划中没有可模拟的目标。"),
    "targets": ("Targets one by one", "各项目标完成情况"),
    "outcomes": ("Outcome and growth targets", "结果与增长类目标"),
    "others": ("Capacity and input targets", "能力与投入类目标"),
    "true": ("Official and true figures", "统计数字与真实数字"),
    "true note": (
        "Medians of the target's year. The true figure leaves out relabelling, filing or registering that only raises"
        " the official one.",
        "均为目标年份的中位数。真实口径剔除仅抬高统计数字的虚报、填报与登记。",
    ),
    "without": ("Targets without a figure", "没有数字的目标"),
    "money": ("What it costs", "资金情况"),
    "sums": ("In {scope}: {parts}.", "{scope}：{parts}。"),
    "who pays": ("Who pays", "分担情况"),
    "measures": ("The dearest measures", "资金量较大的措施"),
    "measures note": (
        "All simulated years, mean over the runs, in CNY of the year; {shown} of {all} measures, costs.csv has all.",
        "全部模拟年份合计，各次运行平均，当年价；列出 {all} 项措施中的 {shown} 项，全部见 costs.csv。",
    ),
    "change": ("What to change first", "优先调整事项"),
    "sure": ("How sure that is", "把握程度"),
    "no gates": ("No validation of the region was found.", "未找到该地区的检验结果。"),
    "money annex": ("Money in detail", "资金明细"),
    "differences annex": ("Differences in detail: {title}", "差异明细：{title}"),
    "assumed": ("What is assumed", "主要假定"),
    "instruments": ("How good the evidence of the instruments is", "政策工具的证据等级"),
    "differences": ("What is different", "有何不同"),
    "settings": ("What is set differently", "设置差异"),
    "clear": ("{title}: {names}.", "{title}：{names}。"),
    "result study": ("Result", "结果"),
    "tables study": ("Tables", "表"),
    "figures": ("Figures", "图件"),
    "again": ("How to run it again", "复核方法"),
    "command": ("Command: {command}", "命令：{command}"),
    "origin": (
        "Hash of the run: {hash}; code: {code}; commit: {commit}; seed: {seed}.",
        "运行哈希：{hash}；代码：{code}；提交：{commit}；种子：{seed}。",
    ),
    "versions": ("Versions: {versions}.", "版本：{versions}。"),
    "tables": (
        "All figures stand as CSV in the folder of the run (targets.csv, money.csv, costs.csv, budget.csv), those of a"
        " picture beside it.",
        "全部数字见运行文件夹中的 CSV 文件（targets.csv、money.csv、costs.csv、budget.csv），图中数字见同名 CSV。",
    ),
    "simulated": (
        "All figures are simulated, not observed; 90 % of simulated futures lie between the figures in brackets.",
        "以上数字均为模拟结果，并非观测；方括号内为 90 % 的模拟未来所处范围。",
    ),
    "fan": ("{id} {name}: history and simulated futures", "{id} {name}：历史数据与模拟未来"),
    "areas": ("Money by year and payer", "历年资金（按出资方）"),
    "spending": ("What each measure costs, and who pays", "各项措施的资金与出资方"),
    "levers": ("What one dose of each instrument brings a target", "各政策工具常规剂量对各项目标的作用"),
    "pipeline": ("Pipeline of pharmaceutical products", "医药品种梯队"),
    "attribution": ("Where each target's change comes from", "各项目标变化的来源"),
    "board": ("Probability that each target is met", "各项目标完成概率"),
    "heat-map": ("Which factors move which outcomes", "哪些因素影响哪些结果"),
    "tornado": ("{rest}: the factors that move it most", "{rest}：影响最大的因素"),
    "front": ("Pareto front", "帕累托前沿"),
    "doses": ("Doses along the front", "前沿各方案的剂量"),
    "box": ("Conditions under which the plan misses, {rest}", "未完成的条件，第 {rest} 组"),
    "peeling": ("How the conditions were narrowed step by step", "条件逐步收窄的过程"),
    "sweep": ("Results over the values tried", "各取值下的结果"),
    "sweep-differences": ("Differences from the first point", "与首个点的差值"),
    "trials": ("Virtual trials beside the literature", "虚拟试验与文献对照"),
    "coverage": ("How often intervals hold the truth", "区间覆盖真值的比例"),
    "predictive": ("Fitted history and simulation", "参与拟合的历史与模拟结果"),
    "inner": ("Years left out of the fit", "未参与拟合的年份"),
    "facts": ("Stylised facts in their bands", "典型事实在其区间中的位置"),
    "identified": ("Parameters of which history says most", "历史数据最能确定的参数"),
    "board-others": (
        "Probability that each capacity and input target is met",
        "能力与投入类目标完成概率",
    ),
    "forest": ("Paired differences by target", "各项目标的成对差值"),
    "costs": ("Net public cost by payer", "净成本（按出资方）"),
    "wins": ("Which scenario reaches more", "情景之间的胜率"),
    "head id": ("id", "编号"),
    "head name": ("target", "目标"),
    "head value": ("target value", "目标值"),
    "head median": ("median [90 %]", "中位数 [90 %]"),
    "head chance": ("P(met)", "完成概率"),
    "head gap": ("distance", "差距"),
    "head pace": ("a year: needed / simulated", "每年需 / 模拟"),
    "head official": ("official", "统计口径"),
    "head true": ("true", "真实口径"),
    "head share": ("apart", "差额占比"),
    "head measure": ("measure", "措施"),
    "head net": ("net", "净额"),
    "head outlay": ("outlay", "支出"),
    "head running": ("administration", "运行"),
    "head tax": ("tax forgone", "减税"),
    "head contingent": ("contingent", "或有"),
    "head recovered": ("recovered", "收回"),
    "head assumption": ("assumption", "假定事项"),
    "head set": ("value", "取值"),
    "head instrument": ("instrument", "政策工具"),
    "head evidence": ("evidence", "证据"),
    "head entries": ("entries", "条目"),
    "head difference": ("difference [90 %]", "差值 [90 %]"),
    "head better": ("better", "更优"),
    "head unit cost": ("CNY per unit", "单位净成本（元）"),
}


def said(key: str, language: str, **given: object) -> str:
    """Return words of the memo in a language, with what is given in its places."""
    return filled(WORDS[key], language, **given)


def study_caption(stem: str, language: str) -> str:
    """Return the caption of a figure by the name of its file; the name itself where there are no words for it."""
    if stem in WORDS:
        return said(stem, language)
    kind, _, rest = stem.partition("-")
    return said(kind, language, rest=rest) if kind in WORDS else stem
