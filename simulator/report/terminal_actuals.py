"""A planner's own figures in a terminal: what they were held against, how far they are trusted, what they change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from simulator.report.terminal import named
from simulator.report.words import number
from simulator.study.actuals import Reweighted
from simulator.study.targets import HEADLINE_KINDS

WIDENED = 1.005  # below this factor on the errors nothing is said of it
SHIFT = 0.005  # changes of a probability below this are not shown as a change

_HEADS = {
    "en": ("your figure", "given", "runs: median [90 %]", "weighted"),
    "zh": ("实际数据", "填报值", "模拟：中位数 [90 %]", "加权后"),
}
_TARGET_HEADS = {
    "en": ("target", "median [90 %]", "P(met)", "weighted", "P(met)"),
    "zh": ("目标", "中位数 [90 %]", "完成概率", "加权后", "完成概率"),
}


def actuals_screen(found: Reweighted, language: str) -> RenderableType:
    """Return the block that follows the first screen of a run."""
    zh = language == "zh"
    parts: list[RenderableType] = [
        Rule(style="dim"),
        Text("按实际数据重新加权" if zh else "Re-weighted by your figures", style="bold"),
        *(Text(line) for line in trust_lines(found, language)),
        _figures(found, language),
        Text(""),
        _targets(found, language),
    ]
    note = (
        "权重为各次模拟与所填数据的吻合程度（含填报误差与模型偏差）；此处的完成概率为加权前后模拟未来中完成目标的比例，未计入模型自身误差；此处只列结果类和增长类目标，其余见结果文件夹；资金未加权。"
        if zh
        else "A run's weight is how well it agrees with your figures, their errors and the model's own together. P(met)"
        " here is the share of simulated futures, before and after, without the model's own error in the target. Only"
        " outcome and growth targets are shown here, the folder holds all; the money is not weighted."
    )
    return Group(*parts, Text(note, style="dim"))


def trust_lines(found: Reweighted, language: str) -> list[str]:
    """Return in words how many draws the weights are worth, and by how much errors had to be widened."""
    count, drawn, worth, floor = found.weights.size, found.draws, found.effective, found.floor
    plain = max(found.untempered, 1.0)
    if language == "zh":
        lines = [
            f"{count} 次模拟共 {drawn} 组参数，加权后相当于 {worth:.0f} 组等权参数（下限 {floor:.0f} 组）；"
            "同一组参数的各次模拟只差在偶然，按一组计。"
        ]
        if found.widened > WIDENED:
            lines.append(
                f"按所给误差只相当于 {plain:.0f} 组，过少，不足以给出区间；已将误差放大到 {found.widened:.1f} 倍："
                "对数据的信任低于所填。模拟与数据相差较远时，请核对数据，或增加模拟次数（--replicates）。"
            )
        return lines
    lines = [
        f"The {count} runs have {drawn} draws of the parameters; weighted, they are worth {worth:.0f} equal draws"
        f" (floor {floor:.0f}). Runs of one draw differ by luck alone and count as one."
    ]
    if found.widened > WIDENED:
        lines.append(
            f"At the errors given they would be worth {plain:.0f}, too few for a band: errors were taken"
            f" {found.widened:.1f} times as large, so your figures are trusted less than you said. Where runs and"
            " figures lie far apart, check the figures or make more runs (--replicates)."
        )
    return lines


def _band(row: Mapping[str, Any], prefix: str, unit: str, language: str) -> str:
    """Return median and 90 % range at one scale; the unit stands beside the name."""
    like = abs(row[f"{prefix}p50"]) or None
    low, middle, high = (number(row[f"{prefix}{q}"], unit, language, like=like) for q in ("p05", "p50", "p95"))
    return f"{middle} [{low}{' – ' if language == 'en' else '—'}{high}]"


def _table(heads: tuple[str, ...]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for k, head in enumerate(heads):
        table.add_column(Text(head, style="dim"), justify="left" if k == 0 else "right", overflow="fold")
    return table


def _shown(row: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return a figure's row in the unit that a reader expects: a share in percent."""
    if row["unit"] != "1" and not str(row["unit"]).startswith("share"):
        return dict(row), str(row["unit"])
    keys = ("value", "sd", *(f"{p}{q}" for p in ("", "after_") for q in ("p05", "p50", "p95")))
    return {**row, **{key: 100.0 * row[key] for key in keys}}, "percent"


def _figures(found: Reweighted, language: str) -> Table:
    table = _table(_HEADS[language])
    for raw in found.figures.to_dict("records"):
        row, unit = _shown({str(k): v for k, v in raw.items()})
        name, given = named(row | {"unit": unit}, language), number(row["value"], unit, language)
        table.add_row(name, given, _band(row, "", unit, language), _band(row, "after_", unit, language))
    return table


def _targets(found: Reweighted, language: str) -> Table:
    table = _table(_TARGET_HEADS[language])
    for raw in found.targets.to_dict("records"):
        row = {str(k): v for k, v in raw.items()}
        if row["kind"] not in HEADLINE_KINDS:
            continue
        moved = abs(row["after_probability"] - row["probability"]) >= SHIFT
        chance = Text(f"{row['after_probability']:.2f}", style="bold" if moved else "")
        name = Text.assemble(f"{row['id']} ", named(row, language))
        unit = str(row["unit"])
        table.add_row(
            name,
            _band(row, "", unit, language),
            f"{row['probability']:.2f}",
            _band(row, "after_", unit, language),
            chance,
        )
    return table
