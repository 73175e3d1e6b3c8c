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
from simulator.report.words import bracketed
from simulator.study.output import ROOT
from simulator.study.replicates import load_scenario

LANGUAGE = usable_language(os.environ.get("RIS_LANG", "en"))
SCENARIO = os.environ.get("RIS_SCENARIO", str(ROOT / "scenarios" / "qingdao" / "plan.yaml"))


SIZE = (6.4, 5.4)  # inches, as high as Mesa's grid gives a component
NARROW = """
@media (max-width: 1263px) {
  .v-navigation-drawer { position: static !important; transform: none !important; visibility: visible !important;
    width: 100vw !important; max-width: 100vw !important; height: auto !important; margin-top: 56px;
    box-shadow: none !important; overflow-x: hidden; }
  .v-application { overflow-x: hidden; }
  .v-main { padding: 0 !important; }
  .v-overlay, .v-app-bar__nav-icon { display: none !important; }
  .vue-grid-layout { height: auto !important; }
  .vue-grid-item { position: static !important; transform: none !important; width: 100% !important;
    height: auto !important; margin-bottom: 16px; }
}
"""
WAITS = {"en": "Press STEP: a year at a time, from {first}.", "zh": "点击 STEP 逐年推进，自 {first} 年起。"}


@solara.component
def Network(model: RegionModel) -> Any:
    """Show the institutions that share most firms."""
    from matplotlib.figure import Figure

    update_counter.get()  # drawn anew at each step
    with styled(LANGUAGE):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.subplots()
        draw(axes, model, LANGUAGE)
        if not len(model.frame()):
            text = WAITS[LANGUAGE].format(first=model.given.years[0])
            axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
    return solara.FigureMatplotlib(figure)


@solara.component
def Series(model: RegionModel) -> Any:
    """Show some indicators, year by year."""
    from matplotlib.figure import Figure

    update_counter.get()
    frame = model.frame()
    names = names_of_series(list(frame.columns))
    with styled(LANGUAGE):
        figure = Figure(figsize=SIZE, layout="constrained")
        for axes, name in zip(
            figure.subplots(max(len(names), 1), sharex=True, squeeze=False)[:, 0], names, strict=False
        ):
            _draw_series(axes, frame[name], name, model.given.years)
    return solara.FigureMatplotlib(figure)


def _draw_series(axes: Any, series: Any, name: str, years: tuple[int, int]) -> None:
    found = INDICATORS[name]
    share = found.unit == "1"
    values = series * 100.0 if share else series
    axes.plot(series.index, values, color=BLUE, marker="o", markersize=3)
    unit = "%" if share else found.unit
    shown = scale_axis(axes.yaxis, float(values.abs().max()) if len(values) else 1.0, unit, LANGUAGE)
    label = found.label[LANGUAGE]
    title = label if shown.lower() == label.lower() else label + bracketed(shown, LANGUAGE)
    axes.set_title(title, loc="left", fontsize=9)
    axes.set_xlim(years[0] - 0.3, years[1] + 0.3)
    clean(axes)
    axes.yaxis.get_major_locator().set_params(nbins=4)
    if not len(values):
        axes.set_yticks([])
    elif not values.any():
        axes.set_ylim(0.0, 1.0)  # else around zero, with amounts below it


scenario = load_scenario(SCENARIO)
name = scenario.title[LANGUAGE]
parameters = {"scenario": scenario, "seed": Slider("种子" if LANGUAGE == "zh" else "Seed", 0, 0, 99, 1)}


@solara.component
def Page() -> None:
    """Show the controls and the figures; on a narrow window the controls stand above the figures, not over them."""
    solara.Style(NARROW)
    SolaraViz(
        RegionModel(scenario, seed=0),
        components=[Network, Series],
        model_params=parameters,
        name=name,
        play_interval=200,
    )
