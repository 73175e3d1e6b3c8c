"""The page of the virtual trials: a table and a forest plot, the model beside the source with the band marked."""

from __future__ import annotations

import datetime
import math
import textwrap
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from simulator.report.html.labels import label
from simulator.report.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    VERMILION,
    finish,
    new_figure,
    styled,
    usable_language,
)
from simulator.report.terminal import as_text
from simulator.report.words import bracketed, colon, counted, unit_text
from simulator.study.trials import MISSED, OPEN, REPRODUCED, Evaluation, Found, Trial

if TYPE_CHECKING:
    import pandas

VERDICTS = {
    REPRODUCED: ("reproduced", "已再现", "green"),
    MISSED: ("MISSED", "未再现", "red"),
    OPEN: ("open", "未定", "yellow"),
}
MARK_WORDS = {"by construction": ("by construction", "设定使然"), "emergent": ("emergent", "涌现")}
CALIBRATIONS = {"history": ("history posterior", "历史后验"), "evidence": ("evidence (priors)", "文献先验")}
DIGITS = 3
LEAST = 1e-9  # below which there is an exponent after all
LEFT, RIGHT = -1.0, 2.0  # of the axis, in widths of the band
REACH = 1.25  # room beyond the farther of estimate and source where a band has one end
ROW = 0.3  # inches
WIDTH = 10.0
NAME_WIDTH = {"en": 62, "zh": 36}
TEXT_WIDTH = 150
VERDICT_CELLS = 15  # of a terminal, so that no narrow one hides a miss
WIDE = 120  # cells of a terminal from which on there is a table
LEAST_PUBLISHED, INDENT, GAP = 12, 2, 1  # cells of a column, before the lines, between columns


def _many(number: int, unit: str) -> str:
    return f"{number} {counted(str(number), unit)}"


def _in(pair: tuple[str, ...], language: str) -> str:
    return pair[language == "zh"]


def value_text(value: float) -> str:
    """Return a number to three digits, whole from a thousand on, small ones written out, and ``–`` for none."""
    if not math.isfinite(value):
        return "–"
    if abs(value) >= 999.5:
        return f"{value:,.0f}"
    text = f"{value:.{DIGITS}g}"
    return (
        f"{value:.{DIGITS - 1 - math.floor(math.log10(abs(value)))}f}" if "e" in text and abs(value) > LEAST else text
    )


def interval_text(low: float, high: float) -> str:
    """Return an interval, with an open end left out."""
    if not math.isfinite(low) and not math.isfinite(high):
        return ""
    if not math.isfinite(high):
        return f"> {value_text(low)}"
    if not math.isfinite(low):
        return f"< {value_text(high)}"
    return f"[{value_text(low)}, {value_text(high)}]"


def source_text(found: Found, language: str) -> str:
    """Return what the source reports: estimate, range, words."""
    published = found.row.published
    parts = [published.says[language]] if published.says else []
    if published.estimate is not None and not (published.says and published.estimate == 0.0):
        parts.append(value_text(published.estimate))
    if published.low is not None and published.high is not None:
        parts.append(interval_text(published.low, published.high))
    return " ".join(parts)


def summary(found: Sequence[Found], language: str) -> str:
    """Return how many lines and trials are reproduced, missed and open, by mark."""
    zh = language == "zh"
    parts = []
    for mark, words in MARK_WORDS.items():
        own = [f for f in found if f.row.mark == mark]
        counts = "，".join if zh else ", ".join
        said = counts(f"{_in(VERDICTS[v], language)} {sum(f.verdict == v for f in own)}" for v in VERDICTS)
        trials = len({f.trial.id for f in own})
        parts.append(
            f"{_in(words, language)}（{trials} 项试验，{len(own)} 个估计量）：{said}"
            if zh
            else f"{_in(words, language)} ({_many(trials, 'trials')}, {_many(len(own), 'estimands')}): {said}"
        )
    return "\n".join(parts)


