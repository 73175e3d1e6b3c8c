"""The self-test of an installation: two runs whose figures were written down, made again and held against them.

``python -m simulator.study.doctor_selftest`` writes the figures down anew, after the model or a plan was changed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.study.checked import read_json
from simulator.study.reproduce_tables import TOLERANCE, relative
from simulator.study.shell import plain_errors

if TYPE_CHECKING:
    from simulator.scenario import Scenario

FILE = Path(__file__).with_name("doctor_figures.json")
SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
PLANS = ("qingdao/plan", "benxi/plan")
SEED = 1
COMMAND = "python -m simulator.study.doctor_selftest"


@dataclass(frozen=True)
class SelfTest:
    """What the self-test gave.

    ``figures`` were compared and ``different`` of them are off, by at most ``largest`` (relative); ``where`` names
    that figure. ``edited`` are plans that are not those that the figures were written down for, which were not run.
    """

    figures: int
    different: int
    largest: float
    where: str
    edited: tuple[str, ...]


def figures_of(scenario: Scenario) -> dict[str, float]:
    """Return each indicator in the last year of one run at the central parameters, and what was billed in all."""
    from simulator.simulate import simulate

    run = simulate(scenario, {}, SEED)
    last = {name: float(value) for name, value in zip(run.names, run.values[-1], strict=True)}
    billed = sum(b.amount for b in run.bills if b.year >= run.years[0])
    return last | {"billed": float(billed)}


def self_test(file: Path = FILE) -> SelfTest:
    """Run the plans and hold them against the figures in a file; raises InputError where a file cannot be used."""
    from simulator.study.kernels import load_without_events
    from simulator.study.replicates import load_scenario

    load_without_events()
    known, edited = read_json(file)["plans"], []
    count = different = 0
    largest, where = 0.0, ""
    for plan, wanted in known.items():
        scenario = load_scenario(SCENARIOS / f"{plan}.yaml")
        if scenario.fingerprint() != wanted["fingerprint"]:
            edited.append(plan)
            continue
        found = figures_of(scenario)
        names = list(wanted["figures"])
        first = np.array([wanted["figures"][n] for n in names])
        off = relative(first, np.array([found.get(n, np.nan) for n in names]))
        count, different = count + len(names), different + int((off > TOLERANCE).sum())
        if off.max() > largest:
            largest, where = float(off.max()), f"{plan} {names[int(off.argmax())]}"
    return SelfTest(count, different, largest, where, tuple(edited))


@plain_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Write the figures down."""
    from simulator.study.replicates import load_scenario

    loaded = {plan: load_scenario(SCENARIOS / f"{plan}.yaml") for plan in PLANS}
    plans = {name: {"fingerprint": s.fingerprint(), "figures": figures_of(s)} for name, s in loaded.items()}
    content = {"schema": 1, "made by": COMMAND, "seed": SEED, "plans": plans}
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sys.stderr.write(f"{FILE.name}: {len(PLANS)} plans\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
