"""Where a label stands in a small chart: the place, of several around what it names, that covers least."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from rich.cells import cell_len

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINT = 1.0 / 72.0  # inches
WIDE, HIGH = 0.56, 1.25  # of a letter and of a line, over the font's size
STEP = 0.03  # inches between the points that stand for a line
HALO = 2.0  # points of white around a label
OUTSIDE = 1e4  # what each inch beyond the edge counts

Across = Literal["left", "right", "center"]
Upright = Literal["top", "bottom", "center"]


@dataclass(frozen=True)
class Place:
    """A label beside a point: its offset in points, how it is aligned there, and what choosing it costs."""

    dx: float
    dy: float
    across: Across
    upright: Upright
    cost: float = 0.0


class Room:
    """A chart of a width and height in inches with what labels should not cover, as weighted points (n, 3)."""

    def __init__(self, width: float, height: float, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Take the size in inches and the limits of both axes."""
        self.size = np.array([width, height])
        self.low = np.array([x[0], y[0]])
        self.span = np.array([x[1] - x[0], y[1] - y[0]])
        self.taken = np.zeros((0, 3))

    def at(self, x: float, y: float) -> np.ndarray:
        """Return a point of the data in inches from the lower left corner."""
        return (np.array([x, y]) - self.low) / self.span * self.size

    def line(self, x: Iterable[float], y: Iterable[float], weight: float) -> None:
        """Take a line through points of the data; points that are not finite are passed over."""
        points = np.array([*zip(x, y, strict=True)], float)
        points = (points[np.isfinite(points).all(axis=1)] - self.low) / self.span * self.size
        if len(points) < 2:
            return
        ends = np.concatenate([[0.0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
        along = np.arange(0.0, ends[-1] + STEP, STEP)
        self._take(np.stack([np.interp(along, ends, points[:, k]) for k in (0, 1)], axis=1), weight)

    def dot(self, x: float, y: float, weight: float, radius: float = 0.0) -> None:
        """Take a mark at a point of the data with this radius in points."""
        if np.isfinite([x, y]).all():
            self.box(self.at(x, y) + radius * POINT * np.array([[-1.0], [1.0]]), weight)

    def box(self, corners: np.ndarray, weight: float) -> None:
        """Take a box given by its corners (2, 2) in inches, lower left and upper right."""
        low, high = corners
        sides = [np.linspace(a, b, max(int((b - a) / STEP) + 1, 3)) for a, b in zip(low, high, strict=True)]
        self._take(np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2), weight)

    def _take(self, points: np.ndarray, weight: float) -> None:
        self.taken = np.vstack([self.taken, np.column_stack([points, np.full(len(points), weight)])])

    def corners(self, x: float, y: float, place: Place, text: str, size: float, *, turned: bool = False) -> np.ndarray:
        """Return the corners (2, 2) in inches of a text beside a point of the data; ``turned`` by 90 degrees."""
        lines = text.split("\n")
        extent = np.array([max(map(cell_len, lines)) * WIDE, len(lines) * HIGH]) * size * POINT
        extent = extent[::-1] if turned else extent
        share = {"left": 0.0, "bottom": 0.0, "center": 0.5, "right": 1.0, "top": 1.0}
        low = self.at(x, y) + np.array([place.dx, place.dy]) * POINT
        low -= extent * np.array([share[place.across], share[place.upright]])
        return np.stack([low, low + extent])

    def covered(self, corners: np.ndarray) -> float:
        """Return the weights of what a box covers, and how far it stands out of the chart by more than a step."""
        low, high = corners
        inside = ((self.taken[:, :2] >= low) & (self.taken[:, :2] <= high)).all(axis=1)
        out = np.maximum(-low - STEP, 0.0).sum() + np.maximum(high - self.size - STEP, 0.0).sum()
        return float(self.taken[inside, 2].sum() + OUTSIDE * out)


def apart(places: Iterable[float], least: float) -> list[float]:
    """Return ascending places moved up or down as little as keeps each at least so far above the one before."""
    out = list(places)
    for k in range(1, len(out)):
        out[k] = max(out[k], out[k - 1] + least)
    return out


def write_best(
    axes: Axes,
    room: Room,
    spots: Sequence[tuple[str, tuple[float, float], Place]],
    colour: str,
    size: float,
    *,
    turned: bool = False,
    bold: bool = False,
) -> None:
    """Write a label at the spot that covers least, the first of equals; nothing where there are none."""
    if spots:
        costs = [
            room.covered(room.corners(*point, place, text, size, turned=turned)) + place.cost
            for text, point, place in spots
        ]
        write(axes, room, *spots[costs.index(min(costs))], colour, size, turned=turned, bold=bold)


def write(
    axes: Axes,
    room: Room,
    text: str,
    point: tuple[float, float],
    place: Place,
    colour: str,
    size: float,
    *,
    turned: bool = False,
    bold: bool = False,
) -> None:
    """Write a label and take its room."""
    from matplotlib.patheffects import withStroke

    written = axes.annotate(
        text, point, (place.dx, place.dy), textcoords="offset points", ha=place.across, va=place.upright,
        color=colour, fontsize=size, fontweight="bold" if bold else "normal", rotation=90 if turned else 0, zorder=6,
        linespacing=1.1,
    )  # fmt: skip
    written.set_path_effects([withStroke(linewidth=HALO, foreground="white")])
    room.box(room.corners(*point, place, text, size, turned=turned), 15.0)
