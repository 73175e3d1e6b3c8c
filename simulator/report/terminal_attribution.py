"""Where each target's change comes from and what it would take, in a terminal; the money against the budget."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from simulator.report.board import records
from simulator.report.words import (
    distance,
    figure,
    is_money,
    is_percent,
    money,
    money_unit,
    negligible,
    number,
    part,
    unit_text,
)

if TYPE_CHECKING:
    import pandas

    from simulator.study.tables import Tables

STRIP_CELLS = 10
BLOCKS = {"under_way": "░", "national": "▒", "outside": "▓", "plan": "█", "gap": "·"}
NAMES = {
    "before": ("before", "此前"),
    "under_way": ("under way", "原有趋势"),
    "national": ("national rules", "国家政策"),
    "outside": ("outside", "外部环境"),
    "plan": ("this plan", "本方案"),
    "gap": ("gap left", "尚缺"),
    "over": ("exceeded by", "超出"),
    "reached": ("reached", "达到"),
    "met": ("just met", "恰好达到"),
}
READING = (
    "means over the runs, counted in this order. under way: what local policy of before, national rules of the plan's"
    " first year and an outside that goes on as before would bring; national rules: what their later changes add;"
    " outside: markets, prices and people as they really came; this plan: its measures on top; gap left: what is still"
    " missing. In brackets the outside's part when counted before national rules. ≈0: below 0.1 % of the target",
    "各次运行平均值，依次计入。原有趋势：沿用原有地方政策、方案首年的国家政策、外部环境照旧时的变化；国家政策：其后调整带来的变化；"
    "外部环境：市场、价格与人口按实际情形带来的变化；本方案：各项措施的净贡献；尚缺：距目标的差额。"
    "括号内为先计外部环境时的数值；≈0 为不足目标的 0.1%",
)
SECTORS = {
    "steel": ("steel", "钢铁"),
    "pharma": ("pharmaceuticals", "医药"),
    "tourism": ("tourism", "旅游"),
    "agriculture": ("agriculture", "农业"),
    "digital": ("digital industries", "数字产业"),
    "marine": ("marine industries", "海洋产业"),
    "equipment_rail": ("equipment and rail", "装备与轨道交通"),
    "appliances_electronics": ("appliances and electronics", "家电电子"),
    "new_energy_vehicles": ("new energy vehicles", "新能源汽车"),
    "other_manufacturing": ("other manufacturing", "其他制造业"),
    "technology_services": ("technology services", "科技服务"),
    "other_services": ("other services", "其他服务业"),
}
PATHS = {
    "observed": ("observed", "实际"),
    "fast": ("fast", "较快"),
    "slow": ("slow", "较慢"),
    "shock": ("shock", "冲击"),
    "boom": ("boom (no forecast)", "繁荣（非预测）"),
}


def name_of(key: str, language: str) -> str:
    """Return the name of a part, in a language."""
    return NAMES[key][language == "zh"]


def sizes_of(row: Mapping[str, Any]) -> dict[str, float]:
    """Return how large each part of a target's change is, what is missing the last; none where nothing is known."""
    sizes = {name: abs(float(row[name])) for name in BLOCKS}
    if row["gap"] < 0:
        sizes["gap"] = 0.0
    total = sum(sizes.values())
    return sizes if math.isfinite(total) and total > 0.0 else {}


def strip(row: dict[str, Any], cells: int = STRIP_CELLS) -> str:
    """Return the parts as blocks, each as long as its size among the sizes of all; at least one for each above 5 %.

    Signs are in the numbers beside: a part that pulls back takes room like one that pushes forward.
    """
    sizes = sizes_of(row)
    total = sum(sizes.values())
    if not sizes:
        return " " * cells
    shares = {name: size / total for name, size in sizes.items()}
    counts = {name: max(int(share * cells), 1 if share > 0.05 else 0) for name, share in shares.items()}
    while sum(counts.values()) < cells:
        worst = max(counts, key=lambda name: shares[name] * cells - counts[name])
        counts[worst] += 1
    while sum(counts.values()) > cells:
        worst = max(counts, key=lambda name: counts[name] - shares[name] * cells)
        counts[worst] -= 1
    return "".join(BLOCKS[name] * n for name, n in counts.items())


