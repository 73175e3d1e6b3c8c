"""What every lever offers under many settings, in a made-up world in which every mask and sum is another.

A change of a lever shows here though no shipped plan has the setting that brings it out.
``python -m tests.lever_offers "why the offers changed"`` writes them down anew.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from simulator.core.declare import Lever
from simulator.core.ledger import Ledger
from simulator.core.luck import Luck
from simulator.core.terms import Terms
from simulator.model import LEVERS
from simulator.world.agents import ATTRACTED, PROJECT_KINDS, Projects
from simulator.world.region_schema import SECTORS
from simulator.world.terms import TERMS
from tests.test_levers import RULES, YEAR, FakeEntry, make_world

FILE = Path(__file__).parent / "lever_offers.json"
COMMAND = 'python -m tests.lever_offers "why the offers changed"'
LATER_RULES = {
    "transfer_law_inventor_share": 0.5,
    "transfer_approval_required": 0.0,
    "equity_instalment_years": 5.0,
    "rd_super_deduction": 0.75,
}
DIGITS = 10
PARTS = ("value", "eligible", "budget", "rate", "worth", "unused", "misuse", "half_life", "unit_cost", "tag")


def varied_world(rules: dict[str, float]) -> SimpleNamespace:
    """Return the world of the levers' tests with other values in every column, so that no two masks are alike."""
    world, dice = make_world(rules), np.random.default_rng(5)
    projects = Projects(6)
    projects.key[:] = np.arange(1, 7)
    world.projects = projects
    for name in ("firms", "universities", "incubators", "funds", "pools"):
        population = getattr(world, name)
        for column, declared in population.columns.items():
            values = getattr(population, column)
            if declared.dtype == "bool":
                values[:] = dice.random(values.shape) < 0.6
            elif declared.dtype.startswith("float"):
                values[:] = np.round(dice.lognormal(1.0, 1.0, values.shape), 3)
            elif declared.unit == "year":
                values[:] = YEAR + dice.integers(-5, 4, values.shape)
    universities = world.universities
    universities.kind[:] = [ATTRACTED, ATTRACTED, ATTRACTED, 0]
    universities.alive[:] = [True, True, False, True]
    universities.has_fund[:] = [True, False, True, False]
    universities.has_company[:] = [True, True, True, False]
    world.firms.sector[:] = np.arange(12) % len(SECTORS)
    world.firms.staff[:] = np.linspace(20, 900, 12)
    world.firms.revenue[:] = np.linspace(1e6, 9e8, 12)
    world.funds.entry[:] = [0, 1]
    world.funds.alive[:] = True
    projects.kind[:] = [PROJECT_KINDS.index(kind) for kind in ("district_fund", "institute_fund")] * 3
    projects.quantity[:] = [0.25, 0.5, 0.125, 0.5, 1.0, 2.0]
    projects.alive[:] = [True, True, True, True, False, False]
    world.state.district_funds[:] = [0.5, 0.25]
    shares = {"sector": np.linspace(0.1, 0.9, len(SECTORS)), "district": np.array([0.4, 0.6])}
    world.region.sectors = SECTORS
    world.region.sector = lambda quantity: shares["sector"]
    world.region.district = lambda quantity: shares["district"]
    return world


def variants(lever: Lever) -> Iterator[tuple[str, dict[str, Any], dict[str, float]]]:
    """Yield settings by a name: the dose, and the dose with one setting changed, under the rules of two years."""
    yield "dose", lever.dose, RULES
    yield "later rules", lever.dose, LATER_RULES
    for f in fields(lever.Settings):
        for name, value in _others(f, lever.dose.get(f.name, f.default)):
            yield f"{f.name} {name}", {**lever.dose, f.name: value}, RULES
    for f in fields(lever.Settings):
        if isinstance(f.default, float) and f.name in lever.dose:
            yield f"only {f.name}", {f.name: lever.dose[f.name], **_purses(lever)}, RULES
            yield (
                f"only {f.name}, little money",
                {f.name: lever.dose[f.name], **dict.fromkeys(_purses(lever), 0.5)},
                RULES,
            )


def _purses(lever: Lever) -> dict[str, float]:
    return {k: v for k, v in lever.dose.items() if k in ("budget", "pool", "capital_per_year", "interest_budget")}


def _others(f: Field[Any], dose: Any) -> Iterator[tuple[str, Any]]:
    if f.default is MISSING or isinstance(dose, bool):
        return
    if isinstance(dose, float):
        low, high = f.metadata["low"], f.metadata["high"]
        for name, value in (("none", 0.0), ("little", 0.5), ("half", 0.5 * dose), ("twice", 2.0 * dose)):
            if value >= low and (high is None or value <= high) and value != dose:
                yield name, value
        if high is not None and high != dose:
            yield "most", high
    elif isinstance(dose, tuple):
        yield "nobody", ()
        yield from ((choice, (choice,)) for choice in f.metadata["choices"])
    elif isinstance(dose, str):
        yield from ((choice, choice) for choice in f.metadata["choices"] if choice != dose)


def _number(value: Any) -> float | None:
    """Return one number that stands for a value or a column: a sum whose weights tell the rows apart."""
    if value is None:
        return None
    column = np.atleast_1d(np.asarray(value, float))
    total = float((column * np.sqrt(np.arange(2, column.size + 2))).sum()) if column.size > 1 else float(column[0])
    return float(f"{total:.{DIGITS}g}") if math.isfinite(total) else None


def offers(lever: Lever, settings: dict[str, Any], rules: dict[str, float]) -> list[list[Any]]:
    """Return each offer (term and numbers) that a lever makes, and its running cost (CNY)."""
    world = varied_world(rules)
    terms = Terms(TERMS, world, YEAR, Ledger(), Luck(1), national=rules)
    lever.offer(world, terms, FakeEntry(lever, lever.Settings(**settings)), lever.Parameters())
    out: list[list[Any]] = [
        [name, *(_number(getattr(o, part)) for part in PARTS)]
        for name, group in sorted(terms._offers.items())
        for o in group
    ]
    cost = sum(bill.amount for bill in terms.ledger.bills())
    return [*out, ["cost", _number(cost)]]


def all_offers(names: Iterable[str] = LEVERS) -> dict[str, list[list[Any]]]:
    """Return what levers offer at its dose, and under each variant what it no longer (-) and newly (+) does."""
    out: dict[str, list[list[Any]]] = {}
    for lever in (LEVERS[name] for name in names):
        at_dose: list[list[Any]] = []
        for name, settings, rules in variants(lever):
            now = offers(lever, settings, rules)
            gone = [["-", o[0]] for o in at_dose if o not in now]
            out[f"{lever.name}: {name}"] = [*gone, *(["+", *o] for o in now if o not in at_dose)]
            at_dose = now if name == "dose" else at_dose
    return out


def main(reason: str) -> None:
    """Write the offers down with the reason for the change."""
    lines = [f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in all_offers().items()]
    head = f'"reason": {json.dumps(reason)},\n"refresh": {json.dumps(COMMAND)}'
    FILE.write_text("{\n" + head + ',\n"offers": {\n' + ",\n".join(lines) + "\n}\n}\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2 or len(sys.argv[1].strip()) < 10:
        sys.exit(f"say why, in a sentence: {COMMAND}")
    main(sys.argv[1].strip())
