"""The page of an optimisation: what the cheapest, the best and the balanced mix do against the plan, and the front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.report.catalogue import region_state
from simulator.report.optimise_words import (
    CLEAR,
    SAID,
    aim_name,
    aim_value,
    dose_name,
    dose_value,
    shares_apart,
    with_error,
)
from simulator.report.terminal import as_text
from simulator.report.words import colon, comma, figure, left_out, listed, runs_text, semicolon, word
from simulator.study.optimise_aims import RISING
from simulator.study.optimise_output import meta_of

if TYPE_CHECKING:
    from simulator.study.optimise import OptimiseResult
    from simulator.study.optimise_points import Point

SUMMARY_WIDTH = 110


def plain_page(result: OptimiseResult, language: str) -> str:
    """Return the page as plain text, for a file."""
    return as_text(optimise_screen(result, language), SUMMARY_WIDTH)


def optimise_screen(result: OptimiseResult, language: str) -> RenderableType:
    """Return the page."""
    shown: list[RenderableType] = [*_head(result, language), Text()]
    shown += _demand(result, language)
    if result.points:
        shown += [*(_said(result, name, p, language) for name, p in roles(result, language)), Text()]
        shown += [front_table(result, language), dose_table(result, language)]
    elif result.goal.least is None:
        shown.append(_nothing(result, language))
    return Group(*shown, *_notes(result, language))


def roles(result: OptimiseResult, language: str) -> list[tuple[str, Point]]:
    """Return the points that are spoken of: the cheapest, the balanced one, the best of every other aim."""
    zh, out = language == "zh", list[tuple[str, "Point"]]()
    points = list(result.points)
    if not points:
        return out
    out.append(("最省" if zh else "cheapest", min(points, key=lambda p: p.scored["cost"][0])))
    if (knee := result.knee()) is not None:
        out.append(("均衡" if zh else "balanced", knee))
    for aim in (a for a in result.goal.aims if a != "cost"):
        best = min(points, key=lambda p: p.scored[aim][0] * (-1.0 if aim in RISING else 1.0))
        said = SAID[aim][zh]
        many = len(result.goal.aims) > 2
        out.append((f"{said}最佳" if zh and many else "最佳" if zh else f"best {said}" if many else "best", best))
    if result.answer is not None:
        out.insert(0, ("所求" if zh else "answer", result.answer))
    together: dict[int, list[str]] = {}
    for name, point in out:
        together.setdefault(point.number, []).append(name)
    by_number = {p.number: p for p in points}
    return [((comma(language)).join(dict.fromkeys(names)).strip(), by_number[n]) for n, names in together.items()]


def _head(result: OptimiseResult, language: str) -> list[RenderableType]:
    goal, meta, zh = result.goal, meta_of(result), language == "zh"
    title = f"{meta['region_name'][language]} · {result.scenario.title[language]}"
    aims = listed([aim_name(a, goal, language) for a in goal.aims], language)
    targets = listed([t.id for t in goal.targets], language)
    calibration = f"{word('calibration', language)}{colon(language)}{word(result.scenario.calibration, language)}"
    if zh:
        what = f"优化：{aims}；目标 {targets}；{len(result.doses.all)} 项剂量"
        unseen = runs_text(meta["completed"], meta["draws"], "zh")
        runs = f"共 {result.runs} 次运行；前沿各点均以搜索未用过的 {unseen}重新评估"
    else:
        what = f"Aims: {aims}; targets {targets}; {len(result.doses.all)} doses"
        unseen = runs_text(meta["completed"], meta["draws"], "en")
        runs = f"{result.runs} runs; every point scored again on {unseen} that the search never saw"
    if goal.budget is not None:
        kind, limit = aim_name("cost", goal, language), figure(goal.budget, "CNY", language)
        what += f"；预算（{kind}）{limit}" if zh else f"; budget {limit} ({kind})"
    out: list[RenderableType] = [Text(title, style="bold"), Text(what), Text(f"{calibration} · {runs}", style="dim")]
    if status := region_state(meta["status"], language):
        out.append(Text(status, style="yellow"))
    return out + [Text(line, style="red") for line in left_out(len(result.failures), result.runs, language)]


def _demand(result: OptimiseResult, language: str) -> list[RenderableType]:
    """Return the answer to a demand, or that none was found and how near the best came."""
    goal, zh = result.goal, language == "zh"
    if goal.least is None:
        return []
    targets = listed([t.id for t in goal.targets], language)
    if result.answer is not None:
        point = result.answer
        cost, share = (with_error(a, point.scored[a], language) for a in ("cost", "probability"))
        english = f"The cheapest mix found that meets {targets} at {goal.least:g} or more: point {point.number}, "
        english += f"{cost}, probability {share} on unseen runs."
        chinese = f"以不低于 {goal.least:g} 的概率完成 {targets} 的最省方案：方案 {point.number}，{cost}，"
        return [Text(chinese + f"未见运行中概率 {share}。" if zh else english, style="bold"), Text()]
    english = f"No mix was found that meets {targets} at {goal.least:g} or more on unseen runs"
    chinese = f"未找到以不低于 {goal.least:g} 的概率完成 {targets} 的方案"
    if result.points:
        near = max(result.points, key=lambda p: (p.scored["probability"][0], -p.scored["shortfall"][0]))
        cost, share = (with_error(a, near.scored[a], language) for a in ("cost", "probability"))
        english += f"; the nearest, point {near.number}, reaches {share} for {cost}"
        chinese += f"；最接近的方案 {near.number} 达到 {share}，{cost}"
        worst = min(near.met, key=lambda name: near.met[name])
        short = with_error("shortfall", near.scored["shortfall"], language)
        english += f"; it falls {short} short in the mean, and most often misses {worst} (met in {near.met[worst]:.0%})"
        chinese += f"；平均缺口 {short}，最常未达标的是 {worst}（达标 {near.met[worst]:.0%}）"
    elif goal.budget is not None:
        english += " within the budget"
        chinese += "（预算之内）"
    return [Text((chinese + "。") if zh else english + ".", style="bold"), Text()]


def _nothing(result: OptimiseResult, language: str) -> Text:
    over, zh = result.least_over, language == "zh"
    if result.dropped:
        text = "没有一个方案在重新评估后仍不超预算。" if zh else "No mix kept the budget when it was scored again."
    else:
        more = figure(over, "CNY", language)
        text = (
            f"没有方案不超预算；最接近的超出 {more}。"
            if zh
            else f"No mix keeps the budget; the nearest is {more} above it."
        )
    return Text(text, style="bold")


def _said(result: OptimiseResult, name: str, point: Point, language: str) -> Text:
    """Return in a sentence what a point does against the plan as written."""
    zh = language == "zh"
    shown = Text(f"方案 {point.number}（{name}）：" if zh else f"Point {point.number} ({name}): ", style="bold")
    parts = []
    for aim in dict.fromkeys((*result.goal.aims, "cost")):
        value, error = point.against[aim]
        label = SAID[aim][zh]
        if abs(value) <= CLEAR * error or value == 0.0:
            parts.append(f"{label}与原方案无明显差别" if zh else f"{label} not clearly different")
        else:
            parts.append(f"{label}{'' if zh else ' '}{_apart(aim, value, error, language)}")
    text = semicolon(language).join(parts)
    return shown.append(f"与原方案相比，{text}" if zh else f"against the plan as written, {text}", style="not bold")


def _apart(aim: str, value: float, error: float, language: str) -> str:
    size, around = (_unsigned(aim, x, language) for x in (abs(value), error))
    if aim == "cost":
        around = around.removeprefix("CNY ")
    elif aim != "probability":
        size, around = shares_apart(abs(value), error, language)
    if language == "zh":
        return f"{'高' if value > 0 else '低'} {size}（±{around}）"
    return f"{size} {'higher' if value > 0 else 'lower'} (±{around})"


def _unsigned(aim: str, value: float, language: str) -> str:
    """Return the size of a difference in an aim: shares in percentage points."""
    return aim_value(aim, value, language, sign=True).replace("+", "", 1)


def front_table(result: OptimiseResult, language: str) -> Table:
    """Return the front with the plan as written: aims on unseen runs with standard errors."""
    zh, goal = language == "zh", result.goal
    names = {p.number: name for name, p in roles(result, language)}
    aims = list(dict.fromkeys((*goal.aims, "cost")))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.add_column("方案" if zh else "point", justify="right", no_wrap=True)
    for aim in aims:
        table.add_column(aim_name(aim, goal, language), justify="right")
    count = len(goal.targets)
    table.add_column(f"达标项数（共 {count}）" if zh else f"targets met, of {count}", justify="right")
    table.add_column("", overflow="fold")
    rows = [
        (result.plan, "原方案" if zh else "plan as written"),
        *((p, names.get(p.number, "")) for p in result.points),
    ]
    for point, name in rows:
        cells = [with_error(aim, point.scored[aim], language) for aim in aims]
        cells.append(f"{sum(point.met.values()):.1f}")
        style = "bold" if name and point.number else "dim" if not point.number else ""
        table.add_row(str(point.number or "–"), *cells, name, style=style)
    return table


def dose_table(result: OptimiseResult, language: str) -> Table:
    """Return the doses of the points that are spoken of; the front's table has those of all."""
    zh = language == "zh"
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("剂量" if zh else "dose", overflow="fold")
    shown: Sequence[tuple[str, Point]] = [("原方案" if zh else "plan", result.plan), *roles(result, language)]
    for _, point in shown:
        head = ("原方案" if zh else "plan") if not point.number else f"方案 {point.number}" if zh else f"{point.number}"
        table.add_column(head, justify="right", no_wrap=True)
    for k, dose in enumerate(result.doses.all):
        cells = [dose_value(dose, point.doses[k], language) for _, point in shown]
        table.add_row(dose_name(result, dose, language), *cells)
    return table


