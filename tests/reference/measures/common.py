"""What several measures need: classes of firms, and one budget divided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from simulator.world.rules import SMALL_FIRM_STAFF

if TYPE_CHECKING:
    from tests.reference.model import ReferenceModel

STARTUP_AGE = 3
BELONGS = {
    "all": lambda firm, year: True,
    "tech_sme": lambda firm, year: firm.technology_sme,
    "hnte": lambda firm, year: firm.hnte_until >= year,
    "innovative_small": lambda firm, year: firm.innovative_small,
    "above_scale": lambda firm, year: firm.above_scale,
    "rd_performer": lambda firm, year: firm.does_rd,
    "startup": lambda firm, year: firm.founded >= year - STARTUP_AGE,
}


def firms_of(model: ReferenceModel, classes: Iterable[str]) -> set[Any]:
    """Return the living firms that belong to any of the classes."""
    tests = [BELONGS[name] for name in classes]
    return {f for f in model.firms if f.alive and any(test(f, model.year) for test in tests)}


def is_small(firm: Any) -> bool:
    """Return whether a firm has fewer than 300 employees."""
    return firm.staff < SMALL_FIRM_STAFF


def by_size(model: ReferenceModel, small: float, large: float) -> dict[Any, float]:
    """Return one number for small firms and another for large ones."""
    return {f: small if is_small(f) else large for f in model.firms}


def open_universities(model: ReferenceModel) -> int:
    """Return how many universities and institutes are there."""
    return sum(u.alive for u in model.universities)


def in_order(budget: float, *costs: float) -> list[float]:
    """Give each cost what is left of the budget when those before it are paid."""
    parts = []
    for cost in costs:
        parts.append(min(cost, budget))
        budget -= parts[-1]
    return parts


def in_proportion(budget: float, needs: Sequence[float]) -> list[float]:
    """Divide a budget in proportion to needs; equally if there are none."""
    whole = sum(needs)
    return [budget * need / whole if whole > 0.0 else budget / len(needs) for need in needs]
