"""Compile the numerical kernels by a short run, and every module, so that the first real run starts at once.

``python -m simulator.warm``
"""

from __future__ import annotations

import compileall
import time
from pathlib import Path

DRAWS = (-1, 0, 1)  # the declared values and two draws: some kernels run in some of them only
SCENARIO = Path(__file__).resolve().parents[1] / "scenarios" / "qingdao" / "plan.yaml"


def warm(path: Path = SCENARIO) -> str:
    """Run a scenario and its baseline once, all years, and return a line that says what happened."""
    # Here and not left to the imports, which keep nothing where PYTHONDONTWRITEBYTECODE is set: 0.3 s of each start.
    compileall.compile_dir(str(Path(__file__).parent), quiet=2)
    if not path.is_file():
        return f"no scenario {path.name} to warm up with; the first run will compile the kernels"
    from simulator.simulate import simulate_together
    from simulator.study.replicates import load_scenario, values_of

    started = time.perf_counter()
    scenarios = [load_scenario(path)]
    if scenarios[0].baseline is not None:
        scenarios.append(load_scenario(path.parent / scenarios[0].baseline))
    for draw in DRAWS:
        simulate_together(scenarios, values_of(draw, 0), 0)
    return f"kernels compiled in {time.perf_counter() - started:.1f} s"


if __name__ == "__main__":
    print(warm())
