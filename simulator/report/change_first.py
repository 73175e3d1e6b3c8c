"""What to change first: the instruments that move the targets in doubt most, from the stored influence table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.report.board import Board, chance, reading
from simulator.report.words import apart, bracketed, colon, comma, figure

if TYPE_CHECKING:
    from simulator.study.plans import Influence

SHOWN = 3  # targets that are spoken of
EACH = 2  # instruments of one target
STANDS_IN = "qingdao"  # whose effects are shown for a city that the table does not have
LEAST = 0.02  # share of the distance to a target below which an instrument is no help


@dataclass(frozen=True)
class Change:
    """An instrument that brings a target nearer: what one dose does to it, and what that costs at most in a year.

    ``effect`` is in the target's unit; ``share`` is that over what the median lacks; ``cost`` in CNY a year, None
    where no purse bounds it.
    """

    target: str
    name: dict[str, str]
    lever: str
    label: dict[str, str]
    effect: float
    unit: str
    share: float
    cost: float | None


def behind(board: Board) -> list[dict[str, Any]]:
    """Return the headline targets that are not likely and lack something: those in doubt first, the nearest first."""
    rows = [r for r in board.headline if reading(chance(r)) != "likely" and r["gap"] < 0]
    return sorted(rows, key=lambda r: (reading(chance(r)) != "in doubt", -chance(r), r["gap"] / abs(r["value"] or 1.0)))


def changes(board: Board, region: str) -> list[Change]:
    """Return for the first targets that lag behind the instruments that move each most, by what they bring of it.

    Effects are those of one realistic dose on the city without it (``calibration/influence.csv``); where the city was
    not looked at, Qingdao's. Growth targets, whose effect the table does not have, are left out.
    """
    city, table = influence_in(region)
    out: list[Change] = []
    for row in behind(board):
        if row["kind"] == "growth" or len({c.target for c in out}) == SHOWN:
            continue
        found = [i for i in table if i.indicator == row["indicator"] and i.effect > 0.0]
        found.sort(key=lambda i: -i.effect)
        out += [c for c in (_change(row, i.lever, i.effect, city) for i in found[:EACH]) if c.share >= LEAST]
    return out


def influence_in(region: str) -> tuple[str, list[Influence]]:
    """Return the city whose effects are shown for a region, itself or Qingdao, with its rows of the influence table."""
    from simulator.model import LEVERS
    from simulator.study.plans import load_influence

    table = [i for i in load_influence() if i.lever in LEVERS]
    city = region if any(i.region == region for i in table) else STANDS_IN
    return city, [i for i in table if i.region == city]


def _change(row: dict[str, Any], lever: str, effect: float, city: str) -> Change:
    from simulator.model import LEVERS

    known, gained = LEVERS[lever], effect * row["scale"]
    name, label = {"en": row["name"], "zh": row["name_zh"]}, {"en": known.label.en, "zh": known.label.zh}
    share = gained / abs(row["gap"])
    return Change(row["id"], name, lever, label, gained, row["unit"], share, _cost(known, city))


def _cost(lever: Any, city: str) -> float | None:
    """Return what a dose costs at most in a year; scaled to a city's budget where the table's doses are."""
    from simulator.study import influence

    return influence.cost_per_year(lever, influence.dose_in(lever, city, influence.scale_in(city)))


def change_text(change: Change, language: str, *, named: bool = True) -> str:
    """Return what an instrument brings a target, as a sentence; ``named`` says which target it is."""
    gained = apart(change.effect, change.unit, language, sign=True)
    share, zh = f"{100.0 * change.share:.0f}", language == "zh"
    part = f"占差距的 {share} %" if zh else f"{share} % of what is missing"
    whole = "足以补上差距" if zh else "all that is missing"
    bought = bracketed(part if change.share < 1.0 else whole, language)
    cost = ""
    if change.cost is not None:
        each = figure(change.cost, "CNY", language)
        cost = f"每年至多 {each}" if zh else f"at most {each} a year"
    lead = change.name[language] + colon(language) if named else ""
    said = f"{lead}{change.label[language]} {gained}{bought}"
    return f"{said}{comma(language)}{cost}" if cost else said


def by_target(found: Iterable[Change]) -> dict[str, list[Change]]:
    """Return changes by the target that they move."""
    out: dict[str, list[Change]] = {}
    for change in found:
        out.setdefault(change.target, []).append(change)
    return out