def screen(evaluation: Evaluation, language: str) -> RenderableType:
    """Return the table, what the trials cannot have, and the count of misses."""
    table, lacking = Estimands(evaluation, language), lacking_table(evaluation, language)
    missing, said = label("trials cannot", language), summary(evaluation.found, language)
    return Group(table, "", missing, lacking, "", said, _drawn(evaluation, language))


class Estimands:
    """The estimands by trial on a screen: a table where it is wide enough, else each name above its figures."""

    def __init__(self, evaluation: Evaluation, language: str) -> None:
        self.evaluation, self.language = evaluation, language

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield the table, or the lines."""
        if options.max_width >= WIDE:
            yield found_table(self.evaluation, self.language)
            return
        found, language = self.evaluation.found, self.language
        rows = [_told(f, language, narrow=True) for f in found]
        heads = [Text(head, style="bold") for head in _heads(language)[1:]]
        widths = [max(_widest(row[k]) for row in [heads, *rows]) for k in range(len(heads))]
        left = options.max_width - INDENT - sum(widths[1:]) - GAP * (len(widths) - 1)
        widths[0] = min(widths[0], max(left, LEAST_PUBLISHED))
        yield _in_columns(heads, widths)
        before = ""
        for f, row in zip(found, rows, strict=True):
            if f.trial.id != before:
                before = f.trial.id
                yield Text.assemble((f.trial.label[language], "bold"), (f"  {before}", "dim"))
            named = Text.assemble(_estimand(f, language), (f"  {f.row.published.source}", "dim"))
            yield Padding(named, (0, 0, 0, INDENT))
            yield _in_columns(row, widths)


def _widest(text: Text) -> int:
    return max(cell_len(line) for line in text.plain.split("\n"))


def _in_columns(cells: Sequence[Text], widths: Sequence[int]) -> RenderableType:
    grid = Table.grid(padding=(0, GAP, 0, 0))
    for width in widths:
        grid.add_column(width=width, overflow="fold")
    grid.add_row(*cells)
    return Padding(grid, (0, 0, 0, INDENT))


def _heads(language: str) -> tuple[str, ...]:
    if language == "zh":
        return "估计量", "文献", "模型 [90 %]", "区间带", "结论"
    return "estimand", "published", "model", "band", "verdict"


def _estimand(f: Found, language: str) -> str:
    """Return the name of an estimand with its unit."""
    plain = f.row.unit == "1" or "(" in f.row.label.en  # the label names the unit
    return f.row.label[language] + ("" if plain else bracketed(unit_text(f.row.unit, language), language))


def _told(f: Found, language: str, *, narrow: bool = False) -> list[Text]:
    """Return the cells of an estimand beside its name: what the source says, the model, the band, the verdict.

    In the narrow ones p has a line of its own, and the source's key is left to the line of the name.
    """
    chance = "" if f.p is None else f"{chr(10) if narrow else ' '}p={f.p:.3f}"
    verdict = Text(_in(VERDICTS[f.verdict], language), style=VERDICTS[f.verdict][2])
    verdict.append(f"\n{_in(MARK_WORDS[f.row.mark], language)}", style="dim")
    return [
        Text(source_text(f, language) + ("" if narrow else f"\n{f.row.published.source}")),
        Text(f"{value_text(f.estimate)} {interval_text(f.low, f.high)}{chance}"),
        Text(interval_text(f.row.low, f.row.high)),
        verdict,
    ]


def found_table(evaluation: Evaluation, language: str) -> Table:
    """Return the estimands by trial: what was published, the model's estimate, the band, the verdict."""
    heads = _heads(language)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        last = head == heads[-1]
        table.add_column(head, overflow="fold", no_wrap=last, min_width=VERDICT_CELLS if last else None)
    before = ""
    for f in evaluation.found:
        if f.trial.id != before:
            before = f.trial.id
            table.add_row(Text(f.trial.label[language], style="bold"), Text(before, style="dim"))
        table.add_row(f"  {_estimand(f, language)}", *_told(f, language))
    return table


