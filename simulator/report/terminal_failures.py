"""Which runs failed, on the first screen: a scenario's own, and those of what ran beside it."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from simulator.report.terminal_attribution import PATHS, SECTORS
from simulator.report.words import capital
from simulator.study.attribution import BASELINE, FROZEN, HISTORY, OUTSIDE, RULES
from simulator.study.outside_paths import DEMAND, PATH

_BESIDE = {
    BASELINE: ("its baseline", "基准情景"),
    FROZEN: ("the baseline with national rules and the outside frozen", "国家政策与外部环境均不变的基准情景"),
    RULES: ("the baseline with the outside frozen", "外部环境不变的基准情景"),
    OUTSIDE: ("the baseline with national rules frozen", "国家政策不变的基准情景"),
    HISTORY: ("what was really in force", "实际施行的政策"),
}


def failure_lines(meta: dict[str, Any], language: str) -> list[Text]:
    """Return how many runs of a scenario failed, then how many of each that ran beside it; nothing where none did."""
    zh, out = language == "zh", list[str]()
    if meta["failures"]:
        n, runs = len(meta["failures"]), meta["replicates"]
        out.append(f"{runs} 次运行中有 {n} 次失败，未计入" if zh else f"{n} of {runs} runs failed and are left out")
    for one in meta.get("beside", ()):  # older results say nothing of it
        n, runs, name = len(one["failures"]), one["replicates"], beside_name(one["name"], language)
        out.append(
            f"对照运行（{name}）：{runs} 次中有 {n} 次失败，相关比较未计入"
            if zh
            else f"{capital(name)}, run beside it: {n} of {runs} runs failed; what is compared with it leaves them out"
        )
    return [Text(line, style="red") for line in out]


def beside_name(name: str, language: str) -> str:
    """Return what a scenario that runs beside a plan is called."""
    zh, (kind, _, rest) = language == "zh", name.partition(":")
    if kind == PATH:
        path = PATHS[rest][zh] if rest in PATHS else rest
        return f"方案在“{path}”外部路径下" if zh else f"the plan on the outside path {path}"
    if kind == DEMAND:
        sector, _, points = rest.partition("+")
        called = SECTORS[sector][zh] if sector in SECTORS else sector
        more = f"the plan with demand for {called} growing {points} points a year faster"
        return f"方案在{called}需求年均增速提高 {points} 个百分点时" if zh else more
    return _BESIDE[name][zh] if name in _BESIDE else name
