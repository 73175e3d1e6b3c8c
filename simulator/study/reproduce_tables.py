"""Two versions of the same tables held against each other, figure by figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas

TOLERANCE = 1e-9  # relative, of two figures that are the same
ROUNDING = 1e-12  # absolute: differences of figures that should cancel
_KEYS = frozenset(
    (
        *("scenario", "baseline", "against", "id", "entry", "lever", "indicator", "payer", "scope", "kind"),
        *("year", "draw", "seed", "change", "what", "path", "region"),
    )
)


@dataclass(frozen=True)
class Compared:
    """What a table gave against the recorded one: figures compared, those that differ, and the largest difference.

    ``largest`` is relative to the larger of two figures; ``where``, ``recorded`` and ``here`` are of that figure.
    ``other`` says what is not a figure: rows, columns and texts that are not in both.
    """

    table: str
    figures: int = 0
    different: int = 0
    largest: float = 0.0
    where: str = ""
    recorded: float | None = None
    here: float | None = None
    other: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Return whether every figure is within the tolerance and nothing else differs."""
        return not self.different and not self.other


def compared(table: str, recorded: pandas.DataFrame | None, here: pandas.DataFrame | None) -> Compared:
    """Return how a table compares with the recorded one; None is a table that is not there."""
    if recorded is None or here is None:
        both = recorded is None and here is None
        return Compared(table, other=() if both else ("only here" if recorded is None else "only recorded",))
    other = [f"column {c} only recorded" for c in recorded.columns if c not in here.columns]
    other += [f"column {c} only here" for c in here.columns if c not in recorded.columns]
    columns = [c for c in recorded.columns if c in here.columns]
    keys = [c for c in columns if c in _KEYS]
    first, second, rows = _matched(recorded[columns], here[columns], keys)
    found = Compared(table)
    for column in columns:
        found = _column(found, column, first, second, keys)
    return Compared(**{**vars(found), "other": (*other, *rows, *found.other)})


def _matched(
    first: pandas.DataFrame, second: pandas.DataFrame, keys: list[str]
) -> tuple[pandas.DataFrame, pandas.DataFrame, list[str]]:
    """Return the rows that both tables have, in the same order, and what is said of the others."""
    if len(first) == len(second) and all((first[k].to_numpy() == second[k].to_numpy()).all() for k in keys):
        return first, second, []
    names = [_names(frame, keys) for frame in (first, second)]
    at = {name: row for row, name in enumerate(names[1])}
    pairs = [(row, at[name]) for row, name in enumerate(names[0]) if name in at]
    lost, new = len(first) - len(pairs), len(second) - len(pairs)
    said = [f"{count} rows only {where}" for count, where in ((lost, "recorded"), (new, "here")) if count]
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    return first.iloc[left].reset_index(drop=True), second.iloc[right].reset_index(drop=True), said or ["rows moved"]


def _names(frame: pandas.DataFrame, keys: list[str]) -> list[tuple[Any, ...]]:
    """Return what names each row; a name that comes again gets a number."""
    seen: dict[tuple[Any, ...], int] = {}
    out = []
    for name in frame[keys].itertuples(index=False, name=None):
        seen[name] = seen.get(name, 0) + 1
        out.append((*name, seen[name]))
    return out


def _column(
    so_far: Compared, name: str, first: pandas.DataFrame, second: pandas.DataFrame, keys: list[str]
) -> Compared:
    from pandas.api import types

    a, b = first[name], second[name]
    if not (types.is_numeric_dtype(a) and types.is_numeric_dtype(b)):
        texts = int((a.astype(str).to_numpy() != b.astype(str).to_numpy()).sum())
        return so_far if not texts else Compared(**{**vars(so_far), "other": (*so_far.other, f"{texts} of {name}")})
    x, y = a.to_numpy(float), b.to_numpy(float)
    off = relative(x, y)
    known = {**vars(so_far), "figures": so_far.figures + x.size}
    known["different"] = so_far.different + int((off > TOLERANCE).sum())
    if x.size and off.max() > so_far.largest:
        worst = int(off.argmax())
        where = " ".join(str(first[k].iloc[worst]) for k in keys if str(first[k].iloc[worst]))
        recorded, here = (None if np.isnan(v) else float(v) for v in (x[worst], y[worst]))
        known |= {"largest": float(off[worst]), "where": f"{name} of {where}", "recorded": recorded, "here": here}
    return Compared(**known)


def relative(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return how far figures (n,) are apart, relative to the larger of two; 0 within the rounding, inf where one is
    no number and the other is."""
    with np.errstate(invalid="ignore"):
        apart, size = np.abs(first - second), np.maximum(np.abs(first), np.abs(second))
    same = (first == second) | (np.isnan(first) & np.isnan(second)) | (apart <= ROUNDING)
    out = np.full(first.shape, np.inf)
    good = np.isfinite(apart) & (size > 0)
    out[good] = apart[good] / size[good]
    out[same] = 0.0
    return out
