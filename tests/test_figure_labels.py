"""Labels of a Pareto front lie on no error bar and no mark, however near the points are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from simulator.core.declare import Label
from simulator.report.optimise_figures import WIDTH, _front
from simulator.report.style import new_figure, styled
from simulator.study.optimise_points import Point

YUAN = 1e8


def point(number: int, cost: float, missed: float) -> Point:
    """Return a mix of a cost (hundred million CNY) that misses a share of its targets."""
    seen = {"cost": (cost * YUAN, 0.1 * YUAN), "shortfall": (missed - 0.02, 0.01)}
    scored = {"cost": (cost * YUAN, 0.1 * YUAN), "shortfall": (missed, 0.015)}
    return Point(number, (), (), seen, scored, {"cost": (0.0, 0.0), "shortfall": (0.0, 0.001)}, {})


def crowded() -> Any:
    """Return the result of a search whose first mixes cost nearly the same."""
    points = tuple(
        point(k + 1, *at) for k, at in enumerate([(1.0, 0.30), (2.4, 0.29), (3.6, 0.28), (14.0, 0.26), (40.0, 0.25)])
    )
    goal = SimpleNamespace(aims=("shortfall", "cost"), budget=50 * YUAN, least=None, money="net")
    scenario = SimpleNamespace(years=(2011, 2020), region=SimpleNamespace(name=Label("X", "某市")))
    return SimpleNamespace(
        points=points, plan=point(0, 56.0, 0.31), goal=goal, scenario=scenario, answer=None, knee=lambda: points[2]
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_labels_of_a_front_lie_beside_bars_and_marks(language: str) -> None:
    result = crowded()
    with styled(language):
        page = new_figure(WIDTH, 4.9)
        axes = page.add_subplot()
        _front(axes, result, "cost", "shortfall", language)
        page.tight_layout(rect=(0, 0.1, 1, 1))
        page.canvas.draw()
    boxes = {text.get_text(): text.get_window_extent() for text in axes.texts}
    assert len(boxes) == len(result.points) + 2  # the plan and the budget too
    for mix in (result.plan, *result.points):
        middle, error = (100.0 * mix.scored["shortfall"][k] for k in (0, 1))
        cost, apart = mix.scored["cost"]
        upright = [(cost, middle + error * part) for part in np.linspace(-1.0, 1.0, 101)]
        level = [(cost + apart * part, middle) for part in np.linspace(-1.0, 1.0, 101)]
        for at in axes.transData.transform([*upright, *level]):
            assert [text for text, box in boxes.items() if box.contains(*at)] == [], mix.number
    shown = list(boxes.values())
    assert not any(one.overlaps(other) for k, one in enumerate(shown) for other in shown[:k])