def attribution_table(frame: pandas.DataFrame, language: str) -> RenderableType:
    """Return two lines a target: what was planned and reached with a strip of blocks, and the parts."""
    zh = language == "zh"
    title = "各项目标的变化从何而来" if zh else "where the change of each target comes from"
    order = [f"{block} {name_of(name, language)}" for name, block in BLOCKS.items()]
    legend = "  ".join(order)
    rows = records(frame)
    ends = [_ends(row, language) for row in rows]
    widths = (max(len(row["id"]) for row in rows), max(cell_len(e) for e in ends))
    lines: list[RenderableType] = []
    for row, end in zip(rows, ends, strict=True):
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True, show_header=False)
        table.add_column(no_wrap=True, width=widths[0])
        table.add_column(ratio=1, overflow="fold")
        table.add_column(no_wrap=True, justify="right", width=widths[1])
        table.add_column(no_wrap=True, width=STRIP_CELLS)
        name, unit = row["name_zh" if zh else "name"], unit_text(row["unit"], language)
        more = "" if not unit or unit.lower() in name.lower() else f"{'，' if zh else ', '}{unit}"
        named = Text.assemble(name, (more, "dim"))
        table.add_row(row["id"], named.append(f" {int(row['year'])}"), end, strip(row))
        parts = Text(parts_text(row, language), style="dim")
        lines += [table, Padding(parts, (0, 0, 0, widths[0] + 1))]
    return Group(Text(title, style="bold"), Text(legend, style="dim"), Text(READING[zh], style="dim"), *lines)


def _ends(row: dict[str, Any], language: str) -> str:
    """Return what was planned and what was reached."""
    zh, (value, got) = language == "zh", (_level(row[key], row["unit"], language) for key in ("target", "reached"))
    return f"{'目标' if zh else 'target'} {value}{'，' if zh else ', '}{name_of('reached', language)} {got}"


def _level(value: float, unit: str, language: str) -> str:
    text = figure(value, unit, language) if is_money(unit) else number(value, unit, language)
    return f"{text}%" if is_percent(unit) else text


def parts_text(row: dict[str, Any], language: str) -> str:
    """Return the parts of a target as a sentence in its own unit."""
    unit, zh, target = row["unit"], language == "zh", row["target"]
    base = f"{int(row['base_year'])} 年末" if zh else f"end of {int(row['base_year'])}"
    said = [f"{base} {_level(row['before'], unit, language)}"]
    for name in ("under_way", "national", "outside", "plan"):
        text = f"{name_of(name, language)} {part(row[name], unit, language, target)}"
        if name == "outside" and abs(row["outside_first"] - row["outside"]) > 0.005 * abs(row["target"]):
            first = number(row["outside_first"], unit, language, sign=True)
            text += f"（{first}）" if zh else f" ({first})"
        said.append(text)
    gap = "gap" if row["gap"] > 0 else "over"
    if negligible(row["gap"], target) and row["gap"] <= 0:
        said.append(name_of("met", language))
    else:
        said.append(f"{name_of(gap, language)} {part(abs(row['gap']), unit, language, target).lstrip('+')}")
    text = ("；" if zh else "; ").join(said)
    if math.isfinite(row["history"]) and abs(row["history"]) > 0.005 * abs(row["target"]):
        memo = distance(row["history"], unit, language)
        text += f"。备忘：此后实际施行的政策 {memo}" if zh else f". Memo: measures really in force later {memo}"
    return text


def paths_lines(frame: pandas.DataFrame, language: str) -> RenderableType:
    """Return in words what the outside would have to be like for revenue targets out of reach."""
    zh = language == "zh"
    shown: list[RenderableType] = [
        Text("营收类目标需要怎样的外部环境" if zh else "what it would take outside", style="bold")
    ]
    for identity in dict.fromkeys(frame["id"]):
        rows = records(frame[frame["id"] == identity])
        first = rows[0]
        name = first["name_zh" if zh else "name"]
        wanted = _level(first["target"], first["unit"], language)
        shown.append(Text(f"{identity} {name} {int(first['year'])}{'：目标' if zh else ': target'} {wanted}"))
        under = [
            f"{_path(row['path'], language)} {_level(row['median'], row['unit'], language)}"
            for row in rows
            if row["path"] not in ("needed", "beyond")
        ]
        lead = "中位数：" if zh else "median on the paths: "
        shown.append(Text(f"  {lead}{'，'.join(under) if zh else ', '.join(under)}", style="dim"))
        met = [str(row["path"]) for row in rows[:-1] if row["met"] in (True, "True")]
        shown.append(Text(f"  {needed_text(rows[-1], language, met)}"))
    return Group(*shown)


