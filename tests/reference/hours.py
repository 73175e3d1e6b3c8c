"""Hours of universities, handed out until they are used up; what support of projects leaves."""

from __future__ import annotations

from typing import Any


class Hours:
    """The hours (CNY) that universities have left this year."""

    def __init__(self, left: list[float]) -> None:
        self.left = left

    def serve(self, own: int, cost: float) -> int:
        """Return the university that gives the hours: the own one, or that with most left; -1 for none."""
        who = own
        if self.left[who] < cost:
            who = max(range(len(self.left)), key=self.left.__getitem__)
        if self.left[who] < cost:
            return -1
        self.left[who] -= cost
        return who


def additional_part(worth: float, part: float, usual: float) -> float:
    """Return the part of what is supported that is new: each further step wins the same part of what is left."""
    return 1.0 - (1.0 - min(worth, 1.0 - 1e-9)) ** (part / usual)


def tie_worth(firm: Any, value: float, outsourcing: float) -> float:
    """Return the strength of the tie that a project of some value leaves: it does not bind all of a large firm."""
    return min(1.0, value / max(outsourcing * firm.rd_real, 1.0))
