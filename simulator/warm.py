"""Compile the numerical kernels by a short run, so that the first real run starts at once.

``python -m simulator.warm``
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

YEARS = 2
SCENARIO = Path(__file__).resolve().parents[1] / "scenarios" / "qingdao" / "plan.yaml"


def warm(path: Path = SCENARIO) -> str:
    """Run the first years of a scenario once and return a line that says what happened."""
    if not path.is_file():
        return f"no scenario {path.name} to warm up with; the first run will compile the kernels"
    from simulator.simulate import simulate
    from simulator.study.replicates import load_scenario, values_of

    started = time.perf_counter()
    scenario = load_scenario(path)
    first = scenario.years[0]
    short = replace(scenario, years=(first, min(first + YEARS - 1, scenario.years[1])))
    simulate(short, values_of(-1, 0), 0)
    return f"kernels compiled in {time.perf_counter() - started:.1f} s"


if __name__ == "__main__":
    print(warm())
