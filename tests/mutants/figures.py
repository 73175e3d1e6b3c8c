"""The figures that a change of the code would move: the plans of both cities, and every lever at its dose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from simulator.model import LEVERS
from simulator.scenario import Scenario
from simulator.scenario_entries import Entry
from simulator.simulate import Run, simulate
from simulator.study.replicates import load_scenario
from tests.benchmarks.scaled import scaled
from tests.mutants.operators import ROOT

FIRMS = 200  # of the city that runs without the compiler
SEED = 1


def at_dose(scenario: Scenario, first: float, last: float) -> Scenario:
    """Return a scenario in which each lever is in force at its dose, and nothing else."""
    entries = tuple(
        Entry(f"dose_{lever.name}", lever, lever.Settings(**lever.dose), "city", first, last)
        for lever in LEVERS.values()
    )
    return replace(scenario, entries=entries)


def plan(city: str, last: int) -> Scenario:
    """Return a city's plan up to a year."""
    scenario = load_scenario(ROOT / "scenarios" / city / "plan.yaml")
    return replace(scenario, years=(scenario.years[0], last))


def compiled() -> list[Scenario]:
    """Return what is run where the compiler is on: both plans, and every lever at its dose in the smaller city."""
    benxi = plan("benxi", 2020)
    return [benxi, replace(at_dose(benxi, 2013.0, 2018.0), years=(benxi.years[0], 2017)), plan("qingdao", 2018)]


def plain() -> list[Scenario]:
    """Return what is run without the compiler: every lever at its dose in a city of a few firms."""
    small = scaled(plan("qingdao", 2014), FIRMS)
    return [at_dose(small, 2011.0, 2015.0)]


def scenarios(without_compiler: bool) -> list[Scenario]:
    """Return what is run with the compiler, or without it."""
    return plain() if without_compiler else compiled()


def figures(scenario: Scenario) -> dict[str, Any]:
    """Return every indicator of every year and every sum billed in one run."""
    run: Run = simulate(scenario, {}, SEED)
    bills: dict[str, float] = {}
    for b in run.bills:
        name = f"{b.entry} {b.year} {b.kind} {b.payer}"
        bills[name] = bills.get(name, 0.0) + b.amount
    return {"names": list(run.names), "values": run.values.tolist(), "bills": bills}


def same(was: dict[str, Any], now: dict[str, Any]) -> bool:
    """Return whether two runs have the same figures to the tolerance of the baseline."""
    if was["names"] != now["names"] or was["bills"].keys() != now["bills"].keys():
        return False
    pairs = ((was["values"], now["values"]), *([was["bills"][k], now["bills"][k]] for k in was["bills"]))
    return all(
        np.shape(a) == np.shape(b) and np.allclose(b, a, rtol=1e-9, atol=1e-15, equal_nan=True) for a, b in pairs
    )
