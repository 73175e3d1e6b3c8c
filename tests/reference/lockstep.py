"""Check one mechanism or one lever of the reference alone: `python -m tests.reference.lockstep benxi research`.

The simulator runs; before the mechanism acts, the reference takes over its whole world and offers, both act, and
everything that either changed is compared. `offers` in place of a mechanism's name compares all levers' offers.
"""

from __future__ import annotations

import importlib
import sys
from collections import defaultdict
from typing import Any

import numpy as np

from simulator.core.luck import Luck
from simulator.core.parameters import override
from simulator.core.terms import Terms
from simulator.model import LEVERS, SCHEDULE
from simulator.simulate import start
from simulator.study.replicates import load_scenario, values_of
from simulator.world.terms import TERMS
from simulator.world.world import World
from tests.model_runs import ROOT
from tests.reference.compare import differences
from tests.reference.luck import RecordedLuck
from tests.reference.measures import MEASURES
from tests.reference.model import ReferenceModel
from tests.reference.offers import Counter, Offer


def speaks_to(population: str, o: Any, model: ReferenceModel) -> list[Any]:
    """Return the agents that an offer speaks to; an offer to the region may say which firms it means."""
    if population == "region":
        return [None] if o.eligible is None else model.firms
    return getattr(model, population)


def taken(terms: Terms, model: ReferenceModel, draws: Any) -> Counter:
    """Return the reference's counter with the simulator's offers on it."""
    counter = Counter(model, terms.year, draws)
    for term, offers in terms._offers.items():
        population = TERMS[term].population
        for o in offers:
            agents = speaks_to(population, o, model)

            def each(value: Any, agents: Any = agents) -> Any:
                if np.ndim(value) == 0:
                    return float(value)
                return dict(zip(agents, np.asarray(value).tolist(), strict=True))

            eligible = None
            if o.eligible is not None:
                mask = np.zeros(len(agents), bool)
                mask[o.eligible] = True
                eligible = {a for a, m in zip(agents, mask, strict=True) if m}
            counter.offers.setdefault(term, []).append(
                Offer(
                    o.entry, each(o.value), eligible, o.budget, o.rate, each(o.worth),
                    o.unused, o.misuse, o.half_life, o.unit_cost, o.tag,
                )
            )  # fmt: skip
    return counter


def compare_offers(world: World, terms: Terms, counter: Counter, model: ReferenceModel) -> list[str]:
    """Return where the offers of the simulator and of the reference differ."""
    out = []
    for term in sorted(terms._offers.keys() | counter.offers.keys()):
        here, there = terms._offers.get(term, []), counter.offers.get(term, [])
        if [o.entry.id for o in here] != [o.entry.id for o in there]:
            out.append(f"{term}: {[o.entry.id for o in here]}, reference {[o.entry.id for o in there]}")
            continue
        population = TERMS[term].population
        for a, b in zip(here, there, strict=True):
            agents = speaks_to(population, a, model)
            for name in ("budget", "rate", "unused", "misuse", "half_life", "unit_cost", "tag"):
                if not np.isclose(getattr(a, name), getattr(b, name), rtol=1e-9, atol=0, equal_nan=False):
                    out.append(f"{term} {a.entry.id} {name}: {getattr(a, name)}, reference {getattr(b, name)}")
            mask = np.ones(len(agents), bool)
            if a.eligible is not None:
                mask = np.zeros(len(agents), bool)
                mask[a.eligible] = True
            wrong = mask != np.array([b.is_open_to(x) for x in agents])
            living = np.array([x is None or x.alive for x in agents])
            if (wrong & living).any():
                out.append(f"{term} {a.entry.id}: {int((wrong & living).sum())} agents are eligible in one only")
            for name, value_for in (("value", b.value_for), ("worth", b.worth_for)):
                mine = np.broadcast_to(np.asarray(getattr(a, name), float), (len(agents),))
                theirs = np.array([value_for(x) for x in agents])
                bad = living & mask & ~np.isclose(mine, theirs, rtol=1e-9, atol=1e-15)
                if bad.any():
                    out.append(f"{term} {a.entry.id} {name}: {int(bad.sum())} differ, {mine[bad][0]} {theirs[bad][0]}")
    return out


def main(scenario_name: str, what: str, seed: int = 1, draw: int = 0) -> int:
    """Run and report; return how many differences were found."""
    scenario = load_scenario(ROOT / "scenarios" / f"{scenario_name}.yaml")
    p = override((*SCHEDULE, *LEVERS.values()), {**(values_of(draw, 0) if draw else {}), **scenario.assumptions})
    luck, recorded = Luck(seed), RecordedLuck(seed)
    world = start(scenario, luck)
    found = 0
    for year in range(world.region.start_year, scenario.years[1] + 1):
        world.begin(year)
        terms = Terms(TERMS, world, year, world.ledger, luck.at(year, "terms"), world.rules)
        model = None

        def match(world: World = world, p: Any = p) -> ReferenceModel:
            model = ReferenceModel(world, scenario, p, recorded)
            model.bills = defaultdict(float, world.ledger._bills)
            return model

        in_force = [e for e in scenario.in_force(year) if what in ("offers", e.lever.name)]
        if in_force:
            model = match()
            counter = Counter(model, year, recorded.at(year, "terms"))
            alone = Terms(TERMS, world, year, world.ledger, luck.at(year, "terms"), world.rules)
            for entry in in_force:
                entry.lever.offer(world, alone, entry, p[entry.lever.name])
                MEASURES[entry.lever.name](model, counter, entry, p[entry.lever.name])
            lines = compare_offers(world, alone, counter, model) + differences(world, model)
            found += report(year, what, lines)
        for entry in scenario.in_force(year):
            entry.lever.offer(world, terms, entry, p[entry.lever.name])
        for mechanism in SCHEDULE:
            if mechanism.name == what:
                model = match()
                counter = taken(terms, model, recorded.at(year, "terms"))
            mechanism.step(world, terms, p[mechanism.name], luck.at(year, mechanism.name))
            if mechanism.name == what:
                module = importlib.import_module(f"tests.reference.{what}")
                module.step(model, counter, p[what], recorded.at(year, what))
                found += report(year, what, differences(world, model))
        if what != "offers":
            try:
                world.close_books()
            except AssertionError:
                if not in_force:
                    raise
                world.ledger.year_accounts.clear()
        else:
            world.ledger.year_accounts.clear()
        world.admit()
    print(f"{scenario_name} {what}, seed {seed}, draw {draw}: {found} differences")
    return found


def report(year: int, what: str, lines: list[str]) -> int:
    """Print the first differences of a year and return how many there are."""
    for line in lines[:12]:
        print(f"{year} {what}: {line}")
    return len(lines)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    name = arguments[0] if "/" in arguments[0] else f"{arguments[0]}/plan"
    sys.exit(main(name, arguments[1], *(int(x) for x in arguments[2:])) > 0)
