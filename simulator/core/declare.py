"""The records that the model is made of: mechanisms, levers, indicators and terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["stock", "flow", "share", "rate"]
Combine = Literal["sum", "max", "product", "replace"]


@dataclass(frozen=True)
class Label:
    """A name in both languages."""

    en: str
    zh: str

    def __getitem__(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Mechanism:
    """One step of the year: ``step(world, terms, p, luck) -> None`` changes the world under the terms."""

    name: str
    label: Label
    Parameters: type
    step: Callable[..., None]


@dataclass(frozen=True)
class Lever:
    """One policy instrument: ``offer(world, terms, entry, p) -> None`` writes to the terms and nothing else.

    ``Settings`` is what a planner chooses (its neutral values do nothing); ``Parameters`` is what nobody
    chooses. ``dose`` holds settings of a realistic size, used by the effect table and the tests;
    ``moves`` the indicators that the evidence says it moves, with the sign.
    """

    name: str
    label: Label
    Settings: type
    Parameters: type
    offer: Callable[..., None]
    dose: dict[str, Any]
    moves: dict[str, int]


@dataclass(frozen=True)
class Indicator:
    """One thing to look at: ``measure(world) -> float`` reads and never writes.

    ``observer`` says whether it is what a statistical office publishes or the true state;
    ``true`` names the counterpart without relabelling, marginal filing or registering, if there is one;
    ``net`` the one less what neighbouring cities lost by it, by which it is judged where their losses count.
    """

    name: str
    label: Label
    unit: str
    kind: Kind
    measure: Callable[..., float]
    observer: Literal["official", "true"] = "official"
    true: str | None = None
    definition: str = ""
    net: str | None = None


@dataclass(frozen=True)
class Term:
    """One hook that policy has on the agents.

    ``population`` names the rows it speaks to (``region`` for one number); ``combine`` is how several
    offers meet; ``neutral`` the value without any; ``national`` the national rule that sets the floor
    an offer starts from. A term with ``money`` is drawn, rationed and billed; the others are rules.
    """

    name: str
    population: str
    unit: str
    combine: Combine
    meaning: str
    neutral: float = 0.0
    national: str | None = None
    money: bool = False
    account: str = "firms"