def lacking_table(evaluation: Evaluation, language: str) -> Table:
    """Return by trial what of its published design the model does not have."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for trial in {f.trial.id: f.trial for f in evaluation.found}.values():
        table.add_row(trial.id, trial.cannot[language], style="dim")
    return table


def _drawn(evaluation: Evaluation, language: str) -> str:
    name = "参数" if language == "zh" else "parameters"
    return f"{name}{colon(language)}{_in(CALIBRATIONS[evaluation.calibration], language)}"


def plain_text(evaluation: Evaluation, language: str) -> str:
    """Return the page as plain text, for a file."""
    return as_text(screen(evaluation, language), TEXT_WIDTH)


def rows_of(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return the lines as plain values; what is not a number is None."""

    def finite(x: float | None) -> float | None:
        return x if x is not None and math.isfinite(x) else None

    return [
        {
            "trial": f.trial.id, "estimand": f.row.id, "label": f.row.label.en, "label_zh": f.row.label.zh,
            "unit": f.row.unit, "mark": f.row.mark, "design": f.trial.design, "estimator": f.row.estimator,
            "estimate": finite(f.estimate), "low": finite(f.low), "high": finite(f.high), "p": f.p,
            "worlds": f.worlds, "published": f.row.published.estimate, "published_low": f.row.published.low,
            "published_high": f.row.published.high, "says": f.row.published.says.en if f.row.published.says else "",
            "source": f.row.published.source, "band_low": finite(f.row.low), "band_high": finite(f.row.high),
            "band": f.row.band, "verdict": f.verdict, "cannot": f.trial.cannot.en, "cannot_zh": f.trial.cannot.zh,
        }
        for f in evaluation.found
    ]  # fmt: skip


def frame_of(evaluation: Evaluation) -> pandas.DataFrame:
    """Return the lines as a table."""
    import pandas

    return pandas.DataFrame(rows_of(evaluation))


def position(found: Found, value: float) -> float:
    """Return where a value lies in the row's picture: 0 and 1 are the ends of its band."""
    low, high = found.row.low, found.row.high
    if math.isfinite(low) and math.isfinite(high):
        return (value - low) / (high - low)
    end = low if math.isfinite(low) else high
    published = found.row.published.estimate
    known = [found.estimate, found.low, found.high, *([] if published is None else [published])]
    scale = REACH * max([abs(x - end) for x in known if math.isfinite(x)], default=1.0) or 1.0
    return (value - end) / scale + (0.0 if math.isfinite(low) else 1.0)


def draw(evaluation: Evaluation, folder: Path, language: str, trials_hash: str = "") -> list[Path]:
    """Draw the forest plot into a folder, with the numbers drawn in a .csv beside it; returns the paths."""
    language = usable_language(language)
    found, zh = evaluation.found, language == "zh"
    with styled(language):
        rows = _rows(found)
        page = new_figure(WIDTH, ROW * len(rows) + 1.6)
        axes = page.add_subplot()
        for y, row in enumerate(rows):
            if isinstance(row, Found):
                _row(axes, y, row)
        axes.set_yticks(range(len(rows)), [_named(row, language) for row in rows], fontsize=7.5)
        axes.tick_params("y", length=0)
        for name, row in zip(axes.get_yticklabels(), rows, strict=True):
            name.set_fontweight("normal" if isinstance(row, Found) else "bold")
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(LEFT, RIGHT)
        axes.set_xticks([0.0, 1.0], ["下限", "上限"] if zh else ["low", "high"], fontsize=8)
        axes.set_xlabel(
            "各行按自身区间带缩放（灰色）；数字为模型估计（红：未再现，灰：未定）"
            if zh
            else "each row on the scale of its band (grey); numbers: model (red: missed, grey: open)",
            fontsize=8,
        )
        for marker, colour, cn, en in (
            ("o", BLUE, "模型，涌现", "model, emergent"),
            ("s", ORANGE, "模型，设定使然", "model, by construction"),
            ("D", INK, "文献", "source"),
        ):
            axes.plot([], [], marker, color=colour, markersize=5, label=cn if zh else en, linestyle="none")
        axes.legend(frameon=False, fontsize=8, ncols=3, loc="lower left", bbox_to_anchor=(0.0, 1.0))
        axes.set_title("虚拟试验" if zh else "Virtual trials", pad=22)
        today = datetime.date.today().isoformat()
        last = " · ".join(part for part in (_drawn(evaluation, language), today, trials_hash[:8]) if part)
        foot = f"{summary(found, language)}\n{last}"
        return finish(page, frame_of(evaluation), folder / "trials.png", foot, language)


