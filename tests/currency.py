"""The model in another currency: a copy of the code and of the cities in which every amount of money is so many times.

What a region's files, the national rules, the parameters and the settings declare in CNY is found by its unit; what
the code itself states in CNY stands in ``STATED``. ``python -m tests.currency FACTOR`` in such a copy runs a small city
without the compiler and prints its series.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
from dataclasses import fields, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRMS, LAST, SEED = 1_000, 2016, 1
# file, and each text in it that holds an amount; the amount is the number that is marked, twice where it divides
STATED = {
    "simulator/world/build_firms.py": (
        "KNOWLEDGE_OF_STAFF = <2.0e4>",
        "RD_PER_HEAD = <4.0e5>",
        "INSTITUTION_SIZE, INSTITUTION_SHARE = <5.0e7>",
        "INSTITUTION_SURE = <2.0e9>",
        "f.revenue / <1.0e8>",
        "f.revenue[ready] / <1.0e7>",
    ),
    "simulator/world/world.py": ("GDP_OF_REFERENCE = <6.616e11>",),
    "simulator/world/rules.py": ("MEDIUM_FIRM_REVENUE = <2.0e7>",),
    "simulator/world/build_bodies.py": ("PEAK_SALES, PEAK_SPREAD = <2.0e7>",),
    "simulator/mechanisms/products.py": ("BIG_SELLER = <1.0e8>",),
    "simulator/mechanisms/market_kernels.py": ("SPREAD_SIZE = <1.0e7>",),
    "simulator/mechanisms/innovation_orders.py": ("REFERENCE_ORDER = <1.0e6>",),
    "simulator/mechanisms/incubation.py": ("WHOLE_OFFER = <1.0e7>",),
    "simulator/mechanisms/certification.py": ("WHOLE_OFFER = <1.0e9>",),
    "simulator/mechanisms/research_kernels.py": ("REFERENCE_REVENUE = <5.0e7>", "rd_real[i], <1.0>) / <1.0e6>"),
    "simulator/mechanisms/finance_funds_kernels.py": ("LEAST_CASH = <1.0e5>",),
    "simulator/mechanisms/finance_funds.py": ("LEAST_CAPITAL = <1.0e6>",),
    "simulator/mechanisms/innovation_opportunities.py": ("f.knowledge[knows] / <1.0e6>",),
    "simulator/mechanisms/innovation.py": ("knowledge[i] / <1.0e6>", "max(revenue[i], <1.0e5>)", "stock * <<1.0e-6>>"),
    "simulator/indicators/pharma.py": (
        "_sold_over(<1.0e8>)",
        "_sold_over(<1.0e9>)",
        "_firms_over(<1.0e10>)",
        "_firms_over(<5.0e9>)",
        "_firms_over(<1.0e9>)",
    ),
}


def power(unit: str) -> int:
    """Return to which power money stands in a unit: 1 in ``CNY / year``, -1 in ``firms / MCNY``, 0 in ``CNY / CNY``."""
    over, *under = re.split(r"/", unit.replace("(", "").replace(")", ""))
    return len(re.findall("CNY", over)) - sum(len(re.findall("CNY", part)) for part in under)


def copy_in_currency(home: Path, factor: float) -> None:
    """Make a copy of the code, the tests' tools and the cities in which money is ``factor`` times."""
    skip = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc")
    for name in ("simulator", "tests", "scenarios"):
        shutil.copytree(ROOT / name, home / name, ignore=skip)
    if factor == 1:
        return
    for name, places in STATED.items():
        _rewrite(home / name, places, factor)
    for path in (*home.glob("scenarios/*/region/*.csv"), home / "scenarios" / "national_rules.csv"):
        _scale_csv(path, factor)
    for path in home.glob("scenarios/*/region/region.yaml"):
        path.write_text(_scale_yaml(path.read_text(encoding="utf-8"), factor), encoding="utf-8")


def _rewrite(path: Path, places: tuple[str, ...], factor: float) -> None:
    text = path.read_text(encoding="utf-8")
    for place in places:
        plain = place.replace("<", "").replace(">", "")
        if plain not in text:
            raise ValueError(f"{path.name} has no longer: {plain}")
        new = re.sub(r"<<([^>]*)>>", lambda m: repr(float(m[1]) / factor), place)
        text = text.replace(plain, re.sub(r"<([^>]*)>", lambda m: repr(float(m[1]) * factor), new))
    path.write_text(text, encoding="utf-8")


def _scale_csv(path: Path, factor: float) -> None:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows or "unit" not in rows[0]:
        return
    for row in rows:
        if k := power(row["unit"]):
            row["value"] = repr(float(row["value"]) * factor**k)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _scale_yaml(text: str, factor: float) -> str:
    found = re.compile(r'(\{ *value: *)([-+0-9._eE]+)(, *unit: *"?)([^",}]*)')
    return found.sub(lambda m: f"{m[1]}{float(m[2]) * factor ** power(m[4])!r}{m[3]}{m[4]}", text)


def without_the_compiler() -> None:
    """Let what is compiled for whole arrays run as plain Python: the setting that switches off the rest leaves it."""
    import numba
    import numpy as np

    numba.vectorize = lambda *_, **__: np.vectorize
    np.seterr(over="ignore")  # hashes wrap around
    from simulator.world import births

    births.KIND = np.dtype((np.record, births.KIND))  # whose rows have their fields as attributes


def main(factor: float) -> None:
    without_the_compiler()
    from simulator.core.parameters import table
    from simulator.model import INDICATORS, LEVERS, SCHEDULE
    from simulator.simulate import simulate
    from simulator.study.replicates import load_scenario
    from tests.benchmarks.scaled import scaled

    scenario = replace(load_scenario(ROOT / "scenarios" / "qingdao" / "plan.yaml"), years=(2011, LAST))
    rows = table(SCHEDULE, LEVERS.values())
    units = {row.name: power(row.unit) for row in rows}
    scenario = scaled(scenario, FIRMS)
    given = {name: value * factor ** units[name] for name, value in scenario.assumptions.items()}
    entries = [replace(e, settings=replace(e.settings, **_settings(e.settings, factor))) for e in scenario.entries]
    scenario = replace(scenario, entries=tuple(entries), assumptions=given)
    values = {row.name: row.value * factor ** units[row.name] for row in rows if units[row.name]}
    run = simulate(scenario, values, SEED)
    powers = [power(INDICATORS[name].unit) for name in run.names]
    bills = {f"{b.entry} {b.year} {b.kind} {b.payer} {k}": b.amount for k, b in enumerate(run.bills)}
    print(json.dumps({"names": run.names, "powers": powers, "values": run.values.tolist(), "bills": bills}))


def _settings(settings: object, factor: float) -> dict[str, float]:
    return {
        f.name: getattr(settings, f.name) * factor ** power(f.metadata["unit"])
        for f in fields(settings)  # type: ignore[arg-type]
        if isinstance(getattr(settings, f.name), float) and power(f.metadata["unit"])
    }


if __name__ == "__main__":
    main(float(sys.argv[1]))
