"""Show that the model's code gives the figures that older code gave, and write it down.

Calibrations are stamped with the hash of the model's code, and any edit of it makes them stale, also one that moves
nothing: a comment, a faster kernel. ``python -m tests.same_figures OLDER "what was edited"`` runs every shipped
scenario against the committed series and RUNS rows of each packed bank against what the bank holds; if all are equal
the new code goes under the hash of the older one (OLDER, as the posterior's manifest has it) in
``calibration/same_figures.json``.
"""

from __future__ import annotations

import json
import sys

import numpy as np

from simulator.study.bank import bank_scenario, values_of
from simulator.study.calibrate import region_history
from simulator.study.output import SAME_FIGURES, model_code_hash, model_hash
from simulator.study.packed import load_packed
from simulator.study.replicates import SEED_STRIDE
from tests.refresh_baseline import SEEDS, SERIES, name_of, scenarios, series

RUNS = 60
TOLERANCE = 1e-9
REGIONS = ("qingdao",)


def moved_series() -> list[str]:
    """Return the shipped scenarios of which a figure or a bill is not that of the committed series."""
    out = []
    with np.load(SERIES) as held:
        for path in scenarios():
            now = series(path, SEEDS[0])
            for what in ("indicators", "bills"):
                if list(now[what]) != list(held[f"{name_of(path)} {what}"]):
                    out.append(f"{name_of(path)}: other {what}")
            for what in ("values", "amounts"):
                was = held[f"{name_of(path)} {what}"]
                if was.shape != now[what].shape or not np.allclose(was, now[what], TOLERANCE, 1e-15, equal_nan=True):
                    out.append(f"{name_of(path)}: {what} moved")
    return out


def moved_runs(region: str) -> list[str]:
    """Return the draws of a region's packed bank that give other figures now."""
    from simulator.simulate import simulate

    held = load_packed(region)
    if held is None or not held.fits_priors:
        return [f"{region}: no packed bank of these priors"]
    last = max(int(a.partition("@")[2]) for a in held.addresses)
    scenario = bank_scenario(region_history(region), last)
    out = []
    for at in np.linspace(0, held.size - 1, RUNS).astype(int):
        number = int(held.draws[at])
        run = simulate(scenario, values_of(number, held.seed), held.seed * SEED_STRIDE + number)
        years = run.years.tolist()
        now = [run.series(n)[years.index(int(y))] for n, _, y in (a.partition("@") for a in held.addresses)]
        if not np.allclose(np.array(now, np.float32), held.figures[at], 1e-6, 0.0):
            out.append(f"{region}: draw {number}")
    return out


def main(older: str, why: str) -> int:
    """Compare, and write down that the code gives the older figures; return 1 where it does not."""
    own = model_code_hash()
    if own == older or model_hash() == older:
        print("the code goes under that hash already")
        return 0
    moved = moved_series() + [m for region in REGIONS for m in moved_runs(region)]
    if moved:
        print("\n".join(["the figures moved:", *moved]), file=sys.stderr)
        return 1
    known = json.loads(SAME_FIGURES.read_text(encoding="utf-8")) if SAME_FIGURES.is_file() else {}
    known[own] = {"as": older, "why": why, "scenarios": len(scenarios()), "runs": dict.fromkeys(REGIONS, RUNS)}
    SAME_FIGURES.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(scenarios())} scenarios and {RUNS} runs of each bank are equal: written to {SAME_FIGURES.name}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or len(sys.argv[1]) != 64 or len(sys.argv[2].strip()) < 10:
        sys.exit('usage: python -m tests.same_figures OLDER_HASH "what was edited"')
    sys.exit(main(sys.argv[1], sys.argv[2].strip()))
