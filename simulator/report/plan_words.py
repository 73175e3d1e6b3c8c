"""The sentences of the page on what would have to be true for a plan to come true, in English and Chinese."""

from __future__ import annotations

from simulator.report.words import filled

_SAID: dict[str, tuple[str, str]] = {
    "title": ("{region}: what would have to be true for the plan to come true", "{region}：规划实现需要什么成立"),
    "no_forecast": (
        "A calibration to the plan's targets is no forecast: it takes for granted that they are met and asks what"
        " follows.",
        "这是按规划目标校准，不是预测：先假定规划实现，再反推参数。",
    ),
    "meets": (
        "Of {targets} measurable targets a run from the evidence meets {mean:g} on average and {most} at most"
        " ({runs} runs).",
        "可度量目标 {targets} 项：按证据抽样的一次模拟平均实现 {mean:g} 项，最多 {most} 项（{runs} 次模拟）。",
    ),
    "with_sample": (
        "With the parameters fitted to the whole plan it meets {mean:g} on average; targets are read with a tolerance"
        " of {tolerance}.",
        "按“规划全部实现”拟合的参数，平均实现 {mean:g} 项；读取目标的容差为 {tolerance}。",
    ),
    "left_out": (
        "Out of reach of the fit: {which}. Nearly every draw misses by more than {missed} of the target, so that draws"
        " cannot be told apart by it; the fit to the whole plan is one to the other {rest} targets.",
        "超出拟合范围：{which}。几乎所有抽样都比目标低 {missed} 以上，无法据此区分抽样；"
        "“规划全部实现”的拟合只针对其余 {rest} 项目标。",
    ),
    "left_out_alone": (
        "Out of reach of the fit: nearly every draw misses it by more than {missed}, so that no parameter is found.",
        "超出拟合范围：几乎所有抽样都比目标低 {missed} 以上，找不出起作用的参数。",
    ),
    "unknown": ("an unknown share", "未知比例"),
    "unbounded": ("any multiple", "无限倍"),
    "cost_unknown": ("at a cost that is not known", "支出不详"),
    "cost_unbounded": ("at a cost without bound", "支出无上限"),
    "joint": (
        "That is {distance} prior standard deviations away, all together: {count} parameters differ by {least:g} and"
        " more, {beyond} of them beyond the range of the evidence or, where there is none, of what is assumed.",
        "所需参数合计偏离 {distance} 个先验标准差：{count} 个参数偏离 {least:g} 个以上，"
        "其中 {beyond} 个超出证据区间（无证据者为假定区间）。",
    ),
    "joint_title": ("What the whole plan asks for, the farthest first", "规划全部实现所需的参数（偏离最大者在前）"),
    "heads": (
        "parameter and its source|evidence|the plan needs|prior sd|range",
        "参数及来源|证据值|规划所需|先验标准差|区间",
    ),
    "span": ("{low} to {high}", "{low}—{high}"),
    "mark_beyond": (", beyond", "，超出"),
    "everything": (
        "At the evidence's parameters, every measure at {factor} times its dose: {met} of {count} targets are met in at"
        " least half of the runs, {cost}.",
        "参数取自证据、全部措施加到 {factor} 倍：{count} 项目标中 {met} 项在过半模拟中实现，{cost}。",
    ),
    "cost": ("for {sum} a year more", "每年多支出 {sum}"),
    "saved": ("for {sum} a year less", "每年少支出 {sum}"),
    "likely": ("Likely at the evidence: {ids}", "证据下大概率实现：{ids}"),
    "by": ("{figure} by {year}", "{figure}（{year} 年）"),
    "never": (
        "{what}. None of {runs} draws from the evidence brings it true: the nearest reaches {near}.",
        "{what}。按证据抽样 {runs} 次，无一实现：最接近的一次达到 {near}。",
    ),
    "sometimes": (
        "{what}. It comes true in {share} of the draws from the evidence.",
        "{what}。按证据抽样，{share} 的模拟实现。",
    ),
    "no_parameter": (
        "No single parameter decides it: luck, or many small things.",
        "没有哪个参数起决定作用：取决于偶然或许多细小因素。",
    ),
    "in_those": ("Where it does, {parts}.", "实现的抽样中，{parts}。"),
    "in_nearest": ("In the nearest draws {parts}.", "最接近的抽样中，{parts}。"),
    "all_inside": (" All of that is inside its range.", "均未超出各自区间。"),
    "those_beyond": (" {which}.", "{which}。"),
    "parameter": ("“{doc}” ({owner}, {name})", "“{owner}”的参数 {name}（{doc}）"),
    "undescribed": ("{name} ({owner})", "“{owner}”的参数 {name}"),
    "is": ("{parameter} is {times}", "{parameter}{times}"),
    "times_assumed": (
        "{ratio} times what is assumed ({value} instead of {base})",
        "为假定值的 {ratio} 倍（{value}，而非 {base}）",
    ),
    "short": ("{name} {ratio} times", "{name} {ratio} 倍"),
    "short_to": ("{name} {value}", "{name} 为 {value}"),
    "times": (
        "{ratio} times its value from the evidence ({value} instead of {base})",
        "为证据值的 {ratio} 倍（{value}，而非 {base}）",
    ),
    "instead": ("{value} instead of {base}", "为 {value}，而非 {base}"),
    "sourced_beyond": (
        "beyond the range of the evidence, {low} to {high} [{source}]",
        "超出证据区间 {low}—{high}［{source}］",
    ),
    "sourced_inside": (
        "inside the range of the evidence, {low} to {high} [{source}]",
        "仍在证据区间 {low}—{high} 之内［{source}］",
    ),
    "assumed_beyond": ("beyond the range assumed, {low} to {high}", "超出假定区间 {low}—{high}"),
    "assumed_inside": ("inside the range assumed, {low} to {high}", "仍在假定区间 {low}—{high} 之内"),
    "central": (
        "With all parameters at their declared values {met} of {runs} runs meet it: the doubt is luck and ignorance.",
        "参数取证据值时，{runs} 次模拟中有 {met} 次实现：存疑来自偶然与未知。",
    ),
    "alone": (
        "It comes true in {met} of {runs} runs if {parameter} alone is {times}: {where}.",
        "若仅{parameter}{times}，{runs} 次模拟中 {met} 次实现：{where}。",
    ),
    "alone_not": (
        "Alone, even {far} prior sd away, it is not met by {parts}.",
        "单独推到 {far} 个先验标准差仍不能实现：{parts}。",
    ),
    "reaches": ("{name} (reaches {reached})", "{name}（达到 {reached}）"),
    "together": (
        "Together, all that move it bring it true in {met} of {runs} runs at a distance of {distance:g} prior sd:"
        " {parts}.",
        "影响它的全部参数一起偏离 {distance:g} 个先验标准差，{runs} 次模拟中 {met} 次实现：{parts}。",
    ),
    "together_not": (
        "Together, all that move it reach {reached} at a distance of {far} prior sd.",
        "影响它的全部参数一起偏离 {far} 个先验标准差，也只达到 {reached}。",
    ),
    "no_lever": (
        "Doses: no measure of the plan raises it in the influence table.",
        "剂量：在影响表中，规划的任何措施都不提高该指标。",
    ),
    "dose": (
        "Doses: {levers} at {factor} times the plan's doses meet it in {met} of {runs} runs instead of {before},"
        " {cost}.",
        "剂量：{levers}加到规划的 {factor} 倍，{runs} 次模拟中 {met} 次实现（原剂量 {before} 次），{cost}。",
    ),
    "dose_enough": (
        "Doses: the plan's own meet it in {before} of {runs} runs; {levers} at {factor} times in {met}, {cost}.",
        "剂量：原剂量下 {runs} 次模拟中 {before} 次实现；{levers}加到 {factor} 倍，{met} 次实现，{cost}。",
    ),
    "dose_not": (
        "Doses: even at {factor} times the plan's doses of {levers}, the highest tried, it is not met: {reached} is"
        " reached ({plan} with the plan's own), {cost}.",
        "剂量：{levers}即使加到规划的 {factor} 倍（所试最高剂量），也不能使其实现，只达到 {reached}（原剂量 {plan}），"
        "{cost}。",
    ),
    "dose_limited": (
        " Not every setting can be raised that far: some of {levers} reach the most that is allowed before.",
        "并非各项设置都能加到这一倍数：{levers}的部分设置已先达到允许的上限。",
    ),
    "doses_alone": (" Alone at {factor} times: {parts}.", "单独加到 {factor} 倍：{parts}。"),
    "lever_alone": ("{lever} {reached}, {cost}", "{lever} {reached}，{cost}"),
    "more": (" and {rest} more", "等 {count} 类工具"),
    "section": ("{name} ({ids}): all of them in {share} of the draws.", "{name}（{ids}）：{share} 的抽样全部实现。"),
    "section_never": (
        "{name} ({ids}): at least one of them in no draw.",
        "{name}（{ids}）：至少一项在任何抽样中都未实现。",
    ),
}


def said(key: str, language: str, **given: object) -> str:
    """Return a sentence or a part of one with its words filled in; raises KeyError for one that is not there."""
    return filled(_SAID[key], language, **given)
