"""What pages and figures of a sensitivity study say, in English and Chinese."""

from __future__ import annotations

from typing import Any

from simulator.report.catalogue import region_state
from simulator.report.words import apart, bracketed, colon, listed, semicolon, word

_GRADES = {"observed": ("observed", "观测"), "plan": ("the plan", "规划")}
METHODS = {"morris": ("elementary effects (Morris)", "基本效应法（Morris）"),
           "sobol": ("variance shares (Sobol)", "方差分解法（Sobol）")}  # fmt: skip
KEYS = {"morris": "mu_star", "sobol": "st"}  # what factors are ranked by


def grade_text(grade: str, language: str) -> str:
    """Return the evidence label of a parameter, empty for what has none."""
    return _GRADES[grade][language == "zh"] if grade in _GRADES else word(grade, language)


def outcome_title(about: dict[str, Any], language: str) -> str:
    """Return what an outcome is called, with its year."""
    lead = about["id"] + " " if "target" in about else ""
    year = bracketed(str(about["year"]), language) if "year" in about else ""
    return f"{lead}{about[language]}{year}"


def size_text(value: float, unit: str, method: str, language: str, sign: int = 0) -> str:
    """Return a size with its unit: ``+155 firms``, ``±7 firms`` where it has no one sign, ``31 %`` of the variance."""
    if method == "sobol":
        return f"{100.0 * value:.0f} %" if abs(value) >= 0.01 else "<1 %"
    text = apart(abs(value), unit, language)
    return {1: "+", -1: "−", 0: "±"}[sign] + text


def ranges_text(meta: dict[str, Any], language: str) -> str:
    """Return through which ranges the factors move."""
    zh = language == "zh"
    if not meta["kinds"]["parameter"]:
        return ""
    if meta["ranges"] == "posterior":
        name = word(meta["calibration"], language)
        return (
            f"参数各自沿校准（{name}）后验的边际分位数变动，参数之间的相关性不保留"
            if zh
            else f"each parameter moves through the quantiles of its own posterior (calibration: {name}); correlations "
            "between parameters are broken"
        )
    return "参数各自沿先验分位数变动" if zh else "each parameter moves through the quantiles of its own prior"


def size_meaning(meta: dict[str, Any], language: str) -> str:
    """Return what the size of a factor means."""
    zh = language == "zh"
    if meta["method"] == "sobol":
        return (
            "总效应：该因素连同其交互作用占结果方差的比例；主效应：单独占的比例"
            if zh
            else "total: share of the variance that a factor brings with all its interactions; first: by itself"
        )
    return (
        "数值：因素移动半个取值范围时结果的平均变化；“+”为升，“−”为降，“±”为方向不定"
        if zh
        else "size: mean change when a factor moves over half its range; + raises, − lowers, ± goes both ways"
    )


def floor_meaning(meta: dict[str, Any], language: str) -> str:
    """Return what the noise floor is."""
    n = meta["dummies"]
    if language == "zh":
        how = "其大小的 99 % 分位数" if meta["method"] == "morris" else "其总效应区间上限"
        return f"噪声底线：{n} 个虚拟因素（只更换五十分之一主体的运气）的效应，取{how}；低于底线者与随机扰动无法区分"
    how = "99th percentile of the sizes" if meta["method"] == "morris" else "upper end of the total indices"
    return f"noise floor: {how} of {n} dummies that only give one agent in fifty other luck; below it nothing is told"


def effort_text(meta: dict[str, Any], language: str) -> str:
    """Return how many runs of which design."""
    zh, last, first = language == "zh", meta["stages"][-1], meta["stages"][0]
    what = METHODS[meta["method"]][zh]
    each = {("morris", False): "trajectories", ("morris", True): "条轨迹", ("sobol", False): "base points",
            ("sobol", True): "个基准点"}[meta["method"], zh]  # fmt: skip
    over = last["groups"]
    if zh:
        kind = "组因素" if over < last["factors"] else "个因素"
        text = (
            f"{what}：{meta['runs']:,} 次运行，{over} {kind}，{last['repeats']} {each}，每点同用 {meta['seeds']} 个种子"
        )
        return text + (f"；先筛查 {first['groups']} 组" if len(meta["stages"]) > 1 else "")
    kind = "groups of factors" if over < last["factors"] else "factors"
    text = f"{what}: {meta['runs']:,} runs; {last['repeats']} {each} over {over} {kind}, each point with the same "
    text += f"{meta['seeds']} seeds" if meta["seeds"] > 1 else "seed"
    return text + (f"; {first['groups']} groups were screened first" if len(meta["stages"]) > 1 else "")


def failed_text(meta: dict[str, Any], language: str) -> str:
    """Return how many runs failed and what was left out for it; empty where none did."""
    if not (failed := meta.get("failed")):
        return ""
    runs, files = sum(failed.values()), listed(failed, language)
    lost, every = (sum(stage[k] for stage in meta["stages"]) for k in ("left_out", "effects"))
    morris = meta["method"] == "morris"
    if language == "zh":
        what, of = ("次基本效应", "次") if morris else ("个基准点", "个")
        return f"{runs:,} 次运行失败，{every:,} {what}中有 {lost:,} {of}因此未计入；名单及重新运行的命令见 {files}"
    what = "elementary effects" if morris else "base points"
    head = f"{runs:,} run{'s' * (runs != 1)} failed, so {lost:,} of {every:,} {what} are left out"
    return f"{head}; which, and the command that runs each again: {files}"


def foot(meta: dict[str, Any], language: str, *, line: str = "") -> str:
    """Return the footer of a figure: runs, what is drawn, ranges, calibration, date, hash; then the region's status."""
    parts = [effort_text(meta, language), failed_text(meta, language), line, floor_meaning(meta, language)]
    parts.append(ranges_text(meta, language))
    parts.append(f"{word('calibration', language)}{colon(language)}{word(meta['calibration'], language)}")
    parts += [str(meta["created"])[:10], str(meta["hash"])[:8]]
    text = semicolon(language).join(p for p in parts if p)
    status = region_state(meta.get("status"), language)
    return f"{text}\n{status}" if status else text


def factor_text(row: dict[str, Any], language: str) -> str:
    """Return what a factor is called on a page: its id, and what it means."""
    means = row["name_zh"] if language == "zh" else row["name"]
    if row["kind"] == "group":
        many = bracketed(f"{row['factors']} 个因素" if language == "zh" else f"{row['factors']} factors", language)
        return f"{means or row['factor']}{many}"
    return f"{row['factor']}{colon(language)}{means}" if means else str(row["factor"])
