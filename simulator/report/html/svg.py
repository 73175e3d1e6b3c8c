"""Small pieces of SVG: escaped elements, scales, ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def tag(name: str, content: object = "", **attributes: object) -> Markup:
    """Return an element; ``class_`` and ``font_size`` stand for ``class`` and ``font-size``; numbers are rounded."""
    parts = [
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
        if value is not None
    ]
    return Markup(f"<{name}{''.join(parts)}>{escape(content)}</{name}>")


def _short(value: object) -> object:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def picture(width: float, height: float, parts: Iterable[Markup], label: str, name: str = "") -> Markup:
    """Return a picture that fills the width it is given; ``label`` says what it shows to who cannot see it."""
    inside = Markup().join(parts)
    return tag("svg", inside, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=label, class_=f"chart {name}")


def tip(text: str) -> Markup:
    """Return what is shown when the element is pointed at."""
    return tag("title", text)


def path(points: Iterable[tuple[float, float]]) -> str:
    """Return a line through points, those that are not finite left out."""
    shown = [f"{x:.1f},{y:.1f}" for x, y in points if math.isfinite(x) and math.isfinite(y)]
    return "M" + "L".join(shown) if shown else ""


def band(xs: Sequence[float], low: Sequence[float], high: Sequence[float]) -> str:
    """Return the outline of an area between two lines."""
    upper = list(zip(xs, high, strict=True))
    lower = list(zip(xs, low, strict=True))[::-1]
    return path([*upper, *lower]) + "Z"


@dataclass(frozen=True)
class Scale:
    """A straight scale from figures to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return where a figure lies, in pixels."""
        span = self.high - self.low
        return self.start + (value - self.low) / (span if span else 1.0) * (self.end - self.start)


def ticks(low: float, high: float, most: int = 5, *, whole: bool = False) -> list[float]:
    """Return round figures between two, at most ``most`` or so; ``whole`` ones where things are counted."""
    span = high - low
    if not math.isfinite(span) or span <= 0.0:
        return [low] if math.isfinite(low) else []
    step = round_step(span / max(most, 1))
    step = max(step, 1.0) if whole else step
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def round_step(least: float, steps: Sequence[float] = STEPS) -> float:
    """Return the smallest round figure of at least this size; ``steps`` says which ones up to ten are round."""
    power = 10.0 ** math.floor(math.log10(least))
    return float(next(power * s for s in steps if power * s >= least * 0.999))


def roomy(seen: Iterable[float], start: float, end: float, *, zero: bool = False) -> Scale:
    """Return a scale with room on both sides of all figures; ``zero``: from nothing where they come near it."""
    figures = list(seen)
    low, high = min(figures), max(figures)
    room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    return Scale(0.0 if zero and 0.0 <= low < 0.35 * high else low - room, high + room, start, end)


def rules(y: Scale, left: float, right: float, factor: float = 1.0, *, whole: bool = False) -> list[Markup]:
    """Return a light line at each round figure of an upright scale, with the figure over ``factor`` before it."""
    out = []
    for value in ticks(y.low, y.high, 5, whole=whole):
        at = y(value)
        out.append(tag("line", x1=left, x2=right, y1=at, y2=at, class_="rule"))
        out.append(tag("text", f"{value / factor:,.6g}", x=left - 4, y=at + 3.5, text_anchor="end"))
    return out


def dot(value: float, x: Scale, middle: float, colour: str) -> Markup:
    """Return a dot, or an arrow at the end of the scale where the value lies beyond it."""
    if x.low <= value <= x.high:
        return tag("circle", cx=x(value), cy=middle, r=4, fill=colour)
    edge, turn = (x(x.high), 4.0) if value > x.high else (x(x.low), -4.0)
    points = [(edge - turn, middle - 5), (edge + turn, middle), (edge - turn, middle + 5)]
    return tag("path", d=path(points), fill=colour)


def spaced(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return places for labels near those wanted (rising), at least ``gap`` apart and inside the bounds."""
    out: list[float] = []
    for place in wanted:
        out.append(max(place, low, out[-1] + gap if out else low))
    over = out[-1] - high if out else 0.0
    for k in reversed(range(len(out))):
        if over <= 0.0:
            break
        limit = high if k == len(out) - 1 else out[k + 1] - gap
        out[k] = min(out[k], limit)
    return out
