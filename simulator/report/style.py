"""How figures look: fonts that can write Chinese, colours that everybody can tell apart, footers."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from simulator.report.catalogue import region_state
from simulator.report.words import colon, runs_text, scale_of, scaled_unit, word

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, which readers with any colour vision can tell apart.
BLUE, ORANGE, GREEN, SKY, VERMILION = "#0072B2", "#E69F00", "#009E73", "#56B4E9", "#D55E00"
PURPLE, GREY, INK = "#CC79A7", "#888888", "#222222"
PAYER_COLOURS = {
    "centre": PURPLE,
    "province": ORANGE,
    "city": BLUE,
    "district": SKY,
    "platform": GREEN,
    "private": GREY,
}
LEVEL_COLOURS = {"likely": BLUE, "in doubt": ORANGE, "unlikely": VERMILION}
DPI = 110
FOOTER_SIZE = 6.5
FOOTER_LINE = 0.11  # inches
CELL = 0.57  # width of a half-width character over the size of the letters
CJK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Heiti SC",
    "Hiragino Sans GB",
    "Arial Unicode MS",
    "Droid Sans Fallback",
    "HarmonyOS Sans SC",
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "SimSun",
    "FangSong",
    "KaiTi",
    "STHeiti",
    "Songti SC",
    "AR PL UMing CN",
)
FONT_PACKAGE = "fonts-noto-cjk"  # on Debian and Ubuntu
SAMPLE = "中政策额"  # common characters that a font for Chinese must have
_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]+")
# What a line is not broken within: a Chinese character with its marks, a word, a figure and its %, a gap.
_PIECE = re.compile(
    r"[“‘（《]*[\u2e80-\uffef][，。；：、）》”’！？％…]*|[^\s\u2e80-\uffef]+(?: %)?[，。；：、）》！？％]*|\s+"
)


@dataclass(frozen=True)
class Margins:
    """Room around axes in inches, and between them as shares of their width and height."""

    left: float
    right: float
    top: float
    bottom: float
    between: tuple[float, float] = (0.0, 0.0)


@lru_cache(maxsize=1)
def cjk_font() -> str | None:
    """Return the name of an installed font that has Chinese characters, or None.

    Those known by name come first; without any of them each installed font is asked for a few characters.
    """
    from matplotlib import font_manager

    def listed() -> str | None:
        installed = {font.name for font in font_manager.fontManager.ttflist}
        return next((name for name in CJK_FONTS if name in installed), None)

    found = listed()
    if found is None:  # matplotlib's list may be older than the fonts on the machine
        known = {font.fname for font in font_manager.fontManager.ttflist}
        for path in font_manager.findSystemFonts():
            if path not in known:
                with suppress(OSError, RuntimeError, ValueError):
                    font_manager.fontManager.addfont(path)
        found = listed()
    if found is None:
        found = next((font.name for font in font_manager.fontManager.ttflist if _covers(font.fname)), None)
    return found


def _covers(path: str) -> bool:
    """Return whether a font file has the sample's characters."""
    from matplotlib.ft2font import FT2Font

    with suppress(OSError, RuntimeError, ValueError):
        known = FT2Font(path).get_charmap()
        return all(ord(character) in known for character in SAMPLE)
    return False


def usable_language(language: str) -> str:
    """Return the language that figures can be written in; says so once where Chinese has no font."""
    if language != "zh" or cjk_font() is not None:
        return language
    _warn_no_font()
    return "en"


@lru_cache(maxsize=1)
def _warn_no_font() -> None:
    sys.stderr.write(
        f"warning: no font with Chinese characters, figures are in English (Debian: install {FONT_PACKAGE})\n"
    )


@contextmanager
def styled(language: str) -> Iterator[None]:
    """Set fonts, sizes and lines for the figures made inside."""
    import matplotlib

    family, name = ["DejaVu Sans"], cjk_font()
    if name is not None:  # English figures too can hold a title that somebody wrote in Chinese
        family = [name, *family] if language == "zh" else [*family, name]
    settings: dict[str, Any] = {
        "font.family": family,
        "font.size": 9,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "axes.unicode_minus": False,
        "svg.hashsalt": "ris",
    }
    with matplotlib.rc_context(settings):  # type: ignore[arg-type]
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size in inches, drawn without any window system."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def footer(meta: dict[str, Any], language: str, *, band: bool = False, true: bool = False) -> str:
    """Return the line under every figure: runs, bands, calibration, date, hash; then the region's status.

    ``band`` and ``true`` explain the bands and the dashed line of the true state.
    """
    runs = runs_text(meta["completed"], meta["draws"], language)
    parts = [runs, word("band", language) if band else "", word("true line", language) if true else ""]
    parts.append(f"{word('calibration', language)}{colon(language)}{word(meta['calibration'], language)}")
    parts += [str(meta.get("created", ""))[:10], str(meta.get("hash", ""))[:8]]
    line = " · ".join(p for p in parts if p)
    status = region_state(meta.get("status"), language)
    return f"{line}\n{status}" if status else line