def _path(name: str, language: str) -> str:
    return PATHS[name][language == "zh"] if name in PATHS else name


def needed_text(row: dict[str, Any], language: str, met: Sequence[str] = ()) -> str:
    """Return in words how much faster demand would have to grow; ``met`` names the paths that meet the target."""
    sector, points = SECTORS[row["sector"]][language == "zh"], 100.0 * row["extra_growth"]
    since = int(row["from_year"])
    if row["path"] == "beyond":
        paths = [_path(name, language) for name in met]
        if language == "zh":
            said = f"即使 {since} 年起{sector}需求每年比实际多增长 {points:.0f} 个百分点，仍不能完成："
            return f"{said}单靠需求不够" + (f"；{'、'.join(paths)}路径可完成" if paths else "")
        said = f"not met even if demand for {sector} grew {points:.0f} points a year more than observed from {since} on"
        return f"{said}: demand alone does not do it" + (f", the path {', '.join(paths)} does" if paths else "")
    if language == "zh":
        return f"若 {since} 年起{sector}需求每年比实际多增长 {points:.0f} 个百分点，方可完成"
    return f"met if demand for {sector} grew {points:.0f} points a year more than observed from {since} on"


def extra_parts(tables: Tables, language: str) -> list[RenderableType]:
    """Return what an attribution adds to the first screen; nothing where none was asked for."""
    shown: list[RenderableType] = []
    if tables.attribution is not None and len(tables.attribution):
        shown += [Text(""), attribution_table(tables.attribution, language)]
    if tables.paths_needed is not None and len(tables.paths_needed):
        shown += [Text(""), paths_lines(tables.paths_needed, language)]
    return shown


def budget_text(tables: Tables, language: str) -> str:
    """Return what the plan adds to what city and districts pay, against their budget; nothing without a baseline."""
    frame = tables.budget
    if frame is None or not len(frame) or not math.isfinite(frame["added_outlay"].mean()):
        return ""
    zh, years = language == "zh", f"{int(frame['year'].min())}–{int(frame['year'].max())}"
    mean = float(frame["added_outlay"].mean())
    sums = figure(mean, "CNY", language)
    text = f"{years} 年方案使市区两级比基准多支出年均 {sums}" if zh else f"the plan adds {sums} a year to what city "
    text += "" if zh else "and districts pay"
    share = frame["share_general"]
    if share.notna().all():
        middle, least, most = (100 * float(x) for x in (share.mean(), share.min(), share.max()))
        text += (
            f"，为当年一般公共预算收入的 {middle:.2f}%（{least:.2f}%–{most:.2f}%）"
            if zh
            else f", {middle:.2f} % of general budget revenue (by year {least:.2f}–{most:.2f} %)"
        )
    science = frame["share_science"]
    if science.notna().all():
        times = float(science.mean())
        text += f"、科技专项资金的 {times:.1f} 倍" if zh else f", {times:.1f} times its science funds"
    return text


def budget_lines(tables: Tables, language: str) -> list[RenderableType]:
    """Return by year what city and districts pay, and what of that the plan adds."""
    frame = tables.budget
    if frame is None or not len(frame) or not math.isfinite(frame["added_outlay"].mean()):
        return []
    zh, unit = language == "zh", money_unit(language)
    title = f"市区两级支出与预算（{unit}）" if zh else f"city and districts against their budget ({unit})"
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    heads = ("年", "支出", "方案新增", "新增净额", "一般公共预算收入", "占比") if zh else (
        "year", "outlay", "added by the plan", "added, net", "general budget", "share"
    )  # fmt: skip
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for row in records(frame):
        cells = [money(row[k], language, digits=3) for k in ("outlay", "added_outlay", "added_net")]
        table.add_row(
            str(int(row["year"])),
            *cells,
            money(row["general_budget"], language, digits=1) if math.isfinite(row["general_budget"]) else "–",
            f"{100 * row['share_general']:.2f}%" if math.isfinite(row["share_general"]) else "–",
        )
    note = (
        "支出含运行费；净额另计减税并扣除收回；新增为同一抽样下与基准之差；收入在已知年份之间按名义生产总值推算"
        if zh
        else "outlay with administration; net adds tax forgone less recoveries; added: paired difference from the "
        "baseline; revenue between known years moves with nominal GDP"
    )
    return [Text(""), Text(title, style="bold"), table, Text(note, style="dim")]