def _notes(result: OptimiseResult, language: str) -> list[RenderableType]:
    out: list[RenderableType] = []
    if result.optimism:
        out.append(_optimism(result, language))
    if result.dropped:
        out.append(_dropped(result, language))
    return [*out, *(Text(line, style="dim") for line in _definitions(result, language))]


def _optimism(result: OptimiseResult, language: str) -> Text:
    zh, parts = language == "zh", []
    for aim, (value, error) in result.optimism.items():
        size = aim_value(aim, value, language, sign=True) if value else aim_value(aim, 0.0, language)
        around = _unsigned(aim, error, language).removeprefix("CNY ").removesuffix(" pp").removesuffix(" 个百分点")
        parts.append(f"{SAID[aim][zh]} {size} (±{around})" if not zh else f"{SAID[aim][1]} {size}（±{around}）")
    text = semicolon(language).join(parts)
    lead = (
        "乐观偏差（搜索所用运行比未见运行好看多少，前沿平均）："
        if zh
        else "Optimism (how much better the front looked on the panel): "
    )
    return Text(lead + text)


def _dropped(result: OptimiseResult, language: str) -> Text:
    broke = sum(d.why == "budget" for d in result.dropped)
    beaten, zh, parts = len(result.dropped) - broke, language == "zh", []
    if broke:
        parts.append(f"{broke} 个超出预算" if zh else f"{broke} broke the budget")
    if beaten:
        parts.append(f"{beaten} 个被其他方案全面超过" if zh else f"{beaten} were bettered by another")
    text = comma(language).join(parts)
    return Text(f"重新评估后舍去：{text}。" if zh else f"Left out after scoring again: {text}.")


def _definitions(result: OptimiseResult, language: str) -> list[str]:
    goal, years = result.goal, f"{result.scenario.years[0]}–{result.scenario.years[1]}"
    if language == "zh":
        out = [
            f"成本：比去掉上述条目的同一情景多出的{aim_name('cost', goal, 'zh')}，"
            f"{years} 年合计，当年价，含其他条目随之增减的部分。",
            "目标缺口：各目标未达部分占目标值比重的加权平均。"
            "± 为标准误（以参数组为单位）；与原方案之差为同一运行两两相减。",
        ]
        if "regret" in goal.aims:
            out.append("后悔值：在同一参数组下比前沿最佳方案多出的目标缺口，90 % 的参数组不超过此值。")
        return out
    out = [
        f"Cost: {aim_name('cost', goal, 'en')} above the same scenario without these entries, sum of {years} "
        "in CNY of the year, with what they bring about in other entries.",
        "Shortfall: weighted mean over the targets of what is missing, as a share of the target. "
        "±: one standard error, with the draw as the unit; differences from the plan are run by run.",
    ]
    if "regret" in goal.aims:
        out.append(
            "Regret: shortfall above that of the best of these mixes for the same draw; 90 % of draws lie below."
        )
    return out