def finish(
    figure: Figure,
    frame: pandas.DataFrame,
    path: Path,
    foot: str,
    language: str,
    margins: Margins | None = None,
) -> list[Path]:
    """Write a figure with its footer, and the numbers drawn in a .csv beside it; returns both paths.

    ``margins`` in inches place the axes at once; without them matplotlib measures all labels, which is slow.
    """
    from simulator.study.output import write_csv

    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = (float(x) for x in figure.get_size_inches())
    wrapped = [line for part in foot.split("\n") for line in _wrap(part, width, language)]
    room = 0.12 + FOOTER_LINE * len(wrapped)
    figure.text(0.01, 0.05 / height, "\n".join(wrapped), fontsize=FOOTER_SIZE, color=GREY, va="bottom")
    if cjk_font() is None:
        _without_boxes(figure)
    if margins is None:
        figure.tight_layout(rect=(0, room / height, 1, 1))
        figure.set_layout_engine(None)  # which tight_layout leaves there, and for which savefig draws everything twice
    else:
        figure.subplots_adjust(
            left=margins.left / width,
            right=1 - margins.right / width,
            top=1 - margins.top / height,
            bottom=(margins.bottom + room) / height,
            wspace=margins.between[0],
            hspace=margins.between[1],
        )
    figure.savefig(path, metadata={"Software": None})
    beside = path.with_suffix(".csv")
    write_csv(frame, beside)
    return [path, beside]


def _without_boxes(figure: Figure) -> None:
    """Write question marks for Chinese that a figure holds where no font can draw it."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if _CHINESE.search(text.get_text()):
            text.set_text(_CHINESE.sub("?", text.get_text()))


def _wrap(text: str, width: float, language: str) -> list[str]:
    """Return a text in lines that fit a figure of this width in inches."""
    return in_lines(text, int(width * (18.5 if language == "zh" else 18.0)))


def in_lines(text: str, cells: int) -> list[str]:
    """Return a text in lines of at most so many half-width characters; a Chinese one takes two, and breaks anywhere."""
    from rich.cells import cell_len

    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > cells:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece if lines[-1] or not piece.isspace() else ""
    lines[-1] = lines[-1].rstrip()
    return [line for line in lines if line]


def text_inches(texts: Iterable[str], size: float) -> float:
    """Return about how long the longest of some texts is in inches, in letters of this size in points."""
    from rich.cells import cell_len

    return max((cell_len(text) for text in texts), default=0) * CELL * size / 72.0


def footer_height(text: str, width: float, language: str) -> float:
    """Return the height in inches that a text takes in the footer of a figure of this width."""
    return FOOTER_LINE * len(_wrap(text, width, language))


def scale_axis(axis: Any, size: float, unit: str, language: str) -> str:
    """Write an axis' ticks at the scale of ``size`` and return the unit with that scale."""
    from matplotlib.ticker import FuncFormatter

    factor, name = scale_of(size, unit, language)
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / factor:,.6g}"))
    return scaled_unit(name, unit, language)


def framed_cells(axes: Axes, rows: int, columns: int) -> None:
    """Draw light lines between the cells of a heat map."""
    axes.set_xticks([k - 0.5 for k in range(columns + 1)], minor=True)
    axes.set_yticks([k - 0.5 for k in range(rows + 1)], minor=True)
    axes.grid(True, which="minor", color="#E4E4E4", linewidth=0.5)
    axes.tick_params(which="both", length=0)


def clean(axes: Axes, along: Literal["x", "y"] = "y") -> None:
    """Give an axes a light grid behind what it shows, at the figures of its upright axis or of the other."""
    axes.set_axisbelow(True)
    axes.grid(True, axis=along, color="#DDDDDD", linewidth=0.6)
    axes.tick_params(length=0)
