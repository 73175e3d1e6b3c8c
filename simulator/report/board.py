"""The reading of a table of targets: which are likely, which are in doubt, what they lack."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.report.words import negligible
from simulator.study.targets import HEADLINE_KINDS, SIMULATED

if TYPE_CHECKING:
    import pandas

LIKELY = 0.8
UNLIKELY = 0.2
MOST_SHOWN = 3
SHOWN_APART = 0.02  # the share of runs stands beside the probability with the model's error where they differ by more
# Columns of the tables that are in a target's unit; ``scale`` is that unit over the indicator's.
IN_UNIT = (
    *("value", "scale", "mean", "p05", "p50", "p95", "true_p05", "true_p50", "true_p95", "gap", "median", "target"),
    *("pace_needed", "pace_simulated", "before", "under_way", "national", "outside", "plan", "reached", "history"),
    *("outside_first", "national_last", "difference", "ci_low", "ci_high", "baseline_mean", "scenario_mean"),
)
PER_UNIT = ("cost_per_unit",)


def reading(probability: float) -> str:
    """Return the word for a probability: likely, in doubt or unlikely."""
    if probability >= LIKELY:
        return "likely"
    return "unlikely" if probability < UNLIKELY else "in doubt"


def has_error(row: dict[str, Any]) -> bool:
    """Return whether a target's probability is shown with the model's own error in it.

    In a comparison that of both scenarios is, or neither.
    """
    ends = ("",) if "probability" in row else ("_baseline", "_scenario")
    found = [row.get(f"probability_with_error{end}") for end in ends]
    return all(isinstance(p, float) and math.isfinite(p) for p in found)


def chance(row: dict[str, Any], of: str = "") -> float:
    """Return a target's probability as pages show it: with the model's own error where that is estimated.

    ``of`` is what follows the columns' names in a comparison: ``_baseline`` or ``_scenario``.
    """
    return float(row[f"probability{'_with_error' if has_error(row) else ''}{of}"])


def share_apart(row: dict[str, Any]) -> bool:
    """Return whether the share of runs that meet a target differs enough from its probability to be shown too."""
    return has_error(row) and abs(chance(row) - row["probability"]) > SHOWN_APART


def has_true(row: dict[str, Any]) -> bool:
    """Return whether a target's official figure can be inflated and its true state is known beside it."""
    return isinstance(row["true_name"], str) and bool(row["true_name"]) and math.isfinite(row["true_p50"])


def is_clear(row: dict[str, Any]) -> bool:
    """Return whether a target's paired difference is neither negligible nor has zero in its interval."""
    return not negligible(row["difference"], row["target"]) and (row["ci_low"] > 0 or row["ci_high"] < 0)


@dataclass(frozen=True)
class Board:
    """The targets of one scenario: headline (outcome and growth), others, and those without a figure."""

    headline: list[dict[str, Any]]
    others: list[dict[str, Any]]
    without: list[dict[str, Any]]

    @property
    def headline_planned(self) -> int:
        """Return how many outcome and growth targets the plan has, simulated or not."""
        return len(self.headline) + sum(row["kind"] in HEADLINE_KINDS for row in self.without)

    def planned(self, *, headline: bool) -> int:
        """Return how many targets of a group the plan has, simulated or not."""
        if headline:
            return self.headline_planned
        return len(self.others) + sum(row["kind"] not in HEADLINE_KINDS for row in self.without)

    def count_others(self, kind: str) -> int:
        """Return how many capacity and input targets read ``kind``."""
        return sum(reading(chance(row)) == kind for row in self.others)

    def count(self, kind: str) -> int:
        """Return how many headline targets read ``kind`` (likely, in doubt, unlikely)."""
        return sum(reading(chance(row)) == kind for row in self.headline)

    def most_in_doubt(self) -> list[dict[str, Any]]:
        """Return the headline targets whose probability is nearest to a half, those in doubt first."""
        ranked = sorted(
            (row for row in self.headline if 0.0 < chance(row) < 1.0),
            key=lambda row: (abs(chance(row) - 0.5), row["id"]),
        )
        in_doubt = [row for row in ranked if reading(chance(row)) == "in doubt"]
        return (in_doubt or ranked[:1])[:MOST_SHOWN]

    def luck_and_ignorance(self) -> tuple[float, float, int]:
        """Return the mean shares of variance over the headline targets that vary, and how many these are."""
        shares = [(row["luck"], row["ignorance"]) for row in self.headline if row["luck"] == row["luck"]]
        if not shares:
            return float("nan"), float("nan"), 0
        luck = sum(s[0] for s in shares) / len(shares)
        return luck, 1.0 - luck, len(shares)


def records(frame: pandas.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as mappings by column; figures of a share of something are in percent of it."""
    return [in_percent({str(key): value for key, value in row.items()}) for row in frame.to_dict("records")]


def in_percent(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with the unit ``share of ...`` as one in percent, as plans write it; others as they are."""
    unit = row.get("unit")
    if not isinstance(unit, str) or not unit.startswith("share of "):
        return row
    figures = {k: 100.0 * v for k, v in row.items() if k in IN_UNIT and isinstance(v, int | float)}
    figures |= {k: row[k] / 100.0 for k in PER_UNIT if isinstance(row.get(k), int | float)}
    return {**row, **figures, "unit": f"percent of {unit.removeprefix('share of ')}"}


def board_of(targets: pandas.DataFrame) -> Board:
    """Return the targets of one scenario in the groups that pages show."""
    rows = records(targets)
    simulated = [row for row in rows if row["status"] == SIMULATED]
    return Board(
        [row for row in simulated if row["kind"] in HEADLINE_KINDS],
        [row for row in simulated if row["kind"] not in HEADLINE_KINDS],
        [row for row in rows if row["status"] != SIMULATED],
    )