def _row(axes: Any, y: int, f: Found) -> None:
    low, high = (0.0 if math.isfinite(f.row.low) else LEFT), (1.0 if math.isfinite(f.row.high) else RIGHT)
    axes.barh(y, high - low, left=low, height=0.7, color="#E4E4E4")
    colour, marker = (BLUE, "o") if f.row.mark == "emergent" else (ORANGE, "s")
    if math.isfinite(f.estimate):
        at = [min(max(position(f, x), LEFT), RIGHT) for x in (f.low, f.high, f.estimate)]
        axes.plot(at[:2], [y, y], color=colour, linewidth=1.6)
        axes.plot([at[2]], [y], marker, color=colour, markersize=5, clip_on=False)
    published = f.row.published
    if published.estimate is not None:
        where = position(f, published.estimate)
        inside = LEFT <= where <= RIGHT
        shape = "D" if inside else ">" if where > RIGHT else "<"
        axes.plot([min(max(where, LEFT), RIGHT)], [y + 0.22], shape, color=INK, markersize=3.5, clip_on=False)
    text = value_text(f.estimate)
    shade = {REPRODUCED: INK, MISSED: VERMILION, OPEN: GREY}[f.verdict]
    axes.annotate(text, (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=7.5, color=shade)


def _rows(found: Sequence[Found]) -> list[Trial | Found]:
    """Return what stands below another: each trial, then its estimands."""
    rows: list[Trial | Found] = []
    for f in found:
        if f.trial not in rows:
            rows.append(f.trial)
        rows.append(f)
    return rows


def _named(row: Trial | Found, language: str) -> str:
    text = (row.row if isinstance(row, Found) else row).label[language]
    if language == "en":
        return textwrap.shorten(text, NAME_WIDTH["en"], placeholder="…")
    return text if len(text) <= NAME_WIDTH["zh"] else text[: NAME_WIDTH["zh"] - 1] + "…"


def trial_list(trials: Sequence[Trial], language: str) -> str:
    """Return the names and titles of trials, one a line."""
    return "\n".join(f"  {t.id:<20} {t.label[language]}" for t in trials)


def asks_for_trial(known: str, language: str) -> str:
    """Return what is asked where no trial was named, above the list of those that are ``known``."""
    if language == "zh":
        return f"--all 运行全部试验，--trial 名称 只运行其中一项：\n{known}"
    return f"--all runs every trial, --trial NAME one of them:\n{known}"


def as_plain(evaluation: Evaluation) -> dict[str, Any]:
    """Return everything as plain values for JSON."""
    return {
        "calibration": evaluation.calibration,
        "seconds": round(evaluation.seconds, 1),
        "failed": list(evaluation.failed),
        "trials": rows_of(evaluation),
    }


def save(evaluation: Evaluation, folder: Path, language: str, command: str = "", trials_hash: str = "") -> list[Path]:
    """Write summary, table, forest plot and page into a folder, over those of the same trials; returns their paths."""
    from simulator.report.html.study_evidence import trial_words
    from simulator.report.html.study_words import write_study_page
    from simulator.study.study_files import origin_of

    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "summary.txt"
    text.write_text(plain_text(evaluation, language), "utf-8")
    drawn = draw(evaluation, folder, language, trials_hash)
    origin = origin_of(command, hash=trials_hash)
    page = write_study_page("trials", partial(trial_words, evaluation), folder, language, origin)
    return [text, *drawn, *([page] if page else [])]
