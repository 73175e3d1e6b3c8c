"""What several levers need: classes of firms, and ways of dividing one budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from simulator.world.agents import Firms
from simulator.world.rules import SMALL_FIRM_STAFF

STARTUP_AGE = 3

_CLASS_MASKS: dict[str, Callable[[Firms, int], np.ndarray]] = {
    "all": lambda firms, year: firms.alive,
    "tech_sme": lambda firms, year: firms.technology_sme,
    "hnte": lambda firms, year: firms.hnte_until >= year,
    "innovative_small": lambda firms, year: firms.innovative_small,
    "above_scale": lambda firms, year: firms.above_scale,
    "rd_performer": lambda firms, year: firms.does_rd,
    "startup": lambda firms, year: firms.founded >= year - STARTUP_AGE,
}
FIRM_CLASSES = tuple(_CLASS_MASKS)


def of_classes(firms: Firms, classes: Iterable[str], year: int) -> np.ndarray:
    """Return the (n,) mask of living firms that belong to any of the classes in a year.

    Raises KeyError for a class that is not in FIRM_CLASSES.
    """
    covered = np.zeros(len(firms), bool)
    for name in classes:
        covered |= _CLASS_MASKS[name](firms, year)
    return covered & firms.alive


def small(firms: Firms) -> np.ndarray:
    """Return the (n,) mask of firms with fewer than 300 employees."""
    return firms.staff < SMALL_FIRM_STAFF


def in_order(budget: float, costs: Sequence[float]) -> list[float]:
    """Give each cost (CNY) what is left of the budget when those before it are paid."""
    parts = []
    left = budget
    for cost in costs:
        parts.append(min(cost, left))
        left -= parts[-1]
    return parts


def in_proportion(budget: float, needs: Sequence[float]) -> list[float]:
    """Divide a budget (CNY) in proportion to needs >= 0; equally between all if there are none."""
    whole = sum(needs)
    return [budget * need / whole if whole > 0.0 else budget / len(needs) for need in needs]
