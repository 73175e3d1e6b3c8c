"""What a validation found: gates in a terminal, and one page with figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from simulator.report.catalogue import region_name, region_state
from simulator.report.html.gates import gates_path, posterior_digest
from simulator.report.validation_figures import draw_validation
from simulator.report.words import bracketed, colon, listed, number, unit_text
from simulator.study.gates import GROUPS, IDENTIFIED, INNER, PREDICTIVE, Gate
from simulator.study.study_files import origin_of
from simulator.study.validate import Validation

Say = Callable[[str], None]
BASELINES_ZH = {"persistence": "持平", "linear": "线性趋势", "exponential": "指数趋势"}
STEPS_ZH = {
    "coverage": "区间覆盖",
    "predictive": "历史还原",
    "inner test": "内部检验",
    "facts": "典型事实",
    "books": "账目",
    "influence": "去掉单个序列",
}
SHOWN_MOVES = 0.005  # log points, or prior standard deviations, below which nothing is said to move
GAP = 2  # cells between columns


def pick(label: Any, language: str) -> str:
    """Return a label in a language."""
    return str(label.zh if language == "zh" else label.en)


def verdict(gate: Gate, language: str) -> str:
    """Return whether a gate holds, in words; nothing where nothing is asked."""
    if gate.ok is None:
        return ""
    if language == "zh":
        return "通过" if gate.ok else "未通过"
    return "pass" if gate.ok else "FAIL"


def title(found: Validation, language: str) -> str:
    """Return the headline: how many gates hold."""
    asked = [gate for gate in found.gates if gate.ok is not None]
    passed = len(asked) - len(found.failed)
    region = region_name(found.region, language)
    if language == "zh":
        return f"{region}拟合的检验：{len(asked)} 项中通过 {passed} 项"
    return f"Validation of {region}: {passed} of {len(asked)} gates pass"


def step_line(line: str, language: str) -> str:
    """Return what is said of a step that is done (``inner test: 12 s``) in a language."""
    name, _, took = line.partition(": ")
    if language != "zh" or name not in STEPS_ZH:
        return line
    return f"{STEPS_ZH[name]}：{took.removesuffix(' s')} 秒"


def failed_line(found: Validation, language: str) -> str:
    """Return how many gates do not hold."""
    count = len(found.failed)
    return f"{count} 项检验未通过" if language == "zh" else f"{count} of the gates failed"


def series_rows(found: Validation, language: str) -> list[list[str]]:
    """Return a row a series of the inner test: CRPS of the model and of each baseline, skill, points inside."""
    from simulator.model import INDICATORS

    out = []
    for score in found.inner.scores if found.inner is not None else ():
        indicator = INDICATORS[score.indicator]
        name = pick(indicator.label, language)
        unit = unit_text(indicator.unit, language)
        like = score.model

        def crps(value: float, unit: str = indicator.unit, like: float = like) -> str:
            return number(value, unit, language, like=like)

        cells = [crps(score.baselines[b]) if b in score.baselines else "–" for b in BASELINES_ZH]
        skill = f"{score.skill:+.2f}" if score.scored else "–"
        few = "*" if score.few and score.fitted else ""
        shown = (
            name if not unit or unit.lower() in name.lower() else f"{name}{'，' if language == 'zh' else ', '}{unit}"
        )
        out.append([shown, f"{score.fitted}{few}", crps(score.model), *cells, skill, f"{score.inside}/{score.tested}",
                    f"{score.width:.2f}"])  # fmt: skip
    return out


def series_heads(language: str) -> list[str]:
    """Return the heads of that table."""
    if language == "zh":
        return ["序列", "拟合点", "模型 CRPS", *BASELINES_ZH.values(), "优势", "区间内", "宽度"]
    return ["series", "points", "model CRPS", *BASELINES_ZH, "skill", "inside", "width"]


def influence_rows(found: Validation, language: str) -> list[list[str]]:
    """Return a row a series left out: the largest parameter moves and the headline forecasts that move."""
    from simulator.model import INDICATORS

    out = []
    for row in found.influence:
        moved = listed((f"{name} {shift:+.2f}" for name, shift in row.moved if abs(shift) >= SHOWN_MOVES), language)
        ordered = sorted(row.forecasts.items(), key=lambda item: -abs(item[1]))
        shown = [
            f"{pick(INDICATORS[n].label, language)} {100.0 * d:+.1f} %" for n, d in ordered if abs(d) >= SHOWN_MOVES
        ]
        out.append([pick(INDICATORS[row.indicator].label, language), str(row.points), moved or "–",
                    listed(shown[:3], language) or "–"])  # fmt: skip
    return out


def influence_heads(language: str) -> list[str]:
    """Return the heads of that table."""
    if language == "zh":
        return ["去掉的序列", "点数", "移动最大的参数（先验标准差）", "规划末年预测的变化"]
    return ["series left out", "points", "parameters that move most (prior sd)", "forecasts of the plan's last year"]


def series_note(language: str) -> str:
    """Return what the columns of the inner test mean."""
    if language == "zh":
        return (
            "CRPS 与指标同单位，越小越好；优势为 1 减去模型与最佳基准 CRPS 之比，正值为模型更优；"
            "宽度为 90 % 区间占中位数；* 仅两三个点，基准的离散度只是估计；“–” 处没有可比的基准"
        )
    return (
        "CRPS is in the indicator's unit, smaller is better; skill is 1 - CRPS over that of the best baseline, above 0"
        " where the model wins; width is that of the 90 % band over the median; * two or three points: the baselines'"
        " spread is a guess; – no baseline to be held against"
    )


def chance_note(language: str) -> str:
    """Return what an exact p takes for granted."""
    if language == "zh":
        return "精确 p 值把各点当作相互独立；同一序列的各年并不独立，因此 p 值只作参考。"
    return "The exact p takes the points for independent; the years of a series are not, so that p is only a guide."


def gate_groups(found: Validation) -> list[tuple[str, list[Gate]]]:
    """Return the gates by group, in their order."""
    return [(g, [x for x in found.gates if x.group == g]) for g in GROUPS if any(x.group == g for x in found.gates)]


def validation_screen(found: Validation, language: str) -> RenderableType:
    """Return the gates with figure, what is asked and the verdict, and the tables behind the inner test."""
    parts: list[RenderableType] = [Text(title(found, language), style="bold")]
    if status := region_state(found.status, language):
        parts.append(Text(status, style="dim"))
    for group, gates in gate_groups(found):
        parts += [Rule(style="dim"), Text(pick(GROUPS[group], language), style="bold")]
        if group == INNER:
            parts += [_Series(series_heads(language), series_rows(found, language)),
                      Text(series_note(language), style="dim")]  # fmt: skip
        parts.append(_gates(gates, language))
        if group in (INNER, PREDICTIVE):
            parts.append(Text(chance_note(language), style="dim"))
        if group == IDENTIFIED and found.influence:
            parts += [Text(""), *_influence(found, language)]
    return Group(*parts, Rule(style="dim"), *(Text(pick(note, language), style="dim") for note in found.notes))


class _Series:
    """The inner test by series: a table where the names fit, else each name above its figures."""

    def __init__(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.heads, self.rows = heads, rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        widths = [max(map(cell_len, column)) for column in zip(self.heads, *self.rows, strict=True)]
        if sum(widths) + GAP * len(widths) <= options.max_width:
            yield grid_table(self.heads, self.rows)
            return

        def line(cells: Sequence[str], style: str) -> Text:
            right = (" " * (w - cell_len(cell)) + cell for cell, w in zip(cells, widths[1:], strict=True))
            return Text((" " * GAP).join(right), style=style)

        yield line(self.heads[1:], "dim")
        for name, *figures in self.rows:
            yield Text(name)
            yield line(figures, "")


def _influence(found: Validation, language: str) -> Iterator[RenderableType]:
    """Return each series left out with what then moves, in lines: three columns of long names break in words."""
    heads, mark = influence_heads(language), colon(language)
    for name, points, *moved in influence_rows(found, language):
        yield Text(f"{heads[0]}{mark}{name}{bracketed(f'{heads[1]} {points}', language)}")
        for head, cell in zip(heads[2:], moved, strict=True):
            yield Padding(Text(f"{head}{mark}{cell}", style="dim"), (0, 0, 0, GAP))


def _gates(gates: Sequence[Gate], language: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    for gate in gates:
        style = {True: "green", False: "bold red", None: "dim"}[gate.ok]
        row = (pick(gate.name, language), gate.figure, gate.asked)
        table.add_row(*(Text(cell, overflow="fold") for cell in row), Text(verdict(gate, language), style=style))
    return table


def grid_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table of texts under their heads."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for k, head in enumerate(heads):
        table.add_column(Text(head, style="dim"), justify="right" if k and len(heads) > 4 else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


# ---- files ------------------------------------------------------------------------------------------


def plain(found: Validation) -> dict[str, Any]:
    """Return gates, scores and influence as plain values for JSON."""
    gates = [
        {"group": g.group, "name": g.name.en, "name_zh": g.name.zh, "figure": g.figure, "asked": g.asked, "ok": g.ok}
        for g in found.gates
    ]
    scores = [
        {"indicator": s.indicator, "fitted": s.fitted, "tested": s.tested, "crps": s.model, "baselines": s.baselines,
         "best": s.best, "skill": s.skill if s.scored else None, "inside": s.inside, "width": s.width}
        for s in (found.inner.scores if found.inner is not None else ())
    ]  # fmt: skip
    influence = [
        {"indicator": i.indicator, "points": i.points, "moved": dict(i.moved), "forecasts": i.forecasts}
        for i in found.influence
    ]
    notes = [note.en for note in found.notes]
    out: dict[str, Any] = {"region": found.region, "ok": found.ok, "gates": gates, "inner_test": scores}
    out |= {"influence": influence, "notes": notes, "notes_zh": [note.zh for note in found.notes]}
    return out | {"posterior": posterior_digest(found.region)}


def keep_gates(found: Validation) -> None:
    """Put the gates beside the posterior that they judge, for the pages of runs that draw from it."""
    kept = {k: v for k, v in plain(found).items() if k not in ("inner_test", "influence")}
    text = json.dumps(kept, indent=1, ensure_ascii=False, allow_nan=False)
    gates_path(found.region).write_text(text + "\n", encoding="utf-8")


def save_validation(found: Validation, folder: Path, language: str, command: str = "") -> Path:
    """Write figures, ``validation.json`` and the page that holds them all, and return the page's path."""
    from simulator.report.html.study_evidence import validation_words
    from simulator.report.html.study_words import write_study_page

    folder.mkdir(parents=True, exist_ok=True)
    draw_validation(found, folder / "figures", language)
    text = json.dumps(plain(found), indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "validation.json").write_text(text + "\n", encoding="utf-8")
    words = partial(validation_words, found)
    page = write_study_page("validation", words, folder, language, origin_of(command))
    return folder / "validation.json" if page is None else page
