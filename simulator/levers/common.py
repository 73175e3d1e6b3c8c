"""What several levers need: classes of firms, and ways of dividing one budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numba import njit

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
    first, *others = classes or ("",)
    covered = _CLASS_MASKS[first](firms, year) & firms.alive if first else np.zeros(len(firms), bool)
    for name in others:
        covered |= _CLASS_MASKS[name](firms, year) & firms.alive
    return covered


def small(firms: Firms) -> np.ndarray:
    """Return the (n,) mask of firms with fewer than 300 employees."""
    return firms.staff < SMALL_FIRM_STAFF


def count_of(mask: np.ndarray) -> float:
    """Return how many rows a mask (n,) has."""
    return float(np.count_nonzero(mask))


def by_size(firms: Firms, small_one: float, large_one: float) -> np.ndarray:
    """Return the (n,) column that holds one value for firms with fewer than 300 employees, another for the others."""
    return np.asarray(_either(firms.staff, SMALL_FIRM_STAFF, small_one, large_one))


@njit(cache=True, nogil=True)
def _either(staff: np.ndarray, limit: float, below: float, above: float) -> np.ndarray:
    out = np.empty(staff.shape[0])
    for i in range(staff.shape[0]):
        out[i] = below if staff[i] < limit else above
    return out


@njit(cache=True, nogil=True)
def in_sectors(alive: np.ndarray, sector: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return the (n,) mask of the living firms whose sector is among ``own`` (S,)."""
    out = np.zeros(alive.shape[0], np.bool_)
    for s in range(own.shape[0]):
        if own[s]:  # a pass a sector without a look-up compiles to vectors
            for i in range(alive.shape[0]):
                out[i] |= alive[i] & (sector[i] == s)
    return out


@njit(cache=True, nogil=True)
def sum_of(values: np.ndarray, mask: np.ndarray) -> float:
    """Return the sum of the finite values (n,) of the rows of a mask (n,)."""
    total = 0  # stays a whole number where the values are: such sums compile to vectors
    for i in range(values.shape[0]):
        total += values[i] * mask[i]
    return float(total)


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
