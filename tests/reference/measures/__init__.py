"""The levers of the reference, as measures that say which agent may have what; one function a lever, by its name."""

from __future__ import annotations

from collections.abc import Callable

from simulator.model import LEVERS
from tests.reference.measures import firms, knowledge, money, people, places

MEASURES: dict[str, Callable[..., None]] = {
    name: getattr(module, name)
    for name in LEVERS
    for module in (firms, knowledge, money, people, places)
    if hasattr(module, name)
}
