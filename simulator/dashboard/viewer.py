"""Mesa's own viewer over ``RegionModel``, for modellers: ``solara run simulator/dashboard/viewer.py``.

The institutions' network and some series, a year at a step. ``RIS_SCENARIO`` names a scenario file, ``RIS_LANG`` the
language (``en`` or ``zh``).
"""

from __future__ import annotations

import os
from typing import Any

import solara
from mesa.visualization import Slider, SolaraViz
from mesa.visualization.utils import update_counter

from simulator.dashboard.network import draw, names_of_series
from simulator.mesa_model import RegionModel
from simulator.model import INDICATORS
from simulator.report.style import BLUE, clean, scale_axis, styled, usable_language
from simulator.study.output import ROOT
from simulator.study.replicates import load_scenario

LANGUAGE = usable_language(os.environ.get("RIS_LANG", "en"))
SCENARIO = os.environ.get("RIS_SCENARIO", str(ROOT / "scenarios" / "qingdao" / "plan.yaml"))


@solara.component
def Network(model: RegionModel) -> Any:
    """Show the institutions that share most firms."""
    from matplotlib.figure import Figure

    update_counter.get()  # drawn anew at each step
    with styled(LANGUAGE):
        figure = Figure(figsize=(6.4, 5.2), layout="constrained")
        draw(figure.subplots(), model, LANGUAGE)
    return solara.FigureMatplotlib(figure)


@solara.component
def Series(model: RegionModel) -> Any:
    """Show some indicators, year by year."""
    from matplotlib.figure import Figure

    update_counter.get()
    frame = model.frame()
    names = names_of_series(list(frame.columns))
    with styled(LANGUAGE):
        figure = Figure(figsize=(6.4, 1.9 * max(len(names), 1)), layout="constrained")
        for axes, name in zip(
            figure.subplots(max(len(names), 1), sharex=True, squeeze=False)[:, 0], names, strict=False
        ):
            found = INDICATORS[name]
            axes.plot(frame.index, frame[name], color=BLUE, marker="o", markersize=3)
            axes.set_title(found.label[LANGUAGE], loc="left", fontsize=9)
            size = float(frame[name].abs().max()) if len(frame) else 1.0
            axes.set_ylabel(scale_axis(axes.yaxis, size, found.unit, LANGUAGE), fontsize=8)
            axes.set_xlim(model.given.years[0] - 0.3, model.given.years[1] + 0.3)
            clean(axes)
    return solara.FigureMatplotlib(figure)


scenario = load_scenario(SCENARIO)
name = scenario.title[LANGUAGE]
parameters = {"scenario": scenario, "seed": Slider("种子" if LANGUAGE == "zh" else "Seed", 0, 0, 99, 1)}
page = SolaraViz(
    RegionModel(scenario, seed=0), components=[Network, Series], model_params=parameters, name=name, play_interval=200
)
page  # noqa: B018 - Solara shows the last expression
